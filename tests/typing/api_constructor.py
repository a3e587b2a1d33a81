"""`Promise(executor)`, `Promise[T].with_resolvers()`, and the functions that they hand out."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar, assert_type

from promisepy import Promise, Reject, Resolve, Resolvers

from samples import Animal, Dog, Query, fetch, pool_future

T = TypeVar("T")


def executors_without_annotations(loop: asyncio.AbstractEventLoop) -> None:
    assert_type(Promise[int](lambda resolve, reject: resolve(1)), Promise[int])
    assert_type(Promise[int](lambda resolve, reject: reject(ValueError())), Promise[int])
    assert_type(Promise[int](lambda resolve, reject: None), Promise[int])
    assert_type(Promise[int](lambda resolve, _: loop.call_later(1, resolve, 5)), Promise[int])
    assert_type(Promise[int](lambda resolve, _: loop.call_soon_threadsafe(resolve, 5)), Promise[int])
    assert_type(Promise[None](lambda resolve, _: loop.call_later(1, resolve)), Promise[None])
    assert_type(Promise[int](lambda resolve, _: threading.Timer(1, resolve, [5]).start()), Promise[int])
    assert_type(Promise[str](lambda resolve, _: resolve(fetch(1))), Promise[str])
    assert_type(Promise[int | None](lambda resolve, _: resolve()), Promise[int | None])


def declared_targets() -> None:
    number: Promise[int] = Promise(lambda resolve, reject: resolve(1))
    assert_type(number, Promise[int])
    text: Promise[str | None] = Promise(lambda resolve, reject: resolve(None))
    assert_type(text, Promise[str | None])


def returned_promise() -> Promise[int]:
    return Promise(lambda resolve, reject: resolve(1))


def executors_with_annotations() -> None:
    def resolve_int(resolve: Resolve[int], reject: Reject) -> None:
        resolve(1)

    def resolve_callable(resolve: Callable[[int], None], reject: Callable[[BaseException], None]) -> None:
        resolve(1)

    def resolve_object_result(resolve: Callable[[int], object], reject: Callable[[Exception], object]) -> int:
        resolve(1)
        return 1

    def resolve_nothing(resolve: Resolve[None], reject: Reject) -> None:
        resolve()

    def resolve_list(resolve: Resolve[list[int]], reject: Reject) -> None:
        resolve([1])

    assert_type(Promise(resolve_int), Promise[int])
    assert_type(Promise(resolve_callable), Promise[int])
    assert_type(Promise(resolve_object_result), Promise[int])
    assert_type(Promise(resolve_nothing), Promise[None])
    assert_type(Promise(resolve_list), Promise[list[int]])
    assert_type(Promise[int](resolve_int), Promise[int])


class Connection:
    """Bound methods and instances as executors."""

    def connect(self, resolve: Resolve[bytes], reject: Reject) -> None:
        resolve(b"")

    def __call__(self, resolve: Resolve[float], reject: Reject) -> None:
        resolve(1.5)


def other_executors(connection: Connection) -> None:
    assert_type(Promise(connection.connect), Promise[bytes])
    assert_type(Promise(connection), Promise[float])


def generic_wrapper(value: T) -> Promise[T]:
    return Promise[T](lambda resolve, reject: resolve(value))


def resolvers_unpack() -> None:
    promise, resolve, reject = Promise[int].with_resolvers()
    assert_type(promise, Promise[int])
    assert_type(resolve, Resolve[int])
    assert_type(reject, Reject)
    assert_type(resolve(1), None)
    assert_type(reject(ValueError()), None)


def resolvers_have_names() -> None:
    resolvers = Promise[str].with_resolvers(keep_alive=True)
    assert_type(resolvers, Resolvers[str])
    assert_type(resolvers.promise, Promise[str])
    assert_type(resolvers.resolve, Resolve[str])
    assert_type(resolvers.reject, Reject)
    assert_type(resolvers[0], Promise[str])
    assert_type(Promise[int | None].with_resolvers(), Resolvers[int | None])
    assert_type(Promise[list[int]].with_resolvers(), Resolvers[list[int]])
    assert_type(Promise[Any].with_resolvers(), Resolvers[Any])
    assert_type(Promise[Callable[[int], str]].with_resolvers(), Resolvers[Callable[[int], str]])


def generic_resolvers(kind: type[T]) -> Promise[T]:
    promise, resolve, _ = Promise[T].with_resolvers()
    assert_type(promise, Promise[T])
    resolve(kind())
    return promise


def resolve_takes_values_and_adoptables(
    resolve: Resolve[str], promise: Promise[str], query: Query[str], future: asyncio.Future[str]
) -> None:
    assert_type(resolve("a"), None)
    assert_type(resolve(promise), None)
    assert_type(resolve(fetch(1)), None)
    assert_type(resolve(future), None)
    assert_type(resolve(query), None)
    assert_type(resolve(pool_future(1)), None)
    assert_type(resolve(Promise.reject(ValueError())), None)


def resolve_needs_no_value_where_none_is_one(nothing: Resolve[None], maybe: Resolve[int | None]) -> None:
    assert_type(nothing(), None)
    assert_type(nothing(None), None)
    assert_type(maybe(), None)
    assert_type(maybe(None), None)
    assert_type(maybe(1), None)


def resolve_is_contravariant(animals: Resolve[Animal], dogs: Promise[Dog]) -> None:
    for_dogs: Resolve[Dog] = animals
    assert_type(for_dogs(Dog()), None)
    assert_type(animals(dogs), None)
    plain: Callable[[Dog], object] = animals
    plain(Dog())


def reject_takes_exceptions(reject: Reject, error: BaseException) -> None:
    assert_type(reject(error), None)
    assert_type(reject(KeyboardInterrupt()), None)
    assert_type(reject(TimeoutError), None)
    plain: Callable[[OSError], object] = reject
    plain(OSError())


def resolving_functions_are_callbacks(
    loop: asyncio.AbstractEventLoop, resolve: Resolve[int], reject: Reject
) -> None:
    assert_type(loop.call_soon(resolve, 1), asyncio.Handle)
    assert_type(loop.call_later(1, reject, ValueError()), asyncio.TimerHandle)
    assert_type(list(map(resolve, [1, 2])), list[None])


def subclass_of_tuple(resolvers: Resolvers[int]) -> None:
    as_tuple: tuple[Promise[int], Resolve[int], Reject] = resolvers
    assert_type(as_tuple[1], Resolve[int])
