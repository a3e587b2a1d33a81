"""S9: which rejections count as handled; any other one is reported, once."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise, Report, UnhandledRejection, set_report_hook

from ..support import turn

REASON = ValueError("reason")


def fail(_: Any = None) -> Any:
    raise REASON


def reasons(reports: list[Report]) -> list[BaseException]:
    return [report.reason for report in reports]


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
            turn()
            assert reports == []
            del promise
            assert reasons(reports) == [REASON]
        finally:
            gc.enable()

    def test_a_rejection_is_reported_once(self, reports: list[Report]) -> None:
        Promise.resolve().then(fail).then(str).then()
        turn()
        gc.collect()
        assert reasons(reports) == [REASON]

    def test_each_branch_that_nobody_handles_is_reported(self, reports: list[Report]) -> None:
        promise = Promise.reject(REASON)
        promise.then(str)
        promise.then(len)
        promise.catch(str)
        del promise
        turn()
        gc.collect()
        assert reasons(reports) == [REASON] * 2

    def test_a_rejection_that_is_handled_late_but_before_it_is_dropped_is_not_reported(
        self, reports: list[Report]
    ) -> None:
        promise, _, reject = Promise[Any].with_resolvers()
        reject(REASON)
        turn()
        gc.collect()
        promise.catch(lambda error: None)
        turn()
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
        turn()
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
        turn()
        gc.collect()
        assert reasons(reports) == [REASON]

    @pytest.mark.parametrize("combine", [Promise.race, Promise.any, Promise.all], ids=["race", "any", "all"])
    def test_losers_that_reject_later_are_not_reported(self, combine: Any, reports: list[Report]) -> None:
        promise, _, reject = Promise[Any].with_resolvers()
        combine([promise, Promise.resolve(), Promise.reject(KeyError())]).catch(lambda error: None)
        turn()
        reject(REASON)
        del promise
        turn()
        assert reports == []

    def test_a_loser_that_breaks_later_is_not_reported(self, reports: list[Report]) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        Promise.race([promise, Promise.resolve()])
        turn()
        del promise, resolve, reject
        turn()
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
