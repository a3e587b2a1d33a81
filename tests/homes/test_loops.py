"""A loop that sleeps in `select` is woken at once, whoever settles (S3)."""

from __future__ import annotations

import _thread
import asyncio
import gc
import operator
import selectors
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from promisepy import BrokenPromise, Promise

from .loops import NewLoop, on_each_loop

Resolver = Callable[..., None]
has_signals = pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
frees_at_once = pytest.mark.skipif(
    "free-threading build" in sys.version,
    reason="what a thread has made is freed when that one runs on, and a loop is not kept awake for it",
)
# Only a lost wake-up takes so long: it ends the test instead of hanging it.
GUARD = 30


class Finaliser:
    """Settles when it is freed, as the handle of some libraries does."""

    def __init__(self, settle: Resolver) -> None:
        self.settle = settle

    def __del__(self) -> None:
        self.settle("woken")


class Watched(selectors.DefaultSelector):
    """A selector that calls `asleep` once, when its loop has nothing to do before the guard's time."""

    def __init__(self, asleep: Callable[[], object]) -> None:
        super().__init__()
        self.asleep: Callable[[], object] | None = asleep

    def select(self, timeout: float | None = None) -> Any:
        if (timeout is None or timeout > 1) and self.asleep is not None:
            asleep, self.asleep = self.asleep, None
            asleep()
        return super().select(timeout)


def run(new_loop: NewLoop, main: Callable[[], Any]) -> Any:
    """Run to the end, which must not come only because a timer has woken the loop."""
    fired: list[str] = []
    with asyncio.Runner(loop_factory=new_loop) as runner:
        guard = runner.get_loop().call_later(GUARD, fired.append, "only the guard has woken the loop")
        value = runner.run(main())
        guard.cancel()
    assert not fired
    return value


def wait_until_asleep(thread_id: int) -> None:
    """Return once the thread is in `epoll`; where the system does not tell, it may still be on its way."""
    place = Path(f"/proc/self/task/{thread_id}/wchan")
    for _ in range(10_000):  # some kernels always say "0"
        if not place.exists() or "poll" in place.read_text():
            return


def woken_by(new_loop: NewLoop, waker: Callable[[Resolver], Callable[[], object]]) -> str:
    """Give what a sleeping loop sees when another thread calls what `waker` makes of `resolve`."""
    promise, resolve, _ = Promise[str].with_resolvers(keep_alive=True)
    wake = waker(resolve)
    thread_id = threading.get_native_id()
    where: list[threading.Thread] = []

    async def main() -> str:
        loop = asyncio.get_running_loop()
        guard = loop.call_later(GUARD, resolve, "the guard")
        thread = threading.Thread(target=lambda: (wait_until_asleep(thread_id), wake()))
        loop.call_soon(thread.start)
        # Handlers in both kinds of home: of the script, which the loop drives, and of the loop itself.
        inner, resolve_inner, _ = Promise[str].with_resolvers()
        promise.then(resolve_inner)
        value = await inner.then(lambda value: where.append(threading.current_thread()) or value)
        thread.join()
        guard.cancel()
        return value

    value = run(new_loop, main)
    assert where == [threading.current_thread()]
    return value


def on_signal(handle: Callable[[], object]) -> Callable[[], object]:
    main_thread = threading.main_thread().ident
    signal.signal(signal.SIGUSR1, lambda *_: handle())
    return lambda: signal.pthread_kill(main_thread, signal.SIGUSR1)


@pytest.fixture
def own_signal() -> Iterator[None]:
    before = signal.getsignal(signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)


@on_each_loop
class TestASleepingLoopIsWokenBy:
    def test_another_thread(self, new_loop: NewLoop) -> None:
        assert woken_by(new_loop, lambda resolve: lambda: resolve("woken")) == "woken"

    @frees_at_once
    def test_a_finaliser_on_another_thread(self, new_loop: NewLoop) -> None:
        assert woken_by(new_loop, lambda resolve: [Finaliser(resolve)].clear) == "woken"

    def test_the_cycle_collector_on_another_thread(self, new_loop: NewLoop) -> None:
        def waker(resolve: Resolver) -> Callable[[], object]:
            cycle: list[Any] = [Finaliser(resolve)]
            cycle.append(cycle)
            return gc.collect

        gc.disable()
        try:
            assert woken_by(new_loop, waker) == "woken"
        finally:
            gc.enable()

    @has_signals
    def test_a_signal_handler_on_its_own_thread(self, new_loop: NewLoop, own_signal: None) -> None:
        assert woken_by(new_loop, lambda resolve: on_signal(lambda: resolve("woken"))) == "woken"

    @has_signals
    def test_a_finaliser_in_a_signal_handler(self, new_loop: NewLoop, own_signal: None) -> None:
        assert woken_by(new_loop, lambda resolve: on_signal([Finaliser(resolve)].clear)) == "woken"

    @frees_at_once
    def test_a_library_that_drops_its_callbacks(self, new_loop: NewLoop) -> None:
        library: list[Any] = []
        thread_id = threading.get_native_id()

        async def main() -> str:
            loop = asyncio.get_running_loop()
            promise = Promise[Any](lambda resolve, reject: library.append((resolve, reject)))
            guard = loop.call_later(GUARD, lambda: library and library[0][0]("the guard"))
            thread = threading.Thread(target=lambda: (wait_until_asleep(thread_id), library.clear()))
            loop.call_soon(thread.start)
            try:
                return await promise
            except BrokenPromise:
                return "broken"
            finally:
                guard.cancel()
                thread.join()

        assert run(new_loop, main) == "broken"


@pytest.mark.parametrize("drop", [False, True], ids=["resolve", "finaliser"])
def test_a_loop_is_woken_from_within_its_own_select(drop: bool) -> None:
    holders: list[Any] = []

    async def main() -> str:
        loop = asyncio.get_running_loop()
        promise, resolve, _ = Promise[str].with_resolvers()
        guard = loop.call_later(GUARD, resolve, "the guard")
        holders.append(Finaliser(resolve) if drop else resolve)
        value = await promise.then(lambda value: value)
        guard.cancel()
        return value

    strike = holders.clear if drop else lambda: holders[0]("woken")
    assert run(lambda: asyncio.SelectorEventLoop(Watched(strike)), main) == "woken"


@pytest.mark.parametrize("is_script", [False, True], ids=["its own promises", "those of a script"])
def test_a_loop_that_cannot_be_woken_for_one_job_runs_it_with_the_next(is_script: bool) -> None:
    """As when Ctrl-C strikes while somebody settles: who settles is told, and the home is not left as if it were armed."""

    class Interrupted(asyncio.SelectorEventLoop):
        def call_soon_threadsafe(self, *arguments: Any, **keywords: Any) -> Any:
            if strikes:
                raise strikes.pop()
            return super().call_soon_threadsafe(*arguments, **keywords)

    def settle(resolve: Resolver) -> None:
        try:
            resolve("settled")
        except KeyboardInterrupt:
            told.append("interrupted")

    def on_a_thread(resolve: Resolver) -> None:
        thread = threading.Thread(target=settle, args=[resolve])
        thread.start()
        thread.join()

    made = [Promise[str].with_resolvers() for _ in range(2)]
    strikes, told = list[BaseException](), list[str]()

    async def main() -> list[str]:
        (first, resolve_first, _), (second, resolve_second, _) = (
            made if is_script else [Promise[str].with_resolvers() for _ in range(2)]
        )
        handled = [first.then(), second.then()]
        strikes.append(KeyboardInterrupt())
        on_a_thread(resolve_first)
        on_a_thread(resolve_second)
        return [await asyncio.wait_for(promise, GUARD) for promise in handled]

    assert run(Interrupted, main) == ["settled"] * 2
    assert told == ["interrupted"]


@on_each_loop
@pytest.mark.parametrize("frames", [0, 1])
def test_a_promise_is_settled_where_hardly_any_python_has_called(new_loop: NewLoop, frames: int) -> None:
    """As by JavaScript in Pyodide: code in C goes all the way from the bottom of the thread to the resolving function."""
    loop, seen = new_loop(), SimpleQueue[Any]()

    def make() -> None:
        promise, resolve, _ = Promise[str].with_resolvers()
        promise.then(seen.put)
        loop.call_soon(*(lambda: resolve("settled"),) if frames else (resolve, "settled"))

    loop.set_exception_handler(lambda _, context: seen.put(context))
    loop.call_soon(make)
    # Such a thread has no trace function either, unless it sets that of `coverage`.
    steps = [partial(sys.settrace, threading.gettrace()), loop.run_forever, loop.close, partial(seen.put, "closed")]
    _thread.start_new_thread(list, (map(operator.call, steps),))
    assert seen.get(timeout=GUARD) == "settled"
    loop.call_soon_threadsafe(loop.stop)
    assert seen.get(timeout=GUARD) == "closed"


@on_each_loop
@pytest.mark.parametrize("known", [False, True], ids=["a new loop", "a loop that has met promises"])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "on a thread"])
def test_a_loop_that_a_handler_runs_drains_the_home_of_its_script(
    new_loop: NewLoop, known: bool, elsewhere: bool
) -> None:
    """The drain below, in `wait`, stands still until the handler returns."""
    script, resolve, _ = Promise[int].with_resolvers()
    settler = threading.Thread(target=resolve, args=[1])

    async def meet() -> None:
        Promise.resolve()

    async def main() -> int:
        asyncio.get_running_loop().call_soon(settler.start if elsewhere else settler.run)
        return await script.then(lambda value: value + 1).then(lambda value: value + 1)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        if known:
            runner.run(meet())
        handled = Promise.resolve().then(lambda _: runner.run(asyncio.wait_for(main(), 5)))
        assert handled.wait(timeout=30) == 3
    assert Promise.resolve(4).then().wait(timeout=30) == 4


def shut_down(runner: asyncio.Runner) -> None:
    runner.close()


def stop(runner: asyncio.Runner) -> None:
    """Leave it as it is: a loop that has only stopped gives no notice."""


def close(runner: asyncio.Runner) -> None:
    runner.get_loop().close()


@on_each_loop
@pytest.mark.parametrize("end", [shut_down, stop, close])
def test_a_loop_that_a_handler_runs_rings_the_timers_of_its_script_and_gives_them_back(
    new_loop: NewLoop, end: Callable[[asyncio.Runner], None]
) -> None:
    never = Promise[int].with_resolvers()
    runner = asyncio.Runner(loop_factory=new_loop)
    later: list[Promise[int]] = []

    async def main(early: Promise[int]) -> None:
        for promise in (early, never.promise.timeout(0.01)):
            with pytest.raises(TimeoutError, match=r"did not settle within 0\.0"):
                await promise
        later.append(never.promise.timeout(0.01))
        await Promise.resolve()  # behind the job that starts that one's clock

    def handle(early: Promise[int]) -> str:
        runner.run(asyncio.wait_for(main(early), 5))
        end(runner)
        return "handled"

    early = never.promise.timeout(0.02)
    assert Promise.resolve([early]).then(lambda found: handle(*found)).wait(timeout=30) == "handled"
    with pytest.raises(TimeoutError, match=r"did not settle within 0\.01"):
        later[0].wait(timeout=30)
    if end is stop:
        runner.close()


@on_each_loop
def test_a_loop_that_was_closed_without_notice_gives_the_timers_of_its_script_back(new_loop: NewLoop) -> None:
    """Although somebody has posted since, and found it closed."""
    never = Promise[int].with_resolvers()
    loop = new_loop()

    async def main() -> Promise[int]:
        late = never.promise.timeout(0.01)
        await asyncio.sleep(0)  # the clock of that one starts
        return late

    late = loop.run_until_complete(main())
    loop.close()
    Promise.resolve().then()
    with pytest.raises(TimeoutError, match=r"did not settle within 0\.01"):
        late.wait(timeout=5)


class Asked(asyncio.SelectorEventLoop):
    """Counts how often it is asked whether it has been closed."""

    asked = 0

    def is_closed(self) -> bool:
        self.asked += 1
        return super().is_closed()


def test_a_new_loop_does_not_look_at_those_that_have_long_been_closed() -> None:
    closed = [Asked() for _ in range(5)]

    async def make_a_promise() -> None:
        await Promise.resolve(1).then(lambda value: value + 1)

    for loop in closed:
        with asyncio.Runner(loop_factory=lambda loop=loop: loop) as runner:  # type: ignore[misc]
            runner.run(make_a_promise())
    asyncio.run(make_a_promise())
    before = [loop.asked for loop in closed]
    asyncio.run(make_a_promise())
    assert [loop.asked for loop in closed] == before
