"""How long readers wait while another thread loads in bulk, and how much each slows the other down.

Kùzu 0.11.3 is not among the sides: with readers that never pause its COPY gives up, as it waits in vain for a moment without
readers to checkpoint in. Ladybug, which continues it, does not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ..data import Edges
from ..measure import percentile, queued_nanoseconds, seconds
from ..model import DEED, Demand, Metric, Side, Workload

READERS = 2
LONG_NANOSECONDS = 1_000_000  # from where on it is asked what a reader was waiting for


class ReadersDuringLoad(Side):
    """Loads half of the relationships without readers and the other half with them.

    A reader asks for one entity and for its neighbours, over and over, and measures each question. All are threads of one
    Python process, so waiting for the interpreter's lock and for a core is in the figures of every side.
    """

    def setup(self) -> None:
        self.people = self.context.size["entities"]
        self.edges = self.context.data.uniform(self.people, self.context.rows("relationships"))
        self.open()

    def half(self, which: int) -> Edges:
        middle = len(self.edges) // 2
        part = slice(0, middle) if which == 0 else slice(middle, None)
        return Edges(self.edges.source[part], self.edges.target[part], self.edges.since[part])

    def run(self) -> dict[str, float]:
        halves = [self.half(0), self.half(1)]
        self.get_ready(halves)
        alone = seconds(lambda: self.load(0))
        together, waits, blocked = self.load_with_readers(1)
        return {
            "alone": len(halves[0]) / alone,
            "together": len(halves[1]) / together,
            "reads": len(waits) / together,
            "p99": percentile(waits, 99) / 1e9,
            "longest": max(waits) / 1e9,
            "blocked": blocked / 1e9,
        }

    def load_with_readers(self, which: int) -> tuple[float, list[int], int]:
        """The seconds the load took, the nanoseconds of each reading, and the most of one that no busy core explains."""
        stop = threading.Event()
        with ThreadPoolExecutor(READERS) as threads:
            readers = [threads.submit(self._read, number, stop) for number in range(READERS)]
            try:
                taken = seconds(lambda: self.load(which))
            finally:
                stop.set()
        results = [reader.result() for reader in readers]
        every = [wait for waits, _ in results for wait in waits]
        if not every:
            raise RuntimeError("no reader had an answer before the load was over")
        return taken, every, max(blocked for _, blocked in results)

    def _read(self, reader: int, stop: threading.Event) -> tuple[list[int], int]:
        """Reads until told to stop. Asking the kernel costs more than a read: it is done at times, and after long ones."""
        ask = self.reader()
        numbers = self.context.data.sample(self.people, 4096, seed=29 + reader)
        waits: list[int] = []
        blocked, delayed = 0, queued_nanoseconds()
        while not stop.is_set():
            number = numbers[len(waits) % len(numbers)]
            start = time.perf_counter_ns()
            age = ask(number)
            waits.append(time.perf_counter_ns() - start)
            if age != self.ages[number]:
                raise AssertionError(f"person {number} was read wrongly during the load")
            if waits[-1] > LONG_NANOSECONDS:
                before, delayed = delayed, queued_nanoseconds()
                blocked = max(blocked, waits[-1] - (delayed - before))
            elif len(waits) % 64 == 0:
                delayed = queued_nanoseconds()
        return waits, blocked or max(waits, default=0)

    def answer(self) -> Any:
        return self.neighbor_counts(self.context.data.sample(self.people, 100))

    @property
    def ages(self) -> Any:
        if not hasattr(self, "_ages"):
            self._ages = self.context.data.ages(self.people).tolist()
        return self._ages

    def open(self) -> None:
        """Opens an empty store and adds the people."""
        raise NotImplementedError

    def get_ready(self, halves: list[Edges]) -> None:
        """Brings both halves into the form the side loads best."""
        raise NotImplementedError

    def load(self, which: int) -> None:
        raise NotImplementedError

    def reader(self) -> Callable[[int], int]:
        """A function for one thread that reads a person and its neighbours and returns the age."""
        raise NotImplementedError

    def neighbor_counts(self, numbers: list[int]) -> list[int]:
        raise NotImplementedError


class Deed(ReadersDuringLoad):
    name = DEED
    package = "deed"
    does = "add_edges; get_entity and neighbor_ids; durability sync"

    def open(self) -> None:
        from ..stores import deed

        self.deed = deed
        self.graph = deed.open_graph(self.context.scratch / "store")
        self.ids = deed.add_people(self.graph, self.context.data, self.people)
        self.graph.checkpoint()
        self.id_list = self.ids.tolist()

    def get_ready(self, halves: list[Edges]) -> None:
        self.columns = [
            (self.ids[half.source], self.ids[half.target], {"since": np.ascontiguousarray(half.since)}) for half in halves
        ]

    def load(self, which: int) -> None:
        self.graph.add_edges(self.deed.KNOWS, *self.columns[which])

    def reader(self) -> Callable[[int], int]:
        get, neighbors, ids = self.graph.get_entity, self.graph.neighbor_ids, self.id_list

        def ask(number: int) -> int:
            entity = ids[number]
            neighbors(entity)
            return get(entity)["properties"]["age"]  # type: ignore[no-any-return]

        return ask

    def neighbor_counts(self, numbers: list[int]) -> list[int]:
        return [len(self.graph.neighbor_ids(self.id_list[number])) for number in numbers]

    def close(self) -> None:
        self.graph.close()


class Ladybug(ReadersDuringLoad):
    name = "ladybug"
    package = "ladybug"
    scale = 0.1
    does = "COPY from Parquet; readers on connections of their own; both directions"

    def open(self) -> None:
        from ..stores import cypher

        self.cypher = cypher
        self.database = cypher.Connection("ladybug", self.context.scratch / "store", schema=True, threads=READERS + 1)
        cypher.load(self.database, self.context.scratch, self.context.data, self.people)

    def get_ready(self, halves: list[Edges]) -> None:
        self.files = [self.context.scratch / f"half{number}.parquet" for number in range(2)]
        for path, half in zip(self.files, halves, strict=True):
            self.cypher.write_knows(path, half)

    def load(self, which: int) -> None:
        self.cypher.copy(self.database, "Knows", self.files[which])

    def reader(self) -> Callable[[int], int]:
        connection = self.database.another()
        person, neighbors = connection.person(), connection.neighbors()

        def ask(number: int) -> int:
            neighbors(number)
            found = person(number)
            return -1 if found is None else found["age"]

        return ask

    def neighbor_counts(self, numbers: list[int]) -> list[int]:
        neighbors = self.database.neighbors()
        return [len(neighbors(number)) for number in numbers]


class Sqlite(ReadersDuringLoad):
    name = "sqlite3"
    package = "sqlite3"
    scale = 0.02
    does = "executemany in one transaction, WAL; readers on connections of their own; an index for each direction"

    def open(self) -> None:
        from ..stores import sqlite

        self.sqlite = sqlite
        self.path = self.context.scratch / "store"
        self.database = sqlite.open_database(self.path)
        sqlite.create_schema(self.database, knows=True)
        sqlite.index_knows(self.database)
        sqlite.load_people(self.database, self.context.data, self.people)

    def get_ready(self, halves: list[Edges]) -> None:
        self.rows = [
            list(zip(half.source.tolist(), half.target.tolist(), half.since.tolist(), strict=True)) for half in halves
        ]

    def load(self, which: int) -> None:
        self.database.execute("BEGIN")
        self.database.executemany(self.sqlite.ADD_KNOWS, self.rows[which])
        self.database.execute("COMMIT")

    def reader(self) -> Callable[[int], int]:
        execute = self.sqlite.open_database(self.path).cursor().execute

        def ask(number: int) -> int:
            execute("SELECT target FROM knows WHERE source = ?", (number,)).fetchall()
            return execute(self.sqlite.GET_PERSON, (number,)).fetchone()[1]  # type: ignore[no-any-return]

        return ask

    def neighbor_counts(self, numbers: list[int]) -> list[int]:
        query = "SELECT count(*) FROM knows WHERE source = ?"
        return [self.database.execute(query, (number,)).fetchone()[0] for number in numbers]

    def close(self) -> None:
        self.database.close()


WORKLOAD = Workload(
    name="readers_during_load",
    title="readers during a bulk load of relationships, and the load during readers",
    order=100,
    pinned=False,
    metrics=[
        Metric("alone", "load alone", "per_second", "higher"),
        Metric("together", "load with readers", "per_second", "higher"),
        Metric("reads", "reads", "per_second", "higher"),
        Metric("p99", "read p99", "seconds", "lower"),
        Metric("longest", "longest wait", "seconds", "lower"),
        Metric("blocked", "not for a core", "seconds", "lower"),
    ],
    demands=[Demand("no reader waits longer than 20 ms", "longest", 0.020)],
    sides=[Deed, Ladybug, Sqlite],
    full={"entities": 400_000, "relationships": 8_000_000},
    quick={"entities": 10_000, "relationships": 200_000},
    note=f"{READERS} reader threads and the loader in one process; a read is an entity and its neighbours. Not for a "
    "core: the longest wait less the time the thread was ready to run while every core was busy.",
)
