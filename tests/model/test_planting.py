"""A mutant is planted wherever its function has gone and however it is written; where it cannot be, it says why."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from .planting import Mutant, bound, find

SHELF = '''"""A file of the package."""

LIMIT: int = 3


class Shelf:
    depth = 1

    def add(self, thing: str) -> None:
        # "ä" is two bytes: what comes after it on a line is not where it seems.
        name = "ä" + self.label(thing, LIMIT)  # a label
        if thing is None:
            return
        elif thing is self:
            self.things.append(name)
        self.things.append(name)

    def find(self):
        def is_meant(thing):
            return thing is self

        return next(filter(is_meant, self.things))
'''

FAULT = Mutant("no limit", "Shelf.add", "self.label(thing, LIMIT)", "self.label(thing, None)")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "shelves.py").write_text(SHELF, "utf-8")
    return tmp_path


def planted(mutant: Mutant, package: Path) -> str:
    mutant.plant(package)
    (path,) = package.rglob("*.py")
    return path.read_text("utf-8")


def test_everything_else_in_the_file_stays(package: Path) -> None:
    assert planted(FAULT, package) == SHELF.replace("self.label(thing, LIMIT)", "(self.label(thing, None))")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT: int = 3\n", "LIMIT: int = 3\n\n\ndef before_it():\n    self.label(thing, LIMIT)\n"),
        ("self.label(thing, LIMIT)", "self . label(\n            thing,  # the thing\n            LIMIT,\n        )"),
        ("  # a label", ""),
        ("class Shelf:", "if True:\n  class Shelf:"),
        ("        name = ", "        self.count += 1\n        name = "),
    ],
    ids=["moved", "reformatted", "another comment", "indented", "another statement"],
)
def test_a_mutant_does_not_care_about(package: Path, old: str, new: str) -> None:
    path = package / "shelves.py"
    path.write_text(SHELF.replace(old, new), "utf-8")
    assert "(self.label(thing, None))" in planted(FAULT, package)


def test_a_mutant_does_not_care_about_the_file(package: Path) -> None:
    (package / "room").mkdir()
    (package / "shelves.py").rename(package / "room" / "furniture.py")
    assert "(self.label(thing, None))" in planted(FAULT, package)


def test_a_statement_that_has_changed_is_shown(package: Path) -> None:
    path = package / "shelves.py"
    path.write_text(SHELF.replace("LIMIT)", "2 * LIMIT)"), "utf-8")
    with pytest.raises(LookupError) as caught:
        FAULT.plant(package)
    message = str(caught.value)
    assert "mutant 'no limit': expected `self.label(thing, LIMIT)` once in Shelf.add (shelves.py)" in message
    assert "name = 'ä' + self.label(thing, 2 * LIMIT)" in message
    assert "is_meant" not in message


def test_a_name_that_is_gone_brings_others_to_mind(package: Path) -> None:
    with pytest.raises(LookupError, match=r"nothing has the name 'Board.add'.*\['shelves.Shelf.add'\]"):
        find("Board.add", package)


def test_a_name_in_two_files_needs_the_module(package: Path) -> None:
    (package / "old").mkdir()
    (package / "old" / "shelves.py").write_text(SHELF, "utf-8")
    with pytest.raises(LookupError, match=r"two files.*'Shelf.add'.*\['old.shelves.Shelf.add', 'shelves.Shelf.add'\]"):
        FAULT.plant(package)
    assert find("old.shelves.Shelf.add", package).path == package / "old" / "shelves.py"


def test_what_occurs_twice_needs_a_number(package: Path) -> None:
    twice = "Shelf.add", "self.things.append(name)"
    with pytest.raises(LookupError, match="found it 2 times"):
        Mutant("twice", *twice, "").plant(package)
    with pytest.raises(LookupError, match="number 3 of several"):
        Mutant("thrice", *twice, "", nth=3).plant(package)
    first = "            self.things.append(name)"
    assert planted(Mutant("first", *twice, "", nth=1), package) == SHELF.replace(first, "            pass")


def test_what_occurs_once_needs_none(package: Path) -> None:
    with pytest.raises(LookupError, match=r"number 1 of several.*found it 1 times"):
        Mutant("only", "Shelf.add", "thing is None", "False", nth=1).plant(package)


def test_a_function_inside_another_one_has_its_own_name(package: Path) -> None:
    with pytest.raises(LookupError, match="found it 0 times"):
        Mutant("outer", "Shelf.find", "thing is self", "False").plant(package)
    inner = Mutant("inner", "Shelf.find.is_meant", "thing is self", "False")
    assert planted(inner, package) == SHELF.replace("return thing is self", "return (False)")


@pytest.mark.parametrize(
    ("where", "what", "instead", "old", "new"),
    [
        ("LIMIT", "3", "4", "int = 3", "int = (4)"),
        ("Shelf.depth", "depth = 1", "depth = 2", "depth = 1", "depth = 2"),
        ("Shelf", "depth = 1", "", "    depth = 1", "    pass"),
    ],
)
def test_variables_and_classes_are_found(
    package: Path, where: str, what: str, instead: str, old: str, new: str
) -> None:
    assert planted(Mutant("variable", where, what, instead), package) == SHELF.replace(old, new)


@pytest.mark.parametrize(
    ("what", "instead", "new"),
    [
        ("if thing is None: return", "print(1); ...", "print(1)\n        if thing is None:\n            return"),
        ("thing is None", "not ...", "if (not thing is None):"),
        ("return", "print(1)\n...", "            print(1)\n            return"),
    ],
)
def test_an_ellipsis_is_what_was_there(package: Path, what: str, instead: str, new: str) -> None:
    text = SHELF.replace("        elif thing is self:\n            self.things.append(name)\n", "")
    (package / "shelves.py").write_text(text, "utf-8")
    assert new in planted(Mutant("more", "Shelf.add", what, instead), package)


def test_a_call_that_is_a_statement_is_kept_as_one_or_the_other(package: Path) -> None:
    only = "Shelf.find.is_meant", "thing.check()"
    for instead, new in {
        "...; ...": "thing.check()\n            thing.check()",
        "x = ...": "x = thing.check()",
    }.items():
        (package / "shelves.py").write_text(SHELF.replace("return thing is self", "thing.check()"), "utf-8")
        assert new in planted(Mutant("call", *only, instead), package)


def test_what_cannot_be_replaced_is_refused(package: Path) -> None:
    branch = "if thing is self: self.things.append(name)"
    with pytest.raises(ValueError, match=r"'branch': nothing can be put in the place of `if thing is self"):
        Mutant("branch", "Shelf.add", branch, "").plant(package)
    assert (package / "shelves.py").read_text("utf-8") == SHELF


def test_a_name_that_the_file_does_not_know_is_refused(package: Path) -> None:
    with pytest.raises(ValueError, match=r"'strange': shelves.py does not know \['book', 'bound'\]"):
        Mutant("strange", "Shelf.add", "thing is None", "bound(thing, book)").plant(package)
    made = Mutant("made", "Shelf.add", "thing is None", "[len(LIMIT) for book in (lambda one: one, 1)]")
    assert "book" in planted(made, package)


def test_names_are_bound_in_many_ways() -> None:
    code = "import os.path as a, b.c\nfor c in (): ...\ndef d(e, *f): ...\ntry: ...\nexcept OSError as g: ..."
    assert sorted(bound(ast.parse(code))) == [*"abcdefg"]
