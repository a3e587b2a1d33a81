"""Functions of the user's run in the context (`contextvars`) of the call for which they work, on whatever thread."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from promisepy import BrokenPromise, Convention, Promise, Report, callbackify, promisify
from promisepy._callbacks.pump import Pump

from ..support import PATIENCE, both_homes, on_a_thread, turn
from .helpers import on_a_loop, reason_of, value_of

Callback = Callable[..., Any]
request: ContextVar[str] = ContextVar("request", default="none")


@contextmanager
def serving(name: str) -> Iterator[None]:
    """Serve a request, as a web framework does: what runs meanwhile can ask which one it is."""
    token = request.set(name)
    yield
    request.reset(token)


def get(key: str, callback: Callback) -> None:
    """Call back on a thread that knows nothing of any request."""
    threading.Thread(target=callback, args=(key,)).start()


def two(key: str, callback: Callback, errback: Callback) -> None:
    threading.Thread(target=errback, args=(key,)).start()


def read(*values: Any) -> Any:
    return request.get(), *values


def refuse(*values: Any) -> Any:
    raise LookupError(request.get(), *values)


WAYS: dict[str, Callable[[], Any]] = {
    "style": lambda: promisify(get, style=read),
    "outcome": lambda: promisify(get, style=Convention(outcome=read)),
    "shape": lambda: promisify(get, shape=lambda values: read(*values)),
    "style and shape": lambda: promisify(get, style=read, shape=lambda values: read(*values[0][1:])),
    "style with pump": lambda: promisify(get, style=read, pump=lambda: None),
    "an asynchronous style": lambda: promisify(get, style=read_late),
}


async def read_late(*values: Any) -> Any:
    await asyncio.sleep(0)
    return read(*values)


@pytest.mark.parametrize("way", WAYS)
@both_homes
def test_what_reads_a_callback_s_arguments_runs_in_the_context_of_the_call(read: Any, way: str) -> None:
    promisified = WAYS[way]()

    def call() -> Promise[Any]:
        with serving("first"):
            first = promisified("a")
        with serving("second"):
            second = promisified("b")
        return Promise.all([first, second])

    assert read(call) == [("first", "a"), ("second", "b")]


@pytest.mark.parametrize("options", [{"style": Convention(failure=refuse)}, {"style": refuse}])
def test_so_does_what_reads_a_failure(options: Any) -> None:
    promisified = promisify(two, callback=1, errback=2, **options) if "failure" in repr(options) else None
    promisified = promisified or promisify(get, **options)
    with serving("first"):
        promise = promisified("a")
    reason = reason_of(promise)
    assert type(reason) is LookupError
    assert reason.args == ("first", "a")


@pytest.mark.parametrize("is_late", [False, True])
def test_check_and_cancel_run_in_the_context_of_the_call(is_late: bool) -> None:
    seen: list[Any] = []
    stopped = Promise[None].with_resolvers()

    def check(ticket: int) -> None:
        seen.append((request.get(), ticket))

    def cancel(ticket: int) -> None:
        check(ticket)
        stopped.resolve()

    async def cancel_late(ticket: int) -> None:
        await asyncio.sleep(0)
        cancel(ticket)

    kept: list[Callback] = []
    order = promisify(
        lambda callback: (kept.append(callback), 7)[1], check=check, cancel=cancel_late if is_late else cancel
    )
    with serving("order"):
        promise = order()
    promise.cancel()
    stopped.promise.wait(timeout=PATIENCE)
    assert seen == [("order", 7)] * 2


def test_a_failing_cancel_is_reported_also_when_it_is_a_coroutine_function(reports: list[Report]) -> None:
    async def fail(ticket: object) -> None:
        await asyncio.sleep(0)
        stopped.resolve()
        raise OSError("not stopped")

    kept: list[Callback] = []
    stopped = Promise[None].with_resolvers()
    promise = promisify(kept.append, cancel=fail)()
    promise.cancel()
    stopped.promise.wait(timeout=PATIENCE)
    for _ in range(1000):  # the failure comes some turns of the loop later
        if not reports:
            Promise.delay(0.001).wait(timeout=PATIENCE)
    assert [repr(report.reason) for report in reports] == ["OSError('not stopped')"]


def test_an_attribute_that_is_a_property_is_restored_in_the_context_in_which_it_was_set() -> None:
    class Client:
        seen: list[tuple[str, bool]] = []
        _on_done: Callback | None = None

        @property
        def on_done(self) -> Callback | None:
            return self._on_done

        @on_done.setter
        def on_done(self, callback: Callback | None) -> None:
            self.seen.append((request.get(), callback is None))
            self._on_done = callback

        def start(self) -> None:
            threading.Thread(target=self._on_done).start()

    client = Client()
    with serving("first"):
        promise = promisify(client.start, callback=".on_done")()
    value_of(promise)
    assert Client.seen == [("first", False), ("first", True)]


class TestTwiceAtOnce:
    """A context can be entered only once at a time, but a callback may be called at any time."""

    def test_by_a_style_that_is_called_while_it_runs(self) -> None:
        def style(depth: int) -> Any:
            if depth:
                callbacks[0](depth - 1)
            return depth, request.get()

        callbacks: list[Callback] = []
        with serving("deep"):
            promise = promisify(callbacks.append, style=style)()
        callbacks[0](3)
        assert value_of(promise) == (0, "deep")  # the first that has been read

    def test_by_two_threads(self) -> None:
        def style(number: int) -> Any:
            both.wait(PATIENCE)
            seen.append(request.get())
            return number

        both, seen, callbacks = threading.Barrier(2), list[str](), list[Callback]()
        with serving("both"):
            promise = promisify(callbacks.append, style=style)()
        threads = [threading.Thread(target=callbacks[0], args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert value_of(promise) in (0, 1)
        assert seen == ["both", "both"]

    def test_from_within_the_call(self) -> None:
        with serving("at once"):
            context = copy_context()
        promisified = promisify(lambda callback: callback(1), style=lambda number: (number, request.get()))
        assert value_of(context.run(promisified)) == (1, "at once")

    def test_what_a_style_sets_is_seen_by_nobody_else(self) -> None:
        def style(name: str) -> str:
            before = request.get()
            request.set(name)
            return before

        callbacks: list[Callback] = []
        send = promisify(callbacks.append, style=style)
        first, second = send(), send()
        for callback in (callbacks[0], callbacks[0], callbacks[1]):
            callback("changed")
        assert (value_of(first), value_of(second), request.get()) == ("none", "none", "none")


class Polled:
    """Answers one question a poll, the last one first, and notes for whom it was polled."""

    def __init__(self) -> None:
        self.waiting: list[Callback] = []
        self.seen: list[str] = []

    def send(self, callback: Callback) -> None:
        self.waiting.append(callback)

    def poll(self) -> None:
        self.seen.append(request.get())
        self.waiting.pop()("answer")


class TestPump:
    """A poll runs in the context of the oldest call that still waits."""

    def ask(self, library: Polled) -> Promise[Any]:
        send = promisify(library.send, pump=library.poll)
        promises = []
        for name in ("first", "second", "third"):
            with serving(name):
                promises.append(send())
        return Promise.all(promises)

    @both_homes
    def test_in_a_script_and_on_a_loop(self, read: Any) -> None:
        library = Polled()
        assert read(lambda: self.ask(library)) == ["answer"] * 3
        assert library.seen == ["first"] * 3

    def test_of_the_next_one_when_the_oldest_has_been_answered(self) -> None:
        library = Polled()
        promise = self.ask(library)
        library.waiting.pop(0)("early")
        assert value_of(promise) == ["early", "answer", "answer"]
        assert library.seen == ["second"] * 2

    def test_of_the_next_one_when_the_oldest_was_forgotten_or_cancelled(self) -> None:
        library = Polled()
        send = promisify(library.send, pump=library.poll)
        promises = []
        for name in ("forgotten", "cancelled", "kept"):
            with serving(name):
                promises.append(send())
        promises[1].cancel()
        del library.waiting[0]
        assert value_of(promises[2]) == "answer"
        assert library.seen == ["kept"]
        assert type(reason_of(promises[0])) is BrokenPromise

    def test_a_poll_may_wait_for_another_poll(self) -> None:
        def poll() -> None:
            seen.append(request.get())
            if len(seen) == 1:
                with serving("inner"):
                    inner.append(value_of(send()))
            waiting.pop()(len(seen))

        seen, inner, waiting = list[str](), list[Any](), list[Callback]()
        send = promisify(waiting.append, pump=poll)
        with serving("outer"):
            promise: Promise[int] = send()
        assert (value_of(promise), inner) == (2, [2])
        assert seen == ["outer", "outer"]

    def test_a_call_s_context_goes_with_its_callbacks(self) -> None:
        """So callbacks that only the context of their call leads to are found to be forgotten."""

        def call() -> Promise[Any]:
            holder.set([])
            return send()

        holder: ContextVar[list[Callback]] = ContextVar("holder")
        send = promisify(lambda callback: holder.get().append(callback), pump=lambda: None)
        promise = copy_context().run(call)
        gc.collect()
        assert type(reason_of(promise)) is BrokenPromise

    def test_a_call_that_comes_while_a_beat_looks_is_polled_for(self) -> None:
        """As that of a signal handler may, at any step."""

        class Interrupting(dict[Any, Any]):
            def copy(self) -> Interrupting:
                copied = Interrupting(self)
                if not late:
                    late.append(send())
                return copied

        library, late = Polled(), list[Promise[Any]]()
        send = promisify(library.send, pump=library.poll)
        promise = send()
        [pump] = [one for one in gc.get_referents(*send.__closure__) if isinstance(one, Pump)]  # type: ignore[attr-defined]
        [beat] = pump._beats.values()
        beat._waiting = Interrupting(beat._waiting)
        assert value_of(promise) == "answer"
        assert value_of(late[0]) == "answer"


class TestCallbackify:
    """Its callbacks are handlers of `then`, so they have the context of the call."""

    def test_callbacks_run_in_the_context_of_the_call(self) -> None:
        promise, resolve, _ = Promise[str].with_resolvers()
        seen: list[Any] = []
        told = callbackify(lambda: promise, style=Convention(tell=lambda outcome: (request.get(), outcome)))
        for name in ("first", "second"):
            with serving(name):
                told(lambda *arguments: seen.append((request.get(), arguments[0])))
        on_a_thread(resolve, "value")
        turn()
        assert seen == [("first", "first"), ("second", "second")]

    def test_callbacks_that_are_registered_later_have_the_context_in_which_they_are(self) -> None:
        seen: list[str] = []
        told = callbackify(lambda: Promise.resolve(1), style="done_callback")
        with serving("call"):
            handle = told()
        with serving("later"):
            handle.add_done_callback(lambda future: seen.append(request.get()))
        turn()
        assert seen == ["later"]

    def test_on_a_loop(self) -> None:
        async def main() -> list[str]:
            seen: list[str] = []
            done = asyncio.Event()
            with serving("task"):
                callbackify(asyncio.sleep)(0, lambda *outcome: (seen.append(request.get()), done.set()))
            await done.wait()
            return seen

        assert on_a_loop(main()) == ["task"]
