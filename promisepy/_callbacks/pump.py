"""Poll libraries that deliver only when they are asked to, for as long as a promise waits for them.

A poll runs in the context (`contextvars`) of a call that still waits for it: of several, of the oldest.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextvars import Context, copy_context

from .._core.cell import PENDING, Cell
from .._core.errors import raised, set_traceback
from .._core.jobs import PUMP_PAUSE, Home, Timer, fatal

# The pause between two polls, in seconds: at first and after each delivery, and at most.
SHORTEST, UTMOST = PUMP_PAUSE


class Watch:
    """What the callbacks of one call hold, and nobody else: a way to reject its promise, and the context of the call.

    The pump refers to it weakly. So when it is gone, the pump knows that the library has dropped the callbacks.
    """

    __slots__ = ("__weakref__", "_reject", "context")

    def __init__(self, reject: Callable[[BaseException], object]) -> None:
        self._reject = reject
        self.context = copy_context()

    def __call__(self, error: BaseException) -> None:
        self._reject(error)


class Pump:
    """Polls one library on the homes of the promises that wait for it."""

    __slots__ = ("_beats", "_poll")

    def __init__(self, poll: Callable[[], object]) -> None:
        self._poll = poll
        self._beats: weakref.WeakKeyDictionary[Home, Beat] = weakref.WeakKeyDictionary()

    def watch(self, promise: Cell, reject: Callable[[BaseException], object]) -> Watch:
        """Poll until the promise is settled or broken; called on its home's thread, in the context of the call.

        Gives a function that rejects.
        """
        home = promise._home
        watch = Watch(reject)
        beat = self._beats.get(home)
        if beat is None:
            beat = self._beats[home] = Beat(self._poll)
        beat.watch(home, promise, watch)
        return watch


class Beat:
    """A job that polls, and comes again as long as it is needed."""

    __slots__ = ("_home", "_pause", "_poll", "_waiting")

    def __init__(self, poll: Callable[[], object]) -> None:
        self._poll = poll
        # The oldest first. A signal handler may call, and so add an entry, at any step: entries are added and removed
        # one by one, each in a single step.
        self._waiting: dict[weakref.ref[Watch], weakref.ref[Cell]] = {}
        self._home: Home | None = None  # set while another beat is coming
        self._pause = SHORTEST

    def watch(self, home: Home, promise: Cell, watch: Watch) -> None:
        """Beat for one more promise."""
        self._waiting[weakref.ref(watch)] = weakref.ref(promise)
        if self._home is None:
            self._home = home
            home.enqueue(self)

    def _run(self) -> None:
        home, self._home = self._home, None  # first: if the poll is interrupted, the next promise makes it beat again
        context, count = self._look()
        if home is None or context is None:
            return
        try:
            # In a copy, because the poll may wait, and so poll again, and a context can be entered only once at a time.
            context.copy().run(self._poll)
        except BaseException as error:
            set_traceback(error, raised(error))
            for reference in self._waiting.copy():
                watch = reference()
                if watch is not None:
                    watch(error)
            if fatal(error):
                raise
        self._pause = SHORTEST if self._look()[1] < count else min(2 * self._pause, UTMOST)
        if self._home is None:  # if not, `watch` was called by the poll, and has asked for a beat
            self._home = home
            Timer(home, self._pause, self).start()

    def _look(self) -> tuple[Context | None, int]:
        """Forget the promises that are settled or broken. Count the others, and give the context of the oldest."""
        oldest: Context | None = None
        for reference, promise in self._waiting.copy().items():
            watch, cell = reference(), promise()
            if watch is None or cell is None or cell._state is not PENDING:
                self._waiting.pop(reference, None)
            elif oldest is None:
                oldest = watch.context
        return oldest, len(self._waiting)

    def _abandon(self, home: Home) -> None:
        self._home = None

    def _settles(self) -> None:
        """Name no promise: which one a poll settles is up to the library."""
