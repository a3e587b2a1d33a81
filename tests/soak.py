"""Very many promises, across threads and loops, settled, dropped and cancelled at random: what is left at the end?

    python -m tests.soak [--promises 1000000] [--seconds 300] [--seed 1]

Two threads run an event loop each, one waits without a loop; each makes promises in batches and two more threads settle
them. Every promise has to end with an outcome that its case allows, nothing may be reported, pending or alive
afterwards, and the memory in use must not grow with the number of promises.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from promisepy import BrokenPromise, Cancelled, Promise, Report, set_report_hook
from promisepy._core.homes import SLICE, current_home

# How many promises a batch starts with, and how long it may take before its promises count as stuck, in seconds.
BATCH = 200
STUCK = 60
# Where a `wait` must look up now and then, a loop must not sleep for longer either, in seconds. Only the loop is woken: a
# drain that nobody has scheduled is still missed.
NAP = SLICE
# What may be left of a run, in bytes: some queues and tables grow once. A single promise that stays would be seen.
GROWTH = 200_000


class Planned(Exception):
    """What cases raise and reject with."""


EXPECTED = (Planned, BrokenPromise, Cancelled, TimeoutError, ExceptionGroup)


@dataclass
class Findings:
    """What a run has found out; `problems` is empty if all is well."""

    promises: int = 0
    seconds: float = 0.0
    growth: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


class Settlers:
    """Two threads that call what they are given."""

    def __init__(self) -> None:
        self.calls: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self.meeting = threading.Lock()
        self.threads = [threading.Thread(target=self.run, name="settler") for _ in range(2)]

    def run(self) -> None:
        call: Callable[[], object] | None
        while (call := self.calls.get()) is not None:
            call()
            del call  # the next one may be long in coming, and dropping this one may break a promise

    def done(self) -> Promise[Any]:
        """Promise that what has been handed over before has been called: then both threads meet."""
        promise, resolve, _ = Promise[Any].with_resolvers()
        meet = threading.Barrier(len(self.threads), resolve).wait
        with self.meeting:  # two meetings at once would wait for each other
            for _ in self.threads:
                self.calls.put(meet)
        return promise

    def __enter__(self) -> Settlers:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        for _ in self.threads:
            self.calls.put(None)
        for thread in self.threads:
            thread.join()


class Worker:
    """Makes promises of random kinds on one home."""

    def __init__(self, seed: int, settlers: Settlers, go_on: Callable[[], bool], end: threading.Barrier) -> None:
        self.random = random.Random(seed)
        self.settlers = settlers
        self.go_on = go_on
        # All workers rest before one of them ends, and then again: a garbage collection that is at work on any thread
        # may drop, and so break, what another one has made.
        self.meet = end.wait
        self.made = self.watched = self.handed = self.noted = 0
        self.outcomes: Counter[str] = Counter()
        self.problems: list[str] = []

    def start(self) -> Promise[Any]:
        """Make one promise, or several that belong together, and see to it that it settles."""
        self.made += 1
        return self.random.choice(CASES)(self)

    def elsewhere(self, call: Callable[[], object]) -> None:
        """Call on another thread."""
        self.handed += 1
        self.settlers.calls.put(call)

    def soon(self, call: Callable[[], object]) -> None:
        """Call on another thread, now, or behind the jobs that are there."""
        how = self.random.randrange(4)
        if how > 1:
            self.elsewhere(call)
        elif how == 1:
            call()
        else:
            Promise.resolve().then(lambda _: call())

    def is_busy(self) -> bool:
        """Tell whether there are jobs left, or may be. A loop that ended before them would report what they handle."""
        home, before, self.noted = current_home(), self.noted, self.handed
        return before != self.handed or bool(home.jobs or home.clocked)

    def batch(self) -> Promise[Any]:
        self.watched += BATCH
        started = [self.start() for _ in range(BATCH)]
        return Promise.all([promise.then(self.fulfilled).catch(BaseException, self.rejected) for promise in started])

    def fulfilled(self, value: object) -> None:
        self.outcomes["fulfilled"] += 1

    def rejected(self, reason: BaseException) -> None:
        self.outcomes[type(reason).__name__] += 1
        if not isinstance(reason, EXPECTED):
            self.problems.append(f"unexpected: {reason!r}")

    async def run_on_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if NAP is not None:
            self.nap(loop, NAP)
        while self.go_on():
            awaited = self.start()
            awaited.catch(BaseException, str)  # the task may be cancelled and never see the outcome
            task = asyncio.ensure_future(self.awaits(awaited))
            if self.random.random() < 0.5:
                loop.call_soon(task.cancel)
            await self.batch().timeout(STUCK)
            with suppress(asyncio.CancelledError, *EXPECTED):
                await task
        for _ in range(2):
            self.noted = -1
            while self.is_busy():
                await self.settlers.done()
            self.meet()

    def nap(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        loop.call_later(seconds, self.nap, loop, seconds)

    async def awaits(self, promise: Promise[Any]) -> None:
        await promise

    def run_in_script(self) -> None:
        while self.go_on():
            self.batch().wait(STUCK)
        for _ in range(2):
            self.noted = -1
            while self.is_busy():
                self.settlers.done().wait(STUCK)
            self.meet()


def resolved(worker: Worker) -> Promise[Any]:
    promise, resolve, reject = Promise[Any].with_resolvers()
    worker.soon(lambda: resolve(1))
    worker.soon(lambda: reject(Planned()))
    return promise


def adopting(worker: Worker) -> Promise[Any]:
    promise, resolve, _ = Promise[Any].with_resolvers()
    inner = worker.start()
    worker.soon(lambda: resolve(inner))
    return promise


def rejected(worker: Worker) -> Promise[Any]:
    promise, _, reject = Promise[Any].with_resolvers()
    worker.soon(lambda: reject(Planned))
    return promise.then(lambda _: None)


def dropped(worker: Worker) -> Promise[Any]:
    promise, resolve, reject = Promise[Any].with_resolvers()
    functions = [resolve, reject]
    worker.soon(functions.clear)
    return promise


def forgotten(worker: Worker) -> Promise[Any]:
    resolvers = [Promise[Any].with_resolvers()]
    worker.soon(resolvers.clear)
    return Promise.resolve()


def cancelled(worker: Worker) -> Promise[Any]:
    stopped: list[int] = []
    promise, resolve, _ = Promise[Any].with_resolvers(on_cancel=lambda: stopped.append(1))
    child = promise.then(lambda value: value)
    worker.soon(child.cancel)
    worker.soon(lambda: resolve(stopped))
    return child


def raising(worker: Worker) -> Promise[Any]:
    def fail(_: object) -> None:
        raise Planned

    return worker.start().then(fail, fail)


def finally_(worker: Worker) -> Promise[Any]:
    return worker.start().finally_(lambda: Promise.resolve())


def returning(worker: Worker) -> Promise[Any]:
    return Promise.resolve().then(lambda _: resolved(worker))


def timed_out(worker: Worker) -> Promise[Any]:
    promise, resolve, reject = Promise[Any].with_resolvers()
    functions = [resolve, reject]
    promise = promise.timeout(0)
    return promise.finally_(lambda: worker.elsewhere(functions.clear))


def combined(worker: Worker) -> Promise[Any]:
    combine = worker.random.choice([Promise.all, Promise.all_settled, Promise.any, Promise.race])
    return combine([worker.start() for _ in range(3)])


CASES: list[Callable[[Worker], Promise[Any]]] = [
    *(resolved, rejected, dropped, forgotten, cancelled, adopting, raising, finally_, returning, timed_out),
    combined,
]


def promises_alive() -> int:
    gc.collect()
    return sum(type(thing) is Promise for thing in gc.get_objects())


def run(promises: int, seconds: float, seed: int) -> Findings:
    """Work until so many promises have been made or so much time has passed."""
    findings = Findings()
    reports: list[Report] = []
    previous = set_report_hook(reports.append)
    alive = promises_alive()
    try:
        _work(findings, max(promises // 10, BATCH), seconds / 10, seed)  # what grows once has grown after it
        tracemalloc.start()
        _work(findings, max(promises // 10, BATCH), seconds / 10, seed)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        findings = Findings(problems=findings.problems)
        _work(findings, promises, seconds, seed + 1)
        gc.collect()
        findings.growth = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
        set_report_hook(previous)
    findings.problems += [f"reported: {report.message}" for report in reports]
    if promises_alive() > alive:
        findings.problems.append(f"{promises_alive() - alive} promises are still alive")
    if findings.growth > GROWTH:
        findings.problems.append(f"{findings.growth} bytes are still in use")
    return findings


def _work(findings: Findings, promises: int, seconds: float, seed: int) -> None:
    start = time.monotonic()
    workers: list[Worker] = []

    def go_on() -> bool:
        return sum(worker.made for worker in workers) < promises and time.monotonic() - start < seconds

    def run_loop(worker: Worker) -> None:
        asyncio.run(worker.run_on_loop())

    def guarded(work: Callable[[Worker], None], worker: Worker) -> None:
        try:
            work(worker)
        except BaseException as error:
            worker.problems.append(f"stopped by {error!r}")
            end.abort()

    works = [run_loop, run_loop, Worker.run_in_script]
    end = threading.Barrier(len(works))
    with Settlers() as settlers:
        workers += [Worker(seed * len(works) + number, settlers, go_on, end) for number in range(len(works))]
        threads = [threading.Thread(target=guarded, args=pair) for pair in zip(works, workers, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    findings.seconds += time.monotonic() - start
    for worker in workers:
        findings.promises += worker.made
        findings.outcomes += worker.outcomes
        findings.problems += worker.problems
        if worker.outcomes.total() != worker.watched:
            findings.problems.append(f"{worker.watched} promises had {worker.outcomes.total()} outcomes")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--promises", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=300, help="stop earlier")
    parser.add_argument("--seed", type=int, default=1, help="of the cases; threads take turns as they like")
    arguments = parser.parse_args()
    findings = run(arguments.promises, arguments.seconds, arguments.seed)
    print(f"{findings.promises} promises in {findings.seconds:.0f} s; {findings.growth} bytes more in use")
    print(", ".join(f"{name}: {count}" for name, count in findings.outcomes.most_common()))
    print(*findings.problems[:20] or ["no problems"], sep="\n")
    return bool(findings.problems)


if __name__ == "__main__":
    sys.exit(main())
