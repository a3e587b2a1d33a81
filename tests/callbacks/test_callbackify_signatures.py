"""`inspect.signature` of a callbackified function shows where the callbacks go, and it tells the truth."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from promisepy import Promise, callbackify, promisify

from ..support import turn
from .helpers import value_of
from .test_promisify_signatures import calls_of, signatures

Callback = Callable[..., Any]


def plain(key): ...  # type: ignore[no-untyped-def]  # signatures are easier to compare without types
def optional(key, flags=0): ...  # type: ignore[no-untyped-def]
def unnamed(key, flags=0, /, *, strict=False): ...  # type: ignore[no-untyped-def]
def keywords(key, *, strict=False, **rest): ...  # type: ignore[no-untyped-def]
def variadic(key, *more, strict=False): ...  # type: ignore[no-untyped-def]
def taken(callback, flags=0): ...  # type: ignore[no-untyped-def]
def rich(key: str, flags: int = 0) -> Promise[int]: ...  # type: ignore[empty-body]


class Client:
    def get(self, key, flags=0): ...  # type: ignore[no-untyped-def]

    @callbackify
    def wrapped(self, key, flags=0): ...  # type: ignore[no-untyped-def]

    @callbackify
    @classmethod
    def make(cls, name): ...  # type: ignore[no-untyped-def]


@pytest.mark.parametrize(
    ("fn", "options", "shown"),
    [
        (plain, {}, "(key, callback, /)"),
        (plain, {"callback": 0}, "(callback, /, key)"),
        (plain, {"callback": "on_done"}, "(key, *, on_done)"),
        (plain, {"style": "two_callbacks"}, "(key, callback, errback, /)"),
        (plain, {"callback": -1, "errback": 0}, "(errback, key, callback, /)"),
        (plain, {"style": "two_keywords"}, "(key, *, callback, error_callback)"),
        (plain, {"style": "attribute"}, "(key)"),
        (plain, {"style": "done_callback"}, "(key)"),
        (plain, {"style": "value", "callback": "().on_done", "errback": "on_error"}, "(key, *, on_error)"),
        (optional, {}, "(key, callback, /, *, flags=0)"),
        (optional, {"style": "two_callbacks"}, "(key, callback, errback, /, *, flags=0)"),
        (optional, {"callback": 0}, "(callback, /, key, flags=0)"),
        (optional, {"callback": 1}, "(key, callback, /, flags=0)"),
        (optional, {"callback": 2}, "(key, flags, callback, /)"),
        (optional, {"callback": "on_done"}, "(key, flags=0, *, on_done)"),
        (unnamed, {}, "(key, callback, /, *, strict=False)"),
        (unnamed, {"callback": 0}, "(callback, key, flags=0, /, *, strict=False)"),
        (keywords, {}, "(key, callback, /, *, strict=False, **rest)"),
        (taken, {}, "(callback, callback_, /, *, flags=0)"),
        (rich, {}, "(key: 'str', callback, /, *, flags: 'int' = 0)"),
        (variadic, {"callback": 0}, "(callback, /, key, *more, strict=False)"),
        (variadic, {"callback": 1}, "(key, callback, /, *more, strict=False)"),
        (Client.get, {}, "(self, key, callback, /, *, flags=0)"),
        (Client().get, {}, "(key, callback, /, *, flags=0)"),
        (Client().get, {"callback": 0}, "(callback, /, key, flags=0)"),
        (functools.partial(optional, "key"), {}, "(callback, /, *, flags=0)"),
        # Where no signature can tell it.
        (variadic, {}, "(*arguments, **keywords)"),
        (variadic, {"callback": 2}, "(*arguments, **keywords)"),
        (taken, {"callback": "callback"}, "(*arguments, **keywords)"),
        (plain, {"callback": "lambda"}, "(*arguments, **keywords)"),
        (min, {}, "(*arguments, **keywords)"),
    ],
)
def test_the_signature_has_the_callbacks_where_they_are_taken_from(
    fn: Callback, options: dict[str, Any], shown: str
) -> None:
    assert str(inspect.signature(callbackify(fn, **options))) == shown


def test_a_bound_method_of_a_decorated_function_shows_no_self() -> None:
    assert str(inspect.signature(Client.wrapped)) == "(self, key, callback, /, *, flags=0)"
    assert str(inspect.signature(Client().wrapped)) == "(key, callback, /, *, flags=0)"
    assert str(inspect.signature(Client.make)) == "(name, callback, /)"


@st.composite
def places(draw: st.DrawFn) -> dict[str, int | str]:
    """Places for one or two callbacks."""
    choices = st.sampled_from([-1, 0, 1, 2, "on_done"])
    one, other = draw(st.lists(choices, min_size=2, max_size=2, unique=True))
    return {"callback": one, "errback": other} if draw(st.booleans()) else {"callback": one}


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_every_call_that_the_signature_accepts_reaches_the_parameters_that_it_names(data: st.DataObject) -> None:
    signature, options = data.draw(signatures(), "signature"), data.draw(places(), "places")
    received: list[inspect.BoundArguments] = []

    def fn(*arguments: Any, **keywords: Any) -> str:
        received.append(signature.bind(*arguments, **keywords))
        return "value"

    fn.__signature__ = signature  # type: ignore[attr-defined]  # as decorators set it
    wrapped = callbackify(fn, style="value", **options)  # type: ignore[call-overload]  # data
    shown = inspect.signature(wrapped)
    assume(list(shown.parameters) != ["arguments", "keywords"])
    added = [name for name in shown.parameters if name not in signature.parameters]
    assert len(added) == len(options)
    arguments, named = data.draw(calls_of(shown), "arguments")
    bound = shown.bind(*arguments, **named)
    told: list[tuple[str, object]] = []
    bound.arguments.update({name: functools.partial(lambda *outcome: told.append(outcome), name) for name in added})
    wrapped(*bound.args, **bound.kwargs)
    [got] = received
    assert got.arguments == {name: value for name, value in bound.arguments.items() if name not in added}
    turn()
    [(name, value)] = told
    assert (name.startswith("errback"), value) == (False, "value")


class TestRoundTrip:
    """`promisify` knows that a callback after optional arguments is the last one, however many are given."""

    @pytest.mark.parametrize("style", ["error_first", "two_callbacks"])
    @pytest.mark.parametrize("bind", [lambda fn: fn, lambda fn: functools.partial(fn, strict=True)])
    def test_optional_arguments_by_position_and_by_keyword(self, style: Any, bind: Callback) -> None:
        def fn(key: str, flags: int = 0, *, strict: bool = False) -> tuple[str, int, bool]:
            return key, flags, strict

        direct, there_and_back = bind(fn), promisify(bind(callbackify(fn, style=style)), style=style)
        for arguments, keywords in [(("a",), {}), (("a", 1), {}), (("a",), {"flags": 1}), (("a", 1), {"strict": True})]:
            made: Any = there_and_back(*arguments, **keywords)
            assert value_of(made) == direct(*arguments, **keywords)

    def test_the_promisified_function_shows_no_callback(self) -> None:
        there_and_back = promisify(callbackify(optional))
        assert list(inspect.signature(there_and_back).parameters) == ["key", "flags"]

    def test_an_index_after_the_optional_arguments(self) -> None:
        def fn(key: str, flags: int = 0) -> tuple[str, int]:
            return key, flags

        there_and_back = promisify(callbackify(fn), style="error_first", callback=2)
        assert value_of(there_and_back("a", 1)) == ("a", 1)

    def test_a_method(self) -> None:
        class Source:
            @promisify(style="error_first")
            @callbackify
            def get(self, key: str, flags: int = 0) -> tuple[str, int]:
                return key, flags

        source: Any = Source()
        assert value_of(source.get("a", 1)) == ("a", 1)
        assert value_of(source.get("a")) == ("a", 0)
