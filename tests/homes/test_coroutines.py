"""Coroutines on a thread without a loop: they run inside `wait`, in a loop that is there for them (S4, S8)."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from promisepy import DeadlockError, Promise, set_host

from .test_hosts import Mainloop


def begin(coroutine: Any) -> Promise[Any]:
    """Have a coroutine run until it waits for something."""
    promise = Promise.resolve(coroutine)
    Promise.resolve(asyncio.sleep(0)).wait(timeout=10)
    return promise


async def loop_after(promise: Promise[Any]) -> asyncio.AbstractEventLoop:
    await promise
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0.001)
    assert asyncio.get_running_loop() is loop
    return loop


def test_what_it_awaited_was_settled_before_the_wait_and_it_goes_on_in_its_loop() -> None:
    promise, resolve, _ = Promise[None].with_resolvers()
    result = begin(loop_after(promise))
    resolve()
    assert isinstance(result.wait(timeout=10), asyncio.AbstractEventLoop)


def test_it_goes_on_in_order_with_handlers() -> None:
    seen: list[str] = []

    async def work() -> None:
        await promise
        seen.append("coroutine")

    promise, resolve, _ = Promise[None].with_resolvers()
    promise.then(lambda _: seen.append("before"))
    result = begin(work())
    promise.then(lambda _: seen.append("after"))
    resolve()
    result.wait(timeout=10)
    assert seen == ["before", "coroutine", "after"]


def test_while_it_is_under_way_a_settled_promise_needs_no_time() -> None:
    promise, resolve, _ = Promise[None].with_resolvers()
    result = begin(loop_after(promise))
    assert Promise.resolve(1).then(str).wait(timeout=0) == "1"
    with pytest.raises(TimeoutError):
        result.wait(timeout=0)
    resolve()
    result.wait(timeout=10)


def test_a_host_that_drains_the_home_leaves_it_to_the_next_wait() -> None:
    promise, resolve, _ = Promise[None].with_resolvers()
    result = begin(loop_after(promise))
    seen: list[str] = []
    promise.then(lambda _: seen.append("handler"))
    host = Mainloop()
    previous = set_host(host)
    try:
        resolve()
        host.step()
        assert (seen, result.state) == (["handler"], "pending")
    finally:
        set_host(previous)
    assert isinstance(result.wait(timeout=10), asyncio.AbstractEventLoop)


def test_what_a_handler_started_in_a_loop_that_stands_still_is_no_business_of_a_wait() -> None:
    def script() -> None:
        made_before = Promise.resolve()

        async def begin_there() -> Promise[Any]:
            result = made_before.then(lambda _: loop_after(promise))
            await asyncio.sleep(0.001)
            return result

        async def outcome() -> Any:
            return await result

        promise, resolve, _ = Promise[None].with_resolvers()
        with asyncio.Runner() as runner:
            result = runner.run(begin_there())
            with pytest.raises(TimeoutError):
                promise.wait(timeout=0.001)
            resolve()
            assert runner.run(outcome()) is runner.get_loop()

    with ThreadPoolExecutor(1) as thread:  # a home that has no loop for its coroutines yet
        thread.submit(script).result(timeout=10)


def test_what_a_coroutine_has_left_in_its_loop_is_waited_for_after_its_end() -> None:
    async def leave(seconds: float) -> list[Any]:
        settled = asyncio.get_running_loop().create_future()
        settled.set_result("settled")
        return [settled, asyncio.create_task(asyncio.sleep(seconds, "slept"))]

    for number, outcome in enumerate(["settled", "slept"]):
        assert Promise.resolve(leave(0.001)).then(lambda left, n=number: left[n]).wait(timeout=10) == outcome  # type: ignore[misc]


def test_a_wait_that_can_never_end_once_a_coroutine_has_ended_is_told_so() -> None:
    async def tangle() -> None:
        one.resolve(other.promise)
        other.resolve(one.promise)

    one, other = Promise[Any].with_resolvers(), Promise[Any].with_resolvers()
    Promise.resolve(tangle())
    with pytest.raises(DeadlockError, match="follows a promise that follows it"):
        one.promise.wait(timeout=10)
