"""A short soak finds nothing, and would find what it is there for."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from promisepy import Promise, Report

from . import soak
from .soak import CASES, Worker, run

pytestmark = pytest.mark.slow

SECONDS = 60


def test_a_short_run_finds_no_problem() -> None:
    findings = run(promises=3000, seconds=SECONDS, seed=1)
    assert findings.problems == []
    assert findings.promises >= 3000
    assert set(findings.outcomes) >= {"fulfilled", "Planned", "BrokenPromise", "Cancelled", "TimeoutError"}


kept: list[Any] = []


def keeping(worker: Worker) -> Promise[Any]:
    kept.append(Promise.resolve(bytearray(100_000)))
    return Promise.resolve()


def unhandled(worker: Worker) -> Promise[Any]:
    Promise.reject(soak.Planned())
    return Promise.resolve()


def wrong(worker: Worker) -> Promise[Any]:
    return Promise.reject(LookupError("wrong"))


def pending(worker: Worker) -> Promise[Any]:
    kept.append(Promise[Any].with_resolvers())
    return kept[-1].promise


@pytest.mark.parametrize(
    ("fault", "problems"),
    [
        (keeping, ["promises are still alive", "bytes are still in use"]),
        (unhandled, ["reported: a promise was rejected with Planned"]),
        (wrong, ["unexpected: LookupError"]),
        (pending, ["stopped by ", "outcomes"]),
    ],
)
def test_a_fault_is_found(
    monkeypatch: pytest.MonkeyPatch, reports: list[Report], fault: Any, problems: list[str]
) -> None:
    monkeypatch.setattr(soak, "CASES", [*CASES, fault])
    monkeypatch.setattr(soak, "STUCK", 0.2)
    found = "\n".join(run(promises=1000, seconds=SECONDS, seed=1).problems)
    # What the faults have left comes to an end here, where reports are collected.
    kept.clear()
    gc.collect()
    for problem in problems:
        assert problem in found
