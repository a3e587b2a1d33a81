"""Requests that nobody wants any more: their keys are free again, and nothing of them stays (S13)."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Replies

from ..support import PATIENCE, Mainloop
from ..threads.explorer import Race, explorer, files

pytestmark = pytest.mark.slow

HOUR = 3600.0
TABLES = files("replies", "atomic")


def turn() -> None:
    """Run what a script's home has to do."""
    Promise.resolve().then().wait(timeout=PATIENCE)


class TestACancelledRequest:
    def test_leaves_the_table(self) -> None:
        replies: Replies[int, str] = Replies(timeout=HOUR)
        promise = replies[1]
        assert promise.cancel()
        turn()
        assert (len(replies), 1 in replies, replies._entries) == (0, False, {})
        assert isinstance(promise.reason, Cancelled)

    def test_does_not_stand_in_the_way_of_the_next_one_for_the_same_key(self) -> None:
        replies: Replies[int, str] = Replies()
        first = replies[1]
        first.cancel()
        second = replies[1]
        try:
            assert second is not first
            assert second.state == "pending"
            assert len(replies) == 1
            turn()
            replies.resolve(1, "answer")
            assert second.value == "answer"
        finally:
            assert isinstance(first.reason, Cancelled)

    def test_no_longer_counts_as_waiting(self) -> None:
        replies: Replies[int, str] = Replies()
        promise = replies[1]
        promise.cancel()
        assert isinstance(promise.reason, Cancelled)
        assert (len(replies), 1 in replies) == (0, False)

    def test_whose_answer_comes_late_leaves_it_to_the_next_one(self) -> None:
        replies: Replies[int, str] = Replies()
        promise = replies[1]
        promise.cancel()
        turn()
        replies.resolve(1, "late")
        assert isinstance(promise.reason, Cancelled)
        assert replies[1].value == "late"

    def test_stops_its_timer(self) -> None:
        async def main() -> None:
            replies: Replies[int, str] = Replies(timeout=HOUR)
            promise = replies[1]
            await asyncio.sleep(0)
            promise.cancel()
            for _ in range(3):
                await asyncio.sleep(0)
            assert isinstance(promise.reason, Cancelled)
            loop: Any = asyncio.get_running_loop()
            assert [handle for handle in loop._scheduled if not handle.cancelled()] == []

        asyncio.run(main())

    def test_is_freed_by_reference_counts_alone(self) -> None:
        gc.disable()
        try:
            replies: Replies[int, str] = Replies(timeout=HOUR)
            promise = replies[1]
            reference = weakref.ref(promise)
            promise.cancel()
            turn()
            assert isinstance(promise.reason, Cancelled)
            del promise
            assert reference() is None
        finally:
            gc.enable()

    def test_may_be_cancelled_by_a_finaliser_that_the_collector_finds_together_with_the_table(self) -> None:
        class Finaliser:
            def __del__(self) -> None:
                self.promise.cancel()

            promise: Promise[str]

        finaliser = (
            Finaliser()
        )  # before the table, in whose order they are finalised; then nobody knows the table weakly
        cycle: list[Any] = [finaliser, Replies[int, str]()]
        cycle.append(cycle)
        promise = finaliser.promise = cycle[1][1]
        gc.disable()
        try:
            del finaliser, cycle
            gc.collect()
        finally:
            gc.enable()
        assert isinstance(promise.reason, Cancelled)


class TestACancelledTask:
    def test_frees_the_key_of_what_only_it_awaited(self) -> None:
        async def main() -> None:
            replies: Replies[int, str] = Replies(timeout=HOUR)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await replies[1]
            await Promise.resolve().then()
            assert (len(replies), replies._entries) == (0, {})

        asyncio.run(main())

    def test_leaves_alone_what_somebody_else_awaits(self) -> None:
        async def main() -> str:
            replies: Replies[int, str] = Replies()
            tasks = [asyncio.ensure_future(value_of(replies[1])) for _ in range(2)]
            await asyncio.sleep(0)
            tasks[0].cancel()
            await asyncio.wait(tasks[:1])
            assert 1 in replies
            replies.resolve(1, "answer")
            return await tasks[1]

        assert asyncio.run(main()) == "answer"


async def value_of(promise: Promise[str]) -> str:
    return await promise


def test_cancel_and_answer(mainloop: Mainloop) -> None:
    def make() -> Race:
        replies: Replies[int, str] = Replies()
        promise = replies[1]

        def check() -> None:
            mainloop.finish()
            assert promise.value == "answer" or isinstance(promise.reason, Cancelled)
            assert len(replies) == 0
            second = replies[1]
            replies.resolve(1, "last")
            assert second.value in ("answer", "last")
            assert replies._entries.keys() <= {1}

        return Race((promise.cancel, lambda: replies.resolve(1, "answer")), check)

    with explorer(2, watched=TABLES | files("cancel")) as search:
        search.explore(make)


def test_ask_and_cancel_of_what_another_thread_asked_for(mainloop: Mainloop) -> None:
    with explorer(2, watched=TABLES) as search:

        def make() -> Race:
            replies: Replies[int, str] = Replies()
            given: list[Promise[str]] = []

            def cancel() -> None:
                given.append(replies[1])
                given[-1].cancel()

            def check() -> None:
                search.on(0, turn)  # the homes of the two forget what has been cancelled
                search.on(1, turn)
                given.append(replies[1])
                replies.resolve(1, "last")
                outcomes = {type(promise.reason) if promise.reason else promise.value for promise in given}
                assert outcomes == {Cancelled, "last"}, "a cancelled promise stays in the table for ever"

            return Race((lambda: given.append(replies[1]), cancel), check)

        search.explore(make)


def test_ask_and_answer_leave_what_reference_counts_can_free(mainloop: Mainloop) -> None:
    def make() -> Race:
        replies: Replies[int, str] = Replies(timeout=HOUR)
        found: list[Promise[str]] = []

        def check() -> None:
            mainloop.finish()
            reference = weakref.ref(found[0])
            assert found.pop().value == "answer"
            assert reference() is None, "only the garbage collector can free it"

        return Race((lambda: found.append(replies[1]), lambda: replies.resolve(1, "answer")), check)

    with explorer(2, watched=TABLES) as search:
        search.explore(make)
