"""The state machine, without a promise, a loop or a thread: `cell.py` against its own table."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from promisepy import Promise, Report, debug
from promisepy._core.cell import FULFILLED, PENDING, REJECTED, TRANSITIONS, UNSETTLED, Cell, Reaction
from promisepy._core.jobs import Home

from .support import turn

STATES = (PENDING, FULFILLED, REJECTED)
ACTIONS = ("fulfil", "reject")


class Bench(Home):
    """A home that runs nothing by itself."""

    def arm(self) -> None:
        self.armed = True

    def describe(self) -> str:
        return "the bench"


class Note(Reaction):
    def __init__(self, home: Home, source: Cell, log: list[str], name: str) -> None:
        self._home, self._source, self.log, self.name = home, source, log, name

    def _run(self) -> None:
        if self._source is not None:
            self._source = None
            self.log.append(self.name)


@pytest.fixture
def strict() -> Iterator[None]:
    debug.enable(strict=True)
    yield
    debug.disable()


def cell_in(state: str, home: Home) -> Cell:
    cell = Cell()
    cell._begin(home)
    act(cell, {FULFILLED: "fulfil", REJECTED: "reject"}.get(state, ""))
    cell._observe()  # this file is not about reports
    return cell


def act(cell: Cell, action: str) -> None:
    if action == "fulfil":
        cell._fulfil(action)
    elif action == "reject":
        cell._reject(ValueError(action), None)


@pytest.mark.parametrize(("state", "action"), list(itertools.product(STATES, ACTIONS)))
def test_each_pair_of_state_and_action_does_what_the_table_says(state: str, action: str) -> None:
    cell = cell_in(state, Bench())
    before = None if state == PENDING else cell._value
    act(cell, action)
    expected = TRANSITIONS.get((state, action))  # type: ignore[call-overload]  # all pairs, legal or not
    assert cell._state == (expected or state)
    if expected is None:
        assert cell._value is before


def test_the_table_leaves_settled_states_for_good() -> None:
    assert {state for state, _ in TRANSITIONS} == {PENDING}
    assert set(TRANSITIONS.values()) == {FULFILLED, REJECTED}


@pytest.mark.parametrize("action", ACTIONS)
def test_reactions_are_queued_in_the_order_in_which_they_came_and_run_once(action: str) -> None:
    home, log = Bench(), list[str]()
    cell = cell_in(PENDING, home)
    for name in "abc":
        cell._subscribe(Note(home, cell, log, name))
    assert not home.jobs
    act(cell, action)
    cell._subscribe(Note(home, cell, log, "d"))
    home.drain()
    assert log == ["a", "b", "c", "d"]


def test_queueing_the_same_reactions_again_changes_nothing() -> None:
    home, log = Bench(), list[str]()
    cell = cell_in(PENDING, home)
    notes = [Note(home, cell, log, name) for name in "ab"]
    for note in notes:
        cell._subscribe(note)
    act(cell, "fulfil")
    cell._help(list(notes))  # what a thread does that lost the race inside `_subscribe`
    home.drain()
    assert log == ["a", "b"]


@pytest.mark.usefixtures("strict")
def test_a_rejection_that_is_observed_while_its_alarm_is_set_is_not_reported(reports: list[Report]) -> None:
    class Suspects(list[Any]):
        def append(self, suspect: Any, /) -> None:
            super().append(suspect)
            cells[0]._observe()  # what another thread does that has not seen the alarm

    home, cells = Bench(), [Cell()]
    home.suspects = Suspects()
    cells[0]._begin(home)
    act(cells[0], "reject")
    home.drain()
    cells.clear()
    assert reports == []


def test_a_detached_reaction_leaves_nothing_and_does_not_run() -> None:
    home, log = Bench(), list[str]()
    cell = cell_in(PENDING, home)
    first, second = Note(home, cell, log, "a"), Note(home, cell, log, "b")
    cell._subscribe(first)
    cell._subscribe(second)
    first._detach()
    assert cell._reactions == [UNSETTLED, second]
    act(cell, "fulfil")
    second._detach()
    home.drain()
    assert log == []


DERIVED: dict[str, Callable[[Promise[int]], Any]] = {
    "then": lambda promise: promise.then(lambda value: value + 1),
    "finally_": lambda promise: Promise.resolve(1).finally_(lambda: promise),
    "shield": lambda promise: promise.shield(),
    "timeout": lambda promise: promise.timeout(60),
    "all": lambda promise: Promise.all([promise]),
    "map": lambda promise: Promise.map(lambda _: promise, [1]),
    "to_future": lambda promise: promise.to_future(),
    "following": lambda promise: Promise.resolve().then(lambda _: promise),
}


def outcome_of(derived: Any) -> Any:
    turn()
    return derived.result(0) if isinstance(derived, Future) else derived.value


@pytest.mark.parametrize("derive", DERIVED.values(), ids=DERIVED.keys())
def test_a_promise_that_settles_while_a_reaction_of_any_kind_is_left_queues_it(
    derive: Callable[[Promise[int]], Any],
) -> None:
    class Reactions(list[Any]):
        def append(self, reaction: Any, /) -> None:
            super().append(reaction)
            resolve(1)  # what another thread does before the state is looked at

    promise, resolve, _ = Promise[int].with_resolvers()
    promise._reactions = Reactions(promise._reactions or [])
    assert outcome_of(derive(promise)) in (1, 2, [1])


@pytest.mark.parametrize("derive", DERIVED.values(), ids=DERIVED.keys())
def test_queueing_reactions_of_every_kind_again_changes_nothing(
    derive: Callable[[Promise[int]], Any], reports: list[Report]
) -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    derived = derive(promise)
    turn()
    reactions = promise._reactions
    resolve(1)
    promise._help(reactions or [])
    assert outcome_of(derived) in (1, 2, [1])
    promise._help(reactions or [])
    turn()
    assert reports == []


def test_a_reaction_runs_on_its_own_home_not_on_the_source_s() -> None:
    home, other, log = Bench(), Bench(), list[str]()
    cell = cell_in(PENDING, home)
    cell._subscribe(Note(other, cell, log, "a"))
    act(cell, "fulfil")
    assert not home.jobs
    other.drain()
    assert log == ["a"]
