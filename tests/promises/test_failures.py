"""What can be a reason, and who sees it: interrupts, StopIteration, CancelledError, errors that resist (S6, S7)."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from promisepy import Cancelled, Fulfilled, Promise, Rejected, Report
from promisepy._core.handlers import Filtered

from ..support import raising, turn

FATAL = [KeyboardInterrupt, SystemExit]


class HostileError(Exception):
    """Refuses to be compared or tested."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared")

    def __bool__(self) -> bool:
        raise AssertionError("tested")

    __hash__ = None


@dataclass(frozen=True)
class FrozenError(Exception):
    code: int = 1


class TestFatalErrors:
    """KeyboardInterrupt and SystemExit reject, leave the queue in order, and go on to whoever drains."""

    @pytest.mark.parametrize("kind", FATAL)
    def test_one_in_a_handler_leaves_wait_and_the_next_wait_goes_on(self, kind: type[BaseException]) -> None:
        seen: list[str] = []
        error = kind("now")
        child = Promise.resolve().then(raising(error))
        beside = Promise.resolve("beside").then(seen.append)
        with pytest.raises(kind):
            beside.wait(timeout=10)
        assert child.outcome == Rejected(error)
        assert (seen, beside.state) == ([], "pending")
        beside.wait(timeout=10)
        assert seen == ["beside"]
        assert Promise.resolve(1).then(str).wait(timeout=10) == "1"

    @pytest.mark.parametrize("kind", FATAL)
    def test_one_in_a_handler_leaves_the_loop_and_the_loop_can_go_on(self, kind: type[BaseException]) -> None:
        error = kind("now")
        children: list[Promise[Any]] = []
        loop = asyncio.new_event_loop()

        async def main() -> str:
            children.append(Promise.resolve().then(raising(error)))
            return await Promise.resolve("beside").then(str.upper)

        try:
            task = loop.create_task(main())
            with pytest.raises(kind):
                loop.run_until_complete(task)
            assert not task.done()
            assert children[0].outcome == Rejected(error)
            assert loop.run_until_complete(task) == "BESIDE"
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    @pytest.mark.parametrize("kind", FATAL)
    def test_one_in_an_executor_leaves_the_constructor(
        self,
        kind: type[BaseException],
        reports: list[Report],
    ) -> None:
        with pytest.raises(kind):
            Promise(raising(kind()))
        gc.collect()
        assert reports == []
        assert Promise.resolve(1).then(str).wait(timeout=10) == "1"

    @pytest.mark.parametrize("kind", FATAL)
    def test_one_in_try_leaves_try(self, kind: type[BaseException], reports: list[Report]) -> None:
        with pytest.raises(kind):
            Promise.try_(raising(kind()))
        gc.collect()
        assert reports == []
        assert Promise.resolve(1).then(str).wait(timeout=10) == "1"

    @pytest.mark.parametrize("kind", FATAL)
    def test_one_in_a_thenable_leaves_wait(self, kind: type[BaseException], reports: list[Report]) -> None:
        class Thenable:
            def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
                raise kind

        promise = Promise.resolve(Thenable())
        with pytest.raises(kind):
            promise.wait(timeout=10)
        assert isinstance(promise.reason, kind)
        assert Promise.resolve(1).then(str).wait(timeout=10) == "1"

    @pytest.mark.parametrize("kind", FATAL)
    def test_one_in_finally_rejects_and_leaves_wait(self, kind: type[BaseException]) -> None:
        promise = Promise.resolve().finally_(raising(kind()))
        with pytest.raises(kind):
            promise.wait(timeout=10)
        assert isinstance(promise.reason, kind)

    @pytest.mark.parametrize("kind", FATAL)
    def test_one_in_an_iterable_leaves_the_combinator(
        self,
        kind: type[BaseException],
        reports: list[Report],
    ) -> None:
        def inputs() -> Any:
            yield Promise.resolve(1)
            raise kind

        with pytest.raises(kind):
            Promise.all(inputs())
        gc.collect()
        assert reports == []
        assert Promise.resolve(1).then(str).wait(timeout=10) == "1"

    def test_as_a_reason_it_passes_catch_and_is_caught_by_name(self) -> None:
        error = KeyboardInterrupt()
        passed = Promise.reject(error).catch(str)
        caught = Promise.reject(error).catch(KeyboardInterrupt, lambda reason: reason)
        turn()
        assert (passed.outcome, caught.outcome) == (Rejected(error), Fulfilled(error))

    def test_a_generator_exit_in_a_handler_only_rejects(self) -> None:
        promise = Promise.resolve().then(raising(GeneratorExit()))
        turn()
        assert isinstance(promise.reason, GeneratorExit)


class TestStopIteration:
    """It would end the awaiting coroutine with a value, so it becomes a RuntimeError."""

    class Thenable:
        def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
            on_rejected(StopIteration(5))

    WAYS: dict[str, Callable[[], Promise[Any]]] = {
        "reject": lambda: Promise.reject(StopIteration(5)),
        "reject by class": lambda: Promise.reject(StopIteration),
        "resolving function": lambda: Promise(lambda resolve, reject: reject(StopIteration(5))),
        "executor raises": lambda: Promise(raising(StopIteration(5))),
        "handler raises": lambda: Promise.resolve().then(raising(StopIteration(5))),
        "handler asks an empty iterator": lambda: Promise.resolve().then(lambda _: next(iter(()))),
        "finally raises": lambda: Promise.resolve().finally_(raising(StopIteration(5))),
        "try": lambda: Promise.try_(next, iter(())),
        "thenable": lambda: Promise.resolve(TestStopIteration.Thenable()),
    }

    @pytest.mark.parametrize("way", WAYS)
    def test_wait_raises_a_runtime_error_from_it(self, way: str) -> None:
        with pytest.raises(RuntimeError, match="rejected with StopIteration") as caught:
            self.WAYS[way]().wait(timeout=10)
        assert isinstance(caught.value.__cause__, StopIteration)

    @pytest.mark.parametrize("way", WAYS)
    def test_await_raises_the_same(self, way: str) -> None:
        async def main() -> None:
            with pytest.raises(RuntimeError, match="rejected with StopIteration") as caught:
                await self.WAYS[way]()
            assert isinstance(caught.value.__cause__, StopIteration)

        asyncio.run(main())

    def test_the_iterator_of_await_never_ends_with_it(self) -> None:
        iterator = Promise.reject(StopIteration(5)).__await__()
        with pytest.raises(RuntimeError, match="rejected with StopIteration"):
            next(iterator)

    def test_catch_sees_the_runtime_error(self) -> None:
        assert Promise.reject(StopIteration(5)).catch(RuntimeError, lambda error: "seen").wait() == "seen"


class TestCancelledError:
    """As a reason it would make the awaiting task look cancelled, so it becomes `Cancelled`."""

    WAYS: dict[str, Callable[[], Promise[Any]]] = {
        "reject": lambda: Promise.reject(asyncio.CancelledError("stop")),
        "resolving function": lambda: Promise(lambda resolve, reject: reject(asyncio.CancelledError("stop"))),
        "handler raises": lambda: Promise.resolve().then(raising(asyncio.CancelledError("stop"))),
        "try": lambda: Promise.try_(raising(asyncio.CancelledError("stop"))),
        "coroutine": lambda: Promise.resolve(TestCancelledError.cancelled()),
    }

    @staticmethod
    async def cancelled() -> None:
        raise asyncio.CancelledError("stop")

    @pytest.mark.parametrize("way", WAYS)
    def test_the_awaiting_task_does_not_look_cancelled(self, way: str) -> None:
        async def read() -> str:
            try:
                await self.WAYS[way]()
            except Cancelled as error:
                return str(error)
            return "nothing"

        async def main() -> tuple[str, bool, int]:
            task = asyncio.create_task(read())
            await asyncio.wait([task])
            return task.result(), task.cancelled(), task.cancelling()

        assert asyncio.run(main()) == ("stop", False, 0)

    @pytest.mark.parametrize("way", WAYS)
    def test_a_plain_catch_sees_it(self, way: str) -> None:
        assert self.WAYS[way]().catch(type).wait(timeout=10) is Cancelled

    def test_a_task_group_reports_it_as_a_failure(self) -> None:
        async def read() -> None:
            await Promise.reject(asyncio.CancelledError())

        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(read())

        with pytest.raises(ExceptionGroup) as caught:
            asyncio.run(main())
        assert [type(error) for error in caught.value.exceptions] == [Cancelled]

    def test_cancelling_the_awaiting_task_is_cancellation_and_leaves_the_promise(self) -> None:
        async def main() -> tuple[bool, str]:
            promise, resolve, _ = Promise[str].with_resolvers()

            async def read() -> str:
                return await promise

            tasks = [asyncio.create_task(read()) for _ in range(2)]
            await asyncio.sleep(0)
            tasks[0].cancel("enough")
            await asyncio.wait([tasks[0]])
            resolve("still here")
            return tasks[0].cancelled(), await tasks[1]

        assert asyncio.run(main()) == (True, "still here")

    def test_a_timeout_of_asyncio_works(self) -> None:
        async def main() -> None:
            promise, resolve, _ = Promise[str].with_resolvers()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await promise
            assert promise.state == "pending"
            resolve("late")
            assert await promise == "late"

        asyncio.run(main())


class TestReasonsThatAreClasses:
    """`reject` makes an instance; what goes wrong then is the reason, unless it is meant for the interpreter."""

    @staticmethod
    def unmakeable(kind: type[BaseException]) -> type[Exception]:
        class Unmakeable(Exception):
            def __init__(self) -> None:
                raise kind("now")

        return Unmakeable

    def test_what_the_class_raises_is_the_reason(self) -> None:
        promise, _, reject = Promise[Any].with_resolvers()
        reject(self.unmakeable(ValueError))
        with pytest.raises(ValueError, match="now"):
            promise.wait(timeout=10)

    @pytest.mark.parametrize("kind", FATAL)
    def test_an_interrupt_leaves_reject_and_the_promise_to_the_next_call(self, kind: type[BaseException]) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        with pytest.raises(kind):
            reject(self.unmakeable(kind))
        resolve(1)
        assert promise.wait(timeout=10) == 1


@pytest.mark.parametrize("make", [HostileError, FrozenError])
class TestHostileReasons:
    """Exceptions that cannot be touched, such as frozen dataclasses, reject like any other."""

    def test_from_reject(self, make: type[Exception]) -> None:
        error = make()
        promise, _, reject = Promise[Any].with_resolvers()
        reject(error)
        with pytest.raises(make):
            promise.wait(timeout=10)
        with pytest.raises(make):
            Promise.reject(error).then().wait(timeout=10)

    def test_from_a_handler(self, make: type[Exception]) -> None:
        child = Promise.resolve().then(raising(make()))
        beside = Promise.resolve(1).then(str)
        assert beside.wait(timeout=10) == "1"
        assert child.state == "rejected"
        assert child.catch(type).wait(timeout=10) is make

    def test_from_a_handler_while_another_error_is_handled(self, make: type[Exception]) -> None:
        child = Promise.resolve().then(raising(make()))
        try:
            raise KeyError("foreign")
        except KeyError:
            turn()
        assert child.state == "rejected"
        assert child.catch(lambda error: error.__context__).wait(timeout=10) is None

    def test_through_combinators(self, make: type[Exception]) -> None:
        group = Promise.any([Promise.reject(make()), Promise.resolve().then(raising(make()))])
        assert Promise.all([Promise.reject(make())]).catch(type).wait(timeout=10) is make
        assert group.catch(ExceptionGroup, lambda error: len(error.exceptions)).wait(timeout=10) == 2

    def test_unhandled_it_is_reported(self, make: type[Exception], reports: list[Report]) -> None:
        error = make()
        Promise.reject(error)
        assert [report.reason is error for report in reports] == [True]


def test_a_handler_of_catch_may_be_called_by_others() -> None:
    handler = Filtered(ValueError, str)
    assert handler(ValueError("mine")) == "mine"
    with pytest.raises(KeyError):
        handler(KeyError("not mine"))
