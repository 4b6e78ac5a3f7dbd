"""Commits of one row each that are on disk when the call returns, from one thread and from sixteen at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..measure import seconds
from ..model import DEED, Demand, Metric, Side, Workload
from ..stores import rocks, sqlite

THREADS = 16


class Commits(Side):
    """Runs the same commits from one thread pinned to one core, then from sixteen on all cores."""

    def run(self) -> dict[str, float]:
        if self.context.core is None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        alone = self.context.size["commits"]
        self.open("one")
        one = alone / seconds(lambda: self.commit_range(0, alone))
        self.stored = self.count()
        self.shut()
        self.context.unpin()
        each = self.context.size["commits_per_thread"]
        self.open("many")
        many = THREADS * each / seconds(lambda: in_threads(lambda thread: self.commit_range(thread * each, each)))
        self.stored += self.count()
        self.shut()
        return {"one": one, "many": many}

    def answer(self) -> Any:
        return self.stored

    def open(self, name: str) -> None:
        raise NotImplementedError

    def commit_range(self, first: int, count: int) -> None:
        raise NotImplementedError

    def count(self) -> int:
        raise NotImplementedError

    def shut(self) -> None:
        raise NotImplementedError


def in_threads(work: Callable[[int], None]) -> None:
    """Runs `work` in all threads at once; what one of them raises is raised here."""
    with ThreadPoolExecutor(THREADS) as threads:
        for outcome in [threads.submit(work, number) for number in range(THREADS)]:
            outcome.result()


class Deed(Commits):
    name = DEED
    package = "deed"
    does = "add_entity, each call its own commit, durability sync"

    def open(self, name: str) -> None:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.scratch / name)

    def commit_range(self, first: int, count: int) -> None:
        add = self.graph.add_entity
        for number in range(first, first + count):
            add("Person", {"name": "somebody", "age": number})

    def count(self) -> int:
        count: int = self.graph.stats()["entity_count"]
        return count

    def shut(self) -> None:
        self.graph.close()


class BareFile(Commits):
    name = "file"
    does = "64 bytes appended to a file, then fdatasync: what the disk gives"

    def open(self, name: str) -> None:
        self.file = os.open(self.context.scratch / name, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def commit_range(self, first: int, count: int) -> None:
        record = b"x" * 64
        for _ in range(count):
            os.write(self.file, record)
            os.fdatasync(self.file)

    def count(self) -> int:
        return os.fstat(self.file).st_size // 64

    def shut(self) -> None:
        os.close(self.file)


class Sqlite(Commits):
    name = "sqlite3"
    package = "sqlite3"
    does = "insert, WAL, synchronous FULL; a connection for each thread"

    def open(self, name: str) -> None:
        self.path = self.context.scratch / name
        self.database = sqlite.open_database(self.path)
        sqlite.create_schema(self.database)

    def commit_range(self, first: int, count: int) -> None:
        connection = sqlite.open_database(self.path)
        execute = connection.cursor().execute
        for number in range(first, first + count):
            execute(sqlite.ADD_PERSON, (number, "somebody", number))
        connection.close()

    def count(self) -> int:
        count: int = self.database.execute("SELECT count(*) FROM person").fetchone()[0]
        return count

    def shut(self) -> None:
        self.database.close()


class Rocksdict(Commits):
    name = "rocksdict"
    package = "rocksdict"
    does = "put with sync; one store shared by the threads"

    def open(self, name: str) -> None:
        import rocksdict

        self.store = rocks.open_store(self.context.scratch / name)
        options = rocksdict.WriteOptions()
        options.sync = True
        self.store.set_write_options(options)

    def commit_range(self, first: int, count: int) -> None:
        store = self.store
        for number in range(first, first + count):
            store[rocks.key(number)] = rocks.pack_person("somebody", number)

    def count(self) -> int:
        return sum(1 for _ in self.store.keys())

    def shut(self) -> None:
        self.store.close()


class Kuzu(Commits):
    name = "kuzu"
    package = "kuzu"
    does = "prepared, each statement its own commit; the threads take turns, as it has one writer at a time"

    def open(self, name: str) -> None:
        from ..stores import cypher

        self.cypher = cypher
        self.lock = threading.Lock()
        self.database = cypher.Connection("kuzu", self.context.scratch / name, schema=True)
        self.insert = self.database.query(cypher.ADD_PERSON)

    def commit_range(self, first: int, count: int) -> None:
        insert = self.insert
        for number in range(first, first + count):
            with self.lock:
                insert({"id": self.cypher.FIRST_KEY + number, "name": "somebody", "age": number})

    def count(self) -> int:
        count: int = self.database.scalar("MATCH (p:Person) RETURN count(*)")
        return count

    def shut(self) -> None:
        self.database.close()


WORKLOAD = Workload(
    name="durable_commits",
    title="durable commits of one row, from 1 thread and from 16",
    order=30,
    pinned=False,
    repeat=5,  # disks are moody: many short turns rather than few long ones
    metrics=[
        Metric("one", "1 thread", "per_second", "higher"),
        Metric("many", "16 threads", "per_second", "higher"),
    ],
    demands=[
        Demand("1 thread: >= 0.85x the bare append + fdatasync rate", "one", 0.85, than="file"),
        Demand("16 threads: >= 5x the 1-thread rate", "many", 5, over="one"),
    ],
    sides=[Deed, BareFile, Sqlite, Rocksdict, Kuzu],
    full={"commits": 5_000, "commits_per_thread": 400},
    quick={"commits": 500, "commits_per_thread": 25},
    note="The part with 1 thread is pinned to one core, the part with 16 is not.",
)
