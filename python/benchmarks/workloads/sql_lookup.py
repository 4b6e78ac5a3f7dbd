"""A SELECT that looks one row up by its primary key, asked again and again, from Python."""

from __future__ import annotations

from ..model import DEED, Demand, Metric, Workload
from ._query import Ask, Repeated
from ._sql import QUERY, InDeed, InSqlite


class Deed(InDeed, Repeated):
    name = DEED
    does = "execute with the text and a parameter, on disk"

    def asker(self) -> Ask:
        execute = self.graph.execute
        return lambda key: execute(QUERY, (key,)).fetchall()


class DeedInterface(InDeed, Repeated):
    name = "deed, PEP 249"
    does = "a cursor, in one transaction, on disk"

    def asker(self) -> Ask:
        import deed

        self.connection = deed.connect(self.graph)
        execute = self.connection.cursor().execute
        return lambda key: execute(QUERY, (key,)).fetchall()

    def close(self) -> None:
        self.connection.close()
        super().close()


class Sqlite(InSqlite, Repeated):
    does = "a cursor, on disk; an INTEGER PRIMARY KEY"

    def asker(self) -> Ask:
        execute = self.database.cursor().execute
        return lambda key: execute(QUERY, (key,)).fetchall()


WORKLOAD = Workload(
    name="sql_lookup",
    title="SQL: look-up by the primary key",
    order=90,
    metrics=[Metric("p50", "p50", "seconds", "lower"), Metric("p99", "p99", "seconds", "lower")],
    demands=[Demand("p50 <= 4 us", "p50", 4e-6), Demand("p50 >= 1.5x sqlite3", "p50", 1.5, than="sqlite3")],
    sides=[Deed, DeedInterface, Sqlite],
    full={"entities": 100_000, "calls": 50_000},
    quick={"entities": 2_000, "calls": 500},
)
