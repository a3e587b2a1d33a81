"""The state machine of a promise. Everything that changes a state is in this file; nothing here calls user code.

               fulfil                     A promise is pending until it is fulfilled or rejected, once; then it is
    pending ───────────▶ fulfilled        settled for good. `then`, `await` and combinators leave reactions; settling
       │                                  queues each of them on the reaction's own home, in the order in which they
       │     reject                       came (ECMA-262 27.2.1.4, 27.2.1.7, 27.2.1.8).
       └───────────────▶ rejected         A promise made by `then` is its own reaction: it carries its handlers and
                                          `_source` until its job has run.

Threads. A job, a resolving function and a cancellation may want to settle the same promise, and others leave reactions
meanwhile, on any thread or in a signal handler that interrupts any of them. No lock is taken; each step below is one
operation of a list, a deque or an attribute, atomic with and without the GIL:

    settle      removes `UNSETTLED` from the head of the reactions, and gives up if it is gone; then value, then state,
                then (a cancellation: after those that it takes along) a snapshot of the reactions is queued, then
                `_reactions = None`
    subscribe   reads `_reactions`: None, so queue the reaction alone; else append it, then look at the state:
                settled meanwhile, so queue the whole list again

INV-ONCE    A promise settles once.
INV-SEEN    A reaction is queued at least once: it was appended before the snapshot, or its owner saw the new state.
INV-ORDER   Whoever queues a reaction has queued every earlier one first. Hence the list may be queued twice, by the
            settler and by a helper; the second run of a job finds its `_source` gone and does nothing.
INV-RC      What a settled promise refers to never refers back: settled chains are freed by reference counts alone.
            Beware of tracebacks: they lead to frames, a frame to its caller, `f_back`, and that one to its locals, even
            after both have returned. So a function that calls user code drops its locals when that code raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import Context
from types import TracebackType
from typing import Any, Final, Literal, Protocol, TypeAlias

from .cleanup import Call
from .errors import Cancelled, context_of, set_context, set_traceback, short, stuck
from .jobs import Home, Job
from .reports import Alarm, Site, creation_site, describe_site, settings
from .types import State

__all__ = [
    "FULFILLED",
    "PENDING",
    "REJECTED",
    "SILENT",
    "TRANSITIONS",
    "UNSETTLED",
    "UNSETTLED_ALONE",
    "Always",
    "Cell",
    "Failure",
    "Filtered",
    "Handler",
    "Reaction",
    "Stoppable",
    "Work",
    "reaches",
]

# Reasons that need no report: what was cancelled on purpose, and what has been raised to the host or caller anyhow.
SILENT: Final = (Cancelled, KeyboardInterrupt, SystemExit)

PENDING: Final = "pending"
FULFILLED: Final = "fulfilled"
REJECTED: Final = "rejected"

# The machine as data: docs/explanation/design.md draws it and tests hold every pair against the code.
TRANSITIONS: Final[dict[tuple[State, Literal["fulfil", "reject"]], State]] = {
    (PENDING, "fulfil"): FULFILLED,
    (PENDING, "reject"): REJECTED,
}


class Reaction:
    """A job that waits for the outcome of `_source`, and then runs once on `_home`."""

    __slots__ = ("_home", "_source")

    _home: Home
    _source: Cell | None

    def _run(self) -> None:
        raise NotImplementedError

    def _abandon(self, home: Home) -> None:
        """Give up: the home has ended."""
        self._source = None

    def _settles(self) -> Cell | None:
        """Name the promise that cannot settle before this reaction has run, if there is one."""
        return None

    def _depends(self) -> bool:
        """Tell whether somebody still wants the outcome of the source through this reaction."""
        return True

    def _detach(self) -> None:
        """Stop waiting, and leave nothing behind on the source."""
        source, self._source = self._source, None
        reactions = None if source is None else source._reactions
        if reactions is not None:
            try:
                reactions.remove(self)  # only classes of this package are in the list: no foreign __eq__ runs
            except ValueError:
                pass  # settled meanwhile: the job will find its source gone


class Unsettled(Reaction):
    """The right to settle a promise. It stands before all reactions, is never queued, and wants nothing."""

    __slots__ = ()

    def _depends(self) -> bool:
        return False


UNSETTLED: Final = Unsettled()
# What the reactions of a new promise are a list of. Unpacked into a list it leaves room for three more; [UNSETTLED] has
# none, and would be moved by the first reaction, and again by `remove`.
UNSETTLED_ALONE: Final = (UNSETTLED,)


class Stoppable(Protocol):
    """What the resolving side has left: how it is stopped."""

    def _aborts(self) -> bool:
        """Tell whether it can be."""
        ...

    def _cancelled(self) -> None:
        """Have it stopped; called on any thread, perhaps on two at once."""


class Work(Protocol):
    """What a promise that is resolved but pending is waiting for, and a cancellation is passed on to."""

    def _sources(self) -> Iterable[Cell]:
        """List the promises whose outcome is awaited."""
        ...

    def _aborts(self) -> bool:
        """Tell whether a producer has said how it is stopped."""
        ...

    def _cancelled(self) -> None:
        """Stop waiting, or tell the producer; called at most once, on any thread."""


Handler: TypeAlias = Callable[[object], object]


class Filtered:
    """The handler that `catch(types, handler)` leaves; a bare one is meant for every `Exception`."""

    __slots__ = ("handler", "types")

    def __init__(self, types: type[BaseException] | tuple[type[BaseException], ...], handler: Handler) -> None:
        self.types = types
        self.handler = handler

    def __call__(self, reason: BaseException, /) -> object:
        """Handle the reason or raise it; a reaction job looks inside instead, since raising would add a frame."""
        if isinstance(reason, self.types):
            return self.handler(reason)
        raise reason


class Always(Filtered):
    """The handler that `finally_` leaves: it runs even if its promise has been cancelled meanwhile."""

    __slots__ = ()


class Failure:
    """The reason of a rejection, and how it came; promises that pass a rejection on share it."""

    __slots__ = ("outer", "reason", "traceback")

    def __init__(self, reason: BaseException, traceback: TracebackType | None) -> None:
        self.reason = reason
        self.traceback = traceback
        self.outer: BaseException | None = context_of(reason)
        set_traceback(reason, traceback)

    def fresh(self) -> Any:
        """Give the reason with the traceback and context that it came with, whatever its readers have added."""
        reason = self.reason
        set_traceback(reason, self.traceback)
        set_context(reason, self.outer)
        return reason


class Cell(Reaction):
    """State, outcome and reactions of one promise."""

    __slots__ = (
        "__weakref__",
        "_alarm",
        "_context",
        "_failure",
        "_observed",
        "_on_fulfilled",
        "_on_rejected",
        "_producer",
        "_reactions",
        "_release",
        "_site",
        "_state",
        "_value",
        "_work",
    )

    _state: State
    _value: Any  # the value, or the reason; unset while pending
    _reactions: list[Reaction] | None
    _failure: Failure  # set with the state "rejected"
    _alarm: Alarm | None  # likewise
    _observed: bool  # unset until somebody has looked at a rejection, or let go of the promise while it was pending
    _site: Site | None  # unset outside debug mode
    # Unset if there never was any, None once it has resolved the promise; then what something adopted leaves.
    _producer: Stoppable | None
    _work: Work | None  # unset if there never was any
    _release: Callable[[Any], object]  # takes a value that comes after a cancellation; unset unless `using` set it
    # Unset unless `then` made this promise; None again once its job has run.
    _on_fulfilled: Handler | None
    _on_rejected: Handler | Filtered | None
    _context: Context | None

    def _begin(self, home: Home) -> None:
        """Become a pending promise of `home`."""
        self._home = home
        self._state = PENDING
        self._reactions = [*UNSETTLED_ALONE]
        self._source = None
        if settings.sites:
            self._site = creation_site()

    def _begin_fulfilled(self, home: Home, value: object) -> None:
        """Become a fulfilled promise of `home`, as `_begin` and then `_fulfil` would; nobody sees it in between."""
        self._home = home
        self._state = FULFILLED
        self._value = value
        self._reactions = None
        self._source = None
        if settings.sites:
            self._site = creation_site()

    def _fulfil(self, value: object) -> None:
        reactions = self._reactions
        try:
            reactions.remove(UNSETTLED)  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]  # asking first would not be atomic
        except (AttributeError, ValueError):
            if hasattr(self, "_release"):
                self._home.enqueue(Call(self._home, self._release, value))
            return
        self._value = value
        self._state = FULFILLED
        if reactions:
            for reaction in reactions.copy():  # `_queue`, in place
                home = reaction._home
                home.jobs.append(reaction)
                if not home.armed:
                    home.arm()
        self._reactions = None

    def _reject(self, reason: BaseException, traceback: TracebackType | None) -> bool:
        """Reject, unless it has been settled before; tells which."""
        if not self._fail_with(Failure(reason, traceback)):
            return False
        self._announce()
        return True

    def _fail_with(self, failure: Failure) -> bool:
        """Reject, but queue no reaction yet; until `_announce` only those who look, or subscribe, will know."""
        reactions = self._reactions
        try:
            reactions.remove(UNSETTLED)  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]  # asking first would not be atomic
        except (AttributeError, ValueError):
            return False
        self._value = failure.reason
        self._failure = failure
        self._alarm = None
        self._state = REJECTED
        return True

    def _announce(self) -> None:
        """Queue the reactions to a rejection; if there is none, set the alarm."""
        reactions, reason = self._reactions, self._value
        if reactions:
            _queue(reactions)
        elif not issubclass(type(reason), SILENT) and not hasattr(self, "_observed"):
            self._alarm = alarm = Alarm(self._failure.fresh(), self._home, getattr(self, "_site", None))
            if reactions or hasattr(self, "_observed"):
                alarm.disarm()  # a thread looked before it could see the alarm
        self._reactions = None

    def _subscribe(self, reaction: Reaction) -> None:
        """Leave a reaction; it is queued when the promise settles, at once if it has."""
        reactions = self._reactions
        if reactions is None:
            if self._state is REJECTED:
                self._observe()
            reaction._home.enqueue(reaction)
            return
        reactions.append(reaction)
        if self._state is not PENDING:
            self._help(reactions)

    def _help(self, reactions: list[Reaction]) -> None:
        """Queue all reactions: another thread, or a signal handler, has settled inside `_subscribe`."""
        _queue(reactions)
        self._observe()

    def _observe(self) -> None:
        """Note that a rejection, also one that may still come, is not to be reported."""
        self._observed = True
        if self._state is REJECTED and self._alarm is not None:
            self._alarm.disarm()

    def _settles(self) -> Cell | None:
        return self

    def _depends(self) -> bool:
        return self._state is PENDING or hasattr(self, "_release")

    def _abandon(self, home: Home) -> None:
        if self._source is not None:
            self._source = self._context = self._on_fulfilled = self._on_rejected = None
            self._strand(home)

    def _strand(self, home: Home) -> None:
        """Reject, because the home that should have settled this promise has ended."""
        self._reject(stuck(home.describe(), self._created()), None)

    def _created(self) -> str:
        """Say where the promise was created."""
        return describe_site(getattr(self, "_site", None))

    def _describe(self) -> str:
        """Tell state, outcome and, in debug mode, creation site."""
        state = self._state
        outcome = "" if state is PENDING else f": {short(self._value)}"
        site = getattr(self, "_site", None)
        created = "" if site is None else f" created at {site[0]}:{site[1]} in {site[2]}"
        return f"<{type(self).__name__} {state}{outcome}{created}>"


def _queue(reactions: list[Reaction]) -> None:
    """Queue reactions, in order. The snapshot keeps `_detach` on another thread from making us skip one."""
    for reaction in reactions.copy():
        home = reaction._home
        home.jobs.append(reaction)
        if not home.armed:
            home.arm()


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
            stack.extend(cell._reactions or ())
    return False
