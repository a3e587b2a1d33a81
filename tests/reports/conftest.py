"""Fixtures for tests of reports: debug mode, or none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from promisepy import debug
from promisepy._core.reports import settings


@pytest.fixture(autouse=True)
def same_settings() -> Iterator[None]:
    """The whole suite may run in debug mode: leave it as it was."""
    sites, strict = settings.sites, settings.strict
    yield
    settings.sites, settings.strict = sites, strict


@pytest.fixture
def debug_mode() -> None:
    debug.enable()


@pytest.fixture
def no_debug_mode() -> None:
    debug.disable()


@pytest.fixture
def strict() -> None:
    debug.enable(strict=True)
