"""What other libraries lose: rejections that nobody handles, and callbacks that their library forgets."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from promisepy import BrokenPromise, Promise, Report, UnhandledRejection, debug, set_report_hook

REASON = ValueError("reason")


def drain() -> None:
    """Run the jobs of this thread; no test here has a longer chain."""
    rung = Promise.resolve()
    for _ in range(20):
        rung = rung.then()
    rung.wait(timeout=10)


def fail(_: Any = None) -> Any:
    raise REASON


def reasons(reports: list[Report]) -> list[BaseException]:
    return [report.reason for report in reports]


@pytest.fixture
def debug_mode() -> Iterator[None]:
    debug.enable()
    yield
    debug.disable()


@pytest.fixture
def strict() -> Iterator[None]:
    debug.enable(strict=True)
    yield
    debug.disable()


class TestUnhandled:
    def test_a_rejection_is_reported_when_its_last_reference_goes(self, reports: list[Report]) -> None:
        promise = Promise.reject(REASON)
        assert reports == []
        del promise
        assert reasons(reports) == [REASON]

    def test_a_rejection_by_a_handler_is_reported_without_a_collection(self, reports: list[Report]) -> None:
        gc.disable()
        try:
            promise = Promise.resolve().then(fail)
            drain()
            assert reports == []
            del promise
            assert reasons(reports) == [REASON]
        finally:
            gc.enable()

    def test_a_rejection_is_reported_once(self, reports: list[Report]) -> None:
        Promise.resolve().then(fail).then(str).then()
        drain()
        gc.collect()
        assert reasons(reports) == [REASON]

    def test_each_branch_that_nobody_handles_is_reported(self, reports: list[Report]) -> None:
        promise = Promise.reject(REASON)
        promise.then(str)
        promise.then(len)
        promise.catch(str)
        del promise
        drain()
        gc.collect()
        assert reasons(reports) == [REASON] * 2

    def test_a_rejection_that_is_handled_late_but_before_it_is_dropped_is_not_reported(
        self, reports: list[Report]
    ) -> None:
        promise, _, reject = Promise[Any].with_resolvers()
        reject(REASON)
        drain()
        gc.collect()
        promise.catch(lambda error: None)
        drain()
        del promise
        assert reports == []

    def test_a_rejection_that_is_held_is_reported_when_its_loop_ends(self, reports: list[Report]) -> None:
        async def main() -> Promise[Any]:
            return Promise.reject(REASON)

        held = asyncio.run(main())
        assert reasons(reports) == [REASON]
        del held
        gc.collect()
        assert reasons(reports) == [REASON]

    def test_the_end_of_a_loop_is_not_the_end_of_what_belongs_to_the_thread(
        self,
        reports: list[Report],
    ) -> None:
        async def main() -> None:
            pass

        held = Promise.reject(REASON)
        asyncio.run(main())
        assert reports == []
        held.catch(str)

    READERS: dict[str, Callable[[Promise[Any]], Any]] = {
        "catch": lambda promise: promise.catch(lambda error: None),
        "catch of its type": lambda promise: promise.catch(ValueError, lambda error: None),
        "then with two handlers": lambda promise: promise.then(None, lambda error: None),
        "reason": lambda promise: promise.reason,
        "outcome": lambda promise: promise.outcome,
        "to_future": lambda promise: promise.to_future(),
        "all_settled": lambda promise: Promise.all_settled([promise]),
        "race that it loses": lambda promise: Promise.race([Promise.resolve(), promise]),
        "any that it loses": lambda promise: Promise.any([Promise.resolve(), promise]),
    }

    @pytest.mark.parametrize("reader", READERS)
    def test_a_rejection_that_somebody_looked_at_is_not_reported(
        self,
        reader: str,
        reports: list[Report],
    ) -> None:
        promise: Promise[Any] = Promise.reject(REASON)
        self.READERS[reader](promise)
        drain()
        del promise
        gc.collect()
        assert reports == []

    def test_a_rejection_that_was_waited_for_is_not_reported(self, reports: list[Report]) -> None:
        with pytest.raises(ValueError, match="reason"):
            Promise.reject(REASON).wait()
        gc.collect()
        assert reports == []

    def test_a_rejection_that_was_awaited_is_not_reported(self, reports: list[Report]) -> None:
        async def main() -> None:
            with pytest.raises(ValueError, match="reason"):
                await Promise.reject(REASON)

        asyncio.run(main())
        gc.collect()
        assert reports == []

    @pytest.mark.parametrize("look", [repr, lambda promise: promise.state, lambda promise: promise.value])
    def test_a_rejection_whose_reason_nobody_saw_is_reported(self, look: Any, reports: list[Report]) -> None:
        look(Promise.reject(REASON))
        assert reasons(reports) == [REASON]

    def test_a_catch_of_another_type_hands_the_duty_on(self, reports: list[Report]) -> None:
        Promise.reject(REASON).catch(OSError, str)
        drain()
        gc.collect()
        assert reasons(reports) == [REASON]

    @pytest.mark.parametrize("combine", [Promise.race, Promise.any, Promise.all], ids=["race", "any", "all"])
    def test_losers_that_reject_later_are_not_reported(self, combine: Any, reports: list[Report]) -> None:
        promise, _, reject = Promise[Any].with_resolvers()
        combine([promise, Promise.resolve(), Promise.reject(KeyError())]).catch(lambda error: None)
        drain()
        reject(REASON)
        del promise
        drain()
        assert reports == []

    def test_a_loser_that_breaks_later_is_not_reported(self, reports: list[Report]) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        Promise.race([promise, Promise.resolve()])
        drain()
        del promise, resolve, reject
        drain()
        assert reports == []

    def test_the_default_under_a_loop_is_its_exception_handler(self) -> None:
        seen: list[dict[str, Any]] = []

        async def main() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: seen.append(context))
            Promise.reject(REASON)

        asyncio.run(main())
        assert [context["exception"] for context in seen] == [REASON]
        assert "nobody handled it" in seen[0]["message"]

    def test_the_default_in_a_script_is_the_hook_for_unraisable_errors(
        self,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        seen: list[Any] = []
        monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: seen.append(unraisable.exc_value))
        Promise.reject(REASON)
        assert [type(error) for error in seen] == [UnhandledRejection]
        assert seen[0].__cause__ is REASON

    def test_a_hook_that_fails_does_not_hurt_whoever_settles(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[Any] = []
        monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: seen.append(type(unraisable.exc_value)))
        previous = set_report_hook(lambda report: 1 / 0)
        try:
            Promise.reject(REASON)
        finally:
            assert set_report_hook(previous) is not None
        assert seen == [ZeroDivisionError]

    def test_a_report_tells_what_and_where(self, debug_mode: None, reports: list[Report]) -> None:
        Promise.reject(REASON)
        [report] = reports
        assert report.kind == "unhandled"
        assert "ValueError('reason')" in report.message
        assert f"{__file__}:" in report.message
        assert "thread 'MainThread'" in report.home


class TestStrict:
    def test_a_rejection_is_reported_when_the_queue_runs_empty(
        self,
        strict: None,
        reports: list[Report],
    ) -> None:
        held = Promise.reject(REASON)
        assert reports == []
        drain()
        assert reasons(reports) == [REASON]
        held.catch(lambda error: None)
        drain()
        assert reasons(reports) == [REASON]

    def test_a_rejection_that_is_handled_before_is_not_reported(
        self,
        strict: None,
        reports: list[Report],
    ) -> None:
        promise = Promise.reject(REASON)
        promise.catch(lambda error: None)
        drain()
        del promise
        assert reports == []

    def test_a_rejection_that_a_handler_handles_in_the_same_turn_is_not_reported(
        self, strict: None, reports: list[Report]
    ) -> None:
        held = Promise.resolve().then(fail)
        Promise.resolve().then().then().then(lambda _: held.catch(lambda error: None))
        drain()
        assert reports == []

    def test_under_a_loop_it_works_alike(self, strict: None, reports: list[Report]) -> None:
        async def main() -> tuple[int, Promise[Any]]:
            held = Promise.resolve().then(fail)
            for _ in range(3):
                await asyncio.sleep(0)
            return len(reports), held

        count, _ = asyncio.run(main())
        assert count == 1
        assert reasons(reports) == [REASON]


class TestBroken:
    """When the library drops its callbacks, the promise says so instead of staying pending for good."""

    def test_dropping_both_functions_rejects_at_once(self) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        del resolve
        assert promise.state == "pending"
        del reject
        assert isinstance(promise.reason, BrokenPromise)

    def test_an_executor_that_keeps_nothing_breaks_its_promise(self) -> None:
        promise = Promise[Any](lambda resolve, reject: None)
        assert isinstance(promise.reason, BrokenPromise)

    def test_keeping_one_of_the_functions_is_enough(self) -> None:
        for keep in (1, 2):
            resolvers = Promise[Any].with_resolvers()
            promise, kept = resolvers[0], resolvers[keep]
            del resolvers
            gc.collect()
            assert promise.state == "pending"
            promise.catch(str)
            kept(REASON)

    def test_a_function_that_was_called_may_go(self) -> None:
        other, resolve_other, _ = Promise[int].with_resolvers()
        promise, resolve, reject = Promise[int].with_resolvers()
        resolve(other)
        del resolve, reject
        gc.collect()
        drain()
        assert promise.state == "pending"
        resolve_other(1)
        assert promise.wait(timeout=10) == 1

    def test_handlers_and_waiters_see_it(self) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        child = promise.then(str).catch(BrokenPromise, lambda error: "broken")
        del promise, resolve, reject
        assert child.wait(timeout=10) == "broken"

    def test_functions_that_refer_to_themselves_break_it_when_they_are_collected(self) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        cycle: list[Any] = [resolve, reject]
        cycle.append(cycle)
        del resolve, reject, cycle
        gc.collect()
        assert isinstance(promise.reason, BrokenPromise)

    def test_a_library_that_holds_callbacks_weakly_needs_keep_alive(self) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers(keep_alive=True)
        del resolve, reject
        gc.collect()
        assert promise.state == "pending"

    def test_a_thread_that_drops_them_wakes_a_wait(self) -> None:
        library: list[Any] = []
        promise = Promise[Any](lambda resolve, reject: library.append((resolve, reject)))
        thread = threading.Thread(target=library.clear)
        thread.start()
        with pytest.raises(BrokenPromise):
            promise.wait(timeout=10)
        thread.join()

    def test_a_promise_that_nobody_wants_goes_in_silence(self, reports: list[Report]) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        del promise, resolve, reject
        gc.collect()
        assert reports == []

    def test_one_that_somebody_waits_for_in_vain_is_reported_as_broken(self, reports: list[Report]) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        promise.then(str)
        del promise, resolve, reject
        drain()
        assert [report.kind for report in reports] == ["broken"]

    def test_the_message_names_the_line_and_the_way_out(self, debug_mode: None) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        line = sys._getframe().f_lineno - 1
        del resolve, reject
        assert f"{__file__}:{line}" in str(promise.reason)
        assert "keep_alive=True" in str(promise.reason)

    def test_without_debug_mode_the_message_says_how_to_see_the_line(self) -> None:
        debug.disable()
        promise = Promise[Any](lambda resolve, reject: None)
        assert "PROMISEPY_DEBUG=1" in str(promise.reason)
