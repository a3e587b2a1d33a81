"""Native JavaScript promises and bluebird under Node, for orientation: another process, another language."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.contract import LINKS_REJECTED
from benchmarks.markdown import duration, table
from benchmarks.measure import Run
from benchmarks.scenarios import Scenario

NO_NODE = "Node was not found on PATH: no figures of JavaScript promises."
SCRIPT = Path(__file__).with_name("node.js")

_PATIENCE = 300.0
_INSTALLING = 60.0


def measure_node(scenarios: Sequence[Scenario], rounds: int, *, quick: bool) -> dict[str, Any]:
    """Run what Node can do of the scenarios; bluebird is fetched into a directory that is removed again."""
    if shutil.which("node") is None:
        return {"remark": NO_NODE}
    with TemporaryDirectory() as folder:
        bluebird, remark = install_bluebird(Path(folder))
        try:
            return {**run_node(scenarios, rounds, bluebird, quick=quick), "remark": remark}
        except subprocess.CalledProcessError as error:
            # What was measured in Python must not be lost with it.
            return {"remark": f"Node failed, no figures of JavaScript promises:\n{error.stderr}"}


def install_bluebird(folder: Path) -> tuple[Path | None, str | None]:
    """Return where it is, or None and the reason."""
    npm = shutil.which("npm")
    if npm is None:
        return None, "npm was not found on PATH: no figures of bluebird."
    install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "bluebird"]
    try:
        subprocess.run(install, capture_output=True, check=True, timeout=_INSTALLING)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        return None, f"npm could not install it ({type(error).__name__}): no figures of bluebird."
    return folder / "node_modules" / "bluebird", None


def run_node(
    scenarios: Sequence[Scenario], rounds: int, bluebird: Path | None, *, quick: bool, warm: bool = True
) -> dict[str, Any]:
    """Return versions and samples: seconds, or bytes, for one unit."""
    asked = {
        "rounds": rounds,
        "warm": warm,
        "links": LINKS_REJECTED,
        "bluebird": None if bluebird is None else str(bluebird),
        "scenarios": [_asked(scenario, quick=quick) for scenario in scenarios if scenario.kind != "free"],
    }
    node = ["node", "--expose-gc", str(SCRIPT), json.dumps(asked)]
    done = subprocess.run(node, capture_output=True, text=True, check=True, timeout=_PATIENCE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def as_markdown(node: dict[str, Any], run: Run) -> str:
    """Return absolute figures, and how they compare with the baseline of the Python process."""
    cells = {(cell["scenario"], cell["library"]): cell["samples"] for cell in node.get("cells", ())}
    versions: dict[str, str] = node.get("versions", {})
    rows = []
    for scenario in run.scenarios:
        base = run.cells[scenario.name, run.baseline].samples
        texts = [_text(cells.get((scenario.name, library)), base, scenario) for library in versions]
        if any(texts):
            rows.append([f"{scenario.title}, per {scenario.unit}", *texts])
    names = [f"{library} {version}" for library, version in versions.items()]
    remark = node.get("remark")
    parts = [table(["for orientation, under Node", *names], rows)] if rows else []
    return "\n\n".join([*parts, *([remark] if remark else [])])


def _asked(scenario: Scenario, *, quick: bool) -> dict[str, Any]:
    answer = None if scenario.answer is None else scenario.answer(scenario.count)
    calls = scenario.quick_calls if quick else scenario.calls
    return {"name": scenario.name, "count": scenario.count, "calls": calls, "answer": answer}


def _text(samples: list[float] | None, base: list[float], scenario: Scenario) -> str:
    if not samples or not base:
        return ""
    middle = median(samples)
    absolute = f"{middle:,.0f} B" if scenario.kind == "bytes" else duration(middle)
    return f"{absolute} ({middle / median(base):.2f})"
