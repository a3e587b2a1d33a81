"""Poll libraries that deliver only when they are asked to, for as long as a promise waits for them."""

from __future__ import annotations

import weakref
from collections.abc import Callable

from .._core.cell import PENDING, Cell
from .._core.errors import raised, set_traceback
from .._core.jobs import PUMP_PAUSE, Home, Timer, fatal

RejectBy = Callable[[BaseException], None]
# The pause between two polls, in seconds: at first and after each delivery, and at most.
SHORTEST, UTMOST = PUMP_PAUSE


class Pump:
    """Polls one library on the homes of the promises that wait for it."""

    __slots__ = ("_beats", "_poll")

    def __init__(self, poll: Callable[[], object]) -> None:
        self._poll = poll
        self._beats: weakref.WeakKeyDictionary[Home, Beat] = weakref.WeakKeyDictionary()

    def watch(self, promise: Cell, reject: Callable[[BaseException], object]) -> RejectBy:
        """Poll until the promise is settled or broken; called on its home's thread.

        Gives a function that rejects. Only the callbacks may hold it. The pump refers to it weakly, so when it is gone,
        the pump knows that the library has dropped the callbacks.
        """
        home = promise._home

        def rejecting(error: BaseException) -> None:
            reject(error)

        beat = self._beats.get(home)
        if beat is None:
            beat = self._beats[home] = Beat(self._poll)
        beat.watch(home, promise, rejecting)
        return rejecting


class Beat:
    """A job that polls, and comes again as long as it is needed."""

    __slots__ = ("_home", "_pause", "_poll", "_waiting")

    def __init__(self, poll: Callable[[], object]) -> None:
        self._poll = poll
        self._waiting: list[tuple[weakref.ref[Cell], weakref.ref[RejectBy]]] = []
        self._home: Home | None = None  # set while another beat is coming
        self._pause = SHORTEST

    def watch(self, home: Home, promise: Cell, reject: RejectBy) -> None:
        """Beat for one more promise."""
        self._waiting.append((weakref.ref(promise), weakref.ref(reject)))
        if self._home is None:
            self._home = home
            home.enqueue(self)

    def _run(self) -> None:
        home, self._home = self._home, None  # first: if the poll is interrupted, the next promise makes it beat again
        count = self._forget()
        if home is None or not count:
            return
        try:
            self._poll()
        except BaseException as error:
            set_traceback(error, raised(error))
            for _, reference in self._waiting:
                reject = reference()
                if reject is not None:
                    reject(error)
            if fatal(error):
                raise
        self._pause = SHORTEST if self._forget() < count else min(2 * self._pause, UTMOST)
        if self._home is None:  # if not, `watch` was called by the poll, and has asked for a beat
            self._home = home
            Timer(home, self._pause, self).start()

    def _forget(self) -> int:
        """Forget the promises that are settled or broken, and count the others."""
        self._waiting = [one for one in self._waiting if _is_waiting(*one)]
        return len(self._waiting)

    def _abandon(self, home: Home) -> None:
        self._home = None

    def _settles(self) -> None:
        """Name no promise: which one a poll settles is up to the library."""


def _is_waiting(promise: weakref.ref[Cell], reject: weakref.ref[RejectBy]) -> bool:
    cell = promise()
    return cell is not None and cell._state is PENDING and reject() is not None
