"""Objects that nobody expects: they raise, lie, or are of a kind for which an argument was not meant."""

from __future__ import annotations

import enum
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import MagicMock, Mock

from promisepy import Promise


class Trap(Exception):
    """What hostile objects raise."""


class Doom(BaseException):
    """Likewise, past every `except Exception`."""


TRAPS = (Trap, Doom)
# What the machinery may ask of a foreign object.
HOOKS = tuple(
    """
    __getattr__ __getattribute__ __eq__ __bool__ __hash__ __repr__ __len__ __iter__ __next__ __call__ __class__ __await__
    __aiter__ __anext__ __format__ __str__ __index__ __float__ __lt__ __contains__ __get__ __instancecheck__ __reduce_ex__
    then add_done_callback result exception cancel submit post addCallbacks addErrback __name__ __signature__
    __doc__ __enter__ __aenter__ keys __getitem__ __subclasscheck__ __mro_entries__
    """.split()
)


def raising(error: type[BaseException], name: str) -> Callable[..., Any]:
    def hook(*arguments: Any, **keywords: Any) -> Any:
        raise error(name)

    return hook


def trapped(error: type[BaseException], names: tuple[str, ...], bases: tuple[type, ...] = (object,)) -> type:
    """Make a class whose hooks of these names raise; half of them when they are looked up, not when they are called."""
    members: dict[str, Any] = {}
    for name in names:
        hook = raising(error, name)
        is_attribute = name in ("__class__", "__name__", "__doc__", "__signature__")
        members[name] = property(hook) if is_attribute else hook
    if "__eq__" in names and "__hash__" not in names:
        members["__hash__"] = object.__hash__
    return type("Trapped", bases, members)


class Lies:
    """Says of itself whatever it is asked to say."""

    def __init__(self, claimed: Any) -> None:
        self._claimed = claimed

    @property
    def __class__(self) -> Any:
        return self._claimed


class BadMeta(type):
    """A class whose own class raises."""

    def __getattr__(cls, name: str) -> Any:
        raise Trap(name)

    def __hash__(cls) -> int:
        raise Trap("hash of a class")

    def __eq__(cls, other: object) -> bool:
        raise Trap("== of a class")

    def __instancecheck__(cls, instance: object) -> bool:
        raise Trap("isinstance")

    def __subclasscheck__(cls, subclass: type) -> bool:
        raise Trap("issubclass")

    def __repr__(cls) -> str:
        raise Trap("repr of a class")


class OfBadMeta(metaclass=BadMeta):
    """An instance of a class that cannot even be looked at."""

    def __call__(self, *arguments: Any) -> Any:
        return self


class Nameless(type):
    """A class that has no name."""

    @property
    def __name__(cls) -> str:
        raise Trap("name of a class")


class OfNameless(metaclass=Nameless):
    """So what is it?"""

    def __repr__(self) -> str:
        raise Trap("repr")


class RaisesInInit(Exception):
    def __init__(self, *arguments: Any) -> None:
        raise Trap("init")


class DoomsInInit(Exception):
    def __init__(self, *arguments: Any) -> None:
        raise Doom("init")


class MakesNumbers(Exception):
    """An exception class whose instances are none."""

    def __new__(cls, *arguments: Any) -> Any:
        return 42


class Needy(Exception):
    """Cannot be made of nothing."""

    def __init__(self, first: Any, second: Any) -> None:
        super().__init__(first, second)


class Fixed(Exception):
    """Refuses to have its attributes set."""

    def __setattr__(self, name: str, value: Any) -> None:
        raise Trap(name)


class Opaque(Exception):
    """Refuses to have its attributes read."""

    def __getattribute__(self, name: str) -> Any:
        raise Trap(name)


class Pretending(Exception):
    """Has the attributes of an exception, and they are of no use."""

    args = 5
    __traceback__ = "no traceback"
    __context__ = "no context"
    __cause__ = 7


class Odd(enum.Enum):
    NAN = math.nan


# The ends of promises that are pending for now.
open_ends: list[Callable[[int], object]] = []


def pending() -> Promise[int]:
    promise, resolve, _ = Promise[int].with_resolvers()
    open_ends.append(resolve)
    return promise


def settled_later() -> Callable[..., object]:
    promise, resolve, _ = Promise[int].with_resolvers()
    open_ends.append(resolve)
    promise.then(None, bool)
    return resolve


def cancelled() -> Promise[int]:
    promise = pending()
    promise.cancel()
    return promise


def endless_then() -> Any:
    """Make a thenable that resolves with a new thenable, a few times."""
    rest = iter(range(5))

    class Then:
        def then(self, resolve: Any, reject: Any, /) -> None:
            resolve(Then() if next(rest, None) is not None else "end")
            reject(Trap("too late"))
            raise Trap("later still")

    return Then()


def generator() -> Iterator[int]:
    yield from range(3)


def exhausted() -> Iterator[int]:
    numbers = generator()
    list(numbers)
    return numbers


def failing() -> Iterator[int]:
    yield 1
    raise Trap("in the middle")


def own_iterator() -> Any:
    itself: list[Any] = []
    itself.append(itself)
    return itself


async def coroutine() -> int:
    return 3


async def failing_coroutine() -> int:
    raise Trap("coroutine")


async def asynchronous() -> Any:
    yield 1


def no_parameters() -> int:
    return 1


def many_parameters(a: Any, b: Any, c: Any, *, d: Any) -> int:
    return 2


def caller(*arguments: Any, **keywords: Any) -> Any:
    """Call back at once, twice, with nonsense, whatever can be called."""
    for argument in arguments:
        if callable(argument) and not isinstance(argument, type):
            argument(1, 2, three=3)
            argument()
    return coroutine


FACTORIES: dict[str, Callable[[], Any]] = {
    "None": lambda: None, "True": lambda: True, "zero": lambda: 0, "minus one": lambda: -1, "one": lambda: 1,
    "two": lambda: 2, "huge": lambda: 10**400, "minus huge": lambda: -(10**400), "large": lambda: 10**12,
    "NaN": lambda: math.nan, "infinity": lambda: math.inf, "minus infinity": lambda: -math.inf, "tiny": lambda: 1e-9,
    "complex": lambda: 1j, "empty text": lambda: "", "text": lambda: "text", "name": lambda: "callback",
    "attribute": lambda: ".callback", "method": lambda: "().then", "style": lambda: "error_first",
    "surrogate": lambda: "\udfff", "bytes": lambda: b"\0", "ellipsis": lambda: ..., "enum": lambda: Odd.NAN,
    "list": lambda: [1, "a"], "itself": own_iterator, "tuple": lambda: (ValueError, print), "dict": lambda: {"a": 1},
    "set": lambda: {1}, "empty": tuple, "long": lambda: range(3000), "generator": generator, "exhausted": exhausted,
    "failing generator": failing, "slice of endless": lambda: itertools.islice(itertools.count(), 2000),
    "map of nonsense": lambda: map(many_parameters, [1]), "coroutine": coroutine, "failing coroutine": failing_coroutine,
    "coroutine function": lambda: coroutine, "asynchronous generator": lambda: asynchronous(), "print": lambda: repr,
    "no parameters": lambda: no_parameters, "many parameters": lambda: many_parameters, "caller": lambda: caller,
    "raiser": lambda: raising(Trap, "called"), "doom": lambda: raising(Doom, "called"), "class": lambda: dict,
    "object": object, "type": lambda: type, "bad class": lambda: OfBadMeta, "of a bad class": OfBadMeta,
    "nameless": OfNameless, "thenable": endless_then, "exception class": lambda: ValueError,
    "base exception class": lambda: GeneratorExit, "init raises": lambda: RaisesInInit, "init dooms": lambda: DoomsInInit,
    "makes numbers": lambda: MakesNumbers, "needy": lambda: Needy, "abstract": lambda: ExceptionGroup,
    "exception": lambda: ValueError("v"), "base exception": lambda: Doom("d"), "stop": lambda: StopIteration(1),
    "asynchronous stop": lambda: StopAsyncIteration(), "generator exit": lambda: GeneratorExit(), "fixed": lambda: Fixed(1),
    "opaque": lambda: Opaque(1), "pretending": lambda: Pretending(1), "key error": lambda: KeyError(Mock()), "Mock": Mock,
    "MagicMock": MagicMock, "Mock of a promise": lambda: Mock(spec=Promise), "Mock of a class": lambda: Mock(spec=type),
    "Mock of an exception": lambda: Mock(spec=ValueError), "Mock of a number": lambda: Mock(spec=int),
    "says type": lambda: Lies(type), "says exception": lambda: Lies(ValueError), "says promise": lambda: Lies(Promise),
    "says nonsense": lambda: Lies(5), "pending": pending,
    "fulfilled": lambda: Promise.resolve(1), "rejected": lambda: Promise.reject(Trap("rejected")),
    "Promise": lambda: Promise, "resolve": settled_later, "cancelled": cancelled,
}  # fmt: skip


BASES = {"object": object, "list": list, "dict": dict, "int": int, "text": str, "float": float, "error": Exception}


def build(recipe: str | tuple[str, type[BaseException], tuple[str, ...]]) -> Any:
    """Make the object that a recipe describes."""
    if isinstance(recipe, str):
        return FACTORIES[recipe]()
    base, error, names = recipe
    kind = trapped(error, names, (BASES[base],))
    return kind() if base != "class" else kind
