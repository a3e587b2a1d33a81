"""What the thread tests share: a main loop that is turned by hand, and the reports."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from promisepy import Promise, Report, set_host, set_report_hook
from promisepy._core.homes import current_home

T = TypeVar("T")


class Mainloop:
    """A host that runs what was posted when it is told to, so that a lost wake-up is a job that never runs."""

    def __init__(self) -> None:
        self.posted: deque[Callable[[], None]] = deque()

    def post(self, drain: Callable[[], None], /) -> None:
        self.posted.append(drain)

    def run(self) -> None:
        while self.posted:
            self.posted.popleft()()

    def finish(self) -> None:
        """Run everything, then show that the home still works."""
        self.run()
        assert not current_home().jobs, "a wake-up was lost"  # the next one would run them as well
        seen: list[str] = []
        Promise.resolve("alive").then(seen.append)
        self.run()
        assert seen == ["alive"], "the home is wedged"


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
def mainloop() -> Iterator[Mainloop]:
    """Provide a host for the promises of the test's own thread."""
    host = Mainloop()
    previous = set_host(host)
    yield host
    host.run()
    set_host(previous)


@pytest.fixture
def reports() -> Iterator[list[Report]]:
    """Collect reports instead of showing them; unlike the one of all tests, also under a main loop."""
    collected: list[Report] = []
    previous = set_report_hook(collected.append)
    yield collected
    gc.collect()
    set_report_hook(previous)


@pytest.fixture
def hectic() -> Iterator[None]:
    """Let threads take turns as often as the interpreter can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)
