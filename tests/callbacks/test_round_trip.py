"""`promisify(callbackify(f, style=s), style=s)` behaves as `f`, for every style that can tell a failure."""

from __future__ import annotations

import asyncio
import gc
import threading
import traceback
import types
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promisepy import BrokenPromise, Cancelled, Fulfilled, Promise, Rejected, Report, Settled, callbackify, promisify

from ..support import turn
from .helpers import on_a_loop, reason_of, value_of

Callback = Callable[..., Any]
# With what else the style needs to be able to tell a failure.
OPTIONS: dict[str, dict[str, str]] = {
    "error_first": {},
    "error_last": {},
    "status_first": {},
    "status_last": {},
    "two_callbacks": {},
    "two_keywords": {},
    "attribute": {"errback": ".error_callback"},
    "future": {},
    "done_callback": {},
    "add_callback": {},
    "add_callbacks": {},
    "then": {},
    "async_finish": {},
}
by_style = pytest.mark.parametrize("style", OPTIONS)


class Bare(BaseException):
    """No `Exception`."""


def give(value: Any) -> Any:
    """Return a value, or raise it if it is marked so."""
    if isinstance(value, Rejected):
        raise value.reason.with_traceback(None)  # one error serves many examples
    return value


async def give_later(value: Any) -> Any:
    await asyncio.sleep(0)
    return give(value)


def give_on_thread(value: Any) -> Promise[Any]:
    return Promise[Any].create(lambda d: threading.Thread(target=d.via(give), args=(value,)).start())


def give_future(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    if isinstance(value, Rejected):
        future.set_exception(value.reason)
    else:
        future.set_result(value)
    return future


FUNCTIONS: dict[str, Callback] = {
    "plain": give,
    "promise": lambda value: Promise.try_(give, value),
    "later": lambda value: Promise.resolve().then(lambda _: give(value)),
    "coroutine": give_later,
    "thread": give_on_thread,
    "future": give_future,
}


class Source:
    """The object whose attributes and methods are used."""


def there_and_back(fn: Callback, style: str, times: int = 1) -> Callback:
    """Give the round trip of a function, as a method of an object."""

    def fetch_async(self: Source, *arguments: Any) -> Any:
        return fn(*arguments)

    made: Callback = fetch_async
    for _ in range(times):
        made = promisify(callbackify(made, style=style, **OPTIONS[style]), style=style, **OPTIONS[style])  # type: ignore[call-overload]  # data
    return types.MethodType(made, Source())


def same(one: Settled[Any] | None, other: Settled[Any] | None) -> bool:
    match one, other:
        case Fulfilled(), Fulfilled():
            return one.value is other.value
        case Rejected(), Rejected():
            replaced = (one.reason.__cause__, other.reason.__cause__, type(one.reason))
            return one.reason is other.reason or replaced in [
                (other.reason.__cause__, one.reason.__cause__, kind) for kind in (RuntimeError, Cancelled)
            ]
    return False


values = st.sampled_from(
    [None, 0, 1, False, True, 0.0, "", b"", (), (1, 2), (None,), [], {}, ..., print, ValueError, Fulfilled(5)]
    + [ValueError("a value"), StopIteration(3), KeyboardInterrupt(), OSError(5, "a value"), float("nan")]
)
errors = st.sampled_from([ValueError("x"), LookupError(), Bare(), StopIteration(3), asyncio.CancelledError("y")])


@by_style
@given(outcome=values | errors.map(Rejected), kind=st.sampled_from(list(FUNCTIONS)), times=st.integers(1, 2))
@settings(max_examples=30, deadline=None)
def test_a_round_trip_settles_as_the_function_itself(style: str, outcome: Any, kind: str, times: int) -> None:
    direct = Promise.all_settled([Promise.try_(FUNCTIONS[kind], outcome)])
    trip = Promise.all_settled([there_and_back(FUNCTIONS[kind], style, times)(outcome)])
    [[expected], [settled]] = value_of(direct), value_of(trip)
    assert same(settled, expected)
    turn()


ANYWHERE: list[int | str] = [-1, 0, 1, 2, "on_done", ".on_done", "().on_done"]


@st.composite
def places(draw: st.DrawFn) -> dict[str, int | str]:
    """Places for two callbacks, or for one that tells failures as well."""
    callback = draw(st.sampled_from(ANYWHERE))
    errback = draw(st.none() | st.sampled_from(ANYWHERE))
    if isinstance(errback, str) and draw(st.booleans()):
        errback = errback.replace("on_done", "on_error")
    if errback is None or (errback == callback and callback not in (-1, "().on_done")):
        return {"callback": callback}
    return {"callback": callback, "errback": errback}


@given(places(), st.sampled_from(["error_first", "error_last", "future"]), values | errors.map(Rejected))
@settings(max_examples=300, deadline=None)
def test_a_round_trip_through_any_places_keeps_arguments_and_outcome(
    where: dict[str, Any], style: str, outcome: Any
) -> None:
    if "errback" in where:
        style = "value"
    received: list[Any] = []

    class Client:
        @promisify(style=style, **where)  # type: ignore[call-overload]  # data
        @callbackify(style=style, **where)  # type: ignore[call-overload]  # data
        def fetch(self, key: str, number: int, *, flag: bool) -> Any:
            received.append((self, key, number, flag))
            return give(outcome)

    client = Client()
    direct = Promise.all_settled([Promise.try_(give, outcome)])
    trip = Promise.all_settled([client.fetch("key", 5, flag=True)])
    [[expected], [settled]] = value_of(direct), value_of(trip)
    assert same(settled, expected)
    assert received == [(client, "key", 5, True)]


@by_style
@pytest.mark.parametrize("kind", FUNCTIONS)
def test_a_round_trip_on_a_loop_loses_nothing(style: str, kind: str, reports: list[Report]) -> None:
    async def main() -> None:
        fetch, error = there_and_back(FUNCTIONS[kind], style), LookupError("x")
        assert await fetch("value") == "value"
        with pytest.raises(LookupError) as caught:
            await fetch(Rejected(error))
        assert caught.value is error

    on_a_loop(main())
    gc.collect()
    assert reports == []


@by_style
def test_a_round_trip_keeps_the_lines_of_the_traceback(style: str) -> None:
    def names(error: BaseException) -> list[str]:
        return [frame.name for frame in traceback.extract_tb(error.__traceback__)]

    rejected = there_and_back(give, style)(Rejected(LookupError()))
    own = ["result", "__get_result"] if style == "async_finish" else []  # of `fetch_finish`, which raises
    assert value_of(rejected.catch(names)) == [*own, "fetch_async", "give"]


@by_style
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_of_the_function_is_an_interrupt_of_the_round_trip(style: str, kind: type[BaseException]) -> None:
    def interrupted() -> None:
        raise kind

    with pytest.raises(kind):
        there_and_back(interrupted, style)()
    assert value_of(there_and_back(give, style)(5)) == 5


@pytest.mark.parametrize("style", ["value", "attribute"])
def test_a_style_without_failures_reports_them_and_its_promise_is_broken(style: Any, reports: list[Report]) -> None:
    error = LookupError("cannot be told")

    @promisify(style=style)
    @callbackify(style=style)
    def fetch(self: Source, value: Any) -> Any:
        return give(value)

    assert value_of(fetch(Source(), "value")) == "value"
    source = Source()
    promise = fetch(source, Rejected(error))
    turn()
    gc.collect()
    assert [report.reason for report in reports] == [error]
    reports.clear()
    error.__traceback__ = None  # it leads to frames that hold the callback
    source.callback = None  # type: ignore[attr-defined]  # as does an attribute
    assert type(reason_of(promise)) is BrokenPromise


class Zero(Exception):
    """An error that equals 0, as some libraries' status objects do."""

    def __eq__(self, other: object) -> bool:
        return other == 0

    __hash__ = Exception.__hash__


@by_style
def test_only_a_status_takes_an_error_that_equals_zero_for_success(style: str) -> None:
    promise = there_and_back(give, style)(Rejected(Zero()))
    if style.startswith("status"):
        assert value_of(promise) is None
    else:
        assert type(reason_of(promise)) is Zero


def test_an_attribute_needs_the_object_so_a_bound_method_does_not_come_back() -> None:
    class Client:
        def fetch(self, value: Any) -> Any:
            return give(value)

    wrapped = callbackify(Client().fetch, style="attribute")
    assert isinstance(reason_of(promisify(wrapped, style="attribute")(5)), AttributeError)
    assert isinstance(reason_of(promisify(wrapped, style="attribute")()), TypeError)
