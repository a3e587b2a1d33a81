"""S11, S12, S14: what a task finds when it goes on: its context, and the reason as it was raised."""

from __future__ import annotations

import asyncio
import contextvars
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

from ..support import dependants

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def origin(_: Any = None) -> Any:
    raise ValueError("origin")


async def subscribed(promise: Promise[Any], count: int) -> None:
    """Let the loop turn until so many reactions wait for the promise."""
    while dependants(promise) < count:
        await asyncio.sleep(0)


class TestContextvars:
    """A task keeps its own variables, whoever settles."""

    def test_the_task_goes_on_in_its_own_context(self, run: Run) -> None:
        user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")

        async def reader(promise: Promise[int], name: str) -> list[str]:
            user.set(name)
            await promise
            seen = [user.get()]
            user.set(f"{name} later")
            await promise.then()
            return [*seen, user.get()]

        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            tasks = [asyncio.create_task(reader(promise, name)) for name in ("alice", "bob")]
            await subscribed(promise, 2)
            handler = promise.then(lambda _: user.get())
            settler = contextvars.copy_context()
            settler.run(user.set, "settler")
            settler.run(resolve, 1)
            return [await task for task in tasks], await handler, user.get()

        read_by_tasks = [["alice", "alice later"], ["bob", "bob later"]]
        assert run(main()) == (read_by_tasks, "nobody", "nobody")

    def test_a_context_given_to_the_task_is_used(self, run: Run) -> None:
        user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
        context = contextvars.copy_context()

        async def reader(promise: Promise[int]) -> None:
            user.set("before")
            await promise
            assert user.get() == "before"
            user.set("after")

        async def main() -> None:
            promise, resolve, _ = Promise[int].with_resolvers()
            task = asyncio.get_running_loop().create_task(reader(promise), context=context)
            await subscribed(promise, 1)
            resolve(1)
            await task
            assert context[user] == "after"
            assert user.get() == "nobody"

        run(main())

    def test_current_task_is_right_on_both_sides(self, run: Run) -> None:
        async def reader(promise: Promise[int]) -> bool:
            before = asyncio.current_task()
            await promise
            return before is asyncio.current_task()

        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            current: list[Any] = []
            promise.then(lambda _: current.append(asyncio.current_task()))
            tasks = [asyncio.create_task(reader(promise)) for _ in range(2)]
            await subscribed(promise, 3)
            promise.then(lambda _: current.append(asyncio.current_task()))
            resolve(1)
            return await asyncio.gather(*tasks), current

        assert run(main()) == ([True, True], [None, None])


class TestReasons:
    """Every awaiter gets the one exception, with the frames of its origin and its own."""

    @staticmethod
    async def seen_by(promise: Promise[Any]) -> tuple[BaseException, list[str]]:
        try:
            await promise
        except ValueError as error:
            return error, [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]
        raise AssertionError("no rejection")

    @pytest.mark.parametrize("count", [1, 2, 10])
    def test_the_same_object_with_the_same_frames(self, run: Run, count: int) -> None:
        async def main() -> Any:
            start, resolve, _ = Promise[int].with_resolvers()
            promise = start.then(origin)
            tasks = [asyncio.create_task(self.seen_by(promise)) for _ in range(count)]
            await subscribed(promise, count)
            resolve(1)
            seen = [await task for task in tasks]
            seen += [await self.seen_by(promise) for _ in range(3)]
            return seen, promise.reason

        seen, reason = run(main())
        assert all(error is reason for error, _ in seen)
        assert [frames for _, frames in seen] == [["seen_by", "__await__", "origin"]] * (count + 3)

    def test_readers_in_turn_do_not_add_to_each_other(self, run: Run) -> None:
        async def again(promise: Promise[Any]) -> Any:
            return await self.seen_by(promise.then())

        async def main() -> Any:
            promise = Promise.resolve().then(origin)
            return [(await again(promise))[1] for _ in range(4)]

        assert run(main()) == [["seen_by", "__await__", "origin"]] * 4

    def test_no_context_of_the_settler_reaches_a_reader(self, run: Run) -> None:
        async def main() -> Any:
            promise, _, reject = Promise[int].with_resolvers()
            task = asyncio.create_task(self.seen_by(promise))
            await subscribed(promise, 1)
            try:
                raise KeyError("foreign")
            except KeyError:
                reject(ValueError("reason"))
            error, _ = await task
            return error.__context__

        assert run(main()) is None

    @pytest.mark.parametrize("kind_of_reason", [KeyboardInterrupt, GeneratorExit, SystemExit])
    def test_a_base_exception_is_raised_by_await(self, run: Run, kind_of_reason: type[BaseException]) -> None:
        reason = kind_of_reason("stop")

        async def main() -> Any:
            try:
                await Promise.reject(reason)
            except BaseException as error:
                return error

        assert run(main()) is reason

    def test_stop_iteration_and_cancelled_error_do_not_confuse_the_task(self, run: Run) -> None:
        async def main() -> Any:
            reasons = [StopIteration(1), asyncio.CancelledError("stop"), StopAsyncIteration(2)]
            promises = [Promise.reject(reason) for reason in reasons]
            return await asyncio.gather(*promises, return_exceptions=True)

        first, second, third = run(main())
        assert [type(error).__name__ for error in (first, second, third)] == [
            "RuntimeError",
            "Cancelled",
            "StopAsyncIteration",
        ]

    def test_all_settled_is_awaited_like_any_other(self, run: Run) -> None:
        async def main() -> Any:
            reason = ValueError("reason")
            outcomes = await Promise.all_settled((Promise.resolve(1), Promise.reject(reason)))
            return outcomes == (Fulfilled(1), Rejected(reason))

        assert run(main())
