"""What a callback has settled is freed by reference counts alone, and callbacks live as long as they are needed."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from promisepy import BrokenPromise, Convention, Promise, Report, callbackify, promisify

from ..support import turn
from .helpers import on_a_loop, reason_of, value_of

Callback = Callable[..., Any]


class Value:
    """Something a weak reference can watch."""


class WatchedError(Exception):
    """An exception that a weak reference can watch."""


class Slot:
    on_done: Callback | None = None

    def start(self) -> None:
        assert self.on_done is not None
        self.on_done(Value())

    def fail(self) -> None:
        raise WatchedError


class Handle:
    def __init__(self, result: Callback) -> None:
        self.result = result

    def add_done_callback(self, callback: Callback) -> None:
        callback(self)


def fail(*_: object) -> Any:
    raise WatchedError


def rethrow(error: BaseException) -> Any:
    try:
        raise error
    finally:
        del error  # else the traceback leads back to the exception


def sync(callback: Callback) -> None:
    callback(Value())


def sync_error(callback: Callback) -> None:
    callback(WatchedError())


def both(callback: Callback, errback: Callback) -> None:
    errback(WatchedError())
    callback(Value())


async def coroutine(callback: Callback) -> Value:
    await asyncio.sleep(0)
    return Value()


async def failing_coroutine(callback: Callback) -> None:
    await asyncio.sleep(0)
    raise WatchedError


def failed_future() -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(WatchedError())
    return future


def later(argument: Callable[[], Any], **options: Any) -> Promise[Any]:
    waiting: list[Callback] = []
    promise: Promise[Any] = promisify(waiting.append, **options)()
    try:
        waiting.pop()(argument())
        return promise
    finally:
        del promise  # a frame of the library's caller may be part of a traceback, too


def via(fn: Callback, argument: Any) -> Promise[Any]:
    promise, callback = with_callback(fn)
    try:
        callback(argument)
        return promise
    finally:
        del promise, argument


def with_callback(fn: Callback) -> tuple[Promise[Any], Callback]:
    d = Promise[Any].with_resolvers()
    return d.promise, d.via(fn)


# Each makes a promise that is settled, or will be in the next few turns.
CALLS: dict[str, Callable[[], Promise[Any]]] = {
    "value at once": promisify(sync),
    "value later": lambda: later(Value),
    "error at once": promisify(sync_error, style="error_first"),
    "error later": lambda: later(WatchedError, style="error_last"),
    "two callbacks": promisify(both, style="two_callbacks"),
    "call raises": promisify(lambda callback: fail()),
    "check raises": promisify(lambda callback: None, check=fail),
    "check of a value raises": promisify(sync, check=fail),
    "style raises at once": promisify(sync, style=fail),
    "style raises later": lambda: later(Value, style=fail),
    "style rethrows at once": promisify(sync_error, style=rethrow),
    "style rethrows later": lambda: later(WatchedError, style=rethrow),
    "style rethrows before a shape": promisify(sync_error, style=rethrow, shape=list),
    "outcome rethrows": promisify(sync_error, style=Convention(outcome=rethrow)),
    "outcome rethrows later": lambda: later(WatchedError, style=Convention(outcome=rethrow)),
    "failure rethrows": promisify(both, errback=-1, style=Convention(failure=rethrow)),
    "shape raises": promisify(sync, shape=fail),
    "attribute": lambda: promisify(Slot().start, callback=".on_done")(),
    "attribute, call raises": lambda: promisify(Slot().fail, callback=".on_done")(),
    "handle": promisify(lambda: Handle(Value), style="done_callback"),
    "handle raises": promisify(lambda: Handle(fail), style="done_callback"),
    "failed future": promisify(failed_future, style="done_callback"),
    "keep_alive": promisify(sync, keep_alive=True),
    "pump": promisify(sync, pump=fail),
    "pump raises": promisify([].append, pump=fail),
    "coroutine": promisify(coroutine),
    "coroutine raises": promisify(failing_coroutine),
    "dropped": promisify(lambda callback: None),
    "via": lambda: via(lambda value: value, Value()),
    "via raises": lambda: via(fail, Value()),
    "via rethrows": lambda: via(rethrow, WatchedError()),
    "round trip": promisify(callbackify(lambda: Value()), style="error_first"),
    "round trip of an error": promisify(callbackify(fail), style="error_first"),
}


def watch(make: Callable[[], Promise[Any]]) -> list[weakref.ref[Any]]:
    """Make a promise, let it settle, and give weak references to it and to what it holds."""
    promise = make()
    turn()
    if promise.state == "pending":
        promise.then(None, lambda error: None).wait(timeout=20)
    watched = [promise, promise.value, promise.reason]
    try:
        return [weakref.ref(one) for one in watched if isinstance(one, (Promise, Value, WatchedError))]
    finally:
        del promise, watched  # this frame is part of the traceback of a call that raises


@pytest.mark.usefixtures("no_gc")
@pytest.mark.parametrize("name", CALLS)
def test_a_settled_promise_its_value_and_its_reason_are_freed_by_reference_counts_alone(name: str) -> None:
    references = watch(CALLS[name])
    assert len(references) == (1 if name == "dropped" else 2)
    turn()  # a job may be the last to know the promise
    assert [reference() for reference in references] == [None] * len(references)


@pytest.mark.usefixtures("no_gc")
def test_arguments_of_late_calls_are_not_kept() -> None:
    waiting: list[Callback] = []
    promise = promisify(waiting.append)()
    waiting[0]("first")
    value = Value()
    reference = weakref.ref(value)
    waiting[0](value)
    del value
    assert reference() is None
    assert value_of(promise) == "first"


@pytest.mark.usefixtures("no_gc")
def test_a_promise_that_nobody_wants_any_more_is_kept_by_the_library_only(reports: list[Report]) -> None:
    waiting: list[Callback] = []
    reference = weakref.ref(promisify(waiting.append)())
    assert reference() is not None
    waiting.clear()
    assert reference() is None
    assert reports == []


class Signal:
    """A library that knows its callbacks only weakly."""

    def __init__(self) -> None:
        self.callbacks: weakref.WeakSet[Callback] = weakref.WeakSet()

    def connect(self, callback: Callback, errback: Callback | None = None) -> None:
        self.callbacks.add(callback)
        if errback is not None:
            self.callbacks.add(errback)

    def send(self, *arguments: Any) -> None:
        for callback in list(self.callbacks):
            callback(*arguments)


def test_weakly_held_callbacks_break_the_promise_at_once_unless_they_are_kept_alive() -> None:
    signal = Signal()
    assert type(reason_of(promisify(signal.connect, callback=0)())) is BrokenPromise
    promise = promisify(signal.connect, callback=0, keep_alive=True)()
    signal.send("event")
    assert value_of(promise) == "event"


@pytest.mark.usefixtures("no_gc")
def test_callbacks_are_kept_alive_until_the_promise_is_settled() -> None:
    signal = Signal()
    promise = promisify(signal.connect, style="two_callbacks", keep_alive=True)()
    assert len(signal.callbacks) == 2
    errors = [WatchedError(), WatchedError()]
    signal.send(errors[0])
    assert len(signal.callbacks) == 0
    assert promise.value is errors[0] or promise.reason is errors[0]  # a set has no order


def test_callbacks_that_are_kept_alive_go_with_their_promise(reports: list[Report]) -> None:
    signal = Signal()
    promise = promisify(signal.connect, style="two_callbacks", keep_alive=True)()
    assert len(signal.callbacks) == 2
    del promise
    gc.collect()  # a promise and what it keeps alive refer to one another until it is settled
    assert len(signal.callbacks) == 0
    assert reports == []


def test_callbacks_are_kept_alive_by_a_promise_that_only_a_task_awaits() -> None:
    signal = Signal()

    async def main() -> None:
        waiting = asyncio.create_task(wait_for_event())
        await asyncio.sleep(0)
        signal.send("event")
        assert await waiting == "event"

    async def wait_for_event() -> Any:
        return await promisify(signal.connect, callback=0, keep_alive=True)()

    on_a_loop(main())


def test_a_future_that_the_library_forgets_breaks_the_promise(reports: list[Report]) -> None:
    promise = promisify(lambda: Future[int](), style="done_callback")()
    gc.collect()  # the future and its callbacks refer to each other
    assert isinstance(promise.reason, BrokenPromise)
