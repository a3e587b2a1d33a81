"""What the tests of cancellation have in common."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from promisepy import Cancelled, Promise
from promisepy._core.cell import UNSETTLED

PATIENCE = 20.0


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


def turn(jobs: int = 6) -> None:
    """Run what this script's home has to do, so many jobs deep."""
    last = Promise.resolve()
    for _ in range(jobs):
        last = last.then()
    last.wait(timeout=PATIENCE)


def is_cancelled(promise: Promise[Any]) -> bool:
    """Tell whether a promise is rejected with `Cancelled`, without a turn of anything."""
    return promise.state == "rejected" and isinstance(promise.reason, Cancelled)


def dependants(promise: Promise[Any]) -> int:
    """Count the reactions that a pending promise holds."""
    return len(promise._reactions or [UNSETTLED]) - 1


def fail(_: object = None) -> Any:
    raise ValueError("reason")


def on_a_thread(action: Callable[[], object]) -> None:
    """Call something on another thread, wait for its end, and raise what it raised."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    for error in errors:
        raise error
