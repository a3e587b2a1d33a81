"""In which order handlers run, and in whose context, also in long chains and bursts (S1, S5, S11)."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import Any

import pytest

from promisepy import Promise, Rejected

from ..support import both_homes, turn

REASON = ValueError("reason")


def fail(_: Any = None) -> Any:
    raise REASON


def test_then_on_a_settled_promise_runs_nothing_in_a_script_until_wait() -> None:
    seen: list[int] = []
    promise = Promise.resolve(1)
    child = promise.then(seen.append)
    assert (seen, child.state) == ([], "pending")
    child.wait()
    assert seen == [1]


def test_nested_settling_is_breadth_first() -> None:
    resolvers = [Promise[Any].with_resolvers() for _ in range(3)]
    seen: list[str] = []

    def settle_next(n: int) -> None:
        seen.append(f"start {n}")
        if n < 2:
            resolvers[n + 1].resolve(n + 1)
        seen.append(f"end {n}")

    for promise, _, _ in resolvers:
        promise.then(settle_next)
    resolvers[0].resolve(0)
    turn()
    assert seen == ["start 0", "end 0", "start 1", "end 1", "start 2", "end 2"]


@both_homes
def test_a_chain_of_twenty_thousand_links_settles(read: Any) -> None:
    def chain() -> Promise[int]:
        promise = Promise.resolve(0)
        for _ in range(20_000):
            promise = promise.then(lambda value: value + 1)
        return promise

    assert read(chain) == 20_000


@both_homes
def test_a_handler_may_recurse_five_thousand_times_through_promises(read: Any) -> None:
    def count_down(n: int) -> Any:
        return Promise.resolve(n - 1).then(count_down) if n else "done"

    assert read(lambda: Promise.resolve(5000).then(count_down)) == "done"


def test_a_long_burst_keeps_its_order() -> None:
    seen: list[int] = []
    for n in range(5000):
        Promise.resolve(n).then(seen.append)
    Promise.all([Promise.resolve()] * 5000).then().then().wait(timeout=10)
    assert seen == list(range(5000))


def test_a_chain_that_never_ends_leaves_the_loop_its_turns() -> None:
    async def main() -> None:
        endless = True

        def again(_: Any) -> Any:
            return Promise.resolve().then(again) if endless else None

        promise = Promise.resolve().then(again)
        for _ in range(100):
            await asyncio.sleep(0)
        assert promise.state == "pending"
        endless = False
        await promise

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_handler_that_raises_does_not_disturb_those_beside_it() -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    seen: list[str] = []
    promise.then(lambda _: seen.append("first"))
    failing = promise.then(fail)
    promise.then(lambda _: seen.append("last"))
    resolve(1)
    turn()
    assert seen == ["first", "last"]
    assert failing.outcome == Rejected(REASON)


def test_a_handler_runs_in_the_context_of_its_then_whoever_settles() -> None:
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
    promise, resolve, _ = Promise[int].with_resolvers()
    seen: list[str] = []

    def register(name: str) -> None:
        user.set(name)
        promise.then(lambda _: seen.append(user.get()))

    for name in ("alice", "bob"):
        contextvars.copy_context().run(register, name)
    thread = threading.Thread(target=resolve, args=(1,))
    thread.start()
    thread.join()
    turn()
    assert seen == ["alice", "bob"]


@pytest.mark.parametrize("start", [Promise.resolve, lambda: Promise.reject(REASON)], ids=["value", "reason"])
def test_finally_keeps_either_outcome(start: Any) -> None:
    seen: list[str] = []
    promise = start().finally_(lambda: seen.append("closed"))
    turn()
    assert seen == ["closed"]
    assert promise.outcome == start().outcome
