"""The callback that a library gets from `Replies.via`, and wrong uses of the table."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise, Replies

from ..fuzz.hostile import Doom, trapped
from ..support import PATIENCE, on_a_thread

# How a dict refuses a list; since CPython 3.14 it begins with what it would have been used for.
NO_KEY = "cannot use 'list' as a dict key" if sys.version_info >= (3, 14) else "unhashable type: 'list'"


class TestVia:
    def test_makes_a_plain_function_that_takes_the_answers(self) -> None:
        replies: Replies[int, str] = Replies()
        callback = replies.via(lambda client, number, *, text: (number, text))
        assert type(callback) is types.FunctionType
        promise = replies[1]
        assert callback("client", 1, text="one") is None
        assert callback("client", 2, text="two") is None
        assert (promise.value, replies[2].value) == ("one", "two")

    @pytest.mark.parametrize("returns", [True, 0, "handled"])
    def test_gives_the_library_what_it_is_told_to(self, returns: object, shown: list[str]) -> None:
        replies: Replies[int, str] = Replies()
        assert replies.via(lambda: (1, "one"), returns)() is returns
        assert replies.via(lambda: 1 / 0, returns=returns)() is returns  # type: ignore[arg-type,return-value]  # it fails
        assert replies[1].value == "one"
        assert len(shown) == 1

    @pytest.mark.parametrize(
        ("fn", "error"),
        [
            (lambda *_: 1 / 0, "ZeroDivisionError('division by zero')"),
            (lambda *_: None, "TypeError('cannot unpack non-iterable NoneType object')"),
            (lambda *_: 7, "TypeError('cannot unpack non-iterable int object')"),
            (lambda *_: (1,), "ValueError('not enough values to unpack (expected 2, got 1)')"),
            (lambda *_: (1, 2, 3), "ValueError('too many values to unpack (expected 2)"),
            (lambda *_: ([], "value"), f'TypeError("{NO_KEY}'),
            (lambda: (1, "value"), "TypeError('"),
        ],
        ids=["raises", "None", "a number", "one", "three", "no key", "other arguments"],
    )
    def test_shows_what_belongs_to_no_key_and_touches_no_promise(
        self, fn: Callable[..., Any], error: str, shown: list[str]
    ) -> None:
        replies: Replies[Any, Any] = Replies()
        promise = replies[1]
        assert replies.via(fn)("some", "arguments") is None
        assert len(shown) == 1
        assert shown[0].startswith(error[:45])
        assert (promise.state, len(replies)) == ("pending", 1)
        replies.resolve(1, "one")

    def test_settles_from_any_thread(self) -> None:
        replies: Replies[int, str] = Replies()
        callback, promise = replies.via(lambda number: (number, "answered")), replies[1]
        on_a_thread(lambda: callback(1))
        assert promise.value == "answered"

    @pytest.mark.parametrize("wrong", [None, 7, "fn"])
    def test_refuses_what_is_no_function(self, wrong: Any) -> None:
        with pytest.raises(TypeError, match=r"via\(\) expected a function"):
            Replies[int, int]().via(wrong)


class TestWrongArguments:
    @pytest.mark.parametrize("timeout", ["5", True, [], float("nan")])
    def test_a_timeout_that_is_no_number_of_seconds_is_refused(self, timeout: Any) -> None:
        with pytest.raises(TypeError, match=r"Replies\(\) expected a timeout in seconds or None"):
            Replies(timeout=timeout)

    @pytest.mark.parametrize("early", [None, -1, 1.5, True, "10"])
    def test_a_number_of_early_answers_that_is_none_is_refused(self, early: Any) -> None:
        with pytest.raises(TypeError, match=r"Replies\(\) expected early to be a number of answers"):
            Replies(early=early)

    def test_positions_are_refused(self) -> None:
        make: Any = Replies
        with pytest.raises(TypeError, match="positional"):
            make(5)

    def test_a_key_whose_hash_fails_is_refused_and_changes_nothing(self) -> None:
        class Broken:
            def __hash__(self) -> int:
                raise LookupError("no hash")

        replies: Replies[Any, int] = Replies(timeout=PATIENCE)
        promise = replies[1]
        for use in (lambda: replies[Broken()], lambda: replies.resolve(Broken(), 1)):
            with pytest.raises(LookupError, match="no hash"):
                use()
        assert (len(replies), promise.state) == (1, "pending")
        replies.resolve(1, 1)
        assert promise.then().wait(timeout=PATIENCE) == 1


def test_a_handler_may_ask_again_for_the_same_key() -> None:
    replies: Replies[str, int] = Replies()
    seen: list[int] = []

    def ask(value: int) -> Promise[int] | int:
        seen.append(value)
        if value == 5:
            return value
        promise = replies["next"]
        replies.resolve("next", value + 1)
        return promise.then(ask)

    assert Promise.resolve(0).then(ask).wait(timeout=PATIENCE) == 5
    assert (seen, len(replies)) == ([0, 1, 2, 3, 4, 5], 0)


def test_a_key_that_cannot_be_hashed_is_shown_and_not_raised_into_the_library(unraisable: list[BaseException]) -> None:
    replies = Replies[Any, int]()
    replies.via(lambda key: (key, 1))(trapped(Doom, ("__hash__",))())
    assert list(map(type, unraisable)) == [Doom]
