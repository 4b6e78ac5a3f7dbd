"""Loading a power-law graph in bulk: time, peak memory and size on disk, until it is checkpointed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data import Edges
from ..measure import disk_bytes, peak_bytes, reset_peak, seconds
from ..model import DEED, Demand, Metric, Side, Workload


class BulkLoad(Side):
    """`load` is what is timed: from arrays or files in the form the side likes best to a checkpointed store."""

    def setup(self) -> None:
        self.people = self.context.size["entities"]
        self.directory = self.context.scratch / "database"
        self.directory.mkdir()
        self.open()

    def edges(self) -> Edges:
        return self.context.data.power_law(self.people, self.context.size["relationships"])

    def run(self) -> dict[str, float]:
        reset_peak()
        taken = seconds(self.load)
        peak = peak_bytes()
        outcome = self.ask()
        self.shut()
        rows = self.people + self.context.size["relationships"]
        self.answered = outcome
        return {"rate": rows / taken, "peak": peak, "disk": disk_bytes(self.directory)}

    def answer(self) -> Any:
        return self.answered

    def ask(self) -> Any:
        """Neighbours in both directions of a few people, the busiest among them, with their multiplicity."""
        numbers = [*self.context.data.sample(self.people, 20), self.busiest()]
        return [[digest(self.outgoing(number)), digest(self.incoming(number))] for number in numbers]

    def busiest(self) -> int:
        return int(np.bincount(self.edges().source).argmax())

    def open(self) -> None:
        raise NotImplementedError

    def load(self) -> None:
        raise NotImplementedError

    def outgoing(self, number: int) -> list[int]:
        raise NotImplementedError

    def incoming(self, number: int) -> list[int]:
        raise NotImplementedError

    def shut(self) -> None:
        raise NotImplementedError


def digest(numbers: list[int]) -> list[int]:
    """Count, sum and sum of squares: equal for equal multisets, and short."""
    array = np.asarray(numbers, dtype=np.int64)
    return [len(array), int(array.sum()), int((array * array % 1_000_003).sum())]


class Deed(BulkLoad):
    name = DEED
    package = "deed"
    does = "add_entities, add_edges from Arrow and NumPy, checkpoint; both directions"

    def open(self) -> None:
        from ..stores import deed

        self.deed = deed
        self.table = self.context.data.people_table(self.people)
        self.input = self.edges()
        self.graph = deed.open_graph(self.directory / "store")

    def load(self) -> None:
        self.ids = np.asarray(self.graph.add_entities(self.deed.PERSON, self.table))
        self.deed.add_knows(self.graph, self.ids, self.input)
        self.graph.checkpoint()

    def outgoing(self, number: int) -> list[int]:
        return self._people(self.graph.neighbor_ids(int(self.ids[number])))

    def incoming(self, number: int) -> list[int]:
        return self._people(self.graph.neighbor_ids(int(self.ids[number]), direction="in"))

    def _people(self, entities: Any) -> list[int]:
        """Which people those entities are: by name, so that the properties are looked at too."""
        return [int(self.graph.get_entity(entity)["properties"]["name"][4:]) for entity in np.asarray(entities).tolist()]

    def shut(self) -> None:
        self.graph.close()


class Kuzu(BulkLoad):
    name = "kuzu"
    package = "kuzu"
    does = "COPY from uncompressed Parquet, checkpoint; key index, both directions; 1 thread"

    def open(self) -> None:
        from ..stores import cypher

        self.cypher = cypher
        self.files = (self.context.scratch / "people.parquet", self.context.scratch / "knows.parquet")
        cypher.write_people(self.files[0], self.context.data, self.people)
        cypher.write_knows(self.files[1], self.edges())
        self.database = cypher.Connection("kuzu", self.directory / "store", schema=True)

    def load(self) -> None:
        self.cypher.copy(self.database, "Person", self.files[0])
        self.cypher.copy(self.database, "Knows", self.files[1])
        self.database.execute("CHECKPOINT")

    def outgoing(self, number: int) -> list[int]:
        return self.database.neighbors()(number)

    def incoming(self, number: int) -> list[int]:
        return self.database.neighbors(self.cypher.NEIGHBORS_IN)(number)

    def shut(self) -> None:
        self.database.close()


class Duckdb(BulkLoad):
    name = "duckdb"
    package = "duckdb"
    does = "INSERT from Arrow, checkpoint; no index at all: a neighbour costs a scan; 1 thread"

    def open(self) -> None:
        from ..stores import duck

        self.duck = duck
        self.tables = (duck.people_table(self.context.data, self.people), duck.knows_table(self.edges()))
        self.database = duck.open_database(self.directory / "store", schema=True)

    def load(self) -> None:
        self.duck.insert(self.database, "person", self.tables[0])
        self.duck.insert(self.database, "knows", self.tables[1])
        self.database.execute("CHECKPOINT")

    def outgoing(self, number: int) -> list[int]:
        return self._column("SELECT target FROM knows WHERE source = ?", number)

    def incoming(self, number: int) -> list[int]:
        return self._column("SELECT source FROM knows WHERE target = ?", number)

    def _column(self, query: str, number: int) -> list[int]:
        return [row[0] for row in self.database.execute(query, [number]).fetchall()]

    def shut(self) -> None:
        self.database.close()


WORKLOAD = Workload(
    name="bulk_load",
    title="bulk load of a power-law graph, {name, age} and {since}, on disk, checkpointed",
    order=40,
    metrics=[
        Metric("rate", "rows", "per_second", "higher"),
        Metric("peak", "peak memory", "bytes", "lower"),
        Metric("disk", "on disk", "bytes", "lower"),
    ],
    demands=[
        Demand(">= 4x Kùzu", "rate", 4, than="kuzu"),
        Demand("peak memory <= 1.5 GiB", "peak", 1.5 * 2**30),
        Demand("disk <= Kùzu's", "disk", 1, than="kuzu"),
    ],
    sides=[Deed, Kuzu, Duckdb],
    full={"entities": 1_000_000, "relationships": 10_000_000},
    quick={"entities": 10_000, "relationships": 100_000},
    note="Peak memory is that of the whole process: interpreter, libraries and, for Deed and DuckDB, the input arrays.",
)
