"""Crowds: how one of very many reactions leaves a promise without a search through all of them.

A promise lists its reactions in the order in which they came. To leave a list costs a search. So a list of more than
`FEW` has a crowd for the rest, from which each leaves in one step. A crowd stands in the list like one reaction. It is
queued like one, too, but on a home that only hands it on: each member goes to its own home.

INV-CROWD   Whoever comes joins the crowd at the end of the list, or goes to the end of the list. So the order is kept.
            A crowd that all have left stays: somebody may be joining it. So a list that is not empty may hold nobody;
            `each` tells. Handlers always go to the list: they seldom leave, and each would have to pay for the look.
            But for them, the list stays short, and has few crowds.

This file stands below `cell`, whose reactions are of type `Any` here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from .jobs import Home

# With how many reactions a list is long enough for a crowd.
FEW: Final = 32


class Crowd:
    """Stands for many reactions at the end of a list."""

    __slots__ = ("_home", "_witness", "members")

    def __init__(self) -> None:
        self._home = HANDING_ON
        self.members: dict[Any, None] = {}
        self._witness: Any = None

    def leave(self, reaction: Any) -> None:
        """Take a reaction out, if it is in here."""
        self.members.pop(reaction, None)
        if self._witness is reaction:
            self._witness = None

    def _depends(self) -> bool:
        """Tell whether anybody in here still wants the outcome.

        Remember one who does, so that the next to ask need not look through all. It is one in the middle: those who
        came first often leave first, or last. So there are few searches, whatever the order in which all leave.
        """
        members, witness = self.members, self._witness
        if witness is not None and witness._depends():
            return True
        wanting = [one for one in list(members) if one._depends()]
        if not wanting:
            return False
        self._witness = witness = wanting[len(wanting) // 2]
        if witness not in members:
            self._witness = None  # it has left meanwhile (LOOK)
        return True


class HandingOn(deque[Any]):
    """The queue of no home: what is queued here is queued for the members of a crowd."""

    __slots__ = ()

    def append(self, crowd: Crowd, /) -> None:
        """Queue the members, in order, each on its own home."""
        queue(list(crowd.members))


def _handing_on() -> Home:
    home = Home()
    home.jobs, home.armed = HandingOn(), True
    return home


HANDING_ON: Final = _handing_on()


def join(reactions: list[Any], reaction: Any) -> None:
    """Append a reaction to a list; to a long one, in the crowd at its end, or in a new one."""
    if len(reactions) <= FEW:
        reactions.append(reaction)
        return
    for last in reactions[-1:]:
        if type(last) is Crowd:
            last.members[reaction] = None
            return
    crowd = Crowd()
    crowd.members[reaction] = None
    reactions.append(crowd)


def leave(reactions: list[Any], reaction: Any) -> None:
    """Take a reaction that is not in the list itself out of the crowd that it is in."""
    for one in reactions.copy():
        if type(one) is Crowd:
            one.leave(reaction)


def each(reactions: list[Any] | None) -> Iterator[Any]:
    """Give the reactions of a promise, and those in its crowds, in order."""
    for one in () if reactions is None else tuple(reactions):
        if type(one) is Crowd:
            yield from list(one.members)
        else:
            yield one


def queue(reactions: list[Any]) -> None:
    """Queue reactions in order, from a copy: a `_detach` on another thread could make a walk over the list skip one."""
    for reaction in reactions.copy():
        home = reaction._home
        home.jobs.append(reaction)  # in place: Home.enqueue
        if not home.armed:
            home.arm()
