"""Adding relationships with one property, one call each, all in one transaction, on disk."""

from __future__ import annotations

from typing import Any

from ..measure import seconds
from ..model import DEED, Demand, Metric, Side, Workload


class AddEdge(Side):
    """Starts from entities without relationships; `add_all` is what is timed, commit included."""

    def setup(self) -> None:
        self.people = self.context.size["entities"]
        self.count = self.context.rows("relationships")
        edges = self.context.data.uniform(self.people, self.context.size["relationships"])
        columns = (edges.source[: self.count], edges.target[: self.count], edges.since[: self.count])
        self.rows = list(zip(*(column.tolist() for column in columns), strict=True))
        self.open()

    def open(self) -> None:
        raise NotImplementedError

    def add_all(self) -> None:
        raise NotImplementedError

    def neighbors(self, number: int) -> list[int]:
        raise NotImplementedError

    def run(self) -> dict[str, float]:
        return {"rate": self.count / seconds(self.add_all)}

    def answer(self) -> Any:
        return [sorted(self.neighbors(number)) for number in self.context.data.sample(self.people, 200)]


class Deed(AddEdge):
    name = DEED
    package = "deed"
    does = "one transaction, synced at commit; both directions"

    def open(self) -> None:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.scratch / "store")
        self.ids = deed.add_people(self.graph, self.context.data, self.people).tolist()
        self.rows = [(self.ids[source], self.ids[target], since) for source, target, since in self.rows]
        self.person_of = {entity: number for number, entity in enumerate(self.ids)}

    def add_all(self) -> None:
        with self.graph.transaction() as transaction:
            add = transaction.add_edge
            for source, target, since in self.rows:
                add(source, target, "KNOWS", {"since": since})

    def neighbors(self, number: int) -> list[int]:
        return [self.person_of[target] for target, _ in self.graph.get_outgoing_neighbors(self.ids[number])]

    def close(self) -> None:
        self.graph.close()


class Networkx(AddEdge):
    name = "networkx"
    package = "networkx"
    does = "in memory only: dictionaries, both directions"

    def open(self) -> None:
        from ..stores import memory

        self.graph = memory.networkx_people(self.context.data, self.people)

    def add_all(self) -> None:
        add = self.graph.add_edge
        for source, target, since in self.rows:
            add(source, target, since=since)

    def neighbors(self, number: int) -> list[int]:
        return list(self.graph.successors(number))


class Rustworkx(AddEdge):
    name = "rustworkx"
    package = "rustworkx"
    does = "in memory only: a dictionary on each relationship, both directions"

    def open(self) -> None:
        import rustworkx

        self.graph = rustworkx.PyDiGraph()
        names, ages = self.context.data.names(self.people), self.context.data.ages(self.people).tolist()
        self.graph.add_nodes_from([{"name": name, "age": age} for name, age in zip(names, ages, strict=True)])

    def add_all(self) -> None:
        add = self.graph.add_edge
        for source, target, since in self.rows:
            add(source, target, {"since": since})

    def neighbors(self, number: int) -> list[int]:
        return list(self.graph.successor_indices(number))


class Ladybug(AddEdge):
    name = "ladybug"
    package = "ladybug"
    does = "one transaction, synced at commit; key index, both directions; 1 thread"
    scale = 0.01

    def open(self) -> None:
        from ..stores import cypher

        self.first = cypher.FIRST_KEY
        self.database = cypher.Connection("ladybug", self.context.scratch / "store", schema=True)
        cypher.load(self.database, self.context.scratch, self.context.data, self.people)
        self.insert = self.database.query(cypher.ADD_KNOWS)

    def add_all(self) -> None:
        insert, first = self.insert, self.first
        self.database.execute("BEGIN TRANSACTION")
        for source, target, since in self.rows:
            insert({"source": first + source, "target": first + target, "since": since})
        self.database.execute("COMMIT")

    def neighbors(self, number: int) -> list[int]:
        return self.database.neighbors()(number)

    def close(self) -> None:
        self.database.close()


WORKLOAD = Workload(
    name="add_edge",
    title="add_edge, one call each, {since}, in one transaction on disk",
    order=20,
    metrics=[Metric("rate", "relationships", "per_second", "higher")],
    demands=[Demand(">= 3x networkx", "rate", 3, than="networkx")],
    sides=[Deed, Networkx, Rustworkx, Ladybug],
    full={"entities": 100_000, "relationships": 1_000_000},
    quick={"entities": 2_000, "relationships": 10_000},
)
