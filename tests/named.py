"""The tests that there are, as pages of the documentation name them, so that a page does not care where a test lies."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parent
NAME = re.compile(r"`((?:Test\w+::)?test_\w+|Test\w+)`")


def names_in(path: Path) -> list[str]:
    """Give the file's stem, its classes and functions, and `TestX::test_y` for the methods."""
    names = [path.stem]
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            names.append(node.name)
        if isinstance(node, ast.ClassDef):
            inside = [one.name for one in node.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))]
            names += [f"{node.name}::{name}" for name in inside]
    return [name for name in names if name.startswith(("test_", "Test"))]


COUNTS = Counter(name for path in TESTS.rglob("test_*.py") for name in names_in(path))


def names_of_tests(text: str) -> list[str]:
    """Find the names of tests in a text."""
    return NAME.findall(text)


def not_one(names: list[str]) -> dict[str, int]:
    """Give those of the names that do not name one test, or class or file of tests, and how many they name."""
    return {name: COUNTS[name] for name in names if COUNTS[name] != 1}
