"""What a library learns that asks a callback of `via` for its parameters: those of the function that it stands for."""

from __future__ import annotations

import copy
import functools
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise, Replies, stream
from promisepy._core.outcomes import LateSignature

Via = Callable[[Callable[..., Any]], Callable[..., Any]]


def via_of_resolvers(fn: Callable[..., Any]) -> Callable[..., Any]:
    return Promise[Any].with_resolvers().via(fn)


def via_of_stream(fn: Callable[..., Any]) -> Callable[..., Any]:
    made: list[Callable[..., Any]] = []
    stream(lambda s: made.append(s.via(fn)))
    return made[0]


def via_of_replies(fn: Callable[..., Any]) -> Callable[..., Any]:
    return Replies[Any, Any]().via(fn)


by_via = pytest.mark.parametrize("via", [via_of_resolvers, via_of_stream, via_of_replies])


def plain(event: str, more: int = 0, *rest: int, named: bool, **others: int) -> str:
    return event


class Bound:
    def method(self, event: str) -> str:
        return event

    def __call__(self, one: int, two: int) -> int:
        return one + two


FUNCTIONS: list[Callable[..., Any]] = [
    plain,
    lambda: 0,
    Bound().method,
    Bound(),
    functools.partial(plain, "event"),
    len,
]


@by_via
@pytest.mark.parametrize("fn", FUNCTIONS)
def test_inspect_shows_the_parameters_of_the_function(via: Via, fn: Callable[..., Any]) -> None:
    shown = inspect.signature(via(fn))
    assert list(shown.parameters.values()) == list(inspect.signature(fn).parameters.values())
    assert shown.return_annotation is inspect.Signature.empty


@by_via
@pytest.mark.parametrize("fn", FUNCTIONS)
def test_each_way_of_asking_gives_the_same_answer(via: Via, fn: Callable[..., Any]) -> None:
    asked, expected = inspect.getfullargspec(via(fn)), inspect.getfullargspec(fn)
    if inspect.ismethod(fn):  # `getfullargspec` shows its `self`, too
        expected.args.pop(0)
    elif not inspect.isroutine(fn) and not isinstance(fn, functools.partial):
        expected.args.remove("self")
    assert asked._replace(annotations={}) == expected._replace(annotations={})


@by_via
def test_a_library_that_binds_before_it_calls_finds_out_how_many_arguments_to_pass(via: Via) -> None:
    callback = via(lambda event: event)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        inspect.getcallargs(callback)  # as gpiozero asks
    assert inspect.getcallargs(callback, 1) == {"event": 1}
    assert len(inspect.signature(callback).parameters) == 1  # as dbus-fast and pynput ask


@by_via
@pytest.mark.parametrize("fn", [int, print, dict.fromkeys, max])
def test_a_function_that_does_not_tell_shows_one_that_takes_anything(via: Via, fn: Callable[..., Any]) -> None:
    try:
        expected = str(inspect.signature(fn))
    except ValueError:
        expected = "(*arguments, **named)"
    assert str(inspect.signature(via(fn))).partition(" ->")[0] == expected.partition(" ->")[0]


@by_via
def test_it_still_takes_any_arguments_and_never_raises(via: Via, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[tuple[Any, ...]] = []

    def fn(*arguments: Any, **named: Any) -> tuple[Any, Any]:
        seen.append((arguments, named))
        return arguments, named

    callback = via(fn)
    assert (callback(), callback(1, 2), callback(key=3)) == (None, None, None)
    assert seen == [((), {}), ((1, 2), {}), ((), {"key": 3})]


def test_a_promise_is_rejected_if_the_library_passes_another_number() -> None:
    d = Promise[int].with_resolvers()
    d.via(lambda event: event)(1, 2)
    assert isinstance(d.promise.reason, TypeError)


def test_nothing_is_read_before_somebody_asks() -> None:
    class Asked:
        asked = 0

        def __call__(self) -> None: ...

        @property
        def __signature__(self) -> inspect.Signature:
            Asked.asked += 1
            return inspect.Signature()

    callback = via_of_resolvers(Asked())
    assert Asked.asked == 0
    assert str(inspect.signature(callback)) == str(inspect.signature(callback)) == "()"
    assert Asked.asked == 1


class TestTheSignature:
    """It is one like any other."""

    def test_equals_that_of_the_function(self) -> None:
        def fn(event: int) -> None: ...

        shown = inspect.signature(via_of_resolvers(fn)).replace(return_annotation=None)
        assert shown == inspect.signature(fn, eval_str=False).replace(return_annotation=None)
        assert hash(shown) == hash(inspect.signature(fn).replace(return_annotation=None))

    def test_can_be_copied_changed_and_bound(self) -> None:
        shown = inspect.signature(via_of_resolvers(plain))
        assert str(copy.copy(shown)) == str(shown)
        assert str(pickle.loads(pickle.dumps(shown))) == str(shown)
        assert str(shown.replace(parameters=[])) == "()"
        assert shown.bind("event", named=True).arguments == {"event": "event", "named": True}

    def test_has_no_other_attributes(self) -> None:
        shown = inspect.signature(via_of_resolvers(plain))
        assert type(shown) is LateSignature
        assert not hasattr(shown, "nothing")
        assert not hasattr(shown.replace(), "nothing")
