"""What both directions of wrapping share: the row of data for a function, the object of a method, a wrapper's dress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import update_wrapper
from inspect import Parameter, Signature, getattr_static
from types import new_class
from typing import Any, cast

from .._core import misuse
from .conventions import STYLES, Convention, Single

__all__ = ["dressed", "owner_of", "row_for", "with_methods"]


def row_for(caller: str, fn: Any, style: Any, options: dict[str, Any]) -> Convention:
    """Find the row of data for a function, and refuse at the call what would fail when the library calls back."""
    if not callable(fn):
        raise misuse.expected_function(caller, "its argument", fn)
    is_name = issubclass(type(style), str)  # isinstance() would read `__class__`, which may be code of the user's
    row = STYLES.get(style) if is_name else style
    if is_name and callable(row):
        row = row(getattr(fn, "__name__", ""))
    elif callable(row):
        row = Convention(outcome=Single(row))
    if not issubclass(type(row), Convention):  # isinstance() would believe the `__class__` of a Mock(spec=Convention)
        raise misuse.expected_style(caller, STYLES, style)
    convention = cast("Convention", row).__replace__(**options)
    for name in ("outcome", "failure", "shape", "check", "cancel", "tell"):
        function: object = getattr(convention, name)
        if not callable(function) and (function is not None or name not in ("check", "cancel", "tell")):
            raise misuse.expected_function(caller, name, function)
    return convention


def owner_of(fn: Any, arguments: tuple[Any, ...], name: str) -> Any:
    """Give the object whose method `fn` is: bound to it, or called with it as its first argument."""
    owner = getattr(fn, "__self__", None)
    if owner is None and not arguments:
        raise misuse.no_owner(name)
    return arguments[0] if owner is None else owner


def dressed(wrapper: Any, fn: Any, parameters: list[Parameter] | None, result: Any) -> Any:
    """Give a wrapper the name, doc and signature of what it wraps, as far as they still hold."""
    # Names that are no texts, of an object that has anything for an attribute, cannot be a function's.
    named = [name for name in ("__name__", "__qualname__") if isinstance(getattr(fn, name, None), str)]
    named += ["__module__", "__doc__"]
    update_wrapper(wrapper, fn, assigned=named, updated=())
    del wrapper.__wrapped__  # its signature has the callbacks, or lacks them
    if parameters is not None:
        wrapper.__signature__ = Signature(parameters, return_annotation=result)
    return wrapper


def with_methods(cls: Any, methods: Any, wrap: Callable[[Any], Any]) -> type[Any]:
    """Make a subclass of the same name in which methods are wrapped, under their own names or new ones."""
    if not issubclass(type(cls), type) or isinstance(methods, str) or not isinstance(methods, Iterable):
        raise misuse.expected_methods(cls, methods)
    named = cast("Iterable[str]", methods)
    names = dict(cast("Mapping[str, str]", named)) if isinstance(named, Mapping) else {name: name for name in named}
    words: set[object] = {*names, *names.values()}
    missing = [name for name in words if not isinstance(name, str)]
    missing = missing or [name for name in names.values() if not callable(getattr(cast("object", cls), name, None))]
    if missing or not names:
        raise misuse.expected_methods(cls, missing)
    members: dict[str, Any] = {name: wrap(getattr_static(cls, old)) for name, old in names.items()}
    members |= {name: cls.__dict__[name] for name in ("__module__", "__doc__", "__qualname__") if name in cls.__dict__}
    return new_class(cls.__name__, (cls,), exec_body=lambda body: body.update(members, __slots__=()))
