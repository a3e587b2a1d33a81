"""Wrong hosts, hooks, reports, switches and error objects."""
# What follows from an error says nothing new.
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnusedExpression=false

from __future__ import annotations

from collections.abc import Callable

import promisepy
from promisepy import (
    BrokenPromise,
    CallbackError,
    Cancelled,
    Host,
    Promise,
    PromiseError,
    Report,
    State,
    Thenable,
    debug,
    set_host,
    set_report_hook,
)


class NoPost:
    """Has nothing that promisepy could call."""


class PostWithoutParameter:
    """Cannot be handed a function."""

    def post(self) -> None: ...


class PostOfText:
    """Wants something else."""

    def post(self, drain: str, /) -> None: ...


def post(drain: Callable[[], None]) -> None:
    drain()


def hosts() -> None:
    set_host()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    set_host(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    set_host("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    set_host(post)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    set_host(NoPost())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    set_host(PostWithoutParameter())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    set_host(PostOfText())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    set_host(host=None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    host: Host = set_host(None)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del host


def takes_text(text: str) -> None: ...


def hooks(p: Promise[int]) -> None:
    set_report_hook()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    set_report_hook(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    set_report_hook("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    set_report_hook(takes_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    set_report_hook(lambda: None)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]
    set_report_hook(lambda report: report.error)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    set_report_hook(hook=None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    set_report_hook(p)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def reports(report: Report) -> None:
    report.kind = "broken"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    report.message = ""  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    report.error  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    if report.kind == "lost":  # type: ignore[comparison-overlap]  # pyright: ignore[reportUnnecessaryComparison]
        pass
    Report()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Report("lost", "", ValueError(), "")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Report("broken", "", "reason", "")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def switches() -> None:
    debug.enable(True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    debug.enable(strict="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    debug.disable(True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    debug.strict  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    promisepy.debug()  # type: ignore[operator]  # pyright: ignore[reportCallIssue]


def states() -> None:
    state: State = "done"  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del state


def errors(error: CallbackError, broken: BrokenPromise) -> None:
    CallbackError()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    CallbackError("a", 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    CallbackError("a", ("b",), 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    error.code  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    broken.arguments  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    text: str = error.arguments[0]  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    cancelled: Cancelled = PromiseError()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del text, cancelled


class HalfThenable:
    """Takes only one handler, which Promises/A+ does not allow."""

    def then(self, on_fulfilled: Callable[[int], None]) -> None: ...


class ThenAttribute:
    """Has a `then` that is no method."""

    then = 5


def thenables(half: HalfThenable, attribute: ThenAttribute) -> None:
    first: Thenable[int] = half  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    second: Thenable[int] = attribute  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    third: Promise[int] = Promise.resolve(half)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    del first, second, third


def private_names() -> None:
    promisepy.Cell  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    promisepy.current_home()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    promisepy.Adoptable  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    promisepy.settings  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
