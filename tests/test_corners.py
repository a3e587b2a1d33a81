"""Corners that no other test turns: what is rare, yet can be had for real."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest

from promisepy import Promise, Replies, Report, StuckPromise, promisify, stream
from promisepy._core.cell import UNSETTLED, Cell
from promisepy._core.handlers import Filtered
from promisepy._core.homes import current_thread_home
from promisepy._core.resolve import Adoption


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


def test_a_clean_up_may_be_a_coroutine_whose_failure_is_reported(reports: list[Report]) -> None:
    async def stop() -> None:
        raise ValueError("stopping failed")

    promise = Promise[int].with_resolvers(keep_alive=True, on_cancel=stop).promise
    promise.cancel()
    Promise.delay(0.001).wait(5)
    assert [str(report.reason) for report in reports] == ["stopping failed"]


def test_a_handler_of_catch_may_be_called_by_others() -> None:
    handler = Filtered(ValueError, str)
    assert handler(ValueError("mine")) == "mine"
    with pytest.raises(KeyError):
        handler(KeyError("not mine"))


def test_a_coroutine_of_another_framework_is_told_what_it_needs() -> None:
    promise = Promise[int].with_resolvers(keep_alive=True).promise

    async def main() -> None:
        steps: Generator[Any, Any, int] = promise.__await__()
        next(steps)
        with pytest.raises(RuntimeError, match="needs an asyncio task"):
            next(steps)

    asyncio.run(main())


def test_a_stream_s_loop_iterates_over_itself() -> None:
    events = stream(lambda s: s.emit(1) or s.close())
    loop = iter(events)
    assert list(iter(loop)) == [1]
    assert aiter(aiter(events)) is not None


def test_requests_of_an_ended_thread_are_stuck(reports: list[Report]) -> None:
    replies = Replies[int, int](timeout=60)
    promises: list[Promise[int]] = []
    thread = threading.Thread(target=lambda: promises.append(replies[1]))
    thread.start()
    thread.join()
    assert isinstance(promises[0].reason, StuckPromise)


def test_a_wait_under_a_private_loop_refuses_a_second_one() -> None:
    """A coroutine of a handler that waits for what only its own loop could bring."""
    never = Promise[int].with_resolvers(keep_alive=True).promise
    errors: list[str] = []

    async def handler() -> None:
        try:
            never.wait(1)
        except RuntimeError as error:
            errors.append(str(error))

    Promise.resolve().then(lambda _: handler()).wait(5)
    assert len(errors) == 1
    assert errors[0].startswith("wait() would stop the event loop that is running in this thread")


def test_an_adoption_whose_thread_ends_is_stuck(reports: list[Report]) -> None:
    inner, resolve, _ = Promise[int].with_resolvers()
    made: list[Promise[Any]] = []

    def work() -> None:
        d = Promise[int].with_resolvers()
        d.resolve(inner)
        made.extend([d.promise, inner.shield(), Promise.resolve(Slotted()), inner.timeout(60)])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    resolve(1)
    assert [type(promise.reason) for promise in (made[0], made[2])] == [StuckPromise, StuckPromise]


@pytest.mark.skipif(sys.platform == "win32", reason="it sleeps so there")
def test_a_sleep_in_slices_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where Ctrl-C could not interrupt a longer one."""
    monkeypatch.setattr("promisepy._core.homes.SLICE", 0.001)
    promise, resolve, _ = Promise[int].with_resolvers()
    threading.Timer(0.01, resolve, [1]).start()
    assert promise.wait(10) == 1


class Hasty(Promise[int]):
    """A promise that another thread settles right after somebody has seen that it is pending."""

    @property
    def _reactions(self) -> Any:
        seen = slot.__get__(self)
        if self in hasty:
            hasty.remove(self)
            self._fulfil(1)
        return seen

    @_reactions.setter
    def _reactions(self, reactions: Any) -> None:
        slot.__set__(self, reactions)


slot: Any = Cell._reactions
hasty: list[Promise[int]] = []


def test_a_promise_that_settles_while_another_one_is_resolved_with_it_is_followed() -> None:
    followed: Any = Hasty.__new__(Hasty)
    followed._begin(current_thread_home())
    promise, resolve, _ = Promise[int].with_resolvers()
    hasty.append(followed)
    resolve(followed)
    assert hasty == []
    assert promise.wait(5) == 1


def test_a_follower_that_is_cancelled_while_it_starts_to_follow_leaves_nothing() -> None:
    class Overtaken(Adoption):
        """A job that another thread cancels when it has taken its first look."""

        @property
        def _source(self) -> None:
            if self._target is not None:
                self._cancelled()

        @_source.setter
        def _source(self, source: object) -> None:
            pass

    follower, followed = (Promise[int].with_resolvers(keep_alive=True).promise for _ in range(2))
    Overtaken(follower, followed)._run()
    assert followed._reactions == [UNSETTLED]
