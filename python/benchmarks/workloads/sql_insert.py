"""INSERT of one row each through a prepared statement, in one transaction, from Python."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..measure import seconds
from ..model import DEED, Demand, Metric, Side, Workload
from ._sql import CREATE, INSERT, Row, people

ALL = "SELECT id, name, age FROM person"


class Inserting(Side):
    """`begin`, `insert` and `commit` are the work; the rows are made before."""

    def run(self) -> dict[str, float]:
        rows = people(self, self.context.size["rows"])
        return {"rate": len(rows) / seconds(lambda: self.work(rows))}

    def work(self, rows: Iterable[Row]) -> None:
        raise NotImplementedError

    def rows(self) -> list[Row]:
        raise NotImplementedError

    def answer(self) -> Any:
        found = self.rows()
        return [len(found), [list(row) for row in sorted(found)[:100]], sum(row[2] for row in found)]


class Deed(Inserting):
    name = DEED
    package = "deed"
    does = "a prepared statement, executed for each row, on disk"

    def setup(self) -> None:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.scratch / "store")
        self.graph.execute(CREATE)

    def work(self, rows: Iterable[Row]) -> None:
        with self.graph.transaction() as transaction:
            execute = transaction.prepare_statement(INSERT).execute
            for row in rows:
                execute(row)

    def rows(self) -> list[Row]:
        return self.graph.execute(ALL).fetchall()  # type: ignore[no-any-return]

    def close(self) -> None:
        self.graph.close()


class DeedInterface(Deed):
    name = "deed, PEP 249"
    does = "executemany, on disk"

    def work(self, rows: Iterable[Row]) -> None:
        import deed

        with deed.connect(self.graph) as connection:
            connection.cursor().executemany(INSERT, rows)


class Sqlite(Inserting):
    name = "sqlite3"
    package = "sqlite3"
    does = "execute for each row, on disk; an INTEGER PRIMARY KEY"

    def setup(self) -> None:
        from ..stores import sqlite

        self.database = sqlite.open_database(self.context.scratch / "store")
        self.database.execute(CREATE)

    def work(self, rows: Iterable[Row]) -> None:
        execute = self.database.cursor().execute
        execute("BEGIN")
        for row in rows:
            execute(INSERT, row)
        execute("COMMIT")

    def rows(self) -> list[Row]:
        return self.database.execute(ALL).fetchall()

    def close(self) -> None:
        self.database.close()


class SqliteMany(Sqlite):
    name = "sqlite3, executemany"
    does = "executemany, on disk; an INTEGER PRIMARY KEY"

    def work(self, rows: Iterable[Row]) -> None:
        self.database.execute("BEGIN")
        self.database.executemany(INSERT, rows)
        self.database.execute("COMMIT")


WORKLOAD = Workload(
    name="sql_insert",
    title="SQL: rows inserted one by one in one transaction",
    order=91,
    metrics=[Metric("rate", "rows", "per_second", "higher")],
    demands=[Demand(">= 1x sqlite3", "rate", 1, than="sqlite3")],
    sides=[Deed, DeedInterface, Sqlite, SqliteMany],
    full={"rows": 200_000},
    quick={"rows": 2_000},
)
