"""The job queue of a home, the one loop that runs jobs, and jobs that run later.

ECMA-262 9.5 asks for jobs that run one at a time, to completion, in the order in which they were queued. A home is
such a queue together with whatever calls `drain` on the home's thread: an asyncio loop, a script's `wait`, a GUI.

INV-FIFO    Jobs leave the queue in the order in which they came, whoever queued them, even if a burst ends early.
INV-ARMED   While a job is queued, somebody is going to look. Code that queues a job appends it first and reads `armed`
            afterwards; a drain clears `armed` first and looks at the queue afterwards (LOOK, in `atomic`). So a signal
            handler or finaliser may queue a job while another job is being queued. Both may find the home unarmed:
            then the second wake-up finds an empty queue.
INV-ALIVE   An exception that leaves a job (KeyboardInterrupt, SystemExit) leaves the queue armed for the rest.

Weak spot: a KeyboardInterrupt between the step that takes a job and the job's first step loses that job, as in asyncio.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from itertools import repeat
from typing import Any, ClassVar, Protocol

from .atomic import take_first
from .types import Report

# How many jobs run before the host gets its turn. Many, because a turn costs about as much as ten jobs. Bounded, so
# that a chain that never ends cannot keep the host from its sockets.
BURST = 1000
# The pause between two calls of a pump that had nothing to deliver: at first and at most, in seconds.
PUMP_PAUSE = 0.001, 0.02
# The longest wait that any clock is asked for, in seconds: thirty years, which every platform can count.
LONGEST = 1e9


class Job(Protocol):
    """What a queue holds."""

    def _run(self) -> None:
        """Do the work; called once on the home's thread. A job that is queued twice must do nothing the second time."""

    def _abandon(self, home: Home) -> None:
        """Fail what the job would have done, because its home has ended; called on any thread."""

    def _settles(self) -> object:
        """Name the promise that cannot settle before this job has run, if there is one."""


class Suspect(Protocol):
    """A rejection that strict mode reports if it is still unobserved when the queue runs empty."""

    def accuse(self) -> None:
        """Report it, unless it has been observed."""


def fatal(error: BaseException) -> bool:
    """Tell whether an exception is meant for the interpreter rather than for a handler."""
    return issubclass(type(error), (KeyboardInterrupt, SystemExit))  # in place: is_a


class Home:
    """A FIFO queue of jobs and the flag that says whether somebody is going to drain it."""

    __slots__ = ("__weakref__", "armed", "clocked", "jobs", "outer", "running", "suspects")

    # True if a loop may be started on the home's thread at any time, even by a handler or a pump, for `look` to find.
    seeks_loop: ClassVar[bool] = False

    def __init__(self) -> None:
        self.jobs: deque[Job] = deque()
        self.armed: bool = False
        self.running: Job | None = None
        self.outer: BaseException | None = None
        self.suspects: list[Suspect] = []
        # Timers that a clock is going to ring, unless it stops first. A dict, because it keeps their order.
        self.clocked: dict[Timer, None] = {}

    def enqueue(self, job: Job) -> None:
        """Queue `job`, from any thread. Hot callers write these two lines in place."""
        self.jobs.append(job)
        if not self.armed:
            self.arm()

    def arm(self) -> None:
        """Have `drain` called soon on the home's thread, even if that thread sleeps."""
        raise NotImplementedError

    def rearm(self) -> None:
        """Arm the home again, although it counts as armed: what was going to drain it may not come any more."""
        self.armed = False
        if self.jobs:
            self.arm()

    def start(self, coroutine: Coroutine[Any, Any, Any], context: Context) -> Any:
        """Run a coroutine as a task, and keep it alive; called on the home's thread. Gives the task."""
        raise NotImplementedError

    def start_timer(self, timer: Timer) -> None:
        """Have `timer.ring` called on the home's thread when its time has come; called on that thread."""
        raise NotImplementedError

    def abandon_timers(self) -> None:
        """Fail what the timers would have done, because their clock has stopped for good."""
        for timer in list(self.clocked):
            timer._abandon(self)

    def stands_still(self) -> bool:
        """Tell whether what drains this home would have to run on the calling thread, and does not run."""
        return False

    def look(self) -> None:
        """Find a loop that has been started meanwhile, and have it drain this home."""

    def describe(self) -> str:
        """Name the home for messages."""
        raise NotImplementedError

    def report(self, report: Report) -> bool:
        """Show a report the way this home shows errors; false if it has no way of its own."""
        return False

    def drain(self) -> None:
        """Run queued jobs, at most `BURST` of them; the rest, if any, after the host's turn."""
        self.armed = True
        jobs = self.jobs
        take = jobs.popleft
        # A caller further out on this stack may be handling an exception. That must not become the `__context__` of
        # what handlers raise; `Resolution._fail` cuts it off.
        outer, self.outer = self.outer, sys.exception()
        running = self.running
        job: Job | None
        try:
            for _ in repeat(None, BURST):
                if not jobs:
                    break
                self.running = job = take()
                job._run()
            if self.suspects and not jobs:
                self._accuse()
        finally:
            self.running = running
            self.outer = outer
            job = running = None  # INV-RC of `cell`: what the last handler raised leads to this frame
            self.armed = False
            if jobs:
                self.arm()

    def abandon(self) -> None:
        """Fail every queued job, because nobody will drain this home again; on any thread, on several at once."""
        while True:
            # Count as armed meanwhile. Then the reactions to what a job rejects are queued behind it; otherwise `arm`
            # would call this function again, recursively.
            self.armed = True
            try:
                while (job := take_first(self.jobs)) is not None:  # another thread may be in here, too
                    job._abandon(self)
            finally:
                self.armed = False
            if not self.jobs:
                return

    def _accuse(self) -> None:
        suspects, self.suspects = self.suspects, []
        for suspect in suspects:
            suspect.accuse()


def nothing(_: object) -> None:
    """Do nothing about a home that has ended."""


class Later:
    """A job that calls a function of this package on the home's thread; no promise stands for the call."""

    __slots__ = ("_function", "_on_abandon")

    def __init__(self, function: Callable[[], object], on_abandon: Callable[[Home], object] = nothing) -> None:
        self._function = function
        self._on_abandon = on_abandon

    def _run(self) -> None:
        self._function()

    def _abandon(self, home: Home) -> None:
        self._on_abandon(home)

    def _settles(self) -> None:
        """Name no promise."""


class Timer:
    """Queues a job on a home after so many seconds, unless it is cancelled first; made and cancelled on any thread.

    A clock belongs to its home's thread. So a timer is first queued as a job, which starts the clock there. Its time
    counts from when it was made. A script's clock runs only in `wait`, which rings overdue timers at once.
    """

    __slots__ = ("_home", "_job", "_stop", "deadline")

    def __init__(self, home: Home, seconds: float, job: Job) -> None:
        self.deadline: float = time.monotonic() + min(seconds, LONGEST)
        self._home = home
        self._job: Job | None = job
        self._stop: Callable[[], object] | None = None
        home.enqueue(self)

    @property
    def is_cancelled(self) -> bool:
        """Tell whether nothing is left to do: it has been cancelled, or has rung."""
        return self._job is None

    def remaining(self) -> float:
        """Give the seconds that are left, 0 if it is overdue."""
        return max(self.deadline - time.monotonic(), 0.0)

    def cancel(self) -> None:
        """Forget the job."""
        self._job = None
        self.stop()

    def started(self, stop: Callable[[], object]) -> None:
        """Remember how to make the clock forget this timer."""
        self._home.clocked[self] = None
        self._stop = stop
        if self._job is None:  # cancelled meanwhile, on another thread
            self.cancel()

    def stop(self) -> None:
        """Make the clock forget this timer, so that another clock may ring it."""
        self._home.clocked.pop(self, None)
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()

    def ring(self) -> None:
        """Queue the job."""
        self._home.clocked.pop(self, None)
        job, self._job, self._stop = self._job, None, None
        if job is not None:
            self._home.enqueue(job)

    def _run(self) -> None:
        if self._job is not None:
            self._home.start_timer(self)

    def _abandon(self, home: Home) -> None:
        job, self._job = self._job, None
        self.stop()
        if job is not None:
            job._abandon(home)

    def _settles(self) -> object:
        job = self._job
        return None if job is None else job._settles()
