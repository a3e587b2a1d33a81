"""Every way to settle a promise outside of a job, and what callbacks of its futures may do meanwhile."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

from promisepy import Promise, Replies, promisify

from ..fuzz.hostile import Doom
from ..support import PATIENCE, turn


class Settling(NamedTuple):
    """A promise that is pending, and what settles it outside of a job."""

    promise: Promise[Any]
    settle: Callable[[], object]


def by_resolve() -> Settling:
    d = Promise[Any].with_resolvers()
    return Settling(d.promise, lambda: d.resolve(1))


def by_reject() -> Settling:
    d = Promise[Any].with_resolvers()
    return Settling(d.promise, lambda: d.reject(ValueError))


def by_odd_arguments() -> Settling:
    d = Promise[Any].with_resolvers()
    return Settling(d.promise, lambda: d.resolve(1, 2))


def by_via() -> Settling:
    d = Promise[Any].with_resolvers()
    return Settling(d.promise, d.via(lambda: 1))


def by_failing_via() -> Settling:
    d = Promise[Any].with_resolvers()
    return Settling(d.promise, d.via(lambda: 1 / 0))


def by_executor() -> Settling:
    functions: list[Any] = []
    promise = Promise[Any](lambda resolve, reject: functions.extend([resolve, reject]))
    return Settling(promise, lambda: functions[0]("done"))


def by_callback() -> Settling:
    callbacks: list[Any] = []
    return Settling(promisify(callbacks.append)(), lambda: callbacks[0](1))


def by_cancel() -> Settling:
    promise = Promise[Any].with_resolvers(keep_alive=True).promise
    return Settling(promise, promise.cancel)


def by_dropping_the_functions() -> Settling:
    promise, *functions = Promise[Any].with_resolvers()
    return Settling(promise, functions.clear)


def by_another_thread() -> Settling:
    d, done = Promise[Any].with_resolvers(), Promise[Any].with_resolvers()
    thread = threading.Thread(target=lambda: (d.resolve(1), done.resolve(1)))

    def settle() -> None:
        thread.start()
        done.promise.wait(PATIENCE)  # handlers run here, where a callback over there may wait for them
        thread.join(PATIENCE)

    return Settling(d.promise, settle)


def by_adopted_future() -> Settling:
    future: Future[int] = Future()
    promise = Promise.resolve(future)
    turn()
    return Settling(promise, lambda: future.set_result(1))


def by_answer() -> Settling:
    replies = Replies[int, int]()
    return Settling(replies[1], lambda: replies.resolve(1, 2))


def by_failure() -> Settling:
    replies = Replies[int, int]()
    return Settling(replies[1], lambda: replies.reject(1, ValueError()))


def by_callback_of_answers() -> Settling:
    replies = Replies[int, int]()
    promise, callback = replies[1], replies.via(lambda key, value: (key, value))
    return Settling(promise, lambda: callback(1, 2))


def by_failure_of_all() -> Settling:
    replies = Replies[int, int]()
    return Settling(replies[1], lambda: replies.reject_all(ValueError()))


def by_dropping_the_table() -> Settling:
    replies = [Replies[int, int]()]
    return Settling(replies[0][1], replies.clear)


WAYS = [
    by_resolve,
    by_reject,
    by_odd_arguments,
    by_via,
    by_failing_via,
    by_executor,
    by_callback,
    by_cancel,
    by_dropping_the_functions,
    by_another_thread,
    by_adopted_future,
    by_answer,
    by_failure,
    by_callback_of_answers,
    by_failure_of_all,
    by_dropping_the_table,
]


class Scene:
    """A promise with handlers and futures on it, in the order of `log`; handlers are in `expected`, too."""

    def __init__(self, promise: Promise[Any]) -> None:
        self.promise = promise
        self.log: list[str] = []
        self.called: list[int] = []
        self.handlers: list[Promise[Any]] = []
        self.futures: list[Future[Any]] = []
        self.kept: list[object] = []

    def handle(self) -> None:
        name = str(len(self.handlers))
        self.handlers.append(self.promise.then(lambda _: self.log.append(name), lambda _: self.log.append(name)))
        self.handlers[-1].catch(BaseException, lambda error: self.log.append(repr(error)))

    def call_back(self, action: Callable[[Scene], object]) -> None:
        number, future = len(self.futures), self.promise.to_future()
        self.futures.append(future)

        def callback(done: Future[Any]) -> None:
            assert done is future
            self.called.append(number)
            action(self)

        future.add_done_callback(callback)


def do_nothing(scene: Scene) -> None:
    pass


def fail(scene: Scene) -> None:
    raise ValueError("callback")


def exit_(scene: Scene) -> None:
    sys.exit("callback")


def interrupt(scene: Scene) -> None:
    raise KeyboardInterrupt


def doom(scene: Scene) -> None:
    raise Doom("callback")


def overflow(scene: Scene) -> None:
    overflow(scene)


def wait_for_a_sibling(scene: Scene) -> None:
    scene.handlers[-1].wait(PATIENCE)


def wait_for_all(scene: Scene) -> None:
    Promise.all_settled(scene.handlers).wait(PATIENCE)


def settle_again(scene: Scene) -> None:
    assert not scene.promise.cancel()
    Promise[Any](lambda resolve, reject: resolve(scene.promise)).then(do_nothing, do_nothing)


def subscribe(scene: Scene) -> None:
    scene.kept.append(scene.promise.then(do_nothing, do_nothing))
    seen: list[Any] = []
    scene.promise.to_future().add_done_callback(seen.append)
    assert len(seen) == 1


def settle_another(scene: Scene) -> None:
    """The callbacks of that one run before its own settlement returns, although others still wait for their turn."""
    other, seen = Promise[Any].with_resolvers(), list[Any]()
    other.promise.to_future().add_done_callback(seen.append)
    other.resolve(1)
    assert len(seen) == 1


def block_until_a_thread_settles_another(scene: Scene) -> None:
    other = Promise[Any].with_resolvers()
    future = other.promise.to_future()
    thread = threading.Thread(target=other.resolve, args=[1])
    thread.start()
    assert future.result(PATIENCE) == 1
    thread.join(PATIENCE)


def collect(scene: Scene) -> None:
    gc.collect(0)


ACTIONS = [
    do_nothing,
    fail,
    exit_,
    interrupt,
    doom,
    overflow,
    wait_for_a_sibling,
    wait_for_all,
    settle_again,
    subscribe,
    settle_another,
    block_until_a_thread_settles_another,
    collect,
]
