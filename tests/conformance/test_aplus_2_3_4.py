"""Promises/A+ 2.3.4: a promise that is resolved with anything else is fulfilled with it."""

from __future__ import annotations

import asyncio
import types
from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise

if TYPE_CHECKING:
    from .conftest import Jobs, Settled

PLAIN = [
    None,
    False,
    True,
    0,
    1.5,
    2j,
    "",
    "text",
    b"",
    (),
    [],
    {},
    set(),
    frozenset(),
    range(3),
    ValueError("value"),
]
# Each has a `then` or an `__await__`, or seems to.
FALSE_FRIENDS = [
    Promise,
    asyncio.Future,
    types.SimpleNamespace(then=print),
    asyncio,
    (n for n in "generator"),
]


@pytest.mark.parametrize("value", PLAIN)
async def test_2_3_4_a_plain_value_fulfils(
    value: Any,
    fulfilled: Settled,
    rejected: Settled,
    jobs: Jobs,
) -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve(value)
    handled = fulfilled("dummy").then(lambda _: value)
    recovered = rejected(KeyError("dummy")).catch(lambda _: value)
    await jobs()
    for each in (promise, handled, recovered):
        assert isinstance(each.outcome, Fulfilled)
        assert each.outcome.value is value


@pytest.mark.parametrize("value", FALSE_FRIENDS, ids=lambda value: type(value).__name__)
async def test_2_3_4_a_false_friend_is_a_value(value: Any, jobs: Jobs) -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve(value)
    child = Promise.resolve().then(lambda _: value)
    await jobs()
    for each in (promise, child, Promise.resolve(value)):
        assert isinstance(each.outcome, Fulfilled)
        assert each.outcome.value is value
