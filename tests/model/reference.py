"""ECMA-262 promises as the specification words them: the model promisepy is compared with.

Naive on purpose. Clause and step numbers are those of ECMA-262, 16th edition (2025), 27.2 "Promise Objects". Where
Python differs the line says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple


class Fulfilled(NamedTuple):
    value: Any


class Rejected(NamedTuple):
    reason: BaseException


class Capability(NamedTuple):
    """27.2.1.1 PromiseCapability Record."""

    promise: Promise
    resolve: Callable[[Any], None]
    reject: Callable[[BaseException], None]


class Promise:
    """27.2.6 Properties of Promise instances, and 27.2.5 the prototype's methods."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.state = "pending"
        self.result: Any = None
        self.reactions: list[tuple[Capability, Any, Any]] = []  # 27.2.1.2; the handler None is "empty"

    def then(self, on_fulfilled: Any = None, on_rejected: Any = None) -> Promise:
        return self.perform_then(on_fulfilled, only(Exception, on_rejected))

    def catch(self, *arguments: Any) -> Promise:
        types, handler = arguments if len(arguments) == 2 else (Exception, *arguments)
        return self.perform_then(None, only(types, handler))

    def finally_(self, callback: Callable[[], Any]) -> Promise:
        """27.2.5.3."""

        def then_finally(value: Any) -> Promise:
            return self.agent.resolve(callback()).perform_then(lambda _: value, None)

        def catch_finally(reason: BaseException) -> Promise:
            return self.agent.resolve(callback()).perform_then(lambda _: throw(reason), None)

        return self.perform_then(then_finally, catch_finally)

    def perform_then(self, on_fulfilled: Any, on_rejected: Any) -> Promise:
        """27.2.5.4.1 PerformPromiseThen, with the capability of 27.2.5.4 step 4."""
        capability = self.agent.with_resolvers()
        reaction = capability, on_fulfilled, on_rejected
        if self.state == "pending":
            self.reactions.append(reaction)
        else:
            self.agent.jobs.append(partial(self.agent.reaction_job, reaction, self))
        return capability.promise


class Agent:
    """27.2.4 the constructor's functions, and the queue of jobs they share (9.5.5 HostEnqueuePromiseJob)."""

    def __init__(self) -> None:
        self.jobs: deque[Callable[[], None]] = deque()

    def run_next(self) -> None:
        self.jobs.popleft()()

    def promise(self, executor: Callable[[Any, Any], Any]) -> Promise:
        """27.2.3.1."""
        promise, resolve, reject = self.with_resolvers()
        attempt(lambda: executor(resolve, reject), otherwise=reject)
        return promise

    def with_resolvers(self) -> Capability:
        """27.2.4.9, and 27.2.1.5 NewPromiseCapability."""
        promise = Promise(self)
        return Capability(promise, *self.create_resolving_functions(promise))

    def create_resolving_functions(self, promise: Promise) -> tuple[Any, Any]:
        """27.2.1.3 CreateResolvingFunctions."""
        already_resolved = False

        def reject(reason: BaseException) -> None:  # 27.2.1.3.1
            nonlocal already_resolved
            if not already_resolved:
                already_resolved = True
                self.settle(promise, "rejected", reason)

        def resolve(resolution: Any) -> None:  # 27.2.1.3.2
            nonlocal already_resolved
            if already_resolved:  # step 5
                return
            already_resolved = True  # step 6, before `then` is read: a getter may call again
            try:
                if resolution is promise:  # step 7
                    raise TypeError("a promise cannot be resolved with itself")
                then = get_then(resolution)  # step 9, the only read
            except BaseException as error:  # step 10
                self.settle(promise, "rejected", error)
            else:
                if callable(then):
                    self.jobs.append(partial(self.thenable_job, promise, then))  # steps 13 to 15
                else:
                    self.settle(promise, "fulfilled", resolution)  # steps 8 and 12

        return resolve, reject

    def settle(self, promise: Promise, state: str, result: Any) -> None:
        """27.2.1.4 FulfillPromise, 27.2.1.7 RejectPromise, 27.2.1.8 TriggerPromiseReactions."""
        assert promise.state == "pending", "the specification asserts this in step 1"
        promise.state, promise.result = state, result
        self.jobs.extend(partial(self.reaction_job, reaction, promise) for reaction in promise.reactions)
        promise.reactions = []

    def reaction_job(self, reaction: tuple[Capability, Any, Any], promise: Promise) -> None:
        """27.2.2.1 NewPromiseReactionJob."""
        (_, resolve, reject), on_fulfilled, on_rejected = reaction
        fulfilled = promise.state == "fulfilled"
        handler = on_fulfilled if fulfilled else on_rejected
        if handler is None:
            (resolve if fulfilled else reject)(promise.result)
        else:
            attempt(lambda: resolve(handler(promise.result)), otherwise=reject)

    def thenable_job(self, promise: Promise, then: Callable[[Any, Any], Any]) -> None:
        """27.2.2.2 NewPromiseResolveThenableJob."""
        resolve, reject = self.create_resolving_functions(promise)
        attempt(lambda: then(resolve, reject), otherwise=reject)

    def resolve(self, value: Any) -> Promise:
        """27.2.4.7.1 PromiseResolve."""
        if isinstance(value, Promise):
            return value
        return self.promise(lambda resolve, _: resolve(value))

    def reject(self, reason: BaseException) -> Promise:
        """27.2.4.6."""
        return self.promise(lambda _, reject: reject(reason))

    def try_(self, function: Callable[[], Any]) -> Promise:
        """27.2.4.8."""
        return self.promise(lambda resolve, _: resolve(function()))

    def all(self, iterable: Iterable[Any]) -> Promise:
        """27.2.4.1."""
        return self.gather(lambda: enumerate(iterable), lambda put, done: (put, done.reject), as_list)

    def all_settled(self, iterable: Iterable[Any]) -> Promise:
        """27.2.4.2."""
        return self.gather(lambda: enumerate(iterable), put_outcome, as_list)

    def any(self, iterable: Iterable[Any]) -> Promise:
        """27.2.4.3."""
        return self.gather(lambda: enumerate(iterable), lambda put, done: (done.resolve, put), throw_group)

    def all_keyed(self, mapping: Mapping[Any, Any]) -> Promise:
        """Proposal await-dictionary: `all` over entries."""
        return self.gather(mapping.items, lambda put, done: (put, done.reject), dict)

    def all_settled_keyed(self, mapping: Mapping[Any, Any]) -> Promise:
        return self.gather(mapping.items, put_outcome, dict)

    def gather(self, entries: Callable[[], Iterable[Any]], elements: Any, result: Any) -> Promise:
        """27.2.4.1.2 PerformPromiseAll; 27.2.4.2.1 and 27.2.4.3.1 differ in `elements` and `result` only."""
        capability = self.with_resolvers()
        values: dict[Any, Any] = {}
        remaining = 1  # step 2: it cannot finish while iterating

        def finish_one() -> None:
            nonlocal remaining
            remaining -= 1
            if remaining == 0:
                attempt(lambda: capability.resolve(result(values)), otherwise=capability.reject)

        def put(key: Any, value: Any) -> None:  # 27.2.4.1.3; our own promises call it once
            values[key] = value
            finish_one()

        def iterate() -> None:
            nonlocal remaining
            for key, item in entries():
                values[key] = None  # step 4.c: results are in the order of the inputs
                next_promise = self.resolve(item)
                remaining += 1
                next_promise.perform_then(*elements(partial(put, key), capability))
            finish_one()

        attempt(iterate, otherwise=capability.reject)  # 27.2.1.1.1 IfAbruptRejectPromise
        return capability.promise

    def race(self, iterable: Iterable[Any]) -> Promise:
        """27.2.4.5."""

        def executor(resolve: Any, reject: Any) -> None:
            for item in iterable:
                self.resolve(item).perform_then(resolve, reject)

        return self.promise(executor)


def get_then(value: Any) -> Any:
    """Get(value, "then"), where Python asks the type first: an instance attribute makes no thenable."""
    if isinstance(value, Promise):
        return value.perform_then  # adoption takes every reason, `then` only an Exception
    return value.then if hasattr(type(value), "then") else None


def only(types: Any, handler: Any) -> Any:
    """The filter of `catch`: a reason of another type is thrown again, in the same job."""
    if handler is None:
        return None
    return lambda reason: handler(reason) if isinstance(reason, types) else throw(reason)


def throw(reason: BaseException) -> None:
    raise reason


def attempt(function: Callable[[], Any], otherwise: Callable[[BaseException], None]) -> None:
    try:
        function()
    except BaseException as error:
        otherwise(error)


def put_outcome(put: Callable[[Any], None], _: Capability) -> tuple[Any, Any]:
    return (lambda value: put(Fulfilled(value))), (lambda reason: put(Rejected(reason)))


def as_list(values: dict[int, Any]) -> list[Any]:
    return list(values.values())


def throw_group(errors: dict[int, BaseException]) -> None:
    """27.2.4.3.1 step 4.d; a group cannot be empty, so that of no inputs holds one ValueError."""
    reasons = as_list(errors) or [ValueError("no promises were given")]
    raise BaseExceptionGroup("no promise was fulfilled", reasons)
