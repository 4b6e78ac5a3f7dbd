"""Changing one property of one row for each call, all in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..model import DEED, Demand, Metric, Side, Workload
from ..stores import sqlite


class UpdateEntity(Side):
    """`begin` gives the function that sets the age of a person, and `commit` ends the transaction."""

    def setup(self) -> None:
        people = self.context.size["entities"]
        self.open(people)
        self.chosen = self.context.data.sample(people, self.context.size["updates"])

    def open(self, people: int) -> None:
        raise NotImplementedError

    def begin(self) -> tuple[Callable[[Any, int], Any], Callable[[int], Any]]:
        raise NotImplementedError

    def commit(self) -> None:
        raise NotImplementedError

    def age(self, person: int) -> int:
        raise NotImplementedError

    def run(self) -> dict[str, float]:
        update, key_of = self.begin()
        work = [(key_of(person), number) for number, person in enumerate(self.chosen)]
        started = time.perf_counter()
        for key, number in work:
            update(key, number)
        self.commit()
        return {"rate": len(work) / (time.perf_counter() - started)}

    def answer(self) -> Any:
        return [self.age(person) for person in self.chosen[:1000]]


class Deed(UpdateEntity):
    name = DEED
    package = "deed"
    does = "update_entity in one transaction, on disk, durability sync"

    def open(self, people: int) -> None:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.scratch / "store")
        self.ids = deed.add_people(self.graph, self.context.data, people).tolist()
        self.graph.checkpoint()

    def begin(self) -> tuple[Callable[[Any, int], Any], Callable[[int], Any]]:
        self.transaction = self.graph.transaction()
        change = self.transaction.update_entity
        return (lambda id, age: change(id, {"age": age})), self.ids.__getitem__

    def commit(self) -> None:
        self.transaction.commit()

    def age(self, person: int) -> int:
        return int(self.graph.get_entity(self.ids[person])["properties"]["age"])

    def close(self) -> None:
        self.graph.close()


class Sqlite(UpdateEntity):
    name = "sqlite3"
    package = "sqlite3"
    does = "prepared UPDATE by rowid in one transaction, on disk, synchronous FULL"

    def open(self, people: int) -> None:
        self.database = sqlite.open_database(self.context.scratch / "store")
        self.database.execute("PRAGMA cache_size = -262144")  # 256 MiB: all of it
        sqlite.create_schema(self.database)
        sqlite.load_people(self.database, self.context.data, people)

    def begin(self) -> tuple[Callable[[Any, int], Any], Callable[[int], Any]]:
        execute = self.database.cursor().execute
        execute("BEGIN")
        return (lambda id, age: execute("UPDATE person SET age = ? WHERE id = ?", (age, id))), int

    def commit(self) -> None:
        self.database.execute("COMMIT")

    def age(self, person: int) -> int:
        return int(self.database.execute("SELECT age FROM person WHERE id = ?", (person,)).fetchone()[0])

    def close(self) -> None:
        self.database.close()


WORKLOAD = Workload(
    name="update_entity",
    title="update one property, one call each",
    order=57,
    metrics=[Metric("rate", "updates", "per_second", "higher")],
    demands=[Demand(">= 2x sqlite3", "rate", 2, than="sqlite3")],
    sides=[Deed, Sqlite],
    full={"entities": 1_000_000, "updates": 300_000},
    quick={"entities": 10_000, "updates": 5_000},
    note="Random rows, some of them more than once; the time includes the commit.",
)
