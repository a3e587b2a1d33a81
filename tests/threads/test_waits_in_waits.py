"""A signal handler or finaliser waits at every step of a `wait`, which must not sleep past its own wake-up (INV-NEST)."""

from __future__ import annotations

import asyncio
import gc
import itertools
import selectors
import signal
import threading
import time
from collections.abc import Callable
from queue import Empty
from typing import Any

import pytest

from promisepy import Promise, stream
from promisepy._core.homes import current_thread_home

from ..events.library import when_asleep
from ..support import PATIENCE, on_a_thread, strike
from .explorer import files, interrupt

pytestmark = pytest.mark.slow

Action = Callable[[], object]
WATCHED = files("jobs", "homes", "loops", "clock", "wait", "promise")
needs_signals = pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs user signals")
# A wait for longer than this, in seconds, is one in which only a wake-up can end the sleep.
LONG = 1.0


class Night:
    """What happens while a thread sleeps: first the signal, if it has not come before, then what other threads do."""

    def __init__(self, strike: Action) -> None:
        self.later: list[Action] = []
        self.strike: Action | None = strike
        self.has_interrupted_sleep = False

    def signal(self) -> None:
        strike, self.strike = self.strike, None
        if strike is not None:
            strike()

    def passes(self) -> bool:
        """Let the next thing happen; false if nothing will."""
        if self.strike is not None:
            self.has_interrupted_sleep = True
            self.signal()
            return True
        if self.later:
            on_a_thread(self.later.pop(0))
            return True
        return False


class Bed:
    """Stands in for the queue in which a thread sleeps: it knows whether anybody will ever wake the sleeper."""

    def __init__(self, night: Night) -> None:
        self._night = night
        self._tokens = 0

    def put(self, _: None) -> None:
        self._tokens += 1

    def get(self, timeout: float | None = None) -> None:
        while not self._tokens:
            if self._night.passes():
                continue
            assert timeout is not None and timeout < LONG, "asleep for ever"
            time.sleep(timeout)
            raise Empty
        self._tokens -= 1


class SelectorWithNight(selectors.DefaultSelector):
    """The same for the private loop, which runs coroutines in `wait`."""

    def __init__(self, night: Night) -> None:
        super().__init__()
        self._night = night

    def select(self, timeout: float | None = None) -> Any:
        while not (events := super().select(0)) and timeout != 0:
            if self._night.passes():
                continue
            assert timeout is not None and timeout < LONG, "asleep for ever"
            return super().select(timeout)
        return events


def interrupt_each_step(make: Callable[[], tuple[Action, Night, Action]]) -> int:
    """Run a fresh program for each of its steps, the last one being its sleep; gives their number.

    What the signal does in that sleep takes steps as well. There the signal has come, so they are not explored.
    """
    home = current_thread_home()
    usual = home.new_bed
    gc.collect()
    gc.disable()  # a collection would add the steps of finalisers wherever it strikes
    try:
        for at in itertools.count():
            home.private.close()  # the next one sleeps in this night, unlike one that another test has left
            program, night, check = make()
            home.new_bed = lambda night=night: Bed(night)  # type: ignore[assignment, return-value, misc]
            try:
                interrupt(program, night.signal, at, WATCHED, opcodes=True)
                check()
            except BaseException as error:
                error.add_note(f"interrupted at step {at}")
                raise
            if night.has_interrupted_sleep:
                return at
    finally:
        gc.enable()
        home.new_bed = usual
        home.private.close()
    raise AssertionError("unreachable")


def wait_for_something(_: Callable[[int], None]) -> None:
    Promise.resolve("inner").then().wait(PATIENCE)


def wait_for_another_thread(_: Callable[[int], None]) -> None:
    inner, resolve_inner, _reject = Promise[int].with_resolvers()
    NIGHTS[-1].later.append(lambda: resolve_inner(1))
    inner.then().wait(PATIENCE)


def wait_in_vain(_: Callable[[int], None]) -> None:
    with pytest.raises(TimeoutError):
        Promise[int].with_resolvers(keep_alive=True).promise.wait(timeout=0)


def settle_and_wait(settle: Callable[[int], None]) -> None:
    settle(1)
    Promise.resolve("inner").then().wait(PATIENCE)


def wait_while_another_thread_settles(settle: Callable[[int], None]) -> None:
    on_a_thread(settle, 1)
    wait_for_something(settle)


def start_a_timer_and_wait(settle: Callable[[int], None]) -> None:
    Promise.delay(0.002, 1).then(settle)
    wait_in_vain(settle)


def settle_and_run_a_loop(settle: Callable[[int], None]) -> None:
    async def main() -> None:
        settle(1)
        await Promise.resolve("inner").then()
        await asyncio.sleep(0)

    asyncio.run(main())


def start_a_timer_and_run_a_loop(settle: Callable[[int], None]) -> None:
    async def main() -> None:
        await started
        await asyncio.sleep(0)

    Promise.delay(0.002, 1).then(settle)
    started = Promise.resolve().then()
    asyncio.run(main())


NIGHTS: list[Night] = []
UNRELATED = [wait_for_something, wait_for_another_thread, wait_in_vain]
SETTLING = [
    settle_and_wait,
    wait_while_another_thread_settles,
    start_a_timer_and_wait,
    settle_and_run_a_loop,
    start_a_timer_and_run_a_loop,
]


every_interruption = pytest.mark.parametrize("interruption", [*UNRELATED, *SETTLING])


def directly(promise: Promise[int], begin: Action) -> int:
    begin()
    return promise.then().wait()


def with_a_limit(promise: Promise[int], begin: Action) -> int:
    begin()
    return promise.then().wait(PATIENCE)


def in_a_handler(promise: Promise[int], begin: Action) -> int:
    return Promise.resolve().then(lambda _: directly(promise, begin)).wait()


@every_interruption
@pytest.mark.parametrize("wait", [directly, with_a_limit, in_a_handler])
def test_a_wait_that_another_one_interrupts(interruption: Callable[..., None], wait: Callable[..., int]) -> None:
    """Its promise settles in the interruption, or after it, by another thread, when this one sleeps again."""

    def make() -> tuple[Action, Night, Action]:
        promise, resolve, _ = Promise[int].with_resolvers(keep_alive=True)
        seen: list[Any] = []
        begun = threading.Event()

        def strike() -> None:
            # An earlier interruption would run the handler itself, and so could not end before it.
            if begun.is_set():
                interruption(resolve)
            if not begun.is_set() or interruption in UNRELATED:
                night.later.append(lambda: resolve(1))

        def program() -> None:
            Promise.resolve("queued").then(seen.append)
            seen.append(wait(promise, begun.set))

        def check() -> None:
            assert seen == ["queued", 1]

        night = Night(strike)
        NIGHTS[:] = [night]
        return program, night, check

    assert interrupt_each_step(make) > 50


@every_interruption
def test_a_loop_over_a_stream_that_a_wait_interrupts(interruption: Callable[..., None]) -> None:
    def make() -> tuple[Action, Night, Action]:
        emitters: list[Any] = []
        seen: list[int] = []

        def emit(event: int) -> None:
            emitters[0].emit(event)
            emitters[0].close()

        def strike() -> None:
            interruption(emit)
            if interruption in UNRELATED:
                night.later.append(lambda: emit(1))

        def check() -> None:
            assert seen == [1]

        night = Night(strike)
        NIGHTS[:] = [night]
        events = stream(emitters.append)
        consumer = iter(events)
        return lambda: seen.extend(consumer), night, check

    assert interrupt_each_step(make) > 50


async def value_of(promise: Promise[int]) -> int:
    return await promise


@pytest.mark.parametrize("interruption", [one for one in [*UNRELATED, *SETTLING] if "loop" not in one.__name__])
def test_a_wait_beside_a_coroutine_that_another_one_interrupts(
    interruption: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same where the thread sleeps in the private loop. The coroutine stands still in the interruption."""

    monkeypatch.setattr(asyncio, "new_event_loop", lambda: asyncio.SelectorEventLoop(SelectorWithNight(NIGHTS[-1])))

    def make() -> tuple[Action, Night, Action]:
        other, resolve_other, _ = Promise[int].with_resolvers()
        promise, resolve, _ = Promise[int].with_resolvers(keep_alive=True)
        seen: list[int] = []

        def strike() -> None:
            night.later += [lambda: resolve(1), lambda: resolve_other(2)]
            if current_thread_home().private.is_at_step():
                return  # a wait is refused in a coroutine
            if interruption in SETTLING:
                del night.later[0]
            interruption(resolve)

        def program() -> None:
            beside = Promise.resolve(value_of(other))
            seen.append(promise.then().wait(PATIENCE))
            seen.append(beside.wait(PATIENCE))

        def check() -> None:
            assert seen == [1, 2]

        night = Night(strike)
        NIGHTS[:] = [night]
        return program, night, check

    assert interrupt_each_step(make) > 50


@needs_signals
def test_a_true_signal_whose_handler_waits_while_a_wait_sleeps() -> None:
    """Its own promise settles when the handler has returned: only the wake-up of the outer wait can end the test."""
    outer, resolve_outer, _ = Promise[str].with_resolvers()
    inner, resolve_inner, _ = Promise[str].with_resolvers()
    seen, home, has_struck = list[Any](), current_thread_home(), threading.Event()

    def handle(*_: object) -> None:
        if has_struck.is_set():
            return
        has_struck.set()
        settler = when_asleep(lambda: resolve_inner("inner"))
        seen.append(inner.wait(PATIENCE))
        settler.join()
        threads.append(when_asleep(lambda: resolve_outer("outer")))

    previous = signal.signal(signal.SIGUSR1, handle)
    threads = [when_asleep(lambda: strike(signal.SIGUSR1, has_struck))]
    try:
        seen.append(outer.then().wait(PATIENCE))
    finally:
        for thread in threads:
            thread.join()
        signal.signal(signal.SIGUSR1, previous)
    assert (seen, home._sleepers) == (["inner", "outer"], [])
