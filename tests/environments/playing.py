"""How a program of this folder is run: in a process of its own, which is killed only if it hangs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import promisepy

PROGRAMS = Path(__file__).parent / "programs"
GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "use-with-a-gui.md"
# Seconds. A program ends by itself, mostly in less than one, and in a few if what it tests is broken.
LIMIT = 60

Play = Callable[..., list[str]]


def prepare(folder: Path) -> str:
    """Put this promisepy and the hosts that the documentation shows on a path, for interpreters with other libraries."""
    (folder / "promisepy").symlink_to(Path(promisepy.__file__).parent)
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```", GUIDE.read_text("utf-8"))
    hosts = [block for block in blocks if '"""Call as `set_host(' in block]
    (folder / "documented.py").write_text("\n\n".join(hosts), "utf-8")
    return os.pathsep.join([str(folder), str(PROGRAMS)])


def run(path: str, *arguments: str, python: str = sys.executable, **environment: str) -> list[str]:
    """Run a program, which must end well and quietly; give the lines that it prints."""
    command = [python, "-P", "-u", *arguments]
    variables = {**os.environ, **environment, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables) as process:
        hung = threading.Timer(LIMIT, process.kill)
        hung.start()
        out, complaints = process.communicate()
        hung.cancel()
    assert (process.returncode, complaints) == (0, ""), f"{out}\nends with {process.returncode}:\n{complaints}"
    return out.splitlines()
