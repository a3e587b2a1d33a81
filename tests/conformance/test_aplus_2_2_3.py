"""Promises/A+ 2.2.3: if `on_rejected` is a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Promise

if TYPE_CHECKING:
    from .conftest import Jobs, Settled

REASON = ValueError("reason")


async def test_2_2_3_1_it_is_called_with_the_reason_after_the_promise_is_rejected(
    rejected: Settled, jobs: Jobs
) -> None:
    seen: list[Any] = []
    promise = rejected(REASON)
    promise.then(None, lambda got: seen.append((got, promise.state)))
    await jobs()
    assert seen == [(REASON, "rejected")]


async def test_2_2_3_2_it_is_not_called_before_the_promise_is_rejected(jobs: Jobs) -> None:
    promise, _, reject = Promise[Any].with_resolvers()
    seen: list[Any] = []
    promise.then(None, seen.append)
    await jobs()
    assert seen == []
    reject(REASON)
    await jobs()
    assert seen == [REASON]


async def test_2_2_3_2_it_is_never_called_for_a_fulfilled_promise(fulfilled: Settled, jobs: Jobs) -> None:
    seen: list[Any] = []
    fulfilled(1).then(None, seen.append)
    await jobs()
    assert seen == []


@pytest.mark.parametrize("pause", [False, True], ids=["at_once", "after_the_jobs"])
async def test_2_2_3_3_it_is_called_once_when_rejected_more_than_once(pause: bool, jobs: Jobs) -> None:
    promise, _, reject = Promise[Any].with_resolvers()
    seen: list[Any] = []
    promise.then(None, seen.append)
    reject(REASON)
    if pause:
        await jobs()
    reject(KeyError("second"))
    await jobs()
    assert seen == [REASON]


async def test_2_2_3_3_it_is_called_once_for_a_settled_promise(rejected: Settled, jobs: Jobs) -> None:
    seen: list[Any] = []
    rejected(REASON).then(None, seen.append)
    await jobs()
    await jobs()
    assert seen == [REASON]


async def test_2_2_3_3_each_is_called_once_when_added_at_different_times(
    rejected: Settled,
    jobs: Jobs,
) -> None:
    promise = rejected(REASON)
    seen: list[str] = []
    promise.then(None, lambda reason: seen.append(f"first {reason}"))
    promise.then(None, lambda reason: seen.append(f"second {reason}"))
    await jobs()
    promise.then(None, lambda reason: seen.append(f"third {reason}"))
    await jobs()
    assert seen == ["first reason", "second reason", "third reason"]
