"""What a task waits for while it awaits a promise answers whoever looks at it: anyio, debuggers, asyncio itself."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise

from ..homes.loops import NewLoop, on_each_loop
from ..support import on_a_thread, turns


async def value_of(promise: Promise[Any]) -> Any:
    return await promise


async def begin(promise: Promise[Any]) -> tuple[asyncio.Task[Any], Any]:
    """Start a task that awaits a promise; gives what it waits for as well."""
    task = asyncio.create_task(value_of(promise))
    await turns(1)
    return task, task._fut_waiter  # type: ignore[attr-defined]  # what anyio and asyncio's own repr look at


def run(new_loop: NewLoop, main: Callable[[], Any]) -> Any:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(main())


@on_each_loop
class TestWhatATaskWaitsFor:
    def test_while_the_promise_is_pending(self, new_loop: NewLoop) -> None:
        async def main() -> None:
            promise, resolve, _ = Promise[int].with_resolvers()
            task, waiter = await begin(promise)
            assert (waiter.done(), waiter.cancelled()) == (False, False)
            assert waiter.get_loop() is asyncio.get_running_loop()
            for look in (waiter.result, waiter.exception):
                with pytest.raises(asyncio.InvalidStateError):
                    look()
            assert "pending" in repr(waiter)
            resolve(1)
            assert await task == 1

        run(new_loop, main)

    def test_when_it_has_been_fulfilled_and_the_task_is_about_to_wake(self, new_loop: NewLoop) -> None:
        async def main() -> None:
            promise, resolve, _ = Promise[int].with_resolvers()
            task, waiter = await begin(promise)
            resolve(1)
            assert (waiter.done(), waiter.cancelled(), waiter.exception()) == (True, False, None)
            assert "fulfilled" in repr(waiter)
            assert waiter.cancel() is False
            assert await task == 1
            assert (waiter.done(), waiter.cancelled(), waiter.exception()) == (True, False, None)
            assert "done" in repr(waiter)

        run(new_loop, main)

    def test_when_it_has_been_rejected(self, new_loop: NewLoop) -> None:
        async def main() -> None:
            promise, _, reject = Promise[int].with_resolvers()
            task, waiter = await begin(promise)
            error = ValueError("no")
            reject(error)
            assert (waiter.done(), waiter.cancelled(), waiter.exception()) == (True, False, error)
            with pytest.raises(ValueError, match="no"):
                await task

        run(new_loop, main)

    def test_when_the_task_is_cancelled(self, new_loop: NewLoop) -> None:
        async def main() -> None:
            promise, resolve, _ = Promise[int].with_resolvers()
            task, waiter = await begin(promise)
            task.cancel("enough")
            assert (waiter.done(), waiter.cancelled()) == (True, True)
            for look in (waiter.result, waiter.exception):
                with pytest.raises(asyncio.CancelledError, match="enough"):
                    look()
            with pytest.raises(asyncio.CancelledError):
                await task
            resolve(1)

        run(new_loop, main)

    def test_is_shown_by_the_task_and_leaves_its_stack_readable(self, new_loop: NewLoop) -> None:
        async def main() -> None:
            promise, resolve, _ = Promise[int].with_resolvers()
            task, _ = await begin(promise)
            out = io.StringIO()
            task.print_stack(file=out)
            assert "wait_for=<Waiter <Promise pending" in repr(task)
            assert "in value_of" in out.getvalue()
            on_a_thread(lambda: repr(task))
            resolve(1)
            await task

        run(new_loop, main)

    def test_works_in_the_debug_mode_of_asyncio(self, new_loop: NewLoop) -> None:
        async def main() -> int:
            asyncio.get_running_loop().set_debug(True)
            promise, resolve, _ = Promise[int].with_resolvers()
            task, _ = await begin(promise)
            on_a_thread(resolve, 1)
            return await asyncio.wait_for(task, 20)

        assert run(new_loop, main) == 1


def test_what_a_coroutine_of_a_script_waits_for_tells_the_loop_in_which_it_runs() -> None:
    seen: list[Any] = []

    async def look(task: asyncio.Task[Any]) -> None:
        waiter: Any = task._fut_waiter  # type: ignore[attr-defined]
        seen.append((waiter.done(), waiter.get_loop() is asyncio.get_running_loop()))

    async def main(promise: Promise[int]) -> int:
        task, _ = await begin(promise)
        await look(task)
        resolve(1)
        return int(await task)

    promise, resolve, _ = Promise[int].with_resolvers()
    assert Promise.resolve(main(promise)).wait(20) == 1
    assert seen == [(False, True)]
