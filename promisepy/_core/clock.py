"""The clock of a thread without a loop: a heap of timers, and for a host a thread that sleeps until the first is due.

In a script, the clock runs only in `wait`, which asks it how long it may sleep. A host, such as a GUI's loop, offers
nothing but `post`. So there a thread sleeps until the earliest timer is due, and then posts. It also posts again what a
host has lost. An asyncio loop has a clock of its own and needs none of this.

The heap is touched on its home's thread only. But a signal handler or finaliser may run there at any step,
and start or cancel a timer. So the first timer seen on the heap may not be first any more a step later. Code takes the
first one off, looks at it, and puts it back if it is another one. The heap compares two numbers, never a timer, so no
Python code runs inside a heap operation.
"""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from heapq import heappush
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias

from .atomic import take_least
from .jobs import Later, Timer
from .loops import ClockedHome

# Cancelled timers are removed from a heap when it has doubled, but not while it is smaller than this.
FEW = 64
# How long, in seconds, a host may take to drain until it is asked again; twice as long each time.
PATIENCE: Final = 1.0
Due: TypeAlias = tuple[float, int, Timer]  # what the heap compares: deadline and count; then the timer itself


def shorter(one: float | None, other: float | None) -> float | None:
    """Choose the shorter of two times to sleep, in seconds; None means without limit."""
    return other if one is None else one if other is None else min(one, other)


class Timers:
    """A heap of timers; those of the same time ring in the order in which they were added."""

    __slots__ = ("_count", "_full", "_heap")

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._count = 0
        self._full = FEW

    def add(self, timer: Timer) -> None:
        """Take a timer, and drop cancelled ones now and then."""
        if len(self._heap) >= self._full:
            for entry in self._take_all():
                if not entry[2].is_cancelled:
                    heappush(self._heap, entry)
            self._full = max(FEW, 2 * len(self._heap))
        self._count += 1
        heappush(self._heap, (timer.deadline, self._count, timer))

    def ring(self) -> None:
        """Ring what is due."""
        while (first := self.first()) is not None and first.remaining() <= 0:
            entry = take_least(self._heap)
            if entry is not None and entry[2].remaining() <= 0:
                entry[2].ring()
            elif entry is not None:
                heappush(self._heap, entry)

    def first(self) -> Timer | None:
        """Give the timer that rings next, and drop those before it that have been cancelled."""
        heap = self._heap
        while True:
            try:
                timer = heap[0][2]
            except IndexError:
                return None
            if not timer.is_cancelled:
                return timer
            entry = take_least(heap)
            if entry is not None and not entry[2].is_cancelled:
                heappush(heap, entry)

    def limit(self, seconds: float | None) -> float | None:
        """Say for how many seconds to sleep at most; None means without limit."""
        first = self.first()
        return shorter(seconds, None if first is None else first.remaining())

    def clear(self) -> None:
        """Forget all timers."""
        self._heap.clear()

    def _take_all(self) -> list[Due]:
        entries: list[Due] = []
        while (entry := take_least(self._heap)) is not None:
            entries.append(entry)
        return entries


class Sleeper:
    """A thread that does nothing but sleep, and call a method when the time has come for which it was asked.

    It is started when it is first needed, and then sleeps on: one thread, however often somebody asks for an earlier
    time. It keeps nobody alive.
    """

    __slots__ = ("_method", "_moment", "_news")

    def __init__(self, method: Callable[[], object]) -> None:
        self._method: Callable[[], Callable[[], object] | None] = weakref.WeakMethod(method)
        self._moment = math.inf  # when it is going to call
        self._news: SimpleQueue[float | None] | None = None

    def wake_at(self, moment: float) -> None:
        """Have the thread call at this time, unless it is going to call earlier; on any thread."""
        if moment >= self._moment:
            return
        self._moment = moment
        news = self._news
        if news is None:
            news = self._news = SimpleQueue()
            with suppress(RuntimeError):  # the interpreter exits, or has no threads
                threading.Thread(target=self._sleep, args=(news,), name="promisepy clock", daemon=True).start()
        news.put(moment)

    def end(self) -> None:
        """End the thread, if there is one."""
        news, self._news, self._moment = self._news, None, math.inf
        if news is not None:
            news.put(None)

    def _sleep(self, news: SimpleQueue[float | None]) -> None:
        moment = math.inf
        while True:
            try:
                asked = news.get(timeout=None if moment == math.inf else max(0.0, moment - time.monotonic()))
            except Empty:
                # Forget the time first: whoever asks from now on is heard, and who has asked before finds us awake.
                self._moment = moment = math.inf
                method = self._method()
                if method is None:
                    return
                method()
                del method
                if (
                    news is not self._news
                ):  # two threads have asked for the first time at once, and each has started one
                    return
            else:
                if asked is None:
                    return
                moment = min(moment, asked)


class TimedHome(ClockedHome):
    """A home that keeps its timers itself, unless it hands them to a loop."""

    __slots__ = ("_overdue", "_patience", "_rings", "_sleeper", "ident", "timers")

    def __init__(self) -> None:
        super().__init__()
        self.ident = threading.get_ident()
        self.timers = Timers()  # those that no loop's clock rings
        self._sleeper = Sleeper(self._wake)
        self._rings = math.inf  # when the sleeper has to look at the clock
        self._overdue = math.inf  # when it has to ask the host again
        self._patience = PATIENCE

    def needs_sleeper(self) -> bool:
        """Tell whether what drives this home has no clock."""
        raise NotImplementedError

    def keep_timer(self, timer: Timer) -> None:
        """Take a timer, on the home's thread."""
        self.timers.add(timer)
        timer.started(self._look_at_clock)
        self.set_sleeper()

    def restart_timers(self) -> None:
        """Hand the timers to what drives this home now."""
        self.timers.clear()
        for timer in list(self.clocked):
            timer.stop()
            timer._run()

    def set_sleeper(self) -> None:
        """Set the sleeper to the first timer, if it is needed; on the home's thread."""
        first = self.timers.first() if self.needs_sleeper() else None
        self._rings = math.inf if first is None else first.deadline
        self._sleeper.wake_at(self._rings)

    def posted(self) -> None:
        """Note that a host has been asked to drain, on any thread; if it does not, it is asked again."""
        self._overdue = time.monotonic() + self._patience
        self._sleeper.wake_at(self._overdue)

    def is_first_time(self) -> bool:
        """Tell whether the host has not been asked in vain since it drained last."""
        return self._patience == PATIENCE

    def visited(self) -> None:
        """Note that the host drains."""
        self._overdue, self._patience = math.inf, PATIENCE

    def _wake(self) -> None:
        """Ask the host to drain because a timer is due, or because it has not done so; on the sleeper's thread."""
        now = time.monotonic()
        if now >= self._rings:
            self._rings = math.inf
            self.enqueue(Later(self._look_at_clock))  # no `on_abandon`: a home that ends abandons its timers itself
        if now >= self._overdue:
            # Some hosts throw calls away and keep the memory, such as pygame's `event.clear()`. Others are merely busy,
            # or have not begun. So it is asked ever less often.
            self._overdue, self._patience = math.inf, 2 * self._patience
            self.rearm()
        self._sleeper.wake_at(min(self._rings, self._overdue))

    def _look_at_clock(self) -> None:
        """Ring what is due, because the sleeper has woken or a timer has been cancelled; on any thread."""
        if threading.get_ident() == self.ident:
            self.timers.ring()
            self.set_sleeper()
        elif self.needs_sleeper():
            self.enqueue(Later(self._look_at_clock))

    def end_sleeper(self) -> None:
        """End the sleeper: there is no host any more."""
        self._rings = self._overdue = math.inf
        self._sleeper.end()

    def forget_sleeper(self) -> None:
        """Start anew in a forked child: the sleeper's thread exists only in the parent."""
        self._sleeper = Sleeper(self._wake)
        self.set_sleeper()
