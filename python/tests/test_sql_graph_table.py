"""Graphs inside SQL: GRAPH_TABLE, CYPHER() in FROM, and SQL inside Cypher, beside the same questions asked in the other language."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from deed_core import DeedError, PyDeedGraph


def loaded(graph: PyDeedGraph) -> PyDeedGraph:
    graph.execute("CREATE TABLE person (id INT PRIMARY KEY, name TEXT, age INT, city TEXT)")
    graph.execute("CREATE TABLE city (name TEXT PRIMARY KEY, people INT)")
    graph.execute("CREATE EDGE TABLE knows (since INT, weight FLOAT) FROM person TO person")
    graph.execute("CREATE EDGE TABLE lives_in (since INT) FROM person TO city")
    graph.execute(
        "INSERT INTO person VALUES (1, 'Ada', 36, 'Oslo'), (2, 'Bob', 20, 'Rome'), (3, 'Cyd', NULL, 'Rome'), (4, 'Dan', 20, "
        "NULL), (5, 'Eve', 51, 'Oslo')"
    )
    graph.execute("INSERT INTO city VALUES ('Rome', 2800000), ('Oslo', 700000), ('Lima', 9000000)")
    for a, b, since, weight in [(1, 2, 2010, 0.5), (1, 3, 2019, 1.5), (2, 3, 2015, 2.0), (3, 4, 2020, 0.25), (4, 1, 2021, 4.0), (2, 2,
        1999, 1.0)]:
        graph.execute(
            "INSERT INTO knows (_src, _dst, since, weight) SELECT a._id, b._id, $3, $4 FROM person a, person b WHERE a.id = $1 "
            "AND b.id = $2",
            [a, b, since, weight])  # fmt: skip
    graph.execute(
        "INSERT INTO lives_in (_src, _dst, since) SELECT p._id, c._id, 2000 + p.id FROM person p JOIN city c ON c.name = p.city"
    )
    return graph


@pytest.fixture
def graph() -> Iterator[PyDeedGraph]:
    with PyDeedGraph() as graph:
        yield loaded(graph)


def sql(graph: PyDeedGraph, text: str, parameters: Any = None) -> Counter[Any]:
    return bag(graph.sql(text, parameters))


def bag(rows: Any) -> Counter[Any]:
    return Counter(repr(tuple(row)) for row in rows)


#: The same in both languages: patterns, COLUMNS, and what comes before the pattern and behind it in Cypher.
SAME: list[tuple[str, str, str]] = [
    ("(a IS person)-[e IS knows]->(b IS person)", "a.name AS x, b.name AS y, e.since AS z",
     "MATCH WALK (a:person)-[e:knows]->(b:person) RETURN a.name, b.name, e.since"),
    ("(a IS person WHERE a.age > 19)<-[e:knows WHERE e.since >= 2015]-(b)", "a.name AS x, b.name AS y",
     "MATCH (a:person WHERE a.age > 19)<-[e:knows WHERE e.since >= 2015]-(b) RETURN a.name, b.name"),
    ("(a IS person)-[e IS knows]-(b)", "a.id AS x, b.id AS y, e.since",
     "MATCH WALK (a:person)-[e:knows]-(b) RETURN a.id, b.id, e.since"),
    ("(a)-[IS knows|lives_in]->(b IS person|city)", "a.name AS x, b.name AS y",
     "MATCH (a)-[:knows|lives_in]->(b:person|city) RETURN a.name, b.name"),
    ("(a IS person)->(b IS !person)", "a.name AS x, b.name AS y", "MATCH (a:person)-->(b:!person) RETURN a.name, b.name"),
    ("(a IS person)-[e IS knows]->(b)-[f IS knows]->(c) WHERE a.age < c.age OR c.age IS NULL", "a.id AS x, b.id AS y, c.id AS z",
     "MATCH WALK (a:person)-[e:knows]->(b)-[f:knows]->(c) WHERE a.age < c.age OR c.age IS NULL RETURN a.id, b.id, c.id"),
    ("TRAIL (a IS person)-[e IS knows]->(b)-[f IS knows]->(c)", "a.id AS x, b.id AS y, c.id AS z",
     "MATCH (a:person)-[e:knows]->(b)-[f:knows]->(c) RETURN a.id, b.id, c.id"),
    ("ACYCLIC (a IS person)-[e IS knows]->(b)-[f IS knows]->(c)", "a.id AS x, b.id AS y, c.id AS z",
     "MATCH ACYCLIC (a:person)-[e:knows]->(b)-[f:knows]->(c) RETURN a.id, b.id, c.id"),
    ("p = (a IS person)-[e IS knows]->{1,3}(b)", "a.id AS x, b.id AS y, path_length(p) AS n, count(e) AS m",
     "MATCH p = WALK (a:person)-[e:knows]->{1,3}(b) RETURN a.id, b.id, length(p), size(e)"),
    ("TRAIL (a IS person)-[e IS knows]->*(b)", "a.id AS x, b.id AS y, e.since AS s",
     "MATCH TRAIL (a:person)-[e:knows]->*(b) RETURN a.id, b.id, [r IN e | r.since]"),
    ("TRAIL (a IS person)-[e IS knows WHERE e.weight < 3]->+(b IS person)", "a.id AS x, b.id AS y, sum(e.weight) AS s",
     "MATCH TRAIL (a:person)-[e:knows WHERE e.weight < 3]->+(b:person) RETURN a.id, b.id, reduce(t = 0.0, r IN e | t + r.weight)"),
    ("p = ANY SHORTEST (a IS person)-[e IS knows]->+(b IS person) WHERE a.id = 1 AND b.id = 4", "path_length(p) AS n",
     "MATCH p = ANY SHORTEST (a:person)-[e:knows]->+(b:person) WHERE a.id = 1 AND b.id = 4 RETURN length(p)"),
    ("p = ALL SHORTEST (a IS person)-[e IS knows]->+(b IS person)", "a.id AS x, b.id AS y, path_length(p) AS n",
     "MATCH p = ALL SHORTEST (a:person)-[e:knows]->+(b:person) RETURN a.id, b.id, length(p)"),
    ("p = SHORTEST 2 (a IS person)-[e IS knows]->{1,4}(b IS person) WHERE a.id = 1", "b.id AS y, path_length(p) AS n",
     "MATCH p = SHORTEST 2 (a:person)-[e:knows]->{1,4}(b:person) WHERE a.id = 1 RETURN b.id, length(p)"),
    ("(a IS person) ((x)-[e IS knows]->(y) WHERE x.id < y.id){1,2} (b)", "a.id AS x0, b.id AS y0, x.id AS xs, y.id AS ys",
     "MATCH WALK (a:person) ((x)-[e:knows]->(y) WHERE x.id < y.id){1,2} (b) RETURN a.id, b.id, [n IN x | n.id], [n IN y | n.id]"),
    ("(a IS person)-[e IS knows]->(b), (a)-[l IS lives_in]->(c)<-[m IS lives_in]-(b)", "a.name AS x, b.name AS y, c.name AS z",
     "MATCH WALK (a:person)-[e:knows]->(b), WALK (a)-[l:lives_in]->(c)<-[m:lives_in]-(b) RETURN a.name, b.name, c.name"),
    ("(a IS person), (c IS city) WHERE a.city = c.name", "a.name AS x, c.people AS y",
     "MATCH (a:person), (c:city) WHERE a.city = c.name RETURN a.name, c.people"),
    ("(a IS person)-[e IS knows]->(a)", "a.name AS x", "MATCH (a:person)-[e:knows]->(a) RETURN a.name"),
    ("(a IS person WHERE EXISTS (SELECT 1 FROM lives_in l WHERE l._src = a._id AND l.since > 2002))-[IS knows]-(b)", "a.id AS x, b.id AS y",
     "MATCH WALK (a:person WHERE EXISTS { (a)-[l:lives_in]->() WHERE l.since > 2002 })-[:knows]-(b) RETURN a.id, b.id"),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "columns", "cypher"), SAME)
def test_a_pattern_means_the_same_in_both_languages(graph: PyDeedGraph, pattern: str, columns: str, cypher: str) -> None:
    found = sql(graph, f"SELECT * FROM GRAPH_TABLE (graph MATCH {pattern} COLUMNS ({columns}))")
    assert found == bag(graph.cypher(cypher))
    assert found


def test_a_pattern_means_the_same_as_a_join(graph: PyDeedGraph) -> None:
    join = (
        "SELECT a.name, b.name, c.name FROM person a JOIN knows e ON e._src = a._id JOIN person b ON b._id = e._dst "
        "JOIN knows f ON f._dst = b._id JOIN person c ON c._id = f._src"
    )
    table = (
        "SELECT * FROM GRAPH_TABLE (graph MATCH (a IS person)-[e IS knows]->(b IS person)<-[f IS knows]-(c IS person) "
        "COLUMNS (a.name AS a, b.name AS b, c.name AS c))"
    )
    assert sql(graph, table) == sql(graph, join)


RESULTS: dict[str, list[tuple[Any, ...]]] = {
    # Where it may stand.
    "SELECT g.x FROM GRAPH_TABLE (graph MATCH (a IS person) COLUMNS (a.name AS x)) AS g WHERE g.x < 'C' ORDER BY 1": [("Ada",), ("Bob",)],
    "SELECT n FROM GRAPH_TABLE (graph MATCH (a IS person) COLUMNS (a.name, a.age)) g(n, a) WHERE a = 20 ORDER BY n": [("Bob",), ("Dan",)],
    "SELECT name, age FROM GRAPH_TABLE (graph MATCH (A IS Person WHERE a.ID = 1) COLUMNS (A.name, a.AGE AS age))": [("Ada", 36)],
    "SELECT c.people, g.x FROM city c JOIN GRAPH_TABLE (graph MATCH (a IS person)-[IS lives_in]->(b) COLUMNS (a.name AS x, b._id AS i)) g "
    "ON g.i = c._id WHERE c.name = 'Rome' ORDER BY 2": [(2800000, "Bob"), (2800000, "Cyd")],
    "SELECT c.name, g.x FROM city c LEFT JOIN GRAPH_TABLE (graph MATCH (a IS person)-[IS lives_in]->(b) COLUMNS (a.name AS x, 1 AS one, "
    "b._id AS i)) g ON g.i = c._id AND g.x > 'B' ORDER BY 1, 2": [("Lima", None), ("Oslo", "Eve"), ("Rome", "Bob"), ("Rome", "Cyd")],
    "SELECT c.name, g.one FROM city c LEFT JOIN GRAPH_TABLE (graph MATCH (a IS person)-[IS lives_in]->(b) COLUMNS (1 AS one, "
    "b._id AS i)) g "
    "ON g.i = c._id WHERE c.name IN ('Lima', 'Oslo') ORDER BY 1": [("Lima", None), ("Oslo", 1), ("Oslo", 1)],
    "SELECT c.name, g.x FROM GRAPH_TABLE (graph MATCH (a IS person)-[IS lives_in]->(b) COLUMNS (a.name AS x, b._id AS i)) g "
    "FULL JOIN city c ON g.i = c._id AND c.name <> 'Oslo' ORDER BY 1, 2": [
        ("Lima", None), ("Oslo", None), ("Rome", "Bob"), ("Rome", "Cyd"), (None, "Ada"), (None, "Eve")],
    "SELECT c.name, g.x FROM GRAPH_TABLE (graph MATCH (a IS person)-[IS lives_in]->(b) COLUMNS (a.name AS x, b._id AS i)) g "
    "RIGHT JOIN city c ON g.i = c._id AND g.x > 'B' ORDER BY 1, 2": [("Lima", None), ("Oslo", "Eve"), ("Rome", "Bob"), ("Rome", "Cyd")],
    # What stands before it in FROM.
    "SELECT p.name, g.friend FROM person p, GRAPH_TABLE (graph MATCH (a IS person WHERE a.id = p.id)-[IS knows]->(b) "
    "COLUMNS (b.name AS friend)) g WHERE p.age = 20 ORDER BY 1, 2": [("Bob", "Bob"), ("Bob", "Cyd"), ("Dan", "Ada")],
    "SELECT p.name, g.friend FROM person p LEFT JOIN GRAPH_TABLE (graph MATCH (a)-[IS knows]->(b) WHERE a._id = p._id AND b.id <> p.id "
    "COLUMNS (b.name || '!' AS friend)) g ON true WHERE p.id > 1 ORDER BY 1, 2": [
        ("Bob", "Cyd!"), ("Cyd", "Dan!"), ("Dan", "Ada!"), ("Eve", None)],
    "SELECT v.n, g.x FROM (VALUES (1), (4)) v(n), GRAPH_TABLE (graph MATCH (a WHERE a.id = v.n)-[IS knows]->(b) COLUMNS (b.id + "
    "v.n AS x)) g "
    "ORDER BY 1, 2": [(1, 3), (1, 4), (4, 5)],
    "SELECT p.id, l.n, g.y FROM person p, LATERAL (SELECT p.id + 1 AS n) l, GRAPH_TABLE (graph MATCH (a IS person WHERE a.id = l.n) "
    "COLUMNS (a.name AS y)) g WHERE p.id < 3 ORDER BY 1": [(1, 2, "Bob"), (2, 3, "Cyd")],
    "SELECT g.x, h.y FROM GRAPH_TABLE (graph MATCH (a IS person)-[IS knows]->(b) COLUMNS (a._id AS i, b._id AS j, a.name AS x)) g, "
    "GRAPH_TABLE (graph MATCH (c WHERE c._id = g.j)-[IS lives_in]->(d) COLUMNS (d.name AS y)) h ORDER BY 1, 2": [
        ("Ada", "Rome"), ("Ada", "Rome"), ("Bob", "Rome"), ("Bob", "Rome"), ("Dan", "Oslo")],
    "SELECT e.since, g.x FROM knows e, GRAPH_TABLE (graph MATCH (a)-[IS lives_in WHERE e.since < 2012]->{1,2}(b) WHERE a._id = e._src "
    "COLUMNS (b.name AS x)) g ORDER BY 1": [(1999, "Rome"), (2010, "Oslo")],
    # Within other queries.
    "SELECT name FROM person p WHERE NOT EXISTS (SELECT 1 FROM GRAPH_TABLE (graph MATCH (a)-[IS knows]->(b) WHERE a._id = p._id "
    "COLUMNS (1 AS x)))": [("Eve",)],
    "SELECT p.name, (SELECT count(*) FROM GRAPH_TABLE (graph MATCH (a WHERE a._id = p._id)-[IS knows]-(b) COLUMNS (b.id AS x)) g) AS n "
    "FROM person p ORDER BY p.id": [("Ada", 3), ("Bob", 3), ("Cyd", 3), ("Dan", 2), ("Eve", 0)],
    "WITH g AS (SELECT * FROM GRAPH_TABLE (graph MATCH (a)-[e IS knows]->(b) COLUMNS (a.id AS x, b.id AS y))) "
    "SELECT g.x FROM g JOIN g h ON g.y = h.x AND h.y = g.x ORDER BY 1": [(2,)],
    "WITH RECURSIVE r(i) AS (SELECT 1 UNION SELECT g.y FROM r, GRAPH_TABLE (graph MATCH (a WHERE a.id = r.i)-[IS knows]->(b IS person) "
    "COLUMNS (b.id AS y)) g) SELECT i FROM r ORDER BY i": [(1,), (2,), (3,), (4,)],
    "SELECT count(*), sum(s) FROM GRAPH_TABLE (graph MATCH (a)-[e IS knows]->() COLUMNS (e.weight AS s))": [(6, 9.25)],
    # Columns.
    "SELECT * FROM GRAPH_TABLE (graph MATCH (a IS city WHERE a.name = 'Lima') COLUMNS (a.*))": [("Lima", 9000000)],
    "SELECT a.name, a.people FROM GRAPH_TABLE (graph MATCH (a IS city WHERE a.people < 1000000) COLUMNS (a))": [("Oslo", 700000)],
    "SELECT * FROM GRAPH_TABLE (graph MATCH (a IS person)-[e IS knows]->(b) WHERE e._src = a._id AND e._dst = b._id AND a.id = 3 "
    "COLUMNS (a.name || '-' || b.name AS pair, CASE WHEN e.since > 2000 THEN 'new' ELSE 'old' END AS age))": [("Cyd-Dan", "new")],
    "SELECT n, m, least, mean, s, l FROM GRAPH_TABLE (graph MATCH (a WHERE a.id = 1)-[e IS knows]->{2}(b WHERE b.id = 3) COLUMNS "
    "(count(e) AS n, "
    "max(e.since) AS m, min(e.since + 1) AS least, avg(e.weight) AS mean, string_agg(e.since, '/') AS s, array_agg(e.since) AS l))": [
        (2, 2015, 2011, 1.25, "2010/2015", [2010, 2015])],
    "SELECT s, c FROM GRAPH_TABLE (graph MATCH (a WHERE a.id = 1)-[e IS knows]->{0,1}(b) COLUMNS (sum(e.weight) AS s, count(e) AS "
    "c)) ORDER BY c, s": [
        (None, 0), (0.5, 1), (1.5, 1)],
    "SELECT n, vs, es FROM GRAPH_TABLE (graph MATCH p = (a WHERE a.id = 1)-[e IS knows]->{2}(b WHERE b.id = 4) COLUMNS "
    "(path_length(p) AS n, "
    "cardinality(vertices(p)) AS vs, cardinality(edges(p)) AS es))": [(2, 3, 2)],
    "SELECT element_id(a) = a._id AND a = b, labels(a) FROM GRAPH_TABLE (graph MATCH (a WHERE a.id = 2)-[IS knows]->(b) WHERE a = b "
    "COLUMNS (a, b))": [(True, ["person"])],
    "SELECT count(*) FROM GRAPH_TABLE (memory MATCH (a)-[e]->(b) COLUMNS (1 AS one))": [(10,)],
    "SELECT x FROM GRAPH_TABLE (graph MATCH (a IS person) COLUMNS ((SELECT count(*) FROM knows k WHERE k._src = a._id) AS x)) ORDER BY x": [
        (0,), (1,), (1,), (2,), (2,)],
    # Integers are divided as SQL does, and comparisons are SQL's.
    "SELECT a.age / 7 FROM GRAPH_TABLE (graph MATCH (a IS person WHERE a.age / 7 = 5 AND a.age NOT BETWEEN 1 AND 2) COLUMNS "
    "(a.age)) a": [(5,)],
}  # fmt: skip


@pytest.mark.parametrize("text", RESULTS)
def test_results(graph: PyDeedGraph, text: str) -> None:
    assert [tuple(row) for row in graph.sql(text)] == RESULTS[text]


def test_parameters_reach_patterns(graph: PyDeedGraph) -> None:
    text = "SELECT x FROM GRAPH_TABLE (graph MATCH (a WHERE a.id = ?)-[IS knows WHERE since > ?]->(b) COLUMNS (b.name AS x)) WHERE x <> ?"
    with pytest.raises(DeedError, match="since"):
        graph.sql(text, [1, 2011, "Zoe"])
    text = text.replace("since", "e.since").replace("[IS", "[e IS")
    assert sql(graph, text, [1, 2011, "Zoe"]) == bag([("Cyd",)])
    assert sql(graph, text, [1, 2000, "Bob"]) == bag([("Cyd",)])


def test_conditions_around_a_pattern_reach_into_it(graph: PyDeedGraph) -> None:
    text = (
        "EXPLAIN SELECT g.y FROM GRAPH_TABLE (graph MATCH (a IS person)-[e IS knows]->(b IS person) COLUMNS (a.id AS x, b.name AS y)) g "
        "JOIN city c ON c.name = g.y WHERE g.x = 1"
    )
    plan = "\n".join(str(row[0]) for row in graph.sql(text))
    assert "Seek" in plan and "Apply" not in plan, plan


def test_a_property_that_only_some_rows_have(graph: PyDeedGraph) -> None:
    graph.cypher("MATCH (c:city {name: 'Oslo'}) SET c.Snow = true, c:Cold")
    text = "SELECT * FROM GRAPH_TABLE (graph MATCH (c IS {} WHERE c.snow IS NOT NULL) COLUMNS (c.name AS n, c.Snow AS s))"
    assert sql(graph, text.format("city")) == sql(graph, text.format("Cold")) == bag([("Oslo", True)])


ERRORS = [
    ("GRAPH_TABLE (other MATCH (a) COLUMNS (a.id))", 'there is no graph "other"'),
    ("GRAPH_TABLE (graph MATCH (a IS persn) COLUMNS (a.id))", 'there is no label "persn"; did you mean `person`?'),
    ("GRAPH_TABLE (graph MATCH (a IS knows) COLUMNS (a.id))", 'there is no label "knows"'),
    ("GRAPH_TABLE (graph MATCH (a)-[e IS person]->(b) COLUMNS (a.id))", 'there is no relationship type "person"'),
    ("GRAPH_TABLE (graph MATCH (a IS person) COLUMNS (a.nme))", 'column "nme" of "a" does not exist; did you mean `name`?'),
    ("GRAPH_TABLE (graph MATCH (a) COLUMNS (a.nothing))", 'column "nothing" of "a" does not exist'),
    ("GRAPH_TABLE (graph MATCH (a IS person) COLUMNS (name))", 'column "name" does not exist'),
    ("GRAPH_TABLE (graph MATCH (a IS person) COLUMNS (*))", "name the columns"),
    ("GRAPH_TABLE (graph MATCH (a IS person) COLUMNS (b.*))", 'there is no table "b"'),
    ("GRAPH_TABLE (graph MATCH (a IS person) COLUMNS (sum(a.age)))", "over one variable of a repeated part"),
    ("GRAPH_TABLE (graph MATCH (a)-[e IS knows]->+(b) COLUMNS (a.id))", "WALK may go round in circles"),
    ("GRAPH_TABLE (graph MATCH (a)-[a IS knows]->(b) COLUMNS (a.id))", "cannot be a relationship"),
    ("GRAPH_TABLE (graph MATCH p = (a), p = (b) COLUMNS (a.id))", "taken already"),
    ("GRAPH_TABLE (graph MATCH (a IS person WHERE a.id) COLUMNS (a.id))", "expected boolean"),
    ("GRAPH_TABLE (graph MATCH (a IS person WHERE a.age = 'x') COLUMNS (a.id))", ""),
    ("person p RIGHT JOIN GRAPH_TABLE (graph MATCH (a WHERE a.id = p.id) COLUMNS (a.id)) g ON true", 'there is no table "p"'),
    ("GRAPH_TABLE (graph MATCH (a) COLUMNS (a._id)) g(x, y)", '"g" has 1 columns, not 2'),
    ("GRAPH_TABLE (graph MATCH p = (a)-[IS knows]->{2}(b) COLUMNS (p.x AS x))", 'column "x" of "p" does not exist'),
    ("GRAPH_TABLE (graph MATCH (a)-[e IS knows]->{2}(b) COLUMNS (count(DISTINCT e) AS n))", "not supported yet"),
    ("CYPHER('MATCH (n) RETRN n')", "RETRN"),
    ("CYPHER('MATCH (n) RETURN m')", "`m` is not defined"),
    ("CYPHER('CREATE (n) RETURN n')", "only reads"),
    ("CYPHER('CREATE (n)')", "only reads"),
    ("CYPHER('CALL deed.evaporate(0.1)')", "only reads"),
    ("CYPHER('UNWIND [1] AS x CALL { WITH x CREATE (:N {x: x}) } IN TRANSACTIONS RETURN x')", ""),
    ("CYPHER('MATCH (n) FINISH')", "has to return columns"),
    ("CYPHER('BEGIN')", "takes a query, and no command"),
    ("CYPHER('EXPLAIN RETURN 1')", "takes a query, and no command"),
    ("CYPHER($1)", "is a string literal"),
    ("CYPHER('RETURN ' || '1')", "is a string literal"),
    ("CYPHER('RETURN 1', 2)", "takes the text of a query"),
    ("CYPHER('RETURN 1 AS a') c(x, y)", '"c" has 1 columns, not 2'),
]  # fmt: skip


@pytest.mark.parametrize(("table", "part"), ERRORS)
def test_errors(graph: PyDeedGraph, table: str, part: str) -> None:
    rows = graph.cypher("MATCH (n) RETURN count(n)").scalar()
    with pytest.raises(DeedError) as caught:
        list(graph.sql(f"SELECT * FROM {table}"))
    assert part in str(caught.value)
    assert graph.cypher("MATCH (n) RETURN count(n)").scalar() == rows


# Random patterns against joins and Cypher


def test_random_patterns_agree(rng: random.Random) -> None:
    with PyDeedGraph() as graph:
        graph.execute("CREATE TABLE a (x INT)")
        graph.execute("CREATE TABLE b (x INT)")
        graph.execute("CREATE EDGE TABLE s (w INT) FROM a TO b")
        for label in "ab":
            for x in range(6):
                graph.execute(f"INSERT INTO {label} VALUES ({x})")
        nodes = [row[0] for row in graph.cypher("MATCH (n) RETURN id(n)")]
        for kind in ["t", "u"]:
            for _ in range(25):
                source, target = rng.choice(nodes), rng.choice(nodes)
                graph.cypher(f"MATCH (m), (n) WHERE id(m) = $m AND id(n) = $n CREATE (m)-[:{kind} {{w: $w}}]->(n)",
                             {"m": source, "n": target, "w": rng.randrange(5)})  # fmt: skip
        for _ in range(150):
            compare(graph, rng)


def compare(graph: PyDeedGraph, rng: random.Random) -> None:
    mode = rng.choice(["WALK", "TRAIL", "ACYCLIC"])
    sides: tuple[list[str], list[str]] = ([], [])
    columns: tuple[list[str], list[str]] = ([], [])
    for number in range(rng.randint(2, 4)):
        if number:
            kinds, form = rng.choice(["t", "u", "t|u"]), rng.choice(["-[{}]->", "<-[{}]-", "-[{}]-"])
            length = rng.choice(["", "", "", "{1,2}", "{0,2}"])
            least = rng.randrange(5)
            condition = rng.choice(["", f" WHERE e{number}.w >= {least}"])
            sides[0].append(form.format(f"e{number} IS {kinds}{condition}") + length)
            sides[1].append(form.format(f"e{number}:{kinds}{condition}") + length)
            columns[0].append(f"e{number}.w")
            columns[1].append(f"[r IN e{number} | r.w]" if length else f"e{number}.w")
        name = f"n{rng.choice([number, number, number, 0])}"
        label, limit = rng.choice(["", "a", "b", "a|b"]), rng.randrange(6)
        condition = rng.choice(["", f" WHERE {name}.x < {limit}"])
        sides[0].append(f"({name}{' IS ' + label if label else ''}{condition})")
        sides[1].append(f"({name}{':' + label if label else ''}{condition})")
        columns[0].append(f"{name}._id")
        columns[1].append(f"id({name})")
    low = rng.randrange(6)
    condition = rng.choice(["", f" WHERE n0.x > {low}"])
    named = [", ".join(f"{value} AS c{index}" for index, value in enumerate(side)) for side in columns]
    text = f"SELECT * FROM GRAPH_TABLE (graph MATCH {mode} {''.join(sides[0])}{condition} COLUMNS ({named[0]}))"
    cypher = f"MATCH {mode} {''.join(sides[1])}{condition} RETURN {named[1]}"
    assert sql(graph, text) == bag(graph.cypher(cypher)), (text, cypher)
    outer = text.replace(condition, "", 1) + condition.replace("n0.x", "(SELECT x FROM (SELECT x, _id AS i FROM a UNION ALL "
    "SELECT x, _id FROM b) t "
                                                             "WHERE t.i = c0)") if condition else text  # fmt: skip
    assert sql(graph, outer) == sql(graph, text), outer


# CYPHER() and sql()

TEXTS: dict[str, list[tuple[Any, ...]]] = {
    "SELECT * FROM CYPHER('MATCH (p:person) WHERE p.age > 30 RETURN p.name AS name, p.age AS age ORDER BY age')": [("Ada", 36), ("Eve",
        51)],
    "SELECT c.people, t.n FROM city c JOIN CYPHER($$MATCH (p:person)-[:lives_in]->(x) RETURN x.name AS city, count(*) AS n$$) t "
    "ON t.city = c.name ORDER BY t.n, c.people": [(700000, 2), (2800000, 2)],
    "SELECT t.y + 1 FROM CYPHER('UNWIND [1, 2, 3] AS x RETURN x AS y') AS t WHERE t.y > 1 ORDER BY 1 DESC LIMIT 1": [(4,)],
    "SELECT u.a FROM CYPHER('RETURN 1 AS x UNION RETURN 2 AS x') AS u(a) ORDER BY a": [(1,), (2,)],
    "SELECT label FROM CYPHER('CALL db.labels()') ORDER BY label": [("city",), ("person",)],
    "SELECT (n).name, n.age FROM CYPHER('MATCH (n:person {id: 1}) RETURN n')": [("Ada", 36)],
    "SELECT count(*) FROM person p LEFT JOIN CYPHER('MATCH (a:person)-[:knows]->() RETURN DISTINCT a.id AS i') k ON k.i = p.id "
    "WHERE k.i IS NULL": [(1,)],
    "SELECT (SELECT max(y) FROM CYPHER('MATCH (p:person) RETURN p.age AS y') c WHERE c.y < p.age) FROM person p WHERE p.id IN (1, "
    "5) ORDER BY p.id": [
        (20,), (36,)],
    "SELECT x FROM CYPHER('CALL sql(\"SELECT name, id FROM person\") YIELD name, id WHERE id < 3 RETURN name AS x ORDER BY x')": [
        ("Ada",), ("Bob",)],
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_cypher_in_sql(graph: PyDeedGraph, text: str) -> None:
    assert [tuple(row) for row in graph.sql(text)] == TEXTS[text]


IN_CYPHER: dict[str, list[tuple[Any, ...]]] = {
    "CALL sql('SELECT name, age FROM person WHERE age > 30 ORDER BY age')": [("Ada", 36), ("Eve", 51)],
    "CALL sql('SELECT name, people FROM city') YIELD people AS n, name MATCH (p:person) WHERE p.city = name RETURN p.name, n "
    "ORDER BY p.name": [
        ("Ada", 700000), ("Bob", 2800000), ("Cyd", 2800000), ("Eve", 700000)],
    "MATCH (p:person) WITH p ORDER BY p.id LIMIT 2 CALL sql('SELECT count(*) AS n FROM city') YIELD n RETURN p.name, n": [("Ada", 3),
        ("Bob", 3)],
    "CALL sql(\"SELECT g.x FROM GRAPH_TABLE (graph MATCH (a)-[IS knows]->(a) COLUMNS (a.name AS x)) g\") YIELD x RETURN x": [("Bob",)],
    "CALL sql('WITH t(a) AS (VALUES (1), (2)) SELECT sum(a) AS s FROM t') YIELD s RETURN s + 1": [(4,)],
    "UNWIND [1, 2] AS x CALL (x) { CALL sql('SELECT 7 AS seven') YIELD seven RETURN seven + x AS y } RETURN y": [(8,), (9,)],
}  # fmt: skip


@pytest.mark.parametrize("text", IN_CYPHER)
def test_sql_in_cypher(graph: PyDeedGraph, text: str) -> None:
    assert [tuple(row) for row in graph.cypher(text)] == IN_CYPHER[text]
    assert [tuple(row) for row in graph.cypher(text)] == IN_CYPHER[text]


@pytest.mark.parametrize(("text", "part"), [
    ("CALL sql('SELECT 1 AS x') YIELD y RETURN y", "sql yields no `y`"),
    ("CALL sql('DELETE FROM person') YIELD x RETURN x", "takes a query"),
    ("CALL sql('SELECT nme FROM person') YIELD name RETURN name", 'column "nme" does not exist'),
    ("CALL sql($text) YIELD x RETURN x", "is a string literal"),
    ("CALL sql('SELECT 1', 2) YIELD x RETURN x", "takes the text of a query"),
    ("CALL sql('SELECT 1 AS x') RETURN 1 AS x UNION CALL sql('SELEC') YIELD x RETURN x", ""),
])  # fmt: skip
def test_errors_of_sql_in_cypher(graph: PyDeedGraph, text: str, part: str) -> None:
    with pytest.raises(DeedError) as caught:
        list(graph.cypher(text, {"text": "SELECT 1 AS x"}))
    assert part in str(caught.value)


def test_literals_of_the_text_are_not_mixed_up(graph: PyDeedGraph) -> None:
    for number in range(3):
        assert graph.cypher(f"CALL sql('SELECT {number} AS x') YIELD x RETURN x").scalar() == number
        assert graph.sql(f"SELECT x FROM CYPHER('RETURN {number} AS x')").scalar() == number


def test_parameters_are_those_of_the_statement(graph: PyDeedGraph) -> None:
    text = (
        "SELECT p.name FROM person p JOIN CYPHER('MATCH (a:person) WHERE a.age > $least RETURN a.id AS i') c ON c.i = p.id "
        "WHERE p.id < :most"
    )
    assert sql(graph, text, {"least": 30, "most": 3}) == bag([("Ada",)])
    found = graph.cypher("CALL sql('SELECT name FROM person WHERE id = :i') YIELD name RETURN name, $i", {"i": 2})
    assert bag(found) == bag([("Bob", 2)])
    with pytest.raises(DeedError, match="least"):
        graph.sql(text, {"most": 3})


@pytest.mark.parametrize(("text", "shown"), [
    ("SELECT * FROM CYPHER('MATCH (n) RETURN nn')", "nn"), ("SELECT * FROM CYPHER($$MATCH (n) RETURN nn$$)", "nn"),
    ("SELECT * FROM CYPHER($x$MATCH (n) RETURN nn$x$)", "nn"), ("SELECT * FROM CYPHER('RETURN ''a'' AS b, nn')", "nn"),
    ("SELECT * FROM CYPHER(E'RETURN nn')", "E'RETURN nn'"),
    ("SELECT * FROM CYPHER('CALL sql(\"SELECT nn FROM person\") YIELD x RETURN x')", "nn"),
])  # fmt: skip
def test_errors_show_the_place_in_the_text_within(graph: PyDeedGraph, text: str, shown: str) -> None:
    with pytest.raises(DeedError) as caught:
        graph.sql(text)
    line, marks = str(caught.value).splitlines()[-2:]
    assert line[marks.index("^") :][: marks.count("^")] == shown


def test_changes_before_a_text_are_seen_by_it(graph: PyDeedGraph) -> None:
    text = "CREATE (:person {id: 9, name: 'Zoe'}) WITH 1 AS one CALL sql('SELECT count(*) AS n FROM person') YIELD n RETURN n"
    assert graph.cypher(text).scalar() == 6


def test_views_have_patterns_and_texts(graph: PyDeedGraph) -> None:
    graph.execute("CREATE VIEW friends AS SELECT * FROM GRAPH_TABLE (graph MATCH (a IS person)-[IS knows]->(b) COLUMNS (a.name AS "
    "x, b.name AS y))")
    graph.execute("CREATE VIEW ages AS SELECT * FROM CYPHER('MATCH (p:person) RETURN p.name AS n, p.age AS a')")
    assert sql(graph, "SELECT y, a FROM friends JOIN ages ON n = y WHERE x = 'Ada'") == bag([("Bob", 20), ("Cyd", None)])


def test_plans_follow_the_schema(graph: PyDeedGraph) -> None:
    text = "SELECT * FROM GRAPH_TABLE (graph MATCH (a IS thing) COLUMNS (a.*))"
    graph.cypher("CREATE (:thing {x: 1})")
    assert sql(graph, text) == bag([(1,)])
    assert sql(graph, f"SELECT * FROM CYPHER($c$CALL sql({text!r}) YIELD x RETURN x$c$)") == bag([(1,)])
    graph.cypher("MATCH (t:thing) SET t.y = 2")
    assert sql(graph, text) == bag([(1, 2)])
    inner = f"CALL sql({text!r})"
    assert bag(graph.cypher(inner)) == bag([(1, 2)])
    graph.cypher("MATCH (t:thing) SET t.z = 3")
    assert bag(graph.cypher(inner)) == bag([(1, 2, 3)])


@pytest.mark.parametrize(("text", "rows"), [
    ("SELECT p.id, c.name, s.z FROM person p, (city c LEFT JOIN LATERAL (SELECT p.id + 1 AS z WHERE c.name = p.city) s ON true) "
     "WHERE p.id < 3 ORDER BY 1, 2",
     [(1, "Lima", None), (1, "Oslo", 2), (1, "Rome", None), (2, "Lima", None), (2, "Oslo", None), (2, "Rome", 3)]),
    ("SELECT p.id, c.name, g.x FROM person p, (city c LEFT JOIN GRAPH_TABLE (graph MATCH (a)-[IS lives_in]->(b) "
     "WHERE a._id = p._id AND b._id = c._id COLUMNS (a.name AS x)) g ON true) WHERE p.id < 3 AND (g.x IS NOT NULL OR c.name = "
     "'Lima') ORDER BY 1, 2",
     [(1, "Lima", None), (1, "Oslo", "Ada"), (2, "Lima", None), (2, "Rome", "Bob")]),
    ("SELECT p.id, l.x, m.y FROM person p LEFT JOIN LATERAL (SELECT p.id * 2 AS x) l ON l.x > 2 LEFT JOIN LATERAL (SELECT l.x + 1 "
    "AS y) m ON true "
     "WHERE p.id < 3 ORDER BY 1", [(1, None, None), (2, 4, 5)]),
    ("SELECT p.id, u FROM person p, unnest(ARRAY(SELECT k.since FROM knows k WHERE k._src = p._id ORDER BY 1)) u WHERE p.id < 3 "
    "ORDER BY 1, 2",
     [(1, 2010), (1, 2019), (2, 1999), (2, 2015)]),
])  # fmt: skip
def test_parts_of_from_that_depend_on_others(graph: PyDeedGraph, text: str, rows: list[tuple[Any, ...]]) -> None:
    assert [tuple(row) for row in graph.sql(text)] == rows


@pytest.mark.parametrize("kind", ["RIGHT", "FULL"])
def test_rows_without_partners_refer_to_none(graph: PyDeedGraph, kind: str) -> None:
    with pytest.raises(DeedError, match='there is no table "p"'):
        graph.sql(f"SELECT * FROM person p {kind} JOIN LATERAL (SELECT p.id AS x) l ON true")
