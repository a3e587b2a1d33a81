"""Promises that hand on an outcome unchanged: after a delay, within a time limit, past a shield, past `finally_`.

`Delay`, `Deadline`, `Shield` and `Restore` have in common that no handler changes the outcome.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from .._core.cancel import abandon
from .._core.cell import FULFILLED, PENDING, REJECTED, SILENT, Cell, Reaction
from .._core.crowd import each
from .._core.errors import timed_out
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
        # The attribute holds one reference, the call of `getrefcount` another. If there is no third and no reaction,
        # nobody can miss the outcome, and a report would be noise.
        if sys.getrefcount(self._promise) > 2 or len(list(each(self._promise._reactions))) > 1:
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
        self._timer = Timer(self._home, seconds, Later(self.expire, self._abandon))
        result._take_on(self)
        source._subscribe(self)
        self._timer.start()

    def _run(self) -> None:
        source = self._source
        if source is not None:
            self._finish()
            self._result._settle_like(source)

    def expire(self) -> None:
        """Reject with `TimeoutError`, unless the outcome has come and its job is merely waiting in the queue."""
        source = self._source
        if source is not None and source._state is PENDING:
            # If `using` holds the result, this stays attached: a resource that comes late is handed on, to be released.
            if not self._result._is_held():
                self._detach()
                self._finish()
            source._observe()
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
        # Not `_depends()`, by which a held result counts after it has timed out, too. The source may be cancelled then:
        # `using` holds it as well, so a resource that comes late is released there.
        return self._result._state is PENDING

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
        """The promise whose outcome is still to be handed on, if there is one."""
        return self._source


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

    def _cancelled(self) -> None:
        self._detach()


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
