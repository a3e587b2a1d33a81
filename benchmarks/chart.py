"""``python -m benchmarks.chart RESULT.json CHART.svg``: draw the ratios that a run with ``--json`` has saved.

A row for each timed scenario, a mark for each library, on a logarithmic axis with the baseline at 1. The file holds
both colour schemes and its own background, so that it is readable on whatever page it stands.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

WIDTH = 960
LEFT = 380
RIGHT = 30
TOP = 118
ROW = 30
COLUMNS_OF_LEGEND = 4
SUBJECT = "promisepy"

# Okabe and Ito's colours, told apart also by those who do not see all of them; the shapes say the same once more.
MARKS = (
    ("#0072b2", "#56b4e9", "circle"),
    ("#d55e00", "#e69f00", "square"),
    ("#009e73", "#2fc79b", "diamond"),
    ("#a3527f", "#cc79a7", "up"),
    ("#7a6a00", "#f0e442", "down"),
    ("#555555", "#b0b0b0", "square"),
    ("#8a3b12", "#d98a5f", "circle"),
    ("#4b4bb5", "#9d9dff", "up"),
    ("#00707a", "#5fd3dd", "diamond"),
)

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b1f24 }
.back { fill: #ffffff } .small { font-size: 11px; fill: #59636e } .title { font-size: 16px; font-weight: 600 }
.grid { stroke: #d8dee4 } .one { stroke: #1b1f24; stroke-width: 1.5 } .stripe { fill: #f4f6f8 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .back { fill: #0d1117 } .small { fill: #9198a1 }
.grid { stroke: #30363d } .one { stroke: #e6edf3 } .stripe { fill: #161b22 }
}
"""

Document = dict[str, Any]


class Axis:
    """Places ratios on a logarithmic scale."""

    def __init__(self, ratios: Sequence[float]) -> None:
        self._low = math.floor(math.log10(min([*ratios, 0.5])) * 2) / 2
        self._high = math.ceil(math.log10(max([*ratios, 2.0])) * 2) / 2

    def x(self, ratio: float) -> float:
        """Return where on the page."""
        share = (math.log10(ratio) - self._low) / (self._high - self._low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def ticks(self) -> Iterator[float]:
        """Give the round numbers of the scale."""
        for power in range(math.floor(self._low), math.ceil(self._high) + 1):
            for digit in (1, 2, 5):
                tick = digit * 10.0**power
                if self._low <= math.log10(tick) <= self._high:
                    yield tick


def draw(document: Document) -> str:
    """Return the chart as SVG."""
    rows = [one for one in document["scenarios"] if one["kind"] != "bytes"]
    cells = {(cell["scenario"], cell["library"]): cell for cell in document["cells"] if cell["ratio"]}
    baseline, *libraries = document["versions"]
    shown = [name for name in libraries if any(library == name for _, library in cells)]
    drawn = {row["name"] for row in rows}
    axis = Axis([ratio for (name, _), cell in cells.items() if name in drawn for ratio in cell["ratio"].values()])
    height = TOP + ROW * len(rows) + 60
    title = f"Time as a multiple of {baseline}: further left is faster"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}{_colours(shown)}</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}" rx="8"/>',
        _text(20, 30, title, "title"),
        *_legend(shown),
        *_scale(axis, len(rows)),
    ]
    for number, row in enumerate(rows):
        parts.append(_text(20, _y(number) + 4, row["title"].replace("`", "")))
        # The subject comes last and so lies on top.
        for name in sorted(shown, key=lambda name: name == SUBJECT):
            if (row["name"], name) in cells:
                parts.append(_cell(cells[row["name"], name], axis.x, _y(number), shown.index(name)))
    parts += [_text(20, height - 14, _conditions(document), "small"), "</svg>"]
    return "\n".join(parts) + "\n"


def _y(number: int) -> int:
    return TOP + ROW * number + ROW // 2


def _colours(libraries: Sequence[str]) -> str:
    light, dark = [], []
    for number, _ in enumerate(libraries):
        for_light, for_dark, _ = MARKS[number % len(MARKS)]
        light.append(f".m{number} {{ fill: {for_light}; stroke: {for_light} }}")
        dark.append(f".m{number} {{ fill: {for_dark}; stroke: {for_dark} }}")
    hollow = ".hollow { fill: none; stroke-width: 1.5 }"
    return "\n".join([*light, "@media (prefers-color-scheme: dark) {", *dark, "}", hollow, ""])


def _legend(libraries: Sequence[str]) -> Iterator[str]:
    step = (WIDTH - 40) // COLUMNS_OF_LEGEND
    for number, name in enumerate(libraries):
        x, y = 26 + number % COLUMNS_OF_LEGEND * step, 52 + number // COLUMNS_OF_LEGEND * 20
        yield _mark(x, y, number, size=7 if name == SUBJECT else 5)
        yield _text(x + 14, y + 4, name)


def _scale(axis: Axis, rows: int) -> Iterator[str]:
    bottom = TOP + ROW * rows
    for number in range(0, rows, 2):
        yield f'<rect class="stripe" x="10" y="{TOP + ROW * number}" width="{WIDTH - 20}" height="{ROW}"/>'
    for tick in axis.ticks():
        x = axis.x(tick)
        kind = "one" if tick == 1 else "grid"
        yield f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"/>'
        yield _text(x, bottom + 16, f"{tick:g}", "small", "middle")


def _cell(cell: dict[str, Any], x: Any, y: int, number: int) -> str:
    ratio = cell["ratio"]
    low, high = x(ratio["low"]), x(ratio["high"])
    is_subject = cell["library"] == SUBJECT
    # Hollow is what the table marks with a note: less work, or other work.
    mark = _mark(x(ratio["middle"]), y, number, size=7 if is_subject else 5, is_hollow=cell["reason"] is not None)
    tip = f"{cell['library']}: {ratio['middle']:.2f} ({ratio['low']:.2f}-{ratio['high']:.2f})"
    if cell["reason"]:
        tip += f"; {cell['reason']}"
    line = f'<line class="m{number}" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>'
    return f"<g><title>{escape(tip)}</title>{line}{mark}</g>"


def _mark(x: float, y: float, number: int, size: int, *, is_hollow: bool = False) -> str:
    shape = MARKS[number % len(MARKS)][2]
    kind = f'class="m{number}{" hollow" if is_hollow else ""}"'
    if shape == "circle":
        return f'<circle {kind} cx="{x:.1f}" cy="{y}" r="{size}"/>'
    corners = {
        "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
        "up": ((0, -1.2), (1.1, 0.9), (-1.1, 0.9)),
        "down": ((0, 1.2), (1.1, -0.9), (-1.1, -0.9)),
    }[shape]
    points = " ".join(f"{x + size * across * 0.9:.1f},{y + size * down * 0.9:.1f}" for across, down in corners)
    return f'<polygon {kind} points="{points}"/>'


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    attributes = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}"{attributes}>{escape(text)}</text>'


def _conditions(document: Document) -> str:
    conditions = document["environment"]
    facts = (conditions["python"], conditions["machine"], conditions["date"], f"promisepy {conditions['build']}")
    return f"Hollow: less work, or other work; bars: quartiles. {', '.join(facts)}."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.chart", description=__doc__)
    options.add_argument("result", type=Path, help="what --json has written")
    options.add_argument("chart", type=Path, help="the SVG file to write")
    chosen = options.parse_args(arguments)
    document = json.loads(chosen.result.read_text("utf-8"))
    chosen.chart.write_text(draw(document), "utf-8")


if __name__ == "__main__":
    main()
