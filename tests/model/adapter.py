"""promisepy as a target for promise programs."""

from __future__ import annotations

import asyncio
from typing import Any

from promisepy import Promise
from promisepy._core import jobs
from promisepy._core.homes import current_home

from .language import Drain, Program
from .programs import Interpreter, Interrupt


class PromisepyApi:
    """Promises of this thread, whose queue is drained by hand."""

    promise = Promise
    with_resolvers = Promise.with_resolvers
    resolve = Promise.resolve
    reject = Promise.reject
    try_ = Promise.try_
    all = Promise.all
    all_settled = Promise.all_settled
    any = Promise.any
    race = Promise.race
    all_keyed = Promise.all_keyed
    all_settled_keyed = Promise.all_settled_keyed

    def __init__(self, burst: int = jobs.BURST) -> None:
        self.burst = burst
        self.home = current_home()
        self.jobs = self.home.jobs
        self.drain()  # what an earlier program has left, or its end has broken

    def run_next(self) -> None:
        self.run_burst(1)

    def drain(self) -> None:
        while self.jobs:
            self.run_burst(self.burst)

    def run_burst(self, size: int) -> None:
        usual, jobs.BURST = jobs.BURST, size
        try:
            self.home.drain()
        except Interrupt:
            pass  # the rest of the jobs is run by the next burst
        finally:
            jobs.BURST = usual

    def look(self, promise: Any) -> tuple[str, Any]:
        outcome = {"pending": None, "fulfilled": "value", "rejected": "reason"}[promise.state]
        return promise.state, outcome and getattr(promise, outcome)


def run_on_loop(program: Program) -> tuple[list[str], list[str]]:
    """As `run`, but under asyncio: at the top level the loop drains the queue, in its own time."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(run_in_task(program))
        while not task.done():
            try:
                loop.run_until_complete(task)
            except Interrupt:
                pass  # as after Ctrl-C: a loop that is run again must find the rest of the jobs
        try:
            loop.run_until_complete(asyncio.sleep(0))
        except RuntimeError:
            pass  # the interrupt came in the turn in which the task ended, and has left asyncio's own stop behind
    # The interpreter lives until the loop is closed: the promises that it would break could still interrupt the end.
    return task.result()[1]


async def run_in_task(program: Program) -> tuple[Interpreter, tuple[list[str], list[str]]]:
    api = PromisepyApi()
    interpreter = Interpreter(api)
    for step in (*program, Drain()):
        if step == Drain():
            interpreter.log.append("drain")
            for _ in range(100):  # turns of the loop: far more than any program takes
                await asyncio.sleep(0)
                if not api.jobs:
                    break
        else:
            interpreter.step(step)
    return interpreter, interpreter.outcome()
