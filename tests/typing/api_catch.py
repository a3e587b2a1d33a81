"""`catch` in all its forms, and `finally_`."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any, TypeVar, assert_type

from promisepy import BrokenPromise, CallbackError, Cancelled, Promise, PromiseError

from samples import (
    Service,
    fetch,
    forget,
    nothing,
    promised,
    query,
    recover,
    recover_any,
    recover_base,
    recover_bytes_or_promised,
    recover_later,
    recover_maybe_promised,
    recover_object,
    recover_os_error_later,
    recover_pool_future,
    recover_promised,
    recover_query,
    recover_same,
    recover_three,
    recover_two,
    recover_value_error,
    reraise,
    show,
)

T = TypeVar("T")


class StatusError(Exception):
    """An error with an attribute of its own."""

    code = 404


def handler_alone(p: Promise[int]) -> None:
    assert_type(p.catch(recover), Promise[int | bytes])
    assert_type(p.catch(recover_same), Promise[int])
    assert_type(p.catch(recover_base), Promise[int | bytes])
    assert_type(p.catch(recover_object), Promise[int | bytes])
    assert_type(p.catch(forget), Promise[int | None])
    assert_type(p.catch(reraise), Promise[int])
    assert_type(p.catch(recover_later), Promise[int | bytes])
    assert_type(p.catch(recover_promised), Promise[int | bytes])
    assert_type(p.catch(recover_query), Promise[int | bytes])
    assert_type(p.catch(recover_pool_future), Promise[int | bytes])
    assert_type(p.catch(recover_maybe_promised), Promise[int | bytes | None])
    assert_type(p.catch(recover_bytes_or_promised), Promise[int | bytes])
    assert_type(p.catch(str), Promise[int | str])
    assert_type(p.catch(print), Promise[int | None])
    assert_type(p.catch(Service().recover), Promise[int | bytes])
    assert_type(p.catch(partial(recover)), Promise[int | bytes])


def any_from_a_handler(p: Promise[int]) -> None:
    chosen: Promise[str] = Promise[str].resolve("").catch(recover_any)
    assert_type(chosen, Promise[str])
    assert_type(p.catch(recover_any).then(show), Promise[str])


def lambdas(p: Promise[int]) -> None:
    assert_type(p.catch(lambda error: 0), Promise[int])
    assert_type(p.catch(lambda error: str(error)), Promise[int | str])
    assert_type(p.catch(lambda error: error), Promise[int | Exception])
    assert_type(p.catch(lambda error: None), Promise[int | None])
    assert_type(p.catch(lambda error: fetch(1)), Promise[int | str])
    assert_type(p.catch(lambda error: promised(1)), Promise[int | str])
    assert_type(p.catch(lambda error: Promise.resolve(error.args)), Promise[int | tuple[Any, ...]])
    assert_type(p.catch(lambda _: asyncio.sleep(0, b"")), Promise[int | bytes])


def one_type(p: Promise[int]) -> None:
    assert_type(p.catch(ValueError, recover_value_error), Promise[int | bytes])
    assert_type(p.catch(ValueError, recover), Promise[int | bytes])
    assert_type(p.catch(ValueError, recover_two), Promise[int | bytes])
    assert_type(p.catch(UnicodeError, recover_value_error), Promise[int | bytes])
    assert_type(p.catch(ValueError, recover_later), Promise[int | bytes])
    assert_type(p.catch(ValueError, recover_promised), Promise[int | bytes])
    assert_type(p.catch(ValueError, recover_maybe_promised), Promise[int | bytes | None])
    assert_type(p.catch(ValueError, forget), Promise[int | None])
    assert_type(p.catch(ValueError, reraise), Promise[int])
    assert_type(p.catch(OSError, recover_os_error_later), Promise[int | str])
    assert_type(p.catch(Exception, recover), Promise[int | bytes])
    assert_type(p.catch(BaseException, recover_base), Promise[int | bytes])
    assert_type(p.catch(KeyboardInterrupt, recover_base), Promise[int | bytes])


def one_type_and_a_lambda(p: Promise[int]) -> None:
    assert_type(p.catch(ValueError, lambda error: error), Promise[int | ValueError])
    assert_type(p.catch(StatusError, lambda error: error.code), Promise[int])
    assert_type(p.catch(json.JSONDecodeError, lambda error: error.doc), Promise[int | str])
    assert_type(p.catch(OSError, lambda error: error.errno), Promise[int | None])
    assert_type(p.catch(KeyError, lambda _: fetch(0)), Promise[int | str])
    assert_type(p.catch(KeyError, lambda _: promised(0)), Promise[int | str])
    assert_type(p.catch(BaseException, lambda error: None), Promise[int | None])
    assert_type(p.catch(CallbackError, lambda error: error.arguments), Promise[int | tuple[object, ...]])


def two_types(p: Promise[int]) -> None:
    assert_type(p.catch((ValueError, OSError), recover_two), Promise[int | bytes])
    assert_type(p.catch((ValueError, OSError), recover), Promise[int | bytes])
    assert_type(p.catch((ValueError, OSError), recover_three), Promise[int | bytes])
    assert_type(p.catch((ValueError, OSError), recover_later), Promise[int | bytes])
    assert_type(p.catch((ValueError, OSError), recover_maybe_promised), Promise[int | bytes | None])
    assert_type(p.catch((ValueError, OSError), forget), Promise[int | None])
    assert_type(p.catch((ValueError, OSError), reraise), Promise[int])
    assert_type(p.catch((ValueError, OSError), lambda error: str(error)), Promise[int | str])
    assert_type(p.catch((ValueError, OSError), lambda _: promised(0)), Promise[int | str])


def three_types(p: Promise[int]) -> None:
    assert_type(p.catch((ValueError, OSError, KeyError), recover_three), Promise[int | bytes])
    assert_type(p.catch((ValueError, OSError, KeyError), recover), Promise[int | bytes])
    assert_type(p.catch((ValueError, OSError, KeyError), recover_later), Promise[int | bytes])
    assert_type(p.catch((ValueError, OSError, KeyError), forget), Promise[int | None])
    assert_type(p.catch((ValueError, OSError, KeyError), reraise), Promise[int])
    assert_type(p.catch((ValueError, OSError, KeyError), lambda error: str(error)), Promise[int | str])


def other_tuples(p: Promise[int], types: tuple[type[Exception], ...], kind: type[OSError]) -> None:
    assert_type(p.catch((ValueError,), recover_value_error), Promise[int | bytes])
    assert_type(p.catch((ValueError, OSError, KeyError, TypeError), recover), Promise[int | bytes])
    assert_type(p.catch(types, recover), Promise[int | bytes])
    assert_type(p.catch(types, lambda error: str(error)), Promise[int | str])
    assert_type(p.catch(kind, recover_os_error_later), Promise[int | str])


def own_errors(p: Promise[int]) -> None:
    assert_type(p.catch(PromiseError, lambda error: error), Promise[int | PromiseError])
    assert_type(p.catch((BrokenPromise, Cancelled), lambda _: None), Promise[int | None])


def chains(p: Promise[int]) -> None:
    assert_type(
        p.catch(KeyError, lambda _: 0).catch(OSError, lambda _: 1).catch(recover), Promise[int | bytes]
    )
    assert_type(p.then(show).catch(str), Promise[str])
    assert_type(p.then(nothing).catch(print), Promise[None])
    assert_type(p.catch(recover).then(lambda value: [value]), Promise[list[int | bytes]])


def rejected_promises() -> None:
    assert_type(Promise.reject(ValueError()).catch(recover), Promise[bytes])
    assert_type(Promise.reject(ValueError()).catch(ValueError, lambda error: str(error)), Promise[str])


def generic_caller(p: Promise[T], value: T) -> Promise[T]:
    assert_type(p.catch(forget), Promise[T | None])
    return p.catch(lambda _: value)


def finally_takes_anything_callable(p: Promise[int], service: Service) -> None:
    def close() -> None: ...

    def count() -> int:
        return 1

    async def close_later() -> None: ...

    def close_promised() -> Promise[str]:
        return promised(1)

    assert_type(p.finally_(close), Promise[int])
    assert_type(p.finally_(count), Promise[int])
    assert_type(p.finally_(close_later), Promise[int])
    assert_type(p.finally_(close_promised), Promise[int])
    assert_type(p.finally_(lambda: None), Promise[int])
    assert_type(p.finally_(lambda: query(1)), Promise[int])
    assert_type(p.finally_(lambda: asyncio.sleep(1)), Promise[int])
    assert_type(p.finally_(print), Promise[int])
    assert_type(p.finally_(partial(service.show, 1)), Promise[int])
    assert_type(p.finally_(list), Promise[int])
    assert_type(p.then(show).finally_(close).catch(recover), Promise[str | bytes])
