"""Wrong calls around callbacks: each is answered at the call, by a message that says what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from unittest.mock import Mock

import pytest

from promisepy import Convention, Promise, Replies, callbackify, once, promisify, register_adoptable, stream, submit

from ..fuzz.hostile import Lies

ADVICE = "pass the function, do not call it"
CHOICE = 'write style="error_first", or a function of the callback\'s arguments that returns the value or raises'
PLACES = (
    'write -1 (last), 0 (first) or another index, "name" (a keyword), ".name" (an attribute of the object) or '
    '"().name" (a method of what the call returns)'
)
STYLES = (
    "value, error_first, error_last, status_first, status_last, two_callbacks, two_keywords, attribute, future, "
    "done_callback, add_callback, add_callbacks, then, async_finish"
)
ELSEWHERE = "write callback= if the callback goes elsewhere, or Promise.resolve(fn(...)) if fn returns a future"


class Sample:
    """Something with a short repr that is no function."""

    def __repr__(self) -> str:
        return "Sample()"


class Nameless:
    """Something that can be called and has no name."""

    def __repr__(self) -> str:
        return "Nameless()"

    def __call__(self, callback: Callable[..., object]) -> None:
        raise AssertionError("a wrong call must not start anything")


def fn(key: str, callback: Callable[..., object]) -> None:
    raise AssertionError("a wrong call must not start anything")


def any_arguments(*arguments: Any) -> None:
    raise AssertionError("a wrong call must not start anything")


def nothing() -> None:
    raise AssertionError("a wrong call must not start anything")


async def coroutine_function(*_: object) -> None:
    raise AssertionError("a wrong call must not start anything")


class Case(NamedTuple):
    call: Callable[[], object]
    message: str


def not_functions(name: str, call: Callable[[Any], object], what: str, advice: str) -> dict[str, Case]:
    """Pass what is no function where one is expected."""
    return {
        f"{name}({got!r})": Case(lambda got=got: call(got), f"{what}, got {got!r}: {advice}") for got in (5, Sample())
    }


WRAPPING = {
    **not_functions("promisify", promisify, "promisify() expected its argument to be a function", ADVICE),
    **not_functions("callbackify", callbackify, "callbackify() expected its argument to be a function", ADVICE),
    "promisify(None)": Case(
        lambda: promisify(None), f"promisify() expected its argument to be a function, got None: {ADVICE}"
    ),
    **{
        f"promisify(fn, {name}=5)": Case(
            lambda name=name: promisify(fn, **{name: 5}),
            f"promisify() expected {name} to be a function, got 5: {ADVICE}",
        )
        for name in ("shape", "check", "pump")
    },
    **{
        f"promisify(fn, style=Convention({name}=5))": Case(
            lambda name=name: promisify(fn, style=Convention(**{name: 5})),
            f"promisify() expected {name} to be a function, got 5: {ADVICE}",
        )
        for name in ("outcome", "failure", "shape", "check", "tell")
    },
    **{
        f"{wrap.__name__}(fn, style={style!r})": Case(
            lambda wrap=wrap, style=style: wrap(fn, style=style),
            f"{wrap.__name__}() expected style to be a function, a Convention or one of {STYLES}, got {style!r}: {CHOICE}",
        )
        for wrap in (promisify, callbackify)
        for style in ("x", "node", None, 5)
    },
    **{
        f"{wrap.__name__}(fn, callback={place!r})": Case(
            lambda wrap=wrap, place=place: wrap(any_arguments, callback=place),
            f"{wrap.__name__}() expected a place for the callback, got {place!r}: {PLACES}",
        )
        for wrap in (promisify, callbackify)
        for place in (-2, 1.5, True, [0], "", ".", "()", "().", "a b", "a.b", Sample())
    },
    "promisify(fn, errback=Sample())": Case(
        lambda: promisify(fn, errback=Sample()),
        f"promisify() expected a place for the callback, got Sample(): {PLACES}",
    ),
    "promisify(fn, callback='key', errback='key')": Case(
        lambda: promisify(fn, callback="key", errback="key"),
        "promisify() expected two different places, got callback='key' and errback='key': "
        'write style="error_first" or style="error_last" for one callback that gets both',
    ),
    "promisify(fn, callback='done')": Case(
        lambda: promisify(fn, callback="done"),
        "promisify() expected the name of a parameter for the callback, got 'done', but the function takes "
        "(key, callback): write one of these",
    ),
    "promisify(fn, callback=2)": Case(
        lambda: promisify(fn, callback=2),
        f"promisify() expected a function that takes callbacks, got one that takes (key, callback): {ELSEWHERE}",
    ),
    "promisify(nothing)": Case(
        lambda: promisify(nothing),
        f"promisify() expected a function that takes callbacks, got one that takes (): {ELSEWHERE}",
    ),
    "promisify(fn, callback=0, errback='key')": Case(
        lambda: promisify(fn, callback=0, errback="key"),
        "promisify() expected two different places, got callback=0 and errback='key': "
        'write style="error_first" or style="error_last" for one callback that gets both',
    ),
    **{
        f"promisify({wrapped!r}, methods={methods!r})": Case(
            lambda wrapped=wrapped, methods=methods: promisify(wrapped, methods=methods),
            f"promisify() expected a class and the names of its methods, got {wrapped!r} and methods={shown}: "
            'write promisify(Client, methods=["get", "put"])',
        )
        for wrapped, methods, shown in (
            (Sample(), ["get"], "['get']"),
            (Sample, "get", "'get'"),
            (Sample, 5, "5"),
            (Sample, [], "[]"),
            (Sample, ["__repr__", "get", "__doc__"], "['get', '__doc__']"),
            (Sample, {"new": "get"}, "['get']"),
        )
    },
    **{
        f"{wrap.__name__}(nameless, style='async_finish')": Case(
            lambda wrap=wrap: wrap(Nameless(), style="async_finish"),
            f"{wrap.__name__}() expected a function with a name, such as load_async, got Nameless(): write "
            'style=lambda source, result: source.load_finish(result) in place of "async_finish"',
        )
        for wrap in (promisify, callbackify)
    },
    "promisify(fn, callback=1, errback=1)": Case(
        lambda: promisify(lambda callback, errback: None, callback=1, errback=1),
        "promisify() expected two different places, got callback=1 and errback=1: "
        'write style="error_first" or style="error_last" for one callback that gets both',
    ),
    "promisify(fn, callback='.done', errback='.done')": Case(
        lambda: promisify(fn, callback=".done", errback=".done"),
        "promisify() expected two different places, got callback='.done' and errback='.done': "
        'write style="error_first" or style="error_last" for one callback that gets both',
    ),
    "callbackify(fn, style=Convention(outcome=...))": Case(
        lambda: callbackify(fn, style=Convention(outcome=lambda *values: values)),
        "callbackify() expected a Convention that has tell=, got one without: write Convention(tell=function), where "
        "function(outcome) returns the callback's arguments for a Fulfilled or a Rejected",
    ),
}

CALLING = {
    "callbackify(fn)()": Case(
        lambda: callbackify(any_arguments)(),
        "expected a callback as its last argument, got None: write fn(..., print) to see what it is called with",
    ),
    "callbackify(fn)(5)": Case(
        lambda: callbackify(any_arguments)(5),
        "expected a callback as its last argument, got 5: write fn(..., print) to see what it is called with",
    ),
    "callbackify(fn, callback=0)(5)": Case(
        lambda: callbackify(any_arguments, callback=0)(5),
        "expected a callback as argument 0, got 5: write fn(..., print) to see what it is called with",
    ),
    "callbackify(fn, callback='done')(5)": Case(
        lambda: callbackify(any_arguments, callback="done")(5),
        "expected a callback as keyword 'done', got None: write fn(..., print) to see what it is called with",
    ),
    "callbackify(fn, style='two_callbacks')(print, 5)": Case(
        lambda: callbackify(any_arguments, style="two_callbacks")(print, 5),
        "expected a second callback, for failures, as its last argument, got 5: "
        "write fn(..., print) to see what it is called with",
    ),
    "submit(5, fn)": Case(
        lambda: submit(5, fn),  # type: ignore[arg-type, call-arg]
        "submit() expected an executor with a method submit(fn, *args), got 5: "
        "write submit(ThreadPoolExecutor(), fn, *args)",
    ),
    "register_adoptable(5, print)": Case(
        lambda: register_adoptable(5, print),  # type: ignore[arg-type]
        "register_adoptable() expected a class, got 5: write register_adoptable(type(value), watch)",
    ),
    "register_adoptable(int, print)": Case(
        lambda: register_adoptable(int, print),
        "register_adoptable() expected a foreign class, got <class 'int'>: write a class of your own",
    ),
    **not_functions(
        "register_adoptable(Sample, ...)",
        lambda got: register_adoptable(Sample, got),
        "register_adoptable() expected a function or None",
        "pass the function itself, such as print",
    ),
}

STARTING = {
    **not_functions(
        "Promise.create",
        Promise.create,
        "Promise.create() expected a function that takes resolvers",
        "write Promise.create(lambda d: start(callback=d.resolve))",
    ),
    "Promise.create(coroutine_function)": Case(
        lambda: Promise.create(coroutine_function),
        "Promise.create() expected a plain function, got a coroutine function: write Promise.resolve(coroutine())",
    ),
    **not_functions(
        "via",
        lambda got: Promise[int].with_resolvers().via(got),
        "via() expected a function",
        "pass the function itself, such as print",
    ),
    **not_functions(
        "once", once, "once() expected a function that takes resolvers", "pass the function itself, such as print"
    ),
    **not_functions(
        "once(any_arguments, ...)",
        lambda got: once(any_arguments, got),
        "once() expected a function or None",
        "pass the function itself, such as print",
    ),
}

STREAMING = {
    **not_functions(
        "stream",
        stream,
        "stream() expected a function that takes an emitter",
        "pass the function itself, such as print",
    ),
    **not_functions(
        "stream(any_arguments, ...)",
        lambda got: stream(any_arguments, got),
        "stream() expected a function or None",
        "pass the function itself, such as print",
    ),
    **{
        f"stream(maxsize={got!r})": Case(
            lambda got=got: stream(any_arguments, maxsize=got),
            f"expected maxsize to be a number of events or None, got {got!r}: write maxsize=1000",
        )
        for got in (1.5, "10", True)
    },
    **{
        f"Replies(timeout={got!r})": Case(
            lambda got=got: Replies(timeout=got),
            f"Replies() expected a timeout in seconds or None, got {got!r}: write timeout=2.5",
        )
        for got in ("1", True, float("nan"))
    },
    **{
        f"Replies(early={got!r})": Case(
            lambda got=got: Replies(early=got),
            f"Replies() expected early to be a number of answers, 0 or more, got {got!r}: write early=100",
        )
        for got in (-1, 1.5, True, None)
    },
    **not_functions(
        "Replies().via",
        lambda got: Replies().via(got),
        "via() expected a function",
        "pass the function itself, such as print",
    ),
}

CASES = {**WRAPPING, **CALLING, **STARTING, **STREAMING}
VALUES = {
    **{
        f"stream(maxsize={got})": Case(
            lambda got=got: stream(any_arguments, maxsize=got),
            f"expected maxsize to be at least 1, got {got}: write maxsize=None for no bound",
        )
        for got in (0, -1)
    },
    **{
        f"stream(on_full={got!r})": Case(
            lambda got=got: stream(any_arguments, on_full=got),
            "stream() expected on_full to be one of error, drop_oldest, drop_newest or a pair of functions, "
            f'got {got!r}: write on_full="drop_oldest" or on_full=(pause, resume)',
        )
        for got in ("block", None, 5, (print,), (print, 5), [print, print])
    },
}


@pytest.mark.parametrize("name", CASES)
def test_wrong_calls_raise_a_type_error_that_says_what_to_write(name: str) -> None:
    call, message = CASES[name]
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize("name", VALUES)
def test_wrong_values_raise_a_value_error_that_says_what_to_write(name: str) -> None:
    call, message = VALUES[name]
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message


def test_an_attribute_needs_an_object() -> None:
    promise = promisify(nothing, callback=".on_done")()
    with pytest.raises(TypeError) as caught:
        promise.wait()
    assert str(caught.value) == (
        "promisify() expected a method, so that 'on_done' is an attribute of its object, got a plain function called "
        "without arguments: write promisify(obj.method, ...), or set the attribute yourself with Promise.create"
    )


def test_an_outcome_that_is_no_tuple_rejects() -> None:
    promise = promisify(lambda callback: callback(5), style=Convention(outcome=lambda value: value))()
    with pytest.raises(TypeError) as caught:
        promise.wait()
    assert str(caught.value) == ("a Convention's outcome function must return a tuple of values, got 5: write (value,)")


def test_mocks_are_taken_for_what_they_are() -> None:
    with pytest.raises(TypeError, match="expected maxsize to be a number of events or None, got <Mock"):
        stream(bool, maxsize=Mock(spec=int))
    with pytest.raises(TypeError, match="expected a place for the callback, got <Mock"):
        promisify(print, callback=Mock(spec=int))
    with pytest.raises(TypeError, match="expected a class, got"):
        register_adoptable(Lies(type), bool)
    with pytest.raises(TypeError, match="expected a class and the names of its methods, got <Mock"):
        promisify(Mock(spec=type), methods=["get"])


@pytest.mark.parametrize("methods", [[5], {"get": 5}, {5: "submit"}])
def test_names_of_methods_are_texts(methods: Any) -> None:
    with pytest.raises(TypeError, match=r"expected a class and the names of its methods, got .* methods=\[5\]"):
        promisify(ThreadPoolExecutor, methods=methods)
