"""What the workloads of queries share: a graph of people in each library, and statements timed one after another.

A workload names its statements; each side says what it calls them. The property `key` is indexed on every side: Deed and
sqlite3 by an index made for it, Kùzu and Ladybug by their primary key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..measure import latencies, percentile, seconds
from ..model import DEED, Side

Ask = Callable[[int], Any]


class Repeated(Side):
    """One statement asked again and again with another parameter. `asker` gives a function from a key to the answer."""

    def setup(self) -> None:
        self.starts = self.context.data.sample(self.context.size["entities"], self.context.rows("calls"))
        self.ask = self.asker()

    def asker(self) -> Ask:
        raise NotImplementedError

    def run(self) -> dict[str, float]:
        for start in self.starts[:100]:
            self.ask(start)
        taken = latencies(self.ask, self.starts)
        return {"p50": percentile(taken, 50) / 1e9, "p99": percentile(taken, 99) / 1e9}

    def answer(self) -> Any:
        return [sorted(self.ask(start)) for start in self.starts[:20]]


class Whole(Side):
    """Statements over all of the data, each timed after a run that warms the caches. Of several times the least counts, since
    whatever else the machine does only adds to it."""

    statements: dict[str, str]
    times = 1

    def setup(self) -> None:
        self.fetch = self.fetcher()

    def fetcher(self) -> Callable[[str], list[Any]]:
        raise NotImplementedError

    def run(self) -> dict[str, float]:
        self.answers: dict[str, Any] = {}
        return {name: self.timed(name, text) for name, text in self.statements.items()}

    def timed(self, name: str, text: str) -> float:
        self.answers[name] = self.fetch(text)
        return min(seconds(lambda: self.fetch(text)) for _ in range(self.times))

    def answer(self) -> Any:
        return {name: [list(row) for row in rows] for name, rows in self.answers.items()}


class InDeed(Side):
    """Deed on disk, its people with a property `key` of their own, indexed."""

    name = DEED
    package = "deed"

    def prepare(self) -> None:
        import numpy
        import pyarrow

        from ..stores import deed

        size = self.context.size
        edges = self.context.data.uniform(size["entities"], size["relationships"])
        with deed.open_graph(self.context.store / "store") as graph:
            people = self.context.data.people_table(size["entities"])
            people = people.append_column("key", pyarrow.array(numpy.arange(size["entities"])))
            deed.add_knows(graph, numpy.asarray(graph.add_entities(deed.PERSON, people)), edges)
            graph.create_index(deed.PERSON, "key")
            graph.checkpoint()

    def setup(self) -> None:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.store / "store")
        super().setup()

    def close(self) -> None:
        self.graph.close()


class InLadybug(Side):
    name = "ladybug"
    package = "ladybug"

    def prepare(self) -> None:
        from ..stores import cypher

        size = self.context.size
        edges = self.context.data.uniform(size["entities"], size["relationships"])
        cypher.build("ladybug", self.context.store / "store", self.context.data, size["entities"], edges)

    def setup(self) -> None:
        from ..stores import cypher

        self.database = cypher.Connection("ladybug", self.context.store / "store")
        super().setup()

    def close(self) -> None:
        self.database.close()


class InSqlite(Side):
    name = "sqlite3"
    package = "sqlite3"

    def prepare(self) -> None:
        from ..stores import sqlite

        size = self.context.size
        database = sqlite.open_database(self.context.store / "store")
        sqlite.create_schema(database, knows=True)
        sqlite.load_people(database, self.context.data, size["entities"])
        sqlite.load_knows(database, self.context.data.uniform(size["entities"], size["relationships"]))
        database.close()

    def setup(self) -> None:
        from ..stores import sqlite

        self.database = sqlite.open_database(self.context.store / "store")
        self.database.execute("PRAGMA cache_size = -262144")  # 256 MiB: all of it
        super().setup()

    def close(self) -> None:
        self.database.close()
