"""kill -9 at random moments: what was acknowledged is there, what was not is wholly there or wholly absent.

A child writes transactions from several threads, with checkpoints and compactions beside them, and reports through a pipe
what it begins and what is committed; it is killed, and the store is opened again, with other options each time, and
compared with the reports. The transactions that were in the air, one for each thread, may be there or not, but only as a
whole. The store lives on from kill to kill. More: DEED_KILLS=2000 pytest tests/test_crash.py
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
from crash_child import DELETED_LATER, LANES, TOUCHED_LATER, batch_size, is_bulk, options
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
    """What is known of a store: how many steps of each lane were acknowledged, and in which lanes one was in the air."""

    def __init__(self) -> None:
        self.steps = [0] * LANES
        self.pending = [False] * LANES

    def take(self, line: str) -> None:
        word, *numbers = line.split()
        if word in ("try", "ok"):
            lane, step = map(int, numbers)
            assert step == self.steps[lane]
            self.pending[lane] = word == "try"
            self.steps[lane] += word == "ok"

    def check(self, path: Path, rng: random.Random) -> None:
        """Compares the store with what is known, and learns which pending transactions got through."""
        if rng.random() < 0.3 and (path / "CURRENT").exists():
            with PyDeedGraph(path, read_only=True) as reader:
                self.compare(reader)
        with PyDeedGraph(path, **options(rng)) as graph:
            self.compare(graph)
            assert graph.check() == []

    def compare(self, graph: PyDeedGraph) -> None:
        counters = {row["properties"]["lane"]: row["properties"]["value"] for row in graph.scan_collection("Counter")}
        found = [counters.get(lane, 0) for lane in range(LANES)]
        for lane in range(LANES):
            assert found[lane] == self.steps[lane] or self.pending[lane] and found[lane] == self.steps[lane] + 1, (
                f"lane {lane}: {found[lane]} steps, acknowledged {self.steps[lane]}, pending {self.pending[lane]}")
        self.steps, self.pending = found, [False] * LANES
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


def kill_again_and_again(path: Path, store: int) -> int:
    expected = Expected()
    for kill in range(KILLS // STORES):
        seed = store * 1_000_000 + kill
        kill_one(path, seed, expected)
        try:
            expected.check(path, random.Random(seed))
        except Exception as error:
            raise AssertionError(f"store {path}, after the kill with seed {seed}: {error}") from error
    return sum(expected.steps)


def test_kills(tmp_path: Path) -> None:
    with ThreadPoolExecutor(STORES) as pool:
        committed = list(pool.map(lambda store: kill_again_and_again(tmp_path / str(store), store), range(STORES)))
    print(f"{KILLS} kills, {sum(committed)} transactions")
    assert sum(committed) > KILLS, "the children must get something done before they are killed"
