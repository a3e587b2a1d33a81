"""In a `wait`, handlers run outside of any loop, and coroutines in one, in the order that asyncio would give (INV-OUTSIDE)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promisepy import Promise

from ..support import PATIENCE, in_script, on_loop


def loop_here() -> Any:
    return asyncio._get_running_loop()


@pytest.fixture(params=[0, 1, 3], ids=["alone", "beside a coroutine", "beside three"])
def beside(request: pytest.FixtureRequest) -> Any:
    """Have so many coroutines in flight, which have nothing to do with the test, and end after it."""
    release, resolve, _ = Promise[None].with_resolvers()

    async def work() -> None:
        await release
        await asyncio.sleep(0)

    under_way = [Promise.resolve(work()) for _ in range(request.param)]
    Promise.resolve(asyncio.sleep(0)).wait(PATIENCE)
    yield
    resolve()
    Promise.all(under_way).wait(PATIENCE)


@pytest.mark.usefixtures("beside")
class TestAHandlerInAWait:
    def test_sees_no_running_loop_whatever_settles_it(self) -> None:
        loops: list[Any] = []
        promise, resolve, _ = Promise[int].with_resolvers()

        async def settling() -> None:
            loops.append(loop_here())
            resolve(1)
            await promise.then(note)
            loops.append(loop_here())

        def note(_: object) -> None:
            loops.append(loop_here())

        ends = [promise.then(note).then(note), Promise.resolve(settling()).then(note), Promise.delay(0.001).then(note)]
        Promise.all(ends).then(note).wait(PATIENCE)
        first, *others, last = [loop for loop in loops if loop is not None]
        assert (first, others) == (last, [])
        assert len(loops) == 8

    def test_may_run_a_loop(self) -> None:
        async def main(value: int) -> int:
            return await Promise.delay(0.001, value + 1).then(lambda value: value + 1)

        assert Promise.resolve(1).then(lambda value: asyncio.run(main(value))).wait(PATIENCE) == 3

    def test_may_run_a_loop_for_which_the_script_s_promises_go_on(self) -> None:
        script = Promise.delay(0.001, "delayed before")
        promise, resolve, _ = Promise[str].with_resolvers()
        seen: list[str] = []
        promise.then(seen.append)

        async def main() -> list[str]:
            event = asyncio.Event()
            promise.then(lambda _: event.set())
            asyncio.get_running_loop().call_soon(resolve, "settled")
            await event.wait()
            return [*seen, await script]

        assert Promise.resolve().then(lambda _: asyncio.run(main())).wait(PATIENCE) == ["settled", "delayed before"]

    def test_may_wait_for_a_timer_a_thread_or_a_coroutine(self) -> None:
        async def two() -> int:
            await asyncio.sleep(0)
            return 2

        def handler(_: object) -> list[int]:
            return [Promise.delay(0.001, 1).wait(PATIENCE), Promise.resolve(two()).wait(PATIENCE)]

        assert Promise.resolve().then(handler).wait(PATIENCE) == [1, 2]


# What a program does, one after the other: leave a handler, start a coroutine or settle, on one of three promises. A
# coroutine or an asynchronous handler goes through so many steps: it awaits one of the promises, a plain future that the
# promise settles, or one turn of the loop.
STEPS = st.lists(st.integers(0, 6), max_size=3)
ACTIONS = st.one_of(
    st.tuples(st.just("then"), st.integers(0, 2), st.just([])),
    st.tuples(st.just("async then"), st.integers(0, 2), STEPS),
    st.tuples(st.just("coroutine"), st.integers(0, 2), STEPS),
    st.tuples(st.just("settle"), st.integers(0, 2), st.just([])),
    st.tuples(st.just("settle in a handler"), st.integers(0, 2), st.just([])),
)
Action = tuple[str, int, list[int]]


def play(actions: list[Action], log: list[str]) -> Promise[Any]:
    promises = [Promise[int].with_resolvers() for _ in range(3)]
    ends: list[Promise[Any]] = []

    async def go_on(name: str, steps: list[int]) -> None:
        log.append(f"{name} begins")
        for number, step in enumerate(steps):
            if step < 3:
                await promises[step].promise.then()
            elif step < 6:
                future = asyncio.get_running_loop().create_future()
                promises[step - 3].promise.then(future.set_result)
                await future
            else:
                await asyncio.sleep(0)
            log.append(f"{name} after {number}")

    def act(name: str, kind: str, which: int, steps: list[int]) -> None:
        promise, resolve, _ = promises[which]
        if kind == "then":
            ends.append(promise.then(lambda _: log.append(f"{name} handled")))
        elif kind == "async then":
            ends.append(promise.then(lambda _: go_on(name, steps)))
        elif kind == "coroutine":
            ends.append(Promise.resolve(go_on(name, [which, *steps])))
        elif kind == "settle":
            resolve(which)
        else:
            ends.append(Promise.resolve().then(lambda _: resolve(which)))

    for number, (kind, which, steps) in enumerate(actions):
        act(f"{number} {kind}", kind, which, steps)
    ends.append(Promise.resolve().then().then(lambda _: [each.resolve(0) for each in promises].clear()))
    return Promise.all(ends)


@settings(max_examples=200, deadline=None)
@given(actions=st.lists(ACTIONS, max_size=8))
def test_a_program_has_the_same_order_in_a_script_and_under_asyncio(actions: list[Action]) -> None:
    in_a_script: list[str] = []
    under_asyncio: list[str] = []
    in_script(lambda: play(actions, in_a_script))
    on_loop(lambda: play(actions, under_asyncio))
    assert in_a_script == under_asyncio
