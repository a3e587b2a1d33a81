"""Pairs of what users of one resource do, in every schedule with few preemptions, and interrupted at every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from promisepy import Promise, set_host, using

from ..support import PATIENCE, Mainloop
from .explorer import Race, explorer, files, interrupt_everywhere

pytestmark = pytest.mark.slow

PLACES = files("using", "atomic", "cell", "claim", "cancel", "relay")
Act = Callable[[], object]


class Resource:
    """What a promise brings, with the users who are in their blocks, and how often it is released."""

    def __init__(self, host: Mainloop) -> None:
        self.d = Promise[Any].with_resolvers(keep_alive=True)
        self.promise: Promise[Any] = self.d.promise
        self.host = host
        self.inside: list[Any] = []
        self.released = 0

    def release(self, resource: object) -> None:
        assert resource is self
        assert self.inside == []
        self.released += 1

    def using(self, promise: Promise[Any] | None = None) -> Any:
        return using(self.promise if promise is None else promise, self.release)

    def come(self) -> None:
        self.d.resolve(self)

    def enter(self, used: Any) -> bool:
        """Enter when the resource is there; false if the last user has left, or the resource is not there."""
        try:
            advance(used.__aenter__())
        except RuntimeError:
            return False
        self.inside.append(used)
        assert self.released == 0
        return True

    def leave(self, used: Any) -> None:
        assert self.released == 0
        self.inside.remove(used)
        advance(used.__aexit__(None, None, None))

    def use(self, promise: Promise[Any] | None = None) -> None:
        used = self.using(promise)
        if self.enter(used):
            self.leave(used)

    def give_up(self, used: Any) -> None:
        """Begin to wait, and give up: without a loop, a pending promise cannot be awaited."""
        if self.enter(used):  # it has come meanwhile
            self.leave(used)

    def check(self, count: int = 1) -> None:
        self.host.finish()
        assert (self.released, self.inside) == (count, [])


def advance(steps: Any) -> None:
    """Run a coroutine that does not wait."""
    with pytest.raises(StopIteration):
        steps.send(None)


def leave_and_leave(resource: Resource) -> tuple[Act, Act]:
    resource.come()
    first, second = resource.using(), resource.using()
    resource.enter(first)
    resource.enter(second)
    return lambda: resource.leave(first), lambda: resource.leave(second)


def leave_and_use(resource: Resource) -> tuple[Act, Act]:
    resource.come()
    first = resource.using()
    resource.enter(first)
    return lambda: resource.leave(first), resource.use


def use_and_use(resource: Resource) -> tuple[Act, Act]:
    """Both are the first to ask for what users share."""
    resource.come()
    return resource.use, resource.use


def hold_and_hold(resource: Resource) -> tuple[Act, Act]:
    """Likewise, but they leave later, one after the other."""
    resource.come()
    users: list[Any] = []

    def come() -> None:
        used = resource.using()
        assert resource.enter(used)
        users.append(used)
        if len(users) == 3:
            for one in users:
                resource.leave(one)

    come()
    return come, come


def give_up_and_come(resource: Resource) -> tuple[Act, Act]:
    used = resource.using()
    return lambda: resource.give_up(used), resource.come


def give_up_beside_another_and_come(resource: Resource) -> tuple[Act, Act]:
    """The promise is not cancelled with the wait, because somebody else wants it."""
    resource.promise.then()
    return give_up_and_come(resource)


def give_up_after_another_and_come(resource: Resource) -> tuple[Act, Act]:
    resource.promise.then()
    resource.give_up(resource.using())
    return give_up_and_come(resource)


PAIRS = [
    leave_and_leave,
    leave_and_use,
    use_and_use,
    hold_and_hold,
    give_up_and_come,
    give_up_beside_another_and_come,
    give_up_after_another_and_come,
]


@pytest.mark.parametrize("pair", PAIRS)
def test_two_threads(mainloop: Mainloop, pair: Callable[[Resource], tuple[Act, Act]]) -> None:
    def make() -> Race:
        resource = Resource(mainloop)
        return Race(pair(resource), resource.check)

    # One preemption where both come and leave, for the sake of time.
    with explorer(2, watched=PLACES, preemptions=1 if pair in (use_and_use, hold_and_hold) else 2) as search:
        assert search.explore(make) > 50


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("pair", PAIRS)
def test_one_interrupted_by_the_other(
    mainloop: Mainloop, pair: Callable[[Resource], tuple[Act, Act]], swapped: bool
) -> None:
    def make() -> tuple[Act, Act, Act]:
        resource = Resource(mainloop)
        first, second = pair(resource)
        return (second, first, resource.check) if swapped else (first, second, resource.check)

    assert interrupt_everywhere(make, PLACES) > 10


def test_three_of_whom_two_leave_and_one_comes(mainloop: Mainloop) -> None:
    def make() -> Race:
        resource = Resource(mainloop)
        return Race((*leave_and_leave(resource), resource.use), resource.check)

    with explorer(3, watched=files("using", "atomic"), preemptions=1) as search:
        assert search.explore(make) > 100


def test_a_timeout_hands_on_the_resource_while_somebody_comes_to_use_it() -> None:
    """The promise before it has a user, so the one who leaves first must not release."""

    with explorer(2, watched=files("using", "relay"), preemptions=2) as search:
        host = Mainloop()
        search.on(0, lambda: set_host(host))

        def make() -> Race:
            def prepare() -> tuple[Resource, Promise[Any]]:
                resource = Resource(host)
                limited = resource.promise.timeout(PATIENCE)
                host.run()
                resource.come()
                return resource, limited

            resource, limited = search.on(0, prepare)
            first, made = resource.using(), list[Any]()
            resource.enter(first)

            def check() -> None:
                search.on(0, host.finish)
                [second] = made
                assert limited.state == "fulfilled"
                assert resource.enter(second)
                resource.leave(second)
                assert resource.released == 0
                resource.leave(first)
                assert resource.released == 1

            return Race((host.run, lambda: made.append(resource.using(limited))), check)

        assert search.explore(make) > 100


def test_a_timeout_is_given_up_while_the_resource_comes(mainloop: Mainloop) -> None:
    def make() -> Race:
        resource = Resource(mainloop)
        limited = resource.promise.timeout(PATIENCE)
        other = resource.promise.then()
        used = resource.using(limited)
        mainloop.run()

        def check() -> None:
            resource.host.finish()
            assert (other.state, limited.state) == ("fulfilled", "rejected")
            with pytest.raises(Exception, match="cancelled"):
                advance(used.__aenter__())
            resource.check()

        return Race((limited.cancel, resource.come), check)

    with explorer(2, watched=PLACES, preemptions=1) as search:
        assert search.explore(make) > 20
