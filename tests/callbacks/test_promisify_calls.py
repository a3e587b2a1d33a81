"""`promisify`: what becomes of what the call itself returns or raises, and what its callbacks return."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Self
from unittest.mock import AsyncMock, MagicMock, Mock, call

import pytest

from promisepy import Cancelled, Convention, Promise, Report, promisify

from .helpers import on_a_loop, reason_of, value_of

Callback = Callable[..., Any]


def get(key: str, callback: Callback) -> None:
    callback(key)


@pytest.mark.parametrize("returned", [None, 0, False, "", 7, ("rc", 3), ValueError("a value here"), object()])
def test_check_sees_what_the_call_returned_whatever_that_is(returned: Any) -> None:
    seen: list[Any] = []
    waiting: list[Callback] = []
    promisified = promisify(lambda callback: [waiting.append(callback), returned][1], check=seen.append)
    promise = promisified()
    assert len(seen) == 1
    assert seen[0] is returned
    assert promise.state == "pending"  # what check returns does not matter
    waiting.pop()("answer")
    assert value_of(promise) == "answer"


def test_a_promise_that_a_callback_brings_is_followed() -> None:
    pending = Promise.resolve("answer").then()
    assert value_of(promisify(get)(pending)) == "answer"


def test_what_check_raises_rejects_unless_the_library_has_called_back_before() -> None:
    def check(code: int) -> None:
        if code:
            raise OSError(code, "refused")

    waiting: list[Callback] = []

    def send(code: int, callback: Callback, at_once: bool = False) -> int:
        waiting.append(callback)
        return [callback("sent"), code][1] if at_once else code

    promisified = promisify(send, callback=1, check=check)
    refused = promisified(4)
    waiting.pop()("too late")
    assert reason_of(refused).args == (4, "refused")
    assert value_of(promisified(4, at_once=True)) == "sent"


class Request:
    """What a library returns for a request, with a place for the callback."""

    def add_callbacks(self, callback: Callback, errback: Callback) -> None:
        callback("done")


def test_check_sees_the_handle_on_which_the_callback_is_registered() -> None:
    seen: list[Any] = []
    request = Request()
    assert value_of(promisify(lambda: request, style="add_callbacks", check=seen.append)()) == "done"
    assert seen == [request]


def test_check_may_reject_before_a_callback_is_registered_on_what_is_no_handle() -> None:
    def check(request: Request | None) -> None:
        if request is None:
            raise ConnectionError("refused")

    assert type(reason_of(promisify(lambda: None, style="add_callbacks", check=check)())) is ConnectionError


def test_callbacks_return_what_was_asked_for_and_none_otherwise() -> None:
    returned: list[Any] = []

    def ask(callback: Callback, errback: Callback) -> None:
        returned.extend([callback(1), errback(2), callback(3, odd=4)])

    for returns in (None, True, 0, "go on"):
        returned.clear()
        assert value_of(promisify(ask, style="two_callbacks", returns=returns)()) == 1
        assert all(one is returns for one in returned)
    value_of(promisify(ask, style=Convention(-1, -1, returns=b"!"))())
    assert returned[3:] == [b"!"] * 3


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("place", [-1, ".on_done"])
def test_an_interrupt_of_the_call_is_raised_and_leaves_nothing_broken(
    kind: type[BaseException], place: Any, reports: list[Report]
) -> None:
    kept: list[Callback] = []

    class Library:
        on_done: Callback | None = None

        def start(self, callback: Callback | None = None) -> Self:
            kept.append(callback or self.on_done)  # type: ignore[arg-type]  # one of them is there
            raise kind

    library = Library()
    with pytest.raises(kind):
        promisify(library.start, callback=place)()
    assert kept.pop()("late") is None
    assert library.on_done is None
    assert value_of(promisify(get)("next")) == "next"
    assert reports == []


@pytest.mark.parametrize("raised", [asyncio.CancelledError("stop"), StopIteration(5), GeneratorExit()])
def test_exceptions_that_would_mislead_a_coroutine_are_replaced(raised: BaseException) -> None:
    def start(callback: Callback) -> None:
        raise raised

    reason = reason_of(promisify(start)())
    kinds = {asyncio.CancelledError: Cancelled, StopIteration: RuntimeError, GeneratorExit: GeneratorExit}
    assert type(reason) is kinds[type(raised)]
    assert raised in (reason, reason.__cause__)


@pytest.mark.parametrize("kind", [Mock, MagicMock])
def test_a_mock_can_stand_in_for_the_function(kind: type[Mock]) -> None:
    library = kind()
    promise = promisify(library)("a", flag=True)
    assert promise.state == "pending"  # a Mock that the call returns is no awaitable
    [(arguments, keywords)] = library.call_args_list
    assert (arguments[0], keywords) == ("a", {"flag": True})
    arguments[1]("answer")
    assert value_of(promise) == "answer"


def test_a_mock_of_a_function_with_a_keyword_is_called_with_it() -> None:
    library = Mock(side_effect=lambda key, on_done: on_done(key))
    assert value_of(promisify(library, callback="on_done")("a")) == "a"
    assert library.call_args == call("a", on_done=library.call_args.kwargs["on_done"])


def test_an_async_mock_settles_with_what_it_returns() -> None:
    async def main() -> None:
        assert await promisify(AsyncMock(return_value=5))() == 5
        with pytest.raises(LookupError):
            await promisify(AsyncMock(side_effect=LookupError))()

    on_a_loop(main())


class Stoppable:
    """What a library returns for a request that can be stopped, and calls back with when it is done."""

    def __init__(self) -> None:
        self.stops = 0

    def cancel(self) -> None:
        self.stops += 1

    def exception(self) -> None:
        """Tell of no failure."""

    def result(self) -> str:
        return "done"


@pytest.mark.parametrize("can_be_stopped", [True, False])
def test_a_handle_whose_callback_is_an_argument_is_stopped_if_it_can_be(can_be_stopped: bool) -> None:
    handles: list[Stoppable] = []

    def start(callback: Callback) -> object:
        handles.append(Stoppable())
        kept.append(callback)
        return handles[-1] if can_be_stopped else object()

    kept: list[Callback] = []
    promisified = promisify(start, style="done_callback", callback=0)
    promise = promisified()
    kept[0](handles[0])
    assert value_of(promise) == "done"
    promise = promisified()
    promise.cancel()
    assert type(reason_of(promise)) is Cancelled
    assert [handle.stops for handle in handles] == [0, int(can_be_stopped)]


def test_a_function_whose_name_is_no_text_is_wrapped() -> None:
    class Function:
        __name__ = 5

        def __call__(self, callback: Callable[[int], None]) -> None:
            callback(1)

    assert promisify(Function())().wait() == 1
