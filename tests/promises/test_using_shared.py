"""`using`: several users of one promise, of whom the last one who leaves releases the resource."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from promisepy import Promise, Report, submit, using
from promisepy._promises.using import _holds

from ..cancellation.helpers import is_cancelled
from ..support import PATIENCE, dependants, on_a_thread, turn, turns
from .resources import Connection, ended, hold

pytestmark = pytest.mark.usefixtures("nothing_lost")

Derive = Callable[[Promise[Any]], Promise[Any]]
# What two users may be given that is the same resource.
SAME: dict[str, tuple[Derive, Derive]] = {
    "itself": (lambda promise: promise, lambda promise: promise),
    "itself and a timeout": (lambda promise: promise, lambda promise: promise.timeout(PATIENCE)),
    "a timeout and itself": (lambda promise: promise.timeout(PATIENCE), lambda promise: promise),
    "two timeouts": (lambda promise: promise.timeout(PATIENCE), lambda promise: promise.timeout(PATIENCE)),
    "a timeout and one of a timeout": (
        lambda promise: promise.timeout(PATIENCE),
        lambda promise: promise.timeout(PATIENCE).timeout(PATIENCE),
    ),
}
each_pair = pytest.mark.parametrize("pair", SAME.values(), ids=SAME.keys())


class User:
    """A task in a block of `using`, which it leaves when it is told to; it notes what it does."""

    def __init__(self, name: str, promise: Promise[Any], log: list[str]) -> None:
        self._leaving = asyncio.Event()
        self._log = log
        self._name = name
        self.task = asyncio.create_task(self._use(promise))

    async def _use(self, promise: Promise[Any]) -> None:
        async with using(promise, lambda _: self._log.append(f"released by {self._name}")):
            self._log.append(f"{self._name} in")
            await self._leaving.wait()

    async def leave(self) -> str:
        self._leaving.set()
        return await ended(self.task)

    async def give_up(self) -> str:
        self.task.cancel()
        return await ended(self.task)


def users(pair: tuple[Derive, Derive], connection: Connection, log: list[str]) -> tuple[User, User]:
    first, second = (derive(connection.promise) for derive in pair)
    return User("first", first, log), User("second", second, log)


@each_pair
class TestTwo:
    """Two users of one resource, in tasks."""

    def test_the_last_who_leaves_releases_it(self, pair: tuple[Derive, Derive]) -> None:
        async def main(*, is_first: bool) -> list[str]:
            connection, log = Connection(), list[str]()
            first, second = users(pair, connection, log)
            await turns()
            connection.arrive()
            await turns()
            assert sorted(log) == ["first in", "second in"]
            log.clear()
            early, last = (first, second) if is_first else (second, first)
            await early.leave()
            assert log == []
            await last.leave()
            return log

        assert asyncio.run(main(is_first=True)) == ["released by second"]
        assert asyncio.run(main(is_first=False)) == ["released by first"]

    def test_one_gives_up_and_the_other_goes_on(self, pair: tuple[Derive, Derive], reports: list[Report]) -> None:
        async def main() -> list[str]:
            connection, log = Connection(), list[str]()
            first, second = users(pair, connection, log)
            await turns()
            assert (await first.give_up(), connection.stopped) == ("cancelled", [])
            connection.arrive()
            await turns(10)
            assert log == ["second in"]
            await second.leave()
            return log

        assert asyncio.run(main()) == ["second in", "released by second"]
        assert reports == []

    def test_both_give_up_before_it_comes(self, pair: tuple[Derive, Derive]) -> None:
        async def main(*, is_wanted: bool) -> list[str]:
            connection, log = Connection(), list[str]()
            first, second = users(pair, connection, log)
            other = connection.promise.then() if is_wanted else None
            await turns()
            await second.give_up()
            assert connection.promise.state == "pending"
            await first.give_up()
            assert (is_cancelled(connection.promise), len(connection.stopped)) == (not is_wanted, not is_wanted)
            assert log == []
            connection.arrive()
            await turns(10)
            del other
            return log

        for is_wanted in (True, False):
            assert asyncio.run(main(is_wanted=is_wanted)) == ["released by first"]

    def test_one_gives_up_in_the_tick_in_which_it_comes(self, pair: tuple[Derive, Derive]) -> None:
        async def main(*, comes_first: bool) -> list[str]:
            connection, log = Connection(), list[str]()
            first, second = users(pair, connection, log)
            await turns()
            acts: list[Callable[[], object]] = [connection.arrive, first.task.cancel]
            for act in acts if comes_first else reversed(acts):
                act()
            assert await ended(first.task) == "cancelled"
            await turns(10)
            assert log == ["second in"]
            await second.leave()
            return log

        for comes_first in (True, False):
            assert asyncio.run(main(comes_first=comes_first)) == ["second in", "released by second"]

    def test_who_comes_when_it_is_there_is_a_user_like_others(self, pair: tuple[Derive, Derive]) -> None:
        async def main() -> list[str]:
            connection, log = Connection(), list[str]()
            first = User("first", pair[0](connection.promise), log)
            await turns()
            connection.arrive()
            await turns()
            later = pair[1](connection.promise)
            await turns()  # a `timeout` has handed on the resource by then
            second = User("second", later, log)
            await turns()
            await first.leave()
            assert log == ["first in", "second in"]
            await second.leave()
            return log

        assert asyncio.run(main()) == ["first in", "second in", "released by second"]

    def test_it_fails_and_nothing_is_released(self, pair: tuple[Derive, Derive]) -> None:
        async def main() -> list[str]:
            connection, log = Connection(), list[str]()
            first, second = users(pair, connection, log)
            await turns()
            await first.give_up()
            connection.reject(ValueError("no connection"))
            assert await ended(second.task) == "ValueError"
            await turns(10)
            return log

        assert asyncio.run(main()) == []


def test_what_has_failed_is_no_resource() -> None:
    """Who has given up the wait for it does not release the reason, though somebody else has waited on."""

    async def main() -> None:
        connection = Connection()
        other = connection.promise.catch(OSError, lambda error: "told")
        task = asyncio.create_task(hold(connection))
        await turns()
        task.cancel()
        assert (await ended(task), connection.promise.state) == ("cancelled", "pending")
        connection.reject(OSError("lost"))
        assert await other == "told"
        await turns(10)
        assert connection.released == []

    asyncio.run(main())


@pytest.mark.parametrize("stops", [True, False])
def test_what_comes_after_a_timeout_is_released_once(stops: bool) -> None:
    """Also if nobody can stop its producer, so that the promise before the timeout goes on."""
    connection = Connection(stops=stops)
    with pytest.raises(TimeoutError), connection.using(connection.promise.timeout(0.001)):
        pytest.fail("the block ran")
    assert is_cancelled(connection.promise) is stops
    connection.arrive()
    turn()
    assert connection.released == [connection]


def test_what_comes_after_a_timeout_is_released_although_its_user_never_entered() -> None:
    connection = Connection(stops=False)
    late = connection.promise.timeout(0.001)
    used = connection.using(late)
    assert late.catch(TimeoutError, lambda error: "late").wait(timeout=PATIENCE) == "late"
    connection.arrive()
    turn()
    assert connection.released == [connection]
    del used


def test_the_last_gives_up_although_it_has_come() -> None:
    """The task has not learnt of it yet, and those who have been in their blocks have left."""

    async def main() -> list[str]:
        connection, log = Connection(), list[str]()
        connection.arrive()
        async with using(connection.promise, lambda _: log.append("released by the first")):
            second = asyncio.create_task(use(connection.promise, log))
            await asyncio.sleep(0)
            second.cancel()
        assert log == []
        assert await ended(second) == "cancelled"
        return log

    async def use(promise: Promise[Any], log: list[str]) -> None:
        async with using(promise.timeout(PATIENCE), lambda _: log.append("released by the second")):
            pytest.fail("the block ran")

    assert asyncio.run(main()) == ["released by the second"]


def test_one_times_out_and_the_other_goes_on() -> None:
    async def main() -> list[str]:
        connection, log = Connection(), list[str]()
        first = User("first", connection.promise.timeout(0.001), log)
        second = User("second", connection.promise.timeout(PATIENCE), log)
        assert await ended(first.task) == "TimeoutError"
        assert connection.stopped == []
        connection.arrive()
        await turns(10)
        assert log == ["second in"]
        await second.leave()
        return log

    assert asyncio.run(main()) == ["second in", "released by second"]


def test_who_comes_after_the_last_has_left_is_refused() -> None:
    connection = Connection()
    connection.arrive()
    with connection.using():
        pass
    with pytest.raises(RuntimeError, match="has not been released") as caught, connection.using():
        pytest.fail("the block ran")
    assert "make a new promise" in str(caught.value)

    async def main() -> None:
        async with connection.using():
            pytest.fail("the block ran")

    with pytest.raises(RuntimeError, match="whose last user has left"):
        asyncio.run(main())
    assert connection.released == [connection]
    assert _holds[id(connection.promise)][1]._shares == []  # nothing of the refused ones


def test_one_context_manager_may_be_entered_by_several() -> None:
    async def main() -> None:
        connection = Connection()
        used = connection.using()

        async def use() -> None:
            async with used:
                assert connection.released == []
                await turns()
                assert connection.released == []

        tasks = [asyncio.create_task(use()) for _ in range(3)]
        await turns()
        connection.arrive()
        await asyncio.gather(*tasks)
        assert connection.released == [connection]

    asyncio.run(main())


def test_blocks_may_be_nested() -> None:
    connection = Connection()
    connection.arrive()
    with connection.using():
        with connection.using() as resource:
            assert resource is connection
        assert connection.released == []
    assert connection.released == [connection]


def test_a_failure_of_the_release_is_raised_by_the_one_who_leaves_last() -> None:
    def fail(_: object) -> None:
        raise ValueError("reason")

    promise = Promise.resolve("it")
    with pytest.raises(ValueError, match="reason"), using(promise, fail), using(promise, fail):
        pass


def test_users_on_threads_and_loops(hectic: None) -> None:
    """All are in their blocks at the same time, then leave as they come: it is released once, when all have left."""
    count = 8

    def use(connection: Connection, inside: threading.Barrier) -> None:
        with connection.using(connection.promise.timeout(PATIENCE)):
            inside.wait(PATIENCE)
            assert connection.released == []
            inside.wait(PATIENCE)

    async def use_in_a_task(connection: Connection, inside: threading.Barrier) -> None:
        async with connection.using():
            inside.wait(PATIENCE)
            assert connection.released == []
            inside.wait(PATIENCE)

    with ThreadPoolExecutor(count) as pool:
        for _ in range(10):
            connection, inside = Connection(), threading.Barrier(count)
            ways = [use, lambda *arguments: asyncio.run(use_in_a_task(*arguments))]
            done = [submit(pool, ways[number % 2], connection, inside) for number in range(count)]
            connection.arrive()
            Promise.all(done).wait(timeout=PATIENCE)
            assert connection.released == [connection]


class TestNothingIsLeft:
    """What users share goes with their promise, and a long-lived promise keeps nothing of those who have given up."""

    def test_on_a_promise_that_stays_pending(self) -> None:
        async def main() -> None:
            connection = Connection()
            other = connection.promise.then()
            for seconds in [None, PATIENCE, 0.0] * 20:
                promise = connection.promise if seconds is None else connection.promise.timeout(seconds)
                task = asyncio.create_task(hold(connection, promise))
                await turns(2)
                task.cancel()
                await asyncio.wait([task])
                await turns()
            assert dependants(connection.promise) == 2  # `other`, and one who watches
            connection.arrive()
            assert await other is connection
            await turns()
            assert connection.released == [connection]

        asyncio.run(main())

    def test_of_a_promise_that_is_gone(self, no_gc: None) -> None:
        before = len(_holds)
        for end in ("resolve", "reject", "drop"):
            d = Promise[str].with_resolvers()
            derived = d.promise.timeout(PATIENCE)
            released: list[str] = []
            one: Any = None
            used = [using(d.promise, released.append), using(derived, released.append)]
            assert len(_holds) == before + 2
            if end == "resolve":
                d.resolve("it")
                with used[0], used[1]:
                    pass
                assert released == ["it"]
            elif end == "reject":
                d.reject(ValueError("reason"))
                for one in used:
                    with pytest.raises(ValueError, match="reason"), one:
                        pytest.fail("the block ran")
            gone = weakref.ref(d.promise)
            derived.cancel()
            one = None
            del d, derived, used
            turn()
            assert (gone(), len(_holds)) == (None, before)

    def test_of_a_resource_that_refers_to_its_promise(self) -> None:
        connection = Connection()
        connection.arrive()
        with connection.using():
            pass
        gone = weakref.ref(connection)
        del connection
        gc.collect()
        assert gone() is None

    def test_of_a_timeout_on_a_promise_that_stays_pending(self, no_gc: None) -> None:
        promise, resolve, _ = Promise[int].with_resolvers(keep_alive=True)
        other = promise.then()
        for _ in range(5):
            with pytest.raises(TimeoutError):
                promise.timeout(0.001).wait(timeout=PATIENCE)
        assert dependants(promise) == 1
        late = promise.timeout(0.001)
        with pytest.raises(TimeoutError):
            late.wait(timeout=PATIENCE)
        gone = weakref.ref(late)
        del late
        assert gone() is None
        resolve(1)
        assert other.wait(timeout=PATIENCE) == 1


def test_a_second_value_is_no_resource() -> None:
    """As for any promise, the first one counts, also if two calls overtake one another on two threads."""
    released: list[str] = []
    d = Promise[str].with_resolvers()
    used = using(d.promise, released.append)
    d.resolve("first")
    d.promise._fulfil("second")  # what the other call comes to
    turn()
    with used as resource:
        assert (resource, released) == ("first", [])
    assert released == ["first"]


def test_the_home_of_the_promise_releases_what_comes_late() -> None:
    threads: list[str] = []
    connection = Connection()
    other = connection.promise.then()

    async def main() -> None:
        task = asyncio.create_task(use())
        await turns()
        task.cancel()
        await ended(task)

    async def use() -> None:
        async with using(connection.promise, lambda _: threads.append(threading.current_thread().name)):
            pytest.fail("the block ran")

    on_a_thread(lambda: asyncio.run(main()))
    on_a_thread(connection.arrive)
    assert threads == []
    assert other.wait(timeout=PATIENCE) is connection
    turn()
    assert threads == ["MainThread"]
