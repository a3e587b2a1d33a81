"""Every schedule, with at most two preemptions, of a settlement and of a home whose jobs run its loop again (INV-DEEP)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promisepy import Promise, set_host

from ..homes.loops import NestingLoop
from ..support import Mainloop
from .explorer import Race, explorer, files, interrupt_everywhere
from .test_interleavings_home import SelectorWithBed, gather, new_promise, run_awake, value_of

pytestmark = pytest.mark.slow

JOBS = files("jobs", "homes", "loops")


def in_order(log: list[str]) -> bool:
    """Tell whether the handlers of each promise began in their order, and each once."""
    return [one for one in log if one.isdigit()] == ["1", "2", "3"] and sorted(log) == ["1", "2", "3", "other"]


def test_settle_while_a_host_drains_and_a_job_runs_it_again() -> None:
    with explorer(2, watched=JOBS) as search:
        host = Mainloop()
        search.on(0, lambda: set_host(host))

        def make() -> Race:
            log: list[str] = []
            first, resolve_first, _ = search.on(0, Promise[str].with_resolvers)
            other, resolve_other, _ = search.on(0, Promise[str].with_resolvers)

            def nest(_: object) -> None:
                log.append("1")
                host.run()

            first.then(nest)
            first.then(lambda _: log.append("2"))
            first.then(lambda _: log.append("3"))
            other.then(log.append)

            def settle() -> None:
                resolve_first("first")
                resolve_other("other")

            def check() -> None:
                search.on(0, host.finish)
                assert in_order(log), log

            return Race((lambda: (host.run(), host.run()), settle), check)

        assert search.explore(make) > 100
        search.on(0, lambda: set_host(None))


def test_two_settlers_while_jobs_of_a_host_run_it_again() -> None:
    with explorer(3, watched=files("jobs"), preemptions=1) as search:
        host = Mainloop()
        search.on(0, lambda: set_host(host))

        def make() -> Race:
            log: list[str] = []
            pairs = [search.on(0, Promise[str].with_resolvers) for _ in range(2)]

            def nest(name: str) -> None:
                log.append(name)
                host.run()
                log.append(f"{name} closed")

            for promise, _, _ in pairs:
                promise.then(nest)
                promise.then(lambda name: log.append(f"{name} behind"))

            def check() -> None:
                search.on(0, host.finish)
                assert sorted(log) == sorted(
                    f"{name}{end}" for name in ("one", "two") for end in ("", " closed", " behind")
                )
                for name in ("one", "two"):
                    assert log.index(name) < log.index(f"{name} behind")

            one, two = (pair.resolve for pair in pairs)
            return Race((host.run, lambda: one("one"), lambda: two("two")), check)

        assert search.explore(make) > 100
        search.on(0, lambda: set_host(None))


def test_settle_while_a_loop_drains_and_a_job_runs_it_again() -> None:
    """The loop inside sleeps until what the other thread settles has been handled: a lost wake-up would be a deadlock."""
    with explorer(2, watched=files("jobs", "loops"), preemptions=2) as search:
        loop = search.on(0, lambda: NestingLoop(SelectorWithBed(search.lanes[0])))

        def make() -> Race:
            log: list[str] = []
            start, begin = search.on(0, lambda: run_awake(loop, new_promise()))
            inner, resolve_inner = search.on(0, lambda: run_awake(loop, new_promise()))
            handled = inner.then(lambda _: log.append("inside"))

            def nest(_: object) -> None:
                log.append("opens")
                loop.run_until_complete(value_of(handled))
                log.append("closed")

            ends = [start.then(nest), start.then(lambda _: log.append("behind"))]
            begin(1)

            def check() -> None:
                assert log.index("opens") < log.index("behind")
                assert sorted(log) == ["behind", "closed", "inside", "opens"]

            return Race((lambda: loop.run_until_complete(gather(ends)), lambda: resolve_inner(1)), check)

        assert search.explore(make) > 50
        search.on(0, loop.close)


def test_settle_while_a_loop_drains_the_home_of_a_script_and_a_job_runs_it_again() -> None:
    with explorer(2, watched=files("jobs", "homes"), preemptions=2) as search:
        loop = search.on(0, lambda: NestingLoop(SelectorWithBed(search.lanes[0])))

        def make() -> Race:
            log: list[str] = []
            start, begin, _ = search.on(0, Promise[int].with_resolvers)
            inner, resolve_inner, _ = search.on(0, Promise[int].with_resolvers)
            handled = inner.then(lambda _: log.append("inside"))

            def nest(_: object) -> None:
                log.append("opens")
                loop.run_until_complete(value_of(handled))
                log.append("closed")

            ends = [start.then(nest), start.then(lambda _: log.append("behind"))]

            def run() -> None:
                begin(1)
                loop.run_until_complete(gather(ends))

            def check() -> None:
                assert log.index("opens") < log.index("behind")
                assert sorted(log) == ["behind", "closed", "inside", "opens"]

            return Race((run, lambda: resolve_inner(1)), check)

        assert search.explore(make) > 50
        search.on(0, loop.close)


@pytest.mark.parametrize("settles", [True, False], ids=["and settles", ""])
def test_a_drain_whose_host_a_signal_handler_runs_again_at_any_step(mainloop: Mainloop, settles: bool) -> None:
    def make() -> tuple[Callable[[], object], Callable[[], object], Callable[[], object]]:
        log: list[str] = []
        promise, resolve, _ = Promise[str].with_resolvers()
        other, resolve_other, _ = Promise[str].with_resolvers()
        promise.then(lambda _: log.append("1")).then(lambda _: log.append("3"))
        promise.then(lambda _: log.append("2"))
        other.then(lambda _: log.append("other"))

        def strike() -> None:
            if settles:
                resolve_other("other")
            mainloop.run()

        def program() -> None:
            resolve("first")
            mainloop.run()

        def check() -> None:
            resolve_other("other")
            mainloop.finish()
            assert sorted(log) == ["1", "2", "3", "other"]  # the handler may strike between a job and its first step

        return program, strike, check

    assert interrupt_everywhere(make, JOBS) > 20
