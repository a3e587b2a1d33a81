"""Debug mode: the line where a promise was made and, if strict, a report as soon as the queue is empty (S9)."""

from __future__ import annotations

import _thread
import asyncio
import gc
import inspect
import sys
import threading
from collections.abc import Callable
from itertools import chain
from queue import SimpleQueue
from typing import Any

import pytest

from promisepy import Promise, Report
from promisepy._core.jobs import BURST

from ..support import turn
from .test_unhandled import REASON, fail, reasons


@pytest.mark.usefixtures("strict")
class TestStrictMode:
    def test_a_rejection_is_reported_when_the_queue_runs_empty(self, reports: list[Report]) -> None:
        held = Promise.reject(REASON)
        assert reports == []
        turn()
        assert reasons(reports) == [REASON]
        held.catch(lambda error: None)
        turn()
        assert reasons(reports) == [REASON]

    def test_a_rejection_that_is_handled_before_is_not_reported(self, reports: list[Report]) -> None:
        promise = Promise.reject(REASON)
        promise.catch(lambda error: None)
        turn()
        del promise
        assert reports == []

    def test_a_rejection_that_a_handler_handles_in_the_same_turn_is_not_reported(self, reports: list[Report]) -> None:
        held = Promise.resolve().then(fail)
        Promise.resolve().then().then().then(lambda _: held.catch(lambda error: None))
        turn()
        assert reports == []

    def test_under_a_loop_it_works_alike(self, reports: list[Report]) -> None:
        async def main() -> tuple[int, Promise[Any]]:
            held = Promise.resolve().then(fail)
            for _ in range(3):
                await asyncio.sleep(0)
            return len(reports), held

        count, _ = asyncio.run(main())
        assert count == 1
        assert reasons(reports) == [REASON]

    def test_tells_once_though_dropped_later(self, reports: list[Report]) -> None:
        held: list[Any] = [Promise.reject(ValueError("lost"))]
        turn()
        assert len(reports) == 1
        held.clear()
        gc.collect()
        assert len(reports) == 1

    def test_tells_once_though_swept_later(self, reports: list[Report]) -> None:
        async def main() -> Promise[Any]:
            held: Promise[Any] = Promise.reject(ValueError("lost"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(reports) == 1
            return held

        held = asyncio.run(main())
        assert len(reports) == 1
        del held

    def test_waits_for_the_end_of_the_queue_and_not_of_a_burst(self, reports: list[Report]) -> None:
        rejected = Promise.reject(ValueError("looked at later"))
        for _ in range(BURST):
            Promise.resolve().then()
        Promise.resolve().then(lambda _: rejected.catch(str)).wait(timeout=10)
        turn()
        assert reports == []

    def test_keeps_nothing_alive(self, reports: list[Report]) -> None:
        for _ in range(3):
            Promise.reject(ValueError("lost"))
        turn()
        assert len(reports) == 3
        gc.collect()
        assert len(reports) == 3

    def test_names_the_line(self, reports: list[Report]) -> None:
        Promise.reject(ValueError("lost"))
        turn()
        assert f"{__file__}:" in reports[0].message


def test_a_promise_that_is_made_at_the_bottom_of_a_thread_has_no_line(debug_mode: None) -> None:
    made: list[Any] = []
    done: SimpleQueue[str] = SimpleQueue()
    # Code in C calls all the way, so the first frame of the thread is one of promisepy. Such threads have no trace
    # function either, unless they set that of `coverage`.
    calls = chain(map(sys.settrace, [threading.gettrace()]), map(Promise.resolve, [1]), map(done.put, ["done"]))
    _thread.start_new_thread(made.extend, (calls,))
    assert done.get(timeout=30) == "done"
    assert repr(made[1]) == "<Promise fulfilled: 1>"


@pytest.mark.parametrize("follows", [False, True])
def test_what_an_executor_raises_is_shown_in_debug_mode_if_it_is_too_late_for_a_reason(
    follows: bool, debug_mode: None, unraisable: list[Any]
) -> None:
    def executor(resolve: Any, reject: Any) -> None:
        if follows:
            resolve(other.promise)
        raise error

    error, other = ValueError("raised"), Promise[int].with_resolvers()
    promise = Promise[int](executor)
    assert promise.reason is (None if follows else error)
    assert unraisable == ([error] if follows else [])
    other.resolve(1)


@pytest.mark.usefixtures("strict")
def test_a_promise_that_nobody_holds_is_not_even_rejected(reports: list[Report]) -> None:
    resolve = Promise[int].with_resolvers().resolve
    del resolve
    Promise.resolve().then().wait(5)
    assert not reports


def settle(resolve: Callable[[int], None], _: object) -> None:
    resolve(1)


@pytest.mark.usefixtures("strict")
def test_the_creation_site_is_file_line_and_function() -> None:
    frame = inspect.currentframe()
    assert frame is not None
    promises = Promise[int](settle), Promise(settle), Promise[int].resolve(1)
    site = f"created at {__file__}:{frame.f_lineno - 1} in {frame.f_code.co_name}>"
    assert all(repr(promise).endswith(site) for promise in promises)


def test_outside_debug_mode_no_promise_knows_where_it_was_created() -> None:
    promises = Promise(settle), Promise.resolve(1)
    assert not any("created" in repr(promise) for promise in promises)
