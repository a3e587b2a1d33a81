"""What lives long gathers nothing from those who leave it: a library's listeners, a stream, a table of replies (S12)."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from promisepy import Emitter, Replies, Resolvers, Stream, once, stream

pytestmark = pytest.mark.slow

ROUNDS = 100_000
WARMING_UP = 1000
listeners: list[Callable[..., Any]] = []


def subscribe(given: Resolvers[int] | Emitter[int]) -> None:
    listeners.append(given.via(lambda event: event))


async def next_event() -> None:
    event = once(subscribe, listeners.remove)
    listeners[-1](1)
    await event


async def cancelled_event() -> None:
    once(subscribe, listeners.remove).cancel()
    await asyncio.sleep(0)


async def whole_stream() -> None:
    async with stream(subscribe, listeners.remove) as events:
        listeners[-1](1)
        await anext(events)


async def given_up(events: Stream[int]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(0):
            await anext(events)


async def answered(replies: Replies[int, int]) -> None:
    promise = replies[1]
    await asyncio.sleep(0)
    replies.resolve(1, 1)
    await promise


async def unanswered(replies: Replies[int, int]) -> None:
    replies[1].cancel()
    await asyncio.sleep(0)


MAKERS: dict[str, Callable[[], Callable[[], Awaitable[None]]]] = {
    "once": lambda: next_event,
    "once, cancelled": lambda: cancelled_event,
    "stream": lambda: whole_stream,
    "anext, given up": lambda: lambda events=stream(print): given_up(events),  # type: ignore[misc]  # mypy guesses no type of a default
    "replies": lambda: lambda table=Replies[int, int](timeout=3600): answered(table),  # type: ignore[misc]  # mypy guesses no type of a default
    "replies, cancelled": lambda: lambda table=Replies[int, int](drop_late=True): unanswered(table),  # type: ignore[misc]  # mypy guesses no type of a default
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_hundred_thousand_turns_leave_nothing(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> int:
        turn = MAKERS[name]()
        for _ in range(WARMING_UP):
            await turn()
        gc.collect()
        before = len(gc.get_objects())
        for _ in range(ROUNDS):
            await turn()
        await asyncio.sleep(0)
        gc.collect()
        return len(gc.get_objects()) - before

    assert asyncio.run(main()) < WARMING_UP / 10
    assert listeners == []
