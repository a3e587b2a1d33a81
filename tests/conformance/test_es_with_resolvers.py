"""ECMA-262 27.2.4.9: `Promise.withResolvers`, here `with_resolvers`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promisepy import Fulfilled, Promise, Rejected, Resolvers

if TYPE_CHECKING:
    from .conftest import Jobs, Ticks

REASON = ValueError("reason")


async def test_27_2_4_9_the_answer_has_a_pending_promise_and_two_functions() -> None:
    resolvers = Promise[Any].with_resolvers()
    assert isinstance(resolvers, Resolvers)
    assert (resolvers.promise.state, callable(resolvers.resolve), callable(resolvers.reject)) == (
        "pending",
        True,
        True,
    )
    resolvers.resolve(1)


async def test_27_2_4_9_the_answer_unpacks_in_this_order() -> None:
    resolvers = Promise[Any].with_resolvers()
    promise, resolve, reject = resolvers
    assert (promise, resolve, reject) == (resolvers.promise, resolvers.resolve, resolvers.reject)
    resolve(1)


async def test_27_2_4_9_resolve_fulfils() -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    resolve(1)
    assert promise.outcome == Fulfilled(1)


async def test_27_2_4_9_reject_rejects() -> None:
    promise, _, reject = Promise[int].with_resolvers()
    reject(REASON)
    assert promise.outcome == Rejected(REASON)


async def test_27_2_4_9_the_functions_work_after_the_jobs_have_run(jobs: Jobs) -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    child = promise.then(lambda value: value + 1)
    await jobs()
    resolve(1)
    await jobs()
    assert child.outcome == Fulfilled(2)


async def test_27_2_4_9_each_call_is_independent() -> None:
    first, second = Promise[int].with_resolvers(), Promise[int].with_resolvers()
    first.resolve(1)
    assert (first.promise.state, second.promise.state) == ("fulfilled", "pending")
    second.resolve(2)


async def test_27_2_4_9_the_number_of_jobs(ticks: Ticks) -> None:
    def follow() -> Promise[int]:
        promise, resolve, _ = Promise[int].with_resolvers()
        resolve(Promise.resolve(1))
        return promise

    assert await ticks(follow) == 2
