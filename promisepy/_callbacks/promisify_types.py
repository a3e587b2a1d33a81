"""Types of the options of `promisify`, and of the decorators that it gives without a function; this is never imported.

The decorators are protocols, because a `Callable` cannot have overloads: each reads the value's type from the callback.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypedDict, TypeVar, TypeVarTuple, overload

from .._promises.promise import Promise

R = TypeVar("R")
R1 = TypeVar("R1")
R2 = TypeVar("R2")
E = TypeVar("E")
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")
Rs = TypeVarTuple("Rs")


class Options(TypedDict, total=False):
    """The options that every overload of `promisify` takes; they change nothing in its types."""

    check: Callable[[Any], object] | None
    cancel: Callable[[Any], object] | None
    returns: object
    keep_alive: bool
    pump: Callable[[], object] | None


# fmt: off
class Value(Protocol):
    """`promisify()`: the callback comes last and gets the value."""

    @overload
    def __call__(self, fn: Callable[[*Ts, Callable[[], Any]], Any], /) -> Callable[[*Ts], Promise[None]]: ...
    @overload
    def __call__(self, fn: Callable[[*Ts, Callable[[R], Any]], Any], /) -> Callable[[*Ts], Promise[R]]: ...
    @overload
    def __call__(self, fn: Callable[[*Ts, Callable[[R1, R2, *Rs], Any]], Any], /) -> Callable[[*Ts], Promise[tuple[R1, R2, *Rs]]]: ...


class First(Protocol):
    """`promisify(callback=0)`."""

    @overload
    def __call__(self, fn: Callable[Concatenate[Callable[[], Any], P], Any], /) -> Callable[P, Promise[None]]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[Callable[[R], Any], P], Any], /) -> Callable[P, Promise[R]]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[Callable[[R1, R2, *Rs], Any], P], Any], /) -> Callable[P, Promise[tuple[R1, R2, *Rs]]]: ...


class ErrorFirst(Protocol):
    """`promisify(style="error_first")`."""

    @overload
    def __call__(self, fn: Callable[[*Ts, Callable[[E | None], Any]], Any], /) -> Callable[[*Ts], Promise[None]]: ...
    @overload
    def __call__(self, fn: Callable[[*Ts, Callable[[E | None, R | None], Any]], Any], /) -> Callable[[*Ts], Promise[R]]: ...
    @overload
    def __call__(self, fn: Callable[[*Ts, Callable[[E | None, R1 | None, R2 | None], Any]], Any], /) -> Callable[[*Ts], Promise[tuple[R1, R2]]]: ...


class ErrorLast(Protocol):
    """`promisify(style="error_last")`."""

    @overload
    def __call__(self, fn: Callable[[*Ts, Callable[[E | None], Any]], Any], /) -> Callable[[*Ts], Promise[None]]: ...
    @overload
    def __call__(self, fn: Callable[[*Ts, Callable[[R | None, E | None], Any]], Any], /) -> Callable[[*Ts], Promise[R]]: ...


class TwoCallbacks(Protocol):
    """`promisify(style="two_callbacks")`."""

    @overload
    def __call__(self, fn: Callable[[*Ts, Callable[[], Any], Callable[..., Any]], Any], /) -> Callable[[*Ts], Promise[None]]: ...
    @overload
    def __call__(self, fn: Callable[[*Ts, Callable[[R], Any], Callable[..., Any]], Any], /) -> Callable[[*Ts], Promise[R]]: ...
    @overload
    def __call__(self, fn: Callable[[*Ts, Callable[[R1, R2, *Rs], Any], Callable[..., Any]], Any], /) -> Callable[[*Ts], Promise[tuple[R1, R2, *Rs]]]: ...
# fmt: on
