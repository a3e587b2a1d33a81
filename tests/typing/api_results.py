"""What handlers make of a promise, by the kind of result: unions, containers, classes, enums, protocols."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, assert_type

from promisepy import Promise

from samples import Box, Point, identity, listed, promised, promised_list


class Color(enum.IntEnum):
    RED = 1


class Pair(NamedTuple):
    number: int
    text: str


class Movie(TypedDict):
    name: str


class UserId(str):
    """A subclass of a plain type."""


def number_or_text(value: int) -> int | str:
    return value or ""


def list_or_text_or_none(value: int) -> list[int] | str | None:
    return [value] or None


def text_or_promised_bytes(value: int) -> str | Promise[bytes]:
    return str(value)


def text_or_none_or_promised_bytes(value: int) -> str | None | Promise[bytes]:
    return str(value)


def text_or_promised_point(value: int) -> str | Promise[Point]:
    return str(value)


def point_or_none(value: int) -> Point | None:
    return Point(value)


def point_or_promised(value: int) -> Point | Promise[Point]:
    return Point(value)


def promised_point_or_none(value: int) -> Promise[Point] | None:
    return None if value else Promise.resolve(Point(value))


async def number_or_text_later(value: int) -> int | str:
    return value or ""


def recover_number_or_text(error: Exception) -> int | str:
    return str(error)


def movie(value: int) -> Movie:
    return {"name": str(value)}


def objects(value: int) -> object:
    return value


def sequence(value: int) -> Sequence[int]:
    return [value]


def mapping(value: int) -> Mapping[int, str]:
    return {value: ""}


def unions_of_plain_types(p: Promise[int]) -> None:
    assert_type(p.then(number_or_text), Promise[int | str])
    assert_type(p.then(list_or_text_or_none), Promise[list[int] | str | None])
    assert_type(p.then(number_or_text_later), Promise[int | str])
    assert_type(p.then(None, recover_number_or_text), Promise[int | str])
    assert_type(p.then(number_or_text, recover_number_or_text), Promise[int | str])
    assert_type(p.catch(recover_number_or_text), Promise[int | str])
    assert_type(p.catch(ValueError, recover_number_or_text), Promise[int | str])
    assert_type(p.catch((ValueError, OSError), recover_number_or_text), Promise[int | str])
    assert_type(p.catch((ValueError, OSError, KeyError), recover_number_or_text), Promise[int | str])
    assert_type(Promise.try_(number_or_text, 1), Promise[int | str])
    assert_type(Promise.resolve(number_or_text(1)), Promise[int | str])


def unions_with_a_promise_of_another_type(p: Promise[int]) -> None:
    assert_type(p.then(text_or_promised_bytes), Promise[str | bytes])
    assert_type(p.then(text_or_none_or_promised_bytes), Promise[str | bytes | None])
    assert_type(p.then(text_or_promised_point), Promise[str | Point])
    assert_type(p.then(text_or_promised_bytes, recover_number_or_text), Promise[int | str | bytes])
    assert_type(Promise.try_(text_or_promised_bytes, 1), Promise[str | bytes])


def own_classes(p: Promise[int], q: Promise[Point]) -> None:
    assert_type(p.then(point_or_none), Promise[Point | None])
    assert_type(p.then(point_or_promised), Promise[Point])
    assert_type(p.then(promised_point_or_none), Promise[Point | None])
    assert_type(q.then(identity), Promise[Point])
    assert_type(q.then(listed), Promise[list[Point]])
    assert_type(q.then(Box), Promise[Box[Point]])
    assert_type(q.then(promised_list), Promise[list[Point]])
    assert_type(q.catch(lambda error: None), Promise[Point | None])


def own_classes_and_lambdas(p: Promise[int], q: Promise[Point]) -> None:
    assert_type(p.then(lambda x: Point(x)), Promise[Point])
    assert_type(q.then(lambda point: point), Promise[Point])
    assert_type(q.then(lambda point: point.x), Promise[int])
    assert_type(q.then(lambda point: [point]), Promise[list[Point]])
    assert_type(q.then(lambda point: {point.x: point}), Promise[dict[int, Point]])
    assert_type(q.then(lambda point: (point, point.x)), Promise[tuple[Point, int]])
    assert_type(q.then(lambda point: Promise.resolve(point)), Promise[Point])
    assert_type(q.then(lambda point: promised(point.x)), Promise[str])


def named_types(p: Promise[int]) -> None:
    assert_type(p.then(movie), Promise[Movie])
    assert_type(p.then(objects), Promise[object])
    assert_type(p.then(sequence), Promise[Sequence[int]])
    assert_type(p.then(mapping), Promise[Mapping[int, str]])
    assert_type(p.then(Color), Promise[Color])
    assert_type(p.then(lambda x: Color(x)), Promise[Color])
    assert_type(p.then(lambda x: Pair(x, "")), Promise[Pair])
    assert_type(p.then(lambda x: UserId(x)), Promise[UserId])
    assert_type(p.then(lambda x: Path(str(x))), Promise[Path])
    assert_type(p.then(lambda x: Decimal(x)), Promise[Decimal])
    assert_type(p.then(lambda x: datetime.fromisoformat(str(x))), Promise[datetime])


def containers_and_lambdas(p: Promise[int]) -> None:
    assert_type(p.then(lambda x: {x}), Promise[set[int]])
    assert_type(p.then(lambda x: [[x]]), Promise[list[list[int]]])
    assert_type(p.then(lambda x: {n: str(n) for n in range(x)}), Promise[dict[int, str]])
    assert_type(p.then(lambda x: [n for n in range(x)]), Promise[list[int]])
    assert_type(p.then(lambda x: {n for n in range(x)}), Promise[set[int]])
    assert_type(p.then(lambda x: frozenset([x])), Promise[frozenset[int]])
    assert_type(p.then(lambda x: dict(a=x)), Promise[dict[str, int]])
    assert_type(p.then(lambda x: tuple([x])), Promise[tuple[int, ...]])
    assert_type(p.then(lambda x: list(range(x))), Promise[list[int]])
    assert_type(p.then(lambda x: sorted([x])), Promise[list[int]])
    assert_type(p.then(lambda x: [promised(x)]), Promise[list[Promise[str]]])


def scalars_and_lambdas(p: Promise[int]) -> None:
    assert_type(p.then(lambda x: max(x, 1)), Promise[int])
    assert_type(p.then(lambda x: x / 2), Promise[float])
    assert_type(p.then(lambda x: f"{x}"), Promise[str])
    assert_type(p.then(lambda x: bytes(x)), Promise[bytes])
    assert_type(p.then(lambda x: complex(x)), Promise[complex])
    assert_type(p.then(lambda x: x > 1), Promise[bool])
    assert_type(p.then(lambda x: x > 1 and x < 5), Promise[bool])
    assert_type(p.then(lambda x: not x), Promise[bool])
    assert_type(p.then(lambda x: x or None), Promise[int | None])


def try_with_containers() -> None:
    assert_type(Promise.try_(lambda: {1: "a"}), Promise[dict[int, str]])
    assert_type(Promise.try_(lambda: [1]), Promise[list[int]])
    assert_type(Promise.try_(mapping, 1), Promise[Mapping[int, str]])


def mixed_with_any(p: Promise[int], loose: list[Any], rows: dict[str, Any]) -> None:
    assert_type(p.then(lambda x: loose), Promise[list[Any]])
    assert_type(p.then(lambda x: rows), Promise[dict[str, Any]])
    assert_type(p.then(lambda x: loose[x]), Promise[Any])
