"""Friends of friends of a certain age, the ten reached by the most ways: a typical recommendation."""

from __future__ import annotations

from ..model import Demand, Metric, Workload
from ._query import Ask, InDeed, InLadybug, Repeated

TOP = "WHERE c.age < 30 RETURN c.name AS name, count(*) AS ways ORDER BY ways DESC, name LIMIT 10"


class Deed(InDeed, Repeated):
    does = "execute with the text and a parameter, on disk; an index"

    def asker(self) -> Ask:
        execute = self.graph.execute
        text = "MATCH (a:Person {key: $key})-[:KNOWS]->(b)-[:KNOWS]->(c) " + TOP
        return lambda key: execute(text, {"key": key}).fetchall()


class Ladybug(InLadybug, Repeated):
    does = "execute with the text and a parameter, on disk; its primary key; 1 thread"
    scale = 0.1

    def asker(self) -> Ask:
        from ..stores import cypher

        text = "MATCH (a:Person {id: $key})-[:Knows]->(b:Person)-[:Knows]->(c:Person) " + TOP
        query, first = self.database.query(text), cypher.FIRST_KEY
        return lambda key: [tuple(row) for row in query({"key": first + key}).get_all()]


WORKLOAD = Workload(
    name="query_friends",
    title="query: friends of friends, the ten reached by the most ways",
    order=82,
    metrics=[Metric("p50", "p50", "seconds", "lower"), Metric("p99", "p99", "seconds", "lower")],
    demands=[Demand(">= 10x ladybug", "p50", 10, than="ladybug")],
    sides=[Deed, Ladybug],
    full={"entities": 100_000, "relationships": 1_000_000, "calls": 5_000},
    quick={"entities": 2_000, "relationships": 10_000, "calls": 200},
)
