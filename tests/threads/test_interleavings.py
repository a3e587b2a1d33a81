"""Every schedule, with at most two preemptions, of two operations that meet in one promise or one queue (S3).

In each race: every reaction runs exactly once, the reactions of one thread in their order, one settlement wins, no job is
lost, and the home works afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from promisepy import BrokenPromise, Promise, Report, set_host

from ..support import Mainloop
from .explorer import Explorer, Race, explorer, files

pytestmark = pytest.mark.slow

Log = list[Any]
# Where a promise meets its reactions; for races that run long elsewhere.
CELLS = files("cell", "combine", "promise")


def expect(mainloop: Mainloop, log: Log, *allowed: Log) -> Callable[[], None]:
    """Make a check: after everything has run, the log is one of these."""

    def check() -> None:
        mainloop.finish()
        assert log in allowed, log

    return check


def test_settle_and_then(mainloop: Mainloop) -> None:
    def make() -> Race:
        log: Log = []
        promise, resolve, _ = Promise[int].with_resolvers()

        def subscribe() -> None:
            promise.then(lambda value: log.append(("a", value)))

        return Race((lambda: resolve(1), subscribe), expect(mainloop, log, [("a", 1)]))

    with explorer(2) as search:
        assert search.explore(make) > 100


def test_settle_and_two_thens_of_one_thread(mainloop: Mainloop) -> None:
    def make() -> Race:
        log: Log = []
        promise, resolve, _ = Promise[int].with_resolvers()
        promise.then(lambda value: log.append("first"))

        def subscribe() -> None:
            promise.then(lambda value: log.append("second"))
            promise.then(lambda value: log.append("third"))

        return Race((lambda: resolve(1), subscribe), expect(mainloop, log, ["first", "second", "third"]))

    with explorer(2, watched=CELLS) as search:
        search.explore(make)


def test_reject_and_catch(mainloop: Mainloop, reports: list[Report]) -> None:
    def make() -> Race:
        log: Log = []
        promise, _, reject = Promise[int].with_resolvers()

        def check() -> None:
            mainloop.finish()
            assert log == ["bad"]
            assert not reports

        return Race((lambda: reject(ValueError("bad")), lambda: promise.catch(str).then(log.append)), check)

    with explorer(2, watched=CELLS) as search:
        search.explore(make)


def test_resolve_and_reject(mainloop: Mainloop) -> None:
    def make() -> Race:
        log: Log = []
        promise, resolve, reject = Promise[str].with_resolvers()
        promise.then(log.append, lambda error: log.append(str(error)))
        programs = (lambda: resolve("value"), lambda: reject(ValueError("reason")))
        return Race(programs, expect(mainloop, log, ["value"], ["reason"]))

    with explorer(2) as search:
        search.explore(make)


@pytest.mark.parametrize("settled", [False, True])
def test_then_and_then(mainloop: Mainloop, settled: bool) -> None:
    def make() -> Race:
        log: Log = []
        promise, resolve, _ = Promise[int].with_resolvers()
        if settled:
            resolve(1)

        def subscribe(name: str) -> None:
            promise.then(lambda value: log.append(name))

        def check() -> None:
            resolve(1)
            mainloop.finish()
            assert sorted(log) == ["a", "b"]

        return Race((lambda: subscribe("a"), lambda: subscribe("b")), check)

    with explorer(2, watched=CELLS) as search:
        search.explore(make)


def test_settle_then_and_another_then(mainloop: Mainloop) -> None:
    def make() -> Race:
        log: Log = []
        promise, resolve, _ = Promise[int].with_resolvers()

        def subscribe(name: str) -> None:
            promise.then(lambda value: log.append(name + "1"))
            promise.then(lambda value: log.append(name + "2"))

        def check() -> None:
            mainloop.finish()
            assert sorted(log) == ["a1", "a2", "b1", "b2"]
            assert log.index("a1") < log.index("a2")
            assert log.index("b1") < log.index("b2")

        return Race((lambda: resolve(1), lambda: subscribe("a"), lambda: subscribe("b")), check)

    with explorer(3, opcodes=False, watched=CELLS) as search:
        search.explore(make)


def test_resolve_with_a_promise_that_another_thread_settles(mainloop: Mainloop) -> None:
    def make() -> Race:
        log: Log = []
        outer, resolve_outer, _ = Promise[int].with_resolvers()
        inner, resolve_inner, _ = Promise[int].with_resolvers()
        outer.then(log.append)
        return Race((lambda: resolve_outer(inner), lambda: resolve_inner(1)), expect(mainloop, log, [1]))

    with explorer(2) as search:
        search.explore(make)


def test_two_settlers_and_one_home(mainloop: Mainloop) -> None:
    def make() -> Race:
        log: Log = []
        settlers = []
        for name in "ab":
            promise, resolve, _ = Promise[str].with_resolvers()
            promise.then(log.append)
            settlers.append(partial(resolve, name))
        return Race(settlers, expect(mainloop, log, ["a", "b"], ["b", "a"]))

    with explorer(2) as search:
        search.explore(make)


def test_dropped_functions_and_then(mainloop: Mainloop, reports: list[Report]) -> None:
    def make() -> Race:
        log: Log = []
        promise, *functions = Promise[int].with_resolvers()

        def check() -> None:
            mainloop.finish()
            assert [type(reason) for reason in log] == [BrokenPromise]
            assert not reports

        return Race((functions.clear, lambda: promise.catch(log.append)), check)

    with explorer(2, watched=CELLS | files("claim", "resolve")) as search:
        search.explore(make)


def test_each_function_dropped_by_another_thread(mainloop: Mainloop) -> None:
    def make() -> Race:
        log: Log = []
        promise, *functions = Promise[int].with_resolvers()
        promise.catch(lambda error: log.append(type(error)))
        boxes = [[functions.pop()], [functions.pop()]]
        return Race([box.clear for box in boxes], expect(mainloop, log, [BrokenPromise]))

    with explorer(2) as search:
        search.explore(make)


def test_one_function_called_while_the_other_is_dropped(mainloop: Mainloop) -> None:
    def make() -> Race:
        log: Log = []
        promise, resolve, reject = Promise[int].with_resolvers()
        promise.then(log.append)
        box = [reject]
        settle = [resolve]
        del resolve, reject
        return Race((box.clear, lambda: settle.pop()(1)), expect(mainloop, log, [1]))

    with explorer(2) as search:
        search.explore(make)


def test_settle_and_to_future(mainloop: Mainloop) -> None:
    def make() -> Race:
        futures: Log = []
        promise, resolve, _ = Promise[int].with_resolvers()

        def check() -> None:
            # Without any turn of the main loop: whoever settles completes the future.
            assert [future.done() and future.result() for future in futures] == [1]
            mainloop.finish()

        return Race((lambda: resolve(1), lambda: futures.append(promise.to_future())), check)

    with explorer(2) as search:
        search.explore(make)


def test_two_settlers_of_two_futures(mainloop: Mainloop) -> None:
    def make() -> Race:
        pairs = []
        done: dict[int, bool] = {}
        for number in range(2):
            promise, resolve, _ = Promise[int].with_resolvers()
            pairs.append((resolve, promise.to_future()))

        def settle(number: int) -> None:
            resolve, future = pairs[number]
            resolve(number)
            done[number] = future.done()

        def check() -> None:
            mainloop.finish()
            assert done == {0: True, 1: True}

        return Race((lambda: settle(0), lambda: settle(1)), check)

    with explorer(2) as search:
        search.explore(make)


def on_a_lane(search: Explorer) -> Mainloop:
    """Give lane 0 a main loop, so that its drains can be raced."""
    host = Mainloop()
    search.on(0, lambda: set_host(host))
    return host


def test_settle_and_drain() -> None:
    with explorer(2) as search:
        host = on_a_lane(search)

        def make() -> Race:
            log: Log = []

            def prepare() -> Callable[[int], object]:
                first, resolve_first, _ = Promise[int].with_resolvers()
                second, resolve_second, _ = Promise[int].with_resolvers()
                first.then(lambda value: log.append("first"))
                second.then(lambda value: log.append("second"))
                resolve_first(1)
                return resolve_second

            settle = search.on(0, prepare)

            def check() -> None:
                search.on(0, host.finish)
                assert log == ["first", "second"]

            return Race((host.run, lambda: settle(2)), check)

        assert search.explore(make) > 100


def test_settle_and_then_inside_a_drain() -> None:
    with explorer(2, watched=CELLS) as search:
        host = on_a_lane(search)

        def make() -> Race:
            log: Log = []

            def prepare() -> Callable[[int], object]:
                promise, resolve, _ = Promise[int].with_resolvers()

                def subscribe(_: object) -> None:
                    promise.then(lambda value: log.append("second"))
                    promise.then(lambda value: log.append("third"))

                promise.then(lambda value: log.append("first"))
                Promise.resolve(0).then(subscribe)
                return resolve

            settle = search.on(0, prepare)

            def check() -> None:
                search.on(0, host.finish)
                assert log == ["first", "second", "third"]

            return Race((host.run, lambda: settle(1)), check)

        search.explore(make)


def test_settle_and_the_detaching_of_a_combinator() -> None:
    """The group lets go of the loser while another thread settles the loser, whose later reactions must all run."""
    with explorer(2, watched=CELLS) as search:
        host = on_a_lane(search)

        def make() -> Race:
            log: Log = []

            def prepare() -> Callable[[int], object]:
                loser, resolve_loser, _ = Promise[int].with_resolvers()
                winner, resolve_winner, _ = Promise[int].with_resolvers()
                loser.then(lambda value: log.append("before"))
                Promise.race([loser, winner])
                loser.then(lambda value: log.append("after 1"))
                loser.then(lambda value: log.append("after 2"))
                resolve_winner(1)
                return resolve_loser

            settle = search.on(0, prepare)

            def check() -> None:
                search.on(0, host.finish)
                assert log == ["before", "after 1", "after 2"]

            return Race((host.run, lambda: settle(1)), check)

        search.explore(make)


def test_settle_and_the_cancelling_of_a_future(mainloop: Mainloop) -> None:
    def make() -> Race:
        log: Log = []
        promise, resolve, _ = Promise[int].with_resolvers()
        promise.then(lambda value: log.append("before"))
        future = promise.to_future()
        promise.then(lambda value: log.append("after"))

        def check() -> None:
            mainloop.finish()
            assert log == ["before", "after"]
            assert future.cancelled() or future.result(timeout=0) == 1

        return Race((lambda: resolve(1), future.cancel), check)

    with explorer(2) as search:
        search.explore(make)


def test_rejections_and_their_observation_are_reported_at_most_once(mainloop: Mainloop, reports: list[Report]) -> None:
    def make() -> Race:
        reports.clear()
        promise, _, reject = Promise[int].with_resolvers()
        box = [promise]
        seen: Log = []

        def observe() -> None:
            seen.append(box[0].outcome)
            box.clear()

        def check() -> None:
            nonlocal promise
            mainloop.finish()
            assert len(reports) == (0 if seen[0] is not None else 1)

        del promise
        return Race((lambda: reject(ValueError()), observe), check)

    with explorer(2) as search:
        search.explore(make)
