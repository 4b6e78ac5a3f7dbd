"""MERGE of many rows at once, compared with the same MERGE of one row after the other: random rows with repetitions, nulls and
mixed types, on graphs with and without indexes, in transactions with uncommitted rows and deletions. DEED_MERGE_SEEDS says
how many."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest
from deed_core import DeedError, PyDeedGraph

SEEDS = int(os.environ.get("DEED_MERGE_SEEDS", "320"))
# Seeds of one test: it shows all the failures of its block at once.
BLOCK = 80

Row = dict[str, Any]

# Clauses, each of which sees all rows of the one before: one by one they run as a statement for each row, in turn. What comes
# back has the names of what is bound, for the next one.
STATEMENTS = [
    ["MERGE (p:P {k: row.k})"],
    ["MERGE (p:P {k: row.k}) ON CREATE SET p.c = row.v ON MATCH SET p.m = row.v"],
    ["MERGE (p:P {k: row.k}) ON CREATE SET p.n = 1 ON MATCH SET p.n = coalesce(p.n, 0) + 1"],
    ["MERGE (p:P {k: row.k}) ON MATCH SET p:Found, p.u = row.v"],
    ["MERGE (p:P {k: row.k}) ON CREATE SET p.u = row.v"],
    ["MERGE (p:P {k: row.k, v: row.v}) ON CREATE SET p.made = true"],
    ["MERGE (p:P:Q {k: row.k})"],
    ["MERGE (p:P {k: row.k}) ON MATCH SET p.k = row.v"],
    ["MERGE (p:P {k: row.k}) ON CREATE SET p += {x: row.v}"],
    ["MERGE (p:P {k: toString(row.k)})"],
    ["MERGE (p:P {k: row.k})", "SET p.v = row.v, p.last = row.k"],
    ["MERGE (p:P {k: row.k})", "SET p.w = row.v, p.n = coalesce(p.n, 0) + 1"],
    ["MERGE (p:P {k: row.k})", "SET p.w = row.v, p.x = row.number, p.gone = null"],
    ["MERGE (p:P {k: row.k})", "SET p.u = row.v"],
    ["MERGE (p:P {k: row.k})", "SET p.k = row.v"],
    ["MERGE (p:P {k: row.k})", "SET p.n = COUNT { MATCH (:P) }"],
    ["MERGE (p:P {k: row.k}) ON CREATE SET p.n = row.v", "SET p.w = coalesce(p.w, 0) + p.n"],
    ["MATCH (q:P) WHERE q.k = row.k", "MERGE (p:P {k: q.v})", "SET p.v = q.k"],
    ["MATCH (q:P) WHERE q.k = row.k", "MERGE (p:P {k: q.v})", "SET p.w = q.k, p.n = coalesce(q.n, 0) + 1"],
    ["MATCH (q:P) WHERE q.k = row.k", "MERGE (p:P {k: keys(q)[0]})", "SET p.a = row.v"],
    ["MERGE (p:P {k: row.k})", "MERGE (q:P {k: row.v})", "MERGE (p)-[r:R]->(q)", "SET r.w = row.v, r.n = coalesce(r.n, 0) + 1"],
    ["MERGE (p:P {k: row.k})", "MERGE (q:P {k: row.v})", "MERGE (p)-[r:R {w: row.v}]-(q)", "SET r.n = row.k"],
    ["MERGE (p:P {k: row.k})", "MERGE (q:P {k: row.v})", "MERGE (p)-[r:R]->(q) ON CREATE SET r.n = 1 ON MATCH SET r.n = r.n + 1"],
    ["MERGE (p:P {k: row.k})", "MERGE (q:P {k: row.v})", "MERGE (p)-[:R]-(q)"],
    ["MERGE (p:P {k: row.k})", "MERGE (q:P {k: row.v})", "MERGE (p)<-[r:R {w: row.v}]-(q)"],
    ["MERGE (p:P {k: row.k})", "MERGE (p)-[:R]->(q:P {k: row.v})"],
    ["MERGE (p:P {k: CASE WHEN row.v = 1 THEN 0.0 / 0 ELSE row.k END})"],
    ["MATCH (q:P) WHERE q.k = row.k", "MERGE (p:P {k: q.v}) ON CREATE SET p.v = q.k"],
    ["MATCH (q:P) WHERE q.k = row.k", "MERGE (p:P {k: q.v}) ON MATCH SET p.v = row.v"],
]
SCHEMAS = [
    [],
    ["CREATE INDEX FOR (p:P) ON (p.k)"],
    ["CREATE CONSTRAINT FOR (p:P) REQUIRE p.k IS UNIQUE"],
    ["CREATE INDEX FOR (p:P) ON (p.k)", "CREATE CONSTRAINT FOR (p:P) REQUIRE p.u IS UNIQUE"],
    ["CREATE INDEX FOR (p:P) ON (p.k, p.v)"],
    ["CREATE INDEX FOR (p:P) ON (p.v, p.k)"],
]
KINDS: list[list[Any]] = [
    [0, 1, 2, 3],
    ["a", "b", "", "a longer text than is kept in place"],
    [1, 1.0, 2, "1", True, -0.0, 0],
    [2**53, 2**53 + 1, float(2**53), -(2**62), 2**63 - 1],
    [1, "a", None],
    [[1], [1.0], [1, 2], 1],
    # Longer than a key of an index.
    ["x" * 1500, "x" * 1500 + "a", "x" * 1500 + "b", "x"],
]


def some_rows(rng: random.Random, values: list[Any]) -> list[Row]:
    return [{"k": rng.choice(values), "v": rng.choice([0, 1, 2, "x"])} for _ in range(rng.randrange(1, 40))]


def prepare(graph: PyDeedGraph, schema: list[str], before: list[Row]) -> None:
    for statement in schema:
        graph.execute(statement)
    for row in before:
        try:
            graph.execute("CREATE (p:P) SET p = $row", {"row": row})
        except DeedError:
            assert any("UNIQUE" in statement for statement in schema)
    graph.execute("MATCH (p:P) WHERE p.v = 2 SET p:Q")


def contents(session: Any) -> list[str]:
    nodes = session.execute("MATCH (n) RETURN labels(n), properties(n) AS p")
    links = session.execute("MATCH (a)-[r]->(b) RETURN properties(a), type(r), properties(r), properties(b)")
    return sorted(repr([sorted(cell.items()) if isinstance(cell, dict) else cell for cell in row]) for row in [*nodes, *links])


def together(session: Any, clauses: list[str], given: list[Row]) -> tuple[list[Any], Counter[str]]:
    result = session.execute(f"UNWIND $rows AS row {' '.join(clauses)} RETURN row.number", {"rows": given})
    return [number for (number,) in result], Counter(result.counters)


def one_by_one(session: Any, clauses: list[str], given: list[Row]) -> tuple[list[Any], Counter[str]]:
    rows: list[Row] = [{"row": row} for row in given]
    counters: Counter[str] = Counter()
    for clause in clauses:
        found: list[Row] = []
        for row in rows:
            bound = [name for name in row if name != "row"]
            patterns = {name: "()-[r]->()" if name == "r" else f"({name})" for name in bound}
            match = "".join(f" MATCH {patterns[name]} WHERE id({name}) = ${name}" for name in bound)
            names = [name for name in "pqr" if name in bound or f"({name}:" in clause or f"[{name}:" in clause]
            text = f"WITH $row AS row{match} {clause} RETURN row" + "".join(f", id({name}) AS {name}" for name in names)
            result = session.execute(text, row)
            found += result.dicts()
            counters.update(result.counters)
        rows = found
    return [row["row"]["number"] for row in rows], counters


def run(how: Any, seed: int) -> list[Any]:
    rng = random.Random(seed)
    clauses, schema, values = rng.choice(STATEMENTS), rng.choice(SCHEMAS), rng.choice(KINDS)
    before = [row for row in some_rows(rng, values) if row["k"] is not None][: rng.choice([0, 3, 20])]
    given = [row | {"number": number} for number, row in enumerate(some_rows(rng, values))]
    has_uncommitted, has_deleted = rng.random() < 0.5, rng.random() < 0.5
    told = [f"seed {seed}", clauses, schema, before, given, has_uncommitted, has_deleted]
    with PyDeedGraph() as graph:
        prepare(graph, schema, before)
        with graph.transaction() as transaction:
            if has_uncommitted:
                transaction.execute("MERGE (p:P {k: 1}) MERGE (q:P {k: 'a'}) MERGE (p)-[:R]->(q)")
            if has_deleted:
                transaction.execute("MATCH (p:P) WHERE p.k = 2 OR p.k = 'b' DETACH DELETE p")
            try:
                numbers, counters = how(transaction, clauses, given)
            except DeedError as error:
                return [told, type(error).__name__, getattr(error, "detail", None)]
            present = contents(transaction)
        assert contents(graph) == present, told
        assert graph.check() == [], told
    return [told, numbers, counters, present]


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_merge_of_many_rows_is_merge_of_each(first: int) -> None:
    problems = []
    for seed in range(first, min(first + BLOCK, SEEDS)):
        got, wanted = run(together, seed), run(one_by_one, seed)
        if got != wanted:
            problems.append("\n".join(map(str, [*got[0], "got", *got[1:], "instead of", *wanted[1:]])))
    assert not problems, "\n\n".join(problems[:5])


def test_more_rows_than_a_batch_with_repetitions() -> None:
    given = [{"k": number % 3_000, "v": number} for number in range(7_000)]
    with PyDeedGraph() as graph:
        graph.execute("CREATE INDEX FOR (p:P) ON (p.k)")
        graph.execute("UNWIND range(0, 99) AS k CREATE (:P {k: k})")
        text = "UNWIND $rows AS row MERGE (p:P {k: row.k}) ON CREATE SET p.c = row.v ON MATCH SET p.m = row.v RETURN row.v, p.k"
        assert list(graph.execute(text, {"rows": given})) == [(row["v"], row["k"]) for row in given]
        assert list(graph.execute("MATCH (p:P) RETURN count(*), count(p.c), count(p.m), sum(p.c), sum(p.m)")) == [
            (3_000, 2_900, 3_000, sum(range(100, 3_000)), sum(range(6_000, 7_000)) + sum(range(4_000, 6_000)))
        ]


def plan(graph: PyDeedGraph, text: str) -> str:
    return str(graph.execute("EXPLAIN " + text).scalar())


def test_set_behind_merge_is_part_of_it_where_nobody_can_tell() -> None:
    parts = [
        "MERGE (p:P {k: row.k}) SET p.v = row.v",
        "MERGE (p:P {k: toUpper(row.k), j: $j}) SET p.v = row.v, p.w = p.w + 1",
        "MERGE (p:P {k: row}) SET p.v = row",
        "MATCH (a:P), (b:P) MERGE (a)-[r:R {w: a.w}]->(b) SET r.v = b.v",
    ]
    apart = [
        "MERGE (p:P {k: row.k}) SET p.k = row.v",
        "MERGE (p:P {k: row.v}) SET p.v = row.v",
        "MERGE (p:P {k: row['k']}) SET p.v = row.v",
        "MERGE (p:P {k: keys(row)[0]}) SET p.v = row.v",
        "MERGE (p:P {k: row.k}) SET p:Q",
        "MERGE (p:P {k: row.k}) SET p += row",
        "MERGE (p:P {k: row.k}) SET p.v = COUNT { (p)--() }",
        "MERGE (p:P {k: row.k}) ON CREATE SET p.w = 1 SET p.v = row.v",
        "MERGE (p:P {k: row.k})-[r:R]->(q:P {k: row.v}) SET p.w = 1",
    ]
    with PyDeedGraph() as graph:
        for text in parts:
            assert "Change" not in plan(graph, f"UNWIND $rows AS row {text}"), text
        for text in apart:
            assert "Change" in plan(graph, f"UNWIND $rows AS row {text}"), text


@pytest.mark.parametrize("required", ["p.v IS NOT NULL", "p.v IS :: INTEGER"])
def test_a_constraint_sees_what_is_created_before_it_is_set(required: str) -> None:
    with PyDeedGraph() as graph:
        graph.execute("CREATE INDEX FOR (p:P) ON (p.k)")
        graph.execute(f"CREATE CONSTRAINT FOR (p:P) REQUIRE {required}")
        outcomes = []
        for rows in ([{"k": 1, "v": 1}], [{"k": 2, "v": 1}, {"k": 3, "v": 2}], [{"k": 4, "v": "x"}, {"k": 5, "v": 2}]):
            for clauses in ("MERGE (p:P {k: row.k}) SET p.v = row.v", "MERGE (p:P {k: row.k}) WITH p, row SET p.v = row.v"):
                with graph.transaction() as transaction:
                    try:
                        transaction.execute(f"UNWIND $rows AS row {clauses}", {"rows": rows})
                        outcomes.append(contents(transaction))
                    except DeedError as error:
                        outcomes.append([type(error).__name__])
                    transaction.rollback()
        assert outcomes[::2] == outcomes[1::2]


def test_a_key_that_is_being_created_by_others() -> None:
    with PyDeedGraph() as graph:
        graph.execute("CREATE CONSTRAINT FOR (p:P) REQUIRE p.k IS UNIQUE")
        with graph.transaction() as first:
            first.execute("MERGE (:P {k: 2})")
            with pytest.raises(DeedError):
                graph.execute("UNWIND [1, 2, 3] AS k MERGE (:P {k: k})")
            assert graph.execute("MATCH (p:P) RETURN count(*)").scalar() == 0
        graph.execute("UNWIND [1, 2, 3] AS k MERGE (:P {k: k})")
        assert graph.execute("MATCH (p:P) RETURN count(*)").scalar() == 3


def test_ids_are_compared_as_numbers() -> None:
    with PyDeedGraph() as graph:
        id = graph.execute("CREATE (n) RETURN id(n)").scalar()
        for text in ("id(n) = $id", "id(n) IN [$id]", "id(n) IN [0.5, $id, 'x']"):
            assert graph.execute(f"MATCH (n) WHERE {text} RETURN id(n)", {"id": float(id)}).scalar() == id, text
        assert list(graph.execute("MATCH (n) WHERE id(n) = $id RETURN n", {"id": id + 0.5})) == []
        assert list(graph.execute("MATCH (n) WHERE id(n) IN [0.0, -1.0, 1e300, 0.0 / 0] RETURN n")) == []


def test_maps_of_one_list_keep_their_own_keys() -> None:
    maps: list[Any] = [
        {"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"b": 3, "a": 4}, None, {"a": {"a": 5, "b": 6}, "b": {"c": 7}},
        {"a": 8, "b": [{"a": 9}]}, {"a": {"a": 1, "b": 2}, "b": {"a": 3, "b": 4}}, {}, {"c": 10}, {"a": None, "b": "z"},
        {"a": 1, "b": 2, "c": 3}, {"á": 1}, {"a\u0301": 2},
    ]  # fmt: skip
    with PyDeedGraph() as graph:
        assert graph.execute("RETURN $maps", {"maps": maps}).scalar() == maps
        rows = list(graph.execute("UNWIND $maps AS m RETURN m.a, m.b, m.c, m.`á`", {"maps": maps}))
        assert rows == [tuple((entry or {}).get(name) for name in ("a", "b", "c", "á")) for entry in maps]
        mixed = [*maps[:2], graph.execute("CREATE (n {a: 11, b: 12}) RETURN n").scalar()]
        text = "MATCH (n) UNWIND [$maps[0], n, $maps[1], null] AS m RETURN m.a, m.b"
        assert list(graph.execute(text, {"maps": mixed[:2]})) == [(1, "x"), (11, 12), (2, "y"), (None, None)]
