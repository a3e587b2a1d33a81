"""S10: a promise whose resolving functions are gone says so, and does not stay pending for good."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from itertools import permutations
from typing import Any

import pytest

from promisepy import BrokenPromise, Promise, Report, debug

from ..support import turn
from .test_unhandled import REASON


class TestBroken:
    """When the library drops its callbacks, the promise says so instead of staying pending for good."""

    def test_dropping_both_functions_rejects_at_once(self) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        del resolve
        assert promise.state == "pending"
        del reject
        assert isinstance(promise.reason, BrokenPromise)

    def test_an_executor_that_keeps_nothing_breaks_its_promise(self) -> None:
        promise = Promise[Any](lambda resolve, reject: None)
        assert isinstance(promise.reason, BrokenPromise)

    def test_keeping_one_of_the_functions_is_enough(self) -> None:
        for keep in (1, 2):
            resolvers = Promise[Any].with_resolvers()
            promise, kept = resolvers[0], resolvers[keep]
            del resolvers
            gc.collect()
            assert promise.state == "pending"
            promise.catch(str)
            kept(REASON)

    def test_a_function_that_was_called_may_go(self) -> None:
        other, resolve_other, _ = Promise[int].with_resolvers()
        promise, resolve, reject = Promise[int].with_resolvers()
        resolve(other)
        del resolve, reject
        gc.collect()
        turn()
        assert promise.state == "pending"
        resolve_other(1)
        assert promise.wait(timeout=10) == 1

    def test_handlers_and_waiters_see_it(self) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        child = promise.then(str).catch(BrokenPromise, lambda error: "broken")
        del promise, resolve, reject
        assert child.wait(timeout=10) == "broken"

    def test_functions_that_refer_to_themselves_break_it_when_they_are_collected(self) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        cycle: list[Any] = [resolve, reject]
        cycle.append(cycle)
        del resolve, reject, cycle
        gc.collect()
        assert isinstance(promise.reason, BrokenPromise)

    def test_a_library_that_holds_callbacks_weakly_needs_keep_alive(self) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers(keep_alive=True)
        del resolve, reject
        gc.collect()
        assert promise.state == "pending"

    def test_a_thread_that_drops_them_wakes_a_wait(self) -> None:
        library: list[Any] = []
        promise = Promise[Any](lambda resolve, reject: library.append((resolve, reject)))
        thread = threading.Thread(target=library.clear)
        thread.start()
        with pytest.raises(BrokenPromise):
            promise.wait(timeout=10)
        thread.join()

    def test_a_promise_that_nobody_wants_goes_in_silence(self, reports: list[Report]) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        del promise, resolve, reject
        gc.collect()
        assert reports == []

    @pytest.mark.parametrize("order", [*permutations(("promise", "resolve", "reject"))], ids=" ".join)
    @pytest.mark.parametrize("mode", ["strict", "usual"])
    def test_in_whichever_order_they_go(self, order: tuple[str, ...], mode: str, reports: list[Report]) -> None:
        debug.enable(strict=mode == "strict")
        names = Promise[Any].with_resolvers()._asdict()
        for name in order:
            del names[name]
        turn()
        gc.collect()
        assert reports == []

    def test_nor_does_a_slot_that_is_used_again_after_a_timeout(self, reports: list[Report]) -> None:
        class Client:
            def __init__(self) -> None:
                self.connected = Promise[None].with_resolvers()

            async def connect(self) -> None:
                promise = self.connected.promise
                try:
                    await asyncio.wait_for(promise, 0.001)
                finally:
                    self.connected = Promise[None].with_resolvers()

        async def main() -> None:
            with pytest.raises(TimeoutError):
                await Client().connect()

        asyncio.run(main())
        gc.collect()
        assert reports == []

    def test_one_that_is_held_without_a_look_is_reported_when_its_loop_ends(self, reports: list[Report]) -> None:
        async def main() -> Promise[int]:
            return Promise[int].with_resolvers().promise

        held = asyncio.run(main())
        assert [report.kind for report in reports] == ["broken"]
        assert held.state == "rejected"

    def test_a_delay_whose_loop_ends_is_reported_only_if_it_is_held(self, reports: list[Report]) -> None:
        async def main() -> Promise[None]:
            Promise.delay(60)
            return Promise.delay(60)

        held = asyncio.run(main())
        assert [(report.kind, report.count) for report in reports] == [("stuck", 1)]
        del held

    @pytest.mark.usefixtures("strict")
    def test_one_that_is_held_is_reported_by_strict_mode_when_the_queue_is_empty(self, reports: list[Report]) -> None:
        held = Promise[int].with_resolvers().promise
        turn()
        assert [report.kind for report in reports] == ["broken"]
        del held

    def test_one_that_somebody_waits_for_in_vain_is_reported_as_broken(self, reports: list[Report]) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        promise.then(str)
        del promise, resolve, reject
        turn()
        assert [report.kind for report in reports] == ["broken"]

    def test_the_message_names_the_line_and_the_way_out(self, debug_mode: None) -> None:
        promise, resolve, reject = Promise[Any].with_resolvers()
        line = sys._getframe().f_lineno - 1
        del resolve, reject
        assert f"{__file__}:{line}" in str(promise.reason)
        assert "keep_alive=True" in str(promise.reason)

    def test_without_debug_mode_the_message_says_how_to_see_the_line(self) -> None:
        debug.disable()
        promise = Promise[Any](lambda resolve, reject: None)
        assert "PROMISEPY_DEBUG=1" in str(promise.reason)
