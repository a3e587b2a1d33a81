"""Faults that are planted in copies of the package, and runs against these.

A mutant says where, what and what instead. What stands there now is looked for as a piece of the syntax tree, so that a
mutant stays valid when code is moved, reformatted or commented. Only if that very piece has changed must the mutant
follow, and the error shows the code as it is now.
"""

from __future__ import annotations

import ast
import builtins
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent
from typing import NamedTuple

import promisepy

# Where the package that these tests are in can be imported from, and the package that they are about.
ROOT = Path(__file__).resolve().parents[len(__name__.split(".")) - 1]
PACKAGE = Path(promisepy.__file__).parent

# What a comparison prints first.
AGREED = "agreed"
DIFFERS = "differs"

FUNCTIONS = ast.FunctionDef, ast.AsyncFunctionDef
DEFINITIONS = *FUNCTIONS, ast.ClassDef


class Place(NamedTuple):
    """A file, and all that has one name in it: a function and its overloads, a property and its setter."""

    path: Path
    tree: ast.Module
    nodes: list[ast.stmt]


@dataclass(frozen=True)
class Mutant:
    """A fault: in the function `where`, the code `instead` stands in the place of `what`.

    `where` is a qualified name: of a function, a class or a variable outside functions. A function inside a function
    has a name of its own, such as `finally_.restore_after`. Where two files have the same name, the module goes first.
    `what` is a statement or an expression. If it occurs several times in this function, `nth` says which, from 1.
    `...` in `instead` is what has been there; nothing at all deletes a statement.
    """

    name: str
    where: str
    what: str
    instead: str
    nth: int | None = None

    def plant(self, package: Path) -> None:
        """Change the one file of this copy of the package in which the function is."""
        place = find(self.where, package)
        source = place.path.read_bytes()
        piece = self._choose(pieces(self.what, place), place)
        new = parsed(self.instead, piece)
        strange = unknown(ast.parse(dedent(self.instead)), place.tree)
        if strange:
            raise ValueError(f"mutant {self.name!r}: {place.path.name} does not know {sorted(strange)}")
        mutated = rewritten(source, piece, new)
        Swap(piece, new).visit(place.tree)
        if not equal(mutated, place.tree):
            raise ValueError(f"mutant {self.name!r}: nothing can be put in the place of `{self.what}` in {self.where}")
        place.path.write_bytes(mutated)

    def _choose(self, found: list[ast.expr | ast.stmt], place: Place) -> ast.expr | ast.stmt:
        if self.nth is None and len(found) == 1:
            return found[0]
        if self.nth is not None and 1 <= self.nth <= len(found) > 1:
            return found[self.nth - 1]
        wanted = "once" if self.nth is None else f"number {self.nth} of several"
        now = "\n".join(map(ast.unparse, place.nodes))
        raise LookupError(
            f"mutant {self.name!r}: expected `{self.what}` {wanted} in {self.where} ({place.path.name}), found it "
            f"{len(found)} times; a mutant has to follow the code, or to go. {self.where} is now\n\n{now}"
        )


def find(where: str, package: Path) -> Place:
    """Find what has a qualified name in the package."""
    places: list[Place] = []
    similar: list[str] = []
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_bytes())
        module = ".".join(path.relative_to(package).with_suffix("").parts)
        named = [(name, f"{module}.{name}", node) for name, node in defined(tree)]
        nodes = [node for name, full, node in named if len(name) <= len(where) and f".{full}".endswith(f".{where}")]
        if nodes:
            places.append(Place(path, tree, nodes))
        similar += [full for name, full, _ in named if name.rsplit(".", 1)[-1] == where.rsplit(".", 1)[-1]]
    if len(places) == 1:
        return places[0]
    found = "two files have" if places else "nothing has"
    raise LookupError(f"{found} the name {where!r}; with the same last part there are {similar}")


def defined(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.stmt]]:
    """Give the qualified names of functions, classes and their variables, also of those under an `if`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, DEFINITIONS):
            yield prefix + child.name, child
            yield from defined(child, f"{prefix}{child.name}.")
            continue
        yield from defined(child, prefix)
        if isinstance(child, (ast.Assign, ast.AnnAssign)) and not isinstance(node, FUNCTIONS):
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            yield from ((prefix + target.id, child) for target in targets if isinstance(target, ast.Name))


def pieces(what: str, place: Place) -> list[ast.expr | ast.stmt]:
    """Find a statement or an expression there; an expression that is a statement is given as such."""
    (wanted,) = ast.parse(dedent(what)).body
    shape = ast.dump(wanted.value if isinstance(wanted, ast.Expr) else wanted)
    nodes = [one for node in place.nodes for one in own(node)]
    statements = {node.value: node for node in nodes if isinstance(node, ast.Expr)}
    found = [node for node in nodes if isinstance(node, (ast.expr, ast.stmt)) and ast.dump(node) == shape]
    return [statements.get(node, node) if isinstance(node, ast.expr) else node for node in found]


def own(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through a definition in the order of the code, but not into others, which have names of their own."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, DEFINITIONS):
            yield from own(child)


def parsed(code: str, piece: ast.expr | ast.stmt) -> ast.expr | list[ast.stmt]:
    """Read what is to come in the place of a piece, and put the piece where it says `...`."""
    keep = Keep(piece)
    if isinstance(piece, ast.expr):
        expression: ast.expr = keep.visit(ast.parse(code.strip(), mode="eval").body)
        return expression
    module: ast.Module = keep.visit(ast.parse(dedent(code)))
    return module.body or [ast.Pass()]


def unknown(new: ast.AST, tree: ast.Module) -> set[str]:
    """Give the names that new code uses, and neither it nor the file has: a NameError would be noticed, too."""
    used = {node.id for node in ast.walk(new) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return used - set(bound(new)) - set(bound(tree)) - set(dir(builtins))


def bound(tree: ast.AST) -> Iterator[str]:
    """Give the names that are bound somewhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
        elif isinstance(node, (*DEFINITIONS, ast.ExceptHandler)) and node.name is not None:
            yield node.name


def rewritten(source: bytes, piece: ast.expr | ast.stmt, new: ast.expr | list[ast.stmt]) -> bytes:
    """Write the new code in the place of a piece; every other byte of the file stays."""
    assert piece.end_lineno is not None
    assert piece.end_col_offset is not None
    lines = source.splitlines(keepends=True)
    start = sum(map(len, lines[: piece.lineno - 1])) + piece.col_offset
    end = sum(map(len, lines[: piece.end_lineno - 1])) + piece.end_col_offset
    if isinstance(new, list):
        text = indent("\n".join(map(ast.unparse, new)), " " * piece.col_offset).lstrip()
    else:
        text = f"({ast.unparse(new)})"
    return source[:start] + text.encode() + source[end:]


def equal(source: bytes, tree: ast.Module) -> bool:
    """Tell whether a source means a tree: `elif`, and in CPython 3.11 an f-string, cannot be rewritten in place."""
    try:
        return ast.dump(ast.parse(source)) == ast.dump(tree)
    except SyntaxError:
        return False


class Keep(ast.NodeTransformer):
    """Puts a piece in the place of `...`."""

    def __init__(self, piece: ast.expr | ast.stmt) -> None:
        self.statement = piece if isinstance(piece, ast.stmt) else None
        self.expression = piece.value if isinstance(piece, ast.Expr) else piece if isinstance(piece, ast.expr) else None

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        is_placeholder = isinstance(node.value, ast.Constant) and node.value.value is ...
        return self.statement if is_placeholder and self.statement else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return self.expression if node.value is ... and self.expression else node


class Swap(ast.NodeTransformer):
    """Puts new code in the place of a piece."""

    def __init__(self, piece: ast.AST, new: ast.expr | list[ast.stmt]) -> None:
        self.piece = piece
        self.new = new

    def visit(self, node: ast.AST) -> ast.AST | list[ast.stmt]:
        return self.new if node is self.piece else self.generic_visit(node)


def copy(mutant: Mutant | None, directory: Path) -> Path:
    """Copy the package into the directory, with the fault if there is one; give the copy."""
    package = directory / "promisepy"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    if mutant is not None:
        mutant.plant(package)
    return package


def run_against(mutant: Mutant | None, directory: Path, module: str, *arguments: str, seconds: int = 20) -> str:
    """Run a module of the tests against such a copy; give what it prints."""
    copy(mutant, directory)
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(directory), str(ROOT)]), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.stdout


def tell(compare: Callable[[], str]) -> None:
    """Print what a comparison says about the promisepy in the current directory: the end of a module that is run so."""
    if PACKAGE.resolve().parent != Path.cwd().resolve():
        raise SystemExit(f"not the promisepy of the current directory: {promisepy.__file__}")
    promisepy.set_report_hook(lambda report: None)
    print(compare())
