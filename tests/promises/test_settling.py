"""A promise settles once, whoever is first and on whatever thread, and not with itself (S1, S3)."""

from __future__ import annotations

import threading
import types
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from promisepy import CallbackError, Fulfilled, Promise, Rejected, promisify

from ..support import turn

REASON = ValueError("reason")


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
        turn()
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


BOTH = ValueError("one"), OSError("two")


@pytest.mark.parametrize("more", [("channel", BOTH[0]), (BOTH[0], "text"), (1, BOTH[0], None)])
def test_one_exception_among_the_arguments_of_a_failure_is_the_reason(more: tuple[Any, ...]) -> None:
    """For `reject` as for the errback of `promisify`."""
    promise, _, reject = Promise[Any].with_resolvers()
    reject(*more)
    assert promise.reason is BOTH[0]
    promise = promisify(lambda callback, errback: errback(*more), style="two_callbacks")()
    assert promise.reason is BOTH[0]


@pytest.mark.parametrize(
    ("more", "named"),
    [(("channel", "text"), {}), (BOTH, {}), ((), {}), (("channel", OSError), {}), (("channel", BOTH[0]), {"code": 4})],
)
def test_otherwise_all_arguments_of_a_failure_are_kept(more: tuple[Any, ...], named: dict[str, Any]) -> None:
    promise, _, reject = Promise[Any].with_resolvers()
    reject(*more, **named)
    promised = promisify(lambda callback, errback: errback(*more, **named), style="two_callbacks")()
    for reason, arguments in ((promise.reason, more or (None,)), (promised.reason, more)):
        assert isinstance(reason, CallbackError)
        assert (reason.arguments, reason.keywords) == (arguments, named)
        assert reason is not BOTH[0]


def meet_and_settle(barrier: threading.Barrier, act: Any, outcome: Any) -> None:
    barrier.wait(timeout=10)
    act(outcome)


@pytest.mark.usefixtures("hectic")
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
                turn()
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
                turn()
                assert seen == [n] * 3
