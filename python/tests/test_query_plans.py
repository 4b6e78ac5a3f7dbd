"""Plans that are remembered, and what may change under them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from deed_core import PyDeedGraph

SEEK = "MATCH (n:L) WHERE n.k = 5 RETURN count(n)"


@pytest.fixture
def graph() -> Iterator[PyDeedGraph]:
    """Entities of two collections, one with an index, and a plan that uses it."""
    with PyDeedGraph() as graph:
        graph.execute("UNWIND range(1, 100) AS i CREATE (:L {k: i}), (:M {k: i})")
        graph.execute("CREATE INDEX FOR (n:L) ON (n.k)")
        assert graph.execute(SEEK).scalar() == 1
        assert "SeekIndex" in graph.execute("EXPLAIN " + SEEK).scalar()
        yield graph


def test_a_remembered_seek_finds_entities_that_gain_the_label(graph: PyDeedGraph) -> None:
    graph.execute("MATCH (m:M {k: 5}) SET m:L")
    assert graph.execute(SEEK).scalar() == 2


def test_a_seek_finds_labels_that_the_same_statement_gave(graph: PyDeedGraph) -> None:
    text = "MATCH (m:M) SET m:L WITH count(*) AS c MATCH (n:L {k: 5}) RETURN count(n)"
    assert graph.execute(text).scalar() == 2


def test_a_seek_by_a_value_of_each_row_finds_entities_that_gain_the_label(graph: PyDeedGraph) -> None:
    text = "UNWIND [5, 6, 500, null] AS x MATCH (n:L) WHERE n.k = x RETURN count(n)"
    assert graph.execute(text).scalar() == 2
    graph.execute("MATCH (m:M) WHERE m.k < 6 SET m:L")
    assert graph.execute(text).scalar() == 3


def test_a_remembered_seek_does_not_find_what_has_lost_the_label(graph: PyDeedGraph) -> None:
    graph.execute("MATCH (n:L {k: 5}) REMOVE n:L")
    assert graph.execute(SEEK).scalar() == 0


def test_a_prepared_seek_outlives_its_index(graph: PyDeedGraph) -> None:
    statement = graph.prepare_statement(SEEK)
    graph.execute("DROP INDEX " + graph.execute("SHOW INDEXES").fetchone()[0])
    assert statement.execute().scalar() == 1


def test_an_optional_pattern_with_a_key_in_common_is_joined_once() -> None:
    text = "MATCH (a:A) OPTIONAL MATCH (b:B) WHERE b.k = a.k RETURN a.i AS i, b.j AS j"
    with PyDeedGraph() as graph:
        graph.execute("UNWIND range(0, 99) AS i CREATE (:A {i: i, k: CASE WHEN i % 7 = 0 THEN null ELSE i % 10 END})")
        expected = [(i, None) for i in range(100)]
        assert sorted(graph.execute(text)) == expected
        graph.execute("UNWIND range(0, 9) AS j CREATE (:B {j: j, k: CASE j WHEN 9 THEN null ELSE j % 4 END})")
        plan = graph.execute("EXPLAIN " + text).scalar()
        assert "Apply" not in plan and "Join" in plan
        matches = {k: [j for j in range(9) if j % 4 == k] for k in range(10)}
        expected = [(i, j) for i in range(100) for j in (i % 7 and matches[i % 10] or [None])]
        assert sorted(graph.execute(text), key=str) == sorted(expected, key=str)


def test_an_optional_join_finds_what_the_statement_made_before() -> None:
    text = "UNWIND [1, 2] AS x CREATE (a:A {k: x}) WITH a OPTIONAL MATCH (b:A) WHERE b.k = a.k RETURN a.k, b.k"
    with PyDeedGraph() as graph:
        assert sorted(graph.execute(text)) == [(1, 1), (2, 2)]


def test_an_optional_join_within_a_subquery_is_of_its_row() -> None:
    text = (
        "UNWIND [1, 2, 3] AS x CALL { WITH x MATCH (a:A {k: x}) OPTIONAL MATCH (b:B) WHERE b.k = a.k RETURN a.k AS k, b.j AS j } "
        "RETURN x, k, j"
    )
    with PyDeedGraph() as graph:
        graph.execute("UNWIND [1, 2, 3] AS k CREATE (:A {k: k}) WITH k WHERE k < 3 CREATE (:B {k: k, j: k * 10})")
        assert sorted(graph.execute(text), key=str) == [(1, 1, 10), (2, 2, 20), (3, 3, None)]


def test_what_an_optional_join_finds_nothing_for_is_open_for_the_next() -> None:
    text = (
        "MATCH (a:A) OPTIONAL MATCH (b:A) WHERE b.k = a.up OPTIONAL MATCH (c:A) WHERE c.k = b.up "
        "RETURN a.k AS k, b.k, c.k ORDER BY k"
    )
    with PyDeedGraph() as graph:
        graph.execute("UNWIND range(1, 5) AS k CREATE (:A {k: k, up: CASE k WHEN 1 THEN null ELSE k / 2 END})")
        assert "Apply" not in graph.execute("EXPLAIN " + text).scalar()
        assert list(graph.execute(text)) == [(1, None, None), (2, 1, None), (3, 1, None), (4, 2, 1), (5, 2, 1)]
