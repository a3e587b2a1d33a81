"""Homes: what drains a queue of jobs, and how its sleeping thread is woken.

A promise made while an asyncio loop runs has that loop for its home (`LoopHome`); any other has its thread
(`ThreadHome`). A thread drains its home while it is in `wait`. An asyncio loop that is started later on the thread
drains it as well, and so does an installed host, such as a GUI's loop. At interpreter exit the main thread drains its
home once more.

Waking is safe from every thread, from finalisers, and from a signal handler that interrupts the very `select` or `wait`
that sleeps. `call_soon_threadsafe` writes to the loop's self-pipe. Plain `call_soon` is used only inside a task or
callback of the same loop, which cannot be asleep then. A `wait` sleeps in `SimpleQueue.get`, whose `put` is re-entrant.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, TypeAlias, cast

from .clock import TimedHome, shorter
from .errors import short
from .jobs import PUMP_PAUSE, Home, Job, Timer, fatal
from .reports import Gathering, Settings, settings, submit_error, sweep
from .types import Host, Report

# A `wait` wakes up every so many seconds. On Windows, because Ctrl-C does not interrupt a lock. On free-threaded
# builds, because an object that this thread has made and another one drops is freed only when this thread runs (S10,
# CPython issue 157838).
SLICE = 0.1 if sys.platform == "win32" or "free-threading build" in sys.version else None
# How many frames up to look for the loop's callback. A callback that calls deeper than this pays for a wake-up.
CALLBACK_FRAMES = range(12)
Task: TypeAlias = asyncio.Task[Any]
running_loop = asyncio._get_running_loop  # get_running_loop() would raise where none runs
Hook: TypeAlias = Callable[[], object] | None
_handle_code = asyncio.Handle._run.__code__
_turn_code = asyncio.BaseEventLoop._run_once.__code__  # type: ignore[attr-defined]  # private, hence unknown


class LoopHome(Home):
    """The home of promises that were created under an asyncio loop."""

    __slots__ = ("_context", "_notice", "ident", "loop", "tasks")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.ident = threading.get_ident()  # of the thread on which the loop was running then
        self.loop = loop
        self.tasks: set[Task] = set()  # kept alive here; asyncio refers to its tasks only weakly
        self._context = Context()  # one for all drains saves a copy for each; every handler brings its own
        self._notice = _shutdown_notice(self)
        with suppress(StopIteration):
            self._notice.__anext__().send(None)  # run it to its `yield`: only then does the loop know it

    def arm(self) -> None:
        """Schedule a drain on the loop."""
        loop = self.loop
        try:
            self.armed = True
            if running_loop() is loop and (_in_callback() or asyncio.current_task(loop) is not None):
                loop.call_soon(self.drain, context=self._context)
            else:
                loop.call_soon_threadsafe(self.drain, context=self._context)
        except BaseException:
            self.armed = False
            if not loop.is_closed():
                raise
            self.abandon()

    def start_timer(self, timer: Timer) -> None:
        """Start the timer on the loop's clock."""
        _start_on(self.loop, timer)

    def stands_still(self) -> bool:
        """Tell whether the loop has stopped, and used to run on this thread."""
        return self.ident == threading.get_ident() and not self.loop.is_running()

    def close(self) -> None:
        """Fail what is still queued: the loop has been closed."""
        with suppress(StopIteration):
            self._notice.aclose().send(None)  # by hand: if the loop has not shut it down, it would warn when freed
        with Gathering():
            self.abandon_timers()
            self.abandon()

    def describe(self) -> str:
        """Name the loop."""
        return f"the event loop {short(self.loop)}"

    def report(self, report: Report) -> bool:
        """Call the loop's exception handler, on the loop's thread."""
        details = {"message": f"promisepy: {report.message}", "exception": report.reason}
        loop = self.loop
        if running_loop() is loop:
            loop.call_exception_handler(details)
            return True
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(loop.call_exception_handler, details)
            return True
        return False

    def start(self, coroutine: Coroutine[Any, Any, Any], context: Context) -> Task:
        """Run a coroutine as a task of the loop."""
        return _keep(self.loop.create_task(coroutine, context=context), self.tasks, self.tasks.discard)


class ThreadHome(TimedHome):
    """The home of promises that were created on a thread without a running loop."""

    __slots__ = (
        "_context",
        "_runner",
        "_waiting",
        "_wakeups",
        "ended",
        "host",
        "loop",
        "name",
        "tasks",
        "waits",
    )

    seeks_loop = True

    def __init__(self) -> None:
        super().__init__()
        self.name = threading.current_thread().name
        self.ended = False
        self.host: Host | None = None
        # The loop that drains this home now: one that the user runs on this thread, or the private one of `_runner`.
        self.loop: asyncio.AbstractEventLoop | None = None
        self.tasks: set[Task] = set()
        # For each call of `wait` on this thread's stack, outermost first, the job whose handler calls it.
        self.waits: list[Job | None] = []
        self._runner: asyncio.Runner | None = None
        self._waiting = False
        self._wakeups: SimpleQueue[None] = SimpleQueue()
        self._context = Context()

    def arm(self) -> None:
        """Wake whoever drains this home; if nobody does, the jobs wait for the next `wait`."""
        # Raise the flag first, and look for somebody afterwards. A `wait` that ends meanwhile lowers the flag. If we
        # raised it after that, the home would count as armed although nobody is going to look.
        self.armed = True
        if self._waiting:
            self._wakeups.put(None)
        elif self.ended:
            self.abandon()
        elif not self._arm_loop() and not self._arm_host():
            self.armed = False

    def _arm_loop(self) -> bool:
        self.look()
        loop = self.loop
        if loop is None:
            return False
        try:
            loop.call_soon_threadsafe(self.drain, context=self._context)
        except BaseException:
            self.armed = False
            if not loop.is_closed():
                raise
            # The closed loop stays in `self.loop`: it may have timers, and only this home's thread can take them back.
            return False
        return self.loop is loop  # if not, `wait` has left its private loop meanwhile, and that loop will not drain

    def _arm_host(self) -> bool:
        if self.host is None:
            return False
        try:
            self.host.post(self.drain)
        except BaseException as error:
            self.armed = False
            if fatal(error):
                raise
            submit_error(error)  # the code that settles a promise is not to blame for a host that is gone
            return False
        return True

    def look(self) -> None:
        """Notice a loop that has been started on this thread, and have it run the jobs that wait here."""
        running = running_loop() if threading.get_ident() == self.ident else None
        if running is None or running is self.loop:
            return
        self.loop = running
        current_home()  # makes the loop's own home, which gets notice when the loop ends, and then sets this home free
        self.restart_timers()
        # The home may count as armed in vain: by a loop that has stopped since, or by a drain that stands still,
        # because one of its jobs runs this loop.
        self.rearm()

    def start_timer(self, timer: Timer) -> None:
        """Start the timer on the clock of what drives this home: a `wait`, a loop, or for a host a sleeping thread."""
        loop = self.loop
        # During a `wait`, the home keeps its timers itself: the private loop may stop before the `wait` does. The clock
        # of another loop goes on only while a handler runs that loop; then it may have the timer.
        if loop is None or loop.is_closed() or (self.waits and (loop_homes.get(loop) is self or not loop.is_running())):
            self.keep_timer(timer)
            self.stop_waiting()  # the private loop was to run until the time of another timer
        else:
            _start_on(loop, timer)

    def needs_sleeper(self) -> bool:
        """Tell whether a host drives this home: it can be woken, but has no clock."""
        return self.host is not None and not self.waits and (self.loop is None or self.loop.is_closed())

    def describe(self) -> str:
        """Name the thread."""
        return f"thread {self.name!r}"

    def start(self, coroutine: Coroutine[Any, Any, Any], context: Context) -> Task:
        """Run a coroutine as a task of the loop that runs here, or else of the private loop, which runs in `wait`."""
        if running_loop() is not None and (home := current_home()) is not self:
            return home.start(coroutine, context)
        if self._runner is None:
            self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
            loop_homes[self._runner.get_loop()] = self
        return _keep(self._runner.get_loop().create_task(coroutine, context=context), self.tasks, self._forget)

    def _forget(self, task: Task) -> None:
        self.tasks.discard(task)
        if not self.tasks:
            self.stop_waiting()  # without tasks, the private loop is not needed

    def run_until(self, is_done: Callable[[], bool], timeout: float | None, pump: Hook, before_sleep: Hook) -> bool:
        """Drain this home, on its own thread, until `is_done()`; false if `timeout` seconds were not enough."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pause, longest = PUMP_PAUSE
        outer, self.loop = self.loop, None  # that loop cannot drain this home while its thread is in here
        self.waits.append(self.running)
        if outer is not None and len(self.waits) == 1:
            self.restart_timers()  # the outer loop stands still, and so does its clock
        try:
            while True:
                self.timers.ring()
                self._take_turn()
                if is_done():
                    return True
                remaining = None if deadline is None else deadline - time.monotonic()
                if remaining is not None and remaining <= 0:
                    return False
                remaining = shorter(self.timers.limit(remaining), SLICE)
                if pump is not None:
                    pump()
                    remaining = shorter(remaining, pause)
                    pause = min(2 * pause, longest)
                if self.jobs and not self.tasks:  # with tasks, the private loop drains, and they get their turn
                    pause = PUMP_PAUSE[0]
                    continue
                if before_sleep is not None:
                    before_sleep()
                if self.tasks:
                    self._run_loop(remaining)
                else:
                    self._sleep(remaining)
        finally:
            self._leave_loop()
            if outer is not None and not outer.is_closed():
                self.loop = outer
            self._end_wait()

    def _take_turn(self) -> None:
        if self.tasks and running_loop() is None:
            self._run_loop(0)  # this drains as well: a job may be a step of a task, which needs its loop to run
        else:
            self.drain()
            self._leave_loop()

    def _leave_loop(self) -> None:
        """Take the timers back from a loop that a handler or a pump has run."""
        if self.loop is not None:
            self.loop = None
            self.restart_timers()

    def _end_wait(self) -> None:
        self.waits.pop()
        if not self.waits:
            if self.loop is not None:
                self.restart_timers()
            self.set_sleeper()
        self.rearm()

    def may_wait(self) -> bool:
        """Tell whether this thread may block: no loop runs on it, or only the private one of a `wait` further out."""
        loop = running_loop()
        return loop is None or loop_homes.get(loop) is self

    def stop_waiting(self) -> None:
        """End the turn of the private loop, if one runs, and have `run_until` look again."""
        loop = self.loop
        if loop is not None and loop_homes.get(loop) is self:
            loop.stop()

    def _sleep(self, seconds: float | None) -> None:
        self._waiting = True
        self.armed = False
        try:
            if not self.jobs:
                self._wakeups.get(timeout=seconds)
        except Empty:
            pass
        finally:
            self._waiting = False

    def _run_loop(self, seconds: float | None) -> None:
        """Run the private loop, since it has tasks, until `stop_waiting` or for so many seconds."""
        assert self._runner is not None  # there are tasks, and all of them are its own
        self.loop = loop = self._runner.get_loop()
        if self.jobs:  # queued since the last drain, when `arm` found neither a loop nor a sleeping `wait`
            self.arm()
        limit = None if seconds is None else loop.call_later(seconds, loop.stop)
        try:
            loop.run_forever()
        finally:
            self.loop = None
            if limit is not None:
                limit.cancel()

    def close(self) -> None:
        """Fail what is still queued; from now on no job can run here."""
        self.ended = True
        self.loop = None
        if self._runner is not None:
            loop_homes.pop(self._runner.get_loop(), None)
            self._runner.close()
        with Gathering():
            self.abandon_timers()
            self.abandon()

    def forked(self) -> None:
        """Put the home in order in a forked child, where only the forking thread goes on."""
        self.forget_sleeper()
        if threading.get_ident() != self.ident:
            self.ended, self.armed, self._waiting = True, False, False
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


this_thread = Thread()
thread_homes: weakref.WeakSet[ThreadHome] = weakref.WeakSet()
# The references are strong: a closed loop whose home has jobs left must still be found. Closed loops are removed when a
# new loop comes.
loop_homes: dict[asyncio.AbstractEventLoop, LoopHome | ThreadHome] = {}
# Asked with `running_loop()`. If that is None, this finds nothing: the home of a thread is in `this_thread`.
known_home = cast("Callable[[asyncio.AbstractEventLoop | None], LoopHome | ThreadHome | None]", loop_homes.get)


def current_home() -> LoopHome | ThreadHome:
    """Find the home for promises that are created here and now."""
    loop = running_loop()
    if loop is None:
        return this_thread.home or current_thread_home()
    home = loop_homes.get(loop)
    return _new_loop_home(loop) if home is None else home


def home_here() -> LoopHome | ThreadHome:
    """Same as `current_home()`, but faster on a loop that has a home already."""
    return known_home(running_loop()) or current_home()


def current_thread_home() -> ThreadHome:
    """Find the home of this thread, whether or not a loop runs on it."""
    home = this_thread.home
    if home is None:
        home = this_thread.home = ThreadHome()
        this_thread.end = _ThreadEnd(home)
        thread_homes.add(home)
    return home


def _new_loop_home(loop: asyncio.AbstractEventLoop) -> LoopHome:
    for other, closed in list(loop_homes.items()):
        if other.is_closed() and loop_homes.pop(other, None) is not None:
            closed.close()
    home = loop_homes[loop] = LoopHome(loop)
    if this_thread.home is not None:
        this_thread.home.look()
    return home


def _in_callback() -> bool:
    """Tell whether this thread's loop is running a callback, so that it cannot be asleep in `select`.

    A wrong "no" only costs a needless wake-up: two system calls and a turn of the loop. A signal handler or finaliser
    that runs in or just before `select` finds no `Handle._run` between itself and the loop, so the answer is "no".
    """
    # The nearest four frames are ours, such as `arm`, `_fulfil` and a resolving function. If one of them is the loop's,
    # the answer is "no", too.
    try:
        frame: FrameType | None = sys._getframe(4)
    except ValueError:  # there are not so many, where C or JavaScript has called our function
        return False
    for _ in CALLBACK_FRAMES:
        if frame is None:
            break
        if (code := frame.f_code) is _handle_code or code is _turn_code:
            return code is _handle_code
        frame = frame.f_back
    return False


async def _shutdown_notice(home: LoopHome) -> AsyncGenerator[None, None]:
    """Sweep when the loop shuts down its asynchronous generators, which is the only public notice of a loop's end.

    `asyncio.run`, `asyncio.Runner`, uvloop and the test frameworks all give it, just before they close the loop.
    """
    try:
        yield
    finally:
        with Gathering():
            home.abandon_timers()
            sweep(home)
        thread = this_thread.home
        if thread is not None and thread.loop is home.loop:
            thread.loop = None
            thread.restart_timers()


def _start_on(loop: asyncio.AbstractEventLoop, timer: Timer) -> None:
    handle = loop.call_later(timer.remaining(), timer.ring)

    def stop() -> None:
        if running_loop() is loop:
            handle.cancel()
        else:
            with suppress(RuntimeError):  # the loop has been closed, and its timers with it
                loop.call_soon_threadsafe(handle.cancel)

    timer.started(stop)


def _keep(task: Task, tasks: set[Task], forget: Callable[[Task], object]) -> Task:
    tasks.add(task)
    task.add_done_callback(forget)
    return task
