"""`once`, `stream`, `Replies`, `Promise.create` and the adaptors of `Resolvers`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, assert_type

from promisepy import Emitter, Promise, Replies, Resolvers, Stream, StreamOverflow, once, stream


class Signal:
    """Calls its listeners."""

    on_value: Callable[[str, int], None] | None = None

    def connect(self, listener: Callable[[int], None]) -> int:
        return 1

    def disconnect(self, token: int) -> None: ...


def parse(name: str, number: int) -> bytes:
    return name.encode() * number


def create(signal: Signal) -> None:
    def connect(d: Resolvers[int]) -> None:
        signal.connect(d.resolve)

    assert_type(Promise[int].create(connect, keep_alive=True), Promise[int])
    assert_type(Promise[int].create(lambda d: signal.connect(d.resolve)), Promise[int])


def adaptors(signal: Signal) -> None:
    d = Promise[bytes].with_resolvers()
    assert_type(d.via(parse)("a", 1), None)
    assert_type(d.via(parse, returns=True)("a", 1), bool)
    signal.on_value = d.via(parse)
    signal.on_value = d.via(lambda name, number: name.encode() * number)
    assert_type(d.error_first, Callable[..., None])
    assert_type(d.error_last, Callable[..., None])


def start(d: Resolvers[int]) -> int:
    return Signal().connect(d.resolve)


def one_event(signal: Signal) -> None:
    assert_type(once(start), Promise[int])
    assert_type(once(start, signal.disconnect), Promise[int])
    declared: Promise[int] = once(lambda d: signal.connect(d.resolve), signal.disconnect)
    del declared


class Broker:
    """Subscribes and unsubscribes with coroutines."""

    async def subscribe(self, listener: Callable[[int], None]) -> str:
        return "token"

    async def unsubscribe(self, token: str) -> None: ...


def one_awaited_event(broker: Broker) -> None:
    async def ask(d: Resolvers[int]) -> str:
        return await broker.subscribe(d.resolve)

    assert_type(once(ask), Promise[int])
    assert_type(once(ask, broker.unsubscribe), Promise[int])
    declared: Promise[int] = once(lambda d: broker.subscribe(d.resolve), broker.unsubscribe)
    del declared


async def awaited_streams(broker: Broker) -> None:
    async def open_(s: Emitter[int]) -> str:
        return await broker.subscribe(s.emit)

    assert_type(stream(open_, broker.unsubscribe), Stream[int])
    declared: Stream[int] = stream(lambda s: broker.subscribe(s.emit), broker.unsubscribe)
    async with declared as same:
        assert_type(await anext(same), int)


def begin(s: Emitter[int]) -> int:
    return Signal().connect(s.emit)


def pause() -> None: ...


def emitters(s: Emitter[bytes]) -> None:
    assert_type(s.emit, Callable[..., None])
    assert_type(s.fail, Callable[..., None])
    assert_type(s.close, Callable[..., None])
    assert_type(s.via(parse)("a", 1), None)
    assert_type(s.via(parse, returns=1)("a", 1), int)


async def streams(signal: Signal) -> None:
    events = stream(begin, signal.disconnect)
    assert_type(events, Stream[int])
    assert_type(stream(begin, maxsize=5, on_full="drop_oldest"), Stream[int])
    assert_type(stream(begin, maxsize=None, on_full=(pause, pause)), Stream[int])
    declared: Stream[int] = stream(lambda s: signal.connect(s.emit), signal.disconnect)
    assert_type(declared.dropped, int)
    assert_type(iter(declared), Iterator[int])
    assert_type(aiter(declared), AsyncIterator[int])
    assert_type(next(declared), int)
    assert_type(await anext(declared), int)
    for event in declared:
        assert_type(event, int)
    async for event in declared:
        assert_type(event, int)
    with declared as same:
        assert_type(same, Stream[int])
    async with declared as same:
        assert_type(same, Stream[int])
    assert_type(declared.close(), None)


def overflow(error: StreamOverflow) -> None:
    assert_type(error.args, tuple[Any, ...])


def acknowledge(client: object, number: int) -> tuple[int, str]:
    return number, str(client)


def replies(signal: Signal) -> None:
    table = Replies[int, str](timeout=2.5, early=10, drop_late=True)
    assert_type(table, Replies[int, str])
    assert_type(table[1], Promise[str])
    assert_type(len(table), int)
    assert_type(1 in table, bool)
    assert_type(table.resolve(1, "a"), None)
    assert_type(table.reject(1, ValueError()), None)
    assert_type(table.reject(1, 5), None)
    assert_type(table.reject_all(ConnectionError), None)
    assert_type(table.via(acknowledge)(signal, 1), None)
    assert_type(table.via(acknowledge, returns=True)(signal, 1), bool)
    assert_type(table[1].then(len), Promise[int])
    declared: Replies[int, str] = Replies()
    del declared
