"""Reading one entity by its id into a dictionary: throughput, then the spread of single calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..measure import latencies, percentile, rate_of_calls
from ..model import DEED, Demand, Metric, Side, Workload
from ..stores import rocks, sqlite


class GetEntity(Side):
    """`reader` gives the function that is timed and the keys of the people; it must return a dictionary of properties."""

    def setup(self) -> None:
        people = self.context.size["entities"]
        self.get, keys = self.reader(people)
        self.keys = [keys(number) for number in self.context.data.sample(people, self.context.size["reads"])]

    def reader(self, people: int) -> tuple[Callable[[Any], Any], Callable[[int], Any]]:
        raise NotImplementedError

    def run(self) -> dict[str, float]:
        for key in self.keys:
            self.get(key)
        rate = rate_of_calls(self.get, self.keys)
        taken = latencies(self.get, self.keys)
        return {"rate": rate, "p50": percentile(taken, 50) / 1e9, "p99": percentile(taken, 99) / 1e9}

    def answer(self) -> Any:
        return [self.properties(self.get(key)) for key in self.keys[:1000]]

    def properties(self, found: Any) -> dict[str, Any]:
        return dict(found)


class Deed(GetEntity):
    name = DEED
    package = "deed"
    does = "on disk, checkpointed, reopened; gives id, type and properties"

    def prepare(self) -> None:
        from ..stores import deed

        deed.build(self.context.store / "store", self.context.data, self.context.size["entities"])

    def reader(self, people: int) -> tuple[Callable[[Any], Any], Callable[[int], Any]]:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.store / "store")
        ids = deed.ids_of(self.context.store / "store").tolist()
        return self.graph.get_entity, ids.__getitem__

    def properties(self, found: Any) -> dict[str, Any]:
        return dict(found["properties"])

    def close(self) -> None:
        self.graph.close()


class Networkx(GetEntity):
    name = "networkx"
    package = "networkx"
    does = "G.nodes[i], in memory: gives the dictionary it holds"

    def reader(self, people: int) -> tuple[Callable[[Any], Any], Callable[[int], Any]]:
        from ..stores import memory

        nodes = memory.networkx_people(self.context.data, people).nodes
        return (lambda number: nodes[number]), int


class Sqlite(GetEntity):
    name = "sqlite3"
    package = "sqlite3"
    does = "prepared SELECT by rowid, on disk; makes a dictionary"

    def prepare(self) -> None:
        database = sqlite.open_database(self.context.store / "store")
        sqlite.create_schema(database)
        sqlite.load_people(database, self.context.data, self.context.size["entities"])
        database.close()

    def reader(self, people: int) -> tuple[Callable[[Any], Any], Callable[[int], Any]]:
        self.database = sqlite.open_database(self.context.store / "store")
        self.database.execute("PRAGMA cache_size = -262144")  # 256 MiB: all of it
        execute = self.database.cursor().execute

        def get(number: int) -> dict[str, Any]:
            name, age = execute(sqlite.GET_PERSON, (number,)).fetchone()
            return {"name": name, "age": age}

        return get, int

    def close(self) -> None:
        self.database.close()


class Rocksdict(GetEntity):
    name = "rocksdict"
    package = "rocksdict"
    does = "get from one sorted file, on disk; unpacks into a dictionary"

    def prepare(self) -> None:
        rocks.build(self.context.store / "store", self.context.data, self.context.size["entities"])

    def reader(self, people: int) -> tuple[Callable[[Any], Any], Callable[[int], Any]]:
        self.store = rocks.open_store(self.context.store / "store")
        get = self.store.get
        return (lambda key: rocks.unpack_person(get(key))), rocks.key

    def close(self) -> None:
        self.store.close()


WORKLOAD = Workload(
    name="get_entity",
    title="get_entity, random ids",
    order=50,
    metrics=[
        Metric("rate", "calls", "per_second", "higher"),
        Metric("p50", "p50", "seconds", "lower"),
        Metric("p99", "p99", "seconds", "lower"),
    ],
    demands=[
        Demand(">= 1x networkx G.nodes[i]", "rate", 1, than="networkx"),
        Demand("p99 < 5 us", "p99", 5e-6),
    ],
    sides=[Deed, Networkx, Sqlite, Rocksdict],
    full={"entities": 1_000_000, "reads": 300_000},
    quick={"entities": 10_000, "reads": 5_000},
    note="Every id is read once before, so that caches are warm. The percentiles include reading the clock, some 50 ns.",
)
