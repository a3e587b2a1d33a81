"""MQTT requests that nobody waits for any more: the broker says that there is no subscriber left."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Replies, Report, Stream, once, stream

from ..servers import library

mqtt = library("paho.mqtt.client", "paho-mqtt")

HOST = "127.0.0.1"
numbers = count(1)


class Asker:
    """A client with one topic per request, which learns from the broker's acknowledgements who is subscribed."""

    def __init__(self, port: int) -> None:
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5, reconnect_on_failure=False)
        self.acks = Replies[int, str](timeout=20)
        self.client.on_publish = self.acks.via(lambda client, userdata, mid, code, _: (mid, str(code)))
        connect(self.client, port).wait(timeout=20)

    def publish(self, topic: str, text: str = "text") -> Promise[str]:
        """Send a message; the value is what the broker says to it."""
        return self.acks[self.client.publish(topic, text, qos=1).mid]

    def has_subscriber(self, topic: str) -> Promise[bool]:
        """Ask the broker, behind all that this client has told it before."""
        return self.publish(topic).then(lambda code: code != "No matching subscribers")

    def listen(self, topic: str, callback: Callable[..., None]) -> str:
        self.client.message_callback_add(topic, callback)
        self.client.subscribe(topic, qos=1)
        return topic

    def leave(self, topic: str) -> None:
        self.client.message_callback_remove(topic)
        self.client.unsubscribe(topic)

    def event(self, topic: str) -> Promise[str]:
        """Wait for the next message."""
        return once(lambda d: self.listen(topic, d.via(text_of)), self.leave)

    def events(self, topic: str) -> Stream[str]:
        return stream(lambda s: self.listen(topic, s.via(text_of)), self.leave)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def text_of(client: Any, userdata: object, message: Any) -> str:
    text: str = message.payload.decode()
    return text


def connect(client: Any, port: int) -> Promise[None]:
    def stop() -> None:
        client.disconnect()
        client.loop_stop()

    def start(d: Any) -> None:
        d.on_cancel(stop)
        client.on_connect = d.via(lambda *_: None)
        client.on_connect_fail = d.reject
        client.connect_async(HOST, port)
        client.loop_start()

    return Promise[None].create(start)


@pytest.fixture
def asker(mqtt_port: int) -> Iterator[Asker]:
    asker = Asker(mqtt_port)
    yield asker
    asker.close()


@pytest.fixture
def topic() -> str:
    """Name a topic that no other test uses."""
    return f"cancel/{next(numbers)}"


def run_jobs() -> None:
    """Let this thread run its jobs."""
    Promise.resolve().then().then().wait(timeout=20)


class TestEvent:
    """`once`: the next message, a promise."""

    def test_a_cancelled_one_unsubscribes(self, asker: Asker, topic: str, reports: list[Report]) -> None:
        event = asker.event(topic)
        kept = asker.event(f"{topic}/kept")
        assert event.then(str.upper).cancel("not needed")
        run_jobs()
        assert asker.has_subscriber(f"{topic}/kept").wait(timeout=20)
        assert kept.wait(timeout=20) == "text"
        assert not asker.has_subscriber(topic).wait(timeout=20)
        with pytest.raises(Cancelled, match="not needed"):
            event.wait(timeout=20)
        gc.collect()
        assert reports == []

    def test_a_loser_of_a_race_unsubscribes_if_that_is_asked_for(self, asker: Asker, topic: str) -> None:
        topics = [f"{topic}/{number}" for number in range(3)]
        first = Promise.race([asker.event(one) for one in topics], cancel_losers=True)
        asker.publish(topics[1], "winner").wait(timeout=20)
        assert first.wait(timeout=20) == "winner"
        run_jobs()
        assert Promise.map(asker.has_subscriber, topics).wait(timeout=20) == [False] * 3

    def test_one_of_two_readers_that_gives_up_does_not_unsubscribe(self, asker: Asker, topic: str) -> None:
        event = asker.event(topic)
        first, second = event.then(str.upper), event.then(str.title)
        first.cancel()
        run_jobs()
        assert asker.has_subscriber(topic).wait(timeout=20)
        assert second.wait(timeout=20) == "Text"

    def test_a_task_that_gives_up_unsubscribes(self, asker: Asker, topic: str) -> None:
        async def main() -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await asker.event(topic)
            await Promise.resolve().then()  # unsubscribing is a job of the promise's home
            assert not await asker.has_subscriber(topic)

        asyncio.run(main())


class TestStream:
    def test_a_task_that_is_cancelled_in_its_loop_unsubscribes(
        self, asker: Asker, topic: str, reports: list[Report]
    ) -> None:
        seen: list[str] = []

        async def read(events: Stream[str], came: Callable[[], None]) -> None:
            async for text in events:
                seen.append(text)
                came()

        async def main() -> bool:
            came, notify, _ = Promise[None].with_resolvers()
            reading = asyncio.create_task(read(asker.events(topic), notify))
            assert await asker.publish(topic, "first") == "Success"
            await came
            reading.cancel()
            await asyncio.wait([reading])
            assert reading.cancelled()
            return await asker.has_subscriber(topic)

        assert asyncio.run(main()) is False
        assert seen == ["first"]
        gc.collect()
        assert reports == []

    def test_a_timeout_of_asyncio_unsubscribes(self, asker: Asker, topic: str) -> None:
        async def main() -> bool:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01), asker.events(topic) as events:
                    await anext(events)
            return await asker.has_subscriber(topic)

        assert asyncio.run(main()) is False

    def test_a_timeout_for_one_message_leaves_the_stream_open(self, asker: Asker, topic: str) -> None:
        async def main() -> str:
            async with asker.events(topic) as events:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.001):
                        await anext(events)
                assert await asker.has_subscriber(topic)
                async with asyncio.timeout(20):
                    return await anext(events)

        assert asyncio.run(main()) == "text"


class TestReplies:
    """Requests with a key, and one topic for all answers."""

    @pytest.fixture
    def replies(self, asker: Asker, topic: str) -> Replies[str, str]:
        """Give the table of answers; a message such as "key=value" is one."""
        replies = Replies[str, str](timeout=60)
        callback = replies.via(lambda *arguments: text_of(*arguments).split("=", 1))
        asker.listen(topic, callback)
        return replies

    def test_a_cancelled_request_leaves_no_entry(
        self, asker: Asker, replies: Replies[str, str], topic: str, reports: list[Report]
    ) -> None:
        first, second = replies["one"], replies["two"]
        assert first.then(str.upper).cancel()
        run_jobs()
        assert ("one" in replies, "two" in replies, len(replies)) == (False, True, 1)
        asker.publish(topic, "one=late")
        asker.publish(topic, "two=answer")
        assert second.wait(timeout=20) == "answer"
        assert isinstance(first.reason, Cancelled)
        assert len(replies) == 0
        gc.collect()
        assert reports == []

    def test_a_task_that_gives_up_leaves_no_entry(self, replies: Replies[str, str]) -> None:
        async def main() -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await Promise.all([replies["one"], replies["two"]])
            await Promise.resolve().then()
            assert len(replies) == 0

        asyncio.run(main())

    def test_a_request_that_two_tasks_await_lasts_until_both_have_given_up(self, replies: Replies[str, str]) -> None:
        async def read() -> str:
            return await replies["one"]

        async def main() -> None:
            tasks = [asyncio.create_task(read()) for _ in range(2)]
            await asyncio.sleep(0)
            for task, left in zip(tasks, (1, 0), strict=True):
                task.cancel()
                await asyncio.wait([task])
                await Promise.resolve().then()
                assert len(replies) == left

        asyncio.run(main())

    def test_requests_that_are_cancelled_on_many_threads_leave_no_entry(self, replies: Replies[str, str]) -> None:
        requests = [replies[str(number)] for number in range(200)]
        threads = [threading.Thread(target=lambda: [one.cancel() for one in requests]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        run_jobs()
        assert len(replies) == 0


class TestConnection:
    def test_a_cancelled_connection_is_closed(self, reports: list[Report]) -> None:
        before = threading.active_count()
        with socket.create_server((HOST, 0)) as listener:  # a broker that accepts, and never says so
            connected = connect(mqtt.Client(mqtt.CallbackAPIVersion.VERSION2), listener.getsockname()[1])
            broker, _ = listener.accept()
            broker.settimeout(20)
            with broker:
                assert broker.recv(2) != b""
                with pytest.raises(TimeoutError):
                    connected.timeout(0.01).wait(timeout=20)
                run_jobs()
                while broker.recv(4096):
                    pass  # what it had sent before
            assert threading.active_count() == before
        assert isinstance(connected.reason, Cancelled)
        assert reports == []
