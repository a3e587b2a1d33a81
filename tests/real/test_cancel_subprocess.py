"""Programs that nobody waits for any more: the process is gone."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from promisepy import Cancelled, Promise, Report, promisify, using

# Says that it runs, and ends when its input does.
SLEEPER = [sys.executable, "-c", "import sys; print('ready', flush=True); sys.stdin.read()"]
PIPES: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
Process = subprocess.Popen[bytes]


class Programs:
    """Starts processes, and a thread for each that waits for its end."""

    def __init__(self) -> None:
        self.processes: list[Process] = []
        self.threads: list[threading.Thread] = []
        self.aborts: list[threading.Thread] = []

    def spawn(self) -> Process:
        process = subprocess.Popen(SLEEPER, **PIPES)
        self.processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return process

    def start(self, on_exit: Callable[[int], object]) -> Process:
        """Start a process in the manner of a callback library."""
        process = self.spawn()
        self.threads.append(threading.Thread(target=lambda: on_exit(process.wait())))
        self.threads[-1].start()
        return process

    def run(self, _: object = None) -> Promise[int]:
        def start(d: Any) -> None:
            process = self.start(d.resolve)
            d.on_cancel(lambda: self.aborts.append(threading.current_thread()))
            d.on_cancel(process.terminate)

        return Promise[int].create(start)

    def finish(self, number: int = 0) -> None:
        stdin = self.processes[number].stdin
        assert stdin is not None
        stdin.close()

    def codes(self) -> list[int]:
        """Wait for all threads that wait for a process, and give the exit codes."""
        for thread in self.threads:
            thread.join(20)
        codes = [process.poll() for process in self.processes]
        assert None not in codes
        return [code for code in codes if code is not None]

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            with process:  # closes its pipes
                pass
        for thread in self.threads:
            thread.join(20)


@pytest.fixture
def programs() -> Iterator[Programs]:
    programs = Programs()
    yield programs
    programs.close()


def run_jobs() -> None:
    """Let this thread run its jobs: a producer is told by one."""
    Promise.resolve().then().wait(timeout=20)


class TestPopen:
    """A process that is started through a promise."""

    def test_it_is_terminated_when_the_promise_is_cancelled(self, programs: Programs, reports: list[Report]) -> None:
        promise = programs.run()
        assert promise.then(bool).cancel()
        assert (programs.processes[0].poll(), programs.aborts) == (None, [])
        run_jobs()
        assert programs.codes() == [-signal.SIGTERM]
        assert programs.aborts == [threading.current_thread()]
        assert isinstance(promise.reason, Cancelled)  # and stays so, though the process has told its code since
        gc.collect()
        assert reports == []

    def test_it_is_terminated_when_its_time_is_up(self, programs: Programs) -> None:
        with pytest.raises(TimeoutError):
            programs.run().timeout(0.01).wait(timeout=20)
        run_jobs()
        assert programs.codes() == [-signal.SIGTERM]

    def test_a_wait_that_is_over_time_leaves_it_running(self, programs: Programs) -> None:
        promise = programs.run()
        with pytest.raises(TimeoutError):
            promise.wait(timeout=0.01)
        run_jobs()
        assert programs.processes[0].poll() is None
        programs.finish()
        assert promise.wait(timeout=20) == 0
        assert programs.aborts == []

    def test_it_runs_on_as_long_as_somebody_wants_its_code(self, programs: Programs) -> None:
        promise = programs.run()
        first, second = promise.then(bool), promise.then(str)
        first.cancel()
        run_jobs()
        programs.finish()
        assert second.wait(timeout=20) == "0"
        assert programs.aborts == []

    def test_one_that_has_ended_is_not_terminated(self, programs: Programs) -> None:
        promise = programs.run()
        programs.finish()
        assert promise.wait(timeout=20) == 0
        assert not promise.cancel()
        run_jobs()
        assert programs.aborts == []

    def test_losers_of_a_race_are_terminated_if_that_is_asked_for(self, programs: Programs) -> None:
        race = Promise.race([programs.run() for _ in range(3)], cancel_losers=True)
        programs.finish(1)
        assert race.wait(timeout=20) == 0
        run_jobs()
        assert programs.codes() == [-signal.SIGTERM, 0, -signal.SIGTERM]

    def test_a_mapping_that_fails_terminates_what_it_has_started_and_starts_no_more(self, programs: Programs) -> None:
        def run(number: int) -> Promise[int]:
            if number == 3:
                raise ValueError("reason")
            return programs.run()

        codes = Promise.map(run, range(100), limit=3)
        run_jobs()
        programs.finish(1)
        with pytest.raises(ValueError, match="reason"):
            codes.wait(timeout=20)
        run_jobs()
        assert programs.codes() == [-signal.SIGTERM, 0, -signal.SIGTERM]

    def test_what_a_call_returns_is_what_is_terminated(self, programs: Programs) -> None:
        run = promisify(programs.start, cancel=subprocess.Popen.terminate, result=int)
        first, second = run(), run()
        first.cancel()
        run_jobs()
        programs.finish(1)
        assert second.wait(timeout=20) == 0
        assert programs.codes() == [-signal.SIGTERM, 0]

    def test_a_promise_made_on_a_thread_that_ends_terminates_it_when_the_thread_waits(self, programs: Programs) -> None:
        def work() -> None:
            programs.run().timeout(0.01).catch(TimeoutError, str).then().wait(timeout=20)

        worker = threading.Thread(target=work)
        worker.start()
        worker.join(20)
        assert programs.codes() == [-signal.SIGTERM]
        assert programs.aborts == [worker]

    def test_one_that_comes_after_its_promise_was_cancelled_is_stopped(
        self, programs: Programs, reports: list[Report]
    ) -> None:
        def spawn() -> Process:
            assert may_start.wait(20)
            return programs.spawn()

        async def main(pool: ThreadPoolExecutor) -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01), using(pool.submit(spawn), stop):
                    raise AssertionError("entered")
            may_start.set()
            await asyncio.wait_for(stopped, 20)

        def stop(process: Process) -> None:
            process.terminate()
            told(process.wait(20))

        may_start = threading.Event()
        stopped, told, _ = Promise[int].with_resolvers()
        with ThreadPoolExecutor(1) as pool:
            asyncio.run(main(pool))
        assert stopped.value == -signal.SIGTERM
        gc.collect()
        assert reports == []


class Run:
    """A coroutine that runs a program, and does not leave before the process is gone."""

    def __init__(self) -> None:
        self.started, self.tell_pid, _ = Promise[int].with_resolvers()
        self.ended, self.tell_code, _ = Promise[int].with_resolvers()

    async def __call__(self, _: object = None) -> int:
        process = await asyncio.create_subprocess_exec(*SLEEPER, **PIPES)
        assert process.stdout is not None
        try:
            assert await process.stdout.readline() == b"ready\n"
            self.tell_pid(process.pid)
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
            self.tell_code(process.returncode)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


class TestCoroutine:
    """`asyncio.create_subprocess_exec` in a coroutine that a promise has taken on."""

    @pytest.mark.parametrize("make", [lambda run: Promise.resolve(run()), lambda run: Promise.resolve().then(run)])
    def test_the_process_is_gone_when_the_promise_is_cancelled(
        self, make: Callable[[Run], Promise[int]], reports: list[Report]
    ) -> None:
        async def main() -> None:
            run = Run()
            promise = make(run)
            pid = await run.started
            assert not is_gone(pid)
            assert promise.cancel()
            assert await run.ended == -signal.SIGKILL
            assert is_gone(pid)

        asyncio.run(asyncio.wait_for(main(), 20))
        gc.collect()
        assert reports == []

    def test_the_process_is_gone_when_its_task_gives_up(self) -> None:
        async def main() -> None:
            run = Run()
            waiting = asyncio.create_task(read(Promise.resolve(run()).then(str)))
            pid = await run.started
            waiting.cancel()
            await asyncio.wait([waiting])
            assert waiting.cancelled()
            assert await run.ended == -signal.SIGKILL
            assert is_gone(pid)

        async def read(promise: Promise[str]) -> str:
            return await promise

        asyncio.run(asyncio.wait_for(main(), 20))

    def test_a_shield_lets_the_process_run_on(self) -> None:
        async def main() -> None:
            run = Run()
            promise = Promise.resolve(run())
            pid = await run.started
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await promise.shield()
            assert not is_gone(pid)
            os.kill(pid, signal.SIGTERM)
            assert await promise == -signal.SIGTERM

        asyncio.run(asyncio.wait_for(main(), 20))

    def test_the_process_is_gone_in_a_script_as_well(self) -> None:
        run = Run()
        promise = Promise.resolve(run())
        pid = run.started.wait(timeout=20)
        with pytest.raises(TimeoutError):
            promise.timeout(0.01).wait(timeout=20)
        assert run.ended.wait(timeout=20) == -signal.SIGKILL
        assert is_gone(pid)
