"""How long an import takes on top of ``import asyncio``, each time in a new process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from statistics import median

from benchmarks.children import settings
from benchmarks.contract import Library
from benchmarks.markdown import duration, table

_PROGRAM = """\
import asyncio
from time import perf_counter
start = perf_counter()
import {module}
print(perf_counter() - start)
"""


def measure_imports(libraries: Sequence[type[Library]], rounds: int) -> dict[str, list[float]]:
    """Return seconds by module, the modules interleaved."""
    # asyncio has imported concurrent.futures itself.
    modules = list(dict.fromkeys(kind.module for kind in libraries if kind.module not in (None, "concurrent.futures")))
    samples: dict[str, list[float]] = {str(module): [] for module in modules}
    for module in samples:
        _import(module)  # unmeasured: compiles it, and reads its files for the first time
    for _ in range(rounds):
        for module, seconds in samples.items():
            seconds.append(_import(module))
    return samples


def as_markdown(samples: dict[str, list[float]]) -> str:
    """Return a table of one row."""
    cells = [duration(median(seconds)) for seconds in samples.values()]
    return table(["import, on top of `import asyncio`", *samples], [["time", *cells]])


def _import(module: str) -> float:
    program = [sys.executable, "-c", _PROGRAM.format(module=module)]
    done = subprocess.run(program, env=settings(), capture_output=True, text=True, check=True)
    return float(done.stdout)
