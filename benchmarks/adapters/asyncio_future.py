"""The baseline: C ``asyncio.Future`` and the glue an experienced engineer writes around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from benchmarks.contract import LINKS_REJECTED, Answerer, Held, Inbox, Library, add_one, arrivals, legacy

Future = asyncio.Future[int]


def then(source: Future, handler: Callable[[int], int]) -> Future:
    """Give the future of ``handler(result)``; failures and cancellation pass on."""
    child: Future = source.get_loop().create_future()

    def run(done: Future) -> None:
        if child.cancelled():
            return
        if done.cancelled():
            child.cancel()
        elif (error := done.exception()) is not None:
            child.set_exception(error)
        else:
            try:
                child.set_result(handler(done.result()))
            except Exception as failure:  # noqa: BLE001 - whatever the handler raises fails the child
                child.set_exception(failure)

    source.add_done_callback(run)
    return child


def copy_to(target: Future, done: Future) -> None:
    """Settle ``target`` as ``done`` was settled."""
    if target.cancelled():
        return
    if done.cancelled():
        target.cancel()
    elif (error := done.exception()) is not None:
        target.set_exception(error)
    else:
        target.set_result(done.result())


def then_flat(source: Future, handler: Callable[[int], Future]) -> Future:
    """Give a future that follows the one ``handler(result)`` returns."""
    child: Future = source.get_loop().create_future()

    def run(done: Future) -> None:
        if child.cancelled():
            return
        if done.cancelled():
            child.cancel()
        elif (error := done.exception()) is not None:
            child.set_exception(error)
        else:
            try:
                handler(done.result()).add_done_callback(partial(copy_to, child))
            except Exception as failure:  # noqa: BLE001 - whatever the handler raises fails the child
                child.set_exception(failure)

    source.add_done_callback(run)
    return child


def promisify(loop: asyncio.AbstractEventLoop) -> Callable[[int], Future]:
    """Wrap ``legacy`` so that it returns a future; a second callback is ignored."""

    def call(value: int) -> Future:
        future: Future = loop.create_future()

        def answer(result: int) -> None:
            if not future.done():
                future.set_result(result)

        legacy(loop, value, answer)
        return future

    return call


def promisify_thread(loop: asyncio.AbstractEventLoop, ask: Callable[..., object]) -> Callable[[int], Future]:
    """Wrap a function that calls back on another thread; a second callback is ignored, as is one after the loop."""

    def call(value: int) -> Future:
        future: Future = loop.create_future()

        def settle(result: int) -> None:
            if not future.done():
                future.set_result(result)

        def answer(result: int) -> None:
            with suppress(RuntimeError):  # the loop has been closed; the library's thread must live on
                loop.call_soon_threadsafe(settle, result)

        ask(value, answer)
        return future

    return call


class AsyncioFuture(Library):
    name = "asyncio.Future + glue"

    async def settle(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        seen: list[int] = []

        def arrived(done: Future) -> None:
            seen.append(done.result())

        futures: list[Future] = []
        for _ in range(count):
            future: Future = loop.create_future()
            future.add_done_callback(arrived)
            futures.append(future)
        for value, future in enumerate(futures):
            future.set_result(value)
        return await arrivals(seen, count)

    async def chain(self, count: int) -> int:
        root: Future = asyncio.get_running_loop().create_future()
        end = root
        for _ in range(count):
            end = then(end, add_one)
        root.set_result(0)
        return await end

    async def fan_out(self, count: int) -> int:
        future: Future = asyncio.get_running_loop().create_future()
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
            future: Future = loop.create_future()
            loop.call_soon(future.set_result, value)
            total += await future
        return total

    async def await_many(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        seen: list[int] = []

        async def wait(future: Future) -> None:
            seen.append(await future)

        futures: list[Future] = [loop.create_future() for _ in range(count)]
        tasks = [loop.create_task(wait(future)) for future in futures]
        await asyncio.sleep(0)
        for value, future in enumerate(futures):
            future.set_result(value)
        return await arrivals(seen, len(tasks))

    async def await_settled(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        total = 0
        for value in range(count):
            future: Future = loop.create_future()
            future.set_result(value)
            total += await future
        return total

    async def await_again(self, count: int) -> int:
        future: Future = asyncio.get_running_loop().create_future()
        future.set_result(1)
        total = 0
        for _ in range(count):
            total += await future
        return total

    async def all_of(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        futures: list[Future] = [loop.create_future() for _ in range(count)]
        gathered = asyncio.gather(*futures)
        for value, future in enumerate(futures):
            future.set_result(value)
        return sum(await gathered)

    async def from_thread(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        inbox = Inbox(count)

        def arrived(done: Future) -> None:
            inbox.put(done.result())

        futures: list[Future] = []
        for _ in range(count):
            future: Future = loop.create_future()
            future.add_done_callback(arrived)
            futures.append(future)

        def produce() -> None:
            for value, future in enumerate(futures):
                loop.call_soon_threadsafe(future.set_result, value)

        return await inbox.filled_by(produce)

    async def await_from_thread(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        inbox = Inbox(count)

        async def wait(future: Future) -> None:
            inbox.put(await future)

        futures: list[Future] = [loop.create_future() for _ in range(count)]
        tasks = [loop.create_task(wait(future)) for future in futures]
        await asyncio.sleep(0)

        def produce() -> None:
            for value, future in enumerate(futures):
                loop.call_soon_threadsafe(future.set_result, value)

        total = await inbox.filled_by(produce)
        await asyncio.wait(tasks)
        return total

    async def promisified(self, count: int) -> int:
        call = promisify(asyncio.get_running_loop())
        total = 0
        for value in range(count):
            total += await call(value)
        return total

    async def promisified_thread(self, count: int) -> int:
        total = 0
        with Answerer() as answerer:
            call = promisify_thread(asyncio.get_running_loop(), answerer.ask)
            for value in range(count):
                total += await call(value)
        return total

    async def adopt(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        seen: list[int] = []

        def inner(value: int) -> Future:
            future: Future = loop.create_future()
            future.set_result(value + 1)
            return future

        def arrived(done: Future) -> None:
            seen.append(done.result())

        futures: list[Future] = [loop.create_future() for _ in range(count)]
        for future in futures:
            then_flat(future, inner).add_done_callback(arrived)
        for value, future in enumerate(futures):
            future.set_result(value)
        return await arrivals(seen, count)

    async def reject_through(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        seen: list[int] = []

        def failed(done: Future) -> None:
            if isinstance(done.exception(), ValueError):
                seen.append(1)

        futures: list[Future] = [loop.create_future() for _ in range(count)]
        for future in futures:
            end = future
            for _ in range(LINKS_REJECTED):
                end = then(end, add_one)
            end.add_done_callback(failed)
        for future in futures:
            future.set_exception(ValueError())
        return await arrivals(seen, count)

    async def free(self, count: int) -> list[Future]:
        root: Future = asyncio.get_running_loop().create_future()
        links = []
        end = root
        for _ in range(count):
            end = then(end, add_one)
            links.append(end)
        root.set_result(0)
        await end
        return links

    def hold_pending(self, count: int) -> Held:
        loop = asyncio.get_running_loop()
        return Held([loop.create_future() for _ in range(count)])

    def hold_chain(self, count: int) -> Held:
        root: Future = asyncio.get_running_loop().create_future()
        end = root
        for _ in range(count):
            end = then(end, add_one)
        return Held((root, end))
