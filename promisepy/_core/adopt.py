"""The adoption rules: how a promise takes on the outcome of something foreign, through a then-method.

The first rule that fits is used, in this order: a class that the user has registered; a future with
`add_done_callback` and `result`; a Twisted Deferred; a result of kazoo or gevent; a greenlet of gevent; a celery
result; an awaitable; a thenable.
Everything else is a plain value. Foreign classes are recognised by their methods, which are looked up on the type: a
`Mock()` answers to every name, and a class or a module that happens to have a `then` is a value.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias, TypeVar, cast
from weakref import ref

from .cell import Cell
from .errors import cancelled_by, text_of
from .jobs import Home
from .misuse import expected_callable, expected_type, never_adopted
from .tasks import canceller, has, is_awaitable, is_future, run_awaitable, watch_future
from .types import Reject, Resolve, is_a, is_plain, public

T = TypeVar("T")
TWISTED_CANCELLED = ("twisted.internet.defer", "CancelledError")
GREENLET_KILLED = ("greenlet", "GreenletExit")
# A then-method: a thenable has one, and the rules make one for everything else.
Then: TypeAlias = Callable[[Resolve[Any], Reject], object]


def kind_of(value: object) -> tuple[str | None, str | None]:
    """Name the class of something foreign, whose module is not imported."""
    return text_of(type(value), "__module__"), text_of(type(value), "__name__")


class Rule(partial[object]):
    """A then-method that a rule has made; if it returns a function, that function stops the work."""

    __slots__ = ()


# The keys are ids: hashing a class may run code of its metaclass, or be impossible. The class is kept alive, so that
# its id is not used again.
_registered: dict[int, tuple[type, Callable[[Any, Resolve[Any], Reject], object]]] = {}


@public
def register_adoptable(
    kind: type[T], watch: Callable[[T, Resolve[Any], Reject], object] | None, /
) -> Callable[[T, Resolve[Any], Reject], object] | None:
    """Have promises take on the outcome of instances of a class, as they do of futures and awaitables.

    Args:
        kind: the class; its subclasses are meant as well. Tried before the built-in rules.
        watch: called with the instance and with `resolve` and `reject`, of which it calls one when there is an outcome,
            on any thread. If it returns a function, that one is called, on the promise's home, to stop the work of a
            promise that is cancelled. None for `watch` forgets the class.

    Returns:
        The function that was registered before, or None.

    Raises:
        TypeError: `kind` is no class, or one whose instances are values or promises whatever the rules, such as int, or
            `watch` is not a function.

    `watch` runs as a job of its own on the promise's home (NewPromiseResolveThenableJob, ECMA-262 27.2.2.2); what it
    raises rejects.

    Example:
        >>> class Reply:
        ...     def on_answer(self, callback):
        ...         callback("yes")
        >>> register_adoptable(Reply, lambda reply, resolve, reject: reply.on_answer(resolve))
        >>> Promise.resolve(Reply()).wait()
        'yes'
    """
    if not is_a(cast("object", kind), type):
        raise expected_type("register_adoptable()", kind)
    if watch is not None and not callable(watch):
        raise expected_callable("register_adoptable()", watch)
    if watch is not None and (is_plain(kind) or issubclass(kind, Cell)):
        raise never_adopted(kind)
    previous = _registered.pop(id(kind), None)
    if watch is not None:
        _registered[id(kind)] = (kind, watch)
    return None if previous is None else previous[1]


def find_then(value: Any, home: Home) -> Then | None:
    """Give the then-method through which `value` can be adopted, or None for a plain value."""
    if _registered:
        for base in type(value).__mro__:
            registered = _registered.get(id(base))
            if registered is not None:
                return Rule(registered[1], value)
    if is_future(value):
        return Rule(watch_future, value)
    for name, further, rule in _foreign:
        if has(value, name) and all(has(value, one) for one in further):
            return Rule(rule, value)
    if is_awaitable(value):
        return Rule(run_awaitable, home, value)
    if has(value, "then"):
        then = value.then  # read once: a property may differ the second time (27.2.1.3.2, step 9)
        return then if callable(then) else None
    return None


def gives_stop(then: object) -> bool:
    """Tell, before a then-method is called, whether it is going to return a function that stops the work.

    A function that the user has registered is assumed to. Those for kazoo and celery do not: kazoo cannot cancel a
    request, and a celery task goes on unless somebody revokes it.
    """
    if type(then) is not Rule:
        return False
    if then.func is watch_future:
        return has(then.args[0], "cancel")
    return then.func not in (watch_kazoo, watch_celery)


def watch_deferred(deferred: Any, resolve: Callable[..., None], reject: Callable[..., None]) -> Callable[[], object]:
    """Settle with the outcome of a Twisted Deferred; runs on the reactor's thread, where alone it may be used."""

    def on_value(value: Any, /) -> Any:
        resolve(value)
        return value  # for the callbacks that come after this one

    def on_failure(failure: Any, /) -> None:
        error = failure.value
        if kind_of(error) == TWISTED_CANCELLED:
            error = cancelled_by(error)
        reject(error)  # and return None: if the failure were passed on, Twisted would log an unhandled error

    deferred.addCallbacks(on_value, on_failure)
    return canceller(deferred)


def watch_kazoo(result: Any, resolve: Callable[..., None], reject: Callable[..., None]) -> None:
    """Settle with the outcome of a result of kazoo or gevent, which no general rule covers: it calls back by `rawlink`.

    gevent calls back in its hub, where nothing may block or raise; resolving does neither.
    """

    def on_ready(result: Any, /) -> None:
        error = result.exception  # get_nowait() would raise it, and add frames to its traceback each time
        if error is None:
            resolve(result.get_nowait())
        else:
            reject(error)

    if result.ready():
        on_ready(result)
    else:
        result.rawlink(on_ready)


def watch_greenlet(greenlet: Any, resolve: Callable[..., None], reject: Callable[..., None]) -> Callable[[], object]:
    """Settle with the outcome of a greenlet of gevent. One that has been killed has the exception as its value."""

    def on_ready(greenlet: Any, /) -> None:
        error, value = greenlet.exception, greenlet.value
        if error is not None:
            reject(error)
        elif kind_of(value) == GREENLET_KILLED:
            reject(cancelled_by(value))
        else:
            resolve(value)

    def stop() -> None:
        greenlet = alive()
        if greenlet is not None:
            greenlet.kill(block=False)

    alive = ref(greenlet)  # as in `canceller`
    if greenlet.ready():
        on_ready(greenlet)
    else:
        greenlet.rawlink(on_ready)
    return stop


def watch_celery(result: Any, resolve: Callable[..., None], reject: Callable[..., None]) -> None:
    """Settle with the outcome of a celery result; the rule for thenables would take a failure for a value.

    Its `then` calls the first callback on failure, too, and passes the result itself. Only if somebody has read the
    failure before does it call the second callback instead, and then with the exception.
    """

    def on_ready(result: Any, /) -> None:
        if result.successful():
            resolve(result.result)
        else:
            reject(result.result)

    result.then(on_ready, reject)


# Libraries that need a rule of their own, recognised by their methods, so that none is imported. They come before the
# general rules, which would get them wrong: a Deferred can be awaited only in a coroutine of Twisted's, and `then` of
# celery is not that of a thenable.
_foreign: tuple[tuple[str, tuple[str, ...], Callable[..., object]], ...] = (
    ("addCallbacks", ("addErrback",), watch_deferred),
    ("rawlink", ("get_nowait", "ready", "exception"), watch_kazoo),
    ("rawlink", ("kill", "ready", "exception", "value"), watch_greenlet),
    ("then", ("successful", "result"), watch_celery),
)
