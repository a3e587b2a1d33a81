"""Qt, under whichever binding `BINDING` names: dialogues and event loops, with the host of the documentation."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module

from documented import qt_host

QtCore = import_module(f"{os.environ['BINDING']}.QtCore")
QtWidgets = import_module(f"{os.environ['BINDING']}.QtWidgets")
if not hasattr(QtCore, "Signal"):  # PyQt6's names
    QtCore.Signal, QtCore.Slot = QtCore.pyqtSignal, QtCore.pyqtSlot

application = QtWidgets.QApplication(sys.argv[:1])


def host() -> object:
    return qt_host(QtCore)


def run(start: Callable[[], object]) -> None:
    later(0, start)
    application.exec()


def stop() -> None:
    application.quit()


def later(seconds: float, call: Callable[[], object]) -> Callable[[], object]:
    timer = QtCore.QTimer(application)
    timer.setSingleShot(True)
    timer.timeout.connect(call)
    timer.start(round(seconds * 1000))
    return timer.stop


def dialog(opens: Callable[[Callable[[], object]], object]) -> None:
    window = QtWidgets.QDialog()
    opens(window.accept)
    window.exec()


def loop(opens: Callable[[Callable[[], object]], object]) -> None:
    inner = QtCore.QEventLoop()
    opens(inner.quit)
    inner.exec()


def turns(opens: Callable[[Callable[[], object]], object]) -> None:
    closed: list[None] = []
    opens(lambda: closed.append(None))
    while not closed:
        application.processEvents(QtCore.QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
