"""`await`, the helpers of asyncio, `wait`, `to_future`, `state`, `value`, `reason`, `outcome`."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar, assert_never, assert_type

from promisepy import Fulfilled, Promise, Rejected, Settled, State

from samples import fetch, show

T = TypeVar("T")


async def awaited(p: Promise[int], s: Promise[str | None], n: Promise[None]) -> None:
    assert_type(await p, int)
    assert_type(await s, str | None)
    assert_type(await n.then(lambda _: 1), int)
    assert_type(await p.then(show), str)
    assert_type(await p.then(fetch), str)
    assert_type(await Promise.resolve(1), int)
    assert_type([await one for one in [p, p]], list[int])


async def helpers(p: Promise[int], s: Promise[str]) -> None:
    assert_type(await asyncio.gather(p, s), tuple[int, str])
    assert_type(await asyncio.gather(*[p, p]), list[int])
    assert_type(
        await asyncio.gather(p, s, return_exceptions=True), tuple[int | BaseException, str | BaseException]
    )
    assert_type(await asyncio.wait_for(p, 1), int)
    assert_type(await asyncio.shield(p), int)
    assert_type(asyncio.ensure_future(p), asyncio.Task[int])
    async with asyncio.timeout(1):
        assert_type(await p, int)
    for soonest in asyncio.as_completed([p, p]):
        assert_type(await soonest, int)


async def tasks(p: Promise[int]) -> None:
    async def waiting() -> int:
        return await p

    async with asyncio.TaskGroup() as group:
        task = group.create_task(waiting())
    assert_type(task.result(), int)


def runs(p: Promise[int], loop: asyncio.AbstractEventLoop) -> None:
    assert_type(loop.run_until_complete(p), int)


def a_promise_is_awaitable(p: Promise[int]) -> Awaitable[int]:
    return p


async def await_anything(value: Awaitable[T]) -> T:
    return await value


async def as_an_argument(p: Promise[int]) -> None:
    assert_type(await await_anything(p), int)


def waits(p: Promise[int], s: Promise[str | None], poll: Callable[[], int]) -> None:
    assert_type(p.wait(), int)
    assert_type(p.wait(1), int)
    assert_type(p.wait(1.5), int)
    assert_type(p.wait(None), int)
    assert_type(p.wait(timeout=2), int)
    assert_type(p.wait(pump=lambda: None), int)
    assert_type(p.wait(timeout=2, pump=poll), int)
    assert_type(s.wait(), str | None)
    assert_type(p.then(show).wait(), str)


def futures(p: Promise[int], s: Promise[str]) -> None:
    assert_type(p.to_future(), concurrent.futures.Future[int])
    assert_type(s.to_future().result(1), str)
    assert_type(p.to_future().exception(), BaseException | None)
    assert_type(concurrent.futures.wait([p.to_future()]).done, set[concurrent.futures.Future[int]])


def states(p: Promise[int]) -> None:
    assert_type(p.state, State)
    assert_type(p.state, Literal["pending", "fulfilled", "rejected"])
    state = p.state
    match state:
        case "pending":
            assert_type(state, Literal["pending"])
        case "fulfilled" | "rejected":
            assert_type(state, Literal["fulfilled", "rejected"])
        case _:
            assert_never(state)


def values(p: Promise[int], s: Promise[str | None], unknown: Promise[Any]) -> None:
    assert_type(p.value, int | None)
    assert_type(s.value, str | None)
    assert_type(p.reason, BaseException | None)
    assert_type(unknown.value, Any | None)
    if p.value is not None:
        assert_type(p.value + 1, int)


def outcomes(p: Promise[int]) -> str:
    assert_type(p.outcome, Settled[int] | None)
    assert_type(p.outcome, Fulfilled[int] | Rejected | None)
    outcome = p.outcome
    match outcome:
        case Fulfilled(value):
            assert_type(value, int)
            return "value"
        case Rejected(reason):
            assert_type(reason, BaseException)
            return "reason"
        case None:
            return "pending"
        case _:
            assert_never(outcome)


def outcomes_by_keyword(p: Promise[list[str]]) -> None:
    match p.outcome:
        case Fulfilled(value=[first, *_]):
            assert_type(first, str)
        case Fulfilled(value=value):
            assert_type(value, list[str])
        case Rejected(reason=OSError() as error):
            assert_type(error, OSError)
            assert_type(error.errno, int | None)
        case Rejected(reason=ValueError() | KeyError() as error):
            assert_type(error, ValueError | KeyError)
        case Rejected(reason=error):
            assert_type(error, BaseException)
        case None:
            pass


def outcomes_by_status(p: Promise[int]) -> None:
    outcome = p.outcome
    if outcome is None:
        return
    assert_type(outcome.status, Literal["fulfilled", "rejected"])
    if outcome.status == "fulfilled":
        assert_type(outcome, Fulfilled[int])
        assert_type(outcome.value, int)
    else:
        assert_type(outcome, Rejected)
        assert_type(outcome.reason, BaseException)


def outcomes_by_class(outcome: Settled[str]) -> str:
    if isinstance(outcome, Fulfilled):
        assert_type(outcome, Fulfilled[str])
        return outcome.value
    assert_type(outcome, Rejected)
    raise outcome.reason


def settled_list(outcomes: list[Settled[int]]) -> None:
    assert_type([one.value for one in outcomes if isinstance(one, Fulfilled)], list[int])
    assert_type([one.reason for one in outcomes if isinstance(one, Rejected)], list[BaseException])


def made_by_hand() -> None:
    assert_type(Fulfilled(1), Fulfilled[int])
    assert_type(Fulfilled("a").value, str)
    assert_type(Fulfilled(1).status, Literal["fulfilled"])
    assert_type(Rejected(ValueError()), Rejected)
    assert_type(Rejected(ValueError()).status, Literal["rejected"])
    assert_type(Fulfilled(1) == Fulfilled(1), bool)


def generic_outcome(p: Promise[T], default: T) -> T:
    assert_type(p.outcome, Fulfilled[T] | Rejected | None)
    match p.outcome:
        case Fulfilled(value):
            assert_type(value, T)
            return value
        case _:
            return default
