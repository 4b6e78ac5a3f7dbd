"""PEP 249 beyond what its public tests ask: transactions, connections that share a store, rows that are counted, errors."""

from __future__ import annotations

import datetime
import decimal
import gc
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import deed
import pytest
from deed import Connection, _stores
from deed._dbapi_exceptions import MEANINGS, translated
from deed._dbapi_statements import Kind, statement_text


@pytest.fixture
def connection() -> Iterator[Connection]:
    with deed.connect() as connection:
        connection.execute("CREATE TABLE t (id INT PRIMARY KEY, x TEXT)")
        yield connection
        connection.rollback()


def rows(connection: Connection, text: str = "SELECT id, x FROM t ORDER BY id") -> list[tuple[Any, ...]]:
    return connection.execute(text).fetchall()


# ---- Transactions -------------------------------------------------------------------------------------------------------


def test_a_transaction_begins_with_the_first_statement_and_cursors_share_it(connection: Connection) -> None:
    assert not connection.in_transaction
    first, second = connection.cursor(), connection.cursor()
    first.execute("INSERT INTO t VALUES (1, 'a')")
    assert connection.in_transaction
    assert second.execute("SELECT x FROM t").fetchall() == [("a",)]
    assert connection.graph.execute("SELECT count(*) FROM t").scalar() == 0
    connection.rollback()
    assert not connection.in_transaction and rows(connection) == []
    first.execute("INSERT INTO t VALUES (2, 'b')")
    connection.commit()
    assert connection.graph.execute("SELECT count(*) FROM t").scalar() == 1


def test_a_query_begins_a_transaction_too(store: Path) -> None:
    with deed.connect(store) as reader, deed.connect(store) as writer:
        writer.execute("CREATE TABLE t (x INT)")
        assert rows(reader, "SELECT x FROM t") == []
        writer.execute("INSERT INTO t VALUES (1)")
        writer.commit()
        assert rows(reader, "SELECT x FROM t") == []
        reader.commit()
        assert rows(reader, "SELECT x FROM t") == [(1,)]


def test_a_statement_that_fails_undoes_itself_alone(connection: Connection) -> None:
    connection.execute("INSERT INTO t VALUES (1, 'a')")
    with pytest.raises(deed.IntegrityError):
        connection.execute("INSERT INTO t VALUES (2, 'b'), (1, 'c')")
    connection.commit()
    assert rows(connection) == [(1, "a")]


@pytest.mark.parametrize("text", ["CREATE TABLE u (x INT)", "CREATE INDEX FOR (n:t) ON (n.x)", "DROP TABLE IF EXISTS u"])
def test_a_definition_commits_what_was_done_before(connection: Connection, text: str) -> None:
    connection.execute("INSERT INTO t VALUES (1, 'a')")
    connection.execute(text)
    assert not connection.in_transaction
    connection.rollback()
    assert rows(connection) == [(1, "a")]


def test_a_table_that_is_dropped_has_no_rows_left(connection: Connection) -> None:
    connection.execute("INSERT INTO t VALUES (1, 'a')")
    connection.execute("DROP TABLE t")
    connection.rollback()
    connection.execute("CREATE TABLE t (id INT)")
    assert rows(connection, "SELECT * FROM t") == []


@pytest.mark.parametrize("text", ["BEGIN", "COMMIT", "ROLLBACK", "START TRANSACTION", "END", "-- x\nrollback work"])
def test_transactions_are_not_made_by_statements(connection: Connection, text: str) -> None:
    with pytest.raises(deed.ProgrammingError, match=r"commit\(\) or rollback\(\)"):
        connection.execute(text)


def test_autocommit(connection: Connection) -> None:
    connection.autocommit = True
    connection.execute("INSERT INTO t VALUES (1, 'a')")
    assert not connection.in_transaction
    connection.rollback()
    assert rows(connection) == [(1, "a")]
    with pytest.raises(deed.IntegrityError):
        connection.cursor().executemany("INSERT INTO t VALUES (?, 'x')", [(2,), (1,)])
    assert rows(connection) == [(1, "a")], "executemany is one transaction"
    connection.autocommit = False
    connection.execute("INSERT INTO t VALUES (3, 'c')")
    with pytest.raises(deed.ProgrammingError, match="commit or roll back first"):
        connection.autocommit = True
    with pytest.raises(deed.ProgrammingError, match="commit or roll back first"):
        connection.isolation_level = "serializable"


def test_with_commits_or_rolls_back_and_closes(store: Path) -> None:
    with deed.connect(store) as connection:
        connection.execute("CREATE TABLE t (x INT)")
        connection.execute("INSERT INTO t VALUES (1)")
    assert connection.closed
    with pytest.raises(ZeroDivisionError), deed.connect(store) as connection:
        connection.execute("INSERT INTO t VALUES (2)")
        raise ZeroDivisionError
    assert connection.closed
    with deed.connect(store) as connection:
        assert rows(connection, "SELECT x FROM t") == [(1,)]
        connection.close()


# ---- Conflicts ----------------------------------------------------------------------------------------------------------


def test_writers_of_one_row_conflict(store: Path) -> None:
    with deed.connect(store) as first, deed.connect(store) as second:
        first.execute("CREATE TABLE t (id INT PRIMARY KEY, x INT)")
        first.execute("INSERT INTO t VALUES (1, 0)")
        first.commit()
        first.execute("UPDATE t SET x = x + 1")
        with pytest.raises(deed.OperationalError) as caught:
            second.execute("UPDATE t SET x = x + 1")
        assert caught.value.sqlstate == "40001"
        assert isinstance(caught.value.__cause__, deed.exceptions.TransactionConflict)
        first.commit()
        second.rollback()
        second.execute("UPDATE t SET x = x + 1")
        second.commit()
        assert rows(first, "SELECT x FROM t") == [(2,)]


def test_a_serializable_transaction_fails_at_commit(store: Path) -> None:
    with deed.connect(store) as first, deed.connect(store, isolation_level="serializable") as second:
        first.execute("CREATE TABLE t (id INT PRIMARY KEY, x INT)")
        first.execute("INSERT INTO t VALUES (1, 0), (2, 0)")
        first.commit()
        total = rows(second, "SELECT sum(x) FROM t")[0][0]
        second.execute("UPDATE t SET x = ? WHERE id = 1", (total + 1,))
        first.execute("UPDATE t SET x = 5 WHERE id = 2")
        first.commit()
        with pytest.raises(deed.OperationalError) as caught:
            second.commit()
        assert caught.value.sqlstate == "40001" and not second.in_transaction
        assert rows(second, "SELECT x FROM t ORDER BY id") == [(0,), (5,)]


def test_a_deadlock_rolls_the_youngest_back_and_it_has_to_know(store: Path) -> None:
    with deed.connect(store, on_conflict="wait") as old, deed.connect(store, on_conflict="wait") as young:
        old.execute("CREATE TABLE t (id INT PRIMARY KEY, x INT)")
        old.execute("INSERT INTO t VALUES (1, 0), (2, 0)")
        old.commit()
        text = "UPDATE t SET x = x + 1 WHERE id = ?"
        old.execute(text, (1,))
        young.execute(text, (2,))
        thread = threading.Thread(target=old.execute, args=(text, (2,)))
        thread.start()
        with pytest.raises(deed.OperationalError) as caught:
            young.execute(text, (1,))
        assert isinstance(caught.value.__cause__, deed.exceptions.Deadlock) and caught.value.sqlstate == "40P01"
        thread.join()
        with pytest.raises(deed.ProgrammingError):
            young.execute(text, (1,))
        young.rollback()
        old.commit()
        assert rows(young, "SELECT x FROM t ORDER BY id") == [(1,), (1,)]


def test_threads_with_connections_of_their_own(store: Path) -> None:
    with deed.connect(store) as connection:
        connection.execute("CREATE TABLE t (x INT)")
        connection.execute("INSERT INTO t VALUES (0)")
        connection.commit()

        def count_up() -> None:
            with deed.connect(store) as own:
                done = 0
                while done < 50:
                    try:
                        own.execute("UPDATE t SET x = x + 1")
                        own.commit()
                        done += 1
                    except deed.OperationalError as error:
                        assert error.sqlstate == "40001"
                        own.rollback()

        threads = [threading.Thread(target=count_up) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert rows(connection, "SELECT x FROM t") == [(200,)]


# ---- Stores -------------------------------------------------------------------------------------------------------------


def test_connections_share_a_store_and_the_last_one_closes_it(store: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(store)
    first = deed.connect(store)
    second = deed.connect(str(tmp_path / "link"))
    assert first.graph is second.graph
    graph = first.graph
    first.close()
    assert not graph.closed
    with pytest.raises(deed.ProgrammingError, match="open with other options"):
        deed.connect(store, durability="none")
    second.close()
    assert graph.closed
    with deed.open(store):
        with pytest.raises(deed.OperationalError, match="is open for writing") as caught:
            deed.connect(store)
        assert isinstance(caught.value.__cause__, deed.exceptions.StoreLocked)
    assert not _stores._stores


def test_a_connection_that_only_reads_follows_the_store(store: Path) -> None:
    with deed.connect(store) as writer:
        writer.execute("CREATE TABLE t (x INT)")
        writer.execute("INSERT INTO t VALUES (1)")
        writer.commit()
        with deed.connect(store, read_only=True) as reader:
            assert rows(reader, "SELECT x FROM t") == [(1,)]
            with pytest.raises(deed.OperationalError) as caught:
                reader.execute("INSERT INTO t VALUES (2)")
            assert caught.value.sqlstate == "25006"


@pytest.mark.parametrize("database", [None, ":memory:"])
def test_stores_in_memory_are_apart(database: str | None) -> None:
    with deed.connect(database) as first, deed.connect(database) as second:
        first.execute("CREATE TABLE t (x INT)")
        with pytest.raises(deed.ProgrammingError) as caught:
            second.execute("SELECT * FROM t")
        assert caught.value.sqlstate == "42P01" and caught.value.position == (14, 15)


def test_a_graph_that_is_open_is_used_and_stays_open() -> None:
    with deed.open() as graph:
        with deed.connect(graph) as first, deed.connect(graph) as second:
            first.execute("CREATE (:Person {name: $name})", {"name": "Ada"})
            first.commit()
            assert rows(second, "SELECT name FROM Person") == [("Ada",)]
            with pytest.raises(deed.ProgrammingError, match="has its options: durability"):
                deed.connect(graph, durability="none")
        assert not graph.closed


def test_options_that_are_none() -> None:
    with pytest.raises(deed.ProgrammingError, match="colour"):
        deed.connect(colour="red")
    with pytest.raises(deed.ProgrammingError, match="isolation_level is"):
        deed.connect(isolation_level="dirty")  # type: ignore[arg-type]


def test_a_connection_that_is_dropped_gives_its_store_back(store: Path) -> None:
    with pytest.warns(ResourceWarning, match="was not closed"):
        deed.connect(store)
        gc.collect()
    with deed.open(store):
        pass


def test_the_child_of_a_fork_has_no_connections(store: Path) -> None:
    text = f"""if True:
        import os, deed
        connection = deed.connect({str(store)!r})
        child = os.fork()
        if child:
            raise SystemExit(os.waitpid(child, 0)[1])
        for attempt in (lambda: connection.execute("SELECT 1"), lambda: deed.connect({str(store)!r})):
            try:
                attempt()
            except deed.OperationalError as error:
                assert isinstance(error.__cause__, deed.exceptions.Forked), error
            else:
                os._exit(1)
        os._exit(0)
    """
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    assert subprocess.run([sys.executable, "-c", text], env=environment).returncode == 0


def test_what_is_closed_cannot_be_used() -> None:
    connection = deed.connect()
    cursor = connection.execute("SELECT 1 AS x UNION ALL SELECT 2")
    other = connection.cursor()
    other.close()
    for call in (other.fetchone, other.setinputsizes, lambda *_: other.connection, lambda *_: other.execute("SELECT 1")):
        with pytest.raises(deed.InterfaceError, match="the cursor is closed"):
            call(*[()] * (call == other.setinputsizes))
    connection.close()
    for call in (cursor.fetchone, cursor.fetchall, connection.commit, connection.rollback, connection.cursor, connection.close):
        with pytest.raises(deed.InterfaceError, match="the connection is closed"):
            call()
    assert repr(connection) == "<deed.Connection, closed>"


# ---- Rows ---------------------------------------------------------------------------------------------------------------

COUNTS: dict[str, int] = {
    "INSERT INTO t VALUES (4, 'd'), (5, 'e')": 2,
    "INSERT INTO t SELECT id + 10, x FROM t": 3,
    "INSERT INTO t VALUES (3, 'z'), (4, 'd') ON CONFLICT (id) DO UPDATE SET x = excluded.x": 2,
    "INSERT INTO t VALUES (3, 'z'), (4, 'd') ON CONFLICT (id) DO NOTHING": 1,
    "INSERT INTO t VALUES (9, 'ON CONFLICT')": 1,
    "INSERT INTO t VALUES (4, 'd') RETURNING id": 1,
    "UPDATE t SET x = x WHERE id < 3": 2,
    "UPDATE t SET x = 'RETURNING' ; -- all of them": 3,
    "UPDATE t SET x = NULL WHERE id = 7": 0,
    "UPDATE t SET x = E'\\'' WHERE id > 1 RETURNING id": 2,
    "/* a */ DELETE FROM t WHERE id > 1": 2,
    "DELETE FROM t": 3,
    "INSERT INTO t SELECT id, x FROM t WHERE id < 3 ON CONFLICT (id) DO UPDATE SET x = 'z'": 2,
    "INSERT INTO t VALUES (3, 'z') ON CONFLICT (id) DO UPDATE SET x = 'z' WHERE t.x = 'a'": -1,
    "TRUNCATE t": -1,
    "SELECT * FROM t": -1,
    "MATCH (n:t) SET n.x = 'c'": -1,
}


@pytest.mark.parametrize("text", COUNTS)
def test_rows_are_counted(connection: Connection, text: str) -> None:
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO t VALUES (?, ?)", [(1, "a"), (2, "b"), [3, "c"]])
    assert cursor.rowcount == 3
    assert cursor.execute(text).rowcount == COUNTS[text]
    if text.startswith("UPDATE") and "RETURNING id" not in text:
        assert cursor.description is None


def test_an_error_in_an_update_shows_the_text_as_it_is(connection: Connection) -> None:
    with pytest.raises(deed.ProgrammingError) as caught:
        connection.execute("UPDATE t SET y = 1")
    assert "UPDATE t SET y = 1\n" in str(caught.value) and "RETURNING" not in str(caught.value)


def test_executemany(connection: Connection) -> None:
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO t VALUES (:id, $x)", ({"id": i, "x": str(i)} for i in range(5)))
    assert cursor.rowcount == 5
    assert cursor.executemany("UPDATE t SET x = ? WHERE id > ?", [("a", 0), ("b", 3), ("c", 9)]).rowcount == 5
    assert cursor.executemany("DELETE FROM t WHERE id = ?", [(0,), (1,), (77,)]).rowcount == 2
    assert rows(connection) == [(2, "a"), (3, "a"), (4, "b")]
    assert cursor.executemany("CREATE (:Person {name: $name})", [{"name": "Ada"}]).rowcount == -1
    for text in ("SELECT ?", "CREATE TABLE u (x INT)", "RETURN $x"):
        with pytest.raises(deed.ProgrammingError, match=r"executemany\(\) is for"):
            cursor.executemany(text, [(1,)] if "?" in text else [{"x": 1}])
    with pytest.raises(deed.ProgrammingError, match="does not exist"):
        cursor.executemany("UPDATE t SET y = ?", [(1,)])


def test_descriptions(connection: Connection) -> None:
    cursor = connection.execute(
        "SELECT 1 AS i, 1.5e0 AS f, 'a' AS s, TRUE AS b, NULL AS n, DATE '2024-01-02' AS d, CAST(? AS BYTEA) AS y, 1.5 AS e", (b"x",)
    )
    assert cursor.description is not None
    names, codes = [list(each) for each in zip(*(column[:2] for column in cursor.description), strict=True)]
    assert names == ["i", "f", "s", "b", "n", "d", "y", "e"]
    assert codes == [int, float, str, bool, None, datetime.date, bytes, decimal.Decimal]
    assert deed.NUMBER == codes[0] == deed.ROWID and deed.NUMBER == codes[1] and deed.NUMBER == codes[7] and deed.STRING == codes[2]
    assert deed.DATETIME == codes[5] and deed.BINARY == codes[6] and deed.BINARY != codes[5] != deed.STRING
    assert codes[4] not in (deed.STRING, deed.NUMBER) and deed.STRING != deed.NUMBER
    empty = connection.execute("SELECT x FROM t").description
    assert empty is not None and empty[0][1] == deed.STRING and empty[0][1] == deed.NUMBER
    assert connection.execute("INSERT INTO t VALUES (1, 'a')").description is None


def test_rows_are_handed_out_once(connection: Connection) -> None:
    cursor = connection.execute("SELECT * FROM generate_series(1, 10) AS g")
    assert cursor.fetchone() == (1,) and next(cursor) == (2,)
    assert cursor.fetchmany() == [(3,)] and cursor.fetchmany(2) == [(4,), (5,)] and cursor.fetchmany(0) == []
    cursor.arraysize = 3
    assert cursor.fetchmany() == [(6,), (7,), (8,)]
    assert list(cursor) == [(9,), (10,)] and cursor.fetchone() is None and cursor.fetchall() == []
    returned = connection.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b') RETURNING id")
    assert returned.fetchone() == (1,) and returned.fetchmany(5) == [(2,)]


def test_rows_of_a_transaction_that_has_ended_are_gone(connection: Connection) -> None:
    cursor = connection.cursor().executemany("INSERT INTO t VALUES (?, 'a')", ((i,) for i in range(5000)))
    cursor.execute("SELECT id FROM t")
    connection.commit()
    with pytest.raises(deed.ProgrammingError) as caught:
        cursor.fetchall()
    assert caught.value.sqlstate is not None and caught.value.sqlstate.startswith("25")


def test_rows_do_not_change_while_they_are_fetched(connection: Connection) -> None:
    connection.cursor().executemany("INSERT INTO t VALUES (?, 'a')", ((i,) for i in range(5000)))
    cursor = connection.execute("SELECT id FROM t")
    seen = 0
    for (number,) in cursor:
        connection.execute("INSERT INTO t VALUES (?, 'b')", (number + 100_000,))
        seen += 1
    assert seen == 5000


# ---- Parameters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["x'); DELETE FROM t; --", '"', "\\", "?", "$1 :a", "\0", "ä🦆"])
def test_parameters_are_values(connection: Connection, text: str) -> None:
    connection.execute("INSERT INTO t VALUES (?, ?)", (1, text))
    connection.execute("UPDATE t SET x = ? WHERE x = ?", [text, text])
    assert connection.execute("SELECT x FROM t WHERE x = :text", {"text": text}).fetchall() == [(text,)]


def test_parameters_of_other_types(connection: Connection) -> None:
    import collections
    import types

    assert connection.execute("SELECT ?", collections.UserList([1])).fetchall() == [(1,)]
    assert connection.execute("SELECT :a", types.MappingProxyType({"a": 1})).fetchall() == [(1,)]
    for wrong in ("a", b"a", 1, {1}):
        with pytest.raises(deed.ProgrammingError, match="a sequence or a mapping"):
            connection.execute("SELECT ?", wrong)  # type: ignore[arg-type]
    with pytest.raises(deed.ProgrammingError) as missing:
        connection.execute("SELECT ?, ?", (1,))
    assert missing.value.sqlstate == "42P02"
    with pytest.raises(deed.DataError):
        connection.execute("SELECT ?", (object(),))


# ---- Errors -------------------------------------------------------------------------------------------------------------

ERRORS: dict[str, tuple[type[deed.Error], str]] = {
    "SELEC 1": (deed.ProgrammingError, "42601"),
    "SELECT y FROM t": (deed.ProgrammingError, "42703"),
    "SELECT nothing(1)": (deed.ProgrammingError, "42883"),
    "SELECT 1 / 0": (deed.DataError, "22012"),
    "SELECT 9223372036854775807 + 1": (deed.DataError, "22003"),
    "INSERT INTO t VALUES (NULL, 'a')": (deed.IntegrityError, "23"),
    "CREATE TABLE t (x INT)": (deed.ProgrammingError, "42P07"),
    "COPY t FROM 'x'": (deed.ProgrammingError, "42601"),
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors_are_those_of_the_interface(connection: Connection, text: str) -> None:
    kind, state = ERRORS[text]
    with pytest.raises(kind) as caught:
        connection.execute(text)
    assert caught.value.sqlstate is not None and caught.value.sqlstate.startswith(state)
    assert isinstance(caught.value.__cause__, deed.DeedError)


def test_every_exception_of_the_engine_has_one_here() -> None:
    for name in deed.exceptions.__all__:
        error = getattr(deed.exceptions, name)("text")
        meant = translated(error)
        assert isinstance(meant, deed.DatabaseError) and str(meant) == "text"
        assert meant.sqlstate is not None and len(meant.sqlstate) == 5
        assert name in ("NotFound", "ElementDeleted", "ProcedureError") or type(meant) is not deed.DatabaseError or name == "DeedError"
    conflict = deed.exceptions.TransactionConflict("text")
    conflict.sqlstate = "40003"
    assert translated(conflict).sqlstate == "40003", "the engine's state is the more exact"
    assert issubclass(deed.exceptions.SerializationFailure, deed.exceptions.TransactionConflict) and MEANINGS


KINDS: dict[str, Kind] = {
    "CREATE (:A)": Kind.OTHER,
    "CREATE path = (:A)-[:R]->(:B)": Kind.OTHER,
    "create edge table e FROM a TO b": Kind.DEFINITION,
    "; -- x\n CREATE CONSTRAINT FOR (c:City) REQUIRE c.name IS UNIQUE": Kind.DEFINITION,
    "alter table t add x int": Kind.DEFINITION,
    "ROLLBACK TO SAVEPOINT a": Kind.OTHER,
    "ROLLBACK WORK TO a": Kind.OTHER,
    "ROLLBACK WORK": Kind.TRANSACTION,
    "with a as (select 1) select * from a": Kind.OTHER,
    "INSERT INTO t VALUES (1)": Kind.CHANGE,
    "": Kind.OTHER,
}


@pytest.mark.parametrize("text", KINDS)
def test_kinds_of_statements(text: str) -> None:
    assert statement_text(text).kind is KINDS[text]


def test_constructors() -> None:
    assert deed.Date(2024, 1, 2) == datetime.date(2024, 1, 2) and deed.Time(1, 2, 3) == datetime.time(1, 2, 3)
    moment = datetime.datetime(2024, 1, 2, 3, 4, 5)
    ticks = moment.timestamp()
    assert deed.Timestamp(2024, 1, 2, 3, 4, 5) == moment == deed.TimestampFromTicks(ticks)
    assert deed.DateFromTicks(ticks) == moment.date() and deed.TimeFromTicks(ticks) == moment.time()
    assert deed.Binary(b"x") == b"x"


def test_nothing_is_raised_that_is_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with deed.connect() as connection:
            connection.execute("SELECT 1").fetchall()
    assert issubclass(deed.Warning, Exception) and not issubclass(deed.Warning, deed.Error)


# ---- Statements that are run many times (deed_core.Statement.execute_many) ----------------------------------------------


def test_execute_many_adds_up_what_was_changed() -> None:
    with deed.open() as graph:
        graph.execute("CREATE TABLE t (id INT PRIMARY KEY, x TEXT)")
        with graph.transaction() as transaction:
            statement = transaction.prepare_statement("INSERT INTO t VALUES (?, ?)")
            counters = statement.execute_many(([i, "a"] for i in range(100)), timeout=5)
            assert counters["nodes_created"] == 100 and counters["properties_set"] == 200 and counters["nodes_deleted"] == 0
        assert graph.prepare("DELETE FROM t WHERE id = $id").execute_many([{"id": 5}, {"id": 5}])["nodes_deleted"] == 1
        assert statement_count(graph) == 99


def statement_count(graph: deed.PyDeedGraph) -> int:
    count: int = graph.execute("SELECT count(*) FROM t").scalar()
    return count


def test_execute_many_stops_at_what_fails() -> None:
    with deed.open() as graph:
        graph.execute("CREATE TABLE t (id INT PRIMARY KEY)")
        statement = graph.prepare("INSERT INTO t VALUES (?)")
        for wrong in ([(1,), (2,), (1,)], [(3,), 5], [(4,), (object(),)]):
            with pytest.raises((deed.DeedError)):
                statement.execute_many(wrong)  # type: ignore[arg-type]
        assert statement_count(graph) == 4, "each run commits by itself"

        def failing() -> Iterator[Any]:
            yield (5,)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            statement.execute_many(failing())

        def closing() -> Iterator[Any]:
            graph.close()
            yield (6,)

        with pytest.raises(deed.exceptions.Closed):
            statement.execute_many(closing())
        with pytest.raises(TypeError):
            statement.execute_many(5)  # type: ignore[arg-type]


def test_execute_many_within_itself() -> None:
    with deed.open() as graph:
        graph.execute("CREATE TABLE t (id INT PRIMARY KEY)")
        statement = graph.prepare("INSERT INTO t VALUES (?)")

        def sets() -> Iterator[Any]:
            for number in range(3):
                statement.execute_many([(number + 10,)])
                yield (number,)

        assert statement.execute_many(sets())["nodes_created"] == 3
        assert statement_count(graph) == 6


def test_execute_many_can_be_interrupted() -> None:
    import _thread
    import itertools
    import signal

    with deed.open() as graph:
        graph.execute("CREATE TABLE t (id INT)")
        statement = graph.prepare("INSERT INTO t VALUES (1)")
        threading.Timer(0.2, _thread.interrupt_main, (signal.SIGINT,)).start()
        with pytest.raises(KeyboardInterrupt):
            statement.execute_many(itertools.repeat(()))
        assert statement_count(graph) > 0
