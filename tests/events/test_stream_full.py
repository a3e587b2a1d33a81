"""What happens to the event that comes when so many wait (docs/how-to/turn-events-into-a-stream.md)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from promisepy import Emitter, Promise, Report, Stream, StreamOverflow, stream

from ..fuzz.hostile import Doom, raising
from .library import Library


def take(events: Stream[Any], count: int) -> list[Any]:
    return [next(events) for _ in range(count)]


class Switched(Library):
    """A library with a switch, which notes how it is used."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")

    def open(self, maxsize: int | None) -> Stream[Any]:
        return self.stream(maxsize=maxsize, on_full=(self.pause, self.resume))


class TestByDefault:
    def test_the_stream_ends_after_the_events_that_waited(self) -> None:
        library = Library()
        events = library.stream(maxsize=3)
        library.emit(1, 2, 3, 4, 5)
        assert take(events, 3) == [1, 2, 3]
        with pytest.raises(StreamOverflow, match="3 events waited"):
            next(events)
        assert (list(events), events.dropped, library.tokens) == ([], 0, [library])

    def test_a_thousand_events_may_wait(self) -> None:
        library = Library()
        events = library.stream()
        library.emit(*range(1000))
        assert take(events, 1) == [0]
        library.emit(1000)
        assert take(events, 1000) == [*range(1, 1001)]
        library.emit(*range(1001))
        assert take(events, 1000) == [*range(1000)]
        with pytest.raises(StreamOverflow, match="1000 events waited"):
            next(events)

    def test_room_that_the_consumer_makes_can_be_used_again_and_again(self) -> None:
        library = Library()
        with library.stream(maxsize=2) as events:
            for number in range(100):
                library.emit(number, number)
                assert take(events, 2) == [number, number]

    def test_an_overflow_unsubscribes_before_the_consumer_looks(self) -> None:
        library = Library()
        events = library.stream(maxsize=1)
        library.emit(1, 2)
        Promise.resolve().wait(timeout=20)
        assert library.tokens == [library]
        assert take(events, 1) == [1]
        with pytest.raises(StreamOverflow):
            next(events)


class TestDropping:
    def test_the_oldest_keeps_the_latest(self) -> None:
        library = Library()
        with library.stream(maxsize=2, on_full="drop_oldest") as events:
            library.emit(*range(10))
            assert (take(events, 2), events.dropped) == ([8, 9], 8)
            library.emit(10, 11, 12)
            assert (take(events, 2), events.dropped) == ([11, 12], 9)

    def test_the_newest_keeps_the_first(self) -> None:
        library = Library()
        with library.stream(maxsize=2, on_full="drop_newest") as events:
            library.emit(*range(10))
            assert (take(events, 1), events.dropped) == ([0], 8)
            library.emit(10, 11)
            assert (take(events, 2), events.dropped) == ([1, 10], 9)

    @pytest.mark.parametrize("on_full", ["error", "drop_oldest", "drop_newest", (print, print)])
    def test_never_happens_without_a_bound(self, on_full: Any) -> None:
        library = Library()
        with library.stream(maxsize=None, on_full=on_full) as events:
            library.emit(*range(3000))
            assert (take(events, 3000), events.dropped) == ([*range(3000)], 0)


class TestPausing:
    def test_calls_pause_at_the_limit_and_resume_when_half_is_gone(self) -> None:
        library = Switched()
        with library.open(4) as events:
            library.emit(1, 2, 3)
            assert library.calls == []
            library.emit(4)
            assert library.calls == ["pause"]
            assert take(events, 1) == [1]
            assert library.calls == ["pause"]
            assert take(events, 1) == [2]
            assert library.calls == ["pause", "resume"]
            assert take(events, 2) == [3, 4]
            assert library.calls == ["pause", "resume"]

    def test_loses_nothing_of_what_comes_before_the_library_has_paused(self) -> None:
        library = Switched()
        with library.open(2) as events:
            library.emit(1, 2, 3, 4, 5)
            assert library.calls == ["pause"]
            assert (take(events, 5), events.dropped) == ([1, 2, 3, 4, 5], 0)
            assert library.calls == ["pause", "resume"]

    def test_alternates_for_ever(self) -> None:
        library = Switched()
        with library.open(3) as events:
            for _ in range(50):
                library.emit(1, 2, 3)
                take(events, 3)
        assert library.calls == ["pause", "resume"] * 50

    def test_with_room_for_one_pauses_for_each_event(self) -> None:
        library = Switched()
        with library.open(1) as events:
            library.emit(1)
            assert library.calls == ["pause"]
            assert take(events, 1) == [1]
            assert library.calls == ["pause", "resume"]
            library.emit(2)
            assert library.calls == ["pause", "resume", "pause"]

    def test_calls_resume_on_the_loop_that_consumes(self) -> None:
        library = Switched()

        async def main() -> list[int]:
            async with library.open(2) as events:
                library.emit(1, 2)
                first = await anext(events)
                asyncio.get_running_loop().call_soon(library.emit, 3)
                return [first, await anext(events), await anext(events)]

        assert asyncio.run(main()) == [1, 2, 3]
        assert library.calls == ["pause", "resume"]

    def test_of_a_library_that_brings_events_while_it_is_asked_to_pause_asks_once(self) -> None:
        library = Switched()
        pause = library.pause

        def bring_more() -> None:
            pause()
            library.emit(2, 3)

        with library.stream(maxsize=1, on_full=(bring_more, library.resume)) as events:
            library.emit(1)
            assert library.calls == ["pause"]
            assert take(events, 3) == [1, 2, 3]
            assert library.calls == ["pause", "resume"]

    def test_of_a_library_that_brings_its_backlog_when_it_is_asked_to_resume_keeps_the_bound(self) -> None:
        library, backlog = Switched(), [*range(1000)]

        def flow() -> None:
            library.resume()
            while backlog and library.calls[-1] == "resume":
                library.emit(backlog.pop(0))

        with library.stream(maxsize=10, on_full=(library.pause, flow)) as events:
            flow()
            assert (library.calls, len(backlog)) == (["resume", "pause"], 990)
            assert take(events, 5) == [*range(5)]
            assert len(backlog) >= 980
            assert library.calls == ["resume", "pause"] * 2

    def test_ends_with_what_pause_raises_after_the_events_that_wait(self) -> None:
        library = Library()
        events = library.stream(maxsize=2, on_full=(lambda: 1 / 0, print))
        assert [library.emitter.emit(number) for number in (1, 2, 3)] == [None] * 3
        assert take(events, 2) == [1, 2]
        with pytest.raises(ZeroDivisionError):
            next(events)
        assert (list(events), library.tokens) == ([], [library])

    def test_that_cannot_resume_says_so_and_loses_no_event(self) -> None:
        library, seen, errors = Switched(), list[int](), list[type[Exception]]()
        events = library.stream(maxsize=4, on_full=(library.pause, lambda: 1 / 0))
        library.emit(1, 2, 3, 4)
        for _ in range(6):
            if len(seen) + len(errors) == 4:
                library.emitter.close()  # else a fifth attempt would wait
            try:
                seen += take(events, 1)
            except Exception as error:
                errors.append(type(error))
        assert seen == [1, 2, 3, 4]
        assert ZeroDivisionError in errors

    def test_does_not_resume_a_library_that_has_been_unsubscribed(self) -> None:
        """To resume is to subscribe again in some libraries, such as a ZMQStream."""
        library = Switched()
        events = library.open(4)
        library.emit(1, 2, 3, 4)
        library.emitter.close()
        Promise.resolve().wait(timeout=20)  # on the stream's home it unsubscribes
        assert library.tokens == [library]
        assert list(events) == [1, 2, 3, 4]
        assert library.calls == ["pause"]

    @pytest.mark.parametrize("leave", ["close", "drop"])
    def test_does_not_resume_a_library_that_is_left(self, leave: str, reports: list[Report]) -> None:
        library = Switched()
        events = library.open(2)
        library.emit(1, 2)
        if leave == "close":
            events.close()
        del events
        assert (library.calls, library.tokens, reports) == (["pause"], [library], [])


class TestWrongOptions:
    @pytest.mark.parametrize("maxsize", ["10", 1.5, True, [1]])
    def test_a_bound_that_is_no_number_is_refused(self, maxsize: Any) -> None:
        with pytest.raises(TypeError, match="expected maxsize to be a number of events or None"):
            Library().stream(maxsize=maxsize)

    @pytest.mark.parametrize("maxsize", [0, -1])
    def test_a_bound_below_one_is_refused(self, maxsize: int) -> None:
        with pytest.raises(ValueError, match="expected maxsize to be at least 1"):
            Library().stream(maxsize=maxsize)

    @pytest.mark.parametrize("on_full", ["block", None, (print,), (print, None), [print, print], print])
    @pytest.mark.parametrize("maxsize", [1, None])
    def test_an_unknown_policy_is_refused_before_anything_is_subscribed(self, on_full: Any, maxsize: Any) -> None:
        library = Library()
        with pytest.raises((TypeError, ValueError), match="on_full"):
            library.stream(maxsize=maxsize, on_full=on_full)
        assert library.emitters == []


def test_a_pause_that_fails_in_any_way_ends_the_stream() -> None:
    sides: list[Emitter[int]] = []
    events = stream(sides.append, maxsize=1, on_full=(raising(Doom, "pause"), bool))
    sides[0].emit(1)
    assert next(events) == 1
    with pytest.raises(Doom):
        next(events)


@pytest.mark.parametrize("maxsize", [10**9, 10**30], ids=["large", "huge"])
def test_a_bound_that_no_memory_could_hold_is_refused(maxsize: int) -> None:
    for policy in ("error", "drop_oldest", "drop_newest"):
        with pytest.raises(ValueError, match=r"at most 10000000, got 10+: write maxsize=None for no bound"):
            stream(bool, maxsize=maxsize, on_full=policy)
