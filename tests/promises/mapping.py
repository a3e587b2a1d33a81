"""What the tests of `Promise.map` have in common."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from promisepy import Promise

from ..cancellation.helpers import Work, is_cancelled
from ..support import PATIENCE


class Calls:
    """A function for `map` whose promises are settled by hand, and items that tell how far they have been pulled."""

    def __init__(self) -> None:
        self.works: list[Work] = []
        self.pulled: list[int] = []
        self.closed = 0

    def __call__(self, item: object) -> Promise[Any]:
        self.works.append(Work())
        return self.works[-1].promise

    def items(self, count: int) -> Iterator[int]:
        try:
            for number in range(count):
                self.pulled.append(number)
                yield number
        finally:
            self.closed += 1

    async def async_items(self, count: int) -> AsyncIterator[int]:
        for number in self.items(count):
            await asyncio.sleep(0)
            yield number

    @property
    def pending(self) -> int:
        return sum(work.promise.state == "pending" for work in self.works)

    @property
    def cancelled(self) -> list[bool]:
        return [is_cancelled(work.promise) for work in self.works]


def rest() -> None:
    """Let a coroutine of this script go as far as it can."""

    async def turns() -> None:
        for _ in range(100):
            await asyncio.sleep(0)

    Promise.resolve(turns()).wait(timeout=PATIENCE)


SOURCES: dict[str, Callable[[Calls, int], Any]] = {"iterator": Calls.items, "async iterator": Calls.async_items}
each_source = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
