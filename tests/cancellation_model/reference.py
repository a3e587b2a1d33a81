"""What cancellation should do, in as few words as will do: the model with which promisepy is compared.

Promises are nodes; an edge says that its holder waits for its source. Somebody depends on a node as long as an edge leads
there from a holder that is pending. Jobs run one at a time, in the order in which they were queued (ECMA-262 9.5), and
each step takes as many of them as the specification of promises says. Knows nothing of promisepy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from .language import Boom, Handler, Op, Side

Job = Callable[[], object]


class Cancelled(Exception):
    """The reason of a cancelled promise."""


class Holder:
    """What may wait: a node, a task, a future."""

    state = "pending"
    result: Any = None

    @property
    def pending(self) -> bool:
        return self.state == "pending"


class Edge:
    """`holder` waits for `source`; `run` is called with the settled source, as a job unless `inline`."""

    def __init__(self, source: Node, holder: Holder, run: Any, *, up: bool = True, stays: bool = False) -> None:
        self.source, self.holder, self.run = source, holder, run
        self.up = up  # a cancellation of the holder asks whether the source is still needed
        self.stays = stays  # the job runs even if the holder has been cancelled
        self.inline = False
        self.alive = True


class Node(Holder):
    """A promise."""

    def __init__(self) -> None:
        self.down: list[Edge] = []  # of those who wait for this node
        self.up: list[Edge] = []  # for what this node waits
        self.stops: list[Job] = []  # how its producer is stopped
        self.starts = False  # a coroutine is about to be started for it, and can be stopped then
        self.closing: list[Job] = []  # how its group lets go of the inputs
        self.ends: Callable[[], bool] = lambda: False  # whether promises do the work, and it ends if it is given up
        self.given_up = False


class Task(Holder):
    """A coroutine that awaits one node."""

    def __init__(self, name: str, done: Callable[[Task], object] | None = None) -> None:
        self.name, self.done = name, done
        self.edge: Edge | None = None
        self.dropped = False


class Coroutine:
    """What an `async` handler returns."""

    def __init__(self, source: Node) -> None:
        self.source = source


class Reference(Side):
    """The model."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: deque[Job] = deque()
        self.later: deque[Job] = deque()  # what asyncio does between two operations
        self.now = 0.0
        self.rings: list[tuple[float, Job]] = []

    def step(self, op: Op) -> None:
        self.do(op)
        while self.later:
            self.later.popleft()()

    # What promises do by themselves.

    def settle(self, node: Node, state: str, result: Any) -> bool:
        if not node.pending:
            return False
        node.state, node.result = state, result
        self.tell(node)
        return True

    def tell(self, node: Node) -> None:
        for edge in node.down:
            self.queue(edge)

    def queue(self, edge: Edge) -> None:
        if edge.inline:
            self.fire(edge)
        elif edge.run is not None:
            self.jobs.append(partial(self.fire, edge))

    def fire(self, edge: Edge) -> None:
        if edge.alive:
            edge.alive = False
            edge.run(edge.source)

    def subscribe(self, edge: Edge) -> Edge:
        if isinstance(edge.holder, Node):
            edge.holder.up.append(edge)
        if edge.source.pending:
            edge.source.down.append(edge)
        else:
            self.queue(edge)
        return edge

    def like(self, node: Node, source: Node) -> None:
        self.settle(node, source.state, source.result)

    def take_on(self, node: Node, value: Any) -> None:
        """Resolve: 27.2.1.3.2."""
        node.stops = []
        if value is node:
            self.settle(node, "rejected", TypeError())
        elif isinstance(value, Coroutine):
            node.starts = True
            self.jobs.append(partial(self.start, node, value.source))
        elif not isinstance(value, Node):
            self.settle(node, "fulfilled", value)
        elif node.pending:
            self.follow(node, value)
        elif node.given_up:  # too late: nobody depends on it through this node
            self.abandon(value)
        elif value.pending and not self.wanted(value):
            self.cancel_node(value, node.result)

    def follow(self, node: Node, value: Node) -> None:
        mark = Edge(value, node, None)  # until the job has run: 27.2.2.2
        node.up.append(mark)
        value.down.append(mark)

        def begin() -> None:
            mark.alive = False
            if node.pending:
                self.subscribe(Edge(value, node, partial(self.like, node)))

        self.jobs.append(begin)

    def attempt(self, node: Node, handler: Callable[[], Any]) -> None:
        try:
            value = handler()
        except Boom as error:
            if not self.settle(node, "rejected", error):
                self.reports.append(self.describe(error))
        else:
            self.take_on(node, value)

    # Cancellation.

    def wanted(self, node: Node) -> bool:
        return any(edge.alive and edge.holder.pending for edge in node.down)

    def cancel_node(self, node: Node, reason: Cancelled, *, given_up: bool = False) -> bool:
        """Settle it and what only it needs, then stop producers, then tell those who wait, from the top down.

        What is only given up takes along no more than what would go if it were given up alone.
        """
        if not node.pending:
            return False
        node.state, node.result, node.given_up = "rejected", reason, given_up
        cancelled, asked = [node], list[Node]()

        def reject_unwanted(nodes: list[Node]) -> None:
            for one in nodes:
                if one.pending and not self.wanted(one) and (not given_up or self.ends_something(one)):
                    one.state, one.result, one.given_up = "rejected", reason, given_up
                    cancelled.append(one)

        for gone in cancelled:
            sources = self.sources(gone)
            asked += sources
            for edge in gone.up:
                edge.alive = edge.alive and edge.stays
            self.jobs.extend([*reversed(gone.stops), *gone.closing])
            reject_unwanted(sources)
            if gone is cancelled[-1]:  # a source may have been kept only by what has gone since
                reject_unwanted(asked)
        for gone in reversed(cancelled):
            self.tell(gone)
        return True

    def abandon(self, node: Node) -> None:
        """Give up what is no longer awaited."""
        if node.pending and not self.wanted(node) and self.ends_something(node):
            self.cancel_node(node, Cancelled(), given_up=True)

    def ends_something(self, node: Node) -> bool:
        """Tell whether at it or above is a producer that can be stopped, or work that promises do by themselves."""
        above = [node]
        for one in above:
            above += {source for source in self.sources(one) if source.pending} - {*above}
        return any(one.stops or one.starts or one.ends() for one in above)

    def sources(self, node: Node) -> list[Node]:
        return [edge.source for edge in node.up if edge.alive and edge.up]

    # Operations.

    def add(self, node: Node) -> Node:
        self.nodes.append(node)
        return node

    def root(self, stops: int) -> None:
        self.add(Node())
        self.roots.append(len(self.nodes) - 1)
        for _ in range(stops):
            self.on_cancel(len(self.roots) - 1)

    def on_cancel(self, root: int, fails: bool = False) -> None:
        number = self.root_number(root)
        if number not in self.resolved:
            self.stop_by(self.nodes[number], partial(self.stop, self.stopper(f"n{number}", fails)))

    def stop_by(self, node: Node, stop: Job) -> None:
        (node.stops if node.pending else self.jobs).append(stop)

    def stop(self, function: Job) -> None:
        try:
            function()
        except Boom as error:
            self.reports.append(self.describe(error))

    def resolve(self, root: int, result: Op) -> None:
        number = self.root_number(root)
        value = self.make(result)
        if number not in self.resolved:
            self.resolved.add(number)
            self.take_on(self.nodes[number], value)

    def reject(self, root: int, error: int) -> None:
        number = self.root_number(root)
        if number not in self.resolved:
            self.resolved.add(number)
            self.settle(self.nodes[number], "rejected", Boom(error))

    def cancel(self, number: int, reason: str) -> None:
        self.log.append(f"cancel {self.cancel_node(self.node(number), Cancelled(reason))}")

    def then(self, number: int, on_fulfilled: Handler | None, on_rejected: Handler | None) -> None:
        source, child = self.node(number), self.add(Node())
        handlers = {
            "fulfilled": self.handler(on_fulfilled, len(self.nodes) - 1),
            "rejected": self.handler(on_rejected, len(self.nodes) - 1),
        }

        def run(source: Node) -> None:
            handler = handlers[source.state]
            if handler is None:
                self.like(child, source)
            else:
                self.attempt(child, partial(handler, source.result))

        self.subscribe(Edge(source, child, run))

    def finally_(self, number: int, callback: Handler) -> None:
        original, child = self.node(number), self.add(Node())
        handler = self.handler(callback, len(self.nodes) - 1)
        assert handler is not None

        def restore(result: Node, source: Node) -> None:
            outcome = original if source.state == "fulfilled" else source
            settled = self.settle(result, outcome.state, outcome.result)
            if not settled and source.state == "rejected" and not isinstance(source.result, Cancelled):
                self.reports.append(self.describe(source.result))

        def call_back() -> Node:
            value, result = handler(), Node()
            source = value if isinstance(value, Node) else Node()
            if source is not value:
                self.take_on(source, value)
            self.subscribe(Edge(source, result, partial(restore, result), up=False, stays=True))
            return result

        self.subscribe(Edge(original, child, lambda _: self.attempt(child, call_back), stays=True))

    def shield(self, number: int) -> None:
        source, result = self.node(number), self.add(Node())
        edge = self.subscribe(Edge(source, result, partial(self.like, result), up=False))
        result.ends = lambda: edge.source.pending

    def combine(self, kind: str, numbers: tuple[int, ...], losers: bool) -> None:
        inputs, result = [self.node(number) for number in numbers], self.add(Node())
        edges: list[Edge] = []
        outcomes: list[Any] = [None] * len(inputs)
        left = set(range(len(inputs)))

        def finish() -> None:
            rest, edges[:] = list(edges), []
            for edge in rest:
                if edge.alive:
                    edge.alive = False
                    if losers and not result.given_up and edge.source.pending and not self.wanted(edge.source):
                        self.cancel_node(edge.source, Cancelled())

        def decides(source: Node) -> bool:
            return source.state in {"all": ["rejected"], "any": ["fulfilled"], "race": ["fulfilled", "rejected"]}.get(
                kind, []
            )

        def ends() -> bool:
            waited_for = [edge.source for edge in edges if edge.alive]
            return any(one.pending for one in waited_for) and not any(map(decides, waited_for))

        def note(key: int, source: Node) -> None:
            if decides(source):
                finish()
                self.like(result, source)
                return
            outcomes[key] = (source.state, source.result) if kind == "all_settled" else source.result
            left.discard(key)
            complete()

        def complete() -> None:
            if not left and result.pending and kind != "race":
                finish()
                if kind == "any":
                    self.settle(result, "rejected", ExceptionGroup("", outcomes or [ValueError()]))
                else:
                    self.settle(result, "fulfilled", outcomes)

        result.closing, result.ends = [finish], ends
        if not inputs and kind == "race":
            result.ends = lambda: True
        for key, source in enumerate(inputs):
            edges.append(Edge(source, result, partial(note, key), stays=True))
            self.subscribe(edges[-1])
        complete()

    def timeout(self, number: int, whole: int) -> None:
        source, result = self.node(number), self.add(Node())
        edge = Edge(source, result, partial(self.like, result))

        def expire() -> None:
            if edge.alive and source.pending:
                edge.alive = False
                self.settle(result, "rejected", TimeoutError())
                self.abandon(source)

        result.ends = lambda: edge.alive and source.pending
        self.set_clock(whole, expire)
        self.subscribe(edge)

    def delay(self, whole: int) -> None:
        node = self.add(Node())
        node.stops.append(lambda: None)
        self.set_clock(whole, lambda: self.take_on(node, "delayed"))

    def set_clock(self, whole: int, ring: Job) -> None:
        entry = self.now + self.seconds(whole), ring
        self.jobs.append(lambda: self.rings.append(entry))

    def advance(self, whole: int) -> None:
        self.now += whole
        due = sorted((entry for entry in self.rings if entry[0] <= self.now), key=lambda entry: entry[0])
        self.rings = [entry for entry in self.rings if entry[0] > self.now]
        self.jobs.extend(ring for _, ring in due)

    def run(self, ticks: int | None) -> None:
        """Run all jobs, or so many as a chain of promises takes that is as long."""
        clock = [Node()]
        self.settle(clock[0], "fulfilled", 0)
        for _ in range(ticks or 0):
            clock.append(Node())
            self.subscribe(Edge(clock[-2], clock[-1], partial(self.like, clock[-1])))
        while self.jobs and (ticks is None or clock[-1].pending):
            self.jobs.popleft()()

    # Those who wait without being promises.

    def coroutine(self, source: Node) -> Coroutine:
        return Coroutine(source)

    def start(self, node: Node, source: Node) -> None:
        """Run a coroutine for a node: 27.2.2.2."""

        def done(task: Task) -> None:
            node.stops = []
            self.settle(node, task.state, task.result)

        node.starts = False
        task = Task("coroutine", done)
        self.later.append(partial(self.begin, task, source))
        self.stop_by(node, partial(self.drop_task, task))

    def await_(self, number: int) -> None:
        task = Task(f"t{len(self.tasks)}")
        self.tasks.append(task)
        self.later.append(partial(self.begin, task, self.node(number)))

    def begin(self, task: Task, source: Node) -> None:
        if task.dropped:
            task.state = "cancelled"
            if task.done:
                self.later.append(partial(task.done, task))
        elif source.pending:
            task.edge = self.subscribe(Edge(source, task, partial(self.wake, task)))
        else:
            self.wake(task, source)

    def wake(self, task: Task, source: Node) -> None:
        if task.pending:
            task.state, task.result = ("cancelled", None) if task.dropped else (source.state, source.result)
            self.log.append(f"{task.name} {task.state}")
            if task.done:
                self.later.append(partial(task.done, task))

    def drop(self, number: int) -> None:
        if self.tasks:
            self.drop_task(self.tasks[number % len(self.tasks)])

    def drop_task(self, task: Task) -> None:
        edge, task.dropped = task.edge, True
        if task.pending and edge is not None and edge.alive and edge.source.pending:
            edge.alive = False
            self.jobs.append(partial(self.wake, task, edge.source))
            self.abandon(edge.source)

    def future(self, number: int) -> None:
        future = Holder()
        self.futures.append(future)

        def complete(source: Node) -> None:
            state = "cancelled" if isinstance(source.result, Cancelled) else source.state
            future.state, future.result = state, source.result

        edge = Edge(self.node(number), future, complete)
        edge.inline = True
        future.edge = self.subscribe(edge)

    def drop_future(self, number: int) -> None:
        if self.futures:
            future = self.futures[number % len(self.futures)]
            if future.pending:
                future.state, future.edge.alive = "cancelled", False
                self.abandon(future.edge.source)

    # What can be seen.

    def states(self) -> list[str]:
        kinds = {"n": self.nodes, "t": self.tasks, "f": self.futures}
        return [
            f"{kind}{number} {self.look(one)}" for kind, holders in kinds.items() for number, one in enumerate(holders)
        ]

    def look(self, holder: Holder) -> str:
        has_result = holder.state in ("fulfilled", "rejected")
        return f"{holder.state} {self.describe(holder.result)}" if has_result else holder.state

    def waiting_on(self) -> list[int]:
        return [sum(edge.alive for edge in node.down) if node.pending else 0 for node in self.nodes]

    def pending(self) -> list[int]:
        return [number for number, node in enumerate(self.nodes) if node.pending]
