"""What contributing.md says of the tests: each folder has its row, a plain run leaves nothing out, a quick run little."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent
ROWS = re.findall(r"(?m)^\| `tests/(\w+)` \|", (ROOT / "docs" / "contributing.md").read_text("utf-8"))
FOLDERS = {path.parent.name for path in TESTS.glob("*/test_*.py")}
# What starts other tools or searches for long. Nothing else may be missing from a quick run.
MAY_BE_SLOW = {"cancellation_model", "events", "fuzz", "leaks", "model", "official", "threads", "typing"}


def is_slow(path: Path) -> bool:
    return "pytest.mark.slow" in path.read_text("utf-8")


def test_every_folder_has_a_row_and_every_row_a_folder() -> None:
    assert len(FOLDERS) > 10
    assert sorted(ROWS) == sorted(FOLDERS)


def test_a_plain_run_leaves_nothing_out() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    assert [option for option in options["addopts"] if re.match(r"-[mk]|--(ignore|deselect)", option)] == []
    assert options["testpaths"] == ["tests"]
    texts = [(ROOT / name).read_text("utf-8") for name in ("README.md", ".ci/run", ".github/workflows/ci.yml")]
    commands = re.findall(r"(?m)^python3 -m venv.*pytest$|.* run: .*pytest.*|.*once=.*", "\n".join(texts))
    assert len(commands) >= 3
    assert [command for command in commands if "slow" in command] == []


def test_a_skip_in_the_environments_is_a_failure_where_all_is_required() -> None:
    texts = {path.name: path.read_text("utf-8") for path in TESTS.glob("environments/*.py")}
    assert len(texts) > 5
    assert [
        name for name, text in texts.items() if re.search(r"importorskip|pytest\.skip|mark\.(skip|xfail)", text)
    ] == []
    assert "lacking(" in texts["conftest.py"]  # the only way to skip, which fails there


@pytest.mark.parametrize("folder", sorted(FOLDERS - MAY_BE_SLOW))
def test_a_quick_run_has_the_whole_of(folder: str) -> None:
    assert [path.name for path in TESTS.glob(f"{folder}/*.py") if is_slow(path)] == []


def test_a_quick_run_has_something_of_every_folder_but_those_of_other_tools() -> None:
    quick = {path.parent.name for path in TESTS.glob("*/test_*.py") if not is_slow(path)}
    assert FOLDERS - quick == {"official", "typing"}


def test_a_quick_run_has_the_shape_of_the_package_and_its_documentation() -> None:
    slow = {path.name for path in TESTS.glob("test_*.py") if is_slow(path)} - {Path(__file__).name}
    assert slow == {"test_benchmarks_smoke.py", "test_soak.py"}
