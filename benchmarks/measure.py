"""Takes the samples: interleaved rounds, one process, a loop for each library, collector off inside a sample."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from time import perf_counter
from typing import Literal

from benchmarks.contract import AnswerError, Held, Library, load, version_of
from benchmarks.scenarios import Scenario

_PATIENCE = 120.0
_TURNS_AFTER_RELEASE = 100


@dataclass(slots=True)
class Cell:
    """What one library did in one scenario. Samples are seconds, or bytes, for one unit of the scenario."""

    scenario: str
    library: str
    status: Literal["measured", "cannot", "failed"] = "measured"
    reason: str | None = None
    samples: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A library's samples divided, round by round, by the baseline's of the same round."""

    middle: float
    low: float
    high: float


@dataclass(slots=True)
class Run:
    """All cells of one run."""

    scenarios: Sequence[Scenario]
    libraries: list[str] = field(default_factory=list)
    loops: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)

    @property
    def baseline(self) -> str:
        """Name of the library that the others are divided by."""
        return self.libraries[0]

    def ratio(self, scenario: str, library: str) -> Ratio | None:
        """Return how the cell compares with the baseline, or None where nothing was measured."""
        own = self.cells[scenario, library].samples
        base = self.cells[scenario, self.baseline].samples
        if not own or not base:
            return None
        ratios = [mine / theirs for mine, theirs in zip(own, base, strict=True)]
        if len(ratios) == 1:
            return Ratio(ratios[0], ratios[0], ratios[0])
        low, _, high = quantiles(ratios, n=4, method="inclusive")
        return Ratio(median(ratios), low, high)


async def one_burst(library: Library, scenario: Scenario, count: int) -> None:
    """Do one burst and check its answer.

    Raises:
        AnswerError: the answer is wrong.
        TimeoutError: a handler or an await was lost.
    """
    async with asyncio.timeout(_PATIENCE):
        match scenario.kind:
            case "time":
                await _bursts(library, scenario, count, 1)
            case "free":
                await _free(library, scenario, count)
            case "bytes":
                await _let_go(_hold(library, scenario, count))


async def sample_time(library: Library, scenario: Scenario, calls: int) -> float:
    """Return seconds per unit over ``calls`` bursts."""
    gc.collect()
    gc.disable()
    try:
        async with asyncio.timeout(_PATIENCE):
            start = perf_counter()
            await _bursts(library, scenario, scenario.count, calls)
            return (perf_counter() - start) / (calls * scenario.count)
    finally:
        gc.enable()


async def sample_free(library: Library, scenario: Scenario, calls: int) -> float:
    """Return seconds per unit from letting go of what a burst made until it is gone."""
    gc.disable()
    try:
        async with asyncio.timeout(_PATIENCE):
            seconds = [await _free(library, scenario, scenario.count) for _ in range(calls)]
            return sum(seconds) / (calls * scenario.count)
    finally:
        gc.enable()


async def sample_bytes(library: Library, scenario: Scenario) -> float:
    """Return bytes per unit that stay allocated while the objects are held."""
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        held = _hold(library, scenario, scenario.count)
        after, _ = tracemalloc.get_traced_memory()
        await _let_go(held)
        return (after - before) / scenario.count
    finally:
        tracemalloc.stop()
        gc.enable()


async def sample(library: Library, scenario: Scenario, calls: int) -> float:
    """Take one sample of any kind."""
    match scenario.kind:
        case "time":
            return await sample_time(library, scenario, calls)
        case "free":
            return await sample_free(library, scenario, calls)
        case "bytes":
            return await sample_bytes(library, scenario)


class Opened:
    """A library with an event loop of its own: what it leaves behind does not run inside another one's samples."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._runner = asyncio.Runner(loop_factory=library.new_loop)
        self.run = self._runner.run
        self.run(self._open())

    async def _open(self) -> None:
        self.loop = type(asyncio.get_running_loop()).__name__
        self.library.open()

    def close(self) -> None:
        """Undo what opening did."""
        self.library.close()
        self._runner.close()


def measure(scenarios: Sequence[Scenario], libraries: Sequence[type[Library]], rounds: int, *, quick: bool) -> Run:
    """Run every scenario of every library ``rounds`` times, libraries interleaved."""
    run = Run(scenarios)
    opened = _open(run, libraries)
    # What was imported so far never needs another look: collections between samples stay cheap and alike.
    gc.collect()
    gc.freeze()
    try:
        for scenario in scenarios:
            _warm_up(run, scenario, opened)
        for number in range(rounds):
            for scenario in scenarios:
                calls = scenario.quick_calls if quick else scenario.calls
                _one_round(run, scenario, opened, number, calls)
    finally:
        gc.unfreeze()
        for one in opened:
            one.close()
    return run


def _open(run: Run, libraries: Sequence[type[Library]]) -> list[Opened]:
    opened = []
    for kind in libraries:
        library = load(kind)
        if isinstance(library, str):
            run.missing.append(kind.name)
            continue
        one = Opened(library)
        opened.append(one)
        run.libraries.append(kind.name)
        run.loops[kind.name] = one.loop
        run.versions[kind.name] = version_of(kind)
    return opened


def _warm_up(run: Run, scenario: Scenario, opened: Sequence[Opened]) -> None:
    """Create the scenario's cells; a full burst first shows who fails at this size."""
    for one in opened:
        library = one.library
        cell = Cell(scenario.name, library.name, reason=library.differs.get(scenario.name))
        run.cells[scenario.name, library.name] = cell
        if scenario.name in library.cannot:
            cell.status, cell.reason = "cannot", library.cannot[scenario.name]
            continue
        try:
            one.run(one_burst(library, scenario, scenario.count))
        except Exception as error:  # noqa: BLE001 - to fail is a result too
            cell.status, cell.reason = "failed", f"fails at this size: {type(error).__name__}: {error}"


def _one_round(run: Run, scenario: Scenario, opened: list[Opened], number: int, calls: int) -> None:
    # Bytes do not vary from round to round.
    if scenario.kind == "bytes" and number > 0:
        return
    shift = number % len(opened)
    for one in opened[shift:] + opened[:shift]:
        cell = run.cells[scenario.name, one.library.name]
        if cell.status == "measured":
            cell.samples.append(one.run(sample(one.library, scenario, calls)))


async def _bursts(library: Library, scenario: Scenario, count: int, calls: int) -> None:
    burst: Callable[[int], Awaitable[int]] = getattr(library, scenario.name)
    assert scenario.answer is not None, "only what is timed has an answer"
    expected = scenario.answer(count)
    for _ in range(calls):
        answer = await burst(count)
        if answer != expected:
            raise AnswerError(f"gave {answer}, not {expected}")


async def _free(library: Library, scenario: Scenario, count: int) -> float:
    """Make what is to be freed and return the seconds from letting go of it until it is gone."""
    make: Callable[[int], Awaitable[list[object]]] = getattr(library, scenario.name)
    made = await make(count)
    if len(made) != count:
        raise AnswerError(f"gave {len(made)} objects, not {count}")
    gc.collect()
    start = perf_counter()
    made.clear()
    dropped = perf_counter()
    # Where reference counts do not free it, the collector's work is what freeing costs.
    if gc.collect() >= count:
        return perf_counter() - start
    return dropped - start


def _hold(library: Library, scenario: Scenario, count: int) -> Held:
    hold: Callable[[int], Held] = getattr(library, scenario.name)
    return hold(count)


async def _let_go(held: Held) -> None:
    held.release()
    # Handlers that the release made ready must not run inside the next sample.
    for _ in range(_TURNS_AFTER_RELEASE):
        await asyncio.sleep(0)
