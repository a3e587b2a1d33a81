"""`Promise.resolve`, `Promise.reject`, `Promise.try_`."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Never, ParamSpec, TypeVar, assert_type

from promisepy import Promise, Thenable

from samples import (
    Box,
    Dog,
    Lazy,
    Point,
    Query,
    Service,
    anything,
    fetch,
    fetch_identity,
    fetch_nothing,
    identity,
    listed,
    maybe,
    maybe_promised,
    nothing,
    optional,
    pool_future,
    promised,
    query,
    scaled,
    show,
    stop,
    string_or_promised,
    task,
)

P = ParamSpec("P")
T = TypeVar("T")


def resolve_values(number: int, text: str | None, unknown: Any, point: Point) -> None:
    assert_type(Promise.resolve(), Promise[None])
    assert_type(Promise.resolve(None), Promise[None])
    assert_type(Promise.resolve(1), Promise[int])
    assert_type(Promise.resolve(number), Promise[int])
    assert_type(Promise.resolve("a"), Promise[str])
    assert_type(Promise.resolve(text), Promise[str | None])
    assert_type(Promise.resolve([1, 2]), Promise[list[int]])
    assert_type(Promise.resolve((number, text)), Promise[tuple[int, str | None]])
    assert_type(Promise.resolve({"a": 1}), Promise[dict[str, int]])
    assert_type(Promise.resolve(point), Promise[Point])
    assert_type(Promise.resolve(Box(1)), Promise[Box[int]])
    assert_type(Promise.resolve(unknown), Promise[Any])
    assert_type(Promise.resolve(ValueError()), Promise[ValueError])


def resolve_functions(fn: Callable[[int], str]) -> None:
    assert_type(Promise.resolve(fn), Promise[Callable[[int], str]])
    assert_type(Promise.resolve(int), Promise[type[int]])


def resolve_adoptables(
    promise: Promise[int],
    awaitable: Awaitable[int],
    future: asyncio.Future[int],
    pooled: concurrent.futures.Future[int],
    lazy: Lazy[int],
    thenable: Thenable[int],
) -> None:
    assert_type(Promise.resolve(promise), Promise[int])
    assert_type(Promise.resolve(Promise.resolve(promise)), Promise[int])
    assert_type(Promise.resolve(fetch(1)), Promise[str])
    assert_type(Promise.resolve(fetch_nothing(1)), Promise[None])
    assert_type(Promise.resolve(asyncio.sleep(1, 2)), Promise[int])
    assert_type(Promise.resolve(awaitable), Promise[int])
    assert_type(Promise.resolve(future), Promise[int])
    assert_type(Promise.resolve(task(1)), Promise[str])
    assert_type(Promise.resolve(pooled), Promise[int])
    assert_type(Promise.resolve(lazy), Promise[int])
    assert_type(Promise.resolve(thenable), Promise[int])
    assert_type(Promise.resolve(query(1)), Promise[str])
    assert_type(Promise.resolve(string_or_promised(1)), Promise[str])
    assert_type(Promise.resolve(Query[list[int]]()), Promise[list[int]])


def resolve_pool_work(pool: concurrent.futures.Executor) -> None:
    assert_type(Promise.resolve(pool.submit(show, 1)), Promise[str])
    assert_type(Promise.resolve(pool.submit(pow, 2, 3)), Promise[int])


def resolve_with_a_target() -> None:
    maybe_text: Promise[str | None] = Promise.resolve("a")
    numbers: Promise[list[int | str]] = Promise.resolve([1])
    empty: Promise[list[int]] = Promise.resolve([])
    objects: Promise[object] = Promise.resolve(1)
    assert_type(numbers, Promise[list[int | str]])
    assert_type(empty, Promise[list[int]])
    del maybe_text, objects


def generic_resolve(value: T) -> Promise[T]:
    assert_type(Promise.resolve(value), Promise[T])
    assert_type(Promise.resolve([value]), Promise[list[T]])
    return Promise.resolve(value)


def rejections(error: BaseException, kind: type[OSError]) -> None:
    assert_type(Promise.reject(ValueError()), Promise[Never])
    assert_type(Promise.reject(error), Promise[Never])
    assert_type(Promise.reject(KeyboardInterrupt()), Promise[Never])
    assert_type(Promise.reject(TimeoutError), Promise[Never])
    assert_type(Promise.reject(kind), Promise[Never])
    assert_type(Promise.reject(ExceptionGroup("two", [ValueError(), OSError()])), Promise[Never])


def rejections_fit_everywhere(flag: bool) -> Promise[int]:
    text: Promise[str] = Promise.reject(ValueError())
    dogs: Promise[Dog] = Promise.reject(ValueError())
    del text, dogs
    if flag:
        return Promise.reject(ValueError())
    return Promise.resolve(1)


def rejecting_handlers(p: Promise[int]) -> None:
    assert_type(p.then(lambda x: Promise.reject(ValueError()) if x else Promise.resolve("")), Promise[str])
    assert_type(p.then(lambda _: Promise.reject(ValueError())), Promise[Never])


def try_functions(service: Service) -> None:
    assert_type(Promise.try_(show, 1), Promise[str])
    assert_type(Promise.try_(show, value=1), Promise[str])
    assert_type(Promise.try_(optional, 1, 2, upper=True), Promise[str])
    assert_type(Promise.try_(optional, 1), Promise[str])
    assert_type(Promise.try_(nothing, 1), Promise[None])
    assert_type(Promise.try_(maybe, 1), Promise[str | None])
    assert_type(Promise.try_(anything, 1), Promise[Any])
    assert_type(Promise.try_(service.show, 1), Promise[str])
    assert_type(Promise.try_(service, 1), Promise[bytes])
    assert_type(Promise.try_(Service.make, 1), Promise[Service])
    assert_type(Promise.try_(Service.double, 1), Promise[int])
    assert_type(Promise.try_(partial(scaled, 0.5), 1), Promise[float])
    assert_type(Promise.try_(Point, 1), Promise[Point])
    assert_type(Promise.try_(Point, x=1), Promise[Point])
    assert_type(Promise.try_(int, "1"), Promise[int])
    assert_type(Promise.try_(Path, "a"), Promise[Path])
    assert_type(Promise.try_(print, "a", end=""), Promise[None])


def try_functions_that_are_adopted(service: Service) -> None:
    assert_type(Promise.try_(promised, 1), Promise[str])
    assert_type(Promise.try_(fetch, 1), Promise[str])
    assert_type(Promise.try_(service.fetch, 1), Promise[str])
    assert_type(Promise.try_(task, 1), Promise[str])
    assert_type(Promise.try_(query, 1), Promise[str])
    assert_type(Promise.try_(pool_future, 1), Promise[str])
    assert_type(Promise.try_(asyncio.sleep, 1), Promise[None])
    assert_type(Promise.try_(asyncio.sleep, 1, 2), Promise[int])
    assert_type(Promise.try_(maybe_promised, 1), Promise[str | None])
    assert_type(Promise.try_(string_or_promised, 1), Promise[str])


def try_without_arguments() -> None:
    assert_type(Promise.try_(lambda: 1), Promise[int])
    assert_type(Promise.try_(lambda: promised(1)), Promise[str])
    assert_type(Promise.try_(lambda: fetch(1)), Promise[str])
    assert_type(Promise.try_(lambda: None), Promise[None])
    assert_type(Promise.try_(dict[str, int]), Promise[dict[str, int]])


def try_generic_functions() -> None:
    assert_type(Promise.try_(identity, 1), Promise[int])
    assert_type(Promise.try_(listed, 1), Promise[list[int]])
    assert_type(Promise.try_(fetch_identity, "a"), Promise[str])


def try_functions_that_raise() -> None:
    assert_type(Promise.try_(stop, 1), Promise[Never])


def decorator(fn: Callable[P, T]) -> Callable[P, Promise[T]]:
    def call(*args: P.args, **kwargs: P.kwargs) -> Promise[T]:
        return Promise.try_(fn, *args, **kwargs)

    return call


def decorated() -> None:
    assert_type(decorator(optional)(1, upper=True), Promise[str])
    assert_type(decorator(nothing)(1), Promise[None])
