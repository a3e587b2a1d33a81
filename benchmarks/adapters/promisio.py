"""promisio: promises built on ``asyncio.Future``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from benchmarks.contract import LINKS_REJECTED, Answerer, Held, Inbox, Library, add_one, arrivals, legacy, peer
from benchmarks.remarks import BY_HAND

_TURNS = "awaiting a settled one takes turns of the loop (the baseline does not suspend)"

Resolve = Callable[[int], None]
Reject = Callable[[BaseException], None]


class Promisio(Library):
    name = "promisio"
    distribution = "promisio"
    module = "promisio"
    differs: ClassVar = {
        "from_thread": BY_HAND,
        "await_from_thread": BY_HAND,
        "promisified_thread": BY_HAND,
        "await_settled": _TURNS,
        "await_again": _TURNS,
    }

    def __init__(self) -> None:
        self._make: Any = peer("promisio").Promise

    def _pending(self, count: int) -> tuple[list[Any], list[Resolve], list[Reject]]:
        make = self._make
        resolves: list[Resolve] = []
        rejects: list[Reject] = []

        def keep(resolve: Resolve, reject: Reject) -> None:
            resolves.append(resolve)
            rejects.append(reject)

        return [make(keep) for _ in range(count)], resolves, rejects

    async def settle(self, count: int) -> int:
        seen: list[int] = []
        resolves: list[Resolve] = []
        make = self._make

        def keep(resolve: Resolve, reject: Reject) -> None:
            resolves.append(resolve)

        for _ in range(count):
            make(keep).then(seen.append)
        for value, resolve in enumerate(resolves):
            resolve(value)
        return await arrivals(seen, count)

    async def chain(self, count: int) -> int:
        [root], [resolve], _ = self._pending(1)
        end = root
        for _ in range(count):
            end = end.then(add_one)
        resolve(0)
        return int(await end)

    async def fan_out(self, count: int) -> int:
        [promise], [resolve], _ = self._pending(1)
        seen: list[int] = []
        for _ in range(count):
            promise.then(seen.append)
        resolve(1)
        return await arrivals(seen, count)

    async def await_each(self, count: int) -> int:
        make = self._make
        loop = asyncio.get_running_loop()
        total = 0
        for value in range(count):
            total += await make(lambda resolve, reject, value=value: loop.call_soon(resolve, value))
        return total

    async def await_many(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        seen: list[int] = []

        async def wait(promise: Any) -> None:
            seen.append(await promise)

        promises, resolves, _ = self._pending(count)
        tasks = [loop.create_task(wait(promise)) for promise in promises]
        await asyncio.sleep(0)
        for value, resolve in enumerate(resolves):
            resolve(value)
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
        promises, resolves, _ = self._pending(count)
        together = self._make.all(promises)
        for value, resolve in enumerate(resolves):
            resolve(value)
        return sum(await together)

    async def from_thread(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        inbox = Inbox(count)
        promises, resolves, _ = self._pending(count)
        for promise in promises:
            promise.then(inbox.put)

        def produce() -> None:
            for value, resolve in enumerate(resolves):
                loop.call_soon_threadsafe(resolve, value)

        return await inbox.filled_by(produce)

    async def await_from_thread(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        inbox = Inbox(count)

        async def wait(promise: Any) -> None:
            inbox.put(await promise)

        promises, resolves, _ = self._pending(count)
        tasks = [loop.create_task(wait(promise)) for promise in promises]
        await asyncio.sleep(0)

        def produce() -> None:
            for value, resolve in enumerate(resolves):
                loop.call_soon_threadsafe(resolve, value)

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

        promises, resolves, _ = self._pending(count)
        for promise in promises:
            promise.then(inner).then(seen.append)
        for value, resolve in enumerate(resolves):
            resolve(value)
        return await arrivals(seen, count)

    async def reject_through(self, count: int) -> int:
        seen: list[int] = []

        def failed(reason: BaseException) -> None:
            if isinstance(reason, ValueError):
                seen.append(1)

        promises, _, rejects = self._pending(count)
        for promise in promises:
            end = promise
            for _ in range(LINKS_REJECTED):
                end = end.then(add_one)
            end.catch(failed)
        for reject in rejects:
            reject(ValueError())
        return await arrivals(seen, count)

    async def free(self, count: int) -> list[Any]:
        [root], [resolve], _ = self._pending(1)
        links = []
        end = root
        for _ in range(count):
            end = end.then(add_one)
            links.append(end)
        resolve(0)
        await end
        return links

    def hold_pending(self, count: int) -> Held:
        return Held(self._pending(count)[:2])

    def hold_chain(self, count: int) -> Held:
        [root], [resolve], _ = self._pending(1)
        end = root
        for _ in range(count):
            end = end.then(add_one)
        return Held((root, resolve, end))
