"""``python -m benchmarks.instructions``: count instructions with valgrind, where the clock is too noisy.

Two runs of N and 2N bursts are made and their difference is divided by the units in N bursts, so that
start-up, imports and the interpreter's warming up cancel out.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.adapters.asyncio_future import AsyncioFuture
from benchmarks.adapters.promisepy import Promisepy
from benchmarks.contract import Library
from benchmarks.measure import one_burst
from benchmarks.scenarios import BY_NAME, SCENARIOS, Scenario

COUNTED: dict[str, type[Library]] = {kind.name: kind for kind in (AsyncioFuture, Promisepy)}
DEFAULT_SCENARIOS = ("settle", "chain")
UNITS = 2_000
"""Roughly how many promises or links the shorter run makes."""

NO_VALGRIND = "valgrind was not found on PATH: install it (Debian: apt install valgrind)"


def instructions(library: str, scenario: Scenario, bursts: int) -> int:
    """Run ``bursts`` bursts in a child under callgrind and return how many instructions it took."""
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    child = [sys.executable, "-m", "benchmarks.instructions", "--child", library, scenario.name, str(bursts)]
    root = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    settings = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": path}
    done = subprocess.run([*valgrind, *child], env=settings, capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        raise SystemExit(f"the run under valgrind failed:\n{done.stderr}")
    return int(found[1])


def per_unit(library: str, scenario: Scenario) -> float:
    """Return instructions for one unit of the scenario."""
    bursts = max(2, UNITS // scenario.count)
    more = instructions(library, scenario, 2 * bursts)
    return (more - instructions(library, scenario, bursts)) / (bursts * scenario.count)


def run_child(library: str, scenario: Scenario, bursts: int) -> None:
    """Do the bursts; what is counted is this whole process."""

    async def bursts_of() -> None:
        subject = COUNTED[library]()
        for _ in range(bursts):
            await one_burst(subject, scenario, scenario.count)

    gc.disable()
    asyncio.run(bursts_of())


def main() -> None:
    """Run the command."""
    known = [scenario.name for scenario in SCENARIOS if scenario.kind == "time"]
    options = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__)
    options.add_argument("--only", action="append", choices=known, metavar="SCENARIO", help="may be repeated")
    options.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.child is not None:
        library, scenario, bursts = chosen.child
        run_child(library, BY_NAME[scenario], int(bursts))
        return
    if shutil.which("valgrind") is None:
        raise SystemExit(NO_VALGRIND)
    print("| instructions per unit | " + " | ".join(COUNTED) + " | ratio |")
    print("| --- |" + " ---: |" * (len(COUNTED) + 1))
    for name in chosen.only or DEFAULT_SCENARIOS:
        unit = BY_NAME[name].unit
        base, ours = (per_unit(library, BY_NAME[name]) for library in COUNTED)
        print(f"| {name}, per {unit} | {base:,.0f} | {ours:,.0f} | {ours / base:.2f} |", flush=True)
    print(f"\n{platform.python_implementation()} {platform.python_version()}, {platform.machine()}")


if __name__ == "__main__":
    main()
