"""Fixtures for the tests of cancellation; in each of them, nothing may be reported that the test has not taken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from promisepy import debug
from promisepy._core.reports import settings

from ..awaiting.conftest import kind, run
from ..support import _cheap_collections

__all__ = ["_cheap_collections", "_nothing_lost", "kind", "mode", "run"]


@pytest.fixture(autouse=True)
def _nothing_lost(nothing_lost: None) -> None:
    """Hold each test to it."""


@pytest.fixture(params=["usual", "debug", "strict"])
def mode(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a test without and with the switches for finding errors."""
    before = settings.sites, settings.strict
    debug.disable() if request.param == "usual" else debug.enable(strict=request.param == "strict")
    yield request.param
    settings.sites, settings.strict = before
