"""What tests of several folders share."""

from __future__ import annotations

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
