"""To wait for what can only settle after the wait is an error, not a hang (S4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import DeadlockError, Promise


def fail(_: object) -> Any:
    raise ValueError("reason")


class TestDeadlock:
    """Waiting for what can only settle after the wait is an error, not a hang."""

    @pytest.mark.parametrize(
        "target",
        [
            lambda own: own,
            lambda own: own.then().then(str),
            lambda own: own.finally_(lambda: None),
            lambda own: Promise(lambda resolve, reject: resolve(own)),
            lambda own: Promise.all([Promise.resolve(1), own]),
            lambda own: Promise.all_settled([own]),
            lambda own: Promise.all_keyed({"own": own}),
            lambda own: own.shield(),
            lambda own: Promise.map(lambda _: own, [1]),
            lambda own: Promise.resolve(1).finally_(lambda: own),
        ],
        ids=[
            "itself",
            "descendant",
            "finally",
            "follower",
            "all",
            "all_settled",
            "all_keyed",
            "shield",
            "map",
            "finally that waits for it",
        ],
    )
    def test_a_handler_that_waits_for_its_own_promise(self, target: Callable[[Any], Promise[Any]]) -> None:
        seen: list[Any] = []

        def wait_for_own(_: Any) -> None:
            for one in targets:
                try:
                    seen.append(one.wait(timeout=5))
                except DeadlockError as error:
                    seen.append("deadlock" in str(error))

        own = Promise.resolve().then(wait_for_own)
        targets = [target(own)]
        own.wait(timeout=20)
        assert seen == [True]

    def test_a_handler_that_waits_for_what_is_about_to_follow_its_own_promise(self) -> None:
        async def make() -> Any:
            return Promise[Any].with_resolvers()

        def wait_for_own(_: Any) -> None:
            follower.resolve(own)
            follower.promise.wait(timeout=5)

        loop = asyncio.new_event_loop()  # stands still, and so does the job in which one starts to follow the other
        follower = loop.run_until_complete(make())
        own: Promise[Any] = Promise.resolve().then(wait_for_own)
        with pytest.raises(DeadlockError, match="settles only after the handler"):
            own.wait(timeout=20)
        with pytest.raises(DeadlockError):
            loop.run_until_complete(follower.promise)
        loop.close()

    def test_a_handler_may_wait_for_its_own_promise_for_so_long(self) -> None:
        own: Promise[Any] = Promise.resolve().then(lambda _: limited[0].wait(timeout=5))
        limited = [own.timeout(0.001)]
        with pytest.raises(TimeoutError):
            own.wait(timeout=20)

    def test_a_handler_may_wait_for_a_race_that_something_else_can_win(self) -> None:
        own: Promise[Any] = Promise.resolve().then(lambda _: races[0].wait(timeout=10))
        races = [Promise.race([own, Promise.resolve("other").then()])]
        assert own.wait(timeout=10) == "other"

    def test_a_promise_that_another_one_follows_may_be_waited_for(self) -> None:
        inner, outer = Promise.delay(0.001, "inner"), Promise[str].with_resolvers()
        outer.resolve(inner)
        assert inner.wait(timeout=10) == "inner"

    @pytest.mark.parametrize("length", [2, 3])
    def test_promises_that_follow_one_another(self, length: int) -> None:
        circle = [Promise[Any].with_resolvers() for _ in range(length)]
        for one, other in zip(circle, [*circle[1:], circle[0]], strict=True):
            one.resolve(other.promise)
        for _ in range(2):
            with pytest.raises(DeadlockError, match="follows a promise that follows it"):
                circle[0].promise.wait(timeout=5)

    def test_what_comes_after_promises_that_follow_one_another(self) -> None:
        first, second = Promise[Any].with_resolvers(), Promise[Any].with_resolvers()
        first.resolve(second.promise)
        second.resolve(first.promise)
        with pytest.raises(DeadlockError):
            first.promise.then().then().wait(timeout=5)

    @pytest.mark.parametrize(
        "derive",
        [
            lambda nothing: nothing,
            lambda nothing: nothing.then().catch(str).finally_(lambda: None),
            lambda nothing: Promise(lambda resolve, reject: resolve(nothing)),
            lambda nothing: Promise.resolve().then(lambda _: nothing.then(str)),
        ],
        ids=["itself", "descendant", "follower", "handler"],
    )
    def test_a_race_of_nothing(self, derive: Callable[[Promise[Any]], Promise[Any]]) -> None:
        promise = derive(Promise.race([]))
        for _ in range(2):
            with pytest.raises(DeadlockError, match=r"a race of nothing"):
                promise.wait(timeout=5)
        assert promise.state == "pending"

    @pytest.mark.parametrize(
        ("derive", "outcome"),
        [
            (lambda nothing: Promise.race([nothing, Promise.delay(0.001, 1)]), 1),
            (lambda nothing: Promise.race(iter([Promise.delay(0.001, 1)])), 1),
            (lambda nothing: nothing.timeout(0.001).catch(TimeoutError, lambda error: 2), 2),
            (lambda nothing: Promise.all([nothing, Promise.delay(0.001).then(fail)]).catch(lambda error: 3), 3),
        ],
        ids=["race", "iterator", "timeout", "all"],
    )
    def test_no_race_of_nothing_where_something_else_may_come(
        self, derive: Callable[[Promise[Any]], Promise[Any]], outcome: int
    ) -> None:
        assert derive(Promise.race([])).wait(timeout=10) == outcome

    def test_a_race_of_nothing_that_was_cancelled_has_an_outcome(self) -> None:
        nothing = Promise.race([])
        follower = Promise[Any](lambda resolve, reject: resolve(nothing))
        nothing.cancel()
        assert follower.catch(lambda error: type(error).__name__).wait(timeout=10) == "Cancelled"

    def test_what_follows_a_circle_is_no_endless_search(self) -> None:
        first, second = Promise[Any].with_resolvers(), Promise[Any].with_resolvers()
        first.resolve(second.promise)
        second.resolve(first.promise)
        follower = Promise[Any](lambda resolve, reject: resolve(first.promise))
        with pytest.raises(DeadlockError, match="follows a promise that follows it"):
            follower.wait(timeout=5)

    def test_a_deadlock_is_a_runtime_error(self) -> None:
        assert issubclass(DeadlockError, RuntimeError)


@pytest.mark.parametrize("combine", [Promise.any, Promise.race])
def test_a_handler_may_wait_for_the_first_of_itself_and_another(combine: Callable[..., Promise[Any]]) -> None:
    """No deadlock, although one of the inputs settles only after the handler: the other one may come first."""

    def handler(_: object) -> Any:
        return combine([children[0], Promise.delay(0.001, "other")]).wait(5)

    children: list[Promise[Any]] = []
    children.append(Promise.resolve().then(handler))
    assert children[0].wait(5) == "other"
