"""A script typed in live: every operation goes to promisepy and to the model, and their logs stay equal throughout."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from .adapter import PromisepyApi
from .language import (
    Catch,
    Clock,
    Combine,
    Defer,
    Drain,
    Err,
    Finally,
    Handler,
    Kind,
    Make,
    New,
    Plain,
    Ref,
    Settle,
    Statement,
    Step,
    Then,
    Value,
    Watch,
)
from .programs import Interpreter, ModelApi
from .strategies import errors, filters, handlers, numbers, reasons, settlements, values

pytestmark = pytest.mark.slow

handler = handlers(2)
value = values(1)


class Agreement(RuleBasedStateMachine):
    """Bundles hold the numbers of promises and of pairs of resolving functions."""

    promises = Bundle("promises")
    pairs = Bundle("pairs")

    def __init__(self) -> None:
        super().__init__()
        self.interpreters = Interpreter(ModelApi()), Interpreter(PromisepyApi())

    @initialize(watch=st.booleans())
    def start(self, watch: bool) -> None:
        if watch:
            self.do(Watch())

    def do(self, step: Step) -> int:
        """Do a step on both sides; return the number of the latest promise."""
        model, real = self.interpreters
        model.step(step)
        real.step(step)
        assert len(real.promises) == len(model.promises)
        assert len(real.pairs) == len(model.pairs)
        return len(model.promises) - 1

    @rule(target=pairs)
    def defer(self) -> int:
        self.do(Defer())
        return len(self.interpreters[0].pairs) - 1

    @rule(target=promises, pair=pairs)
    def take_promise(self, pair: int) -> int:
        _, _, number = self.interpreters[0].pairs[pair]
        assert number is not None
        return number

    @rule(target=promises, number=numbers)
    def make_fulfilled(self, number: int) -> int:
        return self.do(Make("resolve", Plain(number)))

    @rule(target=promises, error=errors)
    def make_rejected(self, error: Err) -> int:
        return self.do(Make("reject", error))

    @rule(target=promises, settlement=settlements(1, st.none()))
    def execute(self, settlement: Statement) -> int:
        return self.do(New((settlement,)))

    @rule(pair=pairs, value=value)
    def resolve(self, pair: int, value: Value) -> None:
        self.do(Settle(pair, "resolve", value))

    @rule(pair=pairs, promise=promises)
    def resolve_with_promise(self, pair: int, promise: int) -> None:
        self.do(Settle(pair, "resolve", Ref(promise)))

    @rule(pair=pairs, reason=reasons)
    def reject(self, pair: int, reason: Err) -> None:
        self.do(Settle(pair, "reject", reason))

    @rule(target=promises, on=promises, on_fulfilled=st.none() | handler, on_rejected=st.none() | handler)
    def then(self, on: int, on_fulfilled: Handler | None, on_rejected: Handler | None) -> int:
        return self.do(Then(on, on_fulfilled, on_rejected))

    @rule(target=promises, on=promises, kinds=filters, handler=handler)
    def catch(self, on: int, kinds: tuple[Kind, ...] | None, handler: Handler) -> int:
        return self.do(Catch(on, kinds, handler))

    @rule(target=promises, on=promises, callback=handler)
    def finally_(self, on: int, callback: Handler) -> int:
        return self.do(Finally(on, callback))

    @rule(
        target=promises,
        how=st.sampled_from(["all", "all_settled", "any", "race", "all_keyed", "all_settled_keyed"]),
        inputs=st.lists(promises.map(Ref) | value, max_size=4),
    )
    def combine(self, how: str, inputs: list[Value]) -> int:
        return self.do(Combine(how, "list", tuple(inputs)))  # type: ignore[arg-type]  # sampled from the literals

    @rule(ticks=st.integers(1, 6))
    def start_clock(self, ticks: int) -> None:
        self.do(Clock(ticks))

    @rule(ticks=st.integers(0, 3))
    def drain_some(self, ticks: int) -> None:
        self.do(Drain(ticks))

    @rule()
    def drain_all(self) -> None:
        self.do(Drain())

    @invariant()
    def logs_agree(self) -> None:
        model, real = self.interpreters
        assert real.log == model.log

    def teardown(self) -> None:
        self.do(Drain())
        self.logs_agree()
        model, real = self.interpreters
        assert real.states() == model.states()


TestAgreement = Agreement.TestCase
TestAgreement.settings = settings(max_examples=250, stateful_step_count=30, deadline=None)
