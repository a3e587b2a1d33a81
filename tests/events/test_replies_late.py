"""Answers that come after their request was given up, and the number of requests that wait."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Replies
from promisepy._events import replies as table

from ..support import PATIENCE, turn

SHORT = 0.01


def given_up(replies: Replies[Any, str], key: Any = 1) -> None:
    """Ask, and give up at once."""
    replies[key].cancel()
    turn()


class TestByDefault:
    def test_a_late_answer_is_kept_for_the_next_request_with_its_key(self) -> None:
        replies = Replies[int, str]()
        given_up(replies)
        replies.resolve(1, "late")
        assert replies[1].value == "late"

    def test_a_late_answer_is_taken_by_the_next_request_that_waits(self) -> None:
        replies = Replies[int, str]()
        given_up(replies)
        promise = replies[1]
        replies.resolve(1, "late")
        assert promise.value == "late"


@pytest.fixture
def replies() -> Replies[Any, str]:
    return Replies(drop_late=True)


class TestDropped:
    """With `drop_late`."""

    def test_is_the_answer_to_a_request_that_has_timed_out(self) -> None:
        async def main() -> str | None:
            replies = Replies[int, str](timeout=SHORT, drop_late=True)
            with pytest.raises(TimeoutError):
                await replies[1]
            replies.resolve(1, "late")
            promise = replies[1]
            replies.resolve(1, "in time")
            return promise.value

        assert asyncio.run(main()) == "in time"

    def test_is_the_answer_to_a_request_that_was_given_its_own_time(self, replies: Replies[Any, str]) -> None:
        with pytest.raises(TimeoutError):
            replies[1].timeout(SHORT).wait(timeout=PATIENCE)
        promise = replies[1]
        replies.resolve(1, "late")
        replies.resolve(1, "in time")
        assert promise.value == "in time"

    @pytest.mark.parametrize("asked", [True, False])
    def test_is_only_the_first_answer(self, replies: Replies[Any, str], asked: bool) -> None:
        given_up(replies)
        promise = replies[1] if asked else None
        replies.reject(1, OSError("late"))
        replies.resolve(1, "in time")
        assert (promise or replies[1] if promise is None else promise).value == "in time"

    def test_is_no_answer_to_another_key(self, replies: Replies[Any, str]) -> None:
        given_up(replies)
        replies.resolve(2, "in time")
        assert replies[2].value == "in time"

    def test_is_nothing_after_an_answer_in_time(self, replies: Replies[Any, str]) -> None:
        promise = replies[1]
        replies.resolve(1, "in time")
        replies.resolve(1, "early")
        assert (promise.value, replies[1].value) == ("in time", "early")

    def test_is_nothing_after_the_connection_was_lost(self, replies: Replies[Any, str]) -> None:
        given_up(replies)
        replies.reject_all(ConnectionError())
        replies.resolve(1, "new")
        assert replies[1].value == "new"

    def test_needs_no_room_for_early_answers(self) -> None:
        replies = Replies[int, str](early=0, drop_late=True)
        given_up(replies)
        promise = replies[1]
        replies.resolve(1, "late")
        replies.resolve(1, "in time")
        assert promise.value == "in time"

    def test_is_remembered_for_the_latest_keys_only(
        self, replies: Replies[Any, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(table, "LATE_KEYS", 2)
        for key in (1, 2, 3):
            given_up(replies, key)
        for key in (1, 2, 3):
            replies.resolve(key, "answer")
        promises = [replies[key] for key in (1, 2, 3)]
        assert [promise.state for promise in promises] == ["fulfilled", "pending", "pending"]
        for promise in promises:
            promise.cancel()

    @pytest.mark.parametrize("wrong", [None, 1, "yes"])
    def test_must_be_said_by_a_bool(self, wrong: Any) -> None:
        with pytest.raises(TypeError, match=r"expected drop_late to be True or False, got .*: write drop_late=True"):
            Replies(drop_late=wrong)


class Changing(dict[int, None]):
    """A dictionary that another thread changes whenever somebody looks for its oldest key."""

    changes = 2

    def __iter__(self) -> Iterator[int]:
        oldest = super().__iter__()
        if self.changes:
            self.changes -= 1
            self[100 + self.changes] = None
        return oldest


def test_another_thread_may_note_late_keys_at_the_same_time(
    replies: Replies[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "LATE_KEYS", 2)
    replies._late = Changing()
    for key in (1, 2, 3):
        given_up(replies, key)
    assert list(replies._late) == [101, 100]


class Watched(dict[Any, Any]):
    """A table in which others act just before a key is looked up."""

    act: Callable[[], object] | None = None

    def get(self, *arguments: Any) -> Any:
        act, self.act = self.act, None  # those who act look up, too
        if act is not None:
            act()
        return super().get(*arguments)


@pytest.mark.parametrize("first", ["answer", "cancel"])
def test_an_answer_that_comes_in_the_middle_of_giving_up_is_dropped(replies: Replies[Any, str], first: str) -> None:
    promise = replies[1]
    acts: dict[str, Callable[[], object]] = {"answer": lambda: replies.resolve(1, "late"), "cancel": promise.cancel}
    replies._entries = entries = Watched(replies._entries)
    entries.act = acts["cancel" if first == "answer" else "answer"]
    acts[first]()
    assert (type(promise.reason), replies._entries, replies._late) == (Cancelled, {}, {})
    following = replies[1]
    replies.resolve(1, "in time")
    assert following.value == "in time"


class TestTheNumberOfThoseThatWait:
    @pytest.mark.parametrize("count", [1, 10, 1000])
    def test_takes_one_step_however_many_they_are(self, count: int) -> None:
        replies = Replies[int, str]()
        waiting = [replies[number] for number in range(count)]
        calls: list[str] = []

        def profile(frame: Any, event: str, argument: Any) -> None:
            if event == "call":
                calls.append(frame.f_code.co_name)

        sys.setprofile(profile)
        try:
            found = len(replies)
        finally:
            sys.setprofile(None)
        assert (found, calls) == (count, ["__len__"])
        for promise in waiting:
            promise.catch(BaseException, lambda error: None)
        replies.reject_all(ConnectionError())
        assert len(replies) == 0

    def test_counts_a_promise_that_is_found_before_the_thread_that_asked_has_counted_it(self) -> None:
        replies = Replies[int, str]()
        found: list[Promise[str]] = []

        class Slow(dict[Any, Any]):
            """The dictionary of those that wait; the thread that asked stands still just before it counts."""

            acts = True

            def __setitem__(self, request: Any, _: None) -> None:
                if self.acts:
                    self.acts = False
                    found.append(replies[1])
                    assert len(replies) == 1
                    replies.resolve(1, "answer")
                    assert len(replies) == 0
                super().__setitem__(request, None)

        replies._waiting = Slow()
        assert replies[1] is found[0]
        assert (found[0].value, len(replies)) == ("answer", 0)

    @pytest.mark.parametrize("step", ["enlist", "take"])
    def test_is_right_although_a_signal_handler_raises_in_the_middle(self, step: str) -> None:
        replies = Replies[int, str]()

        class Interrupted(dict[Any, Any]):
            def __setitem__(self, request: Any, _: None) -> None:
                super().__setitem__(request, None)
                if step == "enlist":
                    replies.resolve(1, "answer")
                    raise KeyboardInterrupt

        class Token(list[bool]):
            def pop(self, *_: Any) -> bool:
                super().pop()
                raise KeyboardInterrupt

        replies._waiting = Interrupted()
        if step == "enlist":
            with pytest.raises(KeyboardInterrupt):
                replies[1]
        else:
            replies[1]
            replies._entries[1].token = Token([True])
            with pytest.raises(KeyboardInterrupt):
                replies.resolve(1, "answer")
        assert len(replies) == 0
