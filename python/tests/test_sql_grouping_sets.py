"""GROUPING SETS, ROLLUP and CUBE beside hand-written results, and beside the same groups made one set at a time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from deed_core import DeedError, PyDeedGraph


@pytest.fixture
def graph() -> Iterator[PyDeedGraph]:
    with PyDeedGraph() as graph:
        graph.sql("CREATE TABLE sales (place TEXT, kind TEXT, year INT, amount INT)")
        graph.sql(
            "INSERT INTO sales VALUES ('n', 'a', 1, 10), ('n', 'b', 1, 20), ('s', 'a', 1, 5), ('s', 'a', 2, 7), (NULL, 'b', 2, NULL)"
        )
        yield graph


ORDER = " ORDER BY 1 NULLS LAST, 2 NULLS LAST, 3 NULLS LAST"
RESULTS: dict[str, list[tuple[Any, ...]]] = {
    # A null that was grouped by is not the null of a set without the key.
    "SELECT place, GROUPING(place), sum(amount), count(*) FROM sales GROUP BY ROLLUP (place) ORDER BY 2, 1": [
        ("n", 0, 30, 2), ("s", 0, 12, 2), (None, 0, None, 1), (None, 1, 42, 5)],
    "SELECT place, kind, sum(amount) FROM sales WHERE place IS NOT NULL GROUP BY ROLLUP (place, kind)" + ORDER: [
        ("n", "a", 10), ("n", "b", 20), ("n", None, 30), ("s", "a", 12), ("s", None, 12), (None, None, 42)],
    "SELECT place, kind, sum(amount) FROM sales WHERE place IS NOT NULL GROUP BY CUBE (place, kind)" + ORDER: [
        ("n", "a", 10), ("n", "b", 20), ("n", None, 30), ("s", "a", 12), ("s", None, 12), (None, "a", 22), (None, "b", 20),
        (None, None, 42)],
    "SELECT place, kind, sum(amount) FROM sales WHERE place IS NOT NULL GROUP BY GROUPING SETS ((place), (kind), ())" + ORDER: [
        ("n", None, 30), ("s", None, 12), (None, "a", 22), (None, "b", 20), (None, None, 42)],
    # Sets of several elements go together.
    "SELECT year, kind, place, count(*) FROM sales GROUP BY year, GROUPING SETS ((kind), (place)) ORDER BY 1, 2, 3": [
        (1, "a", None, 2), (1, "b", None, 1), (1, None, "n", 2), (1, None, "s", 1),
        (2, "a", None, 1), (2, "b", None, 1), (2, None, "s", 1), (2, None, None, 1)],
    "SELECT place, kind, count(*) FROM sales WHERE year = 1 GROUP BY ROLLUP ((place, kind))" + ORDER: [
        ("n", "a", 1), ("n", "b", 1), ("s", "a", 1), (None, None, 3)],
    # A set that is there twice gives its groups twice.
    "SELECT kind, count(*) FROM sales GROUP BY GROUPING SETS ((kind), (kind), ()) ORDER BY 1, 2": [
        ("a", 3), ("a", 3), ("b", 2), ("b", 2), (None, 5)],
    "SELECT kind, place, GROUPING(kind, place), GROUPING(place) FROM sales WHERE year = 2 AND place = 's' GROUP BY CUBE (kind, place)"
    " ORDER BY 3": [("a", "s", 0, 0), ("a", None, 1, 1), (None, "s", 2, 0), (None, None, 3, 1)],
    "SELECT year * 10 AS y, sum(amount) FROM sales GROUP BY ROLLUP (year * 10) ORDER BY 1": [(10, 35), (20, 7), (None, 42)],
    "SELECT year, sum(amount) FROM sales GROUP BY ROLLUP (1) HAVING sum(amount) > 10 ORDER BY 1": [(1, 35), (None, 42)],
    "SELECT count(*), sum(amount), max(kind) FROM sales GROUP BY ()": [(5, 42, "b")],
    "SELECT place, kind, count(*) FROM sales GROUP BY (place, kind) ORDER BY 1, 2": [
        ("n", "a", 1), ("n", "b", 1), ("s", "a", 2), (None, "b", 1)],
    "SELECT place, count(DISTINCT kind), avg(amount), stddev_pop(year) FROM sales GROUP BY ROLLUP (place) HAVING place = 'n'": [
        ("n", 2, 15.0, 0.0)],
    # The set without keys has a row even of no rows, each time that it is there.
    "SELECT place, count(*), sum(amount), avg(amount), max(kind), GROUPING(place) FROM sales WHERE year = 9 GROUP BY CUBE (place)": [
        (None, 0, None, None, None, 1)],
    "SELECT count(*), total(amount) FROM sales WHERE year = 9 GROUP BY GROUPING SETS ((), (place), ())": [(0, 0.0), (0, 0.0)],
    "SELECT count(*) FROM sales WHERE year = 9 GROUP BY GROUPING SETS ((kind), (place))": [],
    "SELECT y, (SELECT sum(amount) FROM sales WHERE year = y GROUP BY ROLLUP (kind) ORDER BY sum(amount) DESC NULLS LAST LIMIT 1)"
    " FROM (VALUES (1), (2), (3)) t(y) ORDER BY 1": [(1, 35), (2, 7), (3, None)],
    "SELECT year, sum(amount), rank() OVER (PARTITION BY GROUPING(year) ORDER BY sum(amount) DESC) FROM sales GROUP BY ROLLUP (year)"
    " ORDER BY 1": [(1, 35, 1), (2, 7, 2), (None, 42, 1)],
    "SELECT GROUPING(year), year FROM sales GROUP BY year ORDER BY 2": [(0, 1), (0, 2)],
}  # fmt: skip


@pytest.mark.parametrize("text", RESULTS)
def test_a_query_gives(graph: PyDeedGraph, text: str) -> None:
    assert graph.sql(text).fetchall() == RESULTS[text]


ERRORS = {
    "SELECT GROUPING(kind) FROM sales": "without GROUP BY",
    "SELECT GROUPING(kind) FROM sales GROUP BY place": "that rows are grouped by",
    "SELECT GROUPING() FROM sales GROUP BY place": "1 to 31 arguments",
    "SELECT kind FROM sales GROUP BY ROLLUP (place)": 'column "kind" must appear in the GROUP BY',
    "SELECT 1 FROM sales GROUP BY CUBE (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)": "more than 4096 grouping sets",
    "SELECT 1 FROM sales GROUP BY CUBE (1, 1, 1, 1, 1, 1, 1), CUBE (1, 1, 1, 1, 1, 1)": "more than 4096 grouping sets",
    "SELECT 1 FROM sales GROUP BY ROLLUP (9)": "position 9 is not in the select list",
}


@pytest.mark.parametrize("text", ERRORS)
def test_an_error_says_what_is_wrong(graph: PyDeedGraph, text: str) -> None:
    with pytest.raises(DeedError, match=ERRORS[text]):
        graph.sql(text).fetchall()


def test_sets_together_are_what_they_are_one_by_one(graph: PyDeedGraph) -> None:
    chance = random.Random(3)
    graph.cypher(
        "UNWIND $rows AS r CREATE (:t {a: r[0], b: r[1], c: r[2], x: r[3]})",
        {
            "rows": [
                [chance.choice((1, 2, 3, None)), chance.choice("uvw"), chance.randrange(50), chance.randrange(100)] for _ in range(5_000)
            ]
        },
    )
    values = "count(*), sum(x), min(x), avg(x), count(DISTINCT x)"
    for _ in range(20):
        sets = [chance.sample("abc", chance.randrange(4)) for _ in range(chance.randrange(2, 6))]
        text = ", ".join(f"({', '.join(s)})" for s in sets)
        # Each key is in some set.
        found = graph.sql(f"SELECT a, b, c, {values} FROM t GROUP BY GROUPING SETS ((a, b, c), {text})").fetchall()
        expected: list[tuple[Any, ...]] = []
        for keys in [["a", "b", "c"], *sets]:
            columns = ", ".join(key if key in keys else "NULL" for key in "abc")
            group = f"GROUP BY {', '.join(keys)}" if keys else ""
            expected += graph.sql(f"SELECT {columns}, {values} FROM t {group}").fetchall()
        assert sorted(found, key=repr) == sorted(expected, key=repr)
