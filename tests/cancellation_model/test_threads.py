"""Trees of promises are cancelled and settled by two threads at once, while one of them is their home (S13).

Which of two acts comes first is not known, so no model can follow. What must hold in every order is checked at the end.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Report

from ..support import PATIENCE, dependants, turn

ROUNDS = 600
KINDS: dict[str, Callable[[list[Promise[Any]]], Promise[Any]]] = {
    "then": lambda sources: sources[0].then(lambda value: value),
    "catch": lambda sources: sources[0].catch(ValueError, lambda error: "handled"),
    "finally": lambda sources: sources[0].finally_(lambda: None),
    "shield": lambda sources: sources[0].shield(),
    "timeout": lambda sources: sources[0].timeout(PATIENCE),
    "follower": lambda sources: Promise(lambda resolve, reject: resolve(sources[0])),
    "handler": lambda sources: Promise.resolve().then(lambda _: sources[0]),
    "all": Promise.all,
    "race": Promise.race,
    "any": Promise.any,
}


class Tree:
    """Promises made at random, and what happens to them."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.promises: list[Promise[Any]] = []
        self.kinds: list[str] = []
        self.sources: list[list[int]] = []
        self.roots: dict[int, Any] = {}
        self.told: dict[int, int] = {}
        self.futures: list[tuple[int, Any]] = []
        for number in range(rng.randint(2, 14)):
            self.grow(number)
        turn()

    def grow(self, number: int) -> None:
        if number == 0 or self.rng.random() < 0.2:
            self.told[number] = 0
            self.roots[number] = d = Promise[Any].with_resolvers(on_cancel=lambda: self.tell(number))
            self.add("root", d.promise, [])
            return
        kind = self.rng.choice(list(KINDS))
        sources = self.rng.sample(range(number), min(number, 2 if kind in ("all", "race", "any") else 1))
        self.add(kind, KINDS[kind]([self.promises[source] for source in sources]), sources)
        if self.rng.random() < 0.15:
            self.futures.append((number, self.promises[number].to_future()))

    def add(self, kind: str, promise: Promise[Any], sources: list[int]) -> None:
        self.kinds.append(kind)
        self.promises.append(promise)
        self.sources.append(sources)

    def tell(self, number: int) -> None:
        self.told[number] += 1

    def acts(self) -> list[Callable[[], object]]:
        """Choose what a thread does."""
        return [self.act() for _ in range(self.rng.randint(1, 5))]

    def act(self) -> Callable[[], object]:
        number = self.rng.randrange(len(self.promises))
        kind = self.rng.choice(["cancel"] * 4 + ["future"] * 2 + ["resolve", "reject"])
        if kind == "future" and self.futures:
            return self.rng.choice(self.futures)[1].cancel
        if kind in ("resolve", "reject"):
            root = self.rng.choice(list(self.roots.values()))
            return (lambda: root.resolve("value")) if kind == "resolve" else lambda: root.reject(ValueError("reason"))
        return lambda: self.promises[number].cancel(number)

    # What must hold.

    def above(self, number: int) -> set[int]:
        found = set(self.sources[number])
        for source in self.sources[number]:
            found |= self.above(source)
        return found

    def below(self, number: int) -> list[int]:
        return [other for other, sources in enumerate(self.sources) if number in sources]

    def is_pending(self, number: int) -> bool:
        return self.promises[number].state == "pending"

    def reason(self, number: int) -> Any:
        promise = self.promises[number]
        return promise.reason if isinstance(promise.reason, Cancelled) else None

    def check(self) -> None:
        for number, count in self.told.items():
            assert count in (0, 1)
            assert not count or self.reason(number) is not None, "a producer was told, and its promise is not cancelled"
        for number, promise in enumerate(self.promises):
            reason = self.reason(number)
            if reason is not None and isinstance(reason.args[0], int):
                place = reason.args[0]
                related = place == number or place in self.above(number) or number in self.above(place)
                assert related, "somebody was disturbed who had nothing to do with it"
            if promise.state == "pending":
                self.check_pending(number)

    def check_pending(self, number: int) -> None:
        promise, waiting = self.promises[number], self.below(number)
        roots = {number, *self.above(number)} & self.roots.keys()
        assert any(self.is_pending(root) for root in roots), "a promise waits for nobody"
        futures = [future for source, future in self.futures if source == number]
        live = [future for future in futures if not future.done()]
        pending = [other for other in waiting if self.is_pending(other)]
        kept = [other for other in waiting if not self.is_pending(other) and self.kinds[other] == "finally"]
        assert dependants(promise) == len(pending) + len(kept) + len(live), "something was left behind"
        # A future that is cancelled last abandons a promise only if a producer can be stopped that nobody else wants.
        given_up = waiting and not futures and all(map(self.has_given_up, waiting))
        assert not given_up, "nobody depends on it any more"

    def has_given_up(self, number: int) -> bool:
        """Tell whether a promise was cancelled from below, so that its sources were asked who else depends on them."""
        was_cancelled = self.reason(number) is not None and all(map(self.is_pending, self.sources[number]))
        return was_cancelled and self.kinds[number] != "shield"

    def finish(self) -> None:
        for root in self.roots.values():
            root.resolve("at the end")
        turn(30)
        assert not any(map(self.is_pending, range(len(self.promises))))
        assert [number for number, count in self.told.items() if count > 1] == []


def together(tree: Tree) -> None:
    """Act on this thread, which is the home, and on another one, as nearly at once as can be."""
    here, there, start = tree.acts(), tree.acts(), threading.Barrier(2)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            start.wait(PATIENCE)
            for act in there:
                act()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    start.wait(PATIENCE)
    for act in here:
        act()
        if tree.rng.random() < 0.5:
            turn(1)
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert errors == []
    turn(30)


@pytest.fixture
def _quiet(reports: list[Report]) -> Iterator[None]:
    """Rejections with ValueError are meant to be lost in these trees; nothing else may be reported."""
    yield
    assert {str(report.reason) for report in reports} <= {"reason"}
    reports.clear()


@pytest.mark.usefixtures("hectic", "_quiet")
@pytest.mark.parametrize("seed", range(ROUNDS // 10))
def test_what_nobody_depends_on_goes_and_what_somebody_wants_stays(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(10):
        tree = Tree(rng)
        together(tree)
        tree.check()
        together(tree)
        tree.check()
        tree.finish()
