"""Errors of queries: their classes, what they say in one word, and where."""

from __future__ import annotations

from typing import Any

import deed.exceptions
import deed_core
import pytest
from deed_core import (
    CypherArgumentError,
    CypherArithmeticError,
    CypherSemanticError,
    CypherSyntaxError,
    CypherTypeError,
    DeedError,
    ElementDeleted,
    InvalidArgument,
    ParameterMissing,
    ProcedureError,
    PyDeedGraph,
    QueryError,
    StillConnected,
)

CASES: list[tuple[str, dict[str, Any], type[QueryError], str]] = [
    ("RETRUN 1", {}, CypherSyntaxError, "*"),
    ("RETURN x", {}, CypherSyntaxError, "UndefinedVariable"),
    ("MATCH (n) RETURN n.x AS a, n.y AS a", {}, CypherSyntaxError, "ColumnNameConflict"),
    ("RETURN foo(1)", {}, CypherSyntaxError, "UnknownFunction"),
    ("RETURN 9223372036854775808", {}, CypherSyntaxError, "IntegerOverflow"),
    ("RETURN $x", {}, ParameterMissing, "*"),
    ("RETURN 1 + $x", {"x": True}, CypherTypeError, "*"),
    ("RETURN $x[0]", {"x": 5}, CypherTypeError, "*"),
    ("RETURN 1 / $x", {"x": 0}, CypherArithmeticError, "*"),
    ("RETURN 9223372036854775807 + $x", {"x": 1}, CypherArithmeticError, "*"),
    ("RETURN range(1, 5, $x)", {"x": 0}, CypherArgumentError, "NumberOutOfRange"),
    ("CALL no.such.thing()", {}, ProcedureError, "ProcedureNotFound"),
    ("CREATE (a)-[:R]->(b) DELETE a", {}, StillConnected, "DeleteConnectedNode"),
    ("CREATE (n:N {x: 1}) DELETE n RETURN n.x", {}, ElementDeleted, "DeletedEntityAccess"),
]


@pytest.mark.parametrize(("text", "parameters", "kind", "detail"), CASES)
def test_kinds_and_details(graph: PyDeedGraph, text: str, parameters: dict[str, Any], kind: type[QueryError], detail: str) -> None:
    with pytest.raises(kind) as caught:
        graph.execute(text, parameters).fetchall()
    error = caught.value
    assert type(error) is kind and isinstance(error, QueryError) and str(error)
    assert error.detail and detail in ("*", error.detail)
    assert error.code == kind.code and error.name.startswith("DEED_")
    if error.position is not None:
        start, end = error.position
        assert 0 <= start <= end <= len(text.encode())
    assert graph.collections() == {} and graph.edge_types() == {}


def test_positions_are_bytes_of_the_text(graph: PyDeedGraph) -> None:
    for text, word in [("RETURN x", "x"), ("RETURN 'ü☃' AS a, missing", "missing"), ("MATCH (n)\nRETURN m.name", "m")]:
        with pytest.raises(CypherSyntaxError) as caught:
            graph.execute(text)
        assert caught.value.position is not None
        start, end = caught.value.position
        assert text.encode()[start:end].decode().startswith(word)


def test_an_error_that_is_not_in_the_text_has_no_position() -> None:
    assert QueryError.position is None and QueryError.detail == ""


def test_python_has_names_for_most_of_them() -> None:
    for kind, base in [
        (CypherSyntaxError, ValueError), (CypherSemanticError, ValueError), (CypherTypeError, TypeError),
        (CypherArgumentError, ValueError), (CypherArithmeticError, ArithmeticError), (ParameterMissing, LookupError),
        (ElementDeleted, LookupError), (ProcedureError, LookupError),
    ]:  # fmt: skip
        assert issubclass(kind, base) and issubclass(kind, QueryError) and issubclass(kind, DeedError)


def test_codes_and_names_are_distinct() -> None:
    kinds = {kind for kind in vars(deed_core).values() if isinstance(kind, type) and issubclass(kind, QueryError)}
    kinds.remove(QueryError)
    assert len({kind.code for kind in kinds}) == len({kind.name for kind in kinds}) == len(kinds) == 9
    for kind in [QueryError, *kinds]:
        assert getattr(deed.exceptions, kind.__name__) is kind and kind.__name__ in deed.exceptions.__all__


def test_an_error_while_rows_are_fetched(graph: PyDeedGraph) -> None:
    result = graph.execute("UNWIND range(5000, 0, -1) AS x RETURN 10 / x")
    rows = 0
    with pytest.raises(CypherArithmeticError):
        for _ in result:
            rows += 1
    assert rows <= 5000


@pytest.mark.parametrize("text", [
    "\0", "RETURN", ";", "RETURN 1; RETURN 2", "RETURN '", "RETURN `", "/*", "RETURN \\", "MATCH", "(((", "RETURN 1 AS", "RETURN 1e999999",
    "RETURN 'x' + ", "CREATE INDEX", "RETURN \U0001f41c", "x" * 1_000_000, "RETURN " + "1+" * 200_000 + "1",
    "RETURN [" + "1," * 200_000 + "1]",
])  # fmt: skip
def test_texts_that_are_no_queries_are_errors_or_work(graph: PyDeedGraph, text: str) -> None:
    try:
        graph.execute(text).fetchall()
    except (QueryError, DeedError) as error:
        assert str(error) and len(str(error)) < 10_000


def test_errors_of_the_engine_are_no_query_errors(graph: PyDeedGraph) -> None:
    with pytest.raises(InvalidArgument) as caught:
        graph.execute(b"\xff")
    assert not isinstance(caught.value, QueryError)


# ---- Notices -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "parts"), [
    ("MATCH (p:Preson) RETURN p", ["label `Preson`; did you mean `Person`?", "column 10", "         ^^^^^^"]),
    ("MATCH (p:Person) RETURN p.naem", ["property `naem`; did you mean `name`?"]),
    ("MATCH (p:Person {nmae: 'Ada'}) RETURN p", ["property `nmae`; did you mean `name`?"]),
    ("MATCH (p)-[:KNOW]->() RETURN p", ["relationship type `KNOW`; did you mean `KNOWS`?"]),
    ("MATCH (p) WHERE p:Zebra RETURN p", ["label `Zebra`\n"]),
    ("MATCH (p) WHERE EXISTS { (p)-[:KNOWS]->(:Robot) } RETURN p", ["label `Robot`\n"]),
])  # fmt: skip
def test_what_nothing_has_is_noticed(graph: PyDeedGraph, text: str, parts: list[str]) -> None:
    graph.execute("CREATE (:Person {name: 'Ada'})-[:KNOWS]->(:Person {name: 'Bob'})")
    for _ in range(2):
        (notice,) = graph.execute(text).notices
        for part in parts:
            assert part in notice


def test_nothing_to_notice(graph: PyDeedGraph) -> None:
    graph.execute("CREATE (:Person:Admin {name: 'Ada'})-[:KNOWS {since: 1}]->(:Person)")
    for text in [
        "MATCH (p:Person {name: 'Ada'})-[k:KNOWS]->() RETURN p.name, k.since", "MATCH (a:Admin) RETURN a",
        "MERGE (n:New {key: 1}) RETURN n",
        "CREATE (n:Newer {fresh: 1}) WITH n MATCH (m:Newer) RETURN m.fresh", "RETURN {a: 1}.b", "MATCH (n) SET n.other = 1",
    ]:  # fmt: skip
        assert graph.execute(text).notices == ()


def test_a_notice_goes_when_there_is_such_a_thing(graph: PyDeedGraph) -> None:
    text = "MATCH (p:Later) RETURN count(*)"
    assert len(graph.execute(text).notices) == 1
    graph.execute("CREATE (:Later)")
    result = graph.execute(text)
    assert result.notices == () and result.scalar() == 1


def test_messages_show_the_place(graph: PyDeedGraph) -> None:
    with pytest.raises(CypherSyntaxError) as caught:
        graph.execute("MATCH (n)\nRETURN m.name")
    assert str(caught.value).endswith("\nline 2, column 8\nRETURN m.name\n       ^")
    assert caught.value.position == (17, 18)
