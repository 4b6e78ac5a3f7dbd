"""Counts of patterns that are computed without making the matches, compared with counting by hand on random graphs with
parallel relationships and self-loops, and with the rows that the same pattern gives. DEED_QUERY_SEEDS says how many seeds."""

from __future__ import annotations

import itertools
import json
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from deed_core import InvalidArgument, OutOfMemory, PyDeedGraph

SEEDS = int(os.environ.get("DEED_QUERY_SEEDS", "200"))
BLOCK = 50
TYPES = ["R", "S"]
LABELS = ["A", "B"]


@dataclass
class Graph:
    """Nodes are numbers, with labels and a property; relationships are (type, source, target), each with a number as well."""

    labels: list[str]
    ages: list[int | None]
    relationships: list[tuple[str, int, int]]
    weights: list[int]

    @staticmethod
    def random(rng: random.Random) -> Graph:
        nodes = rng.randint(1, 6)
        ends = [rng.randrange(nodes) for _ in range(2 * rng.randint(0, 12))]
        return Graph(
            [rng.choice(LABELS) for _ in range(nodes)],
            [rng.choice([None, 1, 2, 3]) for _ in range(nodes)],
            [(rng.choice(TYPES), a, b) for a, b in zip(ends[::2], ends[1::2], strict=True)],
            [rng.randrange(4) for _ in ends[::2]],
        )

    def create(self, deed: PyDeedGraph) -> None:
        parts = []
        for number, (label, age) in enumerate(zip(self.labels, self.ages, strict=True)):
            properties = f"u: {number}" + (f", age: {age}" if age is not None else "")
            parts.append(f"(n{number}:{label} {{{properties}}})")
        for (type, a, b), weight in zip(self.relationships, self.weights, strict=True):
            parts.append(f"(n{a})-[:{type} {{w: {weight}}}]->(n{b})")
        deed.execute("CREATE " + ", ".join(parts))


@dataclass
class Pattern:
    """Entities by number; a relationship is (from, to, types, direction). `heavy` are those whose number is to be above a limit,
    and `rising` those from whose first entity to whose second the age is to rise."""

    labels: dict[int, str] = field(default_factory=dict)
    limits: dict[int, int] = field(default_factory=dict)
    relationships: list[tuple[int, int, list[str], str]] = field(default_factory=list)
    entities: int = 1
    heavy: dict[int, int] = field(default_factory=dict)
    rising: set[int] = field(default_factory=set)
    # The first relationship of a second MATCH.
    second: int | None = None

    @staticmethod
    def random(rng: random.Random) -> Pattern:
        pattern = Pattern()
        is_chain = rng.random() < 0.6
        for _ in range(rng.choice([1, 2, 2, 3, 3, 3, 4])):
            start = pattern.entities - 1 if is_chain else rng.randrange(pattern.entities)
            if rng.random() < 0.8:
                end = pattern.entities
                pattern.entities += 1
            else:
                end = rng.randrange(pattern.entities)
            types = rng.choice([[], ["R"], ["R"], ["R"], ["S"], ["R", "S"]])
            pattern.relationships.append((start, end, types, rng.choice(["out", "out", "in", "both"])))
        for entity in range(pattern.entities):
            if rng.random() < 0.2:
                pattern.labels[entity] = rng.choice(LABELS)
            if rng.random() < 0.2:
                pattern.limits[entity] = rng.choice([1, 2])
        for index in range(len(pattern.relationships)):
            if rng.random() < 0.15:
                pattern.heavy[index] = rng.randrange(3)
            if rng.random() < 0.1:
                pattern.rising.add(index)
        if len(pattern.relationships) > 1 and rng.random() < 0.15:
            pattern.second = rng.randrange(1, len(pattern.relationships))
        return pattern

    def text(self) -> str:
        steps = []
        for index, (start, end, types, direction) in enumerate(self.relationships):
            name = f"r{index}" if index in self.heavy else ""
            inside = f"[{name}:{'|'.join(types)}]" if types else f"[{name}]"
            left, right = {"out": ("-", "->"), "in": ("<-", "-"), "both": ("-", "-")}[direction]
            steps.append(f"(e{start}){left}{inside}{right}(e{end})")
        second = len(steps) if self.second is None else self.second
        text = "MATCH " + ", ".join(steps[:second])
        if steps[second:]:
            text += " MATCH " + ", ".join(steps[second:])
        terms = [f"e{entity}:{label}" for entity, label in self.labels.items()]
        terms += [f"e{entity}.age > {limit}" for entity, limit in self.limits.items()]
        terms += [f"r{index}.w > {limit}" for index, limit in self.heavy.items()]
        terms += [f"e{self.relationships[index][0]}.age < e{self.relationships[index][1]}.age" for index in sorted(self.rising)]
        return text + (" WHERE " + " AND ".join(terms) if terms else "")

    def matches(self, graph: Graph) -> list[tuple[int, ...]]:
        """The entities of each match."""
        found: list[tuple[int, ...]] = []
        bound: dict[int, int] = {}

        def fits(entity: int, node: int) -> bool:
            if bound.get(entity, node) != node:
                return False
            age, limit = graph.ages[node], self.limits.get(entity)
            if limit is not None and (age is None or age <= limit):
                return False
            return self.labels.get(entity, graph.labels[node]) == graph.labels[node]

        def rises(left: int, right: int) -> bool:
            young, old = graph.ages[left], graph.ages[right]
            return young is not None and old is not None and young < old

        def extend(used: list[int]) -> None:
            if len(used) == len(self.relationships):
                found.append(tuple(bound[entity] for entity in range(self.entities)))
                return
            index = len(used)
            start, end, types, direction = self.relationships[index]
            own = used if self.second is None or index < self.second else used[self.second :]
            for number, (type, source, target) in enumerate(graph.relationships):
                if number in own or (types and type not in types) or graph.weights[number] <= self.heavy.get(index, -1):
                    continue
                ways = {"out": [(source, target)], "in": [(target, source)]}.get(
                    direction, list({(source, target), (target, source)}))
                for left, right in ways:
                    if not fits(start, left) or not fits(end, right) or (start == end and left != right):
                        continue
                    if index in self.rising and not rises(left, right):
                        continue
                    before = dict(bound)
                    bound.update({start: left, end: right})
                    extend([*used, number])
                    bound.clear()
                    bound.update(before)

        extend([])
        return found


def count_if_possible(deed: PyDeedGraph, query: str) -> None:
    """Small graphs would not be worth it."""
    own = json.loads(deed.explain_plan(query))
    try:
        deed.set_execution_plan(query, {**own, "aggregations": ["count"] * len(own["aggregations"])})
    except InvalidArgument as error:
        assert "cannot be done by 'count'" in str(error)


def check(seed: int) -> tuple[str | None, bool]:
    """What is wrong, if anything is, and whether the count was pushed down."""
    rng = random.Random(seed)
    graph, pattern = Graph.random(rng), Pattern.random(rng)
    matches = pattern.matches(graph)
    root = rng.randrange(pattern.entities)
    groups = Counter(match[root] for match in matches)
    ages = Counter(graph.ages[match[root]] for match in matches)
    text = pattern.text()
    wanted: dict[str, list[Any]] = {
        "count(*)": [(len(matches),)],
        f"count(e{root})": [(len(matches),)],
        f"count(e{root}.age)": [(sum(graph.ages[match[root]] is not None for match in matches),)],
        f"count(DISTINCT e{root})": [(len(groups),)],
        f"max(e{root}.age), count(*)": [(max((age for age in ages if age is not None), default=None), len(matches))],
        "7 AS seven, count(*)": [(7, len(matches))] if matches else [],
        f"DISTINCT e{root}.u": [(u,) for u in groups],
        f"e{root}.u, count(*)": sorted(groups.items()),
        f"e{root}.age, count(*)": sorted(ages.items(), key=repr),
    }
    is_pushed = False
    with PyDeedGraph(threads=1 + seed % 3, parallel_rows_min=0) as deed:
        graph.create(deed)
        for result, rows in wanted.items():
            query = f"{text} RETURN {result}"
            count_if_possible(deed, query)
            got = sorted(deed.execute(query).fetchall(), key=repr)
            if got != sorted(rows, key=repr):
                plan = "\n".join(line for (line,) in deed.execute("EXPLAIN " + query))
                return f"seed {seed}\n{graph}\n{query}\nexpected {rows}\ngot      {got}\n{plan}", is_pushed
            is_pushed = is_pushed or "CountMatches" in str(deed.execute("EXPLAIN " + query).fetchall())
    return None, is_pushed


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_counts_are_those_of_all_matches(first: int) -> None:
    results = [check(seed) for seed in range(first, min(first + BLOCK, SEEDS))]
    problems = [problem for problem, _ in results if problem]
    assert not problems, "\n\n".join(problems)
    assert sum(is_pushed for _, is_pushed in results) > len(results) * 3 // 4


def test_predicates_that_are_counted() -> None:
    pattern = "MATCH (a)-[r:R]->(b)-[s:R]->(c)-[t:R]->(a) WHERE {} RETURN count(*)"
    with PyDeedGraph() as deed:
        for condition, is_counted in {
            "r.w > 1": True, "a.age < b.age AND c.age <> a.age": True, "r.w < a.age OR b.name STARTS WITH 'x'": True,
            "a <> b AND b:L": True, "a.age < b.age AND r.w < s.w": False, "a.age + b.age > 3": False, "r.w / a.age > 1": False,
            "b.name =~ a.name": False, "EXISTS { (a)-[:S]->(b) }": False,
        }.items():  # fmt: skip
            query = pattern.format(condition)
            count_if_possible(deed, query)
            assert ("CountMatches" in deed.execute("EXPLAIN " + query).scalar()) is is_counted, condition


def test_types_are_told_apart_by_their_bytes() -> None:
    """Two spellings of one letter are two names."""
    names = ("\u00e9", "e\u0301")
    made = [(0, "a", "b"), (1, "b", "c"), (0, "c", "a"), (1, "a", "a"), (1, "a", "c"), (1, "c", "b")]
    with PyDeedGraph() as deed:
        created = ", ".join(f"({source})-[:`{names[type]}`]->({target})" for type, source, target in made)
        deed.execute("CREATE (a), (b), (c), " + created)
        for types in itertools.product(names, repeat=3):
            query = "MATCH (a)-[:`{}`]->(b)-[:`{}`]->(c)-[:`{}`]->(a) RETURN count(*)".format(*types)
            found = []
            for way in ("rows", "count"):
                deed.set_execution_plan(query, {**json.loads(deed.explain_plan(query)), "aggregations": [way]})
                found.append(deed.execute(query).scalar())
            assert found[0] == found[1], types


def ends(graph: Graph, start: int, direction: str, types: list[str], least: int, most: int) -> set[int]:
    """What trails from an entity lead to."""
    found: set[int] = set()

    def walk(node: int, passed: tuple[int, ...]) -> None:
        if len(passed) >= least:
            found.add(node)
        if len(passed) == most:
            return
        for number, (type, source, target) in enumerate(graph.relationships):
            if number in passed or (types and type not in types):
                continue
            if direction != "in" and source == node:
                walk(target, (*passed, number))
            if direction != "out" and target == node:
                walk(source, (*passed, number))

    walk(start, ())
    return found


def check_reach(seed: int) -> str | None:
    rng = random.Random(seed)
    graph = Graph.random(rng)
    del graph.relationships[10:], graph.weights[10:]
    types = rng.choice([[], ["R"], ["R", "S"]])
    direction = rng.choice(["out", "in", "both"])
    least, most = rng.choice([(0, 1), (0, 3), (1, 1), (1, 2), (1, 3), (1, 4), (2, 3), (2, 2), (3, 1)])
    left, right = {"out": ("-", "->"), "in": ("<-", "-"), "both": ("-", "-")}[direction]
    step = f"{left}[{':' + '|'.join(types) if types else ''}*{least}..{most}]{right}"
    nodes = range(len(graph.ages))
    reached = {node: ends(graph, node, direction, types, least, most) for node in nodes}
    old = {node for node in nodes if (graph.ages[node] or 0) > 1}
    together = set().union(*(reached[node] for node in old)) if old else set()
    wanted: dict[str, list[Any]] = {
        f"MATCH (a){step}(b) WHERE a.age > 1 RETURN count(DISTINCT b)": [(len(together),)],
        f"MATCH (a){step}(b) WHERE a.age > 1 AND b.age > 1 RETURN count(DISTINCT b)": [(len(together & old),)],
        f"MATCH (a){step}(b) WHERE a.age > 1 RETURN DISTINCT b.u": [(node,) for node in together],
        f"MATCH (a){step}(b) RETURN a.u, count(DISTINCT b)": [(node, len(reached[node])) for node in nodes if reached[node]],
        f"MATCH (a){step}(b) RETURN DISTINCT a.u, b.u": [(a, b) for a in nodes for b in reached[a]],
        f"MATCH (a) RETURN a.u, EXISTS {{ MATCH (a){step}(b) WHERE b.age > 1 }}": [
            (node, bool(reached[node] & old)) for node in nodes],
    }
    with PyDeedGraph() as deed:
        graph.create(deed)
        for query, rows in wanted.items():
            got = deed.execute(query).fetchall()
            if sorted(got) != sorted(rows):
                plan = "\n".join(line for (line,) in deed.execute("EXPLAIN " + query))
                return f"seed {seed}\n{graph}\n{query}\nexpected {sorted(rows)}\ngot      {sorted(got)}\n{plan}"
    return None


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_what_is_reached_is_what_trails_lead_to(first: int) -> None:
    problems = [check_reach(seed) for seed in range(first, min(first + BLOCK, SEEDS))]
    found = [problem for problem in problems if problem]
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_search_for_all_rows_is_made_by_one_worker(threads: int) -> None:
    with PyDeedGraph(threads=threads, parallel_rows_min=0) as deed:
        deed.execute("CREATE (hub:Hub) WITH hub UNWIND range(1, 40000) AS i CREATE (:N)-[:R]->(hub)")
        assert deed.execute("MATCH (a:N)-[:R*1..2]->(b) RETURN count(DISTINCT b)").scalar() == 1


@pytest.mark.parametrize("threads", [1, 2])
def test_matches_are_made_where_there_is_no_memory_for_counting(threads: int) -> None:
    with PyDeedGraph(memory_limit=32 << 20, threads=threads, parallel_rows_min=0) as deed:
        deed.execute("UNWIND range(1, 1000) AS i CREATE (:N {i: i})")
        deed.execute("MATCH (a:N), (b:N) WHERE b.i = a.i + 1 CREATE (a)-[:R]->(b)")
        # Many entities that nothing leads to, until the only room is what is kept for queries: too little for numbers of all.
        with pytest.raises(OutOfMemory):
            for _ in range(1_000):
                deed.execute("UNWIND range(1, 10000) AS i CREATE (:M {i: i})")
        query = "MATCH (a)-[:R]->(b)-[:R]->(c) RETURN count(*)"
        assert deed.execute(query).scalar() == 998
        plan = "\n".join(line for (line,) in deed.execute("PROFILE " + query))
        assert "CountMatches" in plan
        assert "actual 998" in plan


def test_cycles_among_entities_whose_ids_have_the_same_last_digits() -> None:
    """What is looked up while cycles are counted tells ids apart by their last 16 bits first."""
    rng = random.Random(9)
    with PyDeedGraph(threads=2) as graph:
        ids = list(graph.add_entities("N", {"n": list(range(3 * 65_536))}))
        alike = [ids[number + 65_536 * part] for number in rng.sample(range(65_536), 20) for part in range(3)]
        assert len({id % 65_536 for id in alike}) == 20
        graph.add_edges("R", *[rng.choices(alike, k=1_000) for _ in range(2)])
        for pattern in ("(a)-[:R]->(b)-[:R]->(c)-[:R]->(a)", "(a)-[:R]->(b)-[:R]->(c)-[:R]->(d)-[:R]->(a)"):
            counted = graph.execute(f"MATCH {pattern} RETURN count(*)").scalar()
            assert "CountMatches" in graph.execute(f"EXPLAIN MATCH {pattern} RETURN count(*)").scalar()
            assert counted == len(graph.execute(f"MATCH {pattern} RETURN a.n").fetchall()) > 1_000
