"""Links of the README and the documentation lead somewhere, every page is in the menu, and tables hold together.

`mkdocs build --strict` checks links between pages as well, in `.ci/run`. Here it takes no time and needs no mkdocs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
# The README is shown on a package index, too, where a relative link leads nowhere.
BASE = "https://github.com/promisepy/promisepy/blob/main/"


def prose(page: Path) -> str:
    """Read a page without its blocks of code and without code in a line, which may look like links and headings."""
    blocks = re.sub(r"(?ms)^```.*?^```$", "", page.read_text("utf-8"))
    return re.sub(r"`[^`\n]*`", lambda code: re.sub(r"[\[\]()#]", "", code[0]), blocks)


def links(text: str) -> list[str]:
    """Find what inline links and definitions of labels point at."""
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"(?m)^\[[^\]]+\]: (\S+)$", text)


def headings(page: Path) -> list[str]:
    """Find the headings of a page, without markup."""
    shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", prose(page))
    return [re.sub(r"[`*]", "", heading) for heading in re.findall(r"(?m)^#+ +(.+?) *$", shown)]


def anchor_of_mkdocs(heading: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", ascii_only).strip().lower())


def anchor_of_github(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@cache
def anchors(page: Path) -> set[str]:
    """Name the anchors that a page has both as mkdocs renders it and where the repository is read."""
    found = headings(page)
    return {anchor_of_mkdocs(heading) for heading in found} & {anchor_of_github(heading) for heading in found}


def wrong(page: Path, within: Path, text: str | None = None) -> Iterator[str]:
    """Find the links of a page that lead nowhere, or out of a folder."""
    for link in links(prose(page) if text is None else text):
        path, _, anchor = link.partition("#")
        if re.match(r"\w+:", link):
            continue
        target = (page.parent / path).resolve() if path else page
        if not (target.exists() and target.is_relative_to(within)) or (anchor and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_links_of_a_page_lead_to_pages_and_anchors(page: Path) -> None:
    assert list(wrong(page, DOCS)) == []


@pytest.mark.parametrize("name", ["CHANGELOG.md", "benchmarks/README.md"])
def test_links_of_other_texts_lead_to_files(name: str) -> None:
    assert list(wrong(ROOT / name, ROOT)) == []


def test_readme_has_no_relative_link() -> None:
    found = links(prose(ROOT / "README.md"))
    assert len(found) > 10
    assert [link for link in found if not link.startswith("https://")] == []


def test_readme_s_links_into_the_repository_lead_to_files_and_anchors() -> None:
    inside = prose(ROOT / "README.md").replace(BASE, "")
    assert BASE not in inside
    assert list(wrong(ROOT / "README.md", ROOT, inside)) == []


def test_readme_s_labels_are_defined_and_used() -> None:
    text = prose(ROOT / "README.md")
    used = set(re.findall(r"\]\[([^\]]+)\]", text))
    assert used == set(re.findall(r"(?m)^\[([^\]]+)\]: ", text))


def test_every_page_is_in_the_menu_once() -> None:
    menu = (DOCS / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    assert sorted(re.findall(r"(?m)^ +- .+: (\S+)$", menu)) == sorted(
        page.relative_to(DOCS).as_posix() for page in PAGES
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_tables_of_a_page_are_not_split(page: Path) -> None:
    """A line of a table after a blank line begins a table of its own, or it is shown as a line of pipes."""
    starts = re.findall(r"(?m)(?<=\n\n)\|.*\n.*", prose(page))
    assert [start for start in starts if not re.search(r"\n\| ---", start)] == []


@pytest.mark.parametrize(
    ("line", "is_wrong"),
    [
        ("[a](there.md)", False),
        ("[a](there.md#a-heading)", False),
        ("[a](#here)", False),
        ("[a](https://example.org/nowhere.md)", False),
        ("`[a](nowhere.md)`", False),
        ("[a](nowhere.md)", True),
        ("[`a`](there.md#nowhere)", True),
        ("[a](#in-code)", True),
        ("[a](../outside.md)", True),
        ("[a]: nowhere.md", True),
    ],
)
def test_link_that_leads_nowhere_is_found(tmp_path: Path, line: str, *, is_wrong: bool) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (tmp_path / "outside.md").touch()
    (folder / "there.md").write_text("# There\n\n## A `heading`\n", "utf-8")
    page = folder / "page.md"
    page.write_text(f"# Here\n\n```python\n# In code\n```\n\n{line}\n", "utf-8")
    assert bool(list(wrong(page, folder))) == is_wrong
