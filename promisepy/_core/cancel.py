"""Cancellation: who is settled, who is told, and who must be left alone.

A cancelled promise is rejected at once, and its handlers' promises hear of it like of any rejection. Then the promises
on which it depended are looked at: one that nobody else depends on is cancelled, too, and so on up to the producers,
which are told to stop. Somebody depends on a promise through a reaction: the promise of a handler, a follower, a
combinator, an awaiting task, a thread in `wait`. A promise that is merely referred to is not depended on.

Threads. Settling is exclusive (`cell`), so each promise is cancelled, and each producer told, at most once. Two threads
may cancel the last two dependants of a promise at the same time: each first settles its own, and then looks for others,
so at least one of them finds none. Code that leaves a producer, or work, with a promise checks the state afterwards.
Code that cancels writes the state first and looks for them afterwards. One of the two sees the other (LOOK, `atomic`).
"""

from __future__ import annotations

from collections.abc import Iterable

from .cell import PENDING, Cell, Failure
from .errors import Cancelled, cancellation


def cancel(promise: Cell, reason: Cancelled) -> bool:
    """Reject a promise and those on which only it depends; false if it is settled already."""
    failure = Failure(reason, None)
    if not promise._fail_with(failure):
        return False
    cancelled, asked = [promise], list[Cell]()
    for one in cancelled:  # it grows
        if sources := one._let_go():
            asked += sources
            cancelled += _fail_unwanted(sources, failure)
        if (
            asked and one is cancelled[-1]
        ):  # some were wanted by a shield, or a callback of `finally_`, that has gone, too
            cancelled += _fail_unwanted(asked, failure)
    # Producers first, since `_let_go` has told them; then from the top down, as a rejection at the top would go.
    while cancelled:
        cancelled.pop()._announce()
    return True


def _fail_unwanted(sources: Iterable[Cell], failure: Failure) -> list[Cell]:
    failed: list[Cell] = []
    for one in sources:
        wanted = one._is_wanted()
        if one._state is PENDING and not wanted and one._fail_with(failure):
            failed.append(one)
        elif not wanted or one._state is not PENDING:
            one._observe()  # others settle it: had they come earlier, what has just gone would have handled a rejection
    return failed


def abandon(source: Cell) -> None:
    """Cancel a promise that is no longer awaited, if nobody else depends on it and it has a producer (S13)."""
    if not source._is_wanted() and _has_producer(source) and cancel(source, cancellation(None)):
        return
    if source._is_being_settled():
        source._observe()  # as in `_fail_unwanted`


def drop(source: Cell, *, cancels: bool = True) -> None:
    """Leave a promise to itself that is not awaited any more, or cancel it unless somebody else depends on it."""
    source._observe()
    if cancels and not source._is_wanted():
        cancel(source, cancellation(None))


def _has_producer(promise: Cell) -> bool:
    """Tell whether the way up leads to a producer that can be stopped.

    Others may depend on that one: then the promise goes alone. Were it to stay because of them, it would itself be what
    keeps the producer from being stopped when they have gone, too.
    """
    found, seen = [promise], {id(promise)}
    for cell in found:  # it grows
        if cell._is_stoppable():
            return True
        above = [source for source in cell._sources() if source._state is PENDING and id(source) not in seen]
        found += above
        seen.update(map(id, above))
    return False
