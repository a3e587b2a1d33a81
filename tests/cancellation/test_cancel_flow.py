"""S13: a cancellation flows down like any rejection, through handlers, combinators, waits and foreign futures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Cancelled, Fulfilled, Promise, Rejected, Report

from ..support import PATIENCE, on_a_thread, turn
from .helpers import Work, fail, is_cancelled


class TestHandlers:
    """`then` and `catch` see `Cancelled` as they see any reason."""

    def test_a_fulfilment_handler_is_skipped_and_the_reason_passes_on(self) -> None:
        work, seen = Work(), list[object]()
        last = work.promise.then(seen.append).then(seen.append)
        work.promise.cancel("why")
        with pytest.raises(Cancelled, match="why") as caught:
            last.wait(timeout=PATIENCE)
        assert caught.value is work.promise.reason
        assert seen == []

    def test_a_rejection_handler_recovers(self) -> None:
        work = Work()
        child = work.promise.then(str, lambda error: type(error).__name__)
        work.promise.cancel()
        assert child.wait(timeout=PATIENCE) == "Cancelled"

    def test_a_bare_catch_takes_it_since_it_is_an_exception(self) -> None:
        work = Work()
        child = work.promise.catch(lambda error: error.args[0])
        work.promise.cancel("why")
        assert child.wait(timeout=PATIENCE) == "why"

    def test_a_handler_that_raises_it_again_passes_on_the_same_object(self) -> None:
        def again(error: BaseException) -> None:
            raise error

        work = Work()
        child = work.promise.catch(again)
        work.promise.cancel()
        turn()
        assert child.reason is work.promise.reason

    def test_a_handler_that_raises_cancelled_itself_is_not_reported(self, reports: list[Report]) -> None:
        def give_up(_: object) -> None:
            raise Cancelled("enough")

        Promise.resolve(1).then(give_up)
        turn()
        assert reports == []

    def test_reactions_run_in_the_order_in_which_they_were_left(self) -> None:
        work, log = Work(), list[str]()
        work.promise.catch(lambda _: log.append("first")).then(lambda _: log.append("its child"))
        work.promise.finally_(lambda: log.append("second")).catch(lambda _: None)
        work.promise.then(None, lambda _: log.append("third"))
        work.promise.cancel()
        work.promise.catch(lambda _: log.append("late"))
        turn()
        assert log[:4] == ["first", "second", "third", "late"]
        assert log[4:] == ["its child"]

    def test_a_promise_that_is_cancelled_between_two_others_parts_them(self) -> None:
        work, seen = Work(), list[object]()
        middle = work.promise.then(lambda value: seen.append(value))
        last = middle.catch(Cancelled, lambda _: "given up")
        aside = work.promise.then(lambda value: value + 1)
        middle.cancel()
        work.resolve(1)
        assert (aside.wait(timeout=PATIENCE), last.wait(timeout=PATIENCE), seen) == (2, "given up", [])

    def test_what_is_left_on_a_cancelled_promise_later_sees_the_reason(self) -> None:
        work = Work()
        work.promise.cancel("why")
        assert work.promise.catch(lambda error: error.args).wait(timeout=PATIENCE) == ("why",)

    def test_a_handler_that_is_at_work_when_its_promise_is_cancelled_runs_to_its_end(self) -> None:
        log: list[str] = []

        def handler(_: int) -> str:
            log.append("begins")
            assert child.cancel() is True
            log.append("ends")
            return "late"

        child: Promise[str] = Promise.resolve(1).then(handler)
        turn()
        assert log == ["begins", "ends"]
        assert is_cancelled(child)

    @pytest.mark.parametrize("others", [0, 1])
    def test_what_such_a_handler_returns_is_cancelled_unless_others_depend_on_it(self, others: int) -> None:
        def handler(_: int) -> Promise[Any]:
            assert child.cancel() is True
            return work.promise

        work = Work()
        _kept = [work.promise.then() for _ in range(others)]
        child: Promise[Any] = Promise.resolve(1).then(handler)
        turn()
        assert (is_cancelled(work.promise), work.stops) == ((True, 1) if not others else (False, 0))

    def test_an_error_of_a_handler_whose_promise_was_cancelled_meanwhile_is_reported(
        self, reports: list[Report]
    ) -> None:
        child: Promise[Any] = Promise.resolve(1).then(lambda _: fail(child.cancel()))
        turn()
        assert is_cancelled(child)
        assert [(report.kind, type(report.reason)) for report in reports] == [("unhandled", ValueError)]
        reports.clear()

    def test_that_it_gives_up_as_well_is_not_reported(self, reports: list[Report]) -> None:
        def give_up(_: object) -> None:
            child.cancel()
            raise Cancelled("enough")

        child: Promise[Any] = Promise.resolve(1).then(give_up)
        turn()
        assert is_cancelled(child)
        assert reports == []


class TestFinally:
    """The callback runs whatever is cancelled, once, when the source has settled."""

    @pytest.mark.parametrize("which", ["source", "result"])
    def test_it_runs_once(self, which: str) -> None:
        work, log = Work(), list[str]()
        result = work.promise.finally_(lambda: log.append("closed"))
        (work.promise if which == "source" else result).cancel("why")
        turn()
        assert log == ["closed"]
        assert (is_cancelled(work.promise), is_cancelled(result), work.stops) == (True, True, 1)
        assert result.reason is work.promise.reason

    def test_it_waits_for_a_source_that_others_keep(self) -> None:
        work, log = Work(), list[str]()
        result = work.promise.finally_(lambda: log.append("closed"))
        other = work.promise.then(lambda value: log.append(f"value {value}"))
        assert result.cancel()
        turn()
        assert (log, work.promise.state) == ([], "pending")
        work.resolve(1)
        other.wait(timeout=PATIENCE)
        assert log == ["closed", "value 1"]
        assert is_cancelled(result)

    def test_a_cancelled_one_does_not_keep_its_source(self) -> None:
        work = Work()
        kept, other = work.promise.finally_(lambda: None), work.promise.then()
        kept.cancel()
        other.cancel()
        assert is_cancelled(work.promise)

    @pytest.mark.parametrize(
        "which",
        ["source", "result"],
    )
    def test_each_of_a_chain_runs_from_the_top_down(self, which: str) -> None:
        work, log = Work(), list[int]()
        last = work.promise
        for number in range(4):
            last = last.finally_(lambda number=number: log.append(number))
        (work.promise if which == "source" else last).cancel()
        turn(20)
        assert log == [0, 1, 2, 3]

    def test_the_promise_that_the_callback_returned_goes_on(self) -> None:
        closing, log = Work(), list[str]()
        result = Promise.resolve(1).finally_(lambda: closing.promise.then(lambda _: log.append("closed")))
        turn()
        assert result.cancel()
        assert (closing.promise.state, closing.stops) == ("pending", 0)
        closing.resolve(None)
        turn()
        assert log == ["closed"]
        assert is_cancelled(result)

    def test_the_promise_that_the_callback_returned_is_wanted(self) -> None:
        closing = Work()
        result = Promise.resolve(1).finally_(lambda: closing.promise)
        turn()
        closing.promise.then().cancel()
        assert closing.promise.state == "pending"
        closing.resolve(None)
        assert result.wait(timeout=PATIENCE) == 1

    def test_what_a_late_callback_raises_is_reported(self, reports: list[Report]) -> None:
        work = Work()
        result = work.promise.finally_(fail)
        result.cancel()
        turn()
        assert is_cancelled(result)
        assert [(report.kind, str(report.reason)) for report in reports] == [("unhandled", "reason")]
        reports.clear()

    def test_what_a_callback_that_was_waited_for_is_rejected_with_is_reported(self, reports: list[Report]) -> None:
        closing = Work()
        result = Promise.resolve(1).finally_(lambda: closing.promise)
        turn()
        result.cancel()
        closing.reject(ValueError("reason"))
        turn()
        assert [str(report.reason) for report in reports] == ["reason"]
        reports.clear()

    def test_what_a_late_callback_is_rejected_with_is_reported(self, reports: list[Report]) -> None:
        work, closing = Work(), Work()
        result = work.promise.finally_(lambda: closing.promise)
        result.cancel()
        turn()
        closing.reject(ValueError("reason"))
        turn()
        seen = [str(report.reason) for report in reports]
        reports.clear()
        assert seen == ["reason"]


def outcomes(promise: Promise[Any]) -> Any:
    """Give what a combinator made of its inputs."""
    return promise.catch(lambda error: error).wait(timeout=PATIENCE)


class TestCombinators:
    """An input that somebody cancels is a rejected one; the other inputs are left alone."""

    @pytest.mark.parametrize("combine", [Promise.all, Promise.race])
    def test_all_and_race_take_it(self, combine: Callable[..., Promise[Any]]) -> None:
        one, other = Work(), Work()
        result = combine([other.promise, one.promise])
        one.promise.cancel("why")
        assert outcomes(result) is one.promise.reason
        assert (other.promise.state, other.stops) == ("pending", 0)

    def test_all_keyed_takes_it(self) -> None:
        one, other = Work(), Work()
        result = Promise.all_keyed({"a": other.promise, "b": one.promise})
        one.promise.cancel("why")
        assert outcomes(result) is one.promise.reason
        assert other.promise.state == "pending"

    def test_all_settled_notes_it(self) -> None:
        one, other = Work(), Work()
        result = Promise.all_settled((one.promise, other.promise))
        one.promise.cancel("why")
        other.resolve(5)
        assert one.promise.reason is not None
        assert result.wait(timeout=PATIENCE) == (Rejected(one.promise.reason), Fulfilled(5))

    def test_any_waits_for_a_value_and_else_counts_it_among_the_reasons(self) -> None:
        works = [Work(), Work(), Work()]
        first = Promise.any([work.promise for work in works])
        last = Promise.any([work.promise for work in works[:2]])
        works[0].promise.cancel("a")
        works[1].promise.cancel("b")
        assert [error.args for error in outcomes(last).exceptions] == [("a",), ("b",)]
        works[2].resolve(3)
        assert outcomes(first) == 3


class TestFollowing:
    """A promise that follows a cancelled one is rejected with its reason."""

    def test_a_follower_hears_of_it(self) -> None:
        work, outer = Work(), Work()
        outer.resolve(work.promise)
        work.promise.cancel("why")
        turn()
        assert outer.promise.reason is work.promise.reason
        assert outer.stops == 0

    def test_a_handlers_promise_hears_of_it(self) -> None:
        work = Work()
        child = Promise.resolve(1).then(lambda _: work.promise)
        turn()
        work.promise.cancel("why")
        turn()
        assert child.reason is work.promise.reason

    def test_shields_and_timeouts_hand_it_on(self) -> None:
        work = Work()
        results = [work.promise.shield(), work.promise.timeout(PATIENCE)]
        work.promise.cancel("why")
        turn()
        assert [result.reason is work.promise.reason for result in results] == [True, True]


class TestWaiting:
    """`wait` raises the reason in every thread that waits."""

    def test_in_other_threads(self) -> None:
        work, caught, ready = Work(), list[BaseException](), threading.Barrier(4)

        def wait() -> None:
            ready.wait(PATIENCE)
            with pytest.raises(Cancelled, match="why") as error:
                work.promise.wait(timeout=PATIENCE)
            caught.append(error.value)

        threads = [threading.Thread(target=wait) for _ in range(3)]
        for thread in threads:
            thread.start()
        ready.wait(PATIENCE)
        work.promise.cancel("why")
        for thread in threads:
            thread.join(PATIENCE)
        assert [error is work.promise.reason for error in caught] == [True] * 3

    def test_in_the_thread_whose_handler_cancels(self) -> None:
        work = Work()
        Promise.resolve().then(lambda _: work.promise.cancel("why"))
        with pytest.raises(Cancelled, match="why"):
            work.promise.wait(timeout=PATIENCE)

    def test_in_a_thread_that_sleeps(self) -> None:
        work = Work()
        timer = threading.Timer(0.01, work.promise.cancel, ["why"])
        timer.start()
        with pytest.raises(Cancelled, match="why"):
            work.promise.wait(timeout=PATIENCE)
        timer.join(PATIENCE)
        on_a_thread(lambda: pytest.raises(Cancelled, work.promise.wait))
