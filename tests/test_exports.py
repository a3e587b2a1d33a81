"""What the package shows to the outside: names, docstrings, signatures, and what an import does."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import json
import pickle
import re
import subprocess
import sys
import tomllib
import types
import weakref
from pathlib import Path
from typing import Any

import pytest

import promisepy
from promisepy import Promise

from .servers import lacking

PACKAGE = Path(promisepy.__file__).parent
ROOT = Path(__file__).parents[1]
SOURCES = [path for path in (ROOT / "promisepy").rglob("*") if path.suffix in (".py", ".typed")]

ALIASES = {"Settled", "State"}  # names for types, which have no docstring and no module of their own
MODULES = {"debug"}
OBJECTS = sorted(set(promisepy.__all__) - ALIASES - MODULES)
FUNCTIONS = [name for name in OBJECTS if isinstance(getattr(promisepy, name), types.FunctionType)]
MEMBERS = sorted(name for name in vars(Promise) if not name.startswith("_"))
METHODS = [name for name in MEMBERS if not isinstance(vars(Promise)[name], property)]


def fresh(code: str) -> str:
    """Run code in an interpreter of its own, without this one's modules and threads."""
    known = [f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r})"]
    command = [sys.executable, "-I", "-W", "error", "-c", "\n".join([*known, code])]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def public(name: str) -> Any:
    """Find `promisify`, `Promise.then` or `debug.enable`."""
    found: Any = promisepy
    for part in name.split("."):
        found = getattr(found, part)
    return found


def test_all_is_sorted_and_unique() -> None:
    assert list(promisepy.__all__) == sorted(set(promisepy.__all__))


def test_all_is_exactly_what_a_user_sees() -> None:
    assert {name for name in dir(promisepy) if not name.startswith("_")} == set(promisepy.__all__)


def test_all_of_debug_is_exactly_what_a_user_sees() -> None:
    shown = {name for name in vars(promisepy.debug) if not name.startswith("_")} - {"annotations", "settings"}
    assert shown == set(promisepy.debug.__all__)


@pytest.mark.parametrize("name", promisepy.__all__)
def test_name_can_be_imported(name: str) -> None:
    assert fresh(f"from promisepy import {name}; print({name!r})") == name


@pytest.mark.parametrize("name", OBJECTS)
def test_object_says_that_it_comes_from_promisepy(name: str) -> None:
    assert (public(name).__module__, public(name).__qualname__) == ("promisepy", name)


@pytest.mark.parametrize("name", OBJECTS)
def test_object_can_be_pickled_by_name(name: str) -> None:
    assert pickle.loads(pickle.dumps(public(name))) is public(name)


def first_line(documented: Any) -> str:
    docstring = inspect.getdoc(documented)
    assert docstring
    return docstring.splitlines()[0]


@pytest.mark.parametrize("name", [*OBJECTS, "debug", "debug.enable", "debug.disable"])
def test_docstring_opens_with_one_sentence(name: str) -> None:
    assert re.fullmatch(r"[A-Z`].*[.:]|[A-Z].*`\.?", first_line(public(name)))


@pytest.mark.parametrize("member", MEMBERS)
def test_member_s_docstring_opens_with_one_sentence(member: str) -> None:
    line = first_line(vars(Promise)[member])
    assert re.fullmatch(r"[A-Z`].*[.`]", line)
    assert len(line) <= 112


def sections(docstring: str) -> list[str]:
    return re.findall(r"^(\w+):$", docstring, re.MULTILINE)


def described(docstring: str) -> set[str]:
    """Read which parameters the section Args describes."""
    found = re.search(r"^Args:\n((?:    .*\n|\n)+)", docstring + "\n", re.MULTILINE)
    return set(re.findall(r"^    (\w+):", found[1], re.MULTILINE)) if found else set()


def parameters(documented: Any) -> set[str]:
    """Name what has to be described; `*args` and `**kwargs` are, in the line of the function they go to."""
    kinds = inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL
    signature = inspect.signature(documented)
    return {name for name, one in signature.parameters.items() if one.kind not in kinds} - {"self", "cls"}


# What these raise belongs to the promise that they give, or cannot be wrong.
NEVER_RAISE = {"all", "all_settled", "any", "cancel", "race", "resolve", "shield", "to_future"}


@pytest.mark.parametrize("name", [f"Promise.{method}" for method in METHODS] + FUNCTIONS)
def test_function_s_docstring_has_the_house_sections(name: str) -> None:
    docstring = inspect.getdoc(public(name)) or ""
    expected = ["Args", "Returns", "Raises", "Example"]
    if name.removeprefix("Promise.") in NEVER_RAISE:
        expected.remove("Raises")
    if name in ("Promise.to_future", "Promise.shield"):
        expected.remove("Args")
    assert sections(docstring) == expected
    assert ">>> " in docstring


@pytest.mark.parametrize("name", [f"Promise.{method}" for method in METHODS] + FUNCTIONS)
def test_function_s_docstring_describes_its_parameters(name: str) -> None:
    given = parameters(public(name))
    written = described(inspect.getdoc(public(name)) or "")
    if name == "Promise.catch":
        given = {"types", "on_rejected"}  # either of two forms, so its signature cannot name them
    elif name in ("Promise.all", "Promise.all_settled", "Promise.any", "Promise.race"):
        given = given | {"promises"}  # likewise: one, but what is wrong gets an answer
    assert written == given


@pytest.mark.parametrize("name", ["debug.enable", "debug.disable", "Convention", "Promise.outcome"])
def test_docstring_has_an_example(name: str) -> None:
    assert ">>> " in (inspect.getdoc(public(name)) or "")


# Classes that inherit the constructor of a built-in exception: Python 3.11 has no signature for those.
ERRORS = {
    name
    for name, one in ((name, public(name)) for name in OBJECTS)
    if isinstance(one, type) and issubclass(one, Exception) and "__init__" not in vars(one)
}
INSPECTED = sorted({*OBJECTS, *(f"Promise.{method}" for method in METHODS), "debug.enable"} - ERRORS)


@pytest.mark.parametrize("name", INSPECTED)
def test_signature_can_be_inspected(name: str) -> None:
    assert str(inspect.signature(public(name))).startswith("(")


@pytest.mark.parametrize("method", METHODS)
def test_method_s_annotations_can_be_resolved(method: str) -> None:
    function = inspect.unwrap(getattr(Promise, method))
    assert "return" in inspect.get_annotations(getattr(function, "__func__", function), eval_str=True)


def test_promise_can_be_referred_to_weakly() -> None:
    promise = Promise.resolve(1)
    reference = weakref.ref(promise)
    assert reference() is promise
    del promise
    assert reference() is None


def test_promise_has_no_dictionary() -> None:
    assert not hasattr(Promise.resolve(1), "__dict__")


def test_promise_can_be_a_key() -> None:
    promise = Promise.resolve(1)
    assert {promise: 1}[promise] == 1
    assert promise != Promise.resolve(1)


def test_import_loads_the_standard_library_only() -> None:
    loaded = fresh("before = set(sys.modules); import promisepy; print(*set(sys.modules) - before)")
    packages = {name.partition(".")[0] for name in loaded.split()}
    # CPython 3.15's traceback reads texts from the second, if whoever built it has written some, as Debian has.
    assert packages - sys.stdlib_module_names - {"promisepy"} <= {"__mp_main__", "_missing_stdlib_info"}


def test_import_loads_the_core_and_promises_only() -> None:
    loaded = fresh("import promisepy, sys; print(*sys.modules)").split()
    wings = {name.split(".")[1] for name in loaded if name.startswith("promisepy._")}
    assert wings == {"_core", "_promises"}
    assert "promisepy._promises.using" not in loaded


LATER = sorted(promisepy._LOADED_LATER)


@pytest.mark.parametrize("name", LATER)
def test_what_is_loaded_later_is_there_when_it_is_asked_for(name: str) -> None:
    code = f"""
        import promisepy
        assert {name!r} in dir(promisepy) and {name!r} not in vars(promisepy)
        print(promisepy.{name} is promisepy.{name} is vars(promisepy)[{name!r}], promisepy.{name}.__name__)
    """
    assert fresh(inspect.cleandoc(code)).split() == ["True", name]


def test_threads_that_ask_at_once_get_the_same() -> None:
    code = """
        import promisepy
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(8) as pool:
            print(len(set(pool.map(lambda _: promisepy.promisify, range(64)))))
    """
    assert fresh(inspect.cleandoc(code)) == "1"


def test_a_name_that_is_not_there_is_told_as_by_any_module() -> None:
    with pytest.raises(AttributeError, match="^module 'promisepy' has no attribute 'nonsense'$"):
        _ = promisepy.nonsense  # type: ignore[attr-defined]  # as is tested


def test_import_starts_no_thread() -> None:
    assert fresh("import promisepy, threading; print(threading.active_count())") == "1"


def test_import_makes_no_event_loop_and_changes_no_hook() -> None:
    code = """
        import asyncio
        hooks = sys.excepthook, sys.unraisablehook, asyncio.get_event_loop_policy
        import promisepy
        print(hooks == (sys.excepthook, sys.unraisablehook, asyncio.get_event_loop_policy))
        print(asyncio._get_running_loop())
    """
    assert fresh(inspect.cleandoc(code)).split() == ["True", "None"]


def test_import_prints_nothing() -> None:
    assert fresh("import promisepy, promisepy.debug") == ""


PRIVATE = sorted(path for path in PACKAGE.rglob("*.py") if path.stem != "__main__")


@pytest.mark.parametrize("path", PRIVATE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_can_be_imported(path: Path) -> None:
    """Also the one that only type checkers read: tools that write documentation import them all."""
    importlib.import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"))


def test_module_can_be_reloaded_from_scratch() -> None:
    assert importlib.import_module("promisepy") is promisepy


def test_processes_that_tests_start_meet_the_same_promisepy() -> None:
    command = [sys.executable, "-c", "import promisepy; print(promisepy.__file__)"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == promisepy.__file__


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_there_is_one_dependency() -> None:
    assert [re.match(r"[\w-]+", one)[0] for one in project()["dependencies"]] == ["typing-extensions"]


def test_changelog_tells_of_this_version() -> None:
    assert promisepy.__version__ in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_py_typed_lies_beside_the_code() -> None:
    assert (PACKAGE / "py.typed").is_file()


@pytest.fixture(scope="module")
def distribution() -> importlib.metadata.Distribution:
    """Find the wheel from which promisepy was installed."""
    try:
        found = importlib.metadata.distribution("promisepy")
    except importlib.metadata.PackageNotFoundError:
        lacking("promisepy is not installed, only on the path: pip install .")
    origin = found.read_text("direct_url.json")
    if origin and json.loads(origin).get("dir_info", {}).get("editable"):
        lacking("promisepy is installed as editable, so there is no wheel to look into: pip install .")
    return found


def test_version_is_that_of_the_wheel(distribution: importlib.metadata.Distribution) -> None:
    assert promisepy.__version__ == distribution.version


def test_wheel_ships_the_package_and_nothing_else(distribution: importlib.metadata.Distribution) -> None:
    shipped = {path.as_posix() for path in distribution.files or []}
    others = {path for path in shipped if ".dist-info/" not in path and "__pycache__" not in path}
    assert "promisepy/py.typed" in shipped
    assert others == {path.relative_to(ROOT).as_posix() for path in SOURCES}


def test_wheel_is_made_of_these_sources(distribution: importlib.metadata.Distribution) -> None:
    """Or the tests would test what somebody has installed before changing something: pip install . again."""
    paths = [(path, Path(str(distribution.locate_file(path.relative_to(ROOT))))) for path in SOURCES]
    assert [path.name for path, copy in paths if path.read_bytes() != copy.read_bytes()] == []


def test_wheel_asks_for_what_the_project_says(distribution: importlib.metadata.Distribution) -> None:
    assert [one for one in distribution.requires or [] if "extra ==" not in one] == project()["dependencies"]
