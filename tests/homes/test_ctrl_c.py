"""Ctrl-C in a process of its own: what it interrupts, and what goes on afterwards (S4, S7)."""

from __future__ import annotations

import signal

from ..support import lines, needs_sigint, run_script


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
