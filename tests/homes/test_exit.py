"""What the interpreter does with the jobs and rejections that are left when a script ends (S4, S9)."""

from __future__ import annotations

import pytest

from ..support import lines, run_script


def test_handlers_of_the_main_thread_run() -> None:
    done = run_script("from promisepy import Promise; Promise.resolve('ran').then(print)", prelude="")
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
    done = run_script(code, prelude="")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")


def test_whatever_is_queued_runs_however_much_it_is_and_whatever_it_queues() -> None:
    code = """
        from promisepy import Promise

        def count(number):
            return Promise.resolve(number + 1).then(count) if number < 2500 else print("counted to", number)

        Promise.resolve(0).then(count)
        for number in range(3000):
            Promise.resolve(number).then(lambda number: number == 2999 and print("the last one"))
    """
    done = run_script(code, prelude="")
    assert (done.returncode, done.stdout, done.stderr) == (0, "the last one\ncounted to 2500\n", "")


def test_a_rejection_that_is_still_held_is_reported_once() -> None:
    done = run_script("from promisepy import Promise; held = Promise.reject(ValueError('held'))", prelude="")
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
    assert "in origin" in run_script(code, prelude="").stderr


def test_a_promise_that_never_settles_does_not_keep_the_interpreter() -> None:
    code = "from promisepy import Promise; p, resolve, _ = Promise.with_resolvers(); p.then(print)"
    done = run_script(code, prelude="")
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
    done = run_script(code, prelude="")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


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
