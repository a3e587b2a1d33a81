"""Resources from promises: what has been acquired is released, even if something is cancelled meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from inspect import isawaitable
from typing import Any, Generic, TypeVar, cast

from .._core import errors, misuse
from .._core.cancel import cancel
from .._core.cell import FULFILLED, PENDING, REJECTED, Cell, Reaction
from .._core.cleanup import CleanUp
from .._core.jobs import Home
from .._core.types import Adoptable, public
from .promise import Promise
from .relay import Deadline

T = TypeVar("T")


class Using(Generic[T]):
    """The context manager that `using` gives, for `async with`, and for `with` in a script."""

    __slots__ = ("_promise", "_release")

    def __init__(self, promise: Promise[T], release: Callable[[T], object]) -> None:
        self._promise = promise
        self._release = release
        source: Cell | None = promise
        late = partial(release_late, release)
        # After a timeout, a late resource arrives at the promise before the `timeout`. So that one is held as well.
        while source is not None:
            source._hold(late)
            work = source._at_work()
            source = work.source if isinstance(work, Deadline) else None

    async def __aenter__(self) -> T:
        """Wait for the resource."""
        try:
            return await self._promise
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *exc_info: object) -> None:
        """Release it."""
        released = self._release(cast("T", self._promise._value))
        if isawaitable(released):
            await released

    def __enter__(self) -> T:
        """Wait for the resource."""
        try:
            return self._promise.wait()
        except BaseException:
            self._leave()
            raise

    def __exit__(self, *exc_info: object) -> None:
        """Release it, and wait until that is done."""
        Promise.resolve(self._release(cast("T", self._promise._value))).wait()

    def _leave(self) -> None:
        """Give up the wait: stop the producer, and release a resource that comes nevertheless, or has come already."""
        promise = self._promise
        if promise._state is PENDING and not promise._is_wanted():
            cancel(promise, errors.cancellation(None))
        elif promise._state is not REJECTED:
            promise._subscribe(Late(promise))


class Late(Reaction):
    """Releases a resource after the wait for it was given up; does not itself count as wanting it."""

    __slots__ = ("_release",)

    def __init__(self, source: Cell) -> None:
        self._home = source._home
        self._source = source
        self._release = source._release

    def _run(self) -> None:
        source, self._source = self._source, None
        if source is not None and source._state is FULFILLED:
            self._release(source._value)

    def _abandon(self, home: Home) -> None:
        source, self._source = self._source, None
        if source is not None and source._state is FULFILLED:
            CleanUp(home, self._release)._abandon(home)

    def _depends(self) -> bool:
        return False


def release_late(release: Callable[[Any], object], resource: object) -> None:
    """Release a resource that nobody is waiting for any more; a job of the promise's home."""
    Promise.try_(release, resource)  # the promise is dropped at once, so a failure is reported


@public
def using(promise: Adoptable[T], release: Callable[[T], Awaitable[object] | object], /) -> Using[T]:
    """Hold a resource that a promise brings, and release it in any case.

    Args:
        promise: brings the resource; a promise or what can be adopted.
        release: called with the resource, once; a coroutine function or a function whose promise is waited for.

    Returns:
        A context manager for `async with`, or `with` in a script, whose target is the resource.

    Raises:
        TypeError: `release` is not callable.

    If the wait is cancelled, so is the promise, unless something else depends on it. A resource that comes nevertheless
    is released when it comes, on the promise's home; also if the promise itself is cancelled by somebody else. Promises
    from which this one was made, by `then` for instance, are not cancelled with it: they are the way to the resource.
    One before a `timeout` is: it brings the resource itself.

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
