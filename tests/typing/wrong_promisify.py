"""Wrong calls of `promisify`, `Convention`, and of the functions that `promisify` makes."""
# What follows from an error says nothing new.
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnusedExpression=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promisepy import Convention, Promise, promisify


def fetch(url: str, done: Callable[[bytes], None]) -> None:
    done(url.encode())


def plain(url: str) -> bytes:
    return url.encode()


def watch(done: Callable[[bytes], None], path: str, *, depth: int = 1) -> None:
    done(path.encode() * depth)


def read(path: str, done: Callable[[OSError | None, bytes | None], None]) -> None:
    done(None, path.encode())


def send(data: bytes, ok: Callable[[int], None], failed: Callable[[OSError], None]) -> None:
    ok(len(data))


def untyped(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


def not_a_function() -> None:
    promisify(5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(None)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify("fetch")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(plain("a"))  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(fetch=fetch)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def no_callback() -> None:
    promisify(plain)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(len)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(lambda: 1)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType, reportCallIssue]


def no_result_type() -> None:
    promisify(untyped, callback="done")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(fetch, callback="done")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(fetch, style=Convention())  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(untyped, callback="done", errback="failed")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def wrong_styles() -> None:
    promisify(fetch, style="x")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(fetch, style="node")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(fetch, style=None)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(fetch, style=5, result=bytes)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(fetch, style="two_callbacks")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(plain, style="error_first")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(fetch, "error_first")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def wrong_methods() -> None:
    promisify(plain, methods=["get"])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    promisify(int, methods=5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    promisify(methods=5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


def wrong_places() -> None:
    promisify(plain, callback=0)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(untyped, callback=1.5, result=int)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(untyped, callback=fetch, result=int)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(untyped, errback=[], result=int)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]


def wrong_results() -> None:
    promisify(untyped, result="no type")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(untyped, result=1 | 2)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(untyped, result=[int])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(untyped, result=len)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(untyped, result=5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(untyped, shape=5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    promisify(untyped, shape=lambda: 1)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]
    promisify(untyped, shape=lambda first, second: 1)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]
    number: Promise[int] = promisify(untyped, result=int | None)()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    promisify(result=5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    text: Callable[..., Promise[str]] = promisify(untyped, result=int)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    other: Callable[[str], Promise[str]] = promisify(fetch)  # type: ignore[arg-type, assignment]  # pyright: ignore[reportAssignmentType]
    del number, text, other


def wrong_arguments_of_the_result() -> None:
    promisify(fetch)()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    promisify(fetch)(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    promisify(fetch)("a", "b")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    promisify(fetch)("a", print)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    promisify(fetch)(url="a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    promisify(watch, callback=0)(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    promisify(watch, callback=0)("a", depth="x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    promisify(read, style="error_first")(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    promisify(send, style="two_callbacks")("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def wrong_uses_of_the_result() -> None:
    text: Promise[str] = promisify(fetch)("a")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    raw: bytes = promisify(fetch)("a")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    promisify(fetch)("a").then(lambda data: data.upper().encode())  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    promisify(fetch).then(print)  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
    del text, raw


def check(status: int) -> tuple[int]:
    return (status,)


def conventions() -> None:
    Convention(callback=1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Convention(callback=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Convention(errback=fetch)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Convention(outcome=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Convention(outcome=plain)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Convention(shape=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Convention(shape=lambda: 1)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]
    Convention(style="value")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    convention = Convention(outcome=check)
    convention.callback = 0  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    convention(fetch)  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
    promisify(convention)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
