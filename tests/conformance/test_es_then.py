"""ECMA-262 27.2.5.4: `then`; 27.2.2 and 9.5: the jobs it leaves."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise

if TYPE_CHECKING:
    from .conftest import Jobs, Ticks

REASON = ValueError("reason")


class Thenable:
    def __init__(self, value: Any = 1) -> None:
        self.value = value

    def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
        on_fulfilled(self.value)


def good() -> Promise[int]:
    return Promise.resolve(1)


def bad() -> Promise[Any]:
    return Promise.reject(REASON)


def fail(_: Any) -> Any:
    raise KeyError("handler")


# Measured on V8. R is a fulfilled promise, J a rejected one.
JOBS: dict[str, tuple[int, Callable[[], Promise[Any]]]] = {
    "R.then(returns a value)": (1, lambda: good().then(lambda _: 1)),
    "R.then()": (1, lambda: good().then()),
    "J.then()": (1, lambda: bad().then()),
    "R.then(raises)": (1, lambda: good().then(fail)),
    "J.then(None, returns a value)": (1, lambda: bad().then(None, lambda _: 1)),
    "R.then(returns R)": (3, lambda: good().then(lambda _: good())),
    "R.then(returns J)": (3, lambda: good().then(lambda _: bad())),
    "J.then(None, returns R)": (3, lambda: bad().then(None, lambda _: good())),
    "R.then(returns a thenable)": (2, lambda: good().then(lambda _: Thenable())),
    "R.then(returns a thenable of R)": (4, lambda: good().then(lambda _: Thenable(good()))),
    "R.then(returns a thenable of a thenable)": (3, lambda: good().then(lambda _: Thenable(Thenable()))),
    "R.then().then()": (2, lambda: good().then().then()),
    "R.then(returns R.then())": (3, lambda: good().then(lambda _: good().then())),
}


@pytest.mark.parametrize("expression", JOBS)
async def test_27_2_2_the_number_of_jobs(expression: str, ticks: Ticks) -> None:
    expected, make = JOBS[expression]
    assert await ticks(make) == expected


async def test_27_2_5_4_then_returns_a_promise_of_the_base_class() -> None:
    class Special(Promise[Any]):
        pass

    promise = Special(lambda resolve, reject: resolve(1))
    assert type(promise.then()) is Promise


async def test_27_2_5_4_1_a_pending_promise_keeps_handlers_in_order(jobs: Jobs) -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    seen: list[str] = []
    promise.then(lambda _: seen.append("first"))
    promise.finally_(lambda: seen.append("second"))
    Promise.all([promise]).then(lambda _: seen.append("fourth"))
    promise.then(lambda _: seen.append("third"))
    resolve(1)
    await jobs()
    assert seen == ["first", "second", "third", "fourth"]


async def test_27_2_5_4_1_handlers_of_a_settled_promise_queue_behind_the_jobs_that_are_there(
    jobs: Jobs,
) -> None:
    seen: list[str] = []
    good().then(lambda _: seen.append("first"))
    promise, resolve, _ = Promise[Any].with_resolvers()
    promise.then(lambda _: seen.append("second"))
    resolve(1)
    good().then(lambda _: seen.append("third"))
    await jobs()
    assert seen == ["first", "second", "third"]


async def test_27_2_2_chains_take_turns(jobs: Jobs) -> None:
    seen: list[str] = []

    def chain(name: str) -> None:
        promise = good()
        for n in range(3):
            promise = promise.then(lambda _, n=n: seen.append(f"{name}{n}"))

    chain("a")
    chain("b")
    await jobs()
    assert seen == ["a0", "b0", "a1", "b1", "a2", "b2"]


async def test_27_2_2_1_settling_in_a_handler_queues_behind_what_is_there(jobs: Jobs) -> None:
    inner, resolve, _ = Promise[Any].with_resolvers()
    seen: list[str] = []
    inner.then(lambda _: seen.append("inner"))
    good().then(resolve).then(lambda _: seen.append("child"))
    good().then(lambda _: seen.append("sibling"))
    await jobs()
    assert seen == ["sibling", "inner", "child"]


async def test_27_2_2_2_a_promise_returned_by_a_handler_lets_others_pass(jobs: Jobs) -> None:
    seen: list[str] = []
    good().then(lambda _: good()).then(lambda _: seen.append("adopted"))
    promise: Promise[Any] = good()
    for n in range(1, 6):
        promise = promise.then(lambda _, n=n: seen.append(str(n)))
    await jobs()
    assert seen == ["1", "2", "3", "adopted", "4", "5"]


async def test_27_2_2_2_a_promise_is_followed_without_looking_up_its_then(jobs: Jobs) -> None:
    class Special(Promise[Any]):
        def then(self, *handlers: Any) -> Any:
            raise REASON

    other = Special(lambda resolve, reject: resolve(1))
    child = good().then(lambda _: other)
    resolved, resolve, _ = Promise[Any].with_resolvers()
    resolve(other)
    await jobs()
    assert (child.outcome, resolved.outcome) == (Fulfilled(1), Fulfilled(1))


async def test_9_5_2_a_handler_runs_in_the_context_of_the_then_call(jobs: Jobs) -> None:
    request: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="nobody")
    promise, resolve, _ = Promise[Any].with_resolvers()
    seen: list[str] = []
    for user in ("alice", "bob"):
        token = request.set(user)
        promise.then(lambda _: seen.append(request.get()))
        request.reset(token)
    contextvars.Context().run(resolve, 1)
    await jobs()
    assert seen == ["alice", "bob"]


async def test_9_5_2_a_handler_does_not_change_the_context_of_others(jobs: Jobs) -> None:
    request: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="nobody")
    seen: list[str] = []
    good().then(lambda _: request.set("changed"))
    good().then(lambda _: seen.append(request.get()))
    await jobs()
    assert (seen, request.get()) == (["nobody"], "nobody")


async def test_27_2_2_an_error_in_a_job_leaves_the_queue_in_order(jobs: Jobs) -> None:
    seen: list[str] = []
    children = [good().then(fail).catch(lambda _, n=n: seen.append(f"catch {n}")) for n in range(2)]
    good().then(lambda _: seen.append("after"))
    await jobs()
    assert seen == ["after", "catch 0", "catch 1"]
    assert {child.state for child in children} == {"fulfilled"}


async def test_27_2_2_a_chain_that_never_ends_does_not_change_the_order_of_others(jobs: Jobs) -> None:
    seen: list[int] = []
    endless = True

    def again(_: Any) -> Promise[Any] | None:
        return good().then(again) if endless else None

    good().then(again)
    promise: Promise[Any] = good()
    for n in range(10):
        promise = promise.then(lambda _, n=n: seen.append(n))
    await jobs()
    endless = False
    await jobs()
    assert seen == list(range(10))
    assert promise.outcome == Fulfilled(None)
