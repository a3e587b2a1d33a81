"""Handlers and awaits on loops: woken wherever they sleep, at home on one, carried over to the next (S2, S3, S14)."""

from __future__ import annotations

import asyncio
import selectors
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from promisepy import Promise, StuckPromise

LOST = "the loop was asleep and nobody woke it"


class Watched(selectors.DefaultSelector):
    """A selector that calls `asleep` when the loop has nothing to do and goes to sleep without a timer."""

    def __init__(self, asleep: Callable[[], object]) -> None:
        super().__init__()
        self.asleep = asleep

    def select(self, timeout: float | None = None) -> Any:
        if timeout is not None:
            return super().select(timeout)
        self.asleep()
        events = super().select(20)
        assert events, LOST
        return events


def run_quietly(main: Callable[[], Any], asleep: Callable[[], object]) -> Any:
    """Run `main()` on a loop that calls `asleep` each time before it sleeps for an unlimited time."""
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Watched(asleep))) as runner:
        return runner.run(main())


@dataclass
class OtherLoop:
    """A loop that runs on a thread of its own."""

    loop: asyncio.AbstractEventLoop
    thread: threading.Thread


@pytest.fixture
def other_loop() -> Iterator[OtherLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield OtherLoop(loop, thread)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class TestLoops:
    def test_a_loop_that_sleeps_is_woken_by_another_thread(self) -> None:
        with ThreadPoolExecutor(1) as pool:
            promise, resolve, _ = Promise[int].with_resolvers(keep_alive=True)

            async def main() -> int:
                return await promise.then(lambda value: value + 1)

            assert run_quietly(main, lambda: pool.submit(resolve, 1)) == 2

    @pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
    def test_a_loop_that_sleeps_is_woken_by_a_signal_handler_on_its_own_thread(self) -> None:
        settle: list[Any] = []

        async def main() -> int:
            promise, resolve, _ = Promise[int].with_resolvers()
            settle.append(resolve)
            return await promise.then(lambda value: value + 1)

        before = signal.signal(signal.SIGUSR1, lambda *_: settle[0](1))
        try:
            assert run_quietly(main, lambda: signal.raise_signal(signal.SIGUSR1)) == 2
        finally:
            signal.signal(signal.SIGUSR1, before)

    def test_a_loop_that_sleeps_is_woken_when_the_library_drops_its_callbacks(self) -> None:
        with ThreadPoolExecutor(1) as pool:
            library: list[Any] = []

            async def main() -> str:
                promise = Promise[Any](lambda resolve, reject: library.append((resolve, reject)))
                return await promise.catch(lambda error: type(error).__name__)

            assert run_quietly(main, lambda: pool.submit(library.clear)) == "BrokenPromise"

    def test_handlers_run_at_home_and_await_resumes_on_the_loop_of_its_task(
        self,
        other_loop: OtherLoop,
    ) -> None:
        made: Future[tuple[Promise[None], Any]] = Future()
        threads: dict[str, threading.Thread] = {}

        def make() -> None:
            promise, resolve, _ = Promise[None].with_resolvers()
            child = promise.then(lambda _: threads.update(handler=threading.current_thread()))
            made.set_result((child, resolve))

        async def main(child: Promise[None], resolve: Any) -> None:
            asyncio.get_running_loop().call_soon(resolve)
            await child
            threads["awaiting"] = threading.current_thread()

        other_loop.loop.call_soon_threadsafe(make)
        asyncio.run(main(*made.result(timeout=10)))
        assert threads == {"handler": other_loop.thread, "awaiting": threading.current_thread()}

    def test_two_loops_may_await_the_same_promise(self, other_loop: OtherLoop) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()

        async def read() -> int:
            return await promise

        async def main() -> list[int]:
            other = asyncio.run_coroutine_threadsafe(read(), other_loop.loop)
            own = asyncio.create_task(read())
            await asyncio.sleep(0)
            resolve(1)
            return [await own, await asyncio.wrap_future(other)]

        assert asyncio.run(main()) == [1, 1]

    def test_a_loop_that_is_started_later_on_the_thread_runs_the_handlers(self) -> None:
        seen: list[str] = []
        queued = Promise.resolve("queued").then(seen.append)
        promise, resolve, _ = Promise[str].with_resolvers()
        child = promise.then(seen.append)

        async def main() -> None:
            asyncio.get_running_loop().call_soon(resolve, "resolved")
            await child

        asyncio.run(main())
        assert seen == ["queued", "resolved"]
        assert queued.state == "fulfilled"

    def test_a_script_goes_on_when_its_loop_has_ended(self) -> None:
        async def main() -> Promise[int]:
            return promise.then(lambda value: value + 1)

        promise, resolve, _ = Promise[int].with_resolvers()
        child = asyncio.run(main())
        resolve(1)
        assert child.wait(timeout=10) == 2

    def test_a_settled_promise_can_be_awaited_by_a_later_loop(self) -> None:
        async def make() -> Promise[int]:
            promise = Promise.resolve(1).then(lambda value: value + 1)
            await promise
            return promise

        async def read(promise: Promise[int]) -> int:
            return await promise

        assert asyncio.run(read(asyncio.run(make()))) == 2

    def test_a_handler_whose_loop_has_ended_is_an_error_and_not_lost(self, reports: list[Any]) -> None:
        async def make() -> tuple[Promise[int], Any]:
            promise, resolve, _ = Promise[int].with_resolvers()
            return promise.then(lambda value: value + 1), resolve

        child, resolve = asyncio.run(make())
        resolve(1)
        assert isinstance(child.reason, StuckPromise)
        assert "the event loop" in str(child.reason)
        assert reports == []

    def test_nobody_wanting_to_know_a_handler_whose_loop_has_ended_is_reported(
        self,
        reports: list[Any],
    ) -> None:
        async def make() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            promise.then(lambda value: value + 1)
            return resolve

        asyncio.run(make())(1)
        assert [report.kind for report in reports] == ["stuck"]

    def test_asyncio_takes_a_promise_wherever_it_takes_an_awaitable(self) -> None:
        def later(value: int) -> Promise[int]:
            return Promise.resolve(value).then()

        async def main() -> list[Any]:
            async def read(promise: Promise[int]) -> int:
                return await promise

            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(read(later(n))) for n in range(2)]
            return [
                await asyncio.gather(later(1), later(2)),
                await asyncio.wait_for(later(3), 10),
                await asyncio.shield(later(4)),
                await asyncio.ensure_future(later(5)),
                [task.result() for task in tasks],
            ]

        assert asyncio.run(main()) == [[1, 2], 3, 4, 5, [0, 1]]

    def test_await_of_a_settled_promise_does_not_suspend(self) -> None:
        async def read() -> list[int]:
            return [await Promise.resolve(n) for n in range(3)]

        with pytest.raises(StopIteration) as stopped:
            read().send(None)
        assert stopped.value.value == [0, 1, 2]

    def test_await_resumes_in_order_with_handlers(self) -> None:
        async def main() -> list[str]:
            promise, resolve, _ = Promise[None].with_resolvers()
            seen: list[str] = []

            async def read(name: str) -> None:
                await promise
                seen.append(name)

            promise.then(lambda _: seen.append("first"))
            tasks = [asyncio.create_task(read("second"))]
            await asyncio.sleep(0)
            promise.then(lambda _: seen.append("third"))
            tasks.append(asyncio.create_task(read("fourth")))
            await asyncio.sleep(0)
            resolve()
            await asyncio.gather(*tasks)
            return seen

        assert asyncio.run(main()) == ["first", "second", "third", "fourth"]
