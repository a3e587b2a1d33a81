"""Everything that the documentation and the docstrings show is run, and what they say it prints is compared.

A fenced `python` block runs in an interpreter of its own; if a `text` block follows it, that is its whole
output. A block of `>>>` lines is a doctest, as are the examples of all docstrings. Nothing may appear on
stderr: no report of a lost rejection, no warning. A `sh` block runs only after the line `<!-- run -->`.
A page with the line `<!-- needs mosquitto -->` finds that server running on its usual port; `<!-- needs gi -->` has its
blocks run by an interpreter that can import gi.
"""

from __future__ import annotations

import ast
import doctest
import gc
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import pytest

import promisepy
from promisepy import Report

from .servers import PORTS, for_documentation, lacking, python_with

ROOT = Path(__file__).parents[1]
PACKAGE = Path(promisepy.__file__).parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NEEDS = re.compile(r"(?m)^<!-- needs (.*) -->$")
FENCE = re.compile(r"(?ms)^(?P<run><!-- run -->\n)?```(?P<kind>\w*)[^\n]*\n(?P<text>.*?)^```$")


class Block(NamedTuple):
    """A fenced block, and what it should print if that is said."""

    name: str
    line: int
    kind: str
    text: str
    output: str | None
    is_marked: bool


def blocks_of(name: str, page: str) -> Iterator[Block]:
    """Find the blocks of a page."""
    fences = list(FENCE.finditer(page))
    for fence, following in zip_longest(fences, fences[1:]):
        between = page[fence.end() : following.start()] if following else "none"
        tells = following is not None and following["kind"] == "text" and not between.strip()
        output = following["text"] if tells else None
        line = page.count("\n", 0, fence.start("text")) + 1
        yield Block(name, line, fence["kind"], fence["text"], output, fence["run"] is not None)


NAMES = {str(page.relative_to(ROOT)): page.read_text("utf-8") for page in PAGES}
BLOCKS = [block for name, page in NAMES.items() for block in blocks_of(name, page)]
RUN = [block for block in BLOCKS if block.kind == "python" or block.is_marked]


def place(block: Block) -> str:
    """Name a test after the page and the line on which its block begins."""
    return f"{block.name}:{block.line}"


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that finds this promisepy, outside of debug mode."""
    ours = {"PYTHONPATH": str(PACKAGE.parent), "PROMISEPY_DEBUG": "", "PYTHONDEVMODE": ""}
    environment = {**os.environ, **ours}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)


def missing_packages(code: str) -> set[str]:
    """Name the packages that a block imports and that are not installed: documentation shows other libraries, too."""
    imports = [node for node in ast.walk(ast.parse(code)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in imports if isinstance(node, ast.ImportFrom) and node.module}
    return {package for package in (name.partition(".")[0] for name in names) if find_spec(package) is None}


@pytest.fixture(scope="session")
def needed() -> Iterator[Callable[[Block], list[str]]]:
    """Start the servers that a block's page needs, once; gives all needs of the page."""
    with ExitStack() as servers:

        @cache
        def start(need: str) -> None:
            servers.enter_context(for_documentation(need))

        def needs_of(block: Block) -> list[str]:
            needs = NEEDS.findall(NAMES[block.name])
            for need in set(needs) & set(PORTS):
                start(need)
            return needs

        yield needs_of


def command_of(block: Block, folder: Path, needs: list[str]) -> list[str]:
    """Give the command that runs a block."""
    if block.kind != "python":
        return ["sh", "-ec", block.text]
    program = folder / f"page_{Path(block.name).stem}.py"
    # Empty lines first, so that tracebacks tell the lines of the page.
    program.write_text("\n" * (block.line - 1) + block.text, "utf-8")
    if "gi" in needs:
        python = python_with("gi", "python3-gi gir1.2-glib-2.0")
        # Its own way of importing is what ImportWarning is about; its event loop has a policy, which CPython 3.14 deprecates.
        ignored = ["-W", "ignore::ImportWarning", "-W", "ignore::DeprecationWarning:gi.events"]
        return [python, "-W", "error", *ignored, str(program)]
    # CPython 3.15's linecache says so of the main program, in a process of a pool that formats the traceback of an error.
    # If the warning were another error, the process would end there, and the pool would wait for its answer for ever.
    ignored = ["-W", "ignore:Module globals is missing a __spec__.loader:DeprecationWarning"]
    return [sys.executable, "-W", "error", *ignored, str(program)]


@pytest.mark.parametrize("block", RUN, ids=place)
def test_block_prints_what_the_page_says(
    block: Block, tmp_path: Path, reports: list[Report], needed: Callable[[Block], list[str]]
) -> None:
    if block.text.startswith(">>> "):
        parser = doctest.DocTestParser()
        check(parser.get_doctest(block.text, {}, block.name, block.name, block.line - 1), reports)
        return
    needs = needed(block)
    missing = missing_packages(block.text) - set(needs) if block.kind == "python" else set()
    if missing:
        lacking(f"{', '.join(sorted(missing))} is not installed")
    done = run(command_of(block, tmp_path, needs), tmp_path if block.kind == "python" else ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    if block.output is not None:
        assert done.stdout == block.output


def docstrings() -> Iterator[doctest.DocTest]:
    """Find every docstring of the package that has an example; the public names are known in it."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for path in sorted(PACKAGE.rglob("*.py")):
        names = {name: getattr(promisepy, name) for name in promisepy.__all__}
        if path.parent == PACKAGE and not path.stem.startswith("_"):
            names |= vars(getattr(promisepy, path.stem))
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            docstring = ast.get_docstring(node, clean=False) if isinstance(node, kinds) else None
            if docstring is not None and ">>> " in docstring:
                assert isinstance(node, kinds)
                name = "module" if isinstance(node, ast.Module) else node.name
                line = node.body[0].lineno - 1
                yield doctest.DocTestParser().get_doctest(docstring, dict(names), name, str(path), line)


EXAMPLES = list(docstrings())


def check(example: doctest.DocTest, reports: list[Report]) -> None:
    """Run an example; it must print what it shows, and lose nothing."""
    shown: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(example, out=shown.append)
    gc.collect()
    assert result.failed == 0, "".join(shown)
    assert result.attempted > 0
    assert [report.message for report in reports] == []


def source_of(example: doctest.DocTest) -> str:
    """Name a test after the file and the object that its example belongs to."""
    return f"{Path(example.filename or '').stem}.{example.name}"


@pytest.mark.parametrize("example", EXAMPLES, ids=source_of)
def test_docstring_s_example_prints_what_it_shows(example: doctest.DocTest, reports: list[Report]) -> None:
    check(example, reports)


def test_readme_and_docs_have_programs_with_output() -> None:
    assert any(block.name == "README.md" and block.output for block in RUN)
    assert len([block for block in RUN if block.name.startswith("docs") and block.output]) > 20


def test_package_has_examples() -> None:
    assert len(EXAMPLES) > 20


def test_every_fence_is_closed() -> None:
    lines = {page: re.findall(r"^```", page.read_text("utf-8"), re.MULTILINE) for page in PAGES}
    assert {page.name: len(found) for page, found in lines.items() if len(found) % 2} == {}
    assert len(BLOCKS) == sum(len(found) // 2 for found in lines.values())


def test_blocks_are_found_with_their_output() -> None:
    page = (
        "a\n```python\nprint(1)\n```\n\n```text\n1\n```\n"  # a program and its output
        "<!-- run -->\n```sh\nls\n```\nb\n```text\nc\n```\n"  # a command, and a text that is not its output
    )
    assert list(blocks_of("page", page)) == [
        Block("page", 3, "python", "print(1)\n", "1\n", False),
        Block("page", 7, "text", "1\n", None, False),
        Block("page", 11, "sh", "ls\n", None, True),
        Block("page", 15, "text", "c\n", None, False),
    ]
