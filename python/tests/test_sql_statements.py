"""Statements of SQL beside queries and simple changes: MERGE, savepoints, and the codes of errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from deed_core import (
    ConstraintViolation,
    DeedError,
    NotFound,
    PyDeedGraph,
    QueryError,
    QuerySemanticError,
    QuerySyntaxError,
    ReadOnly,
    TransactionConflict,
)
from statements import rows, run, state


@pytest.fixture
def graph() -> Iterator[PyDeedGraph]:
    with PyDeedGraph() as graph:
        yield graph


# ---- Codes of errors ----------------------------------------------------------------------------------------------------

STATES = {
    "SELEC 1": "42601",
    "SELECT 1 FROM": "42601",
    "SELECT 1 FROM nowhere": "42P01",
    "SELECT nothing FROM t": "42703",
    "SELECT nothing(1)": "42883",
    "SELECT CAST(1 AS nothing)": "42704",
    "SELECT a FROM t x JOIN t y ON x.a = y.a": "42702",
    "SELECT a, count(*) FROM t": "42803",
    "SELECT 1 / 0": "22012",
    "SELECT 9223372036854775807 + 1": "22003",
    "SELECT CAST('x' AS INT)": "22P02",
    "SELECT (SELECT a FROM t)": "21000",
    "INSERT INTO t VALUES (1, 'x')": "23505",
    "INSERT INTO t VALUES (3, NULL)": "23502",
    "INSERT INTO t VALUES (-1, 'x')": "23514",
    "CREATE TABLE t (a INT)": "42P07",
    "SELECT ?": "42P02",
    "COMMIT": "25P01",
}


@pytest.fixture
def table(graph: PyDeedGraph) -> PyDeedGraph:
    run(graph, "CREATE TABLE t (a INT PRIMARY KEY CHECK (a > 0), b TEXT NOT NULL)", "INSERT INTO t VALUES (1, 'one'), (2, 'two')")
    return graph


@pytest.mark.parametrize("text", STATES)
def test_errors_have_the_codes_of_postgresql(table: PyDeedGraph, text: str) -> None:
    assert state(table, text) == STATES[text]


def test_errors_beside_statements_have_codes_too(table: PyDeedGraph) -> None:
    with pytest.raises(NotFound) as caught:
        table.update_entity(123_456_789, {})
    assert caught.value.sqlstate == "42704"
    one = table.add_entity("t", {"a": 7, "b": "seven"})
    with pytest.raises(ConstraintViolation) as violated:
        table.add_entity("t", {"a": 7, "b": "seven"})
    assert violated.value.sqlstate == "23505"
    with table.transaction() as first, table.transaction() as second:
        first.update_entity(one, {"b": "x"})
        with pytest.raises(TransactionConflict) as conflict:
            second.update_entity(one, {"b": "y"})
        assert conflict.value.sqlstate == "40001"
    with table.transaction(read_only=True) as reading, pytest.raises(ReadOnly) as refused:
        reading.execute("INSERT INTO t VALUES (9, 'x')")
    assert refused.value.sqlstate == "25006"
    assert DeedError("of Python").sqlstate is None


def test_both_languages_have_codes_and_one_class(table: PyDeedGraph) -> None:
    for text in ["RETURN x", "SELECT x"]:
        with pytest.raises(QuerySyntaxError) as caught:
            table.execute(text)
        assert caught.value.sqlstate == "42703" and type(caught.value).__name__ == "QuerySyntaxError"


# ---- MERGE --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def stock(graph: PyDeedGraph) -> PyDeedGraph:
    run(
        graph,
        "CREATE TABLE stock (item TEXT PRIMARY KEY, count INT NOT NULL DEFAULT 1, note TEXT DEFAULT 'new')",
        "INSERT INTO stock VALUES ('bolt', 3, 'old'), ('nut', 7, 'old'), ('pin', 0, 'old')",
        "CREATE TABLE delivery (item TEXT, amount INT)",
        "INSERT INTO delivery VALUES ('nut', 5), ('screw', 2), ('bolt', -3), ('cap', 0)",
    )
    return graph


STOCK = "SELECT * FROM stock ORDER BY item"


def test_merge_updates_deletes_and_inserts(stock: PyDeedGraph) -> None:
    run(
        stock,
        """MERGE INTO stock s USING delivery d ON s.item = d.item
           WHEN MATCHED AND s.count + d.amount = 0 THEN DELETE
           WHEN MATCHED THEN UPDATE SET count = s.count + d.amount, note = 'more'
           WHEN NOT MATCHED AND d.amount > 0 THEN INSERT (item, count) VALUES (d.item, d.amount)""",
    )
    assert rows(stock, STOCK) == [("nut", 12, "more"), ("pin", 0, "old"), ("screw", 2, "new")]


def test_the_first_case_that_is_for_a_row_is_taken(stock: PyDeedGraph) -> None:
    run(
        stock,
        """MERGE INTO stock USING (VALUES ('nut', 1), ('x', 1), ('y', 2), ('z', 3)) AS v(item, n) ON stock.item = v.item
           WHEN MATCHED THEN DO NOTHING
           WHEN MATCHED THEN DELETE
           WHEN NOT MATCHED AND n = 1 THEN INSERT (item) VALUES (v.item)
           WHEN NOT MATCHED AND n = 2 THEN INSERT VALUES (v.item, n * 10, DEFAULT)
           WHEN NOT MATCHED THEN DO NOTHING""",
    )
    assert rows(stock, STOCK) == [
        ("bolt", 3, "old"), ("nut", 7, "old"), ("pin", 0, "old"), ("x", 1, "new"), ("y", 20, "new")]


def test_merge_with_a_query_and_with_tables_of_with(stock: PyDeedGraph) -> None:
    run(
        stock,
        """WITH total AS (SELECT item, sum(amount) AS n FROM delivery GROUP BY item)
           MERGE INTO stock USING (SELECT * FROM total WHERE n > 1) t ON t.item = stock.item
           WHEN MATCHED THEN UPDATE SET (count, note) = (t.n, NULL)
           WHEN NOT MATCHED THEN INSERT (item, note) VALUES (t.item, NULL)""",
    )
    assert rows(stock, STOCK) == [("bolt", 3, "old"), ("nut", 5, None), ("pin", 0, "old"), ("screw", 1, None)]


def test_values_are_those_of_before(stock: PyDeedGraph) -> None:
    run(
        stock,
        """MERGE INTO stock a USING stock b ON a.item < b.item AND NOT EXISTS (
               SELECT 1 FROM stock c WHERE a.item < c.item AND c.item < b.item)
           WHEN MATCHED THEN UPDATE SET count = b.count""",
    )
    assert [row[:2] for row in rows(stock, STOCK)] == [("bolt", 7), ("nut", 0), ("pin", 0)]


def test_values_are_computed_for_rows_of_their_case_only(stock: PyDeedGraph) -> None:
    run(
        stock,
        """MERGE INTO stock s USING delivery d ON s.item = d.item
           WHEN MATCHED THEN UPDATE SET count = 10 / d.amount
           WHEN NOT MATCHED AND d.amount <> 0 THEN INSERT (item, count) VALUES (d.item, 10 / d.amount)""",
    )
    assert [row[:2] for row in rows(stock, STOCK)] == [("bolt", -3), ("nut", 2), ("pin", 0), ("screw", 5)]


def test_a_row_that_is_changed_twice_is_an_error(stock: PyDeedGraph) -> None:
    run(stock, "INSERT INTO delivery VALUES ('nut', 1)")
    for action in ["UPDATE SET count = 1", "DELETE"]:
        assert state(stock, f"MERGE INTO stock USING delivery d ON stock.item = d.item WHEN MATCHED THEN {action}") == "21000"
    run(
        stock,
        "MERGE INTO stock USING delivery d ON stock.item = d.item WHEN MATCHED AND amount = 1 THEN DELETE WHEN MATCHED THEN DO NOTHING")
    assert [row[0] for row in rows(stock, STOCK)] == ["bolt", "pin"]


def test_a_merge_that_fails_changes_nothing(stock: PyDeedGraph) -> None:
    before = rows(stock, STOCK)
    text = """MERGE INTO stock USING (VALUES ('nut', 1), ('new', 1), ('new', 2)) v(item, n) ON stock.item = v.item
              WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (v.item, n)"""
    assert state(stock, text) == "23505"
    assert rows(stock, STOCK) == before
    run(stock, "BEGIN", "DELETE FROM stock WHERE item = 'pin'")
    assert state(stock, text) == "23505"
    run(stock, "COMMIT")
    assert rows(stock, STOCK) == before[:2]


def test_merge_of_a_relationship_type(graph: PyDeedGraph) -> None:
    run(
        graph,
        "CREATE TABLE person (name TEXT PRIMARY KEY)",
        "INSERT INTO person VALUES ('a'), ('b'), ('c')",
        "CREATE EDGE TABLE likes (n INT DEFAULT 1) FROM person TO person",
    )
    text = """MERGE INTO likes l
              USING (SELECT p._id AS s, q._id AS t FROM person p, person q WHERE p.name < q.name) x ON l._src = x.s AND l._dst = x.t
              WHEN MATCHED THEN UPDATE SET n = l.n + 1
              WHEN NOT MATCHED THEN INSERT (_src, _dst) VALUES (x.s, x.t)"""
    run(graph, text, text)
    assert rows(
        graph, "SELECT p.name, q.name, n FROM likes l JOIN person p ON p._id = _src JOIN person q ON q._id = _dst ORDER BY 1, 2"
    ) == [("a", "b", 2), ("a", "c", 2), ("b", "c", 2)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MERGE INTO stock USING delivery d ON stock.item = d.item WHEN NOT MATCHED THEN INSERT (item) VALUES (stock.item)", "42P01"),
        ("MERGE INTO stock USING delivery d ON stock.item = d.item WHEN NOT MATCHED THEN INSERT (item) VALUES (1, 2)", "42601"),
        ("MERGE INTO stock USING delivery d ON stock.item = d.item WHEN MATCHED THEN UPDATE SET nothing = 1", "42703"),
        ("MERGE INTO stock USING stock ON true WHEN MATCHED THEN DELETE", "42712"),
        ("MERGE INTO nowhere USING delivery d ON true WHEN MATCHED THEN DELETE", "42P01"),
        ("MERGE INTO stock USING delivery d ON d.item WHEN MATCHED THEN DELETE", "42804"),
    ],
)
def test_wrong_merges(stock: PyDeedGraph, text: str, expected: str) -> None:
    assert state(stock, text) == expected


# ---- Savepoints ---------------------------------------------------------------------------------------------------------


def numbers(graph: Any) -> list[int]:
    return [row[0] for row in rows(graph, "SELECT x FROM n ORDER BY x")]


@pytest.fixture
def series(graph: PyDeedGraph) -> PyDeedGraph:
    run(graph, "CREATE TABLE n (x INT PRIMARY KEY, y INT)", "INSERT INTO n VALUES (1, 1)")
    return graph


def test_a_savepoint_gives_back_exactly_what_was_there(series: PyDeedGraph) -> None:
    run(series, "BEGIN", "INSERT INTO n VALUES (2, 2)", "SAVEPOINT a", "INSERT INTO n VALUES (3, 3)", "UPDATE n SET y = 9")
    run(series, "DELETE FROM n WHERE x = 1", "ROLLBACK TO SAVEPOINT a")
    assert rows(series, "SELECT * FROM n ORDER BY x") == [(1, 1), (2, 2)]
    # The point is still there, and the keys are free again.
    run(series, "INSERT INTO n VALUES (3, 4)", "ROLLBACK TO a", "INSERT INTO n VALUES (3, 5)", "RELEASE a")
    assert state(series, "ROLLBACK TO a") == "3B001"
    run(series, "COMMIT")
    assert rows(series, "SELECT * FROM n ORDER BY x") == [(1, 1), (2, 2), (3, 5)]


def test_savepoints_after_statements_that_fail(series: PyDeedGraph) -> None:
    run(series, "BEGIN", "SAVEPOINT a", "INSERT INTO n VALUES (2, 2)")
    assert state(series, "INSERT INTO n VALUES (3, 3), (1, 1)") == "23505"
    run(series, "SAVEPOINT b", "INSERT INTO n VALUES (3, 3)")
    assert state(series, "UPDATE n SET x = 7") == "23505"
    run(series, "ROLLBACK TO b")
    assert numbers(series) == [1, 2]
    run(series, "ROLLBACK TO a")
    assert numbers(series) == [1]
    assert state(series, "ROLLBACK TO b") == "3B001"
    run(series, "INSERT INTO n VALUES (4, 4)", "COMMIT")
    assert numbers(series) == [1, 4]


def test_savepoints_of_one_name_hide_each_other(series: PyDeedGraph) -> None:
    run(series, "BEGIN", "SAVEPOINT a", "INSERT INTO n VALUES (2, 2)", 'SAVEPOINT "a"', "INSERT INTO n VALUES (3, 3)", "ROLLBACK TO A")
    assert numbers(series) == [1, 2]
    run(series, "RELEASE SAVEPOINT a", "ROLLBACK TO a")
    assert numbers(series) == [1]
    run(series, "ROLLBACK")


def test_savepoints_in_a_transaction_with_a_handle(series: PyDeedGraph) -> None:
    with series.transaction() as transaction:
        run(transaction, "SAVEPOINT a", "INSERT INTO n VALUES (2, 2)")
        transaction.add_entity("n", {"x": 3})
        run(transaction, "ROLLBACK TO a")
        transaction.add_entity("n", {"x": 4})
        assert numbers(transaction) == [1, 4]
    assert numbers(series) == [1, 4]
    assert series.check() == []


@pytest.mark.parametrize("text", ["SAVEPOINT a", "ROLLBACK TO a", "RELEASE a", "SET TRANSACTION READ ONLY"])
def test_savepoints_need_a_transaction(series: PyDeedGraph, text: str) -> None:
    assert state(series, text) == "25P01"


def test_savepoints_survive_chance(graph: PyDeedGraph) -> None:
    """Random changes with savepoints against a model that copies everything."""
    import random

    chance = random.Random(7)
    run(graph, "CREATE TABLE n (x INT PRIMARY KEY, y TEXT)", "CREATE INDEX ON n (y)")
    graph.execute("UNWIND range(0, 9) AS i CREATE (:n {x: i, y: toString(i % 3)})")
    committed = {i: str(i % 3) for i in range(10)}
    for _ in range(40):
        run(graph, "BEGIN")
        model = dict(committed)
        points: list[tuple[str, dict[int, str]]] = []
        for _ in range(chance.randrange(1, 25)):
            kind = chance.randrange(7)
            key, text = chance.randrange(15), str(chance.randrange(4))
            if kind == 0:
                name = chance.choice("abc")
                points.append((name, dict(model)))
                run(graph, f"SAVEPOINT {name}")
            elif kind == 1 and points:
                index = chance.randrange(len(points))
                index = max(i for i, point in enumerate(points) if point[0] == points[index][0])
                run(graph, f"ROLLBACK TO {points[index][0]}")
                model = dict(points[index][1])
                del points[index + 1:]
            elif kind == 2:
                run(graph, f"DELETE FROM n WHERE x = {key}")
                model.pop(key, None)
            elif kind == 3:
                run(graph, f"UPDATE n SET y = '{text}' WHERE x >= {key}")
                model = {x: text if x >= key else y for x, y in model.items()}
            elif key in model:
                assert state(graph, f"INSERT INTO n VALUES (100, 'z'), ({key}, 'q')") == "23505"
            else:
                run(graph, f"INSERT INTO n VALUES ({key}, '{text}')")
                model[key] = text
            assert dict(rows(graph, "SELECT x, y FROM n")) == model
            assert {x for (x,) in rows(graph, f"SELECT x FROM n WHERE y = '{text}'")} == {x for x, y in model.items() if y == text}
        if chance.random() < 0.6:
            run(graph, "COMMIT")
            committed = model
        else:
            run(graph, "ROLLBACK")
        assert dict(rows(graph, "SELECT x, y FROM n")) == committed
    assert graph.check() == []


# ---- BEGIN and SET TRANSACTION ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["BEGIN READ ONLY", "START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY"])
def test_transactions_for_reading(series: PyDeedGraph, text: str) -> None:
    run(series, text)
    assert numbers(series) == [1]
    assert state(series, "INSERT INTO n VALUES (2, 2)") == "25006"
    assert state(series, "ALTER TABLE n ADD z INT") == "25006" and state(series, "TRUNCATE n") == "25006"
    with pytest.raises(ReadOnly):
        series.add_entity("n", {"x": 2})
    run(series, "COMMIT")
    assert numbers(series) == [1]


def doctors(graph: PyDeedGraph, begin: str) -> list[str | None]:
    """Two transactions that each read what the other changes; the codes of their ends."""
    import threading

    run(graph, "CREATE TABLE doctor (name TEXT PRIMARY KEY, on_call BOOLEAN)", "INSERT INTO doctor VALUES ('a', true), ('b', true)")
    barrier = threading.Barrier(2)
    ends: list[str | None] = []

    def leave(name: str) -> None:
        run(graph, *begin.split(";"))
        assert rows(graph, "SELECT count(*) FROM doctor WHERE on_call") == [(2,)]
        barrier.wait()
        run(graph, f"UPDATE doctor SET on_call = false WHERE name = '{name}'")
        barrier.wait()
        try:
            run(graph, "COMMIT")
            ends.append(None)
        except DeedError as error:
            ends.append(error.sqlstate)

    threads = [threading.Thread(target=leave, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ends, key=str)


@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        ("BEGIN ISOLATION LEVEL REPEATABLE READ", [None, None]),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE", ["40001", None]),
        ("BEGIN;SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", ["40001", None]),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE;SET TRANSACTION READ WRITE", ["40001", None]),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE;SET TRANSACTION ISOLATION LEVEL READ COMMITTED", [None, None]),
    ],
)
def test_levels_of_isolation(graph: PyDeedGraph, begin: str, expected: list[str | None]) -> None:
    assert doctors(graph, begin) == expected


def test_set_transaction_comes_first(series: PyDeedGraph) -> None:
    run(series, "BEGIN", "SET TRANSACTION READ ONLY")
    assert numbers(series) == [1]
    assert state(series, "SET TRANSACTION READ WRITE") == "25001"
    run(series, "ROLLBACK", "BEGIN", "SAVEPOINT a")
    assert state(series, "SET TRANSACTION READ ONLY") == "25001"
    run(series, "ROLLBACK", "BEGIN")
    series.add_entity("n", {"x": 5})
    assert state(series, "SET TRANSACTION READ ONLY") == "25001"
    run(series, "COMMIT")
    assert numbers(series) == [1, 5]


def test_begin_in_a_transaction(series: PyDeedGraph) -> None:
    run(series, "BEGIN")
    assert state(series, "BEGIN") == "25001"
    run(series, "ROLLBACK")
    with series.transaction() as transaction, pytest.raises(QuerySemanticError, match="handle"):
        transaction.execute("BEGIN READ ONLY")


# ---- PREPARE and EXECUTE ------------------------------------------------------------------------------------------------


def test_prepared_statements(series: PyDeedGraph) -> None:
    run(series, "PREPARE add (INT, INT) AS INSERT INTO n VALUES ($1, $2)", "EXECUTE add(2, 20)", "EXECUTE ADD(1 + 2, '30')")
    run(series, "PREPARE find AS SELECT x, y FROM n WHERE y >= $1 ORDER BY x")
    assert rows(series, "EXECUTE find(20)") == [(2, 20), (3, 30)]
    assert rows(series, "EXECUTE find((SELECT max(y) FROM n))") == [(3, 30)]
    assert series.execute("EXECUTE find(?)", [30], language="sql").fetchall() == [(3, 30)]
    run(series, "ALTER TABLE n RENAME y TO z")
    assert state(series, "EXECUTE find(20)") == "42703"
    run(series, "ALTER TABLE n RENAME z TO y")
    assert rows(series, "EXECUTE find(30)") == [(3, 30)]


def test_prepared_statements_run_in_the_transaction(series: PyDeedGraph) -> None:
    run(series, "PREPARE add AS INSERT INTO n VALUES ($1, 0)", "BEGIN", "EXECUTE add(5)", "ROLLBACK")
    assert numbers(series) == [1]
    with series.transaction() as transaction:
        run(transaction, "EXECUTE add(6)")
        transaction.rollback()
    assert numbers(series) == [1]
    with PyDeedGraph() as other:
        assert state(other, "EXECUTE add(7)") == "26000"


def test_deallocate(series: PyDeedGraph) -> None:
    run(series, "PREPARE one AS SELECT 1", "PREPARE two AS SELECT 2")
    assert state(series, "PREPARE one AS SELECT 3") == "42P05"
    run(series, "DEALLOCATE one", "PREPARE one AS SELECT 3")
    assert rows(series, "EXECUTE one") == [(3,)]
    run(series, "DEALLOCATE PREPARE ALL")
    assert [state(series, text) for text in ("EXECUTE one", "EXECUTE two", "DEALLOCATE two")] == ["26000"] * 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PREPARE p AS SELECT nothing FROM n", "42703"),
        ("PREPARE p (nothing) AS SELECT $1", "42704"),
        ("PREPARE p AS SELECT :name", "42601"),
        ("EXECUTE add(1)", "42601"),
        ("EXECUTE add(1, 2, 3)", "42601"),
        ("EXECUTE add(1, 'x')", "22P02"),
        ("EXECUTE add(1, 1 / 0)", "22012"),
        ("EXECUTE add(1, 1)", "23505"),
        ("EXECUTE add(?, 1)", "42P02"),
    ],
)
def test_wrong_prepared_statements(series: PyDeedGraph, text: str, expected: str) -> None:
    run(series, "PREPARE add (INT, INT) AS INSERT INTO n VALUES ($1, $2)")
    assert state(series, text) == expected
    assert numbers(series) == [1]


def test_errors_of_prepared_statements_say_where(series: PyDeedGraph) -> None:
    text = "PREPARE p AS\n  SELECT nothing FROM n"
    with pytest.raises(QuerySyntaxError) as caught:
        series.execute(text)
    assert caught.value.position == (text.index("nothing"), text.index(" FROM"))


@pytest.mark.parametrize("text", ["DROP TABLE t", "CREATE TABLE u AS SELECT 1 AS x", "DROP TABLE IF EXISTS t CASCADE"])
def test_what_rollback_would_undo_by_half_is_refused_in_a_transaction(graph: PyDeedGraph, text: str) -> None:
    graph.sql("CREATE TABLE t (a INT PRIMARY KEY)")
    graph.sql("INSERT INTO t VALUES (1)")
    with graph.transaction() as transaction, pytest.raises(QueryError, match="end the transaction first") as failure:
        transaction.execute(text)
    assert failure.value.sqlstate == "25001"
    graph.sql("BEGIN")
    with pytest.raises(QueryError, match="end the transaction first"):
        graph.sql(text)
    graph.sql("ROLLBACK")
    assert graph.sql("SELECT a FROM t").fetchall() == [(1,)]
    with pytest.raises(ConstraintViolation):
        graph.sql("INSERT INTO t VALUES (1)")
