"""Statements that wait for other transactions: deadlocks, timeouts, Ctrl-C, and closing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from deed_core import (
    Closed,
    Deadlock,
    InvalidArgument,
    LockTimeout,
    PyDeedGraph,
    Transaction,
    TransactionConflict,
)


def start(target: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=target)
    thread.start()
    return thread


def circle(transactions: list[Transaction], step: Callable[[Transaction, int], object]) -> tuple[list[int], str, float]:
    """Each transaction does step i + 1 after its own: who got a Deadlock, its text, and how long the last took to be told."""
    size = len(transactions)
    failed: list[int] = []
    texts: list[str] = []
    ended: list[float] = []

    def go_on(i: int) -> None:
        try:
            step(transactions[i], (i + 1) % size)
        except Deadlock as error:
            ended.append(time.perf_counter())
            failed.append(i)
            texts.append(str(error))
        transactions[i].rollback()

    for i, tx in enumerate(transactions):
        step(tx, i)
    threads = [start(lambda i=i: go_on(i)) for i in range(size - 1)]  # type: ignore[misc]
    time.sleep(0.05)
    begun = time.perf_counter()
    go_on(size - 1)
    for thread in threads:
        thread.join()
    return failed, texts[0], ended[0] - begun


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("on", ["rows", "relationships"])
def test_the_youngest_of_a_circle_gives_way(any_graph: PyDeedGraph, size: int, on: str) -> None:
    ids = [any_graph.add_entity("N") for _ in range(size)]
    edges = [any_graph.add_edge(ids[0], id, "R") for id in ids]
    transactions = [any_graph.transaction(on_conflict="wait") for _ in range(size)]
    steps: dict[str, Callable[[Transaction, int], object]] = {
        "rows": lambda tx, i: tx.update_entity(ids[i], {"by": tx.number}),
        "relationships": lambda tx, i: tx.delete_edge(edges[i]),
    }
    failed, text, seconds = circle(transactions, steps[on])
    assert failed == [size - 1] and not any(tx.active for tx in transactions)
    for tx in transactions:
        assert f"transaction {tx.number} waits for transaction" in text
    print(f"{on}, {size}: {seconds * 1000:.2f} ms")
    assert seconds < 5  # far less; this is for machines that are very busy
    assert any_graph.check() == []


def test_the_default_of_the_graph(store: Path) -> None:
    for path in (None, store):
        with PyDeedGraph(path, on_conflict="wait", timeout=0.02) as graph:
            a = graph.add_entity("N")
            holder = graph.transaction()
            holder.update_entity(a, {"v": 1})
            with pytest.raises(LockTimeout, match=f"transaction {holder.number}"):
                graph.update_entity(a, {"v": 2})
            with pytest.raises(LockTimeout):
                graph.transaction().delete_entity(a)
            with pytest.raises(TransactionConflict, match="roll back"):
                graph.transaction(on_conflict="fail").delete_entity(a)
            thread = start(lambda: (time.sleep(0.05), holder.commit()))
            with graph.transaction(timeout=None) as tx, pytest.raises(TransactionConflict):
                tx.update_entity(a, {"v": 3})
            thread.join()
            graph.update_entity(a, {"v": 4})


def test_bulk_loads_wait_too(any_graph: PyDeedGraph) -> None:
    a, b = any_graph.add_entity("N"), any_graph.add_entity("N")
    for count in (3, 10_000):
        holder = any_graph.transaction()
        holder.delete_entity(b, detach=True)
        thread = start(lambda: (time.sleep(0.05), holder.rollback()))
        with any_graph.transaction(on_conflict="wait") as tx:
            edges = tx.add_edges("R", [a] * count, [b] * count, {"i": range(count)})
        thread.join()
        assert [any_graph.get_edge(edges[i])["properties"]["i"] for i in (0, count - 1)] == [0, count - 1]
    assert any_graph.check() == []


def test_arguments(graph: PyDeedGraph) -> None:
    for arguments in (
        {"on_conflict": "maybe"},
        {"on_conflict": 1},
        {"timeout": -1},
        {"timeout": "soon"},
        {"timeout": float("nan")},
        {"isolation": "chaos"},
        {"isolation": None},
    ):
        with pytest.raises(InvalidArgument):
            graph.transaction(**arguments)  # type: ignore[arg-type]
        if "isolation" not in arguments:
            with pytest.raises(InvalidArgument):
                PyDeedGraph(**arguments)  # type: ignore[arg-type]
    assert graph.transaction(timeout=1e300).active and graph.transaction(timeout=0).active


def test_interrupting_a_wait(graph: PyDeedGraph) -> None:
    a, b = graph.add_entity("N"), graph.add_entity("N")
    holder = graph.transaction()
    holder.update_entity(a, {"v": 1})
    waiter = graph.transaction(on_conflict="wait")
    waiter.update_entity(b, {"v": 1})
    thread = start(lambda: (time.sleep(0.1), os.kill(os.getpid(), signal.SIGINT)))
    with pytest.raises(KeyboardInterrupt):
        waiter.update_entity(a, {"v": 2})
    thread.join()
    assert waiter.active
    waiter.commit()
    holder.rollback()
    assert graph.get_entity(b)["properties"] == {"v": 1}


def test_closing_ends_the_waiting(any_graph: PyDeedGraph) -> None:
    a = any_graph.add_entity("N")
    holder = any_graph.transaction()
    holder.update_entity(a, {"v": 1})
    outcome: list[type] = []

    def wait() -> None:
        tx = any_graph.transaction(on_conflict="wait")
        try:
            tx.update_entity(a, {"v": 2})
        except Exception as error:
            outcome.append(type(error))

    threads = [start(wait) for _ in range(3)]
    time.sleep(0.05)
    any_graph.close()
    for thread in threads:
        thread.join()
    assert outcome == [Closed] * 3
