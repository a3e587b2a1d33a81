"""Jobs that run later, through a loop's clock or in a script's `wait`; for hosts see `test_timers_hosts.py` (S4)."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from promisepy import DeadlockError, Promise, Report, StuckPromise
from promisepy._core import jobs
from promisepy._core.clock import FEW, Timers
from promisepy._core.homes import current_home, current_thread_home
from promisepy._core.jobs import Home, Timer
from promisepy._promises.wait import reaches

from ..events.library import when_asleep
from ..support import PATIENCE, on_a_thread

SHORT = 0.02


class Note:
    """A job that notes where it runs, or that it never will, and settles a promise then."""

    def __init__(self, log: list[str] | None = None, name: str = "rung") -> None:
        self.log = [] if log is None else log
        self.name = name
        self.threads: list[threading.Thread] = []
        self.done = Promise[str].with_resolvers(keep_alive=True)

    def _run(self) -> None:
        self.threads.append(threading.current_thread())
        self.log.append(self.name)
        self.done.resolve(self.name)

    def _abandon(self, home: Home) -> None:
        self.log.append(f"{self.name} abandoned")
        self.done.resolve("abandoned")

    def _settles(self) -> None:
        """Name no promise."""

    def is_done(self) -> bool:
        return self.done.promise.state != "pending"


def live_handles() -> list[Any]:
    loop: Any = asyncio.get_running_loop()
    return [handle for handle in loop._scheduled if not handle.cancelled()]


class TestOnALoop:
    def test_a_timer_rings_on_the_loops_thread_when_its_time_has_come(self) -> None:
        async def main() -> None:
            note, begin = Note(), time.monotonic()
            Timer(current_home(), SHORT, note).start()
            assert await note.done.promise == "rung"
            assert time.monotonic() - begin >= SHORT * 0.9
            assert note.threads == [threading.current_thread()]

        asyncio.run(main())

    def test_a_timer_that_another_thread_makes_rings_on_the_loops_thread(self) -> None:
        async def main() -> None:
            note, home = Note(), current_home()
            thread = threading.Thread(target=Timer(home, SHORT, note).start)
            asyncio.get_running_loop().call_soon(thread.start)
            assert await note.done.promise == "rung"
            thread.join(PATIENCE)
            assert note.threads == [threading.current_thread()]

        asyncio.run(main())

    def test_timers_ring_in_the_order_of_their_times(self) -> None:
        async def main() -> list[str]:
            log: list[str] = []
            notes = [(number, Note(log, str(number))) for number in (3, 1, 2)]
            for number, note in notes:
                Timer(current_home(), number * SHORT, note).start()
            await Promise.all([note.done.promise for _, note in notes])
            return log

        assert asyncio.run(main()) == ["1", "2", "3"]

    @pytest.mark.parametrize("when", ["at once", "later"])
    @pytest.mark.parametrize("where", ["here", "on a thread"])
    def test_a_cancelled_timer_leaves_nothing(self, when: str, where: str) -> None:
        async def main() -> None:
            note = Note()
            timer = Timer(current_home(), PATIENCE, note).start()
            if when == "later":
                await asyncio.sleep(0)
                assert len(live_handles()) == 1
            if where == "here":
                timer.cancel()
            else:
                thread = threading.Thread(target=timer.cancel)
                thread.start()
                thread.join(PATIENCE)
            for _ in range(3):
                await asyncio.sleep(0)
            assert live_handles() == []
            assert (timer.is_cancelled, note.log) == (True, [])

        asyncio.run(main())

    def test_a_timer_that_another_thread_cancels_is_taken_off_the_clock_on_the_loops_thread(self) -> None:
        class Handle(asyncio.TimerHandle):
            __slots__ = ()

            def cancel(self) -> None:
                threads.append(threading.current_thread())
                super().cancel()

        class Loop(asyncio.SelectorEventLoop):
            def call_later(self, *arguments: Any, **keywords: Any) -> asyncio.TimerHandle:
                handle = super().call_later(*arguments, **keywords)
                handle.__class__ = Handle
                return handle

        async def main() -> None:
            timers = [Timer(current_home(), PATIENCE, Note()).start() for _ in range(2)]
            await asyncio.sleep(0)
            on_a_thread(timers[0].cancel)
            assert threads == []
            timers[1].cancel()
            assert len(threads) == 1
            await asyncio.sleep(0)
            assert threads == [threading.current_thread()] * 2

        threads: list[threading.Thread] = []
        with asyncio.Runner(loop_factory=Loop) as runner:
            runner.run(main())

    def test_cancelled_timers_do_not_pile_up(self) -> None:
        async def main() -> None:
            loop: Any = asyncio.get_running_loop()
            for _ in range(3000):
                timer = Timer(current_home(), PATIENCE, Note()).start()
                await asyncio.sleep(0)
                timer.cancel()
            assert len(loop._scheduled) < 500

        asyncio.run(main())

    def test_cancelling_or_making_one_when_the_loop_has_closed_raises_nothing(self) -> None:
        note, late = Note(), Note()

        async def main() -> tuple[Home, Timer]:
            timer = Timer(current_home(), PATIENCE, note).start()
            await asyncio.sleep(0)
            return current_home(), timer

        home, timer = asyncio.run(main())
        timer.cancel()
        Timer(home, 0, late).start()
        assert late.log == ["rung abandoned"]

    def test_a_timer_of_a_loop_that_closes_is_abandoned(self) -> None:
        note = Note()

        async def main() -> None:
            Timer(current_home(), PATIENCE, note).start()
            await asyncio.sleep(0)  # its clock runs from here on

        asyncio.run(main())
        asyncio.run(asyncio.wait_for(value_of(Promise.resolve()), PATIENCE))  # closed loops are looked for here
        assert note.log == ["rung abandoned"]

    def test_a_delay_and_a_timeout_of_a_loop_that_ends_are_rejected(self) -> None:
        async def main() -> list[Promise[Any]]:
            never = Promise[None].with_resolvers(keep_alive=True).promise
            promises = [Promise.delay(PATIENCE), never.timeout(PATIENCE), Promise.delay(PATIENCE).then()]
            await asyncio.sleep(0)
            return promises

        for promise in asyncio.run(main()):
            with pytest.raises(StuckPromise, match="event loop"):
                promise.wait(timeout=PATIENCE)

    def test_a_delay_that_nobody_holds_ends_with_its_loop_in_silence(self, reports: list[Report]) -> None:
        async def main() -> None:
            Promise.delay(PATIENCE)
            await asyncio.sleep(0)

        asyncio.run(main())
        gc.collect()
        assert reports == []


async def value_of(promise: Promise[Any]) -> Any:
    return await promise


class TestInAScript:
    def test_a_cancelled_one_has_nothing_to_abandon_when_its_thread_ends(self) -> None:
        note = Note()
        on_a_thread(lambda: Timer(current_thread_home(), PATIENCE, note).start().cancel())
        assert note.log == []

    def test_one_that_another_thread_cancels_while_it_is_started_leaves_nothing(self) -> None:
        class Interrupted(Timer):
            def started(self, stop: Callable[[], object]) -> None:
                self.cancel()
                super().started(stop)

        home = current_thread_home()
        Interrupted(home, PATIENCE, Note())
        Promise.resolve().then().wait(timeout=PATIENCE)
        assert (home.timers.first(), home.clocked) == (None, {})

    def test_who_waits_where_it_is_started_for_what_it_settles_is_told_of_the_deadlock(self) -> None:
        class Interrupted(Timer):
            """A signal handler waits before the clock knows the timer."""

            def started(self, stop: Callable[[], object]) -> None:
                with pytest.raises(DeadlockError):
                    promise.wait(timeout=PATIENCE)
                told.append("deadlock")
                super().started(stop)

        class Settling(Note):
            def _settles(self) -> Any:
                return promise

        promise, told, note = Promise[None].with_resolvers(keep_alive=True).promise, list[str](), Settling()
        Interrupted(current_thread_home(), SHORT, note).start()
        assert note.done.promise.wait(timeout=PATIENCE) == "rung"
        assert told == ["deadlock"]

    def test_a_value_that_waits_for_its_own_delay_is_told_of_the_deadlock(self) -> None:
        class Thenable:
            @property
            def then(self) -> object:
                return promise.wait(timeout=PATIENCE)

        promise = Promise.delay(0, Thenable())
        with pytest.raises(DeadlockError):
            promise.wait(timeout=PATIENCE)

    def test_a_timer_rings_only_in_wait_and_at_once_if_it_is_overdue(self) -> None:
        note = Note()
        Timer(current_thread_home(), -1, note).start()
        assert note.log == []
        Promise.resolve().then().wait(timeout=PATIENCE)  # its clock starts
        Promise.resolve().then().wait(timeout=PATIENCE)
        assert note.log == ["rung"]

    def test_a_timer_wakes_a_wait_for_what_its_job_settles(self) -> None:
        note, begin = Note(), time.monotonic()
        Timer(current_thread_home(), SHORT, note).start()
        assert note.done.promise.wait(timeout=PATIENCE) == "rung"
        assert SHORT * 0.9 <= time.monotonic() - begin < PATIENCE / 2

    def test_a_timer_that_another_thread_makes_wakes_a_wait_that_sleeps(self) -> None:
        note, home = Note(), current_thread_home()
        thread = threading.Timer(SHORT, Timer(home, SHORT, note).start)
        thread.start()
        assert note.done.promise.wait(timeout=PATIENCE) == "rung"
        assert note.threads == [threading.current_thread()]
        thread.join(PATIENCE)

    def test_a_wait_with_a_limit_ends_at_its_limit_and_rings_the_earlier_timers(self) -> None:
        early, late, home = Note(), Note(), current_thread_home()
        timer = Timer(home, PATIENCE, late).start()
        Timer(home, SHORT, early).start()
        begin = time.monotonic()
        with pytest.raises(TimeoutError, match="did not settle within 0.1 seconds"):
            late.done.promise.wait(timeout=5 * SHORT)
        assert 4.5 * SHORT <= time.monotonic() - begin < PATIENCE / 2
        assert (early.log, late.log) == (["rung"], [])
        timer.cancel()

    def test_a_timer_rings_in_a_wait_that_runs_a_coroutine(self) -> None:
        note = Note()
        Timer(current_thread_home(), SHORT, note).start()
        assert Promise.resolve(value_of(note.done.promise)).wait(timeout=PATIENCE) == "rung"

    def test_a_timer_needs_no_thread_of_its_own(self) -> None:
        before = threading.active_count()
        timer = Timer(current_thread_home(), PATIENCE, Note()).start()
        Promise.resolve().then().wait(timeout=PATIENCE)
        assert threading.active_count() == before
        timer.cancel()

    def test_a_timer_that_a_coroutine_has_started_rings_after_its_end(self) -> None:
        """The clock of the loop inside `wait` stands still by then."""
        note = Note()

        async def start() -> None:
            Timer(current_thread_home(), SHORT, note).start()
            while current_thread_home().jobs:
                await asyncio.sleep(0)

        Promise.resolve(start()).wait(timeout=PATIENCE)
        assert note.done.promise.wait(timeout=PATIENCE) == "rung"

    def test_a_timer_rings_in_a_wait_inside_a_handler(self) -> None:
        note = Note()

        def handler(_: object) -> str:
            Timer(current_thread_home(), SHORT, note).start()
            return note.done.promise.wait(timeout=PATIENCE)

        assert Promise.resolve().then(handler).wait(timeout=PATIENCE) == "rung"

    def test_a_timer_rings_in_a_wait_with_a_pump(self) -> None:
        note = Note()
        Timer(current_thread_home(), SHORT, note).start()
        assert note.done.promise.wait(timeout=PATIENCE, pump=lambda: None) == "rung"

    def test_a_cancelled_timer_does_not_ring_although_a_wait_sleeps_for_it(self) -> None:
        note = Note()
        timer = Timer(current_thread_home(), 0.3, note).start()
        thread = when_asleep(timer.cancel)
        with pytest.raises(TimeoutError):
            note.done.promise.wait(timeout=0.4)
        thread.join(PATIENCE)
        assert note.log == []

    def test_cancelled_timers_do_not_pile_up(self) -> None:
        home = current_thread_home()
        last = Timer(home, PATIENCE, Note()).start()
        for _ in range(20 * FEW):
            Timer(home, PATIENCE, Note()).start().cancel()
            timer = Timer(home, PATIENCE, Note()).start()
            Promise.resolve().then().wait(timeout=PATIENCE)
            timer.cancel()
        assert len(home.timers._heap) <= FEW + 1
        last.cancel()

    def test_a_timer_goes_on_when_a_loop_has_come_and_gone(self) -> None:
        note = Note()
        timer = Timer(current_thread_home(), 5 * SHORT, note).start()

        async def main() -> None:
            await Promise.resolve().then()  # the loop drives the script's home from here on
            await asyncio.sleep(SHORT)

        asyncio.run(main())
        assert note.done.promise.wait(timeout=PATIENCE / 10) == "rung"
        timer.cancel()

    def test_a_timer_goes_on_in_a_wait_while_its_loop_stands_still_and_when_it_runs_again(self) -> None:
        early, late = Note(), Note()
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(value_of(Promise.resolve().then()))
            Timer(current_thread_home(), SHORT, early).start()
            Timer(current_thread_home(), 5 * SHORT, late).start()

            async def start() -> None:
                current_thread_home().look()
                await asyncio.sleep(0)

            loop.run_until_complete(start())  # both clocks are the loop's now
            assert early.done.promise.wait(timeout=PATIENCE / 10) == "rung"
            loop.run_until_complete(asyncio.wait_for(value_of(late.done.promise), PATIENCE))
            assert late.log == ["rung"]
        finally:
            loop.close()

    def test_a_timer_goes_on_in_a_wait_although_its_loop_was_closed_without_notice(self) -> None:
        note = Note()
        Timer(current_thread_home(), SHORT, note).start()
        loop = asyncio.new_event_loop()

        async def start() -> None:
            current_thread_home().look()
            await asyncio.sleep(0)

        loop.run_until_complete(start())
        loop.close()
        assert note.done.promise.wait(timeout=PATIENCE / 10) == "rung"

    def test_a_timer_that_was_started_rings_under_a_loop_that_comes_later(self) -> None:
        note = Note()
        Timer(current_thread_home(), SHORT, note).start()
        Promise.resolve().then().wait(timeout=PATIENCE)
        assert asyncio.run(asyncio.wait_for(value_of(note.done.promise.then()), PATIENCE)) == "rung"


class TestTimers:
    def test_with_the_same_time_ring_in_the_order_in_which_they_were_made(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A clock may be coarse: that of Windows stands still for 16 milliseconds."""
        monkeypatch.setattr(jobs, "time", SimpleNamespace(monotonic=lambda: 1.0))
        clock, queue = Timers(), SilentHome()
        notes = [Note(name=str(number)) for number in range(8)]
        for note in notes:
            clock.add(Timer(queue, 0, note).start())
        clock.ring()
        assert [job for job in queue.jobs if isinstance(job, Note)] == notes

    def test_that_were_rung_or_cancelled_ring_no_more(self) -> None:
        home, note = SilentHome(), Note()
        timer = Timer(home, 0, note).start()
        timer.ring()
        timer.ring()
        timer.cancel()
        assert [job for job in home.jobs if job is note] == [note]

    def test_settle_what_their_jobs_settle_until_they_are_cancelled(self) -> None:
        """A signal handler that waits while a timer is being started waits for ever if that is what it waits for."""
        promise = Promise[int].with_resolvers(keep_alive=True).promise
        timer = Timer(SilentHome(), 1.0, promise).start()
        assert reaches(timer, promise)
        timer.cancel()
        assert not reaches(timer, promise)

    def test_tell_a_sleeper_how_long_it_may_sleep(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 0.0
        monkeypatch.setattr(jobs, "time", SimpleNamespace(monotonic=lambda: now))
        clock = Timers()
        assert (clock.limit(None), clock.limit(3.0)) == (None, 3.0)
        clock.add(Timer(SilentHome(), 2.0, Note()).start())
        assert (clock.limit(None), clock.limit(1.0), clock.limit(3.0)) == (2.0, 1.0, 2.0)
        now = 5.0
        assert clock.limit(None) == 0.0

    def test_that_a_signal_handler_rings_while_they_are_looked_at_ring_once(self) -> None:
        clock, home, note = Timers(), SilentHome(), Note()
        clock.add(Interrupted(home, 0, note, clock.ring))
        clock.ring()
        assert [job for job in home.jobs if job is note] == [note]
        assert clock.first() is None

    def test_that_are_not_due_stay_although_a_signal_handler_rings_the_first(self) -> None:
        clock, home, note = Timers(), SilentHome(), Note()
        clock.add(Interrupted(home, 0, note, clock.ring))
        clock.add(later := Timer(home, PATIENCE, Note()).start())
        clock.ring()
        assert [job for job in home.jobs if isinstance(job, Note)] == [note]
        assert clock.first() is later

    def test_that_a_signal_handler_adds_while_a_cancelled_one_is_dropped_stay(self) -> None:
        clock, home = Timers(), SilentHome()
        earlier = Timer(home, PATIENCE, Note()).start()
        clock.add(cancelled := Interrupted(home, 2 * PATIENCE, Note(), lambda: clock.add(earlier)))
        cancelled.cancel()
        assert clock.first() is earlier


class Interrupted(Timer):
    """A signal handler strikes when somebody looks at this timer for the first time."""

    def __init__(self, home: Home, seconds: float, job: Note, strike: Callable[[], object]) -> None:
        super().__init__(home, seconds, job)
        self.strikes = [strike]

    def remaining(self) -> float:
        if self.strikes and not super().is_cancelled:
            self.strikes.pop()()
        return super().remaining()

    @property
    def is_cancelled(self) -> bool:
        if self.strikes and super().is_cancelled:
            self.strikes.pop()()
        return super().is_cancelled


class SilentHome(Home):
    """Only queues."""

    def arm(self) -> None:
        self.armed = True
