"""gpiozero with mock pins: one attribute per event, callbacks whose parameters are looked at, threads of its own."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from promisepy import BrokenPromise, Emitter, Promise, Report, Resolvers, Stream, once, promisify, stream

from ..servers import library

gpiozero = library("gpiozero")
mock = library("gpiozero.pins.mock", "gpiozero")

Button = Any


@pytest.fixture
def button() -> Iterator[Button]:
    """Make a button on a mock pin; `button.pin` is the pin, pulled low by a press."""
    with mock.MockFactory() as factory, gpiozero.Button(2, pin_factory=factory, hold_time=0.001) as button:
        yield button


def press(button: Button) -> None:
    button.pin.drive_low()
    button.pin.drive_high()


def press_on_a_thread(button: Button) -> threading.Thread:
    """Press as the pins of a board do: on another thread than the program's."""
    thread = threading.Thread(target=press, args=[button])
    thread.start()
    thread.join()
    return thread


def pressed(button: Button) -> Promise[None]:
    return once(lambda d: setattr(button, "when_pressed", d.resolve), lambda _: setattr(button, "when_pressed", None))


def presses_of(button: Button) -> Stream[float]:
    def start(s: Emitter[float]) -> None:
        button.when_pressed = s.via(lambda: button.value)

    return stream(start, lambda _: setattr(button, "when_pressed", None))


def test_a_press_fulfils_in_a_script_and_sets_the_attribute_free(button: Button) -> None:
    promise = pressed(button)
    press(button)
    assert promise.wait(timeout=20) is None
    assert button.when_pressed is None
    press(button)


def test_a_press_on_another_thread_fulfils_in_a_task(button: Button) -> None:
    async def main() -> None:
        promise = pressed(button)
        press_on_a_thread(button)
        async with asyncio.timeout(20):
            await promise
        assert button.when_pressed is None

    asyncio.run(main())


def test_gpiozero_calls_on_its_thread_and_handlers_run_at_home(button: Button) -> None:
    def start(d: Resolvers[threading.Thread]) -> None:
        button.when_pressed = d.via(threading.current_thread)

    called = Promise[threading.Thread].create(start).then(lambda thread: (thread, threading.current_thread()))
    thread = press_on_a_thread(button)
    assert called.wait(timeout=20) == (thread, threading.main_thread())


def test_a_held_button_is_told_by_gpiozero_s_own_thread(button: Button) -> None:
    def start(d: Resolvers[threading.Thread]) -> None:
        button.when_held = d.via(threading.current_thread)

    async def main() -> tuple[threading.Thread, threading.Thread]:
        async with asyncio.timeout(20):
            held = Promise[threading.Thread].create(start)
            button.pin.drive_low()
            return await held.then(lambda thread: (thread, threading.current_thread()))

    thread, home = asyncio.run(main())
    assert type(thread).__name__ == "HoldThread"
    assert home is threading.main_thread()


def test_the_functions_that_are_handed_out_get_no_device(button: Button) -> None:
    d = Promise[tuple[object, ...]].with_resolvers()
    button.when_pressed = d.via(lambda *arguments: arguments)
    press(button)
    assert d.promise.wait(timeout=20) == ()


def test_a_function_that_must_have_the_device_gets_it(button: Button) -> None:
    d = Promise[Button].with_resolvers()
    button.when_pressed = d.via(lambda device: device)
    press(button)
    assert d.promise.wait(timeout=20) is button


def test_a_function_of_one_s_own_gets_the_device(button: Button) -> None:
    d = Promise[Button].with_resolvers()
    button.when_pressed = lambda device: d.resolve(device)
    press(button)
    assert d.promise.wait(timeout=20) is button


def test_what_a_callback_raises_rejects_and_does_not_meet_the_pin(button: Button, reports: list[Report]) -> None:
    def read() -> None:
        raise OSError("no reading")

    async def main() -> None:
        async with asyncio.timeout(20):
            await failing()

    def failing() -> Promise[None]:
        d = Promise[None].with_resolvers()
        button.when_pressed = d.via(read)
        press(button)
        return d.promise

    with pytest.raises(OSError, match="no reading"):
        failing().wait(timeout=20)
    with pytest.raises(OSError, match="no reading"):
        asyncio.run(main())
    gc.collect()
    assert reports == []


def test_a_pin_in_use_rejects(button: Button) -> None:
    def start(d: Resolvers[None]) -> None:
        gpiozero.Button(2, pin_factory=button.pin_factory).when_pressed = d.resolve

    with pytest.raises(gpiozero.GPIOPinInUse):
        Promise[None].create(start).wait(timeout=20)


def test_promisify_sets_the_attribute_for_one_call(button: Button) -> None:
    press_it = promisify(press, style="attribute", callback=".when_pressed")
    assert press_it(button).then(lambda value: (value, button.when_pressed)).wait(timeout=20) == (None, None)


def test_promisify_gives_the_attribute_back_to_whom_it_belonged(button: Button) -> None:
    def before() -> None:
        told.append("before")

    told: list[str] = []
    button.when_pressed = before
    release_it = promisify(press, callback=".when_released", style=lambda: told.append("released"))
    release_it(button).wait(timeout=20)
    press_it = promisify(press, callback=".when_pressed", style=lambda: told.append("pressed"))
    press_it(button).wait(timeout=20)
    assert button.when_pressed is before
    assert told == ["before", "released", "pressed"]


def test_a_button_that_nobody_presses_times_out_and_may_still_be_pressed(button: Button) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await promise.shield()  # else the task, the only one that wants it, would take it along

    promise = pressed(button)
    with pytest.raises(TimeoutError):
        promise.wait(timeout=0.01)
    asyncio.run(main())
    press(button)
    assert promise.wait(timeout=20) is None


def test_a_closed_device_breaks_the_promise(button: Button) -> None:
    def start(d: Resolvers[None]) -> None:
        button.when_pressed = d.resolve

    promise = Promise[None].create(start)
    button.close()
    with pytest.raises(BrokenPromise):
        promise.wait(timeout=20)


def test_another_callback_in_the_same_place_breaks_the_promise(button: Button) -> None:
    def start(d: Resolvers[None]) -> None:
        button.when_pressed = d.resolve

    first, second = Promise[None].create(start), Promise[None].create(start)
    with pytest.raises(BrokenPromise):
        first.wait(timeout=20)
    press(button)
    assert second.wait(timeout=20) is None


def test_presses_are_a_stream_in_a_script(button: Button) -> None:
    with presses_of(button) as presses:
        for _ in range(5):
            press_on_a_thread(button)
        assert [next(presses) for _ in range(5)] == [1] * 5
    assert button.when_pressed is None


def test_presses_are_a_stream_in_a_task(button: Button) -> None:
    async def main() -> int:
        count = 0
        presses = presses_of(button)
        press_on_a_thread(button)
        async with asyncio.timeout(20):
            async for value in presses:
                count += value
                if count == 5:
                    break
                press_on_a_thread(button)
        return count

    assert asyncio.run(main()) == 5
    assert button.when_pressed is None


def test_of_a_bouncing_button_the_latest_press_is_kept(button: Button) -> None:
    numbers = iter(range(100))
    events = stream(
        lambda s: setattr(button, "when_pressed", s.via(lambda: next(numbers))),
        lambda _: setattr(button, "when_pressed", None),
        maxsize=1,
        on_full="drop_oldest",
    )
    for _ in range(10):
        press(button)
    assert (next(events), events.dropped) == (9, 9)
    events.close()


def test_a_closed_device_breaks_the_promise_of_once(button: Button) -> None:
    promise = once(lambda d: setattr(button, "when_pressed", d.resolve), lambda _: None)
    told = promise.catch(BrokenPromise, lambda error: "broken")
    button.close()
    gc.collect()
    assert told.wait(timeout=0.1) == "broken"
