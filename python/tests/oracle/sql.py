"""Random tables and random queries in SQL that mean the same in Deed, and in DuckDB and sqlite3 where `for_duckdb` and `for_sqlite`
stay true.

Values are few, so that joins and groups meet; nulls are everywhere. Floats are quarters, whose sums are exact. What is ordered or
limited is ordered by all of its columns, so that there is one answer. What depends on the order of rows otherwise is left out, and so
is division by what may be zero.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

INT, FLOAT, TEXT, BOOL = "BIGINT", "DOUBLE PRECISION", "TEXT", "BOOLEAN"
# Of `_id`, `_src` and `_dst`, which are compared with each other only.
ELEMENT = "ELEMENT"
TYPES = [INT, FLOAT, TEXT, BOOL]
WORDS = ["", "a", "b", "ab", "B", "a%b", "x_y", "it's"]


@dataclass
class Table:
    name: str
    types: dict[str, str]
    columns: dict[str, list[Any]]
    # Of relationships: the tables of their ends, and the rows in these.
    ends: tuple[Table, Table] | None = None
    rows: list[tuple[int, int]] = field(default_factory=list)

    @property
    def hidden(self) -> list[str]:
        return ["_id", "_src", "_dst"] if self.ends else ["_id"]

    @property
    def all_types(self) -> dict[str, str]:
        return self.types | dict.fromkeys(self.hidden, INT)


@dataclass
class Column:
    text: str
    type: str


def random_value(rng: random.Random, type: str, nulls: float = 0.2) -> Any:
    if rng.random() < nulls:
        return None
    match type:
        case "BIGINT":
            return rng.choice([0, 1, 1, 2, 2, 3, -1, -2, 7])
        case "DOUBLE PRECISION":
            return rng.choice([0.0, 0.5, 1.0, -1.0, 2.25, 3.0, -0.75])
        case "TEXT":
            return rng.choice(WORDS)
        case _:
            return rng.random() < 0.5


def random_tables(rng: random.Random, rows_max: int = 12) -> list[Table]:
    """`id` is unique in each."""
    tables = []
    for number in range(rng.randrange(1, 5)):
        types = {"id": INT} | {f"c{place}": rng.choice(TYPES if place else [INT]) for place in range(rng.randrange(1, 5))}
        rows = rng.choice([0, 2, 5] + [rows_max] * 9)
        columns: dict[str, list[Any]] = {"id": list(range(rows))}
        for name, type in types.items():
            if name != "id":
                columns[name] = [random_value(rng, type) for _ in range(rows)]
        tables.append(Table(f"t{number}", types, columns))
    for number in range(rng.randrange(3)):
        ends = (rng.choice(tables[:4]), rng.choice(tables[:4]))
        counts = [len(table.columns["id"]) for table in ends]
        if not all(counts) or any(table.ends for table in ends):
            continue
        pairs = [(rng.randrange(counts[0]), rng.randrange(counts[1])) for _ in range(rng.randrange(rows_max * 2))]
        types = {"id": INT, "c0": rng.choice(TYPES)}
        columns = {"id": list(range(len(pairs))), "c0": [random_value(rng, types["c0"]) for _ in pairs]}
        tables.append(Table(f"e{number}", types, columns, ends, pairs))
    return tables


def literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return f"({value})" if value < 0 else str(value)


@dataclass
class Query:
    text: str
    types: list[str]
    is_ordered: bool = False


@dataclass
class Source:
    """What FROM offers."""

    text: str
    columns: list[Column]
    # Columns that together tell its rows apart; None if there are none.
    keys: list[str] | None = None


@dataclass
class Generator:
    rng: random.Random
    tables: list[Table]
    for_duckdb: bool = True
    for_sqlite: bool = True
    number: int = 0
    common: list[tuple[str, list[Column]]] = field(default_factory=list)
    # Columns around the present query.
    outer: list[Column] = field(default_factory=list)
    queries: int = 0

    def maybe(self, chance: float) -> bool:
        return self.rng.random() < chance

    def fresh(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}{self.number}"

    # ---- Expressions ---------------------------------------------------------------------------------------------------

    def leaf(self, type: str, columns: list[Column]) -> str:
        fitting = [column.text for column in columns if column.type == type]
        if self.outer and self.maybe(0.15):
            fitting += [column.text for column in self.outer if column.type == type]
        if fitting and self.maybe(0.85):
            return self.rng.choice(fitting)
        value = random_value(self.rng, type, 0.08)
        return f"CAST(NULL AS {type})" if value is None else literal(value)

    def expression(self, type: str, columns: list[Column], depth: int = 2) -> str:
        if depth <= 0 or self.maybe(0.35):
            return self.leaf(type, columns)

        def part(wanted: str = type) -> str:
            return self.expression(wanted, columns, depth - 1)

        way = self.rng.randrange(10)
        if way == 0:
            return f"CASE WHEN {self.condition(columns, depth - 1)} THEN {part()} ELSE {part()} END"
        if way == 1:
            return f"CASE WHEN {self.condition(columns, depth - 1)} THEN {part()} END"
        if way == 2:
            return f"coalesce({part()}, {part()})"
        if way == 3:
            return f"nullif({part()}, {part()})"
        if way == 4 and type != BOOL and self.queries < 3 and self.maybe(0.6):
            return self.scalar(type, columns)
        if way == 5 and type != BOOL:
            self.for_sqlite = False
            return f"{self.rng.choice(['greatest', 'least'])}({part()}, {part()})"
        return self.own(type, columns, depth, part)

    def own(self, type: str, columns: list[Column], depth: int, part: Any) -> str:
        """What the type has of its own."""
        way = self.rng.randrange(6)
        if type == INT:
            if way == 0:
                return f"({part()} {self.rng.choice(['/', '%'])} {self.rng.choice(['2', '3', '(-2)'])})"
            if way == 1:
                return f"length({part(TEXT)})"
            if way == 2:
                return f"abs({part()})"
            if way == 3:
                return f"(- {part()})"
            return f"({part()} {self.rng.choice(['+', '-', '*'])} {part()})"
        if type == FLOAT:
            if way == 0:
                return f"({part()} / {self.rng.choice(['2.0', '0.5', '(-4.0)'])})"
            if way == 1:
                return f"CAST({part(INT)} AS DOUBLE PRECISION)"
            if way == 2:
                return f"({part()} {self.rng.choice(['+', '-', '*'])} {part(INT)})"
            return f"({part()} {self.rng.choice(['+', '-', '*'])} {part()})"
        if type == TEXT:
            if way == 0:
                return f"{self.rng.choice(['upper', 'lower', 'trim'])}({part()})"
            if way == 1:
                return f"CAST({part(INT)} AS TEXT)"
            if way == 2:
                return f"replace({part()}, 'a', {self.leaf(TEXT, columns)})"
            return f"({part()} || {part()})"
        return f"({self.condition(columns, depth)})"

    def scalar(self, type: str, columns: list[Column]) -> str:
        """A query of one row and one column, which may refer to the row around it."""
        self.queries += 1
        outer, self.outer = self.outer, self.outer + columns
        source = self.source(1)
        where = f" WHERE {self.condition(source.columns, 1)}" if self.maybe(0.8) else ""
        # An aggregate of nothing but columns around the query would be one of the query around it.
        around, self.outer = self.outer, []
        value = self.expression(type, source.columns, 1)
        self.outer = around
        function = self.rng.choice(["min", "max", "sum", "min"]) if type in (INT, FLOAT) else self.rng.choice(["min", "max"])
        if type == INT and self.maybe(0.3):
            function, value = "count", self.rng.choice(["*", value])
        self.outer = outer
        return f"(SELECT {function}({value}) FROM {source.text}{where})"

    def condition(self, columns: list[Column], depth: int = 2) -> str:
        if depth > 0 and self.maybe(0.35):
            left, right = self.condition(columns, depth - 1), self.condition(columns, depth - 1)
            return self.rng.choice([f"({left} AND {right})", f"({left} OR {right})", f"(NOT {left})"])
        type = self.rng.choice([INT, INT, FLOAT, TEXT])

        def part() -> str:
            return self.expression(type, columns, depth - 1)

        way = self.rng.randrange(14)
        if way == 0:
            return f"({self.expression(self.rng.choice(TYPES), columns, depth - 1)} IS {self.rng.choice(['NULL', 'NOT NULL'])})"
        if way == 1:
            return f"({part()} {self.rng.choice(['', 'NOT '])}BETWEEN {part()} AND {part()})"
        if way == 2:
            return f"({part()} {self.rng.choice(['', 'NOT '])}IN ({', '.join(part() for _ in range(self.rng.randrange(1, 4)))}))"
        if way == 3:
            pattern = self.rng.choice(["'a%'", "'%b'", "'_'", "'%_%'", "''", "'a!%%' ESCAPE '!'"])
            return f"({self.expression(TEXT, columns, depth - 1)} {self.rng.choice(['', 'NOT '])}LIKE {pattern})"
        if way == 4:
            return f"({part()} IS {self.rng.choice(['', 'NOT '])}DISTINCT FROM {part()})"
        if way == 5:
            return f"(({self.condition(columns, 0)}) IS {self.rng.choice(['', 'NOT '])}{self.rng.choice(['TRUE', 'FALSE'])})"
        if way == 6:
            return self.leaf(BOOL, columns)
        if way in (7, 8) and self.queries < 3:
            return self.subquery_condition(columns, type)
        if way == 9 and self.maybe(0.15):
            # DuckDB takes rows for structures, in which null is a value.
            self.for_duckdb = False
            sign = self.rng.choice(["=", "<", ">="])
            return f"(({part()}, {self.expression(INT, columns, 0)}) {sign} ({part()}, {self.expression(INT, columns, 0)}))"
        return f"({part()} {self.rng.choice(['=', '=', '=', '<>', '<', '<=', '>', '>='])} {part()})"

    def subquery_condition(self, columns: list[Column], type: str) -> str:
        self.queries += 1
        value = self.expression(type, columns, 1)
        outer, self.outer = self.outer, self.outer + columns
        source = self.source(1)
        way = self.rng.randrange(4)
        item = self.expression(type, source.columns, 1)
        correlated = self.equality(columns, source.columns) if self.maybe(0.6) else None
        terms = ([correlated] if correlated else []) + ([self.condition(source.columns, 1)] if self.maybe(0.5) else [])
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        self.outer = outer
        if way <= 1:
            return f"({self.rng.choice(['', 'NOT '])}EXISTS (SELECT 1 FROM {source.text}{where}))"
        if way == 2:
            return f"({value} {self.rng.choice(['', 'NOT '])}IN (SELECT {item} FROM {source.text}{where}))"
        self.for_sqlite = False
        sign = self.rng.choice(["=", "<>", "<", ">="])
        return f"({value} {sign} {self.rng.choice(['ANY', 'ALL'])} (SELECT {item} FROM {source.text}{where}))"

    def equality(self, left: list[Column], right: list[Column]) -> str | None:
        pairs = [(a.text, b.text) for a in left for b in right if a.type == b.type and a.type != BOOL]
        elements = [(a.text, b.text) for a in left for b in right if a.type == b.type == ELEMENT]
        if not pairs:
            return None
        # Along relationships mostly, and else seldom between elements, of which hardly any are the same.
        along = [pair for pair in elements if any("_src" in text or "_dst" in text for text in pair)]
        if along and self.maybe(0.7):
            pairs = along
        elif len(pairs) > len(elements) and self.maybe(0.9):
            pairs = [pair for pair in pairs if pair not in elements]
        a, b = self.rng.choice(pairs)
        return f"{a} = {b}" if self.maybe(0.7) else f"{b} = {a}"

    # ---- FROM ----------------------------------------------------------------------------------------------------------

    def source(self, joins: int) -> Source:
        result = self.single()
        for _ in range(joins if self.maybe(0.7) else 0):
            result = self.lateral(result) if self.queries < 4 and self.maybe(0.08) else self.join(result, self.single())
        return result

    def lateral(self, left: Source) -> Source:
        """A query for each row of the left side."""
        self.queries += 1
        self.for_sqlite = False
        alias = self.fresh("s")
        outer, self.outer = self.outer, left.columns
        source = self.single()
        types = [self.rng.choice(TYPES) for _ in range(self.rng.randrange(1, 3))]
        terms = [equality] if self.maybe(0.7) and (equality := self.equality(left.columns, source.columns)) else []
        terms += [self.condition(source.columns, 1)] if self.maybe(0.5) else []
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        if self.maybe(0.5):
            queries, self.queries = self.queries, 99
            self.outer = []
            items = [self.aggregate(source.columns) for _ in types]
            self.queries = queries
        else:
            items = [Column(self.expression(type, source.columns, 1), type) for type in types]
        self.outer = outer
        names = [self.fresh("l") for _ in items]
        columns = [Column(f"{alias}.{name}", item.type) for name, item in zip(names, items, strict=True)]
        query = f"(SELECT {', '.join(item.text for item in items)} FROM {source.text}{where}) AS {alias}({', '.join(names)})"
        kind, condition = self.rng.choice([("CROSS JOIN LATERAL", ""), ("LEFT JOIN LATERAL", " ON true")])
        return Source(f"{left.text} {kind} {query}{condition}", left.columns + columns)

    def single(self) -> Source:
        way = self.rng.randrange(10)
        alias = self.fresh("s")
        if way == 0 and self.queries < 4:
            self.queries += 1
            outer, self.outer = self.outer, []
            query = self.select(1)
            self.outer = outer
            names = [self.fresh("d") for _ in query.types]
            columns = [Column(f"{alias}.{name}", type) for name, type in zip(names, query.types, strict=True)]
            if self.for_sqlite:
                # sqlite3 has no names of columns beside an alias.
                self.for_sqlite = False
            return Source(f"({query.text}) AS {alias}({', '.join(names)})", columns)
        if way == 1 and self.common:
            name, columns = self.rng.choice(self.common)
            return Source(f"{name} AS {alias}", [Column(f"{alias}.{column.text}", column.type) for column in columns])
        if way == 2 and self.maybe(0.4):
            self.for_sqlite = False
            types = [self.rng.choice(TYPES) for _ in range(self.rng.randrange(1, 3))]
            rows = [[random_value(self.rng, type) for type in types] for _ in range(self.rng.randrange(1, 4))]
            # The first row says of what types they are.
            texts = [", ".join(f"CAST({literal(value)} AS {type})" for value, type in zip(rows[0], types, strict=True))]
            texts += [", ".join(map(literal, row)) for row in rows[1:]]
            names = [self.fresh("v") for _ in types]
            columns = [Column(f"{alias}.{name}", type) for name, type in zip(names, types, strict=True)]
            return Source(f"(VALUES {', '.join(f'({text})' for text in texts)}) AS {alias}({', '.join(names)})", columns)
        table = self.rng.choice(self.tables)
        columns = [Column(f"{alias}.{name}", type) for name, type in table.types.items()]
        columns += [Column(f"{alias}.{name}", ELEMENT) for name in table.hidden]
        return Source(f"{table.name} AS {alias}", columns, [f"{alias}.id"])

    def join(self, left: Source, right: Source) -> Source:
        kind = self.rng.choice(["JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", ","])
        columns = left.columns + right.columns
        keys = left.keys + right.keys if left.keys is not None and right.keys is not None else None
        if kind == ",":
            # It binds less than JOIN, so that what comes later must not refer to the left side.
            return Source(f"{left.text} CROSS JOIN {right.text}", columns, keys)
        if kind == "CROSS JOIN":
            return Source(f"{left.text} CROSS JOIN {right.text}", columns, keys)
        terms = []
        if self.maybe(0.85) and (equality := self.equality(left.columns, right.columns)):
            terms.append(equality)
        if not terms or self.maybe(0.3):
            # DuckDB has no subqueries in the conditions of some joins.
            queries, self.queries = self.queries, 99
            outer, self.outer = self.outer, []
            terms.append(self.condition(columns, 1))
            self.queries, self.outer = queries, outer
        if kind == "FULL JOIN" and len(terms) > 1:
            terms = terms[:1]
        return Source(f"{left.text} {kind} {right.text} ON {' AND '.join(terms)}", columns, keys)

    # ---- Queries -------------------------------------------------------------------------------------------------------

    def aggregate(self, columns: list[Column]) -> Column:
        type = self.rng.choice([INT, INT, FLOAT, TEXT])
        value = self.expression(type, columns, 1)
        way = self.rng.randrange(9)
        only = f" FILTER (WHERE {self.condition(columns, 1)})" if self.maybe(0.2) else ""
        if way == 0:
            return Column(f"count(*){only}", INT)
        if way == 1:
            return Column(f"count({value}){only}", INT)
        if way == 2:
            return Column(f"count(DISTINCT {value}){only}", INT)
        if way in (3, 4) or type == TEXT:
            return Column(f"{self.rng.choice(['min', 'max'])}({value}){only}", type)
        if way == 5:
            return Column(f"avg({value}){only}", FLOAT)
        if way == 6 and self.maybe(0.4):
            self.for_sqlite = False
            return Column(f"{self.rng.choice(['bool_and', 'bool_or'])}({self.condition(columns, 1)}){only}", BOOL)
        return Column(f"sum({self.rng.choice(['', '', 'DISTINCT '])}{value}){only}", type)

    def window(self, source: Source) -> Column:
        columns = source.columns
        partition = f"PARTITION BY {self.leaf(self.rng.choice(TYPES), columns)} " if self.maybe(0.6) else ""
        key = self.leaf(self.rng.choice([INT, FLOAT, TEXT]), columns) + self.rng.choice(["", " DESC"])
        # sqlite3 has nulls at the other end.
        self.for_sqlite = False
        type = self.rng.choice([INT, FLOAT])
        value = self.expression(type, columns, 1)
        way = self.rng.randrange(5)
        if way == 0:
            return Column(f"{self.rng.choice(['rank', 'dense_rank'])}() OVER ({partition}ORDER BY {key})", INT)
        if way == 1 or not source.keys:
            function = self.rng.choice(["sum", "min", "max", "count", "avg"])
            order = f"ORDER BY {key}" if self.maybe(0.6) else ""
            result = INT if function == "count" else FLOAT if function == "avg" else type
            return Column(f"{function}({value}) OVER ({partition}{order})", result)
        total = f"ORDER BY {key}, {', '.join(source.keys)}"
        if way == 2:
            return Column(f"row_number() OVER ({partition}{total})", INT)
        if way == 3:
            function = self.rng.choice(["lag", "lead", "first_value", "last_value"])
            return Column(f"{function}({value}) OVER ({partition}{total})", type)
        low = self.rng.choice(["UNBOUNDED PRECEDING", "2 PRECEDING", "CURRENT ROW"])
        high = self.rng.choice(["UNBOUNDED FOLLOWING", "1 FOLLOWING", "CURRENT ROW"])
        function = self.rng.choice(["sum", "min", "max", "count"])
        frame = f"ROWS BETWEEN {low} AND {high}"
        return Column(f"{function}({value}) OVER ({partition}{total} {frame})", INT if function == "count" else type)

    def where(self, columns: list[Column]) -> str:
        return f" WHERE {self.condition(columns)}" if self.maybe(0.5) else ""

    def select(self, joins: int) -> Query:
        """A SELECT without anything behind it."""
        source = self.source(joins)
        where = self.where(source.columns)
        if self.maybe(0.35):
            return self.grouped(source, where)
        types = [self.rng.choice(TYPES) for _ in range(self.rng.randrange(1, 4))]
        items = [Column(self.expression(type, source.columns), type) for type in types]
        if self.maybe(0.2):
            items.append(self.window(source))
        distinct = "DISTINCT " if self.maybe(0.2) else ""
        texts = ", ".join(item.text for item in items)
        return Query(f"SELECT {distinct}{texts} FROM {source.text}{where}", [item.type for item in items])

    def grouped(self, source: Source, where: str) -> Query:
        types = [self.rng.choice(TYPES) for _ in range(self.rng.randrange(3))]
        queries, self.queries = self.queries, 99
        outer, self.outer = self.outer, []
        keys = [Column(self.leaf(type, [one for one in source.columns if one.type == type]), type) for type in types]
        keys = [key for key in keys if "." in key.text and "CAST" not in key.text and "'" not in key.text and "(" not in key.text]
        keys = [key for key in keys if not key.text[0].isdigit()]
        aggregates = [self.aggregate(source.columns) for _ in range(self.rng.randrange(1, 3))]
        if self.maybe(0.3):
            keys = [Column(self.expression(type, source.columns, 1), type) for type in types]
        text = f"SELECT {', '.join(one.text for one in keys + aggregates)} FROM {source.text}{where}"
        if keys and any("." not in key.text or " " in key.text for key in keys):
            text += f" GROUP BY {', '.join(str(place + 1) for place in range(len(keys)))}"
        elif keys:
            names = ", ".join(key.text for key in keys)
            if self.maybe(0.15):
                self.for_sqlite = False
                text += f" GROUP BY {self.rng.choice(['ROLLUP', 'CUBE'])} ({names})"
            else:
                text += f" GROUP BY {names}"
        if self.maybe(0.25):
            tested = self.aggregate(source.columns)
            value = random_value(self.rng, tested.type)
            if tested.type != BOOL and value is not None:
                text += f" HAVING {tested.text} {self.rng.choice(['>', '<=', '='])} {literal(value)}"
        self.outer, self.queries = outer, queries
        return Query(text, [one.type for one in keys + aggregates])

    def like(self, types: list[str]) -> str:
        """A SELECT of these types."""
        source = self.source(1)
        items = ", ".join(self.expression(type, source.columns, 1) for type in types)
        return f"SELECT {items} FROM {source.text}{self.where(source.columns)}"

    def query(self) -> Query:
        prefix = ""
        if self.maybe(0.25):
            inner = self.select(1)
            name = self.fresh("w")
            names = [self.fresh("k") for _ in inner.types]
            self.common.append((name, [Column(one, type) for one, type in zip(names, inner.types, strict=True)]))
            prefix = f"WITH {name}({', '.join(names)}) AS ({inner.text}) "
        result = self.select(2)
        text = result.text
        if self.maybe(0.2):
            operator = self.rng.choice(["UNION", "UNION ALL", "EXCEPT", "INTERSECT", "EXCEPT ALL", "INTERSECT ALL"])
            if operator in ("EXCEPT ALL", "INTERSECT ALL"):
                self.for_sqlite = False
            text = f"{text} {operator} {self.like(result.types)}"
        is_ordered = self.maybe(0.4)
        if is_ordered:
            ways = ["", " DESC", " NULLS FIRST", " DESC NULLS LAST"]
            order = [str(place + 1) + self.rng.choice(ways) for place in range(len(result.types))]
            self.rng.shuffle(order)
            text += f" ORDER BY {', '.join(order)}"
            if self.maybe(0.5):
                text += f" LIMIT {self.rng.randrange(6)}" + (f" OFFSET {self.rng.randrange(4)}" if self.maybe(0.4) else "")
            # sqlite3 has nulls first where nothing is said.
            self.for_sqlite = False
        return Query(prefix + text, result.types, is_ordered)

    def partitioned(self) -> tuple[str, str, str]:
        """The items of a query without condition, its tables, and a condition for it."""
        source = self.source(2)
        types = [self.rng.choice(TYPES) for _ in range(self.rng.randrange(1, 4))]
        items = ", ".join(self.expression(type, source.columns, 1) for type in types)
        return items, source.text, self.condition(source.columns, 3)
