"""Random graphs and random queries on them, from a seed.

Queries avoid what openCypher leaves open, so that there is one right answer: errors inside of expressions, which of several
equal rows LIMIT keeps, the order of what collect() gives, and changes that depend on the order of rows.
"""

from __future__ import annotations

import random
from typing import Any

from . import expressions as e
from .clauses import Create, Delete, Match, Merge, NodePattern, Pattern, Project, Query, RelationshipPattern, Set, Unwind
from .values import Element, Graph

LABELS = ["A", "B", "C"]
TYPES = ["R", "S", "T"]
TEXTS = ["", "a", "ab", "b", "B", "é", "e\u0301", "\U0001f600", "it's \\", "abcdefghijklmnop"]
MIXED: list[Any] = [
    0, 1, -1, 2, 1.0, 0.5, -0.0, 1e300, 2**53 + 1, "a", "", "1", True, False, [1, 2], [1], [], ["a"], [1.0, 2]]
OPERATORS = ["=", "<>", "<", "<=", ">", ">="]
ELEMENTS = ("node", "relationship")


def random_graph(rng: random.Random) -> Graph:
    graph = Graph()
    for number in range(rng.choice([0, 1, 2, 3, 4, 5, 6, 7])):
        graph.add_node(set(rng.sample(LABELS, rng.choice([0, 1, 1, 1, 2, 3]))), random_properties(rng, number))
    if graph.nodes:
        for number in range(rng.choice([0, 1, 2, 4, 6, 8, 10])):
            source, target = rng.choice(graph.nodes), rng.choice(graph.nodes)
            graph.add_relationship(rng.choice(TYPES), source, target, random_properties(rng, number))
    return graph


def random_properties(rng: random.Random, number: int) -> dict[str, Any]:
    """`u` tells elements of a kind apart, `i` is an int, `s` a text, `m` anything; all but the first may be missing."""
    properties: dict[str, Any] = {"u": number}
    if rng.random() < 0.8:
        properties["i"] = rng.randint(-1, 3)
    if rng.random() < 0.5:
        properties["s"] = rng.choice(TEXTS)
    if rng.random() < 0.6:
        properties["m"] = rng.choice(MIXED)
    return properties


def creation(graph: Graph) -> str:
    """The statement that makes the graph; empty for the empty one."""
    names = {id(node): f"n{number}" for number, node in enumerate(graph.nodes)}
    parts = [
        f"({names[id(node)]}{''.join(':' + label for label in sorted(node.names))} {e.quoted(node.properties)})"
        for node in graph.nodes
    ]
    for one in graph.relationships:
        (type,) = one.names
        parts.append(f"({names[id(one.source)]})-[:{type} {e.quoted(one.properties)}]->({names[id(one.target)]})")
    return "CREATE " + ", ".join(parts) if parts else ""


class Generator:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        # Variables and their types: node, relationship, relationships, path, int, text, any, bool, list, bag.
        self.scope: dict[str, str] = {}
        self.count = 0
        self.sorts_lists = False

    def maybe(self, probability: float) -> bool:
        return self.rng.random() < probability

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def named(self, *types: str) -> list[str]:
        return [name for name, type in self.scope.items() if type in types]

    # ---- Expressions --------------------------------------------------------------------------------------------------

    def expression(self, type: str, depth: int = 2) -> e.Expression:
        return getattr(self, type)(depth)  # type: ignore[no-any-return]

    def stored(self, type: str, key: str) -> list[e.Expression]:
        """Variables and properties of a type."""
        found = [e.variable(name) for name in self.named(type)]
        return found + [e.prop(name, key) for name in self.named(*ELEMENTS)]

    def int(self, depth: int) -> e.Expression:
        choices = self.stored("int", "i")
        if not choices or self.maybe(0.2):
            return e.literal(self.rng.choice([None, 0, 1, 2, 3, -1]) if self.maybe(0.2) else self.rng.randint(-1, 3))
        if depth <= 0 or self.maybe(0.5):
            return self.rng.choice(choices)
        way = self.rng.randrange(6)
        if way == 0:
            return e.arithmetic(self.int(depth - 1), self.rng.choice("+-"), self.int(depth - 1))
        if way == 1:
            return e.coalesce([self.int(depth - 1), self.int(depth - 1)])
        if way == 2:
            return e.conditional(self.bool(depth - 1), self.int(depth - 1), self.int(depth - 1) if self.maybe(0.5) else None)
        if way == 3 and (paths := self.named("path")):
            return e.function("length", [e.variable(self.rng.choice(paths))], lambda path: len(path) // 2)
        if way == 4 and (lists := self.named("relationships", "list", "bag")):
            return e.function("size", [e.variable(self.rng.choice(lists))], len)
        if way == 5 and self.named("node"):
            return e.subquery("COUNT", self.inner_match(1))
        return e.function("abs", [self.int(depth - 1)], abs)

    def text(self, depth: int) -> e.Expression:
        choices = self.stored("text", "s")
        if not choices or self.maybe(0.2):
            return e.literal(self.rng.choice(TEXTS))
        if depth > 0 and (relationships := self.named("relationship")) and self.maybe(0.2):
            return e.function("type", [e.variable(self.rng.choice(relationships))], lambda one: min(one.names))
        return self.rng.choice(choices)

    def any(self, depth: int) -> e.Expression:
        choices = self.stored("any", "m")
        if choices and self.maybe(0.6):
            return self.rng.choice(choices)
        if self.maybe(0.3):
            return e.literal(self.rng.choice([*MIXED, None]))
        return self.expression(self.rng.choice(["int", "text", "bool"]), depth - 1)

    def list(self, depth: int) -> e.Expression:
        if (lists := self.named("list")) and self.maybe(0.4):
            return e.variable(self.rng.choice(lists))
        items = e.list_of([self.expression(self.rng.choice(["int", "int", "any"]), 0) for _ in range(self.rng.randrange(4))])
        if depth <= 0 or self.maybe(0.6):
            return items
        name = self.fresh("x")
        self.scope[name] = "any"
        predicate = self.bool(depth - 1) if self.maybe(0.6) else None
        result = e.comprehension(name, items, predicate, self.expression(self.rng.choice(["any", "int"]), depth - 1))
        del self.scope[name]
        return result

    def bool(self, depth: int, *, condition: bool = False) -> e.Expression:
        """`condition`: where a bare pattern may stand."""
        way = self.rng.randrange(16)
        if depth > 0 and way < 5:
            if way == 0:
                return e.inverse(self.bool(depth - 1, condition=condition))
            operator = self.rng.choice(["AND", "AND", "OR", "OR", "XOR"])
            return e.logical(
                operator, self.bool(depth - 1, condition=condition), self.bool(depth - 1, condition=condition))
        if way == 5 and (nodes := self.named("node")):
            return e.has_label(self.rng.choice(nodes), self.rng.choice(LABELS))
        if way == 6:
            operator = self.rng.choice(["STARTS WITH", "ENDS WITH", "CONTAINS"])
            return e.text_test(self.expression(self.rng.choice(["text", "any"]), 0), operator, self.text(0))
        if way == 7:
            type = self.rng.choice(["int", "text", "any", "bool"])
            return e.is_null(self.expression(type, depth - 1), positive=self.maybe(0.5))
        if way == 8:
            return e.logical("IN", self.expression(self.rng.choice(["int", "any"]), depth - 1), self.list(depth - 1))
        if way in (9, 10) and depth > 0 and self.named("node"):
            return self.pattern_condition(bare=condition)
        if way == 11 and depth > 0:
            return self.quantified(depth)
        if way == 12 and len(nodes := self.named("node")) > 1:
            left, right = self.rng.sample(nodes, 2)
            return e.comparison(e.variable(left), self.rng.choice(["=", "<>"]), e.variable(right))
        if way == 13 and (bools := self.named("bool")):
            return e.variable(self.rng.choice(bools))
        type = self.rng.choice(["int", "int", "text", "any", "list"])
        other = type if self.maybe(0.8) else "any"
        return e.comparison(
            self.expression(type, depth - 1), self.rng.choice(OPERATORS), self.expression(other, depth - 1))

    def quantified(self, depth: int) -> e.Expression:
        items = self.list(depth - 1)
        kind, name = self.rng.choice(["all", "any", "none", "single"]), self.fresh("x")
        relationships = self.named("relationships")
        if relationships and self.maybe(0.5):
            items = e.variable(self.rng.choice(relationships))
        self.scope[name] = "relationship" if items.text in relationships else "any"
        result = e.quantifier(kind, name, items, self.bool(depth - 1))
        del self.scope[name]
        return result

    def pattern_condition(self, *, bare: bool) -> e.Expression:
        if not bare or self.maybe(0.5):
            return e.subquery("EXISTS", self.inner_match(1))
        start = NodePattern(self.rng.choice(self.named("node")))
        return e.pattern_predicate(Match([Pattern([start, *self.steps(1, names=False)])]))

    def inner_match(self, depth: int) -> Match:
        """A match of its own in an expression, from a node of the row or from anywhere."""
        outer = dict(self.scope)
        match = self.match(where_depth=depth, patterns=1, optional=False)
        self.scope = outer
        return match

    # ---- Patterns -----------------------------------------------------------------------------------------------------

    def properties(self, probability: float) -> dict[str, e.Expression]:
        if not self.maybe(probability):
            return {}
        key, type = self.rng.choice([("i", "int"), ("i", "int"), ("s", "text"), ("m", "any")])
        return {key: self.expression(type, 0)}

    def node_pattern(self, *, names: bool = True, new: bool = False) -> NodePattern:
        pattern = NodePattern()
        known = self.named("node")
        if known and not new and self.maybe(0.35):
            pattern.name = self.rng.choice(known)
        pattern.labels = self.rng.sample(LABELS, self.rng.choice([0, 0, 0, 1, 1, 2]))
        pattern.properties = self.properties(0.15)
        if not pattern.name and names and self.maybe(0.7):
            pattern.name = self.fresh("n")
            self.scope[pattern.name] = "node"
        return pattern

    def steps(self, count: int, *, names: bool = True) -> list[Any]:
        elements: list[Any] = []
        for _ in range(count):
            pattern = RelationshipPattern(
                types=self.rng.sample(TYPES, self.rng.choice([0, 0, 1, 1, 2])),
                direction=self.rng.choice(["out", "in", "both"]), properties=self.properties(0.15))
            if self.maybe(0.2):
                low = self.rng.choice([0, 1, 1, 2])
                pattern.length = (low, self.rng.choice([None, low, low + 1, low + 2]))
            if names and self.maybe(0.5):
                pattern.name = self.fresh("r")
            node = self.node_pattern(names=names)
            if pattern.name:
                self.scope[pattern.name] = "relationships" if pattern.length else "relationship"
            elements += [pattern, node]
        return elements

    def pattern(self) -> Pattern:
        start = self.node_pattern()
        known = [name for name in self.named("relationship") if name in self.settled]
        if known and self.maybe(0.1):
            name = self.rng.choice(known)
            self.settled.discard(name)
            one = RelationshipPattern(name, direction=self.rng.choice(["out", "in", "both"]))
            return Pattern([start, one, self.node_pattern()])
        result = Pattern([start, *self.steps(self.rng.choice([0, 1, 1, 1, 2, 2, 3]))])
        if self.maybe(0.15):
            result.name = self.fresh("p")
        return result

    # ---- Clauses ------------------------------------------------------------------------------------------------------

    def match(self, where_depth: int = 3, patterns: int = 0, optional: bool | None = None) -> Match:
        # Relationships that a pattern may name again: those of clauses before this one.
        self.settled = set(self.scope)
        found = [self.pattern() for _ in range(patterns or self.rng.choice([1, 1, 1, 2, 2, 3]))]
        self.scope.update((pattern.name, "path") for pattern in found if pattern.name)
        where = self.bool(where_depth, condition=True) if self.maybe(0.5) else None
        return Match(found, where, self.maybe(0.25) if optional is None else optional)

    def unwind(self) -> Unwind:
        bags = self.named("bag")
        items = e.variable(self.rng.choice(bags)) if bags and self.maybe(0.6) else self.list(1)
        name = self.fresh("x")
        self.scope[name] = "any"
        return Unwind(items, name)

    def project(self, keyword: str) -> Project:
        clause = Project([], keyword=keyword, distinct=self.maybe(0.2))
        aggregates = self.maybe(0.35)
        scope: dict[str, str] = {}
        for _ in range(self.rng.randint(1, 4)):
            if aggregates and self.maybe(0.5):
                value, type = self.aggregate(collects=not clause.distinct)
            else:
                value, type = self.item(keeps_bags=not aggregates and not clause.distinct)
            name = str(value) if str(value) in self.scope and str(value) not in scope else self.fresh("v")
            clause.items.append((value, name))
            scope[name] = type
        self.scope = scope
        ordering = [name for name, type in scope.items() if type in ("int", "text", "any", "bool", "list")]
        if ordering and self.maybe(0.35):
            self.rng.shuffle(ordering)
            clause.order = [(name, self.maybe(0.3)) for name in ordering]
            if len(ordering) == len(scope):
                clause.skip = self.rng.choice([None, None, 0, 1, 2])
                clause.limit = self.rng.choice([None, None, 0, 1, 2, 5])
        if keyword == "WITH" and self.maybe(0.3):
            clause.where = self.bool(2, condition=True)
        return clause

    def item(self, *, keeps_bags: bool) -> tuple[e.Expression, str]:
        names = [name for name, type in self.scope.items() if keeps_bags or type != "bag"]
        if names and self.maybe(0.6):
            name = self.rng.choice(names)
            return e.variable(name), self.scope[name]
        type = self.rng.choice(["int", "text", "any", "bool", "list"])
        return self.without_bags(type) if not keeps_bags else self.expression(type), type

    def without_bags(self, type: str) -> e.Expression:
        outer = self.scope
        self.scope = {name: type for name, type in outer.items() if type != "bag"}
        result = self.expression(type)
        self.scope = outer
        return result

    def aggregate(self, *, collects: bool) -> tuple[e.Aggregate, str]:
        function = self.rng.choice(["count", "count", "sum", "avg", "min", "max", "collect" if collects else "count"])
        if function == "count" and self.maybe(0.5):
            return e.Aggregate("count", None), "int"
        distinct = self.maybe(0.3)
        if function in ("sum", "avg"):
            return e.Aggregate(function, self.without_bags("int"), distinct=distinct), "int" if function == "sum" else "any"
        argument, type = self.item(keeps_bags=False)
        if function in ("min", "max") and type not in ("int", "text", "bool"):
            argument, type = self.without_bags("any"), "any"
        self.sorts_lists |= function == "collect"
        return (
            e.Aggregate(function, argument, distinct=distinct), {"count": "int", "collect": "bag"}.get(function, type))

    def reading(self) -> Any:
        return self.rng.choice([self.match, self.match, self.match, self.unwind, lambda: self.project("WITH")])()

    def query(self) -> Query:
        clauses: list[Any] = [self.match() if self.maybe(0.9) else self.unwind()]
        while self.maybe(0.45):
            clauses.append(self.reading())
        return Query([[*clauses, self.project("RETURN")]], sorts_lists=self.sorts_lists)

    # ---- Changes ------------------------------------------------------------------------------------------------------

    def change(self) -> Query:
        clauses: list[Any] = [self.reading()] if self.maybe(0.85) else []
        for _ in range(self.rng.randint(1, 3)):
            clauses.append(self.rng.choice([self.create, self.set, self.set, self.merge, self.delete])())
            if isinstance(clauses[-1], Delete):
                # Nothing may be asked of what is gone.
                clauses.append(Project([(e.Aggregate("count", None), "v0")]))
                self.scope = {"v0": "int"}
            if self.maybe(0.4):
                clauses.append(self.reading())
        if self.maybe(0.7):
            clauses.append(self.project("RETURN"))
        elif not isinstance(clauses[-1], (Create, Set, Merge, Delete)):
            clauses.append(Project([(e.Aggregate("count", None), "v0")], keyword="RETURN"))
        self.connect(clauses)
        return Query([clauses], sorts_lists=self.sorts_lists)

    @staticmethod
    def connect(clauses: list[Any]) -> None:
        """Between a change and a MATCH or UNWIND there must be a WITH."""
        for index in range(len(clauses) - 1, 0, -1):
            before, after = clauses[index - 1], clauses[index]
            if isinstance(before, (Create, Set, Merge)) and isinstance(after, (Match, Unwind)):
                clauses.insert(index, Everything())

    def own_node(self) -> NodePattern:
        """To be made: names no variable of before, which might be null."""
        pattern = self.node_pattern(names=False, new=True)
        pattern.properties = {key: e.coalesce([value, e.literal(1)]) for key, value in self.properties(0.5).items()}
        return pattern

    def made(self, *, directed: bool) -> Pattern:
        elements: list[Any] = [self.own_node()]
        if self.maybe(0.5):
            direction = self.rng.choice(["out", "in"] if directed else ["out", "in", "both"])
            elements += [RelationshipPattern(types=[self.rng.choice(TYPES)], direction=direction), self.own_node()]
        for one in elements:
            if self.maybe(0.6):
                one.name = self.fresh("c")
        self.scope.update(
            (one.name, "node" if isinstance(one, NodePattern) else "relationship") for one in elements if one.name)
        return Pattern(elements)

    def create(self) -> Any:
        return Create([self.made(directed=True)])

    def merge(self) -> Any:
        return Merge(self.made(directed=False))

    def set(self) -> Any:
        names = self.named(*ELEMENTS)
        if not names:
            return self.create()
        name = self.rng.choice(names)
        way = self.rng.randrange(6)
        if way == 0 and self.scope[name] == "node":
            return Set(name, self.rng.choice(LABELS), None, removes=self.maybe(0.5))
        if way == 1:
            return Set(name, self.rng.choice(["i", "s", "m"]), None, removes=True)
        if way == 2:
            return Set(name, self.rng.choice(["", "+"]), e.literal({"i": self.rng.randint(0, 2), "s": "a"}))
        if way == 3:
            return Set(name, "i", e.arithmetic(e.prop(name, "i"), "+", e.literal(1)))
        key, values = self.rng.choice([("i", [0, 1, 2, None]), ("s", TEXTS), ("m", MIXED)])
        return Set(name, key, e.literal(self.rng.choice(values)))

    def delete(self) -> Any:
        names = self.named(*ELEMENTS)
        return Delete([self.rng.choice(names)]) if names else self.create()


class Everything:
    """WITH *."""

    def __str__(self) -> str:
        return "WITH *"

    def run(self, rows: list[Any], graph: Graph) -> list[Any]:
        return rows


def copied(graph: Graph) -> Graph:
    """A copy to change."""
    result = Graph()
    nodes: dict[int, Element] = {id(node): result.add_node(node.names, node.properties) for node in graph.nodes}
    for one in graph.relationships:
        (type,) = one.names
        result.add_relationship(type, nodes[id(one.source)], nodes[id(one.target)], one.properties)
    return result
