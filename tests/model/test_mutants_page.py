"""The page of the mutants that live names code that there is."""

from __future__ import annotations

import re

import pytest

from .planting import PACKAGE, ROOT, find, pieces

PAGE = (ROOT / "docs" / "reference" / "mutants.md").read_text("utf-8")
ROWS = [row.strip("| ").split(" | ") for row in PAGE.splitlines() if row.startswith("| `")]
CODE = re.compile("`([^`]+)`")


def test_every_row_of_the_page_is_read() -> None:
    # All rows but the title and the line under it.
    assert len(ROWS) == PAGE.count("\n|") - 2 > 0


@pytest.mark.parametrize(
    ("where", "what"),
    [(where, what) for places, code, _, _ in ROWS for where in CODE.findall(places) for what in CODE.findall(code)],
)
def test_a_mutant_that_lives_is_in_the_code(where: str, what: str) -> None:
    assert pieces(what, find(where, PACKAGE))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}")
def test_a_mutant_that_lives_says_what_is_changed_and_why_that_may_be(row: list[str]) -> None:
    where, what, instead, reason = row
    assert CODE.findall(where)
    assert CODE.fullmatch(what)
    assert instead
    assert reason.endswith(".")
