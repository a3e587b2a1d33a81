"""What the interpreter does with the jobs and rejections that are left when a script ends."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def run_script(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def test_handlers_of_the_main_thread_run() -> None:
    done = run_script("from promisepy import Promise; Promise.resolve('ran').then(print)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")


def test_coroutines_of_the_main_thread_run() -> None:
    code = """
        import asyncio
        from promisepy import Promise

        async def work():
            await asyncio.sleep(0)
            return "ran"

        Promise.resolve().then(lambda _: work()).then(print)
    """
    done = run_script(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")


def test_a_rejection_that_is_still_held_is_reported_once() -> None:
    done = run_script("from promisepy import Promise; held = Promise.reject(ValueError('held'))")
    assert done.returncode == 0
    assert done.stderr.count("ValueError('held')") == 1
    assert "nobody handled it" in done.stderr


def test_a_report_shows_where_the_reason_was_raised() -> None:
    code = """
        from promisepy import Promise

        def origin(_):
            raise ValueError("lost")

        Promise.resolve().then(origin)
    """
    assert "in origin" in run_script(code).stderr


def test_a_promise_that_never_settles_does_not_keep_the_interpreter() -> None:
    code = "from promisepy import Promise; p, resolve, _ = Promise.with_resolvers(); p.then(print)"
    done = run_script(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_dropped_after_the_last_look_is_dropped_in_silence() -> None:
    """Here by an exit function that was registered before ours, and so runs after it."""
    code = """
        import atexit, threading

        @atexit.register
        def drop():
            held.clear()
            go_on.set()
            other.join()

        from promisepy import Promise, Replies, stream

        def emit(emitter):
            emitter.emit(1)

        def unsubscribe(token):
            print("unsubscribed")

        def work():
            Promise.resolve("lost").then(print)
            begun.set()
            go_on.wait(30)

        begun, go_on = threading.Event(), threading.Event()
        other = threading.Thread(target=work, daemon=True)
        other.start()
        begun.wait(30)
        events = stream(emit, unsubscribe)
        table = Replies()
        held = [events, iter(events), table, table["key"].then(print), Promise.with_resolvers()]
        held.append(held[-1].promise.then(print))
        del events, table
    """
    done = run_script(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
