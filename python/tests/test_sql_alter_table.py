"""ALTER TABLE: what it does to rows, columns and constraints, and that it does all of it or nothing."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deed_core import ConstraintViolation, PyDeedGraph, TransactionConflict
from statements import rows, run, state


@pytest.fixture
def graph() -> Iterator[PyDeedGraph]:
    with PyDeedGraph() as graph:
        make(graph)
        yield graph


def make(graph: PyDeedGraph) -> None:
    run(
        graph,
        "CREATE TABLE t (a INT PRIMARY KEY, b TEXT, c FLOAT DEFAULT 0.5)",
        "INSERT INTO t VALUES (1, '10', 1.5), (2, NULL, 2.5), (3, '30', NULL)",
        "CREATE INDEX t_by_b ON t (b)",
    )


def columns(graph: Any) -> list[str]:
    return list(graph.execute("SELECT * FROM t", language="sql").columns)


def everything(graph: Any) -> tuple[Any, ...]:
    """The rows, the columns, the constraints and the indexes."""
    constraints = sorted(map(str, graph.execute("SHOW CONSTRAINTS")))
    indexes = sorted(map(str, graph.execute("SHOW INDEXES")))
    return rows(graph), columns(graph), constraints, indexes


# ---- Columns ------------------------------------------------------------------------------------------------------------


def test_add_column(graph: PyDeedGraph) -> None:
    run(graph, "ALTER TABLE t ADD COLUMN d INT, ADD e TEXT NOT NULL DEFAULT 'x'")
    assert columns(graph) == ["a", "b", "c", "d", "e"]
    assert rows(graph) == [(1, "10", 1.5, None, "x"), (2, None, 2.5, None, "x"), (3, "30", None, None, "x")]
    run(graph, "INSERT INTO t (a, d) VALUES (4, 7)")
    assert rows(graph)[3] == (4, None, 0.5, 7, "x")
    assert state(graph, "INSERT INTO t (a, d) VALUES (5, 'x')") == "22P02"
    assert state(graph, "INSERT INTO t (a, e) VALUES (5, NULL)") == "23502"
    assert state(graph, "ALTER TABLE t ADD COLUMN d INT") == "42701"
    run(graph, "ALTER TABLE t ADD COLUMN IF NOT EXISTS d INT")
    with pytest.raises(ConstraintViolation):
        graph.add_entity("t", {"a": 6, "d": "text"})


def test_add_column_that_rows_cannot_have(graph: PyDeedGraph) -> None:
    before = everything(graph)
    assert state(graph, "ALTER TABLE t ADD COLUMN d INT NOT NULL") == "23502"
    assert state(graph, "ALTER TABLE t ADD COLUMN d INT DEFAULT 1 UNIQUE") == "23505"
    assert state(graph, "ALTER TABLE t ADD COLUMN d INT DEFAULT 1 CHECK (d > 1)") == "23514"
    assert state(graph, "ALTER TABLE t ADD COLUMN d INT DEFAULT 1, ADD CONSTRAINT t_pk PRIMARY KEY (d)") is not None
    assert everything(graph) == before


def test_drop_column(graph: PyDeedGraph) -> None:
    run(graph, "ALTER TABLE t DROP COLUMN b")
    assert columns(graph) == ["a", "c"]
    assert [index[0] for index in graph.execute("SHOW INDEXES")] == ["t_a_primary_key"]
    assert graph.execute("MATCH (x:t) WHERE x.b IS NOT NULL RETURN count(*)").scalar() == 0
    run(graph, "ALTER TABLE t DROP a", "INSERT INTO t VALUES (9.5), (9.5)", "ALTER TABLE t DROP COLUMN IF EXISTS a")
    assert rows(graph) == [(1.5,), (2.5,), (9.5,), (9.5,), (None,)]
    assert state(graph, "ALTER TABLE t DROP COLUMN a") == "42703" and state(graph, "SELECT a FROM t") == "42703"
    run(graph, "ALTER TABLE t ADD COLUMN a INT")
    assert rows(graph, "SELECT count(a) FROM t") == [(0,)]


def test_rename_column(graph: PyDeedGraph) -> None:
    run(graph, "ALTER TABLE t RENAME COLUMN a TO id", 'ALTER TABLE t RENAME b TO "B b"', "ALTER TABLE t RENAME c TO d")
    assert columns(graph) == ["id", "B b", "d"]
    assert rows(graph) == [(1, "10", 1.5), (2, None, 2.5), (3, "30", None)]
    assert rows(graph, """SELECT id FROM t WHERE "B b" = '30'""") == [(3,)]
    assert state(graph, "INSERT INTO t (id) VALUES (1)") == "23505"
    assert state(graph, "INSERT INTO t (d) VALUES (1)") == "23502"
    run(graph, "INSERT INTO t (id) VALUES (4)")
    assert rows(graph)[3] == (4, None, 0.5)
    assert {index[0]: index[3] for index in graph.execute("SHOW INDEXES")} == {
        "t_a_primary_key": ["id"], "t_by_b": ["B b"]}
    assert graph.execute("MATCH (x:t) WHERE x.a IS NOT NULL RETURN count(*)").scalar() == 0
    assert state(graph, "ALTER TABLE t RENAME id TO d") == "42701"
    assert state(graph, "ALTER TABLE t RENAME nothing TO e") == "42703"
    assert graph.check() == []


def test_a_name_that_rows_use_already(graph: PyDeedGraph) -> None:
    graph.execute("MATCH (x:t {a: 1}) SET x.free = 'kept'")
    assert state(graph, "ALTER TABLE t RENAME b TO free") == "42701"
    assert state(graph, "ALTER TABLE t ADD COLUMN free INT") == "23514"
    run(graph, "ALTER TABLE t ADD COLUMN free TEXT DEFAULT 'new'")
    assert rows(graph, "SELECT free FROM t ORDER BY a") == [("kept",), ("new",), ("new",)]


def test_set_type(graph: PyDeedGraph) -> None:
    run(graph, "ALTER TABLE t ALTER COLUMN b TYPE INT, ALTER c SET DATA TYPE TEXT")
    assert rows(graph) == [(1, 10, "1.5"), (2, None, "2.5"), (3, 30, None)]
    run(graph, "INSERT INTO t (a) VALUES (4)", "UPDATE t SET b = b + 1")
    assert rows(graph)[3] == (4, None, "0.5") and rows(graph)[0][1] == 11
    assert rows(graph, "SELECT a FROM t WHERE b = 31") == [(3,)]
    run(graph, "ALTER TABLE t ALTER b TYPE TEXT USING 'n' || b * 2")
    assert rows(graph, "SELECT a FROM t WHERE b = 'n62'") == [(3,)]
    before = everything(graph)
    assert state(graph, "ALTER TABLE t ALTER b TYPE INT") == "22P02"
    assert state(graph, "ALTER TABLE t ALTER b TYPE nothing") == "42704"
    assert everything(graph) == before
    assert graph.check() == []


def test_set_type_of_the_key(graph: PyDeedGraph) -> None:
    run(graph, "ALTER TABLE t ALTER a TYPE TEXT USING 'k' || a")
    assert rows(graph, "SELECT c FROM t WHERE a = 'k2'") == [(2.5,)]
    assert state(graph, "INSERT INTO t (a) VALUES ('k3')") == "23505"
    assert state(graph, "ALTER TABLE t ALTER a TYPE TEXT USING 'same'") == "23505"
    assert rows(graph, "SELECT c FROM t WHERE a = 'k2'") == [(2.5,)]


def test_defaults_and_nulls(graph: PyDeedGraph) -> None:
    run(graph, "ALTER TABLE t ALTER c SET DEFAULT 9, ALTER COLUMN b SET DEFAULT 'b'", "INSERT INTO t (a) VALUES (4)")
    run(graph, "ALTER TABLE t ALTER c DROP DEFAULT, ALTER b SET DEFAULT NULL", "INSERT INTO t (a) VALUES (5)")
    assert rows(graph)[3:] == [(4, "b", 9.0), (5, None, None)]
    assert state(graph, "ALTER TABLE t ALTER b SET NOT NULL") == "23502"
    run(graph, "UPDATE t SET b = 'z' WHERE b IS NULL", "ALTER TABLE t ALTER b SET NOT NULL")
    assert state(graph, "INSERT INTO t (a) VALUES (6)") == "23502"
    run(graph, "ALTER TABLE t ALTER b DROP NOT NULL", "INSERT INTO t (a) VALUES (6)")
    assert state(graph, "ALTER TABLE t ALTER a DROP NOT NULL") == "42P16"


# ---- Constraints --------------------------------------------------------------------------------------------------------


def test_add_and_drop_constraints(graph: PyDeedGraph) -> None:
    run(graph, "ALTER TABLE t ADD CONSTRAINT b_once UNIQUE (b), ADD CONSTRAINT c_small CHECK (c < 100)")
    assert state(graph, "INSERT INTO t VALUES (4, '10', 1)") == "23505"
    assert state(graph, "INSERT INTO t VALUES (4, '40', 100)") == "23514"
    run(graph, "ALTER TABLE t DROP CONSTRAINT b_once, DROP CONSTRAINT c_small", "INSERT INTO t VALUES (4, '10', 100)")
    before = everything(graph)
    assert state(graph, "ALTER TABLE t ADD UNIQUE (b)") == "23505"
    assert state(graph, "ALTER TABLE t ADD CHECK (c < 100)") == "23514"
    assert state(graph, "ALTER TABLE t ADD PRIMARY KEY (b)") is not None
    assert state(graph, "ALTER TABLE t ADD UNIQUE (nothing)") == "42703"
    assert state(graph, "ALTER TABLE t DROP CONSTRAINT b_once") == "42704"
    run(graph, "ALTER TABLE t DROP CONSTRAINT IF EXISTS b_once")
    assert everything(graph) == before
    key = "ALTER TABLE t DROP CONSTRAINT t_a_primary_key, ADD CONSTRAINT k PRIMARY KEY (a, b)"
    assert state(graph, key) == "23502"
    run(graph, "DELETE FROM t WHERE b IS NULL", key, "INSERT INTO t (a, b) VALUES (1, 'other')")
    assert state(graph, "INSERT INTO t (a, b) VALUES (1, 'other')") == "23505"


def test_a_key_of_another_column(graph: PyDeedGraph) -> None:
    run(graph, "UPDATE t SET b = 'x' WHERE b IS NULL")
    run(graph, "ALTER TABLE t DROP CONSTRAINT t_a_primary_key, ADD PRIMARY KEY (b)", "INSERT INTO t VALUES (1, 'new', 1)")
    assert state(graph, "INSERT INTO t VALUES (4, 'new', 1)") == "23505"


# ---- All or nothing -----------------------------------------------------------------------------------------------------


def test_what_fails_last_undoes_what_came_first(graph: PyDeedGraph) -> None:
    before = everything(graph)
    assert state(
        graph, "ALTER TABLE t ALTER c TYPE TEXT, ADD COLUMN d INT DEFAULT 5, DROP COLUMN b, ADD CONSTRAINT one UNIQUE (d)") == "23505"
    assert everything(graph) == before
    run(graph, "INSERT INTO t VALUES (4, '40', 4.5)")
    assert state(graph, "INSERT INTO t VALUES (5, '40', 'x')") == "22P02"
    assert graph.check() == []


def test_a_table_with_open_changes_is_not_altered(graph: PyDeedGraph) -> None:
    before = everything(graph)
    with graph.transaction() as transaction:
        transaction.add_entity("t", {"a": 9})
        with pytest.raises(TransactionConflict) as caught:
            run(graph, "ALTER TABLE t RENAME a TO id")
        assert caught.value.sqlstate == "40001"
        transaction.rollback()
    assert everything(graph) == before
    run(graph, "ALTER TABLE t RENAME a TO id")
    assert columns(graph)[0] == "id"


def test_writers_beside_alterations(tmp_path: Path) -> None:
    """Rows that others write meanwhile have the old column or the new one, as the table has it then."""
    with PyDeedGraph(tmp_path / "store") as graph:
        run(graph, "CREATE TABLE t (a INT NOT NULL, n INT)")
        stop = threading.Event()
        written = [0, 0]

        def write(worker: int) -> None:
            while not stop.is_set():
                for name in ("a", "b"):
                    try:
                        graph.add_entity("t", {name: worker, "n": 1})
                        written[worker] += 1
                    except (ConstraintViolation, TransactionConflict):
                        pass

        threads = [threading.Thread(target=write, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        altered = 0
        for i in range(40):
            try:
                run(graph, "ALTER TABLE t RENAME a TO b" if altered % 2 == 0 else "ALTER TABLE t RENAME b TO a")
                altered += 1
            except TransactionConflict:
                pass
        stop.set()
        for thread in threads:
            thread.join()
        name, other = ("a", "b") if altered % 2 == 0 else ("b", "a")
        assert altered > 0 and sum(written) > 0
        assert graph.execute(f"MATCH (x:t) RETURN count(x.{name}), count(*)").fetchone() == (sum(written), sum(written))
        assert graph.execute(f"MATCH (x:t) WHERE x.{name} IS NULL OR x.{other} IS NOT NULL AND x.n <> 1 RETURN count(*)").scalar() == 0
        assert graph.check() == []


def test_alterations_survive(tmp_path: Path) -> None:
    with PyDeedGraph(tmp_path / "store") as graph:
        make(graph)
        run(graph, "ALTER TABLE t RENAME b TO bb", "ALTER TABLE t ALTER bb TYPE INT, ADD d INT DEFAULT 3, ADD CONSTRAINT u UNIQUE (bb)")
        assert state(graph, "ALTER TABLE t ADD UNIQUE (d)") == "23505"
        before = everything(graph)
    with PyDeedGraph(tmp_path / "store") as graph:
        assert everything(graph) == before
        assert rows(graph, "SELECT a FROM t WHERE bb = 30") == [(3,)]
        assert graph.check() == []


# ---- Other tables -------------------------------------------------------------------------------------------------------


def test_a_relationship_type(graph: PyDeedGraph) -> None:
    run(graph, "CREATE EDGE TABLE near (km INT) FROM t TO t")
    run(graph, "INSERT INTO near (_src, _dst, km) SELECT x._id, y._id, 5 FROM t x, t y WHERE x.a < y.a")
    run(graph, "ALTER TABLE near RENAME km TO metres")
    run(graph, "ALTER TABLE near ALTER metres TYPE FLOAT USING metres * 1000.0, ADD n INT DEFAULT 1")
    assert rows(graph, "SELECT DISTINCT metres, n FROM near") == [(5000.0, 1)]


def test_a_table_that_was_never_defined(graph: PyDeedGraph) -> None:
    graph.execute("CREATE (:Free {x: 1}), (:Free {x: 2, y: 'a'})")
    run(graph, "ALTER TABLE free ADD COLUMN z INT DEFAULT 0", "ALTER TABLE free RENAME x TO w")
    assert rows(graph, "SELECT * FROM free ORDER BY w") == [(1, None, 0), (2, "a", 0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ALTER TABLE nowhere ADD COLUMN a INT", "42P01"),
        ("ALTER TABLE t RENAME TO u", "0A000"),
        ("ALTER TABLE t ALTER a SET DEFAULT 'x'", "22P02"),
        ("ALTER TABLE t ALTER nothing TYPE INT", "42703"),
        ("ALTER TABLE t ADD CONSTRAINT t_by_b UNIQUE (c)", "42710"),
    ],
)
def test_wrong_alterations(graph: PyDeedGraph, text: str, expected: str) -> None:
    before = everything(graph)
    assert state(graph, text) == expected
    assert everything(graph) == before
    run(graph, "ALTER TABLE IF EXISTS nowhere ADD COLUMN a INT")


CRASH = """
import os, sys
from deed_core import PyDeedGraph
graph = PyDeedGraph(sys.argv[1])
for statement in sys.argv[2:]:
    graph.execute(statement, language="sql")
os._exit(0)
"""


@pytest.mark.parametrize("checkpoint", [False, True])
def test_alterations_survive_the_end_of_the_process(tmp_path: Path, checkpoint: bool) -> None:
    """The rows and the schema come back from the log together."""
    store = tmp_path / "store"
    with PyDeedGraph(store) as graph:
        make(graph)
        if checkpoint:
            graph.checkpoint()
    alterations = [
        "ALTER TABLE t RENAME b TO bb",
        "ALTER TABLE t ALTER bb TYPE INT, ADD d INT DEFAULT 3, ADD CONSTRAINT u UNIQUE (bb), ADD CHECK (a < d + 2)",
        "INSERT INTO t VALUES (4, 40, 4.5, 4)",
    ]
    subprocess.run([sys.executable, "-c", CRASH, str(store), *alterations], check=True)
    with PyDeedGraph(store) as graph:
        assert columns(graph) == ["a", "bb", "c", "d"]
        assert rows(graph) == [(1, 10, 1.5, 3), (2, None, 2.5, 3), (3, 30, None, 3), (4, 40, 4.5, 4)]
        assert rows(graph, "SELECT a FROM t WHERE bb = 30") == [(3,)]
        assert state(graph, "INSERT INTO t VALUES (5, 30, 1, 9)") == "23505"
        assert state(graph, "INSERT INTO t VALUES (9, 90, 1, 1)") == "23514"
        assert graph.check() == []


def test_a_replica_follows_alterations(tmp_path: Path) -> None:
    with PyDeedGraph(tmp_path / "store", retain_log_bytes=math.inf) as graph, PyDeedGraph(tmp_path / "replica", replica=True) as replica:
        make(graph)
        run(graph, "ALTER TABLE t RENAME b TO bb", "ALTER TABLE t ALTER bb TYPE INT", "INSERT INTO t (a, bb) VALUES (4, 40)")
        for record in graph.changes():
            replica.apply(record.data)
        assert rows(replica) == rows(graph) and columns(replica) == columns(graph)
        assert rows(replica, "SELECT a FROM t WHERE bb = 40") == [(4,)]
        assert replica.state_digest() == graph.state_digest()
