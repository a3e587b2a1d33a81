"""S13: a promise that is cancelled gives up what it follows, if that can be given up, and once."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import Future

from promisepy import Promise, Report, promisify


def test_what_a_foreign_then_returns_means_nothing() -> None:
    class Thenable:
        def then(self, resolve: Callable[..., object], reject: Callable[..., object], /) -> Callable[[], object]:
            self.functions = resolve, reject
            return lambda: called.append("stop")

    called: list[str] = []
    thenable = Thenable()
    promise = Promise.resolve(thenable)
    Promise.resolve().then().wait(5)
    promise.cancel()
    Promise.resolve().then().wait(5)
    assert called == []


def test_a_cancelled_future_is_cancelled_once() -> None:
    future: Future[int] = Future()
    promise = Promise.resolve(future)
    Promise.resolve().then().wait(5)
    assert promise.cancel()
    assert not promise.cancel()
    Promise.resolve().then().wait(5)
    assert future.cancelled()


class Slotted:
    """A future that cannot be known weakly."""

    __slots__ = ("callbacks", "cancelled_by")

    def __init__(self) -> None:
        self.callbacks: list[Callable[[Slotted], object]] = []
        self.cancelled_by = 0

    def add_done_callback(self, callback: Callable[[Slotted], object]) -> None:
        self.callbacks.append(callback)

    def result(self) -> int:
        return 5

    def cancel(self) -> None:
        self.cancelled_by += 1


def test_a_future_without_weak_references_is_cancelled() -> None:
    future = Slotted()
    promise = Promise.resolve(future)
    Promise.resolve().then().wait(1)
    promise.cancel()
    Promise.resolve().then().wait(1)
    assert future.cancelled_by == 1


def test_a_forgotten_future_is_not_cancelled_after_its_end() -> None:
    class Weak(Slotted):
        pass

    kept = [Weak()]
    promise = promisify(lambda: kept[0], style="done_callback")()
    callbacks = kept.pop().callbacks
    gc.collect()
    promise.cancel()
    assert Promise.resolve(1).then().wait(1) == 1
    assert len(callbacks) == 1


def test_a_future_of_another_loop_is_cancelled_there() -> None:
    loop = asyncio.new_event_loop()
    future: asyncio.Future[int] = loop.create_future()
    promise = Promise.resolve(future)
    Promise.resolve().then().wait(1)
    promise.cancel()
    Promise.resolve().then().wait(1)
    loop.run_until_complete(asyncio.sleep(0))
    assert future.cancelled()
    loop.close()


def test_a_future_of_a_closed_loop_is_left_alone(reports: list[Report]) -> None:
    loop = asyncio.new_event_loop()
    future: asyncio.Future[int] = loop.create_future()
    promise = Promise.resolve(future)
    Promise.resolve().then().wait(1)
    loop.close()
    promise.cancel()
    Promise.resolve().then().wait(1)
    assert not future.done()
    assert not reports
