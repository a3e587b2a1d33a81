"""A stream and a list with the same policy go through the same random life, and stay equal."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from promisepy import Stream, StreamOverflow

from .library import Library

END = "the end"
POLICIES = ("error", "drop_oldest", "drop_newest", "pause", "unbounded")


class Model:
    """What a stream is meant to be."""

    def __init__(self, policy: str, maxsize: int) -> None:
        self.policy = policy
        self.maxsize = maxsize
        self.waiting: list[int] = []
        self.is_ended = False
        self.error: type[Exception] | None = None
        self.dropped = 0
        self.calls: list[str] = []

    @property
    def is_paused(self) -> bool:
        return self.calls[-1:] == ["pause"]

    def emit(self, event: int) -> None:
        if self.is_ended:
            return
        if self.policy not in ("pause", "unbounded") and len(self.waiting) == self.maxsize:
            if self.policy == "error":
                self.end(StreamOverflow)
                return
            self.dropped += 1
            if self.policy == "drop_newest":
                return
            self.waiting.pop(0)
        self.waiting.append(event)
        if self.policy == "pause" and len(self.waiting) >= self.maxsize and not self.is_paused:
            self.calls.append("pause")

    def end(self, error: type[Exception] | None = None) -> None:
        if not self.is_ended:
            self.is_ended, self.error = True, error

    def close(self) -> None:
        self.is_ended = True
        self.waiting.clear()

    def take(self) -> object:
        """Give an event, or the error, or the end."""
        if not self.waiting:
            assert self.is_ended
            error, self.error = self.error, None
            return END if error is None else error
        event = self.waiting.pop(0)
        if self.is_paused and not self.is_ended and len(self.waiting) <= self.maxsize // 2:
            self.calls.append("resume")
        return event


async def take_now(events: Stream[int]) -> object:
    try:
        return await anext(events, END)
    except Exception as error:
        return type(error)


class Agreement(RuleBasedStateMachine):
    """The stream belongs to a loop that is turned by hand; at most one task waits for an event."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.library = Library()
        self.calls: list[str] = []
        self.task: asyncio.Task[object] | None = None
        self.numbers = itertools.count()
        self.log: list[object] = []
        self.expected: list[object] = []

    @initialize(policy=st.sampled_from(POLICIES), maxsize=st.integers(1, 5))
    def open(self, policy: str, maxsize: int) -> None:
        self.model = Model(policy, maxsize)
        pair = (lambda: self.calls.append("pause"), lambda: self.calls.append("resume"))

        async def make() -> Stream[int]:
            return self.library.stream(
                maxsize=None if policy == "unbounded" else maxsize,
                on_full={"pause": pair, "unbounded": "error"}.get(policy, policy),
            )

        self.events = self.runner.run(make())

    def turn(self) -> None:
        """Let the loop do what it has to do; a task that waits gets what there is."""
        for _ in range(4):
            self.runner.run(asyncio.sleep(0))
        if self.task is not None and self.task.done():
            self.log.append(self.task.result())
            self.expected.append(self.model.take())
            self.task = None
        assert self.task is None or not (self.model.waiting or self.model.is_ended), "a consumer sleeps on"

    @rule(count=st.integers(1, 7))
    def emit(self, count: int) -> None:
        for number in itertools.islice(self.numbers, count):
            self.library.emitter.emit(number)
            self.model.emit(number)

    @precondition(lambda self: self.task is None and (self.model.waiting or self.model.is_ended))
    @rule(count=st.integers(1, 4))
    def take_in_a_script(self, count: int) -> None:
        for _ in range(count):
            if self.model.waiting or self.model.is_ended:
                try:
                    self.log.append(next(self.events, END))
                except Exception as error:
                    self.log.append(type(error))
                self.expected.append(self.model.take())

    @precondition(lambda self: self.task is None)
    @rule(at_once=st.booleans())
    def take_in_a_task(self, at_once: bool) -> None:
        self.task = self.runner.get_loop().create_task(take_now(self.events))
        if at_once:
            self.turn()

    @rule()
    def turn_the_loop(self) -> None:
        self.turn()

    @precondition(lambda self: self.task is not None)
    @rule()
    def cancel_the_task(self) -> None:
        assert self.task is not None
        self.task.cancel()
        self.runner.run(asyncio.wait([self.task]))
        assert self.task.cancelled(), "it had not run since there was something to take"
        self.task = None

    @rule(error=st.sampled_from([OSError, LookupError]))
    def fail(self, error: type[Exception]) -> None:
        self.library.emitter.fail(error("the library"))
        self.model.end(error)

    @rule()
    def end(self) -> None:
        self.library.emitter.close()
        self.model.end()

    @precondition(lambda self: self.model.error is None)
    @rule()
    def close(self) -> None:
        self.events.close()
        self.model.close()
        assert len(self.library.tokens) == 1

    @invariant()
    def both_tell_the_same(self) -> None:
        assert self.log == self.expected
        assert self.events.dropped == self.model.dropped
        assert len(self.library.tokens) <= 1
        if not self.model.is_ended:
            assert self.calls == self.model.calls

    def teardown(self) -> None:
        if hasattr(self, "events"):
            self.library.emitter.close()
            self.model.end()
            self.turn()
            assert len(self.library.tokens) == 1
            self.take_in_a_script(len(self.model.waiting) + 2)
            self.both_tell_the_same()
        self.runner.close()


TestAgreement: Any = Agreement.TestCase
TestAgreement.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
