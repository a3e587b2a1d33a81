"""Copies of the package with a fault planted in them, and runs against these."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import promisepy

from .mutants import MUTANTS, Mutant

# Where the package that these tests are in can be imported from.
ROOT = Path(__file__).resolve().parents[len(__name__.split(".")) - 1]


def named(name: str) -> Mutant:
    """Find a mutant."""
    (mutant,) = [mutant for mutant in MUTANTS if mutant.name == name]
    return mutant


def copy(mutant: Mutant | None, directory: Path) -> Path:
    """Copy the package into the directory, with the fault if there is one; give the copy."""
    package = directory / "promisepy"
    shutil.copytree(Path(promisepy.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    if mutant is not None:
        mutant.plant(package)
    return package


def run_against(mutant: Mutant | None, directory: Path, module: str, *arguments: str, seconds: int = 20) -> str:
    """Run a module of the tests against such a copy; give what it prints."""
    copy(mutant, directory)
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(directory), str(ROOT)]), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.stdout
