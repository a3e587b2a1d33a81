"""The shape of the package: wings stand on one another in one way, asyncio stays in two files, everything stays small."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import promisepy

PACKAGE = Path(promisepy.__file__).parent

# Callbacks and events stand on promises, promises on the core; what users import stands on all of them.
STANDS_ON = {
    "_core": set[str](),
    "_promises": {"_core"},
    "_callbacks": {"_promises", "_core"},
    "_events": {"_promises", "_core"},
    "": {"_callbacks", "_events", "_promises", "_core"},
}

FILE_LINES = 450
FUNCTION_LINES = 40

FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
FILES[""] = FILES.pop("__init__")
MODULES = sorted(FILES)


def source(module: str) -> str:
    return FILES[module].read_text("utf-8")


def tree(module: str) -> ast.Module:
    return ast.parse(source(module))


def wing_of(module: str) -> str:
    """Give the private package that a module is in; what is public belongs to the package itself."""
    first = module.partition(".")[0]
    return first if first in STANDS_ON else ""


def without_what_checkers_read(module: str) -> ast.Module:
    """Parse a module as it is run."""
    found = tree(module)
    for node in ast.walk(found):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return found


def imports(module: str, parsed: ast.Module | None = None) -> Iterator[tuple[str, str]]:
    """Give the top-level package and the module, ours relative to the package, of each import, wherever it stands."""
    package = module.split(".") if FILES[module].stem == "__init__" else module.split(".")[:-1]
    for node in ast.walk(parsed or tree(module)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], alias.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).partition(".")[0], str(node.module)
        elif isinstance(node, ast.ImportFrom):
            above = [part for part in package[: len(package) - node.level + 1] if part]
            found = ".".join([*above, *([node.module] if node.module else [])])
            names = [".".join([*([found] if found else []), alias.name]) for alias in node.names]
            yield from (("promisepy", name if name in FILES else found) for name in names)


def own_imports(module: str) -> set[str]:
    return {name for package, name in imports(module) if package == "promisepy"}


def functions(module: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(module)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def is_overload(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "overload" for one in function.decorator_list)


def lines_of(node: ast.stmt) -> range:
    assert node.end_lineno is not None
    decorators = node.decorator_list if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
    return range(min([node.lineno, *(one.lineno for one in decorators)]), node.end_lineno + 1)


def docstring_of(node: ast.AST) -> range:
    has_one = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
    return lines_of(node.body[0]) if has_one and ast.get_docstring(node) is not None else range(0)


def lines_of_code(module: str) -> int:
    """Count the lines of a file that are neither docstring nor a signature for checkers only."""
    aside = set[int]()
    for node in ast.walk(tree(module)):
        aside.update(docstring_of(node))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and is_overload(node):
            aside.update(lines_of(node))
    return len(set(range(1, len(source(module).splitlines()) + 1)) - aside)


def test_every_file_is_in_a_wing_or_public() -> None:
    public = [module for module in MODULES if not wing_of(module)]
    assert [module for module in public if module.startswith("_")] == ["__main__"]


def test_names_of_files_are_unique() -> None:
    """So that a file can be named without its wing."""
    stems = [path.stem for path in FILES.values() if path.stem != "__init__"]
    assert len(stems) == len(set(stems))


@pytest.mark.parametrize("module", MODULES)
def test_wings_stand_on_lower_ones_only(module: str) -> None:
    wing = wing_of(module)
    assert {wing_of(name) for name in own_imports(module)} <= STANDS_ON[wing] | {wing}


def test_no_imports_go_round_in_a_circle() -> None:
    """Also for types only, and through the package itself."""
    above = {module: own_imports(module) - {module} for module in MODULES}
    while leaves := [module for module, others in above.items() if not others & above.keys()]:
        for module in leaves:
            del above[module]
    assert above == {}


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
    assert known == ["__main__", "_core.loops", "_core.tasks"]


@pytest.mark.parametrize("module", MODULES)
def test_nothing_but_the_standard_library_is_imported(module: str) -> None:
    packages = {package for package, _ in imports(module, without_what_checkers_read(module))}
    assert packages <= {"promisepy", *sys.stdlib_module_names}


@pytest.mark.parametrize("module", MODULES)
def test_checkers_read_the_one_dependency_as_well(module: str) -> None:
    packages = {package for package, _ in imports(module)}
    assert packages <= {"promisepy", "typing_extensions", *sys.stdlib_module_names}


def test_package_touches_nothing_that_it_imports() -> None:
    """Whoever looks at all names after importing them loads them all, whichever the user asks for."""
    _, *statements = tree("").body
    done = [node for node in statements if not isinstance(node, (ast.Import, ast.ImportFrom))]
    for node in done:
        if isinstance(node, ast.If):
            assert ast.unparse(node.test) in ("TYPE_CHECKING", "not TYPE_CHECKING")
            assert all(isinstance(one, (ast.ImportFrom, ast.FunctionDef)) for one in node.body)
        else:
            assert isinstance(node, ast.Assign)
            ast.literal_eval(node.value)  # fails for what is no literal


@pytest.mark.parametrize("module", MODULES)
def test_files_stay_short(module: str) -> None:
    """The code of every file is counted, and nothing else: docstrings and overloads are read one at a time."""
    assert lines_of_code(module) <= FILE_LINES


@pytest.mark.parametrize("module", MODULES)
def test_functions_stay_short(module: str) -> None:
    lengths = {function.name: len(lines_of(function)) - len(docstring_of(function)) for function in functions(module)}
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
def test_every_file_opens_with_a_docstring(module: str) -> None:
    assert ast.get_docstring(tree(module))


@pytest.mark.parametrize("module", [module for module in MODULES if wing_of(module)])
def test_private_files_state_no_exports(module: str) -> None:
    """A list that nobody reads goes stale; what is public is listed where users import it."""
    assert "__all__" not in source(module)
