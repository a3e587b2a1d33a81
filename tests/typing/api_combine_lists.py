"""`all`, `all_settled`, `any`, `race` of lists, sets, generators and other iterables."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections import deque
from collections.abc import Awaitable, Generator, Iterable, Iterator, Sequence
from typing import Any, TypeVar, assert_type

from promisepy import Promise, Settled, Thenable

from samples import Animal, Dog, Query, fetch, pool_future, promised, query, show

T = TypeVar("T")


def all_of_an_iterable(
    promises: list[Promise[int]],
    sequence: Sequence[Promise[int]],
    iterator: Iterator[Promise[int]],
    generator: Generator[Promise[int]],
    waiting: deque[Promise[int]],
    unique: set[Promise[int]],
    by_name: dict[str, Promise[int]],
) -> None:
    assert_type(Promise.all(promises), Promise[list[int]])
    assert_type(Promise.all(sequence), Promise[list[int]])
    assert_type(Promise.all(iterator), Promise[list[int]])
    assert_type(Promise.all(generator), Promise[list[int]])
    assert_type(Promise.all(waiting), Promise[list[int]])
    assert_type(Promise.all(unique), Promise[list[int]])
    assert_type(Promise.all(by_name.values()), Promise[list[int]])


def all_of_a_display(i: Promise[int]) -> None:
    assert_type(Promise.all([i, i]), Promise[list[int]])
    assert_type(Promise.all({i, i}), Promise[list[int]])
    assert_type(Promise.all([fetch(1), fetch(2)]), Promise[list[str]])
    assert_type(Promise.all([query(1)]), Promise[list[str]])
    assert_type(Promise.all([pool_future(1)]), Promise[list[str]])
    assert_type(Promise.all([asyncio.sleep(1)]), Promise[list[None]])
    assert_type(Promise.all([Promise.resolve(1), Promise.resolve(2)]), Promise[list[int]])
    assert_type(Promise.all([*(fetch(n) for n in range(3))]), Promise[list[str]])


def all_of_a_comprehension(pool: concurrent.futures.Executor) -> None:
    assert_type(Promise.all(promised(n) for n in range(3)), Promise[list[str]])
    assert_type(Promise.all([fetch(n) for n in range(3)]), Promise[list[str]])
    assert_type(Promise.all({fetch(n) for n in range(3)}), Promise[list[str]])
    assert_type(Promise.all(pool.submit(show, n) for n in range(3)), Promise[list[str]])
    assert_type(Promise.all(map(promised, range(3))), Promise[list[str]])
    assert_type(Promise.all(map(fetch, [1, 2])), Promise[list[str]])


def all_of_other_adoptables(
    awaitables: list[Awaitable[int]],
    tasks: list[asyncio.Task[int]],
    pooled: list[concurrent.futures.Future[int]],
    thenables: Iterable[Thenable[int]],
    queries: list[Query[int]],
    unknown: list[Promise[Any]],
) -> None:
    assert_type(Promise.all(awaitables), Promise[list[int]])
    assert_type(Promise.all(tasks), Promise[list[int]])
    assert_type(Promise.all(pooled), Promise[list[int]])
    assert_type(Promise.all(thenables), Promise[list[int]])
    assert_type(Promise.all(queries), Promise[list[int]])
    assert_type(Promise.all(unknown), Promise[list[Any]])


def all_settled_of_an_iterable(promises: list[Promise[int]], queries: list[Query[int]]) -> None:
    assert_type(Promise.all_settled(promises), Promise[list[Settled[int]]])
    assert_type(Promise.all_settled(queries), Promise[list[Settled[int]]])
    assert_type(Promise.all_settled([fetch(1)]), Promise[list[Settled[str]]])
    assert_type(Promise.all_settled([pool_future(1)]), Promise[list[Settled[str]]])
    assert_type(Promise.all_settled(promised(n) for n in range(3)), Promise[list[Settled[str]]])
    outcomes = Promise.all_settled(promises).wait()
    assert_type([one.value for one in outcomes if one.status == "fulfilled"], list[int])


def any_and_race_of_an_iterable(
    promises: list[Promise[int]], queries: list[Query[int]], many: tuple[Promise[int], ...]
) -> None:
    assert_type(Promise.any(promises), Promise[int])
    assert_type(Promise.any(queries), Promise[int])
    assert_type(Promise.any([fetch(1), fetch(2)]), Promise[str])
    assert_type(Promise.any([pool_future(1)]), Promise[str])
    assert_type(Promise.any(promised(n) for n in range(3)), Promise[str])
    assert_type(Promise.any(many), Promise[int])
    assert_type(Promise.race(promises), Promise[int])
    assert_type(Promise.race(queries), Promise[int])
    assert_type(Promise.race([fetch(1), fetch(2)]), Promise[str])
    assert_type(Promise.race([pool_future(1)]), Promise[str])
    assert_type(Promise.race(promised(n) for n in range(3)), Promise[str])
    assert_type(Promise.race(many), Promise[int])


def related_classes(dogs: list[Promise[Dog]]) -> Iterable[Promise[Animal]]:
    animals: Promise[Sequence[Animal]] = Promise.all(dogs)
    first: Promise[Animal] = Promise.race(dogs)
    del animals, first
    return dogs


def generic_caller(promises: Iterable[Promise[T]]) -> Promise[T]:
    assert_type(Promise.all(promises), Promise[list[T]])
    assert_type(Promise.all_settled(promises), Promise[list[Settled[T]]])
    return Promise.any(promises)
