"""The kinds of event loop that drive a home: those that refuse to run inside themselves, and those that do not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heappop
from typing import Any

import pytest

try:
    import uvloop
except ImportError:
    uvloop = None

needs_uvloop = pytest.mark.skipif(uvloop is None, reason="uvloop is not installed")
NewLoop = Callable[[], asyncio.AbstractEventLoop]
new_uvloop = uvloop.new_event_loop if uvloop else asyncio.new_event_loop
on_each_loop = pytest.mark.parametrize(
    "new_loop",
    [
        pytest.param(asyncio.new_event_loop, id="asyncio"),
        pytest.param(new_uvloop, id="uvloop", marks=needs_uvloop),
    ],
)


class Nesting:
    """Mixed into a loop of asyncio: lets a callback or a task of the loop run it again, as nest_asyncio and qasync do."""

    def run_forever(self: Any) -> None:
        if not self.is_running():
            asyncio.BaseEventLoop.run_forever(self)
            return
        with self._outside_of_its_task():
            while not self._stopping:
                self._run_once()
        self._stopping = False

    def run_until_complete(self: Any, future: Any) -> Any:
        if not self.is_running():
            return asyncio.BaseEventLoop.run_until_complete(self, future)
        future = asyncio.ensure_future(future, loop=self)
        with self._outside_of_its_task():
            while not future.done():
                self._run_once()
        return future.result()

    @contextmanager
    def _outside_of_its_task(self: Any) -> Iterator[None]:
        task = asyncio.current_task(self)
        if task is not None:
            asyncio.tasks._leave_task(self, task)  # type: ignore[attr-defined]
        try:
            yield
        finally:
            if task is not None:
                asyncio.tasks._enter_task(self, task)  # type: ignore[attr-defined]

    def _run_once(self: Any) -> None:
        """Do as asyncio does, but do not mind if a loop inside takes what was ready."""
        ready, scheduled = self._ready, self._scheduled
        while scheduled and scheduled[0]._cancelled:
            heappop(scheduled)._scheduled = False
        pause = max(0, scheduled[0].when() - self.time()) if scheduled else None
        self._process_events(self._selector.select(0 if ready or self._stopping else pause))
        while scheduled and scheduled[0].when() <= self.time() + self._clock_resolution:
            timer = heappop(scheduled)
            timer._scheduled = False
            ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft() if ready else None
            if handle is not None and not handle._cancelled:
                handle._run()


class NestingLoop(Nesting, asyncio.SelectorEventLoop):
    """A loop that may run inside itself."""


class PatchableLoop(asyncio.SelectorEventLoop):
    """A loop that may not, until its class is patched."""

    _run_once = Nesting._run_once  # from the first: that of asyncio breaks if the turn in which it is patched goes on


def patch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `PatchableLoop` run inside itself from now on."""
    for name in ("run_forever", "run_until_complete", "_outside_of_its_task"):
        monkeypatch.setattr(PatchableLoop, name, getattr(NestingLoop, name), raising=False)
