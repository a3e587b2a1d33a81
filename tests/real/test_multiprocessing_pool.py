"""multiprocessing.Pool: two callbacks by keyword, called on the pool's own thread, or never.

Workers get functions of the standard library only: they need not find the tests in order to unpickle them.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.pool import MaybeEncodingError, Pool, ThreadPool
from typing import Any

import pytest

from promisepy import BrokenPromise, Convention, Promise, Report, promisify, submit

from ..support import both_homes

# Other tests have threads, and libraries that do not survive a fork.
CONTEXT = multiprocessing.get_context("spawn")
Run = Callable[..., Promise[Any]]


@pytest.fixture(scope="module")
def processes() -> Iterator[Pool]:
    with CONTEXT.Pool(2) as pool:
        yield pool
    pool.join()


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPool]:
    with ThreadPool(2) as pool:
        yield pool
    pool.join()


@pytest.fixture(params=["processes", "threads"])
def pool(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def run(pool: Pool) -> Run:
    """Give the line that the documentation shows."""
    return promisify(pool.apply_async, style="two_keywords")


class TestOutcomes:
    @both_homes
    def test_a_result_fulfils(self, run: Run, read: Any, reports: list[Report]) -> None:
        assert read(lambda: run(divmod, (7, 2))) == (3, 1)
        assert read(lambda: run(int, ("11",), {"base": 2})) == 3
        gc.collect()
        assert reports == []

    @both_homes
    def test_what_a_worker_raises_rejects(self, run: Run, read: Any, reports: list[Report]) -> None:
        with pytest.raises(ZeroDivisionError):
            read(lambda: run(divmod, (1, 0)))
        gc.collect()
        assert reports == []

    @both_homes
    def test_tasks_at_once_are_not_mixed_up(self, run: Run, read: Any) -> None:
        powers = read(lambda: Promise.all([run(pow, (2, number)) for number in range(100)]))
        assert powers == [2**number for number in range(100)]

    @both_homes
    def test_an_exception_that_is_returned_is_a_value(self, run: Run, read: Any) -> None:
        assert repr(read(lambda: run(ValueError, ("returned",)))) == "ValueError('returned')"

    def test_the_signature_has_lost_its_callbacks(self, run: Run) -> None:
        assert list(inspect.signature(run).parameters) == ["func", "args", "kwds"]

    def test_without_an_adapter_the_same_is_said_by_a_lambda(self, pool: Pool) -> None:
        def run(*args: int) -> Promise[Any]:
            return Promise[Any].create(
                lambda d: pool.apply_async(divmod, args, callback=d.resolve, error_callback=d.reject)
            )

        assert run(7, 2).wait(timeout=20) == (3, 1)
        assert run(1, 0).catch(ZeroDivisionError, lambda _: "refused").wait(timeout=20) == "refused"

    def test_what_cannot_be_pickled_rejects(self, processes: Pool) -> None:
        run = promisify(processes.apply_async, style="two_keywords")
        with pytest.raises((AttributeError, TypeError), match="pickle"):
            run(abs, (threading.Lock(),)).wait(timeout=20)
        with pytest.raises(MaybeEncodingError):
            run(threading.Lock).wait(timeout=20)

    def test_a_closed_pool_rejects(self) -> None:
        with ThreadPool(1) as pool:
            pool.close()
            run = promisify(pool.apply_async, style="two_keywords")
            with pytest.raises(ValueError, match="not running"):
                run(abs, (1,)).wait(timeout=20)
            pool.join()


class TestMap:
    @pytest.fixture
    def run(self, pool: Pool) -> Run:
        return promisify(pool.map_async, style="two_keywords")

    @both_homes
    def test_the_list_of_results_is_one_value(self, run: Run, read: Any) -> None:
        assert read(lambda: run(abs, range(-3, 3))) == [3, 2, 1, 0, 1, 2]
        assert read(lambda: run(abs, [-1])) == [1]

    @both_homes
    def test_the_first_failure_rejects(self, run: Run, read: Any) -> None:
        with pytest.raises(TypeError, match="bad operand"):
            read(lambda: run(abs, [-1, "one", -1, "two"], chunksize=1))

    def test_several_arguments(self, pool: Pool) -> None:
        run = promisify(pool.starmap_async, style="two_keywords")
        assert run(pow, [(2, 3), (3, 2)]).wait(timeout=20) == [8, 9]

    @both_homes
    def test_nothing_to_do_is_told_to_nobody_and_so_is_broken(self, run: Run, read: Any) -> None:
        with pytest.raises(BrokenPromise):
            read(lambda: run(abs, []))


class TestThreads:
    """The pool calls back on the thread that handles its results."""

    @both_homes
    def test_handlers_run_at_home(self, pool: Any, read: Any) -> None:
        seen: list[threading.Thread] = []

        def read_value(value: Any) -> tuple[Any]:
            seen.append(threading.current_thread())
            return (value,)

        def read_error(error: Exception) -> Any:
            seen.append(threading.current_thread())
            raise error

        two_keywords = Convention("callback", "error_callback", outcome=read_value, failure=read_error)
        run = promisify(pool.apply_async, style=two_keywords)
        succeeded = lambda: run(abs, (-1,)).then(lambda _: threading.current_thread())
        failed = lambda: run(abs, ("x",)).catch(TypeError, lambda _: threading.current_thread())
        assert [read(succeeded), read(failed)] == [threading.current_thread()] * 2
        assert seen == [pool._result_handler] * 2

    def test_a_function_that_raises_does_not_end_the_pool_s_thread(self, pool: Any) -> None:
        run = promisify(pool.apply_async, callback="callback", style=lambda value: 1 // value)
        with pytest.raises(ZeroDivisionError):
            run(abs, (0,)).wait(timeout=20)
        assert run(abs, (1,)).wait(timeout=20) == 1
        assert pool._result_handler.is_alive()


class TestLate:
    def test_a_wait_that_is_over_time_leaves_the_result_to_the_next(self, threads: ThreadPool) -> None:
        may_return = threading.Event()
        promise = promisify(threads.apply_async, style="two_keywords")(may_return.wait, (20,))
        with pytest.raises(TimeoutError):
            promise.wait(timeout=0.05)
        may_return.set()
        assert promise.wait(timeout=20) is True

    def test_an_asyncio_timeout_leaves_the_result_to_the_next(self, threads: ThreadPool) -> None:
        may_return = threading.Event()

        async def main() -> Any:
            promise = promisify(threads.apply_async, style="two_keywords")(may_return.wait, (20,))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await promise
            may_return.set()
            async with asyncio.timeout(20):
                return await promise

        assert asyncio.run(main()) is True


class TestNever:
    @pytest.fixture
    def doomed(self) -> Iterator[Pool]:
        """Give a pool whose only worker may be killed."""
        with CONTEXT.Pool(1) as pool:
            yield pool
        pool.join()

    def test_a_worker_that_dies_calls_nobody(self, doomed: Pool) -> None:
        run = promisify(doomed.apply_async, style="two_keywords")
        promise = run(os._exit, (1,))
        assert run(abs, (-1,)).wait(timeout=20) == 1  # by the next worker
        with pytest.raises(TimeoutError):
            promise.wait(timeout=0.05)

    def test_a_worker_that_dies_is_met_by_an_asyncio_timeout(self, doomed: Pool) -> None:
        async def main() -> None:
            run = promisify(doomed.apply_async, style="two_keywords")
            promise = run(os._exit, (1,))
            async with asyncio.timeout(20):
                assert await run(abs, (-1,)) == 1
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await promise

        asyncio.run(main())

    def test_a_pool_that_is_terminated_and_dropped_breaks_its_promises(self) -> None:
        def start() -> Promise[Any]:
            with CONTEXT.Pool(1) as pool:
                promise = promisify(pool.apply_async, style="two_keywords")(time.sleep, (60,))
            pool.join()
            return promise

        promise = start()
        gc.collect()
        with pytest.raises(BrokenPromise):
            promise.wait(timeout=20)

    def test_the_pool_of_concurrent_futures_notices(self) -> None:
        with ProcessPoolExecutor(1, mp_context=CONTEXT) as executor, pytest.raises(BrokenProcessPool):
            submit(executor, os._exit, 1).wait(timeout=20)
