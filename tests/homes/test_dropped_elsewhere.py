"""Resolving functions that the waiting thread has made, and another thread drops while the first one sleeps.

Without the interpreter lock, CPython frees them only when the thread that has made them runs on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

import pytest

from promisepy import BrokenPromise, Promise
from promisepy._core.homes import current_thread_home

PATIENCE = 30
Sleep = Callable[[Promise[int], Callable[[], None], pytest.MonkeyPatch], Promise[int]]


class Announced(SimpleQueue[None]):
    """Says that somebody is about to sleep here."""

    def __init__(self, say: Callable[[], None]) -> None:
        self._say = say

    def get(self, block: bool = True, timeout: float | None = None) -> None:
        self._say()
        return super().get(block, timeout)


def in_a_script(promise: Promise[int], say: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Promise[int]:
    monkeypatch.setattr(current_thread_home(), "new_bed", lambda: Announced(say))
    return promise


def in_a_coroutine(promise: Promise[int], say: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Promise[int]:
    async def awaits() -> int:
        say()
        return await promise

    return Promise.resolve(awaits())


@pytest.mark.parametrize("sleep", [in_a_script, in_a_coroutine])
def test_break_the_promise_at_once(sleep: Sleep, monkeypatch: pytest.MonkeyPatch) -> None:
    promise, *functions = Promise[int].with_resolvers()
    asleep = threading.Event()

    def drop() -> None:
        asleep.wait()
        functions.clear()

    thread = threading.Thread(target=drop)
    thread.start()
    begin = time.monotonic()
    with pytest.raises(BrokenPromise):
        sleep(promise, asleep.set, monkeypatch).wait(PATIENCE)
    assert time.monotonic() - begin < PATIENCE, "only the end of its time has woken the thread"
    thread.join()
