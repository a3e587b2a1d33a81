"""promisepy as the other side: the operations of the model, done for real, on a loop whose jobs run when they are told to."""

from __future__ import annotations

import asyncio
import weakref
from asyncio import iscoroutine, new_event_loop
from collections.abc import Callable
from typing import Any

from promisepy import Fulfilled, Promise, Rejected, set_report_hook
from promisepy._core import clock, jobs
from promisepy._core.loops import LoopHome, own

from ..support import dependants
from .language import Boom, Handler, Op, Side

# Turns of the loop after each operation: a task starts in one, ends in the next, and its callbacks run in a third.
TURNS = 4


class HandHome(LoopHome):
    """The home of a loop whose jobs and clocks wait to be run by hand, so that operations can come between them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.clock = clock.Timers()

    def arm(self) -> None:
        self.armed = True

    def start_timer(self, timer: jobs.Timer) -> None:
        self.clock.add(timer)


class ModelTime:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Real(Side):
    """Promises of promisepy, and all that may wait for them."""

    def __init__(self) -> None:
        super().__init__()
        self.resolvers: list[Any] = []
        self.noise: list[dict[str, Any]] = []
        self.loop = new_event_loop()
        self.loop.set_exception_handler(lambda _, details: self.noise.append(details))
        self.home = HandHome(self.loop)
        own(self.loop, self.home)
        self.time = ModelTime()
        self._restore: list[Callable[[], object]] = []
        self.install()

    def install(self) -> None:
        usual, jobs.time = jobs.time, self.time  # type: ignore[attr-defined, assignment]
        reports = self.reports
        previous = set_report_hook(lambda report: reports.append(self.describe(report.reason)))
        self._restore += [lambda: setattr(jobs, "time", usual), lambda: set_report_hook(previous)]

    def close(self) -> None:
        for restore in self._restore:
            restore()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()
        self.home.close()

    def step(self, op: Op) -> None:
        self.inside(lambda: self.do(op))

    def inside(self, function: Callable[[], object]) -> None:
        """Call a function as a callback of the loop, and let the loop see to its tasks."""
        errors: list[BaseException] = []

        def call() -> None:
            try:
                function()
            except BaseException as error:
                errors.append(error)

        for one in (call, *[lambda: None] * TURNS):
            self.loop.call_soon(one)
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
        if errors:
            raise errors.pop()

    def describe(self, outcome: Any) -> str:
        if isinstance(outcome, Fulfilled):
            return super().describe(("fulfilled", outcome.value))
        if isinstance(outcome, Rejected):
            return super().describe(("rejected", outcome.reason))
        return super().describe(outcome)

    # Operations.

    def root(self, stops: int) -> None:
        number = len(self.nodes)
        first = self.stopper(f"n{number}", False) if stops else None
        resolvers: Any = Promise[Any].with_resolvers(on_cancel=first)
        self.roots.append(number)
        self.resolvers.append(resolvers)
        self.nodes.append(resolvers.promise)
        for _ in range(stops - 1):
            self.on_cancel(len(self.roots) - 1)

    def on_cancel(self, root: int, fails: bool = False) -> None:
        stop = self.stopper(f"n{self.root_number(root)}", fails)
        self.resolvers[root % len(self.roots)].on_cancel(stop)

    def resolve(self, root: int, result: Op) -> None:
        number, resolvers = self.root_number(root), self.resolvers[root % len(self.roots)]
        value = self.make(result)  # perhaps one more root
        if number in self.resolved and iscoroutine(value):
            value.close()  # nobody is going to run it
        self.resolved.add(number)
        resolvers.resolve(value)

    def reject(self, root: int, error: int) -> None:
        self.resolved.add(self.root_number(root))
        self.resolvers[root % len(self.roots)].reject(Boom(error))

    def cancel(self, number: int, reason: str) -> None:
        self.log.append(f"cancel {self.node(number).cancel(reason)}")

    def then(self, number: int, on_fulfilled: Handler | None, on_rejected: Handler | None) -> None:
        own = len(self.nodes)
        handlers = self.handler(on_fulfilled, own), self.handler(on_rejected, own)
        self.nodes.append(self.node(number).then(*handlers))

    def finally_(self, number: int, callback: Handler) -> None:
        self.nodes.append(self.node(number).finally_(self.handler(callback, len(self.nodes))))

    def shield(self, number: int) -> None:
        self.nodes.append(self.node(number).shield())

    def combine(self, kind: str, numbers: tuple[int, ...], losers: bool) -> None:
        options = {"cancel_losers": True} if losers else {}
        self.nodes.append(getattr(Promise, kind)([self.node(number) for number in numbers], **options))

    def timeout(self, number: int, whole: int) -> None:
        self.nodes.append(self.node(number).timeout(self.seconds(whole)))

    def delay(self, whole: int) -> None:
        self.nodes.append(Promise.delay(self.seconds(whole), "delayed"))

    def advance(self, whole: int) -> None:
        self.time.now += whole
        self.home.clock.ring()

    def run(self, ticks: int | None) -> None:
        if ticks is None:
            while self.home.jobs:
                self.home.drain()
            return
        clock = Promise.resolve(0)
        for _ in range(ticks):
            clock = clock.then()
        usual, jobs.BURST = jobs.BURST, 1
        try:
            while clock.state == "pending":
                self.home.drain()
        finally:
            jobs.BURST = usual

    async def waiting(self, name: str, promise: Promise[Any]) -> Any:
        state = "cancelled"
        try:
            value = await promise
            state = "fulfilled"
            return value
        except Exception:
            state = "rejected"
            raise
        finally:
            self.log.append(f"{name} {state}")
            del self, promise  # what is raised here leads to this frame

    def coroutine(self, source: Promise[Any]) -> Any:
        return self.waiting("coroutine", source)

    def await_(self, number: int) -> None:
        self.tasks.append(self.loop.create_task(self.waiting(f"t{len(self.tasks)}", self.node(number))))

    def drop(self, number: int) -> None:
        if self.tasks:
            self.tasks[number % len(self.tasks)].cancel()

    def future(self, number: int) -> None:
        self.futures.append(self.node(number).to_future())

    def drop_future(self, number: int) -> None:
        if self.futures:
            self.futures[number % len(self.futures)].cancel()

    # What can be seen.

    def states(self) -> list[str]:
        return [
            *(f"n{number} {look(promise, self.describe)}" for number, promise in enumerate(self.nodes)),
            *(f"t{number} {look_at_future(task, self.describe)}" for number, task in enumerate(self.tasks)),
            *(f"f{number} {look_at_future(future, self.describe)}" for number, future in enumerate(self.futures)),
        ]

    def waiting_on(self) -> list[int]:
        """Count the reactions of each pending promise."""
        return [dependants(promise) for promise in self.nodes]

    def freed(self) -> list[str]:
        """Drop everything; tell which promises are still there, although nothing refers to them."""
        references = [weakref.ref(promise) for promise in self.nodes]
        for held in (self.nodes, self.resolvers, self.tasks, self.futures):
            held.clear()
        return [repr(promise) for reference in references if (promise := reference()) is not None]


def look(promise: Promise[Any], describe: Callable[[Any], str]) -> str:
    match promise.outcome:
        case None:
            return "pending"
        case Fulfilled(value):
            return f"fulfilled {describe(value)}"
        case Rejected(reason):
            return f"rejected {describe(reason)}"


def look_at_future(future: Any, describe: Callable[[Any], str]) -> str:
    if not future.done():
        return "pending"
    if future.cancelled():
        return "cancelled"
    error = future.exception()
    return f"fulfilled {describe(future.result())}" if error is None else f"rejected {describe(error)}"
