"""The page that goes through test262 adds up, and names tests that there are."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reference" / "test262.md").read_text("utf-8")
ROWS = [row.strip("|").split(" | ") for row in PAGE.splitlines() if re.match(r"\|(?! what is checked| ---)", row)]


def test_every_file_is_counted_once() -> None:
    total, holds, differs, javascript = map(
        int,
        re.findall(r"(\d+) (?:files of|hold|meet|are about)", PAGE),
    )
    counts: Counter[str] = Counter()
    for _, _, number, here, _ in ROWS:
        counts[here.partition(":")[0]] += int(number)
    assert counts == {"holds": holds, "differs": differs, "JavaScript": javascript}
    assert counts.total() == total


def test_every_test_that_is_named_exists() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    defined = set(re.findall(r"def (test_\w+)\(", sources))
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert named
    assert named - defined == set()


def test_every_behaviour_that_applies_has_a_test() -> None:
    for what, _, _, here, tests in ROWS:
        assert here.startswith("JavaScript") or "`test_" in tests, what
