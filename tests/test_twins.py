"""Copies of functions on hot paths: each is compared, as a syntax tree, with the function that it names.

A comment `in place: Cell._begin` says that the statements from there on are the body of that function, with other
expressions for its parameters and other names for its variables. `in place: is_plain`, of a function that only returns an
expression, says that the line holds that expression. So whoever changes an original is told of its copies.

What the package shares between threads is written in `cell.py`, or in such copies.
"""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import promisepy
from promisepy._core import homes

PACKAGE = Path(promisepy.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
MARK = re.compile(r"# in place: (\w+(?:\.\w+)*(?:, \w+(?:\.\w+)*)*)$")
# What a cell is: slots that only `cell.py` may write. `then` furnishes a promise that nobody else has seen with handlers.
SLOTS = {"_alarm", "_failure", "_holder", "_observed", "_producer", "_reactions", "_state", "_value", "_work"}


class Copy(NamedTuple):
    """What stands at a mark, and the function that the mark names."""

    path: Path
    line: int
    original: str
    statements: list[ast.stmt]


def definitions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Give the functions of a file by their qualified names."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if isinstance(node, ast.FunctionDef) and "overload" not in map(ast.unparse, node.decorator_list):
                yield prefix + node.name, node
            yield from definitions(node, f"{prefix}{node.name}.")
        else:
            yield from definitions(node, prefix)


def blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Give every list of statements."""
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield value


def copies_in(path: Path, text: str) -> Iterator[Copy]:
    """Find the marks of a file; one that stands alone in its line belongs to the statement below."""
    found = [(number, mark) for number, line in enumerate(text.splitlines(), 1) if (mark := MARK.search(line))]
    starts = {block[at].lineno: block[at:] for block in blocks(ast.parse(text)) for at in range(len(block))}
    for number, mark in found:
        line = number if number in starts else min(start for start in starts if start > number)
        for name in mark[1].split(", "):
            yield Copy(path, number, name, starts[line])


def header(statement: ast.stmt) -> list[ast.expr]:
    """Give the expressions that stand in the first line of a statement."""
    return [node for node in ast.iter_child_nodes(statement) if isinstance(node, ast.expr)]


class Matcher:
    """Compares two pieces of syntax, and remembers what stands for the variables of the first."""

    def __init__(self, original: ast.FunctionDef) -> None:
        arguments = original.args
        self.parameters = {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        names = [node for node in ast.walk(original) if isinstance(node, ast.Name)]
        self.variables = {node.id for node in names if isinstance(node.ctx, ast.Store)} - self.parameters
        self.bound: dict[str, str] = {}

    def same(self, original: object, copy: object) -> bool:
        if isinstance(original, ast.Name) and original.id in self.parameters | self.variables:
            is_allowed = isinstance(copy, ast.Name) or (original.id in self.parameters and isinstance(copy, ast.expr))
            return is_allowed and self._bind(original.id, ast.unparse(copy))  # type: ignore[type-var]  # a node, as asked
        if type(original) is not type(copy):
            return False
        if isinstance(original, list):
            assert isinstance(copy, list)
            return len(original) == len(copy) and all(map(self.same, original, copy))
        if isinstance(original, ast.AST):
            fields = [name for name in original._fields if name not in ("ctx", "type_comment", "kind")]
            return all(self.same(getattr(original, name, None), getattr(copy, name, None)) for name in fields)
        return original == copy

    def _bind(self, name: str, meaning: str) -> bool:
        if name in self.variables and meaning in (self.bound[one] for one in self.bound if one != name):
            return False  # two variables must not become one
        return self.bound.setdefault(name, meaning) == meaning


def body_of(original: ast.FunctionDef) -> list[ast.stmt]:
    """Give what a copy has to repeat: not the docstring, nor what is returned at the end, which the copy goes on with."""
    body = original.body[ast.get_docstring(original) is not None :]
    return body[:-1] if len(body) > 1 and isinstance(body[-1], ast.Return) else body


def is_copy(original: ast.FunctionDef, statements: list[ast.stmt]) -> bool:
    """Tell whether statements begin with the body of a function, or their first line holds what it returns."""
    body = body_of(original)
    if len(body) == 1 and isinstance(body[0], ast.Return):
        expressions = [node for top in header(statements[0]) for node in ast.walk(top) if isinstance(node, ast.expr)]
        return any(Matcher(original).same(body[0].value, one) for one in expressions)
    return len(statements) >= len(body) and Matcher(original).same(body, statements[: len(body)])


TEXTS = {path: path.read_text("utf-8") for path in FILES}
COPIES = [copy for path, text in TEXTS.items() for copy in copies_in(path, text)]
ORIGINALS: dict[str, list[ast.FunctionDef]] = {}
for _text in TEXTS.values():
    for _name, _function in definitions(ast.parse(_text)):
        ORIGINALS.setdefault(_name, []).append(_function)


def name_of(copy: Copy) -> str:
    return f"{copy.path.stem}:{copy.line}:{copy.original}"


@pytest.mark.parametrize("copy", COPIES, ids=name_of)
def test_copy_equals_its_original(copy: Copy) -> None:
    [original] = ORIGINALS[copy.original]
    assert is_copy(original, copy.statements), f"{copy.path.name}:{copy.line} is no copy of {copy.original} any more"


def test_the_home_here_is_the_current_home() -> None:
    """It is no copy of `current_home`, but a faster way to the same, of which there are copies."""

    async def on_a_loop() -> bool:
        return homes.home_here() is homes.current_home() is homes.home_here()

    assert homes.home_here() is homes.current_home()
    assert asyncio.run(on_a_loop())


def test_no_mark_is_misspelt() -> None:
    mentions = {path.name: len(re.findall(r"#.*\bin place\b", text)) for path, text in TEXTS.items()}
    marks = {path.name: len({copy.line for copy in COPIES if copy.path == path}) for path in TEXTS}
    assert mentions == marks


def written(tree: ast.AST, owner: set[str] = SLOTS) -> Iterator[ast.Attribute]:
    """Find what writes a slot of a cell; a class with slots of the same names may write its own."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            slots = [
                one for one in node.body if isinstance(one, ast.Assign) and "__slots__" in ast.unparse(one.targets)
            ]
            own = set(re.findall(r"\w+", ast.unparse(slots[0].value))) if slots else set[str]()
            yield from written(node, SLOTS - own if node.name != "Cell" else SLOTS)
            continue
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
            is_own = isinstance(node.value, ast.Name) and node.value.id == "self"
            if node.attr in (owner if is_own else SLOTS):
                yield node
        yield from written(node, owner)


def test_a_cell_is_written_in_its_file_and_in_copies_only() -> None:
    copied = {
        (copy.path, line)
        for copy in COPIES
        for statement in copy.statements[: len(body_of(ORIGINALS[copy.original][0]))]
        for line in range(statement.lineno, (statement.end_lineno or 0) + 1)
    }
    found = [
        f"{path.name}:{node.lineno}: {ast.unparse(node)}"
        for path, text in TEXTS.items()
        if path.name != "cell.py"
        for node in written(ast.parse(text))
        if (path, node.lineno) not in copied
    ]
    assert found == []


ORIGINAL = """
def _begin(self, home):
    \"\"\"Become a pending promise.\"\"\"
    self._home = home
    if settings.sites:
        site = creation_site()
        self._site = site
"""
GOOD = """
made = new(Promise)
# in place: _begin
made._home = home or other()
if settings.sites:
    found = creation_site()
    made._site = found
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("made._site", "self._site"),
        ("made._home", "made._source"),
        ("creation_site", "site"),
        ("settings.sites", "settings.strict"),
        ("= found", "= made"),
        ("    found = creation_site()\n", ""),
        ("made._home = home or other()\n", "made._home = home or other()\nmade._more = 1\n"),
    ],
)
def test_a_copy_that_differs_is_noticed(old: str, new: str) -> None:
    [(_, original)] = definitions(ast.parse(ORIGINAL))
    [good] = copies_in(Path("copy.py"), GOOD)
    [bad] = copies_in(Path("copy.py"), GOOD.replace(old, new))
    assert is_copy(original, good.statements)
    assert not is_copy(original, bad.statements)


@pytest.mark.parametrize("line", ["if kind in SET:", "if type(kind) is type and name in SET:", "while kind is type:"])
def test_an_expression_that_differs_is_noticed(line: str) -> None:
    [(_, original)] = definitions(ast.parse("def is_plain(kind): return type(kind) is type and kind in SET"))
    good = ast.parse("if found or (type(kind) is type and kind in SET):\n    pass").body
    assert is_copy(original, good)
    assert not is_copy(original, ast.parse(f"{line}\n    pass").body)


def test_a_write_from_outside_is_noticed() -> None:
    text = "class Other:\n    __slots__ = ('_value',)\n    def f(self, p):\n        self._value = p._value = self._work = None\n"
    assert [ast.unparse(node) for node in written(ast.parse(text))] == ["p._value", "self._work"]
