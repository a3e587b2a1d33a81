"""`promisify` as a decorator with options, in the styles that came later, and `callbackify`."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from typing import Any, assert_type

from promisepy import Convention, Promise, callbackify, promisify, register_adoptable, submit

from samples import Query


def untyped(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


def ping(host: str, done: Callable[[int], None]) -> None:
    done(0)


def read(path: str, done: Callable[[int, bytes], None]) -> None:
    done(0, path.encode())


def stat(path: str, done: Callable[[int, int, str], None]) -> None:
    done(0, 1, path)


def query(name: str, done: Callable[[list[str], int], None]) -> None:
    done([name], 0)


def status_codes() -> None:
    assert_type(promisify(ping, style="status_first")("a"), Promise[None])
    assert_type(promisify(read, style="status_first")("a"), Promise[bytes])
    assert_type(promisify(stat, style="status_first")("a"), Promise[tuple[int, str]])
    assert_type(promisify(ping, style="status_last")("a"), Promise[None])
    assert_type(promisify(query, style="status_last")("a"), Promise[list[str]])


def load(path: str, done: Callable[[concurrent.futures.Future[bytes]], None]) -> None: ...


def start(pool: concurrent.futures.Executor, number: int = 1) -> concurrent.futures.Future[str]:
    return pool.submit(str, number)


def look_up(name: str, *, limit: int = 1) -> Query[int]:
    return Query()


def futures(pool: concurrent.futures.Executor) -> None:
    assert_type(promisify(load, style="future")("a"), Promise[bytes])
    assert_type(promisify(start, style="done_callback")(pool, number=2), Promise[str])
    assert_type(promisify(start, style="done_callback")(pool), Promise[str])
    assert_type(promisify(look_up, style="then")("a", limit=2), Promise[int])


def checked(status: int, body: bytes) -> str:
    if status:
        raise OSError(status)
    return body.decode()


def functions_as_styles() -> None:
    assert_type(promisify(read, style=checked)("a"), Promise[str])
    assert_type(promisify(read, style=checked), Callable[..., Promise[str]])
    assert_type(promisify(untyped, style=checked)("a", b=1), Promise[str])
    assert_type(promisify(untyped, style=checked, callback="on_done")("a"), Promise[str])


def options_change_no_type() -> None:
    assert_type(promisify(ping, check=print, returns=True, keep_alive=True)("a"), Promise[int])
    assert_type(promisify(read, style="status_first", pump=lambda: None)("a"), Promise[bytes])
    assert_type(promisify(read, style=checked, keep_alive=True)("a"), Promise[str])
    assert_type(promisify(untyped, result=int, check=print)("a"), Promise[int])
    assert_type(promisify(untyped, shape=len, returns=1)("a"), Promise[int])


@promisify(keep_alive=True)
def watch(path: str, done: Callable[[bytes], None]) -> None: ...


@promisify(callback=0)
def observe(done: Callable[[str], None], path: str, *, depth: int = 1) -> None: ...


@promisify(style="error_first")
def download(url: str, done: Callable[[OSError | None, bytes | None], None]) -> None: ...


@promisify(style="error_last")
def resolve_name(name: str, done: Callable[[list[str] | None, int | None], None]) -> None: ...


@promisify(style="two_callbacks")
def send(data: bytes, ok: Callable[[int], None], failed: Callable[[OSError], None]) -> None: ...


@promisify(style=checked)
def fetch(*args: Any) -> None: ...


@promisify(callback="on_done", result=int)
def publish(topic: str, *, on_done: Callable[[int], None]) -> None: ...


class Client:
    """Decorators bind in class bodies."""

    @promisify(style="error_first")
    def get(self, path: str, done: Callable[[OSError | None, bytes | None], None]) -> None: ...


class Legacy:
    """A library's class."""

    def get(self, path: str, done: Callable[[bytes], None]) -> None: ...


@promisify(methods=["get"], style="error_last", check=print)
class Store:
    """Checkers know nothing of methods that are named by strings."""

    def get(self, path: str, done: Callable[[bytes | None, OSError | None], None]) -> None: ...


class TypedStore(Legacy):
    """With a line for each method they do."""

    fetch = promisify(Legacy.get)


def classes(typed: TypedStore) -> None:
    assert_type(promisify(Legacy, methods=("get",)), type[Any])
    assert_type(promisify(Legacy, methods={"fetch": "get"}, callback=0, cancel=print), type[Any])
    assert_type(typed.fetch("a"), Promise[bytes])


def decorators(client: Client) -> None:
    assert_type(watch("a"), Promise[bytes])
    assert_type(observe("a", depth=2), Promise[str])
    assert_type(download("a"), Promise[bytes])
    assert_type(resolve_name("a"), Promise[list[str]])
    assert_type(send(b""), Promise[int])
    assert_type(fetch("a"), Promise[str])
    assert_type(publish("a"), Promise[int])
    assert_type(client.get("/"), Promise[bytes])


def divide(number: int, by: int) -> Promise[float]:
    return Promise.resolve(number / by)


async def multiply(number: int, by: int = 2) -> int:
    return number * by


def on_float(error: Exception | None, value: float | None) -> None: ...


def on_int(error: BaseException | None, value: int | None) -> None: ...


@callbackify
def square(number: int) -> Promise[int]:
    return Promise.resolve(number * number)


@callbackify(style="two_keywords")
async def cube(number: int) -> int:
    return number**3


def the_other_direction() -> None:
    assert_type(callbackify(divide)(6, 2, on_float), None)
    assert_type(callbackify(multiply)(6, 2, on_int), None)
    assert_type(square(2, on_int), None)
    assert_type(callbackify(divide, style="error_first")(6, 2, on_float), None)
    assert_type(callbackify(divide, style="error_last")(6, 2, lambda value, error: print(value, error)), None)
    assert_type(callbackify(divide, style="value")(6, 2, lambda value: value.is_integer()), None)
    assert_type(callbackify(divide, style="two_callbacks")(6, 2, lambda value: value.hex(), print), None)
    assert_type(callbackify(divide, style="future")(6, 2, lambda future: future.result().hex()), None)
    assert_type(callbackify(multiply, callback=0)(on_int, 6, by=2), None)
    assert_type(callbackify(multiply, style=Convention(), callback="done"), Callable[..., Any])
    cube(2, callback=print, error_callback=print)


class Reply:
    """Calls back, and has nothing that the rules know."""

    def on_answer(self, callback: Callable[[str], None]) -> None: ...


def rules_and_executors(pool: concurrent.futures.Executor) -> None:
    register_adoptable(Reply, lambda reply, resolve, reject: reply.on_answer(resolve))
    register_adoptable(Reply, None)
    assert_type(submit(pool, str), Promise[str])
    assert_type(submit(pool, asyncio.run, multiply(1)), Promise[int])
    assert_type(submit(pool, multiply, 1), Promise[int])
    assert_type(submit(pool, lambda: Promise.resolve("made there")), Promise[str])
    assert_type(submit(pool, list, "abc"), Promise[list[str]])
