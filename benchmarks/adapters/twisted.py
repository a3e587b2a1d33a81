"""Twisted's ``Deferred`` on the asyncio loop; no reactor is needed for any scenario."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, ClassVar

from benchmarks.contract import LINKS_REJECTED, Answerer, Held, Inbox, Library, add_one, arrivals, legacy, peer
from benchmarks.remarks import BY_HAND, SYNC, SYNC_BY_HAND

_IN_PLACE = f"{SYNC}; a link is an entry in one Deferred, not a promise of its own"
_AS_FUTURE = "a pending one is awaited through `asFuture`: asyncio refuses it otherwise"


class Twisted(Library):
    name = "Twisted Deferred"
    distribution = "Twisted"
    module = "twisted.internet.defer"
    differs: ClassVar = {
        "settle": SYNC,
        "chain": _IN_PLACE,
        "await_each": _AS_FUTURE,
        "await_many": _AS_FUTURE,
        "all_of": f"{SYNC}; {_AS_FUTURE}",
        "from_thread": SYNC_BY_HAND,
        "await_from_thread": f"{BY_HAND}; {_AS_FUTURE}",
        "promisified": _AS_FUTURE,
        "promisified_thread": _AS_FUTURE,
        "adopt": SYNC,
        "reject_through": _IN_PLACE,
        "hold_chain": _IN_PLACE,
    }
    cannot: ClassVar = {
        "fan_out": "a Deferred has one line of callbacks, each given what the one before it returned",
        "free": "a link is an entry in one Deferred, and gone once it has run",
    }

    def __init__(self) -> None:
        module = peer("twisted.internet.defer")
        self._make: Any = module.Deferred
        self._all: Any = module.gatherResults
        self._succeed: Any = module.succeed

    async def settle(self, count: int) -> int:
        make = self._make
        seen: list[int] = []
        deferreds = []
        for _ in range(count):
            deferred = make()
            deferred.addCallback(seen.append)
            deferreds.append(deferred)
        for value, deferred in enumerate(deferreds):
            deferred.callback(value)
        return await arrivals(seen, count)

    async def chain(self, count: int) -> int:
        deferred = self._make()
        for _ in range(count):
            deferred.addCallback(add_one)
        deferred.callback(0)
        return int(await deferred)

    async def await_each(self, count: int) -> int:
        make = self._make
        loop = asyncio.get_running_loop()
        total = 0
        for value in range(count):
            deferred = make()
            loop.call_soon(deferred.callback, value)
            total += await deferred.asFuture(loop)
        return total

    async def await_many(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        seen: list[int] = []

        async def wait(deferred: Any) -> None:
            seen.append(await deferred.asFuture(loop))

        deferreds = [self._make() for _ in range(count)]
        tasks = [loop.create_task(wait(deferred)) for deferred in deferreds]
        await asyncio.sleep(0)
        for value, deferred in enumerate(deferreds):
            deferred.callback(value)
        return await arrivals(seen, len(tasks))

    async def await_settled(self, count: int) -> int:
        succeed = self._succeed
        total = 0
        for value in range(count):
            total += await succeed(value)
        return total

    async def await_again(self, count: int) -> int:
        deferred = self._succeed(1)
        total = 0
        for _ in range(count):
            total += await deferred
        return total

    async def all_of(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        deferreds = [self._make() for _ in range(count)]
        together = self._all(deferreds)
        for value, deferred in enumerate(deferreds):
            deferred.callback(value)
        return sum(await together.asFuture(loop))

    async def from_thread(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        inbox = Inbox(count)
        deferreds = []
        for _ in range(count):
            deferred = self._make()
            deferred.addCallback(inbox.put)
            deferreds.append(deferred)

        def produce() -> None:
            for value, deferred in enumerate(deferreds):
                loop.call_soon_threadsafe(deferred.callback, value)

        return await inbox.filled_by(produce)

    async def await_from_thread(self, count: int) -> int:
        loop = asyncio.get_running_loop()
        inbox = Inbox(count)

        async def wait(deferred: Any) -> None:
            inbox.put(await deferred.asFuture(loop))

        deferreds = [self._make() for _ in range(count)]
        tasks = [loop.create_task(wait(deferred)) for deferred in deferreds]
        await asyncio.sleep(0)

        def produce() -> None:
            for value, deferred in enumerate(deferreds):
                loop.call_soon_threadsafe(deferred.callback, value)

        total = await inbox.filled_by(produce)
        await asyncio.wait(tasks)
        return total

    async def promisified(self, count: int) -> int:
        make = self._make
        loop = asyncio.get_running_loop()

        def call(value: int) -> Any:
            deferred = make()
            legacy(loop, value, deferred.callback)
            return deferred.asFuture(loop)

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
                deferred = make()
                answerer.ask(value, partial(loop.call_soon_threadsafe, deferred.callback))
                return deferred.asFuture(loop)

            for value in range(count):
                total += await call(value)
        return total

    async def adopt(self, count: int) -> int:
        succeed = self._succeed
        seen: list[int] = []

        def inner(value: int) -> Any:
            return succeed(value + 1)

        deferreds = [self._make() for _ in range(count)]
        for deferred in deferreds:
            deferred.addCallback(inner).addCallback(seen.append)
        for value, deferred in enumerate(deferreds):
            deferred.callback(value)
        return await arrivals(seen, count)

    async def reject_through(self, count: int) -> int:
        seen: list[int] = []

        def failed(failure: Any) -> None:
            if failure.check(ValueError):
                seen.append(1)

        deferreds = [self._make() for _ in range(count)]
        for deferred in deferreds:
            for _ in range(LINKS_REJECTED):
                deferred.addCallback(add_one)
            deferred.addErrback(failed)
        for deferred in deferreds:
            deferred.errback(ValueError())
        return await arrivals(seen, count)

    def hold_pending(self, count: int) -> Held:
        return Held([self._make() for _ in range(count)])

    def hold_chain(self, count: int) -> Held:
        deferred = self._make()
        for _ in range(count):
            deferred.addCallback(add_one)
        return Held(deferred)
