"""Reasons that cannot be looked at, and those that lie when one does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest

from promisepy import CallbackError, Promise, promisify

from ..fuzz.hostile import Doom, DoomsInInit, Lies, MakesNumbers, OfNameless, Opaque, Pretending, Trap, trapped

CLASSLESS = trapped(Trap, ("__class__",))


def rejected(reason: Any) -> BaseException | None:
    promise, _, reject = Promise[int].with_resolvers()
    reject(reason)
    return promise.reason


def raised_by(make: Callable[[], Promise[Any]]) -> BaseException | None:
    """Wait; by hand, since pytest looks at the attributes of what is raised."""
    try:
        make().wait(1)
    except BaseException as error:
        return error
    return None


@pytest.mark.parametrize("make", [CLASSLESS, lambda: Lies(type), lambda: Mock(spec=type), lambda: OfNameless()])
def test_reject_wraps_what_cannot_be_looked_at(make: Callable[[], Any]) -> None:
    reason = make()
    error = rejected(reason)
    assert isinstance(error, CallbackError)
    assert error.arguments[0] is reason


def test_reject_with_a_class_that_makes_no_exception_says_so() -> None:
    error = rejected(MakesNumbers)
    assert isinstance(error, CallbackError)
    assert error.arguments == (MakesNumbers,)


def test_reject_with_a_class_that_cannot_be_instantiated_rejects_with_its_failure() -> None:
    assert isinstance(rejected(DoomsInInit), Doom)


def test_resolve_shows_arguments_whose_repr_fails_in_any_way() -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve(trapped(Doom, ("__repr__",))(), 2)  # type: ignore[call-overload]  # the wrong number of values
    assert isinstance(promise.reason, CallbackError)


@pytest.mark.parametrize("kind", [Opaque, Pretending, trapped(Doom, ("__class__",), (Exception,))])
def test_an_exception_whose_attributes_are_of_no_use_is_a_reason(kind: Callable[[int], Exception]) -> None:
    error = kind(1)

    def fail(*_: object) -> None:
        raise error

    def called_back() -> Promise[Any]:
        d = Promise[Any].with_resolvers()
        d.via(fail)()
        return d.promise

    ways: dict[str, Callable[[], Promise[Any]]] = {
        "reject": lambda: Promise.reject(error),
        "via": called_back,
        "executor": lambda: Promise(fail),
        "handler": lambda: Promise.resolve().then(fail),
        "try_": lambda: Promise.try_(fail),
        "map": lambda: Promise.map(fail, [1]),
        "promisify": lambda: promisify(fail)(),
        "finally_": lambda: Promise.reject(error).finally_(bool),
        "adoption": lambda: Promise.resolve(1).then(lambda _: Promise.reject(error)),
        "iterator": lambda: Promise.all(map(fail, [1])),
    }
    assert [name for name, make in ways.items() if raised_by(make) is not error] == []
