"""Handlers and values that the typing cases share: one of each kind that users write."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any, Generic, NoReturn, TypeVar

from promisepy import Promise, Thenable

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Animal:
    """A base class, for the cases on variance."""


class Dog(Animal):
    """A subclass."""


class Query(Generic[T_co]):
    """A foreign thenable."""

    def then(
        self, on_fulfilled: Callable[[T_co], Any], on_rejected: Callable[[BaseException], Any], /
    ) -> None: ...


class Lazy(Generic[T]):
    """A foreign awaitable that is neither a coroutine nor a future."""

    def __await__(self) -> Generator[Any, Any, T]:
        raise NotImplementedError


# Fulfilment handlers: values.


def show(value: int) -> str:
    return str(value)


def show_object(value: object) -> str:
    return str(value)


def nothing(value: int) -> None:
    del value


def stop(value: int) -> NoReturn:
    raise ValueError(value)


def anything(value: int) -> Any:
    return value


def maybe(value: int) -> str | None:
    return str(value) if value else None


def either(value: int) -> str | bytes:
    return str(value) if value else b""


def identity(value: T) -> T:
    return value


def listed(value: T) -> list[T]:
    return [value]


def optional(value: int, base: int = 10, *, upper: bool = False) -> str:
    return f"{value}{base}{upper}"


def scaled(factor: float, value: int) -> float:
    return factor * value


def halve(value: int) -> float:
    return value / 2


half: Callable[[int], float] = partial(scaled, 0.5)


class Point:
    """A class that is used as a handler."""

    def __init__(self, x: int) -> None:
        self.x = x


class Box(Generic[T]):
    """A generic class that is used as a handler."""

    def __init__(self, value: T) -> None:
        self.value = value


class Service:
    """Methods as handlers."""

    def show(self, value: int) -> str:
        return str(value)

    async def fetch(self, value: int) -> str:
        return str(value)

    @classmethod
    def make(cls, value: int) -> Service:
        del value
        return cls()

    @staticmethod
    def double(value: int) -> int:
        return 2 * value

    def __call__(self, value: int) -> bytes:
        return bytes(value)

    def recover(self, error: Exception) -> bytes:
        return repr(error).encode()


# Fulfilment handlers: what is adopted.


async def fetch(value: int) -> str:
    return str(value)


async def fetch_nothing(value: int) -> None:
    del value


async def fetch_stop(value: int) -> NoReturn:
    raise ValueError(value)


async def fetch_maybe(value: int) -> str | None:
    return str(value) if value else None


async def fetch_identity(value: T) -> T:
    return value


def promised(value: int) -> Promise[str]:
    return Promise.resolve(str(value))


def promised_list(value: T) -> Promise[list[T]]:
    return Promise.resolve([value])


def awaited(value: int) -> Awaitable[str]:
    return promised(value)


def lazy(value: int) -> Lazy[str]:
    raise NotImplementedError


def loop_future(value: int) -> asyncio.Future[str]:
    raise NotImplementedError


def task(value: int) -> asyncio.Task[str]:
    raise NotImplementedError


def pool_future(value: int) -> concurrent.futures.Future[str]:
    raise NotImplementedError


def query(value: int) -> Query[str]:
    raise NotImplementedError


def thenable(value: int) -> Thenable[str]:
    return query(value)


# Fulfilment handlers: mixtures.


def maybe_promised(value: int) -> Promise[str] | None:
    return promised(value) if value else None


def maybe_awaited(value: int) -> Awaitable[str] | None:
    return promised(value) if value else None


def maybe_query(value: int) -> Query[str] | None:
    return query(value) if value else None


def string_or_promised(value: int) -> str | Promise[str]:
    return promised(value) if value else ""


def promised_or_task(value: int) -> Promise[str] | asyncio.Task[str]:
    return promised(value) if value else task(value)


# Rejection handlers.


def recover(error: Exception) -> bytes:
    return repr(error).encode()


def recover_same(error: Exception) -> int:
    return len(error.args)


def recover_object(error: object) -> bytes:
    return repr(error).encode()


def recover_base(error: BaseException) -> bytes:
    return repr(error).encode()


def forget(error: Exception) -> None:
    del error


def reraise(error: Exception) -> NoReturn:
    raise error


def recover_any(error: Exception) -> Any:
    return error.args


async def recover_later(error: Exception) -> bytes:
    return repr(error).encode()


def recover_promised(error: Exception) -> Promise[bytes]:
    return Promise.resolve(repr(error).encode())


def recover_query(error: Exception) -> Query[bytes]:
    raise NotImplementedError


def recover_pool_future(error: Exception) -> concurrent.futures.Future[bytes]:
    raise NotImplementedError


def recover_maybe_promised(error: Exception) -> Promise[bytes] | None:
    return recover_promised(error) if error.args else None


def recover_bytes_or_promised(error: Exception) -> bytes | Promise[bytes]:
    return recover_promised(error) if error.args else b""


def recover_value_error(error: ValueError) -> bytes:
    return repr(error).encode()


def recover_two(error: ValueError | OSError) -> bytes:
    return repr(error).encode()


def recover_three(error: ValueError | OSError | KeyError) -> bytes:
    return repr(error).encode()


async def recover_os_error_later(error: OSError) -> str:
    return error.strerror or ""
