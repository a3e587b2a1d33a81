"""Promises that hand on an outcome unchanged: after a delay, within a time limit, past a shield, past `finally_`.

`Delay`, `Deadline`, `Shield` and `Restore` have in common that no handler changes the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from weakref import ref

from .._core.cancel import abandon
from .._core.cell import FULFILLED, PENDING, REJECTED, SILENT, Cell, Reaction
from .._core.errors import stuck, timed_out
from .._core.homes import clock_of
from .._core.jobs import Home, Later, Timer
from .._core.producers import Producer
from .._core.reports import report_error
from .._core.resolve import Resolution
from .._core.types import is_a


class Delay:
    """The job that resolves a promise when its time has come."""

    __slots__ = ("_promise", "_value")

    def __init__(self, promise: Resolution, seconds: float, value: object) -> None:
        self._promise = promise
        self._value = value
        timer = Timer(promise._home, seconds, self)
        promise._leave(Producer(promise._home, timer.cancel))
        timer.start()

    def _run(self) -> None:
        self._promise._dismiss()
        self._promise._resolve(self._value)

    def _abandon(self, home: Home) -> None:
        self._promise._break(stuck(home.describe(), self._promise._created()))

    def _settles(self) -> Cell | None:
        return self._promise


class Deadline(Reaction):
    """Hands on the outcome of a promise, or gives up waiting for it (S13)."""

    __slots__ = ("_heir", "_result", "_seconds", "_timer")

    def __init__(self, result: Resolution, source: Cell, seconds: float) -> None:
        self._home = result._home
        self._source = source
        self._result = result
        self._seconds = seconds
        self._heir: Callable[[], object] | None = None
        self._timer = Timer(clock_of(self._home), seconds, Later(self.expire, self._abandon))
        result._take_on(self)
        source._subscribe(self)
        self._timer.start()

    def _run(self) -> None:
        source = self._source
        if source is not None:
            self._result._hold(Passed(source))  # before the work is put down: `using` may look for the source meanwhile
            self._finish()
            self._result._settle_like(source)

    def expire(self) -> None:
        """Reject with `TimeoutError`, unless the outcome has come and its job is merely waiting in the queue."""
        source = self._source
        if source is not None and source._state is PENDING:
            self._detach()
            self._finish()
            self._pass_on()
            self._result._reject(timed_out(source._describe(), self._seconds), None)
            abandon(source)

    def _finish(self) -> None:
        self._source = None
        self._result._put_down()
        self._timer.cancel()

    def _abandon(self, home: Home) -> None:
        self._result._strand(home)
        self._detach()
        self._finish()

    def _settles(self) -> Cell | None:
        return None  # when its time is up the result settles, whatever becomes of the source

    def _depends(self) -> bool:
        return self._result._depends()

    def _sources(self) -> Iterable[Cell]:
        source = self._source
        return () if source is None else [source]

    def _aborts(self) -> bool:
        return False

    def _can_end(self) -> bool:
        return self._source is not None and self._source._state is PENDING

    def _cancelled(self) -> None:
        self._detach()
        self._timer.cancel()
        self._pass_on()

    def _pass_on(self) -> None:
        if self._heir is not None:
            self._heir()

    def bequeath(self, heir: Callable[[], object]) -> None:
        """Have `heir` called when this gives up: the source may still bring the value, and somebody has to take it."""
        self._heir = heir

    @property
    def source(self) -> Cell | None:
        """The promise whose outcome is still to be handed on, if there is one."""
        return self._source


class Passed:
    """Notes which promise has brought the value that a `Deadline` has handed on, for `using`.

    That promise is held weakly: a settled promise keeps none of those before it alive.
    """

    __slots__ = ("_origin",)

    def __init__(self, source: Cell) -> None:
        before = source._held_by()
        self._origin: ref[Cell] = before._origin if isinstance(before, Passed) else ref(source)

    @property
    def source(self) -> Cell | None:
        """The promise that has brought the value, if it is still there."""
        return self._origin()

    def _take_late(self, promise: Cell, value: object) -> None:
        """Do nothing: the value has come to its source, and is released there."""


class Shield(Reaction):
    """Hands on an outcome to a promise, and lets a cancellation of that promise go no further."""

    __slots__ = ("_result",)

    def __init__(self, result: Resolution, source: Cell) -> None:
        self._home = result._home
        self._source = source
        self._result = result
        result._take_on(self)
        source._subscribe(self)

    def _run(self) -> None:
        source, self._source = self._source, None
        self._result._put_down()
        if source is not None:
            self._result._settle_like(source)

    def _abandon(self, home: Home) -> None:
        self._result._strand(home)
        self._source = None
        self._result._put_down()

    def _settles(self) -> Cell | None:
        return self._result

    def _depends(self) -> bool:
        return self._result._depends()

    def _sources(self) -> Iterable[Cell]:
        return ()

    def _aborts(self) -> bool:
        return False

    def _can_end(self) -> bool:
        return self._source is not None and self._source._state is PENDING

    def _cancelled(self) -> None:
        source = self._source
        self._detach()
        if source is not None:
            source._observe()  # had it been rejected earlier, the promise that is cancelled now would have handled that


class Restore(Reaction):
    """The last step of `finally_`: when the callback's promise is fulfilled, the original outcome goes on.

    It replaces `promise.then(valueThunk)` in 27.2.5.3.1 and 27.2.5.3.2: a thunk that raised would add its own frame to
    the reason's traceback.
    """

    __slots__ = ("_original", "_result")

    def __init__(self, result: Resolution, original: Cell, source: Cell) -> None:
        self._home = result._home
        self._source = source
        self._result = result
        self._original: Cell | None = original

    def _run(self) -> None:
        source, original = self._source, self._original
        if source is not None and original is not None:
            self._source = self._original = None
            self._result._settle_like(original if source._state is FULFILLED else source)
            reason: Any = source._value
            if source._state is REJECTED and self._result._value is not reason and not is_a(reason, SILENT):
                report_error(reason, self._home)  # the result has been cancelled meanwhile, so nobody will see it there

    def _abandon(self, home: Home) -> None:
        self._result._strand(home)
        self._source = self._original = None

    def _settles(self) -> Cell | None:
        return self._result

    def _depends(self) -> bool:
        return self._result._depends()
