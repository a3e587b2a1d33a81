"""A program for Pyodide: what handlers and resumed tasks wait for with `run_sync`, which lets JavaScript's loop go on."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from pyodide.ffi import can_run_sync, run_sync

from promisepy import Promise


def later(value: Any) -> Promise[Any]:
    promise, resolve, _ = Promise[Any].with_resolvers()
    asyncio.get_running_loop().call_later(0.01, resolve, value)
    return promise


async def inner(value: str) -> str:
    text: str = await asyncio.wait_for(later(value).then(str.upper), 5)
    return text


async def main() -> str:
    said = [can_run_sync()]
    said.append(await later("awaited"))
    said.append(run_sync(inner("in a resumed task")))
    said.append(run_sync(asyncio.wait_for(Promise.delay(0.01, "delayed"), 5)))
    said.append(await later("in a handler").then(lambda value: run_sync(inner(value))))
    said.append(await later("deep").then(lambda value: run_sync(later(1).then(lambda _: run_sync(inner(value))))))
    said.append(await later("alive"))
    return json.dumps(said)
