"""Writes a run as a Markdown table and as JSON."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.machinery import ExtensionFileLoader
from statistics import median
from typing import Any

from benchmarks.markdown import Notes, duration, table
from benchmarks.measure import Cell, Ratio, Run
from benchmarks.scenarios import Scenario


def environment(rounds: int, *, quick: bool) -> dict[str, Any]:
    """Describe the machine and the conditions, as far as they matter to the numbers."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "build": build(),
        "gc": "collected before each sample, off inside it",
        "dev_mode": sys.flags.dev_mode or bool(os.environ.get("PROMISEPY_DEBUG")),
        "rounds": rounds,
        "quick": quick,
    }


def build() -> str:
    """Tell whether any module of promisepy that is in use was compiled."""
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "promisepy"]
    compiled = any(isinstance(module.__spec__.loader, ExtensionFileLoader) for module in modules if module.__spec__)
    return "compiled" if compiled else "pure"


def as_json(run: Run, conditions: dict[str, Any]) -> dict[str, Any]:
    """Return everything that was measured, each sample included."""
    cells = []
    for (scenario, library), cell in run.cells.items():
        ratio = run.ratio(scenario, library)
        cells.append({**asdict(cell), "ratio": asdict(ratio) if ratio else None})
    scenarios = [
        {"name": one.name, "title": one.title, "unit": one.unit, "kind": one.kind, "count": one.count}
        for one in run.scenarios
    ]
    return {
        "environment": conditions,
        "versions": run.versions,
        "loops": run.loops,
        "missing": run.missing,
        "scenarios": scenarios,
        "cells": cells,
    }


def as_markdown(run: Run, conditions: dict[str, Any]) -> str:
    """Return the table with its notes."""
    notes = Notes()
    rows = [_row(run, scenario, notes) for scenario in run.scenarios]
    return table(["scenario", *run.libraries], rows, notes) + "\n\n" + _conditions(run, conditions)


def _row(run: Run, scenario: Scenario, notes: Notes) -> list[str]:
    base = run.cells[scenario.name, run.baseline]
    row = [f"{scenario.title}, per {scenario.unit}", _absolute(base, scenario)]
    for library in run.libraries[1:]:
        cell = run.cells[scenario.name, library]
        row.append(_text(cell, run.ratio(scenario.name, library), scenario) + notes.mark(cell.reason))
    return row


def _absolute(cell: Cell, scenario: Scenario) -> str:
    if not cell.samples:
        return cell.reason or cell.status
    if scenario.kind == "bytes":
        return f"{median(cell.samples):,.0f} B"
    return duration(median(cell.samples))


def _text(cell: Cell, ratio: Ratio | None, scenario: Scenario) -> str:
    if ratio is None:
        return "cannot" if cell.status == "cannot" else "fails"
    if scenario.kind == "bytes":
        return f"{ratio.middle:.2f} ({_absolute(cell, scenario)})"
    return f"{ratio.middle:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"


def _conditions(run: Run, conditions: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    text = (
        f"{conditions['python']}, {conditions['machine']}, {conditions['date']}; "
        f"promisepy {conditions['build']}; {run.loops[run.baseline]}; "
        f"rounds: {conditions['rounds']}{', quick' if conditions['quick'] else ''}; "
        f"gc {conditions['gc']}. {versions}."
    )
    if run.missing:
        text += f" Not installed: {', '.join(run.missing)}."
    if conditions["dev_mode"]:
        text += " **Debug mode is on: do not compare these numbers.**"
    return text
