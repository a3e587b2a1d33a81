"""dask.distributed: a cluster as an executor, and dask's own futures, of blocking and of asynchronous clients."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import promisepy
from promisepy import Cancelled, Promise, Report, promisify, submit

from ..servers import library
from ..support import both_homes

distributed = library("distributed")

# A scheduler and a worker in threads of this process. The port of its web page is any free one: on the usual one dask
# warns if another cluster runs.
LOCAL = {"processes": False, "n_workers": 1, "threads_per_worker": 2, "dashboard_address": "127.0.0.1:0"}
names = count()


def wait_for_event(name: str, seconds: float = 20) -> bool:
    """Keep a worker's thread busy until a test lets it go."""
    went: bool = distributed.Event(name).wait(seconds)
    return went


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Keep dask from logging each error of a task."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Run a small cluster and give its client, whose calls block."""
    with distributed.Client(**LOCAL) as client:
        yield client


@pytest.fixture
def event(client: Any) -> Iterator[str]:
    """Name an event that nobody has set; in the end it is, so that the worker's threads are free again."""
    name = f"event {next(names)}"
    yield name
    distributed.Event(name).set()


class TestExecutor:
    """`submit(client.get_executor(), ...)`"""

    @both_homes
    def test_a_value_comes(self, client: Any, read: Any) -> None:
        executor = client.get_executor()
        assert read(lambda: submit(executor, divmod, 7, 2)) == (3, 1)
        assert read(lambda: Promise.all([submit(executor, abs, -n) for n in range(5)])) == [0, 1, 2, 3, 4]

    @both_homes
    def test_an_error_of_the_work_is_the_reason(self, client: Any, read: Any) -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            read(lambda: submit(client.get_executor(), int, "x"))

    @both_homes
    def test_a_chain_goes_on_in_the_cluster(self, client: Any, read: Any) -> None:
        executor = client.get_executor()

        def chain() -> Promise[Any]:
            halves = submit(executor, divmod, 7, 2).then(sum).then(lambda four: submit(executor, divmod, four, 0))
            return halves.catch(ZeroDivisionError, lambda _: submit(executor, pow, 2, 5))

        assert read(chain) == 32

    def test_handlers_run_at_home(self, client: Any) -> None:
        where = submit(client.get_executor(), threading.get_ident)
        both = where.then(lambda ident: (ident, threading.get_ident())).wait(timeout=20)
        assert both[0] != both[1] == threading.get_ident()

    def test_work_that_is_cancelled_rejects_with_cancelled(self, client: Any, event: str) -> None:
        future = client.get_executor().submit(wait_for_event, event)
        promise: Promise[bool] = Promise.resolve(future)
        Promise.resolve().then().wait(timeout=20)
        assert future.cancel()
        with pytest.raises(Cancelled):
            promise.wait(timeout=20)

    def test_a_cancelled_promise_cancels_the_work(self, client: Any, event: str) -> None:
        future = client.get_executor().submit(wait_for_event, event)
        promise: Promise[bool] = Promise.resolve(future)
        Promise.resolve().then().wait(timeout=20)
        assert promise.cancel()
        Promise.resolve().then().wait(timeout=20)
        assert future.cancelled()

    def test_one_that_was_shut_down_rejects(self, client: Any) -> None:
        executor = client.get_executor()
        executor.shutdown()
        with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
            submit(executor, abs, -1).wait(timeout=20)

    def test_the_loop_goes_on_while_the_cluster_works(self, client: Any, event: str) -> None:
        async def main() -> bool:
            promise = submit(client.get_executor(), wait_for_event, event)
            await asyncio.to_thread(distributed.Event(event).set)
            return await promise

        assert asyncio.run(main()) is True


class TestFuturesOfABlockingClient:
    """`Promise.resolve(client.submit(...))`, and the same by `promisify`."""

    @both_homes
    def test_a_value_is_adopted(self, client: Any, read: Any) -> None:
        assert read(lambda: Promise.resolve(client.submit(divmod, 7, 2))) == (3, 1)
        assert read(lambda: Promise.all(client.map(abs, range(-3, 0)))) == [3, 2, 1]
        assert read(lambda: Promise.resolve(-1).then(lambda value: client.submit(abs, value))) == 1

    @both_homes
    def test_an_error_is_adopted(self, client: Any, read: Any) -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            read(lambda: Promise.resolve(client.submit(int, "x")))

    def test_adopting_one_does_not_block_the_loop(self, client: Any, event: str) -> None:
        async def main() -> bool:
            asyncio.get_running_loop().call_later(0.01, distributed.Event(event).set)
            return await Promise.resolve(client.submit(wait_for_event, event, 2))

        assert asyncio.run(main()) is True

    @both_homes
    def test_promisify_takes_their_done_callback(self, client: Any, read: Any) -> None:
        run = promisify(client.submit, style="done_callback")
        assert read(lambda: run(divmod, 7, 2).then(lambda both: run(sum, both))) == 4
        assert read(lambda: run(int, "x").catch(ValueError, lambda _: "handled")) == "handled"

    def test_one_that_is_cancelled_rejects_with_cancelled(self, client: Any, event: str) -> None:
        futures: list[Any] = []

        def start() -> Any:
            futures.append(client.submit(wait_for_event, event))
            return futures[0]

        promise = promisify(start, style="done_callback")()
        futures[0].cancel()
        with pytest.raises(Cancelled) as caught:
            promise.wait(timeout=20)
        assert isinstance(caught.value.__cause__, distributed.CancelledError)

    def test_a_cancelled_promise_cancels_the_work(self, client: Any, event: str) -> None:
        future = client.submit(wait_for_event, event)
        promise = promisify(lambda: future, style="done_callback")()
        assert promise.cancel()
        Promise.resolve().then().wait(timeout=20)
        assert future.cancelled()

    def test_an_adopted_one_is_cancelled_with_its_promise(self, client: Any, event: str) -> None:
        future = client.submit(wait_for_event, event)
        promise: Promise[bool] = Promise.resolve(future)
        Promise.resolve().then().wait(timeout=20)
        assert promise.cancel()
        Promise.resolve().then().wait(timeout=20)
        assert future.cancelled()

    def test_a_future_that_only_the_promise_knows_of_is_not_released(self, client: Any, event: str) -> None:
        promise = promisify(client.submit, style="done_callback")(wait_for_event, event)
        gc.collect()
        distributed.Event(event).set()
        assert promise.wait(timeout=20) is True

    def test_work_that_the_end_of_the_client_stops_rejects_with_cancelled(self, reports: list[Report]) -> None:
        with distributed.Client(**LOCAL) as client:
            name = f"event {next(names)}"
            mine = promisify(client.submit, style="done_callback")(wait_for_event, name)
            theirs = submit(client.get_executor(), wait_for_event, name)
            Promise.resolve().then().wait(timeout=20)
        for promise in (mine, theirs):
            with pytest.raises(Cancelled):
                promise.wait(timeout=20)
        gc.collect()
        assert reports == []


def test_futures_of_an_asynchronous_client_are_awaited() -> None:
    async def main() -> list[Any]:
        async with distributed.Client(**LOCAL, asynchronous=True) as client:
            value = await Promise.resolve(client.submit(divmod, 7, 2))
            values = await Promise.all(client.map(abs, range(-3, 0)))
            failed = Promise.resolve(client.submit(int, "x")).catch(ValueError, lambda _: "handled")
            return [value, values, await failed]

    assert asyncio.run(main()) == [(3, 1), [3, 2, 1], "handled"]


def test_a_cluster_of_processes() -> None:
    # A script, since its processes import it again.
    code = """
        from distributed import Client
        from promisepy import Promise, submit

        def square(number):
            return number * number

        if __name__ == "__main__":
            with Client(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as client:
                executor = client.get_executor()
                squares = Promise.all([submit(executor, square, n) for n in range(4)])
                print(squares.then(lambda found: submit(executor, sum, found)).wait(timeout=50))
                print(submit(executor, int, "x").catch(ValueError, lambda _: "handled").wait(timeout=50))
    """
    quiet = {"DASK_LOGGING__DISTRIBUTED": "critical"}  # the worker would log the error of the task
    environment = {**os.environ, **quiet, "PYTHONPATH": str(Path(promisepy.__file__).parents[1])}
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.splitlines() == ["14", "handled"]
