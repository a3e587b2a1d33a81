"""The comparison with V8's logs notices every fault planted in promisepy; without one it notices nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import promisepy

from . import mutants
from .mutants import AGREED, DIFFERS, MUTANTS, Mutant

# Where the package that these tests are in can be imported from.
ROOT = Path(__file__).resolve().parents[len(__name__.split(".")) - 1]


def compare(mutant: Mutant | None, directory: Path, module: str = mutants.__name__) -> str:
    package = directory / "promisepy"
    shutil.copytree(Path(promisepy.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    if mutant is not None:
        mutant.plant(package)
    done = subprocess.run(
        [sys.executable, "-m", module],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(directory), str(ROOT)]), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.stdout


def test_unchanged_copy_agrees(tmp_path: Path) -> None:
    assert compare(None, tmp_path).strip() == AGREED


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_noticed(tmp_path: Path, mutant: Mutant) -> None:
    assert compare(mutant, tmp_path).startswith(DIFFERS)
