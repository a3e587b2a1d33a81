"""Promises/A+ 2.2.7: `then` returns a promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promisepy import CallbackError, Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Settled

REASON = ValueError("reason")


class FalsyError(Exception):
    def __bool__(self) -> bool:
        return False


class IncomparableError(Exception):
    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared")

    __hash__ = None


VALUES = [None, False, 0, "", [], {}, 1, "text", REASON, ValueError, len]
REASONS = [
    REASON,
    FalsyError(),
    IncomparableError(),
    CallbackError("failed"),
    ExceptionGroup("two", [REASON]),
]


async def test_2_2_7_then_returns_a_new_promise(fulfilled: Settled, rejected: Settled, jobs: Jobs) -> None:
    for promise in (fulfilled(1), rejected(REASON)):
        child = promise.then()
        assert isinstance(child, Promise)
        assert child is not promise
    await jobs()


@pytest.mark.parametrize("value", VALUES)
async def test_2_2_7_1_what_on_fulfilled_returns_fulfils_the_new_promise(
    value: Any, fulfilled: Settled, jobs: Jobs
) -> None:
    child = fulfilled(1).then(lambda _: value)
    await jobs()
    assert child.outcome == Fulfilled(value)


@pytest.mark.parametrize("value", VALUES)
async def test_2_2_7_1_what_on_rejected_returns_fulfils_the_new_promise(
    value: Any, rejected: Settled, jobs: Jobs
) -> None:
    child = rejected(REASON).then(None, lambda _: value)
    await jobs()
    assert child.outcome == Fulfilled(value)


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: type(reason).__name__)
async def test_2_2_7_2_what_on_fulfilled_raises_rejects_the_new_promise(
    reason: Exception, fulfilled: Settled, jobs: Jobs
) -> None:
    def fail(_: Any) -> None:
        raise reason

    child = fulfilled(1).then(fail)
    await jobs()
    assert child.reason is reason


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: type(reason).__name__)
async def test_2_2_7_2_what_on_rejected_raises_rejects_the_new_promise(
    reason: Exception, rejected: Settled, jobs: Jobs
) -> None:
    def fail(_: Any) -> None:
        raise reason

    child = rejected(KeyError("first")).then(None, fail)
    await jobs()
    assert child.reason is reason


async def test_2_2_7_3_without_on_fulfilled_the_value_passes_on(fulfilled: Settled, jobs: Jobs) -> None:
    value = object()
    child = fulfilled(value).then(None, str).then().catch(str)
    await jobs()
    assert child.outcome == Fulfilled(value)


async def test_2_2_7_4_without_on_rejected_the_reason_passes_on(rejected: Settled, jobs: Jobs) -> None:
    child = rejected(REASON).then(str).then().then(len)
    await jobs()
    assert child.outcome == Rejected(REASON)
