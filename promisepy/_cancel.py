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

from collections.abc import Callable, Collection
from contextvars import Context, copy_context
from typing import Any

from ._calls import Call
from ._cell import PENDING, Always, Cell, Reaction, Stoppable
from ._errors import Cancelled, cancellation
from ._jobs import Home
from ._misuse import expected_callable

__all__ = ["Producer", "abandon", "cancel", "is_wanted", "producer_of", "stop_by"]


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

    def _aborts(self) -> bool:
        return bool(self._abort)

    def _cancelled(self) -> None:
        while True:
            try:
                on_cancel, context = self._abort.pop()
            except IndexError:  # not asked before: another thread may be telling the producer, too
                return
            self._home.enqueue(Call(self._home, on_cancel, context=context))


class Stopped:
    """Stands in a cancelled promise for its producer, to tell it from one that has rejected with `Cancelled` itself."""

    __slots__ = ()

    def _aborts(self) -> bool:
        return False

    def _cancelled(self) -> None:
        """Do nothing: that has been done."""


STOPPED = Stopped()


def producer_of(promise: Cell) -> Producer:
    """Find the place for what the resolving side leaves."""
    producer = getattr(promise, "_producer", None)
    if not isinstance(producer, Producer):
        producer = promise._producer = Producer(promise._home)
    return producer


def stop_by(promise: Cell, on_cancel: Callable[[], object]) -> None:
    """Leave the function that stops the producer; it is called at once if the promise has been cancelled already."""
    # Unset, where there has been no producer: then this one is told, although the canceller may have overlooked it.
    pending, unresolved = promise._state is PENDING, getattr(promise, "_producer", STOPPED) is not None
    producer = producer_of(promise) if pending else Producer(promise._home)
    producer.add(on_cancel)
    if (pending or unresolved) and promise._state is not PENDING and isinstance(promise._value, Cancelled):
        producer._cancelled()


def is_wanted(source: Cell, without: Collection[int] = ()) -> bool:
    """Tell whether anybody depends on a pending promise, or has depended on a settled one; `without` holds ids."""
    reactions = source._reactions
    if reactions is None:
        return True
    # Twice: while others remove theirs, a list that is walked in place may hide one, but never shows one too many.
    for seen in (reactions, tuple(reactions)):
        for one in seen:
            if id(one) not in without and one._depends():
                return True
    return False


def cancel(promise: Cell, reason: Cancelled) -> bool:
    """Reject a promise and those on which only it depends; false if it is settled already."""
    if not promise._fail_with(reason, None):
        return False
    cancelled = [promise]
    for one in cancelled:  # it grows
        cancelled += [source for source in _let_go(one) if not is_wanted(source) and source._fail_with(reason, None)]
    # Producers first, since `_let_go` has told them; then from the top down, as a rejection at the top would go.
    while cancelled:
        cancelled.pop()._announce()
    return True


def abandon(source: Cell) -> None:
    """Cancel a promise that is no longer awaited, if nobody else depends on it and a producer can be stopped (S13)."""
    if not is_wanted(source) and _can_be_stopped(source):
        cancel(source, cancellation(None))


def _producer(promise: Cell) -> Stoppable | None:
    return getattr(promise, "_producer", None)


def _paths(promise: Cell) -> list[tuple[Cell, Reaction]]:
    """List the pending promises on which one depends directly, each with the reaction through which it does."""
    work, source = getattr(promise, "_work", None), promise._source
    if hasattr(promise, "_release"):
        return []  # its value is a resource: the way up to it must be gone to the end
    paths = [] if work is None else list(work._paths())
    if source is not None:
        paths.append((source, promise))
    return paths


def _let_go(promise: Cell) -> list[Cell]:
    """Detach a cancelled promise from all that it depended on, and have its producer stopped; gives the former."""
    work, producer, paths = getattr(promise, "_work", None), getattr(promise, "_producer", STOPPED), _paths(promise)
    is_resource = hasattr(promise, "_release")
    if producer is not None:  # None: it has resolved the promise, and does not want to be told
        producer._cancelled()
        promise._producer = producer if is_resource else STOPPED  # it may keep the callbacks that bring the resource
    if not is_resource and promise._source is not None and type(promise._on_rejected) is not Always:
        promise._detach()
        # In this order: a job that is just beginning on another thread must not meet a handler without a context.
        promise._on_fulfilled = promise._on_rejected = None
        promise._context = None
    if work is not None and (work._aborts() or not is_resource):
        work._cancelled()
        promise._work = None
    return [source for source, _ in paths]


def _can_be_stopped(promise: Cell) -> bool:
    """Tell whether a cancellation that starts here would reach a producer that can be stopped."""
    seen, doomed = [promise], set[int]()
    while seen:
        cell = seen.pop()
        producer, work = _producer(cell), getattr(cell, "_work", None)
        if (producer is not None and producer._aborts()) or (work is not None and work._aborts()):
            return True
        for source, reaction in _paths(cell):
            doomed.add(id(reaction))
            if not is_wanted(source, doomed):
                seen.append(source)
    return False
