"""Callback APIs become promises, and functions that return promises become callback APIs.

Both directions read the same rows of data: `_conventions` says how the arguments of a callback tell an outcome,
`_places` where the callbacks go.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from functools import WRAPPER_ASSIGNMENTS, partial, update_wrapper
from inspect import Parameter, Signature
from types import SimpleNamespace
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, TypeVarTuple, cast, overload

from . import _errors
from ._asyncio import has
from ._cell import Filtered
from ._conventions import STYLES, Convention, Place, Shape, Style, Tell, adapt, reader, teller
from ._places import Places, parameters_of
from ._promise import Promise, pending
from ._resolve import Claim, settle_by_raise
from ._types import Fulfilled, Rejected

__all__ = ["callbackify", "promisify", "submit"]

R = TypeVar("R")
R1 = TypeVar("R1")
R2 = TypeVar("R2")
E = TypeVar("E")
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")
Rs = TypeVarTuple("Rs")


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
    fn: Any = None,
    /,
    *,
    style: Any = "value",
    callback: Place | None = None,
    errback: Place | None = None,
    shape: Shape | None = None,
    check: Callable[[Any], object] | None = None,
    returns: Any = None,
    keep_alive: bool = False,
    result: type[Any] | None = None,
) -> Any:
    """Make a function that takes callbacks into one that returns a promise.

    Args:
        fn: the function of the library; it is called without the callback arguments, which are supplied here. Left out,
            the call gives a decorator.
        style: how the callback tells an outcome: the name of a style, a `Convention`, or a function that is called with
            the callback's arguments and returns the value or raises. The names are `"value"`, `"error_first"`,
            `"error_last"`, `"status_first"`, `"status_last"` (0 is success), `"two_callbacks"`, `"two_keywords"`,
            `"attribute"`, `"future"` (the callback gets one), `"done_callback"`, `"add_callback"`, `"add_callbacks"`,
            `"then"` (methods of what the call returns), `"async_finish"`.
        callback: where the callback goes: -1 last (the default), 0 first, another index, `"name"` for a keyword,
            `".name"` for an attribute of the method's object, `"().name"` for a method of what the call returns.
        errback: where a callback for failures goes, if there is one.
        shape: makes the value of the tuple of values; by default one value is itself and more are a tuple.
        check: called with what the call itself returns; what it raises rejects the promise.
        returns: what the callbacks return to the library, for those that look at it.
        keep_alive: the promise keeps its callbacks alive, for libraries that hold them only weakly.
        result: the type of the value, for functions whose own types do not tell it. Only checkers look at it.

    Returns:
        A function that returns a promise; name, doc and signature are those of `fn` without the callbacks. The promise
        is rejected with what `fn` raises, with the error that the library reports, wrapped in `CallbackError` unless it
        is an exception, or with `BrokenPromise` if the library drops the callbacks. Later calls of the callbacks are
        ignored. If `fn` returns an awaitable, its failure, or its value other than None, counts if it comes first.

    Raises:
        TypeError: `fn` is not callable, `style` is unknown, or `fn` has no such place for a callback.

    Handlers run on the home of the promise: the loop or thread of the call, wherever the library calls back. Functions
    for `style`, `shape` and `check` run where the library calls back, or where the promisified function is called.

    Example:
        >>> from multiprocessing.pool import ThreadPool
        >>> with ThreadPool(1) as pool:
        ...     run = promisify(pool.apply_async, style="two_keywords", result=int)
        ...     run(divmod, (7, 2)).wait()
        (3, 1)
    """
    given: dict[str, Any] = {"callback": callback, "errback": errback, "shape": shape, "check": check}
    given["returns"] = returns
    options = {name: value for name, value in given.items() if value is not None}
    if fn is None:
        return partial(_promisify, style=style, options=options, keep_alive=keep_alive)
    return _promisify(fn, style, options, keep_alive=keep_alive)


def _promisify(fn: Any, style: Any, options: dict[str, Any], *, keep_alive: bool) -> Any:
    row = _row("promisify", fn, style, options)
    parameters = parameters_of(fn)
    places = Places("promisify", [row.callback] if row.errback is None else [row.callback, row.errback], parameters)
    read, read_failure = reader(row.outcome, row.shape), reader(row.failure)
    check, returns, errback = row.check, row.returns, row.errback is not None
    start = _starter(fn, places)

    def promised(*arguments: Any, **keywords: Any) -> Promise[Any]:
        promise = pending()
        claim = Claim((promise,))
        callback = adapt(read, claim.resolve, claim.reject, returns)
        callbacks = (callback, adapt(read_failure, claim.resolve, claim.reject, returns)) if errback else (callback,)
        if keep_alive:
            claim.keep(callbacks)
        undo = Undo()
        try:
            returned = start(callbacks, arguments, keywords, undo)
            if returned is not None:
                if check is not None:
                    check(returned)
                if has(returned, "__await__"):
                    _await_too(returned, claim)
        except BaseException as error:
            settle_by_raise(promise, claim.reject, error)
        finally:
            del callback, callbacks, claim  # INV-RC
        return promise.finally_(undo) if undo else promise

    return _dressed(promised, fn, places.without(parameters) if parameters is not None else None)


def _row(caller: str, fn: Any, style: Any, options: dict[str, Any]) -> Convention:
    """Find the row of data for a function, and refuse at the call what would fail when the library calls back."""
    if not callable(fn):
        raise _errors.expected_function(caller, "its argument", fn)
    row = STYLES.get(style) if isinstance(style, str) else style
    if isinstance(style, str) and callable(row):
        row = row(getattr(fn, "__name__", ""))
    elif callable(row):
        row = Convention(outcome=_single(row))
    if not isinstance(row, Convention):
        raise _errors.expected_style(caller, STYLES, style)
    row = replace(row, **options)
    for name in ("outcome", "failure", "shape", "check", "tell"):
        function: object = getattr(row, name)
        if not callable(function) and (function is not None or name not in ("check", "tell")):
            raise _errors.expected_function(caller, name, function)
    return row


def _single(read: Callable[..., Any]) -> Callable[..., tuple[Any]]:
    return lambda *arguments, **named: (read(*arguments, **named),)


class Undo(list[Callable[[], object]]):
    """Steps to take when the promise is settled."""

    def __call__(self) -> None:
        """Take them."""
        while self:
            self.pop()()


def _starter(fn: Callable[..., Any], places: Places) -> Callable[..., Any]:
    """Make the function that calls `fn` with the callbacks in their places."""
    index = places.consecutive

    def start(callbacks: tuple[Any, ...], arguments: tuple[Any, ...], keywords: dict[str, Any], undo: Undo) -> Any:
        if index == -1 or index == len(arguments):
            return fn(*arguments, *callbacks, **keywords)
        for number, name in places.attributes:
            undo.append(_assign(_owner(fn, arguments, name), name, callbacks[number]))
        positional, named = places.insert(callbacks, arguments, keywords)
        returned = fn(*positional, **named)
        for name, numbers in places.methods.items():
            getattr(returned, name)(*[callbacks[number] for number in numbers])
        return None if places.methods else returned

    return start


def _owner(fn: Any, arguments: tuple[Any, ...], name: str) -> Any:
    """Give the object whose method `fn` is: bound to it, or called with it as its first argument."""
    owner = getattr(fn, "__self__", None)
    if owner is None and not arguments:
        raise _errors.no_owner(name)
    return arguments[0] if owner is None else owner


def _assign(owner: Any, name: str, callback: Callable[..., Any]) -> Callable[[], object]:
    """Set an attribute, and give the function that sets it back unless somebody else has set it since."""
    before = getattr(owner, name, None)
    setattr(owner, name, callback)
    return lambda: setattr(owner, name, before) if getattr(owner, name, None) is callback else None


def _await_too(returned: Any, claim: Claim) -> None:
    """Let an awaitable that the call returned settle the promise, if it comes first.

    A None says nothing: of `async def get(key, callback)` it only means that the request has been sent.
    """

    def settle(value: Any, /) -> None:
        if value is not None:
            claim.resolve(value)

    Promise.resolve(returned).then(settle, Filtered(BaseException, claim.reject))


def _dressed(wrapper: Any, fn: Any, parameters: list[Parameter] | None, result: Any = Promise) -> Any:
    """Give a wrapper the name, doc and signature of what it wraps, as far as they still hold."""
    named = [name for name in WRAPPER_ASSIGNMENTS if name not in ("__annotations__", "__type_params__")]
    update_wrapper(wrapper, fn, assigned=named, updated=())
    del wrapper.__wrapped__  # its signature has the callbacks, or lacks them
    if parameters is not None:
        wrapper.__signature__ = Signature(parameters, return_annotation=result)
    return wrapper


def callbackify(
    fn: Any = None, /, *, style: Any = "error_first", callback: Place | None = None, errback: Place | None = None
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
    if fn is None:
        return partial(_callbackify, style=style, options=options)
    return _callbackify(fn, style, options)


def _callbackify(fn: Any, style: Any, options: dict[str, Any]) -> Any:
    row = _row("callbackify", fn, style, options)
    tell = teller(row)
    if tell is None:
        raise _errors.no_tell()
    parameters = parameters_of(fn)
    first = parameters is not None and next(iter(parameters), "") in ("self", "cls")
    found = [row.callback] if row.errback is None else [row.callback, row.errback]
    places = Places("callbackify", [p + 1 if first and isinstance(p, int) and p >= 0 else p for p in found], None)

    def called_back(*arguments: Any, **keywords: Any) -> Any:
        callbacks, positional, named = places.take(arguments, keywords)
        promise = Promise.try_(fn, *positional, **named)
        for number, name in places.attributes:
            owner = _owner(fn, arguments, name)
            callbacks.insert(number, partial(_call_attribute, owner, name))
        if places.methods:
            return _registrar(promise, tell, places)
        _tell(promise, tell, *callbacks)
        return None

    return _dressed(called_back, fn, None)


def _call_attribute(owner: Any, name: str, *arguments: Any) -> None:
    getattr(owner, name)(*arguments)  # looked up when there is something to tell


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


def _registrar(promise: Promise[Any], tell: Tell, places: Places) -> SimpleNamespace:
    """Make the object with methods to which callbacks are given after the call."""
    errbacks: list[Any] = []

    def unless_told(reason: BaseException) -> None:
        if not errbacks:
            raise reason

    def method(numbers: list[int]) -> Callable[..., Any]:
        def register(*callbacks: Any) -> Any:
            if numbers == [1]:
                errbacks.extend(callbacks)
                _tell(promise, tell, None, callbacks[0])
            elif numbers == [0] and len(places.methods) == 2:
                _tell(promise, tell, callbacks[0], unless_told)
            else:
                _tell(promise, tell, *callbacks)
            return registrar

        return register

    registrar = SimpleNamespace(**{name: method(numbers) for name, numbers in places.methods.items()})
    return registrar


def submit(executor: Executor, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Promise[R]:
    """Call a function in an executor: threads, processes or a cluster, anything with the interface of `Executor`.

    Args:
        executor: from `concurrent.futures`, or of that kind, such as dask's `Client.get_executor()`.
        fn: the function; `args` and `kwargs` are passed on to it.

    Returns:
        A promise for what the function returns, rejected with what it raises, or with what `executor.submit` raises.

    Raises:
        TypeError: `executor` has no method `submit`, or `fn` is not callable.

    Handlers run on the promise's home, not in the executor.

    Example:
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor() as executor:
        ...     submit(executor, pow, 2, 5).wait()
        32
    """
    if not callable(getattr(executor, "submit", None)):
        raise _errors.expected_executor_object(executor)
    if not callable(fn):
        raise _errors.expected_callable("submit()", fn, "a function")
    promise: Promise[Any] = Promise.try_(executor.submit, fn, *args, **kwargs)
    return promise
