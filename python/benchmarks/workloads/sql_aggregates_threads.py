"""Groups and aggregates in SQL over ten million rows by two threads."""

from __future__ import annotations

from ._sql_large import AGGREGATES, large

WORKLOAD = large(
    "sql_aggregates_threads", "SQL: aggregates, 2 threads", AGGREGATES, (10_000_000, 10_000), 93, 0.8, threads=2
)
