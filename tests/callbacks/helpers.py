"""What the callback tests share: running queued jobs, reading outcomes, threads that hand their errors back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from promisepy import Promise

from ..support import PATIENCE

T = TypeVar("T")


def value_of(promise: Promise[T]) -> T:
    """Wait for a value in a script."""
    return promise.wait(timeout=PATIENCE)


def reason_of(promise: Promise[Any]) -> BaseException:
    """Wait for a rejection in a script."""
    try:
        value = promise.wait(timeout=PATIENCE)
    except BaseException as error:
        assert promise.reason is error, error  # no TimeoutError, for example
        return error
    raise AssertionError(f"fulfilled with {value!r}")


def on_a_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a new loop, and raise what its handlers, or promisepy, have reported to it."""
    noise: list[dict[str, Any]] = []
    with asyncio.Runner() as runner:
        runner.get_loop().set_exception_handler(lambda _, details: noise.append(details))
        result = runner.run(asyncio.wait_for(main, PATIENCE))
    assert noise == []
    return result


def here() -> int:
    """Name the current thread."""
    return threading.get_ident()
