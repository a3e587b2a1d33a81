"""Promises/A+ 2.1: promise states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Settled

VALUE = object()
REASON = ValueError("reason")


async def test_2_1_1_1_a_pending_promise_may_become_fulfilled(jobs: Jobs) -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    await jobs()
    assert (promise.state, promise.outcome) == ("pending", None)
    resolve(VALUE)
    assert promise.outcome == Fulfilled(VALUE)


async def test_2_1_1_1_a_pending_promise_may_become_rejected(jobs: Jobs) -> None:
    promise, _, reject = Promise[Any].with_resolvers()
    await jobs()
    assert (promise.state, promise.outcome) == ("pending", None)
    reject(REASON)
    assert promise.outcome == Rejected(REASON)


@pytest.mark.parametrize("pause", [False, True], ids=["at_once", "after_the_jobs"])
async def test_2_1_2_1_a_fulfilled_promise_never_changes_its_state(pause: bool, jobs: Jobs) -> None:
    promise, resolve, reject = Promise[Any].with_resolvers()
    seen: list[Any] = []
    promise.then(seen.append, seen.append)
    resolve(VALUE)
    if pause:
        await jobs()
    reject(REASON)
    await jobs()
    assert seen == [VALUE]
    assert promise.state == "fulfilled"


async def test_2_1_2_2_the_value_of_a_fulfilled_promise_never_changes(fulfilled: Settled, jobs: Jobs) -> None:
    promise = fulfilled(VALUE)
    await jobs()
    seen: list[Any] = []
    for _ in range(3):
        promise.then(seen.append)
        await jobs()
    assert seen == [VALUE] * 3


async def test_2_1_2_2_a_second_value_is_ignored(jobs: Jobs) -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve(VALUE)
    resolve("another")
    await jobs()
    resolve("late")
    assert promise.outcome == Fulfilled(VALUE)


@pytest.mark.parametrize("pause", [False, True], ids=["at_once", "after_the_jobs"])
async def test_2_1_3_1_a_rejected_promise_never_changes_its_state(pause: bool, jobs: Jobs) -> None:
    promise, resolve, reject = Promise[Any].with_resolvers()
    seen: list[Any] = []
    promise.then(seen.append, seen.append)
    reject(REASON)
    if pause:
        await jobs()
    resolve(VALUE)
    await jobs()
    assert seen == [REASON]
    assert promise.state == "rejected"


async def test_2_1_3_2_the_reason_of_a_rejected_promise_never_changes(rejected: Settled, jobs: Jobs) -> None:
    promise = rejected(REASON)
    await jobs()
    seen: list[Any] = []
    for _ in range(3):
        promise.then(None, seen.append)
        await jobs()
    assert seen == [REASON] * 3


async def test_2_1_3_2_a_second_reason_is_ignored(jobs: Jobs) -> None:
    promise, _, reject = Promise[Any].with_resolvers()
    reject(REASON)
    reject(KeyError("another"))
    await jobs()
    reject(KeyError("late"))
    assert promise.outcome == Rejected(REASON)
