"""Expressions: each can write itself down and work itself out for a row, a dict of variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .values import Element, Graph, conjunction, equal, less, order_key, plain

if TYPE_CHECKING:
    from .clauses import Match

Row = dict[str, Any]


def quoted(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, list):
        return "[" + ", ".join(quoted(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {quoted(item)}" for key, item in value.items()) + "}"
    return {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else repr(value)


class Expression:
    def __init__(self, text: str, run: Callable[[Row, Graph], Any]) -> None:
        self.text, self.run = text, run

    def __str__(self) -> str:
        return self.text


def literal(value: Any) -> Expression:
    return Expression(quoted(value), lambda row, graph: value)


def variable(name: str) -> Expression:
    return Expression(name, lambda row, graph: row[name])


def prop(name: str, key: str) -> Expression:
    def run(row: Row, graph: Graph) -> Any:
        element = row[name]
        return None if element is None else element.properties.get(key)

    return Expression(f"{name}.{key}", run)


def has_label(name: str, label: str) -> Expression:
    return Expression(
        f"({name}:{label})", lambda row, graph: None if row[name] is None else label in row[name].names)


def function(name: str, arguments: list[Expression], apply: Callable[..., Any]) -> Expression:
    """One that is null where an argument is."""

    def run(row: Row, graph: Graph) -> Any:
        values = [argument.run(row, graph) for argument in arguments]
        return None if any(value is None for value in values) else apply(*values)

    return Expression(f"{name}({', '.join(map(str, arguments))})", run)


def binary(left: Expression, operator: str, right: Expression, apply: Callable[[Any, Any], Any]) -> Expression:
    return Expression(f"({left} {operator} {right})", lambda row, graph: apply(left.run(row, graph), right.run(row, graph)))


def arithmetic(left: Expression, operator: str, right: Expression) -> Expression:
    operations: dict[str, Callable[[int, int], int]] = {
        "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}

    def apply(a: Any, b: Any) -> Any:
        return None if a is None or b is None else operations[operator](a, b)

    return binary(left, operator, right, apply)


def text_test(left: Expression, operator: str, right: Expression) -> Expression:
    operations: dict[str, Callable[[str, str], bool]] = {
        "STARTS WITH": str.startswith, "ENDS WITH": str.endswith, "CONTAINS": str.__contains__}

    def apply(a: Any, b: Any) -> Any:
        return operations[operator](a, b) if isinstance(a, str) and isinstance(b, str) else None

    return binary(left, operator, right, apply)


def negation(value: bool | None) -> bool | None:
    return None if value is None else not value


def disjunction(values: list[bool | None]) -> bool | None:
    return negation(conjunction([negation(value) for value in values]))


def exclusive(left: bool | None, right: bool | None) -> bool | None:
    return None if left is None or right is None else left != right


def comparison(left: Expression, operator: str, right: Expression) -> Expression:
    def apply(a: Any, b: Any) -> bool | None:
        if operator in ("=", "<>"):
            return equal(a, b) if operator == "=" else negation(equal(a, b))
        if a is None or b is None:
            return None
        if operator in (">", ">="):
            a, b = b, a
        if operator in ("<", ">"):
            return less(a, b)
        below = less(a, b)
        return None if below is None else disjunction([below, equal(a, b)])

    return binary(left, operator, right, apply)


def contains(element: Any, items: Any) -> bool | None:
    if items is None:
        return None
    return disjunction([equal(element, item) for item in items]) if items else False


def logical(operator: str, left: Expression, right: Expression) -> Expression:
    apply = {
        "AND": lambda a, b: conjunction([a, b]), "OR": lambda a, b: disjunction([a, b]), "XOR": exclusive,
        "IN": contains}[operator]
    return binary(left, operator, right, apply)


def inverse(inner: Expression) -> Expression:
    return Expression(f"(NOT {inner})", lambda row, graph: negation(inner.run(row, graph)))


def is_null(inner: Expression, *, positive: bool = True) -> Expression:
    text = f"({inner} IS {'' if positive else 'NOT '}NULL)"
    return Expression(text, lambda row, graph: (inner.run(row, graph) is None) == positive)


def coalesce(arguments: list[Expression]) -> Expression:
    def run(row: Row, graph: Graph) -> Any:
        values = (argument.run(row, graph) for argument in arguments)
        return next((value for value in values if value is not None), None)

    return Expression(f"coalesce({', '.join(map(str, arguments))})", run)


def conditional(condition: Expression, result: Expression, otherwise: Expression | None) -> Expression:
    def run(row: Row, graph: Graph) -> Any:
        if condition.run(row, graph) is True:
            return result.run(row, graph)
        return None if otherwise is None else otherwise.run(row, graph)

    ending = "" if otherwise is None else f" ELSE {otherwise}"
    return Expression(f"CASE WHEN {condition} THEN {result}{ending} END", run)


def list_of(items: list[Expression]) -> Expression:
    return Expression(
        "[" + ", ".join(map(str, items)) + "]", lambda row, graph: [item.run(row, graph) for item in items])


def element_at(items: Expression, index: int) -> Expression:
    def run(row: Row, graph: Graph) -> Any:
        value = items.run(row, graph)
        return value[index] if value is not None and -len(value) <= index < len(value) else None

    return Expression(f"{items}[{index}]", run)


def quantifier(kind: str, name: str, items: Expression, predicate: Expression) -> Expression:
    def run(row: Row, graph: Graph) -> bool | None:
        values = items.run(row, graph)
        if values is None:
            return None
        results = [predicate.run({**row, name: value}, graph) for value in values]
        if kind == "all":
            return conjunction(results)
        if kind in ("any", "none"):
            return disjunction(results) if kind == "any" else negation(disjunction(results))
        trues = sum(result is True for result in results)
        return False if trues > 1 else None if None in results else trues == 1

    return Expression(f"{kind}({name} IN {items} WHERE {predicate})", run)


def comprehension(name: str, items: Expression, predicate: Expression | None, projection: Expression) -> Expression:
    def run(row: Row, graph: Graph) -> Any:
        values = items.run(row, graph)
        if values is None:
            return None
        rows = [{**row, name: value} for value in values]
        return [projection.run(one, graph) for one in rows if predicate is None or predicate.run(one, graph) is True]

    where = "" if predicate is None else f" WHERE {predicate}"
    return Expression(f"[{name} IN {items}{where} | {projection}]", run)


def pattern_predicate(match: Match) -> Expression:
    return Expression(f"({match.patterns[0]})", lambda row, graph: bool(match.run([row], graph)))


def subquery(kind: str, match: Match) -> Expression:
    def run(row: Row, graph: Graph) -> Any:
        found = len(match.run([row], graph))
        return found > 0 if kind == "EXISTS" else found

    return Expression(f"{kind} {{ {match} }}", run)


# ---- Aggregates: expressions over a group of rows ----------------------------------------------------------------------


class Aggregate:
    """`function(argument)` of the rows of a group; count(*) has no argument."""

    def __init__(self, function: str, argument: Expression | None, *, distinct: bool = False) -> None:
        self.function, self.argument, self.distinct = function, argument, distinct

    def __str__(self) -> str:
        return f"{self.function}({'DISTINCT ' if self.distinct else ''}{'*' if self.argument is None else self.argument})"

    def run(self, rows: list[Row], graph: Graph) -> Any:
        if self.argument is None:
            return len(rows)
        values = [value for row in rows if (value := self.argument.run(row, graph)) is not None]
        if self.distinct:
            values = list({identity(value): value for value in reversed(values)}.values())[::-1]
        if self.function == "count":
            return len(values)
        if self.function == "collect":
            return values
        if self.function == "sum":
            return sum(values)
        if not values:
            return None
        if self.function == "avg":
            return sum(values) / len(values)
        return (min if self.function == "min" else max)(values, key=order_key)


def identity(value: Any) -> Any:
    """What DISTINCT and grouping go by."""
    if isinstance(value, Element):
        return ("element", id(value))
    if isinstance(value, tuple):
        return ("path", tuple(id(item) for item in value))
    if isinstance(value, list):
        return ("list", tuple(identity(item) for item in value))
    return plain(value)
