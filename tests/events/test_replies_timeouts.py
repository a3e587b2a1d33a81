"""Answers that do not come in time: on asyncio, in a script, under a host, and when nobody is left to look."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import DeadlockError, Promise, Replies, Report, StuckPromise
from promisepy._core.homes import current_thread_home

from ..support import PATIENCE, Mainloop, Window, on_a_thread
from .library import when_asleep
from .test_replies_races import record_timers

SHORT = 0.02


class Value:
    """Something a weak reference can watch."""


class TestOnALoop:
    def test_a_promise_is_rejected_and_its_key_forgotten(self) -> None:
        async def main() -> None:
            replies: Replies[str, int] = Replies(timeout=SHORT)
            begin = time.monotonic()
            promise = replies["key"]
            with pytest.raises(TimeoutError, match=r"no answer for the key 'key' within 0\.02 seconds"):
                await promise
            assert time.monotonic() - begin >= SHORT * 0.9
            assert (len(replies), "key" in replies) == (0, False)

        asyncio.run(main())

    def test_each_promise_has_its_own_time(self) -> None:
        async def main() -> list[str]:
            replies: Replies[str, int] = Replies(timeout=0.1)
            order: list[str] = []
            first = replies["first"].catch(TimeoutError, lambda _: order.append("first"))
            await asyncio.sleep(0.05)
            second = replies["second"].catch(TimeoutError, lambda _: order.append("second"))
            await first
            assert order == ["first"]
            await second
            return order

        assert asyncio.run(main()) == ["first", "second"]

    def test_an_answer_in_time_leaves_no_timer(self, reports: list[Report]) -> None:
        async def main() -> None:
            replies: Replies[int, int] = Replies(timeout=PATIENCE)
            for number in range(100):
                promise = replies[number]
                await asyncio.sleep(0)
                replies.resolve(number, number)
                assert await promise == number
            loop: Any = asyncio.get_running_loop()
            assert [handle for handle in loop._scheduled if not handle.cancelled()] == []

        asyncio.run(main())
        assert reports == []

    def test_a_late_answer_is_an_early_one_for_the_next_request(self) -> None:
        async def main() -> None:
            replies: Replies[int, str] = Replies(timeout=SHORT)
            first = replies[1]
            with pytest.raises(TimeoutError):
                await first
            replies.resolve(1, "late")
            assert isinstance(first.reason, TimeoutError)
            assert await replies[1] == "late"
            with pytest.raises(TimeoutError):
                await replies[1]

        asyncio.run(main())

    def test_an_answer_that_was_there_first_is_never_too_late(self) -> None:
        async def main() -> int | None:
            replies: Replies[int, int] = Replies(timeout=0)
            replies.resolve(1, 7)
            promise = replies[1]
            await asyncio.sleep(SHORT)
            return promise.value

        assert asyncio.run(main()) == 7

    def test_the_time_of_a_promise_that_another_thread_answers_is_forgotten(self) -> None:
        async def main() -> None:
            replies: Replies[int, int] = Replies(timeout=PATIENCE)
            promise = replies[1]
            await asyncio.sleep(0)  # the clock starts
            thread = threading.Thread(target=replies.resolve, args=(1, 1))
            thread.start()
            assert await promise == 1
            thread.join(PATIENCE)
            await asyncio.sleep(0)
            loop: Any = asyncio.get_running_loop()
            assert [handle for handle in loop._scheduled if not handle.cancelled()] == []

        asyncio.run(main())

    def test_an_answer_between_the_bell_and_its_job_comes_in_time(
        self, mainloop: Mainloop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        timers = record_timers(monkeypatch)
        replies: Replies[int, int] = Replies(timeout=PATIENCE)
        promise = replies[1]
        timers.pop().ring()
        replies.resolve(1, 7)
        mainloop.run()
        assert promise.value == 7

    def test_asking_again_does_not_prolong_the_time(self) -> None:
        async def main() -> None:
            replies: Replies[int, int] = Replies(timeout=0.1)
            begin, promise = time.monotonic(), replies[1]
            while promise.state == "pending" and time.monotonic() - begin < PATIENCE:
                assert replies[1] is promise
                await asyncio.sleep(SHORT)
            assert isinstance(promise.reason, TimeoutError)

        asyncio.run(main())


class TestInAScript:
    def test_a_promise_is_rejected_while_somebody_waits(self) -> None:
        replies: Replies[int, int] = Replies(timeout=SHORT)
        with pytest.raises(TimeoutError, match="no answer for the key 1"):
            replies[1].wait(timeout=PATIENCE)
        assert len(replies) == 0

    def test_time_passes_only_in_wait(self) -> None:
        replies: Replies[int, int] = Replies(timeout=0)
        promise = replies[1]
        on_a_thread(gc.collect)
        assert promise.state == "pending"
        replies.resolve(1, 7)
        assert promise.wait(timeout=PATIENCE) == 7

    def test_waiting_for_another_promise_lets_time_pass_as_well(self) -> None:
        replies: Replies[int, int] = Replies(timeout=SHORT)
        promise, other = replies[1], Promise[None].with_resolvers()
        promise.catch(TimeoutError, lambda _: other.resolve())
        other.promise.wait(timeout=PATIENCE)
        assert isinstance(promise.reason, TimeoutError)

    def test_a_wait_with_a_shorter_limit_does_not_touch_the_promise(self) -> None:
        replies: Replies[int, int] = Replies(timeout=PATIENCE)
        promise = replies[1]
        with pytest.raises(TimeoutError, match="did not settle within"):
            promise.wait(timeout=SHORT)
        replies.resolve(1, 7)
        assert promise.wait(timeout=PATIENCE) == 7

    def test_a_loop_that_comes_and_goes_does_not_take_the_timer_along(self) -> None:
        replies: Replies[int, int] = Replies(timeout=0.1)
        promise = replies[1]

        async def main() -> None:
            await Promise.resolve().then()  # the loop drives the script's home from here on
            await asyncio.sleep(SHORT)

        asyncio.run(main())
        try:
            with pytest.raises(TimeoutError, match="no answer for the key 1"):
                promise.wait(timeout=PATIENCE / 10)
        finally:
            replies.resolve(1, 7)

    def test_a_key_that_waits_for_its_own_answer_when_the_time_is_up_is_told_that_it_cannot(self) -> None:
        class Key:
            def __hash__(self) -> int:
                act.pop()() if act else None
                return 1

        def wait() -> None:
            with pytest.raises(DeadlockError):
                promise.wait(timeout=PATIENCE)
            told.append("deadlock")

        act, told = list[Callable[[], None]](), list[str]()
        replies: Replies[Key, int] = Replies(timeout=0)
        promise = replies[Key()]
        act.append(wait)
        assert promise.catch(TimeoutError, lambda _: 0).wait(timeout=PATIENCE) == 0
        assert told == ["deadlock"]

    def test_a_promise_that_nobody_times_out_may_wait_for_ever(self) -> None:
        replies: Replies[int, int] = Replies(timeout=float("inf"))
        promise = replies[1]
        thread = when_asleep(lambda: replies.resolve(1, 7))
        try:
            assert promise.wait() == 7
        finally:
            thread.join(PATIENCE)


class TestWhereNobodyLooks:
    def test_the_end_of_the_asking_thread_does_not_claim_that_time_is_over(self) -> None:
        """The answer may still come, and be awaited elsewhere; what is over is at most the thread."""
        replies: Replies[int, int] = Replies(timeout=PATIENCE)
        box: list[Promise[int]] = []
        on_a_thread(lambda: box.append(replies[1]))
        if box[0].state == "pending":
            replies.resolve(1, 7)
            assert box[0].value == 7
        else:
            assert isinstance(box[0].reason, StuckPromise)

    @pytest.mark.parametrize("where", ["thread", "loop"])
    def test_a_home_that_ends_with_its_clock_running_leaves_no_promise_pending_for_ever(self, where: str) -> None:
        replies: Replies[int, int] = Replies(timeout=0.1)
        box: list[Promise[int]] = []

        def ask() -> None:
            box.append(replies[1])
            with pytest.raises(TimeoutError, match="did not settle"):
                box[0].wait(timeout=0.01)  # so that the clock starts

        async def ask_on_a_loop() -> None:
            box.append(replies[1])
            await asyncio.sleep(0.01)

        on_a_thread(ask if where == "thread" else lambda: asyncio.run(ask_on_a_loop()))
        try:
            with pytest.raises((TimeoutError, StuckPromise), match="no answer|can never"):
                box[0].wait(timeout=PATIENCE / 10)
        finally:
            replies.resolve(1, 7)

    def test_a_home_that_ends_between_the_bell_and_its_job_has_had_its_answer(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        timers = record_timers(monkeypatch)
        replies: Replies[int, int] = Replies(timeout=PATIENCE)
        promises: list[Promise[int]] = []

        def run() -> None:
            promises.append(replies[1])
            timers.pop().ring()
            replies.resolve(1, 7)

        on_a_thread(run)
        assert promises[0].value == 7


class TestUnderAHost:
    def test_a_promise_is_rejected_on_the_hosts_thread(self, window: Window) -> None:
        replies: Replies[int, int] = Replies(timeout=SHORT)
        seen: list[threading.Thread] = []
        replies[1].catch(TimeoutError, lambda _: seen.append(threading.current_thread()))
        window.turn_until(lambda: bool(seen))
        assert seen == [threading.main_thread()]

    def test_an_answer_in_time_cancels_the_timer(self, window: Window) -> None:
        replies: Replies[int, int] = Replies(timeout=10 * PATIENCE)
        seen: list[int] = []
        replies[1].then(seen.append)
        window.posted.get(timeout=PATIENCE)()  # the clock starts
        assert len(current_thread_home().clocked) == 1
        replies.resolve(1, 7)
        window.turn_until(lambda: bool(seen))
        assert not current_thread_home().clocked


def test_a_promise_that_timed_out_is_freed_by_reference_counts_alone() -> None:
    gc.disable()
    try:
        replies: Replies[int, Value] = Replies(timeout=0)
        promise = replies[1]
        reference = weakref.ref(promise)
        promise.catch(TimeoutError, lambda _: None).wait(timeout=PATIENCE)
        del promise
        assert reference() is None
    finally:
        gc.enable()
