"""What `wait` does between two looks at its promise, where it is refused, and how it leaves its thread's home (S4)."""

from __future__ import annotations

import asyncio
import signal
import sys
import sysconfig
import threading
from collections import deque
from collections.abc import Callable
from contextvars import Context
from functools import partial
from itertools import count
from queue import Empty, SimpleQueue
from types import FrameType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promisepy import Promise
from promisepy._core import homes
from promisepy._core.homes import ThreadHome, current_home, current_thread_home
from promisepy._core.jobs import BURST, Later

from ..support import PATIENCE, on_a_thread, strike
from .test_later_loops import meet
from .test_timers import Note


class Noting(ThreadHome):
    """Notes what a `wait` does."""

    __slots__ = ("notes",)

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[float | None] = []


class Sleepless(Noting):
    """Notes for how long it would sleep."""

    __slots__ = ()

    def _sleep(self, seconds: float | None, is_done: Callable[[], bool]) -> None:
        self.notes.append(seconds)


class Hasty(Noting):
    """Notes for how long the private loop may run."""

    __slots__ = ()

    def _run_loop(self, seconds: float | None, is_done: Callable[[], bool]) -> None:
        self.notes.append(seconds)
        super()._run_loop(seconds, is_done)


class Restarting(Noting):
    """Notes that its timers change their clock."""

    __slots__ = ()

    def restart_timers(self) -> None:
        self.notes.append(None)
        super().restart_timers()


class Nested(Note):
    """A job that waits: for nothing, so that it soon goes on."""

    def __init__(self, home: ThreadHome) -> None:
        super().__init__()
        self.home = home

    def _run(self) -> None:
        assert self.home.run_until(lambda: True, None, None, None)
        super()._run()


def test_a_wait_sleeps_in_slices_where_it_has_to_look_up_and_nowhere_else() -> None:
    looks_up = sys.platform == "win32" or sysconfig.get_config_var("Py_GIL_DISABLED")
    home = Sleepless()
    assert home.run_until(lambda: bool(home.notes), None, None, None)
    assert home.notes == [0.1 if looks_up else None]


def test_a_wait_sleeps_until_its_limit_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "SLICE", None)
    home = Sleepless()
    assert home.run_until(lambda: len(home.notes) == 2, 1000, None, None)
    first, second = home.notes
    assert first is not None
    assert second is not None
    assert 1000 >= first >= second > 900


def test_a_wait_of_no_time_does_not_sleep_although_the_clock_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of Windows does so for 16 milliseconds."""
    monkeypatch.setattr(homes, "time", SimpleNamespace(monotonic=lambda: 1.0))
    home = Sleepless()
    assert not home.run_until(lambda: bool(home.notes), 0, None, None)
    assert home.notes == []


class TestAPump:
    def test_that_delivers_nothing_is_called_ever_less_often_but_fifty_times_a_second(self) -> None:
        home = Sleepless()
        assert home.run_until(lambda: len(home.notes) == 8, None, lambda: None, None)
        assert home.notes == [0.001, 0.002, 0.004, 0.008, 0.016, 0.02, 0.02, 0.02]

    def test_that_has_delivered_is_called_again_at_once_and_then_as_often_as_at_first(self) -> None:
        home, calls = Sleepless(), list[int]()

        def pump() -> None:
            calls.append(len(home.notes))
            if len(calls) == 4:
                home.enqueue(Note())

        assert home.run_until(lambda: len(home.notes) == 5, None, pump, None)
        assert home.notes == [0.001, 0.002, 0.004, 0.001, 0.002]
        assert calls == [0, 1, 2, 3, 3, 4]

    def test_may_run_a_loop_in_which_what_is_waited_for_settles(self) -> None:
        """The loop belongs to whoever runs it: the end of the wait is no reason to stop it."""
        promise, resolve, _ = Promise[int].with_resolvers()
        ends: list[str] = []

        async def main() -> None:
            Promise.resolve()  # the loop has met promises, so it drives the script's home
            resolve(1)
            async with asyncio.timeout(PATIENCE):
                while current_thread_home().jobs:
                    await asyncio.sleep(0)
            ends.append("its own end")

        assert promise.wait(timeout=PATIENCE, pump=lambda: asyncio.run(main())) == 1
        assert ends == ["its own end"]

    def test_may_run_a_loop_again_and_again_that_waits_for_what_a_thread_settles(self) -> None:
        """The loop has met promises in the first turn, and is told of nothing new in the second."""
        last, resolve_last, _ = Promise[int].with_resolvers()
        pairs = [Promise[int].with_resolvers() for _ in range(2)]
        seen: list[int] = []

        async def main(promise: Promise[int], resolve: Callable[[int], None]) -> None:
            done = asyncio.Event()
            promise.then(seen.append).then(lambda _: done.set())
            settler = threading.Thread(target=resolve, args=[1])
            asyncio.get_running_loop().call_soon(settler.start)
            async with asyncio.timeout(5):
                await done.wait()

        def pump() -> None:
            promise, resolve, _ = pairs.pop()
            loop.run_until_complete(main(promise, resolve))
            if not pairs:
                resolve_last(2)

        loop = asyncio.new_event_loop()
        loop.run_until_complete(meet())
        assert last.wait(timeout=PATIENCE, pump=pump) == 2
        assert seen == [1, 1]
        loop.close()


async def until_settled(promise: Promise[int]) -> int:
    return await promise


def test_a_limit_of_no_time_gives_a_coroutine_one_turn() -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    home = Hasty()
    task = home.start(until_settled(promise), Context())
    assert not home.run_until(lambda: False, 0, None, None)
    assert home.notes == [0]
    resolve(1)
    assert home.run_until(task.done, PATIENCE, None, None)
    home.close()


def test_a_wait_that_takes_over_from_nobody_leaves_the_timers_on_their_clock() -> None:
    """Else each `wait` of a script would cost the more, the more timers there are."""
    promise, resolve, _ = Promise[int].with_resolvers()
    home = Restarting()
    task = home.start(until_settled(promise), Context())
    assert not home.run_until(lambda: False, 0, None, None)
    job = Nested(home)
    home.enqueue(job)
    resolve(1)
    assert home.run_until(task.done, PATIENCE, None, None)
    assert (job.log, home.notes) == (["rung"], [])
    home.close()


class Queue(deque[Any]):
    """A queue of jobs; `looked` is called when somebody has just seen that it is empty."""

    def __init__(self, looked: Callable[[], object]) -> None:
        super().__init__()
        self.looked = looked

    def __len__(self) -> int:
        length = super().__len__()
        if not length:
            self.looked()
        return length


class Wakeups(SimpleQueue[None]):
    """What a wait sleeps in. Nobody does while a job is queued for which no wake-up has come."""

    def get(self, block: bool = True, timeout: float | None = None) -> None:
        assert self.qsize() or not current_thread_home().jobs, "asleep with a job"
        super().get(block, timeout)


class TestWait:
    def test_a_timeout_is_the_built_in_class_and_does_not_touch_the_promise(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        with pytest.raises(TimeoutError, match="did not settle within 0 seconds") as caught:
            promise.wait(timeout=0)
        assert type(caught.value) is TimeoutError
        assert promise.state == "pending"
        resolve(1)
        assert promise.wait(timeout=0) == 1

    def test_a_settled_promise_needs_no_time(self) -> None:
        assert Promise.resolve(1).wait(timeout=0) == 1
        assert Promise.resolve(1).wait(timeout=-1) == 1

    @pytest.mark.parametrize("look", range(1, 5))  # two of `drain`, one before a last check, one before it sleeps
    def test_ends_though_the_promise_settles_right_after_a_look_at_the_queue(
        self, monkeypatch: pytest.MonkeyPatch, look: int
    ) -> None:
        promise, resolve, _ = Promise[str].with_resolvers()
        looks = count(1)
        queue = Queue(lambda: next(looks) == look and resolve("settled"))  # as another thread does, or a signal handler
        monkeypatch.setattr(current_thread_home(), "jobs", queue)
        monkeypatch.setattr(current_thread_home(), "new_bed", Wakeups)
        assert promise.wait(20) == "settled"

    @pytest.mark.parametrize("timeout", ["1", True, float("nan"), object()])
    def test_a_timeout_that_is_no_number_of_seconds_is_refused(self, timeout: Any) -> None:
        with pytest.raises(
            TypeError,
            match=r"expected a timeout in seconds or None, got .*write timeout=2\.5",
        ):
            Promise.resolve(1).wait(timeout=timeout)

    def test_on_the_thread_of_a_running_loop_is_refused_at_once(self) -> None:
        async def main() -> None:
            for promise in (Promise.resolve(1), Promise[int].with_resolvers(keep_alive=True).promise):
                with pytest.raises(RuntimeError, match="write await promise"):
                    promise.wait()

        asyncio.run(main())

    def test_in_a_handler_under_a_loop_is_refused_as_well(self) -> None:
        async def main() -> str:
            return await Promise.resolve().then(lambda _: Promise.resolve(1).wait()).catch(RuntimeError, str)

        assert "write await promise" in asyncio.run(main())

    def test_in_a_handler_of_a_script_runs_the_jobs_that_it_needs(self) -> None:
        seen: list[str] = []

        def outer(_: Any) -> str:
            inner = Promise.resolve("inner").then(str.upper)
            seen.append(inner.wait(timeout=10))
            return "outer"

        first = Promise.resolve().then(outer)
        Promise.resolve().then(lambda _: seen.append("beside"))
        assert first.wait(timeout=10) == "outer"
        assert seen == ["beside", "INNER"]

    def test_in_a_handler_in_a_handler_and_so_on(self) -> None:
        def nested(depth: int) -> int:
            return Promise.resolve(depth - 1).then(nested).wait(timeout=10) + 1 if depth else 0

        assert nested(20) == 20

    def test_in_a_handler_works_while_a_coroutine_is_under_way(self) -> None:
        async def work() -> int:
            await asyncio.sleep(0)
            return 1

        def wait_for_more(value: int) -> str:
            return Promise.resolve(value + 1).then(str).wait(timeout=10)

        promise = Promise.resolve(work()).then(wait_for_more)
        assert promise.wait(timeout=10) == "2"

    def test_drains_what_came_before_the_promise_settled(self) -> None:
        seen: list[int] = []
        for n in range(3):
            Promise.resolve(n).then(seen.append)
        Promise.resolve().then().wait()
        assert seen == [0, 1, 2]

    def test_sees_what_another_thread_settles(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        seen: list[threading.Thread] = []
        child = promise.then(lambda value: seen.append(threading.current_thread()) or value)
        thread = threading.Thread(target=resolve, args=(1,))
        thread.start()
        assert child.wait(timeout=10) == 1
        thread.join()
        assert seen == [threading.current_thread()]

    def test_polls_a_library_that_must_be_polled(self) -> None:
        deliveries: SimpleQueue[Callable[[], None]] = SimpleQueue()
        promise, resolve, _ = Promise[int].with_resolvers()
        polls: list[None] = []

        def poll() -> None:
            polls.append(None)
            if len(polls) == 3:
                deliveries.put(lambda: resolve(1))
            try:
                deliveries.get_nowait()()
            except Empty:
                pass

        assert promise.then(str).wait(timeout=10, pump=poll) == "1"
        assert len(polls) == 3

    def test_raises_what_the_pump_raises(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        with pytest.raises(OSError, match="broker"):
            promise.wait(pump=lambda: (_ for _ in ()).throw(OSError("broker")))
        resolve(1)

    @pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
    def test_is_interrupted_by_ctrl_c(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        pressed = threading.Event()

        def interrupt_once(number: int, frame: FrameType | None) -> None:
            if not pressed.is_set():
                pressed.set()
                signal.default_int_handler(number, frame)

        previous = signal.signal(signal.SIGINT, interrupt_once)
        killer = threading.Thread(target=strike, args=(signal.SIGINT, pressed))
        try:
            with pytest.raises(KeyboardInterrupt):
                killer.start()
                promise.wait(timeout=10)
            killer.join()
        finally:
            signal.signal(signal.SIGINT, previous)
        resolve(1)
        assert promise.wait(timeout=10) == 1


def test_a_wait_under_a_private_loop_refuses_a_second_one() -> None:
    """A coroutine of a handler that waits for what only its own loop could bring."""
    never = Promise[int].with_resolvers(keep_alive=True).promise
    errors: list[str] = []

    async def handler() -> None:
        try:
            never.wait(1)
        except RuntimeError as error:
            errors.append(str(error))

    Promise.resolve().then(lambda _: handler()).wait(5)
    assert len(errors) == 1
    assert errors[0].startswith("wait() would stop the event loop that is running in this thread")


@pytest.mark.skipif(sys.platform == "win32", reason="it sleeps so there")
def test_a_sleep_in_slices_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where Ctrl-C could not interrupt a longer one."""
    monkeypatch.setattr("promisepy._core.homes.SLICE", 0.001)
    promise, resolve, _ = Promise[int].with_resolvers()
    threading.Timer(0.01, resolve, [1]).start()
    assert promise.wait(10) == 1


class TestTheStateDecides:
    """Whatever is queued before its turn, and however little time there is, `wait` gives the outcome of what is settled."""

    @given(
        jobs=st.integers(0, 2 * BURST + 1),
        timeout=st.sampled_from([0, -1, 1e-9, 0.001]),
        place=st.sampled_from(["before", "among", "after", "by a job", "by a thread"]),
        fails=st.booleans(),
    )
    @settings(max_examples=60, deadline=None)
    def test_a_wait_without_time_sees_what_has_settled(
        self, jobs: int, timeout: float, place: str, fails: bool
    ) -> None:
        d = Promise[int].with_resolvers()
        d.promise.catch(ValueError, lambda _: None)
        settle: Callable[[], object] = partial(d.reject, ValueError("reason")) if fails else partial(d.resolve, 5)
        if place == "before":
            settle()
        for number in range(jobs):
            Promise.resolve().then(lambda _: None)
            if place == "among" and number == jobs // 2:
                settle()
        if place == "by a job":  # the first one, so that it certainly runs
            current_home().jobs.appendleft(Later(settle))
        elif place == "by a thread":
            on_a_thread(settle)
        elif d.promise.state == "pending":
            settle()
        try:
            assert d.promise.wait(timeout) == 5
            assert not fails
        except ValueError:
            assert fails
        finally:
            Promise.resolve().wait(PATIENCE)

    @pytest.mark.parametrize("timeout", [0, -1, 0.001])
    def test_and_gives_up_on_what_is_pending(self, timeout: float) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        for _ in range(BURST + 1):
            Promise.resolve().then(lambda _: None)
        with pytest.raises(TimeoutError, match=r"<Promise pending.*> did not settle within"):
            promise.wait(timeout)
        resolve(1)
        assert promise.wait(0) == 1
