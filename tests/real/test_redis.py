"""redis with a real server: messages come on a worker thread, commands block, errors are raised or given to a handler."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from promisepy import Emitter, Promise, Report, Resolvers, Stream, StreamOverflow, once, stream, submit

from ..servers import free_port, library, redis_server

redis = library("redis")
retry = library("redis.retry", "redis")
backoff = library("redis.backoff", "redis")

Redis = Any


@pytest.fixture
def client(redis_port: int) -> Iterator[Redis]:
    """Connect to the shared server; a command that fails is not tried again."""
    with connect(redis_port) as client:
        yield client


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Run threads for commands that block."""
    with ThreadPoolExecutor(2, "command") as pool:
        yield pool


def connect(port: int) -> Redis:
    return redis.Redis(port=port, decode_responses=True, retry=retry.Retry(backoff.NoBackoff(), 0))


def subscribe(client: Redis, channel: str, callback: Callable[..., None], on_error: Callable[..., None]) -> Any:
    """Subscribe, and give the thread that will call back."""
    pubsub = client.pubsub()
    pubsub.subscribe(**{channel: callback})
    pubsub.get_message(timeout=20)  # the confirmation: from here on nothing is missed
    return pubsub.run_in_thread(sleep_time=0.01, daemon=True, exception_handler=on_error)


def unsubscribe(thread: Any) -> None:
    thread.stop()
    thread.join()


def messages_of(
    client: Redis, channel: str, read: Callable[[Any], Any] = lambda message: message["data"]
) -> Stream[Any]:
    def start(s: Emitter[Any]) -> Any:
        return subscribe(client, channel, s.via(read), s.fail)

    return stream(start, unsubscribe)


def workers() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if isinstance(one, redis.client.PubSubWorkerThread)]


def test_messages_are_a_stream_in_a_script(client: Redis) -> None:
    with messages_of(client, "script") as messages:
        for number in range(20):
            client.publish("script", str(number))
        assert [next(messages) for _ in range(20)] == [str(number) for number in range(20)]
    assert workers() == []


def test_messages_are_a_stream_in_a_task(client: Redis) -> None:
    async def main() -> list[str]:
        seen: list[str] = []
        messages = messages_of(client, "task")
        client.publish("task", "0")
        async with asyncio.timeout(20):
            async for message in messages:
                seen.append(message)
                if len(seen) == 20:
                    break
                client.publish("task", str(len(seen)))
        return seen

    assert asyncio.run(main()) == [str(number) for number in range(20)]
    gc.collect()
    assert workers() == []


def test_redis_calls_on_its_worker_and_handlers_run_at_home(client: Redis) -> None:
    def start(d: Resolvers[threading.Thread]) -> Any:
        return subscribe(client, "threads", d.via(lambda message: threading.current_thread()), d.reject)

    called = once(start, unsubscribe).then(lambda worker: (worker, threading.current_thread()))
    client.publish("threads", "text")
    worker, home = called.wait(timeout=20)
    assert isinstance(worker, redis.client.PubSubWorkerThread)
    assert home is threading.main_thread()
    assert workers() == []


def test_a_closed_connection_ends_the_stream_in_a_script(client: Redis, redis_port: int, reports: list[Report]) -> None:
    with messages_of(client, "closed") as messages, connect(redis_port) as admin:
        admin.publish("closed", "last")
        assert next(messages) == "last"
        admin.client_kill_filter(_type="pubsub")
        with pytest.raises(redis.ConnectionError):
            next(messages)
        with pytest.raises(StopIteration):
            next(messages)
    gc.collect()
    assert (workers(), reports) == ([], [])


def test_a_server_that_goes_ends_the_stream_in_a_task(reports: list[Report]) -> None:
    async def main() -> None:
        with ExitStack() as server, connect(server.enter_context(redis_server(free_port()))) as client:
            messages = messages_of(client, "gone")
            client.publish("gone", "last")
            async with asyncio.timeout(20):
                assert await anext(messages) == "last"
                server.close()
                with pytest.raises(redis.ConnectionError):
                    await anext(messages)

    asyncio.run(main())
    gc.collect()
    assert (workers(), reports) == ([], [])


def test_a_failing_callback_ends_its_stream_and_not_redis_s_thread(client: Redis, reports: list[Report]) -> None:
    def read(message: Any) -> int:
        threads.append(threading.current_thread())
        return int(message["data"])

    threads: list[threading.Thread] = []
    messages = messages_of(client, "numbers", read)
    for text in ("1", "two", "3"):
        client.publish("numbers", text)
    assert next(messages) == 1
    with pytest.raises(ValueError, match="two"):
        next(messages)
    gc.collect()
    assert (workers(), reports) == ([], [])
    assert len(set(threads)) == 1


def test_more_messages_than_room_end_the_stream_after_those_that_wait(client: Redis) -> None:
    def read(message: Any) -> str:
        if message["data"] == "4":
            all_came.set()
        text: str = message["data"]
        return text

    def start(s: Emitter[str]) -> Any:
        return subscribe(client, "many", s.via(read), s.fail)

    all_came = threading.Event()
    seen: list[str] = []
    with stream(start, unsubscribe, maxsize=3) as messages:
        for number in range(5):
            client.publish("many", str(number))
        assert all_came.wait(timeout=20)
        with pytest.raises(StreamOverflow):
            seen.extend(messages)
    assert seen == ["0", "1", "2"]


def test_a_blocking_command_in_a_pool_fulfils_in_a_script(client: Redis, pool: ThreadPoolExecutor) -> None:
    popped = submit(pool, client.blpop, "script list", 0)
    with pytest.raises(TimeoutError):
        popped.wait(timeout=0.01)
    client.rpush("script list", "item")
    where = popped.then(lambda pair: (*pair, threading.current_thread()))
    assert where.wait(timeout=20) == ("script list", "item", threading.main_thread())


def test_a_blocking_command_in_a_pool_fulfils_in_a_task(client: Redis, pool: ThreadPoolExecutor) -> None:
    async def main() -> Any:
        popped = submit(pool, client.blpop, "task list", 0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await popped.shield()  # the command goes on, and must not lose what it will pop
        client.rpush("task list", "item")
        async with asyncio.timeout(20):
            return await popped

    assert asyncio.run(main()) == ("task list", "item")


def test_an_error_reply_rejects(client: Redis, pool: ThreadPoolExecutor, reports: list[Report]) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            await submit(pool, client.incr, "text")

    client.set("text", "abc")
    with pytest.raises(redis.ResponseError, match="not an integer"):
        submit(pool, client.incr, "text").wait(timeout=20)
    with pytest.raises(redis.ResponseError, match="not an integer"):
        asyncio.run(main())
    gc.collect()
    assert reports == []


def test_a_command_that_finds_no_server_rejects(pool: ThreadPoolExecutor) -> None:
    with socket.socket() as holder:  # a port on which nobody listens
        holder.bind(("127.0.0.1", 0))
        with connect(holder.getsockname()[1]) as client, pytest.raises(redis.ConnectionError):
            submit(pool, client.ping).wait(timeout=20)


def test_commands_that_block_at_once_are_answered_each(client: Redis) -> None:
    with ThreadPoolExecutor(5) as pool:
        popped = Promise.all([submit(pool, client.blpop, f"list {number}", 0) for number in range(5)])
        for number in reversed(range(5)):
            client.rpush(f"list {number}", str(number))
        assert popped.wait(timeout=20) == [(f"list {number}", str(number)) for number in range(5)]
