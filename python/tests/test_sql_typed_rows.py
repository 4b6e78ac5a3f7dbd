"""Joins, groups and conditions over columns of every type, with nulls among them, give what sqlite3 gives: in memory, with next to none
of it, a few rows at a time, and by several threads."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from deed_core import PyDeedGraph

SEED = 20_241_128
FIRST = date(2020, 1, 1)
LETTERS = ["a", "b", "special", "a text that is longer than a slot", "ü", "requests", "%", ""]
COLUMNS = {"k": "BIGINT", "t": "TEXT", "d": "DATE", "f": "DOUBLE PRECISION", "b": "BOOLEAN", "v": "BIGINT"}
VARIANTS: dict[str, dict[str, Any]] = {
    "in memory": {"threads": 1}, "put aside": {"threads": 1, "query_memory": 1}, "threads": {"threads": 3, "parallel_rows_min": 1},
}  # fmt: skip


def or_null(rng: random.Random, value: Any, share: float = 0.05) -> Any:
    return None if rng.random() < share else value


def rows_of(rng: random.Random, count: int, keys: int) -> list[tuple[Any, ...]]:
    return [
        (
            or_null(rng, rng.randrange(keys)), or_null(rng, f"{rng.choice(LETTERS)} x {rng.choice(LETTERS)}"),
            or_null(rng, FIRST + timedelta(rng.randrange(40))), or_null(rng, rng.randrange(8) / 4), or_null(rng, rng.random() < 0.5),
            or_null(rng, rng.randrange(20)),
        )
        for _ in range(count)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> dict[str, list[tuple[Any, ...]]]:
    print("seed", SEED)
    rng = random.Random(SEED)
    return {"large": rows_of(rng, 9_000, 700), "small": rows_of(rng, 400, 900), "empty": []}


@pytest.fixture(scope="module")
def other(tables: dict[str, list[tuple[Any, ...]]]) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA case_sensitive_like = ON")
    for name, rows in tables.items():
        connection.execute(f"CREATE TABLE {name} ({', '.join(COLUMNS)})")
        values = [[value.isoformat() if isinstance(value, date) else value for value in row] for row in rows]
        connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(COLUMNS))})", values)
    for name in tables:
        connection.execute(f"CREATE INDEX {name}_k ON {name} (k)")
    yield connection
    connection.close()


@pytest.fixture(scope="module", params=VARIANTS)
def graph(request: pytest.FixtureRequest, tables: dict[str, list[tuple[Any, ...]]]) -> Iterator[PyDeedGraph]:
    with PyDeedGraph(**VARIANTS[request.param]) as made:
        for name, rows in tables.items():
            made.sql(f"CREATE TABLE {name} ({', '.join(f'{column} {kind}' for column, kind in COLUMNS.items())})")
            for first in range(0, len(rows), 1_000):
                values = [dict(zip(COLUMNS, row, strict=True)) for row in rows[first : first + 1_000]]
                made.execute(f"UNWIND $rows AS row CREATE (r:{name}) SET r = row", {"rows": values})
        yield made


EXISTS = "SELECT s.k, s.t, s.v FROM {outer} s WHERE {negation} EXISTS (SELECT * FROM {inner} l WHERE {condition})"
EXISTENCE = [
    EXISTS.format(outer=outer, inner=inner, negation=negation, condition=condition)
    for outer, inner in [("small", "large"), ("large", "small"), ("large", "large"), ("small", "empty"), ("empty", "large")]
    for negation in ["", "NOT"]
    for condition in [
        "l.k = s.k", "l.k = s.k AND l.v <> s.v", "l.k = s.k AND l.v > 5 AND l.f < s.f", "l.k = s.k AND l.d = s.d",
        "l.t = s.t AND l.d < s.d AND s.v > 3", "l.k = s.k AND l.b = s.b AND (l.v < s.v OR l.f IS NULL)", "l.f = s.f AND l.v = s.v",
    ]
]  # fmt: skip
KEYS = ["k", "t", "d", "f", "b", "t, d", "k, b, f", "b, t, d, f, k", "f, k", "NULL, t", "CASE WHEN v > 3 THEN t END, d"]
GROUPS = [f"SELECT {keys}, count(*), sum(v), min(d), max(t) FROM large GROUP BY {keys.replace('NULL, ', '')}" for keys in KEYS]
OTHERS = [
    "SELECT s.k, s.v, l.v, l.d FROM small s LEFT JOIN large l ON s.k = l.k AND l.v > s.v",
    "SELECT s.k, s.v, l.v, l.d FROM small s LEFT JOIN large l ON s.k = l.k AND s.t = l.t AND (l.d > s.d OR s.b)",
    "SELECT s.v, l.v FROM small s LEFT JOIN empty l ON s.k = l.k AND l.v > s.v",
    "SELECT s.k, s.t, l.v FROM small s JOIN large l ON s.k = l.k AND s.t = l.t",
    "SELECT s.d, s.b, l.v FROM small s JOIN large l ON s.d = l.d AND s.b = l.b AND s.f = l.f AND s.v = l.v",
    "SELECT DISTINCT t, b, d FROM large",
    "SELECT count(*), sum(v) FROM large WHERE d >= '2020-01-10' AND d < '2020-01-20'",
    "SELECT k, d FROM large WHERE d = '2020-01-10' OR d <> '2020-01-11' AND v = 3",
    "SELECT d, v FROM large ORDER BY d DESC NULLS LAST, v NULLS LAST, k NULLS LAST LIMIT 50",
    "SELECT t, count(*) FROM large WHERE t LIKE '%special%requests%' GROUP BY t",
    "SELECT t, count(*) FROM large WHERE t NOT LIKE 'a%x%a' GROUP BY t",
    "SELECT t, count(*) FROM large WHERE t LIKE '%x%x%' OR t LIKE 'ü%x%ü' OR t LIKE 'b%x_b' GROUP BY t",
    "SELECT sum(v), sum(f) FROM large WHERE v > 100",
    "SELECT b, sum(CASE WHEN v > 100 THEN v END) FROM large GROUP BY b",
]  # fmt: skip


def comparable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    values = (value.isoformat() if isinstance(value, date) else value for value in row)
    return tuple(float(value) if isinstance(value, (int, float)) else value for value in values)


@pytest.mark.parametrize("text", EXISTENCE + GROUPS + OTHERS)
def test_rows_are_those_of_sqlite(graph: PyDeedGraph, other: sqlite3.Connection, text: str) -> None:
    wanted = Counter(comparable(row) for row in other.execute(text).fetchall())
    assert Counter(comparable(row) for row in graph.sql(text, timeout=60).fetchall()) == wanted


def test_both_zeros_are_one_key_and_the_first_one_is_shown() -> None:
    with PyDeedGraph(threads=1) as graph:
        graph.sql("CREATE TABLE z (f DOUBLE PRECISION, t TEXT)")
        for value in ["-0e0", "0.0", "1.5", "'NaN'", "'NaN'"]:
            graph.sql(f"INSERT INTO z VALUES (CAST({value} AS DOUBLE PRECISION), 'a')")
        found = graph.sql("SELECT f, t, count(*) FROM z GROUP BY f, t").fetchall()
        assert sorted(row[2] for row in found) == [1, 2, 2]
        assert [str(row[0]) for row in found if row[0] == 0] == ["-0.0"]


def test_keys_of_another_type_than_the_first_ones_are_found() -> None:
    with PyDeedGraph(threads=1) as graph:
        for number in range(3_000):
            key = number if number < 2_500 else float(number % 100)
            graph.execute("CREATE (:M {k: $k, t: 'x', v: 1})", {"k": key})
        found = graph.execute("MATCH (m:M) RETURN m.k AS k, m.t AS t, count(*) AS n").fetchall()
        assert len(found) == 2_500 and sum(row[2] for row in found) == 3_000
