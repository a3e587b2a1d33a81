"""While a handler or a task runs a loop of its own, such as a modal dialogue, its home goes on (S17)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from ..servers import python_with
from .playing import Play


@dataclass(frozen=True)
class Kit:
    """A toolkit's module, its ways of running a loop inside of another, what it imports, and who installs that."""

    module: str
    modals: tuple[str, ...]
    imports: str
    install: tuple[str, str]
    needs_display: bool = False
    is_loop: bool = False
    environment: dict[str, str] = field(default_factory=dict)


QT = ("dialog", "loop", "turns")
PYSIDE = {"QT_QPA_PLATFORM": "offscreen", "BINDING": "PySide6"}
PYQT = {"QT_QPA_PLATFORM": "offscreen", "BINDING": "PyQt6", "QT_API": "PyQt6"}
KITS = {
    "PySide6": Kit("on_qt", QT, "PySide6.QtWidgets", ("PySide6", "pip"), environment=PYSIDE),
    "PyQt6": Kit("on_qt", QT, "PyQt6.QtWidgets", ("PyQt6", "pip"), environment=PYQT),
    "Tk": Kit(
        "on_tk", ("dialog", "variable", "loop", "turns"), "tkinter", ("python3-tk", "apt-get"), needs_display=True
    ),
    "GTK": Kit(
        "on_gtk",
        ("dialog", "loop", "turns"),
        "gi; gi.require_version('Gtk', '3.0')",
        ("python3-gi gir1.2-gtk-3.0", "apt-get"),
        needs_display=True,
        environment={"NO_AT_BRIDGE": "1"},
    ),
    "wx": Kit("on_wx", ("dialog", "loop"), "wx", ("python3-wxgtk4.0", "apt-get"), needs_display=True),
    "pygame": Kit(
        "on_pygame",
        ("menu",),
        "pygame",
        ("pygame-ce", "pip"),
        environment={"SDL_VIDEODRIVER": "dummy", "PYGAME_HIDE_SUPPORT_PROMPT": "1"},
    ),
    "qasync": Kit("on_qasync", QT, "PyQt6.QtWidgets, qasync", ("PyQt6 qasync", "pip"), is_loop=True, environment=PYQT),
    "QtAsyncio": Kit("on_qtasyncio", QT, "PySide6.QtAsyncio", ("PySide6", "pip"), is_loop=True, environment=PYSIDE),
    **{
        f"nest_asyncio {when}": Kit(
            "on_nest",
            ("until_complete", "run_main"),
            "nest_asyncio",
            ("nest_asyncio", "pip"),
            is_loop=True,
            environment={"APPLY": when},
        )
        for when in ("before the import", "after the import", "after a promise")
    },
}
EXPECTED = {
    "in_a_handler": """\
        modal opens
        queued behind
        made inside
        settled by a thread
        delayed
        timed out
        timer of the toolkit
        modal closed
        handler went on
        still alive""",
    "deep": """\
        modal 1 opens
        modal 2 opens
        modal 3 opens
        bottom
        modal 3 closed
        modal 2 closed
        modal 1 closed
        1""",
    "order": """\
        modal 1 opens
        modal 2 opens
        modal 3 opens
        modal 3 closed
        modal 2 closed
        modal 1 closed
        in order: True""",
    "burst": """\
        modal opens
        modal closed
        3500 in order: True""",
    "twice": """\
        first opens
        answer to first
        first closed
        second opens
        answer to second
        second closed
        both closed""",
    "contexts": """\
        modal opens
        handler
        modal closed
        handler
        start""",
    "raising": """\
        modal opens
        rejected
        modal closed
        after the modal""",
}
IN_LOOPS = {
    "tasks_in_a_handler": """\
        modal opens
        awaited in another task
        awaited with a timeout
        awaited by wait_for
        modal closed""",
    "in_a_task": """\
        modal opens
        made inside
        settled by a thread
        delayed
        timed out
        timer of the toolkit
        modal closed
        task went on""",
}
# asyncio itself refuses a step of one task in a step of another. nest_asyncio lifts that.
IN_NESTED_LOOPS = {
    "tasks_in_a_task": IN_LOOPS["tasks_in_a_handler"]
    + """
        task went on""",
}


def scenarios_of(kit: Kit) -> dict[str, str]:
    of_loops = IN_LOOPS if kit.is_loop else {}
    of_nested = IN_NESTED_LOOPS if kit.module == "on_nest" else {}
    scenarios = {**EXPECTED, **of_loops, **of_nested}
    if kit.module == "on_wx":
        del scenarios["order"]  # wx hangs if an outer dialogue is closed first, also without promises
    return scenarios


# Each scenario in the toolkit's first way of running a loop, the first scenario in all of them.
CASES = [
    pytest.param(kit, modal, scenario, expected, id=f"{name}-{modal}-{scenario}")
    for name, kit in KITS.items()
    for modal in kit.modals
    for scenario, expected in scenarios_of(kit).items()
    if modal == kit.modals[0] or scenario.startswith("in_a_")
]


@pytest.mark.parametrize(("kit", "modal", "scenario", "expected"), CASES)
def test_home_goes_on(
    play: Play, request: pytest.FixtureRequest, kit: Kit, modal: str, scenario: str, expected: str
) -> None:
    screen = {"DISPLAY": request.getfixturevalue("display")} if kit.needs_display else {}
    python = python_with(kit.imports, *kit.install)
    said = play("-m", "scenarios", kit.module, modal, scenario, python=python, **screen, **kit.environment)
    assert said == [line.strip() for line in expected.splitlines()]
