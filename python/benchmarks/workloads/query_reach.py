"""A query for how many entities are within three hops, against the call that answers nothing else."""

from __future__ import annotations

from ..measure import latencies, percentile
from ..model import Demand, Metric, Workload
from ._query import Ask, InDeed, InLadybug, Repeated

HOPS = 3


class Deed(InDeed, Repeated):
    does = "count(DISTINCT b) over *1..3, on disk; beside it count_reachable, which leaves the start out"

    def asker(self) -> Ask:
        execute = self.graph.execute
        text = "MATCH (a:Person {key: $key})-[:KNOWS*1..3]->(b) RETURN count(DISTINCT b)"
        return lambda key: execute(text, {"key": key}).fetchall()

    def run(self) -> dict[str, float]:
        metrics = super().run()
        ids = [self.graph.find("Person", "key", start)[0] for start in self.starts]
        direct = latencies(lambda start: self.graph.count_reachable(start, max_depth=HOPS), ids)
        return {**metrics, "direct": percentile(direct, 50) / 1e9}


class Ladybug(InLadybug, Repeated):
    does = "count(DISTINCT b) over *1..3, on disk; its primary key; 1 thread"
    scale = 0.1

    def asker(self) -> Ask:
        from ..stores import cypher

        text = "MATCH (a:Person {id: $key})-[:Knows*1..3]->(b:Person) RETURN count(DISTINCT b.id)"
        query, first = self.database.query(text), cypher.FIRST_KEY
        return lambda key: [tuple(row) for row in query({"key": first + key}).get_all()]


WORKLOAD = Workload(
    name="query_reach",
    title="query: distinct entities within three hops",
    order=82,
    metrics=[
        Metric("p50", "p50", "seconds", "lower"),
        Metric("p99", "p99", "seconds", "lower"),
        Metric("direct", "count_reachable", "seconds", "lower"),
    ],
    demands=[
        Demand(">= 10x ladybug", "p50", 10, than="ladybug"),
        Demand("<= 2x count_reachable: its time is >= 0.5x", "direct", 0.5, over="p50"),
    ],
    sides=[Deed, Ladybug],
    full={"entities": 100_000, "relationships": 1_000_000, "calls": 500},
    quick={"entities": 2_000, "relationships": 10_000, "calls": 200},
)
