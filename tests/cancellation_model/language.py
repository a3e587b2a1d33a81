"""What programs of cancellation are made of, and what the model and promisepy have in common when they run them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, TypeAlias

# The name of a method of `Side` and its arguments. Promises, roots, tasks and futures are told by their numbers, taken
# modulo how many there are, so that every number means something.
Op: TypeAlias = tuple[Any, ...]

# In a handler: the promise that the handler is for.
OWN = -1


class Handler(NamedTuple):
    """What a handler does, and then returns or raises."""

    actions: tuple[Op, ...] = ()
    result: Op = ("value", 0)


class Boom(Exception):
    """The failure of a handler, of a producer or of an `on_cancel`."""


class Side:
    """Runs the operations, on promises of one kind or the other, and keeps the log."""

    # How many promises a graph may have; further ones are not made, so that handlers do not grow it for ever.
    LIMIT: ClassVar[int] = 40

    def __init__(self) -> None:
        self.log: list[str] = []
        self.reports: list[str] = []
        self.nodes: list[Any] = []
        self.roots: list[int] = []  # which of the promises have a producer of ours
        self.resolved: set[int] = set()  # whose producer has delivered
        self.tasks: list[Any] = []
        self.futures: list[Any] = []
        self.handlers = 0
        self.timers = 0

    def do(self, op: Op) -> None:
        """Do it, here and now."""
        name, *arguments = op
        getattr(self, name)(*arguments)

    def node(self, number: int) -> Any:
        return self.nodes[number % len(self.nodes)]

    def root_number(self, number: int) -> int:
        return self.roots[number % len(self.roots)]

    def seconds(self, whole: int) -> float:
        """Make each time of its own, so that no two clocks ring at once."""
        self.timers += 1
        return whole + self.timers / 2**20

    def handler(self, handler: Handler | None, own: int) -> Callable[..., Any] | None:
        """Make the function that is left with a promise."""
        if handler is None:
            return None
        self.handlers += 1
        name = f"h{self.handlers}"

        def handle(*values: Any) -> Any:
            self.log.append(" ".join([name, *map(self.describe, values)]))
            for action, *arguments in handler.actions:
                self.do((action, *(own if argument == OWN else argument for argument in arguments)))
            return self.make(handler.result, own)

        return handle

    def make(self, result: Op, own: int = 0) -> Any:
        """Make what a handler returns, or a promise is resolved with; or raise."""
        kind, argument = result
        if kind == "fail":
            raise Boom(argument)
        if kind == "value":
            return argument
        if kind == "fresh" and len(self.nodes) < self.LIMIT:
            self.root(argument)
            return self.nodes[-1]
        number = own if argument == OWN else argument
        return self.coroutine(self.node(number)) if kind == "coroutine" else self.node(number)

    def stopper(self, name: str, fails: bool) -> Callable[[], None]:
        """Make an `on_cancel`."""

        def stop() -> None:
            self.log.append(f"stop {name}")
            if fails:
                raise Boom(name)

        return stop

    def describe(self, outcome: Any) -> str:
        """Name a value or a reason, in the same words on both sides."""
        if isinstance(outcome, list):
            return f"[{', '.join(map(self.describe, outcome))}]"
        if isinstance(outcome, tuple):  # one of `all_settled`
            state, result = outcome
            return f"{state} {self.describe(result)}"
        if isinstance(outcome, BaseExceptionGroup):
            return f"group{self.describe(list(outcome.exceptions))}"
        if isinstance(outcome, BaseException):
            said = outcome.args[0] if type(outcome).__name__ in ("Boom", "Cancelled") and outcome.args else ""
            return f"{type(outcome).__name__}({'' if said == 'the promise was cancelled' else said})"
        return repr(outcome)

    def root(self, stops: int) -> None:
        raise NotImplementedError

    def coroutine(self, source: Any) -> Any:
        raise NotImplementedError
