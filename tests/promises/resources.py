"""What the tests of `using` have in common."""

from __future__ import annotations

import asyncio
from typing import Any

from promisepy import Promise, using

from ..cancellation.helpers import Work
from ..support import turns


class Connection(Work):
    """A resource that comes when it is told to, and notes how often it is released."""

    def __init__(self, *, stops: bool = True) -> None:
        super().__init__(stops=stops)
        self.released: list[object] = []

    def release(self, resource: object) -> None:
        self.released.append(resource)

    def arrive(self) -> None:
        self.resolve(self)

    def using(self, promise: Promise[Any] | None = None) -> Any:
        return using(self.promise if promise is None else promise, self.release)


async def hold(connection: Connection, promise: Promise[Any] | None = None) -> str:
    async with connection.using(promise) as resource:
        assert resource is connection
        assert connection.released == []
        return "held"


async def ended(task: asyncio.Task[Any]) -> str:
    """Wait for the end of a task, and for what it has left to do."""
    await asyncio.wait([task])
    await turns()
    if task.cancelled():
        return "cancelled"
    error = task.exception()
    return task.result() if error is None else type(error).__name__
