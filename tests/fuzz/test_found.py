"""What the fuzzing has found, one test each."""

from __future__ import annotations

import gc
import math
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from unittest.mock import Mock

import pytest

from promisepy import (
    BrokenPromise,
    CallbackError,
    Cancelled,
    Emitter,
    Promise,
    Replies,
    Report,
    debug,
    promisify,
    register_adoptable,
    set_host,
    set_report_hook,
    stream,
)

from .hostile import (
    Doom,
    DoomsInInit,
    Lies,
    MakesNumbers,
    OfNameless,
    Opaque,
    Pretending,
    Trap,
    raising,
    trapped,
)

CLASSLESS = trapped(Trap, ("__class__",))
NO_TRUTH = trapped(Trap, ("__bool__",))()


@pytest.fixture
def shown() -> Iterator[list[BaseException]]:
    """Collect what goes to `sys.unraisablehook`."""
    errors: list[BaseException] = []
    previous, sys.unraisablehook = sys.unraisablehook, lambda args: errors.append(args.exc_value)
    yield errors
    sys.unraisablehook = previous


def rejected(reason: Any) -> BaseException | None:
    promise, _, reject = Promise[int].with_resolvers()
    reject(reason)
    return promise.reason


def raised_by(make: Callable[[], Promise[Any]]) -> BaseException | None:
    """Wait; by hand, since pytest looks at the attributes of what is raised."""
    try:
        make().wait(1)
    except BaseException as error:
        return error
    return None


@pytest.mark.parametrize("make", [CLASSLESS, lambda: Lies(type), lambda: Mock(spec=type), lambda: OfNameless()])
def test_reject_wraps_what_cannot_be_looked_at(make: Callable[[], Any]) -> None:
    reason = make()
    error = rejected(reason)
    assert isinstance(error, CallbackError)
    assert error.arguments[0] is reason


def test_reject_with_a_class_that_makes_no_exception_says_so() -> None:
    error = rejected(MakesNumbers)
    assert isinstance(error, CallbackError)
    assert error.arguments == (MakesNumbers,)


def test_reject_with_a_class_that_cannot_be_instantiated_rejects_with_its_failure() -> None:
    assert isinstance(rejected(DoomsInInit), Doom)


def test_resolve_shows_arguments_whose_repr_fails_in_any_way() -> None:
    promise, resolve, _ = Promise[Any].with_resolvers()
    resolve(trapped(Doom, ("__repr__",))(), 2)  # type: ignore[call-overload]  # the wrong number of values
    assert isinstance(promise.reason, CallbackError)


@pytest.mark.parametrize("kind", [Opaque, Pretending, trapped(Doom, ("__class__",), (Exception,))])
def test_an_exception_whose_attributes_are_of_no_use_is_a_reason(kind: Callable[[int], Exception]) -> None:
    error = kind(1)

    def fail(*_: object) -> None:
        raise error

    def called_back() -> Promise[Any]:
        d = Promise[Any].with_resolvers()
        d.via(fail)()
        return d.promise

    ways: dict[str, Callable[[], Promise[Any]]] = {
        "reject": lambda: Promise.reject(error),
        "via": called_back,
        "executor": lambda: Promise(fail),
        "handler": lambda: Promise.resolve().then(fail),
        "try_": lambda: Promise.try_(fail),
        "map": lambda: Promise.map(fail, [1]),
        "promisify": lambda: promisify(fail)(),
        "finally_": lambda: Promise.reject(error).finally_(bool),
        "adoption": lambda: Promise.resolve(1).then(lambda _: Promise.reject(error)),
        "iterator": lambda: Promise.all(map(fail, [1])),
    }
    assert [name for name, make in ways.items() if raised_by(make) is not error] == []


@pytest.mark.parametrize("spec", [Cancelled, ValueError])
def test_cancel_with_a_mock_of_an_exception_holds_it(spec: type) -> None:
    promise = Promise[int].with_resolvers(keep_alive=True).promise
    assert promise.cancel(Mock(spec=spec))
    assert type(promise.reason) is Cancelled
    assert promise.reason.__cause__ is None


def test_what_a_future_s_callback_raises_does_not_keep_the_handlers_from_running(shown: list[BaseException]) -> None:
    promise, resolve, _ = Promise[int].with_resolvers()
    promise.to_future().add_done_callback(raising(Doom, "callback"))
    child = promise.then(lambda value: value + 1)
    resolve(1)
    assert child.wait(1) == 2
    assert list(map(type, shown)) == [Doom]


@pytest.mark.parametrize("seconds", [math.inf, pytest.param(10**400, id="huge")])
def test_wait_takes_any_number_of_seconds(seconds: float) -> None:
    assert Promise.delay(0.001, "done").timeout(seconds).wait(seconds) == "done"


@pytest.mark.parametrize("seconds", [-math.inf, pytest.param(-(10**400), id="minus huge"), -1])
def test_a_time_limit_in_the_past_is_over(seconds: float) -> None:
    pending = Promise[int].with_resolvers(keep_alive=True).promise
    with pytest.raises(TimeoutError):
        pending.wait(seconds)
    with pytest.raises(TimeoutError):
        pending.timeout(seconds).wait()
    replies = Replies[int, int](timeout=seconds)
    with pytest.raises(TimeoutError):
        replies[1].wait()
    assert Promise.delay(seconds, 1).wait() == 1


def test_a_mock_is_no_number_of_seconds() -> None:
    with pytest.raises(TypeError, match="expected a number of seconds, got <Mock"):
        Promise.delay(Mock(spec=float))


def test_a_host_that_fails_in_any_way_is_shown_and_asked_again(shown: list[BaseException]) -> None:
    class Host:
        def __init__(self) -> None:
            self.posted: list[Callable[[], None]] = []
            self.is_broken = True

        def post(self, drain: Callable[[], None], /) -> None:
            if self.is_broken:
                raise Doom("post")
            self.posted.append(drain)

    host, seen = Host(), list[int]()
    previous = set_host(host)
    promise, resolve, _ = Promise[int].with_resolvers()
    promise.then(seen.append)
    resolve(1)
    assert list(map(type, shown)) == [Doom]
    host.is_broken = False
    Promise.resolve(2).then(seen.append)
    host.posted.pop()()
    assert seen == [1, 2]
    set_host(previous)


def test_a_report_hook_that_fails_in_any_way_is_shown(shown: list[BaseException]) -> None:
    previous = set_report_hook(raising(Doom, "hook"))
    promise = Promise[int].with_resolvers(keep_alive=True, on_cancel=raising(ValueError, "reported")).promise
    promise.cancel()
    assert Promise.resolve(1).then().wait(1) == 1
    set_report_hook(previous)
    assert list(map(type, shown)) == [Doom]


def test_a_switch_without_truth_is_refused_where_it_is_set() -> None:
    with pytest.raises(Trap):
        debug.enable(strict=NO_TRUTH)
    debug.disable()
    pending = Promise[int].with_resolvers(keep_alive=True).promise
    with pytest.raises(Trap):
        Promise.race([pending, Promise.resolve(1)], cancel_losers=NO_TRUTH)


def test_a_key_that_cannot_be_hashed_is_shown_and_not_raised_into_the_library(shown: list[BaseException]) -> None:
    replies = Replies[Any, int]()
    replies.via(lambda key: (key, 1))(trapped(Doom, ("__hash__",))())
    assert list(map(type, shown)) == [Doom]


def test_a_pause_that_fails_in_any_way_ends_the_stream() -> None:
    sides: list[Emitter[int]] = []
    events = stream(sides.append, maxsize=1, on_full=(raising(Doom, "pause"), bool))
    sides[0].emit(1)
    assert next(events) == 1
    with pytest.raises(Doom):
        next(events)


def test_an_unsubscribe_that_fails_in_any_way_does_not_hide_the_error(shown: list[BaseException]) -> None:
    sides: list[Emitter[int]] = []
    events = stream(sides.append, raising(Doom, "unsubscribe"))
    sides[0].fail(ValueError("lost"))
    with pytest.raises(ValueError, match="lost"):
        next(events)
    assert list(map(type, shown)) == [Doom]


def test_an_end_that_cannot_be_looked_at_ends_the_stream() -> None:
    sides: list[Emitter[int]] = []
    events = stream(sides.append)
    sides[0].fail(Opaque("end"))
    caught: list[type] = []
    try:
        next(events)
    except Opaque as error:
        caught.append(type(error))
    assert caught == [Opaque]


@pytest.mark.parametrize("maxsize", [10**9, 10**30], ids=["large", "huge"])
def test_a_bound_that_no_memory_could_hold_is_refused(maxsize: int) -> None:
    for policy in ("error", "drop_oldest", "drop_newest"):
        with pytest.raises(ValueError, match=r"at most 10000000, got 10+: write maxsize=None for no bound"):
            stream(bool, maxsize=maxsize, on_full=policy)


def test_mocks_are_taken_for_what_they_are() -> None:
    with pytest.raises(TypeError, match="expected maxsize to be a number of events or None, got <Mock"):
        stream(bool, maxsize=Mock(spec=int))
    with pytest.raises(TypeError, match="expected a place for the callback, got <Mock"):
        promisify(print, callback=Mock(spec=int))
    with pytest.raises(TypeError, match="expected a class, got"):
        register_adoptable(Lies(type), bool)
    with pytest.raises(TypeError, match="expected a class and the names of its methods, got <Mock"):
        promisify(Mock(spec=type), methods=["get"])


@pytest.mark.parametrize("methods", [[5], {"get": 5}, {5: "submit"}])
def test_names_of_methods_are_texts(methods: Any) -> None:
    with pytest.raises(TypeError, match=r"expected a class and the names of its methods, got .* methods=\[5\]"):
        promisify(ThreadPoolExecutor, methods=methods)


def test_a_function_whose_name_is_no_text_is_wrapped() -> None:
    class Function:
        __name__ = 5

        def __call__(self, callback: Callable[[int], None]) -> None:
            callback(1)

    assert promisify(Function())().wait() == 1


def test_a_future_that_the_library_forgets_breaks_the_promise(reports: list[Report]) -> None:
    promise = promisify(lambda: Future[int](), style="done_callback")()
    gc.collect()  # the future and its callbacks refer to each other
    assert isinstance(promise.reason, BrokenPromise)


def test_a_style_whose_class_cannot_be_read_is_a_function_all_the_same() -> None:
    class Style(dict[str, object]):
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError(name)

        def __call__(self, value: int) -> int:
            return value + 1

    def start(value: int, callback: Callable[[int], object]) -> None:
        callback(value)

    promise: Promise[int] = promisify(start, style=Style())(1)
    assert promise.wait(timeout=20) == 2


def test_a_mapping_that_names_a_key_twice_has_it_once() -> None:
    class Repeats(dict[str, Any]):
        def __iter__(self) -> Iterator[str]:
            return iter([*super().__iter__(), *super().__iter__()])

        def __getitem__(self, key: str) -> Any:
            return super().__getitem__(key).pop(0)

    assert Promise.all_keyed(Repeats(a=[1, 3], b=[2, 4])).wait(timeout=20) == {"a": 3, "b": 4}


@pytest.mark.parametrize("error", [ArithmeticError, KeyboardInterrupt])
def test_a_key_that_can_be_hashed_once_rejects(error: type[BaseException]) -> None:
    class Key:
        def __init__(self) -> None:
            self.hashes = [1]

        def __hash__(self) -> int:
            if not self.hashes:
                raise error
            return self.hashes.pop()

    class Mapped(dict[Any, Any]):
        def __iter__(self) -> Iterator[Any]:
            return iter([Key()])

        def __getitem__(self, key: Key) -> int:
            return 1

    promise = Promise.all_keyed(Mapped())
    with pytest.raises(error):
        promise.wait(timeout=20)
    frames = promise.catch(error, lambda reason: traceback.extract_tb(reason.__traceback__)).wait(timeout=20)
    assert [frame.name for frame in frames] == ["__hash__"]
