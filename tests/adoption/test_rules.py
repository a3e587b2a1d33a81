"""S8: by which rule a promise takes on the outcome of something foreign, in which order, and what is a plain value."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Generator
from typing import Any
from unittest.mock import AsyncMock, MagicMock, Mock

import pytest

from promisepy import Cancelled, Promise, Report

from ..support import turn


# One class for each rule that goes by methods; what its outcome is tells which rule took it.
class FutureLike:
    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        callback(self)

    def exception(self) -> BaseException | None:
        return None

    def result(self) -> Any:
        return "future"


class DeferredLike:
    def addCallbacks(self, callback: Callable[..., object], errback: Callable[..., object]) -> None:
        callback("deferred")

    def addErrback(self, errback: Callable[..., object]) -> None:
        raise AssertionError


class KazooLike:
    value = "kazoo"
    exception = None

    def rawlink(self, callback: Callable[..., object]) -> None:
        raise AssertionError

    def ready(self) -> bool:
        return True

    def successful(self) -> bool:
        return True

    def get_nowait(self) -> str:
        return "kazoo"


class GreenletLike:
    value = "greenlet"
    exception = None

    def rawlink(self, callback: Callable[..., object]) -> None:
        raise AssertionError

    def ready(self) -> bool:
        return True

    def kill(self, *, block: bool) -> None:
        raise AssertionError


class CeleryLike:
    result = "celery"

    def then(self, callback: Callable[..., object], errback: Callable[..., object]) -> None:
        callback(self)

    def successful(self) -> bool:
        return True


class AwaitableLike:
    def __await__(self) -> Generator[Any, None, str]:
        yield
        return "awaitable"


class ThenableLike:
    def then(self, on_fulfilled: Callable[..., object], on_rejected: Callable[..., object]) -> None:
        on_fulfilled("thenable")


RULES: dict[str, type] = {
    "future": FutureLike,
    "deferred": DeferredLike,
    "kazoo": KazooLike,
    "greenlet": GreenletLike,
    "celery": CeleryLike,
    "awaitable": AwaitableLike,
    "thenable": ThenableLike,
}


def outcome(value: object) -> Any:
    return Promise.resolve(value).wait(timeout=20)


class TestOrder:
    """The first rule that fits is taken."""

    @pytest.mark.parametrize("name", RULES)
    def test_each_rule_takes_what_has_its_methods(self, name: str) -> None:
        assert outcome(RULES[name]()) == name

    @pytest.mark.parametrize("name", ["future", "deferred", "kazoo", "greenlet", "celery", "thenable"])
    def test_a_rule_comes_before_all_later_ones_that_fit_as_well(self, name: str) -> None:
        names = [other for other in RULES if other != "awaitable"]
        bases = tuple(RULES[other] for other in names[names.index(name) :])
        assert outcome(type("FitsAll", bases, {})()) == name

    @pytest.mark.parametrize("name", ["deferred", "kazoo", "greenlet", "celery", "awaitable"])
    def test_a_rule_comes_before_awaiting_and_awaiting_before_then(self, name: str) -> None:
        names = list(RULES)
        bases = tuple(RULES[other] for other in names[names.index(name) :])
        assert outcome(type("FitsAll", bases, {})()) == name

    def test_what_can_be_awaited_and_only_announces_its_end_is_awaited(self) -> None:
        class Call(AwaitableLike):  # the shape of grpc.aio's calls: no result() to ask for
            def add_done_callback(self, callback: Callable[[Any], object]) -> None:
                raise AssertionError

        assert outcome(Call()) == "awaitable"

    @pytest.mark.parametrize(
        ("kind", "missing"),
        [
            (DeferredLike, "addErrback"),
            (KazooLike, "ready"),
            (KazooLike, "get_nowait"),
            (GreenletLike, "kill"),
            (GreenletLike, "value"),
        ],
    )
    def test_what_lacks_one_of_the_methods_of_a_rule_is_a_value(self, kind: type, missing: str) -> None:
        lacking = type("Lacking", (), {name: part for name, part in vars(kind).items() if name != missing})()
        assert outcome(lacking) is lacking

    @pytest.mark.parametrize("missing", ["successful", "result"])
    def test_what_lacks_a_part_of_a_celery_result_is_an_ordinary_thenable(self, missing: str) -> None:
        parts = {name: part for name, part in vars(CeleryLike).items() if name != missing}
        # What celery's own `then` passes is the result itself; here that would be followed for ever.
        parts["then"] = lambda self, callback, errback: callback("thenable")
        assert outcome(type("Lacking", (), parts)()) == "thenable"

    def test_what_announces_its_end_but_has_no_result_is_a_value(self) -> None:
        class StreamingCall:  # the shape of grpc.aio's streams
            def add_done_callback(self, callback: Callable[[Any], object]) -> None:
                callback(self)

        call = StreamingCall()
        assert outcome(call) is call


class TestFailures:
    """Of libraries whose failures are told in a way of their own."""

    def test_a_celery_result_passes_itself_also_when_it_has_failed(self) -> None:
        class Failed(CeleryLike):
            result = error = ValueError("failed")  # type: ignore[assignment]  # as celery's, whose result is the reason then

            def successful(self) -> bool:
                return False

        with pytest.raises(ValueError, match="failed"):
            outcome(Failed())

    def test_a_cancelled_deferred_is_a_cancelled_promise(self) -> None:
        defer = pytest.importorskip("twisted.internet.defer")
        deferred = defer.Deferred()
        promise: Promise[Any] = Promise.resolve(deferred)
        Promise.resolve().then().wait(timeout=20)
        deferred.cancel()
        assert type(promise.catch(lambda error: error).wait(timeout=20)) is Cancelled


GreenletExit = type("GreenletExit", (BaseException,), {"__module__": "greenlet"})


class TestGreenlets:
    """What gevent's do; that they do it, `tests/real` shows."""

    class Greenlet:
        value: Any = None
        exception: BaseException | None = None

        def __init__(self) -> None:
            self.is_over = False
            self.links: list[Callable[..., object]] = []
            self.kills: list[bool] = []

        def ready(self) -> bool:
            return self.is_over

        def rawlink(self, callback: Callable[..., object]) -> None:
            self.links.append(callback)

        def kill(self, *, block: bool) -> None:
            self.kills.append(block)

        def end(self, value: Any = None, exception: BaseException | None = None) -> None:
            self.value, self.exception, self.is_over = value, exception, True
            for link in self.links:
                link(self)

    @pytest.mark.parametrize("is_ready", [True, False])
    @pytest.mark.parametrize(
        ("end", "expected"),
        [(("value",), "value"), ((None, OSError("lost")), OSError), ((GreenletExit(),), Cancelled)],
    )
    def test_the_outcome_of_one_is_taken_on(self, is_ready: bool, end: Any, expected: Any) -> None:
        greenlet = self.Greenlet()
        if is_ready:
            greenlet.end(*end)
        promise: Promise[Any] = Promise.resolve(greenlet).catch(BaseException, type)
        turn()
        if not is_ready:
            greenlet.end(*end)
        assert promise.wait(timeout=20) == expected

    def test_a_cancelled_promise_kills_it_without_waiting_if_it_is_still_there(self) -> None:
        for is_kept in (True, False):
            greenlet = self.Greenlet()
            kills = greenlet.kills
            promise: Promise[Any] = Promise.resolve(greenlet)
            callbacks = greenlet.links
            turn()
            if not is_kept:
                del greenlet
            promise.cancel()
            turn()
            assert kills == [False] * is_kept
            assert len(callbacks) == 1


class Stoppable(FutureLike):
    """One that is never done."""

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        self.callback = callback

    def cancel(self) -> None:
        """Be stopped."""


@pytest.mark.parametrize(
    ("kind", "stops"),
    [(Stoppable, True), (FutureLike, False), (DeferredLike, True), (KazooLike, False), (CeleryLike, False)]
    + [(ThenableLike, False), (GreenletLike, True)],
)
def test_what_gives_up_waiting_before_it_has_begun_goes_along_if_the_work_can_be_stopped(
    kind: type, stops: bool
) -> None:
    promise: Promise[Any] = Promise.resolve(kind())
    promise.to_future().cancel()
    assert (type(promise.reason) is Cancelled) is stops
    Promise.resolve().then().wait(timeout=20)


class TestGenericFutures:
    """Anything with `add_done_callback` and `result`; `exception` is asked first where there is one."""

    def test_a_result_is_only_asked_for_when_there_is_no_exception(self) -> None:
        class Failed(FutureLike):
            def exception(self) -> Exception:
                return ValueError("from exception()")

            def result(self) -> Any:
                raise AssertionError

        with pytest.raises(ValueError, match="from exception"):
            outcome(Failed())

    def test_an_exception_is_a_value_where_the_result_is_one(self) -> None:
        error = ValueError("a value")

        class Succeeded(FutureLike):
            def result(self) -> Any:
                return error

        assert outcome(Succeeded()) is error

    def test_a_future_that_is_an_exception_itself_is_followed(self) -> None:
        class Call(FutureLike, Exception):  # as grpc's calls are, also when they succeed
            pass

        assert outcome(Call()) == "future"

    def test_an_exception_that_is_raised_while_asking_is_the_reason(self) -> None:
        class Cancelled(FutureLike):
            def exception(self) -> Exception:
                raise LookupError("cancelled")

        with pytest.raises(LookupError, match="cancelled"):
            outcome(Cancelled())

    def test_the_callback_s_argument_is_asked_and_not_the_future_that_was_given(self) -> None:
        class Proxy(FutureLike):
            def add_done_callback(self, callback: Callable[[Any], object]) -> None:
                callback(FutureLike())

            def result(self) -> Any:
                raise AssertionError

        assert outcome(Proxy()) == "future"

    @pytest.mark.parametrize(("answer", "kind"), [(True, Cancelled), (False, OSError), ("a mock's", OSError)])
    def test_an_error_of_a_library_s_own_means_cancelled_if_the_future_says_so(self, answer: Any, kind: type) -> None:
        class Ended(FutureLike):
            def exception(self) -> None:
                raise OSError("ended")

            def cancelled(self) -> Any:
                return answer

        assert type(Promise.resolve(Ended()).catch(lambda error: error).wait(timeout=10)) is kind

    def test_one_that_cannot_be_referred_to_weakly_is_cancelled_all_the_same(self) -> None:
        class Slotted:
            __slots__ = ("callback", "cancels")

            def add_done_callback(self, callback: Any) -> None:
                self.callback, self.cancels = callback, 0

            def result(self) -> None:
                raise NotImplementedError

            def cancel(self) -> None:
                self.cancels += 1

        future = Slotted()
        promise = Promise.resolve(future)
        Promise.resolve().then().wait(timeout=10)
        promise.cancel()
        Promise.resolve().then().wait(timeout=10)
        assert future.cancels == 1


class Claimant:
    """Hands everything on to a future of asyncio, and claims to be one; its subclasses lack something."""

    _asyncio_future_blocking = False

    def __init__(self, future: asyncio.Future[str]) -> None:
        self.future = future


def handed_on(name: str) -> Callable[..., Any]:
    return lambda self, *arguments, **named: getattr(self.future, name)(*arguments, **named)


METHODS = (
    "get_loop",
    "done",
    "exception",
    "cancel",
    "cancelled",
    "result",
    "add_done_callback",
    "remove_done_callback",
)


class TestWhatClaimsToBeAFutureOfAsyncio:
    """`asyncio.isfuture` says yes, and something is missing: PyGObject's awaitables have no `get_loop`."""

    @pytest.mark.parametrize("missing", [*METHODS, "__await__"])
    @pytest.mark.parametrize("without", ["get_loop", "done", "nothing else"])
    @pytest.mark.parametrize("when", ["before", "later", "failed", "cancelled"])
    def test_its_outcome_is_taken_on_if_it_can_be_had(self, missing: str, without: str, when: str) -> None:
        members = {name: handed_on(name) for name in [*METHODS, "__await__"] if name not in (missing, without)}
        kind = type("Claims", (Claimant,), members)

        async def main() -> Any:
            future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            if when == "before":
                future.set_result("outcome")
            value = kind(future)
            promise: Promise[Any] = Promise.resolve(value)
            await asyncio.sleep(0)
            if when == "later":
                future.set_result("outcome")
            elif when == "failed":
                future.set_exception(OSError("outcome"))
            elif when == "cancelled":
                future.cancel()
            async with asyncio.timeout(20):
                got = await promise.catch(lambda reason: type(reason).__name__)
            return "itself" if got is value else got

        can_be_watched = hasattr(kind, "add_done_callback") and hasattr(kind, "result")
        if can_be_watched or hasattr(kind, "__await__"):
            assert asyncio.run(main()) == {"failed": "OSError", "cancelled": "Cancelled"}.get(when, "outcome")
        else:
            assert asyncio.run(main()) == "itself"

    def test_one_that_cannot_be_cancelled_is_let_go_also_by_another_loop(self, reports: list[Report]) -> None:
        kind = type("Uncancellable", (Claimant,), {name: handed_on(name) for name in METHODS if name != "cancel"})

        async def let_go(future: Claimant) -> BaseException | None:
            promise: Promise[Any] = Promise.resolve(future)
            await Promise.resolve().then()  # so that it is followed
            promise.cancel()
            await Promise.resolve().then()
            return promise.reason

        async def main() -> None:
            future = kind(asyncio.get_running_loop().create_future())
            assert type(await let_go(future)) is Cancelled
            assert type(await asyncio.to_thread(lambda: asyncio.run(let_go(future)))) is Cancelled
            assert not future.future.done()

        asyncio.run(main())
        assert reports == []


class Word(enum.Enum):
    THEN = 1
    then = 2


class Step:
    then: Any = "next"


class AnswersToEverything:
    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: None


class Assigned:
    def __init__(self) -> None:
        self.then = self.add_done_callback = self.addCallbacks = self.addErrback = lambda *arguments: None


VALUES: dict[str, Any] = {
    "Mock": Mock(),
    "MagicMock": MagicMock(),
    "AsyncMock": AsyncMock(),
    "Mock of a thenable": Mock(spec=ThenableLike),
    "Mock of a deferred": Mock(spec=DeferredLike),
    "instance that answers to every name": AnswersToEverything(),
    "instance with assigned functions": Assigned(),
    "class with then": ThenableLike,
    "class with add_done_callback": FutureLike,
    "class attribute then that is no function": Step(),
    "member of an enumeration with then": Word.THEN,
    "member of an enumeration called then": Word.then,
}


@pytest.mark.parametrize("name", VALUES)
def test_what_has_no_methods_of_a_rule_on_its_type_is_a_value(name: str) -> None:
    value = VALUES[name]
    assert outcome(value) is value
    assert Promise.resolve().then(lambda _: value).wait(timeout=20) is value
    assert Promise.all([value]).wait(timeout=20)[0] is value


def test_a_class_whose_metaclass_has_then_is_a_thenable() -> None:
    class Meta(type):
        def then(cls, on_fulfilled: Callable[..., object], on_rejected: Callable[..., object]) -> None:
            on_fulfilled("metaclass")

    class Sample(metaclass=Meta):
        pass

    assert outcome(Sample) == "metaclass"


class OwnFuture:
    """Calls back like a future of executors, and can be awaited; only the latter is of use here."""

    def add_done_callback(self, callback: Any) -> None:
        raise NotImplementedError

    def result(self) -> None:
        raise NotImplementedError

    def __await__(self) -> Any:
        yield
        return "awaited"


class FutureOfAClient(OwnFuture):
    """Such as that of dask's asynchronous client."""

    class client:
        asynchronous = True


@pytest.mark.parametrize("kind", [OwnFuture, FutureOfAClient])
def test_what_calls_back_and_can_be_awaited_is_awaited(kind: type[OwnFuture]) -> None:
    assert Promise.resolve(kind()).wait(timeout=10) == "awaited"
