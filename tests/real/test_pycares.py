"""pycares: the value comes first and a number last; from a thread of C, before the call returns, or twice."""

from __future__ import annotations

import asyncio
import gc
import inspect
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from promisepy import CallbackError, Promise, Report, promisify, set_report_hook

from ..servers import library
from ..support import both_homes

pycares = library("pycares")
dnslib = library("dnslib")
dns_server = library("dnslib.server")

A = pycares.QUERY_TYPE_A
NOT_FOUND, BAD_NAME, TIMED_OUT, CANCELLED = (
    getattr(pycares.errno, name) for name in ("ARES_ENOTFOUND", "ARES_EBADNAME", "ARES_ETIMEOUT", "ARES_ECANCELLED")
)
Query = Callable[..., Promise[Any]]


class Zone(dns_server.BaseResolver):
    """Knows `one.test` to `nine.test`; answers for `late.test` when told to."""

    names = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

    def __init__(self) -> None:
        self.may_answer = threading.Event()

    def resolve(self, request: Any, handler: Any) -> Any:
        reply = request.reply()
        name = request.q.qname.label[0].decode()
        if name == "late":
            self.may_answer.wait(20)
        if name in (*self.names, "late"):
            number = (*self.names, "late").index(name) + 1
            reply.add_answer(dnslib.RR(request.q.qname, rdata=dnslib.A(f"192.0.2.{number}"), ttl=60))
        else:
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
        return reply


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """Run a name server."""
    server = dns_server.DNSServer(Zone(), "127.0.0.1", 0, logger=dns_server.DNSLogger(logf=lambda text: None))
    server.start_thread()
    yield server.server
    server.stop()
    server.thread.join(20)
    server.server.server_close()


@pytest.fixture
def zone(server: Any) -> Iterator[Zone]:
    """Give what the name server knows; it holds its late answers back until told."""
    server.resolver = zone = Zone()
    yield zone
    zone.may_answer.set()


def channel_to(server: Any, **options: Any) -> Any:
    settings = {"tries": 1, "timeout": 30, "lookups": "b", **options}
    return pycares.Channel(servers=[f"127.0.0.1:{server.server_address[1]}"], **settings)


@pytest.fixture
def channel(server: Any, zone: Zone) -> Iterator[Any]:
    """Give a channel that asks this name server only, once."""
    channel = channel_to(server)
    yield channel
    channel.close()


@pytest.fixture
def query(channel: Any) -> Query:
    """Give the line that the documentation shows."""
    return promisify(channel.query, callback="callback", style="error_last", shape=addresses)


def addresses(values: tuple[Any, ...]) -> list[str]:
    (result,) = values
    return [record.data.addr for record in result.answer]


def error_of(promise: Promise[Any]) -> CallbackError:
    with pytest.raises(CallbackError) as caught:
        promise.wait(timeout=20)
    return caught.value


class TestOutcomes:
    @both_homes
    def test_a_found_name_fulfils(self, query: Query, read: Any, reports: list[Report]) -> None:
        assert read(lambda: query("two.test", A)) == ["192.0.2.2"]
        gc.collect()
        assert reports == []

    @both_homes
    def test_an_unknown_name_rejects_and_keeps_the_number(self, query: Query, read: Any) -> None:
        with pytest.raises(CallbackError) as caught:
            read(lambda: query("nobody.test", A))
        assert caught.value.arguments == (None, NOT_FOUND)

    @both_homes
    def test_many_queries_at_once_are_not_mixed_up(self, query: Query, read: Any) -> None:
        names = Zone.names * 5
        answers = read(lambda: Promise.all([query(f"{name}.test", A) for name in names]))
        assert answers == [[f"192.0.2.{Zone.names.index(name) + 1}"] for name in names]

    def test_a_status_is_told_apart_as_well(self, channel: Any) -> None:
        query = promisify(channel.query, callback="callback", style="status_last", shape=addresses)
        assert query("one.test", A).wait(timeout=20) == ["192.0.2.1"]
        assert error_of(query("nobody.test", A)).arguments == (None, NOT_FOUND)

    def test_a_wrong_argument_is_the_library_s_own_exception(self, query: Query) -> None:
        with pytest.raises(ValueError, match="invalid query type"):
            query("one.test", -1).wait(timeout=20)

    def test_the_signature_has_lost_its_callback_only(self, query: Query) -> None:
        assert list(inspect.signature(query).parameters) == ["name", "query_type", "query_class"]
        assert query("one.test", query_type=A, query_class=pycares.QUERY_CLASS_IN).wait(timeout=20) == ["192.0.2.1"]

    def test_other_functions_of_the_channel_are_wrapped_alike(self, channel: Any) -> None:
        reverse = promisify(channel.getnameinfo, callback="callback", style="error_last")
        found = reverse(("127.0.0.1", 80), pycares.ARES_NI_NUMERICHOST | pycares.ARES_NI_NUMERICSERV)
        assert found.then(lambda name: name.node).wait(timeout=20) == "127.0.0.1"
        search = promisify(channel.search, callback="callback", style="error_last", shape=addresses)
        assert search("three.test", A).wait(timeout=20) == ["192.0.2.3"]


class TestThreads:
    """Answers come from a thread that C has started; Python knows it only as a dummy."""

    def read(self, seen: list[threading.Thread]) -> Any:
        def read(result: Any, number: int | None) -> Any:
            seen.append(threading.current_thread())
            return result

        return read

    def test_handlers_run_in_the_thread_that_waits(self, channel: Any) -> None:
        seen: list[threading.Thread] = []
        query = promisify(channel.query, callback="callback", style=self.read(seen))
        handled = query("one.test", A).then(lambda _: threading.current_thread())
        assert handled.wait(timeout=20) is threading.current_thread()
        assert [type(thread) for thread in seen] == [threading._DummyThread]

    def test_handlers_run_on_the_loop_and_wake_it(self, channel: Any) -> None:
        seen: list[threading.Thread] = []
        query = promisify(channel.query, callback="callback", style=self.read(seen))

        async def main() -> None:
            loop = await query("one.test", A).then(lambda _: asyncio.get_running_loop())
            assert loop is asyncio.get_running_loop()

        asyncio.run(main())
        assert [type(thread) for thread in seen] == [threading._DummyThread]

    def test_a_worker_thread_is_the_home_of_what_it_asks(self, query: Query) -> None:
        outcome: list[Any] = []

        def work() -> None:
            handled = query("one.test", A).then(lambda _: threading.current_thread())
            outcome.append(handled.wait(timeout=20))

        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
        assert outcome == [worker]


class TestAtOnce:
    """Addresses and bad names are answered inside of the call."""

    def test_an_address_is_answered_before_the_call_returns(self, channel: Any) -> None:
        log: list[str] = []

        def read(result: Any, number: int | None) -> Any:
            log.append("called back")
            return result

        look_up = promisify(channel.getaddrinfo, callback="callback", style=read)
        promise = look_up("127.0.0.1", 80)
        assert promise.state == "fulfilled"
        handled = promise.then(lambda result: log.append("handled") or result.nodes[0].addr)
        log.append("returned")
        assert handled.wait(timeout=20) == (b"127.0.0.1", 80)
        assert log == ["called back", "returned", "handled"]

    @both_homes
    def test_a_bad_name_that_fails_twice_rejects_once(self, channel: Any, read: Any, reports: list[Report]) -> None:
        calls: list[tuple[Any, ...]] = []
        with pytest.raises(pycares.AresError):
            channel.query("one..test", A, callback=lambda *arguments: calls.append(arguments))
        assert calls == [(None, BAD_NAME)]  # the library does both
        query = promisify(channel.query, callback="callback", style="error_last")
        with pytest.raises(CallbackError) as caught:
            read(lambda: query("one..test", A))
        assert caught.value.arguments == (None, BAD_NAME)
        del caught
        gc.collect()
        assert reports == []

    def test_without_an_adapter_the_same_is_said_by_a_lambda(self, channel: Any) -> None:
        def ask(name: str) -> Promise[Any]:
            return Promise[Any].create(lambda d: channel.query(name, A, callback=d.error_last))

        assert ask("four.test").then(lambda result: addresses((result,))).wait(timeout=20) == ["192.0.2.4"]
        assert error_of(ask("one..test")).arguments == (None, BAD_NAME)


class TestLate:
    def test_a_wait_that_is_over_time_leaves_the_answer_to_the_next(self, query: Query, zone: Zone) -> None:
        promise = query("late.test", A)
        with pytest.raises(TimeoutError):
            promise.wait(timeout=0.05)
        assert promise.state == "pending"
        zone.may_answer.set()
        assert promise.wait(timeout=20) == ["192.0.2.10"]

    def test_an_asyncio_timeout_leaves_the_answer_to_the_next(self, query: Query, zone: Zone) -> None:
        async def main() -> list[str]:
            promise = query("late.test", A)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await promise
            zone.may_answer.set()
            async with asyncio.timeout(20):
                return await promise

        assert asyncio.run(main()) == ["192.0.2.10"]

    def test_the_library_s_own_timeout_rejects(self, server: Any, zone: Zone) -> None:
        channel = channel_to(server, timeout=0.05)
        query = promisify(channel.query, callback="callback", style="error_last")
        assert error_of(query("late.test", A)).arguments == (None, TIMED_OUT)
        channel.close()

    def test_cancelling_the_channel_rejects_all_that_wait(self, channel: Any, query: Query) -> None:
        promises = [query("late.test", A) for _ in range(3)]
        channel.cancel()
        assert [error_of(promise).arguments for promise in promises] == [(None, CANCELLED)] * 3

    def test_closing_the_channel_rejects_what_waits_and_what_comes_later(self, channel: Any, query: Query) -> None:
        promise = query("late.test", A)
        channel.close()
        assert error_of(promise).arguments == (None, CANCELLED)
        with pytest.raises(RuntimeError, match="destroyed"):
            query("one.test", A).wait(timeout=20)

    def test_a_failure_that_nobody_looks_at_is_reported(self, query: Query) -> None:
        seen: SimpleQueue[Report] = SimpleQueue()
        previous = set_report_hook(seen.put)
        try:
            query("nobody.test", A)
            report = seen.get(timeout=20)
        finally:
            set_report_hook(previous)
        assert report.kind == "unhandled"
        assert isinstance(report.reason, CallbackError)
        assert report.reason.arguments == (None, NOT_FOUND)
