"""Poll libraries that deliver only when they are asked to, for as long as a promise waits for them."""

from __future__ import annotations

import weakref
from collections.abc import Callable

from ._cell import PENDING
from ._jobs import Home, Timer, fatal
from ._resolve import Claim, Resolution

__all__ = ["Pump", "PumpedClaim"]

# Between two polls: at first and after each delivery, and at most, in seconds.
SHORTEST, LONGEST = 0.001, 0.02


class PumpedClaim(Claim):
    """A claim that a pump knows without keeping it alive: if the library drops it, the promise is broken."""

    __slots__ = ("__weakref__",)

    def is_open(self) -> bool:
        """Tell whether there is a promise to be settled; it may have been cancelled."""
        promise = self.promise
        return promise is not None and promise._state is PENDING


class Pump:
    """Polls one library on the homes of the promises that wait for it."""

    __slots__ = ("_beats", "_poll")

    def __init__(self, poll: Callable[[], object]) -> None:
        self._poll = poll
        self._beats: weakref.WeakKeyDictionary[Home, Beat] = weakref.WeakKeyDictionary()

    def watch(self, promise: Resolution) -> PumpedClaim:
        """Poll until the promise is settled or broken, and give the claim to it; called on its home's thread."""
        home, claim = promise._home, PumpedClaim()
        claim.promise = promise
        beat = self._beats.get(home)
        if beat is None:
            beat = self._beats[home] = Beat(self._poll)
        beat.watch(home, claim)
        return claim


class Beat:
    """The job that polls, and comes again as long as it is needed."""

    __slots__ = ("_claims", "_home", "_pause", "_poll")

    def __init__(self, poll: Callable[[], object]) -> None:
        self._poll = poll
        self._claims: list[weakref.ref[PumpedClaim]] = []
        self._home: Home | None = None  # while a next beat is coming
        self._pause = SHORTEST

    def watch(self, home: Home, claim: PumpedClaim) -> None:
        """Beat for one more claim."""
        self._claims.append(weakref.ref(claim))
        if self._home is None:
            self._home = home
            home.enqueue(self)

    def _run(self) -> None:
        home = self._home
        waiting = self._waiting()
        if home is None or not waiting:
            self._home = None
            return
        try:
            self._poll()
        except BaseException as error:
            for claim in waiting:
                claim.reject(error)
            if fatal(error):
                raise
        count = len(waiting)
        del waiting  # or the last callback that the library drops would not be noticed
        self._pause = SHORTEST if len(self._waiting()) < count else min(2 * self._pause, LONGEST)
        Timer(home, self._pause, self)

    def _waiting(self) -> list[PumpedClaim]:
        """Give the claims that are still to be settled, and forget the others."""
        found = [claim for claim in [reference() for reference in self._claims] if claim and claim.is_open()]
        self._claims = [weakref.ref(claim) for claim in found]
        return found

    def _abandon(self, home: Home) -> None:
        self._home = None

    def _settles(self) -> None:
        """Name no promise: which one a poll settles is up to the library."""
