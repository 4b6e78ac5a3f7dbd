"""The interface of PEP 249 (DB-API 2.0): `connect`, connections and cursors.

1. The connections of a process to one path share one graph (`deed._stores`); each has a transaction of its own.
2. A transaction begins with the first statement, a query as well as a change, and ends with `commit` or `rollback`. All cursors
   of a connection work in it. It sees the state that was committed when it began.
3. A statement that defines something (CREATE TABLE, DROP INDEX, ...) commits by itself, in the engine, and cannot be taken back.
   So the transaction that is open is committed before it, as with MySQL and Oracle.
4. `execute` computes the first row of a query, which tells the types of the columns; the others come as they are fetched, in
   the transaction of the statement. What is not fetched before that ends cannot be fetched.
5. A statement that fails undoes itself, and the transaction goes on.
"""

from __future__ import annotations

import collections
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal

from deed_core import PyDeedGraph, Result, Session, Transaction

from . import _stores
from ._dbapi_exceptions import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
    translated,
)
from ._dbapi_statements import Kind, StatementText, statement_text
from ._dbapi_types import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Date,
    DateFromTicks,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    type_code,
)
from .exceptions import CypherSyntaxError, DeedError

__all__ = [
    "BINARY", "Binary", "Connection", "Cursor", "DATETIME", "DataError", "DatabaseError", "Date", "DateFromTicks", "Error",
    "IntegrityError", "InterfaceError", "InternalError", "NUMBER", "NotSupportedError", "OperationalError", "ProgrammingError",
    "ROWID", "STRING", "Time", "TimeFromTicks", "Timestamp", "TimestampFromTicks", "Warning", "apilevel", "connect", "paramstyle",
    "threadsafety",
]  # fmt: skip

apilevel = "2.0"
#: Threads may share the module, and not connections: a transaction is for one thread at a time.
threadsafety = 1
#: ``?``; a dict is for ``:name`` and ``$name``.
paramstyle = "qmark"

Isolation = Literal["snapshot", "serializable"]
Parameters = Sequence[Any] | Mapping[str, Any]
Row = tuple[Any, ...]


def connect(
    database: str | bytes | os.PathLike[str] | os.PathLike[bytes] | PyDeedGraph | None = None,
    *,
    autocommit: bool = False,
    isolation_level: Isolation = "snapshot",
    **options: Any,
) -> Connection:
    """Connect to the store in a directory, or to a new one in memory.

    Parameters
    ----------
    database
        The directory, created if there is none; None or ":memory:" for a store in memory that this connection has for itself;
        or a graph that is open, which the connection uses and does not close.
    autocommit
        Whether each statement is a transaction of its own. :attr:`Connection.autocommit` can be set later.
    isolation_level
        Of the transactions: "snapshot", or "serializable", whose commits may fail with what others have changed meanwhile.
    **options
        Those of :func:`deed.open`, such as ``read_only`` and ``durability``. Connections to one path have to agree on them.

    Returns
    -------
    Connection
        Best used in a ``with`` statement, which commits, or rolls back when an exception leaves it, and closes.

    Raises
    ------
    OperationalError
        Another process has the store open for writing.
    ProgrammingError
        This process has it open with other options.

    Examples
    --------
    >>> with connect() as connection:
    ...     cursor = connection.execute("CREATE TABLE city (name TEXT PRIMARY KEY, people INT)")
    ...     cursor = cursor.executemany("INSERT INTO city VALUES (?, ?)", [("Oslo", 700_000), ("Rome", 2_800_000)])
    ...     connection.execute("SELECT name FROM city WHERE people > ?", (1_000_000,)).fetchall()
    [('Rome',)]
    """
    isolation(isolation_level)
    if isinstance(database, PyDeedGraph):
        if options:
            raise ProgrammingError(f"the graph is open already, and has its options: {', '.join(options)}")
        return Connection(database, None, autocommit, isolation_level)
    path = None if database is None else os.fsdecode(database)
    try:
        store = _stores.take(None if path == ":memory:" else path, options)
    except DeedError as error:
        raise translated(error) from error
    except TypeError as error:
        raise ProgrammingError(str(error)) from error
    return Connection(store.graph, store, autocommit, isolation_level)


class Connection:
    """A connection to a store; made by :func:`connect`. For one thread at a time."""

    # PEP 249 asks for the exceptions here too.
    Warning = Warning
    Error = Error
    InterfaceError = InterfaceError
    DatabaseError = DatabaseError
    DataError = DataError
    OperationalError = OperationalError
    IntegrityError = IntegrityError
    InternalError = InternalError
    ProgrammingError = ProgrammingError
    NotSupportedError = NotSupportedError

    def __init__(
        self, graph: PyDeedGraph, store: _stores.Store | None, autocommit: bool, isolation_level: Isolation
    ) -> None:
        self._graph: PyDeedGraph | None = graph
        self._store = store
        self._transaction: Transaction | None = None
        self._autocommit = autocommit
        self._isolation_level = isolation_level

    # ---- What it is ---------------------------------------------------------------------------------------------------

    @property
    def graph(self) -> PyDeedGraph:
        """The graph behind the connection, which others may share. What is done on it is not in the transaction."""
        if self._graph is None:
            raise InterfaceError("the connection is closed")
        return self._graph

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._graph is None

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open: after a statement, until `commit` or `rollback`."""
        return self._transaction is not None

    @property
    def autocommit(self) -> bool:
        """Whether each statement commits by itself. It cannot be set while a transaction is open."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        self._refuse_in_transaction("autocommit")
        self._autocommit = value

    @property
    def isolation_level(self) -> Isolation:
        """What the next transaction is protected from: "snapshot" or "serializable"."""
        return self._isolation_level

    @isolation_level.setter
    def isolation_level(self, value: Isolation) -> None:
        self._refuse_in_transaction("isolation_level")
        self._isolation_level = isolation(value)

    def _refuse_in_transaction(self, what: str) -> None:
        if self._transaction is not None:
            raise ProgrammingError(f"{what} cannot be set while a transaction is open: commit or roll back first")

    # ---- Statements ---------------------------------------------------------------------------------------------------

    def cursor(self) -> Cursor:
        """A new cursor; it works in the transaction of the connection."""
        if self._graph is None:
            raise InterfaceError("the connection is closed")
        return Cursor(self)

    def execute(self, operation: str, parameters: Parameters | None = None) -> Cursor:
        """Run a statement on a new cursor, and return that."""
        return self.cursor().execute(operation, parameters)

    def _session(self, statement: StatementText) -> Session:
        """What the statement is to be run on. The engine raises DeedError."""
        if self._graph is None:
            raise InterfaceError("the connection is closed")
        if statement.kind is Kind.TRANSACTION:
            raise ProgrammingError(
                f"{statement.word} is not run as a statement: a transaction begins by itself, and ends with commit() or rollback()"
            )
        if statement.kind is Kind.DEFINITION:
            self.commit()
            return self._graph
        if self._autocommit:
            return self._graph
        if self._transaction is None:
            self._transaction = self._graph.transaction(isolation=self._isolation_level)
        return self._transaction

    # ---- Transactions -------------------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Make what was done since the last commit or rollback permanent.

        Raises
        ------
        OperationalError
            A serializable transaction has read what others have changed; it is rolled back. Its sqlstate is '40001'.
        """
        graph, transaction = self.graph, self._transaction
        if transaction is None:
            if graph.closed:
                raise OperationalError("the graph is closed")
            return
        try:
            transaction.commit()
        except DeedError as error:
            raise translated(error) from error
        finally:
            if not transaction.active:
                self._transaction = None

    def rollback(self) -> None:
        """Undo what was done since the last commit or rollback."""
        _ = self.graph
        transaction, self._transaction = self._transaction, None
        if transaction is None or not transaction.active:
            return
        try:
            transaction.rollback()
        except DeedError as error:
            raise translated(error) from error

    def close(self) -> None:
        """Roll back what is not committed, and let go of the store. The connection and its cursors cannot be used any more."""
        if self._graph is None:
            raise InterfaceError("the connection is closed already")
        try:
            self.rollback()
        finally:
            self._graph = None
            store, self._store = self._store, None
            if store is not None:
                _stores.give_back(store)

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._graph is None:
            return
        try:
            if kind is None:
                self.commit()
        finally:
            self.close()

    def __del__(self) -> None:
        if getattr(self, "_graph", None) is not None and self._store is not None:
            try:
                warnings.warn(f"{self!r} was not closed", ResourceWarning, stacklevel=1, source=self)
            finally:
                self.close()

    def __repr__(self) -> str:
        if self._graph is None:
            return "<deed.Connection, closed>"
        return f"<deed.Connection to {self._graph.path or 'memory'}>"


class Cursor:
    """Runs statements and hands out their rows; made by :meth:`Connection.cursor`."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Connection | None = connection
        #: How many rows `fetchmany` takes if it is not told.
        self.arraysize = 1
        #: Rows that were taken from the result to know about them.
        self._ahead: collections.deque[Row] = collections.deque()
        self._clear()

    def _clear(self) -> None:
        self._result: Result | None = None
        self._ahead.clear()
        #: The names of the columns, and the first row: what the description is made of when it is asked for.
        self._columns: tuple[str, ...] = ()
        self._first: Row | None = None
        self._rowcount = -1

    # ---- What it is ---------------------------------------------------------------------------------------------------

    @property
    def connection(self) -> Connection:
        """The connection that the cursor belongs to."""
        if self._connection is None:
            raise InterfaceError("the cursor is closed")
        return self._connection

    @property
    def description(self) -> tuple[tuple[Any, ...], ...] | None:
        """A tuple of seven for each column: its name, its type code, and None for what Deed does not know; None if the
        last statement had no rows to give."""
        if not self._columns:
            return None
        return tuple(
            (name, type_code(self._first, index), None, None, None, None, None) for index, name in enumerate(self._columns)
        )

    @property
    def rowcount(self) -> int:
        """How many rows the last statement has added, changed or deleted; -1 for a query, and where it is not
        known: for Cypher, TRUNCATE, MERGE and ON CONFLICT DO UPDATE with a condition."""
        return self._rowcount

    # ---- Statements ---------------------------------------------------------------------------------------------------

    def execute(self, operation: str, parameters: Parameters | None = None) -> Cursor:
        """Run a statement of SQL or Cypher.

        Parameters
        ----------
        operation
            The text. Values belong into the parameters and never into the text.
        parameters
            A sequence for ``?`` (or ``$1``, ``$2``), a mapping for ``:name`` and ``$name``.

        Returns
        -------
        Cursor
            Itself, which has the rows.

        Raises
        ------
        ProgrammingError, DataError, IntegrityError, OperationalError, NotSupportedError
            The statement has done nothing then. `sqlstate` tells more; '40001' is a conflict with another transaction: roll back
            and try again.
        """
        connection = self.connection
        self._clear()
        try:
            statement = statement_text(operation)
            session = connection._session(statement)
            values = parameters if isinstance(parameters, (tuple, list, dict)) else given(parameters)
            if statement.counting is not None:
                self._count(session, statement.counting, operation, values)
            else:
                self._adopt(session.execute(operation, values), statement)
        except DeedError as error:
            raise translated(error) from error
        return self

    def _count(self, session: Session, counting: str, operation: str, values: Any) -> None:
        try:
            self._rowcount = len(session.execute(counting, values).fetchall())
        except CypherSyntaxError:
            # What is wrong is said of the text as it was written.
            self._adopt(session.execute(operation, values), StatementText(Kind.OTHER, ""))

    def _adopt(self, result: Result, statement: StatementText) -> None:
        columns = result.columns
        if not columns:
            if statement.kind is Kind.CHANGE:
                self._rowcount = changed(statement, result.counters)
            return
        if statement.kind is Kind.CHANGE:
            rows = result.fetchall()
            self._ahead.extend(rows)
            self._first, self._rowcount = rows[0] if rows else None, len(rows)
        else:
            self._first = result.fetchone()
            if self._first is not None:
                self._ahead.append(self._first)
        self._result, self._columns = result, columns

    def executemany(self, operation: str, seq_of_parameters: Iterable[Parameters]) -> Cursor:
        """Run a change once for each of several sets of parameters, in one transaction: that of the connection, or one of its own
        with `autocommit`. Rows that it gives back are not kept.

        Raises
        ------
        ProgrammingError
            The statement is a query.
        """
        connection = self.connection
        self._clear()
        statement = statement_text(operation)
        if statement.kind is Kind.DEFINITION:
            raise ProgrammingError("executemany() is for changes, which commit together")
        try:
            if connection.autocommit:
                with connection.graph.transaction() as transaction:
                    self._repeat(transaction, statement, operation, seq_of_parameters)
            else:
                self._repeat(connection._session(statement), statement, operation, seq_of_parameters)
        except DeedError as error:
            raise translated(error) from error
        return self

    def _repeat(self, session: Session, statement: StatementText, operation: str, sets: Iterable[Parameters]) -> None:
        values = (each if isinstance(each, (tuple, list, dict)) else given(each) for each in sets)
        if statement.kind is not Kind.CHANGE:
            run = session.prepare_statement(operation).execute
            for each in values:
                if run(each).columns:
                    raise ProgrammingError("executemany() is for statements that change something, not for queries")
            return
        if statement.counting is None:
            self._rowcount = changed(statement, session.prepare_statement(operation).execute_many(values))
            return
        try:
            run = session.prepare_statement(statement.counting).execute
        except CypherSyntaxError:
            session.prepare_statement(operation).execute_many(values)
            return
        self._rowcount = sum(len(run(each).fetchall()) for each in values)

    # ---- Rows ---------------------------------------------------------------------------------------------------------

    def _rows(self) -> Result:
        if self._connection is None:
            raise InterfaceError("the cursor is closed")
        if self._connection.closed:
            raise InterfaceError("the connection is closed")
        if self._result is None:
            raise ProgrammingError("there are no rows: no statement was run, or it was no query")
        return self._result

    def fetchone(self) -> Row | None:
        """The next row, or None."""
        result = self._rows()
        if self._ahead:
            return self._ahead.popleft()
        try:
            return result.fetchone()
        except DeedError as error:
            raise translated(error) from error

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next rows, at most `size`, or else `arraysize`."""
        result = self._rows()
        wanted = self.arraysize if size is None else size
        rows = [self._ahead.popleft() for _ in range(min(wanted, len(self._ahead)))]
        if len(rows) == wanted:
            return rows
        try:
            return rows + result.fetchmany(wanted - len(rows))
        except DeedError as error:
            raise translated(error) from error

    def fetchall(self) -> list[Row]:
        """The rows that are left."""
        result = self._rows()
        try:
            rows = result.fetchall()
        except DeedError as error:
            raise translated(error) from error
        rows[:0] = self._ahead
        self._ahead.clear()
        return rows

    def __iter__(self) -> Cursor:
        return self

    def __next__(self) -> Row:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    # ---- What PEP 249 asks for beside that ----------------------------------------------------------------------------

    def setinputsizes(self, sizes: Sequence[Any]) -> None:
        """Nothing: values have the size that they have."""
        _ = self.connection

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Nothing: values are given out whole."""
        _ = self.connection

    def close(self) -> None:
        """Let go of the rows. The cursor cannot be used any more, but for what it knows of its last statement."""
        self._result = self._connection = None
        self._ahead.clear()

    def __enter__(self) -> Cursor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def isolation(value: Isolation) -> Isolation:
    """The value, if it is one."""
    if value not in ("snapshot", "serializable"):
        raise ProgrammingError(f"isolation_level is 'snapshot' or 'serializable', not {value!r}")
    return value


def given(parameters: Parameters | None) -> Any:
    """The parameters as the engine takes them: a tuple or a dict."""
    if parameters is None:
        return None
    if isinstance(parameters, Mapping):
        return dict(parameters)
    if isinstance(parameters, Sequence) and not isinstance(parameters, (str, bytes, bytearray)):
        return tuple(parameters)
    raise ProgrammingError(f"parameters are a sequence or a mapping, not {type(parameters).__name__}")


def changed(statement: StatementText, counters: Mapping[str, Any]) -> int:
    """How many rows a statement has added or deleted; -1 if that does not tell."""
    if statement.word == "INSERT":
        return int(counters["nodes_created"] + counters["relationships_created"])
    if statement.word == "DELETE":
        # Of entities, whose relationships may have gone with them, or else of relationships.
        return int(counters["nodes_deleted"] or counters["relationships_deleted"])
    return -1
