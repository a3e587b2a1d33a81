"""`all`, `all_settled`, `any`, `race` of tuples, and the keyed ones."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Mapping
from typing import Literal, TypeVar, assert_type

from promisepy import Fulfilled, Promise, Rejected, Settled, Thenable

from samples import Animal, Dog, Query, fetch, pool_future, promised, query, show, task

T = TypeVar("T")


def all_of_a_tuple(i: Promise[int], s: Promise[str], b: Promise[bytes], f: Promise[float]) -> None:
    assert_type(Promise.all((i,)), Promise[tuple[int]])
    assert_type(Promise.all((i, s)), Promise[tuple[int, str]])
    assert_type(Promise.all((i, s, b)), Promise[tuple[int, str, bytes]])
    assert_type(Promise.all((i, s, b, f)), Promise[tuple[int, str, bytes, float]])
    assert_type(Promise.all((i, s, b, f, i)), Promise[tuple[int, str, bytes, float, int]])
    assert_type(Promise.all((i, s, b, f, i, s)), Promise[tuple[int, str, bytes, float, int, str]])
    assert_type(Promise.all((i, s, b, f, i, s, b)), Promise[tuple[int, str, bytes, float, int, str, bytes]])
    assert_type(
        Promise.all((i, s, b, f, i, s, b, f)), Promise[tuple[int, str, bytes, float, int, str, bytes, float]]
    )


def all_of_a_mixed_tuple(i: Promise[int], future: asyncio.Future[bytes], thenable: Thenable[float]) -> None:
    assert_type(Promise.all((i, fetch(1))), Promise[tuple[int, str]])
    assert_type(Promise.all((fetch(1), future, task(1))), Promise[tuple[str, bytes, str]])
    assert_type(Promise.all((i, thenable, query(1))), Promise[tuple[int, float, str]])
    assert_type(Promise.all((i, pool_future(1))), Promise[tuple[int, str]])
    assert_type(Promise.all((i.then(show), asyncio.sleep(1))), Promise[tuple[str, None]])
    assert_type(Promise.all((Promise.resolve(1), Promise.resolve("a"))), Promise[tuple[int, str]])


def all_goes_on(i: Promise[int], s: Promise[str]) -> None:
    assert_type(Promise.all((i, s)).then(lambda pair: pair[1]), Promise[str])
    assert_type(Promise.all((i, s)).then(lambda pair: {pair[0]: pair[1]}), Promise[dict[int, str]])
    number, text = Promise.all((i, s)).wait()
    assert_type(number, int)
    assert_type(text, str)


async def all_awaited(i: Promise[int], s: Promise[str]) -> None:
    number, text = await Promise.all((i, s))
    assert_type(number, int)
    assert_type(text, str)
    assert_type(await Promise.all([i, i]), list[int])


def all_settled_of_a_tuple(i: Promise[int], s: Promise[str], b: Promise[bytes]) -> None:
    assert_type(Promise.all_settled((i,)), Promise[tuple[Settled[int]]])
    assert_type(Promise.all_settled((i, s)), Promise[tuple[Settled[int], Settled[str]]])
    assert_type(Promise.all_settled((i, s, b)), Promise[tuple[Settled[int], Settled[str], Settled[bytes]]])
    assert_type(Promise.all_settled((i, i, i, s)).wait()[3], Settled[str])
    assert_type(Promise.all_settled((i, i, i, i, s)).wait()[4], Settled[str])
    assert_type(Promise.all_settled((i, i, i, i, i, s)).wait()[5], Settled[str])
    assert_type(Promise.all_settled((i, i, i, i, i, i, s)).wait()[6], Settled[str])
    assert_type(Promise.all_settled((i, i, i, i, i, i, i, s)).wait()[7], Settled[str])
    assert_type(Promise.all_settled((fetch(1), pool_future(1))), Promise[tuple[Settled[str], Settled[str]]])


def settled_outcomes(i: Promise[int], s: Promise[str]) -> None:
    first, second = Promise.all_settled((i, s)).wait()
    assert_type(first, Fulfilled[int] | Rejected)
    if first.status == "fulfilled":
        assert_type(first.value, int)
    else:
        assert_type(first.reason, BaseException)
    if isinstance(second, Rejected):
        assert_type(second.status, Literal["rejected"])
    else:
        assert_type(second.value, str)


def any_of_a_tuple(i: Promise[int], s: Promise[str], b: Promise[bytes]) -> None:
    assert_type(Promise.any((i,)), Promise[int])
    assert_type(Promise.any((i, s)), Promise[int | str])
    assert_type(Promise.any((i, s, b)), Promise[int | str | bytes])
    assert_type(Promise.any((i, i, i, s)), Promise[int | str])
    assert_type(Promise.any((i, i, i, i, s)), Promise[int | str])
    assert_type(Promise.any((i, i, i, i, i, s)), Promise[int | str])
    assert_type(Promise.any((i, i, i, i, i, i, s)), Promise[int | str])
    assert_type(Promise.any((i, i, i, i, i, i, i, s)), Promise[int | str])
    assert_type(Promise.any((i, fetch(1), query(1), pool_future(1))), Promise[int | str])
    assert_type(Promise.any((i, i)), Promise[int])


def race_of_a_tuple(i: Promise[int], s: Promise[str], b: Promise[bytes]) -> None:
    assert_type(Promise.race((i,)), Promise[int])
    assert_type(Promise.race((i, s)), Promise[int | str])
    assert_type(Promise.race((i, s, b)), Promise[int | str | bytes])
    assert_type(Promise.race((i, i, i, s)), Promise[int | str])
    assert_type(Promise.race((i, i, i, i, s)), Promise[int | str])
    assert_type(Promise.race((i, i, i, i, i, s)), Promise[int | str])
    assert_type(Promise.race((i, i, i, i, i, i, s)), Promise[int | str])
    assert_type(Promise.race((i, i, i, i, i, i, i, s)), Promise[int | str])
    assert_type(Promise.race((i, asyncio.sleep(5))), Promise[int | None])
    assert_type(Promise.race((i, Promise.reject(TimeoutError()))), Promise[int])


def named_tuples_and_long_ones(i: Promise[int], many: tuple[Promise[int], ...]) -> None:
    assert_type(Promise.all((i, i, i, i, i, i, i, i, i)), Promise[list[int]])
    assert_type(Promise.all(many), Promise[list[int]])


def keyed(i: Promise[int], by_number: Mapping[int, Promise[str]], futures: dict[str, Query[bytes]]) -> None:
    assert_type(Promise.all_keyed({"a": i, "b": i}), Promise[dict[str, int]])
    assert_type(Promise.all_keyed(by_number), Promise[dict[int, str]])
    assert_type(Promise.all_keyed(futures), Promise[dict[str, bytes]])
    assert_type(Promise.all_keyed({"a": fetch(1)}), Promise[dict[str, str]])
    assert_type(Promise.all_keyed({"a": pool_future(1)}), Promise[dict[str, str]])
    assert_type(Promise.all_keyed({n: promised(n) for n in range(3)}), Promise[dict[int, str]])
    assert_type(Promise.all_keyed({"a": i}).then(lambda found: found["a"]), Promise[int])


def settled_keyed(i: Promise[int], by_number: Mapping[int, Promise[str]]) -> None:
    assert_type(Promise.all_settled_keyed({"a": i}), Promise[dict[str, Settled[int]]])
    assert_type(Promise.all_settled_keyed(by_number), Promise[dict[int, Settled[str]]])
    assert_type(Promise.all_settled_keyed({n: fetch(n) for n in range(3)}), Promise[dict[int, Settled[str]]])
    assert_type(Promise.all_settled_keyed({"a": i}).wait()["a"], Fulfilled[int] | Rejected)


def related_classes(dog: Promise[Dog], animal: Promise[Animal]) -> None:
    assert_type(Promise.all((dog, animal)), Promise[tuple[Dog, Animal]])
    animals: Promise[Animal] = Promise.race((dog, animal))
    pair: Promise[tuple[Animal, Animal]] = Promise.all((dog, dog))
    del animals, pair


def generic_pair(p: Promise[T], pool: concurrent.futures.Executor) -> Promise[tuple[T, str]]:
    assert_type(Promise.any((p, p)), Promise[T])
    return Promise.all((p, pool.submit(show, 1)))
