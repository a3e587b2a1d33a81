"""aplus: a lock and an event in every promise, handlers run inside ``fulfill``."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from benchmarks.contract import LINKS_REJECTED, AnswerError, Held, Inbox, Library, add_one, arrivals, peer
from benchmarks.remarks import NO_AWAIT, SYNC, SYNC_BY_HAND

_LOST = "the value is lost on the way, without an error"


class Aplus(Library):
    name = "aplus"
    distribution = "aplus"
    module = "aplus"
    differs: ClassVar = {
        "settle": SYNC,
        "chain": SYNC,
        "fan_out": SYNC,
        "all_of": SYNC,
        "from_thread": SYNC_BY_HAND,
        "adopt": SYNC,
        "reject_through": SYNC,
    }
    cannot: ClassVar = {
        "await_each": NO_AWAIT,
        "await_many": NO_AWAIT,
        "await_settled": NO_AWAIT,
        "await_again": NO_AWAIT,
        "await_from_thread": NO_AWAIT,
        "promisified": NO_AWAIT,
        "promisified_thread": NO_AWAIT,
    }

    def __init__(self) -> None:
        module = peer("aplus")
        self._make: Any = module.Promise
        self._all: Any = module.listPromise

    async def settle(self, count: int) -> int:
        make = self._make
        seen: list[int] = []
        promises = []
        for _ in range(count):
            promise = make()
            promise.then(seen.append)
            promises.append(promise)
        for value, promise in enumerate(promises):
            promise.fulfill(value)
        return await arrivals(seen, count)

    async def chain(self, count: int) -> int:
        root = self._make()
        end = root
        for _ in range(count):
            end = end.then(add_one)
        root.fulfill(0)
        if not end.isFulfilled:
            raise AnswerError(_LOST)
        return int(end.value)

    async def fan_out(self, count: int) -> int:
        promise = self._make()
        seen: list[int] = []
        for _ in range(count):
            promise.then(seen.append)
        promise.fulfill(1)
        return await arrivals(seen, count)

    async def all_of(self, count: int) -> int:
        promises = [self._make() for _ in range(count)]
        together = self._all(promises)
        for value, promise in enumerate(promises):
            promise.fulfill(value)
        return sum(together.value)

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
                loop.call_soon_threadsafe(promise.fulfill, value)

        return await inbox.filled_by(produce)

    async def adopt(self, count: int) -> int:
        make = self._make
        seen: list[int] = []

        def inner(value: int) -> Any:
            return make.fulfilled(value + 1)

        promises = [make() for _ in range(count)]
        for promise in promises:
            promise.then(inner).then(seen.append)
        for value, promise in enumerate(promises):
            promise.fulfill(value)
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
            end.then(None, failed)
        for promise in promises:
            promise.reject(ValueError())
        return await arrivals(seen, count)

    async def free(self, count: int) -> list[Any]:
        root = self._make()
        links = []
        end = root
        for _ in range(count):
            end = end.then(add_one)
            links.append(end)
        root.fulfill(0)
        if not end.isFulfilled:
            raise AnswerError(_LOST)
        return links

    def hold_pending(self, count: int) -> Held:
        return Held([self._make() for _ in range(count)])

    def hold_chain(self, count: int) -> Held:
        root = self._make()
        end = root
        for _ in range(count):
            end = end.then(add_one)
        return Held((root, end))
