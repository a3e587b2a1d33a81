"""The combinators: many promises in, one out (ECMA-262 27.2.4.1 to 27.2.4.5).

Each input gets an `Element`, a reaction whose home is the result's home. So all elements of one group run on one
thread, and a group counts without locks, wherever its inputs settle. When the result is settled, the elements that are
left detach from their inputs. So a race leaves no reactions on its losers, and the losers do not keep the winner (S15).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from .._core.cancel import drop, is_given_up
from .._core.cell import FULFILLED, PENDING, REJECTED, Cell, Reaction
from .._core.claim import cut_context
from .._core.errors import raised
from .._core.jobs import Home, Later, fatal
from .._core.misuse import expected_iterable, expected_mapping, expected_one_iterable
from .._core.resolve import Resolution
from .._core.tasks import as_reason
from .._core.types import Fulfilled, Rejected

R = TypeVar("R", bound=Resolution)


class Nothing:
    """The work of a race of nothing: its promise stays pending for good, unless it is cancelled."""

    __slots__ = ()

    def _sources(self) -> Iterable[Cell]:
        return ()

    def _aborts(self) -> bool:
        return False

    def _can_end(self) -> bool:
        return True

    def _cancelled(self) -> None:
        """Do nothing: nobody is at work."""


NOTHING = Nothing()


class Element(Reaction):
    """One input of a group."""

    __slots__ = ("_group", "_key")

    _group: Group
    _key: int

    def _run(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            self._group.settled(self._key, source)

    def _abandon(self, home: Home) -> None:
        self._group.result._strand(home)
        self._source = None
        self._group.finish()

    def _settles(self) -> Cell | None:
        return self._group.result

    def _depends(self) -> bool:
        return self._group.result._depends()


class Group:
    """What the elements of one call share. `outcomes` has a place for each input, in the order of the inputs."""

    __slots__ = ("cancels", "elements", "finished", "outcomes", "remaining", "result", "shape")

    method = ""

    def __init__(self, result: Resolution, shape: Callable[[list[Any]], object], *, cancels: bool = False) -> None:
        self.cancels = bool(cancels)  # cancel the inputs that are left when the result is known
        self.result = result
        result._take_on(self)
        self.shape = shape
        self.outcomes: list[Any] = []
        self.elements: list[Element] = []
        self.finished = False
        # Starts at one, for the loop over the inputs: the group cannot finish before it has seen them all (step 6.b).
        self.remaining = 1

    def wire(self, inputs: Iterable[Any], coerce: Callable[[Any], Cell]) -> None:
        """Subscribe to each input, lazily; an iterable that fails rejects the result (27.2.4.1, step 8)."""
        if not hasattr(type(inputs), "__iter__") or isinstance(inputs, Cell):
            self.finish()
            self.result._reject(expected_iterable(self.method, inputs), None)
            return
        source: Cell | None
        element: Element | None
        home = self.result._home
        try:
            for key, value in enumerate(inputs):
                source = coerce(value)
                if self.finished:  # jobs have run meanwhile: the iterable itself has called `wait`, say
                    self.forget(source)
                    continue
                self.outcomes.append(None)
                self.remaining += 1
                element = Element()  # fields set here: an __init__ would cost as much again
                element._home = home
                element._source = source
                element._group = self
                element._key = key
                self.elements.append(element)
                source._subscribe(element)
        except BaseException as error:
            self.finish()
            cut_context(error, home.outer)
            self.result._reject(as_reason(error), raised(error))
            if fatal(error):
                raise
            source = element = None
            del self, inputs  # INV-RC
            return
        self.count_down()

    def settled(self, key: int, source: Cell) -> None:
        """Note the outcome of one input."""
        raise NotImplementedError

    def decides(self, source: Cell) -> bool:
        """Tell whether this input has settled in a way that settles the result, whatever the others do."""
        return False

    def is_blocked(self, blocked: set[int]) -> bool:
        """Tell whether the result stays pending for as long as these promises do, which are named by their ids."""
        sources = self._sources()
        left = {id(one) for one in sources if one._state is PENDING}
        return left <= blocked and not any(map(self.decides, sources))

    def count_down(self) -> None:
        """Finish after the last input."""
        self.remaining -= 1
        if not self.remaining and self.result._state is PENDING:
            self.complete()

    def complete(self) -> None:
        """Settle the result: every input has been noted."""
        outcomes = self.outcomes
        self.finish()
        try:
            value = self.shape(outcomes)
        except BaseException as error:  # from a key, which is hashed again
            try:
                self.result._fail(error)
            finally:
                del self, outcomes  # INV-RC
            return
        self.result._resolve(value)

    def take(self, source: Cell) -> None:
        """Settle the result like one input."""
        self.finish()
        self.result._settle_like(source)

    def finish(self) -> None:
        """Let go of the inputs that are left; nobody needs their outcomes, so their rejections are not reported."""
        self.finished = True
        self.result._put_down()
        elements, self.elements, self.outcomes = self.elements, [], []
        for element in elements:
            source = element._source
            if source is not None:
                element._detach()
                self.forget(source)

    def forget(self, source: Cell) -> None:
        """Leave an input to itself, or cancel it if that was asked for."""
        drop(source, cancels=self.cancels and not is_given_up(self.result))

    def _sources(self) -> Iterable[Cell]:
        sources = [element._source for element in tuple(self.elements)]
        return [source for source in sources if source is not None]

    def _aborts(self) -> bool:
        return False

    def _can_end(self) -> bool:
        # Not if the result is known already, and merely waits for its turn in the queue.
        sources = self._sources()
        return any(one._state is PENDING for one in sources) and not any(map(self.decides, sources))

    def _cancelled(self) -> None:
        # `finish` runs on the thread of the group. If that has ended, the inputs let go of the group when they settle.
        self.result._home.enqueue(Later(self.finish))


class All(Group):
    """`Promise.all`: every value, or the first rejection."""

    __slots__ = ()

    method = "all"

    def settled(self, key: int, source: Cell) -> None:
        """Note a value."""
        if source._state is REJECTED:
            self.take(source)
        else:
            self.outcomes[key] = source._value
            self.count_down()

    def decides(self, source: Cell) -> bool:
        """Tell whether it is rejected."""
        return source._state is REJECTED


class AllSettled(Group):
    """`Promise.all_settled`: every outcome."""

    __slots__ = ()

    method = "all_settled"

    def settled(self, key: int, source: Cell) -> None:
        """Note an outcome."""
        self.outcomes[key] = outcome_of(source)
        self.count_down()

    def is_blocked(self, blocked: set[int]) -> bool:
        """Tell whether one of the inputs, each of which is needed, is among these."""
        return any(id(one) in blocked for one in self._sources())


class Any_(Group):  # noqa: N801  # the trailing underscore keeps typing.Any apart
    """`Promise.any`: the first value, or every reason."""

    __slots__ = ()

    method = "any"

    def settled(self, key: int, source: Cell) -> None:
        """Note a reason."""
        if source._state is FULFILLED:
            self.take(source)
        else:
            self.outcomes[key] = source._value
            self.count_down()

    def decides(self, source: Cell) -> bool:
        """Tell whether it is fulfilled."""
        return source._state is FULFILLED

    def complete(self) -> None:
        """Reject with every reason, in the order of the inputs."""
        reasons = self.outcomes
        self.finish()
        # An exception group cannot be empty, but `except*` and `catch(ExceptionGroup, ...)` must always meet one.
        reasons = reasons or [ValueError("Promise.any() got no promises, so none could fulfil")]
        self.result._reject(BaseExceptionGroup("Promise.any(): no promise was fulfilled", reasons), None)


class Race(Group):
    """`Promise.race`: whatever settles first."""

    __slots__ = ()

    method = "race"

    def settled(self, key: int, source: Cell) -> None:
        """Take the first outcome."""
        self.take(source)

    def decides(self, source: Cell) -> bool:
        """Tell whether it is settled."""
        return source._state is not PENDING

    def count_down(self) -> None:
        """Mark a race of nothing, which stays pending (27.2.4.5), so that `wait` can refuse it."""
        if not self.elements and not self.finished:
            self.result._take_on(NOTHING)


def combine(
    group: type[Group],
    result: R,
    arguments: tuple[Iterable[Any], ...],
    coerce: Callable[[Any], Cell],
    *,
    cancels: bool = False,
) -> R:
    """Settle a pending promise with what a group makes of the one iterable in `arguments`; gives the promise."""
    if len(arguments) != 1:
        raise expected_one_iterable(group.method, len(arguments))
    [inputs] = arguments
    try:
        group(result, tuple if isinstance(inputs, tuple) else list, cancels=cancels).wire(inputs, coerce)
        return result
    finally:
        del result, inputs, arguments  # INV-RC


def combine_keyed(
    group: type[Group], result: R, method: str, inputs: Mapping[Any, Any], coerce: Callable[[Any], Cell]
) -> R:
    """Settle a pending promise with what a group makes of a mapping's values; gives the promise."""
    if not isinstance(cast("object", inputs), Mapping):  # callers without a type checker get a message, too
        raise expected_mapping(method, inputs)
    places: dict[Any, int] = {}

    def values() -> Iterable[Any]:
        for place, key in enumerate(inputs):
            places[key] = place  # a strange mapping may give a key twice: then the later one counts
            yield inputs[key]

    def shape(outcomes: list[Any]) -> dict[Any, Any]:
        return {key: outcomes[place] for key, place in places.items()}

    try:
        group(result, shape).wire(values(), coerce)
        return result
    finally:
        del result  # INV-RC


def outcome_of(source: Cell) -> Fulfilled[Any] | Rejected:
    """Describe a settled promise."""
    if source._state is FULFILLED:
        return Fulfilled(source._value)
    reason: Any = source._value
    return Rejected(reason)
