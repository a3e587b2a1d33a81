"""What other libraries got wrong about order, settling and promises as objects."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import pickle
import sys
import threading
import types
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from promisepy import CallbackError, Cancelled, Fulfilled, Promise, Rejected, Report

REASON = ValueError("reason")


def fail(_: Any = None) -> Any:
    raise REASON


def drain() -> None:
    """Run the jobs of this thread; no test here has a longer chain."""
    rung = Promise.resolve()
    for _ in range(20):
        rung = rung.then()
    rung.wait(timeout=10)


def in_script(make: Callable[[], Promise[Any]]) -> Any:
    return make().wait(timeout=10)


def on_loop(make: Callable[[], Promise[Any]]) -> Any:
    async def main() -> Any:
        return await asyncio.wait_for(make(), 10)

    return asyncio.run(main())


both_homes = pytest.mark.parametrize("read", [in_script, on_loop])


def test_then_on_a_settled_promise_runs_nothing_in_a_script_until_wait() -> None:
    seen: list[int] = []
    promise = Promise.resolve(1)
    child = promise.then(seen.append)
    assert (seen, child.state) == ([], "pending")
    child.wait()
    assert seen == [1]


def test_nested_settling_is_breadth_first() -> None:
    resolvers = [Promise[Any].with_resolvers() for _ in range(3)]
    seen: list[str] = []

    def settle_next(n: int) -> None:
        seen.append(f"start {n}")
        if n < 2:
            resolvers[n + 1].resolve(n + 1)
        seen.append(f"end {n}")

    for promise, _, _ in resolvers:
        promise.then(settle_next)
    resolvers[0].resolve(0)
    drain()
    assert seen == ["start 0", "end 0", "start 1", "end 1", "start 2", "end 2"]


@both_homes
def test_a_chain_of_twenty_thousand_links_settles(read: Any) -> None:
    def chain() -> Promise[int]:
        promise = Promise.resolve(0)
        for _ in range(20_000):
            promise = promise.then(lambda value: value + 1)
        return promise

    assert read(chain) == 20_000


@both_homes
def test_a_handler_may_recurse_five_thousand_times_through_promises(read: Any) -> None:
    def count_down(n: int) -> Any:
        return Promise.resolve(n - 1).then(count_down) if n else "done"

    assert read(lambda: Promise.resolve(5000).then(count_down)) == "done"


def test_a_long_burst_keeps_its_order() -> None:
    seen: list[int] = []
    for n in range(5000):
        Promise.resolve(n).then(seen.append)
    Promise.all([Promise.resolve()] * 5000).then().then().wait(timeout=10)
    assert seen == list(range(5000))


def test_a_chain_that_never_ends_leaves_the_loop_its_turns() -> None:
    async def main() -> None:
        endless = True

        def again(_: Any) -> Any:
            return Promise.resolve().then(again) if endless else None

        promise = Promise.resolve().then(again)
        for _ in range(100):
            await asyncio.sleep(0)
        assert promise.state == "pending"
        endless = False
        await promise

    asyncio.run(asyncio.wait_for(main(), 60))


class TestSelfResolution:
    def test_in_the_executor_is_a_type_error(self) -> None:
        functions: list[Any] = []
        promise = Promise[Any](lambda resolve, reject: functions.append(resolve))
        functions[0](promise)
        assert isinstance(promise.reason, TypeError)

    def test_in_a_handler_is_a_type_error(self) -> None:
        child: Promise[Any] = Promise.resolve().then(lambda _: child)
        with pytest.raises(TypeError, match="resolved with itself"):
            child.wait(timeout=10)

    @pytest.mark.parametrize("length", [2, 3])
    def test_in_a_circle_stays_pending_and_hurts_nobody(self, length: int) -> None:
        circle = [Promise[Any].with_resolvers() for _ in range(length)]
        for one, other in zip(circle, [*circle[1:], circle[0]], strict=True):
            one.resolve(other.promise)
        drain()
        assert {one.promise.state for one in circle} == {"pending"}
        assert Promise.resolve(1).then(str).wait(timeout=10) == "1"


def test_settling_again_changes_nothing_and_answers_none() -> None:
    promise, resolve, reject = Promise[int].with_resolvers()
    answers = [resolve(1), resolve(2), reject(REASON), resolve(3)]
    assert answers == [None] * 4
    assert promise.wait() == 1


def test_the_resolving_functions_are_plain_functions() -> None:
    for function in Promise[Any].with_resolvers(keep_alive=True)[1:]:
        assert isinstance(function, types.FunctionType)
        assert function.__name__ in ("resolve", "reject")
        assert weakref.ref(function)() is function


def test_unexpected_arguments_reject_instead_of_raising_in_the_library() -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve("value", "extra", status=5)
    assert isinstance(promise.reason, CallbackError)
    assert promise.reason.arguments == ("value", "extra")
    assert promise.reason.keywords == {"status": 5}


def test_a_handler_that_raises_does_not_disturb_those_beside_it() -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    seen: list[str] = []
    promise.then(lambda _: seen.append("first"))
    failing = promise.then(fail)
    promise.then(lambda _: seen.append("last"))
    resolve(1)
    drain()
    assert seen == ["first", "last"]
    assert failing.outcome == Rejected(REASON)


def test_a_handler_runs_in_the_context_of_its_then_whoever_settles() -> None:
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
    promise, resolve, _ = Promise[int].with_resolvers()
    seen: list[str] = []

    def register(name: str) -> None:
        user.set(name)
        promise.then(lambda _: seen.append(user.get()))

    for name in ("alice", "bob"):
        contextvars.copy_context().run(register, name)
    thread = threading.Thread(target=resolve, args=(1,))
    thread.start()
    thread.join()
    drain()
    assert seen == ["alice", "bob"]


@pytest.mark.parametrize("start", [Promise.resolve, lambda: Promise.reject(REASON)], ids=["value", "reason"])
def test_finally_keeps_either_outcome(start: Any) -> None:
    seen: list[str] = []
    promise = start().finally_(lambda: seen.append("closed"))
    drain()
    assert seen == ["closed"]
    assert promise.outcome == start().outcome


def test_any_takes_a_generator() -> None:
    assert Promise.any(one for one in (Promise.reject(REASON), Promise.resolve(2))).wait() == 2


def test_all_settled_takes_plain_values() -> None:
    assert Promise.all_settled([1, Promise.reject(REASON), None]).wait() == [
        Fulfilled(1),
        Rejected(REASON),
        Fulfilled(None),
    ]


@pytest.fixture
def quick_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def meet_and_settle(barrier: threading.Barrier, act: Any, outcome: Any) -> None:
    barrier.wait(timeout=10)
    act(outcome)


@pytest.mark.usefixtures("quick_switches")
class TestThreads:
    """Three hundred rounds found the faults of others."""

    ROUNDS = 300

    def test_of_two_threads_that_settle_exactly_one_wins(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            for _ in range(self.ROUNDS):
                promise, resolve, reject = Promise[str].with_resolvers()
                seen: list[Any] = []
                promise.then(seen.append, seen.append)
                barrier = threading.Barrier(2)
                calls = [
                    pool.submit(meet_and_settle, barrier, resolve, "value"),
                    pool.submit(meet_and_settle, barrier, reject, REASON),
                ]
                for call in calls:
                    call.result()
                drain()
                assert len(seen) == 1
                assert promise.outcome in (Fulfilled("value"), Rejected(REASON))

    def test_a_handler_added_while_another_thread_settles_runs_once(self) -> None:
        with ThreadPoolExecutor(1) as pool:
            for n in range(self.ROUNDS):
                promise, resolve, _ = Promise[int].with_resolvers()
                barrier = threading.Barrier(2)
                call = pool.submit(meet_and_settle, barrier, resolve, n)
                seen: list[int] = []
                barrier.wait()
                for _ in range(3):
                    promise.then(seen.append)
                call.result()
                drain()
                assert seen == [n] * 3


class TestObjects:
    @pytest.mark.parametrize(
        "duplicate",
        [copy.copy, copy.deepcopy, pickle.dumps, lambda promise: copy.deepcopy([promise])],
        ids=["copy", "deepcopy", "pickle", "deepcopy of a list"],
    )
    def test_a_promise_is_neither_copied_nor_pickled(self, duplicate: Any) -> None:
        with pytest.raises(TypeError, match="a promise cannot be copied or pickled"):
            duplicate(Promise.resolve(1))

    def test_promises_are_compared_by_identity_and_can_be_keys(self) -> None:
        first, second = Promise.resolve(1), Promise.resolve(1)
        assert first != second
        assert {first: "first", second: "second"}[first] == "first"

    @pytest.mark.parametrize(
        ("use", "advice"),
        [
            (bool, "await it, or compare"),
            (iter, "await it, or iterate over"),
            (list, "await it, or iterate over"),
        ],
        ids=["bool", "iter", "list"],
    )
    def test_using_a_promise_for_its_value_is_answered_with_advice(self, use: Any, advice: str) -> None:
        with pytest.raises(TypeError, match=advice):
            use(Promise.resolve([1]))

    def test_with_on_a_promise_is_answered_with_advice(self) -> None:
        with pytest.raises(TypeError, match="not a context manager"), Promise.resolve(1):
            pass

    def test_a_subclass_may_add_attributes_and_methods(self) -> None:
        class Request(Promise[str]):
            def __init__(self, url: str) -> None:
                super().__init__(lambda resolve, reject: resolve(url.upper()))
                self.url = url

        request = Request("page")
        assert (request.url, request.wait()) == ("page", "PAGE")
        assert isinstance(request, Promise)
        assert type(request.then(len)) is Promise
        assert request.then(len).wait() == 4

    def test_a_promise_has_no_dictionary_and_can_be_referred_to_weakly(self) -> None:
        promise = Promise.resolve(1)
        assert not hasattr(promise, "__dict__")
        assert weakref.ref(promise)() is promise

    def test_reprs_name_the_public_module(self, reports: list[Report]) -> None:
        assert Promise.__module__ == Cancelled.__module__ == Report.__module__ == "promisepy"
        assert repr(Promise.resolve(1)).startswith("<Promise fulfilled: 1")
        assert repr(Promise.reject(REASON)).startswith("<Promise rejected: ValueError('reason')")
