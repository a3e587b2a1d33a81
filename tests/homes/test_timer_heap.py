"""The heap of timers costs, for each timer, the same however many there are, and cancelled ones do not stay on it."""

from __future__ import annotations

from typing import Any

import pytest

from promisepy._core.clock import FEW, Timers


class Clocked:
    """A timer that counts how often anybody looks at it."""

    looks = 0

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self._is_cancelled = False

    @property
    def is_cancelled(self) -> bool:
        Clocked.looks += 1
        return self._is_cancelled

    def cancel(self) -> None:
        self._is_cancelled = True


def added(timers: Any, count: int) -> list[Clocked]:
    made = [Clocked(deadline) for deadline in range(count)]
    for timer in made:
        timers.add(timer)
    return made


@pytest.mark.parametrize("count", [FEW, 16 * FEW, 64 * FEW])
def test_each_of_many_timers_is_looked_at_a_few_times_only(count: int) -> None:
    """The heap is cleared when it has doubled, and not with each timer."""
    Clocked.looks = 0
    added(Timers(), count)
    assert Clocked.looks <= 3 * count


def test_cancelled_timers_do_not_pile_up() -> None:
    timers = Timers()
    for _ in range(100):
        for timer in added(timers, FEW):
            timer.cancel()
        assert len(timers._heap) <= 3 * FEW
