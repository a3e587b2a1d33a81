"""Twisted: a Deferred takes on the outcome of a promise, and Twisted's own coroutines await promises through one."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Report

from ..servers import library
from ..support import turn

defer = library("twisted.internet.defer", "twisted")


def fire(promise: Promise[Any]) -> Any:
    """Give a Deferred with the outcome of a promise, as the documentation shows it."""
    deferred = defer.Deferred(lambda _: fired.cancel())
    fired = promise.then(deferred.callback, deferred.errback)
    return deferred


class TestTheOtherWay:
    def test_a_deferred_takes_on_a_value_or_a_reason(self, reports: list[Report]) -> None:
        seen: list[Any] = []
        fire(Promise.resolve(5)).addCallback(seen.append)
        error = ValueError("reason")
        fire(Promise.reject(error)).addErrback(lambda failed: seen.append(failed.value))
        turn(1)
        gc.collect()
        assert (seen, reports) == ([5, error], [])

    def test_a_cancelled_promise_is_a_failure(self, reports: list[Report]) -> None:
        promise, _, _ = Promise[int].with_resolvers()
        seen: list[Any] = []
        fire(promise).addErrback(lambda failed: seen.append(failed.type))
        promise.cancel()
        turn(1)
        gc.collect()
        assert (seen, reports) == ([Cancelled], [])

    def test_cancelling_it_cancels_the_promise(self, reports: list[Report]) -> None:
        stopped: list[str] = []
        promise, resolve, _ = Promise[int].with_resolvers(on_cancel=lambda: stopped.append("stopped"))
        deferred, seen = fire(promise), []
        deferred.addErrback(lambda failed: seen.append(failed.type))
        deferred.cancel()
        resolve(5)
        turn(1)
        gc.collect()
        assert (seen, stopped, promise.state) == ([defer.CancelledError], ["stopped"], "rejected")
        assert reports == []

    def test_there_and_back_again(self) -> None:
        assert Promise.resolve(fire(Promise.resolve(defer.succeed(5)))).wait(timeout=20) == 5

    def test_a_coroutine_of_twisted_awaits_a_settled_promise(self) -> None:
        async def work() -> int:
            return await Promise.resolve(5)

        assert Promise.resolve(defer.Deferred.fromCoroutine(work())).wait(timeout=20) == 5

    def test_a_coroutine_of_twisted_that_awaits_a_pending_promise_is_told_why_not(self) -> None:
        promise, _, _ = Promise[int].with_resolvers()

        async def work() -> int:
            return await promise

        with pytest.raises(RuntimeError, match="needs a running asyncio loop"):
            Promise.resolve(defer.Deferred.fromCoroutine(work())).wait(timeout=20)

    def test_it_is_told_so_on_the_asyncio_reactor_s_loop_as_well(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()

        async def work() -> int:
            return await promise

        async def main() -> None:
            with pytest.raises(RuntimeError, match="needs an asyncio task"):
                await Promise.resolve(defer.Deferred.fromCoroutine(work()))

        asyncio.run(main())
        resolve(5)

    def test_it_awaits_a_deferred_made_of_the_promise(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()

        async def work() -> int:
            value: int = await fire(promise)
            return value + 1

        def start(coroutine: Coroutine[Any, Any, int]) -> Promise[int]:
            return Promise.resolve(defer.Deferred.fromCoroutine(coroutine))

        result = start(work())
        resolve(4)
        assert result.wait(timeout=20) == 5
