"""Runs two or three threads through every schedule with few preemptions, stopping them between any two bytecodes.

Each program runs on a real thread of its own, its lane. A trace function counts the steps that the lane takes inside the
watched files and stops it where the schedule says so. Everything else runs at full speed, so a schedule costs tens of
microseconds and a pair of operations can be explored exhaustively. Most concurrency bugs need no more than two
preemptions (Musuvathi and Qadeer, CHESS), and the number of schedules stays polynomial.

An explorer that watches no files stops where the programs themselves call `step()`, in a key's `__hash__` for example.
That is coarser, and leaves `coverage` its own trace function.

Why not a library: interleave-test 0.1 needs Python 3.12; frontrun 0.7 finds the same planted bugs, but works only under
its own command with a preloaded C library, and under a plain pytest it would skip.
"""

from __future__ import annotations

import dis
import gc
import itertools
import linecache
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import promisepy

PACKAGE = Path(promisepy.__file__).parent


def files(*names: str) -> frozenset[str]:
    """Name modules of the package, in whatever wing they are, as code objects do."""
    paths = {path.stem: str(path) for path in PACKAGE.rglob("*.py") if path.stem != "__init__"}
    return frozenset(paths[name] for name in names)


# Where threads meet. The rest of the package only leads there.
MEETING_PLACES = files("cell", "jobs", "claim", "resolve", "homes", "promise")
PATIENCE = 30.0
# 3.12 traces opcodes only of threads that begin after a frame has asked for it, and then may crash; lines must do there.
HAS_OPCODES = sys.version_info[:2] != (3, 12)
# Instructions that touch only their own frame, or what never changes: the order among two of them on two threads cannot
# be told from outside, so none of them needs a stop before it.
PRIVATE = tuple(
    """
    LOAD_FAST STORE_FAST LOAD_CONST LOAD_GLOBAL LOAD_DEREF LOAD_CLOSURE MAKE_CELL COPY SWAP POP_TOP NOP CACHE RESUME RETURN
    PUSH_NULL PRECALL KW_NAMES IS_OP COMPARE_OP BUILD_ MAKE_ UNPACK EXTENDED JUMP_FORWARD JUMP_BACKWARD END_FOR
    POP_JUMP_IF_N POP_JUMP_FORWARD_IF_N POP_JUMP_BACKWARD_IF_N PUSH_EXC POP_EXC RERAISE CHECK_EXC INTERPRETER_EXIT
    """.split()
)
# Likewise the lines in which `then` furnishes a promise that nobody else has seen.
FURNISHING = ("child.", "if on_fulfilled is not None and", "if on_rejected is not None and")


@cache
def shared_steps(code: CodeType) -> frozenset[int]:
    """Find the instructions that read or write what other threads may see."""
    return frozenset(
        instruction.offset
        for instruction in dis.get_instructions(code)
        if not instruction.opname.startswith(PRIVATE)
        and not is_furnishing(code.co_filename, instruction.positions.lineno if instruction.positions else None)
    )


@cache
def is_furnishing(filename: str, number: int | None) -> bool:
    """Tell whether a line only prepares an object of its own."""
    return linecache.getline(filename, number or 0).lstrip().startswith(FURNISHING)


def is_step(frame: FrameType, event: str) -> bool:
    """Tell whether what the frame is about to do is worth a stop."""
    if event == "opcode":
        return frame.f_lasti in shared_steps(frame.f_code)
    return event == "line" and not is_furnishing(frame.f_code.co_filename, frame.f_lineno)


class Segment(NamedTuple):
    """A lane that runs for so many steps, or until it ends or blocks."""

    lane: int
    steps: int | None


class Race(NamedTuple):
    """What one schedule runs: a program for each lane, then a check on the exploring thread."""

    programs: Sequence[Callable[[], object]]
    check: Callable[[], object]


class Abandoned(BaseException):
    """Ends a program whose race has failed."""


class Lane:
    """A thread that runs a program up to a given step, then waits."""

    def __init__(self, watched: frozenset[str], opcodes: bool) -> None:
        self._watched = watched
        self._opcodes = opcodes and HAS_OPCODES
        # Locks that one thread takes and the other gives back: a quarter of the price of semaphores.
        self._go = threading.Lock()
        self._stopped = threading.Lock()
        self._go.acquire()
        self._stopped.acquire()
        self._program: Callable[[], object] | None = None
        self._limit = sys.maxsize
        self.steps = 0
        self.is_busy = False
        self.error: BaseException | None = None
        self.is_ready: Callable[[], bool] = bool  # asked only while blocked
        self.is_blocked = False
        self.show: Callable[[FrameType], object] | None = None
        self._is_abandoned = False
        self._counts = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def begin(self, program: Callable[[], object]) -> None:
        self._program, self.steps, self.is_busy, self.error = program, 0, True, None

    def advance(self, steps: int | None, counts: bool = False) -> int:
        """Run on until the lane has taken so many steps, blocks or ends; tell how many it took if that counts."""
        before = self.steps
        self._limit = sys.maxsize if steps is None else before + steps
        self._counts = counts or steps is not None
        self.is_blocked = False
        self._go.release()
        assert self._stopped.acquire(timeout=PATIENCE), "a lane hangs outside of the watched files"
        return self.steps - before

    def block(self, is_ready: Callable[[], bool]) -> None:
        """Called by the lane's own program: give way until `is_ready()`."""
        self.is_ready = is_ready
        while not is_ready():
            self.is_blocked = True
            self._pause()

    def end(self) -> None:
        self._is_abandoned = True
        self._go.release()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        _here.lane = self
        if self._watched:
            sys.settrace(self._enter)  # for good: from 3.12 on, switching it costs more than having it
        while not self._is_abandoned:
            self._go.acquire()
            if self._program is None:
                return
            try:
                if not self._watched:
                    self.step()  # also what comes before the first stop is one
                self._program()
            except BaseException as error:
                self.error = error
            self.is_busy = False
            self._program = None
            self._stopped.release()

    def _pause(self) -> None:
        if self._is_abandoned:
            raise Abandoned
        self._stopped.release()
        self._go.acquire()
        if self._is_abandoned:
            raise Abandoned

    def step(self, frame: FrameType | None = None) -> None:
        """Called by the lane's own program: take a step, and before it a pause if the schedule says so."""
        if self.steps == self._limit:
            self._pause()
        self.steps += 1
        if self.show is not None and frame is not None:
            self.show(frame)

    def _enter(self, frame: FrameType, event: str, arg: object) -> Any:
        if not self._counts or frame.f_code.co_filename not in self._watched:
            return None
        frame.f_trace = self._step  # 3.13 takes no notice of the next line without it
        frame.f_trace_opcodes = self._opcodes
        frame.f_trace_lines = not self._opcodes
        return self._step

    def _step(self, frame: FrameType, event: str, arg: object) -> Any:
        if is_step(frame, event):
            if self.steps == self._limit:
                self._pause()
                if not self._counts:
                    frame.f_trace = None
                    return None
            self.steps += 1
            if self.show is not None:
                self.show(frame)
        return self._step


class Here(threading.local):
    """What runs on a thread."""

    lane: Lane | None = None


_here = Here()


def step() -> None:
    """Let an explorer that watches no files stop here."""
    if _here.lane is not None:
        _here.lane.step(sys._getframe(1))


class Explorer:
    """Lanes, and the search through their schedules."""

    def __init__(
        self,
        lanes: int,
        *,
        preemptions: int = 2,
        opcodes: bool = True,
        watched: frozenset[str] = MEETING_PLACES,
        stopped: Collection[int] | None = None,
    ) -> None:
        self.lanes = [Lane(watched, opcodes) for _ in range(lanes)]
        self._stopped = range(lanes) if stopped is None else stopped
        self._preemptions = preemptions

    def on(self, lane: int, function: Callable[[], Any]) -> Any:
        """Call a function on a lane's thread, before or after a race."""
        results: list[Any] = []
        self.lanes[lane].begin(lambda: results.append(function()))
        self.lanes[lane].advance(None)
        error = self.lanes[lane].error
        if error is not None:
            raise error
        return results[0]

    def explore(self, make: Callable[[], Race]) -> int:
        """Run a fresh race under every schedule; give the number of schedules."""
        gc.disable()  # a collection would add the steps of finalisers wherever it strikes
        try:
            return self._explore(make)
        finally:
            gc.enable()

    def _explore(self, make: Callable[[], Race]) -> int:
        plans = [[Segment(lane, None)] for lane in range(len(self.lanes))]
        count = 0
        while plans:
            plan = plans.pop()
            count += 1
            try:
                trace, runnable = self._try(make, plan)
            except BaseException as error:
                error.add_note(f"schedule {count}: {[tuple(segment) for segment in plan]}")
                raise
            plans.extend(self._deviations(plan, trace, runnable))
        return count

    def replay(
        self,
        make: Callable[[], Race],
        plan: Sequence[tuple[int, int | None]],
        show: Callable[[str], object] = print,
    ) -> None:
        """Run a race under one schedule, as the note of a failed search tells it, and show each step."""
        gc.disable()
        try:
            # The search has run others before, and the first one may make what the rest finds, such as a thread's home.
            self._try(make, [Segment(0, None)])
            for number, lane in enumerate(self.lanes):
                lane.show = partial(self._show, show, number)
            self._try(make, [Segment(lane, steps) for lane, steps in plan], counts=True)
        finally:
            gc.enable()
            for lane in self.lanes:
                lane.show = None

    def _show(self, show: Callable[[str], object], number: int, frame: FrameType) -> None:
        path, line = frame.f_code.co_filename, frame.f_lineno
        place = f"{Path(path).name}:{line}"
        text = linecache.getline(path, line).strip()
        show(f"lane {number}, step {self.lanes[number].steps:3}   {place:16} {text}")

    def _try(
        self, make: Callable[[], Race], plan: list[Segment], *, counts: bool = False
    ) -> tuple[list[Segment], list[list[int]]]:
        race = make()
        # Once all preemptions are spent nobody asks how many steps the rest takes, and tracing is what costs time.
        trace, runnable = self._run(race, plan, counts or self._may_preempt(plan))
        race.check()
        return trace, runnable

    def _run(self, race: Race, plan: list[Segment], counts: bool) -> tuple[list[Segment], list[list[int]]]:
        """Follow the plan, then run one lane after the other; tell what was run, and what could have been."""
        for lane, program in zip(self.lanes, race.programs, strict=True):
            lane.begin(program)
        trace: list[Segment] = []
        choices: list[list[int]] = []
        while runnable := self._runnable():
            planned = plan[len(trace)] if len(trace) < len(plan) else None
            segment = Segment(runnable[0], None) if planned is None else planned
            choices.append(runnable)
            assert self.lanes[segment.lane].is_busy, "the race is not deterministic"
            taken = self.lanes[segment.lane].advance(segment.steps, counts)
            trace.append(Segment(segment.lane, taken))
            if self.lanes[segment.lane].error is not None:
                raise AssertionError("a program raised") from self.lanes[segment.lane].error
        assert not any(lane.is_busy for lane in self.lanes), "deadlock: a wake-up was lost"
        return trace, choices

    def _runnable(self) -> list[int]:
        return [
            number
            for number, lane in enumerate(self.lanes)
            if lane.is_busy and (not lane.is_blocked or lane.is_ready())
        ]

    def _deviations(
        self, plan: list[Segment], trace: list[Segment], choices: list[list[int]]
    ) -> Iterator[list[Segment]]:
        """Give the schedules whose first difference from this one lies after its planned part."""
        may_preempt = self._may_preempt(plan)
        for place in range(len(plan) - 1, len(trace)):
            done = [*plan[: len(plan) - 1], *(Segment(lane, None) for lane, _ in trace[len(plan) - 1 : place])]
            lane, steps = trace[place]
            if place >= len(plan):  # a free choice, since the lane before has ended or blocked
                yield from ([*done, Segment(other, None)] for other in choices[place] if other != lane)
            if may_preempt and lane in self._stopped:
                assert steps is not None
                # Another lane may be ready only by what this one has done, and every lane that is not done will be.
                later = {other for other, _ in trace[place + 1 :]} | set(choices[place])
                for step in range(1, steps):
                    yield from ([*done, Segment(lane, step), Segment(other, None)] for other in later - {lane})

    def _may_preempt(self, plan: list[Segment]) -> bool:
        return sum(segment.steps is not None for segment in plan) < self._preemptions

    def close(self) -> None:
        for lane in self.lanes:
            lane.end()


@contextmanager
def explorer(
    lanes: int,
    *,
    preemptions: int = 2,
    opcodes: bool = True,
    watched: frozenset[str] = MEETING_PLACES,
    stopped: Collection[int] | None = None,
) -> Iterator[Explorer]:
    """Provide an explorer whose threads end with the block. Only the stopped lanes, all by default, are preempted."""
    made = Explorer(lanes, preemptions=preemptions, opcodes=opcodes, watched=watched, stopped=stopped)
    try:
        yield made
    finally:
        made.close()


def interrupt(
    program: Callable[[], object],
    action: Callable[[], object],
    at: int,
    watched: frozenset[str],
    opcodes: bool,
) -> bool:
    """Run a program, and at one of its steps an action, as a signal handler would; false if it has fewer steps."""
    left = at

    def enter(frame: FrameType, event: str, arg: object) -> Any:
        if frame.f_code.co_filename not in watched or left < 0:
            return None
        frame.f_trace = step
        frame.f_trace_opcodes = opcodes and HAS_OPCODES
        frame.f_trace_lines = not frame.f_trace_opcodes
        return step

    def step(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal left
        if is_step(frame, event):
            left -= 1
            if left == -1:
                action()
        return step

    previous = sys.gettrace()
    sys.settrace(enter)
    try:
        program()
    finally:
        sys.settrace(previous)
    return left < 0


def interrupt_everywhere(
    make: Callable[[], tuple[Callable[[], object], Callable[[], object], Callable[[], object]]],
    watched: frozenset[str] = MEETING_PLACES,
    opcodes: bool = True,
) -> int:
    """Interrupt a fresh program by a fresh action at each of its steps in turn, then check; give the number of steps."""
    for at in itertools.count():
        program, action, check = make()
        try:
            reached = interrupt(program, action, at, watched, opcodes)
            if not reached:
                action()
            check()
            if not reached:
                return at
        except BaseException as error:
            error.add_note(f"interrupted at step {at}")
            raise
    raise AssertionError("unreachable")
