"""asyncio's loop, which nest_asyncio lets anybody run again: when it is patched, `APPLY` says."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import nest_asyncio

WHEN = os.environ["APPLY"]
if WHEN == "before the import":
    nest_asyncio.apply()

from promisepy import Promise  # noqa: E402

if WHEN == "after the import":
    nest_asyncio.apply()

event_loop = asyncio.new_event_loop()
asyncio.set_event_loop(event_loop)
if WHEN == "after a promise":

    async def first() -> None:
        await Promise.delay(0)

    event_loop.run_until_complete(first())
    nest_asyncio.apply(event_loop)


def host() -> None:
    return None


def run(start: Callable[[], object]) -> None:
    event_loop.call_soon(start)
    event_loop.run_forever()
    event_loop.run_until_complete(event_loop.shutdown_asyncgens())
    event_loop.close()


def stop() -> None:
    event_loop.stop()


def later(seconds: float, call: Callable[[], object]) -> Callable[[], object]:
    return event_loop.call_later(seconds, call).cancel


def until_complete(opens: Callable[[Callable[[], object]], object]) -> None:
    closed = event_loop.create_future()
    opens(lambda: closed.set_result(None))
    event_loop.run_until_complete(closed)


def run_main(opens: Callable[[Callable[[], object]], object]) -> None:
    async def main() -> None:
        closed = asyncio.get_running_loop().create_future()
        opens(lambda: closed.set_result(None))
        await closed

    asyncio.run(main())
