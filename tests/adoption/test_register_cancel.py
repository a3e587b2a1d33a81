"""S8, S13: a function that `watch` of a registered class returns stops the work of a promise that is cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Report, register_adoptable

from ..support import turn


class Reply:
    """A library's own kind of future, which can be stopped."""

    def __init__(self) -> None:
        self.on_answer: Callable[[Any], object] | None = None
        self.stopped_by: list[threading.Thread] = []

    def stop(self) -> None:
        self.stopped_by.append(threading.current_thread())


def watch(reply: Reply, resolve: Any, reject: Any) -> Callable[[], object]:
    reply.on_answer = resolve
    return reply.stop


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    register_adoptable(Reply, watch)
    yield
    register_adoptable(Reply, None)


def test_it_is_called_once_and_at_home_whoever_cancels() -> None:
    reply = Reply()
    promise: Promise[int] = Promise.resolve(reply)
    last = promise.then()
    turn(1)
    canceller = threading.Thread(target=last.cancel)
    canceller.start()
    canceller.join(20)
    promise.cancel()
    turn(1)
    assert reply.stopped_by == [threading.current_thread()]
    assert isinstance(promise.reason, Cancelled)


def test_it_is_not_called_as_long_as_somebody_else_depends_on_the_promise() -> None:
    reply = Reply()
    promise: Promise[int] = Promise.resolve(reply)
    first, second = promise.then(), promise.then()
    turn(1)
    first.cancel()
    turn(1)
    assert reply.stopped_by == []
    second.cancel()
    turn(1)
    assert len(reply.stopped_by) == 1


def resolved_later(reply: Reply) -> Promise[int]:
    d = Promise[int].with_resolvers()
    d.resolve(reply)
    return d.promise


def returned_by_a_handler(reply: Reply) -> Promise[int]:
    promise: Promise[int] = Promise.resolve().then(lambda _: reply)
    Promise.resolve().then().wait(timeout=20)
    return promise


@pytest.mark.parametrize("adopt", [Promise.resolve, resolved_later, returned_by_a_handler])
def test_work_whose_watching_was_still_queued_is_stopped_as_soon_as_it_is_watched(adopt: Any) -> None:
    reply = Reply()
    promise: Promise[int] = adopt(reply)
    assert promise.cancel()
    turn(1)
    assert reply.on_answer is None or len(reply.stopped_by) == 1


def test_work_that_is_handed_on_at_once_is_not_stopped_any_more() -> None:
    def hand_on(reply: Reply, resolve: Any, reject: Any) -> Callable[[], object]:
        resolve(Promise.delay(60))
        return watch(reply, resolve, reject)

    register_adoptable(Reply, hand_on)
    reply = Reply()
    promise: Promise[None] = Promise.resolve(reply)
    turn(1)
    assert promise.cancel()
    turn(1)
    assert reply.stopped_by == []


def test_it_is_not_called_for_work_that_is_done() -> None:
    reply = Reply()
    promise: Promise[int] = Promise.resolve(reply)
    turn(1)
    assert reply.on_answer is not None
    reply.on_answer(5)
    assert not promise.cancel()
    turn(1)
    assert (promise.value, reply.stopped_by) == (5, [])


def test_an_answer_after_the_cancellation_is_ignored(reports: list[Report]) -> None:
    reply = Reply()
    promise: Promise[int] = Promise.resolve(reply)
    turn(1)
    promise.cancel()
    assert reply.on_answer is not None
    reply.on_answer(5)
    turn(1)
    assert isinstance(promise.reason, Cancelled)
    assert reports == []


def test_what_watch_returns_and_is_no_function_is_ignored() -> None:
    def watch_only(reply: Reply, resolve: Any, reject: Any) -> str:
        watch(reply, resolve, reject)
        return "a token of the library"

    register_adoptable(Reply, watch_only)
    reply = Reply()
    promise: Promise[int] = Promise.resolve(reply)
    turn(1)
    assert promise.cancel()
    turn(1)
    assert isinstance(promise.reason, Cancelled)
    assert reply.stopped_by == []


def test_a_registered_watch_may_return_nothing_of_use(reports: list[Report]) -> None:
    class Reply:
        pass

    functions: list[Any] = []
    register_adoptable(Reply, lambda reply, resolve, reject: functions.append(resolve) or 5)
    promise = Promise.resolve(Reply())
    Promise.resolve().then().wait(5)
    register_adoptable(Reply, None)
    functions[0](1)
    assert promise.wait(5) == 1
    assert not reports
