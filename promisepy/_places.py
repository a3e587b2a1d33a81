"""Where callbacks go: among the arguments of a call, onto an object before it, or to what it returns after it.

A place is data: -1 (after the other arguments), an index, the name of a keyword, `".name"` (an attribute of the object
whose method is called) or `"().name"` (a method of what the call returns).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from inspect import Parameter
from typing import Any, TypeAlias

from . import _errors
from ._conventions import Place

__all__ = ["Argument", "Places", "parameters_of"]

Parameters: TypeAlias = dict[str, Parameter]
# Where among the arguments: an index, a keyword, either if both are known; (None, None) is the end.
Argument: TypeAlias = tuple[int | None, str | None]
POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


class Places:
    """The places of a function's callbacks: one, or two if failures have their own."""

    __slots__ = ("arguments", "attributes", "consecutive", "methods")

    def __init__(self, caller: str, places: Sequence[Place], parameters: Parameters | None) -> None:
        for place in places:
            if not _is_place(place):
                raise _errors.expected_place(caller, place)
        if len(places) == 2 and places[0] == places[1] and not _may_be_shared(places[0]):
            raise _errors.same_place(caller, str(places[0]))
        self.arguments: list[tuple[int, Argument]] = []  # which callback, and where
        self.attributes: list[tuple[int, str]] = []
        self.methods: dict[str, list[int]] = {}  # a method may take both
        last = _last_arguments(caller, places.count(-1), parameters)
        for number, place in enumerate(places):
            if isinstance(place, str) and place.startswith("()."):
                self.methods.setdefault(place[3:], []).append(number)
            elif isinstance(place, str) and place.startswith("."):
                self.attributes.append((number, place[1:]))
            else:
                argument = next(last) if place == -1 else _argument(caller, place, parameters)
                self.arguments.append((number, argument))
        self.consecutive = self._consecutive(len(places))

    def _consecutive(self, count: int) -> int | None:
        """Give the index from which all callbacks follow one another, -1 for the end; None if they do not."""
        indexes = [index for _, (index, name) in self.arguments if index is not None or name is None]
        if len(indexes) != count:
            return None
        if indexes == [None] * count:
            return -1
        first = indexes[0]
        return first if first is not None and indexes == list(range(first, first + count)) else None

    def insert(
        self, callbacks: Sequence[Callable[..., Any]], arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[Sequence[Any], dict[str, Any]]:
        """Put callbacks among the arguments of a call."""
        positional = list(arguments)
        for number, (index, name) in self.arguments:
            if index is None and name is None:
                positional.append(callbacks[number])
            elif index is not None and (index <= len(positional) or name is None):
                positional.insert(index, callbacks[number])
            elif name is not None:
                keywords = {**keywords, name: callbacks[number]}
        return positional, keywords

    def take(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[list[Any], list[Any], dict[str, Any]]:
        """Take callbacks out of the arguments of a call: what `insert` has put there."""
        positional, keywords = list(arguments), dict(keywords)
        found: list[Any] = []
        for number, (index, name) in reversed(self.arguments):
            if name is not None and name in keywords:
                callback = keywords.pop(name)
            elif index is None and name is not None:
                callback = None
            else:
                callback = positional.pop(-1 if index is None else index) if len(positional) > (index or 0) else None
            if not callable(callback):
                raise _errors.expected_callback(number, index, name, callback)
            found.insert(0, callback)
        return found, positional, keywords

    def without(self, parameters: Parameters) -> list[Parameter]:
        """Give the parameters that remain for the user of the promisified function."""
        names = list(parameters)
        taken = {name for _, (_, name) in self.arguments}
        taken |= {names[index] for _, (index, _) in self.arguments if index is not None and index < len(names)}
        return [one for name, one in parameters.items() if name not in taken or one.kind is Parameter.VAR_POSITIONAL]


def _is_place(place: object) -> bool:
    if isinstance(place, str):
        return place.removeprefix("()").removeprefix(".").isidentifier()
    return isinstance(place, int) and not isinstance(place, bool) and place >= -1


def _may_be_shared(place: Place) -> bool:
    return place == -1 or (isinstance(place, str) and place.startswith("()."))


def parameters_of(fn: Callable[..., Any]) -> Parameters | None:
    """Give a function's own parameters, or None: many functions written in C do not tell them."""
    try:
        return dict(inspect.signature(fn, follow_wrapped=False).parameters)
    except (TypeError, ValueError):
        return None


def _last_arguments(caller: str, count: int, parameters: Parameters | None) -> Iterator[Argument]:
    """Find the arguments that "last" means: by index and name, so that optional ones before them may be left out."""
    kinds = [] if parameters is None else [one.kind for one in parameters.values()]
    if parameters is None or Parameter.VAR_POSITIONAL in kinds:
        return iter([(None, None)] * count)
    positional = [one for one in parameters.values() if one.kind in POSITIONAL]
    if len(positional) < count:
        raise _errors.no_callback_parameter(caller, list(parameters))
    first = len(positional) - count
    return iter([(first + i, _keyword(one)) for i, one in enumerate(positional[first:])])


def _argument(caller: str, place: Place, parameters: Parameters | None) -> Argument:
    if isinstance(place, str):
        if (
            parameters is not None
            and place not in parameters
            and not any(one.kind is Parameter.VAR_KEYWORD for one in parameters.values())
        ):
            raise _errors.no_such_parameter(caller, place, list(parameters))
        return None, place
    known = {} if parameters is None else parameters
    positional = [one for one in known.values() if one.kind in POSITIONAL]
    if positional and positional[0].name in ("self", "cls"):
        place += 1  # a function of a class body, which will be called with its object first
    if place < len(positional):
        return place, _keyword(positional[place])
    if parameters is not None and all(one.kind is not Parameter.VAR_POSITIONAL for one in known.values()):
        raise _errors.no_callback_parameter(caller, list(known))
    return place, None


def _keyword(parameter: Parameter) -> str | None:
    return parameter.name if parameter.kind is Parameter.POSITIONAL_OR_KEYWORD else None
