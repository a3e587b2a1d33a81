"""S11: what `once`, `stream`, `Replies` and `via` are given runs in the context in which it was given."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from promisepy import Emitter, Promise, Replies, Resolvers, Stream, once, stream

from ..support import PATIENCE, on_a_thread, turn

T = TypeVar("T")
user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


def as_user(name: str, act: Callable[[], T]) -> T:
    """Call something in a context of its own."""

    def run() -> T:
        user.set(name)
        return act()

    return contextvars.copy_context().run(run)


@pytest.fixture
def seen() -> list[str]:
    return []


@pytest.fixture
def note(seen: list[str]) -> Callable[..., None]:
    """Give a function that notes as whom it runs."""
    return lambda *_: seen.append(user.get())


Note = Callable[..., None]
Given = Callable[[Callable[..., Any]], Callable[..., Any]]


def by_stream(fn: Callable[..., Any]) -> Callable[..., Any]:
    kept: list[Any] = []
    kept.append(stream(lambda s: kept.append(s.via(fn)), maxsize=None))
    return kept[0]  # type: ignore[no-any-return]


def by_replies(fn: Callable[..., Any]) -> Callable[..., Any]:
    return Replies[Any, Any]().via(lambda *arguments: ("key", fn(*arguments)))


GIVEN: list[Given] = [lambda fn: Promise[Any].with_resolvers().via(fn), by_stream, by_replies]
by_each_via = pytest.mark.parametrize("via", GIVEN, ids=["d.via", "s.via", "Replies.via"])


@by_each_via
class TestAFunctionGivenToVia:
    def test_runs_in_the_context_of_that_call_on_whatever_thread_it_is_called(
        self, via: Given, seen: list[str], note: Note
    ) -> None:
        callback = as_user("given", lambda: via(note))
        as_user("library", callback)
        on_a_thread(callback)
        assert seen == ["given", "given"]

    def test_may_be_called_again_while_it_is_running(self, via: Given, seen: list[str]) -> None:
        def fn(depth: int) -> None:
            seen.append(user.get())
            if depth:
                callback(depth - 1)

        callback = as_user("given", lambda: via(fn))
        callback(2)
        assert seen == ["given"] * 3

    def test_may_be_called_on_two_threads_at_once(self, via: Given, seen: list[str]) -> None:
        both = threading.Barrier(2)

        def fn() -> None:
            both.wait(PATIENCE)
            seen.append(user.get())
            both.wait(PATIENCE)

        callback = as_user("given", lambda: via(fn))
        threads = [threading.Thread(target=callback) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert seen == ["given", "given"]

    def test_finds_the_context_as_it_was_given_each_time(self, via: Given, seen: list[str]) -> None:
        def fn() -> None:
            seen.append(user.get())
            user.set("somebody else")

        callback = as_user("given", lambda: via(fn))
        callback()
        callback()
        assert (seen, user.get()) == (["given", "given"], "nobody")


class Kept:
    """Subscribes, and keeps what `subscribe` got."""

    given: Any

    def subscribe(self, given: Resolvers[Any] | Emitter[Any]) -> str:
        self.given = given
        return "token"


ENDS: dict[str, Callable[[Stream[Any], Emitter[Any]], object]] = {
    "library": lambda events, s: s.close(),
    "thread of the library": lambda events, s: on_a_thread(s.close),
    "consumer": lambda events, s: events.close(),
    "iteration": lambda events, s: (s.close(), next(events, None)),
    "with": lambda events, s: events.__exit__(None, None, None),
    "dropped": lambda events, s: None,
}


@pytest.mark.parametrize("how", ENDS)
def test_a_streams_unsubscribe_runs_in_the_context_of_the_stream_call(how: str, seen: list[str], note: Note) -> None:
    kept = Kept()
    events = [as_user("given", lambda: stream(kept.subscribe, note))]
    ENDS[how](events[0], kept.given)
    events.clear()
    turn()
    assert seen == ["given"]


@pytest.mark.parametrize("how", ["resolve", "cancel"])
def test_the_unsubscribe_of_once_runs_in_the_context_of_the_once_call(how: str, seen: list[str], note: Note) -> None:
    kept = Kept()
    event = as_user("given", lambda: once(kept.subscribe, note))
    on_a_thread(kept.given.resolve if how == "resolve" else event.cancel)
    turn()
    assert (event.state != "pending", seen) == (True, ["given"])


@pytest.mark.parametrize("kind", ["once", "stream"])
def test_coroutine_functions_run_in_the_context_of_the_call_too(kind: str, seen: list[str]) -> None:
    async def subscribe(given: Any) -> str:
        seen.append(user.get())
        (given.resolve if kind == "once" else given.close)()
        return "token"

    async def unsubscribe(token: object) -> None:
        await asyncio.sleep(0)
        seen.append(user.get())

    async def main() -> None:
        if kind == "once":
            await as_user("given", lambda: once(subscribe, unsubscribe))
        else:
            async with as_user("given", lambda: stream(subscribe, unsubscribe)):
                pass

    asyncio.run(main())
    assert seen == ["given", "given"]


def test_pause_and_resume_run_in_the_context_of_the_stream_call(seen: list[str], note: Note) -> None:
    kept = Kept()
    events = as_user("given", lambda: stream(kept.subscribe, maxsize=2, on_full=(note, note)))
    on_a_thread(lambda: (kept.given.emit(1), kept.given.emit(2)))
    assert (next(events), seen) == (1, ["given", "given"])


def test_a_library_that_brings_its_backlog_in_resume_is_paused_in_the_same_context(seen: list[str]) -> None:
    kept, backlog = Kept(), [3, 4]

    def resume() -> None:
        seen.append("resume " + user.get())
        while backlog:
            kept.given.emit(backlog.pop(0))

    pause = lambda: seen.append("pause " + user.get())  # noqa: E731
    events = as_user("given", lambda: stream(kept.subscribe, maxsize=2, on_full=(pause, resume)))
    on_a_thread(lambda: (kept.given.emit(1), kept.given.emit(2)))
    assert next(events) == 1
    assert seen == ["pause given", "resume given", "pause given"]


def test_nothing_of_the_call_is_seen_where_the_library_calls(note: Note) -> None:
    callback = as_user("given", lambda: Promise[None].with_resolvers().via(note))
    as_user("library", lambda: (callback(), check("library")))


def check(name: str) -> None:
    assert user.get() == name
