"""promisepy, used as its README shows."""

from __future__ import annotations

import asyncio

from benchmarks.contract import LINKS_REJECTED, Answerer, Held, Inbox, Library, add_one, arrivals, legacy
from promisepy import Promise, Resolve, promisify

pending = Promise[int].with_resolvers


class Promisepy(Library):
    name = "promisepy"
    distribution = "promisepy"
    module = "promisepy"

    async def settle(self, count: int) -> int:
        seen: list[int] = []
        resolves: list[Resolve[int]] = []
        for _ in range(count):
            promise, resolve, _ = pending()
            promise.then(seen.append)
            resolves.append(resolve)
        for value, resolve in enumerate(resolves):
            resolve(value)
        return await arrivals(seen, count)

    async def chain(self, count: int) -> int:
        root, resolve, _ = pending()
        end = root
        for _ in range(count):
            end = end.then(add_one)
        resolve(0)
        return await end

    async def fan_out(self, count: int) -> int:
        promise, resolve, _ = pending()
        seen: list[int] = []
        for _ in range(count):
            promise.then(seen.append)
        resolve(1)
        return await arrivals(seen, count)

    async def await_each(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        total = 0
        for value in range(count):
            promise, resolve, _ = pending()
            loop.call_soon(resolve, value)
            total += await promise
        return total

    async def await_many(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        seen: list[int] = []

        async def wait(promise: Promise[int]) -> None:
            seen.append(await promise)

        resolvers = [pending() for _ in range(count)]
        tasks = [loop.create_task(wait(promise)) for promise, _, _ in resolvers]
        await asyncio.sleep(0)
        for value, (_, resolve, _) in enumerate(resolvers):
            resolve(value)
        return await arrivals(seen, len(tasks))

    async def await_settled(self, count: int) -> int:
        total = 0
        for value in range(count):
            total += await Promise.resolve(value)
        return total

    async def await_again(self, count: int) -> int:
        promise = Promise.resolve(1)
        total = 0
        for _ in range(count):
            total += await promise
        return total

    async def all_of(self, count: int) -> int:
        resolvers = [pending() for _ in range(count)]
        together = Promise.all([promise for promise, _, _ in resolvers])
        for value, (_, resolve, _) in enumerate(resolvers):
            resolve(value)
        return sum(await together)

    async def from_thread(self, count: int) -> int:
        inbox = Inbox(count)
        resolves: list[Resolve[int]] = []
        for _ in range(count):
            promise, resolve, _ = pending()
            promise.then(inbox.put)
            resolves.append(resolve)

        def produce() -> None:
            for value, resolve in enumerate(resolves):
                resolve(value)

        return await inbox.filled_by(produce)

    async def await_from_thread(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        inbox = Inbox(count)

        async def wait(promise: Promise[int]) -> None:
            inbox.put(await promise)

        resolvers = [pending() for _ in range(count)]
        tasks = [loop.create_task(wait(promise)) for promise, _, _ in resolvers]
        await asyncio.sleep(0)

        def produce() -> None:
            for value, (_, resolve, _) in enumerate(resolvers):
                resolve(value)

        total = await inbox.filled_by(produce)
        await asyncio.wait(tasks)
        return total

    async def promisified(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        call = promisify(legacy)
        total = 0
        for value in range(count):
            total += await call(loop, value)
        return total

    async def promisified_thread(self, count: int) -> int:
        total = 0
        with Answerer() as answerer:
            call = promisify(answerer.ask)
            for value in range(count):
                total += await call(value)
        return total

    async def adopt(self, count: int) -> int:
        seen: list[int] = []

        def inner(value: int) -> Promise[int]:
            return Promise.resolve(value + 1)

        resolvers = [pending() for _ in range(count)]
        for promise, _, _ in resolvers:
            promise.then(inner).then(seen.append)
        for value, (_, resolve, _) in enumerate(resolvers):
            resolve(value)
        return await arrivals(seen, count)

    async def reject_through(self, count: int) -> int:
        seen: list[int] = []

        def failed(reason: ValueError) -> None:
            seen.append(1)

        resolvers = [pending() for _ in range(count)]
        for promise, _, _ in resolvers:
            end = promise
            for _ in range(LINKS_REJECTED):
                end = end.then(add_one)
            end.catch(ValueError, failed)
        for _, _, reject in resolvers:
            reject(ValueError())
        return await arrivals(seen, count)

    async def free(self, count: int) -> list[Promise[int]]:
        root, resolve, _ = pending()
        links = []
        end = root
        for _ in range(count):
            end = end.then(add_one)
            links.append(end)
        resolve(0)
        await end
        return links

    def hold_pending(self, count: int) -> Held:
        resolvers = [pending() for _ in range(count)]
        return Held(resolvers, lambda: [resolve(0) for _, resolve, _ in resolvers])

    def hold_chain(self, count: int) -> Held:
        root, resolve, _ = pending()
        end = root
        for _ in range(count):
            end = end.then(add_one)
        return Held((root, end), lambda: resolve(0))
