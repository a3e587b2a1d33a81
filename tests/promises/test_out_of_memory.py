"""MemoryError at any one allocation loses no promise, as RecursionError does not (S3).

In processes, which CPython may end. One allocation fails, and not all from there on: CPython 3.11 loops for ever where it
has no memory to handle an exception.
"""

from __future__ import annotations

import pytest

from ..support import run_script

pytest.importorskip("_testcapi")  # part of CPython's own tests, which some builds leave out

SCRIPT = """
import gc, logging, sys
from concurrent.futures import Future
from _testcapi import remove_mem_hooks, set_nomemory
from promisepy import Promise, set_report_hook
from promisepy._core.jobs import inline

gc.disable()
logging.disable()
set_report_hook(lambda report: None)
sys.unraisablehook = lambda args: None
way, retry = {way!r}, {retry!r}

async def coroutine():
    return 1

class Thenable:
    def then(self, resolve, reject):
        resolve(1)

class Scene:
    def __init__(self):
        self.handled = []
        self.promise, *self.functions = Promise.with_resolvers()
        promise = self.promise
        self.children = [promise.then(self.note(n), self.note(n)) for n in range(3)]
        self.future = promise.to_future()
        self.derived = [promise.finally_(str), promise.shield(), Promise.all([promise]), Promise.race([promise])]

    def note(self, number):
        return lambda _: self.handled.append(number)

def run():
    Promise.resolve(coroutine()).then().then().then().wait(10)

def call_of(scene):
    resolve, reject = scene.functions
    other = Promise.resolve(2)
    other.then().wait()
    if way == "cancel":
        return scene.promise.cancel, ()
    if way == "reject":
        return reject, (ValueError(),)
    value = {{"value": 1, "promise": other, "thenable": Thenable(), "object": object()}}[way]
    return resolve, (value,)

def attempt(function, arguments, start):
    failed = False
    set_nomemory(start, start + 1)
    try:
        function(*arguments)
    except MemoryError:
        failed = True
    finally:
        remove_mem_hooks()
    return failed

for start in range({first}, 120):
    scene = Scene()
    function, arguments = call_of(scene)
    print(start, end=" ", flush=True)
    if attempt(function, arguments, start):
        print("failed", end=" ")
        if retry == "again":
            function(*arguments)
        elif retry == "reject":
            scene.functions[1](MemoryError())
    del function, arguments
    run()
    scene.functions.clear()
    run()
    assert scene.promise.state != "pending", start
    assert scene.promise._reactions is None, start
    assert scene.handled == [0, 1, 2], (start, scene.handled)
    assert scene.future.done(), start
    assert all(one.state != "pending" for one in scene.derived), (start, scene.derived)
    assert inline == {{}}, (start, inline)
"""


@pytest.mark.parametrize("retry", ["again", "reject", "drop"])
@pytest.mark.parametrize("way", ["value", "object", "promise", "thenable", "reject", "cancel"])
def test_settling_without_memory(way: str, retry: str) -> None:
    first, crashes, failures = 1, 0, 0
    while first < 120:
        done = run_script(SCRIPT.format(way=way, retry=retry, first=first), prelude="", timeout=20)
        failures += done.stdout.count("failed")
        if done.returncode >= 0:
            assert (done.returncode, done.stderr) == (0, ""), done.stderr
            break
        crashes += 1  # that of CPython 3.13.0 where it specializes a call of `all`, say
        first = int(done.stdout.split()[-1]) + 1
    assert crashes < 5
    assert failures > 1
