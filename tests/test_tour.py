"""`python -m promisepy`: the program that the README's first command runs."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest


def tour(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "promisepy", *arguments],
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=120,
        check=False,
        cwd=cwd or Path(__file__).parent.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [*sys.path, os.environ.get("PYTHONPATH")]))},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "sub" / "one").write_bytes(b"1" * 100_000)
    (tmp_path / "two words").write_bytes(b"2")
    return tmp_path


def digests(output: str) -> dict[str, str]:
    lines = [line for line in output.splitlines() if not line.startswith("#")]
    return {path: digest for digest, _, path in (line.partition("  ") for line in lines)}


def test_it_ends_with_the_digest_of_each_file(folder: Path) -> None:
    result = tour(str(folder))
    expected = {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}
    assert digests(result.stdout) == expected
    assert (result.returncode, result.stderr) == (0, "")


def test_it_tells_what_ran_where(folder: Path) -> None:
    output = tour(str(folder)).stdout
    assert "hashing ran on: Thread-" in output
    assert "(worker)" in output
    assert "the pool's callback ran on: Thread-" in output
    assert "(_handle_results)" in output
    assert "our handlers ran on: MainThread" in output


def test_the_current_folder_is_the_default(folder: Path) -> None:
    assert set(digests(tour(cwd=folder).stdout)) == {"./empty", "./two words", "./sub/one"}


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum on this system")
@pytest.mark.skipif(sys.platform == "win32", reason="names with line breaks are refused there")
def test_sha256sum_agrees_also_on_odd_names(folder: Path) -> None:
    for name in ("back\\slash", "line\nbreak", "# hash", "-dash", os.fsdecode(b"\xff")):
        (folder / name).write_bytes(os.fsencode(name))
    output = tour(str(folder)).stdout
    check = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet"],
        input=output,
        encoding="utf-8",
        errors="surrogateescape",
        capture_output=True,
        check=False,
    )
    assert (check.returncode, check.stdout, check.stderr) == (0, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_file_that_cannot_be_read_is_caught_and_the_others_go_on(folder: Path) -> None:
    (folder / "dangling").symlink_to("nowhere")
    result = tour(str(folder))
    assert f"# caught: {folder / 'dangling'}: No such file or directory" in result.stdout
    assert len(digests(result.stdout)) == 3
    assert (result.returncode, result.stderr) == (1, "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_passed_over(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert len(digests(tour(str(folder)).stdout)) == 3


def test_no_such_folder_is_an_error_of_one_line(tmp_path: Path) -> None:
    result = tour(str(tmp_path / "none"))
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].endswith(": no such folder")


def test_an_empty_folder_is_fine(tmp_path: Path) -> None:
    result = tour(str(tmp_path))
    assert (result.returncode, digests(result.stdout)) == (0, {})


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
@pytest.mark.parametrize("phase", ["# 1.", "# 2."], ids=["in wait", "in asyncio"])
def test_ctrl_c_ends_it_with_one_word(phase: str, tmp_path: Path) -> None:
    for number in range(8 if phase == "# 1." else 3):
        with (tmp_path / f"sparse{number}").open("wb") as file:
            file.truncate(300_000_000)  # takes no room, but time to hash
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-m", "promisepy", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=Path(__file__).parent.parent,
    ) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith(phase):
            pass
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (130, "interrupted\n")


def run_with(folder: Path, **streams: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "promisepy", str(folder)],
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=Path(__file__).parent.parent,
        **streams,  # type: ignore[call-overload]  # stdout or stderr
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no terminals of one's own there")
def test_who_watches_sees_how_far_it_is(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(200_000_000)  # takes no room, but time to hash
    ours, theirs = os.openpty()
    with run_with(tmp_path, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        try:
            while read := os.read(ours, 1000):
                seen += read
        except OSError:
            pass  # so Linux says that the other end has been closed
    os.close(ours)
    assert process.returncode == 0
    assert seen.startswith(b"\r0 of 1 files\r")
    assert seen.endswith(b"\r1 of 1 files\r\n")


@pytest.mark.skipif(not Path("/proc/sys/kernel/random/uuid").exists(), reason="no file that never stays the same")
def test_a_file_that_changes_meanwhile_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "other each time").symlink_to("/proc/sys/kernel/random/uuid")
    result = tour(str(tmp_path))
    assert result.stdout.splitlines()[-1] == "# the two ways differ: a file has changed meanwhile"
    assert (result.returncode, result.stderr) == (1, "")


@pytest.mark.skipif(sys.platform == "win32", reason="broken pipes are another error there")
def test_it_ends_quietly_when_nobody_reads_on(folder: Path) -> None:
    with run_with(folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (1, "")


def test_to_import_it_is_not_to_make_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import promisepy.__main__"],
        capture_output=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
