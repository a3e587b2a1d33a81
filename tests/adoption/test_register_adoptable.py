"""S8: classes that the user has registered are adopted, before all other rules."""

from __future__ import annotations

import abc
import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import pytest

from promisepy import BrokenPromise, Promise, Report, register_adoptable

from ..support import turn

Watch = Callable[[Any, Any, Any], object]


class Reply:
    """A library's own kind of future."""

    def __init__(self) -> None:
        self.on_answer: Callable[[Any], object] | None = None


class Special(Reply):
    pass


class Other:
    pass


def telling(text: str) -> Watch:
    """Make a function that resolves with a text and the value's class."""
    return lambda value, resolve, reject: resolve(f"{text} {type(value).__name__}")


def keep_resolve(reply: Reply, resolve: Any, reject: Any) -> None:
    reply.on_answer = resolve


def outcome(value: object) -> Any:
    return Promise.resolve(value).wait(timeout=20)


@pytest.fixture
def register() -> Iterator[Callable[[type, Watch | None], Watch | None]]:
    """Give `register_adoptable`, whose effects end with the test."""
    kinds: set[type] = set()

    def register(kind: type, watch: Watch | None) -> Watch | None:
        kinds.add(kind)
        return register_adoptable(kind, watch)

    yield register
    for kind in kinds:
        register_adoptable(kind, None)


class TestWhichClass:
    """The class itself and its subclasses, the nearest first."""

    def test_an_instance_is_adopted_wherever_a_promise_takes_a_value(self, register: Any) -> None:
        register(Reply, telling("adopted"))
        assert outcome(Reply()) == "adopted Reply"
        assert Promise.resolve().then(lambda _: Reply()).wait(timeout=20) == "adopted Reply"
        assert Promise(lambda resolve, reject: resolve(Reply())).wait(timeout=20) == "adopted Reply"
        assert Promise.all([Reply(), 1]).wait(timeout=20) == ["adopted Reply", 1]

    def test_one_that_is_not_registered_is_a_value(self, register: Any) -> None:
        register(Other, telling("adopted"))
        reply = Reply()
        assert outcome(reply) is reply

    def test_a_subclass_is_meant_as_well(self, register: Any) -> None:
        register(Reply, telling("adopted"))
        assert outcome(Special()) == "adopted Special"

    def test_the_nearest_base_class_counts_whichever_was_registered_first(self, register: Any) -> None:
        register(Special, telling("special"))
        register(Reply, telling("base"))
        assert outcome(Special()) == "special Special"
        assert outcome(Reply()) == "base Reply"

    def test_among_several_bases_the_method_resolution_order_decides(self, register: Any) -> None:
        register(Other, telling("other"))
        register(Reply, telling("reply"))
        assert outcome(type("First", (Reply, Other), {})()) == "reply First"
        assert outcome(type("Second", (Other, Reply), {})()) == "other Second"
        # Third, Special, Reply, Other: a base of a base comes before the next base.
        assert outcome(type("Third", (Special, Other), {})()) == "reply Third"

    def test_what_only_claims_to_be_an_instance_is_a_value(self, register: Any) -> None:
        class Abstract(abc.ABC):
            pass

        Abstract.register(Other)
        register(Abstract, telling("abstract"))
        register(Reply, telling("adopted"))
        for value in (Other(), Mock(spec=Reply), Reply):
            assert outcome(value) is value

    def test_it_comes_before_the_built_in_rules(self, register: Any) -> None:
        class Both(Reply):
            def then(self, on_fulfilled: Any, on_rejected: Any) -> None:
                raise AssertionError

            def add_done_callback(self, callback: Any) -> None:
                raise AssertionError

        register(Reply, telling("adopted"))
        assert outcome(Both()) == "adopted Both"

    def test_mocks_are_adopted_when_their_class_is_registered(self, register: Any) -> None:
        register(Mock, lambda mock, resolve, reject: resolve(mock.answer))
        assert outcome(Mock(answer=5)) == 5

    def test_a_subclass_of_a_builtin_class_is_adopted(self, register: Any) -> None:
        class Row(dict[str, int]):
            pass

        register(Row, lambda row, resolve, reject: resolve(sorted(row)))
        assert outcome(Row(b=1, a=2)) == ["a", "b"]

    def test_a_value_whose_class_has_no_hash_stays_a_value(self, register: Any) -> None:
        class Meta(type):
            def __eq__(cls, other: object) -> bool:
                return cls is other

            __hash__ = None  # type: ignore[assignment]

        class Unhashable(metaclass=Meta):
            pass

        register(Reply, telling("adopted"))
        value = Unhashable()
        assert outcome(value) is value

    @pytest.mark.parametrize("kind", [int, dict, type(None), Promise])
    def test_a_class_whose_instances_are_never_looked_up_is_refused(self, register: Any, kind: type) -> None:
        with pytest.raises(TypeError, match="register_adoptable"):
            register(kind, telling("adopted"))


class TestForgetting:
    """`None` forgets a class; each call gives what was there before."""

    def test_each_call_gives_the_previous_function(self, register: Any) -> None:
        first, second = telling("first"), telling("second")
        assert register(Reply, first) is None
        assert register(Reply, second) is first
        assert outcome(Reply()) == "second Reply"
        assert register(Reply, None) is second
        assert register(Reply, None) is None

    def test_a_forgotten_class_has_values_again(self, register: Any) -> None:
        register(Reply, telling("adopted"))
        register(Reply, None)
        reply = Reply()
        assert outcome(reply) is reply

    def test_a_forgotten_subclass_goes_by_its_base_again(self, register: Any) -> None:
        register(Reply, telling("base"))
        register(Special, telling("special"))
        register(Special, None)
        assert outcome(Special()) == "base Special"

    def test_a_class_that_has_no_function_of_its_own_is_not_previous_to_its_subclass(self, register: Any) -> None:
        register(Reply, telling("base"))
        assert register(Special, telling("special")) is None

    def test_a_refused_call_changes_nothing(self, register: Any) -> None:
        register(Reply, telling("adopted"))
        with pytest.raises(TypeError):
            register(Reply, "no function")
        assert outcome(Reply()) == "adopted Reply"

    def test_an_adoption_that_has_begun_goes_on(self, register: Any) -> None:
        register(Reply, telling("adopted"))
        promise: Promise[Any] = Promise.resolve(Reply())
        register(Reply, None)
        assert promise.wait(timeout=20) == "adopted Reply"


class TestWatch:
    """The function is called once, in a job of its own on the promise's home, and its first call counts."""

    def test_it_is_called_later_and_once(self, register: Any) -> None:
        calls: list[Any] = []
        register(Reply, lambda reply, resolve, reject: (calls.append(reply), resolve(1)))
        reply = Reply()
        promise: Promise[int] = Promise.resolve(reply)
        promise.then()
        assert calls == []
        assert promise.wait(timeout=20) == 1
        assert calls == [reply]

    def test_it_is_called_on_the_home_and_not_where_the_promise_is_resolved(self, register: Any) -> None:
        threads: list[int] = []
        register(Reply, lambda reply, resolve, reject: (threads.append(threading.get_ident()), resolve(1)))

        async def main() -> Any:
            promise, resolve, _ = Promise[Any].with_resolvers()
            await asyncio.to_thread(resolve, Reply())
            return await promise

        promise, resolve, _ = Promise[Any].with_resolvers()
        settler = threading.Thread(target=resolve, args=[Reply()])
        settler.start()
        assert promise.wait(timeout=20) == 1
        settler.join(20)
        assert asyncio.run(main()) == 1
        assert threads == [threading.get_ident()] * 2

    def test_the_answer_may_come_from_any_thread(self, register: Any) -> None:
        register(Reply, keep_resolve)
        reply = Reply()
        promise: Promise[int] = Promise.resolve(reply)
        turn(1)
        assert reply.on_answer is not None
        library = threading.Thread(target=reply.on_answer, args=[7])
        library.start()
        assert promise.wait(timeout=20) == 7
        library.join(20)

    def test_what_it_resolves_with_is_adopted_in_turn(self, register: Any) -> None:
        register(Reply, lambda reply, resolve, reject: resolve(Promise.resolve(Special())))
        register(Special, telling("adopted"))
        assert outcome(Reply()) == "adopted Special"

    def test_it_rejects_with_what_it_is_told_or_raises(self, register: Any) -> None:
        error = ValueError("reason")

        def fail(reply: Reply, resolve: Any, reject: Any) -> None:
            raise error

        for watch in (fail, lambda reply, resolve, reject: reject(error)):
            register(Reply, watch)
            with pytest.raises(ValueError, match="reason") as caught:
                outcome(Reply())
            assert caught.value is error

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # in debug mode
    def test_only_the_first_answer_counts(self, register: Any, reports: list[Report]) -> None:
        def answer(reply: Reply, resolve: Any, reject: Any) -> None:
            resolve("first")
            resolve("second")
            reject(ValueError("third"))
            raise ValueError("fourth")

        register(Reply, answer)
        assert outcome(Reply()) == "first"
        gc.collect()
        assert reports == []

    def test_a_library_that_forgets_it_breaks_the_promise(self, register: Any) -> None:
        register(Reply, keep_resolve)
        reply = Reply()
        promise: Promise[int] = Promise.resolve(reply)
        turn(1)
        assert promise.state == "pending"
        reply.on_answer = None
        with pytest.raises(BrokenPromise):
            promise.wait(timeout=20)
