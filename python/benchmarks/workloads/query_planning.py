"""Parsing and planning a query of ten clauses that was never seen before.

Each text has names of its own, since plans are found again by the shape of a query. The graph has one entity, so that what
execution adds is small; the figure includes it, and the conversion of the result.
"""

from __future__ import annotations

from typing import Any

from ..measure import latencies, percentile
from ..model import DEED, Demand, Metric, Side, Workload

CLAUSES = (
    "MATCH (a{0}:Person {{name: $name}}) MATCH (a{0})-[:KNOWS]->(b{0}:Person) WHERE b{0}.age > 20 "
    "WITH a{0}, b{0}, b{0}.age AS age{0} ORDER BY age{0} LIMIT 50 OPTIONAL MATCH (b{0})-[:KNOWS]->(c{0}) "
    "WITH a{0}, b{0}, count(c{0}) AS friends{0} UNWIND [1, 2, 3] AS level{0} "
    "MATCH (b{0})<-[:KNOWS]-(d{0}) WITH a{0}, d{0}, level{0}, sum(friends{0}) AS total{0} WHERE total{0} > 1 "
    "OPTIONAL MATCH (d{0})-[:KNOWS]->(e{0}) WITH d{0}, level{0}, total{0}, count(e{0}) AS last{0} "
    "RETURN d{0}.name AS name, level{0}, total{0}, last{0} ORDER BY name LIMIT 10"
)


class Deed(Side):
    name = DEED
    package = "deed"
    does = "execute over a graph of one entity, in memory"

    def setup(self) -> None:
        from ..stores import deed

        self.graph = deed.open_graph(None)
        self.graph.add_entities("Person", {"name": ["first"], "age": [1]})
        self.texts = [CLAUSES.format(f"x{number}") for number in range(self.context.size["texts"])]

    def run(self) -> dict[str, float]:
        self.rows: list[int] = []
        taken = latencies(lambda text: self.rows.append(len(self.graph.execute(text, {"name": "none"}).fetchall())), self.texts)
        return {"p50": percentile(taken, 50) / 1e9, "p99": percentile(taken, 99) / 1e9}

    def answer(self) -> Any:
        return self.rows

    def close(self) -> None:
        self.graph.close()


WORKLOAD = Workload(
    name="query_planning",
    title="query: ten clauses, parsed and planned the first time",
    order=86,
    metrics=[Metric("p50", "p50", "seconds", "lower"), Metric("p99", "p99", "seconds", "lower")],
    demands=[Demand("p50 <= 300 us", "p50", 300e-6)],
    sides=[Deed],
    full={"texts": 2_000},
    quick={"texts": 100},
)
