"""Plans as data: explained, set for the queries of a shape, cleared; none of them changes what a query gives."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from deed_core import CypherSyntaxError, InvalidArgument, PyDeedGraph, TypeMismatch
from oracle.clauses import TooLarge
from oracle.generator import Generator, creation, random_graph
from oracle.values import plain

TEXT = "MATCH (a:L)-[:R]->(b:M) WHERE a.k = 5 RETURN b.k AS k"
SEEK = {"step": "start", "entity": 0, "by": "index", "label": "L", "properties": ["k"]}


@pytest.fixture
def graph() -> Iterator[PyDeedGraph]:
    with PyDeedGraph(threads=1) as graph:
        graph.execute("UNWIND range(1, 100) AS i CREATE (:L {k: i})-[:R]->(:M {k: i})")
        graph.execute("CREATE INDEX by_k FOR (n:L) ON (n.k)")
        graph.drain_reports()
        yield graph


def explained(graph: PyDeedGraph, text: str, plan: Any = None) -> dict[str, Any]:
    document = json.loads(graph.explain_plan(text, plan))
    assert isinstance(document, dict)
    return document


def operators(document: dict[str, Any]) -> list[str]:
    return [item["operator"] for item in document["operators"]]


def report_of(graph: PyDeedGraph, text: str) -> Any:
    graph.drain_reports()
    graph.execute(text).fetchall()
    return graph.drain_reports()[-1]


def scanning(document: dict[str, Any]) -> dict[str, Any]:
    """From the other end, without the index."""
    steps = [{"step": "start", "entity": 1, "by": "scan"}, {"step": "expand", "relationship": 0, "from": 1}]
    return {**document, "patterns": [steps]}


# ---- Explaining -------------------------------------------------------------------------------------------------------


def test_a_plan_says_what_was_chosen(graph: PyDeedGraph) -> None:
    document = explained(graph, TEXT)
    assert document["version"] == 1 and document["pin"] is None and document["cost"] > 0
    assert document["patterns"] == [[SEEK, {"step": "expand", "relationship": 0, "from": 0}]]
    assert [line.strip().split(" ")[0] for line in graph.execute("EXPLAIN " + TEXT).scalar().split("\n")] == operators(document)
    assert explained(graph, "EXPLAIN " + TEXT)["shape"] == document["shape"] == report_of(graph, TEXT)["shape"]
    assert report_of(graph, TEXT)["plan"] == document["plan"]


def test_the_same_choices_are_the_same_plan(graph: PyDeedGraph) -> None:
    first = explained(graph, TEXT)
    again = explained(graph, TEXT.replace("5", "6"), json.dumps(first, indent=2))
    assert again == first
    other = explained(graph, TEXT, scanning(first))
    assert other["plan"] != first["plan"] and operators(other) != operators(first)
    assert "SeekIndex" in operators(first) and "SeekIndex" not in operators(other)


def test_aggregations_are_choices(graph: PyDeedGraph) -> None:
    text = "MATCH (a)-[:R]->(b)<-[:R]-(c) RETURN count(*) AS n"
    document = explained(graph, text)
    counted, made = (explained(graph, text, {**document, "aggregations": [way]}) for way in ("count", "rows"))
    assert "CountMatches" in operators(counted) and "CountMatches" not in operators(made)
    assert document in (counted, made)
    for plan in (counted, made):
        graph.set_execution_plan(text, plan)
        assert graph.execute(text).scalar() == 0
    with pytest.raises(InvalidArgument, match="aggregation 0 cannot be done by 'search'"):
        graph.explain_plan(text, {**document, "aggregations": ["search"]})


# ---- Setting ----------------------------------------------------------------------------------------------------------


def test_a_plan_that_is_set_is_followed(graph: PyDeedGraph) -> None:
    own = explained(graph, TEXT)
    statement = graph.prepare_statement(TEXT)
    rows = statement.execute().fetchall()
    assert report_of(graph, TEXT)["pin_followed"] is None
    graph.set_execution_plan(own["shape"], scanning(own))
    for run in (lambda: graph.execute(TEXT), statement.execute):
        graph.drain_reports()
        assert run().fetchall() == rows
        report = graph.drain_reports()[0]
        assert report["pin_followed"] is True and report["plan"] != own["plan"]
        assert "SeekIndex" not in {item["operator"] for item in report["operators"]}
    now = explained(graph, TEXT)
    assert now["pin"] == {"plan": now["plan"], "followed": True, "reason": None}
    assert "SeekIndex" not in graph.execute("EXPLAIN " + TEXT).scalar()
    # Another literal, and a text that has not been seen yet.
    assert report_of(graph, TEXT.replace("5", "77"))["pin_followed"] is True
    assert [plan["shape"] for plan in graph.execution_plans()] == [own["shape"]]
    assert graph.clear_execution_plan(TEXT) is True and graph.clear_execution_plan(TEXT) is False
    assert graph.execution_plans() == []
    assert report_of(graph, TEXT)["plan"] == own["plan"] and report_of(graph, TEXT)["pin_followed"] is None
    assert statement.execute().fetchall() == rows


def test_a_plan_that_has_grown_stale_is_not_followed(graph: PyDeedGraph) -> None:
    own = explained(graph, TEXT)
    graph.set_execution_plan(TEXT, own)
    rows = graph.execute(TEXT).fetchall()
    graph.execute("DROP INDEX by_k")
    assert graph.execute(TEXT).fetchall() == rows
    report = report_of(graph, TEXT)
    assert report["pin_followed"] is False and report["complete"]
    assert "through an index on L(k)" in explained(graph, TEXT)["pin"]["reason"]
    with pytest.raises(InvalidArgument, match="cannot be found through an index"):
        graph.set_execution_plan(TEXT, own)
    graph.execute("CREATE INDEX by_k FOR (n:L) ON (n.k)")
    assert report_of(graph, TEXT)["pin_followed"] is True


EXPAND = {"step": "expand", "relationship": 0, "from": 0}
SCAN = {"step": "start", "entity": 0, "by": "scan"}
ILLEGAL = [
    ([], "nothing leads to entity 0"),
    ([SEEK], "nothing leads to entity 1"),
    ([EXPAND], "cannot be walked"),
    ([SEEK, SEEK], "has been found before"),
    ([SEEK, EXPAND, EXPAND], "cannot be walked"),
    ([SEEK, {**EXPAND, "relationship": 7}], "no relationship 7"),
    ([SEEK, {**EXPAND, "from": -1}], "from an entity -1"),
    ([{**SCAN, "entity": 9}], "no entity 9"),
    ([{**SCAN, "by": "id"}], "cannot be found by id"),
    ([{**SEEK, "properties": ["z"]}], "cannot be found through an index"),
    ([SEEK, {"step": "join"}], "no part to join"),
    ([SEEK, {**SCAN, "entity": 1}], "not joined|nothing leads|is not walked"),
    ([SEEK, {**SCAN, "entity": 1}, {"step": "join"}], "relationship 0 is not walked"),
    ([SEEK, {"step": "intersect", "entity": 1, "relationships": [0]}], "not where several relationships meet"),
    ([SEEK, {"step": "intersect", "entity": 1, "relationships": [0, 0]}], "not where several relationships meet"),
    ([SEEK, {"step": "intersect", "entity": 1, "relationships": [0, 7]}], "no relationship 7"),
    ([SEEK, {"step": "intersect", "entity": 0, "relationships": [0, 1]}], "has been found before"),
    ([SEEK, {"step": "intersect", "entity": 9, "relationships": [0, 1]}], "no entity 9"),
    ([{"step": "intersect", "entity": 1, "relationships": [0, 7]}], "relationship 0 cannot be walked to entity 1"),
    ([SEEK, {"step": "intersect", "entity": 1, "relationships": [0, "1"]}], "other than integers"),
    ([{"step": "jump"}], "none of"),
    ([{"step": "start", "entity": 0}], "has no 'by'"),
    ([{"step": "start", "entity": "0", "by": "scan"}], "no integer"),
    ([{"step": "start", "entity": 1 << 70, "by": "scan"}], "no integer"),
    ([{**SCAN, "x": 1}], "unknown key 'x'"),
    ([7], "no object"),
]


@pytest.mark.parametrize(("steps", "message"), ILLEGAL)
def test_steps_that_a_pattern_does_not_have(graph: PyDeedGraph, steps: list[Any], message: str) -> None:
    document = explained(graph, TEXT)
    with pytest.raises(InvalidArgument, match=message):
        graph.set_execution_plan(TEXT, {**document, "patterns": [steps]})
    assert graph.execution_plans() == []


@pytest.mark.parametrize("plan", [
    "", "{", "[]", "null", "7", "{}", '{"version": 1}', '{"version": 2, "shape": "", "patterns": [], "aggregations": []}',
    '{"version": 1, "version": 1}', "[" * 100_000, '{"a":' * 50_000, '{"version": 1e999}', '"\\ud800"', '"\\u12"', '"\x01"', "tru",
    '{"version": 1, "shape": 5, "patterns": [], "aggregations": []}', "1 2", "-", "+1", '{"version" 1}', '{"version": 1,}',
    '{"version": 1, "shape": "RETURN 1", "patterns": [], "aggregations": []}', " " * 2_000_000,
])
def test_what_is_no_plan(graph: PyDeedGraph, plan: str) -> None:
    with pytest.raises(InvalidArgument, match="the plan cannot be used"):
        graph.set_execution_plan(TEXT, plan)
    with pytest.raises(InvalidArgument, match="the plan cannot be used"):
        graph.explain_plan(TEXT, plan)
    assert graph.execution_plans() == []


@pytest.mark.parametrize("number", ["01", "-01", "00", "1.", "1e", "1e+", ".1", "+1", "--1", "0x1", "1_0", "-"])
def test_a_number_that_json_does_not_have(graph: PyDeedGraph, number: str) -> None:
    text = json.dumps(explained(graph, TEXT))
    assert '"version": 1,' in text
    graph.set_execution_plan(TEXT, text)
    graph.clear_execution_plan(TEXT)
    with pytest.raises(InvalidArgument, match="the plan cannot be used"):
        graph.set_execution_plan(TEXT, text.replace('"version": 1,', f'"version": {number},'))
    assert graph.execution_plans() == []


def test_commands_have_no_plan(graph: PyDeedGraph) -> None:
    for text in ("CREATE INDEX FOR (n:L) ON (n.z)", "BEGIN", "SHOW INDEXES"):
        with pytest.raises(InvalidArgument, match="command"):
            graph.explain_plan(text)
        with pytest.raises(InvalidArgument, match="command"):
            graph.plan_space(text)
    with pytest.raises(TypeMismatch):
        graph.set_execution_plan(TEXT, 5)  # type: ignore[arg-type]


# ---- Hints ------------------------------------------------------------------------------------------------------------


def test_hints_are_followed(graph: PyDeedGraph) -> None:
    pattern = "MATCH (a:L)-[:R]->(b:M) {} WHERE a.k = 5 AND b.k < 50 RETURN b.k"
    own = explained(graph, pattern.format(""))["patterns"][0]
    assert own[0] == SEEK
    for hint, step in (("USING SCAN a:L", SCAN), ("USING INDEX a:L(k)", SEEK), ("USING SCAN b:M", {**SCAN, "entity": 1})):
        text = pattern.format(hint)
        assert explained(graph, text)["patterns"][0][0] == step
        result = graph.execute(text)
        assert result.fetchall() == [(5,)] and result.notices == ()


def test_a_hint_to_join_makes_parts_meet(graph: PyDeedGraph) -> None:
    graph.execute("MATCH (a:L {k: 1}), (b:M {k: 2}) CREATE (a)-[:R]->(b)")
    text = "MATCH (a:L)-[:R]->(b:M)<-[:R]-(c:L) {} WHERE a.k < c.k RETURN a.k, b.k, c.k"
    hinted = text.format("USING JOIN ON b")
    assert "Join(inner)" in operators(explained(graph, hinted)) and "Join(inner)" not in operators(explained(graph, text.format("")))
    result = graph.execute(hinted)
    assert result.notices == () and result.fetchall() == graph.execute(text.format("")).fetchall() == [(1, 2, 2)]


def test_a_hint_that_cannot_be_followed_is_noticed(graph: PyDeedGraph) -> None:
    for hint in ("USING INDEX b:M(k)", "USING JOIN ON a"):
        result = graph.execute(f"MATCH (a:L)-[:R]->(b:M) {hint} WHERE a.k = 5 AND b.k = 5 RETURN b.k")
        assert "hint cannot be followed" in result.notices[0] and result.fetchall() == [(5,)]
    with pytest.raises(CypherSyntaxError, match="not defined"):
        graph.execute("MATCH (a:L) USING SCAN z:L RETURN a.k")


# ---- Spaces -----------------------------------------------------------------------------------------------------------


def test_a_space_has_what_can_be_chosen(graph: PyDeedGraph) -> None:
    [pattern] = json.loads(graph.plan_space(TEXT))["patterns"]
    a, b = pattern["entities"]
    assert (a["name"], a["labels"], a["rows"], b["name"]) == ("a", ["L"], 100, "b")
    assert [start["by"] for start in a["starts"]] == ["index", "scan"] and [start["by"] for start in b["starts"]] == ["scan"]
    [relationship] = pattern["relationships"]
    assert (relationship["left"], relationship["right"], relationship["direction"], relationship["types"]) == (0, 1, "out", ["R"])
    assert relationship["density"] == pytest.approx(100 / (100 * 100))
    [predicate] = pattern["predicates"]
    assert predicate["entities"] == [0] and 0 < predicate["selectivity"] < 1
    own = explained(graph, TEXT)
    costs = [candidate["cost"] for candidate in pattern["candidates"]]
    assert len(costs) == 3 and costs == sorted(costs)
    for candidate in pattern["candidates"]:
        other = explained(graph, TEXT, {**own, "patterns": [candidate["steps"]]})
        assert other["patterns"] == [candidate["steps"]]


def meetings(left: list[dict[str, Any]], present: set[int]) -> dict[int, list[int]]:
    """The entities to which several relationships lead from what is present, with these relationships."""
    found: dict[int, list[int]] = {}
    for one in left:
        ends = {one["left"], one["right"]}
        if len(ends) == 2 and len(ends & present) == 1 and not one["variable_length"]:
            found.setdefault((ends - present).pop(), []).append(one["relationship"])
    return {entity: relationships for entity, relationships in found.items() if len(relationships) > 1}


def random_steps(rng: random.Random, pattern: dict[str, Any], own: list[Any]) -> list[Any]:
    """Legal steps, drawn at random: one part after the other, each joined to what was there before."""
    if any(relationship["needs"] for relationship in pattern["relationships"]):
        return own
    before = {entity["entity"] for entity in pattern["entities"] if entity["given"]}
    left = [relationship for relationship in pattern["relationships"] if not relationship["given"]]
    for relationship in pattern["relationships"]:
        if relationship["given"]:
            before |= {relationship["left"], relationship["right"]}
    steps: list[Any] = []
    part: set[int] | None = None  # Entities of the part that stands alone, while there is one.
    is_unit = pattern["unit"]
    while True:
        present = before if part is None else part
        ready = [one for one in left if {one["left"], one["right"]} & present]
        missing = [one for one in pattern["entities"] if one["entity"] not in before | present]
        met = meetings(left, present)
        if met and rng.random() < 0.7:
            entity = rng.choice(sorted(met))
            numbers = rng.sample(met[entity], rng.randint(2, len(met[entity])))
            left = [one for one in left if one["relationship"] not in numbers]
            steps.append({"step": "intersect", "entity": entity, "relationships": numbers})
            present.add(entity)
        elif ready and (part is not None or rng.random() < 0.6 or not missing) and (part is None or rng.random() < 0.8):
            chosen = rng.choice(ready)
            left.remove(chosen)
            ends = {chosen["left"], chosen["right"]}
            steps.append({"step": "expand", "relationship": chosen["relationship"], "from": rng.choice(sorted(ends & present))})
            present |= ends
        elif part is not None:
            steps.append({"step": "join"})
            before |= part
            part = None
        elif missing:
            entity = rng.choice(missing)["entity"]
            steps.append({"step": "start", "entity": entity, "by": "scan"})
            if is_unit:
                before.add(entity)
                is_unit = False
            else:
                part = {entity}
        else:
            return steps


def test_random_plans_give_the_same_rows() -> None:
    """The plans of random queries are drawn from their spaces; whether the query is answered rightly is tested elsewhere."""
    followed = 0
    for seed in range(120):
        rng = random.Random(seed)
        oracle_graph = random_graph(rng)
        query = Generator(rng).query()
        made = creation(oracle_graph)
        try:
            list(query.run(oracle_graph))
        except TooLarge:
            continue
        with PyDeedGraph(threads=1) as graph:
            if made:
                graph.execute(made)
            text = str(query)
            rows = Counter(map(repr, (tuple(plain(v, sorts_lists=query.sorts_lists) for v in row) for row in graph.execute(text))))
            own, space = explained(graph, text), json.loads(graph.plan_space(text))
            assert len(own["patterns"]) == len(space["patterns"])
            for _ in range(3):
                patterns = [
                    random_steps(rng, pattern, steps) for pattern, steps in zip(space["patterns"], own["patterns"], strict=True)]
                plan = {**own, "patterns": patterns, "aggregations": ["rows"] * len(own["aggregations"])}
                try:
                    graph.set_execution_plan(text, plan)
                except InvalidArgument as error:
                    # Of a relationship or path that the pattern finds itself.
                    assert "conditions that need" in str(error)
                    continue
                graph.drain_reports()
                got = Counter(
                    map(repr, (tuple(plain(v, sorts_lists=query.sorts_lists) for v in row) for row in graph.execute(text))))
                assert got == rows, f"seed {seed}\n{text}\n{patterns}"
                assert graph.drain_reports()[0]["pin_followed"] is True
                followed += patterns != own["patterns"]
    assert followed > 100
