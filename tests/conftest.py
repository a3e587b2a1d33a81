"""What tests of several folders share."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from promisepy import Promise, Report, set_host, set_report_hook

from .support import Mainloop, Window, turn


@pytest.fixture
def reports() -> Iterator[list[Report]]:
    """Collect what promisepy would otherwise report as lost."""
    seen: list[Report] = []
    previous = set_report_hook(seen.append)
    try:
        yield seen
        Promise.resolve().wait()  # jobs that a test has left on this thread are not the next one's
    finally:
        set_report_hook(previous)


@pytest.fixture
def nothing_lost(reports: list[Report]) -> Iterator[None]:
    """Whatever a test leaves, nothing is reported; a test that expects reports takes them out of the list."""
    yield
    turn()
    gc.collect()
    assert reports == []


@pytest.fixture
def unraisable(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collect what goes to `sys.unraisablehook`."""
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: seen.append(args.exc_value))
    return seen


@pytest.fixture
def no_gc() -> Iterator[None]:
    """Leave freeing to reference counts alone."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.fixture
def hectic() -> Iterator[None]:
    """Let threads take turns as often as the interpreter can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.fixture
def mainloop() -> Iterator[Mainloop]:
    """Provide a host for the promises of the test's own thread."""
    host = Mainloop()
    previous = set_host(host)
    yield host
    host.run()
    set_host(previous)


@pytest.fixture
def window() -> Iterator[Window]:
    """Provide one that waits for other threads."""
    host = Window()
    previous = set_host(host)
    yield host
    set_host(previous)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a test after what it is given, without addresses: its name is the same in every process."""
    has_name = isinstance(val, (str, int, float, type, re.Pattern)) or hasattr(val, "__name__")
    return None if has_name else re.sub(r" at 0x\w+| id='\d+'", "", repr(val))
