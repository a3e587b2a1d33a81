"""`callbackify`: when, where and how often callbacks are called, and what becomes of what they raise."""

from __future__ import annotations

import asyncio
import gc
import inspect
import threading
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Convention, Fulfilled, Promise, Report, Settled, callbackify

from ..support import on_a_thread, turn
from .helpers import here, on_a_loop, value_of

Callback = Callable[..., Any]
ERROR = LookupError("nothing there")


async def coroutine(value: Any) -> Any:
    await asyncio.sleep(0)
    return give(value)


def give(value: Any) -> Any:
    if isinstance(value, BaseException):
        raise value.with_traceback(None)  # one error serves all tests
    return value


# Ways in which a function gives its outcome.
FUNCTIONS: dict[str, Callback] = {
    "plain": give,
    "promise": lambda value: Promise.try_(give, value),
    "later": lambda value: Promise.resolve().then(lambda _: give(value)),
    "coroutine": coroutine,
    "thread": lambda value: Promise[Any].create(
        lambda d: threading.Thread(target=d.via(give), args=(value,)).start(),
    ),
}


@pytest.mark.parametrize("kind", FUNCTIONS)
@pytest.mark.parametrize("outcome", [5, None, ERROR], ids=["value", "none", "error"])
def test_the_callback_is_called_once_and_later_and_on_the_home_of_the_call(kind: str, outcome: Any) -> None:
    threads: list[int] = []

    def collect(resolve: Callback, *arguments: Any) -> None:
        threads.append(here())
        resolve(arguments)

    async def main() -> None:
        d = Promise[Any].with_resolvers()
        assert callbackify(FUNCTIONS[kind])(outcome, lambda *arguments: collect(d.resolve, *arguments)) is None
        assert threads == []  # never inside the call
        assert await d.promise == ((outcome, None) if outcome is ERROR else (None, outcome))
        await asyncio.sleep(0)
        assert threads == [here()]

    def script() -> None:
        d = Promise[Any].with_resolvers()
        callbackify(FUNCTIONS[kind])(outcome, lambda *arguments: collect(d.resolve, *arguments))
        assert threads == []
        value_of(d.promise)
        turn()
        assert threads == [here()]

    script()
    threads.clear()
    on_a_thread(script)
    threads.clear()
    on_a_loop(main())


def test_callbacks_are_jobs_in_order_with_all_other_handlers() -> None:
    log: list[str] = []
    fulfilled = Promise.resolve()
    fulfilled.then(lambda _: log.append("before"))
    callbackify(lambda: 5)(lambda error, value: log.append("callback"))
    fulfilled.then(lambda _: log.append("after"))
    turn()
    assert log == ["before", "callback", "after"]


class Source:
    """Has a method for every place and style, each callbackified where it is written."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def note(self, name: str) -> Callback:
        return lambda *arguments: self.calls.append((name, arguments))

    @callbackify
    def error_first(self) -> Any:
        return give(self.outcome)

    @callbackify(style="error_last", callback=0)
    def error_last(self, key: str, flag: bool = False) -> Any:
        assert (key, flag) == ("key", True)
        return give(self.outcome)

    @callbackify(style="status_first", callback=1)
    def status_first(self, key: str, flag: bool = False) -> Any:
        assert (key, flag) == ("key", True)
        return give(self.outcome)

    @callbackify(style="status_last", callback="on_done")
    def status_last(self, key: str) -> Any:
        assert key == "key"
        return give(self.outcome)

    @callbackify(style="two_callbacks")
    def two_callbacks(self, key: str) -> Any:
        assert key == "key"
        return give(self.outcome)

    @callbackify(style="two_keywords")
    def two_keywords(self) -> Any:
        return give(self.outcome)

    @callbackify(callback=".on_done", errback=".on_error", style="value")
    def attributes(self) -> Any:
        return give(self.outcome)

    @callbackify(callback=1, errback=0, style="two_callbacks")
    def swapped(self, key: str) -> Any:
        assert key == "key"
        return give(self.outcome)

    @callbackify(style="value", callback="().on_done", errback="on_error")
    def mixed(self) -> Any:
        return give(self.outcome)

    @callbackify(style="value", callback=0, errback="().on_error")
    def mixed_the_other_way(self) -> Any:
        return give(self.outcome)


def call(source: Source, method: str) -> None:
    done, failed = source.note("callback"), source.note("errback")
    source.on_done, source.on_error = done, failed  # type: ignore[attr-defined]  # as users of such APIs do
    calls: dict[str, Callable[[], object]] = {
        "error_first": lambda: source.error_first(done),
        "error_last": lambda: source.error_last(done, "key", flag=True),
        "status_first": lambda: source.status_first("key", done, True),
        "status_last": lambda: source.status_last("key", on_done=done),
        "two_callbacks": lambda: source.two_callbacks("key", done, failed),
        "two_keywords": lambda: source.two_keywords(callback=done, error_callback=failed),
        "attributes": lambda: source.attributes(),
        "swapped": lambda: source.swapped(failed, done, "key"),
        "mixed": lambda: source.mixed(on_error=failed).on_done(done),
        "mixed_the_other_way": lambda: source.mixed_the_other_way(done).on_error(failed),
    }
    calls[method]()


TOLD: dict[str, tuple[tuple[str, tuple[Any, ...]], tuple[str, tuple[Any, ...]]]] = {
    "error_first": (("callback", (None, 5)), ("callback", (ERROR, None))),
    "error_last": (("callback", (5, None)), ("callback", (None, ERROR))),
    "status_first": (("callback", (0, 5)), ("callback", (ERROR, None))),
    "status_last": (("callback", (5, 0)), ("callback", (None, ERROR))),
    **dict.fromkeys(
        ("two_callbacks", "two_keywords", "attributes", "swapped", "mixed", "mixed_the_other_way"),
        (("callback", (5,)), ("errback", (ERROR,))),
    ),
}


@pytest.mark.parametrize("method", TOLD)
def test_each_place_and_style_is_told_once_in_its_own_way(method: str, reports: list[Report]) -> None:
    for outcome, told in zip((5, ERROR), TOLD[method], strict=True):
        source = Source(outcome)
        call(source, method)
        assert source.calls == []
        turn()
        assert source.calls == [told]
    gc.collect()
    assert reports == []


@pytest.mark.parametrize("method", TOLD)
@pytest.mark.parametrize("outcome", [5, ERROR], ids=["value", "error"])
def test_what_a_callback_raises_is_reported_and_leads_to_no_second_call(
    method: str, outcome: Any, reports: list[Report]
) -> None:
    mistake = ZeroDivisionError("in the callback")

    class Careless(Source):
        def note(self, name: str) -> Callback:
            def callback(*arguments: Any) -> None:
                self.calls.append((name, arguments))
                raise mistake

            return callback

    source = Careless(outcome)
    call(source, method)
    turn()
    gc.collect()
    assert len(source.calls) == 1
    assert [(report.kind, report.reason) for report in reports] == [("unhandled", mistake)]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_a_callback_reaches_the_host_and_nothing_is_broken(
    kind: type[BaseException], reports: list[Report]
) -> None:
    def interrupt(*arguments: Any) -> None:
        raise kind

    callbackify(lambda: 5)(interrupt)
    with pytest.raises(kind):
        turn()
    seen: list[Any] = []
    callbackify(lambda: 6)(lambda error, value: seen.append(value))
    turn()
    assert seen == [6]
    assert reports == []


def test_a_missing_callback_raises_a_type_error_before_anything_is_started() -> None:
    source = Source(AssertionError("started"))
    wrong: list[Callable[[], object]] = [
        lambda: source.error_first(),
        lambda: source.error_last("key"),
        lambda: source.status_first("key"),
        lambda: source.status_last("key"),
        lambda: source.two_callbacks("key", print),
        lambda: source.two_keywords(callback=print),
    ]
    for one in wrong:
        with pytest.raises(TypeError, match="expected a .*callback"):
            one()


def test_a_failure_that_the_style_cannot_tell_is_reported(reports: list[Report]) -> None:
    seen: list[Any] = []
    callbackify(give, style="value")(ERROR, seen.append)
    turn()
    gc.collect()
    assert seen == []
    assert [(report.kind, report.reason) for report in reports] == [("unhandled", ERROR)]


def test_a_convention_tells_in_its_own_words() -> None:
    def tell(outcome: Settled[Any]) -> tuple[Any, ...]:
        return (200, outcome.value) if isinstance(outcome, Fulfilled) else (404, outcome.reason)

    seen: list[Any] = []
    answer = callbackify(style=Convention(callback=0, tell=tell))(give)
    answer(lambda *arguments: seen.append(arguments), "page")
    answer(lambda *arguments: seen.append(arguments), ERROR)
    turn()
    assert seen == [(200, "page"), (404, ERROR)]


def test_below_or_above_classmethod_and_staticmethod_is_the_same() -> None:
    class Both:
        @callbackify
        @classmethod
        def above(cls, value: Any) -> Any:
            return (cls, value)

        @classmethod
        @callbackify(callback=0)
        def below(cls, value: Any) -> Any:
            return (cls, value)

        @callbackify(callback=0)
        @staticmethod
        def static(value: Any) -> Any:
            return value

    seen: list[Any] = []

    def note(error: Any, value: Any) -> None:
        seen.append(value)

    for one in (Both, Both()):
        one.above(1, note)
        one.below(note, 2)
        one.static(note, 3)
    turn()
    assert seen == [(Both, 1), (Both, 2), 3] * 2


def test_name_and_doc_are_those_of_the_function_and_the_signature_has_room_for_callbacks() -> None:
    for fn, arguments in ((give, [5]), (coroutine, [5]), (Source.note, [Source(5), "name"])):
        wrapped = callbackify(fn)
        assert (wrapped.__name__, wrapped.__doc__, wrapped.__module__) == (fn.__name__, fn.__doc__, fn.__module__)
        inspect.signature(wrapped).bind(*arguments, print)
        assert not inspect.iscoroutinefunction(wrapped)
