"""The bounded queue between a library that emits on any thread and one consumer.

INV-BOUND   At most `maxsize` events wait; with `pause` and `resume`, also those that come until the library has
            paused. Each event takes one of `maxsize` credits from a list (TAKE, in `atomic`), and gives it back when it
            is consumed. To drop the oldest, a deque with a maximal length does the same in one step. So a signal
            handler or finaliser may emit in the middle of an emit.
INV-TURN    Events of one thread arrive in their order: each is appended to a deque when it is emitted.
INV-NEWS    A sleeping consumer is woken: it announces itself first and looks at the queue afterwards; an emitter
            appends first and looks for a sleeper afterwards (LOOK).
INV-END     A consumer meets the end only after all events that were accepted before it: it first looks whether the
            stream has ended, and then for an event.
INV-LEFT    Nothing comes out of a stream that its consumer has left. The consumer says first that it has left, and
            clears the queue afterwards. An emitter appends first, and looks afterwards whether to clear the queue
            (LOOK).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

from .._core import errors
from .._core.atomic import take, taken
from .._core.homes import current_home
from .._core.jobs import Home, Later, fatal
from .._core.outcomes import in_context
from .._promises.promise import Promise, pending
from .subscription import Subscription

T = TypeVar("T")


class Room:
    """Says whether another event may wait; this base class always allows it."""

    __slots__ = ("_drops",)

    maxlen: int | None = None  # of the deque

    def __init__(self) -> None:
        # Counted by thread, so that two threads cannot overwrite each other's count. A drop in a signal handler that
        # interrupts a drop may not be counted.
        self._drops: dict[int, int] = {}

    def enter(self, channel: Channel[Any]) -> bool:
        """Make room for an event, on the emitting thread; false if it must be dropped."""
        return True

    def entered(self, channel: Channel[Any]) -> None:
        """Look again, now that the event is in the queue."""

    def leave(self, channel: Channel[Any]) -> None:
        """Note that the consumer has taken an event."""

    def dropped(self, channel: Channel[Any]) -> int:
        """Count the events that have been dropped."""
        return _sum(self._drops)


def _count(counts: dict[int, int]) -> None:
    me = threading.get_ident()
    counts[me] = counts.get(me, 0) + 1


def _sum(counts: dict[int, int]) -> int:
    return sum(list(counts.values()))


class Bounded(Room):
    """Room for `maxsize` events; the policy says whether one too many ends the stream or is dropped."""

    __slots__ = ("_credits", "_policy")

    def __init__(self, maxsize: int, policy: str) -> None:
        super().__init__()
        self._credits: list[bool] = [True] * maxsize
        self._policy = policy

    def enter(self, channel: Channel[Any]) -> bool:
        """Take a credit, or give up."""
        if take(self._credits):
            return True
        if self._policy == "error":
            channel.finish(errors.stream_overflow(len(channel.events)))
        else:
            _count(self._drops)
        return False

    def leave(self, channel: Channel[Any]) -> None:
        """Give the credit back."""
        self._credits.append(True)


class Latest(Room):
    """Room for the last `maxsize` events: the deque itself drops the oldest, in the very step that appends the newest.

    No code can see which step has dropped one. So what has come, and neither waits nor was taken, counts as dropped.
    """

    __slots__ = ("_come", "_taken", "maxlen")

    def __init__(self, maxsize: int) -> None:
        super().__init__()
        self.maxlen = maxsize
        self._come: dict[int, int] = {}
        self._taken: dict[int, int] = {}

    def entered(self, channel: Channel[Any]) -> None:
        """Count what has come."""
        _count(self._come)

    def leave(self, channel: Channel[Any]) -> None:
        """Count what has been taken."""
        _count(self._taken)

    def dropped(self, channel: Channel[Any]) -> int:
        """Count the events that have been dropped."""
        return max(0, _sum(self._come) - _sum(self._taken) - len(channel.events))


class Pausing(Room):
    """Stops the library when too many events wait, and lets it go on when half of them are gone.

    One token moves between two lists, `_flowing` and `_paused`. Code that has popped it may call `pause` or `resume`.
    After it has put the token back it looks again, because others may have found the token gone in the meantime. A
    library may bring its backlog inside `resume`. So an emit on the very thread that is calling `resume` may call
    `pause` without the token, once.

    Weak spot: a signal handler that emits just before that call of `resume` calls `pause` too early. Then the library
    runs on until the consumer has taken half of what waits.
    """

    __slots__ = ("_flowing", "_limit", "_low", "_pause", "_paused", "_resume", "_resuming")

    def __init__(self, maxsize: int, pause: Callable[[], object], resume: Callable[[], object]) -> None:
        super().__init__()
        self._limit = maxsize
        self._low = maxsize // 2
        self._pause = in_context(pause)
        self._resume = in_context(resume)
        self._flowing: list[bool] = [True]
        self._paused: list[bool] = []
        self._resuming: list[int] = []  # the thread that is inside of `resume`

    def entered(self, channel: Channel[Any]) -> None:
        """Pause at the limit; resume at once if the consumer was faster than that."""
        self._balance(channel)

    def leave(self, channel: Channel[Any]) -> None:
        """Go on when enough events are gone."""
        self._balance(channel)

    def _balance(self, channel: Channel[Any]) -> None:
        try:
            while not channel.ended:  # never `resume` after the end: in some libraries that subscribes again
                waiting = len(channel.events)
                if waiting >= self._limit and take(self._flowing):
                    self._pause()
                    self._paused.append(True)
                elif (
                    waiting >= self._limit
                    and threading.get_ident() in self._resuming
                    and take(self._resuming) is not None
                ):
                    self._pause()
                    return
                elif waiting <= self._low and take(self._paused):
                    self._resuming.append(threading.get_ident())
                    self._resume()
                    has_paused = take(self._resuming) is None
                    (self._paused if has_paused else self._flowing).append(True)
                else:
                    return
        except BaseException as error:
            channel.finish(error)  # after the events that wait: a library that cannot be resumed brings no more
            if fatal(error):
                raise


class Channel(Generic[T]):
    """What emitter and consumer share. It refers to neither, so that a dropped consumer is noticed."""

    __slots__ = ("_ends", "_sleepers", "end", "ended", "events", "home", "left", "room", "subscription")

    def __init__(self, room: Room, subscription: Subscription) -> None:
        self.events: deque[T] = deque(maxlen=room.maxlen)
        self.room: Room = room
        self.end: BaseException | None = None  # what the consumer meets when no event is left; None: just the end
        self.ended: bool = False  # nothing will follow the events that wait
        self.left: bool = False  # nobody wants those that wait
        self._ends: list[bool] = [True]  # the right to end the stream (TAKE)
        self._sleepers: list[Promise[None]] = []
        self.subscription: Subscription = subscription
        self.home: Home = current_home()

    def emit(self, event: T) -> None:
        """Queue an event, if there is room and the stream has not ended; on any thread."""
        if not self.ended and self.room.enter(self):
            self.events.append(event)
            self.wake()
            self.room.entered(self)
            if self.left:
                self._clear()

    def finish(self, error: BaseException | None = None) -> None:
        """End the stream after the events that wait, from the emitting side; on any thread."""
        if take(self._ends):
            self.end = error
            self.ended = True
            self.wake()
            self.unsubscribe_later()

    def take(self) -> T:
        """Give the first event; IndexError if none waits."""
        event = self.events.popleft()
        self.room.leave(self)
        return event

    def discard(self) -> None:
        """End the stream from the consuming side: what waits, or still comes, is forgotten."""
        take(self._ends)
        self.ended = self.left = True
        self._clear()
        self.wake()

    def _clear(self) -> None:
        with suppress(IndexError):
            while True:
                self.take()  # one by one: only what is taken does not count as dropped

    def unsubscribe_later(self, *, gives_up: bool = False) -> None:
        """Unsubscribe on the home's thread; if that has ended, better on a foreign thread than never."""
        undo = partial(self.subscription.undo_alone, gives_up=gives_up)
        self.home.enqueue(Later(undo, lambda _: undo()))

    def arrival(self) -> Promise[None]:
        """Give a promise that is fulfilled when it is worth looking again; all sleepers share it."""
        try:
            news = self._sleepers[-1]
        except IndexError:
            news = pending()
            self._sleepers.append(news)
        if self.events or self.ended:
            self.wake()
        return news

    def wake(self) -> None:
        """Wake the consumers that sleep."""
        for news in taken(self._sleepers):  # another thread may be waking them, too
            news._fulfil(None)
