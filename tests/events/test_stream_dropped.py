"""Streams that are dropped or closed: where they unsubscribe, and what a second consumer sees of it."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import pytest

from promisepy import Promise, Stream, stream

from ..support import on_a_thread
from .library import Eager


class TestADroppedStream:
    def test_is_freed_by_reference_counts_alone(self, library: Eager) -> None:
        gc.disable()
        try:
            references = [weakref.ref(library.stream())]
            for events in (library.stream(), library.stream()):
                references.append(weakref.ref(events))
                next(iter(events))
            del events
            assert [reference() for reference in references] == [None] * 3
        finally:
            gc.enable()

    def test_unsubscribes_on_its_home_although_another_thread_drops_it(self, library: Eager) -> None:
        async def main() -> None:
            box = [library.stream()]
            on_a_thread(box.clear)
            assert library.tokens == []
            await Promise.resolve().then()
            assert len(library.tokens) == 1

        asyncio.run(main())
        assert library.threads == [threading.main_thread()]

    def test_of_a_script_unsubscribes_in_the_next_wait_if_another_thread_drops_it(self, library: Eager) -> None:
        box = [library.stream()]
        on_a_thread(box.clear)
        assert library.tokens == []
        Promise.resolve().wait(timeout=20)
        assert library.threads == [threading.main_thread()]

    def test_unsubscribes_although_its_thread_has_ended(self, library: Eager) -> None:
        box: list[Stream[int]] = []
        on_a_thread(lambda: box.append(library.stream()))
        box.clear()
        gc.collect()
        assert library.tokens == [library]

    def test_shows_what_unsubscribe_raises(self, shown: list[str]) -> None:
        events = stream(lambda s: None, lambda token: 1 / 0)
        del events
        assert shown == ["ZeroDivisionError('division by zero')"]


def test_close_raises_what_unsubscribe_raises_and_unsubscribes_once() -> None:
    calls: list[object] = []

    def unsubscribe(token: object) -> None:
        calls.append(token)
        raise KeyError("unknown")

    events = stream(lambda s: "token", unsubscribe)
    with pytest.raises(KeyError, match="unknown"):
        events.close()
    events.close()
    assert list(events) == []
    assert calls == ["token"]


class TestASecondLoop:
    def test_over_a_stream_that_was_left_ends_at_once(self, library: Eager) -> None:
        events = library.stream()
        for _ in events:
            break
        library.emit(2)
        assert list(events) == []

    def test_over_a_stream_that_was_left_in_a_task_ends_at_once(self, library: Eager) -> None:
        async def main() -> list[int]:
            events = library.stream()
            async for _ in events:
                break
            return [event async for event in events]

        assert asyncio.run(main()) == []

    def test_inside_the_first_ends_both(self, library: Eager) -> None:
        events, seen = library.stream(), list[tuple[str, int]]()
        library.emit(2, 3, 4)
        for event in events:
            seen.append(("outer", event))
            for other in events:
                seen.append(("inner", other))
                break
        assert seen == [("outer", 1), ("inner", 2)]
        assert len(library.tokens) == 1


class TestTwoConsumers:
    def test_share_the_events_and_both_meet_the_end(self, library: Eager) -> None:
        async def main() -> None:
            events, seen = library.stream(), [list[int](), list[int]()]

            async def consume(mine: list[int]) -> None:
                async for event in events:
                    mine.append(event)
                    await asyncio.sleep(0)

            tasks = [asyncio.ensure_future(consume(mine)) for mine in seen]
            for number in range(2, 20):
                library.emit(number)
                await asyncio.sleep(0)
            library.emitter.close()
            await asyncio.gather(*tasks)
            assert sorted(seen[0] + seen[1]) == list(range(1, 20))
            assert all(mine and mine == sorted(mine) for mine in seen)

        asyncio.run(main())

    def test_are_both_sent_away_when_one_of_them_leaves_its_loop(self, library: Eager) -> None:
        async def main() -> None:
            events = library.stream()

            async def consume(count: int) -> int:
                left = count
                async for _ in events:
                    left -= 1
                    if not left:
                        break
                return count - left

            assert await asyncio.wait_for(asyncio.gather(consume(1), consume(5)), 20) == [1, 0]
            assert len(library.tokens) == 1

        asyncio.run(main())

    def test_meet_a_failure_once_between_them(self, library: Eager) -> None:
        async def main() -> None:
            events = library.stream()
            tasks = [asyncio.ensure_future(anext(events, "end")) for _ in range(3)]
            await asyncio.sleep(0)
            library.emitter.fail(OSError("lost"))
            found = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 20)
            assert sorted(map(str, found)) == ["1", "end", "lost"]

        asyncio.run(main())
