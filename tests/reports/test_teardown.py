"""The end of an interpreter: finalisers run when the globals of modules are gone, and raise nothing."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from types import FunctionType
from typing import Any

import pytest

import promisepy

from ..support import lines, needs_fork, run_script

# Modules that still live at the end have their globals cleared, in the reverse order of their import, and `sys` after them.
# So what a module holds that was imported before promisepy goes when promisepy's globals are gone, and errors are shown.
KEEP = """
import os, sys, types
sys.modules["holder"] = sys.holder = holder = types.ModuleType("holder")
import promisepy
from promisepy import *
from promisepy._core import claim, reports

class Canary:
    def __del__(self, names=vars(claim), write=os.write):
        write(2, b"cleared\\n" if names["settings"] is None else b"too early\\n")

def keep(*things):
    modules = [module for name, module in sys.modules.items() if name.startswith("promisepy")]
    holder.kept = [Canary(), things, Canary(), modules]
"""

KEPT = {
    "resolving functions": "with_resolvers = Promise.with_resolvers(); keep(with_resolvers.resolve)",
    "resolving functions and their promise": "keep(Promise.with_resolvers())",
    "a promise that something depends on": "d = Promise.with_resolvers(); keep(d, d.promise.then(print), d.promise.timeout(5))",
    "a rejection": "keep(Promise.reject(ValueError('lost')))",
    "a rejection that nobody can see": "keep([Promise.reject(ValueError('lost'))], Promise.with_resolvers().promise)",
    "a stream": "keep(stream(lambda emit: None, lambda emit: None))",
    "the loop of a stream": "keep(iter(stream(lambda emit: None, lambda emit: None)))",
    "replies": "table = Replies(); keep(table, table['key'].then(print))",
    "a burst": "burst = reports.Burst(ValueError(), Promise.resolve()._home); burst.lost.append(None); keep(burst)",
    "a thread's home": "keep(promisepy._core.homes.this_thread.end, Promise.resolve())",
    "a promisified call": "kept = []; keep(promisify(kept.append)(), kept)",
}


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
def test_nothing_is_raised_by_what_goes_last(kept: str) -> None:
    done = run_script(f"set_report_hook(lambda report: None)\n{kept}", prelude=KEEP)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "cleared\ncleared\n"


def finalisers() -> list[Any]:
    """Find every finaliser of the package."""
    found = []
    for module in pkgutil.walk_packages(promisepy.__path__, "promisepy."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(import_module(module.name)).values():
            finaliser = vars(value).get("__del__") if isinstance(value, type) else None
            if isinstance(finaliser, FunctionType) and value.__module__.startswith("promisepy"):
                found.append(finaliser)
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("finaliser", finalisers(), ids=lambda finaliser: finaliser.__qualname__)
def test_a_finaliser_needs_no_global_to_know_that_all_is_over(finaliser: Any) -> None:
    """It asks what is bound in its signature, or uses no global at all."""
    bound = {"settings", "is_finalizing"} & inspect.signature(finaliser).parameters.keys()
    assert bound or not finaliser.__code__.co_names[1:]


@needs_fork
def test_a_child_that_ends_with_the_frames_of_another_thread() -> None:
    code = """
    ready, go = threading.Event(), threading.Event()

    def work():
        promise, resolve, reject = Promise.with_resolvers()
        child = promise.then(print)
        ready.set()
        go.wait()

    threading.Thread(target=work, daemon=True).start()
    ready.wait()
    child = os.fork()
    if not child:
        sys.exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    go.set()
    """
    assert lines(code) == ["0"]
