"""The processes that test_replication_crash.py kills: a source that writes at random and ships its records, and a replica.

    python replication_child.py source <store> <shipped> <seed>
    python replication_child.py replica <store> <shipped> <seed>

The source appends each record to the file `shipped`, after its size (8 bytes), and the replica applies what it finds there.
Both say "<sequence> <digest>" of states that they have been in on standard output.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from deed_core import PyDeedGraph


def records(shipped: Path) -> Iterator[bytes]:
    """The records that are in the file wholly."""
    data = shipped.read_bytes() if shipped.exists() else b""
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 8], "little")
        if position + 8 + size > len(data):
            return
        yield data[position + 8 : position + 8 + size]
        position += 8 + size


def ship(graph: PyDeedGraph, shipped: Path) -> None:
    """Goes on where the file ends, and first cuts off what a kill has left of a record."""
    done = list(records(shipped))
    with shipped.open("ab") as file:
        file.truncate(sum(8 + len(data) for data in done))
        for record in graph.changes(since=len(done), wait=1e6):
            file.write(len(record.data).to_bytes(8, "little") + record.data)
            file.flush()


def report(graph: PyDeedGraph) -> None:
    print(*graph.state_digest(), flush=True)


def write(graph: PyDeedGraph, rng: random.Random, ids: list[int]) -> None:
    """One commit or none."""
    kind = rng.randrange(10)
    if kind == 0:
        ids += graph.add_entities("Bulk", {"n": range(9000), "s": [f"text {rng.random()}"] * 9000})[::100]
    elif kind == 1 and ids:
        some = [rng.choice(ids) for _ in range(9000)]
        graph.add_edges("BULK", some, some[1:] + some[:1], {"w": [rng.random()] * 9000})
    elif kind == 2 and len(ids) > 5:
        graph.delete_entity(ids.pop(rng.randrange(len(ids))), detach=True)
    elif kind <= 5 and ids:
        key = f"key{rng.randrange(12)}"
        graph.update_entity(rng.choice(ids), {key: rng.choice([None, 1, 2.5, "x" * 40, b"y"])}, replace=kind == 3)
    else:
        with graph.transaction() as transaction:
            new = transaction.add_entity(f"Kind{rng.randrange(30)}", {"a": rng.randrange(100)})
            for _ in range(rng.randrange(4) if ids else 0):
                transaction.add_edge(new, rng.choice(ids), f"TYPE{rng.randrange(9)}", {"w": rng.random()})
        ids.append(new)


def source(path: Path, shipped: Path, rng: random.Random) -> None:
    with PyDeedGraph(path, durability="async", retain_log_bytes=float("inf")) as graph:
        ids = [row["id"] for name in graph.collections() for row in graph.iterate_collection(name)][::50]
        threading.Thread(target=ship, args=(graph, shipped), daemon=True).start()
        print("ready", flush=True)
        while True:
            write(graph, rng, ids)
            if rng.random() < 0.1:
                report(graph)
            if rng.random() < 0.03:
                graph.checkpoint()


def replica(path: Path, shipped: Path, rng: random.Random) -> None:
    with PyDeedGraph(path, durability="async", replica=True) as graph:
        report(graph)
        while True:
            for data in records(shipped):
                if graph.apply(data) and rng.random() < 0.1:
                    report(graph)
                    if rng.random() < 0.2:
                        graph.checkpoint()
            time.sleep(0.01)


if __name__ == "__main__":
    {"source": source, "replica": replica}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]), random.Random(int(sys.argv[4])))
