"""Scans of one collection: filter and count, group, the first hundred, text search. Relationships play no part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model import Demand, Metric, Workload
from ._query import InDeed, Whole

STATEMENTS = {
    "filter": ("MATCH (p:Person) WHERE p.age < 30 RETURN count(*)", "SELECT count(*) FROM person WHERE age < 30"),
    "group": (
        "MATCH (p:Person) RETURN p.age AS age, avg(p.key) AS mean ORDER BY age",
        "SELECT age, avg(id) AS mean FROM person GROUP BY age ORDER BY age",
    ),
    "top": (
        "MATCH (p:Person) WHERE p.age < 50 RETURN p.key AS key ORDER BY key DESC LIMIT 100",
        "SELECT id FROM person WHERE age < 50 ORDER BY id DESC LIMIT 100",
    ),
    "contains": (
        "MATCH (p:Person) WHERE p.name CONTAINS '77' RETURN count(*)",
        "SELECT count(*) FROM person WHERE contains(name, '77')",
    ),
}


class Scan(Whole):
    def answer(self) -> Any:
        """Means are sums in different orders, so that their last digits differ."""
        return {name: [[round(value, 3) for value in row] for row in rows] for name, rows in self.answers.items()}


class Deed(InDeed, Scan):
    does = "on disk, reopened; as many threads as the machine has processors, on one core"
    statements = {name: texts[0] for name, texts in STATEMENTS.items()}

    def fetcher(self) -> Callable[[str], list[Any]]:
        return lambda text: self.graph.execute(text).fetchall()  # type: ignore[no-any-return]


class DuckDB(Scan):
    name = "duckdb"
    package = "duckdb"
    does = "on disk, reopened; 1 thread"
    statements = {name: texts[1] for name, texts in STATEMENTS.items()}

    def prepare(self) -> None:
        from ..stores import duck

        size = self.context.size
        edges = self.context.data.uniform(size["entities"], size["relationships"])
        duck.build(self.context.store / "store", self.context.data, size["entities"], edges)

    def setup(self) -> None:
        from ..stores import duck

        self.database = duck.open_database(self.context.store / "store")
        super().setup()

    def fetcher(self) -> Callable[[str], list[Any]]:
        return lambda text: self.database.execute(text).fetchall()  # type: ignore[no-any-return]

    def close(self) -> None:
        self.database.close()


WORKLOAD = Workload(
    name="query_scans",
    title="query: scans of one collection",
    order=84,
    metrics=[Metric(name, name, "seconds", "lower") for name in STATEMENTS],
    demands=[Demand(f"{name} >= 0.8x duckdb", name, 0.8, than="duckdb") for name in STATEMENTS],
    sides=[Deed, DuckDB],
    full={"entities": 1_000_000, "relationships": 1},
    quick={"entities": 10_000, "relationships": 1},
)
