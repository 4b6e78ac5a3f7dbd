"""Finds anomalies in histories of concurrent transactions, in the way of Adya's thesis and of Elle (Kingsbury, Alvaro).

The objects are lists to which transactions append values, each value once, and sets into which they insert members. A
read gives the whole list or set. So reads say which versions there were and in which order, and from that follows who
must come before whom:

- ww: T appended the value before that of U;
- wr: U read what T wrote;
- rw: T read a state that does not have what U wrote yet.

A cycle of such edges is an anomaly, and which kinds of edges it needs says which. `find_anomalies` knows no clock and
nothing of how the engine works.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

Key = Hashable
Value = Hashable
Node = int
Graph = dict[Node, set[Node]]

DIRTY_WRITE = "G0: dirty write"
ABORTED_READ = "G1a: aborted read"
INTERMEDIATE_READ = "G1b: intermediate read"
CIRCULAR_READS = "G1c: circular information flow"
LOST_UPDATE = "lost update"
READ_SKEW = "G-single: read skew"
PHANTOM = "phantom"
INTERNAL = "a transaction that does not see its own snapshot"
FORKED = "reads of one list that are no prefixes of each other"
NOT_SNAPSHOT = "a cycle without two adjacent rw edges"
WRITE_SKEW = "G2: write skew"


@dataclass
class Txn:
    """What one transaction did, in order.

    Operations are ("read", key, tuple of values), ("append", key, value), ("scan", key, frozenset of members) and
    ("insert", key, member).
    """

    number: int
    operations: list[tuple[str, Key, object]] = field(default_factory=list)
    committed: bool = False

    def of(self, kind: str) -> Iterator[tuple[Key, object]]:
        return ((key, value) for name, key, value in self.operations if name == kind)


class History:
    """The versions and the edges that follow from what the transactions have read and written."""

    def __init__(self, txns: Iterable[Txn]) -> None:
        self.txns = list(txns)
        self.anomalies: dict[str, str] = {}
        self.committed = [txn for txn in self.txns if txn.committed]
        self.writer: dict[tuple[Key, object], Txn] = {}
        for txn in self.txns:
            for key, value in [*txn.of("append"), *txn.of("insert")]:
                assert (key, value) not in self.writer, f"{value} was written to {key} twice"
                self.writer[key, value] = txn
        self.edges: dict[str, Graph] = {kind: defaultdict(set) for kind in ("ww", "wr", "rw")}
        self.orders = self._orders()

    def report(self, anomaly: str, text: str) -> None:
        self.anomalies.setdefault(anomaly, text)

    def _orders(self) -> dict[Key, tuple[object, ...]]:
        """The longest committed state of each list that anybody has read."""
        orders: dict[Key, tuple[object, ...]] = {}
        for txn in self.committed:
            for key, values in foreign_reads(txn):
                known = orders.get(key, ())
                shorter, longer = sorted((known, values), key=len)
                if longer[: len(shorter)] != shorter:
                    self.report(FORKED, f"{key}: {known} and {values}, read by {txn.number}")
                orders[key] = longer
        return orders

    def connect(self, kind: str, before: Txn, after: Txn) -> None:
        if before is not after and before.committed and after.committed:
            self.edges[kind][before.number].add(after.number)


def foreign_reads(txn: Txn) -> Iterator[tuple[Key, tuple[object, ...]]]:
    """What a transaction has read of each list without its own appends at the end."""
    own: dict[Key, int] = defaultdict(int)
    for kind, key, value in txn.operations:
        if kind == "append":
            own[key] += 1
        elif kind == "read":
            assert isinstance(value, tuple)
            yield key, value[: len(value) - own[key]] if own[key] else value


def foreign_scans(txn: Txn) -> Iterator[tuple[Key, frozenset[object]]]:
    own: dict[Key, set[object]] = defaultdict(set)
    for kind, key, value in txn.operations:
        if kind == "insert":
            own[key].add(value)
        elif kind == "scan":
            assert isinstance(value, frozenset)
            yield key, value - own[key]


def check_single_reads(history: History) -> None:
    """Aborted and intermediate reads, and transactions whose own reads disagree."""
    for txn in history.committed:
        seen: dict[Key, object] = {}
        for key, values in foreign_reads(txn):
            if seen.setdefault(key, values) != values:
                history.report(INTERNAL, f"{txn.number} read {key} as {seen[key]} and as {values}")
            for value in values:
                if not history.writer[key, value].committed:
                    history.report(ABORTED_READ, f"{txn.number} read {value} of {key}, which was rolled back")
            if values:
                writer = history.writer[key, values[-1]]
                last = [value for other, value in writer.of("append") if other == key][-1]
                if last != values[-1]:
                    history.report(INTERMEDIATE_READ, f"{txn.number} read {key} up to {values[-1]}, {writer.number} wrote on")
        scanned: dict[Key, object] = {}
        for key, members in foreign_scans(txn):
            if scanned.setdefault(key, members) != members:
                history.report(PHANTOM, f"{txn.number} scanned {key} as {scanned[key]} and as {members}")
            for member in members:
                if not history.writer[key, member].committed:
                    history.report(ABORTED_READ, f"{txn.number} saw {member} in {key}, which was rolled back")
        check_own_writes(history, txn)


def check_own_writes(history: History, txn: Txn) -> None:
    own: dict[Key, list[object]] = defaultdict(list)
    for kind, key, value in txn.operations:
        if kind in ("append", "insert"):
            own[key].append(value)
        elif kind == "read" and own[key] and list(value)[-len(own[key]) :] != own[key]:  # type: ignore[call-overload]
            history.report(INTERNAL, f"{txn.number} does not see what it appended to {key}")
        elif kind == "scan" and not set(own[key]) <= set(value):  # type: ignore[call-overload]
            history.report(INTERNAL, f"{txn.number} does not see what it inserted into {key}")


def check_lost_updates(history: History) -> None:
    updates: dict[tuple[Key, object], Txn] = {}
    for txn in history.committed:
        read = dict(reversed(list(foreign_reads(txn))))
        for key in {key for key, _ in txn.of("append")} & read.keys():
            other = updates.setdefault((key, read[key]), txn)
            if other is not txn:
                history.report(LOST_UPDATE, f"{other.number} and {txn.number} both went on from {read[key]} of {key}")


def add_edges(history: History) -> None:
    for key, order in history.orders.items():
        writers = [history.writer[key, value] for value in order]
        for before, after in zip(writers, writers[1:]):
            history.connect("ww", before, after)
    inserters: dict[Key, dict[object, Txn]] = defaultdict(dict)
    for txn in history.committed:
        for key, member in txn.of("insert"):
            inserters[key][member] = txn
    for txn in history.committed:
        for key, values in foreign_reads(txn):
            if values:
                history.connect("wr", history.writer[key, values[-1]], txn)
            order = history.orders[key]
            if len(values) < len(order):
                history.connect("rw", txn, history.writer[key, order[len(values)]])
        for key, members in foreign_scans(txn):
            for member, inserter in inserters[key].items():
                if member in members:
                    history.connect("wr", inserter, txn)
                else:
                    history.connect("rw", txn, inserter)


def merged(*graphs: Graph) -> Graph:
    result: Graph = defaultdict(set)
    for graph in graphs:
        for node, targets in graph.items():
            result[node] |= targets
    return result


def find_cycle(graph: Graph) -> list[Node] | None:
    """Some cycle, or None. Depth first, without recursion."""
    done: set[Node] = set()
    for root in list(graph):
        if root in done:
            continue
        path: list[Node] = [root]
        on_path = {root}
        stack = [iter(graph[root])]
        while stack:
            following = next(stack[-1], None)
            if following is None:
                stack.pop()
                done.add(path[-1])
                on_path.remove(path.pop())
            elif following in on_path:
                return path[path.index(following) :]
            elif following not in done:
                path.append(following)
                on_path.add(following)
                stack.append(iter(graph.get(following, ())))
    return None


def find_path(graph: Graph, start: Node, end: Node) -> list[Node] | None:
    parents: dict[Node, Node] = {}
    frontier = [start]
    while frontier:
        node = frontier.pop()
        if node == end:
            path = [node]
            while path[-1] != start:
                path.append(parents[path[-1]])
            return path[::-1]
        for following in graph.get(node, ()):
            if following not in parents and following != start:
                parents[following] = node
                frontier.append(following)
    return None


def check_cycles(history: History) -> None:
    ww, wr, rw = (history.edges[kind] for kind in ("ww", "wr", "rw"))
    dependencies = merged(ww, wr)
    if cycle := find_cycle(ww):
        history.report(DIRTY_WRITE, f"ww: {cycle}")
    if cycle := find_cycle(dependencies):
        history.report(CIRCULAR_READS, f"ww and wr: {cycle}")
    for reader, writers in rw.items():
        for writer in writers:
            if path := find_path(dependencies, writer, reader):
                history.report(READ_SKEW, f"rw from {reader}, back by ww and wr: {path}")
    # Snapshot isolation allows a cycle only if two rw edges follow each other in it (Fekete and others; Cerone and Gotsman):
    # so dependencies, each with at most one rw edge behind it, must be free of cycles.
    steps: Graph = defaultdict(set)
    for node, targets in dependencies.items():
        steps[node] |= targets
        for target in targets:
            steps[node] |= rw.get(target, set())
    if cycle := find_cycle(steps):
        history.report(NOT_SNAPSHOT, f"{cycle}")
    if cycle := find_cycle(merged(dependencies, rw)):
        history.report(WRITE_SKEW, f"ww, wr and rw: {cycle}")


def find_anomalies(txns: Iterable[Txn]) -> dict[str, str]:
    """Each anomaly that the history has, with an example. Every cycle also counts as write skew, the weakest of them."""
    history = History(txns)
    check_single_reads(history)
    check_lost_updates(history)
    add_edges(history)
    check_cycles(history)
    return history.anomalies
