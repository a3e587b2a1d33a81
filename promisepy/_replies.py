"""Answers that are told apart by a key, and may come before anybody has asked.

A request library gives a key (a message id, a delivery tag) when the request has been sent, and one shared callback
brings every answer with its key, on a thread of its own. So the answer may be there before its key is known.

Threads. An entry is made by whoever comes first, asker or answerer, through `dict.setdefault`. Each of the two notes
that it has come and looks for the other after; who of them finds both pops the entry's last token and settles. All are
single operations of a dict or list, atomic with and without the GIL as long as the keys are compared by code in C.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from . import _errors
from ._asyncio import as_reason
from ._cancel import Producer
from ._conventions import adapt
from ._jobs import Home, Timer
from ._promise import Promise, pending
from ._reports import settings, submit_error
from ._resolve import to_exception
from ._sinks import check_seconds
from ._types import Fulfilled, Rejected, Settled

__all__ = ["Replies"]

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")


class Entry(Generic[K, T]):
    """What is known about one key: that somebody has asked, that there is an answer."""

    __slots__ = ("answer", "answering", "asked", "asking", "key", "meeting", "timer")

    def __init__(self, key: K) -> None:
        self.key = key
        self.asking: dict[None, Promise[T]] = {}  # one promise, made by whoever asks first
        self.asked: Promise[T] | None = None
        self.answering: list[None] = [None]  # popped by the first answer
        self.answer: Settled[T] | None = None
        self.meeting: list[None] = [None]  # popped by whoever removes the entry
        self.timer: Timer | None = None


class Replies(Generic[K, T]):
    """A table of promises for answers that come with a key: `replies[key]` is the promise, whichever comes first.

    Args:
        timeout: reject a promise with `TimeoutError` if its answer has not come after so many seconds; None waits for
            ever. A script's time passes only in `wait`.
        early: how many answers to keep that nobody has asked for yet; the oldest are forgotten.

    `resolve`, `reject`, `reject_all` and the callbacks that `via` makes may be called from any thread. The first answer
    for a key counts until the promise has been handed out; then the key may be used again. Handlers run on the home of
    the code that asked. When the table is dropped, the promises that still wait are rejected with `BrokenPromise`.

    Raises:
        TypeError: `timeout` is no number of seconds, or `early` is no number of answers.

    Example:
        >>> replies = Replies[int, str](timeout=5)
        >>> replies.resolve(17, "early")
        >>> replies[17].wait()
        'early'
    """

    __slots__ = ("__weakref__", "_early", "_early_limit", "_entries", "_timeout")

    def __init__(self, *, timeout: float | None = None, early: int = 1000) -> None:
        self._entries: dict[K, Entry[K, T]] = {}  # first: `__del__` looks here, also after a wrong call
        check_seconds("Replies()", timeout)
        if type(cast("object", early)) is not int or early < 0:
            raise _errors.expected_early(early)
        self._timeout = timeout
        self._early: deque[Entry[K, T]] = deque()
        self._early_limit = early

    def __getitem__(self, key: K) -> Promise[T]:
        """Give the promise for the answer with this key."""
        entry = self._entries.setdefault(key, Entry(key))
        mine: Promise[T] = pending()
        promise = entry.asking.setdefault(None, mine)
        entry.asked = promise
        if promise is mine and entry.answer is None:
            expiry = Expiry(self, entry)
            promise._producer = Producer(promise._home, expiry.forget)
            if self._timeout is not None:
                entry.timer = Timer(promise._home, self._timeout, expiry)
        self._meet(entry)
        return promise

    def __len__(self) -> int:
        """Count the promises that wait."""
        return sum(entry.asked is not None for entry in list(self._entries.values()))

    def __contains__(self, key: object) -> bool:
        """Tell whether a promise waits for the answer with this key."""
        entry = self._entries.get(key)  # type: ignore[arg-type]  # any object may be looked for
        return entry is not None and entry.asked is not None

    def resolve(self, key: K, value: T, /) -> None:
        """Take the answer for a key; a second one is ignored.

        Example:
            >>> replies = Replies[str, int]()
            >>> answer = replies["total"]
            >>> replies.resolve("total", 12)
            >>> answer.wait()
            12
        """
        self._take(key, Fulfilled(value))

    def reject(self, key: K, reason: object, /) -> None:
        """Take a failure for a key; what is no exception is wrapped in `CallbackError`."""
        self._take(key, Rejected(as_reason(to_exception(reason))))

    def reject_all(self, reason: object, /) -> None:
        """Reject every promise that waits, and forget the answers that nobody has asked for: the connection is gone."""
        error = as_reason(to_exception(reason))
        for entry in list(self._entries.values()):
            if entry.asked is None:
                self._forget(entry)
            else:
                self._answer(entry, Rejected(error))

    @overload
    def via(self, fn: Callable[P, tuple[K, T]], /) -> Callable[P, None]: ...
    @overload
    def via(self, fn: Callable[P, tuple[K, T]], /, returns: R) -> Callable[P, R]: ...
    def via(self, fn: Any, /, returns: Any = None) -> Any:
        """Make the callback that takes the library's answers.

        Args:
            fn: called with whatever the library passes, on its thread; returns `(key, value)`. What it raises belongs
                to no key and goes to `sys.unraisablehook`.
            returns: what the callback returns to the library.

        Returns:
            A plain function that takes any arguments and never raises.

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
            raise _errors.expected_callable("via()", fn, "a function")

        def take(pair: tuple[K, T]) -> None:
            try:
                key, value = pair
                self.resolve(key, value)
            except Exception as error:
                submit_error(error)

        return adapt(fn, take, submit_error, returns)

    def _take(self, key: K, answer: Settled[T]) -> None:
        entry = self._entries.setdefault(key, Entry(key))
        self._answer(entry, answer)
        if entry.asked is None:
            self._early.append(entry)
            if len(self._early) > self._early_limit:
                oldest = self._early.popleft()
                if oldest.asked is None:
                    self._forget(oldest)

    def _answer(self, entry: Entry[K, T], answer: Settled[T]) -> None:
        try:
            entry.answering.pop()
        except IndexError:
            return
        entry.answer = answer
        self._meet(entry)

    def _meet(self, entry: Entry[K, T]) -> None:
        """Settle the promise if both sides have come."""
        promise, answer = entry.asked, entry.answer
        if promise is None or answer is None or not self._forget(entry):
            return
        if entry.timer is not None:
            entry.timer.cancel()
        promise._producer = None
        if isinstance(answer, Fulfilled):
            promise._resolve(answer.value)
        else:
            promise._reject(answer.reason, answer.reason.__traceback__)

    def _forget(self, entry: Entry[K, T]) -> bool:
        """Remove an entry, once; false if somebody else has done so."""
        try:
            entry.meeting.pop()
        except IndexError:
            return False
        del self._entries[entry.key]
        return True

    def __del__(self) -> None:
        """Reject what waits: nobody is left who could take the answers."""
        if not settings.exiting:
            self.reject_all(_errors.replies_dropped())


class Expiry:
    """The job that gives up waiting for an answer, unless the table has been dropped."""

    __slots__ = ("_entry", "_replies")

    def __init__(self, replies: Replies[Any, Any], entry: Entry[Any, Any]) -> None:
        self._replies = weakref.ref(replies)
        self._entry = entry

    def _run(self) -> None:
        replies = self._replies()
        if replies is not None:
            replies._answer(self._entry, Rejected(_errors.no_reply(self._entry.key, replies._timeout or 0.0)))

    def forget(self) -> None:
        """Remove the entry of a promise that has been cancelled."""
        replies = self._replies()
        if self._entry.timer is not None:
            self._entry.timer.cancel()
        if replies is not None:
            replies._forget(self._entry)

    def _abandon(self, home: Home) -> None:
        self._run()

    def _settles(self) -> object:
        return self._entry.asked
