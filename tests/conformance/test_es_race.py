"""ECMA-262 27.2.4.5: `Promise.race`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Ticks

REASON = ValueError("reason")
OTHER = KeyError("other")


class Thenable:
    def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
        on_fulfilled("thenable")


def good() -> Promise[int]:
    return Promise.resolve(1)


def bad() -> Promise[Any]:
    return Promise.reject(REASON)


def follow(x: Promise[Any]) -> Promise[Any]:
    return Promise(lambda resolve, reject: resolve(x))


# Measured on V8.
JOBS: dict[str, tuple[int | None, Callable[[], Promise[Any]]]] = {
    "race([R, J])": (1, lambda: Promise.race([good(), bad()])),
    "race([J, R])": (1, lambda: Promise.race([bad(), good()])),
    "race([1])": (1, lambda: Promise.race([1])),
    "race([follower of R, R])": (1, lambda: Promise.race([follow(good()), good()])),
    "race([thenable])": (2, lambda: Promise.race([Thenable()])),
    "race([])": (None, lambda: Promise.race([])),
}


@pytest.mark.parametrize("expression", JOBS)
async def test_27_2_4_5_the_number_of_jobs(expression: str, ticks: Ticks) -> None:
    expected, make = JOBS[expression]
    assert await ticks(make) == expected


async def test_27_2_4_5_no_inputs_stay_pending_for_good(jobs: Jobs) -> None:
    promise = Promise.race([])
    await jobs()
    assert promise.state == "pending"


async def test_27_2_4_5_the_first_value_wins(jobs: Jobs) -> None:
    first, resolve_first, _ = Promise[Any].with_resolvers()
    second, resolve_second, _ = Promise[Any].with_resolvers()
    promise = Promise.race([first, second])
    resolve_second("second")
    resolve_first("first")
    await jobs()
    assert promise.outcome == Fulfilled("second")


async def test_27_2_4_5_the_first_reason_wins(jobs: Jobs) -> None:
    first, resolve, _ = Promise[Any].with_resolvers()
    second, _, reject = Promise[Any].with_resolvers()
    promise = Promise.race([first, second])
    reject(REASON)
    resolve("late")
    await jobs()
    assert promise.outcome == Rejected(REASON)


async def test_27_2_4_5_among_settled_inputs_the_first_one_wins(jobs: Jobs) -> None:
    value, reason = Promise.race([good(), bad()]), Promise.race([bad(), good()])
    await jobs()
    assert (value.outcome, reason.outcome) == (Fulfilled(1), Rejected(REASON))


@pytest.mark.parametrize("inputs", [None, 5, object()], ids=["None", "number", "object"])
async def test_27_2_4_5_what_is_not_iterable_rejects_and_does_not_raise(inputs: Any) -> None:
    assert isinstance(Promise.race(inputs).reason, TypeError)


async def test_27_2_4_5_1_an_iterator_that_raises_midway_rejects(jobs: Jobs) -> None:
    def inputs() -> Iterator[Promise[Any]]:
        yield good()
        raise OTHER

    promise = Promise.race(inputs())
    await jobs()
    assert promise.outcome == Rejected(OTHER)


async def test_27_2_4_5_losers_count_as_handled(jobs: Jobs, reports: list[Any]) -> None:
    late, _, reject = Promise[Any].with_resolvers()
    promise = Promise.race([good(), bad(), late])
    await jobs()
    reject(OTHER)
    del late
    await jobs()
    assert promise.outcome == Fulfilled(1)
    assert reports == []


async def test_27_2_4_5_a_loser_goes_on(jobs: Jobs) -> None:
    late, resolve, _ = Promise[Any].with_resolvers()
    promise = Promise.race([late, good()])
    await jobs()
    resolve("late")
    await jobs()
    assert (promise.outcome, late.outcome) == (Fulfilled(1), Fulfilled("late"))
