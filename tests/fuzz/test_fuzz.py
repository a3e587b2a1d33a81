"""Anything, anywhere: a clear error or defined behaviour, and the next promise works."""

from __future__ import annotations

import asyncio
import gc
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promisepy import BrokenPromise, Promise, Report, debug, set_host, set_report_hook
from promisepy._core.homes import current_thread_home

from ..support import turn
from .calls import CALLS, LOUD
from .hostile import BASES, FACTORIES, HOOKS, TRAPS, Trap, build, open_ends

pytestmark = pytest.mark.slow

PATIENCE = 20.0
Three: TypeAlias = tuple[Any, Any, Any]
recipes = st.sampled_from(sorted(FACTORIES)) | st.tuples(
    st.sampled_from(sorted(BASES)),
    st.sampled_from(TRAPS),
    st.lists(st.sampled_from(HOOKS), min_size=1, max_size=4, unique=True).map(lambda names: tuple(sorted(names))),
)
threes = st.tuples(recipes, recipes, recipes)
EXAMPLES = 400
ONLY_IN_SCRIPTS = {"Promise.wait"}
# An object that cannot be known weakly keeps the callback that it has for an attribute.
ATTRIBUTE = "promisify(attribute)"
# A race of nothing, a time that has not come, and an event whose library remembers whom to call.
MAY_WAIT = ("Promise.race", "Promise.delay", "Replies(timeout)", "Promise.timeout", "Promise.any", "once", ATTRIBUTE)
# What Python itself says of a call with too many arguments, a value that does not unpack, and the like.
PYTHON = re.compile(
    r"argument|not callable|unhashable|unpack|iterable|attribute|truth value|object can't be used in 'await'"
)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Let coroutines be dropped that nobody was meant to await; what hostile objects raise at their end is theirs."""
    previous, sys.unraisablehook = sys.unraisablehook, lambda _: None
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
        yield
        current_thread_home().private.close()  # what is left goes on only in `wait`, which would be that of another test
        turn()
        gc.collect()
    sys.unraisablehook = previous


def is_clear(error: BaseException) -> bool:
    """Tell whether an error is an answer: one of ours says what was expected and what came."""
    if isinstance(error, TRAPS) or not is_ours(error) or "wait() would stop" in str(error):
        return True
    if not isinstance(error, (TypeError, ValueError)):
        return False
    return PYTHON.search(str(error)) is not None or ("expected" in str(error) and "got" in str(error))


def is_ours(error: BaseException) -> bool:
    """Tell whether a line of promisepy has raised an error, rather than handed it on."""
    traceback = BaseException.__dict__["__traceback__"].__get__(error)
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback is not None and str(traceback.tb_frame.f_globals.get("__name__")).startswith("promisepy.")


def call(name: str, three: Three) -> Any:
    """Make one call; what it answers with an error must be clear, and what a library calls must not raise at all."""
    a, b, c = map(build, three)
    wrong: str | None = None
    try:
        return CALLS[name](a, b, c)
    except BaseException as error:
        if name not in LOUD:
            wrong = f"{name} has raised {type(error).__name__} into a library"
        elif not is_clear(error):
            wrong = f"{name} has raised {error!r}"
    assert wrong is None, wrong  # out here, since pytest cannot show what some errors are
    return None


def settle(result: Any, seen: list[str]) -> None:
    """Observe what a call has given, and settle what was pending for lack of this."""
    if isinstance(type(result), type) and issubclass(type(result), Promise):
        result.then(lambda value: seen.append("value"), None).catch(BaseException, lambda _: seen.append("reason"))
    while open_ends:
        open_ends.pop()(1)


def restore(reports: list[Report]) -> None:
    set_host(None)
    debug.disable()
    set_report_hook(reports.append)


def is_lost(name: str, result: Any, seen: list[str]) -> bool:
    return type(result) is Promise and not seen and not name.startswith(MAY_WAIT)


def check(name: str, result: Any, seen: list[str], reports: list[Report]) -> None:
    """Nothing is lost, and nothing is said that nobody could expect."""
    assert not is_lost(name, result, seen), f"{name} has lost a promise: {result}"
    assert len(seen) <= 1
    for report in reports:
        assert isinstance(report.reason, BrokenPromise) or is_clear(report.reason), report.message
    reports.clear()


def ladder() -> Promise[int]:
    rung: Promise[int] = Promise.resolve(0)
    for _ in range(60):
        rung = rung.then(lambda value: value + 1)
    return rung


@given(st.sampled_from(sorted(CALLS)), threes)
@settings(deadline=None, max_examples=EXAMPLES)
def test_a_script_answers_and_goes_on(name: str, three: Three) -> None:
    reports: list[Report] = []
    seen: list[str] = []
    set_report_hook(reports.append)
    try:
        result = call(name, three)
        with suppress(RuntimeError):  # the refusal to wait under a host
            ladder().wait(PATIENCE)  # with hostile hosts and hooks at work
        restore(reports)
        settle(result, seen)
        assert ladder().wait(PATIENCE) == 60
        for _ in range(20):
            if not is_lost(name, result, seen) and not current_thread_home().tasks:
                break
            gc.collect()  # resolving functions that hostile objects have hidden
            Promise.delay(0.001).wait(PATIENCE)  # a turn of the loop in which coroutines run
        assert ladder().wait(PATIENCE) == 60
        check(name, result, seen, reports)
    finally:
        restore(reports)
        set_report_hook(None)


@given(st.sampled_from(sorted(set(CALLS) - ONLY_IN_SCRIPTS)), threes)
@settings(deadline=None, max_examples=EXAMPLES)
def test_a_loop_answers_and_goes_on(name: str, three: Three) -> None:
    reports: list[Report] = []
    seen: list[str] = []
    wrong: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
        result = call(name, three)
        assert await ladder() == 60
        restore(reports)
        settle(result, seen)
        for _ in range(20):
            assert await ladder() == 60
            if not is_lost(name, result, seen):
                break
            gc.collect()
            await asyncio.sleep(0)
        check(name, result, seen, reports)

    set_report_hook(reports.append)
    try:
        asyncio.run(asyncio.wait_for(main(), PATIENCE))
        assert [one for one in wrong if not is_clear(one.get("exception", Trap()))] == []
    finally:
        restore(reports)
        set_report_hook(None)
