"""What the workloads of scans share: filter and count, group, the first hundred, text search, over one collection. Relationships
play no part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model import DEED, Demand, Metric, Side, Workload
from ..stores.cypher import FIRST_KEY
from ._query import InDeed, Whole

STATEMENTS = {
    "filter": ("MATCH (p:Person) WHERE p.age < 30 RETURN count(*)", "SELECT count(*) FROM person WHERE age < 30"),
    "group": (
        "MATCH (p:Person) RETURN p.age AS age, avg({key}) AS mean ORDER BY age",
        "SELECT age, avg(id) AS mean FROM person GROUP BY age ORDER BY age",
    ),
    "top": (
        "MATCH (p:Person) WHERE p.age < 50 RETURN {key} AS key ORDER BY key DESC LIMIT 100",
        "SELECT id FROM person WHERE age < 50 ORDER BY id DESC LIMIT 100",
    ),
    "contains": (
        "MATCH (p:Person) WHERE p.name CONTAINS '77' RETURN count(*)",
        "SELECT count(*) FROM person WHERE contains(name, '77')",
    ),
}


class Scan(Whole):
    threads = 1
    times = 9

    def answer(self) -> Any:
        """Means are sums in different orders, so that their last digits differ."""
        return {name: [[round(value, 3) for value in row] for row in rows] for name, rows in self.answers.items()}


class Deed(InDeed, Scan):
    statements = {name: texts[0].format(key="p.key") for name, texts in STATEMENTS.items()}

    def setup(self) -> None:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.store / "store", threads=self.threads)
        self.fetch = self.fetcher()

    def fetcher(self) -> Callable[[str], list[Any]]:
        return lambda text: self.graph.execute(text).fetchall()  # type: ignore[no-any-return]


class DuckDB(Scan):
    name = "duckdb"
    package = "duckdb"
    statements = {name: texts[1] for name, texts in STATEMENTS.items()}

    def prepare(self) -> None:
        from ..stores import duck

        size = self.context.size
        edges = self.context.data.uniform(size["entities"], size["relationships"])
        duck.build(self.context.store / "store", self.context.data, size["entities"], edges)

    def setup(self) -> None:
        from ..stores import duck

        self.database = duck.open_database(self.context.store / "store", threads=self.threads)
        super().setup()

    def fetcher(self) -> Callable[[str], list[Any]]:
        return lambda text: self.database.execute(text).fetchall()  # type: ignore[no-any-return]

    def close(self) -> None:
        self.database.close()


class Kuzu(Scan):
    """Its keys begin at FIRST_KEY (stores/cypher.py), which the statements take away again."""

    name = "kuzu"
    package = "kuzu"
    statements = {name: texts[0].format(key=f"p.id - {FIRST_KEY}") for name, texts in STATEMENTS.items()}

    def prepare(self) -> None:
        from ..stores import cypher

        cypher.build("kuzu", self.context.store / "store", self.context.data, self.context.size["entities"])

    def setup(self) -> None:
        from ..stores import cypher

        self.database = cypher.Connection("kuzu", self.context.store / "store", threads=self.threads)
        super().setup()

    def fetcher(self) -> Callable[[str], list[Any]]:
        return lambda text: self.database.execute(text).get_all()  # type: ignore[no-any-return]

    def close(self) -> None:
        self.database.close()


def _side(kind: type[Scan], threads: int, name: str | None = None) -> type[Side]:
    number = "1 thread" if threads == 1 else f"{threads} threads"
    text = f"on disk, reopened; {number}"
    return type(kind.__name__, (kind,), {"threads": threads, "does": text, "name": name or kind.name})


def scans(name: str, entities: int, threads: int, order: int) -> Workload:
    """The scans over so many rows. Of several threads there is also the demand that they gain something."""
    alone = "deed, 1 thread"
    sides = [_side(Deed, threads, DEED), _side(DuckDB, threads), _side(Kuzu, threads)]
    demands = [Demand(f"{metric} >= 0.8x duckdb", metric, 0.8, than="duckdb") for metric in STATEMENTS]
    demands += [Demand(f"{metric} >= 2x kuzu", metric, 2, than="kuzu") for metric in STATEMENTS]
    if threads > 1:
        sides.append(_side(Deed, 1, alone))
        demands += [Demand(f"{metric} >= 1.7x one thread", metric, 1.7, than=alone) for metric in STATEMENTS]
    return Workload(
        name=name,
        title=f"query: scans of {entities:,} rows, {threads} thread{'s' if threads > 1 else ''}",
        order=order,
        metrics=[Metric(metric, metric, "seconds", "lower") for metric in STATEMENTS],
        demands=demands,
        sides=sides,
        full={"entities": entities, "relationships": 1},
        quick={"entities": 10_000, "relationships": 1},
        pinned=threads == 1,
    )
