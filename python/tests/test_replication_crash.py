"""A replica in another process, fed from a source through kill -9 on both sides: at equal sequence numbers the two states are
the same. More: DEED_REPLICATION_ROUNDS=200 pytest tests/test_replication_crash.py
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import deed_core
from deed_core import PyDeedGraph

ROUNDS = int(os.environ.get("DEED_REPLICATION_ROUNDS", "5"))
CHILD = Path(__file__).with_name("replication_child.py")


def start(role: str, tmp_path: Path, rng: random.Random) -> subprocess.Popen[str]:
    arguments = [role, tmp_path / role, tmp_path / "shipped", rng.randrange(10**9)]
    return subprocess.Popen([sys.executable, CHILD, *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def kill(process: subprocess.Popen[str], states: dict[int, set[str]]) -> None:
    """Kills the process and takes what it had said."""
    process.send_signal(signal.SIGKILL)
    output, _ = process.communicate()
    for line in output.splitlines():
        if line != "ready" and len(words := line.split()) == 2 and len(words[1]) == 32:
            states.setdefault(int(words[0]), set()).add(words[1])


def test_a_replica_follows_through_crashes(tmp_path: Path, rng: random.Random) -> None:
    states: dict[int, set[str]] = {}
    for _ in range(ROUNDS):
        source = start("source", tmp_path, rng)
        assert source.stdout is not None and source.stdout.readline() == "ready\n"
        for _ in range(2):
            replica = start("replica", tmp_path, rng)
            time.sleep(0.5 + rng.random() * 0.5)
            kill(replica, states)
        kill(source, states)
    with (
        PyDeedGraph(tmp_path / "source", retain_log_bytes=float("inf")) as graph,
        PyDeedGraph(tmp_path / "replica", replica=True) as copy,
    ):
        last, digest = copy.state_digest()
        assert last > 0
        states.setdefault(last, set()).add(digest)
        for record in graph.changes(since=last):
            assert copy.apply(record.data)
        assert copy.state_digest() == graph.state_digest()
        assert copy.check() == [] and graph.check() == []
    assert all(len(digests) == 1 for digests in states.values()), states


def test_a_backup_that_is_killed_leaves_the_earlier_ones(tmp_path: Path, rng: random.Random) -> None:
    with PyDeedGraph(tmp_path / "store", retain_log_bytes=float("inf")) as graph:
        graph.add_entities("T", {"text": [f"{i} {rng.random()}" * 20 for i in range(50_000)]})
        graph.checkpoint()
        graph.backup(tmp_path / "backups")
        _, digest = graph.state_digest()
    code = (
        "import sys, deed_core\n"
        "with deed_core.PyDeedGraph(sys.argv[1]) as graph:\n"
        "    graph.add_entities('T', {'text': [f'{i} of more' * 30 for i in range(50_000)]})\n"
        "    graph.checkpoint()\n"
        "    print('ready', flush=True)\n"
        "    graph.backup(sys.argv[2])\n"
    )
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", code, tmp_path / "store", tmp_path / "backups"], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(rng.random() * 0.05)
        process.kill()
        process.communicate()
        assert deed_core.backups(tmp_path / "backups")[0].id == 1
    deed_core.restore(tmp_path / "backups", tmp_path / "restored", backup=1)
    with PyDeedGraph(tmp_path / "restored") as restored:
        assert restored.state_digest()[1] == digest and restored.check() == []
    with PyDeedGraph(tmp_path / "store") as graph:
        newest = graph.backup(tmp_path / "backups")
        assert deed_core.backups(tmp_path / "backups")[-1] == newest
