"""Runs a test under every kind of asyncio task and loop that may await a promise."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from ..support import _cheap_collections

__all__ = ["_cheap_collections", "kind", "run"]

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def python_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
    return asyncio.tasks._PyTask(coroutine, loop=loop, **options)


def factories() -> dict[str, Any]:
    kinds: dict[str, Any] = {"c": None, "debug": None, "uvloop": None}
    if sys.version_info >= (3, 12):
        kinds["eager"] = asyncio.eager_task_factory
    # Since 3.14 asyncio keeps the books of its Python tasks apart from those that `asyncio.timeout` and others look in.
    if sys.version_info < (3, 14):
        kinds["python"] = python_task
        if sys.version_info >= (3, 12):
            kinds["eager python"] = asyncio.create_eager_task_factory(asyncio.tasks._PyTask)
    return kinds


FACTORIES = factories()


def run_quietly(kind: str, main: Coroutine[Any, Any, Any]) -> Any:
    """Run `main` to its end, and see that nothing was reported to the loop, also not by finalisers."""
    noise: list[dict[str, Any]] = []
    new_loop = asyncio.new_event_loop
    if kind == "uvloop":
        new_loop = sys.modules["uvloop"].new_event_loop
    with asyncio.Runner(debug=kind == "debug", loop_factory=new_loop) as runner:
        loop = runner.get_loop()
        loop.slow_callback_duration = 60
        loop.set_task_factory(FACTORIES[kind])
        loop.set_exception_handler(lambda _, details: noise.append(details))
        result = runner.run(main)
        gc.collect()
        runner.run(asyncio.sleep(0))
    gc.collect()
    assert noise == []
    return result


@pytest.fixture(params=FACTORIES)
def kind(request: pytest.FixtureRequest) -> str:
    """Name a kind of task."""
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    name: str = request.param
    return name


@pytest.fixture
def run(kind: str) -> Run:
    """Give what runs a coroutine under one kind of task."""
    return lambda main: run_quietly(kind, main)
