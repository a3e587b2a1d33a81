"""ECMA-262 27.2.4.1: `Promise.all`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Settled, Ticks

REASON = ValueError("reason")
OTHER = KeyError("other")


class Thenable:
    def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
        on_fulfilled("thenable")


class BadIterable:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __iter__(self) -> Iterator[Any]:
        raise self.error


def good() -> Promise[int]:
    return Promise.resolve(1)


def bad() -> Promise[Any]:
    return Promise.reject(REASON)


# Measured on V8.
JOBS: dict[str, tuple[int, Callable[[], Promise[Any]]]] = {
    "all([R])": (1, lambda: Promise.all([good()])),
    "all([R, R, R])": (1, lambda: Promise.all([good(), good(), good()])),
    "all([1, 2])": (1, lambda: Promise.all([1, 2])),
    "all([R, J])": (1, lambda: Promise.all([good(), bad()])),
    "all([])": (0, lambda: Promise.all([])),
    "all([thenable])": (2, lambda: Promise.all([Thenable()])),
    "all([all([R])])": (2, lambda: Promise.all([Promise.all([good()])])),
    "all([follower of R])": (3, lambda: Promise.all([Promise(lambda f, r: f(good()))])),
}


@pytest.mark.parametrize("expression", JOBS)
async def test_27_2_4_1_the_number_of_jobs(expression: str, ticks: Ticks) -> None:
    expected, make = JOBS[expression]
    assert await ticks(make) == expected


async def test_27_2_4_1_the_values_are_in_the_order_of_the_inputs(jobs: Jobs) -> None:
    first, resolve_first, _ = Promise[str].with_resolvers()
    second, resolve_second, _ = Promise[str].with_resolvers()
    promise = Promise.all([first, "plain", second, Thenable()])
    resolve_second("second")
    await jobs()
    assert promise.state == "pending"
    resolve_first("first")
    await jobs()
    assert promise.outcome == Fulfilled(["first", "plain", "second", "thenable"])


async def test_27_2_4_1_a_tuple_gives_a_tuple_and_any_other_iterable_a_list(jobs: Jobs) -> None:
    inputs: list[Any] = [(1, 2), [1, 2], iter([1, 2]), {1: "a", 2: "b"}, range(1, 3), (n for n in (1, 2))]
    promises = [Promise.all(one) for one in inputs]
    await jobs()
    assert [promise.outcome for promise in promises] == [Fulfilled((1, 2))] + [Fulfilled([1, 2])] * 5


async def test_27_2_4_1_no_inputs_fulfil_at_once() -> None:
    assert Promise.all([]).outcome == Fulfilled([])
    assert Promise.all(()).outcome == Fulfilled(())


async def test_27_2_4_1_2_the_same_promise_may_come_twice(fulfilled: Settled, jobs: Jobs) -> None:
    promise = fulfilled(1)
    both = Promise.all([promise, promise])
    await jobs()
    assert both.outcome == Fulfilled([1, 1])


async def test_27_2_4_1_the_first_rejection_rejects(jobs: Jobs) -> None:
    first, _, reject_first = Promise[Any].with_resolvers()
    second, _, reject_second = Promise[Any].with_resolvers()
    promise = Promise.all([first, second])
    reject_second(REASON)
    reject_first(OTHER)
    await jobs()
    assert promise.outcome == Rejected(REASON)


async def test_27_2_4_1_a_rejection_does_not_wait_for_the_others(jobs: Jobs) -> None:
    pending, resolve, _ = Promise[Any].with_resolvers()
    promise = Promise.all([pending, bad()])
    await jobs()
    assert promise.outcome == Rejected(REASON)
    resolve("too late")


async def test_27_2_4_1_2_the_iterable_is_read_lazily(jobs: Jobs) -> None:
    seen: list[str] = []

    class Watched:
        def __init__(self, number: int) -> None:
            self.number = number

        @property
        def then(self) -> Any:
            seen.append(f"then {self.number}")
            return lambda on_fulfilled, on_rejected: on_fulfilled(self.number)

    def inputs() -> Iterator[Any]:
        for number in range(2):
            seen.append(f"next {number}")
            yield Watched(number)
        seen.append("end")

    promise = Promise.all(inputs())
    assert seen == ["next 0", "then 0", "next 1", "then 1", "end"]
    await jobs()
    assert promise.outcome == Fulfilled([0, 1])


@pytest.mark.parametrize("home", ["script"], indirect=True)
async def test_27_2_4_1_2_it_does_not_finish_while_it_iterates(jobs: Jobs) -> None:
    def inputs() -> Iterator[Promise[int]]:
        yield good()
        Promise.resolve().then().wait()  # the first input has been counted now
        yield good()

    promise = Promise.all(inputs())
    await jobs()
    assert promise.outcome == Fulfilled([1, 1])


@pytest.mark.parametrize("inputs", [None, 5, object(), good], ids=["None", "number", "object", "function"])
async def test_27_2_4_1_what_is_not_iterable_rejects_and_does_not_raise(inputs: Any) -> None:
    assert isinstance(Promise.all(inputs).reason, TypeError)


async def test_27_2_4_1_an_iterable_that_raises_rejects() -> None:
    assert Promise.all(BadIterable(REASON)).outcome == Rejected(REASON)


async def test_27_2_4_1_an_iterator_that_raises_midway_rejects_and_what_came_counts_as_handled(
    jobs: Jobs, reports: list[Any]
) -> None:
    pending, _, reject = Promise[Any].with_resolvers()

    def inputs(first: Promise[Any]) -> Iterator[Promise[Any]]:
        yield first
        yield bad()
        raise OTHER

    promise = Promise.all(inputs(pending))
    assert promise.outcome == Rejected(OTHER)
    await jobs()
    reject(REASON)
    del pending, promise
    await jobs()
    assert reports == []


async def test_27_2_4_1_stop_iteration_from_an_iterable_becomes_a_runtime_error() -> None:
    promise = Promise.all(BadIterable(StopIteration(5)))
    assert isinstance(promise.reason, RuntimeError)
    assert isinstance(promise.reason.__cause__, StopIteration)


async def test_27_2_4_1_3_later_outcomes_change_nothing(jobs: Jobs) -> None:
    late, _, reject = Promise[Any].with_resolvers()
    promise = Promise.all([bad(), late])
    await jobs()
    reject(OTHER)
    await jobs()
    assert promise.outcome == Rejected(REASON)


async def test_27_2_4_1_3_later_rejections_count_as_handled(jobs: Jobs, reports: list[Any]) -> None:
    late, _, reject = Promise[Any].with_resolvers()
    promise = Promise.all([bad(), late, bad()])
    await jobs()
    assert promise.outcome == Rejected(REASON)
    reject(OTHER)
    del late, promise
    await jobs()
    assert reports == []


@pytest.mark.parametrize(
    "arguments",
    [(), ([], []), (good, good)],
    ids=["none", "two lists", "two functions"],
)
async def test_27_2_4_1_anything_but_one_iterable_is_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(
        TypeError, match=r"Promise\.all\(\) expected one iterable, got \d arguments: write Promise\.all\(\["
    ):
        Promise.all(*arguments)
