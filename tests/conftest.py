"""What tests of several folders share."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator

import pytest

from promisepy import Promise, Report, set_report_hook


@pytest.fixture
def reports() -> Iterator[list[Report]]:
    """Collect what promisepy would otherwise report as lost."""
    seen: list[Report] = []
    previous = set_report_hook(seen.append)
    try:
        yield seen
        Promise.resolve().wait()  # jobs that a test has left on this thread are not the next one's
    finally:
        set_report_hook(previous)


@pytest.fixture
def nothing_lost(reports: list[Report]) -> Iterator[None]:
    """Whatever a test leaves, nothing is reported; a test that expects reports takes them out of the list."""
    yield
    Promise.resolve().then().wait(timeout=20)
    gc.collect()
    assert reports == []


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a test after what it is given, without addresses: its name is the same in every process."""
    has_name = isinstance(val, (str, int, float, type, re.Pattern)) or hasattr(val, "__name__")
    return None if has_name else re.sub(r" at 0x\w+| id='\d+'", "", repr(val))
