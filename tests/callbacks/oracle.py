"""What a promise has to become, said once more: by a table that knows nothing of the package's code.

A reader takes what the library passes to a callback, and gives `("values", tuple)` or `("error", Expected)`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from promisepy import BrokenPromise, CallbackError, Cancelled

from .libraries import Call, Places, Script

Callback = Callable[..., Any]


@dataclass
class Same:
    """The reason is this exception, or what stands for it where it would mislead a coroutine."""

    error: BaseException

    def fits(self, reason: BaseException | None) -> bool:
        cancelled = (asyncio.CancelledError, concurrent.futures.CancelledError)
        if isinstance(self.error, (StopIteration, *cancelled)):
            kind = RuntimeError if isinstance(self.error, StopIteration) else Cancelled
            return type(reason) is kind and reason.__cause__ is self.error
        return reason is self.error


@dataclass
class Wrapped:
    """The reason is a `CallbackError` that has kept everything."""

    arguments: tuple[Any, ...]
    keywords: dict[str, Any]

    def fits(self, reason: BaseException | None) -> bool:
        if not isinstance(reason, CallbackError) or len(reason.arguments) != len(self.arguments):
            return False
        same = all(one is other for one, other in zip(reason.arguments, self.arguments, strict=True))
        return same and reason.keywords == self.keywords


@dataclass
class Kind:
    """The reason is an exception of this class, made on the way."""

    kind: type[BaseException]

    def fits(self, reason: BaseException | None) -> bool:
        return type(reason) is self.kind


Expected: TypeAlias = Same | Wrapped | Kind
Reading: TypeAlias = tuple[str, Any]


def failed(error: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Reading:
    plain = isinstance(error, BaseException) and not keywords
    return "error", Same(error) if plain else Wrapped(arguments, keywords)


def succeeded(values: tuple[Any, ...], arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Reading:
    return ("error", Wrapped(arguments, keywords)) if keywords else ("values", values)


def is_success(status: Any) -> bool:
    return status is None or (status == 0 and status is not False)


def read_value(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Reading:
    return succeeded(arguments, arguments, keywords)


def read_by(error_at: int, says_success: Callable[[Any], bool]) -> Callable[[tuple[Any, ...], dict[str, Any]], Reading]:
    """Read a callback whose first or last argument is the error, or a status."""

    def read(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Reading:
        if not arguments:
            return succeeded((), arguments, keywords)
        if not says_success(arguments[error_at]):
            return failed(arguments[error_at], arguments, keywords)
        return succeeded(arguments[1:] if error_at == 0 else arguments[:-1], arguments, keywords)

    return read


def read_error(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Reading:
    errors = [one for one in arguments if isinstance(one, BaseException)]
    return failed(errors[0] if len(errors) == 1 else None, arguments, keywords)


class Ready:
    """A future, or a source, that has an outcome to be asked for."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def result(self) -> Any:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    @staticmethod
    def fetch_finish(result: Ready) -> Any:
        return result.result()


def read_answer(ready: Any) -> Reading:
    if not isinstance(ready, Ready):
        return "error", Kind(AttributeError)
    return ("error", Same(ready.answer)) if isinstance(ready.answer, BaseException) else ("values", (ready.answer,))


def read_future(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Reading:
    return ("error", Kind(TypeError)) if len(arguments) != 1 or keywords else read_answer(arguments[0])


def read_source(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Reading:
    if len(arguments) < 2 or keywords:
        return "error", Kind(TypeError)
    if not isinstance(arguments[0], Ready):
        return "error", Kind(AttributeError)
    return read_answer(arguments[1])


def no_error(error: Any) -> bool:
    return error is None


# By name: how the callback is read, and where callbacks go. An errback is always read by `read_error`.
STYLES: dict[str, tuple[Callable[[tuple[Any, ...], dict[str, Any]], Reading], Places]] = {
    "value": (read_value, {"callback": -1}),
    "error_first": (read_by(0, no_error), {"callback": -1}),
    "error_last": (read_by(-1, no_error), {"callback": -1}),
    "status_first": (read_by(0, is_success), {"callback": -1}),
    "status_last": (read_by(-1, is_success), {"callback": -1}),
    "two_callbacks": (read_value, {"callback": -1, "errback": -1}),
    "two_keywords": (read_value, {"callback": "callback", "errback": "error_callback"}),
    "attribute": (read_value, {"callback": ".callback"}),
    "future": (read_future, {"callback": -1}),
    "done_callback": (read_future, {"callback": "().add_done_callback"}),
    "add_callback": (read_value, {"callback": "().add_callback", "errback": "().add_errback"}),
    "add_callbacks": (read_value, {"callback": "().add_callbacks", "errback": "().add_callbacks"}),
    "then": (read_value, {"callback": "().then", "errback": "().then"}),
    "async_finish": (read_source, {"callback": -1}),
}


def settled_by(reading: Reading, shape: str) -> tuple[str, Any]:
    kind, content = reading
    if kind == "error":
        return "rejected", content
    if shape == "fails":
        return "rejected", Kind(OverflowError)
    if shape == "list":
        return "fulfilled", list(content)
    return "fulfilled", {0: None, 1: content and content[0]}.get(len(content), content)


def expect(script: Script, places: Places, read: dict[str, Callback], shape: str, check: str) -> tuple[str, Any]:
    """Tell how the promise settles: by the first thing that happens and says something."""
    later = [*script.later]
    refused: list[Any] = [OSError] if check == "refuses" else []
    raised: list[Any] = [] if script.raises is None else [script.raises]
    if any(str(place).startswith("().") for place in places.values()):
        # The call returns before callbacks are registered on what it returned.
        timeline = refused or [*script.during, *raised, *later]
    else:
        timeline = [*script.during, *raised, *([] if raised else refused), *later]
    for event in timeline:
        if isinstance(event, Call):
            return settled_by(read[event.which](event.arguments, event.keywords), shape)
        return "rejected", Same(event) if isinstance(event, BaseException) else Kind(event)
    return ("pending", None) if script.keeps else ("rejected", Kind(BrokenPromise))
