"""What happens to homes from outside: a host is installed, the interpreter exits, a fork leaves only one thread."""

from __future__ import annotations

import atexit
import os
from typing import Any

from .homes import ThreadHome, current_thread_home, loop_homes, running_loop, this_thread, thread_homes
from .misuse import expected_host
from .reports import Gathering, settings, sweep
from .types import Host, public


@public
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
    # The previous host, or a loop that has stopped, may still have been asked to drain or to ring. Neither is in charge
    # any more, so all of that is asked for again.
    home.loop = running_loop()
    home.restart_timers()
    home.rearm()
    return previous


def _at_exit() -> None:
    """Run what the main thread still has to run, then report what nobody can observe any more."""
    home = this_thread.home
    try:
        if home is not None:
            home.run_until(lambda: not home.jobs and not home.tasks, None, None, None)
    finally:
        with Gathering():
            if home is not None:
                home.close()  # jobs are left only after an interrupt; they can only be reported
            for loop, other in list(loop_homes.items()):
                if loop.is_closed():
                    other.close()
            sweep()
        settings.exiting = True


def _after_fork() -> None:
    for home in list(thread_homes):
        home.forked()
    for loop, owner in loop_homes.items():
        if type(owner) is ThreadHome:
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


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):  # pragma: no branch  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)
