"""S9: one cause gives one report with a count, or the first at once and one for the rest; nothing is lost or disordered."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promisepy import Promise, Replies, Report, set_report_hook
from promisepy._core import reports as reporting
from promisepy._core.reports import Gathering

from ..support import PATIENCE, on_a_thread, run_script, turn, turns

MANY = 1300


def told(reports: list[Report]) -> list[tuple[str, int]]:
    return [(report.kind, report.count) for report in reports]


class TestOneCause:
    """Each flood is told in one report, or in two: the first one comes at once, when nobody can know how many follow."""

    def test_a_connection_that_is_lost(self, reports: list[Report]) -> None:
        table = Replies[int, str]()
        for key in range(MANY):
            table[key].then(str)
        table.reject_all(ConnectionError("lost"))
        turn()
        assert told(reports) == [("unhandled", 1), ("unhandled", MANY - 1)]
        assert reports[1].message.startswith(
            "1,299 more promises were rejected with ConnectionError('lost') and nobody"
        )

    def test_a_library_that_goes(self, reports: list[Report]) -> None:
        kept = [Promise[int].with_resolvers() for _ in range(MANY)]
        for d in kept:
            d.promise.then(str)
        kept.clear()
        del d
        turn()
        assert told(reports) == [("broken", 1), ("broken", MANY - 1)]

    def test_a_thread_that_ends_with_handlers_in_its_queue(self, reports: list[Report]) -> None:
        on_a_thread(lambda: [Promise.resolve(1).then(str) for _ in range(MANY)].clear())
        assert told(reports) == [("stuck", MANY)]

    def test_a_thread_that_has_ended_before_its_promises_are_settled(self, reports: list[Report]) -> None:
        made = on_a_thread(lambda: [Promise[int].with_resolvers() for _ in range(MANY)])
        for d in made:
            d.promise.then(str)
            d.resolve(1)
        assert told(reports)[0] == ("stuck", 1)
        made.clear()
        del d
        assert sum(report.count for report in reports) == MANY
        assert len(reports) == 2

    def test_a_loop_that_ends(self, reports: list[Report]) -> None:
        async def main() -> list[Any]:
            error = ValueError("reason")
            held = [Promise.reject(error) for _ in range(MANY)]
            return [held, [Promise.delay(PATIENCE) for _ in range(MANY)]]

        held = asyncio.run(main())
        assert told(reports) == [("unhandled", MANY), ("stuck", MANY)]
        assert reports[0].message.startswith("1,300 promises were rejected with ValueError('reason') and nobody")
        del held

    def test_what_is_pending_at_exit(self) -> None:
        done = run_script(
            """
            held = [Promise.delay(60) for _ in range(1300)]
            handlers = [Promise.delay(60).then(print) for _ in range(1300)]
            set_report_hook(lambda report: print(report.kind, report.count))
            """
        )
        assert (done.stdout.splitlines(), done.stderr) == (["stuck 2600"], "")

    def test_the_default_shows_one_line_for_all(self) -> None:
        done = run_script("error = ValueError('reason')\nheld = [Promise.reject(error) for _ in range(1300)]")
        assert done.stderr.count("nobody handled them") == 1
        assert "1,300 promises were rejected with ValueError" in done.stderr


class TestOrder:
    """Reports come in the order in which things were lost, and none is missing."""

    def test_each_reason_of_its_own_is_reported_at_once(self, reports: list[Report]) -> None:
        for number in range(3):
            Promise.reject(ValueError(number))
        assert [str(report.reason) for report in reports] == ["0", "1", "2"]
        turn()
        assert len(reports) == 3

    def test_what_waits_is_told_before_another_cause(self, reports: list[Report]) -> None:
        one, other = ValueError("one"), ValueError("other")
        for error in (one, one, one, other, one):
            Promise.reject(error)
        assert [(str(report.reason), report.count) for report in reports] == [
            ("one", 1),
            ("one", 2),
            ("other", 1),
            ("one", 1),
        ]
        turn()
        assert len(reports) == 4

    def test_one_more_is_one_more(self, reports: list[Report]) -> None:
        error = ValueError("reason")
        for _ in range(2):
            Promise.reject(error)
        turn()
        assert [report.message.partition(" rejected")[0] for report in reports] == [
            "a promise was",
            "1 more promise was",
        ]

    def test_after_a_turn_the_same_reason_is_news(self, reports: list[Report]) -> None:
        error = ValueError("reason")
        for _ in range(3):
            Promise.reject(error)
            turn()
        assert [report.count for report in reports] == [1, 1, 1]

    def test_a_second_later_it_is_news_though_nothing_runs(
        self, reports: list[Report], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reporting, "SPAN", 0.0)
        error = ValueError("reason")
        for _ in range(3):
            Promise.reject(error)
        assert [report.count for report in reports] == [1, 1, 1]

    def test_a_hook_that_goes_is_told_what_happened_in_its_time(self, reports: list[Report]) -> None:
        later: list[Report] = []
        error = ValueError("reason")
        for _ in range(3):
            Promise.reject(error)
        previous = set_report_hook(later.append)
        Promise.reject(error)
        set_report_hook(previous)
        assert ([report.count for report in reports], [report.count for report in later]) == ([1, 2], [1])

    def test_under_a_loop_the_rest_comes_with_the_next_turn(self, reports: list[Report]) -> None:
        async def main() -> None:
            error = ValueError("reason")
            for _ in range(MANY):
                Promise.reject(error)
            assert told(reports) == [("unhandled", 1)]
            await turns(3)
            assert told(reports) == [("unhandled", 1), ("unhandled", MANY - 1)]

        asyncio.run(main())

    def test_a_home_that_goes_first_tells_the_rest(self, reports: list[Report]) -> None:
        made = on_a_thread(lambda: [Promise[int].with_resolvers() for _ in range(3)])
        error = ValueError("reason")
        while made:
            made.pop().reject(error)
        gc.collect()
        assert told(reports) == [("unhandled", 1), ("unhandled", 2)]

    def test_what_the_hook_itself_loses_for_the_same_cause_is_counted(self) -> None:
        seen: list[Report] = []
        error = ValueError("reason")

        def hook(report: Report) -> None:
            seen.append(report)
            if len(seen) < 3:
                Promise.reject(error)

        previous = set_report_hook(hook)
        try:
            Promise.reject(error)
            turn()
            turn()
        finally:
            set_report_hook(previous)
        assert [report.count for report in seen] == [1, 1, 1]

    @given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["drop", "turn", "thread", "sweep", "hold"]))))
    @settings(max_examples=60, deadline=None)
    def test_the_counts_add_up_whatever_happens(self, steps: list[tuple[str, str]]) -> None:
        seen: list[Report] = []
        errors = {name: ValueError(name) for name in "abc"}
        held: list[Any] = []
        previous = set_report_hook(seen.append)
        try:
            for name, act in steps:
                if act == "thread":
                    on_a_thread(lose, errors[name])
                elif act == "hold":
                    held.append(Promise.reject(errors[name]))
                else:
                    lose(errors[name])
                if act == "turn":
                    turn()
                elif act == "sweep":
                    reporting.sweep()
            held.clear()
            turn()
            gc.collect()
        finally:
            set_report_hook(previous)
        for name in "abc":
            told = sum(report.count for report in seen if str(report.reason) == name)
            assert told == sum(one == name for one, _ in steps)


def lose(error: Exception) -> None:
    Promise.reject(error)


class TestGathering:
    """What ends many promises at once has all of it told at its end."""

    def test_each_cause_and_each_home_has_a_report(self, reports: list[Report]) -> None:
        one, other = ValueError("one"), ValueError("other")
        with Gathering():
            for error in (one, other, one):
                lose(error)
                on_a_thread(lose, error)
            assert reports == []
        assert sorted((str(report.reason), report.count) for report in reports if "Main" in report.home) == [
            ("one", 2),
            ("other", 1),
        ]
        assert sum(report.count for report in reports) == 6

    def test_the_outermost_counts(self, reports: list[Report]) -> None:
        error = ValueError("one")
        with Gathering():
            for _ in range(3):
                with Gathering():
                    lose(error)
            assert reports == []
        assert told(reports) == [("unhandled", 3)]

    def test_an_interrupt_does_not_lose_what_was_gathered(self, reports: list[Report]) -> None:
        with pytest.raises(KeyboardInterrupt), Gathering():
            lose(ValueError("one"))
            raise KeyboardInterrupt
        assert told(reports) == [("unhandled", 1)]


class TestWhereTheyWereMade:
    def test_each_line_is_named_with_its_count(self, debug_mode: None, reports: list[Report]) -> None:
        error = ValueError("reason")
        with Gathering():
            for number in range(5):
                lose(error)
                if number % 2:
                    Promise.reject(error)
        [report] = reports
        assert report.message.count(f"{__file__}:") == 2
        assert ", in lose (5); " in report.message
        assert report.message.endswith(", in test_each_line_is_named_with_its_count (2).")

    def test_without_debug_mode_the_message_says_how_to_see_them(
        self, no_debug_mode: None, reports: list[Report]
    ) -> None:
        with Gathering():
            for error in [ValueError("reason")] * 2:
                lose(error)
        assert reports[0].message.endswith("Set PROMISEPY_DEBUG=1 to see the line that created them.")


@pytest.mark.usefixtures("strict")
def test_strict_mode_tells_of_each_promise(reports: list[Report]) -> None:
    error = ValueError("reason")
    held = [Promise.reject(error) for _ in range(3)]
    turn()
    assert told(reports) == [("unhandled", 1)] * 3
    del held


def test_threads_that_lose_at_once_lose_nothing(hectic: None, reports: list[Report]) -> None:
    error, start = ValueError("reason"), threading.Barrier(4)

    def flood() -> None:
        start.wait(PATIENCE)
        for _ in range(200):
            lose(error)

    def drain() -> None:
        start.wait(PATIENCE)
        for _ in range(50):
            made.append(Promise.reject(error))
            turn(1)

    made: list[Any] = []
    threads = [threading.Thread(target=target) for target in (flood, flood, drain)]
    for thread in threads:
        thread.start()
    start.wait(PATIENCE)
    for thread in threads:
        thread.join(PATIENCE)
    made.clear()
    turn()
    gc.collect()
    assert sum(report.count for report in reports) == 450
