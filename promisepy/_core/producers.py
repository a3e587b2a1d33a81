"""What the resolving side leaves with its promise: how the work is stopped, and callbacks that must be kept alive."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, Final, Protocol

from .atomic import taken
from .cleanup import CleanUp
from .jobs import Home
from .misuse import expected_callable


class Stoppable(Protocol):
    """What the resolving side has left: how it is stopped."""

    def _aborts(self) -> bool:
        """Tell whether it can be."""
        ...

    def _cancelled(self) -> None:
        """Have it stopped; called on any thread, perhaps on two at once."""


class Producer:
    """What is called when the promise is cancelled, and callbacks that live as long as the promise is pending."""

    __slots__ = ("_abort", "_home", "kept")

    def __init__(self, home: Home, on_cancel: Callable[[], object] | None = None) -> None:
        self._home = home
        self._abort: list[tuple[Callable[[], object], Context]] = []
        self.kept: list[Callable[..., Any]] | None = None  # a list if `keep_alive` was asked for
        if on_cancel is not None:
            self.add(on_cancel)

    def add(self, on_cancel: Callable[[], object]) -> None:
        """Remember how the producer is stopped."""
        if not callable(on_cancel):
            raise expected_callable("on_cancel", on_cancel, "a function without parameters")
        self._abort.append((on_cancel, copy_context()))

    def _aborts(self) -> bool:
        return bool(self._abort)

    def _cancelled(self) -> None:
        for on_cancel, context in taken(self._abort):  # another thread may be telling the producer, too
            self._home.enqueue(CleanUp(self._home, on_cancel, context=context))


class Adopted(Producer):
    """What something foreign has left with the promise that takes on its outcome; the resolving side itself is done."""

    __slots__ = ()


class Stopped:
    """Stands in a cancelled promise for its producer, to tell it from one that has rejected with `Cancelled` itself."""

    __slots__ = ()

    def _aborts(self) -> bool:
        return False

    def _cancelled(self) -> None:
        """Do nothing: that has been done."""


STOPPED: Final = Stopped()
