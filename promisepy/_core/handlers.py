"""The handlers that `then`, `catch` and `finally_` leave with the promise that they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeGuard, cast

from .misuse import expected_catch_arguments, expected_exception_types

Handler: TypeAlias = Callable[[object], object]


class Filtered:
    """The handler that `catch(types, handler)` leaves; one that is not wrapped in this takes every `Exception`."""

    __slots__ = ("handler", "types")

    def __init__(self, types: type[BaseException] | tuple[type[BaseException], ...], handler: Handler) -> None:
        self.types = types
        self.handler = handler

    def __call__(self, reason: BaseException, /) -> object:
        """Handle the reason or raise it; a reaction job reads the fields instead, because raising would add a frame."""
        if isinstance(reason, self.types):
            return self.handler(reason)
        raise reason


class Always(Filtered):
    """The handler that `finally_` leaves: it runs even if its promise has been cancelled meanwhile."""

    __slots__ = ()


def is_exception_type(value: object) -> TypeGuard[type[BaseException]]:
    """Tell whether a value is an exception class."""
    return issubclass(type(value), type) and issubclass(value, BaseException)  # type: ignore[arg-type]  # in place: is_a


def rejection_handler(arguments: tuple[Any, ...]) -> Handler | Filtered:
    """Read the arguments of `catch`: a handler, or exception types and a handler."""
    handler: Any = arguments[-1] if len(arguments) in (1, 2) else None
    if not callable(handler) or is_exception_type(handler):
        raise expected_catch_arguments(arguments)
    if len(arguments) == 1 or arguments[0] is Exception:
        return cast("Handler", handler)
    types: object = arguments[0]
    candidates = cast("tuple[object, ...]", types) if isinstance(types, tuple) else (types,)
    if not candidates or not all(map(is_exception_type, candidates)):
        raise expected_exception_types(arguments[0])
    return Filtered(arguments[0], handler)
