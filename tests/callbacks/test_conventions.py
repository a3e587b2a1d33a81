"""Whatever the convention of a library and whatever it does: its promise settles as the oracle says."""

from __future__ import annotations

import asyncio
import decimal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promisepy import BrokenPromise, Convention, Promise, Report, promisify, set_report_hook

from .helpers import PATIENCE, here, on_a_loop, turn
from .libraries import Call, Library, Place, Places, Script, library
from .oracle import STYLES, Kind, Ready, expect, read_error

Callback = Callable[..., Any]


class Bare(BaseException):
    """No `Exception`."""


def pick(code: Any, body: Any = None) -> Any:
    """A user's own style."""
    if code != 200:
        raise LookupError(code)
    return body


def read_pick(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[str, Any]:
    if keywords or len(arguments) not in (1, 2):
        return "error", Kind(TypeError)
    code, body = (*arguments, None)[:2]
    return ("values", (body,)) if code == 200 else ("error", Kind(LookupError))


def outcome(*arguments: Any, **keywords: Any) -> tuple[Any, ...]:
    """A `Convention`'s own outcome."""
    if None in arguments:
        raise LookupError
    return (arguments, keywords)


def read_outcome(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[str, Any]:
    return ("error", Kind(LookupError)) if None in arguments else ("values", (arguments, keywords))


def failure(*arguments: Any, **keywords: Any) -> Any:
    """A `Convention`'s own failure; one that does not raise is read like an outcome."""
    if arguments:
        raise ArithmeticError
    return (keywords,)


def read_failure(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[str, Any]:
    return ("error", Kind(ArithmeticError)) if arguments else ("values", (keywords,))


CUSTOM: dict[str, tuple[Any, Callback, Callback, Places]] = {
    "function": (pick, read_pick, read_error, {"callback": -1}),
    "convention": (
        Convention("on_done", ".on_error", outcome, failure),
        read_outcome,
        read_failure,
        {"callback": "on_done", "errback": ".on_error"},
    ),
}
ERRORS = [ValueError("one"), Bare("two"), StopIteration(3), asyncio.CancelledError("four"), OSError(5, "five")]
VALUES = [None, 0, 1, 200, True, False, 0.0, decimal.Decimal(0), float("nan"), "", "text", (), (1, 2), ValueError]
ANYWHERE: list[Place] = [-1, 0, 1, 2, "on_done", ".on_done", "().on_done"]


class Case(NamedTuple):
    """A convention, a library that follows it, and options of the user's."""

    style: str
    places: Places
    overridden: bool
    is_declared: bool
    script: Script
    shape: str
    check: str
    returns: Any
    on_thread: bool


values = st.sampled_from([*VALUES, *ERRORS])
keywords = st.just({}) | st.sampled_from([{}, {}, {"error": 5}, {"extra": None}])
ready = st.builds(Ready, values)


def arguments_of(style: str) -> st.SearchStrategy[tuple[Any, ...]]:
    """What a library may pass: mostly what belongs to the style, and always something."""
    anything = st.lists(values, min_size=1, max_size=3).map(tuple)
    if style in ("future", "done_callback"):
        return st.tuples(ready) | st.tuples(ready) | anything
    if style == "async_finish":
        return st.tuples(ready, ready) | st.tuples(ready, ready, values) | anything
    if style.startswith(("error", "status")):
        good = {"first": (None, "value"), "last": ("value", None)}[style.partition("_")[2]]
        return st.just(good) | anything
    return anything


@st.composite
def places_of(draw: st.DrawFn, default: Places) -> Places:
    """Where callbacks go: as the style says, or anywhere else, but not both to the same argument."""
    places: Places = {}
    for which in ["callback", "errback"] if draw(st.booleans()) or len(default) == 2 else ["callback"]:
        name = {"callback": "on_done", "errback": "on_error"}[which]
        chosen = draw(st.sampled_from(ANYWHERE))
        places[which] = chosen.replace("on_done", name) if isinstance(chosen, str) else chosen
    if len(set(places.values())) < len(places) and places["callback"] != -1:
        places["errback"] = "on_error"
    return places


@st.composite
def cases(draw: st.DrawFn, style: str) -> Case:
    default = CUSTOM[style][3] if style in CUSTOM else STYLES[style][1]
    overridden = draw(st.booleans())
    places = draw(places_of(default)) if overridden else default
    empty = st.just(()) if style == "value" else st.nothing()

    def calls() -> list[Call]:
        made = []
        for which in draw(st.lists(st.sampled_from(list(places)), max_size=2)):
            own = arguments_of(style) if which == "callback" else st.lists(values, min_size=1, max_size=2).map(tuple)
            if draw(st.integers(0, 9)):
                made.append(Call(which, draw(own | empty), {}))
            else:
                made.append(Call(which, draw(own), draw(keywords)))
        return made

    raises = draw(st.none() | st.none() | st.sampled_from(ERRORS))
    script = Script(calls(), raises, calls(), draw(st.booleans()))
    shape = draw(st.sampled_from(["natural", "natural", "list", "fails"]))
    check = draw(st.sampled_from(["none", "none", "passes", "refuses"]))
    returns = draw(st.sampled_from([None, None, True, 0]))
    return Case(style, places, overridden, draw(st.booleans()), script, shape, check, returns, draw(st.booleans()))


def fail(values: tuple[Any, ...]) -> Any:
    raise OverflowError


def promisified(case: Case, made: Library, seen: list[Any]) -> Callback:
    """Wrap the library's function as a user of this convention would."""

    def check(returned: Any) -> None:
        seen.append(returned)
        if case.check == "refuses":
            raise OSError

    options: dict[str, Any] = dict(case.places) if case.overridden else {}
    if case.shape != "natural":
        options["shape"] = {"list": list, "fails": fail}[case.shape]
    if case.check != "none":
        options["check"] = check
    style = CUSTOM[case.style][0] if case.style in CUSTOM else case.style
    return promisify(made.fetch_async, style=style, returns=case.returns, **options)  # type: ignore[no-any-return, call-overload]  # data


def expected(case: Case) -> tuple[str, Any]:
    read = {"callback": STYLES[case.style][0], "errback": read_error} if case.style in STYLES else {}
    if not read:
        read = {"callback": CUSTOM[case.style][1], "errback": CUSTOM[case.style][2]}
    return expect(case.script, case.places, read, case.shape, case.check)


def verify(case: Case, promise: Promise[Any], made: Library, handled: list[int], checked: list[Any]) -> None:
    """Compare everything that can be seen with what the oracle says."""
    state, content = expected(case)
    assert promise.state == state
    if state == "fulfilled":
        assert promise.value is content or (type(promise.value), promise.value) == (type(content), content)
    elif state == "rejected":
        assert content.fits(promise.reason), promise.reason
    assert handled == ([] if state == "pending" else [here()])
    assert made.received == ("key", 7)
    assert all(one is case.returns for one in made.returned)
    assert all(one is made.ticket for one in checked)
    if state != "pending" and content != Kind(OSError):
        assert all(getattr(made, name) is made for name in made.attributes() if getattr(made, name) is not None)


def verify_end(case: Case, promise: Promise[Any]) -> None:
    """Compare again, now that the library has dropped its callbacks in any case."""
    if expected(case)[0] == "pending":
        assert type(promise.reason) is BrokenPromise


async def turns() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


@contextmanager
def nothing_lost() -> Iterator[None]:
    lost: list[Report] = []
    previous = set_report_hook(lost.append)
    try:
        yield
    finally:
        set_report_hook(previous)
    assert lost == []


def begin(case: Case) -> tuple[Promise[Any], Library, list[int], list[Any]]:
    """Make the call, and leave a handler that notes where it runs."""
    made = library(case.places, case.script, is_declared=case.is_declared)
    handled: list[int] = []
    checked: list[Any] = []
    promise: Promise[Any] = promisified(case, made, checked)("key", 7)
    promise.then(lambda value: handled.append(here())).catch(BaseException, lambda error: handled.append(here()))
    return promise, made, handled, checked


def finish(case: Case, made: Library) -> None:
    if case.on_thread:
        thread = threading.Thread(target=made.finish)
        thread.start()
        thread.join(PATIENCE)
    else:
        made.finish()


BY_STYLE = pytest.mark.parametrize("style", [*STYLES, *CUSTOM])


@BY_STYLE
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_promise_in_a_script_settles_as_the_oracle_says(style: str, data: st.DataObject) -> None:
    case = data.draw(cases(style))
    with nothing_lost():
        promise, made, handled, checked = begin(case)
        finish(case, made)
        turn()
        verify(case, promise, made, handled, checked)
        made.drop()
        turn()
        verify_end(case, promise)


@BY_STYLE
@given(st.data())
@settings(max_examples=20, deadline=None)
def test_a_promise_on_a_loop_settles_as_the_oracle_says(style: str, data: st.DataObject) -> None:
    case = data.draw(cases(style))

    async def main() -> None:
        promise, made, handled, checked = begin(case)
        finish(case, made)
        await turns()
        verify(case, promise, made, handled, checked)
        made.drop()
        await turns()
        verify_end(case, promise)

    with nothing_lost():
        on_a_loop(main())
