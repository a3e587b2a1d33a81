"""Debug settings, creation sites, and the reports that go to the one hook.

Three things are reported, each once: a rejection that nobody observed ("unhandled"), a promise that nobody can settle
any more ("broken"), a handler whose home has ended ("stuck"). The last two are rejections as well, so one mechanism
serves all three. A rejected promise that nobody has observed owns an `Alarm`. Observing the promise disarms the alarm.
Losing the last reference to the promise rings it. A sweep at loop shutdown and interpreter exit rings those still held.

The registry refers to alarms only weakly. If it held reasons, a traceback whose frames refer to the promise would keep
the promise alive, and its report would wait for the exit.
"""

from __future__ import annotations

import os
import sys
import weakref
from types import FrameType
from typing import TYPE_CHECKING, Final, TypeAlias, get_type_hints

from .errors import BrokenPromise, StuckPromise, UnhandledRejection, is_ours, short, traceback_of
from .misuse import expected_hook
from .types import Report, ReportHook, ReportKind, public

if TYPE_CHECKING:
    from .jobs import Home


Site: TypeAlias = tuple[str, int, str]
# The file of `typing`, as code objects name it: see `errors.HERE`.
TYPING: Final = get_type_hints.__code__.co_filename


class Settings:
    """What `promisepy.debug` and `set_report_hook` set; one object, so that a reader sees every switch in one place."""

    __slots__ = ("exiting", "hook", "sites", "strict")

    def __init__(self) -> None:
        self.sites = bool(os.environ.get("PROMISEPY_DEBUG")) or sys.flags.dev_mode
        self.strict = False
        self.hook: ReportHook | None = None
        # True after the sweep at exit: modules are torn down then, and what this drops is not the program's doing.
        self.exiting = False


settings: Final = Settings()


@public
def set_report_hook(hook: ReportHook | None, /) -> ReportHook | None:
    """Send reports to `hook` instead of the home's exception handler.

    Args:
        hook: called with each `Report`, on the thread that noticed, which may be any and may be inside a finaliser; it
            should only record. None restores the default: the asyncio loop's exception handler, else
            `sys.unraisablehook`.

    Returns:
        The previous hook, or None.

    Raises:
        TypeError: `hook` is not callable.

    Example:
        >>> reports = []
        >>> previous = set_report_hook(reports.append)
        >>> _ = Promise.reject(ValueError("lost"))
        >>> del _
        >>> reports[0].kind
        'unhandled'
        >>> _ = set_report_hook(previous)
    """
    if hook is not None and not callable(hook):
        raise expected_hook(hook)
    previous = settings.hook
    settings.hook = hook
    return previous


def creation_site() -> Site | None:
    """Find the nearest caller outside this package and outside `typing`, whose code is what calls `Promise[int]`."""
    frame = sys._getframe(1)
    while is_ours(frame) or frame.f_code.co_filename == TYPING:
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name


def describe_site(site: Site | None) -> str:
    """Say where a promise was created, or how to find out."""
    if site is None:
        return "Set PROMISEPY_DEBUG=1 to see the line that created it."
    return f"It was created at {site[0]}:{site[1]}, in {site[2]}."


_alarms: dict[int, weakref.ref[Alarm]] = {}


class Alarm:
    """Reports a rejection that is dropped, or swept, before anybody observed it."""

    __slots__ = ("__weakref__", "_excuse", "_home", "_reason", "_site")

    def __init__(self, reason: BaseException, home: Home, site: Site | None) -> None:
        self._reason = reason
        self._home = home
        self._site = site
        self._excuse: tuple[int, int] | None = None
        # The entry in here is the right to ring (TAKE): only the code that pops it rings or disarms the alarm.
        _alarms[id(self)] = weakref.ref(self)
        if settings.strict:
            home.suspects.append(self)
            if not home.armed:
                home.arm()

    def __del__(self) -> None:
        if settings.exiting or (self._excuse is not None and self._excuse == _instruction()):
            self.disarm()
        else:
            self.accuse()

    def excuse(self) -> None:
        """Do not ring if the promise is freed in the very instruction in which its resolving functions were freed.

        Then all three were dropped together, as in a `Resolvers` tuple, and nobody can miss the outcome.
        """
        self._excuse = _instruction()

    def disarm(self) -> None:
        """Note that the rejection has been observed."""
        _alarms.pop(id(self), None)

    def accuse(self) -> None:
        """Report the rejection, unless it has been observed or reported."""
        if _alarms.pop(id(self), None) is not None and not settings.exiting:
            deliver(_describe(self._reason, self._home, self._site), self._home)


def _instruction() -> tuple[int, int]:
    """Identify the instruction outside this package that dropped a reference, and so runs the finaliser we are in."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and is_ours(frame):
        frame = frame.f_back
    return (id(frame), -1 if frame is None else frame.f_lasti)


def sweep(home: Home | None = None) -> None:
    """Report the unobserved rejections of `home`, or of all homes, even if something still refers to the promises."""
    for reference in list(_alarms.values()):
        alarm = reference()
        if alarm is not None and home in (None, alarm._home):
            alarm.accuse()


def deliver(report: Report, home: Home) -> None:
    """Hand a report to the hook, else to the home, else to `sys.unraisablehook`."""
    hook = settings.hook
    if hook is None:
        if not home.report(report):
            wrapper = UnhandledRejection(report.message)
            wrapper.__cause__ = report.reason
            # The default hook prints no causes, so the wrapper carries the traceback that the reader needs.
            submit_error(wrapper.with_traceback(traceback_of(report.reason)))
        return
    try:
        hook(report)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        submit_error(error)


def report_error(error: BaseException, home: Home) -> None:
    """Report what a function raised, where there is no promise to reject with it."""
    kind: ReportKind = "stuck" if isinstance(error, StuckPromise) else "unhandled"
    message = f"a function that cleans up raised {short(error)}, and nobody is there to handle it."
    deliver(Report(kind, message, error, home.describe()), home)


def _describe(reason: BaseException, home: Home, site: Site | None) -> Report:
    kind: ReportKind = "unhandled"
    advice = "Add .catch(handler), or await it."
    if isinstance(reason, BrokenPromise):
        kind, advice = ("stuck" if isinstance(reason, StuckPromise) else "broken"), ""
    message = f"a promise was rejected with {short(reason)} and nobody handled it."
    return Report(kind, " ".join(filter(None, (message, advice, describe_site(site)))), reason, home.describe())


class _Unraisable:
    """Raises its error in a finaliser, where it is only shown: the one public way to reach `sys.unraisablehook`."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __del__(self) -> None:
        raise self._error


_Unraisable.__del__.__qualname__ = "promisepy's report"  # what the default hook prints first


def submit_error(error: BaseException) -> None:
    """Show an error that cannot be raised to anybody."""
    _Unraisable(error)
