"""Every schedule, with at most two preemptions, of what meets in one stream (S3).

In each race: no event is lost that the policy does not drop, no sleeper is forgotten, nothing is unsubscribed twice, and
no room is lost for good. Lane 0 consumes; where it sleeps, the explorer sees it, and a sleeper that nobody wakes is a
deadlock. Replies have races of their own in `tests/events`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from promisepy import Promise, Report, Stream, StreamOverflow, stream

from ..support import Mainloop
from .explorer import Race, explorer, files
from .test_interleavings_home import make_bed

pytestmark = pytest.mark.slow

STREAMS = files("channel", "atomic", "stream", "subscription")
END = "the end"


class Library:
    """Emits where it is told to, and notes who unsubscribes, pauses and resumes."""

    def __init__(self, waiting: Iterable[int] = (), **options: Any) -> None:
        self.unsubscribed = 0
        self.calls: list[str] = []
        if options.pop("pauses", False):
            options["on_full"] = (lambda: self.calls.append("pause"), lambda: self.calls.append("resume"))
        self.streams: list[Stream[Any]] = [stream(self.subscribe, self.unsubscribe, **options)]
        self.emit(*waiting)

    def subscribe(self, emitter: Any) -> None:
        self.emitter = emitter

    def unsubscribe(self, token: object) -> None:
        self.unsubscribed += 1

    def emit(self, *events: int) -> None:
        for event in events:
            self.emitter.emit(event)

    def next(self) -> Any:
        try:
            return next(self.streams[0], END)
        except Exception as error:
            return type(error)

    def rest(self) -> list[Any]:
        """Take what waits, up to the end that is made here."""
        self.emitter.close()
        found = [self.next()]
        while found[-1] is not END:
            found.append(self.next())
        return found[:-1]


def explore(make: Callable[[], Race], lanes: int = 2) -> int:
    """Run every schedule; with three lanes, one preemption has to do."""
    with explorer(lanes, watched=STREAMS, preemptions=4 - lanes) as search:
        make_bed(search)
        return search.explore(make)


@pytest.mark.usefixtures("mainloop")
class TestASleepingConsumer:
    @pytest.mark.parametrize("on_full", ["error", "drop_oldest", "drop_newest", (print, print)])
    def test_is_woken_for_each_event(self, on_full: Any) -> None:
        def make() -> Race:
            library, seen = Library(on_full=on_full), list[Any]()

            def check() -> None:
                assert seen == [1, 2]

            def consume() -> None:
                seen.extend((library.next(), library.next()))

            return Race((consume, lambda: library.emit(1, 2)), check)

        assert explore(make) > 100

    @pytest.mark.parametrize("how", ["close", "fail", "overflow", "close of the stream"])
    def test_is_woken_for_the_end_which_comes_after_the_event_before_it(self, how: str) -> None:
        def make() -> Race:
            library, seen = Library(maxsize=1), list[Any]()

            def end() -> None:
                library.emit(1)
                if how == "overflow":
                    library.emit(2)
                elif how == "close of the stream":
                    library.streams[0].close()
                else:
                    library.emitter.fail(*[OSError()] * (how == "fail"))

            def check() -> None:
                allowed = {
                    "close": [[1, END, END]],
                    "fail": [[1, OSError, END]],
                    "overflow": [[1, StreamOverflow, END], [1, 2, END]],
                    "close of the stream": [[1, END, END], [END, END, END]],
                }
                assert seen in allowed[how]

            def consume() -> None:
                seen.extend((library.next(), library.next()))
                library.emitter.close()  # for the case without an overflow
                seen.append(library.next())

            return Race((consume, end), check)

        explore(make)

    def test_is_woken_by_either_of_two_threads(self) -> None:
        def make() -> Race:
            library, seen = Library(maxsize=None), list[Any]()

            def check() -> None:
                assert sorted(seen) == [1, 2]

            def consume() -> None:
                seen.extend((library.next(), library.next()))

            return Race((consume, lambda: library.emit(1), lambda: library.emit(2)), check)

        explore(make, 3)


# Where one thread takes an event of a stream with room for one, and another emits two.
OUTCOMES: dict[Any, list[tuple[list[Any], int]]] = {
    "drop_oldest": [([0, 2], 1), ([1, 2], 1), ([2], 2)],
    "drop_newest": [([0, 1], 1), ([0, 2], 1), ([0], 2)],
    "error": [([0, StreamOverflow], 0), ([0, 1, StreamOverflow], 0)],
}


@pytest.mark.parametrize("policy", OUTCOMES)
def test_emit_and_take_when_only_one_may_wait(mainloop: Mainloop, policy: str) -> None:
    def make() -> Race:
        library, seen = Library([0], maxsize=1, on_full=policy), list[Any]()
        events = library.streams[0]

        def check() -> None:
            assert (seen + library.rest(), events.dropped) in OUTCOMES[policy]

        return Race((lambda: seen.append(library.next()), lambda: library.emit(1, 2)), check)

    explore(make)


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
def test_the_room_is_the_same_after_emits_and_takes_as_before(mainloop: Mainloop, policy: str) -> None:
    def make() -> Race:
        library = Library([0, 1], maxsize=2, on_full=policy)
        events = library.streams[0]

        def check() -> None:
            library.emit(5, 6)
            before = events.dropped
            library.emit(7, 8)
            assert events.dropped == before + 2
            assert len(library.rest()) == 2

        return Race((library.next, lambda: library.emit(3), lambda: library.emit(4)), check)

    explore(make, 3)


def is_alternating(calls: list[str]) -> bool:
    return calls == ["pause", "resume"] * (len(calls) // 2) + ["pause"] * (len(calls) % 2)


@pytest.mark.parametrize("waiting", [[0], [0, 1], [0, 1, 2]])
@pytest.mark.parametrize("takes", [1, 2])
def test_a_library_does_not_stay_paused_while_there_is_room(mainloop: Mainloop, waiting: list[int], takes: int) -> None:
    def make() -> Race:
        library, seen = Library(waiting, maxsize=2, pauses=True), list[Any]()

        def check() -> None:
            left = len(waiting) + 2 - len(seen)
            assert is_alternating(library.calls)
            assert library.calls[-1:] != ["pause"] or left > 1
            assert seen + library.rest() == [*waiting, 7, 8]

        def take() -> None:
            seen.extend(library.next() for _ in range(min(takes, len(waiting))))

        return Race((take, lambda: library.emit(7, 8)), check)

    explore(make)


def test_a_library_is_paused_when_the_limit_is_reached_whatever_the_consumer_does(mainloop: Mainloop) -> None:
    def make() -> Race:
        library = Library([0], maxsize=1, pauses=True)

        def check() -> None:
            assert is_alternating(library.calls)
            assert library.calls[-1:] == ["pause"], "two events wait where one may, and the library runs on"

        return Race((library.next, lambda: library.emit(1, 2)), check)

    explore(make)


def test_two_threads_that_reach_the_limit_pause_once(mainloop: Mainloop) -> None:
    def make() -> Race:
        library = Library(maxsize=1, pauses=True)

        def check() -> None:
            assert library.calls == ["pause"]
            assert sorted(library.rest()) == [1, 2]

        return Race((lambda: library.emit(1), lambda: library.emit(2)), check)

    explore(make)


@pytest.mark.parametrize("waiting", [[], [0]])
def test_emit_and_close(mainloop: Mainloop, waiting: list[int]) -> None:
    def make() -> Race:
        library = Library(waiting)

        def check() -> None:
            mainloop.finish()
            assert library.unsubscribed == 1
            assert not library.streams[0]._channel.events, "an event is kept for nobody"
            assert library.rest() == [], "an event came out of a closed stream"

        return Race((library.streams[0].close, lambda: library.emit(1)), check)

    explore(make)


ENDS: dict[str, Callable[[Library], object]] = {
    "close": lambda library: library.streams[0].close(),
    "drop": lambda library: library.streams.clear(),
    "end": lambda library: library.emitter.close(),
    "take": lambda library: library.rest(),
    "job": lambda library: library.emitter.close(),
}


@pytest.mark.parametrize(
    ("first", "second"), [("close", "end"), ("drop", "end"), ("take", "end"), ("close", "close"), ("end", "end")]
)
def test_two_ends_unsubscribe_once(mainloop: Mainloop, first: str, second: str, reports: list[Report]) -> None:
    def make() -> Race:
        library = Library([0])

        def check() -> None:
            mainloop.finish()
            assert library.unsubscribed == 1

        return Race((lambda: ENDS[first](library), lambda: ENDS[second](library)), check)

    explore(make)
    assert reports == []


@pytest.mark.parametrize("end", ["close", "drop", "end"])
def test_a_token_that_comes_while_the_stream_ends_is_handed_back_once(
    mainloop: Mainloop, end: str, reports: list[Report]
) -> None:
    def make() -> Race:
        given: list[Any] = []
        back: list[object] = []
        d = Promise[str].with_resolvers()
        box = [stream(lambda s: (given.append(s), d.promise)[1], back.append)]
        mainloop.run()
        ends: dict[str, Callable[[], object]] = {
            "close": lambda: box[0].close(),
            "drop": box.clear,
            "end": lambda: given[0].close(),
        }

        def check() -> None:
            mainloop.finish()
            assert back == ["token"] * (d.promise.value == "token")

        return Race((ends[end], lambda: d.resolve("token")), check)

    explore(make)
    assert reports == []
