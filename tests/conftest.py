"""What tests of several folders share, and which promisepy they test: the one that is installed."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

import promisepy
from promisepy import Promise, Report, set_report_hook

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
    """Refuse to test what users do not get, such as a file that the wheel lacks."""
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


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a test after what it is given, without addresses: its name is the same in every process."""
    has_name = isinstance(val, (str, int, float, type, re.Pattern)) or hasattr(val, "__name__")
    return None if has_name else re.sub(r" at 0x\w+| id='\d+'", "", repr(val))
