"""The bounded queue between a library that emits on any thread and one consumer.

INV-BOUND   At most `maxsize` events wait; with `pause` and `resume`, also those that come until the library has
            paused. Each has taken one of `maxsize` credits from a list, and gives it back when it is consumed. Taking
            and giving are single operations of a list, atomic with and without the GIL, so no lock is taken, and a
            signal handler or finaliser may emit in the middle of an emit.
INV-ORDER   Events of one thread arrive in their order: each is appended to a deque when it is emitted.
INV-NEWS    A sleeping consumer is woken: it announces itself first and looks at the queue after; an emitter appends
            first and looks for a sleeper after.
INV-END     An end is met only after all events that were accepted before it: a consumer looks whether the stream has
            ended first, and for an event after.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from . import _errors
from ._host import current_home
from ._jobs import Home
from ._promise import Promise, pending
from ._reports import submit_error

__all__ = ["Bounded", "Channel", "Pausing", "Room", "Unsubscribing"]

T = TypeVar("T")


class Room:
    """Says whether another event may wait; this one always does."""

    __slots__ = ("dropped",)

    def __init__(self) -> None:
        self.dropped: int = 0

    def enter(self, channel: Channel[Any]) -> bool:
        """Make room for an event, on the emitting thread; false if it must be dropped."""
        return True

    def entered(self, channel: Channel[Any]) -> None:
        """Look again: the event is in the queue."""

    def leave(self, channel: Channel[Any]) -> None:
        """Note that the consumer has taken an event."""


class Bounded(Room):
    """Room for so many events, and a policy for those above."""

    __slots__ = ("_credits", "_policy")

    def __init__(self, maxsize: int, policy: str) -> None:
        super().__init__()
        self._credits: list[None] = [None] * maxsize
        self._policy = policy

    def enter(self, channel: Channel[Any]) -> bool:
        """Take a credit, or that of the oldest event; or give up."""
        try:
            self._credits.pop()
        except IndexError:
            if self._policy == "error":
                channel.finish(_errors.stream_overflow(len(channel.events)))
                return False
            self.dropped += 1  # too low by one if two threads drop in the same instant
            if self._policy == "drop_newest":
                return False
            try:
                channel.events.popleft()
            except IndexError:  # all are on their way in or out; one of them perhaps interrupted by this very emit
                return False
        return True

    def leave(self, channel: Channel[Any]) -> None:
        """Give the credit back."""
        self._credits.append(None)


class Pausing(Room):
    """Stops the library when too many events wait, and lets it go on when half of them are gone."""

    __slots__ = ("_flowing", "_limit", "_low", "_pause", "_paused", "_resume")

    def __init__(self, maxsize: int, pause: Callable[[], object], resume: Callable[[], object]) -> None:
        super().__init__()
        self._limit = maxsize
        self._low = maxsize // 2
        self._pause = pause
        self._resume = resume
        # One token, moved between two lists: who has popped it may call the function.
        self._flowing: list[None] = [None]
        self._paused: list[None] = []

    def entered(self, channel: Channel[Any]) -> None:
        """Pause at the limit; and go on at once if the consumer was faster than that."""
        if len(channel.events) < self._limit or not _popped(self._flowing):
            return
        try:
            self._pause()
        except Exception as error:
            channel.finish(error)
            return
        self._paused.append(None)
        if len(channel.events) <= self._low:
            self.leave(channel)

    def leave(self, channel: Channel[Any]) -> None:
        """Go on when enough events are gone."""
        if self._paused and len(channel.events) <= self._low and _popped(self._paused):
            self._resume()
            self._flowing.append(None)


def _popped(tokens: list[None]) -> bool:
    try:
        tokens.pop()
    except IndexError:
        return False
    return True


class Channel(Generic[T]):
    """What emitter and consumer share. It refers to neither, so that a dropped consumer is noticed."""

    __slots__ = ("_ends", "_sleepers", "_undo", "end", "ended", "events", "home", "room")

    def __init__(self, room: Room) -> None:
        self.events: deque[T] = deque()
        self.room: Room = room
        self.end: BaseException | None = None  # what the consumer meets when no event is left; None: just the end
        self.ended: bool = False  # nothing will follow the events that wait
        self._ends: list[None] = [None]  # popped by whoever ends the stream
        self._sleepers: list[Promise[None]] = []
        self._undo: list[Callable[[], object]] = []
        self.home: Home = current_home()

    def emit(self, event: T) -> None:
        """Queue an event, if there is room and the stream has not ended; on any thread."""
        if not self.ended and self.room.enter(self):
            self.events.append(event)
            self.wake()
            self.room.entered(self)

    def finish(self, error: BaseException | None = None) -> None:
        """End the stream after the events that wait, from the emitting side; on any thread."""
        if _popped(self._ends):
            self.end = error
            self.ended = True
            self.wake()
            self.home.enqueue(Unsubscribing(self))

    def take(self) -> T:
        """Give the first event; IndexError if none waits."""
        event = self.events.popleft()
        self.room.leave(self)
        return event

    def discard(self) -> None:
        """End the stream from the consuming side: what waits, or still comes, is forgotten."""
        _popped(self._ends)
        self.ended = True
        self.events.clear()
        self.wake()

    def subscribed(self, unsubscribe: Callable[[], object]) -> None:
        """Remember how to unsubscribe."""
        self._undo.append(unsubscribe)

    def unsubscribe(self) -> None:
        """Unsubscribe, once; on the home's thread or the consumer's."""
        try:
            undo = self._undo.pop()
        except IndexError:
            return
        undo()

    def arrival(self) -> Promise[None]:
        """Give a promise that is fulfilled when it is worth looking again."""
        news: Promise[None] = pending()
        self._sleepers.append(news)
        if self.events or self.ended:
            self.wake()
        return news

    def wake(self) -> None:
        """Wake whoever waits, or has waited and given up."""
        while self._sleepers:
            try:
                news = self._sleepers.pop()
            except IndexError:
                return
            news._fulfil(None)


class Unsubscribing:
    """The job that unsubscribes on the stream's home when the library, or the garbage collector, ends the stream."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel[Any]) -> None:
        self._channel = channel

    def _run(self) -> None:
        try:
            self._channel.unsubscribe()
        except Exception as error:
            submit_error(error)

    def _abandon(self, home: Home) -> None:
        self._channel.home = home  # nothing can be done on a home that has ended

    def _settles(self) -> None:
        """Name no promise."""
