"""TPC-H at scale factor 0.1, where sqlite3 comes to an end too."""

from __future__ import annotations

from ._tpch import Deed, DuckDB, Sqlite, tpch

WORKLOAD = tpch("query_tpch", scale_percent=10, sides=[Deed, DuckDB, Sqlite], order=88)
