"""The goals that promisepy has set itself, beside what a run measured; printed by ``python -m benchmarks --goals``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.growth import GROWING, LARGEST
from benchmarks.markdown import table
from benchmarks.scenarios import BY_NAME

Document = dict[str, Any]
"""What ``--json`` writes."""

SUBJECT = "promisepy"
_SETTLED_WITHOUT_SUSPENDING = 3.0 if sys.version_info < (3, 12) else 1.0
_LINEAR = 1.05


@dataclass(frozen=True, slots=True)
class Goal:
    """At most so much, in each of the two builds; ``needs`` is the option without which nothing is measured."""

    title: str
    pure: float
    compiled: float
    figure: Callable[[Document], float | None]
    unit: str = ""
    needs: str = "other `--only`"


def _cell(document: Document, scenario: str) -> dict[str, Any]:
    found = [cell for cell in document["cells"] if (cell["scenario"], cell["library"]) == (scenario, SUBJECT)]
    return found[0] if found else {"ratio": None, "samples": []}


def _ratio(scenario: str, pure: float, compiled: float) -> Goal:
    def figure(document: Document) -> float | None:
        ratio = _cell(document, scenario)["ratio"]
        return None if ratio is None else float(ratio["middle"])

    one = BY_NAME[scenario]
    return Goal(f"{one.title}, per {one.unit}", pure, compiled, figure)


def _bytes(scenario: str, pure: float, compiled: float) -> Goal:
    def figure(document: Document) -> float | None:
        samples = _cell(document, scenario)["samples"]
        return median(samples) if samples else None

    one = BY_NAME[scenario]
    return Goal(f"{one.title}, per {one.unit}", pure, compiled, figure, " B")


def _grown(document: Document) -> Document:
    """Return the growth; a smaller one than asked for would meet its goals without any merit."""
    found = document.get("growth")
    return found if found and found["sizes"][-1] == LARGEST else {"series": (), "depths": ()}


def _deepest(field: str, scale: float, pure: float, compiled: float, unit: str) -> Goal:
    def figure(document: Document) -> float | None:
        depths = _grown(document)["depths"]
        found = [depth[field] for depth in depths if depth["library"] == SUBJECT and depth[field] is not None]
        return found[0] / scale if found else None

    title = f"chain of {LARGEST:,} links, collector on, {'time' if field == 'seconds' else 'peak memory'}"
    return Goal(title, pure, compiled, figure, unit, "`--growth`")


def _exponent(scenario: str) -> Goal:
    def figure(document: Document) -> float | None:
        series = _grown(document)["series"]
        found = [one["exponent"] for one in series if (one["scenario"], one["library"]) == (scenario, SUBJECT)]
        return found[0] if found else None

    return Goal(f"exponent of growth: {GROWING[scenario]}", _LINEAR, _LINEAR, figure, needs="`--growth`")


def _import(document: Document) -> float | None:
    samples = document.get("imports", {}).get(SUBJECT)
    return median(samples) * 1e3 if samples else None


GOALS = (
    _ratio("settle", 1.0, 0.55),
    _ratio("chain", 0.25, 0.15),
    _ratio("fan_out", 0.8, 0.45),
    _ratio("await_each", 1.4, 1.1),
    _ratio("await_many", 1.4, 0.95),
    _ratio("await_settled", _SETTLED_WITHOUT_SUSPENDING, 1.0),
    _ratio("all_of", 0.3, 0.15),
    _ratio("await_from_thread", 0.2, 0.12),
    _ratio("promisified", 1.4, 1.0),
    _ratio("adopt", 0.6, 0.35),
    _ratio("reject_through", 0.4, 0.2),
    _bytes("hold_chain", 200, 176),
    _deepest("seconds", 1, 4, 2, " s"),
    _deepest("peak_bytes", 1e6, 220, 180, " MB"),
    Goal("import, on top of `import asyncio`", 5, 5, _import, " ms"),
    *map(_exponent, GROWING),
)


def verdicts(document: Document) -> Iterator[tuple[Goal, float | None, str]]:
    """Give each goal with what was measured, and whether that is met by the build that ran."""
    is_compiled = document["environment"]["build"] == "compiled"
    for goal in GOALS:
        figure = goal.figure(document)
        if figure is None:
            yield goal, None, f"needs {goal.needs}"
        else:
            limit = goal.compiled if is_compiled else goal.pure
            yield goal, figure, "met" if figure <= limit else "**missed**"


def as_markdown(document: Document) -> str:
    """Return a row for each goal."""
    rows = [
        [goal.title, _text(goal.pure, goal), _text(goal.compiled, goal), _text(figure, goal), verdict]
        for goal, figure, verdict in verdicts(document)
    ]
    return table(["goal", "pure", "compiled", f"{document['environment']['build']}, this run", "verdict"], rows)


def as_json(document: Document) -> list[dict[str, Any]]:
    """Return the same for programs."""
    return [
        {
            "title": goal.title,
            "pure": goal.pure,
            "compiled": goal.compiled,
            "figure": figure,
            "verdict": verdict.strip("*"),
        }
        for goal, figure, verdict in verdicts(document)
    ]


def _text(figure: float | None, goal: Goal) -> str:
    if figure is None:
        return ""
    return f"{figure:.0f}{goal.unit}" if goal.unit in (" B", " MB") else f"{figure:.2f}{goal.unit}"
