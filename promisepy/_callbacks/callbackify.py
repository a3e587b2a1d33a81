"""Turn functions that return promises into callback APIs: the rows of `conventions`, read in the other direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from inspect import Parameter, Signature
from types import SimpleNamespace
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, TypeVarTuple, cast, overload

from .._core import misuse
from .._core.handlers import Filtered
from .._core.outcomes import parameters_of
from .._core.types import Adoptable, Fulfilled, Rejected, is_a, public
from .._promises.promise import Promise
from .conventions import Convention, Place, Style, Tell, row_for, teller
from .places import WRAPPED, Places, dressed, owner_of

R = TypeVar("R")
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")


# A coroutine function returns a coroutine, which is adoptable like a promise. The callback may declare `Exception`;
# others (KeyboardInterrupt ...) reach it as well, as they would reach `except`. The types say `*tuple[*Ts, ...]`,
# because pyright takes a parameter after a bare `*Ts` for a keyword.
# fmt: off
@overload
def callbackify(fn: Callable[[*Ts], Adoptable[R]], /, *, style: Literal["error_first"] = "error_first") -> Callable[[*tuple[*Ts, Callable[[Exception | None, R | None], Any]]], None]: ...
@overload
def callbackify(fn: Callable[[*Ts], Adoptable[R]], /, *, style: Literal["error_last"]) -> Callable[[*tuple[*Ts, Callable[[R | None, Exception | None], Any]]], None]: ...
@overload
def callbackify(fn: Callable[[*Ts], Adoptable[R]], /, *, style: Literal["value"]) -> Callable[[*tuple[*Ts, Callable[[R], Any]]], None]: ...
@overload
def callbackify(fn: Callable[[*Ts], Adoptable[R]], /, *, style: Literal["two_callbacks"]) -> Callable[[*tuple[*Ts, Callable[[R], Any], Callable[[Exception], Any]]], None]: ...
@overload
def callbackify(fn: Callable[[*Ts], Adoptable[R]], /, *, style: Literal["future"]) -> Callable[[*tuple[*Ts, Callable[[Future[R]], Any]]], None]: ...
@overload
def callbackify(fn: Callable[P, Adoptable[R]], /, *, style: Literal["error_first"] = "error_first", callback: Literal[0]) -> Callable[Concatenate[Callable[[Exception | None, R | None], Any], P], None]: ...
@overload
def callbackify(fn: Callable[..., Any], /, *, style: Style | Convention = "error_first", callback: Place | None = None, errback: Place | None = None) -> Callable[..., Any]: ...
@overload
def callbackify(*, style: Style | Convention = "error_first", callback: Place | None = None, errback: Place | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
# fmt: on
@public
def callbackify(
    fn: Any = ..., /, *, style: Any = "error_first", callback: Place | None = None, errback: Place | None = None
) -> Any:
    """Make a function that returns a promise, or is a coroutine function, into one that calls back.

    Args:
        fn: the function. Left out, the call gives a decorator.
        style: how the outcome is told, as for `promisify`; a `Convention` needs `tell`.
        callback: where the callback is found, as for `promisify`.
        errback: where a callback for failures is found, if there is one.

    Returns:
        A function that takes the callbacks as well and returns None; with a place like `"().add_done_callback"` it
        returns an object that has such a method.

    Raises:
        TypeError: `fn` is not callable, `style` is unknown or cannot be told; at the call: a callback is missing.

    The callback is called once, as a handler of `then` is: later, on the home of the promise that `fn` returns. What it
    raises is reported as an unhandled rejection and never leads to a second call. A failure that the style cannot tell
    (`"value"`) is reported, too.

    Example:
        >>> @callbackify
        ... def divide(a, b):
        ...     return Promise.try_(lambda: a / b)
        >>> divide(6, 2, print)
        >>> divide(6, 0, print)
        >>> Promise.resolve().then().then().then().wait()
        None 3.0
        division by zero None
    """
    given = {"callback": callback, "errback": errback}
    options = {name: value for name, value in given.items() if value is not None}
    if fn is ...:
        return partial(_callbackify, style=style, options=options)
    return _callbackify(fn, style, options)


def _callbackify(fn: Any, style: Any, options: dict[str, Any]) -> Any:
    if is_a(fn, WRAPPED):  # a decorator in a class body gets the wrapper of a method
        return type(fn)(_callbackify(fn.__func__, style, options))
    row = row_for("callbackify", fn, style, options)
    tell = teller(row)
    if tell is None:
        raise misuse.no_tell()
    parameters = parameters_of(fn)
    owner = [name for name in list(parameters or ())[:1] if name in ("self", "cls")]
    found = [row.callback] if row.errback is None else [row.callback, row.errback]
    places = Places("callbackify", [p + len(owner) if type(p) is int and p >= 0 else p for p in found], None)
    shown = None if parameters is None else places.beside(parameters)
    if shown is None:
        # Positions do not count `self` or `cls`. It is shown as a parameter, so promisify does not count it either.
        shown = [Parameter(name, Parameter.POSITIONAL_ONLY) for name in owner]
        shown += [Parameter("arguments", Parameter.VAR_POSITIONAL), Parameter("keywords", Parameter.VAR_KEYWORD)]

    def called_back(*arguments: Any, **keywords: Any) -> Any:
        callbacks, positional, named = places.take(arguments, keywords)
        promise: Promise[Any] | None = None
        try:
            promise = Promise.try_(fn, *positional, **named)
            for number, name in places.attributes:
                callbacks[number] = partial(_call_attribute, owner_of(fn, arguments, name), name)
            if places.methods:
                return _registrar(promise, tell, places, callbacks)
            _tell(promise, tell, callbacks.get(0), callbacks.get(1))
            return None
        finally:
            del promise, callbacks, arguments, keywords, positional, named  # INV-RC

    return dressed(called_back, fn, shown, Signature.empty)


def _call_attribute(owner: Any, name: str, *arguments: Any) -> None:
    getattr(owner, name)(*arguments)  # looked up only now, when there is something to tell


def _tell(promise: Promise[Any], tell: Tell, callback: Any = None, errback: Any = None) -> None:
    """Leave the handlers that call the callback, or the errback if there is one."""

    def on_fulfilled(value: Any, /) -> None:
        if callback is not None:
            callback(*tell(Fulfilled(value)))

    def on_rejected(reason: Any, /) -> None:
        if errback is None:
            callback(*tell(Rejected(reason)))
        else:
            errback(reason)

    promise.then(on_fulfilled, cast("Any", Filtered(BaseException, on_rejected)))


def _registrar(promise: Promise[Any], tell: Tell, places: Places, given: dict[int, Any]) -> SimpleNamespace:
    """Make the object whose methods take callbacks after the call; those in `given` have come with the call."""
    errbacks: list[Any] = []

    def unless_told(reason: BaseException) -> None:
        if not errbacks:
            raise reason

    def register(numbers: list[int], callbacks: Sequence[Any]) -> None:
        if len(numbers) == places.count:
            _tell(promise, tell, *callbacks)
        elif numbers == [1]:
            errbacks.extend(callbacks)
            _tell(promise, tell, None, callbacks[0])
        else:  # it gets values only; `unless_told` raises a failure that no errback has been told
            _tell(promise, tell, callbacks[0], unless_told)

    def method(numbers: list[int]) -> Callable[..., Any]:
        def add(*callbacks: Any) -> Any:
            register(numbers, callbacks)
            return registrar

        return add

    for number, callback in given.items():
        register([number], [callback])
    registrar = SimpleNamespace(**{name: method(numbers) for name, numbers in places.methods.items()})
    return registrar
