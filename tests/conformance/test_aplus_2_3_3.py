"""Promises/A+ 2.3.3: a promise that is resolved with a thenable, which is one if its type has a `then`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs

REASON = ValueError("reason")
OTHER = KeyError("other")


class Calls:
    """A thenable whose `then` is the given function."""

    def __init__(self, function: Callable[[Any, Any], object]) -> None:
        self.function = function

    def then(self, on_fulfilled: Any, on_rejected: Any) -> Any:
        return self.function(on_fulfilled, on_rejected)


def raising(error: BaseException) -> Any:
    raise error


def resolved_with(x: Any) -> list[Promise[Any]]:
    """Resolve promises with `x` in each of the ways there are."""
    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve(x)
    handled = Promise.resolve().then(lambda _: x)
    recovered = Promise.reject(OTHER).catch(lambda _: x)
    return [promise, handled, recovered, Promise(lambda resolve, reject: resolve(x)), Promise.resolve(x)]


async def test_2_3_3_1_then_is_read_once_for_each_resolution(jobs: Jobs) -> None:
    reads: list[str] = []

    class Counts:
        @property
        def then(self) -> Any:
            reads.append("read")
            return lambda on_fulfilled, on_rejected: on_fulfilled(1)

    child = Promise.resolve().then(lambda _: Counts())
    await jobs()
    assert child.outcome == Fulfilled(1)
    assert reads == ["read"]


async def test_2_3_3_1_a_then_that_changes_after_the_first_read_is_not_believed(jobs: Jobs) -> None:
    answers: list[Any] = [lambda on_fulfilled, on_rejected: on_fulfilled("first"), None]

    class Liar:
        @property
        def then(self) -> Any:
            return answers.pop(0)

    promise = Promise.resolve(Liar())
    await jobs()
    assert promise.outcome == Fulfilled("first")


async def test_2_3_3_1_then_is_read_when_resolving_and_called_in_a_job_of_its_own(jobs: Jobs) -> None:
    seen: list[str] = []

    class Watched:
        @property
        def then(self) -> Any:
            seen.append("read")
            return lambda on_fulfilled, on_rejected: seen.append("called") or on_fulfilled(1)

    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve(Watched())
    seen.append("resolve returned")
    await jobs()
    assert seen == ["read", "resolve returned", "called"]
    assert promise.outcome == Fulfilled(1)


@pytest.mark.parametrize("error", [REASON, AttributeError("then"), StopAsyncIteration()])
async def test_2_3_3_2_an_error_while_then_is_read_rejects(error: Exception, jobs: Jobs) -> None:
    class Hostile:
        @property
        def then(self) -> Any:
            raise error

    promises = resolved_with(Hostile())
    await jobs()
    assert [promise.outcome for promise in promises] == [Rejected(error)] * 5


async def test_2_3_3_1_the_promise_counts_as_resolved_before_then_is_read(jobs: Jobs) -> None:
    promise, resolve, reject = Promise[Any].with_resolvers()

    class Reenters:
        @property
        def then(self) -> Any:
            resolve("from the getter")
            reject(REASON)
            return lambda on_fulfilled, on_rejected: on_fulfilled("from then")

    resolve(Reenters())
    await jobs()
    assert promise.outcome == Fulfilled("from then")


async def test_2_3_3_3_then_is_called_as_a_method_with_two_functions(jobs: Jobs) -> None:
    seen: list[Any] = []

    class Records:
        def then(self, *args: Any, **kwargs: Any) -> None:
            seen.append((self, [callable(one) for one in args], kwargs))
            args[0](None)

    thenables = [Records(), Records()]
    promise = Promise.resolve(thenables[0])
    promise.then(lambda _: thenables[1])
    await jobs()
    assert seen == [(thenables[0], [True, True], {}), (thenables[1], [True, True], {})]


INNER = {
    "value": (lambda: 5, Fulfilled(5)),
    "none": (lambda: None, Fulfilled(None)),
    "error as a value": (lambda: REASON, Fulfilled(REASON)),
    "fulfilled promise": (lambda: Promise.resolve(5), Fulfilled(5)),
    "rejected promise": (lambda: Promise.reject(REASON), Rejected(REASON)),
    "later fulfilled": (lambda: Promise.resolve().then().then(lambda _: 5), Fulfilled(5)),
    "later rejected": (lambda: Promise.resolve().then().then(lambda _: raising(REASON)), Rejected(REASON)),
    "fulfilling thenable": (lambda: Calls(lambda f, r: f(5)), Fulfilled(5)),
    "rejecting thenable": (lambda: Calls(lambda f, r: r(REASON)), Rejected(REASON)),
    "raising thenable": (lambda: Calls(lambda f, r: raising(REASON)), Rejected(REASON)),
    "thenable of a promise": (lambda: Calls(lambda f, r: f(Promise.reject(REASON))), Rejected(REASON)),
    "three thenables": (
        lambda: Calls(lambda f, r: f(Calls(lambda f, r: f(Calls(lambda f, r: f(5)))))),
        Fulfilled(5),
    ),
}


@pytest.mark.parametrize("inner", INNER)
async def test_2_3_3_3_1_resolve_promise_runs_the_procedure_again(inner: str, jobs: Jobs) -> None:
    make, expected = INNER[inner]
    promises = resolved_with(Calls(lambda on_fulfilled, on_rejected: on_fulfilled(make())))
    await jobs()
    assert [promise.outcome for promise in promises] == [expected] * 5


@pytest.mark.parametrize("inner", INNER)
async def test_2_3_3_3_1_it_does_so_when_it_is_called_later(inner: str, jobs: Jobs) -> None:
    make, expected = INNER[inner]
    stored: list[Any] = []
    promises = resolved_with(Calls(lambda on_fulfilled, on_rejected: stored.append(on_fulfilled)))
    await jobs()
    assert {promise.state for promise in promises} == {"pending"}
    for on_fulfilled in stored:
        on_fulfilled(make())
    await jobs()
    assert [promise.outcome for promise in promises] == [expected] * 5


async def test_2_3_3_3_2_reject_promise_rejects(jobs: Jobs) -> None:
    promises = resolved_with(Calls(lambda on_fulfilled, on_rejected: on_rejected(REASON)))
    await jobs()
    assert [promise.outcome for promise in promises] == [Rejected(REASON)] * 5


async def test_2_3_3_3_2_a_reason_is_not_assimilated(jobs: Jobs) -> None:
    class ThenableError(Exception):
        def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
            on_fulfilled("assimilated")

    reason = ThenableError()
    promise = Promise.resolve(Calls(lambda on_fulfilled, on_rejected: on_rejected(reason)))
    await jobs()
    assert promise.outcome == Rejected(reason)


FIRST = {
    "fulfil twice": (lambda f, r: (f(1), f(2)), Fulfilled(1)),
    "fulfil, reject": (lambda f, r: (f(1), r(OTHER)), Fulfilled(1)),
    "fulfil, raise": (lambda f, r: (f(1), raising(OTHER)), Fulfilled(1)),
    "reject twice": (lambda f, r: (r(REASON), r(OTHER)), Rejected(REASON)),
    "reject, fulfil": (lambda f, r: (r(REASON), f(1)), Rejected(REASON)),
    "reject, raise": (lambda f, r: (r(REASON), raising(OTHER)), Rejected(REASON)),
    "follow, fulfil": (lambda f, r: (f(Calls(lambda f, r: f(1))), f(2)), Fulfilled(1)),
    "follow, reject": (lambda f, r: (f(Calls(lambda f, r: f(1))), r(OTHER)), Fulfilled(1)),
    "follow, raise": (lambda f, r: (f(Calls(lambda f, r: f(1))), raising(OTHER)), Fulfilled(1)),
    "follow a rejection, fulfil": (lambda f, r: (f(Calls(lambda f, r: r(REASON))), f(2)), Rejected(REASON)),
}


@pytest.mark.parametrize("case", FIRST)
async def test_2_3_3_3_3_only_the_first_call_counts(case: str, jobs: Jobs) -> None:
    then, expected = FIRST[case]
    promises = resolved_with(Calls(then))
    await jobs()
    assert [promise.outcome for promise in promises] == [expected] * 5


@pytest.mark.parametrize("case", [case for case in FIRST if "raise" not in case])
async def test_2_3_3_3_3_only_the_first_call_counts_when_they_come_later(case: str, jobs: Jobs) -> None:
    then, expected = FIRST[case]
    stored: list[Any] = []
    promises = resolved_with(Calls(lambda *functions: stored.append(functions)))
    await jobs()
    for functions in stored:
        then(*functions)
    await jobs()
    assert [promise.outcome for promise in promises] == [expected] * 5


async def test_2_3_3_3_3_calls_after_the_outcome_is_known_are_ignored(jobs: Jobs) -> None:
    stored: list[Any] = []
    promise = Promise.resolve(Calls(lambda f, r: stored.extend((f, r)) or f(1)))
    await jobs()
    stored[0](2)
    stored[1](OTHER)
    await jobs()
    assert promise.outcome == Fulfilled(1)


async def test_2_3_3_3_3_an_early_call_counts_although_what_it_follows_settles_late(jobs: Jobs) -> None:
    other, resolve, _ = Promise[Any].with_resolvers()
    promise = Promise.resolve(Calls(lambda f, r: (f(other), r(OTHER))))
    await jobs()
    assert promise.state == "pending"
    resolve(1)
    await jobs()
    assert promise.outcome == Fulfilled(1)


async def test_2_3_3_3_4_1_an_error_after_a_call_is_ignored(jobs: Jobs) -> None:
    other, resolve, _ = Promise[Any].with_resolvers()
    promises = resolved_with(Calls(lambda f, r: (f(other), raising(OTHER))))
    await jobs()
    assert {promise.state for promise in promises} == {"pending"}
    resolve(1)
    await jobs()
    assert [promise.outcome for promise in promises] == [Fulfilled(1)] * 5


async def test_2_3_3_3_4_2_an_error_before_any_call_rejects(jobs: Jobs) -> None:
    promises = resolved_with(Calls(lambda f, r: raising(REASON)))
    await jobs()
    assert [promise.outcome for promise in promises] == [Rejected(REASON)] * 5


async def test_2_3_3_3_4_2_calls_after_the_error_are_ignored(jobs: Jobs) -> None:
    stored: list[Any] = []
    promise = Promise.resolve(Calls(lambda f, r: stored.append(f) or raising(REASON)))
    await jobs()
    stored[0](1)
    await jobs()
    assert promise.outcome == Rejected(REASON)


@pytest.mark.parametrize("then", [None, 5, 0, False, "then", [], {}, object()])
async def test_2_3_3_4_a_then_that_is_no_function_makes_a_value(then: Any, jobs: Jobs) -> None:
    x = type("Bag", (), {"then": then})()
    promises = resolved_with(x)
    await jobs()
    assert [promise.outcome for promise in promises] == [Fulfilled(x)] * 5


async def test_2_3_3_a_then_that_only_the_instance_has_makes_a_value(jobs: Jobs) -> None:
    class Bag:
        pass

    x = Bag()
    x.then = lambda on_fulfilled, on_rejected: on_fulfilled("assimilated")
    promises = resolved_with(x)
    await jobs()
    assert [promise.outcome for promise in promises] == [Fulfilled(x)] * 5


async def test_2_3_3_values_are_never_compared_tested_or_hashed(jobs: Jobs) -> None:
    class Touchy:
        def refuse(self, *_: Any) -> Any:
            raise AssertionError("touched")

        __eq__ = __bool__ = __hash__ = __len__ = __iter__ = __contains__ = refuse

    x = Touchy()
    promises = [
        *resolved_with(x),
        Promise.all([x]),
        Promise.race([x]),
        Promise.resolve(x).finally_(lambda: x),
    ]
    await jobs()
    assert {promise.state for promise in promises} == {"fulfilled"}


class UnhashableClass(type):
    __hash__ = None

    def __eq__(cls, other: object) -> bool:
        raise AssertionError("compared")


class WithUnhashableClass(metaclass=UnhashableClass):
    pass


class WithoutAttributes:
    def __getattribute__(self, name: str) -> Any:
        raise ValueError(name)


@pytest.mark.parametrize("kind", [WithUnhashableClass, WithoutAttributes], ids=["class", "attributes"])
async def test_2_3_3_a_hostile_value_settles_and_nothing_is_raised(kind: type, jobs: Jobs) -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve(kind())
    child = Promise.resolve().then(lambda _: kind())
    await jobs()
    assert promise.state == child.state != "pending"
