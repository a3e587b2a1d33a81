"""`using`: a resource is released once, in whatever way the wait for it ends (bluebird#1303)."""

from __future__ import annotations

import asyncio
import gc
import signal
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Report, using

from ..cancellation.helpers import fail, is_cancelled
from ..support import PATIENCE, dependants, on_a_thread, turn, turns
from .resources import Connection, ended, hold

pytestmark = pytest.mark.usefixtures("nothing_lost")


def unchanged(promise: Promise[Any]) -> Promise[Any]:
    return promise


# How the promise that is used comes from that of the connection, and whether the producer is told if nobody wants it.
WAYS: dict[str, tuple[Callable[[Promise[Any]], Promise[Any]], bool]] = {
    "itself": (unchanged, True),
    "then": (lambda promise: promise.then(lambda resource: resource), False),
    "finally": (lambda promise: promise.finally_(lambda: None), False),
    "follower": (lambda promise: Promise(lambda resolve, reject: resolve(promise)), False),
    "handler": (lambda promise: Promise.resolve(1).then(lambda _: promise), False),
    "shield": (lambda promise: promise.shield(), False),
    "timeout": (lambda promise: promise.timeout(PATIENCE), True),
    "two timeouts": (lambda promise: promise.timeout(PATIENCE).timeout(2 * PATIENCE), True),
    "race": (lambda promise: Promise.race([promise]), False),
}
each_way = pytest.mark.parametrize(("derive", "stops"), WAYS.values(), ids=WAYS.keys())


class TestCancelled:
    """The wait is cancelled; the resource comes all the same, and is released once, when it comes."""

    @each_way
    def test_before_the_resource_comes(self, derive: Any, stops: bool) -> None:
        async def main() -> None:
            connection = Connection()
            task = asyncio.create_task(hold(connection, derive(connection.promise)))
            await turns()
            task.cancel()
            assert (await ended(task), connection.released) == ("cancelled", [])
            assert len(connection.stopped) == stops
            connection.arrive()
            await turns(10)
            assert connection.released == [connection]

        asyncio.run(main())

    @each_way
    def test_in_the_tick_in_which_the_resource_comes(self, derive: Any, stops: bool) -> None:
        for settle_first in (False, True):

            async def main(settle_first: bool) -> None:
                connection = Connection()
                task = asyncio.create_task(hold(connection, derive(connection.promise)))
                await turns()
                acts: list[Callable[[], object]] = [task.cancel, connection.arrive]
                for act in reversed(acts) if settle_first else acts:
                    act()
                assert await ended(task) in ("cancelled", "held")
                await turns(10)
                assert connection.released == [connection]

            asyncio.run(main(settle_first))

    @each_way
    def test_by_somebody_else(self, derive: Any, stops: bool) -> None:
        async def main() -> None:
            connection = Connection()
            promise = derive(connection.promise)
            task = asyncio.create_task(hold(connection, promise))
            await turns()
            promise.cancel()
            assert (await ended(task), connection.released) == ("Cancelled", [])
            assert len(connection.stopped) == stops
            connection.arrive()
            await turns(10)
            assert connection.released == [connection]

        asyncio.run(main())

    def test_the_producer_is_told_and_may_bring_it_nevertheless(self) -> None:
        async def main() -> None:
            connection = Connection()
            connection.d.on_cancel(connection.arrive)
            task = asyncio.create_task(hold(connection))
            await turns()
            task.cancel()
            await ended(task)
            assert connection.released == [connection]

        asyncio.run(main())

    def test_a_producer_that_comes_after_the_cancellation_is_told_at_once(self) -> None:
        connection = Connection()
        used = connection.using()
        connection.promise.cancel()
        connection.d.on_cancel(connection.arrive)
        turn()
        assert connection.released == [connection]
        del used

    def test_callbacks_that_the_promise_keeps_alive_bring_it_late(self) -> None:
        released: list[str] = []
        d = Promise[str].with_resolvers(keep_alive=True)
        library = weakref.ref(d.resolve)  # holds its callback weakly
        promise, used = d.promise, using(d.promise, released.append)
        del d
        promise.cancel()
        callback: Any = library()
        callback("late")
        del callback
        turn()
        assert (released, library()) == (["late"], None)
        del used

    def test_what_somebody_else_awaits_stays_pending_until_it_comes(self) -> None:
        async def main() -> None:
            connection = Connection()
            other = connection.promise.then(lambda resource: "seen")
            task = asyncio.create_task(hold(connection))
            await turns()
            task.cancel()
            assert (await ended(task), connection.promise.state) == ("cancelled", "pending")
            connection.arrive()
            assert await other == "seen"
            await turns()
            assert connection.released == [connection]

        asyncio.run(main())

    def test_one_of_two_users_gives_up(self) -> None:
        async def main() -> None:
            connection = Connection()
            first, second = (asyncio.create_task(hold(connection)) for _ in range(2))
            await turns()
            first.cancel()
            assert (await ended(first), connection.promise.state) == ("cancelled", "pending")
            second.cancel()
            assert (await ended(second), len(connection.stopped)) == ("cancelled", 1)

        asyncio.run(main())

    def test_a_handler_on_the_way_does_its_work(self) -> None:
        async def main() -> None:
            connection, log = Connection(), list[str]()

            def login(resource: object) -> object:
                log.append("login")
                return resource

            task = asyncio.create_task(hold(connection, connection.promise.then(login)))
            await turns()
            task.cancel()
            await ended(task)
            connection.arrive()
            await turns(10)
            assert (log, connection.released) == (["login"], [connection])

        asyncio.run(main())

    def test_a_rejection_that_comes_late_is_not_reported(self, reports: list[Report]) -> None:
        async def main() -> None:
            connection = Connection()
            task = asyncio.create_task(hold(connection))
            await turns()
            task.cancel()
            await ended(task)
            connection.reject(ValueError("late"))

        asyncio.run(main())
        gc.collect()
        assert reports == []

    def test_a_failure_of_a_late_release_is_reported(self, reports: list[Report]) -> None:
        connection = Connection()
        used = using(connection.promise, fail)
        connection.promise.cancel()
        connection.arrive()
        turn()
        del used
        assert [str(report.reason) for report in reports] == ["reason"]
        reports.clear()

    def test_on_another_thread_it_is_released_at_home(self) -> None:
        connection = Connection()
        used = connection.using()
        on_a_thread(connection.promise.cancel)
        on_a_thread(connection.arrive)
        assert connection.released == []
        turn()
        assert connection.released == [connection]
        del used


class TestTimeOut:
    """The time of the promise that is used is up, or that of a wait."""

    def test_what_comes_after_a_timeout_of_the_promise_is_released(self) -> None:
        connection = Connection()
        with pytest.raises(TimeoutError), connection.using(connection.promise.timeout(0.001)):
            pytest.fail("the block ran")
        connection.arrive()
        turn()
        assert connection.released == [connection]

    def test_what_comes_when_the_time_of_a_cancelled_one_is_up_is_released(self) -> None:
        connection = Connection()
        late = connection.promise.timeout(0.001)
        used = connection.using(late)
        late.cancel()
        Promise.delay(0.01).wait(timeout=PATIENCE)
        connection.arrive()
        turn()
        assert connection.released == [connection]
        del used

    def test_a_connection_that_somebody_else_awaits_goes_on_before_a_cancelled_timeout(self) -> None:
        connection = Connection()
        other, late = connection.promise.then(), connection.promise.timeout(PATIENCE)
        used = connection.using(late)
        late.cancel()
        assert (connection.promise.state, connection.stops) == ("pending", 0)
        connection.arrive()
        assert other.wait(timeout=PATIENCE) is connection
        turn()
        assert connection.released == [connection]
        del used

    def test_a_timeout_of_asyncio(self) -> None:
        async def main() -> None:
            connection = Connection()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001), connection.using():
                    pytest.fail("the block ran")
            await turns()
            assert (is_cancelled(connection.promise), len(connection.stopped)) == (True, 1)
            connection.arrive()
            await turns()
            assert connection.released == [connection]

        asyncio.run(main())

    @pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")
    def test_a_wait_that_a_signal_ends(self) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        connection = Connection()
        previous = signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            with pytest.raises(KeyboardInterrupt), connection.using():
                pytest.fail("the block ran")
        finally:
            signal.signal(signal.SIGALRM, previous)
        assert (is_cancelled(connection.promise), connection.stops) == (True, 1)
        connection.arrive()
        turn()
        assert connection.released == [connection]


def test_a_promise_that_can_not_be_stopped_is_cancelled_and_its_resource_released() -> None:
    async def main() -> None:
        connection = Connection(stops=False)
        task = asyncio.create_task(hold(connection))
        await turns()
        task.cancel()
        await ended(task)
        assert (is_cancelled(connection.promise), dependants(connection.promise)) == (True, 0)
        with pytest.raises(Cancelled):
            await connection.promise
        connection.arrive()
        await turns()
        assert connection.released == [connection]

    asyncio.run(main())


@pytest.mark.parametrize("comes", [True, False], ids=["comes", "fails"])
def test_a_resource_that_comes_when_its_home_has_ended_is_reported(comes: bool, reports: list[Report]) -> None:
    made: list[Connection] = []
    on_a_thread(lambda: made.append(Connection()))
    connection = made[0]
    other = connection.promise.then()
    future = other.to_future()  # depends on the promise, too, and observes

    async def main() -> str:
        task = asyncio.create_task(hold(connection))
        await turns()
        task.cancel()
        return await ended(task)

    assert asyncio.run(main()) == "cancelled"
    if comes:
        connection.arrive()
    else:
        connection.reject(ValueError("reason"))
    assert connection.released == []
    assert [report.kind for report in reports] == (["stuck"] if comes else [])
    assert future.done()
    reports.clear()
