"""Where callbacks go: among a call's arguments, onto an object before the call, or to what the call returns.

A place is data: -1 (after the other arguments), an index, the name of a keyword, `".name"` (an attribute of the object
whose method is called) or `"().name"` (a method of what the call returns).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from keyword import iskeyword
from typing import Any, TypeAlias

from .._core import misuse
from .._core.errors import text_of
from .._core.types import is_a
from .conventions import Place

Parameters: TypeAlias = dict[str, Parameter]
# A place among the arguments: an index, a keyword, or both if either will do; (None, None) is the end.
Argument: TypeAlias = tuple[int | None, str | None]
# The wrappers of methods that belong to the class; a decorator in a class body gets these, not the function.
WRAPPED: tuple[type[Any], ...] = (classmethod, staticmethod)
POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
# What GLib's functions take after the callback, to pass it on. No position means this parameter.
DATA = "user_data"


class Places:
    """The places of a function's callbacks: one, or two if failures have their own."""

    __slots__ = ("arguments", "attributes", "consecutive", "count", "methods")

    def __init__(self, caller: str, places: Sequence[Place], parameters: Parameters | None) -> None:
        for place in places:
            if not _is_place(place):
                raise misuse.expected_place(caller, place)
        if len(places) == 2 and places[0] == places[1] and not _may_be_shared(places[0]):
            raise misuse.same_place(caller, *places)
        self.count = len(places)
        self.attributes: list[tuple[int, str]] = []
        self.methods: dict[str, list[int]] = {}  # a method may take both
        found: list[tuple[int, Argument]] = []  # which callback, and where
        for number, place in enumerate(places):
            if isinstance(place, str) and place.startswith("()."):
                self.methods.setdefault(place[3:], []).append(number)
            elif isinstance(place, str) and place.startswith("."):
                self.attributes.append((number, place[1:]))
            elif place != -1:
                found.append((number, _argument(caller, place, parameters)))
        if len(found) == 2 and found[0][1] == found[1][1]:
            raise misuse.same_place(caller, *places)
        ends = [number for number, place in enumerate(places) if place == -1]
        found += zip(ends, _last_arguments(caller, len(ends), parameters, [one for _, one in found]), strict=True)
        self.arguments = sorted(found, key=_order)
        self.consecutive = self._consecutive()

    def _consecutive(self) -> int | None:
        """Give the index of the first callback if all follow one another, -1 if they are at the end; else None."""
        indexes = [index for _, (index, name) in self.arguments if index is not None or name is None]
        if len(indexes) != self.count or [number for number, _ in self.arguments] != list(range(self.count)):
            return None
        if indexes == [None] * self.count:
            return -1
        first = indexes[0]
        return first if first is not None and indexes == list(range(first, first + self.count)) else None

    def insert(
        self, callbacks: Sequence[Callable[..., Any]], arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[Sequence[Any], dict[str, Any]]:
        """Put callbacks among the arguments of a call."""
        positional = list(arguments)
        for number, (index, name) in self.arguments:
            if name is not None and (index is None or index > len(positional)):
                keywords = {**keywords, name: callbacks[number]}
            elif index is None:
                positional.append(callbacks[number])
            else:
                positional.insert(index, callbacks[number])
        return positional, keywords

    def take(
        self, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[dict[int, Callable[..., Any]], list[Any], dict[str, Any]]:
        """Take callbacks, by number, out of the arguments of a call: the reverse of `insert`."""
        positional, keywords = list(arguments), dict(keywords)
        found: dict[int, Callable[..., Any]] = {}
        for number, (index, name) in reversed(self.arguments):
            callback: Any = None
            if name is not None:
                callback = keywords.pop(name, None)
            elif len(positional) > (index or 0):
                callback = positional.pop(-1 if index is None else index)
            if not callable(callback):
                raise misuse.expected_callback(number, index, name, callback)
            found[number] = callback
        return found, positional, keywords

    def without(self, parameters: Parameters) -> list[Parameter]:
        """Give the parameters that remain for the user of the promisified function."""
        free = [one.name for one in parameters.values() if one.kind in POSITIONAL]
        taken = {name for _, (_, name) in self.arguments}
        taken |= {free[index] for _, (index, _) in self.arguments if index is not None and index < len(free)}
        if (None, None) in [one for _, one in self.arguments]:
            taken |= {one.name for one in parameters.values() if isinstance(one, Last)}
        return [one for name, one in parameters.items() if name not in taken]

    def beside(self, parameters: Parameters) -> list[Parameter] | None:
        """Give the parameters of the callbackified function; None if no signature can tell where its callbacks are."""
        free = [one for one in parameters.values() if one.kind in POSITIONAL]
        others = [one for one in parameters.values() if one.kind not in POSITIONAL]
        last: list[Parameter] = []
        fixed = 0  # so many have to be passed by position, so that the callbacks among them are found
        for number, (index, name) in self.arguments:
            if name is not None and not iskeyword(name):
                others.append(Parameter(name, Parameter.KEYWORD_ONLY))
            elif name is None and index is None:
                last.append(Last(_unlike(parameters, number), Parameter.POSITIONAL_ONLY))
            elif index is not None and index <= len(free):
                free.insert(index, Parameter(_unlike(parameters, number), Parameter.POSITIONAL_ONLY))
                fixed = index + 1
            else:
                return None
        given, free = free[:fixed], free[fixed:]
        if last:  # optional ones before them can be passed by name only, so that the last argument is the callback
            given += [one for one in free if one.default is Parameter.empty]
            free = [one for one in free if one.default is not Parameter.empty and _keyword(one) is not None]
            free = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in free]
        given = [one.replace(kind=Parameter.POSITIONAL_ONLY, default=Parameter.empty) for one in given]
        found = sorted([*given, *last, *free, *others], key=lambda one: one.kind)
        is_clear = len({one.name for one in found}) == len(found) and not (last and _is_open(parameters))
        return found if is_clear else None


class Last(Parameter):
    """A callback that is the last positional argument, even if optional ones before it are passed by position.

    No signature of Python's can say that. This class says it to `promisify`.
    """

    __slots__ = ()


def _order(found: tuple[int, Argument]) -> tuple[bool, int]:
    """Sort by position, the end last: each is inserted where it will stay, and `take` goes in the reverse order."""
    _, (index, name) = found
    return index is None and name is None, index or 0


def _is_place(place: object) -> bool:
    if isinstance(place, str):
        return place.removeprefix("()").removeprefix(".").isidentifier()
    return is_a(place, int) and not is_a(place, bool) and place >= -1


def _may_be_shared(place: Place) -> bool:
    return place == -1 or (isinstance(place, str) and place.startswith("()."))


def _last_arguments(
    caller: str, count: int, parameters: Parameters | None, taken: Sequence[Argument]
) -> Sequence[Argument]:
    """Find the arguments that "last" means, by index and name: so optional ones before them may be left out."""
    if parameters is None or _is_open({name: one for name, one in parameters.items() if name != DATA}):
        return [(None, None)] * count
    positional = [one for one in parameters.values() if one.kind in POSITIONAL]
    free = [(index, _keyword(one)) for index, one in enumerate(positional) if one.name != DATA]
    free = [one for one in free if one not in taken]
    if len(free) < count:
        raise misuse.no_callback_parameter(caller, list(parameters))
    return free[len(free) - count :]


def _argument(caller: str, place: Place, parameters: Parameters | None) -> Argument:
    known = {} if parameters is None else parameters
    positional = [one for one in known.values() if one.kind in POSITIONAL]
    kinds = {one.kind for one in known.values()}
    if isinstance(place, str):
        names = [_keyword(one) for one in positional]
        if place in names:  # by index as well: arguments that follow it may be passed by position
            return names.index(place), place
        is_keyword = place in known and known[place].kind is Parameter.KEYWORD_ONLY
        if parameters is not None and not is_keyword and Parameter.VAR_KEYWORD not in kinds:
            raise misuse.no_such_parameter(caller, place, list(parameters))
        return None, place
    if positional and positional[0].name in ("self", "cls"):
        place += 1  # a function in a class body: it will be called with its object first
    if 0 < place < len(positional) and positional[place].name == DATA:
        place -= 1  # counted with the object, as is right for a function that does not tell its parameters
    if place < len(positional):
        return place, _keyword(positional[place])
    if parameters is not None and not _is_open(parameters):
        raise misuse.no_callback_parameter(caller, list(known))
    return place, None


def _is_open(parameters: Parameters) -> bool:
    """Tell whether a call may have more positional arguments than there are named parameters."""
    return any(one.kind is Parameter.VAR_POSITIONAL or isinstance(one, Last) for one in parameters.values())


def _unlike(parameters: Parameters, number: int) -> str:
    """Name a callback, unlike all other parameters."""
    name = ("callback", "errback")[number]
    while name in parameters:
        name += "_"
    return name


def _keyword(parameter: Parameter) -> str | None:
    return parameter.name if parameter.kind is Parameter.POSITIONAL_OR_KEYWORD else None


def owner_of(fn: Any, arguments: tuple[Any, ...], name: str) -> Any:
    """Give the object whose method `fn` is: the one that `fn` is bound to, or else its first argument."""
    owner = getattr(fn, "__self__", None)
    if owner is None and not arguments:
        raise misuse.no_owner(name)
    return arguments[0] if owner is None else owner


def dressed(wrapper: Any, fn: Any, parameters: list[Parameter] | None, result: Any) -> Any:
    """Give a wrapper the name, doc and signature of what it wraps, as far as they still hold."""
    for name in ("__name__", "__qualname__"):
        text = text_of(fn, name)
        if text is not None:  # nothing else can be the name of a function
            setattr(wrapper, name, text)
    wrapper.__module__, wrapper.__doc__ = text_of(fn, "__module__"), text_of(fn, "__doc__")
    if parameters is not None:
        wrapper.__signature__ = Signature(parameters, return_annotation=result)
    return wrapper
