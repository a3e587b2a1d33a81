"""Wrong ways to get at the outcome, and wrong uses of promises where values are meant."""
# What follows from an error says nothing new.
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnusedExpression=false

from __future__ import annotations

import asyncio
import copy
from collections.abc import Coroutine
from typing import Any, assert_never

from promisepy import Fulfilled, Promise, Rejected, Settled


def waits(p: Promise[int]) -> None:
    p.wait("5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    p.wait(pump=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    p.wait(5, print, 1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    p.wait(seconds=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    p.wait(pump=lambda value: None)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]
    text: str = p.wait()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    Promise.wait()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    del text


async def awaits(p: Promise[int]) -> None:
    text: str = await p  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    await p.wait()  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    await p.value  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    await p.then  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    number: int = p  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del text, number


async def asyncio_helpers(p: Promise[int]) -> None:
    asyncio.create_task(p)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    asyncio.run(p.then)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    async with asyncio.TaskGroup() as group:
        group.create_task(p)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    asyncio.run_coroutine_threadsafe(p, asyncio.get_running_loop())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await asyncio.wait({p})  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    future: asyncio.Future[int] = p  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    coroutine: Coroutine[Any, Any, int] = p  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    text: str = await asyncio.wait_for(p, 1)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    del future, coroutine, text


def truth(p: Promise[int]) -> None:
    if p:  # type: ignore[truthy-bool]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    while p:  # type: ignore[truthy-bool]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    if not p:  # type: ignore[truthy-bool]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    if p and p.state == "pending":  # type: ignore[truthy-bool]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    if True and not p:  # type: ignore[truthy-bool]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    print(1 if p else 2)  # type: ignore[truthy-bool]  # pyright: ignore[reportGeneralTypeIssues]
    print([one for one in [p] if one])  # type: ignore[truthy-bool]  # pyright: ignore[reportGeneralTypeIssues]
    assert p  # type: ignore[truthy-bool]  # pyright: ignore[reportGeneralTypeIssues]


def truth_of_optional(p: Promise[int] | None) -> None:
    if p is not None and p:  # type: ignore[truthy-bool]  # pyright: ignore[reportGeneralTypeIssues]
        pass


def values_are_meant(p: Promise[int], q: Promise[list[int]]) -> None:
    for _ in q:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    with p:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    print([*q])  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    q[0]  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    len(q)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    p + 1  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    p < 1  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    1 in q  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    list(q)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    int(p)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    p()  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
    print(*q)  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]


async def asynchronous_uses(q: Promise[list[int]]) -> None:
    async for _ in q:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    async with q:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass


def states(p: Promise[int]) -> None:
    if p.state == "done":  # type: ignore[comparison-overlap]  # pyright: ignore[reportUnnecessaryComparison]
        pass
    if p.state == "FULFILLED":  # type: ignore[comparison-overlap]  # pyright: ignore[reportUnnecessaryComparison]
        pass
    if p.state() == "pending":  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
        pass


def attributes(p: Promise[int], text: Promise[str]) -> None:
    p.value + 1  # type: ignore[operator]  # pyright: ignore[reportOptionalOperand]
    text.value.upper()  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    p.reason.args  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    p.outcome.value  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
    p.outcome.status  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    p.outcome.reason  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
    p.value()  # type: ignore[misc, operator]  # pyright: ignore[reportCallIssue, reportOptionalCall]
    p.outcome()  # type: ignore[misc, operator]  # pyright: ignore[reportCallIssue, reportOptionalCall]
    p.outcome = Fulfilled(1)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    p.reason = ValueError()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def outcomes(outcome: Settled[int]) -> None:
    outcome.value  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    outcome.reason  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    if outcome.status == "pending":  # type: ignore[comparison-overlap]  # pyright: ignore[reportUnnecessaryComparison]
        pass
    if outcome.status == "rejected":
        outcome.value  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    if isinstance(outcome, Fulfilled):
        outcome.reason  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    outcome.status = "rejected"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def frozen(fulfilled: Fulfilled[int], rejected: Rejected) -> None:
    fulfilled.value = 2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    rejected.reason = ValueError()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    Fulfilled()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Fulfilled(1, "fulfilled")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Rejected("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Rejected(ValueError)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    text: Fulfilled[str] = fulfilled  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del text


class Special(Fulfilled[int]):  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    """Both outcome classes are final."""


class Worse(Rejected):  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    """Likewise."""


def forgotten_case(p: Promise[int]) -> int:
    outcome = p.outcome
    match outcome:
        case Fulfilled(value):
            return value
        case None:
            return 0
        case _:
            assert_never(outcome)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def patterns(p: Promise[int]) -> None:
    match p.outcome:
        case Fulfilled(value, status):  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues, reportUnnecessaryComparison]
            print(value, status)
        case Rejected(reason, more):  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues, reportUnnecessaryComparison]
            print(reason, more)
        case _:
            pass


def futures(p: Promise[int]) -> None:
    text: str = p.to_future().result()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    p.to_future(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    del text


def variance(p: Promise[object], q: Promise[int | None]) -> None:
    number: Promise[int] = p  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    sure: Promise[int] = q  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del number, sure


def copies(p: Promise[int]) -> None:
    text: Promise[str] = copy.copy(p)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    del text
