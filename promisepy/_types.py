"""The vocabulary: protocols, aliases, and the two classes that describe a settled promise."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar, final, overload

__all__ = [
    "Adoptable",
    "Fulfilled",
    "FutureLike",
    "Host",
    "Reject",
    "Rejected",
    "Report",
    "ReportHook",
    "ReportKind",
    "Resolve",
    "Settled",
    "State",
    "Thenable",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)

State: TypeAlias = Literal["pending", "fulfilled", "rejected"]
ReportKind: TypeAlias = Literal["unhandled", "broken", "stuck"]


class Thenable(Protocol[T_co]):
    """Anything whose type has a callable `then`, as in Promises/A+ 1.2."""

    # The handlers' results are whatever the foreign library makes of them, hence Any.
    def then(self, on_fulfilled: Callable[[T_co], Any], on_rejected: Callable[[BaseException], Any], /) -> object: ...


class FutureLike(Protocol[T_co]):
    """What `concurrent.futures.Future`, which cannot be awaited, has in common with its relatives."""

    # The callback gets the future itself, whose class differs from library to library, hence Any.
    def add_done_callback(self, callback: Callable[[Any], object], /) -> object: ...
    def result(self) -> T_co: ...


# What handlers and combinators take on the outcome of. `Future` by name: with a protocol in its place mypy gives up on
# `lambda x: pool.submit(f, x)`.
Adoptable: TypeAlias = Awaitable[T] | Thenable[T] | Future[T]


class Resolve(Protocol[T_contra]):
    """The function that resolves a promise: with a value, or with something whose outcome the promise takes on."""

    @overload
    def __call__(self: Resolve[None], /) -> None: ...
    @overload
    def __call__(
        self, value: T_contra | Awaitable[T_contra] | Thenable[T_contra] | FutureLike[T_contra], /
    ) -> None: ...


class Reject(Protocol):
    """The function that rejects a promise."""

    def __call__(self, reason: BaseException | type[BaseException], /) -> None: ...


class Host(Protocol):
    """What runs the handlers of a thread that has an event loop of its own, such as that of a GUI toolkit."""

    def post(self, drain: Callable[[], None], /) -> object:
        """Arrange for `drain()` to be called soon on the host's thread.

        Called from any thread, also from signal handlers; must return at once, and must not call `drain` itself.
        """


@final
@dataclass(frozen=True, slots=True)
class Fulfilled(Generic[T_co]):
    """The outcome of a promise that has a value."""

    value: T_co
    status: Literal["fulfilled"] = field(default="fulfilled", init=False, repr=False)


@final
@dataclass(frozen=True, slots=True)
class Rejected:
    """The outcome of a promise that was rejected."""

    reason: BaseException
    status: Literal["rejected"] = field(default="rejected", init=False, repr=False)


Settled: TypeAlias = Fulfilled[T_co] | Rejected


@dataclass(frozen=True, slots=True)
class Report:
    """Something that would otherwise be lost.

    Attributes:
        kind: `"unhandled"`, `"broken"` or `"stuck"`.
        message: what happened, where the promise was created (in debug mode), and what to do.
        reason: the rejection reason, with its traceback.
        home: the home of the promise, in words.
    """

    kind: ReportKind
    message: str
    reason: BaseException
    home: str


ReportHook: TypeAlias = Callable[[Report], object]
