"""ECMA-262 27.2.4.1.2, 27.2.4.2.1, 27.2.4.3.1, 27.2.4.5.1: what every combinator does with what it is given.

Behaviour that test262 checks for each combinator anew: how the iterable is read, and that an input counts once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs

REASON = ValueError("reason")
OTHER = KeyError("other")

COMBINATORS: list[Callable[[Any], Promise[Any]]] = [Promise.all, Promise.all_settled, Promise.any, Promise.race]
each_combinator = pytest.mark.parametrize("combine", COMBINATORS, ids=lambda combine: combine.__name__)


class Counted:
    """An iterator that knows how often it was asked, and whether it was closed."""

    def __init__(self, items: list[Any], error: BaseException | None = None) -> None:
        self.items = iter(items)
        self.error = error
        self.asked = 0
        self.closed = 0

    def __iter__(self) -> Counted:
        return self

    def __next__(self) -> Any:
        self.asked += 1
        for item in self.items:
            return item
        raise self.error or StopIteration

    def close(self) -> None:
        self.closed += 1


class Acting:
    """A thenable that hands its functions to `act`, and keeps them."""

    def __init__(self, act: Callable[[Any, Any], None]) -> None:
        self.act = act

    def then(self, resolve: Any, reject: Any) -> None:
        self.functions = resolve, reject
        self.act(resolve, reject)


class Poisoned:
    @property
    def then(self) -> Any:
        raise REASON


class Returns:
    """An object whose `__iter__` returns something."""

    def __init__(self, result: Any) -> None:
        self.result = result

    def __iter__(self) -> Any:
        return self.result


class NoIterator:
    __iter__ = None


class NumberAsIterator:
    __iter__ = 5


def calls(*names: str) -> Acting:
    """Make a thenable that calls its functions in that order, each time with something else."""

    def act(resolve: Any, reject: Any) -> None:
        for number, name in enumerate(names, 1):
            if name == "resolve":
                resolve(number)
            else:
                reject(ValueError(number))

    return Acting(act)


NOT_ITERABLE = {
    "None": None,
    "true": True,
    "number": 5,
    "error": OTHER,
    "__iter__ is None": NoIterator(),
    "__iter__ is a number": NumberAsIterator(),
    "__iter__ returns None": Returns(None),
    "__iter__ returns a number": Returns(5),
    "__iter__ returns a string": Returns("no iterator"),
}


@each_combinator
@pytest.mark.parametrize("inputs", NOT_ITERABLE)
async def test_27_2_4_inputs_without_an_iterator_reject_with_a_type_error(combine: Any, inputs: str) -> None:
    assert isinstance(combine(NOT_ITERABLE[inputs]).reason, TypeError)


@pytest.mark.parametrize(
    ("combine", "outcome"),
    [
        (Promise.all, Fulfilled(["a", "b"])),
        (Promise.all_settled, Fulfilled([Fulfilled("a"), Fulfilled("b")])),
        (Promise.any, Fulfilled("a")),
        (Promise.race, Fulfilled("a")),
    ],
)
async def test_27_2_4_a_string_is_an_iterable_of_its_characters(combine: Any, outcome: Any, jobs: Jobs) -> None:
    promise = combine("ab")
    await jobs()
    assert promise.outcome == outcome


@each_combinator
@pytest.mark.parametrize("items", [[], [1]], ids=["at once", "after an item"])
async def test_7_4_an_iterator_that_raises_rejects_and_is_not_closed(combine: Any, items: list[Any]) -> None:
    inputs = Counted(items, OTHER)
    assert combine(inputs).outcome == Rejected(OTHER)
    assert (inputs.asked, inputs.closed) == (len(items) + 1, 0)


@each_combinator
async def test_7_4_an_iterator_is_read_to_its_end_and_not_closed(combine: Any, jobs: Jobs) -> None:
    inputs = Counted([Promise.resolve(1), Promise.reject(REASON), Poisoned(), 2])
    promise = combine(inputs)
    assert (inputs.asked, inputs.closed) == (5, 0)
    await jobs()
    assert promise.state != "pending"


@pytest.mark.parametrize(
    ("combine", "decides"),
    [(Promise.all, False), (Promise.any, True), (Promise.race, False), (Promise.race, True)],
)
@pytest.mark.parametrize("home", ["script"], indirect=True)
async def test_7_4_an_iterator_is_read_to_its_end_when_the_outcome_is_known(combine: Any, decides: bool) -> None:
    seen: list[int] = []

    def inputs() -> Iterator[Any]:
        yield Promise.resolve(1) if decides else Promise.reject(REASON)
        Promise.resolve().then().wait()  # the job of the first input settles the result
        for number in range(2):
            seen.append(number)
            yield number

    promise = combine(inputs())
    assert seen == [0, 1]
    assert promise.state == ("fulfilled" if decides else "rejected")
    promise.catch(str)


# Of an input that calls its functions more than once, the first call counts: then everybody has this outcome.
TWICE = {
    "resolve, resolve": (Fulfilled(1), ("resolve", "resolve", "resolve")),
    "resolve, reject": (Fulfilled(1), ("resolve", "reject")),
    "reject, resolve": (Rejected(1), ("reject", "resolve")),
    "reject, reject": (Rejected(1), ("reject", "reject", "reject")),
}


def plain(outcome: Any) -> Any:
    """Compare reasons by their arguments."""
    return Rejected(outcome.reason.args[0]) if isinstance(outcome, Rejected) else outcome


@pytest.mark.parametrize("case", TWICE)
async def test_27_2_4_2_3_an_input_counts_once(case: str, jobs: Jobs) -> None:
    expected, names = TWICE[case]
    late, resolve, _ = Promise[str].with_resolvers()
    settled = Promise.all_settled([calls(*names), late])
    keyed = Promise.all_settled_keyed({"first": calls(*names), "late": late})
    await jobs()
    assert (settled.state, keyed.state) == ("pending", "pending")
    resolve("late")
    await jobs()
    assert [plain(outcome) for outcome in settled.value or ()] == [expected, Fulfilled("late")]
    assert {key: plain(outcome) for key, outcome in (keyed.value or {}).items()} == {
        "first": expected,
        "late": Fulfilled("late"),
    }


@pytest.mark.parametrize("case", ["resolve, resolve", "resolve, reject"])
async def test_27_2_4_1_3_an_input_that_resolves_twice_does_not_stand_for_two(case: str, jobs: Jobs) -> None:
    _, names = TWICE[case]
    late, resolve, _ = Promise[str].with_resolvers()
    all_, keyed = Promise.all([calls(*names), late]), Promise.all_keyed({"first": calls(*names), "late": late})
    await jobs()
    assert (all_.state, keyed.state) == ("pending", "pending")
    resolve("late")
    await jobs()
    assert (all_.value, keyed.value) == ([1, "late"], {"first": 1, "late": "late"})


@pytest.mark.parametrize("case", ["reject, resolve", "reject, reject"])
async def test_27_2_4_3_2_an_input_that_rejects_twice_does_not_stand_for_two(case: str, jobs: Jobs) -> None:
    _, names = TWICE[case]
    late, _, reject = Promise[str].with_resolvers()
    promise = Promise.any([calls(*names), late])
    await jobs()
    assert promise.state == "pending"
    reject(OTHER)
    await jobs()
    assert [error.args[0] for error in promise.reason.exceptions] == [1, "other"]


@each_combinator
@pytest.mark.parametrize("case", TWICE)
async def test_27_2_4_a_call_after_the_outcome_changes_nothing(combine: Any, case: str, jobs: Jobs) -> None:
    _, names = TWICE[case]
    first, second = calls(*names), calls(*names)
    promise = combine([first, second])
    await jobs()
    before, state = repr(promise.value if promise.state == "fulfilled" else promise.reason), promise.state
    for resolve, reject in (first.functions, second.functions):
        resolve("again")
        reject(OTHER)
    await jobs()
    assert state != "pending"
    assert (repr(promise.value if state == "fulfilled" else promise.reason), promise.state) == (before, state)


@pytest.mark.parametrize(
    ("combine", "outcome"),
    [
        (Promise.all, Rejected(REASON)),
        (Promise.all_settled, Fulfilled([Rejected(REASON), Fulfilled(2)])),
        (Promise.any, Fulfilled(2)),
        (Promise.race, Rejected(REASON)),
    ],
)
async def test_27_2_4_an_input_whose_then_cannot_be_read_is_a_rejected_one(
    combine: Any, outcome: Any, jobs: Jobs
) -> None:
    promise = combine([Poisoned(), 2])
    await jobs()
    assert promise.outcome == outcome


@each_combinator
async def test_27_2_4_what_a_thenable_among_the_inputs_resolves_with_is_followed(combine: Any, jobs: Jobs) -> None:
    promise = combine([Acting(lambda resolve, reject: resolve(calls("resolve")))])
    await jobs()
    expected = {Promise.all: [1], Promise.all_settled: [Fulfilled(1)]}.get(combine, 1)
    assert promise.outcome == Fulfilled(expected)


@each_combinator
@pytest.mark.parametrize("moment", ["at once", "later"])
async def test_27_2_4_a_thenable_among_the_inputs_may_reject(combine: Any, moment: str, jobs: Jobs) -> None:
    thenable = calls("reject") if moment == "at once" else Acting(lambda resolve, reject: None)
    promise = combine([thenable])
    await jobs()
    if moment == "later":
        assert promise.state == "pending"
        thenable.functions[1](ValueError(1))
        await jobs()
    assert promise.state == ("fulfilled" if combine == Promise.all_settled else "rejected")


@pytest.mark.parametrize("combine", [Promise.all, Promise.all_settled], ids=["all", "all_settled"])
async def test_27_2_4_the_result_is_a_new_list(combine: Any, jobs: Jobs) -> None:
    inputs: list[Any] = []
    empty = combine(inputs)
    assert empty.value is not inputs
    assert empty.value is not combine(inputs).value
