"""A script home under loops that come later: they drive it from then on, whoever settles (S2, S4)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

import pytest

from promisepy import Promise, StuckPromise, set_host
from promisepy._core.jobs import BURST

GUARD = 5.0


def from_a_thread(settle: Callable[[], object]) -> None:
    threading.Thread(target=settle).start()


def from_the_loop(settle: Callable[[], object]) -> None:
    asyncio.get_running_loop().call_soon(settle)


@pytest.fixture(params=[from_a_thread, from_the_loop], ids=lambda source: source.__name__)
def source(request: pytest.FixtureRequest) -> Callable[[Callable[[], object]], None]:
    return request.param  # type: ignore[no-any-return]


Source = Callable[[Callable[[], object]], None]


async def meet() -> None:
    """Make the running loop known to the script's home."""
    Promise.resolve()


async def within_reason(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Fail, instead of hanging, if nobody wakes the loop. The guard's own awakening must not pass for success."""
    fired: list[str] = []
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(coroutine)

    def give_up() -> None:
        fired.append("nobody woke the loop")
        task.cancel()

    guard = loop.call_later(GUARD, give_up)
    try:
        return await task
    except asyncio.CancelledError:
        pytest.fail(fired[0])
    finally:
        guard.cancel()
        assert not fired, fired


def test_a_loop_runs_handlers_that_wake_plain_asyncio_code(source: Source) -> None:
    promise, resolve, _ = Promise[int].with_resolvers()

    async def main() -> None:
        done = asyncio.Event()
        promise.then(lambda value: done.set())
        source(lambda: resolve(1))
        await done.wait()

    asyncio.run(within_reason(main()))


def test_a_loop_runs_handlers_that_were_left_before_it_began(source: Source) -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    events: list[asyncio.Event] = []
    child = promise.then(lambda value: events[0].set())

    async def main() -> None:
        events.append(asyncio.Event())
        Promise.resolve()  # the loop has met promises, so the home knows it
        source(lambda: resolve(1))
        await events[0].wait()

    asyncio.run(within_reason(main()))
    assert child.state == "fulfilled"


def test_a_second_loop_runs_handlers_as_the_first_did(source: Source) -> None:
    first, resolve_first, _ = Promise[int].with_resolvers()
    second, resolve_second, _ = Promise[int].with_resolvers()

    async def use(promise: Promise[int], resolve: Callable[[int], object]) -> None:
        done = asyncio.Event()
        promise.then(lambda value: done.set())
        source(lambda: resolve(1))
        await done.wait()

    asyncio.run(within_reason(use(first, resolve_first)))
    asyncio.run(within_reason(use(second, resolve_second)))


def test_a_settlement_in_a_loop_makes_it_known() -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    events: list[asyncio.Event] = []
    child = promise.then(lambda value: events[0].set())

    async def main() -> None:
        events.append(asyncio.Event())
        asyncio.get_running_loop().call_soon(resolve, 1)
        await events[0].wait()

    asyncio.run(within_reason(main()))
    assert child.state == "fulfilled"


def test_a_settlement_in_a_loop_makes_it_known_although_jobs_were_left_before_that_nobody_ran() -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    events: list[asyncio.Event] = []
    child = promise.then(lambda value: events[0].set())
    left = Promise.resolve("left").then(str.upper)

    async def main() -> None:
        events.append(asyncio.Event())
        asyncio.get_running_loop().call_soon(resolve, 1)
        await events[0].wait()

    asyncio.run(within_reason(main()))
    assert (child.state, left.value) == ("fulfilled", "LEFT")


def test_a_loop_on_which_somebody_settles_runs_no_handlers_of_other_threads() -> None:
    """Two threads, each the other's settler, so that it does not depend on which of them has the greater number."""
    threads: dict[str, threading.Thread] = {}
    here, resolve_here, _ = Promise[str].with_resolvers()

    def note(name: str) -> None:
        threads[name] = threading.current_thread()

    async def settle(resolve: Callable[[str], None], name: str) -> None:
        resolve(name)

    def work() -> None:
        there, resolve_there, _ = Promise[str].with_resolvers()
        asyncio.run(settle(resolve_here, "here"))
        handled = there.then(note)
        made.set_result(resolve_there)
        assert settled.wait(GUARD)
        handled.wait(GUARD)

    made: Future[Callable[[str], None]] = Future()
    settled = threading.Event()
    handled = here.then(note)
    other = threading.Thread(target=work)
    other.start()
    asyncio.run(settle(made.result(GUARD), "there"))
    settled.set()
    other.join(GUARD)
    handled.wait(GUARD)
    assert threads == {"here": threading.current_thread(), "there": other}


def test_what_a_thread_settles_while_a_loop_runs_that_never_meets_promises_waits_for_the_next_wait() -> None:
    """asyncio tells nobody that a loop has started; but nothing is lost."""
    promise, resolve, _ = Promise[int].with_resolvers()
    child = promise.then(str)

    async def main() -> None:
        thread = threading.Thread(target=resolve, args=[1])
        thread.start()
        thread.join()
        await asyncio.sleep(0)

    asyncio.run(main())
    assert child.state == "pending"
    assert child.wait(GUARD) == "1"


def test_a_wait_between_two_loops_and_after_them() -> None:
    seen: list[str] = []

    def next_one(name: str) -> Promise[None]:
        promise, resolve, _ = Promise[str].with_resolvers()
        child = promise.then(seen.append)
        threading.Thread(target=resolve, args=[name]).start()
        return child

    async def read(promise: Promise[None]) -> None:
        await promise

    next_one("wait").wait(GUARD)
    asyncio.run(within_reason(read(next_one("loop"))))
    next_one("wait again").wait(GUARD)
    asyncio.run(within_reason(read(next_one("second loop"))))
    next_one("wait at last").wait(GUARD)
    assert seen == ["wait", "loop", "wait again", "second loop", "wait at last"]


def test_a_loop_that_was_left_open_goes_on_where_it_stopped() -> None:
    seen: list[int] = []
    loop = asyncio.new_event_loop()

    async def begin() -> tuple[Promise[None], Any]:
        promise, resolve, _ = Promise[int].with_resolvers()
        return promise.then(seen.append), resolve

    child, resolve = loop.run_until_complete(begin())
    thread = threading.Thread(target=resolve, args=[1])  # while nobody runs the loop
    thread.start()
    thread.join()
    assert child.state == "pending"
    loop.run_until_complete(asyncio.sleep(0))
    assert seen == [1]
    loop.close()


def test_a_loop_that_was_left_open_goes_on_after_a_wait() -> None:
    seen: list[int] = []
    promise, resolve, _ = Promise[int].with_resolvers()
    promise.then(seen.append)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(meet())
    Promise.resolve().wait(GUARD)
    resolve(1)
    assert seen == []
    loop.run_until_complete(asyncio.sleep(0))
    assert seen == [1]
    loop.close()


def test_a_loop_that_was_left_open_goes_on_with_what_a_wait_has_left() -> None:
    length = 0
    done = asyncio.Event()

    def step(_: None) -> None:
        nonlocal length
        length += 1
        if length < 2 * BURST:
            Promise.resolve().then(step)
        else:
            done.set()

    def begin() -> None:
        resolve(None)
        Promise.resolve().then(step)

    promise, resolve, _ = Promise[None].with_resolvers()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(meet())
    promise.wait(GUARD, pump=begin)
    assert 0 < length <= BURST
    loop.run_until_complete(within_reason(done.wait()))
    loop.close()


def test_a_host_takes_over_from_a_loop_that_has_stopped() -> None:
    class Mainloop:
        def post(self, drain: Callable[[], object]) -> None:
            posted.append(drain)

    posted: list[Callable[[], object]] = []
    seen: list[int] = []
    promise, resolve, _ = Promise[int].with_resolvers()
    promise.then(seen.append)

    async def use() -> None:
        await Promise.resolve(0).then()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(use())
    previous = set_host(Mainloop())
    try:
        resolve(1)
        while posted:
            posted.pop()()
        assert seen == [1]
    finally:
        set_host(previous)
        loop.close()


def test_whoever_waits_elsewhere_learns_that_a_loop_has_gone() -> None:
    async def begin() -> tuple[Promise[str], Any]:
        promise, resolve, _ = Promise[int].with_resolvers()
        return promise.then(str), resolve

    child, resolve = asyncio.run(begin())
    begun = threading.Event()
    errors: list[BaseException] = []

    def wait() -> None:
        Promise.resolve().then(lambda _: begun.set())
        try:
            child.wait(GUARD)
        except StuckPromise as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    begun.wait(GUARD)

    async def read() -> None:
        asyncio.get_running_loop().call_soon(resolve, 1)
        with pytest.raises(StuckPromise):
            await child

    asyncio.run(within_reason(read()))
    thread.join(GUARD)
    assert [type(error) for error in errors] == [StuckPromise]


def test_a_loop_that_ends_leaves_the_home_to_the_loop_that_drove_it_last() -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    done = asyncio.Event()
    promise.then(lambda value: done.set())
    earlier, later = asyncio.new_event_loop(), asyncio.new_event_loop()
    earlier.run_until_complete(meet())
    later.run_until_complete(meet())
    earlier.run_until_complete(earlier.shutdown_asyncgens())
    earlier.close()
    thread = threading.Thread(target=resolve, args=[1])
    thread.start()
    thread.join()
    later.run_until_complete(within_reason(done.wait()))
    later.run_until_complete(later.shutdown_asyncgens())
    later.close()
