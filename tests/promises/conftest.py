"""Fixtures for tests of what a promise does."""

from __future__ import annotations

from ..awaiting.conftest import kind
from ..support import _cheap_collections

__all__ = ["_cheap_collections", "kind"]
