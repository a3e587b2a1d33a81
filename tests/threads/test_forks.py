"""Processes that fork while other threads settle, at the smallest switch interval: parent and child both go on (S4)."""

from __future__ import annotations

from ..support import lines, needs_fork

SETTLERS = """
    import queue
    sys.setswitchinterval(1e-6)
    ends = queue.SimpleQueue()

    def settle():
        while (end := ends.get()) is not None:
            end()

    settlers = [threading.Thread(target=settle) for _ in range(3)]
    for settler in settlers:
        settler.start()

    def batch(size):
        made = []
        for number in range(size):
            promise, resolve, reject = Promise.with_resolvers()
            made.append(promise.then(lambda value: value + 1).catch(ValueError, lambda error: 0))
            ends.put(lambda resolve=resolve, number=number: resolve(number))
            if number % 3 == 0:
                ends.put(lambda reject=reject: reject(ValueError()))
            if number % 5 == 0:
                ends.put(lambda promise=promise: promise.then(lambda _: None, lambda _: None))
        return made

    def child():
        signal.alarm(30)  # a child that hangs ends by this signal
        promise, resolve, _ = Promise.with_resolvers()
        threading.Thread(target=resolve, args=[20]).start()
        doubled = promise.then(lambda value: value * 2).wait(20)

        async def main():
            promise, resolve, _ = Promise.with_resolvers()
            threading.Thread(target=resolve, args=[1]).start()
            return await promise.then(lambda value: value + 1)

        os._exit(doubled + asyncio.run(main()))

    codes = set()
    for round in range(ROUNDS):
        waiting = FORK
        settled = Promise.all(waiting).wait(30)
        assert len(settled) == 30 and all(value in (0, number + 1) for number, value in enumerate(settled)), settled
    print(codes)
    for _ in settlers:
        ends.put(None)
"""


@needs_fork
def test_a_thread_forks_while_others_settle_its_promises() -> None:
    code = """
    def fork():
        waiting = batch(30)
        pid = os.fork()
        if not pid:
            child()
        codes.add(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        return waiting
    """
    assert lines(code + SETTLERS.replace("FORK", "fork()").replace("ROUNDS", "30")) == ["{42}"]


@needs_fork
def test_a_handler_forks_while_others_settle_promises_of_its_home() -> None:
    code = """
    def fork(waiting):
        pid = os.fork()
        if not pid:
            child()
        codes.add(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        return waiting
    """
    in_a_handler = "Promise.resolve().then(lambda _: [fork(batch(30))]).wait(30)[0]"
    assert lines(code + SETTLERS.replace("FORK", in_a_handler).replace("ROUNDS", "30")) == ["{42}"]
