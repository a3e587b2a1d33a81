"""The shape of the package: imports go one way, asyncio stays in its two files, everything stays small."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import promisepy

PACKAGE = Path(promisepy.__file__).parent

# A file imports from lower ranks only, also for types; so files of the same rank know nothing of one another.
RANKS = {
    "_types": 0,
    "_errors": 1,
    "_jobs": 1,
    "_misuse": 2,
    "_timers": 2,
    "_reports": 3,
    "_calls": 4,
    "_conventions": 4,
    "_host": 4,
    "_cell": 5,
    "_places": 5,
    "_surroundings": 5,
    "_wrapping": 5,
    "_cancel": 6,
    "_pump": 6,
    "_asyncio": 7,
    "_rules": 8,
    "_resolve": 9,
    "_combine": 10,
    "_map": 10,
    "_sinks": 10,
    "_time": 10,
    "_refusals": 10,
    "_promise": 11,
    "_callbackify": 12,
    "_channel": 12,
    "_decorators": 12,
    "_replies": 12,
    "_resources": 12,
    "_callbacks": 13,
    "_events": 13,
    "debug": 14,
    "__init__": 15,
    "__main__": 16,
}

FILE_LINES = 450
FUNCTION_LINES = 40
# The public class cannot be split, and most of what is written about it are signatures and docstrings. Neither the
# overloads, which only checkers need, nor the methods' docstrings are counted there; its code has the same limit.
PUBLIC_CLASS = "_promise"

MODULES = sorted(path.stem for path in PACKAGE.glob("*.py"))


def source(module: str) -> str:
    return (PACKAGE / f"{module}.py").read_text("utf-8")


def tree(module: str) -> ast.Module:
    return ast.parse(source(module))


def without_what_checkers_read(module: str) -> ast.Module:
    """Parse a module as it is run."""
    found = tree(module)
    for node in ast.walk(found):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return found


def imports(module: str) -> Iterator[tuple[str, str]]:
    """Give the top-level package and the module of each import, wherever it stands."""
    return imports_in(tree(module))


def imports_in(parsed: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], alias.name
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0 and node.module:
                yield node.module.partition(".")[0], node.module
            elif node.module:
                yield "promisepy", f"promisepy.{node.module}"
            else:
                yield from (("promisepy", f"promisepy.{alias.name}") for alias in node.names)


def own_imports(module: str) -> set[str]:
    names = {name for package, name in imports(module) if package == "promisepy"}
    return {name.removeprefix("promisepy.") if "." in name else "__init__" for name in names}


def functions(module: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(module)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def is_overload(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "overload" for one in function.decorator_list)


def length(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    decorators = node.decorator_list if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
    return node.end_lineno - min([node.lineno, *(one.lineno for one in decorators)]) + 1


def length_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = length(function.body[0]) if ast.get_docstring(function) is not None else 0
    return length(function) - docstring


def test_every_file_has_a_rank() -> None:
    assert sorted(RANKS) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_strictly_downward(module: str) -> None:
    assert {name: RANKS[name] for name in own_imports(module) if RANKS[name] >= RANKS[module]} == {}


@pytest.mark.parametrize("module", [module for module in MODULES if re.match("_[a-z]", module)])
def test_no_file_ranks_higher_than_its_imports_ask_for(module: str) -> None:
    assert RANKS[module] == max((RANKS[name] + 1 for name in own_imports(module)), default=0)


@pytest.mark.parametrize("module", MODULES)
def test_imports_stand_at_the_top_of_the_file(module: str) -> None:
    inside = [
        f"{function.name}: {ast.unparse(node)}"
        for function in functions(module)
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert inside == []


def test_asyncio_is_known_in_two_files_and_used_by_the_tour() -> None:
    known = [module for module in MODULES if "asyncio" in {package for package, _ in imports(module)}]
    assert known == ["__main__", "_asyncio", "_host"]


@pytest.mark.parametrize("module", MODULES)
def test_nothing_but_the_standard_library_is_imported(module: str) -> None:
    packages = {package for package, _ in imports_in(without_what_checkers_read(module))}
    assert packages <= {"promisepy", *sys.stdlib_module_names}


@pytest.mark.parametrize("module", MODULES)
def test_checkers_read_the_one_dependency_as_well(module: str) -> None:
    packages = {package for package, _ in imports(module)}
    assert packages <= {"promisepy", "typing_extensions", *sys.stdlib_module_names}


def test_package_touches_nothing_that_it_imports() -> None:
    """Whoever looks at all names after importing them loads them all, whichever the user asks for."""
    _, *statements = tree("__init__").body
    done = [node for node in statements if not isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef))]
    assert all(isinstance(node, ast.Assign) for node in done)
    for node in done:
        ast.literal_eval(node.value)  # fails for what is no literal


@pytest.mark.parametrize("module", MODULES)
def test_files_stay_short(module: str) -> None:
    lines = len(source(module).splitlines())
    if module == PUBLIC_CLASS:
        for function in functions(module):
            lines -= (
                length(function) if is_overload(function) else length(function) - length_without_docstring(function)
            )
    assert lines <= FILE_LINES


@pytest.mark.parametrize("module", MODULES)
def test_functions_stay_short(module: str) -> None:
    lengths = {function.name: length_without_docstring(function) for function in functions(module)}
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}


@pytest.mark.parametrize("module", MODULES)
def test_every_suppression_has_a_code_and_a_reason(module: str) -> None:
    mark = re.compile(r"# (?:type: ignore|pyright: ignore|noqa)")
    with_reason = re.compile(
        r"(?:  # (?:(?:type|pyright): ignore\[[\w, -]+\]|noqa: [A-Z]+\d+(?:, [A-Z]+\d+)*))+  # [^#]{8,}$"
    )
    lines = [line for line in source(module).splitlines() if mark.search(line)]
    assert [line for line in lines if not with_reason.search(line)] == []


@pytest.mark.parametrize("module", MODULES)
def test_no_file_names_a_place_on_somebody_s_machine(module: str) -> None:
    assert re.findall(r"(?<![\w.])/(?:home|root|tmp|usr|work|Users|opt)/\S*", source(module)) == []


def test_suppressions_are_few() -> None:
    # The overloads of combinators overlap by design and are the same suppression sixteen times over.
    lines = [line for module in MODULES for line in source(module).splitlines() if ": ignore[" in line]
    assert len([line for line in lines if "overload" not in line.lower()]) <= 12


@pytest.mark.parametrize("module", MODULES)
def test_every_file_opens_with_a_docstring_and_states_its_exports(module: str) -> None:
    assert ast.get_docstring(tree(module))
    names = [
        target.id
        for node in tree(module).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    assert "__all__" in names or module == "__main__"
