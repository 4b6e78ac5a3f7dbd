"""A query that looks one entity up by an indexed property, asked again and again."""

from __future__ import annotations

from ..model import Demand, Metric, Workload
from ._query import Ask, InDeed, InLadybug, InSqlite, Repeated


class Deed(InDeed, Repeated):
    does = "execute with the text and a parameter, on disk; an index"

    def asker(self) -> Ask:
        execute = self.graph.execute
        return lambda key: execute("MATCH (p:Person {key: $key}) RETURN p.name, p.age", {"key": key}).fetchall()


class Ladybug(InLadybug, Repeated):
    does = "execute with the text and a parameter, on disk; its primary key; 1 thread"
    scale = 0.1

    def asker(self) -> Ask:
        from ..stores import cypher

        query, first = self.database.query("MATCH (p:Person {id: $key}) RETURN p.name, p.age"), cypher.FIRST_KEY
        return lambda key: [tuple(row) for row in query({"key": first + key}).get_all()]


class Sqlite(InSqlite, Repeated):
    does = "prepared SELECT over indexes, on disk"

    def asker(self) -> Ask:
        execute = self.database.cursor().execute
        return lambda key: execute("SELECT name, age FROM person WHERE id = ?", (key,)).fetchall()


WORKLOAD = Workload(
    name="query_lookup",
    title="query: look-up by an indexed property",
    order=80,
    metrics=[Metric("p50", "p50", "seconds", "lower"), Metric("p99", "p99", "seconds", "lower")],
    demands=[Demand("p50 <= 4 us", "p50", 4e-6), Demand(">= 5x ladybug", "p50", 5, than="ladybug")],
    sides=[Deed, Ladybug, Sqlite],
    full={"entities": 100_000, "relationships": 1_000_000, "calls": 20_000},
    quick={"entities": 2_000, "relationships": 10_000, "calls": 500},
)
