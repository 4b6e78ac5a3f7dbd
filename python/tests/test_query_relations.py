"""Queries that must agree with each other, whatever they answer: no interpreter is needed, so that graphs can be larger than
those of test_query_oracle.py. DEED_RELATION_SEEDS says how many of each kind; a failure shows its seed and both queries.

- Partitions: the rows for which a condition is true, false or null are all rows, and so are their counts and aggregates.
- Rewrites: a pattern read from its other end, its parts in another order, conditions inside and outside of the pattern, labels
  in another order, a WITH * between, literals as parameters.
- Surroundings: indexes, and what else the statement returns, change nothing.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest
from deed_core import PyDeedGraph
from oracle.expressions import quoted
from oracle.generator import LABELS, MIXED, OPERATORS, TEXTS, TYPES, Generator
from oracle.values import plain

SEEDS = int(os.environ.get("DEED_RELATION_SEEDS", "60"))
BLOCK = 20
Rows = Counter[Any]


def load(rng: random.Random, deed: PyDeedGraph) -> None:
    """Up to a few hundred nodes, some of them of more than one label, and about twice as many relationships."""
    count = rng.choice([3, 20, 150])
    several = rng.random() < 0.5
    nodes: dict[str, list[dict[str, Any]]] = {}
    for number in range(count):
        labels = rng.sample(LABELS, rng.choice([1, 1, 2, 3, 0]) if several else 1)
        nodes.setdefault("".join(":" + label for label in labels), []).append(properties(rng, number))
    for labels_text, rows in nodes.items():
        deed.execute(f"UNWIND $rows AS row CREATE (n{labels_text}) SET n = row", {"rows": rows})
    for type in TYPES:
        ends = [{"a": rng.randrange(count), "b": rng.randrange(count), "p": properties(rng, number)} for number in range(count)]
        deed.execute(
            f"UNWIND $rows AS row MATCH (a {{u: row.a}}), (b {{u: row.b}}) CREATE (a)-[r:{type}]->(b) SET r = row.p", {"rows": ends})


def properties(rng: random.Random, number: int) -> dict[str, Any]:
    made: dict[str, Any] = {"u": number}
    if rng.random() < 0.8:
        made["i"] = rng.randint(-1, 9)
    if rng.random() < 0.5:
        made["s"] = rng.choice(TEXTS)
    if rng.random() < 0.6:
        made["m"] = rng.choice(MIXED)
    return made


class Walk:
    """A pattern of named nodes along a line, each with what is asked of it."""

    def __init__(self, rng: random.Random, prefix: str) -> None:
        self.nodes = [f"{prefix}n{number}" for number in range(rng.choice([1, 1, 2, 2, 3]))]
        self.labels = {name: rng.sample(LABELS, rng.choice([0, 1, 1, 2])) for name in self.nodes}
        self.maps = {
            name: {"i": rng.randint(-1, 9)} if rng.random() < 0.3 else {"m": rng.choice(MIXED)} if rng.random() < 0.1 else {}
            for name in self.nodes}
        self.steps = [
            (f"{prefix}r{number}", rng.sample(TYPES, rng.choice([0, 1, 2])), rng.choice(["out", "in", "both"]),
             rng.choice(["", "", "", "*0..2", "*1..2"]))
            for number in range(len(self.nodes) - 1)]

    def scope(self) -> dict[str, str]:
        return {name: "node" for name in self.nodes} | {name: "relationship" for name, _, _, length in self.steps if not length}

    def node(self, name: str, *, inside: bool, turned: bool) -> str:
        labels = self.labels[name][::-1] if turned else self.labels[name]
        text = name + "".join(":" + label for label in labels) if inside else name
        return f"({text} {quoted(self.maps[name])})" if inside and self.maps[name] else f"({text})"

    def text(self, *, inside: bool = True, turned: bool = False) -> str:
        """`inside`: with its labels and properties; `turned`: from its other end."""
        names = self.nodes[::-1] if turned else self.nodes
        steps = self.steps[::-1] if turned else self.steps
        text = self.node(names[0], inside=inside, turned=turned)
        for (name, types, direction, length), after in zip(steps, names[1:], strict=True):
            kinds = ":" + "|".join(types[::-1] if turned else types) if types else ""
            leads = {"out": "in", "in": "out", "both": "both"}[direction] if turned else direction
            inner = f"[{name}{kinds}{length}]"
            text += {"out": f"-{inner}->", "in": f"<-{inner}-", "both": f"-{inner}-"}[leads]
            text += self.node(after, inside=inside, turned=turned)
        return text

    def conditions(self) -> list[str]:
        labels = [f"{name}:{label}" for name in self.nodes for label in self.labels[name]]
        return labels + [f"{name}.{key} = {quoted(value)}" for name in self.nodes for key, value in self.maps[name].items()]


def where(conditions: list[str]) -> str:
    return " WHERE " + " AND ".join(f"({condition})" for condition in conditions) if conditions else ""


class Case:
    """A query as its parts, and what it gives."""

    def __init__(self, rng: random.Random, deed: PyDeedGraph) -> None:
        self.rng, self.deed = rng, deed
        self.walks = [Walk(rng, prefix) for prefix in "ab"[: rng.choice([1, 1, 2])]]
        generator = Generator(rng)
        for walk in self.walks:
            generator.scope |= walk.scope()
        self.condition = str(generator.bool(2))
        if rng.random() < 0.4:
            subject = f"{rng.choice(self.walks[0].nodes)}.{rng.choice('ism')}"
            self.condition = f"{subject} {rng.choice(OPERATORS)} {quoted(rng.choice(MIXED))}"
        columns = sorted(generator.scope)
        self.names = ", ".join(columns)
        self.columns = ", ".join(f"{name}.u AS {name}" for name in columns)
        self.match = "MATCH " + ", ".join(walk.text() for walk in self.walks)

    def rows(self, query: str, parameters: dict[str, Any] | None = None) -> Rows:
        return Counter(tuple(plain(value) for value in row) for row in self.deed.execute(query, parameters, timeout=30))

    def differs(self, one: str, other: str, parameters: dict[str, Any] | None = None) -> str | None:
        left, right = self.rows(one), self.rows(other, parameters)
        if left == right:
            return None
        return f"{one}\n  gives {left.total()} rows\n{other}\n  gives {right.total()}, with {parameters}"


def partitions(case: Case) -> list[str | None]:
    problems: list[str | None] = []
    parts = [case.condition, f"NOT ({case.condition})", f"({case.condition}) IS NULL"]
    whole = case.rows(f"{case.match} RETURN {case.columns}")
    found: Rows = Counter()
    for part in parts:
        found += case.rows(f"{case.match} WHERE {part} RETURN {case.columns}")
    if whole != found:
        problems.append(f"{case.match} WHERE {parts[0]} RETURN {case.columns}\n  has {found.total()} rows of {whole.total()}")
    name = case.walks[0].nodes[0]
    for aggregate in ("count(*)", f"count({name}.i)", f"sum({name}.i)"):
        query = f"{case.match}%s RETURN {aggregate}"
        all_rows = case.deed.execute(query % "").scalar()
        sums = [case.deed.execute(query % f" WHERE {part}").scalar() for part in parts]
        if all_rows != sum(sums):
            problems.append(f"{query % (' WHERE ' + parts[0])}\n  {all_rows} is not the sum of {sums}")
    if case.deed.execute(f"{case.match} RETURN count(*)").scalar() != whole.total():
        problems.append(f"{case.match} RETURN count(*)\n  is not {whole.total()}")
    split = " UNION ALL ".join(f"{case.match} WHERE {part} RETURN {case.columns}" for part in parts)
    problems.append(case.differs(f"{case.match} RETURN {case.columns}", split))
    return problems


def rewrites(case: Case) -> list[str | None]:
    walks, condition = case.walks, case.condition
    plain_query = f"{case.match} WHERE {condition} RETURN {case.columns}"
    turned = "MATCH " + ", ".join(walk.text(turned=True) for walk in walks[::-1])
    bare = "MATCH " + ", ".join(walk.text(inside=False) for walk in walks)
    conditions = [text for walk in walks for text in walk.conditions()]
    shuffled = [*conditions, condition]
    case.rng.shuffle(shuffled)
    matched = f"{case.match} WHERE {condition}"
    return [
        case.differs(plain_query, f"{turned} WHERE {condition} RETURN {case.columns}"),
        case.differs(plain_query, f"{bare}{where(shuffled)} RETURN {case.columns}"),
        case.differs(plain_query, f"{case.match} WITH * WHERE {condition} RETURN {case.columns}"),
        case.differs(plain_query, f"{case.match} WITH * WITH * WHERE {condition} WITH * RETURN {case.columns}"),
        case.differs(plain_query, f"{bare} WITH *{where([*conditions[::-1], condition])} RETURN {case.columns}"),
        case.differs(plain_query, f"{case.match} WHERE NOT NOT ({condition}) RETURN {case.columns}"),
        case.differs(plain_query, f"CALL {{ {case.match} WHERE {condition} RETURN * }} RETURN {case.columns}"),
        case.differs(
            f"{matched} RETURN DISTINCT {case.columns}", f"{matched} WITH {case.columns}, count(*) AS times RETURN {case.names}"),
        case.differs(
            plain_query,
            f"{matched} WITH {case.columns}, count(*) AS times UNWIND range(1, times) AS time RETURN {case.names}"),
    ]


def check(seed: int, relations: Any) -> str | None:
    rng = random.Random(seed)
    with PyDeedGraph() as deed:
        load(rng, deed)
        problems = []
        for _ in range(3):
            case = Case(rng, deed)
            try:
                problems += [problem for problem in relations(case) if problem]
            except Exception as error:  # Any exception is a finding, and is shown with its query.
                problems.append(f"{type(error).__name__}: {error}\n{case.match} WHERE {case.condition} RETURN {case.columns}")
    return f"seed {seed}\n" + "\n".join(problems) if problems else None


def indexed(case: Case) -> list[str | None]:
    """With indexes and without; and with literals as parameters."""
    name = case.walks[0].nodes[0]
    value = case.rng.choice([*MIXED, *TEXTS, *range(-1, 10), [1], None])
    key, operator = case.rng.choice("imsu"), case.rng.choice([*OPERATORS, "=", "=", "STARTS WITH"])
    case.walks[0].labels[name] = [case.rng.choice(LABELS)]
    match = "MATCH " + ", ".join(walk.text() for walk in case.walks)
    query = f"{match} WHERE {name}.{key} {operator} {quoted(value)} RETURN {case.columns}"
    before = case.rows(query)
    for label in LABELS:
        for properties_text in ("n.i", "n.m", "n.s", "n.u", "n.i, n.s"):
            case.deed.execute(f"CREATE INDEX IF NOT EXISTS FOR (n:{label}) ON ({properties_text})")
    given = f"{match} WHERE {name}.{key} {operator} $value RETURN {case.columns}"
    turned = f"UNWIND [$value, $value] AS v {match} WHERE {name}.{key} {operator} v WITH DISTINCT * RETURN {case.columns}"
    problems: list[str | None] = []
    for text in (query, given, turned):
        after = case.rows(text, {"value": value})
        if before != after:
            problems.append(f"{text} with {value!r}\n  gives {after.total()} rows with indexes, {before.total()} without")
    for index in [row[0] for row in case.deed.execute("SHOW INDEXES")]:
        case.deed.execute(f"DROP INDEX `{index}`")
    return problems


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
@pytest.mark.parametrize("relations", [partitions, rewrites, indexed], ids=lambda function: function.__name__)
def test_queries_agree_with_each_other(relations: Any, first: int) -> None:
    problems = [check(seed, relations) for seed in range(first, min(first + BLOCK, SEEDS))]
    found = [problem for problem in problems if problem]
    assert not found, "\n\n".join(found)


def test_pages_of_an_ordered_result_are_the_result() -> None:
    with PyDeedGraph() as deed:
        deed.execute("UNWIND range(1, 5000) AS u CREATE (:A {u: u, i: u % 7})")
        query = "MATCH (n:A) RETURN n.u AS u ORDER BY n.i, n.u"
        whole = [u for (u,) in deed.execute(query)]
        pages = [[u for (u,) in deed.execute(f"{query} SKIP {first} LIMIT 999")] for first in range(0, 6000, 999)]
        assert [u for page in pages for u in page] == whole
        assert len(whole) == 5000
