"""`using` by many users, who come, wait, give up and leave while the promise settles in any way, or is timed out.

Whatever they do: nobody is in a block after the release, the resource is released once if it has come and all have left,
by the last one if that was in its block, and nothing is released that has not come.
"""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from promisepy import Promise, Report, set_report_hook, using

from ..support import turns


class Jumping(asyncio.SelectorEventLoop):
    """A loop whose clock can be put forward."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


class User:
    """A task with one block."""

    def __init__(self, machine: Users, promise: Promise[Any], *, takes_time: bool) -> None:
        self.machine = machine
        self.takes_time = takes_time
        self.is_inside = False
        self.leaving = asyncio.Event()
        self.task = asyncio.create_task(self.use(promise))

    async def use(self, promise: Promise[Any]) -> None:
        machine = self.machine
        # Who is given a promise that has failed before, by a time limit for instance, is no user of the resource. But a
        # promise that was cancelled may still bring it.
        if promise.state != "rejected" or (promise is machine.d.promise and not machine.has_answered):
            machine.has_users = True
        async with using(promise, self.release_slowly if self.takes_time else self.release) as resource:
            assert resource == "resource"
            assert machine.released == []
            self.is_inside = True
            try:
                await self.leaving.wait()
            finally:
                self.is_inside = False
                assert machine.released == []

    def release(self, resource: object) -> None:
        assert resource == "resource"
        self.machine.released.append(self)

    async def release_slowly(self, resource: object) -> None:
        self.release(resource)
        await turns(1)


class Users(RuleBasedStateMachine):
    """One promise in one loop; each rule lets the loop come to rest."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = Jumping()
        self.reports: list[Report] = []
        self.previous = set_report_hook(self.reports.append)
        self.released: list[User] = []
        self.users: list[User] = []
        self.derived: list[Promise[Any]] = []
        self.others: list[Promise[Any]] = []
        self.has_users = self.has_come = self.is_lost = self.has_answered = False

    def do(self, action: Any) -> None:
        async def act() -> None:
            action()
            await turns(12)

        self.loop.run_until_complete(act())

    @initialize(stops=st.booleans())
    def begin(self, stops: bool) -> None:
        async def make() -> Any:
            return Promise[str].with_resolvers(keep_alive=True, on_cancel=(lambda: None) if stops else None)

        self.d = self.loop.run_until_complete(make())
        self.derived.append(self.d.promise)

    @rule(data=st.data(), takes_time=st.booleans())
    def somebody_comes(self, data: st.DataObject, takes_time: bool) -> None:
        promise = data.draw(st.sampled_from(self.derived), "promise")
        self.do(lambda: self.users.append(User(self, promise, takes_time=takes_time)))

    @rule(data=st.data(), seconds=st.sampled_from([50, 150]))
    def a_time_limit(self, data: st.DataObject, seconds: int) -> None:
        promise = data.draw(st.sampled_from(self.derived), "promise")

        def limit() -> None:
            limited = promise.timeout(seconds)
            limited.catch(BaseException, lambda error: None)  # not observed by users only
            self.derived.append(limited)

        assume(len(self.derived) < 6)
        self.do(limit)

    @precondition(lambda self: any(user.is_inside for user in self.users))
    @rule(data=st.data())
    def one_leaves(self, data: st.DataObject) -> None:
        user = data.draw(st.sampled_from([user for user in self.users if user.is_inside]), "user")
        self.do(user.leaving.set)
        if self.released:
            assert self.released == [user]

    @precondition(lambda self: any(not user.task.done() for user in self.users))
    @rule(data=st.data(), also=st.sampled_from(["nothing", "before", "after"]))
    def one_is_cancelled(self, data: st.DataObject, also: str) -> None:
        user = data.draw(st.sampled_from([user for user in self.users if not user.task.done()]), "user")
        if also == "before":
            self.do(lambda: (self.answer(), user.task.cancel()))
        elif also == "after":
            self.do(lambda: (user.task.cancel(), self.answer()))
        else:
            self.do(user.task.cancel)

    def answer(self) -> None:
        if not self.has_answered:
            self.has_answered = self.has_come = True
            self.is_lost = self.d.promise.state == "rejected" and not self.has_users
        self.d.resolve("resource")

    @rule()
    def it_comes(self) -> None:
        self.do(self.answer)

    @rule()
    def it_fails(self) -> None:
        self.has_answered = True
        self.do(lambda: self.d.reject(ValueError("no resource")))

    @rule(data=st.data())
    def somebody_cancels(self, data: st.DataObject) -> None:
        self.do(data.draw(st.sampled_from(self.derived), "promise").cancel)

    @rule()
    def time_passes(self) -> None:
        self.loop.ahead += 100
        self.do(lambda: None)

    @rule()
    def somebody_else_wants_it(self) -> None:
        self.do(lambda: self.others.append(self.d.promise.catch(BaseException, lambda error: None)))

    @precondition(lambda self: self.others)
    @rule()
    def somebody_else_does_not_want_it_any_more(self) -> None:
        self.do(self.others.pop().cancel)

    @invariant()
    def it_is_released_once_when_all_have_left(self) -> None:
        waiting = [user for user in self.users if not user.task.done() and not user.is_inside]
        inside = [user for user in self.users if user.is_inside]
        is_due = self.has_come and self.has_users and not self.is_lost and not waiting and not inside
        assert len(self.released) == is_due
        if self.released:
            assert self.has_come
        if self.has_answered:
            assert waiting == []

    @invariant()
    def nobody_is_refused_before_the_release(self) -> None:
        for user in self.users:
            error = None if not user.task.done() or user.task.cancelled() else user.task.exception()
            assert not isinstance(error, AssertionError), error
            if isinstance(error, RuntimeError):
                assert self.released != []

    def teardown(self) -> None:
        try:
            for user in self.users:
                self.do(user.task.cancel)
            for promise in [*self.derived, *self.others]:
                self.do(promise.cancel)
            self.it_is_released_once_when_all_have_left()
            assert self.reports == []
        finally:
            set_report_hook(self.previous)
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()


TestUsers = Users.TestCase
TestUsers.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
