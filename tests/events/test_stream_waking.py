"""A consumer that sleeps is woken at once, whoever emits: a thread, a signal handler, a finaliser (S3)."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from promisepy import Emitter, Promise, Stream, stream

from ..support import PATIENCE, strike
from ..threads.test_wakeups import PLACES, Finaliser, drowsy_loop, in_a_finaliser_in_a_thread, run_on
from .library import Library, when_asleep

Act = Callable[[], object]


def in_a_collection_on_a_thread(act: Act) -> None:
    """Collect until it has happened: `gc.collect` does nothing while this thread collects."""
    struck = threading.Event()
    Finaliser(lambda: (act(), struck.set()))

    def collect() -> None:
        limit = time.monotonic() + PATIENCE
        while not struck.is_set() and time.monotonic() < limit:
            gc.collect()

    threading.Thread(target=collect).start()


OWN_PLACES = [one for one in PLACES if one is not in_a_finaliser_in_a_thread] + [in_a_collection_on_a_thread]


@pytest.fixture(params=OWN_PLACES, ids=lambda place: place.__name__)
def place(request: pytest.FixtureRequest) -> Iterator[Callable[[Act], None]]:
    before = signal.getsignal(signal.SIGALRM) if hasattr(signal, "SIGALRM") else None
    yield request.param
    if before is not None:
        signal.signal(signal.SIGALRM, before)


ACTS: dict[str, Callable[[Emitter[Any], Stream[Any]], Act]] = {
    "emit": lambda emitter, events: lambda: emitter.emit("news"),
    "via": lambda emitter, events: lambda: emitter.via(lambda: "news")(),
    "fail": lambda emitter, events: lambda: emitter.fail(OSError("news")),
    "close": lambda emitter, events: emitter.close,
    "close the stream": lambda emitter, events: events.close,
}


@pytest.mark.parametrize("name", ACTS)
def test_a_task_that_sleeps_is_woken_at_once(place: Callable[[Act], None], name: str) -> None:
    """The loop has no timer, so its selector fails the test unless somebody writes to the loop's self-pipe."""
    acts: list[Act] = []

    def before_sleep() -> None:
        if acts:
            place(acts.pop())

    async def main() -> object:
        library = Library()
        events = library.stream()
        acts.append(ACTS[name](library.emitter, events))
        try:
            return await anext(events, "end")
        except OSError as error:
            return str(error)
        finally:
            events.close()

    assert run_on(lambda: drowsy_loop(before_sleep), main()) == ("end" if "close" in name else "news")


def read(events: Stream[Any]) -> object:
    """Take what comes next: an event, the end, or the text of an error."""
    try:
        with events:
            return next(events, "end")
    except OSError as error:
        return str(error)


@pytest.mark.parametrize("name", ACTS)
def test_a_script_that_sleeps_is_woken_by_a_thread(name: str) -> None:
    library = Library()
    events = library.stream()
    thread = when_asleep(ACTS[name](library.emitter, events))
    assert read(events) == ("end" if "close" in name else "news")
    thread.join(PATIENCE)


class Sleepers(list[Any]):
    """The sleepers of a stream; another thread acts when one has seen that nothing is there, but nobody sees it yet."""

    def __init__(self, act: Act) -> None:
        super().__init__()
        self.acts = [act]

    def append(self, sleeper: Any, /) -> None:
        if self.acts:
            self.acts.pop()()
        super().append(sleeper)


@pytest.mark.parametrize("name", ACTS)
def test_who_is_about_to_sleep_looks_again(name: str) -> None:
    library = Library()
    events = library.stream()
    events._channel._sleepers = Sleepers(ACTS[name](library.emitter, events))
    assert read(events) == ("end" if "close" in name else "news")


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs user signals")
@pytest.mark.parametrize("name", ACTS)
def test_a_script_that_sleeps_is_woken_by_a_signal_handler_on_its_own_thread(name: str) -> None:
    library = Library()
    events = library.stream()
    act = ACTS[name](library.emitter, events)
    before = signal.signal(signal.SIGUSR1, lambda number, frame: act())
    awake = threading.Event()
    thread = when_asleep(lambda: strike(signal.SIGUSR1, awake))
    try:
        assert read(events) == ("end" if "close" in name else "news")
    finally:
        awake.set()
        thread.join(PATIENCE)
        signal.signal(signal.SIGUSR1, before)


def test_a_signal_may_be_the_event_itself() -> None:
    number = getattr(signal, "SIGUSR1", signal.SIGINT)

    def subscribe(emitter: Emitter[int]) -> Any:
        return signal.signal(number, emitter.via(lambda number, frame: number))

    before = signal.getsignal(number)
    with stream(subscribe, lambda previous: signal.signal(number, previous)) as events:
        signal.raise_signal(number)
        signal.raise_signal(number)
        assert [next(events), next(events)] == [number, number]
    assert signal.getsignal(number) is before


def test_handlers_of_the_script_run_while_it_waits_for_an_event() -> None:
    seen: list[str] = []
    library = Library()
    with library.stream() as events:
        Promise.resolve("handled").then(seen.append).then(lambda _: library.emit("news"))
        assert next(events) == "news"
    assert seen == ["handled"]


def test_a_consumer_that_gave_up_misses_no_event() -> None:
    async def main() -> list[int]:
        library = Library()
        async with library.stream() as events:
            task = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0)
            library.emit(1)  # wakes the task, which is cancelled before it can look
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            library.emit(2)
            return [await anext(events), await anext(events)]

    assert asyncio.run(main()) == [1, 2]


def test_the_loop_body_keeps_its_context() -> None:
    variable = contextvars.ContextVar("variable", default="outside")

    async def main() -> list[str]:
        library = Library()
        variable.set("task")
        seen = []
        async with library.stream() as events:
            thread = threading.Thread(target=library.emit, args=(1, 2))
            asyncio.get_running_loop().call_soon(thread.start)
            async for event in events:
                seen.append(variable.get())
                if event == 2:
                    break
        thread.join(PATIENCE)
        return seen

    assert asyncio.run(main()) == ["task", "task"]
