"""Promises/A+ 2.2.1: both arguments of `then` are optional."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Settled

REASON = ValueError("reason")
# Promises/A+ ignores these; promisepy refuses them, as Python functions refuse arguments that make no sense.
NO_FUNCTIONS = [5, 0, False, True, "text", "", [], {}, object()]


async def test_2_2_1_1_on_fulfilled_none_is_ignored(rejected: Settled, jobs: Jobs) -> None:
    seen: list[Any] = []
    rejected(REASON).then(None, seen.append)
    await jobs()
    assert seen == [REASON]


async def test_2_2_1_1_on_fulfilled_none_is_ignored_after_a_chain(rejected: Settled, jobs: Jobs) -> None:
    seen: list[Any] = []
    rejected(REASON).then(str).then(None, seen.append)
    await jobs()
    assert seen == [REASON]


async def test_2_2_1_2_on_rejected_none_is_ignored(fulfilled: Settled, jobs: Jobs) -> None:
    seen: list[Any] = []
    fulfilled(1).then(seen.append, None)
    await jobs()
    assert seen == [1]


async def test_2_2_1_2_on_rejected_none_is_ignored_after_a_chain(fulfilled: Settled, jobs: Jobs) -> None:
    seen: list[Any] = []
    fulfilled(1).then(None, str).then(seen.append, None)
    await jobs()
    assert seen == [1]


async def test_2_2_1_both_arguments_may_be_left_out(
    fulfilled: Settled,
    rejected: Settled,
    jobs: Jobs,
) -> None:
    value, reason = fulfilled(1).then(), rejected(REASON).then()
    await jobs()
    assert (value.outcome, reason.outcome) == (Fulfilled(1), Rejected(REASON))


@pytest.mark.parametrize("argument", NO_FUNCTIONS)
async def test_2_2_1_1_on_fulfilled_that_is_no_function_is_refused(argument: Any, jobs: Jobs) -> None:
    expected = f"Promise.then() expected a function or None, got {argument!r}"
    for promise in (Promise.resolve(1), Promise.reject(REASON)):
        with pytest.raises(TypeError, match=re.escape(expected[:50])):
            promise.then(argument, lambda error: None)
    await jobs()


@pytest.mark.parametrize("argument", NO_FUNCTIONS)
async def test_2_2_1_2_on_rejected_that_is_no_function_is_refused(argument: Any, jobs: Jobs) -> None:
    expected = f"Promise.then() expected a function or None, got {argument!r}"
    for promise in (Promise.resolve(1), Promise.reject(REASON)):
        with pytest.raises(TypeError, match=re.escape(expected[:50])):
            promise.then(lambda value: None, argument)
    await jobs()
