"""The next event as a promise: `once`."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from .._core import misuse
from .._core.errors import BrokenPromise
from .._core.types import is_a, public
from .._promises.promise import Promise, Resolvers
from .subscription import Subscription

T = TypeVar("T")


@public
def once(subscribe: Callable[[Resolvers[T]], Any], unsubscribe: Callable[[Any], object] | None = None, /) -> Promise[T]:
    """Wait for the next event.

    Args:
        subscribe: called at once with `Resolvers`, whose functions it hands to the library.
        unsubscribe: called when the promise is settled, or nobody wants the event any more, on the promise's home, with
            what `subscribe` returned; if that was None, with the one callback that `d.via` has made, else `d.resolve`.

    Returns:
        A promise for the event. It is rejected with what `subscribe` or `unsubscribe` raises, and with `BrokenPromise`
        if the library forgets the functions that it was given.

    Raises:
        TypeError: an argument is not a function.

    Both may be coroutine functions, or return something else that can be adopted. An event that comes before
    `subscribe` is done is kept. If nobody wants the event any more, a `subscribe` that is still going on is cancelled.

    Example:
        >>> listeners = []
        >>> event = once(lambda d: listeners.append(d.resolve), listeners.remove)
        >>> listeners[0]("door opened")
        >>> event.wait(), listeners
        ('door opened', [])
    """
    if not callable(subscribe):
        raise misuse.expected_callable("once()", subscribe, "a function that takes resolvers")
    if unsubscribe is not None and not callable(unsubscribe):
        raise misuse.expected_callable("once()", unsubscribe)
    subscription = Subscription(unsubscribe)
    handed = Handed()

    def start(d: Resolvers[T]) -> None:
        d.promise._produce().kept = handed
        subscription.begin(subscribe(d), partial(handed.find, d.promise, weakref.ref(d.resolve)), d.reject)

    event = Promise[T].create(start)
    if unsubscribe is not None or subscription.started is not None:
        event._stop_by(partial(subscription.undo, gives_up=True))
    return event if unsubscribe is None else event.finally_(partial(subscription.undo, gives_up=False))


class Handed(list[Any]):
    """The callbacks that `via` has made for a library, as the producer of `once` notes them.

    They are held weakly. If the library forgot its callback while we held it, the promise would never break.
    """

    __slots__ = ()

    def append(self, callback: Any, /) -> None:
        """Note a callback."""
        super().append(weakref.ref(callback))

    def find(self, event: Promise[Any], resolve: Callable[[], Any]) -> Any:
        """Find what the library knows: the one callback that `via` has made, else `d.resolve`."""
        found = (self[0]() if len(self) == 1 else None) or resolve()
        if found is None and not is_a(event.reason, BrokenPromise):
            return forgotten
        return found


def forgotten(*_: object, **__: object) -> None:
    """Stand in for `d.resolve` where that is gone: the library got another function, and nobody kept this one."""
