"""Events as an iterator: `stream`.

A stream is what `channel` says, with a side for the library (`Emitter`) and one for the consumer: `async for` in a
task, `for` in a script.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Generic, Literal, ParamSpec, Self, TypeAlias, TypeVar, cast, overload

from .._core import misuse
from .._core.claim import to_exception
from .._core.handlers import is_exception_type
from .._core.homes import current_thread_home
from .._core.outcomes import adapt, adapt_function, all_errors, all_values, reader
from .._core.reports import Settings, settings
from .._core.tasks import as_reason
from .._core.types import is_a, public
from .._promises.promise import Promise
from .channel import Bounded, Channel, Latest, Pausing, Room
from .subscription import Subscription

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")
# What to do when `maxsize` events wait: a word, or two functions that stop the library and let it go on.
OnFull: TypeAlias = Literal["error", "drop_oldest", "drop_newest"] | tuple[Callable[[], object], Callable[[], object]]
# The largest bound. A stream makes room for all its events at once; with a larger one, memory would be full before it.
MOST = 10_000_000
POLICIES = ("error", "drop_oldest", "drop_newest")

read_values = reader(all_values)


@public
class Emitter(Generic[T]):
    """The producing side of a stream, with plain functions to hand to a library.

    They take any thread and any arguments, never raise, and return None unless told otherwise. The stream keeps them
    alive for libraries that hold callbacks only weakly.

    Attributes:
        emit: takes an event: no argument is None, one is itself, more are a tuple.
        fail: ends the stream with an error, after the events before it; with None it just ends.
        close: ends the stream, whatever the arguments.
    """

    __slots__ = ("_channel", "_kept", "close", "emit", "fail")

    emit: Callable[..., None]
    fail: Callable[..., None]
    close: Callable[..., None]

    def __init__(self, channel: Channel[T]) -> None:
        def finish(error: Any) -> None:
            channel.finish(None if error is None else as_end(error))

        self._channel = channel
        self._kept: list[Callable[..., Any]] = []
        self.emit = adapt(read_values, channel.emit, finish)
        self.fail = adapt(read_failure, finish, finish)
        self.close = adapt(lambda *_, **__: None, finish, finish)

    @overload
    def via(self, fn: Callable[P, T], /) -> Callable[P, None]: ...
    @overload
    def via(self, fn: Callable[P, T], /, returns: R) -> Callable[P, R]: ...
    def via(self, fn: Any, /, returns: Any = None) -> Any:
        """Make a callback of a function: what it returns is an event, what it raises ends the stream.

        Args:
            fn: called with whatever the library passes, on the thread on which the library calls, in the context
                (`contextvars`) of this call.
            returns: what the callback returns to the library.

        Returns:
            A plain function that takes any arguments; to `inspect.signature` it shows the parameters of `fn`.

        Raises:
            TypeError: `fn` is not callable.
        """
        if not callable(fn):
            raise misuse.expected_callable("via()", fn, "a function")
        callback = adapt_function(fn, self._channel.emit, self.fail, returns)
        self._kept.append(callback)
        return callback

    def _given(self) -> Callable[..., Any]:
        """Find what the library knows: the one callback that `via` has made, else `emit`."""
        return self._kept[0] if len(self._kept) == 1 else self.emit


def read_failure(error: Any = None, *arguments: Any, **named: Any) -> Any:
    """Read the arguments of `fail`: the error, or its class, or None for a library that ends without one."""
    is_alone = not arguments and not named
    return error if is_alone and (error is None or is_exception_type(error)) else all_errors(error, *arguments, **named)


def as_end(reason: object) -> BaseException:
    """Give the exception that ends a stream; never one that a loop would take for an end without an error."""
    error = as_reason(to_exception(reason))
    if not is_a(error, StopAsyncIteration):
        return error
    replacement = RuntimeError("a stream was ended with StopAsyncIteration")
    replacement.__cause__ = error
    return replacement


@public
class Stream(Generic[T]):
    """Events in order, for one consumer; made by `stream`.

    Iterate with `async for` in a coroutine, with `for` in a script. Leaving the loop, by `break`, by an exception or by
    cancellation, unsubscribes; so does the end of `async with` or `with`, and dropping the stream. Only the end of such
    a block waits for an `unsubscribe` that is awaited; elsewhere that goes on by itself, and its failure is reported.
    """

    __slots__ = ("__weakref__", "_channel", "_emitter", "_thread")

    def __init__(self, channel: Channel[T], emitter: Emitter[T]) -> None:
        self._channel = channel
        self._emitter = emitter  # keeps its functions alive, see Emitter
        self._thread = threading.get_ident()

    @property
    def dropped(self) -> int:
        """How many events the policy has dropped so far."""
        return self._channel.room.dropped(self._channel)

    def close(self) -> None:
        """Unsubscribe and forget the events that wait. What `unsubscribe` raises is raised here."""
        self._channel.discard()
        self._undo(gives_up=True)

    def _undo(self, *, gives_up: bool) -> None:
        subscription = self._channel.subscription
        ending = subscription.undo(gives_up=gives_up)
        if ending is not None:
            subscription.report(ending)

    def __aiter__(self) -> AsyncIterator[T]:
        """Iterate in a coroutine."""
        return Loop(self)

    def __iter__(self) -> Iterator[T]:
        """Iterate in a script."""
        return Loop(self)

    async def __anext__(self) -> T:
        """Give the next event."""
        while True:
            ended = self._channel.ended
            try:
                return self._take()
            except IndexError:
                if ended:
                    raise self._end(StopAsyncIteration) from None
            await self._channel.arrival()

    def __next__(self) -> T:
        """Give the next event; waits as `Promise.wait` does."""
        try:
            while True:
                ended = self._channel.ended
                try:
                    return self._take()
                except IndexError:
                    if ended:
                        raise self._end(StopIteration) from None
                self._channel.arrival().wait()
        finally:
            del self  # INV-RC: what was raised in a handler meanwhile leads to this frame

    def _take(self) -> T:
        if self._channel.left:
            raise IndexError
        return self._channel.take()

    def _end(self, normal: type[Exception]) -> BaseException:
        """Give what a consumer meets at the end: the error, but only the first time."""
        channel = self._channel
        error, channel.end = channel.end, None
        channel.discard()  # no event may follow the end, not even one that another thread was just emitting
        if error is None:
            self._undo(gives_up=False)
            return normal()
        channel.subscription.undo_alone(gives_up=False)  # its own error is only shown, and does not hide this one
        return error

    async def __aenter__(self) -> Self:
        """Give the stream when it has subscribed; if that fails, the stream ends with the error."""
        started = self._channel.subscription.started
        try:
            if started is not None:
                await started
            return self
        except BaseException:
            await self.__aexit__()
            raise
        finally:
            del self, started  # INV-RC

    async def __aexit__(self, *_: object) -> None:
        """Unsubscribe, and wait until that is done."""
        ending = self._leave()
        try:
            if ending is not None:
                await ending
        finally:
            del self, ending  # INV-RC

    def __enter__(self) -> Self:
        """Give the stream when it has subscribed; if that fails, the stream ends with the error."""
        started = self._channel.subscription.started
        try:
            if started is not None and not may_wait():
                raise misuse.stream_needs_async_with()
            if started is not None:
                started.wait()
            return self
        except BaseException:
            self.__exit__()
            raise
        finally:
            del self, started  # INV-RC: what was raised in a coroutine meanwhile leads to this frame

    def __exit__(self, *_: object) -> None:
        """Unsubscribe, and wait until that is done, if this thread may wait."""
        ending = self._leave()
        try:
            if ending is not None and may_wait():
                ending.wait()
            elif ending is not None:
                self._channel.subscription.report(ending)
        finally:
            del self, ending  # INV-RC

    def _leave(self) -> Promise[Any] | None:
        self._channel.discard()
        self._channel.subscription.undo(gives_up=True)
        return self._channel.subscription.take_ending()

    def __del__(self, settings: Settings = settings) -> None:
        """Unsubscribe, and report an error that nobody has met."""
        if not settings.exiting:
            self._drop()

    def _drop(self) -> None:
        """End the stream because its consumer has gone: at once on its own thread, else by a job there."""
        channel = self._channel
        error, channel.end = channel.end, None
        channel.discard()
        if error is not None:
            Promise.reject(error)  # the promise is dropped at once, so the error is reported
        if threading.get_ident() == self._thread:
            channel.subscription.undo_alone(gives_up=True)
        else:
            channel.unsubscribe_later(gives_up=True)


class Loop(Generic[T]):
    """The iterator of one `for` or `async for` over a stream: leaving the loop drops it, which ends the stream."""

    __slots__ = ("_stream",)

    def __init__(self, stream: Stream[T]) -> None:
        self._stream = stream

    def __aiter__(self) -> Self:
        """Iterate in a coroutine."""
        return self

    def __iter__(self) -> Self:
        """Iterate in a script."""
        return self

    def __anext__(self) -> Coroutine[Any, Any, T]:
        """Give the next event."""
        return self._stream.__anext__()

    def __next__(self) -> T:
        """Give the next event."""
        try:
            return self._stream.__next__()
        finally:
            del self  # INV-RC, as there: a frame that holds the iterator would keep the stream from being left

    def __del__(self, settings: Settings = settings) -> None:
        """Unsubscribe."""
        if not settings.exiting:
            self._stream._drop()


def may_wait() -> bool:
    """Tell whether this thread may block in `wait`: neither a loop nor a host runs it."""
    home = current_thread_home()
    return home.may_wait() and home.host is None


@public
def stream(
    subscribe: Callable[[Emitter[T]], Any],
    unsubscribe: Callable[[Any], object] | None = None,
    /,
    *,
    maxsize: int | None = 1000,
    on_full: OnFull = "error",
) -> Stream[T]:
    """Subscribe to events, and iterate over them.

    Args:
        subscribe: called at once with an `Emitter`, whose functions it hands to the library.
        unsubscribe: called once, with what `subscribe` returned; if that was None, with the one callback that the
            emitter's `via` has made, else with its `emit`.
        maxsize: how many events may wait for the consumer; None means any number.
        on_full: what happens to an event when so many wait: `"error"` ends the stream with `StreamOverflow` after them,
            `"drop_oldest"` and `"drop_newest"` drop one; a pair of functions `(pause, resume)` stops the library and
            lets it go on.

    Returns:
        A `Stream`, subscribed already.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: `maxsize` is not positive, or above ten million, or `on_full` is an unknown word.
        BaseException: what `subscribe` raises.

    `unsubscribe` runs on the consumer's thread, or on the stream's home if the library ends the stream. `pause` runs on
    the thread that emits and `resume` on the consumer's, or the other way round if one has overtaken the other. What
    they raise ends the stream, after the events that wait. All four functions run in the context (`contextvars`) of
    this call.

    `subscribe` and `unsubscribe` may be coroutine functions, or return something else that can be adopted. `async
    with`, and `with` in a script, wait for both. A failure of `subscribe` ends the stream.

    Example:
        >>> listeners = []
        >>> with stream(lambda s: listeners.append(s.emit), listeners.remove) as events:
        ...     listeners[0]("on")
        ...     listeners[0]("off")
        ...     for event in events:
        ...         print(event)
        ...         if event == "off":
        ...             break
        on
        off
        >>> listeners
        []
    """
    if not callable(subscribe):
        raise misuse.expected_callable("stream()", subscribe, "a function that takes an emitter")
    if unsubscribe is not None and not callable(unsubscribe):
        raise misuse.expected_callable("stream()", unsubscribe)
    channel: Channel[T] = Channel(_room(maxsize, on_full), Subscription(unsubscribe))
    emitter = Emitter(channel)
    events = Stream(channel, emitter)
    try:
        token = subscribe(emitter)
    except BaseException:
        channel.end = None  # the exception raised here tells it
        raise
    channel.subscription.begin(token, emitter._given, emitter.fail)
    return events


def _room(maxsize: object, on_full: Any) -> Room:
    if maxsize is not None and (not is_a(maxsize, int) or is_a(maxsize, bool)):
        raise misuse.expected_maxsize(maxsize)
    if maxsize is not None and not 1 <= maxsize <= MOST:
        raise misuse.expected_sensible_maxsize(maxsize, MOST)
    if type(on_full) is tuple and len(cast("Any", on_full)) == 2 and all(map(callable, cast("Any", on_full))):
        pause, resume = cast("Any", on_full)
        return Room() if maxsize is None else Pausing(maxsize, pause, resume)
    if on_full not in POLICIES:
        raise misuse.expected_policy(POLICIES, cast("object", on_full))
    if maxsize is None:
        return Room()
    return Latest(maxsize) if on_full == "drop_oldest" else Bounded(maxsize, on_full)
