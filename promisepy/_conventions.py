"""Callback conventions as data: where callbacks go, how their arguments tell an outcome, what shape a value has.

A row of `STYLES` is read by `promisify` in one direction (`outcome`: what a library passes becomes a value or an error)
and by `callbackify` in the other (`tell`: a value or an error becomes what a callback is given). The functions here are
plain data to both: they look at arguments and decide, on whatever thread the library calls.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from types import FunctionType, SimpleNamespace
from typing import Any, Final, Literal, TypeAlias, cast

from ._errors import CallbackError, Cancelled, cancelled_by, set_traceback, short, traceback_of
from ._misuse import expected_outcome
from ._reports import without_ours
from ._types import Fulfilled, FutureLike, Record, Settled, frozen, public

__all__ = [
    "STYLES",
    "Convention",
    "Place",
    "Shape",
    "Single",
    "Style",
    "Tell",
    "adapt",
    "all_errors",
    "all_values",
    "cancel_returned",
    "error_first",
    "error_last",
    "one_value",
    "reader",
    "reason_of",
    "teller",
]

# Foreign functions and their arguments have no types that could be stated once for all libraries, hence Any.
Outcome: TypeAlias = Callable[..., tuple[Any, ...]]
Shape: TypeAlias = Callable[[tuple[Any, ...]], Any]
Tell: TypeAlias = Callable[[Settled[Any]], tuple[Any, ...]]
Place: TypeAlias = int | str
Style: TypeAlias = Literal[
    "value",
    "error_first",
    "error_last",
    "status_first",
    "status_last",
    "two_callbacks",
    "two_keywords",
    "attribute",
    "future",
    "done_callback",
    "add_callback",
    "add_callbacks",
    "then",
    "async_finish",
]


def all_values(*values: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of a callback that is only called on success."""
    return _values(values, values, named)


def error_first(error: Any = None, /, *values: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of `callback(error, *values)`: None means success, anything else, 0 included, is the error."""
    if error is not None:
        raise _as_error(error, (error, *values), named)
    return _values(values, (error, *values), named)


def error_last(*arguments: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of `callback(*values, error)`."""
    if arguments and arguments[-1] is not None:
        raise _as_error(arguments[-1], arguments, named)
    return _values(arguments[:-1], arguments, named)


def status_first(*arguments: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of `callback(status, *values)`: 0 means success, as does None."""
    if arguments and _is_failure(arguments[0]):
        raise _as_error(arguments[0], arguments, named)
    return _values(arguments[1:], arguments, named)


def status_last(*arguments: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of `callback(*values, status)`."""
    if arguments and _is_failure(arguments[-1]):
        raise _as_error(arguments[-1], arguments, named)
    return _values(arguments[:-1], arguments, named)


def all_errors(*arguments: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of a callback that is only called on failure: its one exception, else all of its arguments."""
    errors = [argument for argument in arguments if issubclass(type(argument), BaseException)]
    raise _as_error(errors[0] if len(errors) == 1 else None, arguments, named)


def result_of(future: FutureLike[Any], /) -> tuple[Any]:
    """Outcome of `callback(future)`: what its `result()` returns or raises."""
    exception: Any = getattr(type(future), "exception", None)
    error: Any = None
    try:
        try:
            if callable(exception):  # asked first: it adds no frames to the traceback, result() adds two
                error = exception(future)
            if error is None:
                return (future.result(),)
        except BaseException as raised:  # whatever it is, it is the reason
            error = raised
        raise reason_of(future, error)
    finally:
        del future, error  # INV-RC of _cell.py: what is raised leads to this frame


def reason_of(future: object, error: BaseException) -> BaseException:
    """Give the error of a future, or `Cancelled` if it says it was cancelled: libraries have errors of their own."""
    cancelled: Any = getattr(type(future), "cancelled", None)
    try:
        is_cancelled = callable(cancelled) and cancelled(future) is True
    except Exception:
        return error  # which tells more than one about the question
    return cancelled_by(error) if is_cancelled and not issubclass(type(error), Cancelled) else error


def _values(values: tuple[Any, ...], arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """Give the values of a success, unless it came with keywords: nothing says what they mean."""
    if named:
        raise CallbackError(f"a callback got the keyword arguments {short(named)}", arguments, named)
    return values


def _is_failure(status: Any) -> bool:
    # By equality, since libraries have status objects that equal their number. A bool is no status: in some libraries
    # True would mean success, in others failure, and a loud error beats a guess.
    return status is not None and (isinstance(status, bool) or not status == 0)  # noqa: SIM201  # NaN and the like


def _as_error(error: object, arguments: tuple[Any, ...], named: dict[str, Any]) -> BaseException:
    """Give the exception that a failure is, so that `except` finds it by its class, or wrap everything that came."""
    if issubclass(type(error), BaseException) and not named:  # asked of the type: a Mock may claim any class
        return error  # type: ignore[return-value]  # an exception, as just asked
    shown = ", ".join([*map(short, arguments), *(f"{key}={short(value)}" for key, value in named.items())])
    return CallbackError(f"a callback reported a failure: ({shown})", arguments, named)


def natural(values: tuple[Any, ...]) -> Any:
    """Shape by number: nothing is None, one value is itself, more are a tuple."""
    return values[0] if len(values) == 1 else values or None


# What callbackify passes to the callback. An exception stands for itself wherever a library would have its error value.
def tell_value(outcome: Settled[Any]) -> tuple[Any, ...]:
    """Arguments of `callback(value)`, which cannot tell a failure."""
    if isinstance(outcome, Fulfilled):
        return (outcome.value,)
    raise outcome.reason


def tell_error_first(outcome: Settled[Any]) -> tuple[Any, ...]:
    """Arguments of `callback(error, value)`; both are always given, since Python functions count."""
    return (None, outcome.value) if isinstance(outcome, Fulfilled) else (outcome.reason, None)


def tell_error_last(outcome: Settled[Any]) -> tuple[Any, ...]:
    """Arguments of `callback(value, error)`."""
    return tell_error_first(outcome)[::-1]


def tell_status_first(outcome: Settled[Any]) -> tuple[Any, ...]:
    """Arguments of `callback(status, value)`."""
    return (0, outcome.value) if isinstance(outcome, Fulfilled) else (outcome.reason, None)


def tell_status_last(outcome: Settled[Any]) -> tuple[Any, ...]:
    """Arguments of `callback(value, status)`."""
    return tell_status_first(outcome)[::-1]


def tell_future(outcome: Settled[Any]) -> tuple[Any, ...]:
    """Arguments of `callback(future)`."""
    future: Future[Any] = Future()
    if isinstance(outcome, Fulfilled):
        future.set_result(outcome.value)
    else:
        future.set_exception(outcome.reason)
    return (future,)


def cancel_returned(returned: Any, /) -> None:
    """Cancel the future, or the like, that a call returned, if it can be."""
    cancel = getattr(returned, "cancel", None)
    if callable(cancel):
        cancel()


@public
@frozen
class Convention(Record):
    """How a library's functions take and call their callbacks.

    Attributes:
        callback: where the callback goes: a position (-1 after the other arguments, 0 before them, 1 after the first),
            the name of a keyword, `".name"` for an attribute of the object whose method is called, or `"().name"` for a
            method of what the call returns.
        errback: likewise for a second callback that is called on failure; None if there is none.
        outcome: called with what the library passes to the callback; returns the values as a tuple, or raises.
        failure: called with what the library passes to the errback; raises.
        shape: makes the promise's value of the tuple of values.
        check: called with what the call itself returns, before callbacks are registered on that; what it raises rejects
            the promise. Its result is ignored.
        cancel: called with what the call itself returned, on the promise's home, if the promise is cancelled.
        returns: what the callbacks return to the library.
        tell: makes the callback's arguments of an outcome, for `callbackify`.

    `outcome`, `failure` and `shape` run on the thread on which the library calls back.

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

    __slots__ = __match_args__ = (
        "callback",
        "errback",
        "outcome",
        "failure",
        "shape",
        "check",
        "cancel",
        "returns",
        "tell",
    )
    callback: Place
    errback: Place | None
    outcome: Outcome
    failure: Outcome
    shape: Shape
    check: Callable[[Any], object] | None
    cancel: Callable[[Any], object] | None
    returns: object
    tell: Tell | None

    def __init__(
        self,
        callback: Place = -1,
        errback: Place | None = None,
        outcome: Outcome = all_values,
        failure: Outcome = all_errors,
        shape: Shape = natural,
        check: Callable[[Any], object] | None = None,
        cancel: Callable[[Any], object] | None = None,
        returns: object = None,
        tell: Tell | None = None,
    ) -> None:
        super().__init__(callback, errback, outcome, failure, shape, check, cancel, returns, tell)


def async_finish(name: str) -> Convention:
    """Make the row for a function `x_async`, whose callback gets a source and a result: `source.x_finish(result)`."""
    finish = f"{name.removesuffix('_async')}_finish"

    def outcome(source: Any, result: Any, /, *_data: Any) -> tuple[Any]:
        return (getattr(source, finish)(result),)

    def tell(outcome: Settled[Any]) -> tuple[Any, ...]:
        return (SimpleNamespace(**{finish: Future[Any].result}), *tell_future(outcome))

    return Convention(outcome=outcome, tell=tell)


STYLES: Final[dict[str, Convention | Callable[[str], Convention]]] = {
    "value": Convention(),
    "error_first": Convention(outcome=error_first, tell=tell_error_first),
    "error_last": Convention(outcome=error_last, tell=tell_error_last),
    "status_first": Convention(outcome=status_first, tell=tell_status_first),
    "status_last": Convention(outcome=status_last, tell=tell_status_last),
    "two_callbacks": Convention(errback=-1),
    "two_keywords": Convention("callback", "error_callback"),
    "attribute": Convention(".callback"),
    "future": Convention(outcome=result_of, tell=tell_future),
    "done_callback": Convention("().add_done_callback", outcome=result_of, cancel=cancel_returned, tell=tell_future),
    "add_callback": Convention("().add_callback", "().add_errback", cancel=cancel_returned),
    "add_callbacks": Convention("().add_callbacks", "().add_callbacks", cancel=cancel_returned),
    "then": Convention("().then", "().then", cancel=cancel_returned),
    "async_finish": async_finish,
}


def teller(row: Convention) -> Tell | None:
    """Find how to tell an outcome; None if only the user could know."""
    return tell_value if row.tell is None and row.outcome is all_values else row.tell


class Single:
    """Outcome by a function of the user's that returns the one value itself."""

    __slots__ = ("read",)

    def __init__(self, read: Callable[..., Any]) -> None:
        self.read = read

    def __call__(self, *arguments: Any, **named: Any) -> tuple[Any]:
        """Give what a shape is made of."""
        try:
            return (self.read(*arguments, **named),)
        finally:
            del arguments, named  # INV-RC of _cell.py, as below: an argument may be what is raised


def one_value(value: Any = None, /, *more: Any, **named: Any) -> Any:
    """Equal `natural(all_values(...))`, which need not be asked if there is at most one value."""
    return natural(all_values(value, *more, **named)) if more or named else value


def one_after_error(*arguments: Any, **named: Any) -> Any:
    """Equal `natural(error_first(...))`, likewise."""
    if len(arguments) == 2 and arguments[0] is None and not named:
        return arguments[1]
    return natural(error_first(*arguments, **named))


def one_before_error(*arguments: Any, **named: Any) -> Any:
    """Equal `natural(error_last(...))`, likewise."""
    if len(arguments) == 2 and arguments[1] is None and not named:
        return arguments[0]
    return natural(error_last(*arguments, **named))


# What the commonest outcomes and the natural shape are together, for the usual number of arguments.
SHORT: Final[dict[Outcome, Callable[..., Any]]] = {
    all_values: one_value,
    error_first: one_after_error,
    error_last: one_before_error,
}


def reader(outcome: Outcome, shape: Shape = natural) -> Callable[..., Any]:
    """Make one function of both: it returns the value that a call of the callback means, or raises."""
    if shape is natural and isinstance(outcome, Single):
        return outcome.read
    if shape is natural and type(outcome) is FunctionType and outcome in SHORT:  # others may have no hash
        return SHORT[outcome]

    def read(*arguments: Any, **named: Any) -> Any:
        values: Any = None
        try:
            values = outcome(*arguments, **named)
            if not isinstance(cast("object", values), tuple):
                raise expected_outcome(values)
            return shape(values)
        finally:
            del arguments, named, values  # INV-RC

    return read


def adapt(
    read: Callable[..., Any], resolve: Callable[[Any], object], reject: Callable[[Any], object], returns: Any = None
) -> Callable[..., Any]:
    """Make the plain function that a library gets: it takes any arguments, never raises, and returns `returns`."""

    def callback(*arguments: Any, **named: Any) -> Any:
        try:
            value = read(*arguments, **named)
        except BaseException as error:
            del arguments, named  # INV-RC
            set_traceback(error, without_ours(traceback_of(error)))
            reject(error)
        else:
            resolve(value)
        return returns

    return callback
