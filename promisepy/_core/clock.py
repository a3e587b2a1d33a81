"""The clock of a thread without a loop: a heap of timers, and for a host a thread that sleeps until the first is due.

In a script, the clock runs only in `wait`, which asks it how long it may sleep. A host, such as a GUI's loop, offers
nothing but `post`. So there a thread sleeps until the earliest timer is due, and then posts. An asyncio loop has a
clock of its own and needs none of this.

Heap and sleeper are touched on their home's thread only. But a signal handler or finaliser may run there at any step,
and start or cancel a timer. So the first timer seen on the heap may not be first any more a step later. Code takes the
first one off, looks at it, and puts it back if it is another one. The heap compares two numbers, never a timer, so no
Python code runs inside a heap operation.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from heapq import heappush
from typing import TypeAlias

from .atomic import take_least
from .jobs import Home, Later, Timer

# Cancelled timers are removed from a heap when it has doubled, but not while it is smaller than this.
FEW = 64
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
    """A thread that does nothing but sleep until the first timer is due; there is one at a time."""

    __slots__ = ("_deadline", "_thread")

    def __init__(self) -> None:
        self._deadline: float | None = None
        self._thread: threading.Timer | None = None

    def set(self, first: Timer | None, wake: Callable[[], object]) -> None:
        """Have the thread call `wake` when this timer is due; with None, end its sleep."""
        deadline = None if first is None else first.deadline
        if deadline == self._deadline:
            return
        self._deadline = deadline
        before, self._thread = self._thread, None
        if before is not None:
            before.cancel()
        if first is not None:
            self._thread = thread = threading.Timer(first.remaining(), self._wake, (wake,))
            thread.daemon = True
            thread.start()

    def _wake(self, wake: Callable[[], object]) -> None:
        self._deadline = None  # so that it can be set again for the same timer, if this one woke too early
        wake()


class TimedHome(Home):
    """A home that keeps its timers itself, unless it hands them to a loop."""

    __slots__ = ("_sleeper", "ident", "timers")

    def __init__(self) -> None:
        super().__init__()
        self.ident = threading.get_ident()
        self.timers = Timers()  # those that no loop's clock rings
        self._sleeper = Sleeper()

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
        self._sleeper.set(self.timers.first() if self.needs_sleeper() else None, self._look_at_clock)

    def _look_at_clock(self) -> None:
        """Ring what is due, because the sleeper has woken or a timer has been cancelled; on any thread."""
        if threading.get_ident() == self.ident:
            self.timers.ring()
            self.set_sleeper()
        elif self.needs_sleeper():
            self.enqueue(Later(self._look_at_clock))  # no `on_abandon`: a home that ends abandons its timers itself

    def forget_sleeper(self) -> None:
        """Start anew in a forked child: the sleeper's thread exists only in the parent."""
        self._sleeper = Sleeper()
