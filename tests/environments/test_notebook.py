"""Cells of a notebook, in a real kernel: what they await, chain, lose, and run under nest_asyncio."""

from __future__ import annotations

import json
import textwrap

import pytest

from ..servers import python_with
from .playing import Play

SETUP = """
import asyncio, threading
from promisepy import Promise

def later(value):
    return Promise(lambda resolve, _: threading.Timer(0.02, resolve, [value]).start())  # so that it is pending at first

async def main():
    return await asyncio.wait_for(later("nested"), 5)
"""


def notebook(play: Play, *cells: str) -> list[list[list[str]]]:
    """Run cells after one that sets them up; give what each has shown. The kernel must end well."""
    python = python_with("nbclient, ipykernel, nest_asyncio", "nbclient ipykernel nest_asyncio", "pip")
    sources = [SETUP, *map(textwrap.dedent, cells)]
    *said, ending = play("-m", "notebook", json.dumps(sources), python=python)
    assert ending == "kernel ended with 0"
    return [json.loads(line) for line in said][1:]


def test_cells_await_and_chain(play: Play) -> None:
    assert notebook(
        play,
        "await later('awaited')",
        "later('chained').then(print)\nawait Promise.delay(0.1)",
        "chained = later('awaited in the next cell').then(str.upper)",
        "await chained",
        "await asyncio.wait_for(later('timed').timeout(5), 5)",
        "await Promise.with_resolvers().promise.timeout(0.01)",
        "later(1).wait()",
        "await asyncio.to_thread(lambda: later('waited for in a thread').wait(5))",
    ) == [
        [["result", "'awaited'"]],
        [["stdout", "chained"]],
        [],
        [["result", "'AWAITED IN THE NEXT CELL'"]],
        [["result", "'timed'"]],
        [["error", "BrokenPromise"]],
        [["error", "RuntimeError"]],
        [["result", "'waited for in a thread'"]],
    ]


def test_a_lost_rejection_is_shown_by_the_cell(play: Play) -> None:
    ((shown,), alive) = notebook(
        play, "later(1).then(lambda _: 1 / 0)\nawait Promise.delay(0.1)", "await later('alive')"
    )
    assert shown[0] == "stderr"
    assert "ZeroDivisionError('division by zero') and nobody handled it" in shown[1]
    assert alive == [["result", "'alive'"]]


@pytest.mark.parametrize(
    "apply", ["import nest_asyncio; nest_asyncio.apply()", "await later(1); import nest_asyncio; nest_asyncio.apply()"]
)
def test_cells_run_loops_under_nest_asyncio(play: Play, apply: str) -> None:
    assert notebook(
        play,
        apply,
        "asyncio.run(main())",
        "first = await later('first')\nfirst, asyncio.run(main())",
        "await later(1)\nasyncio.get_running_loop().run_until_complete(later('promise'))",
        "await later(1).then(lambda _: asyncio.run(main()))",
        "await later(1)\nasyncio.run(main()), asyncio.run(main())",
        "await later('alive')",
    ) == [
        [],
        [["result", "'nested'"]],
        [["result", "('first', 'nested')"]],
        [["result", "'promise'"]],
        [["result", "'nested'"]],
        [["result", "('nested', 'nested')"]],
        [["result", "'alive'"]],
    ]
