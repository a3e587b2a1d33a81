"""Signal handlers and finalisers settle in the middle of another settlement: whose futures are called back, and when.

Those of the inner one before it returns, those of the outer one when it is complete. None is lost, and none is left over.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from promisepy import Promise, Report, Resolvers
from promisepy._core.jobs import inline

from ..support import Mainloop
from .explorer import files, interrupt_everywhere
from .test_reentrancy import Action, Way, by_call, by_signal, way

__all__ = ["way"]

WATCHED = files("cell", "crowd", "jobs", "claim", "cancel", "tasks", "promise")


class Outer:
    """A promise with handlers and futures on it, which is settled by the program that is interrupted."""

    def __init__(self) -> None:
        self.resolvers = Promise[Any].with_resolvers()
        self.promise = self.resolvers.promise
        self.handled: list[str] = []
        self.called: list[str] = []
        self.futures: dict[str, Future[Any]] = {}
        self.children: list[Promise[Any]] = []
        for name in "abc":
            self.handle(name)
            self.call_back(name, at_once=name == "c")

    def handle(self, name: str) -> None:
        self.children.append(
            self.promise.then(lambda _: self.handled.append(name), lambda _: self.handled.append(name))
        )

    def call_back(self, name: str, at_once: bool = False) -> None:
        """Ask for a future; with `at_once`, in a call of the user's that may come when a settlement is under way."""

        def callback(_: Future[Any]) -> None:
            self.called.append(
                name if self.promise._reactions is None or at_once else f"{name} in the middle of settling"
            )

        self.futures[name] = self.promise.to_future()
        self.futures[name].add_done_callback(callback)


def settle_another(outer: Outer) -> None:
    other, seen = Promise[Any].with_resolvers(), list[Any]()
    other.promise.to_future().add_done_callback(seen.append)
    other.resolve(1)
    assert len(seen) == 1


def drop_another(outer: Outer) -> None:
    (promise, *functions), seen = Promise[Any].with_resolvers(), list[Any]()
    promise.to_future().add_done_callback(seen.append)
    functions.clear()
    assert len(seen) == 1


def subscribe(outer: Outer) -> None:
    outer.handle("d")


def ask_for_a_future(outer: Outer) -> None:
    future = outer.promise.to_future()
    assert future.done() == (outer.promise.state != "pending")
    outer.call_back("d", at_once=True)


def settle_it_otherwise(outer: Outer) -> None:
    outer.resolvers.reject(ValueError("otherwise"))


def cancel_it(outer: Outer) -> None:
    outer.promise.cancel()


def cancel_a_future(outer: Outer) -> None:
    outer.futures["c"].cancel()


def drop_a_future(outer: Outer) -> None:
    outer.promise.to_future()


ACTIONS = [
    settle_another,
    drop_another,
    subscribe,
    ask_for_a_future,
    settle_it_otherwise,
    cancel_it,
    cancel_a_future,
    drop_a_future,
]


def fulfil(resolvers: Resolvers[Any]) -> None:
    resolvers.resolve(1)


def reject(resolvers: Resolvers[Any]) -> None:
    resolvers.reject(ValueError())


def cancel(resolvers: Resolvers[Any]) -> None:
    resolvers.promise.cancel()


@pytest.mark.parametrize("settle", [fulfil, reject, cancel])
@pytest.mark.parametrize("action", ACTIONS)
def test_a_settlement_with_futures_interrupted_at_every_step(
    mainloop: Mainloop,
    reports: list[Report],
    way: Way,
    settle: Callable[[Resolvers[Any]], None],
    action: Callable[[Outer], None],
) -> None:
    def make() -> tuple[Action, Action, Action]:
        outer = Outer()

        def check() -> None:
            assert all(future.done() for future in outer.futures.values())
            assert sorted(outer.called) == sorted(outer.futures)
            assert [name for name in outer.called if name in "ab"] == ["a", "b"]
            assert inline == {}
            mainloop.finish()
            assert outer.handled == list("abcd")[: len(outer.children)]

        return lambda: settle(outer.resolvers), way(lambda: action(outer)), check

    assert interrupt_everywhere(make, WATCHED) > 20


@pytest.mark.parametrize("action", [settle_another, subscribe, ask_for_a_future, settle_it_otherwise])
def test_a_callback_of_a_future_interrupted_at_every_step(
    mainloop: Mainloop, way: Way, action: Callable[[Outer], None]
) -> None:
    """Where it is called back by `to_future` and `add_done_callback`, because the promise has settled already."""

    def make() -> tuple[Action, Action, Action]:
        outer = Outer()
        outer.resolvers.resolve(1)

        def check() -> None:
            assert sorted(outer.called) == sorted(outer.futures)
            assert inline == {}
            mainloop.finish()

        return lambda: outer.call_back("late", at_once=True), way(lambda: action(outer)), check

    assert interrupt_everywhere(make, WATCHED) > 3


@pytest.mark.parametrize("action", [settle_it_otherwise, cancel_it])
def test_asking_for_a_future_interrupted_by_the_settlement(
    mainloop: Mainloop, way: Way, action: Callable[[Outer], None]
) -> None:
    def make() -> tuple[Action, Action, Action]:
        outer = Outer()

        def check() -> None:
            assert all(future.done() for future in outer.futures.values())
            assert sorted(outer.called) == sorted(outer.futures)
            assert inline == {}
            mainloop.finish()
            assert outer.handled == ["a", "b", "c"]

        return lambda: outer.call_back("late", at_once=True), way(lambda: action(outer)), check

    assert interrupt_everywhere(make, WATCHED) > 10


@pytest.mark.parametrize("strike", [by_call, by_signal])
def test_a_subscription_interrupted_by_the_settlement_leaves_no_inline_job(
    mainloop: Mainloop, strike: Callable[[Action], Action]
) -> None:
    """Who subscribes helps, but not with what belongs to the thread that settles."""

    def make() -> tuple[Action, Action, Action]:
        outer = Outer()

        def check() -> None:
            assert inline == {}
            assert outer.called == ["a", "b", "c"]
            mainloop.finish()
            assert outer.handled == ["a", "b", "c", "d"]

        return lambda: outer.handle("d"), strike(lambda: outer.resolvers.resolve(1)), check

    assert interrupt_everywhere(make, WATCHED) > 5
