"""Loops: the homes that asyncio loops are, the loop that a script's coroutines need, and what we ask of a loop.

Waking is safe from every thread, from finalisers, and from a signal handler that interrupts the very `select` that
sleeps: `call_soon_threadsafe` writes to the loop's self-pipe. Plain `call_soon` is used only inside a task or callback
of the same loop, which cannot be asleep then.

INV-GONE    A loop that nobody closes goes when nobody needs it, with its descriptors, as it would without us. The loop
            refers to its home, by an attribute, and nothing else of ours refers to the loop but that home; a script's
            home and its timers refer to the loop that drives them only weakly. A dictionary of loops would keep them; a
            weak one, too, because what a home holds, such as a task, refers to its loop.
INV-CLOSED  What a closed loop can never run is failed at once. A loop that closes drops what it was going to call: a
            `WakeUp`, or the `Clock` that its timers share. Both say so when they are freed.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from functools import partial
from types import FrameType
from typing import Any, Final, TypeAlias

from .errors import short
from .jobs import Home, Later, Timer, WakeUp, fatal, inline, run_inline
from .reports import Gathering, show, submit_error, sweep
from .types import Report

# How many frames up to look for the loop's callback. A callback that calls deeper than this pays for a wake-up.
CALLBACK_FRAMES = range(12)
Task: TypeAlias = asyncio.Task[Any]
Loop: TypeAlias = asyncio.AbstractEventLoop
_handle_code = asyncio.Handle._run.__code__
_turn_code = asyncio.BaseEventLoop._run_once.__code__  # type: ignore[attr-defined]  # private, hence unknown
# The `run_forever` of asyncio's own loops, which refuses to run inside itself; `refusing` gives that of others.
PLAIN: Final[object] = asyncio.BaseEventLoop.run_forever
# The attribute of a loop that refers to its home.
HOME: Final = "_promisepy_home"
# The homes of loops that can have no attributes.
other_homes: dict[Loop, Home] = {}
events = asyncio.events


def running_loop() -> Loop | None:
    """Give the loop that runs on this thread; hot callers write this in place.

    `get_running_loop` would raise where none runs. The function is looked up late, because trio-asyncio replaces it.
    """
    return events._get_running_loop()


class ClockedHome(Home):
    """A home whose timers may wait on a loop's clock."""

    __slots__ = ("find_loop",)

    # Gives the loop of this home's tasks, as the `get_loop` of what they wait for.
    find_loop: Callable[[], Any]

    def clock_dropped(self) -> None:
        """Note that a loop has dropped timers; on any thread, in a finaliser."""
        raise NotImplementedError


class Clock:
    """What all timers of a home on one loop hold while they wait there; if the loop drops them, the home is told."""

    __slots__ = ("__weakref__", "_home")

    def __init__(self, home: ClockedHome) -> None:
        self._home = home

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:  # bound: globals go at the end
        if self._home.clocked and not is_finalizing():
            self._home.clock_dropped()


class LoopHome(ClockedHome):
    """The home of promises that were created under an asyncio loop."""

    __slots__ = ("_clock", "_context", "_is_closing", "_notice", "ident", "loop", "over", "plain", "tasks")

    def __init__(self, loop: Loop) -> None:
        super().__init__()
        self.loop = loop
        self.ident = threading.get_ident()
        self._is_closing = False  # True while the end of the loop is told, for which its handler is the right place
        self.over = False  # True at exit, if the loop has stopped and so will never show a report
        self.tasks: set[Task] = set()  # kept alive here; asyncio refers to its tasks only weakly
        self.plain = refusing(loop)
        self.holds = self.plain is not None
        self._context = Context()  # one for all drains saves a copy for each; every handler brings its own
        self._clock: weakref.ref[Clock] | None = None
        # None if the loop goes on after it has shut its generators down: it would warn of one more.
        self._notice = None if getattr(loop, "_asyncgens_shutdown_called", False) else _begun(_shutdown_notice(self))

    def arm(self) -> None:
        """Schedule a drain on the loop."""
        loop = self.loop
        # in place: Home.send
        wake_up, self.idle = self.idle or WakeUp(), None
        wake_up.home = self
        try:
            self.armed = True
            if type(loop).run_forever is not self.plain:
                self.holds, self.plain = False, None  # for good
                # A context cannot be entered twice, so drains that may nest get one each. And inside a loop that a task
                # runs on its own loop, that one may sleep, although a task is current.
                loop.call_soon_threadsafe(self.drain, wake_up, context=Context())
            elif events._get_running_loop() is loop and (_in_callback() or asyncio.current_task(loop) is not None):
                loop.call_soon(self.drain, wake_up, context=self._context)
                return
            else:
                loop.call_soon_threadsafe(self.drain, wake_up, context=self._context)
        except BaseException:
            wake_up.home = None
            self.armed = False
            if not loop.is_closed():
                raise
        if loop.is_closed():  # if only just now, it may keep the wake-up without ever looking at it
            wake_up.home = None
            self.close()

    def look(self) -> None:
        """Notice that the loop may run inside itself since the drain that stands still has begun."""
        if self.armed and self.holds and type(self.loop).run_forever is not self.plain:
            self.rearm()

    def lost(self) -> None:
        """Note that the loop has dropped a wake-up: it has been closed, or freed."""
        if self.loop.is_closed():
            self.close()
            if inline:
                run_inline()
        else:
            self.rearm()

    def clock_dropped(self) -> None:
        """Note that the loop has dropped its timers."""
        if self.loop.is_closed():
            self.close()
            if inline:
                run_inline()

    def start_timer(self, timer: Timer) -> None:
        """Start the timer on the loop's clock."""
        self._clock = start_on(self.loop, timer, self, self._clock)

    def close(self) -> None:
        """Fail what is still queued: no job can run here any more."""
        # By hand: if the loop has not shut it down, it would warn when freed. RuntimeError, if another thread is at it.
        with suppress(StopIteration, RuntimeError):
            if self._notice is not None:
                self._notice.aclose().send(None)
        if self._is_closing:  # what is rejected below leads here again
            self.abandon()
            return
        had_timers = bool(self.clocked)
        self._is_closing = True
        try:
            with Gathering():
                self.abandon_timers()
                self.abandon()
                if had_timers:  # they are stuck only now, after the sweep of the loop's shutdown
                    sweep(self)
        finally:
            self._is_closing = False

    def stands_still(self) -> bool:
        """Tell whether the loop has stopped, and used to run on this thread."""
        return self.ident == threading.get_ident() and not self.loop.is_running()

    def describe(self) -> str:
        """Name the loop."""
        return f"the event loop {short(self.loop)}"

    def report(self, report: Report) -> bool:
        """Call the loop's exception handler, on the loop's thread; false if nobody would ever see that."""
        has_ended = self.loop.is_closed() and not self._is_closing
        if running_loop() is self.loop or (self.stands_still() and not has_ended):
            return self._call_handler(report)
        if has_ended or (self.over and not self.loop.is_running()):
            return False
        self.enqueue(Later(partial(self._show_late, report), lambda _: show(report)))
        return True

    def _call_handler(self, report: Report) -> bool:
        details = {"message": f"promisepy: {report.message}", "exception": report.reason}
        try:
            self.loop.call_exception_handler(details)
        except BaseException as error:  # asyncio's own loops catch these, others let them through
            if fatal(error):
                raise
            submit_error(error)
            return False
        return True

    def _show_late(self, report: Report) -> None:
        if not self._call_handler(report):
            show(report)

    def start(self, coroutine: Coroutine[Any, Any, Any], context: Context) -> Task:
        """Run a coroutine as a task of the loop."""
        return _keep(self.loop.create_task(coroutine, context=context), self.tasks, self.tasks.discard)


class Leave(SystemExit):
    """Ends a run of the private loop at the place in its turn at which a loop of the user's would drain its home.

    What asyncio calls may raise only such an exception. `stop` would run the rest of the turn first, before the jobs.
    """


class PrivateLoop:
    """The loop for the coroutines of a thread where none runs; it runs in `wait`."""

    __slots__ = ("_hooks", "_is_left", "_runner", "loop", "tasks")

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None
        self.loop: Loop | None = None  # made when a coroutine needs it
        self.tasks: set[Task] = set()
        self._is_left = True
        self._hooks: Any = ()  # those for asynchronous generators, which a loop sets while it runs

    def start(
        self, coroutine: Coroutine[Any, Any, Any], context: Context, home: ClockedHome, on_last: Callable[[], object]
    ) -> Task:
        """Make a task of a coroutine, whose promises have `home` for theirs; `on_last` is called after the last one."""
        loop = self.loop
        if loop is None:
            self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
            self.loop = loop = self._runner.get_loop()
            own(loop, home)
            loop.call_soon(self._remember_hooks)
        task = loop.create_task(coroutine, context=context)
        self.keep(task, on_last)
        return task

    def keep(self, future: Any, on_last: Callable[[], object]) -> None:
        """Have the loop run, in each `wait`, until the future has settled, if it is a task."""

        def forget(task: Task) -> None:
            self.tasks.discard(task)
            if not self.tasks:
                on_last()

        task: Any = future  # narrowed, it would be a task of something unknown
        if isinstance(future, asyncio.Task) and task not in self.tasks:
            _keep(task, self.tasks, forget)

    def _remember_hooks(self) -> None:
        self._hooks = sys.get_asyncgen_hooks()

    def step(self, callback: Callable[[Any], object], argument: object, context: Context, *, at_once: bool) -> None:
        """Run the next step of a task: at once, as if the loop ran, or when it runs again."""
        loop = self.loop
        assert loop is not None  # it has tasks
        if not at_once:
            loop.call_soon(callback, argument, context=context)
            return
        hooks = sys.get_asyncgen_hooks()
        events._set_running_loop(loop)
        sys.set_asyncgen_hooks(*self._hooks)
        try:
            context.run(callback, argument)
        finally:
            sys.set_asyncgen_hooks(*hooks)
            events._set_running_loop(None)

    def run(self, seconds: float | None) -> None:
        """Run until `leave`, or for so many seconds."""
        loop = self.loop
        assert loop is not None  # it has tasks
        limit = None if seconds is None else loop.call_later(seconds, loop.stop)
        was_left, self._is_left = self._is_left, False  # a signal handler may get here just before the loop runs
        try:
            loop.run_forever()
        except Leave:
            pass
        finally:
            self._is_left = was_left
            if limit is not None:
                limit.cancel()

    def is_at_step(self) -> bool:
        """Tell whether one of the tasks is at a step of its coroutine."""
        return self.loop is not None and running_loop() is self.loop and asyncio.current_task(self.loop) is not None

    def leave(self) -> None:
        """End the run of the loop when it comes to this; on any thread."""
        if self.loop is not None:
            with suppress(RuntimeError):  # closed meanwhile
                self.loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        if not self._is_left:
            raise Leave

    def cancel(self) -> None:
        """Cancel the coroutines, and whatever they have started."""
        for task in () if self.loop is None else asyncio.all_tasks(self.loop):
            task.cancel()

    def close(self) -> None:
        """Close the loop; another one is made when a coroutine needs it."""
        runner, self._runner, self.loop = self._runner, None, None
        if runner is not None:
            runner.close()


async def _shutdown_notice(home: LoopHome) -> AsyncGenerator[None, None]:
    """Sweep when the loop shuts down its asynchronous generators, while its exception handler still works.

    `asyncio.run`, `asyncio.Runner`, uvloop and the test frameworks all do that, just before they close the loop.
    """
    try:
        yield
    finally:
        sweep(home)


def _begun(notice: AsyncGenerator[None, None]) -> AsyncGenerator[None, None] | None:
    """Run the generator to its `yield`: only then does the running loop know it. Gives None if the loop refuses it."""
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(finalizer=None)  # with it, the generator would keep the loop alive
    try:
        notice.__anext__().send(None)
    except StopIteration:
        return notice
    except ResourceWarning:  # uvloop does not tell that it has shut its generators down
        return None
    finally:
        sys.set_asyncgen_hooks(*hooks)
    return notice


def refusing(loop: Loop) -> object:
    """Give the loop's `run_forever` if it refuses to run inside itself; None if it may do so.

    Those of asyncio and uvloop refuse. nest_asyncio replaces the function in the class, at any time. So whoever wants
    to know compares it with what this gave when the loop was first seen.
    """
    function: Any = type(loop).run_forever
    module: str = getattr(function, "__module__", None) or getattr(function, "__objclass__", loop).__module__
    return function if module.partition(".")[0] in ("asyncio", "uvloop", "winloop") else None


def start_on(loop: Loop, timer: Timer, home: ClockedHome, known: weakref.ref[Clock] | None) -> weakref.ref[Clock]:
    """Start a timer on a loop's clock; gives what all timers of the home share there."""
    clock = None if known is None else known()
    if clock is None:
        clock = Clock(home)
        known = weakref.ref(clock)
    assert known is not None
    find = weakref.ref(loop.call_later(timer.remaining(), timer.ring, clock))  # a strong one would keep the clock
    find_loop = weakly(loop)

    def stop() -> None:
        handle, loop = find(), find_loop()
        if handle is None or loop is None:
            return
        if running_loop() is loop:
            handle.cancel()
        else:
            with suppress(RuntimeError):  # the loop has been closed, and its timers with it
                loop.call_soon_threadsafe(handle.cancel)

    timer.started(stop)
    return known


def weakly(loop: Loop) -> Callable[[], Loop | None]:
    """Refer to a loop without keeping it alive (INV-GONE)."""
    try:
        return weakref.ref(loop)
    except TypeError:  # a kind that cannot be referred to so
        return lambda: loop


def own(loop: Loop, home: ClockedHome) -> None:
    """Have a loop refer to its home."""
    try:
        setattr(loop, HOME, home)
    except AttributeError:
        other_homes[loop] = home
    home.find_loop = weakly(loop)


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


def _keep(task: Task, tasks: set[Task], forget: Callable[[Task], object]) -> Task:
    tasks.add(task)
    task.add_done_callback(forget)
    return task
