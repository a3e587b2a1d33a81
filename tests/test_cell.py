"""The two state machines, `cell.py` against its own tables; the first without a promise, a loop or a thread."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promisepy import Promise, Report, debug
from promisepy._core import cell as cells
from promisepy._core.cell import FULFILLED, PENDING, PRODUCTIONS, REJECTED, TRANSITIONS, UNSETTLED, Cell, Reaction
from promisepy._core.jobs import Home
from promisepy._core.producers import STOPPED, Adopted

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


def production(promise: Promise[Any]) -> str:
    """Name what the slot of the producer holds, as the table does."""
    if not hasattr(promise, "_producer"):
        return "unset"
    producer = promise._producer
    if producer is None or producer is STOPPED:
        return "done" if producer is None else "stopped"
    return "adopted" if type(producer) is Adopted else "left"


class Subject:
    """A promise, and everything that can happen to what its resolving side leaves."""

    def __init__(self) -> None:
        self.resolvers = Promise[Any].with_resolvers()
        self.promise = self.resolvers.promise
        self.promise._observe()  # nothing here is about reports
        self.future: Future[Any] = Future()
        self.future.set_running_or_notify_cancel()  # it takes no notice of a cancellation, which would come back at once
        self.told = 0

    def tell(self) -> None:
        self.told += 1

    def leave(self) -> None:
        self.resolvers.on_cancel(self.tell)

    def resolve(self) -> None:
        """Resolve from the side whose turn it is, with a promise that stays pending."""
        never = Promise[Any].race([])
        if production(self.promise) == "adopted":
            self.future.set_result(never)
        else:
            self.resolvers.resolve(never)
        turn()

    def adopt(self) -> None:
        """Resolve with something foreign, and run the job in which its outcome begins to be followed."""
        self.resolvers.resolve(self.future)
        turn()

    def cancel(self) -> None:
        self.promise.cancel()
        turn()


def child(of: str, subject: Subject) -> Subject:
    """Make the promise of a handler, which has no resolving side, the subject; its handler returns something foreign."""
    subject.promise = Promise.resolve().then(lambda _: subject.future)
    if of == "stopped":  # after the handler, and before the job that starts to follow what it has returned
        Promise.resolve().then(lambda _: subject.promise.cancel())
    return subject


WAYS: dict[str, list[str]] = {
    "unset": [],
    "left": ["leave"],
    "done": ["resolve"],
    "adopted": ["adopt"],
    "stopped": ["cancel"],
}


@pytest.mark.parametrize(("state", "event"), list(PRODUCTIONS))
def test_what_a_producer_leaves_changes_as_the_second_table_says(state: str, event: str) -> None:
    subject = Subject()
    if event == "adopt" and state != "done":
        subject = child(state, subject)
        turn()
    elif event == "adopt":
        subject.adopt()
    else:
        for name in WAYS[state]:
            getattr(subject, name)()
        assert production(subject.promise) == state
        getattr(subject, event)()
    assert production(subject.promise) == PRODUCTIONS[state, event]  # type: ignore[index]  # names of the table


@given(st.lists(st.sampled_from(["leave", "resolve", "adopt", "cancel"]), max_size=6))
def test_any_course_of_events_goes_by_the_second_table(events: list[str]) -> None:
    subject, state, is_cancelled = Subject(), "unset", False
    waiting = told = 0
    for event in events:
        steps = ["resolve", "adopt"] if event == "adopt" and state in ("unset", "left") else [event]
        if event == "adopt" and (is_cancelled or len(steps) == 1):
            continue  # only the first call of `resolve` counts
        if event == "resolve" and state == "adopted" and subject.future.done():
            continue
        getattr(subject, event)()
        if event == "leave" and state in ("unset", "left"):
            waiting += 1
        elif event == "leave" and state == "stopped":
            told += 1
        elif event == "cancel" and not is_cancelled:
            told, waiting, is_cancelled = told + waiting * (state == "left"), 0, True
        for step in steps:
            state = PRODUCTIONS[state, step]  # type: ignore[index]  # names of the table
        turn()
        assert (production(subject.promise), subject.told) == (state, told)


def test_the_second_table_is_drawn_as_it_is() -> None:
    """What the file's docstring says may follow is what the table says, and its rows are those of the drawing."""
    rows = re.findall(r"^    (unset|left|done|adopted|stopped) .*?(\S+(?:, \S+)*)$", cells.__doc__ or "", re.MULTILINE)
    drawn = {state: set(WAYS) - {state} if last == "any" else set(last.split(", ")) for state, last in rows}
    followers: dict[str, set[str]] = {state: set() for state in WAYS}
    for (state, _), after in PRODUCTIONS.items():
        followers[state] |= {after} - {state}
    assert drawn == followers


@pytest.mark.parametrize("derive", [one for name, one in DERIVED.items() if name not in ("then", "to_future")])
def test_a_promise_takes_on_work_and_puts_it_down_when_it_is_over(derive: Callable[[Promise[int]], Any]) -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    derived = derive(promise)
    turn()
    working = [one for one in (derived, derived._source) if one is not None and one._at_work() is not None]
    assert len(working) == 1
    resolve(1)
    turn()
    assert [one._at_work() for one in working] == [None]
