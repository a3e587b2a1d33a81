"""The traceback of a rejection begins at a line of the user's: nothing of promisepy stands above it."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from promisepy import Convention, Promise, callbackify, promisify

from .helpers import on_a_loop, reason_of, value_of

Callback = Callable[..., Any]


def fail(*_: object) -> Any:
    raise LookupError("the user's line")


def outer(*arguments: object) -> Any:
    fail(*arguments)


async def failing_coroutine(callback: Callback) -> None:
    await asyncio.sleep(0)
    fail()


def now(*arguments: Any) -> Callback:
    """A library function that calls back at once."""
    return lambda callback: callback(*arguments)


def raised() -> LookupError:
    """An exception that has been raised and caught, as a library keeps them."""
    try:
        outer()
    except LookupError as error:
        return error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
    raise AssertionError("it always raises")


def failed_future() -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(raised())
    return future


def via(fn: Callback, *arguments: Any) -> Promise[Any]:
    d = Promise[Any].with_resolvers()
    d.via(fn)(*arguments)
    return d.promise


def error_first(error: BaseException) -> Promise[Any]:
    d = Promise[Any].with_resolvers()
    d.error_first(error)
    return d.promise


# What rejects, and the functions in its traceback, outermost first.
REJECTIONS: dict[str, tuple[Callable[[], Promise[Any]], list[str]]] = {
    "call": (promisify(lambda callback: outer()), ["<lambda>", "outer", "fail"]),
    "check": (promisify(lambda callback: None, check=outer), ["outer", "fail"]),
    "style": (promisify(now(5), style=outer), ["outer", "fail"]),
    "outcome": (promisify(now(5), style=Convention(outcome=outer)), ["outer", "fail"]),
    "failure": (promisify(lambda c, e: e(5), style=Convention(-1, -1, failure=outer)), ["outer", "fail"]),
    "shape": (promisify(now(5), shape=outer), ["outer", "fail"]),
    "pump": (promisify([].append, pump=outer), ["outer", "fail"]),
    "coroutine": (promisify(failing_coroutine), ["failing_coroutine", "fail"]),
    "error first": (lambda: promisify(now(raised()), style="error_first")(), ["outer", "fail"]),
    "error last": (lambda: promisify(now(None, raised()), style="error_last")(), ["outer", "fail"]),
    "status first": (lambda: promisify(now(raised()), style="status_first")(), ["outer", "fail"]),
    "errback": (lambda: promisify(lambda c, e: e(raised()), style="two_callbacks")(), ["outer", "fail"]),
    "future": (lambda: promisify(failed_future, style="done_callback")(), ["outer", "fail"]),
    "via": (lambda: via(outer, 5), ["outer", "fail"]),
    "resolvers' error_first": (lambda: error_first(raised()), ["outer", "fail"]),
    "create": (lambda: Promise[Any].create(outer), ["outer", "fail"]),
    "round trip": (promisify(callbackify(outer), style="error_first"), ["outer", "fail"]),
    "error without traceback": (lambda: promisify(now(LookupError()), style="error_first")(), []),
    "error value": (promisify(now(5), style="error_first"), []),
    "dropped": (promisify(lambda callback: None), []),
}


def functions(error: BaseException) -> list[str]:
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


@pytest.mark.parametrize("name", REJECTIONS)
def test_a_handler_sees_the_lines_of_the_user_and_no_others(name: str) -> None:
    make, expected = REJECTIONS[name]
    assert value_of(make().catch(BaseException, functions)) == expected


@pytest.mark.parametrize("name", REJECTIONS)
def test_what_await_and_wait_raise_ends_with_the_lines_of_the_user_every_time(name: str) -> None:
    make, expected = REJECTIONS[name]

    async def main() -> None:
        promise = make()
        for _ in range(3):
            try:
                await promise
            except BaseException as error:
                assert functions(error)[2:] == expected  # after this function and `__await__`

    on_a_loop(main())
    promise = make()
    for _ in range(3):
        assert functions(reason_of(promise))[2:] == expected  # after `reason_of` and `wait`
