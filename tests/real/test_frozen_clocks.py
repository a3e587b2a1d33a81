"""freezegun and time-machine stop the clocks of a test: a wait with a timeout ends all the same, as `queue.get` does.

`how-to/use-without-a-loop.md` gives the line that freezegun needs; time-machine leaves monotonic clocks alone.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from promisepy import Promise

from ..servers import library
from ..support import PATIENCE


def freezegun() -> Any:
    frozen = library("freezegun")
    frozen.configure(extend_ignore_list=["promisepy"])
    return frozen.freeze_time("2026-01-01", real_asyncio=True)


def time_machine() -> Any:
    return library("time_machine", "time-machine").travel("2026-01-01", tick=False)


@pytest.fixture(params=[freezegun, time_machine], ids=["freezegun", "time-machine"], autouse=True)
def _clocks_stand_still(request: pytest.FixtureRequest) -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(request.param())
        yield


def pending() -> Promise[Any]:
    return Promise[Any].with_resolvers(keep_alive=True).promise


def test_a_queue_gives_up() -> None:
    with pytest.raises(queue.Empty):
        queue.Queue[int]().get(timeout=0.01)


def test_a_wait_gives_up() -> None:
    with pytest.raises(TimeoutError, match=r"did not settle within 0\.01 seconds"):
        pending().wait(timeout=0.01)


@pytest.mark.parametrize(
    "make",
    [lambda: Promise.delay(0.01), lambda: pending().timeout(0.01).catch(TimeoutError, lambda error: None)],
    ids=["delay", "timeout"],
)
def test_the_clock_of_a_script_goes_on(make: Callable[[], Promise[Any]]) -> None:
    assert make().wait(timeout=PATIENCE) is None


def test_so_does_that_of_a_loop() -> None:
    async def main() -> None:
        await Promise.delay(0.01)
        with pytest.raises(TimeoutError):
            await pending().timeout(0.01)

    asyncio.run(main())
