"""What the resolving side leaves with its promise: how to stop the work, and callbacks to keep alive."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, Final, Protocol

from .atomic import taken
from .cleanup import CleanUp
from .jobs import Home
from .misuse import expected_callable


class Stoppable(Protocol):
    """What the resolving side has left: how to stop its work."""

    def _aborts(self) -> bool:
        """Tell whether it can be stopped."""
        ...

    def _cancelled(self) -> None:
        """Stop it; called on any thread, perhaps on two at once."""


class Producer:
    """The functions to call if the promise is cancelled, and the callbacks to keep alive while it is pending."""

    __slots__ = ("_abort", "_home", "kept")

    def __init__(self, home: Home, on_cancel: Callable[[], object] | None = None) -> None:
        self._home = home
        self._abort: list[tuple[Callable[[], object], Context]] = []
        self.kept: list[Callable[..., Any]] | None = None  # a list if `keep_alive` was asked for
        if on_cancel is not None:
            self.add(on_cancel)

    def add(self, on_cancel: Callable[[], object]) -> None:
        """Remember how to stop the producer."""
        if not callable(on_cancel):
            raise expected_callable("on_cancel", on_cancel, "a function without parameters")
        self._abort.append((on_cancel, copy_context()))

    def _aborts(self) -> bool:
        return bool(self._abort)

    def _cancelled(self) -> None:
        for on_cancel, context in taken(self._abort):  # each is taken once: another thread may be doing the same
            self._home.enqueue(CleanUp(self._home, on_cancel, context=context))


class Adopted(Producer):
    """How to stop something foreign whose outcome the promise takes on; the resolving side itself is done."""

    __slots__ = ()


class Stopped:
    """Replaces the producer of a cancelled promise, and tells it from one whose producer rejected with `Cancelled`."""

    __slots__ = ()

    def _aborts(self) -> bool:
        return False

    def _cancelled(self) -> None:
        """Do nothing: the producer has been told already."""


STOPPED: Final = Stopped()
# Replaces the producer of a promise while whose settlement stack or memory ran out: some of it may be left to do.
UNFINISHED: Final = Stopped()
