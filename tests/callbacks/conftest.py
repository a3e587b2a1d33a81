"""Fixtures of the callback tests."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def no_gc() -> Iterator[None]:
    """Leave freeing to reference counts alone."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.fixture(scope="module", autouse=True)
def _cheap_collections() -> Iterator[None]:
    gc.collect()
    gc.freeze()  # what the test runner has made so far need not be looked at in each test
    yield
    gc.unfreeze()
