"""Promises/A+ 2.2.5: handlers are called as functions; in Python, with one argument and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .conftest import Jobs, Settled

REASON = ValueError("reason")


async def test_2_2_5_on_fulfilled_gets_the_value_and_nothing_else(fulfilled: Settled, jobs: Jobs) -> None:
    seen: list[Any] = []
    fulfilled(1).then(lambda *args, **kwargs: seen.append((args, kwargs)))
    await jobs()
    assert seen == [((1,), {})]


async def test_2_2_5_on_rejected_gets_the_reason_and_nothing_else(rejected: Settled, jobs: Jobs) -> None:
    seen: list[Any] = []
    rejected(REASON).then(None, lambda *args, **kwargs: seen.append((args, kwargs)))
    await jobs()
    assert seen == [((REASON,), {})]


async def test_2_2_5_a_bound_method_keeps_its_own_self(fulfilled: Settled, jobs: Jobs) -> None:
    class Screen:
        shown: Any = None

        def show(self, value: Any) -> None:
            self.shown = value

    screen = Screen()
    fulfilled(1).then(screen.show)
    await jobs()
    assert screen.shown == 1
