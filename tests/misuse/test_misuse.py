"""Wrong calls: the message says what was expected, what came, what to write instead; nothing is half done.

Each case is called with a fulfilled, a pending and a rejected promise. The promise works as before, nothing
refers to it that did not before, nothing is reported, and settings are what they were.
"""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from promisepy import (
    Promise,
    Report,
    debug,
    set_host,
    set_report_hook,
)

EXECUTOR = "Promise() expected a function (resolve, reject)"


class Sample:
    """Something with a short repr that is no function."""

    def __repr__(self) -> str:
        return "Sample()"


class Silent:
    """Something whose repr fails."""

    def __repr__(self) -> str:
        raise ValueError("no repr")


async def later(value: object = None) -> object:
    return value


async def later_executor(resolve: object, reject: object) -> None: ...


def handler(reason: object) -> object:
    return reason


class Case(NamedTuple):
    """A wrong call of a promise, and the answer."""

    name: str
    call: Callable[[Promise[Any]], object]
    message: str
    error: type[Exception] = TypeError


CONSTRUCTOR = [
    Case(
        "Promise(5)",
        lambda p: Promise(5),
        f"{EXECUTOR}, got 5: write Promise.resolve(value) for a value",
    ),
    Case(
        "Promise(None)",
        lambda p: Promise(None),
        f"{EXECUTOR}, got None: write Promise.resolve(value) for a value",
    ),
    Case(
        "Promise(async def)",
        lambda p: Promise(later_executor),
        f"{EXECUTOR}, got a coroutine function: write Promise.resolve(coroutine())",
    ),
    Case(
        "Promise(a thing whose repr fails)",
        lambda p: Promise(Silent()),
        f"{EXECUTOR}, got <Silent instance at",
    ),
    Case(
        "Promise.try_(5)",
        lambda p: Promise.try_(5),
        "Promise.try_() expected a function, got 5: pass the function itself, such as print",
    ),
    Case(
        "Promise.reject(5)",
        lambda p: Promise.reject(5),
        "Promise.reject() expected an exception, got 5: write Promise.reject(ValueError('what went wrong'))",
    ),
    Case(
        "Promise.reject('text')",
        lambda p: Promise.reject("text"),
        "Promise.reject() expected an exception, got 'text': write Promise.reject(ValueError('what went wrong'))",
    ),
    Case(
        "Promise.reject(promise)",
        lambda p: Promise.reject(Sample()),
        "Promise.reject() expected an exception, got Sample(): write Promise.reject(ValueError('what went wrong'))",
    ),
]

CHAINING = [
    Case(
        "then(5)",
        lambda p: p.then(5),
        "Promise.then() expected a function or None, got 5: pass the function itself, such as print",
    ),
    Case(
        "then(None, 5)",
        lambda p: p.then(None, 5),
        "Promise.then() expected a function or None, got 5: pass the function itself, such as print",
    ),
    Case(
        "then(print, Sample())",
        lambda p: p.then(print, Sample()),
        "Promise.then() expected a function or None, got Sample(): pass the function itself, such as print",
    ),
    Case(
        "then(three handlers)",
        lambda p: p.then(print, print, print),
        "Promise.then() takes from 1 to 3 positional arguments but 4 were given",
    ),
    Case(
        "catch()",
        lambda p: p.catch(),
        "Promise.catch() expected a function, or exception types and a function, got catch(): "
        "write catch(handler) or catch(ValueError, handler)",
    ),
    Case(
        "catch(5)",
        lambda p: p.catch(5),
        "Promise.catch() expected a function, or exception types and a function, got catch(5): "
        "write catch(handler) or catch(ValueError, handler)",
    ),
    Case(
        "catch(None)",
        lambda p: p.catch(None),
        "Promise.catch() expected a function, or exception types and a function, got catch(None): "
        "write catch(handler) or catch(ValueError, handler)",
    ),
    Case(
        "catch(ValueError, None)",
        lambda p: p.catch(ValueError, None),
        "Promise.catch() expected a function, or exception types and a function, "
        "got catch(<class 'ValueError'>, None): write catch(handler) or catch(ValueError, handler)",
    ),
    Case(
        "catch(ValueError, OSError, handler)",
        lambda p: p.catch(ValueError, OSError, Sample()),
        "Promise.catch() expected a function, or exception types and a function, "
        "got catch(<class 'ValueError'>, <class 'OSError'>, Sample()): "
        "write catch(handler) or catch(ValueError, handler)",
    ),
    *[
        Case(
            f"catch({types!r}, handler)",
            lambda p, types=types: p.catch(types, handler),
            "Promise.catch() expected an exception class or a tuple of them as its first of two arguments, "
            f"got {types!r}: write catch(ValueError, handler) or catch((ValueError, OSError), handler)",
        )
        for types in ("x", 5, int, (), (ValueError, 3), [ValueError], ValueError())
    ],
    Case(
        "finally_(None)",
        lambda p: p.finally_(None),
        "Promise.finally_() expected a function, got None: pass the function itself, such as print",
    ),
    Case(
        "finally_(5)",
        lambda p: p.finally_(5),
        "Promise.finally_() expected a function, got 5: pass the function itself, such as print",
    ),
]

COMBINING = [
    *[
        Case(
            f"{name}(p, q)",
            lambda p, name=name: getattr(Promise, name)(p, p),
            f"Promise.{name}() expected one iterable, got 2 arguments: write Promise.{name}([p, q])",
        )
        for name in ("all", "all_settled", "any", "race")
    ],
    Case(
        "all()",
        lambda p: Promise.all(),
        "Promise.all() expected one iterable, got 0 arguments: write Promise.all([p, q])",
    ),
    *[
        Case(
            f"{name}([...])",
            lambda p, name=name: getattr(Promise, name)([1]),
            f"Promise.{name}() expected a mapping, got [1]: write Promise.{name}({{'key': promise}})",
        )
        for name in ("all_keyed", "all_settled_keyed")
    ],
]


def unpack(p: Promise[Any]) -> None:
    first, second = p
    del first, second


def enter(p: Promise[Any]) -> None:
    with p:
        pass


NO_VALUE = [
    Case(
        "if p:",
        lambda p: 1 if p else 2,
        "a promise has no truth value: await it, or compare promise.state == 'fulfilled'",
    ),
    Case(
        "not p",
        lambda p: not p,
        "a promise has no truth value: await it, or compare promise.state == 'fulfilled'",
    ),
    Case(
        "for x in p",
        list,
        "a promise is not iterable: await it, or iterate over promise.wait()",
    ),
    Case("first, second = p", unpack, "a promise is not iterable: await it, or iterate over promise.wait()"),
    Case(
        "with p:",
        enter,
        "a promise is not a context manager: write with await promise, or with promise.wait()",
    ),
    *[
        Case(
            f"{function.__module__}.{function.__name__}(p)",
            function,
            "a promise cannot be copied or pickled, it is bound to its home: await it and pass on the value",
        )
        for function in (copy.copy, copy.deepcopy, pickle.dumps)
    ],
    Case("p + 1", lambda p: p + 1, "unsupported operand type(s) for +: 'Promise' and 'int'"),
    Case("p[0]", lambda p: p[0], "'Promise' object is not subscriptable"),
    Case("len(p)", len, "object of type 'Promise' has no len()"),
    Case("p()", lambda p: p(), "'Promise' object is not callable"),
    Case(
        "p.value = 1",
        lambda p: setattr(p, "value", 1),
        "property 'value' of 'Promise' object has no setter",
        AttributeError,
    ),
]

WAITING = [
    *[
        Case(
            f"wait({timeout!r})",
            lambda p, timeout=timeout: p.wait(timeout),
            f"Promise.wait() expected a timeout in seconds or None, got {timeout!r}: write timeout=2.5",
        )
        for timeout in ("5", True, float("nan"), [1])
    ],
    Case(
        "wait(pump=5)",
        lambda p: p.wait(pump=5),
        "Promise.wait(pump=) expected a function or None, got 5: pass the function itself, such as print",
    ),
]

SETTINGS = [
    Case(
        "set_host(5)",
        lambda p: set_host(5),
        "set_host() expected an object with a method post(drain), got 5: write set_host(mainloop), where mainloop.post(drain) has the loop call drain() soon",
    ),
    Case(
        "set_host(Sample())",
        lambda p: set_host(Sample()),
        "set_host() expected an object with a method post(drain), got Sample(): write set_host(mainloop), where mainloop.post(drain) has the loop call drain() soon",
    ),
    Case(
        "set_report_hook(5)",
        lambda p: set_report_hook(5),
        "set_report_hook() expected a function or None, got 5: write set_report_hook(reports.append)",
    ),
    Case(
        "debug.enable(True)",
        lambda p: debug.enable(True),
        "enable() takes 0 positional arguments but 1 was given",
    ),
]

CASES = [*CONSTRUCTOR, *CHAINING, *COMBINING, *NO_VALUE, *WAITING, *SETTINGS]
# Python words these, or they ask for nothing that could be written otherwise.
WITHOUT_ADVICE = {
    "then(three handlers)",
    "debug.enable(True)",
    "set_host(5)",
    "set_host(Sample())",
    "set_report_hook(5)",
}


@pytest.fixture(autouse=True)
def settings_stay(reports: list[Report]) -> Iterator[None]:
    """Check after each wrong call that hook and host are what they were, and that nothing was lost."""
    hook = set_report_hook(None)
    set_report_hook(hook)
    yield
    Promise.resolve().wait()
    assert set_host(None) is None
    assert set_report_hook(hook) is hook
    assert reports == []


def references_to(promise: Promise[Any]) -> int:
    return sys.getrefcount(promise) - 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_message_is_exact_and_a_fulfilled_promise_goes_on(case: Case) -> None:
    promise = Promise.resolve(["value"])
    before = references_to(promise)
    with pytest.raises(case.error) as caught:
        case.call(promise)
    assert str(caught.value).startswith(case.message)
    assert "Silent" in case.message or str(caught.value) == case.message
    del caught
    assert promise.state == "fulfilled"
    assert references_to(promise) == before
    assert promise.then(len).wait(timeout=5) == 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_pending_promise_goes_on(case: Case) -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    with pytest.raises(case.error):
        case.call(promise)
    assert promise.state == "pending"
    resolve("value")
    assert promise.wait(timeout=5) == "value"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_rejected_promise_goes_on(case: Case) -> None:
    promise = Promise[Any](lambda resolve, reject: reject(KeyError("reason")))
    with pytest.raises(case.error) as caught:
        case.call(promise)
    assert str(caught.value).startswith(case.message)
    assert promise.catch(KeyError, lambda error: error.args).wait(timeout=5) == ("reason",)


@pytest.mark.parametrize("case", [*CONSTRUCTOR, *CHAINING, *COMBINING, *SETTINGS], ids=lambda case: case.name)
def test_message_has_three_parts(case: Case) -> None:
    expected, _, rest = case.message.partition(", got ")
    if case.name in WITHOUT_ADVICE or "Silent" in rest:
        return
    assert "expected " in expected
    assert ": " in rest


@pytest.mark.parametrize("case", [*NO_VALUE[:5], *WAITING], ids=lambda case: case.name)
def test_message_says_what_to_write_instead(case: Case) -> None:
    assert ": await it" in case.message or ": write " in case.message or ": pass " in case.message


def test_twenty_five_wrong_calls_are_told_apart() -> None:
    assert len({case.message for case in CASES}) >= 25
