"""`promisify`: functions that take a callback and return an awaitable as well."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from promisepy import BrokenPromise, Promise, Report, promisify

from ..support import turn
from .helpers import on_a_loop, reason_of, value_of

Callback = Callable[..., Any]


async def answer(callback: Callback, result: Any = None, called_with: Any = None) -> Any:
    """Call back if told to, after a turn of the loop, and return or raise."""
    await asyncio.sleep(0)
    if called_with is not None:
        callback(called_with)
    if isinstance(result, BaseException):
        raise result
    return result


get = promisify(answer, callback=0)


def test_a_coroutine_that_calls_back_runs_inside_wait_and_on_a_loop() -> None:
    assert value_of(get(called_with="answer")) == "answer"

    async def main() -> None:
        assert await get(called_with="answer") == "answer"

    on_a_loop(main())


def test_its_value_counts_if_nobody_has_called_back() -> None:
    assert value_of(get(result="returned")) == "returned"
    assert value_of(get(result="returned", called_with="called back first")) == "called back first"


def test_its_none_says_nothing_so_that_a_later_callback_counts() -> None:
    sent, waiting = Promise[None].with_resolvers(), list[Callback]()

    async def send(callback: Callback) -> None:
        waiting.append(callback)
        sent.resolve()

    promise = promisify(send)()
    value_of(sent.promise)
    turn()
    assert promise.state == "pending"
    waiting.pop()("later")
    assert value_of(promise) == "later"


def test_a_coroutine_that_ends_without_a_call_breaks_the_promise() -> None:
    assert type(reason_of(get())) is BrokenPromise


def test_its_failure_counts_unless_the_callback_came_first(reports: list[Report]) -> None:
    error = LookupError("raised")
    assert reason_of(get(result=error)) is error
    assert value_of(get(result=error, called_with="answer")) == "answer"
    turn()
    gc.collect()
    assert reports == []


def test_a_coroutine_runs_to_its_end_although_the_callback_was_called_before_it_began() -> None:
    ended = Promise[None].with_resolvers()

    async def rest() -> None:
        await asyncio.sleep(0)
        ended.resolve()

    def start(callback: Callback) -> Any:
        callback("at once")
        return rest()

    assert value_of(promisify(start)()) == "at once"
    value_of(ended.promise)


@pytest.mark.parametrize("outcome", ["value", "none", "failure"])
@pytest.mark.parametrize("kind", [Promise.with_resolvers, asyncio.Future])
def test_promises_and_futures_count_as_coroutines_do(kind: Callable[[], Any], outcome: str) -> None:
    async def main() -> None:
        waiting: list[Callback] = []
        made = kind()
        returned = made if isinstance(made, asyncio.Future) else made.promise
        promise = promisify(lambda callback: [waiting.append(callback), returned][1])()
        settle, fail = getattr(made, "set_result", None) or made.resolve, getattr(made, "set_exception", None)
        if outcome == "failure":
            (fail or made.reject)(LookupError("failed"))
            with pytest.raises(LookupError):
                await promise
            return
        settle("value" if outcome == "value" else None)
        await asyncio.sleep(0)
        if outcome == "none":
            assert promise.state == "pending"
            waiting.pop()("value")
        assert await promise == "value"

    on_a_loop(main())


def test_a_future_that_cannot_be_awaited_is_a_value_like_any_other_handle() -> None:
    future: Future[str] = Future()
    future.set_result("not looked at")
    waiting: list[Callback] = []
    promise = promisify(lambda callback: [waiting.append(callback), future][1])()
    turn()
    assert promise.state == "pending"
    waiting.pop()("answer")
    assert value_of(promise) == "answer"


def test_a_coroutine_that_check_rejects_is_not_left_behind(reports: list[Report]) -> None:
    def check(returned: Any) -> None:
        raise OSError("refused")

    assert type(reason_of(promisify(answer, callback=0, check=check)())) is OSError
    turn()
    gc.collect()  # a coroutine that nobody awaits would warn here
    assert reports == []


def test_check_sees_the_awaitable_itself() -> None:
    seen: list[Any] = []
    promise = promisify(lambda callback: Promise.resolve("value"), check=seen.append)()
    assert value_of(promise) == "value"
    assert isinstance(seen[0], Promise)


@pytest.mark.parametrize("stopping", [False, True])
def test_a_cancellation_reaches_the_coroutine_and_the_function_for_it(stopping: bool) -> None:
    log: list[str] = []

    async def begin(callback: Callback) -> None:
        log.append("begun")
        try:
            await asyncio.Future()
        finally:
            log.append("stopped")

    def cancel(returned: Any) -> None:
        log.append(returned.__name__)

    async def main() -> None:
        promise = promisify(begin, cancel=cancel if stopping else None)()
        while not log:
            await asyncio.sleep(0)
        promise.cancel()
        while "stopped" not in log:
            await asyncio.sleep(0)

    on_a_loop(main())
    assert sorted(log) == sorted(["begun", "stopped"] + ["begin"] * stopping)


def test_cancel_leaves_the_awaitable_its_say() -> None:
    assert value_of(promisify(answer, callback=0, cancel=print)(result="returned")) == "returned"
