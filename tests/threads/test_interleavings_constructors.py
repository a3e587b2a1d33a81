"""Nothing is published before it is complete: whoever is subscribed, queued or timed may be reached at once (S3).

One thread makes something of a promise whose home is elsewhere. Meanwhile, at each of its steps, another one settles the
promise, drains the home, rings its timers, cancels, or closes the loop that is the home.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from promisepy import Promise, Replies, Report, StuckPromise
from promisepy._core.homes import current_thread_home

from .explorer import Race, explorer, files
from .test_interleavings import on_a_lane

pytestmark = pytest.mark.slow

PLACES = files("cell", "jobs", "tasks", "resolve", "relay", "combine", "map", "promise", "replies")


def follow(promise: Promise[Any]) -> Promise[Any]:
    following, resolve, _ = Promise[Any].with_resolvers()
    resolve(promise)
    return following


MAKERS: dict[str, Callable[[Promise[Any]], Any]] = {
    "timeout": lambda promise: promise.timeout(0),
    "long timeout": lambda promise: promise.timeout(60),
    "shield": lambda promise: promise.shield(),
    "then": lambda promise: promise.then(lambda value: value),
    "finally": lambda promise: promise.finally_(str),
    "to_future": lambda promise: promise.to_future(),
}
# Those whose home is that of the thread that makes them.
MAKERS_HERE: dict[str, Callable[[Promise[Any]], Any]] = {
    "all": lambda promise: Promise.all([promise]),
    "race": lambda promise: Promise.race([promise]),
    "following": follow,
}


def is_settled(made: Any) -> bool:
    return made.done() if isinstance(made, Future) else made.state != "pending"


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("event", ["settle", "reject", "cancel"])
def test_made_while_the_promise_settles_and_its_home_drains(name: str, event: str, reports: list[Report]) -> None:
    with explorer(2, preemptions=1, watched=PLACES) as search:
        host = on_a_lane(search)
        home = search.on(0, current_thread_home)

        def make() -> Race:
            d = search.on(0, Promise[Any].with_resolvers)
            made: list[Any] = []

            def happen() -> None:
                if event == "cancel":
                    d.promise.cancel()
                elif event == "reject":
                    d.reject(ValueError())
                else:
                    d.resolve(1)
                turn()

            def turn() -> None:
                for _ in range(4):
                    host.run()
                    home._look_at_clock()

            def check() -> None:
                search.on(0, turn)
                assert is_settled(made[0])
                made.clear()
                search.on(0, host.finish)
                assert not home.clocked

            return Race((happen, lambda: made.append(MAKERS[name](d.promise))), check)

        assert search.explore(make) > 5


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("settled", [False, True], ids=["pending", "settled"])
def test_made_while_the_loop_of_the_promise_is_closed(name: str, settled: bool, reports: list[Report]) -> None:
    async def begin() -> Any:
        return Promise[Any].with_resolvers()

    with explorer(2, preemptions=1, watched=PLACES | files("loops")) as search:

        def make() -> Race:
            loop = search.on(0, asyncio.new_event_loop)
            d = search.on(0, lambda: loop.run_until_complete(begin()))
            search.on(0, lambda: loop.run_until_complete(loop.shutdown_asyncgens()))
            if settled:
                d.resolve(1)
            made: list[Any] = []

            def check() -> None:
                d.resolve(1)
                assert is_settled(made[0])
                reason = made[0].exception(0) if isinstance(made[0], Future) else made[0].reason
                assert reason is None or isinstance(reason, (StuckPromise, TimeoutError))

            return Race((loop.close, lambda: made.append(MAKERS[name](d.promise))), check)

        assert search.explore(make) > 5


@pytest.mark.parametrize("name", MAKERS_HERE)
def test_made_on_a_thread_of_its_own_while_another_settles(name: str, reports: list[Report]) -> None:
    with explorer(2, preemptions=1, watched=PLACES) as search:

        def make() -> Race:
            d = Promise[Any].with_resolvers()
            made: list[Any] = []

            def check() -> None:
                search.on(0, lambda: Promise.all_settled(made).wait(10))
                assert made[0].value in (1, [1])

            return Race((lambda: made.append(MAKERS_HERE[name](d.promise)), lambda: d.resolve(1)), check)

        assert search.explore(make) > 5


@pytest.mark.parametrize("event", ["answer", "reject all", "cancel"])
def test_a_request_that_is_answered_while_it_is_made(event: str, reports: list[Report]) -> None:
    with explorer(2, preemptions=1, watched=PLACES) as search:
        host = on_a_lane(search)

        def make() -> Race:
            replies = Replies[int, str](timeout=60)
            made: list[Promise[str]] = []

            def happen() -> None:
                if event == "answer":
                    replies.resolve(1, "answer")
                elif event == "reject all":
                    replies.reject_all(ValueError())
                else:
                    replies[1].cancel()

            def check() -> None:
                replies.resolve(1, "late")
                search.on(0, host.finish)
                assert made[0].state != "pending"
                assert not search.on(0, current_thread_home).clocked

            return Race((lambda: made.append(replies[1]), happen), check)

        assert search.explore(make) > 5
