"""The scenarios: what is counted, how much of it, and what the answer must be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from benchmarks.contract import LINKS_REJECTED

TINY = 3
"""Burst size of the smoke test: large enough for a first, a middle and a last."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table; ``name`` is also the method of ``Library`` that does it."""

    name: str
    title: str
    unit: str
    count: int
    calls: int
    kind: Literal["time", "free", "bytes"] = "time"
    answer: Callable[[int], int] | None = None

    @property
    def quick_calls(self) -> int:
        """How many bursts make one sample of a quick run."""
        return max(1, self.calls // 10)


def _sum_to(count: int) -> int:
    return count * (count - 1) // 2


def _sum_after_one(count: int) -> int:
    return _sum_to(count) + count


def _same(count: int) -> int:
    return count


SCENARIOS = (
    Scenario("settle", "create, one `then`, settle; bursts of 100", "promise", 100, 50, answer=_sum_to),
    Scenario("chain", "chain of 1,000 `then`", "link", 1_000, 5, answer=_same),
    Scenario("fan_out", "10,000 `then` on one promise", "handler", 10_000, 1, answer=_same),
    Scenario("await_each", "await pending, one by one", "await", 100, 30, answer=_sum_to),
    Scenario("await_many", "await pending, 100 tasks at once", "await", 100, 20, answer=_sum_to),
    Scenario("await_settled", "make a settled one and await it", "await", 1_000, 10, answer=_sum_to),
    Scenario("await_again", "await one settled promise again and again", "await", 1_000, 40, answer=_same),
    Scenario("all_of", "`all` of 1,000 pending", "element", 1_000, 5, answer=_sum_to),
    Scenario("from_thread", "10,000 settled from a thread", "promise", 10_000, 1, answer=_sum_to),
    Scenario(
        "await_from_thread", "10,000 settled from a thread, a task waiting on each", "await", 10_000, 1, answer=_sum_to
    ),
    Scenario("promisified", "promisified call, callback by the loop", "call", 100, 30, answer=_sum_after_one),
    Scenario("promisified_thread", "promisified call, callback from a thread", "call", 100, 10, answer=_sum_after_one),
    Scenario("adopt", "handler returns a settled promise", "promise", 100, 20, answer=_sum_after_one),
    Scenario("reject_through", f"rejection through {LINKS_REJECTED} links", "chain", 100, 4, answer=_same),
    Scenario("free", "let go of a settled chain of 1,000 links", "link", 1_000, 5, "free"),
    Scenario("hold_pending", "memory: 10,000 pending promises", "promise", 10_000, 1, "bytes"),
    Scenario("hold_chain", "memory: pending chain of 10,000 links", "link", 10_000, 1, "bytes"),
)

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
