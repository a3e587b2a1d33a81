"""kazoo: results of its asynchronous calls are adopted; its handler runs for real, ZooKeeper does not."""

from __future__ import annotations

import asyncio
import gc
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from promisepy import BrokenPromise, Cancelled, Promise, Rejected, Report, once, submit

from ..servers import free_port, library
from ..support import both_homes, turn

client = library("kazoo.client")
exceptions = library("kazoo.exceptions")
handlers = library("kazoo.handlers.threading")


@pytest.fixture
def handler() -> Iterator[Any]:
    """Run the threads on which kazoo calls back."""
    running = handlers.SequentialThreadingHandler()
    running.start()
    yield running
    running.stop()


def set_by_a_thread(result: Any, value: Any) -> Any:
    """Have a thread answer, as the one does that reads from ZooKeeper."""
    answer = result.set_exception if isinstance(value, BaseException) else result.set
    threading.Thread(target=answer, args=[value], daemon=True).start()
    return result


class TestValues:
    @both_homes
    def test_a_result_that_is_there_is_adopted(self, handler: Any, read: Any) -> None:
        result = handler.async_result()
        result.set(("data", 1))
        assert read(lambda: Promise.resolve(result)) == ("data", 1)
        assert read(lambda: Promise.resolve().then(lambda _: result)) == ("data", 1)

    @both_homes
    def test_a_result_that_comes_later_is_waited_for(self, handler: Any, read: Any) -> None:
        def three() -> Promise[Any]:
            return Promise.all([set_by_a_thread(handler.async_result(), n) for n in range(3)])

        assert read(three) == [0, 1, 2]

    @both_homes
    def test_handlers_run_at_home_and_not_on_kazoo_s_thread(self, handler: Any, read: Any) -> None:
        where: list[threading.Thread] = []
        result = handler.async_result()
        result.rawlink(lambda _: where.append(threading.current_thread()))

        def chain() -> Promise[Any]:
            promise = Promise.resolve(result).then(lambda value: (value, threading.current_thread()))
            set_by_a_thread(result, 5)
            return promise

        assert read(chain) == (5, threading.current_thread())
        handler.completion_queue.join()
        assert len(where) == 1
        assert threading.current_thread() not in where

    def test_a_handler_may_wait_for_the_next_result(self, handler: Any) -> None:
        # On kazoo's own thread this would lock up: it is the thread that brings the next result.
        first, second = handler.async_result(), handler.async_result()
        both = Promise.resolve(first).then(lambda value: value + set_by_a_thread(second, 2).get(timeout=20))
        set_by_a_thread(first, 1)
        assert both.wait(timeout=20) == 3

    def test_a_result_is_adopted_without_a_running_handler(self) -> None:
        stopped = handlers.SequentialThreadingHandler()
        before, after = stopped.async_result(), stopped.async_result()
        before.set(1)
        both = Promise.all([before, after])
        turn(1)
        after.set(2)
        assert both.wait(timeout=20) == [1, 2]

    def test_a_handler_that_stops_before_the_result_comes_loses_nothing(self, handler: Any) -> None:
        result = handler.async_result()
        promise: Promise[int] = Promise.resolve(result)
        turn(1)
        handler.stop()
        result.set(5)
        assert promise.wait(timeout=20) == 5

    def test_two_promises_for_one_result_both_get_it(self, handler: Any) -> None:
        result = handler.async_result()
        both = Promise.all([result, result])
        turn(1)
        result.set(5)
        assert both.wait(timeout=20) == [5, 5]


class TestFailures:
    @both_homes
    def test_the_reason_is_kazoo_s_exception(self, handler: Any, read: Any) -> None:
        error = exceptions.NoNodeError()
        result = set_by_a_thread(handler.async_result(), error)
        with pytest.raises(exceptions.NoNodeError) as caught:
            read(lambda: Promise.resolve(result))
        assert caught.value is error

    def test_kazoo_s_own_cancelled_error_is_an_ordinary_reason(self, handler: Any) -> None:
        result = set_by_a_thread(handler.async_result(), exceptions.CancelledError())
        with pytest.raises(exceptions.CancelledError) as caught:
            Promise.resolve(result).wait(timeout=20)
        assert not isinstance(caught.value, (Cancelled, asyncio.CancelledError))

    def test_a_forgotten_result_breaks_the_promise(self, handler: Any) -> None:
        result = handler.async_result()
        promise: Promise[int] = Promise.resolve(result)
        turn(1)
        del result
        gc.collect()
        with pytest.raises(BrokenPromise):
            promise.wait(timeout=20)

    def test_only_the_first_answer_counts(
        self, handler: Any, caplog: pytest.LogCaptureFixture, reports: list[Report]
    ) -> None:
        result = handler.async_result()
        promise: Promise[int] = Promise.resolve(result)
        turn(1)
        result.set(1)
        handler.completion_queue.join()
        result.set_exception(exceptions.SessionExpiredError())
        handler.completion_queue.join()
        assert promise.wait(timeout=20) == 1
        gc.collect()
        assert (caplog.records, reports) == ([], [])

    def test_a_cancelled_promise_ignores_what_comes_later(self, handler: Any, reports: list[Report]) -> None:
        result = handler.async_result()
        promise: Promise[int] = Promise.resolve(result)
        turn(1)
        promise.cancel()
        result.set_exception(exceptions.SessionExpiredError())
        handler.completion_queue.join()
        gc.collect()
        assert isinstance(promise.reason, Cancelled)
        assert reports == []

    def test_each_promise_for_a_failed_result_has_the_same_traceback(self, handler: Any) -> None:
        result = handler.async_result()
        result.set_exception(exceptions.NoNodeError())
        outcomes = Promise.all_settled([result] * 3).wait(timeout=20)
        reasons = [outcome.reason for outcome in outcomes if isinstance(outcome, Rejected)]
        depths = [len(traceback.extract_tb(reason.__traceback__)) for reason in reasons]
        assert depths == [0, 0, 0]


class TestClient:
    """A real client that no server answers."""

    @pytest.fixture
    def unconnected(self) -> Iterator[Any]:
        """Give a client of a server that does not run."""
        zookeeper = client.KazooClient(
            hosts=f"127.0.0.1:{free_port()}", connection_retry={"max_tries": 1, "delay": 0.01}
        )
        yield zookeeper
        zookeeper.stop()
        zookeeper.close()

    def test_calls_without_a_connection_reject(self, unconnected: Any) -> None:
        for call in (unconnected.get_async, unconnected.exists_async, unconnected.delete_async):
            with pytest.raises(exceptions.ConnectionClosedError):
                Promise.resolve(call("/node")).wait(timeout=20)

    def test_a_start_has_no_result_to_adopt_and_is_submitted(self, unconnected: Any) -> None:
        with ThreadPoolExecutor(1) as pool, pytest.raises(handlers.KazooTimeoutError):
            submit(pool, unconnected.start, timeout=0.2).wait(timeout=20)


class TestWatches:
    """A watch is set only if the call that it comes with succeeds, and forgotten otherwise."""

    def get_async(self, handler: Any, watch: Any, outcome: Any) -> Any:
        """Do what a client does: keep the watch until the answer is there, and then only if that is a success."""
        result = handler.async_result()
        kept: list[Any] = [watch]
        self.kept = kept

        def answer() -> None:
            if isinstance(outcome, BaseException):
                kept.clear()
                result.set_exception(outcome)
            else:
                result.set(outcome)

        threading.Thread(target=answer).start()
        return result

    def change(self, handler: Any, outcome: Any) -> Promise[Any]:
        return once(lambda d: Promise.resolve(self.get_async(handler, d.resolve, outcome)).catch(d.reject))

    @both_homes
    def test_a_failure_of_its_call_is_the_reason(self, handler: Any, read: Any) -> None:
        with pytest.raises(exceptions.NoNodeError):
            read(lambda: self.change(handler, exceptions.NoNodeError()))

    @both_homes
    def test_a_change_is_the_value(self, handler: Any, read: Any) -> None:
        def change() -> Promise[Any]:
            promise = self.change(handler, (b"data", None))
            threading.Timer(0.02, lambda: self.kept.pop()("event")).start()
            return promise

        assert read(change) == "event"

    def test_one_that_is_forgotten_after_its_call_has_succeeded_is_broken(self, handler: Any) -> None:
        promise = self.change(handler, (b"data", None))
        turn()
        self.kept.clear()
        with pytest.raises(BrokenPromise):
            promise.wait(timeout=20)
