"""Signal handlers and finalisers strike at every step of emitting, taking, asking and answering (S3).

Both run between two bytecodes of the interrupted thread, which does not go on before they return: nothing here may wait
for the other side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise, Replies, Stream, StreamOverflow, stream

from ..support import Mainloop
from ..threads.explorer import HAS_OPCODES, files, interrupt_everywhere
from .library import Library

STREAMS = files("channel", "atomic", "stream")
TABLES = files("replies", "atomic")
END = "the end"
Act = Callable[[], object]

# What comes out of a stream with room for one, in which 0 waits, when 2 is emitted inside the emit of 1.
EMITS: dict[str, list[list[Any]]] = {
    "drop_oldest": [[1], [2]],
    "drop_newest": [[0]],
    "error": [[0, StreamOverflow]],
}
# Likewise if 2 is emitted inside a take, and how many are dropped.
TAKES: dict[str, list[tuple[list[Any], int]]] = {
    "drop_oldest": [([0, 2], 0), ([2], 1)],
    "drop_newest": [([0, 2], 0), ([0], 1)],
    "error": [([0, 2], 0), ([0, StreamOverflow], 0)],
}


def fewest(opcodes: int) -> int:
    """Give how many stops there are at least; a line has some five opcodes."""
    return opcodes if HAS_OPCODES else opcodes // 5


def rest(events: Stream[Any]) -> list[Any]:
    found: list[Any] = []
    while True:
        try:
            found.append(next(events))
        except StopIteration:
            return found
        except StreamOverflow:
            found.append(StreamOverflow)


def filled(**options: Any) -> tuple[Library, Stream[Any]]:
    library = Library()
    events = library.stream(**options)
    library.emit(0)
    return library, events


class TestAStream:
    @pytest.mark.parametrize("policy", EMITS)
    def test_that_is_full_takes_an_emit_inside_an_emit(self, policy: str) -> None:
        def make() -> tuple[Act, Act, Act]:
            library, events = filled(maxsize=1, on_full=policy)

            def check() -> None:
                library.emitter.close()
                # Two that are dropped in the same instant may be counted as one; see `channel.Bounded`.
                assert events.dropped in ((0,) if policy == "error" else (1, 2))
                assert rest(events) in EMITS[policy]

            return lambda: library.emit(1), lambda: library.emit(2), check

        assert interrupt_everywhere(make, STREAMS) > fewest(10)

    @pytest.mark.parametrize("policy", TAKES)
    def test_that_is_full_takes_an_emit_inside_a_take(self, policy: str) -> None:
        def make() -> tuple[Act, Act, Act]:
            library, events = filled(maxsize=1, on_full=policy)
            seen: list[Any] = []

            def check() -> None:
                library.emitter.close()
                assert (seen + rest(events), events.dropped) in TAKES[policy]

            return lambda: seen.append(next(events)), lambda: library.emit(2), check

        assert interrupt_everywhere(make, STREAMS) > fewest(10)

    def test_with_pause_and_resume_loses_nothing_and_lets_the_library_go_on(self) -> None:
        def make() -> tuple[Act, Act, Act]:
            calls: list[str] = []
            pair = lambda: calls.append("pause"), lambda: calls.append("resume")
            library, events = filled(maxsize=1, on_full=pair)
            seen: list[Any] = []

            def check() -> None:
                seen.extend(next(events) for _ in range(2 - len(seen)))
                assert seen == [0, 2]
                assert calls[:1] == ["pause"]
                assert calls[-1:] == ["resume"]
                events.close()

            return lambda: seen.append(next(events)), lambda: library.emit(2), check

        assert interrupt_everywhere(make, STREAMS) > fewest(10)

    @pytest.mark.parametrize("how", ["close", "fail", "close of the stream"])
    def test_that_is_ended_inside_an_emit_or_a_take_unsubscribes_once(self, how: str) -> None:
        for interrupted in ("emit", "take", "close"):

            def make(interrupted: str = interrupted) -> tuple[Act, Act, Act]:
                library, events = filled()
                acts: dict[str, Act] = {
                    "emit": lambda: library.emit(1),
                    "take": lambda: next(events, END),
                    "close": events.close,
                }
                ends: dict[str, Act] = {
                    "close": library.emitter.close,
                    "fail": lambda: library.emitter.fail(None),
                    "close of the stream": events.close,
                }

                def check() -> None:
                    Promise.resolve().wait()
                    assert len(library.tokens) == 1
                    while next(events, END) is not END:
                        assert interrupted != "close"

                return acts[interrupted], ends[how], check

            assert interrupt_everywhere(make, STREAMS) > fewest(5)

    def test_that_is_dropped_inside_an_emit_unsubscribes_once(self, mainloop: Mainloop) -> None:
        def make() -> tuple[Act, Act, Act]:
            left: list[object] = []
            emitters: list[Any] = []
            box = [stream(emitters.append, left.append)]

            def check() -> None:
                mainloop.finish()
                assert len(left) == 1

            return lambda: emitters[0].emit(1), box.clear, check

        assert interrupt_everywhere(make, STREAMS) > fewest(10)


def read(promise: Promise[Any], replies: Replies[Any, Any]) -> object:
    """Give the outcome, after one more answer if there is none."""
    if promise.state == "pending":
        assert 1 in replies, "the promise has been forgotten, and nothing will ever settle it"
        replies.resolve(1, "last")
    return promise.value if promise.reason is None else type(promise.reason)


@pytest.mark.usefixtures("mainloop")
class TestATable:
    @pytest.mark.parametrize("inner", ["ask", "answer", "fail", "reject all", "cancel"])
    @pytest.mark.parametrize("outer", ["ask", "answer", "fail", "reject all", "cancel"])
    @pytest.mark.parametrize("before", ["nothing", "asked", "answered"])
    def test_counts_what_waits_in_the_middle_of_every_step(self, inner: str, outer: str, before: str) -> None:
        def make() -> tuple[Act, Act, Act]:
            replies: Replies[int, str] = Replies()
            given: list[Promise[str]] = []
            acts: dict[str, Act] = {
                "nothing": lambda: None,
                "asked": lambda: given.append(replies[1]),
                "ask": lambda: given.append(replies[1]),
                "answered": lambda: replies.resolve(1, "first"),
                "answer": lambda: replies.resolve(1, "answer"),
                "fail": lambda: replies.reject(1, OSError()),
                "reject all": lambda: replies.reject_all(ConnectionError()),
                "cancel": lambda: [promise.cancel() for promise in list(given)],
            }
            acts[before]()

            def strike() -> None:
                acts[inner]()
                if inner == "ask":
                    assert len(replies) == (given[-1].state == "pending")
                elif inner != "cancel":
                    assert len(replies) == 0

            def check() -> None:
                waiting = {id(promise) for promise in given if promise.state == "pending"}
                assert len(replies) == len(waiting) == (1 in replies) == len(replies._waiting)
                for promise in given:
                    promise.catch(BaseException, lambda error: None)
                replies.reject_all(ConnectionError())
                assert len(replies) == 0

            return acts[outer], strike, check

        assert interrupt_everywhere(make, TABLES) > fewest(5) or outer == "cancel"

    @pytest.mark.parametrize("inner", ["ask", "answer", "fail", "reject all", "another answer"])
    @pytest.mark.parametrize("outer", ["ask", "answer", "fail", "reject all"])
    @pytest.mark.parametrize("before", ["nothing", "asked", "answered"])
    def test_settles_every_promise_whatever_interrupts_what(self, inner: str, outer: str, before: str) -> None:
        def make() -> tuple[Act, Act, Act]:
            replies: Replies[int, str] = Replies(early=1)
            given: list[Promise[str]] = []
            acts: dict[str, Act] = {
                "nothing": lambda: None,
                "asked": lambda: given.append(replies[1]),
                "ask": lambda: given.append(replies[1]),
                "answered": lambda: replies.resolve(1, "first"),
                "answer": lambda: replies.resolve(1, "answer"),
                "another answer": lambda: replies.resolve(2, "another"),
                "fail": lambda: replies.reject(1, OSError()),
                "reject all": lambda: replies.reject_all(ConnectionError()),
            }
            acts[before]()

            def check() -> None:
                allowed = ("first", "answer", OSError, ConnectionError, "last")
                assert all(read(promise, replies) in allowed for promise in given)
                assert len(replies) == 0
                assert len(replies._entries) <= 1

            return acts[outer], acts[inner], check

        assert interrupt_everywhere(make, TABLES) > fewest(5)
