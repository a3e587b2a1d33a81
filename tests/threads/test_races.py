"""Three hundred rounds of each race, on real threads that start together and switch as often as they can (S3).

`test_interleavings` is the proof; this is the check of its assumptions: other opcodes, the interpreter's own switches, and
builds without the GIL.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from promisepy import BrokenPromise, Promise, Report

from ..support import Mainloop
from .conftest import run_awake

ROUNDS = 300
PATIENCE = 30.0

pytestmark = pytest.mark.usefixtures("hectic")


class Crew:
    """Threads that begin each round together."""

    def __init__(self, size: int) -> None:
        self._start = threading.Barrier(size + 1)
        self._finish = threading.Barrier(size + 1)
        self._programs: list[Callable[[], object]] = []
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._work, args=(number,), daemon=True) for number in range(size)]
        for thread in self._threads:
            thread.start()

    def run(self, *programs: Callable[[], object], here: Callable[[], object] = lambda: None) -> None:
        self._programs = [*programs]
        self._start.wait(PATIENCE)
        here()
        self._finish.wait(PATIENCE)
        self._programs.clear()
        assert not self._errors, self._errors

    def dismiss(self) -> None:
        self._programs.clear()
        self._start.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _work(self, number: int) -> None:
        while True:
            self._start.wait(PATIENCE)
            if not self._programs:
                return
            try:
                self._programs[number]()
            except BaseException as error:
                self._errors.append(error)
            self._finish.wait(PATIENCE)


@pytest.fixture
def crew(request: pytest.FixtureRequest) -> Iterator[Crew]:
    made = Crew(getattr(request, "param", 2))
    yield made
    made.dismiss()


@pytest.mark.parametrize("crew", [4], indirect=True)
def test_one_of_many_settlers_wins(crew: Crew, mainloop: Mainloop) -> None:
    for _ in range(ROUNDS):
        seen: list[Any] = []
        promise, resolve, reject = Promise[int].with_resolvers()
        promise.then(seen.append, seen.append)
        reasons = [ValueError(), ValueError()]
        crew.run(lambda: resolve(1), lambda: resolve(2), lambda: reject(reasons[0]), lambda: reject(reasons[1]))
        mainloop.run()
        assert len(seen) == 1
        assert seen[0] in (1, 2, *reasons)
        assert seen[0] is (promise.value if promise.reason is None else promise.reason)


@pytest.mark.parametrize("crew", [4], indirect=True)
def test_every_then_runs_once_and_in_the_order_of_its_thread(crew: Crew, mainloop: Mainloop) -> None:
    for _ in range(ROUNDS):
        seen: list[tuple[str, int]] = []
        promise, resolve, _ = Promise[int].with_resolvers()

        def register(name: str) -> None:
            for number in range(5):
                promise.then(lambda value, entry=(name, number): seen.append(entry))  # type: ignore[misc]

        crew.run(lambda: register("a"), lambda: register("b"), lambda: resolve(1), lambda: register("c"))
        mainloop.run()
        assert sorted(seen) == [(name, number) for name in "abc" for number in range(5)]
        for name in "abc":
            assert [number for who, number in seen if who == name] == list(range(5))


def test_two_thens_on_a_pending_promise(crew: Crew, mainloop: Mainloop) -> None:
    for _ in range(ROUNDS):
        seen: list[str] = []
        promise, resolve, _ = Promise[int].with_resolvers()
        crew.run(
            lambda: promise.then(lambda value: seen.append("a")),
            lambda: promise.then(lambda value: seen.append("b")),
        )
        resolve(1)
        mainloop.run()
        assert sorted(seen) == ["a", "b"]


def test_reject_and_catch(crew: Crew, mainloop: Mainloop, reports: list[Report]) -> None:
    for _ in range(ROUNDS):
        seen: list[BaseException] = []
        promise, _, reject = Promise[int].with_resolvers()
        crew.run(lambda: reject(ValueError()), lambda: promise.catch(seen.append))
        mainloop.run()
        assert len(seen) == 1
    assert not reports


def test_functions_dropped_by_two_threads(crew: Crew, mainloop: Mainloop) -> None:
    for _ in range(ROUNDS):
        seen: list[type[BaseException]] = []
        promise, *functions = Promise[int].with_resolvers()
        promise.catch(lambda error: seen.append(type(error)))
        boxes = [[functions.pop()], [functions.pop()]]
        crew.run(boxes[0].clear, boxes[1].clear)
        mainloop.run()
        assert seen == [BrokenPromise]


def test_functions_dropped_while_a_reaction_is_left(crew: Crew, mainloop: Mainloop, reports: list[Report]) -> None:
    for _ in range(ROUNDS):
        seen: list[type[BaseException]] = []
        promise, *functions = Promise[int].with_resolvers()
        crew.run(functions.clear, lambda: promise.catch(lambda error: seen.append(type(error))))
        mainloop.run()
        assert seen == [BrokenPromise]
        assert not reports


def test_the_last_call_and_the_drop_of_the_other_function(crew: Crew, mainloop: Mainloop) -> None:
    for _ in range(ROUNDS):
        seen: list[int] = []
        promise, resolve, reject = Promise[int].with_resolvers()
        promise.then(seen.append)
        settle, drop = [resolve], [reject]
        del resolve, reject
        crew.run(lambda: settle.pop()(1), drop.clear)
        mainloop.run()
        assert seen == [1]


@pytest.mark.parametrize("crew", [1], indirect=True)
def test_a_combinator_lets_go_while_its_loser_settles(crew: Crew, mainloop: Mainloop) -> None:
    for _ in range(ROUNDS):
        seen: list[str] = []
        loser, resolve_loser, _ = Promise[int].with_resolvers()
        winner, resolve_winner, _ = Promise[int].with_resolvers()
        loser.then(lambda value: seen.append("before"))
        race = Promise.race([loser, winner])
        loser.then(lambda value: seen.append("after"))
        resolve_winner(1)
        crew.run(lambda: resolve_loser(2), here=mainloop.run)
        mainloop.run()
        assert seen == ["before", "after"]
        assert race.value in (1, 2)


@pytest.mark.parametrize("crew", [3], indirect=True)
def test_futures_are_done_when_the_settling_call_returns(crew: Crew, mainloop: Mainloop) -> None:
    for _ in range(ROUNDS):
        done: list[bool] = []

        def settle() -> None:
            promise, resolve, _ = Promise[int].with_resolvers()
            future = promise.to_future()
            resolve(1)
            done.append(future.done())

        crew.run(settle, settle, settle)
        assert done == [True, True, True]


def test_await_and_settle(crew: Crew) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        for round_ in range(ROUNDS):
            promise, resolve, _ = Promise[int].with_resolvers()
            # The crew settles while this thread goes on to the await.
            begun = loop.run_in_executor(None, crew.run, lambda: resolve(round_), lambda: resolve(round_))
            assert await promise == round_
            await begun

    with asyncio.Runner() as runner:
        run_awake(runner.get_loop(), main())


def test_wait_and_settle(crew: Crew) -> None:
    starter = threading.Barrier(2)
    stop = False
    box: list[Callable[[int], object]] = []

    def settle_each_round() -> None:
        while True:
            starter.wait(PATIENCE)
            if stop:
                return
            box.pop()(1)

    thread = threading.Thread(target=settle_each_round)
    thread.start()
    for _ in range(ROUNDS):
        promise, resolve, _ = Promise[int].with_resolvers()
        box.append(resolve)
        del resolve
        starter.wait(PATIENCE)
        assert promise.then(lambda value: value + 1).wait(PATIENCE) == 2
    stop = True
    starter.wait(PATIENCE)
    thread.join(PATIENCE)


@pytest.mark.parametrize("crew", [4], indirect=True)
def test_many_threads_feed_one_home(crew: Crew) -> None:
    """Four threads, a thousand promises each, and one waiting thread: no job is lost on the way."""
    seen: list[tuple[int, int]] = []
    pairs = [[Promise[int].with_resolvers() for _ in range(250)] for _ in range(4)]
    children = [
        promise.then(lambda value, name=name: seen.append((name, value)))  # type: ignore[misc]
        for name, row in enumerate(pairs)
        for promise, _, _ in row
    ]

    def settle(row: list[Any]) -> None:
        for number, (_, resolve, _) in enumerate(row):
            resolve(number)

    helper = threading.Thread(target=crew.run, args=[lambda row=row: settle(row) for row in pairs])
    helper.start()
    Promise.all(children).wait(PATIENCE)
    helper.join(PATIENCE)
    assert sorted(seen) == [(name, number) for name in range(4) for number in range(250)]
    for name in range(4):
        assert [number for who, number in seen if who == name] == list(range(250))
