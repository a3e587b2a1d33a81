"""Timers of a thread that a host drives, of one that ends, and of a process that forks or exits (S4)."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from promisepy import Promise, set_host
from promisepy._core.homes import current_thread_home
from promisepy._core.jobs import Timer

from ..support import PATIENCE, Window, lines, needs_fork, on_a_thread
from .test_timers import SHORT, Note, value_of


class TestUnderAHost:
    def test_a_timer_rings_on_the_hosts_thread(self, window: Window) -> None:
        note, begin = Note(), time.monotonic()
        Timer(current_thread_home(), SHORT, note).start()
        window.turn_until(note.is_done)
        assert time.monotonic() - begin >= SHORT * 0.9
        assert note.threads == [threading.current_thread()]

    def test_a_cancelled_timer_does_not_ring(self, window: Window) -> None:
        note, later = Note(), Note()
        timer = Timer(current_thread_home(), SHORT, note).start()
        Timer(current_thread_home(), 3 * SHORT, later).start()
        window.turn()
        timer.cancel()
        window.turn_until(later.is_done)
        assert (note.log, later.log) == ([], ["rung"])

    def test_one_thread_sleeps_for_all_of_them_and_ends_when_the_host_is_removed(self) -> None:
        before = set(threading.enumerate())
        window = Window()
        previous = set_host(window)
        timers = [Timer(current_thread_home(), PATIENCE - number / 100, Note()).start() for number in range(50)]
        window.turn()
        [sleeper] = set(threading.enumerate()) - before
        for timer in timers:
            timer.cancel()
        set_host(previous)
        sleeper.join(PATIENCE)
        assert not sleeper.is_alive()

    def test_an_earlier_timer_comes_first_although_a_thread_sleeps_for_a_later_one(self, window: Window) -> None:
        late, early = Note(), Note()
        timer = Timer(current_thread_home(), PATIENCE, late).start()
        window.turn()
        Timer(current_thread_home(), SHORT, early).start()
        window.turn_until(early.is_done)
        assert (early.log, late.log) == (["rung"], [])
        timer.cancel()

    def test_a_timer_that_another_thread_cancels_does_not_ring(self, window: Window) -> None:
        note, later = Note(), Note()
        timer = Timer(current_thread_home(), SHORT, note).start()
        Timer(current_thread_home(), 3 * SHORT, later).start()
        window.turn()
        on_a_thread(timer.cancel)
        window.turn_until(later.is_done)
        assert (note.log, later.log) == ([], ["rung"])

    def test_a_timer_goes_on_when_the_host_is_removed(self, window: Window) -> None:
        note = Note()
        Timer(current_thread_home(), 5 * SHORT, note).start()
        window.turn()
        set_host(None)
        assert note.done.promise.wait(timeout=PATIENCE) == "rung"

    def test_a_timer_rings_in_a_wait_with_a_pump_and_after_it(self, window: Window) -> None:
        early, late = Note(), Note()
        Timer(current_thread_home(), SHORT, early).start()
        Timer(current_thread_home(), 5 * SHORT, late).start()
        assert early.done.promise.wait(timeout=PATIENCE, pump=lambda: None) == "rung"
        window.turn_until(late.is_done)
        assert late.log == ["rung"]


def test_a_timer_that_was_started_goes_on_under_a_host_that_comes_later() -> None:
    note, window = Note(), Window()
    Timer(current_thread_home(), 5 * SHORT, note).start()
    Promise.resolve().then().wait(timeout=PATIENCE)
    previous = set_host(window)
    try:
        window.turn_until(note.is_done)
    finally:
        set_host(previous)
    assert note.log == ["rung"]


class TestAThreadThatEnds:
    def test_abandons_a_timer_that_never_started(self) -> None:
        note = Note()
        on_a_thread(lambda: Timer(current_thread_home(), PATIENCE, note).start())
        assert note.log == ["rung abandoned"]

    def test_abandons_a_timer_that_was_started(self) -> None:
        note = Note()

        def run() -> None:
            Timer(current_thread_home(), PATIENCE, note).start()
            Promise.resolve().then().wait(timeout=PATIENCE)

        on_a_thread(run)
        assert note.log == ["rung abandoned"]

    def test_abandons_a_timer_that_is_made_for_it_afterwards(self) -> None:
        note, homes = Note(), list[object]()
        on_a_thread(lambda: homes.append(current_thread_home()))
        Timer(homes[0], PATIENCE, note).start()  # type: ignore[arg-type]  # homes of threads
        assert note.log == ["rung abandoned"]


class TestTheExit:
    def test_of_a_script_does_not_wait_for_timers(self) -> None:
        code = """
            replies = Replies(timeout=3600)
            future = replies[1].to_future()
            Promise.resolve().then().wait()
            print("end")
        """
        assert lines(code, PATIENCE) == ["end"]

    def test_under_a_host_does_not_wait_for_timers(self) -> None:
        code = """
            class Window:
                posted = []
                post = posted.append
            set_host(Window())
            replies = Replies(timeout=3600)
            future = replies[1].to_future()
            Window.posted.pop()()
            print("end")
        """
        assert lines(code, PATIENCE) == ["end"]


@needs_fork
def test_a_timer_of_a_script_rings_in_the_parent_and_in_a_forked_child() -> None:
    code = """
        promise = Replies(timeout=0.1)
        answer = promise[1].catch(TimeoutError, lambda error: "in time")
        Promise.resolve().then().wait()
        child = os.fork()
        result = answer.wait(timeout=10)
        if not child:
            os._exit(7 if result == "in time" else 8)
        print(result, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert lines(code, PATIENCE) == ["in time 7"]


def test_a_timer_under_uvloop_rings_when_its_time_has_come() -> None:
    uvloop = pytest.importorskip("uvloop")
    note = Note()

    async def main() -> str:
        Timer(current_thread_home(), SHORT, note).start()  # the loop drives the script's home
        return await asyncio.wait_for(value_of(note.done.promise.then()), PATIENCE)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(main()) == "rung"
