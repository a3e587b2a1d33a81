"""The explorer finds planted races; otherwise its silence about promisepy would mean nothing."""

from __future__ import annotations

import ast
from collections import deque
from pathlib import Path

import pytest

from .explorer import Race, explorer, step

HERE = frozenset({__file__})


class Counter:
    def __init__(self) -> None:
        self.value = 0

    def increment(self) -> None:
        value = self.value
        self.value = value + 1


class Twice:
    """Wrong only if each of the threads is stopped once."""

    def __init__(self) -> None:
        self.value = 0
        self.seen: tuple[int, int] | None = None

    def write(self) -> None:
        self.value = 1
        self.value = 2

    def read(self) -> None:
        first = self.value
        second = self.value
        self.seen = first, second


class Mailbox:
    """A sleeper that looks before it says that it sleeps."""

    def __init__(self) -> None:
        self.letters: deque[str] = deque()
        self.sleeps = False
        self.rung = False

    def post(self) -> None:
        self.letters.append("letter")
        if self.sleeps:
            self.rung = True


def counter_race() -> Race:
    counter = Counter()

    def check() -> None:
        assert counter.value == 2

    return Race((counter.increment, counter.increment), check)


@pytest.mark.parametrize("opcodes", [True, False], ids=["opcodes", "lines"])
def test_a_lost_update_is_found(opcodes: bool) -> None:
    with explorer(2, opcodes=opcodes, watched=HERE) as search, pytest.raises(AssertionError) as caught:
        search.explore(counter_race)
    assert caught.value.__notes__[0].startswith("schedule ")


def test_no_preemption_finds_nothing_in_code_that_is_only_racy() -> None:
    with explorer(2, preemptions=0, watched=HERE) as search:
        assert search.explore(counter_race) == 2


def test_only_lanes_that_may_be_stopped_are() -> None:
    with explorer(2, stopped=(), watched=HERE) as search:
        assert search.explore(counter_race) == 2
    with explorer(2, stopped=(1,), watched=HERE) as search, pytest.raises(AssertionError) as caught:
        search.explore(counter_race)
    assert "(1, " in caught.value.__notes__[0]


def test_two_preemptions_find_what_one_does_not() -> None:
    def make() -> Race:
        twice = Twice()

        def check() -> None:
            assert twice.seen != (0, 1)

        return Race((twice.write, twice.read), check)

    with explorer(2, preemptions=1, watched=HERE) as search:
        search.explore(make)
    with explorer(2, preemptions=2, watched=HERE) as search, pytest.raises(AssertionError):
        search.explore(make)


@pytest.mark.parametrize("watched", [HERE, frozenset[str]()], ids=["stopped before lines", "stopped by itself"])
def test_every_schedule_is_run_once(watched: frozenset[str]) -> None:
    orders: list[str] = []
    stop = bool if watched else step

    def make() -> Race:
        order: list[str] = []

        def program(name: str) -> None:
            order.append(name)
            stop()
            order.append(name)
            stop()
            order.append(name)

        return Race((lambda: program("a"), lambda: program("b")), lambda: orders.append("".join(order)))

    with explorer(2, preemptions=6, opcodes=False, watched=watched) as search:
        count = search.explore(make)
    assert count == len(orders)
    # Twenty ways to merge aaa with bbb; which of them need a stop elsewhere does not matter.
    assert len(set(orders)) == 20


def test_a_lost_wake_up_is_a_deadlock() -> None:
    def make() -> Race:
        mailbox = Mailbox()

        def sleep() -> None:
            if not mailbox.letters:
                mailbox.sleeps = True
                search.lanes[0].block(lambda: mailbox.rung)

        return Race((sleep, mailbox.post), lambda: None)

    with explorer(2, watched=HERE) as search, pytest.raises(AssertionError, match="deadlock"):
        search.explore(make)


def test_a_schedule_that_was_found_is_replayed_and_shown() -> None:
    shown: list[str] = []
    with explorer(2, opcodes=False, watched=HERE) as search:
        with pytest.raises(AssertionError) as caught:
            search.explore(counter_race)
        plan = ast.literal_eval(caught.value.__notes__[0].partition(": ")[2])
        with pytest.raises(AssertionError, match="1 == 2"):
            search.replay(counter_race, plan, shown.append)
    read, write = "value = self.value", "self.value = value + 1"
    lanes = [(line[5], line.split(maxsplit=5)[5]) for line in shown]
    first, second = plan[0][0], plan[1][0]
    assert str(first) != str(second)
    assert lanes == [(str(first), read), (str(second), read), (str(second), write), (str(first), write)]


@pytest.mark.parametrize(("plan", "lanes"), [([(0, None)], "01"), ([(1, None)], "10"), ([(1, 1), (0, None)], "01")])
def test_a_replay_follows_the_plan_and_then_takes_one_lane_after_the_other(
    plan: list[tuple[int, int | None]], lanes: str
) -> None:
    shown: list[str] = []
    with explorer(2, watched=frozenset()) as search:
        search.replay(
            lambda: Race((lambda: step(), lambda: step()), lambda: None), plan, shown.append
        )  # a lambda, so that the step has a caller in this file
        search.explore(lambda: Race((step, step), lambda: None))
    assert [(line[5], Path(__file__).name in line) for line in shown] == [(lane, True) for lane in lanes]
