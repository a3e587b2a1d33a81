"""promise 2.3, with its asyncio scheduler: the default one runs handlers inside ``resolve``."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, ClassVar

from benchmarks.contract import LINKS_REJECTED, Answerer, Held, Inbox, Library, add_one, arrivals, legacy, peer
from benchmarks.remarks import BY_HAND


class Promise(Library):
    name = "promise"
    distribution = "promise"
    module = "promise"
    differs: ClassVar = {"from_thread": BY_HAND, "await_from_thread": BY_HAND, "promisified_thread": BY_HAND}

    def __init__(self) -> None:
        self._module = peer("promise.promise")
        self._schedulers = peer("promise.schedulers.asyncio")
        self._make: Any = self._module.Promise
        self._previous: Any = None

    def open(self) -> None:
        self._previous = self._module.get_default_scheduler()
        self._module.set_default_scheduler(self._schedulers.AsyncioScheduler(asyncio.get_running_loop()))

    def close(self) -> None:
        self._module.set_default_scheduler(self._previous)

    async def settle(self, count: int) -> int:
        make = self._make
        seen: list[int] = []
        promises = []
        for _ in range(count):
            promise = make()
            promise.then(seen.append)
            promises.append(promise)
        for value, promise in enumerate(promises):
            promise.do_resolve(value)
        return await arrivals(seen, count)

    async def chain(self, count: int) -> int:
        root = self._make()
        end = root
        for _ in range(count):
            end = end.then(add_one)
        root.do_resolve(0)
        return int(await end)

    async def fan_out(self, count: int) -> int:
        promise = self._make()
        seen: list[int] = []
        for _ in range(count):
            promise.then(seen.append)
        promise.do_resolve(1)
        return await arrivals(seen, count)

    async def await_each(self, count: int) -> int:
        make = self._make
        loop = asyncio.get_running_loop()
        total = 0
        for value in range(count):
            promise = make()
            loop.call_soon(promise.do_resolve, value)
            total += await promise
        return total

    async def await_many(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        seen: list[int] = []

        async def wait(promise: Any) -> None:
            seen.append(await promise)

        promises = [self._make() for _ in range(count)]
        tasks = [loop.create_task(wait(promise)) for promise in promises]
        await asyncio.sleep(0)
        for value, promise in enumerate(promises):
            promise.do_resolve(value)
        return await arrivals(seen, len(tasks))

    async def await_settled(self, count: int) -> int:
        settled = self._make.resolve
        total = 0
        for value in range(count):
            total += await settled(value)
        return total

    async def await_again(self, count: int) -> int:
        promise = self._make.resolve(1)
        total = 0
        for _ in range(count):
            total += await promise
        return total

    async def all_of(self, count: int) -> int:
        promises = [self._make() for _ in range(count)]
        together = self._make.all(promises)
        for value, promise in enumerate(promises):
            promise.do_resolve(value)
        return sum(await together)

    async def from_thread(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        inbox = Inbox(count)
        promises = []
        for _ in range(count):
            promise = self._make()
            promise.then(inbox.put)
            promises.append(promise)

        def produce() -> None:
            for value, promise in enumerate(promises):
                loop.call_soon_threadsafe(promise.do_resolve, value)

        return await inbox.filled_by(produce)

    async def await_from_thread(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        inbox = Inbox(count)

        async def wait(promise: Any) -> None:
            inbox.put(await promise)

        promises = [self._make() for _ in range(count)]
        tasks = [loop.create_task(wait(promise)) for promise in promises]
        await asyncio.sleep(0)

        def produce() -> None:
            for value, promise in enumerate(promises):
                loop.call_soon_threadsafe(promise.do_resolve, value)

        total = await inbox.filled_by(produce)
        await asyncio.wait(tasks)
        return total

    async def promisified(self, count: int) -> int:
        make = self._make
        loop = asyncio.get_running_loop()

        def call(value: int) -> Any:
            return make(lambda resolve, reject: legacy(loop, value, resolve))

        total = 0
        for value in range(count):
            total += await call(value)
        return total

    async def promisified_thread(self, count: int) -> int:
        make = self._make
        loop = asyncio.get_running_loop()
        total = 0
        with Answerer() as answerer:

            def call(value: int) -> Any:
                return make(lambda resolve, reject: answerer.ask(value, partial(loop.call_soon_threadsafe, resolve)))

            for value in range(count):
                total += await call(value)
        return total

    async def adopt(self, count: int) -> int:
        make = self._make
        seen: list[int] = []

        def inner(value: int) -> Any:
            return make.resolve(value + 1)

        promises = [make() for _ in range(count)]
        for promise in promises:
            promise.then(inner).then(seen.append)
        for value, promise in enumerate(promises):
            promise.do_resolve(value)
        return await arrivals(seen, count)

    async def reject_through(self, count: int) -> int:
        seen: list[int] = []

        def failed(reason: BaseException) -> None:
            if isinstance(reason, ValueError):
                seen.append(1)

        promises = [self._make() for _ in range(count)]
        for promise in promises:
            end = promise
            for _ in range(LINKS_REJECTED):
                end = end.then(add_one)
            end.catch(failed)
        for promise in promises:
            promise.do_reject(ValueError())
        return await arrivals(seen, count)

    async def free(self, count: int) -> list[Any]:
        root = self._make()
        links = []
        end = root
        for _ in range(count):
            end = end.then(add_one)
            links.append(end)
        root.do_resolve(0)
        await end
        return links

    def hold_pending(self, count: int) -> Held:
        return Held([self._make() for _ in range(count)])

    def hold_chain(self, count: int) -> Held:
        root = self._make()
        end = root
        for _ in range(count):
            end = end.then(add_one)
        return Held((root, end))
