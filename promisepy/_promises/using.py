"""Resources from promises: what has been acquired is released, once, by the last user who leaves.

A promise may have several users, on any threads and loops, so what one of them does must not be decided by what another
has written. What they share is one `Hold`. It counts them, and refers to nothing of theirs.

INV-SHARE   A hold has one share for each user, and one for the promise until it has brought the resource. Leaving takes
            the topmost share (TAKE, in `atomic`), for one is as good as another, but for the lowest. So whoever takes
            that one is the last of all. It cannot be taken while anybody is inside, and it is never put back. Whoever
            enters adds a share first, and looks afterwards whether the lowest is still there (LOOK).
INV-STRAY   A value that arrives after its promise was cancelled never reaches a user. So it is released at once, by
            whoever takes the promise's right to bring a resource (TAKE). The promise's share stays, and nobody is last.

Weak spot: a KeyboardInterrupt between the step that takes or adds a share and the next one loses the share, and perhaps
the release with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial
from typing import Any, Final, Generic, TypeVar, cast
from weakref import ref

from .._core import errors, misuse
from .._core.atomic import take
from .._core.cancel import cancel
from .._core.cell import FULFILLED, PENDING, REJECTED, Cell, Reaction
from .._core.jobs import Home
from .._core.resolve import CleanUp
from .._core.types import Adoptable, public
from .promise import Promise
from .relay import Deadline, Passed

T = TypeVar("T")
LOWEST: Final = "lowest"  # the share on which all others lie
OTHER: Final = "other"


class Hold:
    """What the users of one promise share: their shares, and who may bring the resource."""

    __slots__ = ("_coming", "_shares", "_unwatched")

    def __init__(self) -> None:
        self._shares: list[str] = [LOWEST]  # the promise's own
        self._coming: list[bool] = [True]
        self._unwatched: list[bool] = [True]

    def enter(self) -> bool:
        """Add a share; false if the last user has left already."""
        self._shares.append(OTHER)
        if self._shares[0] is LOWEST:
            return True
        take(self._shares)
        return False

    def leave(self) -> bool:
        """Take a share away; true if it was the last one, so that the resource is to be released."""
        return take(self._shares) is LOWEST

    def bring(self) -> bool:
        """Note that the resource has come for users; true if none is left."""
        return self.bring_late() and self.leave()

    def bring_late(self) -> bool:
        """Note that the resource has come too late for any user; true if it had not come before."""
        return take(self._coming) is not None

    def watch(self) -> bool:
        """Tell whether the caller has to watch for the resource: somebody has to, and one is enough."""
        return take(self._unwatched) is not None


# Where the users of a promise find their hold: the first one puts it here, in one step (TAKE). A slot of the promise
# could be written by two of them at once. The key is the promise's id, and the entry goes together with the promise.
_holds: dict[int, tuple[ref[Cell], Hold]] = {}


def source_of(promise: Cell) -> Cell | None:
    """Give the promise before a `timeout`, if this is the one after it."""
    # A deadline leaves the note before it lets go of its source. So whoever finds that gone finds the note (LOOK).
    work = promise._at_work()
    source = work.source if isinstance(work, Deadline) else None
    if source is None:
        note = promise._held_by()
        source = note.source if isinstance(note, Passed) else None
    return source


def hold_of(promise: Cell) -> tuple[Cell, Hold]:
    """Find what the users of a promise share, and the promise that brings the resource.

    A `timeout` hands on the resource of the promise before it. So their users are users of the same resource. And after
    the timeout, the resource arrives at the promise before it.
    """
    source = source_of(promise)
    origin, hold = (promise, Hold()) if source is None else hold_of(source)
    key = id(promise)
    return origin, _holds.setdefault(key, (ref(promise, partial(_holds.pop, key)), hold))[1]


class User:
    """A release function with the context in which it was given; the promise knows the user who came or left last."""

    __slots__ = ("_context", "_hold", "_release")

    def __init__(self, hold: Hold, release: Callable[[Any], object]) -> None:
        self._hold = hold
        self._release = release
        self._context = copy_context()

    def release(self, resource: object) -> Promise[object]:
        """Release the resource now; gives the promise for what the function returns."""
        return self._context.run(Promise.try_, self._release, resource)

    def release_later(self, home: Home, resource: object) -> None:
        """Release the resource in a job of the promise's home, because nobody is there to wait for it."""
        home.enqueue(CleanUp(home, self._context, self._release, resource))

    def _take_late(self, promise: Cell, value: object) -> None:
        promise._subscribe(Late(promise, self._hold, value))


class Arrival(Reaction):
    """Brings the resource when users have given up the wait for it; does not itself count as wanting it."""

    __slots__ = ("_hold",)

    def __init__(self, source: Cell, hold: Hold) -> None:
        self._home = source._home
        self._source = source
        self._hold = hold

    def _run(self) -> None:
        source, self._source = self._source, None
        if source is not None and source._state is FULFILLED and self._hold.bring():
            release_late(source, source._value)

    def _abandon(self, home: Home) -> None:
        self._run()  # the release is a job of the home that has ended, and so reported there

    def _depends(self) -> bool:
        return False


class Late(Arrival):
    """Brings a value that has arrived after its promise was cancelled; if it was not, the value is ignored."""

    __slots__ = ("_value",)

    def __init__(self, source: Cell, hold: Hold, value: object) -> None:
        super().__init__(source, hold)
        self._value = value

    def _run(self) -> None:
        source, self._source = self._source, None
        if source is not None and source._state is REJECTED and self._hold.bring_late():
            release_late(source, self._value)


def watch(origin: Cell, hold: Hold) -> None:
    """Have the resource brought when it comes, because a user, or the `timeout` before one, waits no more."""
    if hold.watch():
        origin._subscribe(Arrival(origin, hold))


def release_late(promise: Cell, resource: object) -> None:
    """Release a resource for which nobody waits any more, as the user wants it who came or gave up last."""
    user = cast("User", promise._held_by())
    user.release_later(promise._home, resource)


class Using(Generic[T]):
    """The context manager that `using` gives, for `async with`, and for `with` in a script."""

    __slots__ = ("_hold", "_origin", "_promise", "_user")

    def __init__(self, promise: Promise[T], release: Callable[[T], object]) -> None:
        self._promise = promise
        self._origin, self._hold = hold_of(promise)
        self._user = User(self._hold, release)
        self._origin._hold(self._user)
        source: Cell | None = promise
        while source is not None:
            work = source._at_work()
            if isinstance(work, Deadline):
                work.bequeath(partial(watch, self._origin, self._hold))
            source = source_of(source)

    async def __aenter__(self) -> T:
        """Wait for the resource."""
        self._enter()
        try:
            return await self._promise
        except BaseException:
            self._give_up()
            raise
        finally:
            del self  # INV-RC of `cell`: the reason's traceback leads to this frame

    async def __aexit__(self, *exc_info: object) -> None:
        """Release it if nobody else uses it, and wait until that is done."""
        if self._leave():
            await self._user.release(self._promise._value)

    def __enter__(self) -> T:
        """Wait for the resource."""
        self._enter()
        try:
            return self._promise.wait()
        except BaseException:
            self._give_up()
            raise
        finally:
            del self  # INV-RC of `cell`: the reason's traceback leads to this frame

    def __exit__(self, *exc_info: object) -> None:
        """Release it if nobody else uses it, and wait until that is done."""
        if self._leave():
            self._user.release(self._promise._value).wait()

    def _enter(self) -> None:
        if not self._hold.enter():
            raise misuse.released(self._promise._describe())

    def _leave(self) -> bool:
        self._hold.bring()  # never the last share: this user's is still there
        return self._hold.leave()

    def _give_up(self) -> None:
        """Stop the producer unless somebody else waits; have the resource released if it comes nevertheless."""
        promise, origin, hold = self._promise, self._origin, self._hold
        origin._hold(self._user)
        if hold.leave():  # it has come meanwhile, and all others have left
            self._user.release_later(origin._home, origin._value)
            return
        if promise._state is PENDING and not promise._is_wanted():
            cancel(promise, errors.cancellation(None))
        watch(origin, hold)


@public
def using(promise: Adoptable[T], release: Callable[[T], Awaitable[object] | object], /) -> Using[T]:
    """Hold a resource that a promise brings, and release it in any case, once.

    Args:
        promise: brings the resource; a promise or what can be adopted.
        release: called with the resource, in the context (`contextvars`) of this call. What it returns is awaited if it
            can be, as that of `finally_` is, and its failure is raised.

    Returns:
        A context manager for `async with`, or `with` in a script, whose target is the resource.

    Raises:
        TypeError: `release` is not callable.
        RuntimeError: on entering: the last user has left already, so the resource has been released.

    A promise may have several users, on any threads. The last one who leaves releases the resource, with its own
    `release`; nobody does while another user is in its block or waits. A promise and its `timeout` count as one.

    If the wait is cancelled, so is the promise, unless something else depends on it. If all users have given up, a
    resource that comes nevertheless is released when it comes, on the promise's home; also if the promise itself is
    cancelled by somebody else. Promises from which this one was made, by `then` for instance, are not cancelled with
    it: they are the way to the resource. One before a `timeout` is: it brings the resource itself.

    Example:
        >>> def connect():
        ...     return Promise.delay(0.01, "connection")
        >>> with using(connect(), lambda connection: print("closed")) as connection:
        ...     print(connection)
        connection
        closed
    """
    if not callable(release):
        raise misuse.expected_callable("using()", release, "a function that takes the resource")
    return Using(Promise.resolve(promise), release)
