"""The right to resolve is a plain slot (`Claim.promise`): two calls that meet end as if one of them came first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise, Report, Resolvers

from ..support import Mainloop
from .explorer import Race, explorer, files

pytestmark = pytest.mark.slow

# Where the two calls meet; what follows is a job, and has one thread.
CLAIMS = files("cell", "claim", "resolve")


def resolve_with_a_promise(d: Resolvers[str], inner: Promise[str]) -> None:
    d.resolve(inner)


def resolve_with_a_value(d: Resolvers[str], inner: Promise[str]) -> None:
    d.resolve("value")


def reject(d: Resolvers[str], inner: Promise[str]) -> None:
    d.reject(ValueError("reason"))


Way = Callable[[Resolvers[str], Promise[str]], None]


@pytest.mark.parametrize("other", [resolve_with_a_value, reject], ids=lambda way: way.__name__)
@pytest.mark.parametrize("settles", ["before the race", "after the race", "after the handlers"])
def test_resolve_with_a_promise_and_another_call(mainloop: Mainloop, other: Way, settles: str) -> None:
    ends: set[str] = set()

    def make() -> Race:
        log: list[str] = []
        inner, resolve_inner, _ = Promise[str].with_resolvers()
        d = Promise[str].with_resolvers()
        d.promise.then(log.append, lambda error: log.append(str(error)))
        if settles == "before the race":
            resolve_inner("inner")

        def check() -> None:
            if settles == "after the race":
                resolve_inner("inner")
            mainloop.run()
            resolve_inner("inner")
            mainloop.finish()
            d.resolve("late")
            mainloop.finish()
            assert log in (["inner"], ["value"], ["reason"]), log
            assert log == [d.promise.value or str(d.promise.reason)]
            assert inner.value == "inner"  # nobody has cancelled it
            ends.update(log)

        return Race((lambda: resolve_with_a_promise(d, inner), lambda: other(d, inner)), check)

    with explorer(2, watched=CLAIMS) as search:
        assert search.explore(make) > 20
    assert ends == {"inner", "value" if other is resolve_with_a_value else "reason"}


@pytest.mark.parametrize("other", [resolve_with_a_value, reject], ids=lambda way: way.__name__)
def test_a_promise_that_was_settled_meanwhile_does_not_depend_on_the_other_one(mainloop: Mainloop, other: Way) -> None:
    def make() -> Race:
        inner = Promise[str].with_resolvers()
        d = Promise[str].with_resolvers()
        d.promise.catch(lambda _: None)

        def check() -> None:
            mainloop.run()
            inner.promise.then().cancel()
            assert (inner.promise.state == "pending") == (d.promise.state == "pending")
            inner.resolve("inner")
            mainloop.finish()

        return Race((lambda: resolve_with_a_promise(d, inner.promise), lambda: other(d, inner.promise)), check)

    with explorer(2, watched=CLAIMS) as search:
        search.explore(make)


def test_resolve_with_one_promise_and_with_another(mainloop: Mainloop) -> None:
    """If both have passed the slot, the promise follows whichever settles first, and a cancellation is the end of it."""
    ends: set[Any] = set()

    def make() -> Race:
        log: list[str] = []
        d = Promise[str].with_resolvers()
        d.promise.then(log.append)
        first, second = Promise[str].with_resolvers(), Promise[str].with_resolvers()

        def check() -> None:
            mainloop.run()
            second.resolve("second")
            mainloop.run()
            first.resolve("first")
            mainloop.finish()
            assert log in (["first"], ["second"]), log
            assert (first.promise.value, second.promise.value) == ("first", "second")
            ends.update(log)

        return Race((lambda: d.resolve(first.promise), lambda: d.resolve(second.promise)), check)

    with explorer(2, watched=CLAIMS) as search:
        search.explore(make)
    assert ends == {"first", "second"}


def test_a_cancellation_while_two_calls_resolve(mainloop: Mainloop, reports: list[Report]) -> None:
    """It may come before, between or after them: the promise is settled once, and nothing comes later."""

    def make() -> Race:
        log: list[object] = []
        inner, resolve_inner, _ = Promise[str].with_resolvers()
        d = Promise[str].with_resolvers()
        d.promise.then(log.append, log.append)

        def check() -> None:
            mainloop.run()
            resolve_inner("inner")
            mainloop.finish()
            assert log == [d.promise.reason or d.promise.value]
            assert not reports

        programs = (lambda: d.resolve(inner), lambda: d.resolve("value"), lambda: d.promise.cancel())
        return Race(programs, check)

    with explorer(3, preemptions=1, watched=CLAIMS) as search:
        search.explore(make)
