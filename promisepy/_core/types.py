"""The vocabulary: protocols, aliases, and the two classes that describe a settled promise."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from reprlib import recursive_repr
from typing import (
    Any,
    ClassVar,
    Final,
    Generic,
    Literal,
    Never,
    Protocol,
    Self,
    TypeAlias,
    TypeGuard,
    TypeVar,
    dataclass_transform,
    final,
    overload,
)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)

State: TypeAlias = Literal["pending", "fulfilled", "rejected"]
ReportKind: TypeAlias = Literal["unhandled", "broken", "stuck"]


def public(thing: T, /) -> T:
    """Make `promisepy`, from where users import it, the module of a class or function.

    Reprs, tracebacks and pickles then show that name, not the file that happens to define the object. It is set where
    the object is defined. If `__init__` set it, it would have to touch every object, so it could load none of them
    later.
    """
    thing.__module__ = "promisepy"
    return thing


@public
class Thenable(Protocol[T_co]):
    """Anything whose type has a callable `then`, as in Promises/A+ 1.2."""

    # Any, because it is up to the foreign library what handlers may return.
    def then(self, on_fulfilled: Callable[[T_co], Any], on_rejected: Callable[[BaseException], Any], /) -> object: ...


class FutureLike(Protocol[T_co]):
    """What `concurrent.futures.Future` and its relatives have in common; they need not be awaitable."""

    # Any, because the callback gets the future itself, whose class differs from library to library.
    def add_done_callback(self, callback: Callable[[Any], object], /) -> object: ...
    def result(self) -> T_co: ...


# Handlers and combinators take on the outcome of these. `Future` is named, although a protocol would cover more: with a
# protocol in its place mypy gives up on `lambda x: pool.submit(f, x)`.
Adoptable: TypeAlias = Awaitable[T] | Thenable[T] | Future[T]


@public
class Resolve(Protocol[T_contra]):
    """The function that resolves a promise: with a value, or with something whose outcome the promise takes on."""

    @overload
    def __call__(self: Resolve[None], /) -> None: ...
    @overload
    def __call__(
        self, value: T_contra | Awaitable[T_contra] | Thenable[T_contra] | FutureLike[T_contra], /
    ) -> None: ...


@public
class Reject(Protocol):
    """The function that rejects a promise."""

    def __call__(self, reason: BaseException | type[BaseException], /) -> None: ...


@public
class Host(Protocol):
    """What runs the handlers of a thread that has an event loop of its own, such as that of a GUI toolkit."""

    def post(self, drain: Callable[[], None], /) -> object:
        """Arrange for `drain()` to be called soon on the host's thread.

        Called from any thread, also from signal handlers; must return at once, and must not call `drain` itself.
        """


@overload
def is_a(value: object, kind: type[T], /) -> TypeGuard[T]: ...
@overload
def is_a(value: object, kind: tuple[type[T], ...], /) -> TypeGuard[T]: ...
def is_a(value: object, kind: Any, /) -> bool:
    """Tell whether a value is of a class, or of one of several.

    This asks the type itself. `isinstance` would also read `__class__`. That may run user code, which may raise; and a
    `Mock(spec=ValueError)` would pass for an error.
    """
    return issubclass(type(value), kind)


class Record:
    """A frozen dataclass with slots, written by hand: generating four of them took a third of the import time."""

    __slots__ = ()
    __match_args__ = ()  # the fields

    def __init__(self, *values: object) -> None:
        self.__setstate__(dict(zip(self.__match_args__, values, strict=True)))

    def __getstate__(self) -> dict[str, object]:
        fields: tuple[str, ...] = self.__match_args__
        return {name: getattr(self, name) for name in fields}

    def __setstate__(self, values: dict[str, object]) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __replace__(self, **changes: Any) -> Self:
        return type(self)(**{**self.__getstate__(), **changes})

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> Never:
        raise AttributeError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.__getstate__() == other.__getstate__()

    def __hash__(self) -> int:
        return hash(tuple(self.__getstate__().values()))

    @recursive_repr()
    def __repr__(self) -> str:
        values = [f"{name}={value!r}" for name, value in self.__getstate__().items()]
        return f"{type(self).__qualname__}({', '.join(values)})"


R = TypeVar("R", bound=Record)


@dataclass_transform(frozen_default=True)
def frozen(kind: type[R], /) -> type[R]:
    """Tell type checkers that a record is a frozen dataclass; classes derived from it keep its constructor."""
    return kind


@public
@final
@frozen
class Fulfilled(Record, Generic[T_co]):
    """The outcome of a promise that has a value."""

    __slots__ = __match_args__ = ("value",)
    value: T_co
    status: ClassVar[Literal["fulfilled"]] = "fulfilled"

    def __init__(self, value: T_co) -> None:
        object.__setattr__(self, "value", value)


@public
@final
@frozen
class Rejected(Record):
    """The outcome of a promise that was rejected."""

    __slots__ = __match_args__ = ("reason",)
    reason: BaseException
    status: ClassVar[Literal["rejected"]] = "rejected"

    def __init__(self, reason: BaseException) -> None:
        object.__setattr__(self, "reason", reason)


Settled: TypeAlias = Fulfilled[T_co] | Rejected


@public
@frozen
class Report(Record):
    """Something that would otherwise be lost.

    Attributes:
        kind: `"unhandled"`, `"broken"` or `"stuck"`.
        message: what happened, where the promise was created (in debug mode), and what to do.
        reason: the rejection reason, with its traceback.
        home: the home of the promise, in words.
        count: of how many promises it tells; several if one cause has rejected them together.
    """

    __slots__ = __match_args__ = ("kind", "message", "reason", "home", "count")
    kind: ReportKind
    message: str
    reason: BaseException
    home: str
    count: int

    def __init__(self, kind: ReportKind, message: str, reason: BaseException, home: str, count: int = 1) -> None:
        super().__init__(kind, message, reason, home, count)


ReportHook: TypeAlias = Callable[[Report], object]


# The types most often passed as values. None of them can be adopted, so the rules of `adopt` need not be tried. A class
# is looked up here only if its metaclass is `type`. Another metaclass may make its classes unhashable, or run code when
# they are hashed.
NEVER_ADOPTED: Final[frozenset[type]] = frozenset(
    (bool, int, float, complex, str, bytes, bytearray, tuple, list, dict, set, frozenset, type(None))
)


def is_plain(kind: type) -> bool:
    """Tell whether the instances of a class are always values, so that no rule of adoption applies."""
    return type(kind) is type and kind in NEVER_ADOPTED
