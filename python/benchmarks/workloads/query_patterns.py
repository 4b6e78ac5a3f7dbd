"""Patterns counted over the whole graph.

A path of Cypher never uses a relationship twice, a walk of Ladybug may. Without self-loops and parallels that differs only
for three hops and four-cycles, by one for each relationship whose reverse exists too, which the answers take into account.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model import Demand, Metric, Workload
from ._query import InDeed, InLadybug, Whole

PATTERNS = {
    "two_hop": "(a)-[:{0}]->(b)-[:{0}]->(c)",
    "three_hop": "(a)-[:{0}]->(b)-[:{0}]->(c)-[:{0}]->(d)",
    "triangle": "(a)-[:{0}]->(b)-[:{0}]->(c)-[:{0}]->(a)",
    "four_cycle": "(a)-[:{0}]->(b)-[:{0}]->(c)-[:{0}]->(d)-[:{0}]->(a)",
}
WALKED_TWICE = ("three_hop", "four_cycle")


def counted(relationship: str) -> dict[str, str]:
    return {name: f"MATCH {pattern.format(relationship)} RETURN count(*)" for name, pattern in PATTERNS.items()}


class Deed(InDeed, Whole):
    threads = 1
    does = "on disk, reopened; 1 thread"
    statements = counted("KNOWS")

    def setup(self) -> None:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.store / "store", threads=self.threads)
        self.fetch = self.fetcher()

    def fetcher(self) -> Callable[[str], list[Any]]:
        return lambda text: self.graph.execute(text).fetchall()  # type: ignore[no-any-return]


class Ladybug(InLadybug, Whole):
    does = "on disk, reopened; 1 thread"
    statements = counted("Knows")

    def fetcher(self) -> Callable[[str], list[Any]]:
        return lambda text: self.database.execute(text).get_all()  # type: ignore[no-any-return]

    def answer(self) -> Any:
        size = self.context.size
        edges = self.context.data.uniform(size["entities"], size["relationships"])
        pairs = set(zip(edges.source.tolist(), edges.target.tolist(), strict=True))
        twice = sum((target, source) in pairs for source, target in pairs)
        counts = {name: rows[0][0] - (twice if name in WALKED_TWICE else 0) for name, rows in self.answers.items()}
        return {name: [[count]] for name, count in counts.items()}


WORKLOAD = Workload(
    name="query_patterns",
    title="query: patterns counted over the whole graph",
    order=83,
    metrics=[Metric(name, name.replace("_", " "), "seconds", "lower") for name in PATTERNS],
    demands=[
        Demand("two hops <= 0.5x ladybug's time", "two_hop", 2, than="ladybug"),
        Demand("three hops <= 0.6x ladybug's time", "three_hop", 1 / 0.6, than="ladybug"),
        Demand("triangles >= 3x ladybug", "triangle", 3, than="ladybug"),
        Demand("four-cycles >= 3x ladybug", "four_cycle", 3, than="ladybug"),
    ],
    sides=[Deed, Ladybug],
    full={"entities": 100_000, "relationships": 1_000_000},
    quick={"entities": 2_000, "relationships": 10_000},
)
