"""Every schedule, with at most two preemptions, of a settlement and of the home that is about to fall asleep (S3, S4)."""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections.abc import Callable
from functools import partial
from queue import Empty
from typing import Any

import pytest

from promisepy import Promise, Report, StuckPromise, set_host
from promisepy._core.homes import current_thread_home
from promisepy._core.homes import this_thread as _thread

from ..support import Mainloop
from .conftest import run_awake
from .explorer import Explorer, Lane, Race, explorer, files

pytestmark = pytest.mark.slow

HOMES = files("cell", "jobs", "homes", "loops", "tasks", "promise")


class Bed:
    """Stands in for the queue in which a thread sleeps in `wait`: asleep, the lane gives way to the others."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._wakeups = 0

    def put(self, _: None) -> None:
        self._wakeups += 1

    def get(self, timeout: float | None = None) -> None:
        if timeout is not None and not self._wakeups:
            raise Empty
        self._lane.block(lambda: self._wakeups > 0)
        self._wakeups -= 1


def make_bed(search: Explorer) -> None:
    """Have lane 0 sleep where the explorer can see it."""

    def replace() -> None:
        current_thread_home().new_bed = lambda: Bed(search.lanes[0])  # type: ignore[assignment, return-value]

    search.on(0, replace)


def test_wait_and_settle() -> None:
    with explorer(2, watched=files("jobs", "homes", "loops", "clock")) as search:
        make_bed(search)

        def make() -> Race:
            promise, resolve, _ = search.on(0, Promise[int].with_resolvers)
            results: list[int] = []

            def check() -> None:
                assert results == [1]

            return Race((lambda: results.append(promise.wait()), lambda: resolve(1)), check)

        assert search.explore(make) > 100


def test_wait_for_a_chain_and_settle() -> None:
    with explorer(2, watched=files("jobs", "homes", "loops", "clock")) as search:
        make_bed(search)

        def make() -> Race:
            promise, resolve, _ = search.on(0, Promise[int].with_resolvers)
            results: list[int] = []

            def wait() -> None:
                results.append(promise.then(lambda value: value + 1).then(lambda value: value + 1).wait())

            def check() -> None:
                assert results == [3]

            return Race((wait, lambda: resolve(1)), check)

        search.explore(make)


def test_wait_and_two_settlers() -> None:
    with explorer(3, watched=files("jobs", "homes", "loops", "clock"), preemptions=1) as search:
        make_bed(search)

        def make() -> Race:
            first, resolve_first, _ = search.on(0, Promise[int].with_resolvers)
            second, resolve_second, _ = search.on(0, Promise[int].with_resolvers)
            results: list[int] = []

            def wait() -> None:
                results.append(first.then(lambda value: second).wait())

            def check() -> None:
                assert results == [2]

            return Race((wait, lambda: resolve_first(1), lambda: resolve_second(2)), check)

        search.explore(make)


def turn(loop: asyncio.AbstractEventLoop) -> None:
    """Run what is ready on a loop."""
    loop.call_soon(loop.stop)
    loop.run_forever()


async def value_of(promise: Promise[int]) -> int:
    return await promise


async def finish(task: asyncio.Task[int]) -> int:
    return await task


async def gather(promises: list[Promise[None]]) -> None:
    await asyncio.gather(*promises)


async def new_promise() -> tuple[Promise[int], Callable[[int], None]]:
    promise, resolve, _ = Promise[int].with_resolvers()
    return promise, resolve


def test_await_and_settle() -> None:
    with explorer(2, watched=HOMES) as search:
        loop = search.on(0, asyncio.new_event_loop)

        def make() -> Race:
            promise, resolve = search.on(0, lambda: run_awake(loop, new_promise()))
            task = loop.create_task(value_of(promise))

            def check() -> None:
                assert search.on(0, lambda: run_awake(loop, finish(task))) == 1

            return Race((lambda: turn(loop), lambda: resolve(1)), check)

        assert search.explore(make) > 50
        search.on(0, loop.close)


def test_cancel_the_awaiting_task_and_settle() -> None:
    with explorer(2, watched=files("cell", "tasks")) as search:
        loop = search.on(0, asyncio.new_event_loop)

        def make() -> Race:
            promise, resolve = search.on(0, lambda: run_awake(loop, new_promise()))
            tasks = [loop.create_task(value_of(promise)) for _ in range(3)]
            search.on(0, lambda: turn(loop))

            def cancel() -> None:
                tasks[1].cancel()
                turn(loop)

            def check() -> None:
                results = search.on(0, lambda: run_awake(loop, asyncio.wait(tasks)))[0]
                assert results == set(tasks)
                assert [tasks[0].result(), tasks[2].result()] == [1, 1]
                assert tasks[1].cancelled()

            return Race((cancel, lambda: resolve(1)), check)

        search.explore(make)
        search.on(0, loop.close)


def test_handlers_on_a_loop_and_two_settlers() -> None:
    with explorer(3, watched=files("jobs", "homes", "loops", "clock"), preemptions=1) as search:
        loop = search.on(0, asyncio.new_event_loop)

        def make() -> Race:
            log: list[int] = []
            first, resolve_first = search.on(0, lambda: run_awake(loop, new_promise()))
            second, resolve_second = search.on(0, lambda: run_awake(loop, new_promise()))
            children = [first.then(log.append), second.then(log.append)]

            def check() -> None:
                search.on(0, lambda: run_awake(loop, gather(children)))
                assert sorted(log) == [1, 2]

            return Race((lambda: turn(loop), lambda: resolve_first(1), lambda: resolve_second(2)), check)

        search.explore(make)
        search.on(0, loop.close)


def probe(loop: asyncio.AbstractEventLoop) -> None:
    """Show, on the home's own thread, that a loop that is started now gets the jobs."""
    promise, resolve, _ = Promise[int].with_resolvers()

    async def use() -> None:
        done = asyncio.Event()
        promise.then(lambda value: done.set())
        asyncio.get_running_loop().call_soon(resolve, 1)
        await done.wait()

    run_awake(loop, use())


def test_a_wait_that_meets_a_settler_leaves_a_home_that_works() -> None:
    """What arms the home may come when the wait has just gone: the next job must find somebody nevertheless."""
    with explorer(2, watched=files("jobs", "homes", "loops", "clock")) as search:
        make_bed(search)
        loop = asyncio.new_event_loop()

        def make() -> Race:
            promise, resolve, _ = search.on(0, Promise[int].with_resolvers)
            other, resolve_other, _ = search.on(0, Promise[int].with_resolvers)
            seen: list[int] = []
            other.then(seen.append)

            def settle() -> None:
                resolve(1)
                resolve_other(2)

            def check() -> None:
                search.on(0, lambda: probe(loop))
                assert seen == [2]

            return Race((promise.wait, settle), check)

        search.explore(make)
        loop.close()


def test_a_wait_that_times_out_while_a_settler_comes_leaves_a_home_that_works() -> None:
    with explorer(2, watched=files("jobs", "homes", "loops", "clock")) as search:
        loop = asyncio.new_event_loop()

        def make() -> Race:
            promise, resolve, _ = search.on(0, Promise[int].with_resolvers)
            seen: list[int] = []
            promise.then(seen.append)

            def wait() -> None:
                try:
                    promise.wait(timeout=0)
                except TimeoutError:
                    pass

            def check() -> None:
                search.on(0, lambda: probe(loop))
                assert seen == [1]

            return Race((wait, lambda: resolve(1)), check)

        search.explore(make)
        loop.close()


class SelectorWithBed(selectors.DefaultSelector):
    """Like `Bed`, for the private loop that runs coroutines in `wait`."""

    def __init__(self, lane: Lane) -> None:
        super().__init__()
        self._lane = lane

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            self._lane.block(lambda: bool(super(SelectorWithBed, self).select(0)))
        return super().select(0)


def test_wait_for_a_coroutine_and_settle_what_it_awaits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait is about to hand its thread to the private loop that runs the coroutine."""
    with explorer(2, watched=files("homes")) as search:
        make_bed(search)
        new_loop = partial(asyncio.SelectorEventLoop, SelectorWithBed(search.lanes[0]))
        monkeypatch.setattr(asyncio, "new_event_loop", new_loop)

        loop = asyncio.SelectorEventLoop()

        def begin() -> tuple[Promise[int], Callable[[int], object]]:
            promise, resolve, _ = Promise[int].with_resolvers()
            result = Promise.resolve(value_of(promise))
            Promise.resolve(asyncio.sleep(0)).wait()
            return result, resolve  # the coroutine now stands at its await

        def make() -> Race:
            result, resolve = search.on(0, begin)
            other, resolve_other, _ = search.on(0, Promise[int].with_resolvers)
            results: list[int] = []
            seen: list[int] = []
            other.then(seen.append)

            def settle() -> None:
                resolve(1)
                resolve_other(2)

            def check() -> None:
                search.on(0, lambda: probe(loop))
                assert (results, seen) == ([1], [2])

            return Race((lambda: results.append(result.wait()), settle), check)

        search.explore(make)
        loop.close()


@pytest.mark.parametrize(("watched", "preemptions"), [(["loops"], 2), (["jobs", "homes", "loops"], 1)], ids=["2", "1"])
def test_two_settlers_and_a_closed_loop(reports: list[Report], watched: list[str], preemptions: int) -> None:
    with explorer(2, watched=files(*watched), preemptions=preemptions) as search:

        def make() -> Race:
            loop = asyncio.new_event_loop()
            first, resolve_first = loop.run_until_complete(new_promise())
            second, resolve_second = loop.run_until_complete(new_promise())
            reasons: list[Any] = []
            children = [first.then(reasons.append), second.then(reasons.append)]
            loop.close()

            def check() -> None:
                assert [type(child.reason) for child in children] == [StuckPromise] * 2
                assert not reasons

            return Race((lambda: resolve_first(1), lambda: resolve_second(2)), check)

        search.explore(make)


def test_two_settlers_and_an_ended_thread(reports: list[Report]) -> None:
    with explorer(2, watched=files("jobs", "homes", "loops", "clock")) as search:

        def make() -> Race:
            pairs: list[Any] = []
            thread = threading.Thread(target=lambda: pairs.extend(Promise[int].with_resolvers() for _ in range(2)))
            thread.start()
            thread.join()
            children = [promise.then(print) for promise, _, _ in pairs]

            def check() -> None:
                assert [type(child.reason) for child in children] == [StuckPromise] * 2

            return Race((lambda: pairs[0].resolve(1), lambda: pairs[1].resolve(2)), check)

        search.explore(make)


def test_a_wait_with_a_pump_leaves_a_host_that_works() -> None:
    with explorer(2, watched=files("jobs", "homes", "loops", "clock")) as search:
        make_bed(search)
        host = Mainloop()
        search.on(0, lambda: set_host(host))

        def make() -> Race:
            promise, resolve, _ = search.on(0, Promise[int].with_resolvers)
            other, resolve_other, _ = search.on(0, Promise[int].with_resolvers)
            seen: list[int] = []
            other.then(seen.append)

            calls = 0

            def pump() -> None:
                nonlocal calls
                calls += 1
                if calls > 1:  # after the first the wait sleeps for a moment
                    search.lanes[0].block(lambda: promise.state != "pending")

            def settle() -> None:
                resolve(1)
                resolve_other(2)

            def check() -> None:
                search.on(0, host.finish)
                assert seen == [2]

            return Race((lambda: promise.wait(pump=pump), settle), check)

        search.explore(make)


def test_settle_and_a_change_of_hosts() -> None:
    with explorer(2, watched=files("jobs", "homes", "loops", "clock")) as search:

        def make() -> Race:
            old, new = Mainloop(), Mainloop()
            search.on(0, lambda: set_host(old))
            promise, resolve, _ = search.on(0, Promise[int].with_resolvers)
            seen: list[int] = []
            promise.then(seen.append)

            def check() -> None:
                # The old one has gone: what it was asked to do it will not do.
                search.on(0, new.finish)
                assert seen == [1]

            return Race((lambda: set_host(new), lambda: resolve(1)), check)

        search.explore(make)


def new_home() -> Any:
    """Give a lane a new home, as if it were a new thread."""
    _thread.home = None
    return current_thread_home()


def test_settle_and_the_end_of_the_home() -> None:
    with explorer(2, watched=files("jobs", "homes", "loops", "clock")) as search:

        def make() -> Race:
            home = search.on(0, new_home)
            promise, resolve, _ = search.on(0, Promise[int].with_resolvers)
            child = promise.then(str)

            def check() -> None:
                assert type(child.reason) is StuckPromise

            return Race((home.close, lambda: resolve(1)), check)

        search.explore(make)
        search.on(0, new_home)
