"""The model, and promisepy, run recorded programs as V8's native promises do: the same log, the same final states."""

from __future__ import annotations

import pytest

from .adapter import PromisepyApi
from .language import Program, from_json, to_json
from .programs import ModelApi, recorded, run

RECORDED = recorded()
each_program = pytest.mark.parametrize(("program", "expected"), RECORDED, ids=map(str, range(len(RECORDED))))


@each_program
def test_model_does_what_v8_does(program: Program, expected: tuple[list[str], list[str]]) -> None:
    assert run(program, ModelApi()) == expected


@each_program
def test_promisepy_does_what_v8_does(program: Program, expected: tuple[list[str], list[str]]) -> None:
    assert run(program, PromisepyApi()) == expected


def test_programs_survive_being_written_and_read() -> None:
    for program, _ in RECORDED:
        assert from_json(to_json(program)) == program
