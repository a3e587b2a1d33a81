"""ECMA-262 27.2.4.3: `Promise.any`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Ticks

REASON = ValueError("reason")
OTHER = KeyError("other")


def good() -> Promise[int]:
    return Promise.resolve(1)


def bad() -> Promise[Any]:
    return Promise.reject(REASON)


# Measured on V8.
JOBS: dict[str, tuple[int, Callable[[], Promise[Any]]]] = {
    "any([R])": (1, lambda: Promise.any([good()])),
    "any([J, R])": (1, lambda: Promise.any([bad(), good()])),
    "any([J, J])": (1, lambda: Promise.any([bad(), bad()])),
    "any([1])": (1, lambda: Promise.any([1])),
    "any([])": (0, lambda: Promise.any([])),
    "any([follower of J])": (3, lambda: Promise.any([Promise(lambda f, r: f(bad()))])),
}


@pytest.mark.parametrize("expression", JOBS)
async def test_27_2_4_3_the_number_of_jobs(expression: str, ticks: Ticks) -> None:
    expected, make = JOBS[expression]
    assert await ticks(make) == expected


def group_of(promise: Promise[Any]) -> BaseExceptionGroup[Any]:
    assert isinstance(promise.reason, BaseExceptionGroup)
    return promise.reason


async def test_27_2_4_3_the_first_value_fulfils(jobs: Jobs) -> None:
    first, resolve_first, _ = Promise[str].with_resolvers()
    second, resolve_second, _ = Promise[str].with_resolvers()
    promise = Promise.any([bad(), first, second])
    resolve_second("second")
    resolve_first("first")
    await jobs()
    assert promise.outcome == Fulfilled("second")


async def test_27_2_4_3_all_reasons_come_in_the_order_of_the_inputs(jobs: Jobs) -> None:
    first, _, reject_first = Promise[Any].with_resolvers()
    second, _, reject_second = Promise[Any].with_resolvers()
    promise = Promise.any([first, second])
    reject_second(OTHER)
    await jobs()
    assert promise.state == "pending"
    reject_first(REASON)
    await jobs()
    group = group_of(promise)
    assert type(group) is ExceptionGroup
    assert group.exceptions == (REASON, OTHER)


async def test_27_2_4_3_a_reason_that_is_no_exception_makes_a_base_exception_group(jobs: Jobs) -> None:
    class Bare(BaseException):
        pass

    reason = Bare()
    promise = Promise.any([bad(), Promise.reject(reason)])
    await jobs()
    group = group_of(promise)
    assert not isinstance(group, Exception)
    assert group.exceptions == (REASON, reason)


async def test_27_2_4_3_no_inputs_reject_at_once_with_a_group_of_one() -> None:
    group = group_of(Promise.any([]))
    assert type(group) is ExceptionGroup
    assert [type(error) for error in group.exceptions] == [ValueError]


async def test_27_2_4_3_a_generator_is_an_iterable(jobs: Jobs) -> None:
    promise = Promise.any(one for one in (bad(), good()))
    await jobs()
    assert promise.outcome == Fulfilled(1)


@pytest.mark.parametrize("inputs", [None, 5, object()], ids=["None", "number", "object"])
async def test_27_2_4_3_what_is_not_iterable_rejects_with_the_error_itself(inputs: Any) -> None:
    assert isinstance(Promise.any(inputs).reason, TypeError)


@pytest.mark.parametrize("home", ["script"], indirect=True)
async def test_27_2_4_3_1_it_does_not_finish_while_it_iterates(jobs: Jobs) -> None:
    def inputs() -> Iterator[Promise[Any]]:
        yield bad()
        Promise.resolve().then().wait()
        yield good()

    promise = Promise.any(inputs())
    await jobs()
    assert promise.outcome == Fulfilled(1)


async def test_27_2_4_3_2_later_rejections_change_nothing_and_count_as_handled(
    jobs: Jobs,
    reports: list[Any],
) -> None:
    late, _, reject = Promise[Any].with_resolvers()
    promise = Promise.any([bad(), good(), late])
    await jobs()
    reject(OTHER)
    del late
    await jobs()
    assert promise.outcome == Fulfilled(1)
    assert reports == []


async def test_27_2_4_3_an_input_that_stays_pending_keeps_it_pending(jobs: Jobs) -> None:
    late, _, reject = Promise[Any].with_resolvers()
    promise = Promise.any([bad(), late])
    await jobs()
    assert promise.state == "pending"
    reject(OTHER)
    await jobs()
    assert group_of(promise).exceptions == (REASON, OTHER)
    assert isinstance(promise.outcome, Rejected)
