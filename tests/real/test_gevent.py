"""gevent: greenlets and results are adopted, in a process that it has patched, and in one that it has not.

A patch holds for a whole process, so each test is a program.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import promisepy

from ..servers import library

gevent = library("gevent")

ROOT = Path(promisepy.__file__).parents[1]
PATCHED = "from gevent import monkey; monkey.patch_all()\n"
PRELUDE = """
import gc, sys, traceback
import gevent
from gevent.event import AsyncResult
from promisepy import Cancelled, Promise

def later(value, seconds=0.01):
    return gevent.spawn_later(seconds, lambda: value)

def fail():
    raise LookupError("lost")

def told(promise):
    return promise.catch(Exception, repr).wait(timeout=20, pump=pump)

def turn():
    Promise.resolve().then().then().wait(timeout=20)
    gevent.sleep(0)
"""
KINDS = {"patched": PATCHED + PRELUDE + "pump = None\n", "unpatched": PRELUDE + "pump = lambda: gevent.sleep(0)\n"}


def play(kind: str, program: str) -> str:
    """Give what a program prints; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", KINDS[kind] + textwrap.dedent(program)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip("\n")


@pytest.mark.parametrize("kind", KINDS)
class TestInBothProcesses:
    def test_greenlets_and_results_are_adopted(self, kind: str) -> None:
        program = """
        result = AsyncResult()
        gevent.spawn_later(0.01, result.set, 3)
        done = gevent.spawn(int, "4")
        done.join()
        print(told(Promise.all([later(1), Promise.resolve().then(lambda _: later(2)), result, done])))
        """
        assert play(kind, program) == "[1, 2, 3, 4]"

    def test_failures_are_reasons_and_lead_to_where_they_were_raised(self, kind: str) -> None:
        program = """
        result = AsyncResult()
        result.set_exception(OSError("set"))
        over = gevent.spawn(fail)
        gevent.sleep(0.01)
        print(told(Promise.resolve(result)), told(Promise.resolve(over)))
        reason = Promise.resolve(gevent.spawn(fail)).catch(lambda error: error).wait(timeout=20, pump=pump)
        print(traceback.extract_tb(reason.__traceback__)[-1].name)
        """
        assert play(kind, program) == "OSError('set') LookupError('lost')\nfail"

    def test_a_greenlet_that_is_killed_is_cancelled(self, kind: str) -> None:
        program = """
        sleeping = gevent.spawn(gevent.sleep, 60)
        promise = Promise.resolve(sleeping)
        gevent.spawn_later(0.01, sleeping.kill)
        print(told(promise), type(promise.reason.__cause__).__name__)
        """
        assert play(kind, program) == "Cancelled() GreenletExit"

    def test_a_cancelled_promise_kills_its_greenlet(self, kind: str) -> None:
        program = """
        sleeping = gevent.spawn(gevent.sleep, 60)
        promise = Promise.resolve(sleeping)
        gevent.sleep(0)
        turn()
        promise.cancel()
        turn()
        sleeping.join(timeout=20)
        print(sleeping.dead, repr(sleeping.value))
        """
        assert play(kind, program) == "True GreenletExit()"

    def test_a_greenlet_that_only_its_promise_waits_for_goes_on(self, kind: str) -> None:
        program = """
        promise = Promise.resolve(later("value"))
        gc.collect()
        print(told(promise))
        """
        assert play(kind, program) == "value"


def test_twenty_greenlets_wait_at_once() -> None:
    program = """
    def serve(number):
        return Promise.all([later(number), Promise.delay(0.01).then(lambda _: later(-number))]).wait(timeout=20)

    greenlets = [gevent.spawn(serve, number) for number in range(20)]
    gevent.joinall(greenlets)
    print([greenlet.value for greenlet in greenlets] == [[n, -n] for n in range(20)])
    """
    assert play("patched", program) == "True"
