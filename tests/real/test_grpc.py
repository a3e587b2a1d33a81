"""grpcio: the future of a call is an exception, also when the call has succeeded."""

from __future__ import annotations

import asyncio
import gc
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from promisepy import Cancelled, Convention, Emitter, Promise, Rejected, Report, Stream, promisify, stream

from ..servers import library
from ..support import both_homes

grpc = library("grpc", "grpcio")
aio = library("grpc.aio", "grpcio")

NOT_FOUND, DEADLINE_EXCEEDED = grpc.StatusCode.NOT_FOUND, grpc.StatusCode.DEADLINE_EXCEEDED


class Service:
    """Shouts back, or counts; a late request is answered when told to."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.ended = threading.Event()

    def shout(self, request: bytes, context: Any) -> bytes:
        if request == b"unknown":
            context.abort(NOT_FOUND, "no such word")
        if request == b"late":
            self.may_answer.wait(20)
        return request.upper()

    def count(self, request: bytes, context: Any) -> Iterator[bytes]:
        context.add_callback(self.ended.set)
        yield from (str(number).encode() for number in range(int(request)))
        if request == b"2":
            context.abort(NOT_FOUND, "no more")
        if request == b"3":
            self.ended.wait(20)

    def handlers(self) -> Any:
        methods = {
            "Shout": grpc.unary_unary_rpc_method_handler(self.shout),
            "Count": grpc.unary_stream_rpc_method_handler(self.count),
        }
        return grpc.method_handlers_generic_handler("Service", methods)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def target(service: Service) -> Iterator[str]:
    """Run a server."""
    with ThreadPoolExecutor(4) as executor:
        server = grpc.server(executor)
        server.add_generic_rpc_handlers((service.handlers(),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        service.may_answer.set()
        server.stop(None).wait(20)


@pytest.fixture
def channel(target: str) -> Iterator[Any]:
    with grpc.insecure_channel(target) as channel:
        yield channel


@pytest.fixture
def shout(channel: Any) -> Any:
    """Give a method such as the code that protobuf generates has."""
    return channel.unary_unary("/Service/Shout")


class TestOutcomes:
    @both_homes
    def test_a_call_that_is_an_exception_and_succeeds_fulfils(
        self, shout: Any, read: Any, reports: list[Report]
    ) -> None:
        call = shout.future(b"hello")
        assert isinstance(call, Exception)  # the trap
        assert read(lambda: Promise.resolve(call)) == b"HELLO"
        assert read(lambda: Promise.resolve(call)) == b"HELLO"  # now that it is done
        gc.collect()
        assert reports == []

    @both_homes
    def test_an_aborted_call_rejects_with_its_status(self, shout: Any, read: Any) -> None:
        with pytest.raises(grpc.RpcError) as caught:
            read(lambda: Promise.resolve(shout.future(b"unknown")))
        assert (caught.value.code(), caught.value.details()) == (NOT_FOUND, "no such word")

    @both_homes
    def test_a_call_that_a_handler_returns_is_adopted(self, shout: Any, read: Any) -> None:
        ask = shout.future
        assert read(lambda: Promise.resolve(ask(b"a")).then(lambda word: ask(word + b"b"))) == b"AB"

    @both_homes
    def test_a_call_is_adopted_by_combinators_and_resolve(self, shout: Any, read: Any) -> None:
        assert read(lambda: Promise.all([shout.future(b"a"), shout.future(b"b")])) == [b"A", b"B"]
        assert read(lambda: Promise[Any](lambda resolve, reject: resolve(shout.future(b"c")))) == b"C"

    @both_homes
    def test_a_failed_call_that_is_a_reason_is_not_adopted(self, shout: Any, read: Any) -> None:
        call = shout.future(b"unknown")
        assert call.exception() is call
        outcomes = read(lambda: Promise.all_settled([call, Promise.reject(call)]))
        assert outcomes == [Rejected(call)] * 2

    def test_reading_a_failure_again_adds_nothing_to_its_traceback(self, shout: Any) -> None:
        promise = Promise[Any].resolve(shout.future(b"unknown"))
        lengths = []
        for _ in range(3):
            with pytest.raises(grpc.RpcError) as caught:
                promise.wait(timeout=20)
            lengths.append(len(traceback.extract_tb(caught.value.__traceback__)))
        assert lengths == lengths[:1] * 3

    def test_a_wrapped_method_gives_promises(self, shout: Any) -> None:
        ask = promisify(shout.future, style="done_callback", result=bytes)
        assert ask(b"hello", timeout=20).wait(timeout=20) == b"HELLO"
        refused = ask(b"unknown").catch(grpc.RpcError, lambda error: error.code())
        assert refused.wait(timeout=20) is NOT_FOUND

    def test_a_call_on_a_closed_channel_rejects(self, target: str) -> None:
        with grpc.insecure_channel(target) as channel:
            shout = channel.unary_unary("/Service/Shout")
        with pytest.raises(ValueError, match="closed"):
            Promise.try_(shout.future, b"hello").wait(timeout=20)


class TestThreads:
    """Calls are settled on a thread of the channel, or where a callback is added too late."""

    def asking(self, shout: Any, seen: list[threading.Thread]) -> Any:
        def read(call: Any) -> tuple[Any]:
            seen.append(threading.current_thread())
            return (call.result(),)

        return promisify(shout.future, style=Convention("().add_done_callback", outcome=read))

    @both_homes
    def test_handlers_run_at_home(self, shout: Any, service: Service, read: Any) -> None:
        seen: list[threading.Thread] = []

        def start() -> Promise[Any]:
            handled = self.asking(shout, seen)(b"late").then(lambda _: threading.current_thread())
            service.may_answer.set()
            return handled

        assert read(start) is threading.current_thread()
        assert len(seen) == 1
        assert seen[0] is not threading.current_thread()

    def test_a_callback_that_is_added_too_late_is_called_at_once(self, shout: Any) -> None:
        call, log = shout.future(b"hello"), []
        call.result()
        promise = promisify(lambda: call, style="done_callback")()
        assert promise.state == "fulfilled"
        handled = promise.then(log.append)
        log.append("returned")
        handled.wait(timeout=20)
        assert log == ["returned", b"HELLO"]


class TestLate:
    @both_homes
    @pytest.mark.parametrize(
        "follow",
        [Promise.resolve, lambda call: promisify(lambda: call, style="done_callback")()],
        ids=["adopted", "wrapped"],
    )
    def test_a_cancelled_call_rejects_with_cancelled_because_of_the_library_s_error(
        self, shout: Any, read: Any, follow: Any
    ) -> None:
        def start() -> Promise[Any]:
            call = shout.future(b"late")
            promise: Promise[Any] = follow(call)
            assert call.cancel()
            return promise

        with pytest.raises(Cancelled) as caught:
            read(start)
        assert isinstance(caught.value.__cause__, grpc.FutureCancelledError)

    @both_homes
    def test_a_deadline_rejects_with_its_status(self, shout: Any, read: Any) -> None:
        with pytest.raises(grpc.RpcError) as caught:
            read(lambda: Promise.resolve(shout.future(b"late", timeout=0.05)))
        assert caught.value.code() is DEADLINE_EXCEEDED

    def test_a_closed_channel_rejects_what_waits(self, target: str) -> None:
        with grpc.insecure_channel(target) as channel:
            promise = Promise[Any].resolve(channel.unary_unary("/Service/Shout").future(b"late"))
            Promise.resolve().wait()  # adopted by a job
        with pytest.raises(grpc.RpcError, match="CANCELLED"):
            promise.wait(timeout=20)

    def test_a_wait_that_is_over_time_leaves_the_answer_to_the_next(self, shout: Any, service: Service) -> None:
        promise = Promise[Any].resolve(shout.future(b"late"))
        with pytest.raises(TimeoutError):
            promise.wait(timeout=0.05)
        service.may_answer.set()
        assert promise.wait(timeout=20) == b"LATE"

    def test_an_asyncio_timeout_cancels_the_call_of_a_lone_waiter(self, shout: Any) -> None:
        async def main() -> None:
            promise = Promise[Any].resolve(call := shout.future(b"late"))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await promise
            await Promise.resolve().then()  # the call is cancelled by a job
            assert (call.cancelled(), type(promise.reason)) == (True, Cancelled)

        asyncio.run(main())

    def test_an_asyncio_timeout_leaves_a_shielded_answer_to_the_next(self, shout: Any, service: Service) -> None:
        async def main() -> bytes:
            promise = Promise[Any].resolve(shout.future(b"late"))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await promise.shield()
            service.may_answer.set()
            async with asyncio.timeout(20):
                return await promise

        assert asyncio.run(main()) == b"LATE"


class TestAio:
    """The futures of `grpc.aio` are awaitables, of asyncio."""

    def test_a_call_is_awaited_in_the_loop(self, target: str) -> None:
        async def main() -> list[Any]:
            async with aio.insecure_channel(target) as channel:
                shout = channel.unary_unary("/Service/Shout")
                late = Promise[Any].resolve(call := shout(b"late"))
                Promise[None].resolve().then(lambda _: call.cancel())
                outcomes = await Promise.all_settled([shout(b"hello"), shout(b"unknown"), late])
                return [outcomes[0].value, outcomes[1].reason.code(), type(outcomes[2].reason)]

        assert asyncio.run(main()) == [b"HELLO", NOT_FOUND, Cancelled]


class TestStreams:
    """A thread reads the answers of a streaming call."""

    def numbers(self, channel: Any, count: int) -> Stream[bytes]:
        call = channel.unary_stream("/Service/Count")(str(count).encode())
        flowing = threading.Event()
        flowing.set()

        def read(emitter: Emitter[Any]) -> None:
            try:
                for answer in call:
                    emitter.emit(answer)
                    assert flowing.wait(20)
            except Exception as error:
                emitter.fail(error)
            else:
                emitter.close()

        return stream(
            lambda emitter: threading.Thread(target=read, args=(emitter,)).start(),
            lambda _: call.cancel(),
            maxsize=4,
            on_full=(flowing.clear, flowing.set),
        )

    def test_a_slow_consumer_gets_all_answers_in_order(self, channel: Any, reports: list[Report]) -> None:
        assert list(self.numbers(channel, 500)) == [str(number).encode() for number in range(500)]
        gc.collect()
        assert reports == []

    def test_a_failure_comes_after_the_answers_before_it(self, channel: Any) -> None:
        seen: list[bytes] = []
        with pytest.raises(grpc.RpcError, match="no more"):
            seen.extend(self.numbers(channel, 2))
        assert seen == [b"0", b"1"]

    def test_leaving_the_loop_cancels_the_call(self, channel: Any, service: Service, reports: list[Report]) -> None:
        async def main() -> None:
            async with asyncio.timeout(20):
                async for answer in self.numbers(channel, 3):
                    if answer == b"2":
                        break

        asyncio.run(main())
        assert service.ended.wait(20)
        gc.collect()
        assert reports == []
