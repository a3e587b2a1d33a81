"""S11: in which context each kind of function runs that promisepy is given (docs/reference/api.md)."""

from __future__ import annotations

import asyncio
import contextvars
import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from promisepy import Promise, callbackify, register_adoptable, set_report_hook, submit

from ..support import Mainloop, both_homes, on_a_thread

T = TypeVar("T")
user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
Read = Callable[[Callable[[], Promise[Any]]], Any]


def as_user(name: str, act: Callable[[], T]) -> T:
    """Call something in a context of its own."""

    def run() -> T:
        user.set(name)
        return act()

    return contextvars.copy_context().run(run)


class Foreign:
    """An instance of a class that a test registers; keeps what would settle the promise."""

    kept: object


class Answering:
    """A thenable."""

    def __init__(self, note: Callable[..., object]) -> None:
        self.note = note

    def then(self, on_value: Callable[[Any], object], on_error: Callable[[Any], object], /) -> None:
        on_value(self.note())


def chained(method: Callable[[Promise[Any], Callable[..., Any]], Promise[Any]], *, fails: bool = False) -> Any:
    """Leave a function with a promise that another thread settles later, as another user."""

    def give(note: Callable[..., Any]) -> Promise[Any]:
        d = Promise[Any].with_resolvers()
        given = as_user("given", lambda: method(d.promise, note))
        on_a_thread(lambda: as_user("settler", lambda: d.reject(OSError()) if fails else d.resolve()))
        return given

    return give


def executor(note: Callable[..., Any]) -> Promise[Any]:
    return as_user("given", lambda: Promise[Any](lambda resolve, reject: resolve(note())))


def on_cancel(note: Callable[..., Any]) -> Promise[Any]:
    d = Promise[Any].with_resolvers()
    as_user("given", lambda: d.on_cancel(note))
    as_user("canceller", d.promise.cancel)
    return Promise.resolve().then()


def mapped(note: Callable[..., Any]) -> Promise[Any]:
    return as_user("given", lambda: Promise.map(lambda item: Promise.resolve(note(item)).then(), range(3), limit=1))


def coroutine(note: Callable[..., Any]) -> Promise[Any]:
    async def run() -> None:
        await asyncio.sleep(0)
        note()

    return as_user("given", lambda: Promise.resolve(run()))


def callback_of(note: Callable[..., Any]) -> Promise[Any]:
    d = Promise[Any].with_resolvers()
    ask = as_user("wrapped", lambda: callbackify(lambda: d.promise))
    as_user("given", lambda: ask(note))
    as_user("settler", lambda: d.resolve(1))
    return d.promise.then().then()


FUNCTIONS: dict[str, Callable[[Callable[..., Any]], Promise[Any]]] = {
    "then": chained(lambda promise, note: promise.then(note)),
    "catch": chained(lambda promise, note: promise.catch(note), fails=True),
    "finally_": chained(lambda promise, note: promise.finally_(note)),
    "executor": executor,
    "start": lambda note: as_user("given", lambda: Promise[Any].create(lambda d: d.resolve(note()))),
    "try_": lambda note: as_user("given", lambda: Promise.try_(note)),
    "on_cancel": on_cancel,
    "map": mapped,
    "coroutine": coroutine,
    "thenable": lambda note: as_user("given", lambda: Promise.resolve(Answering(note))),
    "function of callbackify": lambda note: as_user("given", lambda: Promise.resolve(callbackify(note)(print))),
    "callback of callbackify": callback_of,
}


@both_homes
@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_runs_in_the_context_in_which_it_was_given(read: Read, name: str) -> None:
    seen: list[str] = []
    read(lambda: FUNCTIONS[name](lambda *_: seen.append(user.get())))
    assert set(seen) == {"given"}


@pytest.fixture
def registered() -> Iterator[list[str]]:
    """Register a class, as somebody who is of no interest later, and note as whom its functions run."""
    seen: list[str] = []

    def watch(foreign: Foreign, resolve: Callable[..., None], reject: Callable[..., None]) -> Callable[[], object]:
        foreign.kept = resolve
        seen.append(user.get())
        return lambda: seen.append(user.get())

    as_user("registered", lambda: register_adoptable(Foreign, watch))
    yield seen
    register_adoptable(Foreign, None)


def test_a_registered_class_is_watched_and_stopped_in_the_context_of_the_code_that_hands_in_the_instance(
    mainloop: Mainloop, registered: list[str]
) -> None:
    foreign = Foreign()
    promise = as_user("given", lambda: Promise.resolve(foreign))
    as_user("host", mainloop.run)
    as_user("canceller", promise.cancel)
    as_user("host", mainloop.run)
    assert registered == ["given", "given"]


def test_the_report_hook_runs_in_the_context_of_the_code_that_notices() -> None:
    seen: list[str] = []
    gc.collect()
    previous = as_user("given", lambda: set_report_hook(lambda report: seen.append(user.get())))
    try:
        lost = [as_user("creator", lambda: Promise.reject(OSError()))]
        as_user("noticed", lost.clear)
    finally:
        set_report_hook(previous)
    assert seen == ["noticed"]


def test_what_is_submitted_runs_in_the_context_of_the_executor() -> None:
    with ThreadPoolExecutor(1) as pool:
        as_user("given", lambda: submit(pool, user.get)).then(check_nobody).wait()
        given = as_user("given", lambda: submit(pool, contextvars.copy_context().run, user.get))
        assert given.wait() == "given"


def check_nobody(name: str) -> None:
    assert name == "nobody"


def test_the_pump_of_wait_runs_in_the_context_of_the_wait() -> None:
    d = Promise[str].with_resolvers()
    assert as_user("waiting", lambda: d.promise.wait(pump=lambda: d.resolve(user.get()))) == "waiting"
