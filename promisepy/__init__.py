"""Promises for Python: any callback API awaitable, chainable and safe across threads, with or without an event loop."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from . import debug
from ._core.adopt import register_adoptable
from ._core.errors import (
    BrokenPromise,
    CallbackError,
    Cancelled,
    DeadlockError,
    PromiseError,
    StreamOverflow,
    StuckPromise,
    UnhandledRejection,
)
from ._core.lifecycle import set_host
from ._core.reports import set_report_hook
from ._core.types import Fulfilled, Host, Reject, Rejected, Report, Resolve, Settled, State, Thenable
from ._promises.promise import Promise, Resolvers

if TYPE_CHECKING:
    from ._callbacks.callbackify import callbackify
    from ._callbacks.conventions import Convention
    from ._callbacks.promisify import promisify
    from ._callbacks.submit import submit
    from ._events.once import once
    from ._events.replies import Replies
    from ._events.stream import Emitter, Stream, stream
    from ._promises.using import using

__all__ = (
    "BrokenPromise",
    "CallbackError",
    "Cancelled",
    "Convention",
    "DeadlockError",
    "Emitter",
    "Fulfilled",
    "Host",
    "Promise",
    "PromiseError",
    "Reject",
    "Rejected",
    "Replies",
    "Report",
    "Resolve",
    "Resolvers",
    "Settled",
    "State",
    "Stream",
    "StreamOverflow",
    "StuckPromise",
    "Thenable",
    "UnhandledRejection",
    "callbackify",
    "debug",
    "once",
    "promisify",
    "register_adoptable",
    "set_host",
    "set_report_hook",
    "stream",
    "submit",
    "using",
)

# The version is here and nowhere else: the build reads this line. So a checkout has it as well, and nobody pays for a
# search through the metadata of what is installed.
__version__ = "0.1.0"

# What builds on promises is loaded when it is first asked for, so a program that only chains does not pay for it. The
# package itself never asks for these names, so no signal handler or finaliser of ours ever runs an import.
_LOADED_LATER = {
    "Convention": "_callbacks.conventions",
    "Emitter": "_events.stream",
    "Replies": "_events.replies",
    "Stream": "_events.stream",
    "callbackify": "_callbacks.callbackify",
    "once": "_events.once",
    "promisify": "_callbacks.promisify",
    "stream": "_events.stream",
    "submit": "_callbacks.submit",
    "using": "_promises.using",
}

if not TYPE_CHECKING:  # pragma: no branch  # checkers would believe that every name exists

    def __getattr__(name: str) -> object:
        """Load a public name that has not been asked for before (PEP 562)."""
        module = _LOADED_LATER.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
        return found

    def __dir__() -> list[str]:
        """List what is public, loaded or not."""
        return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
