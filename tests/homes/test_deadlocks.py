"""To wait for what can only settle after the wait is an error, not a hang (S4)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, ClassVar

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


class TestAnotherInput:
    """A handler may wait for what another input can still settle, though the handler's own promise is an input, too."""

    TARGETS: ClassVar[dict[str, Callable[[Any, Any], Promise[Any]]]] = {
        "all": lambda own, other: Promise.all([own, other]),
        "all_keyed": lambda own, other: Promise.all_keyed({"own": own, "other": other}),
        "all behind a handler": lambda own, other: Promise.all([own.then(), other]).then(str),
        "all of all": lambda own, other: Promise.all([own, Promise.all([own, other])]),
        "race": lambda own, other: Promise.race([own, other]),
        "race of all": lambda own, other: Promise.race([own, Promise.all([own, other])]),
        "any": lambda own, other: Promise.any([own, other.catch(str)]),
        "map": lambda own, other: Promise.map(lambda one: one, [own, other]),
    }

    @pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
    def test_that_settles_it_meanwhile(self, target: Callable[[Any, Any], Promise[Any]]) -> None:
        def handler(_: object) -> Any:
            threading.Timer(0.01, other.reject, [KeyError("the other one")]).start()
            return targets[0].catch(repr).wait(timeout=20)

        other = Promise[Any].with_resolvers()
        own: Promise[Any] = Promise.resolve(1).then().then(handler)
        targets = [target(own, other.promise)]
        assert "the other one" in own.wait(timeout=20)

    @pytest.mark.parametrize(
        "target",
        [
            lambda own, rest: Promise.all_settled([own, rest]),
            lambda own, rest: Promise.all_settled([own, Promise.resolve(1)]),
            lambda own, rest: Promise.all([own, own.then(), Promise.all([own, Promise.resolve(1)])]),
            lambda own, rest: Promise.race([own.then(), own]),
            lambda own, rest: Promise.any([own, own.then(), Promise.reject(ValueError())]),
            lambda own, rest: Promise.map(lambda one: one, [own, own.then()]),
        ],
        ids=["all_settled", "all_settled of one left", "all", "race", "any", "map"],
    )
    def test_not_if_none_that_is_left_can(self, target: Callable[..., Promise[Any]]) -> None:
        seen: list[str] = []

        def handler(_: object) -> None:
            try:
                targets[0].wait(timeout=20)
            except DeadlockError:
                seen.append("deadlock")

        own: Promise[Any] = Promise.resolve(1).then().then().then().then(handler)
        rest = Promise[Any].with_resolvers(keep_alive=True)
        targets = [target(own, rest.promise)]
        own.wait(timeout=20)
        assert seen == ["deadlock"]
        targets[0].cancel()

    def test_the_function_of_a_mapping_may_wait_for_a_mapping_that_another_call_can_end(self) -> None:
        def function(item: int) -> Any:
            if item == 0:
                return other.promise
            threading.Timer(0.01, other.reject, [KeyError("the other one")]).start()
            return mappings[0].catch(repr).wait(timeout=20)

        other = Promise[Any].with_resolvers()
        mappings = [Promise.map(function, range(2))]
        with pytest.raises(KeyError, match="the other one"):
            mappings[0].wait(timeout=20)


class TestAStoppedLoop:
    """A loop that has stopped on this thread cannot run a handler while the thread waits."""

    DERIVED: ClassVar[dict[str, Callable[[Any], Promise[Any]]]] = {
        "handler": lambda promise: promise.then(str),
        "descendant": lambda promise: promise.then().then(str),
        "finally": lambda promise: promise.finally_(lambda: None),
        "follower": lambda promise: Promise(lambda resolve, reject: resolve(promise)),
        "all": lambda promise: Promise.all([promise]),
        "race": lambda promise: Promise.race([promise]),
        "shield": lambda promise: promise.shield(),
        "map": lambda promise: Promise.map(lambda _: promise, [1]),
        "handler after a time limit": lambda promise: promise.timeout(60).then(str),
    }

    @staticmethod
    def run(function: Callable[[], Any]) -> tuple[asyncio.AbstractEventLoop, Any]:
        async def main() -> Any:
            return function(), Promise[Any].with_resolvers()

        loop = asyncio.new_event_loop()
        return loop, loop.run_until_complete(main())[0]

    @staticmethod
    def end(loop: asyncio.AbstractEventLoop, *promises: Promise[Any]) -> None:
        async def settled() -> None:
            await Promise.all_settled(promises)

        loop.run_until_complete(settled())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    @pytest.mark.parametrize("derive", DERIVED.values(), ids=DERIVED)
    def test_is_an_error(self, derive: Callable[[Promise[Any]], Promise[Any]]) -> None:
        resolvers = Promise[Any].with_resolvers()
        loop, promise = self.run(lambda: derive(Promise.race([resolvers.promise])))
        with pytest.raises(DeadlockError, match=r"has stopped on this thread: write loop.run_until_complete"):
            promise.wait(timeout=20)
        resolvers.resolve(1)
        self.end(loop, promise)
        assert promise.state == "fulfilled"

    def test_what_a_thread_settles_may_be_waited_for(self) -> None:
        loop, resolvers = self.run(Promise[int].with_resolvers)
        threading.Timer(0.01, resolvers.resolve, [5]).start()
        assert resolvers.promise.wait(timeout=20) == 5
        self.end(loop)

    def test_and_so_may_what_this_thread_makes_of_it(self) -> None:
        loop, resolvers = self.run(Promise[int].with_resolvers)
        threading.Timer(0.01, resolvers.resolve, [5]).start()
        assert Promise.race([resolvers.promise]).then(str).wait(timeout=20) == "5"
        self.end(loop)

    def test_the_loop_of_another_thread_may_be_between_two_runs(self) -> None:
        loop = asyncio.new_event_loop()
        made: SimpleQueue[Any] = SimpleQueue()
        seen: SimpleQueue[Any] = SimpleQueue()

        async def make() -> Any:
            return Promise.resolve(1).then().then(str)

        def run_twice() -> None:
            made.put(loop.run_until_complete(make()))
            seen.get()
            loop.run_until_complete(asyncio.sleep(0.01))

        thread = threading.Thread(target=run_twice)
        thread.start()
        promise = made.get(timeout=20)
        seen.put(None)
        assert promise.wait(timeout=20) == "1"
        thread.join(20)
        self.end(loop)
