"""What a value means to a promise: resolving functions, the resolution procedure, the jobs of ECMA-262 27.2.2."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextvars import Context, copy_context
from typing import Any, Final, TypeGuard, cast

from .adopt import PLAIN, Rule, Then, find_then, gives_stop
from .cancel import Adopted, cancel, is_wanted, producer_of
from .cell import FULFILLED, PENDING, SILENT, Cell, Filtered, Handler, Reaction
from .errors import (
    CallbackError,
    Cancelled,
    cancellation,
    context_of,
    dropped,
    not_an_exception,
    self_resolution,
    set_context,
    set_traceback,
    traceback_of,
    unexpected_arguments,
)
from .jobs import Home, fatal
from .misuse import expected_catch_arguments, expected_exception_types, expected_reason
from .reports import report_error, settings, submit_error, without_ours
from .tasks import as_reason

__all__ = [
    "Adoption",
    "Claim",
    "Resolution",
    "is_exception_type",
    "reject_by_user",
    "rejection_handler",
    "resolving_functions",
    "settle_by_raise",
    "to_exception",
]


class Resolution(Cell):
    """A cell that knows what to do with handlers and with values that may be promises themselves."""

    __slots__ = ()

    def _resolve(self, value: object) -> None:
        """Take on a value, or the outcome of something adoptable (27.2.1.3.2, steps 6 to 15)."""
        kind = type(value)
        if type(kind) is type and kind in PLAIN:
            self._fulfil(value)
        elif value is self:
            self._reject(self_resolution(), None)
        else:
            try:
                self._adopt(value, None)
            finally:
                del self, value  # INV-RC

    def _adopt(self, value: Any, context: Context | None) -> None:
        if issubclass(type(value), Resolution):  # isinstance() would believe the `__class__` of a Mock(spec=Promise)
            self._work = adoption = Adoption(self, value)
            if self._state is PENDING or hasattr(self, "_release"):
                self._home.enqueue(adoption)
            else:
                self._work = None
                adoption._cancelled()
                # Cancelled while the handler ran: a cancellation now would have met the adoption. Otherwise another
                # call has overtaken this one (see `Claim`), and the other promise is none of our business.
                if issubclass(type(self._value), Cancelled) and not is_wanted(value):
                    cancel(value, cancellation(self._value))
            return
        try:
            then = find_then(value, self._home)
        except BaseException as error:
            try:
                self._fail(error, 2)
            finally:
                del self, value, context  # INV-RC
            return
        if then is None:
            self._fulfil(value)
        else:
            self._work = job = ThenableJob(self, then, context or copy_context())
            self._home.enqueue(job)

    def _fail(self, error: BaseException, frames: int = 1) -> None:
        """Reject with what user code raised, less the topmost `frames` of this package; pass on what is fatal."""
        traceback = traceback_of(error)
        while traceback is not None and frames:
            traceback = traceback.tb_next
            frames -= 1
        cut_context(error, self._home.outer)
        reason = as_reason(error)
        if not self._reject(reason, traceback) and not issubclass(type(reason), SILENT):
            report_error(reason, self._home)  # cancelled meanwhile: nobody will see it in this promise
        if fatal(error):
            raise error

    def _settle_like(self, source: Cell) -> None:
        """Take on the outcome of a settled promise, as an identity or thrower reaction would (27.2.2.1, step 1.d)."""
        if source._state is FULFILLED:
            self._resolve(source._value)
        elif self._fail_with(source._failure):
            self._announce()

    def _run(self) -> None:
        """Run the handler that `then` left here, on the outcome of the source (NewPromiseReactionJob, 27.2.2.1)."""
        source = self._source
        if source is None:
            return
        value: object = source._value
        handler, context = self._on_fulfilled, self._context
        try:
            self._source = None
            if source._state is not FULFILLED:
                handler = _matching(self._on_rejected, source)
            self._on_fulfilled = self._on_rejected = self._context = None
            if handler is not None:
                value = context.run(handler, value)  # type: ignore[union-attr]  # set with the handlers
        except BaseException as error:
            try:
                self._fail(error)
            finally:
                del self, source, value, handler, context  # INV-RC
            return
        if handler is None:
            self._settle_like(source)
            return
        kind = type(value)
        if type(kind) is type and kind in PLAIN:
            self._fulfil(value)
        elif value is self:
            self._reject(self_resolution(), None)
        else:
            # A coroutine that the handler returned sees the variables that the handler has set.
            self._adopt(value, context)


def _matching(left: Handler | Filtered | None, source: Cell) -> Handler | None:
    """Choose the rejection handler if it is meant for this reason, and give the reason its own traceback back."""
    if left is None:
        return None
    if not isinstance(source._value, left.types if isinstance(left, Filtered) else Exception):
        return None
    source._failure.fresh()
    return left.handler if isinstance(left, Filtered) else left


def cut_context(error: BaseException, outer: BaseException | None) -> None:
    """Remove from `error` the exception that was being handled where the queue happened to be drained."""
    seen = error
    while outer is not None:
        context = context_of(seen)
        if context is None:
            return
        if context is outer:
            set_context(seen, None)
            return
        seen = context


class Adoption(Reaction):
    """The job and then the reaction by which a promise takes on the outcome of another one of ours.

    Two jobs, as NewPromiseResolveThenableJob (27.2.2.2) and the reaction that it leaves: the order is V8's to the tick.
    What the standard does through a pair of resolving functions is done here directly, since nobody else sees them.
    """

    __slots__ = ("_followed", "_mark", "_target")

    def __init__(self, target: Resolution, followed: Cell) -> None:
        self._home = target._home
        self._source = None
        self._target: Resolution | None = target
        self._followed: Cell | None = followed
        self._mark = None if followed._reactions is None else Mark(target, followed)

    def _run(self) -> None:
        followed, source, target = self._followed, self._source, self._target
        if followed is not None:
            self._followed = None
            if target is None:
                return
            self._source = followed
            followed._subscribe(self)
            self._unmark()
        elif source is not None and target is not None:
            self._source = self._target = target._work = None
            target._settle_like(source)

    def _abandon(self, home: Home) -> None:
        target, self._source, self._followed, self._target = self._target, None, None, None
        self._unmark()
        if target is not None:
            target._strand(home)

    def _settles(self) -> Cell | None:
        return self._target

    def _depends(self) -> bool:
        target = self._target
        return target is not None and target._depends()

    def _unmark(self) -> None:
        mark, self._mark = self._mark, None
        if mark is not None:
            mark._detach()

    def _sources(self) -> Iterable[Cell]:
        # The mark first: it goes after the job has left its own reaction, so that one of the two is seen.
        for reaction in (self._mark, self):
            source = None if reaction is None else reaction._source
            if source is not None:
                return [source]
        followed = self._followed  # settled from the beginning, where there is no mark
        return [] if followed is None else [followed]

    def _aborts(self) -> bool:
        return False

    def _cancelled(self) -> None:
        self._target = self._followed = None
        self._unmark()
        self._detach()


class Mark(Reaction):
    """Says that a promise is going to follow another one, until the job has run in which it starts to."""

    __slots__ = ("_target",)

    def __init__(self, target: Cell, followed: Cell) -> None:
        self._home = target._home
        self._source = followed
        self._target = target
        reactions = followed._reactions
        if reactions is not None:
            reactions.append(self)

    def _run(self) -> None:
        """Do nothing: that the other one has settled is found out in time."""

    def _settles(self) -> Cell | None:
        return self._target

    def _depends(self) -> bool:
        return self._target._depends()


class ThenableJob:
    """Calls the then-method of something foreign (NewPromiseResolveThenableJob, 27.2.2.2)."""

    __slots__ = ("_context", "_target", "_then")

    def __init__(self, target: Resolution, then: Then, context: Context) -> None:
        self._target = target
        self._then = then
        self._context = context

    def _run(self) -> None:
        target = self._target
        target._work = None
        target._producer = producer = Adopted(target._home)
        resolve, reject = resolving_functions(target)
        try:
            stop = self._context.run(self._then, resolve, reject)
            # What a foreign `then` returns means nothing; and what has resolved meanwhile is done.
            if type(self._then) is Rule and callable(stop) and target._producer is producer:
                producer.add(stop)
                producer.look_at(target)
        except BaseException as error:
            settle_by_raise(target, reject, error)
        finally:
            del self, target, resolve, reject  # INV-RC

    def _abandon(self, home: Home) -> None:
        self._target._strand(home)

    def _settles(self) -> None:
        """Name no promise: the then-method may wait here, while another thread calls what it was given."""

    def _sources(self) -> Iterable[Cell]:
        return ()

    def _aborts(self) -> bool:
        return gives_stop(self._then)

    def _cancelled(self) -> None:
        """Do nothing: what has not been started cannot be stopped; it is when the job has run."""


def _own_references() -> int:
    """Count the references to an object that one local variable holds."""
    thing = object()
    return sys.getrefcount(thing)


# Two, since the call counts as well; one from CPython 3.14 on, which lends the variable's reference to the call.
OWN_REFERENCES: Final = _own_references()


class Claim:
    """The right to settle one promise, shared by its resolving functions: whoever takes the promise out may settle it.

    When both functions are gone the claim goes too, and if the promise is still in it, nobody will ever settle it
    (S10). Taking it out is two steps, so two calls that meet, on two threads or in a signal handler, may both hold it.
    They end as if one had come before the other: settling is exclusive (`_cell.py`). Weak spot: if both pass, and one
    of them with a promise, that promise counts as observed although its outcome may not be taken.
    """

    __slots__ = ("promise",)

    promise: Resolution | None

    def keep(self, functions: Iterable[Callable[..., Any]]) -> None:
        """Have the promise keep functions alive until it settles, for libraries that hold callbacks only weakly."""
        if self.promise is not None:
            producer_of(self.promise).kept = list(functions)

    def resolve(self, value: object) -> None:
        """Resolve the promise, unless it has been claimed before."""
        promise = self.promise
        if promise is None:
            return
        self.promise = promise._producer = None
        kind = type(value)
        if type(kind) is type and kind in PLAIN:
            promise._fulfil(value)  # as `_resolve` would
            return
        try:
            promise._resolve(value)
        finally:
            del promise, value  # INV-RC

    def reject(self, reason: object) -> None:
        """Reject the promise, unless it has been claimed before."""
        promise = self.promise
        if promise is not None:
            error = to_exception(reason)  # before the claim is taken, as in `reject` below
            self.promise = promise._producer = None
            promise._reject(as_reason(error), traceback_of(error))
            del promise, error  # INV-RC, likewise

    def __del__(self) -> None:
        promise = self.promise
        if promise is not None and not settings.exiting:
            self.promise = promise._producer = None
            # If nobody else refers to it, the whole affair is dropped, as after a timeout, and nobody can miss the
            # outcome. A reaction is a reference, but is asked for, too: without the interpreter lock a count is the sum
            # of two fields, and too small if a reference passes from one thread to another between the two looks.
            is_missed = len(promise._reactions or ()) > 1 or sys.getrefcount(promise) > OWN_REFERENCES
            if is_missed and promise._reject(dropped(promise._created()), None) and promise._alarm is not None:
                promise._alarm.excuse()


def resolving_functions(promise: Resolution) -> tuple[Callable[..., None], Callable[..., None]]:
    """Make the pair of functions that settle `promise` (CreateResolvingFunctions, 27.2.1.3).

    Plain functions, since libraries look at `__name__` and `__code__` or hold callbacks weakly. They take any
    arguments, return None and never raise, on any thread; the first call of either wins.
    """
    claim = Claim()  # its field is set here: an __init__ would cost as much as the rest of this function
    claim.promise = promise

    def resolve(value: object = None, /, *more: object, **named: object) -> None:
        promise = claim.promise
        if promise is None:
            return
        claim.promise = promise._producer = None
        kind = type(value)
        if more or named:
            promise._reject(unexpected_arguments("resolve", (value, *more), named), None)
        elif type(kind) is type and kind in PLAIN:
            promise._fulfil(value)  # as `_resolve` would
        else:
            promise._resolve(value)
        del promise  # INV-RC: a property `then` of the value may have raised

    def reject(reason: object = None, /, *more: object, **named: object) -> None:
        promise = claim.promise
        if promise is None:
            return
        # Before the claim is taken: an interrupt that comes out of it leaves the promise to whoever calls next.
        error = unexpected_arguments("reject", (reason, *more), named) if more or named else to_exception(reason)
        claim.promise = promise._producer = None
        promise._reject(as_reason(error), traceback_of(error))
        del promise, error  # INV-RC: the class that was the reason may have raised it

    return resolve, reject


def to_exception(reason: object) -> BaseException:
    """Give the exception that a reason is, makes, or has to be wrapped in."""
    if issubclass(type(reason), BaseException):  # isinstance() would believe the `__class__` of a Mock(spec=ValueError)
        return cast("BaseException", reason)
    if not is_exception_type(reason):
        return not_an_exception(reason)
    try:
        made = cast("object", reason())  # a class may make something else
    except BaseException as error:
        if fatal(error):
            raise
        return error
    if issubclass(type(made), BaseException):
        return cast("BaseException", made)
    return not_an_exception(reason)


def reject_by_user(promise: Resolution, reason: object) -> None:
    """Reject with a reason that a user has written down: what is no exception is a `TypeError`."""
    error = to_exception(reason)
    if type(error) is CallbackError and error is not reason:
        raise expected_reason(reason)
    promise._reject(as_reason(error), traceback_of(error))
    del promise, error  # INV-RC


def is_exception_type(value: object) -> TypeGuard[type[BaseException]]:
    """Tell whether a value is an exception class."""
    return issubclass(type(value), type) and issubclass(cast("type", value), BaseException)


def rejection_handler(arguments: tuple[Any, ...]) -> Handler | Filtered:
    """Read the arguments of `catch`: a handler, or exception types and a handler."""
    handler: Any = arguments[-1] if len(arguments) in (1, 2) else None
    if not callable(handler) or is_exception_type(handler):
        raise expected_catch_arguments(arguments)
    if len(arguments) == 1 or arguments[0] is Exception:
        return cast("Handler", handler)
    types: object = arguments[0]
    candidates = cast("tuple[object, ...]", types) if isinstance(types, tuple) else (types,)
    if not candidates or not all(map(is_exception_type, candidates)):
        raise expected_exception_types(arguments[0])
    return Filtered(arguments[0], handler)


def settle_by_raise(promise: Resolution, reject: Callable[..., None], error: BaseException) -> None:
    """Answer an executor or a then-method that raised: a rejection, unless the promise has been settled already."""
    cut_context(error, promise._home.outer)
    settled = promise._state is not PENDING
    set_traceback(error, without_ours(traceback_of(error)))
    reject(error)
    if fatal(error):
        raise error
    if settings.sites and (settled or promise._state is PENDING):
        submit_error(error)  # too late to reject with; debug mode shows it instead of losing it
