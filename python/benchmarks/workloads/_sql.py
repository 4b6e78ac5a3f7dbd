"""What the workloads of SQL share: one table of people, by the same statements on every side."""

from __future__ import annotations

from ..model import Side

CREATE = "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)"
INSERT = "INSERT INTO person (id, name, age) VALUES (?, ?, ?)"
QUERY = "SELECT name, age FROM person WHERE id = ?"

Row = tuple[int, str, int]


def people(side: Side, count: int) -> list[Row]:
    """So many rows; they are equal on every side."""
    data = side.context.data
    return list(zip(range(count), data.names(count), data.ages(count).tolist(), strict=True))


class InDeed(Side):
    package = "deed"

    def prepare(self) -> None:
        from ..stores import deed

        with deed.open_graph(self.context.store / "store") as graph:
            graph.execute(CREATE)
            with graph.transaction() as transaction:
                transaction.prepare_statement(INSERT).execute_many(people(self, self.context.size["entities"]))
            graph.checkpoint()

    def setup(self) -> None:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.store / "store")
        super().setup()

    def close(self) -> None:
        self.graph.close()


class InSqlite(Side):
    name = "sqlite3"
    package = "sqlite3"

    def prepare(self) -> None:
        from ..stores import sqlite

        database = sqlite.open_database(self.context.store / "store")
        database.execute(CREATE)
        database.execute("BEGIN")
        database.executemany(INSERT, people(self, self.context.size["entities"]))
        database.execute("COMMIT")
        database.close()

    def setup(self) -> None:
        from ..stores import sqlite

        self.database = sqlite.open_database(self.context.store / "store")
        self.database.execute("PRAGMA cache_size = -262144")  # 256 MiB: all of it
        super().setup()

    def close(self) -> None:
        self.database.close()
