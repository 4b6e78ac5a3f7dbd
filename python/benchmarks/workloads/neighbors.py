"""The neighbours of one entity: as pairs with the relationship, and as ids only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..measure import rate_of_calls
from ..model import DEED, Demand, Metric, Side, Workload

Reader = Callable[[Any], Any]


class Neighbors(Side):
    """`readers` gives the two functions that are timed; a library with only one kind gives it twice."""

    def setup(self) -> None:
        self.people = self.context.size["entities"]
        self.edges = self.context.data.uniform(self.people, self.context.size["relationships"])
        self.pairs, self.only_ids = self.readers()
        self.sample = self.context.data.sample(self.people, self.context.size["reads"])
        self.keys = [self.key(number) for number in self.sample[: self.context.rows("reads")]]

    def readers(self) -> tuple[Reader, Reader]:
        raise NotImplementedError

    def key(self, number: int) -> Any:
        return number

    def run(self) -> dict[str, float]:
        rates = {}
        for name, read in (("pairs", self.pairs), ("ids", self.only_ids)):
            for key in self.keys:
                read(key)
            rates[name] = rate_of_calls(read, self.keys)
        return rates

    def answer(self) -> Any:
        keys = [self.key(number) for number in self.sample[:500]]
        return [sorted(self.numbers(self.only_ids(key))) for key in keys]

    def numbers(self, found: Any) -> list[int]:
        return list(found)


class Deed(Neighbors):
    name = DEED
    package = "deed"
    does = "get_outgoing_neighbors; neighbor_ids. On disk, reopened; deposits pheromone"

    def prepare(self) -> None:
        from ..stores import deed

        size = self.context.size
        edges = self.context.data.uniform(size["entities"], size["relationships"])
        deed.build(self.context.store / "store", self.context.data, size["entities"], edges)

    def readers(self) -> tuple[Reader, Reader]:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.store / "store")
        self.ids = deed.ids_of(self.context.store / "store").tolist()
        self.person_of = {entity: number for number, entity in enumerate(self.ids)}
        return self.graph.get_outgoing_neighbors, self.graph.neighbor_ids

    def key(self, number: int) -> Any:
        return self.ids[number]

    def numbers(self, found: Any) -> list[int]:
        return [self.person_of[entity] for entity in memoryview(found).tolist()]

    def answer(self) -> Any:
        """Both kinds of reading must say the same before they are compared with anybody else's."""
        for number in self.sample[:500]:
            pairs = [neighbor for neighbor, _ in self.pairs(self.ids[number])]
            if pairs != memoryview(self.only_ids(self.ids[number])).tolist():
                raise AssertionError(f"get_outgoing_neighbors and neighbor_ids disagree about person {number}")
        return super().answer()

    def close(self) -> None:
        self.graph.close()


class Igraph(Neighbors):
    name = "igraph"
    package = "igraph"
    does = "neighbors(i, mode='out'), in memory; ids only"

    def readers(self) -> tuple[Reader, Reader]:
        from ..stores import memory

        neighbors = memory.igraph_graph(self.people, self.edges).neighbors

        def read(number: int) -> list[int]:
            return neighbors(number, "out")  # type: ignore[no-any-return]

        return read, read


class Networkx(Neighbors):
    name = "networkx"
    package = "networkx"
    does = "list(G.successors(i)), in memory; ids only"

    def readers(self) -> tuple[Reader, Reader]:
        from ..stores import memory

        successors = memory.networkx_graph(self.people, self.edges).successors

        def read(number: int) -> list[int]:
            return list(successors(number))

        return read, read


class Rustworkx(Neighbors):
    name = "rustworkx"
    package = "rustworkx"
    does = "list(successor_indices(i)), in memory; ids only"

    def readers(self) -> tuple[Reader, Reader]:
        from ..stores import memory

        successors = memory.rustworkx_graph(self.people, self.edges).successor_indices

        def read(number: int) -> list[int]:
            return list(successors(number))

        return read, read


class Kuzu(Neighbors):
    name = "kuzu"
    package = "kuzu"
    does = "prepared, through the key index, on disk; ids only; 1 thread"
    scale = 0.005

    def prepare(self) -> None:
        from ..stores import cypher

        size = self.context.size
        edges = self.context.data.uniform(size["entities"], size["relationships"])
        cypher.build("kuzu", self.context.store / "store", self.context.data, size["entities"], edges)

    def readers(self) -> tuple[Reader, Reader]:
        from ..stores import cypher

        self.database = cypher.Connection("kuzu", self.context.store / "store")
        read = self.database.neighbors()
        return read, read

    def close(self) -> None:
        self.database.close()


WORKLOAD = Workload(
    name="neighbors",
    title="neighbours of one entity, random ids, mean degree 10",
    order=60,
    metrics=[
        Metric("pairs", "pairs", "per_second", "higher"),
        Metric("ids", "ids only", "per_second", "higher"),
    ],
    demands=[
        Demand("get_outgoing_neighbors (pairs) >= 1x igraph neighbors", "pairs", 1, than="igraph"),
        Demand("neighbor_ids >= 2x igraph neighbors", "ids", 2, than="igraph"),
    ],
    sides=[Deed, Igraph, Networkx, Rustworkx, Kuzu],
    full={"entities": 100_000, "relationships": 1_000_000, "reads": 200_000},
    quick={"entities": 2_000, "relationships": 20_000, "reads": 500},
    note="Every id is read once before. Only Deed gives the relationships too; the others show their ids in both columns.",
)
