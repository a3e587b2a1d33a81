"""Pairs of a cancellation and something else, in every schedule with one or two preemptions (S13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Report, set_host

from ..support import Mainloop
from .explorer import Race, explorer, files

pytestmark = pytest.mark.slow

PLACES = files("cancel", "cell", "producers", "claim", "resolve", "wait", "tasks", "relay")


class Work:
    """A promise whose producer notes that it is told to stop."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.d = Promise[Any].with_resolvers(on_cancel=lambda: self.told.append("stop"))
        self.promise: Promise[Any] = self.d.promise

    @property
    def is_cancelled(self) -> bool:
        return isinstance(self.promise.reason, Cancelled)


def explore(make: Callable[[], Race], preemptions: int = 2) -> int:
    """Run every schedule; pairs of two long walks with one preemption, for the sake of time."""
    with explorer(2, watched=PLACES, preemptions=preemptions) as search:
        return search.explore(make)


def test_the_last_two_dependants_are_cancelled(mainloop: Mainloop) -> None:
    def make() -> Race:
        work = Work()
        first, second = work.promise.then(), work.promise.then()

        def check() -> None:
            mainloop.finish()
            assert (work.is_cancelled, work.told) == (True, ["stop"])

        return Race((first.cancel, second.cancel), check)

    explore(make, preemptions=1)


def test_the_last_two_futures_are_cancelled(mainloop: Mainloop) -> None:
    def make() -> Race:
        work = Work()
        first, second = work.promise.to_future(), work.promise.to_future()

        def check() -> None:
            mainloop.finish()
            assert (work.is_cancelled, work.told) == (True, ["stop"])

        return Race((first.cancel, second.cancel), check)

    explore(make, preemptions=1)


def test_a_promise_and_its_dependant_are_cancelled(mainloop: Mainloop) -> None:
    def make() -> Race:
        work, answers = Work(), list[bool]()
        last = work.promise.then().then()

        def check() -> None:
            mainloop.finish()
            assert (work.is_cancelled, work.told) == (True, ["stop"])
            assert True in answers

        return Race((lambda: answers.append(work.promise.cancel()), lambda: answers.append(last.cancel())), check)

    explore(make, preemptions=1)


def test_cancel_and_resolve(mainloop: Mainloop) -> None:
    def make() -> Race:
        work, seen, answers = Work(), list[object](), list[bool]()
        last = work.promise.then(seen.append)

        def check() -> None:
            mainloop.finish()
            if work.is_cancelled:
                assert (seen, answers) == ([], [True])
                assert len(work.told) <= 1  # it may have answered before it could be told
            else:
                assert (work.promise.value, work.told) == (1, [])
                assert seen == ([] if answers == [True] else [1])
            assert last.state != "pending"

        return Race((lambda: answers.append(last.cancel()), lambda: work.d.resolve(1)), check)

    explore(make)


def test_cancel_and_resolve_with_another_promise(mainloop: Mainloop) -> None:
    def make() -> Race:
        work, inner = Work(), Work()

        def check() -> None:
            mainloop.finish()
            assert work.is_cancelled
            # Told is whoever was at work: the first producer until it handed on the work, then the other one.
            assert (inner.is_cancelled, inner.told) == (True, ["stop"])

        return Race((work.promise.cancel, lambda: work.d.resolve(inner.promise)), check)

    explore(make, preemptions=1)


def test_cancel_and_on_cancel(mainloop: Mainloop) -> None:
    def make() -> Race:
        d, told = Promise[int].with_resolvers(), list[str]()

        def check() -> None:
            mainloop.finish()
            assert told == ["stop"]

        return Race((d.promise.cancel, lambda: d.on_cancel(lambda: told.append("stop"))), check)

    explore(make)


def test_cancel_and_then(mainloop: Mainloop) -> None:
    def make() -> Race:
        work, made = Work(), list[Promise[Any]]()
        child = work.promise.then()

        def check() -> None:
            mainloop.finish()
            if work.is_cancelled:  # the newcomer hears of it
                assert (work.told, isinstance(made[0].reason, Cancelled)) == (["stop"], True)
            else:  # it came in time
                assert (work.told, made[0].state) == ([], "pending")
                work.d.resolve(1)

        return Race((child.cancel, lambda: made.append(work.promise.then())), check)

    explore(make)


def test_cancel_and_the_callback_of_a_finally(mainloop: Mainloop) -> None:
    def make() -> Race:
        work, log = Work(), list[str]()
        last = work.promise.finally_(lambda: log.append("finally")).then()

        def check() -> None:
            mainloop.finish()
            assert log == ["finally"]

        return Race((last.cancel, lambda: work.d.resolve(1)), check)

    explore(make, preemptions=1)


@pytest.mark.parametrize("settled", [False, True], ids=["begins to follow", "takes on the outcome"])
def test_cancel_and_the_job_in_which_a_promise(settled: bool) -> None:
    with explorer(2, watched=PLACES) as search:
        host = Mainloop()
        search.on(0, lambda: set_host(host))

        def make() -> Race:
            def prepare() -> tuple[Work, Work]:
                work, inner = Work(), Work()
                work.d.resolve(inner.promise)
                if settled:
                    host.run()
                    inner.d.resolve(1)
                return work, inner

            (work, inner), answers = search.on(0, prepare), list[bool]()

            def check() -> None:
                search.on(0, host.finish)
                assert work.promise.value == (None if answers == [True] else 1)
                assert inner.is_cancelled is not settled
                assert (work.told, inner.told) == ([], [] if settled else ["stop"])  # who is told has the work in hand

            return Race((host.run, lambda: answers.append(work.promise.cancel())), check)

        search.explore(make)


@pytest.mark.parametrize("rejected", [False, True])
def test_cancel_and_the_job_that_runs_the_handler(reports: list[Report], rejected: bool) -> None:
    """The handler runs in its context, or not at all: a cancellation drops both, and must not leave one of them."""
    with explorer(2, watched=PLACES) as search:
        host = Mainloop()
        search.on(0, lambda: set_host(host))

        def make() -> Race:
            log: list[Any] = []

            def prepare() -> Promise[Any]:
                d = Promise[Any].with_resolvers()
                child = d.promise.then(log.append, log.append)
                d.reject(ValueError()) if rejected else d.resolve(1)
                return child

            child, answers = search.on(0, prepare), list[bool]()

            def check() -> None:
                search.on(0, host.finish)
                assert isinstance(child.reason, Cancelled) is (answers == [True])
                assert len(log) <= 1 if answers == [True] else len(log) == 1
                assert reports == []

            return Race((host.run, lambda: answers.append(child.cancel())), check)

        search.explore(make)


def follower(promise: Promise[Any]) -> Promise[Any]:
    d = Promise[Any].with_resolvers()
    d.resolve(promise)
    return d.promise


@pytest.mark.parametrize("depend", [Promise.then, follower, lambda promise: promise.timeout(60)])
@pytest.mark.parametrize("begun", [False, True])
def test_cancel_and_reject(
    mainloop: Mainloop, reports: list[Report], depend: Callable[[Promise[Any]], Promise[Any]], begun: bool
) -> None:
    """Cancelled first, the promise has no use for its reason; rejected first, a handler is there: nothing is reported."""

    def make() -> Race:
        work = Work()
        last = depend(work.promise)
        if begun:
            mainloop.run()

        def check() -> None:
            nonlocal work
            mainloop.finish()
            assert isinstance(last.reason, Cancelled)
            del work
            assert reports == []

        return Race((last.cancel, lambda: work.d.reject(ValueError)), check)

    explore(make, preemptions=1)


def test_cancel_a_future_and_reject(mainloop: Mainloop, reports: list[Report]) -> None:
    def make() -> Race:
        work = Work()
        future = work.promise.to_future()

        def check() -> None:
            nonlocal work
            mainloop.finish()
            assert future.cancelled() or isinstance(future.exception(), ValueError)
            del work
            assert reports == []

        return Race((future.cancel, lambda: work.d.reject(ValueError)), check)

    explore(make)
