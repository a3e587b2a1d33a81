"""What tests of several folders share, and which promisepy they test: the one that is installed."""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest

import promisepy
from promisepy import Promise, Report, set_host, set_report_hook

from .support import Mainloop, Window, turn

ROOT = Path(__file__).resolve().parents[1]
TESTED = Path(promisepy.__file__).resolve().parent

# The tests and the benchmarks are found here, and promisepy only if nothing is installed. It is the same for the processes that
# tests start: these do not look into the current directory either.
sys.path.append(str(ROOT))
os.environ["PYTHONSAFEPATH"] = "1"
if TESTED.parent == ROOT:
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))


def installed() -> Path | None:
    """Find the package that a wheel has brought; an editable install brings none."""
    try:
        package = Path(str(distribution("promisepy").locate_file("promisepy")))
    except PackageNotFoundError:
        return None
    return package.resolve() if package.is_dir() else None


def pytest_configure() -> None:
    """Let Ctrl-C interrupt, and refuse to test what users do not get, such as a file that the wheel lacks."""
    # A shell has SIGINT ignored by what it runs in the background. Python then leaves it so, and children inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if installed() not in (None, TESTED):
        message = f"""\
these tests would test {TESTED}, but {installed()} is installed. Write `pytest`, or `python -P -m pytest`, which test that. \
To test the checkout: pip install --editable ."""
        raise pytest.UsageError(message)


def pytest_report_header() -> str:
    """Say what is tested."""
    return f"promisepy {promisepy.__version__}: {TESTED}"


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
