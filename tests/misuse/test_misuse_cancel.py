"""Wrong calls of what cancels, waits, limits and holds: each says what was expected, what came, and what to write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Convention, Promise, promisify, using


class Sample:
    """Something with a short repr that is no function."""

    def __repr__(self) -> str:
        return "Sample()"


def settle(resolve: Any, reject: Any) -> None:
    resolve(1)


def text(number: int) -> str:
    return str(number)


FUNCTION = "on_cancel expected a function without parameters, got {}"
SECONDS = "Promise.{}() expected a number of seconds, got {}: write {}"
LIMIT = "Promise.map() expected limit to be a number, 1 or more, or None, got {}: write limit=10"
ITEMS = (
    "Promise.map() expected an iterable of items after the function, got {}: write Promise.map(fetch, [url, other_url])"
)

CALLS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: Promise(settle, on_cancel=Sample()), TypeError, FUNCTION.format("Sample()")),
    (lambda: Promise.with_resolvers(on_cancel=Sample()), TypeError, FUNCTION.format("Sample()")),
    (lambda: Promise.create(text, on_cancel=Sample()), TypeError, FUNCTION.format("Sample()")),
    (lambda: Promise.with_resolvers().on_cancel(Sample()), TypeError, FUNCTION.format("Sample()")),
    (lambda: Promise.with_resolvers().on_cancel(None), TypeError, FUNCTION.format("None")),
    (lambda: Promise.resolve(1).timeout("1"), TypeError, SECONDS.format("timeout", "'1'", "timeout(2.5)")),
    (lambda: Promise.resolve(1).timeout(None), TypeError, SECONDS.format("timeout", "None", "timeout(2.5)")),
    (lambda: Promise.resolve(1).timeout(True), TypeError, SECONDS.format("timeout", "True", "timeout(2.5)")),
    (lambda: Promise.delay("1"), TypeError, SECONDS.format("delay", "'1'", "delay(2.5)")),
    (lambda: Promise.delay(float("nan")), TypeError, SECONDS.format("delay", "nan", "delay(2.5)")),
    (lambda: Promise.map(text, [1], limit=0), ValueError, LIMIT.format("0")),
    (lambda: Promise.map(text, [1], limit=-1), ValueError, LIMIT.format("-1")),
    (lambda: Promise.map(text, [1], limit=1.5), TypeError, LIMIT.format("1.5")),
    (lambda: Promise.map(text, [1], limit=True), TypeError, LIMIT.format("True")),
    (lambda: Promise.map(text, Sample()), TypeError, ITEMS.format("Sample()")),
    (lambda: Promise.map(text, Promise.resolve([1])), TypeError, ITEMS.format("<Promise fulfilled: [1]>")),
    (lambda: Promise.map([1], text), TypeError, "Promise.map() expected a function of one item, got [1]"),
    (lambda: Promise.map(Sample(), [1]), TypeError, "Promise.map() expected a function of one item, got Sample()"),
    (lambda: using(Promise.resolve(1), Sample()), TypeError, "using() expected a function that takes the resource"),
    (lambda: promisify(settle, cancel=Sample()), TypeError, "promisify() expected cancel to be a function"),
    (lambda: promisify(settle, style=Convention(cancel=Sample())), TypeError, "promisify() expected cancel"),
]


@pytest.mark.parametrize(("call", "error", "message"), CALLS)
def test_wrong_call_is_refused_at_once(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(message)


def test_a_refused_on_cancel_leaves_the_promise_as_it_was() -> None:
    d = Promise[int].with_resolvers()
    with pytest.raises(TypeError):
        d.on_cancel(5)  # type: ignore[arg-type]
    d.resolve(1)
    assert d.promise.wait() == 1


def test_a_refused_executor_s_on_cancel_does_not_start_the_work() -> None:
    started: list[str] = []
    with pytest.raises(TypeError):
        Promise(lambda resolve, reject: started.append("work"), on_cancel=5)  # type: ignore[arg-type]
    assert started == []
