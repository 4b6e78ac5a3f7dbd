"""Threads: the GIL is released where a call can take long, and many threads work on one graph at once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deed_core import Closed, DeedError, HasRelationships, NotFound, PyDeedGraph, TransactionConflict


def run(*targets: Callable[[], object]) -> None:
    """Runs the targets in threads and raises what one of them raised."""
    errors: list[BaseException] = []

    def guarded(target: Callable[[], object]) -> None:
        try:
            target()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(target,)) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def progress_of_another_thread(call: Callable[[], object]) -> tuple[float, float]:
    """How long `call` took, and the longest time for which it kept another Python thread waiting."""
    longest = 0.0
    stop = threading.Event()

    def watch() -> None:
        nonlocal longest
        last = time.perf_counter()
        while not stop.is_set():
            time.sleep(0.0005)
            now = time.perf_counter()
            longest = max(longest, now - last)
            last = now

    watcher = threading.Thread(target=watch)
    watcher.start()
    time.sleep(0.01)
    longest = 0.0
    start = time.perf_counter()
    call()
    took = time.perf_counter() - start
    stop.set()
    watcher.join()
    return took, longest


@pytest.fixture(scope="module")
def dense() -> PyDeedGraph:
    """200,000 entities and 2 million relationships."""
    graph = PyDeedGraph()
    nodes = graph.add_entities("N", {"i": np.arange(200_000)})
    generator = np.random.default_rng(1)
    ids = np.asarray(nodes)
    graph.add_edges("R", generator.choice(ids, 2_000_000), generator.choice(ids, 2_000_000))
    return graph


@pytest.mark.parametrize("method", ["traverse", "count_reachable", "check", "stats", "add_edges", "compact"])
def test_the_gil_is_released(dense: PyDeedGraph, method: str) -> None:
    start = dense.scan_collection("N")[0]["id"]
    ids = np.asarray(dense.traverse(start).ids)
    calls: dict[str, Callable[[], object]] = {
        "traverse": lambda: [dense.traverse(start) for _ in range(5)],
        "count_reachable": lambda: [dense.count_reachable(start) for _ in range(5)],
        "check": dense.check,
        "stats": dense.stats,
        "add_edges": lambda: dense.add_edges("S", ids, ids[::-1]),
        "compact": dense.compact,
    }
    took, longest = progress_of_another_thread(calls[method])
    assert longest < 0.05 or longest < took * 0.8, f"{method} took {took:.3f} s and kept a thread waiting for {longest:.3f} s"


def test_a_writer_and_readers(any_graph: PyDeedGraph) -> None:
    nodes = any_graph.add_entities("N", {"x": [0] * 100, "y": [0] * 100}).tolist()
    stop = threading.Event()

    def write() -> None:
        for i in range(1, 200):
            with any_graph.transaction() as tx:
                for node in nodes[:10]:
                    tx.update_entity(node, {"x": i, "y": -i})
        stop.set()

    def read() -> None:
        while not stop.is_set():
            with any_graph.transaction(read_only=True) as tx:
                rows = [tx.get_entity(node)["properties"] for node in nodes[:10]]
                assert len({(row["x"], row["y"]) for row in rows}) == 1, "a snapshot is of one moment"
                assert rows[0]["x"] == -rows[0]["y"]

    run(write, read, read, read)


def test_money_is_neither_made_nor_lost(any_graph: PyDeedGraph) -> None:
    accounts = any_graph.add_entities("Account", {"money": [100] * 10}).tolist()
    stop = threading.Event()

    def transfer(seed: int) -> None:
        rng = random.Random(seed)
        done = 0
        while done < 100:
            giver, taker = rng.sample(accounts, 2)
            tx = any_graph.transaction()
            try:
                amount = rng.randrange(50)
                for account, change in ((giver, -amount), (taker, amount)):
                    money = tx.get_entity(account)["properties"]["money"]
                    tx.update_entity(account, {"money": money + change})
                tx.commit()
                done += 1
            except TransactionConflict:
                tx.rollback()

    def audit() -> None:
        while not stop.is_set():
            total = sum(row["properties"]["money"] for row in any_graph.scan_collection("Account"))
            assert total == 1000

    auditor = threading.Thread(target=audit)
    run(*(lambda seed=seed: transfer(seed) for seed in range(4)), lambda: (auditor.start(), time.sleep(0)))
    stop.set()
    auditor.join()
    assert sum(row["properties"]["money"] for row in any_graph.scan_collection("Account")) == 1000


def test_concurrent_adds(any_graph: PyDeedGraph) -> None:
    hub = any_graph.add_entity("Hub")
    ids: list[list[int]] = [[] for _ in range(4)]

    def work(thread: int) -> None:
        for i in range(300):
            node = any_graph.add_entity(f"T{thread}", {"i": i, f"key {thread} {i % 20}": "x" * i})
            any_graph.add_edge(hub, node, f"R{i % 3}", {"thread": thread})
            ids[thread].append(node)

    run(*(lambda thread=thread: work(thread) for thread in range(4)))
    everything = [node for part in ids for node in part]
    assert len(set(everything)) == 1200
    assert any_graph.degree(hub) == 1200
    assert sorted(any_graph.neighbor_ids(hub)) == sorted(everything)
    for thread, part in enumerate(ids):
        assert [row["id"] for row in any_graph.scan_collection(f"T{thread}")] == sorted(part)
    assert any_graph.check() == []


def test_adds_and_deletes_leave_no_dangling_relationship(any_graph: PyDeedGraph) -> None:
    nodes = any_graph.add_entities("N", {"i": range(50)}).tolist()

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(300):
            try:
                choice = rng.random()
                if choice < 0.6:
                    any_graph.add_edge(rng.choice(nodes), rng.choice(nodes), "R")
                elif choice < 0.8:
                    any_graph.delete_entity(rng.choice(nodes), detach=rng.random() < 0.7)
                else:
                    nodes.append(any_graph.add_entity("N"))
            except (NotFound, TransactionConflict, HasRelationships):
                pass

    run(*(lambda seed=seed: work(seed) for seed in range(4)))
    alive = {row["id"] for row in any_graph.scan_collection("N")}
    edges = any_graph.scan_edges("R")
    assert all(edge["source"] in alive and edge["target"] in alive for edge in edges)
    assert sum(any_graph.degree(node) for node in alive) == len(edges)
    assert any_graph.check() == []


def test_readers_during_a_load(any_graph: PyDeedGraph) -> None:
    nodes = any_graph.add_entities("N", {"i": range(1000)})
    ids = np.asarray(nodes)
    stop = threading.Event()

    def load() -> None:
        try:
            for _ in range(3):
                any_graph.add_edges("R", np.tile(ids, 100), np.repeat(ids, 100))
        finally:
            stop.set()

    def read() -> None:
        while not stop.is_set():
            assert any_graph.degree(nodes[5]) % 100 == 0, "a load is seen whole or not at all"
            assert len(any_graph.neighbor_ids(nodes[7])) % 100 == 0

    run(load, read, read)
    assert any_graph.degree(nodes[5]) == 300


def test_a_load_that_needs_the_gil_while_others_hold_it(any_graph: PyDeedGraph) -> None:
    """The engine asks Python for batches and reports progress while other threads write with the GIL held."""
    schema = pa.schema({"i": pa.int64()})
    nodes = any_graph.add_entities("N", {"i": range(100)}).tolist()
    done = threading.Event()

    def load() -> None:
        for _ in range(3):
            batches = (pa.record_batch({"i": range(1000)}, schema=schema) for _ in range(50))
            reader = pa.RecordBatchReader.from_batches(schema, batches)
            any_graph.add_entities("N", reader, progress=lambda done, total: None)
        done.set()

    def write() -> None:
        count = 0
        while not done.is_set():
            with any_graph.transaction() as tx:
                for _ in range(50):
                    tx.add_edge(nodes[count % 100], tx.add_entity("N", {"i": count}), "R")
                    any_graph.get_entity(nodes[0])
                    count += 1
        assert any_graph.edge_types() == {"R": count}

    run(load, write)
    assert any_graph.collections()["N"] == 100 + 150_000 + any_graph.edge_types()["R"]
    assert any_graph.check() == []


def test_closing_while_others_work(store: Path) -> None:
    """Whatever the threads are in the middle of, they end with Closed, and what was acknowledged is there."""
    for _ in range(5):
        graph = PyDeedGraph(store)
        acknowledged: list[int] = []

        def write() -> None:
            with pytest.raises(Closed):
                while True:
                    acknowledged.append(graph.add_entity("N", {"x": 1}))

        def read() -> None:
            with pytest.raises(Closed):
                while True:
                    for row in graph.iterate_collection("N"):
                        graph.neighbor_ids(row["id"])
                    graph.stats()

        def in_transactions() -> None:
            with pytest.raises(Closed):
                while True:
                    with graph.transaction() as tx:
                        tx.add_entity("M")

        run(write, write, read, in_transactions, lambda: (time.sleep(0.05), graph.close()))
        with PyDeedGraph(store) as reopened:
            assert {row["id"] for row in reopened.scan_collection("N")} >= set(acknowledged)
            assert reopened.check() == []


def test_first_uses_of_names_at_once(graph: PyDeedGraph) -> None:
    def work() -> None:
        for i in range(2000):
            graph.add_entity(f"C{i % 100}", {f"k{i}": i})

    run(work, work, work, work)
    assert graph.collections() == {f"C{i}": 80 for i in range(100)}
    for i in range(100):
        for row in graph.scan_collection(f"C{i}"):
            [(key, value)] = row["properties"].items()
            assert key == f"k{value}"


def test_opening_at_once(tmp_path: Path) -> None:
    """Of many threads that open one store for writing, one succeeds."""
    opened: list[PyDeedGraph] = []
    refused: list[DeedError] = []

    def open_() -> None:
        try:
            opened.append(PyDeedGraph(tmp_path / "store"))
        except DeedError as error:
            refused.append(error)

    run(*[open_] * 8)
    assert len(opened) == 1 and len(refused) == 7
    opened[0].close()
