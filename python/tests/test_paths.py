"""Paths that are walked as a whole: repeated parts of several relationships, selectors over longer patterns, and modes,
against a matcher that lists every path. DEED_PATH_SEEDS says how many patterns are tried."""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from deed_core import CypherSyntaxError, PyDeedGraph

SEEDS = int(os.environ.get("DEED_PATH_SEEDS", "400"))
BLOCK = 50
#: A pattern with more paths than this is left out.
PATHS_MAX = 5_000


class TooLarge(Exception):
    pass


# ---- The matcher -------------------------------------------------------------------------------------------------------


@dataclass
class Step:
    direction: str
    types: list[str]
    relationship: str
    #: A label of the entity it leads to, or "".
    label: str


@dataclass
class Part:
    steps: list[Step]
    least: int
    most: int
    grouped: bool
    #: Of a group: whether weights must not fall within a repetition.
    rising: bool
    #: The entity behind it, and a label of it; not of the last part.
    between: str
    label: str

    @property
    def names(self) -> list[str]:
        return [step.relationship for step in self.steps]


@dataclass
class Pattern:
    parts: list[Part]
    mode: str
    selector: str
    #: How the ends are found: "", "start", "end" or "both".
    given: str


@dataclass
class Trace:
    entities: list[int]
    relationships: list[int]
    #: By relationship: part, repetition, step.
    places: list[tuple[int, int, int]] = field(default_factory=list)


@dataclass
class Small:
    labels: list[str]
    #: source, target, type, weight
    edges: list[tuple[int, int, str, int]]

    def steps(self, entity: int, step: Step) -> Iterator[tuple[int, int]]:
        for number, (source, target, kind, _) in enumerate(self.edges):
            if step.types and kind not in step.types:
                continue
            if step.direction in "><":
                start, end = (source, target) if step.direction == ">" else (target, source)
                if start == entity:
                    yield number, end
            elif source == entity or target == entity:
                yield number, target if source == entity else source


def matches(graph: Small, pattern: Pattern) -> list[Trace]:
    """Every path, whatever the selector says."""
    found: list[Trace] = []

    def weight(relationship: int) -> int:
        return graph.edges[relationship][3]

    def leave(trace: Trace, number: int) -> None:
        part = pattern.parts[number]
        if part.label and graph.labels[trace.entities[-1]] != part.label:
            return
        enter(trace, number + 1)

    def enter(trace: Trace, number: int) -> None:
        if number == len(pattern.parts):
            found.append(trace)
            if len(found) > PATHS_MAX:
                raise TooLarge
            return
        repeat(trace, number, 0)

    def repeat(trace: Trace, number: int, count: int) -> None:
        part = pattern.parts[number]
        if count >= part.least:
            leave(trace, number)
        if count < part.most:
            walk(trace, number, count, 0)

    def walk(trace: Trace, number: int, count: int, position: int) -> None:
        part = pattern.parts[number]
        if position == len(part.steps):
            own = trace.relationships[-position:]
            if part.rising and any(weight(a) > weight(b) for a, b in zip(own, own[1:], strict=False)):
                return
            repeat(trace, number, count + 1)
            return
        step = part.steps[position]
        for relationship, entity in graph.steps(trace.entities[-1], step):
            if step.label and graph.labels[entity] != step.label:
                continue
            if pattern.mode in ("", "TRAIL") and relationship in trace.relationships:
                continue
            if pattern.mode == "ACYCLIC" and entity in trace.entities:
                continue
            walk(
                Trace(
                    [*trace.entities, entity], [*trace.relationships, relationship],
                    [*trace.places, (number, count, position)]),
                number, count, position + 1)

    for start in range(len(graph.labels)):
        enter(Trace([start], []), 0)
    return found


def shown(trace: Trace, pattern: Pattern) -> tuple[Any, ...]:
    """What the query returns of a path."""
    values: list[Any] = [trace.entities[0], trace.entities[-1], tuple(trace.relationships)]
    for number, part in enumerate(pattern.parts):
        own = [(place, index) for index, place in enumerate(trace.places) if place[0] == number]
        for position, _ in enumerate(part.steps):
            taken = [trace.relationships[index] for place, index in own if place[2] == position]
            values.append(tuple(taken) if part.grouped or part.most != 1 or part.least != 1 else taken[0])
        if part.grouped:
            for position in range(len(part.steps) + 1):
                last = position == len(part.steps)
                wanted = position - 1 if last else position
                values.append(tuple(trace.entities[index + last] for place, index in own if place[2] == wanted))
        if part.between:
            values.append(trace.entities[sum(place[0] <= number for place in trace.places)])
    return tuple(values)


def selected(traces: list[Trace], selector: str) -> dict[tuple[int, int], list[list[Trace]]]:
    """By ends the paths in groups of one length, shortest first."""
    groups: dict[tuple[int, int], dict[int, list[Trace]]] = defaultdict(lambda: defaultdict(list))
    for trace in traces:
        groups[trace.entities[0], trace.entities[-1]][len(trace.relationships)].append(trace)
    return {ends: [paths for _, paths in sorted(by_length.items())] for ends, by_length in groups.items()}


# ---- Patterns as text --------------------------------------------------------------------------------------------------


def written(pattern: Pattern) -> str:
    text = "p = " + " ".join(word for word in (pattern.selector, pattern.mode) if word) + " (x)"
    outputs = ["x.id", "y.id", "[r IN relationships(p) | r.id]"]
    for number, part in enumerate(pattern.parts):
        quantifier = f"{{{part.least},{part.most}}}"
        if part.grouped:
            names = [f"n{number}_{position}" for position in range(len(part.steps) + 1)]
            text += f" (({names[0]})" if text.endswith(")") else f"(({names[0]})"
            for position, step in enumerate(part.steps):
                text += arrow(step) + f"({names[position + 1]}{':' + step.label if step.label else ''})"
            if part.rising:
                text += " WHERE " + " AND ".join(f"{a}.w <= {b}.w" for a, b in zip(part.names, part.names[1:], strict=False))
            text += ")" + quantifier
            outputs += [f"[r IN {name} | r.id]" for name in part.names] + [f"[n IN {name} | n.id]" for name in names]
        else:
            step = part.steps[0]
            single = part.least == part.most == 1
            text += arrow(step) + ("" if single else quantifier)
            outputs.append(f"{step.relationship}.id" if single else f"[r IN {step.relationship} | r.id]")
        if number + 1 < len(pattern.parts):
            text += f" ({part.between}{':' + part.label if part.label else ''})"
            outputs.append(f"{part.between}.id")
    text += " (y)"
    given = {"": "", "start": "MATCH (x) ", "end": "MATCH (y) ", "both": "MATCH (x), (y) "}[pattern.given]
    return f"{given}MATCH {text} RETURN {', '.join(f'{item} AS c{index}' for index, item in enumerate(outputs))}"


def arrow(step: Step) -> str:
    inside = f"[{step.relationship}{':' + '|'.join(step.types) if step.types else ''}]"
    return f"{'<' if step.direction == '<' else ''}-{inside}-{'>' if step.direction == '>' else ''}"


# ---- Chance ------------------------------------------------------------------------------------------------------------


def random_small(rng: random.Random) -> Small:
    count = rng.randint(2, 5)
    labels = [rng.choice("AB") for _ in range(count)]
    edges = [
        (rng.randrange(count), rng.randrange(count), rng.choice("RS"), rng.randint(1, 3)) for _ in range(rng.randint(1, 7))
    ]  # fmt: skip
    return Small(labels, edges)


def random_pattern(rng: random.Random) -> Pattern:
    parts: list[Part] = []
    count = rng.randint(1, 3)
    for number in range(count):
        grouped = rng.random() < 0.6 or count == 1
        steps = [
            Step(rng.choice(">><-"), rng.choice([[], ["R"], ["S"], ["R", "S"]]), f"r{number}_{position}",
                 rng.choice(["", "", "A"]) if grouped else "")
            for position in range(rng.randint(1, 3) if grouped else 1)
        ]  # fmt: skip
        least = rng.randint(0, 2)
        most = max(1, rng.randint(least, 2))
        if not grouped and rng.random() < 0.5:
            least = most = 1
        last = number + 1 == count
        parts.append(
            Part(steps, least, most, grouped, grouped and len(steps) > 1 and rng.random() < 0.4,
                 "" if last else f"m{number}", "" if last else rng.choice(["", "", "B"])))  # fmt: skip
    selector = rng.choice(["", "", "ANY SHORTEST", "ALL SHORTEST", "SHORTEST 2", "SHORTEST 2 GROUPS", "ANY 3"])
    return Pattern(parts, rng.choice(["", "", "TRAIL", "ACYCLIC", "WALK"]), selector, rng.choice(["", "start", "end", "both"]))


def tuples(value: Any) -> Any:
    return tuple(tuples(item) for item in value) if isinstance(value, (list, tuple)) else value


def check(seed: int) -> str | None:
    rng = random.Random(seed)
    graph, pattern = random_small(rng), random_pattern(rng)
    text = written(pattern)
    try:
        traces = matches(graph, pattern)
    except TooLarge:
        return None
    with PyDeedGraph() as deed:
        deed.execute("UNWIND range(0, size($labels) - 1) AS i CREATE (:E {id: i, label: $labels[i]})", {"labels": graph.labels})
        for label in "AB":
            deed.execute(f"MATCH (n:E {{label: '{label}'}}) SET n:{label}")
        for number, (source, target, kind, weight) in enumerate(graph.edges):
            deed.execute(
                f"MATCH (a:E {{id: $a}}), (b:E {{id: $b}}) CREATE (a)-[:{kind} {{id: $id, w: $w}}]->(b)",
                {"a": source, "b": target, "id": number, "w": weight})
        try:
            rows = [tuples(row) for row in deed.execute(text, timeout=60)]
        except Exception as error:  # Any exception is a finding, and is shown with its query.
            return f"seed {seed}\n{graph}\n{text}\n{type(error).__name__}: {error}"
    problem = compare(rows, traces, pattern)
    return problem and f"seed {seed}\n{graph}\n{text}\n{problem}"


def compare(rows: list[Any], traces: list[Trace], pattern: Pattern) -> str | None:
    wanted = Counter(shown(trace, pattern) for trace in traces)
    got = Counter(rows)
    if not pattern.selector:
        return None if wanted == got else f"missing {wanted - got}\ntoo many {got - wanted}"
    if got - wanted:
        return f"no paths: {got - wanted}"
    by_ends: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in rows:
        by_ends[row[0], row[1]].append(len(row[2]))
    groups = selected(traces, pattern.selector)
    if set(by_ends) != set(groups):
        return f"other ends: {set(by_ends) ^ set(groups)}"
    for ends, lengths in by_ends.items():
        sizes = [(len(paths[0].relationships), len(paths)) for paths in groups[ends]]
        every = [length for length, size in sizes for _ in range(size)]
        expected = {
            "ANY SHORTEST": every[:1], "SHORTEST 2": every[:2], "ANY 3": every[:3],
            "ALL SHORTEST": every[:sizes[0][1]], "SHORTEST 2 GROUPS": every[:sum(size for _, size in sizes[:2])],
        }[pattern.selector]
        if sorted(lengths) != expected:
            return f"between {ends}: lengths {sorted(lengths)}, not {expected}"
    return None


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_paths_are_those_that_the_matcher_finds(first: int) -> None:
    problems = [check(seed) for seed in range(first, min(first + BLOCK, SEEDS))]
    found = [problem for problem in problems if problem]
    assert not found, "\n\n".join(found[:3])


# ---- By hand -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def ring(graph: PyDeedGraph) -> PyDeedGraph:
    """1 to 6 in a ring of N, and 7 alone."""
    graph.execute("UNWIND range(1, 7) AS i CREATE (:E {id: i})")
    graph.execute("MATCH (a:E), (b:E) WHERE b.id = a.id % 6 + 1 AND a.id < 7 CREATE (a)-[:N {id: a.id}]->(b)")
    return graph


@pytest.mark.parametrize("text", [
    "MATCH WALK (a {id: 1})-[:N]->+(b) RETURN b",
    "MATCH WALK (a {id: 1}) ((x)-[:N]->(y)-[:N]->(z))+ (b) RETURN b",
    "MATCH WALK (a {id: 1}) ((x)-[:N]->(y)){2,} (b) RETURN b",
    "MATCH (a) ((x)-[:N]->+(y)){2} (b) RETURN b",
    "MATCH (a) (q = (x)-[:N]->(y)-[:N]->(z)){2} (b) RETURN b",
    "MATCH (a) ((a)-[:N]->(y)-[:N]->(z)){2} (b) RETURN b",
    "MATCH (a) ((x)-[r:N]->(y)-[r:N]->(z)){2} (b) RETURN b",
    "MATCH ANY SHORTEST (a)-[:N]->(m)-[:N]->+(n WHERE n.id > m.id)-[:N]->(b) RETURN b",
    "MATCH ANY SHORTEST (a)-[:N]->(m)-[:N]->+(m)-[:N]->(b) RETURN b",
])  # fmt: skip
def test_what_is_refused(ring: PyDeedGraph, text: str) -> None:
    with pytest.raises(CypherSyntaxError):
        ring.execute(text).fetchall()


def test_a_walk_that_leads_nowhere_ends(ring: PyDeedGraph) -> None:
    for selector in ("ANY SHORTEST", "SHORTEST 3", "ALL SHORTEST", "SHORTEST 2 GROUPS"):
        text = f"MATCH (a {{id: 1}}), (b {{id: 7}}) MATCH {selector} WALK (a) ((x)-[:N]->(y)-[:N]->(z))+ (b) RETURN count(*)"
        assert ring.execute(text, timeout=10).scalar() == 0
    text = "MATCH p = SHORTEST 3 WALK (a {id: 1}) ((x)-[:N]->(y)-[:N]->(z))+ (b {id: 3}) RETURN length(p)"
    assert [row[0] for row in ring.execute(text, timeout=10)] == [2, 8, 14]


def test_variables_of_the_middle_go_on(ring: PyDeedGraph) -> None:
    text = "MATCH ANY SHORTEST (a {id: 1})-[r:N]->(m)-[:N]->+(b {id: 4}), (m)-[:N]->(c) RETURN m.id, c.id, r.id"
    assert ring.execute(text).fetchall() == []
    text = "MATCH ANY SHORTEST (a {id: 1})-[r:N]->(m)-[:N]->+(b {id: 4}) MATCH (m)-[:N]->(c) RETURN m.id, c.id, r.id"
    assert ring.execute(text).fetchall() == [(2, 3, 1)]
    text = "MATCH (m {id: 2}) MATCH p = ANY SHORTEST (a {id: 1})-[:N]->(m)-[:N]->+(b {id: 4}) RETURN length(p)"
    assert ring.execute(text).fetchall() == [(3,)]
    text = "MATCH (m {id: 3}) MATCH p = ANY SHORTEST (a {id: 1})-[:N]->(m)-[:N]->+(b {id: 4}) RETURN length(p)"
    assert ring.execute(text).fetchall() == []


def test_conditions_on_what_was_found_before(ring: PyDeedGraph) -> None:
    text = "UNWIND [2, 4] AS limit MATCH (a {id: 1}) ((x)-[r:N]->(y)-[s:N]->(z) WHERE s.id <= limit){1,3} (b) RETURN limit, b.id"
    assert sorted(ring.execute(text).fetchall()) == [(2, 3), (4, 3), (4, 5)]
