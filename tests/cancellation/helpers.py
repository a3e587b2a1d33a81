"""What the tests of cancellation have in common."""

from __future__ import annotations

import threading
from typing import Any

from promisepy import Cancelled, Promise

from ..support import turn


class Work:
    """A promise with a producer that notes the thread on which it is told to stop."""

    def __init__(self, *, stops: bool = True) -> None:
        self.stopped: list[threading.Thread] = []
        self.d = Promise[Any].with_resolvers(on_cancel=self.stop if stops else None)
        self.promise: Promise[Any] = self.d.promise
        self.resolve = self.d.resolve
        self.reject = self.d.reject

    def stop(self) -> None:
        self.stopped.append(threading.current_thread())

    @property
    def stops(self) -> int:
        """How many times the producer has been told, when everything that was queued has run."""
        turn()
        return len(self.stopped)


def is_cancelled(promise: Promise[Any]) -> bool:
    """Tell whether a promise is rejected with `Cancelled`, without a turn of anything."""
    return promise.state == "rejected" and isinstance(promise.reason, Cancelled)


def fail(_: object = None) -> Any:
    raise ValueError("reason")
