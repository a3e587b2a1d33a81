"""The comparison with V8's logs notices every fault planted in promisepy; without one it notices nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import mutants
from .mutants import MUTANTS
from .planting import AGREED, DIFFERS, Mutant, run_against

pytestmark = pytest.mark.slow


def test_unchanged_copy_agrees(tmp_path: Path) -> None:
    assert run_against(None, tmp_path, mutants.__name__).strip() == AGREED


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_noticed(tmp_path: Path, mutant: Mutant) -> None:
    assert run_against(mutant, tmp_path, mutants.__name__).startswith(DIFFERS)
