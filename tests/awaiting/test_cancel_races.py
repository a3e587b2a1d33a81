"""S13: `wait_for`, `timeout` and groups in the cases of asyncio's own tests: what they see at a promise is what they see
at an `asyncio.Future` that nobody else awaits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from promisepy import Cancelled, Promise

from ..support import turns
from .steps import Run, end, read

PATIENCE = 20.0
Log = list[Any]
Case = Callable[[Any, Callable[[], object], Log], Awaitable[object]]


async def note(awaitable: Awaitable[Any], log: Log) -> None:
    """Log how something ends, and that nothing of a cancellation is left to the task."""
    task = asyncio.current_task()
    assert task is not None
    try:
        log.append(("value", await awaitable))
    except BaseException as error:
        log.append((type(error), error.args if isinstance(error, asyncio.CancelledError) else None))
        if isinstance(error, asyncio.CancelledError):
            raise
    finally:
        log.append(("cancelling", task.cancelling()))


async def result_in_the_tick_of_the_cancellation(it: Any, settle: Callable[[], object], log: Log) -> None:
    task = asyncio.create_task(note(asyncio.wait_for(it, PATIENCE), log))
    await turns(3)
    settle()
    task.cancel("now")
    await asyncio.wait([task])


async def cancellation_in_the_tick_of_the_result(it: Any, settle: Callable[[], object], log: Log) -> None:
    task = asyncio.create_task(note(asyncio.wait_for(it, PATIENCE), log))
    await turns(3)
    task.cancel("now")
    settle()
    await asyncio.wait([task])


async def cancellation_one_turn_after_the_result(it: Any, settle: Callable[[], object], log: Log) -> None:
    task = asyncio.create_task(note(inside_a_timeout(it, PATIENCE), log))
    await turns(3)
    settle()
    await asyncio.sleep(0)
    log.append(("cancel", task.cancel()))
    await asyncio.wait([task])


async def inside_a_timeout(it: Any, seconds: float) -> Any:
    async with asyncio.timeout(seconds):
        return await it


async def a_timeout_that_is_cancelled_from_outside_first(it: Any, settle: Callable[[], object], log: Log) -> None:
    task = asyncio.create_task(note(inside_a_timeout(it, 0.001), log))
    await turns(1)
    task.cancel("outside")
    await asyncio.wait([task])


async def a_timeout_in_a_task_that_is_being_cancelled(it: Any, settle: Callable[[], object], log: Log) -> None:
    async def stubborn() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            await note(inside_a_timeout(it, 0.001), log)

    task = asyncio.create_task(stubborn())
    await turns(3)
    task.cancel("first")
    await asyncio.wait([task])
    log.append(task.cancelled())


async def a_timeout_of_which_the_result_is_the_last_job(it: Any, settle: Callable[[], object], log: Log) -> None:
    loop = asyncio.get_running_loop()

    async def limited() -> Any:
        async with asyncio.timeout(PATIENCE) as limit:
            loop.call_soon(limit.reschedule, loop.time())
            loop.call_soon(loop.call_soon, settle)
            return await it

    await note(limited(), log)


async def a_group_whose_parent_is_cancelled(it: Any, settle: Callable[[], object], log: Log) -> None:
    async def parent() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(note(it, log))
            await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(note(parent(), log))
    await turns(3)
    task.cancel("parent")
    await asyncio.wait([task])


async def a_group_whose_other_child_fails(it: Any, settle: Callable[[], object], log: Log) -> None:
    async def fail() -> None:
        raise ValueError

    async def parent() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(note(it, log))
            await turns(3)
            group.create_task(fail())

    await note(parent(), log)


async def a_group_whose_parent_is_cancelled_while_a_child_fails(
    it: Any, settle: Callable[[], object], log: Log
) -> None:
    async def fail() -> None:
        raise ValueError

    async def parent() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            await note(it, log)

    task = asyncio.create_task(note(parent(), log))
    await turns(2)
    task.cancel("parent")
    await asyncio.wait([task])


async def a_gather_that_is_cancelled(it: Any, settle: Callable[[], object], log: Log) -> None:
    async def both() -> None:
        await asyncio.gather(note(it, log), note(asyncio.sleep(PATIENCE), log))

    task = asyncio.create_task(note(both(), log))
    await turns(3)
    task.cancel("gather")
    await asyncio.wait([task])


async def a_cancellation_that_is_swallowed_and_then_a_result(it: Any, settle: Callable[[], object], log: Log) -> None:
    async def swallow() -> str:
        try:
            await it
        except asyncio.CancelledError:
            return "swallowed"
        return "came"

    task = asyncio.create_task(note(asyncio.wait_for(swallow(), 0.001), log))
    await asyncio.wait([task])
    settle()


CASES: list[Case] = [
    result_in_the_tick_of_the_cancellation,
    cancellation_in_the_tick_of_the_result,
    cancellation_one_turn_after_the_result,
    a_timeout_that_is_cancelled_from_outside_first,
    a_timeout_in_a_task_that_is_being_cancelled,
    a_timeout_of_which_the_result_is_the_last_job,
    a_group_whose_parent_is_cancelled,
    a_group_whose_other_child_fails,
    a_group_whose_parent_is_cancelled_while_a_child_fails,
    a_gather_that_is_cancelled,
    a_cancellation_that_is_swallowed_and_then_a_result,
]


@pytest.mark.parametrize("stops", [False, True], ids=["not stopped", "stopped"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_it_is_as_with_a_future(run: Run, case: Case, stops: bool) -> None:
    async def with_promise() -> Log:
        log: Log = []
        told: list[str] = []
        d = Promise[int].with_resolvers(on_cancel=(lambda: told.append("stop")) if stops else None)
        await case(read(d.promise), lambda: d.resolve(1), log)
        await turns(3)
        was_cancelled = isinstance(d.promise.reason, Cancelled)
        assert told == ["stop"] * was_cancelled
        assert stops or not was_cancelled
        d.resolve(1)  # else it would be broken: the tracebacks of tasks keep it alive for a while
        return log

    async def with_future() -> Log:
        log: Log = []
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        await case(read(future), lambda: future.done() or future.set_result(1), log)
        return log

    assert run(with_promise()) == run(with_future())


class TestCoroutineOfAHandler:
    """A coroutine that a handler has returned is cancelled with its promise, and with that only."""

    def test_it_is_cancelled_once_and_may_clean_up(self, run: Run) -> None:
        async def main() -> Any:
            log: Log = []

            async def work(_: object) -> None:
                await note(asyncio.sleep(PATIENCE), log)

            promise = Promise.resolve().then(work)
            after = promise.then()
            await turns(3)
            assert after.cancel("why")
            await turns(3)
            return log, type(promise.reason), promise.cancel()

        assert run(main()) == ([(asyncio.CancelledError, ()), ("cancelling", 1)], Cancelled, False)

    def test_it_goes_on_for_another_reader(self, run: Run) -> None:
        async def main() -> Any:
            async def work(_: object) -> int:
                await turns(10)
                return 5

            promise = Promise.resolve().then(work)
            other = promise.then()
            task = asyncio.create_task(read(promise))
            await turns(3)
            task.cancel()
            await end(task)
            return await other

        assert run(main()) == 5

    def test_one_that_swallows_its_cancellation_changes_nothing(self, run: Run) -> None:
        async def main() -> Any:
            async def work(_: object) -> str:
                try:
                    await asyncio.sleep(PATIENCE)
                except asyncio.CancelledError:
                    return "too late"
                return "never"

            promise = Promise.resolve().then(work)
            await turns(3)
            promise.cancel()
            await turns(3)
            return type(promise.reason)

        assert run(main()) is Cancelled

    def test_one_that_awaits_another_promise_takes_that_along(self, run: Run) -> None:
        async def main() -> Any:
            told: list[str] = []
            d = Promise[int].with_resolvers(on_cancel=lambda: told.append("stop"))
            promise = Promise.resolve().then(lambda _: read(d.promise))
            await turns(3)
            promise.cancel()
            await turns(3)
            return told, type(d.promise.reason)

        assert run(main()) == (["stop"], Cancelled)
