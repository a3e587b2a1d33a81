"""greenlet: stacks of one thread that change places, as Pyodide's `run_sync` has them do, so that drains end in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from promisepy import Promise, Report, debug

from ..servers import library
from ..support import Mainloop

greenlet = library("greenlet")


@pytest.fixture(autouse=True)
def _strict() -> Iterator[None]:
    debug.enable(strict=True)
    yield
    debug.disable()


def test_a_drain_ends_before_the_one_that_has_begun_inside_its_job(reports: list[Report], mainloop: Mainloop) -> None:
    log: list[str] = []
    kept: list[Any] = []

    def on(stack: Callable[[], object], name: str) -> Callable[[object], None]:
        def job(_: object) -> None:
            log.append(f"{name} begins")
            kept.append(Promise[None].reject(ValueError(f"of {name}")))
            stack()
            log.append(f"{name} ends")

        return job

    def told() -> list[str]:
        return [str(report.reason) for report in reports]

    main = greenlet.getcurrent()
    inside = greenlet.greenlet(mainloop.run)
    start = Promise.resolve()
    start.then(on(inside.switch, "the job"))
    start.then(on(main.switch, "the job inside"))
    mainloop.run()
    assert log == ["the job begins", "the job inside begins", "the job ends"]
    assert told() == []
    Promise.resolve("beside both").then(log.append)
    mainloop.run()
    assert log[-1] == "beside both"

    inside.switch()
    assert log[-1] == "the job inside ends"
    mainloop.finish()
    assert sorted(told()) == ["of the job", "of the job inside"]

    kept.append(Promise[None].reject(ValueError("of no job")))
    mainloop.finish()
    assert told()[2:] == ["of no job"]
