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

# Here and nowhere else: the build reads it from this line. So a checkout has it as well, and nobody pays for a search
# through the metadata of what is installed.
__version__ = "0.1.0"
