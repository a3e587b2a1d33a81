"""Callbacks of `to_future()` are user code: they run before the call that settles returns, and never in the middle of it (S3).

Whatever one of them does, the call returns normally, every handler runs, and the order is kept.
"""

from __future__ import annotations

import ast
import asyncio
import gc
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import promisepy
from promisepy import Promise, Report
from promisepy._core import cancel, cell, crowd
from promisepy._core.cell import Cell, Reaction
from promisepy._core.jobs import Home, inline

from ..support import PATIENCE, Mainloop, on_a_thread, turn
from .settlings import ACTIONS, WAYS, Scene, Settling, by_resolve, do_nothing


@pytest.fixture(autouse=True)
def _quiet(unraisable: list[Any], reports: list[Report]) -> Iterator[None]:
    yield
    gc.collect()


def check(way: Callable[[], Settling], reactions: list[Callable[[Scene], object] | None]) -> None:
    promise, settle = way()
    scene = Scene(promise)
    for action in reactions:
        if action is None:
            scene.handle()
        else:
            scene.call_back(action)
    scene.handle()
    settle()
    assert promise.state != "pending"
    assert scene.called == list(range(len(scene.futures)))
    assert all(future.done() for future in scene.futures)
    turn()
    assert scene.log == [str(n) for n in range(len(scene.handlers))]
    assert not inline


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("way", WAYS)
def test_whatever_a_callback_does_the_call_returns_and_every_handler_runs(
    way: Callable[[], Settling], action: Callable[[Scene], object], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("CRITICAL"):
        check(way, [None, action, None, do_nothing, None])


@settings(deadline=None)  # some actions use up the stack, which takes its time
@given(st.sampled_from(WAYS), st.lists(st.none() | st.sampled_from(ACTIONS), max_size=8))
def test_any_handlers_and_callbacks_are_called_in_their_order(
    way: Callable[[], Settling], reactions: list[Callable[[Scene], object] | None]
) -> None:
    check(way, reactions)


@pytest.mark.parametrize("action", ACTIONS)
def test_callbacks_of_many_more_futures_than_fit_in_a_list_run(
    action: Callable[[Scene], object], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("CRITICAL"):
        check(by_resolve, [None, *[do_nothing, None] * 40, action, None])


@pytest.mark.parametrize("action", ACTIONS)
def test_cancelling_a_future_returns_normally_and_lets_go(
    action: Callable[[Scene], object], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("CRITICAL"):
        promise = Promise[Any].with_resolvers(keep_alive=True).promise
        scene = Scene(promise)
        scene.call_back(action)
        scene.handlers.append(Promise.resolve())
        [future] = scene.futures
        second: list[Any] = []
        future.add_done_callback(second.append)
        assert future.cancel()
        assert (scene.called, second, future.cancelled()) == ([0], [future], True)
        turn()
        assert not inline


class TestHomesThatEnd:
    """What can never run any more is rejected; the callbacks of its futures have run when that call returns."""

    def test_a_loop_that_is_closed(self) -> None:
        async def make() -> list[Promise[Any]]:
            return [Promise.delay(60), Promise[Any].with_resolvers(keep_alive=True).promise.timeout(60)]

        loop = asyncio.new_event_loop()
        promises = loop.run_until_complete(make())
        seen: list[Any] = []
        for promise in promises:
            promise.to_future().add_done_callback(seen.append)
        loop.close()
        assert [type(future.exception(0)).__name__ for future in seen] == ["StuckPromise"] * 2
        assert not inline

    def test_a_loop_that_is_closed_with_a_handler_in_its_queue(self) -> None:
        async def make() -> Any:
            return Promise[Any].with_resolvers()

        loop = asyncio.new_event_loop()
        d = loop.run_until_complete(make())
        child, seen = d.promise.then(do_nothing), list[Any]()
        child.to_future().add_done_callback(seen.append)
        d.resolve(1)
        assert seen == []
        loop.close()
        assert [type(future.exception(0)).__name__ for future in seen] == ["StuckPromise"]
        assert not inline

    def test_a_thread_that_ends(self) -> None:
        seen: list[Any] = []

        def leave_a_handler() -> None:
            Promise.resolve(1).then(do_nothing).to_future().add_done_callback(seen.append)
            Promise.delay(60).to_future().add_done_callback(seen.append)

        on_a_thread(leave_a_handler)
        assert sorted(type(future.exception(0)).__name__ for future in seen) == ["StuckPromise"] * 2
        assert not inline

    @pytest.mark.parametrize("action", ACTIONS)
    def test_a_promise_whose_thread_has_ended_is_settled_to_the_end_before_a_callback_runs(
        self, action: Callable[[Scene], object], caplog: pytest.LogCaptureFixture
    ) -> None:
        """Its handlers are given up while it settles, and so their futures are done by then."""
        with caplog.at_level("CRITICAL"):
            d = on_a_thread(Promise[Any].with_resolvers)
            scene = Scene(d.promise)
            scene.handlers = [d.promise.then(do_nothing) for _ in range(3)]
            given_up = Scene(scene.handlers[0])
            given_up.handlers = scene.handlers
            given_up.call_back(action)
            states: list[str] = []
            given_up.futures[0].add_done_callback(lambda _: states.extend(one.state for one in scene.handlers))
            d.resolve(1)
            assert given_up.called == [0]
            assert states == ["rejected"] * 3
            assert not inline


@pytest.mark.parametrize(
    "make",
    [
        lambda: Promise[Any].race([]).timeout(0),
        lambda: Promise.all([Promise.resolve(1)]),
        lambda: Promise.resolve(1).then(lambda value: value),
        lambda: Promise.delay(0).then(lambda _: Promise.resolve(1)),
    ],
    ids=["time limit", "combinator", "handler", "follower"],
)
def test_callbacks_run_after_the_job_that_settles_and_before_the_next(make: Callable[[], Promise[Any]]) -> None:
    promise, log = make(), list[str]()
    promise.then(lambda _: log.append("handled"), lambda _: log.append("handled"))
    promise.to_future().add_done_callback(lambda _: log.append("called back"))
    Promise.all_settled([promise]).wait(PATIENCE)
    assert log == ["called back", "handled"]
    assert not inline


PACKAGE = str(Path(promisepy.__file__).parent)
# What describes a promise for messages calls the `repr` of values and loops, and settles nothing.
DESCRIBING = {"_describe", "_created", "_strand"}


def functions_of(*modules: Any) -> Iterator[CodeType]:
    """Give the code of all functions of these modules."""
    for module in modules:
        for owner in (module, *(one for one in vars(module).values() if inspect.isclass(one))):
            for one in vars(owner).values():
                if inspect.isfunction(one) and one.__module__ == module.__name__ and one.__name__ not in DESCRIBING:
                    yield one.__code__


class Audit:
    """Notes each function outside of the package that is called while one of these is on the stack.

    Where a home is armed, its host or loop may be asked to drain it; that is foreign, but not the user's.
    """

    def __init__(self, *settling: CodeType) -> None:
        self._settling = frozenset(settling) or frozenset(functions_of(cell, crowd, cancel))
        self.found: list[str] = []
        self.calls = 0

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        path = frame.f_code.co_filename
        self.calls += frame.f_code in self._settling and event == "call"
        if event != "call" or path.startswith(PACKAGE):
            return
        above = frame.f_back
        while above is not None:
            if above.f_code in self._settling:
                self.found.append(f"{path}: {frame.f_code.co_name} below {above.f_code.co_name}")
                return
            if above.f_code.co_name in ("_arm_host", "_arm_loop") or (
                above.f_code.co_name == "arm" and path != __file__
            ):
                return
            above = above.f_back

    @contextmanager
    def watch(self) -> Iterator[None]:
        sys.setprofile(self)
        try:
            yield
        finally:
            sys.setprofile(None)


def furnished(promise: Promise[Any]) -> list[object]:
    """Leave on a promise everything that can be left on one."""
    scene = Scene(promise)
    for action in (do_nothing, None, do_nothing):
        if action is None:
            scene.handle()
        else:
            scene.call_back(action)
    derived = [promise.finally_(turn), promise.shield(), promise.timeout(60), promise.catch(OSError, str)]
    grouped = [Promise.all([promise]), Promise.race([promise]), Promise.map(lambda _: promise, [1])]
    ended = on_a_thread(Promise.resolve)
    following = Promise[Any](lambda resolve, reject: resolve(promise))
    turn()
    return [scene, *derived, *grouped, ended, following]


@pytest.mark.parametrize(("way", "hosted"), [*((way, False) for way in WAYS), *((way, True) for way in WAYS[:2])])
def test_no_user_code_runs_inside_settling(way: Callable[[], Settling], hosted: bool) -> None:
    """Of nothing that settles, subscribes or cancels is a function of the user's on top of the stack."""
    promise, settle = way()
    scene, *_ = left = furnished(promise)
    host = Mainloop()
    previous = promisepy.set_host(host) if hosted else None
    audit = Audit()
    with audit.watch():
        settle()
        left.append(promise.then(do_nothing, do_nothing))
    if hosted:
        promisepy.set_host(previous)
    assert isinstance(scene, Scene)
    assert len(scene.called) == 2
    assert audit.calls > 1
    assert audit.found == []
    turn()


class AtOnce(Home):
    """A home that runs each job as soon as it is queued, as that of futures once did."""

    class Queue(list[Any]):
        def append(self, job: Any, /) -> None:
            job._run()

    def __init__(self) -> None:
        super().__init__()
        self.jobs = self.Queue()  # type: ignore[assignment]  # all that settling asks of it
        self.armed = True


class Note(Reaction):
    def __init__(self, source: Cell) -> None:
        self._home, self._source = AtOnce(), source

    def _run(self) -> None:
        """Stand for user code."""


def with_a_call(function: Any, at: int) -> Any:
    """Plant a call of user code before one statement of a function's body."""
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(definition, ast.FunctionDef)
    body = definition.body[ast.get_docstring(definition) is not None :]
    body.insert(at, ast.parse("planted()").body[0])
    definition.body = body
    names: dict[str, Any] = {}
    module = ast.fix_missing_locations(ast.Module([definition], []))
    exec(
        compile(module, function.__code__.co_filename, "exec"),
        {**function.__globals__, "planted": do_nothing_at_all},
        names,
    )
    return names[definition.name]


def do_nothing_at_all() -> None:
    """Stand for user code."""


@pytest.mark.parametrize("fails", [False, True])
def test_a_reaction_that_is_run_at_once_is_noticed(fails: bool) -> None:
    promise, resolve, reject = Promise[Any].with_resolvers()
    promise._subscribe(Note(promise))
    audit = Audit()
    with audit.watch():
        reject(ValueError()) if fails else resolve(1)
    assert {found.rpartition("below ")[2] for found in audit.found} == {"_announce" if fails else "_fulfil"}


@pytest.mark.parametrize("name", ["_fulfil", "_fail_with", "_announce", "_subscribe", "_observe"])
@pytest.mark.parametrize("at", [0, 1])
def test_a_planted_call_of_user_code_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str, at: int) -> None:
    planted = with_a_call(getattr(Cell, name), at)
    monkeypatch.setattr(Cell, name, planted)
    promises = [Promise[Any].with_resolvers() for _ in range(2)]
    for promise, _, _ in promises:
        promise.then(do_nothing, do_nothing)
    audit = Audit(planted.__code__)
    with audit.watch():
        promises[0].resolve(1)
        promises[1].reject(ValueError())
        promises[1].promise.catch(do_nothing)
    assert audit.found
    assert {found.rpartition("below ")[2] for found in audit.found} == {name}
