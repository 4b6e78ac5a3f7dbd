"""Window functions of SQL: what they give beside hand-written results and beside SQLite, and what is refused."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from deed_core import DeedError, Interrupted, OutOfMemory, PyDeedGraph


@pytest.fixture
def graph() -> Iterator[PyDeedGraph]:
    with PyDeedGraph() as graph:
        yield graph


@pytest.fixture
def pay(graph: PyDeedGraph) -> PyDeedGraph:
    graph.sql("CREATE TABLE pay (name TEXT, dept TEXT, salary INT, bonus FLOAT, since DATE)")
    graph.sql(
        "INSERT INTO pay VALUES ('Ada', 'it', 50, 0.5, DATE '2020-01-31'), ('Bob', 'it', 40, NULL, DATE '2020-02-10'),"
        " ('Cyd', 'it', 50, 1.5, DATE '2020-03-05'), ('Dan', 'hr', 30, 2.5, DATE '2020-03-31'), ('Eve', 'hr', NULL, 0.25, NULL),"
        " ('Fay', NULL, 20, 4.0, DATE '2020-04-30')"
    )
    return graph


RESULTS: dict[str, list[tuple[Any, ...]]] = {
    "SELECT name, row_number() OVER (ORDER BY name DESC) FROM pay ORDER BY name": [
        ("Ada", 6), ("Bob", 5), ("Cyd", 4), ("Dan", 3), ("Eve", 2), ("Fay", 1)],
    "SELECT name, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w FROM pay WHERE dept = 'it'"
    " WINDOW w AS (ORDER BY salary DESC) ORDER BY name": [
        ("Ada", 1, 1, 0.0, 2 / 3), ("Bob", 3, 2, 1.0, 1.0), ("Cyd", 1, 1, 0.0, 2 / 3)],
    # Peers come together; nulls are last, and a group of their own.
    "SELECT name, sum(salary) OVER (ORDER BY salary), count(*) OVER (PARTITION BY dept) FROM pay ORDER BY name": [
        ("Ada", 190, 3), ("Bob", 90, 3), ("Cyd", 190, 3), ("Dan", 50, 2), ("Eve", 190, 2), ("Fay", 20, 1)],
    "SELECT name, sum(salary) OVER (), avg(salary) OVER (), max(name) OVER () FROM pay WHERE dept = 'hr' ORDER BY 1": [
        ("Dan", 30, 30.0, "Eve"), ("Eve", 30, 30.0, "Eve")],
    "SELECT name, lag(name) OVER w, lead(salary, 2, -1) OVER w, lag(name, 0) OVER w, lead(name, -1, 'none') OVER w FROM pay"
    " WINDOW w AS (PARTITION BY dept ORDER BY name) ORDER BY name": [
        ("Ada", None, 50, "Ada", "none"), ("Bob", "Ada", -1, "Bob", "Ada"), ("Cyd", "Bob", -1, "Cyd", "Bob"),
        ("Dan", None, -1, "Dan", "none"), ("Eve", "Dan", -1, "Eve", "Dan"), ("Fay", None, -1, "Fay", "none")],
    "SELECT name, first_value(name) OVER w, last_value(name) OVER w, nth_value(name, 2) OVER w FROM pay"
    " WINDOW w AS (ORDER BY name ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) ORDER BY name": [
        ("Ada", "Ada", "Bob", "Bob"), ("Bob", "Ada", "Cyd", "Bob"), ("Cyd", "Bob", "Dan", "Cyd"),
        ("Dan", "Cyd", "Eve", "Dan"), ("Eve", "Dan", "Fay", "Eve"), ("Fay", "Eve", "Fay", "Fay")],
    "SELECT name, ntile(4) OVER (ORDER BY name), ntile(100) OVER (ORDER BY name), ntile(NULL) OVER (ORDER BY name) FROM pay ORDER BY 1": [
        ("Ada", 1, 1, None), ("Bob", 1, 2, None), ("Cyd", 2, 3, None), ("Dan", 2, 4, None), ("Eve", 3, 5, None), ("Fay", 4, 6, None)],
    "SELECT name, sum(bonus) OVER (ORDER BY name ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING) FROM pay WHERE dept = 'it' ORDER BY 1": [
        ("Ada", 1.5), ("Bob", None), ("Cyd", None)],
    "SELECT name, count(*) FILTER (WHERE salary > 30) OVER (PARTITION BY dept), sum(salary) FILTER (WHERE name > 'A') OVER ()"
    " FROM pay ORDER BY name LIMIT 2": [("Ada", 3, 190), ("Bob", 3, 190)],
    "SELECT name, count(*) OVER (ORDER BY since RANGE BETWEEN INTERVAL '1 month' PRECEDING AND CURRENT ROW) FROM pay ORDER BY name": [
        ("Ada", 1), ("Bob", 2), ("Cyd", 2), ("Dan", 2), ("Eve", 1), ("Fay", 2)],
    "SELECT name, bool_and(salary >= 40) OVER (PARTITION BY dept), bool_or(salary > 40) OVER (ORDER BY name) FROM pay ORDER BY name": [
        ("Ada", True, True), ("Bob", True, True), ("Cyd", True, True), ("Dan", False, True), ("Eve", False, True), ("Fay", False, True)],
    "SELECT name, stddev(salary) OVER (PARTITION BY dept), stddev_pop(salary) OVER (ORDER BY name ROWS CURRENT ROW) FROM pay"
    " WHERE dept = 'hr' ORDER BY name": [("Dan", None, 0.0), ("Eve", None, None)],
    # After grouping and HAVING.
    "SELECT dept, sum(salary), rank() OVER (ORDER BY sum(salary) DESC), sum(sum(salary)) OVER () FROM pay GROUP BY dept"
    " HAVING count(*) > 1 ORDER BY dept": [("hr", 30, 2, 170), ("it", 140, 1, 170)],
    "SELECT dept, sum(count(*)) OVER (ORDER BY dept) FROM pay GROUP BY dept ORDER BY 1": [("hr", 2), ("it", 5), (None, 6)],
    # Before DISTINCT, ORDER BY and LIMIT.
    "SELECT DISTINCT dept, count(*) OVER (PARTITION BY dept) FROM pay ORDER BY dept": [("hr", 2), ("it", 3), (None, 1)],
    "SELECT name FROM pay ORDER BY row_number() OVER (ORDER BY name DESC) LIMIT 2": [("Fay",), ("Eve",)],
    "SELECT name, salary - lag(salary) OVER (ORDER BY name) AS step FROM pay ORDER BY step NULLS LAST, name LIMIT 3": [
        ("Dan", -20), ("Bob", -10), ("Cyd", 10)],
    "SELECT name FROM (SELECT name, row_number() OVER (PARTITION BY dept ORDER BY salary DESC NULLS LAST, name) AS n FROM pay) t"
    " WHERE n = 1 ORDER BY name": [("Ada",), ("Dan",), ("Fay",)],
    # Windows that are based on others.
    "SELECT name, count(*) OVER (parts ORDER BY name), count(*) OVER parts, count(*) OVER (ordered ROWS 1 PRECEDING) FROM pay"
    " WINDOW parts AS (PARTITION BY dept), ordered AS (parts ORDER BY name) ORDER BY name": [
        ("Ada", 1, 3, 1), ("Bob", 2, 3, 2), ("Cyd", 3, 3, 2), ("Dan", 1, 2, 1), ("Eve", 2, 2, 2), ("Fay", 1, 1, 1)],
    "SELECT count(*) OVER () FROM pay WHERE name = 'nobody'": [],
    "SELECT sum(x) OVER (ORDER BY x RANGE BETWEEN 9223372036854775807 PRECEDING AND 1 PRECEDING)"
    " FROM (VALUES (-9223372036854775807), (0), (3)) t(x) ORDER BY 1": [(-9223372036854775807,), (0,), (None,)],
    "SELECT count(*) OVER (ORDER BY x ROWS BETWEEN 9223372036854775807 PRECEDING AND 9223372036854775807 FOLLOWING)"
    " FROM (VALUES (1), (2)) t(x)": [(2,), (2,)],
    "SELECT lag(x, 9223372036854775807) OVER (ORDER BY x), lead(x, -9223372036854775807) OVER (ORDER BY x) FROM (VALUES (1), (2)) t(x)": [
        (None, None), (None, None)],
    # What a sum passes on the way does not matter, only what it comes to.
    "SELECT x, sum(y) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)"
    " FROM (VALUES (1, 9223372036854775807), (2, -1), (3, 9223372036854775800)) t(x, y) ORDER BY x": [
        (1, 9223372036854775807), (2, 9223372036854775806), (3, 9223372036854775799)],
    "SELECT (SELECT count(*) OVER () FROM pay q WHERE q.dept = p.dept LIMIT 1) FROM pay p ORDER BY name": [
        (3,), (3,), (3,), (2,), (2,), (None,)],
}  # fmt: skip


@pytest.mark.parametrize("text", RESULTS)
def test_a_query_gives(pay: PyDeedGraph, text: str) -> None:
    assert pay.sql(text).fetchall() == RESULTS[text]


ERRORS: dict[str, str] = {
    "SELECT row_number() FROM pay": "needs OVER",
    "SELECT name FROM pay WHERE row_number() OVER () = 1": "cannot stand in WHERE",
    "SELECT dept FROM pay GROUP BY dept HAVING rank() OVER () = 1": "cannot stand in HAVING",
    "SELECT count(*) FROM pay GROUP BY rank() OVER ()": "cannot stand in GROUP BY",
    "SELECT sum(rank() OVER ()) OVER () FROM pay": "cannot stand in the arguments of a window function",
    "SELECT rank() OVER (ORDER BY rank() OVER ()) FROM pay": "cannot stand in the definition of a window",
    "SELECT sum(rank() OVER ()) FROM pay": "cannot stand in the argument of an aggregate",
    "SELECT salary, sum(count(*)) OVER (ORDER BY dept) FROM pay GROUP BY dept": "must appear in the GROUP BY",
    "SELECT sum(count(*)) OVER (ORDER BY name) FROM pay GROUP BY dept": "must appear in the GROUP BY",
    "SELECT upper(name) OVER () FROM pay": "no window function",
    "SELECT rank(1) OVER () FROM pay": "takes 0 arguments",
    "SELECT lag() OVER () FROM pay": "takes 1 to 3 arguments",
    "SELECT count(DISTINCT name) OVER () FROM pay": "not supported",
    "SELECT rank() FILTER (WHERE true) OVER () FROM pay": "FILTER",
    "SELECT sum(name) OVER () FROM pay": "expected a number",
    "SELECT ntile(0) OVER () FROM pay": "greater than zero",
    "SELECT ntile(-9223372036854775807) OVER () FROM pay": "greater than zero",
    "SELECT ntile('x') OVER () FROM pay": "",
    "SELECT nth_value(name, 0) OVER () FROM pay": "greater than zero",
    "SELECT sum(salary) OVER (ROWS -1 PRECEDING) FROM pay": "must not be negative",
    "SELECT sum(salary) OVER (ROWS BETWEEN CURRENT ROW AND 1 - 5 FOLLOWING) FROM pay": "must not be negative",
    "SELECT sum(salary) OVER (ROWS NULL PRECEDING) FROM pay": "must not be null",
    "SELECT sum(salary) OVER (ROWS 1.5 PRECEDING) FROM pay": "expected bigint|integer",
    "SELECT sum(salary) OVER (ROWS salary PRECEDING) FROM pay": "does not exist",
    "SELECT sum(salary) OVER (ROWS UNBOUNDED FOLLOWING) FROM pay": "cannot start with",
    "SELECT sum(salary) OVER (ROWS BETWEEN 1 PRECEDING AND UNBOUNDED PRECEDING) FROM pay": "cannot end with",
    "SELECT sum(salary) OVER (ROWS BETWEEN CURRENT ROW AND 1 PRECEDING) FROM pay": "starts with the current row",
    "SELECT sum(salary) OVER (ROWS BETWEEN 1 FOLLOWING AND CURRENT ROW) FROM pay": "starts with rows behind",
    "SELECT sum(salary) OVER (GROUPS 1 PRECEDING) FROM pay": "GROUPS needs an ORDER BY",
    "SELECT sum(salary) OVER (RANGE 1 PRECEDING) FROM pay": "exactly one ORDER BY",
    "SELECT sum(salary) OVER (ORDER BY salary, name RANGE 1 PRECEDING) FROM pay": "exactly one ORDER BY",
    "SELECT sum(salary) OVER (ORDER BY name RANGE 1 PRECEDING) FROM pay": "type text",
    "SELECT sum(salary) OVER (ORDER BY since RANGE 1 PRECEDING) FROM pay": "expected interval",
    "SELECT sum(salary) OVER w FROM pay": 'window "w" does not exist',
    "SELECT sum(salary) OVER wim FROM pay WINDOW win AS ()": "did you mean `win`",
    "SELECT 1 FROM pay WINDOW w AS (), w AS ()": "already defined",
    "SELECT sum(salary) OVER (w PARTITION BY name) FROM pay WINDOW w AS ()": "PARTITION BY cannot be added",
    "SELECT sum(salary) OVER (w ORDER BY name) FROM pay WINDOW w AS (ORDER BY dept)": "has an ORDER BY already",
    "SELECT sum(salary) OVER (w) FROM pay WINDOW w AS (ORDER BY dept ROWS 1 PRECEDING)": "has a frame",
    "SELECT sum(x) OVER () FROM (VALUES (9223372036854775807), (1)) t(x)": "too large",
}


@pytest.mark.parametrize("text", ERRORS)
def test_an_error_says_what_is_wrong(pay: PyDeedGraph, text: str) -> None:
    with pytest.raises(DeedError, match=f"(?i){ERRORS[text]}"):
        pay.sql(text).fetchall()


def test_an_error_names_its_place(pay: PyDeedGraph) -> None:
    text = "SELECT name, rank() OVER nothing FROM pay"
    with pytest.raises(DeedError, match="line 1, column 26"):
        pay.sql(text)


@pytest.mark.parametrize("offset", [-1, None, "x", 1.5])
def test_offsets_that_parameters_give_are_checked(pay: PyDeedGraph, offset: object) -> None:
    with pytest.raises(DeedError, match="offset must"):
        pay.sql("SELECT sum(salary) OVER (ORDER BY name ROWS ? PRECEDING) FROM pay", (offset,)).fetchall()


def test_a_statement_runs_again_with_other_offsets(pay: PyDeedGraph) -> None:
    text = "SELECT count(*) OVER (ORDER BY name ROWS ? PRECEDING) AS n FROM pay ORDER BY name"
    statement = pay.prepare(text, language="sql")
    for offset in (0, 2, 1):
        assert [row[0] for row in statement.execute((offset,))] == [min(i, offset) + 1 for i in range(6)]


def test_functions_of_one_window_share_a_sort(pay: PyDeedGraph) -> None:
    text = (
        "EXPLAIN SELECT rank() OVER w, sum(salary) OVER (PARTITION BY dept ORDER BY name ROWS 1 PRECEDING),"
        " count(*) OVER (PARTITION BY dept) FROM pay WINDOW w AS (PARTITION BY dept ORDER BY name)"
    )
    plan = "\n".join(str(row[0]) for row in pay.sql(text))
    assert plan.count("Sort") == 1
    assert plan.count("Window") == 2


def test_a_partition_that_does_not_fit_is_out_of_memory() -> None:
    """Sorts are put aside, and so are partitions that are done with; one that is needed as a whole is not."""
    with PyDeedGraph(memory_limit=64 << 20) as graph:
        text = "SELECT max(n) FROM (SELECT row_number() OVER ({}) AS n FROM generate_series(1, 1000) a(x), generate_series(1, 3000) b(x)) s"
        assert graph.sql(text.format("PARTITION BY a.x ORDER BY b.x")).scalar() == 3_000
        with pytest.raises(OutOfMemory):
            graph.sql(text.format("ORDER BY a.x")).scalar()
        assert graph.sql(text.format("PARTITION BY b.x")).scalar() == 1_000


def test_frames_that_are_added_up_anew_can_be_interrupted(graph: PyDeedGraph) -> None:
    text = "SELECT sum(x * 0.5) OVER (ORDER BY x ROWS BETWEEN 90000 PRECEDING AND 1 PRECEDING) FROM generate_series(1, 100000) t(x)"
    with pytest.raises(Interrupted):
        graph.sql(text, timeout=0.3).fetchall()


# MARK: Beside SQLite


def rows_of_chance(chance: random.Random, count: int) -> list[tuple[Any, ...]]:
    def maybe(value: Any) -> Any:
        return None if chance.random() < 0.15 else value

    return [
        (i, maybe(chance.randrange(4)), maybe(chance.choice("abcd")), maybe(chance.randrange(-6, 7)), maybe(chance.randrange(-8, 9) / 4))
        for i in range(count)
    ]


class Chance:
    """Makes queries that both understand, and whose result does not depend on the order of peers."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def key(self, column: str) -> str:
        return f"{column} {self.random.choice(('ASC', 'DESC'))} NULLS {self.random.choice(('FIRST', 'LAST'))}"

    def order(self, *, is_total: bool) -> str:
        keys = [self.key(c) for c in self.random.sample(("p", "q", "x", "f"), self.random.randrange(3))]
        if is_total:
            keys.append("id")
        return "ORDER BY " + ", ".join(keys) if keys else ""

    def bounds(self, distances: tuple[str, ...]) -> str:
        def bound(place: int) -> str:
            distance = self.random.choice(distances) if distances else "0"
            return ("UNBOUNDED PRECEDING", f"{distance} PRECEDING", "CURRENT ROW", f"{distance} FOLLOWING", "UNBOUNDED FOLLOWING")[place]

        places = (0, 1, 2, 3, 4) if distances else (0, 2, 4)
        start, end = sorted((self.random.choice(places[:-1]), self.random.choice(places[1:])))
        if start == 4 or end == 0:
            start, end = 0, 4
        exclude = self.random.choice(("", "", "", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES", " EXCLUDE NO OTHERS"))
        return f"BETWEEN {bound(start)} AND {bound(end)}{exclude}"

    def window(self, *, is_total: bool, has_frame: bool) -> str:
        partition = self.random.choice(("", "", "PARTITION BY p", "PARTITION BY q, p", "PARTITION BY x % 2"))
        if not has_frame or self.random.random() < 0.2:
            return f"{partition} {self.order(is_total=is_total)}"
        unit = self.random.choice(("ROWS", "RANGE", "GROUPS", "KEY"))
        if unit == "KEY":
            column = "id" if is_total else self.random.choice(("id", "x", "f"))
            return f"{partition} ORDER BY {self.key(column)} RANGE {self.bounds(('0', '1', '3', '2.5', '100'))}"
        if unit == "RANGE":
            return f"{partition} {self.order(is_total=is_total)} RANGE {self.bounds(())}"
        order = self.order(is_total=is_total or unit == "ROWS")
        if unit == "GROUPS" and not order:
            order = "ORDER BY " + self.key("x")
        return f"{partition} {order} {unit} {self.bounds(('0', '1', '2', '5', '1000'))}"

    def function(self) -> str:
        column = self.random.choice(("x", "f", "q", "id"))
        number = self.random.choice(("x", "f", "id", "x * 2 + id"))
        kind = self.random.choice(("rank", "place", "value", "aggregate", "aggregate", "aggregate"))
        if kind == "rank":
            call = self.random.choice(("rank()", "dense_rank()", "percent_rank()", "cume_dist()"))
            return f"{call} OVER ({self.window(is_total=False, has_frame=False)})"
        if kind == "place":
            distance = self.random.choice(("0", "1", "2", "7", "-1"))
            other = {"q": "'none'", "f": "0.5"}.get(column, "-99")
            calls = (
                "row_number()", f"ntile({self.random.randrange(1, 9)})", f"lag({column})", f"lead({column}, {distance})",
                f"lag({column}, {distance}, {other})", f"lead({column}, id % 3, {other})",
            )  # fmt: skip
            return f"{self.random.choice(calls)} OVER ({self.window(is_total=True, has_frame=False)})"
        if kind == "value":
            calls = (f"first_value({column})", f"last_value({column})", f"nth_value({column}, {self.random.randrange(1, 5)})")
            return f"{self.random.choice(calls)} OVER ({self.window(is_total=True, has_frame=True)})"
        calls = ["count(*)"]
        calls += [f"{name}({column})" for name in ("count", "min", "max")] + [f"{name}({number})" for name in ("sum", "avg", "total")]
        call = self.random.choice(calls)
        clause = self.random.choice(("", "", "", "FILTER (WHERE id % 3 <> 0)", "FILTER (WHERE x > 0)"))
        return f"{call} {clause} OVER ({self.window(is_total=False, has_frame=True)})"

    def query(self) -> str:
        items = ", ".join(self.function() for _ in range(self.random.randrange(1, 4)))
        return f"SELECT id, {items} FROM t ORDER BY id"


# SQLite forgets the FILTER of min and max in some frames. What is left out is null for it instead.
FILTERED_EXTREME = re.compile(r"(min|max)\((\w+)\) FILTER \(WHERE (.*?)\) OVER")


def are_close(left: Any, right: Any) -> bool:
    if isinstance(left, float) or isinstance(right, float):
        return left is not None and right is not None and abs(left - right) <= 1e-9 * max(1.0, abs(left), abs(right))
    return bool(left == right)


@pytest.mark.parametrize("chunk_rows", [None, 3])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [1, 50])
def test_queries_of_chance_agree_with_sqlite(seed: int, count: int, chunk_rows: int | None) -> None:
    graph = PyDeedGraph(chunk_rows=chunk_rows)
    other = sqlite3.connect(":memory:")
    for database in (graph.sql, other.execute):
        database("CREATE TABLE t (id INTEGER, p INTEGER, q TEXT, x INTEGER, f REAL)")
    rows = rows_of_chance(random.Random(seed), count)
    for row in rows:
        graph.sql("INSERT INTO t VALUES (?, ?, ?, ?, ?)", row)
    other.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
    chance = Chance(seed * 1_000 + count + (chunk_rows or 0) * 100_000)
    for _ in range(100):
        text = chance.query()
        expected = other.execute(FILTERED_EXTREME.sub(r"\1(CASE WHEN \3 THEN \2 END) OVER", text)).fetchall()
        found = graph.sql(text).fetchall()
        assert len(found) == len(expected)
        for left, right in zip(found, expected, strict=True):
            assert all(are_close(a, b) for a, b in zip(left, right, strict=True)), f"{text}\n{left}\n{right}"


def test_partitions_of_all_sizes_agree_with_sqlite(graph: PyDeedGraph) -> None:
    """More rows than a chunk has, in partitions that end within chunks and go on over several of them."""
    other = sqlite3.connect(":memory:")
    for database in (graph.sql, other.execute):
        database("CREATE TABLE t (id INTEGER, p INTEGER, x INTEGER)")
    chance = random.Random(5)
    sizes = [1] * 3_000 + [chance.randrange(1, 40) for _ in range(200)] + [2_048, 2_047, 2_049, 9_000, 1, 4_096, 20_000, 3]
    chance.shuffle(sizes)
    rows = [(p, chance.randrange(100)) for p, size in enumerate(sizes) for _ in range(size)]
    chance.shuffle(rows)
    numbered = [(i, *row) for i, row in enumerate(rows)]
    other.executemany("INSERT INTO t VALUES (?, ?, ?)", numbered)
    graph.cypher("UNWIND $rows AS r CREATE (:t {id: r[0], p: r[1], x: r[2]})", {"rows": [list(row) for row in numbered]})
    for item in (
        "row_number() OVER (PARTITION BY p ORDER BY id)",
        "rank() OVER (PARTITION BY p ORDER BY x)",
        "sum(x) OVER (PARTITION BY p ORDER BY x, id ROWS BETWEEN 5 PRECEDING AND 3 FOLLOWING)",
        "max(x) OVER (PARTITION BY p ORDER BY id ROWS BETWEEN 100 PRECEDING AND CURRENT ROW)",
        "sum(x) OVER (PARTITION BY p)",
        "sum(x * 0.5) OVER (PARTITION BY p ORDER BY id DESC ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)",
        "lead(x, 3) OVER (PARTITION BY p ORDER BY id)",
        "count(*) OVER (ORDER BY x)",
    ):
        text = f"SELECT id, {item} FROM t ORDER BY id"
        assert graph.sql(text).fetchall() == other.execute(text).fetchall(), item
