"""The kinds of event loop that drive a home."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

try:
    import uvloop
except ImportError:
    uvloop = None

needs_uvloop = pytest.mark.skipif(uvloop is None, reason="uvloop is not installed")
NewLoop = Callable[[], asyncio.AbstractEventLoop]
new_uvloop = uvloop.new_event_loop if uvloop else asyncio.new_event_loop
on_each_loop = pytest.mark.parametrize(
    "new_loop",
    [
        pytest.param(asyncio.new_event_loop, id="asyncio"),
        pytest.param(new_uvloop, id="uvloop", marks=needs_uvloop),
    ],
)
