"""INV-RC: what has settled is freed by reference counts alone, with the collector switched off (S12)."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from promisepy import Promise, Report

pytestmark = pytest.mark.usefixtures("no_gc")


class Value:
    """Something a weak reference can watch."""


class WatchedError(Exception):
    """An exception a weak reference can watch; built-in ones cannot be watched."""


class Thenable:
    def __init__(self, value: Any) -> None:
        self.value = value

    def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
        on_fulfilled(self.value)


def fail(_: Any = None) -> Any:
    raise WatchedError


def rethrow(error: BaseException) -> Any:
    try:
        raise error
    finally:
        del error  # as `except ... as error` does: else the traceback leads back to the exception


async def give(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


async def fail_later() -> Any:
    await asyncio.sleep(0)
    raise WatchedError


def later(value: Any) -> Promise[Any]:
    return Promise.resolve().then(lambda _: value)


def later_rejected() -> Promise[Any]:
    return Promise.resolve().then(fail)


def done_future(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(value)
    return future


def resolved_with_itself() -> Promise[Any]:
    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve(promise)
    return promise


# Each makes a promise that will be settled; it, its value and its reason must all go without a collection.
CHAINS: dict[str, Callable[[], Promise[Any]]] = {
    "fulfilled": lambda: Promise.resolve(Value()),
    "fulfilled by the executor": lambda: Promise(lambda resolve, reject: resolve(Value())),
    "handlers": lambda: later(Value()).then(lambda value: [value]).then(lambda values: values[0]),
    "pass through": lambda: later(Value()).then().then().then(),
    "rejected": lambda: Promise.reject(WatchedError()),
    "rejected by the executor": lambda: Promise(lambda resolve, reject: reject(WatchedError())),
    "executor raises": lambda: Promise(fail_executor),
    "try raises": lambda: Promise.try_(fail),
    "handler raises": lambda: later_rejected().then().then(),
    "handler rethrows": lambda: later_rejected().catch(rethrow).catch(rethrow),
    "caught": lambda: later_rejected().catch(lambda error: Value()),
    "passed by a filter": lambda: later_rejected().catch(OSError, str),
    "adopts a promise": lambda: later(None).then(lambda _: later(Value())),
    "adopts a rejected promise": lambda: later(None).then(lambda _: later_rejected()),
    "adopts in the executor": lambda: Promise(lambda resolve, reject: resolve(later(Value()))),
    "adopts a thenable": lambda: Promise.resolve(Thenable(Value())),
    "adopts a coroutine": lambda: Promise.resolve(give(Value())),
    "adopts a failing coroutine": lambda: Promise.resolve(fail_later()),
    "adopts a future": lambda: Promise.resolve(done_future(Value())),
    "finally": lambda: later(Value()).finally_(lambda: None),
    "finally of a rejection": lambda: later_rejected().finally_(lambda: None),
    "finally raises": lambda: later(Value()).finally_(fail),
    "finally waits": lambda: later(Value()).finally_(lambda: later(None)),
    "all": lambda: Promise.all([later(Value()), Value(), later(None)]),
    "all of a tuple": lambda: Promise.all((later(Value()), later(Value()))),
    "all rejected": lambda: Promise.all([later(Value()), later_rejected()]),
    "all settled": lambda: Promise.all_settled([later(Value()), later_rejected()]),
    "any": lambda: Promise.any([later_rejected(), later(Value())]),
    "any rejected": lambda: Promise.any([later_rejected(), later_rejected()]),
    "race": lambda: Promise.race([later(Value()), later_rejected()]),
    "race rejected": lambda: Promise.race([later_rejected(), later(Value())]),
    "all keyed": lambda: Promise.all_keyed({"a": later(Value())}),
    "all settled keyed": lambda: Promise.all_settled_keyed({"a": later(Value()), "b": later_rejected()}),
    "self resolution": resolved_with_itself,
    "iterable raises": lambda: Promise.all(failing_iterable()),
    "thenable raises": lambda: Promise.resolve(FailingThenable()),
    "reading then raises": lambda: Promise.resolve(UnreadableThenable()),
}


def failing_iterable() -> Iterator[Promise[Any]]:
    yield later(Value())
    raise WatchedError


class FailingThenable:
    def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
        raise WatchedError


class UnreadableThenable:
    @property
    def then(self) -> Any:
        raise WatchedError


def fail_executor(resolve: Any, reject: Any) -> Any:
    raise WatchedError


def contents(promise: Promise[Any]) -> Iterator[Any]:
    """Everything of an outcome that a weak reference can watch."""
    stack: list[Any] = [promise.value, promise.reason]
    while stack:
        one = stack.pop()
        if isinstance(one, (list, tuple)):
            stack.extend(one)
        elif isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, (Value, WatchedError)):
            yield one
        elif isinstance(one, BaseExceptionGroup):
            stack.extend(one.exceptions)
        elif hasattr(one, "status"):
            stack.extend((getattr(one, "value", None), getattr(one, "reason", None)))


def watch(promise: Promise[Any]) -> list[weakref.ref[Any]]:
    return [weakref.ref(promise), *map(weakref.ref, contents(promise))]


def alive(references: list[weakref.ref[Any]]) -> list[Any]:
    return [one for one in (reference() for reference in references) if one is not None]


# Tests hold promises here and not in variables: a traceback keeps the frames through which an exception went,
# and their callers', alive with all variables. What a test's frame refers to is not the library's doing.
held: list[Promise[Any]] = []


@pytest.fixture(autouse=True)
def empty_hands() -> Iterator[None]:
    yield
    held.clear()


def start(make: Callable[[], Promise[Any]]) -> list[weakref.ref[Any]]:
    held.append(make())
    return [weakref.ref(held[0])]


def read() -> None:
    try:
        held[0].wait(timeout=10)
    except Exception:
        assert held[0].state == "rejected"


async def read_later() -> None:
    try:
        await held[0]
    except Exception:
        assert held[0].state == "rejected"


@pytest.mark.parametrize("chain", CHAINS)
def test_a_settled_chain_is_freed_in_a_script(chain: str, reports: list[Report]) -> None:
    references = start(CHAINS[chain])
    read()
    references += watch(held.pop())
    assert alive(references) == []
    assert reports == []


@pytest.mark.parametrize("chain", CHAINS)
def test_a_settled_chain_is_freed_under_asyncio(chain: str, reports: list[Report]) -> None:
    async def main() -> None:
        references = start(CHAINS[chain])
        await read_later()
        references += watch(held.pop())
        await asyncio.sleep(0)
        assert alive(references) == []

    asyncio.run(main())
    assert reports == []


@pytest.mark.parametrize("chain", CHAINS)
def test_every_link_is_freed_while_the_last_one_is_held(chain: str, reports: list[Report]) -> None:
    references = start(CHAINS[chain])
    for _ in range(5):
        held.append(held.pop().then())
        references.append(weakref.ref(held[0]))
    read()
    assert [reference() for reference in references[:-1]] == [None] * 5
    held.clear()
    assert alive(references) == []
    assert reports == []


@pytest.mark.parametrize("chain", [chain for chain in CHAINS if "rais" in chain or "reject" in chain])
def test_a_rejection_that_nobody_reads_is_freed_and_reported_at_once(
    chain: str,
    reports: list[Report],
) -> None:
    references = start(CHAINS[chain])
    if held[0].state == "pending":
        run_jobs()
    del held[:]
    assert alive(references) == []
    assert [report.kind for report in reports] == ["unhandled"]


def run_jobs() -> None:
    Promise.resolve(give(None)).then().then().wait(timeout=10)


@pytest.mark.parametrize("settle", ["resolve", "reject"])
def test_a_promise_that_several_tasks_awaited_is_freed(settle: str) -> None:
    async def main() -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        held.append(promise)
        del promise
        tasks = [asyncio.create_task(read_later()) for _ in range(3)]
        await asyncio.sleep(0)
        if settle == "resolve":
            resolve(Value())
        else:
            reject(WatchedError())
        await asyncio.gather(*tasks)
        references = watch(held.pop())
        await asyncio.sleep(0)
        assert alive(references) == []

    asyncio.run(main())


def test_a_promise_is_freed_although_a_task_that_awaited_it_was_cancelled() -> None:
    async def main() -> None:
        promise, resolve, _ = Promise[Any].with_resolvers()
        held.append(promise)
        del promise
        task = asyncio.create_task(read_later())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        del task
        resolve(Value())
        references = watch(held.pop())
        assert alive(references) == []

    asyncio.run(main())


@pytest.mark.parametrize("make", [lambda: later(Value()), later_rejected], ids=["value", "reason"])
def test_a_future_made_of_a_promise_is_freed_with_its_result(make: Callable[[], Promise[Any]]) -> None:
    start(make)
    futures = [held[0].to_future()]
    read()
    assert futures[0].done()
    references = [weakref.ref(futures.pop()), *watch(held.pop())]
    assert alive(references) == []


def test_a_pending_promise_is_freed_when_nobody_wants_its_outcome() -> None:
    promise, resolve, reject = Promise[Any].with_resolvers()
    reference = weakref.ref(promise)
    del promise, resolve, reject
    assert reference() is None


def test_a_promise_that_its_library_forgot_is_freed(reports: list[Report]) -> None:
    promise, resolve, reject = Promise[Any].with_resolvers()
    child = promise.catch(str)
    references = [weakref.ref(promise), weakref.ref(child)]
    del promise, resolve, reject
    assert "nobody can settle" in child.wait(timeout=10)
    del child
    assert alive(references) == []
    assert reports == []


def test_the_resolving_functions_do_not_keep_a_settled_promise() -> None:
    promise, resolve, reject = Promise[Any].with_resolvers()
    resolve(Value())
    references = watch(promise)
    del promise
    assert alive(references) == []
    resolve(2)
    reject(WatchedError())


def reject_through_a_function(reason: Any) -> Promise[Any]:
    promise, _, reject = Promise[Any].with_resolvers()
    reject(reason)
    try:
        return promise
    finally:
        del promise, reject  # the reason's traceback leads here, too


@pytest.mark.parametrize("reject", [Promise.reject, reject_through_a_function])
def test_a_reason_whose_class_raised_is_freed_with_its_promise(reject: Callable[[Any], Promise[Any]]) -> None:
    class Unmakeable(Exception):
        def __init__(self) -> None:
            fail()

    references = watch(reject(Unmakeable))
    assert alive(references) == []


def test_a_promise_that_keeps_its_functions_alive_is_freed_once_it_has_settled() -> None:
    promise, resolve, reject = Promise[Any].with_resolvers(keep_alive=True)
    functions = [weakref.ref(resolve), weakref.ref(reject)]
    resolve(Value())
    del resolve, reject
    references = [*functions, *watch(promise)]
    del promise
    assert alive(references) == []


def test_a_handler_is_let_go_once_its_promise_has_settled() -> None:
    value = Value()
    reference = weakref.ref(value)

    def use_value(_: Any, value: Value = value) -> None:
        assert value is reference()

    promise = Promise.resolve().then(use_value, use_value)
    del use_value, value
    promise.wait(timeout=10)
    assert reference() is None


def test_reading_a_rejection_again_and_again_leaves_no_cycle() -> None:
    start(later_rejected)
    for _ in range(3):
        read()
    references = watch(held.pop())
    assert alive(references) == []
