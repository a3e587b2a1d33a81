"""A thread's home passes from one driver to the next, and every driver keeps its other duties."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise, set_host


class Mainloop:
    def __init__(self) -> None:
        self.posted: list[Callable[[], None]] = []

    def post(self, drain: Callable[[], None]) -> None:
        self.posted.append(drain)


def test_a_second_loop_drives_what_a_first_one_drove() -> None:
    early, settle_early, _ = Promise[int].with_resolvers()
    late, settle_late, _ = Promise[int].with_resolvers()

    async def first() -> str:
        child = early.then(str)
        asyncio.get_running_loop().call_soon(settle_early, 1)
        return await child

    async def second() -> None:
        done = asyncio.Event()
        child = late.then(lambda _: done.set())
        settler = threading.Thread(target=settle_late, args=(1,))
        asyncio.get_running_loop().call_soon(settler.start)
        await asyncio.wait_for(done.wait(), 30)
        settler.join()
        await child

    assert asyncio.run(first()) == "1"
    asyncio.run(second())


def test_a_new_host_is_asked_for_what_the_old_one_has_not_done() -> None:
    old, new, seen = Mainloop(), Mainloop(), list[int]()
    before = set_host(old)
    try:
        first = Promise.resolve(1).then(seen.append)
        set_host(new)
        second = Promise.resolve(2).then(seen.append)
        for drain in new.posted:
            drain()
    finally:
        set_host(before)
    assert (first.state, second.state, seen) == ("fulfilled", "fulfilled", [1, 2])


def test_a_loop_after_a_stopped_one_and_a_host_drives_what_then_leaves() -> None:
    promise, resolve, _ = Promise[int].with_resolvers()

    async def touch() -> None:
        Promise.resolve().then()

    async def use() -> None:
        done = asyncio.Event()
        child = promise.then(lambda _: done.set())
        settler = threading.Thread(target=resolve, args=(1,))
        asyncio.get_running_loop().call_soon(settler.start)
        await asyncio.wait_for(done.wait(), 5)
        settler.join()
        await child

    stopped = asyncio.new_event_loop()
    try:
        early = Promise.resolve().then()
        stopped.run_until_complete(touch())
        set_host(set_host(Mainloop()))
        asyncio.run(use())
        early.wait(timeout=5)
    finally:
        stopped.close()


@pytest.mark.parametrize("is_closed", [False, True], ids=["stopped", "closed"])
def test_a_loop_after_one_that_has_ended_without_notice_drives_what_then_leaves(is_closed: bool) -> None:
    promise, resolve, _ = Promise[int].with_resolvers()

    async def touch() -> None:
        Promise.resolve()

    async def use() -> None:
        done = asyncio.Event()
        promise.then(lambda _: done.set())
        settler = threading.Thread(target=resolve, args=(1,))
        asyncio.get_running_loop().call_soon(settler.start)
        await asyncio.wait_for(done.wait(), 5)
        settler.join()

    first = asyncio.new_event_loop()
    first.run_until_complete(touch())
    if is_closed:
        first.close()
    asyncio.run(use())
    first.close()


def test_a_chain_without_end_leaves_the_pump_its_turn() -> None:
    promise, resolve, _ = Promise[str].with_resolvers()

    def step(_: Any) -> Promise[Any] | None:
        return Promise.resolve().then(step) if promise.state == "pending" else None

    chain = Promise.resolve().then(step)
    assert promise.wait(timeout=60, pump=lambda: resolve("pumped")) == "pumped"
    chain.wait(timeout=60)


def test_a_chain_without_end_leaves_a_handler_s_coroutine_its_turn() -> None:
    async def work() -> str:
        for _ in range(3):
            await asyncio.sleep(0)
        return "worked"

    result = Promise.resolve().then(lambda _: work())

    def step(_: Any) -> Promise[Any] | None:
        return Promise.resolve().then(step) if result.state == "pending" else None

    chain = Promise.resolve().then(step)
    assert result.wait(timeout=60) == "worked"
    chain.wait(timeout=60)
