"""No wake-up is lost, whoever drops it, and what can never run is given up at once (S17)."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from promisepy import Promise, Report, StuckPromise, set_host
from promisepy._core import clock
from promisepy._core.homes import current_thread_home

from ..support import PATIENCE, Mainloop, Window, on_a_thread
from .loops import NewLoop, needs_uvloop, on_each_loop, uvloop

Action = Callable[[], None]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have homes that are made from now on ask soon again."""
    monkeypatch.setattr(clock, "PATIENCE", 0.01)


def under(host: Any, scene: Callable[[], Any]) -> Any:
    """Play a scene on a thread of its own, with a host and a home of its own."""

    def run() -> Any:
        set_host(host)
        return scene()

    return on_a_thread(run)


class Asked:
    """A host that does something else than to run what is posted, and counts how often it has been asked."""

    def __init__(self, treat: Callable[[list[Action], Action], object]) -> None:
        self.kept: list[Action] = []
        self.asked = threading.Semaphore(0)
        self._treat = treat

    def post(self, drain: Action, /) -> None:
        self._treat(self.kept, drain)
        self.asked.release()

    def has_been_asked(self, count: int) -> bool:
        """Wait until it has been asked so many times more."""
        return all(self.asked.acquire(timeout=PATIENCE) for _ in range(count))


def drop(kept: list[Action], drain: Action) -> None:
    """Do nothing, so that the call is gone when `post` returns."""


class TestAHost:
    def test_that_drops_a_call_later_is_asked_again_with_the_next_job(self) -> None:
        """As `pygame.event.get()` does on a change of scene; never from within, where tkinter's `destroy` would not end."""

        def scene() -> list[str]:
            seen: list[str] = []
            for name in ("first", "second", "third"):
                Promise.resolve(name).then(seen.append)
                assert len(host.posted) == 1
                host.posted.clear()
                assert not host.posted
            Promise.resolve("last").then(seen.append)
            host.run()
            return seen

        host = Mainloop()
        assert under(host, scene) == ["first", "second", "third", "last"]

    def test_that_drops_a_call_on_another_thread_is_asked_again_with_the_next_job(self) -> None:
        def scene() -> list[str]:
            seen: list[str] = []
            Promise.resolve("first").then(seen.append)
            on_a_thread(host.posted.clear)
            Promise.resolve("second").then(seen.append)
            host.run()
            return seen

        host = Mainloop()
        assert under(host, scene) == ["first", "second"]

    def test_that_has_dropped_a_call_for_which_there_is_no_job_any_more_is_left_alone(self) -> None:
        def scene() -> int:
            Promise.resolve().then()
            current_thread_home().drain()
            host.posted.clear()
            return len(host.posted)

        host = Mainloop()
        assert under(host, scene) == 0

    def test_that_drops_each_call_at_once_is_not_asked_in_a_circle(self, reports: list[Report]) -> None:
        def scene() -> int:
            Promise.resolve().then()
            asked = 0
            while host.asked.acquire(blocking=False):
                asked += 1
            return asked

        host = Asked(drop)
        assert under(host, scene) == 1

    @pytest.mark.usefixtures("impatient")
    @pytest.mark.parametrize("treat", [drop, list.append], ids=["drops it at once", "keeps it for ever"])
    def test_that_never_drains_is_asked_again_and_ever_less_often(self, treat: Any) -> None:
        def scene() -> tuple[list[str], float]:
            seen: list[str] = []
            home = current_thread_home()
            Promise.resolve("ran").then(seen.append)
            assert host.has_been_asked(4)
            patience = home._patience
            host._treat = list.append
            assert host.has_been_asked(1)
            for call in [*host.kept]:
                call()
            assert home._patience == clock.PATIENCE
            return seen, patience

        host = Asked(treat)
        seen, patience = under(host, scene)
        assert seen == ["ran"]
        assert patience >= 8 * clock.PATIENCE

    @pytest.mark.usefixtures("impatient")
    def test_whose_post_fails_for_a_while_is_asked_again(self, unraisable: list[BaseException]) -> None:
        """Tk's `after` raises in other threads until the main loop runs."""

        def fail(kept: list[Action], drain: Action) -> None:
            attempts.release()
            raise RuntimeError("main thread is not in main loop")

        def scene() -> list[str]:
            seen: list[str] = []
            Promise.resolve("ran").then(seen.append)
            for _ in range(3):
                assert attempts.acquire(timeout=PATIENCE)
            host._treat = list.append
            assert host.has_been_asked(1)
            host.kept.pop()()
            return seen

        attempts, host = threading.Semaphore(0), Asked(fail)
        assert under(host, scene) == ["ran"]
        assert [str(error) for error in unraisable] == ["main thread is not in main loop"]

    def test_that_calls_twice_runs_each_handler_once_and_is_still_heard_when_it_drops_a_call(self) -> None:
        def scene() -> list[str]:
            seen: list[str] = []
            Promise.resolve("first").then(seen.append)
            call = host.posted.popleft()
            call()
            call()
            Promise.resolve("second").then(seen.append)
            host.posted.clear()
            host.run()
            call()
            return seen

        host = Mainloop()
        assert under(host, scene) == ["first", "second"]

    def test_that_is_removed_with_a_call_on_its_way_leaves_the_job_to_the_next_wait(self) -> None:
        def scene() -> str:
            promise = Promise.resolve("ran").then()
            set_host(None)
            host.posted.clear()
            return promise.wait(PATIENCE)

        host = Mainloop()
        assert under(host, scene) == "ran"


class TestADrainOnAWrongThread:
    def test_is_refused_and_reported_once_and_the_right_thread_goes_on(self, reports: list[Report]) -> None:
        threads: list[str] = []

        def note(_: object) -> None:
            threads.append(threading.current_thread().name)

        def scene() -> None:
            for _ in range(2):
                Promise.resolve().then(note)
                on_a_thread(host.run, name="stray")
            assert threads == []
            Promise.resolve().then(note)
            host.run()

        def run() -> None:
            set_host(host)
            scene()

        host = Mainloop()
        on_a_thread(run, name="window")
        assert threads == ["window"] * 3
        assert [(report.kind, report.home) for report in reports] == [("stuck", "thread 'window'")]
        for part in ("Mainloop", "thread 'stray'", "thread 'window'"):
            assert part in reports[0].message

    @pytest.mark.usefixtures("impatient")
    def test_leaves_the_job_to_the_right_one_although_nothing_more_is_queued(self, reports: list[Report]) -> None:
        def scene() -> list[str]:
            seen: list[str] = []
            Promise.resolve("ran").then(seen.append)
            on_a_thread(host.turn)
            host.turn()
            return seen

        host = Window()
        assert under(host, scene) == ["ran"]
        assert len(reports) == 1


# --- loops that end


class Answering:
    """A promise under a loop, with a handler and a time limit; a library's thread answers, and another thread waits."""

    def __init__(self) -> None:
        self.children: list[Promise[Any]] = []
        self.limit: Promise[Any] | None = None
        self.told: list[BaseException] = []

    async def begin(self) -> None:
        promise, self._resolve, _ = Promise[int].with_resolvers()
        self.children += [promise.then(str), promise.then(str).then(str)]
        self.limit = Promise[int].with_resolvers(keep_alive=True).promise.timeout(60)
        await asyncio.sleep(0)  # the clock of the limit starts
        await asyncio.sleep(0)
        ready = threading.Event()
        self._waiter = threading.Thread(target=self._wait, args=[ready])
        self._waiter.start()
        ready.wait(PATIENCE)

    def _wait(self, ready: threading.Event) -> None:
        Promise.resolve().then(lambda _: ready.set())
        try:
            self.children[1].wait(PATIENCE)
        except StuckPromise as error:
            self.told.append(error)

    def answer(self) -> None:
        on_a_thread(self._resolve, 1)

    def check(self) -> None:
        """All has been told, without a collection, and without another loop."""
        self._waiter.join(PATIENCE)
        assert not self._waiter.is_alive()
        assert [type(child.reason) for child in self.children] == [StuckPromise] * 2
        assert [type(error) for error in self.told] == [StuckPromise]
        assert self.limit is not None
        assert type(self.limit.reason) is StuckPromise


@pytest.fixture
def answering(no_gc: None, reports: list[Report]) -> Answering:
    return Answering()


@on_each_loop
class TestALoopThatIsClosed:
    def test_with_a_drain_on_its_way_gives_up_what_is_queued_at_once(
        self, new_loop: NewLoop, answering: Answering
    ) -> None:
        loop = new_loop()
        loop.run_until_complete(answering.begin())
        answering.answer()
        assert answering.children[0].state == "pending"
        loop.close()
        answering.check()

    def test_with_nothing_but_timers_gives_them_up_at_once(self, new_loop: NewLoop, answering: Answering) -> None:
        loop = new_loop()
        loop.run_until_complete(answering.begin())
        loop.close()
        assert answering.limit is not None
        assert type(answering.limit.reason) is StuckPromise
        answering.answer()
        answering.check()

    def test_with_a_timer_that_another_thread_has_just_started_gives_it_up_as_well(
        self, new_loop: NewLoop, answering: Answering
    ) -> None:
        loop = new_loop()
        loop.run_until_complete(answering.begin())
        late = on_a_thread(lambda: answering.children[0].timeout(60))
        loop.close()
        answering.answer()
        answering.check()
        assert type(late.reason) is StuckPromise

    def test_leaves_the_script_s_jobs_and_timers_to_the_next_wait(self, new_loop: NewLoop, no_gc: None) -> None:
        promise, resolve, _ = Promise[int].with_resolvers()
        child, delay = promise.then(str), Promise.delay(0.01, "rung")
        loop = new_loop()

        async def begin() -> None:
            await Promise.resolve().then()
            await asyncio.sleep(0)

        loop.run_until_complete(begin())
        on_a_thread(resolve, 1)
        loop.close()
        assert child.wait(PATIENCE) == "1"
        assert delay.wait(PATIENCE) == "rung"


class ClosedWhileAsked(asyncio.SelectorEventLoop):
    """A loop that another thread closes just while it is asked to call something."""

    closes_first = False
    is_about_to_close = False

    def call_soon_threadsafe(self, *args: Any, **named: Any) -> Any:
        if self.is_about_to_close and self.closes_first:
            self.close()
        handle = super().call_soon_threadsafe(*args, **named)
        if self.is_about_to_close:
            self.close()
        return handle


class ClosedAfterwards(ClosedWhileAsked):
    """Likewise, but nothing clears what it has taken meanwhile."""

    def call_soon_threadsafe(self, callback: Any, *args: Any, **named: Any) -> Any:
        if not self.is_about_to_close:
            return super().call_soon_threadsafe(callback, *args, **named)
        self.close()
        handle = asyncio.Handle(callback, args, self, named.get("context"))
        self._ready.append(handle)  # type: ignore[attr-defined]
        return handle


class ClosedBefore(ClosedWhileAsked):
    """Likewise, but it is closed before it looks whether it is."""

    closes_first = True


@pytest.mark.parametrize("kind", [ClosedWhileAsked, ClosedBefore, ClosedAfterwards])
def test_a_loop_that_is_closed_while_it_is_asked_gives_up_at_once(
    kind: type[ClosedWhileAsked], answering: Answering
) -> None:
    loop = kind()
    loop.run_until_complete(answering.begin())
    loop.is_about_to_close = True
    answering.answer()
    answering.check()


def ending_at(place: str, new_loop: Callable[[], Any], answering: Answering, *, afterwards: bool) -> Any:
    """Make a loop during whose end the library answers, at a place of which the loop's user knows nothing."""
    loop = new_loop()
    usual = getattr(loop, place)

    async def answer_around(*args: Any) -> Any:
        if not afterwards:
            answering.answer()
        value = await usual(*args)
        if afterwards:
            answering.answer()
        return value

    def answer_around_close() -> None:
        if not afterwards:
            answering.answer()
        usual()
        if afterwards:
            answering.answer()

    setattr(loop, place, answer_around_close if place == "close" else answer_around)
    return loop


class Attributed(asyncio.SelectorEventLoop):
    """A loop whose functions can be replaced."""


if uvloop:

    class AttributedUvloop(uvloop.Loop):
        """Likewise."""

else:
    AttributedUvloop = Attributed


@pytest.mark.parametrize("afterwards", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("place", ["shutdown_asyncgens", "shutdown_default_executor", "close"])
@pytest.mark.parametrize(
    "kind",
    [pytest.param(Attributed, id="asyncio"), pytest.param(AttributedUvloop, id="uvloop", marks=needs_uvloop)],
)
def test_a_thread_that_answers_while_asyncio_run_ends_is_answered_in_turn(
    kind: Callable[[], Any], place: str, afterwards: bool, answering: Answering
) -> None:
    """Either the handler runs in a last turn of the loop, or it is stuck; it is never forgotten."""
    with asyncio.Runner(loop_factory=lambda: ending_at(place, kind, answering, afterwards=afterwards)) as runner:
        runner.run(answering.begin())
    answering._waiter.join(PATIENCE)
    assert not answering._waiter.is_alive()
    assert "pending" not in [child.state for child in answering.children]
    assert {type(child.reason) for child in answering.children} <= {StuckPromise, type(None)}
    assert answering.limit is not None
    assert type(answering.limit.reason) is StuckPromise


DESCRIPTORS = Path("/proc/self/fd")


def descriptors() -> int:
    return len([*DESCRIPTORS.iterdir()])


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="no list of descriptors")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_loops_that_nobody_closes_go_with_their_descriptors(reports: list[Report]) -> None:
    """On asyncio; uvloop keeps such loops itself."""
    scripts = Promise.delay(60).then()

    async def use() -> None:
        await Promise.resolve(1).then(str)
        scripts.then()  # the loop drives the script's home
        Promise.delay(60)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def leave(count: int) -> list[weakref.ref[Any]]:
        loops = [asyncio.new_event_loop() for _ in range(count)]
        for loop in loops:
            loop.run_until_complete(use())
        return [weakref.ref(loop) for loop in loops]

    before = descriptors()
    left = leave(20)
    gc.collect()
    assert [loop for loop in left if loop() is not None] == []
    assert descriptors() <= before
    scripts.cancel()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_what_is_queued_on_a_loop_that_nobody_closes_is_told_when_it_goes(reports: list[Report]) -> None:
    async def begin() -> Callable[[int], None]:
        promise, resolve, _ = Promise[int].with_resolvers()
        promise.then(str)
        Promise.delay(60).then(str)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return resolve

    def leave() -> None:
        loop = asyncio.new_event_loop()
        on_a_thread(loop.run_until_complete(begin()), 1)

    leave()
    gc.collect()
    assert [(report.kind, report.count) for report in reports] == [("stuck", 2)]


@on_each_loop
class TestALoopThatGoesOnAfterTheShutdownOfItsGenerators:
    def test_keeps_its_handlers_and_timers(self, new_loop: NewLoop) -> None:
        async def begin() -> list[Promise[Any]]:
            return [Promise.delay(0.01, "rung"), Promise.resolve("settled").then()]

        async def end() -> list[Any]:
            return [*await asyncio.gather(*promises), await Promise.delay(0.01, "again")]

        loop = new_loop()
        promises = loop.run_until_complete(begin())
        loop.run_until_complete(loop.shutdown_asyncgens())
        assert loop.run_until_complete(end()) == ["rung", "settled", "again"]
        loop.close()

    def test_may_meet_its_first_promise_then_without_a_warning(self, new_loop: NewLoop) -> None:
        async def use() -> str:
            return await Promise.delay(0.01, "rung").then()

        loop = new_loop()
        loop.run_until_complete(loop.shutdown_asyncgens())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert loop.run_until_complete(use()) == "rung"
            loop.close()
            gc.collect()
