"""DuckDB: one thread, loaded from Arrow tables it reads in place, no index (its best form for loading)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy

from ..data import Data, Edges

SCHEMA = (
    "CREATE TABLE person(id BIGINT, name VARCHAR, age BIGINT)",
    "CREATE TABLE knows(source BIGINT, target BIGINT, since BIGINT)",
)


def open_database(path: Path | None, *, schema: bool = False, threads: int = 1) -> Any:
    import duckdb

    connection = duckdb.connect(":memory:" if path is None else str(path), config={"threads": threads})
    if schema:
        for statement in SCHEMA:
            connection.execute(statement)
    return connection


def people_table(data: Data, count: int) -> Any:
    import pyarrow

    return data.people_table(count).add_column(0, "id", pyarrow.array(numpy.arange(count)))


def knows_table(edges: Edges) -> Any:
    import pyarrow

    return pyarrow.table({"source": edges.source, "target": edges.target, "since": edges.since})


def insert(connection: Any, table: str, rows: Any) -> None:
    connection.register("incoming", rows)
    connection.execute(f"INSERT INTO {table} SELECT * FROM incoming")
    connection.unregister("incoming")


def build(path: Path, data: Data, people: int, edges: Edges) -> None:
    """Writes a database, checkpointed."""
    connection = open_database(path, schema=True)
    insert(connection, "person", people_table(data, people))
    insert(connection, "knows", knows_table(edges))
    connection.execute("CHECKPOINT")
    connection.close()
