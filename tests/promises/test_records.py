"""`Fulfilled`, `Rejected`, `Report` and `Convention` behave as frozen dataclasses with slots do."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from promisepy import Convention, Fulfilled, Rejected, Report

ROOT = Path(__file__).parents[2]
ERROR = ValueError("no")

FIELDS: dict[type[Any], dict[str, Any]] = {
    Fulfilled: {"value": 1},
    Rejected: {"reason": ERROR},
    Report: {"kind": "unhandled", "message": "lost", "reason": ERROR, "home": "a loop", "count": 2},
    Convention: {
        "callback": 0,
        "errback": "on_error",
        "outcome": divmod,
        "failure": print,
        "shape": sum,
        "check": None,
        "cancel": max,
        "returns": True,
        "tell": None,
    },
}

every_record = pytest.mark.parametrize("kind", FIELDS)


def other(kind: type[Any], name: str) -> Any:
    """Give a record that differs in one field."""
    return kind(**{**FIELDS[kind], name: "another"})


@every_record
def test_fields_are_given_by_position_or_name(kind: type[Any]) -> None:
    record = kind(*FIELDS[kind].values())
    assert record == kind(**FIELDS[kind])
    assert {name: getattr(record, name) for name in FIELDS[kind]} == FIELDS[kind]


@every_record
def test_patterns_bind_the_fields_in_order(kind: type[Any]) -> None:
    assert kind.__match_args__ == tuple(FIELDS[kind])


@every_record
def test_repr_is_the_call_that_makes_it(kind: type[Any]) -> None:
    fields = ", ".join(f"{name}={value!r}" for name, value in FIELDS[kind].items())
    assert repr(kind(**FIELDS[kind])) == f"{kind.__name__}({fields})"


def test_repr_of_what_contains_itself_ends() -> None:
    class Shown:
        def __repr__(self) -> str:
            return f"Shown({self.outcome!r})"

        outcome: object = None

    shown = Shown()
    shown.outcome = Fulfilled(shown)
    assert repr(shown) == "Shown(Fulfilled(value=Shown(...)))"


@every_record
def test_equal_fields_make_equal_records_with_equal_hashes(kind: type[Any]) -> None:
    one, two = kind(**FIELDS[kind]), kind(**FIELDS[kind])
    assert one == two
    assert hash(one) == hash(two)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, fields in FIELDS.items() for name in fields])
def test_each_field_makes_a_difference(kind: type[Any], name: str) -> None:
    assert other(kind, name) != kind(**FIELDS[kind])


def test_records_of_different_classes_differ_and_others_may_answer() -> None:
    class Like:
        def __eq__(self, compared: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]  # what is equal to everything has no hash

    class Special(Convention):
        __slots__ = ()

    assert Fulfilled(ERROR) != Rejected(ERROR)
    assert Special() != Convention()
    assert Fulfilled(1) == Like()
    assert Fulfilled(1) != (1,)


def test_a_record_of_what_has_no_hash_has_none() -> None:
    with pytest.raises(TypeError, match="unhashable type: 'list'"):
        hash(Fulfilled([1]))


@every_record
def test_nothing_can_be_assigned_or_deleted(kind: type[Any]) -> None:
    record = kind(**FIELDS[kind])
    for name in (*FIELDS[kind], "status", "unknown"):
        with pytest.raises(AttributeError, match=f"cannot assign to field '{name}'"):
            setattr(record, name, 1)
        with pytest.raises(AttributeError, match=f"cannot delete field '{name}'"):
            delattr(record, name)
    assert record == kind(**FIELDS[kind])
    assert not hasattr(record, "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_are_equal(protocol: int) -> None:
    for record in (Fulfilled([1]), Convention(0, "on_error", returns=True)):
        assert pickle.loads(pickle.dumps(record, protocol)) == record


@every_record
def test_copies_are_equal(kind: type[Any]) -> None:
    record = kind(**FIELDS[kind])
    assert copy.copy(record) == record
    assert copy.copy(record) is not record


def test_a_deep_copy_copies_the_fields() -> None:
    outcome = Fulfilled([1])
    copied = copy.deepcopy(outcome)
    assert copied == outcome
    assert copied.value is not outcome.value


def replaced(record: Any, /, **changes: Any) -> Any:
    """Call what `copy.replace` calls where there is one."""
    return record.__replace__(**changes)


replacing: list[Callable[..., Any]] = [replaced]
if sys.version_info >= (3, 13):
    replacing.append(copy.replace)


@pytest.mark.parametrize("replace", replacing)
@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, fields in FIELDS.items() for name in fields])
def test_a_field_is_replaced_in_a_new_record(replace: Callable[..., Any], kind: type[Any], name: str) -> None:
    record = kind(**FIELDS[kind])
    assert replace(record, **{name: "another"}) == other(kind, name)
    assert record == kind(**FIELDS[kind])
    with pytest.raises(TypeError, match="unexpected keyword argument 'unknown'"):
        replace(record, unknown=1)


def test_the_outcomes_tell_their_status() -> None:
    assert Fulfilled(1).status == Fulfilled.status == "fulfilled"
    assert Rejected(ERROR).status == Rejected.status == "rejected"


def test_importing_loads_neither_dataclasses_nor_what_only_checkers_read() -> None:
    code = "import asyncio, sys; known = set(sys.modules); import promisepy; print(*sorted(set(sys.modules) - known))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "promisepy" in loaded
    assert {"dataclasses", "promisepy._callbacks.promisify_types"}.isdisjoint(loaded)
