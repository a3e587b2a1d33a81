"""`then` with two handlers: each kind of the one beside each kind of the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar, assert_type

from promisepy import Promise

from samples import (
    Point,
    Service,
    anything,
    fetch,
    fetch_nothing,
    forget,
    halve,
    identity,
    listed,
    loop_future,
    maybe,
    maybe_promised,
    nothing,
    pool_future,
    promised,
    query,
    recover,
    recover_any,
    recover_base,
    recover_bytes_or_promised,
    recover_later,
    recover_maybe_promised,
    recover_object,
    recover_pool_future,
    recover_promised,
    recover_query,
    recover_same,
    reraise,
    show,
    stop,
    string_or_promised,
    task,
)

T = TypeVar("T")


def value_beside(p: Promise[int]) -> None:
    assert_type(p.then(show, recover), Promise[str | bytes])
    assert_type(p.then(show, recover_later), Promise[str | bytes])
    assert_type(p.then(show, recover_promised), Promise[str | bytes])
    assert_type(p.then(show, recover_query), Promise[str | bytes])
    assert_type(p.then(show, recover_pool_future), Promise[str | bytes])
    assert_type(p.then(show, recover_maybe_promised), Promise[str | bytes | None])
    assert_type(p.then(show, recover_bytes_or_promised), Promise[str | bytes])
    assert_type(p.then(show, forget), Promise[str | None])
    assert_type(p.then(show, reraise), Promise[str])
    assert_type(p.then(show, str), Promise[str])
    assert_type(p.then(show, repr), Promise[str])
    assert_type(p.then(show, print), Promise[str | None])
    assert_type(p.then(show, recover_object), Promise[str | bytes])
    assert_type(p.then(show, recover_base), Promise[str | bytes])


def adoptable_beside(p: Promise[int]) -> None:
    assert_type(p.then(fetch, recover), Promise[str | bytes])
    assert_type(p.then(promised, recover_later), Promise[str | bytes])
    assert_type(p.then(task, recover_promised), Promise[str | bytes])
    assert_type(p.then(loop_future, recover_query), Promise[str | bytes])
    assert_type(p.then(pool_future, recover_pool_future), Promise[str | bytes])
    assert_type(p.then(query, recover_maybe_promised), Promise[str | bytes | None])
    assert_type(p.then(fetch, recover_bytes_or_promised), Promise[str | bytes])
    assert_type(p.then(promised, forget), Promise[str | None])
    assert_type(p.then(fetch, reraise), Promise[str])
    assert_type(p.then(fetch_nothing, print), Promise[None])


def optional_adoptable_beside(p: Promise[int]) -> None:
    assert_type(p.then(maybe_promised, recover), Promise[str | bytes | None])
    assert_type(p.then(maybe_promised, recover_later), Promise[str | bytes | None])
    assert_type(p.then(maybe_promised, recover_maybe_promised), Promise[str | bytes | None])
    assert_type(p.then(maybe_promised, forget), Promise[str | None])
    assert_type(p.then(maybe_promised, reraise), Promise[str | None])
    assert_type(p.then(maybe, recover), Promise[str | bytes | None])
    assert_type(p.then(string_or_promised, recover_bytes_or_promised), Promise[str | bytes])
    assert_type(p.then(string_or_promised, reraise), Promise[str])


def no_return_beside(p: Promise[int]) -> None:
    assert_type(p.then(stop, recover), Promise[bytes])
    assert_type(p.then(stop, recover_later), Promise[bytes])
    assert_type(p.then(stop, recover_maybe_promised), Promise[bytes | None])
    assert_type(p.then(stop, recover_bytes_or_promised), Promise[bytes])
    assert_type(p.then(stop, forget), Promise[None])


def one_type_from_both(p: Promise[int]) -> None:
    assert_type(p.then(identity, recover_same), Promise[int])
    assert_type(p.then(halve, lambda error: 0.5), Promise[float])
    assert_type(p.then(nothing, forget), Promise[None])
    assert_type(p.then(show, str).then(len), Promise[int])


def lambdas(p: Promise[int]) -> None:
    assert_type(p.then(lambda x: x + 1, lambda error: 0), Promise[int])
    assert_type(p.then(lambda x: str(x), lambda error: error), Promise[str | Exception])
    assert_type(p.then(lambda x: promised(x), lambda error: b""), Promise[str | bytes])
    assert_type(p.then(lambda x: fetch(x), lambda error: recover_later(error)), Promise[str | bytes])
    assert_type(p.then(lambda x: [x], lambda error: None), Promise[list[int] | None])
    assert_type(p.then(lambda x: x, print), Promise[int | None])
    assert_type(p.then(show, lambda error: asyncio.sleep(1, 2.5)), Promise[str | float])
    assert_type(p.then(lambda x: maybe_promised(x), lambda error: 0), Promise[str | int | None])


def other_callables(p: Promise[int], service: Service) -> None:
    assert_type(p.then(service.show, service.recover), Promise[str | bytes])
    assert_type(p.then(Point, recover), Promise[Point | bytes])
    assert_type(p.then(listed, recover), Promise[list[int] | bytes])


def handlers_from_variables(
    p: Promise[int], ok: Callable[[int], str], bad: Callable[[Exception], bytes]
) -> None:
    assert_type(p.then(ok, bad), Promise[str | bytes])
    assert_type(p.then(ok, None), Promise[str])
    assert_type(p.then(None, bad), Promise[int | bytes])


def anything_from_one(p: Promise[int]) -> None:
    assert_type(p.then(anything, recover_any), Promise[Any])
    text: Promise[str] = p.then(anything, recover_any)
    assert_type(text, Promise[str])


def generic_caller(p: Promise[T]) -> Promise[T | None]:
    assert_type(p.then(listed, recover), Promise[list[T] | bytes])
    return p.then(identity, forget)
