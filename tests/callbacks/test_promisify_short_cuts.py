"""Short cuts that the commonest callbacks take: each does what the long way does, for any arguments.

They are no copies, which `tests/test_twins.py` would compare, but faster ways to the same result.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promisepy import CallbackError, Promise, promisify
from promisepy._core.outcomes import SHORT, natural

values = st.one_of(st.none(), st.integers(0, 3), st.builds(ValueError), st.tuples(st.integers()))
arguments = st.lists(values, max_size=4)
keywords = st.dictionaries(st.sampled_from("xyz"), values, max_size=2)


def outcome(function: Callable[..., Any], *given: Any, **named: Any) -> tuple[str, Any, Any]:
    """Call a function; tell what it returns, or the type and the words of what it raises."""
    try:
        return "value", function(*given, **named), None
    except BaseException as error:
        return "error", type(error), str(error)


@pytest.mark.parametrize("long", SHORT, ids=lambda function: function.__name__)
@given(given_=arguments, named=keywords)
def test_reading_a_call_in_one_step_is_reading_it_in_two(
    long: Callable[..., Any], given_: list[Any], named: dict[str, Any]
) -> None:
    short = outcome(SHORT[long], *given_, **named)
    assert short == outcome(lambda: natural(long(*given_, **named)))


def last(*positional: Any, **named: Any) -> Any:
    return positional, named


def first_of_three(cb: Any, a: Any = 1, b: Any = 2) -> Any:
    return (cb, a, b), {}


def in_the_middle(a: Any, cb: Any, *more: Any) -> Any:
    return (a, cb, *more), {}


def by_keyword(a: Any = 1, *, cb: Any) -> Any:
    return (a,), {"cb": cb}


PLACES: list[tuple[Callable[..., Any], int | str]] = [
    (last, -1),
    (last, 0),
    (last, 1),
    (last, 2),
    (last, "cb"),
    (first_of_three, 0),
    (first_of_three, "cb"),
    (in_the_middle, 1),
    (by_keyword, "cb"),
]


def settled(promise: Promise[Any]) -> tuple[Any, ...]:
    error = promise.reason
    return promise.state, promise.value, type(error), getattr(error, "arguments", None) if error else None


@pytest.mark.parametrize(("function", "place"), PLACES)
@pytest.mark.parametrize("style", ["value", "error_first", "error_last", "status_first"])
@given(call=arguments, named=keywords, told=arguments, told_named=keywords)
def test_a_call_without_options_does_what_one_with_them_does(
    function: Callable[..., Any],
    place: int | str,
    style: Any,
    call: list[Any],
    named: dict[str, Any],
    told: list[Any],
    told_named: dict[str, Any],
) -> None:
    """`keep_alive` asks for the long way, and changes nothing else that can be seen here."""

    def done(**options: Any) -> tuple[Any, ...]:
        seen: list[Any] = []

        def library(*positional: Any, **more: Any) -> None:
            found, by_name = function(*positional, **more)
            [callback] = [one for one in (*found, *by_name.values()) if callable(one)]
            seen.append([["callback" if one is callback else one for one in found], sorted(by_name)])
            seen.append(callback(*told, **told_named))

        library.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]  # functions take attributes
        promised = promisify(library, style=style, callback=place, returns="for the library", **options)
        promise = promised(*call, **named)
        promise._observe()  # nothing here is about reports
        return (*settled(promise), seen)

    assert done() == done(keep_alive=True)


def test_the_short_cuts_are_taken() -> None:
    """Or the tests above would compare the long way with itself."""
    short = promisify(last)
    long = promisify(last, keep_alive=True)
    assert short.__code__ is not long.__code__  # type: ignore[attr-defined]  # plain functions
    assert CallbackError.__name__ in str(outcome(next(iter(SHORT.values())), 1, x=1)[1])
