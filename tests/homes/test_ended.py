"""Scripts that a loop drives later, and promises that outlive their loop or thread."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Report, StuckPromise
from promisepy._core.jobs import BURST, Home
from promisepy._core.reports import sweep

from ..adoption.test_adopted_cancelled import Slotted
from ..support import on_a_thread
from .loops import NewLoop, on_each_loop
from .test_timers import Note

Resolver = Callable[..., None]


def run(new_loop: NewLoop, main: Callable[[], Any]) -> Any:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(main())


@on_each_loop
class TestAScriptThatALoopDrivesLater:
    def test_jobs_queued_before_run_in_order(self, new_loop: NewLoop) -> None:
        seen: list[Any] = []
        for n in range(3):
            Promise.resolve(n).then(seen.append)
        last = Promise.resolve("last").then(seen.append)

        async def main() -> None:
            await last

        run(new_loop, main)
        assert seen == [0, 1, 2, "last"]

    def test_a_handler_is_seen_by_plain_asyncio_code(self, new_loop: NewLoop) -> None:
        promise, resolve, _ = Promise[None].with_resolvers()

        async def main() -> bool:
            event = asyncio.Event()
            promise.then(lambda _: event.set())
            asyncio.get_running_loop().call_soon(resolve)
            return await event.wait()

        assert run(new_loop, main)

    def test_one_loop_after_the_other_and_wait_in_between(self, new_loop: NewLoop) -> None:
        seen: list[int] = []
        four = [Promise[int].with_resolvers() for _ in range(4)]
        children = [each.promise.then(seen.append) for each in four]

        async def settle(n: int) -> None:
            thread = threading.Thread(target=four[n].resolve, args=(n,))
            thread.start()
            await children[n]
            thread.join()

        run(new_loop, lambda: settle(0))
        run(new_loop, lambda: settle(1))
        four[2].resolve(2)
        children[2].wait(timeout=30)
        run(new_loop, lambda: settle(3))
        assert seen == [0, 1, 2, 3]

    @pytest.mark.parametrize("again", [False, True], ids=["wait", "loop"])
    def test_jobs_that_a_loop_left_behind_run_next_time(self, new_loop: NewLoop, again: bool) -> None:
        seen: list[int] = []
        script = Promise.resolve()

        async def leave() -> None:
            for n in range(2 * BURST):
                script.then(lambda _, n=n: seen.append(n))

        async def finish() -> None:
            await script.then()

        run(new_loop, leave)
        if again:
            run(new_loop, finish)
        else:
            script.then().wait(timeout=30)
        assert seen == list(range(2 * BURST))


def leave_jobs(new_loop: NewLoop, count: int) -> list[Promise[Any]]:
    """Close a loop that still has so many jobs queued."""
    loop = new_loop()

    async def make() -> Any:
        return Promise[int].with_resolvers()

    promise, resolve, _ = loop.run_until_complete(make())
    left = [promise.then(print) for _ in range(count)]
    resolve(1)  # the loop is open and will be asked to drain, but never runs again
    loop.close()
    return left


async def outcome(promise: Promise[Any]) -> Any:
    return await Promise.resolve().then(lambda _: promise).catch(lambda error: type(error))


async def read_stuck(child: Promise[Any], resolve: Resolver) -> None:
    asyncio.get_running_loop().call_soon(resolve, 1)
    with pytest.raises(StuckPromise):
        await child


@on_each_loop
class TestALoopThatHasClosed:
    def test_handlers_get_the_error_at_once(self, new_loop: NewLoop, reports: list[Report]) -> None:
        async def make() -> Any:
            return Promise[int].with_resolvers()

        promise, resolve, _ = run(new_loop, make)
        children = [promise.then(print), promise.catch(print), promise.finally_(print)]
        resolve(1)
        assert [type(child.reason) for child in children] == [StuckPromise] * 3
        assert promise.value == 1
        assert reports == []

    def test_a_coroutine_under_another_loop_gets_it(self, new_loop: NewLoop, reports: list[Report]) -> None:
        async def make() -> Any:
            promise, resolve, _ = Promise[int].with_resolvers()
            return promise.then(print), resolve

        child, resolve = run(new_loop, make)
        run(new_loop, lambda: read_stuck(child, resolve))
        assert reports == []

    def test_jobs_left_are_reported(self, new_loop: NewLoop, reports: list[Any]) -> None:
        leave_jobs(new_loop, 3).clear()
        sweep()  # as at exit, if the home goes no sooner
        assert [(report.kind, report.count) for report in reports] == [("stuck", 1), ("stuck", 2)]

    def test_many_jobs_left_in_it_fail_without_recursion(self, new_loop: NewLoop, reports: list[Any]) -> None:
        left = leave_jobs(new_loop, 3 * BURST)
        assert run(new_loop, lambda: outcome(left[-1])) is StuckPromise
        assert {type(promise.reason) for promise in left} == {StuckPromise}
        assert reports == []


def make_on_ended_thread() -> tuple[Promise[Any], Promise[Any], Resolver]:
    made: Future[Any] = Future()
    thread = threading.Thread(target=lambda: made.set_result(Promise[Any].with_resolvers()), name="gone")
    thread.start()
    thread.join()
    promise, resolve, _ = made.result(timeout=0)
    return promise, promise.then(print), resolve


class TestAThreadThatHasEnded:
    def test_handlers_get_the_error_at_once(self, reports: list[Report]) -> None:
        promise, child, resolve = make_on_ended_thread()
        resolve(1)
        assert isinstance(child.reason, StuckPromise)
        assert "'gone'" in str(child.reason)
        assert promise.value == 1
        assert reports == []

    def test_what_nobody_holds_is_reported(self, reports: list[Report]) -> None:
        make_on_ended_thread()[2](1)
        assert [(report.kind, report.home) for report in reports] == [("stuck", "thread 'gone'")]

    def test_what_was_queued_when_it_ended_is_reported(self, reports: list[Report]) -> None:
        thread = threading.Thread(target=lambda: [Promise.resolve().then(print) for _ in range(3)].clear())
        thread.start()
        thread.join()
        assert [(report.kind, report.count) for report in reports] == [("stuck", 3)]

    def test_a_long_chain_fails_without_recursion(self, reports: list[Report]) -> None:
        _, last, resolve = make_on_ended_thread()
        for _ in range(BURST):
            last = last.then()
        resolve(1)
        assert isinstance(last.reason, StuckPromise)
        assert reports == []

    def test_what_was_cancelled_before_is_not_stuck(self) -> None:
        made: list[Promise[Any]] = []

        def work() -> None:
            follower = Promise[Any].with_resolvers()
            follower.resolve(Promise.resolve(1).then(str))
            made.extend([Promise.resolve(1).then(str), follower.promise])
            for promise in made:
                promise.cancel()

        on_a_thread(work)
        assert [type(promise.reason) for promise in made] == [Cancelled, Cancelled]

    def test_promises_of_every_kind_get_it(self) -> None:
        pending, resolve, _ = Promise[int].with_resolvers()
        made: list[Promise[Any]] = []

        def work() -> None:
            source, settle, _ = Promise[int].with_resolvers()
            made.extend([source.shield(), Promise.map(lambda _: pending, [1, 2])])
            made.extend([Promise.resolve(2).finally_(lambda: source), Promise.all([source])])
            Promise.resolve().then().wait(timeout=30)
            settle(1)
            made.append(Promise.map(str, [1, 2]))

        on_a_thread(work)
        resolve(1)
        assert [type(promise.reason) for promise in made] == [StuckPromise] * 5

    def test_a_mapping_that_was_cancelled_before_lets_go_of_what_it_has_started(self) -> None:
        started = Promise[int].with_resolvers(keep_alive=True).promise

        def work() -> None:
            mapping = Promise.map(lambda _: started, [1, 2])
            Promise.resolve().then().wait(timeout=30)
            mapping.cancel()

        on_a_thread(work)
        assert type(started.reason) is Cancelled

    def test_a_promise_that_was_about_to_follow_one_that_has_settled_gets_it(self) -> None:
        made: list[Promise[Any]] = []

        def work() -> None:
            followed, follower = Promise[Any].with_resolvers(), Promise[Any].with_resolvers()
            follower.resolve(followed.promise)
            followed.resolve(1)
            made.append(follower.promise)

        on_a_thread(work)
        assert type(made[0].reason) is StuckPromise

    def test_a_job_that_comes_when_all_others_have_failed_fails_as_well(self) -> None:
        class Late(deque[Any]):
            def popleft(self) -> Any:
                try:
                    return super().popleft()
                except IndexError:
                    self.extend(late)  # what another thread does that has found the home armed
                    late.clear()
                    raise

        class Bench(Home):
            """A home that has ended."""

        log: list[str] = []
        late = [Note(log, "late")]
        home = Bench()
        home.jobs = Late([Note(log, "early")])
        home.abandon()
        assert log == ["early abandoned", "late abandoned"]
        assert not home.armed

    @on_each_loop
    def test_a_coroutine_gets_it(self, new_loop: NewLoop, reports: list[Report]) -> None:
        _, child, resolve = make_on_ended_thread()
        run(new_loop, lambda: read_stuck(child, resolve))
        assert reports == []


def test_jobs_left_in_a_closed_loop_are_reported_at_exit_if_no_other_loop_starts() -> None:
    code = (
        "import asyncio; from promisepy import Promise; loop = asyncio.new_event_loop();"
        "loop.call_soon(loop.stop); loop.call_soon(lambda: [Promise.resolve().then(print)].clear());"
        "loop.run_forever(); loop.close()"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.count("StuckPromise(") == 1


def test_an_adoption_whose_thread_ends_is_stuck(reports: list[Report]) -> None:
    inner, resolve, _ = Promise[int].with_resolvers()
    made: list[Promise[Any]] = []

    def work() -> None:
        d = Promise[int].with_resolvers()
        d.resolve(inner)
        made.extend([d.promise, inner.shield(), Promise.resolve(Slotted()), inner.timeout(60)])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    resolve(1)
    assert [type(promise.reason) for promise in (made[0], made[2])] == [StuckPromise, StuckPromise]
