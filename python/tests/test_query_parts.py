"""Patterns whose parts are not connected, which are planned apart and combined afterwards."""

from __future__ import annotations

import pytest
from deed_core import PyDeedGraph


@pytest.fixture
def triangle(graph: PyDeedGraph) -> PyDeedGraph:
    graph.execute("CREATE (a:A {i: 1})-[:R {i: 1}]->(b:B {i: 2})-[:R {i: 2}]->(c:C {i: 1}), (a)-[:S {i: 1}]->(c)")
    return graph


@pytest.mark.parametrize(
    ("pattern", "rows"),
    [
        ("()-[r]->(), ()-[s]->()", 6),
        ("()-[r]->(), ()-[*1..1]->()", 6),
        ("()-[*1..1]->(), ()-[*1..1]->()", 6),
        ("()-[:R]->(), ()-[:S]->()", 2),
    ],
)
def test_no_relationship_is_used_in_two_parts(triangle: PyDeedGraph, pattern: str, rows: int) -> None:
    assert triangle.execute(f"MATCH {pattern} RETURN count(*)").scalar() == rows


@pytest.mark.parametrize("condition", ["1 > 2", "null", "NOT EXISTS { MATCH (:A) }"])
def test_a_condition_without_variables_is_not_lost(triangle: PyDeedGraph, condition: str) -> None:
    assert triangle.execute(f"MATCH (n) WHERE {condition} RETURN count(*)").scalar() == 0


def test_the_steps_of_a_path_may_depend_on_another_part(triangle: PyDeedGraph) -> None:
    paths = "MATCH (:C)<-[r:S]-(), ({i: 2})-[:R*1..1 {i: r.i}]-() RETURN count(*)"
    assert triangle.execute(paths).scalar() == 1
    ends = "MATCH (a:A), (a)-[:R*1..2 {i: b.i}]->(b) RETURN b.i"
    assert triangle.execute(ends).fetchall() == []
    given = "MATCH (a:A) MATCH (a)-[:R|S*1..1 {i: b.i}]->(b) RETURN b.i"
    assert triangle.execute(given).fetchall() == [(1,)]
