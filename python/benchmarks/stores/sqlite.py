"""sqlite3: rowid tables, write-ahead log, explicit transactions. The module keeps each statement compiled."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal

from ..data import Data, Edges

ADD_PERSON = "INSERT INTO person(id, name, age) VALUES (?, ?, ?)"
ADD_KNOWS = "INSERT INTO knows(source, target, since) VALUES (?, ?, ?)"
GET_PERSON = "SELECT name, age FROM person WHERE id = ?"


def open_database(path: Path | None, *, synchronous: Literal["FULL", "NORMAL", "OFF"] = "FULL") -> sqlite3.Connection:
    """In memory without a path. FULL is one fsync for each commit."""
    connection = sqlite3.connect(
        ":memory:" if path is None else path, isolation_level=None, check_same_thread=False, timeout=60
    )
    if path is not None:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    return connection


def create_schema(connection: sqlite3.Connection, *, knows: bool = False) -> None:
    connection.execute("CREATE TABLE person(id INTEGER PRIMARY KEY, name TEXT, age INTEGER)")
    if knows:
        connection.execute("CREATE TABLE knows(source INTEGER, target INTEGER, since INTEGER)")


def load_people(connection: sqlite3.Connection, data: Data, count: int) -> None:
    connection.execute("BEGIN")
    rows = zip(range(count), data.names(count), data.ages(count).tolist(), strict=True)
    connection.executemany(ADD_PERSON, rows)
    connection.execute("COMMIT")


def load_knows(connection: sqlite3.Connection, edges: Edges) -> None:
    """Rows first, then the indexes of both directions: the quicker order."""
    connection.execute("BEGIN")
    rows = zip(edges.source.tolist(), edges.target.tolist(), edges.since.tolist(), strict=True)
    connection.executemany(ADD_KNOWS, rows)
    index_knows(connection)
    connection.execute("COMMIT")


def index_knows(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE INDEX knows_out ON knows(source)")
    connection.execute("CREATE INDEX knows_in ON knows(target)")
