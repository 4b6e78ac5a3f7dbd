"""kill -9 at random moments: what was acknowledged is there, what was not is wholly there or wholly absent.

A child writes transactions from several threads, some of them in two phases, with checkpoints, compactions and changes of
indexes beside them, and reports through a pipe what it begins and what is done; it is killed, and the store is opened
again, with other options each time, and compared with the reports. The transactions that were in the air, one for each
thread, may be there or not, but only as a whole; those that were prepared are there as such; and the indexes agree with
the rows. The store lives on from kill to kill. More: DEED_KILLS=2000 pytest tests/test_crash.py
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import deed_core
from crash_child import (
    DELETED_LATER,
    INDEXES,
    LANES,
    TOUCHED_LATER,
    batch_size,
    is_bulk,
    is_in_two_phases,
    is_undone_first,
    options,
    step_gid,
    undone_gid,
)
from deed_core import PyDeedGraph

KILLS = int(os.environ.get("DEED_KILLS", "100"))
STORES = 4
CHILD = Path(__file__).with_name("crash_child.py")


def expected_rows(lane: int, steps: int) -> set[tuple[int, int, int, int | None]]:
    """Lane, step, position and touch of each row that a lane has after so many steps."""
    rows = set()
    for step in range(max(0, steps - DELETED_LATER), steps):
        touched = step + TOUCHED_LATER if step + TOUCHED_LATER < steps else None
        rows.update((lane, step, i, touched) for i in range(batch_size(lane, step)))
    return rows


class Expected:
    """What is known of a store: how many steps of each lane were acknowledged, what was last heard of each lane and each index."""

    def __init__(self) -> None:
        self.steps = [0] * LANES
        self.words = ["ok"] * LANES
        self.indexes = dict.fromkeys(INDEXES, "dropped")
        # What was compared, so that the test can say that there was something to compare.
        self.indexes_compared = self.prepared_found = 0

    def take(self, line: str) -> None:
        word, *rest = line.split()
        if word in ("make", "made", "drop", "dropped"):
            self.indexes[rest[0]] = word
        elif word != "ready":
            lane, step = map(int, rest)
            assert step == self.steps[lane]
            self.words[lane] = word
            self.steps[lane] += word == "ok"

    def check(self, path: Path, rng: random.Random) -> None:
        """Compares the store with what is known, learns what of the rest got through, and ends what is prepared."""
        if rng.random() < 0.3 and (path / "CURRENT").exists():
            with PyDeedGraph(path, read_only=True) as reader:
                self.compare(reader)
        for opens_left in reversed(range(rng.choice([1, 1, 1, 2]))):
            with PyDeedGraph(path, **options(rng)) as graph:
                self.compare(graph)
                assert graph.check() == []
                if opens_left == 0 and self.words != ["ok"] * LANES:
                    self.decide(graph, rng)
                    self.compare(graph)
                    assert graph.check() == []

    def decide(self, graph: PyDeedGraph, rng: random.Random) -> None:
        for lane in range(LANES):
            if self.words[lane] == "held":
                graph.rollback_prepared(undone_gid(lane, self.steps[lane]))
            elif self.words[lane] == "prepared" and rng.random() < 0.5:
                graph.rollback_prepared(step_gid(lane, self.steps[lane]))
            elif self.words[lane] == "prepared":
                graph.commit_prepared(step_gid(lane, self.steps[lane]))
                self.steps[lane] += 1
            self.words[lane] = "ok"

    def compare(self, graph: PyDeedGraph) -> None:
        self.compare_steps(graph)
        self.compare_rows(graph)

    def compare_steps(self, graph: PyDeedGraph) -> None:
        counters = {row["properties"]["lane"]: row["properties"]["value"] for row in graph.scan_collection("Counter")}
        listed = {transaction["gid"] for transaction in graph.list_prepared()}
        for lane, (steps, word) in enumerate(zip(self.steps, self.words)):
            found = counters.get(lane, 0)
            held, ready = undone_gid(lane, steps) in listed, step_gid(lane, steps) in listed
            listed -= {undone_gid(lane, steps), step_gid(lane, steps)}
            assert (found - steps, held, ready) in possible_states(lane, steps, word), (
                f"lane {lane}: {found} steps, acknowledged {steps}, last heard of '{word}', prepared {held} {ready}")
            self.steps[lane] = found
            self.words[lane] = "held" if held else "prepared" if ready else "ok"
            self.prepared_found += held or ready
        assert not listed
        names = {index["name"] for index in graph.indexes()}
        for name, word in self.indexes.items():
            assert word in ("make", "drop") or (word == "made") == (name in names), (
                f"the index {name} is {'there' if name in names else 'missing'}, and was {word}")
            self.indexes[name] = "made" if name in names else "dropped"
        assert names <= INDEXES.keys()

    def compare_rows(self, graph: PyDeedGraph) -> None:
        rows = {}
        for row in graph.scan_collection("Batch"):
            properties = row["properties"]
            rows[row["id"]] = (properties["lane"], properties["step"], properties["i"], properties.get("touched"))
        expected = set().union(*(expected_rows(lane, steps) for lane, steps in enumerate(self.steps)))
        assert len(rows) == len(expected) and set(rows.values()) == expected

        steps = [(lane, step) for lane in range(LANES)
                 for step in range(max(0, self.steps[lane] - DELETED_LATER), self.steps[lane])]
        links = [(rows[edge["source"]][:3], rows[edge["target"]][:3]) for edge in graph.scan_edges("NEXT")]
        chain = {((lane, step, i), (lane, step, i + 1)) for lane, step in steps if not is_bulk(lane, step)
                 for i in range(batch_size(lane, step) - 1)}
        assert len(links) == len(chain) and set(links) == chain
        members = [rows[edge["target"]][:3] for edge in graph.scan_edges("MEMBER")]
        assert sorted(members) == sorted((lane, step, 0) for lane, step in steps)
        for hub in graph.scan_collection("Hub"):
            assert graph.degree(hub["id"], "MEMBER") == len(members)
        for name in (name for name, word in self.indexes.items() if word == "made"):
            compare_index(graph, name)
            self.indexes_compared += 1


def possible_states(lane: int, step: int, word: str) -> set[tuple[int, bool, bool]]:
    """How many steps more than acknowledged there may be, and whether the one to undo and the one to commit may be prepared."""
    nothing, held, ready = (0, False, False), (0, True, False), (0, False, True)
    begun = {nothing, held} if is_undone_first(lane, step) else {nothing, ready}
    return {
        "ok": {nothing},
        "try": begun if is_in_two_phases(lane, step) else {nothing, (1, False, False)},
        "held": {held},
        "undo": {held, nothing},
        "undone": {nothing, ready},
        "prepared": {ready},
        "commit": {ready, (1, False, False)},
    }[word]


def compare_index(graph: PyDeedGraph, name: str) -> None:
    """The rows in the order of the index are the rows that a scan finds, sorted."""
    table, kind, properties, _ = INDEXES[name]
    found = graph.scan_collection(table) if kind == "entity" else graph.scan_edges(table)
    rows = sorted(([row["properties"][key] for key in properties], row["id"]) for row in found)
    assert graph.find_range(table, properties, kind=kind) == [id for _, id in rows], f"the index {name} has other rows"
    for values, _ in rows[:: max(1, len(rows) // 20)]:
        assert graph.find(table, properties, values, kind=kind) == [id for others, id in rows if others == values]


def kill_one(path: Path, seed: int, expected: Expected) -> None:
    rng = random.Random(seed)
    environment = {**os.environ, "PYTHONPATH": str(Path(deed_core.__file__).parent)}
    command = [sys.executable, str(CHILD), str(path), str(seed), ",".join(map(str, expected.steps))]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert child.stdout is not None and child.stderr is not None
    lines: list[str] = []
    if rng.random() < 0.9:  # otherwise it dies while it starts or opens the store
        lines.append(child.stdout.readline())
    time.sleep(rng.choice([0, 0.001, 0.01, 0.05, 0.1, rng.random() * 0.3]))
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.readlines()
    errors = child.stderr.read()
    assert child.wait() == -signal.SIGKILL, errors
    for line in lines:
        if line.endswith("\n"):
            expected.take(line)
    child.stdout.close()
    child.stderr.close()


def kill_again_and_again(path: Path, store: int) -> Expected:
    expected = Expected()
    for kill in range(KILLS // STORES):
        seed = store * 1_000_000 + kill
        kill_one(path, seed, expected)
        try:
            expected.check(path, random.Random(seed))
        except Exception as error:
            raise AssertionError(f"store {path}, after the kill with seed {seed}: {error}") from error
    return expected


def test_kills(tmp_path: Path) -> None:
    with ThreadPoolExecutor(STORES) as pool:
        stores = list(pool.map(lambda store: kill_again_and_again(tmp_path / str(store), store), range(STORES)))
    committed = sum(sum(store.steps) for store in stores)
    indexes, prepared = sum(store.indexes_compared for store in stores), sum(store.prepared_found for store in stores)
    print(f"{KILLS} kills, {committed} transactions, {prepared} found prepared, {indexes} indexes compared")
    assert committed > KILLS, "the children must get something done before they are killed"
    assert KILLS < 100 or min(indexes, prepared) > KILLS // 10, "the kills must hit indexes and prepared transactions"
