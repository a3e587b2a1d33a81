"""ECMA-262 27.2.4.7: `Promise.resolve`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promisepy import Fulfilled, Promise, Rejected

if TYPE_CHECKING:
    from .conftest import Jobs, Ticks

REASON = ValueError("reason")


class Thenable:
    def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
        on_fulfilled("thenable")


async def test_27_2_4_7_1_a_promise_is_returned_as_it_is() -> None:
    pending, resolve, _ = Promise[Any].with_resolvers()
    for promise in (pending, Promise.resolve(1), Promise.reject(REASON)):
        assert Promise.resolve(promise) is promise
    resolve(1)


async def test_27_2_4_7_1_a_value_fulfils_at_once() -> None:
    value = object()
    assert Promise.resolve(value).outcome == Fulfilled(value)


async def test_27_2_4_7_1_without_an_argument_the_value_is_none() -> None:
    assert Promise.resolve().outcome == Fulfilled(None)


async def test_27_2_4_7_1_an_exception_is_a_value() -> None:
    assert Promise.resolve(REASON).outcome == Fulfilled(REASON)


async def test_27_2_4_7_1_a_thenable_is_followed(jobs: Jobs) -> None:
    promise = Promise.resolve(Thenable())
    assert promise.state == "pending"
    await jobs()
    assert promise.outcome == Fulfilled("thenable")


async def test_27_2_4_7_1_a_then_that_cannot_be_read_rejects_and_does_not_raise() -> None:
    class Hostile:
        @property
        def then(self) -> Any:
            raise REASON

    assert Promise.resolve(Hostile()).outcome == Rejected(REASON)


async def test_27_2_4_7_the_class_it_is_called_on_is_not_consulted() -> None:
    class Special(Promise[Any]):
        pass

    plain = Promise.resolve(1)
    assert Special.resolve(plain) is plain
    assert type(Special.resolve(1)) is Promise


async def test_27_2_4_7_the_number_of_jobs(ticks: Ticks) -> None:
    assert await ticks(lambda: Promise.resolve(1)) == 0
    assert await ticks(lambda: Promise.resolve(Promise.resolve(1))) == 0
    assert await ticks(lambda: Promise.resolve(Thenable())) == 1
