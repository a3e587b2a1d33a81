"""The alphabet of the code that takes no lock: three idioms, each with the reason why it is safe.

Threads, signal handlers and finalisers meet in this package at any step, and a lock would deadlock where a handler
interrupts its holder. So whatever they share changes in steps that are one operation of a list, a deque, a dictionary
or an attribute each. Those are atomic with the interpreter lock, and free-threaded builds promise the same.

TAKE    *Take it, or give up.* A right that only one may use is an item of a list. Whoever removes the item has the
        right; for the others the list is empty, or the item is gone, and they give up. Nobody asks before whether it
        is there: the answer could be old by the time of the removal. `take` and `taken` below, `list.remove` and
        `dict.pop` elsewhere.
SWAP    *Read, then clear.* `found, self.x = self.x, None` is two steps, so two may find the same thing. It is right
        only where doing the work twice does no harm: the work itself ends in a TAKE, or changes nothing the second
        time.
LOOK    *Write first, look after.* Two sides that must not miss each other write in one order and look in the other:
        one appends and then looks at a flag, the other sets the flag and then looks at the list. Whatever the
        interleaving, the later of the two writes comes before the look that follows it, so one of them sees the other.
        Both may: then what they do must bear being done twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import heappop
from typing import Any, TypeVar

T = TypeVar("T")
Least = TypeVar("Least", bound=tuple[float, *tuple[Any, ...]])


def take(things: list[T]) -> T | None:
    """Take the last thing, or give up: None if there is none (TAKE)."""
    try:
        return things.pop()
    except IndexError:
        return None


def take_first(things: deque[T]) -> T | None:
    """Take the first thing, or give up: None if there is none (TAKE)."""
    try:
        return things.popleft()
    except IndexError:
        return None


def take_least(heap: list[Least]) -> Least | None:
    """Take the least thing of a heap, or give up: None if there is none (TAKE)."""
    try:
        return heappop(heap)  # which takes the last item off the list, and then moves it to the place of the least
    except IndexError:
        return None


def taken(things: list[T]) -> Iterator[T]:
    """Take things, the last one first, until none is left; what others take or add meanwhile is theirs or ours."""
    while True:
        try:
            thing = things.pop()
        except IndexError:
            return
        yield thing
