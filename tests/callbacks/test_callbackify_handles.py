"""`callbackify` with places on what the call returns: an object on which callbacks are registered."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise, Report, callbackify

from ..support import turn


def make(outcome: str) -> Any:
    return {"value": 5, "none": None, "error": LookupError("nothing there")}[outcome]


class Log(list[tuple[str, Any]]):
    """What callbacks have been called with."""

    def note(self, name: str) -> Callable[[Any], None]:
        return lambda argument: self.append((name, argument))


def give(value: Any) -> Any:
    if isinstance(value, BaseException):
        raise value
    return value


def register(style: str, handle: Any, log: Log) -> Any:
    callback, errback = log.note("callback"), log.note("errback")
    if style == "done_callback":
        return handle.add_done_callback(lambda future: (errback if future.exception() else callback)(value_in(future)))
    if style == "add_callback":
        return handle.add_callback(callback).add_errback(errback)
    return getattr(handle, style)(callback, errback)


def value_in(future: Any) -> Any:
    return future.exception() or future.result()


STYLES = ["done_callback", "add_callback", "add_callbacks", "then"]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", ["value", "none", "error"])
def test_callbacks_are_called_once_whether_they_are_registered_before_or_after(
    style: str, kind: str, reports: list[Report]
) -> None:
    log, outcome = Log(), make(kind)
    handle = callbackify(give, style=style)(outcome)
    register(style, handle, log)
    assert log == []
    turn()
    told = ("errback" if kind == "error" else "callback", outcome)
    assert log == [told]
    register(style, handle, log)
    assert log == [told]  # later, although the outcome is there
    turn()
    assert log == [told, told]
    gc.collect()
    assert reports == []


@pytest.mark.parametrize("style", STYLES)
def test_registering_gives_the_handle_back(style: str) -> None:
    handle = callbackify(give, style=style)(5)
    assert register(style, handle, Log()) is handle
    turn()


@pytest.mark.parametrize("style", STYLES)
def test_a_failure_for_which_nobody_has_registered_is_reported(style: str, reports: list[Report]) -> None:
    error = make("error")
    handle = callbackify(give, style=style)(error)
    turn()
    del handle
    error.__traceback__ = None  # it leads to the frames of the call
    gc.collect()
    assert [(report.kind, report.reason) for report in reports] == [("unhandled", error)]


def test_a_failure_is_reported_if_only_a_callback_for_success_was_added(reports: list[Report]) -> None:
    log, error = Log(), make("error")
    callbackify(give, style="add_callback")(error).add_callback(log.note("callback"))
    turn()
    gc.collect()
    assert log == []
    assert [report.reason for report in reports] == [error]


@pytest.mark.parametrize("errback_first", [False, True])
def test_success_and_failure_callbacks_may_be_added_in_any_order(errback_first: bool, reports: list[Report]) -> None:
    log, error = Log(), make("error")
    for outcome in (5, error):
        handle = callbackify(give, style="add_callback")(outcome)
        if errback_first:
            handle.add_errback(log.note("errback")).add_callback(log.note("callback"))
        else:
            handle.add_callback(log.note("callback")).add_errback(log.note("errback"))
        turn()
    assert log == [("callback", 5), ("errback", error)]
    gc.collect()
    assert reports == []


def test_a_handle_is_no_promise_and_no_awaitable() -> None:
    handle = callbackify(give, style="then")(5)
    assert Promise.resolve(handle).value is handle
    assert not hasattr(type(handle), "__await__")
