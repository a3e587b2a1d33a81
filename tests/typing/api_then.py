"""`then` with one handler, of every kind."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Never, TypeVar, assert_type

from promisepy import Promise

from samples import (
    Animal,
    Box,
    Dog,
    Lazy,
    Point,
    Query,
    Service,
    anything,
    awaited,
    either,
    fetch,
    fetch_identity,
    fetch_maybe,
    fetch_nothing,
    fetch_stop,
    half,
    halve,
    identity,
    lazy,
    listed,
    loop_future,
    maybe,
    maybe_awaited,
    maybe_promised,
    maybe_query,
    nothing,
    optional,
    pool_future,
    promised,
    promised_list,
    promised_or_task,
    query,
    recover,
    recover_later,
    recover_promised,
    reraise,
    scaled,
    show,
    show_object,
    stop,
    string_or_promised,
    task,
    thenable,
)

T = TypeVar("T")


def no_handler(p: Promise[int]) -> None:
    assert_type(p.then(), Promise[int])
    assert_type(p.then(None), Promise[int])
    assert_type(p.then(None, None), Promise[int])


def values(p: Promise[int]) -> None:
    assert_type(p.then(show), Promise[str])
    assert_type(p.then(show_object), Promise[str])
    assert_type(p.then(halve), Promise[float])
    assert_type(p.then(nothing), Promise[None])
    assert_type(p.then(maybe), Promise[str | None])
    assert_type(p.then(either), Promise[str | bytes])
    assert_type(p.then(anything), Promise[Any])
    assert_type(p.then(optional), Promise[str])
    assert_type(p.then(show, None), Promise[str])


def no_return(p: Promise[int]) -> None:
    assert_type(p.then(stop), Promise[Never])
    assert_type(p.then(fetch_stop), Promise[Never])
    text: Promise[str] = p.then(stop)
    assert_type(text.then(len), Promise[int])
    assert_type(p.then(stop).catch(recover), Promise[bytes])


def adopted(p: Promise[int]) -> None:
    assert_type(p.then(promised), Promise[str])
    assert_type(p.then(fetch), Promise[str])
    assert_type(p.then(fetch_nothing), Promise[None])
    assert_type(p.then(fetch_maybe), Promise[str | None])
    assert_type(p.then(awaited), Promise[str])
    assert_type(p.then(lazy), Promise[str])
    assert_type(p.then(loop_future), Promise[str])
    assert_type(p.then(task), Promise[str])
    assert_type(p.then(pool_future), Promise[str])
    assert_type(p.then(query), Promise[str])
    assert_type(p.then(thenable), Promise[str])


def mixtures(p: Promise[int]) -> None:
    assert_type(p.then(maybe_promised), Promise[str | None])
    assert_type(p.then(maybe_awaited), Promise[str | None])
    assert_type(p.then(maybe_query), Promise[str | None])
    assert_type(p.then(string_or_promised), Promise[str])
    assert_type(p.then(promised_or_task), Promise[str])


def generic_functions(p: Promise[int], q: Promise[list[str]]) -> None:
    assert_type(p.then(identity), Promise[int])
    assert_type(p.then(listed), Promise[list[int]])
    assert_type(p.then(promised_list), Promise[list[int]])
    assert_type(p.then(fetch_identity), Promise[int])
    assert_type(q.then(identity), Promise[list[str]])
    assert_type(q.then(listed), Promise[list[list[str]]])
    assert_type(q.then(len), Promise[int])
    assert_type(q.then(sorted), Promise[list[str]])


def classes(p: Promise[int], q: Promise[str]) -> None:
    assert_type(p.then(Point), Promise[Point])
    assert_type(p.then(Box), Promise[Box[int]])
    assert_type(p.then(Box[int]), Promise[Box[int]])
    assert_type(p.then(str), Promise[str])
    assert_type(p.then(float), Promise[float])
    assert_type(p.then(bool), Promise[bool])
    assert_type(q.then(int), Promise[int])
    assert_type(q.then(Path), Promise[Path])
    assert_type(p.then(Promise.resolve), Promise[int])


def methods(p: Promise[int], service: Service, q: Promise[str]) -> None:
    assert_type(p.then(service.show), Promise[str])
    assert_type(p.then(service.fetch), Promise[str])
    assert_type(p.then(service), Promise[bytes])
    assert_type(p.then(Service.make), Promise[Service])
    assert_type(p.then(Service.double), Promise[int])
    assert_type(q.then(str.upper), Promise[str])
    assert_type(q.then(str.split), Promise[list[str]])
    assert_type(q.then(str.encode), Promise[bytes])
    assert_type(p.then([1].append), Promise[None])


def partials(p: Promise[int]) -> None:
    assert_type(p.then(half), Promise[float])
    assert_type(p.then(partial(scaled, 0.5)), Promise[float])
    assert_type(p.then(partial(optional, upper=True)), Promise[str])
    assert_type(p.then(partial(fetch)), Promise[str])


def library_functions(p: Promise[int], q: Promise[str]) -> None:
    assert_type(p.then(print), Promise[None])
    assert_type(q.then(json.loads), Promise[Any])
    assert_type(p.then(asyncio.sleep), Promise[None])
    assert_type(p.then(abs), Promise[int])
    assert_type(p.then(repr), Promise[str])
    assert_type(p.then(hex), Promise[str])


def lambdas_with_values(p: Promise[int]) -> None:
    assert_type(p.then(lambda x: x + 1), Promise[int])
    assert_type(p.then(lambda x: str(x)), Promise[str])
    assert_type(p.then(lambda x: None), Promise[None])
    assert_type(p.then(lambda x: [x]), Promise[list[int]])
    assert_type(p.then(lambda x: (x, str(x))), Promise[tuple[int, str]])
    assert_type(p.then(lambda x: {x: [x]}), Promise[dict[int, list[int]]])
    assert_type(p.then(lambda x: print(x)), Promise[None])
    assert_type(p.then(lambda x: maybe(x)), Promise[str | None])
    assert_type(p.then(lambda x: x if x > 1 else None), Promise[int | None])
    assert_type(p.then(lambda _: b""), Promise[bytes])
    assert_type(p.then(lambda x: anything(x)), Promise[Any])


def lambdas_with_adoptables(p: Promise[int]) -> None:
    assert_type(p.then(lambda x: promised(x)), Promise[str])
    assert_type(p.then(lambda x: fetch(x)), Promise[str])
    assert_type(p.then(lambda x: awaited(x)), Promise[str])
    assert_type(p.then(lambda x: lazy(x)), Promise[str])
    assert_type(p.then(lambda x: loop_future(x)), Promise[str])
    assert_type(p.then(lambda x: task(x)), Promise[str])
    assert_type(p.then(lambda x: pool_future(x)), Promise[str])
    assert_type(p.then(lambda x: query(x)), Promise[str])
    assert_type(p.then(lambda x: asyncio.sleep(1)), Promise[None])
    assert_type(p.then(lambda x: asyncio.sleep(1, x)), Promise[int])
    assert_type(p.then(lambda x: Promise.resolve(x)), Promise[int])
    assert_type(p.then(lambda x: Promise.resolve([x])), Promise[list[int]])
    assert_type(p.then(lambda x: promised(x).then(len)), Promise[int])
    assert_type(p.then(lambda x: Promise[bytes](lambda resolve, _: resolve(b""))), Promise[bytes])
    assert_type(p.then(lambda x: maybe_promised(x)), Promise[str | None])
    assert_type(p.then(lambda x: string_or_promised(x)), Promise[str])
    assert_type(p.then(lambda x: promised(x) if x else None), Promise[str | None])


def work_in_a_pool(p: Promise[int], pool: concurrent.futures.Executor) -> None:
    assert_type(p.then(lambda x: pool.submit(show, x)), Promise[str])


def chains(p: Promise[int]) -> None:
    assert_type(p.then(show).then(len).then(show), Promise[str])
    assert_type(p.then(fetch).then(lambda s: s.upper()).then(str.encode), Promise[bytes])
    assert_type(p.then(promised).then(print).then(lambda _: 1), Promise[int])
    assert_type(p.then(maybe).then(lambda s: 0 if s is None else len(s)), Promise[int])


def any_promise(p: Promise[Any]) -> None:
    assert_type(p.then(show), Promise[str])
    assert_type(p.then(fetch), Promise[str])
    assert_type(p.then(lambda x: 1), Promise[int])
    assert_type(p.then(identity), Promise[Any])


def handlers_of_supertypes(p: Promise[Dog], feed: Callable[[Animal], str], q: Promise[bool]) -> None:
    assert_type(p.then(feed), Promise[str])
    assert_type(p.then(show_object), Promise[str])
    assert_type(q.then(show), Promise[str])
    assert_type(q.then(lambda flag: not flag), Promise[bool])


def handlers_from_variables(
    p: Promise[int],
    plain: Callable[[int], str],
    later: Callable[[int], Awaitable[str]],
    loose: Callable[..., Any],
    unknown: Any,
    maybe_handler: Callable[[int], str] | None,
) -> None:
    assert_type(p.then(plain), Promise[str])
    assert_type(p.then(later), Promise[str])
    assert_type(p.then(loose), Promise[Any])
    if maybe_handler:
        assert_type(p.then(maybe_handler), Promise[str])


def generic_caller(p: Promise[T], fn: Callable[[T], bytes]) -> Promise[bytes]:
    assert_type(p.then(fn), Promise[bytes])
    assert_type(p.then(identity), Promise[T])
    assert_type(p.then(lambda x: [x]), Promise[list[T]])
    return p.then(fn)


def only_on_rejected(p: Promise[int]) -> None:
    assert_type(p.then(None, recover), Promise[int | bytes])
    assert_type(p.then(None, recover_later), Promise[int | bytes])
    assert_type(p.then(None, recover_promised), Promise[int | bytes])
    assert_type(p.then(None, reraise), Promise[int])
    assert_type(p.then(None, lambda error: 0), Promise[int])
    assert_type(p.then(None, lambda error: str(error)), Promise[int | str])
    assert_type(p.then(None, print), Promise[int | None])


def adopted_objects(p: Promise[Lazy[int]], q: Promise[list[Query[int]]]) -> None:
    assert_type(q.then(len), Promise[int])
    assert_type(q.then(lambda queries: queries[0]), Promise[int])
