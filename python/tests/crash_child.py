"""The process that test_crash.py kills: threads that write side by side, and says what they begin and have done.

    python crash_child.py <store> <seed> <steps done by each lane, as 3,0,7>

Lines on standard output: "try <lane> <step>" before a transaction, "ok <lane> <step>" after its commit returned; those that
are committed in two phases say in between how far they are, see `Lane.write_in_two_phases`. Each lane has a thread, and what
a step does depends on lane and step alone, so that the state after any number of steps is known. Another thread makes and
drops indexes: "make <name>", "made <name>", "drop <name>", "dropped <name>".
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
import traceback

from deed_core import PyDeedGraph, Session, TransactionConflict

LANES = 3
BULK_EVERY = 30
BULK_ROWS = 8_500  # more than the engine loads row by row
TOUCHED_LATER = 2
DELETED_LATER = 4

# By name: the table, its kind, the properties, and whether they are unique.
INDEXES: dict[str, tuple[str, str, tuple[str, ...], bool]] = {
    "by_step": ("Batch", "entity", ("step",), False),
    "by_place": ("Batch", "entity", ("lane", "step", "i"), True),
    "by_lane": ("MEMBER", "relationship", ("lane", "step"), False),
}


def is_bulk(lane: int, step: int) -> bool:
    return (step + 10 * lane) % BULK_EVERY == 5


def batch_size(lane: int, step: int) -> int:
    return BULK_ROWS if is_bulk(lane, step) else random.Random(lane * 1_000_003 + step).randrange(1, 25)


def is_in_two_phases(lane: int, step: int) -> bool:
    return (step + lane) % 3 == 1 and not is_bulk(lane, step)


def is_undone_first(lane: int, step: int) -> bool:
    return is_in_two_phases(lane, step) and (step + lane) % 2 == 0


def step_gid(lane: int, step: int) -> str:
    return f"step {lane} {step}"


def undone_gid(lane: int, step: int) -> str:
    return f"undone {lane} {step}"


def options(rng: random.Random) -> dict[str, object]:
    """Nothing acknowledged may depend on these: a killed process loses nothing that the system has."""
    return {
        "durability": rng.choice(["sync", "sync", "async"]),
        "memory_limit": rng.choice([32 << 20, 64 << 20, 256 << 20, None]),
    }


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Lane:
    """One thread's transactions: each adds a batch in a chain, touches the batch before the last, and deletes an old one."""

    def __init__(self, graph: PyDeedGraph, number: int, first: int, hub: int) -> None:
        self.graph, self.number, self.step, self.hub = graph, number, first, hub
        self.batches: dict[int, list[int]] = {}
        for row in graph.scan_collection("Batch"):
            if row["properties"]["lane"] == number:
                self.batches.setdefault(row["properties"]["step"], []).append(row["id"])
        counters = [row for row in graph.scan_collection("Counter") if row["properties"]["lane"] == number]
        self.counter = counters[0]["id"]

    def write(self, tx: Session) -> list[int]:
        lane, step = self.number, self.step
        size = batch_size(lane, step)
        if is_bulk(lane, step):
            columns = {"lane": [lane] * size, "step": [step] * size, "i": range(size)}
            ids = tx.add_entities("Batch", columns).tolist()
        else:
            ids = [tx.add_entity("Batch", {"lane": lane, "step": step, "i": i, "text": "x" * 200}) for i in range(size)]
            for source, target in zip(ids, ids[1:]):
                tx.add_edge(source, target, "NEXT", {"lane": lane, "step": step})
        tx.add_edge(self.hub, ids[0], "MEMBER", {"lane": lane, "step": step})
        for id in self.batches.get(step - TOUCHED_LATER, []):
            tx.update_entity(id, {"touched": step})
        for id in self.batches.get(step - DELETED_LATER, []):
            tx.delete_entity(id, detach=True)
        tx.update_entity(self.counter, {"value": step + 1})
        return ids

    def write_at_once(self) -> list[int]:
        """A load beside which an index of its collection changes is a conflict, and begins anew."""
        while True:
            try:
                with self.graph.transaction() as tx:
                    return self.write(tx)
            except TransactionConflict:
                if not is_bulk(self.number, self.step):
                    raise

    def write_in_two_phases(self) -> list[int]:
        """Some are prepared and undone first."""
        lane, step, graph = self.number, self.step, self.graph
        if is_undone_first(lane, step):
            tx = graph.transaction()
            self.write(tx)
            tx.prepare(undone_gid(lane, step))
            say("held", lane, step)
            say("undo", lane, step)
            graph.rollback_prepared(undone_gid(lane, step))
            say("undone", lane, step)
        tx = graph.transaction()
        ids = self.write(tx)
        tx.prepare(step_gid(lane, step))
        say("prepared", lane, step)
        say("commit", lane, step)
        graph.commit_prepared(step_gid(lane, step))
        return ids

    def run(self) -> None:
        while True:
            say("try", self.number, self.step)
            if is_in_two_phases(self.number, self.step):
                ids = self.write_in_two_phases()
            else:
                ids = self.write_at_once()
            say("ok", self.number, self.step)
            self.batches.pop(self.step - DELETED_LATER, None)
            self.batches[self.step] = ids
            self.step += 1


def upkeep(graph: PyDeedGraph, rng: random.Random) -> None:
    """Checkpoints and compactions beside the writers."""
    while True:
        time.sleep(rng.random() * 0.05)
        graph.checkpoint()
        if rng.random() < 0.1:
            graph.compact()


def change_indexes(graph: PyDeedGraph, rng: random.Random) -> None:
    """Makes and drops indexes beside the writers, whose transactions may be in the way."""
    while True:
        name = rng.choice(sorted(INDEXES))
        is_there = any(index["name"] == name for index in graph.indexes())
        say("drop" if is_there else "make", name)
        try:
            if is_there:
                graph.drop_index(name)
            else:
                table, kind, properties, unique = INDEXES[name]
                graph.create_index(table, properties, unique=unique, name=name, kind=kind)
            is_there = not is_there
        except TransactionConflict:
            pass
        say("made" if is_there else "dropped", name)
        time.sleep(rng.random() * 0.05)


def guarded(work, *arguments) -> None:
    """A thread that fails ends the process, and so the test."""
    try:
        work(*arguments)
    except BaseException:
        traceback.print_exc()
        os._exit(3)


def main() -> None:
    path, seed, firsts = sys.argv[1], int(sys.argv[2]), [int(step) for step in sys.argv[3].split(",")]
    rng = random.Random(seed)
    graph = PyDeedGraph(path, **options(rng))
    if not graph.scan_collection("Hub"):
        with graph.transaction() as tx:
            tx.add_entity("Hub")
            for number in range(LANES):
                tx.add_entity("Counter", {"lane": number, "value": 0})
    hub = graph.scan_collection("Hub")[0]["id"]
    lanes = [Lane(graph, number, first, hub) for number, first in enumerate(firsts)]
    say("ready")
    for lane in lanes:
        threading.Thread(target=guarded, args=(lane.run,), daemon=True).start()
    if rng.random() < 0.7:
        threading.Thread(target=guarded, args=(upkeep, graph, random.Random(seed + 1)), daemon=True).start()
    if rng.random() < 0.7:
        threading.Thread(target=guarded, args=(change_indexes, graph, random.Random(seed + 2)), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
