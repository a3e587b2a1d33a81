"""What tests on real parts need: libraries and servers, found or started here.

What a machine lacks is skipped with the reason, or is a failure where `PROMISEPY_TESTS_REQUIRE_ALL` is set, as `.ci/run`
does: there, nothing is skipped unseen.
"""

from __future__ import annotations

import importlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Never

import pytest

# Seconds for a server to start on a busy machine.
START = 30
# Servers that documentation uses, and the ports on which it expects them.
PORTS = {"mosquitto": 1883, "redis-server": 6379}


def lacking(what: str) -> Never:
    """Skip the test, or the whole module that is being imported; or fail where everything must be had."""
    if os.environ.get("PROMISEPY_TESTS_REQUIRE_ALL"):
        pytest.fail(f"{what}, and PROMISEPY_TESTS_REQUIRE_ALL is set", pytrace=False)
    pytest.skip(what, allow_module_level=True)


def library(name: str, package: str | None = None) -> Any:
    """Import a library that is only used by tests; `package` is what pip installs, if it has another name."""
    try:
        return importlib.import_module(name)
    except ImportError:
        lacking(f"{name} is not installed: pip install {package or name.partition('.')[0]}")


@cache
def python_with(name: str, package: str, installer: str = "apt-get") -> str:
    """Find an interpreter that can import a library, ours or else the operating system's; nothing is imported here."""
    for python in (sys.executable, "/usr/bin/python3"):
        if (
            Path(python).exists()
            and not subprocess.run([python, "-c", f"import {name}"], capture_output=True, check=False).returncode
        ):
            return python
    lacking(f"no Python has {name}: {installer} install {package}")


def free_port() -> int:
    """Find a port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Tell whether a server accepts connections."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def mosquitto(port: int, *options: str) -> Iterator[int]:
    """Run an MQTT broker; `options` are lines of its configuration."""
    lines = [f"listener {port} 127.0.0.1", *(options or ["allow_anonymous true"])]
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # mosquitto drops root's rights before it reads some of its files
        configuration = Path(folder, "mosquitto.conf")
        configuration.write_text("\n".join([*lines, ""]), "ascii")
        with _running("mosquitto", port, "-c", str(configuration)):
            yield port


@contextmanager
def redis_server(port: int) -> Iterator[int]:
    """Run a Redis server that keeps nothing."""
    with TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with _running("redis-server", port, *options):
            yield port


@contextmanager
def for_documentation(name: str) -> Iterator[None]:
    """Have a server on its usual port, where a reader would have it: one that runs already, or one of ours."""
    port = PORTS[name]
    if listens(port):
        yield
        return
    with {"mosquitto": mosquitto, "redis-server": redis_server}[name](port):
        yield


@contextmanager
def _running(program: str, port: int, *arguments: str) -> Iterator[None]:
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        lacking(f"{program} is not installed: apt-get install {program}")
    with TemporaryDirectory() as folder, Path(folder, "log").open("w+b") as log:
        server = subprocess.Popen([path, *arguments], stdout=log, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + START
            while not listens(port):
                # Polled: a server has no other way of saying that it listens.
                if server.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    pytest.fail(f"{program} does not listen on {port}:\n{log.read().decode(errors='replace')}")
                time.sleep(0.01)
            yield
        finally:
            server.terminate()
            server.wait()
