"""A table of replies and a dict go through the same random life, and stay equal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from promisepy import Cancelled, Promise, Replies
from promisepy._core import jobs

TIMEOUT = 10
keys = st.integers(0, 4)
Outcome = tuple[str, object]


class Model:
    """What a table is meant to be. Promises are numbers: their place in `outcomes`."""

    def __init__(self, early: int, timeout: int | None, drop_late: bool) -> None:
        self.limit = early
        self.timeout = timeout
        self.drop_late = drop_late
        self.late: set[int] = set()
        self.now = 0
        self.outcomes: list[Outcome | None] = []
        self.waiting: dict[int, tuple[int, int]] = {}  # key: promise, and when it was asked for
        self.early: dict[int, Outcome] = {}

    def ask(self, key: int) -> int:
        if key in self.waiting:
            return self.waiting[key][0]
        self.outcomes.append(self.early.pop(key, None))
        number = len(self.outcomes) - 1
        if self.outcomes[number] is None:
            self.waiting[key] = number, self.now
        return number

    def answer(self, key: int, outcome: Outcome) -> None:
        if key in self.late:
            self.late.remove(key)
        elif key in self.waiting:
            self.settle(key, outcome)
        elif key not in self.early:
            self.early[key] = outcome
            if len(self.early) > self.limit:
                del self.early[next(iter(self.early))]

    def settle(self, key: int, outcome: Outcome) -> None:
        number, _ = self.waiting.pop(key)
        self.outcomes[number] = outcome

    def give_up(self, key: int, outcome: Outcome) -> None:
        self.settle(key, outcome)
        if self.drop_late:
            self.late.add(key)

    def reject_all(self, outcome: Outcome) -> None:
        self.early.clear()
        self.late.clear()
        for key in list(self.waiting):
            self.settle(key, outcome)

    def pass_time(self, seconds: int) -> None:
        self.now += seconds
        for key, (_, begin) in list(self.waiting.items()):
            if self.timeout is not None and begin + self.timeout <= self.now:
                self.give_up(key, ("rejected", TimeoutError))


class Agreement(RuleBasedStateMachine):
    """The clock of the timers is turned by hand; a script's jobs run whenever they may."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(jobs, "time", SimpleNamespace(monotonic=lambda: self.model.now))
        self.promises: list[Promise[Any]] = []
        self.count = 0

    @initialize(early=st.integers(0, 4), timeout=st.sampled_from([None, TIMEOUT]), drop_late=st.booleans())
    def open(self, early: int, timeout: int | None, drop_late: bool) -> None:
        self.model = Model(early, timeout, drop_late)
        self.replies: Replies[int, int] = Replies(timeout=timeout, early=early, drop_late=drop_late)
        self.callback = self.replies.via(lambda number, value: (number, value))

    @rule(key=keys)
    def ask(self, key: int) -> None:
        promise, number = self.replies[key], self.model.ask(key)
        if number == len(self.promises):
            self.promises.append(promise)
            promise.catch(BaseException, lambda error: None)
        assert self.promises[number] is promise

    @rule(key=keys, by_callback=st.booleans())
    def resolve(self, key: int, by_callback: bool) -> None:
        self.count += 1
        (self.callback if by_callback else self.replies.resolve)(key, self.count)
        self.model.answer(key, ("fulfilled", self.count))

    @rule(key=keys, error=st.sampled_from([OSError, LookupError]))
    def reject(self, key: int, error: type[Exception]) -> None:
        self.replies.reject(key, error("the library"))
        self.model.answer(key, ("rejected", error))

    @rule(key=keys)
    def cancel(self, key: int) -> None:
        if key in self.model.waiting:
            self.promises[self.model.waiting[key][0]].cancel()
            self.model.give_up(key, ("rejected", Cancelled))

    @rule()
    def reject_all(self) -> None:
        self.replies.reject_all(ConnectionError("lost"))
        self.model.reject_all(("rejected", ConnectionError))

    @rule(seconds=st.integers(0, TIMEOUT))
    def pass_time(self, seconds: int) -> None:
        self.model.pass_time(seconds)
        Promise.resolve().wait()  # starts the clocks of new promises, and rings those that are due
        Promise.resolve().wait()

    @invariant()
    def both_tell_the_same(self) -> None:
        if self.promises:
            assert [outcome_of(promise) for promise in self.promises] == self.model.outcomes
        if hasattr(self, "replies"):
            assert len(self.replies) == len(self.model.waiting)
            assert {key for key in range(5) if key in self.replies} == set(self.model.waiting)

    @invariant()
    def nothing_is_kept_that_is_not_waiting(self) -> None:
        if hasattr(self, "replies"):
            assert set(self.replies._entries) == {*self.model.waiting, *self.model.early}
            assert len(self.replies._early) <= self.model.limit
            assert set(self.replies._late or ()) == self.model.late

    def teardown(self) -> None:
        if hasattr(self, "replies"):
            self.reject_all()
            self.both_tell_the_same()
        self.patch.undo()
        Promise.resolve().wait()


def outcome_of(promise: Promise[Any]) -> Outcome | None:
    if promise.state == "pending":
        return None
    return (promise.state, promise.value if promise.reason is None else type(promise.reason))


TestAgreement = Agreement.TestCase
TestAgreement.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
