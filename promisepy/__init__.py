"""Promises for Python: any callback API awaitable, chainable and safe across threads, with or without an event loop."""

from __future__ import annotations

from . import debug as debug
from ._callbackify import callbackify as callbackify
from ._callbacks import promisify as promisify
from ._callbacks import submit as submit
from ._conventions import Convention as Convention
from ._errors import BrokenPromise as BrokenPromise
from ._errors import CallbackError as CallbackError
from ._errors import Cancelled as Cancelled
from ._errors import DeadlockError as DeadlockError
from ._errors import PromiseError as PromiseError
from ._errors import StreamOverflow as StreamOverflow
from ._errors import StuckPromise as StuckPromise
from ._errors import UnhandledRejection as UnhandledRejection
from ._events import Emitter as Emitter
from ._events import Stream as Stream
from ._events import once as once
from ._events import stream as stream
from ._promise import Promise as Promise
from ._promise import Resolvers as Resolvers
from ._replies import Replies as Replies
from ._reports import set_report_hook as set_report_hook
from ._resources import using as using
from ._rules import register_adoptable as register_adoptable
from ._surroundings import set_host as set_host
from ._types import Fulfilled as Fulfilled
from ._types import Host as Host
from ._types import Reject as Reject
from ._types import Rejected as Rejected
from ._types import Report as Report
from ._types import Resolve as Resolve
from ._types import Settled as Settled
from ._types import State as State
from ._types import Thenable as Thenable

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
