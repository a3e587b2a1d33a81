"""Wrong calls of `then`, `catch` and `finally_`, and wrong uses of what they give."""
# What follows from an error says nothing new.
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnusedExpression=false

from __future__ import annotations

from typing import Any

from promisepy import Promise

from samples import (
    Animal,
    Dog,
    Service,
    fetch,
    promised,
    recover,
    recover_two,
    recover_value_error,
    show,
    stop,
)


def takes_text(value: str) -> int:
    return len(value)


def takes_nothing() -> int:
    return 1


def takes_two(first: int, second: int) -> int:
    return first + second


def takes_keyword(*, value: int) -> int:
    return value


def recover_text(error: str) -> int:
    return len(error)


def feed(dog: Dog) -> str:
    return str(dog)


def not_a_function(p: Promise[int]) -> None:
    p.then(5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then("a")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(show(1))  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(fetch(1))  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(promised(1))  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(show, 5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(None, 5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(None, ValueError())  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then([show])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]


def wrong_parameters(p: Promise[int]) -> None:
    p.then(takes_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(takes_nothing)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(takes_two)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(takes_keyword)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(lambda: 1)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(lambda x, y: x)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(Service.show)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(show, recover_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(None, recover_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(show, recover_value_error)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(show, takes_nothing)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]


def wrong_bodies(p: Promise[int]) -> None:
    p.then(lambda x: x.upper())  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    p.then(lambda x: x + "a")  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    p.then(lambda x: takes_text(x))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    p.catch(lambda error: error.code)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def wrong_calls(p: Promise[int]) -> None:
    p.then(show, recover, print)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    p.then(on_fulfilled=show)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    p.then(on_rejected=recover)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Promise.then(show)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


def wrong_chains(p: Promise[int]) -> None:
    p.then(show).then(show)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(fetch).then(show)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(promised).then(lambda text: text + 1)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
    p.catch(recover).then(show)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(None).then(takes_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.finally_(takes_nothing).then(takes_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]


def subclasses_only(animal: Promise[Animal]) -> None:
    animal.then(feed)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]


def wrong_targets(p: Promise[int]) -> Promise[str]:
    text: Promise[str] = p.then(lambda x: x)  # type: ignore[arg-type, return-value]  # pyright: ignore[reportAssignmentType]
    same: Promise[int] = p.then(show)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    plain: int = p.then(lambda x: x)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    sure: Promise[int] = p.then(lambda x: x if x else None)  # type: ignore[arg-type, return-value]  # pyright: ignore[reportAssignmentType]
    either: Promise[int] = p.catch(recover)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    del text, same, plain, sure, either
    return p.then(promised).then(len)  # type: ignore[arg-type]  # pyright: ignore[reportReturnType]


def catch_without_a_handler(p: Promise[int]) -> None:
    p.catch()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    p.catch(5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(None)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(ValueError())  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(recover(ValueError()))  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(takes_nothing)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(recover_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(recover_value_error)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(on_rejected=recover)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def catch_with_wrong_types(p: Promise[int], loose: Any) -> None:
    p.catch("a", recover)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(5, recover)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(ValueError(), recover)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(int, recover)  # type: ignore[arg-type, type-var]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(recover, ValueError)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch([ValueError, OSError], recover)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch((ValueError, 3), recover)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch((ValueError, int), recover)  # type: ignore[arg-type, type-var]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(ValueError, OSError, recover)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    p.catch(ValueError, None)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(ValueError, 5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]


def catch_with_wrong_handlers(p: Promise[int]) -> None:
    p.catch(OSError, recover_value_error)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(Exception, recover_value_error)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(BaseException, recover)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch((ValueError, KeyError), recover_two)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch((ValueError, KeyError, OSError), recover_two)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch((ValueError,), recover_text)  # type: ignore[arg-type, type-var]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.catch(ValueError, lambda error: error.errno)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    p.catch(ValueError, lambda: 1)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType, reportCallIssue]


def finally_calls(p: Promise[int]) -> None:
    p.finally_()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    p.finally_(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    p.finally_(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    p.finally_(show)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    p.finally_(lambda value: None)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]
    p.finally_(fetch(1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    p.finally_(print, 1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    p.finally_(on_finally=print)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    p.finally_(takes_nothing).then(takes_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]


def after_no_return(p: Promise[int]) -> None:
    p.then(stop).then(show, 5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    p.then(stop).then(show).then(show)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]


def names_of_other_libraries(p: Promise[int]) -> None:
    p.done(print)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    p.finally_(print).get()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    p.catch_(recover)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    p.add_callback(print)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    p.done  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    p.chain(show)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
