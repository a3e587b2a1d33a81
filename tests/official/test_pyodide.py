"""promisepy works in Pyodide: without threads, on a loop that is not asyncio's own."""

from __future__ import annotations

import json

import pytest

from .suite import HERE, node

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("node_packages")
def test_promises_are_awaited_timed_cancelled_and_reported() -> None:
    assert json.loads(node("run.mjs", str(HERE / "awaiting.py"))) == {
        "pending": "value",
        "from_javascript": "value",
        "chained": 6,
        "gathered": [1, 2],
        "delayed": "late",
        "timed_out": "TimeoutError",
        "timed_out_by_asyncio": "TimeoutError",
        "cancelled": ["stopped", "Cancelled"],
        "waited": "RuntimeError",
        "dropped": "BrokenPromise",
        "forgotten": [],
        "unhandled": ["unhandled"],
    }
