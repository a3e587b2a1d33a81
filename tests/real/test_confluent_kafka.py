"""confluent-kafka: the error comes first and is no exception; nothing comes unless somebody polls."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from promisepy import BrokenPromise, CallbackError, Fulfilled, Promise, Rejected, Report, promisify

from ..servers import free_port, library
from ..support import both_homes

kafka = library("confluent_kafka", "confluent-kafka")
admin = library("confluent_kafka.admin", "confluent-kafka")

UNKNOWN_PARTITION, PURGED = kafka.KafkaError._UNKNOWN_PARTITION, kafka.KafkaError._PURGE_QUEUE
Produce = Callable[..., Promise[Any]]


@pytest.fixture
def producer() -> Iterator[Any]:
    """Give a producer whose broker is a part of itself."""
    producer = kafka.Producer({"test.mock.num.brokers": 1, "log_level": 0})
    yield producer
    producer.flush(20)


@pytest.fixture
def produce(producer: Any) -> Produce:
    """Give the line that the documentation shows."""
    return polled(producer)


@pytest.fixture
def lonely() -> Iterator[Callable[..., Any]]:
    """Give what makes producers whose broker does not exist."""
    made: list[Any] = []

    def make(**options: Any) -> Any:
        settings = {name.replace("_", "."): value for name, value in options.items() if name != "error_cb"}
        called = {"error_cb": options.get("error_cb", lambda error: None)}
        made.append(
            kafka.Producer({"bootstrap.servers": f"127.0.0.1:{free_port()}", "log_level": 0, **settings, **called})
        )
        return made[-1]

    yield make
    for producer in made:
        producer.purge()


def polled(producer: Any, style: Any = "error_first") -> Produce:
    return promisify(
        producer.produce, callback="on_delivery", style=style, pump=lambda: producer.poll(0), result=kafka.Message
    )


def offset(error: Any, message: Any) -> Any:
    """Read a delivery report."""
    if error is not None:
        raise kafka.KafkaException(error)
    return message.offset()


class TestOutcomes:
    @both_homes
    def test_a_delivered_message_fulfils(self, produce: Produce, read: Any, reports: list[Report]) -> None:
        message = read(lambda: produce("topic", b"value", partition=0))
        assert (message.topic(), message.value(), message.offset()) == ("topic", b"value", 0)
        gc.collect()
        assert reports == []

    @both_homes
    def test_an_error_that_is_no_exception_rejects_and_is_kept(
        self, lonely: Callable[..., Any], read: Any, reports: list[Report]
    ) -> None:
        producer = lonely()

        def start() -> Promise[Any]:
            promise = polled(producer)("topic", b"lost")
            producer.purge()
            return promise

        with pytest.raises(CallbackError, match="_PURGE_QUEUE") as caught:
            read(start)
        error, message = caught.value.arguments
        assert isinstance(error, kafka.KafkaError)
        assert not isinstance(error, BaseException)
        assert (error.code(), message.value()) == (PURGED, b"lost")
        assert reports == []

    @both_homes
    def test_an_unknown_partition_rejects_whether_it_is_told_or_raised(self, producer: Any, read: Any) -> None:
        produce = polled(producer, offset)
        with pytest.raises(kafka.KafkaException) as caught:
            read(lambda: produce("topic", b"lost", partition=99))
        assert caught.value.args[0].code() == UNKNOWN_PARTITION
        assert read(lambda: produce("topic", b"value", partition=0)) == 0

    @both_homes
    def test_messages_keep_their_order(self, produce: Produce, read: Any) -> None:
        messages = read(lambda: Promise.all([produce("topic", str(number), partition=0) for number in range(100)]))
        assert [(int(message.value()), message.offset()) for message in messages] == [(n, n) for n in range(100)]

    def test_without_a_pump_flush_is_enough(self, producer: Any) -> None:
        promise = Promise[Any].create(lambda d: producer.produce("topic", b"value", on_delivery=d.error_first))
        assert promise.state == "pending"
        producer.flush(20)
        assert promise.then(lambda message: message.value()).wait(timeout=20) == b"value"

    def test_a_single_wait_can_poll_as_well(self, producer: Any) -> None:
        promise = Promise[Any].create(lambda d: producer.produce("topic", b"value", on_delivery=d.error_first))
        handled = promise.then(lambda message: message.value())
        assert handled.wait(timeout=20, pump=lambda: producer.poll(0.1)) == b"value"


class TestThreads:
    """The library calls on the thread that polls."""

    @both_homes
    def test_the_pump_runs_on_the_home(self, producer: Any, read: Any) -> None:
        seen: list[threading.Thread] = []
        produce = polled(producer, lambda error, message: seen.append(threading.current_thread()))
        handled = read(lambda: produce("topic", b"value").then(lambda _: threading.current_thread()))
        assert [handled, *seen] == [threading.current_thread()] * 2

    @both_homes
    def test_a_thread_may_poll_and_handlers_stay_at_home(self, producer: Any, read: Any) -> None:
        seen: list[threading.Thread] = []
        stopped = threading.Event()

        def poll() -> None:
            while not stopped.is_set():
                producer.poll(0.1)

        def settle(error: Any, message: Any) -> None:
            seen.append(threading.current_thread())

        poller = threading.Thread(target=poll)
        poller.start()
        produce = promisify(producer.produce, callback="on_delivery", style=settle)
        try:
            handled = read(lambda: produce("topic", b"value").then(lambda _: threading.current_thread()))
        finally:
            stopped.set()
            poller.join()
        assert (handled, seen) == (threading.current_thread(), [poller])


class TestRaising:
    def test_what_produce_raises_rejects(self, produce: Produce) -> None:
        produce("topic", b"known").wait(timeout=20)  # from now on an unknown partition is told at once
        with pytest.raises(kafka.KafkaException):
            produce("topic", b"lost", partition=99).wait(timeout=20)
        with pytest.raises(kafka.KafkaException, match="MSG_SIZE_TOO_LARGE"):
            produce("topic", bytes(2_000_000)).wait(timeout=20)

    def test_a_full_queue_rejects_the_message_that_finds_no_room(self, reports: list[Report]) -> None:
        producer = kafka.Producer({"test.mock.num.brokers": 1, "log_level": 0, "queue.buffering.max.messages": 1})
        produce = polled(producer)
        first, second = (produce("topic", value) for value in (b"first", b"second"))
        again = second.catch(BufferError, lambda _: first.then(lambda _: produce("topic", b"again")))
        outcomes = Promise.all_settled([first, second, again]).wait(timeout=20)
        assert [type(outcome) for outcome in outcomes] == [Fulfilled, Rejected, Fulfilled]
        assert again.then(lambda message: message.value()).wait(timeout=20) == b"again"
        gc.collect()
        assert reports == []

    def test_a_function_that_raises_does_not_reach_the_poll(self, producer: Any) -> None:
        produce = polled(producer, lambda error, message: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            produce("topic", b"value").wait(timeout=20)
        promise = produce("topic", b"value")
        assert producer.flush(20) == 0
        assert isinstance(promise.reason, ZeroDivisionError)

    @both_homes
    def test_what_comes_out_of_the_poll_rejects_all_that_wait(self, lonely: Callable[..., Any], read: Any) -> None:
        def refuse(error: Any) -> None:
            raise ConnectionError(error.str())

        produce = polled(lonely(error_cb=refuse))
        outcomes = read(lambda: Promise.all_settled([produce("topic", b"one"), produce("topic", b"two")]))
        assert [type(outcome.reason) for outcome in outcomes] == [ConnectionError] * 2


class TestNever:
    def test_the_library_s_own_timeout_rejects(self, lonely: Callable[..., Any]) -> None:
        produce = polled(lonely(message_timeout_ms=200))
        with pytest.raises(CallbackError, match="_MSG_TIMED_OUT"):
            produce("topic", b"late").wait(timeout=20)

    def test_a_wait_that_is_over_time_leaves_the_outcome_to_the_next(self, lonely: Callable[..., Any]) -> None:
        producer = lonely()
        promise = polled(producer)("topic", b"late")
        with pytest.raises(TimeoutError):
            promise.wait(timeout=0.05)
        producer.purge()
        with pytest.raises(CallbackError, match="_PURGE_QUEUE"):
            promise.wait(timeout=20)

    def test_an_asyncio_timeout_leaves_the_outcome_to_the_next(self, lonely: Callable[..., Any]) -> None:
        async def main() -> None:
            producer = lonely()
            promise = polled(producer)("topic", b"late")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await promise
            producer.purge()
            with pytest.raises(CallbackError, match="_PURGE_QUEUE"):
                async with asyncio.timeout(20):
                    await promise

        asyncio.run(main())

    def test_a_producer_that_everybody_has_dropped_is_kept_by_its_pump(self) -> None:
        promise = polled(kafka.Producer({"test.mock.num.brokers": 1, "log_level": 0}))("topic", b"value")
        gc.collect()
        assert promise.then(lambda message: message.value()).wait(timeout=20) == b"value"

    def test_a_producer_that_is_dropped_without_a_pump_never_calls(self) -> None:
        def forgotten() -> Promise[Any]:
            producer = kafka.Producer({"test.mock.num.brokers": 1, "log_level": 0})
            return Promise[Any].create(lambda d: producer.produce("topic", b"value", on_delivery=d.error_first))

        promise = forgotten()
        gc.collect()
        with pytest.raises((TimeoutError, BrokenPromise)):  # some versions leak the callback
            promise.wait(timeout=0.05)


class TestAdmin:
    """Its functions give futures, which are settled on a thread of C."""

    @pytest.fixture
    def client(self, producer: Any) -> Any:
        producer.produce("topic", b"value", partition=0)
        producer.flush(20)
        (broker,) = producer.list_topics(timeout=20).brokers.values()
        return admin.AdminClient({"bootstrap.servers": f"{broker.host}:{broker.port}", "log_level": 0})

    def offset(self, client: Any, partition: int) -> Promise[Any]:
        """Ask for the end of a partition."""
        asked = {kafka.TopicPartition("topic", partition): admin.OffsetSpec.latest()}
        (future,) = client.list_offsets(asked, request_timeout=20).values()
        return Promise[Any].resolve(future)

    @both_homes
    def test_a_future_is_adopted(self, client: Any, read: Any) -> None:
        assert read(lambda: self.offset(client, 0).then(lambda found: found.offset)) == 1

    @both_homes
    def test_its_failure_is_an_exception(self, client: Any, read: Any, reports: list[Report]) -> None:
        with pytest.raises(kafka.KafkaException, match="_NOENT"):
            read(lambda: self.offset(client, 99))
        gc.collect()
        assert reports == []

    @both_homes
    def test_a_dict_of_futures_is_a_dict_of_promises(self, client: Any, read: Any) -> None:
        topics = [admin.NewTopic(name, 1, 1) for name in ("one", "two")]  # this broker never answers to that
        outcomes = read(
            lambda: Promise.all_settled_keyed(client.create_topics(topics, operation_timeout=0, request_timeout=0.2))
        )
        assert {name: type(outcome.reason) for name, outcome in outcomes.items()} == dict.fromkeys(
            ("one", "two"), kafka.KafkaException
        )

    def test_handlers_run_at_home(self, client: Any) -> None:
        handled = self.offset(client, 0).then(lambda _: threading.current_thread())
        assert handled.wait(timeout=20) is threading.current_thread()
