"""Loops that stand beside asyncio, over it or in its place: trio-asyncio, anyio, Tornado, Textual, gevent, Twisted."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from ..servers import python_with
from .playing import Play

PRELUDE = """
import asyncio, threading
from promisepy import Promise, set_host

kept = []

def from_thread(value):
    return Promise(lambda resolve, _: threading.Thread(target=resolve, args=[value]).start())

def never():
    kept.append(Promise.with_resolvers())
    return kept[-1].promise

async def doubled(value):
    await asyncio.sleep(0)
    return 2 * value

async def everything():
    print(await from_thread("awaited"))
    print(await from_thread("ha").then(doubled))
    print(await Promise.delay(0.01, "delayed"))
    print(await never().timeout(0.01).catch(TimeoutError, lambda _: "timed out"))
    print(*await asyncio.gather(from_thread("both"), from_thread("gathered")))
    print(await asyncio.wait_for(from_thread("waited for"), 20))
"""
EVERYTHING = ["awaited", "haha", "delayed", "timed out", "both gathered", "waited for"]


def program(code: str, first: str = "") -> tuple[str, str]:
    return "-c", first + PRELUDE + textwrap.dedent(code)


@pytest.mark.parametrize("first", ["import trio_asyncio", "import promisepy, trio_asyncio"])
def test_trio_asyncio_is_imported_before_and_after(play: Play, first: str) -> None:
    code = """
    import trio

    async def main():
        async with trio_asyncio.open_loop():
            await trio_asyncio.aio_as_trio(everything)()

    trio.run(main)
    asyncio.run(everything())  # asyncio's own loops work as before
    print(from_thread("waited in a script").wait(20))
    """
    python = python_with("trio_asyncio", "trio_asyncio", "pip")
    assert play(*program(code, first), python=python) == [*EVERYTHING, *EVERYTHING, "waited in a script"]


def test_trio_asyncio_is_imported_after_the_first_promise(play: Play) -> None:
    code = """
    asyncio.run(everything())
    import trio, trio_asyncio

    async def main():
        async with trio_asyncio.open_loop():
            await trio_asyncio.aio_as_trio(everything)()

    trio.run(main)
    """
    assert play(*program(code), python=python_with("trio_asyncio", "trio_asyncio", "pip")) == 2 * EVERYTHING


@pytest.mark.parametrize("use_uvloop", [False, True], ids=["asyncio", "uvloop"])
def test_anyio_sees_that_a_task_waits_for_a_promise(play: Play, use_uvloop: bool) -> None:
    code = f"""
    import anyio

    async def main():
        promise, resolve, _ = Promise.with_resolvers()

        async def waiter():
            print(await promise)

        async with anyio.create_task_group() as group:
            group.start_soon(waiter)
            await anyio.wait_all_tasks_blocked()
            print("blocked")
            resolve("resolved")
        stoppable = Promise.with_resolvers(on_cancel=lambda: print("producer stopped"))
        with anyio.move_on_after(0.01) as scope:
            await stoppable.promise
        print("cancelled", scope.cancelled_caught)
        print(await anyio.to_thread.run_sync(lambda: from_thread("in a worker").wait(20)))
        await everything()

    anyio.run(main, backend_options={{"use_uvloop": {use_uvloop}}})
    """
    python = python_with("anyio, uvloop" if use_uvloop else "anyio", "anyio uvloop", "pip")
    said = play(*program(code), python=python)
    assert said == ["blocked", "resolved", "cancelled True", "producer stopped", "in a worker", *EVERYTHING]


def test_anyio_s_plugin_for_pytest_runs_tests_that_await(play: Play, tmp_path: Path) -> None:
    test = """
    import pytest

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    @pytest.fixture
    async def promise():
        yield from_thread("made by a fixture")

    async def test_a_promise_of_a_fixture(promise):
        assert await promise == "made by a fixture"

    async def test_everything():
        await everything()
    """
    path = tmp_path / "test_awaiting.py"
    path.write_text(PRELUDE + textwrap.dedent(test), "utf-8")
    options = ["--quiet", "--rootdir", str(tmp_path), "-p", "no:cacheprovider", "-W", "error", str(path)]
    said = play("-m", "pytest", *options, python=python_with("anyio, pytest", "anyio pytest", "pip"))
    assert said[-1].startswith("2 passed"), said


def test_tornado_s_coroutines_and_callbacks_get_promises(play: Play) -> None:
    code = """
    from tornado import gen, ioloop

    @gen.coroutine
    def yielding():
        return (yield from_thread("yielded"))

    async def main():
        await everything()
        print(await yielding())
        called, resolve, _ = Promise.with_resolvers()
        ioloop.IOLoop.current().add_callback(resolve, "called back")
        print(await called)

    ioloop.IOLoop.current().run_sync(main)
    """
    said = play(*program(code), python=python_with("tornado", "tornado", "pip"))
    assert said == [*EVERYTHING, "yielded", "called back"]


def test_textual_s_handlers_use_promises(play: Play) -> None:
    code = """
    from textual.app import App
    from textual.widgets import Button, Label

    class Window(App):
        def compose(self):
            yield Button("fetch", id="fetch")
            yield Label("nothing", id="shown")

        def on_button_pressed(self):
            shown = self.query_one("#shown")
            self.fetched = from_thread("fetched").then(shown.update).then(lambda _: shown.visual)

    async def main():
        window = Window()
        async with window.run_test() as pilot:
            await pilot.click("#fetch")
            print(await window.fetched)
            await everything()

    asyncio.run(main())
    """
    said = play(*program(code), python=python_with("textual", "textual", "pip"))
    assert said == ["fetched", *EVERYTHING]


def test_a_prompt_goes_on_while_promises_are_handled(play: Play) -> None:
    code = """
    from prompt_toolkit import PromptSession
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    async def main():
        with create_pipe_input() as keys:
            typed = asyncio.create_task(PromptSession(input=keys, output=DummyOutput()).prompt_async())
            await everything()
            await from_thread("answer\\r").then(keys.send_text)
            print(await typed)

    asyncio.run(main())
    """
    said = play(*program(code), python=python_with("prompt_toolkit", "prompt_toolkit", "pip"))
    assert said == [*EVERYTHING, "answer"]


GREENLETS = """
    import gevent

    def later(value):
        promise, resolve, _ = Promise.with_resolvers()
        gevent.spawn_later(0.001, resolve, value)
        return promise

    def wait_in_one(number):
        me = gevent.getcurrent()
        return later(number).then(lambda value: (value, gevent.getcurrent() is me)).wait(20, pump=pump)
"""


def test_greenlets_of_a_patched_gevent_wait_at_the_same_time(play: Play) -> None:
    code = """
    pump = None
    greenlets = [gevent.spawn(wait_in_one, number) for number in range(20)]
    gevent.joinall(greenlets)
    print([greenlet.value for greenlet in greenlets] == [(number, True) for number in range(20)])
    print(Promise.delay(0.01, "delayed").wait(20))
    """
    first = "from gevent import monkey; monkey.patch_all()"
    said = play(
        *program(textwrap.dedent(GREENLETS) + textwrap.dedent(code), first),
        python=python_with("gevent", "gevent", "pip"),
    )
    assert said == ["True", "delayed"]


def test_an_unpatched_gevent_is_pumped(play: Play) -> None:
    code = """
    pump = lambda: gevent.sleep(0)
    print(*wait_in_one(1))
    print(from_thread("from a thread").wait(20, pump=pump), Promise.delay(0.01, "delayed").wait(20, pump=pump))
    """
    said = play(
        *program(textwrap.dedent(GREENLETS) + textwrap.dedent(code)), python=python_with("gevent", "gevent", "pip")
    )
    assert said == ["1 True", "from a thread delayed"]


@pytest.mark.parametrize("kind", ["select", "poll", "epoll", "asyncio"])
def test_each_reactor_of_twisted_is_a_host(play: Play, kind: str) -> None:
    code = f"""
    from types import SimpleNamespace
    from twisted.internet import {kind}reactor
    {kind}reactor.install()
    from twisted.internet import reactor

    def start():
        (
            from_thread("from a thread").then(print)
            .then(lambda _: Promise.delay(0.01, "delayed")).then(print)
            .then(lambda _: never().timeout(0.01)).catch(TimeoutError, lambda _: print("timed out"))
            .finally_(reactor.stop)
        )

    set_host(SimpleNamespace(post=reactor.callFromThread))
    reactor.callWhenRunning(start)
    reactor.run()
    set_host(None)
    """
    said = play(*program(code), python=python_with("twisted.internet.epollreactor", "twisted", "pip"))
    assert said == ["from a thread", "delayed", "timed out"]


# How each is made, what it imports, and what pip installs.
QT = "from {binding}.QtWidgets import QApplication; app = QApplication([])"
LOOPS = {
    "asyncio": ("make = asyncio.new_event_loop", "asyncio", ""),
    "uvloop": ("import uvloop; make = uvloop.new_event_loop", "uvloop", "uvloop"),
    "qasync": (
        f"{QT.format(binding='PyQt6')}; import qasync; make = lambda: qasync.QEventLoop(app)",
        "PyQt6.QtWidgets, qasync",
        "PyQt6 qasync",
    ),
    "QtAsyncio": (
        f"{QT.format(binding='PySide6')}; from PySide6 import QtAsyncio; make = lambda: QtAsyncio.QAsyncioEventLoop(app)",
        "PySide6.QtAsyncio",
        "PySide6",
    ),
}


def on_loop(play: Play, name: str, code: str) -> list[str]:
    """Run a program in which `make` gives a loop of that kind; what it would show on stderr comes with what it prints."""
    made, imports, package = LOOPS[name]
    first = f"import asyncio, sys; sys.stderr = sys.stdout\n{made}\n"
    python = python_with(imports, package, "pip")
    return play(*program(code, first), python=python, QT_QPA_PLATFORM="offscreen", QT_API="PyQt6")


@pytest.mark.parametrize("name", LOOPS)
def test_what_a_loop_accepts_and_never_runs_is_given_up(play: Play, name: str) -> None:
    code = """
    loop = make()

    async def main():
        promise, resolve, _ = Promise.with_resolvers()
        promise.then(lambda _: print("handled"))
        return resolve

    resolve = loop.run_until_complete(main())
    resolve("settled between the last turn of the loop and its end")
    loop.close()
    print("closed")
    """
    said = on_loop(play, name, code)
    assert "handled" not in said
    assert "StuckPromise" in "\n".join(said)


@pytest.mark.parametrize("name", LOOPS)
def test_each_loop_shows_a_lost_rejection(play: Play, name: str) -> None:
    code = """
    loop = make()

    async def main():
        lost = from_thread(1).then(lambda _: 1 / 0)
        await from_thread(2)
        del lost
        await Promise.delay(0.01)

    loop.run_until_complete(main())
    loop.close()
    """
    said = on_loop(play, name, code)
    assert "ZeroDivisionError" in "\n".join(said)
    assert "nobody handled it" in "\n".join(said)


def test_a_signal_that_settles_wakes_a_nested_loop(play: Play) -> None:
    code = """
    import signal, time, nest_asyncio

    nest_asyncio.apply()

    async def main():
        await Promise.delay(0.01)  # so that this step runs in a drain
        promise, resolve, _ = Promise.with_resolvers()
        signal.signal(signal.SIGALRM, lambda *_: resolve("answered by a signal handler"))
        signal.setitimer(signal.ITIMER_REAL, 0.05)  # while the nested loop sleeps, with no other timer to wake it
        started = time.monotonic()
        print(asyncio.get_running_loop().run_until_complete(asyncio.wait_for(promise, 10)))
        print("at once:", time.monotonic() - started < 5)

    asyncio.run(main())
    """
    said = play(*program(code), python=python_with("nest_asyncio", "nest_asyncio", "pip"))
    assert said == ["answered by a signal handler", "at once: True"]
