"""`.ci/run` fails if any of its commands does, or if a tool warns, and ends with pytest's closing lines only if none did.

The script is run as it is, in a folder with the README and on a path where every command is a stand-in. A stand-in for
Python or one of the tools says that all is well. One for a command of the system calls the real one. Each writes down
how it was called, and one of them may be told to fail in the end.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = (ROOT / ".ci" / "run").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
SYSTEM = ["bash", "dirname", "grep", "ln", "mkdir", "rm", "sed", "sha256sum", "sort", "tail", "tee"]
SERVERS = ["mosquitto", "node", "npm", "redis-server", "Xvfb"]
TOOLS = ["check-jsonschema", "codespell", "mkdocs", "mypy", "pyright", "pytest", "ruff", "validate-pyproject", "zizmor"]
# What the script has at least to run, beside the README's command.
GATES = [
    "pytest tests/environments",
    "ruff check",
    "ruff format --check",
    "codespell",
    "validate-pyproject pyproject.toml",
    "check-jsonschema --builtin-schema=vendor.github-workflows",
    "zizmor --offline",
    "mypy",
    "pyright",
    "mkdocs build --strict",
    "python -P -m promisepy promisepy",
    "sha256sum --check",
]

pytestmark = pytest.mark.skipif(
    any(shutil.which(command) is None for command in SYSTEM), reason="no bash and GNU tools on this system"
)

STAND_IN = """\
#!/bin/sh
call="$0 $*"
printf '%s\\n' "$call" >>'{log}'
{does}
status=$?
[ "$call" != "$FAILING" ] || exit 1
exit $status
"""
PYTHON = """
here=${{0%/*}}
case "$*" in
"-c "*) ;;
"-m venv "*) {mkdir} -p "$3/bin" && {ln} -s '{stand_in}' "$3/bin/python" ;;
"-m pip install "*) for tool in {tools}; do {ln} -sf '{path}'/"$tool" "$here/$tool"; done ;;
"-P -m promisepy "*) printf '# a tour\\n%s\\n' "$TOUR" ;;
*) false ;;
esac
"""
PYTEST = """
here=${0%/*}
printf 'collected 3 items\\n3 passed in %s %s\\n' "${here%/bin}" "$1"
[ -n "$PROMISEPY_TESTS_REQUIRE_ALL" ]
"""
# MkDocs counts warnings where it prints them, so that --quiet, or -q, hides them from --strict as well.
MKDOCS = """
case " $* " in
*" --quiet "* | *" -q "*) ;;
*" --strict "*) [ -z "$WARNING" ] ;;
esac
"""
PYENV = """
case "$*" in
"versions --bare") printf '3.9.18\\n{version}.2\\n{version}.10\\n{version}.9/envs/a\\n' ;;
"prefix {version}.10") echo '{prefix}' ;;
*) echo '{wrong}' ;;
esac
"""


def name_of(call: str) -> str:
    """Give a call without the folder of its command."""
    return re.sub(r"^\S*/", "", call)


class Machine:
    """A folder with the project, and a path with nothing but stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.project, self.path, self.work, self.log = (folder / name for name in ("project", "path", "work", "log"))
        (self.project / ".ci").mkdir(parents=True)
        self.path.mkdir()
        self.write(SCRIPT, README)
        for command in SYSTEM:
            self.put(command, f'{self.real(command)} "$@"')
        # Its name is the same in every run, so that calls can be compared.
        self.put("mktemp", f"{self.real('mkdir')} '{self.work}' && echo '{self.work}'")
        for command in TOOLS:
            self.put(command, "true")
        self.put("mkdocs", MKDOCS)
        self.put("pytest", PYTEST)
        for command in ("python3.11", "python3.13"):
            self.put_python(self.path / command)
        self.put("apt-get", "true")
        self.put("sudo", '"$@"')
        digest = subprocess.run(
            ["sha256sum", "README.md"], cwd=self.project, capture_output=True, text=True, check=True
        )
        self.tour = digest.stdout.strip()

    @staticmethod
    def real(command: str) -> str:
        """Quote the full path of a command, since only stand-ins are on the path."""
        return f"'{shutil.which(command)}'"

    def put(self, command: str, does: str) -> None:
        self.put_at(self.path / command, does)

    def put_at(self, place: Path, does: str) -> None:
        place.write_text(STAND_IN.format(log=self.log, does=does), "utf-8")
        place.chmod(0o755)

    def put_python(self, place: Path) -> None:
        commands = {command: self.real(command) for command in ("mkdir", "ln")}
        self.put_at(place, PYTHON.format(stand_in=place, path=self.path, tools=" ".join(TOOLS), **commands))

    def write(self, script: str, readme: str) -> None:
        (self.project / ".ci" / "run").write_text(script, "utf-8")
        (self.project / "README.md").write_text(readme, "utf-8")

    def run(self, failing: str = "", warning: str = "", tour: str | None = None) -> tuple[int, list[str]]:
        """Run the script; give its exit code and what it prints."""
        shutil.rmtree(self.work, ignore_errors=True)  # a mktemp that fails in the end has made it all the same
        self.log.write_text("", "utf-8")
        environment = {
            "PATH": str(self.path),
            "FAILING": failing,
            "WARNING": warning,
            "TOUR": self.tour if tour is None else tour,
        }
        done = subprocess.run(
            [shutil.which("bash") or "bash", ".ci/run"],
            cwd=self.project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout.splitlines()

    def calls(self) -> list[str]:
        """Give what the last run has called, with full paths."""
        return self.log.read_text("utf-8").splitlines()

    def commands(self) -> list[str]:
        """Give what the last run has called, without the folders of the commands."""
        return [name_of(call) for call in self.calls()]

    def blind_spots(self, of: str = "") -> list[str]:
        """Find the calls whose failure the script does not notice."""
        code, lines = self.run()
        assert code == 0, lines
        # The folder is removed when all is over.
        calls = [
            call for call in self.calls() if name_of(call).startswith(of) and name_of(call) != f"rm -rf {self.work}"
        ]
        assert calls
        return [call for call in calls if not self.notices(failing=call)]

    def notices(self, **trouble: str) -> bool:
        code, lines = self.run(**trouble)
        return code != 0 and "== passed" not in lines


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_run_ends_with_pytest_s_closing_lines(machine: Machine) -> None:
    code, lines = machine.run()
    assert code == 0
    assert lines[-4:] == [
        "== passed",
        *(f"3 passed in {machine.work}/venv{version} --ignore=tests/environments" for version in ("3.11", "3.13")),
        f"3 passed in {machine.work}/venv3.13 tests/environments",
    ]


def test_failure_of_any_command_fails_the_run(machine: Machine) -> None:
    assert machine.blind_spots() == []


@pytest.mark.parametrize("warning", ["", "a broken link"], ids=["passed", "failed"])
def test_run_leaves_nothing_behind(machine: Machine, warning: str) -> None:
    before = set(machine.project.rglob("*"))
    assert machine.run(warning=warning)[0] == (1 if warning else 0)
    assert not machine.work.exists()
    assert set(machine.project.rglob("*")) == before


def test_run_has_every_gate(machine: Machine) -> None:
    machine.run()
    called = "\n".join(machine.commands())
    assert [gate for gate in GATES if not re.search(rf"(?m)^{re.escape(gate)}( |$)", called)] == []


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_readme_s_command_is_run_to_the_letter(machine: Machine, version: str) -> None:
    (command,) = re.findall(r"(?m)^python3 -m venv .*pytest$", README)
    machine.run()
    expected = command.replace(".venv", f"{machine.work}/venv{version}")
    assert any(call.startswith(f"bash -euo pipefail -c {expected}") for call in machine.commands())
    assert f"{machine.work}/bin{version}/python3 -m venv {machine.work}/venv{version}" in machine.calls()
    assert any(call.startswith(f"{machine.work}/venv{version}/bin/pytest") for call in machine.calls())


@pytest.mark.parametrize("readme", [README.replace("/bin/pytest", "/bin/nose"), README * 2], ids=["none", "two"])
def test_readme_without_one_test_command_fails_the_run(machine: Machine, readme: str) -> None:
    machine.write(SCRIPT, readme)
    assert machine.notices()
    assert not any(call.startswith("pytest") for call in machine.commands())


def test_warning_of_mkdocs_fails_the_run(machine: Machine) -> None:
    assert machine.notices(warning="a broken link")


def test_tour_without_digests_fails_the_run(machine: Machine) -> None:
    assert machine.notices(tour="")


@pytest.mark.parametrize(
    "line", [f"{'0' * 64}  README.md", f"{'0' * 64}  nowhere", "no digest"], ids=["digest", "file", "format"]
)
def test_wrong_line_of_the_tour_fails_the_run(machine: Machine, line: str) -> None:
    assert machine.notices(tour=f"{machine.tour}\n{line}")


def test_what_is_missing_comes_from_debian(machine: Machine) -> None:
    machine.run()
    (install,) = [call for call in machine.commands() if call.startswith("apt-get -qq install")]
    assert {"mosquitto", "nodejs", "npm", "redis-server", "xvfb"} <= set(install.split())


def test_what_is_there_is_not_installed(machine: Machine) -> None:
    for command in SERVERS:
        machine.put(command, "true")
    assert machine.run()[0] == 0
    assert not any(set(call.split()) & {*SERVERS, "nodejs", "xvfb"} for call in machine.commands() if "apt-get" in call)


def on_pyenv(machine: Machine, version: str, known: str) -> Path:
    """Take an interpreter off the path; pyenv knows another one, and answers with a wrong one to a wrong question."""
    (machine.path / f"python{version}").unlink()
    prefix = machine.path.parent / "pyenv"
    for name in ("right", "wrong"):
        (prefix / name / "bin").mkdir(parents=True)
        machine.put_python(prefix / name / "bin" / "python")
    machine.put("pyenv", PYENV.format(version=known, prefix=prefix / "right", wrong=prefix / "wrong"))
    return prefix


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_newest_of_pyenv_is_taken_where_the_path_has_none(machine: Machine, version: str) -> None:
    prefix = on_pyenv(machine, version, known=version)
    assert machine.run()[0] == 0
    assert f"ln -sf {prefix}/right/bin/python {machine.work}/bin{version}/python3" in machine.commands()
    assert machine.blind_spots(of="pyenv ") == []


def test_version_that_nobody_has_fails_the_run(machine: Machine) -> None:
    on_pyenv(machine, "3.11", known="3.12")
    assert machine.notices()


@pytest.mark.parametrize(
    ("good", "bad", "of"),
    [
        ("set -euo pipefail", "set -uo pipefail", "codespell"),
        ("set -euo pipefail", "set -eu", "pytest"),
        ('"$bin/mypy"', '"$bin/mypy" || true', "mypy"),
        ('"$bin/mypy"', 'if "$bin/mypy"; then :; fi', "mypy"),
        ('"$bin/mypy"', 'set +o pipefail; "$bin/mypy" | tail', "mypy"),
        ('"$bin/mypy"', 'echo "$("$bin/mypy")"', "mypy"),
    ],
)
def test_blind_script_is_found_out(machine: Machine, good: str, bad: str, of: str) -> None:
    assert f"\n{good}\n" in SCRIPT
    machine.write(SCRIPT.replace(f"\n{good}\n", f"\n{bad}\n"), README)
    assert machine.blind_spots(of)


def test_quiet_mkdocs_is_found_out(machine: Machine) -> None:
    machine.write(SCRIPT.replace(" build --strict ", " build --strict --quiet "), README)
    assert not machine.notices(warning="a broken link")
