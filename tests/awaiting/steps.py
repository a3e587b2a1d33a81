"""What the tests of cancelled waits have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Run = Callable[[Coroutine[Any, Any, Any]], Any]


async def read(promise: Any) -> Any:
    return await promise


async def end(task: asyncio.Task[Any]) -> BaseException | None:
    """Wait for a task and give what it was cancelled with."""
    try:
        await task
    except asyncio.CancelledError as error:
        return error
    return None
