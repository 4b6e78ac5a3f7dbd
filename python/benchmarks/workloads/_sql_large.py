"""Groups, windows and recursion in SQL over one table of many rows."""

from __future__ import annotations

from ..model import EVERY, Demand, Metric, Side, Workload
from ._sql_tables import InDeed, InDuckDB, Statements, Tables

SEED = 7
SCHEMA = {
    "event": {"id": "BIGINT", "person": "BIGINT", "kind": "TEXT", "amount": "BIGINT", "price": "DOUBLE PRECISION", "parent": "BIGINT"}
}


class Events(Statements):
    schema = SCHEMA

    def tables(self) -> Tables:
        import numpy
        import pyarrow

        rows = self.context.size["rows"]
        chance = numpy.random.default_rng(SEED)
        number = numpy.arange(rows)
        kind = pyarrow.array([f"kind {n}" for n in range(20)])
        amount = chance.integers(0, 1_000, rows)
        columns = {
            "id": number,
            "person": chance.integers(0, max(rows // 100, 1), rows),
            "kind": kind.take(pyarrow.array(chance.integers(0, 20, rows))),
            "amount": pyarrow.array(amount, mask=chance.random(rows) < 0.05),
            # Quarters, so that sums do not depend on the order of rows.
            "price": chance.integers(0, 4_000, rows) / 4,
            # A chain for each thousand rows, so that recursion takes as many rounds.
            "parent": numpy.where(number % 1_000 == 0, -1, number - 1),
        }
        return {"event": columns}


def large(
    name: str, title: str, statements: dict[str, str], sizes: tuple[int, int], order: int, least: float, threads: int = 1
) -> Workload:
    """`least`: how fast Deed has to be beside DuckDB."""
    text = f"on disk, reopened; {threads} thread{'s' if threads > 1 else ''}"

    def side(kind: type[Statements]) -> type[Side]:
        return type(kind.__name__, (kind, Events), {"threads": threads, "does": text, "statements": statements})

    return Workload(
        name=name,
        title=title,
        order=order,
        metrics=[Metric(metric, metric, "seconds", "lower") for metric in statements],
        demands=[Demand(f"each >= {least}x duckdb", EVERY, least, than="duckdb")],
        sides=[side(InDeed), side(InDuckDB)],
        full={"rows": sizes[0]},
        quick={"rows": sizes[1]},
        pinned=threads == 1,
        rows_beyond=1.0,
    )


AGGREGATES = {
    "count": "SELECT count(*) FROM event",
    "sums": "SELECT sum(amount), avg(price), min(amount), max(price), count(amount) FROM event",
    "filter": "SELECT count(*), sum(amount) FROM event WHERE amount > 500 AND price < 250",
    "by text": "SELECT kind, count(*), sum(amount), avg(price) FROM event GROUP BY kind",
    "by number": "SELECT person, count(*), sum(amount) FROM event GROUP BY person ORDER BY 3 DESC, 1 LIMIT 10",
    "by expression": "SELECT amount / 100 AS k, count(*), min(price), max(price) FROM event GROUP BY amount / 100",
    "by two": "SELECT kind, amount % 10 AS k, count(*), sum(price) FROM event GROUP BY kind, amount % 10",
    "distinct": "SELECT count(DISTINCT amount), count(DISTINCT kind) FROM event",
    "having": "SELECT person FROM event GROUP BY person HAVING sum(price) > 62000",
    "filtered sums": "SELECT count(*) FILTER (WHERE amount > 900), sum(price) FILTER (WHERE kind = 'kind 3') FROM event",
    "case": "SELECT sum(CASE WHEN kind = 'kind 1' THEN amount ELSE 0 END), sum(CASE WHEN price > 500 THEN 1 ELSE 0 END) FROM event",
}

SUMMED = "SELECT count(*), sum(x) FROM ({}) AS t(x)"
WINDOWS = {
    "row number": SUMMED.format("SELECT row_number() OVER (ORDER BY price, id) FROM event"),
    "rank of each": SUMMED.format("SELECT rank() OVER (PARTITION BY person ORDER BY price) FROM event"),
    "running sum": SUMMED.format("SELECT sum(amount) OVER (PARTITION BY kind ORDER BY id) FROM event"),
    "moving mean": SUMMED.format("SELECT avg(price) OVER (ORDER BY id ROWS BETWEEN 9 PRECEDING AND CURRENT ROW) FROM event"),
    "moving least": SUMMED.format(
        "SELECT min(price) OVER (PARTITION BY kind ORDER BY id ROWS BETWEEN 50 PRECEDING AND 50 FOLLOWING) FROM event"),
    "before": SUMMED.format("SELECT amount - lag(amount) OVER (PARTITION BY person ORDER BY id) FROM event"),
    "share": SUMMED.format("SELECT price / avg(price) OVER (PARTITION BY kind) FROM event"),
    "best of each": "SELECT count(*), sum(id) FROM (SELECT id, row_number() OVER (PARTITION BY person ORDER BY price DESC, id) AS n "
    "FROM event) AS t WHERE n <= 3",
    "series": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20000) SELECT count(*), sum(x) FROM n",
    "chains": "WITH RECURSIVE c(id, depth) AS (SELECT id, 0 FROM event WHERE parent = -1 UNION ALL SELECT e.id, c.depth + 1 FROM c "
    "JOIN event e ON e.parent = c.id WHERE c.depth < 50) SELECT count(*), max(depth), sum(id) FROM c",
}
