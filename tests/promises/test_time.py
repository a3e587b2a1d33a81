"""`Promise.delay` and `promise.timeout` on each kind of clock: a loop's, that of `wait` in a script, a host's (S13)."""

from __future__ import annotations

import asyncio
import gc
import math
import threading
import time
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any
from unittest.mock import Mock

import pytest

from promisepy import Cancelled, Promise, Replies, Report, set_host

PATIENCE = 20.0
SHORT = 0.02


def in_a_script(make: Callable[[], Promise[Any]]) -> Any:
    return make().wait(timeout=PATIENCE)


def on_a_loop(make: Callable[[], Promise[Any]]) -> Any:
    async def main() -> Any:
        return await asyncio.wait_for(value_of(make()), PATIENCE)

    return asyncio.run(main())


async def value_of(promise: Promise[Any]) -> Any:
    return await promise


class Window:
    """A host whose main loop is turned by hand."""

    def __init__(self) -> None:
        self.posted: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def post(self, drain: Callable[[], None], /) -> None:
        self.posted.put(drain)


def under_a_host(make: Callable[[], Promise[Any]]) -> Any:
    window = Window()
    previous = set_host(window)
    try:
        promise = make()
        promise.catch(BaseException, lambda error: None)
        while promise.state == "pending":
            window.posted.get(timeout=PATIENCE)()
    finally:
        set_host(previous)
    return promise.wait(timeout=PATIENCE)


EACH_CLOCK = pytest.mark.parametrize("outcome_of", [in_a_script, on_a_loop, under_a_host])
OutcomeOf = Callable[[Callable[[], Promise[Any]]], Any]


@EACH_CLOCK
class TestDelay:
    @pytest.mark.parametrize("seconds", [0, -1, SHORT])
    def test_gives_the_value_when_the_time_has_come_and_not_before(self, outcome_of: OutcomeOf, seconds: float) -> None:
        begin = time.monotonic()
        assert outcome_of(lambda: Promise.delay(seconds, "value")) == "value"
        assert time.monotonic() - begin >= seconds * 0.9

    def test_without_a_value_gives_none(self, outcome_of: OutcomeOf) -> None:
        assert outcome_of(lambda: Promise.delay(0)) is None

    def test_adopts_its_value(self, outcome_of: OutcomeOf) -> None:
        assert outcome_of(lambda: Promise.delay(0, Promise.delay(0, "inner"))) == "inner"

    def test_of_a_shorter_time_comes_first(self, outcome_of: OutcomeOf) -> None:
        order: list[int] = []

        def make() -> Promise[Any]:
            return Promise.all([Promise.delay(number * SHORT, number).then(order.append) for number in (3, 1, 2)])

        outcome_of(make)
        assert order == [1, 2, 3]


@EACH_CLOCK
class TestTimeout:
    def test_hands_on_what_comes_in_time(self, outcome_of: OutcomeOf) -> None:
        assert outcome_of(lambda: Promise.delay(0, "value").timeout(PATIENCE)) == "value"
        with pytest.raises(OSError, match="refused"):
            outcome_of(lambda: Promise.reject(OSError("refused")).timeout(PATIENCE))

    def test_rejects_what_does_not(self, outcome_of: OutcomeOf) -> None:
        begin = time.monotonic()
        with pytest.raises(TimeoutError, match="0.02 seconds"):
            outcome_of(lambda: Promise.delay(PATIENCE).timeout(SHORT))
        assert SHORT * 0.9 <= time.monotonic() - begin < PATIENCE / 2

    def test_cancels_what_nobody_else_wants(self, outcome_of: OutcomeOf, reports: list[Report]) -> None:
        work: list[Promise[Any]] = []
        stopped: list[threading.Thread] = []

        def make() -> Promise[Any]:
            d = Promise[int].with_resolvers(keep_alive=True)
            d.on_cancel(lambda: stopped.append(threading.current_thread()))
            work.append(d.promise)
            late = d.promise.timeout(SHORT).catch(TimeoutError, lambda error: "late")
            return late.then(lambda value: Promise.resolve(value).then())  # on_cancel is a job of its own

        assert outcome_of(make) == "late"
        assert isinstance(work[0].reason, Cancelled)
        assert stopped == [threading.main_thread()]
        gc.collect()
        assert reports == []

    def test_leaves_alone_what_somebody_else_wants(self, outcome_of: OutcomeOf) -> None:
        def make() -> Promise[Any]:
            work = Promise.delay(3 * SHORT, "value")
            late = work.timeout(SHORT).catch(TimeoutError, lambda error: "late")
            return Promise.all([late, work.then(str.upper)])

        assert outcome_of(make) == ["late", "VALUE"]

    def test_lets_go_of_its_clock_when_the_outcome_has_come(self, outcome_of: OutcomeOf) -> None:
        references: list[weakref.ref[Any]] = []

        def make() -> Promise[Any]:
            source = Promise.delay(0, "value")
            references.append(weakref.ref(source))
            return source.timeout(PATIENCE)

        gc.collect()
        gc.disable()
        try:
            assert outcome_of(make) == "value"
            assert references[0]() is None
        finally:
            gc.enable()


def test_an_outcome_that_waits_in_the_queue_when_the_time_is_up_is_in_time() -> None:
    promise, resolve, _ = Promise[str].with_resolvers()
    limited = promise.timeout(0)
    resolve("in time")
    assert limited.wait(timeout=PATIENCE) == "in time"


def test_cancelling_a_delay_stops_its_clock() -> None:
    async def main() -> list[Any]:
        delay = Promise.delay(PATIENCE)
        await asyncio.sleep(0)
        delay.cancel()
        await Promise.resolve().then()
        loop: Any = asyncio.get_running_loop()
        return [handle for handle in loop._scheduled if not handle.cancelled()]

    assert asyncio.run(main()) == []


def test_an_outcome_that_comes_between_the_bell_and_its_job_comes_in_time() -> None:
    promise, resolve, _ = Promise[str].with_resolvers()
    limited = promise.timeout(0)
    Promise.resolve().then().wait(timeout=PATIENCE)  # the clock goes
    Promise.resolve("in time").then(resolve)
    assert limited.wait(timeout=PATIENCE) == "in time"  # the bell rings first, and puts its job behind that handler


@pytest.mark.parametrize("seconds", [math.inf, pytest.param(10**400, id="huge")])
def test_wait_takes_any_number_of_seconds(seconds: float) -> None:
    assert Promise.delay(0.001, "done").timeout(seconds).wait(seconds) == "done"


@pytest.mark.parametrize("seconds", [-math.inf, pytest.param(-(10**400), id="minus huge"), -1])
def test_a_time_limit_in_the_past_is_over(seconds: float) -> None:
    pending = Promise[int].with_resolvers(keep_alive=True).promise
    with pytest.raises(TimeoutError):
        pending.wait(seconds)
    with pytest.raises(TimeoutError):
        pending.timeout(seconds).wait()
    replies = Replies[int, int](timeout=seconds)
    with pytest.raises(TimeoutError):
        replies[1].wait()
    assert Promise.delay(seconds, 1).wait() == 1


def test_a_mock_is_no_number_of_seconds() -> None:
    with pytest.raises(TypeError, match="expected a number of seconds, got <Mock"):
        Promise.delay(Mock(spec=float))
