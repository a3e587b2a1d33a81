"""The public class: mostly signatures and docstrings, with short code between them that calls the other files.

Each block of overloads is a region that editors fold. Where a comment says so, a block is generated, and a test checks
it against its rule. Their order makes five type checkers agree; docs/explanation/typing.md says why. States are in
`cell`, resolution is in `resolve`, combinators are in `combine`.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Generator, Iterable, Mapping
from concurrent.futures import Future
from contextvars import copy_context
from types import CoroutineType
from typing import Any, Generic, NamedTuple, Never, ParamSpec, TypeAlias, TypeVar, cast, overload

from .._core import errors, misuse
from .._core.cancel import cancel
from .._core.cell import FULFILLED, PENDING, REJECTED, UNSETTLED_ALONE
from .._core.claim import reject_by_user, resolving_functions, settle_by_raise
from .._core.handlers import Always, rejection_handler
from .._core.homes import current_home, current_thread_home
from .._core.jobs import Home, inline, run_inline
from .._core.loops import HOME, events
from .._core.misuse import Refusals
from .._core.outcomes import adapt, adapt_function, error_first, error_last, reader
from .._core.producers import Producer
from .._core.reports import creation_site, settings
from .._core.resolve import Resolution
from .._core.tasks import FutureSink, PromiseFuture, suspend
from .._core.types import NEVER_ADOPTED, Adoptable, Reject, Rejected, Resolve, Settled, State, public
from .combine import All, AllSettled, Any_, Race, combine, combine_keyed, outcome_of
from .map import Mapper, check_map
from .relay import Deadline, Delay, Restore, Shield
from .wait import Wake, check_seconds, check_wait

read_error_first = reader(error_first)
read_error_last = reader(error_last)

# region type variables
T = TypeVar("T")
U = TypeVar("U")
V = TypeVar("V")
K = TypeVar("K")
T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E", bound=BaseException)
E2 = TypeVar("E2", bound=BaseException)
E3 = TypeVar("E3", bound=BaseException)
P = ParamSpec("P")
R = TypeVar("R")
# Results that are certainly not adopted, or are Never or Any. These only help the type checkers' solvers: without them
# mypy would join `int | str` to `object` wherever it has to tell it apart from something adoptable.
Plain: TypeAlias = int | float | complex | str | bytes | bytearray | None
PlainU = TypeVar("PlainU", bound=Plain)
PlainV = TypeVar("PlainV", bound=Plain)
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
T5 = TypeVar("T5")
T6 = TypeVar("T6")
T7 = TypeVar("T7")
T8 = TypeVar("T8")
# endregion


@public
class Promise(Refusals, Resolution, Generic[T_co]):
    """A value that may come later, from any thread.

    Args:
        executor: called at once with two functions, `resolve` and `reject`. They may be called from any thread, with any
            arguments, any number of times; the first call wins. An exception that the executor raises rejects.

    Handlers run as jobs on the promise's home: the asyncio loop that runs where the promise is created, else that
    thread, while it is in `wait`. They never run inside `then`, `resolve` or `reject`.

    Raises:
        TypeError: the executor is not a function, or is a coroutine function.

    Example:
        >>> import threading
        >>> answer = Promise[int](lambda resolve, reject: threading.Timer(0.01, resolve, [42]).start())
        >>> answer.then(lambda value: value + 1).wait()
        43

    ECMA-262 27.2.3.1.
    """

    __slots__ = ()

    def __init__(
        self,
        executor: Callable[[Resolve[T_co], Reject], object],
        /,
        *,
        on_cancel: Callable[[], object] | None = None,
    ) -> None:
        if not callable(executor):
            raise misuse.expected_executor(executor)
        self._begin(current_home())
        if on_cancel is not None:
            self._leave(Producer(self._home, on_cancel))
        resolve, reject = resolving_functions(self)
        try:
            outcome = executor(resolve, reject)
        except BaseException as error:
            try:
                settle_by_raise(self, reject, error)
            finally:
                del self  # INV-RC
            return
        if type(outcome) is CoroutineType:
            outcome.close()
            raise misuse.coroutine_executor()

    # region signatures of then
    # fmt: off
    @overload
    def then(self, on_fulfilled: Callable[[T_co], PlainU], on_rejected: None = None, /) -> Promise[PlainU]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U]], on_rejected: None = None, /) -> Promise[U]: ...
    @overload
    def then(self, on_fulfilled: None, on_rejected: Callable[[Exception], PlainV], /) -> Promise[T_co | PlainV]: ...
    @overload
    def then(self, on_fulfilled: None, on_rejected: Callable[[Exception], Adoptable[V]], /) -> Promise[T_co | V]: ...
    @overload
    def then(self, on_fulfilled: None, on_rejected: Callable[[Exception], Adoptable[V] | PlainV], /) -> Promise[T_co | V | PlainV]: ...
    @overload
    def then(self, on_fulfilled: None, on_rejected: Callable[[Exception], Adoptable[V] | V], /) -> Promise[T_co | V]: ...
    # generated for then
    @overload
    def then(self, on_fulfilled: Callable[[T_co], PlainU], on_rejected: Callable[[Exception], PlainV], /) -> Promise[PlainU | PlainV]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], PlainU], on_rejected: Callable[[Exception], Adoptable[V]], /) -> Promise[PlainU | V]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], PlainU], on_rejected: Callable[[Exception], Adoptable[V] | PlainV], /) -> Promise[PlainU | V | PlainV]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], PlainU], on_rejected: Callable[[Exception], Adoptable[V] | V], /) -> Promise[PlainU | V]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U]], on_rejected: Callable[[Exception], PlainV], /) -> Promise[U | PlainV]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U]], on_rejected: Callable[[Exception], Adoptable[V]], /) -> Promise[U | V]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U]], on_rejected: Callable[[Exception], Adoptable[V] | PlainV], /) -> Promise[U | V | PlainV]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U]], on_rejected: Callable[[Exception], Adoptable[V] | V], /) -> Promise[U | V]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U] | PlainU], on_rejected: Callable[[Exception], PlainV], /) -> Promise[U | PlainU | PlainV]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U] | PlainU], on_rejected: Callable[[Exception], Adoptable[V]], /) -> Promise[U | PlainU | V]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U] | PlainU], on_rejected: Callable[[Exception], Adoptable[V] | PlainV], /) -> Promise[U | PlainU | V | PlainV]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U] | PlainU], on_rejected: Callable[[Exception], Adoptable[V] | V], /) -> Promise[U | PlainU | V]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U] | U], on_rejected: Callable[[Exception], PlainV], /) -> Promise[U | PlainV]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U] | U], on_rejected: Callable[[Exception], Adoptable[V]], /) -> Promise[U | V]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U] | U], on_rejected: Callable[[Exception], Adoptable[V] | PlainV], /) -> Promise[U | V | PlainV]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U] | U], on_rejected: Callable[[Exception], Adoptable[V] | V], /) -> Promise[U | V]: ...
    # end of generated
    @overload
    def then(self, on_fulfilled: None = None, on_rejected: None = None, /) -> Promise[T_co]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U] | PlainU], on_rejected: None = None, /) -> Promise[U | PlainU]: ...
    @overload
    def then(self, on_fulfilled: Callable[[T_co], Adoptable[U] | U], on_rejected: None = None, /) -> Promise[U]: ...
    # fmt: on
    # endregion
    def then(self, on_fulfilled: Any = None, on_rejected: Any = None, /) -> Promise[Any]:
        """Leave handlers for the outcome, and get a promise for what they make of it.

        Args:
            on_fulfilled: called with the value. None passes the value on.
            on_rejected: called with the reason if that is an `Exception`. None passes the reason on.

        Returns:
            A new promise. A handler that returns fulfils it, or has it take on the outcome of the promise, awaitable,
            future or thenable that it returned; a handler that raises rejects it.

        Raises:
            TypeError: a handler is neither a function nor None.

        The handler runs later, on the promise's home, in the context (`contextvars`) of this call.

        Example:
            >>> Promise.resolve(20).then(lambda value: value * 2).wait()
            40

        ECMA-262 27.2.5.4.
        """
        if on_fulfilled is not None and not callable(on_fulfilled):
            raise misuse.expected_callable("Promise.then()", on_fulfilled)
        if on_rejected is not None and not callable(on_rejected):
            raise misuse.expected_callable("Promise.then()", on_rejected)
        child: Promise[Any] = _new(Promise)
        home = self._home
        child._home = home  # in place: Cell._begin
        child._state = PENDING
        child._reactions = [*UNSETTLED_ALONE]
        child._source = self
        if settings.sites:
            child._site = creation_site()
        child._on_fulfilled = on_fulfilled
        child._on_rejected = on_rejected
        child._context = copy_context()
        if home.seeks_loop and events._get_running_loop() is not None:
            home.look()
        reactions = self._reactions
        if reactions is None:
            self._subscribe(child)
        else:
            reactions.append(child)  # as `_subscribe` would, but for crowds: handlers seldom leave
            if self._state is not PENDING:
                self._help(reactions)
        return child

    # region signatures of catch
    # fmt: off
    # generated for catch
    @overload
    def catch(self, on_rejected: Callable[[Exception], PlainV], /) -> Promise[T_co | PlainV]: ...
    @overload
    def catch(self, on_rejected: Callable[[Exception], Adoptable[V]], /) -> Promise[T_co | V]: ...
    @overload
    def catch(self, on_rejected: Callable[[Exception], Adoptable[V] | PlainV], /) -> Promise[T_co | V | PlainV]: ...
    @overload
    def catch(self, on_rejected: Callable[[Exception], Adoptable[V] | V], /) -> Promise[T_co | V]: ...
    @overload
    def catch(self, types: tuple[type[E], type[E2]], on_rejected: Callable[[E | E2], PlainV], /) -> Promise[T_co | PlainV]: ...
    @overload
    def catch(self, types: tuple[type[E], type[E2]], on_rejected: Callable[[E | E2], Adoptable[V]], /) -> Promise[T_co | V]: ...
    @overload
    def catch(self, types: tuple[type[E], type[E2]], on_rejected: Callable[[E | E2], Adoptable[V] | PlainV], /) -> Promise[T_co | V | PlainV]: ...
    @overload
    def catch(self, types: tuple[type[E], type[E2]], on_rejected: Callable[[E | E2], Adoptable[V] | V], /) -> Promise[T_co | V]: ...
    @overload
    def catch(self, types: tuple[type[E], type[E2], type[E3]], on_rejected: Callable[[E | E2 | E3], PlainV], /) -> Promise[T_co | PlainV]: ...
    @overload
    def catch(self, types: tuple[type[E], type[E2], type[E3]], on_rejected: Callable[[E | E2 | E3], Adoptable[V]], /) -> Promise[T_co | V]: ...
    @overload
    def catch(self, types: tuple[type[E], type[E2], type[E3]], on_rejected: Callable[[E | E2 | E3], Adoptable[V] | PlainV], /) -> Promise[T_co | V | PlainV]: ...
    @overload
    def catch(self, types: tuple[type[E], type[E2], type[E3]], on_rejected: Callable[[E | E2 | E3], Adoptable[V] | V], /) -> Promise[T_co | V]: ...
    @overload
    def catch(self, types: type[E] | tuple[type[E], ...], on_rejected: Callable[[E], PlainV], /) -> Promise[T_co | PlainV]: ...
    @overload
    def catch(self, types: type[E] | tuple[type[E], ...], on_rejected: Callable[[E], Adoptable[V]], /) -> Promise[T_co | V]: ...
    @overload
    def catch(self, types: type[E] | tuple[type[E], ...], on_rejected: Callable[[E], Adoptable[V] | PlainV], /) -> Promise[T_co | V | PlainV]: ...
    @overload
    def catch(self, types: type[E] | tuple[type[E], ...], on_rejected: Callable[[E], Adoptable[V] | V], /) -> Promise[T_co | V]: ...
    # end of generated
    # fmt: on
    # endregion
    def catch(self, *arguments: Any) -> Promise[Any]:
        """Leave a handler for rejections: `catch(handler)`, `catch(ValueError, handler)`, `catch((A, B), handler)`.

        Args:
            types: an exception class or a tuple of them; without it, `Exception`. Other reasons pass by.
            on_rejected: called with the reason.

        Returns:
            A new promise, as from `then`; a value passes on.

        Raises:
            TypeError: the handler is not a function, or `types` is no exception class.

        The handler runs as one of `then` does.

        Example:
            >>> Promise.reject(KeyError("name")).catch(LookupError, lambda error: "unknown").wait()
            'unknown'

        ECMA-262 27.2.5.1, with the filter of Python's `except`.
        """
        return self.then(None, rejection_handler(arguments))

    def finally_(self, on_finally: Callable[[], object], /) -> Promise[T_co]:
        """Leave a function for either outcome, which passes on unless the function fails.

        Args:
            on_finally: called without arguments. What it returns is awaited if it can be, and then forgotten.

        Returns:
            A new promise with the outcome of this one, or rejected with what `on_finally` raised or was rejected with.

        Raises:
            TypeError: `on_finally` is not a function.

        The function runs as a handler of `then` does.

        Example:
            >>> Promise.resolve(1).finally_(lambda: print("closed")).wait()
            closed
            1

        ECMA-262 27.2.5.3.
        """
        if not callable(on_finally):
            raise misuse.expected_callable("Promise.finally_()", on_finally, "a function")

        def restore_after(_outcome: object, /) -> Promise[Any]:
            source = Promise.resolve(on_finally())
            result = pending(self._home)
            source._subscribe(Restore(result, self, source))
            return result

        restored: Promise[Any] = self.then(restore_after, Always(BaseException, restore_after))
        return restored

    def __await__(self) -> Generator[Any, Any, T_co]:
        """Wait for the outcome in an asyncio task; a settled promise does not suspend.

        The task goes on in its own loop, as a job in order with the handlers there. Cancelling the task gives up the
        promise: it is cancelled as well if nothing else depends on it and its producer can be stopped, or if it is a
        combinator's, whose inputs are given up in turn, each for itself. Other waiters never notice.
        """
        try:
            if self._state is PENDING:
                yield suspend(self)
                if self._state is PENDING:  # another framework runs this coroutine, and has ignored what was yielded
                    raise errors.await_without_loop("an asyncio task")
            if self._state is REJECTED:
                self._observe()
                raise self._failure.fresh()
            return self._value  # type: ignore[no-any-return]  # not through a local: INV-RC
        finally:
            del self  # INV-RC: the reason's traceback will hold this frame

    def wait(self, timeout: float | None = None, pump: Callable[[], object] | None = None) -> T_co:
        """Block this thread until the promise is settled, and meanwhile run the handlers that have this thread as home.

        Args:
            timeout: give up after so many seconds; the promise is not touched.
            pump: called again and again, for libraries that deliver only when they are polled, such as
                `lambda: producer.poll(0.1)`.

        Returns:
            The value.

        Raises:
            TimeoutError: the promise is still pending after `timeout` seconds.
            DeadlockError: the promise cannot settle before this call returns.
            RuntimeError: an event loop is running in this thread.
            BaseException: the reason, if the promise was rejected; and whatever `pump` raises.

        Ctrl-C interrupts the wait. A handler may itself call `wait`.

        Example:
            >>> Promise.resolve("done").wait(timeout=5)
            'done'
        """
        seconds = check_wait(timeout, pump)
        home = current_thread_home()
        if not home.may_wait():
            raise misuse.wait_in_loop()
        if home.host is not None and pump is None:
            raise misuse.wait_under_host(home.host)
        wake = Wake(home, self)
        self._subscribe(wake)
        home.needs.append(wake.needs)
        try:
            if not home.run_until(wake.is_done, seconds, pump, wake.refuse_deadlock):
                # Jobs before that of `wake` may have taken all the time. What counts is the state, and not whose turn it
                # is. The description comes first: it must still be true when the error is raised.
                late = errors.timed_out(self._describe(), seconds or 0)
                if self._state is PENDING:
                    raise late
        finally:
            home.needs.remove(wake.needs)
            wake._detach()
        try:
            if self._state is REJECTED:
                raise self._failure.fresh()
            return self._value  # type: ignore[no-any-return]  # not through a local: INV-RC
        finally:
            del self, wake  # INV-RC: what was raised meanwhile leads to this frame

    def to_future(self) -> Future[T_co]:
        """Give a `concurrent.futures.Future` with the outcome, for code that expects one.

        Returns:
            A future that is done as soon as the promise is settled, whichever thread settles it; its callbacks run on
            that thread, as those of every such future. It is cancelled if the promise is, and cancelling it gives up the
            promise, as cancelling an awaiting task does. A future without callbacks that you let go of observes nothing.

        Example:
            >>> Promise.resolve(3).to_future().result(timeout=5)
            3
        """
        future = PromiseFuture()
        sink = FutureSink(future, self)
        self._subscribe(sink)
        if self._state is not PENDING:
            sink._run()  # whoever settles it may not have seen the sink
            run_inline()
        return future

    def cancel(self, reason: object = None) -> bool:
        """Give up the work: reject with `Cancelled`, and cancel what only this promise depended on.

        Args:
            reason: a `Cancelled`, or what it should hold; an exception becomes its cause.

        Returns:
            True if the promise was pending.

        The state changes at once; handlers run later and see `Cancelled` like any rejection. Then the promises on which
        this one depends are looked at, from the nearest up: one on which nothing else depends is cancelled as well. A
        producer is told through its `on_cancel`, as a job on its promise's home; a coroutine or future is cancelled.
        What they still deliver is ignored. Callbacks of `finally_` run in any case. May be called on any thread.

        Example:
            >>> promise, resolve, reject = Promise[int].with_resolvers(on_cancel=lambda: print("stopped"))
            >>> last = promise.then(str)
            >>> last.cancel()
            True
            >>> promise.state
            'rejected'
            >>> last.catch(Cancelled, lambda error: "given up").wait()
            stopped
            'given up'
        """
        is_cancelled = cancel(self, errors.cancellation(reason))
        if inline:
            run_inline()
        return is_cancelled

    def shield(self) -> Promise[T_co]:
        """Give a promise with this one's outcome whose cancellation does not reach this one.

        Returns:
            A new promise. It depends on this one, so that others cannot cancel this one as long as it is pending. When
            it is cancelled, or given up by the only task that awaits it, it lets go of this one.

        Example:
            >>> promise, resolve, reject = Promise[int].with_resolvers()
            >>> promise.shield().cancel()
            True
            >>> promise.state
            'pending'
        """
        result: Promise[T_co] = pending(self._home)
        Shield(result, self)
        return result

    def timeout(self, seconds: float, /) -> Promise[T_co]:
        """Give a promise with this one's outcome, or one rejected with `TimeoutError` if that does not come in time.

        Args:
            seconds: on the clock of the promise's home: that of its loop, of `wait` in a script, or of a host.

        Returns:
            A new promise.

        Raises:
            TypeError: `seconds` is no number.

        When the time is up this promise is given up, as by an awaiting task that is cancelled: it is cancelled if
        nothing else depends on it and its producer can be stopped. If not, it goes on; its rejection is not reported.

        Example:
            >>> Promise.delay(60).timeout(0.01).catch(TimeoutError, lambda error: "late").wait()
            'late'
        """
        limit = check_seconds("Promise.timeout()", seconds, optional=False)
        result: Promise[T_co] = pending(self._home)
        Deadline(result, self, limit)
        return result

    @overload
    @classmethod
    def delay(cls, seconds: float, /) -> Promise[None]: ...
    @overload
    @classmethod
    def delay(cls, seconds: float, value: Adoptable[U], /) -> Promise[U]: ...
    @overload
    @classmethod
    def delay(cls, seconds: float, value: U, /) -> Promise[U]: ...
    @classmethod
    def delay(cls, seconds: float, value: Any = None, /) -> Promise[Any]:
        """Give a promise that is resolved after so many seconds, on the clock of its home.

        Args:
            seconds: a script's time passes only in `wait`.
            value: as for `resolve`.

        Returns:
            A promise; cancelling it stops the clock.

        Raises:
            TypeError: `seconds` is no number.

        Example:
            >>> Promise.delay(0.01, "now").wait()
            'now'
        """
        time = check_seconds("Promise.delay()", seconds, optional=False)
        promise = pending()
        Delay(promise, time, value)
        return promise

    @overload
    @classmethod
    def map(
        cls, fn: Callable[[V], Adoptable[U]], items: Iterable[V] | AsyncIterable[V], /, *, limit: int | None = None
    ) -> Promise[list[U]]: ...
    @overload
    @classmethod
    def map(
        cls, fn: Callable[[V], Adoptable[U] | U], items: Iterable[V] | AsyncIterable[V], /, *, limit: int | None = None
    ) -> Promise[list[U]]: ...
    @classmethod
    def map(cls, fn: Any, items: Any, /, *, limit: int | None = None) -> Promise[list[Any]]:
        """Call a function for each item, at most `limit` at a time, and give the promise for all results, in order.

        Args:
            fn: called with an item; returns a value or something adoptable.
            items: an iterable or an asynchronous one. An item is pulled when there is room for it, not before.
            limit: how many of the promises that `fn` returns may be pending at the same time; None means any number.

        Returns:
            A promise for the list of values. On the first failure, of `fn`, of one of its promises or of `items`, it is
            rejected; then nothing more is pulled, and the promises that `fn` has made are cancelled.

        Raises:
            TypeError: an argument is of the wrong kind.
            ValueError: `limit` is not positive.

        `fn` and the iterator run as jobs of the result's home.

        Example:
            >>> Promise.map(lambda number: Promise.delay(0.01, number * number), range(4), limit=2).wait()
            [0, 1, 4, 9]
        """
        checked = check_map(fn, items, limit)
        result = pending()
        Mapper(result, fn, checked, limit, Promise.resolve)
        return result

    @property
    def state(self) -> State:
        """`"pending"`, `"fulfilled"` or `"rejected"`."""
        return self._state

    @property
    def value(self) -> T_co | None:
        """The value, or None unless the promise is fulfilled; `outcome` tells a value of None apart."""
        value: Any = self._value if self._state is FULFILLED else None
        return value  # type: ignore[no-any-return]  # a fulfilled promise of T holds a T

    @property
    def reason(self) -> BaseException | None:
        """The reason, or None unless the promise is rejected. Reading it counts as handling the rejection."""
        outcome = self.outcome
        return outcome.reason if isinstance(outcome, Rejected) else None

    @property
    def outcome(self) -> Settled[T_co] | None:
        """`Fulfilled(value)`, `Rejected(reason)` or None; reading a rejection counts as handling it.

        Example:
            >>> match Promise.resolve(5).outcome:
            ...     case Fulfilled(value):
            ...         print("value", value)
            ...     case Rejected(reason):
            ...         print("failed", reason)
            ...     case None:
            ...         print("pending")
            value 5
        """
        if self._state is PENDING:
            return None
        if self._state is REJECTED:
            self._observe()
        return outcome_of(self)

    def __repr__(self) -> str:
        """Tell state, value or reason and, in debug mode, the line that created the promise."""
        return self._describe()

    # region signatures of resolve
    # fmt: off
    @overload
    @classmethod
    def resolve(cls, /) -> Promise[None]: ...
    @overload
    @classmethod
    def resolve(cls, value: PlainU, /) -> Promise[PlainU]: ...
    @overload
    @classmethod
    def resolve(cls, value: Adoptable[U], /) -> Promise[U]: ...
    @overload
    @classmethod
    def resolve(cls, value: Adoptable[U] | U, /) -> Promise[U]: ...
    # fmt: on
    # endregion
    @classmethod
    def resolve(cls, value: object = None, /) -> Promise[Any]:
        """Give a promise for a value.

        Args:
            value: returned as it is if it is a promise; an awaitable, a future or a thenable is adopted: its outcome
                becomes the promise's. Anything else is the value.

        Returns:
            A promise whose home is the current one, unless `value` is a promise.

        Example:
            >>> Promise.resolve(7)
            <Promise fulfilled: 7>

        ECMA-262 27.2.4.7.
        """
        kind = type(value)
        if type(kind) is type and kind in NEVER_ADOPTED:  # in place: is_plain
            promise: Promise[Any] = _new(Promise)
            home = getattr(events._get_running_loop(), HOME, None) or current_home()  # in place: home_here
            promise._begin_fulfilled(home, value)
            return promise
        if issubclass(kind, Promise):  # as `is_a` would
            return cast("Promise[Any]", value)
        promise = pending()
        try:
            promise._resolve(value)
            return promise
        finally:
            del promise, value  # INV-RC

    @classmethod
    def reject(cls, reason: BaseException | type[BaseException], /) -> Promise[Never]:
        """Give a promise that is rejected.

        Args:
            reason: an exception, or an exception class, which is instantiated.

        Returns:
            A rejected promise.

        Raises:
            TypeError: `reason` is no exception.

        Example:
            >>> Promise.reject(ValueError("bad")).catch(str).wait()
            'bad'

        ECMA-262 27.2.4.6.
        """
        promise = pending()
        reject_by_user(promise, reason)
        try:
            return promise
        finally:
            del promise  # INV-RC

    # region signatures of try_
    # fmt: off
    @overload
    @classmethod
    def try_(cls, function: Callable[P, PlainU], /, *args: P.args, **kwargs: P.kwargs) -> Promise[PlainU]: ...
    @overload
    @classmethod
    def try_(cls, function: Callable[P, Adoptable[U]], /, *args: P.args, **kwargs: P.kwargs) -> Promise[U]: ...
    @overload
    @classmethod
    def try_(cls, function: Callable[P, Adoptable[U] | PlainU], /, *args: P.args, **kwargs: P.kwargs) -> Promise[U | PlainU]: ...
    @overload
    @classmethod
    def try_(cls, function: Callable[P, Adoptable[U] | U], /, *args: P.args, **kwargs: P.kwargs) -> Promise[U]: ...
    # fmt: on
    # endregion
    @classmethod
    def try_(cls, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Promise[Any]:
        """Call a function now, and give a promise for what it returns or raises.

        Args:
            function: called with the other arguments, on this thread, before `try_` returns.

        Returns:
            A promise for what the function returned, adopted if it can be, or rejected with what it raised.

        Raises:
            TypeError: `function` is not callable.

        Example:
            >>> Promise.try_(int, "12").wait()
            12

        ECMA-262 27.2.4.8.
        """
        if not callable(function):
            raise misuse.expected_callable("Promise.try_()", function, "a function")
        promise = pending()
        try:
            value = function(*args, **kwargs)
            promise._resolve(value)
            return promise
        except BaseException as error:
            promise._fail(error)
            return promise
        finally:
            del promise  # INV-RC

    @classmethod
    def with_resolvers(
        cls: type[Promise[U]], *, keep_alive: bool = False, on_cancel: Callable[[], object] | None = None
    ) -> Resolvers[U]:
        """Give a pending promise together with the two functions that settle it.

        Args:
            on_cancel: called without arguments, on the promise's home, if the promise is cancelled while it is pending.
            keep_alive: the promise itself keeps the functions alive, for libraries that hold callbacks only weakly.
                Without it, a promise whose functions have all been dropped is rejected with `BrokenPromise` at once.

        Returns:
            A named tuple `(promise, resolve, reject)`.

        Raises:
            TypeError: `on_cancel` is not a function.

        Example:
            >>> promise, resolve, reject = Promise[int].with_resolvers()
            >>> resolve(5)
            >>> promise.wait()
            5

        ECMA-262 27.2.4.9.
        """
        promise: Promise[Any] = _new(Promise)
        # in place: Cell._begin, home_here
        promise._home = getattr(events._get_running_loop(), HOME, None) or current_home()
        promise._state = PENDING
        promise._reactions = [*UNSETTLED_ALONE]
        promise._source = None
        if settings.sites:
            promise._site = creation_site()
        resolve, reject = resolving_functions(promise)
        if keep_alive or on_cancel is not None:
            producer = Producer(promise._home, on_cancel)
            promise._leave(producer)
            if keep_alive:
                producer.kept = [resolve, reject]
        # Half the cost of Resolvers(...), whose __new__ is a Python function.
        return _new_tuple(Resolvers, (promise, resolve, reject))

    @classmethod
    def create(
        cls: type[Promise[U]],
        start: Callable[[Resolvers[U]], object],
        /,
        *,
        keep_alive: bool = False,
        on_cancel: Callable[[], object] | None = None,
    ) -> Promise[U]:
        """Start something that calls back, and give the promise for its outcome.

        Args:
            start: called at once with the `Resolvers` of the new promise, whose functions it hands to the library. An
                exception that it raises rejects. What it returns is ignored.
            keep_alive: as for `with_resolvers`.
            on_cancel: as for `with_resolvers`; `d.on_cancel(abort)` is for what only the start makes known.

        Returns:
            The promise.

        Raises:
            TypeError: `start` is not a function, or is a coroutine function.

        Example:
            >>> import threading
            >>> Promise[str].create(lambda d: threading.Timer(0.01, d.via(lambda: "rang")).start()).wait()
            'rang'
        """
        if not callable(start):
            raise misuse.expected_start(start)
        resolvers: Resolvers[Any] = cls.with_resolvers(keep_alive=keep_alive, on_cancel=on_cancel)
        promise = resolvers.promise
        try:
            outcome = start(resolvers)
        except BaseException as error:
            try:
                settle_by_raise(promise, resolvers.reject, error)
            finally:
                del resolvers  # INV-RC
            return promise
        if type(outcome) is CoroutineType:
            outcome.close()
            raise misuse.coroutine_start()
        return promise

    # region signatures of all
    # fmt: off
    # generated for all
    @overload
    @classmethod
    def all(cls, promises: tuple[Adoptable[T1]], /) -> Promise[tuple[T1]]: ...  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]  # a tuple is an iterable, too
    @overload
    @classmethod
    def all(cls, promises: tuple[Adoptable[T1], Adoptable[T2]], /) -> Promise[tuple[T1, T2]]: ...  # type: ignore[overload-overlap]  # a tuple is an iterable, too
    @overload
    @classmethod
    def all(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3]], /) -> Promise[tuple[T1, T2, T3]]: ...  # type: ignore[overload-overlap]  # a tuple is an iterable, too
    @overload
    @classmethod
    def all(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4]], /) -> Promise[tuple[T1, T2, T3, T4]]: ...  # type: ignore[overload-overlap]  # a tuple is an iterable, too
    @overload
    @classmethod
    def all(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5]], /) -> Promise[tuple[T1, T2, T3, T4, T5]]: ...  # type: ignore[overload-overlap]  # a tuple is an iterable, too
    @overload
    @classmethod
    def all(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5], Adoptable[T6]], /) -> Promise[tuple[T1, T2, T3, T4, T5, T6]]: ...  # type: ignore[overload-overlap]  # a tuple is an iterable, too
    @overload
    @classmethod
    def all(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5], Adoptable[T6], Adoptable[T7]], /) -> Promise[tuple[T1, T2, T3, T4, T5, T6, T7]]: ...  # type: ignore[overload-overlap]  # a tuple is an iterable, too
    @overload
    @classmethod
    def all(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5], Adoptable[T6], Adoptable[T7], Adoptable[T8]], /) -> Promise[tuple[T1, T2, T3, T4, T5, T6, T7, T8]]: ...  # type: ignore[overload-overlap]  # a tuple is an iterable, too
    # end of generated
    @overload
    @classmethod
    def all(cls, promises: Iterable[Adoptable[T]], /) -> Promise[list[T]]: ...
    # fmt: on
    # endregion
    @classmethod
    def all(cls, *promises: Any) -> Promise[Any]:
        """Wait for every value.

        Args:
            promises: an iterable of promises, awaitables, futures, thenables or plain values; read lazily.

        Returns:
            A promise for a tuple if a tuple was given, else for a list, in the order of the inputs; rejected with the
            first rejection. Later rejections count as handled; the other inputs are not cancelled.

        Example:
            >>> Promise.all((Promise.resolve(1), Promise.resolve("a"))).wait()
            (1, 'a')

        ECMA-262 27.2.4.1.
        """
        return combine(All, pending(), promises, Promise.resolve)

    # region signatures of all_settled
    # fmt: off
    # generated for all_settled
    @overload
    @classmethod
    def all_settled(cls, promises: tuple[Adoptable[T1]], /) -> Promise[tuple[Settled[T1]]]: ...  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]  # a tuple is an iterable, too
    @overload
    @classmethod
    def all_settled(cls, promises: tuple[Adoptable[T1], Adoptable[T2]], /) -> Promise[tuple[Settled[T1], Settled[T2]]]: ...  # type: ignore[overload-overlap]  # a tuple is an iterable, too
    @overload
    @classmethod
    def all_settled(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3]], /) -> Promise[tuple[Settled[T1], Settled[T2], Settled[T3]]]: ...  # type: ignore[overload-overlap]  # a tuple is an iterable, too
    @overload
    @classmethod
    def all_settled(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4]], /) -> Promise[tuple[Settled[T1], Settled[T2], Settled[T3], Settled[T4]]]: ...  # type: ignore[overload-overlap]  # a tuple is an iterable, too
    @overload
    @classmethod
    def all_settled(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5]], /) -> Promise[tuple[Settled[T1], Settled[T2], Settled[T3], Settled[T4], Settled[T5]]]: ...  # type: ignore[overload-overlap]  # a tuple is an iterable, too
    @overload
    @classmethod
    def all_settled(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5], Adoptable[T6]], /) -> Promise[tuple[Settled[T1], Settled[T2], Settled[T3], Settled[T4], Settled[T5], Settled[T6]]]: ...  # type: ignore[overload-overlap]  # a tuple is an iterable, too
    @overload
    @classmethod
    def all_settled(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5], Adoptable[T6], Adoptable[T7]], /) -> Promise[tuple[Settled[T1], Settled[T2], Settled[T3], Settled[T4], Settled[T5], Settled[T6], Settled[T7]]]: ...  # type: ignore[overload-overlap]  # a tuple is an iterable, too
    @overload
    @classmethod
    def all_settled(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5], Adoptable[T6], Adoptable[T7], Adoptable[T8]], /) -> Promise[tuple[Settled[T1], Settled[T2], Settled[T3], Settled[T4], Settled[T5], Settled[T6], Settled[T7], Settled[T8]]]: ...  # type: ignore[overload-overlap]  # a tuple is an iterable, too
    # end of generated
    @overload
    @classmethod
    def all_settled(cls, promises: Iterable[Adoptable[T]], /) -> Promise[list[Settled[T]]]: ...
    # fmt: on
    # endregion
    @classmethod
    def all_settled(cls, *promises: Any) -> Promise[Any]:
        """Wait for every outcome; never rejects because of an input.

        Args:
            promises: as for `all`.

        Returns:
            A promise for a tuple if a tuple was given, else for a list, of `Fulfilled` and `Rejected`.

        Example:
            >>> Promise.all_settled([Promise.resolve(1), Promise.reject(ValueError("no"))]).wait()
            [Fulfilled(value=1), Rejected(reason=ValueError('no'))]

        ECMA-262 27.2.4.2.
        """
        return combine(AllSettled, pending(), promises, Promise.resolve)

    # region signatures of any
    # fmt: off
    # generated for any
    @overload
    @classmethod
    def any(cls, promises: tuple[Adoptable[T1]], /, *, cancel_losers: bool = False) -> Promise[T1]: ...
    @overload
    @classmethod
    def any(cls, promises: tuple[Adoptable[T1], Adoptable[T2]], /, *, cancel_losers: bool = False) -> Promise[T1 | T2]: ...
    @overload
    @classmethod
    def any(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3]], /, *, cancel_losers: bool = False) -> Promise[T1 | T2 | T3]: ...
    @overload
    @classmethod
    def any(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4]], /, *, cancel_losers: bool = False) -> Promise[T1 | T2 | T3 | T4]: ...
    @overload
    @classmethod
    def any(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5]], /, *, cancel_losers: bool = False) -> Promise[T1 | T2 | T3 | T4 | T5]: ...
    @overload
    @classmethod
    def any(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5], Adoptable[T6]], /, *, cancel_losers: bool = False) -> Promise[T1 | T2 | T3 | T4 | T5 | T6]: ...
    @overload
    @classmethod
    def any(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5], Adoptable[T6], Adoptable[T7]], /, *, cancel_losers: bool = False) -> Promise[T1 | T2 | T3 | T4 | T5 | T6 | T7]: ...
    @overload
    @classmethod
    def any(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5], Adoptable[T6], Adoptable[T7], Adoptable[T8]], /, *, cancel_losers: bool = False) -> Promise[T1 | T2 | T3 | T4 | T5 | T6 | T7 | T8]: ...
    # end of generated
    @overload
    @classmethod
    def any(cls, promises: Iterable[Adoptable[T]], /, *, cancel_losers: bool = False) -> Promise[T]: ...
    # fmt: on
    # endregion
    @classmethod
    def any(cls, *promises: Any, cancel_losers: bool = False) -> Promise[Any]:
        """Wait for the first value.

        Args:
            promises: as for `all`.
            cancel_losers: cancel the inputs that are still pending then, unless something else depends on them.

        Returns:
            A promise for the first value; if there is none, rejected with an `ExceptionGroup` of all reasons, in the
            order of the inputs.

        Example:
            >>> Promise.any([Promise.reject(ValueError()), Promise.resolve(2)]).wait()
            2

        ECMA-262 27.2.4.3.
        """
        return combine(Any_, pending(), promises, Promise.resolve, cancels=cancel_losers)

    # region signatures of race
    # fmt: off
    # generated for race
    @overload
    @classmethod
    def race(cls, promises: tuple[Adoptable[T1]], /, *, cancel_losers: bool = False) -> Promise[T1]: ...
    @overload
    @classmethod
    def race(cls, promises: tuple[Adoptable[T1], Adoptable[T2]], /, *, cancel_losers: bool = False) -> Promise[T1 | T2]: ...
    @overload
    @classmethod
    def race(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3]], /, *, cancel_losers: bool = False) -> Promise[T1 | T2 | T3]: ...
    @overload
    @classmethod
    def race(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4]], /, *, cancel_losers: bool = False) -> Promise[T1 | T2 | T3 | T4]: ...
    @overload
    @classmethod
    def race(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5]], /, *, cancel_losers: bool = False) -> Promise[T1 | T2 | T3 | T4 | T5]: ...
    @overload
    @classmethod
    def race(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5], Adoptable[T6]], /, *, cancel_losers: bool = False) -> Promise[T1 | T2 | T3 | T4 | T5 | T6]: ...
    @overload
    @classmethod
    def race(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5], Adoptable[T6], Adoptable[T7]], /, *, cancel_losers: bool = False) -> Promise[T1 | T2 | T3 | T4 | T5 | T6 | T7]: ...
    @overload
    @classmethod
    def race(cls, promises: tuple[Adoptable[T1], Adoptable[T2], Adoptable[T3], Adoptable[T4], Adoptable[T5], Adoptable[T6], Adoptable[T7], Adoptable[T8]], /, *, cancel_losers: bool = False) -> Promise[T1 | T2 | T3 | T4 | T5 | T6 | T7 | T8]: ...
    # end of generated
    @overload
    @classmethod
    def race(cls, promises: Iterable[Adoptable[T]], /, *, cancel_losers: bool = False) -> Promise[T]: ...
    # fmt: on
    # endregion
    @classmethod
    def race(cls, *promises: Any, cancel_losers: bool = False) -> Promise[Any]:
        """Take the first outcome, value or rejection.

        Args:
            promises: as for `all`.
            cancel_losers: as for `any`.

        Returns:
            A promise with the outcome of the input that settles first; of no inputs, one that stays pending. Nothing of
            it is left behind on the others.

        Example:
            >>> slow, resolve, reject = Promise[str].with_resolvers()
            >>> Promise.race([slow, Promise.resolve("first")]).wait()
            'first'

        ECMA-262 27.2.4.5.
        """
        return combine(Race, pending(), promises, Promise.resolve, cancels=cancel_losers)

    @classmethod
    def all_keyed(cls, promises: Mapping[K, Adoptable[T]], /) -> Promise[dict[K, T]]:
        """Wait for every value of a mapping.

        Args:
            promises: a mapping from keys to what `all` takes.

        Returns:
            A promise for a dict with the same keys in the same order, rejected like that of `all`.

        Raises:
            TypeError: `promises` is no mapping.

        Example:
            >>> Promise.all_keyed({"a": Promise.resolve(1), "b": Promise.resolve(2)}).wait()
            {'a': 1, 'b': 2}

        TC39 proposal "await dictionary", stage 2.7.
        """
        return combine_keyed(All, pending(), "all_keyed", promises, Promise.resolve)

    @classmethod
    def all_settled_keyed(cls, promises: Mapping[K, Adoptable[T]], /) -> Promise[dict[K, Settled[T]]]:
        """Wait for every outcome of a mapping.

        Args:
            promises: as for `all_keyed`.

        Returns:
            A promise for a dict of `Fulfilled` and `Rejected` with the same keys in the same order.

        Raises:
            TypeError: `promises` is no mapping.

        Example:
            >>> Promise.all_settled_keyed({"a": Promise.resolve(1)}).wait()
            {'a': Fulfilled(value=1)}

        TC39 proposal "await dictionary", stage 2.7.
        """
        return combine_keyed(AllSettled, pending(), "all_settled_keyed", promises, Promise.resolve)


@public
class Resolvers(NamedTuple, Generic[T]):
    """A pending promise and the functions that settle it; unpacks to `promise, resolve, reject`.

    Everything that it gives for handing to a library is a plain function that takes any arguments, never raises, may be
    called on any thread and any number of times (the first call wins), and returns None unless told otherwise.
    """

    promise: Promise[T]
    resolve: Resolve[T]
    reject: Reject

    # region signatures of via
    # fmt: off
    @overload
    def via(self, fn: Callable[P, Adoptable[T]], /) -> Callable[P, None]: ...
    @overload
    def via(self, fn: Callable[P, Adoptable[T] | T], /) -> Callable[P, None]: ...
    @overload
    def via(self, fn: Callable[P, Adoptable[T]], /, returns: R) -> Callable[P, R]: ...
    @overload
    def via(self, fn: Callable[P, Adoptable[T] | T], /, returns: R) -> Callable[P, R]: ...
    # fmt: on
    # endregion
    def via(self, fn: Any, /, returns: Any = None) -> Any:
        """Make a callback of a function: the promise is resolved with what it returns, rejected with what it raises.

        Args:
            fn: called with whatever the library passes, on the thread on which the library calls, in the context
                (`contextvars`) of this call.
            returns: what the callback returns to the library.

        Returns:
            A plain function that takes any arguments; to `inspect.signature` it shows the parameters of `fn`.

        Raises:
            TypeError: `fn` is not callable.

        Example:
            >>> def on_done(status, body):
            ...     if status != 200:
            ...         raise OSError(status)
            ...     return body
            >>> d = Promise[str].with_resolvers()
            >>> callback = d.via(on_done)
            >>> callback(200, "page")
            >>> d.promise.wait()
            'page'
        """
        if not callable(fn):
            raise misuse.expected_callable("via()", fn, "a function")
        return _kept(self.promise, adapt_function(fn, self.resolve, self.reject, returns))

    def on_cancel(self, abort: Callable[[], object], /) -> None:
        """Say how the work is stopped: called if the promise is cancelled while it is pending, or has been already.

        Args:
            abort: called once, without arguments, on the promise's home. What it raises is reported. It is never called
                once `resolve` or `reject` has been: then the work is done, also if the promise follows another one.

        Raises:
            TypeError: `abort` is not callable.

        Example:
            >>> import threading
            >>> def start(d):
            ...     timer = threading.Timer(60, d.resolve)
            ...     d.on_cancel(timer.cancel)
            ...     timer.start()
            >>> promise = Promise.create(start)
            >>> promise.cancel()
            True
        """
        self.promise._stop_by(abort)

    @property
    def error_first(self) -> Callable[..., None]:
        """A callback for `callback(error, value)`, where None means no error; any other error value is wrapped.

        Example:
            >>> d = Promise[int].with_resolvers()
            >>> d.error_first(None, 5)
            >>> d.promise.wait()
            5
        """
        return _kept(self.promise, adapt(read_error_first, self.resolve, self.reject))

    @property
    def error_last(self) -> Callable[..., None]:
        """A callback for `callback(value, error)`; otherwise as `error_first`."""
        return _kept(self.promise, adapt(read_error_last, self.resolve, self.reject))


def _kept(promise: Promise[Any], callback: Callable[..., Any]) -> Callable[..., Any]:
    """Have a promise keep a callback alive, if that was asked for."""
    left = promise._left()
    if isinstance(left, Producer) and left.kept is not None:
        left.kept.append(callback)
    return callback


_new_tuple: Callable[..., Resolvers[Any]] = tuple.__new__  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # typeshed
_new: Callable[[type[Promise[Any]]], Promise[Any]] = object.__new__


def pending(home: Home | None = None) -> Promise[Any]:
    """Make a pending promise without resolving functions, for callers that settle it themselves."""
    promise: Promise[Any] = _new(Promise)
    # in place: Cell._begin, home_here
    promise._home = home or (getattr(events._get_running_loop(), HOME, None) or current_home())
    promise._state = PENDING
    promise._reactions = [*UNSETTLED_ALONE]
    promise._source = None
    if settings.sites:
        promise._site = creation_site()
    return promise
