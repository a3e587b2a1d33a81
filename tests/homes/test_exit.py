"""What the interpreter does with the jobs and rejections that are left when a script ends (S4, S9)."""

from __future__ import annotations

import textwrap

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
        assert done.stdout == "the next handler\n"
        assert done.stderr.count("promise was rejected with ValueError('held')") == 1

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


class TestThreadsThatOutliveTheMainOne:
    """The interpreter joins all threads but daemons before it calls what `atexit` has."""

    def test_one_that_waits_for_handlers_of_the_main_thread_goes_on_whenever_it_comes_to_that(self) -> None:
        code = """
            def work():
                ended.wait(30)
                for number in range(3):
                    time.sleep(0.05)  # the main thread has looked meanwhile
                    promise, resolve, _ = pairs[number]
                    resolve(number)
                    print("worker got", chains[number].wait())

            async def twice(value):
                await asyncio.sleep(0)
                return 2 * value

            ended = threading.Event()
            pairs = [Promise.with_resolvers() for _ in range(3)]
            chains = [pair.promise.then(twice).then(lambda value: Promise.delay(0.01, value)) for pair in pairs]
            threading.Thread(target=work).start()
            Promise.resolve().then(lambda _: ended.set())
        """
        assert lines(code) == ["worker got 0", "worker got 2", "worker got 4"]

    def test_one_that_waits_for_the_end_of_the_main_one_is_not_waited_for(self) -> None:
        code = """
            def watch():
                threading.main_thread().join()
                print("the main thread has ended")
                stop.resolve("stop")

            stop = Promise.with_resolvers()
            threading.Thread(target=watch).start()
            threading.Thread(target=lambda: print(stop.promise.wait())).start()
            Promise.resolve("main").then(print)
        """
        assert lines(code) == ["main", "the main thread has ended", "stop"]

    def test_one_of_an_executor_that_waits_goes_on(self) -> None:
        code = """
            from concurrent.futures import ThreadPoolExecutor

            def work():
                begun.set()
                print("worker got", promise.wait())

            begun = threading.Event()
            promise = Promise.resolve(1).then(lambda value: Promise.delay(0.01, value))
            ThreadPoolExecutor().submit(work)
            begun.wait(30)
        """
        assert lines(code) == ["worker got 1"]

    def test_one_that_waits_for_a_promise_of_a_loop_that_has_stopped_is_told(self) -> None:
        code = """
            def work():
                try:
                    child.wait()
                except StuckPromise:
                    print("told")

            async def begin():
                return Promise.with_resolvers()

            loop = asyncio.new_event_loop()
            promise, resolve, _ = loop.run_until_complete(begin())
            child = promise.then(str)
            resolve(1)
            threading.Thread(target=work).start()
        """
        done = run_script(code)
        assert (done.returncode, done.stdout) == (0, "told\n")

    # A thread begins to wait when the main one has ended: `let` is called just after that.
    BEGIN_LATE = """
        import threading

        def let():
            over.set()
            while not (seen or waiting() and waiting()[0]._sleepers):
                pass

        from concurrent.futures import ThreadPoolExecutor

        over, seen = threading.Event(), []
        threading._register_atexit(let)
        from promisepy import DeadlockError, Promise
        from promisepy._core.homes import current_thread_home, thread_homes

        def waiting():
            return [home for home in list(thread_homes) if home.waits and home is not main]

        def work():
            current_thread_home()
            over.wait(30)
            resolve(1)
            try:
                seen.append(child.wait(30))
            except DeadlockError as error:
                seen.append(error)
            print(seen[0])

        main = current_thread_home()
        promise, resolve, _ = Promise.with_resolvers()
        child = promise.then(lambda value: value)
    """

    def test_one_of_an_executor_that_begins_to_wait_after_the_end_is_refused(self) -> None:
        code = textwrap.dedent(self.BEGIN_LATE) + "ThreadPoolExecutor().submit(work)"
        done = run_script(code, prelude="")
        assert done.returncode == 0
        assert "needs a handler to run on thread 'MainThread', which has come to its end" in done.stdout

    def test_a_daemon_that_begins_to_wait_then_is_answered_when_the_handlers_run(self) -> None:
        code = textwrap.dedent(self.BEGIN_LATE) + textwrap.dedent("""
            import atexit
            thread = threading.Thread(target=work, daemon=True)
            thread.start()

            @atexit.register
            def drain():
                while thread.is_alive():
                    Promise.resolve().then().wait()
        """)
        done = run_script(code, prelude="")
        assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


class TestCoroutinesAtTheEnd:
    def test_that_nobody_waits_for_are_cancelled_after_the_handlers_and_may_clean_up(self) -> None:
        code = """
            async def listen(name):
                try:
                    await (asyncio.sleep(3600) if name == "asyncio" else kept[0].promise)
                finally:
                    await asyncio.sleep(0.01)
                    await Promise.delay(0.01)
                    print(name, "cleaned up")

            kept = [Promise.with_resolvers()]
            held = [Promise.resolve(listen("asyncio")), Promise.resolve().then(lambda _: listen("promisepy"))]
            Promise.resolve().then().then().then(lambda _: print("handled"))
            try:
                held[0].wait(timeout=0.01)
            except TimeoutError:
                Promise.resolve().then(lambda _: print("queued"))
        """
        handled, queued, *cleaned_up = lines(code)
        assert (handled, queued) == ("handled", "queued")
        assert sorted(cleaned_up) == ["asyncio cleaned up", "promisepy cleaned up"]

    def test_that_need_no_more_than_turns_of_the_loop_come_to_their_end(self) -> None:
        code = """
            async def count():
                for _ in range(50):
                    await asyncio.sleep(0)
                    await Promise.resolve().then()
                return "counted"

            Promise.resolve(count()).then(print)
        """
        assert lines(code) == ["counted"]

    def test_one_that_refuses_to_end_is_reported_and_keeps_nobody(self) -> None:
        code = """
            from promisepy._core import lifecycle
            lifecycle.PATIENCE = 0.1

            async def refuse():
                while True:
                    try:
                        await asyncio.sleep(3600)
                    except asyncio.CancelledError:
                        print("refused")

            Promise.resolve(refuse())
            Promise.resolve("handled").then(print)
        """
        done = run_script(code)
        assert (done.returncode, done.stdout) == (0, "handled\nrefused\n")
        assert done.stderr.count("at exit, 1 of the coroutines") == 1
        assert "let CancelledError end them" in done.stderr

    def test_one_that_exits_loses_nothing(self) -> None:
        code = """
            async def leave():
                await asyncio.sleep(0)
                raise SystemExit(3)

            async def work():
                for _ in range(5):
                    await asyncio.sleep(0)
                return "worked"

            Promise.resolve(leave())
            Promise.resolve(work()).then(print)
        """
        done = run_script(code)
        assert (done.returncode, done.stdout) == (0, "worked\n")


def test_what_atexit_calls_after_us_may_use_promises_wait_and_run_coroutines() -> None:
    code = """
        import atexit

        @atexit.register
        def clean_up():
            async def twice(value):
                await asyncio.sleep(0)
                return 2 * await Promise.resolve(value).then(lambda value: value)

            print(Promise.resolve(1).then(lambda value: value + 1).wait(timeout=20))
            print(settled.wait(timeout=20), Promise.resolve(2).then(twice).wait(timeout=20))
            print(Promise.delay(0.01, "delayed").timeout(20).wait(), asyncio.run(twice(4)))
            thread = threading.Thread(target=lambda: print(Promise.resolve("on a thread").then().wait(20)))
            try:
                thread.start()
            except RuntimeError:  # from Python 3.12 on
                print("on a thread")
            else:
                thread.join()

        import asyncio, threading
        from promisepy import Promise

        settled = Promise.resolve("settled")
        settled.then().wait()
    """
    done = run_script(code, prelude="")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["2", "settled 4", "delayed 8", "on a thread"]


class TestALoopThatHasStoppedAndIsNeverClosed:
    CODE = """
        import asyncio, threading
        from promisepy import Promise

        async def main():
            held.append(Promise.reject(ValueError("held")))
            Promise.reject(ValueError("dropped"))
            held.append(Promise.with_resolvers())

        held = []
        loop = asyncio.new_event_loop()
        {handler}
        loop.run_until_complete(main())
        thread = threading.Thread(target=held[1].reject, args=[ValueError("rejected later")])
        thread.start()
        thread.join()
        print("end")
    """

    @pytest.mark.parametrize(
        "handler",
        [
            "",
            "loop.call_exception_handler = lambda details: 1 / 0",  # as QtAsyncio's does for what it does not know
            "loop.set_exception_handler(lambda loop, details: 1 / 0)",
        ],
        ids=["usual", "failing method", "failing handler"],
    )
    def test_its_reports_appear_at_exit_at_the_latest(self, handler: str) -> None:
        done = run_script(self.CODE.format(handler=handler), prelude="")
        assert (done.returncode, done.stdout) == (0, "end\n")
        for name in ("held", "dropped", "rejected later"):
            assert f"ValueError('{name}')" in done.stderr, done.stderr
