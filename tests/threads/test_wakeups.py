"""A loop that is asleep is woken at once, by whatever settles: a thread, a signal handler, a finaliser (S3)."""

from __future__ import annotations

import asyncio
import gc
import selectors
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from promisepy import Promise

NewLoop = Callable[[], asyncio.AbstractEventLoop]
T = TypeVar("T")

PATIENCE = 30.0
LOST = "the loop was asleep and nobody woke it"


class Drowsy(selectors.DefaultSelector):
    """Calls a function when the loop has nothing to do and no timer, and so would sleep until somebody wakes it."""

    def __init__(self, before_sleep: Callable[[], object]) -> None:
        super().__init__()
        self._before_sleep = before_sleep

    def select(self, timeout: float | None = None) -> Any:
        if timeout is not None:
            return super().select(timeout)
        self._before_sleep()
        events = super().select(PATIENCE)
        assert events, LOST
        return events


def drowsy_loop(before_sleep: Callable[[], object]) -> asyncio.AbstractEventLoop:
    return asyncio.SelectorEventLoop(Drowsy(before_sleep))


def run_on(make_loop: Callable[[], asyncio.AbstractEventLoop], coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of the given kind."""
    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(coroutine)


def run_guarded(make_loop: Callable[[], asyncio.AbstractEventLoop], coroutine: Coroutine[Any, Any, T]) -> T:
    """Likewise, on a loop that only a guard would wake if nobody else does; that the guard does is a failure."""
    fired: list[str] = []
    with asyncio.Runner(loop_factory=make_loop) as runner:
        guard = runner.get_loop().call_later(PATIENCE, fired.append, LOST)
        result = runner.run(coroutine)
        guard.cancel()
    assert not fired, fired
    return result


def new_uvloop() -> asyncio.AbstractEventLoop:
    uvloop = pytest.importorskip("uvloop")
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


KINDS = [pytest.param(asyncio.new_event_loop, id="asyncio"), pytest.param(new_uvloop, id="uvloop")]


class Finaliser:
    """Calls a function when a garbage collection finds it."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act
        self.itself = self

    def __del__(self) -> None:
        self.act()


def in_a_thread(act: Callable[[], object]) -> None:
    threading.Thread(target=act).start()


def in_a_signal_handler(act: Callable[[], object]) -> None:
    """A true alarm that goes off when the loop is asleep in its system call."""
    signal.signal(signal.SIGALRM, lambda number, frame: act())
    signal.setitimer(signal.ITIMER_REAL, 0.01)


def in_a_signal_handler_before_the_sleep(act: Callable[[], object]) -> None:
    signal.signal(signal.SIGALRM, lambda number, frame: act())
    signal.raise_signal(signal.SIGALRM)


def in_a_finaliser(act: Callable[[], object]) -> None:
    Finaliser(act)
    gc.collect()


def in_a_finaliser_in_a_thread(act: Callable[[], object]) -> None:
    Finaliser(act)
    threading.Thread(target=gc.collect).start()


PLACES = [
    in_a_thread,
    in_a_finaliser,
    in_a_finaliser_in_a_thread,
    *([in_a_signal_handler, in_a_signal_handler_before_the_sleep] if hasattr(signal, "SIGALRM") else []),
]


@pytest.fixture(params=PLACES, ids=lambda place: place.__name__)
def place(request: pytest.FixtureRequest) -> Iterator[Callable[[Callable[[], object]], None]]:
    before = signal.getsignal(signal.SIGALRM) if hasattr(signal, "SIGALRM") else None
    yield request.param
    if before is not None:
        signal.signal(signal.SIGALRM, before)


Place = Callable[[Callable[[], object]], None]


def once(place: Place, settle: list[Any]) -> Callable[[], None]:
    """Settle from the given place when the loop is about to sleep, the first time that there is something to settle."""

    def before_sleep() -> None:
        if settle:
            place(lambda: settle.pop()(1))

    return before_sleep


def test_a_sleeping_loop_is_woken_for_a_handler(place: Place) -> None:
    settle: list[Any] = []

    async def main() -> int:
        done = asyncio.Event()
        promise, resolve, _ = Promise[int].with_resolvers()
        child = promise.then(lambda value: value + 1)
        child.then(lambda value: done.set())
        settle.append(resolve)
        await done.wait()
        return await child

    assert run_on(lambda: drowsy_loop(once(place, settle)), main()) == 2


def test_a_sleeping_loop_is_woken_for_a_task(place: Place) -> None:
    settle: list[Any] = []

    async def main() -> int:
        promise, resolve, _ = Promise[int].with_resolvers()
        settle.append(resolve)
        return await promise

    assert run_on(lambda: drowsy_loop(once(place, settle)), main()) == 1


def test_a_sleeping_loop_is_woken_for_a_promise_of_another_home(place: Place) -> None:
    settle: list[Any] = []
    promise, resolve, _ = Promise[int].with_resolvers()
    settle.append(resolve)

    async def main() -> int:
        return await promise.then(lambda value: value + 1)

    assert run_on(lambda: drowsy_loop(once(place, settle)), main()) == 2


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs user signals")
@pytest.mark.parametrize("new_loop", KINDS)
def test_a_signal_handler_of_the_loop_itself_settles(new_loop: NewLoop) -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        promise, resolve, _ = Promise[int].with_resolvers()
        loop.add_signal_handler(signal.SIGUSR1, resolve, 1)
        threading.Timer(0.01, signal.pthread_kill, [threading.main_thread().ident, signal.SIGUSR1]).start()
        try:
            return await promise
        finally:
            loop.remove_signal_handler(signal.SIGUSR1)

    assert run_guarded(new_loop, main()) == 1


@pytest.mark.parametrize("new_loop", KINDS)
def test_two_sleeping_loops_are_woken_by_a_third_thread(new_loop: NewLoop) -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    ready = threading.Barrier(3)

    async def main() -> int:
        asyncio.get_running_loop().call_soon(ready.wait, 30.0)  # after the await below has begun
        return await promise

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(run_guarded, new_loop, main()) for _ in range(2)]
        ready.wait(30.0)
        resolve(1)
        assert [result.result(timeout=30.0) for result in results] == [1, 1]
