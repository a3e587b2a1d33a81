"""`submit`: a function is called in an executor, and its outcome is a promise's."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import multiprocessing
import os
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from queue import SimpleQueue
from typing import Any

import pytest

from promisepy import BrokenPromise, Cancelled, Promise, Report, set_host, submit

from ..support import both_homes, turn


def spawning(workers: int = 1) -> ProcessPoolExecutor:
    # Spawned: a fork of a process that has threads may lock up.
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


EXECUTORS: dict[str, Callable[[], Executor]] = {"threads": lambda: ThreadPoolExecutor(2), "processes": spawning}
if hasattr(concurrent.futures, "InterpreterPoolExecutor"):  # since Python 3.14
    EXECUTORS["interpreters"] = lambda: concurrent.futures.InterpreterPoolExecutor(1)


@pytest.fixture(scope="module", params=EXECUTORS)
def pool(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Give one executor of each kind."""
    with EXECUTORS[request.param]() as executor:
        yield executor


class TestEveryPool:
    """The same on threads, processes and interpreters, which call functions that they can import."""

    @both_homes
    def test_the_value_is_what_the_function_returns(self, pool: Executor, read: Any) -> None:
        assert read(lambda: submit(pool, divmod, 7, 2)) == (3, 1)
        assert read(lambda: submit(pool, int, "ff", base=16)) == 255

    @both_homes
    def test_the_reason_is_what_the_function_raises(self, pool: Executor, read: Any) -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            read(lambda: submit(pool, int, "x"))
        assert read(lambda: submit(pool, divmod, 1, 0).catch(ZeroDivisionError, lambda _: "handled")) == "handled"

    @both_homes
    def test_a_chain_goes_on_in_the_executor(self, pool: Executor, read: Any) -> None:
        def chain() -> Promise[Any]:
            lengths = Promise.all([submit(pool, len, word) for word in ("one", "three")])
            return lengths.then(lambda found: submit(pool, sum, found)).then(lambda total: pool.submit(pow, total, 2))

        assert read(chain) == 64

    @both_homes
    def test_a_promise_that_the_worker_makes_is_waited_for_there(self, pool: Executor, read: Any) -> None:
        assert read(lambda: submit(pool, Promise.delay, 0.01, "made there")) == "made there"
        with pytest.raises(LookupError, match="lost there"):
            read(lambda: submit(pool, Promise.reject, LookupError("lost there")))

    @both_homes
    def test_a_coroutine_is_run_in_the_worker(self, pool: Executor, read: Any) -> None:
        assert read(lambda: submit(pool, asyncio.sleep, 0.01, "slept there")) == "slept there"

    def test_wrong_arguments_of_the_function_are_its_own_error(self, pool: Executor) -> None:
        with pytest.raises(TypeError, match="pow"):
            submit(pool, pow).wait(timeout=60)  # type: ignore[call-arg, arg-type]


class TestThreads:
    def test_the_function_runs_in_the_executor_and_handlers_at_home(self) -> None:
        with ThreadPoolExecutor(1, "worker") as pool:
            where = submit(pool, lambda: threading.current_thread().name)
            both = where.then(lambda name: (name.partition("_")[0], threading.current_thread()))
            assert both.wait(timeout=20) == ("worker", threading.current_thread())

    def test_it_starts_at_once_and_not_in_wait(self) -> None:
        started = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            promise = submit(pool, started.set)
            assert started.wait(20)
        promise.wait(timeout=20)

    def test_any_keyword_is_the_function_s(self) -> None:
        with ThreadPoolExecutor(1) as pool:
            expected = {"executor": 1, "fn": 2, "function": 3, "self": 4, "args": 5}
            assert submit(pool, dict, **expected).wait(timeout=20) == expected

    def test_the_traceback_leads_into_the_function(self) -> None:
        def divide(number: int) -> float:
            return 1 / number

        with ThreadPoolExecutor(1) as pool, pytest.raises(ZeroDivisionError) as caught:
            submit(pool, divide, 0).wait(timeout=20)
        assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "divide"

    def test_what_others_bring_to_an_end_is_adopted_at_home(self) -> None:
        with ThreadPoolExecutor(1) as pool:  # with one worker: it would lock up if that one waited
            assert submit(pool, lambda: pool.submit(abs, -3)).wait(timeout=20) == 3
            at_home = Promise.resolve(4).then(lambda four: (four, threading.current_thread()))
            assert submit(pool, lambda: at_home).wait(timeout=20) == (4, threading.current_thread())

    def test_a_request_to_exit_is_raised_where_the_outcome_is_read(self) -> None:
        with ThreadPoolExecutor(1) as pool:
            promise = submit(pool, sys.exit, 3)
            with pytest.raises(SystemExit) as caught:
                promise.wait(timeout=20)
            assert caught.value.code == 3
            assert submit(pool, abs, -1).wait(timeout=20) == 1

    def test_work_that_is_cancelled_by_a_shutdown_rejects_with_cancelled(self) -> None:
        gate = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            running, queued = submit(pool, gate.wait, 20), submit(pool, abs, -1)
            Promise.resolve().then().wait(timeout=20)  # so that both are followed before the shutdown
            pool.shutdown(wait=False, cancel_futures=True)
            gate.set()
            assert running.wait(timeout=20) is True
            with pytest.raises(Cancelled):
                queued.wait(timeout=20)

    def test_a_cancelled_promise_cancels_work_that_has_not_begun(self, reports: list[Report]) -> None:
        gate, begun = threading.Event(), []
        with ThreadPoolExecutor(1) as pool:
            running, queued = submit(pool, gate.wait, 20), submit(pool, begun.append, 1)
            Promise.resolve().then().wait(timeout=20)
            for promise in (running, queued):
                assert promise.cancel()
            Promise.resolve().then().wait(timeout=20)
            gate.set()
        assert begun == []
        with pytest.raises(Cancelled):
            running.wait(timeout=20)  # its work went on, and nobody hears of it
        gc.collect()
        assert reports == []

    def test_a_task_that_gives_up_cancels_queued_work_unless_shielded(self) -> None:
        async def main() -> list[int]:
            gate, begun = threading.Event(), list[int]()
            with ThreadPoolExecutor(1) as pool:
                running = submit(pool, gate.wait, 20)
                given_up, kept = submit(pool, begun.append, 1), submit(pool, begun.append, 2)
                for promise in (given_up, kept.shield()):
                    with pytest.raises(TimeoutError):
                        await asyncio.wait_for(promise, 0.001)
                gate.set()
                assert await running
                await kept
                assert isinstance(given_up.reason, Cancelled)
            return begun

        assert asyncio.run(main()) == [2]

    def test_a_failure_that_nobody_handles_is_reported_once(self, reports: list[Report]) -> None:
        with ThreadPoolExecutor(1) as pool:
            handled, dropped = submit(pool, int, "x"), submit(pool, int, "y")
        handled.catch(str).wait(timeout=20)
        assert reports == []
        del handled, dropped
        gc.collect()
        assert [str(report.reason) for report in reports] == ["invalid literal for int() with base 10: 'y'"]


def worker() -> str:
    return threading.current_thread().name.partition("_")[0]


class TestWhatAWorkerHasToBringToAnEnd:
    """A promise whose home is the worker, and a coroutine: nobody else could."""

    @pytest.fixture
    def pool(self) -> Iterator[Executor]:
        """Give one worker, which is free again when the test is over."""
        with ThreadPoolExecutor(1, "worker") as pool:
            yield pool

    def test_handlers_of_a_promise_run_in_the_worker(self, pool: Executor) -> None:
        def work() -> Promise[list[str]]:
            promise, resolve, _ = Promise[str].with_resolvers()
            threading.Timer(0.01, resolve, ["timer"]).start()
            return promise.then(lambda name: [name, worker()]).then(lambda names: [*names, worker()])

        assert submit(pool, work).wait(timeout=20) == ["timer", "worker", "worker"]

    def test_a_loop_waits_for_it_without_standing_still(self, pool: Executor) -> None:
        async def main() -> tuple[str, int]:
            turns = 0
            promise = submit(pool, lambda: Promise.delay(0.05).then(lambda _: worker()))
            while promise.state == "pending":
                await asyncio.sleep(0)
                turns += 1
            return await promise, turns

        name, turns = asyncio.run(main())
        assert (name, turns > 10) == ("worker", True)

    def test_a_coroutine_and_what_it_awaits_run_in_the_worker(self, pool: Executor) -> None:
        async def work(number: int) -> tuple[int, str]:
            await asyncio.sleep(0)
            return await Promise.delay(0.001, number), worker()

        assert submit(pool, work, 5).wait(timeout=20) == (5, "worker")
        assert submit(pool, lambda: Promise.resolve(6).then(work)).wait(timeout=20) == (6, "worker")

    def test_the_reason_is_the_same_and_shows_where_it_was_raised(self, pool: Executor, reports: list[Report]) -> None:
        def divide(number: int) -> float:
            return number / 0

        async def divide_later(number: int) -> float:
            await asyncio.sleep(0)
            return divide(number)

        for work in (lambda: Promise.resolve(1).then(divide), lambda: divide_later(1)):
            promise = submit(pool, work)
            with pytest.raises(ZeroDivisionError) as caught:
                promise.wait(timeout=20)
            assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "divide"
            del promise, caught
        gc.collect()
        assert reports == []

    def test_a_promise_that_nobody_can_settle_is_broken_here_as_well(self, pool: Executor) -> None:
        with pytest.raises(BrokenPromise):
            submit(pool, lambda: Promise[int].with_resolvers()[0].then()).wait(timeout=20)

    def test_a_cancellation_reaches_the_worker_and_sets_it_free(self, pool: Executor) -> None:
        made, stopped = threading.Event(), list[str]()

        def work() -> Promise[int]:
            d = Promise[int].with_resolvers(keep_alive=True)
            d.on_cancel(lambda: stopped.append(worker()))
            made.set()
            return d.promise.then()

        promise = submit(pool, work)
        assert made.wait(20)
        turn()
        promise.cancel()
        turn()
        assert submit(pool, worker).wait(timeout=20) == "worker"  # and not still waiting
        assert stopped == ["worker"]

    @pytest.mark.usefixtures("hectic")
    def test_a_cancellation_at_any_moment_sets_the_worker_free(self, pool: Executor) -> None:
        made, told = list[int](), list[int]()

        def work(number: int) -> Promise[int]:
            made.append(number)
            return Promise[int].with_resolvers(on_cancel=lambda: told.append(number), keep_alive=True).promise

        for number in range(60):
            promise = submit(pool, work, number)
            turn(number % 3)
            promise.cancel()
            turn(1)
        assert submit(pool, worker).wait(timeout=20) == "worker"
        assert told == made

    def test_a_cancellation_that_comes_before_the_promise_is_made_reaches_it(self, pool: Executor) -> None:
        begun, gate, stopped = threading.Event(), threading.Event(), list[str]()

        def work() -> Promise[int]:
            begun.set()
            assert gate.wait(20)
            return Promise[int].with_resolvers(on_cancel=lambda: stopped.append(worker()), keep_alive=True).promise

        promise = submit(pool, work)
        assert begun.wait(20)
        turn()
        promise.cancel()
        turn()
        gate.set()
        assert submit(pool, worker).wait(timeout=20) == "worker"
        assert stopped == ["worker"]

    def test_others_who_want_the_promise_of_the_worker_keep_it(self, pool: Executor) -> None:
        made: SimpleQueue[Any] = SimpleQueue()

        def work() -> Promise[int]:
            d = Promise[int].with_resolvers(keep_alive=True)
            made.put((d, d.promise.then()))
            return d.promise

        promise = submit(pool, work)
        d, other = made.get(timeout=20)
        turn()
        promise.cancel()
        turn()
        assert submit(pool, worker).wait(timeout=20) == "worker"
        assert (d.promise.state, other.state) == ("pending", "pending")
        d.resolve(1)
        assert submit(pool, lambda: other).wait(timeout=20) == 1

    @pytest.mark.parametrize("has_begun", [True, False])
    def test_a_cancelled_coroutine_comes_to_its_end_in_the_worker(self, pool: Executor, has_begun: bool) -> None:
        begun, gate, steps = threading.Event(), threading.Event(), list[str]()

        async def sleep() -> None:
            steps.append("begun")
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0)
                steps.append("over")

        def work() -> Any:
            if not has_begun:
                begun.set()
                assert gate.wait(20)
            return sleep()

        promise = submit(pool, work)
        assert begun.wait(20)
        turn()
        promise.cancel()
        turn()
        gate.set()
        assert submit(pool, worker).wait(timeout=20) == "worker"
        assert steps in (["begun", "over"], [])
        assert steps or not has_begun

    def test_a_task_that_gives_up_cancels_it_as_well(self, pool: Executor) -> None:
        async def main() -> str:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(submit(pool, Promise.delay, 60), 0.05)
            return await submit(pool, worker)

        assert asyncio.run(main()) == "worker"

    def test_a_shutdown_waits_for_it_as_for_any_work(self) -> None:
        made, seen = threading.Event(), list[str]()

        def work() -> Promise[None]:
            made.set()
            return Promise.delay(0.02).then(lambda _: seen.append(worker()))

        pool = ThreadPoolExecutor(1, "worker")
        promise = submit(pool, work)
        assert made.wait(20)
        pool.shutdown(cancel_futures=True)
        assert seen == ["worker"]
        promise.wait(timeout=20)

    def test_the_function_goes_with_the_work(self, pool: Executor) -> None:
        def work() -> Promise[int]:
            return Promise.delay(0, 1)

        gone, promise = weakref.ref(work), submit(pool, work)
        del work
        assert promise.wait(timeout=20) == 1
        submit(pool, worker).wait(timeout=20)
        assert gone() is None

    def test_one_that_the_function_itself_cancels_is_an_ordinary_rejection(self, pool: Executor) -> None:
        def work() -> Promise[int]:
            promise = Promise.delay(60, 1)
            promise.cancel()
            return promise

        with pytest.raises(Cancelled):
            submit(pool, work).wait(timeout=20)

    def test_a_promise_of_another_home_keeps_no_worker_waiting(self, pool: Executor) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        first = submit(pool, lambda: promise)
        assert submit(pool, worker).wait(timeout=20) == "worker"
        resolve(1)
        assert first.wait(timeout=20) == 1

    def test_work_that_comes_back_to_the_thread_that_has_asked_for_it_is_work_as_well(self, pool: Executor) -> None:
        ran = threading.Event()

        def inner() -> Promise[None]:
            return Promise.resolve().then(lambda _: ran.set())

        def outer() -> None:
            submit(pool, inner)

        submit(pool, outer).wait(timeout=20)
        assert ran.wait(20)


class Elsewhere(Executor):
    """An executor whose one worker runs functions in the callbacks of its own loop, or of a host."""

    def __init__(self) -> None:
        self.posted: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self.thread = threading.Thread(target=self.run, name="elsewhere_0")
        self.thread.start()

    def run(self) -> None:
        set_host(self)
        while (function := self.posted.get(timeout=60)) is not None:
            function()

    def post(self, drain: Callable[[], None], /) -> None:
        self.posted.put(drain)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def call() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        self.post(call)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.posted.put(None)
        self.thread.join(20)


class OnALoop(Elsewhere):
    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        super().__init__()

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(asyncio.to_thread(self.ended.wait, 60))

    ended = threading.Event()

    def post(self, drain: Callable[[], None], /) -> None:
        self.loop.call_soon_threadsafe(drain)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.ended.set()
        self.thread.join(20)


@pytest.mark.parametrize("kind", [Elsewhere, OnALoop])
class TestWorkersThatGoOn:
    """Where a loop or a host goes on in the worker, it drains the home, and must not be held up."""

    def test_a_promise_is_settled_there_in_good_time(self, kind: type[Elsewhere]) -> None:
        with kind() as executor:
            work = submit(executor, lambda: Promise.resolve().then(lambda _: worker()))
            assert work.wait(timeout=20) == "elsewhere"

    def test_a_coroutine_is_run_at_home(self, kind: type[Elsewhere]) -> None:
        async def work() -> threading.Thread:
            await asyncio.sleep(0)
            return threading.current_thread()

        with kind() as executor:
            assert submit(executor, work).wait(timeout=20) is threading.current_thread()


class TestProcesses:
    def test_what_cannot_be_pickled_rejects_and_the_pool_goes_on(self) -> None:
        with spawning() as pool:
            unpicklable = submit(pool, lambda: 1)
            # Class and words vary with Python's version.
            with pytest.raises(Exception, match="an't (pickle|get) local object"):
                unpicklable.wait(timeout=60)
            for other in (submit(pool, len, [threading.Lock()]), submit(pool, threading.Lock)):
                with pytest.raises(TypeError, match="cannot pickle"):
                    other.wait(timeout=60)
            assert submit(pool, pow, 2, 3).wait(timeout=60) == 8

    def test_a_worker_that_dies_rejects_what_runs_and_what_comes_later(self) -> None:
        with spawning() as pool:
            for call in (lambda: submit(pool, os._exit, 1), lambda: submit(pool, abs, -1)):
                with pytest.raises(BrokenProcessPool):
                    call().wait(timeout=60)


class Refusing(Executor):
    """An executor that takes nothing."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        raise self.error


class AtOnce(Executor):
    """An executor that calls at once, and wraps nothing."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)


class Plain(Executor):
    """An executor whose futures can only be watched."""

    class Watched:
        def __init__(self, future: Future[Any]) -> None:
            self.future = future

        def add_done_callback(self, callback: Callable[[Any], object]) -> None:
            self.future.add_done_callback(callback)

        def result(self) -> Any:
            return self.future.result()

    def __init__(self, pool: Executor) -> None:
        self.pool = pool

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        return self.Watched(self.pool.submit(fn, *args, **kwargs))


def test_a_future_that_cannot_be_cancelled_still_stops_what_the_worker_waits_for() -> None:
    with ThreadPoolExecutor(1, "worker") as pool:
        promise = submit(Plain(pool), Promise.delay, 60)
        turn()
        promise.cancel()
        turn()
        assert submit(Plain(pool), worker).wait(timeout=20) == "worker"


class TestExecutorsThatRefuse:
    """What `executor.submit` raises is a rejection, so that there is one way to handle failures."""

    @pytest.mark.parametrize("name", EXECUTORS)
    @both_homes
    def test_one_that_was_shut_down(self, name: str, read: Any) -> None:
        executor = EXECUTORS[name]()
        executor.shutdown()
        with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
            read(lambda: submit(executor, abs, -1))

    def test_one_that_raises(self) -> None:
        error = OSError("no connection to the cluster")
        promise = submit(Refusing(error), abs, -1)
        assert promise.catch(OSError, lambda reason: reason is error).wait(timeout=20) is True

    def test_one_of_any_class_that_gives_what_can_be_adopted_or_a_value(self) -> None:
        done: Future[int] = Future()
        done.set_result(5)
        assert submit(AtOnce(), lambda: done).wait(timeout=20) == 5
        assert submit(AtOnce(), lambda: Promise.resolve(6)).wait(timeout=20) == 6
        assert submit(AtOnce(), abs, -7).wait(timeout=20) == 7
        promise, resolve, _ = Promise[int].with_resolvers()
        pending = submit(AtOnce(), lambda: promise)
        resolve(8)
        assert pending.wait(timeout=20) == 8
        with pytest.raises(ZeroDivisionError):
            submit(AtOnce(), divmod, 1, 0).wait(timeout=20)


class TestWrongArguments:
    """They are told at once, with what to write instead, and nothing is called."""

    @pytest.mark.parametrize("executor", [None, abs, "pool", 5])
    def test_what_has_no_submit_is_no_executor(self, executor: Any) -> None:
        with pytest.raises(TypeError, match=r"expected an executor .* write submit\(ThreadPoolExecutor\(\), fn"):
            submit(executor, abs, -1)

    def test_a_class_is_no_executor(self) -> None:
        with pytest.raises(TypeError, match="expected an executor"):
            submit(ThreadPoolExecutor, abs, -1).catch(str)  # type: ignore[arg-type]

    @pytest.mark.parametrize("fn", [None, 5, "abs"])
    def test_what_cannot_be_called_is_no_function(self, fn: Any) -> None:
        with pytest.raises(TypeError, match=r"submit\(\) expected a function, got .*: pass the function itself"):
            submit(Refusing(AssertionError()), fn)

    def test_a_coroutine_is_no_function(self) -> None:
        async def work() -> None:
            pass

        coroutine = work()
        with pytest.raises(TypeError, match="pass the function itself, do not call it"):
            submit(Refusing(AssertionError()), coroutine)  # type: ignore[arg-type]
        coroutine.close()

    def test_both_are_positional(self) -> None:
        for call in (
            lambda: submit(),  # type: ignore[call-arg]
            lambda: submit(AtOnce()),  # type: ignore[call-arg]
            lambda: submit(executor=AtOnce(), fn=abs),  # type: ignore[call-arg]
        ):
            with pytest.raises(TypeError, match="positional"):
                call()
