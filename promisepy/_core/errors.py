"""The exception tree, and the messages about what can go wrong; messages about wrong calls are in `misuse`.

PromiseError
├── BrokenPromise          nobody is left who could settle the promise
│   └── StuckPromise       the home that should run its handler is gone
├── Cancelled              the work was cancelled; an ordinary rejection
├── CallbackError          a callback reported something that is no exception
├── StreamOverflow         more events waited than a stream has room for
├── UnhandledRejection     the wrapper in which an unobserved rejection is shown
└── DeadlockError          (also RuntimeError) waiting here could never end
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final

from .types import is_a, public


@public
class PromiseError(Exception):
    """Base class of the errors that promisepy itself makes."""


@public
class BrokenPromise(PromiseError):
    """Both resolving functions were dropped before either was called."""


@public
class StuckPromise(BrokenPromise):
    """The thread or loop that should run the handler has ended."""


@public
class Cancelled(PromiseError):
    """The work behind the promise was cancelled.

    An `Exception`, unlike `asyncio.CancelledError`: a promise whose producer was cancelled must not make the task
    that awaits it look cancelled.
    """


@public
class CallbackError(PromiseError):
    """A callback API reported a failure, or arguments, that are no exception.

    Attributes:
        arguments: the positional arguments of the call, all of them.
        keywords: its keyword arguments.
    """

    def __init__(
        self, message: str, arguments: tuple[object, ...] = (), keywords: dict[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.arguments = arguments
        self.keywords: dict[str, object] = keywords or {}


@public
class StreamOverflow(PromiseError):
    """More events waited than a stream has room for."""


@public
class UnhandledRejection(PromiseError):
    """How a rejection that nobody observed reaches `sys.unraisablehook`; the reason is its `__cause__`."""


@public
class DeadlockError(PromiseError, RuntimeError):
    """`wait` was asked for a promise that cannot settle before `wait` returns."""


# The descriptors of BaseException itself: a subclass may refuse to have these attributes read or set, or override them.
traceback_of: Callable[[BaseException], TracebackType | None] = BaseException.__dict__["__traceback__"].__get__
context_of: Callable[[BaseException], BaseException | None] = BaseException.__dict__["__context__"].__get__
arguments_of: Callable[[BaseException], tuple[Any, ...]] = BaseException.__dict__["args"].__get__
set_traceback: Callable[[Any, TracebackType | None], object] = BaseException.with_traceback
set_context: Callable[[Any, BaseException | None], object] = BaseException.__dict__["__context__"].__set__
name_of: Callable[[type], str] = type.__dict__["__name__"].__get__
qualified_name_of: Callable[[type], str] = type.__dict__["__qualname__"].__get__


def text_of(thing: object, name: str) -> str | None:
    """Give an attribute that should be a text, such as `__name__`; None if it is missing or no text, or raises."""
    try:
        text = getattr(thing, name, None)
    except Exception:
        return None
    return text if is_a(text, str) else None


# The directory of the package, as code objects name it. A frame is recognised by its code object, not by its globals:
# those are the user's, who may have put anything there for `__name__`.
HERE: Final = (
    (lambda: None).__code__.co_filename.removesuffix("errors.py").removesuffix("_core/").removesuffix("_core\\")
)


def is_ours(frame: FrameType) -> bool:
    """Tell whether a frame belongs to this package."""
    return frame.f_code.co_filename.startswith(HERE)


def raised(error: BaseException) -> TracebackType | None:
    """Give the traceback of an error that the caller has just caught from user code, less our frames at its top."""
    caught: Any = traceback_of(error)
    # Its first frame is the caller's. There is none at all if there was no memory for it.
    traceback: TracebackType | None = caught and caught.tb_next
    while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(HERE):  # in place: is_ours
        traceback = traceback.tb_next
    return traceback


def cancelled_by(error: BaseException) -> Cancelled:
    """Translate somebody else's notice of a cancellation."""
    cancelled = Cancelled(*arguments_of(error))
    cancelled.__cause__ = error
    return cancelled


def reason_of(future: object, error: BaseException) -> BaseException:
    """Give a future's error, or `Cancelled` if it says it was cancelled: some libraries raise an error of their own."""
    cancelled: Any = getattr(type(future), "cancelled", None)
    try:
        is_cancelled = callable(cancelled) and cancelled(future) is True
    except Exception:
        return error  # it tells more than an error about our question
    return cancelled_by(error) if is_cancelled and not is_a(error, Cancelled) else error


# Long enough for the message of an exception, short enough for a line.
_repr = reprlib.Repr()
_repr.maxother = _repr.maxstring = 120


def short(value: object) -> str:
    """Give `repr(value)`, shortened, whatever the value's own `__repr__` does."""
    try:
        return _repr.repr(value)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        return f"<{name_of(type(value))} whose repr fails>"


def no_reply(key: object, timeout: float) -> TimeoutError:
    """Describe an answer that did not come in time."""
    return TimeoutError(f"no answer for the key {short(key)} within {timeout:g} seconds")


def replies_dropped() -> BrokenPromise:
    """Describe a promise whose table of answers is gone."""
    return BrokenPromise(
        "nobody can take the answer any more: the Replies table was dropped. Keep it as long as the connection lives"
    )


def stream_overflow(waiting: int) -> StreamOverflow:
    """Describe a stream whose consumer was too slow."""
    return StreamOverflow(
        f"{waiting} events waited and another one came: consume faster, or choose stream(maxsize=, on_full=)"
    )


def self_resolution() -> TypeError:
    """Describe a promise that was resolved with itself (ECMA-262 27.2.1.3.2, step 6)."""
    return TypeError("a promise was resolved with itself, so it could never settle")


def stop_iteration_reason(reason: BaseException) -> RuntimeError:
    """Describe a `StopIteration` that became a rejection reason, where it would end the awaiting coroutine."""
    return RuntimeError(f"a promise was rejected with {short(reason)}, which Python keeps for iterators")


def unexpected_arguments(name: str, arguments: tuple[object, ...], keywords: dict[str, object]) -> CallbackError:
    """Describe a call of a resolving function with more than one value."""
    shown = ", ".join([*map(short, arguments), *(f"{key}={short(value)}" for key, value in keywords.items())])
    return CallbackError(
        f"{name}() expected one value, got {name}({shown}): wrap it in a function that picks the value",
        arguments,
        keywords,
    )


def not_an_exception(reason: object) -> CallbackError:
    """Describe a rejection by something that is no exception: an error number, a text, a library's own object."""
    return CallbackError(f"reject({short(reason)}) was called; what it got is not an exception", (reason,))


def dropped(created: str) -> BrokenPromise:
    """Describe a promise whose resolving functions are gone."""
    return BrokenPromise(
        f"nobody can settle this promise any more: its resolve and reject were dropped without a call. {created} "
        "If the library keeps callbacks only weakly, use Promise.with_resolvers(keep_alive=True)"
    )


def cancellation(reason: object) -> Cancelled:
    """Make the reason with which a promise is cancelled."""
    if reason is None:
        return Cancelled("the promise was cancelled")
    if is_a(reason, Cancelled):
        return reason
    cancelled = Cancelled(reason)
    if is_a(reason, BaseException):
        cancelled.__cause__ = reason
    return cancelled


def stuck(home: str, created: str) -> StuckPromise:
    """Describe a handler that can never run."""
    return StuckPromise(
        f"a handler can never run: its home, {home}, has ended. {created} Create the promise where a loop "
        "keeps running, or call wait() before the thread or loop ends"
    )


def coroutines_left(count: int, seconds: float) -> StuckPromise:
    """Describe coroutines that go on at exit although they have been cancelled."""
    return StuckPromise(
        f"at exit, {count} of the coroutines that nobody waited for did not end within {seconds:g} seconds of being "
        "cancelled: wait() for them, or let CancelledError end them"
    )


def wrong_thread(host: object, home: str, thread: str) -> StuckPromise:
    """Describe a host that calls `drain` on a thread whose handlers these are not."""
    return StuckPromise(
        f"the host {short(host)} called drain() on {thread}, but the handlers belong to {home} and run only there, so "
        f"they wait: have the host's post() arrange for the call on {home}"
    )


def wait_for_self(promise: str) -> DeadlockError:
    """Refuse a wait that could never end."""
    return DeadlockError(
        f"deadlock: {promise} settles only after the handler that waits for it here has returned: return the promise "
        "from the handler instead"
    )


def wait_for_cycle(promise: str) -> DeadlockError:
    """Refuse to wait for promises that follow one another in a circle."""
    return DeadlockError(f"deadlock: {promise} follows a promise that follows it, so neither can ever settle")


def wait_for_nothing(promise: str) -> DeadlockError:
    """Refuse to wait for a race without inputs, or for what waits for one."""
    return DeadlockError(f"deadlock: {promise} waits for a race of nothing: give Promise.race() at least one promise")


def wait_for_stopped(promise: str, home: str) -> DeadlockError:
    """Refuse to wait for a handler of a loop that has stopped on this very thread."""
    return DeadlockError(
        f"deadlock: {promise} needs a handler to run on {home}, which has stopped on this thread: write "
        "loop.run_until_complete(promise) instead"
    )


def wait_for_ended(promise: str, home: str) -> DeadlockError:
    """Refuse to wait for a handler of the main thread, which has ended and is going to be joined with this thread."""
    return DeadlockError(
        f"deadlock: {promise} needs a handler to run on {home}, which has come to its end and runs what is left only "
        "after this thread: wait for this thread in the main one, or make it a daemon"
    )


def await_without_loop(lacking: str = "a running asyncio loop") -> RuntimeError:
    """Refuse to suspend where no asyncio loop would resume."""
    return RuntimeError(f"await of a pending promise needs {lacking}: call promise.wait() in a script")


def timed_out(promise: str, timeout: float) -> TimeoutError:
    """Describe a `wait` whose time is up; the promise itself goes on."""
    return TimeoutError(f"{promise} did not settle within {timeout:g} seconds")


class Failure:
    """A reason, with the traceback and context that it came with; promises that pass it on share this object."""

    __slots__ = ("outer", "reason", "traceback")

    def __init__(self, reason: BaseException, traceback: TracebackType | None) -> None:
        self.reason = reason
        self.traceback = traceback
        self.outer: BaseException | None = context_of(reason)
        set_traceback(reason, traceback)

    def fresh(self) -> Any:
        """Give the reason; first undo what readers have added to the traceback and context that it came with."""
        reason = self.reason
        set_traceback(reason, self.traceback)
        set_context(reason, self.outer)
        return reason
