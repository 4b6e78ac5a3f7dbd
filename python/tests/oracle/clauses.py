"""Patterns and clauses: each can write itself down and turn a list of rows into another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .expressions import Aggregate, Expression, Row, identity
from .values import Element, Graph, equal, order_key

ROWS_MAX = 3000


class TooLarge(Exception):
    """The query has more rows than the interpreter wants to make."""


def property_map(properties: dict[str, Expression]) -> str:
    return " {" + ", ".join(f"{key}: {value}" for key, value in properties.items()) + "}" if properties else ""


@dataclass
class NodePattern:
    name: str = ""
    labels: list[str] = field(default_factory=list)
    properties: dict[str, Expression] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"({self.name}{''.join(':' + label for label in self.labels)}{property_map(self.properties)})"


@dataclass
class RelationshipPattern:
    name: str = ""
    types: list[str] = field(default_factory=list)
    # "out", "in" or "both"
    direction: str = "out"
    properties: dict[str, Expression] = field(default_factory=dict)
    # Least and greatest number of repetitions; the greatest may be None.
    length: tuple[int, int | None] | None = None

    def __str__(self) -> str:
        types = ":" + "|".join(self.types) if self.types else ""
        length = "" if self.length is None else f"*{self.length[0]}..{'' if self.length[1] is None else self.length[1]}"
        inner = f"[{self.name}{types}{length}{property_map(self.properties)}]"
        return ("<-" if self.direction == "in" else "-") + inner + ("->" if self.direction == "out" else "-")


@dataclass
class Pattern:
    """Nodes and relationships in turn."""

    elements: list[Any]
    name: str = ""

    def __str__(self) -> str:
        return (f"{self.name} = " if self.name else "") + "".join(map(str, self.elements))

    def reversed(self) -> Pattern:
        turned = {"out": "in", "in": "out", "both": "both"}
        return Pattern([
            one if isinstance(one, NodePattern)
            else RelationshipPattern(one.name, one.types, turned[one.direction], one.properties, one.length)
            for one in reversed(self.elements)
        ], self.name)


class Matcher:
    """All the ways to find patterns in a graph, no relationship twice."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def find(self, patterns: list[Pattern], row: Row, used: list[Element]) -> Iterator[tuple[Row, list[Element]]]:
        if not patterns:
            yield row, used
            return
        for found, passed, path in self.walk(patterns[0].elements, row, used, ()):
            if patterns[0].name:
                found = {**found, patterns[0].name: path}
            yield from self.find(patterns[1:], found, passed)

    def walk(self, elements: list[Any], row: Row, used: list[Element], path: tuple[Element, ...]) -> Iterator[Any]:
        """From the node that the path ends in; from anywhere if it is empty."""
        if not path:
            for node in self.graph.nodes:
                if (bound := self.admit(elements[0], node, row)) is not None:
                    yield from self.walk(elements[1:], bound, used, (node,))
            return
        if not elements:
            yield row, used, path
            return
        pattern, target = elements[0], elements[1]
        low, high = pattern.length or (1, 1)
        for steps, passed in self.repeat(pattern, row, used, path[-1], low, high):
            ends: Any = [one for one in steps if one.is_node]
            end = ends[-1] if ends else path[-1]
            bound = self.admit(target, end, row)
            if bound is None:
                continue
            if pattern.name:
                relationships = [one for one in steps if not one.is_node]
                value = relationships if pattern.length else relationships[0]
                if pattern.name in row and row[pattern.name] is not value:
                    continue
                bound = {**bound, pattern.name: value}
            yield from self.walk(elements[2:], bound, passed, path + steps)

    def repeat(
        self, pattern: RelationshipPattern, row: Row, used: list[Element], node: Element, low: int, high: int | None
    ) -> Iterator[tuple[tuple[Element, ...], list[Element]]]:
        if low <= 0:
            yield (), used
        if high == 0:
            return
        for one in self.graph.relationships:
            if one in used or (pattern.types and not one.names & set(pattern.types)):
                continue
            if not self.has(one, pattern.properties, row):
                continue
            ends = []
            if one.source is node and pattern.direction != "in":
                ends.append(one.target)
            if one.target is node and pattern.direction != "out" and not (ends and one.source is one.target):
                ends.append(one.source)
            for end in ends:
                assert end is not None
                rest = self.repeat(pattern, row, [*used, one], end, low - 1, None if high is None else high - 1)
                for steps, passed in rest:
                    yield (one, end, *steps), passed

    def admit(self, pattern: NodePattern, node: Element, row: Row) -> Row | None:
        """The row with the node, if it may stand there."""
        if pattern.name and pattern.name in row and row[pattern.name] is not node:
            return None
        if not set(pattern.labels) <= node.names:
            return None
        row = {**row, pattern.name: node} if pattern.name else row
        return row if self.has(node, pattern.properties, row) else None

    def has(self, element: Element, properties: dict[str, Expression], row: Row) -> bool:
        return all(
            equal(element.properties.get(key), value.run(row, self.graph)) is True for key, value in properties.items())


@dataclass
class Match:
    patterns: list[Pattern]
    where: Expression | None = None
    optional: bool = False

    def __str__(self) -> str:
        text = ("OPTIONAL " if self.optional else "") + "MATCH " + ", ".join(map(str, self.patterns))
        return text + (f" WHERE {self.where}" if self.where else "")

    def names(self) -> list[str]:
        elements = [one for pattern in self.patterns for one in [pattern, *pattern.elements]]
        return [one.name for one in elements if one.name]

    def run(self, rows: list[Row], graph: Graph) -> list[Row]:
        result: list[Row] = []
        for row in rows:
            found: list[Row] = []
            for one, _ in Matcher(graph).find(self.patterns, row, []):
                if self.where is None or self.where.run(one, graph) is True:
                    found.append(one)
                if len(found) + len(result) > ROWS_MAX:
                    raise TooLarge
            if not found and self.optional:
                found = [{**dict.fromkeys(self.names()), **row}]
            result += found
        return result


@dataclass
class Unwind:
    items: Expression
    name: str

    def __str__(self) -> str:
        return f"UNWIND {self.items} AS {self.name}"

    def run(self, rows: list[Row], graph: Graph) -> list[Row]:
        return [{**row, self.name: item} for row in rows for item in self.items.run(row, graph) or []]


@dataclass
class Project:
    """WITH, or RETURN at the end."""

    items: list[tuple[Expression | Aggregate, str]]
    distinct: bool = False
    # Names of items; True where descending.
    order: list[tuple[str, bool]] = field(default_factory=list)
    skip: int | None = None
    limit: int | None = None
    where: Expression | None = None
    keyword: str = "WITH"

    def __str__(self) -> str:
        items = ", ".join(str(value) if str(value) == name else f"{value} AS {name}" for value, name in self.items)
        text = f"{self.keyword} {'DISTINCT ' if self.distinct else ''}{items}"
        if self.order:
            text += " ORDER BY " + ", ".join(name + (" DESC" if down else "") for name, down in self.order)
        text += "" if self.skip is None else f" SKIP {self.skip}"
        text += "" if self.limit is None else f" LIMIT {self.limit}"
        return text + ("" if self.where is None else f" WHERE {self.where}")

    def run(self, rows: list[Row], graph: Graph) -> list[Row]:
        result = self.project(rows, graph)
        if self.distinct:
            result = list({tuple(identity(value) for value in row.values()): row for row in reversed(result)}.values())
        for name, down in reversed(self.order):
            result.sort(key=lambda row: order_key(row[name]), reverse=down)
        result = result[self.skip or 0:]
        result = result if self.limit is None else result[:self.limit]
        return [row for row in result if self.where is None or self.where.run(row, graph) is True]

    def project(self, rows: list[Row], graph: Graph) -> list[Row]:
        keys = [(value, name) for value, name in self.items if isinstance(value, Expression)]
        made = [({name: value.run(row, graph) for value, name in keys}, row) for row in rows]
        if len(keys) == len(self.items):
            return [values for values, _ in made]
        groups: dict[Any, tuple[Row, list[Row]]] = {} if keys else {(): ({}, [])}
        for values, row in made:
            groups.setdefault(tuple(identity(value) for value in values.values()), (values, []))[1].append(row)
        return [
            {name: values[name] if name in values else value.run(members, graph) for value, name in self.items}
            for values, members in groups.values()
        ]


# ---- Changes -----------------------------------------------------------------------------------------------------------


@dataclass
class Create:
    patterns: list[Pattern]
    keyword: str = "CREATE"

    def __str__(self) -> str:
        return f"{self.keyword} " + ", ".join(map(str, self.patterns))

    def run(self, rows: list[Row], graph: Graph) -> list[Row]:
        return [self.make(row, graph) for row in rows]

    def make(self, row: Row, graph: Graph) -> Row:
        row = dict(row)
        for pattern in self.patterns:
            nodes = [self.node(one, row, graph) for one in pattern.elements[::2]]
            for index, one in enumerate(pattern.elements[1::2]):
                source, target = nodes[index], nodes[index + 1]
                if one.direction == "in":
                    source, target = target, source
                values = {key: value.run(row, graph) for key, value in one.properties.items()}
                made = graph.add_relationship(one.types[0], source, target, values)
                if one.name:
                    row[one.name] = made
        return row

    @staticmethod
    def node(pattern: NodePattern, row: Row, graph: Graph) -> Element:
        if pattern.name and pattern.name in row:
            return row[pattern.name]  # type: ignore[no-any-return]
        values = {key: value.run(row, graph) for key, value in pattern.properties.items()}
        node = graph.add_node(set(pattern.labels), values)
        if pattern.name:
            row[pattern.name] = node
        return node


@dataclass
class Set:
    name: str
    # A key with its value, a label (with None), or all properties: ("", map) replaces and ("+", map) adds.
    key: str
    value: Expression | None
    removes: bool = False

    def __str__(self) -> str:
        return ("REMOVE " if self.removes else "SET ") + self.item()

    def item(self) -> str:
        if self.value is None:
            return self.name + (":" if self.key[0].isupper() else ".") + self.key
        if self.key in ("", "+"):
            return f"{self.name} {self.key}= {self.value}"
        return f"{self.name}.{self.key} = {self.value}"

    def run(self, rows: list[Row], graph: Graph) -> list[Row]:
        for row in rows:
            self.change(row, graph)
        return rows

    def change(self, row: Row, graph: Graph) -> None:
        element = row[self.name]
        if element is None:
            return
        if self.value is None and self.key[0].isupper():
            (element.names.discard if self.removes else element.names.add)(self.key)
            return
        value = None if self.value is None else self.value.run(row, graph)
        if self.key == "":
            element.properties.clear()
        for key, one in value.items() if self.key in ("", "+") else [(self.key, value)]:
            element.properties.pop(key, None)
            if one is not None:
                element.properties[key] = one


@dataclass
class Delete:
    names: list[str]

    def __str__(self) -> str:
        return "DETACH DELETE " + ", ".join(self.names)

    def run(self, rows: list[Row], graph: Graph) -> list[Row]:
        graph.delete([row[name] for row in rows for name in self.names if row[name] is not None])
        return rows


@dataclass
class Merge:
    pattern: Pattern
    on_create: Set | None = None
    on_match: Set | None = None

    def __str__(self) -> str:
        text = f"MERGE {self.pattern}"
        text += f" ON CREATE SET {self.on_create.item()}" if self.on_create else ""
        return text + (f" ON MATCH SET {self.on_match.item()}" if self.on_match else "")

    def run(self, rows: list[Row], graph: Graph) -> list[Row]:
        result: list[Row] = []
        for row in rows:
            found = Match([self.pattern]).run([row], graph)
            change = self.on_match if found else self.on_create
            found = found or [Create([self.pattern]).make(row, graph)]
            for one in found:
                if change:
                    change.change(one, graph)
            result += found
        return result


# ---- Queries -----------------------------------------------------------------------------------------------------------


@dataclass
class Query:
    """Clauses; of several lists of them the results are united."""

    parts: list[list[Any]]
    union: str = "UNION ALL"
    sorts_lists: bool = False

    def __str__(self) -> str:
        return f" {self.union} ".join(" ".join(map(str, part)) for part in self.parts)

    @property
    def order(self) -> list[tuple[str, bool]]:
        last = self.parts[0][-1]
        return last.order if len(self.parts) == 1 and isinstance(last, Project) else []

    def run(self, graph: Graph) -> list[Row]:
        result: list[Row] = []
        for part in self.parts:
            rows: list[Row] = [{}]
            for clause in part:
                rows = clause.run(rows, graph)
                if len(rows) > ROWS_MAX:
                    raise TooLarge
            result += rows if isinstance(part[-1], Project) else []
        if self.union == "UNION" and len(self.parts) > 1:
            result = list({tuple(identity(value) for value in row.values()): row for row in result}.values())
        return result
