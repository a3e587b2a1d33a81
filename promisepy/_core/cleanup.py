"""Calls of clean-up functions, which a cancellation, or a value that comes too late, asks for."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any

from .errors import stuck
from .jobs import Home, fatal
from .reports import describe_site, report_error


class CleanUp:
    """A job that calls a function of the user's; no promise stands for the call, so what it raises is reported."""

    __slots__ = ("_arguments", "_context", "_function", "_home")

    def __init__(
        self, home: Home, function: Callable[..., object], *arguments: object, context: Context | None = None
    ) -> None:
        self._home = home
        self._function = function
        self._arguments = arguments
        self._context = copy_context() if context is None else context

    def _run(self) -> None:
        try:
            result = self._context.run(self._function, *self._arguments)
            if hasattr(type(result), "__await__"):
                self._home.start(self._finish(result), self._context.copy())
        except BaseException as error:
            self._report(error)

    async def _finish(self, result: Any) -> None:
        try:
            await result
        except BaseException as error:
            self._report(error)

    def _report(self, error: BaseException) -> None:
        if fatal(error):
            raise error
        report_error(error, self._home)

    def _abandon(self, home: Home) -> None:
        report_error(stuck(home.describe(), describe_site(None)), home)

    def _settles(self) -> None:
        """Name no promise."""
