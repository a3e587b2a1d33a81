"""Lines for libraries that look at their callbacks or at what they return, hold them weakly, or know them by number."""

from __future__ import annotations

import functools
import inspect
import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from promisepy import BrokenPromise, Convention, Promise, Replies, promisify

from .helpers import reason_of, value_of

Callback = Callable[..., Any]


class Button:
    """Calls with itself if the function's arity admits it; and wants a name, as gpiozero does."""

    def __init__(self) -> None:
        self._when_pressed: Callback | None = None

    @property
    def when_pressed(self) -> Callback | None:
        return self._when_pressed

    @when_pressed.setter
    def when_pressed(self, function: Callback | None) -> None:
        if function is not None:
            assert function.__name__
            try:
                inspect.getcallargs(function)
                arguments: tuple[Any, ...] = ()
            except TypeError:
                inspect.getcallargs(function, self)
                arguments = (self,)
            self._when_pressed = lambda: function(*arguments)
        else:
            self._when_pressed = None

    def press(self) -> None:
        if self._when_pressed is not None:
            self._when_pressed()


def test_button_whose_setter_sniffs_the_arity_and_keeps_something_else() -> None:
    button = Button()
    d = Promise[None].with_resolvers()
    button.when_pressed = d.resolve
    button.press()
    assert value_of(d.promise) is None
    d = Promise[None].with_resolvers()
    button.when_pressed = d.via(lambda *button: len(button))
    button.press()
    assert value_of(d.promise) == 0


@pytest.mark.parametrize("style", [lambda button: button, Convention(outcome=lambda button: (button,))])
def test_button_that_passes_itself_to_a_style_with_a_parameter(style: Any) -> None:
    button = Button()
    promise = promisify(lambda function: setattr(button, "when_pressed", function), style=style)()
    button.press()
    assert value_of(promise) is button


class Listener:
    """Cuts what it passes to the number of parameters, as pynput does, or refuses the function, as dbus-fast does."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def listen(self, function: Callback) -> None:
        parameters = inspect.signature(function).parameters.values()
        assert not any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters), "refused"
        function(*self.arguments[: len(parameters)])


def test_listener_that_goes_by_the_number_of_parameters() -> None:
    def read(key: str) -> str:
        return key.upper()

    promise = promisify(Listener("a", "injected").listen, style=read)()
    assert value_of(promise) == "A"
    assert value_of(promisify(Listener("a", "injected").listen, style=read, cancel=print)()) == "A"


def shown_by(**options: Any) -> list[str]:
    """Give the parameters that the callbacks of a promisified function show, to both functions that tell them."""
    seen: list[list[str]] = []

    def start(*callbacks: Callback) -> None:
        for callback in callbacks:
            seen.append([str(one) for one in inspect.signature(callback).parameters.values()])
            told = inspect.getfullargspec(callback)
            assert len(told.args) == sum(not text.startswith("*") for text in seen[-1])
            callback("key")

    value_of(promisify(start, **options)().catch(lambda error: error))
    return seen[-1]


class Unreadable:
    """A style that can be called, not hashed, and tells nothing about its parameters."""

    __hash__ = None  # type: ignore[assignment]  # as a list has it
    __signature__ = "none"

    def __call__(self, *values: Any) -> Any:
        return values


def test_callbacks_show_the_parameters_of_the_function_that_reads_their_arguments() -> None:
    def read(key: str, /, event: int = 0) -> tuple[str]:
        return (key,)

    @functools.wraps(read)
    def wrapped(*arguments: Any) -> Any:
        return read(*arguments)

    expected = ["key: 'str'", "event: 'int' = 0"]
    for style in (read, wrapped, Convention(outcome=read)):
        assert shown_by(style=style) == shown_by(style=style, shape=list) == expected
    assert shown_by(style=functools.partial(read, "a")) == expected[1:]
    assert shown_by(errback=-1, style=Convention(failure=read)) == expected


@pytest.mark.parametrize(
    "options",
    [{"style": "error_first", "shape": list}, {"shape": list}, {"style": Unreadable()}]
    + [{"style": Convention(outcome=Unreadable())}],
)
def test_callbacks_show_any_parameters_where_nobody_knows_them(options: dict[str, Any]) -> None:
    assert [text.rstrip("abcdefghijklmnopqrstuvwxyz") for text in shown_by(**options)] == ["*", "**"]


def test_a_signature_has_no_other_attributes_than_its_kind_has() -> None:
    def start(callback: Callback) -> None:
        shown = inspect.signature(callback)
        assert not hasattr(shown, "nonsense")
        callback(str(shown))

    assert value_of(promisify(start, style=lambda text: text)()) == "(text)"


def test_a_style_that_cannot_be_hashed_reads_like_any_other() -> None:
    assert value_of(promisify(lambda done: done(1), style=Convention(outcome=Unreadable()))()) == 1


class Signal:
    """Holds receivers weakly, reads their code, and passes keywords, as PyDispatcher does."""

    def __init__(self) -> None:
        self.receivers: list[weakref.ref[Callback]] = []

    def connect(self, receiver: Callback) -> None:
        self.receivers.append(weakref.ref(receiver))

    def send(self, sender: Any, **named: Any) -> None:
        for receiver in filter(None, (reference() for reference in self.receivers)):
            code = receiver.__code__
            if not code.co_flags & inspect.CO_VARKEYWORDS:
                names = code.co_varnames[: code.co_argcount]
                named = {name: value for name, value in named.items() if name in names}
            assert receiver(sender, **named) is None


def test_weak_signal_with_a_sender_and_keywords() -> None:
    signal = Signal()
    value = Promise[int].create(lambda d: signal.connect(d.via(lambda sender, **named: named["v"])), keep_alive=True)
    signal.send("sender", v=5, other=6)
    assert value_of(value) == 5
    lost = Promise[int].create(lambda d: signal.connect(d.via(lambda sender, **named: named["v"])))
    assert type(reason_of(lost)) is BrokenPromise


class QtSignal:
    """Cuts the arguments to the arity of a plain function, and calls slots with variable arguments with all."""

    def __init__(self) -> None:
        self.slots: list[Callback] = []

    def connect(self, slot: Callback) -> None:
        assert slot.__code__
        self.slots.append(slot)

    def emit(self, *arguments: Any) -> None:
        for slot in self.slots:
            variable = slot.__code__.co_flags & inspect.CO_VARARGS
            slot(*(arguments if variable else arguments[: slot.__code__.co_argcount]))


@pytest.mark.parametrize("error", [None, 3])
def test_two_signals_of_which_both_fire_on_failure(error: int | None) -> None:
    finished, error_occurred = QtSignal(), QtSignal()

    def raise_code(code: int) -> None:
        raise OSError(code, "network")

    promise = Promise[None].create(lambda d: (finished.connect(d.resolve), error_occurred.connect(d.via(raise_code))))
    if error is not None:
        error_occurred.emit(error)
    finished.emit()
    if error is None:
        assert value_of(promise) is None
    else:
        assert isinstance(reason_of(promise), OSError)


def data_watch(function: Callback) -> None:
    """Find the arity by calling with one argument too many first, as kazoo does."""
    try:
        function("data", "stat", "event")
    except TypeError:
        function("data", "stat")


def test_watch_that_finds_the_arity_by_trying() -> None:
    assert value_of(Promise[Any].create(lambda d: data_watch(d.via(lambda data, stat, *_: data)))) == "data"
    assert type(reason_of(Promise[Any].create(lambda d: data_watch(d.via(lambda data, stat: data))))) is TypeError
    assert value_of(promisify(data_watch, callback=0)()) == ("data", "stat", "event")


def test_idle_function_that_is_called_again_as_long_as_it_returns_true() -> None:
    def idle_add(function: Callback, *data: Any) -> None:
        for _ in range(3):
            if not function(*data):
                return
        calls.append("still wanted")

    calls: list[str] = []
    assert value_of(promisify(idle_add, callback=0)("data")) == "data"
    assert calls == []
    assert value_of(promisify(idle_add, callback=0, returns=True)("data")) == "data"
    assert calls == ["still wanted"]


def test_after_and_finished_callback_take_the_resolver_itself() -> None:
    def after(milliseconds: int, function: Callback, *arguments: Any) -> str:
        threading.Timer(milliseconds / 1000, function, arguments).start()
        return "after#1"

    def stream(callback: Callback, finished_callback: Callback) -> None:
        threading.Thread(target=finished_callback).start()

    assert value_of(Promise[int].create(lambda d: after(1, d.resolve, 7))) == 7
    assert value_of(promisify(after, callback=1)(1, 7)) == 7
    assert value_of(promisify(stream, callback="finished_callback")(print)) is None


def test_link_that_calls_back_on_a_worker_of_its_own_with_the_result_to_ask() -> None:
    class Result:
        def rawlink(self, callback: Callback) -> None:
            threading.Thread(target=callback, args=(self,)).start()

        def get_nowait(self) -> str:
            return "node"

    assert value_of(promisify(Result, callback="().rawlink", style=Result.get_nowait)()) == "node"


def test_message_queue_client_that_acknowledges_before_the_number_is_known() -> None:
    acks = Replies[int, None]()
    on_publish = acks.via(lambda client, userdata, mid, *_: (mid, None))

    def publish(mid: int) -> int:
        on_publish("client", None, mid, "reason", "properties")
        return mid

    assert value_of(acks[publish(7)]) is None


def test_file_status_object_with_an_error_number() -> None:
    class Request:
        def __init__(self, path: str) -> None:
            try:
                self.result, self.error = Path(path).stat().st_mode, 0
            except OSError as error:
                self.result, self.error = None, error.errno  # type: ignore[assignment]  # as the C library does

    def stat(path: str, callback: Callback) -> None:
        callback(Request(path))

    def check(request: Request) -> Any:
        if request.error:
            raise OSError(request.error, os.strerror(request.error))
        return request.result

    assert value_of(promisify(stat, style=check)(os.devnull)) == Path(os.devnull).stat().st_mode
    assert type(reason_of(promisify(stat, style=check)("/no such file"))) is FileNotFoundError
