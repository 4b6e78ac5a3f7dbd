"""The process that test_prepared.py kills: prepares transactions and decides them, and says what it is about to do and has done.

    python prepared_child.py <store> <seed> <first transaction>

Lines on standard output: "<verb> <n>" before and after each step: try, prepared, commit, committed, rollback, undone.
"""

from __future__ import annotations

import random
import sys

from deed_core import PyDeedGraph, Session

SLOTS = 6


def size_of(number: int) -> int:
    return random.Random(number).randrange(1, 20)


def write(session: Session, number: int, hub: int, slot: int, victim: int) -> None:
    """Transaction `number`: a fan of entities around a hub, a slot that takes the number, and a victim that goes."""
    for i in range(size_of(number)):
        entity = session.add_entity("Item", {"number": number, "i": i, f"only{number % 7}": "x" * 50})
        session.add_edge(hub, entity, "HAS", {"number": number})
    session.update_entity(slot, {"number": number})
    session.delete_entity(victim, detach=True)


def main() -> None:
    path, seed, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    with PyDeedGraph(path) as graph:
        hub = graph.scan_collection("Hub")[0]["id"]
        slots = [row["id"] for row in graph.scan_collection("Slot")]
        print("ready", flush=True)
        undecided: dict[int, int] = {}
        while True:
            number += 1
            slot = number % SLOTS
            if slot not in undecided:
                print("try", number, flush=True)
                victim = graph.add_entity("Victim", {"number": number})
                graph.add_edge(hub, victim, "HAD")
                tx = graph.transaction()
                write(tx, number, hub, slots[slot], victim)
                tx.prepare(f"t{number}")
                undecided[slot] = number
                print("prepared", number, flush=True)
            if rng.random() < 0.1:
                graph.checkpoint()
            if rng.random() < 0.03:
                graph.compact()
            if undecided and rng.random() < 0.6:
                slot = rng.choice(sorted(undecided))
                decided = undecided.pop(slot)
                if rng.random() < 0.6:
                    print("commit", decided, flush=True)
                    graph.commit_prepared(f"t{decided}")
                    print("committed", decided, flush=True)
                else:
                    print("rollback", decided, flush=True)
                    graph.rollback_prepared(f"t{decided}")
                    print("undone", decided, flush=True)


if __name__ == "__main__":
    main()
