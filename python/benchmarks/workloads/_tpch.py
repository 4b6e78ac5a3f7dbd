"""What the workloads of TPC-H share: its 22 queries over the tables that tpchgen-cli makes, in SQL on every side. The results of all sides
are compared before anything is timed."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from datetime import date
from typing import Any

from ..model import DEED, Demand, Metric, Side, Workload

# sqlite3 ends a query that takes longer; its time is that then.
LIMIT_SECONDS = 60.0


class Tpch(Side):
    """Each query is run once to warm the caches, and then timed; of three times the least counts."""

    times = 3

    def prepare(self) -> None:
        from ..stores import tpch

        tpch.generate(self.context.store, self.context.size["scale_percent"] / 100)

    def setup(self) -> None:
        from ..stores import tpch

        self.queries = tpch.queries()
        self.load()

    def load(self) -> None:
        raise NotImplementedError

    def fetcher(self) -> Callable[[str], list[Any]]:
        raise NotImplementedError

    def run(self) -> dict[str, float]:
        fetch = self.fetcher()
        self.answers: dict[str, Any] = {}
        taken: dict[str, float] = {}
        for number, text in self.queries.items():
            self.answers[f"q{number}"], best = fetch(text), float("inf")
            for _ in range(self.times):
                begun = time.perf_counter()
                fetch(text)
                best = min(best, time.perf_counter() - begun)
            taken[f"q{number}"] = best
        return {**taken, "total": sum(taken.values())}

    def answer(self) -> Any:
        """Sums of floats in different orders differ in their last digits; dates are texts for some."""

        def plain(value: Any) -> Any:
            if isinstance(value, date):
                return value.isoformat()
            return value if value is None or isinstance(value, str) else float(f"{float(value):.7g}")

        return {name: [[plain(value) for value in row] for row in rows] for name, rows in self.answers.items()}


class Deed(Tpch):
    name = DEED
    package = "deed"
    does = "in memory; 1 thread; no indexes"

    def load(self) -> None:
        from deed_core import PyDeedGraph

        from ..stores import tpch

        self.graph = PyDeedGraph(threads=1)
        for name in tpch.TABLES:
            rows = tpch.table(self.context.store, name)
            self.graph.sql(tpch.definition(name, rows))
            self.graph.add_entities(name, rows)

    def fetcher(self) -> Callable[[str], list[Any]]:
        return lambda text: self.graph.sql(text).fetchall()  # type: ignore[no-any-return]

    def close(self) -> None:
        self.graph.close()


class DuckDB(Tpch):
    name = "duckdb"
    package = "duckdb"
    does = "in memory; 1 thread; no indexes"

    def load(self) -> None:
        import duckdb

        from ..stores import tpch

        self.database = duckdb.connect(":memory:", config={"threads": 1})
        for name in tpch.TABLES:
            rows = tpch.table(self.context.store, name)
            self.database.execute(tpch.definition(name, rows))
            self.database.register("incoming", rows)
            self.database.execute(f"INSERT INTO {name} SELECT * FROM incoming")
            self.database.unregister("incoming")

    def fetcher(self) -> Callable[[str], list[Any]]:
        return lambda text: self.database.execute(text).fetchall()  # type: ignore[no-any-return]

    def close(self) -> None:
        self.database.close()


class Sqlite(Tpch):
    name = "sqlite3"
    does = "in memory; primary keys, clustered; after ANALYZE; one run of each query, none of which takes more than 60 s"

    def load(self) -> None:
        from ..stores import tpch

        self.database = sqlite3.connect(":memory:")
        self.database.execute("PRAGMA case_sensitive_like = ON")
        for name in tpch.TABLES:
            rows = tpch.table(self.context.store, name)
            self.database.execute(tpch.definition(name, rows, key=True) + " WITHOUT ROWID")
            columns = [
                [value.isoformat() for value in column.to_pylist()] if str(column.type) == "date32[day]" else column.to_pylist()
                for column in rows.columns
            ]
            places = ", ".join("?" * len(columns))
            self.database.executemany(f"INSERT INTO {name} VALUES ({places})", zip(*columns, strict=True))
            self.database.commit()
        self.database.execute("ANALYZE")

    def run(self) -> dict[str, float]:
        from ..stores import tpch

        self.answers = {}
        taken: dict[str, float] = {}
        for number, text in self.queries.items():
            begun = time.perf_counter()
            self.database.set_progress_handler(lambda begun=begun: time.perf_counter() - begun > LIMIT_SECONDS, 100_000)
            self.answers[f"q{number}"] = self.database.execute(tpch.in_words_of_sqlite(text)).fetchall()
            taken[f"q{number}"] = time.perf_counter() - begun
        return {**taken, "total": sum(taken.values())}

    def close(self) -> None:
        self.database.close()


def tpch(name: str, scale_percent: int, sides: list[type[Side]], order: int) -> Workload:
    demands = [Demand("total >= 0.5x duckdb", "total", 0.5, than="duckdb")]
    if Sqlite in sides:
        demands.append(Demand("total >= 10x sqlite3", "total", 10, than="sqlite3"))
    metrics = ["total", *(f"q{number}" for number in range(1, 23))]
    return Workload(
        name=name,
        title=f"query: TPC-H at scale factor {scale_percent / 100:g}, 1 thread",
        order=order,
        metrics=[Metric(metric, metric, "seconds", "lower") for metric in metrics],
        demands=demands,
        sides=sides,
        full={"scale_percent": scale_percent},
        quick={"scale_percent": 1},
    )
