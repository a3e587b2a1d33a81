"""What looks as if it worked with a promise, and does not: each use gets an answer that says what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from .._core import misuse
from .._core.resolve import Resolution

__all__ = ["Refusals"]

MYPY = False  # as TYPE_CHECKING, but true for mypy only


class Refusals(Resolution):
    """A resolution that refuses to be taken for its value."""

    __slots__ = ()

    if TYPE_CHECKING:
        if not MYPY:  # says truthy-bool of a class without it, but is silent and calls the rest unreachable with it

            def __bool__(self) -> Never: ...

    else:  # so that checkers report these uses as well

        def __bool__(self) -> bool:
            """Refuse: `if promise:` would always be true."""
            raise misuse.not_a_boolean()

        def __iter__(self) -> object:
            """Refuse: `for x in promise:` is meant for the value."""
            raise misuse.not_iterable()

        def __enter__(self) -> object:
            """Refuse: `with promise:` is meant for the value."""
            raise misuse.not_a_context_manager()

        def __exit__(self, *exc_info: object) -> None:
            """Never called."""

        def __reduce_ex__(self, protocol: object) -> object:
            """Refuse copies and pickles."""
            raise misuse.not_copyable()
