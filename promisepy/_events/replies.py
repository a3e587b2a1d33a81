"""Answers that are told apart by a key, and may come before anybody has asked.

A request library gives a key (a message id, a delivery tag) when it has sent the request. One shared callback brings
every answer with its key, on a thread of its own. So the answer may be there before its key is known.

Threads. The dictionary has one entry for each key: a request that waits, or an answer that came early. An entry is used
once, by the code that takes its token (TAKE, in `atomic`). Every step is a single operation of a dict, deque or list.
It is atomic with and without the GIL, as long as the keys are compared by code in C.

INV-PUT     An entry is put with `dict.setdefault`: if several come at once, one is first, and the others find it.
INV-TAKEN   Code that finds a taken entry removes it, and never waits for the thread that has taken it. That thread may
            stand still under a signal handler that asks for the very same key.
INV-KEPT    So two threads may remove at once, and one of them may hit a newer entry. What was removed but is not taken
            is put back. If another request stands there by then, the two are twins, and share the next answer.
INV-LOOK    Code that takes an entry looks for it in the table afterwards. Code that puts one back looks at its token
            afterwards (LOOK, in `atomic`).
INV-COUNT   The requests that wait are counted by the dictionary `_waiting`. Code that gives away the promise of a
            request puts the request there first, and looks at its token afterwards. Code that takes the token removes
            the request afterwards (LOOK). Both steps can be done twice. A number that goes up and down could not.
INV-LATE    The first answer to a request that was given up is dropped, if the table was asked to. Code that gives up
            takes the token, notes the key in `_late`, and then looks for an answer. Code that brings an answer puts it
            into the table, and then looks for a note (LOOK). A note is removed with the answer that is dropped (TAKE).
            Weak spot: if a request is given up while another thread is bringing its answer, and a third thread asks for
            the key again before that is done, the answer may be taken for that to the new request.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Hashable
from contextlib import suppress
from itertools import count
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from .._core import errors, misuse
from .._core.atomic import take, take_first, taken
from .._core.cell import PENDING
from .._core.claim import to_exception
from .._core.jobs import Home, Timer, inline, run_inline
from .._core.outcomes import adapt_function
from .._core.reports import Settings, settings, submit_error
from .._core.tasks import as_reason
from .._core.types import Fulfilled, Rejected, Settled, public
from .._promises.promise import Promise, pending
from .._promises.wait import check_seconds

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")
# How many keys are remembered whose answer is late. Many protocols have 16 bits for an id.
LATE_KEYS = 65_536
_ages = count()


class Entry:
    """What the table knows about one key."""

    __slots__ = ("age", "key", "token")

    def __init__(self, key: Any) -> None:
        self.age = next(_ages)
        self.key = key
        self.token: list[bool] = [True]

    def take(self) -> bool:
        """Take the right to use this entry; false if somebody else has it."""
        return take(self.token) is not None


class Early(Entry):
    """An answer that nobody has asked for yet."""

    __slots__ = ("answer",)

    def __init__(self, key: Any, answer: Settled[Any]) -> None:
        super().__init__(key)
        self.answer = answer


class Request(Entry):
    """Somebody who waits. It is also what a cancellation of its promise stops, and the job of its timer."""

    __slots__ = ("_table", "_waiting", "promise", "timer", "twins")

    def __init__(self, key: Any, table: Replies[Any, Any]) -> None:
        super().__init__(key)
        self.promise: Promise[Any] = pending()
        self.timer: Timer | None = None
        self.twins: list[Request] = []
        self._table = weakref.ref(table)
        self._waiting = table._waiting
        self.promise._leave(self)  # before anybody can find this request, and cancel its promise

    def is_waiting(self) -> bool:
        """Tell whether an answer would be for this request."""
        return bool(self.token) and self.promise._state is PENDING

    def take(self) -> bool:
        """Take the right to use this entry, and count it no longer."""
        try:
            return super().take()
        finally:
            self._waiting.pop(self, None)

    def enlist(self) -> None:
        """Count this request, unless it has been taken meanwhile (INV-COUNT)."""
        try:
            self._waiting[self] = None
        finally:  # also if a signal handler raises here
            if not self.token:
                self._waiting.pop(self, None)

    def watch(self, timeout: float | None) -> None:
        """Start the timer, now that the request is in the table."""
        if timeout is not None:
            self.timer = Timer(self.promise._home, timeout, self)
            self.timer.start()
        if not self.is_waiting():  # answered or cancelled meanwhile, perhaps before there was a timer
            # First: once it is dismissed, a cancellation that has just begun will not find it.
            self._cancelled(self.promise)
            self.finish()

    def finish(self) -> None:
        """Leave nothing behind with the promise or the clock."""
        self.promise._dismiss()
        if self.timer is not None:
            self.timer.cancel()

    def settle(self, answer: Settled[Any]) -> bool:
        """Settle the promise of a request that has been taken; false if it has been cancelled."""
        promise = self.promise
        self.finish()
        if promise._state is not PENDING:
            return False
        if isinstance(answer, Fulfilled):
            promise._resolve(answer.value)
        else:
            promise._reject(answer.reason, errors.traceback_of(answer.reason))
        return True

    def _leave(self) -> bool:
        table = self._table()
        if not self.take():
            return False
        if table is not None:
            table._give_up(self)
        return True

    def _aborts(self) -> bool:
        return True

    def _cancelled(self, promise: object) -> None:
        self._leave()
        if self.timer is not None:
            self.timer.cancel()

    def _run(self) -> None:
        table = self._table()
        if table is not None and self._leave():
            self.settle(Rejected(errors.no_reply(self.key, table._timeout or 0.0)))

    def _abandon(self, home: Home) -> None:
        if self._leave():
            self.promise._dismiss()
            self.promise._strand(home)

    def _settles(self) -> object:
        return self.promise


@public
class Replies(Generic[K, T]):
    """A table of promises for answers that come with a key: `replies[key]` is the promise, whichever comes first.

    Args:
        timeout: reject a promise with `TimeoutError` if its answer has not come after so many seconds; None waits for
            ever. A script's time passes only in `wait`.
        early: how many answers to keep that nobody has asked for yet; the oldest are forgotten.
        drop_late: drop the first answer that comes for a key after its promise has timed out or was cancelled. Without
            it, a late answer is taken for the answer to the next request with that key. Use it if keys come again and
            the library answers every request in the end: an answer that never comes costs the next request its own.

    `resolve`, `reject`, `reject_all` and the callbacks that `via` makes may be called from any thread. The first answer
    for a key counts until the promise has been handed out; then the key may be used again. Handlers run on the home of
    the code that asked. When the table is dropped, the promises that still wait are rejected with `BrokenPromise`.

    Raises:
        TypeError: `timeout` is no number of seconds, `early` is no number of answers, or `drop_late` is no bool.

    Example:
        >>> replies = Replies[int, str](timeout=5)
        >>> replies.resolve(17, "early")
        >>> replies[17].wait()
        'early'
    """

    __slots__ = ("__weakref__", "_early", "_early_limit", "_entries", "_late", "_lost", "_timeout", "_waiting")

    def __init__(self, *, timeout: float | None = None, early: int = 1000, drop_late: bool = False) -> None:
        self._entries: dict[K, Entry] = {}
        self._waiting: dict[Request, None] = {}
        self._timeout = check_seconds("Replies()", timeout)
        if type(cast("object", early)) is not int or early < 0:
            raise misuse.expected_early(early)
        if type(cast("object", drop_late)) is not bool:
            raise misuse.expected_drop_late(drop_late)
        self._late: dict[K, None] | None = {} if drop_late else None
        self._early: deque[Early] = deque()
        self._early_limit = early
        self._lost: BaseException | None = None  # the latest reason of `reject_all`

    def __getitem__(self, key: K) -> Promise[T]:
        """Give the promise for the answer with this key."""
        mine: Request | None = None
        while True:
            entry = self._entries.get(key)
            if entry is None:
                mine = mine or Request(key, self)
                entry = self._entries.setdefault(key, mine)
                if entry is mine:
                    mine.enlist()
                    mine.watch(self._timeout)
                    return mine.promise
            if isinstance(entry, Request) and entry.is_waiting():
                if entry not in self._waiting:  # whoever put it into the table stands still just there
                    entry.enlist()
                if mine is not None:
                    mine.finish()
                return entry.promise
            if not self._take(entry):
                continue
            if isinstance(entry, Early):
                mine = mine or Request(key, self)
                mine.settle(entry.answer)
                return mine.promise
            self._give_up(cast("Request", entry))  # which is being cancelled just now

    def __len__(self) -> int:
        """Count the promises that wait; in the same time however many."""
        return len(self._waiting)

    def __contains__(self, key: object) -> bool:
        """Tell whether a promise waits for the answer with this key."""
        entry = self._entries.get(key)  # type: ignore[arg-type]  # any object may be looked for
        return isinstance(entry, Request) and any(one.is_waiting() for one in (entry, *entry.twins))

    def resolve(self, key: K, value: T, /) -> None:
        """Take the answer for a key; a second one is ignored.

        Example:
            >>> replies = Replies[str, int]()
            >>> answer = replies["total"]
            >>> replies.resolve("total", 12)
            >>> answer.wait()
            12
        """
        self._bring(key, Fulfilled(value))
        if inline:
            run_inline()

    def reject(self, key: K, reason: object, /) -> None:
        """Take a failure for a key; what is no exception is wrapped in `CallbackError`."""
        self._bring(key, Rejected(as_reason(to_exception(reason))))
        if inline:
            run_inline()

    def reject_all(self, reason: object, /) -> None:
        """Reject every promise that waits, and forget the answers that nobody has asked for: the connection is gone."""
        self._lost = error = as_reason(to_exception(reason))
        if self._late is not None:
            self._late.clear()  # what was given up is not answered any more, either
        for entry in list(self._entries.values()):
            if self._take(entry):
                self._answer(entry, Rejected(error))
        if inline:
            run_inline()

    @overload
    def via(self, fn: Callable[P, tuple[K, T]], /) -> Callable[P, None]: ...
    @overload
    def via(self, fn: Callable[P, tuple[K, T]], /, returns: R) -> Callable[P, R]: ...
    def via(self, fn: Any, /, returns: Any = None) -> Any:
        """Make the callback that takes the library's answers.

        Args:
            fn: called with whatever the library passes, on its thread, in the context (`contextvars`) of this call;
                returns `(key, value)`. What it raises belongs to no key and goes to `sys.unraisablehook`.
            returns: what the callback returns to the library.

        Returns:
            A plain function that takes any arguments and never raises; to `inspect.signature` it shows the parameters
            of `fn`.

        Raises:
            TypeError: `fn` is not callable.

        Example:
            >>> acks = Replies[int, None]()
            >>> on_publish = acks.via(lambda client, userdata, mid: (mid, None))
            >>> on_publish("client", "userdata", 3)
            >>> acks[3].state
            'fulfilled'
        """
        if not callable(fn):
            raise misuse.expected_callable("via()", fn, "a function")

        def take(pair: tuple[K, T]) -> None:
            try:
                key, value = pair
                self.resolve(key, value)
            except BaseException as error:  # from the key's `__hash__`, say: the library is not to blame
                submit_error(error)

        return adapt_function(fn, take, submit_error, returns)

    def _bring(self, key: K, answer: Settled[T]) -> None:
        """Take an answer, unless it is one that nobody waits for any more."""
        if not self._is_late(key):
            self._place(key, answer)

    def _place(self, key: K, answer: Settled[T]) -> None:
        """Hand an answer to the request that waits, or keep it."""
        mine: Early | None = None
        while True:
            entry = self._entries.get(key)
            if entry is None:
                mine = mine or Early(key, answer)
                entry = self._entries.setdefault(key, mine)
                if entry is mine:
                    self._keep(mine)
                    if self._is_late(key):
                        self._take(mine)
                    return
            if isinstance(entry, Early) and entry.token:
                return  # the first one counts
            if self._use(entry, answer):
                return

    def _use(self, entry: Entry, answer: Settled[T]) -> bool:
        """Take an entry, and settle it; false if the answer has still to be placed."""
        if not self._take(entry):
            return False
        # If it is being cancelled just now, this answer is late already.
        return self._answer(entry, answer) or (self._late is not None and isinstance(entry, Request))

    def _is_late(self, key: K) -> bool:
        """Tell whether an answer is to be dropped, and forget the note that says so."""
        return self._late is not None and self._late.pop(key, True) is None

    def _give_up(self, request: Request) -> None:
        """Remove a request that is settled without an answer, and note that its answer may come late (INV-LATE)."""
        key, late = request.key, self._late
        holder = self._entries.get(key)
        is_shared = bool(request.twins) or (isinstance(holder, Request) and request in holder.twins)
        if late is not None and not is_shared:
            late[key] = None
            while len(late) > LATE_KEYS:
                with suppress(KeyError, RuntimeError, StopIteration):  # another thread is changing it, too
                    del late[next(iter(late))]
        self._remove(request)
        self._put_twins(request)
        if late:
            early = self._entries.get(key)
            if isinstance(early, Early) and key in late and self._take(early):
                late.pop(key, None)

    def _keep(self, early: Early) -> None:
        """Note an early answer, and forget the oldest if there are too many."""
        self._early.append(early)
        if not early.token:  # asked for already
            self._forget(early)
        while len(self._early) > self._early_limit:
            oldest = take_first(self._early)
            if oldest is None:
                return
            self._take(oldest)

    def _forget(self, entry: Entry) -> None:
        if isinstance(entry, Early):
            with suppress(ValueError):
                self._early.remove(entry)

    def _answer(self, entry: Entry, answer: Settled[Any]) -> bool:
        """Settle a request that has been taken, and its twins; false if nobody wanted the answer."""
        if not isinstance(entry, Request):
            return False
        is_wanted = entry.settle(answer)
        for twin in taken(entry.twins):
            is_wanted |= twin.take() and twin.settle(answer)
        return is_wanted

    def _take(self, entry: Entry) -> bool:
        """Take an entry, and remove it from the table even if somebody else has taken it."""
        is_taken = entry.take()
        self._remove(entry)
        if is_taken:
            self._forget(entry)
        return is_taken

    def _remove(self, entry: Entry) -> None:
        """Remove an entry that has been taken (INV-TAKEN, INV-KEPT)."""
        if self._entries.get(entry.key) is not entry:
            return
        lost = self._lost
        found = self._entries.pop(entry.key, None)
        if found is None or not found.token:
            return
        self._put(found)
        if self._lost is not lost and self._take(found) and self._lost is not None:
            self._answer(found, Rejected(self._lost))  # it was out of the table, where `reject_all` could not see it

    def _put(self, entry: Entry) -> None:
        """Put back an entry that is not taken."""
        while True:
            other = self._entries.setdefault(entry.key, entry)
            if other is entry:
                if not entry.token:
                    self._remove(entry)
                return
            if not other.token:
                self._remove(other)
            elif isinstance(other, Request) and isinstance(entry, Request):
                other.twins.append(entry)
                if other.token or not _removed(other.twins, entry):
                    return
            else:
                self._match(other, entry)
                if not entry.token:
                    return

    def _match(self, *entries: Entry) -> None:
        """Bring together an early answer and a request, or drop the second of two answers."""
        early, other = sorted(entries, key=lambda entry: (isinstance(entry, Request), entry.age))
        if isinstance(early, Early) and self._take(early) and not self._use(other, early.answer):
            self._place(early.key, early.answer)

    def _put_twins(self, request: Request) -> None:
        """Put back the twins that share the place of a request, when that one is settled alone."""
        for twin in taken(request.twins):
            self._put(twin)

    def __del__(self, settings: Settings = settings) -> None:
        """Reject what waits: nobody is left who could take the answers."""
        if not settings.exiting and hasattr(self, "_lost"):  # if not, `__init__` has refused its arguments
            self.reject_all(errors.replies_dropped())


def _removed(twins: list[Request], twin: Request) -> bool:
    try:
        twins.remove(twin)
    except ValueError:
        return False
    return True
