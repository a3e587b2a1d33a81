"""What users' type checkers say: the cases in `api_*`, `wrong_*` and `limits.py` hold under mypy and pyright.

`api_*.py` states the type of every public call. In `wrong_*.py` each wrong line names the error that each
checker must report there; an expectation that nothing fulfils is an error itself, so a call that starts to be
accepted fails the test. Nothing in these files is run.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import promisepy
import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
PACKAGE = Path(promisepy.__file__).parent
CASES = sorted(path.name for path in HERE.glob("*.py") if path.name not in ("test_typing.py", "planted.py"))
TARGETS = ("3.11", "3.15")  # the oldest that is supported, the newest that the checkers know

Errors = dict[str, list[str]]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a module of this interpreter's environment, and let it see the promisepy that is being tested."""
    known = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}
    return subprocess.run(
        [sys.executable, "-m", *command],
        capture_output=True,
        text=True,
        cwd=HERE,
        env={**known, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1", **environment},
        check=False,
    )


@cache
def mypy(target: str) -> Errors:
    """Check all cases at once, since a checker takes most of its time to start."""
    # mypy finds what is installed by itself, and refuses to be told.
    bases = [HERE] if PACKAGE.parent == Path(sysconfig.get_path("purelib")) else [HERE, PACKAGE.parent]
    where = {"MYPYPATH": os.pathsep.join(map(str, bases))}
    # truthy-bool is part of this project's own configuration, and of many others.
    options = ("--strict", "--enable-error-code=truthy-bool", "--config-file=", "--output=json")
    options += ("--explicit-package-bases",)  # or the cases would be modules of the package `tests`
    store = HERE.parents[1] / ".mypy_cache" / "typing"
    done = run(
        "mypy", *options, f"--cache-dir={store}", f"--python-version={target}", *CASES, "planted.py", **where
    )
    assert not done.stderr, done.stderr
    errors: Errors = {}
    for line in done.stdout.splitlines():
        found = json.loads(line)
        if found["severity"] == "error":
            errors.setdefault(Path(found["file"]).name, []).append(
                f"{found['line']}: {found['code']}: {found['message']}"
            )
    return errors


@cache
def pyright(target: str) -> Errors:
    """Check all cases at once, likewise."""
    options = ("--outputjson", f"--pythonversion={target}", f"--pythonpath={sys.executable}")
    done = run("pyright", *options, PYTHONPATH=str(PACKAGE.parent))
    assert done.returncode in (0, 1), done.stdout + done.stderr
    errors: Errors = {}
    for found in json.loads(done.stdout)["generalDiagnostics"]:
        if found["severity"] != "information":
            line = found["range"]["start"]["line"] + 1
            errors.setdefault(Path(found["file"]).name, []).append(
                f"{line}: {found.get('rule')}: {found['message']}"
            )
    return errors


def errors_of(checker: str, target: str) -> Errors:
    """Run a checker, once for each target."""
    if find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")
    return mypy(target) if checker == "mypy" else pyright(target)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_checker_agrees_with_every_line_of(checker: str, target: str, name: str) -> None:
    assert errors_of(checker, target).get(name, []) == []


@pytest.mark.parametrize("target", TARGETS)
def test_mypy_reports_planted_faults(target: str) -> None:
    codes = [error.split(": ")[:2] for error in errors_of("mypy", target)["planted.py"]]
    assert codes == [["9", "assert-type"], ["10", "call-overload"], ["11", "unused-ignore"]]


@pytest.mark.parametrize("target", TARGETS)
def test_pyright_reports_planted_faults(target: str) -> None:
    codes = [error.split(": ")[:2] for error in errors_of("pyright", target)["planted.py"]]
    assert sorted(codes) == [
        ["10", "reportArgumentType"],
        ["10", "reportCallIssue"],
        ["12", "reportUnnecessaryTypeIgnoreComment"],
        ["9", "reportAssertTypeFailure"],
    ]


def expectations(name: str) -> list[tuple[int, bool, bool]]:
    """List the lines of a file that expect an error: number, from mypy, from pyright."""
    lines = enumerate((HERE / name).read_text("utf-8").splitlines(), 1)
    marks = ((number, "# type: ignore[" in line, "# pyright: ignore[" in line) for number, line in lines)
    return [mark for mark in marks if mark[1] or mark[2]]


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("wrong_")])
def test_both_checkers_report_every_wrong_line_of(name: str) -> None:
    found = expectations(name)
    assert len(found) > 40
    assert [number for number, from_mypy, from_pyright in found if not (from_mypy and from_pyright)] == []


def test_a_limit_is_a_line_on_which_the_checkers_differ() -> None:
    found = expectations("limits.py")
    assert found
    assert [number for number, from_mypy, from_pyright in found if from_mypy and from_pyright] == []


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(("api_", "samples"))])
def test_right_calls_need_no_expectation_in(name: str) -> None:
    assert expectations(name) == []
    assert not re.search(r"\bcast\(|reveal_type", (HERE / name).read_text("utf-8"))


def attributes_and_names(prefix: str) -> set[str]:
    """Collect every name that the files with this prefix use."""
    found: set[str] = set()
    for path in HERE.glob(f"{prefix}*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Name):
                found.add(node.id)
    return found


@pytest.mark.parametrize("prefix", ["api_", "wrong_"])
def test_every_public_name_has_a_case(prefix: str) -> None:
    members = {name for name in dir(promisepy.Promise) if not name.startswith("_")}
    missing = ({*promisepy.__all__} | members) - attributes_and_names(prefix)
    if prefix == "wrong_":
        missing -= {"DeadlockError", "StuckPromise", "UnhandledRejection", "Resolvers"}  # nobody calls these
    assert missing == set()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Put the package into an environment of its own, as if installed; give the folder of its python."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=False, symlinks=os.name != "nt")
    paths = {"base": str(place), "platbase": str(place)}
    target = Path(sysconfig.get_path("purelib", "venv", vars=paths)) / "promisepy"
    shutil.copytree(PACKAGE, target, ignore=shutil.ignore_patterns("__pycache__"))
    return Path(sysconfig.get_path("scripts", "venv", vars=paths))


def test_every_public_symbol_has_a_known_type(installed: Path) -> None:
    if find_spec("pyright") is None:
        pytest.skip("pyright is not installed")
    # --verifytypes takes the first python of PATH, whatever --pythonpath says.
    path = os.pathsep.join([str(installed), os.environ.get("PATH", "")])
    done = run("pyright", "--verifytypes", "promisepy", "--ignoreexternal", "--outputjson", PATH=path)
    report: dict[str, Any] = json.loads(done.stdout)
    completeness = report["typeCompleteness"]
    assert Path(completeness["packageRootDirectory"]).is_relative_to(installed.parent)
    assert completeness["pyTypedPath"]
    assert report["generalDiagnostics"] == []
    assert completeness["exportedSymbolCounts"]["withUnknownType"] == 0
    assert completeness["exportedSymbolCounts"]["withAmbiguousType"] == 0
    assert completeness["completenessScore"] == 1
