"""The adapter: every test of this folder runs on two homes, a thread without a loop and an asyncio loop.

A test is a coroutine, stepped by hand on either home. `await jobs()` ends a step; the queue then runs empty.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any, TypeAlias

import pytest

from promisepy import Promise, Report
from promisepy._core.reports import settings

Jobs: TypeAlias = Callable[[], Awaitable[None]]
Settled: TypeAlias = Callable[[Any], Promise[Any]]
Ticks: TypeAlias = Callable[[Callable[[], Promise[Any]]], Awaitable[int | None]]
Step: TypeAlias = Coroutine[None, None, None]

# Longer than the longest chain of jobs in a test.
ROUNDS = 30


class Turn:
    """Ends a step of a test."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class Agenda:
    """Settles promises when the test has ended its step, before the jobs run or after their first turn."""

    def __init__(self) -> None:
        self.actions: dict[str, list[Callable[[], None]]] = {"immediately": [], "eventually": []}

    def add(self, moment: str, action: Callable[[], None]) -> None:
        if moment == "already":
            action()
        else:
            self.actions[moment].append(action)

    async def jobs(self) -> None:
        for moment in self.actions:
            due, self.actions[moment] = self.actions[moment], []
            for action in due:
                action()
            await Turn()


def ladder() -> Promise[None]:
    rung = Promise.resolve()
    for _ in range(ROUNDS):
        rung = rung.then()
    return rung


def steps(test: Step) -> Generator[None, None, None]:
    while True:
        try:
            test.send(None)
        except StopIteration:
            return
        yield


async def play_on_loop(test: Step) -> None:
    for _ in steps(test):
        await ladder()


def play_in_script(test: Step) -> None:
    for _ in steps(test):
        ladder().wait()


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run coroutine functions; leave plain ones to pytest."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    test = pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    if pyfuncitem.funcargs["home"] == "asyncio":
        asyncio.run(play_on_loop(test))
    else:
        play_in_script(test)
    return True


@pytest.fixture(params=["script", "asyncio"], autouse=True)
def home(request: pytest.FixtureRequest, reports: list[Report], monkeypatch: pytest.MonkeyPatch) -> str:
    """Name the home; what is reported, and what only debug mode shows, is not the subject here."""
    monkeypatch.setattr(settings, "sites", False)
    return str(request.param)


@pytest.fixture
def agenda() -> Agenda:
    return Agenda()


@pytest.fixture
def jobs(agenda: Agenda) -> Jobs:
    """`await jobs()` runs the queue until it is empty."""
    return agenda.jobs


@pytest.fixture(params=["already", "immediately", "eventually"])
def moment(request: pytest.FixtureRequest) -> str:
    """Say when `fulfilled` and `rejected` settle; a test that uses them runs once for each moment."""
    return str(request.param)


@pytest.fixture
def fulfilled(moment: str, agenda: Agenda) -> Settled:
    def make(value: Any) -> Promise[Any]:
        promise, resolve, _ = Promise[Any].with_resolvers()
        agenda.add(moment, partial(resolve, value))
        return promise

    return make


@pytest.fixture
def rejected(moment: str, agenda: Agenda) -> Settled:
    def make(reason: Any) -> Promise[Any]:
        promise, _, reject = Promise[Any].with_resolvers()
        agenda.add(moment, partial(reject, reason))
        return promise

    return make


@pytest.fixture
def ticks(jobs: Jobs) -> Ticks:
    """Count the jobs that run before a promise settles, by the rungs of a ladder of `then`.

    None means that it stays pending; 0 that it was settled when the expression returned.
    """

    async def count(make: Callable[[], Promise[Any]]) -> int | None:
        promise = make()
        states = [promise.state]
        rung = Promise.resolve()
        for _ in range(ROUNDS - 1):
            rung = rung.then(lambda _: states.append(promise.state))
        await jobs()
        promise.catch(BaseException, lambda _: None)
        return next((tick for tick, state in enumerate(states) if state != "pending"), None)

    return count
