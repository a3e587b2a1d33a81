"""``python -m benchmarks.instructions``: count instructions with valgrind, where the clock is too noisy.

Two runs of N and 2N bursts are made and their difference is divided by the units in N bursts, so that
start-up, imports and the interpreter's warming up cancel out. What is counted is the whole burst: with ``free``
and in the memory rows that is making the promises, settling them and letting go.

``--only import`` counts two processes instead, one that imports asyncio alone and one that imports the library as well.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.adapters import LIBRARIES
from benchmarks.adapters.asyncio_future import AsyncioFuture
from benchmarks.adapters.promisepy import Promisepy
from benchmarks.children import command, settings
from benchmarks.contract import Library
from benchmarks.markdown import table
from benchmarks.measure import one_burst
from benchmarks.scenarios import BY_NAME, SCENARIOS, Scenario

KINDS: dict[str, type[Library]] = {kind.name: kind for kind in LIBRARIES}
DEFAULT_LIBRARIES = (AsyncioFuture.name, Promisepy.name)
DEFAULT_SCENARIOS = ("settle", "chain")
IMPORT = "import"
UNITS = 2_000
"""Roughly how many promises or links the shorter run makes."""

NO_VALGRIND = "valgrind was not found on PATH: install it (Debian: apt install valgrind)"


def instructions(library: str, scenario: Scenario, bursts: int) -> int:
    """Run ``bursts`` bursts in a child under callgrind and return how many instructions it took."""
    return collected(command("benchmarks.instructions", "--child", library, scenario.name, scenario.count, bursts))


def collected(child: Sequence[str]) -> int:
    """Run a command under callgrind and return how many instructions it took."""
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    done = subprocess.run([*valgrind, *child], env=settings(), capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        raise SystemExit(f"the run under valgrind failed:\n{done.stderr}")
    return int(found[1])


def per_unit(library: str, scenario: Scenario) -> float:
    """Return instructions for one unit of the scenario."""
    bursts = max(2, UNITS // scenario.count)
    more = instructions(library, scenario, 2 * bursts)
    return (more - instructions(library, scenario, bursts)) / (bursts * scenario.count)


def imports(libraries: Sequence[str]) -> dict[str, float | None]:
    """Return the instructions for importing asyncio, which is the baseline's, and each other library on top of it."""
    nothing, base = importing(), importing("asyncio")
    counts: dict[str, float | None] = {libraries[0]: base - nothing}
    for name in libraries[1:]:
        module = KINDS[name].module
        counts[name] = None if module is None else importing("asyncio", module) - base
    return counts


def importing(*modules: str) -> int:
    """Return the instructions of a process that imports modules and ends at once, without clearing them away."""
    child = [sys.executable, "-c", f"import {', '.join(['os', *modules])}; os._exit(0)"]
    subprocess.run(child, env=settings(), check=True)  # uncounted: compiles them
    return collected(child)


def run_child(library: str, name: str, count: int, bursts: int) -> None:
    """Do the bursts; what is counted is this whole process."""
    subject = KINDS[library]()

    async def bursts_of() -> None:
        subject.open()
        for _ in range(bursts):
            await one_burst(subject, BY_NAME[name], count)
        subject.close()

    # The collections that `free` does must not look through everything that was imported.
    gc.freeze()
    gc.disable()
    with asyncio.Runner(loop_factory=subject.new_loop) as runner:
        runner.run(bursts_of())


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__)
    made.add_argument("--only", action="append", choices=[*BY_NAME, IMPORT], metavar="SCENARIO", help="may be repeated")
    made.add_argument("--all", action="store_true", help="every scenario; takes many minutes")
    made.add_argument(
        "--library", action="append", choices=list(KINDS)[1:], help="beside the baseline; may be repeated"
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="write the counts there as well")
    made.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    chosen = parser().parse_args(arguments)
    if chosen.child is not None:
        library, name, count, bursts = chosen.child
        run_child(library, name, int(count), int(bursts))
        return
    if shutil.which("valgrind") is None:
        raise SystemExit(NO_VALGRIND)
    names = [*(one.name for one in SCENARIOS), IMPORT] if chosen.all else chosen.only or DEFAULT_SCENARIOS
    libraries = [DEFAULT_LIBRARIES[0], *(chosen.library or DEFAULT_LIBRARIES[1:])]
    counts = {name: _counted(name, libraries) for name in names}
    print(_as_markdown(counts, libraries))
    if chosen.json is not None:
        document = {"python": platform.python_version(), "instructions": counts}
        chosen.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def _counted(name: str, libraries: Sequence[str]) -> dict[str, float | None]:
    if name == IMPORT:
        return imports(libraries)
    return {one: None if name in KINDS[one].cannot else per_unit(one, BY_NAME[name]) for one in libraries}


def _as_markdown(counts: dict[str, dict[str, float | None]], libraries: Sequence[str]) -> str:
    rows = []
    for name, found in counts.items():
        base = found[libraries[0]]
        texts = [_text(found[library], base) for library in libraries]
        unit = "of asyncio, and on top of it" if name == IMPORT else f"per {BY_NAME[name].unit}"
        rows.append([f"{name}, {unit}", *texts])
    where = f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}"
    return table(["instructions per unit", *libraries], rows) + "\n\n" + where


def _text(count: float | None, base: float | None) -> str:
    if count is None or base is None:
        return "cannot"
    return f"{count:,.0f} ({count / base:.2f})"


if __name__ == "__main__":
    main()
