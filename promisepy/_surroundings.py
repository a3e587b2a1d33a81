"""What its surroundings do to a home: a host is installed, the interpreter exits, a fork leaves only one thread."""

from __future__ import annotations

import atexit
import os

from ._host import current_thread_home, loop_homes, running_loop, this_thread, thread_homes
from ._misuse import expected_host
from ._reports import settings, sweep
from ._types import Host

__all__ = ["set_host"]


def set_host(host: Host | None, /) -> Host | None:
    """Let a host, such as the event loop of a GUI, run the handlers of promises created on the current thread.

    Args:
        host: an object with `post(drain)`, which arranges for `drain()` to be called soon on this thread; it is called
            from any thread. None removes the host.

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
    # Neither the previous host nor a loop that has stopped is in charge any more, whatever they were asked to do.
    home.armed, home.loop = False, running_loop()
    home.unattended = home.loop is None
    home.restart_timers()
    if home.jobs:
        home.arm()
    return previous


def _at_exit() -> None:
    """Run what the main thread still has to run, then report what nobody can observe any more."""
    home = this_thread.home
    try:
        if home is not None:
            home.run_until(lambda: not home.jobs and not home.tasks, None, None, None)
    finally:
        if home is not None:
            home.close()  # what an interrupt has left can only be reported
        for loop, other in list(loop_homes.items()):
            if loop.is_closed():
                other.close()
        sweep()
        settings.exiting = True


def _after_fork() -> None:
    for home in list(thread_homes):
        home.forked()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
