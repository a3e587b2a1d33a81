"""S14: a settled promise does not suspend; a pending one resumes in job order; with every kind of task."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import pytest

from promisepy import Promise
from promisepy._core.cell import UNSETTLED

from ..support import dependants

Run = Callable[[Coroutine[Any, Any, Any]], Any]


async def read(promise: Promise[Any]) -> Any:
    return await promise


async def subscribed(promise: Promise[Any], count: int) -> None:
    """Let the loop turn until so many reactions wait for the promise."""
    while dependants(promise) < count:
        await asyncio.sleep(0)


class TestSettled:
    """Awaiting a settled promise goes on at once."""

    def test_a_value_comes_without_a_turn_of_the_loop(self, run: Run) -> None:
        async def main() -> None:
            turns: list[int] = []
            asyncio.get_running_loop().call_soon(turns.append, 1)
            Promise.resolve().then(turns.append)
            assert await Promise.resolve(5) == 5
            assert turns == []

        run(main())

    def test_a_reason_comes_without_a_turn_of_the_loop(self, run: Run) -> None:
        async def main() -> None:
            turns: list[int] = []
            asyncio.get_running_loop().call_soon(turns.append, 1)
            with pytest.raises(ValueError, match="reason"):
                await Promise.reject(ValueError("reason"))
            assert turns == []

        run(main())

    def test_many_in_a_row_do_not_let_others_in(self, run: Run) -> None:
        async def main() -> None:
            turns: list[int] = []
            asyncio.get_running_loop().call_soon(turns.append, 1)
            promises = [Promise.resolve(n) for n in range(1000)]
            assert [await promise for promise in promises] == list(range(1000))
            assert turns == []

        run(main())

    def test_a_coroutine_without_a_loop_can_read_it(self) -> None:
        with pytest.raises(StopIteration) as stop:
            read(Promise.resolve(5)).send(None)
        assert stop.value.value == 5
        with pytest.raises(ValueError, match="reason"):
            read(Promise.reject(ValueError("reason"))).send(None)

    @pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
    @pytest.mark.parametrize("pure", [False, True])
    def test_an_eager_task_is_done_when_it_is_made(self, pure: bool) -> None:
        factory = asyncio.create_eager_task_factory(asyncio.tasks._PyTask if pure else asyncio.Task)

        async def main() -> Any:
            asyncio.get_running_loop().set_task_factory(factory)
            task = asyncio.create_task(read(Promise.resolve(5)))
            assert task.done()
            pending, resolve, _ = Promise[int].with_resolvers()
            other = asyncio.create_task(read(pending))
            assert not other.done()
            resolve(6)
            assert not other.done()
            return task.result(), await other

        assert asyncio.run(main()) == (5, 6)


class TestOrder:
    """A task that awaits a pending promise goes on as a job in the order of the reactions."""

    def test_it_resumes_between_the_handlers_before_and_after(self, run: Run) -> None:
        async def main() -> list[str]:
            log: list[str] = []
            promise, resolve, _ = Promise[int].with_resolvers()

            async def reader(name: str) -> None:
                await promise
                log.append(name)

            promise.then(lambda _: log.append("first handler")).then(lambda _: log.append("its child"))
            one = asyncio.create_task(reader("first task"))
            await subscribed(promise, 2)
            promise.then(lambda _: log.append("second handler"))
            two = asyncio.create_task(reader("second task"))
            await subscribed(promise, 4)
            promise.then(lambda _: log.append("third handler"))
            resolve(1)
            assert log == []
            await asyncio.wait([one, two])
            return log

        expected = ["first handler", "first task", "second handler", "second task", "third handler"]
        assert run(main())[:5] == expected

    def test_children_and_later_handlers_come_after_it(self, run: Run) -> None:
        async def main() -> list[str]:
            log: list[str] = []
            promise, resolve, _ = Promise[int].with_resolvers()

            async def reader() -> None:
                await promise
                log.append("task")
                promise.then(lambda _: log.append("handler of the task"))

            last = promise.then(lambda _: log.append("handler"))
            last = last.then(lambda _: log.append("child")).then(lambda _: log.append("grandchild"))
            task = asyncio.create_task(reader())
            await subscribed(promise, 2)
            resolve(1)
            await task
            await last
            return log

        assert run(main()) == ["handler", "task", "child", "handler of the task", "grandchild"]

    def test_the_settler_runs_on_before_any_of_them(self, run: Run) -> None:
        async def main() -> list[str]:
            log: list[str] = []
            promise, _, reject = Promise[int].with_resolvers()

            async def reader() -> None:
                with pytest.raises(ValueError, match="reason"):
                    await promise
                log.append("task")

            task = asyncio.create_task(reader())
            await subscribed(promise, 1)
            reject(ValueError("reason"))
            log.append("settler")
            await task
            return log

        assert run(main()) == ["settler", "task"]

    def test_a_handler_that_settles_another_lets_its_tasks_queue_behind(self, run: Run) -> None:
        async def main() -> list[str]:
            log: list[str] = []
            outer, resolve_outer, _ = Promise[int].with_resolvers()
            inner, resolve_inner, _ = Promise[int].with_resolvers()

            async def reader(promise: Promise[int], name: str) -> None:
                await promise
                log.append(name)

            outer.then(resolve_inner)
            tasks = [asyncio.create_task(reader(inner, "inner")), asyncio.create_task(reader(outer, "outer"))]
            await subscribed(inner, 1)
            await subscribed(outer, 2)
            resolve_outer(1)
            await asyncio.wait(tasks)
            return log

        assert run(main()) == ["outer", "inner"]

    def test_it_does_not_subscribe_before_the_task_sleeps(self, run: Run) -> None:
        async def main() -> None:
            promise, resolve, _ = Promise[int].with_resolvers()
            coroutine = read(promise)
            coroutine.send(None)
            coroutine.close()
            assert promise._reactions == [UNSETTLED]
            resolve(1)

        run(main())


class TestLoops:
    """Each task goes on in its own loop and thread."""

    @pytest.mark.parametrize("fails", [False, True])
    def test_two_loops_in_two_threads_await_one_promise(self, fails: bool) -> None:
        promise, resolve, reject = Promise[int].with_resolvers()
        outcomes: dict[str, Any] = {}
        ready = threading.Barrier(3)

        async def main(name: str) -> None:
            loop, thread = asyncio.get_running_loop(), threading.get_ident()
            loop.call_soon(ready.wait, 10)
            try:
                outcomes[name] = await promise
            except ValueError as error:
                outcomes[name] = error
            assert (asyncio.get_running_loop(), threading.get_ident()) == (loop, thread)

        threads = [threading.Thread(target=asyncio.run, args=[main(name)]) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        ready.wait(10)
        reason = ValueError("reason")
        reject(reason) if fails else resolve(5)
        for thread in threads:
            thread.join(10)
        expected: Any = reason if fails else 5
        assert outcomes == {"one": expected, "two": expected}

    def test_a_promise_of_one_loop_is_awaited_in_another(self, run: Run) -> None:
        made: list[Promise[int]] = []
        passed = threading.Event()
        asked = threading.Event()

        async def owner() -> None:
            loop = asyncio.get_running_loop()
            promise, resolve, _ = Promise[int].with_resolvers()
            made.append(promise.then(lambda value: value + 1))
            passed.set()
            await loop.run_in_executor(None, asked.wait, 10)
            resolve(1)
            await made[0]

        async def main() -> int:
            asyncio.get_running_loop().call_soon(asked.set)
            return await made[0]

        thread = threading.Thread(target=asyncio.run, args=[owner()])
        thread.start()
        assert passed.wait(10)
        assert run(main()) == 2
        thread.join(10)

    def test_run_until_complete_takes_a_promise(self) -> None:
        loop = asyncio.new_event_loop()
        try:
            promise, resolve, _ = Promise[int].with_resolvers()
            loop.call_soon(resolve, 1)
            assert loop.run_until_complete(promise) == 1
            assert loop.run_until_complete(promise.then(lambda value: value + 1)) == 2
            with pytest.raises(ValueError, match="reason"):
                loop.run_until_complete(Promise.reject(ValueError("reason")))
        finally:
            loop.close()

    def test_two_runs_one_after_the_other_read_one_promise(self, run: Run) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()

        async def settle() -> int:
            asyncio.get_running_loop().call_soon(resolve, 1)
            return await promise

        assert run(settle()) == 1
        assert run(read(promise)) == 1
        assert promise.wait(timeout=10) == 1

    def test_without_a_loop_the_error_says_what_to_do(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        with pytest.raises(RuntimeError, match=r"needs a running asyncio loop: call promise\.wait\(\)"):
            read(promise).send(None)
        assert promise._reactions == [UNSETTLED]
        resolve(1)
        assert promise.wait(timeout=10) == 1


class TestHelpers:
    """The functions of asyncio take a promise where they take an awaitable."""

    def test_gather(self, run: Run) -> None:
        async def main() -> Any:
            p, resolve_p, _ = Promise[int].with_resolvers()
            q, resolve_q, _ = Promise[int].with_resolvers()
            loop = asyncio.get_running_loop()
            loop.call_soon(resolve_q, 2)
            loop.call_soon(resolve_p, 1)
            both = await asyncio.gather(p, q)
            reason = ValueError("reason")
            mixed = await asyncio.gather(p, Promise.reject(reason), return_exceptions=True)
            with pytest.raises(ValueError, match="reason"):
                await asyncio.gather(p, Promise.reject(reason))
            return both, mixed == [1, reason]

        assert run(main()) == ([1, 2], True)

    def test_one_promise_twice_in_gather(self, run: Run) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            asyncio.get_running_loop().call_soon(resolve, 2)
            return await asyncio.gather(promise, promise)

        assert run(main()) == [2, 2]

    def test_wait_for_and_timeout(self, run: Run) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            asyncio.get_running_loop().call_soon(resolve, 1)
            first = await asyncio.wait_for(promise, 10)
            async with asyncio.timeout(10):
                second = await promise.then(lambda value: value + 1)
            with pytest.raises(ValueError, match="reason"):
                await asyncio.wait_for(Promise.reject(ValueError("reason")), 10)
            return first, second

        assert run(main()) == (1, 2)

    def test_task_group(self, run: Run) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(read(promise)) for _ in range(3)]
                resolve(1)
            return [task.result() for task in tasks]

        assert run(main()) == [1, 1, 1]

    def test_ensure_future_and_shield(self, run: Run) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            task = asyncio.ensure_future(promise)
            assert asyncio.isfuture(task)
            asyncio.get_running_loop().call_soon(resolve, 1)
            return await asyncio.shield(promise), await task

        assert run(main()) == (1, 1)

    def test_as_completed(self, run: Run) -> None:
        async def main() -> Any:
            pairs = [Promise[int].with_resolvers() for _ in range(3)]
            loop = asyncio.get_running_loop()
            for n in (2, 0, 1):
                loop.call_soon(pairs[n].resolve, n)
            return [await done for done in asyncio.as_completed([pair.promise for pair in pairs])]

        assert sorted(run(main())) == [0, 1, 2]

    def test_wait_of_tasks(self, run: Run) -> None:
        async def main() -> Any:
            fast, resolve, _ = Promise[str].with_resolvers()
            slow, resolve_slow, _ = Promise[str].with_resolvers()
            asyncio.get_running_loop().call_soon(resolve, "fast")
            tasks = [asyncio.ensure_future(slow), asyncio.ensure_future(fast)]
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            assert [task.result() for task in done] == ["fast"]
            resolve_slow("slow")
            return await pending.pop()

        assert run(main()) == "slow"

    def test_a_sleeping_task_can_be_shown(self, run: Run) -> None:
        async def main() -> None:
            promise, resolve, _ = Promise[int].with_resolvers()
            task = asyncio.create_task(read(promise), name="reader")
            await subscribed(promise, 1)
            assert "reader" in repr(task)
            assert [frame.f_code.co_name for frame in task.get_stack()][0] == "read"
            resolve(1)
            assert await task == 1

        run(main())

    def test_an_async_generator_and_an_async_with_await_it(self, run: Run) -> None:
        async def numbers(promise: Promise[int]) -> Any:
            yield await promise
            yield await promise.then(lambda value: value + 1)

        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            asyncio.get_running_loop().call_soon(resolve, 1)
            return [number async for number in numbers(promise)]

        assert run(main()) == [1, 2]


def test_what_a_task_sleeps_on_keeps_to_the_protocol_of_a_future(run: Run) -> None:
    """Also where asyncio's own tasks do not look."""

    async def main() -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        woken: list[Any] = []
        first: Any = next(promise.__await__())
        first.add_done_callback(woken.append)
        assert first.remove_done_callback(woken.append) == 1
        second: Any = next(promise.__await__())
        second.add_done_callback(woken.append)
        assert [second.cancel() for _ in range(2)] == [True, False]
        resolve(1)
        assert await promise.then() == 1
        assert (woken, first.cancel()) == ([second], False)

    run(main())


def test_a_coroutine_of_another_framework_is_told_what_it_needs() -> None:
    promise = Promise[int].with_resolvers(keep_alive=True).promise

    async def main() -> None:
        steps: Generator[Any, Any, int] = promise.__await__()
        next(steps)
        with pytest.raises(RuntimeError, match="needs an asyncio task"):
            next(steps)

    asyncio.run(main())
