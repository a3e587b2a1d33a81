"""Cancellation: which promises it rejects, which producers it stops, and what it must leave alone.

A cancelled promise is rejected at once, and its handlers' promises see an ordinary rejection. Then the cancellation
goes up to the promises on which it depended. It cancels each one that nobody else depends on, and so on up to the
producers, which are told to stop. To depend on a promise is to have a reaction on it. The promise of a handler has one;
so have a follower, a combinator, an awaiting task and a thread in `wait`. A mere reference to a promise does not count.

To *give up* a promise is less: nobody waits for it any more, but nobody has asked for its end either. A promise that is
given up is cancelled only if that ends something: a producer that can be stopped, or work that promisepy itself does
with other promises, such as a race or a time limit. From there it goes up in the same way, as below.

INV-BRANCH  Each promise on which one depended that was given up is treated as if it had been given up alone: it is
            cancelled only if its own way up leads to something that ends. So a promise that nobody can stop stays
            pending, whatever its siblings in a race or `all` are.

Threads. Settling is exclusive (`cell`), so each promise is cancelled, and each producer told, at most once. Two threads
may cancel the last two dependants of a promise at the same time. Each settles its own dependant first and then looks
for others, so at least one of the threads finds none. Code that leaves a producer, or work, with a promise checks the
state afterwards. Code that cancels writes the state first and looks for them afterwards. One of the two sees the other
(LOOK, `atomic`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from .cell import PENDING, REJECTED, Cell
from .errors import Cancelled, Failure, cancellation
from .producers import UNFINISHED

# Whether something ends with a promise, by its id, and the promise itself, so that the id stays its own.
Known: TypeAlias = dict[int, tuple[Cell, bool]]


class GivenUp(Failure):
    """Why promises are cancelled for which nobody waits any more; nobody has asked for their end."""

    __slots__ = ()


def cancel(promise: Cell, reason: Cancelled) -> bool:
    """Reject a promise and those on which only it depends; false if it is settled already."""
    return _cancel(promise, Failure(reason, None), None)


def _cancel(promise: Cell, failure: Failure, known: Known | None) -> bool:
    """Cancel; `known` is given if the promise is given up, and holds what has been found out about the way up."""
    cancelled, asked = [promise], list[Cell]()
    if not promise._fail_with(failure):
        promise._complete()  # INV-RETRY of `claim`
        return False
    try:
        for one in cancelled:  # it grows
            if sources := one._let_go():
                asked += sources
                cancelled += _fail_unwanted(sources, failure, known)
            # At the end, ask again: what wanted some of them may be cancelled itself by now, such as a shield, or the
            # callback of a `finally_`.
            if asked and one is cancelled[-1]:
                cancelled += _fail_unwanted(asked, failure, known)
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


def _fail_unwanted(sources: Iterable[Cell], failure: Failure, known: Known | None) -> list[Cell]:
    failed: list[Cell] = []
    for one in sources:
        wanted = one._is_wanted()
        goes = one._state is PENDING and not wanted and (known is None or _ends_something(one, known))
        if goes and one._fail_with(failure):
            failed.append(one)
        elif not wanted or one._state is not PENDING:
            # It goes on, or others settle it. Had it been rejected earlier, the dependant that is gone now would have
            # handled that.
            one._observe()
    return failed


def abandon(source: Cell) -> None:
    """Give up a promise that is no longer awaited: cancel it if nobody else depends on it and that ends something."""
    known: Known = {}
    ends = not source._is_wanted() and _ends_something(source, known)
    if not (ends and _cancel(source, GivenUp(cancellation(None), None), known)):
        source._observe()  # had it been rejected earlier, the code that gives up would have handled that


def is_given_up(promise: Cell) -> bool:
    """Tell whether a promise was cancelled only because nobody waited for it any more."""
    return promise._state is REJECTED and type(promise._failure) is GivenUp


def cancel_after(promise: Cell, source: Cell) -> None:
    """Treat `source` as the cancellation of `promise` would have, had `promise` depended on it already."""
    if is_given_up(promise):
        abandon(source)
    elif not source._is_wanted():
        cancel(source, cancellation(promise._value))


def drop(source: Cell, *, cancels: bool = True) -> None:
    """Let go of a promise that is no longer awaited; with `cancels`, cancel it unless somebody else depends on it."""
    source._observe()
    if cancels and not source._is_wanted():
        cancel(source, cancellation(None))


def _ends_something(promise: Cell, known: Known) -> bool:
    """Tell whether this promise, or a source however far up, has work that ends if it is cancelled.

    Others may depend on that work, too. Then only the promise is cancelled, and the work goes on for them. If the
    promise stayed because of them, it would itself keep the work from being stopped once they have gone.

    The answer for a pending promise stays the same while a cancellation goes up: it still wants what is above it.
    So each promise is looked at once, also where many branches meet.
    """
    found, below = [promise], dict[int, Cell]()  # `below` leads back to `promise`
    for cell in found:  # it grows
        seen = known.get(id(cell))
        if cell._is_stoppable() if seen is None else seen[1]:
            way: Cell | None = cell
            while way is not None:
                known[id(way)] = way, True
                way = below.get(id(way))
            return True
        if seen is None:
            for source in cell._sources():
                if source._state is PENDING and id(source) not in below and source is not promise:
                    below[id(source)] = cell
                    found.append(source)
    known.update((id(cell), (cell, False)) for cell in found)
    return False
