"""`set_host`, `set_report_hook`, `Report`, `debug`, and the error classes."""

from __future__ import annotations

import concurrent.futures
import sys
from collections.abc import Callable
from typing import Literal, assert_type

import promisepy
from promisepy import (
    BrokenPromise,
    CallbackError,
    Cancelled,
    DeadlockError,
    Host,
    PromiseError,
    Report,
    State,
    StuckPromise,
    UnhandledRejection,
    debug,
    set_host,
    set_report_hook,
)


class Mainloop:
    """A GUI's loop."""

    def post(self, drain: Callable[[], None], /) -> None:
        drain()


class OtherLoop:
    """A host whose method has another name for its parameter, and a result."""

    def post(self, callback: Callable[[], object]) -> int:
        callback()
        return 1


def hosts(host: Host) -> None:
    assert_type(set_host(Mainloop()), Host | None)
    assert_type(set_host(OtherLoop()), Host | None)
    assert_type(set_host(None), Host | None)
    assert_type(set_host(host), Host | None)
    assert_type(set_host(set_host(None)), Host | None)
    assert_type(host.post(lambda: None), object)


def show(report: Report) -> None:
    assert_type(report.kind, Literal["unhandled", "broken", "stuck"])
    assert_type(report.message, str)
    assert_type(report.reason, BaseException)
    assert_type(report.home, str)
    if report.kind == "unhandled":
        assert_type(report.kind, Literal["unhandled"])


def hooks(reports: list[Report]) -> None:
    assert_type(set_report_hook(show), Callable[[Report], object] | None)
    assert_type(set_report_hook(None), Callable[[Report], object] | None)
    previous = set_report_hook(reports.append)
    set_report_hook(lambda report: print(report.message, file=sys.stderr))
    set_report_hook(lambda report: report.reason)
    set_report_hook(print)
    set_report_hook(previous)
    if previous is not None:
        assert_type(previous(reports[0]), object)


def reports_made_by_hand() -> None:
    assert_type(Report("broken", "message", ValueError(), "home"), Report)
    assert_type(Report(kind="stuck", message="", reason=KeyboardInterrupt(), home=""), Report)


def debugging() -> None:
    debug.enable()
    debug.enable(strict=True)
    debug.disable()
    promisepy.debug.enable(strict=False)


def states(state: State) -> None:
    assert_type(state, Literal["pending", "fulfilled", "rejected"])
    waiting: State = "pending"
    del waiting


def errors() -> None:
    error = CallbackError("failed", (1, "a"), {"code": 2})
    assert_type(error.arguments, tuple[object, ...])
    assert_type(error.keywords, dict[str, object])
    assert_type(CallbackError("failed"), CallbackError)
    own: list[PromiseError] = [
        error,
        BrokenPromise("m"),
        StuckPromise("m"),
        Cancelled("m"),
        DeadlockError("m"),
        UnhandledRejection("m"),
    ]
    broken: BrokenPromise = StuckPromise("m")
    deadlock: RuntimeError = DeadlockError("m")
    kinds: tuple[type[Exception], ...] = (PromiseError, CallbackError, Cancelled)
    del own, broken, deadlock, kinds


def caught(future: concurrent.futures.Future[int]) -> None:
    try:
        future.result()
    except* (BrokenPromise, Cancelled) as group:
        assert_type(group, ExceptionGroup[BrokenPromise | Cancelled])
    except* CallbackError as group:
        assert_type(group.exceptions[0], CallbackError | ExceptionGroup[CallbackError])
