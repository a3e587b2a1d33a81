"""`inspect.signature` of a promisified function is that of the function without its callbacks, and it tells the truth."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable, Iterable
from inspect import Parameter, Signature
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from promisepy import Promise, callbackify, promisify

from ..support import raising, turn
from .helpers import value_of

Callback = Callable[..., Any]
FREE = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def plain(key, callback): ...  # type: ignore[no-untyped-def]  # signatures are easier to compare without types
def first(callback, key, flags=0): ...  # type: ignore[no-untyped-def]
def middle(key, callback, flags=0): ...  # type: ignore[no-untyped-def]
def optional(key, flags=0, callback=None): ...  # type: ignore[no-untyped-def]
def two(key, callback, errback): ...  # type: ignore[no-untyped-def]
def apart(errback, key, callback): ...  # type: ignore[no-untyped-def]
def keyword(key, *, on_done, retries=3): ...  # type: ignore[no-untyped-def]
def keywords(key, *, on_done, on_error=None): ...  # type: ignore[no-untyped-def]
def anything(**options): ...  # type: ignore[no-untyped-def]
def variadic(key, *more): ...  # type: ignore[no-untyped-def]
def variadic_keyword(key, *more, flag=None): ...  # type: ignore[no-untyped-def]
def positional(callback, key, /): ...  # type: ignore[no-untyped-def]
def rich(key: str, callback: Callback, *more: int, flag: bool = False, **rest: object) -> int: ...  # type: ignore[empty-body]


class Client:
    def get(self, key, callback=None): ...  # type: ignore[no-untyped-def]

    def begin(self, key): ...  # type: ignore[no-untyped-def]

    def first(self, callback, key): ...  # type: ignore[no-untyped-def]

    @classmethod
    def make(cls, name, callback): ...  # type: ignore[no-untyped-def]

    @staticmethod
    def ping(host, callback): ...  # type: ignore[no-untyped-def]

    @promisify(callback=0)
    def wrapped(self, callback, key): ...  # type: ignore[no-untyped-def]


class Functor:
    def __call__(self, key, callback): ...  # type: ignore[no-untyped-def]


@functools.wraps(plain)
def veiled(*arguments, **keywords): ...  # type: ignore[no-untyped-def]


@pytest.mark.parametrize(
    ("fn", "options", "shown"),
    [
        (plain, {}, "(key)"),
        (plain, {"callback": "callback"}, "(key)"),
        (first, {"callback": 0}, "(key, flags=0)"),
        (middle, {"callback": 1}, "(key, flags=0)"),
        (optional, {}, "(key, flags=0)"),
        (two, {"style": "two_callbacks"}, "(key)"),
        (two, {"callback": "callback", "errback": "errback"}, "(key)"),
        (apart, {"callback": -1, "errback": 0}, "(key)"),
        (keyword, {"callback": "on_done"}, "(key, *, retries=3)"),
        (keywords, {"callback": "on_done", "errback": "on_error"}, "(key)"),
        (anything, {"style": "two_keywords"}, "(**options)"),
        (variadic, {}, "(key, *more)"),
        (variadic, {"callback": 0}, "(*more)"),
        (variadic, {"callback": 1}, "(key, *more)"),
        (variadic_keyword, {"callback": 1}, "(key, *more, flag=None)"),
        (variadic_keyword, {"callback": 2}, "(key, *more, flag=None)"),
        (variadic_keyword, {"callback": 5}, "(key, *more, flag=None)"),
        (positional, {"callback": 0}, "(key, /)"),
        (rich, {"callback": 1}, "(key: 'str', *more: 'int', flag: 'bool' = False, **rest: 'object')"),
        (Client.get, {}, "(self, key)"),
        (Client().get, {}, "(key)"),
        (Client().begin, {"style": "attribute"}, "(key)"),
        (Client.begin, {"style": "done_callback"}, "(self, key)"),
        (Client.first, {"callback": 0}, "(self, key)"),
        (Client().first, {"callback": 0}, "(key)"),
        (Client.make, {}, "(name)"),
        (Client.ping, {}, "(host)"),
        (Functor(), {}, "(key)"),
        (functools.partial(two, "a"), {"style": "two_callbacks"}, "()"),
        (functools.partial(first, key="a"), {"callback": 0}, "(*, key='a', flags=0)"),
        (threading.Timer, {"callback": 1}, "(interval, args=None, kwargs=None)"),
        (veiled, {}, "(*arguments, **keywords)"),
    ],
)
def test_the_signature_is_that_without_the_callbacks(fn: Callback, options: dict[str, Any], shown: str) -> None:
    assert str(inspect.signature(promisify(fn, **options))) == f"{shown} -> {Promise.__module__}.Promise"


def test_a_bound_method_of_a_decorated_function_shows_no_self() -> None:
    assert list(inspect.signature(Client.wrapped).parameters) == ["self", "key"]
    assert list(inspect.signature(Client().wrapped).parameters) == ["key"]


def test_what_has_no_signature_is_called_with_the_callback_where_it_was_asked_for() -> None:
    with pytest.raises(ValueError):
        inspect.signature(min)
    promisified = promisify(min, callback="key")
    assert list(inspect.signature(promisified).parameters) == ["arguments", "keywords"]
    assert value_of(promisified([3, 1, 2])) == 3
    assert value_of(promisify(map, callback=0, check=list)([5])) == 5


@st.composite
def signatures(draw: st.DrawFn) -> Signature:
    """Any signature that Python allows."""
    kinds = sorted(draw(st.lists(st.sampled_from(list(type(Parameter.VAR_KEYWORD))), max_size=6)))
    for single in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
        kinds = [kind for number, kind in enumerate(kinds) if kind is not single or kind not in kinds[:number]]
    free = [number for number, kind in enumerate(kinds) if kind in FREE]
    required = draw(st.integers(0, len(free)))
    parameters = []
    for number, kind in enumerate(kinds):
        may_have_default = number in free[required:] or (kind is Parameter.KEYWORD_ONLY and draw(st.booleans()))
        default = "default" if may_have_default else Parameter.empty
        parameters.append(Parameter(f"p{number}", kind, default=default))
    return Signature(parameters)


@st.composite
def places_in(draw: st.DrawFn, signature: Signature) -> dict[str, int | str]:
    """Ways to name one or two parameters, by their names: an index, -1 for the last, a keyword."""
    free = [one for one in signature.parameters.values() if one.kind in FREE]
    named = [one for one in signature.parameters.values() if one.kind in (FREE[1], Parameter.KEYWORD_ONLY)]
    choices: list[tuple[str, int | str]] = [(one.name, index) for index, one in enumerate(free)]
    choices += [(one.name, one.name) for one in named]
    if free and not any(one.kind is Parameter.VAR_POSITIONAL for one in signature.parameters.values()):
        choices.append((free[-1].name, -1))
    if not choices:
        return {}
    return dict(draw(st.lists(st.sampled_from(choices), min_size=1, max_size=2, unique_by=lambda choice: choice[0])))


@st.composite
def calls_of(draw: st.DrawFn, signature: Signature) -> tuple[list[int], dict[str, int]]:
    """Arguments that a signature accepts; optional ones may be missing, from the end of the positional ones."""
    arguments: list[int] = []
    named: dict[str, int] = {}
    by_position = True
    for number, one in enumerate(signature.parameters.values()):
        optional = one.default is not Parameter.empty
        if one.kind is Parameter.VAR_POSITIONAL:
            arguments += draw(st.lists(st.integers(), max_size=2)) if by_position else []
        elif one.kind is Parameter.VAR_KEYWORD:
            named.update(draw(st.sampled_from([{}, {"extra": -1}])))
        elif one.kind is Parameter.KEYWORD_ONLY or not (by_position and draw(st.booleans())):
            by_position = by_position and one.kind is Parameter.KEYWORD_ONLY
            if one.kind is not Parameter.POSITIONAL_ONLY and not (optional and draw(st.booleans())):
                named[one.name] = number
            elif not optional:
                arguments.append(number)
                by_position = True
        else:
            arguments.append(number)
    return arguments, named


def leaves_a_gap(signature: Signature, callbacks: Iterable[str], given: int) -> bool:
    """Whether an optional argument is missing before a callback that has no name: Python knows no such call."""
    unnamed = [one.name for one in signature.parameters.values() if one.kind is Parameter.POSITIONAL_ONLY]
    last = max([unnamed.index(name) for name in callbacks if name in unnamed], default=-1)
    return given < sum(name not in callbacks for name in unnamed[:last])


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_every_call_that_the_signature_accepts_reaches_the_parameters_that_it_names(data: st.DataObject) -> None:
    signature = data.draw(signatures(), "signature")
    places = data.draw(places_in(signature), "places")
    if not places:
        return
    received: list[inspect.BoundArguments] = []

    def fn(*arguments: Any, **keywords: Any) -> None:
        received.append(signature.bind(*arguments, **keywords))

    fn.__signature__ = signature  # type: ignore[attr-defined]  # as decorators set it
    options = dict(zip(("callback", "errback"), places.values(), strict=False))
    promisified = promisify(fn, **options)  # type: ignore[call-overload]  # data
    shown = inspect.signature(promisified)
    assert list(shown.parameters) == [name for name in signature.parameters if name not in places]
    arguments, named = data.draw(calls_of(shown), "arguments")
    assume(not leaves_a_gap(signature, places, len(arguments)))
    expected = shown.bind(*arguments, **named)
    promisified(*arguments, **named)
    [got] = received
    callbacks = [got.arguments.pop(name) for name in places]
    assert all(map(callable, callbacks))
    assert len(set(map(id, callbacks))) == len(callbacks)
    assert got.arguments == expected.arguments


class Stranger:
    """A callable whose descriptions are missing, are no texts, or cannot be had."""

    def __init__(self, name: str, answer: Callable[[], Any]) -> None:
        self.name = name
        self.answer = answer

    def __getattribute__(self, name: str) -> Any:
        get = super().__getattribute__
        return get("answer")() if name == get("name") else get(name)

    def __call__(self, key: str, callback: Callback) -> None:
        callback(key.upper())


NAMES = ("__name__", "__qualname__", "__module__", "__doc__", "__signature__")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("answer", [lambda: None, lambda: 5, lambda: b"x", raising(RuntimeError("unreadable"))])
def test_descriptions_that_are_of_no_use_are_left_out(name: str, answer: Callable[[], Any]) -> None:
    promisified = promisify(Stranger(name, answer))
    assert value_of(promisified("a")) == "A"
    for text in NAMES[:2]:
        assert isinstance(getattr(promisified, text), str)
    done: list[Any] = []
    called_back = callbackify(Stranger(name, answer), callback=0)
    called_back(lambda *outcome: done.append(outcome), "b", lambda value: None)
    turn()
    assert done == [(None, None)]


@pytest.mark.parametrize("name", ["__name__", "__module__", "__doc__"])
def test_a_class_may_describe_itself_by_anything(name: str) -> None:
    meta = type("Meta", (type,), {name: property(raising(RuntimeError("unreadable")))})

    def get(self: object, callback: Callback) -> None:
        callback("got")

    strange = meta("Strange", (), {"get": get})
    assert value_of(promisify(strange, methods=["get"])().get()) == "got"
    assert value_of(promisify(strange, methods={"fetch": "get"})().fetch()) == "got"


@pytest.mark.skipif(sys.version_info < (3, 14), reason="annotations are evaluated with the definition")
def test_annotations_are_not_evaluated() -> None:
    space: dict[str, Any] = {}
    exec("def fetch(key: OnlyForCheckers, callback: Missing) -> Absent: callback(key)", space)
    fetch = promisify(space["fetch"])
    assert list(inspect.signature(fetch).parameters) == ["key"]
    assert value_of(fetch("a")) == "a"
