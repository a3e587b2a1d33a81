"""Callback APIs become promises: each convention is a row of data, and one function reads the rows.

A convention answers four independent questions: where the callbacks go, how the arguments of a callback tell an
outcome, what shape a value has, and how the work is cancelled (the last one comes with cancellation).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import WRAPPER_ASSIGNMENTS, update_wrapper
from typing import Any, Concatenate, Final, Literal, ParamSpec, TypeAlias, TypeVar, TypeVarTuple, cast, overload

from . import _errors
from ._errors import CallbackError, short
from ._promise import Promise
from ._resolve import settle_by_raise

__all__ = ["Convention", "promisify"]

R = TypeVar("R")
R1 = TypeVar("R1")
R2 = TypeVar("R2")
E = TypeVar("E")
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")
Rs = TypeVarTuple("Rs")

# Foreign functions and their arguments have no types that could be stated once for all libraries, hence Any.
Outcome: TypeAlias = Callable[..., tuple[Any, ...]]
Shape: TypeAlias = Callable[[tuple[Any, ...]], Any]
Place: TypeAlias = int | str
Style: TypeAlias = Literal["value", "error_first", "error_last", "two_callbacks"]


def all_values(*values: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of a callback that is only called on success."""
    if named:
        raise CallbackError(f"a callback got the keyword arguments {short(named)}", values, named)
    return values


def error_first(error: Any = None, *values: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of `callback(error, *values)`: None means success, anything else, 0 included, is the error."""
    if error is not None:
        raise _as_error(error, (error, *values), named)
    return all_values(*values, **named)


def error_last(*arguments: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of `callback(*values, error)`."""
    *values, error = arguments or (None,)
    if error is not None:
        raise _as_error(error, arguments, named)
    return all_values(*values, **named)


def failure(*arguments: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of a callback that is only called on failure."""
    raise _as_error(arguments[0] if arguments else None, arguments, named)


def _as_error(error: object, arguments: tuple[Any, ...], named: dict[str, Any]) -> BaseException:
    # Extra arguments would be lost with the bare exception, so then, too, CallbackError keeps everything.
    if isinstance(error, BaseException) and not named:
        return error
    shown = ", ".join([*map(short, arguments), *(f"{key}={short(value)}" for key, value in named.items())])
    return CallbackError(f"a callback reported a failure: ({shown})", arguments, named)


def natural(values: tuple[Any, ...]) -> Any:
    """Shape by number: nothing is None, one value is itself, more are a tuple."""
    return values[0] if len(values) == 1 else values or None


@dataclass(frozen=True, slots=True)
class Convention:
    """How a library's functions take and call their callbacks.

    Attributes:
        callback: where the callback goes: -1 after the other arguments, 0 before them, or the name of a keyword.
        errback: likewise for a second callback that is called on failure; None if there is none.
        outcome: called with what the library passes to the callback; returns the values as a tuple, or raises.
        shape: makes the promise's value of that tuple.

    `outcome` and `shape` run on the thread on which the library calls back.

    Example:
        >>> def fetch(name, on_done):
        ...     on_done(200, name.upper())
        >>> def check(status, body):
        ...     if status != 200:
        ...         raise OSError(status)
        ...     return (body,)
        >>> promisify(fetch, style=Convention(outcome=check), result=str)("page").wait()
        'PAGE'
    """

    callback: Place = -1
    errback: Place | None = None
    outcome: Outcome = all_values
    shape: Shape = natural


STYLES: Final[dict[str, Convention]] = {
    "value": Convention(),
    "error_first": Convention(outcome=error_first),
    "error_last": Convention(outcome=error_last),
    "two_callbacks": Convention(errback=-1),
}


@overload
def promisify(
    fn: Callable[[*Ts, Callable[[], Any]], Any], /, *, style: Literal["value"] = "value", callback: Literal[-1] = -1
) -> Callable[[*Ts], Promise[None]]: ...
@overload
def promisify(
    fn: Callable[[*Ts, Callable[[R], Any]], Any], /, *, style: Literal["value"] = "value", callback: Literal[-1] = -1
) -> Callable[[*Ts], Promise[R]]: ...
@overload
def promisify(
    fn: Callable[[*Ts, Callable[[R1, R2, *Rs], Any]], Any],
    /,
    *,
    style: Literal["value"] = "value",
    callback: Literal[-1] = -1,
) -> Callable[[*Ts], Promise[tuple[R1, R2, *Rs]]]: ...
@overload
def promisify(
    fn: Callable[Concatenate[Callable[[], Any], P], Any], /, *, style: Literal["value"] = "value", callback: Literal[0]
) -> Callable[P, Promise[None]]: ...
@overload
def promisify(
    fn: Callable[Concatenate[Callable[[R], Any], P], Any], /, *, style: Literal["value"] = "value", callback: Literal[0]
) -> Callable[P, Promise[R]]: ...
@overload
def promisify(
    fn: Callable[Concatenate[Callable[[R1, R2, *Rs], Any], P], Any],
    /,
    *,
    style: Literal["value"] = "value",
    callback: Literal[0],
) -> Callable[P, Promise[tuple[R1, R2, *Rs]]]: ...
@overload
def promisify(
    fn: Callable[[*Ts, Callable[[E | None], Any]], Any], /, *, style: Literal["error_first", "error_last"]
) -> Callable[[*Ts], Promise[None]]: ...
@overload
def promisify(
    fn: Callable[[*Ts, Callable[[E | None, R | None], Any]], Any], /, *, style: Literal["error_first"]
) -> Callable[[*Ts], Promise[R]]: ...
@overload
def promisify(
    fn: Callable[[*Ts, Callable[[E | None, R1 | None, R2 | None], Any]], Any], /, *, style: Literal["error_first"]
) -> Callable[[*Ts], Promise[tuple[R1, R2]]]: ...
@overload
def promisify(
    fn: Callable[[*Ts, Callable[[R | None, E | None], Any]], Any], /, *, style: Literal["error_last"]
) -> Callable[[*Ts], Promise[R]]: ...
@overload
def promisify(
    fn: Callable[[*Ts, Callable[[], Any], Callable[..., Any]], Any], /, *, style: Literal["two_callbacks"]
) -> Callable[[*Ts], Promise[None]]: ...
@overload
def promisify(
    fn: Callable[[*Ts, Callable[[R], Any], Callable[..., Any]], Any], /, *, style: Literal["two_callbacks"]
) -> Callable[[*Ts], Promise[R]]: ...
@overload
def promisify(
    fn: Callable[[*Ts, Callable[[R1, R2, *Rs], Any], Callable[..., Any]], Any], /, *, style: Literal["two_callbacks"]
) -> Callable[[*Ts], Promise[tuple[R1, R2, *Rs]]]: ...
@overload
def promisify(
    fn: Callable[..., Any],
    /,
    *,
    style: Style | Convention = "value",
    callback: Place | None = None,
    errback: Place | None = None,
    shape: Shape | None = None,
    result: type[R],
) -> Callable[..., Promise[R]]: ...
@overload
def promisify(
    fn: Callable[..., Any],
    /,
    *,
    style: Style | Convention = "value",
    callback: Place | None = None,
    errback: Place | None = None,
    shape: Callable[[tuple[Any, ...]], R],
) -> Callable[..., Promise[R]]: ...
def promisify(
    fn: Any,
    /,
    *,
    style: Style | Convention = "value",
    callback: Place | None = None,
    errback: Place | None = None,
    shape: Shape | None = None,
    result: type[Any] | None = None,
) -> Any:
    """Make a function that takes callbacks into one that returns a promise.

    Args:
        fn: the function of the library; it is called without the callback arguments, which are supplied here.
        style: how the callback tells an outcome: `"value"` (success only), `"error_first"` and `"error_last"` (an error
            among the arguments, None for success), `"two_callbacks"`; or a `Convention` of your own.
        callback: where the callback goes: -1 last (the default), 0 first, or the name of a keyword argument.
        errback: where a callback for failures goes, if there is one.
        shape: makes the value of the tuple of values; by default one value is itself and more are a tuple.
        result: the type of the value, for functions whose own types do not tell it. Only checkers look at it.

    Returns:
        A function that returns a promise. The promise is rejected with what `fn` raises, with the error that the
        library reports, wrapped in `CallbackError` unless it is an exception, or with `BrokenPromise` if the library
        drops the callbacks. Later calls of the callbacks are ignored.

    Raises:
        TypeError: `fn` is not callable, or `style` is unknown.

    Handlers run on the home of the promise: the loop or thread of the call, wherever the library calls back.

    Example:
        >>> from multiprocessing.pool import ThreadPool
        >>> with ThreadPool(1) as pool:
        ...     run = promisify(pool.apply_async, callback="callback", errback="error_callback", result=int)
        ...     run(divmod, (7, 2)).wait()
        (3, 1)
    """
    if not callable(fn):
        raise _errors.expected_function("its argument", fn)
    convention = STYLES.get(style) if isinstance(style, str) else style
    if not isinstance(convention, Convention):
        raise _errors.expected_style(STYLES, style)
    given: dict[str, Any] = {"callback": callback, "errback": errback, "shape": shape}
    row = replace(convention, **{name: value for name, value in given.items() if value is not None})
    _check(row)

    def promised(*arguments: Any, **keywords: Any) -> Promise[Any]:
        promise, resolve, reject = new_promise()
        callbacks = [(row.callback, _adapt(row.outcome, row.shape, resolve, reject))]
        if row.errback is not None:
            callbacks.append((row.errback, _adapt(failure, row.shape, resolve, reject)))
        arguments, keywords = _insert(callbacks, arguments, keywords)
        try:
            fn(*arguments, **keywords)
        except BaseException as error:
            settle_by_raise(promise, reject, error)
        return promise

    named = [name for name in WRAPPER_ASSIGNMENTS if name not in ("__annotations__", "__type_params__")]
    wrapped = update_wrapper(promised, fn, assigned=named, updated=())
    del wrapped.__wrapped__  # its signature has the callbacks, this one has not
    return wrapped


# Bound once: Promise[Any] costs as much as all the rest of the call.
new_promise = Promise[Any].with_resolvers


def _adapt(
    outcome: Outcome, shape: Shape, resolve: Callable[..., None], reject: Callable[..., None]
) -> Callable[..., None]:
    """Make the plain function that the library gets: any arguments, no result, never raises."""

    def callback(*arguments: Any, **keywords: Any) -> None:
        try:
            values = outcome(*arguments, **keywords)
            if not isinstance(cast("object", values), tuple):
                raise _errors.expected_outcome(values)
            value = shape(values)
        except BaseException as error:
            traceback = error.__traceback__
            while traceback is not None and traceback.tb_frame.f_globals is globals():
                traceback = traceback.tb_next  # what the library reported was not raised here
            reject(error.with_traceback(traceback))
        else:
            resolve(value)

    return callback


def _insert(
    callbacks: list[tuple[Place, Callable[..., None]]], arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Put the callbacks where the convention wants them."""
    first = [function for place, function in callbacks if place == 0]
    last = [function for place, function in callbacks if place == -1]
    named = {place: function for place, function in callbacks if isinstance(place, str)}
    return (*first, *arguments, *last), {**keywords, **named}


def _check(row: Convention) -> None:
    """Refuse at the call what would otherwise fail when the library calls back."""
    for place in (row.callback, row.errback):
        if place is not None and not isinstance(place, str) and place not in (0, -1):
            raise _errors.expected_place(place)
    if isinstance(row.callback, str) and row.callback == row.errback:
        raise _errors.same_place(row.callback)
    for name, function in (("outcome", row.outcome), ("shape", row.shape)):
        if not callable(function):
            raise _errors.expected_function(name, function)
