"""Promises/A+ 2.2.6: `then` may be called many times on the same promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Settled

REASON = ValueError("reason")
OTHER = KeyError("other")


def fail(_: Any) -> None:
    raise OTHER


async def test_2_2_6_1_on_fulfilled_handlers_run_in_the_order_of_their_then_calls(
    fulfilled: Settled, jobs: Jobs
) -> None:
    promise = fulfilled(1)
    seen: list[int] = []
    for n in range(5):
        promise.then(lambda _, n=n: seen.append(n), fail)
    await jobs()
    assert seen == [0, 1, 2, 3, 4]


async def test_2_2_6_1_a_handler_that_raises_does_not_stop_the_others(fulfilled: Settled, jobs: Jobs) -> None:
    promise = fulfilled(1)
    seen: list[str] = []
    promise.then(lambda _: seen.append("before"))
    promise.then(fail).catch(lambda error: seen.append(type(error).__name__))
    promise.then(lambda _: seen.append("after"))
    await jobs()
    assert seen == ["before", "after", "KeyError"]


async def test_2_2_6_1_branches_of_one_promise_have_their_own_outcomes(
    fulfilled: Settled,
    jobs: Jobs,
) -> None:
    promise = fulfilled(1)
    branches = [promise.then(lambda value: value + 1), promise.then(fail), promise.then()]
    await jobs()
    assert [branch.outcome for branch in branches] == [Fulfilled(2), Rejected(OTHER), Fulfilled(1)]


async def test_2_2_6_1_a_handler_added_by_a_handler_runs_after_those_that_were_there(
    fulfilled: Settled, jobs: Jobs
) -> None:
    promise = fulfilled(1)
    seen: list[str] = []

    def first(_: Any) -> None:
        seen.append("first")
        promise.then(lambda _: seen.append("third"))

    promise.then(first)
    promise.then(lambda _: seen.append("second"))
    await jobs()
    assert seen == ["first", "second", "third"]


async def test_2_2_6_2_on_rejected_handlers_run_in_the_order_of_their_then_calls(
    rejected: Settled,
    jobs: Jobs,
) -> None:
    promise = rejected(REASON)
    seen: list[int] = []
    for n in range(5):
        promise.then(fail, lambda _, n=n: seen.append(n))
    await jobs()
    assert seen == [0, 1, 2, 3, 4]


async def test_2_2_6_2_a_rejection_handler_that_raises_does_not_stop_the_others(
    rejected: Settled,
    jobs: Jobs,
) -> None:
    promise = rejected(REASON)
    seen: list[str] = []
    promise.then(None, lambda _: seen.append("before"))
    promise.then(None, fail).catch(lambda error: seen.append(type(error).__name__))
    promise.then(None, lambda _: seen.append("after"))
    await jobs()
    assert seen == ["before", "after", "KeyError"]


async def test_2_2_6_2_branches_of_one_rejection_have_their_own_outcomes(
    rejected: Settled,
    jobs: Jobs,
) -> None:
    promise = rejected(REASON)
    branches = [promise.then(None, str), promise.then(None, fail), promise.then()]
    await jobs()
    assert [branch.outcome for branch in branches] == [Fulfilled("reason"), Rejected(OTHER), Rejected(REASON)]


async def test_2_2_6_2_a_rejection_handler_added_by_a_handler_runs_after_those_that_were_there(
    rejected: Settled, jobs: Jobs
) -> None:
    promise = rejected(REASON)
    seen: list[str] = []

    def first(_: Any) -> None:
        seen.append("first")
        promise.catch(lambda _: seen.append("third"))

    promise.catch(first)
    promise.catch(lambda _: seen.append("second"))
    await jobs()
    assert seen == ["first", "second", "third"]


async def test_2_2_6_handlers_of_both_kinds_keep_one_order(jobs: Jobs) -> None:
    good, resolve, _ = Promise[Any].with_resolvers()
    bad, _, reject = Promise[Any].with_resolvers()
    seen: list[str] = []
    bad.catch(lambda _: seen.append("bad"))
    good.then(lambda _: seen.append("good"))
    resolve(1)
    reject(REASON)
    await jobs()
    assert seen == ["good", "bad"]
