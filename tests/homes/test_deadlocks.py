"""What other libraries got wrong about waiting: with no loop, on a loop's own thread, across threads."""

from __future__ import annotations

import asyncio
import selectors
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from promisepy import DeadlockError, Promise, StuckPromise
from promisepy._core.homes import current_thread_home

LOST = "the loop was asleep and nobody woke it"


class Watched(selectors.DefaultSelector):
    """A selector that calls `asleep` when the loop has nothing to do and goes to sleep without a timer."""

    def __init__(self, asleep: Callable[[], object]) -> None:
        super().__init__()
        self.asleep = asleep

    def select(self, timeout: float | None = None) -> Any:
        if timeout is not None:
            return super().select(timeout)
        self.asleep()
        events = super().select(20)
        assert events, LOST
        return events


def run_quietly(main: Callable[[], Any], asleep: Callable[[], object]) -> Any:
    """Run `main()` on a loop that calls `asleep` each time before it sleeps for an unlimited time."""
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Watched(asleep))) as runner:
        return runner.run(main())


def fail(_: object) -> Any:
    raise ValueError("reason")


@dataclass
class OtherLoop:
    """A loop that runs on a thread of its own."""

    loop: asyncio.AbstractEventLoop
    thread: threading.Thread


@pytest.fixture
def other_loop() -> Iterator[OtherLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield OtherLoop(loop, thread)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Queue(deque[Any]):
    """A queue of jobs; `looked` is called when somebody has just seen that it is empty."""

    def __init__(self, looked: Callable[[], object]) -> None:
        super().__init__()
        self.looked = looked

    def __len__(self) -> int:
        length = super().__len__()
        if not length:
            self.looked()
        return length


class Wakeups(SimpleQueue[None]):
    """What a wait sleeps in. Nobody does while a job is queued for which no wake-up has come."""

    def get(self, block: bool = True, timeout: float | None = None) -> None:
        assert self.qsize() or not current_thread_home().jobs, "asleep with a job"
        super().get(block, timeout)


class TestWait:
    def test_a_timeout_is_the_built_in_class_and_does_not_touch_the_promise(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        with pytest.raises(TimeoutError, match="did not settle within 0 seconds") as caught:
            promise.wait(timeout=0)
        assert type(caught.value) is TimeoutError
        assert promise.state == "pending"
        resolve(1)
        assert promise.wait(timeout=0) == 1

    def test_a_settled_promise_needs_no_time(self) -> None:
        assert Promise.resolve(1).wait(timeout=0) == 1
        assert Promise.resolve(1).wait(timeout=-1) == 1

    @pytest.mark.parametrize("look", range(1, 5))  # two of `drain`, one before a last check, one before it sleeps
    def test_ends_though_the_promise_settles_right_after_a_look_at_the_queue(
        self, monkeypatch: pytest.MonkeyPatch, look: int
    ) -> None:
        promise, resolve, _ = Promise[str].with_resolvers()
        looks = count(1)
        queue = Queue(lambda: next(looks) == look and resolve("settled"))  # as another thread does, or a signal handler
        monkeypatch.setattr(current_thread_home(), "jobs", queue)
        monkeypatch.setattr(current_thread_home(), "_wakeups", Wakeups())
        assert promise.wait(20) == "settled"

    @pytest.mark.parametrize("timeout", ["1", True, float("nan"), object()])
    def test_a_timeout_that_is_no_number_of_seconds_is_refused(self, timeout: Any) -> None:
        with pytest.raises(
            TypeError,
            match=r"expected a timeout in seconds or None, got .*write timeout=2\.5",
        ):
            Promise.resolve(1).wait(timeout=timeout)

    def test_on_the_thread_of_a_running_loop_is_refused_at_once(self) -> None:
        async def main() -> None:
            for promise in (Promise.resolve(1), Promise[int].with_resolvers(keep_alive=True).promise):
                with pytest.raises(RuntimeError, match="write await promise"):
                    promise.wait()

        asyncio.run(main())

    def test_in_a_handler_under_a_loop_is_refused_as_well(self) -> None:
        async def main() -> str:
            return await Promise.resolve().then(lambda _: Promise.resolve(1).wait()).catch(RuntimeError, str)

        assert "write await promise" in asyncio.run(main())

    def test_in_a_handler_of_a_script_runs_the_jobs_that_it_needs(self) -> None:
        seen: list[str] = []

        def outer(_: Any) -> str:
            inner = Promise.resolve("inner").then(str.upper)
            seen.append(inner.wait(timeout=10))
            return "outer"

        first = Promise.resolve().then(outer)
        Promise.resolve().then(lambda _: seen.append("beside"))
        assert first.wait(timeout=10) == "outer"
        assert seen == ["beside", "INNER"]

    def test_in_a_handler_in_a_handler_and_so_on(self) -> None:
        def nested(depth: int) -> int:
            return Promise.resolve(depth - 1).then(nested).wait(timeout=10) + 1 if depth else 0

        assert nested(20) == 20

    def test_in_a_handler_works_while_a_coroutine_is_under_way(self) -> None:
        async def work() -> int:
            await asyncio.sleep(0)
            return 1

        def wait_for_more(value: int) -> str:
            return Promise.resolve(value + 1).then(str).wait(timeout=10)

        promise = Promise.resolve(work()).then(wait_for_more)
        assert promise.wait(timeout=10) == "2"

    def test_drains_what_came_before_the_promise_settled(self) -> None:
        seen: list[int] = []
        for n in range(3):
            Promise.resolve(n).then(seen.append)
        Promise.resolve().then().wait()
        assert seen == [0, 1, 2]

    def test_sees_what_another_thread_settles(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        seen: list[threading.Thread] = []
        child = promise.then(lambda value: seen.append(threading.current_thread()) or value)
        thread = threading.Thread(target=resolve, args=(1,))
        thread.start()
        assert child.wait(timeout=10) == 1
        thread.join()
        assert seen == [threading.current_thread()]

    def test_polls_a_library_that_must_be_polled(self) -> None:
        deliveries: SimpleQueue[Callable[[], None]] = SimpleQueue()
        promise, resolve, _ = Promise[int].with_resolvers()
        polls: list[None] = []

        def poll() -> None:
            polls.append(None)
            if len(polls) == 3:
                deliveries.put(lambda: resolve(1))
            try:
                deliveries.get_nowait()()
            except Empty:
                pass

        assert promise.then(str).wait(timeout=10, pump=poll) == "1"
        assert len(polls) == 3

    def test_raises_what_the_pump_raises(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        with pytest.raises(OSError, match="broker"):
            promise.wait(pump=lambda: (_ for _ in ()).throw(OSError("broker")))
        resolve(1)

    @pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
    def test_is_interrupted_by_ctrl_c(self) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        main = threading.main_thread().ident
        killer = threading.Thread(target=signal.pthread_kill, args=(main, signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            killer.start()
            promise.wait(timeout=10)
        resolve(1)
        assert promise.wait(timeout=10) == 1


class TestDeadlock:
    """Waiting for what can only settle after the wait is an error, not a hang."""

    @pytest.mark.parametrize(
        "target",
        [
            lambda own: own,
            lambda own: own.then().then(str),
            lambda own: own.finally_(lambda: None),
            lambda own: Promise(lambda resolve, reject: resolve(own)),
            lambda own: Promise.all([Promise.resolve(1), own]),
            lambda own: Promise.all_settled([own]),
            lambda own: Promise.all_keyed({"own": own}),
            lambda own: own.shield(),
            lambda own: Promise.map(lambda _: own, [1]),
            lambda own: Promise.resolve(1).finally_(lambda: own),
        ],
        ids=[
            "itself",
            "descendant",
            "finally",
            "follower",
            "all",
            "all_settled",
            "all_keyed",
            "shield",
            "map",
            "finally that waits for it",
        ],
    )
    def test_a_handler_that_waits_for_its_own_promise(self, target: Callable[[Any], Promise[Any]]) -> None:
        seen: list[Any] = []

        def wait_for_own(_: Any) -> None:
            for one in targets:
                try:
                    seen.append(one.wait(timeout=5))
                except DeadlockError as error:
                    seen.append("deadlock" in str(error))

        own = Promise.resolve().then(wait_for_own)
        targets = [target(own)]
        own.wait(timeout=20)
        assert seen == [True]

    def test_a_handler_that_waits_for_what_is_about_to_follow_its_own_promise(self) -> None:
        async def make() -> Any:
            return Promise[Any].with_resolvers()

        def wait_for_own(_: Any) -> None:
            follower.resolve(own)
            follower.promise.wait(timeout=5)

        loop = asyncio.new_event_loop()  # stands still, and so does the job in which one starts to follow the other
        follower = loop.run_until_complete(make())
        own: Promise[Any] = Promise.resolve().then(wait_for_own)
        with pytest.raises(DeadlockError, match="settles only after the handler"):
            own.wait(timeout=20)
        with pytest.raises(DeadlockError):
            loop.run_until_complete(follower.promise)
        loop.close()

    def test_a_handler_may_wait_for_its_own_promise_for_so_long(self) -> None:
        own: Promise[Any] = Promise.resolve().then(lambda _: limited[0].wait(timeout=5))
        limited = [own.timeout(0.001)]
        with pytest.raises(TimeoutError):
            own.wait(timeout=20)

    def test_a_handler_may_wait_for_a_race_that_something_else_can_win(self) -> None:
        own: Promise[Any] = Promise.resolve().then(lambda _: races[0].wait(timeout=10))
        races = [Promise.race([own, Promise.resolve("other").then()])]
        assert own.wait(timeout=10) == "other"

    def test_a_promise_that_another_one_follows_may_be_waited_for(self) -> None:
        inner, outer = Promise.delay(0.001, "inner"), Promise[str].with_resolvers()
        outer.resolve(inner)
        assert inner.wait(timeout=10) == "inner"

    @pytest.mark.parametrize("length", [2, 3])
    def test_promises_that_follow_one_another(self, length: int) -> None:
        circle = [Promise[Any].with_resolvers() for _ in range(length)]
        for one, other in zip(circle, [*circle[1:], circle[0]], strict=True):
            one.resolve(other.promise)
        for _ in range(2):
            with pytest.raises(DeadlockError, match="follows a promise that follows it"):
                circle[0].promise.wait(timeout=5)

    def test_what_comes_after_promises_that_follow_one_another(self) -> None:
        first, second = Promise[Any].with_resolvers(), Promise[Any].with_resolvers()
        first.resolve(second.promise)
        second.resolve(first.promise)
        with pytest.raises(DeadlockError):
            first.promise.then().then().wait(timeout=5)

    @pytest.mark.parametrize(
        "derive",
        [
            lambda nothing: nothing,
            lambda nothing: nothing.then().catch(str).finally_(lambda: None),
            lambda nothing: Promise(lambda resolve, reject: resolve(nothing)),
            lambda nothing: Promise.resolve().then(lambda _: nothing.then(str)),
        ],
        ids=["itself", "descendant", "follower", "handler"],
    )
    def test_a_race_of_nothing(self, derive: Callable[[Promise[Any]], Promise[Any]]) -> None:
        promise = derive(Promise.race([]))
        for _ in range(2):
            with pytest.raises(DeadlockError, match=r"a race of nothing"):
                promise.wait(timeout=5)
        assert promise.state == "pending"

    @pytest.mark.parametrize(
        ("derive", "outcome"),
        [
            (lambda nothing: Promise.race([nothing, Promise.delay(0.001, 1)]), 1),
            (lambda nothing: Promise.race(iter([Promise.delay(0.001, 1)])), 1),
            (lambda nothing: nothing.timeout(0.001).catch(TimeoutError, lambda error: 2), 2),
            (lambda nothing: Promise.all([nothing, Promise.delay(0.001).then(fail)]).catch(lambda error: 3), 3),
        ],
        ids=["race", "iterator", "timeout", "all"],
    )
    def test_no_race_of_nothing_where_something_else_may_come(
        self, derive: Callable[[Promise[Any]], Promise[Any]], outcome: int
    ) -> None:
        assert derive(Promise.race([])).wait(timeout=10) == outcome

    def test_a_race_of_nothing_that_was_cancelled_has_an_outcome(self) -> None:
        nothing = Promise.race([])
        follower = Promise[Any](lambda resolve, reject: resolve(nothing))
        nothing.cancel()
        assert follower.catch(lambda error: type(error).__name__).wait(timeout=10) == "Cancelled"

    def test_what_follows_a_circle_is_no_endless_search(self) -> None:
        first, second = Promise[Any].with_resolvers(), Promise[Any].with_resolvers()
        first.resolve(second.promise)
        second.resolve(first.promise)
        follower = Promise[Any](lambda resolve, reject: resolve(first.promise))
        with pytest.raises(DeadlockError, match="follows a promise that follows it"):
            follower.wait(timeout=5)

    def test_a_deadlock_is_a_runtime_error(self) -> None:
        assert issubclass(DeadlockError, RuntimeError)


class TestLoops:
    def test_a_loop_that_sleeps_is_woken_by_another_thread(self) -> None:
        with ThreadPoolExecutor(1) as pool:
            promise, resolve, _ = Promise[int].with_resolvers(keep_alive=True)

            async def main() -> int:
                return await promise.then(lambda value: value + 1)

            assert run_quietly(main, lambda: pool.submit(resolve, 1)) == 2

    @pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
    def test_a_loop_that_sleeps_is_woken_by_a_signal_handler_on_its_own_thread(self) -> None:
        settle: list[Any] = []

        async def main() -> int:
            promise, resolve, _ = Promise[int].with_resolvers()
            settle.append(resolve)
            return await promise.then(lambda value: value + 1)

        before = signal.signal(signal.SIGUSR1, lambda *_: settle[0](1))
        try:
            assert run_quietly(main, lambda: signal.raise_signal(signal.SIGUSR1)) == 2
        finally:
            signal.signal(signal.SIGUSR1, before)

    def test_a_loop_that_sleeps_is_woken_when_the_library_drops_its_callbacks(self) -> None:
        with ThreadPoolExecutor(1) as pool:
            library: list[Any] = []

            async def main() -> str:
                promise = Promise[Any](lambda resolve, reject: library.append((resolve, reject)))
                return await promise.catch(lambda error: type(error).__name__)

            assert run_quietly(main, lambda: pool.submit(library.clear)) == "BrokenPromise"

    def test_handlers_run_at_home_and_await_resumes_on_the_loop_of_its_task(
        self,
        other_loop: OtherLoop,
    ) -> None:
        made: Future[tuple[Promise[None], Any]] = Future()
        threads: dict[str, threading.Thread] = {}

        def make() -> None:
            promise, resolve, _ = Promise[None].with_resolvers()
            child = promise.then(lambda _: threads.update(handler=threading.current_thread()))
            made.set_result((child, resolve))

        async def main(child: Promise[None], resolve: Any) -> None:
            asyncio.get_running_loop().call_soon(resolve)
            await child
            threads["awaiting"] = threading.current_thread()

        other_loop.loop.call_soon_threadsafe(make)
        asyncio.run(main(*made.result(timeout=10)))
        assert threads == {"handler": other_loop.thread, "awaiting": threading.current_thread()}

    def test_two_loops_may_await_the_same_promise(self, other_loop: OtherLoop) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()

        async def read() -> int:
            return await promise

        async def main() -> list[int]:
            other = asyncio.run_coroutine_threadsafe(read(), other_loop.loop)
            own = asyncio.create_task(read())
            await asyncio.sleep(0)
            resolve(1)
            return [await own, await asyncio.wrap_future(other)]

        assert asyncio.run(main()) == [1, 1]

    def test_a_loop_that_is_started_later_on_the_thread_runs_the_handlers(self) -> None:
        seen: list[str] = []
        queued = Promise.resolve("queued").then(seen.append)
        promise, resolve, _ = Promise[str].with_resolvers()
        child = promise.then(seen.append)

        async def main() -> None:
            asyncio.get_running_loop().call_soon(resolve, "resolved")
            await child

        asyncio.run(main())
        assert seen == ["queued", "resolved"]
        assert queued.state == "fulfilled"

    def test_a_script_goes_on_when_its_loop_has_ended(self) -> None:
        async def main() -> Promise[int]:
            return promise.then(lambda value: value + 1)

        promise, resolve, _ = Promise[int].with_resolvers()
        child = asyncio.run(main())
        resolve(1)
        assert child.wait(timeout=10) == 2

    def test_a_settled_promise_can_be_awaited_by_a_later_loop(self) -> None:
        async def make() -> Promise[int]:
            promise = Promise.resolve(1).then(lambda value: value + 1)
            await promise
            return promise

        async def read(promise: Promise[int]) -> int:
            return await promise

        assert asyncio.run(read(asyncio.run(make()))) == 2

    def test_a_handler_whose_loop_has_ended_is_an_error_and_not_lost(self, reports: list[Any]) -> None:
        async def make() -> tuple[Promise[int], Any]:
            promise, resolve, _ = Promise[int].with_resolvers()
            return promise.then(lambda value: value + 1), resolve

        child, resolve = asyncio.run(make())
        resolve(1)
        assert isinstance(child.reason, StuckPromise)
        assert "the event loop" in str(child.reason)
        assert reports == []

    def test_nobody_wanting_to_know_a_handler_whose_loop_has_ended_is_reported(
        self,
        reports: list[Any],
    ) -> None:
        async def make() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            promise.then(lambda value: value + 1)
            return resolve

        asyncio.run(make())(1)
        assert [report.kind for report in reports] == ["stuck"]

    def test_asyncio_takes_a_promise_wherever_it_takes_an_awaitable(self) -> None:
        def later(value: int) -> Promise[int]:
            return Promise.resolve(value).then()

        async def main() -> list[Any]:
            async def read(promise: Promise[int]) -> int:
                return await promise

            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(read(later(n))) for n in range(2)]
            return [
                await asyncio.gather(later(1), later(2)),
                await asyncio.wait_for(later(3), 10),
                await asyncio.shield(later(4)),
                await asyncio.ensure_future(later(5)),
                [task.result() for task in tasks],
            ]

        assert asyncio.run(main()) == [[1, 2], 3, 4, 5, [0, 1]]

    def test_await_of_a_settled_promise_does_not_suspend(self) -> None:
        async def read() -> list[int]:
            return [await Promise.resolve(n) for n in range(3)]

        with pytest.raises(StopIteration) as stopped:
            read().send(None)
        assert stopped.value.value == [0, 1, 2]

    def test_await_resumes_in_order_with_handlers(self) -> None:
        async def main() -> list[str]:
            promise, resolve, _ = Promise[None].with_resolvers()
            seen: list[str] = []

            async def read(name: str) -> None:
                await promise
                seen.append(name)

            promise.then(lambda _: seen.append("first"))
            tasks = [asyncio.create_task(read("second"))]
            await asyncio.sleep(0)
            promise.then(lambda _: seen.append("third"))
            tasks.append(asyncio.create_task(read("fourth")))
            await asyncio.sleep(0)
            resolve()
            await asyncio.gather(*tasks)
            return seen

        assert asyncio.run(main()) == ["first", "second", "third", "fourth"]
