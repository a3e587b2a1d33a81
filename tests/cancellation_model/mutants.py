"""Faults to plant in what cancels, and the run that has to notice them; `planting` says how to read them.

python -m <this module>      compares the promisepy in the current directory with the model, on programs made at random
"""

from __future__ import annotations

import gc
import random
import warnings
from typing import Any

from ..model.planting import AGREED, DIFFERS, Mutant, tell
from .adapter import Real
from .language import OWN, Handler, Op
from .reference import Reference

PROGRAMS = 900
STEPS = 25

MUTANTS = (
    Mutant(
        "nobody is asked who else depends",
        "_fail_unwanted",
        "one._state is PENDING and not wanted and (known is None or _ends_something(one, known))",
        "one._state is PENDING and (known is None or _ends_something(one, known))",
    ),
    Mutant(
        "a cancellation does not go up",
        "_cancel",
        "one._let_go()",
        "[]",
    ),
    Mutant(
        "everybody is told from the bottom up",
        "_cancel",
        "cancelled.pop()",
        "cancelled.pop(0)",
    ),
    Mutant(
        "a producer is told inside cancel",
        "Producer._cancelled",
        "self._home.enqueue(promise._clean_up(on_cancel, context))",
        "promise._clean_up(on_cancel, context)._run()",
    ),
    Mutant(
        "a producer is told twice",
        "Producer._cancelled",
        "self._home.enqueue(promise._clean_up(on_cancel, context))",
        "...; ...",
    ),
    Mutant(
        "a producer that has handed on its work is told",
        "resolving_functions.resolve",
        "promise._producer = None",
        "",
    ),
    Mutant(
        "a producer that comes after it has handed on its work is told",
        "Cell._stop_by",
        "self._has_resolved()",
        "False",
    ),
    Mutant(
        "what begins after the cancellation is not stopped",
        "ThenableJob._run",
        "target._recall(producer)",
        "",
    ),
    Mutant(
        "what nobody can stop is abandoned all the same",
        "abandon",
        "_ends_something(source, known)",
        "True",
    ),
    Mutant(
        "what is abandoned is asked only for its own producer",
        "_ends_something",
        "cell._sources()",
        "()",
    ),
    Mutant(
        "a producer that others depend on as well does not count",
        "_ends_something",
        "source._state is PENDING",
        "sum(one._depends() for one in source._reactions or ()) < 2",
    ),
    Mutant(
        "what was wanted by a shield that goes along is not asked again",
        "_cancel",
        "cancelled += _fail_unwanted(asked, failure, known)",
        "",
    ),
    Mutant(
        "a cancelled dependant still counts",
        "Cell._depends",
        'return self._state is PENDING or hasattr(self, "_holder")',
        "return True",
    ),
    Mutant(
        "a promise that is going to follow does not count yet",
        "Mark._depends",
        "return self._target._depends()",
        "return False",
    ),
    Mutant(
        "a follower does not count",
        "Adoption._depends",
        "return target is not None and target._depends()",
        "return False",
    ),
    Mutant(
        "finally_ does not run for a cancelled promise",
        "Cell._let_go",
        "type(self._on_rejected) is not Always",
        "True",
    ),
    Mutant(
        "a cancelled promise stays on its source",
        "Cell._let_go",
        "self._detach()",
        "",
    ),
    Mutant(
        "a cancelled promise can be settled again",
        "Cell._fail_with",
        "return False",
        "",
    ),
    Mutant(
        "what is followed is let go, and not cancelled",
        "cancel_after",
        "cancel(source, cancellation(promise._value))",
        "",
    ),
    Mutant(
        "what nobody can stop goes with a sibling that can be stopped",
        "_fail_unwanted",
        "known is None or _ends_something(one, known)",
        "True",
    ),
    Mutant(
        "what is cancelled spares what nobody can stop, as if it had been given up",
        "cancel",
        "_cancel(promise, Failure(reason, None), None)",
        "_cancel(promise, Failure(reason, None), {})",
    ),
    Mutant(
        "what has been found out about one branch is taken for the others",
        "_ends_something",
        "known.get(id(cell))",
        "next(iter(known.values()), None)",
    ),
    Mutant(
        "what a promise that was given up would have followed is cancelled",
        "cancel_after",
        "is_given_up(promise)",
        "False",
    ),
    Mutant(
        "losers are cancelled when a race is given up",
        "Group.forget",
        "drop(source, cancels=self.cancels and not is_given_up(self.result))",
        "drop(source, cancels=self.cancels)",
    ),
    Mutant(
        "a race is given up although it is decided",
        "Group._can_end",
        "not any(map(self.decides, sources))",
        "True",
    ),
    Mutant(
        "a combinator that is given up stays",
        "Group._can_end",
        "return any(one._state is PENDING for one in sources) and not any(map(self.decides, sources))",
        "return False",
    ),
    Mutant(
        "a shield that is given up stays",
        "Shield._can_end",
        "return self._source is not None and self._source._state is PENDING",
        "return False",
    ),
    Mutant(
        "a time limit that is given up stays",
        "Deadline._can_end",
        "return self._source is not None and self._source._state is PENDING",
        "return False",
    ),
    Mutant(
        "a shield is given up although its outcome has come",
        "Shield._can_end",
        "self._source._state is PENDING",
        "True",
    ),
    Mutant(
        "a cancelled combinator keeps its inputs",
        "Group._cancelled",
        "self.result._home.enqueue(Later(self.finish))",
        "",
    ),
    Mutant(
        "losers are cancelled without being asked for",
        "Group.forget",
        "drop(source, cancels=self.cancels and not is_given_up(self.result))",
        "drop(source)",
    ),
    Mutant(
        "a shield lets through",
        "Shield._sources",
        "return ()",
        "return [self._source] if self._source is not None else ()",
    ),
    Mutant(
        "a timeout abandons nobody",
        "Deadline.expire",
        "abandon(source)",
        "",
    ),
    Mutant(
        "a cancelled task keeps its waiter",
        "Waiter.cancel",
        "self._detach()",
        "",
    ),
    Mutant(
        "a cancelled task abandons nobody",
        "Waiter.cancel",
        "abandon(source)",
        "",
    ),
)


class Chooser:
    """Makes operations as the state machine of `test_machine` does, from a seed instead of by Hypothesis."""

    def __init__(self, seed: int, model: Reference) -> None:
        self.rng = random.Random(seed)
        self.model = model

    def number(self) -> int:
        """Choose a promise, of the latest ones more often than not, so that there are chains."""
        count = len(self.model.nodes)
        return self.rng.choice([self.rng.randrange(count), count - 1, max(count - 2, 0)])

    def result(self, *kinds: str) -> Op:
        return self.rng.choice(kinds or ("value", "fail", "node", "fresh", "coroutine")), self.rng.randint(0, 2)

    def delivered(self) -> Op:
        return self.result("value", "node", "fresh", "coroutine")

    def action(self) -> Op:
        return self.rng.choice(
            [
                ("cancel", OWN, "by itself"),
                ("cancel", self.number(), "by a handler"),
                ("resolve", self.number(), self.delivered()),
                ("drop", self.number()),
            ]
        )

    def handler(self) -> Handler | None:
        if self.rng.random() < 0.4:
            return None
        return Handler(tuple(self.action() for _ in range(self.rng.choice([0, 0, 1]))), self.result())

    def op(self) -> Op:
        number, kind = self.number(), self.rng.choice(["all", "race", "any", "all_settled"])
        inputs = tuple(self.number() for _ in range(self.rng.randint(1, 3)))
        choices: list[tuple[int, Op]] = [
            (2, ("root", self.rng.choice([1, 1, 0, 0, 2]))),
            (1, ("on_cancel", number, self.rng.random() < 0.2)),
            (2, ("resolve", number, self.delivered())),
            (1, ("reject", number, number)),
            (4, ("then", number, self.handler(), self.handler())),
            (2, ("finally_", number, self.handler() or Handler())),
            (4, ("combine", kind, inputs, self.rng.random() < 0.7 and kind in ("race", "any"))),
            (1, ("shield", number)),
            (2, ("timeout", number, self.rng.randint(1, 3))),
            (1, ("delay", 2)),
            (2, ("advance", self.rng.randint(1, 4))),
            (2, ("await_", number)),
            (3, ("future", number)),
            (2, ("drop", number)),
            (4, ("drop_future", self.rng.choice([number, -1]))),
            (4, ("cancel", number, f"reason {number}")),
            (3, ("run", self.rng.choice([None, 1, 2]))),
        ]
        return self.rng.choices([op for _, op in choices], [weight for weight, _ in choices])[0]


def seen(side: Any) -> tuple[object, ...]:
    """Describe what can be seen of one side; what is waited for only when nothing is under way."""
    return [*side.log], side.states(), [*side.reports]


def differs(seed: int) -> str | None:
    """Run one program on both sides, and tell where they part."""
    model, real = Reference(), Real()
    chooser = Chooser(seed, model)
    done: list[Op] = []
    try:
        for step in range(STEPS):
            op = chooser.op() if step else ("root", 1)
            done.append(op)
            model.step(op)
            real.step(op)
            if seen(model) != seen(real):
                return f"{done}\nexpected {seen(model)}\nseen {seen(real)}"
            if not model.jobs and model.waiting_on() != real.waiting_on():
                return f"{done}\nexpected {model.waiting_on()}\nleft {real.waiting_on()}"
    except Exception as error:
        return f"{done}\nraised {error!r}"
    finally:
        real.close()
    return None


def main() -> str:
    """Run the programs; tell the first on which the two sides part."""
    for seed in range(PROGRAMS):
        difference = differs(seed)
        if difference is not None:
            return f"{DIFFERS} in program {seed}: {difference}"
    return AGREED


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # a program may end before a coroutine begins, and before a promise is settled
    gc.disable()  # as in the state machine: what is dropped is dropped at once
    tell(main)
