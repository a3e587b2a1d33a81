"""The comparison with the model notices every fault planted in what cancels; without one it notices nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..model.planting import AGREED, DIFFERS, Mutant, run_against
from . import mutants
from .mutants import MUTANTS

pytestmark = pytest.mark.slow


def test_unchanged_copy_agrees(tmp_path: Path) -> None:
    assert run_against(None, tmp_path, mutants.__name__, seconds=60).strip() == AGREED


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_noticed(tmp_path: Path, mutant: Mutant) -> None:
    seen = run_against(mutant, tmp_path, mutants.__name__)
    assert seen.startswith(DIFFERS)
    assert "\nraised " not in seen  # what breaks the run does not show that the comparison looks at what it should
