"""promisepy runs every program exactly as the reference model does, job for job, whoever drains its queue."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .adapter import PromisepyApi, run_on_loop
from .language import Program
from .programs import ModelApi, run
from .strategies import programs

pytestmark = pytest.mark.slow


@settings(max_examples=1000, deadline=None)
@given(programs(), st.sampled_from([1000, 1, 2, 5]))
def test_log_and_states_are_those_of_the_model(program: Program, burst: int) -> None:
    expected_log, expected_states = run(program, ModelApi())
    log, states = run(program, PromisepyApi(burst))
    assert log == expected_log
    assert states == expected_states


@settings(max_examples=200, deadline=None)
@given(programs())
def test_log_and_states_are_the_same_under_asyncio(program: Program) -> None:
    expected = run(program, ModelApi())
    assert run_on_loop(program) == expected
