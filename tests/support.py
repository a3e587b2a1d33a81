"""What tests of several folders share: to run queued jobs, to read an outcome, threads, hosts that are turned by hand, scripts."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections import deque
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any, TypeVar

import pytest

from promisepy import Promise
from promisepy._core.cell import UNSETTLED
from promisepy._core.crowd import each
from promisepy._core.homes import current_home

T = TypeVar("T")

# Seconds. Only what hangs takes so long: this ends the test.
PATIENCE = 20.0

needs_sigint = pytest.mark.skipif(sys.platform == "win32", reason="no way to press Ctrl-C for another process")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def turn(jobs: int = 8) -> None:
    """Run what this thread's home has to do, so many jobs deep."""
    last = Promise.resolve()
    for _ in range(jobs):
        last = last.then()
    last.wait(timeout=PATIENCE)


async def turns(count: int = 5) -> None:
    """Let the loop go round so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


def in_script(make: Callable[[], Promise[Any]]) -> Any:
    """Give the outcome of a promise that a script waits for."""
    return make().wait(timeout=3 * PATIENCE)


def on_loop(make: Callable[[], Promise[Any]]) -> Any:
    """Give the outcome of a promise that a task awaits."""

    async def main() -> Any:
        async with asyncio.timeout(3 * PATIENCE):
            return await make()

    return asyncio.run(main())


both_homes = pytest.mark.parametrize("read", [in_script, on_loop])


def raising(error: BaseException) -> Callable[..., Any]:
    """Give a function that raises, whatever it is called with."""

    def fail(*_: Any) -> Any:
        raise error

    return fail


def dependants(promise: Promise[Any]) -> int:
    """Count the reactions that a pending promise holds."""
    return sum(one is not UNSETTLED for one in each(promise._reactions))


def observe(promise: Promise[Any]) -> None:
    """Have a rejection of the promise count as handled, without a job on its home, which nobody may run."""
    promise.to_future().add_done_callback(type)  # a future that has no callback is gone at once, and observes nothing


def strike(number: int, until: threading.Event) -> None:
    """Send a signal to the main thread until it has come.

    One that comes just before the system call in which that thread sleeps is handled only after the sleep, as any is in
    Python.
    """
    while True:
        signal.pthread_kill(threading.main_thread().ident or 0, number)
        if until.wait(0.02):
            return


def on_a_thread(action: Callable[..., T], *arguments: Any, name: str | None = None) -> T:
    """Call something on a thread of its own, to its end; give what it returns, or raise what it raises."""
    values: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            values.append(action(*arguments))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name=name)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    for error in errors:
        raise error
    return values.pop()


class Mainloop:
    """A host that runs what was posted when it is told to, so that a lost wake-up is a job that never runs."""

    def __init__(self) -> None:
        self.posted: deque[Callable[[], None]] = deque()

    def post(self, drain: Callable[[], None], /) -> None:
        self.posted.append(drain)

    def run(self) -> None:
        while self.posted:
            self.posted.popleft()()

    def finish(self) -> None:
        """Run everything, then show that the home still works."""
        self.run()
        assert not current_home().jobs, "a wake-up was lost"  # the next one would run them as well
        seen: list[str] = []
        Promise.resolve("alive").then(seen.append)
        self.run()
        assert seen == ["alive"], "the home is wedged"


class Window:
    """A host that waits for what other threads post, such as a timer; `Mainloop` never waits."""

    def __init__(self) -> None:
        self.posted: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def post(self, drain: Callable[[], None], /) -> None:
        self.posted.put(drain)

    def turn(self) -> None:
        self.posted.get(timeout=PATIENCE)()

    def turn_until(self, is_done: Callable[[], bool]) -> None:
        while not is_done():
            self.turn()


@pytest.fixture(scope="module", autouse=True)
def _cheap_collections() -> Iterator[None]:
    """Spare each `gc.collect()` of a test what the test runner has made. For the folders that import it."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


PRELUDE = """
import asyncio, os, signal, sys, threading, time
from promisepy import Promise, Replies, StuckPromise, set_host, set_report_hook

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored in background jobs

def press_ctrl_c(*_):
    os.kill(os.getpid(), signal.SIGINT)

def press_ctrl_c_in_the_next_wait():
    Promise.resolve().then(lambda _: threading.Timer(0.05, press_ctrl_c).start())
"""


def run_script(
    code: str, *options: str, prelude: str = PRELUDE, timeout: float = 3 * PATIENCE, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PROMISEPY_")}
    command = [sys.executable, "-W", "ignore::DeprecationWarning", *options, "-c", prelude + textwrap.dedent(code)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, check=False, env={**inherited, **environment}
    )


def lines(code: str, timeout: float = 3 * PATIENCE) -> list[str]:
    """Run a script that must end well and quietly; give what it printed."""
    done = run_script(code, timeout=timeout)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()
