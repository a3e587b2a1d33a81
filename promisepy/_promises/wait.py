"""Reactions by which those who hold no handler learn an outcome: a thread in `wait`, a `concurrent.futures.Future`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any, Literal, cast, overload

from .._core import errors, misuse
from .._core.cancel import NOTHING, abandon
from .._core.cell import FULFILLED, PENDING, Cell, Reaction, reaches
from .._core.errors import Cancelled
from .._core.homes import ThreadHome, running_loop
from .._core.jobs import LONGEST, Home, Job, fatal
from .._core.reports import submit_error
from .._core.resolve import Adoption, Resolution

__all__ = ["FutureSink", "Shield", "Wake", "check_seconds", "check_wait"]


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
        """Raise if nothing that could still happen would settle the promise while its thread sleeps here."""
        promise = self._source
        if promise is None or promise._state is not PENDING:
            return
        if running_loop() is not None and self._thread.tasks:
            raise misuse.wait_in_loop()  # of `wait` itself: one further out runs it for the coroutines of handlers
        if any(job is not None and reaches(job, promise) for job in self._thread.waits):
            raise errors.wait_for_self(promise._describe())
        origin = _origin(promise)
        if any(isinstance(reaction, Adoption) and reaches(reaction, origin) for reaction in origin._reactions or ()):
            raise errors.wait_for_cycle(origin._describe())
        if getattr(origin, "_work", None) is NOTHING:
            raise errors.wait_for_nothing(promise._describe())


def _origin(promise: Cell) -> Cell:
    """Go up from handlers' promises to their sources, and from what follows to what is followed; a circle ends it."""
    passed = set[int]()
    above: Cell | None = promise
    while above is not None:
        promise, above = above, above._source
        work = getattr(promise, "_work", None)
        if isinstance(work, Adoption) and id(promise) not in passed:  # in every circle there is one that follows
            passed.add(id(promise))
            above = next(iter(work._sources()), None)
    return promise


class FutureSink(Reaction):
    """Hands an outcome to a `concurrent.futures.Future`, on whatever thread settles the promise."""

    __slots__ = ("_futures",)

    def __init__(self, future: Future[Any], source: Cell) -> None:
        self._home = _anywhere
        self._source = source
        # A list, to be popped: two threads may run this job at once, the settler and one that helps it. Popped, since
        # the future keeps its callbacks, and one of them this sink.
        self._futures = [future]

    def _run(self) -> None:
        source = self._source
        try:
            future = self._futures.pop()
        except IndexError:
            return
        self._source = None
        if source is None:
            return
        if isinstance(source._value, Cancelled) and source._state is not FULFILLED:
            future.cancel()
        if not future.set_running_or_notify_cancel():
            return
        try:
            if source._state is FULFILLED:
                future.set_result(source._value)
            else:
                future.set_exception(source._failure.fresh())
        except BaseException as error:  # of one of the future's callbacks, which is not the settling thread's business
            if fatal(error):
                raise
            submit_error(error)

    def leave(self, future: Future[Any]) -> None:
        """Abandon the promise if the future has been cancelled."""
        source = self._source
        if source is not None and future.cancelled():
            self._detach()
            abandon(source)


class Shield(Reaction):
    """Hands on an outcome to a promise whose cancellation goes no further."""

    __slots__ = ("_result",)

    def __init__(self, result: Resolution, source: Cell) -> None:
        self._home = result._home
        self._source = source
        self._result = result
        result._work = self
        source._subscribe(self)

    def _run(self) -> None:
        source, self._source, self._result._work = self._source, None, None
        if source is not None:
            self._result._settle_like(source)

    def _abandon(self, home: Home) -> None:
        self._source = self._result._work = None
        self._result._strand(home)

    def _settles(self) -> Cell | None:
        return self._result

    def _depends(self) -> bool:
        return self._result._depends()

    def _sources(self) -> Iterable[Cell]:
        return ()

    def _aborts(self) -> bool:
        return False

    def _cancelled(self) -> None:
        self._detach()


class InlineQueue(deque[Job]):
    """Runs a job instead of queueing it. A shared queue would let one thread take, and delay, what another settled."""

    __slots__ = ()

    def append(self, job: Job, /) -> None:
        """Run the job."""
        job._run()


class InlineHome(Home):
    """Runs jobs where they are queued: those that are safe on any thread and must not wait for a thread's turn."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()
        self.jobs = InlineQueue()
        self.armed = True


_anywhere = InlineHome()


@overload
def check_seconds(caller: str, timeout: object, *, optional: Literal[False]) -> float: ...
@overload
def check_seconds(caller: str, timeout: object) -> float | None: ...
def check_seconds(caller: str, timeout: object, *, optional: bool = True) -> float | None:
    """Check a time limit, and give it as a number that every clock can count with."""
    if timeout is None and optional:
        return None
    kind = type(timeout)  # isinstance() would believe the `__class__` of a Mock(spec=float)
    if not issubclass(kind, (int, float)) or issubclass(kind, bool) or timeout != timeout:
        raise misuse.expected_seconds(caller, timeout, optional=optional)
    seconds = cast("float", timeout)
    return float(max(-LONGEST, min(seconds, LONGEST)))


def check_wait(timeout: object, pump: object) -> float | None:
    """Check what `wait` was given, and give its time limit."""
    seconds = check_seconds("Promise.wait()", timeout)
    if pump is not None and not callable(pump):
        raise misuse.expected_callable("Promise.wait(pump=)", pump)
    return seconds
