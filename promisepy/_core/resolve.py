"""What a promise does with a value: the resolution procedure and the jobs (ECMA-262 27.2.1.3.2 and 27.2.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import Context, copy_context
from functools import partial
from types import TracebackType
from typing import Any

from .adopt import Rule, Then, find_then, gives_stop
from .cancel import cancel_after
from .cell import FULFILLED, SILENT, Cell, Reaction
from .claim import cut_context, resolving_functions, settle_by_raise
from .crowd import join
from .errors import HERE, Cancelled, Failure, self_resolution, traceback_of
from .handlers import Filtered, Handler
from .jobs import Home, fatal
from .producers import Adopted
from .reports import report_error
from .tasks import as_reason
from .types import NEVER_ADOPTED, is_a


class Resolution(Cell):
    """A cell that can run handlers, and can resolve with a value that may itself be a promise."""

    __slots__ = ()

    def _resolve(self, value: object, context: Context | None = None) -> None:
        """Take on a value, or the outcome of something adoptable (27.2.1.3.2, steps 6 to 15).

        If `value` is a coroutine, it runs in `context`, or in a copy of the current context.
        """
        kind = type(value)
        if type(kind) is type and kind in NEVER_ADOPTED:  # in place: is_plain
            self._fulfil(value)
        elif value is self:
            self._reject(self_resolution(), None)
        else:
            try:
                self._adopt(value, context)
            finally:
                del self, value, context  # INV-RC

    def _adopt(self, value: Any, context: Context | None) -> None:
        if issubclass(type(value), Resolution):  # in place: is_a
            adoption = Adoption(self, value)
            self._work = adoption  # in place: Cell._take_on
            if self._depends():
                self._home.enqueue(adoption)
            else:
                self._complete()
                self._put_down()
                adoption._cancelled()
                # This promise has settled already. If it was cancelled, while its handler ran, `value` is cancelled as
                # well: a cancellation that came only now would have found the adoption, and gone up to `value`.
                # Otherwise another call has overtaken this one (see `Claim`), and `value` is none of our business.
                if is_a(self._value, Cancelled):
                    cancel_after(self, value)
            return
        try:
            then = find_then(value, self._home)
        except BaseException as error:
            try:
                self._fail(error)
            finally:
                del self, value, context  # INV-RC
            return
        if then is None:
            self._fulfil(value)
        else:
            job = ThenableJob(self, then, context or copy_context())
            self._take_on(job)
            self._home.enqueue(job)

    def _fail(self, error: BaseException) -> None:
        """Reject with what user code raised, less our frames at the top of its traceback; raise again what is fatal."""
        outer = self._home.outer
        if outer is not None:
            cut_context(error, outer)
        reason = as_reason(error)
        # in place: raised
        caught: Any = traceback_of(error)
        traceback: TracebackType | None = caught and caught.tb_next
        while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(HERE):
            traceback = traceback.tb_next
        if self._fail_with(Failure(reason, traceback)):
            self._announce()
        elif not is_a(reason, SILENT):
            report_error(reason, self._home)  # cancelled meanwhile, so nobody will see the error in this promise
        if fatal(error):
            raise error

    def _settle_like(self, source: Cell) -> None:
        """Take on the outcome of a settled promise, as an identity or thrower reaction would (27.2.2.1, step 1.d)."""
        if source._state is FULFILLED:
            self._resolve(source._value)
        elif self._fail_with(source._failure):
            self._announce()

    def _clean_up(self, function: Callable[[], object], context: Context) -> CleanUp:
        return CleanUp(self._home, context, function)

    def _run(self) -> None:
        """Run the handler that `then` left here, on the outcome of the source (NewPromiseReactionJob, 27.2.2.1)."""
        source = self._source
        if source is None:
            return
        value: object = source._value
        context = self._context  # first: a cancellation drops it last, so whoever then finds a handler has its context
        handler = self._on_fulfilled
        try:
            self._source = None
            if source._state is not FULFILLED:
                handler = _matching(self._on_rejected, source)
            self._on_fulfilled = self._on_rejected = self._context = None  # in place: Cell._drop_handlers
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
        # The handler's context is passed on: a coroutine that it returned sees the context variables that it has set.
        # in place: Resolution._resolve
        kind = type(value)
        if type(kind) is type and kind in NEVER_ADOPTED:
            self._fulfil(value)
        elif value is self:
            self._reject(self_resolution(), None)
        else:
            try:
                self._adopt(value, context)
            finally:
                del self, value, context


def _matching(left: Handler | Filtered | None, source: Cell) -> Handler | None:
    """Give the rejection handler if it is meant for this reason; first restore the reason's own traceback."""
    if left is None:
        return None
    if not isinstance(source._value, left.types if isinstance(left, Filtered) else Exception):
        return None
    source._failure.fresh()
    return left.handler if isinstance(left, Filtered) else left


class Adoption(Reaction):
    """First the job, then the reaction, by which a promise takes on the outcome of another promise of this package.

    It takes two jobs, like NewPromiseResolveThenableJob (27.2.2.2) and the reaction that this leaves. So the order
    equals V8's to the tick. The standard goes through a pair of resolving functions. Nobody else could see these, so
    the work is done directly here.
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
            self._source = self._target = None
            target._work = None  # in place: Cell._put_down
            target._settle_like(source)

    def _abandon(self, home: Home) -> None:
        if self._target is not None:
            self._target._strand(home)
        self._source = self._followed = self._target = None
        self._unmark()

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
        # The mark first: the job subscribes this reaction before it removes the mark, so one of the two is seen.
        for reaction in (self._mark, self):
            source = None if reaction is None else reaction._source
            if source is not None:
                return [source]
        followed = self._followed  # no mark: it had settled before this adoption was made
        return [] if followed is None else [followed]

    def _aborts(self) -> bool:
        return False

    def _can_end(self) -> bool:
        return False  # whoever has resolved the target with another promise may count on it

    def _cancelled(self) -> None:
        self._target = self._followed = None
        self._unmark()
        self._detach()


class Mark(Reaction):
    """Makes a promise count as wanted by its future follower, until the job runs in which that one subscribes."""

    __slots__ = ("_target",)

    def __init__(self, target: Cell, followed: Cell) -> None:
        self._home = target._home
        self._source = followed
        self._target = target
        reactions = followed._reactions
        if reactions is not None:
            join(reactions, self)

    def _run(self) -> None:
        """Do nothing: the job of the adoption will find that the promise has settled."""

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
        target, producer = self._target, Adopted(self._target._home)
        if target._at_work() not in (self, None):
            return  # `resolve` ran out of stack or memory after it had queued this, and has been called again
        target._put_down()
        target._leave(producer)
        resolve, reject = resolving_functions(target)
        try:
            stop = self._context.run(self._then, resolve, reject)
            # Only a rule returns how to stop the work; what a foreign `then` returns means nothing. If the target has
            # been resolved meanwhile, there is nothing left to stop.
            if type(self._then) is Rule and callable(stop) and target._left() is producer:
                self._context.run(producer.add, stop)  # a function of the user's, too, if the rule is one
                target._recall(producer)
        except BaseException as error:
            settle_by_raise(target, reject, error)
        finally:
            del self, target, resolve, reject  # INV-RC

    def _abandon(self, home: Home) -> None:
        self._target._strand(home)

    def _settles(self) -> None:
        """Name no promise: the then-method may call `wait`, while another thread calls the functions it was given."""

    def _sources(self) -> Iterable[Cell]:
        return ()

    def _aborts(self) -> bool:
        return gives_stop(self._then)

    def _can_end(self) -> bool:
        return self._aborts()

    def _cancelled(self) -> None:
        """Do nothing: the work has not been started. When the job starts it, the job also has it stopped."""


class CleanUp(Resolution):
    """A call of a function that cleans up, as a job; its result is waited for, and a failure is reported.

    It is itself the promise for the outcome, because a result means the same here as in `finally_`: whatever can be
    adopted is waited for. Nobody else sees that promise. So a rejection is reported. If it comes after the call, that
    is done in a job of the home: the thread of a library must not meet what a report hook raises.
    """

    __slots__ = ("_call",)

    def __init__(self, home: Home, context: Context, function: Callable[..., object], *arguments: object) -> None:
        self._begin(home)
        self._context = context  # that of the code which gave the function, whoever asks for the call; None after it
        self._call: Callable[[], object] | None = partial(function, *arguments)
        self._observe()  # no alarm: it would tell of a promise, and ask for a handler

    def _run(self) -> None:
        call, context = self._call, self._context
        if call is None or context is None:
            self._tell()
            return
        self._call = None
        try:
            self._resolve(context.run(call), context)
        except BaseException as error:
            self._fail(error)
        finally:
            self._context = None
            del self, call, context  # INV-RC

    def _announce(self) -> None:
        super()._announce()
        if self._context is None:
            self._home.enqueue(self)
        else:
            self._tell()

    def _tell(self) -> None:
        if not fatal(self._value):  # that was raised to the host
            report_error(self._failure.fresh(), self._home)

    def _abandon(self, home: Home) -> None:
        if self._call is None:
            self._tell()
        else:
            self._strand(home)
