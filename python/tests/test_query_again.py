"""A text that is executed again and again: each execution is for itself, whatever the last one left behind."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from deed_core import PyDeedGraph, QueryError


@pytest.fixture
def graph(graph: PyDeedGraph) -> PyDeedGraph:
    people = graph.add_entities("Person", {"key": list(range(100)), "name": [f"person number {n}" for n in range(100)]})
    graph.add_edges("KNOWS", list(people)[:-1], list(people)[1:])
    graph.create_index("Person", "key")
    return graph


def rows(graph: PyDeedGraph, text: str, **parameters: Any) -> Any:
    return graph.execute(text, parameters).fetchall()


def test_parameters_are_those_of_the_execution(graph: PyDeedGraph) -> None:
    for key in (1, 50, 1, 99, 100, None, "1", 2.0, 3):
        found = rows(graph, "MATCH (p:Person {key: $key}) RETURN p.name", key=key)
        wanted = [(f"person number {int(key)}",)] if isinstance(key, (int, float)) and key < 100 else []
        assert found == wanted, key


def test_expressions_of_parameters_are_found_anew(graph: PyDeedGraph) -> None:
    text = "UNWIND range(0, 4) AS x WITH x WHERE x IN $some AND x + $more > $least * 2 RETURN x, toUpper($name) AS name"
    for some, more, least, name in (([1, 2, 3], 1, 1, "a"), ([3], 1, 1, "b"), ([], 0, 0, "c"), ([1, 2, 3], 1, 1, "long" * 1000)):
        wanted = [(x, name.upper()) for x in range(5) if x in some and x + more > least * 2]
        assert rows(graph, text, some=some, more=more, least=least, name=name) == wanted


def test_limit_and_skip_are_those_of_the_execution(graph: PyDeedGraph) -> None:
    text = "UNWIND range(1, 10) AS x RETURN x ORDER BY x SKIP $skip LIMIT $limit"
    for skip, limit in ((0, 3), (2, 1), (9, 5), (0, 0), (0, 3)):
        assert rows(graph, text, skip=skip, limit=limit) == [(x,) for x in range(1, 11)][skip : skip + limit]


def test_the_clock_goes_on(graph: PyDeedGraph) -> None:
    text = "RETURN datetime() AS now"
    first = graph.execute(text).scalar()
    time.sleep(0.01)
    assert graph.execute(text).scalar() > first


def test_results_of_one_text_at_the_same_time(graph: PyDeedGraph) -> None:
    text = "MATCH (p:Person {key: $key})-[:KNOWS]->(q) RETURN q.name, q"
    results = [(key, graph.execute(text, {"key": key})) for key in range(20)]
    random.Random(1).shuffle(results)
    for key, result in results:
        ((name, node),) = result.fetchall()
        assert name == f"person number {key + 1}" and node.properties["key"] == key + 1


def test_a_result_that_is_not_read_to_its_end_leaves_nothing_behind(graph: PyDeedGraph) -> None:
    text = "UNWIND range(1, $count) AS x RETURN x"
    for count in (5_000, 3, 10_000, 1):
        result = graph.execute(text, {"count": count})
        assert result.fetchone() == (1,)
        del result
        assert rows(graph, text, count=3) == [(1,), (2,), (3,)]


def test_an_error_leaves_nothing_behind(graph: PyDeedGraph) -> None:
    text = "UNWIND $values AS x RETURN 10 / x AS y"
    single = "RETURN 10 / $x AS y"
    for _ in range(3):
        assert rows(graph, text, values=[1, 2]) == [(10,), (5,)]
        with pytest.raises(QueryError):
            rows(graph, text, values=[1, 0])
        assert rows(graph, single, x=5) == [(2,)]
        with pytest.raises(QueryError):
            rows(graph, single, x=0)


def test_rows_in_front_of_an_error_come_first(graph: PyDeedGraph) -> None:
    result = graph.execute("UNWIND range(1, 5000) AS x RETURN 10 / (4500 - x) AS y")
    seen = []
    with pytest.raises(QueryError):
        while True:
            seen += result.fetchmany(100)
    assert len(seen) >= 2_048 and seen[0] == (0,)


def test_rows_come_in_order_however_they_are_fetched(graph: PyDeedGraph) -> None:
    chance = random.Random(7)
    for count in (0, 1, 2_047, 2_048, 2_049, 10_000):
        result = graph.execute("UNWIND range(1, $count) AS x RETURN x, toString(x) AS text", {"count": count})
        seen: list[Any] = []
        while len(seen) < count:
            way = chance.randrange(3)
            if way == 0:
                seen.append(result.fetchone())
            elif way == 1:
                repr(result)
                seen += result.fetchmany(chance.choice((1, 7, 1_000, 3_000)))
            else:
                seen.append(next(result))
        assert seen == [(x, str(x)) for x in range(1, count + 1)]
        assert result.fetchall() == [] and result.fetchone() is None


def test_what_is_created_belongs_to_its_execution(graph: PyDeedGraph) -> None:
    for number in range(200, 260):
        result = graph.execute("CREATE (p:Person {key: $key, name: $name}) RETURN p", {"key": number, "name": str(number)})
        assert result.counters["nodes_created"] == 1 and result.counters["properties_set"] == 2
        assert result.fetchone()[0].properties == {"key": number, "name": str(number)}
    assert rows(graph, "MATCH (p:Person) WHERE p.key >= 200 RETURN count(*)") == [(60,)]


def test_an_index_finds_what_equality_says(graph: PyDeedGraph) -> None:
    """The rows that an index finds are those that a scan finds."""
    values = [0, 1, 1.0, 2**53, 2**53 + 1, float(2**53), -1, -0.0, True, False, "", "1", "long" * 600, "long" * 600 + "!", [1], [1.0], []]
    for value in values:
        graph.execute("CREATE (:Indexed {value: $value}) CREATE (:Plain {value: $value})", {"value": value})
    graph.create_index("Indexed", "value")
    for value in values + [None, float("nan"), 2**53 - 1, float(2**53 + 2), "lon", [None]]:
        found, wanted = (
            sorted(rows(graph, f"MATCH (n:{label} {{value: $value}}) RETURN toString(n.value[0]), n.value", value=value), key=repr)
            if isinstance(value, list)
            else sorted(rows(graph, f"MATCH (n:{label} {{value: $value}}) RETURN n.value", value=value), key=repr)
            for label in ("Indexed", "Plain")
        )
        assert found == wanted, value


def test_an_index_minds_every_label_and_every_condition(graph: PyDeedGraph) -> None:
    graph.execute("MATCH (p:Person {key: 5}) SET p:Old")
    text = "MATCH (p:Person:Old {key: $key}) RETURN p.key"
    assert [rows(graph, text, key=key) for key in (5, 6)] == [[(5,)], []]
    assert rows(graph, "MATCH (p:Person {key: $key, name: $name}) RETURN p.key", key=7, name="person number 8") == []
    assert rows(graph, "MATCH (p:Person {key: $key}) WHERE p.key = $other RETURN p.key", key=7, other=8) == []


def test_names_that_come_up_later_are_found(graph: PyDeedGraph) -> None:
    text = "MATCH (p:Person {key: $key}) RETURN p.nickname"
    assert rows(graph, text, key=3) == [(None,)]
    graph.execute("MATCH (p:Person {key: 3}) SET p.nickname = 'Three'")
    assert rows(graph, text, key=3) == [("Three",)]
    expand = "MATCH (p:Person {key: $key})-[:LIKES]->(q) RETURN q.key"
    assert rows(graph, expand, key=3) == []
    graph.execute("MATCH (p:Person {key: 3}), (q:Person {key: 9}) CREATE (p)-[:LIKES]->(q)")
    assert rows(graph, expand, key=3) == [(9,)]


def test_each_execution_sees_what_is_committed_then(graph: PyDeedGraph) -> None:
    text = "MATCH (p:Person {key: $key}) RETURN p.name"
    with graph.transaction() as transaction:
        transaction.execute("MATCH (p:Person {key: 4}) SET p.name = 'changed'")
        assert transaction.execute(text, {"key": 4}).fetchall() == [("changed",)]
        assert rows(graph, text, key=4) == [("person number 4",)]
    assert rows(graph, text, key=4) == [("changed",)]
