"""Wrong calls of `resolve`, `reject`, `try_` and the combinators."""
# What follows from an error says nothing new.
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnusedExpression=false

from __future__ import annotations

import asyncio
from collections.abc import Callable

from promisepy import Promise, Settled

from samples import fetch, optional, promised, query, show, stop


def resolve_calls() -> None:
    Promise.resolve(1, 2)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.resolve(value=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    text: Promise[str] = Promise.resolve(1)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    later: Promise[int] = Promise.resolve(fetch(1))  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    foreign: Promise[int] = Promise.resolve(query(1))  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    del text, later, foreign


def reject_calls() -> None:
    Promise.reject()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Promise.reject("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise.reject(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise.reject(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise.reject(int)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise.reject(ValueError(), "a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Promise.reject(reason=ValueError())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Promise.reject(Promise.resolve(1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def try_calls() -> None:
    Promise.try_()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.try_(5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.try_(show(1))  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.try_(fetch(1))  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.try_(None)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.try_(show)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.try_(show, "a")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.try_(show, 1, 2)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.try_(show, number=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.try_(optional, 1, upper="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.try_(fetch, "a")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.try_(promised)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.try_(stop, "a")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.try_(lambda x: x)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    text: Promise[int] = Promise.try_(show, 1)  # type: ignore[call-overload]  # pyright: ignore[reportAssignmentType]
    del text


def all_calls(p: Promise[int], q: Promise[str]) -> None:
    Promise.all()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.all(p, q)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.all(p)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all(5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all([1, 2])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all((1, 2))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all([p, 1])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all((p, 1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all("ab")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all([show, show])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all(None)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all({"a": p})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all(*[p, p])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all(promises=[p])  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def all_results(p: Promise[int], q: Promise[str]) -> None:
    as_tuple: Promise[tuple[int, ...]] = Promise.all([p, p])  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    as_list: Promise[list[int]] = Promise.all((p, p))  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    swapped: Promise[tuple[str, int]] = Promise.all((p, q))  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    shorter: Promise[tuple[int]] = Promise.all((p, p))  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    mixed: Promise[list[int]] = Promise.all([p, q])  # type: ignore[list-item]  # pyright: ignore[reportAssignmentType]
    Promise.all((p, q)).then(lambda pair: pair[2])  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    Promise.all((p, q)).then(lambda first, second: first)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all((p, q)).then(lambda pair: pair[0].upper())  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    del as_tuple, as_list, swapped, shorter, mixed


def all_settled_calls(p: Promise[int]) -> None:
    Promise.all_settled()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.all_settled(p)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all_settled(p, p)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.all_settled([1])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all_settled((1,))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    plain: Promise[list[int]] = Promise.all_settled([p])  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    pair: Promise[tuple[Settled[int]]] = Promise.all_settled((p, p))  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    Promise.all_settled([p]).then(lambda outcomes: outcomes[0].value)  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    Promise.all_settled((p, p)).then(lambda outcomes: outcomes[0].reason)  # type: ignore[type-var, union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    del plain, pair


def any_and_race_calls(p: Promise[int], q: Promise[str]) -> None:
    Promise.any()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.any(p)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.any(p, q)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.any([1])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.any((1, p))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.race()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.race(p)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.race(p, q)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.race([1])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.race((1, p))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    number: Promise[int] = Promise.race((p, q))  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    first: Promise[int] = Promise.any((p, q))  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    timeout: Promise[int] = Promise.race((p, asyncio.sleep(5)))  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    del number, first, timeout


def keyed_calls(p: Promise[int]) -> None:
    Promise.all_keyed()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Promise.all_keyed([p])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise.all_keyed(a=p)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Promise.all_keyed({"a": 1})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise.all_keyed({"a": p}, {"b": p})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Promise.all_settled_keyed([p])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise.all_settled_keyed({"a": 1})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise.all_settled_keyed(a=p)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    found: Promise[dict[int, int]] = Promise.all_keyed({"a": p})  # type: ignore[dict-item]  # pyright: ignore[reportAssignmentType]
    Promise.all_keyed({"a": p}).then(lambda found: found[0])  # type: ignore[index]  # pyright: ignore[reportArgumentType]
    Promise.all_settled_keyed({"a": p}).then(lambda found: found["a"].value)  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    del found


def names_of_other_libraries(p: Promise[int], fn: Callable[[], int]) -> None:
    Promise.all_done([p])  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    Promise.allSettled([p])  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    Promise.of(1)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    Promise.fulfilled(1)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    Promise.rejected(ValueError())  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    Promise.attempt(fn)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    Promise.defer()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    Promise.spread([p])  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
