"""Fixtures of the callback tests."""

from __future__ import annotations

from ..support import _cheap_collections

__all__ = ["_cheap_collections"]
