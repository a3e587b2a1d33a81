"""A DNS query that nobody waits for any more: pycares drops it, tells so, and closes the socket that it waited on."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Replies, Report, promisify

from ..servers import library

pycares = library("pycares")
dnslib = library("dnslib")

A = pycares.QUERY_TYPE_A
DROPPED = pycares.errno.ARES_ECANCELLED
Channel = Any


class SilentServer:
    """A name server that tells who has asked, and answers only when it is told to."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "{}:{}".format(*self.socket.getsockname())
        self.asked = Replies[str, int](timeout=20)  # the port on which the answer is awaited
        self.queries: dict[str, tuple[Any, Any]] = {}
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        while True:
            data, client = self.socket.recvfrom(4096)
            if not data:
                return
            query = dnslib.DNSRecord.parse(data)
            name = str(query.q.qname).rstrip(".")
            self.queries[name] = (query, client)
            self.asked.resolve(name, client[1])

    def answer(self, name: str) -> None:
        query, client = self.queries[name]
        reply = query.reply()
        reply.add_answer(dnslib.RR(query.q.qname, rdata=dnslib.A("192.0.2.1"), ttl=60))
        self.socket.sendto(reply.pack(), client)

    def close(self) -> None:
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join(20)
        self.socket.close()


@pytest.fixture
def server() -> Iterator[SilentServer]:
    server = SilentServer()
    yield server
    server.close()


class Asker:
    """Asks on one channel, and notes in `told` what pycares calls back with, and on which thread."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.told: list[tuple[str, int | None, threading.Thread]] = []
        self.aborts: list[threading.Thread] = []

    def query(self, name: str) -> Promise[str]:
        def read(result: Any, number: int | None) -> str:
            self.told.append((name, number, threading.current_thread()))
            if number is not None:
                raise OSError(number, pycares.errno.strerror(number))
            address: str = result.answer[0].data.addr
            return address

        return promisify(self.channel.query, callback="callback", style=read, cancel=self.abort)(name, A)

    def abort(self, _: object) -> None:
        self.aborts.append(threading.current_thread())
        self.channel.cancel()

    def dropped(self) -> set[str]:
        return {name for name, number, _ in self.told if number == DROPPED}


def channel_to(server: SilentServer) -> Channel:
    return pycares.Channel(servers=[server.address], tries=1, timeout=30, lookups="b")


@pytest.fixture
def asker(server: SilentServer) -> Iterator[Asker]:
    """Give somebody who asks this server only, once for each query."""
    channel = channel_to(server)
    yield Asker(channel)
    channel.close()


def open_ports() -> set[int]:
    """List the ports of the sockets that this process has open."""
    ports = set()
    for path in Path("/dev/fd").iterdir():
        try:
            if path.is_socket():
                with socket.socket(fileno=os.dup(int(path.name))) as one:
                    name = one.getsockname()
                    ports.add(name[1] if isinstance(name, tuple) else 0)
        except OSError:  # closed since the folder was read
            continue
    return ports


def run_jobs() -> None:
    """Let this thread run its jobs: a producer is told by one."""
    Promise.resolve().then().wait(timeout=20)


GIVE_UP: dict[str, Callable[[Promise[str]], object]] = {
    "cancel": lambda promise: promise.cancel(),
    "cancel the last link": lambda promise: promise.then(str.upper).catch(OSError, str).finally_(list).cancel(),
    "timeout": lambda promise: promise.timeout(0.001).catch(TimeoutError, str).wait(timeout=20),
    "race": lambda promise: Promise.race([promise, Promise.delay(0.001)], cancel_losers=True).wait(timeout=20),
    "all": lambda promise: Promise.all([promise, Promise.delay(60)]).cancel(),
    "map": lambda promise: Promise.map(lambda _: promise, [1, 2]).then().timeout(0.001).catch(str).wait(timeout=20),
    "to_future": lambda promise: promise.to_future().cancel(),
}


class TestScript:
    @pytest.mark.parametrize("how", GIVE_UP)
    def test_the_query_is_dropped_and_its_socket_closed(
        self, how: str, asker: Asker, server: SilentServer, reports: list[Report]
    ) -> None:
        promise = asker.query("silent.test")
        port = server.asked["silent.test"].wait(timeout=20)
        assert port in open_ports()
        GIVE_UP[how](promise)
        assert isinstance(promise.reason, Cancelled)
        run_jobs()
        assert asker.dropped() == {"silent.test"}
        assert port not in open_ports()
        gc.collect()
        assert reports == []

    def test_the_channel_is_told_once_and_at_home(self, asker: Asker, server: SilentServer) -> None:
        promise = asker.query("silent.test")
        server.asked["silent.test"].wait(timeout=20)
        threads = [threading.Thread(target=promise.then().cancel) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert (asker.aborts, asker.told) == ([], [])  # this thread is not in `wait`
        run_jobs()
        assert asker.aborts == [threading.current_thread()]
        assert asker.dropped() == {"silent.test"}

    def test_a_query_goes_on_as_long_as_somebody_waits(self, asker: Asker, server: SilentServer) -> None:
        promise = asker.query("slow.test")
        server.asked["slow.test"].wait(timeout=20)
        first, second = promise.then(str), promise.then(str)
        assert first.cancel()
        with pytest.raises(TimeoutError):
            promise.timeout(0.001).wait(timeout=20)
        run_jobs()
        assert (asker.aborts, promise.state) == ([], "pending")
        server.answer("slow.test")
        assert second.wait(timeout=20) == "192.0.2.1"

    def test_a_shielded_query_goes_on(self, asker: Asker, server: SilentServer) -> None:
        promise = asker.query("slow.test")
        server.asked["slow.test"].wait(timeout=20)
        assert promise.shield().cancel()
        run_jobs()
        server.answer("slow.test")
        assert promise.wait(timeout=20) == "192.0.2.1"
        assert asker.aborts == []

    def test_an_answered_query_is_not_aborted(self, asker: Asker, server: SilentServer) -> None:
        promise = asker.query("slow.test")
        server.asked["slow.test"].wait(timeout=20)
        server.answer("slow.test")
        assert promise.wait(timeout=20) == "192.0.2.1"
        assert not promise.cancel()
        run_jobs()
        assert asker.aborts == []

    def test_the_channel_serves_again_after_a_cancellation(self, asker: Asker, server: SilentServer) -> None:
        for name in ("one.test", "two.test"):
            promise = asker.query(name)
            server.asked[name].wait(timeout=20)
            promise.cancel()
            run_jobs()
        promise = asker.query("three.test")
        server.asked["three.test"].wait(timeout=20)
        server.answer("three.test")
        assert promise.wait(timeout=20) == "192.0.2.1"

    def test_a_cancelled_map_asks_no_more(self, asker: Asker, server: SilentServer) -> None:
        names = (f"name{number}.test" for number in range(100))
        found = Promise.map(asker.query, names, limit=2)
        ports = {server.asked[name].wait(timeout=20) for name in ("name0.test", "name1.test")}
        assert found.cancel()
        run_jobs()
        assert asker.dropped() == {"name0.test", "name1.test"} == set(server.queries)
        assert ports.isdisjoint(open_ports())
        assert next(names) == "name2.test"


class TestChannelPerQuery:
    """A channel of its own lets one query be aborted, and leaves the others alone."""

    @staticmethod
    def ask(channel: Channel, name: str) -> Promise[Any]:
        return Promise[Any].create(lambda d: channel.query(name, A, callback=d.error_last), on_cancel=channel.cancel)

    def test_one_is_aborted_and_the_other_goes_on(self, server: SilentServer) -> None:
        names = ("one.test", "two.test")
        channels = [channel_to(server) for _ in names]
        first, second = map(self.ask, channels, names)
        ports = [server.asked[name].wait(timeout=20) for name in names]
        first.cancel()
        run_jobs()
        assert [port in open_ports() for port in ports] == [False, True]
        server.answer("two.test")
        assert second.wait(timeout=20).answer[0].data.addr == "192.0.2.1"
        for channel in channels:
            channel.close()

    def test_the_query_is_dropped_before_the_channel_is_closed(
        self, server: SilentServer, reports: list[Report]
    ) -> None:
        channel = channel_to(server)
        promise = self.ask(channel, "one.test").finally_(channel.close)
        server.asked["one.test"].wait(timeout=20)
        promise.cancel()
        run_jobs()
        assert reports == []


class TestTasks:
    """A task that gives up takes the query with it, unless somebody else waits for that."""

    def test_a_timeout_of_asyncio_aborts_the_query(self, asker: Asker, server: SilentServer) -> None:
        async def main() -> None:
            promise = asker.query("silent.test")
            port = await server.asked["silent.test"]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await promise.then(str.upper)
            assert isinstance(promise.reason, Cancelled)
            await Promise.resolve().then()
            assert asker.dropped() == {"silent.test"}
            assert port not in open_ports()

        asyncio.run(main())

    def test_a_group_that_fails_aborts_what_its_tasks_await(self, asker: Asker, server: SilentServer) -> None:
        async def ask(name: str) -> None:
            await asker.query(name)

        async def main() -> None:
            with pytest.raises(ExceptionGroup):
                async with asyncio.TaskGroup() as group:
                    group.create_task(ask("one.test"))
                    await server.asked["one.test"]
                    raise ValueError("reason")
            assert asker.dropped() == {"one.test"}

        asyncio.run(main())

    def test_one_of_two_tasks_that_gives_up_leaves_the_query_to_the_other(
        self, asker: Asker, server: SilentServer
    ) -> None:
        async def read(promise: Promise[str]) -> str:
            return await promise

        async def main() -> str:
            promise = asker.query("slow.test")
            first, second = (asyncio.create_task(read(promise)) for _ in range(2))
            await server.asked["slow.test"]
            first.cancel()
            await asyncio.wait([first])
            assert first.cancelled()
            server.answer("slow.test")
            return await second

        assert asyncio.run(main()) == "192.0.2.1"
        assert asker.aborts == []
