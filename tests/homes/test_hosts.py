"""Installed hosts: a main loop that is neither asyncio's nor the thread's own wait."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from promisepy import Promise, set_host

from ..fuzz.hostile import Doom
from ..support import lines


class Mainloop:
    """The main loop of a toolkit: runs what is posted, on the thread that calls `run` or `step`."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self.posts = 0

    def post(self, drain: Callable[[], object]) -> None:
        self.posts += 1
        self.queue.put(drain)

    def run(self) -> None:
        previous = set_host(self)
        while (event := self.queue.get()) is not None:
            event()
        assert set_host(previous) is self

    def step(self) -> None:
        try:
            event = self.queue.get_nowait()
        except Empty:
            return
        assert event is not None
        event()


@pytest.fixture
def mainloop() -> Iterator[Mainloop]:
    """Run one on a second thread."""
    loop = Mainloop()
    thread = threading.Thread(target=loop.run, name="gui")
    thread.start()
    yield loop
    loop.queue.put(None)
    thread.join()


@pytest.fixture
def host() -> Iterator[Mainloop]:
    """Install one on this thread."""
    loop = Mainloop()
    previous = set_host(loop)
    yield loop
    set_host(previous)


class Gone:
    """A host whose window has been closed."""

    def post(self, drain: Callable[[], object]) -> None:
        raise OSError("window is gone")


def test_handlers_run_in_order_on_the_thread_of_the_host(mainloop: Mainloop) -> None:
    made: SimpleQueue[Any] = SimpleQueue()
    seen: list[tuple[int, str]] = []

    def start() -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        thread = threading.current_thread
        ends = [promise.then(lambda _, n=n: seen.append((n, thread().name))) for n in range(3)]
        made.put((ends[-1], resolve))

    mainloop.queue.put(start)
    last, resolve = made.get(timeout=30)
    resolve(1)
    last.to_future().result(timeout=30)
    assert seen == [(0, "gui"), (1, "gui"), (2, "gui")]
    assert mainloop.posts <= 3  # it may have run a job before this thread has queued the next


def test_one_post_for_a_burst_and_one_more_for_what_its_handlers_queue(host: Mainloop) -> None:
    """A handler might open a window, whose own loop has to go on with what has been queued; see `test_deep`."""
    seen: list[int] = []
    for n in range(10):
        Promise.resolve(n).then(lambda value: value).then(seen.append)
    assert (host.posts, seen) == (1, [])
    host.step()
    assert (host.posts, seen) == (2, list(range(10)))
    host.step()
    assert host.posts == 2


def test_a_host_is_posted_to_for_jobs_that_were_there_before() -> None:
    seen: list[int] = []
    Promise.resolve(1).then(seen.append)
    loop = Mainloop()
    previous = set_host(loop)
    try:
        loop.step()
    finally:
        set_host(previous)
    assert seen == [1]


def test_a_host_belongs_to_one_thread(host: Mainloop) -> None:
    values: list[int] = []
    thread = threading.Thread(target=lambda: values.append(Promise.resolve(1).then().wait(timeout=30)))
    thread.start()
    thread.join()
    assert (values, host.posts) == ([1], 0)


def test_wait_refuses_without_a_pump_and_works_with_one(host: Mainloop) -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    with pytest.raises(RuntimeError, match="pass pump="):
        promise.wait(timeout=0)
    host.post(lambda: resolve(1))
    assert promise.then(lambda value: value + 1).wait(timeout=30, pump=host.step) == 2


def test_without_the_host_the_thread_waits_again() -> None:
    loop, seen = Mainloop(), list[int]()
    assert set_host(loop) is None
    Promise.resolve(1).then(seen.append)
    assert set_host(None) is loop
    assert Promise.resolve(2).then(seen.append).wait(timeout=30) is None
    loop.step()
    assert (seen, loop.posts) == ([1, 2], 1)


def test_a_post_that_raises_is_shown_and_does_not_reach_the_settler() -> None:
    shown: list[Any] = []
    hook, sys.unraisablehook = sys.unraisablehook, lambda args: shown.append(repr(args.exc_value))
    previous = set_host(Gone())
    try:
        promise, resolve, _ = Promise[int].with_resolvers()
        child = promise.then(lambda value: value + 1)
        assert resolve(1) is None
    finally:
        set_host(previous)
        sys.unraisablehook = hook
    assert shown == ["OSError('window is gone')"]
    assert child.wait(timeout=30) == 2


def test_a_host_that_cannot_be_woken_for_one_job_runs_it_with_the_next(host: Mainloop) -> None:
    """As when Ctrl-C strikes in `post`: who settles is told, and the home is not left as if it were armed."""

    class Interrupted(Mainloop):
        def post(self, drain: Callable[[], object]) -> None:
            if strikes:
                raise strikes.pop()
            super().post(drain)

    strikes, seen, interrupted = list[BaseException](), list[int](), Interrupted()
    first, second = Promise[int].with_resolvers(), Promise[int].with_resolvers()
    first.promise.then(seen.append)
    second.promise.then(seen.append)
    set_host(interrupted)
    strikes.append(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        first.resolve(1)
    second.resolve(2)
    interrupted.step()
    assert (seen, interrupted.posts) == ([1, 2], 2)  # the first of the two handlers may run the host's loop


@pytest.mark.skipif(importlib.util.find_spec("twisted") is None, reason="twisted is not installed")
def test_the_reactor_of_twisted() -> None:
    code = """
        import threading
        from twisted.internet import reactor
        from promisepy import Promise, set_host

        class Reactor:
            post = staticmethod(reactor.callFromThread)

        def show(value):
            print(threading.current_thread() is threading.main_thread(), value)

        set_host(Reactor())
        promise, resolve, _ = Promise.with_resolvers()
        promise.then(lambda value: value + 1).then(show).finally_(reactor.stop)
        reactor.callWhenRunning(reactor.callInThread, resolve, 1)
        reactor.run()
    """
    assert lines(code) == ["True 2"]


@pytest.mark.skipif(importlib.util.find_spec("trio") is None, reason="trio is not installed")
def test_the_loop_of_trio() -> None:
    code = """
        import threading
        import trio
        from promisepy import Promise, set_host

        def show(value):
            print(threading.current_thread() is threading.main_thread(), value)

        async def main():
            token = trio.lowlevel.current_trio_token()
            class Trio:
                post = staticmethod(token.run_sync_soon)
            set_host(Trio())
            done = trio.Event()
            promise, resolve, _ = Promise.with_resolvers()
            promise.then(lambda value: value + 1).then(show).finally_(done.set)
            await trio.to_thread.run_sync(resolve, 1)
            await done.wait()
            set_host(None)

        trio.run(main)
    """
    assert lines(code) == ["True 2"]


def test_a_host_is_woken_again_once_a_loop_that_ran_inside_it_has_been_closed_without_notice(host: Mainloop) -> None:
    seen: list[str] = []
    loop = asyncio.new_event_loop()

    async def main() -> None:
        Promise.resolve()  # the loop drives the home from here on

    loop.run_until_complete(main())
    loop.close()
    Promise.delay(0.01, "rung").then(seen.append)
    Promise.resolve("settled").then(seen.append)
    while len(seen) < 2:
        host.queue.get(timeout=30)()  # type: ignore[misc]
    assert seen == ["settled", "rung"]


def test_a_host_that_fails_in_any_way_is_shown_and_asked_again(unraisable: list[BaseException]) -> None:
    class Host:
        def __init__(self) -> None:
            self.posted: list[Callable[[], None]] = []
            self.is_broken = True

        def post(self, drain: Callable[[], None], /) -> None:
            if self.is_broken:
                raise Doom("post")
            self.posted.append(drain)

    host, seen = Host(), list[int]()
    previous = set_host(host)
    promise, resolve, _ = Promise[int].with_resolvers()
    promise.then(seen.append)
    resolve(1)
    assert list(map(type, unraisable)) == [Doom]
    host.is_broken = False
    Promise.resolve(2).then(seen.append)
    host.posted.pop()()
    assert seen == [1, 2]
    set_host(previous)
