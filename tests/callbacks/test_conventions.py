"""Whatever the convention of a library and whatever it does: its promise settles as the oracle says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promisepy import Report, set_report_hook

from .helpers import on_a_loop, turn
from .oracle import STYLES
from .product import CUSTOM, Experiment, cases


async def turns() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


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
        await turns()
        experiment.verify()
        experiment.library.drop()
        await turns()
        experiment.verify_end()

    with nothing_lost():
        on_a_loop(main())
