"""Two-phase commit: prepared transactions hold their rows through restarts and crashes, until they are decided."""

from __future__ import annotations

import datetime
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from deed_core import (
    AlreadyExists,
    InvalidArgument,
    LockTimeout,
    NotFound,
    PyDeedGraph,
    ReadOnly,
    TransactionConflict,
    TransactionEnded,
    TypeMismatch,
)
from prepared_child import SLOTS, size_of, write

CHILD = Path(__file__).with_name("prepared_child.py")
KILLS = int(os.environ.get("DEED_PREPARED_KILLS", "6"))


def gids(graph: PyDeedGraph) -> list[str]:
    return [item["gid"] for item in graph.list_prepared()]


# ---- What it means to be prepared -----------------------------------------------------------------------------------


def test_prepared_transactions_hold_their_rows_until_they_are_decided(any_graph: PyDeedGraph) -> None:
    a, b, c = (any_graph.add_entity("N", {"v": 0}) for _ in range(3))
    edge = any_graph.add_edge(a, c, "R")
    for commits in (False, True):
        before = datetime.datetime.now(datetime.timezone.utc)
        tx = any_graph.transaction()
        new = tx.add_entity("New", {"v": 1})
        tx.add_edge(a, new, "R")
        tx.update_entity(a, {"v": 2, "w": 3})
        tx.update_entity(a, {"v": 4})
        tx.delete_entity(c, detach=True)
        tx.prepare("one")
        assert not tx.active
        with pytest.raises(TransactionEnded, match="prepared"):
            tx.commit()
        [item] = any_graph.list_prepared()
        assert (item["gid"], item["inserted"], item["updated"], item["deleted"]) == ("one", 2, 1, 2)
        assert before - datetime.timedelta(seconds=1) < item["prepared_at"] < before + datetime.timedelta(hours=1)
        # Nobody sees any of it, and nobody can write what it holds.
        assert any_graph.get_entity(new) is None and any_graph.get_entity(a)["properties"] == {"v": 0}
        assert any_graph.get_outgoing_neighbors(a) == [(c, edge)]
        for write_held in (
            lambda g: g.update_entity(a, {"v": 9}),
            lambda g: g.delete_entity(c, detach=True),
            lambda g: g.add_edge(b, c, "R"),
            lambda g: g.delete_edge(edge),
        ):
            with pytest.raises(TransactionConflict):
                write_held(any_graph)
            with any_graph.transaction(on_conflict="wait", timeout=0.01) as waiter, pytest.raises(LockTimeout):
                write_held(waiter)
        any_graph.update_entity(b, {"v": 7})
        if commits:
            any_graph.commit_prepared("one")
        else:
            any_graph.rollback_prepared("one")
        assert any_graph.list_prepared() == []
    assert any_graph.get_entity(a)["properties"] == {"v": 4, "w": 3}
    assert any_graph.get_entity(c) is None and any_graph.get_entity(new)["type"] == "New"
    assert [neighbor for neighbor, _ in any_graph.get_outgoing_neighbors(a)] == [new]
    any_graph.update_entity(a, {"v": 10})
    assert any_graph.check() == []


def test_names(any_graph: PyDeedGraph) -> None:
    for gid in ("x" * 200, "é" * 100, "a\0b", "t 1"):
        any_graph.transaction().prepare(gid)
    assert gids(any_graph) == sorted(["x" * 200, "é" * 100, "a\0b", "t 1"], key=str.encode)
    tx = any_graph.transaction()
    tx.add_entity("N")
    with pytest.raises(AlreadyExists, match="t 1"):
        tx.prepare("t 1")
    for gid in ("", "x" * 201, "\ud800"):
        with pytest.raises(InvalidArgument):
            tx.prepare(gid)
    with pytest.raises(TypeMismatch):
        tx.prepare(b"bytes")  # type: ignore[arg-type]
    assert tx.active
    for gid in gids(any_graph):
        any_graph.rollback_prepared(gid)
    tx.prepare("t 1")
    any_graph.commit_prepared("t 1")
    assert len(any_graph.scan_collection("N")) == 1
    for decide in (any_graph.commit_prepared, any_graph.rollback_prepared):
        with pytest.raises(NotFound, match="t 1"):
            decide("t 1")


def test_what_cannot_be_prepared(store: Path) -> None:
    with PyDeedGraph(store) as graph:
        a = graph.add_entity("N")
        serializable = graph.transaction(isolation="serializable")
        serializable.update_entity(a, {"v": 1})
        with pytest.raises(InvalidArgument, match="serializable"):
            serializable.prepare("x")
        serializable.commit()
        bulk = graph.transaction()
        bulk.add_entities("N", {"v": range(20_000)})
        with pytest.raises(InvalidArgument, match="loaded"):
            bulk.prepare("x")
        bulk.commit()
        with pytest.raises(ReadOnly):
            graph.transaction(read_only=True).prepare("x")
        tx = graph.transaction()
        tx.update_entity(a, {"v": 2})
        tx.prepare("kept")
    with PyDeedGraph(store, read_only=True) as graph:
        assert gids(graph) == ["kept"]
        for decide in (graph.commit_prepared, graph.rollback_prepared):
            with pytest.raises(ReadOnly):
                decide("kept")
    with PyDeedGraph(store, durability="none") as graph:
        with pytest.raises(InvalidArgument, match="log"):
            graph.transaction().prepare("x")
        graph.rollback_prepared("kept")
        assert graph.check() == []


def test_a_waiting_statement_goes_on_when_the_prepared_transaction_is_decided(any_graph: PyDeedGraph) -> None:
    a = any_graph.add_entity("N", {"v": 0})
    for commits in (True, False):
        tx = any_graph.transaction()
        tx.update_entity(a, {"v": 5})
        tx.prepare("one")
        waiter = any_graph.transaction(on_conflict="wait", timeout=30)
        outcome: list[object] = []

        def wait(waiter=waiter, outcome=outcome) -> None:  # type: ignore[no-untyped-def]
            try:
                waiter.update_entity(a, {"v": 6})
                waiter.commit()
                outcome.append("committed")
            except TransactionConflict as error:
                outcome.append(type(error))
                waiter.rollback()

        thread = threading.Thread(target=wait)
        thread.start()
        (any_graph.commit_prepared if commits else any_graph.rollback_prepared)("one")
        thread.join()
        assert outcome == [TransactionConflict if commits else "committed"]


# ---- A crash after each step ----------------------------------------------------------------------------------------

STEPS = {
    "written": "",
    "prepared": "tx.prepare('one')",
    "checkpoint": "tx.prepare('one'); g.checkpoint()",
    "checkpoints": "tx.prepare('one'); g.checkpoint(); more(g); g.checkpoint(); more(g)",
    "compact": "tx.prepare('one'); more(g); g.compact()",
    "more": "tx.prepare('one'); more(g)",
    "committed": "tx.prepare('one'); more(g); g.commit_prepared('one')",
    "committed and checkpoint": "tx.prepare('one'); g.checkpoint(); more(g); g.commit_prepared('one'); g.checkpoint()",
    "undone": "tx.prepare('one'); more(g); g.rollback_prepared('one')",
    "undone and checkpoint": "tx.prepare('one'); g.checkpoint(); g.rollback_prepared('one'); more(g); g.checkpoint()",
}

SCRIPT = """
import os, signal, sys
from deed_core import PyDeedGraph
g = PyDeedGraph(sys.argv[1], durability=sys.argv[2])
hub, other, gone = (g.add_entity("N", {"v": i}) for i in range(3))
edge = g.add_edge(hub, other, "R"); g.add_edge(hub, gone, "R")

def more(g):
    for i in range(50):
        id = g.add_entity("N", {"more": i})
        g.add_edge(hub, id, "R")

tx = g.transaction()
new = tx.add_entity("N", {"v": "new", "first": True})
tx.add_edge(hub, new, "R"); tx.add_edge(new, hub, "FIRST")
fresh = tx.add_entity("Fresh")
tx.update_entity(other, {"v": None, "w": "w" * 100})
tx.delete_entity(gone, detach=True)
%s
print(hub, other, gone, new, fresh, flush=True)
if sys.argv[3] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
g.close()
"""


@pytest.mark.parametrize(("end", "durability"), [("kill", "sync"), ("close", "async")])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_after_each_step(store: Path, step: str, end: str, durability: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT % STEPS[step], str(store), durability, end], stdout=subprocess.PIPE, text=True
    )
    assert run.returncode == (-signal.SIGKILL if end == "kill" else 0)
    hub, other, gone, new, fresh = map(int, run.stdout.split())
    prepared = "prepare" in STEPS[step] and "_prepared" not in STEPS[step]
    done = "commit_prepared" in STEPS[step]

    def verify(graph: PyDeedGraph, done: bool) -> None:
        assert graph.check() == []
        assert (graph.get_entity(new) is not None) == (graph.get_entity(fresh) is not None) == done
        assert (graph.get_entity(gone) is None) == done
        assert graph.get_entity(other)["properties"] == ({"w": "w" * 100} if done else {"v": 1})
        neighbors = [neighbor for neighbor, _ in graph.get_outgoing_neighbors(hub, "R")]
        assert (new in neighbors) == done and (gone in neighbors) != done and len(set(neighbors)) == len(neighbors)
        assert [neighbor for neighbor, _ in graph.get_incoming_neighbors(hub)] == ([new] if done else [])

    for _ in range(2):
        with PyDeedGraph(store) as graph:
            verify(graph, done)
            assert gids(graph) == (["one"] if prepared else [])
            if prepared:
                assert graph.add_entity("N") not in (new, fresh)
                for held in (other, gone):
                    with pytest.raises(TransactionConflict):
                        graph.update_entity(held, {"v": 9})
                with pytest.raises(TransactionConflict):
                    graph.add_edge(hub, gone, "R")
                [item] = graph.list_prepared()
                assert (item["inserted"], item["updated"], item["deleted"]) == (4, 1, 2)
            graph.checkpoint()
    if not prepared:
        return
    copies = [store.with_name(name) for name in ("commit", "rollback")]
    for copy in copies:
        subprocess.run(["cp", "-r", str(store), str(copy)], check=True)
        with PyDeedGraph(copy) as graph:
            getattr(graph, f"{copy.name}_prepared")("one")
            verify(graph, copy.name == "commit")
        with PyDeedGraph(copy) as graph:
            assert gids(graph) == []
            verify(graph, copy.name == "commit")
            graph.update_entity(other, {"v": 9})


# ---- Kills at random moments ----------------------------------------------------------------------------------------


def test_kills_at_random_moments(store: Path, rng: random.Random) -> None:
    with PyDeedGraph(store) as graph:
        graph.add_entity("Hub")
        for _ in range(SLOTS):
            graph.add_entity("Slot", {"number": 0})
    number = 0
    committed: dict[int, bool] = {}
    for _ in range(KILLS):
        lines = run_and_kill(store, rng, number)
        number = max([number, *(n for _, n in lines)]) + 1
        last: dict[int, str] = {n: verb for verb, n in lines}
        for reopened in range(2):
            with PyDeedGraph(store, durability=rng.choice(["sync", "async"])) as graph:
                compare(graph, last, committed)
                if reopened and rng.random() < 0.5:
                    graph.checkpoint()
        with PyDeedGraph(store) as graph:
            for gid in gids(graph):
                commits = rng.random() < 0.5
                (graph.commit_prepared if commits else graph.rollback_prepared)(gid)
                last[int(gid[1:])] = "committed" if commits else "undone"
            compare(graph, last, committed)


def run_and_kill(store: Path, rng: random.Random, number: int) -> list[tuple[str, int]]:
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(store), str(rng.randrange(1 << 30)), str(number)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    lines = [child.stdout.readline() for _ in range(rng.randrange(1, 120))]
    child.kill()
    lines += child.stdout.readlines()
    child.wait()
    child.stdout.close()
    return [(verb, int(n)) for verb, n in (line.split() for line in lines if line.endswith("\n"))]


def compare(graph: PyDeedGraph, last: dict[int, str], committed: dict[int, bool]) -> None:
    """`last` is what was last heard of each transaction; `committed` is what became of those that were decided."""
    assert graph.check() == []
    prepared = {int(gid[1:]) for gid in gids(graph)}
    items: dict[int, int] = {}
    for row in graph.scan_collection("Item"):
        n = row["properties"]["number"]
        items[n] = items.get(n, 0) + 1
    for n, verb in last.items():
        is_there = n in items
        assert not (is_there and n in prepared), n
        assert not is_there or items[n] == size_of(n), n
        expected = {
            "try": (None, False),
            "prepared": (True, False),
            "commit": (not is_there, n not in prepared),
            "committed": (False, True),
            "rollback": (None, False),
            "undone": (False, False),
        }[verb]
        assert expected[0] in (None, n in prepared), (n, verb)
        assert expected[1] == is_there, (n, verb)
        if n not in prepared and verb != "try":
            assert committed.setdefault(n, is_there) == is_there, (n, verb)
    assert all(items.get(n) == (size_of(n) if is_there else None) for n, is_there in committed.items())
    assert prepared <= last.keys()
    slots = [row for row in graph.scan_collection("Slot")]
    for i, row in enumerate(slots):
        done = [n for n, is_there in committed.items() if is_there and n % SLOTS == i]
        assert row["properties"]["number"] == (max(done) if done else 0)
    held = {n % SLOTS for n in prepared}
    for i in held:
        with pytest.raises(TransactionConflict):
            graph.update_entity(slots[i]["id"], {"number": -1})
    hub = graph.scan_collection("Hub")[0]["id"]
    assert graph.degree(hub, "HAS") == sum(items.values())
    victims = {row["properties"]["number"] for row in graph.scan_collection("Victim")}
    assert not victims & items.keys() and prepared <= victims
