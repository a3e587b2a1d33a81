"""The official Promises/A+ suite, run against promisepy by Node and Pyodide."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import promisepy

HERE = Path(__file__).parent
PACKAGE = Path(promisepy.__file__).parent
# How many tests the suite has; fewer would mean that some were not run.
TESTS = 872


class LackingError(Exception):
    """This machine cannot run the suite, for the reason given."""


@dataclass(frozen=True)
class Outcome:
    """What the suite has found; `failures` are names and messages."""

    passes: int
    failures: list[str]
    python: str
    node: str


def packages(manifest: Path = HERE / "package.json") -> Path:
    """Find the folder with the Node packages, installing them there the first time; it is outside of the project."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise LackingError(f"{'npm' if node else 'Node'} is not installed: apt-get install nodejs npm")
    wanted = manifest.read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "promisepy-tests")
    folder = cache / hashlib.sha256(wanted).hexdigest()[:16]
    if folder.exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as parent:
        unfinished = Path(parent, "packages")
        unfinished.mkdir()
        (unfinished / "package.json").write_bytes(wanted)
        command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        done = subprocess.run(command, cwd=unfinished, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LackingError(f"npm cannot install what {manifest} lists: {done.stderr.strip()}")
        # In one step, so that nobody meets half a folder; a run that comes second has installed for nothing.
        with suppress(OSError):
            unfinished.rename(folder)
    return folder


def node(script: str, *arguments: str, package: Path = PACKAGE, executable: str = "node") -> str:
    """Run a script of this folder, which gets the packages and a promisepy; give what it prints."""
    command = [executable, str(HERE / script), str(packages()), str(package), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if not done.stdout:
        raise RuntimeError(f"{script} ended with {done.returncode} and said nothing:\n{done.stderr}")
    return done.stdout


def run(package: Path = PACKAGE, pattern: str = "") -> Outcome:
    """Run the tests whose names match the pattern against the promisepy in that folder."""
    return Outcome(**json.loads(node("adapter.mjs", pattern, package=package)))
