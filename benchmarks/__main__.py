"""``python -m benchmarks``: measure promisepy beside its peers and print a Markdown table."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.adapters import LIBRARIES
from benchmarks.measure import measure
from benchmarks.report import as_json, as_markdown, environment
from benchmarks.scenarios import BY_NAME, SCENARIOS

DEFAULT_ROUNDS = 15
QUICK_ROUNDS = 3


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    made.add_argument("--quick", action="store_true", help="a tenth of the work: enough to see gross changes")
    made.add_argument("--rounds", type=_positive, help=f"default {DEFAULT_ROUNDS}, quick {QUICK_ROUNDS}")
    made.add_argument("--only", action="append", choices=BY_NAME, metavar="SCENARIO", help="may be repeated")
    made.add_argument("--json", type=Path, metavar="FILE", help="write every sample there as well")
    return made


def main() -> None:
    """Run the command."""
    options = parser().parse_args()
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else DEFAULT_ROUNDS)
    chosen = [scenario for scenario in SCENARIOS if options.only is None or scenario.name in options.only]

    conditions = environment(rounds, quick=options.quick)
    result = measure(chosen, LIBRARIES, rounds, quick=options.quick)
    print(as_markdown(result, conditions))
    if options.json is not None:
        options.json.write_text(json.dumps(as_json(result, conditions), indent=1) + "\n", encoding="utf-8")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("expected a number of rounds of at least 1")
    return number


if __name__ == "__main__":
    main()
