"""`Promise.map`: call a function for each item, only so many at a time.

Everything happens on the home of the result, so nothing here is shared between threads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextvars import copy_context
from typing import Any, cast

from . import _errors, _misuse
from ._cancel import cancel, is_wanted
from ._cell import FULFILLED, PENDING, REJECTED, Cell, Reaction
from ._jobs import Home
from ._reports import without_ours
from ._resolve import Resolution

__all__ = ["Mapper", "check_map"]

Coerce = Callable[[Any], Resolution]


class Mapper:
    """One call of `Promise.map`: a job that pulls items as long as there is room for their promises."""

    __slots__ = ("arrived", "busy", "calls", "coerce", "context", "fn", "items", "limit", "outcomes", "pull", "result")

    def __init__(
        self,
        result: Resolution,
        fn: Callable[[Any], object],
        items: Iterator[Any] | AsyncIterator[Any],
        limit: int | None,
        coerce: Coerce,
    ) -> None:
        self.result = result
        self.fn = fn
        self.items: Iterator[Any] | AsyncIterator[Any] | None = items  # None when there are no more
        self.limit = limit
        self.coerce = coerce
        self.context = copy_context()
        self.outcomes: list[Any] = []
        self.calls: dict[int, Call] = {}  # those that are pending, by the item's number
        self.pull: Pull | None = None  # what waits for an asynchronous iterator
        self.arrived: list[Any] = []  # what that has given, at most one item
        self.busy = False
        result._work = self
        result._home.enqueue(self)

    def _run(self) -> None:
        """Pull and call, until there is no room or no item left."""
        if self.busy:  # the function, or the iterator, is in `wait`, further out on this stack
            return
        self.busy = True
        try:
            while self.result._state is PENDING and (self.arrived or self._pull()):
                self._call(self.arrived.pop())
            if self.items is None and not self.calls:
                self.close()
                self.result._resolve(self.outcomes)
        except BaseException as error:
            self.close()
            try:
                _errors.set_traceback(error, without_ours(_errors.traceback_of(error)))
                self.result._fail(error, 0)
            finally:
                del self  # INV-RC
        else:
            self.busy = False

    def _pull(self) -> bool:
        """Pull an item, if there is room for one; false if none has arrived yet."""
        if self.items is None or self.pull is not None:
            return False
        if self.limit is not None and len(self.calls) >= self.limit:
            return False
        if isinstance(self.items, AsyncIterator):
            self.pull = Pull(self, self.coerce(self.context.run(self.items.__anext__)))
            self.pull.subscribe()
            return False
        try:
            self.arrived.append(self.context.run(next, self.items))
        except StopIteration:
            self.items = None
        return bool(self.arrived)

    def _call(self, item: object) -> None:
        number = len(self.outcomes)
        self.outcomes.append(None)
        call = self.calls[number] = Call(self, number, self.coerce(self.context.run(self.fn, item)))
        call.subscribe()

    def fail_like(self, source: Cell) -> None:
        """Stop, because a promise was rejected."""
        self.close()
        self.result._settle_like(source)

    def close(self) -> None:
        """Cancel what has been started, and let go of the iterator; it is not ours to close."""
        reactions: list[Part] = [*self.calls.values()]
        pull, self.pull, self.items = self.pull, None, None
        self.calls = {}
        self.result._work = None
        if pull is not None:
            reactions.append(pull)
        for reaction in reactions:
            source = reaction._source
            if source is not None:
                source._observe()
                reaction._detach()
                if not is_wanted(source):
                    cancel(source, _errors.cancellation(None))

    def _abandon(self, home: Home) -> None:
        self.close()
        self.result._strand(home)

    def _settles(self) -> Cell | None:
        return self.result

    def _paths(self) -> Iterable[tuple[Cell, Reaction]]:
        return ()  # `Closing` cancels what was started, on the home

    def _aborts(self) -> bool:
        return True  # at least it pulls no more items

    def _cancelled(self) -> None:
        self.result._home.enqueue(Closing(self))


class Part(Reaction):
    """Waits for one of the promises of a mapping."""

    __slots__ = ("_mapping",)

    def __init__(self, mapping: Mapper, source: Cell) -> None:
        self._home = mapping.result._home
        self._source = source
        self._mapping = mapping

    def subscribe(self) -> None:
        """Start to wait."""
        source = self._source
        assert source is not None  # it has not run yet
        source._subscribe(self)

    def _abandon(self, home: Home) -> None:
        self._source = None
        self._mapping._abandon(home)

    def _settles(self) -> Cell | None:
        return self._mapping.result

    def _depends(self) -> bool:
        return self._mapping.result._depends()


class Call(Part):
    """Waits for what the function has returned for one item."""

    __slots__ = ("_number",)

    def __init__(self, mapping: Mapper, number: int, source: Cell) -> None:
        super().__init__(mapping, source)
        self._number = number

    def _run(self) -> None:
        source, self._source = self._source, None
        mapping = self._mapping
        if source is None or mapping.calls.pop(self._number, None) is None:
            return
        if source._state is REJECTED:
            mapping.fail_like(source)
        else:
            mapping.outcomes[self._number] = source._value
            mapping._run()


class Pull(Part):
    """Waits for the next item of an asynchronous iterator."""

    __slots__ = ()

    def _run(self) -> None:
        source, self._source = self._source, None
        mapping = self._mapping
        if source is None or mapping.pull is not self:
            return
        mapping.pull = None
        if source._state is FULFILLED:
            mapping.arrived.append(source._value)
        else:
            mapping.items = None
            if not isinstance(source._value, StopAsyncIteration):
                mapping.fail_like(source)
                return
        mapping._run()


class Closing:
    """The job that closes a mapping whose result has been cancelled."""

    __slots__ = ("_mapping",)

    def __init__(self, mapping: Mapper) -> None:
        self._mapping = mapping

    def _run(self) -> None:
        self._mapping.close()

    def _abandon(self, home: Home) -> None:
        self._mapping.close()

    def _settles(self) -> None:
        """Name no promise."""


def check_map(fn: object, items: Any, limit: object) -> Iterator[Any] | AsyncIterator[Any]:
    """Check the arguments of `Promise.map`, and give the iterator."""
    if not callable(fn):
        raise _misuse.expected_callable("Promise.map()", fn, "a function of one item")
    if limit is not None and (type(limit) is not int or limit < 1):
        raise _misuse.expected_limit(limit)
    kind = cast("type[object]", type(items))
    iterator: Iterator[Any] | AsyncIterator[Any]
    if hasattr(kind, "__aiter__"):
        iterator = aiter(items)
        return iterator
    if hasattr(kind, "__iter__") and not issubclass(kind, Cell):
        iterator = iter(items)
        return iterator
    raise _misuse.expected_items(items)
