"""S13: `cancel` settles at once, takes any reason, and tells whether there was something to give up."""

from __future__ import annotations

import asyncio
import concurrent.futures
import signal
import sys
import threading
from typing import Any
from unittest.mock import Mock

import pytest

from promisepy import Cancelled, Promise, Report
from promisepy._core.reports import settings

from ..support import PATIENCE, on_a_thread, turn
from .helpers import Work, fail, is_cancelled


class TestState:
    """The promise is rejected before `cancel` returns; everything else comes later."""

    def test_is_rejected_at_once(self) -> None:
        work = Work()
        assert work.promise.cancel() is True
        assert work.promise.state == "rejected"
        assert isinstance(work.promise.reason, Cancelled)

    def test_is_rejected_at_once_in_another_thread(self) -> None:
        work = Work()
        on_a_thread(work.promise.cancel)
        assert is_cancelled(work.promise)

    def test_no_handler_and_no_producer_runs_inside_cancel(self) -> None:
        work, seen = Work(), list[object]()
        child = work.promise.catch(seen.append)
        work.promise.cancel()
        assert (seen, work.stopped) == ([], [])
        child.wait(timeout=PATIENCE)
        assert seen == [work.promise.reason]

    def test_all_promises_above_that_go_along_are_rejected_at_once(self) -> None:
        work = Work()
        chain = [work.promise]
        for _ in range(5):
            chain.append(chain[-1].then())
        chain[-1].cancel("all of it")
        assert [promise.state for promise in chain] == ["rejected"] * 6
        assert {id(promise.reason) for promise in chain} == {id(chain[0].reason)}

    def test_shows_in_the_representation(self) -> None:
        work = Work()
        work.promise.cancel("too slow")
        assert repr(work.promise).startswith("<Promise rejected: Cancelled('too slow')")

    @pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")
    def test_works_in_a_signal_handler_that_interrupts_a_wait(self) -> None:
        work = Work()
        previous = signal.signal(signal.SIGALRM, lambda *_: work.promise.cancel("alarm"))
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            with pytest.raises(Cancelled, match="alarm"):
                work.promise.wait(timeout=PATIENCE)
        finally:
            signal.signal(signal.SIGALRM, previous)
        assert work.stops == 1


class TestAnswer:
    """True means that there was something to cancel, and that it is cancelled now."""

    def test_the_second_call_says_no_and_keeps_the_first_reason(self) -> None:
        work = Work()
        assert [work.promise.cancel("first"), work.promise.cancel("second")] == [True, False]
        assert work.promise.reason is not None
        assert work.promise.reason.args == ("first",)
        assert work.stops == 1

    def test_a_fulfilled_promise_stays_fulfilled(self) -> None:
        work = Work()
        work.resolve(5)
        assert work.promise.cancel() is False
        assert (work.promise.state, work.promise.value, work.stops) == ("fulfilled", 5, 0)

    def test_a_rejected_promise_keeps_its_reason(self) -> None:
        reason = ValueError("reason")
        promise = Promise.reject(reason)
        assert promise.cancel() is False
        assert promise.reason is reason

    def test_a_rejection_that_could_not_be_cancelled_is_still_reported(self, reports: list[Report]) -> None:
        promise = Promise.reject(ValueError("reason"))
        promise.cancel()
        del promise
        assert [type(report.reason) for report in reports] == [ValueError]
        reports.clear()

    def test_a_rejection_that_was_handed_on_to_it_is_not_reported(self, reports: list[Report]) -> None:
        rejected = Promise.reject(ValueError("reason"))
        promise, resolve, _ = Promise[Any].with_resolvers()
        resolve(rejected)
        promise.cancel()
        del rejected
        assert reports == []

    def test_one_of_several_threads_is_told_yes(self) -> None:
        for _ in range(50):
            work, answers, start = Work(), list[bool](), threading.Barrier(3)

            def cancel() -> None:
                start.wait(PATIENCE)
                answers.append(work.promise.cancel())

            threads = [threading.Thread(target=cancel) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
            assert sorted(answers) == [False, False, True]
            assert work.stops == 1


class TestReason:
    """A `Cancelled` is used as it is; anything else is put into one."""

    def test_without_a_reason_there_is_a_text(self) -> None:
        work = Work()
        work.promise.cancel()
        assert str(work.promise.reason) == "the promise was cancelled"

    @pytest.mark.parametrize("given", ["too slow", 5, ("a", "b"), "", 0, ValueError])
    def test_an_object_is_its_argument(self, given: Any) -> None:
        work = Work()
        work.promise.cancel(given)
        reason = work.promise.reason
        assert isinstance(reason, Cancelled)
        assert (reason.args, reason.__cause__) == ((given,), None)

    @pytest.mark.parametrize(
        "given",
        [ValueError("no"), asyncio.CancelledError("stop"), concurrent.futures.CancelledError(), KeyboardInterrupt()],
    )
    def test_an_exception_is_its_cause(self, given: BaseException) -> None:
        work = Work()
        work.promise.cancel(given)
        reason = work.promise.reason
        assert type(reason) is Cancelled
        assert (reason.args, reason.__cause__) == ((given,), given)

    def test_a_cancelled_of_the_users_own_is_used_as_it_is(self) -> None:
        class TooSlow(Cancelled):
            pass

        work, mine = Work(), TooSlow("mine")
        last = work.promise.then().then()
        last.cancel(mine)
        assert work.promise.reason is mine
        assert last.reason is mine
        assert mine.__cause__ is None

    def test_no_traceback_is_made_of_a_cancellation_that_was_not_raised(self) -> None:
        work = Work()
        work.promise.cancel()
        assert work.promise.reason is not None
        assert work.promise.reason.__traceback__ is None

    def test_a_catch_of_the_class_takes_it(self) -> None:
        work = Work()
        caught = work.promise.catch(ValueError, lambda _: "no").catch(Cancelled, lambda error: error.args)
        work.promise.cancel("why")
        assert caught.wait(timeout=PATIENCE) == ("why",)


class TestSettledAlready:
    """What has settled is not touched, although its handlers have not run yet."""

    def test_queued_handlers_run(self) -> None:
        work, seen = Work(), list[int]()
        child = work.promise.then(seen.append)
        work.resolve(5)
        assert work.promise.cancel() is False
        child.wait(timeout=PATIENCE)
        assert seen == [5]

    def test_a_queued_handler_of_a_cancelled_promise_does_not_run(self) -> None:
        work, seen = Work(), list[int]()
        child = work.promise.then(seen.append)
        work.resolve(5)
        assert child.cancel() is True
        turn()
        assert seen == []
        assert is_cancelled(child)

    def test_a_promise_that_will_be_rejected_is_pending_and_can_be_cancelled(self) -> None:
        child = Promise.resolve(1).then(fail)
        assert child.cancel() is True
        turn()
        assert is_cancelled(child)

    def test_the_producer_of_a_settled_promise_is_never_told(self) -> None:
        work = Work()
        child = work.promise.then()
        work.resolve(5)
        child.cancel()
        assert work.stops == 0


class TestLate:
    """A result that comes after the cancellation is ignored, and so is its failure."""

    @pytest.mark.parametrize("fails", [False, True])
    def test_the_outcome_stays(self, fails: bool) -> None:
        work = Work()
        work.promise.cancel("first")
        reason = work.promise.reason
        work.reject(ValueError("late")) if fails else work.resolve("late")
        turn()
        assert work.promise.reason is reason

    def test_a_late_rejection_is_not_reported(self, reports: list[Report]) -> None:
        work = Work()
        work.promise.cancel()
        work.reject(ValueError("late"))
        del work
        assert reports == []

    @pytest.mark.parametrize("shows", [False, True])
    def test_what_the_start_raises_after_a_cancellation_is_shown_in_debug_mode_only(
        self, shows: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shown: list[object] = []
        monkeypatch.setattr(sys, "unraisablehook", lambda args: shown.append(args.exc_value))
        monkeypatch.setattr(settings, "sites", shows)
        error = ValueError("too late")

        def start(d: Any) -> None:
            d.promise.cancel()
            raise error

        assert is_cancelled(Promise[int].create(start))
        assert shown == ([error] if shows else [])

    def test_dropped_resolving_functions_do_not_break_it_again(self, reports: list[Report]) -> None:
        d = Promise[int].with_resolvers()
        promise = d.promise
        promise.cancel()
        del d
        assert is_cancelled(promise)
        assert reports == []

    def test_a_dropped_cancellation_is_not_reported(self, mode: str, reports: list[Report]) -> None:
        work = Work()
        child = work.promise.then()
        child.cancel("why")
        turn()
        del work, child
        assert reports == []


@pytest.mark.parametrize("spec", [Cancelled, ValueError])
def test_cancel_with_a_mock_of_an_exception_holds_it(spec: type) -> None:
    promise = Promise[int].with_resolvers(keep_alive=True).promise
    assert promise.cancel(Mock(spec=spec))
    assert type(promise.reason) is Cancelled
    assert promise.reason.__cause__ is None
