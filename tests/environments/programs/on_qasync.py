"""qasync's loop, which is Qt's and asyncio's: Qt's dialogues and event loops, and no host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import qasync
from on_qt import application, dialog, later, loop, turns

__all__ = ["dialog", "host", "later", "loop", "run", "stop", "turns"]

event_loop = qasync.QEventLoop(application)
asyncio.set_event_loop(event_loop)


def host() -> None:
    return None


def run(start: Callable[[], object]) -> None:
    event_loop.call_soon(start)
    event_loop.run_forever()
    event_loop.run_until_complete(event_loop.shutdown_asyncgens())
    event_loop.close()


def stop() -> None:
    event_loop.stop()
