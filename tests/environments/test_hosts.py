"""Hosts that lose what was posted, go away, come back or live on another thread: the home goes on, or says why it cannot."""

from __future__ import annotations

import textwrap

import pytest

from ..servers import python_with
from .playing import Play
from .test_modal_loops import EXPECTED, KITS

PRELUDE = """
import sys, threading
from promisepy import Promise, StuckPromise, set_host, set_report_hook

def from_thread(value):
    return Promise(lambda resolve, _: threading.Thread(target=resolve, args=[value]).start())

def on_a_thread(call, *arguments):
    thread = threading.Thread(target=call, args=arguments)
    thread.start()
    thread.join()

def here():
    return threading.current_thread().name

def show(error):
    print("reported:", type(error).__name__, error)

def give_up():
    print("nobody came")
    stop()

set_report_hook(lambda report: show(report.reason))
sys.unraisablehook = lambda unraisable: show(unraisable.exc_value)
"""
BINDINGS = pytest.mark.parametrize("name", ["PySide6", "PyQt6"])
DELETE = {"PySide6": "from shiboken6 import delete", "PyQt6": "from PyQt6.sip import delete"}


def start(play: Play, kit: str, code: str, first: str = "", **more: str) -> list[str]:
    """Run a program in which everything of a kit's module is at hand."""
    used = KITS[kit]
    python = python_with(used.imports, *used.install)
    program = "\n".join([first, f"from {used.module} import *", PRELUDE, textwrap.dedent(code)])
    return play("-c", program, python=python, **used.environment, **more)


@BINDINGS
def test_an_application_is_run_again(play: Play, name: str) -> None:
    code = """
    set_host(host())
    between, resolve, _ = Promise.with_resolvers()
    run(lambda: from_thread("first run").then(print).finally_(stop))
    between.then(print)
    resolve("settled in between")  # while no loop runs
    run(lambda: from_thread("second run").then(print).finally_(stop))
    """
    assert start(play, name, code) == ["first run", "settled in between", "second run"]


@BINDINGS
def test_a_host_is_deleted_before_it_has_drained(play: Play, name: str) -> None:
    code = """
    first = host()
    set_host(first)
    promise, resolve, _ = Promise.with_resolvers()
    handled = promise.then(print)
    resolve("handled by the next host")  # queues a call in Qt
    delete(first)                        # and Qt drops it
    run(lambda: later(0.01, stop))
    print(handled.state)
    set_host(host())
    handled.finally_(stop)
    run(lambda: from_thread("alive").then(print))
    """
    said = start(play, name, code, DELETE[name])
    # Whether the first host is asked once more, and refuses, depends on when the next one is there.
    assert [line for line in said if "reported: RuntimeError" not in line] == [
        "pending",
        "handled by the next host",
        "alive",
    ]


@BINDINGS
def test_a_thread_settles_when_the_host_has_been_deleted(play: Play, name: str) -> None:
    code = """
    first = host()
    set_host(first)
    promise, resolve, _ = Promise.with_resolvers()
    handled = promise.then(print)
    delete(first)
    on_a_thread(resolve, "handled by the next host")
    print(handled.state)
    set_host(host())
    handled.finally_(stop)
    run(lambda: None)
    """
    said = start(play, name, code, DELETE[name])
    assert said[0].startswith("reported: RuntimeError")
    assert said[1:] == ["pending", "handled by the next host"]


@BINDINGS
def test_a_thread_of_qt_has_a_host_of_its_own(play: Play, name: str) -> None:
    code = """
    class Worker(QtCore.QThread):
        def run(self):
            me = here()
            set_host(host())
            from_thread("answer").then(lambda _: print("on its thread:", here() == me)).finally_(self.quit)
            self.exec()
            set_host(None)

    worker = Worker()
    worker.finished.connect(stop)
    run(worker.start)
    worker.wait()
    """
    assert start(play, name, code) == ["on its thread: True"]


# Posts to where another thread runs, and says when that has tried to drain.
ELSEWHERE = """
tried = threading.Event()

class Elsewhere:
    def __init__(self, host):
        self.host = host

    def post(self, drain):
        self.host.post(lambda: (drain(), tried.set(), stop()) and None)
"""


@BINDINGS
def test_a_host_that_lives_on_another_thread_is_refused_and_named(play: Play, name: str) -> None:
    code = """
    def work():
        set_host(elsewhere)
        handled = from_thread("answer").then(lambda _: print("handled on", here()))
        from_thread("another").then(str)
        tried.wait()
        print(handled.state)
        set_host(None)
        handled.wait(20)

    elsewhere = Elsewhere(host())  # Qt's object belongs to the main thread
    worker = threading.Thread(target=work, name="worker")
    run(worker.start)
    worker.join()
    """
    said = start(play, name, ELSEWHERE + textwrap.dedent(code))
    (report,) = [line for line in said if line.startswith("reported:")]
    assert "Elsewhere" in report
    assert "worker" in report
    assert "MainThread" in report
    assert [line for line in said if line != report] == ["pending", "handled on worker"]


def test_glib_s_default_context_is_not_the_host_of_a_thread_with_another(play: Play, display: str) -> None:
    code = """
    def work():
        context = GLib.MainContext.new()
        context.push_thread_default()
        loop = GLib.MainLoop.new(context, False)
        set_host(Elsewhere(host()))  # calls on the default context, which is the main thread's
        handled = from_thread("answer").then(lambda _: print("handled on", here()))
        tried.wait()
        print(handled.state)

        def post(drain):
            source = GLib.Idle()
            source.set_callback(lambda *_: drain() and False)
            source.attach(context)

        set_host(SimpleNamespace(post=post))
        handled.finally_(loop.quit)
        loop.run()
        set_host(None)
        context.pop_thread_default()

    worker = threading.Thread(target=work, name="worker")
    run(worker.start)
    worker.join()
    """
    first = "from types import SimpleNamespace"
    said = start(play, "GTK", ELSEWHERE + textwrap.dedent(code), first, DISPLAY=display)
    (report,) = [line for line in said if line.startswith("reported:")]
    assert "Elsewhere" in report
    assert [line for line in said if line != report] == ["pending", "handled on worker"]


@pytest.mark.parametrize("how", ["clear", "get", "set_blocked"])
def test_pygame_throws_away_what_was_posted(play: Play, how: str) -> None:
    lose = {
        "clear": "resolve('A'); pygame.event.clear()",  # keeps the event's objects alive for ever
        "get": "resolve('A'); pygame.event.get()",
        "set_blocked": "pygame.event.set_blocked(CALL); resolve('A'); pygame.event.set_allowed(CALL)",
    }[how]
    code = f"""
    set_host(host())
    promise, resolve, _ = Promise.with_resolvers()
    promise.then(print)
    {lose}
    answers, answer, _ = Promise.with_resolvers()
    answers.then(print).finally_(stop)
    later(10, give_up)
    on_a_thread(answer, "B")
    run(lambda: None)
    """
    assert start(play, "pygame", code) == ["A", "B"]


def test_pygame_throws_away_the_last_wake_up(play: Play) -> None:
    code = """
    set_host(host())
    promise, resolve, _ = Promise.with_resolvers()
    promise.then(print).finally_(stop)
    resolve("A")
    pygame.event.clear()
    later(10, give_up)
    run(lambda: None)  # and nothing is settled any more
    """
    assert start(play, "pygame", code) == ["A"]


def test_tk_drops_what_was_posted_when_its_window_is_destroyed(play: Play, display: str) -> None:
    code = """
    window = tk.Tk()
    set_host(SimpleNamespace(post=lambda drain: window.after(0, drain)))
    promise, resolve, _ = Promise.with_resolvers()
    promise.then(print).finally_(stop)
    resolve("handled by the next host")
    window.destroy()
    set_host(host())
    run(lambda: None)
    """
    said = start(play, "Tk", code, "from types import SimpleNamespace", DISPLAY=display)
    # Whether the first host is asked once more, and by whom, depends on when the next one is there.
    assert [line for line in said if not line.startswith("reported:")] == ["handled by the next host"]


def test_a_polling_host_that_cannot_be_re_entered_loses_nothing(play: Play, display: str) -> None:
    used = KITS["Tk"]
    python = python_with(used.imports, *used.install)
    said = play("-m", "scenarios", "on_tk", "dialog", "in_a_handler", python=python, DISPLAY=display, BLIND="1")
    expected = [line.strip() for line in EXPECTED["in_a_handler"].splitlines()]
    assert said[:3] == ["modal opens", "modal had no answer", "modal closed"]
    assert sorted(said) == sorted([*expected, "modal had no answer"])


def test_wx_has_ended_before_the_answer_comes(play: Play, display: str) -> None:
    code = """
    set_host(host())
    run(lambda: from_thread("in the main loop").then(print).finally_(stop))
    promise, resolve, _ = Promise.with_resolvers()
    promise.then(print)
    on_a_thread(resolve, "after it, at exit")
    """
    said = start(play, "wx", code, DISPLAY=display)
    assert said == ["in the main loop", "after it, at exit"]
