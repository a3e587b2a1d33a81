"""ECMA-262 27.2.4.8: `Promise.try`, here `try_`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Ticks

REASON = ValueError("reason")


def fail() -> Any:
    raise REASON


async def test_27_2_4_8_the_function_is_called_at_once_with_the_other_arguments() -> None:
    seen: list[Any] = []
    Promise.try_(lambda *args, **kwargs: seen.append((args, kwargs)), 1, 2, key=3)
    assert seen == [((1, 2), {"key": 3})]


async def test_27_2_4_8_what_it_returns_fulfils() -> None:
    assert Promise.try_(int, "12").outcome == Fulfilled(12)


async def test_27_2_4_8_what_it_raises_rejects() -> None:
    assert Promise.try_(fail).outcome == Rejected(REASON)


async def test_27_2_4_8_a_promise_that_it_returns_is_followed(jobs: Jobs) -> None:
    inner = Promise.resolve(1)
    promise = Promise.try_(lambda: inner)
    assert promise is not inner
    await jobs()
    assert promise.outcome == Fulfilled(1)


async def test_27_2_4_8_arguments_that_do_not_fit_reject() -> None:
    assert isinstance(Promise.try_(fail, "one too many").reason, TypeError)


@pytest.mark.parametrize("function", [None, 5, "text"])
async def test_27_2_4_8_anything_but_a_function_is_refused(function: Any) -> None:
    with pytest.raises(TypeError, match=r"Promise\.try_\(\) expected a function"):
        Promise.try_(function)


async def test_27_2_4_8_the_number_of_jobs(ticks: Ticks) -> None:
    assert await ticks(lambda: Promise.try_(int)) == 0
    assert await ticks(lambda: Promise.try_(fail)) == 0
    assert await ticks(lambda: Promise.try_(Promise.resolve, 1)) == 2
