"""Python's side of the adapter for the official Promises/A+ suite: `adapter.mjs` runs it in Pyodide, and says how.

Nothing here decides what a promise does: values are named, and calls handed on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import javascript  # registered by adapter.mjs

from promisepy import Promise, set_report_hook


class Value:
    """A primitive value of JavaScript, which only JavaScript can look at."""

    def __init__(self, text: str) -> None:
        self.text = text


class Object(Value):
    """An object of JavaScript. Whether it is a thenable is for its `then` to say, which may be a getter."""

    @property
    def then(self) -> Callable[..., None] | None:
        then = returned(javascript.get_then(self.text))
        if not isinstance(then, Object) or not javascript.is_function(then.text):
            return None

        def call(resolve: Callable[..., None], reject: Callable[..., None]) -> None:
            returned(javascript.call_then(self.text, then.text, number_of_pair(resolve, reject)))

        return call


class Thrown(Exception):
    """What JavaScript has thrown, or rejected with: any value will do there, and only an exception here."""

    def __init__(self, value: Any) -> None:
        self.value = value


# By number. Kept for ever: a promise whose functions nobody holds would be broken, and JavaScript holds numbers only.
promises: list[Promise[Any]] = []
numbers: dict[Promise[Any], int] = {}
pairs: list[tuple[Callable[..., None], Callable[..., None]]] = []


def from_javascript(text: str) -> Any:
    kinds = {"v": Value, "o": Object, "p": lambda _: promises[int(text[1:])]}
    return kinds[text[0]](text)


def to_javascript(value: Any) -> str:
    match value:
        case Promise():
            return f"p{number(value)}"
        case Value():
            return value.text
        case Thrown():
            return to_javascript(value.value)
        case TypeError():
            return f"t{value}"
    return f"e{value!r}"


def returned(outcome: str) -> Any:
    value = from_javascript(outcome[1:])
    if outcome[0] == "-":
        raise Thrown(value)
    return value


def number(promise: Promise[Any]) -> int:
    if promise not in numbers:
        numbers[promise] = len(promises)
        promises.append(promise)
    return numbers[promise]


def number_of_pair(resolve: Callable[..., None], reject: Callable[..., None]) -> int:
    pairs.append((resolve, reject))
    return len(pairs) - 1


def handler(function: str) -> Callable[[Any], Any] | None:
    if not function:
        return None
    return lambda value: returned(javascript.call(function, to_javascript(value)))


def deferred() -> str:
    promise, resolve, reject = Promise[Any].with_resolvers()
    return f"{number(promise)} {number_of_pair(resolve, reject)}"


def resolve(pair: int, value: str) -> None:
    pairs[pair][0](from_javascript(value))


def reject(pair: int, reason: str) -> None:
    pairs[pair][1](Thrown(from_javascript(reason)))


def resolved(value: str) -> int:
    return number(Promise.resolve(from_javascript(value)))


def rejected(reason: str) -> int:
    return number(Promise.reject(Thrown(from_javascript(reason))))


def then(promise: int, on_fulfilled: str, on_rejected: str) -> int:
    return number(promises[promise].then(handler(on_fulfilled), handler(on_rejected)))


set_report_hook(lambda report: None)  # the suite leaves most rejections unobserved
