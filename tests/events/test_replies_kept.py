"""What a thread removes by mistake, because it stood still between looking and removing, is put back (INV-KEPT)."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Fulfilled, Promise, Replies, Report, StuckPromise
from promisepy._events import replies as table
from promisepy._events.replies import Early
from promisepy._promises.promise import pending

from ..support import PATIENCE, observe

Act = Callable[[], object]


class Halting(dict[Any, Any]):
    """A dictionary whose next `pop` stands still before and after, while others act."""

    acts: tuple[Act, Act] | None = None

    def pop(self, *arguments: Any) -> Any:
        acts, self.acts = self.acts, None  # those who act may pop, too
        if acts is None:
            return super().pop(*arguments)
        acts[0]()
        found = super().pop(*arguments)
        acts[1]()
        return found


Halted = tuple[Replies[int, str], list[Promise[str]]]


def halted(after: Callable[[Replies[int, str], list[Promise[str]]], object], **options: Any) -> Halted:
    """Answer a request, while somebody asks again before its entry is removed, and something happens after."""
    replies: Replies[int, str] = Replies(**options)
    given: list[Promise[str]] = []
    ask(replies, given)
    replies._entries = entries = Halting(replies._entries)
    entries.acts = (lambda: ask(replies, given)), (lambda: after(replies, given))
    replies.resolve(1, "one")
    assert given[0].value == "one"
    return replies, given


def ask(replies: Replies[int, str], given: list[Promise[str]]) -> None:
    given.append(replies[1])
    observe(given[-1])


def nothing(*_: object) -> None:
    """Happen."""


def test_a_request_is_put_back() -> None:
    replies, given = halted(nothing)
    assert (given[1].state, len(replies), 1 in replies) == ("pending", 1, True)
    replies.resolve(1, "two")
    assert (given[1].value, replies._entries) == ("two", {})


def test_a_request_that_was_cancelled_meanwhile_is_not() -> None:
    replies, given = halted(lambda _, given: given[1].cancel())
    assert (given[1].state, len(replies), replies._entries) == ("rejected", 0, {})


def test_an_answer_that_came_meanwhile_is_for_the_request() -> None:
    replies, given = halted(lambda replies, _: replies.resolve(1, "two"))
    assert (given[1].value, len(replies), replies._entries, len(replies._early)) == ("two", 0, {}, 0)


def test_reject_all_meanwhile_is_for_the_request_as_well() -> None:
    replies, given = halted(lambda replies, _: replies.reject_all(ConnectionError("lost")))
    assert (type(given[1].reason), replies._entries) == (ConnectionError, {})


class TestTwins:
    """Two requests for one key, which share the next answer."""

    def test_are_answered_together(self) -> None:
        replies, given = halted(ask)
        assert (len(replies), 1 in replies) == (2, True)
        replies.resolve(1, "two")
        assert ([promise.value for promise in given], replies._entries) == (["one", "two", "two"], {})

    @pytest.mark.parametrize("cancelled", [1, 2])
    def test_do_not_take_one_another_along(self, cancelled: int) -> None:
        replies, given = halted(ask)
        given[cancelled].cancel()
        assert (len(replies), 1 in replies) == (1, True)
        replies.resolve(1, "two")
        assert (given[3 - cancelled].value, replies._entries) == ("two", {})

    def test_have_a_time_each(self) -> None:
        replies, given = halted(ask, timeout=0.01)
        for promise in given[1:]:
            with pytest.raises(TimeoutError, match="no answer"):
                promise.wait(timeout=PATIENCE)
        assert (len(replies), replies._entries) == (0, {})


def test_an_early_answer_that_was_removed_by_mistake_is_found() -> None:
    replies: Replies[int, str] = Replies()
    first = replies[1]
    replies._entries = entries = Halting(replies._entries)
    entries.acts = (lambda: replies.resolve(1, "early")), nothing
    replies.resolve(1, "one")
    assert (first.value, replies[1].value, replies._entries) == ("one", "early", {})


def test_requests_of_an_ended_thread_are_stuck(reports: list[Report]) -> None:
    replies = Replies[int, int](timeout=60)
    promises: list[Promise[int]] = []
    thread = threading.Thread(target=lambda: promises.append(replies[1]))
    thread.start()
    thread.join()
    assert isinstance(promises[0].reason, StuckPromise)


def test_of_two_early_answers_that_meet_the_first_is_kept() -> None:
    replies: Replies[int, str] = Replies()
    promise = replies[1]
    replies._entries = entries = Halting(replies._entries)
    entries.acts = (lambda: replies.resolve(1, "first")), (lambda: replies.resolve(1, "second"))
    replies.resolve(1, "answer")
    assert (promise.value, replies[1].value, replies._entries, len(replies._early)) == ("answer", "first", {}, 0)


@pytest.mark.parametrize("first_stands", [True, False])
def test_of_two_early_answers_the_first_is_kept_wherever_it_stands(first_stands: bool) -> None:
    replies: Replies[int, str] = Replies()
    first, second = Early(1, Fulfilled("first")), Early(1, Fulfilled("second"))
    replies._entries[1] = first if first_stands else second
    replies._put(second if first_stands else first)
    assert (replies[1].value, replies._entries) == ("first", {})


class Beaten(dict[Any, Any]):
    """A dictionary into which somebody else puts a key just before the next `setdefault` does."""

    act: Act | None = None

    def setdefault(self, *arguments: Any) -> Any:
        act, self.act = self.act, None
        if act is not None:
            act()
        return super().setdefault(*arguments)


@pytest.mark.parametrize("other", ["ask", "answer"])
def test_a_request_that_somebody_else_has_beaten_leaves_nothing(other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    replies: Replies[int, str] = Replies()
    given: list[Promise[str]] = []
    made: list[weakref.ref[Promise[str]]] = []

    def make() -> Promise[str]:
        promise: Promise[str] = pending()
        made.append(weakref.ref(promise))
        return promise

    monkeypatch.setattr(table, "pending", make)
    replies._entries = entries = Beaten()
    entries.act = (lambda: ask(replies, given)) if other == "ask" else (lambda: replies.resolve(1, "early"))
    gc.disable()
    try:
        ask(replies, given)
        assert {id(promise) for promise in given} == {id(reference()) for reference in made} - {id(None)}
        replies.resolve(1, "answer")
        given.clear()
        assert [reference() for reference in made] == [None] * len(made)
    finally:
        gc.enable()


class TestARequestThatIsBeingCancelled:
    """Its promise is settled, but it still stands in the table, because the thread that cancels stands still there."""

    @pytest.fixture
    def acts(self, monkeypatch: pytest.MonkeyPatch) -> list[Act]:
        acts: list[Act] = []

        class Slow(table.Request):
            """A request that is found while it is being cancelled."""

            def _cancelled(self, promise: object) -> None:
                while acts:
                    acts.pop()()
                super()._cancelled(promise)

        monkeypatch.setattr(table, "Request", Slow)
        return acts

    @pytest.mark.parametrize("drop_late", [True, False])
    def test_may_be_asked_for_again(self, acts: list[Act], drop_late: bool) -> None:
        replies, given = Replies[int, str](drop_late=drop_late), list[Promise[str]]()
        ask(replies, given)
        acts.append(lambda: ask(replies, given))
        given[0].cancel()
        assert (given[1].state, len(replies), 1 in replies) == ("pending", 1, True)
        for text in ("late", "in time"):
            replies.resolve(1, text)
        assert given[1].value == ("in time" if drop_late else "late")
        replies.reject_all(ConnectionError())

    @pytest.mark.parametrize("drop_late", [True, False])
    def test_may_be_answered(self, acts: list[Act], drop_late: bool) -> None:
        replies, given = Replies[int, str](drop_late=drop_late), list[Promise[str]]()
        ask(replies, given)
        acts.append(lambda: replies.resolve(1, "late"))
        given[0].cancel()
        ask(replies, given)
        assert given[1].state == ("pending" if drop_late else "fulfilled")
        replies.resolve(1, "in time")
        assert given[1].value == ("in time" if drop_late else "late")

    @pytest.mark.parametrize("cancelled", [1, 2])
    def test_leaves_its_twin_to_whoever_asks(self, acts: list[Act], cancelled: int) -> None:
        replies, given = halted(ask)
        acts.append(lambda: ask(replies, given))
        given[cancelled].cancel()
        assert given[3] is given[3 - cancelled]
        assert (len(replies), 1 in replies) == (1, True)
        replies.resolve(1, "two")
        assert (given[3].value, replies._entries, len(replies)) == ("two", {}, 0)

    @pytest.mark.parametrize("cancelled", [1, 2])
    def test_is_not_late_while_its_twin_waits(self, cancelled: int) -> None:
        replies, given = halted(ask, drop_late=True)
        given[cancelled].cancel()
        replies.resolve(1, "two")
        assert given[3 - cancelled].value == "two"
