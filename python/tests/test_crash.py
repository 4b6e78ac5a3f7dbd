"""kill -9 at random moments: what was acknowledged is there, what was not is wholly there or wholly absent.

A child writes transactions and reports through a pipe what it begins and what is committed; it is killed, and the store
is opened again and compared with the reports. The last, unacknowledged transaction of a child may be there or not, but
only as a whole. The store lives on from kill to kill. More: DEED_KILLS=1000 pytest tests/test_crash.py
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
from crash_child import batch_size
from deed_core import PyDeedGraph

KILLS = int(os.environ.get("DEED_KILLS", "104"))
STORES = 4
CHILD = Path(__file__).with_name("crash_child.py")


class Expected:
    """What is known of a store: the ids of acknowledged transactions, and which one was in the air."""

    def __init__(self) -> None:
        self.acknowledged: dict[int, list[int]] = {}
        self.pending: int | None = None

    def take(self, line: str) -> None:
        word, *numbers = line.split()
        if word == "try":
            self.pending = int(numbers[0])
        elif word == "ok":
            number, *ids = map(int, numbers)
            self.acknowledged[number] = ids
            self.pending = None

    def check(self, path: Path) -> None:
        """Compares the store with what is known, and learns whether the pending transaction got through."""
        with PyDeedGraph(path) as graph:
            found: dict[int, list[int]] = {}
            for row in graph.scan_collection("Batch"):
                properties = row["properties"]
                assert properties["i"] == len(found.setdefault(properties["number"], [])) and properties["blob"] == "x" * 200
                found[properties["number"]].append(row["id"])
            if self.pending in found:
                self.acknowledged[self.pending] = found[self.pending]
            self.pending = None
            assert found == self.acknowledged
            assert all(len(ids) == batch_size(number) for number, ids in found.items())
            singly = [number for number in found if number % 5]
            chain = {(ids[i], ids[i + 1]) for number in singly for ids in [found[number]] for i in range(len(ids) - 1)}
            edges = graph.scan_edges("NEXT")
            assert len(edges) == len(chain) and {(edge["source"], edge["target"]) for edge in edges} == chain
            counter = graph.scan_collection("Counter")
            assert [row["properties"]["value"] for row in counter] == ([len(singly)] if counter else [])
            assert counter or not found
            assert graph.check() == []


def kill_one(path: Path, seed: int, expected: Expected) -> None:
    rng = random.Random(seed)
    first = max(expected.acknowledged, default=0) + 1
    environment = {**os.environ, "PYTHONPATH": str(Path(deed_core.__file__).parent)}
    command = [sys.executable, str(CHILD), str(path), str(seed), str(first)]
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
            expected.check(path)
        except AssertionError as error:
            raise AssertionError(f"store {path}, after the kill with seed {seed}") from error
    return len(expected.acknowledged)


def test_kills(tmp_path: Path) -> None:
    with ThreadPoolExecutor(STORES) as pool:
        committed = list(pool.map(lambda store: kill_again_and_again(tmp_path / str(store), store), range(STORES)))
    assert sum(committed) > KILLS, "the children must get something done before they are killed"
