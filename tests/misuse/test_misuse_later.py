"""Wrong uses that show later: in a coroutine, in a handler, under a loop or a host, or when they settle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from promisepy import (
    BrokenPromise,
    CallbackError,
    DeadlockError,
    Promise,
    debug,
    promisify,
    set_host,
    set_report_hook,
)

from ..fuzz.hostile import Trap, trapped

pytestmark = pytest.mark.usefixtures("nothing_lost")


class Sample:
    """Something with a short repr that is no function."""

    def __repr__(self) -> str:
        return "Sample()"


async def later(value: object = None) -> object:
    return value


@pytest.fixture
def coroutine() -> Iterator[Coroutine[Any, Any, object]]:
    """Give a coroutine object, which is not what belongs in the place of a function."""
    made = later()
    yield made
    made.close()


COROUTINE_PLACES: list[tuple[str, Callable[[Promise[Any], Any], object]]] = [
    ("Promise.then() expected a function or None", lambda p, c: p.then(c)),
    ("Promise.then() expected a function or None", lambda p, c: p.then(None, c)),
    ("Promise.finally_() expected a function", lambda p, c: p.finally_(c)),
    ("Promise.try_() expected a function", lambda p, c: Promise.try_(c)),
]


@pytest.mark.parametrize(("place", "call"), COROUTINE_PLACES)
def test_coroutine_object_where_a_function_belongs(
    coroutine: Coroutine[Any, Any, object], place: str, call: Callable[[Promise[Any], Any], object]
) -> None:
    with pytest.raises(TypeError) as caught:
        call(Promise.resolve(1), coroutine)
    shown = repr(coroutine)
    assert str(caught.value) == f"{place}, got {shown}: pass the function itself, do not call it"


def test_promisify_of_a_coroutine_object(coroutine: Coroutine[Any, Any, object]) -> None:
    with pytest.raises(TypeError) as caught:
        promisify(coroutine)
    shown = repr(coroutine)
    advice = "pass the function, do not call it"
    assert str(caught.value) == f"promisify() expected its argument to be a function, got {shown}: {advice}"


def test_coroutine_executor_is_never_started_nor_left_unawaited(recwarn: pytest.WarningsRecorder) -> None:
    started: list[str] = []

    async def executor(resolve: object, reject: object) -> None:
        started.append("started")

    with pytest.raises(TypeError, match="got a coroutine function"):
        Promise(executor)
    assert started == []
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize("name", ["all", "all_settled", "any", "race"])
def test_combinator_of_one_promise_is_rejected(name: str) -> None:
    with pytest.raises(TypeError) as caught:
        getattr(Promise, name)(Promise.resolve([1])).wait(timeout=5)
    assert str(caught.value) == (
        f"Promise.{name}() expected an iterable, got <Promise fulfilled: [1]>: write Promise.{name}([p, q])"
    )


@pytest.mark.parametrize("inputs", [5, None, Sample()])
def test_combinator_of_what_is_not_iterable_is_rejected(inputs: object) -> None:
    with pytest.raises(TypeError) as caught:
        Promise.all(inputs).wait(timeout=5)
    assert str(caught.value) == f"Promise.all() expected an iterable, got {inputs!r}: write Promise.all([p, q])"


@pytest.mark.parametrize(
    ("settle", "message"),
    [
        (lambda resolve, reject: resolve(1, 2), "resolve() expected one value, got resolve(1, 2)"),
        (lambda resolve, reject: resolve(a=1), "resolve() expected one value, got resolve(None, a=1)"),
        (lambda resolve, reject: reject(1, 2), "reject() expected one value, got reject(1, 2)"),
    ],
)
def test_resolving_function_with_several_values_rejects(
    settle: Callable[[Callable[..., None], Callable[..., None]], None], message: str
) -> None:
    promise, resolve, reject = Promise[int].with_resolvers()
    settle(resolve, reject)
    with pytest.raises(CallbackError) as caught:
        promise.wait(timeout=5)
    assert str(caught.value) == f"{message}: wrap it in a function that picks the value"


@pytest.mark.parametrize("reason", [5, "text", None, Sample(), int])
def test_reject_of_no_exception_rejects_with_callback_error(reason: object) -> None:
    promise, _, reject = Promise[int].with_resolvers()
    reject(reason)
    with pytest.raises(CallbackError) as caught:
        promise.wait(timeout=5)
    assert str(caught.value) == f"reject({reason!r}) was called; what it got is not an exception"
    assert caught.value.arguments == (reason,)


def test_promise_that_is_resolved_with_itself() -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve(promise)
    with pytest.raises(TypeError) as caught:
        promise.wait(timeout=5)
    assert str(caught.value) == "a promise was resolved with itself, so it could never settle"


def test_promise_whose_functions_are_dropped() -> None:
    with pytest.raises(BrokenPromise) as caught:
        Promise[int](lambda resolve, reject: None).wait(timeout=5)
    assert str(caught.value) == (
        "nobody can settle this promise any more: its resolve and reject were dropped without a call. "
        "Set PROMISEPY_DEBUG=1 to see the line that created it. "
        "If the library keeps callbacks only weakly, use Promise.with_resolvers(keep_alive=True)"
    )


def test_wait_that_is_too_short() -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    with pytest.raises(TimeoutError) as caught:
        promise.wait(timeout=0)
    assert str(caught.value) == "<Promise pending> did not settle within 0 seconds"
    resolve(1)
    assert promise.wait(timeout=5) == 1


def test_wait_under_a_running_loop() -> None:
    async def main() -> str:
        promise = Promise.resolve("value")
        with pytest.raises(RuntimeError) as caught:
            promise.wait()
        assert str(caught.value) == (
            "wait() would stop the event loop that is running in this thread: write await promise, or "
            "return the promise from the handler"
        )
        return await promise

    assert asyncio.run(main()) == "value"


def test_wait_in_a_handler_for_its_own_promise() -> None:
    child: list[Promise[Any]] = []
    child.append(Promise.resolve(1).then(lambda _: child[0].wait(timeout=5)))
    with pytest.raises(DeadlockError) as caught:
        child[0].wait(timeout=5)
    assert str(caught.value) == (
        "deadlock: <Promise pending> settles only after the handler that waits for it here has returned: "
        "return the promise from the handler instead"
    )
    child.clear()


def test_wait_on_the_thread_of_a_host() -> None:
    class Mainloop:
        def __repr__(self) -> str:
            return "Mainloop()"

        def post(self, drain: Callable[[], None], /) -> None:
            raise AssertionError("nothing is to be drained")

    host = Mainloop()
    promise, resolve, _ = Promise[int].with_resolvers()
    previous = set_host(host)
    try:
        with pytest.raises(RuntimeError) as caught:
            promise.wait()
        assert str(caught.value) == (
            "wait() would stop the host of this thread, Mainloop(): chain with then(), or pass "
            "pump= a function that lets the host handle its events"
        )
    finally:
        assert set_host(previous) is host
    resolve(1)
    assert promise.wait(timeout=5) == 1


def test_await_without_a_loop() -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    with pytest.raises(RuntimeError) as caught:
        promise.__await__().send(None)
    assert str(caught.value) == (
        "await of a pending promise needs a running asyncio loop: call promise.wait() in a script"
    )
    resolve(1)
    assert promise.wait(timeout=5) == 1


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (
            "async with promise: pass",
            (
                "a promise is not an asynchronous context manager: write async with await promise, or async with "
                "using(promise, release)"
            ),
        ),
        ("async for _ in promise: pass", "'async for' requires an object with __aiter__ method, got Promise"),
    ],
)
def test_asynchronous_uses(use: str, message: str) -> None:
    names: dict[str, Any] = {}
    exec(f"async def main(promise):\n    {use}", names)
    with pytest.raises(TypeError) as caught:
        asyncio.run(names["main"](Promise.resolve(1)))
    assert str(caught.value).startswith(message)


def test_host_that_is_refused_leaves_the_old_one() -> None:
    class Mainloop:
        def post(self, drain: Callable[[], None], /) -> None: ...

    host = Mainloop()
    set_host(host)
    with pytest.raises(TypeError):
        set_host(Sample())
    assert set_host(None) is host


def test_hook_that_is_refused_leaves_the_old_one() -> None:
    old = set_report_hook(print)
    with pytest.raises(TypeError):
        set_report_hook(Sample())
    assert set_report_hook(old) is print


NO_TRUTH = trapped(Trap, ("__bool__",))()


def test_a_switch_without_truth_is_refused_where_it_is_set() -> None:
    with pytest.raises(Trap):
        debug.enable(strict=NO_TRUTH)
    debug.disable()
    pending = Promise[int].with_resolvers(keep_alive=True).promise
    with pytest.raises(Trap):
        Promise.race([pending, Promise.resolve(1)], cancel_losers=NO_TRUTH)
