"""watchdog: many events, on a thread of the observer that ends when a handler raises."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promisepy import Promise, Report, Stream, StreamOverflow, once, stream

from ..servers import library

events = library("watchdog.events")
observers = library("watchdog.observers")


class Handler(events.FileSystemEventHandler):
    """Hands on what is created; tells when something is deleted, which comes after all that was created before."""

    def __init__(self, on_created: Callable[..., Any]) -> None:
        self.on_created = on_created
        self.seen_deletion = threading.Event()

    def on_deleted(self, event: Any) -> None:
        self.seen_deletion.set()


class Folder:
    """A folder that is watched."""

    def __init__(self, path: Path, observer: Any) -> None:
        self.path = path
        self.observer = observer
        self.handlers: list[Handler] = []

    def subscribe(self, on_created: Callable[..., Any]) -> Any:
        """Watch from now on."""
        self.handlers.append(Handler(on_created))
        return self.observer.schedule(self.handlers[-1], str(self.path))

    def stream(self, **options: Any) -> Stream[Any]:
        """Give the line that the documentation shows."""
        return stream(lambda s: self.subscribe(s.emit), self.observer.unschedule, **options)

    def names(self, **options: Any) -> Stream[str]:
        """Give the names of what is created."""
        return stream(lambda s: self.subscribe(s.via(name_of)), self.observer.unschedule, **options)

    def create(self, *names: object) -> None:
        for name in names:
            (self.path / str(name)).touch()

    def create_and_see(self, *names: object) -> None:
        """Create files, and wait until the observer has called for all of them."""
        self.create(*names)
        (self.path / str(names[-1])).unlink()
        assert self.handlers[-1].seen_deletion.wait(20)

    def is_watched(self) -> bool:
        return bool(self.observer.emitters)


def name_of(event: Any) -> str:
    return Path(event.src_path).name


@pytest.fixture
def observer() -> Iterator[Any]:
    with observers.Observer() as observer:
        yield observer


@pytest.fixture
def folder(tmp_path: Path, observer: Any) -> Folder:
    return Folder(tmp_path, observer)


async def take(items: Stream[Any], count: int) -> list[Any]:
    """Give the next items, and stay subscribed."""
    async with asyncio.timeout(20):
        return [await anext(items) for _ in range(count)]


class TestOnce:
    def test_the_first_event_fulfils_and_unsubscribes(self, folder: Folder, reports: list[Report]) -> None:
        created = once(lambda d: folder.subscribe(d.resolve), folder.observer.unschedule)
        assert folder.is_watched()
        folder.create("one", "two")
        assert name_of(created.wait(timeout=20)) == "one"
        assert not folder.is_watched()
        gc.collect()
        assert reports == []

    def test_it_is_awaited_in_a_task(self, folder: Folder) -> None:
        async def main() -> str:
            created = once(lambda d: folder.subscribe(d.resolve), folder.observer.unschedule)
            folder.create("one", "two")
            async with asyncio.timeout(20):
                return await created.then(name_of)

        assert asyncio.run(main()) == "one"
        assert not folder.is_watched()

    def test_the_observer_calls_and_handlers_run_at_home(self, folder: Folder) -> None:
        created = once(
            lambda d: folder.subscribe(d.via(lambda _: threading.current_thread())), folder.observer.unschedule
        )
        handled = created.then(lambda caller: (caller, threading.current_thread()))
        folder.create("one")
        assert handled.wait(timeout=20) == (folder.observer, threading.current_thread())

    def test_a_folder_that_does_not_exist_rejects(self, observer: Any, tmp_path: Path) -> None:
        missing = Folder(tmp_path / "missing", observer)
        with pytest.raises(FileNotFoundError):
            once(lambda d: missing.subscribe(d.resolve), observer.unschedule).wait(timeout=20)

    def test_a_wait_that_is_over_time_leaves_the_event_to_the_next(self, folder: Folder) -> None:
        created = once(lambda d: folder.subscribe(d.via(name_of)), folder.observer.unschedule)
        with pytest.raises(TimeoutError):
            created.wait(timeout=0.05)
        folder.create("late")
        assert created.wait(timeout=20) == "late"


class TestStream:
    def test_events_keep_their_order_in_a_script(self, folder: Folder, reports: list[Report]) -> None:
        seen: list[str] = []
        created = folder.stream()
        folder.create(*range(50))
        for event in created:
            seen.append(name_of(event))
            if len(seen) == 50:
                break
        assert seen == [str(number) for number in range(50)]
        gc.collect()
        assert reports == []

    def test_events_keep_their_order_in_a_task(self, folder: Folder, reports: list[Report]) -> None:
        async def main() -> None:
            async with folder.names() as names:
                folder.create(*range(50))
                assert await take(names, 50) == [str(number) for number in range(50)]

        asyncio.run(main())
        gc.collect()
        assert reports == []

    def test_all_come_from_the_observer_s_thread(self, folder: Folder) -> None:
        threads = stream(
            lambda s: folder.subscribe(s.via(lambda _: threading.current_thread())), folder.observer.unschedule
        )
        with threads:
            folder.create("one", "two")
            assert [next(threads), next(threads)] == [folder.observer] * 2

    def test_a_folder_that_does_not_exist_raises(self, observer: Any, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            Folder(tmp_path / "missing", observer).stream()

    def test_an_asyncio_timeout_leaves_the_event_to_the_next(self, folder: Folder) -> None:
        async def main() -> list[str]:
            async with folder.names() as names:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await anext(names)
                folder.create("late")
                return await take(names, 1)

        assert asyncio.run(main()) == ["late"]

    def test_a_function_that_raises_ends_its_stream_and_not_the_observer(self, folder: Folder) -> None:
        def number_of(event: Any) -> int:
            return int(name_of(event))

        numbers = stream(lambda s: folder.subscribe(s.via(number_of)), folder.observer.unschedule)
        folder.create_and_see(1, 2, "three", 4)
        assert [next(numbers), next(numbers)] == [1, 2]
        with pytest.raises(ValueError, match="three"):
            next(numbers)
        assert not folder.is_watched()
        assert folder.observer.is_alive()


class TestLeaving:
    def test_break_unsubscribes(self, folder: Folder) -> None:
        names = folder.names()
        folder.create("one")
        for _ in names:
            break
        assert not folder.is_watched()

    def test_break_in_a_task_unsubscribes(self, folder: Folder) -> None:
        async def main() -> None:
            names = folder.names()
            folder.create("one")
            async for _ in names:
                break
            assert not folder.is_watched()

        asyncio.run(main())

    def test_cancelling_the_task_unsubscribes(self, folder: Folder) -> None:
        async def main() -> None:
            first = asyncio.Event()

            async def consume() -> None:
                async for _ in folder.names():
                    first.set()

            task = asyncio.create_task(consume())
            await asyncio.sleep(0)  # it subscribes
            folder.create("one")
            async with asyncio.timeout(20):
                await first.wait()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert not folder.is_watched()

        asyncio.run(main())

    def test_dropping_the_stream_unsubscribes(self, folder: Folder) -> None:
        names = folder.names()
        assert folder.is_watched()
        del names
        gc.collect()
        assert not folder.is_watched()

    def test_of_two_streams_on_a_folder_one_may_leave(self, folder: Folder) -> None:
        def names() -> Stream[str]:
            def start(s: Any) -> tuple[Any, Any]:
                watch = folder.subscribe(s.via(name_of))
                return folder.handlers[-1], watch

            return stream(start, lambda token: folder.observer.remove_handler_for_watch(*token))

        first, second = names(), names()
        with second:
            first.close()  # unschedule() would have ended both
            folder.create("one")
            assert next(second) == "one"


class TestOverflow:
    def test_error_ends_the_stream_after_the_events_that_wait(self, folder: Folder, reports: list[Report]) -> None:
        names = folder.names(maxsize=4, on_full="error")
        folder.create_and_see(*range(20))
        assert [next(names) for _ in range(4)] == ["0", "1", "2", "3"]
        with pytest.raises(StreamOverflow):
            next(names)
        assert not folder.is_watched()
        assert folder.observer.is_alive()
        del names
        gc.collect()
        assert reports == []

    def test_error_is_met_in_a_task(self, folder: Folder) -> None:
        async def main() -> list[str]:
            seen: list[str] = []
            names = folder.names(maxsize=4, on_full="error")
            folder.create_and_see(*range(20))
            with pytest.raises(StreamOverflow):
                async for name in names:
                    seen.append(name)
            return seen

        assert asyncio.run(main()) == ["0", "1", "2", "3"]

    def test_drop_oldest_keeps_the_last_events(self, folder: Folder) -> None:
        with folder.names(maxsize=4, on_full="drop_oldest") as names:
            folder.create_and_see(*range(20))
            assert [next(names) for _ in range(4)] == ["16", "17", "18", "19"]
            assert names.dropped == 16

    def test_drop_newest_keeps_the_first_events(self, folder: Folder) -> None:
        with folder.names(maxsize=4, on_full="drop_newest") as names:
            folder.create_and_see(*range(20))
            assert [next(names) for _ in range(4)] == ["0", "1", "2", "3"]
            assert names.dropped == 16
            folder.create("later")
            assert next(names) == "later"

    def test_overflow_in_an_unwatched_stream_is_reported(self, folder: Folder, reports: list[Report]) -> None:
        names = folder.names(maxsize=1)
        folder.create_and_see("one", "two")
        del names
        Promise.resolve().wait()
        gc.collect()
        assert [(report.kind, type(report.reason)) for report in reports] == [("unhandled", StreamOverflow)]
