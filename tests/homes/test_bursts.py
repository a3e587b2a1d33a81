"""How often a loop is asked to drain, by which of its functions, and how long a burst may last."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise
from promisepy._core.jobs import BURST

from .loops import needs_uvloop, uvloop


class Counting:
    """Mixed into a loop: counts the drains that are asked for."""

    soon = threadsafe = 0

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> Any:
        self.soon += getattr(callback, "__name__", "") == "drain"
        return super().call_soon(callback, *args, context=context)  # type: ignore[misc]

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> Any:
        self.threadsafe += getattr(callback, "__name__", "") == "drain"
        return super().call_soon_threadsafe(callback, *args, context=context)  # type: ignore[misc]

    @property
    def counts(self) -> tuple[int, int]:
        return self.soon, self.threadsafe


class CountingAsyncio(Counting, asyncio.SelectorEventLoop):
    pass


if uvloop:

    class CountingUvloop(Counting, uvloop.Loop):
        pass

else:
    CountingUvloop = CountingAsyncio


each_loop = pytest.mark.parametrize(
    "new_loop",
    [pytest.param(CountingAsyncio, id="asyncio"), pytest.param(CountingUvloop, id="uvloop", marks=needs_uvloop)],
)


def settle_many(settle: Callable[[Any, Callable[[], None]], object], new_loop: Any, count: int = 100) -> Any:
    """Count the drains when `settle(loop, resolve_all)` settles so many promises, each with two handlers."""

    async def main() -> tuple[int, int]:
        loop: Any = asyncio.get_running_loop()
        seen: list[int] = []
        many = [Promise[int].with_resolvers() for _ in range(count)]
        ends = [each.promise.then(lambda value: value).then(seen.append) for each in many]
        all_seen = asyncio.Event()
        ends[-1].then(lambda _: all_seen.set())
        await asyncio.sleep(0)
        soon, threadsafe = loop.counts
        settle(loop, lambda: [each.resolve(n) for n, each in enumerate(many)].clear())
        await all_seen.wait()
        assert seen == list(range(count))
        return loop.soon - soon, loop.threadsafe - threadsafe

    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(main())


def in_thread(loop: Any, resolve_all: Callable[[], None]) -> None:
    thread = threading.Thread(target=resolve_all)
    thread.start()
    thread.join()


@each_loop
class TestOneWakeUpForABurst:
    def test_from_a_task_without_the_self_pipe(self, new_loop: Any) -> None:
        assert settle_many(lambda loop, resolve_all: resolve_all(), new_loop) == (1, 0)

    def test_from_a_callback(self, new_loop: Any) -> None:
        counts = settle_many(lambda loop, resolve_all: loop.call_soon(resolve_all), new_loop)
        # uvloop's callbacks cannot be told from a signal handler that strikes while it sleeps.
        assert counts == ((1, 0) if new_loop is CountingAsyncio else (0, 1))

    def test_from_a_resolving_function_that_the_loop_itself_calls(self, new_loop: Any) -> None:
        async def main() -> tuple[int, int]:
            loop: Any = asyncio.get_running_loop()
            done = asyncio.Event()
            promise, resolve, _ = Promise[None].with_resolvers()
            promise.then(lambda _: done.set())
            loop.call_soon(resolve)
            soon, threadsafe = loop.counts
            await done.wait()
            return loop.soon - soon, loop.threadsafe - threadsafe

        with asyncio.Runner(loop_factory=new_loop) as runner:
            assert runner.run(main()) == ((1, 0) if new_loop is CountingAsyncio else (0, 1))

    def test_from_another_thread(self, new_loop: Any) -> None:
        assert settle_many(in_thread, new_loop) == (0, 1)

    def test_of_handlers_of_a_script(self, new_loop: Any) -> None:
        seen: list[int] = []
        many = [Promise[int].with_resolvers() for _ in range(100)]
        ends = [each.promise.then(seen.append) for each in many]

        async def main() -> tuple[int, int]:
            loop: Any = asyncio.get_running_loop()
            await Promise.resolve()  # which makes the loop known
            soon, threadsafe = loop.counts
            for n, each in enumerate(many):
                each.resolve(n)
            counts = loop.soon - soon, loop.threadsafe - threadsafe
            await ends[-1]
            return counts

        with asyncio.Runner(loop_factory=new_loop) as runner:
            assert runner.run(main()) == (0, 1)
        assert seen == list(range(100))

    def test_and_one_more_for_each_time_the_bound_is_met(self, new_loop: Any) -> None:
        # Two handlers each, and one that sets the event.
        counts = settle_many(lambda loop, resolve_all: resolve_all(), new_loop, BURST)
        assert sum(counts) == 3


def endless(limit: int = 20 * BURST) -> tuple[list[int], Callable[[], None]]:
    """Start a chain that goes on until it is stopped; gives its length, in a list, and what stops it."""
    length, going = [0], [True]

    def step(_: Any) -> None:
        length[0] += bool(going)
        if going and length[0] < limit:
            Promise.resolve().then(step)

    Promise.resolve().then(step)
    return length, going.clear


@each_loop
class TestAnEndlessChainDoesNotStarve:
    def run(self, new_loop: Any, arrange: Callable[[Any, Callable[[], None]], object]) -> int:
        async def main() -> int:
            stopped = asyncio.Event()
            length, stop = endless()
            arrange(asyncio.get_running_loop(), lambda: (stop(), stopped.set()))
            await stopped.wait()
            return length[0]

        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(main())

    def test_a_callback(self, new_loop: Any) -> None:
        assert self.run(new_loop, lambda loop, stop: loop.call_soon(stop)) <= BURST

    def test_a_timer(self, new_loop: Any) -> None:
        assert self.run(new_loop, lambda loop, stop: loop.call_later(0, stop)) < 20 * BURST

    def test_a_socket(self, new_loop: Any) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.send(b"x")

            def arrange(loop: Any, stop: Callable[[], None]) -> None:
                loop.add_reader(ours, lambda: (loop.remove_reader(ours), stop()))

            assert self.run(new_loop, arrange) < 20 * BURST


@each_loop
def test_the_bound_does_not_change_the_order(new_loop: Any) -> None:
    seen: list[int] = []

    async def main() -> None:
        source = Promise.resolve()
        for n in range(2 * BURST + 1):
            source.then(lambda _, n=n: seen.append(n))
        await source.then()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())
    assert seen == list(range(2 * BURST + 1))


def test_an_endless_chain_does_not_keep_a_script_from_its_timeout() -> None:
    promise, resolve, _ = Promise[None].with_resolvers()
    length, stop = endless()
    with pytest.raises(TimeoutError):
        promise.wait(timeout=0)
    assert length[0] <= BURST
    stop()
    resolve(None)
    promise.wait(timeout=30)
