"""The two state machines of a promise: all code that changes a state is here, and none of it calls user code.

               fulfil                     A pending promise is fulfilled or rejected, once. Then it is settled for good.
    pending ───────────▶ fulfilled        `then`, `await` and combinators leave reactions on it. Settling queues each
       │                                  reaction on that reaction's own home, in the order in which they were left
       │     reject                       (ECMA-262 27.2.1.4, 27.2.1.7, 27.2.1.8).
       └───────────────▶ rejected         A promise made by `then` is its own reaction: it carries its handlers and
                                          `_source` until its job has run.

The second machine says who is at work to settle the promise. A cancellation follows it to whatever can be stopped. The
*resolving side* is the work that is meant to resolve the promise, such as a library's call or a timer.

    _producer   what the resolving side has left                 who writes it                  what may follow
    ─────────   ──────────────────────────────────────────────   ────────────────────────────   ────────────────
    unset       nothing so far, or there is no such side                                        any
    left        how to stop the work: a `Producer` or `Request`  whoever resolves: `_leave`     done, stopped
    done        None: it has resolved the promise. Its work is   its first call: `Claim`,       adopted
                over, so it is never told of a cancellation      `_dismiss`
    adopted     how to stop something foreign whose outcome      the job that starts to         done
                the promise takes on: an `Adopted`               follow it: `_leave`
    stopped     STOPPED: the promise has been cancelled, and     `_let_go`                      adopted, done
                the resolving side has been told

    _work       what a resolved but pending promise waits for: an adoption, a combinator or a deadline. The work stores
                itself here by `_take_on`. When it is over, `_put_down` sets this to None; a cancellation does, too.
    _holder     takes a value that arrives although the promise has been cancelled. `using` sets it, by `_hold`. From
                then on a cancellation lets the value arrive: it stops only work that has said how to stop it. A
                deadline that hands on a value notes here whence it has come, for `using` to find.
    _observed   True once somebody has seen a rejection, or has let go of the promise while it was pending: `_observe`.

Threads. A job, a resolving function and a cancellation may try to settle the same promise while others leave reactions.
Each of them may run on any thread, or in a signal handler that interrupts another. No lock is taken; `atomic` explains
the idioms:

    settle      Remove `UNSETTLED` from the head of the reactions, or give up if it is gone (TAKE). Write the value,
                then the state. Queue a snapshot of the reactions; a cancellation first settles all promises that it
                takes along. Last, set `_reactions` to None.
    subscribe   Read `_reactions`. If it is None, queue the reaction alone. Otherwise append it, then look at the state
                (LOOK). If the promise has settled meanwhile, queue the whole list again.
    stop        Code that leaves a producer or work writes the slot, then looks at the state. Code that cancels writes
                the state, then looks for both (LOOK).

INV-ONCE    A promise settles once.
INV-SEEN    A reaction is queued at least once: it was appended before the snapshot, or its owner saw the new state.
INV-ORDER   Code that queues a reaction has queued every earlier one first. So the list may be queued twice, by the code
            that settles and by a subscriber that helps. A job that runs a second time finds its `_source` gone and does
            nothing.
INV-RC      Nothing that a settled promise refers to refers back to it: reference counts alone free settled chains.
            Tracebacks are the trap. A traceback refers to its frames, a frame to its caller (`f_back`), and the caller
            to its locals, even after both have returned. So a function that calls user code deletes its locals when
            that code raises.

Where a comment says `in place: Cell._begin`, a hot path holds a copy of that function, to save the call. A test
compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import Context
from types import TracebackType
from typing import Any, Final, Literal, Protocol

from .crowd import FEW, Crowd, each, join, leave, queue
from .errors import BrokenPromise, Cancelled, Failure, short, stuck
from .handlers import Always, Filtered, Handler
from .jobs import Home, InlineQueue, Job
from .producers import STOPPED, Adopted, Producer, Stoppable
from .reports import Alarm, Site, creation_site, describe_site, settings
from .types import State, is_a

# Reasons that need no report: a cancellation is on purpose; the other two are raised to the host or caller anyway.
SILENT: Final = (Cancelled, KeyboardInterrupt, SystemExit)

PENDING: Final = "pending"
FULFILLED: Final = "fulfilled"
REJECTED: Final = "rejected"

# The first machine as data; tests check every pair against the code.
TRANSITIONS: Final[dict[tuple[State, Literal["fulfil", "reject"]], State]] = {
    (PENDING, "fulfil"): FULFILLED,
    (PENDING, "reject"): REJECTED,
}
# The second machine, with the names of the table above. "adopt" is the job that starts to follow something foreign. It
# comes after "resolve", or in a promise without a resolving side, such as one that `then` has made.
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


# The promises for which an alarm is being set, by id, with a token of whoever sets it (TAKE).
_alarming: Final[dict[int, object]] = {}


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
        """Tell whether anybody still wants the outcome of the source through this reaction."""
        return True

    def _detach(self) -> None:
        """Stop waiting, and leave nothing behind on the source."""
        source, self._source = self._source, None
        reactions = None if source is None else source._reactions
        if reactions is not None:
            try:
                reactions.remove(self)  # runs no foreign __eq__: the list holds only objects of this package
            except ValueError:  # or the source has settled meanwhile: the queued job will find `_source` gone
                leave(reactions, self)


class Unsettled(Reaction):
    """The right to settle a promise, as a token: it stands before all reactions, and is never queued itself."""

    __slots__ = ()


UNSETTLED: Final = Unsettled()
# The reactions of a new promise are `[*UNSETTLED_ALONE]`. Unpacking makes a list with room for three more items. The
# plain `[UNSETTLED]` has room for none: the first reaction would move the list in memory, and `remove` would again.
UNSETTLED_ALONE: Final = (UNSETTLED,)


class Work(Protocol):
    """What a resolved but pending promise waits for; a cancellation is passed on to it."""

    def _sources(self) -> Iterable[Cell]:
        """List the promises whose outcome is awaited."""
        ...

    def _aborts(self) -> bool:
        """Tell whether a producer behind this work has said how to stop it."""
        ...

    def _can_end(self) -> bool:
        """Tell whether the work ends if its promise is given up, and no handler of the user's is lost by that."""
        ...

    def _cancelled(self) -> None:
        """Stop waiting, or tell the producer; called at most once, on any thread."""


class Holder(Protocol):
    """Takes a value that arrives although its promise has been cancelled."""

    def _take_late(self, promise: Cell, value: object) -> None:
        """Take it; called on any thread, and perhaps before the other side has written how the promise settles."""


class Cell(Reaction):
    """State, outcome and reactions of one promise.

    `Promise` is itself a cell: a second object for each promise would cost as much again. So everything that is not for
    users has an underscore. Here it means "of this package", not "of this class". Other files may read `_home`,
    `_source`, `_state`, `_value`, `_failure`, `_alarm` and `_reactions`, and call the methods. They may not write any
    slot; a test checks that.
    """

    __slots__ = (
        "__weakref__",
        "_alarm",
        "_context",
        "_failure",
        "_holder",
        "_observed",
        "_on_fulfilled",
        "_on_rejected",
        "_producer",
        "_reactions",
        "_site",
        "_state",
        "_value",
        "_work",
    )

    _state: State
    _value: Any  # the value, or the reason; unset while pending
    _reactions: list[Reaction] | None
    _failure: Failure  # set together with the state "rejected"
    _alarm: Alarm | None  # likewise
    _site: Site | None  # unset outside debug mode
    # The second machine. Most promises never set these, which saves the cost.
    _producer: Stoppable | None
    _work: Work | None
    _holder: Holder
    _observed: bool
    # Set only if `then` made this promise; None again once its job has run.
    _on_fulfilled: Handler | None
    _on_rejected: Handler | Filtered | None
    _context: Context | None

    def _begin(self, home: Home, source: Cell | None = None) -> None:
        """Become a pending promise of `home`; one that is a reaction also gets its source."""
        self._home = home
        self._state = PENDING
        self._reactions = [*UNSETTLED_ALONE]
        self._source = source
        if settings.sites:
            self._site = creation_site()

    def _begin_fulfilled(self, home: Home, value: object) -> None:
        """Become a fulfilled promise of `home`: same as `_begin`, then `_fulfil`, for nobody can look in between."""
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
            if hasattr(self, "_holder"):
                self._holder._take_late(self, value)
            self._complete()
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

    def _reject(self, reason: BaseException, traceback: TracebackType | None) -> None:
        """Reject the promise, unless it has been settled before."""
        if self._fail_with(Failure(reason, traceback)):
            self._announce()
        else:
            self._complete()

    def _fail_with(self, failure: Failure) -> bool:
        """Reject, but queue no reaction yet: until `_announce`, only code that looks or subscribes can know.

        False if the promise has been settled before.
        """
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
        """Queue the reactions to a rejection; if there are none, set an alarm."""
        reactions = self._reactions
        last: Any = None
        if reactions:
            # in place: queue
            for last in reactions.copy():
                home = last._home
                home.jobs.append(last)  # in place: Home.enqueue
                if not home.armed:
                    home.arm()
        if last is None or (type(last) is Crowd and next(each(reactions), None) is None):  # a crowd may be empty
            self._set_alarm(reactions)
        self._reactions = None

    def _set_alarm(self, reactions: list[Reaction] | None) -> None:
        """Have the rejection reported, unless somebody observes it before the promise is dropped."""
        if self._alarm is not None or is_a(self._value, SILENT) or hasattr(self, "_observed"):
            return
        # Two may come here for one promise: the call that settles it and one that completes this. A second alarm would
        # take the place of the first, which would ring.
        mine, key = object(), id(self)
        if _alarming.setdefault(key, mine) is not mine:
            return
        try:
            if self._alarm is None:
                self._alarm = alarm = Alarm(self._failure.fresh(), self._home, getattr(self, "_site", None))
                if next(each(reactions), None) is not None or hasattr(self, "_observed"):
                    alarm.disarm()  # another thread observed the rejection before it could see the alarm
        finally:
            del _alarming[key]

    def _complete(self) -> None:
        """Queue what a settlement has not queued: it ran out of stack or memory half-way, or it is still under way.

        Its own home may have been left unarmed, even if nothing else is missing.
        """
        home, reactions, state = self._home, self._reactions, self._state
        if home.jobs and not home.armed:
            home.arm()
        if reactions is None or state is PENDING:
            return
        if state is REJECTED:
            self._announce()
        else:
            queue(reactions)
            self._reactions = None

    def _subscribe(self, reaction: Reaction) -> None:
        """Leave a reaction, which is queued when the promise settles, or at once if it has settled already."""
        reactions = self._reactions
        if reactions is None:
            if self._state is REJECTED:
                self._observe()
            reaction._home.enqueue(reaction)
            return
        if len(reactions) > FEW:
            join(reactions, reaction)
        else:
            reactions.append(reaction)
        if self._state is not PENDING:
            self._help(reactions)

    def _help(self, reactions: list[Reaction]) -> None:
        """Queue all reactions: another thread, or a signal handler, has settled the promise during `_subscribe`.

        Not the inline jobs among them. Whoever settles the promise runs these; whoever subscribes one runs that.
        """
        queue([one for one in each(reactions) if type(one._home.jobs) is not InlineQueue])
        self._observe()

    def _observe(self) -> None:
        """Note that a rejection must not be reported, even one that is still to come."""
        self._observed = True
        if self._state is REJECTED and self._alarm is not None:
            self._alarm.disarm()

    def _settles(self) -> Cell | None:
        return self

    def _depends(self) -> bool:
        return self._state is PENDING or hasattr(self, "_holder")

    def _abandon(self, home: Home) -> None:
        if self._source is not None:
            self._strand(home)
            self._source = None
            self._drop_handlers()

    def _drop_handlers(self) -> None:
        # Handlers first: a job that is just starting on another thread must not find a handler without its context.
        self._on_fulfilled = self._on_rejected = self._context = None

    def _strand(self, home: Home) -> None:
        """Reject, because the home that should have settled this promise has ended."""
        self._reject(stuck(home.describe(), self._created()), None)

    def _break(self, reason: BrokenPromise) -> bool:
        """Reject, because nobody is left who could settle this promise; INV-MISSED of `reports` says who is told.

        False if the promise has been settled before.
        """
        if not self._fail_with(Failure(reason, None)):
            self._complete()
            return False
        self._announce()
        if self._alarm is not None:
            self._alarm.ring_only_while_held()
        return True

    def _left(self) -> Stoppable | None:
        """Give what the resolving side has left; None if that side is done, and must not be told of a cancellation."""
        return getattr(self, "_producer", STOPPED)

    def _has_resolved(self) -> bool:
        """Tell whether the resolving side is done, even if the promise is still pending."""
        left = self._left()
        return left is None or type(left) is Adopted

    def _leave(self, producer: Stoppable) -> None:
        """Say how to stop the resolving side, or something foreign that the promise follows now."""
        self._producer = producer

    def _dismiss(self) -> None:
        """Note that the resolving side is done."""
        self._producer = None

    def _produce(self) -> Producer:
        """Find or make the `Producer` that holds what the resolving side leaves."""
        left = self._left()
        if isinstance(left, Producer):
            return left
        self._producer = producer = Producer(self._home)
        return producer

    def _stop_by(self, on_cancel: Callable[[], object]) -> None:
        """Leave the function that stops the resolving side; it is called at once if the promise has been cancelled.

        It is forgotten if that side has already resolved the promise, even with a pending one: its work is done.
        """
        # A cancellation on another thread may look at the slot just before `_produce` stores the producer, and so miss
        # it. So `_recall` looks at the state afterwards, and tells the producer (LOOK). A producer that is not stored
        # is made for this call alone, when the promise is settled or resolved already.
        pending, has_resolved = self._state is PENDING, self._has_resolved()
        producer = self._produce() if pending and not has_resolved else Producer(self._home)
        producer.add(on_cancel)
        if not has_resolved:
            self._recall(producer)

    def _recall(self, producer: Producer) -> None:
        """Stop a producer if the promise has been cancelled meanwhile."""
        if self._state is not PENDING and isinstance(self._value, Cancelled):
            producer._cancelled(self)

    def _at_work(self) -> Work | None:
        """Give what this promise waits for, if it is resolved but pending."""
        return getattr(self, "_work", None)

    def _take_on(self, work: Work) -> None:
        """Note what the promise waits for from now on."""
        self._work = work

    def _put_down(self) -> None:
        """Note that the promise waits for nothing any more."""
        self._work = None

    def _hold(self, holder: Holder) -> None:
        """Have `holder` take a value that arrives although the promise has been cancelled."""
        self._holder = holder

    def _held_by(self) -> Holder | None:
        """Give who takes such a value: the one that has said so last."""
        return getattr(self, "_holder", None)

    def _is_stoppable(self) -> bool:
        """Tell whether cancelling this promise alone would end something."""
        # Here and below the slots are read without their accessors: every cancelled task takes this way.
        left, work = getattr(self, "_producer", None), getattr(self, "_work", None)
        return (left is not None and left._aborts()) or (work is not None and work._can_end())

    def _is_wanted(self) -> bool:
        """Tell whether anybody depends on this promise; one whose reactions have been queued counts as wanted."""
        reactions = self._reactions
        if reactions is None:
            return True
        # Walk the list, and then a copy. While another thread removes its reaction, a walk over the list may skip one,
        # but never shows one too many. So "wanted" can be believed at once, and only "unwanted" is checked in a copy.
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
        """Detach a cancelled promise from its sources, stop its producer, and give the sources.

        If its value is held (`_hold`), it stays attached to everything that may still bring the value.
        """
        work, producer = getattr(self, "_work", None), getattr(self, "_producer", STOPPED)
        sources, is_held = self._sources(), hasattr(self, "_holder")
        if producer is not None:
            producer._cancelled(self)
            # An `Adopted` stays: its `ThenableJob` may be starting the work just now. If the job still finds the
            # `Adopted` here when it has learnt how to stop the work, it stops the work itself.
            if not is_held and type(producer) is not Adopted:
                self._producer = STOPPED
        if not is_held and self._source is not None and type(self._on_rejected) is not Always:
            self._detach()
            self._drop_handlers()
        if work is not None and (work._aborts() or not is_held):
            work._cancelled()
            self._work = None
        return sources

    def _resolve(self, value: object) -> None:
        """Take on a value, or the outcome of something adoptable; `Resolution` implements this."""
        raise NotImplementedError

    def _clean_up(self, function: Callable[[], object], context: Context) -> Job:
        """Make the job that calls a clean-up function; `Resolution` implements this."""
        raise NotImplementedError

    def _created(self) -> str:
        """Say where the promise was created."""
        return describe_site(getattr(self, "_site", None))

    def _describe(self) -> str:
        """Describe the state, the outcome and, in debug mode, the creation site."""
        state = self._state
        outcome = "" if state is PENDING else f": {short(self._value)}"
        site = getattr(self, "_site", None)
        created = "" if site is None else f" created at {site[0]}:{site[1]} in {site[2]}"
        return f"<{type(self).__name__} {state}{outcome}{created}>"
