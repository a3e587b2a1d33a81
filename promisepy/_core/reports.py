"""Debug settings, creation sites, and the reports that go to the one hook.

Three things are reported, each once: a rejection that nobody observed ("unhandled"), a promise that nobody can settle
any more ("broken"), a handler whose home has ended ("stuck"). The last two are rejections as well, so one mechanism
serves all three. A rejected promise that nobody has observed owns an `Alarm`. Observing the promise disarms the alarm.
Losing the last reference to the promise rings it. A sweep at loop shutdown and interpreter exit rings those still held.

INV-MISSED  An alarm is for an outcome that somebody could miss. If the resolving functions of a promise are dropped on
            which nobody depends, only those who hold it could. So its alarm rings while it is held, in a sweep, and is
            silent when it is dropped. In which order functions and promise go makes no difference.

One cause may reject thousands of promises at once: a connection that is lost, a library that goes, a thread that ends.
The first is reported at once, and what follows it for the same cause is counted in a `Burst`, and told in one more
report: when the queue of the home runs empty, before the report of another cause, in a sweep, when the hook changes, or
with the next one after a second. So none is lost, and their order is kept. A sweep tells of all that it finds in one
report for each cause. Strict mode, for tests, reports each promise by itself.

The registry refers to alarms and bursts only weakly. If it held reasons, a traceback whose frames refer to the promise
would keep the promise alive, and its report would wait for the exit.

Finalisers get `settings` as a default argument: when the interpreter ends, globals of modules may be gone before the
last objects are. `settings.exiting` is true by then, and they do nothing.
"""

from __future__ import annotations

import os
import sys
import time
import weakref
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias, get_type_hints

from .atomic import taken
from .errors import BrokenPromise, StuckPromise, UnhandledRejection, is_ours, name_of, short, traceback_of
from .misuse import expected_hook
from .types import Report, ReportHook, ReportKind, is_a, public

if TYPE_CHECKING:
    from .jobs import Home


Site: TypeAlias = tuple[str, int, str]
# A burst is over after so many seconds, even if nothing drains the home.
SPAN: Final = 1.0
# Whether the default `sys.unraisablehook` prints the causes of an error, too.
SHOWS_CAUSES: Final = sys.version_info >= (3, 15)
# The file of `typing`, as code objects name it: see `errors.HERE`.
TYPING: Final = get_type_hints.__code__.co_filename


class Settings:
    """What `promisepy.debug` and `set_report_hook` set; one object, so that a reader sees every switch in one place."""

    __slots__ = ("exiting", "hook", "sites", "strict")

    def __init__(self) -> None:
        self.sites: bool = bool(os.environ.get("PROMISEPY_DEBUG")) or sys.flags.dev_mode
        self.strict: bool = False
        self.hook: ReportHook | None = None
        # True after the sweep at exit: modules are torn down then, and what this drops is not the program's doing.
        self.exiting: bool = False


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
    for watch in list(_watched.values()):
        found = watch()
        if isinstance(found, Burst):
            found.end()
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


class Watch(weakref.ref["Alarm | Burst"]):
    """Finds an alarm or a burst, without keeping it alive."""

    __slots__ = ()

    def accuse(self) -> None:
        """Have it tell what it has to tell, if it is still there."""
        found = self()
        if found is not None:
            found.accuse()


_watched: dict[int, Watch] = {}


class Alarm:
    """Reports a rejection that is dropped, or swept, before anybody observed it."""

    __slots__ = ("__weakref__", "_is_missed", "_reason", "_site", "home")

    def __init__(self, reason: BaseException, home: Home, site: Site | None) -> None:
        self._reason = reason
        self.home = home
        self._site = site
        self._is_missed = True
        # The entry in here is the right to ring (TAKE): only the code that pops it rings or disarms the alarm.
        _watched[id(self)] = watch = Watch(self)
        if settings.strict:
            home.suspects.append(watch)
            if not home.armed:
                home.arm()

    def __del__(self, settings: Settings = settings) -> None:
        if settings.exiting:
            return
        if self._is_missed:
            self.accuse()
        else:
            self.disarm()

    def ring_only_while_held(self) -> None:
        """Do not ring when the promise is dropped: nobody has depended on it, so nobody misses its outcome then."""
        self._is_missed = False

    def disarm(self) -> None:
        """Note that the rejection has been observed."""
        _watched.pop(id(self), None)

    def accuse(self) -> None:
        """Report the rejection, unless it has been observed or reported."""
        if _watched.pop(id(self), None) is not None and not settings.exiting:
            _tell(self._reason, self.home, self._site)


class Burst:
    """What one cause has done to promises of one home, and has not been told yet."""

    __slots__ = ("__weakref__", "_ends", "_home", "_reason", "_says_more", "_where", "lost")

    def __init__(self, reason: BaseException, home: Home) -> None:
        self._reason = reason
        self._home = weakref.ref(home)  # the home holds the burst
        self._where = home.describe()
        self._says_more = False
        self._ends = time.monotonic() + SPAN
        # Where the promises were created; each is taken out by whoever tells of it (TAKE).
        self.lost: list[Site | None] = []
        _watched[id(self)] = Watch(self)

    def __del__(self, settings: Settings = settings) -> None:
        if not settings.exiting:
            _watched.pop(id(self), None)
            self.accuse()

    @property
    def home(self) -> Home | None:
        """The home, if it is still there."""
        return self._home()

    def is_of(self, reason: BaseException) -> bool:
        """Tell whether a reason is of the same cause: the same object, or one more promise that nobody can settle."""
        if time.monotonic() >= self._ends:
            return False
        return reason is self._reason or (is_a(reason, BrokenPromise) and type(reason) is type(self._reason))

    def end(self) -> None:
        """Report what has not been told yet, and take on no more."""
        self._ends = 0.0
        self.accuse()

    def accuse(self) -> None:
        """Report what has not been told yet."""
        lost = list(taken(self.lost))
        if lost and not settings.exiting:
            more, self._says_more = self._says_more, True
            deliver(_describe(self._reason, self._where, lost[::-1], more), self.home)


class Gathering:
    """Has all that is lost during a `with` block told at its end, in one report for each cause and home.

    For what ends many promises at once and knows it: a sweep, the end of a home. Of nested ones the outermost counts,
    on all threads. What another thread adds too late is told by its burst's finaliser.
    """

    __slots__ = ("_bursts",)

    def __init__(self) -> None:
        self._bursts: dict[tuple[Home, object], Burst] = {}

    def __enter__(self) -> None:
        """Begin."""
        _gatherings.append(self)

    def __exit__(self, *_: object) -> None:
        """Report."""
        _gatherings.remove(self)
        for burst in self._bursts.values():
            burst.end()

    def add(self, reason: BaseException, home: Home, site: Site | None) -> None:
        """Count one more."""
        cause = type(reason).__name__ if is_a(reason, BrokenPromise) else id(reason)
        burst = self._bursts.get((home, cause)) or self._bursts.setdefault((home, cause), Burst(reason, home))
        burst.lost.append(site)


_gatherings: list[Gathering] = []


def _tell(reason: BaseException, home: Home, site: Site | None) -> None:
    """Report a lost rejection: at once, or with others of the same cause."""
    if settings.strict:
        deliver(_describe(reason, home.describe(), [site], more=False), home)
        return
    for gathering in tuple(_gatherings):
        gathering.add(reason, home, site)
        return
    burst = next((one for one in reversed(home.suspects) if type(one) is Burst), None)
    if burst is not None and burst.is_of(reason):
        burst.lost.append(site)  # if it has been told meanwhile on another thread, its finaliser tells of this one
    else:
        if burst is not None:
            burst.end()  # what came before is told before
            with suppress(ValueError):  # the queue has run empty meanwhile
                home.suspects.remove(burst)
        burst = Burst(reason, home)
        home.suspects.append(burst)
        burst.lost.append(site)
        burst.accuse()
    if not home.armed:
        home.arm()


def sweep(home: Home | None = None) -> None:
    """Report the unobserved rejections of `home`, or of all homes, even if something still refers to the promises."""
    with Gathering():
        for watch in list(_watched.values()):
            found = watch()
            if found is not None and home in (None, found.home):
                found.accuse()


def deliver(report: Report, home: Home | None) -> None:
    """Hand a report to the hook, else to the home, else to `sys.unraisablehook`."""
    hook = settings.hook
    if hook is None:
        if home is None or not home.report(report):
            show(report)
        return
    try:
        hook(report)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        submit_error(error)


def show(report: Report) -> None:
    """Show a report by `sys.unraisablehook`."""
    reason = report.reason
    if SHOWS_CAUSES:  # in full, before the wrapper
        wrapper = UnhandledRejection(report.message.replace(short(reason), name_of(type(reason)), 1))
    else:  # so the wrapper carries the traceback that the reader needs
        wrapper = UnhandledRejection(report.message).with_traceback(traceback_of(reason))
    wrapper.__cause__ = reason
    submit_error(wrapper)


def report_stuck(reason: StuckPromise, home: Home) -> None:
    """Report what will not run, where there is no promise to reject with it."""
    deliver(Report("stuck", str(reason), reason, home.describe()), home)


def report_error(error: BaseException, home: Home) -> None:
    """Report what a function raised, where there is no promise to reject with it."""
    kind: ReportKind = "stuck" if isinstance(error, StuckPromise) else "unhandled"
    message = f"a function that cleans up raised {short(error)}, and nobody is there to handle it."
    deliver(Report(kind, message, error, home.describe()), home)


def _describe(reason: BaseException, where: str, lost: list[Site | None], more: bool) -> Report:
    """Make the report of so many rejections of one cause; `more` if one has been made before."""
    kind: ReportKind = "unhandled"
    count = len(lost)
    it, promises = "it", "a promise was"
    if more or count > 1:
        it, promises = "them", f"{count:,} {'more ' if more else ''}{'promise was' if count == 1 else 'promises were'}"
    advice = f"Add .catch(handler), or await {it}."
    if isinstance(reason, BrokenPromise):
        kind, advice = ("stuck" if isinstance(reason, StuckPromise) else "broken"), ""
    message = f"{promises} rejected with {short(reason)} and nobody handled {it}."
    sites = describe_site(lost[0]) if count == 1 else _describe_sites(Counter(lost))
    return Report(kind, " ".join(filter(None, (message, advice, sites))), reason, where, count)


def _describe_sites(sites: Counter[Site | None]) -> str:
    """Say where several promises were created, in the order in which they were lost."""
    known = [f"{site[0]}:{site[1]}, in {site[2]} ({count:,})" for site, count in sites.items() if site is not None]
    return f"They were created at {'; '.join(known)}." if known else describe_site(None).replace(" it.", " them.")


class _Unraisable:
    """Raises its error in a finaliser, where it is only shown: the one public way to reach `sys.unraisablehook`."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __del__(self) -> None:  # needs no global: it may run when all of them are gone
        raise self._error


_Unraisable.__del__.__qualname__ = "promisepy's report"  # what the default hook prints first


def submit_error(error: BaseException) -> None:
    """Show an error that cannot be raised to anybody."""
    _Unraisable(error)
