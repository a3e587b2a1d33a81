"""The libraries in the order of the table's columns; the first is what the others are divided by."""

from __future__ import annotations

from benchmarks.adapters.aplus import Aplus
from benchmarks.adapters.asyncio_future import AsyncioFuture
from benchmarks.adapters.concurrent_future import ConcurrentFutures
from benchmarks.adapters.on_uvloop import FutureOnUvloop, PromisepyOnUvloop
from benchmarks.adapters.promise import Promise
from benchmarks.adapters.promisepy import Promisepy
from benchmarks.adapters.promisio import Promisio
from benchmarks.adapters.twisted import Twisted
from benchmarks.adapters.vine import Vine
from benchmarks.contract import Library

LIBRARIES: tuple[type[Library], ...] = (
    AsyncioFuture,
    Promisepy,
    FutureOnUvloop,
    PromisepyOnUvloop,
    Promise,
    Promisio,
    Aplus,
    Vine,
    Twisted,
    ConcurrentFutures,
)
