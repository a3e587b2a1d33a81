"""vine: the promise is its own resolving function, and handlers run inside it."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from benchmarks.contract import AnswerError, Held, Inbox, Library, add_one, arrivals, peer
from benchmarks.remarks import NO_AWAIT, SYNC, SYNC_BY_HAND

_SHORT = "the end of the chain was not reached"


class Vine(Library):
    name = "vine"
    distribution = "vine"
    module = "vine"
    differs: ClassVar = {
        "settle": SYNC,
        "chain": SYNC,
        "fan_out": SYNC,
        "all_of": f"{SYNC}; its barrier collects no values, so they are read from each promise",
        "from_thread": SYNC_BY_HAND,
    }
    cannot: ClassVar = {
        "await_each": NO_AWAIT,
        "await_many": NO_AWAIT,
        "await_settled": NO_AWAIT,
        "await_again": NO_AWAIT,
        "await_from_thread": NO_AWAIT,
        "promisified": NO_AWAIT,
        "promisified_thread": NO_AWAIT,
        "adopt": "no adoption: the next handler is given the promise itself",
        "reject_through": "a rejection stops at the first link and is raised into the settling call",
    }

    def __init__(self) -> None:
        module = peer("vine")
        self._make: Any = module.promise
        self._barrier: Any = module.barrier

    async def settle(self, count: int) -> int:
        make = self._make
        seen: list[int] = []
        promises = []
        for _ in range(count):
            promise = make()
            promise.then(seen.append)
            promises.append(promise)
        for value, promise in enumerate(promises):
            promise(value)
        return await arrivals(seen, count)

    async def chain(self, count: int) -> int:
        root = self._make()
        end = root
        for _ in range(count):
            end = end.then(add_one)
        root(0)
        if not end.ready:
            raise AnswerError(_SHORT)
        return int(end.value[0][0])

    async def fan_out(self, count: int) -> int:
        promise = self._make()
        seen: list[int] = []
        for _ in range(count):
            promise.then(seen.append)
        promise(1)
        return await arrivals(seen, count)

    async def all_of(self, count: int) -> int:
        seen: list[int] = []
        promises = [self._make() for _ in range(count)]

        def together() -> None:
            seen.append(sum([promise.value[0][0] for promise in promises]))

        self._barrier(promises).then(together)
        for value, promise in enumerate(promises):
            promise(value)
        return await arrivals(seen, 1)

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
                loop.call_soon_threadsafe(promise, value)

        return await inbox.filled_by(produce)

    async def free(self, count: int) -> list[Any]:
        root = self._make()
        links = []
        end = root
        for _ in range(count):
            end = end.then(add_one)
            links.append(end)
        root(0)
        if not end.ready:
            raise AnswerError(_SHORT)
        return links

    def hold_pending(self, count: int) -> Held:
        return Held([self._make() for _ in range(count)])

    def hold_chain(self, count: int) -> Held:
        root = self._make()
        end = root
        for _ in range(count):
            end = end.then(add_one)
        return Held((root, end))
