"""PySide6's own loop, which is Qt's and asyncio's: Qt's dialogues and event loops, and no host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from on_qt import application, dialog, later, loop, turns
from PySide6 import QtAsyncio

__all__ = ["dialog", "host", "later", "loop", "run", "stop", "turns"]

event_loop = QtAsyncio.QAsyncioEventLoop(application)
asyncio.set_event_loop(event_loop)


def host() -> None:
    return None


def run(start: Callable[[], object]) -> None:
    event_loop.call_soon(start)
    event_loop.run_forever()
    event_loop.close()


def stop() -> None:
    event_loop.stop()
