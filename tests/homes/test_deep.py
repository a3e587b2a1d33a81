"""A home goes on while one of its jobs runs a loop of its own, however deep (S17)."""

from __future__ import annotations

import asyncio
import selectors
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Any, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promisepy import Promise, Report, debug, set_host
from promisepy._core.jobs import BURST

from ..support import PATIENCE, Window
from .loops import NestingLoop, PatchableLoop, patch
from .test_bursts import Counting, in_thread, settle_many

SHORT = 0.01
needs_signals = pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs user signals")


Scene = Callable[[Promise[None]], Awaitable[Any]]


class Stage(Protocol):
    """What drives a home, and can be run again by its jobs."""

    def play(self, scene: Scene) -> Any:
        """Run the loop until what a scene has made of promises settles; `then` of what the scene gets keeps the home."""

    def nest(self, promise: Promise[Any]) -> Any:
        """Run the loop inside itself until a promise settles; gives the value."""

    def nest_until(self, event: threading.Event) -> None:
        """Run it until something has happened, without a word to promisepy."""


class OnAWindow:
    """A host: a toolkit's main loop, and its modal dialogues."""

    def __init__(self) -> None:
        self.window = Window()

    def play(self, scene: Scene) -> Any:
        previous = set_host(self.window)
        try:
            return self.nest(scene(Promise.resolve()))  # type: ignore[arg-type]  # a promise
        finally:
            set_host(previous)

    def nest(self, promise: Promise[Any]) -> Any:
        self.window.turn_until(lambda: promise.state != "pending")
        return promise.value

    def nest_until(self, event: threading.Event) -> None:
        self.window.turn_until(event.is_set)


async def value_of(promise: Awaitable[Any]) -> Any:
    async with asyncio.timeout(PATIENCE):
        return await promise


class OnALoop:
    """An asyncio loop that may be run inside itself; promises are made under it."""

    new_loop: Callable[[], asyncio.AbstractEventLoop] = NestingLoop

    def play(self, scene: Scene) -> Any:
        return self.run(lambda: scene(Promise.resolve()))

    def run(self, begin: Callable[[], Awaitable[Any]]) -> Any:
        errors: list[Any] = []

        async def main() -> Any:
            asyncio.get_running_loop().set_exception_handler(lambda loop, details: errors.append(details))
            return await value_of(begin())

        with asyncio.Runner(loop_factory=type(self).new_loop) as runner:
            value = runner.run(main())
        assert errors == []
        return value

    def nest(self, promise: Promise[Any]) -> Any:
        return asyncio.get_running_loop().run_until_complete(value_of(promise))

    def nest_until(self, event: threading.Event) -> None:
        async def look() -> None:
            async with asyncio.timeout(PATIENCE):
                while not event.is_set():
                    await asyncio.sleep(0)

        asyncio.get_running_loop().run_until_complete(look())


class OnALoopOfAScript(OnALoop):
    """The same, for promises that a script has made before; the loop drives the script's home as well."""

    def play(self, scene: Scene) -> Any:
        last = scene(Promise.resolve())
        return self.run(lambda: last)


class OnAPatchedLoop(OnALoop):
    """A loop that may not be run inside itself until it is patched, which happens after the home has been made."""

    new_loop = PatchableLoop

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def play(self, scene: Scene) -> Any:
        def begin(start: Promise[None]) -> Any:
            patch(self.monkeypatch)
            return scene(start)

        return super().play(begin)


class OnALoopPatchedLate(OnALoop):
    """Likewise, but the job that runs it inside itself patches it first; the home notices when a promise is awaited."""

    new_loop = PatchableLoop

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def nest(self, promise: Promise[Any]) -> Any:
        patch(self.monkeypatch)
        return super().nest(promise)


class OnALoopOfAScriptPatchedLate(OnALoopPatchedLate, OnALoopOfAScript):
    """Both: the script's home is being drained by the loop that a handler patches."""


LOOPS = [OnALoop, OnALoopOfAScript, OnAPatchedLoop, OnALoopPatchedLate, OnALoopOfAScriptPatchedLate]
STAGES = [OnAWindow, *LOOPS]


def stage_of(kind: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    return kind(monkeypatch) if issubclass(kind, (OnAPatchedLoop, OnALoopPatchedLate)) else kind()


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    return stage_of(request.param, monkeypatch)


@pytest.fixture(params=LOOPS)
def loop_stage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    return stage_of(request.param, monkeypatch)


def from_a_thread(value: Any) -> Promise[Any]:
    """Promise a value that a thread brings."""
    return Promise(lambda resolve, reject: threading.Thread(target=resolve, args=[value]).start())


def test_what_was_queued_before_and_what_is_made_inside_go_on_and_then_the_job_below(stage: Stage) -> None:
    log: list[str] = []

    def scene(start: Promise[None]) -> Any:
        def handler(_: object) -> str:
            log.append("opens")
            stage.nest(start.then(lambda _: log.append("inside")))
            log.append("closed")
            return "went on"

        opener = start.then(handler)
        start.then(lambda _: log.append("behind"))
        return opener.then(log.append)

    stage.play(scene)
    assert log == ["opens", "behind", "inside", "closed", "went on"]


def test_what_is_queued_behind_goes_on_inside_although_nothing_is_queued_there(stage: Stage) -> None:
    """The loop inside waits for a job that has been queued before it: a dialogue that shows what the next one brings."""
    log: list[str] = []

    def scene(start: Promise[None]) -> Any:
        def handler(_: object) -> None:
            log.append("opens")
            stage.nest(behind)
            log.append("closed")

        opener = start.then(handler)
        behind = start.then(lambda _: log.append("behind"))
        return opener

    stage.play(scene)
    assert log == ["opens", "behind", "closed"]


def test_a_promise_that_was_made_before_settles_inside(stage: Stage) -> None:
    def scene(start: Promise[None]) -> Any:
        promise, resolve, _ = Promise[str].with_resolvers()
        outer = promise.then(str.upper)

        def handler(_: object) -> Any:
            threading.Thread(target=resolve, args=["settled"]).start()
            return stage.nest(outer)

        return start.then(handler)

    assert stage.play(scene) == "SETTLED"


def test_what_a_thread_settles_while_the_loop_inside_sleeps_wakes_it(stage: Stage) -> None:
    def handler(_: object) -> Any:
        return stage.nest(from_a_thread("brought").then(lambda value: from_a_thread(value.upper())))

    assert stage.play(lambda start: start.then(handler)) == "BROUGHT"


def test_timers_ring_inside(stage: Stage) -> None:
    def scene(start: Promise[None]) -> Any:
        before = Promise.delay(SHORT, "made before").then()

        def handler(_: object) -> list[Any]:
            never = Promise[None].with_resolvers(keep_alive=True).promise
            limited = never.timeout(SHORT).catch(TimeoutError, lambda _: "timed out")
            return [stage.nest(one) for one in (before, Promise.delay(SHORT, "made inside"), limited)]

        return start.then(handler)

    assert stage.play(scene) == ["made before", "made inside", "timed out"]


def test_wait_for_rings_inside(loop_stage: OnALoop) -> None:
    async def in_time() -> Any:
        value = await asyncio.wait_for(from_a_thread("in time").then(), PATIENCE)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(Promise[None].with_resolvers(keep_alive=True).promise, SHORT)
        return value

    def handler(_: object) -> Any:
        return loop_stage.nest(in_time())  # type: ignore[arg-type]  # a coroutine, which is as good here

    assert loop_stage.play(lambda start: start.then(handler)) == "in time"


def test_a_task_that_a_promise_has_resumed_may_run_the_loop(loop_stage: OnALoop) -> None:
    log: list[str] = []

    async def task(promise: Promise[str], start: Promise[None]) -> str:
        log.append(await promise)
        start.then(lambda _: log.append("behind"))
        log.append(loop_stage.nest(from_a_thread("inside").then()))
        log.append(await from_a_thread("after"))
        return "end"

    async def main(start: Promise[None]) -> str:
        return await asyncio.create_task(task(from_a_thread("resumed").then(), start))

    assert loop_stage.play(main) == "end"
    assert log == ["resumed", "behind", "inside", "after"]


def test_a_loop_inside_a_loop_inside_a_loop(stage: Stage) -> None:
    log: list[int] = []

    def scene(start: Promise[None]) -> Any:
        def handler(depth: int) -> int:
            log.append(depth)
            below = stage.nest(start.then(lambda _: depth - 1).then(handler)) if depth else 0
            log.append(-depth)
            return int(below) + 1

        return start.then(lambda _: 15).then(handler)

    assert stage.play(scene) == 16
    assert log == [*range(15, -1, -1), *range(0, -16, -1)]


def test_a_loop_inside_that_is_left_before_all_is_done_leaves_the_rest_to_the_one_around_it(stage: Stage) -> None:
    log: list[int] = []

    def scene(start: Promise[None]) -> Any:
        def handler(_: object) -> Any:
            ends = [start.then(lambda _, number=number: log.append(number)) for number in range(3 * BURST)]  # type: ignore[misc]
            stage.nest(ends[0])
            return ends[-1]

        return start.then(handler)

    stage.play(scene)
    assert log == list(range(3 * BURST))


def test_handlers_inside_have_their_own_context(stage: Stage) -> None:
    name: ContextVar[str] = ContextVar("name", default="none")

    def scene(start: Promise[None]) -> Any:
        def inside(_: object) -> str:
            seen = name.get()
            name.set("changed")
            return seen

        def handler(_: object) -> list[str]:
            name.set("handler")
            return [name.get(), stage.nest(start.then(inside)), name.get()]

        name.set("scene")
        return start.then(handler)

    assert stage.play(scene) == ["handler", "handler", "handler"]


@pytest.mark.parametrize("fatal", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("stage", [kind for kind in STAGES if not issubclass(kind, OnALoopPatchedLate)], indirect=True)
def test_what_ends_a_program_leaves_the_loop_inside_and_everything_armed(
    stage: Stage, fatal: type[BaseException]
) -> None:
    log: list[Any] = []

    def scene(start: Promise[None]) -> Any:
        def leave(_: object) -> None:
            raise fatal

        def handler(_: object) -> str:
            closed = threading.Event()
            start.then(leave).catch(BaseException, lambda error: log.append(type(error)))
            start.then(lambda _: log.append("behind"))
            try:
                stage.nest_until(closed)
            except fatal:
                log.append("left")
            closed.set()
            stage.nest(start.then().then(lambda _: log.append("inside")))
            return "went on"

        return start.then(handler).then(from_a_thread)

    assert stage.play(scene) == "went on"
    assert log == ["left", "behind", fatal, "inside"]


class TestSuspectsOfTheJobAround:
    """A rejection counts as unobserved when the queue of its home runs empty, but not inside of the job that made it."""

    @pytest.fixture(params=[kind for kind in STAGES if not issubclass(kind, OnALoopOfAScript)])
    def stage(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
        return stage_of(request.param, monkeypatch)

    @pytest.fixture(autouse=True)
    def _strict(self, reports: list[Report]) -> Iterator[None]:
        self.reports = reports
        debug.enable(strict=True)
        yield
        debug.disable()

    def play(self, stage: Stage, end: Callable[[Promise[Any]], object]) -> None:
        log: list[int] = []

        def scene(start: Promise[None]) -> Any:
            def handler(_: object) -> None:
                rejected = Promise[None].reject(ValueError("rejected outside"))
                stage.nest(start.then())
                log.append(len(self.reports))
                end(rejected)

            return start.then(handler).then(lambda _: from_a_thread(1).then())

        stage.play(scene)
        assert log == [0]

    def test_a_rejection_of_the_job_below_is_not_told_inside_since_it_may_still_be_handled(self, stage: Stage) -> None:
        self.play(stage, lambda rejected: rejected.catch(str))
        assert self.reports == []

    def test_it_is_told_once_after_it(self, stage: Stage) -> None:
        kept: list[Any] = []
        self.play(stage, kept.append)
        assert [str(report.reason) for report in self.reports] == ["rejected outside"]

    def test_one_of_a_job_inside_is_told_inside(self, stage: Stage) -> None:
        log: list[int] = []
        kept: list[Any] = []

        def scene(start: Promise[None]) -> Any:
            def inside(_: object) -> None:
                kept.append(Promise[None].reject(ValueError("rejected inside")))

            def handler(_: object) -> None:
                stage.nest(start.then(inside))
                stage.nest(from_a_thread(1).then().then())
                log.append(len(self.reports))

            return start.then(handler)

        stage.play(scene)
        assert log == [1]


class Struck(selectors.DefaultSelector):
    """A signal strikes when the loop is about to sleep for long, or for ever."""

    def __init__(self, strike: Callable[[], object]) -> None:
        super().__init__()
        self.strike = strike

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or timeout > 1:
            self.strike()
        return super().select(timeout)


@needs_signals
def test_a_signal_that_settles_while_the_loop_inside_sleeps_wakes_it() -> None:
    """Although a callback of the loop is on the stack, from which one might conclude that nobody sleeps."""
    resolvers: list[Callable[[str], None]] = []
    in_time: list[bool] = []

    def strike() -> None:
        if resolvers:
            signal.raise_signal(signal.SIGUSR1)

    def handler(_: object) -> Any:
        promise, resolve, _reject = Promise[str].with_resolvers()
        child = promise.then(str.upper)
        loop, begin = asyncio.get_running_loop(), time.monotonic()
        loop.call_soon(resolvers.append, resolve)
        value = loop.run_until_complete(value_of(child))
        in_time.append(time.monotonic() - begin < PATIENCE / 2)
        return value

    async def main() -> Any:
        return await from_a_thread(1).then(handler)

    previous = signal.signal(signal.SIGUSR1, lambda number, frame: resolvers.pop()("settled"))
    try:
        with asyncio.Runner(loop_factory=lambda: NestingLoop(Struck(strike))) as runner:
            assert runner.run(main()) == "SETTLED"
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert in_time == [True]


class CountingNesting(Counting, NestingLoop):
    """Counts the drains that are asked for."""


@pytest.mark.parametrize("settle", [lambda loop, resolve_all: resolve_all(), in_thread], ids=["task", "thread"])
def test_a_burst_costs_two_wake_ups_at_most_where_loops_may_nest(settle: Callable[..., Any]) -> None:
    assert settle_many(settle, CountingNesting) in ((0, 1), (0, 2))


# A job: whether it runs the loop inside itself until the last of the jobs that it queues has begun, and those jobs.
Tree = tuple[bool, list[Any]]
TREES = st.recursive(
    st.tuples(st.booleans(), st.just([])),
    lambda trees: st.tuples(st.booleans(), st.lists(trees, max_size=4)),
    max_leaves=25,
)


@pytest.mark.parametrize("kind", STAGES)
def test_jobs_begin_in_their_order_whatever_runs_a_loop_inside(kind: Any) -> None:
    @settings(max_examples=60, deadline=None)
    @given(trees=st.lists(TREES, min_size=1, max_size=4))
    def check(trees: list[Tree]) -> None:
        queued: list[int] = []
        begun: list[int] = []
        ended: list[int] = []

        def scene(start: Promise[None]) -> Any:
            def queue(tree: Tree) -> Promise[Any]:
                number = len(queued)
                queued.append(number)
                return start.then(lambda _: job(number, tree))

            def job(number: int, tree: Tree) -> None:
                begun.append(number)
                does_nest, trees = tree
                inside = [queue(one) for one in trees]
                if does_nest:
                    stage.nest(inside[-1] if inside else start.then())
                ended.append(number)

            def until_all_have_ended(_: object) -> Any:
                return None if len(ended) == len(queued) else start.then(until_all_have_ended)

            return Promise.all([queue(tree) for tree in trees]).then(until_all_have_ended)

        with pytest.MonkeyPatch.context() as monkeypatch:
            stage = stage_of(kind, monkeypatch)
            stage.play(scene)
        assert begun == queued
        assert sorted(ended) == queued

    check()
