"""vine, the promises of celery and kombu: ordinary thenables, whose `then` calls at once when they are ready."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest

from promisepy import BrokenPromise, CallbackError, Cancelled, Promise, Report

from ..servers import library
from ..support import both_homes, turn

vine = library("vine")


def fail(_: Any = None) -> Any:
    raise ValueError("reason")


def ready(*values: Any) -> Any:
    promise = vine.promise()
    promise(*values)
    return promise


class TestValues:
    @both_homes
    def test_a_ready_one_is_adopted(self, read: Any) -> None:
        assert read(lambda: Promise.resolve(ready(5))) == 5
        assert read(lambda: Promise.resolve(4).then(lambda value: ready(value + 1))) == 5
        assert read(lambda: Promise.all([ready(5), ready(6)])) == [5, 6]

    @both_homes
    def test_one_that_another_thread_calls_is_waited_for(self, read: Any) -> None:
        theirs, threads = vine.promise(), []

        def chain() -> Promise[Any]:
            promise = Promise.resolve(theirs).then(lambda value: (value, threading.current_thread()))
            threads.append(threading.Thread(target=theirs, args=[5]))
            threads[0].start()
            return promise

        assert read(chain) == (5, threading.current_thread())
        threads[0].join(20)

    def test_one_with_a_function_gives_what_that_returns(self) -> None:
        theirs = vine.promise(lambda value: value + 1)
        promise: Promise[int] = Promise.resolve(theirs)
        turn(1)
        assert promise.state == "pending"
        theirs(4)
        assert promise.wait(timeout=20) == 5

    def test_what_its_own_then_gives_is_adopted_as_well(self) -> None:
        assert Promise.resolve(ready(4).then(lambda value: value + 1)).wait(timeout=20) == 5

    def test_a_barrier_gives_none_when_all_are_ready(self) -> None:
        first, second = vine.promise(), vine.promise()
        promise: Promise[None] = Promise.resolve(vine.barrier([first, second]))
        turn(1)
        first(1)
        assert promise.state == "pending"
        second(2)
        assert promise.wait(timeout=20) is None

    def test_without_a_value_it_gives_none(self) -> None:
        assert Promise.resolve(ready()).wait(timeout=20) is None

    def test_several_values_reject_and_are_kept(self) -> None:
        with pytest.raises(CallbackError) as caught:
            Promise.resolve(ready(1, 2)).wait(timeout=20)
        assert caught.value.arguments == (1, 2)
        assert Promise.resolve(ready(1, 2).then(lambda *values: values)).wait(timeout=20) == (1, 2)


class TestFailures:
    @both_homes
    def test_one_that_has_failed_gives_its_exception(self, read: Any) -> None:
        error = ValueError("reason")
        theirs = vine.promise(on_error=lambda _: None)
        theirs.throw(error)
        with pytest.raises(ValueError, match="reason") as caught:
            read(lambda: Promise.resolve(theirs))
        assert caught.value is error

    def test_one_that_fails_later_also_raises_where_it_is_thrown(self) -> None:
        # vine's own habit: without an `on_error` of its own it raises in the producer as well.
        for theirs, produce in (
            (vine.promise(), lambda theirs: theirs.throw(ValueError("reason"))),
            (vine.promise(fail), lambda theirs: theirs(None)),
        ):
            promise: Promise[Any] = Promise.resolve(theirs)
            turn(1)
            with pytest.raises(ValueError, match="reason"):
                produce(theirs)
            assert promise.catch(ValueError, str).wait(timeout=20) == "reason"

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_cancelled_one_never_calls_and_breaks_the_promise(self, when: str) -> None:
        theirs = vine.promise()
        if when == "before":
            theirs.cancel()
        promise: Promise[Any] = Promise.resolve(theirs)
        turn(1)
        theirs.cancel()
        gc.collect()
        with pytest.raises(BrokenPromise):
            promise.wait(timeout=20)


def test_a_cancelled_promise_leaves_it_alone_and_hears_no_more_of_it(reports: list[Report]) -> None:
    theirs, seen = vine.promise(), []
    promise: Promise[int] = Promise.resolve(theirs)
    turn(1)
    theirs.then(seen.append)
    promise.cancel()
    theirs(5)
    gc.collect()
    assert isinstance(promise.reason, Cancelled)
    assert (seen, reports) == ([5], [])


class TestTheOtherWay:
    """`promise.then(theirs, theirs.throw)`"""

    def test_it_takes_on_a_value(self, reports: list[Report]) -> None:
        theirs, seen = vine.promise(), []
        theirs.then(seen.append)
        Promise.resolve(5).then(theirs, theirs.throw).wait(timeout=20)
        gc.collect()
        assert (seen, theirs.value, reports) == ([5], ((5,), {}), [])

    def test_it_takes_on_a_reason(self, reports: list[Report]) -> None:
        seen: list[str] = []
        theirs = vine.promise(on_error=lambda error: seen.append(str(error)))
        Promise.reject(ValueError("reason")).then(theirs, theirs.throw).wait(timeout=20)
        gc.collect()
        assert (seen, theirs.failed, reports) == (["reason"], True, [])

    def test_a_reason_that_it_has_no_on_error_for_comes_back(self) -> None:
        theirs = vine.promise()
        with pytest.raises(ValueError, match="reason"):
            Promise.reject(ValueError("reason")).then(theirs, theirs.throw).wait(timeout=20)
        assert theirs.failed
