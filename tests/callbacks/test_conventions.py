"""Whatever the convention of a library and whatever it does: its promise settles as the oracle says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promisepy import Promise, Report, promisify, set_report_hook

from ..support import turn, turns
from .helpers import on_a_loop
from .oracle import STYLES
from .product import CUSTOM, Experiment, cases


@contextmanager
def nothing_lost() -> Iterator[None]:
    lost: list[Report] = []
    previous = set_report_hook(lost.append)
    try:
        yield
    finally:
        set_report_hook(previous)
    assert lost == []


BY_STYLE = pytest.mark.parametrize("style", [*STYLES, *CUSTOM])


@BY_STYLE
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_promise_in_a_script_settles_as_the_oracle_says(style: str, data: st.DataObject) -> None:
    case = data.draw(cases(style))
    with nothing_lost():
        experiment = Experiment(case)
        experiment.finish()
        turn()
        experiment.verify()
        experiment.library.drop()
        turn()
        experiment.verify_end()


@BY_STYLE
@given(st.data())
@settings(max_examples=30, deadline=None)
def test_a_promise_on_a_loop_settles_as_the_oracle_says(style: str, data: st.DataObject) -> None:
    case = data.draw(cases(style))

    async def main() -> None:
        experiment = Experiment(case)
        experiment.finish()
        await turns(3)
        experiment.verify()
        experiment.library.drop()
        await turns(3)
        experiment.verify_end()

    with nothing_lost():
        on_a_loop(main())


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
