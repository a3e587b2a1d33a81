"""However a stream is left, it unsubscribes once, on its own thread, and takes nothing after (S12)."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from promisepy import Emitter, Promise, Report, stream

from ..fuzz.hostile import Doom, raising
from ..support import on_a_thread
from .library import Eager


def by_break(library: Eager) -> None:
    for event in library.stream():
        library.emit(event + 1)
        if event == 2:
            break


def by_an_exception(library: Eager) -> None:
    try:
        for _ in library.stream():
            raise LookupError
    except LookupError:
        assert len(library.tokens) == 1


def by_return(library: Eager) -> None:
    def first() -> int:
        for event in library.stream():
            return int(event)
        raise AssertionError

    assert first() == 1


def by_close(library: Eager) -> None:
    events = library.stream()
    assert next(events) == 1
    events.close()
    events.close()


def by_the_end_of_with(library: Eager) -> None:
    with library.stream() as events:
        assert next(events) == 1
        assert library.tokens == []


def by_an_exception_in_with(library: Eager) -> None:
    with pytest.raises(LookupError), library.stream():
        raise LookupError


def by_break_in_with(library: Eager) -> None:
    with library.stream() as events:
        for _ in events:
            break


def by_dropping(library: Eager) -> None:
    assert next(library.stream()) == 1


def by_dropping_an_iterator(library: Eager) -> None:
    assert next(iter(library.stream())) == 1


def by_a_collection(library: Eager) -> None:
    cycle: list[Any] = [library.stream()]
    cycle.append(cycle)
    del cycle
    gc.collect()


def by_the_library(library: Eager) -> None:
    events = library.stream()
    library.emitter.close()
    assert list(events) == [1]


def by_a_failure(library: Eager) -> None:
    events = library.stream()
    library.emitter.fail(OSError("lost"))
    assert next(events) == 1
    with pytest.raises(OSError, match="lost"):
        next(events)


def by_the_library_while_nobody_consumes(library: Eager) -> None:
    library.held.append(library.stream())
    library.emitter.close()
    Promise.resolve().wait(timeout=20)  # the job of the stream's home
    assert len(library.tokens) == 1
    assert list(library.held.pop()) == [1]


async def by_break_in_a_task(library: Eager) -> None:
    async for event in library.stream():
        library.emit(event + 1)
        if event == 2:
            break


async def by_an_exception_in_a_task(library: Eager) -> None:
    try:
        async for _ in library.stream():
            raise LookupError
    except LookupError:
        assert len(library.tokens) == 1


async def by_cancelling_the_task(library: Eager) -> None:
    async def consume() -> None:
        async for _ in library.stream():
            pass

    task = asyncio.ensure_future(consume())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert len(library.tokens) == 1


async def by_a_timeout(library: Eager) -> None:
    try:
        async with asyncio.timeout(0):
            async for _ in library.stream():
                pass
    except TimeoutError:
        assert len(library.tokens) == 1


async def by_the_end_of_async_with(library: Eager) -> None:
    async with library.stream() as events:
        assert await anext(events) == 1
        assert library.tokens == []


async def by_cancelling_inside_async_with(library: Eager) -> None:
    async def consume() -> None:
        async with library.stream() as events:
            async for _ in events:
                pass

    task = asyncio.ensure_future(consume())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert len(library.tokens) == 1


async def by_dropping_in_a_task(library: Eager) -> None:
    assert await anext(library.stream()) == 1


async def by_the_library_in_a_task(library: Eager) -> None:
    events = library.stream()
    on_a_thread(library.emitter.close)
    assert [event async for event in events] == [1]


async def by_the_library_on_a_thread_while_nobody_consumes(library: Eager) -> None:
    library.held.append(library.stream())
    on_a_thread(library.emitter.close)
    await Promise.resolve().then()
    assert len(library.tokens) == 1


def check(library: Eager, reports: list[Report]) -> None:
    """Nothing more happens to a stream that has been left."""
    assert library.tokens == [library]
    library.emit(7)
    library.emitter.emit(7)
    library.emitter.fail(ValueError())
    gc.collect()
    Promise.resolve().wait(timeout=20)
    assert library.tokens == [library]
    assert library.threads == [threading.main_thread()]
    assert reports == []


@pytest.mark.parametrize(
    "leave",
    [
        by_break,
        by_an_exception,
        by_return,
        by_close,
        by_the_end_of_with,
        by_an_exception_in_with,
        by_break_in_with,
        by_dropping,
        by_dropping_an_iterator,
        by_a_collection,
        by_the_library,
        by_a_failure,
        by_the_library_while_nobody_consumes,
    ],
)
def test_a_script_that_leaves_a_stream_unsubscribes_once(
    library: Eager, leave: Callable[[Eager], object], reports: list[Report]
) -> None:
    leave(library)
    check(library, reports)


@pytest.mark.parametrize(
    "leave",
    [
        by_break_in_a_task,
        by_an_exception_in_a_task,
        by_cancelling_the_task,
        by_a_timeout,
        by_the_end_of_async_with,
        by_cancelling_inside_async_with,
        by_dropping_in_a_task,
        by_the_library_in_a_task,
        by_the_library_on_a_thread_while_nobody_consumes,
    ],
)
def test_a_task_that_leaves_a_stream_unsubscribes_once(
    library: Eager, leave: Callable[[Eager], Awaitable[object]], reports: list[Report]
) -> None:
    async def main() -> None:
        await leave(library)

    asyncio.run(main())
    check(library, reports)


def test_an_unsubscribe_that_fails_in_any_way_does_not_hide_the_error(unraisable: list[BaseException]) -> None:
    sides: list[Emitter[int]] = []
    events = stream(sides.append, raising(Doom, "unsubscribe"))
    sides[0].fail(ValueError("lost"))
    with pytest.raises(ValueError, match="lost"):
        next(events)
    assert list(map(type, unraisable)) == [Doom]


def test_an_event_that_the_consumer_has_just_not_waited_for_is_forgotten() -> None:
    """INV-LEFT: the consumer leaves after the emitter has looked whether the stream has ended, and before it appends."""

    class Queue(deque[int]):
        def append(self, event: int, /) -> None:
            events.close()  # what another thread does in this instant
            super().append(event)

    sides: list[Emitter[int]] = []
    events = stream(sides.append)
    events._channel.events = Queue()
    sides[0].emit(1)
    assert not events._channel.events
    assert list(events) == []


def test_what_a_handler_raises_during_the_loop_does_not_keep_the_stream(library: Eager) -> None:
    """The traceback of a rejection that the program keeps leads to the frames of the loop's iterator."""
    kept: list[Promise[Any]] = []

    def fail(_: object) -> None:
        raise OSError("kept")

    def run() -> None:
        kept.append(Promise.resolve().then(fail))
        kept[0].then(None, lambda _: library.emit(2))
        for event in library.stream():
            if event == 2:
                break

    gc.disable()
    try:
        run()
        assert library.tokens == [library]
    finally:
        gc.enable()


@pytest.mark.parametrize("way", ["for", "async for"])
def test_the_error_at_the_end_is_raised_as_it_was_given(way: str) -> None:
    def begin(s: Emitter[int]) -> None:
        s.fail(OSError("lost"))

    async def main() -> None:
        await anext(stream(begin))

    with pytest.raises(OSError, match="lost") as raised:
        next(stream(begin)) if way == "for" else asyncio.run(main())
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
