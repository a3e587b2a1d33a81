"""``concurrent.futures.Future``, settled by hand: a lock and a condition each, callbacks on the settling thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future as ConcurrentFuture
from functools import partial
from typing import ClassVar

from benchmarks.contract import LINKS_REJECTED, Answerer, AnswerError, Held, Inbox, Library, add_one, arrivals, legacy
from benchmarks.remarks import SYNC

Future = ConcurrentFuture[int]

_WRAPPED = "awaited through `asyncio.wrap_future`, which is its way into a loop"
_HANDS_OVER = "handlers run on the settling thread and hand over with `call_soon_threadsafe`"


def then(source: Future, handler: Callable[[int], int]) -> Future:
    """Give the future of ``handler(result)``; failures pass on."""
    child = Future()

    def run(done: Future) -> None:
        if (error := done.exception()) is not None:
            child.set_exception(error)
            return
        try:
            value = handler(done.result())
        except Exception as failure:  # noqa: BLE001 - whatever the handler raises fails the child
            child.set_exception(failure)
        else:
            # Not inside the try: it runs the child's handlers, and their errors are not this handler's.
            child.set_result(value)

    source.add_done_callback(run)
    return child


def then_flat(source: Future, handler: Callable[[int], Future]) -> Future:
    """Give a future that follows the one ``handler(result)`` returns."""
    child = Future()

    def copy(done: Future) -> None:
        if (error := done.exception()) is not None:
            child.set_exception(error)
        else:
            child.set_result(done.result())

    def run(done: Future) -> None:
        if (error := done.exception()) is not None:
            child.set_exception(error)
            return
        try:
            followed = handler(done.result())
        except Exception as failure:  # noqa: BLE001 - whatever the handler raises fails the child
            child.set_exception(failure)
        else:
            followed.add_done_callback(copy)

    source.add_done_callback(run)
    return child


class ConcurrentFutures(Library):
    name = "concurrent.futures"
    module = "concurrent.futures"
    differs: ClassVar = {
        "settle": SYNC,
        "chain": SYNC,
        "fan_out": SYNC,
        "await_each": _WRAPPED,
        "await_many": _WRAPPED,
        "await_settled": _WRAPPED,
        "await_again": _WRAPPED,
        "all_of": _WRAPPED,
        "from_thread": _HANDS_OVER,
        "await_from_thread": _WRAPPED,
        "promisified": _WRAPPED,
        "promisified_thread": _WRAPPED,
        "adopt": SYNC,
        "reject_through": SYNC,
    }

    def __init__(self) -> None:
        self._log = logging.getLogger("concurrent.futures")

    def open(self) -> None:
        # A chain that is too deep is logged here once a link, with its traceback. The lost value is noticed anyway.
        self._log.disabled = True

    def close(self) -> None:
        self._log.disabled = False

    async def settle(self, count: int) -> int:
        seen: list[int] = []

        def arrived(done: Future) -> None:
            seen.append(done.result())

        futures = []
        for _ in range(count):
            future = Future()
            future.add_done_callback(arrived)
            futures.append(future)
        for value, future in enumerate(futures):
            future.set_result(value)
        return await arrivals(seen, count)

    async def chain(self, count: int) -> int:
        return _value_of(_links(count)[-1])

    async def fan_out(self, count: int) -> int:
        future = Future()
        seen: list[int] = []

        def arrived(done: Future) -> None:
            seen.append(done.result())

        for _ in range(count):
            future.add_done_callback(arrived)
        future.set_result(1)
        return await arrivals(seen, count)

    async def await_each(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        total = 0
        for value in range(count):
            future = Future()
            loop.call_soon(future.set_result, value)
            total += await asyncio.wrap_future(future)
        return total

    async def await_many(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        seen: list[int] = []

        async def wait(future: Future) -> None:
            seen.append(await asyncio.wrap_future(future))

        futures = [Future() for _ in range(count)]
        tasks = [loop.create_task(wait(future)) for future in futures]
        await asyncio.sleep(0)
        for value, future in enumerate(futures):
            future.set_result(value)
        return await arrivals(seen, len(tasks))

    async def await_settled(self, count: int) -> int:
        total = 0
        for value in range(count):
            future = Future()
            future.set_result(value)
            total += await asyncio.wrap_future(future)
        return total

    async def await_again(self, count: int) -> int:
        future = Future()
        future.set_result(1)
        total = 0
        for _ in range(count):
            total += await asyncio.wrap_future(future)
        return total

    async def all_of(self, count: int) -> int:
        futures = [Future() for _ in range(count)]
        gathered = asyncio.gather(*map(asyncio.wrap_future, futures))
        for value, future in enumerate(futures):
            future.set_result(value)
        return sum(await gathered)

    async def from_thread(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        inbox = Inbox(count)

        def arrived(done: Future) -> None:
            loop.call_soon_threadsafe(inbox.put, done.result())

        futures = []
        for _ in range(count):
            future = Future()
            future.add_done_callback(arrived)
            futures.append(future)

        def produce() -> None:
            for value, future in enumerate(futures):
                future.set_result(value)

        return await inbox.filled_by(produce)

    async def await_from_thread(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        inbox = Inbox(count)

        async def wait(future: Future) -> None:
            inbox.put(await asyncio.wrap_future(future))

        futures = [Future() for _ in range(count)]
        tasks = [loop.create_task(wait(future)) for future in futures]
        await asyncio.sleep(0)

        def produce() -> None:
            for value, future in enumerate(futures):
                future.set_result(value)

        total = await inbox.filled_by(produce)
        await asyncio.wait(tasks)
        return total

    async def promisified(self, count: int) -> int:
        ask = partial(legacy, asyncio.get_running_loop())
        total = 0
        for value in range(count):
            total += await asyncio.wrap_future(_call(ask, value))
        return total

    async def promisified_thread(self, count: int) -> int:
        total = 0
        with Answerer() as answerer:
            for value in range(count):
                total += await asyncio.wrap_future(_call(answerer.ask, value))
        return total

    async def adopt(self, count: int) -> int:
        seen: list[int] = []

        def inner(value: int) -> Future:
            future = Future()
            future.set_result(value + 1)
            return future

        def arrived(done: Future) -> None:
            seen.append(done.result())

        futures = [Future() for _ in range(count)]
        for future in futures:
            then_flat(future, inner).add_done_callback(arrived)
        for value, future in enumerate(futures):
            future.set_result(value)
        return await arrivals(seen, count)

    async def reject_through(self, count: int) -> int:
        seen: list[int] = []

        def failed(done: Future) -> None:
            if isinstance(done.exception(), ValueError):
                seen.append(1)

        futures = [Future() for _ in range(count)]
        for future in futures:
            end = future
            for _ in range(LINKS_REJECTED):
                end = then(end, add_one)
            end.add_done_callback(failed)
        for future in futures:
            future.set_exception(ValueError())
        return await arrivals(seen, count)

    async def free(self, count: int) -> list[Future]:
        links = _links(count)
        _value_of(links[-1])
        return links

    def hold_pending(self, count: int) -> Held:
        return Held([Future() for _ in range(count)])

    def hold_chain(self, count: int) -> Held:
        root = Future()
        end = root
        for _ in range(count):
            end = then(end, add_one)
        return Held((root, end))


def _links(count: int) -> list[Future]:
    """Settle a chain and give its links."""
    root = Future()
    links = []
    end = root
    for _ in range(count):
        end = then(end, add_one)
        links.append(end)
    root.set_result(0)
    return links


def _value_of(end: Future) -> int:
    if not end.done():
        raise AnswerError("the end of the chain was not reached")
    return end.result()


def _call(ask: Callable[[int, Callable[[int], object]], object], value: int) -> Future:
    """Call a callback function; a second callback is ignored."""
    future = Future()

    def answer(result: int) -> None:
        if not future.done():
            future.set_result(result)

    ask(value, answer)
    return future
