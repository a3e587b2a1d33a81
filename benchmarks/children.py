"""How a part of the benchmarks runs in a process of its own: with the same promisepy, and with its bytecode cached."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def command(module: str, *arguments: object) -> list[str]:
    """Give the command line that runs a module of the benchmarks."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def settings() -> dict[str, str]:
    """Give the environment for it."""
    found = find_spec("promisepy")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    path = os.pathsep.join(filter(None, (str(package.parent), str(ROOT), os.environ.get("PYTHONPATH"))))
    # Without cached bytecode, compiling would be measured along with importing.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "PYTHONHASHSEED": "0", "PYTHONPATH": path}
