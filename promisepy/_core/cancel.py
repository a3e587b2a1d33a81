"""Cancellation: who is settled, who is told, and who must be left alone.

A cancelled promise is rejected at once, and its handlers' promises hear of it like of any rejection. Then the promises
on which it depended are looked at: one that nobody else depends on is cancelled, too, and so on up to the producers,
which are told to stop. Somebody depends on a promise through a reaction: the promise of a handler, a follower, a
combinator, an awaiting task, a thread in `wait`. A promise that is merely referred to is not depended on.

Threads. Settling is exclusive (`_cell.py`), so each promise is cancelled, and each producer told, at most once. Two
threads may cancel the last two dependants of a promise at the same time: each first settles its own, and then looks for
others, so at least one of them finds none. Who leaves a producer, or work, with a promise looks at its state after; who
cancels writes the state first and looks for them after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import Context, copy_context
from typing import Any

from .cell import PENDING, Always, Cell, Failure
from .cleanup import Call
from .errors import Cancelled, cancellation
from .jobs import Home
from .misuse import expected_callable

__all__ = ["NOTHING", "Adopted", "Producer", "abandon", "cancel", "is_wanted", "producer_of", "stop_by"]


class Producer:
    """What the resolving side has left with its promise: how it is stopped, and callbacks that must be kept alive."""

    __slots__ = ("_abort", "_home", "kept")

    def __init__(self, home: Home, on_cancel: Callable[[], object] | None = None) -> None:
        self._home = home
        self._abort: list[tuple[Callable[[], object], Context]] = []
        self.kept: list[Callable[..., Any]] | None = None  # a list if `keep_alive` was asked for
        if on_cancel is not None:
            self.add(on_cancel)

    def add(self, on_cancel: Callable[[], object]) -> None:
        """Remember how the producer is stopped."""
        if not callable(on_cancel):
            raise expected_callable("on_cancel", on_cancel, "a function without parameters")
        self._abort.append((on_cancel, copy_context()))

    def look_at(self, promise: Cell) -> None:
        """Have the producer stopped if its promise has been cancelled meanwhile."""
        if promise._state is not PENDING and isinstance(promise._value, Cancelled):
            self._cancelled()

    def _aborts(self) -> bool:
        return bool(self._abort)

    def _cancelled(self) -> None:
        while True:
            try:
                on_cancel, context = self._abort.pop()
            except IndexError:  # not asked before: another thread may be telling the producer, too
                return
            self._home.enqueue(Call(self._home, on_cancel, context=context))


class Adopted(Producer):
    """What something foreign has left with the promise that takes on its outcome; the resolving side itself is done."""

    __slots__ = ()


class Stopped:
    """Stands in a cancelled promise for its producer, to tell it from one that has rejected with `Cancelled` itself."""

    __slots__ = ()

    def _aborts(self) -> bool:
        return False

    def _cancelled(self) -> None:
        """Do nothing: that has been done."""


STOPPED = Stopped()


class Nothing:
    """The work of a promise that stays pending for good unless it is cancelled."""

    __slots__ = ()

    def _sources(self) -> Iterable[Cell]:
        return ()

    def _aborts(self) -> bool:
        return False

    def _cancelled(self) -> None:
        """Do nothing: nobody is at work."""


NOTHING = Nothing()


def producer_of(promise: Cell) -> Producer:
    """Find the place for what the resolving side leaves."""
    producer = getattr(promise, "_producer", None)
    if not isinstance(producer, Producer):
        producer = promise._producer = Producer(promise._home)
    return producer


def stop_by(promise: Cell, on_cancel: Callable[[], object]) -> None:
    """Leave the function that stops the resolving side, which is called at once if the promise has been cancelled.

    It is forgotten if that side has resolved the promise, even with one that is pending: its work is done.
    """
    # Unset, where there has been no producer: then this one is told, although the canceller may have overlooked it.
    pending, left = promise._state is PENDING, getattr(promise, "_producer", STOPPED)
    has_resolved = left is None or type(left) is Adopted
    producer = producer_of(promise) if pending and not has_resolved else Producer(promise._home)
    producer.add(on_cancel)
    if not has_resolved:
        producer.look_at(promise)


def is_wanted(source: Cell) -> bool:
    """Tell whether anybody depends on a pending promise, or has depended on a settled one."""
    reactions = source._reactions
    if reactions is None:
        return True
    # Twice: while others remove theirs, a list that is walked in place may hide one, but never shows one too many.
    return any(one._depends() for seen in (reactions, tuple(reactions)) for one in seen)


def cancel(promise: Cell, reason: Cancelled) -> bool:
    """Reject a promise and those on which only it depends; false if it is settled already."""
    failure = Failure(reason, None)
    if not promise._fail_with(failure):
        return False
    cancelled, asked = [promise], list[Cell]()
    for one in cancelled:  # it grows
        sources = _let_go(one)
        asked += sources
        cancelled += _fail_unwanted(sources, failure)
        if one is cancelled[-1]:  # some were wanted by a shield, or by a callback of `finally_`, that has gone as well
            cancelled += _fail_unwanted(asked, failure)
    # Producers first, since `_let_go` has told them; then from the top down, as a rejection at the top would go.
    while cancelled:
        cancelled.pop()._announce()
    return True


def _fail_unwanted(sources: Iterable[Cell], failure: Failure) -> list[Cell]:
    failed: list[Cell] = []
    for one in sources:
        wanted = is_wanted(one)
        if one._state is PENDING and not wanted and one._fail_with(failure):
            failed.append(one)
        elif not wanted or one._state is not PENDING:
            one._observe()  # others settle it: had they come earlier, what has just gone would have handled a rejection
    return failed


def abandon(source: Cell) -> None:
    """Cancel a promise that is no longer awaited, if nobody else depends on it and it has a producer (S13)."""
    if not is_wanted(source) and _has_producer(source):
        cancel(source, cancellation(None))
    left = getattr(source, "_producer", STOPPED), getattr(source, "_work", None)
    if source._state is not PENDING or left == (None, None):  # who is about to settle it has taken the producer off
        source._observe()  # as in `_fail_unwanted`


def _sources(promise: Cell) -> list[Cell]:
    """List the promises on which one depends directly; some may have settled meanwhile."""
    work, source = getattr(promise, "_work", None), promise._source
    sources = [] if work is None else list(work._sources())
    if source is not None:
        sources.append(source)
    return sources


def _let_go(promise: Cell) -> list[Cell]:
    """Detach a cancelled promise from all that it depended on, and have its producer stopped; gives the former."""
    work, producer = getattr(promise, "_work", None), getattr(promise, "_producer", STOPPED)
    sources, is_resource = _sources(promise), hasattr(promise, "_release")
    if producer is not None:  # None: it has resolved the promise, and does not want to be told
        producer._cancelled()
        if not is_resource and type(producer) is not Adopted:  # it may keep the callbacks that bring the resource
            promise._producer = STOPPED
    if not is_resource and promise._source is not None and type(promise._on_rejected) is not Always:
        promise._detach()
        # In this order: a job that is just beginning on another thread must not meet a handler without a context.
        promise._on_fulfilled = promise._on_rejected = None
        promise._context = None
    if work is not None and (work._aborts() or not is_resource):
        work._cancelled()
        promise._work = None
    return sources


def _has_producer(promise: Cell) -> bool:
    """Tell whether the way up leads to a producer that can be stopped.

    Others may depend on that one: then the promise goes alone. Were it to stay because of them, it would itself be what
    keeps the producer from being stopped when they have gone, too.
    """
    found, seen = [promise], {id(promise)}
    for cell in found:  # it grows
        left = getattr(cell, "_producer", None), getattr(cell, "_work", None)
        if any(one is not None and one._aborts() for one in left):
            return True
        above = [source for source in _sources(cell) if source._state is PENDING and id(source) not in seen]
        found += above
        seen.update(map(id, above))
    return False
