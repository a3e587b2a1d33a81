"""Answers to wrong calls (S16): what was expected, what came, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Never

from .errors import short


def expected_callable(place: str, got: object, what: str = "a function or None") -> TypeError:
    """Say that a handler is not callable."""
    advice = "do not call it" if hasattr(type(got), "__await__") else "such as print"
    return TypeError(f"{place} expected {what}, got {short(got)}: pass the function itself, {advice}")


def expected_executor(got: object) -> TypeError:
    """Say that an executor is not callable."""
    return TypeError(
        f"Promise() expected a function (resolve, reject), got {short(got)}: write Promise.resolve(value) for a value"
    )


def coroutine_executor() -> TypeError:
    """Say that an executor has to be a plain function."""
    return TypeError(
        "Promise() expected a function (resolve, reject), got a coroutine function: write Promise.resolve(coroutine())"
    )


def expected_start(got: object) -> TypeError:
    """Say what `create` takes."""
    return TypeError(
        f"Promise.create() expected a function that takes resolvers, got {short(got)}: "
        "write Promise.create(lambda d: start(callback=d.resolve))"
    )


def coroutine_start() -> TypeError:
    """Say that what starts the work has to be a plain function."""
    return TypeError(
        "Promise.create() expected a plain function, got a coroutine function: write Promise.resolve(coroutine())"
    )


def expected_catch_arguments(got: tuple[object, ...]) -> TypeError:
    """Say what `catch` takes."""
    shown = ", ".join(map(short, got))
    return TypeError(
        f"Promise.catch() expected a function, or exception types and a function, got catch({shown}): "
        "write catch(handler) or catch(ValueError, handler)"
    )


def expected_host(got: object) -> TypeError:
    """Say that a host needs a way to be posted to."""
    return TypeError(
        f"set_host() expected an object with a method post(drain), got {short(got)}: write set_host(mainloop), where "
        "mainloop.post(drain) has the loop call drain() soon"
    )


def expected_hook(got: object) -> TypeError:
    """Say that a hook is not callable."""
    return TypeError(
        f"set_report_hook() expected a function or None, got {short(got)}: write set_report_hook(reports.append)"
    )


def expected_style(caller: str, styles: Iterable[str], got: object) -> TypeError:
    """Say which styles there are."""
    return TypeError(
        f"{caller}() expected style to be a function, a Convention or one of {', '.join(styles)}, got {short(got)}: "
        'write style="error_first", or a function of the callback\'s arguments that returns the value or raises'
    )


def expected_function(caller: str, name: str, got: object) -> TypeError:
    """Say that one of the functions that a convention is made of is not callable."""
    return TypeError(
        f"{caller}() expected {name} to be a function, got {short(got)}: pass the function, do not call it"
    )


def expected_name(caller: str, got: object) -> TypeError:
    """Say that a style goes by the name of the function, and that there is none."""
    return TypeError(
        f"{caller}() expected a function with a name, such as load_async, got {short(got)}: write "
        'style=lambda source, result: source.load_finish(result) in place of "async_finish"'
    )


def expected_place(caller: str, got: object) -> TypeError:
    """Say where callbacks can go."""
    return TypeError(
        f"{caller}() expected a place for the callback, got {short(got)}: write -1 (last), 0 (first) or another index, "
        '"name" (a keyword), ".name" (an attribute of the object) or "().name" (a method of what the call returns)'
    )


def same_place(caller: str, callback: object, errback: object) -> TypeError:
    """Say that two callbacks cannot be one argument."""
    return TypeError(
        f"{caller}() expected two different places, got callback={callback!r} and errback={errback!r}: "
        'write style="error_first" or style="error_last" for one callback that gets both'
    )


def no_such_parameter(caller: str, name: str, known: list[str]) -> TypeError:
    """Say that a function has no such keyword."""
    return TypeError(
        f"{caller}() expected the name of a parameter for the callback, got {name!r}, but the function takes "
        f"({', '.join(known)}): write one of these"
    )


def no_callback_parameter(caller: str, known: list[str]) -> TypeError:
    """Say that a function has no room for callbacks."""
    return TypeError(
        f"{caller}() expected a function that takes callbacks, got one that takes ({', '.join(known)}): "
        "write callback= if the callback goes elsewhere, or Promise.resolve(fn(...)) if fn returns a future"
    )


def no_owner(place: str) -> TypeError:
    """Say that there is no object that could have the attribute."""
    return TypeError(
        f"promisify() expected a method, so that {place!r} is an attribute of its object, got a plain function called "
        "without arguments: write promisify(obj.method, ...), or set the attribute yourself with Promise.create"
    )


def expected_methods(fn: object, methods: object) -> TypeError:
    """Say how the methods of a class are named."""
    return TypeError(
        f"promisify() expected a class and the names of its methods, got {short(fn)} and methods={short(methods)}: "
        'write promisify(Client, methods=["get", "put"])'
    )


def expected_executor_object(got: object) -> TypeError:
    """Say that an executor needs `submit`."""
    return TypeError(
        f"submit() expected an executor with a method submit(fn, *args), got {short(got)}: "
        "write submit(ThreadPoolExecutor(), fn, *args)"
    )


def expected_type(place: str, got: object) -> TypeError:
    """Say that something is no class."""
    return TypeError(f"{place} expected a class, got {short(got)}: write register_adoptable(type(value), watch)")


def never_adopted(got: type) -> TypeError:
    """Say that a class is registered to no effect."""
    return TypeError(f"register_adoptable() expected a foreign class, got {short(got)}: write a class of your own")


def expected_callback(number: int, index: int | None, name: str | None, got: object) -> TypeError:
    """Say that a callbackified function was called without its callback."""
    what = "a callback" if number == 0 else "a second callback, for failures,"
    where = f"as keyword {name!r}" if index is None and name is not None else "as its last argument"
    where = where if index is None else f"as argument {index}"
    return TypeError(f"expected {what} {where}, got {short(got)}: write fn(..., print) to see what it is called with")


def no_tell() -> TypeError:
    """Say that a convention of the user's cannot be read in the other direction."""
    return TypeError(
        "callbackify() expected a Convention that has tell=, got one without: write Convention(tell=function), where "
        "function(outcome) returns the callback's arguments for a Fulfilled or a Rejected"
    )


def expected_outcome(got: object) -> TypeError:
    """Say what a convention's outcome function returns."""
    return TypeError(f"a Convention's outcome function must return a tuple of values, got {short(got)}: write (value,)")


def expected_seconds(caller: str, got: object, *, optional: bool) -> TypeError:
    """Say that a timeout is a number of seconds."""
    if not optional:
        example = caller.rpartition(".")[2].replace("()", "(2.5)")
        return TypeError(f"{caller} expected a number of seconds, got {short(got)}: write {example}")
    return TypeError(f"{caller} expected a timeout in seconds or None, got {short(got)}: write timeout=2.5")


def expected_early(got: object) -> TypeError:
    """Say how many answers a table may keep."""
    return TypeError(
        f"Replies() expected early to be a number of answers, 0 or more, got {short(got)}: write early=100"
    )


def expected_drop_late(got: object) -> TypeError:
    """Say what a table may do with late answers."""
    return TypeError(f"Replies() expected drop_late to be True or False, got {short(got)}: write drop_late=True")


def expected_exception_types(got: object) -> TypeError:
    """Say that the filter of `catch` is no exception class."""
    return TypeError(
        "Promise.catch() expected an exception class or a tuple of them as its first of two arguments, "
        f"got {short(got)}: write catch(ValueError, handler) or catch((ValueError, OSError), handler)"
    )


def expected_reason(got: object) -> TypeError:
    """Say that a rejection needs an exception."""
    return TypeError(
        f"Promise.reject() expected an exception, got {short(got)}: write Promise.reject(ValueError('what went wrong'))"
    )


def expected_one_iterable(name: str, count: int) -> TypeError:
    """Say that a combinator takes one iterable."""
    return TypeError(f"Promise.{name}() expected one iterable, got {count} arguments: write Promise.{name}([p, q])")


def expected_iterable(name: str, got: object) -> TypeError:
    """Say that a combinator takes an iterable."""
    return TypeError(f"Promise.{name}() expected an iterable, got {short(got)}: write Promise.{name}([p, q])")


def expected_mapping(name: str, got: object) -> TypeError:
    """Say that a keyed combinator takes a mapping."""
    return TypeError(f"Promise.{name}() expected a mapping, got {short(got)}: write Promise.{name}({{'key': promise}})")


def expected_maxsize(got: object) -> TypeError:
    """Say what bounds a queue."""
    return TypeError(f"expected maxsize to be a number of events or None, got {short(got)}: write maxsize=1000")


def expected_sensible_maxsize(got: int, most: int) -> ValueError:
    """Say what a bound can be."""
    limit = "at least 1" if got < 1 else f"at most {most}"
    return ValueError(f"expected maxsize to be {limit}, got {short(got)}: write maxsize=None for no bound")


def expected_policy(policies: Iterable[str], got: object) -> ValueError:
    """Say what can be done with events that find no room."""
    return ValueError(
        f"stream() expected on_full to be one of {', '.join(policies)} or a pair of functions, got {short(got)}: "
        'write on_full="drop_oldest" or on_full=(pause, resume)'
    )


def not_a_boolean() -> TypeError:
    """Answer `if promise:`."""
    return TypeError("a promise has no truth value: await it, or compare promise.state == 'fulfilled'")


def not_iterable() -> TypeError:
    """Answer `for x in promise:`."""
    return TypeError("a promise is not iterable: await it, or iterate over promise.wait()")


def not_a_context_manager() -> TypeError:
    """Answer `with promise:`."""
    return TypeError("a promise is not a context manager: write with await promise, or with promise.wait()")


def not_an_async_context_manager() -> TypeError:
    """Answer `async with promise:`."""
    return TypeError(
        "a promise is not an asynchronous context manager: write async with await promise, "
        "or async with using(promise, release)"
    )


def not_copyable() -> TypeError:
    """Answer `copy.copy(promise)` and `pickle.dumps(promise)`."""
    return TypeError("a promise cannot be copied or pickled, it is bound to its home: await it and pass on the value")


def expected_limit(got: object) -> TypeError | ValueError:
    """Say how many promises may be pending at a time."""
    kind = ValueError if isinstance(got, int) and not isinstance(got, bool) else TypeError
    return kind(f"Promise.map() expected limit to be a number, 1 or more, or None, got {short(got)}: write limit=10")


def expected_items(got: object) -> TypeError:
    """Say what `Promise.map` goes through."""
    return TypeError(
        f"Promise.map() expected an iterable of items after the function, got {short(got)}: write "
        "Promise.map(fetch, [url, other_url])"
    )


def wait_in_loop() -> RuntimeError:
    """Refuse `wait` under a running loop."""
    return RuntimeError(
        "wait() would stop the event loop that is running in this thread: write await promise, or return the promise "
        "from the handler"
    )


def released(described: str) -> RuntimeError:
    """Refuse to give a resource to a user who comes after the last one has left."""
    return RuntimeError(
        f"using() expected a promise whose resource has not been released, got {described}, whose last user has left: "
        "make a new promise for a new resource, or enter before the others leave"
    )


def stream_needs_async_with() -> RuntimeError:
    """Refuse to block a running loop, or a host, until a coroutine has subscribed."""
    return RuntimeError(
        "with stream() would stop the loop that runs in this thread, since its subscribe has to be awaited: "
        "write async with stream(...)"
    )


def wait_under_host(host: object) -> RuntimeError:
    """Refuse `wait` on the thread of an installed host."""
    return RuntimeError(
        f"wait() would stop the host of this thread, {short(host)}: chain with then(), or pass pump= a function that "
        "lets the host handle its events"
    )


def coroutine_under_host(host: object) -> RuntimeError:
    """Refuse a coroutine on the thread of a host, where no asyncio loop runs."""
    return RuntimeError(
        f"a coroutine needs an asyncio loop, and none runs on the thread of the host {short(host)}: chain with then(), "
        "or run the coroutine with asyncio.run in another thread"
    )


MYPY = False  # like TYPE_CHECKING, but true for mypy only


class Refusals:
    """A mixin that refuses what only looks as if it worked with a promise, and says what to write instead."""

    __slots__ = ()

    if TYPE_CHECKING:
        if not MYPY:  # without this method it reports truthy-bool; with it, it only calls the rest unreachable

            def __bool__(self) -> Never: ...

    else:  # hidden from checkers, so that they report these uses as well

        def __bool__(self) -> bool:
            """Refuse: `if promise:` would always be true."""
            raise not_a_boolean()

        def __iter__(self) -> object:
            """Refuse: `for x in promise:` is meant for the value."""
            raise not_iterable()

        def __enter__(self) -> object:
            """Refuse: `with promise:` is meant for the value."""
            raise not_a_context_manager()

        def __exit__(self, *exc_info: object) -> None:
            """Never called."""

        def __aenter__(self) -> object:
            """Refuse: `async with promise:` is meant for the value."""
            raise not_an_async_context_manager()

        def __aexit__(self, *exc_info: object) -> None:
            """Never called."""

        def __reduce_ex__(self, protocol: object) -> object:
            """Refuse copies and pickles."""
            raise not_copyable()
