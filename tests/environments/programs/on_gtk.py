"""GLib and GTK 3: dialogues, main loops and turns by hand, with the host of the documentation."""

from __future__ import annotations

from collections.abc import Callable

import gi
from documented import GLibHost

gi.require_version("Gtk", "3.0")

from gi.repository import GLib, Gtk  # noqa: E402  # the version has to be said first

main_loop = GLib.MainLoop()


def host() -> object:
    return GLibHost(GLib)


def run(start: Callable[[], object]) -> None:
    later(0, start)
    main_loop.run()


def stop() -> None:
    main_loop.quit()


def later(seconds: float, call: Callable[[], object]) -> Callable[[], object]:
    source = GLib.timeout_source_new(round(seconds * 1000))
    source.set_callback(lambda *_: call() and False)
    source.attach(None)
    return source.destroy


def dialog(opens: Callable[[Callable[[], object]], object]) -> None:
    window = Gtk.Dialog()
    opens(lambda: window.response(Gtk.ResponseType.OK))
    window.run()
    window.destroy()


def loop(opens: Callable[[Callable[[], object]], object]) -> None:
    inner = GLib.MainLoop()
    opens(inner.quit)
    inner.run()


def turns(opens: Callable[[Callable[[], object]], object]) -> None:
    closed: list[None] = []
    opens(lambda: closed.append(None))
    while not closed:
        GLib.MainContext.default().iteration(True)
