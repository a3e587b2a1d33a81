"""S13: a cancelled awaiting task lets go of the promise, and sees what it would see at an own future."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise
from promisepy._core.cell import UNSETTLED

from ..support import dependants, turns
from .steps import Run, end, read


class TestDetach:
    """The promise stays as it is and keeps nothing of the task."""

    def test_only_the_cancelled_task_lets_go(self, run: Run) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            child = promise.then(lambda value: value + 1)
            tasks = [asyncio.create_task(read(promise)) for _ in range(3)]
            await turns(3)
            assert dependants(promise) == 4
            assert tasks[1].cancel()
            assert dependants(promise) == 3
            assert await end(tasks[1]) is not None
            assert tasks[1].cancelled()
            assert promise.state == "pending"
            resolve(7)
            return await tasks[0], await tasks[2], await child

        assert run(main()) == (7, 7, 8)

    def test_the_order_of_the_others_is_kept(self, run: Run) -> None:
        async def main() -> list[int]:
            log: list[int] = []
            promise, resolve, _ = Promise[int].with_resolvers()

            async def reader(name: int) -> None:
                await promise
                log.append(name)

            tasks = [asyncio.create_task(reader(n)) for n in range(6)]
            await turns(3)
            for n in (0, 3, 5):
                tasks[n].cancel()
            resolve(1)
            await asyncio.wait(tasks)
            return log

        assert run(main()) == [1, 2, 4]

    def test_all_may_let_go_and_new_ones_come(self, run: Run) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            for _ in range(3):
                tasks = [asyncio.create_task(read(promise)) for _ in range(5)]
                await turns(3)
                for task in tasks:
                    task.cancel()
                assert dependants(promise) == 0
                await asyncio.wait(tasks)
            late = asyncio.create_task(read(promise))
            await turns(3)
            resolve(1)
            return await late

        assert run(main()) == 1

    def test_a_chain_above_and_below_is_left_alone(self, run: Run) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            middle = promise.then(lambda value: value + 1)
            task = asyncio.create_task(read(middle))
            await turns(3)
            task.cancel()
            await end(task)
            assert (dependants(promise), dependants(middle)) == (1, 0)
            resolve(1)
            return await middle

        assert run(main()) == 2

    def test_the_end_of_a_run_cancels_the_tasks_and_not_the_promise(self, run: Run) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        tasks: list[Any] = []

        async def main() -> None:
            tasks.extend(asyncio.create_task(read(promise)) for _ in range(3))
            await turns(3)

        run(main())
        assert [task.cancelled() for task in tasks] == [True] * 3
        assert promise._reactions == [UNSETTLED]
        resolve(1)
        assert promise.wait(timeout=10) == 1

    def test_a_handler_that_cancels_the_task(self, run: Run) -> None:
        async def main() -> Any:
            first, resolve, _ = Promise[int].with_resolvers()
            second, resolve_second, _ = Promise[int].with_resolvers()
            task = asyncio.create_task(read(second))
            await turns(3)
            cancelled = first.then(lambda _: task.cancel())
            resolve(1)
            assert await cancelled is True
            assert await end(task) is not None
            assert dependants(second) == 0
            resolve_second(2)
            return await second

        assert run(main()) == 2


async def cancel_once(task: asyncio.Task[Any], settle: Callable[[], None]) -> None:
    task.cancel("once")


async def cancel_twice_at_once(task: asyncio.Task[Any], settle: Callable[[], None]) -> None:
    task.cancel("first")
    task.cancel("second")


async def cancel_twice_apart(task: asyncio.Task[Any], settle: Callable[[], None]) -> None:
    task.cancel("first")
    await turns(3)
    task.cancel("second")


async def cancel_then_settle(task: asyncio.Task[Any], settle: Callable[[], None]) -> None:
    task.cancel("before")
    settle()


async def settle_then_cancel(task: asyncio.Task[Any], settle: Callable[[], None]) -> None:
    settle()
    task.cancel("after")


async def settle_then_cancel_twice(task: asyncio.Task[Any], settle: Callable[[], None]) -> None:
    settle()
    task.cancel("first")
    task.cancel("second")


async def cancel_settle_cancel(task: asyncio.Task[Any], settle: Callable[[], None]) -> None:
    task.cancel("first")
    settle()
    task.cancel("second")


async def cancel_and_take_back(task: asyncio.Task[Any], settle: Callable[[], None]) -> None:
    task.cancel("taken back")
    task.uncancel()


async def settle_and_let_run(task: asyncio.Task[Any], settle: Callable[[], None]) -> None:
    settle()


SCENARIOS = [
    cancel_once,
    cancel_twice_at_once,
    cancel_twice_apart,
    cancel_then_settle,
    settle_then_cancel,
    settle_then_cancel_twice,
    cancel_settle_cancel,
    cancel_and_take_back,
    settle_and_let_run,
]


async def patient(awaitable: Any, log: list[Any]) -> None:
    """Await something, and after each cancellation something else that never comes, three times at most."""
    task = asyncio.current_task()
    assert task is not None
    never: Any = awaitable
    for _ in range(3):
        try:
            log.append(await never)
        except asyncio.CancelledError as error:
            log.append((error.args, task.cancelling()))
        except ValueError as error:
            log.append(repr(error))
        else:
            log.append(task.cancelling())
            return
        never = asyncio.get_running_loop().create_future()


class TestLikeAFuture:
    """What a cancelled task sees at a promise is what it sees at an `asyncio.Future` that it alone awaits."""

    @staticmethod
    async def play(scenario: Any, awaitable: Any, settle: Callable[[], None], started: bool) -> list[Any]:
        log: list[Any] = []
        task = asyncio.create_task(patient(awaitable, log))
        if started:
            await turns(3)
        await scenario(task, settle)
        await turns(5)
        log.append(("counted", task.cancelling(), task.done(), task.done() and task.cancelled()))
        task.cancel("clean up")
        await turns(3)
        task.cancel("clean up")
        await turns(3)
        task.cancel("clean up")
        await asyncio.wait([task])
        return log

    @pytest.mark.parametrize("fails", [False, True], ids=["fulfilled", "rejected"])
    @pytest.mark.parametrize("started", [False, True], ids=["before the first step", "asleep"])
    @pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
    def test_the_same_is_logged(self, run: Run, scenario: Any, started: bool, fails: bool) -> None:
        async def with_promise() -> list[Any]:
            promise, resolve, reject = Promise[int].with_resolvers()
            promise.catch(lambda _: None)
            settle: Callable[[], None] = (lambda: reject(ValueError("no"))) if fails else (lambda: resolve(1))
            return await self.play(scenario, promise, settle, started)

        async def with_future() -> list[Any]:
            future = asyncio.get_running_loop().create_future()

            def settle() -> None:
                if not future.done() and fails:
                    future.set_exception(ValueError("no"))
                    future.exception()
                elif not future.done():
                    future.set_result(1)

            return await self.play(scenario, future, settle, started)

        assert run(with_promise()) == run(with_future())


class TestCounts:
    """`cancelling`, `uncancel` and the message work as for anything awaited."""

    def test_a_task_that_takes_it_back_awaits_again(self, run: Run) -> None:
        async def stubborn(promise: Promise[int], log: list[Any]) -> int:
            task = asyncio.current_task()
            assert task is not None
            for _ in range(3):
                try:
                    await promise
                except asyncio.CancelledError as error:
                    log.append((error.args, task.cancelling(), task.uncancel()))
            return await promise

        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            log: list[Any] = []
            task = asyncio.create_task(stubborn(promise, log))
            for n in range(3):
                await turns(3)
                task.cancel(f"number {n}")
            await turns(3)
            assert dependants(promise) == 1
            resolve(7)
            return await task, log, task.cancelling()

        log = [((f"number {n}",), 1, 0) for n in range(3)]
        assert run(main()) == (7, log, 0)

    @pytest.mark.parametrize(("message", "args"), [(None, ()), ("stop", ("stop",)), (5, (5,))])
    def test_the_message_is_kept(self, run: Run, message: Any, args: Any) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            seen: list[Any] = []

            async def reader() -> None:
                try:
                    await promise
                except asyncio.CancelledError as error:
                    seen.append(error.args)
                    raise

            task = asyncio.create_task(reader())
            await turns(3)
            task.cancel(message)
            error = await end(task)
            resolve(1)
            return seen, error.args if error else None

        assert run(main()) == ([args], args)

    def test_a_task_whose_wake_up_is_queued_is_cancelled_and_the_value_kept(self, run: Run) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            log: list[str] = []
            task = asyncio.create_task(read(promise))
            other = asyncio.create_task(read(promise))
            await turns(3)
            promise.then(lambda _: log.append("handler"))
            resolve(7)
            task.cancel("late")
            error = await end(task)
            assert error is not None
            assert error.args == ("late",)
            return promise.value, await other, log, await promise

        assert run(main()) == (7, 7, ["handler"], 7)

    def test_a_handler_before_the_wake_up_cancels_its_task(self, run: Run) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            tasks: list[asyncio.Task[Any]] = []
            promise.then(lambda _: tasks[0].cancel())
            tasks.append(asyncio.create_task(read(promise)))
            tasks.append(asyncio.create_task(read(promise)))
            await turns(3)
            resolve(7)
            assert await end(tasks[0]) is not None
            return await tasks[1]

        assert run(main()) == 7

    def test_a_coroutine_that_is_closed_while_asleep_leaves_no_wake_up(self, run: Run) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            cleaned: list[str] = []

            async def reader() -> None:
                try:
                    await promise
                finally:
                    cleaned.append("up")

            task = asyncio.create_task(reader())
            await turns(3)
            task.cancel()
            await end(task)
            resolve(1)
            return cleaned, await promise

        assert run(main()) == (["up"], 1)


class TestByHand:
    """What a coroutine yields to its task keeps to the protocol of futures, whichever task asks."""

    def test_a_wake_up_that_is_taken_back_does_not_come(self, run: Run) -> None:
        async def main() -> list[Any]:
            promise, resolve, _ = Promise[int].with_resolvers()
            woken: list[Any] = []
            waiter = next(promise.__await__())
            waiter.add_done_callback(woken.append)
            assert waiter.remove_done_callback(woken.append) == 1
            resolve(1)
            await turns(3)
            return woken

        assert run(main()) == []

    def test_one_that_is_cancelled_before_anybody_sleeps_on_it_wakes_who_comes_then(self, run: Run) -> None:
        async def main() -> None:
            promise = Promise[int].with_resolvers(keep_alive=True).promise
            woken: list[Any] = []
            waiter = next(promise.__await__())
            assert waiter.cancel("enough")
            waiter.add_done_callback(woken.append)
            await turns(3)
            assert woken == [waiter]
            assert dependants(promise) == 0
            with pytest.raises(asyncio.CancelledError, match="enough"):
                waiter.result()

        run(main())
