"""Code without locks, in three idioms, each with the reason why it is safe.

Another thread, a signal handler or a finaliser may run between any two steps of this package. A lock would deadlock
when a signal handler interrupts the code that holds it. So every change of shared data is a single operation on a list,
a deque, a dictionary or an attribute. These are atomic under the GIL, and free-threaded builds guarantee the same.

TAKE    *Take it, or give up.* A right that only one side may use is an item of a list. The side that removes the item
        has the right. All others find the list empty, or the item gone, and give up. Nobody checks beforehand whether
        it is there: by the time of the removal the answer could be out of date. `take` and `taken` below do this, and
        so do `list.remove` and `dict.pop` elsewhere.
SWAP    *Read, then clear.* `found, self.x = self.x, None` is two steps, so two sides may find the same thing. Use it
        only where doing the work twice does no harm: because the work itself ends in a TAKE, or because it changes
        nothing the second time.
LOOK    *Write first, look afterwards.* Two sides must not miss each other. Each writes its own data first and then
        looks at the other's: one appends to a list and then looks at a flag, the other sets the flag and then looks
        at the list. Whatever the interleaving, the side that writes second looks after both writes, and so sees the
        other. Both sides may see each other, so what they then do must be harmless when done twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import heappop
from typing import Any, TypeVar

T = TypeVar("T")
Least = TypeVar("Least", bound=tuple[float, *tuple[Any, ...]])


def take(things: list[T]) -> T | None:
    """Take the last thing; give None if there is none (TAKE)."""
    try:
        return things.pop()
    except IndexError:
        return None


def take_first(things: deque[T]) -> T | None:
    """Take the first thing; give None if there is none (TAKE)."""
    try:
        return things.popleft()
    except IndexError:
        return None


def take_least(heap: list[Least]) -> Least | None:
    """Take the least thing of a heap; give None if there is none (TAKE)."""
    try:
        # heappop first pops the last item of the list, and only then moves it to where the least one was.
        return heappop(heap)
    except IndexError:
        return None


def removed(things: list[T], thing: T) -> bool:
    """Remove a thing whose class has no `__eq__` of its own; false if it is not there (TAKE)."""
    try:
        things.remove(thing)
    except ValueError:
        return False
    return True


def taken(things: list[T]) -> Iterator[T]:
    """Take things, last one first, until none is left; others may take or add some meanwhile."""
    while True:
        try:
            thing = things.pop()
        except IndexError:
            return
        yield thing
