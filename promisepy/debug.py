"""Switches for finding errors: creation sites in messages, and strict reports for tests."""

from __future__ import annotations

from ._core.reports import settings

__all__ = ["disable", "enable"]


def enable(*, strict: bool = False) -> None:
    """Record the line that creates each promise, and name it in reprs and reports.

    Args:
        strict: also report a rejection that is unobserved when the queue of its home runs empty, instead of when its
            last reference goes. For tests: a `catch` that is added later comes too late.

    The environment variable `PROMISEPY_DEBUG=1` and `python -X dev` enable recording from the start.

    Example:
        >>> enable()
        >>> "created at" in repr(Promise.resolve(1))
        True
        >>> disable()
    """
    settings.sites = True
    settings.strict = bool(strict)  # `__bool__` runs now, not where a promise is rejected


def disable() -> None:
    """Stop recording, and report by last references again.

    Example:
        >>> disable()
        >>> Promise.resolve(1)
        <Promise fulfilled: 1>
    """
    settings.sites = False
    settings.strict = False
