"""Promises for Python: any callback API awaitable, chainable and safe across threads, with or without an event loop."""

from __future__ import annotations

from . import debug
from ._callbacks.callbackify import callbackify
from ._callbacks.conventions import Convention
from ._callbacks.promisify import promisify, submit
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
from ._events.replies import Replies
from ._events.stream import Emitter, Stream, once, stream
from ._promises.promise import Promise, Resolvers
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

# Reprs, tracebacks and pickles name the place from which users import, not the file that happens to define.
for _object in [globals()[name] for name in __all__]:
    if getattr(_object, "__module__", "").startswith("promisepy._"):
        _object.__module__ = __name__
