"""The state machine, without a promise, a loop or a thread: `_cell.py` against its own table."""

from __future__ import annotations

import itertools

import pytest

from promisepy._cell import FULFILLED, PENDING, REJECTED, TRANSITIONS, UNSETTLED, Cell, Reaction
from promisepy._jobs import Home

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


def test_a_reaction_runs_on_its_own_home_not_on_the_source_s() -> None:
    home, other, log = Bench(), Bench(), list[str]()
    cell = cell_in(PENDING, home)
    cell._subscribe(Note(other, cell, log, "a"))
    act(cell, "fulfil")
    assert not home.jobs
    other.drain()
    assert log == ["a"]
