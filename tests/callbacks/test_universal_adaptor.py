"""What every function that is handed to a library guarantees: plain, safe on every thread, and first come first served."""

from __future__ import annotations

import asyncio
import gc
import inspect
import signal
import threading
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from promisepy import BrokenPromise, Promise, Rejected, Report, Resolvers, StuckPromise

from ..support import on_a_thread, turn
from .adaptors import ADAPTORS, MAKERS, with_resolvers
from .helpers import on_a_loop, value_of

Callback = Callable[..., Any]
by_adaptor = pytest.mark.parametrize("adaptor", ADAPTORS)
by_maker = pytest.mark.parametrize("make", MAKERS)


@pytest.fixture
def alarm() -> Iterator[Callable[[Callback], None]]:
    """Have a function called as a signal handler, by a true alarm that comes when the thread is asleep."""

    def arm(handler: Callback) -> None:
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.02)

    previous = signal.getsignal(signal.SIGALRM)
    yield arm
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, previous)


@by_maker
@by_adaptor
def test_it_is_a_plain_function_that_can_be_asked_for_its_name_code_and_arity(
    make: Callable[..., Resolvers[Any]], adaptor: str
) -> None:
    d = make()
    function = ADAPTORS[adaptor](d)
    assert type(function) is types.FunctionType
    assert function.__name__
    assert function.__code__.co_flags & inspect.CO_VARARGS
    assert function.__code__.co_flags & inspect.CO_VARKEYWORDS
    assert weakref.ref(function)() is function
    assert {function: 1}[function] == 1
    inspect.getcallargs(function)
    inspect.signature(function).bind(1, 2, 3, four=5)
    d.resolve()


@by_maker
@by_adaptor
def test_it_can_be_called_when_the_loop_is_closed(
    make: Callable[..., Resolvers[Any]], adaptor: str, reports: list[Report]
) -> None:
    async def main() -> tuple[Resolvers[Any], Callback]:
        d = make()
        d.promise.then(lambda value: None, lambda error: None)
        return d, ADAPTORS[adaptor](d)

    d, function = on_a_loop(main())
    assert function(5) is None
    assert on_a_thread(function, 6) is None
    assert d.promise.state != "pending"
    gc.collect()
    assert [type(report.reason) for report in reports] == [StuckPromise]  # the handler, and not the settler, suffers


@by_maker
@by_adaptor
def test_a_signal_handler_wakes_a_sleeping_loop(
    make: Callable[..., Resolvers[Any]], adaptor: str, alarm: Callable[[Callback], None]
) -> None:
    async def main() -> Any:
        d = make()
        alarm(ADAPTORS[adaptor](d))
        return await Promise.all_settled([d.promise])

    [outcome] = on_a_loop(main())
    assert outcome is not None


@by_maker
@by_adaptor
def test_a_signal_handler_wakes_a_sleeping_script(
    make: Callable[..., Resolvers[Any]], adaptor: str, alarm: Callable[[Callback], None]
) -> None:
    d = make()
    alarm(ADAPTORS[adaptor](d))
    assert value_of(Promise.all_settled([d.promise])) == [d.promise.outcome]


@by_maker
@by_adaptor
def test_any_thread_wakes_a_sleeping_loop_and_a_sleeping_script(
    make: Callable[..., Resolvers[Any]], adaptor: str
) -> None:
    def start() -> tuple[Promise[Any], threading.Timer]:
        d = make()
        timer = threading.Timer(0.005, ADAPTORS[adaptor](d))
        timer.start()
        return Promise.all_settled([d.promise]), timer

    async def main() -> None:
        promise, timer = start()
        assert await promise
        timer.join()

    on_a_loop(main())
    promise, timer = start()
    assert value_of(promise)
    timer.join()


def content(outcome: Any) -> Any:
    return outcome.reason if isinstance(outcome, Rejected) else outcome.value


class Finaliser:
    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act

    def __del__(self) -> None:
        self.act()


@by_adaptor
@pytest.mark.parametrize("inner", ADAPTORS)
@pytest.mark.parametrize("how", ["call", "signal", "finaliser"])
def test_it_may_be_called_in_the_middle_of_another_call(adaptor: str, inner: str, how: str) -> None:
    d = with_resolvers()
    inside = ADAPTORS[inner](d)

    class Value:
        """Asked for its `then` in the middle of a resolution."""

        @property
        def then(self) -> None:
            interrupt(how, inside)

    ADAPTORS[adaptor](d)(Value())
    d.via(lambda: interrupt(how, inside))()
    assert d.promise.outcome is not None
    d = with_resolvers()
    inside = ADAPTORS[inner](d)
    d.via(lambda: [interrupt(how, inside), "outer"][1])()
    assert d.promise.outcome is not None
    assert d.promise.value != "outer"  # the inner call came first


def interrupt(how: str, function: Callback) -> None:
    if how == "call":
        function()
    elif how == "finaliser":
        Finaliser(function)
    else:
        previous = signal.signal(signal.SIGUSR1, lambda number, frame: function())
        signal.raise_signal(signal.SIGUSR1)
        signal.signal(signal.SIGUSR1, previous)


def test_of_many_threads_exactly_one_settles(reports: list[Report]) -> None:
    for _ in range(20):
        d = with_resolvers()
        functions = [make(d) for make in ADAPTORS.values()]
        barrier = threading.Barrier(len(functions))
        outcomes: list[Any] = []

        def run(function: Callback, number: int, barrier: threading.Barrier, d: Any, outcomes: list[Any]) -> None:
            barrier.wait(20)
            assert function(number) is None
            outcomes.append(content(d.promise.outcome))

        threads = [
            threading.Thread(target=run, args=(function, number, barrier, d, outcomes))
            for number, function in enumerate(functions)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == len(functions)
        assert all(one is outcomes[0] for one in outcomes)
    assert reports == []


@by_adaptor
def test_it_is_kept_alive_on_request_until_the_promise_is_settled(adaptor: str) -> None:
    for make in MAKERS:
        d = make(keep_alive=True)
        promise, reference = d.promise, weakref.ref(ADAPTORS[adaptor](d))
        del d
        gc.collect()
        function = reference()
        assert function is not None
        function(5)
        assert promise.outcome is not None
        del function
        assert reference() is None


@by_adaptor
def test_the_last_one_that_is_dropped_breaks_the_promise(adaptor: str) -> None:
    for make in MAKERS:
        d = make()
        promise, function = d.promise, ADAPTORS[adaptor](d)
        del d
        turn()
        assert promise.state == "pending"
        del function
        assert type(promise.reason) is BrokenPromise


def test_an_adaptor_that_is_awaited_elsewhere_wakes_that_loop_too() -> None:
    d = with_resolvers()

    async def main() -> Any:
        threading.Timer(0.005, d.resolve, (5,)).start()
        return await d.promise

    assert on_a_thread(lambda: on_a_loop(main())) == 5
    assert asyncio.run(main()) == 5
