"""Promises and time: one that is fulfilled after so many seconds, and one that is given up after so many."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from .._core.cancel import Producer, abandon
from .._core.cell import PENDING, Cell, Reaction
from .._core.errors import timed_out
from .._core.jobs import Home, Timer
from .._core.resolve import Resolution

__all__ = ["Deadline", "Delay"]


class Delay:
    """The job that resolves a promise when its time has come."""

    __slots__ = ("_promise", "_value")

    def __init__(self, promise: Resolution, seconds: float, value: object) -> None:
        self._promise = promise
        self._value = value
        timer = Timer(promise._home, seconds, self)
        promise._producer = Producer(promise._home, timer.cancel)

    def _run(self) -> None:
        self._promise._producer = None
        self._promise._resolve(self._value)

    def _abandon(self, home: Home) -> None:
        # One reference is the attribute's, one the call's own. If there is no third and no reaction, nobody can miss
        # the outcome, and a report would be noise.
        if sys.getrefcount(self._promise) > 2 or len(self._promise._reactions or ()) > 1:
            self._promise._strand(home)

    def _settles(self) -> Cell | None:
        return self._promise


class Deadline(Reaction):
    """Hands on the outcome of a promise, or gives up waiting for it (S13)."""

    __slots__ = ("_result", "_seconds", "_timer")

    def __init__(self, result: Resolution, source: Cell, seconds: float) -> None:
        self._home = result._home
        self._source = source
        self._result = result
        self._seconds = seconds
        self._timer = Timer(self._home, seconds, Expiry(self))
        result._work = self
        source._subscribe(self)

    def _run(self) -> None:
        source = self._source
        if source is not None:
            self._finish()
            self._result._settle_like(source)

    def expire(self) -> None:
        """Reject, unless the outcome has come and is merely waiting in the queue."""
        source = self._source
        if source is not None and source._state is PENDING:
            if not hasattr(self._result, "_release"):  # else a resource that still comes is handed on, to be released
                self._detach()
                self._finish()
            source._observe()
            self._result._reject(timed_out(source._describe(), self._seconds), None)
            abandon(source)

    def _finish(self) -> None:
        self._source = self._result._work = None
        self._timer.cancel()

    def _abandon(self, home: Home) -> None:
        self._detach()
        self._finish()
        self._result._strand(home)

    def _settles(self) -> Cell | None:
        return None  # its time will come, whatever becomes of the source

    def _depends(self) -> bool:
        return self._result._state is PENDING  # whether or not it is a resource: `using` knows the source as well

    def _sources(self) -> Iterable[Cell]:
        source = self._source
        return () if source is None else [source]

    def _aborts(self) -> bool:
        return False

    def _cancelled(self) -> None:
        self._detach()
        self._timer.cancel()

    @property
    def source(self) -> Cell | None:
        """The promise whose value is handed on as it is, if it still may be."""
        return self._source


class Expiry:
    """The job of a deadline's timer."""

    __slots__ = ("_deadline",)

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def _run(self) -> None:
        self._deadline.expire()

    def _abandon(self, home: Home) -> None:
        self._deadline._abandon(home)

    def _settles(self) -> None:
        """Name no promise: the deadline may be overtaken by the outcome."""
