"""Fake libraries: real functions that take callbacks in every place, and call them when and as a script says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Callback = Callable[..., Any]
Place: TypeAlias = int | str
# The places of "callback" and, if there is one, of "errback".
Places: TypeAlias = dict[str, Place]


@dataclass
class Call:
    """One call that the library makes: of the callback or of the errback."""

    which: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any] = field(default_factory=dict)


@dataclass
class Script:
    """What the library does: `during` the call, or while the last callback is handed over, and `later`."""

    during: list[Call] = field(default_factory=list)
    raises: BaseException | None = None  # after the calls that it makes during the call
    later: list[Call] = field(default_factory=list)
    keeps: bool = False  # holds the callbacks for ever; else it drops them after the later calls


class Library:
    """What all of the libraries have in common; the function is added by `library`."""

    fetch_async: Callback

    def __init__(self, places: Places, script: Script) -> None:
        self.places = places
        self.script = script
        self.callbacks: dict[str, Callback] = {}
        self.received: tuple[Any, ...] = ()
        self.returned: list[Any] = []  # by the callbacks
        self.ticket: Any = object()  # what the call returns
        for name in self.attributes():
            setattr(self, name, self)  # somebody else's

    def attributes(self) -> list[str]:
        return [place[1:] for place in self.places.values() if isinstance(place, str) and place[0] == "."]

    def begin(self, found: dict[str, Any], key: Any, flags: Any) -> Any:
        """Take the callbacks that came with the call; those for methods of the handle are still to come."""
        self.received = (key, flags)
        self.callbacks.update(found)
        for which, place in self.places.items():
            if isinstance(place, str) and place[0] == ".":
                self.callbacks[which] = getattr(self, place[1:])
        methods: dict[str, list[str]] = {}
        for which, place in self.places.items():
            if isinstance(place, str) and place[:3] == "().":
                methods.setdefault(place[3:], []).append(which)
        if methods:
            self.ticket = handle(self, methods)
        else:
            self.act()
        return self.ticket

    def act(self) -> None:
        self.make(self.script.during)
        if self.script.raises is not None:
            raise self.script.raises.with_traceback(None)  # one error serves many examples

    def make(self, calls: list[Call]) -> None:
        for call in calls:
            self.returned.append(self.callbacks[call.which](*call.arguments, **call.keywords))

    def finish(self) -> None:
        """Do what comes later, on any thread."""
        if len(self.callbacks) == len(self.places):
            self.make(self.script.later)
        if not self.script.keeps:
            self.drop()

    def drop(self) -> None:
        """Forget the callbacks."""
        self.callbacks.clear()
        for name in self.attributes():
            if getattr(self, name) is not self:
                setattr(self, name, None)


def handle(library: Library, methods: dict[str, list[str]]) -> Any:
    """Make what a call returns so that callbacks can be registered on it."""

    def method(names: list[str]) -> Callback:
        def register(self: Any, *callbacks: Callback) -> None:
            library.callbacks.update(zip(names, callbacks, strict=True))
            if len(library.callbacks) == len(library.places):
                library.act()

        return register

    return type("Handle", (), {name: method(names) for name, names in methods.items()})()


def declared(places: Places) -> Callback:
    """Make a function that names its parameters: `key` and `flags=0`, and the callbacks where they belong."""
    order = list(places)
    indexed = {place: which for which, place in places.items() if isinstance(place, int) and place >= 0}
    names, fillers = [], ["key", "flags"]
    while indexed or fillers:
        names.append(indexed.pop(len(names)) if len(names) in indexed else fillers.pop(0))
    names += [which for which in order if places[which] == -1]
    optional = names.index("flags")
    shown = [name if number < optional else f"{name}=None" for number, name in enumerate(names)]
    keywords = {which: place for which, place in places.items() if isinstance(place, str) and place.isidentifier()}
    if keywords:
        shown += ["*", *keywords.values()]  # type: ignore[list-item]  # strings, as just asked
    found = [f"{which!r}: {which}" for which in order if which in names]
    found += [f"{which!r}: {name}" for which, name in keywords.items()]
    source = f"def fetch_async(self, {', '.join(shown)}):\n    return self.begin({{{', '.join(found)}}}, key, flags)"
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    function: Callback = namespace["fetch_async"]
    return function


def undeclared(places: Places) -> Callback:
    """Make a function that takes anything, as wrappers and functions written in C seem to, and looks for itself."""

    def fetch_async(self: Library, *arguments: Any, **keywords: Any) -> Any:
        ends = [which for which, place in places.items() if place == -1]
        where = {which: len(arguments) - len(ends) + number for number, which in enumerate(ends)}
        where |= {which: place for which, place in places.items() if isinstance(place, int) and place >= 0}
        found = {which: arguments[index] for which, index in where.items()}
        found |= {which: keywords.pop(place) for which, place in places.items() if place in keywords}  # type: ignore[arg-type]  # data
        rest = [argument for index, argument in enumerate(arguments) if index not in where.values()]
        return self.begin(found, *rest, **keywords)

    return fetch_async


def library(places: Places, script: Script, *, is_declared: bool) -> Library:
    """Make a library whose function takes its callbacks at these places."""
    function = (declared if is_declared else undeclared)(places)
    made: Library = type("TheLibrary", (Library,), {"fetch_async": function})(places, script)
    return made
