"""Callback APIs become promises.

The rows of data in `conventions` say how the arguments of a callback tell an outcome, `places` where callbacks go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import copy_context
from functools import partial
from inspect import getattr_static
from types import CoroutineType, NoneType, new_class
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Literal,
    ParamSpec,
    TypeAlias,
    TypeVar,
    TypeVarTuple,
    Unpack,
    cast,
    overload,
)
from weakref import ref

from .._core import misuse
from .._core.claim import Claim, settle_by_raise
from .._core.errors import name_of, qualified_name_of
from .._core.handlers import Filtered
from .._core.jobs import Home
from .._core.outcomes import Shape, adapt, maker, one_value, parameters_of, reader
from .._core.resolve import CleanUp
from .._core.tasks import canceller, has
from .._core.types import FutureLike, Thenable, is_a, public
from .._promises.promise import Promise, pending
from .conventions import Convention, Place, Style, cancel_returned, row_for
from .places import WRAPPED, Places, dressed, owner_of
from .pump import Pump

if TYPE_CHECKING:
    from typing_extensions import TypeForm

    from .promisify_types import ErrorFirst, ErrorLast, First, Options, TwoCallbacks, Value


R = TypeVar("R")
R1 = TypeVar("R1")
R2 = TypeVar("R2")
E = TypeVar("E")
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")
Rs = TypeVarTuple("Rs")
Methods: TypeAlias = Iterable[str] | Mapping[str, str]


# Each overload with `result` comes twice: checkers that do not know `TypeForm` yet still know `type`.
# fmt: off
@overload
def promisify(fn: Callable[[*Ts, Callable[[], Any]], Any], /, *, style: Literal["value"] = "value", callback: Literal[-1] = -1, **options: Unpack[Options]) -> Callable[[*Ts], Promise[None]]: ...
@overload
def promisify(fn: Callable[[*Ts, Callable[[R], Any]], Any], /, *, style: Literal["value"] = "value", callback: Literal[-1] = -1, **options: Unpack[Options]) -> Callable[[*Ts], Promise[R]]: ...
@overload
def promisify(fn: Callable[[*Ts, Callable[[R1, R2, *Rs], Any]], Any], /, *, style: Literal["value"] = "value", callback: Literal[-1] = -1, **options: Unpack[Options]) -> Callable[[*Ts], Promise[tuple[R1, R2, *Rs]]]: ...
@overload
def promisify(fn: Callable[Concatenate[Callable[[], Any], P], Any], /, *, style: Literal["value"] = "value", callback: Literal[0], **options: Unpack[Options]) -> Callable[P, Promise[None]]: ...
@overload
def promisify(fn: Callable[Concatenate[Callable[[R], Any], P], Any], /, *, style: Literal["value"] = "value", callback: Literal[0], **options: Unpack[Options]) -> Callable[P, Promise[R]]: ...
@overload
def promisify(fn: Callable[Concatenate[Callable[[R1, R2, *Rs], Any], P], Any], /, *, style: Literal["value"] = "value", callback: Literal[0], **options: Unpack[Options]) -> Callable[P, Promise[tuple[R1, R2, *Rs]]]: ...
@overload
def promisify(fn: Callable[[*Ts, Callable[[E | None], Any]], Any], /, *, style: Literal["error_first", "error_last"], **options: Unpack[Options]) -> Callable[[*Ts], Promise[None]]: ...
@overload
def promisify(fn: Callable[[*Ts, Callable[[E | None, R | None], Any]], Any], /, *, style: Literal["error_first"], **options: Unpack[Options]) -> Callable[[*Ts], Promise[R]]: ...
@overload
def promisify(fn: Callable[[*Ts, Callable[[E | None, R1 | None, R2 | None], Any]], Any], /, *, style: Literal["error_first"], **options: Unpack[Options]) -> Callable[[*Ts], Promise[tuple[R1, R2]]]: ...
@overload
def promisify(fn: Callable[[*Ts, Callable[[R | None, E | None], Any]], Any], /, *, style: Literal["error_last"], **options: Unpack[Options]) -> Callable[[*Ts], Promise[R]]: ...
@overload
def promisify(fn: Callable[[*Ts, Callable[[E], Any]], Any], /, *, style: Literal["status_first", "status_last"], **options: Unpack[Options]) -> Callable[[*Ts], Promise[None]]: ...
@overload
def promisify(fn: Callable[[*Ts, Callable[[E, R], Any]], Any], /, *, style: Literal["status_first"], **options: Unpack[Options]) -> Callable[[*Ts], Promise[R]]: ...
@overload
def promisify(fn: Callable[[*Ts, Callable[[E, R1, R2, *Rs], Any]], Any], /, *, style: Literal["status_first"], **options: Unpack[Options]) -> Callable[[*Ts], Promise[tuple[R1, R2, *Rs]]]: ...
@overload
def promisify(fn: Callable[[*Ts, Callable[[R, E], Any]], Any], /, *, style: Literal["status_last"], **options: Unpack[Options]) -> Callable[[*Ts], Promise[R]]: ...
@overload
def promisify(fn: Callable[[*Ts, Callable[[], Any], Callable[..., Any]], Any], /, *, style: Literal["two_callbacks"], **options: Unpack[Options]) -> Callable[[*Ts], Promise[None]]: ...
@overload
def promisify(fn: Callable[[*Ts, Callable[[R], Any], Callable[..., Any]], Any], /, *, style: Literal["two_callbacks"], **options: Unpack[Options]) -> Callable[[*Ts], Promise[R]]: ...
@overload
def promisify(fn: Callable[[*Ts, Callable[[R1, R2, *Rs], Any], Callable[..., Any]], Any], /, *, style: Literal["two_callbacks"], **options: Unpack[Options]) -> Callable[[*Ts], Promise[tuple[R1, R2, *Rs]]]: ...
@overload
def promisify(fn: Callable[[*Ts, Callable[[FutureLike[R]], Any]], Any], /, *, style: Literal["future"], **options: Unpack[Options]) -> Callable[[*Ts], Promise[R]]: ...
@overload
def promisify(fn: Callable[P, FutureLike[R]], /, *, style: Literal["done_callback"], **options: Unpack[Options]) -> Callable[P, Promise[R]]: ...
@overload
def promisify(fn: Callable[P, Thenable[R]], /, *, style: Literal["then"], **options: Unpack[Options]) -> Callable[P, Promise[R]]: ...
@overload
def promisify(fn: Callable[..., Any], /, *, style: Callable[..., R], callback: Place | None = None, errback: Place | None = None, **options: Unpack[Options]) -> Callable[..., Promise[R]]: ...
@overload
def promisify(fn: Callable[..., Any], /, *, style: Style | Convention | Callable[..., Any] = "value", callback: Place | None = None, errback: Place | None = None, shape: Shape | None = None, result: type[R], **options: Unpack[Options]) -> Callable[..., Promise[R]]: ...
@overload
def promisify(fn: Callable[..., Any], /, *, style: Style | Convention | Callable[..., Any] = "value", callback: Place | None = None, errback: Place | None = None, shape: Shape | None = None, result: TypeForm[R], **options: Unpack[Options]) -> Callable[..., Promise[R]]: ...
@overload
def promisify(fn: Callable[..., Any], /, *, style: Style | Convention | Callable[..., Any] = "value", callback: Place | None = None, errback: Place | None = None, shape: Callable[[tuple[Any, ...]], R], **options: Unpack[Options]) -> Callable[..., Promise[R]]: ...
@overload
def promisify(*, style: Literal["value"] = "value", callback: Literal[-1] = -1, **options: Unpack[Options]) -> Value: ...
@overload
def promisify(*, style: Literal["value"] = "value", callback: Literal[0], **options: Unpack[Options]) -> First: ...
@overload
def promisify(*, style: Literal["error_first"], **options: Unpack[Options]) -> ErrorFirst: ...
@overload
def promisify(*, style: Literal["error_last"], **options: Unpack[Options]) -> ErrorLast: ...
@overload
def promisify(*, style: Literal["two_callbacks"], **options: Unpack[Options]) -> TwoCallbacks: ...
@overload
def promisify(*, style: Style | Convention | Callable[..., Any] = "value", callback: Place | None = None, errback: Place | None = None, shape: Shape | None = None, result: type[R], **options: Unpack[Options]) -> Callable[[Callable[..., Any]], Callable[..., Promise[R]]]: ...
@overload
def promisify(*, style: Style | Convention | Callable[..., Any] = "value", callback: Place | None = None, errback: Place | None = None, shape: Shape | None = None, result: TypeForm[R], **options: Unpack[Options]) -> Callable[[Callable[..., Any]], Callable[..., Promise[R]]]: ...
@overload
def promisify(*, style: Callable[..., R], callback: Place | None = None, errback: Place | None = None, **options: Unpack[Options]) -> Callable[[Callable[..., Any]], Callable[..., Promise[R]]]: ...
@overload
def promisify(fn: type[Any], /, *, methods: Methods, style: Style | Convention | Callable[..., Any] = "value", callback: Place | None = None, errback: Place | None = None, shape: Shape | None = None, **options: Unpack[Options]) -> type[Any]: ...
@overload
def promisify(*, methods: Methods, style: Style | Convention | Callable[..., Any] = "value", callback: Place | None = None, errback: Place | None = None, shape: Shape | None = None, **options: Unpack[Options]) -> Callable[[type[Any]], type[Any]]: ...
# fmt: on
@public
def promisify(
    fn: Any = ...,
    /,
    *,
    style: Any = "value",
    callback: Place | None = None,
    errback: Place | None = None,
    shape: Shape | None = None,
    check: Callable[[Any], object] | None = None,
    cancel: Callable[[Any], object] | None = None,
    returns: Any = None,
    keep_alive: bool = False,
    pump: Callable[[], object] | None = None,
    methods: Methods | None = None,
    result: Any = None,
) -> Any:
    """Make a function that takes callbacks into one that returns a promise.

    Args:
        fn: the function of the library; it is called without the callback arguments, which are supplied here. Left out,
            the call gives a decorator.
        style: how the callback tells an outcome: the name of a style, a `Convention`, or a function that is called with
            the callback's arguments and returns the value or raises; the callbacks show its parameters. The names are `"value"`, `"error_first"`,
            `"error_last"`, `"status_first"`, `"status_last"` (0 is success), `"two_callbacks"`, `"two_keywords"`,
            `"attribute"`, `"future"` (the callback gets one), `"done_callback"`, `"add_callback"`, `"add_callbacks"`,
            `"then"` (methods of what the call returns), `"async_finish"`.
        callback: where the callback goes: -1 last (the default), 0 first, another index, `"name"` for a keyword,
            `".name"` for an attribute of the method's object, `"().name"` for a method of what the call returns.
        errback: where a callback for failures goes, if there is one.
        shape: makes the value of the tuple of values; by default one value is itself and more are a tuple.
        check: called with what the call itself returns, before callbacks are registered on that; what it raises rejects
            the promise.
        cancel: called with what the call itself returned, on the promise's home, if the promise is cancelled.
        returns: what the callbacks return to the library, for those that look at it.
        keep_alive: the promise keeps its callbacks alive, for libraries that hold them only weakly.
        pump: called again and again while a promise waits, for libraries that deliver only when they are polled, such
            as `lambda: producer.poll(0)`; it should not block. What it raises rejects the promises that wait.
        methods: `fn` is a class, and these are the names of its methods that are wrapped, all in the same way, in a
            subclass of it. A mapping gives them other names, `{"get_promise": "get"}`: needed where the class itself
            calls the method with a callback.
        result: the type of the value, such as `int` or `int | None`, for functions whose own types do not tell it.
            Only checkers look at it.

    Returns:
        A function that returns a promise, or a subclass that has such methods; name, doc and signature are those of `fn` without the callbacks. The promise
        is rejected with what `fn` raises, with the error that the library reports, wrapped in `CallbackError` unless it
        is an exception, or with `BrokenPromise` if the library drops the callbacks. Later calls of the callbacks are
        ignored. If `fn` returns an awaitable, its failure, or its value other than None, counts if it comes first.

    Raises:
        TypeError: `fn` is not callable, `style` is unknown, or `fn` has no such place for a callback, or no such method.

    Handlers run on the home of the promise: the loop or thread of the call, wherever the library calls back. Functions
    for `style`, `shape` and `check` run where the library calls back, or where the promisified function is called. All
    of them, and `cancel`, run in the context (`contextvars`) of that call; `pump`, in that of the oldest that waits.

    Example:
        >>> from multiprocessing.pool import ThreadPool
        >>> with ThreadPool(1) as pool:
        ...     run = promisify(pool.apply_async, style="two_keywords", result=int)
        ...     run(divmod, (7, 2)).wait()
        (3, 1)
    """
    given: dict[str, Any] = {"callback": callback, "errback": errback, "shape": shape, "check": check}
    given |= {"cancel": cancel, "returns": returns}
    options = {name: value for name, value in given.items() if value is not None}
    if pump is not None and not callable(pump):
        raise misuse.expected_function("promisify", "pump", pump)
    wrap: Callable[[Any], Any] = partial(_promisify, style=style, options=options, keep_alive=keep_alive, poll=pump)
    if methods is not None:
        wrap = partial(with_methods, methods=methods, wrap=wrap)
    return wrap if fn is ... else wrap(fn)


def _promisify(
    fn: Any, style: Any, options: dict[str, Any], *, keep_alive: bool, poll: Callable[[], object] | None
) -> Any:
    if is_a(fn, WRAPPED):  # a decorator in a class body gets the wrapper of a method
        return type(fn)(_promisify(fn.__func__, style, options, keep_alive=keep_alive, poll=poll))
    row = row_for("promisify", fn, style, options)
    parameters = parameters_of(fn)
    places = Places("promisify", [row.callback] if row.errback is None else [row.callback, row.errback], parameters)
    extras = (row.check, row.cancel, row.errback, poll, places.attributes or None, places.methods or None)
    if keep_alive or any(extra is not None for extra in extras):
        promised = _careful(fn, row, places, keep_alive, None if poll is None else Pump(poll))
    else:
        promised = _direct(fn, row, places)
    return dressed(promised, fn, None if parameters is None else places.without(parameters), Promise)


def _direct(fn: Callable[..., Any], row: Convention, places: Places) -> Callable[..., Promise[Any]]:
    """Wrap a function that needs nothing but one callback among its arguments; same as `_careful`, but faster."""
    returns, index = row.returns, places.consecutive
    kind = maker(row.outcome, row.shape)
    make = value_callback if reader(row.outcome, row.shape) is one_value else settling_callback
    boring: type = NoneType  # the type of what the last call returned, if that was no awaitable

    def promised(*arguments: Any, **keywords: Any) -> Promise[Any]:
        nonlocal boring
        promise = pending()
        claim = Claim()
        claim.promise = promise
        callback = make(claim, kind, returns)
        returned: object
        try:
            if index != -1 and index != len(arguments):
                positional, named = places.insert((callback,), arguments, keywords)
                returned = fn(*positional, **named)
            elif keywords:  # from here on the same as `insert`, without a look at every place
                returned = fn(*arguments, callback, **keywords)
            else:
                returned = fn(*(arguments + (callback,)))  # noqa: RUF005  # half the price: no list is made on the way
            if type(returned) is not boring:
                if has(returned, "__await__"):
                    promise._stop_by(_await_too(returned, claim).cancel)
                else:
                    boring = type(returned)
            return promise
        except BaseException as error:
            settle_by_raise(promise, claim.reject, error)
            return promise
        finally:
            del promise, claim, callback  # INV-RC

    return promised


def value_callback(claim: Claim, _: object, returns: Any) -> Callable[..., Any]:
    """Same as what `settling_callback` makes to read `one_value`, which is needed only for more values, or keywords."""

    def callback(value: Any = None, /, *more: Any, **named: Any) -> Any:
        if more or named:
            return adapt(one_value, claim.resolve, claim.reject, returns)(value, *more, **named)
        claim.resolve(value)
        return returns

    return callback


def settling_callback(claim: Claim, kind: Callable[..., Any], returns: Any) -> Callable[..., Any]:
    """Make the callback of a call, of the kind that `maker` has chosen."""
    callback: Callable[..., Any] = kind(claim.resolve, claim.reject, returns)
    return callback


def _careful(
    fn: Any, row: Convention, places: Places, keep_alive: bool, pump: Pump | None
) -> Callable[..., Promise[Any]]:
    """Wrap a function, whatever options are given."""
    kinds = [maker(row.outcome, row.shape), maker(row.failure)][: places.count]

    def promised(*arguments: Any, **keywords: Any) -> Promise[Any]:
        promise = pending()
        claim, undo = Claim(), Undo()
        claim.promise = promise
        resolve: Callable[[Any], None] = claim.resolve
        reject: Callable[[Any], None] = claim.reject
        if pump is not None:
            reject = pump.watch(promise, reject)
        if places.attributes:
            resolve, reject = undo.before(promise._home, resolve), undo.before(promise._home, reject)
        callbacks = [kind(resolve, reject, row.returns) for kind in kinds]
        try:
            if keep_alive:
                claim.keep(callbacks)
            for number, name in places.attributes:
                undo.assign(owner_of(fn, arguments, name), name, callbacks[number])
            positional, named = places.insert(callbacks, arguments, keywords)
            returned = fn(*positional, **named)
            if undo:
                promise._stop_by(undo)
            _take_returned(returned, row, places, promise, claim, callbacks)
            return promise
        except BaseException as error:
            undo()
            settle_by_raise(promise, reject, error)
            return promise
        finally:
            del promise, claim, undo, resolve, reject, callbacks  # INV-RC

    return promised


def _take_returned(
    returned: Any, row: Convention, places: Places, promise: Promise[Any], claim: Claim, callbacks: list[Any]
) -> None:
    """Deal with what the call itself returned: check it, register callbacks on it, note how to cancel it, await it."""
    try:
        if row.check is not None:
            row.check(returned)
        for name, numbers in places.methods.items():
            getattr(returned, name)(*[callbacks[number] for number in numbers])
        if row.cancel is cancel_returned and places.methods:
            if callable(getattr(returned, "cancel", None)):
                # `canceller` holds it weakly: if the library drops it, the callbacks go with it.
                promise._stop_by(canceller(returned))
        elif row.cancel is not None:
            promise._stop_by(partial(row.cancel, returned))
        if not places.methods and has(returned, "__await__"):
            promise._stop_by(_await_too(returned, claim).cancel)
    except BaseException:
        if type(returned) is CoroutineType:
            returned.close()  # it has not been started, and nobody else can start it
        raise
    finally:
        del returned, promise, claim, callbacks  # INV-RC


class Undo(list[tuple[Callable[[], Any], str, Any, Callable[[], Any]]]):
    """The attributes that a call has set, to be restored when the library calls back or the promise is cancelled.

    It refers to their objects and to the callbacks only weakly: if the library drops them, the promise is broken.
    """

    def assign(self, owner: Any, name: str, callback: Callable[..., Any]) -> None:
        """Set an attribute."""
        before = getattr(owner, name, None)
        setattr(owner, name, callback)
        try:
            reference: Callable[[], Any] = ref(owner)
        except TypeError:
            reference = partial(_same, owner)
        self.append((reference, name, before, ref(callback)))

    def before(self, home: Home, settle: Callable[[Any], object]) -> Callable[[Any], None]:
        """Restore the attributes in a job, then settle: it comes before all handlers, which may make the next call.

        They may be properties, so the job has the context of this call, in which they have been set.
        """
        context = copy_context()

        def settling(outcome: Any) -> None:
            if self:
                home.enqueue(CleanUp(home, context.copy(), self))
            settle(outcome)

        return settling

    def __call__(self) -> None:
        """Restore the attributes that nobody else has set since."""
        while self:
            reference, name, before, kept = self.pop()
            owner, callback = reference(), kept()
            if callback is not None and getattr(owner, name, None) is callback:
                setattr(owner, name, before)


def _same(owner: Any) -> Any:
    return owner


def _await_too(returned: Any, claim: Claim) -> Promise[Any]:
    """Let an awaitable that the call returned settle the promise, if it comes first; gives the promise for it.

    A result of None does not count: for `async def get(key, callback)` it only means that the request has been sent.
    """

    def settle(value: Any, /) -> None:
        if value is not None:
            claim.resolve(value)

    return Promise.resolve(returned).then(settle, Filtered(BaseException, claim.reject))


def with_methods(cls: Any, methods: Any, wrap: Callable[[Any], Any]) -> type[Any]:
    """Make a subclass of the same name in which methods are wrapped, under their own names or new ones."""
    if not is_a(cls, type) or isinstance(methods, str) or not isinstance(methods, Iterable):
        raise misuse.expected_methods(cls, methods)
    named = cast("Iterable[str]", methods)
    names = dict(cast("Mapping[str, str]", named)) if isinstance(named, Mapping) else {name: name for name in named}
    words: set[object] = {*names, *names.values()}
    missing = [name for name in words if not isinstance(name, str)]
    missing = missing or [name for name in names.values() if not callable(getattr(cast("object", cls), name, None))]
    if missing or not names:
        raise misuse.expected_methods(cls, missing)
    members: dict[str, Any] = {name: wrap(getattr_static(cls, old)) for name, old in names.items()}
    members |= {name: cls.__dict__[name] for name in ("__module__", "__doc__") if name in cls.__dict__}
    members["__qualname__"] = qualified_name_of(cls)
    return new_class(name_of(cls), (cls,), exec_body=lambda body: body.update(members, __slots__=()))
