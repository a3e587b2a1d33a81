"""A stream: what it delivers, in which order, and how it ends (docs/how-to/turn-events-into-a-stream.md)."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Emitter, Promise, Report, Stream, StreamOverflow, stream

from ..fuzz.hostile import Opaque
from ..support import on_a_thread
from .library import Library


async def collect(events: Stream[Any]) -> list[Any]:
    return [event async for event in events]


def in_a_task(events: Stream[Any]) -> list[Any]:
    return asyncio.run(collect(events))


EACH_WAY = pytest.mark.parametrize("drain", [list, in_a_task], ids=["for", "async for"])
Drain = Callable[[Stream[Any]], list[Any]]


class TestSubscribing:
    def test_is_done_when_stream_returns(self) -> None:
        library = Library()
        with library.stream() as events:
            library.emit(1, 2)
            assert (next(events), next(events)) == (1, 2)

    def test_may_bring_events_at_once(self) -> None:
        events = stream(lambda s: (s.emit(1), s.emit(2), s.close()))
        assert list(events) == [1, 2]

    @EACH_WAY
    def test_may_end_the_stream_at_once_which_unsubscribes_once(self, drain: Drain) -> None:
        library = Library()

        def subscribe(emitter: Emitter[int]) -> str:
            emitter.close()
            return "token"

        events = stream(subscribe, library.unsubscribe)
        assert drain(events) == []
        Promise.resolve().wait(timeout=20)
        assert library.tokens == ["token"]

    def test_gives_the_token_back_when_it_unsubscribes(self) -> None:
        library = Library()
        library.stream().close()
        assert library.tokens == [library]

    def test_without_a_token_gives_emit_back(self) -> None:
        listeners: list[Any] = []
        events = stream(lambda s: listeners.append(s.emit), listeners.remove)
        assert len(listeners) == 1
        events.close()
        assert listeners == []

    @pytest.mark.parametrize("token", [0, False, "", ()])
    def test_takes_any_token_but_none_as_it_is(self, token: object) -> None:
        library = Library()
        stream(lambda s: token, library.unsubscribe).close()
        assert library.tokens == [token]
        assert library.tokens[0] is token

    def test_that_raises_leaves_nothing_behind(self, reports: list[Report]) -> None:
        library = Library()

        def subscribe(emitter: Emitter[int]) -> None:
            library.emitters.append(emitter)
            raise OSError("refused")

        with pytest.raises(OSError, match="^refused$"):
            stream(subscribe, library.unsubscribe)
        library.emitter.emit(1)
        library.emitter.fail(ValueError())
        gc.collect()
        assert library.tokens == []
        assert reports == []

    def test_that_fails_by_a_call_and_by_raising_is_told_once(self, reports: list[Report]) -> None:
        def subscribe(emitter: Emitter[int]) -> None:
            emitter.fail(OSError("refused"))
            raise OSError("refused")

        with pytest.raises(OSError, match="refused"):
            stream(subscribe)
        gc.collect()
        assert reports == []

    def test_without_a_way_to_unsubscribe_ends_all_the_same(self) -> None:
        events = stream(lambda s: s.emit(1))
        assert next(events) == 1
        events.close()
        assert list(events) == []


class TestTheEnd:
    @EACH_WAY
    def test_comes_after_the_events_before_it(self, drain: Drain) -> None:
        library = Library()
        events = library.stream()
        library.emit(1, 2)
        library.emitter.close()
        library.emit(3)
        assert drain(events) == [1, 2]

    @EACH_WAY
    def test_by_an_error_raises_that_error_after_the_events_before_it(self, drain: Drain) -> None:
        library, error = Library(), OSError("lost")
        events = library.stream()
        library.emit(1, 2)
        library.emitter.fail(error)
        library.emit(3)
        assert (next(events), next(events)) == (1, 2)
        with pytest.raises(OSError, match="lost") as raised:
            drain(events)
        assert raised.value is error

    @EACH_WAY
    def test_by_an_overflow_raises_after_the_events_that_waited(self, drain: Drain, reports: list[Report]) -> None:
        library = Library()
        events = library.stream(maxsize=2)
        library.emit(1, 2, 3, 4)
        assert (next(events), next(events)) == (1, 2)
        with pytest.raises(StreamOverflow, match="2 events waited and another one came"):
            drain(events)
        assert drain(events) == []
        del events
        gc.collect()
        assert reports == []

    def test_is_told_once_as_an_error_and_then_as_the_end(self) -> None:
        library = Library()
        events = library.stream()
        library.emitter.fail(OSError("lost"))
        with pytest.raises(OSError, match="lost"):
            next(events)
        assert next(events, "end") == "end"

    def test_is_the_first_one_that_came(self) -> None:
        library = Library()
        events = library.stream()
        library.emitter.fail(OSError("first"))
        library.emitter.fail(ValueError("second"))
        library.emitter.close()
        with pytest.raises(OSError, match="first"):
            next(events)
        assert list(events) == []

    def test_by_fail_without_an_error_is_the_mere_end(self) -> None:
        library = Library()
        for arguments in ((), (None,)):
            events = library.stream()
            library.emitter.fail(*arguments)
            assert list(events) == []

    def test_that_nobody_met_is_reported_when_the_stream_is_dropped(self, reports: list[Report]) -> None:
        library = Library()
        events = library.stream()
        library.emitter.fail(OSError("lost"))
        del events
        assert [str(report.reason) for report in reports] == ["lost"]

    def test_with_an_unsubscribe_that_raises_does_not_hide_the_error(self, shown: list[str]) -> None:
        emitters: list[Emitter[int]] = []

        def unsubscribe(_: object) -> None:
            raise KeyError("not subscribed, since the connection is lost")

        events = stream(emitters.append, unsubscribe)
        emitters[0].fail(ConnectionError("lost"))
        with pytest.raises(ConnectionError, match="lost"):
            next(events)

    def test_makes_later_events_vanish(self) -> None:
        library = Library()
        events = library.stream()
        events.close()
        library.emitter.emit(1)
        assert (list(events), events.dropped) == ([], 0)


class TestThreads:
    @EACH_WAY
    def test_events_of_another_thread_keep_their_order(self, drain: Drain) -> None:
        library = Library()
        events = library.stream(maxsize=None)

        def run() -> None:
            library.emit(*range(2000))
            library.emitter.close()

        thread = threading.Thread(target=run)
        thread.start()
        assert drain(events) == list(range(2000))
        thread.join(20)

    def test_a_stream_may_be_consumed_on_another_thread(self) -> None:
        library, seen = Library(), list[int]()
        events = library.stream()
        library.emit(1, 2)
        library.emitter.close()
        on_a_thread(lambda: seen.extend(events))
        assert seen == [1, 2]

    def test_close_on_another_thread_ends_the_loop(self) -> None:
        library = Library()
        events = library.stream()

        async def main() -> list[int]:
            asyncio.get_running_loop().call_later(0, threading.Thread(target=events.close).start)
            return await collect(events)

        assert asyncio.run(main()) == []
        assert library.tokens == [library]


class TestStreams:
    def test_give_single_events_and_stay_subscribed(self) -> None:
        library = Library()

        async def main() -> None:
            events = library.stream()
            library.emit(1, 2, 3)
            assert await anext(events) == 1
            assert (await anext(events), await anext(events)) == (2, 3)
            library.emit(4)
            assert await anext(events) == 4
            assert library.tokens == []
            events.close()
            assert await anext(events, "end") == "end"

        asyncio.run(main())

    def test_refuse_to_block_a_running_loop(self) -> None:
        async def main() -> None:
            with stream(lambda s: None) as events, pytest.raises(RuntimeError, match="loop"):
                next(events)

        asyncio.run(main())

    def test_deliver_none_and_exceptions_as_events(self) -> None:
        library, value = Library(), ValueError("an event")
        events = library.stream()
        library.emit(None, value)
        assert [next(events), next(events)] == [None, value]

    def test_do_not_gather_what_was_left_by_those_who_gave_up_waiting(self) -> None:
        async def main() -> int:
            with stream(lambda s: None) as events:
                for _ in range(1000):
                    task = asyncio.ensure_future(anext(events))
                    await asyncio.sleep(0)
                    task.cancel()
                    await asyncio.wait([task])
                return sum(type(one) is Promise for one in gc.get_objects())

        before = sum(type(one) is Promise for one in gc.get_objects())
        assert asyncio.run(main()) - before < 10


def test_a_stream_s_loop_iterates_over_itself() -> None:
    events = stream(lambda s: s.emit(1) or s.close())
    loop = iter(events)
    assert list(iter(loop)) == [1]
    assert aiter(aiter(events)) is not None


def test_an_end_that_cannot_be_looked_at_ends_the_stream() -> None:
    sides: list[Emitter[int]] = []
    events = stream(sides.append)
    sides[0].fail(Opaque("end"))
    caught: list[type] = []
    try:
        next(events)
    except Opaque as error:
        caught.append(type(error))
    assert caught == [Opaque]
