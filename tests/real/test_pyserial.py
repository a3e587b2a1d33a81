"""pyserial over a pseudo-terminal: a protocol object whose methods are called by a reader thread."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from promisepy import Emitter, Promise, Report, Resolvers, Stream, once, stream, submit

from ..servers import library

serial = library("serial", "pyserial")
threaded = library("serial.threaded", "pyserial")

Port = Any
Protocol = Any


class Line(NamedTuple):
    """A serial line: the device's end, and the name under which pyserial opens the other."""

    device: int
    path: str


@pytest.fixture
def line() -> Iterator[Line]:
    """Make a serial line."""
    device, other = os.openpty()
    yield Line(device, os.ttyname(other))
    os.close(device)
    os.close(other)


@pytest.fixture
def port(line: Line) -> Iterator[Port]:
    """Open the line with pyserial."""
    with serial.Serial(line.path) as port:
        yield port


def readers() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if isinstance(one, threaded.ReaderThread)]


def run(port: Port, protocol: Protocol) -> Any:
    """Start the thread that reads from a port and calls the methods of a protocol."""
    reader = threaded.ReaderThread(port, lambda: protocol)
    reader.start()
    return reader


def lines_of(port: Port, read: Callable[[str], Any] = str, **attributes: object) -> Stream[Any]:
    """Receive the lines that come; `attributes` are set on the protocol."""

    def start(s: Emitter[Any]) -> Any:
        protocol = threaded.LineReader()
        protocol.handle_line = s.via(read)
        protocol.connection_lost = s.fail
        vars(protocol).update(attributes)
        return run(port, protocol)

    return stream(start, lambda reader: reader.close())


def test_data_is_a_stream_in_a_script(line: Line, port: Port) -> None:
    def start(s: Emitter[bytes]) -> Any:
        protocol = threaded.Protocol()
        protocol.data_received = s.emit
        protocol.connection_lost = s.fail
        return run(port, protocol)

    received = b""
    with stream(start, lambda reader: reader.close()) as pieces:
        os.write(line.device, b"0123456789" * 10)
        while len(received) < 100:
            received += next(pieces)
    assert received == b"0123456789" * 10
    assert (readers(), port.is_open) == ([], False)


def test_lines_are_a_stream_in_a_task(line: Line, port: Port) -> None:
    async def main() -> list[str]:
        seen: list[str] = []
        lines = lines_of(port)
        os.write(line.device, b"line 0\r\n")
        async with asyncio.timeout(20):
            async for text in lines:
                seen.append(text)
                if len(seen) == 10:
                    break
                os.write(line.device, f"line {len(seen)}\r\n".encode())
        return seen

    assert asyncio.run(main()) == [f"line {number}" for number in range(10)]
    gc.collect()
    assert readers() == []


def test_pyserial_calls_on_its_thread_and_handlers_run_at_home(line: Line, port: Port) -> None:
    def start(d: Resolvers[threading.Thread]) -> Any:
        protocol = threaded.Protocol()
        protocol.data_received = d.via(lambda data: threading.current_thread())
        return run(port, protocol)

    called = once(start, lambda reader: reader.close()).then(lambda reader: (reader, threading.current_thread()))
    os.write(line.device, b"x")
    reader, home = called.wait(timeout=20)
    assert isinstance(reader, threaded.ReaderThread)
    assert home is threading.main_thread()
    assert readers() == []


def test_a_connection_is_a_promise_for_its_transport(line: Line, port: Port) -> None:
    def start(d: Resolvers[Any]) -> None:
        protocol = threaded.LineReader()
        protocol.connection_made = d.resolve
        run(port, protocol)

    async def main() -> None:
        async with asyncio.timeout(20):
            transport = await Promise[Any].create(start)
        transport.write(b"hello")
        transport.close()

    asyncio.run(main())
    assert os.read(line.device, 5) == b"hello"


def test_a_port_that_cannot_be_opened_rejects(line: Line) -> None:
    def start(d: Resolvers[Any]) -> None:
        protocol = threaded.Protocol()
        protocol.connection_made = d.resolve
        run(serial.Serial(f"{line.path}/none"), protocol)

    async def main() -> None:
        await Promise[Any].create(start)

    with pytest.raises(serial.SerialException, match="could not open port"):
        Promise[Any].create(start).wait(timeout=20)
    with pytest.raises(serial.SerialException, match="could not open port"):
        asyncio.run(main())


def test_what_ends_the_reader_ends_the_stream_in_a_script(line: Line, port: Port, reports: list[Report]) -> None:
    lines = lines_of(port, UNICODE_HANDLING="strict")  # so that data_received raises
    os.write(line.device, b"good\r\n")
    assert next(lines) == "good"
    os.write(line.device, b"\xff\r\n")
    with pytest.raises(UnicodeDecodeError):
        next(lines)
    with pytest.raises(StopIteration):
        next(lines)
    gc.collect()
    assert (readers(), reports) == ([], [])


def test_what_ends_the_reader_ends_the_stream_in_a_task(line: Line, port: Port, reports: list[Report]) -> None:
    async def main() -> list[str]:
        seen: list[str] = []
        lines = lines_of(port, UNICODE_HANDLING="strict")
        os.write(line.device, b"good\r\n\xff\r\n")
        async with asyncio.timeout(20):
            with pytest.raises(UnicodeDecodeError):
                async for text in lines:
                    seen.append(text)
        return seen

    assert asyncio.run(main()) == ["good"]
    gc.collect()
    assert (readers(), reports) == ([], [])


def test_a_port_that_is_closed_ends_the_stream_without_an_error(line: Line, port: Port) -> None:
    lines = lines_of(port)
    os.write(line.device, b"last\r\n")
    assert next(lines) == "last"
    [reader] = readers()
    reader.close()
    assert list(lines) == []


def test_a_failing_callback_ends_its_stream_and_not_the_reader(line: Line, port: Port) -> None:
    def read(text: str) -> int:
        if text == "end":
            reached.set()
        return int(text)

    reached = threading.Event()
    numbers = lines_of(port, read)
    os.write(line.device, b"1\r\ntwo\r\nend\r\n")
    assert reached.wait(timeout=20)  # the reader has gone on after the line that failed
    assert next(numbers) == 1
    with pytest.raises(ValueError, match="two"):
        next(numbers)
    assert readers() == []


def test_an_answer_that_does_not_come_times_out_and_may_still_come(line: Line, port: Port) -> None:
    def start(d: Resolvers[str]) -> Any:
        protocol = threaded.LineReader()
        protocol.handle_line = d.resolve
        return run(port, protocol)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await answer.shield()  # else the only waiter would take the subscription along

    answer = once(start, lambda reader: reader.close())
    with pytest.raises(TimeoutError):
        answer.wait(timeout=0.01)
    asyncio.run(main())
    os.write(line.device, b"late\r\n")
    assert answer.wait(timeout=20) == "late"


def test_a_stream_that_is_dropped_closes_the_port(port: Port) -> None:
    lines = lines_of(port)
    assert len(readers()) == 1
    del lines
    assert (readers(), port.is_open) == ([], False)


def test_a_blocking_read_in_a_pool_fulfils(line: Line, port: Port) -> None:
    with ThreadPoolExecutor() as pool:
        read = submit(pool, port.read_until, b"\n")
        with pytest.raises(TimeoutError):
            read.wait(timeout=0.01)
        os.write(line.device, b"line\n")
        assert read.wait(timeout=20) == b"line\n"


def test_a_port_on_an_asyncio_loop_is_a_stream_without_a_thread(line: Line, port: Port) -> None:
    async def main() -> bytes:
        loop = asyncio.get_running_loop()

        def start(s: Emitter[bytes]) -> None:
            loop.add_reader(port.fileno(), s.via(lambda: port.read(port.in_waiting)))

        received = b""
        async with asyncio.timeout(20), stream(start, lambda _: loop.remove_reader(port.fileno())) as pieces:
            os.write(line.device, b"0123456789")
            while len(received) < 10:
                received += await anext(pieces)
        assert not loop.remove_reader(port.fileno())
        return received

    assert asyncio.run(main()) == b"0123456789"
