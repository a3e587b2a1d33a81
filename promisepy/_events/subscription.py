"""What `once` and `stream` have asked a library for, and how it is taken back.

`subscribe` and `unsubscribe` may be coroutine functions, or functions that return anything else that a promise can take
on. So there may be no token yet when the subscription has to end. There are two ways to end it. If the library has
brought what was wanted, or has ended the stream, the end waits until `subscribe` is done. If the consumer gives up,
`subscribe` is cancelled, as the work behind any promise is.

INV-UNDO    What has been subscribed is unsubscribed, once, by who takes the right to (TAKE, in `atomic`). A token that
            comes although `subscribe` has been cancelled is handed back when it comes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from typing import Any, TypeAlias, cast

from .._core import errors
from .._core.atomic import take
from .._core.cancel import cancel
from .._core.cell import FULFILLED, PENDING, SILENT, Cell
from .._core.handlers import Filtered
from .._core.homes import current_home
from .._core.jobs import Home, fatal
from .._core.reports import report_error, submit_error
from .._core.resolve import CleanUp
from .._core.types import is_a
from .._promises.promise import Promise, pending

Unsubscribe: TypeAlias = Callable[[Any], object]
# The right to unsubscribe, alone in its list: how, what finds a token if `subscribe` gave none, and in which context.
Rights: TypeAlias = list[tuple[Unsubscribe, Callable[[], object], Context]]


class Subscription:
    """One call of `subscribe`, and the right to undo it."""

    __slots__ = ("_ending", "_home", "_rights", "_starting", "_unsubscribe", "started")

    def __init__(self, unsubscribe: Unsubscribe | None) -> None:
        self._unsubscribe = unsubscribe
        self._home: Home = current_home()
        self._rights: Rights = []
        self._starting: Promise[Any] | None = None  # for the token
        self._ending: Promise[Any] | None = None
        # Fulfilled when `subscribe` is done, or has failed; None if it never was a matter of waiting.
        self.started: Promise[Any] | None = None

    def begin(self, token: object, given: Callable[[], object], fail: Callable[[BaseException], object]) -> None:
        """Note what `subscribe` has returned, and wait for it if it can be adopted.

        `given` finds what `unsubscribe` gets in place of a token that is None. `fail` is told if `subscribe` fails.
        """
        if self._unsubscribe is not None:
            self._rights.append((self._unsubscribe, given, copy_context()))
        starting = pending(self._home)
        starting._resolve(token)
        if starting._state is not FULFILLED:
            starting._hold(LateToken(self._rights))
            self.started = starting.catch(BaseException, fail)
        self._starting = starting

    def undo(self, *, gives_up: bool) -> Promise[Any] | None:
        """Unsubscribe; give a promise if that goes on. What `unsubscribe` raises at once is raised here."""
        starting, ending = self._starting, None
        if starting is None:  # `subscribe` has not returned yet, or it has raised
            return None
        if gives_up and starting._state is PENDING and self._ending is None:
            cancel(starting, errors.cancellation(None))
        if starting._state is PENDING:
            ending = starting.then(partial(take_back, self._rights), cast("Any", Filtered(BaseException, nothing)))
        elif starting._state is FULFILLED:
            ending = take_back(self._rights, starting._value)
        if ending is not None:
            self._ending = ending
        return ending

    def undo_alone(self, *, gives_up: bool) -> None:
        """Unsubscribe where an error cannot be raised to anybody; show it instead."""
        try:
            ending = self.undo(gives_up=gives_up)
        except BaseException as error:
            if fatal(error):
                raise
            submit_error(error)
        else:
            if ending is not None:
                self.report(ending)

    def report(self, ending: Promise[Any]) -> None:
        """Report what `unsubscribe` fails with, because nobody waits for it."""
        self._ending = ending.catch(BaseException, self._report)

    def take_ending(self) -> Promise[Any] | None:
        """Give the promise of an `unsubscribe` that has begun, for somebody who waits for it."""
        ending, self._ending = self._ending, None
        return ending

    def _report(self, error: BaseException) -> None:
        if not is_a(error, SILENT):
            report_error(error, self._home)


class LateToken:
    """Hands back the token of a `subscribe` that has been cancelled, and has brought it nevertheless."""

    __slots__ = ("_rights",)

    def __init__(self, rights: Rights) -> None:
        self._rights = rights

    def _take_late(self, promise: Cell, value: object) -> None:
        promise._home.enqueue(CleanUp(promise._home, copy_context(), take_back, self._rights, value))


def nothing(_: object) -> None:
    """Do nothing about a `subscribe` that has failed: there is nothing to take back."""


def take_back(rights: Rights, token: object) -> Promise[Any] | None:
    """Unsubscribe, unless somebody else has; give a promise if what `unsubscribe` returned is to be waited for."""
    undo = take(rights)
    if undo is None:
        return None
    unsubscribe, given, context = undo
    if token is None:
        token = given()
        if token is None:
            return None
    return context.run(call, unsubscribe, token)


def call(unsubscribe: Unsubscribe, token: object) -> Promise[Any] | None:
    """Call the user's function; a coroutine that it returns runs in the context of this call."""
    ending: Promise[Any] = Promise.resolve(unsubscribe(token))
    return None if ending._state is FULFILLED else ending
