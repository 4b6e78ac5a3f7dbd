"""Kùzu, and Ladybug, which continues it: one schema, one set of statements, two packages.

What makes them fast, as found by trying:

- Kùzu 0.11.3 takes a Python integer as the narrowest type that holds it, and then does not use its key index: the key is
  cast and the table scanned. No cast in the statement helps. So the keys begin at 2^40, which makes every parameter INT64.
  That costs nothing elsewhere: integers are stored relative to the least of a chunk.
- COPY is fastest from uncompressed Parquet files (0.9M rows/s, against 0.8M/s from an Arrow table).
- `SHORTEST 1..3` answers reach faster than walks with a distinct count.
- Kùzu wants prepared statements; Ladybug deprecates preparing by hand and keeps the plans of statements it has seen.
"""

from __future__ import annotations

import importlib
import importlib.util  # noqa: F401  Kùzu's extension expects somebody else to have imported it
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from ..data import Data, Edges

Library = Literal["kuzu", "ladybug"]
Query = Callable[[Mapping[str, Any]], Any]

FIRST_KEY = 1 << 40

SCHEMA = (
    "CREATE NODE TABLE Person(id INT64 PRIMARY KEY, name STRING, age INT64)",
    "CREATE REL TABLE Knows(FROM Person TO Person, since INT64)",
)
ADD_PERSON = "CREATE (:Person {id: $id, name: $name, age: $age})"
ADD_KNOWS = "MATCH (a:Person {id: $source}), (b:Person {id: $target}) CREATE (a)-[:Knows {since: $since}]->(b)"
GET_PERSON = "MATCH (p:Person {id: $id}) RETURN p.name, p.age"
NEIGHBORS_OUT = "MATCH (p:Person {id: $id})-[:Knows]->(q:Person) RETURN q.id"
NEIGHBORS_IN = "MATCH (p:Person {id: $id})<-[:Knows]-(q:Person) RETURN q.id"
REACH_THREE = "MATCH (p:Person {id: $id})-[:Knows* SHORTEST 1..3]->(q:Person) WHERE q.id <> $id RETURN count(*)"


class Connection:
    """An open database with one connection."""

    def __init__(self, library: Library, path: Path | None, *, threads: int = 1, schema: bool = False) -> None:
        self.library = library
        module = importlib.import_module(library)
        self.database = module.Database(":memory:" if path is None else str(path), max_num_threads=threads)
        self.connection = module.Connection(self.database, num_threads=threads)
        if schema:
            for statement in SCHEMA:
                self.execute(statement)

    def another(self) -> Connection:
        """A second connection to the same database, for another thread."""
        other = object.__new__(Connection)
        other.library = self.library
        other.database = self.database
        other.connection = importlib.import_module(self.library).Connection(self.database, num_threads=1)
        return other

    def execute(self, statement: str) -> Any:
        return self.connection.execute(statement)

    def query(self, statement: str) -> Query:
        """A function from parameters to result, planned once."""
        execute = self.connection.execute
        prepared = self.connection.prepare(statement) if self.library == "kuzu" else statement
        return lambda parameters: execute(prepared, parameters)

    def person(self) -> Callable[[int], dict[str, Any] | None]:
        query = self.query(GET_PERSON)

        def get(number: int) -> dict[str, Any] | None:
            result = query({"id": FIRST_KEY + number})
            if not result.has_next():
                return None
            name, age = result.get_next()
            return {"name": name, "age": age}

        return get

    def neighbors(self, statement: str = NEIGHBORS_OUT) -> Callable[[int], list[int]]:
        query = self.query(statement)
        return lambda number: [row[0] - FIRST_KEY for row in query({"id": FIRST_KEY + number}).get_all()]

    def scalar(self, statement: str) -> Any:
        return self.connection.execute(statement).get_next()[0]

    def close(self) -> None:
        self.connection.close()
        self.database.close()


def write_people(path: Path, data: Data, count: int) -> None:
    """The entities as a Parquet file for COPY."""
    import numpy
    import pyarrow.parquet

    table = data.people_table(count)
    table = table.add_column(0, "id", pyarrow.array(numpy.arange(FIRST_KEY, FIRST_KEY + count)))
    pyarrow.parquet.write_table(table, path, compression="none", use_dictionary=False)


def write_knows(path: Path, edges: Edges) -> None:
    """The relationships as a Parquet file for COPY."""
    import pyarrow.parquet

    columns = {"from": edges.source + FIRST_KEY, "to": edges.target + FIRST_KEY, "since": edges.since}
    pyarrow.parquet.write_table(pyarrow.table(columns), path, compression="none", use_dictionary=False)


def copy(connection: Connection, table: str, path: Path) -> None:
    connection.execute(f"COPY {table} FROM '{path}'")


def load(connection: Connection, directory: Path, data: Data, people: int, edges: Edges | None = None) -> None:
    """Fills an empty database through Parquet files in `directory`, which are removed again."""
    path = directory / "rows.parquet"
    write_people(path, data, people)
    copy(connection, "Person", path)
    if edges is not None:
        write_knows(path, edges)
        copy(connection, "Knows", path)
    path.unlink()


def build(library: Library, path: Path, data: Data, people: int, edges: Edges | None = None) -> None:
    """Writes a database, checkpointed."""
    connection = Connection(library, path, schema=True)
    load(connection, path.parent, data, people, edges)
    connection.execute("CHECKPOINT")
    connection.close()
