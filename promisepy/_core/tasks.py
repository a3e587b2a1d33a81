"""The bridge between promises and foreign tasks and futures: suspend, run, listen, hand on, translate cancellation."""

from __future__ import annotations

import asyncio
import sys
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError as _FutureCancelled
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from inspect import CO_ITERABLE_COROUTINE
from types import GeneratorType
from typing import Any

from .atomic import take
from .cancel import abandon
from .cell import FULFILLED, PENDING, REJECTED, Cell, Reaction
from .errors import Cancelled, await_without_loop, cancelled_by, reason_of, set_traceback, stop_iteration_reason
from .homes import ThreadHome, current_home, keep_running, runs_here
from .jobs import Home, InlineQueue, inline, run_inline
from .loops import LoopHome, events
from .reports import submit_error
from .types import is_a

# Any is the future that calls back; asyncio's own are futures of Any, too.
Callback = Callable[[Any], object]
Resolver = Callable[..., None]


class Waiter(Reaction):
    """Suspends one asyncio task until a promise settles.

    It has the methods that asyncio's tasks expect of a future. So the task's next step is a job of the loop's home, in
    order with all other jobs. An inner `asyncio.Future` would cost a second object and a second turn of the loop. And
    the task would run after handlers that were registered after it.
    """

    __slots__ = ("_asyncio_future_blocking", "_callback", "_cancelled", "_context", "get_loop")

    get_loop: Callable[[], Any]  # gives the loop of the task, which calls it: a weak reference costs less than a method
    _asyncio_future_blocking: bool
    _cancelled: tuple[object, ...] | None
    _callback: Callback | None
    _context: Context | None

    def add_done_callback(self, callback: Callback, *, context: Context | None = None) -> None:
        """Store the task's wake-up, and only now subscribe: before, there was nothing to wake."""
        self._callback = callback
        self._context = copy_context() if context is None else context
        if self._source is not None:
            self._source._subscribe(self)

    def remove_done_callback(self, callback: Callback) -> int:
        """Forget the task's wake-up."""
        self._callback = None
        return 1

    def cancel(self, msg: object = None) -> bool:
        """Wake the task, which is being cancelled, and abandon the promise; false if it is about to wake anyway."""
        source = self._source
        if self._cancelled is not None or source is None or source._state is not PENDING:
            return False
        self._cancelled = () if msg is None else (msg,)
        self._detach()
        self._home.enqueue(self)
        abandon(source)
        if inline:
            run_inline()
        return True

    def result(self) -> None:
        """Raise `CancelledError` if the task is being cancelled; `Promise.__await__` reads the outcome itself."""
        if self._cancelled is not None:
            raise asyncio.CancelledError(*self._cancelled)
        if self._source is not None and not self.done():
            raise asyncio.InvalidStateError("Result is not ready.")

    # What follows is for those who look at what a task waits for, such as anyio and debuggers.

    def done(self) -> bool:
        """Tell whether the task is going to wake."""
        return self._source is None or self._source._state is not PENDING

    def cancelled(self) -> bool:
        """Tell whether the task is being cancelled."""
        return self._cancelled is not None

    def exception(self) -> BaseException | None:
        """Give the reason of a rejected promise."""
        self.result()
        source = self._source
        return source._value if source is not None and source._state is REJECTED else None

    def __repr__(self) -> str:
        source = self._source
        return f"<{type(self).__name__} {'done' if source is None else source._describe()}>"

    def _run(self) -> None:
        callback, context, home = self._callback, self._context, self._home
        self._source = self._callback = self._context = None
        try:
            if callback is not None and context is not None:
                if home.seeks_loop:
                    home.step(callback, self, context)
                else:
                    context.run(callback, self)
        finally:
            del self, callback, context  # INV-RC: a cancelled task's error leads to this frame


def suspend(source: Cell) -> Waiter:
    """Make the object that a coroutine yields to its task to sleep until `source` settles."""
    loop: Any = events._get_running_loop()  # whatever its class, it may refer to its home
    if loop is None:
        raise await_without_loop()
    waiter = Waiter()  # fields set here: an __init__ would cost a call
    home: LoopHome | ThreadHome
    try:
        home = loop._promisepy_home  # HOME, without the cost of a call
    except AttributeError:
        home = current_home()
    waiter._home = home
    waiter.get_loop = home.find_loop
    if home.armed and type(loop).run_forever is not home.plain:  # pyright: ignore[reportUnknownMemberType]  # as above
        home.look()  # nest_asyncio may have come since the drain below began, and this task run in a loop inside it
    if source._home is not home:
        source._home.look()  # likewise, if the loop was draining the home of a script
    waiter._source = source
    waiter._asyncio_future_blocking = True
    waiter._cancelled = None
    return waiter


def as_reason(error: BaseException) -> BaseException:
    """Replace the two exceptions that an awaiting coroutine would misread.

    `StopIteration` would end it with a value, and `asyncio.CancelledError` would make its task look cancelled.
    `concurrent.futures.CancelledError`, an `Exception`, becomes `Cancelled` as well, so that one name catches all.
    """
    kind = type(error)  # isinstance() would read `__class__`, which may run user code
    if issubclass(kind, (asyncio.CancelledError, _FutureCancelled)):
        return cancelled_by(error)
    if not issubclass(kind, StopIteration):
        return error
    replacement = stop_iteration_reason(error)
    replacement.__cause__ = error
    return replacement


def has(value: object, name: str) -> bool:
    """Look for an attribute on the type: a `Mock()` answers to every name, and a class is not its instances."""
    return hasattr(type(value), name)


def is_awaitable(value: object) -> bool:
    """Tell whether `await value` works."""
    if type(value) is GeneratorType:  # isinstance() would read `__class__`, which may run user code
        return bool(value.gi_code.co_flags & CO_ITERABLE_COROUTINE)
    return has(value, "__await__")


def is_future(value: Any) -> bool:
    """Tell whether to watch a value as a future: it calls back with a result, and `await` would be no better."""
    if not (has(value, "add_done_callback") and has(value, "result")):
        return False
    return _has_loop(value) or not has(value, "__await__") or _blocks(value)


def _has_loop(future: object) -> bool:
    """Tell whether this is a future of an asyncio loop, which may be touched only on the thread of that loop.

    Awaitables of other libraries claim to be one, and lack what would tell the loop: PyGObject's have no `get_loop`.
    """
    return asyncio.isfuture(future) and has(future, "get_loop") and has(future, "done")


def _blocks(future: Any) -> bool:
    """Tell whether this is a future of dask's blocking client: its `__await__` would block, and then fail."""
    return has(future, "client") and getattr(future.client, "asynchronous", None) is False


def run_awaitable(home: Home, awaitable: Any, resolve: Resolver, reject: Resolver) -> Callable[[], object] | None:
    """Await something foreign in a task of `home`, which keeps the task alive; runs as a job of that home."""
    coroutine = awaitable if asyncio.iscoroutine(awaitable) else _await(awaitable)
    return watch_future(home.start(coroutine, copy_context()), resolve, reject)


async def _await(awaitable: Any) -> Any:
    return await awaitable


# Any, because `FutureLike` is what all futures have in common, and those of asyncio are asked for their loop.
def watch_future(future: Any, resolve: Resolver, reject: Resolver) -> Callable[[], object] | None:
    """Settle with the outcome of a future, which may call back on any thread or at once; give what cancels it."""
    has_exception = has(future, "exception")

    def on_done(future: Any, /) -> None:
        error: Any = None
        # Prefer exception(): it adds no frames to the traceback, and result() adds two of its own.
        try:
            error = future.exception() if has_exception else None
            value = None if error is not None else future.result()
        except BaseException as raised:
            set_traceback(raised, None)
            reject(reason_of(future, raised))
        else:
            if error is None:
                resolve(value)
            else:
                reject(reason_of(future, error))
        finally:
            del future, error  # INV-RC

    is_stoppable, loop = has(future, "cancel"), None
    if _has_loop(future):
        loop = future.get_loop()
        if not runs_here(loop):
            if future.done():  # its loop may never run again
                on_done(future)
                return None
            loop.call_soon_threadsafe(future.add_done_callback, on_done)
            return partial(_call_in, loop, canceller(future)) if is_stoppable else None
        keep_running(loop, future)
    future.add_done_callback(on_done)
    if loop is not None and loop is not events._get_running_loop() and future.done():
        on_done(future)  # nobody may run its loop any more; a second call does nothing
    return canceller(future) if is_stoppable else None


def _call_in(loop: asyncio.AbstractEventLoop, function: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # the loop is closed, and what ran in it is over
        loop.call_soon_threadsafe(function)


def canceller(future: Any) -> Callable[[], object]:
    """Give a function that cancels a future without keeping it alive: a dropped future breaks its promise (S10)."""
    try:
        alive = weakref.ref(future)
    except TypeError:
        cancel: Callable[[], object] = future.cancel
        return cancel

    def stop() -> None:
        future = alive()
        if future is not None:
            future.cancel()

    return stop


class PromiseFuture(Future[Any]):
    """What `to_future` gives: a future that tells its promise when nobody wants the outcome any more."""

    _sink: FutureSink | None = None  # for a future that is dropped before it has one

    def add_done_callback(self, fn: Callable[[Future[Any]], object]) -> None:
        """Leave a callback; from now on the promise keeps this future alive, even if nobody else does."""
        if self._sink is not None:
            self._sink.keep(self)
        super().add_done_callback(partial(_call_back, fn))

    def cancel(self) -> bool:
        """Cancel the future, and abandon the promise."""
        is_cancelled, sink = super().cancel(), self._sink
        if is_cancelled and sink is not None and take(sink._futures) is not None:
            self.set_running_or_notify_cancel()  # for `concurrent.futures.wait`, which does not look at the state
            sink.leave()
        return is_cancelled

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:  # bound: globals go at the end
        if self._sink is not None and not is_finalizing():
            self._sink._detach()


def _call_back(callback: Callable[[Future[Any]], object], future: Future[Any]) -> None:
    """Call a future's callback: whoever settles a promise is not to blame for what it raises, even SystemExit."""
    try:
        callback(future)
    except Exception:
        raise  # the future catches these itself, and logs them
    except BaseException as error:
        submit_error(error)


class FutureSink(Reaction):
    """Hands an outcome to a `concurrent.futures.Future`, on whatever thread settles the promise.

    Callbacks of the future are user code, so this is an inline job: it runs when the settlement is complete. It keeps
    the future only if that has callbacks. If somebody waits for the future, they keep it.
    """

    __slots__ = ("_futures", "_kept")

    def __init__(self, future: PromiseFuture, source: Cell) -> None:
        self._home = _anywhere
        self._source = source
        # A list, so that only one takes the future (TAKE): two threads may run this job at once, the one that settles
        # and one that helps it.
        self._futures: list[Callable[[], PromiseFuture | None]] = [weakref.ref(future)]
        self._kept: Future[Any] | None = None
        future._sink = self

    def keep(self, future: Future[Any]) -> None:
        """Keep the future alive until the promise settles."""
        self._kept = future
        if not self._futures:
            self._kept = None  # settled meanwhile (LOOK)

    def _is_due(self) -> bool:
        source = self._source
        return source is None or source._reactions is None

    def _run(self) -> None:
        source, find = self._source, take(self._futures)
        if find is None:
            return
        future = find()
        try:
            if future is not None and source is not None:
                hand_on(source, future)
            self._source = self._kept = None
        except BaseException:
            self._futures.append(find)  # out of stack or memory: the next one who settles something tries again
            raise
        finally:
            del source, future  # INV-RC

    def leave(self) -> None:
        """Abandon the promise: the future has been cancelled."""
        source = self._source
        if source is not None:
            self._kept = None
            self._detach()
            abandon(source)
            if inline:
                run_inline()


def hand_on(source: Cell, future: PromiseFuture) -> None:
    """Settle a future with the outcome of a settled promise, unless somebody else has settled it."""
    if source._state is not FULFILLED and isinstance(source._value, Cancelled):
        super(PromiseFuture, future).cancel()  # not its own, which gives up the promise
    if future.done() and not future.cancelled():
        return
    try:
        if not future.running() and not future.set_running_or_notify_cancel():
            return
        if source._state is FULFILLED:
            future.set_result(source._value)
        else:
            future.set_exception(source._failure.fresh())
    except (InvalidStateError, RuntimeError) as error:  # somebody else has settled it, or said that it is cancelled
        if is_a(error, RecursionError):
            raise


class InlineHome(Home):
    """The home of inline jobs, which is always about to be drained."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()
        self.jobs = InlineQueue()
        self.armed = True


_anywhere = InlineHome()
