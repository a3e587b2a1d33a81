"""The overloads that follow from a rule are what the rule makes."""

from __future__ import annotations

from pathlib import Path

import pytest

import promisepy

from .overloads import BLOCKS, renewed, text_of

SOURCE = (Path(promisepy.__file__).parent / "_promises" / "promise.py").read_text("utf-8")


@pytest.mark.parametrize("name", BLOCKS)
def test_overloads_between_the_marks_are_those_of_the_rule(name: str) -> None:
    assert f"    # generated for {name}\n{text_of(name)}    # end of generated\n" in SOURCE


def test_writing_them_again_changes_nothing() -> None:
    assert renewed(SOURCE) == SOURCE


def test_a_mark_that_has_gone_is_told() -> None:
    with pytest.raises(LookupError, match="generated for race"):
        renewed(SOURCE.replace("# generated for race", "# for race"))


def test_every_block_of_signatures_can_be_folded() -> None:
    """Editors fold what stands between these comments."""
    assert (
        SOURCE.count("    # region signatures of ")
        == SOURCE.count("    # endregion\n")
        == SOURCE.count("    # fmt: off\n")
    )
