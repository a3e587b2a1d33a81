"""`promisify`: what it makes of functions and methods, and where what they need runs."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise, promisify

from ..support import on_a_thread
from .helpers import here, on_a_loop, reason_of, value_of

Callback = Callable[..., Any]


class Client:
    """A library class whose methods take their callback last; every kind of method, wrapped where it is written."""

    def __init__(self, name: str = "client") -> None:
        self.name = name

    def get(self, key: str, callback: Callback) -> None:
        """Get a value."""
        callback(f"{self.name}: {key}")

    @promisify
    def bare(self, key: str, callback: Callback) -> None:
        """Decorated without parentheses."""
        callback(f"{self.name}: {key}")

    @promisify(style="error_first", callback=0)
    def first(self, callback: Callback, key: str) -> None:
        """Decorated with options."""
        callback(None, f"{self.name}: {key}")

    @classmethod
    @promisify(callback="done")
    def make(cls, name: str, *, done: Callback) -> None:
        done(cls(name))

    @staticmethod
    @promisify
    def ping(host: str, callback: Callback) -> None:
        callback(host.upper())


class Loud(Client):
    """A subclass that extends a promisified method."""

    def bare(self, key: str) -> Promise[str]:  # type: ignore[override]  # the decorator's result is untyped here
        promise: Promise[str] = super().bare(key)
        return promise.then(str.upper)


class Functor:
    """A callable object."""

    def __call__(self, key: str, callback: Callback) -> None:
        callback(key)


def get(key: str, callback: Callback) -> None:
    """Get a value."""
    callback(key)


def refuse(key: str, callback: Callback) -> None:
    raise LookupError(key)


@pytest.mark.parametrize(
    ("promisified", "arguments"),
    [
        (promisify(Client("client").get), ("a",)),
        (promisify(Client.get), (Client("client"), "a")),
        (Client("client").bare, ("a",)),
        (Client.bare, (Client("client"), "a")),
        (Client("client").first, ("a",)),
        (Client.first, (Client("client"), "a")),
        (functools.partial(Client.first, Client("client"), key="a"), ()),
    ],
)
def test_methods_find_their_object_however_they_are_wrapped_and_called(
    promisified: Callback, arguments: tuple[Any, ...]
) -> None:
    assert value_of(promisified(*arguments)) == "client: a"


def test_class_methods_and_static_methods_are_wrapped_below_their_decorators() -> None:
    assert value_of(Client.make("a")).name == "a"
    assert type(value_of(Loud.make("a"))) is Loud
    assert value_of(Client("x").make("a")).name == "a"
    assert value_of(Client.ping("a")) == value_of(Client("x").ping("a")) == "A"


def test_a_promisified_method_can_be_inherited_and_extended() -> None:
    assert value_of(Loud("loud").bare("a")) == "LOUD: A"


@pytest.mark.parametrize("name", ["__name__", "__qualname__", "__doc__", "__module__"])
@pytest.mark.parametrize("fn", [get, Client.get, Client("x").get, Client, [].append, promisify(get)])
def test_name_and_doc_are_those_of_the_function(fn: Callback, name: str) -> None:
    promisified = promisify(fn, callback=0)
    assert getattr(promisified, name) == getattr(fn, name)
    assert not hasattr(promisified, "__wrapped__")


@pytest.mark.parametrize("fn", [Functor(), functools.partial(get, "a"), functools.partial(Functor(), "a")])
def test_what_has_no_name_is_wrapped_all_the_same(fn: Callback) -> None:
    arguments = ("a",) if isinstance(fn, Functor) else ()
    assert value_of(promisify(fn)(*arguments)) == "a"


def test_arguments_are_passed_on_and_defaults_may_be_left_out() -> None:
    def fetch(key: str, limit: int = 3, *more: int, callback: Callback, flag: bool = False, **named: int) -> None:
        callback((key, limit, more, flag, named))

    fetched = promisify(fetch, callback="callback")
    assert value_of(fetched("a")) == ("a", 3, (), False, {})
    assert value_of(fetched("a", 4, 5, 6, flag=True, extra=7)) == ("a", 4, (5, 6), True, {"extra": 7})
    assert value_of(fetched(key="a", limit=9)) == ("a", 9, (), False, {})


def test_a_call_that_raises_or_does_not_fit_gives_a_rejection_and_never_raises() -> None:
    assert type(reason_of(promisify(refuse)("a"))) is LookupError
    assert type(reason_of(promisify(get)())) is TypeError
    assert type(reason_of(promisify(get)("a", "b", "c"))) is TypeError
    assert type(reason_of(promisify(get)(nonsense=1))) is TypeError


def test_calls_in_flight_do_not_know_of_one_another() -> None:
    waiting: list[Callback] = []
    promisified = promisify(lambda key, callback: waiting.append(callback))
    promises = [promisified(key) for key in "abc"]
    for number in (1, 0, 2):
        waiting[number](number)
    assert [value_of(promise) for promise in promises] == [0, 1, 2]


def test_the_home_is_that_of_the_call_and_not_of_the_wrapping() -> None:
    promisified = on_a_thread(promisify, get)
    threads: list[int] = []
    value_of(promisified("a").then(lambda _: threads.append(here())))

    async def main() -> None:
        await promisified("a").then(lambda _: threads.append(here()))

    on_a_thread(on_a_loop, main())
    assert threads[0] == here() != threads[1]


def test_style_and_shape_run_where_the_library_calls_back_and_check_where_it_is_called() -> None:
    threads: dict[str, int] = {}
    library: list[threading.Thread] = []

    def start(callback: Callback) -> None:
        library.append(threading.Thread(target=callback, args=("a",)))
        library[0].start()

    def note(name: str, value: Any) -> Any:
        threads[name] = here()
        return value

    promise = promisify(
        start,
        style=lambda value: note("style", value),
        shape=lambda values: note("shape", values[0]),
        check=lambda returned: note("check", returned),
    )()
    assert value_of(promise.then(lambda value: note("handler", value))) == "a"
    assert threads == {"style": library[0].ident, "shape": library[0].ident, "check": here(), "handler": here()}
    library[0].join()
