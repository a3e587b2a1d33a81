"""RecursionError at any depth loses no promise: the next call, further out, or the finaliser, completes what has begun (S3)."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from promisepy import Promise, Report, set_host
from promisepy._core.jobs import inline

from ..support import PATIENCE, Mainloop, on_a_thread

# More frames than any call in here needs.
FRAMES = range(1, 60)


@pytest.fixture(autouse=True)
def _quiet(reports: list[Report], unraisable: list[Any], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level("CRITICAL"):
        yield
        gc.collect()


def out_of_stack(call: Callable[[], object], frames: int) -> bool:
    """Call a function with so many frames left; true if they were not enough."""
    limit, lowest = sys.getrecursionlimit(), 1
    while True:
        try:
            sys.setrecursionlimit(lowest)  # which refuses a limit that has been reached already
            break
        except RecursionError:
            lowest += 1
    try:
        sys.setrecursionlimit(lowest + frames)
        call()
    except RecursionError:
        return True
    finally:
        sys.setrecursionlimit(limit)
    return False


class Script:
    """A thread that drains in `wait`."""

    def __enter__(self) -> Script:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def make(self, make: Callable[[], Any]) -> Any:
        return make()

    def run(self) -> None:
        for _ in range(4):
            Promise.resolve(coroutine()).then().wait(PATIENCE)


class Loop(Script):
    """A loop that is at rest when the promise is settled."""

    def __enter__(self) -> Loop:
        self.loop = asyncio.new_event_loop()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    def make(self, make: Callable[[], Any]) -> Any:
        async def main() -> Any:
            return make()

        return self.loop.run_until_complete(main())

    def run(self) -> None:
        async def main() -> None:
            for _ in range(40):
                await asyncio.sleep(0)

        self.loop.run_until_complete(main())


class Hosted(Script):
    """A host, whose `post` is Python code."""

    def __enter__(self) -> Hosted:
        self.host = Mainloop()
        self.previous = set_host(self.host)
        return self

    def __exit__(self, *_: object) -> None:
        set_host(self.previous)

    def run(self) -> None:
        self.host.run()


class Ended(Script):
    """A thread that has ended: what is queued there is given up."""

    def make(self, make: Callable[[], Any]) -> Any:
        return on_a_thread(make)

    def run(self) -> None:
        pass


HOMES = [Script, Loop, Hosted, Ended]


class Scene:
    """A promise with everything on it that may be on one."""

    def __init__(self) -> None:
        self.handled: list[int] = []
        self.promise, *self.functions = Promise[Any].with_resolvers()
        promise = self.promise
        self.children = [promise.then(self.note(n), self.note(n)) for n in range(3)]
        self.futures: list[Future[Any]] = [promise.to_future(), self.children[0].to_future()]
        self.called: list[Future[Any]] = []
        self.futures[0].add_done_callback(self.called.append)
        promise.then().cancel()
        grouped: list[Promise[Any]] = [Promise.all([promise]), Promise.race([promise, Promise[Any].race([])])]
        following = Promise[Any](lambda resolve, reject: resolve(promise))
        self.derived = [promise.finally_(str), promise.shield(), promise.timeout(60), following, *grouped]
        self.inner = Promise[Any].with_resolvers()

    def note(self, number: int) -> Callable[[Any], object]:
        return lambda _: self.handled.append(number)

    def check(self, runs: bool) -> None:
        promise = self.promise
        assert promise.state != "pending"
        assert promise._reactions is None
        assert all(future.done() for future in self.futures[: 2 if runs else 1])
        if runs:
            assert self.handled == [0, 1, 2]
        assert [one.state for one in self.derived if one.state == "pending"] == []
        assert inline == {}


async def coroutine() -> int:
    return 1


class Thenable:
    def then(self, resolve: Callable[[Any], object], reject: Callable[[Any], object]) -> None:
        resolve(1)


def done_future() -> Future[int]:
    future: Future[int] = Future()
    future.set_result(1)
    return future


VALUES: dict[str, Callable[[Scene], Any]] = {
    "a value": lambda scene: 1,
    "an object": lambda scene: scene,
    "a promise": lambda scene: scene.inner.promise,
    "a settled promise": lambda scene: Promise.resolve(1),
    "a coroutine": lambda scene: coroutine(),
    "a future": lambda scene: done_future(),
    "a thenable": lambda scene: Thenable(),
}
REASONS: dict[str, Callable[[Scene], Any]] = {
    "an exception": lambda scene: ValueError(),
    "a class": lambda scene: ValueError,
    "another object": lambda scene: 404,
}


def again(scene: Scene, call: Callable[[], object]) -> None:
    call()


def reject_with_the_error(scene: Scene, call: Callable[[], object]) -> None:
    scene.functions[1](RecursionError("reported from further out"))


def drop_the_functions(scene: Scene, call: Callable[[], object]) -> None:
    pass


RETRIES = [again, reject_with_the_error, drop_the_functions]


def settle_at_every_depth(
    home: type[Script],
    call: Callable[[Scene], Callable[[], object]],
    retry: Callable[[Scene, Callable[[], object]], None],
) -> None:
    failed: list[int] = []
    with home() as place:
        for frames in FRAMES:
            scene: Scene = place.make(Scene)
            place.run()
            settle = call(scene)
            try:
                if out_of_stack(settle, frames):
                    failed.append(frames)
                    retry(scene, settle)
                del settle
                place.run()
                scene.inner.resolve(1)
                place.run()
                if retry is drop_the_functions:
                    scene.functions.clear()
                    place.run()
                scene.check(runs=home is not Ended)
            except BaseException as error:
                error.add_note(f"with {frames} frames left, after {failed}")
                raise
    assert failed == list(range(1, len(failed) + 1)), "some failure is not that of the stack"
    assert 1 < len(failed) < len(FRAMES)


@pytest.mark.parametrize("retry", RETRIES)
@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_resolve_with_little_stack_left(
    home: type[Script], value: Callable[[Scene], Any], retry: Callable[[Scene, Callable[[], object]], None]
) -> None:
    if home is Ended and value in [VALUES[name] for name in ("a coroutine", "a future", "a thenable", "a promise")]:
        pytest.skip("a job of the home that has ended would have to start it")

    def call(scene: Scene) -> Callable[[], object]:
        found, resolve = value(scene), scene.functions[0]
        return lambda: resolve(found)

    settle_at_every_depth(home, call, retry)


@pytest.mark.parametrize("retry", RETRIES)
@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS.keys())
def test_reject_with_little_stack_left(
    home: type[Script], reason: Callable[[Scene], Any], retry: Callable[[Scene, Callable[[], object]], None]
) -> None:
    def call(scene: Scene) -> Callable[[], object]:
        found, reject = reason(scene), scene.functions[1]
        return lambda: reject(found)

    settle_at_every_depth(home, call, retry)


@pytest.mark.parametrize("retry", RETRIES)
@pytest.mark.parametrize("home", HOMES[:3])
def test_cancel_with_little_stack_left(
    home: type[Script], retry: Callable[[Scene, Callable[[], object]], None]
) -> None:
    settle_at_every_depth(home, lambda scene: scene.promise.cancel, retry)


@pytest.mark.parametrize("home", HOMES[:3])
def test_cancel_with_little_stack_left_stops_the_producer_once_and_takes_along_whom_nobody_wants(
    home: type[Script],
) -> None:
    with home() as place:
        for frames in FRAMES:
            stopped: list[str] = []
            d = place.make(lambda: Promise[Any].with_resolvers(on_cancel=lambda: stopped.append("stopped")))  # noqa: B023
            promise, *functions = d
            del d
            middle = promise.then()
            last = middle.then()
            seen: list[Any] = []
            last.catch(BaseException, seen.append)
            has_failed = out_of_stack(last.cancel, frames)
            was_pending = last.state == "pending"
            assert last.cancel() == was_pending
            place.run()
            functions.clear()
            place.run()
            assert [one.state for one in (promise, middle, last)] == ["rejected"] * 3, frames
            assert len(seen) == 1
            assert len(stopped) <= 1
            if not has_failed:
                assert stopped == ["stopped"]


@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("settled", [False, True], ids=["pending", "settled"])
def test_then_with_little_stack_left(home: type[Script], settled: bool) -> None:
    with home() as place:
        for frames in FRAMES:
            d = place.make(Promise[Any].with_resolvers)
            log: list[str] = []
            d.promise.then(lambda _: log.append("before"), str)  # noqa: B023
            if settled:
                d.resolve(1)
            made: list[Promise[Any]] = []
            has_failed = out_of_stack(lambda: made.append(d.promise.then(lambda _: log.append("then"))), frames)  # noqa: B023
            made.append(d.promise.then(lambda _: log.append("after"), str))  # noqa: B023
            d.resolve(1)
            place.run()
            assert all(one.state != "pending" for one in made)
            if home is not Ended:
                assert log in (["before", "then", "after"], ["before", "after"])
                assert has_failed or "then" in log


def test_wait_with_little_stack_left() -> None:
    """What has begun and could not even tell that it failed is rejected with the error; the rest waits for the next wait."""
    lengths: set[int] = set()
    for frames in FRAMES:
        d = Promise[Any].with_resolvers()
        log: list[int] = []
        children = [d.promise.then(lambda _, n=n: log.append(n)) for n in range(4)]  # noqa: B023
        following = d.promise.then(lambda _: Promise.resolve(1).then(str))
        futures = [child.to_future() for child in children]
        d.resolve(1)
        has_failed = out_of_stack(lambda: Promise.all_settled([*children, following]).wait(PATIENCE), frames)  # noqa: B023
        lengths.add(len(log))
        Promise.all_settled([*children, following]).wait(PATIENCE)
        assert log == sorted(set(log)), "in order, and none twice"
        for number, child in enumerate(children):
            assert number in log if child.state == "fulfilled" else isinstance(child.reason, RecursionError)
        assert following.value == "1" or isinstance(following.reason, RecursionError)
        assert all(future.done() for future in futures)
        assert inline == {}
        if not has_failed:
            assert log == [0, 1, 2, 3]
    assert len(lengths) > 1


@pytest.mark.parametrize("home", HOMES)
def test_a_via_callback_with_little_stack_left(home: type[Script]) -> None:
    """The library calls again, from further out, or drops the callback."""

    with home() as place:
        for frames in FRAMES:
            d = place.make(Promise[Any].with_resolvers)
            log: list[Any] = []
            child = d.promise.then(log.append, log.append)
            callback = d.via(lambda: 1)
            if out_of_stack(callback, frames):
                callback()
            place.run()
            assert d.promise.state == "fulfilled" or isinstance(d.promise.reason, RecursionError)
            assert child.state != "pending"
            assert len(log) == (home is not Ended)
