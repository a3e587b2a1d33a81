"""`Promise.map` lets go of everything when it is cancelled, also inside its own function, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextvars
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from promisepy import Cancelled, Promise

from ..cancellation.helpers import Work, fail, is_cancelled
from ..support import PATIENCE, dependants, on_a_thread, turn
from .mapping import Calls, each_source, rest

pytestmark = pytest.mark.usefixtures("nothing_lost")

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


class TestCancelled:
    """A mapping that is cancelled lets go of everything, on its home."""

    @each_source
    @pytest.mark.parametrize("place", [lambda act: act(), on_a_thread], ids=["here", "on a thread"])
    def test_from_outside(self, source: Any, place: Callable[[Any], object]) -> None:
        calls = Calls()
        result = Promise.map(calls, source(calls, 9), limit=2)
        rest()
        place(result.cancel)
        assert is_cancelled(result)
        rest()
        assert (calls.pulled, calls.cancelled) == ([0, 1], [True, True])
        assert [work.stops for work in calls.works] == [1, 1]
        assert [dependants(work.promise) for work in calls.works] == [0, 0]

    def test_before_the_first_pull(self) -> None:
        calls = Calls()
        Promise.map(calls, calls.items(3)).cancel()
        turn()
        assert (calls.pulled, calls.works) == ([], [])

    def test_while_an_item_is_awaited_closes_the_asynchronous_generator(self) -> None:
        seen: list[str] = []

        async def items() -> AsyncIterator[int]:
            try:
                yield 1
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise
            finally:
                seen.append("closed")

        result = Promise.map(str, items())
        rest()
        result.cancel()
        rest()
        assert seen == ["cancelled", "closed"]

    def test_before_an_item_comes_that_was_awaited(self) -> None:
        class Items:
            def __aiter__(self) -> Items:
                return self

            def __anext__(self) -> Promise[int]:
                return item.promise

        item, seen = Work(), list[int]()
        result = Promise.map(seen.append, Items())
        turn()
        result.cancel()
        item.resolve(1)
        turn()
        assert seen == []
        assert is_cancelled(result)

    def test_by_its_own_function(self) -> None:
        calls = Calls()

        def give_up(item: int) -> Promise[Any]:
            if item == 1:
                result.cancel()
            return calls(item)

        result = Promise.map(give_up, calls.items(5))
        turn()
        assert (is_cancelled(result), calls.pulled, calls.cancelled) == (True, [0, 1], [True, True])

    def test_by_its_own_iterator(self) -> None:
        calls = Calls()

        def items() -> Iterator[int]:
            yield 0
            result.cancel()
            yield 1

        result = Promise.map(calls, items())
        turn()
        assert (is_cancelled(result), calls.cancelled) == (True, [True])

    def test_a_generator_that_others_hold_goes_on(self) -> None:
        calls = Calls()
        items = calls.items(5)
        result = Promise.map(calls, items, limit=2)
        turn()
        result.cancel()
        turn()
        assert (calls.closed, next(items)) == (0, 2)

    def test_when_the_only_task_gives_up(self) -> None:
        async def main() -> None:
            calls = Calls()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await Promise.map(calls, calls.items(9), limit=2)
            await asyncio.sleep(0)
            assert (calls.pulled, calls.cancelled, calls.closed) == ([0, 1], [True, True], 1)

        asyncio.run(main())

    def test_coroutines_of_the_function_are_cancelled(self) -> None:
        seen: list[int] = []

        async def work(item: int) -> None:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                seen.append(item)
                raise

        async def main() -> None:
            result = Promise.map(work, range(5), limit=2)
            await asyncio.sleep(0.01)
            result.cancel()
            await asyncio.sleep(0.01)
            assert sorted(seen) == [0, 1]

        asyncio.run(main())


class TestWaiting:
    """The function and the iterator may themselves be in `wait`; meanwhile the mapping goes on where it can."""

    def test_the_function_waits_for_an_earlier_promise_of_its_own(self) -> None:
        calls = Calls()

        def wait_for_the_first(item: int) -> Any:
            if item == 0:
                return calls(item)
            calls.works[0].resolve("first")
            return Promise.delay(0.01, "waited").wait(timeout=PATIENCE)

        assert Promise.map(wait_for_the_first, range(2)).wait(timeout=PATIENCE) == ["first", "waited"]

    @pytest.mark.parametrize("how", ["cancel", "reject"])
    def test_a_promise_that_comes_out_of_a_wait_too_late_is_cancelled(self, how: str) -> None:
        calls = Calls()

        def wait(item: int) -> Promise[Any]:
            if item == 1:
                result.cancel() if how == "cancel" else calls.works[0].reject(ValueError("reason"))
                turn()
                assert result.state == "rejected"
            return calls(item)

        result = Promise.map(wait, calls.items(5))
        turn()
        assert result.catch(lambda error: type(error)).wait() is (Cancelled if how == "cancel" else ValueError)
        assert (calls.pulled, calls.cancelled) == ([0, 1], [how == "cancel", True])

    @pytest.mark.parametrize("how", ["cancel", "reject"])
    def test_an_item_that_comes_out_of_a_wait_too_late_is_not_called(self, how: str) -> None:
        calls = Calls()

        def items() -> Iterator[int]:
            yield 0
            result.cancel() if how == "cancel" else calls.works[0].reject(ValueError("reason"))
            turn()
            yield 1

        result = Promise.map(calls, items())
        turn()
        assert result.catch(lambda error: type(error)).wait() is (Cancelled if how == "cancel" else ValueError)
        assert len(calls.works) == 1


class TestContext:
    """Function, iterator and coroutines see the variables of the code that called `map`."""

    def test_all_of_them(self) -> None:
        seen: list[str] = []

        async def coroutine(number: int) -> None:
            seen.append(f"coroutine {variable.get()}")

        def function(number: int) -> Any:
            seen.append(f"function {variable.get()}")
            return coroutine(number)

        async def items() -> AsyncIterator[int]:
            seen.append(f"items {variable.get()}")
            yield 1

        token = variable.set("at the call")
        result = Promise.map(function, items())
        variable.reset(token)
        result.wait(timeout=PATIENCE)
        assert seen == ["items at the call", "function at the call", "coroutine at the call"]


class Failing:
    """An iterator whose failure leads to the frame that has asked for an item."""

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        return int(fail())


def fail_later(item: int) -> Promise[Any]:
    return Promise.resolve().then(fail if item == 2 else lambda _: item)


def time_out(item: int) -> Promise[Any]:
    promise = Promise.delay(PATIENCE)
    return promise if item < 2 else promise.timeout(0.001)


MAPPINGS: dict[str, Callable[[], Promise[Any]]] = {
    "fulfilled": lambda: Promise.map(str, Calls().items(3), limit=2),
    "of an async iterator": lambda: Promise.map(str, Calls().async_items(3), limit=2),
    "function fails": lambda: Promise.map(fail, range(3)),
    "function fails for an async item": lambda: Promise.map(fail, Calls().async_items(3)),
    "function fails later": lambda: Promise.map(lambda item: fail() if item else Promise.resolve(), range(3), limit=1),
    "promise fails": lambda: Promise.map(fail_later, range(5), limit=2),
    "iterator fails": lambda: Promise.map(str, Failing()),
    "time is up": lambda: Promise.map(time_out, range(3)),
}


@pytest.mark.parametrize("make", MAPPINGS.values(), ids=MAPPINGS.keys())
def test_a_mapping_that_is_over_is_freed_by_reference_counts_alone(make: Callable[[], Promise[Any]]) -> None:
    gc.collect()
    gc.disable()
    try:
        make().catch(lambda _: None).wait(timeout=PATIENCE)
        rest()
        left = [one for one in gc.get_objects() if type(one).__module__ == "promisepy._promises.map"]
    finally:
        gc.enable()
    assert left == []
