"""Three and four threads that meet in one table of replies (S3).

They are stopped where a key is looked up, a token taken, a list changed: at fewer places than in
`test_replies_races.py`, so that more of them can be explored, and by their own calls, which `coverage` can follow.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Collection
from typing import Any

import pytest

from promisepy import Promise, Replies
from promisepy._events import replies as table

from ..support import Mainloop, observe
from ..threads.explorer import Race, explorer, step
from .test_replies_races import is_empty, outcome

pytestmark = pytest.mark.slow

Act = Callable[["Situation"], object]


class Key:
    """A key at whose look-ups an explorer may stop."""

    def __hash__(self) -> int:
        step()
        return 1


class Twins(list[Any]):
    """A list at which an explorer may stop before another twin comes and after."""

    def append(self, twin: Any, /) -> None:
        step()
        super().append(twin)
        step()


class Token(list[bool]):
    """A token at which an explorer may stop before it is taken."""

    def pop(self, *place: Any) -> bool:
        step()
        return super().pop(*place)


class Queue(deque[Any]):
    """A queue of early answers at which an explorer may stop before one is noted or forgotten."""

    def append(self, early: Any, /) -> None:
        step()
        super().append(early)

    def popleft(self) -> Any:
        step()
        return super().popleft()


class Request(table.Request):
    """A request with such twins, at which an explorer may stop when it stands in the table."""

    def __init__(self, key: Any, table: Replies[Any, Any]) -> None:
        super().__init__(key, table)
        self.twins = Twins()

    def watch(self, timeout: float | None) -> None:
        step()
        super().watch(timeout)


class Early(table.Early):
    """An early answer with such a token."""

    def __init__(self, key: Any, answer: Any) -> None:
        super().__init__(key, answer)
        self.token = Token([True])


class Situation:
    """A table, the key, and the promises that were handed out for it."""

    def __init__(self) -> None:
        self.replies: Replies[Any, str] = Replies(early=1)
        self.replies._early = Queue()
        self.key = Key()
        self.found: list[Promise[str]] = []

    def check(self) -> None:
        """Each promise is settled, or within reach of an answer; and then nothing is left."""
        waiting = {promise: None for promise in self.found if promise.state == "pending"}
        assert len(self.replies) == len(waiting)
        assert all(entry.token for entry in self.replies._entries.values()), "a used entry is left in the table"
        self.replies.resolve(self.key, "last")
        assert {outcome(promise) for promise in waiting} <= {"last"}
        self.replies.reject_all(ConnectionError())
        assert is_empty(self.replies)


def ask(situation: Situation) -> None:
    promise = situation.replies[situation.key]
    observe(promise)
    situation.found.append(promise)


def answer(situation: Situation) -> None:
    situation.replies.resolve(situation.key, "answer")


def end(situation: Situation) -> None:
    situation.replies.reject_all(ConnectionError())


def cancel(situation: Situation) -> None:
    for promise in list(situation.found):
        promise.cancel()


def ask_and_cancel(situation: Situation) -> None:
    ask(situation)
    situation.found[-1].cancel()


def push_out(situation: Situation) -> None:
    situation.replies.resolve("another key", "early")


def names(acts: tuple[Act, ...]) -> str:
    return ", ".join(act.__name__ for act in acts)


def explore(before: Act, acts: tuple[Act, ...], preemptions: int, stopped: Collection[int] | None = None) -> None:
    def make() -> Race:
        situation = Situation()
        before(situation)
        return Race([lambda act=act: act(situation) for act in acts], situation.check)  # type: ignore[misc]

    with explorer(len(acts), preemptions=preemptions, watched=frozenset(), stopped=stopped) as search:
        search.explore(make)


@pytest.fixture(autouse=True)
def stops(monkeypatch: pytest.MonkeyPatch, mainloop: Mainloop) -> None:
    monkeypatch.setattr(table, "Request", Request)
    monkeypatch.setattr(table, "Early", Early)


ACTS: list[Act] = [ask, answer, end, cancel, ask_and_cancel, push_out]
THREE = list(itertools.combinations_with_replacement(ACTS, 3))


@pytest.mark.parametrize("acts", THREE, ids=names)
@pytest.mark.parametrize("before", [bool, ask, answer], ids=lambda act: act.__name__)
def test_three(before: Act, acts: tuple[Act, ...]) -> None:
    explore(before, acts, preemptions=2)


def test_four_of_whom_one_finds_the_entry_twice_replaced() -> None:
    explore(ask, (answer, ask, ask, answer), preemptions=3, stopped=(0, 3))
