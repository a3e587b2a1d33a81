"""Chains of any length settle and are freed without recursion (S12)."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import BrokenPromise, Promise, Report

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_gc")]

LINKS = 1_000_000
# For what costs more per link.
FEWER_LINKS = 100_000


def increment(value: int) -> int:
    return value + 1


def long_chain(promise: Promise[int]) -> Promise[int]:
    for _ in range(FEWER_LINKS):
        promise = promise.then(increment)
    return promise


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_chain_of_a_million_links_settles_and_is_freed(moment: str) -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    if moment == "before":
        resolve(0)
    last = promise
    for _ in range(LINKS):
        last = last.then(increment)
    if moment == "after":
        resolve(0)
    assert last.wait() == LINKS
    references = [weakref.ref(promise), weakref.ref(last)]
    del promise, last
    assert [reference() for reference in references] == [None, None]


def test_a_rejection_passes_through_a_long_chain() -> None:
    with pytest.raises(ValueError, match="first"):
        long_chain(Promise.reject(ValueError("first"))).wait()


def test_a_long_chain_that_is_dropped_while_pending_is_freed_and_reported(reports: list[Report]) -> None:
    last = long_chain(Promise[int].with_resolvers(keep_alive=True).promise)
    reference = weakref.ref(last)
    del last
    gc.collect()
    long_chain(Promise.resolve(0)).then().wait()  # as many turns as the rejection needs to pass through
    assert reference() is None
    assert [report.kind for report in reports] == ["broken"]


def test_a_long_chain_whose_callback_is_dropped_is_rejected_to_its_end(reports: list[Report]) -> None:
    promise, resolve, reject = Promise[int].with_resolvers()
    last = long_chain(promise)
    del promise, resolve, reject
    with pytest.raises(BrokenPromise):
        last.wait()
    assert reports == []


def test_promises_that_follow_one_another_in_a_long_row_settle() -> None:
    first, resolve, _ = Promise[str].with_resolvers()
    for _ in range(FEWER_LINKS):
        promise, resolve_next, _ = Promise[str].with_resolvers()
        resolve(promise)
        resolve = resolve_next
    resolve("deep")
    assert first.wait() == "deep"


def test_a_row_that_is_settled_first_settles_too() -> None:
    promise = Promise.resolve("deep")
    for _ in range(FEWER_LINKS):
        promise = Promise(lambda resolve, reject, inner=promise: resolve(inner))
    assert promise.wait() == "deep"


def test_a_handler_may_return_promises_without_end() -> None:
    def count_down(n: int) -> Any:
        return Promise.resolve(n - 1).then(count_down) if n else "done"

    assert Promise.resolve(FEWER_LINKS).then(count_down).wait() == "done"


def test_a_combinator_of_many_inputs_settles() -> None:
    values = Promise.all(Promise.resolve(n) for n in range(FEWER_LINKS)).wait()
    assert values == list(range(FEWER_LINKS))


def nest(make: Callable[[Promise[Any]], Promise[Any]]) -> Promise[Any]:
    promise: Promise[Any] = Promise.resolve(1)
    for _ in range(FEWER_LINKS // 10):
        promise = make(promise)
    return promise


def test_nested_combinators_and_finally_settle() -> None:
    assert nest(lambda promise: promise.finally_(lambda: None)).wait() == 1
    assert nest(lambda promise: Promise.race([promise])).wait() == 1
    assert nest(lambda promise: Promise.any([promise])).wait() == 1


def test_handlers_run_at_the_same_depth_however_long_the_chain() -> None:
    def depth(_: Any) -> int:
        frame, n = sys._getframe(), 0
        while frame.f_back is not None:
            frame, n = frame.f_back, n + 1
        return n

    promise = Promise.resolve(0)
    depths: set[int] = set()
    for _ in range(5000):
        promise = promise.then(depth)
        promise.then(depths.add)
    promise.wait()
    Promise.resolve().then().wait()
    assert len(depths) == 1
