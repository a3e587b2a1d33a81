"""A program for Pyodide, which has no threads, and whose loop is the browser's: promises under its tasks and timers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import js
from pyodide.ffi import create_once_callable

from promisepy import Promise, set_report_hook


async def later(value: Any) -> Any:
    await asyncio.sleep(0.01)
    return value


async def pending() -> Any:
    promise, resolve, _ = Promise[str].with_resolvers()
    asyncio.get_running_loop().call_later(0.01, resolve, "value")
    return await promise


async def from_javascript() -> Any:
    """Hand `resolve` to JavaScript, which calls it with no frame of Python below."""
    promise, resolve, _ = Promise[Any].with_resolvers()
    js.setTimeout(create_once_callable(resolve), 10, "value")
    return await promise.timeout(5)


async def chained() -> Any:
    return await Promise.all([later(1), Promise.resolve(2), 3]).then(lambda values: later(sum(values)))


async def gathered() -> Any:
    return await asyncio.gather(Promise.resolve(1), Promise.resolve(later(2)))


async def delayed() -> Any:
    return await Promise.delay(0.01, "late")


async def timed_out() -> Any:
    promise, *_functions = Promise[None].with_resolvers()
    return await promise.timeout(0.01)


async def timed_out_by_asyncio() -> Any:
    promise, *_functions = Promise[None].with_resolvers()
    async with asyncio.timeout(0.01):
        return await promise


async def cancelled() -> Any:
    seen: list[str] = []
    promise, *functions = Promise[None].with_resolvers(on_cancel=lambda: seen.append("stopped"))
    promise.cancel()
    await promise.catch(lambda error: seen.append(type(error).__name__))
    del functions
    return seen


async def waited() -> Any:
    return Promise.resolve(1).wait()


async def dropped() -> Any:
    promise, resolve, reject = Promise[None].with_resolvers()
    del resolve, reject
    return await promise


async def forgotten() -> Any:
    """Drop a promise with its functions: nobody can miss its outcome, so nothing is reported."""
    reports: list[Any] = []
    previous = set_report_hook(reports.append)
    Promise[None].with_resolvers()
    await asyncio.sleep(0)
    set_report_hook(previous)
    return reports


async def unhandled() -> Any:
    reports: list[Any] = []
    previous = set_report_hook(reports.append)
    Promise.reject(ValueError("lost"))
    set_report_hook(previous)
    return [report.kind for report in reports]


async def outcome(function: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await function()
    except Exception as error:
        return type(error).__name__


async def main() -> str:
    functions = (
        pending,
        from_javascript,
        chained,
        gathered,
        delayed,
        timed_out,
        timed_out_by_asyncio,
        cancelled,
        waited,
        dropped,
        forgotten,
        unhandled,
    )
    return json.dumps({function.__name__: await outcome(function) for function in functions})
