"""S13: a cancellation walks up as far as nobody else depends on what it meets, whatever the promises are made of."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise, register_adoptable
from promisepy._core.cell import Reaction

from ..support import PATIENCE, dependants, on_a_thread, turn, turns
from .helpers import Work, is_cancelled

DERIVED: dict[str, Callable[[Promise[Any]], Promise[Any]]] = {
    "then": lambda promise: promise.then(str),
    "catch": lambda promise: promise.catch(str),
    "finally": lambda promise: promise.finally_(lambda: None),
    "timeout": lambda promise: promise.timeout(PATIENCE),
    "follower": lambda promise: Promise(lambda resolve, reject: resolve(promise)),
    "handler": lambda promise: Promise.resolve(1).then(lambda _: promise),
    "all": lambda promise: Promise.all([1, promise]),
    "all_settled": lambda promise: Promise.all_settled([promise, 1]),
    "any": lambda promise: Promise.any([promise]),
    "race": lambda promise: Promise.race([promise]),
    "all_keyed": lambda promise: Promise.all_keyed({"a": promise}),
    "all_settled_keyed": lambda promise: Promise.all_settled_keyed({"a": promise}),
    "map": lambda promise: Promise.map(lambda _: promise, [1]),
}
made_by = pytest.mark.parametrize("derive", DERIVED.values(), ids=DERIVED.keys())


class TestUp:
    """The last dependant takes the source with it; an earlier one does not."""

    @made_by
    def test_the_only_dependant_takes_its_source_along(self, derive: Callable[..., Promise[Any]]) -> None:
        work = Work()
        result = derive(work.promise)
        turn()
        assert result.cancel("why")
        turn()
        assert is_cancelled(work.promise)
        assert work.stops == 1

    @made_by
    def test_one_of_two_leaves_it_to_the_other(self, derive: Callable[..., Promise[Any]]) -> None:
        work = Work()
        first, second = derive(work.promise), derive(work.promise)
        turn()
        first.cancel()
        turn()
        assert (work.promise.state, second.state, work.stops) == ("pending", "pending", 0)
        second.cancel()
        turn()
        assert (is_cancelled(work.promise), work.stops) == (True, 1)

    @made_by
    def test_it_leaves_no_reaction_behind(self, derive: Callable[..., Promise[Any]]) -> None:
        work = Work()
        keeper = work.promise.then()
        results = [derive(work.promise) for _ in range(100)]
        turn()
        for result in results:
            result.cancel()
        turn()
        keeps_callbacks = 100 if derive is DERIVED["finally"] else 0
        assert dependants(work.promise) == 1 + keeps_callbacks
        work.resolve(5)
        assert keeper.wait(timeout=PATIENCE) == 5

    def test_a_mere_reference_is_no_dependence(self) -> None:
        work = Work()
        box = {"held": work.promise, "too": [work.promise]}
        work.promise.then().cancel()
        assert is_cancelled(box["held"])  # type: ignore[arg-type]  # a promise

    def test_a_dependant_that_was_dropped_still_depends(self) -> None:
        work, seen = Work(), list[object]()
        work.promise.then(seen.append)
        gc.collect()
        work.promise.then().cancel()
        assert work.promise.state == "pending"
        work.resolve(5)
        turn()
        assert seen == [5]

    def test_a_shield_keeps_its_source_and_depends_on_it(self) -> None:
        work = Work()
        shield, other = work.promise.shield(), work.promise.then()
        other.cancel()
        assert work.promise.state == "pending"
        shield.cancel()
        assert (work.promise.state, dependants(work.promise)) == ("pending", 0)
        work.promise.then().cancel()
        assert is_cancelled(work.promise)

    def test_a_direct_cancellation_asks_nobody(self) -> None:
        work = Work()
        children = [work.promise.then() for _ in range(3)]
        assert work.promise.cancel()
        turn()
        assert [is_cancelled(child) for child in children] == [True] * 3

    def test_a_thread_in_wait_depends(self) -> None:
        work, values = Work(), list[object]()
        waiting = threading.Thread(target=lambda: values.append(work.promise.wait(timeout=PATIENCE)))
        waiting.start()
        while not dependants(work.promise):
            pass
        work.promise.then().cancel()
        assert work.promise.state == "pending"
        work.resolve(5)
        waiting.join(PATIENCE)
        assert values == [5]

    def test_a_future_depends_until_it_is_cancelled(self) -> None:
        work = Work()
        future = work.promise.to_future()
        work.promise.then().cancel()
        assert work.promise.state == "pending"
        future.cancel()
        assert is_cancelled(work.promise)

    def test_an_awaiting_task_depends(self) -> None:
        async def main() -> Any:
            work = Work()
            task = asyncio.ensure_future(work.promise)
            await asyncio.sleep(0)
            work.promise.then().cancel()
            assert work.promise.state == "pending"
            work.resolve(5)
            return await task

        assert asyncio.run(main()) == 5


class TestWays:
    """Some shapes in which promises depend on one another."""

    def test_a_promise_that_is_about_to_follow_depends_already(self) -> None:
        work, outer = Work(), Work()
        outer.resolve(work.promise)
        work.promise.then().cancel()
        assert work.promise.state == "pending"
        outer.promise.cancel()
        assert (is_cancelled(work.promise), work.stops, outer.stops) == (True, 1, 0)

    def test_a_promise_that_is_about_to_follow_a_settled_one_has_nobody_to_take_along(self) -> None:
        work = Work()
        work.resolve(Promise.resolve(1))
        assert work.promise.cancel()
        assert (is_cancelled(work.promise), work.stops) == (True, 0)

    def test_diamonds_on_diamonds_are_gone_through_once(self) -> None:
        """There are 2**60 ways up, and no producer at the end of any: all goes but the promise at the top."""
        promise, resolve, _ = Promise[Any].with_resolvers()
        last = promise
        for _ in range(60):
            last = Promise.all([last.then(), last.then()])
        assert last.to_future().cancel()
        assert (promise.state, last.state) == ("pending", "rejected")
        resolve(None)

    @pytest.mark.parametrize("stops", [False, True])
    @pytest.mark.parametrize("backwards", [False, True])
    def test_branches_of_one_long_chain_are_gone_through_once(self, stops: bool, backwards: bool) -> None:
        """There are thirty million steps up, if each branch is looked at by itself."""
        work, branches = Work(stops=stops), list[Promise[Any]]()
        last = work.promise
        for _ in range(8000):
            last = last.then()
            branches.append(last.then())
        assert Promise.race(branches[::-1] if backwards else branches).to_future().cancel()
        assert {branch.state for branch in branches} == {"rejected" if stops else "pending"}
        assert (is_cancelled(work.promise), work.stops) == (stops, stops)
        work.resolve(None)

    def test_a_diamond_is_cancelled_to_its_top(self) -> None:
        work = Work()
        Promise.all([work.promise.then(str), work.promise.then(str)]).cancel()
        assert work.stops == 1

    def test_an_input_that_was_given_twice_counts_for_one_combinator(self) -> None:
        work = Work()
        Promise.all([work.promise, work.promise]).cancel()
        assert work.stops == 1

    def test_a_combinator_cancels_only_those_inputs_that_nobody_else_wants(self) -> None:
        works = [Work() for _ in range(4)]
        result = Promise.all_settled([work.promise for work in works])
        kept = works[1].promise.then()
        works[2].resolve(2)
        result.cancel()
        turn()
        assert [work.promise.state for work in works] == ["rejected", "pending", "fulfilled", "rejected"]
        assert [work.stops for work in works] == [1, 0, 0, 1]
        works[1].resolve(5)
        assert kept.wait(timeout=PATIENCE) == 5

    def test_a_circle_of_followers_ends_the_walk(self) -> None:
        one, two = Work(), Work()
        one.resolve(two.promise)
        two.resolve(one.promise)
        turn()
        assert one.promise.cancel()
        assert is_cancelled(two.promise)

    def test_a_follower_of_a_child_of_its_own_ends_the_walk(self) -> None:
        work = Work()
        child = work.promise.then()
        work.resolve(child)
        turn()
        assert child.cancel()
        assert is_cancelled(work.promise)

    def test_a_chain_of_100_000_needs_no_recursion(self) -> None:
        work = Work()
        last = work.promise
        for _ in range(100_000):
            last = last.then()
        last.cancel()
        assert work.stops == 1

    def test_another_home_is_reached_at_once_and_its_producer_on_its_thread(self) -> None:
        works: list[Work] = []
        ready, finished = threading.Event(), threading.Event()

        def owner() -> None:
            works.append(Work())
            ready.set()
            Promise(lambda resolve, reject: works[0].d.on_cancel(lambda: resolve(None))).wait(timeout=PATIENCE)
            finished.set()

        thread = threading.Thread(target=owner)
        thread.start()
        assert ready.wait(PATIENCE)
        Promise.all([works[0].promise.then(), 1]).cancel()
        assert is_cancelled(works[0].promise)
        thread.join(PATIENCE)
        assert works[0].stopped == [thread]

    def test_two_threads_that_cancel_the_last_two_dependants_cancel_the_source_once(self) -> None:
        for _ in range(100):
            work, start = Work(), threading.Barrier(2)
            one, two = work.promise.then(), work.promise.then()

            def cancel() -> None:
                start.wait(PATIENCE)
                two.cancel()

            thread = threading.Thread(target=cancel)
            thread.start()
            start.wait(PATIENCE)
            one.cancel()
            thread.join(PATIENCE)
            assert (is_cancelled(work.promise), work.stops) == (True, 1)

    def test_who_gives_up_a_promise_that_another_thread_is_cancelling_cancels_nothing_twice(self) -> None:
        class Other(Reaction):
            """Where who gives up looks whether somebody else depends on the promise, the other thread is faster."""

            def __init__(self) -> None:
                self._home, self._source = work.promise._home, work.promise

            def _depends(self) -> bool:
                work.promise.cancel("by the other thread")
                return False

            def _run(self) -> None:
                """Want nothing."""

        work = Work()
        future = work.promise.to_future()
        work.promise._subscribe(Other())
        future.cancel()
        assert (is_cancelled(work.promise), work.stops) == (True, 1)
        assert str(work.promise.reason) == "by the other thread"


class TestOrder:
    """Whose turn comes first makes no difference."""

    @made_by
    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_of_abandoned_promises(self, derive: Callable[..., Promise[Any]], order: tuple[int, int]) -> None:
        work = Work()
        futures = work.promise.to_future(), derive(work.promise).to_future()
        turn()
        for number in order:
            assert (work.promise.state, work.stops) == ("pending", 0)
            futures[number].cancel()
        assert (work.stops, is_cancelled(work.promise)) == (1, True)

    @made_by
    @pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
    def test_of_tasks(self, derive: Callable[..., Promise[Any]], order: tuple[int, ...]) -> None:
        async def main() -> None:
            work = Work()
            child = derive(work.promise)
            await turns(10)
            tasks = [asyncio.ensure_future(promise) for promise in (work.promise, child, child.then())]
            await turns()
            for number in order:
                assert work.promise.state == "pending"
                tasks[number].cancel()
                await turns()
            assert (is_cancelled(work.promise), len(work.stopped)) == (True, 1)

        asyncio.run(main())

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_of_the_inputs_of_a_combinator_if_one_shields_the_other(self, order: tuple[int, int]) -> None:
        work = Work()
        inputs = work.promise, work.promise.shield()
        Promise.all([inputs[number] for number in order]).cancel()
        assert (work.stops, is_cancelled(work.promise)) == (1, True)

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_of_the_inputs_of_a_combinator_if_a_callback_of_finally_waits_for_the_other(
        self, order: tuple[int, int]
    ) -> None:
        work = Work()
        inputs = work.promise.then(), Promise.resolve().finally_(lambda: work.promise)
        turn()
        Promise.all([inputs[number] for number in order]).cancel()
        assert (work.stops, is_cancelled(work.promise)) == (1, True)


class TestLosers:
    """`cancel_losers=True` cancels inputs that only the race wants; without it they go on."""

    @pytest.mark.parametrize("combine", [Promise.race, Promise.any])
    @pytest.mark.parametrize("asked", [False, True])
    def test_losers(self, combine: Any, asked: bool) -> None:
        works = [Work() for _ in range(4)]
        shared = works[3].promise.then()
        result = combine([work.promise for work in works], cancel_losers=asked)
        works[1].resolve("first")
        assert result.wait(timeout=PATIENCE) == "first"
        assert [work.stops for work in works] == ([1, 0, 1, 0] if asked else [0] * 4)
        assert [dependants(work.promise) for work in works] == [0, 0, 0, 1]
        assert shared.state == "pending"

    def test_a_race_that_a_rejection_wins_cancels_the_losers_as_well(self) -> None:
        works = [Work(), Work()]
        result = Promise.race([work.promise for work in works], cancel_losers=True)
        works[0].reject(ValueError("first"))
        with pytest.raises(ValueError, match="first"):
            result.wait(timeout=PATIENCE)
        assert is_cancelled(works[1].promise)

    def test_an_any_that_a_rejection_does_not_end_cancels_nobody(self) -> None:
        works = [Work(), Work()]
        result = Promise.any([work.promise for work in works], cancel_losers=True)
        works[0].reject(ValueError("first"))
        turn()
        assert (works[1].promise.state, result.state) == ("pending", "pending")
        works[1].resolve(2)
        assert result.wait(timeout=PATIENCE) == 2

    def test_a_loser_that_comes_when_the_race_is_decided_is_cancelled(self) -> None:
        work = Work()

        def inputs() -> Any:
            yield Promise.resolve(1)
            turn()
            yield work.promise

        assert Promise.race(inputs(), cancel_losers=True).wait(timeout=PATIENCE) == 1
        assert is_cancelled(work.promise)


def test_a_watched_thing_is_told_through_what_its_watcher_returned() -> None:
    class Job:
        pass

    stopped: list[threading.Thread] = []
    held: list[object] = []

    def watch(job: Job, resolve: Any, reject: Any) -> Callable[[], object]:
        held.append(resolve)
        return lambda: stopped.append(threading.current_thread())

    register_adoptable(Job, watch)
    try:
        promise = Promise.resolve(Job()).then()
        turn()
        on_a_thread(promise.cancel)
        turn()
    finally:
        register_adoptable(Job, None)
    assert stopped == [threading.current_thread()]
