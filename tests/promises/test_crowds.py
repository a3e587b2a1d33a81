"""Very many reactions on one promise: each leaves at a cost that does not grow, and their order stays (S1, S15)."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from promisepy import Promise, Report
from promisepy._core.cell import UNSETTLED, Cell, Reaction
from promisepy._core.crowd import FEW, Crowd, each
from promisepy._core.jobs import Home

from ..support import dependants, on_a_thread, turn

MANY = 3000


@pytest.fixture(autouse=True)
def _quiet(reports: list[Report]) -> Iterator[None]:
    yield
    gc.collect()


class Bench(Home):
    """A home that runs nothing by itself."""

    def arm(self) -> None:
        self.armed = True


class Note(Reaction):
    """Counts how often it is asked whether it depends, and notes when it runs."""

    asked = 0

    def __init__(self, home: Home, source: Cell, log: list[Note]) -> None:
        self._home, self._source, self.log, self.wants = home, source, log, True

    def _run(self) -> None:
        if self._source is not None:
            self._source = None
            self.log.append(self)

    def _depends(self) -> bool:
        Note.asked += 1
        return self.wants


class Crowds(RuleBasedStateMachine):
    """Reactions come and go in any order, on two homes; then the promise settles."""

    @initialize(fails=st.booleans())
    def begin(self, fails: bool) -> None:
        self.homes = Bench(), Bench()
        self.cell = Cell()
        self.cell._begin(self.homes[0])
        self.log: list[Note] = []
        self.expected: list[Note] = []  # in the order in which they came
        self.fails, self.is_settled = fails, False

    @rule(count=st.sampled_from([1, 2, FEW - 1, FEW, 500]), home=st.integers(0, 1))
    def come(self, count: int, home: int) -> None:
        for _ in range(count):
            note = Note(self.homes[home], self.cell, self.log)
            self.cell._subscribe(note)
            self.expected.append(note)

    @precondition(lambda self: self.expected and not self.is_settled)
    @rule(data=st.data(), count=st.sampled_from([1, 5, FEW, 400]))
    def leave(self, data: st.DataObject, count: int) -> None:
        start = data.draw(st.integers(0, len(self.expected) - 1))
        leaving = self.expected[start : start + count]
        if data.draw(st.booleans()):
            leaving.reverse()
        for note in leaving:
            note._detach()
            note._detach()  # a second time changes nothing
        del self.expected[start : start + count]

    @precondition(lambda self: self.expected and not self.is_settled)
    @rule(data=st.data())
    def want_no_more(self, data: st.DataObject) -> None:
        start = data.draw(st.integers(0, len(self.expected) - 1))
        for note in self.expected[start : start + 300]:
            note.wants = False

    @precondition(lambda self: not self.is_settled)
    @rule()
    def settle(self) -> None:
        self.is_settled = True
        if self.fails:
            self.cell._observe()
            self.cell._reject(ValueError(), None)
        else:
            self.cell._fulfil(1)
        for home in self.homes:
            while home.jobs:
                home.drain()

    @invariant()
    def it_holds_those_that_stayed_and_tells_whether_anybody_wants_it(self) -> None:
        if not self.is_settled:
            assert [one for one in each(self.cell._reactions) if one is not UNSETTLED] == self.expected
            assert self.cell._is_wanted() == any(note.wants for note in self.expected)
            assert len(self.cell._reactions or ()) <= FEW + 2

    def teardown(self) -> None:
        if hasattr(self, "cell"):
            if not self.is_settled:
                self.settle()
            for home in self.homes:
                while home.jobs:
                    home.drain()
                assert [note for note in self.log if note._home is home] == [
                    note for note in self.expected if note._home is home
                ]


TestCrowds = Crowds.TestCase
TestCrowds.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


ORDERS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "first in, first out": list,
    "last in, first out": lambda all_: all_[::-1],
    "from both ends": lambda all_: [all_[n // 2 if n % 2 else -1 - n // 2] for n in range(len(all_))],
    "any": lambda all_: random.Random(1).sample(all_, len(all_)),
}


@contextmanager
def counting() -> Iterator[list[int]]:
    """Count the calls of Python functions and those that these make of C functions."""
    steps = [0]

    def count(frame: FrameType, event: str, arg: object) -> None:
        steps[0] += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        yield steps
    finally:
        sys.setprofile(None)


def crowded(count: int) -> tuple[Cell, list[Note]]:
    home, cell = Bench(), Cell()
    cell._begin(home)
    notes = [Note(home, cell, []) for _ in range(count)]
    for note in notes:
        cell._subscribe(note)
    return cell, notes


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_to_leave_costs_no_more_steps_where_there_are_more(order: Callable[[list[Any]], list[Any]]) -> None:
    costs: list[float] = []
    for count in (MANY // 10, MANY):
        _, notes = crowded(count)
        with counting() as steps:
            for note in order(notes):
                note._detach()
        costs.append(steps[0] / count)
    assert costs[1] <= 1.1 * costs[0]


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
@pytest.mark.parametrize("leaves", [True, False], ids=["leave", "want no more"])
def test_to_ask_who_wants_a_promise_costs_little_more_where_there_are_more(
    order: Callable[[list[Any]], list[Any]], leaves: bool
) -> None:
    """Also where those who want no more have not left yet; each search looks through all, and there are few searches."""
    costs: list[float] = []
    for count in (MANY // 10, MANY):
        cell, notes = crowded(count)
        before = Note.asked
        for note in order(notes):
            if leaves:
                note._detach()
            note.wants = False
            assert cell._is_wanted() == any(one.wants for one in (notes[0], notes[-1], *notes))
        costs.append((Note.asked - before) / count)
    assert costs[1] <= costs[0] + 2 * FEW


def test_races_with_one_promise_are_lost_by_it_at_the_same_cost_each() -> None:
    costs: list[float] = []
    for count in (MANY // 10, MANY):
        stop = Promise[Any].with_resolvers(keep_alive=True).promise
        works = [Promise[Any].with_resolvers() for _ in range(count)]
        races = [Promise.race([work.promise, stop]) for work in works]
        for work in reversed(works):
            work.resolve(1)
        with counting() as steps:
            turn()
        costs.append(steps[0] / count)
        assert dependants(stop) == 0
        assert all(race.value == 1 for race in races)
    assert costs[1] <= 1.1 * costs[0]


def test_tasks_that_await_one_promise_are_cancelled_at_the_same_cost_each() -> None:
    async def main(count: int) -> float:
        async def wait(promise: Promise[Any]) -> None:
            await promise

        stop = Promise[Any].with_resolvers(keep_alive=True).promise
        tasks = [asyncio.create_task(wait(stop)) for _ in range(count)]
        await asyncio.sleep(0)
        with counting() as steps:
            for task in tasks:
                task.cancel()
        await asyncio.wait(tasks)
        assert dependants(stop) == 0
        return steps[0] / count

    few, many = (asyncio.run(main(count)) for count in (MANY // 10, MANY))
    assert many <= few + 2 * FEW


def test_all_kinds_of_reactions_keep_their_order_in_a_crowd() -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    seen: list[str] = []
    leaving: list[Promise[Any]] = []
    for n in range(5 * FEW):
        promise.then(lambda _, n=n: seen.append(f"then {n}"))
        leaving += [promise.shield(), Promise.race([promise]), promise.then()]
        Promise.all([promise]).then(lambda _: None)
    for one in leaving:
        one.cancel()
    resolve(1)
    turn()
    assert seen == [f"then {n}" for n in range(5 * FEW)]


@pytest.mark.parametrize("stays", [0, FEW // 2])
def test_a_rejection_that_all_have_left_is_reported(reports: list[Report], stays: int) -> None:
    """A crowd is left behind. It is nobody, although it is in the list."""
    promise, _, reject = Promise[int].with_resolvers()
    notes = [Note(Bench(), promise, []) for _ in range(3 * FEW)]
    for note in notes:
        promise._subscribe(note)
    for note in notes[stays:]:
        note._detach()
    assert any(type(one) is Crowd for one in promise._reactions or ())
    reject(ValueError())
    assert (promise._alarm is None) == bool(stays)
    del promise, reject
    for note in notes:
        note._source = None
    gc.collect()
    assert [report.kind for report in reports] == ([] if stays else ["unhandled"])


def test_a_promise_that_a_crowd_has_left_is_cancelled_with_its_last_dependant() -> None:
    stopped: list[str] = []
    promise = Promise[int].with_resolvers(keep_alive=True, on_cancel=lambda: stopped.append("stopped")).promise
    for child in [promise.then() for _ in range(3 * FEW)]:
        assert stopped == []
        child.cancel()
    turn()
    assert stopped == ["stopped"]


def test_a_delay_that_a_crowd_has_left_is_given_up_without_a_report(reports: list[Report]) -> None:
    """Nobody can miss the outcome of a delay whose thread has ended, since all who waited have left."""

    def leave() -> None:
        delay = Promise.delay(60)
        notes = [Note(Bench(), delay, []) for _ in range(3 * FEW)]
        for note in notes:
            delay._subscribe(note)
        for note in notes:
            note._detach()

    on_a_thread(leave)
    gc.collect()
    assert reports == []


def test_broken_by_functions_that_go_with_their_promise_is_not_reported_although_a_crowd_has_left(
    reports: list[Report],
) -> None:
    promise, resolve, reject = Promise[int].with_resolvers()
    notes = [Note(Bench(), promise, []) for _ in range(3 * FEW)]
    for note in notes:
        promise._subscribe(note)
    for note in notes:
        note._detach()
    del promise, resolve, reject
    gc.collect()
    assert reports == []


def test_a_promise_with_few_reactions_has_no_crowd() -> None:
    d = Promise[int].with_resolvers()
    children = [d.promise.then() for _ in range(FEW)]
    assert d.promise._reactions == [UNSETTLED, *children]


def test_what_has_left_a_crowd_is_freed_at_once(no_gc: None) -> None:
    promise = Promise[int].with_resolvers(keep_alive=True).promise
    children = [promise.then() for _ in range(3 * FEW)]
    references = [weakref.ref(child) for child in children]
    while children:
        assert promise._is_wanted()
        children.pop(len(children) // 2).cancel()
    turn()
    assert [one() for one in references] == [None] * (3 * FEW)
