"""What an entity and a relationship cost in memory, as the operating system counts it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data import Edges
from ..measure import resident_bytes
from ..model import DEED, Demand, Metric, Side, Workload


class ResidentMemory(Side):
    """Adds the entities, then the relationships, and reads the resident memory around each.

    The input is made inside the methods, so that only what the library keeps remains.
    """

    def setup(self) -> None:
        self.people = self.context.rows("entities")
        self.relationships = self.context.rows("relationships")
        self.edges()  # generated once and kept on disk
        self.people_input()
        self.open()

    def edges(self) -> Edges:
        return self.context.data.uniform(self.people, self.relationships)

    def people_input(self) -> Any:
        """Makes the input in the form the side wants; called once before measuring, so that imports are paid."""
        return self.context.data.people_table(self.people)

    def run(self) -> dict[str, float]:
        empty = resident_bytes()
        self.add_people()
        people = resident_bytes()
        self.add_knows()
        self.touch()
        both = resident_bytes()
        return {"entity": (people - empty) / self.people, "relationship": (both - people) / self.relationships}

    def answer(self) -> Any:
        """How many entities and relationships it holds, and the sum of `since` over those that leave the first thousand."""
        raise NotImplementedError

    def open(self) -> None:
        raise NotImplementedError

    def add_people(self) -> None:
        raise NotImplementedError

    def add_knows(self) -> None:
        raise NotImplementedError

    def touch(self) -> None:
        """Reads in the way that makes a library keep more, where it does."""


class Deed(ResidentMemory):
    name = DEED
    package = "deed"
    does = "in memory; both directions, pheromone after reading every entity's neighbours"

    def open(self) -> None:
        from ..stores import deed

        self.deed = deed
        self.graph = deed.open_graph(None)

    def add_people(self) -> None:
        """The ids are put aside in a file: they are the caller's, not the store's."""
        np.save(self.context.scratch / "ids.npy", self.deed.add_people(self.graph, self.context.data, self.people))

    def add_knows(self) -> None:
        self.deed.add_knows(self.graph, self.ids(), self.edges())

    def ids(self) -> Any:
        return np.load(self.context.scratch / "ids.npy")

    def touch(self) -> None:
        read = self.graph.get_outgoing_neighbors
        for entity in self.ids():
            read(int(entity))
        self.graph.evaporate_pheromones()

    def answer(self) -> Any:
        stats = self.graph.stats()
        total = 0
        for entity in self.ids()[:1000]:
            for _, edge in self.graph.get_outgoing_neighbors(int(entity)):
                total += self.graph.get_edge(edge)["properties"]["since"]
        return [stats["entity_count"], stats["edge_count"], total]

    def close(self) -> None:
        self.graph.close()


class Sqlite(ResidentMemory):
    name = "sqlite3"
    package = "sqlite3"
    does = "in memory; rowid key, an index for each direction"

    def open(self) -> None:
        from ..stores import sqlite

        self.sqlite = sqlite
        self.database = sqlite.open_database(None)
        sqlite.create_schema(self.database, knows=True)

    def add_people(self) -> None:
        self.sqlite.load_people(self.database, self.context.data, self.people)

    def add_knows(self) -> None:
        self.sqlite.load_knows(self.database, self.edges())

    def answer(self) -> Any:
        return [
            self.database.execute(query).fetchone()[0]
            for query in (
                "SELECT count(*) FROM person",
                "SELECT count(*) FROM knows",
                "SELECT sum(since) FROM knows WHERE source < 1000",
            )
        ]


class Duckdb(ResidentMemory):
    name = "duckdb"
    package = "duckdb"
    does = "in memory; no index at all; 1 thread"

    def open(self) -> None:
        from ..stores import duck

        self.duck = duck
        self.database = duck.open_database(None, schema=True)

    def add_people(self) -> None:
        self.duck.insert(self.database, "person", self.duck.people_table(self.context.data, self.people))

    def add_knows(self) -> None:
        self.duck.insert(self.database, "knows", self.duck.knows_table(self.edges()))

    def answer(self) -> Any:
        return [
            int(self.database.execute(query).fetchone()[0])
            for query in (
                "SELECT count(*) FROM person",
                "SELECT count(*) FROM knows",
                "SELECT sum(since) FROM knows WHERE source < 1000",
            )
        ]


class Kuzu(ResidentMemory):
    name = "kuzu"
    package = "kuzu"
    does = "in memory; key index, both directions; 1 thread"

    def open(self) -> None:
        from ..stores import cypher

        self.cypher = cypher
        self.database = cypher.Connection("kuzu", None, schema=True)
        self.people_file = self.context.scratch / "people.parquet"
        self.knows_file = self.context.scratch / "knows.parquet"
        cypher.write_people(self.people_file, self.context.data, self.people)
        cypher.write_knows(self.knows_file, self.edges())

    def add_people(self) -> None:
        self.cypher.copy(self.database, "Person", self.people_file)

    def add_knows(self) -> None:
        self.cypher.copy(self.database, "Knows", self.knows_file)

    def answer(self) -> Any:
        limit = self.cypher.FIRST_KEY + 1000
        return [
            self.database.scalar(query)
            for query in (
                "MATCH (p:Person) RETURN count(*)",
                "MATCH (:Person)-[k:Knows]->(:Person) RETURN count(*)",
                f"MATCH (p:Person)-[k:Knows]->(:Person) WHERE p.id < {limit} RETURN cast(sum(k.since), 'INT64')",
            )
        ]

    def close(self) -> None:
        self.database.close()


class Igraph(ResidentMemory):
    name = "igraph"
    package = "igraph"
    does = "attributes as lists of Python objects; both directions"
    scale = 0.2

    def people_input(self) -> Any:
        return None

    def open(self) -> None:
        import igraph

        self.graph = igraph.Graph(directed=True)

    def add_people(self) -> None:
        names, ages = self.context.data.names(self.people), self.context.data.ages(self.people).tolist()
        self.graph.add_vertices(self.people, {"name": names, "age": ages})

    def add_knows(self) -> None:
        edges = self.edges()
        pairs = list(zip(edges.source.tolist(), edges.target.tolist(), strict=True))
        self.graph.add_edges(pairs, {"since": edges.since.tolist()})

    def answer(self) -> Any:
        since = self.graph.es["since"]
        total = sum(since[edge] for number in range(min(1000, self.people)) for edge in self.graph.incident(number))
        return [self.graph.vcount(), self.graph.ecount(), total]


class Networkx(ResidentMemory):
    name = "networkx"
    package = "networkx"
    does = "dictionaries; both directions"
    scale = 0.2

    def people_input(self) -> Any:
        return None

    def open(self) -> None:
        import networkx

        self.graph = networkx.DiGraph()

    def add_people(self) -> None:
        from ..stores import memory

        self.graph = memory.networkx_people(self.context.data, self.people)

    def add_knows(self) -> None:
        edges = self.edges()
        for row in range(len(edges)):
            self.graph.add_edge(int(edges.source[row]), int(edges.target[row]), since=int(edges.since[row]))

    def answer(self) -> Any:
        total = sum(since for number in range(1000) for _, _, since in self.graph.out_edges(number, data="since"))
        return [self.graph.number_of_nodes(), self.graph.number_of_edges(), total]


WORKLOAD = Workload(
    name="resident_memory",
    title="resident bytes for each entity {name of 11 characters, age} and each relationship {since}",
    order=80,
    metrics=[
        Metric("entity", "entity", "bytes_each", "lower"),
        Metric("relationship", "relationship", "bytes_each", "lower"),
    ],
    demands=[
        Demand("entity <= 40 bytes", "entity", 40),
        Demand("relationship <= 56 bytes, both directions, pheromone included", "relationship", 56),
    ],
    sides=[Deed, Sqlite, Duckdb, Kuzu, Igraph, Networkx],
    full={"entities": 500_000, "relationships": 5_000_000},
    quick={"entities": 20_000, "relationships": 200_000},
    note="Anonymous memory of a fresh process, from an empty open store to the loaded one, after malloc_trim.",
)
