"""A library that brings events, and notes who unsubscribed and where."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from promisepy import Emitter, Stream, stream
from promisepy._core.homes import current_thread_home

from ..support import PATIENCE


class Library:
    """Calls its listeners on whatever thread `emit` is called."""

    def __init__(self) -> None:
        self.listeners: list[Callable[..., Any]] = []
        self.emitters: list[Emitter[Any]] = []
        self.tokens: list[object] = []  # those that came back by `unsubscribe`
        self.threads: list[threading.Thread] = []  # on which they came

    def subscribe(self, emitter: Emitter[Any]) -> object:
        self.emitters.append(emitter)
        self.listeners.append(emitter.emit)
        return self

    def unsubscribe(self, token: object) -> None:
        self.tokens.append(token)
        self.threads.append(threading.current_thread())
        self.listeners.clear()

    def stream(self, **options: Any) -> Stream[Any]:
        return stream(self.subscribe, self.unsubscribe, **options)

    def emit(self, *values: Any) -> None:
        """Bring each value as an event."""
        for value in values:
            for listener in list(self.listeners):
                listener(value)

    @property
    def emitter(self) -> Emitter[Any]:
        return self.emitters[-1]


class Eager(Library):
    """Brings an event as soon as it is subscribed to."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Any] = []

    def subscribe(self, emitter: Any) -> object:
        token = super().subscribe(emitter)
        self.emit(1)
        return token


def when_asleep(act: Callable[[], object]) -> threading.Thread:
    """Call something on another thread when this one sleeps in `wait`, or is just about to."""
    home = current_thread_home()

    def run() -> None:
        limit = time.monotonic() + PATIENCE
        while not home._sleepers and time.monotonic() < limit:
            pass
        act()

    thread = threading.Thread(target=run)
    thread.start()
    return thread
