"""Faults that both checkers must report, or nothing in this folder means anything."""

from typing import assert_type

from promisepy import Promise


def faults(p: Promise[int]) -> None:
    assert_type(p.then(str), Promise[bytes])
    p.then(5)
    p.then(str)  # type: ignore[arg-type]
    p.then(str)  # pyright: ignore[reportArgumentType]
