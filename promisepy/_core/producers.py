"""What the resolving side leaves with its promise: how to stop the work, and callbacks to keep alive."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, Final, Protocol

from .atomic import taken
from .jobs import Home, Job
from .misuse import expected_callable


class CleansUp(Protocol):
    """A promise, which makes the calls: it knows how to wait for what they return, and this file does not."""

    def _clean_up(self, function: Callable[[], object], context: Context) -> Job:
        """Make the job that calls a clean-up function."""
        ...


class Stoppable(Protocol):
    """What the resolving side has left: how to stop its work."""

    def _aborts(self) -> bool:
        """Tell whether it can be stopped."""
        ...

    def _cancelled(self, promise: CleansUp) -> None:
        """Stop it, for the promise has been cancelled; called on any thread, perhaps on two at once."""


class Producer:
    """The functions to call if the promise is cancelled, and the callbacks to keep alive while it is pending."""

    __slots__ = ("_abort", "_home", "kept")

    def __init__(self, home: Home, on_cancel: Callable[[], object] | None = None) -> None:
        self._home = home
        self._abort: list[tuple[Callable[[], object], Context]] = []
        self.kept: list[Any] | None = None  # a list if `keep_alive` was asked for, or `once` takes note
        if on_cancel is not None:
            self.add(on_cancel)

    def add(self, on_cancel: Callable[[], object]) -> None:
        """Remember how to stop the producer."""
        if not callable(on_cancel):
            raise expected_callable("on_cancel", on_cancel, "a function without parameters")
        self._abort.append((on_cancel, copy_context()))

    def _aborts(self) -> bool:
        return bool(self._abort)

    def _cancelled(self, promise: CleansUp) -> None:
        for on_cancel, context in taken(self._abort):  # each is taken once: another thread may be doing the same
            self._home.enqueue(promise._clean_up(on_cancel, context))


class Adopted(Producer):
    """How to stop something foreign whose outcome the promise takes on; the resolving side itself is done."""

    __slots__ = ()


class Stopped:
    """Replaces the producer of a cancelled promise, and tells it from one whose producer rejected with `Cancelled`."""

    __slots__ = ()

    def _aborts(self) -> bool:
        return False

    def _cancelled(self, promise: CleansUp) -> None:
        """Do nothing: the producer has been told already."""


STOPPED: Final = Stopped()
# Replaces the producer of a promise while whose settlement stack or memory ran out: some of it may be left to do.
UNFINISHED: Final = Stopped()
