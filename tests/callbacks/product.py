"""Conventions, libraries that follow them, and users' options: every combination, and what is to be seen of each."""

from __future__ import annotations

import asyncio
import decimal
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

from promisepy import BrokenPromise, Cancelled, Convention, Promise, promisify

from ..support import PATIENCE
from .helpers import here
from .libraries import Call, Place, Places, Script, library
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
    stops: bool  # whether there is a function for `cancel`
    cancelled: str  # "never", "at once" (after the call), "at last" (after all that the library does)


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
    is_declared, on_thread, stops = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    cancelled = draw(st.sampled_from(["never", "never", "at once", "at last"]))
    return Case(style, places, overridden, is_declared, script, shape, check, returns, on_thread, stops, cancelled)


class Experiment:
    """One call: what was handled and asked along the way, and what came of it."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.library = library(case.places, case.script, is_declared=case.is_declared)
        self.handled: list[int] = []  # the threads
        self.checked: list[Any] = []
        self.stopped: list[tuple[Any, int]] = []  # what was stopped, and on which thread
        promise: Promise[Any] = self.promisified()("key", 7)
        promise.then(lambda value: self.handled.append(here())).catch(
            BaseException, lambda error: self.handled.append(here())
        )
        self.promise = promise
        if case.cancelled == "at once":
            promise.cancel()

    def promisified(self) -> Callback:
        """Wrap the library's function as a user of this convention would."""
        case = self.case
        options: dict[str, Any] = dict(case.places) if case.overridden else {}
        if case.shape != "natural":
            options["shape"] = {"list": list, "fails": fail}[case.shape]
        if case.check != "none":
            options["check"] = self.check
        if case.stops:
            options["cancel"] = lambda returned: self.stopped.append((returned, here()))
        style = CUSTOM[case.style][0] if case.style in CUSTOM else case.style
        return promisify(self.library.fetch_async, style=style, returns=case.returns, **options)  # type: ignore[no-any-return, call-overload]  # data

    def check(self, returned: Any) -> None:
        self.checked.append(returned)
        if self.case.check == "refuses":
            raise OSError

    def finish(self) -> None:
        """Let the library do what it does after the call."""
        if self.case.on_thread:
            thread = threading.Thread(target=self.library.finish)
            thread.start()
            thread.join(PATIENCE)
        else:
            self.library.finish()
        if self.case.cancelled == "at last":
            self.promise.cancel()

    def verify(self) -> None:
        """Compare everything that can be seen with what the oracle says."""
        case, promise, made = self.case, self.promise, self.library
        state, content, is_stopped = expected(case)
        assert promise.state == state
        if state == "fulfilled":
            assert promise.value is content or (type(promise.value), promise.value) == (type(content), content)
        elif state == "rejected":
            assert content.fits(promise.reason), promise.reason
        assert self.handled == ([] if state == "pending" else [here()])
        assert made.received == ("key", 7)
        assert all(one is case.returns for one in made.returned)
        assert all(one is made.ticket for one in self.checked)
        assert self.stopped == ([(made.ticket, here())] if is_stopped and case.stops else [])
        if state != "pending":
            assert all(getattr(made, name) in (made, None) for name in made.attributes())

    def verify_end(self) -> None:
        """Compare again, now that the library has dropped its callbacks in any case."""
        if expected(self.case)[0] == "pending":
            assert type(self.promise.reason) is BrokenPromise


def fail(values: tuple[Any, ...]) -> Any:
    raise OverflowError


def expected(case: Case) -> tuple[str, Any, bool]:
    """Tell how the promise settles, and whether the library is to be told to stop."""
    read = {"callback": STYLES[case.style][0], "errback": read_error} if case.style in STYLES else {}
    if not read:
        read = {"callback": CUSTOM[case.style][1], "errback": CUSTOM[case.style][2]}
    script = case.script
    if case.cancelled == "at once":
        script = Script(script.during, script.raises, keeps=True)
    state, content = expect(script, case.places, read, case.shape, case.check)
    if state == "pending" and case.cancelled != "never":
        return "rejected", Kind(Cancelled), True
    return state, content, False
