"""Twisted: a promise takes on the outcome of a Deferred.

Without a reactor, which is one for each process and only starts once: those tests are in `test_twisted_reactor.py`.
"""

from __future__ import annotations

import asyncio
import gc
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from promisepy import BrokenPromise, Cancelled, Promise, Report, using

from ..servers import library
from ..support import turn

defer = library("twisted.internet.defer", "twisted")
failure = library("twisted.python.failure", "twisted")
logger = library("twisted.logger", "twisted")


def fail(_: Any = None) -> Any:
    raise ValueError("reason")


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    """Collect what Twisted logs, such as errors that no errback has taken."""
    events: list[dict[str, Any]] = []
    logger.globalLogPublisher.addObserver(events.append)
    yield events
    logger.globalLogPublisher.removeObserver(events.append)


def gives_value() -> Any:
    return defer.succeed(5)


def gives_value_of_a_callback() -> Any:
    return defer.succeed(4).addCallback(lambda value: value + 1)


def gives_value_of_an_inner_deferred() -> Any:
    return defer.succeed(None).addCallback(lambda _: defer.succeed(5))


def gives_value_of_a_promise() -> Any:
    return defer.succeed(Promise.resolve(5))


@defer.inlineCallbacks  # type: ignore[untyped-decorator]
def gives_value_of_a_generator() -> Any:
    value = yield defer.succeed(4)
    return value + 1


async def coroutine() -> int:
    value: int = await defer.succeed(4)
    return value + 1


GIVE_FIVE: list[Callable[[], Any]] = [
    gives_value,
    gives_value_of_a_callback,
    gives_value_of_an_inner_deferred,
    gives_value_of_a_promise,
    gives_value_of_a_generator,
    lambda: defer.Deferred.fromCoroutine(coroutine()),
]


class TestValues:
    @pytest.mark.parametrize("give", GIVE_FIVE)
    def test_a_deferred_that_has_fired_is_adopted(self, give: Callable[[], Any]) -> None:
        assert Promise.resolve(give()).wait(timeout=20) == 5
        assert Promise.resolve().then(lambda _: give()).wait(timeout=20) == 5
        assert Promise.all([give(), give()]).wait(timeout=20) == [5, 5]

    def test_one_that_fires_later_is_waited_for(self) -> None:
        deferred = defer.Deferred()
        promise = Promise.resolve(deferred).then(lambda value: value + 1)
        turn(1)
        assert promise.state == "pending"
        deferred.callback(4)
        assert promise.wait(timeout=20) == 5

    def test_one_that_is_paused_or_waits_for_another_is_waited_for(self) -> None:
        inner, outer = defer.Deferred(), defer.succeed(None)
        outer.addCallback(lambda _: inner)
        outer.pause()
        promise: Promise[int] = Promise.resolve(outer)
        turn(1)
        outer.unpause()
        assert promise.state == "pending"
        inner.callback(5)
        assert promise.wait(timeout=20) == 5

    def test_it_is_awaited_in_asyncio(self) -> None:
        async def main() -> tuple[int, str]:
            deferred = defer.Deferred()
            asyncio.get_running_loop().call_soon(deferred.callback, 5)
            try:
                await Promise.resolve(defer.fail(ValueError("reason")))
            except ValueError as error:
                return await Promise.resolve(deferred), str(error)
            raise AssertionError

        assert asyncio.run(main()) == (5, "reason")

    def test_callbacks_that_were_added_in_the_same_turn_come_first(self) -> None:
        deferred = defer.succeed(4)
        promise: Promise[int] = Promise.resolve(deferred)
        deferred.addCallback(lambda value: value + 1)
        assert promise.wait(timeout=20) == 5

    def test_callbacks_that_are_added_later_get_the_same_value(self) -> None:
        deferred, seen = defer.succeed(5), []
        promise: Promise[int] = Promise.resolve(deferred)
        turn(1)
        deferred.addCallback(seen.append)
        assert (promise.wait(timeout=20), seen) == (5, [5])

    def test_one_that_is_forgotten_breaks_the_promise(self) -> None:
        deferred = defer.Deferred()
        promise: Promise[int] = Promise.resolve(deferred)
        turn(1)
        del deferred
        gc.collect()
        with pytest.raises(BrokenPromise):
            promise.wait(timeout=20)


class TestFailures:
    def test_the_reason_is_the_exception_and_not_the_failure(self, logged: list[dict[str, Any]]) -> None:
        error = ValueError("reason")
        for deferred in (defer.fail(error), defer.fail(failure.Failure(error))):
            with pytest.raises(ValueError, match="reason") as caught:
                Promise.resolve(deferred).wait(timeout=20)
            assert caught.value is error
        del deferred
        gc.collect()
        assert logged == []

    def test_the_traceback_leads_into_the_callback_that_raised(self) -> None:
        with pytest.raises(ValueError, match="reason") as caught:
            Promise.resolve(defer.succeed(None).addCallback(fail)).wait(timeout=20)
        assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "fail"

    def test_the_deferred_counts_as_handled_and_goes_on_with_none(self, logged: list[dict[str, Any]]) -> None:
        deferred, seen = defer.fail(ValueError("reason")), []
        promise: Promise[None] = Promise.resolve(deferred)
        handled = promise.catch(ValueError, str)
        turn(1)
        deferred.addCallback(seen.append)
        assert (handled.wait(timeout=20), seen) == ("reason", [None])
        del deferred
        gc.collect()
        assert logged == []

    def test_one_that_nobody_handles_is_reported_once(
        self, logged: list[dict[str, Any]], reports: list[Report]
    ) -> None:
        promise: Promise[None] = Promise.resolve(defer.fail(ValueError("reason")))
        turn(1)
        del promise
        gc.collect()
        assert ([str(report.reason) for report in reports], logged) == (["reason"], [])

    def test_gather_results_wraps_the_reason_and_all_does_not(self, logged: list[dict[str, Any]]) -> None:
        with pytest.raises(defer.FirstError):
            Promise.resolve(defer.gatherResults([defer.fail(ValueError())], consumeErrors=True)).wait(timeout=20)
        never = defer.Deferred()
        with pytest.raises(ValueError, match="reason"):
            Promise.all([never, defer.fail(ValueError("reason"))]).wait(timeout=20)
        gc.collect()
        assert logged == []


class TestCancelling:
    def test_a_cancelled_deferred_rejects_with_cancelled(self, logged: list[dict[str, Any]]) -> None:
        deferred = defer.Deferred()
        promise: Promise[None] = Promise.resolve(deferred)
        turn(1)
        deferred.cancel()
        with pytest.raises(Cancelled) as caught:
            promise.wait(timeout=20)
        assert isinstance(caught.value.__cause__, defer.CancelledError)
        assert logged == []

    def test_it_does_not_make_the_awaiting_task_look_cancelled(self) -> None:
        async def main() -> int:
            task = asyncio.current_task()
            assert task is not None
            deferred = defer.Deferred()
            asyncio.get_running_loop().call_soon(deferred.cancel)
            with pytest.raises(Cancelled):
                await Promise.resolve(deferred)
            return task.cancelling()

        assert asyncio.run(main()) == 0

    def test_cancelling_the_promise_cancels_the_deferred_once(self, logged: list[dict[str, Any]]) -> None:
        told: list[Any] = []
        deferred = defer.Deferred(told.append)
        promise: Promise[int] = Promise.resolve(deferred)
        last = promise.then(str)
        turn(1)
        last.cancel()
        promise.cancel()
        turn(1)
        assert told == [deferred]
        assert isinstance(promise.reason, Cancelled)
        del told[:], deferred
        gc.collect()
        assert logged == []

    @pytest.mark.parametrize("shielded", [False, True])
    def test_a_task_that_gives_up_cancels_the_deferred_unless_shielded(self, shielded: bool) -> None:
        told: list[Any] = []

        async def main() -> str:
            deferred = defer.Deferred(told.append)
            promise: Promise[int] = Promise.resolve(deferred)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(promise.shield() if shielded else promise, 0.001)
            await Promise.resolve().then()
            return promise.state

        assert asyncio.run(main()) == ("pending" if shielded else "rejected")
        assert len(told) == (0 if shielded else 1)


@pytest.mark.parametrize("fails", [False, True])
def test_the_end_of_a_block_of_using_waits_for_a_deferred(fails: bool) -> None:
    log: list[str] = []

    async def main() -> None:
        closed = defer.Deferred()

        def close() -> None:
            log.append("closed")
            closed.errback(ValueError("reason")) if fails else closed.callback(None)

        def release(_: object) -> Any:
            asyncio.get_running_loop().call_later(0.01, close)
            return closed

        try:
            async with using(Promise.resolve("it"), release):
                pass
            log.append("left")
        except ValueError:
            log.append("failed")

    asyncio.run(main())
    assert log == ["closed", "failed" if fails else "left"]
