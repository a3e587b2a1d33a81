"""`promisify` in every style, `Convention`, and functions of the standard library."""

from __future__ import annotations

import threading
from collections.abc import Callable
from multiprocessing.pool import ThreadPool
from typing import Any, Literal, TypeVar, assert_type

from promisepy import Convention, Promise, promisify

T = TypeVar("T")


class Failure:
    """An error value that is no exception, such as those of C libraries."""


def tick(done: Callable[[], None]) -> None:
    done()


def fetch(url: str, done: Callable[[bytes], None]) -> None:
    done(url.encode())


def resize(width: int, height: int, done: Callable[[float], object]) -> int:
    done(width / height)
    return 1


def measure(name: str, done: Callable[[int, float], None]) -> None:
    done(len(name), 1.0)


def locate(name: str, done: Callable[[int, str, bytes], None]) -> None:
    done(1, name, b"")


def close(handle: int, done: Callable[[], None]) -> None:
    done()


def subscribe(name: str, done: Callable[[str], None] | None = None) -> None:
    if done is not None:
        done(name)


def load(key: T, done: Callable[[T], None]) -> None:
    done(key)


class Client:
    """Methods of every kind."""

    def get(self, path: str, done: Callable[[bytes], None]) -> None:
        done(path.encode())

    @classmethod
    def make(cls, name: str, done: Callable[[Client], None]) -> None:
        done(cls())

    @staticmethod
    def ping(host: str, done: Callable[[float], None]) -> None:
        done(len(host))

    def __call__(self, number: int, done: Callable[[str], None]) -> None:
        done(str(number))


def callback_last(client: Client) -> None:
    assert_type(promisify(tick)(), Promise[None])
    assert_type(promisify(fetch)("a"), Promise[bytes])
    assert_type(promisify(resize)(1, 2), Promise[float])
    assert_type(promisify(close)(1), Promise[None])
    assert_type(promisify(subscribe)("a"), Promise[str])
    assert_type(promisify(fetch, style="value")("a"), Promise[bytes])
    assert_type(promisify(fetch, callback=-1)("a"), Promise[bytes])
    assert_type(promisify(client.get)("/"), Promise[bytes])
    assert_type(promisify(Client.make)("a"), Promise[Client])
    assert_type(promisify(Client.ping)("a"), Promise[float])
    assert_type(promisify(client)(1), Promise[str])
    assert_type(promisify(Client.get)(client, "/"), Promise[bytes])


def several_values() -> None:
    assert_type(promisify(measure)("a"), Promise[tuple[int, float]])
    assert_type(promisify(locate)("a"), Promise[tuple[int, str, bytes]])
    assert_type(promisify(locate, style="value")("a"), Promise[tuple[int, str, bytes]])


def what_promisify_gives() -> None:
    assert_type(promisify(fetch), Callable[[str], Promise[bytes]])
    assert_type(promisify(resize), Callable[[int, int], Promise[float]])
    assert_type(promisify(fetch)("a").then(len), Promise[int])


class Wrapped:
    """In a class body the result binds like a function."""

    @promisify
    def get(self, path: str, done: Callable[[bytes], None]) -> None:
        done(path.encode())


def as_a_decorator(wrapped: Wrapped) -> None:
    @promisify
    def search(text: str, limit: int, done: Callable[[list[str]], None]) -> None:
        done([text] * limit)

    assert_type(search("a", 1), Promise[list[str]])
    assert_type(wrapped.get("/"), Promise[bytes])


def watch(done: Callable[[bytes], None], path: str, *, depth: int = 1) -> None:
    done(path.encode() * depth)


def start(done: Callable[[], None], name: str = "a") -> None:
    del name
    done()


def pair(done: Callable[[int, str], None], number: int) -> None:
    done(number, "")


def callback_first() -> None:
    assert_type(promisify(watch, callback=0)("a"), Promise[bytes])
    assert_type(promisify(watch, callback=0)("a", depth=2), Promise[bytes])
    assert_type(promisify(watch, callback=0)(path="a"), Promise[bytes])
    assert_type(promisify(watch, style="value", callback=0)("a"), Promise[bytes])
    assert_type(promisify(start, callback=0)(), Promise[None])
    assert_type(promisify(start, callback=0)("b"), Promise[None])
    assert_type(promisify(pair, callback=0)(1), Promise[tuple[int, str]])


def read(path: str, done: Callable[[OSError | None, bytes | None], None]) -> None:
    done(None, path.encode())


def remove(path: str, done: Callable[[OSError | None], None]) -> None:
    done(None)


def stat(path: str, done: Callable[[OSError | None, int | None, str | None], None]) -> None:
    done(None, 1, path)


def query(text: str, done: Callable[[list[str] | None, Failure | None], None]) -> None:
    done([text], None)


def execute(text: str, done: Callable[[Failure | None], None]) -> None:
    done(None)


def resolve_name(name: str, done: Callable[[bytes | None, int | None], None]) -> None:
    done(name.encode(), None)


def errors_among_the_arguments() -> None:
    assert_type(promisify(read, style="error_first")("a"), Promise[bytes])
    assert_type(promisify(remove, style="error_first")("a"), Promise[None])
    assert_type(promisify(stat, style="error_first")("a"), Promise[tuple[int, str]])
    assert_type(promisify(query, style="error_last")("a"), Promise[list[str]])
    assert_type(promisify(resolve_name, style="error_last")("a"), Promise[bytes])
    assert_type(promisify(execute, style="error_last")("a"), Promise[None])
    assert_type(promisify(read, style="error_first"), Callable[[str], Promise[bytes]])


def send(data: bytes, ok: Callable[[int], None], failed: Callable[[OSError], None]) -> None:
    ok(len(data))


def flush(ok: Callable[[], None], failed: Callable[[str, int], None]) -> None:
    ok()


def accept(port: int, ok: Callable[[str, int], None], failed: Callable[[], None]) -> None:
    ok("", port)


def two_callbacks() -> None:
    assert_type(promisify(send, style="two_callbacks")(b""), Promise[int])
    assert_type(promisify(flush, style="two_callbacks")(), Promise[None])
    assert_type(promisify(accept, style="two_callbacks")(1), Promise[tuple[str, int]])
    assert_type(promisify(send, style="two_callbacks"), Callable[[bytes], Promise[int]])


def untyped(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


def result_types(pool: ThreadPool) -> None:
    assert_type(promisify(untyped, result=str)(1, a=2), Promise[str])
    assert_type(promisify(untyped, result=list[int])(), Promise[list[int]])
    assert_type(promisify(untyped, callback="callback", result=int)(), Promise[int])
    assert_type(promisify(untyped, callback="ok", errback="failed", result=int)(), Promise[int])
    assert_type(promisify(untyped, callback=0, errback=-1, result=bytes)(), Promise[bytes])
    assert_type(promisify(untyped, style="error_first", callback=0, result=bytes)(), Promise[bytes])
    assert_type(promisify(untyped, result=str), Callable[..., Promise[str]])
    run = promisify(pool.apply_async, callback="callback", errback="error_callback", result=int)
    assert_type(run(pow, (2, 3)), Promise[int])


def results_that_are_no_classes(kind: type[T]) -> None:
    assert_type(promisify(untyped, result=int | None)(), Promise[int | None])
    assert_type(promisify(untyped, result=Literal["a"])(), Promise[Literal["a"]])
    assert_type(promisify(untyped, result=Callable[[int], str])(), Promise[Callable[[int], str]])
    assert_type(promisify(untyped, result=tuple[int, str] | bytes)(), Promise[tuple[int, str] | bytes])
    assert_type(promisify(untyped, result=None)(), Promise[None])
    assert_type(promisify(untyped, result="list[Client]")(), Promise[list[Client]])
    assert_type(promisify(untyped, result=kind)(), Promise[T])
    assert_type(promisify(untyped, style="error_first", result=int | None)(), Promise[int | None])
    assert_type(promisify(result=int | None)(untyped)(), Promise[int | None])
    assert_type(promisify(callback="done", result=Literal["a"])(untyped)(), Promise[Literal["a"]])


def result_wins_over_the_function_s_own_types() -> None:
    assert_type(promisify(fetch, result=str)("a"), Promise[str])
    assert_type(promisify(measure, shape=lambda values: values[0], result=int)("a"), Promise[int])


def shapes() -> None:
    def text(values: tuple[Any, ...]) -> str:
        return str(values)

    assert_type(promisify(untyped, shape=text)(1), Promise[str])
    assert_type(promisify(untyped, shape=len)(1), Promise[int])
    assert_type(promisify(untyped, callback="callback", shape=text)(), Promise[str])
    assert_type(promisify(untyped, style="error_first", shape=list[int])(), Promise[list[int]])
    assert_type(promisify(measure, shape=text)("a"), Promise[str])


def check(status: int, body: str) -> tuple[str]:
    if status != 200:
        raise OSError(status)
    return (body,)


def conventions() -> None:
    http = Convention(outcome=check)
    assert_type(http, Convention)
    assert_type(Convention(), Convention)
    assert_type(Convention(callback=0, errback="failed", shape=list), Convention)
    assert_type(Convention(callback="done"), Convention)
    assert_type(http.callback, int | str)
    assert_type(http.errback, int | str | None)
    assert_type(promisify(untyped, style=http, result=str)("a"), Promise[str])
    assert_type(promisify(untyped, style=http, callback="done", result=str)("a"), Promise[str])
    assert_type(promisify(untyped, style=http, shape=len)("a"), Promise[int])


def generic_functions() -> None:
    assert_type(promisify(load)("a"), Promise[str])
    assert_type(promisify(load)(1), Promise[int])


def awaited_with_timers() -> None:
    def after(seconds: float, done: Callable[[], None]) -> None:
        threading.Timer(seconds, done).start()

    assert_type(promisify(after)(1.5), Promise[None])
    assert_type(promisify(after)(1).then(lambda _: "done"), Promise[str])


async def awaited() -> None:
    assert_type(await promisify(fetch)("a"), bytes)
    assert_type(await promisify(measure)("a"), tuple[int, float])
