"""S8: values, futures and awaitables: what is followed, with a loop and without."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import types
import weakref
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from unittest.mock import AsyncMock, MagicMock, Mock

import pytest

from promisepy import CallbackError, Cancelled, Fulfilled, Promise, Rejected
from promisepy._core.cell import UNSETTLED, Cell
from promisepy._core.homes import current_thread_home
from promisepy._core.resolve import Adoption

from ..support import both_homes

REASON = ValueError("reason")


def fail(_: Any = None) -> Any:
    raise REASON


VALUES: dict[str, Any] = {
    "Mock": Mock(),
    "MagicMock": MagicMock(),
    "AsyncMock": AsyncMock(),
    "Mock of a promise": Mock(spec=Promise),
    "MagicMock of a future": MagicMock(spec=asyncio.Future),
    "Mock of a coroutine": Mock(spec=types.CoroutineType),
    "Promise class": Promise,
    "Future class": Future,
    "async function": asyncio.sleep,
    "module": asyncio,
    "namespace": types.SimpleNamespace(then=print, add_done_callback=print, __await__=print),
    "generator": (n for n in range(3)),
    "exception": REASON,
    "not implemented": NotImplemented,
}


@pytest.mark.parametrize("name", VALUES)
@both_homes
def test_what_only_looks_adoptable_is_a_value(name: str, read: Any) -> None:
    value = VALUES[name]
    assert read(lambda: Promise.resolve(value)) is value
    assert read(lambda: Promise.resolve().then(lambda _: value)) is value
    assert read(lambda: Promise.all([value]))[0] is value


@pytest.mark.parametrize("reason", [Mock(spec=ValueError), Mock(), ValueError("text").args])
def test_what_only_looks_like_an_exception_is_no_reason(reason: Any) -> None:
    with pytest.raises(TypeError, match="expected an exception"):
        Promise.reject(reason)
    promise, _, reject = Promise[Any].with_resolvers()
    reject(reason)
    assert isinstance(promise.reason, CallbackError)
    assert promise.reason.arguments[0] is reason


class TestFutures:
    """Futures of `concurrent.futures` and asyncio are followed, as values and from handlers."""

    @both_homes
    def test_a_done_one_gives_its_value(self, read: Any) -> None:
        future: Future[int] = Future()
        future.set_result(1)
        assert read(lambda: Promise.resolve(future)) == 1
        assert read(lambda: Promise.resolve().then(lambda _: future)) == 1

    @both_homes
    def test_a_pending_one_is_waited_for(self, read: Any) -> None:
        with ThreadPoolExecutor(1) as pool:
            assert read(lambda: Promise.resolve(pool.submit(divmod, 7, 2))) == (3, 1)
            assert read(lambda: Promise.resolve(7).then(lambda seven: pool.submit(divmod, seven, 2))) == (
                3,
                1,
            )

    @both_homes
    def test_a_failed_one_gives_its_error(self, read: Any) -> None:
        with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="reason"):
            read(lambda: Promise.resolve(pool.submit(fail)))

    @both_homes
    def test_a_cancelled_one_gives_cancelled(self, read: Any) -> None:
        future: Future[int] = Future()
        future.cancel()
        with pytest.raises(Cancelled):
            read(lambda: Promise.resolve(future))

    def test_one_of_asyncio_is_followed_in_every_state(self) -> None:
        async def main() -> list[Any]:
            loop = asyncio.get_running_loop()
            done, pending, failed, cancelled = (loop.create_future() for _ in range(4))
            done.set_result("done")
            failed.set_exception(REASON)
            cancelled.cancel()
            loop.call_soon(pending.set_result, "pending")
            return await Promise.all_settled([done, pending, failed, cancelled])

        outcomes = asyncio.run(main())
        assert outcomes[:3] == [Fulfilled("done"), Fulfilled("pending"), Rejected(REASON)]
        assert isinstance(outcomes[3].reason, Cancelled)

    def test_a_task_is_followed_and_not_cancelled_with_its_promise_dropped(self) -> None:
        async def main() -> int:
            async def work() -> int:
                await asyncio.sleep(0)
                return 1

            task = asyncio.create_task(work())
            Promise.resolve(task)
            return await task

        assert asyncio.run(main()) == 1

    def test_one_of_another_loop_is_followed_on_its_own_loop(self) -> None:
        other = asyncio.new_event_loop()
        future = other.create_future()
        thread = threading.Thread(target=other.run_forever)
        thread.start()
        try:

            async def main() -> int:
                promise: Promise[int] = Promise.resolve(future)
                other.call_soon_threadsafe(future.set_result, 1)
                return await promise

            assert asyncio.run(main()) == 1
        finally:
            other.call_soon_threadsafe(other.stop)
            thread.join()
            other.close()

    def test_a_promise_gives_a_future_in_turn(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        future = promise.to_future()
        assert not future.done()
        resolve(1)
        assert future.result(timeout=0) == 1
        failed = Promise.reject(REASON).to_future()
        assert failed.exception(timeout=0) is REASON

    def test_cancelling_that_future_leaves_the_promise_alone(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        assert promise.to_future().cancel()
        resolve(1)
        assert promise.wait() == 1


class Later:
    """An awaitable that is neither a coroutine nor a future."""

    def __await__(self) -> Generator[Any, None, str]:
        yield from asyncio.sleep(0).__await__()
        return "later"


async def coroutine() -> str:
    await asyncio.sleep(0)
    return "later"


async def failing_coroutine() -> str:
    await asyncio.sleep(0)
    raise REASON


@types.coroutine
def old_coroutine() -> Generator[Any, None, str]:
    yield
    return "later"


class TestAwaitables:
    """Whatever can be awaited is awaited, with a loop and without."""

    @both_homes
    @pytest.mark.parametrize("make", [Later, coroutine, old_coroutine])
    def test_a_handler_may_return_one(self, make: Callable[[], Awaitable[str]], read: Any) -> None:
        assert read(lambda: Promise.resolve().then(lambda _: make())) == "later"

    @both_homes
    @pytest.mark.parametrize("make", [Later, coroutine, old_coroutine])
    def test_resolve_and_combinators_take_one(self, make: Callable[[], Awaitable[str]], read: Any) -> None:
        assert read(lambda: Promise.resolve(make())) == "later"
        assert read(lambda: Promise.all((make(), 1, make()))) == ("later", 1, "later")

    @both_homes
    def test_one_that_fails_rejects(self, read: Any) -> None:
        with pytest.raises(ValueError, match="reason"):
            read(lambda: Promise.resolve().then(lambda _: failing_coroutine()))

    @both_homes
    def test_many_run_side_by_side(self, read: Any) -> None:
        barrier: list[Any] = []

        async def meet() -> int:
            barrier.append(None)
            while len(barrier) < 3:
                await asyncio.sleep(0)
            return len(barrier)

        assert read(lambda: Promise.all([meet(), meet(), meet()])) == [3, 3, 3]

    def test_one_is_kept_alive_by_its_promise_alone(self) -> None:
        async def main() -> str:
            inside: list[Any] = []

            async def wait_for_a_future_that_nobody_else_holds() -> str:
                future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
                inside.append(weakref.ref(future))
                return await future

            promise = Promise.resolve(wait_for_a_future_that_nobody_else_holds())
            while not inside:
                await asyncio.sleep(0)
            gc.collect()
            future = inside[0]()
            assert future is not None
            future.set_result("kept")
            del future
            return await promise

        assert asyncio.run(main()) == "kept"

    def test_one_runs_in_the_context_of_the_then_call(self) -> None:
        user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")

        async def who() -> str:
            await asyncio.sleep(0)
            return user.get()

        def ask() -> Promise[str]:
            user.set("alice")
            return Promise.resolve().then(lambda _: who())

        promise = contextvars.copy_context().run(ask)
        assert promise.wait(timeout=10) == "alice"

    def test_an_executor_that_is_a_coroutine_function_is_refused_without_a_warning(self) -> None:
        async def executor(resolve: Any, reject: Any) -> None:
            resolve(1)

        with pytest.raises(
            TypeError,
            match=r"got a coroutine function: write Promise\.resolve\(coroutine\(\)\)",
        ):
            Promise(executor)


class Hasty(Promise[int]):
    """A promise that another thread settles right after somebody has seen that it is pending."""

    @property
    def _reactions(self) -> Any:
        seen = slot.__get__(self)
        if self in hasty:
            hasty.remove(self)
            self._fulfil(1)
        return seen

    @_reactions.setter
    def _reactions(self, reactions: Any) -> None:
        slot.__set__(self, reactions)


slot: Any = Cell._reactions


hasty: list[Promise[int]] = []


def test_a_promise_that_settles_while_another_one_is_resolved_with_it_is_followed() -> None:
    followed: Any = Hasty.__new__(Hasty)
    followed._begin(current_thread_home())
    promise, resolve, _ = Promise[int].with_resolvers()
    hasty.append(followed)
    resolve(followed)
    assert hasty == []
    assert promise.wait(5) == 1


def test_a_follower_that_is_cancelled_while_it_starts_to_follow_leaves_nothing() -> None:
    class Overtaken(Adoption):
        """A job that another thread cancels when it has taken its first look."""

        @property
        def _source(self) -> None:
            if self._target is not None:
                self._cancelled()

        @_source.setter
        def _source(self, source: object) -> None:
            pass

    follower, followed = (Promise[int].with_resolvers(keep_alive=True).promise for _ in range(2))
    Overtaken(follower, followed)._run()
    assert followed._reactions == [UNSETTLED]
