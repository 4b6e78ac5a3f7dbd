"""What the workloads in SQL share: the same tables in Deed and in DuckDB, and the same statements, each timed by itself."""

from __future__ import annotations

from typing import Any, ClassVar

from ..measure import comparable, seconds
from ..model import DEED, Side

ARROW = {"BIGINT": "int64", "DOUBLE PRECISION": "float64", "TEXT": "string"}

Tables = dict[str, dict[str, Any]]


def arrow(types: dict[str, str], columns: dict[str, Any]) -> Any:
    import pyarrow

    return pyarrow.table({name: pyarrow.array(columns[name], getattr(pyarrow, ARROW[type])()) for name, type in types.items()})


class Statements(Side):
    """`schema` has the types of each table's columns, `tables` makes them; `times`: of so many runs the least counts."""

    schema: ClassVar[dict[str, dict[str, str]]]
    statements: ClassVar[dict[str, str]]
    threads: ClassVar[int] = 1
    times: ClassVar[int] = 3

    def tables(self) -> Tables:
        raise NotImplementedError

    def fetch(self, text: str) -> list[Any]:
        raise NotImplementedError

    def run(self) -> dict[str, float]:
        self.answers: dict[str, Any] = {}
        return {name: self.timed(name, text) for name, text in self.statements.items()}

    def timed(self, name: str, text: str) -> float:
        self.answers[name] = self.fetch(text)
        return min(seconds(lambda: self.fetch(text)) for _ in range(self.times))

    def answer(self) -> Any:
        return {name: comparable(rows) for name, rows in self.answers.items()}


class InDeed(Statements):
    name = DEED
    package = "deed"

    def prepare(self) -> None:
        from ..stores import deed

        with deed.open_graph(self.context.store / "store") as graph:
            for name, columns in self.tables().items():
                types = self.schema[name]
                definition = ", ".join(f"{column} {type}{' PRIMARY KEY' if column == 'id' else ''}" for column, type in types.items())
                graph.sql(f"CREATE TABLE {name} ({definition})")
                graph.add_entities(name, arrow(types, columns))
            graph.checkpoint()

    def setup(self) -> None:
        from ..stores import deed

        self.graph = deed.open_graph(self.context.store / "store", threads=self.threads)

    def fetch(self, text: str) -> list[Any]:
        return self.graph.sql(text).fetchall()  # type: ignore[no-any-return]

    def close(self) -> None:
        self.graph.close()


class InDuckDB(Statements):
    name = "duckdb"
    package = "duckdb"

    def prepare(self) -> None:
        from ..stores import duck

        connection = duck.open_database(self.context.store / "store")
        for name, columns in self.tables().items():
            definition = ", ".join(f"{column} {type}" for column, type in self.schema[name].items())
            connection.execute(f"CREATE TABLE {name}({definition})")
            duck.insert(connection, name, arrow(self.schema[name], columns))
        connection.execute("CHECKPOINT")
        connection.close()

    def setup(self) -> None:
        from ..stores import duck

        self.database = duck.open_database(self.context.store / "store", threads=self.threads)
        self.database.execute("SET integer_division = true")

    def fetch(self, text: str) -> list[Any]:
        return self.database.execute(text).fetchall()  # type: ignore[no-any-return]

    def close(self) -> None:
        self.database.close()
