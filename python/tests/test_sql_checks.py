"""CHECK with conditions of several columns: they hold for every way of writing a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deed_core import ConstraintViolation, PyDeedGraph
from statements import rows, run, state


@pytest.fixture
def graph() -> Iterator[PyDeedGraph]:
    with PyDeedGraph() as graph:
        make(graph)
        yield graph


def make(graph: PyDeedGraph) -> None:
    run(
        graph,
        "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, s TEXT, CONSTRAINT ordered CHECK (a < b), CHECK (length(s) > 1 OR a = 0))",
        "INSERT INTO t VALUES (1, 1, 2, 'xy'), (2, NULL, 2, NULL), (3, 0, 1, 'x')",
    )


WRITES: dict[str, Callable[[Any], Any]] = {
    "INSERT": lambda graph: graph.execute("INSERT INTO t VALUES (9, 2, 1, 'xy')"),
    "INSERT of many": lambda graph: graph.execute("INSERT INTO t SELECT x, 5, 10 - x, 'xy' FROM generate_series(4, 9) AS g(x)"),
    "UPDATE": lambda graph: graph.execute("UPDATE t SET a = a + 5"),
    "MERGE": lambda graph: graph.execute("MERGE INTO t USING (VALUES (1)) v(x) ON id = x WHEN MATCHED THEN UPDATE SET b = 0"),
    "ON CONFLICT": lambda graph: graph.execute("INSERT INTO t (id, a, b) VALUES (1, 0, 1) ON CONFLICT (id) DO UPDATE SET b = 0"),
    "the other check": lambda graph: graph.execute("UPDATE t SET s = 'x'"),
    "Cypher": lambda graph: graph.execute("MATCH (x:t {id: 1}) SET x.b = 0"),
    "Cypher CREATE": lambda graph: graph.execute("CREATE (:t {id: 9, a: 2, b: 1, s: 'xy'})"),
    "a call": lambda graph: graph.add_entity("t", {"id": 9, "a": 2, "b": 1, "s": "xy"}),
    "a call for many": lambda graph: graph.add_entities(
        "t", {"id": list(range(10, 20_010)), "a": [1] * 20_000, "b": [2] * 19_999 + [1], "s": ["xy"] * 20_000}),
}


@pytest.mark.parametrize("name", WRITES)
def test_no_write_gets_past(graph: PyDeedGraph, name: str) -> None:
    before = rows(graph)
    with pytest.raises(ConstraintViolation, match="check constraint") as caught:
        WRITES[name](graph)
    assert caught.value.sqlstate == "23514"
    assert rows(graph) == before


@pytest.mark.parametrize("name", WRITES)
def test_no_transaction_gets_past(graph: PyDeedGraph, name: str) -> None:
    before = rows(graph)
    with pytest.raises(ConstraintViolation, match="check constraint"), graph.transaction() as transaction:
        WRITES[name](transaction)
    assert rows(graph) == before


def test_a_statement_that_fails_is_undone_alone(graph: PyDeedGraph) -> None:
    run(graph, "BEGIN", "INSERT INTO t VALUES (4, 4, 5, 'xy')")
    assert state(graph, "UPDATE t SET b = 0") == "23514"
    assert state(graph, "INSERT INTO t VALUES (5, 5, 5, 'xy')") == "23514"
    run(graph, "COMMIT")
    assert [row[0] for row in rows(graph)] == [1, 2, 3, 4]


def test_what_is_put_right_before_the_commit_is_right(graph: PyDeedGraph) -> None:
    with graph.transaction() as transaction:
        one = transaction.add_entity("t", {"id": 7, "a": 2, "b": 1, "s": "xy"})
        transaction.update_entity(one, {"b": 3})
        two = transaction.add_entity("t", {"id": 8, "a": 2, "b": 1, "s": "xy"})
        transaction.delete_entity(two)
    assert rows(graph, "SELECT b FROM t WHERE id >= 7") == [(3,)]


def test_two_phases(tmp_path: Path) -> None:
    with PyDeedGraph(tmp_path / "store") as graph:
        make(graph)
        transaction = graph.transaction()
        transaction.add_entity("t", {"id": 7, "a": 2, "b": 1, "s": "xy"})
        with pytest.raises(ConstraintViolation):
            transaction.prepare("x")


def test_checks_survive(tmp_path: Path) -> None:
    with PyDeedGraph(tmp_path / "store") as graph:
        make(graph)
    with PyDeedGraph(tmp_path / "store") as graph:
        assert state(graph, "UPDATE t SET b = 0") == "23514"
        run(graph, "DROP TABLE t")
        make(graph)


def test_checks_of_a_column_may_name_others(graph: PyDeedGraph) -> None:
    run(graph, "CREATE TABLE u (low INT, high INT CHECK (high > low) NOT NULL, n INT CHECK (n % 2 = 0), k TEXT CHECK (k LIKE 'a%'))")
    run(graph, "INSERT INTO u VALUES (1, 2, 4, 'ab')")
    for text in ["VALUES (2, 1, 4, 'ab')", "VALUES (1, 2, 3, 'ab')", "VALUES (1, 2, 4, 'b')"]:
        assert state(graph, f"INSERT INTO u {text}") == "23514"


def test_checks_of_relationships(graph: PyDeedGraph) -> None:
    run(graph, "CREATE EDGE TABLE e (x INT, y INT, CHECK (x + y = 10)) FROM t TO t")
    run(graph, "INSERT INTO e (_src, _dst, x, y) SELECT a._id, b._id, 3, 7 FROM t a, t b WHERE a.id = 1 AND b.id = 2")
    assert state(graph, "UPDATE e SET x = 4") == "23514"
    with pytest.raises(ConstraintViolation):
        graph.execute("MATCH (a:t {id: 1}), (b:t {id: 3}) CREATE (a)-[:e {x: 1, y: 1}]->(b)")
    run(graph, "UPDATE e SET x = 4, y = 6")


def test_alterations_with_checks(graph: PyDeedGraph) -> None:
    assert state(graph, "ALTER TABLE t ADD CONSTRAINT far CHECK (b - a > 1)") == "23514"
    run(graph, "UPDATE t SET b = b + 5", "ALTER TABLE t ADD CONSTRAINT far CHECK (b - a > 1)")
    assert state(graph, "INSERT INTO t VALUES (4, 4, 5, 'xy')") == "23514"
    assert state(graph, "ALTER TABLE t ADD CONSTRAINT far CHECK (b > a)") == "42710"
    assert state(graph, "ALTER TABLE t RENAME a TO c") == "0A000"
    run(graph, "ALTER TABLE t RENAME id TO key", "ALTER TABLE t ADD COLUMN n INT DEFAULT 1")
    assert state(graph, "UPDATE t SET b = 0") == "23514"
    assert state(graph, "ALTER TABLE t ALTER b TYPE INT USING -1") == "23514"
    run(graph, "ALTER TABLE t DROP CONSTRAINT far, DROP CONSTRAINT ordered", "UPDATE t SET b = -1")
    assert state(graph, "UPDATE t SET s = 'x'") == "23514"
    run(graph, "ALTER TABLE t DROP COLUMN s", "UPDATE t SET a = 9")


@pytest.mark.parametrize("condition", ["(a) < (b)", " a < b -- in order\n ", "(((a < b)))", "b > a AND 'x)' <> '('", "NOT (a >= b)"])
def test_conditions_are_kept_as_they_were_written(graph: PyDeedGraph, condition: str) -> None:
    run(graph, f"CREATE TABLE u (a INT, b INT, CHECK ({condition}))", "INSERT INTO u VALUES (1, 2)")
    assert state(graph, "INSERT INTO u VALUES (2, 1)") == "23514"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("a < nothing", "42703"),
        ("a + b", "42804"),
        ("a < (SELECT max(b) FROM t)", "42P17"),
        ("EXISTS (SELECT 1)", "42P17"),
        ("a < $1 + b", "42P17"),
        ("sum(a) < b", "42803"),
        ("row_number() OVER () < a", "42P20"),
    ],
)
def test_wrong_checks(graph: PyDeedGraph, condition: str, expected: str) -> None:
    before = len(rows(graph, "SELECT * FROM t"))
    assert state(graph, f"CREATE TABLE u (a INT, b INT, CHECK ({condition}))") == expected
    assert state(graph, f"ALTER TABLE t ADD CHECK ({condition})") == expected
    assert state(graph, "SELECT 1 FROM u") == "42P01"
    assert len(rows(graph, "SELECT * FROM t")) == before


def test_a_check_that_cannot_be_evaluated(graph: PyDeedGraph) -> None:
    run(graph, "CREATE TABLE u (a INT, b INT, CHECK (a / b > 0))", "INSERT INTO u VALUES (1, 1)")
    assert state(graph, "INSERT INTO u VALUES (1, 0)") in ("22012", "23514")
    assert rows(graph, "SELECT * FROM u") == [(1, 1)]


def test_foreign_keys_are_refused(graph: PyDeedGraph) -> None:
    assert state(graph, "CREATE TABLE u (a INT REFERENCES t (id))") == "0A000"


def test_only_what_a_statement_has_written_is_looked_at_again(graph: PyDeedGraph) -> None:
    """Otherwise a transaction of many statements takes the square of its length."""
    import time

    run(graph, "CREATE TABLE u (a INT, b INT, CHECK (a < b))")

    def seconds(count: int) -> float:
        begin = time.perf_counter()
        with graph.transaction() as transaction:
            for i in range(count):
                transaction.execute("INSERT INTO u VALUES (?, ?)", [i, i + 1], language="sql")
        return time.perf_counter() - begin

    seconds(100)
    assert seconds(8_000) < 40 * max(seconds(1_000), 0.01)
