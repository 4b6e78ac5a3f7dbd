"""Secondary indexes: look-ups against sqlite3, uniqueness, concurrent writers, building beside them, and kill -9 meanwhile."""

from __future__ import annotations

import datetime
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from deed_core import (
    AlreadyExists,
    ConstraintViolation,
    Interrupted,
    InvalidArgument,
    NotFound,
    PyDeedGraph,
    TransactionConflict,
    TypeMismatch,
)


def test_create_list_and_drop(any_graph: PyDeedGraph) -> None:
    graph = any_graph
    ada = graph.add_entity("Person", {"name": "Ada", "age": 36})
    bob = graph.add_entity("Person", {"name": "Bob"})
    with pytest.raises(NotFound, match="there is no index"):
        graph.find("Person", "name", "Ada")
    with pytest.raises(NotFound, match="there is no index"):
        graph.find("Nobody", "name", "Ada")
    assert graph.create_index("Person", "name") == "Person_name"
    assert graph.create_index("Person", ("age", "name"), unique=True, name="by age") == "by age"
    assert graph.indexes() == [
        {"name": "Person_name", "kind": "entity", "on": "Person", "properties": ("name",), "unique": False, "entries": 2},
        {"name": "by age", "kind": "entity", "on": "Person", "properties": ("age", "name"), "unique": True, "entries": 1},
    ]
    assert graph.find("Person", "name", "Ada") == [ada]
    assert graph.find("Person", "name", "Eve") == []
    assert graph.find("Person", "age", 36.0) == [ada]
    assert graph.find("Person", ("name", "age"), ("Ada", 36)) == [ada]
    assert graph.find_range("Person", "name") == [ada, bob]
    assert graph.find_range("Person", "name", descending=True, limit=1) == [bob]
    with pytest.raises(AlreadyExists):
        graph.create_index("Person", "age", name="by age")
    with pytest.raises(NotFound):
        graph.drop_index("nothing")
    graph.drop_index("Person_name")
    with pytest.raises(NotFound):
        graph.find("Person", "name", "Ada")
    assert graph.check() == []


def test_bad_arguments(graph: PyDeedGraph) -> None:
    graph.create_index("P", "k")
    for call, error in [
        (lambda: graph.find("P", "k", None), InvalidArgument),
        (lambda: graph.find("P", ("k",), (1, 2)), InvalidArgument),
        (lambda: graph.find("P", (), ()), InvalidArgument),
        (lambda: graph.find("P", 3, 1), TypeMismatch),  # type: ignore[arg-type]
        (lambda: graph.find("P", "k", object()), TypeMismatch),  # type: ignore[arg-type]
        (lambda: graph.find("P", "k", 1, limit=0), InvalidArgument),
        (lambda: graph.find("P", "k", 1, kind="thing"), InvalidArgument),  # type: ignore[arg-type]
        (lambda: graph.find_range("P", "k", 1, "x"), TypeMismatch),
        (lambda: graph.find_range("P", "k", 1, prefix="x"), InvalidArgument),
        (lambda: graph.find_range("P", "k", prefix=1), InvalidArgument),  # type: ignore[arg-type]
        (lambda: graph.create_index("P", ("k", "k")), InvalidArgument),
        (lambda: graph.create_index("P", [str(i) for i in range(17)]), InvalidArgument),
        (lambda: graph.create_index("P", "k", name=""), InvalidArgument),
    ]:
        with pytest.raises(error):
            call()


def test_values_of_every_type(graph: PyDeedGraph) -> None:
    """Values are found by equality, and values of one type by range, apart from those of others."""
    utc = datetime.timezone.utc
    two = datetime.timezone(datetime.timedelta(hours=2))
    values: list[Any] = [
        True, False, -5, 3.5, 2**60, "text", "text\0", "", b"text", datetime.date(2024, 5, 1), datetime.time(12, 30),
        datetime.datetime(2024, 5, 1, 12), datetime.datetime(2024, 5, 1, 12, tzinfo=utc), datetime.timedelta(days=3), [1, "a"],
        {"a": 1}, float("inf"), "x" * 5000, "x" * 5000 + "y",
    ]
    ids = [graph.add_entity("P", {"k": value}) for value in values]
    graph.create_index("P", "k")
    for id, value in zip(ids, values, strict=True):
        assert graph.find("P", "k", value) == [id], repr(value)[:50]
    assert graph.find("P", "k", datetime.datetime(2024, 5, 1, 14, tzinfo=two)) == [ids[12]]
    assert graph.find_range("P", "k", 0) == [ids[3], ids[4], ids[16]]
    assert graph.find_range("P", "k", None, 3) == [ids[2]]
    assert graph.find_range("P", "k", "a") == [ids[5], ids[6], ids[17], ids[18]]
    assert graph.find_range("P", "k", prefix="x" * 5000) == [ids[17], ids[18]]
    assert graph.find_range("P", "k", "x" * 5000, include_low=False) == [ids[18]]
    assert graph.check() == []


@pytest.fixture
def oracle() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table P (id integer primary key, a, b)")
    return connection


def test_against_sqlite(any_graph: PyDeedGraph, oracle: sqlite3.Connection, rng: random.Random) -> None:
    """Random writes and look-ups; sqlite3 keeps the same rows, and compares values of one type as Deed does."""
    graph = any_graph
    graph.create_index("P", "a")
    graph.create_index("P", ("b", "a"))

    def value() -> int | float | str:
        return rng.choice([rng.randrange(20), rng.randrange(40) / 2, "n" + str(rng.randrange(30)), "n" * rng.randrange(4)])

    def compare() -> None:
        one, two, text = value(), value(), "n" + str(rng.randrange(4))
        for parameters, found, where in [
            ((one,), graph.find("P", "a", one), "a = ?1 order by id"),
            ((one, two), graph.find("P", ("a", "b"), (one, two)), "a = ?1 and b = ?2 order by id"),
            ((one,), graph.find("P", "b", one), "b = ?1 order by a is not null, typeof(a) = 'text', a, id"),
            ((text,), graph.find_range("P", "a", prefix=text), "a glob ?1 || '*' order by a, id"),
        ]:
            assert found == [id for (id,) in oracle.execute(f"select id from P where {where}", parameters)]
        if isinstance(one, str) != isinstance(two, str):
            return
        low, high, descending = rng.random() < 0.5, rng.random() < 0.5, rng.random() < 0.5
        order = "desc" if descending else "asc"
        found = graph.find_range("P", "a", one, two, include_low=low, include_high=high, descending=descending, limit=7)
        where = f"a >{'=' * low} ?1 and a <{'=' * high} ?2 order by a {order}, id {order} limit 7"
        assert found == [id for (id,) in oracle.execute(f"select id from P where {where}", (one, two))]

    for step in range(1500):
        ids = [id for (id,) in oracle.execute("select id from P")]
        kind = rng.randrange(10)
        if kind < 5 or not ids:
            row = {"a": rng.choice([value(), None]), "b": value()}
            id = graph.add_entity("P", row)
            oracle.execute("insert into P values (?, ?, ?)", (id, row["a"], row["b"]))
        elif kind < 7:
            id, key, new = rng.choice(ids), rng.choice("ab"), value()
            graph.update_entity(id, {key: new})
            oracle.execute(f"update P set {key} = ? where id = ?", (new, id))
        elif kind < 8:
            id = rng.choice(ids)
            graph.delete_entity(id)
            oracle.execute("delete from P where id = ?", (id,))
        elif step % 100 == 0:
            graph.checkpoint()
        compare()
    assert graph.check() == []


def test_unique(any_graph: PyDeedGraph) -> None:
    graph = any_graph
    first = graph.add_entity("User", {"mail": "a@b"})
    graph.create_index("User", "mail", unique=True)
    with pytest.raises(ConstraintViolation, match=rf"'a@b' already: entity {first}"):
        graph.add_entity("User", {"mail": "a@b"})
    second = graph.add_entity("User", {"mail": "c@d"})
    for _ in range(2):
        graph.add_entity("User", {"name": "no mail"})
    with pytest.raises(ConstraintViolation):
        graph.update_entity(second, {"mail": "a@b"})
    assert graph.find("User", "mail", "c@d") == [second]
    with graph.transaction() as tx:
        tx.update_entity(first, {"mail": "moved"})
        tx.update_entity(second, {"mail": "a@b"})  # the key was freed in the same transaction
        assert tx.find("User", "mail", "a@b") == [second] and graph.find("User", "mail", "a@b") == [first]
        with pytest.raises(ConstraintViolation):
            tx.add_entity("User", {"mail": "moved"})
        with pytest.raises(TransactionConflict):
            graph.add_entity("User", {"mail": "c@d"})  # may come free, or not
    third = graph.add_entity("User", {"mail": "c@d"})
    graph.delete_entity(third)
    graph.add_entities("User", {"mail": ["c@d", "e@f"]})
    with pytest.raises(ConstraintViolation):
        graph.add_entities("User", {"mail": [f"{i}@x" for i in range(10_000)] + ["5@x"]})
    assert graph.find("User", "mail", "5@x") == []
    assert len(graph.add_entities("User", {"mail": [f"{i}@x" for i in range(10_000)]})) == 10_000
    assert graph.check() == []


def test_unique_on_rows_that_are_there(any_graph: PyDeedGraph) -> None:
    graph = any_graph
    ids = [graph.add_entity("User", {"mail": mail}) for mail in ("a", "b", "a")]
    with pytest.raises(ConstraintViolation, match=f"entity {ids[0]}"):
        graph.create_index("User", "mail", unique=True)
    assert graph.indexes() == []
    graph.update_entity(ids[2], {"mail": "c"})
    with graph.transaction() as tx:
        tx.add_entity("User", {"mail": "b"})
        with pytest.raises(TransactionConflict):
            graph.create_index("User", "mail", unique=True)
        tx.rollback()
    graph.create_index("User", "mail", unique=True)
    assert graph.find("User", "mail", "b") == [ids[1]]


def test_relationships_and_transactions(any_graph: PyDeedGraph) -> None:
    graph = any_graph
    a, b = graph.add_entity("P"), graph.add_entity("P")
    edges = [graph.add_edge(a, b, "KNOWS", {"since": year}) for year in (2001, 1999, 2001)]
    graph.create_index("KNOWS", "since", kind="relationship")
    assert graph.find("KNOWS", "since", 2001, kind="edge") == [edges[0], edges[2]]
    old = graph.transaction(read_only=True)
    with graph.transaction() as tx:
        tx.delete_edge(edges[0])
        tx.update_edge(edges[1], {"since": 2001})
        assert tx.find("KNOWS", "since", 2001, kind="edge") == [edges[1], edges[2]]
    assert old.find("KNOWS", "since", 2001, kind="edge") == [edges[0], edges[2]]
    assert graph.find("KNOWS", "since", 2001, kind="edge") == [edges[1], edges[2]]
    assert graph.find("KNOWS", "since", 1999, kind="edge") == []
    old.rollback()
    graph.delete_entity(a, detach=True)
    assert graph.find_range("KNOWS", "since", kind="edge") == []
    assert graph.check() == []


def test_concurrent_writers_of_unique_keys(any_graph: PyDeedGraph) -> None:
    """Of all who write one key at the same time, one gets it."""
    graph = any_graph
    graph.create_index("P", "k", unique=True)
    won: list[list[int]] = [[] for _ in range(4)]

    def write(mine: list[int]) -> None:
        for key in range(300):
            while True:
                try:
                    graph.add_entity("P", {"k": key})
                    mine.append(key)
                except TransactionConflict:
                    continue
                except ConstraintViolation:
                    pass
                break

    threads = [threading.Thread(target=write, args=(mine,)) for mine in won]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key for mine in won for key in mine) == list(range(300))
    assert [len(graph.find("P", "k", key)) for key in range(300)] == [1] * 300
    assert graph.check() == []


def test_building_beside_writers(store: Path, rng: random.Random) -> None:
    with PyDeedGraph(store, durability="async") as graph:
        ids = list(graph.add_entities("P", {"k": [rng.randrange(1000) for _ in range(60_000)]}))
        stopping = threading.Event()

        def write(seed: int) -> None:
            random_ = random.Random(seed)
            while not stopping.is_set():
                try:
                    with graph.transaction() as tx:
                        for _ in range(5):
                            tx.update_entity(random_.choice(ids), {"k": random_.randrange(1000)})
                            tx.add_entity("P", {"k": random_.randrange(1000)})
                        if random_.random() < 0.3:
                            tx.rollback()
                except TransactionConflict:
                    pass

        threads = [threading.Thread(target=write, args=(seed,)) for seed in range(2)]
        for thread in threads:
            thread.start()
        reports: list[tuple[int, int]] = []
        graph.create_index("P", "k", progress=lambda done, total: reports.append((done, total)))
        with pytest.raises(Interrupted):
            graph.create_index("P", "k", name="never", progress=lambda done, total: False)
        stopping.set()
        for thread in threads:
            thread.join()
        assert reports and reports[-1][0] <= reports[-1][1]
        assert [index["name"] for index in graph.indexes()] == ["P_k"]
        rows = sorted((row["properties"]["k"], row["id"]) for row in graph.scan_collection("P"))
        assert graph.find_range("P", "k") == [id for _, id in rows]
        assert graph.check() == []


CHILD = """
import sys
from deed_core import PyDeedGraph
graph = PyDeedGraph(sys.argv[1])
while True:
    names = {index["name"] for index in graph.indexes()}
    if "P_k" in names:
        print("drop", flush=True)
        graph.drop_index("P_k")
    else:
        print("make", flush=True)
        graph.create_index("P", "k", unique=True)
    print("done", flush=True)
    graph.add_entity("P", {"k": -graph.stats()["entity_count"]})
"""


def test_killed_while_building(store: Path, rng: random.Random) -> None:
    """The index is there wholly or not at all, and what was acknowledged is."""
    with PyDeedGraph(store) as graph:
        graph.add_entities("P", {"k": list(range(40_000))})
    for _ in range(8):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(store)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(2 * rng.randrange(4) + 1):
            last = child.stdout.readline().strip()
        time.sleep(rng.random() * 0.15)
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().split()
        child.wait()
        child.stdout.close()
        lines = [last, *rest]
        with PyDeedGraph(store) as graph:
            names = [index["name"] for index in graph.indexes()]
            assert names in ([], ["P_k"])
            if len(lines) > 1 and lines[-1] == "done":
                assert names == (["P_k"] if lines[-2] == "make" else [])
            if names:
                assert len(graph.find_range("P", "k")) == graph.stats()["entity_count"]
                assert len(graph.find("P", "k", 39_999)) == 1
            assert graph.check() == []


def test_memory_and_reopening(store: Path, rng: random.Random) -> None:
    """An index larger than its share of memory is written, dropped and read back; opening reads none of it."""
    with PyDeedGraph(store, memory_limit=48 << 20, durability="async") as graph:
        graph.create_index("P", "k")
        keys = [f"{rng.randrange(10**9):09d} and a tail that takes some space in the index" for _ in range(200_000)]
        ids: list[int] = []
        for first in range(0, len(keys), 40_000):
            ids += graph.add_entities("P", {"k": keys[first : first + 40_000]})
        for position in rng.sample(range(len(keys)), 300):
            assert ids[position] in graph.find("P", "k", keys[position])
        assert graph.stats()["memory"]["total"] <= 48 << 20
    with PyDeedGraph(store, memory_limit=48 << 20) as graph:
        assert graph.stats()["memory"]["indexes"] < 1 << 20
        assert graph.stats()["disk"]["indexes"] > 0
        for position in rng.sample(range(len(keys)), 300):
            assert ids[position] in graph.find("P", "k", keys[position])
        assert graph.check() == []
