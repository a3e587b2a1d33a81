"""What the tests of this folder need: programs that are run, and a display."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial

import pytest

from ..servers import lacking
from .playing import Play, prepare, run


@pytest.fixture(scope="session")
def play(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Give what runs a program and returns the lines that it prints."""
    return partial(run, prepare(tmp_path_factory.mktemp("library")))


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """Run an X server that shows nothing; give the name of its display."""
    server = shutil.which("Xvfb")
    if server is None:
        lacking("Xvfb is not installed: apt-get install xvfb")
    reader, writer = os.pipe()
    with subprocess.Popen(
        [server, "-displayfd", str(writer), "-screen", "0", "640x480x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(writer)
        with os.fdopen(reader, encoding="ascii") as numbers:
            yield f":{numbers.readline().strip()}"  # written when the server is ready
        process.terminate()
