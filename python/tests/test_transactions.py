"""Transactions: atomic, isolated, each error with its exception, and one thread at a time."""

from __future__ import annotations

import doctest
import threading
from pathlib import Path

import pytest
from deed_core import (
    InvalidArgument,
    NotFound,
    PyDeedGraph,
    ReadOnly,
    Transaction,
    TransactionConflict,
    TransactionEnded,
)


def test_commit_makes_all_of_it_visible(any_graph: PyDeedGraph) -> None:
    with any_graph.transaction() as tx:
        assert isinstance(tx, Transaction) and tx.active and tx.graph is any_graph
        a, b = tx.add_entity("N", {"x": 1}), tx.add_entity("N")
        edge = tx.add_edge(a, b, "R", {"w": 1})
        tx.update_entity(a, {"x": 2})
        assert tx.get_entity(a)["properties"] == {"x": 2}
        assert tx.get_outgoing_neighbors(a) == [(b, edge)]
        assert tx.degree(a) == tx.count_reachable(a) == 1
        assert len(tx.scan_collection("N")) == 2
        assert any_graph.get_entity(a) is None and any_graph.get_edge(edge) is None
        assert any_graph.scan_collection("N") == []
        assert any_graph.stats()["transactions"]["active"] == 1
    assert not tx.active
    assert any_graph.get_entity(a)["properties"] == {"x": 2}
    assert any_graph.get_outgoing_neighbors(a) == [(b, edge)]


def test_an_exception_rolls_back(any_graph: PyDeedGraph) -> None:
    kept = any_graph.add_entity("N", {"x": 1})
    other = any_graph.add_entity("N")
    edge = any_graph.add_edge(kept, other, "R")
    with pytest.raises(KeyError, match="mine"):
        with any_graph.transaction() as tx:
            tx.add_entity("N")
            tx.update_entity(kept, {"x": 2, "y": 3})
            tx.update_edge(edge, {"w": 5})
            tx.delete_entity(other, detach=True)
            assert tx.degree(kept) == 0
            raise KeyError("mine")
    assert not tx.active
    assert any_graph.scan_collection("N") == [
        {"id": kept, "type": "N", "properties": {"x": 1}},
        {"id": other, "type": "N", "properties": {}},
    ]
    assert any_graph.get_edge(edge)["properties"] == {}
    assert any_graph.get_outgoing_neighbors(kept) == [(other, edge)]
    assert any_graph.check() == []


def test_commit_and_rollback_by_hand(any_graph: PyDeedGraph) -> None:
    with any_graph.transaction() as tx:
        tx.add_entity("N")
        tx.rollback()
    assert any_graph.collections() == {}
    with any_graph.transaction() as tx:
        tx.add_entity("N")
        tx.commit()
    assert any_graph.collections() == {"N": 1}
    for use in (tx.commit, lambda: tx.add_entity("N"), lambda: tx.get_entity(1), lambda: tx.scan_collection("N")):
        with pytest.raises(TransactionEnded):
            use()
    tx.rollback()
    with pytest.raises(TransactionEnded):
        with tx:
            tx.get_entity(1)


def test_a_forgotten_transaction_is_rolled_back(any_graph: PyDeedGraph) -> None:
    tx = any_graph.transaction()
    node = tx.add_entity("N")
    del tx
    assert any_graph.get_entity(node) is None
    assert any_graph.stats()["transactions"]["active"] == 0


def test_snapshot(any_graph: PyDeedGraph) -> None:
    node = any_graph.add_entity("N", {"x": 1})
    with any_graph.transaction() as reader:
        any_graph.update_entity(node, {"x": 2})
        late = any_graph.add_entity("N")
        any_graph.add_edge(node, late, "R")
        assert reader.get_entity(node)["properties"] == {"x": 1}
        assert reader.get_entity(late) is None
        assert reader.degree(node) == 0 and reader.neighbor_ids(node) == []
        assert len(reader.scan_collection("N")) == 1
        any_graph.delete_entity(node, detach=True)
        assert reader.get_entity(node)["properties"] == {"x": 1}
    assert any_graph.get_entity(node) is None


def test_first_writer_wins(any_graph: PyDeedGraph) -> None:
    node = any_graph.add_entity("N", {"x": 1})
    first, second = any_graph.transaction(), any_graph.transaction()
    first.update_entity(node, {"x": 2})
    for write in (lambda: second.update_entity(node, {"x": 3}), lambda: second.delete_entity(node)):
        with pytest.raises(TransactionConflict) as error:
            write()
        assert error.value.code == 100 and error.value.name == "DEED_TRANSACTION_CONFLICT"
    with pytest.raises(TransactionConflict):
        any_graph.update_entity(node, {"x": 4})
    first.commit()
    with pytest.raises(TransactionConflict):
        second.update_entity(node, {"x": 3})
    second.rollback()
    assert any_graph.get_entity(node)["properties"] == {"x": 2}
    assert any_graph.stats()["transactions"]["conflicts"] >= 4


def test_a_failing_statement_undoes_only_itself(any_graph: PyDeedGraph) -> None:
    with any_graph.transaction() as tx:
        node = tx.add_entity("N", {"x": 1})
        with pytest.raises(NotFound):
            tx.add_edge(node, 10**9, "R")
        with pytest.raises(InvalidArgument):
            tx.update_entity(node, {"x": 2, "y": "\ud800"})
        tx.update_entity(node, {"z": 3})
    assert any_graph.get_entity(node)["properties"] == {"x": 1, "z": 3}


def test_no_relationship_loses_an_end(any_graph: PyDeedGraph) -> None:
    a, b = any_graph.add_entity("N"), any_graph.add_entity("N")
    adding, deleting = any_graph.transaction(), any_graph.transaction()
    adding.add_edge(a, b, "R")
    with pytest.raises(TransactionConflict):
        deleting.delete_entity(b)
        deleting.commit()
    adding.commit()
    deleting.rollback()
    assert any_graph.check() == []
    deleting, adding = any_graph.transaction(), any_graph.transaction()
    deleting.delete_entity(b, detach=True)
    with pytest.raises((TransactionConflict, NotFound)):
        adding.add_edge(a, b, "R")
        adding.commit()
    adding.rollback()
    deleting.commit()
    assert any_graph.edge_types() == {}
    assert any_graph.check() == []


def test_read_only_transactions(any_graph: PyDeedGraph) -> None:
    node = any_graph.add_entity("N", {"x": 1})
    edge = any_graph.add_edge(node, node, "R")
    with any_graph.transaction(read_only=True) as tx:
        for write in (
            lambda: tx.add_entity("N"),
            lambda: tx.add_edge(node, node, "R"),
            lambda: tx.update_entity(node, {"x": 2}),
            lambda: tx.delete_entity(node, detach=True),
            lambda: tx.delete_edge(edge),
            lambda: tx.add_entities("N", {"x": [1]}),
            lambda: tx.add_edges("R", [node], [node]),
        ):
            with pytest.raises(ReadOnly):
                write()
        assert tx.get_entity(node)["properties"] == {"x": 1}
    assert any_graph.collections() == {"N": 1} and any_graph.edge_types() == {"R": 1}


def test_many_open_transactions(any_graph: PyDeedGraph) -> None:
    transactions = [any_graph.transaction() for _ in range(200)]
    nodes = [tx.add_entity("N", {"i": i}) for i, tx in enumerate(transactions)]
    assert len(set(nodes)) == 200
    for tx in transactions[::2]:
        tx.commit()
    for tx in transactions[1::2]:
        tx.rollback()
    assert [row["properties"]["i"] for row in any_graph.scan_collection("N")] == list(range(0, 200, 2))


def test_iterating_while_writing(any_graph: PyDeedGraph) -> None:
    with any_graph.transaction() as tx:
        for i in range(100):
            tx.add_entity("N", {"i": i})
        for row in tx.iterate_collection("N"):
            tx.update_entity(row["id"], {"seen": True})
    assert all(row["properties"]["seen"] for row in any_graph.scan_collection("N"))


def test_a_scan_of_an_ended_transaction(any_graph: PyDeedGraph) -> None:
    any_graph.add_entities("N", {"i": range(10)})
    tx = any_graph.transaction()
    scan = tx.iterate_collection("N")
    next(scan)
    tx.commit()
    try:
        rest = list(scan)
    except TransactionEnded:
        pass
    else:
        assert len(rest) == 9
    del tx, scan


def test_use_by_a_second_thread_is_refused(graph: PyDeedGraph) -> None:
    nodes = graph.add_entities("N", {"i": range(300_000)})
    tx = graph.transaction()
    outcomes: list[object] = []
    started = threading.Event()

    def long_call() -> None:
        tx.add_edges("R", nodes[:-1], nodes[1:], progress=lambda done, total: (started.set(), None)[1])

    def intrude() -> None:
        started.wait()
        while thread.is_alive():
            try:
                tx.get_entity(nodes[0])
            except InvalidArgument as error:
                outcomes.append(str(error))
                return

    thread = threading.Thread(target=long_call)
    intruder = threading.Thread(target=intrude)
    thread.start()
    intruder.start()
    thread.join()
    intruder.join()
    assert outcomes == ["the transaction is in use by another thread"]
    tx.commit()
    assert graph.edge_types() == {"R": 299_999}


def test_a_progress_callback_cannot_use_the_busy_transaction(graph: PyDeedGraph) -> None:
    with graph.transaction() as tx:
        with pytest.raises(InvalidArgument, match="in use"):
            tx.add_entities("N", {"i": range(10)}, progress=lambda done, total: tx.add_entity("N"))
        assert tx.scan_collection("N") == []


def test_concurrent_increments(any_graph: PyDeedGraph) -> None:
    """No update is lost: every increment that was acknowledged counts."""
    node = any_graph.add_entity("N", {"x": 0})
    done = []

    def work() -> None:
        count = 0
        while count < 50:
            tx = any_graph.transaction()
            try:
                tx.update_entity(node, {"x": tx.get_entity(node)["properties"]["x"] + 1})
                tx.commit()
                count += 1
            except TransactionConflict:
                tx.rollback()
        done.append(count)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert any_graph.get_entity(node)["properties"] == {"x": sum(done)} == {"x": 200}


def test_committed_is_there_after_reopening(store: Path) -> None:
    with PyDeedGraph(store) as graph:
        with graph.transaction() as tx:
            a = tx.add_entity("N", {"x": 1})
            edge = tx.add_edge(a, a, "R")
        open_ended = graph.transaction()
        lost = open_ended.add_entity("N")
    assert not open_ended.active
    with PyDeedGraph(store) as graph:
        assert graph.get_entity(a)["properties"] == {"x": 1}
        assert graph.get_outgoing_neighbors(a) == [(a, edge)]
        assert graph.get_entity(lost) is None


def test_the_examples_of_the_documentation() -> None:
    results = doctest.testfile(str(Path(__file__).parents[2] / "docs" / "transactions.md"), module_relative=False)
    assert results.attempted > 30 and results.failed == 0
