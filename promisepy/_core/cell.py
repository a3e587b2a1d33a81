"""The two state machines of a promise. Whatever changes a state is in this file; nothing here calls user code.

               fulfil                     A promise is pending until it is fulfilled or rejected, once; then it is
    pending ───────────▶ fulfilled        settled for good. `then`, `await` and combinators leave reactions; settling
       │                                  queues each of them on the reaction's own home, in the order in which they
       │     reject                       came (ECMA-262 27.2.1.4, 27.2.1.7, 27.2.1.8).
       └───────────────▶ rejected         A promise made by `then` is its own reaction: it carries its handlers and
                                          `_source` until its job has run.

The second machine says who is at work for the promise. A cancellation follows it to whatever can be stopped.

    _producer   what the resolving side has left                 who writes it                  what may follow
    ─────────   ──────────────────────────────────────────────   ────────────────────────────   ───────────────────
    unset       nothing yet, or there is no such side                                           any
    left        how it is stopped: a `Producer` or `Request`     whoever resolves: `_leave`     done, stopped
    done        None: it has resolved the promise, its work is   its first call: `Claim`,       adopted
                over, and it is never told of a cancellation     `_dismiss`
    adopted     how something foreign is stopped, whose          the job that starts to         done
                outcome the promise takes on: an `Adopted`       follow it: `_leave`
    stopped     STOPPED: the promise has been cancelled, and     `_let_go`                      adopted, done
                the resolving side told

    _work       what a promise that is resolved but pending waits for: an adoption, a combinator, a deadline. It enters
                itself by `_take_on`; when it is over, or cancelled, `_put_down` makes that None again.
    _release    takes a value that comes although the promise has been cancelled. `using` sets it, once, by `_hold`:
                from then on a cancellation lets the value come, and stops only what says how it is stopped.
    _observed   True as soon as somebody has seen a rejection, or has let go of the pending promise: `_observe`.

Threads. A job, a resolving function and a cancellation may want to settle the same promise, and others leave reactions
meanwhile, on any thread or in a signal handler that interrupts any of them. No lock is taken; `atomic` has the idioms:

    settle      removes `UNSETTLED` from the head of the reactions, and gives up if it is gone (TAKE); then value, then
                state, then (a cancellation: after those that it takes along) a snapshot of the reactions is queued,
                then `_reactions = None`
    subscribe   reads `_reactions`: None, so queue the reaction alone; else append it, then look at the state (LOOK):
                settled meanwhile, so queue the whole list again
    stop        to leave a producer or work is to write the slot, then to look at the state; to cancel is to write the
                state, then to look for both (LOOK)

INV-ONCE    A promise settles once.
INV-SEEN    A reaction is queued at least once: it was appended before the snapshot, or its owner saw the new state.
INV-ORDER   Whoever queues a reaction has queued every earlier one first. Hence the list may be queued twice, by the
            settler and by a helper; the second run of a job finds its `_source` gone and does nothing.
INV-RC      What a settled promise refers to never refers back: settled chains are freed by reference counts alone.
            Beware of tracebacks: they lead to frames, a frame to its caller, `f_back`, and that one to its locals, even
            after both have returned. So a function that calls user code drops its locals when that code raises.

Where a comment says `in place: Cell._begin`, a hot path holds a copy of that function instead of a call, and a test
compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import Context
from types import TracebackType
from typing import Any, Final, Literal, Protocol

from .cleanup import CleanUp
from .errors import Cancelled, context_of, set_context, set_traceback, short, stuck
from .handlers import Always, Filtered, Handler
from .jobs import Home
from .producers import STOPPED, Adopted, Producer, Stoppable
from .reports import Alarm, Site, creation_site, describe_site, settings
from .types import State, is_a

# Reasons that need no report: what was cancelled on purpose, and what has been raised to the host or caller anyhow.
SILENT: Final = (Cancelled, KeyboardInterrupt, SystemExit)

PENDING: Final = "pending"
FULFILLED: Final = "fulfilled"
REJECTED: Final = "rejected"

# The types most often passed as values: none of them can be adopted, so the rules of `adopt` need not be asked. Only a
# class whose metaclass is `type` is looked up: another one may make its classes unhashable, or run code when they are.
NEVER_ADOPTED: Final[frozenset[type]] = frozenset(
    (bool, int, float, complex, str, bytes, bytearray, tuple, list, dict, set, frozenset, type(None))
)

# The first machine as data; tests hold every pair against the code.
TRANSITIONS: Final[dict[tuple[State, Literal["fulfil", "reject"]], State]] = {
    (PENDING, "fulfil"): FULFILLED,
    (PENDING, "reject"): REJECTED,
}
# And the second, by the names of the table above. "adopt" is the job that starts to follow something foreign; it comes
# after "resolve", or where there is no resolving side, as in a promise that `then` has made.
PRODUCTIONS: Final[dict[tuple[str, Literal["leave", "resolve", "adopt", "cancel"]], str]] = {
    ("unset", "leave"): "left",
    ("unset", "resolve"): "done",
    ("unset", "adopt"): "adopted",
    ("unset", "cancel"): "stopped",
    ("left", "leave"): "left",
    ("left", "resolve"): "done",
    ("left", "cancel"): "stopped",
    ("done", "leave"): "done",
    ("done", "resolve"): "done",
    ("done", "adopt"): "adopted",
    ("done", "cancel"): "done",
    ("adopted", "leave"): "adopted",
    ("adopted", "resolve"): "done",
    ("adopted", "cancel"): "adopted",
    ("stopped", "leave"): "stopped",
    ("stopped", "resolve"): "done",
    ("stopped", "adopt"): "adopted",
    ("stopped", "cancel"): "stopped",
}


def is_plain(kind: type) -> bool:
    """Tell whether the instances of a class are values, whatever the rules of adoption."""
    return type(kind) is type and kind in NEVER_ADOPTED


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
    """The right to settle a promise. It stands before all reactions, and is never queued."""

    __slots__ = ()


UNSETTLED: Final = Unsettled()
# What the reactions of a new promise are a list of. Unpacked into a list it leaves room for three more; [UNSETTLED] has
# none, and would be moved by the first reaction, and again by `remove`.
UNSETTLED_ALONE: Final = (UNSETTLED,)


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
    """State, outcome and reactions of one promise.

    `Promise` is a cell, since a second object for each promise would cost as much again; so whatever is not for users
    has an underscore, which says "of this package" here, not "of this class". Other files may read `_home`, `_source`,
    `_state`, `_value`, `_failure`, `_alarm` and `_reactions`, and call the methods. They write no slot: a test looks.
    """

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
    _site: Site | None  # unset outside debug mode
    # The second machine. Each is unset in most promises, which saves the price of setting it.
    _producer: Stoppable | None
    _work: Work | None
    _release: Callable[[Any], object]
    _observed: bool
    # Unset unless `then` made this promise; None again once its job has run.
    _on_fulfilled: Handler | None
    _on_rejected: Handler | Filtered | None
    _context: Context | None

    def _begin(self, home: Home, source: Cell | None = None) -> None:
        """Become a pending promise of `home`, and of a source if it is a reaction."""
        self._home = home
        self._state = PENDING
        self._reactions = [*UNSETTLED_ALONE]
        self._source = source
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
                self._home.enqueue(CleanUp(self._home, self._release, value))
            return
        self._value = value
        self._state = FULFILLED
        if reactions:
            # in place: queue
            for reaction in reactions.copy():
                home = reaction._home
                home.jobs.append(reaction)  # in place: Home.enqueue
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
            # in place: queue
            for reaction in reactions.copy():
                home = reaction._home
                home.jobs.append(reaction)  # in place: Home.enqueue
                if not home.armed:
                    home.arm()
        elif not is_a(reason, SILENT) and not hasattr(self, "_observed"):
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
        queue(reactions)
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
            self._source = None
            self._drop_handlers()
            self._strand(home)

    def _drop_handlers(self) -> None:
        # In this order: a job that is just beginning on another thread must not meet a handler without a context.
        self._on_fulfilled = self._on_rejected = self._context = None

    def _strand(self, home: Home) -> None:
        """Reject, because the home that should have settled this promise has ended."""
        self._reject(stuck(home.describe(), self._created()), None)

    def _left(self) -> Stoppable | None:
        """Give what the resolving side has left; None if it is done, and so is not to be told of anything."""
        return getattr(self, "_producer", STOPPED)

    def _has_resolved(self) -> bool:
        """Tell whether the resolving side is done, even if the promise is still pending."""
        left = self._left()
        return left is None or type(left) is Adopted

    def _leave(self, producer: Stoppable) -> None:
        """Say how the resolving side, or something foreign that the promise follows now, is stopped."""
        self._producer = producer

    def _dismiss(self) -> None:
        """Note that the resolving side is done."""
        self._producer = None

    def _produce(self) -> Producer:
        """Find, or make, the place for what the resolving side leaves."""
        left = self._left()
        if isinstance(left, Producer):
            return left
        self._producer = producer = Producer(self._home)
        return producer

    def _stop_by(self, on_cancel: Callable[[], object]) -> None:
        """Leave the function that stops the resolving side, which is called at once if the promise has been cancelled.

        It is forgotten if that side has resolved the promise, even with one that is pending: its work is done.
        """
        # Where there has been no producer this one is told, although the canceller may have overlooked it.
        pending, has_resolved = self._state is PENDING, self._has_resolved()
        producer = self._produce() if pending and not has_resolved else Producer(self._home)
        producer.add(on_cancel)
        if not has_resolved:
            self._recall(producer)

    def _recall(self, producer: Producer) -> None:
        """Have a producer stopped if the promise has been cancelled meanwhile."""
        if self._state is not PENDING and isinstance(self._value, Cancelled):
            producer._cancelled()

    def _at_work(self) -> Work | None:
        """Give what this promise waits for, if it is resolved but pending."""
        return getattr(self, "_work", None)

    def _take_on(self, work: Work) -> None:
        """Wait for something else from now on."""
        self._work = work

    def _put_down(self) -> None:
        """Wait for nothing any more."""
        self._work = None

    def _hold(self, release: Callable[[Any], object]) -> None:
        """Have a value released that comes though the promise has been cancelled."""
        self._release = release

    def _is_held(self) -> bool:
        """Tell whether the value of this promise is released in any case."""
        return hasattr(self, "_release")

    def _is_stoppable(self) -> bool:
        """Tell whether a cancellation of this very promise would stop something."""
        left, work = getattr(self, "_producer", None), getattr(self, "_work", None)
        return (left is not None and left._aborts()) or (work is not None and work._aborts())

    def _is_being_settled(self) -> bool:
        """Tell whether somebody has settled this promise, or is about to, having dismissed the producer first."""
        return self._state is not PENDING or (self._left() is None and self._at_work() is None)

    def _is_wanted(self) -> bool:
        """Tell whether anybody depends on this promise while it is pending, or has depended on it."""
        reactions = self._reactions
        if reactions is None:
            return True
        # Twice: a list that others remove theirs from while it is walked may hide one, but never shows one too many.
        for seen in (reactions, tuple(reactions)):
            for one in seen:
                if one is not UNSETTLED and one._depends():
                    return True
        return False

    def _sources(self) -> list[Cell]:
        """List the promises on which this one depends directly; some may have settled meanwhile."""
        work, source = getattr(self, "_work", None), self._source
        sources = [] if work is None else list(work._sources())
        if source is not None:
            sources.append(source)
        return sources

    def _let_go(self) -> list[Cell]:
        """Detach from all that this promise depended on, and have its producer stopped; gives the former.

        It has been cancelled. If its value is held, it lets go of nothing that may still bring it.
        """
        work, producer = getattr(self, "_work", None), getattr(self, "_producer", STOPPED)
        sources, is_held = self._sources(), hasattr(self, "_release")
        if producer is not None:
            producer._cancelled()
            if not is_held and type(producer) is not Adopted:  # which may start later, and is stopped then
                self._producer = STOPPED
        if not is_held and self._source is not None and type(self._on_rejected) is not Always:
            self._detach()
            self._drop_handlers()
        if work is not None and (work._aborts() or not is_held):
            work._cancelled()
            self._work = None
        return sources

    def _resolve(self, value: object) -> None:
        """Take on a value, or the outcome of something adoptable; what that means is told by `Resolution`."""
        raise NotImplementedError

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


def queue(reactions: list[Reaction]) -> None:
    """Queue reactions, in order. The snapshot keeps `_detach` on another thread from making us skip one."""
    for reaction in reactions.copy():
        home = reaction._home
        home.jobs.append(reaction)  # in place: Home.enqueue
        if not home.armed:
            home.arm()
