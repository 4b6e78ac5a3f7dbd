"""Finding rows by an indexed property: throughput, then the spread of single calls."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..measure import latencies, percentile, rate_of_calls
from ..model import DEED, Demand, Metric, Side, Workload
from ..stores import sqlite


class IndexFind(Side):
    """`finder` gives the function that is timed: from a key to a list of rows that have it."""

    def setup(self) -> None:
        rows = self.context.size["rows"]
        self.find = self.finder(rows)
        self.keys = [key_of(number) for number in self.context.data.sample(rows, self.context.size["reads"])]

    def finder(self, rows: int) -> Callable[[Any], list[Any]]:
        raise NotImplementedError

    def run(self) -> dict[str, float]:
        for key in self.keys:
            self.find(key)
        rate = rate_of_calls(self.find, self.keys)
        taken = latencies(self.find, self.keys)
        return {"rate": rate, "p50": percentile(taken, 50) / 1e9, "p99": percentile(taken, 99) / 1e9}

    def answer(self) -> Any:
        return [len(self.find(key)) for key in self.keys[:1000]] + [len(self.find(-1))]


def key_of(number: int) -> int:
    """Distinct keys all over 63 bits, in no order."""
    return (number * 0x9E3779B97F4A7C15) & 0x7FFFFFFFFFFFFFFF


def open_items(path: Path, rows: int) -> sqlite3.Connection:
    """The same rows in sqlite3, without an index yet."""
    database = sqlite.open_database(path)
    database.execute("PRAGMA cache_size = -262144")  # 256 MiB: all of it
    database.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, key)")
    database.execute("BEGIN")
    database.executemany("INSERT INTO item VALUES (?, ?)", ((n + 1, key_of(n)) for n in range(rows)))
    database.execute("COMMIT")
    return database


class Deed(IndexFind):
    name = DEED
    package = "deed"
    does = "find, on disk; a list of ids"

    def finder(self, rows: int) -> Callable[[Any], list[Any]]:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.scratch / "store")
        self.graph.add_entities("Item", {"key": [key_of(number) for number in range(rows)]})
        self.graph.create_index("Item", "key")
        find = self.graph.find
        return lambda key: find("Item", "key", key)

    def close(self) -> None:
        self.graph.close()


class Sqlite(IndexFind):
    name = "sqlite3"
    package = "sqlite3"
    does = "prepared SELECT over an index, on disk; a list of rowids"

    def finder(self, rows: int) -> Callable[[Any], list[Any]]:
        self.database = open_items(self.context.scratch / "store", rows)
        self.database.execute("CREATE INDEX item_key ON item (key)")
        execute = self.database.cursor().execute
        return lambda key: execute("SELECT id FROM item WHERE key = ?", (key,)).fetchall()

    def close(self) -> None:
        self.database.close()


WORKLOAD = Workload(
    name="index_find",
    title="find by an indexed property",
    order=55,
    metrics=[
        Metric("rate", "calls", "per_second", "higher"),
        Metric("p50", "p50", "seconds", "lower"),
        Metric("p99", "p99", "seconds", "lower"),
    ],
    demands=[
        Demand("p50 <= 2 us", "p50", 2e-6),
        Demand(">= 3x sqlite3", "rate", 3, than="sqlite3"),
    ],
    sides=[Deed, Sqlite],
    full={"rows": 1_000_000, "reads": 300_000},
    quick={"rows": 10_000, "reads": 5_000},
    note="Every key is looked up once before, so that caches are warm. The percentiles include reading the clock, some 50 ns.",
)
