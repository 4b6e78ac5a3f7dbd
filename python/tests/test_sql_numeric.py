"""NUMERIC: exact decimal numbers from literals to the store and back, beside Python's decimal module as the model."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb
import pyarrow
import pytest
from deed_core import DeedError, PyDeedGraph

DIGITS = 38
LIMIT = 10**DIGITS
EXACT = Context(prec=200)


@pytest.fixture
def graph() -> Iterator[PyDeedGraph]:
    with PyDeedGraph() as graph:
        yield graph


@pytest.fixture
def numbers() -> random.Random:
    seed = random.randrange(2**32)
    print("seed", seed)
    return random.Random(seed)


def one(graph: PyDeedGraph, text: str, *values: Any) -> Any:
    rows = graph.sql(text, list(values)).fetchall()
    assert len(rows) == 1
    return rows[0] if len(rows[0]) > 1 else rows[0][0]


def same(found: Any, wanted: Any) -> bool:
    """Equal, of the same type, and with as many digits behind the point."""
    return type(found) is type(wanted) and str(found) == str(wanted)


def scale(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return -exponent


def random_decimal(numbers: random.Random, digits: int = DIGITS) -> Decimal:
    count = numbers.randint(0, digits)
    coefficient = numbers.choice([0, 1, 5, numbers.randrange(10**count), 10**count - 1])
    with localcontext(EXACT):
        return Decimal(numbers.choice([-1, 1]) * coefficient).scaleb(-numbers.randint(0, numbers.choice([0, 3, digits]))) + 0


def fits(number: Decimal) -> bool:
    return abs(int(number.scaleb(scale(number), EXACT))) < LIMIT


def rounded(number: Decimal, places: int) -> Decimal:
    with localcontext(EXACT):
        return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) + 0


def leading(number: Decimal) -> tuple[int, int]:
    """The first digit to the base of 10,000 and its weight, as PostgreSQL estimates quotients by them."""
    if number == 0:
        return 0, 0
    weight = number.adjusted() // 4
    with localcontext(EXACT):
        return weight, int(abs(number).scaleb(-4 * weight))


def quotient(a: Decimal, b: Decimal) -> Decimal | None:
    (weight, digit), (other, other_digit) = leading(a), leading(b)
    places = min(max(16 - 4 * (weight - other - (digit <= other_digit)), scale(a), scale(b)), DIGITS)
    with localcontext(EXACT):
        exact = a / b
    while places >= 0:
        found = rounded(exact, places)
        if fits(found):
            return found
        places -= 1
    return None


def product(a: Decimal, b: Decimal) -> Decimal | None:
    with localcontext(EXACT):
        exact = a * b
    for places in range(min(scale(exact), DIGITS), -1, -1):
        found = rounded(exact, places)
        if fits(found):
            return found
    return None


def expected(operator: str, a: Decimal, b: Decimal) -> Decimal | None:
    with localcontext(EXACT):
        if operator in "+-":
            result = a + b if operator == "+" else a - b
            return result + 0 if fits(result) else None
        if operator == "*":
            return product(a, b)
        if operator == "/":
            return quotient(a, b)
        result = rounded(a % b, max(scale(a), scale(b)))
        return result if fits(result) else None


# ---- Literals, casts, texts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1.50", Decimal("1.50")), ("-1.50", Decimal("-1.50")), (".5", Decimal("0.5")), ("5.", Decimal("5")),
        ("1.5e0", 1.5), ("12345678901234567890", Decimal("12345678901234567890")), ("1.50::text", "1.50"),
        ("0.1 + 0.2", Decimal("0.3")), ("1.50 + 1", Decimal("2.50")), ("1.5 * 1.50", Decimal("2.250")),
        ("1 / 3.0", Decimal("0.33333333333333333333")), ("10 / 3.0", Decimal("3.3333333333333333")),
        ("1000000 / 3.0", Decimal("333333.333333333333")), ("7.0 / 2", Decimal("3.5000000000000000")),
        ("7.25 % 2", Decimal("1.25")), ("-7.25 % 2", Decimal("-1.25")), ("1.5 + 1e0", 2.5), ("1.5::float8 * 2.0", 3.0),
        ("'1.505'::numeric(10, 2)", Decimal("1.51")), ("(-1.505)::numeric(10, 2)", Decimal("-1.51")),
        ("' 1.5e3 '::numeric", Decimal("1500")), ("'1e-3'::numeric", Decimal("0.001")), ("5::numeric", Decimal("5")),
        ("5::numeric(5, 2)", Decimal("5.00")), ("0.1::float8::numeric", Decimal("0.1")), ("1e20::numeric", Decimal(10**20)),
        ("(1e0 / 3)::numeric", Decimal("0.333333333333333")), ("2.5::int", 3), ("(-2.5)::int", -3), ("2.4::bigint", 2),
        ("1.5::float8", 1.5), ("round(2.5)", Decimal("3")), ("round(-2.5)", Decimal("-3")), ("round(1.005, 2)", Decimal("1.01")),
        ("round(1.5, 4)", Decimal("1.5000")), ("round(1250.5, -2)", Decimal("1300")), ("trunc(1.999, 2)", Decimal("1.99")),
        ("trunc(-1.9)", Decimal("-1")), ("ceil(1.01)", Decimal("2")), ("ceil(-1.01)", Decimal("-1")), ("floor(-1.01)", Decimal("-2")),
        ("floor(2.00)", Decimal("2")), ("abs(-1.50)", Decimal("1.50")), ("sign(-1.50)", Decimal("-1")), ("mod(5.5, 2)", Decimal("1.5")),
        ("sqrt(2.25)", 1.5), ("power(1.5, 2)", 2.25), ("1.0 = 1.00", True), ("1.0 = 1", True), ("1.5 = 1.5e0", True),
        ("0.1 = 1e-1", True), ("0.1 < 1e-1", False), ("2.50 > 2", True), ("1.5 IN (1, 1.50)", True), ("1 IN (1.0, 2)", True),
        ("2 BETWEEN 1.5 AND 2.0", True), ("coalesce(NULL, 1.50)", Decimal("1.50")), ("greatest(1, 1.5, 1.25)", Decimal("1.5")),
        ("CASE WHEN true THEN 1 ELSE 1.5 END", Decimal("1")), ("-(1.5)", Decimal("-1.5")), ("1.5 || 'x'", "1.5x"),
        ("99999999999999999999999999999999999999.0::numeric(38, 0)", Decimal("9" * 38)),
    ],
)  # fmt: skip
def test_an_expression(graph: PyDeedGraph, text: str, wanted: Any) -> None:
    found = one(graph, f"SELECT {text}")
    assert same(found, wanted), (text, found)


@pytest.mark.parametrize(
    "text",
    [
        "99999999999999999999999999999999999999 + 1.0", "99999999999999999999999999999999999999.5 + 1", "1.5 / 0", "1.5 % 0.0",
        "1.5 / 0.00", "100::numeric(4, 2)", "99.995::numeric(4, 2)", "'x'::numeric", "''::numeric", "'NaN'::numeric", "'1.5.2'::numeric",
        "'Infinity'::numeric", "(1e0 / 0.0000001e0 * 1e300)::numeric", "true::numeric", "1.5::bool", "1e39::numeric",
        "1.5::numeric(39, 2)", "1.5::numeric(0)", "1.5::numeric(4, 5)", "10000000000.5::int * 10000000000", "1e18::numeric::int * 10",
        "123456789012345678901234567890123456789", "99999999999999999999999999999999999999.0 * 10", "1e30::numeric / 1e-30::numeric",
        "99999999999999999999.5::int",
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(graph: PyDeedGraph, text: str) -> None:
    with pytest.raises(DeedError):
        graph.sql(f"SELECT {text}").fetchall()


# ---- Arithmetic and order ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("operator", "+-*/%")
def test_arithmetic_is_that_of_the_model(graph: PyDeedGraph, numbers: random.Random, operator: str) -> None:
    for _ in range(1500):
        a, b = random_decimal(numbers), random_decimal(numbers, numbers.choice([6, 20, DIGITS]))
        if operator in "/%" and b == 0:
            continue
        wanted = expected(operator, a, b)
        try:
            found = one(graph, f"SELECT ? {operator} ?", a, b)
        except DeedError as error:
            assert wanted is None and "numeric field overflow" in str(error), (a, operator, b, wanted)
        else:
            assert wanted is not None and same(found, wanted), (a, operator, b, found, wanted)


def counted_as(value: Any) -> Any:
    """What a number is in comparisons with decimals."""
    if isinstance(value, float):
        return Decimal(repr(value)) if abs(value) < 2**53 else Decimal(value)
    return Decimal(value)


def random_number(numbers: random.Random) -> Any:
    """Numbers of all types that are often equal or next to each other."""
    base = numbers.choice([0, 1, -1, 2**53, -(2**53), 2**63 - 1, -(2**63), numbers.randrange(-1000, 1000), numbers.randrange(10**16)])
    kind = numbers.randrange(5)
    if kind == 0:
        return max(-(2**63), min(2**63 - 1, base + numbers.randint(-1, 1)))
    if kind == 1:
        return float(base) / numbers.choice([1, 2, 3, 10, 1000])
    if kind == 2:
        return random_decimal(numbers)
    with localcontext(EXACT):
        near = Decimal(repr(float(base) / numbers.choice([1, 3, 10]))) + numbers.randint(-1, 1) * Decimal(10) ** -numbers.randint(0, 22)
        return near if fits(near) and 0 <= scale(near) <= DIGITS else Decimal(base)


def test_numbers_of_all_types_have_one_order(graph: PyDeedGraph, numbers: random.Random) -> None:
    for _ in range(3000):
        a, b = random_number(numbers), random_number(numbers)
        if not isinstance(a, Decimal) and not isinstance(b, Decimal):
            continue
        found = one(graph, "SELECT ? < ?, ? = ?, ? > ?", a, b, a, b, a, b)
        x, y = counted_as(a), counted_as(b)
        assert found == (x < y, x == y, x > y), (a, b)


def distinct(values: list[Any]) -> int:
    return len({counted_as(value) for value in values})


def test_indexes_keys_groups_and_joins_agree_with_the_order(graph: PyDeedGraph, numbers: random.Random) -> None:
    values = [random_number(numbers) for _ in range(600)]
    values = [value if isinstance(value, Decimal) else Decimal(value) if isinstance(value, int) else value for value in values]
    graph.add_entities("Plain", {"v": values})
    graph.add_entities("Indexed", {"v": values})
    graph.create_index("Indexed", "v")
    ordered = [row[0] for row in graph.sql("SELECT v FROM \"Plain\" ORDER BY v").fetchall()]
    assert [counted_as(value) for value in ordered] == sorted(map(counted_as, values))
    count = distinct(values)
    assert one(graph, 'SELECT count(DISTINCT v) FROM "Plain"') == count
    assert len(graph.sql('SELECT v, count(*) FROM "Plain" GROUP BY v').fetchall()) == count
    assert len(graph.sql('SELECT DISTINCT v FROM "Plain"').fetchall()) == count
    pairs = sum(counted_as(a) == counted_as(b) for a in values for b in values)
    assert one(graph, 'SELECT count(*) FROM "Plain" a JOIN "Plain" b ON a.v = b.v') == pairs
    assert one(graph, 'SELECT count(*) FROM "Plain" a JOIN "Indexed" b ON a.v = b.v') == pairs
    for _ in range(300):
        limit = numbers.choice([numbers.choice(values), random_number(numbers)])
        x = counted_as(limit)
        wanted = [sum(test(counted_as(value)) for value in values) for test in (
            lambda v: v == x, lambda v: v < x, lambda v: v <= x, lambda v: v > x, lambda v: v >= x)]  # fmt: skip
        for table in ("Plain", "Indexed"):
            found = [
                one(graph, f'SELECT count(*) FROM "{table}" WHERE v {operator} ?', limit) for operator in ("=", "<", "<=", ">", ">=")
            ]
            assert found == wanted, (table, limit)


def test_unique_keys_take_equal_numbers_for_the_same(graph: PyDeedGraph) -> None:
    graph.sql("CREATE TABLE price (amount NUMERIC PRIMARY KEY)")
    graph.sql("INSERT INTO price VALUES (1.0), (1.5), (0.1)")
    for text in ("1.00", "1", "1.50", "0.10"):
        with pytest.raises(DeedError):
            graph.sql(f"INSERT INTO price VALUES ({text})")
    graph.sql("INSERT INTO price VALUES (1.01)")
    assert one(graph, "SELECT count(*) FROM price") == 4
    assert same(one(graph, "SELECT amount FROM price WHERE amount = 1"), Decimal("1.0"))


# ---- Columns -----------------------------------------------------------------------------------------------------


def test_a_column_rounds_to_its_scale_and_refuses_what_does_not_fit(graph: PyDeedGraph) -> None:
    graph.sql("CREATE TABLE t (k INT, a NUMERIC(6, 2) DEFAULT 1.5 CHECK (a >= 0.5), b NUMERIC)")
    graph.sql("INSERT INTO t VALUES (1, 2.345, 2.345), (2, 7, 7), (3, 9999.994, '1.500')")
    graph.sql("INSERT INTO t (k) VALUES (4)")
    graph.sql("INSERT INTO t VALUES (?, ?, ?)", [5, Decimal("0.505"), 2.5])
    rows = [(str(a), None if b is None else str(b)) for a, b in graph.sql("SELECT a, b FROM t ORDER BY k").fetchall()]
    assert rows == [("2.35", "2.345"), ("7.00", "7"), ("9999.99", "1.500"), ("1.50", None), ("0.51", "2.5")]
    for value in ("9999.995", "10000", "1e5", "'x'", "0.49", "true"):
        with pytest.raises(DeedError):
            graph.sql(f"INSERT INTO t (k, a) VALUES (6, {value})")
    graph.sql("UPDATE t SET a = a * 1.1 WHERE k = 1")
    assert same(one(graph, "SELECT a FROM t WHERE k = 1"), Decimal("2.59"))
    with pytest.raises(DeedError):
        graph.sql("UPDATE t SET a = a * 1000000")
    graph.sql("CREATE TABLE u AS SELECT a, b, a + 1 AS c FROM t")
    assert one(graph, "SELECT count(*), sum(c) FROM u") == (5, Decimal("10016.59"))


def test_sums_and_averages_are_exact(graph: PyDeedGraph, numbers: random.Random) -> None:
    graph.sql("CREATE TABLE t (g INT, v NUMERIC(20, 4), w NUMERIC)")
    rows = [
        (numbers.randrange(5), Decimal(numbers.randrange(-(10**15), 10**15)).scaleb(-4), random_decimal(numbers, 12)) for _ in range(5000)
    ]
    graph.add_entities("t", {"g": [g for g, _, _ in rows], "v": [v for _, v, _ in rows], "w": [w for _, _, w in rows]})
    found = graph.sql("SELECT g, sum(v), avg(v), sum(w), min(v), max(w), count(v) FROM t GROUP BY g ORDER BY g").fetchall()
    assert len(found) == 5
    for g, total, average, other, least, most, count in found:
        values = [v for key, v, _ in rows if key == g]
        others = [w for key, _, w in rows if key == g]
        with localcontext(EXACT):
            assert same(total, sum(values)) and other == sum(others) and count == len(values)
            assert same(average, quotient(sum(values), Decimal(count)))
        assert least == min(values) and most == max(others)
    windows = graph.sql("SELECT g, sum(v) OVER (PARTITION BY g), avg(v) OVER (PARTITION BY g) FROM t").fetchall()
    assert {tuple(map(str, row)) for row in windows} == {tuple(map(str, row[:3])) for row in found}
    assert one(graph, "SELECT sum(v) FROM t WHERE g > 10") is None


def test_sums_beside_other_numbers(graph: PyDeedGraph) -> None:
    graph.add_entities("T", {"v": [Decimal("1.50"), 2, Decimal("0.25")]})
    assert same(one(graph, 'SELECT sum(v) FROM "T"'), Decimal("3.75"))
    assert same(one(graph, 'SELECT avg(v) FROM "T"'), Decimal("1.25000000000000000000"))
    graph.add_entities("T", {"v": [0.25]})
    assert same(one(graph, 'SELECT sum(v) FROM "T"'), 4.0)
    assert same(one(graph, 'SELECT avg(v) FROM "T"'), 1.0)


def test_a_sum_that_is_too_large_is_an_error(graph: PyDeedGraph) -> None:
    graph.sql("CREATE TABLE t (v NUMERIC)")
    graph.sql("INSERT INTO t VALUES (99999999999999999999999999999999999999), (1)")
    for text in ("sum(v)", "avg(v)", "sum(v) OVER ()"):
        with pytest.raises(DeedError, match="numeric field overflow"):
            graph.sql(f"SELECT {text} FROM t").fetchall()


# ---- In and out --------------------------------------------------------------------------------------------------


def test_values_come_back_as_they_were_stored(tmp_path: Path, numbers: random.Random) -> None:
    values = [random_decimal(numbers) for _ in range(500)] + [Decimal("0"), Decimal("0.00"), Decimal(LIMIT - 1), Decimal(1 - LIMIT)]
    with PyDeedGraph(str(tmp_path / "store")) as graph:
        graph.add_entities("T", {"i": list(range(len(values))), "v": values, "nested": [{"list": [value]} for value in values]})
        graph.checkpoint()
        graph.add_entities("T", {"i": [len(values)], "v": [1]})
    with PyDeedGraph(str(tmp_path / "store")) as graph:
        rows = graph.sql('SELECT v, nested FROM "T" ORDER BY i').fetchall()
        assert all(same(row[0], value) and same(row[1]["list"][0], value) for row, value in zip(rows, values, strict=False))
        assert len(rows) == len(values) + 1
        assert graph.check() == []


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e38", "1e-39", "1" + "0" * 38, "0." + "1" * 39, "1e999999"])
def test_a_decimal_that_does_not_fit_is_refused(graph: PyDeedGraph, value: str) -> None:
    with pytest.raises(DeedError):
        graph.add_entity("T", {"v": Decimal(value)})
    with pytest.raises(DeedError):
        graph.sql("SELECT ?", [Decimal(value)])


def test_arrow_carries_decimals(graph: PyDeedGraph) -> None:
    table = pyarrow.table({"k": [1, 2, 3], "v": pyarrow.array([Decimal("1.50"), None, Decimal("-0.05")], pyarrow.decimal128(10, 2))})
    graph.add_entities("T", table)
    assert [str(row[0]) for row in graph.sql('SELECT v FROM "T" ORDER BY k').fetchall()] == ["1.50", "None", "-0.05"]
    back = pyarrow.table(graph.sql('SELECT v, v * 10 AS w, k FROM "T" ORDER BY k'))
    assert back.schema.field("v").type == pyarrow.decimal128(38, 2) and back["v"].to_pylist() == table["v"].to_pylist()
    mixed = pyarrow.table(graph.sql("SELECT x FROM (VALUES (1), (2.5), (3.25)) AS t(x)"))
    assert mixed.schema.field("x").type == pyarrow.decimal128(38, 2)
    assert mixed["x"].to_pylist() == [Decimal("1.00"), Decimal("2.50"), Decimal("3.25")]
    for width in (pyarrow.decimal32(5, 1), pyarrow.decimal64(10, 3), pyarrow.decimal256(50, 4)):
        graph.add_entities("W", pyarrow.table({"v": pyarrow.array([Decimal("12.5"), Decimal("-3")], width)}))
    assert one(graph, 'SELECT sum(v), count(*) FROM "W"') == (Decimal("28.5"), 6)
    with pytest.raises(DeedError):
        graph.add_entities("W", pyarrow.table({"v": pyarrow.array([Decimal("1" + "0" * 40)], pyarrow.decimal256(60, 4))}))


def test_cypher_reads_them(graph: PyDeedGraph) -> None:
    graph.sql("CREATE TABLE item (price NUMERIC(8, 2))")
    graph.sql("INSERT INTO item VALUES (1.5), (2.25)")
    rows = graph.cypher(
        "MATCH (i:item) WHERE i.price > 1 AND i.price <> 2.25 RETURN i.price * 2 AS a, toFloat(i.price) AS b, toString(i.price) AS c, "
        "toInteger(i.price) AS d, round(i.price, 1) AS e, valueType(i.price) AS f, i.price = 1.5 AS g, i.price + 0.5 AS h"
    ).fetchall()
    assert rows == [(Decimal("3.00"), 1.5, "1.50", 1, Decimal("1.5"), "DECIMAL NOT NULL", True, 2.0)]
    assert graph.cypher("MATCH (i:item) RETURN sum(i.price) AS s").fetchall() == [(Decimal("3.75"),)]
    assert graph.cypher("RETURN $x / 4 AS q", {"x": Decimal("1")}).fetchall() == [(Decimal("0.25"),)]
    graph.create_constraint("Priced", "type", "price", types=["decimal"])
    graph.add_entity("Priced", {"price": Decimal("1")})
    with pytest.raises(DeedError):
        graph.add_entity("Priced", {"price": 1.0})


def test_results_are_those_of_duckdb(graph: PyDeedGraph, numbers: random.Random) -> None:
    rows = [(numbers.randrange(4), Decimal(numbers.randrange(-(10**6), 10**6)).scaleb(-2), numbers.randrange(1, 9)) for _ in range(500)]
    with duckdb.connect() as other:
        for run in (graph.sql, other.execute):
            run("CREATE TABLE t (g INT, price NUMERIC(12, 2), n INT)")
            for start in range(0, len(rows), 100):
                run("INSERT INTO t VALUES " + ", ".join(f"({g}, {p}, {n})" for g, p, n in rows[start : start + 100]))
        for text in (
            "SELECT g, sum(price), min(price), max(price), count(*) FROM t GROUP BY g ORDER BY g",
            "SELECT sum(price * n) FROM t WHERE price BETWEEN 100.50 AND 5000",
            "SELECT count(*) FROM t WHERE price > n * 10.5",
            "SELECT DISTINCT price + 0.01 AS p FROM t ORDER BY p LIMIT 20",
            "SELECT round(sum(price), 1), abs(min(price)), sum(price * (1 - 0.05)) FROM t",
        ):
            assert graph.sql(text).fetchall() == other.execute(text).fetchall(), text
