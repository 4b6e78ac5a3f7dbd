"""The tables of TPC-H, made by tpchgen-cli, and what each library is given of them: keys and counts as integers, money as floats, dates as
dates. sqlite3 has no dates, and says some things in other words."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

TABLES = ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem")
KEYS = {
    "region": "r_regionkey", "nation": "n_nationkey", "supplier": "s_suppkey", "customer": "c_custkey", "part": "p_partkey",
    "partsupp": "ps_partkey, ps_suppkey", "orders": "o_orderkey", "lineitem": "l_orderkey, l_linenumber",
}  # fmt: skip
TYPES = {"int64": "BIGINT", "double": "DOUBLE PRECISION", "string": "TEXT", "date32[day]": "DATE"}


def queries() -> dict[int, str]:
    """Those that the tests compare."""
    path = Path(__file__).parents[2] / "tests" / "tpch" / "queries.py"
    spec = importlib.util.spec_from_file_location("tpch_queries", path)
    assert spec is not None and spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[int, str] = module.QUERIES
    return found


def generate(folder: Path, scale: float) -> None:
    beside = Path(sys.executable).parent / "tpchgen-cli"
    program = str(beside) if beside.exists() else shutil.which("tpchgen-cli")
    if program is None:
        raise ModuleNotFoundError("tpchgen-cli is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([program, "parquet", "-s", str(scale), "--output-dir", str(folder)], check=True, capture_output=True)


def table(folder: Path, name: str) -> Any:
    import pyarrow
    from pyarrow import parquet

    read = parquet.read_table(folder / f"{name}.parquet")
    columns: dict[str, Any] = {}
    for column in read.column_names:
        values = read[column].combine_chunks()
        if pyarrow.types.is_decimal(values.type):
            values = values.cast(pyarrow.float64())
        elif pyarrow.types.is_integer(values.type):
            values = values.cast(pyarrow.int64())
        elif not pyarrow.types.is_date(values.type):
            values = values.cast(pyarrow.string())
        columns[column] = values
    return pyarrow.table(columns)


def definition(name: str, rows: Any, *, key: bool = False) -> str:
    columns = [f"{field.name} {TYPES[str(field.type)]}" for field in rows.schema]
    if key:
        columns.append(f"PRIMARY KEY ({KEYS[name]})")
    return f"CREATE TABLE {name} ({', '.join(columns)})"


def _moved(match: re.Match[str]) -> str:
    day, sign, count, unit = date.fromisoformat(match[1]), match[2], int(match[3]), match[4]
    if sign == "-":
        count = -count
    if unit == "DAY":
        return f"'{date.fromordinal(day.toordinal() + count)}'"
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "YEAR" else 1)
    return f"'{day.replace(year=months // 12, month=months % 12 + 1)}'"


def in_words_of_sqlite(text: str) -> str:
    text = re.sub(r"DATE '([\d-]+)' ([+-]) INTERVAL '(\d+)' (DAY|MONTH|YEAR)", _moved, text)
    text = re.sub(r"DATE ('[\d-]+')", r"\1", text)
    text = re.sub(r"EXTRACT\(YEAR FROM (\w+)\)", r"CAST(substr(\1, 1, 4) AS INTEGER)", text)
    text = re.sub(r"substring\((\w+) FROM (\d+) FOR (\d+)\)", r"substr(\1, \2, \3)", text)
    text = text.replace("SELECT c_custkey, count(o_orderkey)\n", "SELECT c_custkey, count(o_orderkey) AS c_count\n")
    return text.replace("AS c_orders (c_custkey, c_count)", "AS c_orders")
