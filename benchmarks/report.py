"""Writes a run as a Markdown table and as JSON."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import median
from typing import Any

from benchmarks.measure import Cell, Ratio, Run
from benchmarks.scenarios import Scenario


def environment(rounds: int, *, quick: bool) -> dict[str, Any]:
    """Describe the machine and the conditions, as far as they matter to the numbers."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "gc": "collected before each sample, off inside it",
        "dev_mode": sys.flags.dev_mode or bool(os.environ.get("PROMISEPY_DEBUG")),
        "rounds": rounds,
        "quick": quick,
    }


def as_json(run: Run, conditions: dict[str, Any]) -> dict[str, Any]:
    """Return everything that was measured, each sample included."""
    cells = []
    for (scenario, library), cell in run.cells.items():
        ratio = run.ratio(scenario, library)
        cells.append({**asdict(cell), "ratio": asdict(ratio) if ratio else None})
    scenarios = [{"name": one.name, "title": one.title, "unit": one.unit, "kind": one.kind} for one in run.scenarios]
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
    notes = _Notes()
    header = ["scenario", run.baseline, *run.libraries[1:]]
    rows = [_row(run, scenario, notes) for scenario in run.scenarios]
    table = [_line(header), _line(["---"] + ["---:"] * (len(header) - 1)), *(_line(row) for row in rows)]
    # Two spaces at the end keep Markdown from joining the lines.
    reasons = [f"[{number}] {text}  " for text, number in notes.numbers.items()]
    parts = [table, reasons, [_conditions(run, conditions)]]
    return "\n\n".join("\n".join(part) for part in parts if part)


class _Notes:
    """Numbers the reasons, equal ones once."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def mark(self, reason: str | None) -> str:
        if reason is None:
            return ""
        return f" [{self.numbers.setdefault(reason, len(self.numbers) + 1)}]"


def _row(run: Run, scenario: Scenario, notes: _Notes) -> list[str]:
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
    seconds = median(cell.samples)
    return f"{seconds * 1e6:.2f} µs" if seconds >= 1e-6 else f"{seconds * 1e9:.0f} ns"


def _text(cell: Cell, ratio: Ratio | None, scenario: Scenario) -> str:
    if ratio is None:
        return "cannot" if cell.status == "cannot" else "fails"
    if scenario.kind == "bytes":
        return f"{ratio.middle:.2f} ({_absolute(cell, scenario)})"
    return f"{ratio.middle:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _conditions(run: Run, conditions: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    text = (
        f"{conditions['python']}, {conditions['machine']}, {conditions['date']}; {run.loops[run.baseline]}; "
        f"{conditions['rounds']} rounds{', quick' if conditions['quick'] else ''}; "
        f"gc {conditions['gc']}. {versions}."
    )
    if run.missing:
        text += f" Not installed: {', '.join(run.missing)}."
    if conditions["dev_mode"]:
        text += " **Debug mode is on: do not compare these numbers.**"
    return text
