"""What a `wait` does between two looks at its promise, and in which state it leaves its thread's home (S4)."""

from __future__ import annotations

import asyncio
import sys
import sysconfig
import threading
from collections.abc import Callable
from contextvars import Context
from types import SimpleNamespace

import pytest

from promisepy import Promise
from promisepy._core import homes
from promisepy._core.homes import ThreadHome, current_thread_home

from ..events.library import PATIENCE
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

    def _sleep(self, seconds: float | None) -> None:
        self.notes.append(seconds)


class Hasty(Noting):
    """Notes for how long the private loop may run."""

    __slots__ = ()

    def _run_loop(self, seconds: float | None) -> None:
        self.notes.append(seconds)
        super()._run_loop(seconds)


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
