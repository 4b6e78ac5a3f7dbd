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
