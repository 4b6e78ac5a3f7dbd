"""Fifty questions of 4 to 17 joins over tables that are skewed and depend on each other (benchmarks/joins): what the order of
joins is worth."""

from __future__ import annotations

from ..joins.films import SCHEMA, make_tables
from ..joins.queries import QUERIES
from ..model import EVERY, Demand, Metric, Workload
from ._sql_tables import InDeed, InDuckDB, Statements, Tables

SEED = 20_261_128


class Films(Statements):
    schema = SCHEMA
    statements = QUERIES

    def tables(self) -> Tables:
        return make_tables(SEED, self.context.size["films"])


class Deed(InDeed, Films):
    does = "on disk, reopened; 1 thread; keys only, no other index"


class DuckDB(InDuckDB, Films):
    does = "on disk, reopened; 1 thread; no index"


WORKLOAD = Workload(
    name="sql_joins",
    title="fifty questions of 4 to 17 joins, skewed tables",
    order=91,
    metrics=[Metric(name, name, "seconds", "lower") for name in QUERIES],
    demands=[Demand("every question >= 0.33x duckdb", EVERY, 1 / 3, than="duckdb")],
    sides=[Deed, DuckDB],
    full={"films": 40_000},
    quick={"films": 400},
    rows_beyond=1.0,
)
