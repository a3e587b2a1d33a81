"""Futures of the standard library where `tests/awaiting/test_futures.py` does not look: what asyncio's helpers make, what
outlives its loop, and what a promise does to the thread that completes a future.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Rejected, Report


async def five() -> int:
    await asyncio.sleep(0)
    return 5


async def fail() -> int:
    await asyncio.sleep(0)
    raise ValueError("reason")


def wrapped(pool: ThreadPoolExecutor) -> Any:
    return asyncio.wrap_future(pool.submit(pow, 2, 3))


MADE_BY_ASYNCIO: dict[str, tuple[Callable[[ThreadPoolExecutor], Any], Any]] = {
    "gather": (lambda pool: asyncio.gather(five(), five()), [5, 5]),
    "shield": (lambda pool: asyncio.shield(five()), 5),
    "wait_for": (lambda pool: asyncio.wait_for(five(), 20), 5),
    "to_thread": (lambda pool: asyncio.to_thread(pow, 2, 3), 8),
    "run_in_executor": (lambda pool: asyncio.get_running_loop().run_in_executor(pool, pow, 2, 3), 8),
    "wrap_future": (wrapped, 8),
    "ensure_future of a promise": (lambda pool: asyncio.ensure_future(Promise.resolve(5)), 5),
}


class TestWhatAsyncioMakes:
    @pytest.mark.parametrize("name", MADE_BY_ASYNCIO)
    def test_it_is_adopted(self, name: str) -> None:
        make, expected = MADE_BY_ASYNCIO[name]

        async def main(pool: ThreadPoolExecutor) -> list[Any]:
            handler = Promise.resolve().then(lambda _: make(pool))
            return [await Promise.resolve(make(pool)), await handler, *await Promise.all([make(pool)])]

        with ThreadPoolExecutor(1) as pool:
            assert asyncio.run(main(pool)) == [expected] * 3

    def test_a_gather_that_fails_rejects_and_one_that_is_cancelled_is_cancelled(self) -> None:
        async def main() -> list[Any]:
            cancelled = asyncio.gather(five(), five())
            outcomes = Promise.all_settled([asyncio.gather(five(), fail()), cancelled])
            await asyncio.sleep(0)
            cancelled.cancel()
            return await outcomes

        reasons = [outcome.reason for outcome in asyncio.run(main()) if isinstance(outcome, Rejected)]
        assert [type(reason) for reason in reasons] == [ValueError, Cancelled]

    def test_an_adopted_failure_counts_as_retrieved(self, caplog: pytest.LogCaptureFixture) -> None:
        async def main() -> str:
            return await Promise.resolve(asyncio.create_task(fail())).catch(ValueError, str)

        with caplog.at_level(logging.DEBUG, "asyncio"):
            assert asyncio.run(main()) == "reason"
            gc.collect()
        assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


class TestWhatIsDoneAlready:
    """A done future tells its outcome whether or not its loop still runs, as it does to `await`."""

    @staticmethod
    async def ended() -> list[asyncio.Task[int]]:
        tasks = [asyncio.create_task(five()), asyncio.create_task(fail())]
        await asyncio.wait(tasks)
        return tasks

    def test_tasks_of_a_closed_loop(self) -> None:
        done, failed = asyncio.run(self.ended())
        assert failed.exception() is not None
        assert Promise.resolve(done).wait(timeout=20) == 5
        with pytest.raises(ValueError, match="reason"):
            Promise.resolve(failed).wait(timeout=20)

    def test_tasks_of_a_closed_loop_in_another_loop(self) -> None:
        done, failed = asyncio.run(self.ended())
        assert failed.exception() is not None

        async def main() -> list[Any]:
            return [await Promise.resolve(done), await Promise.resolve(failed).catch(ValueError, str)]

        assert asyncio.run(main()) == [5, "reason"]

    def test_a_future_of_a_loop_that_does_not_run(self) -> None:
        loop = asyncio.new_event_loop()
        try:
            future = loop.create_future()
            future.set_result(5)
            promise: Promise[int] = Promise.resolve(future)
            promise.catch(str)  # whatever the end of the loop makes of it
            assert promise.wait(timeout=0.5) == 5
        finally:
            loop.close()

    def test_a_pending_future_of_a_loop_that_runs_later(self) -> None:
        loop = asyncio.new_event_loop()
        task = loop.create_task(five())
        promise: Promise[int] = Promise.resolve(task)
        with pytest.raises(TimeoutError):
            promise.wait(timeout=0.001)
        loop.run_until_complete(task)
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        assert promise.wait(timeout=20) == 5


class TestCancelling:
    """A cancelled promise cancels the future, in the future's own loop."""

    @staticmethod
    def adopted(loop: asyncio.AbstractEventLoop) -> tuple[asyncio.Future[int], Promise[int]]:
        future: asyncio.Future[int] = loop.create_future()
        promise: Promise[int] = Promise.resolve(future)
        Promise.resolve().then().wait(timeout=20)
        loop.run_until_complete(asyncio.sleep(0))  # where the callback is added
        return future, promise

    def test_a_future_of_another_loop_is_cancelled_when_that_runs(self) -> None:
        loop = asyncio.new_event_loop()
        future, promise = self.adopted(loop)
        promise.cancel()
        Promise.resolve().then().wait(timeout=20)
        assert not future.cancelled()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        assert future.cancelled()

    def test_one_of_a_loop_that_was_closed_is_let_be(self, reports: list[Report]) -> None:
        loop = asyncio.new_event_loop()
        future, promise = self.adopted(loop)
        loop.close()
        promise.cancel()
        Promise.resolve().then().wait(timeout=20)
        assert (future.done(), type(promise.reason), reports) == (False, Cancelled, [])


class TestTheCompletingThread:
    """No user code runs there, and nothing is raised into it."""

    def test_handlers_run_at_home_whoever_completes_or_cancels(self) -> None:
        futures: list[Future[int]] = [Future() for _ in range(3)]

        def act() -> None:
            futures[0].set_result(5)
            futures[1].set_exception(ValueError("reason"))
            futures[2].cancel()

        where = [
            Promise.resolve(future).then(lambda _: threading.current_thread(), lambda _: threading.current_thread())
            for future in futures
        ]
        Promise.resolve().then().wait(timeout=20)  # the promises have added their callbacks
        thread = threading.Thread(target=act)
        thread.start()
        assert Promise.all(where).wait(timeout=20) == [threading.current_thread()] * 3
        thread.join(20)

    def test_many_futures_of_a_pool_keep_their_places(self) -> None:
        async def main() -> list[int]:
            with ThreadPoolExecutor(4) as pool:
                return await Promise.all([pool.submit(abs, -n) for n in range(500)])

        assert asyncio.run(main()) == list(range(500))

    def test_a_future_that_is_done_after_the_loop_has_closed_harms_nobody(
        self, caplog: pytest.LogCaptureFixture, reports: list[Report]
    ) -> None:
        value: Future[int] = Future()
        error: Future[int] = Future()

        async def main() -> list[Promise[int]]:
            promises: list[Promise[int]] = [Promise.resolve(value), Promise.resolve(error)]
            await asyncio.wait_for(Promise.resolve().then(), 20)
            return promises

        fulfilled, rejected = asyncio.run(main())
        value.set_result(5)
        error.set_exception(ValueError("reason"))
        assert fulfilled.value == 5
        assert str(rejected.reason) == "reason"
        del rejected
        gc.collect()
        # concurrent.futures logs what a callback raises.
        assert (caplog.records, reports) == ([], [])
