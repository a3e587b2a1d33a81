"""How time grows with the size, and what the deepest chain costs; run by ``python -m benchmarks --growth``.

Each cell is a process of its own: the peak of a process's memory cannot be lowered again, a library may crash at
these depths, and one that takes too long can be stopped.
"""

from __future__ import annotations

import gc
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import linear_regression, median
from time import perf_counter
from typing import Any, Literal

from benchmarks.adapters import LIBRARIES
from benchmarks.children import command, settings
from benchmarks.contract import Library
from benchmarks.markdown import Notes, duration, table
from benchmarks.measure import Opened, one_burst, sample
from benchmarks.scenarios import BY_NAME, TINY, Scenario

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]  # a module otherwise

GROWING = {
    "chain": "chain of `then`",
    "fan_out": "`then` on one promise",
    "all_of": "`all`",
    "free": "let go of a settled chain",
}
DEEP = "chain"
LARGEST = 1_000_000
PATIENCE = 60.0
"""Seconds after which a process is stopped; nothing that grows linearly comes near."""

_MEMORY = 4 * 2**30
"""Bytes that a process may have: a machine that swaps measures nothing."""

_STEPS = 4
_UNITS = 100_000
_MOST_SAMPLES = 50


@dataclass(slots=True)
class Series:
    """What one library took in one scenario: the seconds of a whole burst, by size."""

    scenario: str
    library: str
    status: Literal["measured", "cannot", "failed"] = "measured"
    reason: str | None = None
    seconds: dict[int, float] = field(default_factory=dict)

    @property
    def exponent(self) -> float | None:
        """Return the slope of the line through the logarithms: 1 is linear, 2 quadratic."""
        if len(self.seconds) < 2:
            return None
        sizes, times = zip(*self.seconds.items(), strict=True)
        return linear_regression([math.log(size) for size in sizes], [math.log(time) for time in times]).slope


@dataclass(slots=True)
class Depth:
    """What the deepest chain takes as a user would run it, with the collector on: time, and the process's peak."""

    library: str
    seconds: float | None = None
    peak_bytes: int | None = None
    reason: str | None = None


@dataclass(slots=True)
class Growth:
    """All of it."""

    sizes: tuple[int, ...]
    series: list[Series]
    depths: list[Depth]

    def as_json(self) -> dict[str, Any]:
        """Return everything that was measured."""
        series = [{**asdict(one), "exponent": one.exponent} for one in self.series]
        return {"sizes": self.sizes, "series": series, "depths": [asdict(one) for one in self.depths]}


def measure_growth(libraries: Sequence[type[Library]], scenarios: Sequence[str], largest: int = LARGEST) -> Growth:
    """Measure four sizes, each ten times the one before, smallest first, and then the depth."""
    sizes = tuple(sorted({max(1, largest // 10**step) for step in range(_STEPS)}))
    series = [_begin(name, kind) for name in GROWING if name in scenarios for kind in libraries]
    for size in sizes:
        for one in series:
            # Whoever failed at a smaller size is not asked again.
            if one.status != "measured":
                continue
            samples = min(_MOST_SAMPLES, max(1, _UNITS // size))
            found = _ask(one.library, one.scenario, size, samples)
            if "failed" in found:
                one.status, one.reason = "failed", f"fails at {size:,}: {found['failed']}"
            else:
                one.seconds[size] = found["seconds"]
    deep = [one for one in series if one.scenario == DEEP]
    return Growth(sizes, series, [_depth(one, largest) for one in deep])


def as_markdown(growth: Growth) -> str:
    """Return the exponents, and below them the depth."""
    libraries = list(dict.fromkeys(one.library for one in growth.series))
    notes = Notes()
    title = f"exponent of time, {growth.sizes[0]:,} to {growth.sizes[-1]:,}; time of the largest"
    rows = []
    for name in dict.fromkeys(one.scenario for one in growth.series):
        cells = [_text(one) + notes.mark(one.reason) for one in growth.series if one.scenario == name]
        rows.append([GROWING[name], *cells])
    if growth.depths:
        cells = [_deep_text(one) + notes.mark(one.reason) for one in growth.depths]
        rows.append([f"chain of {growth.sizes[-1]:,} links, collector on: time, peak memory of the process", *cells])
    return table([title, *libraries], rows, notes)


def measured(library: str, name: str, size: int, samples: int) -> dict[str, Any]:
    """Measure one cell in this process; no samples at all stands for the depth."""
    [kind] = [kind for kind in LIBRARIES if kind.name == library]
    scenario = replace(BY_NAME[name], count=size)
    one = Opened(kind())
    # The many collections at small sizes must not look through everything that was imported.
    gc.freeze()
    try:
        one.run(one_burst(one.library, scenario, TINY))
        if samples == 0:
            return _deepest(one, scenario)
        per_unit = median([one.run(sample(one.library, scenario, 1)) for _ in range(samples)])
        return {"seconds": per_unit * size}
    except Exception as error:  # noqa: BLE001 - to fail is a result too
        return {"failed": f"{type(error).__name__}: {error}"}
    finally:
        gc.unfreeze()
        one.close()


def _deepest(one: Opened, scenario: Scenario) -> dict[str, Any]:
    gc.collect()
    start = perf_counter()
    one.run(one_burst(one.library, scenario, scenario.count))
    return {"seconds": perf_counter() - start, "peak_bytes": _peak()}


def _peak() -> int | None:
    """Return the most memory that this process has had; the figure that `resource` gives may be its parent's."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        return None
    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peaks[0]) * 1024 if peaks else None


def _begin(scenario: str, kind: type[Library]) -> Series:
    if scenario in kind.cannot:
        return Series(scenario, kind.name, "cannot", kind.cannot[scenario])
    return Series(scenario, kind.name, reason=kind.differs.get(scenario))


def _ask(library: str, scenario: str, size: int, samples: int) -> dict[str, Any]:
    child = command("benchmarks.growth", library, scenario, size, samples)
    try:
        done = subprocess.run(child, env=settings(), capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return {"failed": f"stopped after {PATIENCE:.0f} s"}
    if done.returncode < 0:
        return {"failed": f"the process was killed by signal {-done.returncode}"}
    if done.returncode:
        return {"failed": done.stderr.strip().rpartition("\n")[2]}
    # A library may print as well; the result is the last line.
    found: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return found


def _depth(chain: Series, size: int) -> Depth:
    # With the collector on as well, it would fail or take too long in the same way.
    if chain.status != "measured":
        return Depth(chain.library, reason=chain.reason)
    found = _ask(chain.library, DEEP, size, 0)
    if "failed" in found:
        return Depth(chain.library, reason=f"fails at {size:,}: {found['failed']}")
    return Depth(chain.library, found["seconds"], found["peak_bytes"])


def _text(one: Series) -> str:
    if one.status != "measured" and len(one.seconds) < 2:
        return {"cannot": "cannot", "failed": "fails"}[one.status]
    exponent = "" if one.exponent is None else f"{one.exponent:.2f}; "
    return exponent + duration(one.seconds[max(one.seconds)])


def _deep_text(one: Depth) -> str:
    if one.seconds is None:
        return "fails"
    peak = "?" if one.peak_bytes is None else f"{one.peak_bytes / 1e6:,.0f}"
    return f"{one.seconds:.2f} s, {peak} MB"


if __name__ == "__main__":
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    print(json.dumps(measured(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
