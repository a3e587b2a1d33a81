"""A promise adds no frames to an error, and no errors of others as its context (S11, S12)."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promisepy import Promise
from promisepy._core.claim import cut_context

from ..support import PATIENCE, on_a_thread, raising, turn

SIZE = 6
numbers = st.integers(0, SIZE - 1)
links = st.lists(st.none() | numbers, min_size=SIZE, max_size=SIZE)


def frames(error: BaseException) -> list[str]:
    return [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]


class TestTracebacks:
    """A reason shows where it was raised, however often it is read and however far it has come."""

    @staticmethod
    def origin(*_: Any) -> Any:
        raise ValueError("origin")

    def frames_of_wait(self, promise: Promise[Any]) -> list[str]:
        with pytest.raises(ValueError, match="origin") as caught:
            promise.wait(timeout=10)
        return frames(caught.value)

    def test_each_wait_shows_the_same_frames(self) -> None:
        promise = Promise.resolve().then(self.origin)
        seen = [self.frames_of_wait(promise) for _ in range(4)]
        assert seen == [seen[0]] * 4
        assert seen[0].count("origin") == 1

    def test_each_await_shows_the_same_frames(self) -> None:
        async def main() -> list[list[str]]:
            promise = Promise.resolve().then(self.origin)
            seen = []
            for _ in range(4):
                try:
                    await promise
                except ValueError as error:
                    seen.append(frames(error))
            return seen

        seen = asyncio.run(main())
        assert seen == [seen[0]] * 4
        assert seen[0].count("origin") == 1

    def test_a_handler_sees_the_original_frames_after_others_have_read_it(self) -> None:
        promise = Promise.resolve().then(self.origin)
        seen = [promise.catch(frames).wait(timeout=10)]
        self.frames_of_wait(promise)
        seen.append(promise.catch(frames).wait(timeout=10))
        assert seen == [["origin"], ["origin"]]

    PASSES: dict[str, Callable[[Promise[Any]], Promise[Any]]] = {
        "then": lambda promise: promise.then(),
        "then with a handler for values": lambda promise: promise.then(str),
        "catch of something else": lambda promise: promise.catch(OSError, str),
        "finally": lambda promise: promise.finally_(lambda: None),
        "adoption": lambda promise: Promise(lambda resolve, reject: resolve(promise)),
        "all": lambda promise: Promise.all([promise]),
        "race": lambda promise: Promise.race([promise]),
        "a returned promise": lambda promise: Promise.resolve().then(lambda _: promise),
    }

    @pytest.mark.parametrize("how", PASSES)
    def test_fifty_links_that_pass_it_on_add_no_frame(self, how: str) -> None:
        first = Promise.resolve().then(self.origin)
        last = first
        for _ in range(50):
            last = self.PASSES[how](last)
        assert self.frames_of_wait(last) == self.frames_of_wait(first)

    def test_fifty_links_that_rethrow_it_add_one_frame_each(self) -> None:
        def rethrow(error: Exception) -> Any:
            raise error

        first = Promise.resolve().then(self.origin)
        last = first
        for _ in range(50):
            last = last.catch(rethrow)
        seen = last.catch(frames).wait(timeout=10)
        assert seen == ["rethrow"] * 50 + ["origin"]
        assert first.catch(frames).wait(timeout=10) == ["origin"]

    def test_no_frame_of_the_library_is_between_reader_and_handler(self) -> None:
        seen = self.frames_of_wait(Promise.resolve().then(self.origin))
        assert seen == ["frames_of_wait", "wait", "origin"]

    def test_a_then_that_cannot_be_read_is_shown_and_the_look_up_is_not(self) -> None:
        class Thenable:
            @property
            def then(_) -> Any:
                return self.origin()

        assert Promise.resolve(Thenable()).catch(frames).wait(timeout=10) == ["then", "origin"]

    def test_an_iterable_that_raised_is_shown_and_the_combinator_is_not(self) -> None:
        def inputs() -> Iterator[Any]:
            yield 1
            self.origin()

        assert Promise.all(inputs()).catch(frames).wait(timeout=10) == ["inputs", "origin"]


class TestContext:
    """No exception of somebody else becomes the `__context__` of a reason."""

    def test_settling_inside_an_except_block_leaves_none(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        child = promise.then(raising(ValueError()))
        try:
            raise KeyError("foreign")
        except KeyError:
            resolve(1)
        turn()
        assert child.reason is not None
        assert child.reason.__context__ is None

    @pytest.mark.parametrize("way", ["handler", "thenable", "finally", "getter"])
    def test_waiting_inside_an_except_block_leaves_none_on_what_handlers_raise(self, way: str) -> None:
        error = ValueError(way)
        thenable = type("Thenable", (), {"then": raising(error)})
        unreadable = type("Unreadable", (), {"then": property(raising(error))})
        promise = {
            "handler": lambda: Promise.resolve().then(raising(error)),
            "thenable": lambda: Promise.resolve().then(lambda _: thenable()),
            "finally": lambda: Promise.resolve().finally_(raising(error)),
            "getter": lambda: Promise.resolve().then(lambda _: unreadable()),
        }[way]()
        other = Promise.all_settled([promise])
        try:
            raise KeyError("foreign")
        except KeyError:
            other.wait(timeout=10)
        assert promise.reason is error
        assert error.__context__ is None

    def test_reading_a_reason_inside_an_except_block_leaves_none_for_later_readers(self) -> None:
        promise = Promise.reject(ValueError("reason"))
        with pytest.raises(ValueError, match="reason"):
            try:
                raise KeyError("foreign")
            except KeyError:
                promise.wait(timeout=10)
        assert promise.catch(lambda error: error.__context__).wait(timeout=10) is None

    def test_awaiting_a_reason_inside_an_except_block_leaves_none_for_later_readers(self) -> None:
        async def main() -> BaseException | None:
            promise = Promise.reject(ValueError("reason"))
            try:
                try:
                    raise KeyError("foreign")
                except KeyError:
                    await promise
            except ValueError:
                return await promise.catch(lambda error: error.__context__)
            raise AssertionError("no rejection")

        assert asyncio.run(main()) is None

    def test_what_the_handler_itself_was_handling_is_kept(self) -> None:
        def handler(_: Any) -> None:
            try:
                raise LookupError("own")
            except LookupError:
                raise ValueError("reason")  # noqa: B904  # the implicit context is what is tested

        child = Promise.resolve().then(handler)
        try:
            raise KeyError("foreign")
        except KeyError:
            turn()
        own = child.reason.__context__ if child.reason else None
        assert isinstance(own, LookupError)
        assert own.__context__ is None

    def test_a_handler_may_have_cut_it_off_itself(self) -> None:
        def handler(_: Any) -> None:
            try:
                raise ValueError("reason")
            except ValueError as error:
                error.__context__ = None
                raise

        child = Promise.resolve().then(handler)
        try:
            raise KeyError("foreign")
        except KeyError:
            turn()
        assert isinstance(child.reason, ValueError)
        assert child.reason.__context__ is None

    def test_a_cause_that_was_given_is_kept(self) -> None:
        def handler(_: Any) -> None:
            raise ValueError("reason") from OSError("cause")

        child = Promise.resolve().then(handler)
        turn()
        assert isinstance(child.reason, ValueError)
        assert isinstance(child.reason.__cause__, OSError)

    def test_a_context_that_leads_back_to_itself_ends_the_search(self) -> None:
        def handler(_: object) -> None:
            try:
                raise error
            except ValueError:
                error.__context__, cause.__context__ = cause, error  # now, since `raise error` sets it
                raise

        def wait() -> Exception | None:
            try:
                raise KeyError("foreign")
            except KeyError:
                return Promise.resolve().then(handler).catch(lambda reason: reason).wait(timeout=PATIENCE)

        error, cause = ValueError("raised"), LookupError("before")
        assert on_a_thread(wait) is error
        assert (error.__context__, cause.__context__) == (cause, error)


class TestGraphsOfExceptions:
    """A program may set contexts and causes as it likes, in circles as well."""

    @given(links=links, causes=links, start=numbers, outer=numbers)
    def test_one_link_is_cut_at_most_and_no_circle_holds_anybody_up(
        self, links: list[int | None], causes: list[int | None], start: int, outer: int
    ) -> None:
        errors = [ValueError(number) for number in range(len(links))]
        for error, context, cause in zip(errors, links, causes, strict=True):
            error.__context__ = None if context is None else errors[context]
            error.__cause__ = None if cause is None else errors[cause]
        on_a_thread(cut_context, errors[start], errors[outer])
        expected, at, seen = list(links), start, set[int]()
        while at not in seen and (context := links[at]) is not None:
            seen.add(at)
            if context == outer:
                expected[at] = None
                break
            at = context
        assert [error.__context__ for error in errors] == [None if n is None else errors[n] for n in expected]
        assert [error.__cause__ for error in errors] == [None if n is None else errors[n] for n in causes]

    def test_without_an_outer_exception_nothing_is_touched(self) -> None:
        error = ValueError()
        error.__context__ = error
        cut_context(error, None)
        assert error.__context__ is error

    def test_tracebacks_cannot_run_in_circles(self) -> None:
        """So what follows `tb_next` needs no memory."""
        with pytest.raises(ValueError, match="raised") as caught:
            raise ValueError("raised")
        traceback = caught.value.__traceback__
        assert traceback is not None
        with pytest.raises(ValueError, match="traceback loop detected"):
            traceback.tb_next = traceback
