"""ECMA-262 27.2.4.6: `Promise.reject`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Ticks

REASON = ValueError("reason")


async def test_27_2_4_6_the_promise_is_rejected_at_once() -> None:
    assert Promise.reject(REASON).outcome == Rejected(REASON)


async def test_27_2_4_6_each_call_makes_a_new_promise() -> None:
    assert Promise.reject(REASON) is not Promise.reject(REASON)


async def test_27_2_4_6_an_exception_class_is_instantiated() -> None:
    assert isinstance(Promise.reject(KeyError).reason, KeyError)


async def test_27_2_4_6_a_reason_is_never_followed(jobs: Jobs) -> None:
    class ThenableError(Exception):
        def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
            on_fulfilled("followed")

    reason = ThenableError()
    promise = Promise.reject(reason)
    await jobs()
    assert promise.outcome == Rejected(reason)


@pytest.mark.parametrize("reason", [None, 5, "text", object(), int, Promise.resolve(1)])
async def test_27_2_4_6_a_reason_that_is_no_exception_is_refused(reason: Any) -> None:
    with pytest.raises(
        TypeError,
        match=r"Promise\.reject\(\) expected an exception, got .+: write Promise\.reject",
    ):
        Promise.reject(reason)


async def test_27_2_4_6_the_number_of_jobs(ticks: Ticks) -> None:
    assert await ticks(lambda: Promise.reject(REASON)) == 0
