"""Random operations against plain dictionaries: outside and inside of transactions, and across reopening.

Longer runs: DEED_MODEL_STEPS=20000 DEED_SEED=1 pytest tests/test_model.py
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from deed_core import PyDeedGraph, TransactionConflict
from model import Driver, Model, compare, compare_store

STEPS = int(os.environ.get("DEED_MODEL_STEPS", "400"))


@pytest.fixture(params=range(4))
def seeded(request: pytest.FixtureRequest) -> random.Random:
    seed = int(os.environ.get("DEED_SEED", "1000")) + request.param
    print(f"seed {seed}: run again with DEED_SEED={seed}")
    return random.Random(seed)


def test_single_operations(any_graph: PyDeedGraph, seeded: random.Random) -> None:
    model = Model()
    driver = Driver(seeded, any_graph, model)
    for step in range(STEPS):
        driver.step()
        if step % 200 == 199:
            compare_store(any_graph, model)
    compare_store(any_graph, model)


def test_transactions(any_graph: PyDeedGraph, seeded: random.Random) -> None:
    """Some commit, some roll back; while one is open, the graph outside still shows what was before."""
    model = Model()
    for _ in range(STEPS // 20):
        inside = model.copy()
        tx = any_graph.transaction()
        driver = Driver(seeded, tx, inside)
        for _ in range(seeded.randrange(1, 25)):
            driver.step()
        if seeded.random() < 0.3:
            compare(any_graph, model)
            compare(tx, inside)
        if seeded.random() < 0.6:
            tx.commit()
            model = inside
        else:
            tx.rollback()
        if seeded.random() < 0.3:
            compare_store(any_graph, model)
    compare_store(any_graph, model)


def test_snapshots_stay(any_graph: PyDeedGraph, seeded: random.Random) -> None:
    """Readers that began at different moments each go on seeing theirs, until compaction and beyond."""
    model = Model()
    driver = Driver(seeded, any_graph, model)
    readers = []
    for _ in range(8):
        for _ in range(STEPS // 10):
            driver.step()
        readers.append((any_graph.transaction(read_only=True), model.copy()))
        if seeded.random() < 0.3:
            any_graph.compact()
        for tx, then in readers:
            compare(tx, then)
        if seeded.random() < 0.4:
            readers.pop(seeded.randrange(len(readers)))[0].rollback()
    compare_store(any_graph, model)


def test_two_writers(any_graph: PyDeedGraph, seeded: random.Random) -> None:
    """Two transactions that write at once: each either conflicts or is right about the state it has seen."""
    model = Model()
    driver = Driver(seeded, any_graph, model)
    for _ in range(60):
        driver.step()
    for _ in range(STEPS // 20):
        sides = [Driver(seeded, any_graph.transaction(), model.copy()) for _ in range(2)]
        alive = [True, True]
        for _ in range(seeded.randrange(2, 20)):
            side = seeded.randrange(2)
            if alive[side]:
                try:
                    sides[side].step()
                except TransactionConflict:
                    sides[side].session.rollback()
                    alive[side] = False
        committed = []
        for side in seeded.sample(range(2), 2):
            if alive[side]:
                try:
                    sides[side].session.commit()
                    committed.append(sides[side].model)
                except TransactionConflict:
                    pass
        if len(committed) == 1:
            model = committed[0]
        elif len(committed) == 2:
            model = merged(model, *committed)
        compare_store(any_graph, model)


def merged(base: Model, first: Model, second: Model) -> Model:
    """What two transactions without a conflict have made of the state that both began with."""
    result = Model()
    for name in ("entities", "edges"):
        before, a, b, into = (getattr(model, name) for model in (base, first, second, result))
        for id in before.keys() | a.keys() | b.keys():
            changed = a if a.get(id) != before.get(id) else b
            if id in changed:
                into[id] = changed[id]
    return result


def test_reopening(store: Path, seeded: random.Random) -> None:
    """Checkpoints, compactions and reopening at random points change nothing."""
    model = Model()
    for _ in range(6):
        with PyDeedGraph(store, durability=seeded.choice(["sync", "async", "none"])) as graph:
            compare_store(graph, model)
            driver = Driver(seeded, graph, model)
            for _ in range(STEPS // 6):
                driver.step()
                action = seeded.random()
                if action < 0.01:
                    graph.checkpoint()
                elif action < 0.02:
                    graph.compact()
            compare_store(graph, model)
    with PyDeedGraph(store, read_only=True) as graph:
        compare_store(graph, model)
