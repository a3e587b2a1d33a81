"""The right to settle a promise: its resolving functions, and how they treat a reason (ECMA-262 27.2.1.3).

INV-RETRY   A call that runs out of stack or memory puts the promise back into its claim. So the next call, further out,
            settles it, or completes what has begun; so does the finaliser, if there is no next call. Jobs that have
            been queued twice by then do nothing the second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .cell import PENDING, Cell
from .errors import (
    CallbackError,
    context_of,
    dropped,
    not_an_exception,
    raised,
    set_context,
    set_traceback,
    traceback_of,
    unexpected_arguments,
)
from .handlers import is_exception_type
from .jobs import fatal, inline, run_inline
from .misuse import expected_reason
from .outcomes import the_exception
from .producers import UNFINISHED
from .reports import Settings, settings, submit_error
from .tasks import as_reason
from .types import NEVER_ADOPTED, is_a


def cut_context(error: BaseException, outer: BaseException | None) -> None:
    """Cut `outer` from the context of `error`: it was only being handled where the queue happened to be drained.

    A program can set any context, so the chain may run in a circle: it is followed as far as it is new.
    """
    if outer is None:
        return
    seen = set[int]()
    while id(error) not in seen:
        seen.add(id(error))
        context = context_of(error)
        if context is None:
            return
        if context is outer:
            set_context(error, None)
            return
        error = context


class Claim:
    """The right to settle one promise, shared by its resolving functions: the call that takes it out may settle it.

    When both functions are gone, so is the claim. If the promise is still in it, nobody will ever settle the promise
    (S10).

    Taking the promise out is two steps (SWAP), so two calls at the same time, on two threads or in a signal
    handler, may both get it. They end as if one had come before the other, because settling is exclusive (`cell`). Weak
    spot: if both get it, and one of them resolves with another promise, that one counts as observed although its
    outcome may not be taken.
    """

    __slots__ = ("promise",)

    promise: Cell | None

    def keep(self, functions: Iterable[Callable[..., Any]]) -> None:
        """Have the promise keep functions alive until it settles, for libraries that hold callbacks only weakly."""
        if self.promise is not None:
            self.promise._produce().kept = list(functions)

    def resolve(self, value: object) -> None:
        """Resolve the promise, unless it has been claimed before."""
        promise = self.promise
        if promise is None:
            if inline:
                run_inline()  # what an earlier call has left, because it ran out of stack or memory
            return
        self.promise = None
        promise._producer = None  # in place: Cell._dismiss
        kind = type(value)
        try:
            if type(kind) is type and kind in NEVER_ADOPTED:  # in place: is_plain
                promise._fulfil(value)  # as `_resolve` would
            else:
                promise._resolve(value)
        except BaseException:
            self.promise = promise  # INV-RETRY
            promise._producer = UNFINISHED  # in place: Cell._leave
            raise
        finally:
            del promise, value  # INV-RC
        if inline:
            run_inline()

    def reject(self, reason: object) -> None:
        """Reject the promise, unless it has been claimed before."""
        promise = self.promise
        if promise is not None:
            # Before the claim is taken: if a KeyboardInterrupt gets out of this, the next call can still settle.
            error = to_exception(reason)
            self.promise = None
            try:
                promise._dismiss()
                promise._reject(as_reason(error), traceback_of(error))
            except BaseException:
                self.promise = promise  # INV-RETRY
                promise._producer = UNFINISHED  # in place: Cell._leave
                raise
            finally:
                del promise, error  # INV-RC: a class that was passed as the reason may have raised it
        if inline:
            run_inline()

    def __del__(self, settings: Settings = settings) -> None:  # bound here: globals are gone at the very end
        promise = self.promise
        if promise is not None and not settings.exiting:
            self.promise = None
            is_unfinished = promise._left() is UNFINISHED
            promise._dismiss()
            if is_unfinished:
                promise._complete()  # INV-RETRY
            is_broken = promise._break(dropped(promise._created()))
            if inline and (is_broken or is_unfinished):  # else this may be in the middle of another settlement
                run_inline()


def resolving_functions(promise: Cell) -> tuple[Callable[..., None], Callable[..., None]]:
    """Make the pair of functions that settle `promise` (CreateResolvingFunctions, 27.2.1.3).

    They are plain functions, because some libraries read `__name__` and `__code__`, and some hold callbacks weakly.
    They take any arguments, return None and never raise, on any thread. The first call of either wins.
    """
    claim = Claim()  # its field is set here: an __init__ would cost as much as the rest of this function
    claim.promise = promise

    def resolve(value: object = None, /, *more: object, **named: object) -> None:
        if more or named:
            claim.reject(unexpected_arguments("resolve", (value, *more), named))
            return
        # in place: Claim.resolve
        promise = claim.promise
        if promise is None:
            if inline:
                run_inline()  # what an earlier call has left, because it ran out of stack or memory
            return
        claim.promise = None
        promise._producer = None  # in place: Cell._dismiss
        kind = type(value)
        try:
            if type(kind) is type and kind in NEVER_ADOPTED:  # in place: is_plain
                promise._fulfil(value)  # as `_resolve` would
            else:
                promise._resolve(value)
        except BaseException:
            claim.promise = promise  # INV-RETRY
            promise._producer = UNFINISHED  # in place: Cell._leave
            raise
        finally:
            del promise, value  # INV-RC: a property `then` of the value may have raised
        if inline:
            run_inline()

    def reject(reason: object = None, /, *more: object, **named: object) -> None:
        claim.reject(told(reason, *more, **named) if more or named else reason)

    return resolve, reject


def told(*reasons: object, **named: object) -> BaseException:
    """Make an exception of what came in place of one reason: the one exception in it, as an errback's, or else all."""
    error = None if named else the_exception(reasons)
    return unexpected_arguments("reject", reasons, named) if error is None else error


def to_exception(reason: object) -> BaseException:
    """Make an exception of a reason: itself, an instance if it is a class, or else a `CallbackError` around it."""
    if is_a(reason, BaseException):
        return reason
    if not is_exception_type(reason):
        return not_an_exception(reason)
    try:
        made: object = reason()  # its `__new__` may give something that is no exception
    except BaseException as error:
        if fatal(error):
            raise
        return error
    return made if is_a(made, BaseException) else not_an_exception(reason)


def reject_by_user(promise: Cell, reason: object) -> None:
    """Reject with a reason that comes from the user's own call, who gets a `TypeError` if it is no exception."""
    error = to_exception(reason)
    if type(error) is CallbackError and error is not reason:
        raise expected_reason(reason)
    promise._reject(as_reason(error), traceback_of(error))
    del promise, error  # INV-RC


def settle_by_raise(promise: Cell, reject: Callable[..., None], error: BaseException) -> None:
    """Reject with what an executor or a then-method raised, unless the promise has been settled already."""
    cut_context(error, promise._home.outer)
    settled = promise._state is not PENDING
    set_traceback(error, raised(error))
    reject(error)
    if fatal(error):
        raise error
    if settings.sites and (settled or promise._state is PENDING):
        submit_error(error)  # too late to reject with; debug mode shows it instead of losing it
