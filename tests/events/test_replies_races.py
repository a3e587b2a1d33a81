"""Every schedule, with at most two preemptions, of what meets in one table of replies (S3).

Whatever the order, each promise that was handed out is settled, or still stands in the table, where an answer finds it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import BrokenPromise, Cancelled, Promise, Replies, set_host
from promisepy._core.jobs import Timer
from promisepy._events import replies as table

from ..support import PATIENCE, Mainloop, observe
from ..threads.explorer import Race, explorer, files

pytestmark = pytest.mark.slow

HOUR = 3600.0
PLACES = files("replies", "atomic")
Table = Replies[int, str]


def explore(make: Callable[[], Race], lanes: int = 2) -> None:
    """Run every schedule; with three lanes, one preemption has to do."""
    with explorer(lanes, watched=PLACES, preemptions=4 - lanes) as search:
        assert search.explore(make) > 10


def explore_at_home(make: Callable[[Mainloop], Race]) -> None:
    """Run every schedule, where the home of whoever asks is that of lane 0: a host can drain it only on that thread."""
    with explorer(2, watched=PLACES) as search:
        host = Mainloop()
        search.on(0, lambda: set_host(host))

        def make_at_home() -> Race:
            race: Race = search.on(0, lambda: make(host))
            return Race(race.programs, lambda: search.on(0, race.check))

        assert search.explore(make_at_home) > 10


def ask(replies: Table, found: list[Promise[str]], key: int = 1) -> None:
    promise = replies[key]
    observe(promise)
    found.append(promise)


def outcome(promise: Promise[Any]) -> object:
    """Give the value, or the class of the reason, or None."""
    return promise.value if promise.reason is None else type(promise.reason)


def answered(replies: Table, promise: Promise[str], key: int = 1) -> object:
    """Give the outcome, after one more answer if there is none: who waits must be within its reach."""
    if promise.state == "pending":
        assert key in replies, "the promise has been forgotten, and nothing will ever settle it"
        replies.resolve(key, "last")
    assert promise.state != "pending"
    return outcome(promise)


def is_empty(replies: Table) -> bool:
    return not replies._entries and len(replies) == 0


def test_ask_and_answer(mainloop: Mainloop) -> None:
    def make() -> Race:
        replies, found = Table(), list[Promise[str]]()

        def check() -> None:
            assert [outcome(promise) for promise in found] == ["one"]
            assert is_empty(replies)

        return Race((lambda: ask(replies, found), lambda: replies.resolve(1, "one")), check)

    explore(make)


def test_ask_twice_and_answer(mainloop: Mainloop) -> None:
    def make() -> Race:
        replies, found = Table(), list[Promise[str]]()

        def check() -> None:
            assert {answered(replies, promise) for promise in found} <= {"one", "last"}
            assert "one" in [outcome(promise) for promise in found]
            assert is_empty(replies)

        programs = (lambda: ask(replies, found), lambda: ask(replies, found), lambda: replies.resolve(1, "one"))
        return Race(programs, check)

    explore(make, 3)


def test_two_who_ask_for_the_same_key(mainloop: Mainloop) -> None:
    def make() -> Race:
        replies, found = Table(), list[Promise[str]]()

        def check() -> None:
            assert found[0] is found[1]
            assert (len(replies), answered(replies, found[0])) == (1, "last")

        return Race((lambda: ask(replies, found), lambda: ask(replies, found)), check)

    explore(make)


@pytest.mark.parametrize("is_asked", [True, False])
def test_two_answers(mainloop: Mainloop, is_asked: bool) -> None:
    def make() -> Race:
        replies, found = Table(), list[Promise[str]]()
        if is_asked:
            ask(replies, found)

        def check() -> None:
            if not is_asked:
                ask(replies, found)
                assert is_empty(replies)
            assert outcome(found[0]) in ("one", OSError)

        return Race((lambda: replies.resolve(1, "one"), lambda: replies.reject(1, OSError())), check)

    explore(make)


def test_ask_and_the_early_answer_that_pushes_the_one_out(mainloop: Mainloop) -> None:
    def make() -> Race:
        replies, found = Table(early=1), list[Promise[str]]()
        replies.resolve(1, "one")

        def check() -> None:
            assert answered(replies, found[0]) in ("one", "last")

        return Race((lambda: ask(replies, found), lambda: replies.resolve(2, "two")), check)

    explore(make)


@pytest.mark.parametrize("is_early", [True, False])
def test_ask_and_reject_all(mainloop: Mainloop, is_early: bool) -> None:
    def make() -> Race:
        replies, found = Table(), list[Promise[str]]()
        if is_early:
            replies.resolve(1, "one")

        def check() -> None:
            assert answered(replies, found[0]) in ("one", ConnectionError, "last")
            assert is_empty(replies)

        return Race((lambda: ask(replies, found), lambda: replies.reject_all(ConnectionError())), check)

    explore(make)


def test_ask_with_a_timeout_and_reject_all(mainloop: Mainloop, monkeypatch: pytest.MonkeyPatch) -> None:
    timers = record_timers(monkeypatch)

    def make() -> Race:
        replies, found = Table(timeout=HOUR), list[Promise[str]]()
        timers.clear()

        def check() -> None:
            assert answered(replies, found[0]) in (ConnectionError, "last")
            assert [timer for timer in timers if not timer.is_cancelled] == []

        return Race((lambda: ask(replies, found), lambda: replies.reject_all(ConnectionError())), check)

    explore(make)


def record_timers(monkeypatch: pytest.MonkeyPatch) -> list[Timer]:
    made: list[Timer] = []

    def make(*arguments: Any) -> Timer:
        made.append(Timer(*arguments))
        return made[-1]

    monkeypatch.setattr(table, "Timer", make)
    return made


def test_ask_with_a_timeout_and_answer_leave_no_timer(mainloop: Mainloop, monkeypatch: pytest.MonkeyPatch) -> None:
    timers = record_timers(monkeypatch)

    def make() -> Race:
        replies, found = Table(timeout=HOUR), list[Promise[str]]()
        timers.clear()

        def check() -> None:
            assert outcome(found[0]) == "one"
            assert [timer for timer in timers if not timer.is_cancelled] == [], "a timer runs on for an hour"

        return Race((lambda: ask(replies, found), lambda: replies.resolve(1, "one")), check)

    explore(make)


def test_answer_and_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    timers = record_timers(monkeypatch)

    def make(host: Mainloop) -> Race:
        replies, found = Table(timeout=HOUR), list[Promise[str]]()
        ask(replies, found)
        timers.pop().ring()

        def check() -> None:
            first = outcome(found[0])
            assert first in ("one", TimeoutError)
            ask(replies, found)
            # An answer that came too late is an early one for the next request, or came together with the end.
            assert answered(replies, found[1]) in (("one", "last") if first is TimeoutError else ("last",))
            assert is_empty(replies)
            host.finish()

        return Race((host.run, lambda: replies.resolve(1, "one")), check)

    explore_at_home(make)


@pytest.mark.parametrize("how", ["timeout", "cancel"])
def test_give_up_and_a_late_answer(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    timers = record_timers(monkeypatch)

    def make(host: Mainloop) -> Race:
        replies, found = Table(timeout=HOUR, drop_late=True), list[Promise[str]]()
        ask(replies, found)
        timers.pop().ring()

        def check() -> None:
            assert outcome(found[0]) in ("one", TimeoutError, Cancelled)
            host.finish()
            assert not replies._late, "the answer has come, and the next one would be dropped in its place"
            ask(replies, found)
            assert found[1].state == "pending", "the late answer was kept for the next request"
            assert answered(replies, found[1]) == "last"
            assert is_empty(replies)
            host.finish()

        return Race((host.run if how == "timeout" else found[0].cancel, lambda: replies.resolve(1, "one")), check)

    explore_at_home(make)


def test_give_up_ask_and_a_late_answer(mainloop: Mainloop) -> None:
    def make() -> Race:
        replies, found = Table(drop_late=True), list[Promise[str]]()
        ask(replies, found)

        def check() -> None:
            assert outcome(found[0]) in ("one", Cancelled)
            assert len(replies) == (found[1].state == "pending")
            for text in ("perhaps dropped", "last"):
                replies.resolve(1, text)
            assert outcome(found[1]) in ("one", "perhaps dropped", "last", Cancelled)
            assert len(replies) == len(replies._late or ()) == 0

        programs = (found[0].cancel, lambda: ask(replies, found), lambda: replies.resolve(1, "one"))
        return Race(programs, check)

    explore(make, 3)


@pytest.mark.parametrize("end", ["answer", "cancel", "reject all"])
def test_two_who_ask_and_an_end_leave_the_count_right(mainloop: Mainloop, end: str) -> None:
    def make() -> Race:
        replies, found, counts = Table(), list[Promise[str]](), list[int]()
        ends: dict[str, Callable[[], object]] = {
            "answer": lambda: replies.resolve(1, "one"),
            "cancel": lambda: [promise.cancel() for promise in list(found)],
            "reject all": lambda: replies.reject_all(ConnectionError()),
        }

        def act() -> None:
            ends[end]()
            counts.append(len(replies))

        def check() -> None:
            waiting = {id(promise) for promise in found if promise.state == "pending"}
            assert len(replies) == len(waiting) == (1 in replies) == len(replies._entries)
            assert counts[0] in (0, 1)

        return Race((lambda: ask(replies, found), lambda: ask(replies, found), act), check)

    explore(make, 3)


def test_answer_and_reject_all(mainloop: Mainloop) -> None:
    def make() -> Race:
        replies, found = Table(), list[Promise[str]]()
        ask(replies, found)

        def check() -> None:
            first = outcome(found[0])
            assert first in ("one", ConnectionError)
            ask(replies, found)
            assert answered(replies, found[1]) in ("one", "last")
            assert is_empty(replies)

        return Race((lambda: replies.resolve(1, "one"), lambda: replies.reject_all(ConnectionError())), check)

    explore(make)


def test_answer_and_the_end_of_the_table(mainloop: Mainloop) -> None:
    def make() -> Race:
        box, found = [Table()], list[Promise[str]]()
        ask(box[0], found)
        callbacks = [box[0].via(lambda key, value: (key, value))]

        def answer() -> None:
            callbacks.pop()(1, "one")

        def check() -> None:
            assert outcome(found[0]) in ("one", BrokenPromise)

        return Race((box.clear, answer), check)

    explore(make)


@pytest.mark.usefixtures("hectic")
class TestThreeHundredRoundsOfRealThreads:
    def test_of_asking_and_answering_leave_nothing_behind(self) -> None:
        replies: Table = Replies(timeout=HOUR)
        keys, ready = range(300), threading.Barrier(2)

        def answer() -> None:
            for key in keys:
                ready.wait(PATIENCE)
                replies.resolve(key, str(key))

        thread = threading.Thread(target=answer)
        thread.start()
        for key in keys:
            ready.wait(PATIENCE)
            assert replies[key].wait(timeout=PATIENCE) == str(key)
        thread.join(PATIENCE)
        assert is_empty(replies)

    def test_of_many_who_use_the_same_few_keys_lose_no_answer(self) -> None:
        replies: Table = Replies()
        ready, given = threading.Barrier(4), list[Promise[str]]()

        def run(act: Callable[[int], object]) -> None:
            ready.wait(PATIENCE)
            for number in range(300):
                act(number % 3)

        acts: list[Callable[[int], object]] = [
            lambda key: given.append(replies[key]),
            lambda key: given.append(replies[key]),
            lambda key: replies.resolve(key, "answer"),
            lambda key: replies.resolve(key, "answer"),
        ]
        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        waiting = {id(promise) for promise in given if promise.state == "pending"}
        assert len(waiting) == len(replies) <= 3
        for key in range(3):
            replies.resolve(key, "last")
        assert {promise.value for promise in given} <= {"answer", "last"}
