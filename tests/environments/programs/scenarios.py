"""What has to happen while a handler or a task runs a loop of its own, whatever the toolkit: `scenarios.py KIT MODAL SCENARIO`.

A kit is a module with `run(start)`, `stop()`, `later(seconds, call)`, which gives what stops it, and functions that
block while they run the toolkit's loop, such as `dialog(opens)`: they call `opens` with what closes them.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from importlib import import_module
from itertools import count
from typing import Any

kit: Any = import_module(sys.argv[1])  # first: one of them changes asyncio before promisepy is imported

from promisepy import Promise, set_host  # noqa: E402

# Seconds after which a modal loop is left without an answer, so that the program can tell what came after.
PATIENCE = 4.0
modal: Callable[[Callable[[Callable[[], object]], object]], None] = getattr(kit, sys.argv[2])


def tell(what: object) -> None:
    print(what, flush=True)


def from_thread(value: str) -> Promise[str]:
    return Promise[str](lambda resolve, _: threading.Thread(target=resolve, args=[value]).start())


def never() -> Promise[None]:
    kept.append(Promise[None].with_resolvers())
    return kept[-1].promise


kept: list[Any] = []


def open_modal(name: str, opens: Callable[[Callable[[], object]], object]) -> None:
    """Open a modal loop that is left when `opens` has it closed, or when its own timer says that nobody did."""
    is_closed: list[None] = []

    def opened(close: Callable[[], object]) -> None:
        def close_once() -> None:
            if not is_closed:
                is_closed.append(None)
                stop_waiting()
                close()

        def give_up() -> None:
            if not is_closed:
                tell(f"{name} had no answer")
                close_once()

        stop_waiting = kit.later(PATIENCE, give_up)
        opens(close_once)

    tell(f"{name} opens")
    modal(opened)
    tell(f"{name} closed")


def everything(close: Callable[[], object]) -> Promise[None]:
    """Make promises of every kind, one after the other, and close when all have been handled."""
    return (
        Promise.resolve("made inside")
        .then(tell)
        .then(lambda _: from_thread("settled by a thread"))
        .then(tell)
        .then(lambda _: Promise.delay(0.01, "delayed"))
        .then(tell)
        .then(lambda _: never().timeout(0.01))
        .catch(TimeoutError, lambda _: tell("timed out"))
        .then(lambda _: Promise[None](lambda resolve, _: kit.later(0.01, lambda: resolve(None))))
        .then(lambda _: tell("timer of the toolkit"))
        .finally_(close)
    )


def in_a_handler() -> None:
    """A handler opens a modal loop; what was queued behind it runs in there, and it goes on afterwards."""

    inside: list[Promise[None]] = []

    def handler(_: object) -> str:
        open_modal("modal", lambda close: inside.append(everything(close)))
        return "handler went on"

    queued = Promise.resolve()
    went_on = queued.then(handler).then(tell).then(lambda _: from_thread("still alive")).then(tell)
    queued.then(lambda _: tell("queued behind"))
    went_on.then(lambda _: inside[0]).then(lambda _: kit.stop())


def deep() -> None:
    """Handlers open one modal loop in the other; they are left from the inside out."""

    def handler(depth: int) -> int:
        if depth < 4:
            open_modal(
                f"modal {depth}", lambda close: from_thread(str(depth + 1)).then(int).then(handler).finally_(close)
            )
        else:
            tell("bottom")
        return depth

    from_thread("1").then(int).then(handler).then(tell).then(lambda _: kit.stop())


def burst() -> None:
    """More jobs than the host lets run at once are all run in a modal loop, in order."""
    seen: list[int] = []

    def handler(_: object) -> None:
        def opens(close: Callable[[], object]) -> None:
            for number in range(3500):
                Promise.resolve(number).then(seen.append)
            Promise.resolve().then(lambda _: close())

        open_modal("modal", opens)
        tell(f"{len(seen)} in order: {seen == list(range(3500))}")

    Promise.resolve().then(handler).then(lambda _: kit.stop())


def order() -> None:
    """Jobs run in the order in which they were queued, however deep, also when modal loops are closed from the outside in."""
    seen: list[int] = []
    numbers = count()

    def queue(work: Callable[[], object]) -> Promise[None]:
        number = next(numbers)
        return Promise.resolve().then(lambda _: (seen.append(number), work()) and None)

    def modal_at(depth: int) -> None:
        def opens(close: Callable[[], object]) -> None:
            queue(lambda: None)
            queue(partial(modal_at, depth + 1) if depth < 3 else lambda: None)
            queue(lambda: None)
            queue(close)

        open_modal(f"modal {depth}", opens)

    queue(lambda: None)
    closed = queue(partial(modal_at, 1))
    queue(lambda: None)
    closed.then(lambda _: tell(f"in order: {seen == list(range(15))}")).then(lambda _: kit.stop())


def twice() -> None:
    """One modal loop after the other, and jobs that come in between."""

    def handler(name: str) -> str:
        open_modal(name, lambda close: from_thread(f"answer to {name}").then(tell).finally_(close))
        return name

    first = from_thread("first").then(handler)
    second = first.then(lambda _: "second").then(handler)
    second.then(lambda _: tell("both closed")).then(lambda _: kit.stop())


def contexts() -> None:
    """Each handler has the context in which it was given, also in a modal loop."""
    place: ContextVar[str] = ContextVar("place", default="nowhere")

    def handler(_: object) -> None:
        place.set("handler")

        def opens(close: Callable[[], object]) -> None:
            Promise.resolve().then(lambda _: tell(place.get())).finally_(close)

        open_modal("modal", opens)
        tell(place.get())

    place.set("start")
    Promise.resolve().then(handler).then(lambda _: tell(place.get())).then(lambda _: kit.stop())


def raising() -> None:
    """What a handler raises in a modal loop rejects its promise, and nothing else."""

    def handler(_: object) -> None:
        def opens(close: Callable[[], object]) -> None:
            from_thread("lost").then(int).catch(ValueError, lambda _: tell("rejected")).finally_(close)

        open_modal("modal", opens)
        raise LookupError("after the modal")

    Promise.resolve().then(handler).catch(LookupError, lambda error: tell(error)).then(lambda _: kit.stop())


async def awaits(close: Callable[[], object]) -> None:
    """Await promises in every way, and close."""
    tell(await from_thread("awaited in another task"))
    async with asyncio.timeout(PATIENCE):
        tell(await Promise.delay(0.01, "awaited with a timeout"))
    tell(await asyncio.wait_for(from_thread("awaited by wait_for"), PATIENCE))
    close()


def tasks_in_a_handler() -> None:
    """A handler opens a modal loop, in which tasks await promises."""

    def handler(_: object) -> None:
        open_modal("modal", lambda close: kept.append(asyncio.ensure_future(awaits(close))))

    from_thread("starts").then(handler).then(lambda _: kit.stop())


def tasks_in_a_task() -> None:
    """A task that a promise has resumed opens a modal loop, in which other tasks await promises."""

    async def task() -> None:
        await from_thread("resumes")
        open_modal("modal", lambda close: kept.append(asyncio.ensure_future(awaits(close))))
        tell(await from_thread("task went on"))
        kit.stop()

    kept.append(asyncio.ensure_future(task()))


def in_a_task() -> None:
    """A task that a promise has resumed opens a modal loop; handlers run in there."""

    async def task() -> None:
        await from_thread("resumes")
        open_modal("modal", everything)
        tell(await from_thread("task went on"))
        kit.stop()

    kept.append(asyncio.ensure_future(task()))


if __name__ == "__main__":
    host = kit.host()
    if host is not None:
        set_host(host)
    kit.run(globals()[sys.argv[3]])
    if host is not None:
        set_host(None)
