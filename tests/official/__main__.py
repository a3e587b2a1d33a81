"""Run the official Promises/A+ suite against promisepy: `python -m tests.official [pattern of test names]`."""

from __future__ import annotations

import sys

from .suite import run

outcome = run(pattern=" ".join(sys.argv[1:]))
print(*outcome.failures, sep="\n", end="\n" if outcome.failures else "")
print(
    f"{outcome.passes} pass, {len(outcome.failures)} fail, on CPython {outcome.python} (Pyodide, Node {outcome.node})"
)
sys.exit(bool(outcome.failures))
