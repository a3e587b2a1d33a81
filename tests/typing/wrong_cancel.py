"""Wrong calls of `cancel`, `on_cancel`, `delay`, `timeout`, `map`, `shield`, `using`."""
# What follows from an error says nothing new.
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnusedExpression=false, reportUnusedCoroutine=false

from __future__ import annotations

from promisepy import Convention, Promise, Reject, Resolve, Resolvers, promisify, using


def stop() -> None: ...


def stop_one(handle: int) -> None: ...


def start(resolve: Resolve[int], reject: Reject) -> None: ...


def text(number: int) -> str:
    return str(number)


def untyped(*args: object) -> None: ...


def producers(d: Resolvers[int]) -> None:
    Promise[int](start, stop)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Promise[int](start, on_cancel=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise[int](start, on_cancel=stop_one)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise[int].with_resolvers(stop)  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue]
    Promise[int].with_resolvers(on_cancel=stop_one)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Promise[int].create(untyped, on_cancel="stop")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    d.on_cancel()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    d.on_cancel(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    d.on_cancel(stop_one)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    d.on_cancel(stop, stop)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def cancelling(p: Promise[int]) -> None:
    p.cancel(1, 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    p.cancel(message="late")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    p.cancel().then  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    p.cancelled  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    p.shield(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    number: Promise[str] = p.shield()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del number


def time(p: Promise[int]) -> None:
    p.timeout()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    p.timeout("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    p.timeout(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    p.timeout(seconds=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    p.timeout(1, 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Promise.delay()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.delay("1")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    Promise.delay(None)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    Promise.delay(1, 2, 3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.delay(seconds=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    late: Promise[int] = Promise.delay(1, "a")  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    del late


def many(p: Promise[int]) -> None:
    Promise.map()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.map(text)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.map([1], text)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.map(text, 5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.map(text, p)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.map(text, ["a"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.map(text, [1], 5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.map(text, [1], limit="5")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.map(5, [1])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.race([p], True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.race([p], cancel_losers="yes")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.any([p], cancel_losers=5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Promise.all([p], cancel_losers=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    numbers: Promise[list[int]] = Promise.map(text, [1])  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    del numbers


async def resources(p: Promise[int]) -> None:
    using()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    using(p)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    using(p, 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    using(5, stop_one)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    using(p, str.upper)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    async with p:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass
    async with using(p, stop_one) as number:
        number.upper()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def wrapping() -> None:
    promisify(untyped, result=int, cancel=5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    promisify(untyped, result=int, cancel=stop)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    Convention(cancel=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
