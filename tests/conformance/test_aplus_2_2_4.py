"""Promises/A+ 2.2.4: handlers are called when only platform code is on the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promisepy import Promise

if TYPE_CHECKING:
    from .conftest import Jobs, Settled

REASON = ValueError("reason")


async def test_2_2_4_then_returns_before_a_handler_is_called(fulfilled: Settled, jobs: Jobs) -> None:
    seen: list[str] = []
    fulfilled(1).then(lambda _: seen.append("handler"))
    seen.append("then returned")
    await jobs()
    assert seen == ["then returned", "handler"]


async def test_2_2_4_then_returns_before_a_rejection_handler_is_called(rejected: Settled, jobs: Jobs) -> None:
    seen: list[str] = []
    rejected(REASON).then(None, lambda _: seen.append("handler"))
    seen.append("then returned")
    await jobs()
    assert seen == ["then returned", "handler"]


async def test_2_2_4_resolve_returns_before_a_handler_is_called(jobs: Jobs) -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    seen: list[str] = []
    promise.then(lambda _: seen.append("handler"))
    resolve(1)
    seen.append("resolve returned")
    await jobs()
    assert seen == ["resolve returned", "handler"]


async def test_2_2_4_reject_returns_before_a_handler_is_called(jobs: Jobs) -> None:
    promise, _, reject = Promise[Any].with_resolvers()
    seen: list[str] = []
    promise.then(None, lambda _: seen.append("handler"))
    reject(REASON)
    seen.append("reject returned")
    await jobs()
    assert seen == ["reject returned", "handler"]


async def test_2_2_4_a_handler_added_inside_a_handler_waits_for_its_end(
    fulfilled: Settled,
    jobs: Jobs,
) -> None:
    promise = fulfilled(1)
    seen: list[str] = []

    def outer(_: Any) -> None:
        promise.then(lambda _: seen.append("inner"))
        seen.append("outer ended")

    promise.then(outer)
    await jobs()
    assert seen == ["outer ended", "inner"]


async def test_2_2_4_a_handler_added_inside_a_rejection_handler_waits_for_its_end(
    rejected: Settled, jobs: Jobs
) -> None:
    promise = rejected(REASON)
    seen: list[str] = []

    def outer(_: Any) -> None:
        promise.then(None, lambda _: seen.append("inner"))
        seen.append("outer ended")

    promise.then(None, outer)
    await jobs()
    assert seen == ["outer ended", "inner"]


async def test_2_2_4_a_promise_settled_inside_a_handler_waits_for_its_end(
    fulfilled: Settled,
    jobs: Jobs,
) -> None:
    other, resolve, _ = Promise[Any].with_resolvers()
    seen: list[str] = []
    other.then(lambda _: seen.append("inner"))

    def outer(_: Any) -> None:
        resolve(2)
        seen.append("outer ended")

    fulfilled(1).then(outer)
    await jobs()
    assert seen == ["outer ended", "inner"]


async def test_2_2_4_an_executor_that_resolves_ends_before_a_handler_is_called(jobs: Jobs) -> None:
    seen: list[str] = []

    def executor(resolve: Any, reject: Any) -> None:
        resolve(1)
        seen.append("executor ended")

    Promise(executor).then(lambda _: seen.append("handler"))
    seen.append("then returned")
    await jobs()
    assert seen == ["executor ended", "then returned", "handler"]


async def test_2_2_4_a_handler_called_inside_finally_of_the_caller_is_not_possible(jobs: Jobs) -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    seen: list[str] = []
    try:
        promise.then(lambda _: seen.append("handler"))
        resolve(1)
    finally:
        seen.append("finally")
    await jobs()
    assert seen == ["finally", "handler"]
