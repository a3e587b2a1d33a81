"""The next event as a promise, which unsubscribes when it is settled."""

from __future__ import annotations

import asyncio
import gc
import threading
import types
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import BrokenPromise, Cancelled, Promise, Report, Resolvers, once

from ..support import PATIENCE, on_a_thread


class Source:
    """Calls what has been added, and notes what is taken away and where."""

    def __init__(self) -> None:
        self.listeners: list[Callable[..., Any]] = []
        self.removed: list[object] = []
        self.threads: list[threading.Thread] = []

    def add(self, listener: Callable[..., Any]) -> str:
        self.listeners.append(listener)
        return "token"

    def remove(self, token: object) -> None:
        self.removed.append(token)
        self.threads.append(threading.current_thread())
        self.listeners.clear()

    def emit(self, *arguments: Any) -> None:
        for listener in list(self.listeners):
            assert listener(*arguments) is None

    def once(self) -> Promise[Any]:
        return once(lambda d: self.add(d.resolve), self.remove)


class TestSubscribing:
    def test_happens_at_once(self) -> None:
        source = Source()
        event = source.once()
        assert len(source.listeners) == 1
        source.emit(1)
        assert event.wait(timeout=PATIENCE) == 1

    def test_gets_resolvers_with_plain_functions(self) -> None:
        found: list[Resolvers[Any]] = []
        event = once(found.append)
        assert type(found[0]) is Resolvers
        assert {type(found[0].resolve), type(found[0].reject)} == {types.FunctionType}
        assert found[0].promise is event

    def test_that_raises_rejects_and_has_nothing_to_unsubscribe(self, reports: list[Report]) -> None:
        source = Source()

        def subscribe(d: Resolvers[int]) -> None:
            raise OSError("refused")

        with pytest.raises(OSError, match="refused"):
            once(subscribe, source.remove).wait(timeout=PATIENCE)
        gc.collect()
        assert (source.removed, reports) == ([], [])

    def test_that_rejects_and_raises_is_told_once(self, reports: list[Report]) -> None:
        def subscribe(d: Resolvers[int]) -> None:
            d.reject(OSError("first"))
            raise OSError("second")

        with pytest.raises(OSError, match="first"):
            once(subscribe, print).wait(timeout=PATIENCE)
        gc.collect()
        assert reports == []

    def test_may_bring_the_event_at_once(self) -> None:
        source = Source()

        def subscribe(d: Resolvers[int]) -> str:
            d.resolve(1)
            return "token"

        assert once(subscribe, source.remove).wait(timeout=PATIENCE) == 1
        assert source.removed == ["token"]

    @pytest.mark.parametrize("wrong", [None, 7])
    def test_refuses_what_is_no_function(self, wrong: Any) -> None:
        with pytest.raises(TypeError, match=r"once\(\) expected a function that takes resolvers"):
            once(wrong)

    def test_refuses_an_unsubscribe_that_is_no_function_before_it_subscribes(self) -> None:
        source = Source()
        wrong: Any = 7
        with pytest.raises(TypeError, match=r"once\(\) expected a function or None"):
            once(lambda d: source.add(d.resolve), wrong)
        assert source.listeners == []


class TestUnsubscribing:
    @pytest.mark.parametrize("token", ["token", 0, False, ""])
    def test_happens_once_with_the_token(self, token: object) -> None:
        source = Source()
        event = once(lambda d: (source.add(d.resolve), token)[1], source.remove)
        source.emit(1)
        source.emit(2)
        assert event.wait(timeout=PATIENCE) == 1
        assert source.removed == [token]

    def test_without_a_token_gets_resolve(self) -> None:
        listeners: list[Callable[..., None]] = []
        event = once(lambda d: listeners.append(d.resolve), listeners.remove)
        listeners[0]("news")
        assert event.wait(timeout=PATIENCE) == "news"
        assert listeners == []

    def test_happens_before_the_event_is_handed_on(self) -> None:
        source, log = Source(), list[Any]()
        event = source.once().then(lambda value: log.append((value, list(source.removed))))
        source.emit(1)
        event.wait(timeout=PATIENCE)
        assert log == [(1, ["token"])]

    def test_happens_after_a_rejection_as_well(self) -> None:
        source = Source()
        event = once(lambda d: source.add(d.reject), source.remove)
        source.emit(OSError("lost"))
        with pytest.raises(OSError, match="lost"):
            event.wait(timeout=PATIENCE)
        assert source.removed == ["token"]

    def test_happens_on_the_home_although_the_event_comes_on_another_thread(self) -> None:
        source = Source()

        async def main() -> Any:
            event = source.once()
            thread = threading.Thread(target=source.emit, args=(1,))
            asyncio.get_running_loop().call_soon(thread.start)
            value = await event
            thread.join(PATIENCE)
            return value

        assert asyncio.run(main()) == 1
        assert source.threads == [threading.main_thread()]

    def test_of_a_script_happens_in_wait(self) -> None:
        source = Source()
        event = source.once()
        on_a_thread(lambda: source.emit(1))
        assert source.removed == []
        assert event.wait(timeout=PATIENCE) == 1
        assert source.threads == [threading.main_thread()]

    def test_that_raises_rejects(self) -> None:
        source = Source()

        def unsubscribe(token: object) -> None:
            raise KeyError(token)

        event = once(lambda d: source.add(d.resolve), unsubscribe)
        source.emit(1)
        with pytest.raises(KeyError, match="token"):
            event.wait(timeout=PATIENCE)

    def test_happens_when_nobody_wants_the_event_any_more(self, reports: list[Report]) -> None:
        source = Source()

        async def main() -> list[object]:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await source.once()
            await Promise.resolve().then()
            removed = [*source.removed]
            source.emit(1)
            await Promise.resolve().then()
            return removed

        assert asyncio.run(main()) == ["token"]
        assert (source.removed, reports) == (["token"], [])

    def test_happens_when_the_event_is_cancelled(self) -> None:
        source = Source()
        event = source.once()
        event.cancel()
        Promise.resolve().then().wait(timeout=PATIENCE)
        assert isinstance(event.reason, Cancelled)
        assert (source.removed, source.listeners) == (["token"], [])


class TestALibraryThatForgetsTheCallback:
    def test_breaks_the_promise(self) -> None:
        source = Source()
        event = once(lambda d: source.add(d.resolve))
        source.listeners.clear()
        with pytest.raises(BrokenPromise):
            event.wait(timeout=PATIENCE)

    def test_breaks_the_promise_and_is_unsubscribed_with_the_token(self) -> None:
        source = Source()
        event = source.once()
        source.listeners.clear()
        with pytest.raises(BrokenPromise):
            event.wait(timeout=PATIENCE)
        assert source.removed == ["token"]

    def test_breaks_the_promise_of_a_library_that_gives_no_token_and_has_nothing_to_unsubscribe(self) -> None:
        listeners: list[Callable[..., None]] = []
        event = once(lambda d: listeners.append(d.resolve), listeners.remove)
        listeners.clear()
        with pytest.raises(BrokenPromise):
            event.wait(timeout=PATIENCE)

    def test_breaks_no_promise_of_a_library_that_holds_another_function(self) -> None:
        listeners: list[Callable[..., None]] = []
        removed: list[Any] = []
        event = once(lambda d: listeners.append(d.reject), removed.append)
        gc.collect()
        listeners[0](OSError("lost"))
        with pytest.raises(OSError, match="lost"):
            event.wait(timeout=PATIENCE)
        assert len(removed) == 1
        assert removed[0]("anything", at="all") is None


class TestTheEvent:
    def test_may_have_no_value_or_be_made_by_via(self) -> None:
        source = Source()
        nothing, several = source.once(), once(lambda d: source.add(d.via(lambda *values: values)), source.remove)
        source.emit()
        assert nothing.wait(timeout=PATIENCE) is None
        assert several.wait(timeout=PATIENCE) == ()

    def test_leaves_nothing_behind(self) -> None:
        source = Source()
        gc.disable()
        try:
            event = source.once()
            source.emit(1)
            event.wait(timeout=PATIENCE)
            reference = weakref.ref(event)
            del event
            assert reference() is None
        finally:
            gc.enable()

    def test_can_be_awaited_again_and_again_by_a_new_once_each_time(self) -> None:
        source = Source()

        async def main() -> list[int]:
            seen = []
            for number in range(10):
                event = source.once()
                asyncio.get_running_loop().call_soon(source.emit, number)
                seen.append(await event)
            return seen

        assert asyncio.run(main()) == list(range(10))
        assert (len(source.removed), source.listeners) == (10, [])
