"""Callback conventions as data: where callbacks go, how their arguments tell an outcome, what shape a value has.

`promisify` reads a row of `STYLES` in one direction (`outcome`: what a library passes becomes a value or an error).
`callbackify` reads it in the other (`tell`: a value or an error becomes what a callback is given).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, Literal, TypeAlias

from .._core import misuse
from .._core.errors import reason_of, text_of
from .._core.outcomes import (
    Outcome,
    Shape,
    Single,
    all_errors,
    all_values,
    as_error,
    error_first,
    error_last,
    natural,
    only_values,
    parameters_of,
)
from .._core.types import Fulfilled, FutureLike, Record, Settled, frozen, is_a, public

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


def status_first(*arguments: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of `callback(status, *values)`: 0 means success, as does None."""
    if arguments and _is_failure(arguments[0]):
        raise as_error(arguments[0], arguments, named)
    return only_values(arguments[1:], arguments, named)


def status_last(*arguments: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of `callback(*values, status)`."""
    if arguments and _is_failure(arguments[-1]):
        raise as_error(arguments[-1], arguments, named)
    return only_values(arguments[:-1], arguments, named)


def result_of(future: FutureLike[Any], /) -> tuple[Any]:
    """Outcome of `callback(future)`: what its `result()` returns or raises."""
    exception: Any = getattr(type(future), "exception", None)
    error: Any = None
    try:
        try:
            if callable(exception):  # called first: it adds no frames to the traceback, and result() adds two
                error = exception(future)
            if error is None:
                return (future.result(),)
        except BaseException as raised:  # whatever it is, it becomes the reason
            error = raised
        raise reason_of(future, error)
    finally:
        del future, error  # INV-RC of `cell`: what is raised leads to this frame


def _is_failure(status: Any) -> bool:
    # Compared by equality, because some libraries have status objects that equal their number. A bool counts as a
    # failure: True would mean success in some libraries and failure in others, and a loud error beats a guess.
    return status is not None and (isinstance(status, bool) or not status == 0)  # noqa: SIM201  # NaN and the like


# What callbackify passes to the callback: the exception itself, wherever a library would pass its own error value.
def tell_value(outcome: Settled[Any]) -> tuple[Any, ...]:
    """Arguments of `callback(value)`, which cannot tell a failure."""
    if isinstance(outcome, Fulfilled):
        return (outcome.value,)
    raise outcome.reason


def tell_error_first(outcome: Settled[Any]) -> tuple[Any, ...]:
    """Arguments of `callback(error, value)`; both are always passed, since Python functions insist on the number."""
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
    """Cancel what a call returned, a future or the like, if it can be cancelled."""
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

    `outcome`, `failure` and `shape` run on the thread on which the library calls back, in the context of the call.

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


def async_finish(caller: str, fn: Any) -> Convention:
    """Make the row for a function `x_async`, whose callback gets a source and a result: `source.x_finish(result)`."""
    named = fn
    while is_a(named, partial):
        named = named.func
    name = text_of(named, "__name__")
    if not name:
        raise misuse.expected_name(caller, fn)
    finish = f"{name.removesuffix('_async')}_finish"

    def outcome(source: Any, result: Any, /, *_data: Any) -> tuple[Any]:
        return (getattr(source, finish)(result),)

    def tell(outcome: Settled[Any]) -> tuple[Any, ...]:
        return (SimpleNamespace(**{finish: Future[Any].result}), *tell_future(outcome))

    is_named = caller == "promisify" and "callback" in (parameters_of(fn) or ())
    return Convention("callback" if is_named else -1, outcome=outcome, tell=tell)


STYLES: Final[dict[str, Convention | Callable[[str, Any], Convention]]] = {
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
    """Find out how to tell an outcome; None if only the user could know."""
    return tell_value if row.tell is None and row.outcome is all_values else row.tell


def row_for(caller: str, fn: Any, style: Any, options: dict[str, Any]) -> Convention:
    """Find the row of data for a function; refuse now what would otherwise fail when the library calls back."""
    if not callable(fn):
        raise misuse.expected_function(caller, "its argument", fn)
    is_name = is_a(style, str)
    row = STYLES.get(style) if is_name else style
    if is_name and callable(row):
        row = row(caller, fn)
    elif callable(row):
        row = Convention(outcome=Single(row))
    if not is_a(row, Convention):
        raise misuse.expected_style(caller, STYLES, style)
    convention = row.__replace__(**options)
    for name in ("outcome", "failure", "shape", "check", "cancel", "tell"):
        function: object = getattr(convention, name)
        if not callable(function) and (function is not None or name not in ("check", "cancel", "tell")):
            raise misuse.expected_function(caller, name, function)
    return convention
