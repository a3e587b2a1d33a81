"""S13: how a producer is told to stop: once, on its promise's home, and never after the promise has settled."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Report, Resolvers

from ..support import PATIENCE, Mainloop, on_a_thread, turn
from .helpers import Work, fail, is_cancelled

Start = Callable[[Callable[[], object]], Promise[Any]]
variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
held: list[object] = []  # resolving functions, which would break their promises if nobody kept them


@pytest.fixture(autouse=True)
def _forget() -> Any:
    yield
    held.clear()


def by_executor(stop: Callable[[], object]) -> Promise[Any]:
    return Promise(lambda resolve, reject: held.append(resolve), on_cancel=stop)


def by_with_resolvers(stop: Callable[[], object]) -> Promise[Any]:
    d = Promise[Any].with_resolvers(on_cancel=stop)
    held.append(d)
    return d.promise


def by_create(stop: Callable[[], object]) -> Promise[Any]:
    return Promise[Any].create(held.append, on_cancel=stop)


def by_resolvers_in_create(stop: Callable[[], object]) -> Promise[Any]:
    def start(d: Resolvers[Any]) -> None:
        held.append(d)
        d.on_cancel(stop)

    return Promise[Any].create(start)


def by_keep_alive(stop: Callable[[], object]) -> Promise[Any]:
    return Promise[Any].with_resolvers(keep_alive=True, on_cancel=stop).promise


WAYS = [by_executor, by_with_resolvers, by_create, by_resolvers_in_create, by_keep_alive]
every_way = pytest.mark.parametrize("start", WAYS, ids=lambda way: way.__name__)


class Thenable:
    """Something of a library's that has nothing to tell yet."""

    def then(self, resolve: Callable[..., None], reject: Callable[..., None]) -> None:
        held.append(resolve)


# What a promise may be resolved with and then wait for.
FOLLOWED: dict[str, Callable[[], object]] = {
    "promise": lambda: Work().promise,
    "future": Future,
    "thenable": Thenable,
}


class TestTold:
    """Whichever way the function was given, it is called once, without arguments, as a job of the home."""

    @every_way
    def test_once_as_a_job(self, start: Start, mode: str) -> None:
        calls: list[str] = []
        promise = start(lambda: calls.append("stop"))
        assert [promise.cancel(), promise.cancel()] == [True, False]
        assert calls == []
        turn()
        assert calls == ["stop"]

    @every_way
    def test_through_a_chain(self, start: Start) -> None:
        calls: list[str] = []
        last = start(lambda: calls.append("stop")).then().finally_(lambda: None).then()
        last.cancel()
        turn()
        assert calls == ["stop"]

    @every_way
    def test_on_the_thread_of_the_home_if_another_one_cancels(self, start: Start) -> None:
        threads: list[threading.Thread] = []
        promise = start(lambda: threads.append(threading.current_thread()))
        on_a_thread(promise.cancel)
        assert threads == []
        turn()
        assert threads == [threading.current_thread()]

    @every_way
    def test_on_the_loop_if_another_thread_cancels(self, start: Start) -> None:
        async def main() -> None:
            loop = asyncio.get_running_loop()
            told: asyncio.Future[Any] = loop.create_future()
            promise = start(lambda: told.set_result(asyncio.get_running_loop()))
            await loop.run_in_executor(None, promise.cancel)
            assert await asyncio.wait_for(told, PATIENCE) is loop

        asyncio.run(main())

    @every_way
    def test_in_the_context_in_which_the_function_was_given(self, start: Start) -> None:
        seen: list[str] = []
        token = variable.set("at the start")
        promise = start(lambda: seen.append(variable.get()))
        variable.set("at the cancellation")
        promise.cancel()
        turn()
        variable.reset(token)
        assert seen == ["at the start"]

    def test_under_a_host_by_its_main_loop(self, mainloop: Mainloop) -> None:
        calls: list[str] = []
        work = Work()
        work.d.on_cancel(lambda: calls.append("stop"))
        work.promise.cancel()
        assert (calls, work.stopped) == ([], [])
        mainloop.run()
        assert calls == ["stop"]
        assert work.stopped == [threading.current_thread()]

    def test_a_script_tells_it_in_the_next_wait(self) -> None:
        work = Work()
        work.promise.cancel()
        Promise.resolve().wait(timeout=PATIENCE)
        assert work.stopped == [threading.current_thread()]


class TestNotTold:
    """A producer that has done its work is left alone."""

    @every_way
    @pytest.mark.parametrize("settle", ["resolve", "reject"])
    def test_after_settling(self, start: Start, settle: str) -> None:
        calls: list[str] = []
        promise = start(lambda: calls.append("stop"))
        promise.catch(lambda _: None)
        functions = getattr(promise._producer, "kept", None) or held
        for one in functions:
            if isinstance(one, Resolvers):
                getattr(one, settle)(ValueError("reason"))
            elif callable(one):
                one(ValueError("reason"))
        assert promise.state != "pending"
        assert promise.cancel() is False
        turn()
        assert calls == []

    def test_after_it_has_handed_the_work_on_to_another_promise(self) -> None:
        work, inner = Work(), Work()
        work.resolve(inner.promise)
        work.promise.cancel()
        assert (work.stops, inner.stops) == (0, 1)

    def test_when_the_last_reference_to_the_promise_goes(self) -> None:
        calls: list[str] = []
        d = Promise[int].with_resolvers(on_cancel=lambda: calls.append("stop"))
        resolve = d.resolve
        del d
        gc.collect()
        turn()
        resolve(1)
        assert calls == []

    def test_when_the_promise_is_broken(self) -> None:
        calls: list[str] = []
        promise = Promise[int].with_resolvers(on_cancel=lambda: calls.append("stop")).promise
        assert (type(promise.reason).__name__, promise.cancel()) == ("BrokenPromise", False)
        turn()
        assert calls == []


class TestResolvers:
    """`d.on_cancel` may come at any time, and more than once."""

    def test_several_functions_are_all_called(self) -> None:
        work, calls = Work(), list[int]()
        for number in range(3):
            work.d.on_cancel(lambda number=number: calls.append(number))
        work.promise.cancel()
        assert work.stops == 1
        assert sorted(calls) == [0, 1, 2]

    def test_after_the_cancellation_the_function_is_called_as_a_job(self) -> None:
        work, calls = Work(), list[str]()
        work.promise.cancel()
        assert work.stops == 1
        work.d.on_cancel(lambda: calls.append("stop"))
        assert calls == []
        turn()
        assert (calls, work.stops) == (["stop"], 1)

    @pytest.mark.parametrize("settle", ["resolve", "reject"])
    def test_after_settling_it_is_never_called(self, settle: str) -> None:
        work, calls = Work(), list[str]()
        work.promise.catch(lambda _: None)
        getattr(work, settle)(ValueError("reason"))
        work.d.on_cancel(lambda: calls.append("stop"))
        work.promise.cancel()
        turn()
        assert calls == []

    def test_after_a_rejection_with_cancelled_by_the_producer_itself_it_is_never_called(self) -> None:
        work, calls = Work(), list[str]()
        work.reject(Cancelled("by the library"))
        work.d.on_cancel(lambda: calls.append("stop"))
        turn()
        assert calls == []

    def test_after_the_work_was_handed_on_it_is_never_called_whoever_cancels(self) -> None:
        work, inner, calls = Work(), Work(), list[str]()
        work.resolve(inner.promise)
        work.promise.cancel()
        work.d.on_cancel(lambda: calls.append("stop"))
        turn()
        assert (calls, inner.stops) == ([], 1)

    @pytest.mark.parametrize("begun", [False, True], ids=["at once", "a turn later"])
    @pytest.mark.parametrize("make", FOLLOWED.values(), ids=FOLLOWED.keys())
    def test_given_after_the_work_was_handed_on_it_is_never_called(
        self, make: Callable[[], object], begun: bool
    ) -> None:
        work, calls, followed = Work(stops=False), list[str](), make()
        work.resolve(followed)
        if begun:
            turn()
        work.d.on_cancel(lambda: calls.append("before"))
        assert work.promise.cancel() is True
        for when in ("after", "a turn after"):
            work.d.on_cancel(lambda when=when: calls.append(when))
            turn()
        assert calls == []

    def test_in_the_middle_of_the_start(self) -> None:
        calls: list[str] = []

        def start(d: Resolvers[int]) -> None:
            d.promise.cancel()
            d.on_cancel(lambda: calls.append("stop"))
            held.append(d)

        assert is_cancelled(Promise[int].create(start))
        turn()
        assert calls == ["stop"]

    def test_a_race_of_giving_it_and_of_cancelling_calls_it_once(self) -> None:
        for _ in range(100):
            d, calls, start = Promise[int].with_resolvers(), list[str](), threading.Barrier(2)

            def cancel() -> None:
                start.wait(PATIENCE)
                d.promise.cancel()

            thread = threading.Thread(target=cancel)
            thread.start()
            start.wait(PATIENCE)
            d.on_cancel(lambda: calls.append("stop"))
            thread.join(PATIENCE)
            turn()
            assert calls == ["stop"]

    @pytest.mark.parametrize("given", [5, "stop", None])
    def test_what_is_no_function_is_refused_at_once(self, given: Any) -> None:
        work = Work(stops=False)
        with pytest.raises(TypeError, match="on_cancel.*expected a function"):
            work.d.on_cancel(given)
        if given is not None:
            with pytest.raises(TypeError, match="on_cancel.*expected a function"):
                Promise[int].with_resolvers(on_cancel=given)


class TestErrors:
    """What the function raises is reported, and stops nothing else."""

    def test_it_goes_to_the_hook(self, reports: list[Report], mode: str) -> None:
        work, calls = Work(), list[str]()
        work.d.on_cancel(fail)
        work.d.on_cancel(lambda: calls.append("the other one"))
        child = work.promise.catch(lambda error: "handled")
        work.promise.cancel()
        assert child.wait(timeout=PATIENCE) == "handled"
        assert (work.stops, calls) == (1, ["the other one"])
        assert [(report.kind, str(report.reason)) for report in reports] == [("unhandled", "reason")]
        assert "MainThread" in reports[0].home
        reports.clear()

    def test_a_cancellation_that_it_raises_is_reported_as_well(self, reports: list[Report]) -> None:
        def stop() -> None:
            raise asyncio.CancelledError("of something inside")

        work = Work()
        work.d.on_cancel(stop)
        work.promise.cancel()
        turn()
        seen = len(reports)
        reports.clear()
        assert seen == 1

    def test_a_keyboard_interrupt_in_it_ends_the_wait_and_leaves_the_queue_in_order(self) -> None:
        def stop() -> None:
            raise KeyboardInterrupt

        work, seen = Work(), list[str]()
        work.d.on_cancel(stop)
        work.promise.cancel()
        last = Promise.resolve("still works").then(seen.append)
        with pytest.raises(KeyboardInterrupt):
            last.wait(timeout=PATIENCE)
        last.wait(timeout=PATIENCE)
        assert (seen, work.stops) == (["still works"], 1)

    def test_a_home_that_has_ended_is_reported_as_stuck(self, reports: list[Report]) -> None:
        works: list[Work] = []
        on_a_thread(lambda: works.append(Work()))
        assert works[0].promise.cancel() is True
        assert is_cancelled(works[0].promise)
        assert works[0].stopped == []
        assert [report.kind for report in reports] == ["stuck"]
        reports.clear()

    def test_a_loop_that_is_closed_is_reported_as_stuck(self, reports: list[Report]) -> None:
        async def main() -> Work:
            return Work()

        work = asyncio.run(main())
        assert work.promise.cancel() is True
        assert work.stopped == []
        assert [report.kind for report in reports] == ["stuck"]
        reports.clear()


def test_a_clean_up_may_be_a_coroutine_whose_failure_is_reported(reports: list[Report]) -> None:
    async def stop() -> None:
        raise ValueError("stopping failed")

    promise = Promise[int].with_resolvers(keep_alive=True, on_cancel=stop).promise
    promise.cancel()
    for _ in range(1000):
        if not reports:
            Promise.delay(0.001).wait(5)
    assert [str(report.reason) for report in reports] == ["stopping failed"]
    reports.clear()
