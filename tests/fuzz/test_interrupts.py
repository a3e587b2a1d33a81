"""Ctrl-C that strikes inside somebody else's code passes on, wherever anything else would be swallowed (S7)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promisepy import Emitter, Promise, set_host, set_report_hook, stream

from .hostile import raising, trapped

press = raising(KeyboardInterrupt, "Ctrl-C")


class Interrupted(Exception):
    """An exception class that is interrupted when it is instantiated."""

    def __init__(self, *arguments: object) -> None:
        press()


def in_a_repr() -> None:
    repr(Promise.resolve(trapped(KeyboardInterrupt, ("__repr__",))()))


def in_an_exception_class() -> None:
    Promise.reject(Interrupted)


def in_a_pause() -> None:
    stream(lambda s: s.emit(1), maxsize=1, on_full=(press, bool))


def in_an_unsubscribe() -> None:
    sides: list[Emitter[int]] = []
    events = stream(sides.append, press)
    sides[0].close()
    try:
        Promise.resolve().then().wait(5)
    finally:
        events.close()


def in_a_report_hook() -> None:
    previous = set_report_hook(press)
    promise = Promise[int].with_resolvers(keep_alive=True, on_cancel=raising(ValueError, "reported")).promise
    promise.cancel()
    try:
        Promise.resolve().then().wait(5)
    finally:
        set_report_hook(previous)


class Host:
    """A host that is interrupted when it is asked to run something."""

    post = staticmethod(press)


def in_a_host() -> None:
    previous = set_host(Host())  # type: ignore[arg-type]  # its post takes anything
    try:
        Promise.resolve(1).then()
    finally:
        set_host(previous)


PLACES = [
    in_a_repr,
    in_an_exception_class,
    in_a_pause,
    in_an_unsubscribe,
    in_a_report_hook,
    in_a_host,
]


@pytest.mark.parametrize("place", PLACES)
def test_an_interrupt_passes_and_the_next_promise_works(place: Callable[[], None]) -> None:
    with pytest.raises(KeyboardInterrupt):
        place()
    assert Promise.resolve(1).then(lambda value: value + 1).wait(5) == 2
