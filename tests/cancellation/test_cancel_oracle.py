"""S13: whom a cancellation reaches, in random nets of promises, against a model of twenty lines that knows only edges."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promisepy import Promise

from ..support import PATIENCE, dependants, turn
from .helpers import Work

KINDS = ("then", "finally", "follower", "shield", "timeout", "all", "race")
# What ends if it is given up: a producer that can be stopped, and what promisepy itself does with other promises.
ENDS = ("producer", "shield", "timeout", "all", "race")
Steps = list[tuple[str, int, int]]


@dataclass
class Node:
    """What the model knows about one promise."""

    kind: str
    sources: list[int] = field(default_factory=list)
    state: str = "pending"
    told: int = 0


class Net:
    """The model."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def dependants(self, number: int, *, also: tuple[str, ...] = ()) -> list[int]:
        """Name those that wait for a node, once for each edge; `also` those of some kinds that only listen."""
        return [
            other
            for other, node in enumerate(self.nodes)
            for source in node.sources
            if source == number and (node.state == "pending" or node.kind in also)
        ]

    def reached_from(self, number: int, *, given_up: bool = False) -> set[int]:
        """Find what a cancellation takes: a node goes if all that wait for it go; if given up, only if that ends it."""
        reached = {number}
        while True:
            more = {source for source in self.above(reached) - reached if set(self.dependants(source)) <= reached}
            if given_up:
                more = set(filter(self.ends, more))
            if not more:
                return reached
            reached |= more

    def above(self, numbers: set[int]) -> set[int]:
        """Name the pending nodes for which some wait, and which a cancellation of those asks."""
        return {
            source
            for one in numbers
            for source in self.nodes[one].sources
            if self.nodes[one].kind != "shield" and self.nodes[source].state == "pending"
        }

    def ends(self, number: int) -> bool:
        """Tell whether giving up a node ends something, there or further up."""
        way = {number}
        while not self.above(way) <= way:
            way |= self.above(way)
        return any(self.nodes[one].kind in ENDS for one in way)

    def cancel(self, number: int, *, given_up: bool = False) -> bool:
        if self.nodes[number].state != "pending":
            return False
        for one in self.reached_from(number, given_up=given_up):
            self.nodes[one].state = "rejected"
            self.nodes[one].told += self.nodes[one].kind == "producer"
        self.flow()
        return True

    def abandon(self, number: int) -> None:
        if not self.dependants(number) and self.ends(number):
            self.cancel(number, given_up=True)

    def resolve(self, number: int) -> None:
        if self.nodes[number].state == "pending":
            self.nodes[number].state = "fulfilled"
            self.flow()

    def flow(self) -> None:
        """Settle what follows from what is settled; sources stand before those that wait for them."""
        for node in self.nodes:
            states = [self.nodes[source].state for source in node.sources]
            if node.state == "pending" and states:
                if "rejected" in states:
                    node.state = "rejected"
                elif "fulfilled" in states and (node.kind == "race" or "pending" not in states):
                    node.state = "fulfilled"


class System:
    """The same net, of real promises."""

    def __init__(self) -> None:
        self.promises: list[Promise[Any]] = []
        self.works: dict[int, Work] = {}

    def add(self, kind: str, sources: list[int]) -> None:
        promises = [self.promises[source] for source in sources]
        if kind in ("producer", "silent"):
            work = self.works[len(self.promises)] = Work(stops=kind == "producer")
            self.promises.append(work.promise)
        elif kind in ("all", "race"):
            self.promises.append(getattr(Promise, kind)(promises))
        elif kind == "follower":
            self.promises.append(Promise(lambda resolve, reject: resolve(promises[0])))
        else:
            arguments = {"then": [str], "finally": [lambda: None], "shield": [], "timeout": [PATIENCE]}[kind]
            method = {"finally": "finally_"}.get(kind, kind)
            self.promises.append(getattr(promises[0], method)(*arguments))


def build(shape: Steps, tree: bool) -> tuple[Net, System]:
    """Make both; in a tree, no promise has two dependants that meet again."""
    net, system = Net(), System()
    for kind, first, second in shape:
        count = len(net.nodes)
        sources = [] if kind in ("producer", "silent") else [first % count, second % count] if count else []
        if tree:
            sources = [source for source in dict.fromkeys(sources) if not net.dependants(source)]
        sources = sources if kind in ("all", "race") else sources[:1]
        made = kind if sources or kind == "silent" else "producer"
        net.nodes.append(Node(made, sources))
        system.add(made, sources)
    turn()
    return net, system


def compare(net: Net, system: System) -> None:
    turn(30)
    assert [promise.state for promise in system.promises] == [node.state for node in net.nodes]
    assert {number: len(work.stopped) for number, work in system.works.items()} == {
        number: net.nodes[number].told for number in system.works
    }
    for number, promise in enumerate(system.promises):
        if promise.state == "pending":
            assert dependants(promise) == len(net.dependants(number, also=("finally",)))


def play(shape: Steps, acts: list[tuple[str, int]], *, tree: bool) -> None:
    net, system = build(shape, tree)
    for act, chosen in acts:
        number = chosen % len(net.nodes)
        promise = system.promises[number]
        if act == "cancel":
            assert promise.cancel() is net.cancel(number)
        elif act == "abandon" and promise.state == "pending":
            promise.to_future().cancel()
            net.abandon(number)
        elif act == "resolve" and number in system.works:
            system.works[number].resolve(None)
            net.resolve(number)
        compare(net, system)
    for number, work in system.works.items():
        work.resolve(None)
        net.resolve(number)
    compare(net, system)
    assert "pending" not in [promise.state for promise in system.promises]


@pytest.fixture(scope="module", autouse=True)
def _nothing_frozen() -> None:
    """Let hypothesis find, through the collector, the dict that keeps its generator; since CPython 3.14 it can be frozen.

    It warns otherwise. Until then, a dict was not known to the collector as long as it was empty.
    """
    gc.unfreeze()


numbers = st.integers(0, 30)
shapes = st.lists(st.tuples(st.sampled_from(("producer", "silent", *KINDS)), numbers, numbers), min_size=1, max_size=12)
examples = settings(max_examples=200, deadline=None, derandomize=True)


@given(shapes, st.lists(st.tuples(st.sampled_from(("cancel", "resolve")), numbers), max_size=4))
@examples
def test_a_cancellation_takes_what_nobody_else_depends_on(shape: Steps, acts: list[tuple[str, int]]) -> None:
    play(shape, acts, tree=False)


@given(shapes, st.lists(st.tuples(st.sampled_from(("abandon", "resolve")), numbers), max_size=4))
@examples
def test_a_promise_of_a_tree_that_is_given_up_goes_if_that_ends_something(
    shape: Steps, acts: list[tuple[str, int]]
) -> None:
    play(shape, acts, tree=True)


@given(shapes, st.lists(st.tuples(st.sampled_from(("abandon", "resolve")), numbers), max_size=4))
@examples
def test_a_promise_that_is_given_up_goes_if_that_ends_something(shape: Steps, acts: list[tuple[str, int]]) -> None:
    play(shape, acts, tree=False)


def test_the_model_tells_a_diamond_from_a_fork() -> None:
    net = Net()
    net.nodes = [Node("producer"), Node("then", [0]), Node("then", [0]), Node("all", [1, 2]), Node("then", [0])]
    assert net.reached_from(3) == {3, 1, 2}
    net.nodes.pop()
    assert net.reached_from(3) == {3, 1, 2, 0}


@pytest.mark.parametrize("kind", KINDS)
def test_the_model_and_promises_agree_on_every_kind(kind: str) -> None:
    play([("producer", 0, 0), (kind, 0, 0), ("then", 1, 0)], [("cancel", 2), ("resolve", 0)], tree=False)
