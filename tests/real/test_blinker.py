"""blinker: receivers are held only weakly, and called with a sender and keyword arguments, on the sender's thread."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import BrokenPromise, CallbackError, Promise, Report, once, promisify, stream

from ..servers import library

blinker = library("blinker")

Signal = Any


@pytest.fixture
def signal() -> Signal:
    """Make a signal to which nobody listens yet."""
    return blinker.Signal()


def pick(sender: object, *, value: int) -> int:
    if value < 0:
        raise ValueError(f"{value} is negative")
    return value


def next_value(signal: Signal) -> Promise[int]:
    return Promise[int].create(lambda d: signal.connect(d.via(pick)), keep_alive=True)


def on_a_thread(function: Callable[..., object], *arguments: object, **keywords: object) -> threading.Thread:
    """Call a function on another thread, to its end."""
    thread = threading.Thread(target=function, args=arguments, kwargs=keywords)
    thread.start()
    thread.join()
    return thread


def test_without_keep_alive_the_receiver_is_gone_and_the_reason_names_the_remedy(signal: Signal) -> None:
    promise = Promise[int].create(lambda d: signal.connect(d.via(pick)))
    assert not signal.receivers
    with pytest.raises(BrokenPromise, match=r"weakly, use Promise\.with_resolvers\(keep_alive=True\)"):
        promise.wait(timeout=20)


def test_promisify_without_keep_alive_is_broken_as_well(signal: Signal) -> None:
    async def main() -> None:
        await promisify(signal.connect, callback=0, style=pick)()

    with pytest.raises(BrokenPromise, match="keep_alive=True"):
        asyncio.run(main())


def test_with_keep_alive_a_script_gets_the_value_and_the_receiver_goes(signal: Signal) -> None:
    promise = next_value(signal)
    gc.collect()
    signal.send("sensor", value=5)
    assert promise.wait(timeout=20) == 5
    assert not signal.receivers


def test_with_keep_alive_a_task_gets_the_value_though_nobody_else_holds_the_promise(signal: Signal) -> None:
    async def main() -> int:
        task = asyncio.create_task(waiting())
        await asyncio.sleep(0)
        gc.collect()
        on_a_thread(signal.send, "sensor", value=5)
        async with asyncio.timeout(20):
            return await task

    async def waiting() -> int:
        return await next_value(signal)

    assert asyncio.run(main()) == 5


def test_the_end_of_a_chain_keeps_its_beginning(signal: Signal) -> None:
    doubled = next_value(signal).then(lambda value: value * 2).then(str)
    gc.collect()
    signal.send("sensor", value=5)
    assert doubled.wait(timeout=20) == "10"


def test_blinker_calls_on_the_sender_s_thread_and_handlers_run_at_home(signal: Signal) -> None:
    def where(sender: object) -> threading.Thread:
        return threading.current_thread()

    called = Promise[threading.Thread].create(lambda d: signal.connect(d.via(where)), keep_alive=True)
    threads = called.then(lambda thread: (thread, threading.current_thread()))
    sender = on_a_thread(signal.send, "sensor")
    assert threads.wait(timeout=20) == (sender, threading.main_thread())


def test_what_a_callback_raises_rejects_and_does_not_meet_the_sender(signal: Signal, reports: list[Report]) -> None:
    async def main() -> None:
        promise = next_value(signal)
        signal.send("sensor", value=-2)
        async with asyncio.timeout(20):
            await promise

    promise = next_value(signal)
    signal.send("sensor", value=-1)
    with pytest.raises(ValueError, match="-1 is negative"):
        promise.wait(timeout=20)
    with pytest.raises(ValueError, match="-2 is negative"):
        asyncio.run(main())
    del promise
    gc.collect()
    assert reports == []


def test_unexpected_keywords_reject_and_are_kept(signal: Signal) -> None:
    promise = Promise[Any].create(lambda d: signal.connect(d.resolve), keep_alive=True)
    signal.send("sensor", value=5, unit="C")
    with pytest.raises(CallbackError) as caught:
        promise.wait(timeout=20)
    assert (caught.value.arguments, caught.value.keywords) == (("sensor",), {"value": 5, "unit": "C"})


def test_resolve_itself_takes_the_sender(signal: Signal) -> None:
    promise = Promise[str].create(lambda d: signal.connect(d.resolve), keep_alive=True)
    signal.send("sensor")
    assert promise.wait(timeout=20) == "sensor"


def test_resolvers_that_somebody_holds_need_no_keep_alive(signal: Signal) -> None:
    d = Promise[int].with_resolvers()
    callback = d.via(pick)
    signal.connect(callback)
    signal.send("sensor", value=5)
    assert d.promise.wait(timeout=20) == 5


def test_promisify_with_keep_alive_takes_blinker_s_other_arguments(signal: Signal) -> None:
    next_from = promisify(signal.connect, callback=0, style=pick, keep_alive=True, result=int)
    promise = next_from("kitchen")
    signal.send("cellar", value=1)
    signal.send("kitchen", value=2)
    assert promise.wait(timeout=20) == 2
    assert not signal.receivers


def test_the_sender_gets_what_returns_says(signal: Signal) -> None:
    promise = Promise[int].create(lambda d: signal.connect(d.via(pick, returns="taken")), keep_alive=True)
    assert [answer for _, answer in signal.send("sensor", value=5)] == ["taken"]
    assert promise.wait(timeout=20) == 5


def test_a_signal_that_is_not_sent_times_out_and_may_still_come(signal: Signal) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await promise

    promise = next_value(signal)
    with pytest.raises(TimeoutError):
        promise.wait(timeout=0.01)
    asyncio.run(main())
    signal.send("sensor", value=5)
    assert promise.wait(timeout=20) == 5


def test_a_dropped_promise_takes_its_receiver_with_it(signal: Signal, reports: list[Report]) -> None:
    promise = next_value(signal)
    assert signal.receivers
    del promise
    gc.collect()
    assert not signal.receivers
    assert reports == []


def test_once_holds_the_receiver_that_connect_returns(signal: Signal) -> None:
    promise = once(lambda d: signal.connect(d.via(pick)), signal.disconnect)
    gc.collect()
    signal.send("sensor", value=5)
    assert promise.wait(timeout=20) == 5
    assert not signal.receivers


def test_a_stream_in_a_script_keeps_its_callbacks(signal: Signal) -> None:
    with stream(lambda s: signal.connect(s.via(pick)), signal.disconnect) as values:
        gc.collect()
        for value in range(3):
            signal.send("sensor", value=value)
        assert [next(values) for _ in range(3)] == [0, 1, 2]
    assert not signal.receivers


def test_a_stream_in_a_task_keeps_its_callbacks(signal: Signal) -> None:
    async def main() -> list[int]:
        async with asyncio.timeout(20):
            values = stream(lambda s: signal.connect(s.via(pick)))  # unsubscribes by being dropped
            gc.collect()
            on_a_thread(lambda: [signal.send("sensor", value=value) for value in range(3)])
            return [await anext(values) for _ in range(3)]

    assert asyncio.run(main()) == [0, 1, 2]
    gc.collect()
    assert not signal.receivers


def test_a_failing_callback_ends_its_stream_and_the_others_go_on(signal: Signal) -> None:
    everything = stream(lambda s: signal.connect(s.via(lambda sender, value: value)), signal.disconnect)
    checked = stream(lambda s: signal.connect(s.via(pick)), signal.disconnect)
    for value in (1, -1, 2):
        signal.send("sensor", value=value)
    assert next(checked) == 1
    with pytest.raises(ValueError, match="-1 is negative"):
        next(checked)
    assert [next(everything) for _ in range(3)] == [1, -1, 2]
    everything.close()
    assert not signal.receivers


def test_a_stream_that_has_failed_unsubscribes_before_its_consumer_looks(signal: Signal) -> None:
    checked = stream(lambda s: signal.connect(s.via(pick)), signal.disconnect)
    signal.send("sensor", value=-1)
    Promise.resolve().then().wait(timeout=20)  # runs what is queued on this thread
    assert not signal.receivers
    with pytest.raises(ValueError, match="-1 is negative"):
        next(checked)
