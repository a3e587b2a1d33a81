"""`promisify(methods=)`: methods of a class, the user's own or a library's, wrapped all at once."""

from __future__ import annotations

import abc
import inspect
import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise, promisify

from ..support import turn
from .helpers import reason_of, value_of

Callback = Callable[..., Any]


class Client:
    """A library's class; `get_all` calls `get` itself."""

    __slots__ = ("name",)

    def __init__(self, name: str = "client") -> None:
        self.name = name

    def get(self, key: str, callback: Callback) -> None:
        """Get a value."""
        callback(None, f"{self.name}: {key}")

    def get_all(self, *keys: Any) -> None:
        *names, callback = keys
        found: list[str] = []
        for name in names:
            self.get(name, lambda error, value: found.append(value))
        callback(None, found)

    def fail(self, callback: Callback) -> None:
        callback(5)

    @classmethod
    def make(cls, name: str, callback: Callback) -> None:
        callback(None, cls(name))

    @staticmethod
    def ping(host: str, callback: Callback) -> None:
        callback(None, host.upper())

    def close(self) -> str:
        return f"{self.name} closed"


def test_named_methods_are_wrapped_in_a_subclass_and_the_class_is_left_alone() -> None:
    wrapped = promisify(Client, methods=["get", "fail"], style="error_first")
    client = wrapped("a")
    assert isinstance(client, Client)
    assert value_of(client.get("key")) == "a: key"
    assert reason_of(client.fail()).args
    assert client.close() == "a closed"
    seen: list[Any] = []
    Client("b").get("key", lambda *arguments: seen.append(arguments))
    assert seen == [(None, "b: key")]


def test_class_methods_and_static_methods_stay_what_they_are() -> None:
    wrapped = promisify(Client, methods=("make", "ping"), style="error_first")
    assert type(value_of(wrapped.make("a"))) is wrapped
    assert type(value_of(wrapped().make("a"))) is wrapped
    assert value_of(wrapped.ping("a")) == value_of(wrapped().ping("a")) == "A"


def test_a_mapping_gives_new_names_and_leaves_the_old_ones_to_the_class_itself() -> None:
    wrapped = promisify(Client, methods={"promise": "get", "promise_all": "get_all"}, style="error_first")
    client = wrapped("a")
    assert value_of(client.promise_all("x", "y")) == ["a: x", "a: y"]
    assert value_of(client.promise("x")) == "a: x"
    seen: list[Any] = []
    client.get("x", lambda *arguments: seen.append(arguments))
    assert seen == [(None, "a: x")]


def test_as_a_decorator_it_wraps_the_class_s_own_methods_and_super_works() -> None:
    @promisify(methods=["get", "measure"], style="error_first")
    class Loud(Client):
        """A user's class."""

        def get(self, key: str, callback: Callback) -> None:
            super().get(key.upper(), callback)

        def measure(self, callback: Callback) -> None:
            callback(None, 1, 2)

    assert value_of(Loud("a").get("x")) == "a: X"
    assert value_of(Loud("a").measure()) == (1, 2)


def test_name_doc_module_and_signatures_are_kept_and_instances_have_no_dict() -> None:
    wrapped = promisify(Client, methods=["get"])
    assert wrapped is not Client
    for name in ("__name__", "__qualname__", "__doc__", "__module__"):
        assert getattr(wrapped, name) == getattr(Client, name)
    assert list(inspect.signature(wrapped.get).parameters) == ["self", "key"]
    assert wrapped.get.__doc__ == "Get a value."
    assert not hasattr(wrapped(), "__dict__")


def test_classes_written_in_c_and_abstract_methods_can_be_wrapped() -> None:
    class Base(abc.ABC):
        @abc.abstractmethod
        def get(self, callback: Callback) -> None: ...

    class Real(Base):
        def get(self, callback: Callback) -> None:
            callback(5)

    assert value_of(promisify(Real, methods=["get"])().get()) == 5
    waiting = promisify(list, methods={"ask": "append"})()
    promise = waiting.ask()
    waiting.pop()("answer")
    assert value_of(promise) == "answer"
    lines = promisify(queue.SimpleQueue, methods={"ask": "put"}, callback=0)()
    promise = lines.ask()
    lines.get()("answer")
    assert value_of(promise) == "answer"


def test_the_name_of_each_method_tells_its_finish_function() -> None:
    class Source:
        def read_async(self, callback: Callback) -> None:
            callback(self, 5)

        def read_finish(self, result: int) -> int:
            return result + 1

        def write_async(self, text: str, callback: Callback) -> None:
            callback(self, text)

        def write_finish(self, result: str) -> str:
            return f"{result} written"

    source = promisify(Source, methods=["read_async", "write_async"], style="async_finish")()
    assert value_of(source.read_async()) == 6
    assert value_of(source.write_async("text")) == "text written"


def test_options_hold_for_every_method() -> None:
    stopped: list[Any] = []
    timers = promisify(
        type("Timers", (), {"after": lambda self, callback: threading.Timer(60, callback)}),
        methods=["after"],
        cancel=stopped.append,
    )()
    timers.after().cancel()
    turn()
    assert [type(one) for one in stopped] == [threading.Timer]


@pytest.mark.parametrize("decorator", [promisify, promisify(style="error_first")])
def test_below_or_above_classmethod_and_staticmethod_is_the_same(decorator: Callback) -> None:
    arguments = () if decorator is promisify else (None,)

    class Both:
        @decorator
        @classmethod
        def make(cls, name: str, callback: Callback) -> None:
            callback(*arguments, (cls, name))

        @decorator
        @staticmethod
        def ping(host: str, callback: Callback) -> None:
            callback(*arguments, host)

    for one in (Both, Both()):
        assert value_of(one.make("a")) == (Both, "a")
        assert value_of(one.ping("a")) == "a"
    assert isinstance(Both.ping("a"), Promise)
