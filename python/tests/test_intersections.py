"""Cycles that are closed by intersecting lists of neighbours: the same matches as by hand, whatever the order of the steps."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest
from deed_core import PyDeedGraph
from test_counted_patterns import Graph, Pattern
from test_plan_data import explained, operators, random_steps

TRIANGLE = "MATCH (a)-[r:R]->(b)-[s:R]->(c)-[t:R]->(a)"


def intersecting(graph: PyDeedGraph, text: str) -> dict[str, Any]:
    """The plan of a triangle whose third entity is found from both others."""
    steps = [
        {"step": "start", "entity": 0, "by": "scan"},
        {"step": "expand", "relationship": 0, "from": 0},
        {"step": "intersect", "entity": 2, "relationships": [1, 2]},
    ]
    return {**explained(graph, text), "patterns": [steps]}


def check(seed: int) -> int:
    """The number of plans that intersect."""
    rng = random.Random(seed)
    graph, pattern = Graph.random(rng), Pattern.random(rng)
    text = f"{pattern.text()} RETURN {', '.join(f'e{entity}.u' for entity in range(pattern.entities))}"
    wanted = Counter(pattern.matches(graph))
    found = 0
    # With the least memory no lists are kept from one chunk to the next.
    memory = 1 if seed % 4 == 3 else None
    with PyDeedGraph(threads=1 + seed % 2, parallel_rows_min=0, query_memory=memory) as deed:
        graph.create(deed)
        own, space = explained(deed, text), json.loads(deed.plan_space(text))
        for _ in range(4):
            patterns = [random_steps(rng, part, steps) for part, steps in zip(space["patterns"], own["patterns"], strict=True)]
            deed.set_execution_plan(text, {**own, "patterns": patterns})
            assert Counter(deed.execute(text).fetchall()) == wanted, f"seed {seed}\n{graph}\n{text}\n{patterns}"
            found += "Intersect" in operators(explained(deed, text))
    return found


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_random_plans_find_all_matches(first: int) -> None:
    assert sum(check(seed) for seed in range(first, first + 50)) > 10


def dense(graph: PyDeedGraph, nodes: int, ends: list[tuple[int, int]]) -> None:
    graph.execute("UNWIND range(0, $last) AS n CREATE (:N {n: n})", {"last": nodes - 1})
    text = "UNWIND $ends AS pair MATCH (a:N {n: pair[0]}), (b:N {n: pair[1]}) CREATE (a)-[:R]->(b)"
    graph.execute("CREATE INDEX FOR (n:N) ON (n.n)")
    graph.execute(text, {"ends": [list(pair) for pair in ends]})


def triangles(ends: list[tuple[int, int]]) -> Counter[tuple[int, int, int]]:
    out: dict[int, list[int]] = {}
    for source, target in ends:
        out.setdefault(source, []).append(target)
    counts = Counter(ends)
    return Counter({
        (a, b, c): counts[a, b] * counts[b, c] * counts[c, a]
        for a in out for b in set(out[a]) for c in set(out.get(b, [])) if len({a, b, c}) == 3 and counts[c, a]
    })  # fmt: skip


def test_long_lists_and_parallel_relationships() -> None:
    """Hubs, whose lists are searched by galloping, and more matches of one pair of entities than a chunk has rows."""
    rng = random.Random(3)
    ends = [(int(300 * rng.random() ** 2), rng.randrange(300)) for _ in range(2_000)]
    ends += [(297, 298)] * 20 + [(298, 299)] * 20 + [(299, 297)] * 20
    wanted = triangles(ends)
    text = TRIANGLE + " WHERE a <> b AND b <> c AND c <> a RETURN a.n, b.n, c.n, id(r), id(s), id(t)"
    with PyDeedGraph(threads=1) as graph:
        dense(graph, 300, ends)
        graph.set_execution_plan(text, intersecting(graph, text))
        rows = graph.execute(text).fetchall()
        assert "Intersect" in operators(explained(graph, text))
        assert len(set(rows)) == len(rows) and Counter(row[:3] for row in rows) == wanted
        # One row of the others at a time, and few lists kept.
        before = graph.execute("MATCH (n:N) CALL (n) { " + TRIANGLE + " WHERE a = n RETURN count(*) AS k } RETURN sum(k)").scalar()
        assert before == graph.execute(TRIANGLE + " RETURN count(*)").scalar()


def test_lists_are_those_of_the_snapshot() -> None:
    with PyDeedGraph(threads=1) as graph:
        dense(graph, 30, [(a, b) for a in range(30) for b in range(30) if (a + b) % 3])
        text = TRIANGLE + " RETURN a.n, b.n, c.n"
        graph.set_execution_plan(text, intersecting(graph, text))
        before = Counter(graph.execute(text).fetchall())
        with graph.transaction() as transaction:
            assert Counter(transaction.execute(text).fetchall()) == before
            graph.execute("MATCH (a:N {n: 1})-[r:R]->() DELETE r")
            graph.execute("MATCH (a:N {n: 3}), (b:N {n: 6}) CREATE (a)-[:R]->(b)")
            assert Counter(transaction.execute(text).fetchall()) == before
            transaction.execute("MATCH (a:N {n: 2})-[r:R]->() DELETE r")
            own = Counter({row: count for row, count in before.items() if 2 not in row})
            assert Counter(transaction.execute(text).fetchall()) == own
        after = Counter(graph.execute(text).fetchall())
        assert after and not any(1 in row or 2 in row for row in after) and any({3, 6} <= set(row) for row in after)


def test_lists_are_read_anew_after_a_change_of_the_same_statement() -> None:
    text = (
        "UNWIND range(1, 3) AS round CALL (round) { MATCH (a:N)-[:R]->(b:N)-[:R]->(c:N)-[:R]->(a) WITH count(*) AS found "
        "MATCH (x)-[:S]->(y) CREATE (x)-[:R]->(y) RETURN found } RETURN found ORDER BY found"
    )
    with PyDeedGraph(threads=1) as graph:
        graph.execute("CREATE (x:N)-[:R]->(y:N)-[:R]->(z:N)-[:R]->(x), (x)-[:S]->(y)")
        own = explained(graph, text)
        steps = [
            {"step": "start", "entity": 0, "by": "scan"},
            {"step": "expand", "relationship": 0, "from": 0},
            {"step": "intersect", "entity": 2, "relationships": [1, 2]},
            {"step": "join"},
        ]
        patterns = [steps if len(pattern) == 4 else pattern for pattern in own["patterns"]]
        graph.set_execution_plan(text, {**own, "patterns": patterns, "aggregations": ["rows"] * len(own["aggregations"])})
        assert graph.execute(text).fetchall() == [(3,), (6,), (9,)]
        assert "Intersect" in operators(explained(graph, text))


def test_the_planner_intersects_where_many_rows_are_expected() -> None:
    with PyDeedGraph(threads=1) as graph:
        rng = random.Random(2)
        dense(graph, 2_000, [(rng.randrange(2_000), rng.randrange(2_000)) for _ in range(20_000)])
        text = TRIANGLE + " WHERE a.n < b.n RETURN a.n, b.n, c.n"
        assert "Intersect" in operators(explained(graph, text))
        assert "Intersect" not in operators(explained(graph, text.replace("(a)", "(a:N {n: 7})", 1)))
        candidates = json.loads(graph.plan_space(text))["patterns"][0]["candidates"]
        kinds = {any(step["step"] == "intersect" for step in candidate["steps"]) for candidate in candidates}
        assert kinds == {True, False}


def test_lists_that_do_not_fit_into_memory_are_read_for_fewer_rows() -> None:
    """What one query may hold is no limit here, so that lists are kept until the store has no memory left for them."""
    nodes, relationships, limit = 20_000, 400_000, 32 << 20
    rng = random.Random(5)
    ends = [rng.choices(range(nodes), k=relationships) for _ in range(2)]
    text = TRIANGLE + " WHERE a.n < b.n RETURN sum(a.n + b.n * 3 + c.n), count(*)"

    def answer(room: dict[str, int], texts: int) -> Any:
        with PyDeedGraph(threads=1, **room) as graph:
            ids = list(graph.add_entities("N", {"n": list(range(nodes))}))
            graph.add_edges("R", *[[ids[number] for number in numbers] for numbers in ends])
            for number in range(texts):  # of a collection each, whose memory is asked for piece by piece
                graph.add_entities(f"Text{number}", {"text": ["x" * 1_000] * 900})
            graph.set_execution_plan(text, intersecting(graph, text))
            rows = graph.execute(text).fetchall()
            assert "Intersect" in operators(explained(graph, text))
            memory = graph.stats()["memory"]
            # Pheromone gives way to queries; lists of both directions have 16 bytes for each relationship.
            held = memory["total"] - memory["pheromone"] + 2 * 16 * relationships
            assert (held > memory["limit"]) == bool(room)
            return rows

    assert answer({"memory_limit": limit, "query_memory": 1 << 40}, 8) == answer({}, 8)
