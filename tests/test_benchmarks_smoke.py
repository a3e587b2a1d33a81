"""Every benchmark still runs and still gives the right answer. Nothing here looks at a clock."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring, parse

import pytest

from benchmarks import __main__ as command
from benchmarks import chart, goals, growth, imports, instructions, node
from benchmarks.adapters import LIBRARIES
from benchmarks.adapters.asyncio_future import AsyncioFuture
from benchmarks.contract import Library, load
from benchmarks.measure import measure, one_burst, sample_free
from benchmarks.report import as_json, as_markdown, environment
from benchmarks.scenarios import BY_NAME, SCENARIOS, TINY, Scenario

from .servers import lacking

pytestmark = pytest.mark.slow

NEVER_MISSING = ("asyncio.Future + glue", "promisepy")


def named(value: object) -> str:
    return str(getattr(value, "name", value))


def installed(kind: type[Library]) -> Library:
    library = load(kind)
    if isinstance(library, str):
        assert kind.name not in NEVER_MISSING
        lacking(f"{kind.name} is {library}")
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
        command.parser().parse_args(["--only", "nonsense"])
    assert "invalid choice: 'nonsense'" in capsys.readouterr().err


def test_counting_instructions_without_valgrind_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match="valgrind was not found"):
        instructions.main([])


def test_the_instructions_of_an_import_are_counted() -> None:
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    nothing = instructions.importing()
    assert 0 < nothing < instructions.importing("colorsys")


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("library", instructions.DEFAULT_LIBRARIES)
def test_what_valgrind_would_count_runs(library: str, name: str) -> None:
    try:
        instructions.run_child(library, name, TINY, 1)
    finally:
        gc.enable()
        gc.unfreeze()


def test_a_library_that_leaves_cycles_is_charged_for_their_collection() -> None:
    class Cycles(AsyncioFuture):
        async def free(self, count: int) -> list[Any]:
            made: list[Any] = [[] for _ in range(count)]
            for one in made:
                one.append(one)
            return made

    collections: list[str] = []
    gc.callbacks.append(lambda phase, info: collections.append(phase))
    try:
        seconds = asyncio.run(sample_free(Cycles(), replace(BY_NAME["free"], count=TINY), 1))
    finally:
        gc.callbacks.pop()
    assert collections.count("stop") == 2
    assert seconds > 0


def test_growth_and_depth_are_measured_in_processes_of_their_own() -> None:
    libraries = [kind for kind in LIBRARIES if kind.name in NEVER_MISSING]
    grown = growth.measure_growth(libraries, ["chain", "free"], 30)
    assert grown.sizes == (1, 3, 30)
    assert [(one.scenario, one.library) for one in grown.series] == [
        (name, library) for name in ("chain", "free") for library in NEVER_MISSING
    ]
    assert {one.status for one in grown.series} == {"measured"}
    assert [tuple(one.seconds) for one in grown.series] == [grown.sizes] * 4
    assert [depth.library for depth in grown.depths] == list(NEVER_MISSING)
    assert [depth.reason for depth in grown.depths] == [None, None]
    json.dumps(grown.as_json())
    assert growth.as_markdown(grown).splitlines()[-1].startswith("| chain of 30 links, collector on")


@pytest.mark.parametrize("name", growth.GROWING)
def test_what_grows_runs(name: str) -> None:
    assert growth.measured("promisepy", name, TINY, 1)["seconds"] > 0


def test_who_fails_while_growing_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def ask(library: str, scenario: str, size: int, samples: int) -> dict[str, Any]:
        asked.append(size)
        return {"failed": "RecursionError: too deep"} if size > 10 else {"seconds": size * 1e-6}

    monkeypatch.setattr(growth, "_ask", ask)
    grown = growth.measure_growth([AsyncioFuture], ["chain"], 10_000)
    assert asked == [10, 100]
    assert grown.series[0].reason == "fails at 100: RecursionError: too deep"
    assert growth.as_markdown(grown).splitlines()[2:4] == [
        "| chain of `then` | fails [1] |",
        "| chain of 10,000 links, collector on: time, peak memory of the process | fails [1] |",
    ]


def test_the_exponent_of_quadratic_growth_is_two() -> None:
    series = growth.Series("chain", "promisepy", seconds={size: size**2 * 1e-9 for size in (10, 100, 1000)})
    assert series.exponent == pytest.approx(2)


def test_imports_are_timed_in_processes_of_their_own() -> None:
    samples = imports.measure_imports(LIBRARIES[:2], 1)
    assert list(samples) == ["promisepy"]
    assert imports.as_markdown(samples).splitlines()[0] == "| import, on top of `import asyncio` | promisepy |"


def test_node_runs_what_it_can(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        lacking("node is not installed: apt-get install nodejs")
    # Native promises once more in bluebird's place: nothing is fetched in a test.
    (tmp_path / "index.js").write_text("module.exports = Promise;\n", "utf-8")
    (tmp_path / "package.json").write_text('{"version": "0"}\n', "utf-8")
    tiny = [replace(scenario, count=TINY, calls=1) for scenario in SCENARIOS]
    found = node.run_node(tiny, 1, tmp_path, quick=True, warm=False)
    assert set(found["versions"]) == {"native", "bluebird"}
    without = {"from_thread", "await_from_thread", "promisified_thread", "free"}
    assert {cell["scenario"] for cell in found["cells"]} == set(BY_NAME) - without
    assert all(len(cell["samples"]) == 1 for cell in found["cells"])
    run = measure(tiny, LIBRARIES[:1], 1, quick=True)
    assert len(node.as_markdown(found, run).splitlines()) == 2 + len(tiny) - len(without)


def test_without_node_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = node.measure_node(SCENARIOS, 1, quick=True)
    assert node.as_markdown(found, measure([], LIBRARIES[:1], 1, quick=True)) == node.NO_NODE


def test_without_npm_only_bluebird_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    assert node.install_bluebird(tmp_path) == (None, "npm was not found on PATH: no figures of bluebird.")


def document(**figures: float) -> dict[str, Any]:
    """Give what a run might have saved: promisepy's ratios by scenario."""
    cells = [
        {"scenario": name, "library": "promisepy", "samples": [ratio], "ratio": {"middle": ratio}}
        for name, ratio in figures.items()
    ]
    return {"environment": {"build": "pure"}, "cells": cells}


def test_goals_are_met_missed_or_not_measured() -> None:
    shown = document(settle=1.0, chain=0.26)
    verdicts = [verdict for _, _, verdict in goals.verdicts(shown)]
    assert verdicts[:3] == ["met", "**missed**", "needs other `--only`"]
    assert len(verdicts) == len(goals.GOALS) == len(goals.as_json(shown))
    compiled = {**shown, "environment": {"build": "compiled"}}
    assert [verdict for _, _, verdict in goals.verdicts(compiled)][0] == "**missed**"


def test_a_smaller_growth_meets_no_goal() -> None:
    series = [{"scenario": "chain", "library": "promisepy", "exponent": 1.0}]
    depths = [{"library": "promisepy", "seconds": 1.0, "peak_bytes": 10**8}]
    grown = {"series": series, "depths": depths}
    for largest, expected in ((growth.LARGEST, [1.0, 100.0, 1.0]), (1_000, [])):
        shown = {**document(), "growth": {**grown, "sizes": [largest]}}
        assert [figure for _, figure, _ in goals.verdicts(shown) if figure is not None] == expected


def test_the_whole_command_prints_and_saves_and_the_chart_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = [replace(scenario, count=TINY, calls=1) for scenario in SCENARIOS]
    monkeypatch.setattr(command, "SCENARIOS", tiny)
    saved, drawn = tmp_path / "result.json", tmp_path / "chart.svg"
    options = ["--quick", "--rounds", "1", "--library", "promisepy", "--no-node", "--growth", "1", "--goals"]
    command.main([*options, "--json", str(saved)])
    out = capsys.readouterr().out
    for title in ("| scenario |", "| import, ", "| exponent of time, ", "| goal |"):
        assert f"\n{title}" in f"\n{out}"
    assert set(json.loads(saved.read_text("utf-8"))) >= {"environment", "cells", "imports", "growth", "goals"}
    chart.main([str(saved), str(drawn)])
    marks = [one for one in parse(drawn).iter() if one.tag.endswith("}title")]
    assert len(marks) == 1 + len([scenario for scenario in tiny if scenario.kind != "bytes"])


def test_a_chart_of_nothing_is_a_chart() -> None:
    nothing = measure([], LIBRARIES[:1], 1, quick=True)
    fromstring(chart.draw(as_json(nothing, environment(1, quick=True))))
