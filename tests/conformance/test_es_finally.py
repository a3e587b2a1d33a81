"""ECMA-262 27.2.5.3: `finally`, here `finally_`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Settled, Ticks

REASON = ValueError("reason")
OTHER = KeyError("other")


class Thenable:
    def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
        on_fulfilled("ignored")


def good() -> Promise[int]:
    return Promise.resolve(1)


def bad() -> Promise[Any]:
    return Promise.reject(REASON)


def fail() -> Any:
    raise OTHER


# Measured on V8.
JOBS: dict[str, tuple[int, Callable[[], Promise[Any]]]] = {
    "R.finally(returns a value)": (3, lambda: good().finally_(lambda: 1)),
    "J.finally(returns a value)": (3, lambda: bad().finally_(lambda: 1)),
    "R.finally(returns R)": (3, lambda: good().finally_(good)),
    "R.finally(returns J)": (3, lambda: good().finally_(bad)),
    "R.finally(returns a thenable)": (4, lambda: good().finally_(Thenable)),
    "R.finally(raises)": (1, lambda: good().finally_(fail)),
    "J.finally(raises)": (1, lambda: bad().finally_(fail)),
    "R.finally(returns a follower of R)": (
        5,
        lambda: good().finally_(lambda: Promise(lambda f, r: f(good()))),
    ),
}


@pytest.mark.parametrize("expression", JOBS)
async def test_27_2_5_3_the_number_of_jobs(expression: str, ticks: Ticks) -> None:
    expected, make = JOBS[expression]
    assert await ticks(make) == expected


@pytest.mark.parametrize("result", [None, 5, ValueError("value"), Thenable])
async def test_27_2_5_3_1_a_value_passes_whatever_the_function_returns(
    result: Any, fulfilled: Settled, jobs: Jobs
) -> None:
    promise = fulfilled(1).finally_(result if callable(result) else lambda: result)
    await jobs()
    assert promise.outcome == Fulfilled(1)


@pytest.mark.parametrize("result", [None, 5, ValueError("value"), Thenable])
async def test_27_2_5_3_2_a_reason_passes_whatever_the_function_returns(
    result: Any, rejected: Settled, jobs: Jobs
) -> None:
    promise = rejected(REASON).finally_(result if callable(result) else lambda: result)
    await jobs()
    assert promise.outcome == Rejected(REASON)


async def test_27_2_5_3_the_function_gets_no_arguments_and_runs_once(jobs: Jobs) -> None:
    seen: list[Any] = []
    for promise in (good(), bad()):
        promise.finally_(lambda *args, **kwargs: seen.append((args, kwargs)))
    await jobs()
    assert seen == [((), {})] * 2


async def test_27_2_5_3_the_function_does_not_run_before_the_outcome(jobs: Jobs) -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    seen: list[str] = []
    promise.finally_(lambda: seen.append("ran"))
    await jobs()
    assert seen == []
    resolve(1)
    assert seen == []
    await jobs()
    assert seen == ["ran"]


@pytest.mark.parametrize("start", [good, bad])
async def test_27_2_5_3_what_the_function_raises_replaces_the_outcome(start: Any, jobs: Jobs) -> None:
    promise = start().finally_(fail)
    await jobs()
    assert promise.outcome == Rejected(OTHER)


@pytest.mark.parametrize("start", [good, bad])
async def test_27_2_5_3_a_rejected_promise_from_the_function_replaces_the_outcome(
    start: Any,
    jobs: Jobs,
) -> None:
    promise = start().finally_(lambda: Promise.reject(OTHER))
    await jobs()
    assert promise.outcome == Rejected(OTHER)


@pytest.mark.parametrize("start", [good, bad])
async def test_27_2_5_3_the_outcome_waits_for_the_promise_from_the_function(start: Any, jobs: Jobs) -> None:
    closing, closed, _ = Promise[Any].with_resolvers()
    promise = start().finally_(lambda: closing)
    await jobs()
    assert promise.state == "pending"
    closed("ignored")
    await jobs()
    assert promise.outcome == start().outcome


async def test_27_2_5_3_the_function_runs_for_every_reason(jobs: Jobs) -> None:
    class Bare(BaseException):
        pass

    seen: list[str] = []
    reason = Bare()
    promise = Promise.reject(reason).finally_(lambda: seen.append("closed"))
    await jobs()
    assert (seen, promise.outcome) == (["closed"], Rejected(reason))


@pytest.mark.parametrize("argument", [None, 5, "text", object()])
async def test_27_2_5_3_anything_but_a_function_is_refused(argument: Any) -> None:
    with pytest.raises(TypeError, match=r"Promise\.finally_\(\) expected a function"):
        good().finally_(argument)
