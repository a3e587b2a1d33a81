"""The baseline and promisepy on uvloop's event loop: the same bursts, so that loop and promise are told apart."""

from __future__ import annotations

import asyncio
from typing import Any

from benchmarks.adapters.asyncio_future import AsyncioFuture
from benchmarks.adapters.promisepy import Promisepy
from benchmarks.contract import Library, peer


class OnUvloop(Library):
    distribution = "uvloop"
    module = "uvloop"

    def __init__(self) -> None:
        self._new_loop: Any = peer("uvloop").new_event_loop

    def new_loop(self) -> asyncio.AbstractEventLoop:
        loop: asyncio.AbstractEventLoop = self._new_loop()
        return loop


class FutureOnUvloop(OnUvloop, AsyncioFuture):
    name = "Future on uvloop"


class PromisepyOnUvloop(OnUvloop, Promisepy):
    name = "promisepy on uvloop"
