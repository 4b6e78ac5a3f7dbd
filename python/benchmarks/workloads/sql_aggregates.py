"""Groups and aggregates in SQL over ten million rows by one thread."""

from __future__ import annotations

from ._sql_large import AGGREGATES, large

WORKLOAD = large(
    "sql_aggregates", "SQL: aggregates, 1 thread", AGGREGATES, (10_000_000, 10_000), 92, 0.8, threads=1
)
