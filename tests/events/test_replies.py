"""A table of promises for answers that come with a key (docs/how-to/match-answers-to-requests.md)."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from typing import Any

import pytest

from promisepy import BrokenPromise, CallbackError, Promise, Replies, Report

from ..support import PATIENCE, on_a_thread


def ask(replies: Replies[Any, Any], key: object) -> Promise[Any]:
    """Ask for an answer whose failure is of no interest."""
    promise = replies[key]
    promise.catch(BaseException, lambda error: None)
    return promise


class Value:
    """Something a weak reference can watch."""


class TestARequest:
    def test_before_its_answer_waits_for_it(self) -> None:
        replies: Replies[int, str] = Replies()
        promise = replies[1]
        assert (promise.state, len(replies), 1 in replies, 2 in replies) == ("pending", 1, True, False)
        replies.resolve(1, "one")
        assert (promise.wait(timeout=PATIENCE), len(replies), 1 in replies) == ("one", 0, False)

    def test_after_its_answer_has_it_at_once(self) -> None:
        replies: Replies[int, str] = Replies()
        replies.resolve(1, "one")
        assert (len(replies), 1 in replies) == (0, False)
        promise = replies[1]
        assert (promise.state, promise.value, len(replies)) == ("fulfilled", "one", 0)

    def test_twice_for_one_key_gives_the_same_promise(self) -> None:
        replies: Replies[int, str] = Replies()
        assert replies[1] is replies[1]
        assert len(replies) == 1
        replies.resolve(1, "one")

    def test_for_a_key_that_has_been_answered_starts_anew(self) -> None:
        replies: Replies[int, str] = Replies()
        first = replies[1]
        replies.resolve(1, "first")
        second = replies[1]
        assert second is not first
        assert second.state == "pending"
        replies.resolve(1, "second")
        assert (first.value, second.value) == ("first", "second")

    def test_has_the_home_of_the_code_that_asked(self) -> None:
        replies: Replies[int, str] = Replies()
        seen: list[threading.Thread] = []

        async def main() -> str:
            promise = replies[1].then(lambda value: seen.append(threading.current_thread()) or value)
            thread = threading.Thread(target=replies.resolve, args=(1, "one"))
            asyncio.get_running_loop().call_soon(thread.start)
            value = await promise
            thread.join(PATIENCE)
            return value

        assert asyncio.run(main()) == "one"
        assert seen == [threading.main_thread()]

    @pytest.mark.parametrize("key", [[], {}, {1}, ([],)])
    def test_with_a_key_that_cannot_be_one_is_refused_and_changes_nothing(self, key: Any) -> None:
        replies: Replies[Any, int] = Replies(timeout=PATIENCE)
        replies.resolve(1, 1)
        for use in (
            lambda: replies[key],
            lambda: replies.resolve(key, 1),
            lambda: replies.reject(key, OSError()),
            lambda: key in replies,
        ):
            with pytest.raises(TypeError, match=r"unhashable|cannot use"):
                use()
        assert (len(replies), replies[1].value) == (0, 1)

    def test_finds_keys_by_equality(self) -> None:
        replies: Replies[Any, str] = Replies()
        promise = replies[("a", 1)]
        replies.resolve(("a", 1.0), "found")
        assert promise.value == "found"


class TestAnAnswer:
    def test_counts_once_if_nobody_has_asked_yet(self) -> None:
        replies: Replies[int, str] = Replies()
        replies.resolve(1, "first")
        replies.resolve(1, "second")
        replies.reject(1, OSError("third"))
        assert replies[1].value == "first"

    def test_that_comes_again_does_not_push_another_one_out(self) -> None:
        replies: Replies[int, str] = Replies(early=2)
        for key in (1, 1, 2):
            replies.resolve(key, "early")
        assert (ask(replies, 1).value, ask(replies, 2).value) == ("early", "early")

    def test_may_be_a_failure(self) -> None:
        replies: Replies[int, str] = Replies()
        promise, error = replies[1], OSError("refused")
        replies.reject(1, error)
        with pytest.raises(OSError, match="refused") as raised:
            promise.wait(timeout=PATIENCE)
        assert raised.value is error

    @pytest.mark.parametrize("early", [True, False])
    def test_may_be_a_failure_that_is_no_exception(self, early: bool) -> None:
        replies: Replies[int, str] = Replies()
        promise = Promise.resolve("") if early else replies[1]
        replies.reject(1, 17)
        with pytest.raises(CallbackError, match="17"):
            (replies[1] if early else promise).wait(timeout=PATIENCE)

    def test_that_can_be_awaited_is_adopted(self) -> None:
        replies: Replies[int, Any] = Replies()
        promise = replies[1]
        replies.resolve(1, Promise.resolve("adopted").then())
        assert promise.wait(timeout=PATIENCE) == "adopted"

    def test_on_any_thread_wakes_a_script(self) -> None:
        replies: Replies[int, str] = Replies()
        promise = replies[1]
        thread = threading.Thread(target=replies.resolve, args=(1, "one"))
        thread.start()
        assert promise.wait(timeout=PATIENCE) == "one"
        thread.join(PATIENCE)

    def test_that_nobody_asks_for_is_no_lost_rejection(self, reports: list[Report]) -> None:
        gc.collect()
        replies: Replies[int, str] = Replies()
        replies.reject(1, OSError())
        del replies
        assert reports == []


class TestEarlyAnswers:
    @pytest.mark.parametrize("early", [0, 1, 3])
    def test_are_kept_up_to_the_limit_and_the_oldest_are_forgotten(self, early: int) -> None:
        replies: Replies[int, int] = Replies(early=early)
        for key in range(10):
            replies.resolve(key, key)
        states = [ask(replies, key).state for key in range(10)]
        assert states == ["pending"] * (10 - early) + ["fulfilled"] * early

    def test_that_have_been_asked_for_do_not_count(self) -> None:
        replies: Replies[int, str] = Replies(early=2)
        replies.resolve(1, "kept")
        replies.resolve(2, "asked for")
        assert replies[2].value == "asked for"
        replies.resolve(3, "new")
        assert (ask(replies, 1).value, ask(replies, 3).value) == ("kept", "new")

    def test_are_a_thousand_by_default(self) -> None:
        replies: Replies[int, int] = Replies()
        for key in range(1001):
            replies.resolve(key, key)
        assert (ask(replies, 0).state, replies[1].value, replies[1000].value) == ("pending", 1, 1000)

    def test_are_let_go_when_they_are_handed_out(self) -> None:
        replies: Replies[int, Value] = Replies()
        value = Value()
        reference = weakref.ref(value)
        replies.resolve(1, value)
        del value
        assert replies[1].value is reference()
        assert reference() is None

    def test_are_let_go_when_they_are_forgotten(self) -> None:
        replies: Replies[int, Value] = Replies(early=1)
        value = Value()
        reference = weakref.ref(value)
        replies.resolve(1, value)
        del value
        replies.resolve(2, Value())
        assert reference() is None


class TestRejectAll:
    def test_rejects_what_waits_and_forgets_what_came_early(self) -> None:
        replies: Replies[int, str] = Replies()
        waiting = [replies[1], replies[2]]
        replies.resolve(3, "early")
        error = ConnectionError("lost")
        replies.reject_all(error)
        assert [promise.reason for promise in waiting] == [error, error]
        assert (len(replies), ask(replies, 3).state) == (0, "pending")

    def test_leaves_a_table_that_works(self) -> None:
        replies: Replies[int, str] = Replies()
        first = replies[1]
        replies.reject_all("lost")
        assert isinstance(first.reason, CallbackError)
        promise = replies[1]
        replies.resolve(1, "again")
        assert promise.value == "again"

    def test_of_an_empty_table_does_nothing(self, reports: list[Report]) -> None:
        Replies[int, str]().reject_all(OSError())
        assert reports == []


class TestADroppedTable:
    def test_breaks_the_promises_that_wait(self) -> None:
        replies: Replies[int, str] = Replies(timeout=PATIENCE)
        promise = replies[1]
        del replies
        assert isinstance(promise.reason, BrokenPromise)
        assert "Replies" in str(promise.reason)

    def test_is_freed_by_reference_counts_alone_with_all_that_waited(self) -> None:
        gc.disable()
        try:
            replies: Replies[int, Value] = Replies(timeout=PATIENCE)
            promise, value = replies[1], Value()
            references: list[weakref.ref[Any]] = [weakref.ref(replies), weakref.ref(promise), weakref.ref(value)]
            replies.resolve(2, value)
            del replies, value
            assert isinstance(promise.reason, BrokenPromise)
            del promise
            assert [reference() for reference in references] == [None, None, None]
        finally:
            gc.enable()

    def test_is_kept_alive_by_the_callback_that_the_library_holds(self) -> None:
        replies: Replies[int, str] = Replies()
        callback, promise = replies.via(lambda key, value: (key, value)), replies[1]
        del replies
        callback(1, "answered")
        assert promise.value == "answered"

    def test_on_another_thread_wakes_who_waits(self) -> None:
        box: list[Replies[int, str]] = [Replies()]
        promise = box[0][1]
        on_a_thread(box.clear)
        with pytest.raises(BrokenPromise):
            promise.wait(timeout=PATIENCE)
