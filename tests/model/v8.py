"""Programs run by V8's own promises, under Node, and the comparison of promisepy with them.

python -m tests.model.v8 [--programs 100000] [--seed 1] [--first]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from promisepy import set_report_hook

from .adapter import run_on_loop
from .language import Drain, Program, to_json
from .planting import AGREED, DIFFERS
from .strategies import programs

Outcome = tuple[list[str], list[str]]

# Programs that `comparison` makes of each that is drawn: to draw one takes longer than to run several.
FORMS = 3


class V8:
    """One Node process, which runs one program after the other."""

    def __init__(self) -> None:
        script = Path(__file__).with_suffix(".js")
        self._node = subprocess.Popen(
            ["node", "--no-warnings", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> V8:
        return self

    def __exit__(self, *exception: object) -> None:
        self._node.communicate()

    def run(self, program: Program) -> Outcome:
        """Give the log and the final states."""
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.write(json.dumps(to_json(program)) + "\n")
        self._node.stdin.flush()
        log, states = json.loads(self._node.stdout.readline())
        return log, states


def available() -> bool:
    """Tell whether there is a Node."""
    return shutil.which("node") is not None


def flat(program: Program) -> Program:
    """Leave out what JavaScript has no word for: to `wait` inside a function, which runs jobs there."""
    return tuple(step if isinstance(step, Drain) else without_drains(step) for step in program)


def without_drains(node: Any) -> Any:
    """Copy a node of a program without the drains in its bodies."""
    if isinstance(node, tuple):
        return tuple(without_drains(item) for item in node if not isinstance(item, Drain))
    if is_dataclass(node) and not isinstance(node, type):
        return replace(node, **{field.name: without_drains(getattr(node, field.name)) for field in fields(node)})
    return node


def paused(program: Program, ticks: int) -> Program:
    """Let some jobs run after every step, so that the next one meets promises that are on their way."""
    return tuple(part for step in program for part in (step, Drain(ticks)))


def comparison(v8: V8, programs_wanted: int, **options: Any) -> Callable[[], None]:
    """Make a function that compares promisepy, under asyncio, with V8."""

    @settings(max_examples=programs_wanted // FORMS, deadline=None, **options)
    @given(programs(), st.integers(2, 4))
    def compare(program: Program, ticks: int) -> None:
        program = flat(program)
        for form in (program, paused(program, 1), paused(program, ticks)):
            assert run_on_loop(form) == v8.run(form)

    return compare


def main() -> str:
    """Compare as many programs as are asked for; tell the smallest that differs."""
    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name}", description=__doc__)
    parser.add_argument("--programs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, help="run the same programs as the last time")
    parser.add_argument("--first", action="store_true", help="stop at the first that differs, however large")
    arguments = parser.parse_args()
    with V8() as v8:
        # Nothing is stored, so that the seed alone decides.
        options: dict[str, Any] = {"database": None, "suppress_health_check": list(HealthCheck), "print_blob": False}
        if arguments.first:
            options["phases"] = [Phase.generate]
        compare = comparison(v8, arguments.programs, **options)
        start = time.monotonic()
        try:
            (compare if arguments.seed is None else hypothesis.seed(arguments.seed)(compare))()
        except AssertionError as error:
            return "\n".join([DIFFERS, str(error), *getattr(error, "__notes__", ())])
    return f"{AGREED}: {arguments.programs / (time.monotonic() - start):.0f} programs a second"


if __name__ == "__main__":
    set_report_hook(lambda report: None)
    result = main()
    print(result)
    sys.exit(result.startswith(DIFFERS))
