"""promisepy passes the official Promises/A+ suite, in a CPython that is compiled to WebAssembly."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..model.mutants import named
from ..model.planting import copy
from .suite import TESTS, run

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("node_packages")]


def test_the_whole_suite_passes() -> None:
    outcome = run()
    assert outcome.failures == []
    assert outcome.passes == TESTS


def test_a_planted_fault_is_noticed(tmp_path: Path) -> None:
    package = copy(named("a handler that returns its own promise goes unnoticed"), tmp_path)
    outcome = run(package, "2.3.1.*via return from a fulfilled promise")
    assert len(outcome.failures) == 1
