"""What a callback's arguments mean: an outcome, which is values or an error, and how the values become one value.

`promisify`, `via` and the emitters of streams use these functions as plain data. They only look at arguments and
decide, on whatever thread the library calls.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from inspect import Parameter, Signature, signature
from types import FunctionType
from typing import Any, Final, TypeAlias, cast

from .errors import HERE, CallbackError, raised, set_traceback, short
from .misuse import expected_outcome
from .types import is_a

# Annotations may name what exists only for type checkers. From CPython 3.14 on, to read them would raise.
_annotationlib: Any = sys.modules.get("annotationlib")  # there `inspect` needs it, too
UNREAD: Final[dict[str, Any]] = (
    {} if _annotationlib is None else {"annotation_format": _annotationlib.Format.FORWARDREF}
)

# Foreign functions and their arguments have no types that could be stated once for all libraries, hence Any.
Outcome: TypeAlias = Callable[..., tuple[Any, ...]]
Shape: TypeAlias = Callable[[tuple[Any, ...]], Any]


def all_values(*values: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of a callback that is only called on success."""
    return only_values(values, values, named)


def error_first(error: Any = None, /, *values: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of `callback(error, *values)`: None means success, anything else, 0 included, is the error."""
    if error is not None:
        raise as_error(error, (error, *values), named)
    return only_values(values, (error, *values), named)


def error_last(*arguments: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of `callback(*values, error)`."""
    if arguments and arguments[-1] is not None:
        raise as_error(arguments[-1], arguments, named)
    return only_values(arguments[:-1], arguments, named)


def all_errors(*arguments: Any, **named: Any) -> tuple[Any, ...]:
    """Outcome of a callback that is only called on failure: its one exception, else all of its arguments."""
    raise as_error(the_exception(arguments), arguments, named)


def the_exception(arguments: tuple[object, ...]) -> BaseException | None:
    """Give the one exception among the arguments of a failure, which may come with a channel, a client or a text."""
    errors = [argument for argument in arguments if is_a(argument, BaseException)]
    return errors[0] if len(errors) == 1 else None


def only_values(values: tuple[Any, ...], arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """Give the values of a success, unless it came with keywords: nothing says what they mean."""
    if named:
        raise CallbackError(f"a callback got the keyword arguments {short(named)}", arguments, named)
    return values


def as_error(error: object, arguments: tuple[Any, ...], named: dict[str, Any]) -> BaseException:
    """Give the exception that a failure is, so that `except` finds it by its class, or wrap everything that came."""
    if is_a(error, BaseException) and not named:
        return error
    shown = ", ".join([*map(short, arguments), *(f"{key}={short(value)}" for key, value in named.items())])
    return CallbackError(f"a callback reported a failure: ({shown})", arguments, named)


def natural(values: tuple[Any, ...]) -> Any:
    """Shape by count: no value becomes None, one stays itself, more become a tuple."""
    return values[0] if len(values) == 1 else values or None


class Single:
    """Outcome by a function of the user's, which returns the one value itself."""

    __slots__ = ("read",)

    def __init__(self, read: Callable[..., Any]) -> None:
        self.read = read

    def __call__(self, *arguments: Any, **named: Any) -> tuple[Any]:
        """Give the value in a tuple, as any outcome does."""
        try:
            return (self.read(*arguments, **named),)
        finally:
            del arguments, named  # INV-RC of `cell`, as below: an argument may be the exception that is raised


def one_value(value: Any = None, /, *more: Any, **named: Any) -> Any:
    """Same as `natural(all_values(...))`, which it calls only if there is more than one value."""
    return natural(all_values(value, *more, **named)) if more or named else value


def one_after_error(*arguments: Any, **named: Any) -> Any:
    """Same as `natural(error_first(...))`, which it calls only if there is not just one value."""
    if len(arguments) == 2 and arguments[0] is None and not named:
        return arguments[1]
    return natural(error_first(*arguments, **named))


def one_before_error(*arguments: Any, **named: Any) -> Any:
    """Same as `natural(error_last(...))`, which it calls only if there is not just one value."""
    if len(arguments) == 2 and arguments[1] is None and not named:
        return arguments[0]
    return natural(error_last(*arguments, **named))


# The commonest outcomes, each combined with the natural shape, and fast for the usual number of arguments.
SHORT: Final[dict[Outcome, Callable[..., Any]]] = {
    all_values: one_value,
    error_first: one_after_error,
    error_last: one_before_error,
}


def reader(outcome: Outcome, shape: Shape = natural) -> Callable[..., Any]:
    """Combine both into one function, which returns the value that a call of the callback means, or raises."""
    if shape is natural and isinstance(outcome, Single):
        return outcome.read
    if shape is natural and type(outcome) is FunctionType and outcome in SHORT:  # others may be unhashable
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
            set_traceback(error, raised(error))
            reject(error)
        else:
            resolve(value)
        return returns

    return callback


def adapt_function(
    read: Callable[..., Any],
    resolve: Callable[[Any], object],
    reject: Callable[[Any], object],
    returns: Any = None,
    shown: Signature | None = None,
) -> Callable[..., Any]:
    """Same as `adapt` for a function of the user's: it runs in the context of this call, and its parameters are shown.

    All callbacks of a promisified function may share the signature that they show, `shown`.
    """
    callback = in_context(adapt(read, resolve, reject, returns))
    callback.__signature__ = late_signature(read) if shown is None else shown  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]  # `inspect` looks for it
    return callback


def in_context(function: Callable[..., Any]) -> Callable[..., Any]:
    """Have a function called in the context of this call, whoever calls it, on whatever thread.

    A context can be entered only once at a time, but a library may call on two threads at once, or again while it is
    being called. So the context that is kept here is never entered. Each call runs in a copy, which costs the same
    however much the context holds. What a call sets there, the next one does not see.
    """
    context = copy_context()

    def callback(*arguments: Any, **named: Any) -> Any:
        try:
            return context.copy().run(function, *arguments, **named)
        finally:
            del arguments, named  # INV-RC

    return callback


def written_here(function: object) -> bool:
    """Tell whether a function is one of this package, which needs no context and says nothing about a library."""
    return type(function) is FunctionType and function.__code__.co_filename.startswith(HERE)


def parameters_of(fn: Callable[..., Any], *, follow_wrapped: bool = False) -> dict[str, Parameter] | None:
    """Give a function's parameters, or None if it does not tell them, as many functions written in C."""
    try:
        return dict(signature(fn, follow_wrapped=follow_wrapped, **UNREAD).parameters)
    except Exception:  # a foreign `__signature__` may be anything
        return None


class LateSignature(Signature):
    """What `inspect` says of a callback: the parameters of the function that it stands for.

    Many libraries ask how many arguments a callback takes, and pass that many. Most callbacks are never asked, and to
    read a signature takes ten times as long as to make the callback. So it is read when somebody first looks.
    """

    __slots__ = ("fn",)

    fn: Callable[..., Any]

    def __getattr__(self, name: str) -> Any:
        """Read the signature: a field of `Signature` was asked for, and is not set yet."""
        if name not in Signature.__slots__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        parameters = parameters_of(self.fn, follow_wrapped=True)
        super().__init__(ANYTHING if parameters is None else list(parameters.values()))  # without what `fn` returns
        return getattr(self, name)


_new_signature: Callable[[type[LateSignature]], LateSignature] = object.__new__
ANYTHING: Final = [Parameter("arguments", Parameter.VAR_POSITIONAL), Parameter("named", Parameter.VAR_KEYWORD)]


def late_signature(fn: Callable[..., Any]) -> LateSignature:
    """Make the signature of a callback that stands for `fn`."""
    late = _new_signature(LateSignature)
    late.fn = fn
    return late


ANY_SIGNATURE: Final = Signature(ANYTHING)


def maker(outcome: Outcome, shape: Shape = natural) -> Callable[..., Callable[..., Any]]:
    """Choose how callbacks of this kind are made; like `adapt`, what is chosen takes `resolve`, `reject`, `returns`.

    A context is captured only if there is a function of the user's to run in it. If that one reads the arguments of the
    callback, its parameters are shown.
    """
    read = reader(outcome, shape)
    if written_here(outcome) and written_here(shape):
        return partial(adapt, read)
    if written_here(outcome):
        return partial(adapt_function, read, shown=ANY_SIGNATURE)
    return partial(adapt_function, read, shown=late_signature(outcome.read if isinstance(outcome, Single) else outcome))
