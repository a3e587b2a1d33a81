"""What only a process of its own can show: Ctrl-C, fork, and the end of the interpreter (S4, S7)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

needs_sigint = pytest.mark.skipif(sys.platform == "win32", reason="no way to press Ctrl-C for another process")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

PRELUDE = """
import asyncio, os, signal, sys, threading
from promisepy import Promise, StuckPromise, set_report_hook

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored in background jobs

def press_ctrl_c(*_):
    os.kill(os.getpid(), signal.SIGINT)

def press_ctrl_c_in_the_next_wait():
    Promise.resolve().then(lambda _: threading.Timer(0.05, press_ctrl_c).start())
"""


def run_script(code: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PROMISEPY_")}
    command = [sys.executable, "-W", "ignore::DeprecationWarning", *options, "-c", PRELUDE + textwrap.dedent(code)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**inherited, **environment}
    )


def lines(code: str) -> list[str]:
    """Run a script that must end well and quietly; give what it printed."""
    done = run_script(code)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


@needs_sigint
class TestCtrlC:
    def test_interrupts_a_wait_that_sleeps_and_the_next_wait_works(self) -> None:
        code = """
            promise, resolve, _ = Promise.with_resolvers()
            press_ctrl_c_in_the_next_wait()
            try:
                promise.wait()
            except KeyboardInterrupt:
                print("interrupted", promise.state)
            threading.Thread(target=resolve, args=["value"]).start()
            print(promise.wait())
        """
        assert lines(code) == ["interrupted pending", "value"]

    def test_interrupts_a_wait_with_a_timeout_or_a_pump(self) -> None:
        code = """
            for options in ({"timeout": 30}, {"pump": lambda: None}):
                promise, resolve, _ = Promise.with_resolvers()
                press_ctrl_c_in_the_next_wait()
                try:
                    promise.wait(**options)
                except KeyboardInterrupt:
                    print("interrupted", promise.state)
        """
        assert lines(code) == ["interrupted pending"] * 2

    def test_interrupts_a_wait_that_runs_a_coroutine_and_the_next_wait_goes_on_with_it(self) -> None:
        code = """
            event = []

            async def work():
                event.append(asyncio.Event())
                threading.Timer(0.05, press_ctrl_c).start()
                await event[0].wait()
                return "worked"

            promise = Promise.resolve(work())
            try:
                promise.wait()
            except KeyboardInterrupt:
                print("interrupted", promise.state)
            Promise.resolve().then(lambda _: event[0].set())
            print(promise.wait())
        """
        assert lines(code) == ["interrupted pending", "worked"]

    def test_in_a_handler_rejects_its_promise_and_leaves_the_rest_queued(self) -> None:
        code = """
            first = Promise.resolve().then(lambda _: signal.raise_signal(signal.SIGINT))
            second = Promise.resolve("second").then(print)
            try:
                second.wait()
            except KeyboardInterrupt:
                print("interrupted", first.state, type(first.reason).__name__, second.state)
            second.wait()
        """
        assert lines(code) == ["interrupted rejected KeyboardInterrupt pending", "second"]

    def test_in_a_handler_that_waits_goes_through_both(self) -> None:
        code = """
            inner, resolve, _ = Promise.with_resolvers()

            def handler(_):
                press_ctrl_c_in_the_next_wait()
                try:
                    inner.wait()
                except KeyboardInterrupt:
                    print("inner wait")
                    raise

            try:
                Promise.resolve().then(handler).wait()
            except KeyboardInterrupt:
                print("outer wait")
            resolve("alive")
            print(inner.then().wait())
        """
        assert lines(code) == ["inner wait", "outer wait", "alive"]

    def test_under_asyncio_cancels_the_task_and_not_the_promise(self) -> None:
        code = """
            async def main():
                asyncio.get_running_loop().call_later(0.05, press_ctrl_c)
                try:
                    await promise
                finally:
                    print("cleaned up")

            promise, resolve, _ = Promise.with_resolvers()
            try:
                asyncio.run(main())
            except KeyboardInterrupt:
                print("interrupted", promise.state)
            resolve("value")
            print(promise.then().wait())
        """
        assert lines(code) == ["cleaned up", "interrupted pending", "value"]

    def test_in_a_handler_under_asyncio_leaves_the_loop_usable(self) -> None:
        code = """
            # Not the one of asyncio.run: this one raises in the handler itself.
            loop = asyncio.new_event_loop()

            async def begin():
                global first, second
                first = Promise.resolve().then(lambda _: signal.raise_signal(signal.SIGINT))
                second = Promise.resolve("second").then(print)
                await second

            try:
                loop.run_until_complete(begin())
            except KeyboardInterrupt:
                print("interrupted", type(first.reason).__name__, second.state)

            async def go_on():
                await second

            loop.run_until_complete(go_on())
            for task in asyncio.all_tasks(loop):
                loop.run_until_complete(task)
            loop.close()
        """
        assert lines(code) == ["interrupted KeyboardInterrupt pending", "second"]

    def test_while_waiting_ends_a_script_like_any_other(self) -> None:
        code = """
            promise, resolve, _ = Promise.with_resolvers()
            press_ctrl_c_in_the_next_wait()
            promise.wait()
        """
        done = run_script(code)
        assert done.returncode == -signal.SIGINT
        assert done.stderr.rstrip().endswith("KeyboardInterrupt")
        assert "nobody" not in done.stderr


@needs_fork
class TestFork:
    def test_a_child_settles_its_copy_and_the_parent_its_own(self) -> None:
        code = """
            promise, resolve, _ = Promise.with_resolvers()
            child = promise.then(lambda value: print(value, "in", "child" if not pid else "parent", flush=True))
            pid = os.fork()
            if not pid:
                threading.Thread(target=resolve, args=["one"]).start()
                child.wait(30)
                os._exit(0)
            os.waitpid(pid, 0)
            print(child.state)
            resolve("two")
            child.wait()
        """
        assert lines(code) == ["one in child", "pending", "two in parent"]

    def test_a_child_starts_afresh_while_its_parent_waits_in_another_thread(self) -> None:
        code = """
            promise, resolve, _ = Promise.with_resolvers()
            begun = threading.Event()

            def wait_and_say_so():
                Promise.resolve().then(lambda _: begun.set())
                print("thread got", promise.wait(30), flush=True)

            thread = threading.Thread(target=wait_and_say_so)
            thread.start()
            begun.wait(30)
            pid = os.fork()
            if not pid:
                own, resolve_own, _ = Promise.with_resolvers()
                threading.Thread(target=resolve_own, args=["its own"]).start()
                print("child got", own.then().wait(30), flush=True)
                print("child got", asyncio.run(asyncio.sleep(0, "a loop")), flush=True)
                resolve("nobody's")
                os._exit(0)
            os.waitpid(pid, 0)
            resolve("parent's")
            thread.join()
        """
        assert lines(code) == ["child got its own", "child got a loop", "thread got parent's"]

    def test_a_child_that_is_forked_in_a_handler(self) -> None:
        code = """
            def fork(_):
                pid = os.fork()
                if not pid:
                    print(Promise.resolve("child").then(str.upper).wait(30), flush=True)
                    os._exit(0)
                os.waitpid(pid, 0)
                return "parent"

            print(Promise.resolve().then(fork).wait(30))
        """
        assert lines(code) == ["CHILD", "parent"]

    def test_a_child_that_is_forked_in_another_thread(self) -> None:
        code = """
            queued = Promise.resolve("once").then(lambda text: print(text, flush=True))

            def fork():
                pid = os.fork()
                if not pid:
                    print(Promise.resolve("child").then(str.upper).wait(30), flush=True)
                    sys.stdout.flush()
                    os._exit(0)
                os.waitpid(pid, 0)

            thread = threading.Thread(target=fork)
            thread.start()
            thread.join()
            queued.wait()
        """
        assert lines(code) == ["CHILD", "once"]

    def test_a_child_may_run_a_loop_and_exit_as_usual(self) -> None:
        code = """
            pid = os.fork()
            if not pid:
                async def main():
                    promise, resolve, _ = Promise.with_resolvers()
                    threading.Thread(target=resolve, args=["loop"]).start()
                    return await promise.then(lambda value: value + " in child")

                print(asyncio.run(main()), flush=True)
                Promise.resolve("at exit of child").then(print)
                sys.exit(0)
            os.waitpid(pid, 0)
            print("parent")
        """
        assert lines(code) == ["loop in child", "at exit of child", "parent"]


class TestTheEnd:
    def test_handlers_and_their_handlers_run(self) -> None:
        assert lines("Promise.resolve(1).then(lambda n: Promise.resolve(n + 1)).then(print)") == ["2"]

    def test_what_a_thread_settles_before_the_end_is_seen(self) -> None:
        code = """
            promise, resolve, _ = Promise.with_resolvers()
            promise.then(print)
            threading.Thread(target=resolve, args=["settled by a thread"]).start()
            # The interpreter joins the thread before it asks anybody to finish.
        """
        assert lines(code) == ["settled by a thread"]

    def test_a_handler_that_fails_is_reported(self) -> None:
        done = run_script("Promise.resolve().then(lambda _: 1 / 0)")
        assert done.returncode == 0
        assert done.stderr.count("ZeroDivisionError") >= 1
        assert "nobody handled it" in done.stderr

    @pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt()"])
    def test_a_handler_that_asks_for_the_end_loses_nothing(self, error: str) -> None:
        code = f"""
            def leave(_):
                raise {error}

            held = Promise.reject(ValueError("held"))
            Promise.resolve().then(leave)
            Promise.resolve("the next handler").then(print)
        """
        done = run_script(code)
        told = done.stdout + done.stderr
        assert "the next handler" in told or "StuckPromise" in told
        assert told.count("promise was rejected with ValueError('held')") == 1

    def test_threads_that_still_wait_do_not_keep_the_interpreter(self) -> None:
        code = """
            promise, resolve, _ = Promise.with_resolvers()
            begun = threading.Event()
            handler = lambda _: begun.set()
            waiter = lambda: (Promise.resolve().then(handler), promise.wait())
            threading.Thread(target=waiter, daemon=True).start()
            begun.wait(30)
            print("end")
        """
        assert lines(code) == ["end"]

    def test_promises_in_globals_and_in_cycles_go_quietly(self) -> None:
        code = """
            pending, resolve, reject = Promise.with_resolvers()
            child = pending.then(print)
            cycle = [child]
            cycle.append(cycle)
            sys.modules["somebody's"] = child
            settled = Promise.all([1, 2])
            settled.wait()
        """
        assert lines(code) == []

    def test_a_finaliser_that_runs_very_late_may_settle(self) -> None:
        code = """
            class Library:
                def __init__(self, resolve):
                    self.resolve = resolve

                def __del__(self):
                    self.resolve("too late")

            promise, resolve, _ = Promise.with_resolvers()
            child = promise.then(print)
            library = Library(resolve)
            sys.modules["a module that is cleared late"] = library
            del library, resolve, _
        """
        assert lines(code) in ([], ["too late"])


HELD_AND_DROPPED = """
    async def main():
        loop_held.append(Promise.reject(ValueError("held by a loop")))

    loop_held = []
    asyncio.run(main())
    held = Promise.reject(ValueError("held by the script"))
    Promise.reject(ValueError("dropped"))
    handled = Promise.reject(ValueError("handled"))
    handled.catch(str)
    print("end")
"""


@pytest.mark.parametrize(
    ("options", "environment"),
    [((), {}), (("-X", "dev"), {}), ((), {"PROMISEPY_DEBUG": "1"})],
    ids=["plain", "dev mode", "environment"],
)
def test_at_exit_everything_has_been_told_once(options: tuple[str, ...], environment: dict[str, str]) -> None:
    done = run_script(HELD_AND_DROPPED, *options, **environment)
    assert (done.returncode, done.stdout) == (0, "end\n")
    for text in ("held by a loop", "held by the script", "dropped"):
        assert done.stderr.count(f"promise was rejected with ValueError('{text}')") == 1, done.stderr
    assert "ValueError('handled')" not in done.stderr
    assert ("It was created at <string>:" in done.stderr) == bool(options or environment)
