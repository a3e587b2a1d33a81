"""What happens to homes from outside: a host is installed, the interpreter exits, a fork leaves only one thread."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from .errors import coroutines_left
from .homes import (
    ThreadHome,
    current_thread_home,
    loop_homes,
    outlasting,
    this_thread,
    thread_homes,
)
from .jobs import BURST, inline, run_inline
from .misuse import expected_host
from .reports import Gathering, report_stuck, settings, sweep
from .types import Host, public

# How long, in seconds, coroutines that are cancelled at exit may take to end.
PATIENCE: Final = 3.0
# For how long, in seconds, the main thread stays at its end because another one may still come to wait for it.
GRACE: Final = 1.0
# How long, in seconds, it sleeps until it looks again.
LOOK_AGAIN: Final = 0.02

# Imported before our exit function is registered. The last one is called first, and executors join their threads after
# it.
_executors: Any = import_module("concurrent.futures.thread")


@public
def set_host(host: Host | None, /) -> Host | None:
    """Let a host, such as the event loop of a GUI, run the handlers of promises created on the current thread.

    Args:
        host: an object with `post(drain)`, which arranges for `drain()` to be called soon on this thread; it is called
            from any thread. None removes the host. What it loses is asked for again; a call on another thread is
            refused and reported. A coroutine cannot run on the thread of a host, and is rejected.

    Returns:
        The previous host of this thread, or None.

    Raises:
        TypeError: `host` has no `post`.

    Example:
        >>> class Mainloop:
        ...     def __init__(self):
        ...         self.posted = []
        ...     def post(self, drain):
        ...         self.posted.append(drain)
        >>> host = Mainloop()
        >>> previous = set_host(host)
        >>> _ = Promise.resolve("shown").then(print)
        >>> host.posted.pop()()
        shown
        >>> _ = set_host(previous)
    """
    if host is not None and not callable(getattr(host, "post", None)):
        raise expected_host(host)
    home = current_thread_home()
    previous, home.host = home.host, host
    # The previous host, or a loop that has stopped, may still have been asked to drain or to ring. Neither is in charge
    # any more, so all of that is asked for again.
    home.loop = None
    home.holds = host is None
    home.end_sleeper()
    home.look()
    home.restart_timers()
    home.rearm()
    return previous


def _outlast() -> None:
    """Run what other threads wait for: the main thread has come to its end, and the interpreter is going to join them.

    It joins the threads of executors next, then all others, and only then calls what `atexit` has. A thread that waits
    for a handler of the main thread would keep it for ever. So this stays as long as one does, and for a moment for
    those that may still come to it; not for longer, since a thread may itself wait for the end of the main one, by
    `main_thread().join()`, and threads of a pool end only when they are told to, after this. What begins to wait later
    is refused (`over`).
    """
    main = this_thread.home
    _give_up_stopped(threading.get_ident())
    if main is None:
        return
    until = time.monotonic() + GRACE
    outlasting.append(main)
    try:
        while not main.over:
            while not _run(main, lambda: not main.jobs and not _is_needed(main, until), LOOK_AGAIN):
                pass
            main.over = True
            main.over = not _is_needed(main, until)  # whoever has begun meanwhile may not have seen that (LOOK)
    finally:
        outlasting.clear()
        main.over = True


def _is_needed(main: ThreadHome, until: float) -> bool:
    """Tell whether a thread that the interpreter is going to join waits for a handler, or may do so until then."""
    joined = {one.ident: one for one in threading.enumerate() if not one.daemon and one.ident != main.ident}
    if time.monotonic() < until and not all(map(_is_pooled, joined.values())):
        return True
    others = [home for home in list(thread_homes) if home.ident in joined]
    return any(needs(main) for home in others for needs in tuple(home.needs))


def _is_pooled(thread: threading.Thread) -> bool:
    """Tell whether a thread belongs to an executor."""
    return thread in getattr(_executors, "_threads_queues", ()) or type(thread).__module__.startswith(
        "concurrent.futures"
    )


def _run(home: ThreadHome, is_done: Callable[[], bool], timeout: float | None = None) -> bool:
    """Drain the home of this thread; a handler that asks for the end, which has come, ends nothing but itself."""
    while True:
        try:
            return home.run_until(is_done, timeout, None, None)
        except SystemExit:
            continue


def _at_exit() -> None:
    """Run what the main thread still has to run, then report what nobody can observe any more.

    Functions that `atexit` calls after this one may still use promises, and wait for them.
    """
    home = this_thread.home
    try:
        if home is not None:
            home.over = False
            _run(home, lambda: not home.jobs)
            _end_coroutines(home)
    finally:
        with Gathering():
            if home is not None:
                home.abandon_timers()
                home.abandon()  # jobs are left only after an interrupt; they can only be reported
            _give_up_stopped()
            sweep()
        settings.exiting = True


def _end_coroutines(home: ThreadHome) -> None:
    """Cancel the coroutines that wait for something, as `asyncio.run` does: nobody waits for them."""
    turns = iter(range(BURST))  # those that need no more than turns of the loop get that many
    while home.tasks and next(turns, None) is not None:
        _run(home, lambda: False, 0)
    home.private.cancel()
    if _run(home, lambda: not home.tasks and not home.jobs, PATIENCE):
        home.private.close()
    else:
        report_stuck(coroutines_left(len(home.tasks), PATIENCE), home)


def _give_up_stopped(ident: int | None = None) -> None:
    """Fail what waits for loops that have stopped, and so will never run again; with `ident`, those of one thread."""
    for reference in loop_homes.valuerefs():
        home = reference()
        if home is not None and ident in (None, home.ident) and not home.loop.is_running():
            home.over = ident is None
            home.close()
    if inline:
        run_inline()


def _after_fork() -> None:
    for home in list(thread_homes):
        home.forked()
        loop = home.private.loop
        if loop is not None:
            _separate(loop)


def _separate(loop: Any) -> None:  # Any: these names are private to asyncio, and uvloop, say, has none of them
    """In a forked child, give the private loop of a `wait` a selector and a self-pipe of its own.

    The inherited ones are shared with the parent. If the child closed its self-pipe, that would vanish from the
    parent's selector, and nothing could wake the parent's loop any more. And each process could take the other's
    wake-ups.
    """
    shared = getattr(loop, "_selector", None)
    if shared is None:
        return
    pipe, keys = loop._ssock.fileno(), list(shared.get_map().values())
    shared.close()  # closes only our descriptor; the selector itself lives on in the parent
    loop._selector = type(shared)()
    loop._close_self_pipe()
    loop._make_self_pipe()
    for key in keys:
        if key.fd != pipe:
            loop._selector.register(key.fd, key.events, key.data)


# Known since Python 3.9, but private. Without it, threads that wait for the main thread at its end are not outlasted.
_register: Any = getattr(threading, "_register_atexit", None)
if _register is not None:  # pragma: no branch
    with suppress(RuntimeError):  # promisepy is imported by what runs at the end
        _register(_outlast)
atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):  # pragma: no branch  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)
