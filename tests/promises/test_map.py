"""`Promise.map`: in order, lazily, so many at a time; the first failure decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import pytest

from promisepy import Promise, Report, stream

from ..cancellation.helpers import Work, fail
from ..support import PATIENCE, turn
from .mapping import Calls, each_source, rest

pytestmark = pytest.mark.usefixtures("nothing_lost")


class TestOrder:
    """The results have the order of the items, whatever `fn` gives."""

    def test_whoever_comes_first(self) -> None:
        calls = Calls()
        result = Promise.map(calls, range(4))
        turn()
        for number in (2, 0, 3, 1):
            calls.works[number].resolve(f"result {number}")
        assert result.wait(timeout=PATIENCE) == [f"result {number}" for number in range(4)]

    def test_of_values_promises_and_coroutines(self) -> None:
        async def later(number: int) -> int:
            await asyncio.sleep(0)
            return number

        kinds: list[Callable[[int], Any]] = [lambda number: number, Promise.resolve, later]
        result = Promise.map(lambda number: kinds[number % 3](number), range(9), limit=2)
        assert result.wait(timeout=PATIENCE) == list(range(9))

    @pytest.mark.parametrize("limit", [None, 1, 5])
    @pytest.mark.parametrize("items", [[], iter(()), {}, ""])
    def test_of_nothing(self, items: Iterable[Any], limit: int | None) -> None:
        assert Promise.map(fail, items, limit=limit).wait(timeout=PATIENCE) == []

    def test_of_a_hundred_thousand_values(self) -> None:
        assert Promise.map(str, range(100_000), limit=3).then(len).wait(timeout=PATIENCE) == 100_000


class TestLaziness:
    """An item is pulled when there is room for its promise, and neither it nor anything else before the first job."""

    @each_source
    def test_no_more_than_the_limit_is_pulled_or_called(self, source: Any) -> None:
        calls = Calls()
        result = Promise.map(calls, source(calls, 7), limit=3)
        assert (calls.pulled, calls.works) == ([], [])
        for done in range(7):
            rest()
            assert (len(calls.pulled), calls.pending) == (min(done + 3, 7), min(3, 7 - done))
            calls.works[done].resolve(done)
        assert result.wait(timeout=PATIENCE) == list(range(7))
        assert calls.closed == 1

    def test_without_a_limit_everything_is_called_at_once(self) -> None:
        calls = Calls()
        result = Promise.map(calls, calls.items(50))
        turn(1)
        assert calls.pending == 50
        result.cancel()

    def test_one_at_a_time(self) -> None:
        calls = Calls()
        result = Promise.map(calls, calls.items(3), limit=1)
        for number in range(3):
            turn()
            assert [work.promise.state for work in calls.works] == ["fulfilled"] * number + ["pending"]
            calls.works[number].resolve(number)
        assert result.wait(timeout=PATIENCE) == [0, 1, 2]

    def test_an_iterator_without_end_can_be_cancelled(self) -> None:
        calls = Calls()
        result = Promise.map(calls, calls.items(10**9), limit=2)
        turn()
        result.cancel()
        turn()
        assert (calls.pulled, calls.cancelled, calls.closed) == ([0, 1], [True, True], 1)

    def test_an_asynchronous_iterator_is_asked_for_one_item_at_a_time(self) -> None:
        asked: list[Work] = []

        class Items:
            """As much of an asynchronous iterator as `async for` needs."""

            def __aiter__(self) -> Any:
                return Bare()

        class Bare:
            def __anext__(self) -> Any:
                asked.append(Work())
                return asked[-1].promise

        result = Promise.map(str, Items(), limit=5)
        for number in range(3):
            turn()
            assert len(asked) == number + 1
            asked[number].resolve(number)
        turn()
        asked[3].reject(StopAsyncIteration())
        assert result.wait(timeout=PATIENCE) == ["0", "1", "2"]

    def test_a_stream(self) -> None:
        emitters: list[Any] = []
        numbers = stream(emitters.append)
        result = Promise.map(lambda number: number * 2, numbers, limit=2)
        for number in range(5):
            emitters[0].emit(number)
        emitters[0].close()
        assert result.wait(timeout=PATIENCE) == [0, 2, 4, 6, 8]


class TestFailure:
    """The first failure decides: nothing more is pulled or called, and what is under way is cancelled."""

    @each_source
    def test_of_a_promise(self, source: Any) -> None:
        calls = Calls()
        result = Promise.map(calls, source(calls, 9), limit=3)
        rest()
        calls.works[1].reject(ValueError("reason"))
        with pytest.raises(ValueError, match="reason"):
            result.wait(timeout=PATIENCE)
        rest()
        assert (calls.pulled, calls.cancelled) == ([0, 1, 2], [True, False, True])
        assert [work.stops for work in calls.works] == [1, 0, 1]

    @each_source
    def test_of_the_function(self, source: Any) -> None:
        calls = Calls()
        result = Promise.map(lambda item: calls(item) if item < 2 else fail(), source(calls, 9))
        with pytest.raises(ValueError, match="reason"):
            result.wait(timeout=PATIENCE)
        assert (calls.pulled, calls.cancelled) == ([0, 1, 2], [True, True])

    def test_of_the_iterator(self) -> None:
        calls = Calls()

        def items() -> Iterator[int]:
            yield 1
            fail()

        with pytest.raises(ValueError, match="reason") as caught:
            Promise.map(calls, items()).wait(timeout=PATIENCE)
        assert calls.cancelled == [True]
        frames = [entry.name for entry in caught.traceback]
        assert not {"_pull", "_run"} & set(frames[1:])
        assert frames[-2:] == ["items", "fail"]

    def test_of_the_asynchronous_iterator(self) -> None:
        calls = Calls()

        async def items() -> AsyncIterator[int]:
            yield 1
            fail()

        with pytest.raises(ValueError, match="reason"):
            Promise.map(calls, items()).wait(timeout=PATIENCE)
        assert calls.cancelled == [True]

    @pytest.mark.parametrize("error", [StopIteration, StopAsyncIteration])
    def test_by_an_exception_that_ends_iterators_is_no_end(self, error: type[Exception]) -> None:
        def raise_it(_: object) -> None:
            raise error("raised by the function")

        with pytest.raises((RuntimeError, StopAsyncIteration), match="raised by the function"):
            Promise.map(raise_it, [1]).wait(timeout=PATIENCE)
        with pytest.raises((RuntimeError, StopAsyncIteration), match="raised by the function"):
            Promise.map(lambda _: Promise.reject(error("raised by the function")), [1]).wait(timeout=PATIENCE)

    def test_later_failures_are_not_reported(self, reports: list[Report]) -> None:
        calls = Calls()
        result = Promise.map(calls, range(3)).catch(str)
        turn()
        kept = [work.promise.shield() for work in calls.works]  # so that they are not cancelled
        for work in calls.works:
            work.reject(ValueError("reason"))
        assert result.wait(timeout=PATIENCE) == "reason"
        for promise in kept:
            promise.catch(str).wait(timeout=PATIENCE)
        calls.works.clear()
        del kept
        assert reports == []

    def test_what_somebody_else_wants_is_left_alone(self) -> None:
        calls = Calls()
        result = Promise.map(calls, range(3))
        turn()
        wanted = calls.works[0].promise.then(str)
        calls.works[2].reject(ValueError("reason"))
        assert result.catch(str).wait(timeout=PATIENCE) == "reason"
        assert calls.cancelled == [False, True, False]
        calls.works[0].resolve("still wanted")
        assert wanted.wait(timeout=PATIENCE) == "still wanted"

    def test_a_keyboard_interrupt_in_the_function_comes_out_of_wait_and_closes(self) -> None:
        calls = Calls()

        def interrupt(item: int) -> Promise[Any]:
            if item == 1:
                raise KeyboardInterrupt
            return calls(item)

        result = Promise.map(interrupt, range(5))
        with pytest.raises(KeyboardInterrupt):
            result.wait(timeout=PATIENCE)
        turn()
        assert (result.state, calls.cancelled) == ("rejected", [True])
