"""Fixtures for tests of events."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from ..support import PATIENCE, _cheap_collections
from .library import Eager

__all__ = ["_cheap_collections", "library", "shown"]


def complain(number: int, frame: object) -> None:
    raise AssertionError("nobody has woken the thread")


@pytest.fixture(autouse=True)
def nobody_sleeps_for_ever() -> Iterator[None]:
    """Fail where a thread would sleep on because a wake-up was lost. Not by an alarm: some tests have their own."""
    if not hasattr(signal, "SIGUSR2"):
        yield
        return
    before = signal.signal(signal.SIGUSR2, complain)
    guard = threading.Timer(3 * PATIENCE, signal.pthread_kill, [threading.get_ident(), signal.SIGUSR2])
    guard.daemon = True
    guard.start()
    yield
    guard.cancel()
    guard.join(PATIENCE)
    signal.signal(signal.SIGUSR2, before)


@pytest.fixture
def library() -> Eager:
    """Provide a library that brings an event as soon as it is subscribed to."""
    gc.collect()  # what other tests have left must not unsubscribe during this one
    return Eager()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect what would be shown as unraisable."""
    collected: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: collected.append(repr(args.exc_value)))
    return collected
