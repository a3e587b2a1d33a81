"""What a stream hands to a library: plain functions that take anything, never raise, and stay alive (S3)."""

from __future__ import annotations

import asyncio
import gc
import threading
import types
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from promisepy import CallbackError, Cancelled, Emitter, Promise, Report, Stream, stream

from ..support import on_a_thread
from .library import Library


def open_stream() -> tuple[Stream[Any], Emitter[Any]]:
    library = Library()
    return library.stream(), library.emitter


def call_with_anything(function: Callable[..., Any]) -> list[Any]:
    """Give what a function returns to all kinds of calls; what it raises comes out."""
    return [
        function(),
        function(None),
        function(ValueError),
        function(1, 2, 3),
        function(key="word"),
        function(ValueError(), 2, key=object()),
        function(*range(100)),
    ]


class TestTheFunctionsOfAnEmitter:
    @pytest.mark.parametrize("name", ["emit", "fail", "close", "via"])
    def test_are_plain_functions(self, name: str) -> None:
        events, emitter = open_stream()
        function = emitter.via(str) if name == "via" else getattr(emitter, name)
        assert type(function) is types.FunctionType
        events.close()

    @pytest.mark.parametrize("name", ["emit", "fail", "close", "via", "via that raises"])
    @pytest.mark.parametrize("when", ["open", "full", "ended", "closed", "dropped"])
    def test_never_raise_and_return_none(self, name: str, when: str) -> None:
        library = Library()
        events = library.stream(maxsize=1)
        emitter = library.emitter
        functions = {"via": emitter.via(str), "via that raises": emitter.via(lambda *_, **__: 1 / 0)}
        function = functions.get(name) or getattr(emitter, name)
        if when == "full":
            library.emit(1)
        elif when == "ended":
            emitter.close()
        elif when == "closed":
            events.close()
        elif when == "dropped":
            del events
        assert call_with_anything(function) == [None] * 7
        if when != "dropped":
            events.close()
            with suppress(Exception):  # else the error that nobody has met would be reported
                next(events)

    def test_may_be_called_when_the_loop_has_been_closed(self) -> None:
        async def main() -> tuple[Stream[Any], Emitter[Any]]:
            return open_stream()

        events, emitter = asyncio.run(main())
        for function in (emitter.close, emitter.emit, emitter.fail):
            assert call_with_anything(function) == [None] * 7
        assert list(events) == []

    @pytest.mark.parametrize("name", ["emit", "fail", "close", "via"])
    def test_live_as_long_as_the_stream_for_libraries_that_hold_them_weakly(self, name: str) -> None:
        made: list[weakref.ref[Callable[..., None]]] = []

        def subscribe(emitter: Emitter[Any]) -> None:
            made.append(weakref.ref(emitter.via(str) if name == "via" else getattr(emitter, name)))

        events = stream(subscribe)
        gc.collect()
        assert made[0]() is not None
        del events
        gc.collect()
        assert made[0]() is None

    def test_do_not_keep_the_stream_alive(self) -> None:
        events, emitter = open_stream()
        functions = emitter.emit, emitter.fail, emitter.close, emitter.via(str)
        reference = weakref.ref(events)
        del events
        assert reference() is None
        assert functions[0](1) is None


class TestEmit:
    def test_takes_no_argument_as_none_one_as_itself_and_more_as_a_tuple(self) -> None:
        events, emitter = open_stream()
        for arguments in ((), (None,), ((),), ([1],), (1, 2)):
            emitter.emit(*arguments)
        emitter.close()
        assert list(events) == [None, None, (), [1], (1, 2)]

    def test_ends_the_stream_if_it_gets_keywords(self) -> None:
        events, emitter = open_stream()
        emitter.emit(1)
        emitter.emit(2, key="word")
        emitter.emit(3)
        assert next(events) == 1
        with pytest.raises(CallbackError, match="key") as raised:
            next(events)
        assert (raised.value.arguments, raised.value.keywords) == ((2,), {"key": "word"})
        assert list(events) == []

    def test_adopts_nothing(self) -> None:
        events, emitter = open_stream()
        promise = Promise.resolve(1)
        emitter.emit(promise)
        assert next(events) is promise


class TestFail:
    def test_makes_an_exception_of_a_class_as_reject_does(self) -> None:
        events, emitter = open_stream()
        emitter.fail(LookupError)
        with pytest.raises(LookupError):
            next(events)

    def test_finds_the_one_exception_among_its_arguments(self) -> None:
        events, emitter = open_stream()
        error = OSError("lost")
        emitter.fail("client", error, 7)
        with pytest.raises(OSError, match="lost") as raised:
            next(events)
        assert raised.value is error

    @pytest.mark.parametrize("arguments", [(7,), ("lost", 7), (None, None), (False,)])
    def test_wraps_what_is_no_exception(self, arguments: tuple[Any, ...]) -> None:
        events, emitter = open_stream()
        emitter.fail(*arguments)
        with pytest.raises(CallbackError) as raised:
            next(events)
        assert raised.value.arguments == arguments

    @pytest.mark.parametrize(
        ("error", "kind"), [(StopIteration(), RuntimeError), (asyncio.CancelledError(), Cancelled)]
    )
    def test_does_not_let_an_error_pass_for_the_end_or_a_cancellation(
        self, error: BaseException, kind: type[Exception]
    ) -> None:
        events, emitter = open_stream()
        emitter.fail(error)
        with pytest.raises(kind):
            next(events)

    def test_does_not_let_an_error_pass_for_the_end_of_an_async_for(self) -> None:
        events, emitter = open_stream()
        emitter.fail(StopAsyncIteration())

        async def main() -> list[Any]:
            return [event async for event in events]

        with pytest.raises(RuntimeError):
            asyncio.run(main())


class TestVia:
    def test_emits_what_the_function_returns(self) -> None:
        events, emitter = open_stream()
        callback = emitter.via(lambda topic, *, payload: (topic, payload))
        assert callback("a", payload=1) is None
        assert callback("b", payload=2) is None
        assert [next(events), next(events)] == [("a", 1), ("b", 2)]
        events.close()

    def test_ends_the_stream_with_what_the_function_raises(self) -> None:
        events, emitter = open_stream()
        emitter.via(lambda: 1)()
        emitter.via(lambda: 1 / 0)()
        emitter.emit(2)
        assert next(events) == 1
        with pytest.raises(ZeroDivisionError):
            next(events)

    def test_ends_the_stream_if_the_library_passes_other_arguments(self) -> None:
        events, emitter = open_stream()
        emitter.via(lambda one: one)(1, 2)
        with pytest.raises(TypeError, match="positional argument"):
            next(events)

    @pytest.mark.parametrize("returns", [True, False, 7, "break"])
    def test_gives_the_library_what_it_is_told_to(self, returns: object) -> None:
        events, emitter = open_stream()
        assert emitter.via(str, returns)(1) is returns
        assert emitter.via(lambda: 1 / 0, returns=returns)() is returns
        assert emitter.via(str, returns=returns)(1) is returns
        assert next(events) == "1"
        with pytest.raises(ZeroDivisionError):
            next(events)

    def test_calls_the_function_on_the_thread_of_the_library(self) -> None:
        events, emitter = open_stream()
        callback = emitter.via(lambda: threading.current_thread().name)
        on_a_thread(callback, name="library")
        assert next(events) == "library"
        events.close()

    def test_adds_no_frames_of_ours_to_what_the_function_raises(self) -> None:
        events, emitter = open_stream()
        emitter.via(lambda: 1 / 0)()
        with pytest.raises(ZeroDivisionError) as raised:
            next(events)
        ours = [entry.path for entry in raised.traceback if "outcomes" in str(entry.path)]
        assert ours == []

    @pytest.mark.parametrize("wrong", [None, 7, "name"])
    def test_refuses_what_is_no_function(self, wrong: Any) -> None:
        events, emitter = open_stream()
        with pytest.raises(TypeError, match=r"via\(\) expected a function"):
            emitter.via(wrong)
        events.close()


def test_a_weak_library_brings_its_events(reports: list[Report]) -> None:
    """As blinker, Qt or matplotlib hold what they call."""
    listeners: weakref.WeakSet[Any] = weakref.WeakSet()
    with stream(lambda s: listeners.add(s.via(lambda value: value + 1)), lambda emit: None) as events:
        gc.collect()
        for value in (1, 2):
            for listener in listeners:
                listener(value)
        assert [next(events), next(events)] == [2, 3]
    assert reports == []
