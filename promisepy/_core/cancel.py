"""Cancellation: which promises it rejects, which producers it stops, and what it must leave alone.

A cancelled promise is rejected at once, and its handlers' promises see an ordinary rejection. Then the cancellation
goes up to the promises on which it depended. It cancels each one that nobody else depends on, and so on up to the
producers, which are told to stop. To depend on a promise is to have a reaction on it. The promise of a handler has one;
so have a follower, a combinator, an awaiting task and a thread in `wait`. A mere reference to a promise does not count.

Threads. Settling is exclusive (`cell`), so each promise is cancelled, and each producer told, at most once. Two threads
may cancel the last two dependants of a promise at the same time. Each settles its own dependant first and then looks
for others, so at least one of the threads finds none. Code that leaves a producer, or work, with a promise checks the
state afterwards. Code that cancels writes the state first and looks for them afterwards. One of the two sees the other
(LOOK, `atomic`).
"""

from __future__ import annotations

from collections.abc import Iterable

from .cell import PENDING, Cell, Failure
from .errors import Cancelled, cancellation
from .producers import UNFINISHED


def cancel(promise: Cell, reason: Cancelled) -> bool:
    """Reject a promise and those on which only it depends; false if it is settled already."""
    failure = Failure(reason, None)
    cancelled, asked = [promise], list[Cell]()
    if not promise._fail_with(failure):
        promise._complete()  # INV-RETRY of `claim`
        return False
    try:
        for one in cancelled:  # it grows
            if sources := one._let_go():
                asked += sources
                cancelled += _fail_unwanted(sources, failure)
            # At the end, ask again: what wanted some of them may be cancelled itself by now, such as a shield, or the
            # callback of a `finally_`.
            if asked and one is cancelled[-1]:
                cancelled += _fail_unwanted(asked, failure)
        # `_let_go` has told the producers already. Reactions are queued from the top down, as for a rejection at the
        # top.
        while cancelled:
            cancelled[-1]._announce()
            cancelled.pop()
    except BaseException:
        for one in cancelled:
            one._producer = UNFINISHED  # in place: Cell._leave
        raise
    return True


def _fail_unwanted(sources: Iterable[Cell], failure: Failure) -> list[Cell]:
    failed: list[Cell] = []
    for one in sources:
        wanted = one._is_wanted()
        if one._state is PENDING and not wanted and one._fail_with(failure):
            failed.append(one)
        elif not wanted or one._state is not PENDING:
            # Others settle it. Had they rejected it earlier, the dependant that is gone now would have handled that.
            one._observe()
    return failed


def abandon(source: Cell) -> None:
    """Cancel a promise that is no longer awaited, if nobody else depends on it and a producer can be stopped (S13)."""
    if not source._is_wanted() and _has_producer(source) and cancel(source, cancellation(None)):
        return
    if source._is_being_settled():
        # It is settled, or about to be. Had it been rejected earlier, the code that gives up would have handled that.
        source._observe()


def drop(source: Cell, *, cancels: bool = True) -> None:
    """Let go of a promise that is no longer awaited; with `cancels`, cancel it unless somebody else depends on it."""
    source._observe()
    if cancels and not source._is_wanted():
        cancel(source, cancellation(None))


def _has_producer(promise: Cell) -> bool:
    """Tell whether this promise, or a source however far up, has a producer that can be stopped.

    Others may depend on that producer, too. Then only the promise is cancelled, and the producer goes on for them. If
    the promise stayed because of them, it would itself keep the producer from being stopped once they have gone.
    """
    found, seen = [promise], {id(promise)}
    for cell in found:  # it grows
        if cell._is_stoppable():
            return True
        above = [source for source in cell._sources() if source._state is PENDING and id(source) not in seen]
        found += above
        seen.update(map(id, above))
    return False
