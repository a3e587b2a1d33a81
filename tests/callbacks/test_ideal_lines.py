"""One line for each library of the survey, against a small fake that behaves, and misbehaves, as the library does."""

from __future__ import annotations

import asyncio
import inspect
import sched
import signal
import socket
import threading
import weakref
from collections.abc import Callable
from multiprocessing.pool import ThreadPool
from typing import Any

import pytest

from promisepy import CallbackError, Promise, promisify

from ..support import on_a_thread
from .helpers import on_a_loop, reason_of, value_of

pytestmark = pytest.mark.usefixtures("nothing_lost")

Callback = Callable[..., Any]


def test_pool_two_keywords_on_a_library_thread() -> None:
    with ThreadPool(1) as pool:
        run = promisify(pool.apply_async, style="two_keywords")
        assert value_of(run(divmod, (7, 2))) == (3, 1)
        assert type(reason_of(run(divmod, (7, 0)))) is ZeroDivisionError


def test_threading_timer_callback_in_the_middle_and_started_by_check() -> None:
    sleep = promisify(threading.Timer, callback=1, check=threading.Timer.start)
    assert value_of(sleep(0.001)) is None
    assert value_of(sleep(0.001, ["rang"])) == "rang"


def test_sched_callback_third_and_polled_by_wait() -> None:
    clock = sched.scheduler()
    enter = promisify(clock.enter, callback="action")
    assert enter(0.001, 1, argument=("rang",)).wait(timeout=20, pump=lambda: clock.run(blocking=False)) == "rang"


def test_call_later_in_a_loop() -> None:
    async def main() -> None:
        assert await promisify(asyncio.get_running_loop().call_later, callback=1)(0.001, "rang") == "rang"

    on_a_loop(main())


def test_signal_handler_with_two_arguments() -> None:
    d = Promise[int].with_resolvers()
    previous = signal.signal(signal.SIGUSR1, d.via(lambda number, frame: number))
    signal.raise_signal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, previous)
    assert value_of(d.promise) == signal.SIGUSR1


def test_finaliser_of_an_object() -> None:
    class Thing:
        pass

    things = [Thing()]
    gone = Promise[str].create(lambda d: weakref.finalize(things[0], d.resolve, "gone"))
    assert gone.state == "pending"
    things.clear()
    assert value_of(gone) == "gone"


def test_add_reader_of_a_loop() -> None:
    async def main() -> bytes:
        loop, (ours, theirs) = asyncio.get_running_loop(), socket.socketpair()
        with ours, theirs:
            readable = Promise[bytes].create(lambda d: loop.add_reader(ours, d.via(lambda: ours.recv(9))))
            theirs.send(b"hello")
            return await readable.finally_(lambda: loop.remove_reader(ours))

    assert on_a_loop(main()) == b"hello"


def test_dns_value_first_error_last_that_fails_twice() -> None:
    class Channel:
        """Calls back at once for literal addresses; a bad name is told and raised."""

        def query(self, name: str, kind: str, callback: Callback) -> None:
            if name == "bad name":
                callback(None, 8)
                raise ValueError("8, misformatted")
            callback([name, kind], None)

    query = promisify(Channel().query, callback="callback", style="error_last")
    assert value_of(query("127.0.0.1", "A")) == ["127.0.0.1", "A"]
    reason = reason_of(query("bad name", "A"))
    assert isinstance(reason, CallbackError)
    assert reason.arguments == (None, 8)


def test_producer_error_first_by_keyword_polled_with_an_error_that_is_no_exception() -> None:
    class KafkaError:
        def __bool__(self) -> bool:
            return True  # code 0 is success there, but then None is passed

    class Producer:
        def __init__(self) -> None:
            self.queue: list[tuple[Callback, tuple[Any, ...]]] = []

        def produce(self, topic: str, value: bytes, *, on_delivery: Callback | None = None) -> None:
            if len(self.queue) == 2:
                raise BufferError("queue full")
            assert on_delivery is not None
            self.queue.append((on_delivery, (None if topic == "known" else KafkaError(), value)))

        def poll(self, timeout: float) -> int:
            for callback, arguments in self.queue:
                callback(*arguments)
            return self.queue.clear() or 0

    producer = Producer()
    produce = promisify(producer.produce, callback="on_delivery", style="error_first", pump=lambda: producer.poll(0))
    first, second, third = produce("known", b"1"), produce("unknown", b"2"), produce("known", b"3")
    assert value_of(first) == b"1"
    reason = reason_of(second)
    assert isinstance(reason, CallbackError)
    assert type(reason.arguments[0]) is KafkaError
    assert reason.arguments[1] == b"2"
    assert type(reason_of(third)) is BufferError


class DoneFuture:
    """A future that is done already, so that a late callback is called at once, by whoever adds it."""

    def __init__(self, value: Any = None, error: BaseException | None = None) -> None:
        self.value, self.error = value, error

    def add_callback(self, callback: Callback, *bound: Any) -> DoneFuture:
        if self.error is None:
            callback(*bound, self.value)
        return self

    def add_errback(self, errback: Callback, *bound: Any) -> DoneFuture:
        if self.error is not None:
            errback(*bound, self.error)
        return self

    def add_callbacks(self, callback: Callback, errback: Callback) -> None:
        self.add_callback(callback).add_errback(errback)


@pytest.mark.parametrize("style", ["add_callback", "add_callbacks"])
def test_futures_of_kafka_python_and_cassandra(style: Any) -> None:
    error = ConnectionError("lost")
    assert value_of(promisify(lambda: DoneFuture("row"), style=style)()) == "row"
    assert reason_of(promisify(lambda: DoneFuture(error=error), style=style)()) is error
    by_hand = Promise[Any].create(lambda d: DoneFuture(error=error).add_callback(d.resolve).add_errback(d.reject))
    assert reason_of(by_hand) is error
    bound = Promise[Any].create(lambda d: DoneFuture("row").add_callback(d.via(lambda *both: both), "tag"))
    assert value_of(bound) == ("tag", "row")


def test_failure_objects_that_raise_and_a_chain_that_needs_none_returned() -> None:
    class Failure:
        def raiseException(self) -> None:
            raise LookupError("in a thread")

    class Deferred:
        def addCallbacks(self, callback: Callback, errback: Callback) -> None:
            assert errback(Failure()) is None

    promise = Promise[Any].create(
        lambda d: Deferred().addCallbacks(d.resolve, d.via(lambda failure: failure.raiseException()))
    )
    assert type(reason_of(promise)) is LookupError


def test_result_objects_that_have_to_be_asked_also_after_a_failure() -> None:
    class AsyncResult:
        def then(self, callback: Callback) -> None:
            callback(self)  # on failure, too

        def failed(self) -> bool:
            return True

    def ask(result: Any) -> Any:
        if result.failed():
            raise RuntimeError("failed")

    assert type(reason_of(promisify(AsyncResult, callback="().then", style=ask)())) is RuntimeError


def test_upload_subscriber_called_with_keywords_only_on_a_library_thread() -> None:
    def upload(body: bytes, subscribers: list[Any]) -> None:
        def finish() -> None:
            for one in subscribers:
                assert inspect.signature(one.on_done).bind(future=5, extra=6)  # refused otherwise
                one.on_done(future=DoneFuture(len(body)), transfer_id=7)

        threading.Thread(target=finish).start()

    class Done:
        def __init__(self, callback: Callback) -> None:
            self.on_done = callback

    done = Promise[int].create(lambda d: upload(b"body", [Done(d.via(lambda future, **_: future.value))]))
    assert value_of(done) == 4


def test_response_hook_whose_result_would_replace_the_response() -> None:
    def request(url: str, hooks: dict[str, Callback]) -> Any:
        response: Any = f"page {url}"
        replaced = hooks["response"](response, timeout=5, verify=True)
        return response if replaced is None else replaced

    d = Promise[str].with_resolvers()
    assert request("/", hooks={"response": d.via(lambda response, **_: response)}) == "page /"
    assert value_of(d.promise) == "page /"


def test_socket_acknowledgement_with_any_number_of_values() -> None:
    def emit(event: str, *data: Any, callback: Callback) -> None:
        callback(*data)

    for data in ((), (1,), (1, 2)):
        by_create = Promise[Any].create(lambda d, data=data: emit("e", *data, callback=d.via(lambda *all: all)))
        assert value_of(by_create) == data
        assert value_of(promisify(emit, callback="callback")("e", *data)) == (
            data if len(data) > 1 else (*data, None)[0]
        )


def test_web_socket_that_opens_or_reports_an_error_and_closes_as_well() -> None:
    class App:
        def __init__(self, url: str, on_open: Callback, on_error: Callback, on_close: Callback) -> None:
            if url == "ok":
                on_open(self)
            else:
                on_error(self, ConnectionError("refused"))
            on_close(self, 1006, "abnormal")

    def second(app: App, error: BaseException) -> None:
        raise error

    def connect(url: str) -> Promise[Any]:
        return Promise[Any].create(lambda d: App(url, d.resolve, d.via(second), d.via(closed)))

    def closed(app: App, code: int, message: str) -> None:
        raise EOFError(code, message)

    assert type(value_of(connect("ok"))) is App
    assert type(reason_of(connect("wrong"))) is ConnectionError


def test_message_queue_client_with_attributes_that_connects_again() -> None:
    class Client:
        on_connect: Callback | None = None
        on_connect_fail: Callback | None = None

        def connect(self, *codes: int) -> None:
            for code in codes:
                assert self.on_connect is not None
                assert self.on_connect(self, None, {}, code, None) is None

    def check(client: Client, userdata: Any, flags: dict[str, Any], code: int, properties: Any) -> Client:
        if code:
            raise ConnectionRefusedError(code)
        return client

    for codes, succeeds in (((0, 5, 0), True), ((5, 0), False)):
        client = Client()
        d = Promise[Client].with_resolvers()
        client.on_connect, client.on_connect_fail = d.via(check), d.reject
        on_a_thread(client.connect, *codes)
        if succeeds:
            assert value_of(d.promise) is client
        else:
            assert type(reason_of(d.promise)) is ConnectionRefusedError
        one_line = promisify(client.connect, callback=".on_connect", style=check)
        assert (value_of(one_line(*codes)) is client) if succeeds else reason_of(one_line(*codes))
