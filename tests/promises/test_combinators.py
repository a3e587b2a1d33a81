"""What combinators take, beside the clauses of ECMA-262 in `tests/conformance` (S15)."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

REASON = ValueError("reason")


def test_any_takes_a_generator() -> None:
    assert Promise.any(one for one in (Promise.reject(REASON), Promise.resolve(2))).wait() == 2


def test_all_settled_takes_plain_values() -> None:
    assert Promise.all_settled([1, Promise.reject(REASON), None]).wait() == [
        Fulfilled(1),
        Rejected(REASON),
        Fulfilled(None),
    ]


def test_a_mapping_that_names_a_key_twice_has_it_once() -> None:
    class Repeats(dict[str, Any]):
        def __iter__(self) -> Iterator[str]:
            return iter([*super().__iter__(), *super().__iter__()])

        def __getitem__(self, key: str) -> Any:
            return super().__getitem__(key).pop(0)

    assert Promise.all_keyed(Repeats(a=[1, 3], b=[2, 4])).wait(timeout=20) == {"a": 3, "b": 4}


@pytest.mark.parametrize("error", [ArithmeticError, KeyboardInterrupt])
def test_a_key_that_can_be_hashed_once_rejects(error: type[BaseException]) -> None:
    class Key:
        def __init__(self) -> None:
            self.hashes = [1]

        def __hash__(self) -> int:
            if not self.hashes:
                raise error
            return self.hashes.pop()

    class Mapped(dict[Any, Any]):
        def __iter__(self) -> Iterator[Any]:
            return iter([Key()])

        def __getitem__(self, key: Key) -> int:
            return 1

    promise = Promise.all_keyed(Mapped())
    with pytest.raises(error):
        promise.wait(timeout=20)
    frames = promise.catch(error, lambda reason: traceback.extract_tb(reason.__traceback__)).wait(timeout=20)
    assert [frame.name for frame in frames] == ["__hash__"]
