"""Histories of concurrent transactions, checked for the anomalies that their isolation level excludes."""

from __future__ import annotations

import os
import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import histories
import pytest
from deed_core import PyDeedGraph, SerializationFailure, Transaction, TransactionConflict
from histories import Txn, find_anomalies

# Transactions of each thread in a recorded history.
ROUNDS = int(os.environ.get("DEED_HISTORY_ROUNDS", "150"))
THREADS = 4

# ---- The checker itself: a history with each anomaly, and some with none ---------------------------------------------


def txn(number: int, *operations: tuple[str, str, object], committed: bool = True) -> Txn:
    return Txn(number, list(operations), committed)


SKEW = [
    txn(1, ("read", "x", ()), ("read", "y", ()), ("append", "x", 1)),
    txn(2, ("read", "x", ()), ("read", "y", ()), ("append", "y", 2)),
    txn(3, ("read", "x", (1,)), ("read", "y", (2,))),
]

EXAMPLES: dict[str, tuple[list[Txn], set[str]]] = {
    "serial": (
        [
            txn(1, ("append", "x", 1), ("insert", "s", 1)),
            txn(2, ("read", "x", (1,)), ("scan", "s", frozenset({1})), ("append", "x", 2)),
            txn(3, ("append", "x", 9), committed=False),
            txn(4, ("read", "x", (1, 2))),
        ],
        set(),
    ),
    "own writes": (
        [txn(1, ("append", "x", 1), ("read", "x", (1,)), ("insert", "s", 1), ("scan", "s", frozenset({1})))],
        set(),
    ),
    "dirty write": (
        [
            txn(1, ("append", "x", 1), ("append", "y", 1)),
            txn(2, ("append", "x", 2), ("append", "y", 2)),
            txn(3, ("read", "x", (1, 2)), ("read", "y", (2, 1))),
        ],
        {histories.DIRTY_WRITE, histories.CIRCULAR_READS},
    ),
    "aborted read": (
        [txn(1, ("append", "x", 1), committed=False), txn(2, ("read", "x", (1,)))],
        {histories.ABORTED_READ},
    ),
    "aborted member": (
        [txn(1, ("insert", "s", 1), committed=False), txn(2, ("scan", "s", frozenset({1})))],
        {histories.ABORTED_READ},
    ),
    "intermediate read": (
        [
            txn(1, ("append", "x", 1), ("append", "x", 2)),
            txn(2, ("read", "x", (1,))),
            txn(3, ("read", "x", (1, 2))),
        ],
        {histories.INTERMEDIATE_READ, histories.READ_SKEW},
    ),
    "circular reads": (
        [
            txn(1, ("append", "x", 1), ("read", "y", (2,))),
            txn(2, ("append", "y", 2), ("read", "x", (1,))),
        ],
        {histories.CIRCULAR_READS},
    ),
    "lost update": (
        [
            txn(1, ("read", "x", ()), ("append", "x", 1)),
            txn(2, ("read", "x", ()), ("append", "x", 2)),
            txn(3, ("read", "x", (1, 2))),
        ],
        {histories.LOST_UPDATE, histories.READ_SKEW},
    ),
    "read skew": (
        [
            txn(1, ("append", "x", 1), ("append", "y", 1)),
            txn(2, ("read", "x", ()), ("read", "y", (1,))),
            txn(3, ("read", "x", (1,))),
        ],
        {histories.READ_SKEW},
    ),
    "not repeatable": (
        [txn(1, ("append", "x", 1)), txn(2, ("read", "x", ()), ("read", "x", (1,)))],
        {histories.INTERNAL},
    ),
    "own append unseen": (
        [txn(1, ("append", "x", 1), ("read", "x", ()))],
        {histories.INTERNAL},
    ),
    "phantom": (
        [txn(1, ("insert", "s", 1)), txn(2, ("scan", "s", frozenset()), ("scan", "s", frozenset({1})))],
        {histories.PHANTOM},
    ),
    "phantom between scans of two sets": (
        [
            txn(1, ("insert", "s", 1), ("insert", "t", 1)),
            txn(2, ("scan", "s", frozenset()), ("scan", "t", frozenset({1}))),
        ],
        {histories.READ_SKEW},
    ),
    "forked": (
        [
            txn(1, ("append", "x", 1)),
            txn(2, ("append", "x", 2)),
            txn(3, ("read", "x", (1,))),
            txn(4, ("read", "x", (2,))),
        ],
        {histories.FORKED},
    ),
    "write skew": (SKEW, {histories.WRITE_SKEW}),
    "write skew by inserting": (
        [
            txn(1, ("scan", "s", frozenset()), ("insert", "t", 1)),
            txn(2, ("scan", "t", frozenset()), ("insert", "s", 2)),
        ],
        {histories.WRITE_SKEW},
    ),
    # The two readers disagree about which of two independent writes came first: no snapshot order explains both.
    "long fork": (
        [
            txn(1, ("append", "x", 1)),
            txn(2, ("append", "y", 2)),
            txn(3, ("read", "x", (1,)), ("read", "y", ())),
            txn(4, ("read", "x", ()), ("read", "y", (2,))),
        ],
        {histories.NOT_SNAPSHOT},
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_checker_finds_each_anomaly(name: str) -> None:
    txns, expected = EXAMPLES[name]
    found = set(find_anomalies(txns))
    assert expected <= found
    # Every cycle is one that snapshot isolation or at least serializability excludes; those come along.
    allowed = {histories.WRITE_SKEW, histories.NOT_SNAPSHOT, histories.INTERNAL, histories.READ_SKEW}
    assert found - expected <= (allowed if expected - {histories.WRITE_SKEW} else set())


# ---- Recorded histories ---------------------------------------------------------------------------------------------


class Recorder:
    """Threads that run random transactions over lists (properties), and sets (collections and neighbourhoods)."""

    LISTS = 5

    def __init__(self, graph: PyDeedGraph, isolation: str, seed: int) -> None:
        self.graph = graph
        self.isolation = isolation
        self.seed = seed
        self.lists = [graph.add_entity("List", {"values": []}) for _ in range(self.LISTS)]
        self.hubs = [graph.add_entity("Hub") for _ in range(2)]
        self.leaf = graph.add_entity("Leaf")
        self.txns: list[Txn] = []
        self.failed_commits = 0
        self.errors: list[BaseException] = []
        self.lock = threading.Lock()

    def run(self) -> list[Txn]:
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        threads = [threading.Thread(target=self.work, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
        if self.errors:
            raise self.errors[0]
        last = Txn(-1)
        with self.graph.transaction(read_only=True) as tx:
            for entity in self.lists:
                self.read(tx, last, entity)
            for name in ("A", "B"):
                self.scan(tx, last, name)
            for hub in self.hubs:
                self.neighbors(tx, last, hub)
        last.committed = True
        return [*self.txns, last]

    def work(self, thread: int) -> None:
        try:
            rng = random.Random(self.seed * 1000 + thread)
            for round in range(ROUNDS):
                number = thread * ROUNDS + round
                record = Txn(number)
                self.attempt(record, rng)
                with self.lock:
                    self.txns.append(record)
        except BaseException as error:
            self.errors.append(error)

    def attempt(self, record: Txn, rng: random.Random) -> None:
        tx = self.graph.transaction(
            isolation=self.isolation,  # type: ignore[arg-type]
            on_conflict=rng.choice(["fail", "wait"]),  # type: ignore[arg-type]
        )
        try:
            for step in range(rng.randrange(1, 7)):
                self.operate(tx, record, rng, record.number * 10 + step)
            if rng.random() < 0.1:
                tx.rollback()
                return
            tx.commit()
            record.committed = True
        except TransactionConflict as error:
            if isinstance(error, SerializationFailure):
                self.failed_commits += 1
            tx.rollback()

    def operate(self, tx: Transaction, record: Txn, rng: random.Random, value: int) -> None:
        entity = rng.choice(self.lists)
        match rng.randrange(8):
            case 0 | 1 | 2:
                self.read(tx, record, entity)
            case 3 | 4:
                values = self.read(tx, record, entity)
                tx.update_entity(entity, {"values": [*values, value]})
                record.operations.append(("append", entity, value))
            case 5:
                name = rng.choice("AB")
                tx.add_entity(name, {"value": value})
                record.operations.append(("insert", name, value))
            case 6:
                self.scan(tx, record, rng.choice("AB"))
            case 7:
                hub = rng.choice(self.hubs)
                if rng.random() < 0.5:
                    self.neighbors(tx, record, hub)
                else:
                    edge = tx.add_edge(hub, self.leaf, "LEADS")
                    record.operations.append(("insert", ("hub", hub), edge))

    def read(self, tx: Transaction, record: Txn, entity: int) -> list[int]:
        row = tx.get_entity(entity)
        assert row is not None
        values = row["properties"]["values"]
        record.operations.append(("read", entity, tuple(values)))
        return values

    def scan(self, tx: Transaction, record: Txn, name: str) -> None:
        members = frozenset(row["properties"]["value"] for row in tx.scan_collection(name))
        record.operations.append(("scan", name, members))

    def neighbors(self, tx: Transaction, record: Txn, hub: int) -> None:
        members = frozenset(edge for _, edge in tx.get_outgoing_neighbors(hub, "LEADS"))
        record.operations.append(("scan", ("hub", hub), members))


@pytest.fixture(params=["memory", "disk"])
def concurrent_graph(request: pytest.FixtureRequest, store: Path) -> Iterator[PyDeedGraph]:
    """A graph in memory, then one on disk with checkpoints all the time."""
    path = store if request.param == "disk" else None
    with PyDeedGraph(path, durability="async") as graph:
        done = threading.Event()

        def checkpoints() -> None:
            while path is not None and not done.wait(0.01):
                graph.checkpoint()

        thread = threading.Thread(target=checkpoints)
        thread.start()
        yield graph
        done.set()
        thread.join()
        assert graph.check() == []


@pytest.mark.parametrize("seed", range(1, 1 + int(os.environ.get("DEED_HISTORY_SEEDS", "2"))))
def test_snapshot_isolation_allows_write_skew_only(concurrent_graph: PyDeedGraph, seed: int) -> None:
    txns = Recorder(concurrent_graph, "snapshot", seed).run()
    assert sum(txn.committed for txn in txns) > THREADS
    found = find_anomalies(txns)
    assert set(found) <= {histories.WRITE_SKEW}, found


@pytest.mark.parametrize("seed", range(1, 1 + int(os.environ.get("DEED_HISTORY_SEEDS", "2"))))
def test_serializable_histories_have_no_anomaly(concurrent_graph: PyDeedGraph, seed: int) -> None:
    recorder = Recorder(concurrent_graph, "serializable", seed)
    txns = recorder.run()
    assert sum(txn.committed for txn in txns) > THREADS
    assert find_anomalies(txns) == {}


# ---- Single anomalies, step by step ---------------------------------------------------------------------------------


def skew_on_rows(graph: PyDeedGraph, isolation: str) -> list[bool]:
    a, b = (graph.add_entity("Doctor", {"on_call": True}) for _ in range(2))
    return both(graph, isolation, lambda tx: tx.get_entity(a) and tx.get_entity(b), lambda tx, i: go_off(tx, [a, b][i]))


def skew_on_a_scan(graph: PyDeedGraph, isolation: str) -> list[bool]:
    """Each adds an entity because it has seen none: rows that are new to a scan."""
    return both(graph, isolation, lambda tx: tx.scan_collection("Boss"), lambda tx, i: tx.add_entity("Boss", {"i": i}))


def skew_on_an_iterated_scan(graph: PyDeedGraph, isolation: str) -> list[bool]:
    graph.add_entity("Boss")
    return both(graph, isolation, lambda tx: list(tx.iterate_collection("Boss")), lambda tx, i: tx.add_entity("Boss"))


def skew_on_neighbors(graph: PyDeedGraph, isolation: str) -> list[bool]:
    hub, leaf = graph.add_entity("N"), graph.add_entity("N")
    return both(graph, isolation, lambda tx: tx.get_outgoing_neighbors(hub), lambda tx, i: tx.add_edge(hub, leaf, "R"))


def skew_on_a_degree(graph: PyDeedGraph, isolation: str) -> list[bool]:
    hub, leaf = graph.add_entity("N"), graph.add_entity("N")
    graph.add_edge(hub, leaf, "R")
    return both(graph, isolation, lambda tx: tx.degree(leaf, "R", "in"), lambda tx, i: tx.add_edge(hub, leaf, "R"))


def skew_on_a_traversal(graph: PyDeedGraph, isolation: str) -> list[bool]:
    """What one deletes is beyond the first step of the other's search."""
    nodes = [graph.add_entity("N") for _ in range(4)]
    edges = [graph.add_edge(a, b, "R") for a, b in zip(nodes, nodes[1:])]
    return both(
        graph, isolation, lambda tx: tx.count_reachable(nodes[0]), lambda tx, i: tx.delete_edge(edges[1 + i])
    )


def skew_on_a_missing_row(graph: PyDeedGraph, isolation: str) -> list[bool]:
    """Each writes because a row that the other adds is not there."""
    first = graph.add_entity("N")
    return both(
        graph,
        isolation,
        lambda tx: [tx.get_entity(first + 1), tx.get_entity(first + 2)],
        lambda tx, i: tx.add_entity("N"),
    )


def skew_on_a_new_name(graph: PyDeedGraph, isolation: str) -> list[bool]:
    """Nobody has heard of the relationship type when both look for it."""
    hub, leaf = graph.add_entity("N"), graph.add_entity("N")
    return both(
        graph, isolation, lambda tx: tx.degree(hub, "UNHEARD", "out"), lambda tx, i: tx.add_edge(hub, leaf, "UNHEARD")
    )


def skew_on_an_index(graph: PyDeedGraph, isolation: str) -> list[bool]:
    """Each moves its row into a range that was empty when both looked."""
    graph.create_index("Person", "age", name=f"age {isolation}")
    a, b = (graph.add_entity("Person", {"age": 10}) for _ in range(2))
    return both(
        graph,
        isolation,
        lambda tx: tx.find_range("Person", "age", 20, 30),
        lambda tx, i: tx.update_entity([a, b][i], {"age": 25}),
    )


def skew_on_a_unique_look_up(graph: PyDeedGraph, isolation: str) -> list[bool]:
    """Each adds what the other has looked for."""
    graph.create_index("Word", "text", name=f"text {isolation}")
    return both(
        graph,
        isolation,
        lambda tx: [tx.find("Word", "text", isolation + text) for text in ("a", "b")],
        lambda tx, i: tx.add_entity("Word", {"text": isolation + "ab"[i]}),
    )


def go_off(tx: Transaction, entity: int) -> None:
    tx.update_entity(entity, {"on_call": False})


def both(graph: PyDeedGraph, isolation: str, read, write) -> list[bool]:  # type: ignore[no-untyped-def]
    """Two transactions read the same and then each writes what the other has read; which of them could commit."""
    transactions = [graph.transaction(isolation=isolation) for _ in range(2)]  # type: ignore[arg-type]
    for tx in transactions:
        read(tx)
    for i, tx in enumerate(transactions):
        write(tx, i)
    outcomes = []
    for tx in transactions:
        try:
            tx.commit()
            outcomes.append(True)
        except SerializationFailure:
            outcomes.append(False)
    return outcomes


SKEWS = [
    skew_on_rows,
    skew_on_a_scan,
    skew_on_an_iterated_scan,
    skew_on_neighbors,
    skew_on_a_degree,
    skew_on_a_traversal,
    skew_on_a_missing_row,
    skew_on_a_new_name,
    skew_on_an_index,
    skew_on_a_unique_look_up,
]


@pytest.mark.parametrize("skew", SKEWS)
def test_write_skew_needs_snapshot_isolation(any_graph: PyDeedGraph, skew) -> None:  # type: ignore[no-untyped-def]
    assert skew(any_graph, "snapshot") == [True, True]
    assert skew(any_graph, "serializable") == [True, False]
    # The loser was rolled back, and the next try succeeds.
    assert any_graph.check() == []


def test_serializable_transactions_fail_for_a_reason_only(any_graph: PyDeedGraph) -> None:
    a, b, c = (any_graph.add_entity("N", {"v": 0}) for _ in range(3))
    any_graph.add_edge(a, b, "R")
    with any_graph.transaction(isolation="serializable") as tx:
        tx.get_entity(a)
        tx.get_outgoing_neighbors(a, "R")
        tx.update_entity(a, {"v": 1})
        # Others change what it has not read: a row beside it, another's list, another type, and the other direction.
        any_graph.update_entity(c, {"v": 2})
        any_graph.add_edge(c, b, "R")
        any_graph.add_edge(c, a, "R")
        any_graph.add_edge(a, b, "OTHER")
        any_graph.add_entity("N")
    assert any_graph.get_entity(a)["properties"] == {"v": 1}


def test_a_change_is_found_below_that_of_a_running_transaction(any_graph: PyDeedGraph) -> None:
    a, b = (any_graph.add_entity("N", {"v": 0}) for _ in range(2))
    tx = any_graph.transaction(isolation="serializable")
    tx.get_entity(a)
    tx.update_entity(b, {"v": 1})
    any_graph.update_entity(a, {"v": 2})
    with any_graph.transaction() as running:
        running.update_entity(a, {"v": 3})
        with pytest.raises(SerializationFailure, match=f"entity {a} has changed"):
            tx.commit()


def test_readers_and_writers_without_reads_never_fail(any_graph: PyDeedGraph) -> None:
    a = any_graph.add_entity("N", {"v": 0})
    reader = any_graph.transaction(isolation="serializable")
    declared = any_graph.transaction(isolation="serializable", read_only=True)
    for tx in (reader, declared):
        tx.get_entity(a)
        tx.scan_collection("N")
    any_graph.update_entity(a, {"v": 1})
    reader.commit()
    declared.commit()
    with any_graph.transaction(isolation="serializable") as writer:
        writer.add_entity("M")
        any_graph.update_entity(a, {"v": 2})


def test_much_that_is_read_is_remembered_coarsely_and_nothing_is_missed(graph: PyDeedGraph) -> None:
    ids = graph.add_entities("N", {"v": range(140_000)})
    for changed in (ids[5], ids[139_990]):
        tx = graph.transaction(isolation="serializable")
        for id in ids:
            tx.get_entity(id)
        tx.add_entity("M")
        graph.update_entity(changed, {"v": -1})
        with pytest.raises(SerializationFailure, match="segment|has changed"):
            tx.commit()
