"""The interpreter of promise programs: one program, any implementation, one log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from .language import (
    VALUES,
    Arg,
    Body,
    Catch,
    Clock,
    Combine,
    Defer,
    Drain,
    Err,
    Finally,
    Handler,
    Make,
    New,
    Own,
    Plain,
    Program,
    Ref,
    Settle,
    Statement,
    Step,
    Then,
    Thenable,
    Throw,
    Try,
    Value,
    Watch,
    from_json,
)
from .reference import Agent, Promise

# Scripts fall silent after so many entries: a rejection that is a thenable can be assimilated without end.
LOG_LIMIT = 200
# Each nested drain takes its share of the stack.
DRAINS_LIMIT = 4


class Apple(Exception):
    """One kind of exception."""


class Bolt(Exception):
    """Another kind, for the filters of `catch`."""


class Bare(BaseException):
    """A kind that only `catch(BaseException, ...)` sees."""


class Interrupt(KeyboardInterrupt):
    """Rejects like the others, and is raised to whoever drains the queue."""


KINDS = {"apple": Apple, "bolt": Bolt, "bare": Bare, "interrupt": Interrupt}
FILTERS = KINDS | {"bare": BaseException}


class Api(Protocol):
    """What an implementation offers, besides its promises' `then`, `catch` and `finally_`, and its combinators."""

    def promise(self, executor: Any, /) -> Any: ...
    def with_resolvers(self) -> Any: ...
    def resolve(self, value: Any, /) -> Any: ...
    def reject(self, reason: Any, /) -> Any: ...
    def try_(self, function: Any, /) -> Any: ...
    def run_next(self) -> None: ...
    def drain(self) -> None: ...
    def look(self, promise: Any, /) -> tuple[str, Any]: ...


class ModelApi(Agent):
    """The reference model as a target for programs."""

    def drain(self) -> None:
        while self.jobs:
            self.run_next()

    def look(self, promise: Promise) -> tuple[str, Any]:
        return promise.state, promise.result


@dataclass(frozen=True)
class Scope:
    """What `Settle(None)`, `Own` and `Arg` mean at some place of a program; all but `arg` are numbers."""

    pair: int | None = None
    own: int | None = None
    arg: Any = None


class Script:
    """An object whose `then` follows a script."""

    label: str
    look_up: Callable[[], Any]

    @property
    def then(self) -> Any:
        return self.look_up()


class ScriptedError(Script, Apple):
    """The same for an exception."""


class Interpreter:
    """Runs steps against one implementation and keeps the log."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.log: list[str] = []
        self.promises: list[Any] = []  # None while the call that makes the promise has not returned
        self.pairs: list[tuple[Any, Any, int | None]] = []  # resolve, reject, number of their promise if it is known
        self.scripts = 0
        self.watching = False
        self.draining = 0

    def step(self, step: Step) -> None:
        if isinstance(step, Watch):
            self.watching = True
            for slot in range(len(self.promises)):
                self.watch(slot)
            return
        try:
            self.do(step, Scope())
        except (Exception, Bare) as error:
            self.log.append(f"raised {self.describe(error)}")

    def drain(self, ticks: int | None) -> None:
        """Run jobs; a count of them would not do, since an implementation may save those that nobody can see."""
        if self.draining == DRAINS_LIMIT:
            return
        self.draining += 1
        self.log.append("drain")
        if ticks is None:
            self.api.drain()
        else:
            clock = self.api.resolve(0)
            for _ in range(ticks):
                clock = clock.then()
            while self.api.look(clock)[0] == "pending":
                self.api.run_next()
        self.draining -= 1

    def states(self) -> list[str]:
        found = [self.api.look(promise) if promise is not None else ("not made", None) for promise in self.promises]
        return [f"p{number} {state} {self.describe(result)}" for number, (state, result) in enumerate(found)]

    def outcome(self) -> tuple[list[str], list[str]]:
        """Tell the log so far, without what the end of this interpreter may still add, and the states."""
        return list(self.log), self.states()

    def do(self, statement: Statement, scope: Scope) -> None:
        match statement:
            case Throw(error):
                raise self.exception(error, scope)
            case Settle():
                self.settle(statement, scope)
            case Then() | Catch() | Finally():
                self.chain(statement, scope)
            case Defer():
                slot = self.reserve()
                promise, resolve, reject = self.api.with_resolvers()
                self.pairs.append((resolve, reject, slot))
                self.fill(slot, promise)
            case Drain(ticks):
                self.drain(ticks)
            case Clock(ticks):
                promise = self.api.resolve(0)
                for tick in range(1, ticks + 1):
                    promise = promise.then(partial(self.write, f"tick {tick}"))
            case _:
                slot = self.reserve()
                self.fill(slot, self.make(statement, scope, slot))

    def settle(self, statement: Settle, scope: Scope) -> None:
        number = scope.pair if statement.target is None else pick(self.pairs, statement.target)
        if number is None:
            return
        resolve, reject, own = self.pairs[number]
        scope = replace(scope, own=own)
        if statement.how == "resolve":
            resolve(self.evaluate(statement.value, scope))
        else:
            reject(self.exception(statement.value, scope))

    def chain(self, statement: Then | Catch | Finally, scope: Scope) -> None:
        number = pick(self.promises, statement.on)
        promise = None if number is None else self.promises[number]
        if promise is None:
            return
        slot = self.reserve()
        match statement:
            case Then(_, on_fulfilled, on_rejected):
                derived = promise.then(
                    on_fulfilled and partial(self.call, on_fulfilled, f"p{slot}.then", scope, slot),
                    on_rejected and partial(self.call, on_rejected, f"p{slot}.rejected", scope, slot),
                )
            case Catch(_, kinds, handler):
                call = partial(self.call, handler, f"p{slot}.catch", scope, slot)
                types = () if kinds is None else tuple(FILTERS[kind] for kind in kinds)
                # One type is also passed without a tuple.
                derived = promise.catch(*([types if len(types) > 1 else types[0]] if types else []), call)
            case Finally(_, callback):
                derived = promise.finally_(partial(self.call, callback, f"p{slot}.finally", scope, slot))
        self.fill(slot, derived)

    def make(self, statement: Statement, scope: Scope, slot: int) -> Any:
        match statement:
            case New(body):
                return self.api.promise(partial(self.enter, body, f"p{slot}.executor", replace(scope, own=None), slot))
            case Make("resolve", value):
                return self.api.resolve(self.evaluate(value, scope))
            case Make("reject", value):
                return self.api.reject(self.exception(value, scope))
            case Try(function):
                return self.api.try_(partial(self.call, function, f"p{slot}.try", scope, None))
            case Combine(how, shape, items):
                combinator = getattr(self.api, how)
                lazy = self.iterate(items, scope)
                if how.endswith("keyed"):
                    return combinator({f"k{key}": value for key, value in enumerate(lazy)})
                return combinator(lazy if shape == "lazy" else list(lazy) if shape == "list" else tuple(lazy))
        raise AssertionError(f"unknown statement: {statement}")

    def iterate(self, items: tuple[Value | Statement, ...], scope: Scope) -> Iterator[Any]:
        for item in items:
            if isinstance(item, VALUES):
                yield self.evaluate(item, scope)
            else:
                self.do(item, scope)

    def call(self, handler: Handler, name: str, scope: Scope, own: int | None, *argument: Any) -> Any:
        self.log.append(f"{name}({', '.join(map(self.describe, argument))})")
        scope = replace(scope, own=own, arg=argument[0] if argument else None)
        self.execute(handler.body, name, scope)
        return self.evaluate(handler.result, scope)

    def look_up(self, script: Script, thenable: Thenable, scope: Scope) -> Any:
        self.log.append(f"{script.label} looked up")
        self.execute(thenable.lookup, f"{script.label} lookup", scope)
        return partial(self.enact, script, thenable, scope) if thenable.callable else None

    def enact(self, script: Script, thenable: Thenable, scope: Scope, resolve: Any, reject: Any) -> None:
        self.log.append(f"{script.label} called")
        self.enter(thenable.body, f"{script.label} call", scope, None, resolve, reject)

    def enter(self, body: Body, name: str, scope: Scope, slot: int | None, resolve: Any, reject: Any) -> None:
        self.pairs.append((resolve, reject, slot))
        self.execute(body, name, replace(scope, pair=len(self.pairs) - 1))

    def execute(self, body: Body, name: str, scope: Scope) -> None:
        if not body or len(self.log) >= LOG_LIMIT:
            return
        try:
            for statement in body:
                self.do(statement, scope)
        finally:
            self.log.append(f"{name} ends")  # so that nothing can run inside unseen

    def evaluate(self, value: Value, scope: Scope) -> Any:
        match value:
            case Plain(number):
                return number
            case Err(number, kind):
                return KINDS[kind](number)
            case Ref(index):
                found = pick(self.promises, index)
                return None if found is None else self.promises[found]
            case Own():
                return None if scope.own is None else self.promises[scope.own]
            case Arg():
                return scope.arg
            case Thenable():
                script = ScriptedError() if value.exception else Script()
                self.scripts += 1
                script.label = f"t{self.scripts}"
                script.look_up = partial(self.look_up, script, value, scope)
                return script

    def exception(self, value: Value, scope: Scope) -> BaseException:
        """Evaluate to a reason; what is none becomes an apple."""
        result = self.evaluate(value, scope)
        return result if isinstance(result, BaseException) else Apple(0)

    def reserve(self) -> int:
        self.promises.append(None)
        return len(self.promises) - 1

    def fill(self, slot: int, promise: Any) -> None:
        self.promises[slot] = promise
        if self.watching:
            self.watch(slot)

    def watch(self, slot: int) -> None:
        if self.promises[slot] is not None and len(self.log) < LOG_LIMIT:
            self.promises[slot].then(
                partial(self.write, f"p{slot} fulfilled"), partial(self.write, f"p{slot} rejected")
            )

    def write(self, text: str, value: Any) -> None:
        self.log.append(f"{text} {self.describe(value)}")

    def describe(self, value: Any) -> str:
        """Write a value in a form that all implementations share."""
        match value:
            case None | int() | str():
                return str(value)
            case Script():
                return value.label
            case Apple() | Bolt() | Bare() | Interrupt():
                return f"{type(value).__name__.lower()}{value.args[0]}"
            case BaseExceptionGroup():
                return f"group{self.describe(value.exceptions)}"
            case dict():
                entries = [f"{key}:{self.describe(item)}" for key, item in value.items()]
                return f"{{{' '.join(entries)}}}"
        name: str = type(value).__name__  # of the outcomes too: each implementation has its own
        if name in ("Fulfilled", "Rejected"):
            return f"{name}:{self.describe(value.value if name == 'Fulfilled' else value.reason)}"
        if isinstance(value, list | tuple):
            return f"[{' '.join(map(self.describe, value))}]"
        return name


def pick(things: list[Any], index: int) -> int | None:
    return index % len(things) if things else None


def recorded() -> list[tuple[Program, tuple[list[str], list[str]]]]:
    """Read programs with the logs and final states that V8's own promises left (Node 20.20, V8 11.3)."""
    path = Path(__file__).with_name("v8.json")
    return [
        (from_json(program), (log, states)) for program, log, states in json.loads(path.read_text(encoding="utf-8"))
    ]


def run(program: Program, api: Api) -> tuple[list[str], list[str]]:
    """Run a whole program, and its jobs to the end; return the log and the final states."""
    interpreter = Interpreter(api)
    for step in (*program, Drain()):
        interpreter.step(step)
    return interpreter.outcome()
