"""Homes: what drains a queue of jobs, and how its sleeping thread is woken.

A promise made while an asyncio loop runs has that loop for its home (`LoopHome`); any other has its thread
(`ThreadHome`). A thread drains its home while it is in `wait`. An asyncio loop that is started later on the thread
drains it as well, and so does an installed host, such as a GUI's loop. At interpreter exit the main thread drains its
home once more.

Waking is safe from every thread, from finalisers, and from a signal handler that interrupts the very `wait` that
sleeps: it sleeps in `SimpleQueue.get`, whose `put` is re-entrant.

INV-NEST    A signal handler, a finaliser or a handler may call `wait` in the middle of another `wait` of its thread.
            Each of them that sleeps has a bed of its own on a stack. Who wakes the thread wakes the innermost, and one
            that ends wakes the next: its turn may have come meanwhile, or an earlier timer.
INV-OUTSIDE In a `wait`, handlers run outside of any loop, so that they may run one, or `wait`. Only the steps of
            coroutines run in the private loop, each when its job's turn has come. The loop is left, in the middle of a
            turn, where another one would drain its home. So the order is the same as under asyncio.
"""

from __future__ import annotations

import sys
import threading
import time
import weakref
from collections.abc import Callable, Coroutine, Sized
from contextlib import suppress
from contextvars import Context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias, cast

from .clock import TimedHome, shorter
from .errors import wrong_thread
from .jobs import PUMP_PAUSE, Home, Job, Later, Timer, WakeUp, fatal, run_inline
from .loops import (
    HOME,
    PLAIN,
    Clock,
    Loop,
    LoopHome,
    PrivateLoop,
    Task,
    events,
    other_homes,
    own,
    refusing,
    running_loop,
    start_on,
    weakly,
)
from .misuse import coroutine_under_host
from .reports import Gathering, Settings, report_stuck, settings, submit_error
from .types import Host

# A `wait` wakes up every so many seconds. On Windows, because Ctrl-C does not interrupt a lock. On free-threaded
# builds, because an object that this thread has made and another one drops is freed only when this thread runs (S10,
# CPython issue 157838).
SLICE = 0.1 if sys.platform == "win32" or "free-threading build" in sys.version else None
Hook: TypeAlias = Callable[[], object] | None


class ThreadHome(TimedHome):
    """The home of promises that were created on a thread without a running loop."""

    __slots__ = (
        "_clock",
        "_context",
        "_loop",
        "_refused",
        "_sleepers",
        "ended",
        "host",
        "name",
        "needs",
        "new_bed",
        "over",
        "plain",
        "private",
        "tasks",
        "waits",
    )

    seeks_loop = True

    def __init__(self) -> None:
        super().__init__()
        self.name = threading.current_thread().name
        self.ended = False
        self.host: Host | None = None
        self._loop: Callable[[], Loop | None] | None = None
        # True when the main thread has ended, and the interpreter joins the others: no job runs before they have ended.
        self.over = False
        # Runs the coroutines that handlers return, in `wait`: they need a loop, and this thread has none.
        self.private = PrivateLoop()
        self.tasks = self.private.tasks
        # For each call of `wait` on this thread's stack, outermost first, the job whose handler calls it.
        self.waits: list[Job | None] = []
        # For each of them that waits for a promise, what tells whether a job of some home has to come first.
        self.needs: list[Callable[[Home], bool]] = []
        # What wakes each of them that sleeps. A signal handler or finaliser may call `wait` while another one sleeps.
        self._sleepers: list[Callable[[], object]] = []
        self.new_bed: Callable[[], SimpleQueue[None]] = SimpleQueue  # what it sleeps in
        self.plain: object = PLAIN  # as `LoopHome.plain`, for `loop`
        self._context = Context()
        self._clock: weakref.ref[Clock] | None = None
        self._refused: object = None  # the host that has drained this home on a wrong thread

    @property
    def loop(self) -> Loop | None:
        """The loop that drains this home now, if the user runs one on this thread, and it is still there."""
        find = self._loop
        return None if find is None else find()

    @loop.setter
    def loop(self, loop: Loop | None) -> None:
        self._loop = None if loop is None else weakly(loop)

    def arm(self) -> None:
        """Wake whoever drains this home; if nobody does, the jobs wait for the next `wait`."""
        # Raise the flag first, and look for somebody afterwards. A `wait` that ends meanwhile lowers the flag. If we
        # raised it after that, the home would count as armed although nobody is going to look.
        self.armed = True
        try:
            for wake in self._sleepers[-1:]:
                wake()
                # A signal handler that interrupts this sleep may run a loop, or the host's: then that has to drain.
                if not self._arm_loop():
                    self._arm_host()
                return
            if self.ended:
                self.abandon()
            elif not self._arm_loop() and not self._arm_host():
                self.armed = False
        except BaseException:
            self.armed = False  # out of stack or memory: nobody has been told
            raise

    def _arm_loop(self) -> bool:
        self.look()
        loop = self.loop
        if loop is None:
            return False
        wake_up = self.send()
        try:
            holds = type(loop).run_forever is self.plain
            self.holds = holds and self.host is None
            context = self._context if holds else Context()
            loop.call_soon_threadsafe(self.drain, wake_up, context=context)
        except BaseException:
            wake_up.home = None
            self.armed = False
            if not loop.is_closed():
                raise
        if loop.is_closed():  # it may keep the wake-up without ever looking at it
            wake_up.home = None
            # The closed loop stays in `self.loop`: it may have timers, and only this home's thread can take them back.
            return False
        return self.loop is loop  # if not, a `wait` has begun meanwhile, and that loop will not drain

    def _arm_host(self) -> bool:
        host = self.host
        if host is None:
            return False
        self.holds = False
        wake_up = self.send()
        try:
            host.post(partial(self.drain, wake_up))
        except BaseException as error:
            wake_up.home = None
            self.armed = False
            is_first_time = self.is_first_time()
            self.posted()  # so that it is asked again: Tk, say, may have no main loop yet
            if fatal(error):
                raise
            if is_first_time:
                submit_error(error)  # the code that settles a promise is not to blame for a host that is gone
            return False
        self.posted()
        return True

    def drain(self, wake_up: WakeUp | None = None) -> None:
        """Run queued jobs for a loop or host, unless it calls on another thread than the home's."""
        if threading.get_ident() == self.ident:
            self.visited()
            Home.drain(self, wake_up)
            return
        if wake_up is not None:
            wake_up.home = None
        if running_loop() is not None and running_loop() is self.loop:
            self.loop = None  # another thread runs it now
            self.rearm()
            return
        self.armed = False
        if self.host is not self._refused:
            self._refused = self.host
            name = threading.current_thread().name
            report_stuck(wrong_thread(self.host, self.describe(), f"thread {name!r}"), self)

    def lost(self) -> None:
        """Note that a loop or host has dropped a wake-up."""
        if self.host is None or (self.loop is not None and not self.loop.is_closed()):
            self.rearm()
        else:
            # A host must not be asked from within what it is doing. Tkinter's `destroy` walks over its calls, drops
            # them, and would never end. The next job asks, or the sleeper.
            self.armed = False
            self.posted()

    def clock_dropped(self) -> None:
        """Take the timers back from a loop that has been closed."""
        if threading.get_ident() == self.ident:
            self._leave_loop()
        else:
            self.enqueue(Later(self._leave_loop))

    def look(self) -> None:
        """Notice a loop that has been started on this thread, and have it run the jobs that wait here."""
        running = running_loop() if threading.get_ident() == self.ident else None
        if running is None or running is self.private.loop:
            return
        if running is self.loop:
            if self.armed and self.holds and type(running).run_forever is not self.plain:
                self.holds = False  # nest_asyncio has come since, and a job of the drain below runs the loop again
                self.rearm()
            return
        self.loop, self.plain, self._clock = running, refusing(running), None
        current_home()  # makes the loop's own home, which gets notice when the loop ends
        self.restart_timers()
        # The home may count as armed in vain: by a loop that has stopped since, or by a drain that stands still,
        # because one of its jobs runs this loop.
        self.rearm()

    def start_timer(self, timer: Timer) -> None:
        """Start the timer on the clock of what drives this home: a `wait`, a loop, or for a host a sleeping thread."""
        loop = self.loop
        # During a `wait`, the home keeps its timers itself. The clock of a loop goes on only while a handler runs that
        # loop; then it may have the timer.
        if loop is None or loop.is_closed() or (self.waits and not loop.is_running()):
            self.keep_timer(timer)
        else:
            self._clock = start_on(loop, timer, self, self._clock)

    def needs_sleeper(self) -> bool:
        """Tell whether a host drives this home: it can be woken, but has no clock."""
        loop = self.loop
        return self.host is not None and not self.waits and (loop is None or loop.is_closed())

    def describe(self) -> str:
        """Name the thread."""
        return f"thread {self.name!r}"

    def start(self, coroutine: Coroutine[Any, Any, Any], context: Context) -> Task:
        """Run a coroutine as a task of the loop that runs here, or else of the private loop, which runs in `wait`."""
        if running_loop() is not None and (home := current_home()) is not self:
            return home.start(coroutine, context)
        if self.host is not None and not self.waits:
            coroutine.close()
            raise coroutine_under_host(self.host)
        # After the last task, the private loop is not needed, and a `wait` may turn out to be in vain.
        return self.private.start(coroutine, context, self, self.stop_waiting)

    def step(self, callback: Callable[[Any], object], waiter: object, context: Context) -> None:
        """Run the next step of a coroutine's task, in order with the jobs of this home, although it needs its loop."""
        # Where a host drains, the loop goes on in the next `wait`. It runs already if a step of it has called `wait`.
        self.private.step(callback, waiter, context, at_once=bool(self.waits) and running_loop() is None)

    def run_until(self, is_done: Callable[[], bool], timeout: float | None, pump: Hook, before_sleep: Hook) -> bool:
        """Drain this home, on its own thread, until `is_done()`; false if `timeout` seconds were not enough."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pause, longest = PUMP_PAUSE
        outer, self.loop = self.loop, None  # that loop cannot drain this home while its thread is in here
        self.waits.append(self.running)
        self.holds = self.host is None
        if outer is not None and len(self.waits) == 1:
            self.restart_timers()  # the outer loop stands still, and so does its clock
        # A signal handler may wait while the private loop runs, which then stands still.
        has_had_turn = running_loop() is not None
        tasks: Sized = () if has_had_turn else self.tasks
        try:
            while True:
                self.timers.ring()
                Home.drain(self)
                self._leave_loop()
                if is_done():
                    return True
                remaining = None if deadline is None else deadline - time.monotonic()
                if remaining is not None and remaining <= 0 and (has_had_turn or not tasks):
                    return False
                remaining = shorter(None if remaining is None else max(remaining, 0), SLICE)
                if pump is not None:
                    pump()
                    remaining = shorter(remaining, pause)
                    pause = min(2 * pause, longest)
                if self.jobs:
                    pause, remaining = PUMP_PAUSE[0], 0
                elif before_sleep is not None:
                    before_sleep()
                if tasks:
                    self._run_loop(remaining, is_done)
                    has_had_turn = True
                elif not self.jobs:
                    self._sleep(remaining, is_done)
        finally:
            self._leave_loop()
            if outer is not None and not outer.is_closed():
                self.loop = outer
            self._end_wait()

    def _leave_loop(self) -> None:
        """Take the timers back from a loop that a handler or a pump has run, or that has been closed, or is gone."""
        loop = self.loop
        if self._loop is not None and (loop is None or not loop.is_running()):
            self.loop = None
            self.restart_timers()
            self.stop_waiting()  # whom the loop has interrupted: one of the timers may be due earlier than it knows

    def _end_wait(self) -> None:
        self.waits.pop()
        if not self.waits:
            if self.loop is not None:
                self.restart_timers()
            self.set_sleeper()
            for main in outlasting:
                if main is not self:
                    main.enqueue(Later(main.stop_waiting))  # it may have waited for nobody but this thread
        self.stop_waiting()  # a `wait` further out, which this one has interrupted: its turn may have come meanwhile
        self.rearm()

    def stands_still(self) -> bool:
        """Tell whether this is the main thread's home at its end, and the calling thread has to end first."""
        return self.over and threading.get_ident() != self.ident and not threading.current_thread().daemon

    def may_wait(self) -> bool:
        """Tell whether this thread may block: no loop runs on it, or only the private one of a `wait` further out."""
        loop = running_loop()
        return loop is None or loop is self.private.loop

    def stop_waiting(self) -> None:
        """Have the `run_until` that sleeps look again, if one does."""
        with suppress(IndexError):
            self._sleepers[-1]()

    def _sleep(self, seconds: float | None, is_done: Callable[[], bool]) -> None:
        bed = self.new_bed()
        wake = partial(bed.put, None)
        self._sleepers.append(wake)
        try:
            self.armed = False
            # Who drains this home from here on wakes this bed. A signal handler may have drained it just before (LOOK).
            if not self.jobs and not is_done():
                bed.get(timeout=self.timers.limit(seconds))
        except Empty:
            pass
        finally:
            self._sleepers.remove(wake)

    def _run_loop(self, seconds: float | None, is_done: Callable[[], bool]) -> None:
        """Run the private loop, since it has tasks, until a job is queued, or for so many seconds."""
        wake = partial(self.private.leave)
        self._sleepers.append(wake)
        try:
            self.armed = False
            self.private.run(0 if self.jobs or is_done() else self.timers.limit(seconds))  # LOOK, as in `_sleep`
        finally:
            self._sleepers.remove(wake)

    def close(self) -> None:
        """Fail what is still queued; from now on no job can run here."""
        self.ended = True
        self.loop = None
        self.end_sleeper()
        self.private.close()
        with Gathering():
            self.abandon_timers()
            self.abandon()

    def forked(self) -> None:
        """Put the home in order in a forked child, where only the forking thread goes on."""
        self.forget_sleeper()
        if threading.get_ident() != self.ident:
            self.ended, self.armed = True, False
            self._sleepers.clear()
            self.jobs.clear()  # the parent's thread runs them


class Thread(threading.local):
    """What promisepy keeps for each thread."""

    home: ThreadHome | None = None
    end: _ThreadEnd | None = None


class _ThreadEnd:
    """The interpreter drops this when its thread ends; in a forked child it drops them all on the forking thread."""

    def __init__(self, home: ThreadHome) -> None:
        self._home = home

    def __del__(self, settings: Settings = settings) -> None:  # bound here: globals are gone at the very end
        if not settings.exiting and threading.get_ident() == self._home.ident:
            self._home.close()
            run_inline()


this_thread = Thread()
# The main thread's home while it runs, at its end, what other threads wait for.
outlasting: list[ThreadHome] = []
thread_homes: weakref.WeakSet[ThreadHome] = weakref.WeakSet()
# The homes of loops, for those who have to look at all of them. What finds the home of one loop is `HOME`.
loop_homes: weakref.WeakValueDictionary[int, LoopHome] = weakref.WeakValueDictionary()


def current_home() -> LoopHome | ThreadHome:
    """Find the home for promises that are created here and now."""
    loop = running_loop()
    if loop is None:
        return this_thread.home or current_thread_home()
    home = getattr(loop, HOME, None) or other_homes.get(loop)
    return _new_loop_home(loop) if home is None else cast("LoopHome | ThreadHome", home)


def home_here() -> LoopHome | ThreadHome:
    """Same as `current_home()`, but faster on a loop that has a home already."""
    return getattr(events._get_running_loop(), HOME, None) or current_home()


def current_thread_home() -> ThreadHome:
    """Find the home of this thread, whether or not a loop runs on it."""
    home = this_thread.home
    if home is None:
        home = this_thread.home = ThreadHome()
        this_thread.end = _ThreadEnd(home)
        thread_homes.add(home)
    return home


def clock_of(home: Home) -> Home:
    """Give the home whose clock rings the timers of a home: its own, unless its loop has stopped on this thread.

    A `wait` may come here for a promise with a time limit, and nothing would ever run that loop meanwhile.
    """
    return current_thread_home() if home.stands_still() else home


def runs_here(loop: Loop) -> bool:
    """Tell whether a loop runs on this thread, or waits for the next `wait` to run it."""
    home = this_thread.home
    return loop is running_loop() or (home is not None and loop is home.private.loop)


def keep_running(loop: Loop, future: object) -> None:
    """If a loop runs only in `wait`, have it run until one of its tasks has ended, which a coroutine may have left."""
    home = this_thread.home
    if home is not None and loop is home.private.loop:
        home.private.keep(future, home.stop_waiting)


def _new_loop_home(loop: Loop) -> LoopHome:
    for reference in loop_homes.valuerefs():
        other = reference()
        if other is not None and other.loop.is_closed():
            loop_homes.pop(id(other), None)  # whoever makes many loops would look at them all, each time
            other.close()  # not every loop drops what it will never run
            run_inline()
    home = LoopHome(loop)
    own(loop, home)
    loop_homes[id(home)] = home
    if this_thread.home is not None:
        this_thread.home.look()
    return home
