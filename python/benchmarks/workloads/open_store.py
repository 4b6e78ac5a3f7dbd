"""Opening a store of entities and relationships and answering the first look-up, with the files in the page cache.

Every side opens for reading and writing, as a program does that goes on to write, but rocksdict, whose best form is
read-only: it then writes no manifest. For Kùzu and DuckDB that makes no difference.
"""

from __future__ import annotations

import importlib
import time
from typing import Any, ClassVar

from ..measure import warm
from ..model import DEED, Demand, Metric, Side, Workload
from ..stores import rocks


class OpenStore(Side):
    """Everything is imported and the files are read once; then one clock runs from the constructor to the answer."""

    modules: ClassVar[tuple[str, ...]]

    def prepare(self) -> None:
        size = self.context.size
        self.build(size["entities"], self.context.data.power_law(size["entities"], size["relationships"]))

    def setup(self) -> None:
        for module in self.modules:
            importlib.import_module(module)
        self.number = self.context.data.sample(self.context.size["entities"], 1, seed=23)[0]
        self.locate()
        warm(self.context.store)

    def run(self) -> dict[str, float]:
        start = time.perf_counter()
        self.found = self.open_and_get()
        return {"open": time.perf_counter() - start}

    def answer(self) -> Any:
        return self.found

    def build(self, people: int, edges: Any) -> None:
        raise NotImplementedError

    def locate(self) -> None:
        """Learns the key to look up, where that is not the number."""

    def open_and_get(self) -> dict[str, Any]:
        raise NotImplementedError


class Deed(OpenStore):
    name = DEED
    package = "deed"
    does = "PyDeedGraph(path), get_entity"
    modules = ("deed_core", "benchmarks.stores.deed")

    def build(self, people: int, edges: Any) -> None:
        from ..stores import deed

        deed.build(self.context.store / "store", self.context.data, people, edges)

    def locate(self) -> None:
        from ..stores import deed

        self.entity = int(deed.ids_of(self.context.store / "store")[self.number])

    def open_and_get(self) -> dict[str, Any]:
        from deed_core import PyDeedGraph

        self.graph = PyDeedGraph(str(self.context.store / "store"))
        found = self.graph.get_entity(self.entity)
        if found is None:
            raise LookupError(f"no entity {self.entity}")
        return dict(found["properties"])

    def close(self) -> None:
        self.graph.close()


class Rocksdict(OpenStore):
    name = "rocksdict"
    package = "rocksdict"
    does = "Rdict(path) read-only, get: keys and records only, no graph"
    modules = ("rocksdict",)

    def build(self, people: int, edges: Any) -> None:
        rocks.build(self.context.store / "store", self.context.data, people, edges)

    def open_and_get(self) -> dict[str, Any]:
        self.store = rocks.open_store(self.context.store / "store", read_only=True)
        return rocks.unpack_person(self.store[rocks.key(self.number)])

    def close(self) -> None:
        self.store.close()


class Duckdb(OpenStore):
    name = "duckdb"
    package = "duckdb"
    does = "connect, SELECT by id without an index (a scan that block ranges cut short)"
    modules = ("duckdb", "benchmarks.stores.duck")

    def build(self, people: int, edges: Any) -> None:
        from ..stores import duck

        duck.build(self.context.store / "store", self.context.data, people, edges)

    def open_and_get(self) -> dict[str, Any]:
        from ..stores import duck

        self.database = duck.open_database(self.context.store / "store")
        query = "SELECT name, age FROM person WHERE id = ?"
        name, age = self.database.execute(query, [self.number]).fetchone()
        return {"name": name, "age": age}

    def close(self) -> None:
        self.database.close()


class Kuzu(OpenStore):
    name = "kuzu"
    package = "kuzu"
    does = "Database, Connection, MATCH by key"
    modules = ("benchmarks.stores.cypher", "kuzu", "kuzu._kuzu")

    def build(self, people: int, edges: Any) -> None:
        from ..stores import cypher

        cypher.build(self.name, self.context.store / "store", self.context.data, people, edges)  # type: ignore[arg-type]

    def open_and_get(self) -> dict[str, Any]:
        from ..stores import cypher

        self.database = cypher.Connection(self.name, self.context.store / "store")  # type: ignore[arg-type]
        found = self.database.person()(self.number)
        if found is None:
            raise LookupError(f"no person {self.number}")
        return found

    def close(self) -> None:
        self.database.close()


class Ladybug(Kuzu):
    name = "ladybug"
    package = "ladybug"
    modules = ("benchmarks.stores.cypher", "ladybug", "ladybug._lbug")


WORKLOAD = Workload(
    name="open_store",
    title="open the store of the power-law graph and answer the first look-up, warm page cache",
    order=90,
    repeat=7,
    metrics=[Metric("open", "open and get", "seconds", "lower")],
    demands=[Demand("<= 20 ms", "open", 0.020)],
    sides=[Deed, Rocksdict, Duckdb, Kuzu, Ladybug],
    full={"entities": 1_000_000, "relationships": 10_000_000},
    quick={"entities": 10_000, "relationships": 100_000},
)
