"""Signal handlers and finalisers strike at every step of settling, subscribing, draining and waiting (S3).

Both run between two bytecodes of the interrupted thread, so no lock can protect against them. A trace function calls the
action exactly there; a few tests raise true signals.
"""

from __future__ import annotations

import asyncio
import asyncio.base_events
import gc
import selectors
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from promisepy import Promise, Report

from ..support import Mainloop
from .conftest import run_awake
from .explorer import PATIENCE, files, interrupt, interrupt_everywhere

Action = Callable[[], object]


class Finaliser:
    """Calls an action when a garbage collection finds it."""

    def __init__(self, action: Action) -> None:
        self.action = action
        self.itself = self

    def __del__(self) -> None:
        self.action()


def by_call(action: Action) -> Action:
    return action


def by_signal(action: Action) -> Action:
    def strike() -> None:
        previous = signal.signal(signal.SIGUSR1, lambda number, frame: action())
        try:
            signal.raise_signal(signal.SIGUSR1)
        finally:
            signal.signal(signal.SIGUSR1, previous)

    return strike


def by_finaliser(action: Action) -> Action:
    def strike() -> None:
        Finaliser(action)
        gc.collect(0)

    return strike


WAYS = [by_call, by_finaliser, *([by_signal] if hasattr(signal, "SIGUSR1") else [])]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request: pytest.FixtureRequest) -> Iterator[Callable[[Action], Action]]:
    gc.disable()
    yield request.param
    gc.enable()


Way = Callable[[Action], Action]


def test_a_settlement_interrupted_by_another(mainloop: Mainloop, way: Way) -> None:
    def make() -> tuple[Action, Action, Action]:
        seen: list[Any] = []
        promise, resolve, reject = Promise[int].with_resolvers()
        promise.then(seen.append, seen.append)
        error = ValueError()

        def check() -> None:
            mainloop.finish()
            assert seen in ([1], [error])

        return lambda: resolve(1), way(lambda: reject(error)), check

    assert interrupt_everywhere(make) > 10


def test_a_settlement_interrupted_by_thens(mainloop: Mainloop, way: Way) -> None:
    def make() -> tuple[Action, Action, Action]:
        seen: list[str] = []
        promise, resolve, _ = Promise[int].with_resolvers()
        promise.then(lambda value: seen.append("first"))

        def subscribe() -> None:
            promise.then(lambda value: seen.append("second"))
            promise.then(lambda value: seen.append("third"))

        def check() -> None:
            mainloop.finish()
            assert seen == ["first", "second", "third"]

        return lambda: resolve(1), way(subscribe), check

    assert interrupt_everywhere(make) > 10


def test_a_rejection_interrupted_by_a_catch(mainloop: Mainloop, reports: list[Report], way: Way) -> None:
    def make() -> tuple[Action, Action, Action]:
        seen: list[str] = []
        promise, _, reject = Promise[int].with_resolvers()

        def check() -> None:
            mainloop.finish()
            assert seen == ["bad"]
            assert not reports

        return (
            lambda: reject(ValueError("bad")),
            way(lambda: promise.catch(lambda error: seen.append(str(error)))),
            check,
        )

    assert interrupt_everywhere(make) > 10


@pytest.mark.parametrize("fails", [False, True])
def test_a_then_interrupted_by_the_settlement(mainloop: Mainloop, way: Way, fails: bool) -> None:
    def make() -> tuple[Action, Action, Action]:
        seen: list[Any] = []
        promise, resolve, reject = Promise[int].with_resolvers()
        promise.then(lambda value: seen.append("first"), lambda error: seen.append("first"))

        def check() -> None:
            mainloop.finish()
            assert seen == ["first", "second"]

        def settle() -> None:
            if fails:
                reject(ValueError())
            else:
                resolve(1)

        def then() -> None:
            promise.then(lambda value: seen.append("second"), lambda error: seen.append("second"))

        return then, way(settle), check

    assert interrupt_everywhere(make) > 5


def test_a_then_interrupted_by_a_then(mainloop: Mainloop, way: Way) -> None:
    def make() -> tuple[Action, Action, Action]:
        seen: list[str] = []
        promise, resolve, _ = Promise[int].with_resolvers()

        def check() -> None:
            resolve(1)
            mainloop.finish()
            assert sorted(seen) == ["inner", "outer"]

        return (
            lambda: promise.then(lambda value: seen.append("outer")),
            way(lambda: promise.then(lambda value: seen.append("inner"))),
            check,
        )

    assert interrupt_everywhere(make) > 3


def test_a_drain_interrupted_by_a_settlement(mainloop: Mainloop, way: Way) -> None:
    def make() -> tuple[Action, Action, Action]:
        seen: list[str] = []
        promise, resolve, _ = Promise[int].with_resolvers()
        promise.then(lambda value: seen.append("settled 1"))
        promise.then(lambda value: seen.append("settled 2"))
        Promise.resolve(1).then(lambda value: seen.append("drained 1")).then(lambda _: seen.append("drained 2"))

        def check() -> None:
            mainloop.finish()
            assert sorted(seen) == ["drained 1", "drained 2", "settled 1", "settled 2"]
            assert seen.index("settled 1") < seen.index("settled 2")

        return mainloop.run, way(lambda: resolve(1)), check

    assert interrupt_everywhere(make) > 20


def test_a_drop_interrupted_by_a_catch(mainloop: Mainloop, reports: list[Report], way: Way) -> None:
    def make() -> tuple[Action, Action, Action]:
        seen: list[BaseException] = []
        promise, *functions = Promise[int].with_resolvers()

        def check() -> None:
            mainloop.finish()
            assert len(seen) == 1
            assert not reports

        return functions.clear, way(lambda: promise.catch(seen.append)), check

    assert interrupt_everywhere(make) > 5


class Rescue:
    """Settles from another thread what the action has not settled, so that a sleeper without an action wakes as well.

    After the action it has no effect: it cannot wake a sleeper that the action should have woken.
    """

    def __init__(self, delay: float) -> None:
        self.has_come = False
        self._delay = delay

    def expect(self, resolve: Callable[[int], object]) -> None:
        def settle() -> None:
            self.has_come = True
            resolve(0)

        threading.Timer(self._delay, settle).start()


def interrupt_until_asleep(
    make: Callable[[Rescue], tuple[Action, Action, Action]], way: Way, watched: frozenset[str], opcodes: bool
) -> int:
    """Interrupt a program at each of its steps up to its sleep; a lost wake-up fails by the program's own timeout."""
    at, delay = 0, 0.002
    while delay < 1:
        rescue = Rescue(delay)
        program, action, check = make(rescue)
        in_time: list[bool] = []

        def strike() -> None:
            in_time.append(not rescue.has_come)
            action()

        interrupt(program, way(strike), at, watched, opcodes)
        check()
        # A rescue that came first may have come too early. If it still does with a long delay, the sleep lies behind.
        at, delay = (at + 1, 0.002) if in_time == [True] else (at, 4 * delay)
    return at


def test_a_wait_interrupted_by_the_settlement(way: Way) -> None:
    def make(rescue: Rescue) -> tuple[Action, Action, Action]:
        seen: list[int] = []
        promise, resolve, _ = Promise[int].with_resolvers()
        rescue.expect(resolve)

        def check() -> None:
            assert len(seen) == 1

        return lambda: seen.append(promise.wait(PATIENCE)), lambda: resolve(1), check

    assert interrupt_until_asleep(make, way, files("cell", "jobs", "homes", "promise"), True) > 20


LOOP_FILES = frozenset({asyncio.base_events.__file__, selectors.__file__, asyncio.events.__file__})


@pytest.mark.parametrize("opcodes", [False, True], ids=["lines of asyncio", "opcodes of promisepy"])
def test_a_loop_interrupted_by_the_settlement(way: Way, opcodes: bool) -> None:
    """Also in the lines around `select`, where a handle that is merely put in the queue would sleep with the loop."""
    loop = asyncio.new_event_loop()

    def make(rescue: Rescue) -> tuple[Action, Action, Action]:
        seen: list[int] = []
        resolvers: list[Callable[[int], object]] = []

        async def main() -> None:
            promise, resolve, _ = Promise[int].with_resolvers()
            resolvers.append(resolve)
            rescue.expect(resolve)
            seen.append(await promise)

        def strike() -> None:
            if resolvers:
                resolvers[0](1)

        def check() -> None:
            assert len(seen) == 1

        return lambda: run_awake(loop, main()), strike, check

    watched = files("cell", "jobs", "homes", "tasks", "promise") if opcodes else LOOP_FILES
    assert interrupt_until_asleep(make, way, watched, opcodes) > 20
    loop.close()


def test_a_loop_about_to_sleep_interrupted_by_a_then_and_a_settlement(way: Way) -> None:
    """The job does not come from the loop's own task but from a handler, on a loop that has nothing else to do."""
    loop = asyncio.new_event_loop()

    def make(rescue: Rescue) -> tuple[Action, Action, Action]:
        done = asyncio.Event()
        resolvers: list[Callable[[int], object]] = []

        async def main() -> None:
            promise, resolve, _ = Promise[int].with_resolvers()
            promise.then(lambda value: Promise.resolve(value)).then(lambda value: done.set())
            resolvers.append(resolve)
            rescue.expect(resolve)
            await done.wait()

        def strike() -> None:
            if resolvers:
                resolvers[0](1)

        return lambda: run_awake(loop, main()), strike, lambda: None

    assert interrupt_until_asleep(make, way, LOOP_FILES, False) > 20
    loop.close()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_a_storm_of_true_signals(mainloop: Mainloop) -> None:
    """A timer's signals settle and subscribe, wherever they strike, while this thread does the same."""
    resolve: Callable[[str], object] = str
    promise: Promise[str] = Promise.resolve("")
    seen: list[str] = []
    strikes = 0

    def strike(number: int, frame: object) -> None:
        nonlocal strikes
        strikes += 1
        promise.then(lambda value, entry=f"strike {strikes}": seen.append(entry))  # type: ignore[misc]
        resolve("signal")

    previous = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
    try:
        for rounds in range(1, 100_000):
            promise, resolve, _ = Promise[str].with_resolvers()
            promise.then(lambda value, entry=f"round {rounds}": seen.append(entry))  # type: ignore[misc]
            resolve("round")
            mainloop.run()
            if rounds >= 300 and strikes >= 300:
                break
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    mainloop.finish()
    assert [entry for entry in seen if entry.startswith("round")] == [f"round {n}" for n in range(1, rounds + 1)]
    assert sorted(entry for entry in seen if entry.startswith("strike")) == sorted(
        f"strike {n}" for n in range(1, strikes + 1)
    )


class Value:
    """A value, or a handler's possession, that settles something when it goes."""

    def __init__(self, settle: Action) -> None:
        self._settle = settle

    def __del__(self) -> None:
        self._settle()


def test_a_value_that_settles_another_promise_when_it_is_dropped(mainloop: Mainloop) -> None:
    seen: list[str] = []
    other, resolve_other, _ = Promise[str].with_resolvers()
    other.then(seen.append)
    promise, resolve, _ = Promise[Value].with_resolvers()
    promise.then(lambda value: seen.append("got it"))
    resolve(Value(lambda: resolve_other("dropped")))
    resolve(Value(lambda: resolve_other("ignored and dropped")))
    mainloop.run()
    del promise, resolve
    mainloop.finish()
    assert seen == ["ignored and dropped", "got it"] or seen == ["got it", "ignored and dropped"]


def test_a_handler_whose_closure_settles_and_subscribes_when_it_is_dropped(mainloop: Mainloop) -> None:
    seen: list[str] = []
    other, resolve_other, _ = Promise[str].with_resolvers()

    def subscribe_and_settle() -> None:
        other.then(seen.append)
        resolve_other("from the finaliser")

    possession = Value(subscribe_and_settle)

    def handler(value: str, possession: Value = possession) -> None:
        seen.append(value)

    promise, resolve, _ = Promise[str].with_resolvers()
    promise.then(handler).then(lambda _: seen.append("next"))
    del possession, handler
    resolve("handled")
    mainloop.finish()
    assert seen == ["handled", "from the finaliser", "next"] or seen == ["handled", "next", "from the finaliser"]


def test_a_finaliser_that_drops_the_last_resolving_function(mainloop: Mainloop) -> None:
    """The functions go while another promise settles: the rejection is one more settlement inside a settlement."""
    seen: list[str] = []
    forgotten, *functions = Promise[int].with_resolvers()
    forgotten.catch(lambda error: seen.append(type(error).__name__))
    promise, resolve, _ = Promise[object].with_resolvers()
    promise.then(lambda value: seen.append("settled"))
    resolve(Value(functions.clear))
    del promise, resolve
    mainloop.finish()
    assert sorted(seen) == ["BrokenPromise", "settled"]
