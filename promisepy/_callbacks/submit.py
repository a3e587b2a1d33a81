"""Call functions in executors, and there bring to an end what nobody could bring to an end elsewhere.

A promise that a function makes in a worker has that thread as its home. Nobody drains it once the function has
returned, so the worker waits for the promise. A coroutine runs in the worker as well. What others bring to an end, such
as a future, or a promise of another home, is handed back as it is, and keeps no worker waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from threading import get_ident
from typing import Any, ParamSpec, TypeVar, cast, overload

from .._core import misuse
from .._core.adopt import Rule, find_then
from .._core.errors import Cancelled
from .._core.homes import current_thread_home
from .._core.tasks import is_awaitable, is_future, run_awaitable, watch_future
from .._core.types import Adoptable, is_plain, public
from .._promises.promise import PlainU, Promise

P = ParamSpec("P")
U = TypeVar("U")


# As for `Promise.try_`.
# fmt: off
@overload
def submit(executor: Executor, fn: Callable[P, PlainU], /, *args: P.args, **kwargs: P.kwargs) -> Promise[PlainU]: ...
@overload
def submit(executor: Executor, fn: Callable[P, Adoptable[U]], /, *args: P.args, **kwargs: P.kwargs) -> Promise[U]: ...
@overload
def submit(executor: Executor, fn: Callable[P, Adoptable[U] | PlainU], /, *args: P.args, **kwargs: P.kwargs) -> Promise[U | PlainU]: ...
@overload
def submit(executor: Executor, fn: Callable[P, Adoptable[U] | U], /, *args: P.args, **kwargs: P.kwargs) -> Promise[U]: ...
# fmt: on
@public
def submit(executor: Executor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Promise[Any]:
    """Call a function in an executor: threads, processes or a cluster, anything with the interface of `Executor`.

    Args:
        executor: from `concurrent.futures`, or of that kind, such as dask's `Client.get_executor()`.
        fn: the function; `args` and `kwargs` are passed on to it. If it is a coroutine function, or returns a promise
            that it has made, the worker goes on until that is settled.

    Returns:
        A promise for what the function returns, rejected with what it raises, or with what `executor.submit` raises. If
        it is cancelled, work that has not begun is dropped, and what a worker of this process waits for is cancelled.

    Raises:
        TypeError: `executor` has no method `submit`, or `fn` is not callable.

    Handlers run on the promise's home, not in the executor.

    Example:
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor() as executor:
        ...     submit(executor, pow, 2, 5).wait()
        32
    """
    if isinstance(executor, type) or not callable(getattr(executor, "submit", None)):
        raise misuse.expected_executor_object(executor)
    if not callable(fn):
        raise misuse.expected_callable("submit()", fn, "a function")
    work = Work(fn, get_ident())

    def start() -> Any:
        future: Any = executor.submit(work, *args, **kwargs)
        work.caller = None
        return Submitted(future, work) if is_future(future) else future

    promise: Promise[Any] = Promise.try_(start)
    return promise


class Work:
    """What a worker calls: the function, and then `wait` for what only this worker can bring to an end.

    In another process there is a copy, which knows nothing of `stop`: a cancellation does not reach that far.
    """

    __slots__ = ("_fn", "_is_stopped", "_promise", "caller")

    def __init__(self, fn: Callable[..., Any], caller: int | None = None) -> None:
        self._fn = fn
        # The thread that is about to give the work to its executor. One that calls there, at once, leaves the rest to
        # the home of that thread.
        self.caller = caller
        self._promise: Promise[Any] | None = None
        self._is_stopped = False

    def __reduce__(self) -> tuple[type[Work], tuple[Callable[..., Any]]]:
        return Work, (self._fn,)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        result: Any = None
        promise: Promise[Any] | None = None
        try:
            result = self._fn(*args, **kwargs)
            promise = None if get_ident() == self.caller else own(result)
            if promise is None:
                return result
            self._promise = promise
            if self._is_stopped:  # meanwhile; `stop` writes that first, and looks for the promise afterwards (LOOK)
                promise.cancel()
            return promise.wait()
        except Cancelled:
            if self._is_stopped:
                end_cancelled()
            raise
        finally:
            self._promise = None
            del self, args, kwargs, result, promise  # INV-RC

    def stop(self) -> None:
        """Cancel what the worker waits for, now or later; on any thread."""
        self._is_stopped = True
        promise = self._promise
        if promise is not None:
            promise.cancel()


def own(result: object) -> Promise[Any] | None:
    """Give a promise for what this thread, and nobody else, can bring to an end; None if it is none of this kind."""
    if is_plain(type(result)):
        return None
    home = current_thread_home()
    if home.host is not None or not home.may_wait():
        return None  # a host or a loop runs here, and drains the home
    if issubclass(type(result), Promise):  # as `is_a` would
        promise = cast("Promise[Any]", result)
        return promise.then() if promise._home is home else None  # a follower: others may want the promise itself
    then = find_then(result, home) if is_awaitable(result) else None
    return Promise.resolve(result) if isinstance(then, Rule) and then.func is run_awaitable else None


def end_cancelled() -> None:
    """Have coroutines that have been cancelled run to their end: when this worker is idle, they would stand still."""
    Promise.resolve().then().wait()  # those that are about to be cancelled are cancelled in there
    tasks = current_thread_home().tasks
    Promise.all_settled([task for task in tasks if task.cancelling()]).wait()


class Submitted:
    """The future that an executor has given, with the work: one is watched, both are stopped."""

    __slots__ = ("_future", "_work")

    def __init__(self, future: Any, work: Work) -> None:
        self._future = future
        self._work = work

    @property
    def then(self) -> Rule:
        """A then-method that gives a function which stops the work, as those of the rules of adoption do."""
        return Rule(watch_submitted, self._future, self._work)


def watch_submitted(
    future: Any, work: Work, resolve: Callable[..., None], reject: Callable[..., None]
) -> Callable[[], object]:
    """Settle with the outcome of the work."""
    cancel = watch_future(future, resolve, reject)

    def stop() -> None:
        if cancel is not None:
            cancel()
        work.stop()

    return stop
