"""How `once` and `stream` subscribe and unsubscribe: what they hand back, and functions that are awaited."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from promisepy import BrokenPromise, Cancelled, Emitter, Promise, Report, Resolvers, once, stream

from ..support import PATIENCE, both_homes, on_a_thread, turn, turns

Read = Callable[[Callable[[], Promise[Any]]], Any]


class Sync:
    """A library whose `add` returns nothing, and whose `remove` takes the callback."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[..., Any]] = []
        self.add = self.callbacks.append
        self.remove = self.callbacks.remove


class TestALibraryThatTakesTheCallbackBack:
    """If `subscribe` returns None, `unsubscribe` gets the function that the library knows."""

    @pytest.mark.parametrize(
        ("give", "brought"),
        [
            (lambda d: d.resolve, ["event"]),
            (lambda d: d.via(lambda event: event), ["event"]),
            (lambda d: d.error_last, ["event", None]),
        ],
        ids=["resolve", "via", "error_last"],
    )
    @both_homes
    def test_once(self, read: Read, give: Callable[[Resolvers[Any]], Any], brought: list[Any]) -> None:
        library = Sync()

        def ask() -> Promise[Any]:
            event = once(lambda d: library.add(give(d)), library.remove)
            library.callbacks[0](*brought)
            return event

        event = read(ask)
        assert (event, library.callbacks) == ("event", [])

    @pytest.mark.parametrize("give", [lambda s: s.emit, lambda s: s.via(lambda event: event)], ids=["emit", "via"])
    def test_stream(self, give: Callable[[Emitter[Any]], Any]) -> None:
        library = Sync()
        with stream(lambda s: library.add(give(s)), library.remove) as events:
            library.callbacks[0]("event")
            assert next(events) == "event"
        assert library.callbacks == []

    def test_once_that_nobody_wants_any_more(self) -> None:
        library = Sync()
        event = once(lambda d: library.add(d.via(lambda event: event)), library.remove)
        event.cancel()
        turn()
        assert (type(event.reason), library.callbacks) == (Cancelled, [])

    def test_of_several_functions_made_by_via_gets_the_standard_one(self) -> None:
        given: list[Any] = []
        taken: list[Any] = []

        def subscribe(d: Resolvers[int]) -> None:
            given.extend([d.via(lambda value: value), d.via(lambda error: 0), d.resolve])

        event = once(subscribe, taken.append)
        given[0](1)
        assert (event.wait(timeout=PATIENCE), taken) == (1, [given[2]])

    def test_gets_resolve_if_what_via_made_was_thrown_away(self) -> None:
        library = Sync()

        def subscribe(d: Resolvers[int]) -> None:
            d.via(lambda value: value)
            library.add(d.resolve)

        event = once(subscribe, library.remove)
        library.callbacks[0](1)
        assert (event.wait(timeout=PATIENCE), library.callbacks) == (1, [])

    def test_that_forgets_what_via_made_breaks_the_promise(self) -> None:
        library = Sync()
        event = once(lambda d: library.add(d.via(lambda event: event)), library.remove)
        library.callbacks.clear()
        with pytest.raises(BrokenPromise):
            event.wait(timeout=PATIENCE)


class Broker:
    """A library of asyncio's kind: subscribing and unsubscribing are coroutines, which take their time."""

    def __init__(self) -> None:
        self.callbacks: dict[str, Callable[..., Any]] = {}
        self.log: list[str] = []
        self.gate: asyncio.Event | None = None
        self.fails = False

    async def subscribe(self, given: Any) -> str:
        self.log.append("subscribing")
        self.callbacks["token"] = given.resolve if isinstance(given, Resolvers) else given.emit
        await self._answer()
        self.log.append("subscribed")
        return "token"

    async def unsubscribe(self, token: str) -> None:
        self.log.append(f"unsubscribing {token}")
        await self._answer()
        self.callbacks.pop(token)
        self.log.append("unsubscribed")

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            raise OSError("refused")


WHOLE = ["subscribing", "subscribed", "unsubscribing token", "unsubscribed"]


@pytest.fixture
def broker() -> Broker:
    return Broker()


class TestOnce:
    """With coroutine functions."""

    @both_homes
    def test_subscribes_brings_the_event_and_has_unsubscribed_by_then(self, read: Read, broker: Broker) -> None:
        def ask() -> Promise[Any]:
            event = once(broker.subscribe, broker.unsubscribe)
            Promise.delay(0.001).then(lambda _: broker.callbacks["token"]("event"))
            return event

        assert (read(ask), broker.log, broker.callbacks) == ("event", WHOLE, {})

    def test_keeps_an_event_that_comes_while_it_is_still_subscribing(self, broker: Broker) -> None:
        async def main() -> None:
            broker.gate = asyncio.Event()
            event = once(broker.subscribe, broker.unsubscribe)
            while not broker.callbacks:
                await asyncio.sleep(0)
            broker.callbacks["token"]("early")
            await turns()
            assert (event.state, broker.log) == ("pending", ["subscribing"])
            broker.gate.set()
            assert await event == "early"

        asyncio.run(main())
        assert broker.log == WHOLE

    def test_is_rejected_if_subscribing_fails(self, broker: Broker, reports: list[Report]) -> None:
        broker.fails = True
        event = once(broker.subscribe, broker.unsubscribe)
        with pytest.raises(OSError, match="refused"):
            event.wait(timeout=PATIENCE)
        assert (broker.log, reports) == (["subscribing"], [])

    def test_is_rejected_if_unsubscribing_fails(self, broker: Broker, reports: list[Report]) -> None:
        async def main() -> None:
            event = once(broker.subscribe, broker.unsubscribe)
            await turns()
            broker.fails = True
            broker.callbacks["token"]("event")
            with pytest.raises(OSError, match="refused"):
                await event

        asyncio.run(main())
        assert (broker.log, reports) == (WHOLE[:3], [])

    def test_that_is_cancelled_unsubscribes(self, broker: Broker) -> None:
        async def main() -> None:
            event = once(broker.subscribe, broker.unsubscribe)
            await turns()
            event.cancel()
            await turns(20)
            assert isinstance(event.reason, Cancelled)

        asyncio.run(main())
        assert (broker.log, broker.callbacks) == (WHOLE, {})

    @pytest.mark.parametrize("unsubscribes", [True, False])
    def test_that_is_cancelled_cancels_what_is_still_subscribing(self, broker: Broker, unsubscribes: bool) -> None:
        async def main() -> None:
            broker.gate = asyncio.Event()
            event = once(broker.subscribe, broker.unsubscribe if unsubscribes else None)
            await turns()
            event.cancel()
            await turns(20)
            assert isinstance(event.reason, Cancelled)
            assert len(asyncio.all_tasks()) == 1

        asyncio.run(main())
        assert broker.log == ["subscribing"]

    def test_hands_back_a_token_that_comes_although_subscribing_was_cancelled(self, broker: Broker) -> None:
        async def subscribe(d: Resolvers[int]) -> str:
            try:
                return await broker.subscribe(d)
            except asyncio.CancelledError:
                return "token"

        async def main() -> None:
            broker.gate = asyncio.Event()
            event = once(subscribe, broker.unsubscribe)
            await turns()
            broker.gate = None
            event.cancel()
            await turns(20)
            assert isinstance(event.reason, Cancelled)

        asyncio.run(main())
        assert (broker.log, broker.callbacks) == (["subscribing", *WHOLE[2:]], {})

    def test_whose_task_gives_up_reports_what_unsubscribing_fails_with(
        self, broker: Broker, reports: list[Report]
    ) -> None:
        async def main() -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await event()
            broker.fails = True
            await turns(20)

        def event() -> Promise[int]:
            return once(broker.subscribe, broker.unsubscribe)

        asyncio.run(main())
        assert [str(report.reason) for report in reports] == ["refused"]

    def test_breaks_if_the_library_forgets_the_callback_after_it_has_subscribed(self, broker: Broker) -> None:
        async def main() -> None:
            event = once(broker.subscribe, lambda token: broker.log.append("unsubscribed"))
            await turns()
            broker.callbacks.clear()
            with pytest.raises(BrokenPromise):
                await event

        asyncio.run(main())
        assert broker.log == ["subscribing", "subscribed", "unsubscribed"]

    def test_takes_back_the_function_if_subscribing_gives_nothing(self) -> None:
        library = Sync()

        async def add(d: Resolvers[Any]) -> None:
            library.add(d.via(lambda event: event))

        async def main() -> Any:
            event = once(add, library.remove)
            await turns()
            library.callbacks[0]("event")
            return await event

        assert (asyncio.run(main()), library.callbacks) == ("event", [])


class Thenable:
    """Something adoptable that is no awaitable."""

    def then(self, on_value: Callable[[Any], object], on_error: Callable[[Any], object], /) -> None:
        on_value("token")


def done() -> Future[str]:
    future: Future[str] = Future()
    future.set_result("token")
    return future


ADOPTABLES: dict[str, Callable[[], Any]] = {
    "promise": lambda: Promise.resolve("token"),
    "pending promise": lambda: Promise.resolve("token").then(),
    "future": done,
    "thenable": Thenable,
}


@both_homes
@pytest.mark.parametrize("kind", ADOPTABLES)
@pytest.mark.parametrize("way", [once, stream])
def test_whatever_a_promise_can_adopt_is_waited_for(read: Read, way: Any, kind: str) -> None:
    log: list[Any] = []

    def subscribe(given: Any) -> Any:
        (given.resolve if way is once else given.emit)("event")
        return ADOPTABLES[kind]()

    def unsubscribe(token: object) -> Any:
        log.append(token)
        return Promise.resolve(ADOPTABLES[kind]()).then(log.append)

    def use() -> Promise[Any]:
        if way is once:
            return once(subscribe, unsubscribe).then()
        events = stream(subscribe, unsubscribe)
        return Promise.resolve(consume(events))

    async def consume(events: Any) -> Any:
        async with events:
            return await anext(events)

    assert (read(use), log) == ("event", ["token", "token"])


class TestStream:
    """With coroutine functions."""

    def test_has_subscribed_when_the_block_begins_and_unsubscribed_when_it_has_ended(self, broker: Broker) -> None:
        async def main() -> list[Any]:
            async with stream(broker.subscribe, broker.unsubscribe) as events:
                assert broker.log == ["subscribing", "subscribed"]
                broker.callbacks["token"]("event")
                return [await anext(events), *broker.log]

        assert asyncio.run(main()) == ["event", "subscribing", "subscribed"]
        assert (broker.log, broker.callbacks) == (WHOLE, {})

    def test_of_a_script_waits_as_well(self, broker: Broker) -> None:
        with stream(broker.subscribe, broker.unsubscribe) as events:
            assert broker.log == ["subscribing", "subscribed"]
            on_a_thread(lambda: broker.callbacks["token"]("event"))
            assert next(events) == "event"
        assert (broker.log, broker.callbacks) == (WHOLE, {})

    def test_keeps_events_that_come_while_it_is_still_subscribing(self, broker: Broker) -> None:
        async def main() -> list[Any]:
            broker.gate = asyncio.Event()
            events = stream(broker.subscribe, broker.unsubscribe)
            await turns()
            for number in range(3):
                broker.callbacks["token"](number)
            seen = [await anext(events)]
            broker.gate.set()
            async with events:
                return [*seen, await anext(events), await anext(events)]

        assert asyncio.run(main()) == [0, 1, 2]
        assert broker.log == WHOLE

    @pytest.mark.parametrize("in_block", [True, False])
    def test_ends_with_what_subscribing_fails_with(self, broker: Broker, in_block: bool, reports: list[Report]) -> None:
        async def main() -> None:
            broker.fails = True
            events = stream(broker.subscribe, broker.unsubscribe)
            if in_block:
                async with events:
                    await fails(anext(events))
            else:
                await fails(anext(events))
            assert [event async for event in events] == []

        async def fails(next_event: Awaitable[Any]) -> None:
            with pytest.raises(OSError, match="refused"):
                await next_event

        asyncio.run(main())
        assert (broker.log, reports) == (["subscribing"], [])

    def test_whose_subscribing_fails_unseen_is_reported(self, broker: Broker, reports: list[Report]) -> None:
        broker.fails = True
        with stream(broker.subscribe, broker.unsubscribe):
            pass
        gc.collect()
        assert [str(report.reason) for report in reports] == ["refused"]

    def test_brings_the_events_before_that_failure_first(self, broker: Broker) -> None:
        async def main() -> None:
            broker.gate, broker.fails = asyncio.Event(), True
            events = stream(broker.subscribe)
            await turns()
            broker.callbacks["token"]("event")
            broker.gate.set()
            await turns()
            assert await anext(events) == "event"
            with pytest.raises(OSError, match="refused"):
                await anext(events)

        asyncio.run(main())

    @pytest.mark.parametrize("way", ["with", "async with"])
    def test_raises_at_the_end_of_the_block_what_unsubscribing_fails_with(
        self, broker: Broker, way: str, reports: list[Report]
    ) -> None:
        async def main() -> None:
            async with stream(broker.subscribe, broker.unsubscribe):
                broker.fails = True

        def script() -> None:
            with stream(broker.subscribe, broker.unsubscribe):
                broker.fails = True

        with pytest.raises(OSError, match="refused"):
            script() if way == "with" else asyncio.run(main())
        gc.collect()
        assert (broker.log, reports) == (WHOLE[:3], [])

    def test_waits_at_the_end_of_the_block_for_what_another_end_has_begun(self, broker: Broker) -> None:
        async def main() -> None:
            async with stream(broker.subscribe, broker.unsubscribe) as events:
                broker.gate = asyncio.Event()
                events.close()
                await turns()
                assert broker.log == WHOLE[:3]
                asyncio.get_running_loop().call_later(0.001, broker.gate.set)
            assert broker.log == WHOLE

        asyncio.run(main())

    @pytest.mark.parametrize("end", ["close", "drop", "library", "loop"])
    def test_that_ends_otherwise_unsubscribes_in_a_task_of_its_own(self, broker: Broker, end: str) -> None:
        async def main() -> None:
            emitters: list[Emitter[int]] = []

            async def subscribe(s: Emitter[int]) -> str:
                emitters.append(s)
                return await broker.subscribe(s)

            events = [stream(subscribe, broker.unsubscribe)]
            await turns()
            if end == "close":
                events[0].close()
            elif end == "drop":
                events.clear()
            elif end == "library":
                on_a_thread(emitters[0].close)
            else:
                emitters[0].emit(1)
                async for _ in events.pop():
                    break
            await turns(20)

        asyncio.run(main())
        assert (broker.log, broker.callbacks) == (WHOLE, {})

    @pytest.mark.parametrize("end", ["close", "library", "with under a loop"])
    def test_that_ends_otherwise_reports_what_unsubscribing_fails_with(
        self, broker: Broker, end: str, reports: list[Report]
    ) -> None:
        async def main() -> None:
            emitters: list[Emitter[int]] = []

            def subscribe(s: Emitter[int]) -> str:
                emitters.append(s)
                return "token"

            broker.fails = True
            with stream(subscribe, broker.unsubscribe) as events:
                if end == "close":
                    events.close()
                elif end == "library":
                    on_a_thread(emitters[0].close)
                    await turns(20)
            await turns(20)

        asyncio.run(main())
        assert [str(report.reason) for report in reports] == ["refused"]

    def test_that_the_library_ends_while_it_is_still_subscribing_is_unsubscribed_afterwards(
        self, broker: Broker
    ) -> None:
        emitters: list[Emitter[int]] = []

        async def subscribe(s: Emitter[int]) -> str:
            emitters.append(s)
            return await broker.subscribe(s)

        async def main() -> None:
            broker.gate = asyncio.Event()
            events = stream(subscribe, broker.unsubscribe)
            await turns()
            emitters[0].close()
            assert [event async for event in events] == []
            assert broker.log == ["subscribing"]
            broker.gate.set()
            await turns(20)

        asyncio.run(main())
        assert broker.log == WHOLE

    def test_that_is_left_while_it_is_still_subscribing_cancels_that(self, broker: Broker) -> None:
        async def main() -> None:
            broker.gate = asyncio.Event()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01), stream(broker.subscribe, broker.unsubscribe):
                    raise AssertionError("it has never subscribed")
            await turns()
            assert len(asyncio.all_tasks()) == 1

        asyncio.run(main())
        assert broker.log == ["subscribing"]

    def test_refuses_a_plain_with_block_where_a_loop_runs_and_says_what_to_write(self, broker: Broker) -> None:
        async def main() -> None:
            with (
                pytest.raises(RuntimeError, match="write async with stream"),
                stream(broker.subscribe, broker.unsubscribe),
            ):
                raise AssertionError("the loop would have to stop")
            await turns(20)
            assert len(asyncio.all_tasks()) == 1

        asyncio.run(main())
        assert broker.callbacks == {}

    def test_unsubscribes_once_whoever_ends_it(self, broker: Broker) -> None:
        async def main() -> None:
            async with stream(broker.subscribe, broker.unsubscribe) as events:
                events.close()
                events.close()
            events.close()
            await turns()

        asyncio.run(main())
        assert broker.log == WHOLE


@asynccontextmanager
async def left_by(task: Coroutine[Any, Any, Any]) -> AsyncIterator[asyncio.Task[Any]]:
    running = asyncio.ensure_future(task)
    await turns()
    yield running
    running.cancel()
    await asyncio.wait([running])


def test_a_cancelled_task_waits_in_its_block_until_it_has_unsubscribed(broker: Broker) -> None:
    async def consume() -> None:
        async with stream(broker.subscribe, broker.unsubscribe) as events:
            await anext(events)

    async def main() -> None:
        async with left_by(consume()):
            assert broker.log == WHOLE[:2]
        assert broker.log == WHOLE

    asyncio.run(main())


def test_callbacks_may_be_coroutine_functions_of_ones_own() -> None:
    """As nats wants them."""

    async def main() -> list[int]:
        callbacks: list[Callable[[int], Awaitable[None]]] = []

        async def subscribe(s: Emitter[int]) -> None:
            async def on_message(message: int) -> None:
                s.emit(message)

            assert asyncio.iscoroutinefunction(on_message)
            callbacks.append(on_message)

        async with stream(subscribe) as events:
            await callbacks[0](1)
            return [await anext(events)]

    assert asyncio.run(main()) == [1]


@pytest.mark.parametrize("reason", [Cancelled(), KeyboardInterrupt()], ids=repr)
def test_what_is_on_purpose_or_raised_anyway_is_not_reported(reason: BaseException, reports: list[Report]) -> None:
    events = stream(lambda s: "token", lambda token: Promise.reject(reason))
    events.close()
    turn()
    assert reports == []


@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.parametrize("way", [once, stream])
def test_nothing_is_left_that_only_the_garbage_collector_could_free(broker: Broker, way: Any, fails: bool) -> None:
    async def unsubscribe(token: object) -> None:
        await broker.unsubscribe("token")
        if fails:
            raise OSError("refused")

    async def use() -> None:
        with suppress(OSError):
            if way is once:
                asyncio.get_running_loop().call_later(0.001, lambda: broker.callbacks["token"](1))
                await once(broker.subscribe, unsubscribe)
            else:
                async with stream(broker.subscribe, unsubscribe) as events:
                    broker.callbacks["token"](1)
                    await anext(events)

    async def main() -> int:
        await use()
        await turns()
        gc.collect()
        await use()
        await turns()
        return gc.collect()

    gc.disable()
    try:
        assert asyncio.run(main()) == 0
    finally:
        gc.enable()


def test_ctrl_c_in_unsubscribe_reaches_the_program() -> None:
    def unsubscribe(token: object) -> None:
        raise KeyboardInterrupt

    emitters: list[Emitter[int]] = []
    events = stream(emitters.append, unsubscribe)
    emitters[0].close()
    with pytest.raises(KeyboardInterrupt):
        turn()
    assert list(events) == []
