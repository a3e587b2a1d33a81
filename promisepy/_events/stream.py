"""Events: the next one as a promise (`once`), all of them as an iterator (`stream`).

A stream is what `channel` says, with a side for the library (`Emitter`) and one for the consumer: `async for` in a
task, `for` in a script.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import partial
from typing import Any, Generic, Literal, ParamSpec, Self, TypeAlias, TypeVar, cast, overload

from .._core import misuse
from .._core.atomic import take
from .._core.claim import to_exception
from .._core.errors import BrokenPromise
from .._core.handlers import is_exception_type
from .._core.outcomes import adapt, all_errors, all_values, reader
from .._core.reports import Settings, settings
from .._core.tasks import as_reason
from .._core.types import is_a, public
from .._promises.promise import Promise, Resolvers
from .channel import Bounded, Channel, Latest, Pausing, Room

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
def once(subscribe: Callable[[Resolvers[T]], Any], unsubscribe: Callable[[Any], object] | None = None, /) -> Promise[T]:
    """Wait for the next event.

    Args:
        subscribe: called at once with `Resolvers`, whose functions it hands to the library.
        unsubscribe: called when the promise is settled, or nobody wants the event any more, on the promise's home, with
            what `subscribe` returned; if that was None, with `d.resolve`.

    Returns:
        A promise for the event. It is rejected with what `subscribe` or `unsubscribe` raises, and with `BrokenPromise`
        if the library forgets the functions that it was given.

    Raises:
        TypeError: an argument is not a function.

    Example:
        >>> listeners = []
        >>> event = once(lambda d: listeners.append(d.resolve), listeners.remove)
        >>> listeners[0]("door opened")
        >>> event.wait(), listeners
        ('door opened', [])
    """
    if not callable(subscribe):
        raise misuse.expected_callable("once()", subscribe, "a function that takes resolvers")
    if unsubscribe is not None and not callable(unsubscribe):
        raise misuse.expected_callable("once()", unsubscribe)
    tokens: list[Callable[[], Any]] = []

    def start(d: Resolvers[T]) -> None:
        token = subscribe(d)
        # Held weakly: if the library forgets `d.resolve` while we hold it, the promise would never break.
        tokens.append(weakref.ref(d.resolve) if token is None else lambda: token)

    event = Promise[T].create(start)
    if unsubscribe is None:
        return event

    def stop() -> None:
        find = take(tokens)
        if find is None:
            return
        token = find()
        if token is not None:
            unsubscribe(token)
        elif not is_a(event.reason, BrokenPromise):
            unsubscribe(forgotten)

    event._stop_by(stop)
    return event.finally_(stop)


def forgotten(*_: object, **__: object) -> None:
    """Stand in for `d.resolve` where that is gone: the library got another function, and nobody kept this one."""


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
            fn: called with whatever the library passes, on the thread on which the library calls.
            returns: what the callback returns to the library.

        Returns:
            A plain function.

        Raises:
            TypeError: `fn` is not callable.
        """
        if not callable(fn):
            raise misuse.expected_callable("via()", fn, "a function")
        callback = adapt(fn, self._channel.emit, self.fail, returns)
        self._kept.append(callback)
        return callback


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
    cancellation, unsubscribes; so does the end of `async with` or `with`, and dropping the stream.
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
        self._channel.unsubscribe()

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
        while True:
            ended = self._channel.ended
            try:
                return self._take()
            except IndexError:
                if ended:
                    raise self._end(StopIteration) from None
            self._channel.arrival().wait()

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
            channel.unsubscribe()
            return normal()
        channel.show_unsubscribe()  # what it raises is only shown, so that it does not hide the error
        return error

    async def __aenter__(self) -> Self:
        """Give the stream, which has subscribed already."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Unsubscribe."""
        self.close()

    def __enter__(self) -> Self:
        """Give the stream, which has subscribed already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Unsubscribe."""
        self.close()

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
            channel.show_unsubscribe()
        else:
            channel.unsubscribe_later()


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
        return self._stream.__next__()

    def __del__(self, settings: Settings = settings) -> None:
        """Unsubscribe."""
        if not settings.exiting:
            self._stream._drop()


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
        unsubscribe: called once, with what `subscribe` returned; if that was None, with the emitter's `emit`.
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
    they raise ends the stream, after the events that wait.

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
    channel: Channel[T] = Channel(_room(maxsize, on_full))
    emitter = Emitter(channel)
    events = Stream(channel, emitter)
    try:
        token = subscribe(emitter)
    except BaseException:
        channel.end = None  # the exception raised here tells it
        raise
    if unsubscribe is not None:
        channel.subscribed(partial(unsubscribe, emitter.emit if token is None else token))
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
