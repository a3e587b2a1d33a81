"""Cancelling, time, `Promise.map`, `using`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import assert_type

from promisepy import Cancelled, Convention, Promise, Reject, Resolve, Resolvers, promisify, using

from samples import fetch, show


def stop() -> None: ...


def start(resolve: Resolve[int], reject: Reject) -> None: ...


def begin(d: Resolvers[int]) -> None:
    d.on_cancel(stop)


def producers(abort: Callable[[], bool]) -> None:
    assert_type(Promise[int](start, on_cancel=stop), Promise[int])
    assert_type(Promise[int](lambda resolve, reject: resolve(1), on_cancel=abort), Promise[int])
    assert_type(Promise[int].with_resolvers(on_cancel=stop), Resolvers[int])
    assert_type(Promise[int].with_resolvers(keep_alive=True, on_cancel=abort), Resolvers[int])
    assert_type(Promise[int].create(begin, on_cancel=stop), Promise[int])
    assert_type(Promise[int].with_resolvers().on_cancel(abort), None)


def cancelling(p: Promise[int]) -> None:
    assert_type(p.cancel(), bool)
    assert_type(p.cancel("too slow"), bool)
    assert_type(p.cancel(Cancelled("too slow")), bool)
    assert_type(p.cancel(TimeoutError()), bool)
    assert_type(p.shield(), Promise[int])
    assert_type(p.catch(Cancelled, lambda error: str(error)), Promise[int | str])


def time(p: Promise[int]) -> None:
    assert_type(p.timeout(2.5), Promise[int])
    assert_type(p.timeout(1), Promise[int])
    assert_type(Promise.delay(1), Promise[None])
    assert_type(Promise.delay(0.5, "now"), Promise[str])
    assert_type(Promise.delay(0.5, p), Promise[int])


async def pages() -> AsyncIterator[int]:
    yield 1


def many(p: Promise[int], q: Promise[str]) -> None:
    assert_type(Promise.map(show, [1, 2]), Promise[list[str]])
    assert_type(Promise.map(show, (1, 2), limit=5), Promise[list[str]])
    assert_type(Promise.map(fetch, range(3), limit=2), Promise[list[str]])
    assert_type(Promise.map(fetch, pages(), limit=2), Promise[list[str]])
    assert_type(Promise.map(lambda number: Promise.resolve(str(number)), [1], limit=None), Promise[list[str]])
    assert_type(Promise.race((p, q), cancel_losers=True), Promise[int | str])
    assert_type(Promise.any([p, p], cancel_losers=True), Promise[int])


class Connection:
    """A resource."""

    def close(self) -> None: ...

    async def aclose(self) -> None: ...


def connect() -> Promise[Connection]:
    return Promise.resolve(Connection())


async def resources() -> None:
    async with using(connect(), Connection.close) as connection:
        assert_type(connection, Connection)
    async with using(connect(), Connection.aclose) as connection:
        assert_type(connection, Connection)
    with using(connect(), lambda connection: connection.close()) as connection:
        assert_type(connection, Connection)


class Timer:
    """What a call returns."""

    def cancel(self) -> None: ...


def after(seconds: float, done: Callable[[int], None]) -> Timer:
    return Timer()


def wrapping() -> None:
    assert_type(promisify(after, cancel=Timer.cancel)(1), Promise[int])
    assert_type(promisify(after, cancel=lambda timer: timer.cancel())(1), Promise[int])
    assert_type(Convention(cancel=Timer.cancel), Convention)
