"""The process that test_memory_limit.py looks at from outside: a store of four times its memory limit, in phases.

    python memory_child.py <store> <limit> work|recover|measure

After each phase it prints the phase's name and a number, and waits for a line of input.
"""

from __future__ import annotations

import array
import random
import sys

from deed_core import PyDeedGraph

CHUNK = 20_000
CHUNKS = 40
EDGE_CHUNK = 100_000
EDGE_CHUNKS = 10


def report(phase: str, number: object = 0) -> None:
    print(phase, number, flush=True)
    sys.stdin.readline()


def load(graph: PyDeedGraph, rng: random.Random) -> array.array[int]:
    ids = array.array("Q")
    for chunk in range(CHUNKS):
        texts = [f"{rng.getrandbits(640):0160x}" for _ in range(CHUNK)]
        numbers = array.array("q", range(chunk * CHUNK, (chunk + 1) * CHUNK))
        ids.extend(graph.add_entities("Row", {"number": numbers, "text": texts}))
    return ids


def connect(graph: PyDeedGraph, ids: array.array[int], rng: random.Random) -> None:
    for _ in range(EDGE_CHUNKS):
        sources = array.array("Q", rng.choices(ids, k=EDGE_CHUNK))
        graph.add_edges("TO", sources, array.array("Q", reversed(sources)))


def work(graph: PyDeedGraph) -> None:
    rng = random.Random(1)
    ids = load(graph, rng)
    report("load")
    connect(graph, ids, rng)
    report("connect")
    for id in rng.choices(ids, k=500):
        assert graph.get_entity(id) is not None
        graph.get_outgoing_neighbors(id)
    report("read")
    for id in rng.choices(ids, k=300):
        graph.update_entity(id, {"text": f"{rng.getrandbits(800):0240x}"})
    report("update")
    for id in rng.sample(ids, 40):
        graph.delete_entity(id, detach=True)
    report("delete")
    graph.checkpoint()
    for id in rng.sample(ids, 100):
        if graph.get_entity(id) is not None:
            graph.update_entity(id, {"number": -1})
    report("checkpoint")


def recover(graph: PyDeedGraph) -> None:
    report("recover")
    changed = sum(row["properties"]["number"] == -1 for row in graph.iterate_collection("Row"))
    assert 0 < changed <= 100
    report("scan")


def measure(graph: PyDeedGraph) -> None:
    """Brings everything into memory."""
    for row in graph.iterate_collection("Row"):
        graph.get_outgoing_neighbors(row["id"])
        graph.get_incoming_neighbors(row["id"])
    for _ in graph.iterate_edges("TO"):
        pass
    report("size", graph.stats()["memory"]["total"])


def main() -> None:
    path, limit, phases = sys.argv[1], int(sys.argv[2]), {"work": work, "recover": recover, "measure": measure}[sys.argv[3]]
    report("start")
    with PyDeedGraph(path, memory_limit=limit, durability="async") as graph:
        phases(graph)


if __name__ == "__main__":
    main()
