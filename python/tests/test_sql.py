"""SQL on the graph: what statements give, what both languages see, and the errors of each."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deed_core import ConstraintViolation, DeedError, PyDeedGraph, ReadOnly, verify


@pytest.fixture
def graph() -> Iterator[PyDeedGraph]:
    with PyDeedGraph() as graph:
        yield graph


@pytest.fixture
def people(graph: PyDeedGraph) -> PyDeedGraph:
    graph.execute("CREATE TABLE people (id INT PRIMARY KEY, name TEXT NOT NULL, age INT, city TEXT)")
    graph.execute(
        "INSERT INTO people VALUES (1, 'Ada', 36, 'London'), (2, 'Bob', 20, 'Paris'), (3, 'Cyd', NULL, 'Paris'), (4, 'Dan', 20, NULL)"
    )
    graph.execute("CREATE TABLE cities (name TEXT PRIMARY KEY, people INT)")
    graph.execute("INSERT INTO cities VALUES ('Paris', 2100000), ('London', 8900000), ('Oslo', 700000)")
    return graph


RESULTS: dict[str, list[tuple[Any, ...]]] = {
    "SELECT 1 + 2 * 3, -7 / 2, -7 % 3": [(7, -3, -1)],
    "SELECT name FROM people WHERE age = 20 ORDER BY name": [("Bob",), ("Dan",)],
    "SELECT p.name, c.people FROM people p JOIN cities c ON p.city = c.name ORDER BY p.id": [
        ("Ada", 8900000), ("Bob", 2100000), ("Cyd", 2100000)],
    "SELECT p.name, c.name FROM people p LEFT JOIN cities c ON p.city = c.name AND c.people > 5000000 ORDER BY p.id": [
        ("Ada", "London"), ("Bob", None), ("Cyd", None), ("Dan", None)],
    "SELECT p.id, c.name FROM people p RIGHT JOIN cities c ON p.city = c.name ORDER BY c.name, p.id": [
        (1, "London"), (None, "Oslo"), (2, "Paris"), (3, "Paris")],
    "SELECT p.id, c.name FROM people p FULL JOIN cities c ON p.city = c.name ORDER BY p.id, c.name": [
        (1, "London"), (2, "Paris"), (3, "Paris"), (4, None), (None, "Oslo")],
    "SELECT city, count(*), sum(age), avg(age), min(age), max(age) FROM people GROUP BY city ORDER BY city": [
        ("London", 1, 36, 36.0, 36, 36), ("Paris", 2, 20, 20.0, 20, 20), (None, 1, 20, 20.0, 20, 20)],
    "SELECT count(*), count(age), sum(age), avg(age) FROM people WHERE id > 9": [(0, 0, None, None)],
    "SELECT city FROM people GROUP BY city HAVING count(*) > 1": [("Paris",)],
    "SELECT age + 1 AS next, count(*) FROM people GROUP BY age + 1 ORDER BY next NULLS FIRST": [(None, 1), (21, 2), (37, 1)],
    "SELECT DISTINCT age FROM people ORDER BY 1 DESC": [(None,), (36,), (20,)],
    "SELECT name FROM people ORDER BY age, name DESC LIMIT 2 OFFSET 1": [("Bob",), ("Ada",)],
    "SELECT name FROM people WHERE city IN ('Paris', 'Oslo') AND age IS NULL": [("Cyd",)],
    "SELECT name FROM people WHERE city NOT IN (SELECT name FROM cities WHERE people < 3000000)": [("Ada",)],
    "SELECT name FROM people p WHERE EXISTS (SELECT 1 FROM cities c WHERE c.name = p.city AND c.people > 5000000)": [("Ada",)],
    "SELECT name, (SELECT c.people FROM cities c WHERE c.name = p.city) FROM people p ORDER BY id": [
        ("Ada", 8900000), ("Bob", 2100000), ("Cyd", 2100000), ("Dan", None)],
    "SELECT name FROM people WHERE age > (SELECT avg(age) FROM people)": [("Ada",)],
    "SELECT name FROM people WHERE age >= ALL (SELECT age FROM people WHERE age IS NOT NULL)": [("Ada",)],
    "SELECT name FROM people WHERE age BETWEEN 10 AND 30 AND name LIKE '_o%'": [("Bob",)],
    "SELECT CASE WHEN age > 30 THEN 'old' WHEN age IS NULL THEN 'unknown' ELSE 'young' END FROM people ORDER BY id": [
        ("old",), ("young",), ("unknown",), ("young",)],
    "SELECT a.x, b.y FROM (VALUES (1), (2)) AS a(x), (VALUES (10), (20)) AS b(y) WHERE a.x * 10 = b.y ORDER BY 1": [(1, 10), (2, 20)],
    "SELECT city FROM people UNION SELECT name FROM cities ORDER BY 1": [("London",), ("Oslo",), ("Paris",), (None,)],
    "SELECT name FROM cities EXCEPT SELECT city FROM people": [("Oslo",)],
    "SELECT city FROM people INTERSECT SELECT name FROM cities ORDER BY city": [("London",), ("Paris",)],
    "SELECT x FROM (VALUES (1), (1), (2)) t(x) EXCEPT ALL SELECT 1 ORDER BY 1": [(1,), (2,)],
    "WITH old AS (SELECT * FROM people WHERE age > 30), few(n) AS (SELECT count(*) FROM old) SELECT n FROM few": [(1,)],
    "SELECT COALESCE(age, -1), NULLIF(age, 20), GREATEST(age, 30) FROM people ORDER BY id": [
        (36, 36, 36), (20, None, 30), (-1, None, 30), (20, None, 30)],
    "SELECT upper(name) || '!' || length(city) FROM people WHERE id = 1": [("ADA!6",)],
    "SELECT substring('abcdef' FROM 2 FOR 3), position('c' IN 'abc'), trim('  x '), replace('aaa', 'a', 'b')": [
        ("bcd", 3, "x", "bbb")],
    "SELECT CAST('12' AS INTEGER) + 1, '3.5'::float8, CAST(2.5 AS INT), 7::text": [(13, 3.5, 3, "7")],
    "SELECT g FROM generate_series(1, 3) AS g ORDER BY g": [(1,), (2,), (3,)],
    "SELECT count(DISTINCT age), count(*) FILTER (WHERE age > 30) FROM people": [(2, 1)],
    "SELECT (1, 2) < (1, 3), 1 IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL": [(True, True, True)],
    "SELECT name FROM people WHERE (age > 30) IS NOT TRUE ORDER BY id": [("Bob",), ("Cyd",), ("Dan",)],
    "SELECT * FROM people JOIN cities USING (name)": [],
    "SELECT p.* FROM people p WHERE id = 4": [(4, "Dan", 20, None)],
    "SELECT count(*) FROM people a, people b, people c": [(64,)],
    "SELECT 'it''s' , \"name\" FROM people WHERE id = 2": [("it's", "Bob")],
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5) SELECT sum(x), count(*) FROM n": [(15, 5)],
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION SELECT (x + 1) % 3 FROM n) SELECT x FROM n ORDER BY x": [(0,), (1,), (2,)],
    "SELECT DISTINCT ON (city) city, name FROM people ORDER BY city, age DESC, name": [
        ("London", "Ada"), ("Paris", "Cyd"), (None, "Dan")],
    "SELECT string_agg(name, '-' ORDER BY name DESC), count(*) FROM people": [("Dan-Cyd-Bob-Ada", 4)],
    "SELECT array_agg(age ORDER BY id), array_agg(age) FILTER (WHERE id > 9) FROM people": [([36, 20, None, 20], None)],
    "SELECT DATE '2024-01-31' + INTERVAL '1 month' > DATE '2024-02-28', DATE '2024-03-01' - DATE '2024-02-01'": [(True, 29)],
    "SELECT EXTRACT(YEAR FROM DATE '2024-05-06'), EXTRACT(month FROM TIMESTAMP '2024-05-06 07:08:09')": [(2024, 5)],
    "SELECT id, (SELECT max(s) FROM (SELECT sum(q.age) s FROM people q WHERE q.id >= p.id GROUP BY city) g) FROM people p ORDER BY 1": [
        (1, 36), (2, 20), (3, 20), (4, 20)],
    "SELECT greatest(age, id, 3, NULL), least(age, id * 9, 21) FROM people ORDER BY id": [(36, 9), (20, 18), (3, 21), (20, 20)],
    "SELECT x FROM unnest(ARRAY[3, 1, 2]) AS u(x) ORDER BY x": [(1,), (2,), (3,)],
    "SELECT p.name, n.c FROM people p, LATERAL (SELECT count(*) AS c FROM people q WHERE q.age > p.age) n ORDER BY p.id": [
        ("Ada", 0), ("Bob", 1), ("Cyd", 0), ("Dan", 1)],
    # Outer joins within queries that are about the row around them.
    "SELECT id FROM people p WHERE id = 9 OR EXISTS (SELECT 1 FROM cities c LEFT JOIN people q ON q.city = c.name"
    " WHERE c.name = p.city AND q.id <> p.id) ORDER BY 1": [(2,), (3,)],
    "SELECT p.id, (SELECT count(q.id) FROM cities c LEFT JOIN people q ON q.city = c.name AND q.age = p.age) FROM people p ORDER BY 1": [
        (1, 1), (2, 1), (3, 0), (4, 1)],
    "SELECT p.id, (SELECT count(*) FROM cities c FULL JOIN people q ON q.city = c.name WHERE c.people > p.age * 100000 OR q.age > p.age)"
    " FROM people p ORDER BY 1": [(1, 1), (2, 3), (3, 0), (4, 3)],
    "SELECT p.id FROM people p WHERE p.id < 0 OR EXISTS (SELECT 1 FROM (VALUES (1), (2)) v(x), cities c LEFT JOIN people q"
    " ON q.city = c.name WHERE q.id = p.id AND v.x = p.id) ORDER BY 1": [(1,), (2,)],
    "SELECT p.id, (SELECT count(q.id) FROM cities c LEFT JOIN (people q JOIN people r ON r.id = q.id AND r.age >= p.age)"
    " ON q.city = c.name) FROM people p ORDER BY 1": [(1, 1), (2, 2), (3, 0), (4, 2)],
}  # fmt: skip


@pytest.mark.parametrize("text", RESULTS)
def test_a_query_gives(people: PyDeedGraph, text: str) -> None:
    assert people.sql(text).fetchall() == RESULTS[text]


def test_columns_have_the_names_that_postgresql_gives(people: PyDeedGraph) -> None:
    text = "SELECT id, p.name, age + 1, count(*), upper(city), age AS Years, city AS \"City\" FROM people p GROUP BY id, name, age, city"
    assert list(people.sql(text).columns) == ["id", "name", "?column?", "count", "upper", "years", "City"]


def test_both_languages_see_the_same_rows(people: PyDeedGraph) -> None:
    people.cypher("CREATE (:people {id: 5, name: 'Eve', age: 51})")
    assert people.sql("SELECT name FROM people WHERE age > 40").fetchall() == [("Eve",)]
    people.sql("UPDATE people SET age = age + 1, city = name WHERE id = 5")
    assert people.cypher("MATCH (p:people {id: 5}) RETURN p.age, p.city").fetchall() == [(52, "Eve")]
    people.sql("DELETE FROM people WHERE id = 5")
    assert people.cypher("MATCH (p:people) RETURN count(p)").scalar() == 4


def test_a_relationship_type_is_a_table_with_ends(people: PyDeedGraph) -> None:
    people.cypher("MATCH (a:people {id: 1}), (b:people) WHERE b.id IN [2, 3] CREATE (a)-[:knows {since: b.id}]->(b)")
    text = """
        SELECT b.name, k.since FROM people a JOIN knows k ON k._src = a._id JOIN people b ON b._id = k._dst
        WHERE a.name = 'Ada' ORDER BY 1"""
    assert people.sql(text).fetchall() == [("Bob", 2), ("Cyd", 3)]
    assert people.sql("SELECT count(*), min(since) FROM knows").fetchall() == [(2, 2)]


def test_outer_joins_and_existence_along_relationships_are_walked(people: PyDeedGraph) -> None:
    people.cypher("MATCH (a:people), (b:people) WHERE a.id < b.id AND b.id < 4 CREATE (a)-[:knows]->(b)")
    people.cypher("UNWIND range(1, 1000) AS i CREATE (:other)-[:knows]->(:other)")
    for text, rows in (
        ("SELECT a.id, b.id FROM people a LEFT JOIN (knows k JOIN people b ON b._id = k._dst AND b.id > 2) ON k._src = a._id",
         [(1, 3), (2, 3), (3, None), (4, None)]),
        ("SELECT a.id, k._dst = b._id, b.id FROM people a LEFT JOIN knows k ON a._id = k._src LEFT JOIN people b ON b._id = k._dst",
         [(1, True, 2), (1, True, 3), (2, True, 3), (3, None, None), (4, None, None)]),
        ("SELECT a.id FROM people a WHERE EXISTS (SELECT 1 FROM knows k, people b WHERE k._dst = a._id AND b._id = k._src AND b.age < 25)",
         [(3,)]),
        ("SELECT a.id FROM people a WHERE NOT EXISTS (SELECT 1 FROM knows k WHERE k._src = a._id)", [(3,), (4,)]),
        ("SELECT a.id, (SELECT count(*) FROM knows k WHERE k._dst = a._id) FROM people a", [(1, 0), (2, 1), (3, 2), (4, 0)]),
    ):  # fmt: skip
        assert sorted(people.sql(text).fetchall(), key=str) == rows, text
        plan = people.sql("EXPLAIN " + text).scalar()
        assert "Join" not in plan and ("Expand" in plan or "single" in plan), plan


def test_parameters_go_by_position_and_by_name(people: PyDeedGraph) -> None:
    assert people.sql("SELECT name FROM people WHERE id = ? AND age = ?", (2, 20)).scalar() == "Bob"
    assert people.sql("SELECT name FROM people WHERE id = $2 AND age = $1", [20, 2]).scalar() == "Bob"
    assert people.sql("SELECT name FROM people WHERE id = :id", {"id": 3}).scalar() == "Cyd"
    statement = people.prepare("INSERT INTO cities VALUES (?, ?)", language="sql")
    for name in ("A", "B"):
        statement.execute((name, 1))
    assert people.sql("SELECT count(*) FROM cities WHERE people = 1").scalar() == 2


def test_a_recursive_query_follows_relationships(people: PyDeedGraph) -> None:
    people.cypher("MATCH (a:people), (b:people) WHERE b.id = a.id + 1 CREATE (a)-[:next]->(b)")
    text = """
        WITH RECURSIVE reach(id, depth) AS (
            SELECT _id, 0 FROM people WHERE id = 1
            UNION ALL
            SELECT e._dst, r.depth + 1 FROM reach r JOIN next e ON e._src = r.id)
        SELECT p.name, r.depth FROM reach r JOIN people p ON p._id = r.id ORDER BY depth"""
    assert people.sql(text).fetchall() == [("Ada", 0), ("Bob", 1), ("Cyd", 2), ("Dan", 3)]


def test_a_recursion_without_end_ends_by_its_timeout(graph: PyDeedGraph) -> None:
    with pytest.raises(DeedError):
        graph.execute(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT count(*) FROM n", timeout=0.2
        ).fetchall()


def test_a_table_of_with_that_is_named_twice_is_computed_once(graph: PyDeedGraph) -> None:
    # A random number is another one each time it is computed.
    text = """
        WITH r AS (SELECT x, random() AS y FROM generate_series(1, 5000) AS g(x))
        SELECT count(*) FROM r a JOIN r b ON a.x = b.x AND a.y = b.y"""
    assert graph.sql(text).scalar() == 5000
    text = "WITH r AS (SELECT random() AS y) SELECT (SELECT y FROM r) = (SELECT max(y) FROM r), (SELECT count(*) FROM r)"
    assert [graph.sql(text).fetchall() for _ in range(3)] == [[(True, 1)]] * 3
    text = "WITH r AS (SELECT random() AS y) SELECT y FROM r WHERE y IN (SELECT y FROM r)"
    assert len({graph.sql(text).scalar() for _ in range(20)}) == 20, "each execution has its own rows"


def test_sums_of_floats_are_the_same_wherever_a_table_of_with_is_named() -> None:
    with PyDeedGraph(threads=2) as graph:
        graph.sql("CREATE TABLE t (k INT, v FLOAT)")
        graph.add_entities("t", {"k": [i % 7 for i in range(300_000)], "v": [1 / (i + 1) for i in range(300_000)]})
        text = "WITH s AS (SELECT k, sum(v) AS total FROM t GROUP BY k) SELECT k FROM s WHERE total = (SELECT max(total) FROM s)"
        assert [len(graph.sql(text).fetchall()) for _ in range(10)] == [1] * 10


def test_a_recursive_table_can_be_used_in_a_subquery_and_twice(graph: PyDeedGraph) -> None:
    text = """
        WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 4)
        SELECT a.x, (SELECT count(*) FROM n WHERE n.x < a.x) FROM n a WHERE a.x IN (SELECT x * 2 FROM n) ORDER BY 1"""
    assert graph.sql(text).fetchall() == [(2, 1), (4, 3)]
    # What depends on a round is computed anew in each.
    text = """
        WITH RECURSIVE n(x) AS (
            SELECT 1 UNION ALL (WITH c AS (SELECT x FROM n) SELECT a.x + 1 FROM c a JOIN c b ON a.x = b.x WHERE a.x < 5))
        SELECT x FROM n ORDER BY x"""
    assert graph.sql(text).fetchall() == [(1,), (2,), (3,), (4,), (5,)]


def test_rows_of_a_relationship_type_are_inserted_by_their_ends(people: PyDeedGraph) -> None:
    people.cypher("MATCH (a:people {id: 1}), (b:people {id: 2}) CREATE (a)-[:knows {since: 1}]->(b)")
    people.sql(
        "INSERT INTO knows (_src, _dst, since) SELECT a._id, b._id, 7 FROM people a, people b WHERE a.name = 'Cyd' AND b.name = 'Dan'"
    )
    assert people.cypher("MATCH (a)-[k:knows]->(b) WHERE k.since = 7 RETURN a.name, b.name").fetchall() == [("Cyd", "Dan")]
    with pytest.raises(DeedError):
        people.sql("INSERT INTO knows (_src, _dst) VALUES (1, 999999999)")
    people.sql("DELETE FROM knows WHERE since = 1")
    assert people.sql("SELECT count(*) FROM knows").scalar() == 1


def test_a_conflict_updates_or_does_nothing(people: PyDeedGraph) -> None:
    text = "INSERT INTO cities VALUES ('Oslo', 1), ('Rome', 2) ON CONFLICT (name) DO UPDATE SET people = excluded.people + cities.people"
    people.sql(text)
    people.sql("INSERT INTO cities VALUES ('Rome', 9), ('Bern', 3) ON CONFLICT (name) DO NOTHING")
    rows = people.sql("SELECT name, people FROM cities WHERE people < 1000000 ORDER BY name").fetchall()
    assert rows == [("Bern", 3), ("Oslo", 700001), ("Rome", 2)]


def test_changes_return_rows(people: PyDeedGraph) -> None:
    assert people.sql("INSERT INTO people VALUES (8, 'Hal', 3, NULL) RETURNING id, name || '!' AS x").fetchall() == [(8, "Hal!")]
    assert people.sql("UPDATE people SET age = 4 WHERE id = 8 RETURNING age").fetchall() == [(4,)]
    assert people.sql("DELETE FROM people WHERE id = 8 RETURNING name").fetchall() == [("Hal",)]
    assert people.sql("SELECT count(*) FROM people").scalar() == 4


def test_a_view_is_a_query_under_a_name(people: PyDeedGraph) -> None:
    people.sql("CREATE VIEW old (who, years) AS SELECT name, age FROM people WHERE age > 30")
    assert people.sql("SELECT who FROM old WHERE years = 36").fetchall() == [("Ada",)]
    people.sql("UPDATE people SET age = 99 WHERE id = 3")
    assert people.sql("SELECT count(*) FROM old").scalar() == 2
    with pytest.raises(DeedError, match="exists already"):
        people.sql("CREATE VIEW old AS SELECT 1")
    people.sql("DROP VIEW old")
    with pytest.raises(DeedError, match="does not exist"):
        people.sql("SELECT * FROM old")


def test_tables_and_views_are_there_when_the_store_is_opened_again(tmp_path: Path) -> None:
    with PyDeedGraph(tmp_path / "store") as graph:
        graph.sql("CREATE TABLE t (b TEXT, a FLOAT, c)")
        graph.sql("CREATE VIEW v AS SELECT a FROM t")
        graph.sql("INSERT INTO t VALUES ('x', 1, 2)")
    with PyDeedGraph(tmp_path / "store") as graph:
        assert list(graph.sql("SELECT * FROM t").columns) == ["b", "a", "c"]
        assert graph.sql("SELECT * FROM v").fetchall() == [(1.0,)]


def test_a_table_has_defaults_and_checks(graph: PyDeedGraph) -> None:
    graph.sql(
        "CREATE TABLE t (a INT DEFAULT 7, b INT CHECK (b BETWEEN 1 AND 9), c TEXT CHECK (c IN ('x', 'y')), d INT, CHECK (0 < d))"
    )
    graph.sql("INSERT INTO t (b, c, d) VALUES (1, 'x', 1)")
    assert graph.sql("SELECT * FROM t").fetchall() == [(7, 1, "x", 1)]
    graph.sql("INSERT INTO t VALUES (NULL, 2, NULL, 2), (DEFAULT, 3, 'y', 3)")
    graph.sql("INSERT INTO t VALUES (?, 4, ?, 4)", (None, None))
    graph.sql("UPDATE t SET a = DEFAULT, c = DEFAULT WHERE d = 4")
    assert graph.sql("SELECT a, c FROM t ORDER BY d").fetchall() == [(7, "x"), (None, None), (7, "y"), (7, None)]
    graph.sql("DELETE FROM t WHERE d > 1")
    for values in ("(10, 'x', 1)", "(1, 'z', 1)", "(1, 'x', 0)"):
        with pytest.raises(ConstraintViolation):
            graph.sql(f"INSERT INTO t (b, c, d) VALUES {values}")
    assert graph.sql("SELECT count(*) FROM t").scalar() == 1


def test_tables_and_views_reach_replicas_and_readers(tmp_path: Path) -> None:
    with (
        PyDeedGraph(tmp_path / "store", retain_log_bytes=math.inf) as graph,
        PyDeedGraph(tmp_path / "replica", replica=True) as replica,
    ):
        graph.sql("CREATE TABLE t (b TEXT, a INT)")
        graph.sql("CREATE VIEW v AS SELECT a FROM t")
        graph.sql("INSERT INTO t VALUES ('x', 1)")
        for record in graph.changes():
            replica.apply(record.data)
        assert replica.sql("SELECT * FROM v").fetchall() == [(1,)]
        assert replica.sql("SELECT * FROM t").fetchall() == [("x", 1)]
        assert replica.state_digest() == graph.state_digest()
        assert [row[3] for row in graph.execute("CALL db.schema()") if row[1] == "definition"] == ["", ""]
        with PyDeedGraph(tmp_path / "store", read_only=True) as reader:
            graph.sql("CREATE OR REPLACE VIEW v AS SELECT b FROM t")
            reader.catch_up()
            assert reader.sql("SELECT * FROM v").fetchall() == [("x",)]
            for text in ("CREATE VIEW w AS SELECT 1", "CREATE TABLE w (a INT)", "DROP VIEW v", "DROP TABLE t", "TRUNCATE t"):
                with pytest.raises(ReadOnly):
                    reader.sql(text)
        assert replica.state_digest()[0] != graph.state_digest()[0], "a view of the same name that says something else"
        assert graph.check() == []
    assert verify(tmp_path / "store").ok


def test_a_table_is_made_of_a_query(people: PyDeedGraph) -> None:
    people.sql("CREATE TABLE old AS SELECT name, age * 2 AS twice FROM people WHERE age > 10")
    assert people.sql("SELECT * FROM old ORDER BY name").fetchall() == [("Ada", 72), ("Bob", 40), ("Dan", 40)]
    people.sql("TRUNCATE old")
    assert people.sql("SELECT count(*) FROM old").scalar() == 0


def test_an_edge_table_leads_from_one_table_to_another(people: PyDeedGraph) -> None:
    people.sql("CREATE EDGE TABLE lives_in (since INT) FROM people TO cities")
    people.sql("INSERT INTO lives_in SELECT p._id, c._id, 2000 + p.id FROM people p JOIN cities c ON c.name = p.city")
    text = "SELECT p.name, c.name, l.since FROM lives_in l JOIN people p ON p._id = l._src JOIN cities c ON c._id = l._dst ORDER BY since"
    assert people.sql(text).fetchall() == [("Ada", "London", 2001), ("Bob", "Paris", 2002), ("Cyd", "Paris", 2003)]
    with pytest.raises(ConstraintViolation):
        people.sql("INSERT INTO lives_in SELECT a._id, b._id, 1 FROM people a, people b WHERE a.id = 1 AND b.id = 2")


def test_a_table_without_definition_has_the_columns_that_its_rows_have(graph: PyDeedGraph) -> None:
    graph.cypher("CREATE (:Item {a: 1})")
    assert graph.sql("SELECT * FROM item").fetchall() == [(1,)]
    graph.cypher("CREATE (:Item {a: 2, b: 3})")
    assert graph.sql("SELECT * FROM item ORDER BY a").fetchall() == [(1, None), (2, 3)]


def test_update_reads_all_values_before_it_changes_one(people: PyDeedGraph) -> None:
    people.sql("UPDATE people SET age = id, id = id + 10 WHERE id = 2")
    assert people.sql("SELECT id, age FROM people WHERE name = 'Bob'").fetchall() == [(12, 2)]


def test_insert_from_a_query_does_not_see_what_it_inserts(people: PyDeedGraph) -> None:
    people.sql("INSERT INTO people (id, name, age) SELECT id + 100, name, age FROM people")
    assert people.sql("SELECT count(*) FROM people").scalar() == 8


def test_a_statement_that_fails_leaves_nothing_behind(people: PyDeedGraph) -> None:
    with pytest.raises(DeedError):
        people.sql("INSERT INTO people VALUES (7, 'Fay', 1, NULL), (1, 'Gus', 2, NULL)")
    assert people.sql("SELECT count(*) FROM people").scalar() == 4


def test_a_table_that_is_dropped_is_gone_with_its_rows(people: PyDeedGraph) -> None:
    people.sql("DROP TABLE cities")
    with pytest.raises(DeedError, match="does not exist"):
        people.sql("SELECT * FROM cities")
    people.sql("DROP TABLE IF EXISTS cities")
    people.sql("CREATE TABLE cities (x FLOAT)")
    people.sql("INSERT INTO cities VALUES (1)")
    assert people.sql("SELECT * FROM cities").fetchall() == [(1.0,)]


ERRORS: dict[str, str] = {
    "SELECT nme FROM people": 'column "nme" does not exist; did you mean `name`',
    "SELECT 1 FROM poeple": 'table "poeple" does not exist; did you mean `people`',
    "SELECT p.x FROM people p": 'column "x" of "p" does not exist',
    "SELECT q.x FROM people p": 'no table "q"',
    "SELECT name FROM people, cities": "ambiguous",
    "SELECT name, count(*) FROM people": 'column "name" must appear in the GROUP BY',
    "SELECT count(*) FROM people WHERE count(*) > 1": "cannot stand in WHERE",
    "SELECT uper(name) FROM people": "did you mean `upper`",
    "SELECT name + 1 FROM people": "expected a number, not text",
    "SELECT 1 WHERE 1": "expected boolean, not bigint",
    "SELECT 1 / 0": "zero",
    "SELECT 1.0 / 0": "division by zero",
    "SELECT 9223372036854775807 + 1": "range|large|overflow",
    "SELECT (SELECT age FROM people)": "more than one row",
    "SELECT 1 UNION SELECT 1, 2": "same number of columns",
    "INSERT INTO people VALUES (1, 2, 3, 4, 5)": "more values",
    "INSERT INTO people (nme) VALUES (1)": "did you mean `name`",
    "CREATE TABLE people (x INT)": "exists already",
    "CREATE TABLE t (x INTT)": 'no type "intt"',
    "SELECT * FROM people ORDER BY 9": "position 9 is not in the select list",
    "SELECT * FROM people p, cities p": "there twice",
    "SELECT FROM WHERE": "",
}


@pytest.mark.parametrize("text", ERRORS)
def test_an_error_says_what_is_wrong(people: PyDeedGraph, text: str) -> None:
    with pytest.raises(DeedError, match=f"(?i){ERRORS[text]}"):
        people.sql(text).fetchall()


def test_results_agree_with_sqlite(graph: PyDeedGraph) -> None:
    """Queries over the same rows in both, where the dialects do."""
    other = sqlite3.connect(":memory:")
    for text in (
        "CREATE TABLE t (a INTEGER, b INTEGER, c TEXT)",
        "CREATE TABLE u (a INTEGER, d INTEGER)",
        *(f"INSERT INTO t VALUES ({i}, {'NULL' if i % 7 == 0 else i % 5}, 'x{i % 3}')" for i in range(60)),
        *(f"INSERT INTO u VALUES ({i % 20}, {i})" for i in range(40)),
    ):
        graph.sql(text)
        other.execute(text)
    for text in (
        "SELECT a, b FROM t WHERE b > 2 OR b IS NULL",
        "SELECT b, count(*), sum(a), min(c) FROM t GROUP BY b",
        "SELECT t.a, u.d FROM t JOIN u ON t.a = u.a WHERE t.b < u.d",
        "SELECT t.a, u.d FROM t LEFT JOIN u ON t.a = u.a AND u.d > 25",
        "SELECT t.a FROM t WHERE t.a IN (SELECT u.a FROM u WHERE u.d > t.b)",
        "SELECT t.a FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.a)",
        "SELECT t.c, (SELECT max(u.d) FROM u WHERE u.a = t.b) FROM t",
        "SELECT c, b, count(DISTINCT a % 4) FROM t GROUP BY c, b HAVING sum(a) > 40",
        "SELECT x.c, x.n FROM (SELECT c, count(*) AS n FROM t GROUP BY c) x WHERE x.n > 3",
        "SELECT t.a, x.m FROM t JOIN (SELECT a, max(d) AS m FROM u GROUP BY a) x ON x.a = t.a WHERE x.m - t.a > 5",
        "SELECT b FROM t WHERE a < 20 UNION ALL SELECT d FROM u WHERE d < 5",
        "SELECT b FROM t EXCEPT SELECT d FROM u WHERE d < 3",
        "SELECT t1.a FROM t t1, t t2, u WHERE t1.a = t2.b AND t2.a = u.d AND u.a > 3",
    ):
        key = lambda row: tuple((value is None, value) for value in row)  # noqa: E731
        assert sorted(graph.sql(text).fetchall(), key=key) == sorted(other.execute(text).fetchall(), key=key), text
