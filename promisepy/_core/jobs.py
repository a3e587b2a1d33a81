"""The job queue of a home, the one loop that runs jobs, and jobs that run later.

ECMA-262 9.5 asks for jobs that run one at a time, to completion, in the order in which they were queued. A home is
such a queue together with whatever calls `drain` on the home's thread: an asyncio loop, a script's `wait`, a GUI.

INV-FIFO    Jobs leave the queue in the order in which they came, whoever queued them, even if a burst ends early.
INV-ARMED   While a job is queued, somebody is going to look. `armed` says that, and is true for two reasons only: a
            `WakeUp` is on its way, or a drain is under way that nothing can overtake. Code that queues a job appends it
            first and reads `armed` afterwards. Whoever clears `armed` looks at the queue afterwards (LOOK, in
            `atomic`). So a signal handler or finaliser may queue a job while another job is being queued. Both may find
            the home unarmed: then the second wake-up finds an empty queue.
INV-DEEP    A job may run a loop of its own thread: a modal dialogue, or `asyncio.run` under nest_asyncio. What settles
            meanwhile has to run in there. So a drain counts as armed only where its host can run nothing before it has
            returned (`holds`); asyncio's own loops are of that kind. Elsewhere `armed` is cleared when a drain begins,
            and a second wake-up is asked for, at once if more than one job waits, else by what a job queues. That one
            may come while the job still runs. Then the drain inside it takes the jobs that wait, in their order, and
            the one around it goes on with what is left.
INV-DROPPED A wake-up that is dropped unused says so, and the home asks again. So nobody who throws calls away, such as
            a loop that is closed, can leave a home armed for ever.
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
from threading import get_ident
from typing import Any, ClassVar, Final, Protocol, Self

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
        """Fail what the job would have done, because its home has ended; called on any thread.

        Again, if stack or memory ran out. So it fails that first, and forgets it afterwards.
        """

    def _settles(self) -> object:
        """Name the promise that cannot settle before this job has run, if there is one."""


class Suspect(Protocol):
    """A rejection that strict mode reports if it is still unobserved when the queue runs empty."""

    def accuse(self) -> None:
        """Report it, unless it has been observed."""


def fatal(error: BaseException) -> bool:
    """Tell whether an exception is meant for the interpreter rather than for a handler."""
    return issubclass(type(error), (KeyboardInterrupt, SystemExit))  # in place: is_a


class WakeUp:
    """What a loop or host holds while it is going to drain a home, and drops when it has, or never will.

    A home keeps one that is idle, because making one costs as much as a small job. While it is on its way it refers to
    the home, and nothing but the host refers to it. So if it is freed then, it has been dropped. Two that arm a home at
    the same time may send the same one twice; then it has been dropped when both have.
    """

    __slots__ = ("home",)

    def __init__(self) -> None:
        self.home: Home | None = None

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:  # bound: globals go at the end
        home = self.home
        if home is not None and not is_finalizing():
            home.lost()


class Below:
    """What a drain restores at its end, if it began inside a job of its home or others may begin inside its jobs."""

    __slots__ = ("running", "suspects")

    def __init__(self, running: Job | None, suspects: list[Suspect]) -> None:
        self.running = running
        self.suspects = suspects  # what that job has rejected is not suspected by the drains inside it


class Home:
    """A FIFO queue of jobs and the flag that says whether somebody is going to drain it."""

    __slots__ = (
        "__weakref__",
        "armed",
        "below",
        "clocked",
        "holds",
        "idle",
        "jobs",
        "outer",
        "running",
        "suspects",
    )

    # True if a loop may be started on the home's thread at any time, even by a handler or a pump, for `look` to find.
    seeks_loop: ClassVar[bool] = False

    def __init__(self) -> None:
        self.jobs: deque[Job] = deque()
        self.armed: bool = False
        # True if nothing but the job that runs can be at work on this thread until the drain has returned.
        self.holds: bool = True
        self.idle: WakeUp | None = None
        self.running: Job | None = None
        self.below: list[Below] = []
        # A caller further out on the stack may be handling this exception. It must not become the `__context__` of what
        # handlers raise; `Resolution._fail` cuts it off.
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

    def lost(self) -> None:
        """Note that a wake-up has been dropped; on any thread, in a finaliser."""
        self.rearm()

    def send(self) -> WakeUp:
        """Give a wake-up that is on its way to this home from now on."""
        wake_up, self.idle = self.idle or WakeUp(), None
        wake_up.home = self
        return wake_up

    def start(self, coroutine: Coroutine[Any, Any, Any], context: Context) -> Any:
        """Run a coroutine as a task, and keep it alive; called on the home's thread. Gives the task."""
        raise NotImplementedError

    def step(self, callback: Callable[[Any], object], waiter: object, context: Context) -> None:
        """Run the next step of a task of this home, in the loop that it needs; called where `seeks_loop` is true."""
        raise NotImplementedError

    def start_timer(self, timer: Timer) -> None:
        """Have `timer.ring` called on the home's thread when its time has come; called on that thread."""
        raise NotImplementedError

    def abandon_timers(self) -> None:
        """Fail what the timers would have done, because their clock has stopped for good."""
        for timer in list(self.clocked):
            timer._abandon(self)

    def stands_still(self) -> bool:
        """Tell whether nothing can drain this home as long as the calling thread does what it is about to do."""
        return False

    def look(self) -> None:
        """Find a loop that has been started meanwhile, and have it drain this home."""

    def describe(self) -> str:
        """Name the home for messages."""
        raise NotImplementedError

    def report(self, report: Report) -> bool:
        """Show a report the way this home shows errors; false if it has no way of its own."""
        return False

    def drain(self, wake_up: WakeUp | None = None) -> None:
        """Run queued jobs, at most `BURST` of them; the rest, if any, after the host's turn."""
        # First. If stack or memory run out in here, the wake-up has not been used, and is told when the host drops it.
        below = None if self.holds and self.running is None else self._begin_inside()
        if wake_up is not None:
            wake_up.home = None
            self.idle = wake_up
        self.armed = holds = self.holds
        jobs, take = self.jobs, self.jobs.popleft
        outer, self.outer = self.outer, sys.exception()
        job: Job | None
        try:
            if not holds and len(jobs) > 1:
                self.arm()  # the first of them may run a loop, in which the others have to go on (INV-DEEP)
            for _ in repeat(None, BURST):
                if not jobs:
                    break
                try:
                    self.running = job = take()
                except IndexError:  # a signal handler has drained this home just now
                    break
                try:
                    job._run()
                except (RecursionError, MemoryError) as error:
                    jobs.appendleft(Failing((job, error)))
                    raise
                if inline:
                    run_inline()
            if self.suspects and not jobs:
                self._accuse(below)
        finally:
            self.outer = outer
            if below is None:
                self.running = None
            else:
                self._end_inside(below)
            job = None  # INV-RC of `cell`: what the last handler raised leads to this frame
            if holds:  # else a signal handler may be clearing the flag, or another thread raising it
                self.armed = False
            if jobs and not self.armed:
                self.arm()

    def _begin_inside(self) -> Below:
        running, suspects = self.running, list[Suspect]()
        below = Below(running, suspects if running is None else self.suspects)
        self.below.append(below)
        if running is not None:
            self.suspects = suspects
        return below

    def _end_inside(self, below: Below) -> None:
        at = self.below.index(below)
        del self.below[at]
        if at < len(self.below):  # where stacks change places, as in Pyodide's `run_sync`, one inside may end later
            self.below[at].running = below.running
        else:
            self.running = below.running
        self.suspects = below.suspects + self.suspects

    def abandon(self) -> None:
        """Fail every queued job, because nobody will drain this home again; on any thread, on several at once."""
        while True:
            # Count as armed meanwhile. Then the reactions to what a job rejects are queued behind it; otherwise `arm`
            # would call this function again, recursively.
            self.armed = True
            try:
                while (job := take_first(self.jobs)) is not None:  # another thread may be in here, too
                    try:
                        job._abandon(self)
                    except BaseException:
                        self.jobs.appendleft(job)  # out of stack or memory
                        raise
            finally:
                self.armed = False
            if not self.jobs:
                return

    def _accuse(self, below: Below | None) -> None:
        if self.below and self.below[-1] is not below:
            return  # they are those of a drain inside, which ends later
        suspects, self.suspects = self.suspects, []
        for suspect in suspects:
            suspect.accuse()


class Failing(tuple[Job, BaseException]):
    """A job in the place of one that ran out of stack, and could not even tell why.

    A tuple, because there may be no room left for an `__init__` either.
    """

    __slots__ = ()

    def _run(self) -> None:
        """Reject what the job should have settled."""
        promise: Any = self._settles()
        if promise is not None:
            promise._reject(self[1], None)

    def _abandon(self, home: Home) -> None:
        self._run()

    def _settles(self) -> object:
        return self[0]._settles()


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


class InlineJob(Job, Protocol):
    """A job that belongs to no home: it runs on the thread that settles, as soon as that has settled."""

    def _is_due(self) -> bool:
        """Tell whether the settlement that has queued the job is complete."""
        ...


# By thread: if threads shared a queue, one could take and delay what another has to have done before `resolve` returns.
inline: Final[dict[int, deque[InlineJob]]] = {}


class InlineQueue(deque[Job]):
    """The queue of no home. Each thread gets its jobs back from `run_inline`."""

    __slots__ = ()

    def append(self, job: Any, /) -> None:
        """Keep a job for this thread."""
        me = get_ident()
        jobs = inline.setdefault(me, deque())
        jobs.append(job)
        while (now := inline.setdefault(me, jobs)) is not jobs:  # a signal handler has taken the queue meanwhile (LOOK)
            now.append(job)
            jobs = now


def run_inline() -> None:
    """Run the inline jobs of this thread, now that it has settled something.

    Whoever settles outside of a job calls this last; a drain calls it after each job. A signal handler may do so in the
    middle of another settlement. The jobs of that one are not due yet, and stay for it. So do those that could not run,
    because stack or memory have run out.
    """
    me = get_ident()
    jobs = inline.pop(me, None)
    if jobs is None:
        return
    try:
        for _ in range(len(jobs)):
            if jobs[0]._is_due():
                jobs[0]._run()
                jobs.popleft()
            else:
                jobs.rotate(-1)
    finally:
        while jobs and (now := inline.setdefault(me, jobs)) is not jobs:  # LOOK, as in `append`
            now.extend(jobs)
            jobs = now


class Timer:
    """Queues a job on a home after so many seconds, unless it is cancelled first; made and cancelled on any thread.

    A clock belongs to its home's thread. So `start` first queues the timer as a job, which starts the clock there. Its
    time counts from when it was made. A script's clock runs only in `wait`, which rings overdue timers at once. A timer
    may ring, or be abandoned, before `start` returns. So whoever makes one stores it first, and starts it last.
    """

    __slots__ = ("_home", "_job", "_stop", "deadline")

    def __init__(self, home: Home, seconds: float, job: Job) -> None:
        self.deadline: float = time.monotonic() + min(seconds, LONGEST)
        self._home = home
        self._job: Job | None = job
        self._stop: Callable[[], object] | None = None

    def start(self) -> Self:
        """Queue the timer, for its home to start the clock; gives the timer."""
        self._home.enqueue(self)
        return self

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

    def ring(self, _clock: object = None) -> None:
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
            try:
                job._abandon(home)
            except BaseException:
                self._job, home.clocked[self] = job, None  # out of stack or memory
                raise

    def _settles(self) -> object:
        job = self._job
        return None if job is None else job._settles()
