"""The page of the architecture names the files, the calls, the invariants and the fields that there are."""

from __future__ import annotations

import ast
import asyncio
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import promisepy
from promisepy import Promise, Report, promisify, stream

from .named import names_of_tests, not_one

ROOT = Path(__file__).parents[1]
PACKAGE = Path(promisepy.__file__).parent
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text("utf-8")
DESIGN = (ROOT / "docs" / "explanation" / "design.md").read_text("utf-8")
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
FILES = [module for module in MODULES if not module.endswith("/__init__.py")]
WINGS = ["_core", "_promises", "_callbacks", "_events"]


def rows(page: str, heading: str) -> list[list[str]]:
    """Give the cells of the tables below a heading."""
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [
        line for line in section.splitlines() if re.match(r"\| (?!---|the core|promises|callbacks|events|top)", line)
    ]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


# --- the files


def test_every_file_is_named_once_and_no_other() -> None:
    named = [cells[0].strip("`") for cells in rows(PAGE, "The files")]
    assert sorted(named) == sorted(FILES)


def imports_of(module: str) -> Iterator[str]:
    """Give the files of the same wing that a file imports, also for types."""
    folder, _, _ = module.rpartition("/")
    for node in ast.walk(ast.parse((PACKAGE / module).read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and folder:
            yield from (
                f"{folder}/{name}.py" for name in ([node.module] if node.module else [a.name for a in node.names])
            )


@pytest.mark.parametrize("module", [module for module in FILES if "/" in module])
def test_a_file_stands_below_those_that_it_imports(module: str) -> None:
    named = [cells[0].strip("`") for cells in rows(PAGE, "The files")]
    assert [one for one in imports_of(module) if named.index(one) >= named.index(module)] == []


def test_every_wing_is_drawn() -> None:
    picture = PAGE.partition("\n## The wings\n")[2].partition("\n## ")[0]
    assert re.findall(r"\b_[a-z]+\b", picture.partition("```")[2].partition("```")[0]) == [
        "_callbacks",
        "_events",
        "_promises",
        "_core",
    ]
    assert sorted({module.partition("/")[0] for module in MODULES if "/" in module}) == sorted(WINGS)


# --- the walks


class Call(tuple[str, tuple[str, ...]]):
    """A call, and the calls of this package, or of this file, that it is made in."""

    __slots__ = ()


def label(code: CodeType) -> str | None:
    """Name a function as the page does; a function of the walk itself is not named."""
    name = code.co_qualname.rpartition("<locals>.")[2]
    if code.co_filename == __file__:
        return f"yours: {name}" if name in YOURS else None
    return f"{Path(code.co_filename).stem}: {name}" if code.co_filename.startswith(str(PACKAGE)) else None


YOURS = ("handler", "library", "on_cancel", "hook")


@contextmanager
def traced() -> Iterator[list[Call]]:
    """Note the calls."""
    calls: list[Call] = []

    def note(frame: FrameType, event: str, arg: object) -> None:
        name = label(frame.f_code) if event == "call" else None
        if name is None:
            return
        above: list[str] = []
        one = frame.f_back
        while one is not None:
            above.append(label(one.f_code) or "")
            one = one.f_back
        calls.append(Call((name, tuple(above))))

    previous = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(previous)


def a_value() -> list[Call]:
    def handler(value: int) -> int:
        return value + 1

    promise, resolve, _ = Promise[int].with_resolvers()
    last = promise.then(handler)
    with traced() as calls:
        resolve(1)
        last.wait()
    return calls


def a_handler_that_returns_a_promise() -> list[Call]:
    inner = Promise.delay(0.001, 2)

    def handler(_: None) -> Promise[int]:
        return inner

    last = Promise.resolve().then(handler)
    with traced() as calls:
        last.wait()
    return calls


def a_callback_through_promisify() -> list[Call]:
    kept: list[Callable[[str], None]] = []

    def library(key: str, on_done: Callable[[str], None]) -> None:
        kept.append(on_done)

    with traced() as calls:
        fetch = promisify(library)
        promise = fetch("key")
        kept.pop()("value")
    assert promise.value == "value"
    return calls


def a_cancelled_task() -> list[Call]:
    def on_cancel() -> None:
        """Stop the work."""

    async def main() -> list[Call]:
        promise, resolve, _ = Promise[int].with_resolvers(on_cancel=on_cancel)
        child = promise.then(str)

        async def read() -> None:
            await child

        task = asyncio.create_task(read())
        await asyncio.sleep(0)
        with traced() as calls:
            task.cancel()
            await asyncio.wait([task])
            await asyncio.sleep(0)
        resolve(1)
        return calls

    return asyncio.run(main())


def a_rejection_to_its_report() -> list[Call]:
    def hook(report: Report) -> None:
        """Note it."""

    previous = promisepy.set_report_hook(hook)
    try:
        promise, _, reject = Promise[int].with_resolvers()
        with traced() as calls:
            reject(ValueError())
            del promise
    finally:
        promisepy.set_report_hook(previous)
    return calls


def an_event_into_a_stream() -> list[Call]:
    async def main() -> list[Call]:
        emitters: list[Any] = []
        events = stream(emitters.append)

        async def read() -> int:
            return await anext(events)

        task = asyncio.create_task(read())
        await asyncio.sleep(0)
        with traced() as calls:
            emitters[0].emit(5)
            await task
        return calls

    return asyncio.run(main())


WALKS: dict[str, Callable[[], list[Call]]] = {
    "A value": a_value,
    "A handler that returns a promise": a_handler_that_returns_a_promise,
    "A callback through promisify": a_callback_through_promisify,
    "A cancelled task": a_cancelled_task,
    "A rejection, to its report": a_rejection_to_its_report,
    "An event, into a stream": an_event_into_a_stream,
}
LIVES = PAGE.partition("\n## The life of a promise\n")[2].partition("\n## ")[0].split("\n### ")[1:]
DRAWN = {part.partition("\n")[0]: part.partition("```text\n")[2].partition("```")[0] for part in LIVES}


def first_that_is_missing(drawing: str, calls: list[Call]) -> str | None:
    """Go through the calls once, line by line; each has to lie inside the line that it is indented under."""
    outer: list[tuple[int, str]] = []
    rest = iter(calls)
    for line in drawing.splitlines():
        depth = len(line) - len(line.lstrip())
        name = re.split(r" {2,}", line.strip())[0]
        outer = [one for one in outer if one[0] < depth]
        if not any(name == seen and (not outer or outer[-1][1] in above) for seen, above in rest):
            return line
        outer.append((depth, name))
    return None


def test_every_walk_is_drawn() -> None:
    assert list(DRAWN) == list(WALKS)


@pytest.mark.parametrize("walk", WALKS)
def test_a_walk_goes_as_it_is_drawn(walk: str) -> None:
    assert first_that_is_missing(DRAWN[walk], WALKS[walk]()) is None


# --- the invariants


def defined() -> list[tuple[str, str]]:
    """Find the invariants that the header of a file defines."""
    found: list[tuple[str, str]] = []
    for module in FILES:
        header = ast.get_docstring(ast.parse((PACKAGE / module).read_text("utf-8"))) or ""
        found += [(name, f"`{module}`") for name in re.findall(r"(?m)^(INV-[A-Z]+) ", header)]
    return found


def test_every_invariant_is_in_the_index_once_with_its_file() -> None:
    names = [name for name, _ in defined()]
    assert len(names) == len(set(names)) > 0
    assert sorted(tuple(cells[:2]) for cells in rows(PAGE, "Invariants")[1:]) == sorted(defined())


@pytest.mark.parametrize("cells", rows(PAGE, "Invariants")[1:], ids=lambda cells: cells[0])
def test_an_invariant_names_tests_that_there_are(cells: list[str]) -> None:
    names = names_of_tests(cells[3])
    assert names
    assert not_one(names) == {}


def test_every_invariant_that_is_cited_is_defined() -> None:
    known = {name for name, _ in defined()}
    places = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "docs").rglob("*.md")]
    cited = {(str(path), name) for path in places for name in re.findall(r"INV-[A-Z]+\b", path.read_text("utf-8"))}
    assert {(path, name) for path, name in cited if name not in known} == set()


# --- the fields


def attributes() -> dict[str, set[str]]:
    """Give, for each class of the package, what it and those who use it in its own body write, read or declare."""
    found: dict[str, set[str]] = {}
    for module in FILES:
        for node in ast.walk(ast.parse((PACKAGE / module).read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                inside = found.setdefault(node.name, set())
                inside |= {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
                inside |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return found


def test_every_field_of_the_table_is_one_of_its_class() -> None:
    known, owner = attributes(), ""
    wrong: list[str] = []
    for cells in rows(DESIGN, "Each field")[1:]:
        for name in re.findall(r"`([\w.]+)`", cells[0]):
            head, dot, field = name.rpartition(".")
            owner = head if dot else name if name in known else owner
            if field not in known.get(owner, set()) and name not in known:
                wrong.append(f"{owner}.{field}")
    assert wrong == []
