"""Promise programs as data: small, closed under shrinking, and the same for every implementation that runs them.

A program is a tuple of steps. Everything a script can do at the top level it can also do inside a handler, inside the
`then` of a thenable, inside the lookup of that `then`, inside an executor, and between two items of an iterable: all
of these are bodies, tuples of statements.

Promises, and the pairs of resolving functions, are numbered in the order in which they are made. A number in a program
counts modulo those that exist, so every program means something; a negative one counts from the latest.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["apple", "bolt", "bare", "interrupt"]


@dataclass(frozen=True)
class Plain:
    number: int


@dataclass(frozen=True)
class Err:
    """An exception: apples and bolts are kinds of Exception, bare ones are not; an interrupt breaks off a drain."""

    number: int
    kind: Kind


@dataclass(frozen=True)
class Ref:
    """A promise of the program."""

    index: int


@dataclass(frozen=True)
class Own:
    """In a handler the promise that its `then` made; in `Settle` the promise that is settled."""


@dataclass(frozen=True)
class Arg:
    """What the handler was called with."""


@dataclass(frozen=True)
class Thenable:
    """An object with `then`: `lookup` is done when it is read, `body` when it is called."""

    lookup: Body = ()
    body: Body = ()
    callable: bool = True
    exception: bool = False


@dataclass(frozen=True)
class Handler:
    """Logs its argument, does its body, returns `result`."""

    body: Body
    result: Value


@dataclass(frozen=True)
class Defer:
    """Make a promise and keep its resolving functions."""


@dataclass(frozen=True)
class New:
    """Make a promise by an executor, which also keeps the resolving functions."""

    executor: Body


@dataclass(frozen=True)
class Settle:
    """Resolve or reject; `target` None is the pair of the innermost executor or thenable around."""

    target: int | None
    how: Literal["resolve", "reject"]
    value: Value


@dataclass(frozen=True)
class Make:
    """`Promise.resolve` or `Promise.reject`."""

    how: Literal["resolve", "reject"]
    value: Value


@dataclass(frozen=True)
class Try:
    function: Handler


@dataclass(frozen=True)
class Then:
    on: int
    on_fulfilled: Handler | None
    on_rejected: Handler | None


@dataclass(frozen=True)
class Catch:
    """`kinds` are exception kinds; None calls `catch` without types."""

    on: int
    kinds: tuple[Kind, ...] | None
    handler: Handler


@dataclass(frozen=True)
class Finally:
    on: int
    callback: Handler


@dataclass(frozen=True)
class Combine:
    """A combinator; statements among the items are done when a lazy iterable gets there."""

    how: Literal["all", "all_settled", "any", "race", "all_keyed", "all_settled_keyed"]
    shape: Literal["list", "tuple", "lazy"]
    items: tuple[Value | Statement, ...]


@dataclass(frozen=True)
class Throw:
    error: Err | Thenable


@dataclass(frozen=True)
class Clock:
    """A chain that logs `ticks` jobs one after another, so that the log shows how many jobs other things take."""

    ticks: int


@dataclass(frozen=True)
class Watch:
    """Log the settlement of every promise that there is or will be; at the top level only."""


@dataclass(frozen=True)
class Drain:
    """Run all jobs, or those that run before the end of a clock of so many ticks. Inside a body: a nested `wait`."""

    ticks: int | None = None


Value: TypeAlias = Plain | Err | Ref | Own | Arg | Thenable
Statement: TypeAlias = Defer | New | Settle | Make | Try | Then | Catch | Finally | Combine | Throw | Clock | Drain
Body: TypeAlias = tuple[Statement, ...]
Step: TypeAlias = Statement | Watch
Program: TypeAlias = tuple[Step, ...]

VALUES = (Plain, Err, Ref, Own, Arg, Thenable)
NODES: dict[str, type[Any]] = {
    node.__name__: node
    for node in (
        *VALUES,
        Handler,
        Defer,
        New,
        Settle,
        Make,
        Try,
        Then,
        Catch,
        Finally,
        Combine,
        Throw,
        Clock,
        Watch,
        Drain,
    )
}


def to_json(node: Any) -> Any:
    """Turn a program into lists: a node becomes its name and its fields."""
    if isinstance(node, tuple):
        return [to_json(item) for item in node]
    if type(node).__name__ in NODES:
        return {type(node).__name__: [to_json(getattr(node, field.name)) for field in fields(node)]}
    return node


def from_json(data: Any) -> Any:
    """Read what `to_json` wrote."""
    if isinstance(data, list):
        return tuple(from_json(item) for item in data)
    if isinstance(data, dict):
        ((name, arguments),) = data.items()
        return NODES[name](*map(from_json, arguments))
    return data
