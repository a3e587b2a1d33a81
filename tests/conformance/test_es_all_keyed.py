"""TC39 proposal "await dictionary", stage 2.7: `Promise.allKeyed` and `allSettledKeyed`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Ticks

REASON = ValueError("reason")
KEYED = [Promise.all_keyed, Promise.all_settled_keyed]
NAMES = ["all_keyed", "all_settled_keyed"]


def good() -> Promise[int]:
    return Promise.resolve(1)


def bad() -> Promise[Any]:
    return Promise.reject(REASON)


class Lazy(Mapping[str, Any]):
    """A mapping that notes each look-up, and fails where it is told to."""

    def __init__(self, keys: list[Any], fail_at: Any = None) -> None:
        self.names = keys
        self.fail_at = fail_at
        self.seen: list[Any] = []

    def __iter__(self) -> Iterator[Any]:
        if self.fail_at == "iteration":
            raise REASON
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, key: Any) -> Any:
        self.seen.append(key)
        if key == self.fail_at:
            raise REASON
        return good()


JOBS: dict[str, tuple[int, Callable[[], Promise[Any]]]] = {
    "allKeyed({a: R})": (1, lambda: Promise.all_keyed({"a": good()})),
    "allKeyed({a: R, b: J})": (1, lambda: Promise.all_keyed({"a": good(), "b": bad()})),
    "allKeyed({})": (0, lambda: Promise.all_keyed({})),
    "allSettledKeyed({a: R, b: J})": (1, lambda: Promise.all_settled_keyed({"a": good(), "b": bad()})),
    "allSettledKeyed({})": (0, lambda: Promise.all_settled_keyed({})),
}


@pytest.mark.parametrize("expression", JOBS)
async def test_all_keyed_the_number_of_jobs(expression: str, ticks: Ticks) -> None:
    expected, make = JOBS[expression]
    assert await ticks(make) == expected


async def test_all_keyed_gives_a_dict_with_the_keys_in_their_order(jobs: Jobs) -> None:
    late, resolve, _ = Promise[Any].with_resolvers()
    promise = Promise.all_keyed({"z": late, 5: "plain", None: good()})
    await jobs()
    assert promise.state == "pending"
    resolve("late")
    await jobs()
    assert promise.outcome == Fulfilled({"z": "late", 5: "plain", None: 1})
    assert list(promise.value or ()) == ["z", 5, None]


async def test_all_keyed_rejects_with_the_first_rejection(jobs: Jobs) -> None:
    promise = Promise.all_keyed({"a": good(), "b": bad()})
    await jobs()
    assert promise.outcome == Rejected(REASON)


async def test_all_settled_keyed_gives_every_outcome(jobs: Jobs) -> None:
    promise = Promise.all_settled_keyed({"a": good(), "b": bad()})
    await jobs()
    assert promise.outcome == Fulfilled({"a": Fulfilled(1), "b": Rejected(REASON)})


@pytest.mark.parametrize("combine", KEYED, ids=NAMES)
async def test_all_keyed_of_nothing_fulfils_at_once_with_an_empty_dict(combine: Any) -> None:
    assert combine({}).outcome == Fulfilled({})


@pytest.mark.parametrize("combine", KEYED, ids=NAMES)
async def test_all_keyed_takes_any_mapping_and_gives_a_new_dict(combine: Any, jobs: Jobs) -> None:
    source = {"a": good()}
    promise = combine(MappingProxyType(source))
    source["b"] = bad().catch(str)
    await jobs()
    assert list(promise.value) == ["a"]
    assert type(promise.value) is dict


@pytest.mark.parametrize("combine", KEYED, ids=NAMES)
async def test_all_keyed_looks_each_key_up_once(combine: Any, jobs: Jobs) -> None:
    mapping = Lazy(["a", "b"])
    combine(mapping)
    await jobs()
    assert mapping.seen == ["a", "b"]


@pytest.mark.parametrize("fail_at", ["iteration", "b"])
@pytest.mark.parametrize("combine", KEYED, ids=NAMES)
async def test_all_keyed_of_a_mapping_that_fails_rejects_and_does_not_raise(
    combine: Any,
    fail_at: str,
) -> None:
    assert combine(Lazy(["a", "b"], fail_at)).outcome == Rejected(REASON)


@pytest.mark.parametrize("combine", KEYED, ids=NAMES)
async def test_all_keyed_of_a_mapping_with_a_key_that_no_dict_takes_rejects(combine: Any, jobs: Jobs) -> None:
    promise = combine(Lazy([["unhashable"]]))
    await jobs()
    assert isinstance(promise.reason, TypeError)


@pytest.mark.parametrize(
    "argument",
    [None, 5, [("a", 1)], iter(())],
    ids=["None", "number", "pairs", "iterator"],
)
@pytest.mark.parametrize("combine", KEYED, ids=NAMES)
async def test_all_keyed_of_anything_but_a_mapping_is_refused(combine: Any, argument: Any) -> None:
    with pytest.raises(
        TypeError, match=r"expected a mapping, got .+: write Promise\.all_.*keyed\(\{'key': promise\}\)"
    ):
        combine(argument)
