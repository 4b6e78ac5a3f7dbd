"""Making an index on rows that are there."""

from __future__ import annotations

import time
from typing import Any

from ..model import DEED, Demand, Metric, Side, Workload
from .index_find import key_of, open_items


class IndexBuild(Side):
    def run(self) -> dict[str, float]:
        start = time.perf_counter()
        self.build()
        return {"seconds": time.perf_counter() - start}

    def build(self) -> None:
        raise NotImplementedError


class Deed(IndexBuild):
    name = DEED
    package = "deed"
    does = "create_index, on disk; synced when it returns, writers go on meanwhile"

    def setup(self) -> None:
        from ..stores import deed

        rows = self.context.size["rows"]
        self.graph = deed.open_graph(self.context.scratch / "store")
        self.graph.add_entities("Item", {"key": [key_of(number) for number in range(rows)]})
        self.graph.checkpoint()

    def build(self) -> None:
        self.graph.create_index("Item", "key")

    def answer(self) -> Any:
        return [len(self.graph.find("Item", "key", key_of(n))) for n in range(100)] + [len(self.graph.find("Item", "key", -1))]

    def close(self) -> None:
        self.graph.close()


class Sqlite(IndexBuild):
    name = "sqlite3"
    package = "sqlite3"
    does = "CREATE INDEX, on disk, synced"

    def setup(self) -> None:
        self.database = open_items(self.context.scratch / "store", self.context.size["rows"])

    def build(self) -> None:
        self.database.execute("CREATE INDEX item_key ON item (key)")

    def answer(self) -> Any:
        query = "SELECT count(*) FROM item INDEXED BY item_key WHERE key = ?"
        return [self.database.execute(query, (key,)).fetchone()[0] for key in [*map(key_of, range(100)), -1]]

    def close(self) -> None:
        self.database.close()


WORKLOAD = Workload(
    name="index_build",
    title="make an index on 1M rows",
    order=56,
    metrics=[Metric("seconds", "time", "seconds", "lower")],
    demands=[
        Demand("<= 1 s", "seconds", 1),
        Demand(">= 2x sqlite3", "seconds", 2, than="sqlite3"),
    ],
    sides=[Deed, Sqlite],
    full={"rows": 1_000_000},
    quick={"rows": 10_000},
)
