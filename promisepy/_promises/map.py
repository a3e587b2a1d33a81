"""`Promise.map`: call a function for each item, with a limit on how many calls are pending at a time.

Everything happens on the home of the result, so nothing here is shared between threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import copy_context
from functools import partial
from typing import Any, cast

from .._core import misuse
from .._core.cancel import abandon, drop, is_given_up
from .._core.cell import FULFILLED, PENDING, REJECTED, Cell, Reaction
from .._core.jobs import Home, Later
from .._core.resolve import Resolution

Coerce = Callable[[Any], Resolution]


class Items:
    """Where the items come from."""

    __slots__ = ("ask", "comes_later")

    def __init__(self, ask: Callable[[], Any], comes_later: bool) -> None:
        self.ask = ask  # called for the next item
        self.comes_later = comes_later  # `ask` gives something to wait for


class Mapper:
    """One call of `Promise.map`: a job that pulls items as long as there is room for their promises."""

    __slots__ = ("arrived", "busy", "calls", "coerce", "context", "fn", "items", "limit", "outcomes", "pull", "result")

    def __init__(
        self, result: Resolution, fn: Callable[[Any], object], items: Items, limit: int | None, coerce: Coerce
    ) -> None:
        self.result = result
        self.fn = fn
        self.items: Items | None = items  # None when there are no more
        self.limit = limit
        self.coerce = coerce
        self.context = copy_context()
        self.outcomes: list[Any] = []
        self.calls: dict[int, Call] = {}  # those that are pending, by the item's number
        self.pull: Pull | None = None  # what waits for an asynchronous iterator
        self.arrived: list[Any] = []  # what has been pulled but not yet passed to the function: at most one item
        self.busy = False
        result._take_on(self)
        result._home.enqueue(self)

    def _run(self) -> None:
        """Pull and call, until there is no room or no item left."""
        if self.busy:  # further out on this stack, the function or the iterator is in `wait`
            return
        self.busy = True
        call: Call | None
        try:
            while self._pull():
                number = len(self.outcomes)
                self.outcomes.append(None)
                call = Call(self, number, self.context.run(begin, self.coerce, self.fn, self.arrived.pop()))
                self.calls[number] = call
                call.subscribe()
        except BaseException as error:
            self.close()
            try:
                self.result._fail(error)
            finally:
                call = None
                del self  # INV-RC
            return
        self.busy = False
        if self.result._state is not PENDING:
            self.close()  # again: the function, or the iterator, was in `wait`, and what it gave then came too late
        elif self.items is None and not self.calls:
            self.close()
            self.result._resolve(self.outcomes)

    def _pull(self) -> bool:
        """Pull an item if there is room for one; true if there is one to pass to the function."""
        items, has_room = self.items, self.limit is None or len(self.calls) < self.limit
        if self.result._state is PENDING and items and has_room and not self.pull and not self.arrived:
            if items.comes_later:
                self.pull = Pull(self, self.context.run(begin, self.coerce, items.ask))
                self.pull.subscribe()
            else:
                try:
                    self.arrived.append(self.context.run(items.ask))
                except StopIteration:
                    self.items = None
                except BaseException:
                    del self  # INV-RC
                    raise
        return bool(self.arrived) and self.result._state is PENDING

    def fail_like(self, source: Cell) -> None:
        """Stop, because a promise was rejected."""
        self.close()
        self.result._settle_like(source)

    def close(self) -> None:
        """Cancel what has been started, and let go of the iterator, which is not ours to close."""
        parts = self._parts()
        self.pull = self.items = None
        self.calls = {}
        self.arrived.clear()
        self.result._put_down()
        for part in parts:
            source = part._source
            if source is not None:
                part._detach()
                if is_given_up(self.result):
                    abandon(source)
                else:
                    drop(source)

    def is_blocked(self, blocked: set[int]) -> bool:
        """Tell whether the result stays pending for as long as these promises do, which are named by their ids."""
        return {id(part._source) for part in self._parts()} <= blocked

    def _parts(self) -> list[Part]:
        """List what is waited for."""
        parts: list[Part] = [*self.calls.values()]
        if self.pull is not None:
            parts.append(self.pull)
        return parts

    def _abandon(self, home: Home) -> None:
        self.result._strand(home)
        self.close()

    def _settles(self) -> Cell | None:
        return self.result

    def _sources(self) -> Iterable[Cell]:
        return ()  # a cancellation need not go up from here: `close` cancels what was started, on the home

    def _aborts(self) -> bool:
        return True  # at least no more items are pulled

    def _can_end(self) -> bool:
        return True

    def _cancelled(self) -> None:
        self.result._home.enqueue(Later(self.close, lambda _: self.close()))


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
        self._mapping._abandon(home)
        self._source = None

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
            try:
                mapping._run()
            finally:
                del self, source, mapping  # INV-RC


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
        try:
            mapping._run()
        finally:
            del self, source, mapping  # INV-RC


def begin(coerce: Coerce, function: Callable[..., object], *arguments: object) -> Resolution:
    """Call a function and coerce its result; both in the mapping's context, which a returned coroutine gets, too."""
    return coerce(function(*arguments))


def check_map(fn: object, items: Any, limit: object) -> Items:
    """Check the arguments of `Promise.map`, and say how to ask for items."""
    if not callable(fn):
        raise misuse.expected_callable("Promise.map()", fn, "a function of one item")
    if limit is not None and (type(limit) is not int or limit < 1):
        raise misuse.expected_limit(limit)
    kind = cast("type[object]", type(items))
    if hasattr(kind, "__aiter__"):
        return Items(partial(anext, aiter(items)), comes_later=True)
    if hasattr(kind, "__iter__") and not issubclass(kind, Cell):
        return Items(partial(next, iter(items)), comes_later=False)
    raise misuse.expected_items(items)
