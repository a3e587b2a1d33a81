"""S8: futures of executors, of loops and of other libraries are followed."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import multiprocessing
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

from promisepy import BrokenPromise, Cancelled, Promise, Report, promisify

from ..support import both_homes


def fail(_: Any = None) -> Any:
    raise ValueError("reason")


@pytest.fixture(scope="module")
def other_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run a loop in another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture(scope="module", params=["threads", "processes"])
def pool(request: pytest.FixtureRequest) -> Iterator[concurrent.futures.Executor]:
    """Give an executor; its processes are spawned, as a fork with threads around is no test of ours."""
    executor: concurrent.futures.Executor
    if request.param == "threads":
        executor = ThreadPoolExecutor(2)
    else:
        executor = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    with executor:
        yield executor


class TestExecutors:
    """What `submit` gives is followed wherever a promise takes a value."""

    @both_homes
    def test_as_a_value(self, pool: Any, read: Any) -> None:
        assert read(lambda: Promise.resolve(pool.submit(divmod, 7, 2))) == (3, 1)
        assert read(lambda: Promise(lambda resolve, reject: resolve(pool.submit(abs, -1)))) == 1

    @both_homes
    def test_from_handlers(self, pool: Any, read: Any) -> None:
        def chain() -> Promise[Any]:
            start = Promise.resolve(-7).then(lambda value: pool.submit(abs, value))
            return start.then(fail).catch(lambda _: pool.submit(abs, -2))

        assert read(chain) == 2

    @both_homes
    def test_in_combinators(self, pool: Any, read: Any) -> None:
        assert read(lambda: Promise.all([pool.submit(abs, -n) for n in range(5)])) == [0, 1, 2, 3, 4]
        assert read(lambda: Promise.any([pool.submit(int, "x"), pool.submit(abs, -1)])) == 1

    @both_homes
    def test_an_error_of_the_work(self, pool: Any, read: Any) -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            read(lambda: Promise.resolve(pool.submit(int, "x")))

    def test_work_that_is_cancelled_before_it_starts(self) -> None:
        gate = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(gate.wait, 10)
            queued = pool.submit(abs, -1)
            promise: Promise[int] = Promise.resolve(queued)
            assert promise.then().state == "pending"
            assert queued.cancel()
            gate.set()
        with pytest.raises(Cancelled):
            promise.wait(timeout=10)


class TestAsyncioFutures:
    """Futures and tasks of this loop and of another one in another thread."""

    OUTCOMES: dict[str, Callable[[Any], object]] = {
        "result": lambda future: future.set_result(1),
        "exception": lambda future: future.set_exception(ValueError("reason")),
        "cancelled": lambda future: future.cancel(),
    }

    @staticmethod
    async def outcome(promise: Promise[Any]) -> Any:
        try:
            return await asyncio.wait_for(promise, 10)
        except (ValueError, Cancelled) as error:
            return type(error)

    EXPECTED = {"result": 1, "exception": ValueError, "cancelled": Cancelled}

    @pytest.mark.parametrize("how", OUTCOMES)
    def test_a_future_of_another_loop(self, other_loop: Any, how: str) -> None:
        async def main() -> Any:
            future = other_loop.create_future()
            promise: Promise[int] = Promise.resolve(future)
            other_loop.call_soon_threadsafe(self.OUTCOMES[how], future)
            return await self.outcome(promise)

        assert asyncio.run(main()) == self.EXPECTED[how]

    @pytest.mark.parametrize("how", OUTCOMES)
    def test_a_done_future_of_another_loop(self, other_loop: Any, how: str) -> None:
        async def make() -> list[Any]:
            future = asyncio.get_running_loop().create_future()
            self.OUTCOMES[how](future)
            return [future]

        (future,) = asyncio.run_coroutine_threadsafe(make(), other_loop).result(10)
        assert asyncio.run(self.outcome(Promise.resolve(future))) == self.EXPECTED[how]

    @pytest.mark.parametrize("how", OUTCOMES)
    def test_a_script_waits_for_a_future_of_a_loop_in_another_thread(self, other_loop: Any, how: str) -> None:
        future = other_loop.create_future()
        promise: Promise[Any] = Promise.resolve().then(lambda _: future)
        seen = promise.catch(type)
        other_loop.call_soon_threadsafe(self.OUTCOMES[how], future)
        assert seen.wait(timeout=10) == self.EXPECTED[how]

    def test_a_task_of_another_loop(self, other_loop: Any) -> None:
        async def work() -> int:
            await asyncio.sleep(0)
            return threading.get_ident()

        async def start() -> list[Any]:
            return [asyncio.get_running_loop().create_task(work())]

        (task,) = asyncio.run_coroutine_threadsafe(start(), other_loop).result(10)
        thread = asyncio.run(self.outcome(Promise.resolve(task)))
        assert thread not in (threading.get_ident(), 1)

    def test_run_coroutine_threadsafe_gives_one_too(self, other_loop: Any) -> None:
        async def work() -> str:
            await asyncio.sleep(0)
            return "done"

        future = asyncio.run_coroutine_threadsafe(work(), other_loop)
        assert Promise.resolve(future).wait(timeout=10) == "done"

    def test_a_task_that_is_cancelled_or_fails(self) -> None:
        async def main() -> Any:
            async def forever() -> None:
                await asyncio.get_running_loop().create_future()

            async def failing() -> None:
                fail()

            task = asyncio.create_task(forever())
            promise: Promise[None] = Promise.resolve(task)
            await asyncio.sleep(0)
            task.cancel("stop")
            failed: Promise[None] = Promise.resolve(asyncio.create_task(failing()))
            return await self.outcome(promise), await self.outcome(failed)

        assert asyncio.run(main()) == (Cancelled, ValueError)

    def test_the_cancellation_of_the_future_is_the_cause(self) -> None:
        async def main() -> BaseException | None:
            future = asyncio.get_running_loop().create_future()
            future.cancel("stop")
            with pytest.raises(Cancelled) as caught:
                await Promise.resolve(future)
            return caught.value.__cause__

        assert isinstance(asyncio.run(main()), asyncio.CancelledError)

    def test_cancelling_the_awaiter_cancels_the_adopted_future_as_awaiting_it_would(self) -> None:
        async def main() -> tuple[bool, BaseException | None]:
            future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            promise: Promise[int] = Promise.resolve(future)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(promise, 0.001)
            await Promise.resolve().then()
            return future.cancelled(), promise.reason

        cancelled, reason = asyncio.run(main())
        assert cancelled
        assert isinstance(reason, Cancelled)

    def test_cancelling_the_awaiter_of_a_shield_leaves_the_adopted_future_alone(self) -> None:
        async def main() -> Any:
            future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            promise: Promise[int] = Promise.resolve(future)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(promise.shield(), 0.001)
            assert not future.done()
            future.set_result(1)
            return await promise

        assert asyncio.run(main()) == 1

    def test_a_dropped_pending_future_breaks_the_promise(self) -> None:
        async def main() -> BaseException | None:
            future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            promise: Promise[int] = Promise.resolve(future)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert promise.state == "pending"
            del future
            gc.collect()
            with pytest.raises(BrokenPromise):
                await asyncio.wait_for(promise, 10)
            return promise.reason

        assert isinstance(asyncio.run(main()), BrokenPromise)


class Calls:
    """Only what a future must have: `add_done_callback` and `result`."""

    def __init__(self, result: Callable[[], Any], times: int = 1) -> None:
        self._result = result
        self._times = times
        self.callbacks: list[Callable[[Any], object]] = []

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        self.callbacks.append(callback)

    def result(self) -> Any:
        return self._result()

    def finish(self) -> None:
        for callback in self.callbacks * self._times:
            callback(self)


class AtOnce(Calls):
    """Calls back inside `add_done_callback`."""

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        for _ in range(self._times):
            callback(self)


class Refuses(Calls):
    """Raises where a callback is added, at first or after it has called back."""

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        if self._times:
            callback(self)
        raise OSError("refused")


class Stopped(Exception):
    """A library's own error for what was cancelled."""


class SaysSo(AtOnce):
    """Was cancelled, and raises the library's error."""

    says: object = True

    def cancelled(self) -> object:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


class RaisesIt(SaysSo):
    """Raises it also where it is asked for it."""

    def exception(self) -> Any:
        return self._result()


class ReturnsIt(SaysSo):
    """Gives it where it is asked for it."""

    def exception(self) -> Any:
        try:
            return self._result()
        except BaseException as error:
            return error


# Ways in which a promise comes to the outcome of a foreign future.
WAYS: dict[str, Callable[[Any], Promise[Any]]] = {
    "adopted": Promise.resolve,
    "returned": lambda future: promisify(lambda: future, style="done_callback")(),
    "passed": lambda future: promisify(lambda callback: callback(future), style="future")(),
}
every_way = pytest.mark.parametrize("follow", WAYS.values(), ids=WAYS.keys())


class TestCancelledFuture:
    """However a library says that a future was cancelled, and however a promise comes to it: it is `Cancelled`."""

    @every_way
    @pytest.mark.parametrize("kind", [SaysSo, RaisesIt, ReturnsIt])
    def test_the_error_of_the_library_is_the_cause(self, kind: Any, follow: Any) -> None:
        error = Stopped("by hand")

        def stopped() -> Any:
            raise error

        with pytest.raises(Cancelled, match="by hand") as caught:
            follow(kind(stopped)).wait(timeout=10)
        assert caught.value.__cause__ is error

    @every_way
    @pytest.mark.parametrize("kind", [SaysSo, RaisesIt, ReturnsIt])
    @pytest.mark.parametrize("says", [False, None, 1, ValueError("no answer")], ids=str)
    def test_an_error_of_one_that_does_not_say_so_is_the_reason(self, kind: Any, follow: Any, says: object) -> None:
        def fails() -> Any:
            raise Stopped("broken")

        future = kind(fails)
        future.says = says
        with pytest.raises(Stopped, match="broken"):
            follow(future).wait(timeout=10)

    @every_way
    @pytest.mark.parametrize("kind", [SaysSo, RaisesIt, ReturnsIt])
    def test_a_cancelled_is_the_reason_itself(self, kind: Any, follow: Any) -> None:
        class TooSlow(Cancelled):
            """A user's own."""

        def stopped() -> Any:
            raise TooSlow

        with pytest.raises(TooSlow):
            follow(kind(stopped)).wait(timeout=10)

    @every_way
    def test_one_of_concurrent_futures(self, follow: Any) -> None:
        future: concurrent.futures.Future[int] = concurrent.futures.Future()
        future.cancel()
        with pytest.raises(Cancelled) as caught:
            follow(future).wait(timeout=10)
        assert isinstance(caught.value.__cause__, concurrent.futures.CancelledError)

    @every_way
    @pytest.mark.parametrize("kind", [SaysSo, RaisesIt, ReturnsIt])
    def test_the_error_is_freed_with_the_promise(self, kind: Any, follow: Any) -> None:
        def stopped() -> Any:
            raise Stopped

        promise = follow(kind(stopped))
        promise.catch(lambda error: None).wait(timeout=10)
        cause = weakref.ref(promise.reason.__cause__)
        del promise
        assert cause() is None


class TestFutureLike:
    """Anything with `add_done_callback` and `result` will do."""

    @both_homes
    @pytest.mark.parametrize("times", [1, 2])
    def test_one_that_is_done_at_once(self, read: Any, times: int) -> None:
        assert read(lambda: Promise.resolve(AtOnce(lambda: 1, times))) == 1
        assert read(lambda: Promise.resolve(1).then(lambda _: AtOnce(lambda: 2, times))) == 2
        with pytest.raises(ValueError, match="reason"):
            read(lambda: Promise.resolve(AtOnce(fail, times)))

    @pytest.mark.parametrize("times", [1, 2])
    def test_one_that_another_thread_finishes(self, times: int) -> None:
        future = Calls(lambda: 1, times)
        promise: Promise[int] = Promise.resolve(future)
        promise.then()
        Promise.resolve().then().wait(timeout=10)
        thread = threading.Thread(target=future.finish)
        thread.start()
        assert promise.wait(timeout=10) == 1
        thread.join(10)

    def test_the_first_of_two_answers_counts(self, reports: list[Report]) -> None:
        answers = iter([1, 2])
        future = Calls(lambda: next(answers), 3)
        promise: Promise[int] = Promise.resolve(future)
        Promise.resolve().then().wait(timeout=10)
        future.finish()
        assert promise.wait(timeout=10) == 1
        gc.collect()
        assert reports == []

    def test_a_result_that_is_adoptable_itself(self) -> None:
        assert Promise.resolve(AtOnce(lambda: Promise.resolve(AtOnce(lambda: 3)))).wait(timeout=10) == 3

    @pytest.mark.parametrize("library", [concurrent.futures, asyncio])
    def test_a_result_that_raises_a_cancellation(self, library: Any) -> None:
        error = library.CancelledError("stop")

        def cancelled() -> Any:
            raise error

        with pytest.raises(Cancelled, match="stop") as caught:
            Promise.resolve(AtOnce(cancelled)).wait(timeout=10)
        assert caught.value.__cause__ is error

    def test_one_that_refuses_the_callback(self) -> None:
        with pytest.raises(OSError, match="refused"):
            Promise.resolve(Refuses(lambda: 1, 0)).wait(timeout=10)

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # in debug mode
    def test_one_that_refuses_too_late(self) -> None:
        assert Promise.resolve(Refuses(lambda: 1, 1)).wait(timeout=10) == 1

    def test_one_that_forgets_the_callback_breaks_the_promise(self) -> None:
        future = Calls(lambda: 1)
        promise: Promise[int] = Promise.resolve(future)
        Promise.resolve().then().wait(timeout=10)
        future.callbacks.clear()
        with pytest.raises(BrokenPromise):
            promise.wait(timeout=10)
