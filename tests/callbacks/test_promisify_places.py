"""`promisify`: callbacks that go onto an attribute of the object, or to methods of what the call returns."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import BrokenPromise, CallbackError, Report, promisify

from ..support import turn
from .helpers import on_a_loop, reason_of, value_of

Callback = Callable[..., Any]


class Slot:
    """A library whose callbacks are attributes, as those of MQTT clients and GPIO buttons are."""

    on_done: Callback | None = None
    on_error: Callback | None = None

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def start(self, request: Any = None) -> None:
        self.requests.append(request)

    def finish(self, *arguments: Any) -> Any:
        return self.on_done(*arguments) if self.on_done is not None else "ignored"


def unused(*arguments: Any) -> None:
    raise AssertionError("somebody else's callback was called")


def test_an_attribute_is_set_before_the_call_and_set_back_when_the_promise_is_settled() -> None:
    seen: list[Any] = []

    class Library(Slot):
        def start(self, request: Any = None) -> None:
            seen.append(self.on_done)

    library = Library()
    library.on_done = unused
    promise = promisify(library.start, callback=".on_done")()
    assert seen == [library.on_done] != [unused]
    library.finish("answer")
    assert value_of(promise) == "answer"
    assert library.on_done is unused


@pytest.mark.parametrize("settle", ["call raises", "error", "check raises"])
def test_an_attribute_is_set_back_whatever_the_outcome(settle: str) -> None:
    library = Slot()
    library.on_done = library.on_error = unused

    def check(returned: object) -> None:
        if settle == "check raises":
            raise OSError

    arguments = ("too", "many") if settle == "call raises" else ()
    promise = promisify(library.start, callback=".on_done", errback=".on_error", check=check)(*arguments)
    if settle == "error":
        library.on_error(OSError())
    assert type(reason_of(promise)) is (TypeError if settle == "call raises" else OSError)
    assert (library.on_done, library.on_error) == (unused, unused)


def test_an_attribute_that_somebody_else_has_set_since_is_left_alone() -> None:
    library = Slot()
    promise = promisify(library.start, callback=".on_done")()
    callback, library.on_done = library.on_done, unused
    callback("answer")
    assert value_of(promise) == "answer"
    assert library.on_done is unused


def test_calls_that_share_an_attribute_are_answered_last_in_first_out() -> None:
    library = Slot()
    start = promisify(library.start, callback=".on_done")
    first, second = start(1), start(2)
    library.finish("b")
    assert value_of(second) == "b"
    library.finish("a")
    assert value_of(first) == "a"
    assert library.finish("nobody waits") == "ignored"


def test_an_attribute_that_the_library_clears_without_a_call_breaks_the_promise() -> None:
    library = Slot()
    promise = promisify(library.start, callback=".on_done")()
    library.on_done = None
    assert type(reason_of(promise)) is BrokenPromise


def test_an_attribute_goes_with_its_object_and_breaks_the_promise() -> None:
    library = Slot()
    start = promisify(Slot.start, callback=".on_done")
    promise = start(library)
    del library
    assert type(reason_of(promise)) is BrokenPromise


def test_a_promise_is_settled_when_the_library_calls_back_and_handlers_find_the_attribute_set_back() -> None:
    library = Slot()
    library.on_done = unused
    start = promisify(library.start, callback=".on_done")
    promise = start(1)
    seen: list[Any] = []
    second = promise.then(lambda _: seen.append(library.on_done)).then(lambda _: start(2))
    library.finish("a")
    assert promise.value == "a"
    turn()
    assert seen == [unused]
    library.finish("b")
    assert value_of(second) == "b"
    assert library.on_done is unused


def test_an_attribute_is_set_back_when_the_promise_is_cancelled_or_its_task_is() -> None:
    library = Slot()
    library.on_done = unused
    start = promisify(library.start, callback=".on_done")
    start(1).cancel()
    turn()
    assert library.on_done is unused

    async def main() -> None:
        task = asyncio.ensure_future(start(2))
        await asyncio.sleep(0)
        assert library.on_done is not unused
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)
        assert library.on_done is unused

    on_a_loop(main())


def test_an_object_without_the_attribute_has_it_for_as_long_as_the_promise_waits() -> None:
    class Bare:
        def start(self) -> None: ...

    bare = Bare()
    promise = promisify(bare.start, callback=".on_done")()
    bare.on_done(5)  # type: ignore[attr-defined]  # set from outside
    assert value_of(promise) == 5
    assert getattr(bare, "on_done", None) is None


def test_an_object_that_takes_no_such_attribute_rejects() -> None:
    class Closed:
        __slots__ = ()

        def start(self) -> None: ...

    assert type(reason_of(promisify(Closed().start, callback=".on_done")())) is AttributeError


def test_an_object_that_cannot_be_known_weakly_has_its_attribute_set_back() -> None:
    class Slotted:
        __slots__ = ("on_done",)

        def __init__(self) -> None:
            self.on_done: Callback | None = unused

        def start(self) -> None:
            pass

    library = Slotted()
    promise = promisify(library.start, callback=".on_done")()
    assert library.on_done is not None
    library.on_done("answer")
    assert value_of(promise) == "answer"
    assert library.on_done is unused


def test_an_unbound_method_uses_the_attribute_of_its_first_argument() -> None:
    library = Slot()
    promise = promisify(Slot.start, callback=".on_done")(library, "request")
    library.finish("answer")
    assert value_of(promise) == "answer"
    assert library.requests == ["request"]


class Handle:
    """What a call returns: callbacks are registered on it, and called at once if the outcome is there."""

    def __init__(self, *outcome: Any, failed: bool = False) -> None:
        self.outcome = outcome
        self.failed = failed
        self.log: list[str] = []

    def add_callback(self, callback: Callback) -> Handle:
        self.log.append("callback")
        if not self.failed:
            callback(*self.outcome)
        return self

    def add_errback(self, errback: Callback) -> None:
        self.log.append("errback")
        if self.failed:
            errback(*self.outcome)

    def add_both(self, *callbacks: Callback) -> None:
        self.log.append(f"both of {len(callbacks)}")
        callbacks[self.failed](*self.outcome)

    def __await__(self) -> Any:
        raise AssertionError("a handle is not awaited: it has called back")


@pytest.mark.parametrize(
    ("places", "log"),
    [
        (("().add_callback", "().add_errback"), ["callback", "errback"]),
        (("().add_both", "().add_both"), ["both of 2"]),
    ],
)
def test_methods_of_the_handle_are_called_once_each_and_may_call_back_at_once(places: Any, log: list[str]) -> None:
    callback, errback = places
    for handle in (Handle("answer"), Handle(OSError("no"), failed=True)):
        promise = promisify(lambda handle=handle: handle, callback=callback, errback=errback)()
        outcome = promise.outcome
        turn()
        assert promise.outcome == outcome is not None
        assert handle.log == log
        assert promise.value == (None if handle.failed else "answer")


@pytest.mark.parametrize("style", ["then", "add_callbacks", "add_callback", "done_callback"])
def test_a_cancelled_promise_cancels_the_handle_if_that_can_be_cancelled(style: str, reports: list[Report]) -> None:
    class Kept(Handle):
        def keep(self, *callbacks: Callback) -> None:
            self.callbacks = callbacks

        then = add_callbacks = add_callback = add_errback = add_done_callback = keep

    class Cancellable(Kept):
        def cancel(self) -> None:
            stopped.append(self)

    stopped: list[Kept] = []
    for handle in (Cancellable(), Kept()):
        promise = promisify(lambda handle=handle: handle, style=style)()
        promise.cancel()
        turn()
        assert stopped == [handle][: isinstance(handle, Cancellable)]
        stopped.clear()
    assert reports == []


@pytest.mark.parametrize("returned", [None, 5, object()])
def test_a_call_that_returns_no_handle_rejects(returned: Any, reports: list[Report]) -> None:
    assert type(reason_of(promisify(lambda: returned, style="done_callback")())) is AttributeError
    gc.collect()
    assert reports == []


def test_one_place_may_be_of_every_other_kind_than_the_other() -> None:
    class Library(Slot):
        def ask(self, key: str, callback: Callback | None = None, *, on_error: Callback | None = None) -> Handle:
            chosen = on_error or self.on_error
            if chosen is not None:
                chosen(key, 4)
            return Handle(key, 4, failed=True)

    for errback in ("on_error", ".on_error", "().add_errback"):
        for callback in (-1, 1, "callback", ".on_done", "().add_callback"):
            reason = reason_of(promisify(Library().ask, callback=callback, errback=errback)("key"))
            assert isinstance(reason, CallbackError)
            assert reason.arguments == ("key", 4)


@pytest.mark.parametrize("places", [(1, 0), (2, 0), (2, 1), (-1, 0), (-1, 1), (0, -1), (0, 1), (0, 2), (1, 2), (1, -1)])
def test_two_positions_hold_whichever_comes_first(places: tuple[int, int]) -> None:
    def three(*arguments: Any) -> None:
        callback, errback = (arguments[place] for place in places)
        assert len(arguments) == 3
        [other] = [one for one in arguments if one is not callback and one is not errback]
        callback(other) if other == "good" else errback(other)

    promisified = promisify(three, callback=places[0], errback=places[1])
    assert value_of(promisified("good")) == "good"
    reason = reason_of(promisified("bad"))
    assert isinstance(reason, CallbackError)
    assert reason.arguments == ("bad",)


def test_a_parameter_that_is_named_as_place_is_skipped_by_positional_arguments() -> None:
    def start(callback: Callback, key: str, limit: int = 3) -> None:
        callback(key, limit)

    assert value_of(promisify(start, callback="callback")("a")) == ("a", 3)
    assert value_of(promisify(start, callback="callback")("a", 4)) == ("a", 4)
    assert value_of(promisify(start, callback="callback")(key="a")) == ("a", 3)


class Loader:
    """Functions as PyGObject shows them since 3.50: what is to be passed on comes after the callback."""

    def load_async(self, flags: Any = 0, cancellable: Any = None, callback: Any = None, user_data: Any = None) -> None:
        if callback is not None:
            callback(self, (flags, user_data), *([] if user_data is None else [user_data]))

    def load_finish(self, result: Any) -> Any:
        if result[0] == "bad":
            raise OSError("finished badly")
        return result

    def copy_async(self, progress: Any = None, callback: Any = None, *user_data: Any) -> None:
        if callback is not None:
            callback(self, user_data)

    copy_finish = staticmethod(tuple)


def idle_add(function: Callback, *user_data: Any, priority: int = 200) -> int:
    function(*user_data)
    return priority


@pytest.mark.parametrize("options", [{}, {"callback": -1}, {"callback": 2}, {"callback": 3}, {"callback": "callback"}])
def test_what_glib_passes_on_is_never_taken_for_the_callback(options: dict[str, Any]) -> None:
    load = promisify(Loader.load_async, style="async_finish", **options)
    loader = Loader()
    assert value_of(load(loader)) == (0, None)
    assert value_of(load(loader, 1)) == (1, None)
    assert value_of(load(loader, 1, None)) == (1, None)
    assert value_of(load(loader, 1, None, "data")) == (1, "data")
    assert value_of(load(loader, 1, user_data="data")) == (1, "data")
    assert type(reason_of(load(loader, "bad"))) is OSError
    assert list(inspect.signature(load).parameters) == ["self", "flags", "cancellable", "user_data"]


@pytest.mark.parametrize("options", [{}, {"callback": -1}, {"callback": 2}, {"callback": 3}, {"callback": "callback"}])
def test_nor_is_it_in_a_bound_method(options: dict[str, Any]) -> None:
    load = promisify(Loader().load_async, style="async_finish", **options)
    assert value_of(load(1, None)) == (1, None)
    assert value_of(load(1, None, "data")) == (1, "data")


def test_nor_is_it_where_there_may_be_any_number_of_it() -> None:
    assert value_of(promisify(idle_add)("a", "b")) == ("a", "b")
    assert value_of(promisify(idle_add)()) is None
    assert value_of(promisify(Loader.copy_async, style="async_finish")(Loader(), None, "a", "b")) == ("a", "b")
    assert value_of(promisify(Loader().copy_async, style="async_finish")()) == ()


def test_a_finish_function_is_found_by_the_callback_s_name_wherever_it_stands() -> None:
    def read_async(callback: Callback, size: int = 0) -> None:
        callback(Reader, size)

    class Reader:
        read_finish = abs

    assert value_of(promisify(read_async, style="async_finish")(-3)) == 3


def test_it_can_be_said_that_the_callback_is_what_glib_passes_on() -> None:
    def start(callback: Callback | None = None, user_data: Callback | None = None) -> None:
        assert callback is None
        assert user_data is not None
        user_data("data")

    assert value_of(promisify(start, callback="user_data")()) == "data"
    assert value_of(promisify(lambda user_data: user_data("only"), callback=0)()) == "only"


def test_a_finish_function_is_named_after_what_a_partial_calls() -> None:
    load = functools.partial(functools.partial(Loader().load_async, 1), None)
    assert value_of(promisify(load, style="async_finish")()) == (1, None)
