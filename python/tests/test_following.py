"""Graphs opened for reading follow a writer in another process: always a whole state, through checkpoints, compactions,
bulk loads and the writer's death.

More: DEED_FOLLOW_KILLS=100 pytest tests/test_following.py
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from deed_core import PyDeedGraph, ReadOnly, StoreLocked
from test_store import run_as_nobody

KILLS = int(os.environ.get("DEED_FOLLOW_KILLS", "4"))
FOLLOWERS = 2
CHILDREN = Path(__file__).with_name("following_children.py")


class Child:
    """A process of following_children.py."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(CHILDREN), *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def line(self) -> str:
        assert self.process.stdout is not None and self.process.stderr is not None
        line = self.process.stdout.readline().strip()
        assert line, self.process.stderr.read()
        return line

    def tell(self, text: object = "") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()

    def is_alive(self) -> bool:
        return self.process.poll() is None


@contextmanager
def children() -> Iterator[list[Child]]:
    """Ends whoever is in the list."""
    running: list[Child] = []
    try:
        yield running
    finally:
        for child in running:
            child.kill()


def test_followers_see_whole_states_only(store: Path, rng: random.Random) -> None:
    with children() as running:
        writer = Child("write", store, rng.randrange(1 << 30))
        running.append(writer)
        assert writer.line() == "ready"
        followers = [Child("follow", store) for _ in range(FOLLOWERS)]
        running.extend(followers)
        for _ in range(KILLS):
            time.sleep(rng.uniform(0.5, 2.5))
            assert all(follower.is_alive() for follower in followers), [f.line() for f in followers if not f.is_alive()]
            writer.kill()
            time.sleep(rng.uniform(0, 0.3))
            writer = Child("write", store, rng.randrange(1 << 30))
            running.append(writer)
            assert writer.line() == "ready"
        # Opened while the writer is at work.
        followers.append(Child("follow", store))
        running.append(followers[-1])
        time.sleep(2)
        writer.tell()
        last = int(writer.line())
        for follower in followers:
            follower.tell(last)
        for follower in followers:
            looks, reloads, seen = map(int, follower.line().split())
            print(f"{looks} looks, {reloads} reloads")
            assert seen == last and looks > 0


def test_what_was_committed_is_seen_when_asked_for(store: Path) -> None:
    with PyDeedGraph(store) as writer:
        node = writer.add_entity("N", {"x": 0})
        with PyDeedGraph(store, read_only=True) as reader:
            for number in range(200):
                writer.update_entity(node, {"x": number})
                assert reader.catch_up() >= 1
                assert reader.get_entity(node)["properties"] == {"x": number}
            last = writer.stats()["transactions"]["last_commit"]
            assert reader.catch_up(last) == last == writer.catch_up(last)
            with pytest.raises(TimeoutError):
                reader.catch_up(last + 1, timeout=0.05)
            with pytest.raises(ValueError):
                reader.catch_up(timeout=-1)
            following = reader.stats()["following"]
            assert following["active"] and following["lag_ms"] < 60_000 and following["reloads"] == 0
            assert not writer.stats()["following"]["active"]


def test_names_that_come_later(store: Path) -> None:
    with PyDeedGraph(store) as writer:
        writer.add_entity("Early", {"a": 1})
        with PyDeedGraph(store, read_only=True) as reader:
            with pytest.raises(ReadOnly):
                reader.add_entity("Mine")
            late = writer.add_entity("Late", {"b": 2})
            edge = writer.add_edge(late, late, "SELF", {"c": 3})
            reader.catch_up()
            assert reader.collections() == {"Early": 1, "Late": 1}
            assert reader.get_edge(edge) == {"id": edge, "type": "SELF", "source": late, "target": late, "properties": {"c": 3}}


def test_the_writer_comes_and_goes(store: Path) -> None:
    with PyDeedGraph(store) as writer:
        writer.add_entity("N")
    with PyDeedGraph(store, read_only=True) as reader:
        assert reader.collections() == {"N": 1}
        for count in range(2, 6):
            with PyDeedGraph(store) as writer:
                writer.add_entity("N")
            reader.catch_up()
            assert reader.collections() == {"N": count}


def test_pheromone_comes_with_checkpoints(store: Path) -> None:
    with PyDeedGraph(store) as writer:
        node = writer.add_entity("N")
        edge = writer.add_edge(node, node, "R")
        with PyDeedGraph(store, read_only=True) as reader:
            assert reader.pheromone(edge) == 1.0
            writer.deposit_pheromone(edge, 4.0)
            writer.evaporate_pheromones(0.5)
            writer.checkpoint()
            reader.catch_up()
            assert reader.pheromone(edge) == pytest.approx(2.5)


def test_a_store_that_this_process_may_not_write() -> None:
    with tempfile.TemporaryDirectory() as directory:
        store = Path(directory) / "store"
        with PyDeedGraph(store) as writer:
            writer.add_entity("N", {"x": 1})
            for path in [Path(directory), store, *store.iterdir()]:
                path.chmod(0o755 if path.is_dir() else 0o644)
            before = sorted(path.name for path in store.iterdir())
            code = (
                "os.environ['TMPDIR'] = '/nowhere'\n"
                f"graph = deed_core.PyDeedGraph({str(store)!r}, read_only=True)\n"
                "print(graph.collections(), graph.catch_up())"
            )
            assert run_as_nobody("import os, deed_core\n" + code).strip() == "{'N': 1} 1"
            assert sorted(path.name for path in store.iterdir()) == before


# ---- The lock -------------------------------------------------------------------------------------------------------


def test_the_lock_names_its_holder(store: Path) -> None:
    with children() as running:
        writer = Child("write", store, 1)
        running.append(writer)
        assert writer.line() == "ready"
        with pytest.raises(StoreLocked) as refused:
            PyDeedGraph(store)
        message = str(refused.value)
        assert f"process {writer.process.pid}" in message and os.uname().nodename in message
        assert "python" in message.lower()
        writer.kill()
        with PyDeedGraph(store) as graph:
            assert graph.collections()["Account"] > 0
            with pytest.raises(StoreLocked) as again:
                PyDeedGraph(store)
            assert f"process {os.getpid()}" in str(again.value)
    with PyDeedGraph(store):
        pass
