"""What mutation testing had found untested: each of these fails for a change that all other tests had let pass."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from promisepy import Promise, Report, debug, register_adoptable


@pytest.fixture
def strict() -> Iterator[None]:
    debug.enable(strict=True)
    yield
    debug.disable()


@pytest.mark.usefixtures("strict")
def test_a_promise_that_nobody_holds_is_not_even_rejected(reports: list[Report]) -> None:
    resolve = Promise[int].with_resolvers().resolve
    del resolve
    Promise.resolve().then().wait(5)
    assert not reports


def settle(resolve: Callable[[int], None], _: object) -> None:
    resolve(1)


@pytest.mark.usefixtures("strict")
def test_the_creation_site_is_file_line_and_function() -> None:
    frame = inspect.currentframe()
    assert frame is not None
    promises = Promise[int](settle), Promise(settle), Promise[int].resolve(1)
    site = f"created at {__file__}:{frame.f_lineno - 1} in {frame.f_code.co_name}>"
    assert all(repr(promise).endswith(site) for promise in promises)


def test_outside_debug_mode_no_promise_knows_where_it_was_created() -> None:
    promises = Promise(settle), Promise.resolve(1)
    assert not any("created" in repr(promise) for promise in promises)


def test_what_a_foreign_then_returns_means_nothing() -> None:
    class Thenable:
        def then(self, resolve: Callable[..., object], reject: Callable[..., object], /) -> Callable[[], object]:
            self.functions = resolve, reject
            return lambda: called.append("stop")

    called: list[str] = []
    thenable = Thenable()
    promise = Promise.resolve(thenable)
    Promise.resolve().then().wait(5)
    promise.cancel()
    Promise.resolve().then().wait(5)
    assert called == []


def test_a_registered_watch_may_return_nothing_of_use(reports: list[Report]) -> None:
    class Reply:
        pass

    functions: list[Any] = []
    register_adoptable(Reply, lambda reply, resolve, reject: functions.append(resolve) or 5)
    promise = Promise.resolve(Reply())
    Promise.resolve().then().wait(5)
    register_adoptable(Reply, None)
    functions[0](1)
    assert promise.wait(5) == 1
    assert not reports


@pytest.mark.parametrize("combine", [Promise.any, Promise.race])
def test_a_handler_may_wait_for_the_first_of_itself_and_another(combine: Callable[..., Promise[Any]]) -> None:
    """No deadlock, although one of the inputs settles only after the handler: the other one may come first."""

    def handler(_: object) -> Any:
        return combine([children[0], Promise.delay(0.001, "other")]).wait(5)

    children: list[Promise[Any]] = []
    children.append(Promise.resolve().then(handler))
    assert children[0].wait(5) == "other"


def test_a_cancelled_future_is_cancelled_once() -> None:
    future: Future[int] = Future()
    promise = Promise.resolve(future)
    Promise.resolve().then().wait(5)
    assert promise.cancel()
    assert not promise.cancel()
    Promise.resolve().then().wait(5)
    assert future.cancelled()
