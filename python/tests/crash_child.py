"""The process that test_crash.py kills: writes at random, and says through a pipe what it is about to do and has done.

    python crash_child.py <store> <seed> <first transaction>

Lines on standard output: "try <n>" before transaction n, "ok <n> <ids>" after its commit returned.
"""

from __future__ import annotations

import random
import sys

from deed_core import PyDeedGraph


def batch_size(number: int) -> int:
    return random.Random(number).randrange(1, 40)


def write(graph: PyDeedGraph, number: int) -> list[int]:
    """Transaction `number`: a batch of entities in a chain, and a counter that says how often there was one."""
    size = batch_size(number)
    if number % 5 == 0:  # a bulk load; it bypasses the log
        ids = graph.add_entities("Batch", {"number": [number] * size, "i": range(size), "blob": ["x" * 200] * size})
        return ids.tolist()
    with graph.transaction() as tx:
        ids = [tx.add_entity("Batch", {"number": number, "i": i, "blob": "x" * 200}) for i in range(size)]
        for source, target in zip(ids, ids[1:]):
            tx.add_edge(source, target, "NEXT", {"number": number})
        counter = tx.scan_collection("Counter")[0]
        tx.update_entity(counter["id"], {"value": counter["properties"]["value"] + 1})
    return ids


def main() -> None:
    path, seed, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    with PyDeedGraph(path) as graph:
        if not graph.scan_collection("Counter"):
            graph.add_entity("Counter", {"value": 0})
        print("ready", flush=True)
        while True:
            print("try", number, flush=True)
            ids = write(graph, number)
            print("ok", number, *ids, flush=True)
            if rng.random() < 0.03:
                graph.checkpoint()
            if rng.random() < 0.01:
                graph.compact()
            number += 1


if __name__ == "__main__":
    main()
