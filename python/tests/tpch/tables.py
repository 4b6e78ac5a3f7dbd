"""Small tables with the columns of TPC-H, made by chance, so that most of its queries find something in them."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

NATIONS = [
    ("ALGERIA", 0), ("ARGENTINA", 1), ("BRAZIL", 1), ("CANADA", 1), ("FRANCE", 3), ("GERMANY", 3), ("INDIA", 2), ("JAPAN", 2),
    ("SAUDI ARABIA", 4), ("UNITED KINGDOM", 3),
]  # fmt: skip
REGIONS = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"]
MODES = ["AIR", "AIR REG", "MAIL", "SHIP", "TRUCK", "RAIL"]
PRIORITIES = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"]
TYPES = ["ECONOMY ANODIZED STEEL", "PROMO BRUSHED BRASS", "MEDIUM POLISHED TIN", "STANDARD PLATED BRASS", "SMALL BURNISHED COPPER"]
CONTAINERS = ["SM CASE", "SM BOX", "MED BAG", "MED BOX", "LG CASE", "LG BOX", "JUMBO JAR"]

Columns = dict[str, list[Any]]


def make_tables(seed: int, orders: int = 600) -> dict[str, Columns]:
    """The eight tables by name, each as columns by name."""
    chance = random.Random(seed)
    customers, parts, suppliers = orders // 6, orders // 8, max(orders // 40, 10)

    def money(most: float) -> float:
        # In quarters, so that sums do not depend on the order of rows.
        return chance.randrange(int(most * 4)) / 4

    def comment(*words: str) -> str:
        return " ".join(chance.choice(["special", "quick", "requests", "Customer", "Complaints", "green", *words]) for _ in range(4))

    tables: dict[str, list[tuple[Any, ...]]] = {
        "region": [(i, name, comment()) for i, name in enumerate(REGIONS)],
        "nation": [(i, name, region, comment()) for i, (name, region) in enumerate(NATIONS)],
        "supplier": [
            (i, f"Supplier#{i:04}", f"street {i}", chance.randrange(len(NATIONS)), f"{chance.randrange(10, 35)}-{i}", money(9000),
             comment())
            for i in range(1, suppliers + 1)
        ],
        "customer": [
            (i, f"Customer#{i:04}", f"road {i}", chance.randrange(len(NATIONS)), f"{chance.randrange(10, 35)}-{i}",
             money(9000) - 500, chance.choice(["BUILDING", "MACHINERY", "FURNITURE"]), comment())
            for i in range(1, customers + 1)
        ],
        "part": [
            (i, chance.choice(["green lace", "forest blue", "dark green", "red"]) + f" {i}", f"Manufacturer#{i % 5}",
             f"Brand#{chance.choice([12, 23, 34, 45])}", chance.choice(TYPES), chance.randrange(1, 50), chance.choice(CONTAINERS),
             money(1000), comment())
            for i in range(1, parts + 1)
        ],
        "partsupp": [
            (i, (i * 3 + k * 7) % suppliers + 1, chance.randrange(1, 9000), money(1000), comment())
            for i in range(1, parts + 1) for k in range(3)
        ],
        "orders": [],
        "lineitem": [],
    }  # fmt: skip
    for order in range(1, orders + 1):
        day = date(1992, 1, 1) + timedelta(days=chance.randrange(2400))
        tables["orders"].append(
            (order, chance.randrange(1, customers), chance.choice("FOP"), money(400000), day, chance.choice(PRIORITIES),
             f"Clerk#{order % 9}", 0, comment()))  # fmt: skip
        for line in range(1, chance.randrange(2, 8)):
            part = chance.randrange(1, parts + 1)
            supplier = (part * 3 + chance.randrange(3) * 7) % suppliers + 1
            ship, commit = day + timedelta(days=chance.randrange(1, 120)), day + timedelta(days=chance.randrange(30, 90))
            quantity = chance.randrange(1, 120 if order % 50 == 0 else 51)
            tables["lineitem"].append(
                (order, part, supplier, line, float(quantity), money(90000), chance.randrange(0, 11) / 100, chance.randrange(0, 9) / 100,
                 chance.choice("RAN"), chance.choice("OF"), ship, commit, ship + timedelta(days=chance.randrange(1, 30)),
                 chance.choice(["DELIVER IN PERSON", "COLLECT COD"]), chance.choice(MODES), comment()))  # fmt: skip
    return {name: dict(zip(COLUMNS[name], map(list, zip(*rows, strict=True)), strict=True)) for name, rows in tables.items()}


COLUMNS: dict[str, list[str]] = {
    "region": ["r_regionkey", "r_name", "r_comment"],
    "nation": ["n_nationkey", "n_name", "n_regionkey", "n_comment"],
    "supplier": ["s_suppkey", "s_name", "s_address", "s_nationkey", "s_phone", "s_acctbal", "s_comment"],
    "customer": ["c_custkey", "c_name", "c_address", "c_nationkey", "c_phone", "c_acctbal", "c_mktsegment", "c_comment"],
    "part": ["p_partkey", "p_name", "p_mfgr", "p_brand", "p_type", "p_size", "p_container", "p_retailprice", "p_comment"],
    "partsupp": ["ps_partkey", "ps_suppkey", "ps_availqty", "ps_supplycost", "ps_comment"],
    "orders": [
        "o_orderkey", "o_custkey", "o_orderstatus", "o_totalprice", "o_orderdate", "o_orderpriority", "o_clerk", "o_shippriority",
        "o_comment",
    ],
    "lineitem": [
        "l_orderkey", "l_partkey", "l_suppkey", "l_linenumber", "l_quantity", "l_extendedprice", "l_discount", "l_tax", "l_returnflag",
        "l_linestatus", "l_shipdate", "l_commitdate", "l_receiptdate", "l_shipinstruct", "l_shipmode", "l_comment",
    ],
}  # fmt: skip
