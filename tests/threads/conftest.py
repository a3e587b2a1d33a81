"""What the thread tests share: a loop that must not be woken by a timer, and the reports."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from promisepy import Report, set_report_hook

T = TypeVar("T")


def run_awake(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, which must not come only because a timer woke the loop."""
    fired: list[str] = []
    guard = loop.call_later(10.0, fired.append, "only the guard has woken the loop")
    try:
        return loop.run_until_complete(coroutine)
    finally:
        guard.cancel()
        assert not fired, fired


@pytest.fixture
def reports() -> Iterator[list[Report]]:
    """Collect reports instead of showing them; unlike the one of all tests, also under a main loop."""
    collected: list[Report] = []
    previous = set_report_hook(collected.append)
    yield collected
    gc.collect()
    set_report_hook(previous)
