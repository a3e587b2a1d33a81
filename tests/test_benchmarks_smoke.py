"""Every benchmark still runs and still gives the right answer. Nothing here looks at a clock."""

from __future__ import annotations

import asyncio
import inspect
import json
from dataclasses import replace

import pytest

from benchmarks import instructions
from benchmarks.__main__ import parser
from benchmarks.adapters import LIBRARIES
from benchmarks.contract import Library, load
from benchmarks.measure import measure, one_burst
from benchmarks.report import as_json, as_markdown, environment
from benchmarks.scenarios import BY_NAME, SCENARIOS, TINY, Scenario

NEVER_MISSING = ("asyncio.Future + glue", "promisepy")


def named(value: object) -> str:
    return str(getattr(value, "name", value))


def installed(kind: type[Library]) -> Library:
    library = load(kind)
    if isinstance(library, str):
        assert kind.name not in NEVER_MISSING
        pytest.skip(f"{kind.name} is {library}")
    return library


@pytest.mark.parametrize("scenario", SCENARIOS, ids=named)
@pytest.mark.parametrize("kind", LIBRARIES, ids=named)
def test_a_tiny_burst_gives_the_right_answer(kind: type[Library], scenario: Scenario) -> None:
    library = installed(kind)
    overridden = getattr(kind, scenario.name) is not getattr(Library, scenario.name)
    assert overridden is (scenario.name not in kind.cannot)

    async def burst() -> None:
        library.open()
        try:
            await one_burst(library, scenario, TINY)
        finally:
            library.close()

    if overridden:
        with asyncio.Runner(loop_factory=library.new_loop) as runner:
            runner.run(burst())


@pytest.mark.parametrize("kind", LIBRARIES, ids=named)
def test_remarks_name_scenarios_and_do_not_overlap(kind: type[Library]) -> None:
    names = {scenario.name for scenario in SCENARIOS}
    assert set(kind.differs) <= names
    assert set(kind.cannot) <= names
    assert not set(kind.differs) & set(kind.cannot)


def test_every_burst_of_the_contract_is_a_scenario() -> None:
    functions = inspect.getmembers(Library, inspect.isfunction)
    methods = {name for name, _ in functions if not name.startswith("_")}
    assert methods - {"new_loop", "open", "close"} == {scenario.name for scenario in SCENARIOS}


def test_the_baseline_and_promisepy_leave_nothing_out() -> None:
    by_name = {kind.name: kind for kind in LIBRARIES}
    assert LIBRARIES[0].name == NEVER_MISSING[0]
    for name in NEVER_MISSING:
        assert not by_name[name].cannot
        assert not by_name[name].differs


def test_a_whole_run_can_be_printed_and_saved() -> None:
    tiny = [replace(scenario, count=TINY, calls=1) for scenario in SCENARIOS]
    result, conditions = measure(tiny, LIBRARIES, 2, quick=True), environment(2, quick=True)
    table = as_markdown(result, conditions).splitlines()
    for line, scenario in zip(table[2:], tiny, strict=False):
        assert line.startswith(f"| {scenario.title}, per {scenario.unit} |")
    cells = json.loads(json.dumps(as_json(result, conditions)))["cells"]
    assert len(cells) == len(tiny) * len(result.libraries)
    assert {cell["status"] for cell in cells} <= {"measured", "cannot"}
    assert all(cell["ratio"] for cell in cells if cell["status"] == "measured")


def test_the_command_line_refuses_unknown_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--only", "nonsense"])
    assert "invalid choice: 'nonsense'" in capsys.readouterr().err


def test_counting_instructions_without_valgrind_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", ["instructions"])
    with pytest.raises(SystemExit, match="valgrind was not found"):
        instructions.main()


@pytest.mark.parametrize("scenario", instructions.DEFAULT_SCENARIOS)
@pytest.mark.parametrize("library", instructions.COUNTED)
def test_what_valgrind_would_count_runs(library: str, scenario: str) -> None:
    instructions.run_child(library, replace(BY_NAME[scenario], count=TINY), 1)
