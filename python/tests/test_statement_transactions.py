"""BEGIN, COMMIT and ROLLBACK as statements, which belong to a thread; and CALL { } IN TRANSACTIONS."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deed_core import (
    ConstraintViolation,
    CypherArithmeticError,
    CypherSemanticError,
    CypherSyntaxError,
    DeedError,
    Interrupted,
    PyDeedGraph,
    TransactionConflict,
)


def count(graph: Any, label: str = "N") -> int:
    result = graph.execute(f"MATCH (n:{label}) RETURN count(*)").scalar()
    assert isinstance(result, int)
    return result


def in_thread(body: Callable[[], Any]) -> Any:
    """What `body` returns in a thread of its own."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(body())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


# ---- BEGIN, COMMIT, ROLLBACK -------------------------------------------------------------------------------------------


def test_commit_keeps_and_rollback_undoes(any_graph: PyDeedGraph) -> None:
    for ending, expected in [("ROLLBACK", 0), ("COMMIT", 1), ("rollback transaction;", 1), ("COMMIT TRANSACTION", 2)]:
        any_graph.execute("BEGIN" if expected else "begin transaction")
        any_graph.execute("CREATE (:N)")
        any_graph.execute(ending)
        assert count(any_graph) == expected
    assert any_graph.stats()["transactions"]["active"] == 0


def test_other_threads_see_nothing_until_commit(any_graph: PyDeedGraph) -> None:
    any_graph.execute("BEGIN")
    any_graph.execute("CREATE (:N)")
    assert count(any_graph) == 1
    assert in_thread(lambda: count(any_graph)) == 0
    in_thread(lambda: any_graph.execute("CREATE (:Other)"))
    # One snapshot, from BEGIN on.
    assert count(any_graph, "Other") == 0
    any_graph.execute("COMMIT")
    assert in_thread(lambda: count(any_graph)) == 1 and count(any_graph, "Other") == 1


def test_every_call_of_the_thread_is_in_it(any_graph: PyDeedGraph) -> None:
    any_graph.execute("BEGIN")
    one = any_graph.add_entity("N", {"x": 1})
    two = any_graph.add_entities("N", {"x": [2, 3]})[0]
    any_graph.add_edge(one, two, "R")
    any_graph.update_entity(one, {"x": 4})
    assert any_graph.get_entity(one) is not None and any_graph.degree(one) == 1
    assert [row["properties"]["x"] for row in any_graph.scan_collection("N")] == [4, 2, 3]
    assert in_thread(lambda: any_graph.get_entity(one)) is None
    any_graph.execute("ROLLBACK")
    assert any_graph.get_entity(one) is None and count(any_graph) == 0
    assert any_graph.check() == []


def test_threads_have_transactions_of_their_own(any_graph: PyDeedGraph) -> None:
    barrier = threading.Barrier(4)

    def work(number: int) -> None:
        any_graph.execute("BEGIN")
        any_graph.execute("CREATE (:N {x: $x})", {"x": number})
        barrier.wait()
        assert any_graph.execute("MATCH (n:N) RETURN collect(n.x)").scalar() == [number]
        barrier.wait()
        any_graph.execute("COMMIT" if number % 2 else "ROLLBACK")

    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            errors.append(error)
            barrier.abort()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(any_graph.execute("MATCH (n:N) RETURN collect(n.x)").scalar()) == [1, 3]


def test_a_thread_that_ends_is_rolled_back(any_graph: PyDeedGraph) -> None:
    def forget() -> None:
        any_graph.execute("BEGIN")
        any_graph.execute("MATCH (n:Shared) SET n.x = 1")

    any_graph.execute("CREATE (:Shared {x: 0})")
    in_thread(forget)
    # Python joins a thread a moment before the thread has cleaned up behind itself.
    deadline = time.monotonic() + 5
    while any_graph.stats()["transactions"]["active"] and time.monotonic() < deadline:
        time.sleep(0.001)
    assert any_graph.stats()["transactions"]["active"] == 0
    # Nobody holds the row any more.
    any_graph.execute("MATCH (n:Shared) SET n.x = n.x + 2")
    assert any_graph.execute("MATCH (n:Shared) RETURN n.x").scalar() == 2


def test_a_statement_that_fails_undoes_only_itself(graph: PyDeedGraph) -> None:
    graph.execute("BEGIN")
    graph.execute("CREATE (:N)")
    with pytest.raises(CypherArithmeticError):
        graph.execute("CREATE (:N) WITH 1 AS x RETURN x / 0")
    assert count(graph) == 1
    graph.execute("COMMIT")
    assert count(graph) == 1


def test_two_graphs_have_two_transactions(graph: PyDeedGraph) -> None:
    with PyDeedGraph() as other:
        graph.execute("BEGIN")
        graph.execute("CREATE (:N)")
        other.execute("CREATE (:N)")
        other.execute("BEGIN")
        other.execute("CREATE (:N)")
        graph.execute("ROLLBACK")
        other.execute("COMMIT")
        assert (count(graph), count(other)) == (0, 2)


@pytest.mark.parametrize("text", ["COMMIT", "ROLLBACK"])
def test_without_begin(graph: PyDeedGraph, text: str) -> None:
    with pytest.raises(CypherSemanticError, match="without BEGIN") as caught:
        graph.execute(text)
    assert caught.value.detail == "NoActiveTransaction" and caught.value.sqlstate == "25P01"


def test_begin_twice(graph: PyDeedGraph) -> None:
    graph.execute("BEGIN")
    graph.execute("CREATE (:N)")
    with pytest.raises(CypherSemanticError, match="already"):
        graph.execute("BEGIN")
    graph.execute("COMMIT")
    assert count(graph) == 1


def test_a_handle_is_ended_by_its_calls(graph: PyDeedGraph) -> None:
    with graph.transaction() as transaction:
        for text in ("BEGIN", "COMMIT", "ROLLBACK"):
            with pytest.raises(CypherSemanticError, match="commit"):
                transaction.execute(text)
        transaction.execute("CREATE (:N)")
        graph.execute("BEGIN")
        assert count(graph) == 0 and count(transaction) == 1
    graph.execute("ROLLBACK")
    assert count(graph) == 1


def test_a_commit_that_conflicts_leaves_no_transaction(any_graph: PyDeedGraph) -> None:
    any_graph.execute("CREATE (:N {x: 0})")
    any_graph.execute("BEGIN")
    count(any_graph)
    in_thread(lambda: any_graph.execute("MATCH (n:N) SET n.x = 1"))
    with pytest.raises(TransactionConflict):
        any_graph.execute("MATCH (n:N) SET n.x = 2")
    any_graph.execute("ROLLBACK")
    any_graph.execute("MATCH (n:N) SET n.x = 3")
    assert any_graph.execute("MATCH (n:N) RETURN n.x").scalar() == 3


def test_a_constraint_broken_at_commit(graph: PyDeedGraph) -> None:
    graph.execute("CREATE CONSTRAINT FOR (n:N) REQUIRE n.x IS NOT NULL")
    graph.execute("BEGIN")
    with pytest.raises(DeedError):
        graph.execute("CREATE (:N)")
        graph.execute("COMMIT")
    try:
        graph.execute("ROLLBACK")
    except CypherSemanticError:
        pass
    assert count(graph) == 0


def test_a_store_that_was_closed_meanwhile(store: Path) -> None:
    graph = PyDeedGraph(store)
    graph.execute("BEGIN")
    graph.execute("CREATE (:N)")
    graph.close()
    del graph
    gc.collect()
    with PyDeedGraph(store) as graph:
        assert count(graph) == 0
        with pytest.raises(CypherSemanticError):
            graph.execute("COMMIT")


def test_prepared_statements_join_it(graph: PyDeedGraph) -> None:
    begin, create, rollback = (graph.prepare(text) for text in ("BEGIN", "CREATE (:N)", "ROLLBACK"))
    for _ in range(3):
        begin.execute()
        create.execute()
        assert count(graph) == 1
        rollback.execute()
        assert count(graph) == 0


# ---- CALL { } IN TRANSACTIONS ------------------------------------------------------------------------------------------


def test_batches_are_committed_one_by_one(any_graph: PyDeedGraph) -> None:
    before = any_graph.stats()["transactions"]["commits"]
    result = any_graph.execute("UNWIND range(1, 10) AS i CALL (i) { CREATE (:N {x: i}) } IN TRANSACTIONS OF 3 ROWS")
    assert result.counters["nodes_created"] == 10 and count(any_graph) == 10
    assert any_graph.stats()["transactions"]["commits"] - before == 4


def test_earlier_batches_stay_when_one_fails(any_graph: PyDeedGraph) -> None:
    with pytest.raises(CypherArithmeticError):
        any_graph.execute("UNWIND [1, 2, 3, 0, 5] AS i CALL (i) { CREATE (:N {x: 6 / i}) } IN TRANSACTIONS OF 2 ROWS")
    assert any_graph.execute("MATCH (n:N) RETURN collect(n.x)").scalar() == [6, 3]
    assert any_graph.stats()["transactions"]["active"] == 0 and any_graph.check() == []


@pytest.mark.parametrize(("policy", "kept"), [("CONTINUE", [6, 3, 1]), ("BREAK", [6, 3])])
def test_on_error(any_graph: PyDeedGraph, policy: str, kept: list[int]) -> None:
    rows = any_graph.execute(
        "UNWIND [1, 2, 3, 0, 5] AS i CALL (i) { CREATE (n:N {x: 6 / i}) RETURN n } "
        f"IN TRANSACTIONS OF 2 ROWS ON ERROR {policy} REPORT STATUS AS s RETURN i, n.x, s"
    ).fetchall()
    assert [row[0] for row in rows] == [1, 2, 3, 0, 5]
    assert [row[1] for row in rows if row[1] is not None] == kept
    assert [row[2]["committed"] for row in rows] == [True, True, False, False, policy == "CONTINUE"]
    assert [row[2]["started"] for row in rows] == [True, True, True, True, policy == "CONTINUE"]
    assert ["zero" in (row[2]["errorMessage"] or "") for row in rows] == [False, False, True, True, False]
    assert any_graph.execute("MATCH (n:N) RETURN collect(n.x)").scalar() == kept


def test_rows_that_a_constraint_refuses(graph: PyDeedGraph) -> None:
    graph.execute("CREATE CONSTRAINT FOR (n:N) REQUIRE n.x IS UNIQUE")
    text = "UNWIND [1, 1, 2] AS i CALL (i) { CREATE (:N {x: i}) } IN TRANSACTIONS OF 1 ROW"
    with pytest.raises(ConstraintViolation):
        graph.execute(text)
    graph.execute("MATCH (n) DELETE n")
    graph.execute(text + " ON ERROR CONTINUE")
    assert graph.execute("MATCH (n:N) RETURN collect(n.x)").scalar() == [1, 2]


def test_what_comes_after_sees_what_was_committed(graph: PyDeedGraph) -> None:
    graph.execute("UNWIND range(1, 5) AS i CREATE (:Old {x: i})")
    rows = graph.execute(
        "MATCH (o:Old) CALL (o) { CREATE (n:Old {x: o.x * 10}) RETURN n } IN TRANSACTIONS OF 2 ROWS "
        "WITH o, n MATCH (m:Old {x: n.x}) RETURN o.x, n, labels(m)"
    ).fetchall()
    assert [(row[0], row[1].properties["x"], row[2]) for row in rows] == [(i, i * 10, ["Old"]) for i in range(1, 6)]
    assert count(graph, "Old") == 10


def test_more_rows_than_a_chunk(graph: PyDeedGraph) -> None:
    result = graph.execute(
        "UNWIND range(1, 10000) AS i CALL (i) { UNWIND [i, -i] AS x CREATE (:N {x: x}) RETURN x } "
        "IN TRANSACTIONS OF 3000 ROWS RETURN i, x"
    ).fetchall()
    assert result == [(i, x) for i in range(1, 10001) for x in (i, -i)]
    assert count(graph) == 20000


def test_a_parameter_is_the_number_of_rows(graph: PyDeedGraph) -> None:
    before = graph.stats()["transactions"]["commits"]
    text = "UNWIND range(1, 10) AS i CALL (i) { CREATE (:N) } IN TRANSACTIONS OF $rows ROWS"
    graph.execute(text, {"rows": 5})
    assert graph.stats()["transactions"]["commits"] - before == 2
    for rows in (0, -1, "x", None):
        with pytest.raises(DeedError):
            graph.execute(text, {"rows": rows})
    assert count(graph) == 10


def test_a_large_file(graph: PyDeedGraph, tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text("x\n" + "".join(f"{i}\n" for i in range(20_000)))
    result = graph.execute(
        "LOAD CSV WITH HEADERS FROM $path AS row CALL (row) { CREATE (:N {x: toInteger(row.x)}) } IN TRANSACTIONS OF 5000 ROWS",
        {"path": str(path)})
    assert result.counters["nodes_created"] == 20_000
    assert graph.execute("MATCH (n:N) RETURN sum(n.x)").scalar() == sum(range(20_000))


def test_not_within_a_transaction(graph: PyDeedGraph) -> None:
    text = "UNWIND [1] AS i CALL (i) { CREATE (:N) } IN TRANSACTIONS"
    with graph.transaction() as transaction, pytest.raises(CypherSemanticError, match="within a transaction"):
        transaction.execute(text)
    graph.execute("BEGIN")
    with pytest.raises(CypherSemanticError, match="within a transaction"):
        graph.execute(text)
    graph.execute("ROLLBACK")
    assert count(graph) == 0


@pytest.mark.parametrize("text", [
    "CREATE (:N) WITH 1 AS x CALL (x) { CREATE (:N) } IN TRANSACTIONS",
    "UNWIND [1] AS x CALL (x) { CREATE (:N) } IN TRANSACTIONS CREATE (:N)",
    "UNWIND [1] AS x CALL (x) { CALL (x) { CREATE (:N) } IN TRANSACTIONS }",
    "UNWIND [1] AS x CALL (x) { CREATE (:N) } IN TRANSACTIONS REPORT STATUS AS s RETURN s",
    "UNWIND [1] AS x CALL (x) { CREATE (:N) } IN TRANSACTIONS ON ERROR BREAK REPORT STATUS AS x RETURN x",
    "UNWIND [1] AS x CALL (x) { CREATE (:N) } IN TRANSACTIONS OF x ROWS",
])  # fmt: skip
def test_where_it_cannot_stand(graph: PyDeedGraph, text: str) -> None:
    with pytest.raises(CypherSyntaxError):
        graph.execute(text)
    assert count(graph) == 0


def test_interrupted_between_batches(graph: PyDeedGraph) -> None:
    with pytest.raises(Interrupted):
        graph.execute(
            "UNWIND range(1, 10000) AS y UNWIND range(1, 10000) AS i "
            "CALL (i) { CREATE (:N) } IN TRANSACTIONS OF 100 ROWS ON ERROR CONTINUE", timeout=1)
    assert count(graph) % 100 == 0 and count(graph) > 0
    assert graph.stats()["transactions"]["active"] == 0
