"""Every schedule of two threads that come, leave and settle where a list of reactions gets its crowd (S1, S3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise, Report
from promisepy._core import cell, crowd
from promisepy._core.cell import Reaction
from promisepy._core.crowd import Crowd

from ..support import Mainloop, dependants
from .explorer import Race, explorer, files

pytestmark = pytest.mark.slow

PLACES = files("cell", "crowd", "promise")


@pytest.fixture(autouse=True, params=[1, 2, 3])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Have crowds begin with so many reactions: `UNSETTLED` is one."""
    for module in (cell, crowd):
        monkeypatch.setattr(module, "FEW", request.param)
    few: int = request.param
    return few


def has_crowd(promise: Promise[Any]) -> bool:
    reactions: list[Any] | None = promise._reactions
    return any(type(one) is Crowd for one in reactions or ())


class Guest(Reaction):
    """Joins a crowd where there is one, as whoever waits does."""

    def __init__(self, promise: Promise[Any], name: str, log: list[str]) -> None:
        self._home = promise._home
        self._source = promise
        self._name = name
        self._log = log
        promise._subscribe(self)

    def _run(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            self._log.append(self._name)


class Meeting:
    """A promise on which two wait, and a log of all that are called. Of those who come, some may be handlers."""

    def __init__(self, handlers: tuple[str, ...] = ()) -> None:
        self.log: list[str] = []
        self.handlers = handlers
        self.promise, self.resolve, self.reject = Promise[Any].with_resolvers()
        self.children = {name: self.come(name) for name in ("first", "second")}

    def come(self, name: str) -> Reaction:
        if name.endswith(self.handlers):
            return self.promise.then(lambda _: self.log.append(name), lambda _: self.log.append(name))
        return Guest(self.promise, name, self.log)

    def come_twice(self, name: str) -> None:
        self.come(f"{name} 1")
        self.come(f"{name} 2")

    def leave(self, name: str) -> None:
        self.children[name]._detach()

    def settle(self) -> None:
        self.resolve(1)

    def fail(self) -> None:
        self.reject(ValueError())


def come_and_leave(meeting: Meeting) -> None:
    meeting.come("third")._detach()


PAIRS: dict[str, tuple[Callable[[Meeting], object], Callable[[Meeting], object], set[str]]] = {
    "both come": (lambda m: m.come_twice("a"), lambda m: m.come_twice("b"), set()),
    "one comes, one leaves": (lambda m: m.come_twice("a"), lambda m: m.leave("second"), {"second"}),
    "both leave": (lambda m: m.leave("first"), lambda m: m.leave("second"), {"first", "second"}),
    "one comes and leaves, one comes": (come_and_leave, lambda m: m.come_twice("b"), {"third"}),
    "one settles, one comes": (Meeting.settle, lambda m: m.come_twice("b"), set()),
    "one rejects, one comes": (Meeting.fail, lambda m: m.come_twice("b"), set()),
    "one settles, one leaves": (Meeting.settle, lambda m: m.leave("second"), {"second"}),
}


@pytest.mark.parametrize("pair", PAIRS, ids=PAIRS.keys())
@pytest.mark.parametrize("handlers", [(), ("1",), ("2",)], ids=["no handlers", "handlers first", "handlers last"])
def test_of_two_threads_at_the_border_of_a_crowd(
    mainloop: Mainloop, reports: list[Report], few: int, pair: str, handlers: tuple[str, ...]
) -> None:
    one, other, leaving = PAIRS[pair]

    def make() -> Race:
        meeting = Meeting(handlers)
        assert has_crowd(meeting.promise) == (few == 1)

        def check() -> None:
            meeting.settle()
            mainloop.finish()
            log = meeting.log
            assert len(log) == len(set(log))
            stayed = {"first", "second"} - leaving
            assert stayed <= set(log)
            assert not leaving & set(log)
            for name, followers in (("first", ("second", "a 1", "b 1")), ("a 1", ("a 2",)), ("b 1", ("b 2",))):
                for follower in followers:
                    if name in log and follower in log:
                        assert log.index(name) < log.index(follower), log
            assert sum(name[-1].isdigit() for name in log) == 2 * (("comes" in pair) + 2 * ("come" in pair.split()))
            assert not reports

        return Race((lambda: one(meeting), lambda: other(meeting)), check)

    with explorer(2, watched=PLACES) as search:
        search.explore(make)


def test_one_joins_a_crowd_that_its_last_member_leaves(mainloop: Mainloop, few: int) -> None:
    def make() -> Race:
        meeting = Meeting()
        crowding = [meeting.come(f"crowd {n}") for n in range(few)]
        assert has_crowd(meeting.promise)

        def leave() -> None:
            for child in crowding:
                child._detach()

        def check() -> None:
            assert dependants(meeting.promise) == 4
            meeting.settle()
            mainloop.finish()
            assert meeting.log == ["first", "second", "b 1", "b 2"]

        return Race((leave, lambda: meeting.come_twice("b")), check)

    with explorer(2, preemptions=1, watched=PLACES) as search:
        search.explore(make)


@pytest.mark.parametrize("staying", [0, 1])
def test_one_asks_who_wants_a_promise_while_another_leaves(mainloop: Mainloop, staying: int) -> None:
    """Whoever leaves last asks last. So a promise that nobody wants is cancelled, and only then."""

    def make() -> Race:
        stopped: list[str] = []
        promise = Promise[Any].with_resolvers(keep_alive=True, on_cancel=lambda: stopped.append("stopped")).promise
        children = [Promise.all([promise]) for _ in range(4 + staying)]
        assert has_crowd(promise)

        def check() -> None:
            assert promise.state == ("pending" if staying else "rejected")
            for one in children[4:]:
                one.cancel()
            assert promise.state == "rejected"
            mainloop.finish()
            assert stopped == ["stopped"]

        return Race(
            (lambda: [one.cancel() for one in children[:2]], lambda: [one.cancel() for one in children[2:4]]), check
        )

    with explorer(2, preemptions=1, watched=files("cell", "crowd", "cancel")) as search:
        search.explore(make)


def test_two_reject_a_promise_and_it_is_reported_once_or_observed(mainloop: Mainloop, reports: list[Report]) -> None:
    """The one that is late completes what the other has begun, but does not set a second alarm."""

    def make() -> Race:
        reports.clear()
        d = Promise[Any].with_resolvers()
        error = ValueError()

        def check() -> None:
            assert not reports
            assert d.promise.reason is error
            mainloop.finish()

        return Race((lambda: d.promise._reject(error, None), lambda: d.promise._reject(error, None)), check)

    with explorer(2, watched=PLACES) as search:
        search.explore(make)
    assert not reports
