"""ECMA-262 27.2.4.2: `Promise.allSettled`, here `all_settled`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Settled, Ticks

REASON = ValueError("reason")


def good() -> Promise[int]:
    return Promise.resolve(1)


def bad() -> Promise[Any]:
    return Promise.reject(REASON)


# Measured on V8.
JOBS: dict[str, tuple[int, Callable[[], Promise[Any]]]] = {
    "allSettled([R, J])": (1, lambda: Promise.all_settled([good(), bad()])),
    "allSettled([1])": (1, lambda: Promise.all_settled([1])),
    "allSettled([])": (0, lambda: Promise.all_settled([])),
}


@pytest.mark.parametrize("expression", JOBS)
async def test_27_2_4_2_the_number_of_jobs(expression: str, ticks: Ticks) -> None:
    expected, make = JOBS[expression]
    assert await ticks(make) == expected


async def test_27_2_4_2_outcomes_are_in_the_order_of_the_inputs(
    fulfilled: Settled, rejected: Settled, jobs: Jobs
) -> None:
    promise = Promise.all_settled([rejected(REASON), fulfilled(1), "plain"])
    await jobs()
    assert promise.outcome == Fulfilled([Rejected(REASON), Fulfilled(1), Fulfilled("plain")])


async def test_27_2_4_2_outcomes_say_their_status(jobs: Jobs) -> None:
    promise = Promise.all_settled((good(), bad()))
    await jobs()
    first, second = promise.value or (None, None)
    assert isinstance(first, Fulfilled)
    assert isinstance(second, Rejected)
    assert (first.status, first.value) == ("fulfilled", 1)
    assert (second.status, second.reason) == ("rejected", REASON)


async def test_27_2_4_2_it_waits_for_every_input(jobs: Jobs) -> None:
    pending, resolve, _ = Promise[Any].with_resolvers()
    promise = Promise.all_settled([bad(), pending])
    await jobs()
    assert promise.state == "pending"
    resolve(2)
    await jobs()
    assert promise.outcome == Fulfilled([Rejected(REASON), Fulfilled(2)])


async def test_27_2_4_2_no_inputs_fulfil_at_once() -> None:
    assert Promise.all_settled([]).outcome == Fulfilled([])


async def test_27_2_4_2_a_tuple_gives_a_tuple(jobs: Jobs) -> None:
    promise = Promise.all_settled((good(),))
    await jobs()
    assert promise.outcome == Fulfilled((Fulfilled(1),))


@pytest.mark.parametrize("inputs", [None, 5, object()], ids=["None", "number", "object"])
async def test_27_2_4_2_what_is_not_iterable_rejects_and_does_not_raise(inputs: Any) -> None:
    assert isinstance(Promise.all_settled(inputs).reason, TypeError)


@pytest.mark.parametrize("home", ["script"], indirect=True)
async def test_27_2_4_2_1_it_does_not_finish_while_it_iterates(jobs: Jobs) -> None:
    def inputs() -> Iterator[Promise[Any]]:
        yield good()
        Promise.resolve().then().wait()
        yield bad()

    promise = Promise.all_settled(inputs())
    await jobs()
    assert promise.outcome == Fulfilled([Fulfilled(1), Rejected(REASON)])


async def test_27_2_4_2_every_rejection_counts_as_handled(jobs: Jobs, reports: list[Any]) -> None:
    promise = Promise.all_settled([bad(), bad()])
    await jobs()
    assert promise.state == "fulfilled"
    assert reports == []
