"""What a fork leaves to the child, and leaves alone in the parent (S4)."""

from __future__ import annotations

import pytest

from ..support import lines, needs_fork
from .loops import needs_uvloop

pytestmark = needs_fork

# The parent settles nothing while the child runs, and each says what it has found. A loop that is about to sleep has a
# thread settle what it waits for, so that only its self-pipe can wake it.
PRELUDE = """
    import queue, selectors
    from promisepy import set_host

    ends = []

    class Selector(selectors.DefaultSelector):
        def select(self, timeout=None):
            if ends and timeout != 0:
                thread = threading.Thread(target=ends.pop())
                thread.start()
                thread.join()
            return super().select(timeout)

    asyncio.new_event_loop = lambda: asyncio.SelectorEventLoop(Selector())

    async def value():
        return "a value"

    async def woken(before=lambda: None):
        promise, resolve, _ = Promise.with_resolvers()
        ends.append(lambda: (resolve("woken"), before()))
        return await promise

    def fork():
        pid = os.fork()
        if not pid:
            signal.alarm(50)  # nobody else would end a child that hangs
        return pid

    def say(*words):
        print(*words, flush=True)

    def join(pid):
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

    class Elsewhere:
        # A thread that runs one function, and the next one only after the fork.
        def __init__(self, first, second):
            self.begun, self.go_on = threading.Event(), threading.Event()
            self.thread = threading.Thread(target=self.run, args=(first, second))
            self.thread.start()
            assert self.begun.wait(30)

        def run(self, first, second):
            self.made = first()
            self.begun.set()
            assert self.go_on.wait(30)
            second()

        def finish(self):
            self.go_on.set()
            self.thread.join()
"""


# The private loop of the main thread, before a fork and after the child has ended.
USED_ACROSS_A_FORK = """
    Promise.resolve(value()).wait()
    pid = fork()
    if not pid:
        sys.exit()
    join(pid)
    say(Promise.resolve(woken()).wait(10))
"""


def run(code: str) -> list[str]:
    return lines(PRELUDE + code)


class TestThePrivateLoop:
    """The one that runs coroutines inside `wait`."""

    def test_of_the_parent_is_still_woken_after_the_child_has_closed_its_copy(self) -> None:
        code = """
    async def meet():
        Promise.resolve()

    others = asyncio.SelectorEventLoop()  # which belongs to whoever has made it
    others.run_until_complete(meet())
    """
        assert run(code + USED_ACROSS_A_FORK) == ["woken"]

    @pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit()"])
    def test_of_another_thread_is_still_woken_after_the_child_has_ended(self, end: str) -> None:
        code = f"""
    other = Elsewhere(lambda: Promise.resolve(value()).wait(), lambda: say(Promise.resolve(woken()).wait(10)))
    pid = fork()
    if not pid:
        {end}
    join(pid)
    other.finish()
    """
        assert run(code) == ["woken"]

    @needs_uvloop
    def test_of_the_parent_is_still_woken_if_it_is_one_of_uvloop_s(self) -> None:
        code = """
    import uvloop

    async def woken():
        promise, resolve, _ = Promise.with_resolvers()
        asyncio.get_running_loop().call_soon(threading.Thread(target=resolve, args=["woken"]).start)
        return await promise

    asyncio.new_event_loop = uvloop.new_event_loop
    """
        assert run(code + USED_ACROSS_A_FORK) == ["woken"]

    def test_of_another_thread_may_run_while_it_forks(self) -> None:
        code = """
    promise, resolve, _ = Promise.with_resolvers()
    asleep = threading.Event()

    async def wait():
        ends.append(asleep.set)
        return await promise

    thread = threading.Thread(target=lambda: say(Promise.resolve(wait()).wait(30)))
    thread.start()
    assert asleep.wait(30)
    pid = fork()
    if not pid:
        sys.exit()
    join(pid)
    resolve("settled")
    thread.join()
    """
        assert run(code) == ["settled"]

    def test_has_wake_ups_that_the_other_process_does_not_take(self) -> None:
        code = """
    from_child, to_parent = os.pipe()
    from_parent, to_child = os.pipe()
    Promise.resolve(value()).wait()
    pid = fork()
    if not pid:
        def let_the_parent_go_first():
            os.write(to_parent, b".")
            os.read(from_parent, 1)

        say("child", Promise.resolve(woken(let_the_parent_go_first)).wait(10))
        os._exit(0)
    os.read(from_child, 1)
    say("parent", Promise.resolve(value()).wait(10))
    os.write(to_child, b".")
    join(pid)
    """
        assert run(code) == ["parent a value", "child woken"]

    def test_goes_on_with_its_coroutines_in_both(self) -> None:
        code = """
    async def read(end):
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        loop.add_reader(end, ready.set_result, None)
        await ready
        loop.remove_reader(end)
        return os.read(end, 1)

    end, other_end = os.pipe()
    promise = Promise.resolve(read(end))
    say(Promise.resolve(value()).wait(10))  # and so, before it, `read` has begun
    pid = fork()
    ends.append(lambda: os.write(other_end, b"." if pid else b"!"))
    if pid:
        join(pid)
    say(promise.wait(10))
    if not pid:
        sys.exit()
    """
        assert run(code) == ["a value", "b'!'", "b'.'"]


class TestAnotherThread:
    """It ends in the child, as no thread ends in the parent: in the middle of what it does."""

    def test_has_its_jobs_left_to_the_parent(self) -> None:
        code = """
    promise, resolve, _ = Promise.with_resolvers()

    def queue_a_job():
        # Nobody refers to this promise, so if it were rejected, that would be reported at once.
        Promise.resolve("job").then(say)
        return Promise(lambda resolve, _: promise.then(resolve)).then(str)

    other = Elsewhere(queue_a_job, lambda: other.made.wait(30))
    pid = fork()
    resolve("a later job")
    promise.then().wait(30)
    if not pid:
        try:
            other.made.wait(30)
        except StuckPromise:
            say("stuck")
        os._exit(0)
    join(pid)
    other.finish()
    """
        assert run(code) == ["stuck", "job"]

    @pytest.mark.parametrize("is_asleep", [True, False], ids=["asleep", "in a handler"])
    def test_has_promises_that_are_stuck_in_the_child(self, is_asleep: bool) -> None:
        code = """
    from promisepy._core import homes

    promise, resolve, _ = Promise.with_resolvers()
    handling, go_on, made = threading.Event(), threading.Event(), []

    def handle(_):
        handling.set()
        assert go_on.wait(30)

    def work():
        made.append(homes.current_thread_home())
        made.append(Promise(lambda resolve, _: promise.then(resolve)).then(str))
        if not IS_ASLEEP:
            Promise.resolve().then(handle).wait(30)
        say(made[1].wait(30))

    thread = threading.Thread(target=work)
    thread.start()
    while not (made and made[0]._sleepers if IS_ASLEEP else handling.is_set()):
        pass
    pid = fork()
    if not pid:
        resolve("child")
        try:
            made[1].wait(30)
        except StuckPromise:
            say("stuck")
        os._exit(0)
    join(pid)
    resolve("parent")
    promise.then().wait(30)
    go_on.set()
    thread.join()
    """
        assert run(code.replace("IS_ASLEEP", str(is_asleep))) == ["stuck", "parent"]


def test_the_main_thread_has_its_jobs_left_to_the_parent_if_another_one_forks() -> None:
    code = """
    promise, resolve, _ = Promise.with_resolvers()
    Promise.resolve("job").then(say)
    last = promise.then()

    def work():
        pid = fork()
        if not pid:
            resolve("child")
            try:
                last.wait(10)
            except StuckPromise:
                say("stuck")
            os._exit(0)
        join(pid)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    resolve("parent")
    say(last.wait(10))
    """
    assert run(code) == ["stuck", "job", "parent"]


def test_a_wait_in_which_a_signal_handler_forks_is_woken_in_both() -> None:
    code = """
    from promisepy._core import homes

    promise, resolve, _ = Promise.with_resolvers()
    pids = []
    has_struck = threading.Event()

    def strike(*_):
        if has_struck.is_set():
            return
        has_struck.set()
        interrupter.join()  # a fork copies the locks of other threads as they are
        pids.append(fork())
        threading.Thread(target=settle).start()

    def settle():
        if pids[0]:
            join(pids[0])
        resolve("parent" if pids[0] else "child")

    def interrupt(home):
        while not home._sleepers:
            pass
        while not has_struck.is_set():  # again, as `strike` of tests.support tells
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
            has_struck.wait(0.02)

    signal.signal(signal.SIGUSR1, strike)
    interrupter = threading.Thread(target=interrupt, args=[homes.current_thread_home()])
    interrupter.start()
    say(promise.wait())
    """
    assert run(code) == ["child", "parent"]


def test_a_host_has_a_clock_in_the_child_from_its_next_timer_on() -> None:
    code = """
    class Window:
        posted = queue.SimpleQueue()
        post = posted.put

    set_host(Window)
    made = [Promise.delay(0.05, "first")]
    Window.posted.get(timeout=30)()
    pid = fork()
    made.append(Promise.delay(0.1, "second"))
    if pid:
        join(pid)
    while any(promise.state == "pending" for promise in made):
        Window.posted.get(timeout=30)()
    say(*(promise.value for promise in made))
    if not pid:
        os._exit(0)
    """
    assert run(code) == ["first second"] * 2


@needs_fork
class TestFork:
    def test_a_child_settles_its_copy_and_the_parent_its_own(self) -> None:
        code = """
            promise, resolve, _ = Promise.with_resolvers()
            child = promise.then(lambda value: print(value, "in", "child" if not pid else "parent", flush=True))
            pid = os.fork()
            if not pid:
                threading.Thread(target=resolve, args=["one"]).start()
                child.wait(30)
                os._exit(0)
            os.waitpid(pid, 0)
            print(child.state)
            resolve("two")
            child.wait()
        """
        assert lines(code) == ["one in child", "pending", "two in parent"]

    def test_a_child_starts_afresh_while_its_parent_waits_in_another_thread(self) -> None:
        code = """
            promise, resolve, _ = Promise.with_resolvers()
            begun = threading.Event()

            def wait_and_say_so():
                Promise.resolve().then(lambda _: begun.set())
                print("thread got", promise.wait(30), flush=True)

            thread = threading.Thread(target=wait_and_say_so)
            thread.start()
            begun.wait(30)
            pid = os.fork()
            if not pid:
                own, resolve_own, _ = Promise.with_resolvers()
                threading.Thread(target=resolve_own, args=["its own"]).start()
                print("child got", own.then().wait(30), flush=True)
                print("child got", asyncio.run(asyncio.sleep(0, "a loop")), flush=True)
                resolve("nobody's")
                os._exit(0)
            os.waitpid(pid, 0)
            resolve("parent's")
            thread.join()
        """
        assert lines(code) == ["child got its own", "child got a loop", "thread got parent's"]

    def test_a_child_that_is_forked_in_a_handler(self) -> None:
        code = """
            def fork(_):
                pid = os.fork()
                if not pid:
                    print(Promise.resolve("child").then(str.upper).wait(30), flush=True)
                    os._exit(0)
                os.waitpid(pid, 0)
                return "parent"

            print(Promise.resolve().then(fork).wait(30))
        """
        assert lines(code) == ["CHILD", "parent"]

    def test_a_child_that_is_forked_in_another_thread(self) -> None:
        code = """
            queued = Promise.resolve("once").then(lambda text: print(text, flush=True))

            def fork():
                pid = os.fork()
                if not pid:
                    print(Promise.resolve("child").then(str.upper).wait(30), flush=True)
                    sys.stdout.flush()
                    os._exit(0)
                os.waitpid(pid, 0)

            thread = threading.Thread(target=fork)
            thread.start()
            thread.join()
            queued.wait()
        """
        assert lines(code) == ["CHILD", "once"]

    def test_a_child_may_run_a_loop_and_exit_as_usual(self) -> None:
        code = """
            pid = os.fork()
            if not pid:
                async def main():
                    promise, resolve, _ = Promise.with_resolvers()
                    threading.Thread(target=resolve, args=["loop"]).start()
                    return await promise.then(lambda value: value + " in child")

                print(asyncio.run(main()), flush=True)
                Promise.resolve("at exit of child").then(print)
                sys.exit(0)
            os.waitpid(pid, 0)
            print("parent")
        """
        assert lines(code) == ["loop in child", "at exit of child", "parent"]
