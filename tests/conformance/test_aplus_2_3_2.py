"""Promises/A+ 2.3.2: a promise that is resolved with a promise adopts its state."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Settled

REASON = ValueError("reason")


def by_handler(x: Promise[Any]) -> Promise[Any]:
    return Promise.resolve().then(lambda _: x)


def by_rejection_handler(x: Promise[Any]) -> Promise[Any]:
    return Promise.reject(KeyError("first")).then(None, lambda _: x)


def by_resolving_function(x: Promise[Any]) -> Promise[Any]:
    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve(x)
    return promise


def by_executor(x: Promise[Any]) -> Promise[Any]:
    return Promise(lambda resolve, reject: resolve(x))


def by_thenable(x: Promise[Any]) -> Promise[Any]:
    class Outer:
        def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
            on_fulfilled(x)

    return Promise.resolve(Outer())


WAYS = [by_handler, by_rejection_handler, by_resolving_function, by_executor, by_thenable]
Way = Callable[[Promise[Any]], Promise[Any]]


@pytest.mark.parametrize("follow", WAYS)
async def test_2_3_2_1_it_remains_pending_as_long_as_the_other(follow: Way, jobs: Jobs) -> None:
    other, resolve, _ = Promise[Any].with_resolvers()
    promise = follow(other)
    await jobs()
    assert promise.state == "pending"
    resolve(1)
    await jobs()
    assert promise.outcome == Fulfilled(1)


@pytest.mark.parametrize("follow", WAYS)
async def test_2_3_2_2_it_takes_on_the_value_of_the_other(
    follow: Way,
    fulfilled: Settled,
    jobs: Jobs,
) -> None:
    value = object()
    promise = follow(fulfilled(value))
    await jobs()
    assert promise.outcome == Fulfilled(value)


@pytest.mark.parametrize("follow", WAYS)
async def test_2_3_2_3_it_takes_on_the_reason_of_the_other(
    follow: Way,
    rejected: Settled,
    jobs: Jobs,
) -> None:
    promise = follow(rejected(REASON))
    await jobs()
    assert promise.outcome == Rejected(REASON)


async def test_2_3_2_it_cannot_be_settled_otherwise_while_it_follows(jobs: Jobs) -> None:
    other, resolve_other, _ = Promise[Any].with_resolvers()
    promise, resolve, reject = Promise[Any].with_resolvers()
    resolve(other)
    resolve("ignored")
    reject(REASON)
    await jobs()
    assert promise.state == "pending"
    resolve_other("taken")
    await jobs()
    assert promise.outcome == Fulfilled("taken")


async def test_2_3_2_a_promise_of_a_subclass_is_a_promise(jobs: Jobs) -> None:
    class Special(Promise[Any]):
        pass

    other = Special(lambda resolve, reject: resolve(1))
    assert Promise.resolve(other) is other
    child = Promise.resolve().then(lambda _: other)
    await jobs()
    assert child.outcome == Fulfilled(1)
