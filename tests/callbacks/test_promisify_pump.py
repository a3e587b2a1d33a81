"""`promisify(pump=)`: a library that must be polled is polled for as long as somebody waits for it, and no longer."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import BrokenPromise, Promise, Report, promisify, set_host

from ..support import PATIENCE, on_a_thread, turn
from .helpers import here, on_a_loop, reason_of, value_of

Callback = Callable[..., Any]


class Polled:
    """Delivers one answer at every `delay`-th poll, as Kafka clients do: on the thread that polls."""

    def __init__(self, delay: int = 1) -> None:
        self.delay = delay
        self.polls = 0
        self.threads: set[int] = set()
        self.waiting: deque[tuple[str, Callback]] = deque()
        self.failure: BaseException | None = None

    def send(self, key: str, callback: Callback) -> None:
        self.waiting.append((key, callback))

    def poll(self) -> None:
        self.polls += 1
        self.threads.add(here())
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        if self.waiting and self.polls % self.delay == 0:
            key, callback = self.waiting.popleft()
            callback(key.upper())


def a_while() -> Promise[None]:
    """Take time for many polls, should somebody poll."""
    return Promise[None].create(lambda d: threading.Timer(0.06, d.resolve).start())


def test_a_script_polls_in_wait_until_the_answer_has_come_and_no_further() -> None:
    library = Polled(delay=3)
    send = promisify(library.send, pump=library.poll)
    promise = send("a")
    assert library.polls == 0
    assert value_of(promise) == "A"
    assert library.polls == 3
    value_of(a_while())
    assert library.polls == 3
    assert value_of(send("b")) == "B"
    assert library.polls == 6
    assert library.threads == {here()}


def test_a_loop_polls_on_its_own_thread_and_does_its_other_work_in_between() -> None:
    library = Polled(delay=3)
    turns: list[int] = []

    async def count() -> None:
        while True:
            turns.append(library.polls)
            await asyncio.sleep(0)

    async def main() -> None:
        counting = asyncio.create_task(count())
        assert await promisify(library.send, pump=library.poll)("a") == "A"
        assert library.polls == 3
        await a_while()
        assert library.polls == 3
        counting.cancel()

    on_a_loop(main())
    assert {1, 2} <= set(turns)
    assert library.threads == {here()}


def test_promises_that_wait_together_share_their_polls() -> None:
    library = Polled()
    send = promisify(library.send, pump=library.poll)
    promises = [send(str(number)) for number in range(20)]
    assert [value_of(promise) for promise in promises] == [str(number) for number in range(20)]
    assert library.polls == 20


def test_an_answer_before_the_first_poll_needs_none() -> None:
    library = Polled()
    send = promisify(lambda callback: callback("at once"), pump=library.poll)
    assert value_of(send()) == "at once"
    turn()
    assert library.polls == 0


def test_every_home_polls_for_itself_on_its_own_thread() -> None:
    library = Polled()
    send = promisify(library.send, pump=library.poll)

    async def main() -> str:
        answer: str = await send("loop")
        return answer

    assert value_of(send("script")) == "SCRIPT"
    assert library.threads == {here()}
    assert on_a_thread(lambda: value_of(send("thread"))) == "THREAD"
    assert len(library.threads) == 2
    assert on_a_loop(main()) == on_a_loop(main()) == "LOOP"
    assert on_a_thread(lambda: on_a_loop(main())) == "LOOP"
    assert not library.waiting


def test_an_answer_from_another_thread_ends_the_polling_as_well() -> None:
    library = Polled(delay=10**9)
    polled = threading.Event()

    def poll() -> None:
        library.poll()
        polled.set()

    def answer() -> None:
        assert polled.wait(PATIENCE)
        library.waiting.popleft()[1]("from a thread")

    thread = threading.Thread(target=answer)
    promise = promisify(library.send, pump=poll)("a")
    thread.start()
    assert value_of(promise) == "from a thread"
    polls = library.polls
    value_of(a_while())
    assert library.polls == polls
    thread.join()


def test_what_a_poll_raises_rejects_those_that_wait_and_nobody_else(reports: list[Report]) -> None:
    library, other = Polled(), Polled()
    send = promisify(library.send, pump=library.poll)
    bystander = promisify(other.send, pump=other.poll)("x")
    first, second = send("a"), send("b")
    library.failure = error = ConnectionError("lost")
    assert reason_of(first) is reason_of(second) is error
    assert value_of(bystander) == "X"
    library.waiting.clear()
    assert value_of(send("c")) == "C"
    gc.collect()
    assert reports == []


def test_callbacks_that_a_poll_drops_break_their_promises() -> None:
    library = Polled()
    send = promisify(library.send, pump=lambda: library.waiting.clear())
    assert type(reason_of(send("a"))) is BrokenPromise
    assert type(reason_of(send("b"))) is BrokenPromise


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_poll_is_raised_and_the_next_call_polls_again(kind: type[BaseException]) -> None:
    library = Polled()
    send = promisify(library.send, pump=library.poll)
    library.failure = kind()
    promise = send("a")
    with pytest.raises(kind):
        promise.wait(timeout=PATIENCE)
    assert type(promise.reason) is kind
    library.waiting.clear()
    assert value_of(send("b")) == "B"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_poll_ends_a_wait_for_another_promise_as_well(kind: type[BaseException]) -> None:
    library = Polled()
    library.failure = kind()
    handled = promisify(library.send, pump=library.poll)("a").catch(BaseException, lambda error: type(error))
    other, resolve, _ = Promise[str].with_resolvers()
    with pytest.raises(kind):
        other.wait(timeout=PATIENCE)
    resolve("goes on")
    assert (value_of(other), value_of(handled)) == ("goes on", kind)


def test_polls_get_rarer_while_nothing_is_delivered_and_frequent_when_something_is() -> None:
    """Counted by their pauses, of which the whole wait is made, so a slow machine can only poll less."""
    library = Polled(delay=10**9)
    promise = promisify(library.send, pump=library.poll)("a")
    Promise.delay(0.5).wait(timeout=PATIENCE)
    # 1, 2, 4, 8, 16 and then 20 ms; one each millisecond would be 400 and more.
    assert 1 < library.polls < 60
    library.delay = 1
    assert value_of(promise) == "A"


def test_a_loop_that_is_closed_while_somebody_waits_leaves_polling_to_the_next(reports: list[Report]) -> None:
    library = Polled(delay=10**9)
    send = promisify(library.send, pump=library.poll)

    async def ask() -> Promise[str]:
        return send("a")

    with asyncio.Runner() as runner:
        forgotten = runner.run(ask())
    library.delay = 1
    library.waiting.clear()
    assert value_of(send("b")) == "B"

    async def ask_again() -> None:
        assert await send("c") == "C"

    on_a_loop(ask_again())
    assert type(forgotten.reason) is BrokenPromise
    gc.collect()
    assert reports == []


def test_a_handler_may_wait_for_another_polled_answer() -> None:
    library = Polled(delay=2)
    send = promisify(library.send, pump=library.poll)
    assert value_of(send("a").then(lambda value: value_of(send("b")) + value)) == "BA"


def test_a_poll_may_ask_again() -> None:
    library = Polled()

    def poll() -> None:
        library.poll()
        if library.polls == 1:
            again.append(send("b"))

    again: list[Promise[str]] = []
    send = promisify(library.send, pump=poll)
    assert value_of(send("a")) == "A"
    assert value_of(again[0]) == "B"


def test_a_poll_that_drops_another_callback_and_raises_breaks_that_promise_and_rejects_the_other() -> None:
    library = Polled()

    def poll() -> None:
        del library.waiting[0]
        raise error

    error = ConnectionError("lost")
    send = promisify(library.send, pump=poll)
    first, second = send("a"), send("b")
    assert type(reason_of(first)) is BrokenPromise
    assert reason_of(second) is error


def test_a_poll_that_fails_before_the_call_has_begun_rejects() -> None:
    """Under a host that runs at once what its own thread posts."""

    class Eager:
        def post(self, drain: Callable[[], object]) -> None:
            if here() == thread:
                drain()

    library, thread = Polled(), here()
    library.failure = error = ConnectionError("lost")
    previous = set_host(Eager())
    try:
        promise = promisify(library.send, pump=library.poll, keep_alive=True)("a")
    finally:
        set_host(previous)
    library.poll()  # what it calls back with comes too late
    assert reason_of(promise) is error
