"""S9: what would be lost is reported once, to the hook, else to the home's own exception handler, else to Python's.

Which rejections count as handled is told in `test_unhandled.py`; here is where reports go, when, and what they say.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import (
    BrokenPromise,
    Promise,
    Report,
    StuckPromise,
    UnhandledRejection,
    set_host,
    set_report_hook,
)

from ..fuzz.hostile import Doom, raising
from ..support import run_script

Maker = Callable[[], object]


def unhandled() -> None:
    Promise.reject(ValueError("lost"))


def broken() -> None:
    promise, *functions = Promise[int].with_resolvers()
    child = promise.then(str)
    del promise
    functions.clear()
    del child


def stuck() -> None:
    made: list[Any] = []

    def make() -> None:
        made.extend(Promise[int].with_resolvers())

    thread = threading.Thread(target=make, name="short-lived")
    thread.start()
    thread.join()
    made[0].then(str)
    made[1](1)


KINDS: dict[str, Maker] = {"unhandled": unhandled, "broken": broken, "stuck": stuck}
ERRORS = {"unhandled": ValueError, "broken": BrokenPromise, "stuck": StuckPromise}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def drain() -> None:
    Promise.resolve().wait()


class TestTheHook:
    def test_gets_each_kind_once(self, kind: str, reports: list[Report]) -> None:
        KINDS[kind]()
        drain()
        gc.collect()
        assert [(report.kind, type(report.reason)) for report in reports] == [(kind, ERRORS[kind])]

    def test_comes_before_every_default(self, kind: str, reports: list[Report], unraisable: list[Any]) -> None:
        contexts: list[Any] = []

        async def main() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: contexts.append(context))
            KINDS[kind]()
            await asyncio.sleep(0)

        asyncio.run(main())
        assert [report.kind for report in reports] == [kind]
        assert contexts == []
        assert unraisable == []

    def test_runs_on_the_thread_that_noticed(self) -> None:
        threads: list[str] = []
        previous = set_report_hook(lambda report: threads.append(threading.current_thread().name))
        try:
            thread = threading.Thread(target=unhandled, name="noticing")
            thread.start()
            thread.join()
        finally:
            set_report_hook(previous)
        assert threads == ["noticing"]

    def test_is_replaced_and_given_back(self, unraisable: list[Any]) -> None:
        first: list[Report] = []
        second: list[Report] = []
        before = set_report_hook(first.append)
        assert set_report_hook(second.append) == first.append
        unhandled()
        assert set_report_hook(None) == second.append
        unhandled()
        assert set_report_hook(before) is None
        assert (len(first), len(second), len(unraisable)) == (0, 1, 1)

    @pytest.mark.parametrize("wrong", [5, "print", object()])
    def test_must_be_callable(self, wrong: Any) -> None:
        with pytest.raises(TypeError, match="function or None"):
            set_report_hook(wrong)

    def test_that_fails_hurts_nobody_and_is_called_again(self, unraisable: list[Any]) -> None:
        calls: list[str] = []

        def hook(report: Report) -> None:
            calls.append(report.kind)
            raise RuntimeError("the hook is broken")

        previous = set_report_hook(hook)
        try:
            unhandled()
            broken()
            drain()
        finally:
            set_report_hook(previous)
        assert calls == ["unhandled", "broken"]
        assert [type(error) for error in unraisable] == [RuntimeError, RuntimeError]
        assert Promise.resolve(1).then(str).wait() == "1"

    def test_that_loses_a_rejection_itself_is_told_of_that_too(self) -> None:
        seen: list[str] = []

        def hook(report: Report) -> None:
            seen.append(str(report.reason))
            if len(seen) < 3:
                Promise.reject(ValueError(f"lost in the hook {len(seen)}"))

        previous = set_report_hook(hook)
        try:
            unhandled()
        finally:
            set_report_hook(previous)
        assert seen == ["lost", "lost in the hook 1", "lost in the hook 2"]

    def test_may_use_promises(self) -> None:
        seen: list[str] = []
        previous = set_report_hook(lambda report: Promise.resolve(report.kind).then(seen.append))
        try:
            unhandled()
            drain()
        finally:
            set_report_hook(previous)
        assert seen == ["unhandled"]

    def test_gets_a_report_that_cannot_be_changed(self, reports: list[Report]) -> None:
        unhandled()
        with pytest.raises(AttributeError, match="cannot assign to field 'kind'"):
            reports[0].kind = "broken"  # type: ignore[misc]


class TestUnderALoop:
    def test_each_kind_goes_to_the_exception_handler_of_the_loop(self, unraisable: list[Any]) -> None:
        contexts: list[dict[str, Any]] = []

        async def main() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: contexts.append(context))
            unhandled()
            broken()
            await asyncio.sleep(0)

        asyncio.run(main())
        assert [type(context["exception"]) for context in contexts] == [ValueError, BrokenPromise]
        assert all(context["message"].startswith("promisepy: ") for context in contexts)
        assert unraisable == []

    def test_without_a_handler_asyncio_logs_message_and_traceback(self, caplog: pytest.LogCaptureFixture) -> None:
        def fail_here(_: object) -> None:
            raise ValueError("lost")

        async def main() -> None:
            Promise.resolve().then(fail_here)
            await asyncio.sleep(0)

        with caplog.at_level(logging.ERROR, "asyncio"):
            asyncio.run(main())
        [record] = caplog.records
        assert "nobody handled it" in record.getMessage()
        assert record.exc_info is not None
        assert "fail_here" in caplog.text
        assert "never retrieved" not in caplog.text

    def test_one_that_another_thread_notices_comes_on_the_thread_of_the_loop(self) -> None:
        threads: list[Any] = []

        async def main() -> None:
            noticed = asyncio.Event()

            def handler(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
                threads.append(threading.current_thread())
                noticed.set()

            asyncio.get_running_loop().set_exception_handler(handler)
            box: list[Any] = [Promise.reject(ValueError("lost"))]
            thread = threading.Thread(target=box.clear)
            thread.start()
            await noticed.wait()
            thread.join()

        asyncio.run(main())
        assert threads == [threading.current_thread()]

    def test_one_that_is_dropped_after_the_end_of_its_loop_has_been_told(self, unraisable: list[Any]) -> None:
        contexts: list[Any] = []

        async def main() -> Promise[Any]:
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: contexts.append(context))
            return Promise.reject(ValueError("lost"))

        held = asyncio.run(main())
        assert len(contexts) == 1
        del held
        assert len(contexts) == 1
        assert unraisable == []

    def test_one_that_rejects_after_the_end_of_its_loop_goes_to_python(self, unraisable: list[Any]) -> None:
        async def main() -> Any:
            return Promise[int].with_resolvers()

        promise, _, reject = asyncio.run(main())
        reject(ValueError("lost"))
        del promise
        assert [type(error) for error in unraisable] == [UnhandledRejection]

    def test_the_sweep_at_the_end_spares_what_was_handled(self, reports: list[Report]) -> None:
        async def main() -> list[Any]:
            handled: Promise[Any] = Promise.reject(ValueError("handled"))
            handled.catch(str)
            observed: Promise[Any] = Promise.reject(ValueError("observed"))
            assert observed.outcome is not None
            return [handled, observed, Promise.reject(ValueError("lost"))]

        held = asyncio.run(main())
        assert [str(report.reason) for report in reports] == ["lost"]
        assert held[2].outcome is not None
        del held
        gc.collect()
        assert len(reports) == 1

    def test_the_sweep_spares_other_loops(self, reports: list[Report]) -> None:
        async def keep() -> Promise[Any]:
            return Promise.reject(ValueError("other"))

        with asyncio.Runner() as other:
            held = other.run(keep())
            asyncio.run(asyncio.sleep(0))
            assert reports == []
        assert [str(report.reason) for report in reports] == ["other"]
        del held

    def test_one_that_comes_after_its_only_awaiter_was_cancelled(self, reports: list[Report]) -> None:
        """Had it come earlier, the task would have handled it. So nobody misses it, as after a timeout."""

        async def awaits(promise: Promise[int]) -> None:
            await promise

        async def main() -> None:
            promise, _, reject = Promise[int].with_resolvers()
            task = asyncio.create_task(awaits(promise))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            reject(ValueError("late"))

        asyncio.run(main())
        assert reports == []

    def test_uvloop_sweeps_as_well(self, reports: list[Report]) -> None:
        uvloop = pytest.importorskip("uvloop")

        async def keep() -> Promise[Any]:
            return Promise.reject(ValueError("held"))

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            held = runner.run(keep())
        assert [str(report.reason) for report in reports] == ["held"]
        del held


class TestElsewhere:
    def test_each_kind_goes_to_the_hook_of_python(self, kind: str, unraisable: list[Any]) -> None:
        KINDS[kind]()
        drain()
        [error] = unraisable
        assert type(error) is UnhandledRejection
        assert type(error.__cause__) is ERRORS[kind]

    def test_under_a_host_too(self, unraisable: list[Any]) -> None:
        class Mainloop:
            def post(self, drain: Callable[[], object]) -> None:
                drains.append(drain)

        drains: list[Callable[[], object]] = []
        previous = set_host(Mainloop())
        try:
            Promise.resolve().then(lambda _: 1 / 0)
            while drains:
                drains.pop(0)()
        finally:
            set_host(previous)
        assert [type(error.__cause__) for error in unraisable] == [ZeroDivisionError]


class TestWhatItSays:
    def test_without_debug_mode_how_to_see_the_line(
        self, kind: str, no_debug_mode: None, reports: list[Report]
    ) -> None:
        KINDS[kind]()
        drain()
        assert "PROMISEPY_DEBUG=1" in reports[0].message + str(reports[0].reason)
        assert __file__ not in reports[0].message

    def test_in_debug_mode_the_line(self, kind: str, debug_mode: None, reports: list[Report]) -> None:
        KINDS[kind]()
        drain()
        told = reports[0].message + str(reports[0].reason)
        assert f"{__file__}:" in told
        assert "PROMISEPY_DEBUG" not in told

    def test_in_debug_mode_the_line_of_the_promise_that_was_lost(self, debug_mode: None, reports: list[Report]) -> None:
        promise, _, reject = Promise[int].with_resolvers()
        child = promise.then(str)
        line = sys._getframe().f_lineno - 1
        reject(ValueError("lost"))
        drain()
        del promise, child
        assert f"{__file__}:{line}" in reports[0].message

    def test_the_home_by_name(self, reports: list[Report]) -> None:
        thread = threading.Thread(target=unhandled, name="worker 7")
        thread.start()
        thread.join()

        async def main() -> None:
            unhandled()

        asyncio.run(main())
        assert "worker 7" in reports[0].home
        assert "event loop" in reports[1].home

    def test_a_reason_whose_repr_fails(self, reports: list[Report]) -> None:
        class Awkward(Exception):
            def __repr__(self) -> str:
                raise RuntimeError("no repr")

        Promise.reject(Awkward())
        assert "Awkward" in reports[0].message

    def test_the_traceback_of_the_raise(self, reports: list[Report]) -> None:
        def fail_here(_: object) -> None:
            raise ValueError("lost")

        Promise.resolve().then(fail_here).then(str)
        drain()
        traceback = reports[0].reason.__traceback__
        assert traceback is not None
        assert traceback.tb_frame.f_code.co_name == "fail_here"


def test_a_report_hook_that_fails_in_any_way_is_shown(unraisable: list[BaseException]) -> None:
    previous = set_report_hook(raising(Doom, "hook"))
    promise = Promise[int].with_resolvers(keep_alive=True, on_cancel=raising(ValueError, "reported")).promise
    promise.cancel()
    assert Promise.resolve(1).then().wait(1) == 1
    set_report_hook(previous)
    assert list(map(type, unraisable)) == [Doom]


def test_a_reason_is_shown_once() -> None:
    """Some versions of Python show the cause of what goes to `sys.unraisablehook`, some do not."""
    code = """
    def fail(_):
        raise ValueError("lost " + "here")

    Promise.resolve().then(fail)
    Promise.resolve().then().wait()
    """
    shown = run_script(code).stderr
    assert (shown.count("lost here"), shown.count("in fail"), shown.count("nobody handled it")) == (1, 1, 1)
