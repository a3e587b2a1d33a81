"""Wrong calls of the constructor, `with_resolvers`, and the functions that they hand out."""
# What follows from an error says nothing new.
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false, reportUnknownMemberType=false, reportUnusedExpression=false

from __future__ import annotations

import asyncio
from collections.abc import Callable

from promisepy import Promise, Reject, Resolve

from samples import Animal, Dog, fetch


def no_executor() -> None:
    Promise[int]()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Promise[int](5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise[int](None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise[int]("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise[int](Promise.resolve(1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise[int](executor=lambda resolve, reject: None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def executors_with_other_parameters() -> None:
    Promise[int](lambda: None)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]
    Promise[int](lambda resolve: resolve(1))  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]
    Promise[int](lambda resolve, reject, more: None)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]

    def no_parameters() -> None: ...

    def swapped(reject: Reject, resolve: Resolve[int]) -> None: ...

    Promise[int](no_parameters)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise[int](swapped)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def values_of_another_type() -> None:
    def resolve_text(resolve: Resolve[str], reject: Reject) -> None: ...

    Promise[int](resolve_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise[int](lambda resolve, reject: resolve("a"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise[int](lambda resolve, reject: resolve())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Promise[int](lambda resolve, reject: resolve(fetch(1)))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise[int](lambda resolve, reject: reject("a"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    number: Promise[str] = Promise[int](lambda resolve, reject: None)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del number


def no_type() -> None:
    unknown = Promise(lambda resolve, reject: resolve(1))  # type: ignore[arg-type, var-annotated]  # pyright: ignore[reportUnknownVariableType]
    del unknown


def resolvers() -> None:
    Promise[int].with_resolvers(True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Promise[int].with_resolvers(keep_alive="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise[int].with_resolvers(int)  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue]
    promise, resolve = Promise[int].with_resolvers()  # type: ignore[misc]  # pyright: ignore[reportAssignmentType]
    untyped = Promise.with_resolvers()  # type: ignore[var-annotated]  # pyright: ignore[reportUnknownVariableType]
    del promise, resolve, untyped


def resolve_calls(resolve: Resolve[int], text: Promise[str], nothing: Resolve[None]) -> None:
    resolve()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    resolve("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    resolve(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    resolve(1, 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    resolve(value=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    resolve(text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    nothing(1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    given: int = resolve(1)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del given


def reject_calls(reject: Reject) -> None:
    reject()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    reject("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    reject(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    reject(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    reject(int)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    reject(ValueError(), "a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def resolving_functions_as_callbacks(loop: asyncio.AbstractEventLoop, resolve: Resolve[int]) -> None:
    loop.call_soon(resolve, "a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    plain: Callable[[str], None] = resolve  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del plain


def resolve_is_not_covariant(dogs: Resolve[Dog]) -> None:
    animals: Resolve[Animal] = dogs  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del animals


def attributes(p: Promise[int]) -> None:
    p.value = 1  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    p.state = "fulfilled"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    p.done()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    p.result()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    p.set_result(1)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    p.add_done_callback(print)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
