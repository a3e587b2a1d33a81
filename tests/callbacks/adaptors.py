"""The five kinds of functions that `Resolvers` hand to libraries, from both of their makers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promisepy import Promise, Resolvers

Callback = Callable[..., Any]


def with_resolvers(**options: Any) -> Resolvers[Any]:
    return Promise[Any].with_resolvers(**options)


def create(**options: Any) -> Resolvers[Any]:
    made: list[Resolvers[Any]] = []
    promise = Promise[Any].create(made.append, **options)
    assert made[0].promise is promise
    return made.pop()


def everything(*arguments: Any, **keywords: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return arguments, keywords


MAKERS: list[Callable[..., Resolvers[Any]]] = [with_resolvers, create]
ADAPTORS: dict[str, Callable[[Resolvers[Any]], Callback]] = {
    "resolve": lambda d: d.resolve,
    "reject": lambda d: d.reject,
    "via": lambda d: d.via(everything),
    "error_first": lambda d: d.error_first,
    "error_last": lambda d: d.error_last,
}
