"""Functions that clean up: what they return is waited for by the rules of adoption, and they run where they were given.

`finally_`, the release function of `using`, early and late, and `on_cancel` have these two rules in common (S8, S11).
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

import pytest

from promisepy import Promise, Report, promisify, register_adoptable, using

from ..support import PATIENCE, on_a_thread, turn, turns

pytestmark = pytest.mark.usefixtures("nothing_lost")


class Pending(NamedTuple):
    """What a function may return that has not finished, and how it ends."""

    result: Any
    resolve: Callable[[Any], object]
    reject: Callable[[BaseException], object]


class Thenable:
    def then(self, resolve: Any, reject: Any) -> None:
        self.resolve, self.reject = resolve, reject


class Deferred:
    """As Twisted's: it cannot be awaited in a task of asyncio, although it has the method."""

    def addCallbacks(self, callback: Any, errback: Any) -> None:
        self.callback, self.errback = callback, errback

    def addErrback(self, errback: Any) -> None:
        raise NotImplementedError

    def __await__(self) -> Any:
        raise AssertionError


def a_promise() -> Pending:
    d = Promise[Any].with_resolvers()
    return Pending(d.promise, d.resolve, d.reject)


def a_coroutine() -> Pending:
    inner = a_promise()

    async def finish() -> Any:
        return await inner.result

    return Pending(finish(), inner.resolve, inner.reject)


def an_awaitable() -> Pending:
    inner = a_promise()

    class Own:
        def __await__(self) -> Any:
            return inner.result.__await__()

    return Pending(Own(), inner.resolve, inner.reject)


def a_future() -> Pending:
    future = Future[Any]()
    return Pending(future, future.set_result, future.set_exception)


def a_future_of_asyncio() -> Pending:
    future = asyncio.get_running_loop().create_future()
    return Pending(future, future.set_result, future.set_exception)


def a_thenable() -> Pending:
    one = Thenable()
    return Pending(one, lambda value: one.resolve(value), lambda error: one.reject(error))


def a_deferred() -> Pending:
    one = Deferred()

    def reject(error: BaseException) -> None:
        one.errback(type("Failure", (), {"value": error}))

    return Pending(one, lambda value: one.callback(value), reject)


def settle_down() -> None:
    """Run what this thread's home has to do, coroutines included, which need the turns of a loop."""
    Promise.delay(0.005).wait(timeout=PATIENCE)
    turn()


ANYWHERE = [a_promise, a_coroutine, an_awaitable, a_future, a_thenable, a_deferred]
each_kind = pytest.mark.parametrize("make", ANYWHERE)
each_kind_in_a_loop = pytest.mark.parametrize("make", [*ANYWHERE, a_future_of_asyncio])
Make = Callable[[], Pending]


def later(log: list[str], act: Callable[[], object]) -> None:
    """Do something in a job that is queued behind whatever the code that calls this leads to."""

    def do(_: object) -> None:
        log.append("settled")
        act()

    Promise.delay(0.005).then(do)


def used_in_a_script(make: Make, end: Callable[[Pending], object], log: list[str]) -> None:
    def release(_: object) -> Any:
        pending = make()
        later(log, lambda: end(pending))
        return pending.result

    with using(Promise.resolve("it"), release):
        log.append("block")


def finally_in_a_script(make: Make, end: Callable[[Pending], object], log: list[str]) -> None:
    def on_finally() -> Any:
        log.append("block")
        pending = make()
        later(log, lambda: end(pending))
        return pending.result

    Promise.resolve("it").finally_(on_finally).wait(timeout=PATIENCE)


async def used_in_a_task(make: Make, end: Callable[[Pending], object], log: list[str]) -> None:
    def release(_: object) -> Any:
        pending = make()
        later(log, lambda: end(pending))
        return pending.result

    async with using(Promise.resolve("it"), release):
        log.append("block")


async def finally_in_a_task(make: Make, end: Callable[[Pending], object], log: list[str]) -> None:
    def on_finally() -> Any:
        log.append("block")
        pending = make()
        later(log, lambda: end(pending))
        return pending.result

    await Promise.resolve("it").finally_(on_finally)


class TestWhatIsReturned:
    """It is waited for if it can be adopted, whatever it is."""

    @each_kind
    @pytest.mark.parametrize("way", [used_in_a_script, finally_in_a_script])
    def test_is_waited_for_in_a_script(self, make: Make, way: Any) -> None:
        log: list[str] = []
        way(make, lambda pending: pending.resolve(None), log)
        assert log == ["block", "settled"]

    @each_kind_in_a_loop
    @pytest.mark.parametrize("way", [used_in_a_task, finally_in_a_task])
    def test_is_waited_for_in_a_task(self, make: Make, way: Any) -> None:
        log: list[str] = []
        asyncio.run(way(make, lambda pending: pending.resolve(None), log))
        assert log == ["block", "settled"]

    @each_kind
    @pytest.mark.parametrize("way", [used_in_a_script, finally_in_a_script])
    def test_raises_its_failure_in_a_script(self, make: Make, way: Any) -> None:
        log: list[str] = []
        with pytest.raises(ValueError, match="reason"):
            way(make, lambda pending: pending.reject(ValueError("reason")), log)
        assert log == ["block", "settled"]

    @each_kind_in_a_loop
    @pytest.mark.parametrize("way", [used_in_a_task, finally_in_a_task])
    def test_raises_its_failure_in_a_task(self, make: Make, way: Any) -> None:
        log: list[str] = []
        with pytest.raises(ValueError, match="reason"):
            asyncio.run(way(make, lambda pending: pending.reject(ValueError("reason")), log))
        assert log == ["block", "settled"]

    @each_kind_in_a_loop
    def test_keeps_the_failure_of_the_block_as_its_context(self, make: Make) -> None:
        async def main() -> None:
            def release(_: object) -> Any:
                pending = make()
                later([], lambda: pending.reject(ValueError("of the release")))
                return pending.result

            async with using(Promise.resolve("it"), release):
                raise KeyError("of the block")

        with pytest.raises(ValueError, match="of the release") as caught:
            asyncio.run(main())
        assert isinstance(caught.value.__context__, KeyError)


def cancelled_producer(function: Callable[..., object]) -> None:
    d = Promise[Any].with_resolvers(on_cancel=lambda: function(None))
    d.promise.cancel()


def cancelled_executor(function: Callable[..., object]) -> None:
    kept: list[Any] = []
    Promise[Any](lambda *both: kept.extend(both), on_cancel=lambda: function(None)).cancel()


def cancelled_call(function: Callable[..., object]) -> None:
    promisify(lambda callback: callback, cancel=function)().cancel()


def released_after_a_cancellation(function: Callable[..., object]) -> None:
    d = Promise[str].with_resolvers()
    used = using(d.promise, function)
    d.promise.cancel()
    d.resolve("late")
    del used


def given_up(used: Any) -> None:
    """Enter, and give up the wait at once: without a loop, a promise cannot be awaited."""
    with pytest.raises(RuntimeError, match="asyncio loop"):
        used.__aenter__().send(None)


def released_when_it_comes(function: Callable[..., object]) -> None:
    d = Promise[str].with_resolvers()
    d.promise.then()  # wants it, too, so it goes on
    given_up(using(d.promise, function))
    d.resolve("late")


NOBODY_WAITS = [
    cancelled_producer,
    cancelled_executor,
    cancelled_call,
    released_after_a_cancellation,
    released_when_it_comes,
]
each_way = pytest.mark.parametrize("ask", NOBODY_WAITS)


class TestNobodyWaits:
    """A function that is called late, by a cancellation or for a late resource: its result is followed all the same."""

    @each_kind
    @each_way
    def test_a_failure_is_reported_once(self, ask: Any, make: Make, reports: list[Report]) -> None:
        made: list[Pending] = []

        def function(_: object) -> Any:
            made.append(make())
            return made[0].result

        ask(function)
        settle_down()
        assert (len(made), reports) == (1, [])
        pending = made.pop()._replace(result=None)
        gc.collect()  # what the library and the loop hold is enough
        pending.reject(ValueError("reason"))
        settle_down()
        gc.collect()
        assert [(report.kind, str(report.reason)) for report in reports] == [("unhandled", "reason")]
        assert "cleans up" in reports[0].message
        assert "MainThread" in reports[0].home
        reports.clear()

    @each_kind
    @each_way
    def test_a_success_is_not(self, ask: Any, make: Make, reports: list[Report]) -> None:
        made: list[Pending] = []

        def function(_: object) -> Any:
            made.append(make())
            return made[0].result

        ask(function)
        settle_down()
        made.pop().resolve("done")
        settle_down()
        assert reports == []

    @each_way
    def test_what_it_raises_is_reported_once(self, ask: Any, reports: list[Report]) -> None:
        def function(_: object) -> None:
            raise ValueError("reason")

        ask(function)
        settle_down()
        assert [str(report.reason) for report in reports] == ["reason"]
        assert "cleans up" in reports[0].message
        reports.clear()

    def test_a_result_that_fails_on_a_foreign_thread_is_reported_at_home(self, reports: list[Report]) -> None:
        future: Future[None] = Future()
        cancelled_producer(lambda _: future)
        settle_down()
        on_a_thread(future.set_exception, ValueError("reason"))
        assert reports == []  # a library's thread must not meet what a report hook may raise
        settle_down()
        assert [str(report.reason) for report in reports] == ["reason"]
        reports.clear()

    def test_a_result_whose_home_ends_before_the_call_is_reported_as_stuck(self, reports: list[Report]) -> None:
        calls: list[object] = []
        on_a_thread(lambda: cancelled_producer(calls.append))
        assert (calls, [report.kind for report in reports]) == ([], ["stuck"])
        reports.clear()

    def test_a_failure_that_comes_when_its_home_has_ended_is_reported(self, reports: list[Report]) -> None:
        future: Future[None] = Future()

        def cancel() -> None:
            cancelled_producer(lambda _: future)
            settle_down()

        on_a_thread(cancel)
        future.set_exception(ValueError("reason"))
        assert [str(report.reason) for report in reports] == ["reason"]
        reports.clear()

    def test_a_keyboard_interrupt_as_the_result_is_raised_once(self, reports: list[Report]) -> None:
        def function(_: object) -> None:
            raise KeyboardInterrupt

        cancelled_producer(function)
        with pytest.raises(KeyboardInterrupt):
            settle_down()
        settle_down()
        assert reports == []


variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def in_its_own(function: Callable[[], Any]) -> Any:
    """Call a function in a context in which the variable is set."""

    def call() -> Any:
        variable.set("where it was given")
        return function()

    return contextvars.copy_context().run(call)


def in_a_block(release: Any) -> None:
    with in_its_own(lambda: using(Promise.resolve("it"), release)):
        pass


def in_a_block_of_a_task(release: Any) -> None:
    async def main() -> None:
        async with in_its_own(lambda: using(Promise.resolve("it"), release)):
            pass

    asyncio.run(main())


def when_it_comes(release: Any) -> None:
    d = Promise[str].with_resolvers()
    d.promise.then()
    given_up(in_its_own(lambda: using(d.promise, release)))
    on_a_thread(d.resolve, "late")
    settle_down()


def when_it_comes_after_a_timeout(release: Any) -> None:
    d = Promise[str].with_resolvers()
    with pytest.raises(TimeoutError), in_its_own(lambda: using(d.promise.timeout(0.001), release)):
        pytest.fail("the block ran")
    on_a_thread(d.resolve, "late")
    settle_down()


def when_it_comes_after_a_cancellation(release: Any) -> None:
    d = Promise[str].with_resolvers()
    used = in_its_own(lambda: using(d.promise, release))
    on_a_thread(d.promise.cancel)
    on_a_thread(d.resolve, "late")
    settle_down()
    del used


def when_cancelled(on_cancel: Any) -> None:
    d = Promise[str].with_resolvers()
    in_its_own(lambda: d.on_cancel(lambda: on_cancel(None)))
    on_a_thread(d.promise.cancel)
    settle_down()


def when_the_promise_of_an_executor_is_cancelled(on_cancel: Any) -> None:
    kept: list[Any] = []
    promise = in_its_own(lambda: Promise[Any](lambda *both: kept.extend(both), on_cancel=lambda: on_cancel(None)))
    on_a_thread(promise.cancel)
    settle_down()


def when_a_call_is_cancelled(cancel: Any) -> None:
    promise = in_its_own(promisify(lambda callback: callback, cancel=cancel))
    on_a_thread(promise.cancel)
    settle_down()


def when_something_adopted_is_cancelled(stop: Any) -> None:
    class Request:
        pass

    kept: list[Any] = []

    def watch(request: Request, *both: Any) -> Callable[[], object]:
        kept.extend(both)
        return lambda: stop(None)

    register_adoptable(Request, watch)
    promise = in_its_own(lambda: Promise.resolve(Request()))
    settle_down()
    on_a_thread(promise.cancel)
    settle_down()
    register_adoptable(Request, None)


def in_finally(on_finally: Any) -> None:
    d = Promise[str].with_resolvers()
    in_its_own(lambda: d.promise.finally_(lambda: on_finally(None)))
    on_a_thread(d.resolve, "it")
    settle_down()


def in_finally_of_what_was_cancelled(on_finally: Any) -> None:
    d = Promise[str].with_resolvers()
    promise = in_its_own(lambda: d.promise.finally_(lambda: on_finally(None)))
    on_a_thread(promise.cancel)
    settle_down()


def when_an_attribute_is_restored(setter: Any) -> None:
    class Device:
        callbacks: list[Any] = []

        def set(self, callback: Any) -> None:
            self.callbacks.append(callback)
            if callback is None:
                setter(None)

        on_done = property(lambda self: self.callbacks[-1] if self.callbacks else None, set)

        def start(self) -> None:
            pass

    device = Device()
    in_its_own(promisify(device.start, style="attribute", callback=".on_done"))
    on_a_thread(device.on_done, 1)
    settle_down()


GIVEN = [
    in_a_block,
    in_a_block_of_a_task,
    when_it_comes,
    when_it_comes_after_a_timeout,
    when_it_comes_after_a_cancellation,
    when_cancelled,
    when_the_promise_of_an_executor_is_cancelled,
    when_a_call_is_cancelled,
    when_something_adopted_is_cancelled,
    in_finally,
    in_finally_of_what_was_cancelled,
]


@pytest.mark.parametrize("call", [*GIVEN, when_an_attribute_is_restored])
def test_a_clean_up_runs_in_the_context_in_which_it_was_given(call: Any) -> None:
    seen: list[str] = []
    call(lambda _: seen.append(variable.get()))
    assert (seen, variable.get()) == (["where it was given"], "unset")


@pytest.mark.parametrize("call", GIVEN)
def test_a_coroutine_of_a_clean_up_runs_in_that_context_as_well(call: Any) -> None:
    seen: list[str] = []

    async def clean_up(_: object) -> None:
        variable.set(f"{variable.get()}, and more")
        await turns(1)
        seen.append(variable.get())

    call(clean_up)
    assert (seen, variable.get()) == (["where it was given, and more"], "unset")


def test_a_failure_of_a_clean_up_is_freed_by_reference_counts_alone(no_gc: None, reports: list[Report]) -> None:
    class Reason(Exception):
        pass

    freed: list[str] = []

    class Witness:
        def __del__(self) -> None:
            freed.append("freed")

    def fail(_: object) -> None:
        witness = Witness()
        raise Reason(id(witness))

    for ask in NOBODY_WAITS:
        ask(fail)
        settle_down()
        assert len(reports) == 1
        reports.clear()
    assert freed == ["freed"] * len(NOBODY_WAITS)
