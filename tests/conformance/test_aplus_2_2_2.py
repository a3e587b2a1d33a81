"""Promises/A+ 2.2.2: if `on_fulfilled` is a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Promise

if TYPE_CHECKING:
    from .conftest import Jobs, Settled

REASON = ValueError("reason")


async def test_2_2_2_1_it_is_called_with_the_value_after_the_promise_is_fulfilled(
    fulfilled: Settled, jobs: Jobs
) -> None:
    value = object()
    seen: list[Any] = []
    promise = fulfilled(value)
    promise.then(lambda got: seen.append((got, promise.state)))
    await jobs()
    assert seen == [(value, "fulfilled")]


async def test_2_2_2_2_it_is_not_called_before_the_promise_is_fulfilled(jobs: Jobs) -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    seen: list[Any] = []
    promise.then(seen.append)
    await jobs()
    assert seen == []
    resolve(1)
    await jobs()
    assert seen == [1]


async def test_2_2_2_2_it_is_never_called_for_a_pending_promise(jobs: Jobs) -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    seen: list[Any] = []
    promise.then(seen.append)
    await jobs()
    await jobs()
    assert seen == []
    del resolve


async def test_2_2_2_2_it_is_never_called_for_a_rejected_promise(rejected: Settled, jobs: Jobs) -> None:
    seen: list[Any] = []
    rejected(REASON).then(seen.append, lambda error: None)
    await jobs()
    assert seen == []


@pytest.mark.parametrize("pause", [False, True], ids=["at_once", "after_the_jobs"])
async def test_2_2_2_3_it_is_called_once_when_resolved_more_than_once(pause: bool, jobs: Jobs) -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    seen: list[Any] = []
    promise.then(seen.append)
    resolve(1)
    if pause:
        await jobs()
    resolve(2)
    await jobs()
    assert seen == [1]


async def test_2_2_2_3_it_is_called_once_for_a_settled_promise(fulfilled: Settled, jobs: Jobs) -> None:
    seen: list[Any] = []
    fulfilled(1).then(seen.append)
    await jobs()
    await jobs()
    assert seen == [1]


async def test_2_2_2_3_each_is_called_once_when_added_at_different_times(
    fulfilled: Settled,
    jobs: Jobs,
) -> None:
    promise = fulfilled("value")
    seen: list[str] = []
    promise.then(lambda value: seen.append(f"first {value}"))
    promise.then(lambda value: seen.append(f"second {value}"))
    await jobs()
    promise.then(lambda value: seen.append(f"third {value}"))
    await jobs()
    assert seen == ["first value", "second value", "third value"]
