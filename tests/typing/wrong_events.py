"""Wrong calls of `once`, `stream`, `Replies`, `create`, `callbackify`, `submit` and of what they give."""
# What follows from an error says nothing new.
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnusedExpression=false, reportUnusedCoroutine=false

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable

from promisepy import (
    Emitter,
    Promise,
    Replies,
    Resolvers,
    Stream,
    StreamOverflow,
    callbackify,
    once,
    promisify,
    register_adoptable,
    stream,
    submit,
)


class Signal:
    """Calls its listeners."""

    on_value: Callable[[int], None] | None = None

    def connect(self, listener: Callable[[int], None]) -> int:
        return 1

    def disconnect(self, token: int) -> None: ...


def start(d: Resolvers[int]) -> int:
    return Signal().connect(d.resolve)


def begin(s: Emitter[int]) -> int:
    return Signal().connect(s.emit)


def text(name: str) -> str:
    return name


def plain(number: int) -> int:
    return number


async def double(number: int) -> int:
    return number * 2


def creating() -> None:
    Promise[int].create()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Promise[int].create(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise[int].create(lambda: None)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]
    Promise[str].create(start)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise[int].create(start, True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Promise[int].create(start, keep_alive="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    text: Promise[str] = Promise[int].create(start)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del text


def adapting(d: Resolvers[int], signal: Signal) -> None:
    d.via()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    d.via(5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    d.via(text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    signal.on_value = d.via(text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    d.error_first()("a").then  # type: ignore[misc]  # pyright: ignore[reportOptionalCall]
    d.resolve("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def one_event(signal: Signal) -> None:
    once()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    once(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    once(start, 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    once(lambda: None)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]
    once(start, unsubscribe=signal.disconnect)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    text: Promise[str] = once(start)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    del text


def subscribing(signal: Signal) -> None:
    stream()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    stream(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream(start)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream(begin, 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream(begin, signal.disconnect, 5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    stream(begin, maxsize="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream(begin, on_full="block")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream(begin, on_full=print)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stream(begin, on_full=(print, 5))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    text: Stream[str] = stream(begin)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    del text


def consuming(events: Stream[int]) -> None:
    events.dropped = 5  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    events[0]  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    len(events)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    events.emit(5)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    events.then(print)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    for event in events:
        event.upper()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    Stream()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    raise StreamOverflow(1, size=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def awaiting(events: Stream[int]) -> None:
    await events  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    async for event in events:
        event.upper()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def emitting(s: Emitter[int]) -> None:
    s.via(text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    s.via()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    s.push(5)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    Emitter()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def answering(table: Replies[int, str]) -> None:
    table["a"]  # type: ignore[index]  # pyright: ignore[reportArgumentType]
    table.resolve(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    table.resolve(1, 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    table.resolve("a", "b")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    table.reject(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    table.reject_all()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    table.via(plain)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    table[1] = "a"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    table[1].then(plain)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Replies(5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Replies[int, str](timeout="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Replies[int, str](early=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Replies[int, str](drop_late=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Replies[list[int], str]()  # type: ignore[type-var]  # pyright: ignore[reportInvalidTypeArguments]


def calling_back() -> None:
    callbackify(5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    callbackify(double, style="node")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    callbackify(double, "error_first")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    callbackify(double)(5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    callbackify(double)("a", print)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    callbackify(double)(5, lambda error: None)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]
    callbackify(double)(5, plain)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    callbackify(double, style="value")(5, text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    callbackify(double, callback=1.5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]


def deciding() -> None:
    promisify(style="node")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(style="error_first")(plain)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(keep_alive=5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    promisify(double, style="value", pump=5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]


def adopting() -> None:
    register_adoptable(5, print)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    register_adoptable(Signal)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    register_adoptable(Signal, 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    register_adoptable(Signal, lambda signal: None)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]


def executing(pool: concurrent.futures.Executor) -> None:
    submit(pool)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    submit(text, pool)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    submit(pool, text)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    submit(pool, text, 5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    submit(pool, 5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    number: Promise[int] = submit(pool, text, "a")  # type: ignore[call-overload]  # pyright: ignore[reportAssignmentType]
    del number
