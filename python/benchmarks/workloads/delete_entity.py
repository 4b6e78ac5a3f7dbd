"""Deleting entities with their relationships, one call each, all in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..model import DEED, Demand, Metric, Side, Workload
from ..stores import sqlite

CHECKED = 200  # deletions before those that are measured; who is left then is compared


class DeleteEntity(Side):
    """`open` builds the store; `begin` gives the function that deletes a person; `count` the relationships left."""

    def setup(self) -> None:
        size = self.context.size
        self.open(size["entities"], self.context.data.uniform(size["entities"], size["relationships"]))
        drawn = list(dict.fromkeys(self.context.data.sample(size["entities"], 2 * size["deletions"] + 2 * CHECKED)))
        self.first, self.rest = drawn[:CHECKED], drawn[CHECKED:CHECKED + self.context.rows("deletions")]
        self.delete_all(self.first)
        self.left, self.people_left = self.count(), self.people()

    def open(self, people: int, edges: Any) -> None:
        raise NotImplementedError

    def begin(self) -> Callable[[int], Any]:
        raise NotImplementedError

    def commit(self) -> None:
        raise NotImplementedError

    def count(self) -> int:
        raise NotImplementedError

    def delete_all(self, people: list[int]) -> None:
        delete = self.begin()
        for person in people:
            delete(person)
        self.commit()

    def run(self) -> dict[str, float]:
        started = time.perf_counter()
        self.delete_all(self.rest)
        seconds = time.perf_counter() - started
        return {"rate": (self.left - self.count()) / seconds, "entities": len(self.rest) / seconds}

    def answer(self) -> Any:
        return self.people_left

    def people(self) -> int:
        raise NotImplementedError


class Deed(DeleteEntity):
    name = DEED
    package = "deed"
    does = "delete_entity(detach=True) in one transaction, on disk, durability sync"

    def open(self, people: int, edges: Any) -> None:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.scratch / "store")
        ids = deed.add_people(self.graph, self.context.data, people)
        deed.add_knows(self.graph, ids, edges)
        self.graph.checkpoint()
        self.ids = ids.tolist()

    def begin(self) -> Callable[[int], Any]:
        self.transaction = self.graph.transaction()
        delete, ids = self.transaction.delete_entity, self.ids
        return lambda person: delete(ids[person], True)

    def commit(self) -> None:
        self.transaction.commit()

    def count(self) -> int:
        return int(self.graph.stats()["edge_count"])

    def people(self) -> int:
        return int(self.graph.stats()["entity_count"])

    def close(self) -> None:
        self.graph.close()


class Sqlite(DeleteEntity):
    name = "sqlite3"
    package = "sqlite3"
    does = "three prepared DELETEs each, indexes of both ends, one transaction, on disk, synchronous FULL"

    def open(self, people: int, edges: Any) -> None:
        self.database = sqlite.open_database(self.context.scratch / "store")
        self.database.execute("PRAGMA cache_size = -262144")  # 256 MiB: all of it
        sqlite.create_schema(self.database, knows=True)
        sqlite.load_people(self.database, self.context.data, people)
        sqlite.load_knows(self.database, edges)

    def begin(self) -> Callable[[int], Any]:
        execute = self.database.cursor().execute
        execute("BEGIN")

        def delete(person: int) -> None:
            execute("DELETE FROM knows WHERE source = ?", (person,))
            execute("DELETE FROM knows WHERE target = ?", (person,))
            execute("DELETE FROM person WHERE id = ?", (person,))

        return delete

    def commit(self) -> None:
        self.database.execute("COMMIT")

    def count(self) -> int:
        return int(self.database.execute("SELECT count(*) FROM knows").fetchone()[0])

    def people(self) -> int:
        return int(self.database.execute("SELECT count(*) FROM person").fetchone()[0])

    def close(self) -> None:
        self.database.close()


class Kuzu(DeleteEntity):
    name = "kuzu"
    package = "kuzu"
    does = "prepared DETACH DELETE in one transaction, synced at commit; 1 thread"
    scale = 0.05

    def open(self, people: int, edges: Any) -> None:
        from ..stores import cypher

        cypher.build("kuzu", self.context.scratch / "store", self.context.data, people, edges)
        self.first_key = cypher.FIRST_KEY
        self.database = cypher.Connection("kuzu", self.context.scratch / "store")
        self.query = self.database.query("MATCH (p:Person {id: $id}) DETACH DELETE p")

    def begin(self) -> Callable[[int], Any]:
        self.database.execute("BEGIN TRANSACTION")
        query, first = self.query, self.first_key
        return lambda person: query({"id": first + person})

    def commit(self) -> None:
        self.database.execute("COMMIT")

    def count(self) -> int:
        count: int = self.database.scalar("MATCH ()-[k:Knows]->() RETURN count(*)")
        return count

    def people(self) -> int:
        count: int = self.database.scalar("MATCH (p:Person) RETURN count(*)")
        return count

    def close(self) -> None:
        self.database.close()


WORKLOAD = Workload(
    name="delete_entity",
    title="delete entities with their relationships, mean degree 10",
    order=58,
    metrics=[
        Metric("rate", "relationships", "per_second", "higher"),
        Metric("entities", "entities", "per_second", "higher"),
    ],
    demands=[
        Demand(">= 100,000 relationships/s", "rate", 100_000),
        Demand(">= 20x Kùzu", "rate", 20, than="kuzu"),
    ],
    sides=[Deed, Sqlite, Kuzu],
    full={"entities": 100_000, "relationships": 500_000, "deletions": 20_000},
    quick={"entities": 5_000, "relationships": 25_000, "deletions": 1_000},
    note="Random entities; the time includes the commit. Kùzu deletes a twentieth as many. Entities left are compared: of the "
    "relationships of deleted entities Kùzu 0.11.3 still lists a few (10 of 1,914 at the small size).",
)
