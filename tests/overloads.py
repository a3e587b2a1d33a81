"""The overloads of `Promise` that follow from a rule: tuples of one to eight, and the pairs of what two handlers return.

    python -m tests.overloads      writes them into the package in the current directory

They stand in the class, and not in a stub, since mypy would no longer read the bodies beside a stub. A test compares them
with what is made here, so that a reader may skip them. Why they stand in this order is told in
docs/explanation/typing.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

FILE = Path("promisepy/_promises/promise.py")
MOST = 8
OVERLAP = {"mypy": "# type: ignore[overload-overlap]", "pyright": "# pyright: ignore[reportOverlappingOverload]"}
REASON = "# a tuple is an iterable, too"

# What a handler may return, and what the promise has of it; U and PlainU are those of the first handler.
RETURNS = {
    "Plain{0}": "Plain{0}",
    "Adoptable[{0}]": "{0}",
    "Adoptable[{0}] | Plain{0}": "{0} | Plain{0}",
    "Adoptable[{0}] | {0}": "{0}",
}
# The exception types that `catch` takes before its handler, and what the handler gets.
TYPES = {
    "": "Exception",
    "types: tuple[type[E], type[E2]], ": "E | E2",
    "types: tuple[type[E], type[E2], type[E3]], ": "E | E2 | E3",
    "types: type[E] | tuple[type[E], ...], ": "E",
}


def of_two_handlers() -> Iterator[str]:
    for first, one in RETURNS.items():
        for second, other in RETURNS.items():
            handlers = f"on_fulfilled: Callable[[T_co], {first}], on_rejected: Callable[[Exception], {{1}}], /"
            yield f"def then(self, {handlers}) -> Promise[{one} | {{2}}]: ...".format(
                "U", second.format("V"), other.format("V")
            )


def of_catch() -> Iterator[str]:
    for types, reason in TYPES.items():
        for returned, result in RETURNS.items():
            handler = f"on_rejected: Callable[[{reason}], {returned.format('V')}], /"
            yield f"def catch(self, {types}{handler}) -> Promise[T_co | {result.format('V')}]: ..."


def of_tuples(name: str, result: str, options: str = "", *, overlaps: bool = False) -> Iterator[str]:
    """Make those of a combinator; `result` is a tuple of something for each, or else the union of the types."""
    for count in range(1, MOST + 1):
        types = [f"T{number}" for number in range(1, count + 1)]
        inputs = ", ".join(f"Adoptable[{one}]" for one in types)
        made = f"tuple[{', '.join(result.format(one) for one in types)}]" if result else " | ".join(types)
        # pyright speaks of the shortest only, and does not look at the others then.
        ignored = [OVERLAP["mypy"], *([OVERLAP["pyright"]] if count == 1 else []), REASON] if overlaps else []
        signature = f"def {name}(cls, promises: tuple[{inputs}], /{options}) -> Promise[{made}]: ..."
        yield "  ".join([f"@classmethod\n{signature}", *ignored])


LOSERS = ", *, cancel_losers: bool = False"
BLOCKS = {
    "then": list(of_two_handlers()),
    "catch": list(of_catch()),
    "all": list(of_tuples("all", "{}", overlaps=True)),
    "all_settled": list(of_tuples("all_settled", "Settled[{}]", overlaps=True)),
    "any": list(of_tuples("any", "", LOSERS)),
    "race": list(of_tuples("race", "", LOSERS)),
}


def text_of(name: str) -> str:
    """Give the overloads of a method as they stand in the class."""
    lines = "\n".join(f"@overload\n{one}" for one in BLOCKS[name]).splitlines()
    return "".join(f"    {line}\n" for line in lines)


def renewed(source: str) -> str:
    """Give the source with the overloads between the marks replaced."""
    for name in BLOCKS:
        mark = re.compile(rf"(    # generated for {name}\n).*?(    # end of generated\n)", re.DOTALL)
        source, count = mark.subn(lambda found, name=name: f"{found[1]}{text_of(name)}{found[2]}", source)  # type: ignore[misc]  # a default is bound
        if count != 1:
            raise LookupError(f"expected one block 'generated for {name}', found {count}")
    return source


if __name__ == "__main__":
    FILE.write_text(renewed(FILE.read_text("utf-8")), "utf-8")
