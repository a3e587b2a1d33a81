"""ECMA-262 27.2.5.1: `catch`, with the filter of Python's `except`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Ticks

REASON = KeyError("reason")


class Bare(BaseException):
    """Neither an `Exception` nor one of the interpreter's own."""


def bad() -> Promise[Any]:
    return Promise.reject(REASON)


async def test_27_2_5_1_catch_is_then_with_a_rejection_handler_only(jobs: Jobs) -> None:
    caught, passed = bad().catch(lambda error: error.args), Promise.resolve(1).catch(str)
    await jobs()
    assert (caught.outcome, passed.outcome) == (Fulfilled(("reason",)), Fulfilled(1))


async def test_27_2_5_1_the_chain_goes_on_after_a_catch(jobs: Jobs) -> None:
    promise = bad().catch(lambda error: 1).then(lambda value: value + 1)
    await jobs()
    assert promise.outcome == Fulfilled(2)


async def test_27_2_5_1_the_number_of_jobs(ticks: Ticks) -> None:
    assert await ticks(lambda: bad().catch(lambda _: 1)) == 1
    assert await ticks(lambda: Promise.resolve(1).catch(lambda _: 1)) == 1
    assert await ticks(lambda: bad().catch(lambda _: Promise.resolve(1))) == 3
    assert await ticks(lambda: bad().catch(OSError, lambda _: 1)) == 1


@pytest.mark.parametrize(
    "types",
    [KeyError, LookupError, Exception, BaseException, (OSError, KeyError)],
    ids=str,
)
async def test_27_2_5_1_a_type_that_fits_is_caught(types: Any, jobs: Jobs) -> None:
    promise = bad().catch(types, lambda error: "caught")
    await jobs()
    assert promise.outcome == Fulfilled("caught")


@pytest.mark.parametrize("types", [OSError, (OSError, ValueError), IndexError], ids=str)
async def test_27_2_5_1_a_type_that_does_not_fit_lets_the_reason_pass(types: Any, jobs: Jobs) -> None:
    seen: list[Any] = []
    promise = bad().catch(types, seen.append)
    await jobs()
    assert (seen, promise.outcome) == ([], Rejected(REASON))


async def test_27_2_5_1_without_a_type_only_exceptions_are_caught(jobs: Jobs) -> None:
    reason = Bare()
    seen: list[Any] = []
    for promise in (
        Promise.reject(reason).catch(seen.append),
        Promise.reject(reason).then(None, seen.append),
        Promise.reject(reason).catch(Exception, seen.append),
    ):
        await jobs()
        assert promise.outcome == Rejected(reason)
    assert seen == []


async def test_27_2_5_1_base_exceptions_are_caught_by_name(jobs: Jobs) -> None:
    reason = Bare()
    promises = [Promise.reject(reason).catch(types, lambda error: error) for types in (Bare, BaseException)]
    await jobs()
    assert [promise.outcome for promise in promises] == [Fulfilled(reason)] * 2


async def test_27_2_5_1_the_first_catch_that_fits_has_it(jobs: Jobs) -> None:
    seen: list[str] = []
    bad().catch(OSError, lambda _: seen.append("os")).catch(KeyError, lambda _: seen.append("key")).catch(
        lambda _: seen.append("any")
    )
    await jobs()
    assert seen == ["key"]


@pytest.mark.parametrize(
    "arguments",
    [(), (None,), (5,), (KeyError, None), (KeyError, print, print)],
    ids=repr,
)
async def test_27_2_5_1_anything_but_a_handler_is_refused(arguments: tuple[Any, ...], jobs: Jobs) -> None:
    with pytest.raises(
        TypeError,
        match=r"Promise\.catch\(\) expected .+: write catch\(handler\) or catch\(ValueError",
    ):
        Promise.resolve(1).catch(*arguments)


@pytest.mark.parametrize("types", [5, "KeyError", KeyError(), int, (), (KeyError, int)])
async def test_27_2_5_1_a_filter_that_is_no_exception_class_is_refused(types: Any) -> None:
    with pytest.raises(TypeError, match="expected an exception class or a tuple of them"):
        Promise.resolve(1).catch(types, lambda error: None)
