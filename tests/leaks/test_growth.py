"""A promise that lives long does not gather what others have left on it (S15)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise
from promisepy._core.cell import UNSETTLED

from ..support import dependants

pytestmark = pytest.mark.slow

ROUNDS = 1000


def leave(pending: Promise[Any], combine: Callable[[Any], Promise[Any]], winner: Promise[Any]) -> None:
    combine([pending, winner]).then(None, lambda error: None).wait(timeout=10)


@pytest.mark.parametrize("combine", [Promise.race, Promise.any], ids=["race", "any"])
def test_a_thousand_races_leave_nothing_on_the_loser(combine: Any) -> None:
    pending, resolve, _ = Promise[Any].with_resolvers()
    for _ in range(ROUNDS):
        leave(pending, combine, Promise.resolve(1))
    assert pending._reactions == [UNSETTLED]
    resolve(1)


@pytest.mark.parametrize("combine", [Promise.race, Promise.all], ids=["race", "all"])
def test_a_thousand_rejections_leave_nothing_on_the_others(combine: Any) -> None:
    pending, resolve, _ = Promise[Any].with_resolvers()
    for _ in range(ROUNDS):
        leave(pending, combine, Promise.reject(ValueError()))
    assert pending._reactions == [UNSETTLED]
    resolve(1)


def test_a_race_whose_iterable_fails_leaves_nothing() -> None:
    pending, resolve, _ = Promise[Any].with_resolvers()

    def inputs() -> Any:
        yield pending
        raise ValueError

    for _ in range(ROUNDS):
        Promise.race(inputs()).catch(lambda error: None).wait(timeout=10)
    assert pending._reactions == [UNSETTLED]
    resolve(1)


def test_a_thousand_waits_that_time_out_leave_nothing() -> None:
    pending, resolve, _ = Promise[Any].with_resolvers()
    for _ in range(ROUNDS):
        with pytest.raises(TimeoutError):
            pending.wait(timeout=0)
    assert pending._reactions == [UNSETTLED]
    resolve(1)


def test_a_thousand_cancelled_tasks_leave_nothing() -> None:
    async def main() -> Promise[Any]:
        async def wait_for(promise: Promise[Any]) -> None:
            await promise

        pending, resolve, _ = Promise[Any].with_resolvers()
        tasks = [asyncio.create_task(wait_for(pending)) for _ in range(ROUNDS)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert dependants(pending) == 0
        resolve(1)
        return pending

    asyncio.run(main())


def test_a_thousand_cancelled_futures_leave_nothing() -> None:
    pending, resolve, _ = Promise[Any].with_resolvers()
    for _ in range(ROUNDS):
        pending.to_future().cancel()
    assert pending._reactions == [UNSETTLED]
    resolve(1)


TURNS = 100_000


def test_a_heartbeat_around_a_future_leaves_nothing() -> None:
    """A loop of so many turns, each of which waits for a moment for the same promise."""

    async def main() -> Promise[Any]:
        stop, resolve, _ = Promise[Any].with_resolvers()
        for _ in range(TURNS):
            asyncio.wrap_future(stop.to_future()).cancel()
            await asyncio.sleep(0)
        for _ in range(ROUNDS // 10):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.wrap_future(stop.to_future()), 0.0001)
        assert stop._reactions == [UNSETTLED]
        resolve(1)
        return stop

    asyncio.run(main())


def test_futures_that_are_dropped_leave_nothing() -> None:
    pending, resolve, _ = Promise[Any].with_resolvers()
    for _ in range(TURNS):
        pending.to_future()
    assert pending._reactions == [UNSETTLED]
    resolve(1)
