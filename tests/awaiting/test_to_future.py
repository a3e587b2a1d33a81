"""`to_future()`: a future of `concurrent.futures` that follows a promise and cannot harm it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Report
from promisepy._core.cell import UNSETTLED
from promisepy._core.jobs import inline

from ..fuzz.hostile import Doom, raising
from ..support import dependants


def fail(_: Any = None) -> Any:
    raise ValueError("reason")


class TestToFuture:
    """`to_future()` gives a future that all of `concurrent.futures` and asyncio accept."""

    def test_result_exception_and_state(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        future = promise.to_future()
        assert (future.done(), future.cancelled(), future.running()) == (False, False, False)
        resolve(1)
        assert (future.done(), future.result(timeout=0), future.exception(timeout=0)) == (True, 1, None)
        reason = ValueError("reason")
        failed = Promise.reject(reason).to_future()
        assert failed.exception(timeout=0) is reason
        with pytest.raises(ValueError, match="reason"):
            failed.result(timeout=0)

    def test_its_timeout_leaves_both_usable(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        future = promise.to_future()
        with pytest.raises(TimeoutError):
            future.result(timeout=0)
        with pytest.raises(TimeoutError):
            future.exception(timeout=0.001)
        resolve(1)
        assert (future.result(timeout=0), promise.wait(timeout=10)) == (1, 1)

    def test_another_thread_blocks_on_it(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        future = promise.to_future()
        with ThreadPoolExecutor(3) as pool:
            waiting = [pool.submit(future.result, 10) for _ in range(3)]
            resolve(1)
            assert [each.result(10) for each in waiting] == [1, 1, 1]

    def test_done_callbacks_run_on_the_settling_thread_before_resolve_returns(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        future = promise.to_future()
        seen: list[Any] = []
        future.add_done_callback(lambda done: seen.append((done is future, threading.get_ident())))
        thread = threading.Thread(target=resolve, args=[1])
        thread.start()
        thread.join(10)
        assert seen == [(True, thread.ident)]
        future.add_done_callback(seen.append)
        assert seen[1:] == [future]

    def test_each_call_gives_a_new_one(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        futures = [promise.to_future() for _ in range(3)]
        futures[1].cancel()
        resolve(1)
        assert len({id(future) for future in futures}) == 3
        assert [future.cancelled() for future in futures] == [False, True, False]
        assert futures[0].result(0) == futures[2].result(0) == 1

    def test_it_is_cancelled_if_the_promise_is_and_not_if_a_value_merely_says_so(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        promise, resolve, _ = Promise[Any].with_resolvers()
        future = promise.to_future()
        promise.cancel()
        value = Cancelled("a value")
        assert [one.cancelled() for one in (future, promise.to_future())] == [True, True]
        assert Promise.resolve(value).to_future().result(timeout=0) is value
        assert caplog.records == []  # where a future tells of a callback that raised

    def test_wrap_future(self) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            wrapped = asyncio.wrap_future(promise.to_future())
            thread = threading.Thread(target=resolve, args=[1])
            thread.start()
            value = await asyncio.wait_for(wrapped, 10)
            thread.join(10)
            with pytest.raises(ValueError, match="reason"):
                await asyncio.wrap_future(Promise.reject(ValueError("reason")).to_future())
            return value

        assert asyncio.run(main()) == 1

    def test_cancelling_what_wrap_future_gave_lets_go(self) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            wrapped = asyncio.wrap_future(promise.to_future())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(wrapped, 0)
            assert (promise.state, promise._reactions) == ("pending", [UNSETTLED])
            resolve(1)
            return await promise

        assert asyncio.run(main()) == 1

    def test_wait_and_as_completed_over_several(self) -> None:
        pairs = [Promise[int].with_resolvers() for _ in range(4)]
        futures = [pair.promise.to_future() for pair in pairs]
        pairs[2].resolve(2)
        first, rest = concurrent.futures.wait(futures, 10, concurrent.futures.FIRST_COMPLETED)
        assert (first, len(rest)) == ({futures[2]}, 3)
        pairs[0].reject(ValueError("reason"))
        done, _ = concurrent.futures.wait(futures[:2], 10, concurrent.futures.FIRST_EXCEPTION)
        assert done == {futures[0]}
        settler = threading.Thread(target=lambda: [pair.resolve(n) for n, pair in enumerate(pairs)])
        settler.start()
        in_order = list(concurrent.futures.as_completed(futures, 10))
        settler.join(10)
        assert set(in_order) == set(futures)
        assert [future.result(0) for future in futures[1:]] == [1, 2, 3]

    def test_cancelling_it_leaves_the_promise_alone_and_no_reaction(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        child = promise.then(lambda value: value + 1)
        futures = [promise.to_future() for _ in range(10)]
        assert all(future.cancel() for future in futures)
        assert (promise.state, promise._reactions) == ("pending", [UNSETTLED, child])
        with pytest.raises(concurrent.futures.CancelledError):
            futures[0].result(0)
        resolve(1)
        assert child.wait(timeout=10) == 2

    def test_one_that_a_callback_of_another_cancels_in_the_moment_of_the_outcome_is_cancelled(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        first, second = promise.to_future(), promise.to_future()
        first.add_done_callback(lambda _: second.cancel())
        resolve(1)
        assert (first.result(0), second.cancelled(), promise.wait(timeout=10)) == (1, True, 1)

    def test_cancelling_a_done_one_does_nothing(self) -> None:
        promise = Promise.resolve(1)
        future = promise.to_future()
        assert not future.cancel()
        assert future.result(0) == 1

    def test_a_done_callback_that_raises_harms_nobody(self, caplog: pytest.LogCaptureFixture) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        future = promise.to_future()
        future.add_done_callback(fail)
        resolve(1)
        assert (future.result(0), promise.wait(timeout=10)) == (1, 1)
        assert "calling callback" in caplog.text

    def test_there_and_back_again(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        back: Promise[int] = Promise.resolve(promise.to_future())
        resolve(1)
        assert back.wait(timeout=10) == 1

    def test_an_adopted_future_that_is_cancelled_later_ends_as_cancelled(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        future: Future[int] = promise.to_future()
        back: Promise[int] = Promise.resolve(future)
        Promise.resolve().then().wait(timeout=10)
        future.cancel()
        resolve(1)
        with pytest.raises(Cancelled):
            back.wait(timeout=10)

    def test_its_rejection_counts_as_observed(self, reports: list[Report]) -> None:
        Promise.reject(ValueError("reason")).to_future().exception(0)
        pending, _, reject = Promise[int].with_resolvers()
        future = pending.to_future()
        reject(ValueError("reason"))
        del pending, future, reject
        gc.collect()
        assert reports == []


def test_what_a_future_s_callback_raises_does_not_keep_the_handlers_from_running(
    unraisable: list[BaseException],
) -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    promise.to_future().add_done_callback(raising(Doom, "callback"))
    child = promise.then(lambda value: value + 1)
    resolve(1)
    assert child.wait(1) == 2
    assert list(map(type, unraisable)) == [Doom]


SETTLERS = {
    "resolve": lambda promise, resolve, reject: resolve(1),
    "reject": lambda promise, resolve, reject: reject(ValueError()),
    "cancel": lambda promise, resolve, reject: promise.cancel(),
}


def set_by_somebody_else(future: Future[Any]) -> None:
    future.set_result("somebody else's")


def failed_by_somebody_else(future: Future[Any]) -> None:
    future.set_exception(KeyError())


def said_to_run(future: Future[Any]) -> None:
    future.set_running_or_notify_cancel()


def cancelled(future: Future[Any]) -> None:
    future.cancel()


def cancelled_and_noticed(future: Future[Any]) -> None:
    future.cancel()
    with suppress(RuntimeError):  # it has been said already
        future.set_running_or_notify_cancel()


@pytest.mark.parametrize("settle", SETTLERS.values(), ids=SETTLERS.keys())
@pytest.mark.parametrize(
    "meddle", [set_by_somebody_else, failed_by_somebody_else, said_to_run, cancelled, cancelled_and_noticed]
)
def test_a_future_that_somebody_else_has_touched_harms_nobody(
    meddle: Callable[[Future[Any]], None], settle: Any, caplog: pytest.LogCaptureFixture, reports: list[Report]
) -> None:
    """Such as an executor; whoever settles the promise is not to blame, and other futures get the outcome."""
    with caplog.at_level("CRITICAL"):
        promise, resolve, reject = Promise[Any].with_resolvers()
        touched, other = promise.to_future(), promise.to_future()
        seen: list[Future[Any]] = []
        touched.add_done_callback(seen.append)
        child = promise.then(lambda value: value, lambda error: error)
        meddle(touched)
        was_done, was_cancelled = touched.done(), touched.cancelled()
        settle(promise, resolve, reject)
        assert touched.done()
        assert other.done()
        assert seen == [touched]
        if was_done:
            assert touched.cancelled() == was_cancelled
        child.wait(timeout=10)
        assert inline == {}


def test_one_that_is_cancelled_counts_as_done_for_those_who_wait_for_several() -> None:
    """`wait` and `as_completed` look at what they are told, and not at the state."""
    promise = Promise[int].with_resolvers(keep_alive=True).promise
    before, meanwhile, left = (promise.to_future() for _ in range(3))
    before.cancel()
    cancelling = threading.Timer(0.01, meanwhile.cancel)
    cancelling.start()
    done, not_done = concurrent.futures.wait([before, meanwhile], 10)
    assert (done, not_done) == ({before, meanwhile}, set())
    assert set(concurrent.futures.as_completed([before, meanwhile], 10)) == {before, meanwhile}
    assert not left.done()
    promise.cancel()
    assert set(concurrent.futures.as_completed([before, left], 10)) == {before, left}
    cancelling.join()


def test_one_that_is_dropped_leaves_the_promise_unless_it_has_callbacks() -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    seen: list[int] = []
    promise.to_future()
    assert dependants(promise) == 0
    promise.to_future().add_done_callback(lambda future: seen.append(future.result(0)))
    gc.collect()
    assert dependants(promise) == 1
    resolve(1)
    assert seen == [1]


def test_one_with_a_callback_is_freed_when_it_has_called_back_or_was_cancelled(no_gc: None) -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    called, given_up = promise.to_future(), promise.to_future()
    for future in (called, given_up):
        future.add_done_callback(str)
    given_up.cancel()
    references = [weakref.ref(called), weakref.ref(given_up)]
    del called, given_up, future
    assert references[1]() is None
    assert references[0]() is not None
    resolve(1)
    assert references[0]() is None


def test_what_a_callback_raises_keeps_none_of_the_callbacks_behind_it_from_being_called(
    unraisable: list[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """That of `concurrent.futures` goes on only after an `Exception`."""
    for raised in (KeyboardInterrupt, SystemExit, Doom, ValueError):
        promise, resolve, _ = Promise[int].with_resolvers()
        future, seen = promise.to_future(), list[Any]()
        future.add_done_callback(raising(raised, "callback"))
        future.add_done_callback(seen.append)
        resolve(1)
        assert seen == [future]
    assert list(map(type, unraisable)) == [KeyboardInterrupt, SystemExit, Doom]
