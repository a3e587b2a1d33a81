"""Gio and GLib: x_async with a callback that asks x_finish, main loops as hosts, sources that look at what is returned.

The library comes with the operating system and its Python, so each test is a program for that interpreter.
"""

from __future__ import annotations

import os
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import promisepy

from ..servers import python_with

ROOT = Path(promisepy.__file__).parents[1]
# gi's own way of importing is what ImportWarning is about; its event loop has a policy, which CPython 3.14 deprecates.
STRICT = ("-W", "error", "-W", "ignore::ImportWarning", "-W", "ignore::DeprecationWarning:gi.events")
PRELUDE = '''
import asyncio, sys, threading
from gi.repository import Gio, GLib
from promisepy import BrokenPromise, Convention, Promise, once, promisify, set_host, stream

def here():
    return "home" if threading.current_thread() is threading.main_thread() else "elsewhere"

class GLibHost:
    def post(self, drain):
        GLib.idle_add(drain)

def run_main_loop(start):
    """Run GLib's main loop as the host of this thread until the promise that `start` gives is settled."""
    set_host(GLibHost())
    loop = GLib.MainLoop()
    settled = start().finally_(loop.quit)
    loop.run()
    set_host(None)
    return settled

def run_elsewhere():
    """Run GLib's main loop on a thread of its own; gives what ends it."""
    loop, running = GLib.MainLoop(), threading.Event()
    thread = threading.Thread(target=loop.run)
    GLib.idle_add(running.set)
    thread.start()
    running.wait()
    return lambda: (loop.quit(), thread.join())

def iterate():
    GLib.MainContext.default().iteration(False)

file = Gio.File.new_for_path(sys.argv[1])
load = promisify(Gio.File.load_contents_async, style="async_finish", callback=2)
'''

Play = Callable[[str], str]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Give what runs a program on a file with `content`, and returns what it prints; it must end well and quietly."""
    path = tmp_path / "file"
    path.write_text("content", "ascii")

    def play(program: str, name: str = str(path)) -> str:
        python = python_with("gi", "python3-gi gir1.2-glib-2.0")
        done = subprocess.run(
            [python, *STRICT, "-c", PRELUDE + textwrap.dedent(program), name],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.rstrip("\n")

    return play


def test_a_file_is_loaded_on_a_main_loop(play: Play) -> None:
    program = "print(run_main_loop(lambda: load(file, None).then(lambda got: (got.contents, here()))).value)"
    assert play(program) == "(b'content', 'home')"


def test_a_file_is_loaded_in_a_script_that_pumps(play: Play) -> None:
    assert play("print(load(file, None).wait(timeout=20, pump=iterate).contents)") == "b'content'"


def test_a_file_is_loaded_in_a_task_that_pumps(play: Play) -> None:
    program = """
    load = promisify(file.load_contents_async, style="async_finish", pump=iterate)

    async def main():
        async with asyncio.timeout(20):
            print((await load(None)).contents)

    asyncio.run(main())
    """
    assert play(program) == "b'content'"


@pytest.mark.parametrize("place", ["-1", "1", "'callback'"])
def test_a_bound_method_takes_its_callback_in_each_place(play: Play, place: str) -> None:
    program = f"""
    load = promisify(file.load_contents_async, style="async_finish", callback={place})
    print(load(None).wait(timeout=20, pump=iterate).contents)
    """
    assert play(program) == "b'content'"


def test_a_missing_file_rejects_with_gio_s_error(play: Play) -> None:
    program = """
    def tell(error):
        return error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND), here()

    async def main():
        load = promisify(file.load_contents_async, style="async_finish", pump=iterate)
        try:
            await load(None)
        except GLib.Error as error:
            print(tell(error))

    print(run_main_loop(lambda: load(file, None).catch(GLib.Error, tell)).value)
    print(load(file, None).catch(GLib.Error, tell).wait(timeout=20, pump=iterate))
    asyncio.run(main())
    """
    assert play(program, "/missing").splitlines() == ["(True, 'home')"] * 3


def test_wrong_arguments_reject(play: Play) -> None:
    program = "print(load(file, 'no cancellable').catch(TypeError, lambda error: 'TypeError').wait(timeout=20))"
    assert play(program) == "TypeError"


def test_a_cancelled_operation_rejects(play: Play) -> None:
    program = """
    cancellable = Gio.Cancellable()
    loaded = load(file, cancellable)
    cancellable.cancel()
    cancelled = loaded.catch(GLib.Error, lambda e: e.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
    print(cancelled.wait(timeout=20, pump=iterate))
    """
    assert play(program) == "True"


def test_a_main_loop_on_another_thread_calls_there_and_handlers_run_at_home(play: Play) -> None:
    program = """
    where = Convention(outcome=lambda source, result: (source.load_contents_finish(result).contents, here()))
    load = promisify(file.load_contents_async, style=where)

    async def main():
        async with asyncio.timeout(20):
            print(await load(None).then(lambda got: (*got, here())))

    end = run_elsewhere()
    print(load(None).then(lambda got: (*got, here())).wait(timeout=20))
    asyncio.run(main())
    end()
    """
    assert play(program).splitlines() == ["(b'content', 'elsewhere', 'home')"] * 2


def test_without_a_main_loop_a_promise_times_out_until_it_is_pumped(play: Play) -> None:
    program = """
    async def main():
        async with asyncio.timeout(0.01):
            await loaded

    loaded = load(file, None)
    for wait in (lambda: loaded.wait(timeout=0.01), lambda: asyncio.run(main())):
        try:
            wait()
        except TimeoutError:
            print("timeout")
    print(loaded.wait(timeout=20, pump=iterate).contents)
    """
    assert play(program).splitlines() == ["timeout", "timeout", "b'content'"]


def test_wait_on_a_main_loop_refuses_unless_it_is_pumped(play: Play) -> None:
    program = """
    def handler(_):
        loaded = load(file, None)
        try:
            loaded.wait()
        except RuntimeError as error:
            print(str(error).partition(",")[0])
        return loaded.wait(timeout=20, pump=iterate).contents

    print(run_main_loop(lambda: Promise.resolve().then(handler)).value)
    """
    assert play(program).splitlines() == ["wait() would stop the host of this thread", "b'content'"]


def test_what_a_handler_raises_rejects_and_the_main_loop_goes_on(play: Play) -> None:
    program = """
    def start():
        failed = load(file, None).then(lambda _: 1 / 0)
        return failed.catch(ZeroDivisionError, lambda error: load(file, None)).then(lambda got: got.contents)

    print(run_main_loop(start).value)
    """
    assert play(program) == "b'content'"


def test_resolve_in_a_timeout_is_called_once(play: Play) -> None:
    program = """
    source = []
    print(once(lambda d: source.append(GLib.timeout_add(1, d.via(here)))).wait(timeout=20, pump=iterate))
    print(GLib.MainContext.default().find_source_by_id(source[0]))
    """
    assert play(program).splitlines() == ["home", "None"]


def test_a_timeout_goes_on_as_long_as_its_callback_returns_true(play: Play) -> None:
    program = """
    ids, numbers = [], iter(range(100))

    def start(s):
        ids.append(GLib.timeout_add(1, s.via(lambda: next(numbers), returns=True)))
        return ids[0]

    async def main():
        with stream(start, GLib.source_remove) as ticks:
            async with asyncio.timeout(20):
                print([await anext(ticks) for _ in range(3)])

    end = run_elsewhere()
    asyncio.run(main())
    end()
    print(GLib.MainContext.default().find_source_by_id(ids[0]))
    """
    assert play(program).splitlines() == ["[0, 1, 2]", "None"]


def test_a_stream_gets_one_tick_if_its_callback_returns_none(play: Play) -> None:
    program = """
    source = []
    events = stream(lambda s: source.append(GLib.timeout_add(1, s.via(here))))
    end = run_elsewhere()
    print(next(events))
    end()
    print(GLib.MainContext.default().find_source_by_id(source[0]))
    """
    assert play(program).splitlines() == ["elsewhere", "None"]


def test_a_monitor_that_is_dropped_breaks_its_promise(play: Play) -> None:
    program = """
    def start(d):
        file.monitor_file(Gio.FileMonitorFlags.NONE, None).connect("changed", d.resolve)

    print(Promise.create(start).catch(BrokenPromise, lambda error: "broken").wait(timeout=20, pump=iterate))
    """
    assert play(program) == "broken"


def test_signals_are_a_stream(play: Play) -> None:
    program = """
    def start(s):
        ids.append(action.connect("activate", s.via(lambda action, number: number.unpack())))
        return ids[0]

    ids = []
    action = Gio.SimpleAction(name="save", parameter_type=GLib.VariantType("i"))
    with stream(start, action.disconnect) as numbers:
        for number in range(3):
            action.activate(GLib.Variant("i", number))
        print([next(numbers) for _ in range(3)])
        print(action.handler_is_connected(ids[0]))
    print(action.handler_is_connected(ids[0]))
    """
    assert play(program).splitlines() == ["[0, 1, 2]", "True", "False"]


def test_a_process_that_fails_is_a_success_to_gio_unless_it_is_checked(play: Play) -> None:
    program = """
    def check(process):
        if process.get_exit_status():
            raise ChildProcessError(process.get_exit_status())

    wait = promisify(Gio.Subprocess.wait_async, style="async_finish")
    start = lambda: Gio.Subprocess.new(["sh", "-c", "exit 3"], Gio.SubprocessFlags.NONE)
    print(wait(start(), None).wait(timeout=20, pump=iterate))
    wait = promisify(
        Gio.Subprocess.wait_async, style=lambda process, result: (process.wait_finish(result), check(process))[0]
    )
    print(wait(start(), None).catch(ChildProcessError, repr).wait(timeout=20, pump=iterate))
    """
    assert play(program).splitlines() == ["True", "ChildProcessError(3)"]


def test_awaitables_of_pygobject_are_adopted(play: Play) -> None:
    """What an asynchronous function gives that is called without a callback, under the loop that PyGObject has."""
    python = python_with("gi", "python3-gi gir1.2-glib-2.0")
    if subprocess.run([python, "-c", "import gi.events"], capture_output=True, check=False).returncode:
        pytest.skip("PyGObject has awaitables from 3.50 on")
    program = """
    from gi.events import GLibEventLoopPolicy
    from promisepy import Cancelled

    async def main():
        async with asyncio.timeout(20):
            print((await Promise.resolve(file.load_contents_async())).contents)
            print((await Promise.resolve().then(lambda _: file.load_contents_async())).contents)
            missing = Promise.resolve(Gio.File.new_for_path("/no/such").load_contents_async())
            print(await missing.catch(GLib.Error, lambda error: error.domain))
            given_up = Promise.resolve(file.load_contents_async())
            await asyncio.sleep(0)
            given_up.cancel()
            print(await given_up.catch(Cancelled, lambda error: "cancelled"))

    GLibEventLoopPolicy().get_event_loop().run_until_complete(main())
    """
    assert play(program) == "b'content'\nb'content'\ng-io-error-quark\ncancelled"
