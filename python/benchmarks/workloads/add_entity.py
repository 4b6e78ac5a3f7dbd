"""Adding entities with two properties, one call each, all in one transaction, on disk."""

from __future__ import annotations

from typing import Any

from ..measure import seconds
from ..model import DEED, Demand, Metric, Side, Workload


class AddEntity(Side):
    """Makes the rows; `add_all` is what is timed, commit included."""

    def setup(self) -> None:
        self.count = self.context.rows("entities")
        self.rows = list(zip(self.context.data.names(self.count), self.context.data.ages(self.count).tolist(), strict=True))
        self.open()

    def open(self) -> None:
        raise NotImplementedError

    def add_all(self) -> None:
        raise NotImplementedError

    def person(self, number: int) -> dict[str, Any] | None:
        raise NotImplementedError

    def stored(self) -> int:
        raise NotImplementedError

    def run(self) -> dict[str, float]:
        return {"rate": self.count / seconds(self.add_all)}

    def answer(self) -> Any:
        numbers = [0, self.count - 1, *self.context.data.sample(self.count, 100)]
        return {"count": self.stored(), "people": [self.person(number) for number in numbers]}


class Deed(AddEntity):
    name = DEED
    package = "deed"
    does = "one transaction, synced at commit; ids given by the engine"

    def open(self) -> None:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.scratch / "store")

    def add_all(self) -> None:
        ids = []
        with self.graph.transaction() as transaction:
            add = transaction.add_entity
            for name, age in self.rows:
                ids.append(add("Person", {"name": name, "age": age}))
        self.ids = ids

    def person(self, number: int) -> dict[str, Any] | None:
        found = self.graph.get_entity(self.ids[number])
        return None if found is None else found["properties"]

    def stored(self) -> int:
        count: int = self.graph.stats()["entity_count"]
        return count

    def close(self) -> None:
        self.graph.close()


class Sqlite(AddEntity):
    name = "sqlite3"
    package = "sqlite3"
    does = "prepared, one transaction, WAL, synced at commit; rowid key"

    def open(self) -> None:
        from ..stores import sqlite

        self.insert = sqlite.ADD_PERSON
        self.select = sqlite.GET_PERSON
        self.database = sqlite.open_database(self.context.scratch / "store")
        sqlite.create_schema(self.database)

    def add_all(self) -> None:
        execute = self.database.cursor().execute
        insert = self.insert
        execute("BEGIN")
        for number, (name, age) in enumerate(self.rows):
            execute(insert, (number, name, age))
        execute("COMMIT")

    def person(self, number: int) -> dict[str, Any] | None:
        row = self.database.execute(self.select, (number,)).fetchone()
        return None if row is None else {"name": row[0], "age": row[1]}

    def stored(self) -> int:
        count: int = self.database.execute("SELECT count(*) FROM person").fetchone()[0]
        return count

    def close(self) -> None:
        self.database.close()


class Networkx(AddEntity):
    name = "networkx"
    package = "networkx"
    does = "in memory only: dictionaries"

    def open(self) -> None:
        import networkx

        self.graph = networkx.DiGraph()

    def add_all(self) -> None:
        add = self.graph.add_node
        for number, (name, age) in enumerate(self.rows):
            add(number, name=name, age=age)

    def person(self, number: int) -> dict[str, Any] | None:
        return dict(self.graph.nodes[number])

    def stored(self) -> int:
        return len(self.graph)


class Kuzu(AddEntity):
    name = "kuzu"
    package = "kuzu"
    does = "prepared, one transaction, synced at commit; key index; 1 thread"
    scale = 0.02

    def open(self) -> None:
        from ..stores import cypher

        self.first = cypher.FIRST_KEY
        self.database = cypher.Connection("kuzu", self.context.scratch / "store", schema=True)
        self.insert = self.database.query(cypher.ADD_PERSON)

    def add_all(self) -> None:
        insert, first = self.insert, self.first
        self.database.execute("BEGIN TRANSACTION")
        for number, (name, age) in enumerate(self.rows):
            insert({"id": first + number, "name": name, "age": age})
        self.database.execute("COMMIT")

    def person(self, number: int) -> dict[str, Any] | None:
        return self.database.person()(number)

    def stored(self) -> int:
        count: int = self.database.scalar("MATCH (p:Person) RETURN count(*)")
        return count

    def close(self) -> None:
        self.database.close()


WORKLOAD = Workload(
    name="add_entity",
    title="add_entity, one call each, {name, age}, in one transaction on disk",
    order=10,
    metrics=[Metric("rate", "entities", "per_second", "higher")],
    demands=[Demand(">= 2x sqlite3 (prepared, one transaction)", "rate", 2, than="sqlite3")],
    sides=[Deed, Sqlite, Networkx, Kuzu],
    full={"entities": 1_000_000},
    quick={"entities": 10_000},
)
