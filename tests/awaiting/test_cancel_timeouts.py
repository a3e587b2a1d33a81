"""S13: timeouts, groups and shields cancel a waiting task, and the promise stays usable and quiet."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from promisepy import Promise

from ..support import dependants, turns
from .steps import Run, end, read


class TestTimeouts:
    """Timeouts and groups cancel, and so only let go."""

    def test_wait_for_leaves_the_promise_usable(self, run: Run) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            for seconds in (0, -1, 0.001):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(promise, seconds)
                assert (promise.state, dependants(promise)) == ("pending", 0)
            resolve(1)
            return await asyncio.wait_for(promise, 10)

        assert run(main()) == 1

    def test_nested_timeouts_each_end_their_own_block(self, run: Run) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            log: list[str] = []
            async with asyncio.timeout(10):
                try:
                    async with asyncio.timeout(0):
                        async with asyncio.timeout(10):
                            await promise
                except TimeoutError:
                    log.append("middle")
                task = asyncio.current_task()
                assert task is not None
                assert task.cancelling() == 0
                assert dependants(promise) == 0
                asyncio.get_running_loop().call_soon(resolve, 1)
                log.append(f"value {await promise}")
            return log

        assert run(main()) == ["middle", "value 1"]

    def test_two_timeouts_at_once_are_one_for_the_outer_block(self, run: Run) -> None:
        async def main() -> int:
            promise, resolve, _ = Promise[int].with_resolvers()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    try:
                        async with asyncio.timeout(0):
                            await promise
                    except TimeoutError:
                        await promise
            assert dependants(promise) == 0
            resolve(3)
            return await promise

        assert run(main()) == 3

    def test_a_group_that_aborts_lets_its_members_go(self, run: Run) -> None:
        async def fail() -> None:
            raise ValueError("member")

        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            outsider = asyncio.create_task(read(promise))
            await turns(3)
            with pytest.raises(ExceptionGroup) as caught:
                async with asyncio.TaskGroup() as group:
                    members = [group.create_task(read(promise)) for _ in range(3)]
                    await turns(3)
                    group.create_task(fail())
                    await promise
            assert [str(error) for error in caught.value.exceptions] == ["member"]
            assert all(member.cancelled() for member in members)
            assert (promise.state, dependants(promise)) == ("pending", 1)
            resolve(1)
            return await outsider

        assert run(main()) == 1

    def test_a_rejected_promise_aborts_the_group(self, run: Run) -> None:
        async def main() -> Any:
            failing, _, reject = Promise[int].with_resolvers()
            other, resolve, _ = Promise[int].with_resolvers()
            reason = ValueError("reason")
            asyncio.get_running_loop().call_soon(reject, reason)
            with pytest.raises(ExceptionGroup) as caught:
                async with asyncio.TaskGroup() as group:
                    group.create_task(read(failing))
                    group.create_task(read(other))
            assert caught.value.exceptions == (reason,)
            assert dependants(other) == 0
            resolve(1)
            return await other

        assert run(main()) == 1

    def test_gather_and_shield(self, run: Run) -> None:
        async def main() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            both = asyncio.gather(promise, promise)
            shielded = asyncio.shield(promise)
            await turns(3)
            assert dependants(promise) == 2  # gather makes one task of equal arguments
            both.cancel()
            shielded.cancel()
            with pytest.raises(asyncio.CancelledError):
                await both
            assert dependants(promise) == 1  # a shield keeps its own task
            resolve(1)
            return await promise

        assert run(main()) == 1


class TestNoise:
    """Nothing is reported: every `run` above looks for it; here are the cases that are about it."""

    def test_a_rejection_whose_waiters_were_queued_and_then_cancelled(self, run: Run) -> None:
        async def main() -> None:
            promise, _, reject = Promise[int].with_resolvers()
            tasks = [asyncio.create_task(read(promise)) for _ in range(3)]
            await turns(3)
            reject(ValueError("seen by nobody in the end"))
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            del promise, reject, tasks, task
            gc.collect()
            await turns(3)

        run(main())

    def test_a_rejection_that_another_task_reads(self, run: Run) -> None:
        async def main() -> None:
            promise, _, reject = Promise[int].with_resolvers()
            quitter, reader = (asyncio.create_task(read(promise)) for _ in range(2))
            await turns(3)
            quitter.cancel()
            reject(ValueError("reason"))
            with pytest.raises(ValueError, match="reason"):
                await reader
            assert await end(quitter) is not None
            del promise, reject, quitter, reader
            gc.collect()
            await turns(3)

        run(main())

    def test_a_dropped_promise_after_its_only_waiter_was_cancelled(self, run: Run) -> None:
        async def main() -> None:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(Promise[int].with_resolvers(keep_alive=True).promise, 0.001)
            gc.collect()
            await turns(3)

        run(main())
