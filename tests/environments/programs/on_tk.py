"""Tk: dialogues, loops and turns by hand, with the polling host of the documentation, or one that cannot be re-entered."""

from __future__ import annotations

import os
import tkinter as tk
from collections.abc import Callable
from queue import SimpleQueue

from documented import TkHost

root = tk.Tk()


class BlindHost:
    """Looks again only when what it has called returns, so that a nested loop does not call it."""

    def __init__(self) -> None:
        self.posted: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.look()

    def post(self, drain: Callable[[], None]) -> None:
        self.posted.put(drain)

    def look(self) -> None:
        while not self.posted.empty():
            self.posted.get()()
        root.after(1, self.look)


def host() -> object:
    return BlindHost() if os.environ.get("BLIND") else TkHost(root, 1)


def run(start: Callable[[], object]) -> None:
    later(0, start)
    root.mainloop()
    root.destroy()


def stop() -> None:
    root.quit()


def later(seconds: float, call: Callable[[], object]) -> Callable[[], object]:
    after = root.after(round(seconds * 1000), call)
    return lambda: root.after_cancel(after)


def dialog(opens: Callable[[Callable[[], object]], object]) -> None:
    window = tk.Toplevel(root)
    window.wait_visibility()
    window.grab_set()  # as messagebox and simpledialog do
    opens(window.destroy)
    root.wait_window(window)


def variable(opens: Callable[[Callable[[], object]], object]) -> None:
    answer = tk.StringVar(root)
    opens(lambda: answer.set("ok"))
    root.wait_variable(answer)


def loop(opens: Callable[[Callable[[], object]], object]) -> None:
    opens(root.quit)
    root.mainloop()


def turns(opens: Callable[[Callable[[], object]], object]) -> None:
    closed: list[None] = []
    opens(lambda: closed.append(None))
    while not closed:
        root.update()
