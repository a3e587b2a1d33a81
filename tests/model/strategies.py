"""Hypothesis strategies for promise programs.

Each kind of choice stands in the order in which it should shrink: the plain before the odd, the shallow before the deep.
Odd things are drawn rarely enough that most promises settle, often enough that they meet.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

from hypothesis import strategies as st

from .language import (
    Arg,
    Body,
    Catch,
    Clock,
    Combine,
    Defer,
    Drain,
    Err,
    Finally,
    Handler,
    Make,
    New,
    Own,
    Plain,
    Program,
    Ref,
    Settle,
    Statement,
    Then,
    Thenable,
    Throw,
    Try,
    Value,
    Watch,
)

Strategy: TypeAlias = st.SearchStrategy[Any]

# How deep thenables and handlers nest.
DEPTH = 2

# Small, so that programs meet themselves: the first promises, and the latest.
indices = st.sampled_from([0, 1, -1, 2, -2, 3, 4])
numbers = st.integers(0, 9)
errors = st.builds(Err, numbers, st.sampled_from(["apple", "apple", "bolt"]))
filters = st.sampled_from([None, ("apple",), ("bolt",), ("apple", "bolt"), ("bare",)])
drains = st.builds(Drain, st.none() | st.integers(0, 3))
reasons = errors | st.builds(Err, numbers, st.just("bare"))


def weighted(*choices: tuple[int, Strategy]) -> Strategy:
    """One of the strategies, each as often as its weight says."""
    table = [strategy for weight, strategy in choices for _ in range(weight)]
    # Drawn by number, since Hypothesis would otherwise print whole tables of tables into its messages.
    return st.sampled_from(range(len(table))).flatmap(lambda index: table[index])


@cache
def values(depth: int) -> st.SearchStrategy[Value]:
    deep = [] if depth == 0 else [(4, thenables(depth - 1, exception=False)), (1, thenables(depth - 1, exception=True))]
    return weighted(
        (8, st.builds(Plain, numbers)),
        (5, st.builds(Ref, indices)),
        (1, st.just(Own())),
        (1, st.just(Arg())),
        (1, errors),
        *deep,
    )


@cache
def thrown(depth: int) -> Strategy:
    return reasons if depth == 0 else weighted((8, reasons), (1, thenables(depth - 1, exception=True)))


@cache
def thenables(depth: int, *, exception: bool) -> st.SearchStrategy[Value]:
    lookups = weighted((5, st.just(())), (1, bodies(depth)))
    settling = st.tuples(settlements(depth, st.none())) | st.lists(settlements(depth, st.none()), max_size=2).map(tuple)
    after = weighted((4, st.just(())), (1, bodies(depth)), (1, st.tuples(st.builds(Throw, thrown(depth)))))
    called = st.tuples(settling, after).map(lambda parts: (*parts[0], *parts[1]))
    return st.builds(
        Thenable,
        lookup=lookups,
        body=called,
        callable=st.sampled_from([True] * 9 + [False]),
        exception=st.just(exception),
    )


@cache
def settlements(depth: int, targets: Strategy) -> st.SearchStrategy[Statement]:
    reason = weighted(
        (6, reasons), (1, st.just(Arg())), *([(1, thenables(depth - 1, exception=True))] if depth else [])
    )
    return weighted(
        (3, st.builds(Settle, targets, st.just("resolve"), values(depth))),
        (1, st.builds(Settle, targets, st.just("reject"), reason)),
    )


@cache
def bodies(depth: int) -> st.SearchStrategy[Body]:
    """Mostly empty; now and then something is made, settled or thrown inside."""
    throws = st.builds(Throw, thrown(depth))
    if depth == 0:
        return weighted((8, st.just(())), (1, st.tuples(throws)))
    nested = st.lists(statements(depth - 1), min_size=1, max_size=2)
    return weighted(
        (6, st.just(())),
        (3, nested.map(tuple)),
        (1, st.tuples(throws)),
        (1, st.tuples(nested, throws).map(lambda parts: (*parts[0], parts[1]))),
    )


@cache
def functions(depth: int) -> st.SearchStrategy[Handler]:
    return st.builds(Handler, bodies(depth), values(depth))


@cache
def handlers(depth: int) -> st.SearchStrategy[Handler]:
    """What runs as a job: from elsewhere an interrupt would be raised to the program itself."""
    interrupts = st.tuples(st.builds(Throw, st.builds(Err, numbers, st.just("interrupt"))))
    return weighted((15, functions(depth)), (1, st.builds(Handler, interrupts, st.just(Plain(0)))))


@cache
def combinations(depth: int) -> st.SearchStrategy[Statement]:
    rejecting = st.builds(lambda reason: Thenable(body=(Settle(None, "reject", reason),)), reasons)
    inputs = weighted((5, values(depth)), (2, st.builds(Ref, indices)))
    all_reject = st.lists(rejecting | st.builds(Ref, indices), min_size=1, max_size=4)
    plain = weighted((3, st.lists(inputs, max_size=4)), (1, all_reject)).map(tuple)
    odd = weighted((2, statements(0)), (2, drains), (1, st.builds(Throw, reasons)))
    mixed = st.lists(weighted((3, inputs), (1, odd)), max_size=6)
    how = st.sampled_from(["all", "all_settled", "any", "race"])
    keyed = st.sampled_from(["all_keyed", "all_settled_keyed"])
    return weighted(
        (3, st.builds(Combine, how, st.sampled_from(["list", "tuple", "lazy"]), plain)),
        (3, st.builds(Combine, how, st.just("lazy"), mixed.map(tuple))),
        (1, st.builds(Combine, keyed, st.just("list"), plain)),
    )


@cache
def chains(depth: int) -> st.SearchStrategy[Statement]:
    handler = handlers(depth)
    return weighted(
        (4, st.builds(Then, indices, handler, st.none())),
        (1, st.builds(Then, indices, st.none(), handler)),
        (2, st.builds(Then, indices, handler, handler)),
        (1, st.builds(Then, indices, st.none(), st.none())),
        (2, st.builds(Catch, indices, filters, handler)),
        (2, st.builds(Finally, indices, handler)),
    )


@cache
def statements(depth: int) -> st.SearchStrategy[Statement]:
    shallow = max(depth - 1, 0)
    return weighted(
        (12, chains(depth)),
        (6, settlements(depth, indices)),
        (2, st.just(Defer())),
        (1, st.builds(Clock, st.integers(1, 8))),
        (1, drains),
        (2, st.builds(Make, st.just("resolve"), values(depth))),
        (1, st.builds(Make, st.just("reject"), reasons)),
        (1, st.builds(New, st.tuples(settlements(depth, st.none())) | bodies(depth))),
        (1, st.builds(Try, functions(depth))),
        *([(5, combinations(shallow))] if depth else []),
    )


def programs() -> st.SearchStrategy[Program]:
    made = st.builds(Make, st.just("resolve"), st.builds(Plain, numbers))
    starts = st.lists(
        weighted((3, st.just(Defer())), (2, made), (2, st.builds(Make, st.just("reject"), errors))),
        min_size=1,
        max_size=4,
    )
    steps = st.lists(statements(DEPTH), max_size=6)
    more_steps = st.lists(statements(DEPTH), min_size=5, max_size=12)
    # Without these most promises would stay pending.
    ends = st.lists(settlements(DEPTH, st.sampled_from([0, 1, 2, -1])), max_size=5)
    watch = st.sampled_from([(), (Watch(),), (Watch(),)])
    clock = st.sampled_from([(), (Clock(6),)])
    parts = st.tuples(watch, starts, weighted((1, steps), (2, more_steps)), clock, ends)
    return parts.map(lambda lists: tuple(step for steps in lists for step in steps))
