"""What a library has to do in each scenario, and the few steps all adapters share.

One method is one burst of one scenario, written in the library's own idiom. Thin primitives (``create``,
``settle``) behind one generic scenario would be shorter, but their call cost would be added to every column
and pull each ratio towards one.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
import threading
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any, ClassVar, NamedTuple, Protocol, Self

LINKS_REJECTED = 10
"""How many handler-less links a rejection passes in ``reject_through``."""

_MAX_TURNS = 10_000
_THREAD_SECONDS = 60.0


class AnswerError(AssertionError):
    """The library finished without an error, yet not with the right answer."""


class Held(NamedTuple):
    """Objects whose memory is counted, and how to let them go without a complaint."""

    objects: object
    release: Callable[[], object] = bool


class Library(Protocol):
    """One library under test. Each coroutine but ``free`` does one burst and returns the sum of what arrived."""

    name: ClassVar[str]
    distribution: ClassVar[str | None] = None
    module: ClassVar[str | None] = None
    differs: ClassVar[Mapping[str, str]] = {}
    """Scenario to the reason why the work is less, or other, than what the baseline does."""
    cannot: ClassVar[Mapping[str, str]] = {}
    """Scenario to the reason why the library cannot do it at all."""

    def new_loop(self) -> asyncio.AbstractEventLoop:
        """Make the event loop that every burst of this library runs on; no other library shares it."""
        return asyncio.new_event_loop()

    def open(self) -> None:
        """Prepare global state; called inside the running loop."""

    def close(self) -> None:
        """Undo ``open``."""

    async def settle(self, count: int) -> int:
        """Create ``count`` pending promises with one handler each, then settle them."""
        raise NotImplementedError

    async def chain(self, count: int) -> int:
        """Build one chain of ``count`` links, settle its root, read its end."""
        raise NotImplementedError

    async def fan_out(self, count: int) -> int:
        """Register ``count`` handlers on one pending promise, then settle it."""
        raise NotImplementedError

    async def await_each(self, count: int) -> int:
        """Await ``count`` pending promises in turn, each settled by the loop."""
        raise NotImplementedError

    async def await_many(self, count: int) -> int:
        """Park ``count`` tasks on one pending promise each, then settle all."""
        raise NotImplementedError

    async def await_settled(self, count: int) -> int:
        """Make ``count`` settled promises, await each at once."""
        raise NotImplementedError

    async def await_again(self, count: int) -> int:
        """Await one settled promise ``count`` times."""
        raise NotImplementedError

    async def all_of(self, count: int) -> int:
        """Combine ``count`` pending promises into one, settle them, read the list."""
        raise NotImplementedError

    async def from_thread(self, count: int) -> int:
        """Create ``count`` promises with a handler each; another thread settles them."""
        raise NotImplementedError

    async def await_from_thread(self, count: int) -> int:
        """Park ``count`` tasks on one pending promise each; another thread settles them."""
        raise NotImplementedError

    async def promisified(self, count: int) -> int:
        """Await ``count`` calls of a callback function that answers through the loop."""
        raise NotImplementedError

    async def promisified_thread(self, count: int) -> int:
        """Await ``count`` calls of a callback function that answers from a thread of its own."""
        raise NotImplementedError

    async def adopt(self, count: int) -> int:
        """Run ``count`` handlers that return a settled promise, each with a handler after it."""
        raise NotImplementedError

    async def reject_through(self, count: int) -> int:
        """Send ``count`` rejections through ``LINKS_REJECTED`` links to a rejection handler."""
        raise NotImplementedError

    async def free(self, count: int) -> list[Any]:
        """Return the ``count`` links of a settled chain; letting go of them is what is timed."""
        raise NotImplementedError

    def hold_pending(self, count: int) -> Held:
        """Return ``count`` pending promises, with whatever is needed to settle them."""
        raise NotImplementedError

    def hold_chain(self, count: int) -> Held:
        """Return a pending chain of ``count`` links: its root, what settles it, and its end."""
        raise NotImplementedError


def add_one(value: int) -> int:
    """Serve as the handler of every link."""
    return value + 1


def legacy(loop: asyncio.AbstractEventLoop, value: int, callback: Callable[[int], object]) -> None:
    """Stand for a callback API: answer later, through the loop."""
    loop.call_soon(callback, value + 1)


class Answerer:
    """A library with a thread of its own, on which it calls back."""

    def __init__(self) -> None:
        self._questions: SimpleQueue[tuple[int, Callable[[int], object]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._answer)

    def ask(self, value: int, callback: Callable[[int], object]) -> None:
        """Stand for a callback API."""
        self._questions.put((value, callback))

    def _answer(self) -> None:
        while (question := self._questions.get()) is not None:
            value, callback = question
            callback(value + 1)

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop it."""
        self._questions.put(None)
        self._thread.join()


async def arrivals(seen: list[int], count: int) -> int:
    """Turn the loop until ``count`` values have arrived; return their sum."""
    for _ in range(_MAX_TURNS):
        if len(seen) >= count:
            return sum(seen)
        await asyncio.sleep(0)
    raise AnswerError(f"{len(seen)} of {count} handlers ran")


class Inbox:
    """Collects values on the loop's thread and wakes one waiter when all are there."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._seen: list[int] = []
        self._full = asyncio.get_running_loop().create_future()

    def put(self, value: int) -> None:
        self._seen.append(value)
        if len(self._seen) == self._count:
            self._full.set_result(None)

    async def filled_by(self, producer: Callable[[], object]) -> int:
        """Run ``producer`` in a thread of its own and wait until the inbox is full."""
        thread = threading.Thread(target=producer)
        thread.start()
        try:
            async with asyncio.timeout(_THREAD_SECONDS):
                await self._full
        finally:
            thread.join()
        return sum(self._seen)


def load(library: type[Library]) -> Library | str:
    """Return the adapter, or why it is not there."""
    try:
        return library()
    except ModuleNotFoundError as error:
        if library.module is None or error.name != library.module.partition(".")[0]:
            raise
        return "not installed"


def peer(name: str) -> Any:
    """Import an optional peer; its types do not matter here, and most have none."""
    return importlib.import_module(name)


def version_of(library: type[Library]) -> str:
    """Name the version that was measured."""
    if library.distribution is None:
        return "standard library"
    try:
        return importlib.metadata.version(library.distribution)
    except importlib.metadata.PackageNotFoundError:
        return "source tree"
