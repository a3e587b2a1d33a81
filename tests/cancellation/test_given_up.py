"""S13: a promise that is given up, and not cancelled, takes along only what would go if it were given up alone.

Whom that reaches in nets of promises is compared with models, in `test_cancel_oracle.py` and `cancellation_model`. Here
is one test for each way to give up, and for each kind of promise that is given up.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from promisepy import Promise, Report

from ..support import PATIENCE, dependants, turn, turns
from .helpers import Work, is_cancelled

Give = Callable[[Promise[Any]], Awaitable[object]]
Make = Callable[[list[Promise[Any]]], Promise[Any]]


async def by_wait_for(promise: Promise[Any]) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(promise, 0.001)


async def by_timeout_block(promise: Promise[Any]) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await promise


async def by_task(promise: Promise[Any]) -> None:
    async def read() -> Any:
        return await promise

    task = asyncio.create_task(read())
    await turns(3)
    task.cancel()
    await asyncio.wait([task])


async def by_future(promise: Promise[Any]) -> None:
    await turns(3)  # until a mapping has begun
    assert promise.to_future().cancel()


async def by_time_limit(promise: Promise[Any]) -> None:
    with pytest.raises(TimeoutError):
        await promise.timeout(0.001)


ways = pytest.mark.parametrize("give_up", [by_wait_for, by_timeout_block, by_task, by_future, by_time_limit])

COMBINED: dict[str, Make] = {
    "race": Promise.race,
    "race that cancels losers": lambda inputs: Promise.race(inputs, cancel_losers=True),
    "any": Promise.any,
    "any that cancels losers": lambda inputs: Promise.any(inputs, cancel_losers=True),
    "all": Promise.all,
    "all_settled": Promise.all_settled,
    "all_keyed": lambda inputs: Promise.all_keyed(dict(enumerate(inputs))),
    "map": lambda inputs: Promise.map(lambda one: one, inputs),
    "race of handlers": lambda inputs: Promise.race([one.then(str) for one in inputs]),
    "race of races": lambda inputs: Promise.race([Promise.race([one]) for one in inputs]),
    "race of shields": lambda inputs: Promise.race([inputs[0].shield(), inputs[1]]),
    "time limit": lambda inputs: Promise.race(inputs).timeout(PATIENCE),
    "follower": lambda inputs: Promise(lambda resolve, reject: resolve(Promise.race(inputs))),
    "handler": lambda inputs: Promise.race(inputs).then(str).catch(str),
    "finally": lambda inputs: Promise.race(inputs).finally_(lambda: None),
}
combined = pytest.mark.parametrize("make", COMBINED.values(), ids=COMBINED)


class TestBranches:
    """Nobody can stop the first input; the second one has a producer."""

    @ways
    @combined
    def test_an_input_that_nobody_can_stop_stays(self, make: Make, give_up: Give) -> None:
        async def main() -> None:
            stop, work = Work(stops=False), Work()
            promise = make([stop.promise, work.promise])
            await give_up(promise)
            await turns(9)
            assert (stop.promise.state, is_cancelled(work.promise), len(work.stopped)) == ("pending", True, 1)
            stop.resolve("shutdown")
            assert await stop.promise == "shutdown"

        asyncio.run(main())

    @combined
    def test_one_that_others_want_stays_as_well(self, make: Make) -> None:
        async def main() -> None:
            stop, work = Work(stops=False), Work()
            promise, other = make([stop.promise, work.promise]), work.promise.then(str)
            await by_future(promise)
            await turns(9)
            assert (work.promise.state, len(work.stopped)) == ("pending", 0)
            assert await by_future(other) is None
            await turns(9)
            assert (is_cancelled(work.promise), len(work.stopped)) == (True, 1)
            stop.resolve(None)

        asyncio.run(main())

    def test_two_branches_that_meet_in_one_producer_take_it_along(self) -> None:
        work, stop = Work(), Work(stops=False)
        result = Promise.race([work.promise.then(str), stop.promise, work.promise.then(len)])
        assert result.to_future().cancel()
        assert (work.stops, is_cancelled(work.promise), stop.promise.state) == (1, True, "pending")
        stop.resolve(None)

    def test_two_branches_that_meet_in_what_nobody_can_stop_leave_each_as_it_was(self) -> None:
        work, stop = Work(), Work(stops=False)
        branches = [stop.promise.then(str), stop.promise.then(str)]
        assert Promise.all([work.promise, *branches]).to_future().cancel()
        turn()
        assert [branch.state for branch in branches] == ["pending", "pending"]
        stop.resolve(5)
        assert [branch.wait(timeout=PATIENCE) for branch in branches] == ["5", "5"]

    def test_a_cancellation_that_somebody_asked_for_takes_both(self) -> None:
        stop, work = Work(stops=False), Work()
        Promise.race([stop.promise, work.promise]).cancel()
        assert (is_cancelled(stop.promise), is_cancelled(work.promise)) == (True, True)

    def test_what_a_producer_that_was_told_still_resolves_with_is_given_up_as_well(self) -> None:
        work, stop = Work(), Work(stops=False)
        assert work.promise.to_future().cancel()
        work.resolve(stop.promise)
        turn()
        assert (is_cancelled(work.promise), stop.promise.state) == (True, "pending")
        stop.resolve(None)

    def test_a_combinator_whose_outcome_is_known_is_not_given_up(self) -> None:
        """Its turn in the queue has not come yet. A handler that is due is not lost either."""
        stop, work = Work(stops=False), Work(stops=False)
        results = [
            Promise.race([stop.promise, work.promise]),
            Promise.any([stop.promise, work.promise]),
            work.promise.shield(),
            work.promise.timeout(PATIENCE),
            Promise.all([work.promise]),
        ]
        futures = [result.to_future() for result in results]
        work.resolve(5)
        assert all(future.cancel() for future in futures)
        assert [result.wait(timeout=PATIENCE) for result in results] == [5, 5, 5, 5, [5]]
        stop.resolve(None)


LONG_LIVED: dict[str, Callable[[Promise[Any]], Promise[Any]]] = {
    "itself": lambda stop: stop,
    "shield": lambda stop: stop.shield(),
    "time limit": lambda stop: stop.timeout(PATIENCE),
    "race": lambda stop: Promise.race([stop, Promise.delay(PATIENCE)]),
    "race of what nobody can stop": lambda stop: Promise.race([stop, Promise.with_resolvers(keep_alive=True).promise]),
    "any": lambda stop: Promise.any([stop, stop]),
    "all": lambda stop: Promise.all([Promise.resolve(1), stop]),
    "all_settled": lambda stop: Promise.all_settled([stop]),
    "map": lambda stop: Promise.map(lambda _: stop, [1, 2]),
    "handler after a race": lambda stop: Promise.race([stop]).then(str),
    "race of shields": lambda stop: Promise.race([stop.shield(), Promise.delay(PATIENCE)]),
}


class TestNothingIsLeft:
    """A loop that waits for a long-lived promise, a while in each turn, leaves nothing on it."""

    TURNS = 20

    @ways
    @pytest.mark.parametrize("make", LONG_LIVED.values(), ids=LONG_LIVED)
    def test_a_turn_leaves_nothing_on_a_long_lived_promise(
        self, make: Callable[[Promise[Any]], Promise[Any]], give_up: Give, reports: list[Report]
    ) -> None:
        async def main() -> None:
            stop = Work(stops=False)
            for _ in range(self.TURNS):
                await give_up(make(stop.promise))
            await turns(9)
            assert (stop.promise.state, dependants(stop.promise)) == ("pending", 0)
            stop.resolve(None)

        asyncio.run(main())
        gc.collect()
        assert reports == []

    def test_time_limits_that_are_over_leave_nothing(self) -> None:
        stop = Work(stops=False)
        kept = stop.promise.then()
        for _ in range(self.TURNS):
            with pytest.raises(TimeoutError):
                stop.promise.timeout(0.0001).wait(timeout=PATIENCE)
            with pytest.raises(TimeoutError):
                stop.promise.wait(timeout=0)
        assert dependants(stop.promise) == 1
        stop.resolve(None)
        kept.wait(timeout=PATIENCE)


class TestLateRejections:
    """Who has given up wanted the outcome no more, so nobody misses it; as after `timeout`."""

    @ways
    @combined
    def test_none_is_reported(self, make: Make, give_up: Give, reports: list[Report]) -> None:
        async def main() -> None:
            stop, other = Work(stops=False), Work(stops=False)
            promise = make([stop.promise, other.promise])
            await give_up(promise)
            stop.reject(ValueError("late"))
            other.reject(ValueError("late"))
            await turns(9)

        asyncio.run(main())
        gc.collect()
        assert reports == []

    @ways
    @pytest.mark.parametrize(
        "make",
        [lambda promise: promise, lambda promise: promise.then(str), lambda promise: promise.shield()],
        ids=["itself", "handler", "shield"],
    )
    def test_nor_that_of_one_promise(
        self, make: Callable[[Promise[Any]], Promise[Any]], give_up: Give, reports: list[Report]
    ) -> None:
        async def main() -> None:
            stop = Work(stops=False)
            await give_up(make(stop.promise))
            stop.reject(ValueError("late"))
            await turns(9)

        asyncio.run(main())
        gc.collect()
        assert reports == []

    def test_one_that_another_handler_leaves_unhandled_is(self, reports: list[Report]) -> None:
        async def main() -> None:
            stop = Work(stops=False)
            stop.promise.then(str)
            await by_wait_for(stop.promise)
            stop.reject(ValueError("late"))
            await turns(9)

        asyncio.run(main())
        assert [str(report.reason) for report in reports] == ["late"]
        reports.clear()
