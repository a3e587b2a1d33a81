"""A tour: `python -m promisepy [FOLDER]` hashes the files of a folder twice, without an event loop and with one.

The callback API is the standard library's `multiprocessing.pool`: `apply_async(function, args, callback=...,
error_callback=...)` calls back from a thread of its own. The last lines are what `sha256sum` would print; all others
start with `#`, so that `python -m promisepy FOLDER | sha256sum --check` checks them.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import io
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing.pool import ThreadPool
from typing import cast

from promisepy import Promise, promisify, set_report_hook


def sha256(path: str) -> str:
    """Hash one file: the blocking work, which runs on the pool's threads."""
    seen("hashing")
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


places: dict[str, set[str]] = {}


def seen(what: str) -> None:
    """Remember which thread does what."""
    places.setdefault(what, set()).add(threading.current_thread().name)


class Tour:
    """One walk over the files, in two ways that share everything but their last line."""

    def __init__(self, pool: ThreadPool, paths: list[str]) -> None:
        self.paths = paths
        self.failures: dict[str, Exception] = {}
        self.done: int = 0
        # The whole bridge: where the callbacks go, and the type of what comes back. `shape` runs on the thread that
        # calls back, so it can tell which thread that is.
        self.hash_file: Callable[..., Promise[str]] = promisify(
            pool.apply_async, callback="callback", errback="error_callback", shape=self.called_back, result=str
        )

    def called_back(self, values: tuple[str, ...]) -> str:
        """Take the one value of the callback."""
        seen("the pool's callback")
        return values[0]

    def digest(self, path: str) -> Promise[str | None]:
        """Promise a line as `sha256sum` prints it, or None for a file that cannot be read."""
        return (
            self.hash_file(sha256, (path,))
            .then(lambda digest: checksum_line(digest, path))
            .catch(OSError, lambda error: self.failed(path, error))
            .finally_(self.count)
        )

    def failed(self, path: str, error: OSError) -> None:
        """Note a file that cannot be read; the others go on."""
        self.failures[path] = error

    def count(self) -> None:
        """Count a file, read or not."""
        seen("our handlers")
        self.done += 1

    def digests(self) -> Promise[list[str | None]]:
        """Promise the lines of all files, in order."""
        self.done = 0
        return Promise.all([self.digest(path) for path in self.paths])

    def in_a_script(self) -> list[str | None]:
        """No event loop: the handlers run while this thread is in `wait`."""
        tell("1. in a script, no event loop: Promise.all(digests).wait()")
        return self.digests().wait()

    async def in_asyncio(self) -> list[str | None]:
        """The same chain in a task: the handlers run in the loop, and other tasks go on meanwhile."""
        tell("2. in asyncio: await Promise.all(digests)")
        digests = self.digests()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.show_progress())
            return await digests

    async def show_progress(self) -> None:
        """Keep a line up to date, where somebody watches."""
        while sys.stderr.isatty():
            print(f"\r{self.done} of {len(self.paths)} files", end="", file=sys.stderr, flush=True)
            if self.done == len(self.paths):
                print(file=sys.stderr)
                return
            await asyncio.sleep(0.05)


def checksum_line(digest: str, path: str) -> str:
    """Write a line in the format of `sha256sum`, which escapes line breaks in names."""
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == path else chr(92)}{digest}  {escaped}"


def files_of(folder: str) -> Iterator[str]:
    """Find what can be hashed: everything but pipes, sockets and devices, which might never end."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(parent, name)
            try:
                if stat.S_ISREG(os.stat(path).st_mode):
                    yield path
            except OSError:
                yield path  # a dangling link, say: reading it will fail, and `catch` will tell


def tell(text: str) -> None:
    """Print a line that `sha256sum --check` skips."""
    print(f"# {text}", flush=True)


def walk(folder: str) -> int:
    """Make the tour; give the exit code."""
    paths = list(files_of(folder))
    with ThreadPool() as pool:
        tour = Tour(pool, paths)
        tell(f"{len(paths)} files in {folder}, hashed twice through multiprocessing.pool and its callbacks")
        lines = tour.in_a_script()
        if asyncio.run(tour.in_asyncio()) != lines:
            tell("the two ways differ: a file has changed meanwhile")
            return 1
    for what, where in places.items():
        threads = sorted(where)
        more = f" and {len(threads) - 3} more" if len(threads) > 3 else ""
        tell(f"{what} ran on: {', '.join(threads[:3])}{more}")
    for path, error in tour.failures.items():
        tell(f"caught: {path}: {error.strerror if isinstance(error, OSError) else error}")
    tell("the digests, as sha256sum prints them:")
    for line in filter(None, lines):
        print(line)
    return 1 if tour.failures else 0


def main() -> int:
    """Read the command line and make the tour."""
    parser = argparse.ArgumentParser(
        prog="python -m promisepy", description="Hash a folder's files, twice, with promises."
    )
    parser.add_argument("folder", nargs="?", default=".", help="the folder to walk (default: the current one)")
    folder: str = parser.parse_args().folder
    if not os.path.isdir(folder):
        parser.error(f"{folder}: no such folder")
    # File names are bytes to the system, and need not be text. To type checkers, `sys.stdout` is a plain TextIO.
    cast("io.TextIOWrapper", sys.stdout).reconfigure(errors="surrogateescape")
    try:
        return walk(folder)
    except KeyboardInterrupt:
        set_report_hook(lambda _report: None)  # broken promises are no news now: the pool is gone with its callbacks
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())
