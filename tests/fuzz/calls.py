"""Every public way into promisepy, as a function of three objects."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeAlias

from promisepy import (
    CallbackError,
    Convention,
    Emitter,
    Fulfilled,
    Promise,
    Rejected,
    Replies,
    Report,
    Resolvers,
    callbackify,
    debug,
    once,
    promisify,
    register_adoptable,
    set_host,
    set_report_hook,
    stream,
    submit,
    using,
)

from .hostile import Trap, pending

Call: TypeAlias = Callable[[Any, Any, Any], Any]


def library(*arguments: Any, **keywords: Any) -> Any:
    """Call back at once, whatever the place of the callback."""
    for argument in (*arguments, *keywords.values()):
        if type(argument).__name__ == "function":
            argument(1)


def target(value: Any, callback: Any = None, errback: Any = None) -> Any:
    return callback(value)


def kept(call: Callable[[Resolvers[Any]], object]) -> Promise[Any]:
    d = Promise[Any].with_resolvers()
    call(d)
    d.resolve(1)
    return d.promise


def consume(events: Any) -> None:
    events.close()


def holding(a: Any, b: Any) -> None:
    with using(a, b):
        pass


def wait(a: Any, b: Any) -> None:
    with suppress(TimeoutError):
        Promise.resolve(1).wait(a, b)
        Promise.resolve(1).then().wait(a)
        pending().wait(0 if b is None or callable(b) else a, b)


def emit(a: Any, b: Any, c: Any) -> None:
    sides: list[Emitter[Any]] = []
    events = stream(sides.append, maxsize=2, on_full=(a, b) if callable(a) and callable(b) else "drop_oldest")
    for _ in range(4):
        sides[0].emit(a, b, c)
    sides[0].emit(a)
    sides[0].emit(key=c)
    sides[0].fail(b)
    sides[0].close(c)
    events.close()


def fail_stream(a: Any, b: Any, c: Any) -> None:
    sides: list[Emitter[Any]] = []
    events = stream(sides.append, maxsize=None)
    sides[0].via(a if callable(a) else repr)(b, key=c)
    sides[0].fail(a, b)
    events.close()


def table_callbacks(a: Any, b: Any, c: Any) -> None:
    table = Replies[Any, Any](early=1)
    table.via(a if callable(a) else lambda *_: (a, b))(b, c)
    table.via(lambda *_: a)(b, key=c)
    table.via(lambda *_: (a, b))(a)
    table.reject_all(c)


def table(a: Any, b: Any, c: Any) -> Any:
    replies = Replies[Any, Any]()
    replies.resolve(a, b)
    a in replies, len(replies)
    replies.reject(a, c)
    return replies[a]


def resolvers(call: Callable[[Resolvers[Any]], object]) -> Promise[Any]:
    """Make a promise, and call what a library is given."""
    d = Promise[Any].with_resolvers()
    promise = d.promise
    call(d)
    return promise


def styled(a: Any, b: Any, c: Any, style: Any) -> Promise[Any]:
    """Have a promisified function's callback called with anything."""

    def start(callback: Any) -> None:
        callback(a, b, key=c)
        callback(a, b)
        callback(a)

    promise: Promise[Any] = promisify(start, style=style)()
    return promise


def register(a: Any, b: Any, c: Any) -> Any:
    register_adoptable(a, b)
    try:
        return Promise.resolve(a()) if isinstance(a, type) and issubclass(a, Exception) else Promise.resolve(c)
    finally:
        register_adoptable(a, None)


def switched(a: Any) -> Promise[Any]:
    debug.enable(strict=a)
    Promise.reject(Trap("strict"))
    return Promise.resolve(a)


def hosted(a: Any, b: Any) -> Promise[Any]:
    set_host(a)
    return Promise.resolve(b).then()


def hooked(a: Any, b: Any) -> Promise[Any]:
    set_report_hook(a)
    Promise.reject(Trap("unobserved"))
    kept(lambda d: d.on_cancel(b) or d.promise.cancel() if callable(b) else None)
    return Promise.resolve(b)


def inspected(a: Any, b: Any, c: Any) -> Any:
    promise = Promise.resolve(a)
    described = [repr(promise), promise.state, promise.outcome]
    promise.value, promise.reason, Fulfilled(a), Rejected(b), Report("broken", a, b, c)
    return described and promise


# What the caller's own mistake may answer with an error, at the call.
LOUD: dict[str, Call] = {
    "Promise": lambda a, b, c: Promise(a),
    "Promise(on_cancel)": lambda a, b, c: Promise(lambda resolve, reject: resolve(b), on_cancel=a),
    "Promise.then": lambda a, b, c: Promise.resolve(c).then(a, b),
    "Promise.then(rejected)": lambda a, b, c: Promise.reject(Trap("r")).then(a, b),
    "Promise.then(pending)": lambda a, b, c: pending().then(a, b),
    "Promise.catch": lambda a, b, c: Promise.reject(Trap("r")).catch(a),
    "Promise.catch(types)": lambda a, b, c: Promise.reject(Trap("r")).catch(a, b),
    "Promise.finally_": lambda a, b, c: Promise.resolve(b).finally_(a),
    "Promise.wait": lambda a, b, c: wait(a, b),
    "Promise.to_future": lambda a, b, c: Promise.resolve(a).to_future().add_done_callback(bool),
    "Promise.cancel": lambda a, b, c: pending().cancel(a),
    "Promise.shield": lambda a, b, c: Promise.resolve(a).shield(),
    "Promise.timeout": lambda a, b, c: Promise.resolve(b).timeout(a),
    "Promise.delay": lambda a, b, c: Promise.delay(a, b),
    "Promise.map": lambda a, b, c: Promise.map(a, b, limit=c),
    "Promise.map(items)": lambda a, b, c: Promise.map(lambda item: item, a, limit=3),
    "Promise.resolve": lambda a, b, c: Promise.resolve(a),
    "Promise.reject": lambda a, b, c: Promise.reject(a),
    "Promise.try_": lambda a, b, c: Promise.try_(a, b, key=c),
    "Promise.with_resolvers": lambda a, b, c: Promise.with_resolvers(keep_alive=a, on_cancel=b).promise.cancel(c),
    "Promise.create": lambda a, b, c: Promise.create(a, on_cancel=b),
    "Promise.all": lambda a, b, c: Promise.all(a),
    "Promise.all(inputs)": lambda a, b, c: Promise.all([a, b, c]),
    "Promise.all_settled": lambda a, b, c: Promise.all_settled(a),
    "Promise.all_settled(inputs)": lambda a, b, c: Promise.all_settled((a, b, c)),
    "Promise.any": lambda a, b, c: Promise.any(a, cancel_losers=b),
    "Promise.any(inputs)": lambda a, b, c: Promise.any([a, pending(), b], cancel_losers=c),
    "Promise.race": lambda a, b, c: Promise.race(a, cancel_losers=b),
    "Promise.race(inputs)": lambda a, b, c: Promise.race([a, pending(), b], cancel_losers=c),
    "Promise.all_keyed": lambda a, b, c: Promise.all_keyed(a),
    "Promise.all_keyed(inputs)": lambda a, b, c: Promise.all_keyed({"a": a, "b": b}),
    "Promise.all_settled_keyed": lambda a, b, c: Promise.all_settled_keyed(a),
    "Promise.state Promise.value Promise.reason Promise.outcome": inspected,
    "Resolvers.via": lambda a, b, c: kept(lambda d: d.via(a, b)(c)),
    "Resolvers.on_cancel": lambda a, b, c: kept(lambda d: d.on_cancel(a) or d.promise.cancel(b)),
    "promisify": lambda a, b, c: promisify(a)(b, c),
    "promisify(style)": lambda a, b, c: promisify(library, style=a)(b, c),
    "promisify(callback, errback)": lambda a, b, c: promisify(target, callback=a, errback=b)(c),
    "promisify(shape, check)": lambda a, b, c: promisify(library, shape=a, check=b)(c),
    "promisify(cancel, returns)": lambda a, b, c: promisify(library, cancel=a, returns=b)(c).cancel(),
    "promisify(pump, keep_alive)": lambda a, b, c: promisify(library, pump=a, keep_alive=b)(c),
    "promisify(methods)": lambda a, b, c: promisify(a, methods=b),
    "promisify(methods of a class)": lambda a, b, c: promisify(ThreadPoolExecutor, methods=a, style=b),
    "promisify(done_callback)": lambda a, b, c: promisify(lambda: a, style="done_callback", check=b)(),
    "promisify(then)": lambda a, b, c: promisify(lambda: a, style="then")(),
    "promisify(attribute)": lambda a, b, c: promisify(a, style="attribute")(b),
    "Convention": lambda a, b, c: promisify(library, style=Convention(outcome=a, failure=b, shape=c))(1),
    "Convention(tell)": lambda a, b, c: callbackify(lambda: b, style=Convention(tell=a))(c),
    "callbackify": lambda a, b, c: callbackify(a)(b, c),
    "callbackify(style)": lambda a, b, c: callbackify(lambda: b, style=a)(c),
    "callbackify(callback, errback)": lambda a, b, c: callbackify(lambda *_: 1, callback=a, errback=b)(c),
    "callbackify(value)": lambda a, b, c: callbackify(lambda: a, style="error_first")(b),
    "submit": lambda a, b, c: submit(a, b, c),
    "once": lambda a, b, c: once(a, b),
    "stream": lambda a, b, c: consume(stream(a, b)),
    "Stream(maxsize, on_full)": lambda a, b, c: consume(stream(lambda s: s.emit(1), maxsize=a, on_full=b)),
    "Stream.dropped": lambda a, b, c: consume(stream(a, maxsize=1, on_full="drop_newest")),
    "Emitter.via": lambda a, b, c: consume(stream(lambda s: s.via(a, b)(c))),
    "Replies": lambda a, b, c: Replies(timeout=a, early=b).reject_all(c),
    "Replies(timeout)": lambda a, b, c: Replies[Any, Any](timeout=a)["key"],
    "Replies.resolve Replies.reject": table,
    "Replies.via": lambda a, b, c: Replies[Any, Any]().via(a, b)(c),
    "using": lambda a, b, c: holding(a, b),
    "register_adoptable": register,
    "set_host": lambda a, b, c: hosted(a, b),
    "set_report_hook": lambda a, b, c: hooked(a, b),
    "debug": lambda a, b, c: switched(a),
    "CallbackError": lambda a, b, c: Promise.reject(CallbackError(a, (b,), {"key": c})),
}  # fmt: skip

# What libraries call: these never raise, whatever comes.
QUIET: dict[str, Call] = {
    "resolve": lambda a, b, c: resolvers(lambda d: d.resolve(a)),
    "resolve(three)": lambda a, b, c: resolvers(lambda d: d.resolve(a, b, key=c)),
    "reject": lambda a, b, c: resolvers(lambda d: d.reject(a)),
    "reject(three)": lambda a, b, c: resolvers(lambda d: d.reject(a, b, key=c)),
    "via": lambda a, b, c: resolvers(lambda d: d.via(a if callable(a) else len)(b, key=c)),
    "Resolvers.error_first": lambda a, b, c: resolvers(lambda d: d.error_first(a, b)),
    "Resolvers.error_last": lambda a, b, c: resolvers(lambda d: d.error_last(a, b)),
    "styles": lambda a, b, c: Promise.all_settled(
        [
            styled(a, b, c, style)
            for style in ("value", "error_first", "error_last", "status_first", "status_last", "future", "async_finish")
        ]
    ),
    "own style": lambda a, b, c: styled(a, b, c, b if callable(b) and not issubclass(type(b), str) else repr),
    "Emitter.emit Emitter.close": emit,
    "Emitter.fail": fail_stream,
    "Replies.reject_all": table_callbacks,
}
CALLS = LOUD | QUIET
