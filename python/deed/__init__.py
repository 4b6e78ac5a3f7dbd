"""Deed, an embedded multi-model graph database.

>>> import deed
>>> with deed.open() as graph:
...     ada = graph.add_entity("Person", {"name": "Ada"})
...     graph.get_entity(ada)["properties"]
...     graph.execute("MATCH (p:Person) WHERE p.name STARTS WITH $letter RETURN p.name", {"letter": "A"}).scalar()
{'name': 'Ada'}
'Ada'

The interface of PEP 249 is here too: `connect`, and what belongs to it (`deed.dbapi`).
"""

from __future__ import annotations

import os
from typing import Literal

from deed_core import (
    ArrowScan,
    Backup,
    Change,
    ChangeRecord,
    Changes,
    DeedEngine,
    Duration,
    Ids,
    Node,
    Path,
    PyDeedGraph,
    Reached,
    Relationship,
    Result,
    Scan,
    Session,
    Statement,
    Temporal,
    Transaction,
    __version__,
    backups,
    import_checkpoint,
    restore,
)

from .dbapi import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Connection,
    Cursor,
    DatabaseError,
    DataError,
    Date,
    DateFromTicks,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    Warning,
    apilevel,
    connect,
    paramstyle,
    threadsafety,
)
from .exceptions import DeedError, QueryError

__all__ = [
    "ArrowScan",
    "BINARY",
    "Backup",
    "Binary",
    "Change",
    "ChangeRecord",
    "Changes",
    "Connection",
    "Cursor",
    "DATETIME",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "DeedEngine",
    "DeedError",
    "Duration",
    "Error",
    "Ids",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NUMBER",
    "Node",
    "NotSupportedError",
    "OperationalError",
    "Path",
    "ProgrammingError",
    "PyDeedGraph",
    "QueryError",
    "ROWID",
    "Reached",
    "Relationship",
    "Result",
    "STRING",
    "Scan",
    "Session",
    "Statement",
    "Temporal",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Transaction",
    "Warning",
    "__version__",
    "apilevel",
    "backups",
    "connect",
    "import_checkpoint",
    "open",
    "paramstyle",
    "restore",
    "threadsafety",
]


def open(
    path: str | bytes | os.PathLike[str] | os.PathLike[bytes] | None = None,
    *,
    read_only: bool = False,
    memory_limit: int | None = None,
    durability: Literal["sync", "async", "none"] = "sync",
    on_conflict: Literal["fail", "wait"] = "fail",
    timeout: float | None = None,
    retain_log_bytes: float | None = None,
    retain_log_seconds: float | None = None,
    before_images: bool = False,
    replica: bool = False,
) -> PyDeedGraph:
    """Open the graph in a directory, or a new one in memory.

    Parameters
    ----------
    path
        The directory of the store, created if there is none; None for a graph in memory.
    read_only
        Refuse writes, and follow what another process writes to the store.
    memory_limit
        Bytes; by default 80 % of the machine's memory.
    durability
        When a commit returns: once it is on disk ("sync"), once the operating system has it ("async"), or at once
        ("none"), what was written since the last checkpoint then being lost in a crash.
    on_conflict
        What a statement does that meets a row which another running transaction holds: raise TransactionConflict
        ("fail"), or wait until the other has let go of it ("wait").
    timeout
        Seconds that a statement waits at most (then: LockTimeout); None for no limit.
    retain_log_bytes, retain_log_seconds
        How much of the log checkpoints keep for readers of the change feed and for backups, whole numbers or
        ``math.inf``; by default a megabyte. See :meth:`PyDeedGraph.retain_log`.
    before_images
        Keep each row as it was before a change in the log.
    replica
        Take records of another store's change feed (:meth:`PyDeedGraph.apply`), and refuse other writes.

    Returns
    -------
    PyDeedGraph
        Best used in a ``with`` statement, which closes it.

    Raises
    ------
    deed.exceptions.StoreLocked
        Another process has the store open for writing.

    Examples
    --------
    >>> with open() as graph:
    ...     graph.stats()["entity_count"]
    0
    """
    return PyDeedGraph(
        path,
        read_only=read_only,
        memory_limit=memory_limit,
        durability=durability,
        on_conflict=on_conflict,
        timeout=timeout,
        retain_log_bytes=retain_log_bytes,
        retain_log_seconds=retain_log_seconds,
        before_images=before_images,
        replica=replica,
    )
