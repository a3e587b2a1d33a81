"""Variance, protocols, subclasses, and generic code over promises."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Generic, Never, ParamSpec, Protocol, TypeVar, assert_type

from promisepy import Fulfilled, Promise, Reject, Rejected, Resolve, Resolvers, Settled, Thenable

from samples import Animal, Dog, Query, recover, show

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K")
T_co = TypeVar("T_co", covariant=True)


def promises_are_covariant(dog: Promise[Dog], flag: Promise[bool], never: Promise[Never]) -> None:
    animal: Promise[Animal] = dog
    maybe: Promise[Dog | None] = dog
    anything: Promise[object] = dog
    number: Promise[int] = flag
    text: Promise[str] = never
    listed: list[Promise[Animal]] = [dog, animal]
    del maybe, anything, number, text, listed


def outcomes_are_covariant(dog: Fulfilled[Dog], settled: Settled[Dog]) -> None:
    animal: Fulfilled[Animal] = dog
    outcome: Settled[Animal] = settled
    wider: Fulfilled[object] | Rejected = settled
    del animal, outcome, wider


def promises_are_thenables(p: Promise[int]) -> Thenable[int]:
    wide: Thenable[object] = p
    del wide
    return p


def promises_are_awaitables(dog: Promise[Dog]) -> Awaitable[Animal]:
    return dog


def foreign_thenables(query: Query[Dog]) -> Thenable[Animal]:
    assert_type(Promise.resolve(query).then(lambda dog: [dog]), Promise[list[Dog]])
    return query


class Other(Protocol[T_co]):
    """A thenable of a library that has types of its own, with keyword parameters and a result."""

    def then(
        self, done: Callable[[T_co], Any], failed: Callable[[BaseException], Any] | None = None
    ) -> Other[T_co]: ...


def thenables_with_other_signatures(other: Other[int]) -> None:
    thenable: Thenable[int] = other
    assert_type(Promise.resolve(other), Promise[int])
    assert_type(Promise.all([thenable]), Promise[list[int]])


class Request(Promise[T_co]):
    """A subclass keeps its methods; what `then` gives is a plain promise."""

    def send(self) -> None: ...


class Text(Promise[str]):
    """A subclass with a fixed type."""


def subclasses(request: Request[int], text: Text) -> None:
    assert_type(Request[int](lambda resolve, reject: resolve(1)), Request[int])
    assert_type(request.then(show), Promise[str])
    assert_type(request.catch(recover), Promise[int | bytes])
    assert_type(request.finally_(request.send), Promise[int])
    assert_type(text.then(len), Promise[int])
    assert_type(text.wait(), str)
    assert_type(text.value, str | None)
    plain: Promise[int] = request
    assert_type(Promise.all((plain, text)), Promise[tuple[int, str]])
    assert_type(Promise.all((request, text)), Promise[tuple[int, str]])
    assert_type(Promise.resolve(request), Promise[int])


async def awaited_subclasses(request: Request[int], text: Text) -> None:
    assert_type(await request, int)
    assert_type(await text, str)


def resolvers_of_subclasses() -> None:
    assert_type(Request[int].with_resolvers(), Resolvers[int])
    assert_type(Text.with_resolvers(), Resolvers[str])


class Cache(Generic[K, T]):
    """Promises in a generic class."""

    def __init__(self, load: Callable[[K], Promise[T]]) -> None:
        self.load = load
        self.known: dict[K, Promise[T]] = {}

    def get(self, key: K) -> Promise[T]:
        if key not in self.known:
            self.known[key] = self.load(key)
        return self.known[key]

    def get_many(self, keys: Iterable[K]) -> Promise[list[T]]:
        return Promise.all(self.get(key) for key in keys)

    def get_keyed(self, keys: Iterable[K]) -> Promise[dict[K, T]]:
        return Promise.all_keyed({key: self.get(key) for key in keys})

    def get_or(self, key: K, default: T) -> Promise[T]:
        return self.get(key).catch(KeyError, lambda _: default)


def generic_class(cache: Cache[str, Point]) -> None:
    assert_type(cache.get("a"), Promise[Point])
    assert_type(cache.get("a").then(lambda point: point.x), Promise[int])
    assert_type(cache.get_many(["a"]), Promise[list[Point]])
    assert_type(cache.get_keyed(["a"]), Promise[dict[str, Point]])
    assert_type(cache.get_or("a", Point(1)), Promise[Point])


class Point:
    """A value type of the user's."""

    def __init__(self, x: int) -> None:
        self.x = x


def promising(fn: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Promise[T]]:
    """Wrap a coroutine function, as a decorator."""

    def call(*args: P.args, **kwargs: P.kwargs) -> Promise[T]:
        return Promise.resolve(fn(*args, **kwargs))

    return call


@promising
async def load(name: str, *, retries: int = 3) -> Point:
    return Point(len(name) + retries)


def decorated() -> None:
    assert_type(load("a", retries=1), Promise[Point])
    assert_type(load("a").then(lambda point: point.x), Promise[int])


def first_of(promises: Iterable[Promise[T]], default: T) -> Promise[T]:
    return Promise.any(promises).catch(lambda _: default)


def retry(attempt: Callable[[], Promise[T]], times: int) -> Promise[T]:
    if times <= 1:
        return attempt()
    return attempt().catch(OSError, lambda _: retry(attempt, times - 1))


def delayed(value: T, start: Callable[[Resolve[T]], None]) -> Promise[T]:
    def executor(resolve: Resolve[T], reject: Reject) -> None:
        start(resolve)

    promise: Promise[T] = Promise(executor)
    return promise.then(lambda _: value)


def generic_functions(p: Promise[int]) -> None:
    assert_type(first_of([p], 1), Promise[int])
    assert_type(retry(lambda: p, 3), Promise[int])
    assert_type(delayed("a", lambda resolve: resolve("b")), Promise[str])
