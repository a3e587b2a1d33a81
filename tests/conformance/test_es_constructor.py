"""ECMA-262 27.2.3.1: the Promise constructor; 27.2.1.3: its resolving functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from promisepy import CallbackError, Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Ticks

REASON = ValueError("reason")


class Thenable:
    def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
        on_fulfilled("thenable")


def settled() -> Promise[str]:
    return Promise.resolve("settled")


async def test_27_2_3_1_the_executor_is_called_at_once_with_two_functions(jobs: Jobs) -> None:
    seen: list[Any] = []
    promise = Promise[Any](lambda resolve, reject: seen.extend((resolve, reject)))
    assert [callable(one) for one in seen] == [True, True]
    seen[0](1)
    assert promise.outcome == Fulfilled(1)


@pytest.mark.parametrize("executor", [None, 5, "text", object()])
async def test_27_2_3_1_an_executor_that_is_no_function_is_refused(executor: Any) -> None:
    with pytest.raises(
        TypeError,
        match=r"Promise\(\) expected a function \(resolve, reject\), got .+: write ",
    ):
        Promise(executor)


async def test_27_2_3_1_an_executor_that_raises_rejects() -> None:
    def executor(resolve: Any, reject: Any) -> None:
        raise REASON

    assert Promise(executor).outcome == Rejected(REASON)


async def test_27_2_3_1_what_the_executor_raises_after_settling_is_ignored() -> None:
    def executor(resolve: Any, reject: Any) -> None:
        resolve(1)
        raise REASON

    assert Promise(executor).outcome == Fulfilled(1)


async def test_27_2_3_1_what_the_executor_returns_is_ignored() -> None:
    def executor(resolve: Any, reject: Any) -> str:
        resolve(1)
        return "ignored"

    assert Promise(executor).outcome == Fulfilled(1)


async def test_27_2_1_3_the_functions_return_none_and_never_raise(jobs: Jobs) -> None:
    promise, resolve, reject = Promise[Any].with_resolvers()
    calls: list[Callable[[], Any]] = [
        lambda: resolve(1),
        lambda: resolve(2),
        lambda: resolve(promise),
        lambda: resolve(Thenable()),
        lambda: reject(REASON),
        lambda: reject("no exception"),
        lambda: resolve(1, 2, key=3),
        reject,
    ]
    assert [call() for call in calls] == [None] * len(calls)
    await jobs()
    assert promise.outcome == Fulfilled(1)


async def test_27_2_1_3_1_reject_with_something_that_is_no_exception_rejects_with_a_callback_error() -> None:
    promise, _, reject = Promise[Any].with_resolvers()
    reject(-7)
    assert isinstance(promise.reason, CallbackError)
    assert promise.reason.arguments == (-7,)


async def test_27_2_1_3_1_reject_with_an_exception_class_rejects_with_an_instance() -> None:
    promise, _, reject = Promise[Any].with_resolvers()
    reject(KeyError)
    assert isinstance(promise.reason, KeyError)


@pytest.mark.parametrize("first", ["resolve", "reject"])
async def test_27_2_1_3_2_only_the_first_call_of_either_counts(first: str, jobs: Jobs) -> None:
    promise, resolve, reject = Promise[Any].with_resolvers()
    if first == "resolve":
        resolve(1)
        reject(REASON)
    else:
        reject(REASON)
        resolve(1)
    await jobs()
    assert promise.outcome == (Fulfilled(1) if first == "resolve" else Rejected(REASON))


async def test_27_2_1_3_2_a_promise_that_follows_another_is_resolved_but_pending(jobs: Jobs) -> None:
    other, resolve_other, _ = Promise[Any].with_resolvers()
    promise, resolve, reject = Promise[Any].with_resolvers()
    resolve(other)
    reject(REASON)
    await jobs()
    assert promise.state == "pending"
    resolve_other(1)
    await jobs()
    assert promise.outcome == Fulfilled(1)


async def test_27_2_1_3_2_resolve_with_an_exception_fulfils_with_it() -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve(REASON)
    assert promise.outcome == Fulfilled(REASON)


async def test_27_2_1_3_2_resolve_with_an_exception_that_has_a_then_follows_it(jobs: Jobs) -> None:
    class ThenableError(Exception):
        def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
            on_fulfilled("followed")

    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve(ThenableError())
    await jobs()
    assert promise.outcome == Fulfilled("followed")


async def test_27_2_1_3_2_resolve_without_a_value_fulfils_with_none() -> None:
    promise, resolve, _ = Promise[None].with_resolvers()
    resolve()
    assert promise.outcome == Fulfilled(None)


async def test_27_2_2_2_a_promise_is_followed_by_two_jobs(ticks: Ticks) -> None:
    assert await ticks(lambda: Promise(lambda resolve, reject: resolve(settled()))) == 2


async def test_27_2_2_2_a_thenable_is_called_in_one_job(ticks: Ticks) -> None:
    assert await ticks(lambda: Promise(lambda resolve, reject: resolve(Thenable()))) == 1


async def test_27_2_2_2_each_further_promise_in_between_takes_one_more_job(ticks: Ticks) -> None:
    def follow(x: Promise[Any]) -> Promise[Any]:
        return Promise(lambda resolve, reject: resolve(x))

    assert await ticks(lambda: follow(follow(settled()))) == 3
