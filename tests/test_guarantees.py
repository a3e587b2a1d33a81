"""The page of guarantees is complete, the tests that it names exist, and whoever cites a guarantee finds it there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import promisepy

from .named import names_of_tests, not_one

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "guarantees.md"
SECTIONS = dict(re.findall(r"(?ms)^## (S\d+ [^\n]+)\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8")))
NUMBERS = [heading.partition(" ")[0] for heading in SECTIONS]
CITATION = re.compile(r"(?<![\w#./-])S\d+(?![\w*-]|\.\d)")  # and not `then/S25.4*`, a file of test262
CODE = [*Path(promisepy.__file__).parent.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
PAGES = [ROOT / "README.md", *(ROOT / "benchmarks").glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def anchor(heading: str) -> str:
    """Give the anchor that mkdocs makes of a heading."""
    return re.sub(r"[^\w\s-]", "", heading).strip().lower().replace(" ", "-")


def test_every_guarantee_is_there_once_and_in_order() -> None:
    assert NUMBERS == [f"S{number}" for number in range(1, 18)]


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_guarantee_names_one_to_four_tests_that_there_are(heading: str) -> None:
    before, _, listed = SECTIONS[heading].partition("- Tests: ")
    names = names_of_tests(listed)
    assert 1 <= len(names) <= 4
    assert not_one(names) == {}
    assert before.strip()


def cited() -> Iterator[tuple[str, str]]:
    for path in [*CODE, *PAGES]:
        for number in CITATION.findall(path.read_text("utf-8")):
            yield str(path), number


def test_every_guarantee_that_is_cited_is_there() -> None:
    citations = list(cited())
    assert len(citations) > 50
    assert [(path, number) for path, number in citations if number not in NUMBERS] == []


def test_a_citation_in_the_documentation_is_a_link_to_the_guarantee() -> None:
    anchors = {heading.partition(" ")[0]: anchor(heading) for heading in SECTIONS}
    wrong: list[tuple[str, str]] = []
    for page in PAGES:
        text = re.sub(r"(?m)^## S\d+ .*$", "", page.read_text("utf-8")) if page == PAGE else page.read_text("utf-8")
        target = "" if page == PAGE else "guarantees.md"
        links = re.compile(rf"\[(S\d+)\]\((?:[\w./-]*/)?{re.escape(target)}#([\w-]+)\)")
        assert {anchors.get(number) for number, _ in links.findall(text)} == {link for _, link in links.findall(text)}
        wrong += [(page.name, number) for number in CITATION.findall(links.sub("", text))]
    assert wrong == []
