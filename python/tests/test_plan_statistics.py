"""What the planner expects of values, by the statistics that the engine gathers, against what there is."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from deed_core import PyDeedGraph

SEED = 20260401
ROWS = 20_000


def filled() -> PyDeedGraph:
    """Entities with values that are spread unevenly: of `word` a half is one value, and the rest falls off by Zipf's law."""
    rng = random.Random(SEED)
    graph = PyDeedGraph()
    ranks = list(range(1, 2_001))
    words = rng.choices(ranks, [1 / rank for rank in ranks], k=ROWS)
    rows = [
        {
            "id": i,
            "word": "common" if i % 2 else f"w{words[i]:04}",
            "size": int(rng.lognormvariate(5, 1)),
            "score": rng.gauss(0, 1),
            "even": i % 2 == 0,
            "rare": i if i % 100 == 0 else None,
            "town": f"town {i % 50}",
        }
        for i in range(ROWS)
    ]
    graph.execute("UNWIND $rows AS row CREATE (n:Item) SET n = row", {"rows": rows})
    return graph


@pytest.fixture(scope="module")
def graph() -> Iterator[PyDeedGraph]:
    with filled() as graph:
        yield graph


def nodes(graph: PyDeedGraph, text: str) -> list[dict[str, Any]]:
    return json.loads(graph.explain_plan(text))["operators"]


def estimated(graph: PyDeedGraph, text: str) -> float:
    """Rows that come to the last operator but RETURN's own."""
    return next(node for node in nodes(graph, text) if node["operator"] != "Keep")["estimated_rows"]


def error(expected: float, true: float) -> float:
    """By what factor the one differs from the other, of which both count as one row at least."""
    expected, true = max(expected, 1), max(true, 1)
    return max(expected / true, true / expected)


CONDITIONS = [
    ("n.word = 'common'", 1.1),
    ("n.word = 'w0001'", 1.3),
    ("n.word = 'w0002'", 1.5),
    ("n.word = 'w1900'", 12),
    ("n.word = 'nowhere'", 8),
    ("n.word <> 'common'", 1.1),
    ("n.word IN ['common', 'w0001']", 1.2),
    ("NOT n.word IN ['common', 'w0001']", 1.2),
    ("n.word STARTS WITH 'w000'", 1.3),
    ("n.word STARTS WITH 'c'", 1.1),
    ("n.word >= 'w0100' AND n.word < 'w1000'", 1.4),
    ("n.id = 77", 2),
    ("n.id < 0", 8),
    ("n.id < 1000", 1.3),
    ("n.id >= 5000 AND n.id < 5100", 1.5),
    ("5000 <= n.id AND 5100 > n.id AND n.even", 1.8),
    ("n.size > 1000", 1.5),
    ("n.size > 100 AND n.size <= 200", 1.2),
    ("n.score > 2", 1.6),
    ("n.score > -1 AND n.score < 1", 1.2),
    ("n.even", 1.1),
    ("NOT n.even", 1.1),
    ("n.even = true OR n.size > 1000", 1.3),
    ("n.rare IS NULL", 1.1),
    ("n.rare IS NOT NULL", 1.6),
    ("n.rare > 10000", 1.8),
    ("NOT n.rare > 10000", 1.8),
    ("n.town = 'town 8' AND n.even", 2.5),
    ("n.missing = 1", 8),
]


@pytest.mark.parametrize(("condition", "bound"), CONDITIONS, ids=[condition for condition, _ in CONDITIONS])
def test_estimates_of_conditions_are_near_the_truth(graph: PyDeedGraph, condition: str, bound: float) -> None:
    text = f"MATCH (n:Item) WHERE {condition} RETURN n"
    true = graph.execute(f"MATCH (n:Item) WHERE {condition} RETURN count(n)").scalar()
    assert error(estimated(graph, text), true) <= bound, (estimated(graph, text), true)


@pytest.mark.parametrize("key", ["n.word", "n.town", "n.even", "n.id", "n.size", "n.town, n.even", "n"])
def test_estimates_of_groups_are_near_the_truth(graph: PyDeedGraph, key: str) -> None:
    text = f"MATCH (n:Item) RETURN DISTINCT {key}"
    true = len(graph.execute(text).fetchall())
    assert error(estimated(graph, text), true) <= 2.5, (estimated(graph, text), true)


def test_a_parameter_is_expected_to_be_an_average_value(graph: PyDeedGraph) -> None:
    text = "MATCH (n:Item) WHERE n.town = $town RETURN n"
    assert error(estimated(graph, text), ROWS / 50) <= 1.2


def test_a_filter_is_counted_once(graph: PyDeedGraph) -> None:
    *_, condition, scan = nodes(graph, "MATCH (n:Item) WHERE n.even RETURN n")
    assert scan["estimated_rows"] == ROWS
    assert error(condition["estimated_rows"], ROWS / 2) <= 1.1


def test_a_join_is_estimated_by_the_values_of_its_sides(graph: PyDeedGraph) -> None:
    text = "MATCH (a:Item), (b:Item) WHERE a.town = b.town RETURN a, b"
    assert error(estimated(graph, text), ROWS * ROWS / 50) <= 1.2


def test_the_same_rows_give_the_same_estimates() -> None:
    texts = [f"MATCH (n:Item) WHERE {condition} RETURN n" for condition, _ in CONDITIONS]
    with filled() as one, filled() as other:
        assert [nodes(one, text) for text in texts] == [nodes(other, text) for text in texts]


def shop() -> PyDeedGraph:
    """Orders of which nearly all are done, each of a customer, of whom every other is a friend of the house."""
    graph = PyDeedGraph()
    graph.execute("UNWIND range(0, 1999) AS i CREATE (:Customer {id: i, level: CASE i % 2 WHEN 0 THEN 'gold' ELSE 'none' END})")
    graph.execute(
        "MATCH (c:Customer) UNWIND range(0, 4) AS k "
        "CREATE (:Order {state: CASE (c.id * 5 + k) % 1000 WHEN 1 THEN 'open' ELSE 'done' END})-[:OF]->(c)"
    )
    return graph


def start(graph: PyDeedGraph, text: str) -> str:
    """What is looked for first."""
    return str(nodes(graph, text)[-1]["details"])


def test_the_rarer_value_is_where_a_pattern_begins() -> None:
    text = "MATCH (o:Order {{state: '{}'}})-[:OF]->(c:Customer {{level: '{}'}}) RETURN o, c"
    with shop() as graph:
        assert ":Order" in start(graph, text.format("open", "gold"))
        assert ":Customer" in start(graph, text.format("done", "gold"))
        assert ":Order" in start(graph, text.format("open", "none"))


def profiled_start(graph: PyDeedGraph, text: str) -> str:
    graph.drain_reports()
    graph.execute(text).fetchall()
    (report,) = (json.loads(report) if isinstance(report, str) else report for report in graph.drain_reports())
    return str(report["operators"][-1]["details"])


def test_a_remembered_plan_is_for_literals_that_are_as_common() -> None:
    text = "MATCH (o:Order {{state: '{}'}})-[:OF]->(c:Customer {{level: '{}'}}) RETURN o, c"
    with shop() as graph:
        for _ in range(2):
            assert ":Customer" in profiled_start(graph, text.format("done", "gold"))
            assert ":Order" in profiled_start(graph, text.format("open", "none"))


def test_a_plan_is_made_again_when_values_have_changed() -> None:
    text = "MATCH (o:Order {state: 'open'})-[:OF]->(c:Customer {level: 'gold'}) RETURN count(*) AS n, min(c.id) AS least"
    with shop() as graph:
        before = graph.execute(text).fetchall()
        assert ":Order" in profiled_start(graph, text)
        graph.execute("MATCH (o:Order {state: 'done'}) SET o.state = 'open'")
        assert ":Customer" in profiled_start(graph, text)
        graph.execute("MATCH (o:Order) SET o.state = 'done'")
        graph.execute("MATCH (c:Customer {level: 'gold'})<-[:OF]-(o) SET o.state = 'open'")
        assert graph.execute(text).fetchall() != before


def planned_for(graph: PyDeedGraph, text: str) -> float:
    """Orders that there were when the plan was made that an execution follows."""
    graph.drain_reports()
    graph.execute(text).fetchall()
    (report,) = graph.drain_reports()
    return float(next(item["estimated_rows"] for item in report["operators"] if ":Order" in item["details"]))


def test_a_plan_is_kept_while_little_changes() -> None:
    text = "MATCH (o:Order {{state: 'open'}}) RETURN o LIMIT {}"
    with shop() as graph:
        orders = graph.execute("MATCH (o:Order) RETURN count(*)").scalar()
        assert planned_for(graph, text.format(5)) == orders
        for limit in range(20):
            graph.execute("MATCH (o:Order {state: 'done'}) WITH o LIMIT 20 SET o.state = 'open' CREATE (:Order {state: 'done'})")
            assert planned_for(graph, text.format(5)) == planned_for(graph, text.format(limit)) == orders
        assert planned_for(graph, text.replace("(o:", "(other:").replace("RETURN o", "RETURN other").format(5)) == orders + 400
        graph.execute("UNWIND range(1, $count) AS i CREATE (:Order {state: 'done'})", {"count": 2 * orders})
        assert planned_for(graph, text.format(5)) == 3 * orders + 400


def test_an_index_is_used_where_it_gives_few_rows(graph: PyDeedGraph) -> None:
    with filled() as own:
        own.execute("CREATE INDEX FOR (n:Item) ON (n.size)")
        own.execute("CREATE INDEX FOR (n:Item) ON (n.word)")
        few, many = "MATCH (n:Item) WHERE n.size > 3000 RETURN n.id AS id", "MATCH (n:Item) WHERE n.size > 5 RETURN n.id AS id"
        assert "SeekIndex" in str(nodes(own, few)) and "ScanEntities" in str(nodes(own, many))
        assert "SeekIndex" in str(nodes(own, "MATCH (n:Item) WHERE n.size > $least RETURN n"))
        assert "SeekIndex" in str(nodes(own, "MATCH (n:Item {word: 'w0100'}) RETURN n"))
        for text in (few, many):
            assert sorted(own.execute(text)) == sorted(graph.execute(text))


def test_statistics_of_a_table_that_changes_meanwhile() -> None:
    """Estimates are of what is committed, and planning does not wait for a transaction that writes."""
    with shop() as graph:
        with graph.transaction() as transaction:
            transaction.execute("MATCH (o:Order) SET o.state = 'open'")
            assert error(estimated(graph, "MATCH (o:Order {state: 'open'}) RETURN o"), 10) <= 4
            transaction.rollback()


def test_odd_values_are_estimated_too() -> None:
    values: list[Any] = [1, 1.5, float("nan"), "x", True, None, [1, 2], b"bytes", "long " * 1000, -1, 2**62, float("inf")]
    with PyDeedGraph() as graph:
        graph.execute("UNWIND $values AS v CREATE (:Odd {v: v})", {"values": values * 200})
        for test in ("= 1", "> 0", "< 'y'", "STARTS WITH 'long'", "IS NULL", "= $p", "IN $p", "> 1e308", "<> true", "= [1, 2]"):
            count = estimated(graph, f"MATCH (n:Odd) WHERE n.v {test} RETURN n")
            assert 0 <= count <= len(values) * 200
