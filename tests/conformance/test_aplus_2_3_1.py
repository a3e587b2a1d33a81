"""Promises/A+ 2.3.1: a promise that is resolved with itself is rejected with a `TypeError`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promisepy import Promise

if TYPE_CHECKING:
    from .conftest import Jobs, Settled

MESSAGE = "a promise was resolved with itself, so it could never settle"


def assert_refused(promise: Promise[Any]) -> None:
    assert isinstance(promise.reason, TypeError)
    assert str(promise.reason) == MESSAGE


async def test_2_3_1_when_on_fulfilled_returns_the_new_promise(fulfilled: Settled, jobs: Jobs) -> None:
    child: Promise[Any] = fulfilled(1).then(lambda _: child)
    await jobs()
    assert_refused(child)


async def test_2_3_1_when_on_rejected_returns_the_new_promise(rejected: Settled, jobs: Jobs) -> None:
    child: Promise[Any] = rejected(ValueError()).then(None, lambda _: child)
    await jobs()
    assert_refused(child)


async def test_2_3_1_when_the_resolving_function_gets_its_own_promise(jobs: Jobs) -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve(promise)
    assert_refused(promise)
    await jobs()


async def test_2_3_1_when_a_thenable_resolves_the_promise_with_itself(fulfilled: Settled, jobs: Jobs) -> None:
    class Mirror:
        def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
            on_fulfilled(child)

    child: Promise[Any] = fulfilled(1).then(lambda _: Mirror())
    await jobs()
    assert_refused(child)
