"""How many distinct entities can be reached in at most three steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..measure import seconds
from ..model import DEED, Demand, Metric, Side, Workload

HOPS = 3


class Reach(Side):
    """`counter` gives the function that is timed: from a person's number to the count, the start left out."""

    def setup(self) -> None:
        self.people = self.context.size["entities"]
        self.edges = self.context.data.uniform(self.people, self.context.size["relationships"])
        self.count = self.counter()
        self.starts = self.context.data.sample(self.people, self.context.rows("starts"))

    def counter(self) -> Callable[[int], int]:
        raise NotImplementedError

    def run(self) -> dict[str, float]:
        count = self.count
        for start in self.starts[:50]:
            count(start)
        self.counts: list[int] = []
        taken = seconds(lambda: self.counts.extend(map(count, self.starts)))
        return {"each": taken / len(self.starts)}

    def answer(self) -> Any:
        return self.counts


class Deed(Reach):
    name = DEED
    package = "deed"
    does = "count_reachable, on disk, reopened; deposits pheromone"

    def prepare(self) -> None:
        from ..stores import deed

        size = self.context.size
        edges = self.context.data.uniform(size["entities"], size["relationships"])
        deed.build(self.context.store / "store", self.context.data, size["entities"], edges)

    def counter(self) -> Callable[[int], int]:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.store / "store")
        ids = deed.ids_of(self.context.store / "store").tolist()
        count_reachable = self.graph.count_reachable

        def count(number: int) -> int:
            return count_reachable(ids[number], max_depth=HOPS)  # type: ignore[no-any-return]

        return count

    def close(self) -> None:
        self.graph.close()


class Igraph(Reach):
    name = "igraph"
    package = "igraph"
    does = "neighborhood_size, in memory"

    def counter(self) -> Callable[[int], int]:
        from ..stores import memory

        neighborhood_size = memory.igraph_graph(self.people, self.edges).neighborhood_size

        def count(number: int) -> int:
            return neighborhood_size(number, order=HOPS, mode="out") - 1  # type: ignore[no-any-return]

        return count


class Networkx(Reach):
    name = "networkx"
    package = "networkx"
    does = "breadth-first over its dictionaries, in memory"

    def counter(self) -> Callable[[int], int]:
        from ..stores import memory

        adjacent = memory.networkx_graph(self.people, self.edges)._adj

        def count(number: int) -> int:
            seen = {number}
            frontier = {number}
            for _ in range(HOPS):
                frontier = {other for entity in frontier for other in adjacent[entity]} - seen
                seen |= frontier
            return len(seen) - 1

        return count


class Ladybug(Reach):
    name = "ladybug"
    package = "ladybug"
    does = "SHORTEST 1..3 with count(*), through the key index, on disk; 1 thread"
    scale = 0.5

    def prepare(self) -> None:
        from ..stores import cypher

        size = self.context.size
        edges = self.context.data.uniform(size["entities"], size["relationships"])
        cypher.build("ladybug", self.context.store / "store", self.context.data, size["entities"], edges)

    def counter(self) -> Callable[[int], int]:
        from ..stores import cypher

        self.database = cypher.Connection("ladybug", self.context.store / "store")
        query, first = self.database.query(cypher.REACH_THREE), cypher.FIRST_KEY

        def count(number: int) -> int:
            return query({"id": first + number}).get_next()[0]  # type: ignore[no-any-return]

        return count

    def close(self) -> None:
        self.database.close()


WORKLOAD = Workload(
    name="reach",
    title="distinct reach in three hops (count) from random entities",
    order=70,
    metrics=[Metric("each", "each", "seconds", "lower")],
    demands=[Demand(">= 1x igraph neighborhood_size", "each", 1, than="igraph")],
    sides=[Deed, Igraph, Networkx, Ladybug],
    full={"entities": 100_000, "relationships": 1_000_000, "starts": 1_000},
    quick={"entities": 2_000, "relationships": 10_000, "starts": 50},
)
