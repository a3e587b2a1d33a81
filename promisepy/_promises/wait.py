"""`wait`: how a thread learns the outcome, and when it must refuse to begin."""

from __future__ import annotations

from typing import Literal, overload

from .._core import errors, misuse
from .._core.cell import PENDING, Cell, Reaction
from .._core.crowd import each
from .._core.homes import ThreadHome
from .._core.jobs import LONGEST, Job
from .._core.loops import running_loop
from .._core.resolve import Adoption
from .._core.types import is_a
from .combine import NOTHING


class Wake(Reaction):
    """Ends a `wait`, in order with the jobs of the waiting thread."""

    __slots__ = ("_is_done", "_thread")

    def __init__(self, home: ThreadHome, source: Cell) -> None:
        self._home = self._thread = home
        self._source = source
        self._is_done = False

    def _run(self) -> None:
        if self._source is not None:
            self._source = None
            self._is_done = True
            self._thread.stop_waiting()

    def is_done(self) -> bool:
        """Tell whether the promise has settled and its turn has come."""
        return self._is_done

    def refuse_deadlock(self) -> None:
        """Raise if nothing that can still happen would settle the promise while the thread sleeps here."""
        promise = self._source
        if promise is None or promise._state is not PENDING:
            return
        if running_loop() is not None and self._thread.tasks:
            # The loop that runs here is the private one of a `wait` further out, which runs the coroutines of handlers.
            raise misuse.wait_in_loop()
        if any(job is not None and reaches(job, promise) for job in self._thread.waits):
            raise errors.wait_for_self(promise._describe())
        origin = _origin(promise)
        if any(isinstance(reaction, Adoption) and reaches(reaction, origin) for reaction in each(origin._reactions)):
            raise errors.wait_for_cycle(origin._describe())
        if origin._at_work() is NOTHING:
            raise errors.wait_for_nothing(promise._describe())


def reaches(start: Job, goal: Cell) -> bool:
    """Tell whether `goal` stays pending for as long as `start` has not run."""
    seen: set[int] = set()
    stack: list[Job] = [start]
    while stack:
        cell = stack.pop()._settles()
        if cell is goal:
            return True
        if isinstance(cell, Cell) and id(cell) not in seen:
            seen.add(id(cell))
            stack.extend(each(cell._reactions))
    return False


def _origin(promise: Cell) -> Cell:
    """Go up from handlers' promises to their sources, and from followers to what they follow; a circle ends it."""
    passed = set[int]()
    above: Cell | None = promise
    while above is not None:
        promise, above = above, above._source
        work = promise._at_work()
        if isinstance(work, Adoption) and id(promise) not in passed:  # every circle has a follower
            passed.add(id(promise))
            above = next(iter(work._sources()), None)
    return promise


@overload
def check_seconds(caller: str, timeout: object, *, optional: Literal[False]) -> float: ...
@overload
def check_seconds(caller: str, timeout: object) -> float | None: ...
def check_seconds(caller: str, timeout: object, *, optional: bool = True) -> float | None:
    """Check a time limit, and give it as a number that every clock can count with."""
    if timeout is None and optional:
        return None
    if not is_a(timeout, (int, float)) or is_a(timeout, bool) or timeout != timeout:
        raise misuse.expected_seconds(caller, timeout, optional=optional)
    return float(max(-LONGEST, min(timeout, LONGEST)))


def check_wait(timeout: object, pump: object) -> float | None:
    """Check what `wait` was given, and give its time limit."""
    seconds = check_seconds("Promise.wait()", timeout)
    if pump is not None and not callable(pump):
        raise misuse.expected_callable("Promise.wait(pump=)", pump)
    return seconds
