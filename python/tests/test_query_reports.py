"""Reports of executions: the rows that each operator gave out, counted in every execution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from deed_core import DeedError, PyDeedGraph


@pytest.fixture
def graph() -> Iterator[PyDeedGraph]:
    with PyDeedGraph(threads=1) as graph:
        graph.execute("UNWIND range(1, 100) AS i CREATE (:L {k: i})-[:R]->(:M {k: i})")
        graph.execute("CREATE INDEX FOR (n:L) ON (n.k)")
        graph.drain_reports()
        yield graph


def report_of(graph: PyDeedGraph, text: str, parameters: dict[str, Any] | None = None) -> Any:
    graph.drain_reports()
    graph.execute(text, parameters).fetchall()
    reports = graph.drain_reports()
    assert len(reports) == 1
    return reports[0]


def counts(report: Any) -> list[tuple[str, int, int, int]]:
    return [(item["operator"], item["depth"], item["rows"], item["runs"]) for item in report["operators"]]


def test_each_operator_has_its_rows(graph: PyDeedGraph) -> None:
    text = "MATCH (a:L)-[:R]->(b) WHERE a.k = $k RETURN b.k"
    for k, rows in ((5, 1), (500, 0), (7, 1)):
        # The operators of one execution serve the next, and their counts begin anew.
        report = report_of(graph, text, {"k": k})
        found = {name: rows for name, _, rows, _ in counts(report)}
        assert found["SeekIndex"] == found["Expand"] == found["Project"] == rows == report["rows"]
        assert found["Argument"] == 1
        assert all(runs == 1 for *_, runs in counts(report))
    assert report["operators"][0]["estimated_rows"] == report["estimated_rows"]
    assert [item["details"] for item in report["operators"] if item["operator"] == "SeekIndex"] == ["#0:L(k) = $k"]


def test_a_scan_counts_what_its_filter_lets_through(graph: PyDeedGraph) -> None:
    # Decided by the scan itself, and by an operator of its own.
    for condition in ("m.k > 90", "m.k % 10 = 0"):
        report = report_of(graph, f"MATCH (m:M) WHERE {condition} RETURN m.k")
        found = {name: rows for name, _, rows, _ in counts(report)}
        assert found["Filter"] == 10 and found["ScanEntities"] in (10, 100)


def test_runs_of_an_inner_plan_are_counted(graph: PyDeedGraph) -> None:
    report = report_of(graph, "UNWIND [1, 2, 3] AS i CALL { WITH i MATCH (m:M) WHERE m.k <= i RETURN count(m) AS c } RETURN i, c")
    inner = [item for item in report["operators"] if item["operator"] == "Aggregate"]
    assert [(item["rows"], item["runs"]) for item in inner] == [(3, 3)]


def test_threads_add_up() -> None:
    with PyDeedGraph(threads=2, parallel_rows_min=0) as graph:
        graph.execute("UNWIND range(1, 50000) AS i CREATE (:M {k: i})")
        report = report_of(graph, "MATCH (m:M) WHERE m.k % 2 = 0 RETURN m.k % 5 AS g, sum(m.k)")
        assert ("Filter", 25_000, 1) in {(name, rows, runs) for name, _, rows, runs in counts(report)}


def test_profile_shows_the_same_counts(graph: PyDeedGraph) -> None:
    report = report_of(graph, "MATCH (a:L)-[:R]->(b) WHERE b.k > 40 RETURN count(*) AS c, a.k % 3 AS g")
    profile = graph.execute("PROFILE MATCH (a:L)-[:R]->(b) WHERE b.k > 40 RETURN count(*) AS c, a.k % 3 AS g").scalar().split("\n")
    assert len(profile) == len(report["operators"])
    for line, item in zip(profile, report["operators"], strict=True):
        assert line.strip().startswith(item["operator"]) and f"actual {item['rows']})" in line
        assert len(line) - len(line.lstrip()) == 2 * item["depth"]


def test_what_did_not_run_to_its_end_is_reported_as_such(graph: PyDeedGraph) -> None:
    result = graph.execute("UNWIND range(1, 100000) AS i RETURN i")
    assert result.fetchone() == (1,)
    assert graph.drain_reports() == []
    del result
    with pytest.raises(DeedError):
        graph.execute("UNWIND [1, 0] AS i RETURN 1 / i").fetchall()
    assert [report["complete"] for report in graph.drain_reports()] == [False, False]
    assert report_of(graph, "RETURN 1")["complete"]


def test_texts_that_differ_in_literals_share_a_shape(graph: PyDeedGraph) -> None:
    first, second = (report_of(graph, f"MATCH (n:L) WHERE n.k = {k} RETURN n.k AS k") for k in (1, 2))
    assert first["text"] != second["text"] and first["shape"] == second["shape"]


def test_the_last_ones_are_remembered(graph: PyDeedGraph) -> None:
    for k in range(1_100):
        graph.execute("RETURN $k", {"k": k}).fetchall()
    assert len(graph.drain_reports()) == 1_024
    for k in range(12):
        graph.execute(f"RETURN {k} + size('{'x' * 1_000_000}') AS x").fetchall()
    texts = [report["text"] for report in graph.drain_reports()]
    assert len(texts) == 8 and texts[-1].startswith("RETURN 11 ")
