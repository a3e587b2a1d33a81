"""paho-mqtt 2 with a real broker: callbacks are attributes, codes tell success, answers come with an id, on its thread."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from promisepy import CallbackError, Promise, Replies, Report, Stream, once, promisify, stream

from ..servers import free_port, library, mosquitto

mqtt = library("paho.mqtt.client", "paho-mqtt")

HOST = "127.0.0.1"
Client = Any
NewClient = Callable[..., Client]


@pytest.fixture
def new_client() -> Iterator[NewClient]:
    """Make clients, and end their threads with the test."""
    clients: list[Client] = []

    def make(**options: Any) -> Client:
        clients.append(mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, **{"reconnect_on_failure": False, **options}))
        clients[-1].reconnect_delay_set(min_delay=0, max_delay=0)
        return clients[-1]

    yield make
    for client in clients:
        client.disconnect()
        client.loop_stop()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Hold a port on which nobody listens."""
    with socket.socket() as holder:
        holder.bind((HOST, 0))
        yield holder.getsockname()[1]


def check_connection(client: Client, userdata: object, flags: object, code: Any, properties: object) -> str:
    if code.is_failure:
        raise ConnectionRefusedError(str(code))
    return threading.current_thread().name


def connect(client: Client, port: int) -> Promise[str]:
    """Connect; the value is the name of the thread that brought the answer."""

    def start(d: Any) -> None:
        client.on_connect = d.via(check_connection)
        client.on_connect_fail = d.reject
        client.connect_async(HOST, port)
        client.loop_start()

    return Promise[str].create(start)


def connect_without_thread(client: Client, port: int) -> Promise[str]:
    return promisify(client.connect, style=check_connection, callback=".on_connect", result=str)(HOST, port)


def subscribe(client: Client, topic: str) -> Promise[None]:
    def start(d: Any) -> None:
        client.on_subscribe = d.via(lambda *_: None)
        client.subscribe(topic, qos=1)

    return Promise[None].create(start)


def acks_of(client: Client) -> Replies[int, str]:
    """Collect acknowledgements by message id; the value is the name of the thread that brought one."""
    acks = Replies[int, str](timeout=20)
    client.on_publish = acks.via(lambda client, userdata, mid, *_: (mid, threading.current_thread().name))
    return acks


def messages_of(client: Client, topic: str, read: Callable[[Client, object, Any], str] | None = None) -> Stream[str]:
    callback = read or (lambda client, userdata, message: message.payload.decode())
    return stream(
        lambda s: client.message_callback_add(topic, s.via(callback)), lambda _: client.message_callback_remove(topic)
    )


def test_a_script_connects_and_its_handlers_run_at_home(mqtt_port: int, new_client: NewClient) -> None:
    connected = connect(new_client(), mqtt_port)
    paho, home = connected.then(lambda name: (name, threading.current_thread())).wait(timeout=20)
    assert (paho[:4], home) == ("paho", threading.main_thread())


def test_a_task_connects_and_its_handlers_run_at_home(mqtt_port: int, new_client: NewClient) -> None:
    async def main() -> tuple[str, threading.Thread]:
        async with asyncio.timeout(20):
            return await connect(new_client(), mqtt_port).then(lambda name: (name, threading.current_thread()))

    paho, home = asyncio.run(main())
    assert (paho[:4], home) == ("paho", threading.main_thread())


def test_a_refused_connection_rejects(new_client: NewClient, reports: list[Report]) -> None:
    async def main(port: int) -> None:
        await connect(new_client(), port)

    with mosquitto(free_port(), "allow_anonymous false") as port:
        with pytest.raises(ConnectionRefusedError, match="Not authorized"):
            connect(new_client(), port).wait(timeout=20)
        with pytest.raises(ConnectionRefusedError, match="Not authorized"):
            asyncio.run(main(port))
    gc.collect()
    assert reports == []


def test_an_unreachable_broker_rejects_however_often_paho_tells(
    closed_port: int, new_client: NewClient, reports: list[Report]
) -> None:
    told = threading.Semaphore(0)

    def tell(*_: object) -> None:
        told.release()
        raise ConnectionError("no connection")

    def start(d: Any) -> None:
        client.on_connect_fail = d.via(tell)
        client.connect_async(HOST, closed_port)
        client.loop_start()

    client = new_client(reconnect_on_failure=True)
    with pytest.raises(ConnectionError, match="no connection"):
        Promise[None].create(start).wait(timeout=20)
    for _ in range(3):
        assert told.acquire(timeout=20)
    assert reports == []


def test_reject_as_a_callback_keeps_what_paho_passes(closed_port: int, new_client: NewClient) -> None:
    client = new_client()
    with pytest.raises(CallbackError) as caught:
        connect(client, closed_port).wait(timeout=20)
    assert caught.value.arguments == (client, None)


def test_what_connect_raises_rejects(closed_port: int, new_client: NewClient) -> None:
    with pytest.raises(ConnectionRefusedError):
        connect_without_thread(new_client(), closed_port).wait(timeout=20)


def test_promisify_sets_the_attribute_back(mqtt_port: int, new_client: NewClient) -> None:
    client = new_client()
    connected = connect_without_thread(client, mqtt_port)
    assert client.on_connect is not None
    client.loop_start()
    assert connected.wait(timeout=20).startswith("paho-mqtt-client")
    assert client.on_connect is None


def test_without_a_loop_a_connection_times_out_until_it_is_pumped(mqtt_port: int, new_client: NewClient) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await connected.shield()  # else the only waiter would take the connection along

    client = new_client()
    connected = connect_without_thread(client, mqtt_port)
    with pytest.raises(TimeoutError):
        connected.wait(timeout=0.01)
    asyncio.run(main())
    assert connected.state == "pending"
    assert connected.wait(timeout=20, pump=lambda: client.loop(0.01)) == "MainThread"


def test_each_acknowledgement_goes_to_its_message(mqtt_port: int, new_client: NewClient) -> None:
    async def main() -> None:
        client = new_client()
        acks = acks_of(client)
        async with asyncio.timeout(20):
            await connect(client, mqtt_port)
            sent = [acks[client.publish("acks", str(number), qos=1 + number % 2).mid] for number in range(50)]
            names = await asyncio.gather(*sent)
        assert all(name.startswith("paho-mqtt-client") for name in names)
        assert len(acks) == 0

    asyncio.run(main())


def test_an_acknowledgement_may_come_before_its_key(mqtt_port: int, new_client: NewClient) -> None:
    client = new_client()
    acks = acks_of(client)
    connect_without_thread(client, mqtt_port).wait(timeout=20, pump=lambda: client.loop(0.01))
    # No network thread is running, so paho sends and calls back before it returns.
    acknowledged = acks[client.publish("early", "text", qos=0).mid]
    assert (acknowledged.state, acknowledged.value) == ("fulfilled", "MainThread")


def test_a_refused_message_rejects_and_the_others_do_not(
    mqtt_port: int, new_client: NewClient, reports: list[Report]
) -> None:
    def on_publish(client: Client, userdata: object, mid: int, code: Any, properties: object) -> None:
        if code.is_failure:
            acks.reject(mid, PermissionError(str(code)))
        else:
            acks.resolve(mid, None)

    acks = Replies[int, None](timeout=20)
    client = new_client(protocol=mqtt.MQTTv5)
    client.on_publish = on_publish
    connect(client, mqtt_port).wait(timeout=20)
    sent = [acks[client.publish(topic, "text", qos=1).mid] for topic in ("open", "$SYS/closed", "open")]
    states = [outcome.status for outcome in Promise.all_settled(sent).wait(timeout=20)]
    assert states == ["fulfilled", "rejected", "fulfilled"]
    with pytest.raises(PermissionError, match="Not authorized"):
        sent[1].wait(timeout=20)
    assert reports == []


def test_an_acknowledgement_that_never_comes_times_out(new_client: NewClient) -> None:
    client = new_client()
    acks = Replies[int, None](timeout=0.01)
    client.on_publish = acks.via(lambda client, userdata, mid, *_: (mid, None))
    sent = client.publish("nowhere", "text", qos=0)  # without a connection, paho drops it and tells nobody
    assert sent.rc == mqtt.MQTT_ERR_NO_CONN
    with pytest.raises(TimeoutError, match="no answer for the key"):
        acks[sent.mid].wait(timeout=20)


def test_a_lost_connection_rejects_what_waits(new_client: NewClient, reports: list[Report]) -> None:
    def on_disconnect(*_: object) -> None:
        assert asked.wait(timeout=20)  # reject_all rejects what waits by then, not what is asked for later
        acks.reject_all(ConnectionError("disconnected"))

    asked = threading.Event()
    with mosquitto(free_port(), "allow_anonymous true", "max_packet_size 1000") as port:
        client = new_client()
        acks = acks_of(client)
        client.on_disconnect = on_disconnect
        connect(client, port).wait(timeout=20)
        # The broker hangs up on who sends so much, and acknowledges nothing.
        sent = acks[client.publish("lost", "x" * 2000, qos=1).mid]
        asked.set()
        with pytest.raises(ConnectionError, match="disconnected"):
            sent.wait(timeout=20)
    gc.collect()
    assert reports == []


def test_messages_are_a_stream_in_a_script(mqtt_port: int, new_client: NewClient) -> None:
    client = new_client()
    connect(client, mqtt_port).wait(timeout=20)
    with messages_of(client, "script/#") as messages:
        subscribe(client, "script/#").wait(timeout=20)
        for number in range(20):
            client.publish(f"script/{number % 3}", str(number), qos=1)
        assert [next(messages) for _ in range(20)] == [str(number) for number in range(20)]
    # The stream's callback is gone, so the next message goes to the general one.
    other = once(lambda d: setattr(client, "on_message", d.via(lambda client, userdata, message: message.topic)))
    client.publish("script/other", "text", qos=1)
    assert other.wait(timeout=20) == "script/other"


def test_messages_are_a_stream_in_a_task(mqtt_port: int, new_client: NewClient) -> None:
    async def main() -> None:
        client = new_client()
        count = 0
        async with asyncio.timeout(20):
            await connect(client, mqtt_port)
            async with messages_of(client, "task/#") as messages:
                await subscribe(client, "task/#")
                for number in range(20):
                    client.publish("task/1", str(number), qos=1)
                async for message in messages:
                    assert message == str(count)
                    count += 1
                    if count == 20:
                        return

    asyncio.run(main())


def test_a_failing_callback_ends_its_stream_and_not_paho_s_thread(mqtt_port: int, new_client: NewClient) -> None:
    def read(client: Client, userdata: object, message: Any) -> str:
        return str(int(message.payload))

    client = new_client()
    acks = acks_of(client)
    connect(client, mqtt_port).wait(timeout=20)
    with messages_of(client, "n", read) as messages:
        subscribe(client, "n").wait(timeout=20)
        for text in ("1", "2", "three", "4"):
            client.publish("n", text, qos=1)
        assert [next(messages), next(messages)] == ["1", "2"]
        with pytest.raises(ValueError, match="three"):
            next(messages)
    assert acks[client.publish("n", "5", qos=1).mid].wait(timeout=20).startswith("paho-mqtt-client")
