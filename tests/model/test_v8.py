"""promisepy, under asyncio, runs drawn programs as V8's native promises do: the same log, the same final states."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..servers import lacking
from . import v8
from .language import Clock, Defer, Drain, Handler, Make, Plain, Settle, Then, Thenable
from .mutants import named
from .planting import AGREED, DIFFERS, run_against
from .v8 import V8, comparison, flat, paused

pytestmark = pytest.mark.slow

PROGRAMS = int(os.environ.get("PROMISEPY_TESTS_V8_PROGRAMS", "5100"))


@pytest.fixture(scope="module", autouse=True)
def node() -> Iterator[V8]:
    if not v8.available():
        lacking("Node is not installed: apt-get install nodejs")
    with V8() as node:
        yield node


def test_log_and_states_are_those_of_v8(node: V8) -> None:
    comparison(node, PROGRAMS)()


@pytest.mark.parametrize("name", ["two jobs change places when a promise is fulfilled", "finally saves jobs"])
def test_a_planted_fault_is_noticed(tmp_path: Path, name: str) -> None:
    assert run_against(named(name), tmp_path, v8.__name__, "--first", "--programs", "600", "--seed", "1").startswith(
        DIFFERS
    )


def test_an_unchanged_copy_agrees(tmp_path: Path) -> None:
    assert run_against(None, tmp_path, v8.__name__, "--programs", "30", "--seed", "1").startswith(AGREED)


def test_v8_pauses_where_the_clock_stops(node: V8) -> None:
    first = Make("resolve", Plain(1)), Clock(3)
    log, _ = node.run((*first, Drain(2), Then(0, Handler((), Plain(2)), None)))
    assert log == ["drain", "tick 1 0", "tick 2 None", "drain", "tick 3 None", "p1.then(1)"]


def test_drains_are_left_out_inside_functions_only() -> None:
    thenable = Thenable(lookup=(Drain(),), body=(Drain(1), Settle(None, "resolve", Plain(1))))
    program = Defer(), Drain(2), Settle(0, "resolve", thenable)
    bare = Thenable(body=(Settle(None, "resolve", Plain(1)),))
    assert flat(program) == (Defer(), Drain(2), Settle(0, "resolve", bare))
    assert paused((Defer(), Clock(1)), 3) == (Defer(), Drain(3), Clock(1), Drain(3))
