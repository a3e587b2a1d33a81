"""Where the checkers differ: an expectation says which one refuses a right line, or sees a wrong one's fault.

The other one accepts the line as it stands. An expectation that turns out unused means that a checker has
learnt something: move the line to the `api_*` or `wrong_*` files.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, assert_type

from promisepy import Fulfilled, Promise, Reject, Rejected, Resolve, Resolvers, submit

from samples import Dog, fetch, identity, reraise, show, stop

T = TypeVar("T")


class Cat:
    """Has nothing in common with a dog."""


def cat_or_dog(value: int) -> Cat | Dog:
    return Cat() if value else Dog()


def text_or_bytes(value: int) -> str | bytes:
    return str(value) if value else b""


def mypy_joins_unions_of_own_classes(p: Promise[int]) -> None:
    assert_type(p.then(cat_or_dog), Promise[Cat | Dog])  # type: ignore[assert-type]
    declared: Promise[Cat | Dog] = p.then(cat_or_dog)
    del declared


def mypy_gives_up_on_lambdas_that_return_unions(p: Promise[int]) -> None:
    assert_type(p.then(lambda x: text_or_bytes(x)), Promise[str | bytes])  # type: ignore[assert-type]
    assert_type(p.catch(lambda _: text_or_bytes(1)), Promise[int | str | bytes])  # type: ignore[assert-type]


def mypy_does_not_infer_lambdas_with_defaults(p: Promise[int]) -> None:
    assert_type(p.then(lambda x, y=1: x + y), Promise[int])  # type: ignore[assert-type, misc]


def mypy_does_not_infer_partials_of_generic_functions(
    p: Promise[int], pool: concurrent.futures.Executor
) -> None:
    assert_type(p.then(partial(pool.submit, show)), Promise[str])  # type: ignore[assert-type, call-arg, type-var]


def mypy_gives_up_on_overloads_that_meet_overloads(pool: concurrent.futures.Executor) -> None:
    assert_type(submit(pool, pow, 2, 5), Promise[int])  # type: ignore[assert-type]


def mypy_widens_any_beside_a_second_handler(p: Promise[int]) -> None:
    assert_type(p.then(show, anything_from), Promise[str | Any])  # type: ignore[assert-type]


def anything_from(error: Exception) -> Any:
    return error.args


def mypy_joins_the_classes_of_a_tuple(p: Promise[int]) -> None:
    assert_type(p.catch((ValueError, OSError), lambda error: error), Promise[int | ValueError | OSError])  # type: ignore[assert-type]


def mypy_joins_the_elements_of_a_list(p: Promise[int], q: Promise[str]) -> None:
    assert_type(Promise.all([p, q]), Promise[list[int | str]])  # type: ignore[assert-type]
    assert_type(Promise.race([p, q]), Promise[int | str])  # type: ignore[assert-type]
    Promise.all([p, fetch(1)])  # type: ignore[arg-type]
    Promise.all_keyed({"a": p, "b": fetch(1)})  # type: ignore[arg-type]


def mypy_joins_the_elements_of_long_tuples(p: Promise[int], q: Promise[str]) -> None:
    assert_type(Promise.all((p, p, p, p, p, p, p, p, q)), Promise[list[int | str]])  # type: ignore[assert-type]


def mypy_does_not_narrow_generic_named_tuples(resolvers: Resolvers[int]) -> None:
    match resolvers:
        case Resolvers(promise, resolve, _):
            assert_type(promise, Promise[int])  # type: ignore[assert-type]
            assert_type(resolve, Resolve[int])  # type: ignore[assert-type]


def mypy_joins_what_a_plain_callable_takes() -> None:
    def executor(resolve: Callable[[int | str], None], reject: Callable[[Exception], None]) -> None: ...

    assert_type(Promise(executor), Promise[int | str])  # type: ignore[assert-type]


def mypy_accepts_a_promise_of_a_promise(p: Promise[int]) -> None:
    nested: Promise[Promise[int]] = Promise.resolve(p)  # pyright: ignore[reportAssignmentType]
    del nested


def mypy_does_not_ask_for_every_case(p: Promise[int]) -> None:
    match p.outcome:  # pyright: ignore[reportMatchNotExhaustive]
        case Fulfilled(_):
            pass
        case Rejected(_):
            pass


def mypy_does_not_compare_with_none(p: Promise[int]) -> None:
    if p.state is None:  # pyright: ignore[reportUnnecessaryComparison]
        pass


def pyright_does_not_join_two_nevers(p: Promise[int]) -> None:
    never = p.then(stop, reraise)  # pyright: ignore[reportUnknownVariableType]
    del never


def pyright_does_not_infer_from_a_generic_executor(value: T) -> Promise[T]:
    def executor(resolve: Resolve[T], reject: Reject) -> None:
        resolve(value)

    assert_type(Promise(executor), Promise[T])  # pyright: ignore[reportAssertTypeFailure]
    return Promise(executor)


def pyright_keeps_literals_in_tuples() -> None:
    assert_type(Promise.resolve((1, "a")), Promise[tuple[int, str]])  # pyright: ignore[reportAssertTypeFailure]


def no_checker_knows_that_a_type_variable_is_adopted(p: Promise[asyncio.Future[int]]) -> None:
    assert_type(p.then(identity), Promise[int])


def pyright_knows_no_type_of_a_bare_class(connect: Callable[[Resolvers[int]], object]) -> None:
    assert_type(Promise.create(connect), Promise[int])  # pyright: ignore[reportAssertTypeFailure, reportUnknownMemberType]
    assert_type(Promise[int].create(connect), Promise[int])
