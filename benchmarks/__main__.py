"""``python -m benchmarks``: measure promisepy beside its peers and print Markdown tables."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import goals, growth, imports, node
from benchmarks.adapters import LIBRARIES
from benchmarks.contract import Library
from benchmarks.measure import Run, measure
from benchmarks.report import as_json, as_markdown, environment
from benchmarks.scenarios import BY_NAME, SCENARIOS, Scenario

DEFAULT_ROUNDS = 15
QUICK_ROUNDS = 3
IMPORT = "import"
"""Taken in processes of its own, so it is no scenario of the table; yet it can be chosen like one."""


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [kind.name for kind in LIBRARIES[1:]]
    made.add_argument("--quick", action="store_true", help="a tenth of the work: enough to see gross changes")
    made.add_argument("--rounds", type=_positive, help=f"default {DEFAULT_ROUNDS}, quick {QUICK_ROUNDS}")
    made.add_argument("--only", action="append", choices=[*BY_NAME, IMPORT], metavar="SCENARIO", help="may be repeated")
    made.add_argument("--library", action="append", choices=names, help="beside the baseline; may be repeated")
    made.add_argument("--no-node", action="store_true", help="no JavaScript, and nothing fetched from npm")
    made.add_argument(
        "--growth",
        type=_positive,
        nargs="?",
        const=growth.LARGEST,
        metavar="LARGEST",
        help=f"time at four sizes up to this one (default {growth.LARGEST:,}); takes minutes",
    )
    made.add_argument("--goals", action="store_true", help="which of promisepy's goals are met")
    made.add_argument("--json", type=Path, metavar="FILE", help="write every sample there as well")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parser().parse_args(arguments)
    document: dict[str, Any] = {}
    for part in parts(options, document):
        print(part, end="\n\n", flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def parts(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[str]:
    """Measure what was asked for, giving one table after the other and filling the document."""
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else DEFAULT_ROUNDS)
    scenarios = [scenario for scenario in SCENARIOS if options.only is None or scenario.name in options.only]
    libraries = [kind for kind in LIBRARIES if kind is LIBRARIES[0] or kind.name in (options.library or [kind.name])]
    conditions = environment(rounds, quick=options.quick)
    run = measure(scenarios, libraries, rounds, quick=options.quick)
    document.update(as_json(run, conditions))
    if scenarios:
        yield as_markdown(run, conditions)
    installed = [kind for kind in libraries if kind.name in run.libraries]
    yield from _processes(options, scenarios, installed, rounds, run, document)
    if options.goals:
        document["goals"] = goals.as_json(document)
        yield goals.as_markdown(document)


def _processes(
    options: argparse.Namespace,
    scenarios: Sequence[Scenario],
    libraries: Sequence[type[Library]],
    rounds: int,
    run: Run,
    document: dict[str, Any],
) -> Iterator[str]:
    """Measure what takes processes of its own."""
    if options.only is None or IMPORT in options.only:
        document["imports"] = imports.measure_imports(libraries, rounds)
        yield imports.as_markdown(document["imports"])
    if not options.no_node and scenarios:
        document["node"] = node.measure_node(scenarios, rounds, quick=options.quick)
        yield node.as_markdown(document["node"], run)
    if options.growth is not None:
        grown = growth.measure_growth(libraries, [scenario.name for scenario in scenarios], options.growth)
        document["growth"] = grown.as_json()
        yield growth.as_markdown(grown)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("expected a whole number of at least 1")
    return number


if __name__ == "__main__":
    main()
