"""Graphs of promises are cancelled in every way: promisepy does what the model says, after every step."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from .adapter import Real
from .language import OWN, Handler, Op
from .reference import Reference

pytestmark = pytest.mark.slow

numbers = st.integers(0, 30)
seconds = st.integers(1, 4)
stops = st.sampled_from([1, 0, 2])
results = st.one_of(
    st.tuples(st.just("value"), numbers),
    st.tuples(st.just("fail"), numbers),
    st.tuples(st.just("node"), numbers),
    st.tuples(st.just("fresh"), stops),
    st.tuples(st.just("coroutine"), numbers),
)
delivered = results.filter(lambda result: result[0] in ("value", "node", "fresh", "coroutine"))
actions = st.one_of(
    st.tuples(st.just("cancel"), st.just(OWN), st.just("by itself")),
    st.tuples(st.just("cancel"), numbers, st.just("by a handler")),
    st.tuples(st.just("resolve"), numbers, delivered),
    st.tuples(st.just("drop"), numbers),
)
handlers = st.builds(Handler, st.lists(actions, max_size=2).map(tuple), results)
KINDS = "all", "race", "any", "all_settled"


class Agreement(RuleBasedStateMachine):
    """Each rule is done on both sides."""

    def __init__(self) -> None:
        super().__init__()
        gc.disable()
        self.model, self.real = Reference(), Real()

    def step(self, *op: Any) -> None:
        self.model.step(op)
        self.real.step(op)

    @initialize(stops=stops)
    def start(self, stops: int) -> None:
        self.step("root", stops)

    @rule(stops=stops)
    def root(self, stops: int) -> None:
        self.step("root", stops)

    @rule(root=numbers, fails=st.booleans())
    def on_cancel(self, root: int, fails: bool) -> None:
        self.step("on_cancel", root, fails)

    @rule(root=numbers, result=delivered)
    def resolve(self, root: int, result: Op) -> None:
        self.step("resolve", root, result)

    @rule(root=numbers, error=numbers)
    def reject(self, root: int, error: int) -> None:
        self.step("reject", root, error)

    @rule(number=numbers, on_fulfilled=st.none() | handlers, on_rejected=st.none() | handlers)
    def then(self, number: int, on_fulfilled: Handler | None, on_rejected: Handler | None) -> None:
        self.step("then", number, on_fulfilled, on_rejected)

    @rule(number=numbers, callback=handlers)
    def finally_(self, number: int, callback: Handler) -> None:
        self.step("finally_", number, callback)

    @rule(kind=st.sampled_from(KINDS), inputs=st.lists(numbers, max_size=4), losers=st.booleans())
    def combine(self, kind: str, inputs: list[int], losers: bool) -> None:
        self.step("combine", kind, tuple(inputs), losers and kind in ("race", "any"))

    @rule(number=numbers)
    def shield(self, number: int) -> None:
        self.step("shield", number)

    @rule(number=numbers, seconds=seconds)
    def timeout(self, number: int, seconds: int) -> None:
        self.step("timeout", number, seconds)

    @rule(seconds=seconds)
    def delay(self, seconds: int) -> None:
        self.step("delay", seconds)

    @rule(seconds=seconds)
    def advance(self, seconds: int) -> None:
        self.step("advance", seconds)

    @rule(number=numbers)
    def await_(self, number: int) -> None:
        self.step("await_", number)

    @rule(number=numbers)
    def future(self, number: int) -> None:
        self.step("future", number)

    @precondition(lambda self: self.model.tasks)
    @rule(number=numbers)
    def drop(self, number: int) -> None:
        self.step("drop", number)

    @precondition(lambda self: self.model.futures)
    @rule(number=numbers)
    def drop_future(self, number: int) -> None:
        self.step("drop_future", number)

    @rule(number=numbers, reason=st.integers(1, 99))
    def cancel(self, number: int, reason: int) -> None:
        self.step("cancel", number, f"reason {reason}")

    @rule(ticks=st.none() | st.integers(1, 4))
    def run(self, ticks: int | None) -> None:
        self.step("run", ticks)

    @invariant()
    def both_agree(self) -> None:
        assert self.real.log == self.model.log
        assert self.real.states() == self.model.states()
        assert self.real.reports == self.model.reports

    @invariant()
    def nothing_is_left(self) -> None:
        """What a promise holds when nothing is under way are those who wait for it."""
        if not self.model.jobs:
            assert self.real.waiting_on() == self.model.waiting_on()

    def teardown(self) -> None:
        """Bring everything to its end, then let go of it."""
        try:
            self.both_agree()
            self.end()
            self.both_agree()
            self.nothing_is_left()
            assert self.real.freed() == []
            assert self.real.reports == self.model.reports
            assert self.real.noise == []
        finally:
            self.real.close()
            gc.enable()

    def end(self) -> None:
        """Have all producers deliver, and cancel what still waits: it has none, or goes round in a circle."""
        self.rest()
        while self.model.pending():  # handlers make new promises, up to a limit
            for root in range(len(self.model.roots)):
                self.step("resolve", root, ("value", 0))
            self.rest()
            for number in self.model.pending():
                self.step("cancel", number, "at the end")
            self.rest()

    def rest(self) -> None:
        while self.model.jobs or self.model.rings:
            self.step("run", None)
            self.step("advance", 100)
        assert not self.real.home.jobs


TestAgreement = Agreement.TestCase
TestAgreement.settings = settings(max_examples=250, stateful_step_count=30, deadline=None)
