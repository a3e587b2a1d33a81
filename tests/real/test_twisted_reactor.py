"""Twisted with its reactor running, in processes of its own: a process has one reactor, which starts once."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import promisepy

from ..servers import library

library("twisted.internet.defer", "twisted")

# The reactor is chosen before any other part of Twisted asks for it.
ON_ASYNCIO = """
import asyncio, threading
from twisted.internet import asyncioreactor

loop = asyncio.new_event_loop()
asyncioreactor.install(loop)

from twisted.internet import defer, endpoints, error, protocol, reactor, task, threads
from promisepy import Promise, submit

def run(main):
    async def main_and_stop():
        try:
            await main()
        finally:
            reactor.stop()

    tasks = []
    reactor.callWhenRunning(lambda: tasks.append(loop.create_task(main_and_stop())))
    reactor.run()
    tasks[0].result()
    loop.close()
"""

# The reactor that the operating system is best served with; promisepy's handlers are posted to it.
ON_ITS_OWN = """
import threading
from twisted.internet import defer, reactor, task, threads
from promisepy import Promise, set_host

class Reactor:
    def post(self, drain):
        reactor.callFromThread(drain)

set_host(Reactor())
"""


def lines(prelude: str, code: str) -> list[str]:
    """Run a script that must end well and quietly; give what it printed."""
    command = [sys.executable, "-W", "error", "-c", prelude + textwrap.dedent(code)]
    environment = {**os.environ, "PYTHONPATH": str(Path(promisepy.__file__).parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


class TestOnTheAsyncioReactor:
    """The reactor runs an asyncio loop, which is the home of promises that are made there."""

    def test_what_a_thread_pool_gives_is_awaited(self) -> None:
        code = """
            async def main():
                print(await Promise.resolve(threads.deferToThread(pow, 2, 5)))
                try:
                    await Promise.resolve(threads.deferToThread(int, "one"))
                except ValueError as error:
                    print(error)
                print(await Promise.resolve(task.deferLater(reactor, 0.001, lambda: "later")))

            run(main)
        """
        assert lines(ON_ASYNCIO, code) == ["32", "invalid literal for int() with base 10: 'one'", "later"]

    def test_handlers_run_on_the_reactor_s_thread(self) -> None:
        code = """
            async def main():
                where = Promise.resolve(threads.deferToThread(threading.get_ident))
                await where.then(lambda ident: print(ident == threading.get_ident()))
                await where.then(lambda _: print(threading.current_thread() is threading.main_thread()))

            run(main)
        """
        assert lines(ON_ASYNCIO, code) == ["False", "True"]

    def test_an_asyncio_program_may_start_the_reactor_itself(self) -> None:
        code = """
            import asyncio

            async def main():
                from twisted.internet import asyncioreactor
                asyncioreactor.install(asyncio.get_running_loop())
                from twisted.internet import reactor, threads
                from promisepy import Promise

                reactor.startRunning(installSignalHandlers=False)
                try:
                    print(await Promise.resolve(threads.deferToThread(pow, 2, 5)))
                finally:
                    reactor.getThreadPool().stop()  # reactor.stop() would stop the loop

            asyncio.run(main())
        """
        assert lines("", code) == ["32"]

    def test_a_refused_and_an_accepted_connection(self) -> None:
        code = """
            class Greeter(protocol.Protocol):
                def connectionMade(self):
                    self.transport.write(b"hello")
                    self.transport.loseConnection()

            class Reader(protocol.Protocol):
                def __init__(self, d):
                    self.d = d
                    self.received = b""

                def dataReceived(self, data):
                    self.received += data

                def connectionLost(self, reason):
                    self.d.resolve(self.received)

            async def main():
                server = endpoints.TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
                port = await Promise.resolve(server.listen(protocol.Factory.forProtocol(Greeter)))
                client = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
                greeting = Promise.with_resolvers()
                await Promise.resolve(endpoints.connectProtocol(client, Reader(greeting)))
                print(await greeting.promise)
                await Promise.resolve(port.stopListening())
                try:
                    await Promise.resolve(endpoints.connectProtocol(client, protocol.Protocol()))
                except error.ConnectionRefusedError as refused:
                    print("refused", refused.osError is not None)

            run(main)
        """
        assert lines(ON_ASYNCIO, code) == ["b'hello'", "refused True"]

    def test_a_deferred_follows_a_promise_that_another_thread_settles(self) -> None:
        code = """
            async def main():
                promise, resolve, _ = Promise.with_resolvers()
                deferred = defer.Deferred()
                promise.then(deferred.callback, deferred.errback)
                where = deferred.addCallback(lambda value: (value, threading.current_thread().name))
                threading.Thread(target=resolve, args=["value"]).start()
                print(await Promise.resolve(where))

            run(main)
        """
        assert lines(ON_ASYNCIO, code) == ["('value', 'MainThread')"]

    def test_a_cancelled_deferred_of_a_task_stops_the_waiting_only(self) -> None:
        code = """
            async def main():
                promise, resolve, _ = Promise.with_resolvers()
                deferred = defer.Deferred.fromFuture(asyncio.ensure_future(promise))
                told = Promise.resolve(deferred.addErrback(lambda failure: failure.type.__name__))
                deferred.cancel()
                print(await told, promise.state)
                resolve("value")
                print(await promise)

            run(main)
        """
        assert lines(ON_ASYNCIO, code) == ["CancelledError pending", "value"]


class TestOnItsOwnReactor:
    """With `set_host` the reactor is the host of its thread's promises."""

    def test_handlers_run_on_the_reactor_s_thread(self) -> None:
        code = """
            def show(value):
                print(value, threading.current_thread().name)

            powers = Promise.all([threads.deferToThread(pow, 2, n) for n in range(4)])
            failed = powers.then(show).then(lambda _: threads.deferToThread(int, "one"))
            failed.catch(ValueError, show).finally_(reactor.stop)
            reactor.run()
        """
        failure = "invalid literal for int() with base 10: 'one'"
        assert lines(ON_ITS_OWN, code) == ["[1, 2, 4, 8] MainThread", f"{failure} MainThread"]

    def test_another_thread_s_answer_wakes_the_reactor(self) -> None:
        code = """
            promise, resolve, _ = Promise.with_resolvers()
            promise.then(print).finally_(reactor.stop)
            # Nothing else would wake it: there are no timers, no connections.
            reactor.callWhenRunning(lambda: threading.Timer(0.05, resolve, ["woken"]).start())
            reactor.run()
        """
        assert lines(ON_ITS_OWN, code) == ["woken"]

    def test_a_deferred_follows_a_promise(self) -> None:
        code = """
            async def work(promise):
                deferred = defer.Deferred()
                promise.then(deferred.callback, deferred.errback)
                return await deferred

            def start():
                slow = Promise.resolve(task.deferLater(reactor, 0.001, lambda: 4)).then(lambda value: value + 1)
                defer.Deferred.fromCoroutine(work(slow)).addCallback(print).addBoth(lambda _: reactor.stop())

            reactor.callWhenRunning(start)
            reactor.run()
        """
        assert lines(ON_ITS_OWN, code) == ["5"]

    def test_waiting_on_the_reactor_s_thread_is_refused(self) -> None:
        code = """
            promise = Promise.resolve(task.deferLater(reactor, 60, lambda: None))
            promise.catch(Exception, lambda error: None)

            def start():
                try:
                    promise.wait()
                except RuntimeError as error:
                    print(str(error).partition(",")[0])
                reactor.stop()

            reactor.callWhenRunning(start)
            reactor.run()
        """
        assert lines(ON_ITS_OWN, code) == ["wait() would stop the host of this thread"]
