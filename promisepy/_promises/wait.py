"""`wait`: how a thread learns the outcome, and when it must refuse to begin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, overload

from .._core import errors, misuse
from .._core.cell import PENDING, Cell, Reaction
from .._core.crowd import each
from .._core.homes import ThreadHome
from .._core.jobs import LONGEST, Home, Job
from .._core.resolve import Adoption
from .._core.types import is_a
from .combine import NOTHING, Group
from .map import Mapper
from .relay import Deadline


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

    def needs(self, home: Home) -> bool:
        """Tell whether the promise cannot settle before a job of that home has run; on any thread."""
        promise = self._source
        return promise is not None and any(_has_job(one) and one._home is home for one in _way_up(promise))

    def refuse_deadlock(self) -> None:
        """Raise if nothing that can still happen would settle the promise while the thread sleeps here."""
        promise = self._source
        if promise is None or promise._state is not PENDING:
            return
        if self._thread.private.is_at_step():
            raise misuse.wait_in_loop()
        if any(job is not None and reaches(job, promise) for job in self._thread.waits):
            raise errors.wait_for_self(promise._describe())
        origin = _origin(promise)
        if any(isinstance(reaction, Adoption) and reaches(reaction, origin) for reaction in each(origin._reactions)):
            raise errors.wait_for_cycle(origin._describe())
        if origin._at_work() is NOTHING:
            raise errors.wait_for_nothing(promise._describe())
        stopped = _stopped_home(promise)
        if stopped is not None:
            tell = errors.wait_for_ended if isinstance(stopped, ThreadHome) else errors.wait_for_stopped
            raise tell(promise._describe(), stopped.describe())


def reaches(start: Job, goal: Cell) -> bool:
    """Tell whether `goal` stays pending for as long as `start` has not run.

    The result of a group or a mapping may be settled by another input. So it is passed over until all inputs that could
    do so have been found to stay pending as well.
    """
    blocked: set[int] = set()
    stack: list[Job] = [start]
    while stack:
        cell = stack.pop()._settles()
        if not isinstance(cell, Cell) or id(cell) in blocked:
            continue
        work = cell._at_work()
        if isinstance(work, (Group, Mapper)) and not work.is_blocked(blocked):
            continue
        if cell is goal:
            return True
        blocked.add(id(cell))
        stack.extend(each(cell._reactions))
    return False


def _origin(promise: Cell) -> Cell:
    """Find the promise at the top of the way up."""
    for above in _way_up(promise):
        promise = above
    return promise


def _way_up(promise: Cell) -> Iterator[Cell]:
    """Go up from handlers' promises to their sources, and from followers to what they follow; a circle ends it."""
    passed = set[int]()
    above: Cell | None = promise
    while above is not None:
        yield above
        promise, above = above, above._source
        work = promise._at_work()
        if isinstance(work, Adoption) and id(promise) not in passed:  # every circle has a follower
            passed.add(id(promise))
            above = next(iter(work._sources()), None)


def _stopped_home(promise: Cell) -> Home | None:
    """Find a home that stands still on this thread, and so cannot run the job that has to settle a promise further up.

    A promise without such a job is settled by its resolving functions, on any thread. A time limit is kept by a clock.
    """
    for one in _way_up(promise):
        work = one._at_work()
        if isinstance(work, Deadline):
            return None
        if _has_job(one) and one._home.stands_still():
            return one._home
    return None


def _has_job(promise: Cell) -> bool:
    """Tell whether a promise is settled by a job of its home."""
    return promise._source is not None or promise._at_work() is not None


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
