"""What every function that is handed to a library makes of its arguments, and what becomes of the other outcomes."""

from __future__ import annotations

import asyncio
import concurrent.futures
import enum
import errno
import gc
import threading
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promisepy import (
    BrokenPromise,
    CallbackError,
    Cancelled,
    Fulfilled,
    Promise,
    Rejected,
    Report,
    Resolvers,
    Settled,
    StuckPromise,
)

from ..support import on_a_thread, turn
from .adaptors import ADAPTORS, MAKERS, everything, with_resolvers
from .helpers import here, on_a_loop, reason_of, value_of

Callback = Callable[..., Any]
by_adaptor = pytest.mark.parametrize("adaptor", ADAPTORS)


class Odd:
    """An object whose every question raises."""

    def __eq__(self, other: object) -> bool:
        raise ArithmeticError

    __hash__ = None  # type: ignore[assignment]  # on purpose

    def __repr__(self) -> str:
        raise ArithmeticError

    def __bool__(self) -> bool:
        raise ArithmeticError

    @property
    def then(self) -> Any:
        raise ArithmeticError


class OddError(Exception):
    def __init__(self) -> None:
        raise ArithmeticError


objects = st.sampled_from(
    [None, 0, "", (), "text", 7, ValueError("value"), ValueError, OddError, StopIteration(), KeyboardInterrupt()]
) | st.builds(Odd)
names = st.sampled_from(["value", "reason", "error", "self", "arguments", "named", "more", "fn", "returns"])


@pytest.mark.parametrize("make", MAKERS)
@by_adaptor
@given(
    calls=st.lists(st.tuples(st.lists(objects, max_size=3), st.dictionaries(names, objects, max_size=2)), min_size=1)
)
@settings(max_examples=60, deadline=None)
def test_it_takes_any_arguments_returns_none_and_settles_with_the_first(
    make: Callable[..., Resolvers[Any]], adaptor: str, calls: list[tuple[list[Any], dict[str, Any]]]
) -> None:
    d = make()
    function = ADAPTORS[adaptor](d)
    outcomes: list[Any] = []
    for arguments, keywords in calls:
        assert function(*arguments, **keywords) is None
        assert d.resolve(*arguments, **keywords) is None
        assert d.reject(*arguments, **keywords) is None
        outcomes.append(d.promise.outcome)
    assert all(same(one, outcomes[0]) for one in outcomes)


def same(one: Settled[Any] | None, other: Settled[Any] | None) -> bool:
    """Compare without asking values, which may raise."""
    match one, other:
        case Fulfilled(), Fulfilled():
            return one.value is other.value
        case Rejected(), Rejected():
            return one.reason is other.reason
    return False


@pytest.mark.parametrize("adaptor", ["resolve", "reject", "error_first", "error_last"])
@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [((None, "a", None), {"extra": 1}), (("a",), {"value": 5}), ((None,), {"error": 5}), ((5,), {"error": None})],
)
def test_unexpected_arguments_reject_with_an_error_that_keeps_them(
    adaptor: str, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> None:
    d = with_resolvers()
    ADAPTORS[adaptor](d)(*arguments, **keywords)
    reason = reason_of(d.promise)
    assert isinstance(reason, CallbackError)
    assert (reason.arguments, reason.keywords) == (arguments, keywords)


@pytest.mark.parametrize(
    "arguments", [(object(), OSError("lost")), (OSError("lost"), "text"), ("channel", 5, OSError("lost"))]
)
def test_reject_picks_the_one_exception_among_its_arguments(arguments: tuple[Any, ...]) -> None:
    d = with_resolvers()
    assert d.reject(*arguments) is None
    assert reason_of(d.promise) in arguments


@pytest.mark.parametrize(
    ("arguments", "keywords"), [((OSError(), OSError()), {}), ((OSError(), 5), {"code": 5}), ((OSError, 5), {})]
)
def test_reject_wraps_what_names_no_one_exception(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    d = with_resolvers()
    d.reject(*arguments, **keywords)
    reason = reason_of(d.promise)
    assert isinstance(reason, CallbackError)
    assert (reason.arguments, reason.keywords) == (arguments, keywords)


def test_arguments_that_the_users_function_does_not_take_reject() -> None:
    d = with_resolvers()
    assert d.via(lambda value: value)(1, 2) is None
    assert type(reason_of(d.promise)) is TypeError


@pytest.mark.parametrize("returns", [None, True, False, 0, "break", b""])
def test_via_returns_what_was_asked_for_whether_it_settles_or_not(returns: Any) -> None:
    def divide(number: int) -> float:
        return 1 / number

    for number in (0, 2):
        d = with_resolvers()
        callback = d.via(divide, returns=returns)
        assert all(callback(argument) is returns for argument in (number, 0, 2, "odd"))
        assert type(d.promise.reason) is (ZeroDivisionError if number == 0 else type(None))


def test_everything_reaches_the_users_function() -> None:
    d = with_resolvers()
    d.via(everything)(1, two=3)
    assert value_of(d.promise) == ((1,), {"two": 3})


@pytest.mark.parametrize("settle", ["resolve", "reject"])
def test_a_starter_that_calls_back_and_raises_is_heard_once(settle: str, reports: list[Report]) -> None:
    def start(d: Resolvers[str]) -> None:
        getattr(d, settle)("called back" if settle == "resolve" else LookupError("called back"))
        raise OSError("and raised")

    async def main() -> Settled[str]:
        [outcome] = await Promise.all_settled([Promise[str].create(start)])
        return outcome

    outcomes = [on_a_loop(main()), Promise[str].create(start).outcome]
    turn()
    gc.collect()
    assert reports == []
    for outcome in outcomes:
        match outcome:
            case Fulfilled(value):
                assert value == "called back"
            case Rejected(reason):
                assert reason.args == ("called back",)


def test_a_starter_that_raises_rejects_and_one_that_calls_back_at_once_settles_before_it_returns() -> None:
    def fail(d: Resolvers[Any]) -> None:
        raise OSError

    def call(d: Resolvers[int]) -> None:
        d.via(int)("5")
        assert d.promise.state == "fulfilled"
        d.promise.then(log.append)
        assert log == []

    log: list[int] = []
    assert type(reason_of(Promise[Any].create(fail))) is OSError
    assert value_of(Promise[int].create(call)) == 5
    turn()
    assert log == [5]


class Code(enum.Enum):
    """An error code of a library's own."""

    LOST = 3


@pytest.mark.parametrize("value", [errno.ENOENT, 0, None, "text", Code.LOST, (1, 2), Mock(), Mock(spec=ValueError)])
def test_a_reason_that_is_no_exception_is_wrapped_and_kept(value: Any) -> None:
    d = with_resolvers()
    d.reject(value)
    reason = reason_of(d.promise)
    assert isinstance(reason, CallbackError)
    assert reason.arguments == (value,)


def test_a_reason_may_be_an_exception_or_a_class_and_what_would_mislead_a_coroutine_is_replaced() -> None:
    table: list[tuple[Any, type[BaseException]]] = [
        (LookupError("x"), LookupError),
        (LookupError, LookupError),
        (OddError, ArithmeticError),  # its constructor raises
        (StopIteration(5), RuntimeError),
        (asyncio.CancelledError("x"), Cancelled),
        (concurrent.futures.CancelledError("x"), Cancelled),
        (GeneratorExit(), GeneratorExit),
    ]
    for given_reason, kind in table:
        d = with_resolvers()
        d.reject(given_reason)
        reason = reason_of(d.promise)
        assert type(reason) is kind
        if isinstance(given_reason, BaseException):
            assert given_reason in (reason, reason.__cause__)


@by_adaptor
def test_an_exception_may_be_a_value(adaptor: str) -> None:
    error = LookupError("a successful call of some libraries")
    arguments = {"error_first": (None, error), "error_last": (error, None)}.get(adaptor, (error,))
    d = with_resolvers()
    ADAPTORS[adaptor](d)(*arguments)
    if adaptor == "reject":
        assert d.promise.reason is error
    else:
        assert value_of(d.promise) in (error, ((error,), {}))
    d = with_resolvers()
    d.via(lambda: error)()
    assert value_of(d.promise) is error


@by_adaptor
def test_a_callback_that_never_comes_is_a_timeout_or_a_broken_promise(adaptor: str) -> None:
    d = with_resolvers()
    function: Callback | None = ADAPTORS[adaptor](d)
    promise = d.promise
    with pytest.raises(TimeoutError):
        promise.wait(timeout=0.001)
    assert promise.state == "pending"
    del d, function
    assert type(reason_of(promise)) is BrokenPromise


class LibraryFuture(LookupError):
    """A future that is an exception itself, as those of gRPC are, and is asked on the thread that calls back."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.thread: int | None = None

    def add_done_callback(self, callback: Callback) -> None:
        thread = threading.Thread(target=callback, args=(self,))
        thread.start()
        thread.join()

    def result(self) -> Any:
        self.thread = here()
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def test_a_foreign_future_is_adopted_and_asked_on_its_own_thread() -> None:
    done, failed = LibraryFuture("answer"), LibraryFuture(OSError("no"))
    assert value_of(Promise.resolve(done)) == "answer"
    assert reason_of(Promise.resolve(failed)) is failed.answer
    assert here() not in (done.thread, failed.thread)
    d = with_resolvers()
    d.via(LibraryFuture.result)(done)
    assert value_of(d.promise) == "answer"


def test_a_promise_of_a_thread_that_has_ended_can_be_awaited_elsewhere_but_runs_no_handlers(
    reports: list[Report],
) -> None:
    def on_library_thread() -> tuple[Resolvers[Any], Promise[None]]:
        d = with_resolvers()
        return d, d.promise.then(lambda value: None)

    async def main() -> None:
        d, child = on_a_thread(on_library_thread)
        threading.Timer(0.005, d.resolve, (5,)).start()
        assert await d.promise == 5
        with pytest.raises(StuckPromise):
            await child

    on_a_loop(main())
    gc.collect()
    assert reports == []
