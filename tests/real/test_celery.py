"""celery: results of tasks, eager ones, stored ones and those of a worker; without a server, but for one backend."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import promisepy
from promisepy import Cancelled, Promise, Report, promisify, submit

from ..servers import library
from ..support import both_homes

celery = library("celery")
exceptions = library("celery.exceptions")


def add(first: int, second: int) -> int:
    return first + second


def fail(text: str) -> None:
    raise ValueError(text)


class Tasks:
    """An application with two tasks."""

    def __init__(self, backend: str = "cache+memory://") -> None:
        self.app = celery.Celery("tests", broker="memory://", backend=backend)
        self.add = self.app.task(add, name="add")
        self.fail = self.app.task(fail, name="fail", throws=(ValueError,))  # an expected error is not logged


@pytest.fixture
def eager() -> Tasks:
    """Give tasks that are run where they are called."""
    tasks = Tasks()
    tasks.app.conf.task_always_eager = True
    return tasks


@pytest.fixture
def unserved() -> Tasks:
    """Give tasks that nobody runs: a test stores their results."""
    return Tasks()


# In a process of its own: a worker sets up the logging, warnings and environment of the whole process.
WITH_A_WORKER = """
import asyncio, json
from concurrent.futures import ThreadPoolExecutor

from celery import Celery
from celery.contrib.testing.worker import start_worker
from promisepy import Promise, submit

often = {"polling_interval": 0.005}  # a queue in memory tells nobody of its messages
app = Celery("tests", broker="memory://", backend="cache+memory://", broker_transport_options=often)

@app.task
def add(first, second):
    return first + second

@app.task(throws=(ValueError,))  # expected, so not logged
def fail(text):
    raise ValueError(text)

pool = ThreadPoolExecutor(4)

def call(task, *arguments):
    return submit(pool, lambda: task.delay(*arguments).get(timeout=20, interval=0.005))

def outcomes():
    yield Promise.all([call(add, n, 1) for n in range(3)])
    yield call(add, 1, 2).then(lambda three: call(add, three, 4))
    yield call(fail, "reason").catch(ValueError, str)

async def main():
    return [await promise for promise in outcomes()]

with start_worker(app, pool="solo", perform_ping_check=False, loglevel="CRITICAL"):
    result, failed = add.delay(1, 2), fail.delay("reason")
    seen = {"pumped": Promise.resolve(result).wait(timeout=20, pump=result.ready)}
    seen["pumped failure"] = Promise.resolve(failed).catch(ValueError, str).wait(timeout=20, pump=failed.ready)
    seen["script"] = [promise.wait(timeout=20) for promise in outcomes()]
    seen["asyncio"] = asyncio.run(main())
pool.shutdown()
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """Run tasks in a worker, and give what their promises gave."""
    environment = {**os.environ, "PYTHONPATH": str(Path(promisepy.__file__).parents[1])}
    command = [sys.executable, "-W", "error", "-c", WITH_A_WORKER]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    outcomes: dict[str, Any] = json.loads(done.stdout)
    return outcomes


class TestEager:
    """An eager result is there before its promise asks for it."""

    @both_homes
    def test_a_result_is_adopted(self, eager: Tasks, read: Any) -> None:
        assert read(lambda: Promise.resolve(eager.add.delay(1, 2))) == 3
        assert read(lambda: Promise.resolve(1).then(lambda value: eager.add.delay(value, 3))) == 4
        group = celery.group(eager.add.s(n, n) for n in range(3))
        assert read(lambda: Promise.all(group.apply().results)) == [0, 2, 4]

    @both_homes
    def test_a_failed_task_gives_its_exception_and_never_its_result_object(self, eager: Tasks, read: Any) -> None:
        with pytest.raises(ValueError, match="reason"):
            read(lambda: Promise.resolve(eager.fail.delay("reason")))

    def test_a_revoked_task_gives_celery_s_own_error(self, eager: Tasks) -> None:
        result = eager.add.delay(1, 2)
        result.revoke()
        with pytest.raises(exceptions.TaskRevokedError):
            Promise.resolve(result).wait(timeout=20)

    def test_a_failure_that_nobody_handles_is_reported(self, eager: Tasks, reports: list[Report]) -> None:
        promise: Promise[None] = Promise.resolve(eager.fail.delay("reason"))
        Promise.resolve().then().wait(timeout=20)
        del promise
        gc.collect()
        assert [str(report.reason) for report in reports] == ["reason"]


class TestWorker:
    """Most of celery's result backends tell nothing by themselves: somebody has to look, or to wait."""

    def test_a_script_looks_while_it_waits(self, seen: dict[str, Any]) -> None:
        assert seen["pumped"] == 3
        assert seen["pumped failure"] == "reason"

    @pytest.mark.parametrize("home", ["script", "asyncio"])
    def test_a_thread_of_a_pool_waits_for_it(self, seen: dict[str, Any], home: str) -> None:
        assert seen[home] == [[1, 2, 3], 7, "reason"]

    def test_a_task_that_takes_too_long_is_a_timeout_of_celery_s(self, unserved: Tasks) -> None:
        with ThreadPoolExecutor(1) as pool, pytest.raises(exceptions.TimeoutError):
            submit(pool, lambda: unserved.add.delay(1, 2).get(timeout=0.01)).wait(timeout=20)


class TestStoredResults:
    """What a result object knows, and when it tells."""

    def test_one_that_somebody_has_read_is_adopted_at_once(self, unserved: Tasks) -> None:
        result = unserved.add.delay(1, 2)
        unserved.app.backend.store_result(result.id, 3, "SUCCESS")
        assert result.get(timeout=20) == 3
        assert Promise.resolve(result).wait(timeout=20) == 3

    def test_one_that_nobody_has_read_tells_when_it_is_read(self, unserved: Tasks) -> None:
        result = unserved.add.delay(1, 2)
        promise: Promise[int] = Promise.resolve(result)
        unserved.app.backend.store_result(result.id, 3, "SUCCESS")
        Promise.resolve().then().wait(timeout=20)
        assert promise.state == "pending"
        assert result.state == "SUCCESS"
        assert promise.wait(timeout=20) == 3

    def test_progress_is_no_outcome(self, unserved: Tasks) -> None:
        result = unserved.add.delay(1, 2)
        promise: Promise[int] = Promise.resolve(result)
        Promise.resolve().then().wait(timeout=20)
        for state, news in (("STARTED", {"pid": 1}), ("PROGRESS", {"percent": 50}), ("RETRY", ValueError("once more"))):
            unserved.app.backend.store_result(result.id, news, state)
            assert result.state == state
        assert promise.state == "pending"
        unserved.app.backend.store_result(result.id, 3, "SUCCESS")
        assert promise.wait(timeout=20, pump=result.ready) == 3

    def test_a_value_that_is_an_exception_is_a_value(self, unserved: Tasks) -> None:
        # By celery's own account of success, not by what the value looks like.
        unserved.app.conf.update(result_serializer="pickle", accept_content=["pickle"])
        result = unserved.add.delay(1, 2)
        unserved.app.backend.store_result(result.id, ValueError("a value"), "SUCCESS")
        value: Any = Promise.resolve(result).wait(timeout=20, pump=result.ready)
        assert (type(value), str(value)) == (ValueError, "a value")

    def test_a_revoked_task_gives_celery_s_own_error(self, unserved: Tasks) -> None:
        result = unserved.add.delay(1, 2)
        unserved.app.backend.mark_as_revoked(result.id)
        with pytest.raises(exceptions.TaskRevokedError):
            Promise.resolve(result).wait(timeout=20, pump=result.ready)

    def test_one_whose_failure_somebody_has_read_gives_its_exception(self, unserved: Tasks) -> None:
        result = unserved.fail.delay("reason")
        unserved.app.backend.store_result(result.id, ValueError("reason"), "FAILURE")
        with pytest.raises(ValueError, match="reason"):
            result.get(timeout=20)
        with pytest.raises(ValueError, match="reason"):
            Promise.resolve(result).wait(timeout=20)

    def test_a_cancelled_promise_leaves_the_task_alone(self, unserved: Tasks, reports: list[Report]) -> None:
        result = unserved.fail.delay("reason")
        promise: Promise[None] = Promise.resolve(result)
        Promise.resolve().then().wait(timeout=20)
        promise.cancel()
        unserved.app.backend.store_result(result.id, ValueError("reason"), "FAILURE")
        assert result.failed()
        gc.collect()
        assert isinstance(promise.reason, Cancelled)
        assert reports == []

    def test_all_takes_the_results_of_a_group(self, unserved: Tasks) -> None:
        group = celery.group(unserved.add.s(n, n) for n in range(3)).apply_async()
        for number, result in enumerate(group.results):
            unserved.app.backend.store_result(result.id, 2 * number, "SUCCESS")
        assert Promise.all(group.results).wait(timeout=20, pump=group.ready) == [0, 2, 4]


@pytest.mark.filterwarnings("ignore:Call to deprecated:DeprecationWarning")  # celery calls what redis has renamed
class TestRedis:
    """A backend that tells of results to those who drain it."""

    @pytest.fixture
    def tasks(self, redis_port: int) -> Iterator[Tasks]:
        """Give tasks that nobody runs; their results are in Redis."""
        tasks = Tasks(f"redis://127.0.0.1:{redis_port}/0")
        yield tasks
        gc.collect()  # results unsubscribe when they are freed
        tasks.app.backend.result_consumer.stop()
        tasks.app.backend.client.close()
        tasks.app.close()

    def test_a_script_drains_while_it_waits(self, tasks: Tasks) -> None:
        backend = tasks.app.backend
        results = [tasks.add.delay(n, 1) for n in range(3)]
        promise = Promise.all(results)
        Promise.resolve().then().wait(timeout=20)
        for number, result in enumerate(results):
            backend.store_result(result.id, number + 1, "SUCCESS")
        drain = backend.result_consumer.drain_events
        assert promise.wait(timeout=20, pump=lambda: drain(timeout=0.01)) == [1, 2, 3]

    def test_a_promisified_task_drains_in_asyncio(self, tasks: Tasks) -> None:
        backend = tasks.app.backend
        made: list[Any] = []

        def delay(*arguments: int) -> Any:
            made.append(tasks.add.delay(*arguments))
            return made[-1]

        add = promisify(delay, style="then", pump=lambda: backend.result_consumer.drain_events(timeout=0))

        async def main() -> list[Any]:
            promise, failed = add(1, 2), add(3, 4)
            backend.store_result(made[0].id, 3, "SUCCESS")
            backend.store_result(made[1].id, ValueError("reason"), "FAILURE")
            return [await asyncio.wait_for(promise, 20), await failed.catch(ValueError, str)]

        assert asyncio.run(main()) == [3, "reason"]
